/* Sums and their normal form: like terms collected, nested sums opened where terms meet, common
 * factors taken out and products expanded where that makes the expression smaller.
 *
 * The measure: a term costs 2 and its factors 1 each, a sum as a factor 2, a constant 1. */
#include <stdlib.h>
#include <string.h>

#include "construct.h"

typedef struct terms {
  graph *g;
  double value;
  size_t count, capacity, by_capacity;
  const node **node;
  double *by;
} terms;

static void add_term(terms *list, const node *n, double by) {
  if (by >= 0 && by <= 0) return;
  if (n->class == NODE_CONSTANT) {
    list->value += by * n->value;
    return;
  }
  if (n->class == NODE_SUM && n->operands == 1 && n->value >= 0 && n->value <= 0) {
    add_term(list, n->operand[0], by * n->coefficient[0]);
    return;
  }
  arena *memory = list->g->memory;
  list->by = arena_grow(memory, list->by, list->count, &list->by_capacity, sizeof *list->by);
  list->by[list->count] = by;
  ARENA_PUSH(memory, list->node, list->count, list->capacity, n);
}

/* ---- like terms --------------------------------------------------------------------------- */

typedef struct pair {
  const node *n;
  double by;
} pair;

static int by_id(const void *a, const void *b) {
  int left = ((const pair *)a)->n->id, right = ((const pair *)b)->n->id;
  return (left > right) - (left < right);
}

static void merge_terms(terms *list) {
  if (list->count < 2) return;
  pair *pairs = scratch(list->g, list->count, sizeof *pairs);
  for (size_t k = 0; k < list->count; k++) pairs[k] = (pair){list->node[k], list->by[k]};
  qsort(pairs, list->count, sizeof *pairs, by_id);
  size_t kept = 0;
  for (size_t k = 0; k < list->count;) {
    double by = 0, largest = 0;
    size_t first = k;
    for (; k < list->count && pairs[k].n == pairs[first].n; k++) {
      by += pairs[k].by;
      double size = pairs[k].by < 0 ? -pairs[k].by : pairs[k].by;
      if (size > largest) largest = size;
    }
    if ((by < 0 ? -by : by) <= 1e-15 * largest) continue; /* 0.1 + 0.2 - 0.3 */
    list->node[kept] = pairs[first].n;
    list->by[kept++] = by;
  }
  list->count = kept;
}

/* ---- nested sums -------------------------------------------------------------------------- */

static int compare_ids(const void *a, const void *b) {
  int left = *(const int *)a, right = *(const int *)b;
  return (left > right) - (left < right);
}

/* The ids of all terms, and of the terms of nested sums, sorted. */
static int *all_ids(const terms *list, size_t *count, int *constants) {
  size_t total = list->count;
  for (size_t k = 0; k < list->count; k++) {
    if (list->node[k]->class == NODE_SUM) total += (size_t)list->node[k]->operands;
  }
  int *ids = scratch(list->g, total + 1, sizeof *ids);
  *count = 0;
  *constants = list->value < 0 || list->value > 0;
  for (size_t k = 0; k < list->count; k++) {
    const node *n = list->node[k];
    ids[(*count)++] = n->id;
    if (n->class != NODE_SUM) continue;
    *constants += n->value < 0 || n->value > 0;
    for (int j = 0; j < n->operands; j++) ids[(*count)++] = n->operand[j]->id;
  }
  qsort(ids, *count, sizeof *ids, compare_ids);
  return ids;
}

static bool twice(const int *ids, size_t count, int id) {
  const int *found = bsearch(&id, ids, count, sizeof *ids, compare_ids);
  if (!found) return false;
  return (found > ids && found[-1] == id) || (found + 1 < ids + count && found[1] == id);
}

