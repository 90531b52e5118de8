/* Lowering, once, after differentiation: from the forms that algebra likes to the forms that are
 * computed.
 *
 *   softplus(z)      relu(z) + log1p(exp(-|z|))        never overflows, exact for z = 20 too
 *   lse_J(z | g)     m + log(S), m = max z, S = sum [g] exp(z - m)
 *   exp(z - lse(z))  exp(z - m) / S                    the forward's exponentials, not new ones
 *
 * and what only makes sense once all users are known: sums in sums and products in products are
 * opened where nobody else reads them, chains of contractions are bracketed for the least
 * work (bracket.c), and what is scattered along windows is gathered (scatter.c).
 *
 * Needs: a derived program. Gives: the same program over new nodes, no log-sum-exp, no softplus.
 * Breaks: the rewrite rules are off from here on; they would undo it.
 */
#include <string.h>

#include "bracket.h"
#include "scatter.h"
#include "totals.h"
#include "transform.h"

/* A factor with zeroes where a mask is false. */
typedef struct masked {
  const node *mask, *factor, *both;
} masked;

typedef struct lowering {
  program *p;
  graph *g;
  arena *memory;
  const node **made;     /* by old id */
  int *uses;             /* by old id: operands and roots that read it */
  bool *opens;           /* by old id: a lowered form that sums take in term by term */
  const node **maximum;  /* of a log-sum-exp, by old id */
  const node **total;    /* what its exponentials are divided by */
  pairs *pairs;
  totals *totals;
  size_t masks, mask_capacity;
  masked *mask;          /* that products have been made of */
} lowering;

/* ---- operand lists ------------------------------------------------------------------------ */

typedef struct operands {
  size_t count, capacity, weight_capacity;
  const node **node;
  double *weight; /* coefficient or power */
  double value;
} operands;

static void push(lowering *l, operands *list, const node *n, double weight) {
  list->weight = arena_grow(l->memory, list->weight, list->count, &list->weight_capacity,
                            sizeof *list->weight);
  list->weight[list->count] = weight;
  ARENA_PUSH(l->memory, list->node, list->count, list->capacity, n);
}

static void push_term(lowering *l, operands *list, const node *old, double by) {
  const node *n = l->made[old->id];
  bool opens = n->class == NODE_SUM && (l->opens[old->id] || l->uses[old->id] == 1);
  if (!opens) {
    push(l, list, n, by);
    return;
  }
  list->value += by * n->value;
  for (int k = 0; k < n->operands; k++) push(l, list, n->operand[k], by * n->coefficient[k]);
}

static void push_factor(lowering *l, operands *list, const node *old, double power) {
  const node *n = l->made[old->id];
  bool one = power >= 1 && power <= 1;
  bool opens = one && n->class == NODE_PRODUCT && n->bound == 0 && l->uses[old->id] == 1;
  if (!opens) {
    push(l, list, n, power);
    return;
  }
  for (int k = 0; k < n->operands; k++) push(l, list, n->operand[k], n->power[k]);
}

/* A bracket and a value that are a product elsewhere are that product here. */
static void push_pairs(lowering *l, operands *list, const node *old, bool *done) {
  for (int k = 0, j; k < old->operands; k++) {
    const node *pair = pair_of(l->pairs, old->operands, old->operand, old->power, k, &j);
    if (!pair || pair == old || !l->made[pair->id]) continue;
    push(l, list, l->made[pair->id], 1);
    done[k] = done[j] = true;
  }
}

static void push_factors(lowering *l, operands *list, const node *old) {
  bool *done = arena_alloc(l->memory, ((size_t)old->operands + 1) * sizeof *done);
  if (old->bound == 0) push_pairs(l, list, old, done);
  for (int k = 0; k < old->operands; k++) {
    if (done[k]) continue;
    if (old->bound == 0 || old->operands == 1) push_factor(l, list, old->operand[k], old->power[k]);
    else push(l, list, l->made[old->operand[k]->id], old->power[k]);
  }
}

/* ---- the stable forms --------------------------------------------------------------------- */

