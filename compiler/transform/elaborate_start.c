/* elaborate_start: the starts of recurrences, the shapes of what steps, and the end of a step's
 * elaboration, where references get their bodies and carried states their next values. */
#include "elaborate.h"

#include <string.h>

/* ---- declaring ---------------------------------------------------------------------------- */

static bool same_place(const start *a, const start *b) {
  if (a->entries != b->entries) return false;
  for (int k = 0; k < a->entries; k++) {
    if (a->constant[k] != b->constant[k]) return false;
    if (a->constant[k] && a->at[k] != b->at[k]) return false;
  }
  return true;
}

void add_start(elaborator *e, item *equation, const statement *st) {
  context c = {.e = e, .scope = equation->scope, .reader = equation};
  start *made = arena_alloc(e->memory, sizeof *made);
  *made = (start){.statement = st, .value = poison()};
  for (const bracket_entry *b = st->entries; b != NULL; b = b->next) {
    int k = made->entries;
    double ignored;
    if (k == LARGEST_RANK) {
      complain(e, b->where, "more than %d indices", LARGEST_RANK);
      return;
    }
    made->constant[k] = b->label == NULL && try_constant(&c, b->value, &ignored) == CONSTANT_YES;
    if (made->constant[k] && want_whole(&c, b->value, "a place outside the steps",
                                        -LARGEST_ELEMENTS, &made->at[k]) != CONSTANT_YES)
      return;
    made->entries++;
  }
  start **end = &equation->starts;
  for (; *end != NULL; end = &(*end)->next) {
    if (!same_place(*end, made)) continue;
    complain(e, st->word_at, "this start of `%s` is defined twice", st->word);
    remark(e, (*end)->statement->word_at, "it is defined here already");
    return;
  }
  *end = made;
}

/* ---- the value of a start ----------------------------------------------------------------- */

static const expression *carried_expression(const elaborator *e, const start *s) {
  const expression *x = s->statement->value;
  bool carry = x->kind == EXPRESSION_CALL && x->left->kind == EXPRESSION_NAME &&
               x->left->word == e->word.carry;
  if (!carry || x->arguments == NULL || x->arguments->next != NULL) return NULL;
  return x->arguments->label == NULL ? x->arguments->value : NULL;
}

static const expression *start_expression(const elaborator *e, const start *s) {
  const expression *carried = carried_expression(e, s);
  return carried != NULL ? carried : s->statement->value;
}

static context start_context(elaborator *e, item *equation, const start *s) {
  context c = equation_context(e, equation);
  c.calls = count_calls(e, equation->scope->from, s->statement->value);
  return c;
}

/* Indices of the left side, then the dimensions of the right: the places that are not constant. */
static value start_dimensions(context *c, const start *s, value right) {
  value v = value_without_name(right);
  int rank = 0;
  for (const bracket_entry *b = s->statement->entries; b != NULL; b = b->next) {
    index_variable *i = variable_of_binder(c, b);
    if (i != NULL) v.dims[rank++] = i->axis;
  }
  memcpy(&v.dims[rank], right.dims, (size_t)right.rank * sizeof *right.dims);
  v.rank = rank + right.rank;
  return v;
}

static value complain_start_shape(elaborator *e, item *equation, const start *s, const value *v,
                                  const int64_t *sizes, int rank) {
  complain(e, s->statement->value->where, "the start of `%s` is %s, but its steps are %s there",
           equation->word, shape_text(e, v), sizes_text(e, rank, sizes));
  remark(e, equation->statement->word_at, "the steps are defined here");
  return poison();
}

/* Gives a number or a single step the state's whole shape. */
static value fit_start(elaborator *e, item *equation, const start *s, int entries_left, value v) {
  const equation_state *state = equation->state;
  int64_t sizes[MAX_RANK];
  int rank = 0;
  for (int k = 0; k < state->rank; k++) {
    if (k >= s->entries || !s->constant[k]) sizes[rank++] = state->sizes[k];
  }
  if (v.rank == entries_left) { /* a number: the step's shape */
    for (int k = v.rank; k < rank; k++) v.dims[v.rank++] = sized_axis(e, equation->word, sizes[k]);
  }
  bool same = v.rank == rank;
  for (int k = 0; same && k < rank; k++) same = value_size(e, &v, k) == sizes[k];
  return same ? v : complain_start_shape(e, equation, s, &v, sizes, rank);
}

