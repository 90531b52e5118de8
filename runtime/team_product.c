/* A product whose work the threads of a team share: each computes some of C's rows, or columns, all
 * of k for them, so that the bits are those of the whole for any number of threads. */
#include "nnrt.h"
#include "product.h"
#include "work.h"

enum {
  GRAIN = 32,  /* rows, or columns, that pieces are multiples of: stripes of own loops               */
  FEWEST = 64, /* of them in a piece                                                               */
  LIBRARY_PIECES = 4
};
/* Multiply-adds of a piece below which a second thread brings nothing. */
static const double worth_a_thread = 1e6;

/* Rows where A lies as it does for weights' gradients, so that a thread has the same rows of a
 * parameter here, when it updates them and, as columns, when its products read them. */
static int cuts_rows(int transpose_a, size_t m, size_t n) {
  return transpose_a ? m >= 2 * FEWEST || m >= n : n < NNRT_WHOLE_COLUMNS && m > n;
}

static size_t count_pieces(const nnrt_team *team, size_t extent, size_t m, size_t n, size_t k) {
  const double work = (double)m * (double)n * (double)k;
  size_t pieces = nnrt_library_serves(m, n, k) ? LIBRARY_PIECES : nnrt_team_members(team);
  if (pieces > extent / FEWEST)
    pieces = extent / FEWEST;
  while (pieces > 1 && work < (double)pieces * worth_a_thread)
    pieces--;
  return pieces;
}

/* Where a piece begins; the last ends where all does. */
static size_t begin_of(size_t extent, size_t piece, size_t pieces) {
  return piece == pieces ? extent : extent * piece / pieces / GRAIN * GRAIN;
}

#define DEFINE_TEAM_PRODUCT(real)                                                                 \
  typedef struct shared_##real {                                                                  \
    int transpose_a, transpose_b, rows; /* rows: cut along m, else along n */                     \
    size_t m, n, k, pieces;                                                                       \
    real alpha, beta;                                                                             \
    const real *a, *b;                                                                            \
    real *c;                                                                                      \
    size_t lda, ldb, ldc;                                                                         \
    nnrt_finish *finish;                                                                          \
    const void *context;                                                                          \
  } shared_##real;                                                                                \
                                                                                                  \
  static void compute_##real(void *context, size_t piece) {                                       \
    const shared_##real *of = context;                                                            \
    const size_t extent = of->rows ? of->m : of->n;                                               \
    const size_t from = begin_of(extent, piece, of->pieces);                                      \
    const size_t count = begin_of(extent, piece + 1, of->pieces) - from;                          \
    const size_t a = of->rows ? (of->transpose_a ? from : from * of->lda) : 0;                    \
    const size_t b = of->rows ? 0 : of->transpose_b ? from * of->ldb : from;                      \
    const nnrt_finishing finishing = {of->finish, of->context, of->rows ? from : 0,               \
                                      of->rows ? 0 : from};                                       \
    nnrt_product_then_##real(of->transpose_a, of->transpose_b, of->rows ? count : of->m,          \
                             of->rows ? of->n : count, of->k, of->alpha, of->a + a, of->lda,      \
                             of->b + b, of->ldb, of->beta,                                        \
                             of->c + (of->rows ? from * of->ldc : from), of->ldc,                 \
                             of->finish ? &finishing : NULL);                                     \
  }                                                                                               \
                                                                                                  \
  void nnrt_finished_product_##real(nnrt_team *team, int transpose_a, int transpose_b, size_t m,  \
                                    size_t n, size_t k, real alpha, const real *a, size_t lda,    \
                                    const real *b, size_t ldb, real beta, real *c, size_t ldc,    \
                                    nnrt_finish *finish, const void *context) {                   \
    shared_##real of = {transpose_a, transpose_b, cuts_rows(transpose_a, m, n), m, n, k, 1,       \
                        alpha, beta, a, b, c, lda, ldb, ldc, finish, context};                    \
    const size_t pieces = count_pieces(team, of.rows ? m : n, m, n, k);                           \
    if (pieces > 1) {                                                                             \
      of.pieces = pieces;                                                                         \
      nnrt_team_run(team, pieces, compute_##real, &of);                                           \
    } else {                                                                                      \
      compute_##real(&of, 0);                                                                     \
    }                                                                                             \
  }                                                                                               \
                                                                                                  \
  void nnrt_team_product_##real(nnrt_team *team, int transpose_a, int transpose_b, size_t m,      \
                                size_t n, size_t k, real alpha, const real *a, size_t lda,        \
                                const real *b, size_t ldb, real beta, real *c, size_t ldc) {      \
    nnrt_finished_product_##real(team, transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb,  \
                                 beta, c, ldc, NULL, NULL);                                       \
  }

#ifndef NNRT_ALONE_BYTES
#define NNRT_ALONE_BYTES 0 /* both */
#endif
#if NNRT_ALONE_BYTES != 8
DEFINE_TEAM_PRODUCT(float)
#endif
#if NNRT_ALONE_BYTES != 4
DEFINE_TEAM_PRODUCT(double)
#endif
