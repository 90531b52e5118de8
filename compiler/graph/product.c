/* Products of powers, summed over bound axes, and their normal form. */
#include <math.h>
#include <string.h>

#include "construct.h"

typedef struct factor_list {
  graph *g;
  double coefficient;
  size_t count, capacity, power_capacity;
  const node **base;
  double *power;
} factor_list;

static bool is_one(double x) { return x >= 1 && x <= 1; }
static bool is_zero(double x) { return x >= 0 && x <= 0; }
static bool is_whole(double x) { return floor(x) >= x; }

/* Powers are fractions of small denominators: 1/3 * 3 is 1 again. */
static double snapped(double power) {
  for (int d = 1; d <= 16; d++) {
    double scaled = power * d, whole = floor(scaled + 0.5);
    if (fabs(scaled - whole) < 1e-12 * (1 + fabs(scaled))) return whole / d;
  }
  return power;
}

/* ---- collecting factors ------------------------------------------------------------------- */

static void push_factor(factor_list *list, const node *base, double power) {
  arena *memory = list->g->memory;
  if (base->boolean && power > 0) power = 1;
  for (size_t k = 0; k < list->count; k++) {
    if (list->base[k] != base) continue;
    list->power[k] = base->boolean ? 1 : snapped(list->power[k] + power);
    return;
  }
  list->power = arena_grow(memory, list->power, list->count, &list->power_capacity,
                           sizeof *list->power);
  list->power[list->count] = power;
  ARENA_PUSH(memory, list->base, list->count, list->capacity, base);
}

static bool is_exponential(const node *n) { return n->class == NODE_MAP && n->op == OP_exp; }
static bool is_plain_product(const node *n) { return n->class == NODE_PRODUCT && n->bound == 0; }

static bool is_scaled(const node *n) {
  return n->class == NODE_SUM && n->operands == 1 && is_zero(n->value);
}

/* (f^q)^p = f^(q p) where that keeps the value: whole p, positive f, or q odd or no whole number
 * (where f is not negative anyway). */
static bool powers_multiply(const node *f, double q, double p) {
  return is_whole(p) || f->positive || !is_whole(q) || fabs(fmod(q, 2)) > 0.5;
}

static void add_factor(factor_list *list, const node *base, double power);

static bool distribute(factor_list *list, const node *product, double power) {
  for (int k = 0; k < product->operands; k++) {
    bool alone = product->operands == 1 || is_whole(power) || product->operand[k]->positive;
    if (!alone || !powers_multiply(product->operand[k], product->power[k], power)) return false;
  }
  for (int k = 0; k < product->operands; k++) {
    add_factor(list, product->operand[k], snapped(product->power[k] * power));
  }
  return true;
}

static void add_factor(factor_list *list, const node *base, double power) {
  graph *g = list->g;
  if (is_zero(power) || node_is_constant(base, 1)) return;
  if (base->class == NODE_CONSTANT) {
    list->coefficient *= pow(base->value, power);
    return;
  }
  if (is_scaled(base) && (is_whole(power) || base->coefficient[0] > 0)) {
    list->coefficient *= pow(base->coefficient[0], power);
    add_factor(list, base->operand[0], power);
    return;
  }
  if (is_exponential(base) && !is_one(power)) {
    add_factor(list, node_map1(g, OP_exp, node_scale(g, power, base->operand[0])), 1);
    return;
  }
  bool single = is_plain_product(base) && base->operands == 1;
  if (is_plain_product(base) && (!is_one(power) || single) && distribute(list, base, power)) return;
  push_factor(list, base, power);
}

static void drop_empty(factor_list *list) {
  size_t kept = 0;
  for (size_t k = 0; k < list->count; k++) {
    if (is_zero(list->power[k])) continue;
    list->base[kept] = list->base[k];
    list->power[kept++] = list->power[k];
  }
  list->count = kept;
}

/* ---- the record --------------------------------------------------------------------------- */

static written_term list_term(const factor_list *list, const axis_set *bound) {
  return term_of_product(list->coefficient, (int)list->count, list->base, list->power,
                         bound ? bound->count : 0, bound ? bound->axes : NULL);
}

