/* What takes the place of product.c and team.c in a model that stands alone (nncc --standalone): own
 * loops for the instruction set that the file is compiled for, and the caller's thread. */
#include "places.h"

/* Of a block of a matrix that is read by places. */
enum { PLACED_ROWS = 128, PLACED_COLUMNS = 64 };

#define DEFINE_PRODUCTS(real)                                                                     \
  void nnrt_product_##real(int transpose_a, int transpose_b, size_t m, size_t n, size_t k,        \
                           real alpha, const real *a, size_t lda, const real *b, size_t ldb,      \
                           real beta, real *c, size_t ldc) {                                      \
    nnrt_small_product(transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);   \
  }                                                                                               \
                                                                                                  \
  void nnrt_repeated_product_##real(int transpose_a, int transpose_b, size_t m, size_t n,         \
                                    size_t k, real alpha, const real *a, size_t lda,              \
                                    const real *b, size_t ldb, real beta, real *c, size_t ldc) {  \
    nnrt_product_##real(transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);  \
  }                                                                                               \
                                                                                                  \
  void nnrt_team_product_##real(nnrt_team *team, int transpose_a, int transpose_b, size_t m,      \
                                size_t n, size_t k, real alpha, const real *a, size_t lda,        \
                                const real *b, size_t ldb, real beta, real *c, size_t ldc) {      \
    (void)team;                                                                                   \
    nnrt_product_##real(transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);  \
  }                                                                                               \
                                                                                                  \
  void nnrt_finished_product_##real(nnrt_team *team, int transpose_a, int transpose_b, size_t m,  \
                                    size_t n, size_t k, real alpha, const real *a, size_t lda,    \
                                    const real *b, size_t ldb, real beta, real *c, size_t ldc,    \
                                    nnrt_finish *finish, const void *context) {                   \
    (void)team;                                                                                   \
    nnrt_product_##real(transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);  \
    if (m > 0 && n > 0)                                                                           \
      finish(context, 0, m, 0, n);                                                                \
  }                                                                                               \
                                                                                                  \
  /* Copied row by row only: the loops pack what they need. */                                    \
  void nnrt_pack_##real(size_t n, size_t k, const real *b, size_t ldb, real *packed) {            \
    for (size_t j = 0; j < n; j++)                                                                \
      memcpy(packed + j * k, b + j * ldb, k * sizeof *packed);                                    \
  }                                                                                               \
                                                                                                  \
  void nnrt_packed_product_##real(size_t m, size_t n, size_t k, real alpha, const real *a,        \
                                  size_t lda, const real *packed, real beta, real *c,             \
                                  size_t ldc) {                                                   \
    nnrt_product_##real(0, 1, m, n, k, alpha, a, lda, packed, k, beta, c, ldc);                   \
  }                                                                                               \
                                                                                                  \
  /* Block by block of B, copied from its places. */                                              \
  void nnrt_placed_product_##real(size_t m, real alpha, const real *a, size_t lda, const real *b, \
                                  const nnrt_places *places, real beta, real *c, size_t ldc) {    \
    real block[PLACED_ROWS * PLACED_COLUMNS];                                                     \
    size_t row[PLACED_ROWS], column[PLACED_COLUMNS];                                              \
    const size_t n = nnrt_count_places(&places->column), k = nnrt_count_places(&places->row);     \
    for (size_t j = 0; j < n; j += PLACED_COLUMNS)                                                \
      for (size_t p = 0; p < k; p += PLACED_ROWS) {                                               \
        const size_t rows = k - p < PLACED_ROWS ? k - p : PLACED_ROWS;                            \
        const size_t columns = n - j < PLACED_COLUMNS ? n - j : PLACED_COLUMNS;                   \
        nnrt_find_places(&places->row, p, rows, row);                                             \
        nnrt_find_places(&places->column, j, columns, column);                                    \
        for (size_t i = 0; i < rows; i++)                                                         \
          for (size_t l = 0; l < columns; l++)                                                    \
            block[i * PLACED_COLUMNS + l] = b[row[i] + column[l]];                                \
        nnrt_product_##real(0, 0, m, columns, rows, alpha, a + p, lda, block, PLACED_COLUMNS,     \
                            p > 0 ? 1 : beta, c + j, ldc);                                        \
      }                                                                                           \
  }

#if NNRT_ALONE_BYTES == 4
DEFINE_PRODUCTS(float)
#else
DEFINE_PRODUCTS(double)
#endif

size_t nnrt_team_members(const nnrt_team *team) {
  (void)team;
  return 1;
}

void nnrt_team_run(nnrt_team *team, size_t parts, nnrt_task *task, void *context) {
  (void)team;
  for (size_t part = 0; part < parts; part++)
    task(context, part);
}
