/* Products against the three loops of the definition, in double. */
#include "helper_fence.h"
#include "nnrt.h"
#include "nnrt_kernel.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct sizes {
  size_t m, n, k;
} sizes;

/* Every remainder of tiles, and nothing at all. */
static const sizes rows[] = {
  {1, 1, 1}, {2, 3, 4}, {5, 16, 7}, {6, 17, 33}, {7, 31, 128}, {13, 8, 129}, {1, 100, 300},
  {100, 1, 300}, {3, 5, 0}, {0, 4, 4}, {4, 0, 4}, {40, 40, 40}, {65, 33, 257}, {12, 64, 20},
  {3, 33, 5003},
};
enum { ROWS = sizeof rows / sizeof rows[0], FORMS = 16 };

/* A value of -1, -3/4 ... 1, the same for the same place. */
static double value(size_t i, unsigned salt) {
  const unsigned mixed = ((unsigned)i * 2654435761u + salt * 40503u) >> 8;
  return (double)(mixed % 9) / 4.0 - 1.0;
}

typedef struct form {
  int transpose_a, transpose_b;
  double alpha, beta;
  size_t gap; /* between rows */
} form;

static form form_of(int number) {
  const form found = {number & 1, number >> 1 & 1, number & 4 ? -0.5 : 1.0, number & 8 ? 1.0 : 0.0,
                      number & 4 ? 3 : 0};
  return found;
}

/* C where the definition wants it; NaN where C must not be read. */
static double before(const form *of, size_t i) {
  return of->beta > 0 ? value(i, 3) : (double)NAN;
}

static double expected(const form *of, const sizes *size, size_t lda, size_t ldb, size_t ldc,
                       size_t i, size_t j) {
  double sum = 0;
  for (size_t p = 0; p < size->k; p++)
    sum += value(of->transpose_a ? p * lda + i : i * lda + p, 1) *
           value(of->transpose_b ? j * ldb + p : p * ldb + j, 2);
  return of->alpha * sum + (of->beta > 0 ? before(of, i * ldc + j) : 0.0);
}

#define DEFINE_RUN(run, real, product)                                                             \
  static void run(const form *of, const sizes *size, double tolerance) {                          \
    const size_t lda = (of->transpose_a ? size->m : size->k) + of->gap;                           \
    const size_t ldb = (of->transpose_b ? size->k : size->n) + of->gap;                           \
    const size_t m = size->m + 4, n = size->n + 4, k = size->k + 4; /* with any gap */            \
    const size_t ldc = size->n + of->gap, most = m * n + m * k + k * n;                           \
    real *a = calloc(most, sizeof *a), *b = calloc(most, sizeof *b), *c = calloc(most, sizeof *c); \
    for (size_t i = 0; i < most; i++) {                                                           \
      a[i] = (real)value(i, 1);                                                                   \
      b[i] = (real)value(i, 2);                                                                   \
      c[i] = (real)before(of, i);                                                                 \
    }                                                                                             \
    product(of->transpose_a, of->transpose_b, size->m, size->n, size->k, (real)of->alpha, a, lda, \
            b, ldb, (real)of->beta, c, ldc);                                                      \
    for (size_t i = 0; i < size->m; i++)                                                          \
      for (size_t j = 0; j < ldc; j++) {                                                          \
        const double found = (double)c[i * ldc + j];                                              \
        if (j < size->n)                                                                          \
          cr_assert_float_eq(found, expected(of, size, lda, ldb, ldc, i, j), tolerance);          \
        else                                                                                      \
          cr_assert(of->beta > 0 ? !(fabs(found - before(of, i * ldc + j)) > 1e-6)                \
                                 : found != found, "the gap between rows was written");           \
      }                                                                                           \
    free(a);                                                                                      \
    free(b);                                                                                      \
    free(c);                                                                                      \
  }