static const node *lower_softplus(lowering *l, const node *z) {
  graph *g = l->g;
  const node *decay = node_map1(g, OP_exp, node_scale(g, -1, node_map1(g, OP_abs, z)));
  return node_add(g, node_map1(g, OP_relu, z), node_map1(g, OP_log1p, decay));
}

static const node *lower_logsumexp(lowering *l, const node *old) {
  graph *g = l->g;
  const node *z = l->made[old->operand[0]->id];
  const node *guard = old->operands > 1 ? l->made[old->operand[1]->id] : NULL;
  const node *m = node_select(g, SELECT_MAX, z, guard, old->bound, old->bound_axes);
  const node *e = node_map1(g, OP_exp, node_subtract(g, z, m));
  const node *terms[] = {guard ? guard : e, e};
  const node *s = node_product(g, guard ? 2 : 1, terms, NULL, old->bound, old->bound_axes);
  l->maximum[old->id] = m;
  /* Where the bracket leaves nothing, the softmax is 0: 0 / 1, wherever the division ends up. */
  const node *nothing = node_map2(g, OP_equal, s, node_constant(g, 0));
  l->total[old->id] = guard ? node_add(g, s, nothing) : s;
  l->opens[old->id] = true;
  return node_add(g, m, node_map1(g, OP_log, s));
}

/* The log-sum-exp whose softmax exp(exponent) is, or NULL. */
static const node *softmax_of(lowering *l, const node *exponent) {
  if (exponent->class != NODE_SUM) return NULL;
  for (int k = 0; k < exponent->operands; k++) {
    const node *lse = exponent->operand[k];
    if (lse->class != NODE_SELECT || lse->select != SELECT_LOGSUMEXP) continue;
    if (exponent->coefficient[k] < -1 || exponent->coefficient[k] > -1) continue;
    const node *rest = node_add(l->g, exponent, lse);
    if (rest == lse->operand[0]) return lse;
  }
  return NULL;
}

static const node *lower_exp(lowering *l, const node *old) {
  graph *g = l->g;
  const node *lse = softmax_of(l, old->operand[0]);
  if (!lse || !l->total[lse->id]) return node_map1(g, OP_exp, l->made[old->operand[0]->id]);
  const node *shifted = node_subtract(g, l->made[lse->operand[0]->id], l->maximum[lse->id]);
  return node_divide(g, node_map1(g, OP_exp, shifted), l->total[lse->id]);
}

/* ---- one node each ------------------------------------------------------------------------ */

static const node *lower_map(lowering *l, const node *old) {
  const node *operand[OP_MAX_ARITY];
  if (old->op == OP_exp) return lower_exp(l, old);
  for (int k = 0; k < old->operands; k++) operand[k] = l->made[old->operand[k]->id];
  if (old->op != OP_softplus) return node_map(l->g, old->op, operand);
  l->opens[old->id] = true;
  return lower_softplus(l, operand[0]);
}

static const node *lower_sum(lowering *l, const node *old) {
  operands list = {.value = old->value};
  for (int k = 0; k < old->operands; k++) {
    push_term(l, &list, old->operand[k], old->coefficient[k]);
  }
  return node_sum(l->g, list.value, (int)list.count, list.node, list.weight);
}

/* What `old` alone reads, and sums as it is; or NULL. */
static const node *only_summed(const lowering *l, const node *old) {
  const bool plain = old->bound > 0 && old->operands == 1 && old->power[0] >= 1 && old->power[0] <= 1;
  return plain && l->uses[old->operand[0]->id] == 1 ? l->made[old->operand[0]->id] : NULL;
}

/* Whether a has an axis beside those that are summed over which b lacks. */
static bool has_more(const node *sum, const node *a, const node *b) {
  for (int k = 0; k < sum->rank; k++) {
    if (node_has_axis(a, sum->axes[k]) && !node_has_axis(b, sum->axes[k])) return true;
  }
  return false;
}

/* Summed over, the term is a matrix product. */
static bool multiplies(const node *sum, const node *term) {
  if (term->class != NODE_PRODUCT || term->bound > 0) return false;
  for (int j = 0; j < term->operands; j++) {
    for (int k = 0; k < j; k++) {
      const node *a = term->operand[j], *b = term->operand[k];
      if (has_more(sum, a, b) && has_more(sum, b, a)) return true;
    }
  }
  return false;
}