/* Opens nested sums that share a term with what stands beside them. True if any was opened. */
static bool open_sums(terms *list) {
  size_t count;
  int constants;
  bool nested = false, opened = false;
  for (size_t k = 0; k < list->count; k++) nested |= list->node[k]->class == NODE_SUM;
  if (!nested || (list->count < 2 && !(list->value < 0 || list->value > 0))) return false;
  const int *ids = all_ids(list, &count, &constants);
  terms next = {.g = list->g, .value = list->value};
  for (size_t k = 0; k < list->count; k++) {
    const node *n = list->node[k];
    bool meets = false;
    if (n->class == NODE_SUM) {
      meets = (n->value < 0 || n->value > 0) && constants > 1;
      for (int j = 0; j < n->operands; j++) meets = meets || twice(ids, count, n->operand[j]->id);
    }
    if (!meets) {
      add_term(&next, n, list->by[k]);
      continue;
    }
    opened = true;
    next.value += list->by[k] * n->value;
    for (int j = 0; j < n->operands; j++) {
      add_term(&next, n->operand[j], list->by[k] * n->coefficient[j]);
    }
  }
  *list = next;
  return opened;
}

/* ---- factors and expansion ---------------------------------------------------------------- */

enum { MOST_SUMS = 4, MOST_TERMS = 16, MOST_FACTORS = 8 };

typedef struct factors {
  int count;
  const node *base[MOST_FACTORS];
  double power[MOST_FACTORS];
} factors;

static bool is_plain_product(const node *n) { return n->class == NODE_PRODUCT && n->bound == 0; }

static bool add_power(factors *out, const node *base, double power) {
  for (int k = 0; k < out->count; k++) {
    if (out->base[k] != base) continue;
    out->power[k] += power;
    return true;
  }
  if (out->count == MOST_FACTORS) return false;
  out->power[out->count] = power;
  out->base[out->count++] = base;
  return true;
}

/* The factors of a term, those of products inside products too, each base once; false if there
 * are too many. */
static bool factors_of(const node *n, factors *out) {
  if (!is_plain_product(n)) return add_power(out, n, 1);
  for (int k = 0; k < n->operands; k++) {
    bool nested = n->power[k] >= 1 && n->power[k] <= 1 && is_plain_product(n->operand[k]);
    if (nested ? !factors_of(n->operand[k], out) : !add_power(out, n->operand[k], n->power[k])) {
      return false;
    }
  }
  return true;
}

static bool expandable(const node *base, double power) {
  return base->class == NODE_SUM && power >= 1 && power <= 1;
}

static int term_cost(const node *n) {
  factors f = {0};
  if (!factors_of(n, &f)) return 2 + MOST_FACTORS;
  int cost = 2;
  for (int k = 0; k < f.count; k++) cost += f.base[k]->class == NODE_SUM ? 2 : 1;
  return cost;
}

static int terms_cost(const terms *list) {
  int cost = list->value < 0 || list->value > 0;
  for (size_t k = 0; k < list->count; k++) cost += term_cost(list->node[k]);
  return cost;
}

/* Multiplies out one term into `out`. */
static void expand_term(graph *g, const factors *f, int k, const node **chosen, double by,
                        terms *out) {
  if (k == f->count) {
    double powers[MOST_FACTORS];
    for (int j = 0; j < f->count; j++) {
      powers[j] = expandable(f->base[j], f->power[j]) ? 1 : f->power[j];
    }
    add_term(out, node_product(g, f->count, chosen, powers, 0, NULL), by);
    return;
  }
  chosen[k] = f->base[k];
  if (!expandable(f->base[k], f->power[k])) {
    expand_term(g, f, k + 1, chosen, by, out);
    return;
  }
  const node *sum = f->base[k];
  for (int j = 0; j < sum->operands; j++) {
    chosen[k] = sum->operand[j];
    expand_term(g, f, k + 1, chosen, by * sum->coefficient[j], out);
  }
  if (sum->value < 0 || sum->value > 0) {
    chosen[k] = node_constant(g, 1);
    expand_term(g, f, k + 1, chosen, by * sum->value, out);
  }
}

static bool worth_expanding(const terms *list) {
  int sums = 0, products = 0;
  size_t results = 0;
  if (list->count < 2 && !(list->value < 0 || list->value > 0)) return false;
  for (size_t k = 0; k < list->count; k++) {
    factors f = {0};
    size_t here = 1;
    if (!factors_of(list->node[k], &f)) return false;
    for (int j = 0; j < f.count; j++) {
      if (!expandable(f.base[j], f.power[j])) continue;
      sums++;
      here *= (size_t)f.base[j]->operands + (f.base[j]->value < 0 || f.base[j]->value > 0);
      products += f.count > 1;
      if (here > MOST_TERMS) return false;
    }
    results += here;
  }
  return products > 0 && sums <= MOST_SUMS && results <= MOST_TERMS;
}

