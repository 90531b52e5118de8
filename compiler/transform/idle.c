/* idle: what is left of an optimizer's rule while a hyperparameter is 0, as the momentum of plain
 * gradient descent: a state that nothing reads then need not be kept. */
#include "transform.h"

/* n where the hyperparameter `off` is 0: the constructors leave out what that makes of it. */
static const node *node_without(graph *g, const node *n, const tensor *off) {
  if (n->class == NODE_TENSOR && n->tensor == off) return node_constant(g, 0);
  if (n->operands == 0) return n;
  const node **operand = arena_alloc(graph_memory(g), (size_t)n->operands * sizeof *operand);
  for (int k = 0; k < n->operands; k++) operand[k] = node_without(g, n->operand[k], off);
  return node_with_operands(g, n, operand);
}

/* Whether any state is idle without it; then `made` is the rule without both. */
static bool leave_out(graph *g, const optimizer_rule *rule, const tensor *off,
                      optimizer_rule *made) {
  bool any = false;
  *made = *rule;
  made->new_p = node_without(g, rule->new_p, off);
  for (int k = 0; k < rule->states; k++) {
    made->new_state[k] = node_without(g, rule->new_state[k], off);
  }
  for (int k = 0; k < rule->states; k++) {
    made->idle[k] = !rule_reads(made, rule->state[k]);
    any = any || made->idle[k];
  }
  return any;
}

/* Of hyperparameters that are 0 unless somebody asks for more. */
void find_idle_states(program *p) {
  for (int k = 0; k < p->optimizers; k++) {
    optimizer_rule *rule = &p->optimizer[k], *made = arena_alloc(graph_memory(p->g), sizeof *made);
    for (int h = 1; h < rule->hyperparameters && !rule->off; h++) {
      const double value = rule->default_value[h];
      if (!rule->has_default[h] || value < 0 || value > 0) continue;
      if (!leave_out(p->g, rule, rule->hyperparameter[h], made)) continue;
      rule->off = rule->hyperparameter[h];
      rule->without_off = made;
    }
  }
}
