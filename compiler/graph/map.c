/* Maps: a scalar function of the op table, element by element; and brackets made of them. */
#include <math.h>

#include "construct.h"

static const node *make_map(graph *g, op operation, int count, const node **operands) {
  axis_set axes = {0};
  for (int k = 0; k < count; k++) set_add_all(&axes, operands[k]->rank, operands[k]->axes);
  return node_intern(g, &(node){.class = NODE_MAP,
                                .rank = axes.count,
                                .axes = axes.axes,
                                .operands = count,
                                .operand = operands,
                                .boolean = op_rows[operation].boolean,
                                .op = operation});
}

static const node *fold(graph *g, op operation, int count, const node **operands) {
  for (int k = 0; k < count; k++) {
    if (operands[k]->class != NODE_CONSTANT) return NULL;
  }
  double value = op_evaluate(operation, operands[0]->value, count > 1 ? operands[1]->value : 0);
  return isfinite(value) ? node_constant(g, value) : NULL;
}

static const node *map_of(graph *g, op operation, const node *const *given) {
  int count = op_rows[operation].arity;
  const node *operands[OP_MAX_ARITY] = {given[0], count > 1 ? given[1] : NULL};
  const node *constant = fold(g, operation, count, operands);
  if (constant) return constant;
  floated outside;
  float_operands(g, count, operands, 0, NULL, &outside);
  return float_wrap(g, make_map(g, operation, count, operands), &outside);
}

const node *node_map(graph *g, op operation, const node *const *given) {
  if (!g->records) return map_of(g, operation, given);
  written_term from = {.factor = 1,
               .form = {.class = NODE_MAP, .operands = op_rows[operation].arity,
                        .operand = given, .op = operation}};
  size_t begin = graph_call_begin(g);
  const node *made = map_of(g, operation, given);
  graph_call_end(g, begin, &from, made);
  return made;
}

const node *node_map1(graph *g, op operation, const node *a) {
  return node_map(g, operation, &a);
}

const node *node_map2(graph *g, op operation, const node *a, const node *b) {
  return node_map(g, operation, (const node *[]){a, b});
}

const node *node_bracket(graph *g, const node *a) {
  return a->boolean ? a : node_map2(g, OP_not_equal, a, node_constant(g, 0));
}

/* Comparisons turn round but for < and <=: there a NaN makes both false. */
const node *node_not(graph *g, const node *a) {
  a = node_bracket(g, a);
  if (a->class == NODE_CONSTANT) return node_constant(g, a->value > 0 || a->value < 0 ? 0 : 1);
  if (a->class == NODE_MAP && a->op == OP_not) return a->operand[0];
  if (a->class == NODE_MAP && a->op == OP_equal) return node_map(g, OP_not_equal, a->operand);
  if (a->class == NODE_MAP && a->op == OP_not_equal) return node_map(g, OP_equal, a->operand);
  return node_map1(g, OP_not, a);
}

const node *node_where(graph *g, const node *condition, const node *a, const node *b) {
  condition = node_bracket(g, condition);
  if (condition->class == NODE_CONSTANT) {
    return condition->value > 0 || condition->value < 0 ? a : b;
  }
  return a == b ? a
                : node_add(g, node_multiply(g, condition, a),
                           node_multiply(g, node_not(g, condition), b));
}

const node *node_onehot(graph *g, const node *class_value, axis k) {
  return node_map2(g, OP_equal, class_value, node_index(g, k));
}

const node *node_pow(graph *g, const node *a, const node *b) {
  return b->class == NODE_CONSTANT ? node_power(g, a, b->value) : node_map2(g, OP_pow, a, b);
}
