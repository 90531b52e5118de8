/* cycle: the order of an entry's assignments. Tarjan's strongly connected components over what
 * each reads; a component with a cycle becomes a loop over an axis that all its members step
 * along, forwards or backwards as their reads ask for, and is put in order again inside it
 * without the reads that the loop carries (Allen and Kennedy's loop distribution). */
#include "cycle.h"

typedef struct order_frame {
  assignment *a;
  buffer_read *read;   /* the next one to follow, by its */
  assignment *writer;  /* next writer */
  assignment *tied;    /* what it shares a loop with, after these */
} order_frame;

typedef struct ordering {
  entry_plan *e;
  int group;           /* of the assignments being ordered */
  int visits;
  assignment **stack;
  int stacked;
  order_frame *frames;
  int depth;
  const char *problem;
  bool split;          /* an index of its members runs as several variables */
} ordering;

static void order_set(ordering *o, assignment_set set, step *parent);

/* ---- steps --------------------------------------------------------------------------------- */

void step_append(entry_plan *e, step *parent, step *s) {
  step **first = parent ? &parent->first : &e->first;
  step **last = parent ? &parent->last : &e->last;
  s->parent = parent;
  s->previous = *last;
  if (*last) (*last)->next = s;
  else *first = s;
  *last = s;
}

static step *step_new(entry_plan *e, step_kind kind, step *parent) {
  step *s = arena_alloc(e->of->memory, sizeof *s);
  s->kind = kind;
  step_append(e, parent, s);
  return s;
}

static void append_assignment(ordering *o, assignment *a, step *parent) {
  step *s = step_new(o->e, STEP_ASSIGNMENT, parent);
  s->what = a;
  a->where_done = s;
}

/* ---- the axis that a cycle steps along ------------------------------------------------------- */

/* The distance of a read along the axis: which step of the writer it sees, relative to its own. */
bool read_distance(const assignment *a, const buffer_read *r, const assignment *writer,
                          variable **along, int64_t *distance) {
  for (int d = 0; d < r->from->rank; d++) {
    if (index_variable(&r->at[d]) != a->steps_along) continue;
    variable *theirs = index_variable(&writer->at[d]);
    if (!theirs || theirs->batch) continue;
    *along = theirs;
    *distance = r->at[d].constant - writer->at[d].constant;
    return true;
  }
  return false;
}

static bool same_range(const variable *a, const variable *b) {
  return a->low == b->low && a->high == b->high && a->batch == b->batch;
}

static bool counts_copies(const ordering *o, const variable *v) {
  return v->along >= 0 && axis_counts_copies(o->e->of->g, v->along);
}

variable *variable_like(const assignment *a, const variable *v) {
  for (int k = 0; k < a->free; k++) {
    variable *own = variable_now(a->variable[k]);
    if (own->along == v->along && !own->batch && !own->time && same_range(own, v)) return own;
  }
  return NULL;
}

static bool is_free(const assignment *a, const variable *v) {
  for (int k = 0; k < a->free; k++) {
    if (variable_now(a->variable[k]) == v) return true;
  }
  return false;
}

/* Follows the reads of `a` inside the component; members met for the first time are queued. */
static bool follow_reads(const assignment *a, int group, int *sign, assignment_set *queue) {
  for (const buffer_read *r = a->reads; r; r = r->next) {
    for (assignment *w = r->from->writer; w && !r->carried; w = w->next_writer) {
      variable *along;
      int64_t distance;
      if (w->group != group) continue;
      if (!read_distance(a, r, w, &along, &distance)) return false;
      if (!is_free(w, along) || !same_range(along, a->steps_along)) return false;
      if (w->steps_along && w->steps_along != along) return false;
      if (distance != 0) {
        int wanted = distance < 0 ? -1 : 1;
        if (*sign == -wanted) return false;
        *sign = wanted;
      }
      if (!w->steps_along) queue->item[queue->count++] = w;
      w->steps_along = along;
    }
  }
  return true;
}

/* The axis of copies is one of a kind: each member has its own variable along it. */
static bool queue_copies(const ordering *o, assignment_set set, const variable *v,
                         assignment_set *queue) {
  for (int k = 0; k < set.count; k++) {
    set.item[k]->steps_along = variable_along(o->e, set.item[k], v);
    if (!set.item[k]->steps_along) return false;
    queue->item[queue->count++] = set.item[k];
  }
  return true;
}

