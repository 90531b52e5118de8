/* elaborate_value: values and their shapes; brings two of them to one shape as NumPy does. */
#include "elaborate.h"

#include <string.h>

value poison(void) { return (value){.node = NULL}; }

bool is_poison(const value *v) { return v->node == NULL; }

value value_of_node(const node *n) { return (value){.node = n}; }

value value_of_number(elaborator *e, double number) {
  return value_of_node(node_constant(e->g, number));
}

value value_without_name(value v) {
  v.word = NULL;
  return v;
}

/* ---- shapes ------------------------------------------------------------------------------- */

axis sized_axis(elaborator *e, name hint, int64_t extent) {
  if (extent < 0) return e->unknown_axis;
  if (extent == 1) return AXIS_UNIT;
  return axis_new(e->g, hint, extent);
}

int64_t value_size(const elaborator *e, const value *v, int k) {
  if (v->dims[k] == e->unknown_axis) return -1;
  return v->dims[k] == AXIS_UNIT ? 1 : axis_extent(e->g, v->dims[k]);
}

bool is_free_axis(const value *v, axis a) {
  if (a == AXIS_BATCH) return false;
  for (int k = 0; k < v->rank; k++) {
    if (v->dims[k] == a) return false;
  }
  return true;
}

const char *sizes_text(elaborator *e, int rank, const int64_t *sizes) {
  if (rank == 0) return "a scalar";
  text out = text_new(e->memory);
  for (int k = 0; k < rank; k++) {
    text_append(&out, k == 0 ? "[" : ", ");
    if (sizes[k] < 0) text_append(&out, "?");
    else text_printf(&out, "%lld", (long long)sizes[k]);
  }
  text_append(&out, "]");
  return out.chars;
}

const char *shape_text(elaborator *e, const value *v) {
  int64_t sizes[MAX_RANK];
  for (int k = 0; k < v->rank; k++) sizes[k] = value_size(e, v, k);
  const char *shape = sizes_text(e, v->rank, sizes);
  if (v->classes == 0) return shape;
  if (v->rank == 0) return arena_printf(e->memory, "a class of %d", (int)v->classes);
  return arena_printf(e->memory, "%s of class(%d)", shape, (int)v->classes);
}

value as_tensor(elaborator *e, value v) {
  if (v.classes == 0 || v.node == NULL) return v;
  if (v.rank == MAX_RANK) return poison();
  v.dims[v.rank++] = v.class_axis;
  if (e->exploring == 0)
    v.node = v.classes > 1 ? node_onehot(e->g, v.node, v.class_axis) : node_constant(e->g, 1);
  v.classes = 0;
  return v;
}

/* ---- renaming ----------------------------------------------------------------------------- */

static bool is_named_axis(const elaborator *e, axis a) {
  return a != AXIS_UNIT && a != e->unknown_axis;
}

value rename_dimensions(elaborator *e, value v, const axis *to) {
  axis from_axes[MAX_RANK], to_axes[MAX_RANK];
  int count = 0;
  for (int k = 0; k < v.rank; k++) {
    bool moves = is_named_axis(e, v.dims[k]) && v.dims[k] != to[k];
    if (moves && is_named_axis(e, to[k]) && node_has_axis(v.node, v.dims[k])) {
      from_axes[count] = v.dims[k];
      to_axes[count++] = to[k];
    }
    v.dims[k] = to[k];
  }
  if (count > 0) v.node = node_rename_axes(e->g, v.node, count, from_axes, to_axes);
  return v;
}

static bool among(int count, const axis *axes, axis a) {
  for (int k = 0; k < count; k++) {
    if (axes[k] == a) return true;
  }
  return false;
}

static bool value_has_axis(const value *v, axis a) {
  return among(v->rank, v->dims, a) || node_has_axis(v->node, a);
}

value separate(elaborator *e, value v, const value *other, int keep_count, const axis *keep) {
  axis to[MAX_RANK];
  for (int k = 0; k < v.rank; k++) {
    axis a = v.dims[k];
    bool clash = is_named_axis(e, a) && value_has_axis(other, a) && !among(keep_count, keep, a);
    to[k] = clash ? axis_new(e->g, axis_hint(e->g, a), axis_extent(e->g, a)) : a;
  }
  return rename_dimensions(e, v, to);
}

