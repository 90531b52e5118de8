/* finite: where numbers cease to be numbers; private to the trainer. */
#ifndef NNRT_FINITE_H
#define NNRT_FINITE_H

#include "train.h"

/* Looks at bits, so that it holds under any compiler option. */
bool nnrt_all_finite(const void *first, size_t count, int real_bytes);

/* Fails with the line of a step whose loss or gradients are not finite: which tensor was the first.
 * The batch is the trainer's room, `n` samples. */
bool nnrt_fail_not_finite(nnrt_trainer *trainer, double loss, size_t n, nnrt_failure *failure);

/* False where a parameter or state, as saved, is not finite. */
bool nnrt_check_weights(const nnrt_trainer *trainer, nnrt_failure *failure);
/* The same of weights that a file brought. */
bool nnrt_check_loaded(const nnrt_trainer *trainer, const char *path, nnrt_failure *failure);

#endif
