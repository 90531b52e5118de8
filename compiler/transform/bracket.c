/* Matrix-chain order for contractions of any shape: dynamic programming over subsets of factors.
 * Cost of a step: the volume of the union of axes, that is its multiply-adds; without the axis k of a factor
 * [c = k], which only says where the others are read and written. */
#include <math.h>
#include <string.h>

#include "bracket.h"

enum { SUBSETS = 1 << MOST_BRACKETED, MOST_AXES = 4 * MAX_RANK };

typedef struct chain {
  graph *g;
  int batch;
  int factors;
  const node *factor[MOST_BRACKETED];
  double power[MOST_BRACKETED];
  int axes;
  axis axis_of[MOST_AXES];            /* position in masks -> axis */
  uint64_t has[MOST_BRACKETED];       /* axes of each factor, as a mask of positions */
  uint64_t result;                    /* axes of the result */
  double cost[SUBSETS];
  uint64_t hot[SUBSETS];              /* axes along which a subset's product is 0 but for one place */
  int split[SUBSETS];
} chain;

static int position_of(chain *c, axis a) {
  for (int k = 0; k < c->axes; k++) {
    if (c->axis_of[k] == a) return k;
  }
  if (c->axes == MOST_AXES) return MOST_AXES;
  c->axis_of[c->axes] = a;
  return c->axes++;
}

/* The axes of n, added to a mask, and the one along which it is a one-hot vector. */
static bool add_axes(chain *c, const node *n, uint64_t *mask, uint64_t *hot) {
  uint64_t along = 0;
  for (int k = 0; k < n->rank; k++) {
    int position = position_of(c, n->axes[k]);
    if (position == MOST_AXES) return false;
    *mask |= UINT64_C(1) << position;
    if (node_is_onehot(c->g, n, n->axes[k])) along = UINT64_C(1) << position;
  }
  *hot |= along;
  return true;
}

static bool add_factor(chain *c, const node *n, double power) {
  const int k = c->factors;
  if (k == MOST_BRACKETED || !add_axes(c, n, &c->has[k], &c->hot[1 << k])) return false;
  c->factor[k] = n;
  c->power[k] = power;
  c->factors++;
  return true;
}

static double volume(const chain *c, uint64_t mask) {
  double product = 1;
  for (int k = 0; k < c->axes; k++) {
    axis a = c->axis_of[k];
    if (mask >> k & 1) product *= a == AXIS_BATCH ? c->batch : (double)axis_extent(c->g, a);
  }
  return product;
}

/* Axes of a subset's product that somebody outside still needs. */
static uint64_t outer_axes(const chain *c, int subset) {
  uint64_t inside = 0, outside = c->result;
  for (int k = 0; k < c->factors; k++) {
    if (subset >> k & 1) inside |= c->has[k];
    else outside |= c->has[k];
  }
  return inside & outside;
}

static int single_factor(int subset) {
  int k = 0;
  while (!(subset >> k & 1)) k++;
  return k;
}

static bool is_single(int subset) { return (subset & (subset - 1)) == 0; }

/* One step over `axes`, of which `result` are left: nothing where a factor only selects, and where what it
 * wrote to is then whole, that is filled first. */
static double cost_of_step(const chain *c, uint64_t axes, uint64_t hot, uint64_t result) {
  const uint64_t bound = axes & ~result;
  if (hot && !bound) return 0;
  return volume(c, axes & ~hot) + (hot & result && bound & ~hot ? volume(c, result) : 0);
}

/* Of the axes along which the factors were hot, those along which the result still is. */
static uint64_t hot_after(uint64_t axes, uint64_t hot, uint64_t result) {
  return axes & ~result & ~hot ? 0 : hot & result;
}

static void search(chain *c) {
  for (int subset = 1; subset < 1 << c->factors; subset++) {
    const uint64_t outer = outer_axes(c, subset);
    c->cost[subset] = 0;
    if (is_single(subset)) {
      const uint64_t own = c->has[single_factor(subset)], hot = c->hot[subset];
      if (own & ~outer) c->cost[subset] = cost_of_step(c, own, hot, outer);
      c->hot[subset] = hot_after(own, hot, outer);
      continue;
    }
    bool found = false;
    for (int part = (subset - 1) & subset; part > subset - part; part = (part - 1) & subset) {
      int rest = subset - part;
      const uint64_t axes = outer_axes(c, part) | outer_axes(c, rest), hot = c->hot[part] | c->hot[rest];
      double cost = c->cost[part] + c->cost[rest] + cost_of_step(c, axes, hot, outer);
      if (found && cost >= c->cost[subset]) continue;
      found = true;
      c->cost[subset] = cost;
      c->split[subset] = part;
      c->hot[subset] = hot_after(axes, hot, outer);
    }
  }
}

static int axes_of_mask(const chain *c, uint64_t mask, axis *out) {
  int count = 0;
  for (int k = 0; k < c->axes; k++) {
    if (mask >> k & 1) out[count++] = c->axis_of[k];
  }
  return count;
}

/* What nobody else needs of one factor is summed at once. */
static const node *build_single(chain *c, int subset) {
  axis bound[MOST_AXES];
  int k = single_factor(subset);
  int bounds = axes_of_mask(c, c->has[k] & ~outer_axes(c, subset), bound);
  return node_product(c->g, 1, &c->factor[k], &c->power[k], bounds, bound);
}

