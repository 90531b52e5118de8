/* Sums that follow from others. The derivative of a normalization x - mean(x) is d - mean(d), and d is
 *
 *   d = a g + b (x - mean(x)),     so that     sum(d) = a sum(g) + b (sum(x) - sum(x)) = a sum(g):
 *
 * no pass over d is needed for its mean, as sum(g) is there: it is the derivative of the bias behind
 * the normalization. And sums whose factors differ only in what does not depend on the sum (the
 * derivative of the scale, and sum(g x)) are one.
 *
 * A sum's key is the axes that it is over and its factors that depend on them. A sum of terms follows
 * where each term's key is that of a sum which the model or its derivative asks for, and where one term
 * at most is left: a difference of sums would not be as precise as a sum of differences.
 */
#include <string.h>

#include "bracket.h"
#include "totals.h"

#define uthash_malloc(size) arena_alloc(t->memory, (size))
#define uthash_free(pointer, size) ((void)(pointer))
#include <uthash.h>

enum { MOST_FACTORS = 12, MOST_TERMS = 12, MOST_ASKED = 100 };

/* A product, opened: coefficient * free factors * factors that depend on what is summed over. */
typedef struct opened {
  double coefficient;
  bool fits; /* into the lists */
  int free, within;
  const node *free_factor[MOST_FACTORS], *factor[MOST_FACTORS];
  double free_power[MOST_FACTORS], power[MOST_FACTORS]; /* factors by rising id, each once */
} opened;

typedef struct axes {
  int count;
  axis of[MAX_RANK];
} axes;

typedef struct total_key {
  int bound, factors;
  axis over[MAX_RANK];
  int id[MOST_FACTORS];
  double power[MOST_FACTORS];
} total_key;

typedef struct known_total {
  UT_hash_handle hh;
  total_key key;
  int sums; /* that are this, times something: of the program, and of terms that follow from it */
} known_total;

struct totals {
  graph *g;
  arena *memory;
  const pairs *pairs;
  known_total *known;
  const node *const *made;
  int batch;
};

/* ---- factors ---------------------------------------------------------------------------------- */

static bool is_one(double power) { return power >= 1 && power <= 1; }

static bool has_any(const node *n, const axes *over) {
  for (int k = 0; k < over->count; k++) {
    if (node_has_axis(n, over->of[k])) return true;
  }
  return false;
}

static axes common_axes(const node *n, const axes *over) {
  axes found = {0};
  for (int k = 0; k < over->count; k++) {
    if (node_has_axis(n, over->of[k])) found.of[found.count++] = over->of[k];
  }
  return found;
}

/* Into the list by rising id. */
static void add_within(opened *to, const node *n, double power) {
  int k = to->within;
  for (int j = 0; j < to->within; j++) {
    if (to->factor[j] != n) continue;
    to->power[j] += power;
    return;
  }
  if (to->within == MOST_FACTORS) {
    to->fits = false;
    return;
  }
  for (; k > 0 && to->factor[k - 1]->id > n->id; k--) {
    to->factor[k] = to->factor[k - 1];
    to->power[k] = to->power[k - 1];
  }
  to->factor[k] = n;
  to->power[k] = power;
  to->within++;
}

static bool is_scaled(const node *n) {
  return n->class == NODE_SUM && n->operands == 1 && n->value >= 0 && n->value <= 0;
}

static void open_factor(opened *to, const axes *over, const node *n, double power) {
  if (!has_any(n, over)) {
    if (to->free == MOST_FACTORS) {
      to->fits = false;
      return;
    }
    to->free_factor[to->free] = n;
    to->free_power[to->free++] = power;
  } else if (n->class == NODE_PRODUCT && n->bound == 0 && is_one(power)) {
    for (int k = 0; k < n->operands; k++) open_factor(to, over, n->operand[k], n->power[k]);
  } else if (is_scaled(n) && is_one(power)) {
    to->coefficient *= n->coefficient[0];
    open_factor(to, over, n->operand[0], 1);
  } else {
    add_within(to, n, power);
  }
}

static opened opened_node(const axes *over, const node *n) {
  opened made = {.coefficient = 1, .fits = true};
  open_factor(&made, over, n, 1);
  return made;
}

/* The factors of a sum, which is a product with bound axes. */
static opened opened_sum(const axes *over, const node *sum) {
  opened made = {.coefficient = 1, .fits = true};
  for (int k = 0; k < sum->operands; k++) open_factor(&made, over, sum->operand[k], sum->power[k]);
  return made;
}

