/* Selections over axes: maximum, log-sum-exp, argmax, each with an optional bracket. */
#include <math.h>

#include "construct.h"

static const node *make_select(graph *g, select_kind select, int count, const node **operands,
                               const axis_set *bound) {
  axis_set axes = {0};
  for (int k = 0; k < count; k++) set_add_all(&axes, operands[k]->rank, operands[k]->axes);
  for (int k = 0; k < bound->count; k++) set_remove(&axes, bound->axes[k]);
  return node_intern(g, &(node){.class = NODE_SELECT,
                                .rank = axes.count,
                                .axes = axes.axes,
                                .operands = count,
                                .operand = operands,
                                .integer = select == SELECT_ARGMAX,
                                .bound = bound->count,
                                .bound_axes = bound->axes,
                                .select = select});
}

/* What does not vary along the bound axes stands outside: max(z + c) = max(z) + c, likewise for
 * log-sum-exp. Splits a sum into the part to keep inside and the part outside. Not after lowering:
 * the adjoint's [z = max z] needs a maximum of just the numbers that it compares. */
static bool split_sum(graph *g, const node *a, const axis_set *bound, const node **inside,
                      const node **outside) {
  if (g->lowered || a->class != NODE_SUM) return false;
  const node **in = scratch(g, (size_t)a->operands, sizeof *in);
  const node **out = scratch(g, (size_t)a->operands, sizeof *out);
  double *in_by = scratch(g, (size_t)a->operands, sizeof *in_by);
  double *out_by = scratch(g, (size_t)a->operands, sizeof *out_by);
  int ins = 0, outs = 0;
  for (int k = 0; k < a->operands; k++) {
    bool varies = false;
    for (int b = 0; b < bound->count; b++) {
      varies = varies || node_has_axis(a->operand[k], bound->axes[b]);
    }
    (varies ? in : out)[varies ? ins : outs] = a->operand[k];
    (varies ? in_by : out_by)[varies ? ins++ : outs++] = a->coefficient[k];
  }
  bool constant = a->value < 0 || a->value > 0;
  if (ins == 0 || (outs == 0 && !constant)) return false;
  *inside = node_sum(g, 0, ins, in, in_by);
  *outside = node_sum(g, a->value, outs, out, out_by);
  return true;
}

static bool varies_along(const node *a, const node *guard, axis b) {
  return node_has_axis(a, b) || (guard && node_has_axis(guard, b));
}

static const node *select_of(graph *g, select_kind select, const node *a, const node *guard,
                             int bound, const axis *bound_axes) {
  axis_set over = {0};
  const node *copies = node_constant(g, 0); /* log of how many equal values there are */
  if (guard && guard->class == NODE_CONSTANT) {
    if (node_is_constant(guard, 0)) return node_constant(g, -(double)INFINITY);
    guard = NULL;
  }
  for (int k = 0; k < bound; k++) {
    if (varies_along(a, guard, bound_axes[k])) {
      set_add(&over, bound_axes[k]);
    } else if (select == SELECT_LOGSUMEXP) {
      copies = node_add(g, copies, node_map1(g, OP_log, node_size(g, bound_axes[k])));
    }
  }
  if (over.count == 0 && guard) { /* the bracket decides whether there is anything at all */
    for (int k = 0; k < bound; k++) set_add(&over, bound_axes[k]);
    copies = node_constant(g, 0);
  }
  if (over.count == 0) {
    if (select == SELECT_ARGMAX) return node_constant(g, 0);
    return node_add(g, a, copies);
  }
  const node *inside, *outside;
  if (split_sum(g, a, &over, &inside, &outside)) {
    const node *rest = node_select(g, select, inside, guard, over.count, over.axes);
    if (select == SELECT_ARGMAX) return rest;
    return node_add(g, node_add(g, rest, outside), copies);
  }
  const node *operands[2] = {a, guard};
  floated outer;
  int count = guard ? 2 : 1;
  float_operands(g, count, operands, over.count, over.axes, &outer);
  axis_set sorted = {0};
  set_add_all(&sorted, over.count, over.axes);
  const node *made = make_select(g, select, count, operands, &sorted);
  return node_add(g, float_wrap(g, made, &outer), copies);
}

const node *node_select(graph *g, select_kind select, const node *a, const node *guard, int bound,
                        const axis *bound_axes) {
  if (!g->records) return select_of(g, select, a, guard, bound, bound_axes);
  written_term from = {.factor = 1,
               .form = {.class = NODE_SELECT, .operands = guard ? 2 : 1,
                        .operand = (const node *[]){a, guard}, .select = select, .bound = bound,
                        .bound_axes = bound_axes}};
  size_t begin = graph_call_begin(g);
  const node *made = select_of(g, select, a, guard, bound, bound_axes);
  graph_call_end(g, begin, &from, made);
  return made;
}