static const node *build(chain *c, int subset) {
  axis bound[MOST_AXES];
  if (is_single(subset)) return build_single(c, subset);
  int part = c->split[subset], rest = subset - part;
  const node *parts[] = {build(c, part), build(c, rest)};
  uint64_t inside = outer_axes(c, part) | outer_axes(c, rest);
  int bounds = axes_of_mask(c, inside & ~outer_axes(c, subset), bound);
  return node_product(c->g, 2, parts, NULL, bounds, bound);
}

static bool is_contraction(const node *n) { return n->class == NODE_PRODUCT && n->bound > 0; }

/* The axes that `inner` binds must be strangers to all the others. */
static bool names_are_apart(const node *made, const node *inner) {
  for (int b = 0; b < inner->bound; b++) {
    axis a = inner->bound_axes[b];
    if (node_has_axis(made, a) || node_binds(made, a)) return false;
    for (int k = 0; k < made->operands; k++) {
      const node *other = made->operand[k];
      if (other != inner && (node_has_axis(other, a) || node_binds(other, a))) return false;
    }
  }
  return true;
}

static bool opens(const node *made, const node *factor, double power, int count,
                  const node *const *factors, const bool *single) {
  bool alone = false;
  for (int k = 0; k < count && k < MOST_BRACKETED; k++) {
    alone = alone || (factors[k] == factor && single[k]);
  }
  return alone && power >= 1 && power <= 1 && factor->class == NODE_PRODUCT &&
         names_are_apart(made, factor);
}

/* A bound axis that one factor alone has, while another has one that this factor lacks: what is summed over
 * it at once is not computed for each place along that. */
static bool sums_early(const node *made) {
  for (int b = 0; b < made->bound; b++) {
    const node *only = NULL;
    int having = 0;
    for (int k = 0; k < made->operands; k++) {
      if (!node_has_axis(made->operand[k], made->bound_axes[b])) continue;
      only = made->operand[k];
      having++;
    }
    for (int k = 0; k < made->rank && having == 1; k++) {
      if (!node_has_axis(only, made->axes[k])) return true;
    }
  }
  return false;
}

static uint64_t all_axes(const chain *c) {
  uint64_t all = 0;
  for (int k = 0; k < c->factors; k++) all |= c->has[k];
  return all;
}

/* All of it in one go, looked up and written at labels: what is no label is multiplied. Infinite without
 * labels, where products of two are never more work. */
static double cost_at_once(const chain *c) {
  uint64_t hot = 0;
  int others = 0;
  for (int k = 0; k < c->factors; k++) {
    hot |= c->hot[1 << k];
    others += c->hot[1 << k] == 0;
  }
  const double step = cost_of_step(c, all_axes(c), hot, c->result);
  if (c->axes > MAX_RANK) return INFINITY; /* no node has so many */
  return hot ? step * (others > 2 ? others - 1 : 1) : INFINITY;
}

static const node *build_at_once(chain *c) {
  axis bound[MOST_AXES];
  const int bounds = axes_of_mask(c, all_axes(c) & ~c->result, bound);
  return node_product(c->g, c->factors, c->factor, c->power, bounds, bound);
}

/* What it costs as it stands: the outer contraction, and each inner one that was opened. */
static double cost_as_it_is(chain *c, const node *inner, bool *known) {
  uint64_t axes = 0, hot = 0, bound = 0;
  for (int k = 0; k < inner->operands; k++) {
    uint64_t one = 0;
    *known = *known && add_axes(c, inner->operand[k], &axes, &one);
    hot |= one;
  }
  for (int k = 0; k < inner->bound; k++) {
    int position = position_of(c, inner->bound_axes[k]);
    if (position < MOST_AXES) bound |= UINT64_C(1) << position;
  }
  return cost_of_step(c, axes, hot, axes & ~bound);
}

const node *bracket(graph *g, int batch, const node *made, int count, const node *const *factors,
                    const bool *single) {
  if (!is_contraction(made) || made->operands > MOST_BRACKETED) return made;
  const bool early = sums_early(made);
  bool any = early, known = true;
  for (int k = 0; k < made->operands; k++) {
    any = any || opens(made, made->operand[k], made->power[k], count, factors, single);
  }
  if (!any) return made;
  chain *c = arena_alloc(graph_memory(g), sizeof *c);
  c->g = g;
  c->batch = batch;
  double before = cost_as_it_is(c, made, &known);
  for (int k = 0; k < made->operands; k++) {
    const node *factor = made->operand[k];
    if (!opens(made, factor, made->power[k], count, factors, single)) {
      known = known && add_factor(c, factor, made->power[k]);
      continue;
    }
    before += cost_as_it_is(c, factor, &known);
    for (int j = 0; j < factor->operands; j++) {
      known = known && add_factor(c, factor->operand[j], factor->power[j]);
    }
  }
  for (int k = 0; k < made->rank; k++) {
    int position = position_of(c, made->axes[k]);
    if (position < MOST_AXES) c->result |= UINT64_C(1) << position;
  }
  if (!known || c->factors < (early ? 2 : 3) || (c->result & ~all_axes(c))) return made;
  const double at_once = cost_at_once(c);
  search(c);
  const int whole = (1 << c->factors) - 1;
  if (at_once < before && at_once <= c->cost[whole]) return build_at_once(c);
  return c->cost[whole] < before ? build(c, whole) : made;
}
