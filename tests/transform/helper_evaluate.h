/* A naive reference for the graph: the value of one element of one node, by the definitions in
 * graph.h and nothing else. No storage, no order, no simplification: slow, and easy to believe. */
#ifndef NNCC_HELPER_EVALUATE_H
#define NNCC_HELPER_EVALUATE_H

#include "graph.h"

/* The number that a leaf has at a position: a function of the tensor and the indices alone, the same
 * in every run. `nudge` adds `by` to one element of one tensor, for central differences. */
typedef struct world {
  const graph *g;
  int64_t batch;
  const tensor *nudged;
  int64_t nudged_at[MAX_RANK + 1];
  double nudged_by;
  double low, high; /* of leaves */
  const program *of; /* where held values are found, if there are any */
  struct memo *memo; /* NULL, or what was computed already: see remember */
} world;

/* From here on values are kept and looked up, until they are forgotten: recurrences need it.
 * After every change of the nudge, forget. */
void remember(world *w);
void forget(world *w);
void forget_for_good(world *w);

/* Whether this evaluation takes minutes for that file of tests/models. */
bool too_large_to_evaluate(const char *file);

/* position[a] is the index along axis a, for every axis of the graph. */
double evaluate(const world *w, const node *n, int64_t *position);

#endif
