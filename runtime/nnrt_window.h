/* nnrt_window: sums over windows,
 *
 *   C[i; l, j] = alpha sum[o, r, p](A[i; o, r, p] B[l, j; o, r, p]) + C[i; l, j],
 *
 * for emitted programs, of the real type of NNRT_REAL_BYTES (4: float, 8: double); behind
 * nnrt_kernel.h.
 *
 * Every operand lies at strides of its own, and what one index reads another may read too, as in
 * y[i] += w[p] x[i + p]. There are two forms: nnrt_wide_windows(), vectors along the columns of B and
 * C, which lie side by side; nnrt_wide_windows_along(), vectors along p, where the terms of A and B
 * lie side by side. B's may also be every second number, as the stride of a convolution makes them.
 * nnrt_narrow_...() have vectors of 32 bytes at most. All shapes are numbers that the compiler knows,
 * so of all that is chosen here and in nnrt_window_sums.h nothing is left but loops over vectors,
 * their sums in registers. */
#ifndef NNRT_WINDOW_H
#define NNRT_WINDOW_H

#if NNRT_REAL_BYTES == 4
#define NNRT_REAL float
#else
#define NNRT_REAL double
#endif

/* The function of one shape: on its own, a compiler keeps its sums in registers. */
#ifdef __GNUC__
#define NNRT_SHAPE static __attribute__((noinline))
#else
#define NNRT_SHAPE static
#endif

/* i < m are the rows; j < n the columns, of each line l < lines (along: there is one).
 * The sums run over o < turns[0], r < turns[1], p < turns[2]. keep: what is in C is added to, else it
 * is overwritten. */
typedef struct nnrt_windows {
  size_t m, lines, n, turns[3];
  int keep;
  NNRT_REAL alpha;
  const NNRT_REAL *a;
  size_t a_row, a_step[3];
  const NNRT_REAL *b;
  size_t b_line, b_column, b_step[3];
  NNRT_REAL *c;
  size_t c_row, c_line, c_column;
} nnrt_windows;

/* Both forms, without vectors. */
NNRT_INLINE void nnrt_plain_line(const nnrt_windows *of, size_t i, const NNRT_REAL *b,
                                 NNRT_REAL *c) {
  for (size_t j = 0; j < of->n; j++) {
    NNRT_REAL sum = 0;
    for (size_t o = 0; o < of->turns[0]; o++)
      for (size_t r = 0; r < of->turns[1]; r++)
        for (size_t p = 0; p < of->turns[2]; p++)
          sum += of->a[i * of->a_row + o * of->a_step[0] + r * of->a_step[1] + p * of->a_step[2]] *
                 b[j * of->b_column + o * of->b_step[0] + r * of->b_step[1] + p * of->b_step[2]];
    NNRT_REAL *to = &c[i * of->c_row + j * of->c_column];
    *to = of->keep ? *to + of->alpha * sum : of->alpha * sum;
  }
}

NNRT_INLINE void nnrt_plain_windows(const nnrt_windows *of) {
  for (size_t i = 0; i < of->m; i++)
    for (size_t l = 0; l < of->lines; l++)
      nnrt_plain_line(of, i, of->b + l * of->b_line, of->c + l * of->c_line);
}

#if NNRT_VECTORS

#ifdef __AVX512F__
#define NNRT_WINDOW_SUMS 24 /* that stay in registers */
#else
#define NNRT_WINDOW_SUMS 12
#endif

#define NNRT_WINDOW_BYTES NNRT_NATIVE_BYTES
#define NNRT_WINDOW_NAME(name) nnrt_wide_##name
#include "nnrt_window_sums.h"

#if NNRT_NATIVE_BYTES > 32
#define NNRT_WINDOW_BYTES 32
#define NNRT_WINDOW_NAME(name) nnrt_narrow_##name
#include "nnrt_window_sums.h"
#else
#define nnrt_narrow_windows nnrt_wide_windows
#define nnrt_narrow_windows_along nnrt_wide_windows_along
#endif

#else

#define nnrt_wide_windows nnrt_plain_windows
#define nnrt_narrow_windows nnrt_plain_windows
#define nnrt_wide_windows_along nnrt_plain_windows
#define nnrt_narrow_windows_along nnrt_plain_windows

#endif

#undef NNRT_REAL
#undef NNRT_REAL_BYTES

#endif
