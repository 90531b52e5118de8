/* Rewrite rules, tried on every node that a constructor is about to make: those of simplify.def,
 * and the logarithm of a product, which has any number of factors. */
#include <math.h>
#include <stdlib.h>

#include "rewrite.h"

const rewrite_rule simplify_rules[] = {
#define RULE(identifier, rule_text) {#identifier, rule_text},
#include "simplify.def"
#undef RULE
};
const size_t simplify_rule_count = sizeof simplify_rules / sizeof *simplify_rules;

/* A rule made ready: under the op or class that its pattern begins with. */
typedef struct ready_rule {
  const char *name;
  rewrite text;
  node_class class;
  op op;
} ready_rule;

typedef struct ready_rules {
  size_t count;
  ready_rule rules[];
} ready_rules;

/* ---- log of a product --------------------------------------------------------------------- */

/* log(f^p) = p log f: f positive, or a power that is defined for positive f alone, or odd. */
static bool log_takes(const node *base, double power) {
  double whole = floor(power);
  if (base->positive || whole < power) return true;
  return fabs(fmod(power, 2)) > 0.5;
}

/* log of a product = sum of p log f over the positive factors, and the log of what is left. */
static const node *log_of_product(graph *g, const node *candidate) {
  const node *product = candidate->operand[0];
  if (product->class != NODE_PRODUCT || product->bound > 0) return NULL;
  arena *memory = graph_memory(g);
  size_t count = (size_t)product->operands;
  const node **left = arena_alloc(memory, count * sizeof *left);
  double *left_power = arena_alloc(memory, count * sizeof *left_power);
  const node *result = node_constant(g, 0);
  int rest = 0;
  for (int k = 0; k < product->operands; k++) {
    const node *base = product->operand[k];
    bool alone = product->operands == 1 && log_takes(base, product->power[k]);
    if (base->positive || alone) {
      const node *part = node_map1(g, OP_log, base);
      result = node_add(g, result, node_scale(g, product->power[k], part));
    } else {
      left[rest] = base;
      left_power[rest++] = product->power[k];
    }
  }
  if (rest == product->operands) return NULL;
  if (rest == 0) return result;
  const node *remaining = node_product(g, rest, left, left_power, 0, NULL);
  return node_add(g, result, node_map1(g, OP_log, remaining));
}

/* log(c f) = log c + log f for a positive f or exponential, so that log meets it. */
static const node *log_of_scaled(graph *g, const node *candidate) {
  const node *sum = candidate->operand[0];
  if (sum->class != NODE_SUM || sum->operands != 1 || sum->value < 0 || sum->value > 0) {
    return NULL;
  }
  if (sum->coefficient[0] <= 0 || !sum->operand[0]->positive) return NULL;
  return node_add(g, node_map1(g, OP_log, node_constant(g, sum->coefficient[0])),
                  node_map1(g, OP_log, sum->operand[0]));
}

/* ---- rules as text ------------------------------------------------------------------------ */

static const node *apply_to_product(graph *g, const ready_rule *rule, const node *candidate) {
  match m = {.g = g};
  unsigned used;
  int rest = 0;
  if (!match_product(&m, rule->text.pattern, candidate, &used)) return NULL;
  arena *memory = graph_memory(g);
  size_t count = (size_t)candidate->operands + 1;
  const node **factors = arena_alloc(memory, count * sizeof *factors);
  double *powers = arena_alloc(memory, count * sizeof *powers);
  for (int k = 0; k < candidate->operands; k++) {
    if (used >> k & 1) continue;
    factors[rest] = candidate->operand[k];
    powers[rest++] = candidate->power[k];
  }
  factors[rest] = instantiate(g, rule->text.replacement, m.count, m.bindings);
  powers[rest++] = 1;
  return node_product(g, rest, factors, powers, 0, NULL);
}

static const node *apply(graph *g, const ready_rule *rule, const node *candidate) {
  if (candidate->class == NODE_PRODUCT) return apply_to_product(g, rule, candidate);
  match m = {.g = g};
  if (!match_node(&m, rule->text.pattern, candidate)) return NULL;
  return instantiate(g, rule->text.replacement, m.count, m.bindings);
}

static const node *simplified(graph *g, const node *candidate, void *data) {
  const ready_rules *ready = data;
  if (candidate->class != NODE_MAP && candidate->class != NODE_PRODUCT) return NULL;
  if (candidate->class == NODE_PRODUCT && candidate->bound > 0) return NULL;
  if (candidate->class == NODE_MAP && candidate->op == OP_log) {
    const node *better = log_of_product(g, candidate);
    if (better) {
      graph_cite(g, "log_of_product", candidate, better);
      return better;
    }
    better = log_of_scaled(g, candidate);
    if (better) {
      graph_cite(g, "log_of_product", candidate, better);
      return better;
    }
  }
  for (size_t k = 0; k < ready->count; k++) {
    const ready_rule *rule = &ready->rules[k];
    if (rule->class != candidate->class) continue;
    if (rule->class == NODE_MAP && rule->op != candidate->op) continue;
    const node *better = apply(g, rule, candidate);
    if (!better) continue;
    graph_cite(g, rule->name, candidate, better);
    return better;
  }
  return NULL;
}

static void make_ready(graph *g, const rewrite_rule *rule, ready_rule *out) {
  arena *memory = graph_memory(g);
  report *to = report_new(memory, stderr);
  const source *file = source_of_text(memory, rule->name, rule->text, true);
  if (!parse_rewrite(memory, graph_names(g), to, file, &out->text)) abort();
  const expression *pattern = out->text.pattern;
  int arity = 0;
  out->name = rule->name;
  out->class = pattern->kind == EXPRESSION_CALL ? NODE_MAP : NODE_PRODUCT;
  for (const argument *a = pattern->arguments; a; a = a->next) arity++;
  if (out->class == NODE_MAP && !op_find(pattern->left->word, arity, &out->op)) abort();
}

void simplify_install(graph *g) { simplify_install_with(g, NULL); }

void simplify_install_with(graph *g, const rewrite_rule *planted) {
  size_t count = simplify_rule_count + (planted != NULL), at = 0;
  ready_rules *ready =
      arena_alloc(graph_memory(g), sizeof *ready + count * sizeof *ready->rules);
  ready->count = count;
  if (planted) make_ready(g, planted, &ready->rules[at++]);
  for (size_t k = 0; k < simplify_rule_count; k++) {
    make_ready(g, &simplify_rules[k], &ready->rules[at++]);
  }
  graph_set_rewrite(g, simplified, ready);
}
