/* What is scattered along windows, gathered. */
#ifndef NNCC_SCATTER_H
#define NNCC_SCATTER_H

#include "graph.h"

/* `scattering` adds up a product's values where windows overlap, y[i + p] += w[p] g[i]; `crop`, or
 * NULL: the part of it that is read. The same values as a sum over windows, y[t] = sum_p w[P - p] z[t + p],
 * or NULL where it is something else or would be more work. */
const node *gather_windows(graph *g, const node *product, const view *scattering,
                           const view *crop);

#endif