DEFINE_RUN(run_float, float, nnrt_product_float)
DEFINE_RUN(run_double, double, nnrt_product_double)
DEFINE_RUN(run_repeated_float, float, nnrt_repeated_product_float)
DEFINE_RUN(run_repeated_double, double, nnrt_repeated_product_double)

/* The same with B packed, where it is as that form is. */
#define DEFINE_PACKED(real)                                                                      \
  static void packed_##real(int transpose_a, int transpose_b, size_t m, size_t n, size_t k,       \
                            real alpha, const real *a, size_t lda, const real *b, size_t ldb,     \
                            real beta, real *c, size_t ldc) {                                     \
    real *packed = calloc((n + 32) * k + 1, sizeof *packed);                                      \
    cr_assert(!transpose_a && transpose_b);                                                       \
    nnrt_pack_##real(n, k, b, ldb, packed);                                                       \
    nnrt_packed_product_##real(m, n, k, alpha, a, lda, packed, beta, c, ldc);                     \
    free(packed);                                                                                 \
  }
DEFINE_PACKED(float)
DEFINE_PACKED(double)
DEFINE_RUN(run_packed_float, float, packed_float)
DEFINE_RUN(run_packed_double, double, packed_double)

static void run_all(int row) {
  for (int number = 0; number < FORMS; number++) {
    const form of = form_of(number);
    run_float(&of, &rows[row], 1e-3);
    run_double(&of, &rows[row], 1e-11);
    run_repeated_float(&of, &rows[row], 1e-3);
    run_repeated_double(&of, &rows[row], 1e-11);
    if (of.transpose_a || !of.transpose_b)
      continue;
    run_packed_float(&of, &rows[row], 1e-3);
    run_packed_double(&of, &rows[row], 1e-11);
  }
}

static struct criterion_test_params all_rows(void) {
  static int numbers[ROWS];
  for (int i = 0; i < ROWS; i++)
    numbers[i] = i;
  return cr_make_param_array(int, numbers, ROWS);
}

ParameterizedTestParameters(product, by_a_library) {
  return all_rows();
}

ParameterizedTest(int *row, product, by_a_library) {
  setenv("NNRT_BLAS", "openblas", 1);
  run_all(*row);
}

ParameterizedTestParameters(product, by_own_loops) {
  return all_rows();
}

ParameterizedTest(int *row, product, by_own_loops) {
  setenv("NNRT_BLAS", "none", 1);
  run_all(*row);
  cr_assert_not_null(strstr(nnrt_product_library(), "own loops"));
}

/* Few rows by columns along k, every remainder of vectors, side by side and apart. */
Test(product, few_rows) {
  setenv("NNRT_BLAS", "none", 1);
  for (size_t m = 1; m <= 3; m++)
    for (size_t n = 1; n <= 40; n++)
      for (size_t k = 1; k <= 70; k++) {
        const sizes size = {m, n, k};
        const form of = {0, 1, -0.5, (n + k) % 2 ? 1.0 : 0.0, (n + k) % 4 < 2 ? 0 : 3};
        run_float(&of, &size, 1e-3);
        run_double(&of, &size, 1e-11);
      }
}

/* Rows that are long, or too long to be copied to where a cache line begins. */
Test(product, long_rows) {
  static const size_t lengths[] = {127, 128, 130, 784, 2047, 2048, 2049};
  setenv("NNRT_BLAS", "none", 1);
  for (size_t m = 1; m <= 3; m += 2)
    for (size_t n = 1; n <= 35; n += 2)
      for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++) {
        const sizes size = {m, n, lengths[l]};
        const form of = {0, 1, -0.5, n % 4 == 1 ? 1.0 : 0.0, n % 8 < 4 ? 0 : 3};
        run_float(&of, &size, 1e-3);
        run_double(&of, &size, 1e-11);
      }
}

/* ---- products by places ----------------------------------------------------------------------- */

