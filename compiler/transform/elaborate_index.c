/* elaborate_index: x[...] into reads: renamings, views, gathers. */
#include "elaborate.h"

#include <string.h>

/* ---- reads -------------------------------------------------------------------------------- */

bool check_inside(context *c, const expression *x, int k, const affine_form *f, int64_t size) {
  int64_t low, high;
  if (size < 0 || !form_bounds(f, &low, &high)) return true;
  if (low >= 0 && high < size) return true;
  const char *base = x->left->kind == EXPRESSION_NAME ? x->left->word : "this tensor";
  const bracket_entry *entry = x->entries;
  for (int skip = 0; skip < k && entry != NULL; skip++) entry = entry->next;
  place at = entry != NULL ? entry->where : x->where;
  if (f->count == 0)
    complain(c->e, at, "index %lld lies outside of `%s`, whose axis %d has size %lld: 0 to %lld",
             (long long)f->constant, base, k, (long long)size, (long long)(size - 1));
  else
    complain(c->e, at, "index %s runs from %lld to %lld, outside of `%s`, whose axis %d has size "
                       "%lld: state a smaller range, or make room by pad()",
             affine_text(c->e, f), (long long)low, (long long)high, base, k, (long long)size);
  return false;
}

typedef struct piece {
  view view;
  int variables; /* as many as the box has */
  index_variable *variable[MAX_RANK];
  int64_t low[MAX_RANK];
} piece;

static interval interval_of(index_variable *v, int count, const interval *intervals) {
  interval whole = {v, 0, v->extent};
  for (int k = 0; k < count; k++) {
    if (intervals[k].variable != v) continue;
    if (intervals[k].low > whole.low) whole.low = intervals[k].low;
    if (intervals[k].high < whole.high) whole.high = intervals[k].high;
  }
  return whole;
}

/* The box variable of an index variable: it writes the index's axis. */
static int boxed(piece *p, const value *v, interval where) {
  for (int u = 0; u < p->variables; u++) {
    if (p->variable[u] == where.variable) return u;
  }
  int u = view_box(&p->view, where.high - where.low);
  axis a = where.variable->axis;
  p->variable[p->variables] = where.variable;
  p->low[p->variables++] = where.low;
  if (a == AXIS_UNIT) return u;
  view_write(&p->view, a, where.low)->coefficient[u] = 1;
  if (node_has_axis(v->node, a) && is_free_axis(v, a))
    view_read(&p->view, a, where.low)->coefficient[u] = 1;
  return u;
}

static void read_dimension(piece *p, const value *v, int k, const affine_form *f, int count,
                           const interval *intervals) {
  int box[LARGEST_RANK];
  int64_t constant = f->constant;
  for (int t = 0; t < f->count; t++) {
    interval where = interval_of(f->variable[t], count, intervals);
    box[t] = boxed(p, v, where);
    constant += f->coefficient[t] * where.low;
  }
  affine *read = view_read(&p->view, v->dims[k], constant);
  for (int t = 0; t < f->count; t++) read->coefficient[box[t]] += f->coefficient[t];
}

static int uses_of(const index_variable *v, int count, const affine_form *forms) {
  int uses = 0;
  for (int k = 0; k < count; k++) {
    for (int t = 0; t < forms[k].count; t++) uses += forms[k].variable[t] == v;
  }
  return uses;
}

/* x[i] where i covers the axis and nothing else ties it: the axis takes the index's name. */
static bool only_renames(context *c, const value *v, int k, int count, const affine_form *forms,
                         int interval_count, const interval *intervals) {
  const affine_form *f = &forms[k];
  if (f->count != 1 || f->constant != 0 || f->coefficient[0] != 1) return false;
  index_variable *i = f->variable[0];
  if (i->extent != value_size(c->e, v, k) || uses_of(i, count, forms) != 1) return false;
  for (int n = 0; n < interval_count; n++) {
    if (intervals[n].variable == i) return false;
  }
  return !node_has_axis(v->node, i->axis) || v->dims[k] == i->axis;
}

static bool room_in_view(context *c, const expression *where, const piece *p) {
  if (p->view.box < MAX_RANK - 1 && p->view.reads < MAX_RANK - 1) return true;
  if (where != NULL) complain(c->e, where->where, "too many indices meet in one read");
  return false;
}

