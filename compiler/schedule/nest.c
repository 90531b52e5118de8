/* nest: the loops around assignments that are no product calls. Neighbours share the loops that
 * they can: each reads what the others write at its own index only. */
#include "schedule.h"

/* How many steps a loop to be shared may lie behind. */
enum { FARTHEST_SHARED = 8 };

/* ---- properties ----------------------------------------------------------------------------- */

bool step_inside(const step *s, const step *loop) {
  while (s && s != loop) s = s->parent;
  return s != NULL;
}

bool assignment_binds(const assignment *a, const variable *v) {
  for (int k = a->free; k < a->variables; k++) {
    if (variable_now(a->variable[k]) == v) return true;
  }
  return false;
}

bool assignment_collects(const assignment *a) {
  if (a->kind == ASSIGN_MAXIMUM || a->kind == ASSIGN_ARGMAX) return true;
  if (a->kind != ASSIGN_PRODUCT || a->product) return false;
  bool bound = false;
  for (int k = 0; k < a->loops; k++) {
    bool binds = assignment_binds(a, a->loop[k]);
    if (bound && !binds) return false;
    bound = bound || binds;
  }
  for (int d = 0; d < a->target->rank && bound; d++) { /* a write at a label moves */
    for (int k = 0; k < a->at[d].terms; k++) {
      const variable *v = variable_now(a->at[d].term[k].of);
      if (v->kind != VARIABLE_LOOP || assignment_binds(a, v)) return false;
    }
  }
  return bound;
}

bool factor_is_scale(const factor_read *f) {
  return f->what->rank == 0 && !f->what->boolean;
}

bool assignment_is_scaled(const assignment *a) {
  if (a->kind != ASSIGN_PRODUCT) return false;
  for (int k = 0; k < a->factors; k++) {
    if (factor_is_scale(&a->factor[k])) return true;
  }
  return a->coefficient < -1 || (a->coefficient > -1 && a->coefficient < 1) || a->coefficient > 1;
}

static bool is_plain(const index_form *at, const variable *v) {
  return at->constant == 0 && index_variable(at) == v;
}

/* Its terms are variables of the assignment, digit by digit: how many places that makes. */
static size_form places_reached(const assignment *a, const index_form *at) {
  size_form places = {1, false};
  for (int known = 0; known < at->terms; known++) { /* the next larger digit each time */
    const variable *v = NULL;
    for (int k = 0; k < at->terms; k++) {
      if (at->term[k].coefficient == places.count) v = variable_now(at->term[k].of);
    }
    if (!v || v->kind != VARIABLE_LOOP || v->low != 0 || assignment_binds(a, v)) return (size_form){0, false};
    size_form turns = variable_turns(v);
    places = (size_form){places.count * turns.count, turns.batch};
  }
  return places;
}

/* Every element of the target is reached, once. */
static bool covers(const plan *p, const assignment *a) {
  if (a->kind != ASSIGN_PRODUCT) return true;
  if (a->conditions) return false;
  for (int d = 0; d < a->target->rank; d++) {
    size_form places = buffer_extent(p->g, a->target, d);
    if (places.count == 1 && !places.batch) continue;
    size_form reached = places_reached(a, &a->at[d]);
    if (a->at[d].terms == 0 || a->at[d].constant != 0) return false;
    if (reached.count != places.count || reached.batch != places.batch) return false;
  }
  return true;
}

/* ---- order of an assignment's loops ---------------------------------------------------------- */

static bool steps_in_time(const assignment *a, const variable *v) {
  for (int d = 0; d < a->target->rank; d++) {
    if (a->target->time[d] && index_variable(&a->at[d]) == v) return true;
  }
  for (const buffer_read *r = a->reads; r; r = r->next) {
    for (int d = 0; d < r->from->rank; d++) {
      if (r->from->time[d] && index_variable(&r->at[d]) == v) return true;
    }
  }
  return false;
}

/* Along v everything lies at strides 0 and 1: the loop over it is one that a compiler turns into
 * vector instructions, if it is the innermost. */