/* Convolutions' windows: forwards, by weights (along rows of every length), with strides and dilation,
 * depth alone, one number, and more digits than those have; stripes that can be read in place, in one
 * piece or in two, and with a rest; turned products of several blocks and runs; panels of A. */
static const struct placed_row {
  size_t m;
  nnrt_places b;
} placed_rows[] = {
  {8, {{3, {3, 5, 5}, {784, 28, 1}}, {2, {24, 24}, {28, 1}}}},
  {70, {{3, {4, 3, 3}, {324, 18, 1}}, {2, {16, 16}, {18, 1}}}},
  {33, {{3, {64, 3, 3}, {1156, 34, 1}}, {2, {32, 32}, {34, 1}}}},
  {33, {{2, {32, 32}, {34, 1}}, {3, {64, 3, 3}, {1156, 34, 1}}}},
  {5, {{2, {14, 14}, {16, 1}}, {3, {7, 3, 3}, {256, 16, 1}}}},
  {9, {{2, {7, 7}, {9, 1}}, {3, {40, 3, 3}, {81, 9, 1}}}},
  {6, {{2, {30, 3}, {5, 1}}, {3, {2, 3, 3}, {200, 5, 1}}}},
  {12, {{3, {3, 11, 11}, {3600, 60, 1}}, {2, {13, 13}, {240, 4}}}},
  {12, {{2, {13, 13}, {240, 4}}, {3, {3, 11, 11}, {3600, 60, 1}}}},
  {4, {{2, {5, 9}, {300, 8}}, {1, {260}, {1}}}},
  {4, {{1, {300}, {1}}, {1, {33}, {1}}}},
  {3, {{1, {17}, {40}}, {1, {50}, {3}}}},
  {1, {{0, {0}, {0}}, {0, {0}, {0}}}},
  {64, {{3, {8, 3, 3}, {100, 10, 1}}, {2, {8, 8}, {10, 1}}}},
  {37, {{3, {16, 3, 3}, {256, 16, 1}}, {2, {14, 14}, {16, 1}}}},
  {21, {{3, {30, 3, 3}, {900, 30, 1}}, {2, {28, 28}, {30, 1}}}},
  {70, {{3, {40, 3, 3}, {81, 9, 1}}, {2, {7, 7}, {9, 1}}}},
  {45, {{2, {20, 16}, {68, 2}}, {3, {8, 3, 3}, {1500, 34, 1}}}},
  {16, {{3, {32, 3, 3}, {36, 6, 1}}, {2, {4, 4}, {6, 1}}}},
  {128, {{2, {8, 8}, {10, 1}}, {3, {16, 3, 3}, {100, 10, 1}}}},
  {67, {{3, {64, 3, 3}, {2116, 46, 1}}, {2, {40, 40}, {46, 1}}}},
  {35, {{3, {90, 3, 3}, {2601, 51, 1}}, {2, {49, 49}, {51, 1}}}},
  {2, {{6, {2, 3, 2, 2, 3, 2}, {7, 1, 900, 50, 11, 3}}, {6, {2, 2, 3, 1, 2, 3}, {5, 40, 2, 9, 1, 100}}}},
};
enum { PLACED_ROWS = sizeof placed_rows / sizeof placed_rows[0] };

static size_t count_of(const nnrt_digits *of) {
  size_t count = 1;
  for (int d = 0; d < of->count; d++)
    count *= of->turns[d];
  return count;
}

static size_t place_of(const nnrt_digits *of, size_t number) {
  size_t place = 0;
  for (int d = of->count - 1; d >= 0; d--) {
    place += number % of->turns[d] * of->stride[d];
    number /= of->turns[d];
  }
  return place;
}

static size_t *places_of(const nnrt_digits *of, size_t count) {
  size_t *places = calloc(count, sizeof *places);
  for (size_t i = 0; i < count; i++)
    places[i] = place_of(of, i);
  return places;
}

