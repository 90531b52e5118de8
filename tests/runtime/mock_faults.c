/* The mock model with a wrong gradient, for the tests of `check`. */
#include "mock_model.h"

#include <string.h>

enum { W1 = 2, b1 = 3, W2 = 4 };

static char *gradient_of(const nnrt_model *model, void *block, size_t index) {
  return (char *)block + model->gradient_offset +
         (model->tensor[index].offset - model->parameter_offset);
}

static void scale_float(void *first, size_t from, size_t to, float factor) {
  for (size_t i = from; i < to; i++)
    ((float *)first)[i] *= factor;
}

static void scale_double(void *first, size_t from, size_t to, double factor) {
  for (size_t i = from; i < to; i++)
    ((double *)first)[i] *= factor;
}

static void spoil(const nnrt_model *model, void *block, size_t index, size_t from, size_t to,
                  double factor) {
  if (model->real_bytes == (int)sizeof(float))
    scale_float(gradient_of(model, block, index), from, to, (float)factor);
  else
    scale_double(gradient_of(model, block, index), from, to, factor);
}

static double sign_float(void *block, int n, const void *const *data) {
  const double loss = mock_float_model.gradient(block, n, data);
  spoil(&mock_float_model, block, b1, 0, 5, -1.0);
  return loss;
}

static double sign_double(void *block, int n, const void *const *data) {
  const double loss = mock_double_model.gradient(block, n, data);
  spoil(&mock_double_model, block, b1, 0, 5, -1.0);
  return loss;
}

static double missing_float(void *block, int n, const void *const *data) {
  const double loss = mock_float_model.gradient(block, n, data);
  spoil(&mock_float_model, block, W2, 7, 8, 0.0);
  return loss;
}

static double missing_double(void *block, int n, const void *const *data) {
  const double loss = mock_double_model.gradient(block, n, data);
  spoil(&mock_double_model, block, W2, 7, 8, 0.0);
  return loss;
}

static double factor_float(void *block, int n, const void *const *data) {
  const double loss = mock_float_model.gradient(block, n, data);
  spoil(&mock_float_model, block, W1, 0, 20, 1.05);
  return loss;
}

static double factor_double(void *block, int n, const void *const *data) {
  const double loss = mock_double_model.gradient(block, n, data);
  spoil(&mock_double_model, block, W1, 0, 20, 1.001);
  return loss;
}

/* As if the mean over the batch had been forgotten. */
static double sum_double(void *block, int n, const void *const *data) {
  const double loss = mock_double_model.gradient(block, n, data);
  for (size_t index = W1; index < W1 + 4; index++)
    spoil(&mock_double_model, block, index, 0, mock_double_model.tensor[index].elements, n);
  return loss;
}

nnrt_model mock_with_fault(mock_fault fault, int real_bytes) {
  static double (*const of_float[])(void *, int, const void *const *) = {
    sign_float, missing_float, factor_float, NULL};
  static double (*const of_double[])(void *, int, const void *const *) = {
    sign_double, missing_double, factor_double, sum_double};
  const int single = real_bytes == (int)sizeof(float);
  nnrt_model model = single ? mock_float_model : mock_double_model;
  if (fault != MOCK_NO_FAULT)
    model.gradient = single ? of_float[fault] : of_double[fault];
  return model;
}