/* The sign of the reads' distances if the component can step along variable v of its first
 * member: -1 for a loop upwards, 1 downwards; 0 if it cannot. */
static int try_axis(ordering *o, assignment_set set, assignment *first, variable *v) {
  int sign = 0, group = set.item[0]->group;
  assignment_set queue = {0, arena_alloc(o->e->of->memory, ((size_t)set.count + 1) * sizeof v)};
  for (int k = 0; k < set.count; k++) set.item[k]->steps_along = NULL;
  if (counts_copies(o, v)) {
    if (!queue_copies(o, set, v, &queue)) return 0;
  } else {
    first->steps_along = v;
    queue.item[queue.count++] = first;
  }
  for (int k = 0; k < queue.count; k++) {
    if (!follow_reads(queue.item[k], group, &sign, &queue)) return 0;
  }
  return sign;
}

/* The first that is no sum over copies: it has their axis. */
static assignment *first_in_copies(const ordering *o, assignment_set set) {
  for (int k = 0; k < set.count; k++) {
    assignment *a = set.item[k];
    for (int j = 0; j < a->free; j++) {
      const variable *v = variable_now(a->variable[j]);
      if (!v->batch && !v->time && counts_copies(o, v)) return a;
    }
  }
  return set.item[0];
}

static bool reads_any(const assignment *a, int group) {
  for (const buffer_read *r = a->reads; r; r = r->next) {
    for (const assignment *w = r->from->writer; w && !r->carried; w = w->next_writer) {
      if (w->group == group) return true;
    }
  }
  return false;
}

/* The first that is not only tied to the others (tie_look_ups). */
static assignment *first_in_cycle(assignment_set set) {
  int k = 0;
  while (k + 1 < set.count && !reads_any(set.item[k], set.item[k]->group)) k++;
  return set.item[k];
}

/* Copies come outermost: what they hold may have recurrences of its own inside. */
static int find_axis(ordering *o, assignment_set set) {
  for (int copies = 1; copies >= 0; copies--) {
    assignment *first = copies ? first_in_copies(o, set) : first_in_cycle(set);
    for (int k = 0; k < first->free; k++) {
      variable *v = variable_now(first->variable[k]);
      if (v->batch || v->time || counts_copies(o, v) != (copies == 1)) continue;
      int sign = try_axis(o, set, first, v);
      if (sign != 0) return sign;
    }
  }
  return 0;
}

/* ---- loops ---------------------------------------------------------------------------------- */

static void mark_carried(assignment_set set, int group) {
  for (int k = 0; k < set.count; k++) {
    assignment *a = set.item[k];
    for (buffer_read *r = a->reads; r; r = r->next) {
      for (const assignment *w = r->from->writer; w && !r->carried; w = w->next_writer) {
        variable *along;
        int64_t distance;
        if (w->group != group || !read_distance(a, r, w, &along, &distance)) continue;
        if (distance != 0) r->carried = true;
      }
    }
  }
}

static void mark_time(buffer *b, const index_form *at, const variable *over) {
  for (int d = 0; d < b->rank; d++) {
    if (index_variable(&at[d]) == over) b->time[d] = true;
  }
}

static void loop_over(ordering *o, assignment_set set, int sign, step *parent) {
  const variable *first = set.item[0]->steps_along;
  variable *over = arena_alloc(o->e->of->memory, sizeof *over);
  *over = *first;
  over->time = true;
  step *loop = step_new(o->e, STEP_LOOP, parent);
  loop->over = over;
  loop->downwards = sign > 0;
  mark_carried(set, set.item[0]->group);
  for (int k = 0; k < set.count; k++) {
    set.item[k]->steps_along->same = over;
    set.item[k]->tied = NULL;
  }
  for (int k = 0; k < set.count; k++) {
    assignment *a = set.item[k];
    mark_time(a->target, a->at, over);
    for (buffer_read *r = a->reads; r; r = r->next) mark_time(r->from, r->at, over);
  }
  order_set(o, set, loop);
}

static void add_word(text *out, const buffer *b) {
  const definition *called = b->shown ? b->shown : b->called;
  if (!called) return;
  if (out->length > 0) text_append(out, ", ");
  text_append(out, called->word);
}