/* B takes no more memory than what its places reach, between fences, nor does A: what is read beside
 * them ends the test. The result has the bits of the product whose B was gathered first, by numbers that
 * have to be rounded; but for plain loops, in which a compiler may fuse products and sums or not. */
#define DEFINE_PLACED(real)                                                                        \
  static void placed_##real(const struct placed_row *row, double alpha, double beta, size_t gap,   \
                            double tolerance) {                                                    \
    const size_t n = count_of(&row->b.column), k = count_of(&row->b.row);                          \
    const size_t lda = k + gap, ldc = n + gap, m = row->m;                                         \
    size_t *p_at = places_of(&row->b.row, k), *j_at = places_of(&row->b.column, n);                \
    const size_t reach = p_at[k - 1] + j_at[n - 1] + 1;                                            \
    const helper_fenced for_a = helper_fence(((m - 1) * lda + k) * sizeof(real), gap > 0);         \
    const helper_fenced for_b = helper_fence(reach * sizeof(real), gap > 0);                       \
    real *a = for_a.from, *b = for_b.from, *c = calloc(m * ldc, sizeof *c);                        \
    real *gathered = calloc(k * (n + 1), sizeof *gathered), *plain = calloc(m * ldc, sizeof *c);   \
    for (size_t i = 0; i < (m - 1) * lda + k; i++)                                                 \
      a[i] = (real)(value(i, 1) / 3);                                                              \
    for (size_t i = 0; i < reach; i++)                                                             \
      b[i] = (real)(value(i, 2) / 3);                                                              \
    for (size_t p = 0; p < k; p++)                                                                 \
      for (size_t j = 0; j < n; j++)                                                               \
        gathered[p * (n + 1) + j] = b[p_at[p] + j_at[j]];                                          \
    for (size_t i = 0; i < m * ldc; i++)                                                           \
      c[i] = plain[i] = beta > 0 ? (real)value(i, 3) : (real)NAN;                                  \
    nnrt_placed_product_##real(m, (real)alpha, a, lda, b, &row->b, (real)beta, c, ldc);            \
    nnrt_product_##real(0, 0, m, n, k, (real)alpha, a, lda, gathered, n + 1, (real)beta, plain,    \
                        ldc);                                                                      \
    for (size_t i = 0; i < m && NNRT_VECTORS; i++)                                                 \
      cr_assert_eq(memcmp(c + i * ldc, plain + i * ldc, n * sizeof *c), 0, "bits of row %zu", i);  \
    for (size_t i = 0; i < m; i++)                                                                 \
      for (size_t j = 0; j < n; j++) {                                                             \
        double sum = 0;                                                                            \
        for (size_t p = 0; p < k; p++)                                                             \
          sum += (double)a[i * lda + p] * (double)b[p_at[p] + j_at[j]];                            \
        sum = alpha * sum + (beta > 0 ? value(i * ldc + j, 3) : 0);                                \
        cr_assert_float_eq((double)c[i * ldc + j], sum, tolerance, "row %zu, column %zu", i, j);   \
      }                                                                                            \
    helper_unfence(&for_a);                                                                        \
    helper_unfence(&for_b);                                                                        \
    free(c);                                                                                       \
    free(gathered);                                                                                \
    free(plain);                                                                                   \
    free(p_at);                                                                                    \
    free(j_at);                                                                                    \
  }
DEFINE_PLACED(float)
DEFINE_PLACED(double)

ParameterizedTestParameters(product, by_places) {
  static int numbers[PLACED_ROWS];
  for (int i = 0; i < PLACED_ROWS; i++)
    numbers[i] = i;
  return cr_make_param_array(int, numbers, PLACED_ROWS);
}

ParameterizedTest(int *row, product, by_places) {
  setenv("NNRT_BLAS", "none", 1);
  placed_float(&placed_rows[*row], 1, 0, 0, 5e-3);
  placed_float(&placed_rows[*row], -0.5, 1, 3, 5e-3);
  placed_double(&placed_rows[*row], 1, 0, 3, 1e-10);
  placed_double(&placed_rows[*row], -0.5, 1, 0, 1e-10);
}

