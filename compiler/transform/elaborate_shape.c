/* elaborate_shape: functions that move elements and compute nothing, as views. */
#include "elaborate.h"

#include <string.h>

/* While exploring, a result whose shape cannot be told yet. */
static value open_value(context *c, const value *from) {
  return (value){.node = blank_of(c->e, from, NULL), .open = true};
}

/* The whole of one dimension of v as a box variable that reads it. */
static int read_whole(elaborator *e, view *v, const value *from, int k) {
  int u = view_box(v, value_size(e, from, k));
  view_read(v, from->dims[k], 0)->coefficient[u] = 1;
  return u;
}

/* ---- transpose ---------------------------------------------------------------------------- */

value transpose_value(context *c, place at, const expression *from, value v) {
  if (is_poison(&v) || v.open) return v;
  if (v.rank != 2) {
    complain(c->e, at, "only a matrix can be transposed; this is %s", shape_text(c->e, &v));
    remark_shape(c->e, &v, from);
    return poison();
  }
  axis first = v.dims[0];
  v.dims[0] = v.dims[1];
  v.dims[1] = first;
  return value_without_name(v);
}

value call_transpose(context *c, const expression *x) {
  const expression *operand;
  if (!plain_arguments(c, x, 1, 1, &operand)) return poison();
  return transpose_value(c, x->operator_at, operand, expression_tensor(c, operand));
}

/* ---- concat ------------------------------------------------------------------------------- */

/* Brings a part's dimensions but the first under the names of `like`. False where sizes differ. */
static bool join_part(context *c, const value *like, value *part) {
  elaborator *e = c->e;
  axis to[MAX_RANK];
  if (part->rank != like->rank) return false;
  *part = separate(e, *part, like, 0, NULL);
  to[0] = part->dims[0];
  for (int k = 1; k < part->rank; k++) {
    int64_t a = value_size(e, like, k), b = value_size(e, part, k);
    if (a >= 0 && b >= 0 && a != b) return false;
    to[k] = like->dims[k];
  }
  if (e->exploring == 0) *part = rename_dimensions(e, *part, to);
  return true;
}

static const node *place_part(elaborator *e, const value *part, axis along, int64_t offset) {
  view v = view_empty();
  int u = read_whole(e, &v, part, 0);
  view_write(&v, along, offset)->coefficient[u] = 1;
  return node_view(e->g, part->node, &v);
}

static value concat_values(context *c, value *parts, int count, int64_t total) {
  elaborator *e = c->e;
  const node *terms[MOST_ARGUMENTS];
  value result = value_without_name(parts[0]);
  result.dims[0] = sized_axis(e, name_of(e->names, "concat"), total);
  for (int k = 1; k < count && e->exploring > 0; k++)
    result.node = blank_of(e, &result, &parts[k]);
  if (e->exploring > 0) return result;
  int64_t offset = 0;
  for (int k = 0; k < count; k++) {
    terms[k] = place_part(e, &parts[k], result.dims[0], offset);
    offset += value_size(e, &parts[k], 0);
  }
  result.node = node_sum(e->g, 0, count, terms, NULL);
  return result;
}

static value clash_of_parts(context *c, const expression *x, const value *a,
                            const expression *a_from, const value *b, const expression *b_from) {
  complain(c->e, x->operator_at, "concat joins along the first axis; %s and %s differ in others",
           shape_text(c->e, a), shape_text(c->e, b));
  remark_shape(c->e, a, a_from);
  remark_shape(c->e, b, b_from);
  return poison();
}

value call_concat(context *c, const expression *x) {
  elaborator *e = c->e;
  const expression *given[MOST_ARGUMENTS];
  int count = count_arguments(x);
  int64_t total = 0;
  bool wrong = false, open = false;
  if (!plain_arguments(c, x, 1, MOST_ARGUMENTS, given)) return poison();
  value *parts = arena_alloc(e->memory, (size_t)count * sizeof *parts);
  for (int k = 0; k < count; k++) {
    parts[k] = expression_tensor(c, given[k]);
    wrong = wrong || is_poison(&parts[k]);
    open = open || parts[k].open;
  }
  if (wrong) return poison();
  if (open) return open_value(c, &parts[0]);
  for (int k = 0; k < count; k++) { /* a scalar is one element */
    if (parts[k].rank == 0) parts[k].dims[parts[k].rank++] = AXIS_UNIT;
  }
  for (int k = 0; k < count; k++) {
    int64_t size = value_size(e, &parts[k], 0);
    total = total < 0 || size < 0 ? -1 : total + size;
    if (k > 0 && !join_part(c, &parts[0], &parts[k]))
      return clash_of_parts(c, x, &parts[0], given[0], &parts[k], given[k]);
    if (!fits_together(c, x->operator_at, &parts[0], &parts[k], 1)) return poison();
  }
  return concat_values(c, parts, count, total);
}