/* What the list was before a rule changed it; taken where steps are recorded only. */
typedef struct snapshot {
  factor_list list;
  axis_set bound;
} snapshot;

static void snapshot_take(const factor_list *list, const axis_set *bound, snapshot *out) {
  graph *g = list->g;
  if (!g->records) return;
  out->list = *list;
  out->list.base = scratch(g, list->count + 1, sizeof *out->list.base);
  out->list.power = scratch(g, list->count + 1, sizeof *out->list.power);
  for (size_t k = 0; k < list->count; k++) {
    out->list.base[k] = list->base[k];
    out->list.power[k] = list->power[k];
  }
  out->bound = bound ? *bound : (axis_set){0};
}

static void record_list(const char *rule, const snapshot *from, const factor_list *list,
                        const axis_set *bound) {
  if (!list->g->records) return;
  written_term before = list_term(&from->list, &from->bound), after = list_term(list, bound);
  record_step(list->g, rule, &before, &after);
}

static const node *record_made(const char *rule, const factor_list *list, const axis_set *bound,
                               const node *made) {
  if (!list->g->records) return made;
  written_term before = list_term(list, bound), after = term_of(made);
  record_step(list->g, rule, &before, &after);
  return made;
}

/* ---- opening nested products -------------------------------------------------------------- */

enum { MOST_OPENED = 8 };

static bool is_nested(const factor_list *list, size_t k) {
  return is_plain_product(list->base[k]) && is_one(list->power[k]);
}

/* Something among the factors, nested ones too, that `base^power` cancels or merges with. */
static bool meets(const factor_list *list, size_t self, const node *base, double power,
                  bool elementwise) {
  bool exponential = is_exponential(base) && !list->g->lowered;
  for (size_t k = 0; k < list->count; k++) {
    if (k == self) continue;
    const node *other = list->base[k];
    if (other == base && list->power[k] * power < 0) return true;
    if (exponential && is_exponential(other)) return true;
    if (base->boolean && (elementwise || other->boolean)) return true;
    if (!is_nested(list, k)) continue;
    for (int j = 0; j < other->operands; j++) {
      if (other->operand[j] == base && other->power[j] * power < 0) return true;
      if (exponential && is_exponential(other->operand[j])) return true;
    }
  }
  return false;
}

/* Opens products inside the product for opposite powers of one base, a pair of exponentials or of
 * brackets; and, so that brackets stay strong zeros, takes any bracket of an elementwise product
 * to the outside. Opening more would lose what is shared. */
static bool open_products(factor_list *list, bool elementwise) {
  if (list->count < 2) return false;
  for (size_t k = 0; k < list->count; k++) {
    const node *nested = list->base[k];
    if (!is_nested(list, k) || nested->operands > MOST_OPENED) continue;
    bool opens = false, brackets = false, rest = false;
    for (int j = 0; j < nested->operands; j++) {
      if (!meets(list, k, nested->operand[j], nested->power[j], elementwise)) continue;
      if (nested->operand[j]->boolean) brackets = true;
      else opens = true;
    }
    if (!opens && !brackets) continue;
    factor_list next = {.g = list->g, .coefficient = list->coefficient};
    factor_list closed = {.g = list->g, .coefficient = 1};
    for (size_t j = 0; j < list->count; j++) {
      if (j != k) push_factor(&next, list->base[j], list->power[j]);
    }
    for (int j = 0; j < nested->operands; j++) {
      bool out = opens || nested->operand[j]->boolean;
      add_factor(out ? &next : &closed, nested->operand[j], nested->power[j]);
      rest = rest || !out;
    }
    if (rest) {
      const node *inner =
          node_product(list->g, (int)closed.count, closed.base, closed.power, 0, NULL);
      add_factor(&next, inner, 1);
    }
    *list = next;
    return true;
  }
  return false;
}