Test(product, same_call_same_bits) {
  float *a = calloc(10000, sizeof *a), *c = calloc(10000, sizeof *c), *d = calloc(10000, sizeof *d);
  for (size_t i = 0; i < 10000; i++)
    a[i] = (float)value(i, 1) / 3.0f;
  nnrt_product_float(0, 1, 90, 90, 100, 1, a, 100, a, 100, 0, c, 90);
  nnrt_product_float(0, 1, 90, 90, 100, 1, a, 100, a, 100, 0, d, 90);
  cr_assert_arr_eq(c, d, 10000 * sizeof *c);
  free(a);
  free(c);
  free(d);
}

Test(product, a_library_that_is_not_there_is_done_without) {
  const double a[] = {1, 2, 3, 4}, b[] = {5, 6, 7, 8};
  double c[4];
  setenv("NNRT_BLAS", "/nowhere/libblas.so", 1);
  nnrt_product_double(0, 0, 2, 2, 2, 1, a, 2, b, 2, 0, c, 2);
  cr_assert_float_eq(c[0], 19, 0);
  cr_assert_float_eq(c[3], 50, 0);
  cr_assert_not_null(strstr(nnrt_product_library(), "own loops"));
}

Test(product, the_environment_is_left_as_it_was) {
  unsetenv("OPENBLAS_CORETYPE");
  setenv("OPENBLAS_NUM_THREADS", "3", 1);
  nnrt_product_library();
  cr_assert_null(getenv("OPENBLAS_CORETYPE"));
  cr_assert_str_eq(getenv("OPENBLAS_NUM_THREADS"), "3");
}

/* ---- large products, and their pieces --------------------------------------------------------- */

/* From which on own loops pack blocks of A: with every remainder of panels, stripes and runs of k.
 * Sanitizers have plain loops only, and no time for more. */
#ifdef NDEBUG
static const sizes large = {605, 1061, 330};
#else
static const sizes large = {131, 165, 70};
#endif

/* Operands of that size, of which pieces are not large. */
#define DEFINE_LARGE(real)                                                                        \
  typedef struct operands_##real {                                                                \
    size_t lda, ldb, ldc;                                                                         \
    real *a, *b, *c, *d;                                                                          \
  } operands_##real;                                                                              \
                                                                                                  \
  static operands_##real make_##real(int transpose_a, int transpose_b) {                          \
    const size_t lda = (transpose_a ? large.m : large.k) + 3;                                     \
    const size_t ldb = (transpose_b ? large.k : large.n) + 5, ldc = large.n + 1;                  \
    const size_t of_a = lda * (transpose_a ? large.k : large.m);                                  \
    const size_t of_b = ldb * (transpose_b ? large.n : large.k), of_c = ldc * large.m;            \
    operands_##real of = {lda, ldb, ldc, calloc(of_a, sizeof(real)), calloc(of_b, sizeof(real)),  \
                          calloc(of_c, sizeof(real)), calloc(of_c, sizeof(real))};                \
    for (size_t i = 0; i < of_a; i++)                                                             \
      of.a[i] = (real)(value(i, 1) / 3);                                                          \
    for (size_t i = 0; i < of_b; i++)                                                             \
      of.b[i] = (real)(value(i, 2) / 3);                                                          \
    for (size_t i = 0; i < of_c; i++)                                                             \
      of.c[i] = of.d[i] = (real)value(i, 3);                                                      \
    return of;                                                                                    \
  }                                                                                               \
                                                                                                  \
  static void free_##real(operands_##real *of) {                                                  \
    free(of->a);                                                                                  \
    free(of->b);                                                                                  \
    free(of->c);                                                                                  \
    free(of->d);                                                                                  \
  }                                                                                               \
                                                                                                  \
  /* d by pieces of 8 rows; c whole, by a team where there is one. */                             \
  static void compare_##real(nnrt_team *team, int transpose_a, int transpose_b, real beta) {      \
    operands_##real of = make_##real(transpose_a, transpose_b);                                   \
    nnrt_team_product_##real(team, transpose_a, transpose_b, large.m, large.n, large.k, (real)0.7, \
                             of.a, of.lda, of.b, of.ldb, beta, of.c, of.ldc);                     \
    for (size_t i = 0; i < large.m; i += 8)                                                       \
      nnrt_product_##real(transpose_a, transpose_b, large.m - i < 8 ? large.m - i : 8, large.n,   \
                          large.k, (real)0.7, of.a + (transpose_a ? i : i * of.lda), of.lda, of.b, \
                          of.ldb, beta, of.d + i * of.ldc, of.ldc);                               \
    cr_assert_eq(memcmp(of.c, of.d, large.m * of.ldc * sizeof *of.c), 0, "%d%d, beta %g, %zu "    \
                 "threads", transpose_a, transpose_b, (double)beta, nnrt_team_members(team));     \
    free_##real(&of);                                                                             \
  }
