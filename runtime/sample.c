/* Turns a seed into made-up data and parameters, for `check` and `bench`. */
#include "random.h"
#include "session.h"
#include "stack.h"

#include <math.h>
#include <stdio.h>

static void put(const nnrt_model *model, void *values, size_t at, double value) {
  if (model->real_bytes == (int)sizeof(float))
    ((float *)values)[at] = (float)value;
  else
    ((double *)values)[at] = value;
}

/* Targets stay off 0 and 1, where a loss may have its ends. */
static double draw_real(const nnrt_tensor *tensor, int positive, nnrt_random *stream) {
  return tensor->role == NNRT_TARGET || positive ? 0.05 + 0.9 * nnrt_random_uniform(stream)
                                                 : nnrt_random_normal(stream);
}

void nnrt_sample_data(const nnrt_model *model, nnrt_batch *batch, size_t n, int positive,
                      uint64_t seed) {
  for (size_t k = 0; k < batch->tensors; k++) {
    const nnrt_tensor *tensor = &model->tensor[k];
    const size_t values = tensor->kind == NNRT_COUNT ? (size_t)tensor->limit + 1
                                                     : (size_t)tensor->limit;
    nnrt_random stream = nnrt_random_begin(seed, tensor->name, 1);
    for (size_t i = 0; i < n * tensor->elements; i++)
      if (tensor->kind == NNRT_REAL)
        put(model, batch->values[k], i, draw_real(tensor, positive, &stream));
      else
        ((int32_t *)batch->values[k])[i] = (int32_t)nnrt_random_below(&stream, values ? values : 1);
  }
}

typedef struct range {
  double middle, half; /* middle - half ... middle + half */
} range;

/* With gain 1 a matrix keeps the variance of what passes through it: uniform variance 1 / fan_in.
 * What begins around a number stays on its side of zero. */
static range range_of(const nnrt_tensor *tensor, double gain) {
  const double fan = tensor->fan_in > 0 ? (double)tensor->fan_in : 1.0;
  const double a = tensor->a, b = tensor->b;
  const range usual = {0.0, tensor->rank >= 2 ? gain * sqrt(3.0 / fan) : 0.5};
  const range uniform = {(a + b) / 2, (b - a) / 2}, around = {a, fabs(a) / 2}, normal = {0, 2 * b};
  if (tensor->distribution == NNRT_UNIFORM)
    return uniform;
  if (tensor->distribution != NNRT_CONSTANT && tensor->distribution != NNRT_NORMAL)
    return usual;
  if (fabs(a) > 0)
    return around;
  return tensor->distribution == NNRT_NORMAL ? normal : usual;
}

void nnrt_sample_parameters(const nnrt_model *model, void *block, double gain, uint64_t seed) {
  for (size_t k = 0; k < model->tensors; k++) {
    const nnrt_tensor *tensor = &model->tensor[k];
    if (tensor->role != NNRT_PARAMETER)
      continue;
    const range of = range_of(tensor, gain);
    nnrt_random stream = nnrt_random_begin(seed, tensor->name, 2);
    for (size_t i = 0; i < tensor->elements; i++)
      put(model, nnrt_locate(model, block, k), i,
          of.middle + of.half * (2.0 * nnrt_random_uniform(&stream) - 1.0));
  }
}
