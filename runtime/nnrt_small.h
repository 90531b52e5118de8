/* nnrt_small: products of few numbers for emitted programs, where the call would cost more than the
 * product does. NNRT_REAL_BYTES is 4 or 8. Sizes and strides that the compiler knows leave nothing
 * of the general text but the loops that are needed; narrow products take vectors of half the size.
 */
#ifndef NNRT_SMALL_H
#define NNRT_SMALL_H

#ifdef __AVX512F__
#define NNRT_NATIVE_BYTES 64
#elif defined(__AVX__)
#define NNRT_NATIVE_BYTES 32
#else
#define NNRT_NATIVE_BYTES 16
#endif

#if NNRT_REAL_BYTES == 4
#define NNRT_SMALL_REAL float
#define NNRT_SMALL_OPERANDS nnrt_operands_float
#define NNRT_SMALL_BYTES 4
#else
#define NNRT_SMALL_REAL double
#define NNRT_SMALL_OPERANDS nnrt_operands_double
#define NNRT_SMALL_BYTES 8
#endif

#define NNRT_NAME(name) nnrt_whole_##name
#define NNRT_VECTOR_BYTES NNRT_NATIVE_BYTES
#include "nnrt_kernel.h"

#if NNRT_NATIVE_BYTES >= 32
#define NNRT_HALF_LANES (NNRT_NATIVE_BYTES / NNRT_SMALL_BYTES / 2)
#define NNRT_REAL_BYTES NNRT_SMALL_BYTES
#define NNRT_NAME(name) nnrt_half_##name
#define NNRT_VECTOR_BYTES (NNRT_NATIVE_BYTES / 2)
#include "nnrt_kernel.h"
#else
#define NNRT_HALF_LANES 0
#define nnrt_half_multiply nnrt_whole_multiply
#define nnrt_half_multiply_along nnrt_whole_multiply_along
#define nnrt_half_multiply_windows nnrt_whole_multiply_windows
#endif

/* As nnrt_product_float() or _double(). */
NNRT_INLINE void nnrt_small_product(int transpose_a, int transpose_b, size_t m, size_t n, size_t k,
                                    NNRT_SMALL_REAL alpha, const NNRT_SMALL_REAL *a, size_t lda,
                                    const NNRT_SMALL_REAL *b, size_t ldb, NNRT_SMALL_REAL beta,
                                    NNRT_SMALL_REAL *c, size_t ldc) {
  const NNRT_SMALL_OPERANDS of = {
    m, n, k, alpha, a, b, transpose_a ? 1 : lda, transpose_a ? lda : 1, transpose_b ? 1 : ldb,
    transpose_b ? ldb : 1, beta > 0, c, ldc, 1, 1, 0, 0, 0, 0};
  if (n <= NNRT_HALF_LANES)
    nnrt_half_multiply(&of);
  else
    nnrt_whole_multiply(&of);
}

#endif