/* A sum over terms of which each is a matrix product is the sum of those: sum_j (a_ij b_jk + c_ij d_jk). */
static const node *sums_apart(lowering *l, const node *old) {
  const node *inner = only_summed(l, old);
  if (!inner || inner->class != NODE_SUM || inner->value < 0 || inner->value > 0) return NULL;
  for (int k = 0; k < inner->operands; k++) {
    if (!multiplies(old, inner->operand[k])) return NULL;
  }
  const node **term = arena_alloc(l->memory, (size_t)inner->operands * sizeof *term);
  for (int k = 0; k < inner->operands; k++) {
    const node *one = node_product(l->g, 1, &inner->operand[k], NULL, old->bound, old->bound_axes);
    term[k] = bracket(l->g, l->p->settings.batch, one, 0, NULL, NULL);
  }
  return node_sum(l->g, 0, inner->operands, term, inner->coefficient);
}

/* A sum of a sum that nobody else reads is one sum over the axes of both. */
static const node *joint_sum(lowering *l, const node *old) {
  const node *inner = only_summed(l, old);
  if (!inner) return NULL;
  if (inner->class != NODE_PRODUCT || inner->bound == 0) return NULL;
  axis bound[2 * MAX_RANK];
  int count = 0;
  for (int k = 0; k < inner->bound; k++) bound[count++] = inner->bound_axes[k];
  for (int k = 0; k < old->bound; k++) {
    if (node_binds(inner, old->bound_axes[k])) return NULL;
    bound[count++] = old->bound_axes[k];
  }
  if (count > MAX_RANK) return NULL;
  return node_product(l->g, inner->operands, inner->operand, inner->power, count, bound);
}

/* j + 1 <= i and the like: of indices alone, and of a range of them. */
static bool is_range_of_indices(const node *n) {
  if (n->class == NODE_INDEX || n->class == NODE_CONSTANT) return true;
  const bool compares = n->class == NODE_MAP && (n->op == OP_less || n->op == OP_less_equal);
  if (!compares && n->class != NODE_SUM) return false;
  for (int k = 0; k < n->operands; k++) {
    if (n->operand[k]->boolean || !is_range_of_indices(n->operand[k])) return false;
  }
  return true;
}

static bool has_axes_of(const node *n, const node *other) {
  for (int k = 0; k < other->rank; k++) {
    if (!node_has_axis(n, other->axes[k])) return false;
  }
  return true;
}

/* The factor that takes the mask at k in, or -1: it has all of its axes, and another factor has not, so that
 * all of it is a matrix product, once zeroes stand where the mask is false. */
static int masked_factor(const operands *list, size_t k) {
  int found = -1;
  bool others = false;
  for (size_t j = 0; j < list->count; j++) {
    if (list->node[j]->boolean) continue;
    if (!has_axes_of(list->node[j], list->node[k])) others = true;
    else if (list->weight[j] >= 1 && list->weight[j] <= 1) found = (int)j;
  }
  return others ? found : -1;
}

static void remove_operand(operands *list, size_t k) {
  list->count--;
  memmove(&list->node[k], &list->node[k + 1], (list->count - k) * sizeof *list->node);
  memmove(&list->weight[k], &list->weight[k + 1], (list->count - k) * sizeof *list->weight);
}

/* [mask] n, of n's own factors: nothing is computed twice where n is only met together with the mask. */
static const node *masked_node(lowering *l, const node *mask, const node *n) {
  operands list = {0};
  push(l, &list, mask, 1);
  const bool product = n->class == NODE_PRODUCT && n->bound == 0;
  for (int k = 0; k < n->operands && product; k++) push(l, &list, n->operand[k], n->power[k]);
  if (!product) push(l, &list, n, 1);
  return node_product(l->g, (int)list.count, list.node, list.weight, 0, NULL);
}

static void take_masks_in(lowering *l, operands *list) {
  for (size_t k = 0; k < list->count; k++) {
    const node *mask = list->node[k];
    const int j = mask->boolean && is_range_of_indices(mask) ? masked_factor(list, k) : -1;
    if (j < 0) continue;
    const masked one = {mask, list->node[j], masked_node(l, mask, list->node[j])};
    ARENA_PUSH(l->memory, l->mask, l->masks, l->mask_capacity, one);
    list->node[j] = one.both;
    remove_operand(list, k--);
  }
}

