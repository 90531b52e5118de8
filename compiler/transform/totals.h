/* Sums over axes that follow from other sums. */
#ifndef NNCC_TOTALS_H
#define NNCC_TOTALS_H

#include "graph.h"
#include "pairs.h"

typedef struct totals totals;

/* Finds the sums of the first `count` nodes, of those `reached`; before any is lowered. */
totals *totals_of(graph *g, const pairs *p, const bool *reached, int count);
/* The sum `old` (a product with bound axes) over lowered nodes: what all sums of the same factors
 * share, times what does not depend on the sum; or, of a sum of terms, what follows from sums that are
 * there anyway. `made`: by id, what the nodes before it became; `batch`: the size to count with. NULL
 * where nothing is gained. */
const node *total_of(totals *t, const node *old, const node *const *made, int batch);

#endif
