/* Renamings float outwards: f(rename(x), rename(y)) becomes rename(f(x, y)), so that a value is
 * computed once, under the axes of the tensor that it comes from, and equal terms meet. */
#include "construct.h"

/* The axis underneath that `n` shows as `outer`, if n is a view that only renames. */
static bool native_axis(const graph *g, const node *n, axis outer, axis *native) {
  axis from[MAX_RANK], to[MAX_RANK];
  if (n->class != NODE_VIEW || !view_is_rename(g, n->view)) return false;
  int count = view_renamed_axes(n->view, from, to);
  for (int k = 0; k < count; k++) {
    if (to[k] != outer) continue;
    *native = from[k];
    return true;
  }
  return false;
}

/* An operand can come along if it does not know the axis, is made anew, or is a view itself
 * (which absorbs the new name) that shows the axis by its own writes. */
static bool can_follow(const node *n, axis outer) {
  if (!node_has_axis(n, outer) || node_follows(n, 1, &outer)) return true;
  if (n->class != NODE_VIEW) return false;
  for (int k = 0; k < n->view->writes; k++) {
    if (n->view->write[k].along == outer) return true;
  }
  return false;
}

static bool can_float(int count, const node **operands, axis outer, axis native) {
  for (int k = 0; k < count; k++) {
    if (node_has_axis(operands[k], native) || !can_follow(operands[k], outer)) return false;
  }
  return true;
}

/* Some operand's own name for `outer` that all the others can take on. */
static bool find_native(const graph *g, int count, const node **operands, int bound,
                        const axis *bound_axes, axis outer, axis *native) {
  for (int k = 0; k < count; k++) {
    if (!native_axis(g, operands[k], outer, native)) continue;
    bool taken = false;
    for (int b = 0; b < bound; b++) taken = taken || bound_axes[b] == *native;
    if (!taken && can_float(count, operands, outer, *native)) return true;
  }
  return false;
}

static bool is_bound(int bound, axis *bound_axes, axis outer, axis native) {
  for (int b = 0; b < bound; b++) {
    if (bound_axes[b] != outer) continue;
    bound_axes[b] = native;
    return true;
  }
  return false;
}

void float_operands(graph *g, int count, const node **operands, int bound, axis *bound_axes,
                    floated *out) {
  axis_set axes = {0};
  out->count = 0;
  bool any = false;
  for (int k = 0; k < count; k++) any = any || operands[k]->class == NODE_VIEW;
  if (!any) return;
  for (int k = 0; k < count; k++) {
    if (axes.count + operands[k]->rank > 2 * MAX_RANK) return;
    set_add_all(&axes, operands[k]->rank, operands[k]->axes);
  }
  for (int a = 0; a < axes.count; a++) {
    axis outer = axes.axes[a], native;
    if (outer == AXIS_BATCH) continue;
    if (!find_native(g, count, operands, bound, bound_axes, outer, &native)) continue;
    for (int k = 0; k < count; k++) operands[k] = node_rename(g, operands[k], outer, native);
    if (is_bound(bound, bound_axes, outer, native)) continue;
    out->native[out->count] = native;
    out->outer[out->count++] = outer;
  }
}

const node *float_wrap(graph *g, const node *n, const floated *f) {
  return f->count ? node_rename_axes(g, n, f->count, f->native, f->outer) : n;
}