static const char *carry_name(elaborator *e, const item *equation, const start *s) {
  int64_t distance = 1;
  for (int k = 0; k < s->entries; k++) {
    if (!s->constant[k]) continue;
    int64_t at = s->at[k];
    distance = at < 0 ? -at : at - equation->state->sizes[k] + 1;
  }
  if (distance == 1) return arena_printf(e->memory, "carry.%s", equation->path);
  return arena_printf(e->memory, "carry.%s.%lld", equation->path, (long long)distance);
}

/* where(carried, the state that the batch before left, the start's expression) */
static value carried_value(elaborator *e, item *equation, start *s, value v) {
  program *p = e->p;
  const char *full = carry_name(e, equation, s);
  refuse_stacking(e); /* its states are kept sample by sample, not copy by copy */
  s->carry = registered(e, TENSOR_CARRY, full);
  bool fresh = s->carry == NULL;
  if (p->carried == NULL)
    p->carried = tensor_new(e->g, TENSOR_SCALAR, name_of(e->names, "carried"),
                            s->statement->where, 0, NULL);
  const node *leaf = leaf_like(e, TENSOR_CARRY, name_of(e->names, full), s->statement->word_at, &v,
                               true, &s->carry);
  if (fresh) register_tensor(e, s->carry, full);
  const node *goes_on = node_bracket(e->g, node_tensor(e->g, p->carried, NULL));
  v.node = node_where(e->g, goes_on, leaf, v.node);
  return v;
}

static value make_start(elaborator *e, item *equation, start *s) {
  context c = start_context(e, equation, s);
  const equation_state *state = equation->state;
  const bracket_entry *left = s->statement->entries;
  const expression *right = start_expression(e, s);
  int64_t sizes[MAX_RANK];
  int entries_left = 0;
  for (int k = 0; k < MAX_RANK; k++) sizes[k] = k < state->rank ? state->sizes[k] : -1;
  if (!infer_ranges(&c, left, right, sizes)) return poison();
  value v = expression_tensor(&c, right);
  if (is_poison(&v)) return v;
  for (int k = 0; k < s->entries; k++) entries_left += !s->constant[k];
  if (entries_left + v.rank > LARGEST_RANK) return poison();
  v = fit_start(e, equation, s, entries_left, start_dimensions(&c, s, v));
  if (is_poison(&v) || carried_expression(e, s) == NULL) return v;
  return carried_value(e, equation, s, v);
}

value start_value(context *c, item *equation, start *s) {
  elaborator *e = c->e;
  if (s->progress == ACTIVE) {
    complain(e, s->statement->where, "the start of `%s` needs its own steps", equation->word);
    return poison();
  }
  if (s->progress == UNTOUCHED) {
    if (!go_deeper(e, s->statement->where)) return poison();
    s->progress = ACTIVE;
    s->value = make_start(e, equation, s);
    s->progress = FINISHED;
    e->depth--;
  }
  return s->value;
}

/* ---- sketches: shapes of what is not elaborated yet ---------------------------------------- */

static int count_entries(const statement *st) {
  int count = 0;
  for (const bracket_entry *b = st->entries; b != NULL; b = b->next) count++;
  return count;
}

/* What is known before anything was looked at, or from an earlier exploration. */
static value first_sketch(elaborator *e, const item *equation) {
  const equation_state *state = equation->state;
  value v = {.node = e->blank, .rank = count_entries(equation->statement), .open = true};
  if (v.rank > LARGEST_RANK) v.rank = LARGEST_RANK;
  if (state != NULL && state->rank >= 0) {
    v.rank = state->rank;
    v.open = state->open;
    if (state->per_sample) v.node = e->blank_sample;
  }
  for (int k = 0; k < v.rank; k++) {
    int64_t size = state != NULL && k < state->rank ? state->sizes[k] : -1;
    v.dims[k] = sized_axis(e, equation->word, size);
  }
  return v;
}