value read_piece(context *c, value v, int count, const affine_form *forms, int interval_count,
                 const interval *intervals) {
  value result = value_without_name(v);
  axis to[MAX_RANK];
  result.rank = 0;
  for (int k = 0; k < v.rank; k++) {
    if (k >= count || forms[k].count < 0) result.dims[result.rank++] = v.dims[k];
  }
  if (c->e->exploring > 0) return result;
  memcpy(to, v.dims, sizeof to);
  piece p = {.view = view_empty()};
  for (int k = 0; k < count && k < v.rank; k++) {
    if (forms[k].count < 0 || v.dims[k] == AXIS_UNIT) continue;
    if (only_renames(c, &v, k, count, forms, interval_count, intervals)) {
      to[k] = forms[k].variable[0]->axis;
      continue;
    }
    if (!room_in_view(c, NULL, &p)) return poison();
    read_dimension(&p, &v, k, &forms[k], interval_count, intervals);
  }
  for (int k = 0; k < interval_count; k++) {
    if (!room_in_view(c, NULL, &p)) return poison();
    boxed(&p, &v, interval_of(intervals[k].variable, interval_count, intervals));
  }
  for (int u = 0; u < p.view.box; u++) {
    if (p.view.extent[u] <= 0) {
      result.node = node_constant(c->e->g, 0);
      return result;
    }
  }
  result.node = rename_dimensions(c->e, v, to).node;
  if (p.view.reads > 0 || p.view.writes > 0) result.node = node_view(c->e->g, result.node, &p.view);
  return result;
}

/* ---- gathers ------------------------------------------------------------------------------ */

/* Dimension k of v where the class value says: sum over j of [class = j] v[j]. */
static value gather(context *c, const expression *x, value v, int k, value by) {
  elaborator *e = c->e;
  int64_t size = value_size(e, &v, k);
  if (size >= 0 && by.classes > size) {
    complain(e, x->where, "a class of %d may leave this axis of %lld", (int)by.classes,
             (long long)size);
    return poison();
  }
  by = separate(e, by, &v, 0, NULL);
  v = separate(e, v, &by, 0, NULL);
  if (!fits_together(c, x->where, &v, &by, 0)) return poison();
  value result = value_without_name(v);
  result.rank = 0;
  for (int d = 0; d < v.rank; d++) {
    if (d != k) result.dims[result.rank++] = v.dims[d];
    for (int t = 0; d == k && t < by.rank; t++) result.dims[result.rank++] = by.dims[t];
  }
  if (e->exploring > 0) {
    if (node_has_axis(by.node, AXIS_BATCH)) result.node = by.node;
    return result;
  }
  axis over = v.dims[k];
  if (over == AXIS_UNIT) return result;
  const node *factors[2] = {node_onehot(e->g, by.node, over), v.node};
  result.node = node_product(e->g, 2, factors, NULL, 1, &over);
  return result;
}

/* ---- x[...] ------------------------------------------------------------------------------- */

static void complain_index(context *c, const expression *entry, const value *v) {
  const char *shape = shape_text(c->e, v);
  if (v->word != NULL) {
    complain(c->e, entry->where, "`%s` cannot be an index: it is %s of real numbers; an index is a "
                                 "whole-number form of index variables or a value of kind class",
             v->word, shape);
    remark(c->e, v->where, "`%s` is defined here", v->word);
    return;
  }
  complain(c->e, entry->where, "this is no index: an index is a whole-number affine form of index "
                               "variables and constants, or a value of kind class");
}

/* The brackets of one read: forms where affine, class values where `by` has a node. */
typedef struct indices {
  int count;
  affine_form forms[LARGEST_RANK + 1];
  value by[LARGEST_RANK + 1];
  const expression *entry[LARGEST_RANK + 1];
  bool unknown;
} indices;

static bool read_entry(context *c, const bracket_entry *b, indices *out) {
  int k = out->count++;
  out->entry[k] = b->value;
  out->by[k] = poison();
  if (b->label != NULL) {
    complain(c->e, b->where, "a range `%s: ...` stands on a left side or in a reduction's brackets",
             b->label);
    return false;
  }
  index_kind kind = read_affine(c, b->value, &out->forms[k]);
  if (kind == INDEX_UNKNOWN) out->unknown = true;
  if (kind != INDEX_VALUE) return kind != INDEX_WRONG;
  out->forms[k].count = -1;
  out->by[k] = expression_value(c, b->value);
  if (is_poison(&out->by[k])) return false;
  if (out->by[k].classes > 0) return true;
  if (out->by[k].open) {
    out->unknown = true;
    return true;
  }
  complain_index(c, b->value, &out->by[k]);
  return false;
}