static void merge_exponentials(factor_list *list) {
  graph *g = list->g;
  const node *exponent = NULL;
  size_t found = 0, kept = 0;
  if (g->lowered) return;
  for (size_t k = 0; k < list->count; k++) {
    if (is_exponential(list->base[k])) found += is_one(list->power[k]) ? 1 : 2;
  }
  if (found < 2) return;
  for (size_t k = 0; k < list->count; k++) {
    const node *base = list->base[k];
    if (is_exponential(base)) {
      const node *part = node_scale(g, list->power[k], base->operand[0]);
      exponent = exponent ? node_add(g, exponent, part) : part;
      continue;
    }
    list->base[kept] = base;
    list->power[kept++] = list->power[k];
  }
  list->count = kept;
  add_factor(list, node_map1(g, OP_exp, exponent), 1);
}

/* [g] and [not g] together are nothing. */
static bool brackets_clash(factor_list *list) {
  size_t brackets = 0;
  for (size_t k = 0; k < list->count; k++) brackets += list->base[k]->boolean;
  if (brackets < 2) return false;
  for (size_t k = 0; k < list->count; k++) {
    if (!list->base[k]->boolean) continue;
    const node *opposite = node_not(list->g, list->base[k]);
    for (size_t j = 0; j < list->count; j++) {
      if (list->base[j] == opposite) return true;
    }
  }
  return false;
}

/* ---- elementwise products ----------------------------------------------------------------- */

static void sort_factors(factor_list *list) {
  for (size_t k = 1; k < list->count; k++) {
    const node *base = list->base[k];
    double power = list->power[k];
    size_t at = k;
    for (; at > 0 && list->base[at - 1]->id > base->id; at--) {
      list->base[at] = list->base[at - 1];
      list->power[at] = list->power[at - 1];
    }
    list->base[at] = base;
    list->power[at] = power;
  }
}

static const node *make_product(factor_list *list, const axis_set *bound) {
  axis_set axes = {0};
  bool boolean = bound->count == 0;
  sort_factors(list);
  for (size_t k = 0; k < list->count; k++) {
    set_add_all(&axes, list->base[k]->rank, list->base[k]->axes);
    boolean = boolean && list->base[k]->boolean;
  }
  for (int k = 0; k < bound->count; k++) set_remove(&axes, bound->axes[k]);
  if (list->count == 1 && bound->count == 0 && is_one(list->power[0])) return list->base[0];
  return node_intern(list->g, &(node){.class = NODE_PRODUCT,
                                      .rank = axes.count,
                                      .axes = axes.axes,
                                      .operands = (int)list->count,
                                      .operand = list->base,
                                      .boolean = boolean,
                                      .power = list->power,
                                      .bound = bound->count,
                                      .bound_axes = bound->axes});
}

/* ---- contractions ------------------------------------------------------------------------- */

static bool has_any(const node *n, const axis_set *axes) {
  for (int k = 0; k < axes->count; k++) {
    if (node_has_axis(n, axes->axes[k])) return true;
  }
  return false;
}

/* An axis that no factor has sums equal terms: it becomes its size. */
static void count_missing(factor_list *list, axis_set *bound) {
  for (int k = bound->count - 1; k >= 0; k--) {
    axis a = bound->axes[k];
    bool found = false;
    for (size_t j = 0; j < list->count; j++) found = found || node_has_axis(list->base[j], a);
    if (found) continue;
    add_factor(list, node_size(list->g, a), 1);
    set_remove(bound, a);
  }
}

/* The axes and factors that hang together with the first bound axis. */
static void component(const factor_list *list, const axis_set *bound, axis_set *axes, bool *in) {
  bool grew = true;
  set_add(axes, bound->axes[0]);
  while (grew) {
    grew = false;
    for (size_t k = 0; k < list->count; k++) {
      if (in[k] || !has_any(list->base[k], axes)) continue;
      in[k] = grew = true;
      for (int b = 0; b < bound->count; b++) {
        if (node_has_axis(list->base[k], bound->axes[b])) set_add(axes, bound->axes[b]);
      }
    }
  }
}

/* c, where n is [c = k] along a bound axis k that c does not know; NULL elsewhere. An index is
 * one where it has no place that k lacks. */
