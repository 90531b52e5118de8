/* Initial values: each distribution's mean and spread, by the fans; the same seed, the same bits. */
#include "mock_model.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 120, COLUMNS = 200, ELEMENTS = ROWS * COLUMNS };

static const size_t shape[] = {ROWS, COLUMNS};

/* A model of one parameter right behind the head. */
static size_t bytes(int batch, int training) {
  (void)batch;
  (void)training;
  return 256 + ELEMENTS * sizeof(double);
}

static double *draw(nnrt_tensor *tensor, int real_bytes, uint64_t seed) {
  nnrt_model model;
  memset(&model, 0, sizeof model);
  tensor->name = "W";
  tensor->role = NNRT_PARAMETER;
  tensor->offset = 256;
  model.real_bytes = real_bytes;
  model.tensors = 1;
  model.tensor = tensor;
  model.bytes = bytes;
  char *block = aligned_alloc(NNRT_ALIGNMENT, bytes(1, 0));
  memset(block, 0xff, bytes(1, 0));
  nnrt_initialize(&model, block, 1, 0, seed);
  double *values = malloc(ELEMENTS * sizeof *values);
  for (size_t i = 0; i < tensor->elements; i++)
    values[i] = real_bytes == 4 ? (double)((float *)(void *)(block + 256))[i]
                                : ((double *)(void *)(block + 256))[i];
  free(block);
  return values;
}

typedef struct row {
  nnrt_distribution distribution;
  double a, b, mean, sd, bound; /* bound 0: none */
} row;

/* fan_in 200, fan_out 120. sd of a uniform is bound / sqrt(3). */
static const row rows[] = {
  {NNRT_CONSTANT, 0.7, 0, 0.7, 0, 0.7},
  {NNRT_UNIFORM, -1, 3, 1, 1.1547005383792515, 3},
  {NNRT_NORMAL, 2, 0.5, 2, 0.5, 0},
  {NNRT_GLOROT_UNIFORM, 0, 0, 0, 0.07905694150420949, 0.13693063937629152},
  {NNRT_GLOROT_NORMAL, 0, 0, 0, 0.07905694150420949, 0},
  {NNRT_HE_UNIFORM, 0, 0, 0, 0.1, 0.17320508075688773},
  {NNRT_HE_NORMAL, 0, 0, 0, 0.1, 0},
  {NNRT_LECUN_NORMAL, 0, 0, 0, 0.07071067811865475, 0},
};

ParameterizedTestParameters(initialize, has_mean_and_spread) {
  static int numbers[2 * sizeof rows / sizeof rows[0]];
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
    numbers[i] = (int)i;
  return cr_make_param_array(int, numbers, sizeof numbers / sizeof numbers[0]);
}

ParameterizedTest(int *number, initialize, has_mean_and_spread) {
  const row *of = &rows[*number / 2];
  nnrt_tensor tensor = {.kind = NNRT_REAL, .rank = 2, .shape = shape, .elements = ELEMENTS,
                        .distribution = of->distribution, .a = of->a, .b = of->b,
                        .fan_in = COLUMNS, .fan_out = ROWS};
  double *values = draw(&tensor, *number % 2 ? 4 : 8, 11), sum = 0, squares = 0;
  for (int i = 0; i < ELEMENTS; i++) {
    sum += values[i];
    squares += (values[i] - of->mean) * (values[i] - of->mean);
    cr_assert(of->bound == 0 || fabs(values[i]) <= of->bound * (1 + 1e-7));
  }
  cr_assert_float_eq(sum / ELEMENTS, of->mean, 5 * of->sd / sqrt(ELEMENTS) + 1e-7);
  cr_assert_float_eq(sqrt(squares / ELEMENTS), of->sd, 5 * of->sd / sqrt(2.0 * ELEMENTS) + 1e-7);
  free(values);
}

static double dot(const double *x, size_t x_step, const double *y, size_t y_step, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; i++)
    sum += x[i * x_step] * y[i * y_step];
  return sum;
}

ParameterizedTestParameters(initialize, orthogonal_is_orthonormal) {
  static int numbers[] = {0, 1, 2, 3, 4};
  return cr_make_param_array(int, numbers, sizeof numbers / sizeof numbers[0]);
}