static bool runs_along_memory(const entry_plan *e, const assignment *a, const variable *v) {
  address to = buffer_address(e->of->g, a->target, a->at);
  size_form stride = address_stride(&to, v);
  if (stride.count != 1 || stride.batch) return false;
  for (const buffer_read *r = a->reads; r; r = r->next) {
    address from = buffer_address(e->of->g, r->from, r->at);
    stride = address_stride(&from, v);
    if (stride.batch || stride.count < 0 || stride.count > 1) return false;
  }
  return true;
}

/* 0 is outermost. */
static int loop_place(const entry_plan *e, const assignment *a, int k) {
  const variable *v = variable_now(a->variable[k]);
  bool selects = a->kind == ASSIGN_MAXIMUM || a->kind == ASSIGN_ARGMAX;
  if (selects && a->bound[k]) return 8;
  if (steps_in_time(a, v)) return 0;
  if (v->batch) return 1;
  bool inner = a->kind == ASSIGN_PRODUCT && a->free < a->variables &&
               runs_along_memory(e, a, v);
  return inner ? 6 : a->bound[k] ? 4 : 2;
}

/* Where v's steps lie among those of the target's dimensions, large ones first. */
static int memory_place(const assignment *a, const variable *v) {
  for (int k = 0; k < a->target->rank; k++) {
    const index_form *at = &a->at[a->target->order[k]];
    for (int t = 0; t < at->terms && a->kind == ASSIGN_ELEMENTS; t++) {
      if (variable_now(at->term[t].of) == v) return 2 * k + (at->term[t].coefficient == 1);
    }
    if (index_variable(at) == v) return 2 * k;
  }
  return 2 * a->target->rank;
}

/* Elements from one turn to the next in what is read, the most there is. */
static int64_t read_stride(const entry_plan *e, const assignment *a, const variable *v) {
  int64_t most = 0;
  for (const buffer_read *r = a->reads; r; r = r->next) {
    address from = buffer_address(e->of->g, r->from, r->at);
    size_form stride = address_stride(&from, v);
    int64_t count = stride.batch ? INT64_MAX : stride.count < 0 ? -stride.count : stride.count;
    if (count > most) most = count;
  }
  return most;
}

static bool goes_outside(const entry_plan *e, const assignment *a, int x, int y) {
  const variable *first = variable_now(a->variable[x]), *second = variable_now(a->variable[y]);
  int one = loop_place(e, a, x), other = loop_place(e, a, y);
  if (one != other) return one < other;
  one = memory_place(a, first);
  other = memory_place(a, second);
  if (one != other) return one < other;
  return a->kind == ASSIGN_PRODUCT && read_stride(e, a, first) > read_stride(e, a, second);
}

static bool in_product(const matrix_product *p, const variable *v) {
  for (int group = 0; group < GROUPS; group++) {
    for (int k = 0; k < p->count[group]; k++) {
      if (p->variable[group][k] == v) return true;
    }
  }
  return false;
}

static void order_loops(const entry_plan *e, assignment *a) {
  int order[2 * MAX_RANK];
  a->loops = 0;
  for (int k = 0; k < a->variables; k++) {
    const variable *v = variable_now(a->variable[k]);
    if (v->time || (a->product && in_product(a->product, v))) continue;
    int at = a->loops++;
    for (; at > 0 && goes_outside(e, a, k, order[at - 1]); at--) order[at] = order[at - 1];
    order[at] = k;
  }
  for (int k = 0; k < a->loops; k++) a->loop[k] = variable_now(a->variable[order[k]]);
}

/* ---- fusion --------------------------------------------------------------------------------- */

/* Whether what `w` wrote in the loop is there when the same turn touches it at `at`. `related` is
 * set where the index connects the two variables. */
static bool same_turn(const assignment *w, const variable *over, const index_form *at,
                      const variable *v, bool *related) {
  if (assignment_binds(w, over)) return false;
  for (int d = 0; d < w->target->rank; d++) {
    if (!is_plain(&w->at[d], over)) continue;
    if (!is_plain(&at[d], v)) return false;
    *related = true;
    return true;
  }
  return false;
}

static bool adds_alike(const assignment *w, const variable *over, const assignment *a,
                       const variable *v) {
  return assignment_binds(w, over) && assignment_binds(a, v) && a->kind == ASSIGN_PRODUCT &&
         w->kind == ASSIGN_PRODUCT && !assignment_collects(w) && !assignment_collects(a);
}

