/* Warnings that the derivation gives rise to, each at its place in the model. They change nothing.
 *
 * Needs: a derived program that is not lowered yet. */
#include <string.h>

#include "transform.h"

typedef struct diagnosis {
  const program *p;
  report *to;
  bool *objective;        /* by node id: the loss is computed from it                            */
} diagnosis;

/* ---- what the loss depends on ------------------------------------------------------------- */

/* Operands have smaller ids, so one walk down marks them all, but for the bodies of references,
 * which may lie above: then once more. */
static bool *reach_of(const graph *g, const node *root) {
  bool *reached = arena_alloc(graph_memory(g), (size_t)graph_node_count(g) * sizeof *reached);
  bool again = true;
  reached[root->id] = true;
  while (again) {
    again = false;
    for (int id = graph_node_count(g); id-- > 0;) {
      const node *n = graph_node(g, id);
      if (!reached[id]) continue;
      for (int k = 0; k < n->operands; k++) reached[n->operand[k]->id] = true;
      const node *body = n->class == NODE_TENSOR ? n->tensor->body : NULL;
      if (!body || reached[body->id]) continue;
      reached[body->id] = true;
      again = true;
    }
  }
  return reached;
}

static bool is_read(const diagnosis *d, const tensor *t) {
  for (int id = 0; id < graph_node_count(d->p->g); id++) {
    const node *n = graph_node(d->p->g, id);
    if (d->objective[id] && n->class == NODE_TENSOR && n->tensor == t) return true;
  }
  return false;
}

static void diagnose_parameter(const diagnosis *d, const tensor *t, const node *gradient) {
  if (!node_is_constant(gradient, 0)) return;
  if (is_read(d, t)) {
    report_warning(d->to, t->where, "the gradient of '%s' is zero everywhere: floor, sign, argmax, "
                   "comparisons and stop have no derivative, so it will never change", t->word);
  } else {
    report_warning(d->to, t->where, "the loss does not depend on '%s', so it will never change; "
                   "leave it out or use it", t->word);
  }
}

void diagnose(const program *p, report *to) {
  if (!p->objective) return;
  diagnosis d = {.p = p, .to = to, .objective = reach_of(p->g, p->objective)};
  for (int k = 0; k < p->gradients && k < p->parameters; k++) {
    diagnose_parameter(&d, p->parameter[k], p->gradient[k].value);
  }
}
