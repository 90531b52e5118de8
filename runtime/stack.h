/* stack: the copies of a `repeat` are one tensor in the block, a stack, and a tensor each in files
 * and reports. */
#ifndef NNRT_STACK_H
#define NNRT_STACK_H

#include "fail.h"
#include "nnrt.h"

/* 1 for a tensor that is no stack. */
size_t nnrt_stack_copies(const nnrt_tensor *stack);
/* Copy `number` of a stack, from 0, row-major where repeats stand in repeats: `copy` gets its shape
 * and place, and its name as far as there is room for it (name may be NULL where room is 0).
 * Returns the name's length; *hash becomes nnrt_random_hash of it. */
size_t nnrt_stack_copy(const nnrt_tensor *stack, size_t number, int real_bytes, nnrt_tensor *copy,
                       char *name, size_t room, uint64_t *hash);
/* The model with a tensor for each copy in place of stacks; the same model where it has none.
 * NULL without memory. Ends with nnrt_unstacked_free. */
const nnrt_model *nnrt_unstacked(const nnrt_model *model, nnrt_failure *failure);
void nnrt_unstacked_free(const nnrt_model *model);
/* Where tensor `index` of the model, stacked or not, lives in this block. */
void *nnrt_locate(const nnrt_model *model, void *block, size_t index);

#endif