static const node *hot_label(const graph *g, const node *n, axis k) {
  if (n->class != NODE_MAP || n->op != OP_equal) return NULL;
  for (int j = 0; j < 2; j++) {
    const node *index = n->operand[j], *label = n->operand[1 - j];
    if (index->class != NODE_INDEX || index->axes[0] != k) continue;
    if (!label->integer || node_has_axis(label, k)) continue;
    if (label->class != NODE_INDEX) return label;
    axis i = label->axes[0];
    bool inside = i != AXIS_BATCH && k != AXIS_BATCH && axis_extent(g, i) <= axis_extent(g, k);
    if (inside) return label;
  }
  return NULL;
}

bool node_is_onehot(const graph *g, const node *n, axis k) { return hot_label(g, n, k) != NULL; }

/* Reading at the place that another index has. */
static bool is_seed(const graph *g, const node *onehot, axis k) {
  return hot_label(g, onehot, k)->class == NODE_INDEX;
}

/* value at k = i: a renaming of k to i, or the diagonal where the value knows i already. */
static const node *node_at_index(graph *g, const node *value, axis k, axis i) {
  view v = view_empty();
  int u = view_box(&v, axis_extent(g, i));
  view_read(&v, k, 0)->coefficient[u] = 1;
  if (node_has_axis(value, i)) view_read(&v, i, 0)->coefficient[u] = 1;
  view_write(&v, i, 0)->coefficient[u] = 1;
  return node_view(g, value, &v);
}

/* sum_k [c = k] is 1; and reading at k = c passes through exp, log and products, so that they
 * meet what stands outside. Returns the value where something was done. */
static const node *gathered(factor_list *list, const axis_set *bound) {
  graph *g = list->g;
  for (int b = 0; b < bound->count; b++) {
    axis k = bound->axes[b];
    size_t hot = 0, others = 0;
    while (hot < list->count && !node_is_onehot(g, list->base[hot], k)) hot++;
    if (hot == list->count) continue;
    bool passes = is_seed(g, list->base[hot], k);
    for (size_t j = 0; j < list->count; j++) {
      const node *base = list->base[j];
      if (j == hot || !node_has_axis(base, k)) continue;
      others++;
      passes = passes || !is_one(list->power[j]) || is_plain_product(base) ||
               (base->class == NODE_MAP && (base->op == OP_exp || base->op == OP_log));
    }
    if (others == 1 && !passes) continue;
    axis_set rest = *bound;
    factor_list next = {.g = g, .coefficient = 1};
    set_remove(&rest, k);
    for (size_t j = 0; j < list->count; j++) {
      if (j == hot) continue;
      const node *base = list->base[j];
      if (node_has_axis(base, k)) base = node_gather(g, list->base[hot], base, k);
      add_factor(&next, base, list->power[j]);
    }
    return node_product(g, (int)next.count, next.base, next.power, rest.count, rest.axes);
  }
  return NULL;
}

const node *node_gather(graph *g, const node *onehot, const node *value, axis k) {
  if (!node_has_axis(value, k)) return value;
  if (is_seed(g, onehot, k))
    return node_at_index(g, value, k, hot_label(g, onehot, k)->axes[0]);
  if (value->class == NODE_MAP && (value->op == OP_exp || value->op == OP_log)) {
    return node_map1(g, value->op, node_gather(g, onehot, value->operand[0], k));
  }
  if (is_plain_product(value)) {
    const node **operands = scratch(g, (size_t)value->operands, sizeof *operands);
    for (int j = 0; j < value->operands; j++) {
      operands[j] = node_gather(g, onehot, value->operand[j], k);
    }
    return node_product(g, value->operands, operands, value->power, 0, NULL);
  }
  return node_product(g, 2, (const node *[]){onehot, value}, NULL, 1, &k);
}

/* sum [g] exp z = exp(lse(z | g)): with exponentials of a softmax the denominator meets the
 * numerator, and nothing overflows. Not over the batch. */
