/* elaborate_state: recurrences: what a tensor with starts is where it is read by an index. Inside
 * its cycle it is a reference to itself; outside it is its body; each start that an index reaches
 * is placed beside. */
#include "elaborate.h"

#include <string.h>

bool has_starts(const item *equation) { return equation->starts != NULL; }

bool steps_along(const item *equation, int dimension) {
  for (const start *s = equation->starts; s != NULL; s = s->next) {
    if (dimension < s->entries && s->constant[dimension]) return true;
  }
  return false;
}

bool in_cycle_with(const context *c, const item *equation) {
  const item *reader = c->reader;
  const scope *s = c->scope;
  for (; s != NULL && s != equation->scope; s = s->outer) reader = s->block;
  if (s == NULL || reader == NULL) return false;
  return equation->cyclic && reader->component == equation->component;
}

equation_state *state_of(elaborator *e, item *equation) {
  if (equation->state == NULL) {
    equation->state = arena_alloc(e->memory, sizeof *equation->state);
    equation->state->rank = -1;
  }
  return equation->state;
}

/* ---- references --------------------------------------------------------------------------- */

static void make_reference(elaborator *e, item *equation, const value *shape) {
  equation_state *state = equation->state;
  const scope *s = equation->scope;
  int64_t sizes[MAX_RANK];
  int rank = 0;
  for (; rank < state->rank; rank++) {
    sizes[rank] = state->sizes[rank];
    state->axes[rank] = shape->dims[rank];
  }
  for (int k = 0; k < s->free_count && rank < MAX_RANK; k++) {
    state->axes[rank] = s->free[k];
    sizes[rank++] = axis_extent(e->g, s->free[k]);
  }
  const char *word = e->predicting ? arena_printf(e->memory, "%s.predict", equation->path)
                                   : equation->path;
  state->reference_rank = rank;
  state->reference = tensor_new(e->g, TENSOR_REFERENCE, name_of(e->names, word),
                                equation->statement->word_at, rank, sizes);
  state->reference->per_sample = state->per_sample;
}

void define_reference(elaborator *e, const item *equation) {
  const equation_state *state = equation->state;
  axis dims[MAX_RANK];
  memcpy(dims, state->axes, sizeof dims);
  memcpy(dims, equation->value.dims, (size_t)equation->value.rank * sizeof *dims);
  tensor_define(e->g, state->reference, equation->value.node, dims);
}

/* h[t-1] reads the reference along t itself, so that the view is a shift of one axis. */
static bool shifts_alone(const affine_form *f, int64_t size) {
  return f->count == 1 && f->coefficient[0] == 1 && f->variable[0]->extent == size;
}

static value reference_value(context *c, item *equation, int count, const affine_form *forms) {
  elaborator *e = c->e;
  equation_state *state = equation->state;
  value shape;
  if (!state_shape(c, equation, &shape)) return poison();
  if (state->reference == NULL) {
    make_reference(e, equation, &shape);
    if (equation->progress == FINISHED && !is_poison(&equation->value))
      define_reference(e, equation);
  }
  value v = {.rank = state->rank, .word = equation->word, .where = equation->statement->word_at};
  axis dims[MAX_RANK];
  memcpy(dims, state->axes, sizeof dims);
  for (int k = 0; k < count && k < state->rank; k++) {
    if (state->sizes[k] == 1 || !shifts_alone(&forms[k], state->sizes[k])) continue;
    bool taken = false;
    for (int other = 0; other < state->reference_rank; other++)
      taken = taken || dims[other] == forms[k].variable[0]->axis;
    if (!taken) dims[k] = forms[k].variable[0]->axis;
  }
  memcpy(v.dims, dims, sizeof v.dims);
  v.node = node_tensor(e->g, state->reference, dims);
  return v;
}

/* ---- which pieces a read consists of ------------------------------------------------------ */

enum { MOST_OUTSIDE = 64 };

/* Along one dimension: where its index stays inside, and each value outside. */
typedef struct reach {
  bool leaves;
  index_variable *variable;
  int64_t low, high; /* of the variable: inside */
  int outside;
  int64_t at[MOST_OUTSIDE];    /* of the variable */
  int64_t value[MOST_OUTSIDE]; /* the index there */
} reach;

typedef struct state_read {
  context *c;
  const expression *x;
  item *equation;
  int count;
  const affine_form *forms;
  value source;
  reach reaches[LARGEST_RANK];
  int chosen[LARGEST_RANK]; /* -1: inside, else which value outside */
  const node *terms[4 * MOST_OUTSIDE];
  int term_count;
} state_read;