DEFINE_LARGE(float)
DEFINE_LARGE(double)

/* Pieces of fewer than four rows would be summed up in another way: 605 = 75 * 8 + 5. */
Test(product, large_ones_and_those_of_a_team_have_the_bits_of_their_pieces) {
  setenv("NNRT_BLAS", "none", 1);
  for (int threads = 1; threads <= 3; threads++) {
    nnrt_team *team = nnrt_team_new(threads);
    for (int turned = 0; turned < 4; turned++) {
      compare_float(team, turned & 1, turned >> 1, turned == 2 ? 1 : 0);
      compare_double(team, turned & 1, turned >> 1, turned == 1 ? 1 : 0);
    }
    nnrt_team_free(team);
  }
}

/* A piece of a team's product that a library serves is the same for any number of threads. */
Test(product, of_a_team_by_a_library) {
  setenv("NNRT_BLAS", "openblas", 1);
  operands_float of = make_float(0, 1);
  nnrt_team *team = nnrt_team_new(3);
  nnrt_team_product_float(team, 0, 1, large.m, large.n, large.k, 1, of.a, of.lda, of.b, of.ldb, 0,
                          of.c, of.ldc);
  nnrt_team_product_float(NULL, 0, 1, large.m, large.n, large.k, 1, of.a, of.lda, of.b, of.ldb, 0,
                          of.d, of.ldc);
  for (size_t i = 0; i < large.m; i++)
    cr_assert_eq(memcmp(of.c + i * of.ldc, of.d + i * of.ldc, large.n * sizeof *of.c), 0);
  nnrt_team_free(team);
  free_float(&of);
}

static void check_at_some_places(int transpose_a, int transpose_b) {
  operands_float of = make_float(transpose_a, transpose_b);
  nnrt_product_float(transpose_a, transpose_b, large.m, large.n, large.k, 1, of.a, of.lda, of.b,
                     of.ldb, 0, of.c, of.ldc);
  for (size_t i = 0; i < large.m; i += 3)
    for (size_t j = i % 7; j < large.n; j += 7) {
      double sum = 0;
      for (size_t p = 0; p < large.k; p++)
        sum += (double)of.a[transpose_a ? p * of.lda + i : i * of.lda + p] *
               (double)of.b[transpose_b ? j * of.ldb + p : p * of.ldb + j];
      cr_assert_float_eq((double)of.c[i * of.ldc + j], sum, 1e-3);
    }
  free_float(&of);
}

Test(product, a_large_one_is_what_the_definition_says) {
  setenv("NNRT_BLAS", "none", 1);
  for (int turned = 0; turned < 4; turned++)
    check_at_some_places(turned & 1, turned >> 1);
}

