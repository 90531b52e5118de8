/* Values under a bracket that is met with them again and again. */
#ifndef NNCC_PAIRS_H
#define NNCC_PAIRS_H

#include "graph.h"

typedef struct pairs pairs;

/* Finds the products of one bracket and one value, both of all axes, that several others read: the
 * derivative behind a relu, [0 < z] d. Of the first `count` nodes, those `reached`; uses: by id. */
pairs *pairs_of(graph *g, const bool *reached, const int *uses, int count);
/* Of the factors, the k-th: the pair whose value it is and whose bracket is another of them, at
 * *bracket; NULL where there is none. */
const node *pair_of(const pairs *p, int count, const node *const *factors, const double *powers, int k,
                    int *bracket);

#endif