/* "g[i, -1]" */
static const char *start_text(elaborator *e, const item *equation, int count, const bool *fixed,
                              const int64_t *at) {
  text out = text_new(e->memory);
  const bracket_entry *b = equation->statement->entries;
  text_printf(&out, "%s[", equation->word);
  for (int k = 0; k < count || b != NULL; k++) {
    const char *word = "k";
    if (b != NULL && b->label != NULL) word = b->label;
    else if (b != NULL && b->value->kind == EXPRESSION_NAME) word = b->value->word;
    if (k > 0) text_append(&out, ", ");
    if (k < count && fixed[k]) text_printf(&out, "%lld", (long long)at[k]);
    else text_append(&out, word);
    if (b != NULL) b = b->next;
  }
  text_append(&out, "]");
  return out.chars;
}

static bool complain_start(state_read *r) {
  bool fixed[LARGEST_RANK] = {false};
  int64_t at[LARGEST_RANK] = {0};
  elaborator *e = r->c->e;
  for (int k = 0; k < r->count; k++) {
    if (!r->reaches[k].leaves || r->chosen[k] < 0) continue;
    fixed[k] = true;
    at[k] = r->reaches[k].value[r->chosen[k]];
  }
  const char *wanted = start_text(e, r->equation, r->count, fixed, at);
  complain(e, r->x->where, "this reaches %s, which has no start: add `%s = ...`", wanted, wanted);
  remark(e, r->equation->statement->word_at, "the steps of `%s` are defined here",
         r->equation->word);
  return false;
}

static bool add_outside(reach *r, int64_t at, int64_t index) {
  if (r->outside == MOST_OUTSIDE) return false;
  r->at[r->outside] = at;
  r->value[r->outside++] = index;
  return true;
}

/* Walks in from both ends of the index's range until the index is inside. */
static bool find_outside(reach *r, const affine_form *f, int64_t size) {
  index_variable *v = f->variable[0];
  int64_t by = f->coefficient[0], low = 0, high = v->extent;
  *r = (reach){.leaves = true, .variable = v};
  for (; low < high; low++) {
    int64_t index = f->constant + by * low;
    if (index >= 0 && index < size) break;
    if (!add_outside(r, low, index)) return false;
  }
  for (; high > low; high--) {
    int64_t index = f->constant + by * (high - 1);
    if (index >= 0 && index < size) break;
    if (!add_outside(r, high - 1, index)) return false;
  }
  r->low = low;
  r->high = high;
  return true;
}

static bool find_reach(state_read *r, int k, bool *leaves) {
  elaborator *e = r->c->e;
  const affine_form *f = &r->forms[k];
  int64_t low, high, size = value_size(e, &r->source, k);
  if (f->count < 0 || (form_bounds(f, &low, &high) && low >= 0 && high < size)) return true;
  if (f->count == 0 && steps_along(r->equation, k)) {
    complain(e, r->x->where, "a constant index must lie inside `%s`, in 0 to %lld: a start is "
                             "reached only through an index, as in %s[t-1]",
             r->equation->word, (long long)(size - 1), r->equation->word);
    return false;
  }
  if (f->count == 0 || (!steps_along(r->equation, k) && !in_cycle_with(r->c, r->equation)))
    return check_inside(r->c, r->x, k, f, size);
  if (f->count > 1 || !find_outside(&r->reaches[k], f, size)) {
    complain(e, r->x->where, "index %s leaves `%s`: a start is reached by one index and a small "
                             "number, as in t-1", affine_text(e, f), r->equation->word);
    return false;
  }
  *leaves = true;
  return true;
}

/* ---- the pieces --------------------------------------------------------------------------- */

static int chosen_intervals(const state_read *r, interval *out) {
  int count = 0;
  for (int k = 0; k < r->count; k++) {
    const reach *here = &r->reaches[k];
    if (!here->leaves) continue;
    int64_t low = r->chosen[k] < 0 ? here->low : here->at[r->chosen[k]];
    int64_t high = r->chosen[k] < 0 ? here->high : low + 1;
    out[count++] = (interval){here->variable, low, high};
  }
  return count;
}

static bool is_empty(int count, const interval *intervals) {
  for (int k = 0; k < count; k++) {
    for (int other = 0; other < count; other++) {
      if (intervals[k].variable != intervals[other].variable) continue;
      if (intervals[k].low >= intervals[other].high) return true;
    }
  }
  return false;
}

static start *chosen_start(const state_read *r, bool *any) {
  *any = false;
  for (int k = 0; k < r->count; k++)
    *any = *any || (r->reaches[k].leaves && r->chosen[k] >= 0);
  for (start *s = r->equation->starts; s != NULL && *any; s = s->next) {
    bool same = true;
    for (int k = 0; k < r->count || k < s->entries; k++) {
      bool fixed = k < r->count && r->reaches[k].leaves && r->chosen[k] >= 0;
      bool constant = k < s->entries && s->constant[k];
      same = same && fixed == constant;
      if (same && fixed) same = s->at[k] == r->reaches[k].value[r->chosen[k]];
    }
    if (same) return s;
  }
  return NULL;
}

