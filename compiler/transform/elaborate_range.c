/* elaborate_range: finds how far each index variable of an equation runs.
 *
 * One walk collects the variables, with their stated ranges, and every use of them between
 * brackets; then a stated range wins, else plain uses x[i] must agree, else a variable that stands
 * in compound indices only takes the largest range that keeps each access inside; what is still
 * open takes the range of the index that a guard compares it with. */
#include "elaborate.h"

#include <stdlib.h>

typedef struct use {
  affine_form form;
  int64_t size;           /* of the axis that is read */
  bool started;           /* along it the tensor has a start: outside is allowed */
  const expression *read; /* the whole x[...] */
  const expression *entry;
} use;

/* Two indices that one guard compares: j <= i. */
typedef struct pair {
  index_variable *a, *b;
} pair;

typedef struct inference {
  context *c;
  use *uses;
  size_t count, capacity;
  pair *pairs;
  size_t pair_count, pair_capacity;
  bool fine;
  bool lost;                 /* a tensor that is read has no shape: an error lies there */
  const expression *unknown; /* a name that is read and means nothing */
} inference;

/* ---- variables ---------------------------------------------------------------------------- */

name entry_variable(context *c, const bracket_entry *b, bool on_left) {
  double ignored;
  if (b->label != NULL) return b->label;
  if (b->value->kind != EXPRESSION_NAME || b->value->word == c->e->word.batch) return NULL;
  if (b->value->word == c->e->word.ellipsis) return NULL;
  bool constant = on_left && try_constant(c, b->value, &ignored) != CONSTANT_NO;
  return constant ? NULL : b->value->word;
}

static bool name_is_free(context *c, place where, name word) {
  index_variable *bound = visible_variable(c, word);
  if (bound != NULL) {
    complain(c->e, where, "index `%s` is bound twice", word);
    remark(c->e, bound->where, "it is bound here already");
    return false;
  }
  found f = scope_find(c->e, c->scope, word, c->reader);
  if (f.symbol != NULL) {
    complain(c->e, where, "index `%s` has the name of something else; give it another", word);
    remark(c->e, f.symbol->where, "`%s` is defined here", word);
    return false;
  }
  return true;
}

static index_variable *add_variable(context *c, const bracket_entry *b, name word) {
  index_variable *v = arena_alloc(c->e->memory, sizeof *v);
  *v = (index_variable){.word = word, .where = b->where, .binder = b, .extent = -1,
                        .axis = c->e->unknown_axis, .next = c->variables};
  c->variables = v;
  return v;
}

static void show_variable(context *c, index_variable *v) {
  v->outer = c->visible;
  c->visible = v;
}

/* An entry that binds: states the range where it has one. */
static bool bind_entry(inference *run, const bracket_entry *b, bool on_left) {
  context *c = run->c;
  name word = entry_variable(c, b, on_left);
  if (word == NULL) return true;
  if (word == c->e->word.batch) {
    complain(c->e, b->where, "`batch` names no index");
    return false;
  }
  if (!name_is_free(c, b->where, word)) return false;
  index_variable *v = add_variable(c, b, word);
  bool fine = true;
  if (b->label != NULL) {
    constancy state = want_whole(c, b->value, "a range", 1, &v->extent);
    fine = state != CONSTANT_WRONG;
    if (state != CONSTANT_YES) v->extent = -1;
  }
  show_variable(c, v);
  return fine;
}

/* ---- the walk ----------------------------------------------------------------------------- */

static void walk(inference *run, const expression *x);

static void walk_entries(inference *run, const expression *x) {
  for (const bracket_entry *b = x->entries; b != NULL; b = b->next) walk(run, b->value);
  walk(run, x->guard);
}

static void walk_arguments(inference *run, const expression *x) {
  for (const argument *a = x->arguments; a != NULL; a = a->next) walk(run, a->value);
}

/* The indices that stand as numbers in a guard, each with the first of them. */
static void note_compared(inference *run, const expression *x, index_variable **first) {
  if (x == NULL) return;
  if (x->kind == EXPRESSION_BINARY || x->kind == EXPRESSION_NEGATE) {
    note_compared(run, x->left, first);
    note_compared(run, x->right, first);
  }
  index_variable *v = x->kind == EXPRESSION_NAME ? visible_variable(run->c, x->word) : NULL;
  if (v == NULL || v == *first) return;
  if (*first == NULL) {
    *first = v;
    return;
  }
  pair one = {*first, v};
  ARENA_PUSH(run->c->e->memory, run->pairs, run->pair_count, run->pair_capacity, one);
}

