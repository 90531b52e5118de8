/* Bracketing of contractions: which factors to multiply first. */
#ifndef NNCC_BRACKET_H
#define NNCC_BRACKET_H

#include "graph.h"

enum { MOST_BRACKETED = 10 }; /* factors; subsets of them are searched */

/* `made` is a contraction of `count` factors (as they stand in it, if it is still one product of just
 * those); single[k]: nobody else reads factors[k]. Where factors are products or contractions
 * that nobody else reads, the flat product is bracketed anew for the fewest multiply-adds; batch
 * is the size to count with. What only one factor has of the bound axes may be summed at once.
 * Returns `made` where nothing is gained. */
const node *bracket(graph *g, int batch, const node *made, int count, const node *const *factors,
                    const bool *single);

#endif
