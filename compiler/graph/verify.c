/* What every program must hold between two passes; a broken rule is found where it breaks. */
#include "construct.h"

static const char *fault(const graph *g, const node *n, const char *what) {
  text out = text_new(g->memory);
  print_node(&out, g, n, 3);
  return arena_printf(g->memory, "node %d, %s: %s", n->id, out.chars, what);
}

static const char *check_axes(const graph *g, const node *n) {
  for (int k = 0; k < n->rank; k++) {
    if (k > 0 && n->axes[k - 1] >= n->axes[k]) return fault(g, n, "axes are not sorted");
    if (node_binds(n, n->axes[k])) return fault(g, n, "an axis is both free and bound");
    if (n->axes[k] != AXIS_BATCH && axis_extent(g, n->axes[k]) == 1) {
      return fault(g, n, "has an axis of extent 1");
    }
  }
  return NULL;
}

static const char *check_affine(const graph *g, const node *n, const affine *a) {
  int64_t low = a->constant, high = a->constant;
  for (int u = 0; u < n->view->box; u++) {
    int64_t reach = a->coefficient[u] * (n->view->extent[u] - 1);
    *(reach < 0 ? &low : &high) += reach;
  }
  if (a->along == AXIS_BATCH) return fault(g, n, "a view of the batch");
  if (low < 0 || high >= axis_extent(g, a->along)) return fault(g, n, "reaches outside");
  return NULL;
}

static const char *check_view(const graph *g, const node *n) {
  const view *v = n->view;
  const char *wrong = NULL;
  for (int k = 0; k < v->reads && !wrong; k++) {
    if (!node_has_axis(n->operand[0], v->read[k].along)) {
      return fault(g, n, "reads along an axis that the operand lacks");
    }
    wrong = check_affine(g, n, &v->read[k]);
  }
  for (int k = 0; k < v->writes && !wrong; k++) wrong = check_affine(g, n, &v->write[k]);
  return wrong;
}

static const char *check_tensor(const graph *g, const node *n) {
  const tensor *t = n->tensor;
  for (int k = 0; k < t->rank; k++) {
    if (n->dims[k] == AXIS_UNIT ? t->shape[k] != 1
                                : axis_extent(g, n->dims[k]) != t->shape[k]) {
      return fault(g, n, "dims do not fit the tensor's shape");
    }
  }
  if ((t->role == TENSOR_REFERENCE || t->role == TENSOR_BARRIER) && !t->body) {
    return fault(g, n, "a reference without a body");
  }
  return NULL;
}

static const char *check_node(const graph *g, const node *n, bool lowered) {
  const char *wrong = check_axes(g, n);
  for (int k = 0; k < n->operands && !wrong; k++) {
    if (n->operand[k]->id >= n->id) return fault(g, n, "uses what was made after it");
  }
  if (!wrong && n->class == NODE_VIEW) wrong = check_view(g, n);
  if (!wrong && n->class == NODE_TENSOR) wrong = check_tensor(g, n);
  if (!wrong && lowered && n->class == NODE_SELECT && n->select == SELECT_LOGSUMEXP) {
    wrong = fault(g, n, "not lowered");
  }
  return wrong;
}

const char *verify_program(const program *p, bool lowered) {
  const bool *reached = program_reach(p, p->gradients > 0);
  const char *wrong = NULL;
  for (int id = 0; id < graph_node_count(p->g) && !wrong; id++) {
    if (reached[id]) wrong = check_node(p->g, graph_node(p->g, id), lowered);
  }
  if (!wrong && p->objective && p->objective->rank > 0) {
    wrong = fault(p->g, p->objective, "the objective is not a scalar");
  }
  return wrong;
}
