/* Warnings that the derivation gives rise to, each at its place in the model. They change nothing.
 *
 * Needs: a derived program that is not lowered yet. */
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
  place where = program_place(d->p, t->word, t->where);
  if (!node_is_constant(gradient, 0)) return;
  if (is_read(d, t)) {
    report_warning(d->to, where, "the gradient of '%s' is zero everywhere: floor, sign, argmax, "
                   "comparisons and stop have no derivative, so it will never change", t->word);
  } else {
    report_warning(d->to, where, "the loss does not depend on '%s', so it will never change; "
                   "leave it out or use it", t->word);
  }
}

/* ---- squashed twice ----------------------------------------------------------------------- */

static bool is_map(const node *n, op operation) {
  return n->class == NODE_MAP && n->op == operation;
}

/* exp(z - logsumexp(z)): a softmax. */
static bool is_softmax(const node *n) {
  if (!is_map(n, OP_exp) || n->operand[0]->class != NODE_SUM) return false;
  const node *sum = n->operand[0];
  for (int k = 0; k < sum->operands; k++) {
    const node *term = sum->operand[k];
    bool lse = term->class == NODE_SELECT && term->select == SELECT_LOGSUMEXP;
    if (lse && sum->coefficient[k] < 0) return true;
  }
  return false;
}

static bool is_squashed_twice(const node *n) {
  bool lse = n->class == NODE_SELECT && n->select == SELECT_LOGSUMEXP;
  bool squashes = lse || is_map(n, OP_sigmoid);
  return squashes && (is_map(n->operand[0], OP_sigmoid) || is_softmax(n->operand[0]));
}

/* The first equation of the user's that the value stands in; false if it stands in the loss only. */
static bool find_equation(const diagnosis *d, const node *n, place *found) {
  for (int k = 0; k < d->p->definitions; k++) {
    const definition *one = &d->p->definition[k];
    bool own = one->value && one->where.file && !one->where.file->shipped;
    if (!own || !reach_of(d->p->g, one->value)[n->id]) continue;
    *found = one->where;
    return true;
  }
  return false;
}

static void diagnose_squashing(const diagnosis *d) {
  for (int id = 0; id < graph_node_count(d->p->g); id++) {
    const node *n = graph_node(d->p->g, id);
    place where = {0};
    if (!d->objective[id] || !is_squashed_twice(n)) continue;
    if (!find_equation(d, n, &where)) find_equation(d, n->operand[0], &where);
    report_warning(d->to, where, "a sigmoid or softmax of what lies between 0 and 1 already; give it "
                   "the values before the first one");
  }
}

/* ---- precision ---------------------------------------------------------------------------- */

static bool is_constant_near(double value, double what) { return value >= what && value <= what; }

/* 1 - p of a p between 0 and 1: a logarithm's digits are lost where p is close to 1. */
static bool is_one_minus(const node *n) {
  bool one = n->class == NODE_SUM && n->operands == 1 && is_constant_near(n->value, 1);
  if (!one || !is_constant_near(n->coefficient[0], -1)) return false;
  const node *p = n->operand[0];
  return is_map(p, OP_exp) || is_map(p, OP_sigmoid) || is_map(p, OP_tanh);
}

static bool has_exponential(const node *n) {
  for (int k = 0; k < n->operands; k++) {
    bool above = n->class != NODE_PRODUCT || n->power[k] > 0;
    if (above && is_map(n->operand[k], OP_exp)) return true;
  }
  return is_map(n, OP_exp);
}

/* sum(exp(z)), which by now is exp(logsumexp(z)); sum(w * exp(z)). */
static bool is_summed_exponential(const node *n) {
  const node *of = is_map(n, OP_exp) ? n->operand[0] : n;
  if (of->class == NODE_SELECT && of->select == SELECT_LOGSUMEXP && of != n) return true;
  if (n->class != NODE_PRODUCT || n->bound == 0) return false;
  for (int k = 0; k < n->operands; k++) {
    const node *factor = n->operand[k];
    bool weighted = factor->class == NODE_PRODUCT && factor->bound == 0;
    if (weighted && n->power[k] > 0 && has_exponential(factor)) return true;
  }
  return has_exponential(n);
}

/* exp(a) + 2 exp(b), 1 + sum(exp(z)). One exponential beside a number is no such sum, nor is a
 * difference: that is sinh. */
static bool is_exponentials(const node *n) {
  int single = 0, summed = 0;
  if (n->class != NODE_SUM) return is_summed_exponential(n);
  for (int k = 0; k < n->operands; k++) {
    if (n->coefficient[k] <= 0) return false;
    single += is_map(n->operand[k], OP_exp);
    summed += is_summed_exponential(n->operand[k]);
  }
  return single > 1 || summed > 0;
}

/* exp(a) / (sum of exponentials), or the part of it that a contraction takes in. */
static bool is_quotient_of_exponentials(const node *n) {
  if (n->class != NODE_PRODUCT || !has_exponential(n)) return false;
  for (int k = 0; k < n->operands; k++) {
    if (is_constant_near(n->power[k], -1) && is_exponentials(n->operand[k])) return true;
  }
  return false;
}

static const char *lost_digits(const node *n) {
  if (is_map(n, OP_log) && is_one_minus(n->operand[0])) {
    return "log(1 - p) loses digits where p is small or close to 1, and no stable form was found; "
           "for p = exp(a) write log(-expm1(a)), else log1p(-p)";
  }
  if (is_map(n, OP_log) && is_exponentials(n->operand[0])) {
    return "log of a sum of exponentials overflows where one of them does, and no stable form was "
           "found; write logsumexp, a factor c as log(c) in the exponent";
  }
  if (is_quotient_of_exponentials(n)) {
    return "exp over a sum of exponentials overflows where one of them does, and no stable form "
           "was found; write it by softmax or logsumexp";
  }
  return NULL;
}

/* Constructors have mended what they could by now, and lowering mends nothing of this kind: it only
 * writes out log-sum-exp and softplus, which are stable. */
static void diagnose_precision(const diagnosis *d) {
  for (int id = 0; id < graph_node_count(d->p->g); id++) {
    const node *n = graph_node(d->p->g, id);
    const char *lost = d->objective[id] ? lost_digits(n) : NULL;
    place where = d->p->objective_where;
    if (!lost) continue;
    find_equation(d, n, &where);
    report_warning(d->to, where, "%s", lost);
  }
}

void diagnose(const program *p, report *to) {
  if (!p->objective) return;
  diagnosis d = {.p = p, .to = to, .objective = reach_of(p->g, p->objective)};
  const bool learns = p->objective_where.file != NULL;
  for (int k = 0; k < p->gradients && k < p->parameters && learns; k++) {
    diagnose_parameter(&d, p->parameter[k], p->gradient[k].value);
  }
  diagnose_squashing(&d);
  diagnose_precision(&d);
}
