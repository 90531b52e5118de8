/* The record of steps: which term became which, by which rule. Terms are copied as they were
 * written; recording makes no node, so that a recorded compilation is the same as any other. */
#include <string.h>

#include "construct.h"

void graph_record(graph *g) { g->records = true; }
bool graph_records(const graph *g) { return g->records; }
size_t graph_steps(const graph *g) { return g->step_count; }
const derivation_step *graph_step(const graph *g, size_t number) { return &g->steps[number]; }

written_term term_of(const node *n) { return (written_term){.factor = 1, .node = n}; }

written_term term_of_sum(double value, int count, const node *const *terms, const double *coefficients) {
  return (written_term){.factor = 1,
                .form = {.class = NODE_SUM, .id = -1, .value = value, .operands = count,
                         .operand = terms, .coefficient = coefficients}};
}

written_term term_of_product(double factor, int count, const node *const *factors, const double *powers,
                     int bound, const axis *bound_axes) {
  return (written_term){.factor = factor,
                .form = {.class = NODE_PRODUCT, .id = -1, .operands = count, .operand = factors,
                         .power = powers, .bound = bound, .bound_axes = bound_axes}};
}

/* ---- keeping a copy ----------------------------------------------------------------------- */

static void *copied(graph *g, const void *items, size_t count, size_t bytes) {
  if (count == 0) return NULL;
  void *copy = arena_alloc(g->memory, count * bytes);
  memcpy(copy, items, count * bytes);
  return copy;
}

static double *weights(graph *g, const double *given, size_t count) {
  if (given) return copied(g, given, count, sizeof *given);
  double *ones = arena_alloc(g->memory, (count + 1) * sizeof *ones);
  for (size_t k = 0; k < count; k++) ones[k] = 1;
  return ones;
}

written_term term_copy(graph *g, const written_term *given) {
  written_term t = *given;
  node *n = &t.form;
  if (t.node) return t;
  size_t operands = (size_t)n->operands;
  n->id = -1;
  n->rank = 0;
  n->axes = NULL;
  n->operand = copied(g, n->operand, operands, sizeof *n->operand);
  if (n->class == NODE_SUM) n->coefficient = weights(g, n->coefficient, operands);
  if (n->class == NODE_PRODUCT) n->power = weights(g, n->power, operands);
  n->bound_axes = copied(g, n->bound_axes, (size_t)n->bound, sizeof *n->bound_axes);
  n->view = copied(g, n->view, n->view != NULL, sizeof *n->view);
  return t;
}

/* ---- the same term ------------------------------------------------------------------------ */

static double weight_at(const double *list, int k) { return list ? list[k] : 1; }

static bool has_operand(const node *n, const node *operand, double weight) {
  for (int k = 0; k < n->operands; k++) {
    const double *list = n->class == NODE_SUM ? n->coefficient : n->power;
    double difference = weight_at(list, k) - weight;
    if (n->operand[k] == operand && difference >= 0 && difference <= 0) return true;
  }
  return false;
}

/* Whether the constructor only put the operands into order. */
static bool is_as_given(const written_term *given, const node *made) {
  if (given->node) return given->node == made;
  const node *n = &given->form;
  if (n->class == NODE_SUM && n->operands == 1 && made == n->operand[0]) {
    return weight_at(n->coefficient, 0) >= 1 && weight_at(n->coefficient, 0) <= 1;
  }
  if (n->class == NODE_PRODUCT && n->operands == 1 && n->bound == 0 && made == n->operand[0]) {
    return weight_at(n->power, 0) >= 1 && weight_at(n->power, 0) <= 1;
  }
  if (n->class != made->class || n->op != made->op || n->select != made->select ||
      n->operands != made->operands || n->bound != made->bound ||
      n->value < made->value || n->value > made->value || given->factor < 1 || given->factor > 1) {
    return false;
  }
  if (n->class == NODE_VIEW) return false; /* whether views are equal is not worth asking */
  for (int k = 0; k < n->bound; k++) {
    if (!node_binds(made, n->bound_axes[k])) return false;
  }
  for (int k = 0; k < n->operands; k++) {
    const double *list = n->class == NODE_SUM ? n->coefficient : n->power;
    if (!has_operand(made, n->operand[k], weight_at(list, k))) return false;
  }
  return true;
}

/* ---- recording ---------------------------------------------------------------------------- */

void record_step(graph *g, const char *rule, const written_term *before, const written_term *after) {
  derivation_step made = {.rule = rule, .before = term_copy(g, before), .after = term_copy(g, after),
               .depth = g->depth, .first = g->step_count};
  ARENA_PUSH(g->memory, g->steps, g->step_count, g->step_capacity, made);
}

void graph_cite(graph *g, const char *rule, const node *candidate, const node *result) {
  if (!g->records) return;
  written_term before = {.factor = 1, .form = *candidate}, after = term_of(result);
  record_step(g, rule, &before, &after);
}

size_t graph_call_begin(graph *g) {
  g->depth++;
  return g->step_count;
}

void graph_call_end(graph *g, size_t begin, const written_term *given, const node *made) {
  g->depth--;
  if (is_as_given(given, made)) {
    g->step_count = begin;
    return;
  }
  written_term after = term_of(made);
  record_step(g, NULL, given, &after);
  g->steps[g->step_count - 1].first = begin;
}