/* Calls of which one loop is to be made keep apart from what does not lie as they do (calls.c). */
static bool keeps_apart(const step *loop, const assignment *a) {
  return (a->flat && loop->uneven) || (loop->flat && !a->even);
}

static bool can_share(const step *loop, const assignment *a, const variable *v) {
  const variable *over = loop->over;
  bool related = v->batch || v->along == over->along;
  if (over->time || loop->downwards) return false;
  if (v->batch != over->batch || v->low != over->low || v->high != over->high) return false;
  for (const buffer_read *r = a->reads; r; r = r->next) {
    for (const assignment *w = r->from->writer; w && !r->carried; w = w->next_writer) {
      if (!w->where_done || !step_inside(w->where_done, loop)) continue;
      if (!same_turn(w, over, r->at, v, &related)) return false;
    }
  }
  for (const assignment *w = a->target->writer; w; w = w->next_writer) {
    if (w == a || !w->where_done || !step_inside(w->where_done, loop)) continue;
    if (w->piece && a->piece) continue;
    if (adds_alike(w, over, a, v)) continue;
    if (assignment_binds(a, v) || !same_turn(w, over, a->at, v, &related)) return false;
  }
  return related;
}

/* The assignment touches something that the step writes, or writes what it touches. */
static bool depends_on(const assignment *a, const step *s) {
  for (const buffer_read *r = a->reads; r; r = r->next) {
    for (const assignment *w = r->from->writer; w && !r->carried; w = w->next_writer) {
      if (w->where_done && step_inside(w->where_done, s)) return true;
    }
  }
  for (const assignment *w = a->target->writer; w; w = w->next_writer) {
    if (w != a && w->where_done && step_inside(w->where_done, s)) return true;
  }
  return false;
}

/* What it computes depends on nothing that is computed here: it may stand further up. */
static bool is_from_leaves(const step *s) {
  if (s->kind == STEP_LOOP) {
    for (const step *inner = s->first; inner; inner = inner->next) {
      if (!is_from_leaves(inner)) return false;
    }
    return s->reductions == 0;
  }
  const assignment *a = s->what;
  if (s->kind == STEP_CLEAR || a->target->writer != a || a->next_writer || a->product) return false;
  for (const buffer_read *r = a->reads; r; r = r->next) {
    if (r->from->writer) return false;
  }
  return true;
}

/* A loop of the block that `a` can share in its outermost place: the last one, or one further up
 * if nothing that comes between them matters to `a`, or can be brought before it. */
static step *find_shared(step *last, const assignment *a, const variable *v) {
  int passed = 0;
  for (step *s = last; s && passed < FARTHEST_SHARED; s = s->previous, passed++) {
    if (s->kind == STEP_LOOP && can_share(s, a, v) && !keeps_apart(s, a)) return s;
    if (s->kind != STEP_CLEAR && depends_on(a, s) && !is_from_leaves(s)) return NULL;
    if (s->kind == STEP_CLEAR && s->what->target == a->target) return NULL;
  }
  return NULL;
}

/* One number a sample with calls in it, as a loss has them: by itself such a loop becomes vector code,
 * with a loop inside it does not. */
static bool is_dear_and_flat(const entry_plan *e, const step *loop) {
  int calls = 0;
  for (const step *s = loop->first; s; s = s->next) {
    if (s->kind != STEP_ASSIGNMENT || s->what->product) return false;
    calls += calls_within(e, s->what);
  }
  return loop->over->batch && calls > 0;
}

static step *step_new(entry_plan *e, step_kind kind, step *parent) {
  step *s = arena_alloc(e->of->memory, sizeof *s);
  s->kind = kind;
  step_append(e, parent, s);
  return s;
}

static step *last_step(const entry_plan *e, const step *parent) {
  return parent ? parent->last : e->last;
}

static void step_remove(entry_plan *e, step *s) {
  *(s->previous ? &s->previous->next : s->parent ? &s->parent->first : &e->first) = s->next;
  *(s->next ? &s->next->previous : s->parent ? &s->parent->last : &e->last) = s->previous;
}