Test(product, a_large_one_by_a_library) {
  setenv("NNRT_BLAS", "openblas", 1);
  for (int turned = 0; turned < 4; turned++)
    check_at_some_places(turned & 1, turned >> 1);
}

/* ---- what follows a product -------------------------------------------------------------------- */

/* What is known of C, and what has been seen of it: how often an element, how many rows of a column. */
typedef struct watched {
  const float *c, *expected;
  size_t m, n, ldc;
  unsigned char *times;
  size_t *rows_seen;
  int in_order; /* a column's rows must come one after another */
} watched;

static void look_at_part(const void *context, size_t row, size_t rows_end, size_t column,
                         size_t columns_end) {
  const watched *of = context;
  cr_assert(row < rows_end && rows_end <= of->m && column < columns_end && columns_end <= of->n);
  for (size_t j = column; j < columns_end; j++) {
    if (!of->in_order)
      break;
    cr_assert_eq(of->rows_seen[j], row, "column %zu from row %zu on", j, row);
    of->rows_seen[j] = rows_end;
  }
  for (size_t i = row; i < rows_end; i++)
    for (size_t j = column; j < columns_end; j++) {
      of->times[i * of->n + j]++;
      cr_assert(memcmp(&of->c[i * of->ldc + j], &of->expected[i * of->ldc + j], sizeof *of->c) == 0,
                "C[%zu, %zu] was not complete", i, j);
    }
}

/* c, piece by piece, against d as a whole. */
static void follow(nnrt_team *team, int transpose_a, int transpose_b, sizes size) {
  const size_t lda = transpose_a ? size.m : size.k, ldb = transpose_b ? size.k : size.n;
  const size_t ldc = size.n + 1, of_a = size.m * size.k + 1, of_b = size.n * size.k + 1;
  float *a = calloc(of_a, sizeof *a), *b = calloc(of_b, sizeof *b);
  float *c = calloc(size.m * ldc + 1, sizeof *c), *d = calloc(size.m * ldc + 1, sizeof *d);
  watched seen = {c, d, size.m, size.n, ldc, calloc(size.m * size.n + 1, 1),
                  calloc(size.n + 1, sizeof(size_t)), !transpose_a && size.n >= 128};
  for (size_t i = 0; i < of_a; i++)
    a[i] = (float)(value(i, 1) / 3);
  for (size_t i = 0; i < of_b; i++)
    b[i] = (float)(value(i, 2) / 3);
  nnrt_team_product_float(team, transpose_a, transpose_b, size.m, size.n, size.k, 1, a, lda, b, ldb,
                          0, d, ldc);
  nnrt_finished_product_float(team, transpose_a, transpose_b, size.m, size.n, size.k, 1, a, lda, b,
                              ldb, 0, c, ldc, look_at_part, &seen);
  for (size_t i = 0; i < size.m * size.n; i++)
    cr_assert_eq(seen.times[i], 1, "element %zu was finished %d times", i, seen.times[i]);
  free(a);
  free(b);
  free(c);
  free(d);
  free(seen.times);
  free(seen.rows_seen);
}

static void follow_all(const char *blas) {
  static const sizes more[] = {{300, 129, 20}, {128, 256, 300}, {70, 160, 513}, {2, 128, 700}};
  setenv("NNRT_BLAS", blas, 1);
  for (int threads = 1; threads <= 3; threads++) {
    nnrt_team *team = nnrt_team_new(threads);
    for (int turned = 0; turned < 4; turned++) {
      for (size_t k = 0; k < ROWS; k++)
        follow(team, turned & 1, turned >> 1, rows[k]);
      for (size_t k = 0; k < sizeof more / sizeof *more; k++)
        follow(team, turned & 1, turned >> 1, more[k]);
      follow(team, turned & 1, turned >> 1, large);
    }
    nnrt_team_free(team);
  }
}

Test(product, every_part_is_finished_once_it_is_complete) { follow_all("none"); }

Test(product, so_it_is_by_a_library) { follow_all("openblas"); }
