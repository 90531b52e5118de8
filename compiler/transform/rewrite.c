/* Expressions of the language over nodes: as replacements (instantiate) and patterns (match).
 * Only elementwise forms occur: numbers, names, + - * / ^, comparisons, calls of ops, where. */
#include <stdlib.h>
#include <string.h>

#include "rewrite.h"

/* ---- instantiate -------------------------------------------------------------------------- */

static void impossible(const char *what) {
  fprintf(stderr, "nncc: internal error: %s in the op table or in a rewrite rule\n", what);
  abort();
}

static const node *instantiate_call(graph *g, const expression *call, int count,
                                    const binding *bindings) {
  const node *values[3] = {NULL};
  int arity = 0;
  op operation;
  for (const argument *a = call->arguments; a && arity < 3; a = a->next) {
    values[arity++] = instantiate(g, a->value, count, bindings);
  }
  if (arity == 3 && strcmp(call->left->word, "where") == 0) {
    return node_where(g, values[0], values[1], values[2]);
  }
  if (!op_find(call->left->word, arity, &operation)) impossible("an unknown function");
  return node_map(g, operation, values);
}

const node *node_of_binary(graph *g, binary_operation operation, const node *a, const node *b) {
  switch (operation) {
    case BINARY_ADD: return node_add(g, a, b);
    case BINARY_SUBTRACT: return node_subtract(g, a, b);
    case BINARY_MULTIPLY: return node_multiply(g, a, b);
    case BINARY_DIVIDE: return node_divide(g, a, b);
    case BINARY_POWER: return node_pow(g, a, b);
    case BINARY_LESS: return node_map2(g, OP_less, a, b);
    case BINARY_LESS_EQUAL: return node_map2(g, OP_less_equal, a, b);
    case BINARY_GREATER: return node_map2(g, OP_less, b, a);
    case BINARY_GREATER_EQUAL: return node_map2(g, OP_less_equal, b, a);
    case BINARY_EQUAL: return node_map2(g, OP_equal, a, b);
    case BINARY_NOT_EQUAL: return node_map2(g, OP_not_equal, a, b);
    case BINARY_MATMUL: break;
  }
  impossible("@"); /* axes are not known here */
  return NULL;
}

const node *instantiate(graph *g, const expression *value, int count, const binding *bindings) {
  switch (value->kind) {
    case EXPRESSION_NUMBER: return node_constant(g, value->number);
    case EXPRESSION_NEGATE:
      return node_scale(g, -1, instantiate(g, value->left, count, bindings));
    case EXPRESSION_CALL: return instantiate_call(g, value, count, bindings);
    case EXPRESSION_BINARY:
      return node_of_binary(g, value->operation, instantiate(g, value->left, count, bindings),
                            instantiate(g, value->right, count, bindings));
    case EXPRESSION_NAME:
      for (int k = 0; k < count; k++) {
        if (bindings[k].word == value->word) return bindings[k].value;
      }
      break;
    default: break;
  }
  impossible("an expression that is not elementwise");
  return NULL;
}

/* ---- match -------------------------------------------------------------------------------- */

static bool is_one(double x) { return x >= 1 && x <= 1; }

static bool match_name(match *m, name word, const node *n) {
  for (int k = 0; k < m->count; k++) {
    if (m->bindings[k].word == word) return m->bindings[k].value == n;
  }
  if (m->count == MOST_BINDINGS) return false;
  m->bindings[m->count++] = (binding){word, n};
  return true;
}

/* What the normal form writes as minus something: a sum whose negative is known is -1 times that,
 * so of x - y and y - x only one is negative. */
static bool is_negative(const node *n) {
  if (n->class == NODE_CONSTANT) return n->value < 0;
  return n->class == NODE_SUM && n->operands == 1 && n->coefficient[0] < 0 && n->value <= 0 &&
         n->value >= 0;
}

static bool match_negated(match *m, const expression *pattern, const node *n) {
  bool known = false;
  for (int k = 0; k < m->count; k++) {
    known = known || (pattern->kind == EXPRESSION_NAME && m->bindings[k].word == pattern->word);
  }
  if (!known && !is_negative(n)) return false;
  return match_node(m, pattern, node_scale(m->g, -1, n));
}

/* The terms of a pattern sum with their signs, and its constant. */
typedef struct pattern_terms {
  int count;
  const expression *term[MOST_BINDINGS];
  double sign[MOST_BINDINGS];
  double value;
} pattern_terms;

