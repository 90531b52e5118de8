/* Names, types and shapes that states have in a checkpoint. */
#include "checkpoint_names.h"

#include <stdio.h>
#include <stdlib.h>

nnrt_dtype nnrt_state_dtype(const nnrt_model *model, const nnrt_tensor *tensor) {
  return tensor->kind == NNRT_REAL ? nnrt_real_dtype(model->real_bytes) : NNRT_I32;
}

void nnrt_name_state(const nnrt_tensor *tensor, char *to) {
  snprintf(to, NNRT_LONGEST_NAME, "@%s", tensor->name);
}

void nnrt_name_beside(const char *which, const nnrt_tensor *tensor, char *to) {
  snprintf(to, NNRT_LONGEST_NAME, "@%s.%s", which, tensor->name);
}

void nnrt_name_optimizer_state(const nnrt_optimizer *optimizer, int state,
                                 const nnrt_tensor *parameter, char *to) {
  snprintf(to, NNRT_LONGEST_NAME, "@optimizer.%s.%s", optimizer->state[state], parameter->name);
}

void *nnrt_optimizer_state(const nnrt_model *model, void *block, int state,
                             const nnrt_tensor *parameter) {
  return (char *)block + model->optimizer_state_offset + (size_t)state * model->parameter_bytes +
         (parameter->offset - model->parameter_offset);
}

size_t *nnrt_lane_shape(const nnrt_tensor *state, size_t batch) {
  size_t *shape = malloc(((size_t)state->rank + 1) * sizeof *shape);
  if (!shape)
    return NULL;
  shape[0] = batch;
  for (int i = 0; i < state->rank; i++)
    shape[1 + i] = state->shape[i];
  return shape;
}