static void report_cycle(ordering *o, assignment_set set) {
  text words = text_new(o->e->of->memory);
  for (int k = 0; k < set.count; k++) {
    add_word(&words, set.item[k]->target);
    if (keep_axes_whole(o->e->of, set.item[k])) o->split = true;
  }
  o->problem = words.length > 0 ? words.chars : "a value without a name";
}

static bool reads_itself(const assignment *a) {
  for (const buffer_read *r = a->reads; r; r = r->next) {
    if (r->from == a->target && !r->carried) return true;
  }
  return false;
}

static bool is_cyclic(assignment_set set) { return set.count > 1 || reads_itself(set.item[0]); }

static void emit_component(ordering *o, assignment_set set, step *parent) {
  if (!is_cyclic(set)) {
    append_assignment(o, set.item[0], parent);
    return;
  }
  int group = ++o->group;
  for (int k = 0; k < set.count; k++) set.item[k]->group = group;
  int sign = find_axis(o, set);
  if (sign == 0) report_cycle(o, set);
  else loop_over(o, set, sign, parent);
}

/* ---- Tarjan --------------------------------------------------------------------------------- */

static void enter(ordering *o, assignment *a) {
  a->visit = a->low_link = ++o->visits;
  a->on_stack = true;
  o->stack[o->stacked++] = a;
  o->frames[o->depth++] =
      (order_frame){a, a->reads, a->reads ? a->reads->from->writer : NULL, a->tied};
}

/* The next assignment that frame f depends on, or NULL. */
static assignment *next_dependency(order_frame *f) {
  while (f->read) {
    if (f->writer && !f->read->carried) {
      assignment *w = f->writer;
      f->writer = w->next_writer;
      return w;
    }
    f->read = f->read->next;
    f->writer = f->read ? f->read->from->writer : NULL;
  }
  assignment *tied = f->tied;
  f->tied = NULL;
  return tied;
}

static void lower(assignment *a, int to) {
  if (to < a->low_link) a->low_link = to;
}

/* Takes the component whose root is `a` off the stack; its members in the order of visit. */
static assignment_set pop_component(ordering *o, assignment *a) {
  int from = o->stacked;
  do from--;
  while (o->stack[from] != a);
  assignment_set set = {o->stacked - from, NULL};
  set.item = arena_alloc(o->e->of->memory, (size_t)set.count * sizeof *set.item);
  for (int k = 0; k < set.count; k++) {
    set.item[k] = o->stack[from + k];
    set.item[k]->on_stack = false;
  }
  o->stacked = from;
  return set;
}

/* Visits everything that `start` depends on inside the group. Components found are kept in
 * found[], each after all that it depends on. */
static int visit(ordering *o, assignment *start, int group, assignment_set *found, int count) {
  int bottom = o->depth;
  enter(o, start);
  while (o->depth > bottom) {
    order_frame *f = &o->frames[o->depth - 1];
    assignment *w = next_dependency(f);
    if (w && w->group == group) {
      if (w->visit == 0) enter(o, w);
      else if (w->on_stack) lower(f->a, w->visit);
      continue;
    }
    if (w) continue;
    assignment *done = f->a;
    o->depth--;
    if (o->depth > bottom) lower(o->frames[o->depth - 1].a, done->low_link);
    if (done->low_link == done->visit) found[count++] = pop_component(o, done);
  }
  return count;
}

/* The set's components, each after all that it depends on. */
static int find_components(ordering *o, assignment_set set, assignment_set *found) {
  int group = ++o->group, count = 0;
  for (int k = 0; k < set.count; k++) {
    set.item[k]->group = group;
    set.item[k]->visit = 0;
  }
  for (int k = 0; k < set.count; k++) {
    if (set.item[k]->visit == 0) count = visit(o, set.item[k], group, found, count);
  }
  return count;
}

void number_components(assignment_set *found, int count) {
  for (int k = 0; k < count; k++) {
    for (int j = 0; j < found[k].count; j++) found[k].item[j]->component = k;
  }
}

/* The sign of a component's loop, as find_axis() has it, before it is one. */
static int sign_of_loop(ordering *o, assignment_set set) {
  const int group = set.item[0]->group, own = ++o->group;
  for (int j = 0; j < set.count; j++) set.item[j]->group = own;
  const int sign = find_axis(o, set);
  for (int j = 0; j < set.count; j++) set.item[j]->group = group;
  return sign;
}