/* The sum of terms that is all there is within, or NULL. */
static const node *terms_of(const opened *of) {
  const node *n = of->within == 1 && is_one(of->power[0]) ? of->factor[0] : NULL;
  return n && n->class == NODE_SUM ? n : NULL;
}

/* ---- keys ------------------------------------------------------------------------------------- */

static total_key key_of(const axes *over, const opened *of) {
  total_key key;
  memset(&key, 0, sizeof key); /* all of its bytes are compared */
  key.bound = over->count;
  key.factors = of->within;
  for (int k = 0; k < over->count; k++) key.over[k] = over->of[k];
  for (int k = 0; k < of->within; k++) {
    key.id[k] = of->factor[k]->id;
    key.power[k] = of->power[k];
  }
  return key;
}

static known_total *find(const totals *t, const axes *over, const opened *of) {
  const total_key key = key_of(over, of);
  known_total *found = NULL;
  HASH_FIND(hh, t->known, &key, sizeof key, found);
  return found;
}

/* The bound axes that something depends on: others count how often it is added. */
static axes axes_of_sum(const node *sum) {
  axes found = {0};
  for (int b = 0; b < sum->bound; b++) {
    bool any = false;
    for (int k = 0; k < sum->operands; k++) any = any || node_has_axis(sum->operand[k], sum->bound_axes[b]);
    if (any) found.of[found.count++] = sum->bound_axes[b];
  }
  return found;
}

/* One factor has all axes: nothing is multiplied like matrices, and what does not depend on the sum is
 * cheaper outside. */
static bool is_reduction(const node *sum, const opened *of) {
  for (int k = 0; k < of->within; k++) {
    bool has_all = true;
    for (int b = 0; b < sum->bound; b++) has_all = has_all && node_has_axis(of->factor[k], sum->bound_axes[b]);
    for (int d = 0; d < sum->rank; d++) has_all = has_all && node_has_axis(of->factor[k], sum->axes[d]);
    if (has_all) return of->fits;
  }
  return false;
}

static void note(totals *t, const node *sum) {
  const axes over = axes_of_sum(sum);
  const opened of = opened_sum(&over, sum);
  if (over.count != sum->bound || !is_reduction(sum, &of)) return;
  known_total *known = find(t, &over, &of);
  if (!known) {
    known = arena_alloc(t->memory, sizeof *known);
    known->key = key_of(&over, &of);
    HASH_ADD(hh, t->known, key, sizeof known->key, known);
  }
  known->sums++;
}

/* Whether the sum of the terms follows from sums that are known; of `left` terms at most in all, those of
 * sums within them too. */
static bool follows_within(const totals *t, const axes *over, const node *terms, int *left) {
  bool all = terms->operands <= MOST_TERMS;
  for (int k = 0; k < terms->operands && all; k++) {
    if (--*left < 0) return false;
    const axes had = common_axes(terms->operand[k], over);
    const opened of = opened_node(&had, terms->operand[k]);
    const node *inner = terms_of(&of);
    if (of.fits && (of.within == 0 || (inner && follows_within(t, &had, inner, left)))) continue;
    all = *left >= 0 && of.fits && find(t, &had, &of);
  }
  return all;
}

static bool follows(const totals *t, const axes *over, const node *terms) {
  int left = MOST_ASKED;
  return follows_within(t, over, terms, &left);
}

/* ---- what follows ------------------------------------------------------------------------------ */

/* A pair may come later than the sums that have both of its operands. */
static const node *made_of(const totals *t, const node *old) {
  const node *made = t->made[old->id];
  if (made) return made;
  const node *operand[] = {t->made[old->operand[0]->id], t->made[old->operand[1]->id]};
  return node_with_operands(t->g, old, operand);
}

/* Brackets and values that are a product elsewhere are that product here. */
static const node *shared_total(const totals *t, const axes *over, const opened *of) {
  const node *factor[MOST_FACTORS];
  double power[MOST_FACTORS];
  bool done[MOST_FACTORS] = {false};
  int count = 0;
  for (int k = 0, j; k < of->within; k++) {
    const node *pair = pair_of(t->pairs, of->within, of->factor, of->power, k, &j);
    if (!pair) continue;
    power[count] = 1;
    factor[count++] = made_of(t, pair);
    done[k] = done[j] = true;
  }
  for (int k = 0; k < of->within; k++) {
    if (done[k]) continue;
    power[count] = of->power[k];
    factor[count++] = t->made[of->factor[k]->id];
  }
  const node *made = node_product(t->g, count, factor, power, over->count, over->of);
  return bracket(t->g, t->batch, made, 0, NULL, NULL);
}

