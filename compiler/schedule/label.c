/* label: whole numbers as places: gathers are reads at a label, not loops over all labels. */
#include "schedule.h"

bool node_is_whole(const node *n) {
  if (n->integer || n->class == NODE_INDEX) return true;
  switch (n->class) {
    case NODE_TENSOR: return n->tensor->kind != VALUE_REAL && n->tensor->role <= TENSOR_TARGET;
    case NODE_CONSTANT: return (double)(int32_t)n->value >= n->value &&
                               (double)(int32_t)n->value <= n->value;
    case NODE_VIEW: return node_is_whole(n->operand[0]);
    case NODE_SUM: break;
    default: return false;
  }
  if (n->value < (double)(int16_t)n->value || n->value > (double)(int16_t)n->value) return false;
  for (int k = 0; k < n->operands; k++) {
    double by = n->coefficient[k];
    if (by < (double)(int16_t)by || by > (double)(int16_t)by) return false;
    if (!node_is_whole(n->operand[k])) return false;
  }
  return true;
}

/* The label of a bracket [label = k], or NULL. */
static const node *bracket_label(const node *bracket, axis k) {
  if (bracket->class != NODE_MAP || bracket->op != OP_equal) return NULL;
  for (int side = 0; side < 2; side++) {
    const node *index = bracket->operand[side], *label = bracket->operand[1 - side];
    if (index->class != NODE_INDEX || index->axes[0] != k) continue;
    if (node_is_whole(label) && !node_has_axis(label, k)) return label;
  }
  return NULL;
}

static bool label_is_told(const told_axes *told, const node *label) {
  for (int t = 0; t < told->count; t++) {
    if (node_has_axis(label, told->along[t])) return true;
  }
  return false;
}

const node *label_written_at(const node *product, axis k) {
  if (!node_has_axis(product, k)) return NULL;
  for (int f = 0; f < product->operands; f++) {
    const node *label = bracket_label(product->operand[f], k);
    for (int b = 0; label && b < product->bound; b++) {
      if (node_has_axis(label, product->bound_axes[b])) return label;
    }
  }
  return NULL;
}

/* A label may depend on an axis that stays, not on one that is told itself. */
static bool tells_another(const told_axes *told, axis k) {
  for (int t = 0; t < told->count; t++) {
    if (node_has_axis(told->label[t], k)) return true;
  }
  return false;
}

bool told_has(const told_axes *told, axis a) {
  for (int t = 0; t < told->count; t++) {
    if (told->along[t] == a) return true;
  }
  return false;
}

told_axes product_told_axes(const node *product) {
  told_axes told = {.count = 0};
  for (int b = 0; b < product->bound; b++) {
    axis k = product->bound_axes[b];
    for (int f = 0; f < product->operands; f++) {
      const node *label = bracket_label(product->operand[f], k);
      if (!label || label_is_told(&told, label) || tells_another(&told, k)) continue;
      told.along[told.count] = k;
      told.factor[told.count] = f;
      told.label[told.count++] = label;
      break;
    }
  }
  return told;
}

bool node_is_gather(const node *n) {
  return n->class == NODE_PRODUCT && n->bound > 0 && product_told_axes(n).count == n->bound;
}

/* Labels of class(n) are below n by contract with the caller; of count(n), at most n. */
int64_t label_bound(const graph *g, const node *n) {
  while (n->class == NODE_VIEW) n = n->operand[0];
  if (n->class == NODE_TENSOR) return n->tensor->limit + (n->tensor->kind == VALUE_COUNT);
  if (n->class == NODE_SELECT && n->bound_axes[0] != AXIS_BATCH) {
    return axis_extent(g, n->bound_axes[0]);
  }
  return INT32_MAX;
}

static index_form label_form(arena *memory, const graph *g, const node *n,
                             const environment *where) {
  variable *v = arena_alloc(memory, sizeof *v);
  v->kind = VARIABLE_LABEL;
  v->label = n;
  v->where = where;
  v->high = label_bound(g, n);
  return index_of(v);
}

index_form index_of_whole(arena *memory, const graph *g, const node *n,
                          const environment *where) {
  if (n->class == NODE_INDEX) return environment_at(where, n->axes[0]);
  if (n->class == NODE_CONSTANT) return index_constant((int64_t)n->value);
  if (n->class == NODE_VIEW) {
    condition *outside = NULL;
    const environment *inner = environment_through(memory, g, n->view, where, &outside);
    if (inner && !outside) return index_of_whole(memory, g, n->operand[0], inner);
  }
  if (n->class != NODE_SUM) return label_form(memory, g, n, where);
  index_form form = index_constant((int64_t)n->value);
  for (int k = 0; k < n->operands; k++) {
    index_form term = index_of_whole(memory, g, n->operand[k], where);
    form = index_add(form, (int64_t)n->coefficient[k], &term);
  }
  return form;
}

const environment *environment_tell(arena *memory, const graph *g, const told_axes *told,
                                    const environment *where, condition **conditions) {
  const environment *inner = where;
  for (int t = 0; t < told->count; t++) {
    index_form at = index_of_whole(memory, g, told->label[t], where);
    if (told->along[t] != AXIS_BATCH) {
      condition_add(memory, conditions, at, 0, axis_extent(g, told->along[t]));
    }
    inner = environment_put(memory, inner, told->along[t], at);
  }
  return inner;
}