static const node *log_sum_exp(factor_list *list, const axis_set *bound) {
  graph *g = list->g;
  const node *exponent = NULL, *guard = NULL;
  factor_list flat = {.g = g, .coefficient = 1};
  if (g->lowered || bound->axes[0] == AXIS_BATCH) return NULL;
  if (list->count == 1 && is_nested(list, 0)) {
    for (int k = 0; k < list->base[0]->operands; k++) {
      add_factor(&flat, list->base[0]->operand[k], list->base[0]->power[k]);
    }
    list = &flat;
  }
  for (size_t k = 0; k < list->count; k++) {
    const node *base = list->base[k];
    if (base->boolean) {
      guard = guard ? node_multiply(g, guard, base) : base;
    } else if (is_exponential(base) && is_one(list->power[k]) && !exponent) {
      exponent = base->operand[0];
    } else {
      return NULL;
    }
  }
  if (!exponent) return NULL;
  const node *lse =
      node_select(g, SELECT_LOGSUMEXP, exponent, guard, bound->count, bound->axes);
  return node_map1(g, OP_exp, lse);
}

static const node *contract_floated(factor_list *list, const axis_set *bound) {
  graph *g = list->g;
  axis bound_axes[MAX_RANK];
  floated outer;
  const node *other = gathered(list, bound);
  if (other) return record_made("sifting", list, bound, other);
  other = log_sum_exp(list, bound);
  if (other) return record_made("sum_of_exponentials", list, bound, other);
  memcpy(bound_axes, bound->axes, (size_t)bound->count * sizeof *bound_axes);
  const node **operands = scratch(g, list->count, sizeof *operands);
  memcpy(operands, list->base, list->count * sizeof *operands);
  float_operands(g, (int)list->count, operands, bound->count, bound_axes, &outer);
  if (memcmp(operands, list->base, list->count * sizeof *operands) != 0) {
    const node *native = node_product(g, (int)list->count, operands, list->power, bound->count,
                                      bound_axes);
    return float_wrap(g, native, &outer);
  }
  return make_product(list, bound);
}

static const node *contract_component(factor_list *list, const axis_set *bound) {
  graph *g = list->g;
  if (!g->records) return contract_floated(list, bound);
  snapshot given;
  snapshot_take(list, bound, &given);
  size_t begin = graph_call_begin(g);
  const node *made = contract_floated(list, bound);
  written_term from = list_term(&given.list, &given.bound);
  graph_call_end(g, begin, &from, made);
  return made;
}

/* A bracket [c = k] along a bound axis inside a product inside comes out: what it selects from may
 * stand beside that product. */
static bool open_onehots(factor_list *list, const axis_set *bound) {
  for (size_t k = 0; k < list->count; k++) {
    const node *nested = list->base[k];
    bool hot = false;
    if (!is_nested(list, k)) continue;
    for (int j = 0; j < nested->operands; j++) {
      for (int b = 0; b < bound->count; b++) {
        hot = hot || node_is_onehot(list->g, nested->operand[j], bound->axes[b]);
      }
    }
    if (!hot) continue;
    factor_list next = {.g = list->g, .coefficient = list->coefficient};
    for (size_t j = 0; j < list->count; j++) {
      if (j != k) push_factor(&next, list->base[j], list->power[j]);
    }
    for (int j = 0; j < nested->operands; j++) {
      add_factor(&next, nested->operand[j], nested->power[j]);
    }
    *list = next;
    return true;
  }
  return false;
}

/* Takes the components out one after the other; what has no bound axis stands outside. */
static const node *contract(factor_list *list, axis_set *bound) {
  graph *g = list->g;
  snapshot given;
  snapshot_take(list, bound, &given);
  bool opened = false;
  while (open_onehots(list, bound)) opened = true;
  if (opened) record_list("open_product", &given, list, bound);
  snapshot_take(list, bound, &given);
  factor_list outside = {.g = g, .coefficient = list->coefficient};
  bool *done = scratch(g, list->count, sizeof *done);
  for (size_t k = 0; k < list->count; k++) {
    if (has_any(list->base[k], bound)) continue;
    add_factor(&outside, list->base[k], list->power[k]);
    done[k] = true;
  }
  while (bound->count > 0) {
    axis_set axes = {0};
    factor_list part = {.g = g, .coefficient = 1};
    bool *in = scratch(g, list->count, sizeof *in);
    component(list, bound, &axes, in);
    for (size_t k = 0; k < list->count; k++) {
      if (in[k] && !done[k]) push_factor(&part, list->base[k], list->power[k]);
      done[k] = done[k] || in[k];
    }
    for (int b = 0; b < axes.count; b++) set_remove(bound, axes.axes[b]);
    add_factor(&outside, contract_component(&part, &axes), 1);
  }
  const node *made = node_product(g, (int)outside.count, outside.base, outside.power, 0, NULL);
  made = node_scale(g, outside.coefficient, made);
  return g->records ? record_made("out_of_sum", &given.list, &given.bound, made) : made;
}