/* A start with a shape of its own tells that of a step. */
static void sketch_start(elaborator *e, item *equation, const start *s) {
  context c = start_context(e, equation, s);
  value *v = &equation->sketch;
  const expression *right = start_expression(e, s);
  if (!infer_ranges(&c, s->statement->entries, right, NULL)) return;
  value from = expression_tensor(&c, right);
  if (is_poison(&from)) return;
  v->node = carried_expression(e, s) != NULL ? e->blank_sample : blank_of(e, v, &from);
  bool number = from.rank == 0;
  from = start_dimensions(&c, s, from);
  int rank = 0;
  for (int k = 0; k < LARGEST_RANK && rank <= from.rank; k++) {
    bool constant = k < s->entries && s->constant[k];
    if (!constant && rank == from.rank) break;
    if (k >= v->rank) {
      v->dims[k] = e->unknown_axis;
      v->rank = k + 1;
    }
    if (constant) continue;
    if (v->dims[k] == e->unknown_axis) v->dims[k] = from.dims[rank];
    rank++;
  }
  bool shaped = !number || s->entries > count_entries(equation->statement);
  if (shaped && !from.open) v->open = false;
}

static void sketch_steps(elaborator *e, item *equation) {
  const statement *st = equation->statement;
  context c = equation_context(e, equation);
  value *v = &equation->sketch;
  if (!infer_ranges(&c, st->entries, st->value, NULL)) return;
  int k = 0;
  for (const bracket_entry *b = st->entries; b != NULL && k < v->rank; b = b->next, k++) {
    const index_variable *i = variable_of_binder(&c, b);
    if (i != NULL && v->dims[k] == e->unknown_axis) v->dims[k] = i->axis;
  }
  value right = expression_value(&c, st->value);
  if (is_poison(&right)) return;
  value made = define_value(&c, equation, st->entries, right);
  if (is_poison(&made)) return;
  made.node = blank_of(e, v, &right);
  for (k = 0; k < v->rank; k++) {
    bool missing = k >= made.rank && (made.open || !v->open);
    if (missing) made.dims[made.rank++] = v->dims[k];
    else if (k < made.rank && made.dims[k] == e->unknown_axis) made.dims[k] = v->dims[k];
  }
  if (!v->open && made.rank == v->rank) made.open = false;
  *v = made;
}

value sketch_of(context *c, item *equation, place where) {
  elaborator *e = c->e;
  if (equation->progress == FINISHED) {
    value v = equation->value;
    if (!is_poison(&v)) v.node = blank_of(e, &v, NULL);
    return v;
  }
  if (equation->explored == e->session) return equation->sketch;
  if (!go_deeper(e, where)) return poison();
  equation->explored = e->session;
  equation->sketch = first_sketch(e, equation);
  for (const start *s = equation->starts; s != NULL; s = s->next) sketch_start(e, equation, s);
  sketch_steps(e, equation);
  e->depth--;
  return equation->sketch;
}

static bool is_known(const elaborator *e, const value *v) {
  if (is_poison(v) || v->open) return false;
  for (int k = 0; k < v->rank; k++) {
    if (value_size(e, v, k) < 0) return false;
  }
  return true;
}

static void keep_sketch(elaborator *e, equation_state *state, const value *v) {
  if (is_poison(v)) return;
  state->rank = v->rank;
  state->open = v->open;
  state->per_sample = node_has_axis(v->node, AXIS_BATCH);
  state->classes = v->classes;
  for (int k = 0; k < v->rank; k++) state->sizes[k] = value_size(e, v, k);
}

/* One exploration tells the shapes of most members of a cycle. What varies with the samples in
 * one of them does in all. */
static void keep_members(elaborator *e, const item *equation) {
  const scope *s = equation->scope;
  for (size_t k = 0; k < s->item_count; k++) {
    item *member = s->items[k];
    bool beside = member != equation && member->component == equation->component;
    if (!beside || member->word == NULL || member->explored != e->session) continue;
    if (!is_known(e, &member->sketch)) continue;
    equation_state *state = state_of(e, member);
    if (state->shape_known) continue;
    keep_sketch(e, state, &member->sketch);
    state->per_sample = equation->state->per_sample;
    state->shape_known = true;
  }
}

bool state_shape(context *c, item *equation, value *out) {
  elaborator *e = c->e;
  equation_state *state = state_of(e, equation);
  enum { TRIES = 3 };
  for (int k = 0; k < TRIES && !state->shape_known && !state->shape_lost; k++) {
    e->exploring++;
    e->session++;
    value v = sketch_of(c, equation, equation->statement->where);
    e->exploring--;
    keep_sketch(e, state, &v);
    state->shape_known = is_known(e, &v);
    if (state->shape_known) keep_members(e, equation);
  }
  state->shape_lost = !state->shape_known;
  if (state->shape_lost) return false;
  *out = (value){.node = state->per_sample ? e->blank_sample : e->blank,
                 .rank = state->rank,
                 .classes = state->classes,
                 .class_axis = e->unknown_axis,
                 .word = equation->word,
                 .where = equation->statement->word_at};
  for (int k = 0; k < state->rank; k++)
    out->dims[k] = sized_axis(e, equation->word, state->sizes[k]);
  return true;
}

