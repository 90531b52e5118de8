/* initialize: how a block begins, for those who know what its memory holds. */
#ifndef NNRT_INITIALIZE_H
#define NNRT_INITIALIZE_H

#include "nnrt.h"

/* nnrt_initialize() of memory that is all zeros: what stays zero is not touched, so that pages
 * which nobody uses never come to be. */
void nnrt_initialize_zeros(const nnrt_model *model, void *block, int batch, int training,
                           uint64_t seed);

#endif