/* ---- constructors ------------------------------------------------------------------------- */

static const node *finish_elementwise(factor_list *list) {
  graph *g = list->g;
  floated outer;
  float_operands(g, (int)list->count, list->base, 0, NULL, &outer);
  if (outer.count) {
    const node *native = node_product(g, (int)list->count, list->base, list->power, 0, NULL);
    return node_scale(g, list->coefficient, float_wrap(g, native, &outer));
  }
  return node_scale(g, list->coefficient, make_product(list, &(axis_set){0}));
}

/* The rules that keep it one list of factors. */
static void settle_factors(factor_list *list, axis_set *over) {
  snapshot from;
  snapshot_take(list, over, &from);
  int bound = over->count;
  count_missing(list, over);
  if (over->count < bound) record_list("equal_terms", &from, list, over);
  snapshot_take(list, over, &from);
  bool opened = false;
  do drop_empty(list);
  while (open_products(list, over->count == 0) && (opened = true));
  if (opened) record_list("cancel", &from, list, over);
  snapshot_take(list, over, &from);
  size_t before = list->count;
  merge_exponentials(list);
  if (list->count < before) record_list("product_of_exponentials", &from, list, over);
  drop_empty(list);
}

static const node *product_of(graph *g, int count, const node *const *given, const double *powers,
                              int bound, const axis *bound_axes) {
  factor_list list = {.g = g, .coefficient = 1};
  axis_set over = {0};
  set_add_all(&over, bound, bound_axes);
  for (int k = 0; k < count; k++) add_factor(&list, given[k], powers ? powers[k] : 1);
  if (g->records) {
    written_term from = term_of_product(1, count, given, powers, bound, bound_axes);
    written_term to = list_term(&list, &over);
    record_step(g, "collect_factors", &from, &to);
  }
  settle_factors(&list, &over);
  if (is_zero(list.coefficient)) return node_constant(g, 0);
  if (brackets_clash(&list)) {
    return record_made("brackets_exclude", &list, &over, node_constant(g, 0));
  }
  count_missing(&list, &over); /* what cancelled may have taken axes along */
  if (list.count == 0) return node_constant(g, list.coefficient);
  return over.count ? contract(&list, &over) : finish_elementwise(&list);
}

const node *node_product(graph *g, int count, const node *const *given, const double *powers,
                         int bound, const axis *bound_axes) {
  if (!g->records) return product_of(g, count, given, powers, bound, bound_axes);
  size_t begin = graph_call_begin(g);
  const node *made = product_of(g, count, given, powers, bound, bound_axes);
  written_term from = term_of_product(1, count, given, powers, bound, bound_axes);
  graph_call_end(g, begin, &from, made);
  return made;
}

const node *node_multiply(graph *g, const node *a, const node *b) {
  return node_product(g, 2, (const node *[]){a, b}, NULL, 0, NULL);
}

const node *node_divide(graph *g, const node *a, const node *b) {
  return node_product(g, 2, (const node *[]){a, b}, (double[]){1, -1}, 0, NULL);
}

const node *node_power(graph *g, const node *a, double power) {
  return node_product(g, 1, &a, &power, 0, NULL);
}

const node *node_sum_over(graph *g, const node *a, int bound, const axis *bound_axes) {
  return node_product(g, 1, &a, NULL, bound, bound_axes);
}