static const node *expanded(const terms *list) {
  graph *g = list->g;
  const node *chosen[MOST_FACTORS];
  if (!worth_expanding(list)) return NULL;
  terms wide = {.g = g, .value = list->value};
  for (size_t k = 0; k < list->count; k++) {
    factors f = {0};
    factors_of(list->node[k], &f);
    expand_term(g, &f, 0, chosen, list->by[k], &wide);
  }
  merge_terms(&wide);
  if (terms_cost(&wide) >= terms_cost(list)) return NULL;
  return node_sum(g, wide.value, (int)wide.count, wide.node, wide.by);
}

/* How much of base^power, a factor of the first term, every other term has too. */
static double common_power(const terms *list, const node *base, double power) {
  for (size_t k = 1; k < list->count; k++) {
    factors f = {0};
    double here = 0;
    if (!factors_of(list->node[k], &f)) return 0;
    for (int j = 0; j < f.count; j++) {
      if (f.base[j] == base) here = f.power[j];
    }
    if (here * power <= 0) return 0;
    if ((power > 0) == (here < power)) power = here;
  }
  return power;
}

static const node *factored(const terms *list) {
  graph *g = list->g;
  factors first = {0}, common = {0};
  bool constant = list->value < 0 || list->value > 0;
  if (constant || list->count < 2 || list->count > MOST_TERMS) return NULL;
  if (!factors_of(list->node[0], &first)) return NULL;
  for (int k = 0; k < first.count; k++) {
    double power = common_power(list, first.base[k], first.power[k]);
    if (power >= 0 && power <= 0) continue;
    common.base[common.count] = first.base[k];
    common.power[common.count++] = power;
  }
  if (common.count == 0) return NULL;
  const node *taken = node_product(g, common.count, common.base, common.power, 0, NULL);
  const node **rest = scratch(g, list->count, sizeof *rest);
  for (size_t k = 0; k < list->count; k++) {
    factors f = {0};
    factors_of(list->node[k], &f);
    for (int j = 0; j < f.count; j++) {
      for (int c = 0; c < common.count; c++) {
        if (f.base[j] == common.base[c]) f.power[j] -= common.power[c];
      }
    }
    rest[k] = node_product(g, f.count, f.base, f.power, 0, NULL);
  }
  return node_multiply(g, taken, node_sum(g, 0, (int)list->count, rest, list->by));
}

/* c a - c b is c (a - b): a factor that all terms have stands once, outside. */
static const node *common_coefficient(const terms *list) {
  double by = list->by[0] < 0 ? -list->by[0] : list->by[0];
  bool constant = list->value < 0 || list->value > 0;
  if (list->count + constant < 2 || (by >= 1 && by <= 1)) return NULL;
  double *signs = scratch(list->g, list->count, sizeof *signs);
  for (size_t k = 0; k < list->count; k++) {
    signs[k] = list->by[k] < 0 ? -1 : 1;
    if (list->by[k] * signs[k] < by || list->by[k] * signs[k] > by) return NULL;
  }
  double value = list->value / by;
  if (constant && (value < -1 || (value > -1 && value < 1) || value > 1)) return NULL;
  const node *sum = node_sum(list->g, constant ? value : 0, (int)list->count, list->node, signs);
  return node_scale(list->g, by, sum);
}

/* ---- the constructor ---------------------------------------------------------------------- */

static node candidate_sum(const terms *list, axis_set *axes) {
  for (size_t k = 0; k < list->count; k++) {
    set_add_all(axes, list->node[k]->rank, list->node[k]->axes);
  }
  return (node){.class = NODE_SUM,
                .rank = axes->count,
                .axes = axes->axes,
                .operands = (int)list->count,
                .operand = list->node,
                .coefficient = list->by,
                .value = list->value};
}