static void walk_reduction(inference *run, const expression *x) {
  context *c = run->c;
  index_variable *before = c->visible;
  bool binds = x->left->left->word != c->e->word.softmax;
  for (const bracket_entry *b = x->left->entries; b != NULL && binds; b = b->next) {
    if (!bind_entry(run, b, false)) run->fine = false;
  }
  walk_arguments(run, x);
  walk(run, x->left->guard);
  index_variable *first = NULL;
  note_compared(run, x->left->guard, &first);
  c->visible = before;
}

/* The shape of what is read, without elaborating it where that is not needed. */
static value base_shape(inference *run, const expression *base, item **state) {
  context *c = run->c;
  *state = NULL;
  if (base->kind != EXPRESSION_NAME) return explore(c, base);
  if (visible_variable(c, base->word) != NULL) return poison();
  found f = scope_find(c->e, c->scope, base->word, c->reader);
  if (f.symbol == NULL && run->unknown == NULL) run->unknown = base;
  if (f.symbol == NULL) return poison();
  if (f.item == NULL) return f.symbol->base == BASE_VALUE ? f.symbol->value : poison();
  if (f.item->word != NULL && has_starts(f.item)) *state = f.item;
  if (c->e->exploring == 0 && f.item->word != NULL && in_cycle_with(c, f.item)) {
    value shape;
    return state_shape(c, f.item, &shape) ? shape : poison();
  }
  return value_of_name(c, base);
}

static void note_use(inference *run, const expression *x, const expression *entry,
                     const value *base, const item *state, int k) {
  affine_form form;
  elaborator *e = run->c->e;
  e->exploring++; /* wrong entries are told when they are read */
  index_kind kind = read_affine(run->c, entry, &form);
  e->exploring--;
  if (kind != INDEX_AFFINE || form.count == 0) return;
  int64_t size = -1;
  if (k < base->rank) size = value_size(e, base, k);
  else if (k == base->rank && base->classes > 0) size = base->classes;
  if (size < 0) return;
  use one = {form, size, state != NULL && steps_along(state, k), x, entry};
  ARENA_PUSH(e->memory, run->uses, run->count, run->capacity, one);
}

static void walk_read(inference *run, const expression *x) {
  item *state;
  walk(run, x->left);
  walk_entries(run, x);
  value base = base_shape(run, x->left, &state);
  if (is_poison(&base)) {
    run->lost = run->lost || run->unknown != NULL || report_errors(run->c->e->to) > 0;
    return;
  }
  int k = 0;
  for (const bracket_entry *b = x->entries; b != NULL; b = b->next, k++)
    note_use(run, x, b->value, &base, state, k);
}

static void walk(inference *run, const expression *x) {
  if (x == NULL) return;
  bool call = x->kind == EXPRESSION_CALL;
  bool brackets = call && x->left->kind == EXPRESSION_INDEX;
  if (brackets && x->left->left->kind == EXPRESSION_NAME &&
      is_reduction(run->c->e, x->left->left->word)) {
    walk_reduction(run, x);
  } else if (call) {
    walk_arguments(run, x);
  } else if (x->kind == EXPRESSION_INDEX) {
    walk_read(run, x);
  } else {
    walk(run, x->left);
    walk(run, x->right);
  }
}

/* ---- the solution ------------------------------------------------------------------------- */

static bool is_plain(const affine_form *f) {
  return f->count == 1 && f->constant == 0 && f->coefficient[0] == 1;
}

static void complain_ranges(inference *run, const index_variable *v, const use *a, const use *b) {
  elaborator *e = run->c->e;
  run->fine = false;
  complain(e, b->entry->where, "index `%s` has range %lld here, but %lld elsewhere", v->word,
           (long long)b->size, (long long)a->size);
  remark(e, a->entry->where, "here it runs over an axis of %lld", (long long)a->size);
}

static void solve_plain(inference *run, index_variable *v) {
  const use *first = NULL;
  for (size_t k = 0; k < run->count; k++) {
    const use *u = &run->uses[k];
    if (!is_plain(&u->form) || u->form.variable[0] != v) continue;
    if (first != NULL && first->size != u->size) {
      complain_ranges(run, v, first, u);
      return;
    }
    if (first == NULL) first = u;
  }
  if (first != NULL) v->extent = first->size;
}

static int64_t coefficient_of(const affine_form *f, const index_variable *v) {
  for (int k = 0; k < f->count; k++) {
    if (f->variable[k] == v) return f->coefficient[k];
  }
  return 0;
}