static size_t find_operand(const operands *list, const node *n) {
  size_t k = 0;
  while (k < list->count && (list->node[k] != n || list->weight[k] < 1 || list->weight[k] > 1)) k++;
  return k;
}

/* What has been made with a mask serves where the two are met again. */
static void use_masked(const lowering *l, operands *list) {
  for (size_t m = 0; m < l->masks; m++) {
    const size_t mask = find_operand(list, l->mask[m].mask), factor = find_operand(list, l->mask[m].factor);
    if (mask == list->count || factor == list->count) continue;
    list->node[factor] = l->mask[m].both;
    remove_operand(list, mask);
  }
}

static const node *lower_product(lowering *l, const node *old) {
  operands list = {0};
  const node *joint = joint_sum(l, old);
  if (joint) return bracket(l->g, l->p->settings.batch, joint, 0, NULL, NULL);
  const node *apart = sums_apart(l, old);
  if (apart) return apart;
  const node *total = old->bound > 0 ? total_of(l->totals, old, l->made, l->p->settings.batch) : NULL;
  if (total) return total;
  push_factors(l, &list, old);
  use_masked(l, &list);
  if (old->bound > 0) take_masks_in(l, &list);
  const node *made = node_product(l->g, (int)list.count, list.node, list.weight, old->bound,
                                  old->bound_axes);
  bool single[MOST_BRACKETED] = {false};
  if (old->bound == 0 || (int)list.count != old->operands) return made;
  for (int k = 0; k < old->operands && k < MOST_BRACKETED; k++) {
    single[k] = l->uses[old->operand[k]->id] == 1;
  }
  return bracket(l->g, l->p->settings.batch, made, old->operands, list.node, single);
}

/* A contraction that is only looked at under another name, which it has from its leaves alone, is
 * made under that name. */
static const node *made_under_name(lowering *l, const node *old) {
  const node *inner = l->made[old->operand[0]->id];
  axis from[MAX_RANK], to[MAX_RANK];
  if (l->uses[old->operand[0]->id] != 1 || inner->class != NODE_PRODUCT || inner->bound == 0 ||
      !view_is_rename(l->g, old->view)) {
    return NULL;
  }
  int count = view_renamed_axes(old->view, from, to);
  const node **factors =
      arena_alloc(l->memory, (size_t)inner->operands * sizeof *factors);
  for (int k = 0; k < inner->operands; k++) {
    const node *factor = inner->operand[k];
    for (int j = 0; j < count; j++) {
      if (node_has_axis(factor, to[j]) || node_binds(inner, to[j])) return NULL;
    }
    if (!node_follows(factor, count, from)) {
      for (int j = 0; j < count; j++) {
        if (node_has_axis(factor, from[j])) return NULL;
      }
    }
    factors[k] = node_rename_axes(l->g, factor, count, from, to);
  }
  return node_product(l->g, inner->operands, factors, inner->power, inner->bound,
                      inner->bound_axes);
}

/* A product that a view scatters along windows, or of what it scatters the part that is read. */
static const node *made_by_gather(lowering *l, const node *old) {
  const node *inner = old->operand[0];
  if (l->uses[inner->id] != 1) return NULL;
  if (inner->class != NODE_VIEW) return gather_windows(l->g, l->made[inner->id], old->view, NULL);
  const node *scattered = inner->operand[0];
  if (l->uses[scattered->id] != 1) return NULL;
  return gather_windows(l->g, l->made[scattered->id], inner->view, old->view);
}

static const node *lower_view(lowering *l, const node *old) {
  const node *made = made_under_name(l, old);
  if (!made) made = made_by_gather(l, old);
  return made ? made : node_view(l->g, l->made[old->operand[0]->id], old->view);
}

static const node *lower_select(lowering *l, const node *old) {
  if (old->select == SELECT_LOGSUMEXP) return lower_logsumexp(l, old);
  const node *guard = old->operands > 1 ? l->made[old->operand[1]->id] : NULL;
  return node_select(l->g, old->select, l->made[old->operand[0]->id], guard, old->bound,
                     old->bound_axes);
}