/* The start's value, read by the indices of the places that it leaves open. */
static value start_piece(state_read *r, start *s, int intervals, const interval *interval_list) {
  affine_form forms[MAX_RANK];
  axis to[MAX_RANK];
  value v = start_value(r->c, r->equation, s);
  if (is_poison(&v)) return v;
  int d = 0;
  for (int k = 0; k < r->source.rank; k++) {
    if (k < s->entries && s->constant[k]) continue;
    bool left = k >= r->count || r->forms[k].count < 0;
    forms[d].count = -1;
    if (!left) forms[d] = r->forms[k];
    to[d] = left ? r->source.dims[k] : v.dims[d];
    d++;
  }
  v = rename_dimensions(r->c->e, v, to);
  return read_piece(r->c, v, d, forms, intervals, interval_list);
}

static bool add_piece(state_read *r) {
  interval intervals[LARGEST_RANK];
  int count = chosen_intervals(r, intervals);
  bool starts;
  if (is_empty(count, intervals)) return true;
  start *s = chosen_start(r, &starts);
  if (starts && s == NULL) return complain_start(r);
  value piece = starts ? start_piece(r, s, count, intervals)
                       : read_piece(r->c, r->source, r->count, r->forms, count, intervals);
  if (is_poison(&piece)) return false;
  if (r->term_count == (int)(sizeof r->terms / sizeof *r->terms)) {
    complain(r->c->e, r->x->where, "this read reaches too many starts");
    return false;
  }
  r->terms[r->term_count++] = piece.node;
  return true;
}

static bool add_pieces(state_read *r, int k) {
  if (k >= r->count || k >= LARGEST_RANK) return add_piece(r);
  r->chosen[k] = -1;
  if (!add_pieces(r, k + 1)) return false;
  for (int o = 0; r->reaches[k].leaves && o < r->reaches[k].outside; o++) {
    r->chosen[k] = o;
    if (!add_pieces(r, k + 1)) return false;
  }
  return true;
}

/* ---- reads -------------------------------------------------------------------------------- */

/* The shape decides which pieces there are; whether the body is needed is not known before. */
static bool read_shape(state_read *r, bool cycle) {
  if (cycle) return state_shape(r->c, r->equation, &r->source);
  r->source = value_of_item(r->c, r->equation, r->x->left->where);
  return !is_poison(&r->source);
}

static value reached_value(state_read *r, bool leaves, bool cycle) {
  value v = r->source;
  if (leaves && v.classes > 0) {
    complain(r->c->e, r->x->where, "a recurrence of classes is not possible; step over real "
                                   "numbers, such as their one-hot vectors");
    return poison();
  }
  if (cycle && leaves) return reference_value(r->c, r->equation, r->count, r->forms);
  return cycle ? value_of_item(r->c, r->equation, r->x->left->where) : v;
}

value read_state(context *c, const expression *x, item *equation, int count,
                 const affine_form *forms) {
  state_read *r = arena_alloc(c->e->memory, sizeof *r); /* large: the stack may be deep here */
  bool cycle = in_cycle_with(c, equation), leaves = false;
  r->c = c;
  r->x = x;
  r->equation = equation;
  r->count = count;
  r->forms = forms;
  state_of(c->e, equation);
  if (!read_shape(r, cycle)) return poison();
  if (r->source.classes > 0 && count == r->source.rank + 1) r->source = as_tensor(c->e, r->source);
  if (count > r->source.rank || count > LARGEST_RANK) {
    complain(c->e, x->where, "%d indices for a tensor of shape %s", count,
             shape_text(c->e, &r->source));
    remark(c->e, equation->statement->word_at, "`%s` is defined here", equation->word);
    return poison();
  }
  for (int k = 0; k < count; k++) {
    if (!find_reach(r, k, &leaves)) return poison();
  }
  if (cycle) note_cycle_read(c, equation, count, forms, x->where);
  r->source = reached_value(r, leaves, cycle);
  if (is_poison(&r->source)) return poison();
  if (r->source.classes > 0 && count == r->source.rank + 1) r->source = as_tensor(c->e, r->source);
  if (!leaves) return read_piece(c, r->source, count, forms, 0, NULL);
  if (!add_pieces(r, 0)) return poison();
  value shape = value_without_name(r->source);
  shape.rank = 0;
  for (int k = 0; k < r->source.rank; k++) {
    if (k >= count || forms[k].count < 0) shape.dims[shape.rank++] = r->source.dims[k];
  }
  shape.node = node_sum(c->e->g, 0, r->term_count, r->terms, NULL);
  return shape;
}
