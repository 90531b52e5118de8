/* product: what those who cut a product into pieces must know. */
#ifndef NNRT_PRODUCT_H
#define NNRT_PRODUCT_H

#include "nnrt.h"

#include <stddef.h>

/* Whether a library computes a product of that size. Then its bits may depend on how it is cut; those
 * of own loops do not, as long as pieces have four rows or all of them, and whole stripes of 128
 * bytes of columns. */
int nnrt_library_serves(size_t m, size_t n, size_t k);

static inline size_t nnrt_count_places(const nnrt_digits *of) {
  size_t count = 1;
  for (int d = 0; d < of->count; d++)
    count *= of->turns[d];
  return count;
}

/* Where numbers first ... first + count - 1 lie. */
static inline void nnrt_find_places(const nnrt_digits *of, size_t first, size_t count, size_t *to) {
  size_t digit[NNRT_DIGITS], place = 0;
  for (int d = of->count - 1; d >= 0; d--) {
    digit[d] = first % of->turns[d];
    first /= of->turns[d];
    place += digit[d] * of->stride[d];
  }
  for (size_t i = 0; i < count; i++) {
    to[i] = place;
    for (int d = of->count - 1; d >= 0; d--) {
      place += of->stride[d];
      if (++digit[d] < of->turns[d])
        break;
      place -= digit[d] * of->stride[d];
      digit[d] = 0;
    }
  }
}

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