/* ---- reshape ------------------------------------------------------------------------------ */

/* Dimensions first ... first + count - 1 of `from`, row-major, become those of `to`. Each group is
 * the smallest whose sizes multiply to the same on both sides. */
static const node *reshape_group(elaborator *e, const node *n, const value *from, int from_first,
                                 int from_count, const value *to, int to_first, int to_count) {
  bool same = from_count == 1 && to_count == 1;
  if (same && from->dims[from_first] == to->dims[to_first]) return n;
  axis line = AXIS_UNIT;
  int64_t elements = 1;
  for (int k = 0; k < from_count; k++) elements *= value_size(e, from, from_first + k);
  if (elements == 1) return n;
  name hint = name_of(e->names, "flat");
  line = to_count == 1 ? to->dims[to_first] : axis_new(e->g, hint, elements);
  if (from_count == 1) line = from->dims[from_first];
  if (from_count > 1) {
    view flat = view_empty();
    int64_t stride = elements;
    affine *write = view_write(&flat, line, 0);
    for (int k = 0; k < from_count; k++) {
      int u = read_whole(e, &flat, from, from_first + k);
      stride /= value_size(e, from, from_first + k);
      write->coefficient[u] = stride;
    }
    n = node_view(e->g, n, &flat);
  }
  if (to_count > 1) {
    view split = view_empty();
    int64_t stride = elements;
    affine *read = view_read(&split, line, 0);
    for (int k = 0; k < to_count; k++) {
      int64_t size = value_size(e, to, to_first + k);
      int u = view_box(&split, size);
      stride /= size;
      read->coefficient[u] = stride;
      view_write(&split, to->dims[to_first + k], 0)->coefficient[u] = 1;
    }
    n = node_view(e->g, n, &split);
  }
  return n;
}

/* Dimensions of extent 1 have no axis and stay out of it. */
static value without_units(const value *v, int *place_of) {
  value kept = *v;
  kept.rank = 0;
  for (int k = 0; k < v->rank; k++) {
    if (v->dims[k] == AXIS_UNIT) continue;
    place_of[kept.rank] = k;
    kept.dims[kept.rank++] = v->dims[k];
  }
  return kept;
}

static value reshape_value(context *c, value v, int rank, const int64_t *sizes) {
  elaborator *e = c->e;
  value result = value_without_name(v), wide = {.rank = rank};
  int ignored[MAX_RANK], place_of[MAX_RANK] = {0}, i = 0, j = 0;
  name hint = name_of(e->names, "flat");
  for (int k = 0; k < rank; k++) wide.dims[k] = sized_axis(e, hint, sizes[k]);
  value from = without_units(&v, ignored), to = without_units(&wide, place_of);
  while (i < from.rank && j < to.rank) {
    int64_t a = 1, b = 1;
    int i_first = i, j_first = j;
    do {
      if (a <= b) a *= value_size(e, &from, i++);
      else b *= value_size(e, &to, j++);
    } while (a != b);
    bool same = i - i_first == 1 && j - j_first == 1;
    if (same) to.dims[j_first] = from.dims[i_first];
    if (e->exploring == 0)
      result.node = reshape_group(e, result.node, &from, i_first, i - i_first, &to, j_first,
                                  j - j_first);
  }
  result.rank = rank;
  memcpy(result.dims, wide.dims, sizeof wide.dims);
  for (int k = 0; k < to.rank; k++) result.dims[place_of[k]] = to.dims[k];
  return result;
}

static bool elements_of(const elaborator *e, const value *v, int64_t *elements) {
  *elements = 1;
  for (int k = 0; k < v->rank; k++) {
    int64_t size = value_size(e, v, k);
    if (size < 0) return false;
    *elements *= size;
  }
  return !v->open;
}

