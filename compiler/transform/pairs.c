/* [0 < z] d is read by the derivatives of everything in front of a relu. Products are opened, so each of
 * them would read z and d; but the product of the two is there, and is one array to read. */
#include "pairs.h"

struct pairs {
  const node **of; /* by the value's id */
};

static bool is_one(double power) { return power >= 1 && power <= 1; }

/* Computed from places alone, which compilers know: nothing that is worth a pass. */
static bool is_of_indices(const node *n) {
  if (n->class == NODE_TENSOR || n->class == NODE_EXTENT || n->class == NODE_PRODUCT) return false;
  for (int k = 0; k < n->operands; k++) {
    if (!is_of_indices(n->operand[k])) return false;
  }
  return true;
}

static bool same_axes(const node *a, const node *b) {
  if (a->rank != b->rank) return false;
  for (int k = 0; k < a->rank; k++) {
    if (a->axes[k] != b->axes[k]) return false;
  }
  return true;
}

/* A contraction, or a part of one: the bracket is a pass over it. What is a sum of terms would be computed
 * under the bracket, where each of its reads is one that no compiler makes vectors of. */
static bool is_stored(const node *n) {
  while (n->class == NODE_VIEW) n = n->operand[0];
  return n->class == NODE_PRODUCT && n->bound > 0;
}

/* Which of the two operands is the value; -1 where it is no such product. */
static int value_of(const node *n) {
  if (n->class != NODE_PRODUCT || n->bound > 0 || n->operands != 2) return -1;
  const int value = n->operand[0]->boolean ? 1 : 0;
  const node *bracket = n->operand[1 - value], *of = n->operand[value];
  bool both = bracket->boolean && !of->boolean && is_one(n->power[value]) && is_stored(of);
  return both && same_axes(bracket, of) && !is_of_indices(bracket) ? value : -1;
}

pairs *pairs_of(graph *g, const bool *reached, const int *uses, int count) {
  pairs *p = arena_alloc(graph_memory(g), sizeof *p);
  p->of = arena_alloc(graph_memory(g), (size_t)count * sizeof *p->of);
  for (int id = 0; id < count; id++) {
    const node *n = graph_node(g, id);
    const int value = reached[id] && uses[id] > 1 ? value_of(n) : -1;
    if (value >= 0) p->of[n->operand[value]->id] = n;
  }
  return p;
}

const node *pair_of(const pairs *p, int count, const node *const *factors, const double *powers, int k,
                    int *bracket) {
  const node *pair = p->of[factors[k]->id];
  if (!pair || !is_one(powers[k])) return NULL;
  for (int j = 0; j < count; j++) {
    if (j == k || (factors[j] != pair->operand[0] && factors[j] != pair->operand[1])) continue;
    *bracket = j;
    return pair;
  }
  return NULL;
}