/* Whether an index that is bound around `v` is a dimension of `other`: both would vary together. */
static bool captures(const value *v, const value *other) {
  for (int k = 0; k < v->node->rank; k++) {
    axis a = v->node->axes[k];
    if (is_free_axis(v, a) && among(other->rank, other->dims, a)) return true;
  }
  return false;
}

/* ---- broadcasting ------------------------------------------------------------------------- */

bool fits_together(context *c, place at, const value *a, const value *b, int more) {
  axis seen[4 * MAX_RANK];
  int count = 0;
  const value *both[2] = {a, b};
  for (int v = 0; v < 2; v++) {
    for (int k = 0; k < both[v]->node->rank; k++) {
      axis here = both[v]->node->axes[k];
      if (!among(count, seen, here)) seen[count++] = here;
    }
    for (int k = 0; k < both[v]->rank; k++) {
      axis here = both[v]->dims[k];
      if (here != AXIS_UNIT && !among(count, seen, here)) seen[count++] = here;
    }
  }
  int rank = a->rank > b->rank ? a->rank : b->rank;
  if (count + more <= MAX_RANK && rank <= LARGEST_RANK + 1) return true;
  complain(c->e, at, "more than %d axes meet here, indices and the batch included; define a part "
                     "of the expression by an equation of its own", MAX_RANK);
  return false;
}

static void complain_clash(context *c, place at, const value *a, const expression *a_from,
                           const value *b, const expression *b_from) {
  complain(c->e, at, "shapes %s and %s do not fit together", shape_text(c->e, a),
           shape_text(c->e, b));
  remark_shape(c->e, a, a_from);
  remark_shape(c->e, b, b_from);
}

/* The axis of the result for two dimensions that meet; -1 where they clash. */
static axis joint_axis(const elaborator *e, axis a, axis b) {
  if (a == AXIS_UNIT) return b;
  if (b == AXIS_UNIT) return a;
  if (a == e->unknown_axis) return b;
  if (b == e->unknown_axis) return a;
  return axis_extent(e->g, a) == axis_extent(e->g, b) ? a : -1;
}

/* Renames b's dimensions to those of a that they meet. */
static value align(elaborator *e, const value *a, value b) {
  axis to[MAX_RANK];
  int shift = a->rank - b.rank;
  for (int k = 0; k < b.rank; k++) {
    axis met = k + shift >= 0 ? a->dims[k + shift] : AXIS_UNIT;
    bool joins = is_named_axis(e, met) && is_named_axis(e, b.dims[k]);
    to[k] = joins ? met : b.dims[k];
    if (!joins && is_named_axis(e, to[k]) && value_has_axis(a, to[k]))
      to[k] = axis_new(e->g, axis_hint(e->g, to[k]), axis_extent(e->g, to[k]));
  }
  return rename_dimensions(e, b, to);
}

/* A leaf takes the other's names, so that nothing is looked at through a renaming. */
static bool prefers_renaming(const value *v) {
  return v->node->class == NODE_TENSOR || v->node->class == NODE_CONSTANT;
}

bool broadcast(context *c, place at, value *a, const expression *a_from, value *b,
               const expression *b_from, value *shape) {
  elaborator *e = c->e;
  if (is_poison(a) || is_poison(b)) return false;
  int rank = a->rank > b->rank ? a->rank : b->rank;
  for (int k = 1; k <= a->rank && k <= b->rank; k++) {
    if (joint_axis(e, a->dims[a->rank - k], b->dims[b->rank - k]) < 0) {
      complain_clash(c, at, a, a_from, b, b_from);
      return false;
    }
  }
  if (captures(a, b)) *b = separate(e, *b, a, 0, NULL);
  if (captures(b, a)) *a = separate(e, *a, b, 0, NULL);
  if (prefers_renaming(a) && !prefers_renaming(b) && a->rank <= b->rank) *a = align(e, b, *a);
  else *b = align(e, a, *b);
  if (!fits_together(c, at, a, b, 0)) return false;
  *shape = (value){.node = a->node, .rank = rank, .open = a->open || b->open};
  for (int k = 1; k <= rank; k++) {
    axis from_a = k <= a->rank ? a->dims[a->rank - k] : AXIS_UNIT;
    axis from_b = k <= b->rank ? b->dims[b->rank - k] : AXIS_UNIT;
    shape->dims[rank - k] = joint_axis(e, from_a, from_b);
  }
  if (a->open != b->open) { /* the one whose shape is known decides */
    const value *known = a->open ? b : a;
    if (known->rank >= rank) shape->open = false;
  }
  return true;
}
