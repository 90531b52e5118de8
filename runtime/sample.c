/* Turns a seed into made-up data and parameters, for `check` and `bench`. */
#include "random.h"
#include "session.h"

#include <math.h>
#include <stdio.h>

static void put(const nnrt_model *model, void *values, size_t at, double value) {
  if (model->real_bytes == (int)sizeof(float))
    ((float *)values)[at] = (float)value;
  else
    ((double *)values)[at] = value;
}

/* Targets stay off 0 and 1, where a loss may have its ends. */
static double draw_real(const nnrt_tensor *tensor, nnrt_random *stream) {
  return tensor->role == NNRT_TARGET ? 0.05 + 0.9 * nnrt_random_uniform(stream)
                                     : nnrt_random_normal(stream);
}

void nnrt_sample_data(const nnrt_model *model, nnrt_batch *batch, size_t n, uint64_t seed) {
  for (size_t k = 0; k < batch->tensors; k++) {
    const nnrt_tensor *tensor = &model->tensor[k];
    const size_t values = tensor->kind == NNRT_COUNT ? (size_t)tensor->limit + 1
                                                     : (size_t)tensor->limit;
    nnrt_random stream = nnrt_random_begin(seed, tensor->name, 1);
    for (size_t i = 0; i < n * tensor->elements; i++)
      if (tensor->kind == NNRT_REAL)
        put(model, batch->values[k], i, draw_real(tensor, &stream));
      else
        ((int32_t *)batch->values[k])[i] = (int32_t)nnrt_random_below(&stream, values ? values : 1);
  }
}

void nnrt_sample_parameters(const nnrt_model *model, void *block, uint64_t seed) {
  for (size_t k = 0; k < model->tensors; k++) {
    const nnrt_tensor *tensor = &model->tensor[k];
    if (tensor->role != NNRT_PARAMETER)
      continue;
    const double fan = tensor->fan_in > 0 ? (double)tensor->fan_in : 1.0;
    const double bound = tensor->rank >= 2 ? sqrt(3.0 / fan) : 0.5;
    nnrt_random stream = nnrt_random_begin(seed, tensor->name, 2);
    for (size_t i = 0; i < tensor->elements; i++)
      put(model, model->locate(block, k), i, bound * (2.0 * nnrt_random_uniform(&stream) - 1.0));
  }
}