static void step_insert(entry_plan *e, step *s, step *before) {
  *(before->previous ? &before->previous->next
    : before->parent ? &before->parent->first : &e->first) = s;
  s->next = before;
  s->previous = before->previous;
  before->previous = s;
  s->parent = before->parent;
}

/* What `a` needs of what stands behind the loop that it goes into: before that, and before the clearings
 * that belong to it. */
static void bring_before(entry_plan *e, const assignment *a, step *loop) {
  step *before = loop;
  while (before->previous && before->previous->kind == STEP_CLEAR) before = before->previous;
  for (step *s = loop->next, *next; s; s = next) {
    next = s->next;
    if (s->kind == STEP_CLEAR || !depends_on(a, s)) continue;
    step_remove(e, s);
    step_insert(e, s, before);
  }
}

static void add_reduction(entry_plan *e, step *loop, assignment *a) {
  size_t capacity = loop->reduction_capacity;
  size_t count = (size_t)loop->reductions;
  ARENA_PUSH(e->of->memory, loop->reduction, count, capacity, a);
  loop->reductions = (int)count;
  loop->reduction_capacity = capacity;
}

/* Sets the target to 0 before `before`, or else at the block's end. */
static void insert_clear(entry_plan *e, step *parent, step *before, assignment *a) {
  step *s = arena_alloc(e->of->memory, sizeof *s);
  s->kind = STEP_CLEAR;
  s->what = a;
  a->adds = true;
  if (!before) {
    step_append(e, parent, s);
    return;
  }
  step_insert(e, s, before);
}

/* An assignment on its way into a block. */
typedef struct placing {
  entry_plan *e;
  assignment *a;
  step *block;   /* where it has come to */
  int depth;     /* loops that are around it */
  bool bound;    /* one of them is over a bound variable */
  bool clears;   /* its target is still to be cleared */
} placing;

/* Each turn of the loop has a part of the target for itself, and all parts have a turn. */
static bool splits_target(const plan *p, const assignment *a, const variable *v) {
  for (int d = 0; d < a->target->rank; d++) {
    if (!is_plain(&a->at[d], v)) continue;
    size_form turns = variable_turns(v), places = buffer_extent(p->g, a->target, d);
    return turns.count == places.count && turns.batch == places.batch;
  }
  return false;
}

/* Goes into a loop, new or shared; the target is cleared as far inside as can be. */
static void enter_loop(placing *p, step *shared) {
  variable *v = p->a->loop[p->depth];
  if (p->clears && !splits_target(p->e->of, p->a, v)) {
    insert_clear(p->e, p->block, shared, p->a);
    p->clears = false;
  }
  step *loop = shared ? shared : step_new(p->e, STEP_LOOP, p->block);
  if (shared) v->same = shared->over;
  else loop->over = v;
  p->a->loop[p->depth] = loop->over;
  bool binds = assignment_binds(p->a, loop->over);
  loop->flat = loop->flat || p->a->flat;
  loop->uneven = loop->uneven || !p->a->even;
  if (binds && !p->bound && !p->a->product) add_reduction(p->e, loop, p->a);
  p->bound = p->bound || binds;
  p->block = loop;
  p->depth++;
}

/* Sums in memory whose place is counted by several loops: what the inner ones add to is not all that there is
 * of the dimension, so it is cleared before the first of them. */
static bool adds_by_digits(const assignment *a) {
  if (a->kind != ASSIGN_PRODUCT || a->product || a->free == a->variables || assignment_collects(a)) return false;
  for (int d = 0; d < a->target->rank; d++) {
    if (a->at[d].terms > 1) return true;
  }
  return false;
}

static bool must_clear(const entry_plan *e, const assignment *a) {
  if (a->adds || a->piece) return false;
  if (adds_by_digits(a)) return true;
  for (int k = 0; a->product && k < a->loops; k++) {
    if (assignment_binds(a, a->loop[k])) return true;
  }
  return !covers(e->of, a);
}

/* A call that fills all of the target's part wherever its conditions hold. */
static bool clears_otherwise(const entry_plan *e, assignment *a) {
  condition *conditions = a->conditions;
  if (!a->product || !conditions || a->loops > 0) return false;
  a->conditions = NULL;
  bool all = covers(e->of, a);
  a->conditions = conditions;
  return all;
}