/* The largest range of v that keeps one access inside; -1 where another variable is not known. */
static int64_t room_of(const use *u, const index_variable *v) {
  int64_t low = u->form.constant, high = u->form.constant, by = coefficient_of(&u->form, v);
  for (int k = 0; k < u->form.count; k++) {
    const index_variable *other = u->form.variable[k];
    if (other == v) continue;
    if (other->extent < 0) return -1;
    int64_t reach = u->form.coefficient[k] * (other->extent - 1);
    *(reach < 0 ? &low : &high) += reach;
  }
  if (u->started) return u->form.count == 1 ? u->size : INT64_MAX;
  int64_t room = by > 0 ? u->size - 1 - high : low;
  int64_t step = llabs(by);
  return room < 0 ? 0 : room / step + 1;
}

static void complain_room(inference *run, const index_variable *v, const use *u) {
  elaborator *e = run->c->e;
  affine_form rest = u->form;
  int kept = 0;
  run->fine = false;
  for (int k = 0; k < u->form.count; k++) {
    if (u->form.variable[k] == v) continue;
    rest.variable[kept] = u->form.variable[k];
    rest.coefficient[kept++] = u->form.coefficient[k];
  }
  rest.count = kept;
  int64_t low, high;
  form_bounds(&rest, &low, &high);
  const char *base = u->read->left->kind == EXPRESSION_NAME ? u->read->left->word : "this tensor";
  int64_t beyond = high >= u->size ? high - u->size + 1 : -low;
  complain(e, u->entry->where, "index `%s` has no room: %s runs from %lld to %lld already at %s = "
                               "0, but the axis of `%s` has size %lld: %lld too few; pad() makes "
                               "room",
           v->word, affine_text(e, &u->form), (long long)low, (long long)high, v->word, base,
           (long long)u->size, (long long)beyond);
}

/* True where the range became known. */
static bool solve_compound(inference *run, index_variable *v, bool with_starts) {
  int64_t least = INT64_MAX;
  const use *narrowest = NULL;
  for (size_t k = 0; k < run->count; k++) {
    const use *u = &run->uses[k];
    if (coefficient_of(&u->form, v) == 0 || (u->started && !with_starts)) continue;
    int64_t room = room_of(u, v);
    if (room < 0) return false;
    if (room < least) {
      least = room;
      narrowest = u;
    }
  }
  if (narrowest == NULL || least == INT64_MAX) return false;
  if (least == 0) {
    complain_room(run, v, narrowest);
    least = 1;
  }
  v->extent = least;
  return true;
}

static void solve_all(inference *run) {
  for (index_variable *v = run->c->variables; v != NULL; v = v->next) {
    if (v->extent < 0) solve_plain(run, v);
  }
  for (int with_starts = 0; with_starts < 2; with_starts++) {
    bool changed = true;
    while (changed) {
      changed = false;
      for (index_variable *v = run->c->variables; v != NULL; v = v->next) {
        if (v->extent < 0 && solve_compound(run, v, with_starts)) changed = true;
      }
    }
  }
}

/* sum[j | j <= i](x[j]): an index that stands in no brackets runs as far as those that a guard
 * compares it with. */
static void solve_compared(inference *run) {
  for (size_t k = 0; k < run->pair_count; k++) {
    pair one = run->pairs[k];
    if (one.a->extent < 0) one.a->extent = one.b->extent;
    if (one.b->extent < 0) one.b->extent = one.a->extent;
  }
}

static void take_fallback(inference *run, const bracket_entry *left, const int64_t *fallback) {
  int k = 0;
  for (const bracket_entry *b = left; b != NULL && fallback != NULL; b = b->next, k++) {
    index_variable *v = variable_of_binder(run->c, b);
    if (v != NULL && v->extent < 0) v->extent = fallback[k];
  }
}

static void make_axes(inference *run) {
  elaborator *e = run->c->e;
  for (index_variable *v = run->c->variables; v != NULL; v = v->next) {
    bool open = v->extent < 0 && e->exploring == 0 && run->fine;
    if (open && run->lost) {
      run->fine = false;
      if (run->unknown != NULL) complain_unknown(run->c, run->unknown->where, run->unknown->word);
    } else if (open) {
      complain(e, v->where, "the range of index `%s` cannot be told; state it, as in `%s: 10`",
               v->word, v->word);
      run->fine = false;
    }
    v->axis = sized_axis(e, v->word, v->extent);
  }
}

bool infer_ranges(context *c, const bracket_entry *left, const expression *right,
                  const int64_t *fallback) {
  inference run = {.c = c, .fine = true};
  for (const bracket_entry *b = left; b != NULL; b = b->next) {
    if (!bind_entry(&run, b, true)) run.fine = false;
  }
  if (!run.fine) return false;
  walk(&run, right);
  solve_all(&run);
  take_fallback(&run, left, fallback);
  solve_compared(&run);
  make_axes(&run);
  return run.fine;
}