/* ---- the end of a step -------------------------------------------------------------------- */

value fill_step(context *c, item *equation, value right) {
  const equation_state *state = equation->state;
  elaborator *e = c->e;
  int left = count_entries(equation->statement);
  if (is_poison(&right) || !state->shape_known || right.classes > 0) return right;
  int missing = state->rank - left - right.rank;
  if (missing < 0) return right;
  value wide = right;
  wide.rank += missing;
  for (int k = 0; k < wide.rank; k++) {
    int64_t size = state->sizes[left + k];
    axis own = k >= missing ? right.dims[k - missing] : AXIS_UNIT;
    wide.dims[k] = own == AXIS_UNIT ? sized_axis(e, equation->word, size) : own;
  }
  return wide;
}

static void complain_step(elaborator *e, item *equation) {
  const equation_state *state = equation->state;
  int left = count_entries(equation->statement);
  value step = equation->value;
  step.rank -= left;
  memmove(step.dims, &step.dims[left], (size_t)step.rank * sizeof *step.dims);
  complain(e, equation->statement->value->where, "a step of `%s` is %s here, but its start makes "
                                                 "it %s", equation->word, shape_text(e, &step),
           sizes_text(e, state->rank - left, &state->sizes[left]));
  if (equation->starts != NULL)
    remark(e, equation->starts->statement->where, "the start is defined here");
  equation->value = poison();
}

static void check_starts(elaborator *e, item *equation) {
  const equation_state *state = equation->state;
  for (const start *s = equation->starts; s != NULL; s = s->next) {
    for (int k = 0; k < s->entries && k < state->rank; k++) {
      if (!s->constant[k] || s->at[k] < 0 || s->at[k] >= state->sizes[k]) continue;
      complain(e, s->statement->word_at, "place %lld of a start lies inside `%s`, which has places "
                                         "0 to %lld; a start lies outside",
               (long long)s->at[k], equation->word, (long long)(state->sizes[k] - 1));
    }
  }
}

/* The last state, in the direction of the steps, is what the next batch starts from. */
static void refresh_carry(context *c, item *equation, const start *s) {
  elaborator *e = c->e;
  affine_form forms[LARGEST_RANK];
  for (int k = 0; k < s->entries; k++) {
    int64_t size = equation->state->sizes[k];
    forms[k] = (affine_form){.count = -1};
    if (!s->constant[k]) continue;
    forms[k] = (affine_form){.constant = s->at[k] < 0 ? size + s->at[k] : s->at[k] - size};
    if (forms[k].constant < 0 || forms[k].constant >= size) return;
  }
  value last = read_piece(c, equation->value, s->entries, forms, 0, NULL);
  refresh one = {s->carry, definition_of(equation->path, &last, s->statement->word_at)};
  one.value.per_sample = true;
  ARENA_PUSH(e->memory, e->refreshes.items, e->refreshes.count, e->refreshes.capacity, one);
}

void finish_state(elaborator *e, item *equation) {
  context c = equation_context(e, equation);
  value *v = &equation->value;
  if (!has_starts(equation) && equation->state == NULL) return;
  equation_state *state = state_of(e, equation);
  if (is_poison(v)) {
    if (state->shape_lost && report_errors(e->to) == 0)
      complain(e, equation->statement->word_at, "the shape of a step of `%s` cannot be told; give "
                                                "its start a shape, as in `%s[-1, j: 10] = 0`",
               equation->word, equation->word);
    return;
  }
  bool same = !state->shape_known || v->rank == state->rank;
  for (int k = 0; same && state->shape_known && k < v->rank; k++)
    same = value_size(e, v, k) == state->sizes[k];
  if (!same) {
    complain_step(e, equation);
    return;
  }
  keep_sketch(e, state, v);
  state->shape_known = true;
  check_starts(e, equation);
  for (start *s = equation->starts; s != NULL; s = s->next) {
    start_value(&c, equation, s);
    if (s->carry != NULL && !e->predicting) refresh_carry(&c, equation, s);
  }
  if (state->reference != NULL) define_reference(e, equation);
}
