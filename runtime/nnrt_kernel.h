/* nnrt_kernel: C = alpha A B + C as one text, compiled for one real type and one instruction set
 * each time it is included: by emitted programs, where gcc knows the shapes, and by product.c.
 *
 *   NNRT_REAL_BYTES    4: float, 8: double
 *   NNRT_NAME(name)    names of this copy; left out by emitted programs
 *   NNRT_VECTOR_BYTES  of a register; what the compiler's options allow where it is left out
 *   NNRT_TARGET        attributes that allow it that size; may be left out
 *
 * A tile of C, ROWS rows of COLUMNS vectors, is summed up in registers along a run of k: a row of B
 * is loaded as vectors, elements of A are spread over whole vectors. So B and C lie along their
 * rows; where B does not, or has no whole vectors, a stripe of it is packed first. Compilers other
 * than gcc and clang get plain loops, and so does everybody who defines NNRT_PLAIN_LOOPS: the
 * reference.
 */
#ifndef NNRT_KERNEL_H
#define NNRT_KERNEL_H

#include <stddef.h>
#include <string.h>

#if defined(__GNUC__) && !defined(NNRT_PLAIN_LOOPS)
#define NNRT_VECTORS 1
#define NNRT_INLINE static inline __attribute__((always_inline, unused))
#else
#define NNRT_VECTORS 0
#define NNRT_INLINE static inline
#endif

#ifdef __AVX512F__
#define NNRT_NATIVE_BYTES 64
#elif defined(__AVX__)
#define NNRT_NATIVE_BYTES 32
#else
#define NNRT_NATIVE_BYTES 16
#endif

#ifdef __has_builtin
#if __has_builtin(__builtin_shufflevector)
#define NNRT_SHUFFLES 1
#endif
#endif
#ifndef NNRT_SHUFFLES
#define NNRT_SHUFFLES 0
#endif

/* Where the operands lie: element (i, p) of A is at a[i * a_row + p * a_column], so too with B and
 * C, whose columns lie side by side. keep: what is in C is added to, else it is overwritten. */
#define NNRT_DECLARE_OPERANDS(real)                                                               \
  typedef struct nnrt_operands_##real {                                                           \
    size_t m, n, k;                                                                               \
    real alpha;                                                                                   \
    const real *a, *b;                                                                            \
    size_t a_row, a_column, b_row, b_column;                                                      \
    int keep;                                                                                     \
    real *c;                                                                                      \
    size_t c_row;                                                                                 \
  } nnrt_operands_##real;
NNRT_DECLARE_OPERANDS(float)
NNRT_DECLARE_OPERANDS(double)

#endif /* of what is said once */

#ifndef NNRT_VECTOR_BYTES
#define NNRT_VECTOR_BYTES NNRT_NATIVE_BYTES
#endif
#ifndef NNRT_TARGET
#define NNRT_TARGET
#endif
#ifndef NNRT_NAME
#define NNRT_NAME(name) nnrt_##name
#define NNRT_EMITTED 1
#endif
#if NNRT_REAL_BYTES == 4
#define NNRT_REAL float
#define NNRT_OPERANDS nnrt_operands_float
#else
#define NNRT_REAL double
#define NNRT_OPERANDS nnrt_operands_double
#endif
#define NNRT_LANES (NNRT_VECTOR_BYTES / NNRT_REAL_BYTES)

#if NNRT_VECTORS

typedef NNRT_REAL NNRT_NAME(vector)
  __attribute__((vector_size(NNRT_VECTOR_BYTES), aligned(sizeof(NNRT_REAL)), may_alias));

enum {
  NNRT_NAME(COLUMNS) = 2,                              /* vectors of a tile's row              */
  NNRT_NAME(ROWS) = NNRT_VECTOR_BYTES == 64 ? 8 : 6,   /* of a tile: its sums stay in registers */
  NNRT_NAME(WIDTH) = 2 * NNRT_LANES,
  NNRT_NAME(RUN) = 256,  /* of k, between two visits to C                                       */
  NNRT_NAME(HEIGHT) = 256 /* rows of A that a run of B's stripes goes over                      */
};

