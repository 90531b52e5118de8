/* checkpoint_names: what saving and resuming a checkpoint must agree on; private to checkpoint.c
 * and resume.c. */
#ifndef NNRT_CHECKPOINT_NAMES_H
#define NNRT_CHECKPOINT_NAMES_H

#include "weights.h"

enum { NNRT_LONGEST_NAME = 512 }; /* of a tensor in a checkpoint, with its 0 */

/* A state's type in files: its kind's. */
nnrt_dtype nnrt_state_dtype(const nnrt_model *model, const nnrt_tensor *tensor);
/* "@mean.h": a state. `to` has room for NNRT_LONGEST_NAME, here and below. */
void nnrt_name_state(const nnrt_tensor *tensor, char *to);
/* "@live.W1": what training goes on from, where W1 is another one. */
void nnrt_name_beside(const char *which, const nnrt_tensor *tensor, char *to);
/* "@optimizer.m.W1" */
void nnrt_name_optimizer_state(const nnrt_optimizer *optimizer, int state,
                               const nnrt_tensor *parameter, char *to);
/* Where the optimizer's state number `state` of a parameter lies in a training block. */
void *nnrt_optimizer_state(const nnrt_model *model, void *block, int state,
                           const nnrt_tensor *parameter);
/* [batch, shape...], owned by the caller; NULL: out of memory */
size_t *nnrt_lane_shape(const nnrt_tensor *state, size_t batch);

#endif
