/* product: what those who cut a product into pieces must know. */
#ifndef NNRT_PRODUCT_H
#define NNRT_PRODUCT_H

#include "nnrt.h"

#include <stddef.h>

/* Whether a library computes a product of that size. Then its bits may depend on how it is cut; those
 * of own loops do not, as long as pieces have four rows or all of them, and whole stripes of 128
 * bytes of columns. */
int nnrt_library_serves(size_t m, size_t n, size_t k);

/* What follows a product, of which C is a part that begins at that row and column. */
typedef struct nnrt_finishing {
  nnrt_finish *call;
  const void *context;
  size_t row, column;
} nnrt_finishing;

static inline void nnrt_finish_rows(const nnrt_finishing *of, size_t row, size_t rows_end,
                                    size_t columns) {
  of->call(of->context, of->row + row, of->row + rows_end, of->column, of->column + columns);
}

/* nnrt_product_*(), finished part by part; finishing may be NULL. */
void nnrt_product_then_float(int transpose_a, int transpose_b, size_t m, size_t n, size_t k,
                             float alpha, const float *a, size_t lda, const float *b, size_t ldb,
                             float beta, float *c, size_t ldc, const nnrt_finishing *finishing);
void nnrt_product_then_double(int transpose_a, int transpose_b, size_t m, size_t n, size_t k,
                              double alpha, const double *a, size_t lda, const double *b,
                              size_t ldb, double beta, double *c, size_t ldc,
                              const nnrt_finishing *finishing);

#endif