/* C[rows, columns] = alpha * sum[p](A[rows, p] B[p, columns]); columns may end within the last of
 * `vectors` vectors. Row p of B is at b + p * b_row. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(tile)(const int rows, const int vectors, size_t columns, size_t k,
                                 const NNRT_OPERANDS *of, const NNRT_REAL *a,
                                 const NNRT_REAL *b, size_t b_row, int keep, NNRT_REAL *c) {
  NNRT_NAME(vector) sum[NNRT_NAME(ROWS)][NNRT_NAME(COLUMNS)], row[NNRT_NAME(COLUMNS)];
  for (int i = 0; i < rows; i++)
    for (int v = 0; v < vectors; v++)
      sum[i][v] = (NNRT_NAME(vector)){0};
  const size_t a_row = of->a_row, a_column = of->a_column;
  for (size_t p = 0; p < k; p++, a += a_column, b += b_row) {
    for (int v = 0; v < vectors; v++)
      row[v] = *(const NNRT_NAME(vector) *)(const void *)(b + v * NNRT_LANES);
    for (int i = 0; i < rows; i++)
      for (int v = 0; v < vectors; v++)
        sum[i][v] += a[(size_t)i * a_row] * row[v];
  }
  for (int i = 0; i < rows; i++) {
    for (int v = 0; v < vectors; v++) {
      const size_t first = (size_t)(v * NNRT_LANES);
      NNRT_REAL *to = c + (size_t)i * of->c_row + first;
      const NNRT_NAME(vector) scaled = sum[i][v] * of->alpha;
      if (columns - first >= NNRT_LANES) {
        NNRT_NAME(vector) *whole = (NNRT_NAME(vector) *)(void *)to;
        if (keep)
          *whole += scaled;
        else
          *whole = scaled;
      } else {
        for (size_t j = 0; j < columns - first; j++)
          to[j] = keep ? to[j] + scaled[j] : scaled[j];
      }
    }
  }
}

/* Rows `from` to `to` of C for one stripe of at most WIDTH columns and a run of k. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(stripe)(const int vectors, size_t columns, size_t k, size_t from,
                                   size_t to, const NNRT_OPERANDS *of, const NNRT_REAL *a,
                                   const NNRT_REAL *b, size_t b_row, int keep, NNRT_REAL *c) {
  size_t i = from;
#define NNRT_TILE(rows)                                                                           \
  NNRT_NAME(tile)(rows, vectors, columns, k, of, a + i * of->a_row, b, b_row, keep,               \
                  c + i * of->c_row)
  for (; i + NNRT_NAME(ROWS) <= to; i += NNRT_NAME(ROWS))
    NNRT_TILE(NNRT_NAME(ROWS));
  for (; i + 4 <= to; i += 4)
    NNRT_TILE(4);
  for (; i + 2 <= to; i += 2)
    NNRT_TILE(2);
  if (i < to)
    NNRT_TILE(1);
#undef NNRT_TILE
}

/* ---- packing ------------------------------------------------------------------------------ */

#if NNRT_SHUFFLES
/* One of log2(LANES) steps of a transposition (Eklundh 1972): rows `d` apart exchange blocks of `d`
 * lanes. */
#define NNRT_LOW(l, d) ((l) & (d) ? NNRT_LANES + (l) - (d) : (l))
#define NNRT_HIGH(l, d) ((l) & (d) ? NNRT_LANES + (l) : (l) + (d))
#if NNRT_LANES == 2
#define NNRT_EACH(f, d) f(0, d), f(1, d)
#elif NNRT_LANES == 4
#define NNRT_EACH(f, d) f(0, d), f(1, d), f(2, d), f(3, d)
#elif NNRT_LANES == 8
#define NNRT_EACH(f, d) f(0, d), f(1, d), f(2, d), f(3, d), f(4, d), f(5, d), f(6, d), f(7, d)
#else
#define NNRT_EACH(f, d)                                                                           \
  f(0, d), f(1, d), f(2, d), f(3, d), f(4, d), f(5, d), f(6, d), f(7, d), f(8, d), f(9, d),       \
    f(10, d), f(11, d), f(12, d), f(13, d), f(14, d), f(15, d)
#endif
#define NNRT_EXCHANGE(d)                                                                          \
  for (int i = 0; i < NNRT_LANES; i++) {                                                          \
    if (i & (d))                                                                                  \
      continue;                                                                                   \
    const NNRT_NAME(vector) x = row[i], y = row[i + (d)];                                         \
    row[i] = __builtin_shufflevector(x, y, NNRT_EACH(NNRT_LOW, d));                               \
    row[i + (d)] = __builtin_shufflevector(x, y, NNRT_EACH(NNRT_HIGH, d));                        \
  }