/* Pieces that are added to zeroes, and that a loop's turns do not keep apart. */
static bool is_driven_otherwise(const assignment *first, const variable *v) {
  bool meant = false, plain = false;
  if (!first->target->in_pieces || first->piece) return false;
  for (int d = 0; d < first->target->rank; d++) {
    bool all = true;
    for (const assignment *a = first->target->writer; a; a = a->next_writer) {
      for (int k = 0; k < a->at[d].terms; k++) meant = meant || variable_now(a->at[d].term[k].of) == v;
      meant = meant || assignment_binds(a, v);
      all = all && is_plain(&a->at[d], v);
    }
    plain = plain || all;
  }
  return meant && !plain;
}

/* A sum over a loop that is around the block is begun before that, and so are such pieces. */
static void begin_before_loops(entry_plan *e, assignment *a, step *block) {
  step *outermost = NULL;
  for (step *s = block; s; s = s->parent) {
    if (assignment_binds(a, s->over) || (!a->target->begun && is_driven_otherwise(a, s->over))) outermost = s;
  }
  if (!outermost || a->adds) return;
  insert_clear(e, outermost->parent, outermost, a);
}

/* What a piece comes to is assigned, not added to what was there before. Its loops are in order. */
static bool is_assigned(const assignment *a) {
  bool summed = !a->piece;
  for (int k = a->free; k < a->variables; k++) summed = summed || variable_now(a->variable[k])->time;
  for (int k = 0; k < a->loops && a->product; k++) summed = summed || assignment_binds(a, a->loop[k]);
  const bool at_once = a->kind != ASSIGN_PRODUCT || a->product || a->free == a->variables;
  return !summed && (at_once || assignment_collects(a));
}

/* Either all of a target's pieces are assigned, then true, or all are added to zeroes. */
static bool settle_pieces(const entry_plan *e, const buffer *target) {
  bool assigned = true;
  for (assignment *a = target->writer; a; a = a->next_writer) {
    order_loops(e, a);
    assigned = assigned && is_assigned(a);
  }
  for (assignment *a = target->writer; a; a = a->next_writer) a->piece = assigned;
  return assigned;
}

static void place_assignment(entry_plan *e, assignment *a, step *parent) {
  placing p = {.e = e, .a = a, .block = parent};
  const bool to_zeroes = a->target->in_pieces && !a->target->begun && !settle_pieces(e, a->target);
  order_loops(e, a);
  a->adds = a->target->begun && a->kind == ASSIGN_PRODUCT && !a->piece;
  begin_before_loops(e, a, parent);
  a->target->begun = true;
  a->or_clears = !a->adds && clears_otherwise(e, a);
  p.clears = (must_clear(e, a) || (to_zeroes && !a->adds)) && !a->or_clears;
  bool shares = (!a->product || a->product->windows) && !a->last;
  while (p.depth < a->loops) {
    step *shared = shares ? find_shared(last_step(e, p.block), a, a->loop[p.depth]) : NULL;
    if (shared && p.depth + 1 < a->loops && is_dear_and_flat(e, shared)) shared = NULL;
    shares = shared != NULL;
    if (shared) bring_before(e, a, shared);
    enter_loop(&p, shared);
  }
  if (p.clears) insert_clear(e, p.block, NULL, a);
  step *s = step_new(e, STEP_ASSIGNMENT, p.block);
  s->what = a;
  a->where_done = s;
}

static void nest_block(entry_plan *e, step *parent) {
  step *s = parent ? parent->first : e->first;
  *(parent ? &parent->first : &e->first) = NULL;
  *(parent ? &parent->last : &e->last) = NULL;
  while (s) {
    step *next = s->next;
    s->next = s->previous = NULL;
    if (s->kind == STEP_LOOP) {
      step_append(e, parent, s);
      nest_block(e, s);
    } else {
      place_assignment(e, s->what, parent);
    }
    s = next;
  }
}

void nest_loops(entry_plan *e) {
  for (size_t k = 0; k < e->assignments; k++) e->assignment[k]->where_done = NULL;
  nest_block(e, NULL);
}