static value reshape_to(context *c, const expression *x, const expression *from, value v, int rank,
                        const int64_t *sizes) {
  elaborator *e = c->e;
  int64_t before, after = 1;
  bool known = elements_of(e, &v, &before);
  for (int k = 0; k < rank; k++) after = after > LARGEST_ELEMENTS ? after : after * sizes[k];
  if (!known) {
    v.rank = rank;
    v.open = false;
    for (int k = 0; k < rank; k++) v.dims[k] = sized_axis(e, x->left->word, sizes[k]);
    return value_without_name(v);
  }
  if (before != after) {
    complain(e, x->operator_at, "%s has %lld elements, the shape wanted, %s, has %lld",
             shape_text(e, &v), (long long)before, sizes_text(e, rank, sizes), (long long)after);
    remark_shape(e, &v, from);
    return poison();
  }
  return reshape_value(c, v, rank, sizes);
}

value call_reshape(context *c, const expression *x) {
  const expression *given[LARGEST_RANK + 1];
  int64_t sizes[LARGEST_RANK];
  int count = count_arguments(x);
  if (!plain_arguments(c, x, 2, LARGEST_RANK + 1, given)) return poison();
  value v = expression_tensor(c, given[0]);
  if (is_poison(&v)) return v;
  for (int k = 1; k < count; k++) {
    constancy state = want_whole(c, given[k], "a size", 1, &sizes[k - 1]);
    if (state == CONSTANT_UNKNOWN) return open_value(c, &v);
    if (state != CONSTANT_YES) return poison();
  }
  return reshape_to(c, x, given[0], v, count - 1, sizes);
}

value call_flatten(context *c, const expression *x) {
  const expression *operand;
  int64_t elements;
  if (!plain_arguments(c, x, 1, 1, &operand)) return poison();
  value v = expression_tensor(c, operand);
  if (is_poison(&v)) return v;
  if (!elements_of(c->e, &v, &elements)) {
    value line = {.node = blank_of(c->e, &v, NULL), .rank = 1, .dims = {c->e->unknown_axis}};
    return line;
  }
  return reshape_to(c, x, operand, v, 1, &elements);
}

/* ---- pad, onehot -------------------------------------------------------------------------- */

static value pad_dimension(elaborator *e, value v, int k, int64_t before, int64_t after) {
  if (before == 0 && after == 0) return v;
  int64_t size = value_size(e, &v, k);
  name hint = v.dims[k] == AXIS_UNIT || size < 0 ? name_of(e->names, "pad")
                                                 : axis_hint(e->g, v.dims[k]);
  axis wide = sized_axis(e, hint, size < 0 ? -1 : size + before + after);
  if (e->exploring == 0) {
    view shifted = view_empty();
    int u = read_whole(e, &shifted, &v, k);
    view_write(&shifted, wide, before)->coefficient[u] = 1;
    v.node = node_view(e->g, v.node, &shifted);
  }
  v.dims[k] = wide;
  return v;
}

value call_pad(context *c, const expression *x) {
  const expression *given[2 * MAX_RANK + 1];
  int64_t by[2 * MAX_RANK];
  int count = count_arguments(x) - 1;
  if (!plain_arguments(c, x, 1, 2 * MAX_RANK + 1, given)) return poison();
  value v = value_without_name(expression_tensor(c, given[0]));
  if (is_poison(&v)) return v;
  if (count != 2 * v.rank && !v.open) {
    complain(c->e, x->operator_at, "pad takes two numbers an axis, before and after: %d for %s, "
                                   "not %d", 2 * v.rank, shape_text(c->e, &v), count);
    return poison();
  }
  for (int k = 0; k < count; k++) {
    constancy state = want_whole(c, given[k + 1], "a width of padding", 0, &by[k]);
    if (state == CONSTANT_UNKNOWN) return open_value(c, &v);
    if (state != CONSTANT_YES) return poison();
  }
  for (int k = 0; k < v.rank; k++) v = pad_dimension(c->e, v, k, by[2 * k], by[2 * k + 1]);
  return v;
}

value call_onehot(context *c, const expression *x) {
  const expression *operand;
  if (!plain_arguments(c, x, 1, 1, &operand)) return poison();
  value v = expression_value(c, operand);
  if (is_poison(&v)) return v;
  if (v.classes == 0 && c->e->exploring == 0) {
    complain(c->e, x->where, "onehot takes a value of kind class, not %s", shape_text(c->e, &v));
    remark_shape(c->e, &v, operand);
    return poison();
  }
  return value_without_name(as_tensor(c->e, v));
}