static const node *lower_node(lowering *l, const node *old) {
  switch (old->class) {
    case NODE_SUM: return lower_sum(l, old);
    case NODE_PRODUCT: return lower_product(l, old);
    case NODE_MAP: return lower_map(l, old);
    case NODE_VIEW: return lower_view(l, old);
    case NODE_SELECT: return lower_select(l, old);
    case NODE_CONSTANT:
    case NODE_TENSOR:
    case NODE_INDEX:
    case NODE_EXTENT: break;
  }
  return old;
}

/* ---- the program -------------------------------------------------------------------------- */

typedef void each_root(lowering *l, definition *of);

static void for_each_definition(lowering *l, each_root *act) {
  program *p = l->p;
  for (int k = 0; k < p->outputs; k++) act(l, &p->output[k]);
  for (int k = 0; k < p->metrics; k++) act(l, &p->metric[k]);
  for (int k = 0; k < p->gradients; k++) act(l, &p->gradient[k]);
  for (int k = 0; k < p->refreshes; k++) act(l, &p->refresh[k].value);
  for (int k = 0; k < p->helds; k++) act(l, &p->held[k].value);
}

/* A root is read from outside: nothing takes it in. */
static void count_root(lowering *l, definition *of) { l->uses[of->value->id] += 2; }

static void count_uses(lowering *l, const bool *reached, int count) {
  for_each_definition(l, count_root);
  for (int id = 0; id < count; id++) {
    const node *n = graph_node(l->g, id);
    if (!reached[id]) continue;
    for (int k = 0; k < n->operands; k++) l->uses[n->operand[k]->id]++;
    if (n->class == NODE_TENSOR && n->tensor->body) l->uses[n->tensor->body->id] += 2;
  }
}

static void replace(lowering *l, definition *of) {
  const node *made = l->made[of->value->id];
  if (made) of->value = node_unname(l->g, made, of->rank, of->dims);
}

static void replace_bodies(lowering *l, int count, const bool *reached) {
  for (int k = 0; k < tensor_count(l->g); k++) {
    tensor *t = tensor_at(l->g, k);
    if (!t->body || t->body->id >= count || !reached[t->body->id]) continue;
    axis dims[MAX_RANK];
    memcpy(dims, t->body_dims, sizeof dims);
    const node *body = node_unname(l->g, l->made[t->body->id], t->rank, dims);
    tensor_define(l->g, t, body, dims);
  }
}

void lower_program(program *p) {
  graph *g = p->g;
  int count = graph_node_count(g);
  arena *memory = graph_memory(g);
  size_t size = (size_t)count;
  lowering l = {.p = p, .g = g, .memory = memory};
  const bool *reached = program_reach(p, true);
  l.made = arena_alloc(memory, size * sizeof *l.made);
  l.uses = arena_alloc(memory, size * sizeof *l.uses);
  l.opens = arena_alloc(memory, size * sizeof *l.opens);
  l.maximum = arena_alloc(memory, size * sizeof *l.maximum);
  l.total = arena_alloc(memory, size * sizeof *l.total);
  count_uses(&l, reached, count);
  l.pairs = pairs_of(g, reached, l.uses, count);
  l.totals = totals_of(g, l.pairs, reached, count);
  graph_set_rewrite(g, NULL, NULL);
  graph_set_lowered(g, true);
  for (int id = 0; id < count; id++) {
    if (reached[id]) l.made[id] = lower_node(&l, graph_node(g, id));
  }
  for_each_definition(&l, replace);
  for (int k = 0; k < p->definitions; k++) {
    if (p->definition[k].value->id < count) replace(&l, &p->definition[k]);
  }
  for (int k = 0; k < p->adjoints; k++) {
    if (p->adjoint[k].value->id < count) replace(&l, &p->adjoint[k]);
  }
  if (p->objective) p->objective = l.made[p->objective->id];
  if (p->test_loss) p->test_loss = l.made[p->test_loss->id];
  if (p->held_objective) p->held_objective = l.made[p->held_objective->id];
  replace_bodies(&l, count, reached);
  p->lowered = l.made;
  p->lowered_nodes = count;
  find_idle_states(p);
}
