/* Sums over windows against the loops of their definition, in double: values are quarters, so every
 * sum is exact. */
#include "helper_fence.h"
#include "nnrt.h"
#define NNRT_REAL_BYTES 4
#include "nnrt_kernel.h"
#define NNRT_REAL_BYTES 4
#include "nnrt_window.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>

typedef struct sizes {
  size_t m, lines, n, turns[3];
} sizes;

/* Tiles of every height, vectors that end within, lines in pairs and one left over, of half a vector
 * and of three halves. */
static const sizes rows[] = {
  {1, 1, 1, {1, 1, 1}},  {6, 5, 24, {1, 5, 5}}, {16, 8, 8, {3, 2, 5}}, {5, 3, 3, {2, 3, 4}},
  {25, 1, 64, {1, 1, 7}}, {13, 2, 37, {2, 1, 3}}, {30, 7, 5, {1, 8, 8}}, {3, 4, 50, {2, 2, 2}},
  {7, 7, 12, {2, 2, 3}},  {9, 3, 24, {2, 5, 3}}, {17, 6, 4, {1, 2, 3}}, {12, 9, 8, {2, 1, 5}},
  {4, 1, 7, {2, 3, 6}},   {7, 2, 5, {1, 5, 24}}, {5, 1, 6, {2, 4, 12}},
};
enum { ROWS = sizeof rows / sizeof rows[0], MOST = 1 << 15 };

static float value(size_t i, unsigned salt) {
  const unsigned mixed = ((unsigned)i * 2654435761u + salt * 40503u) >> 8;
  return (float)(mixed % 9) / 4.0f - 1.0f;
}

/* Strides under which windows overlap in B. */
static nnrt_windows windows_of(const sizes *size, int keep) {
  const size_t k = size->turns[0] * size->turns[1] * size->turns[2], line = size->n + 9;
  return (nnrt_windows){
    .m = size->m, .lines = size->lines, .n = size->n, .keep = keep, .alpha = keep ? 1 : -0.5f,
    .turns = {size->turns[0], size->turns[1], size->turns[2]}, .a_row = k,
    .a_step = {size->turns[1] * size->turns[2], size->turns[2], 1}, .b_line = line,
    .b_column = 1, .b_step = {line * 9, line, 1}, .c_row = size->lines * size->n + 1,
    .c_line = size->n, .c_column = 1};
}

static double expected(const nnrt_windows *of, size_t i, size_t l, size_t j) {
  double sum = 0;
  for (size_t o = 0; o < of->turns[0]; o++)
    for (size_t r = 0; r < of->turns[1]; r++)
      for (size_t p = 0; p < of->turns[2]; p++)
        sum += (double)value(i * of->a_row + o * of->a_step[0] + r * of->a_step[1] + p, 1) *
               (double)value(l * of->b_line + j * of->b_column + o * of->b_step[0] +
                               r * of->b_step[1] + p * of->b_step[2], 2);
  const size_t at = i * of->c_row + l * of->c_line + j * of->c_column;
  return (double)of->alpha * sum + (of->keep ? (double)value(at, 3) : 0);
}

typedef void sum_windows(const nnrt_windows *of);

static void wide(const nnrt_windows *of) { nnrt_wide_windows(of); }
static void narrow(const nnrt_windows *of) { nnrt_narrow_windows(of); }
static void along(const nnrt_windows *of) { nnrt_wide_windows_along(of); }
static void plain(const nnrt_windows *of) { nnrt_plain_windows(of); }

/* How many numbers of B are read. */
static size_t reach(const nnrt_windows *of) {
  size_t last = (of->lines - 1) * of->b_line + (of->n - 1) * of->b_column;
  for (int k = 0; k < 3; k++) last += (of->turns[k] - 1) * of->b_step[k];
  return last + 1;
}

/* Behind B's last number there is no memory. */
static void compare(nnrt_windows of, sum_windows *with) {
  const size_t numbers = reach(&of);
  const helper_fenced for_b = helper_fence(numbers * sizeof(float), 1);
  float *a = malloc(MOST * sizeof *a), *b = for_b.from, *c = malloc(MOST * sizeof *c);
  for (size_t i = 0; i < MOST; i++) {
    a[i] = value(i, 1);
    c[i] = value(i, 3);
  }
  for (size_t i = 0; i < numbers; i++) b[i] = value(i, 2);
  of.a = a;
  of.b = b;
  of.c = c;
  with(&of);
  for (size_t i = 0; i < of.m; i++) {
    for (size_t l = 0; l < of.lines; l++)
      for (size_t j = 0; j < of.n; j++) {
        const double found = (double)c[i * of.c_row + l * of.c_line + j * of.c_column];
        cr_assert(found >= expected(&of, i, l, j) && found <= expected(&of, i, l, j),
                  "[%zu; %zu, %zu]: %g, not %g", i, l, j, found, expected(&of, i, l, j));
      }
    const size_t behind = i * of.c_row + of.lines * of.n;
    cr_assert(of.lines == 1 || (c[behind] >= value(behind, 3) && c[behind] <= value(behind, 3)));
  }
  free(a);
  free(c);
  helper_unfence(&for_b);
}

static struct criterion_test_params all_rows(void) {
  static int numbers[ROWS];
  for (int k = 0; k < ROWS; k++) numbers[k] = k;
  return cr_make_param_array(int, numbers, ROWS);
}

ParameterizedTestParameters(window, columns) {
  return all_rows();
}

ParameterizedTest(const int *number, window, columns) {
  for (int keep = 0; keep < 2; keep++) {
    const nnrt_windows of = windows_of(&rows[*number], keep);
    compare(of, plain);
    compare(of, wide);
    compare(of, narrow);
  }
}

ParameterizedTestParameters(window, columns_by_a_stride) {
  return all_rows();
}

/* B read by a stride: of a convolution with stride = 2, and of one with 3. */
ParameterizedTest(const int *number, window, columns_by_a_stride) {
  for (int keep = 0; keep < 2; keep++) {
    nnrt_windows of = windows_of(&rows[*number], keep);
    for (of.b_column = 2; of.b_column <= 3; of.b_column++) {
      compare(of, plain);
      compare(of, wide);
      compare(of, narrow);
    }
  }
}

ParameterizedTestParameters(window, along_the_sum) {
  return all_rows();
}

/* One line, whose columns lie at any stride. */
ParameterizedTest(const int *number, window, along_the_sum) {
  for (int keep = 0; keep < 2; keep++) {
    nnrt_windows of = windows_of(&rows[*number], keep);
    of.lines = 1;
    of.c_column = 3;
    of.c_row = 3 * of.n + 1;
    of.b_column = 2;
    for (of.b_step[2] = 1; of.b_step[2] <= 3; of.b_step[2]++) {
      compare(of, plain);
      compare(of, along);
    }
  }
}