/* to[p * WIDTH + j] = from[j * step + p] for all p < LANES; zeroes from j = columns on. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(transpose)(size_t columns, const NNRT_REAL *from, size_t step,
                                      NNRT_REAL *to) {
  NNRT_NAME(vector) row[NNRT_LANES];
  for (int j = 0; j < NNRT_LANES; j++)
    row[j] = (size_t)j < columns
               ? *(const NNRT_NAME(vector) *)(const void *)(from + (size_t)j * step)
               : (NNRT_NAME(vector)){0};
#if NNRT_LANES == 16
  NNRT_EXCHANGE(8)
#endif
#if NNRT_LANES >= 8
  NNRT_EXCHANGE(4)
#endif
#if NNRT_LANES >= 4
  NNRT_EXCHANGE(2)
#endif
  NNRT_EXCHANGE(1)
  for (int p = 0; p < NNRT_LANES; p++)
    *(NNRT_NAME(vector) *)(void *)(to + p * NNRT_NAME(WIDTH)) = row[p];
}
#undef NNRT_LOW
#undef NNRT_HIGH
#undef NNRT_EACH
#undef NNRT_EXCHANGE
#endif

/* k rows of B, `columns` of each, side by side in rows of WIDTH; zeroes behind. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(pack)(size_t columns, size_t k, const NNRT_OPERANDS *of,
                                 const NNRT_REAL *b, NNRT_REAL *to) {
  size_t p = 0;
#if NNRT_SHUFFLES
  for (; of->b_row == 1 && p + NNRT_LANES <= k; p += NNRT_LANES)
    for (size_t j = 0; j < columns; j += NNRT_LANES)
      NNRT_NAME(transpose)(columns - j, b + j * of->b_column + p, of->b_column,
                           to + p * NNRT_NAME(WIDTH) + j);
#endif
  for (; p < k; p++)
    for (size_t j = 0; j < NNRT_NAME(WIDTH); j++)
      to[p * NNRT_NAME(WIDTH) + j] = j < columns ? b[p * of->b_row + j * of->b_column] : 0;
}

/* ---- few rows or few columns ---------------------------------------------------------------- */

NNRT_INLINE NNRT_TARGET NNRT_REAL NNRT_NAME(total)(NNRT_NAME(vector) of) {
  NNRT_REAL lane[NNRT_LANES];
  memcpy(lane, &of, sizeof lane);
  for (int half = NNRT_LANES / 2; half > 0; half /= 2)
    for (int l = 0; l < half; l++)
      lane[l] += lane[l + half];
  return lane[0];
}

/* The same as a tile, by sums along k, where both operands lie along it: nothing is packed. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(dots)(const int rows, const int columns, size_t k,
                                             const NNRT_OPERANDS *of, const NNRT_REAL *a,
                                             const NNRT_REAL *b, int keep, NNRT_REAL *c) {
  NNRT_NAME(vector) sum[8];
  const size_t a_row = of->a_row, b_column = of->b_column, whole = k - k % NNRT_LANES;
  for (int s = 0; s < rows * columns; s++)
    sum[s] = (NNRT_NAME(vector)){0};
  for (size_t p = 0; p < whole; p += NNRT_LANES)
    for (int i = 0; i < rows; i++)
      for (int j = 0; j < columns; j++)
        sum[i * columns + j] +=
          *(const NNRT_NAME(vector) *)(const void *)(a + (size_t)i * a_row + p) *
          *(const NNRT_NAME(vector) *)(const void *)(b + (size_t)j * b_column + p);
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++) {
      NNRT_REAL last = NNRT_NAME(total)(sum[i * columns + j]);
      for (size_t p = whole; p < k; p++)
        last += a[(size_t)i * a_row + p] * b[(size_t)j * b_column + p];
      NNRT_REAL *to = c + (size_t)i * of->c_row + j;
      *to = keep ? *to + of->alpha * last : of->alpha * last;
    }
}

NNRT_INLINE NNRT_TARGET void NNRT_NAME(few_rows)(const NNRT_OPERANDS *of) {
  for (size_t i = 0; i < of->m; i++) {
    const NNRT_REAL *a = of->a + i * of->a_row;
    NNRT_REAL *c = of->c + i * of->c_row;
    size_t j = 0;
    for (; j + 8 <= of->n; j += 8)
      NNRT_NAME(dots)(1, 8, of->k, of, a, of->b + j * of->b_column, of->keep, c + j);
    for (; j < of->n; j++)
      NNRT_NAME(dots)(1, 1, of->k, of, a, of->b + j * of->b_column, of->keep, c + j);
  }
}

/* Column `j` of C, rows `i` to `end`, for a run of k. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(column)(const NNRT_OPERANDS *of, size_t i, size_t end,
                                               size_t j, size_t p, size_t k) {
  const NNRT_REAL *a = of->a + p * of->a_column, *b = of->b + j * of->b_column + p;
  for (; i + 8 <= end; i += 8)
    NNRT_NAME(dots)(8, 1, k, of, a + i * of->a_row, b, of->keep || p > 0, of->c + i * of->c_row + j);
  for (; i < end; i++)
    NNRT_NAME(dots)(1, 1, k, of, a + i * of->a_row, b, of->keep || p > 0, of->c + i * of->c_row + j);
}

/* ---- the product --------------------------------------------------------------------------- */