/* If the negated sum is in the graph already: minus that. */
static const node *negative_of_known(const terms *list) {
  bool constant = list->value < 0 || list->value > 0;
  if (list->count < 2 && !constant) return NULL;
  terms negative = *list;
  axis_set axes = {0};
  negative.value = 0 - list->value;
  negative.by = scratch(list->g, list->count, sizeof *negative.by);
  for (size_t k = 0; k < list->count; k++) negative.by[k] = -list->by[k];
  node candidate = candidate_sum(&negative, &axes);
  const node *known = node_known(list->g, &candidate);
  return known ? node_scale(list->g, -1, known) : NULL;
}

static written_term list_term(const terms *list) {
  return term_of_sum(list->value, (int)list->count, list->node, list->by);
}

/* A form of the whole sum that some rule found better, or NULL. */
static const node *better_form(const terms *list) {
  static const struct {
    const char *rule;
    const node *(*try)(const terms *list);
  } rules[] = {
      {"known_negative", negative_of_known}, {"common_factor", common_coefficient},
      {"expand", expanded}, {"factor_out", factored},
  };
  for (size_t k = 0; k < sizeof rules / sizeof *rules; k++) {
    const node *found = rules[k].try(list);
    if (!found) continue;
    if (list->g->records) {
      written_term before = list_term(list), after = term_of(found);
      record_step(list->g, rules[k].rule, &before, &after);
    }
    return found;
  }
  return NULL;
}

/* Terms in sums opened where they meet their like, like terms collected. */
static void settle_terms(terms *list) {
  graph *g = list->g;
  terms before = *list;
  bool opened = false;
  if (g->records) {
    before.node = scratch(g, list->count + 1, sizeof *before.node);
    before.by = scratch(g, list->count + 1, sizeof *before.by);
    for (size_t k = 0; k < list->count; k++) {
      before.node[k] = list->node[k];
      before.by[k] = list->by[k];
    }
  }
  do merge_terms(list);
  while (open_sums(list) && (opened = true));
  if (!g->records || (!opened && list->count == before.count)) return;
  written_term from = list_term(&before), to = list_term(list);
  record_step(g, opened ? "open_sum" : "like_terms", &from, &to);
}

static const node *sum_of(graph *g, double value, int count, const node *const *given,
                          const double *coefficients) {
  terms list = {.g = g, .value = value};
  for (int k = 0; k < count; k++) {
    add_term(&list, given[k], coefficients ? coefficients[k] : 1);
  }
  settle_terms(&list);
  if (list.count == 0) return node_constant(g, list.value);
  bool constant = list.value < 0 || list.value > 0;
  if (list.count == 1 && !constant && list.by[0] >= 1 && list.by[0] <= 1) return list.node[0];
  floated outside;
  float_operands(g, (int)list.count, list.node, 0, NULL, &outside);
  if (outside.count) { /* under their own names, terms may meet their like */
    const node *native = node_sum(g, list.value, (int)list.count, list.node, list.by);
    return float_wrap(g, native, &outside);
  }
  axis_set axes = {0};
  node candidate = candidate_sum(&list, &axes);
  const node *other = node_known(g, &candidate);
  if (!other) other = better_form(&list);
  return other ? other : node_intern(g, &candidate);
}

const node *node_sum(graph *g, double value, int count, const node *const *given,
                     const double *coefficients) {
  if (!g->records) return sum_of(g, value, count, given, coefficients);
  size_t begin = graph_call_begin(g);
  const node *made = sum_of(g, value, count, given, coefficients);
  written_term from = term_of_sum(value, count, given, coefficients);
  graph_call_end(g, begin, &from, made);
  return made;
}

const node *node_add(graph *g, const node *a, const node *b) {
  return node_sum(g, 0, 2, (const node *[]){a, b}, (double[]){1, 1});
}

const node *node_subtract(graph *g, const node *a, const node *b) {
  return node_sum(g, 0, 2, (const node *[]){a, b}, (double[]){1, -1});
}

const node *node_scale(graph *g, double factor, const node *a) {
  return node_sum(g, 0, 1, &a, &factor);
}