static void collect_terms(const expression *e, double sign, pattern_terms *out) {
  if (e->kind == EXPRESSION_BINARY &&
      (e->operation == BINARY_ADD || e->operation == BINARY_SUBTRACT)) {
    collect_terms(e->left, sign, out);
    collect_terms(e->right, e->operation == BINARY_ADD ? sign : -sign, out);
  } else if (e->kind == EXPRESSION_NEGATE) {
    collect_terms(e->left, -sign, out);
  } else if (e->kind == EXPRESSION_NUMBER) {
    out->value += sign * e->number;
  } else if (out->count < MOST_BINDINGS) {
    out->sign[out->count] = sign;
    out->term[out->count++] = e;
  }
}

static bool match_terms(match *m, const pattern_terms *p, int k, const node *n, unsigned used) {
  if (k == p->count) return true;
  for (int j = 0; j < n->operands; j++) {
    match before = *m;
    double difference = n->coefficient[j] - p->sign[k];
    if ((used >> j & 1) || difference < 0 || difference > 0) continue;
    if (match_node(m, p->term[k], n->operand[j]) && match_terms(m, p, k + 1, n, used | 1u << j)) {
      return true;
    }
    *m = before;
  }
  return false;
}

static bool match_sum(match *m, const expression *pattern, const node *n) {
  pattern_terms p = {0};
  collect_terms(pattern, 1, &p);
  if (n->class != NODE_SUM || n->operands != p.count) return false;
  if (n->value < p.value || n->value > p.value) return false;
  return match_terms(m, &p, 0, n, 0);
}

typedef struct pattern_factors {
  int count;
  const expression *factor[MOST_BINDINGS];
  double power[MOST_BINDINGS];
} pattern_factors;

static bool constant_exponent(const expression *e, double *value) {
  double sign = 1;
  for (; e->kind == EXPRESSION_NEGATE; e = e->left) sign = -sign;
  *value = sign * e->number;
  return e->kind == EXPRESSION_NUMBER;
}

static void collect_factors(const expression *e, double power, pattern_factors *out) {
  double exponent;
  if (e->kind == EXPRESSION_BINARY &&
      (e->operation == BINARY_MULTIPLY || e->operation == BINARY_DIVIDE)) {
    collect_factors(e->left, power, out);
    collect_factors(e->right, e->operation == BINARY_MULTIPLY ? power : -power, out);
    return;
  }
  bool powered = e->kind == EXPRESSION_BINARY && e->operation == BINARY_POWER && is_one(power) &&
                 constant_exponent(e->right, &exponent);
  if (out->count == MOST_BINDINGS) return;
  out->factor[out->count] = powered ? e->left : e;
  out->power[out->count++] = powered ? exponent : power;
}

static bool match_factors(match *m, const pattern_factors *p, int k, const node *n,
                          unsigned *used) {
  if (k == p->count) return true;
  for (int j = 0; j < n->operands && j < 32; j++) {
    match before = *m;
    double difference = n->power[j] - p->power[k];
    if ((*used >> j & 1) || difference < 0 || difference > 0) continue;
    *used |= 1u << j;
    if (match_node(m, p->factor[k], n->operand[j]) && match_factors(m, p, k + 1, n, used)) {
      return true;
    }
    *used &= ~(1u << j);
    *m = before;
  }
  return false;
}

bool match_product(match *m, const expression *pattern, const node *n, unsigned *used) {
  pattern_factors p = {0};
  *used = 0;
  if (n->class != NODE_PRODUCT || n->bound > 0) return false;
  collect_factors(pattern, 1, &p);
  return p.count <= n->operands && match_factors(m, &p, 0, n, used);
}

static bool match_call(match *m, const expression *pattern, const node *n) {
  op operation;
  int arity = 0;
  for (const argument *a = pattern->arguments; a; a = a->next) arity++;
  if (!op_find(pattern->left->word, arity, &operation)) impossible("an unknown function");
  if (n->class != NODE_MAP || n->op != operation) return false;
  const argument *a = pattern->arguments;
  for (int k = 0; k < arity; k++, a = a->next) {
    if (!match_node(m, a->value, n->operand[k])) return false;
  }
  return true;
}

bool match_node(match *m, const expression *pattern, const node *n) {
  unsigned used;
  switch (pattern->kind) {
    case EXPRESSION_NAME: return match_name(m, pattern->word, n);
    case EXPRESSION_NUMBER: return node_is_constant(n, pattern->number);
    case EXPRESSION_NEGATE: return match_negated(m, pattern->left, n);
    case EXPRESSION_CALL: return match_call(m, pattern, n);
    case EXPRESSION_BINARY: break;
    default: impossible("a pattern that is not elementwise");
  }
  if (pattern->operation == BINARY_ADD || pattern->operation == BINARY_SUBTRACT) {
    return match_sum(m, pattern, n);
  }
  return match_product(m, pattern, n, &used) && used == (1u << n->operands) - 1;
}