static const node *with_free_factors(const totals *t, const opened *of, const node *total) {
  const node *factor[MOST_FACTORS + 1] = {total};
  double power[MOST_FACTORS + 1] = {1};
  for (int k = 0; k < of->free; k++) {
    factor[k + 1] = t->made[of->free_factor[k]->id];
    power[k + 1] = of->free_power[k];
  }
  return node_scale(t->g, of->coefficient, node_product(t->g, of->free + 1, factor, power, 0, NULL));
}

static const node *sum_of_terms(const totals *t, const axes *over, const node *terms);

/* The sum of a term that follows. */
static const node *sum_of_term(const totals *t, const axes *over, const opened *of) {
  const node *terms = terms_of(of), *total = NULL;
  if (of->within == 0) total = node_constant(t->g, 1);
  else if (terms && follows(t, over, terms)) total = sum_of_terms(t, over, terms);
  else total = shared_total(t, over, of);
  return with_free_factors(t, of, total);
}

static const node *times_sizes(const totals *t, const node *n, const axes *over, const axes *had) {
  for (int k = 0; k < over->count; k++) {
    bool has = false;
    for (int j = 0; j < had->count; j++) has = has || had->of[j] == over->of[k];
    if (!has) n = node_multiply(t->g, n, node_size(t->g, over->of[k]));
  }
  return n;
}

static const node *sum_of_terms(const totals *t, const axes *over, const node *terms) {
  const node *term[MOST_TERMS + 1];
  double coefficient[MOST_TERMS + 1];
  const axes none = {0};
  for (int k = 0; k < terms->operands; k++) {
    const axes had = common_axes(terms->operand[k], over);
    const opened of = opened_node(&had, terms->operand[k]);
    term[k] = times_sizes(t, sum_of_term(t, &had, &of), over, &had);
    coefficient[k] = terms->coefficient[k];
  }
  term[terms->operands] = times_sizes(t, node_constant(t->g, 1), over, &none);
  coefficient[terms->operands] = terms->value;
  return node_sum(t->g, 0, terms->operands + 1, term, coefficient);
}

/* The terms that the sum is of, if it follows from other sums; or NULL. */
static const node *following_terms(const totals *t, const node *sum, const axes *over,
                                   const opened *of) {
  const node *terms = terms_of(of);
  if (over->count != sum->bound || !is_reduction(sum, of)) return NULL;
  return terms && follows(t, over, terms) ? terms : NULL;
}

/* Counts the sums that sum_of_terms() takes. */
static void ask_terms(const totals *t, const axes *over, const node *terms) {
  for (int k = 0; k < terms->operands; k++) {
    const axes had = common_axes(terms->operand[k], over);
    const opened of = opened_node(&had, terms->operand[k]);
    const node *inner = terms_of(&of);
    if (of.within == 0) continue;
    if (inner && follows(t, &had, inner)) ask_terms(t, &had, inner);
    else find(t, &had, &of)->sums++;
  }
}

static void ask(const totals *t, const node *sum) {
  const axes over = axes_of_sum(sum);
  const opened of = opened_sum(&over, sum);
  const node *terms = following_terms(t, sum, &over, &of);
  if (terms) ask_terms(t, &over, terms);
}

/* ---- the interface ----------------------------------------------------------------------------- */

totals *totals_of(graph *g, const pairs *p, const bool *reached, int count) {
  totals *t = arena_alloc(graph_memory(g), sizeof *t);
  t->g = g;
  t->pairs = p;
  t->memory = graph_memory(g);
  for (int id = 0; id < count; id++) {
    const node *n = graph_node(g, id);
    if (reached[id] && n->class == NODE_PRODUCT && n->bound > 0) note(t, n);
  }
  for (int id = 0; id < count; id++) {
    const node *n = graph_node(g, id);
    if (reached[id] && n->class == NODE_PRODUCT && n->bound > 0) ask(t, n);
  }
  return t;
}

const node *total_of(totals *t, const node *old, const node *const *made, int batch) {
  const axes over = axes_of_sum(old);
  const opened of = opened_sum(&over, old);
  t->made = made;
  t->batch = batch;
  const node *terms = following_terms(t, old, &over, &of);
  const node *total = terms ? sum_of_terms(t, &over, terms) : NULL;
  if (total && (total->class != NODE_SUM || is_scaled(total))) return with_free_factors(t, &of, total);
  const bool reduces = over.count == old->bound && is_reduction(old, &of);
  const known_total *known = reduces ? find(t, &over, &of) : NULL;
  return known && known->sums > 1 ? with_free_factors(t, &of, shared_total(t, &over, &of)) : NULL;
}