/* A run of k at row i of A: all its stripes of B, over at most HEIGHT rows of C. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(run)(const NNRT_OPERANDS *of, size_t i, size_t p) {
  const int packs = of->b_column != 1, along = of->b_row == 1 && of->a_column == 1;
  NNRT_REAL packed[NNRT_NAME(RUN) * NNRT_NAME(WIDTH)];
  const size_t k = of->k - p < NNRT_NAME(RUN) ? of->k - p : NNRT_NAME(RUN);
  const size_t end = of->m - i < NNRT_NAME(HEIGHT) ? of->m : i + NNRT_NAME(HEIGHT);
  const NNRT_REAL *a = of->a + p * of->a_column;
  for (size_t j = 0; j < of->n; j += NNRT_NAME(WIDTH)) {
    const size_t columns = of->n - j < NNRT_NAME(WIDTH) ? of->n - j : NNRT_NAME(WIDTH);
    const NNRT_REAL *b = of->b + p * of->b_row + j * of->b_column;
    size_t b_row = of->b_row;
    if (columns <= 2 && along) {
      for (size_t one = 0; one < columns; one++)
        NNRT_NAME(column)(of, i, end, j + one, p, k);
      continue;
    }
    if (packs || columns % NNRT_LANES != 0) {
      NNRT_NAME(pack)(columns, k, of, b, packed);
      b = packed;
      b_row = NNRT_NAME(WIDTH);
    }
    if (columns > NNRT_LANES)
      NNRT_NAME(stripe)(2, columns, k, i, end, of, a, b, b_row, of->keep || p > 0, of->c + j);
    else
      NNRT_NAME(stripe)(1, columns, k, i, end, of, a, b, b_row, of->keep || p > 0, of->c + j);
  }
}

NNRT_INLINE NNRT_TARGET void NNRT_NAME(multiply)(const NNRT_OPERANDS *of) {
  if (of->m < 4 && of->b_row == 1 && of->a_column == 1) {
    NNRT_NAME(few_rows)(of);
    return;
  }
  for (size_t i = 0; i < of->m; i += NNRT_NAME(HEIGHT))
    for (size_t p = 0; p == 0 || p < of->k; p += NNRT_NAME(RUN)) /* once with k = 0 */
      NNRT_NAME(run)(of, i, p);
}

#else

NNRT_INLINE NNRT_TARGET void NNRT_NAME(multiply)(const NNRT_OPERANDS *of) {
  for (size_t i = 0; i < of->m; i++)
    for (size_t j = 0; j < of->n; j++) {
      NNRT_REAL sum = 0;
      for (size_t p = 0; p < of->k; p++)
        sum += of->a[i * of->a_row + p * of->a_column] * of->b[p * of->b_row + j * of->b_column];
      NNRT_REAL *to = &of->c[i * of->c_row + j];
      *to = of->keep ? *to + of->alpha * sum : of->alpha * sum;
    }
}

#endif

#ifdef NNRT_EMITTED
/* nnrt_product_float() or _double() of few numbers, where the call would cost more than it does;
 * sizes that the compiler knows leave nothing of the rest. */
NNRT_INLINE void nnrt_small_product(int transpose_a, int transpose_b, size_t m, size_t n, size_t k,
                                    NNRT_REAL alpha, const NNRT_REAL *a, size_t lda,
                                    const NNRT_REAL *b, size_t ldb, NNRT_REAL beta, NNRT_REAL *c,
                                    size_t ldc) {
  const NNRT_OPERANDS of = {m, n, k, alpha, a, b, transpose_a ? 1 : lda, transpose_a ? lda : 1,
                            transpose_b ? 1 : ldb, transpose_b ? ldb : 1, beta > 0, c, ldc};
  NNRT_NAME(multiply)(&of);
}
#endif

#undef NNRT_LANES
#undef NNRT_REAL
#undef NNRT_OPERANDS
#undef NNRT_REAL_BYTES
#undef NNRT_NAME
#undef NNRT_VECTOR_BYTES
#undef NNRT_TARGET
#undef NNRT_EMITTED