/* Ties what shares a loop over copies; whether there is anything of the kind. */
static bool tie_copies(ordering *o, assignment_set *found, int count) {
  bool any = false;
  number_components(found, count);
  bool upwards = o->e->of->p->declared != NULL; /* so that stacked recurrences share their loops */
  for (int i = count - 1; i >= 0; i--) {
    int k = upwards ? count - 1 - i : i;
    if (!is_cyclic(found[k]) || found[k].item[0]->tied) continue;
    const int sign = sign_of_loop(o, found[k]);
    if (sign == 0 || !counts_copies(o, found[k].item[0]->steps_along)) continue;
    any = tie_to_loop(o->e, found, count, k, sign) || any;
  }
  return any;
}

/* Whether what the set reads of w's target is read in this component alone. */
static bool is_read_within(const assignment *w, assignment_set set, int component) {
  for (int k = 0; k < set.count; k++) {
    for (const buffer_read *r = set.item[k]->reads; r; r = r->next) {
      if (r->from == w->target && set.item[k]->component != component) return false;
    }
  }
  return true;
}

/* A look-up into what a recurrence adds a product to: beside it there is a row for each step to be written
 * and read again, within it one row that stays near. It has no more work than in one pass over all steps. */
static assignment *look_up_beside(const assignment *a, assignment_set set) {
  for (assignment *w = a->target->writer; w && a->target->kept == STORAGE_SCRATCH; w = w->next_writer) {
    const bool looks_up = w->kind == ASSIGN_PRODUCT && w->free == w->variables && !w->tied && !w->last;
    if (looks_up && w->group == a->group && w->component != a->component &&
        is_read_within(w, set, a->component)) return w;
  }
  return NULL;
}

static bool has_look_up(assignment_set component, assignment_set set) {
  for (int k = 0; k < component.count; k++) {
    if (look_up_beside(component.item[k], set)) return true;
  }
  return false;
}

/* Ties look-ups to the recurrences that they begin a step of; whether there is anything of the kind. */
static bool tie_look_ups(ordering *o, assignment_set set, assignment_set *found, int count) {
  bool any = false;
  number_components(found, count);
  for (int k = 0; k < count; k++) {
    if (!is_cyclic(found[k]) || found[k].item[0]->tied || !has_look_up(found[k], set)) continue;
    if (sign_of_loop(o, found[k]) == 0 || counts_copies(o, found[k].item[0]->steps_along)) continue;
    for (int j = 0; j < found[k].count; j++) {
      assignment *a = found[k].item[j], *w;
      while ((w = look_up_beside(a, set)) && found[w->component].count == 1) { /* a ring of all of them */
        w->tied = a->tied ? a->tied : a;
        a->tied = w;
        any = true;
      }
    }
  }
  return any;
}

static void order_set(ordering *o, assignment_set set, step *parent) {
  assignment_set *found = arena_alloc(o->e->of->memory, ((size_t)set.count + 1) * sizeof *found);
  int count = find_components(o, set, found);
  if (tie_copies(o, found, count)) count = find_components(o, set, found);
  if (tie_look_ups(o, set, found, count)) count = find_components(o, set, found);
  if (parent && counts_copies(o, parent->over)) bring_forward(o->e, found, count);
  for (int k = 0; k < count && !o->problem; k++) emit_component(o, found[k], parent);
}

/* What must come last is visited last. */
static assignment_set all_assignments(entry_plan *e) {
  assignment_set set = {0, arena_alloc(e->of->memory, (e->assignments + 1) * sizeof *set.item)};
  for (int last = 0; last < 2; last++) {
    for (size_t k = 0; k < e->assignments; k++) {
      if (e->assignment[k]->last == (last == 1)) set.item[set.count++] = e->assignment[k];
    }
  }
  return set;
}

const char *order_assignments(entry_plan *e, bool *split) {
  ordering o = {.e = e};
  size_t count = e->assignments + 1;
  o.stack = arena_alloc(e->of->memory, count * sizeof *o.stack);
  o.frames = arena_alloc(e->of->memory, count * sizeof *o.frames);
  order_set(&o, all_assignments(e), NULL);
  *split = o.split;
  return o.problem;
}
