/* Copies of a model's weights outside its block: the best ones so far, averages. A copy holds every
 * parameter and every state that is not per_lane, one after another. */
#include "train.h"
#include "stack.h"

#include <string.h>

static bool is_kept(const nnrt_tensor *tensor) {
  return tensor->role == NNRT_PARAMETER || (tensor->role == NNRT_STATE && !tensor->per_lane);
}

/* In the copy; a multiple of 8, so that doubles are aligned. */
static size_t kept_bytes(const nnrt_model *model, const nnrt_tensor *tensor) {
  return is_kept(tensor) ? (nnrt_sample_bytes(tensor, model->real_bytes) + 7) / 8 * 8 : 0;
}

size_t nnrt_copy_bytes(const nnrt_model *model) {
  size_t bytes = 8;
  for (size_t i = 0; i < model->tensors; i++)
    bytes += kept_bytes(model, &model->tensor[i]);
  return bytes;
}

void *nnrt_copy_at(const nnrt_model *model, void *copy, size_t index) {
  char *at = copy;
  for (size_t i = 0; i < index; i++)
    at += kept_bytes(model, &model->tensor[i]);
  return at;
}

static void swap_bytes(char *a, char *b, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const char held = a[i];
    a[i] = b[i];
    b[i] = held;
  }
}

/* average += share * (value - average) */
static void mix_reals(void *average, const void *value, size_t count, int real_bytes,
                      double share) {
  if (real_bytes == (int)sizeof(float)) {
    float *to = average;
    const float *from = value;
    for (size_t i = 0; i < count; i++)
      to[i] += (float)share * (from[i] - to[i]);
  } else {
    double *to = average;
    const double *from = value;
    for (size_t i = 0; i < count; i++)
      to[i] += share * (from[i] - to[i]);
  }
}

static void apply(const nnrt_model *model, nnrt_copy_way way, const nnrt_tensor *tensor, void *kept,
                  void *live, double share) {
  const size_t bytes = nnrt_sample_bytes(tensor, model->real_bytes);
  if (way == NNRT_COPY_PUT)
    memcpy(live, kept, bytes);
  else if (way == NNRT_COPY_SWAP)
    swap_bytes(kept, live, bytes);
  else if (way == NNRT_COPY_TAKE || tensor->kind != NNRT_REAL)
    memcpy(kept, live, bytes);
  else
    mix_reals(kept, live, tensor->elements, model->real_bytes, share);
}

void nnrt_copy(const nnrt_model *model, nnrt_copy_way way, void *copy, void *block, double share) {
  char *at = copy;
  for (size_t i = 0; i < model->tensors; i++) {
    const nnrt_tensor *tensor = &model->tensor[i];
    if (is_kept(tensor))
      apply(model, way, tensor, at, nnrt_locate(model, block, i), share);
    at += kept_bytes(model, tensor);
  }
}

/* ---- the trainer's copies ------------------------------------------------------------------ */

/* The first values are taken as they are: averages begin there. */
static void average_in(nnrt_trainer *trainer, double share) {
  const nnrt_copy_way way = trainer->averaged == 0 ? NNRT_COPY_TAKE : NNRT_COPY_MIX;
  nnrt_copy(trainer->model, way, trainer->average, trainer->block, share);
  trainer->averaged++;
}

void nnrt_average_step(nnrt_trainer *trainer) {
  const nnrt_factor *how = &trainer->averaging.factor[0];
  if (trainer->average && how->form == AVERAGE_EMA)
    average_in(trainer, 1 - how->argument[0]);
}

void nnrt_average_epoch(nnrt_trainer *trainer) {
  const nnrt_factor *how = &trainer->averaging.factor[0];
  if (trainer->average && how->form == AVERAGE_SWA &&
      (double)trainer->epoch + 1 >= how->argument[0])
    average_in(trainer, 1 / ((double)trainer->averaged + 1));
}

void nnrt_keep_best(nnrt_trainer *trainer) {
  if (!trainer->best)
    return;
  nnrt_copy(trainer->model, NNRT_COPY_TAKE, trainer->best, trainer->block, 0);
  trainer->has_best_weights = 1;
}

void *nnrt_kept_weights(const nnrt_trainer *trainer) {
  if (trainer->has_best_weights)
    return trainer->best;
  return trainer->averaged > 0 ? trainer->average : NULL;
}