/* wide, tall, square, one row, and tall in single precision */
ParameterizedTest(int *number, initialize, orthogonal_is_orthonormal) {
  static const size_t sizes[][2] = {{20, 33}, {33, 20}, {25, 25}, {1, 40}, {90, 60}};
  const size_t m = sizes[*number][0], n = sizes[*number][1], fewer = m < n ? m : n;
  nnrt_tensor tensor = {.kind = NNRT_REAL, .rank = 2, .shape = sizes[*number], .elements = m * n,
                        .distribution = NNRT_ORTHOGONAL};
  double *values = draw(&tensor, *number == 4 ? 4 : 8, 3);
  for (size_t i = 0; i < fewer; i++)
    for (size_t j = 0; j <= i; j++) {
      const double found = m <= n ? dot(values + i * n, 1, values + j * n, 1, n)
                                  : dot(values + i, n, values + j, n, m);
      cr_assert_float_eq(found, i == j ? 1.0 : 0.0, *number == 4 ? 1e-5 : 1e-13);
    }
  free(values);
}

Test(initialize, same_seed_same_bits_other_seed_others) {
  nnrt_tensor tensor = {.kind = NNRT_REAL, .rank = 2, .shape = shape, .elements = ELEMENTS,
                        .distribution = NNRT_HE_NORMAL, .fan_in = COLUMNS, .fan_out = ROWS};
  double *a = draw(&tensor, 4, 5), *b = draw(&tensor, 4, 5), *c = draw(&tensor, 4, 6);
  cr_assert_arr_eq(a, b, ELEMENTS * sizeof *a);
  cr_assert_neq(a[0], c[0]);
  free(a);
  free(b);
  free(c);
}

Test(initialize, a_tensor_draws_by_its_name_not_by_its_place) {
  nnrt_model swapped = mock_double_model;
  nnrt_tensor tensors[8];
  memcpy(tensors, mock_double_model.tensor, sizeof tensors);
  tensors[2] = mock_double_model.tensor[4];
  tensors[4] = mock_double_model.tensor[2];
  swapped.tensor = tensors;
  char *a = aligned_alloc(NNRT_ALIGNMENT, mock_double_model.bytes(64, 1));
  char *b = aligned_alloc(NNRT_ALIGNMENT, mock_double_model.bytes(64, 1));
  nnrt_initialize(&mock_double_model, a, 64, 1, 9);
  nnrt_initialize(&swapped, b, 64, 1, 9);
  cr_assert_arr_eq(a, b, mock_double_model.bytes(64, 1));
  free(a);
  free(b);
}

Test(initialize, the_head_holds_the_settings_and_all_else_is_zero) {
  const size_t size = mock_float_model.bytes(64, 1);
  char *block = aligned_alloc(NNRT_ALIGNMENT, size);
  memset(block, 0xff, size);
  mock_float_model.init(block, 64, 1, 42);
  const nnrt_head *head = (const nnrt_head *)(void *)block;
  cr_assert_eq(head->batch, 64);
  cr_assert_eq(head->training, 1);
  cr_assert_eq(head->seed, 42);
  cr_assert_eq(head->step, 0);
  cr_assert_eq(head->draw, 0);
  cr_assert_eq(head->carried, 0);
  cr_assert_eq(head->optimizer, mock_float_model.settings.optimizer);
  cr_assert_float_eq(head->hyperparameter[0], 0.01, 0);
  for (size_t i = mock_float_model.gradient_offset; i < size; i++)
    cr_assert_eq(block[i], 0);
  free(block);
}

Test(initialize, zeros_from_the_system_need_no_clearing) {
  nnrt_model model = mock_double_model;
  const size_t size = model.bytes(64, 1);
  for (int optimizer = 0; optimizer < (int)model.optimizers; optimizer++) {
    model.settings.optimizer = optimizer;
    char *zeros = calloc(1, size), *cleared = aligned_alloc(NNRT_ALIGNMENT, size);
    memset(cleared, 0xff, size);
    nnrt_initialize_zeros(&model, zeros, 64, 1, 7);
    nnrt_initialize(&model, cleared, 64, 1, 7);
    cr_assert_arr_eq(zeros, cleared, size);
    free(zeros);
    free(cleared);
  }
}