static bool read_entries(context *c, const expression *x, indices *out) {
  bool fine = true;
  for (const bracket_entry *b = x->entries; b != NULL; b = b->next) {
    if (out->count > LARGEST_RANK) {
      complain(c->e, b->where, "more than %d indices", LARGEST_RANK);
      return false;
    }
    fine = read_entry(c, b, out) && fine;
  }
  if (x->guard != NULL) {
    complain(c->e, x->guard->where, "a guard `| ...` stands in a reduction's brackets only");
    return false;
  }
  return fine;
}

/* The dimensions that affine indices left, in order, where class values stand. */
static value gather_rest(context *c, value v, const indices *in) {
  int at = 0, tensors = 0;
  for (int k = 0; k < in->count && !is_poison(&v); k++) {
    if (in->forms[k].count >= 0) continue;
    if (in->by[k].rank > 0 && ++tensors > 1) {
      complain(c->e, in->entry[k]->where, "only one index of a read may be a whole tensor of "
                                          "classes; read the others by index variables");
      return poison();
    }
    v = gather(c, in->entry[k], v, at, in->by[k]);
    at += in->by[k].rank;
  }
  return v;
}

static value too_many(context *c, const expression *x, const value *v, int count) {
  if (v->rank == 0) complain(c->e, x->where, "a scalar takes no index");
  else complain(c->e, x->where, "%d indices for a tensor of shape %s", count, shape_text(c->e, v));
  remark_shape(c->e, v, x->left);
  return poison();
}

/* While exploring a tensor whose shape is not known: what is left of it. */
static value read_open(value v, int count) {
  value result = value_without_name(v);
  result.rank = v.rank > count ? v.rank - count : 0;
  for (int k = 0; k < result.rank; k++) result.dims[k] = v.dims[k + count];
  return result;
}

static value read_plain(context *c, const expression *x, value v, const indices *in) {
  if (v.classes > 0 && in->count == v.rank + 1) v = as_tensor(c->e, v);
  if (v.open || in->unknown) return read_open(v, in->count);
  if (in->count > v.rank) return too_many(c, x, &v, in->count);
  for (int k = 0; k < in->count; k++) {
    if (in->forms[k].count < 0) continue;
    if (!check_inside(c, x, k, &in->forms[k], value_size(c->e, &v, k))) return poison();
  }
  value read = read_piece(c, v, in->count, in->forms, 0, NULL);
  return gather_rest(c, read, in);
}

/* The equation with starts, or in a cycle with the reader, that the base of a read names. */
static item *state_of_base(context *c, const expression *base) {
  if (base->kind != EXPRESSION_NAME || visible_variable(c, base->word) != NULL) return NULL;
  found f = scope_find(c->e, c->scope, base->word, c->reader);
  if (f.item == NULL || f.item->word == NULL) return NULL;
  bool stepping = c->e->exploring == 0 && in_cycle_with(c, f.item);
  return stepping || has_starts(f.item) ? f.item : NULL;
}

value read_indexed(context *c, const expression *x) {
  indices *in = arena_alloc(c->e->memory, sizeof *in); /* large: the stack may be deep here */
  bool fine = read_entries(c, x, in);
  item *state = state_of_base(c, x->left);
  if (state != NULL && fine) {
    if (c->e->exploring == 0) {
      value read = read_state(c, x, state, in->count, in->forms);
      return is_poison(&read) ? read : gather_rest(c, read, in);
    }
    value sketch = sketch_of(c, state, x->left->where);
    if (!is_poison(&sketch) && !sketch.open && in->count > sketch.rank) return poison();
    if (is_poison(&sketch) || sketch.open || in->unknown) return read_open(sketch, in->count);
    return gather_rest(c, read_piece(c, sketch, in->count, in->forms, 0, NULL), in);
  }
  value base = expression_value(c, x->left);
  if (is_poison(&base) || !fine) return poison();
  return read_plain(c, x, base, in);
}
