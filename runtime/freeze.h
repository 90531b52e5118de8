/* freeze: parameters that training leaves as they are. */
#ifndef NNRT_FREEZE_H
#define NNRT_FREEZE_H

#include "piece.h"

typedef struct nnrt_frozen_part {
  void *parameter, *gradient; /* in the block                                                 */
  void *kept;                 /* a copy of the parameter; owned                               */
  size_t bytes;
} nnrt_frozen_part;

typedef struct nnrt_frozen {
  size_t parts;
  nnrt_frozen_part *part;
} nnrt_frozen;

/* Remembers every parameter whose name fits one of the patterns, "h.*,z.b" as a shell writes them.
 * NULL: none. A pattern that fits no parameter fails, as do patterns that leave nothing to learn.
 * The block's parameters must be what they are to stay. */
bool nnrt_freeze(const nnrt_model *model, void *block, const char *patterns, nnrt_frozen *frozen,
                 nnrt_failure *failure);
/* Between gradient and anything that reads it, such as its norm: their gradients are 0. */
void nnrt_frozen_gradient(const nnrt_frozen *frozen);
/* After an update: they are what they were, whatever the rule does to a parameter without gradient
 * (weight decay, momentum). */
void nnrt_frozen_restore(const nnrt_frozen *frozen);
void nnrt_frozen_free(nnrt_frozen *frozen);

#endif
