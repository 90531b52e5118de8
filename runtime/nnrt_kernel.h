/* nnrt_kernel: C = alpha A B + C as one text, compiled for one real type and one instruction set
 * each time it is included: by emitted programs, where the compiler knows the shapes, and by
 * own_loops.c.
 *
 *   NNRT_REAL_BYTES    4: float, 8: double; left out where only the operands are declared
 *   NNRT_NAME(name)    names of this copy; left out by emitted programs
 *   NNRT_VECTOR_BYTES  of a vector; a register's where it is left out
 *   NNRT_TARGET        attributes that allow it that size; may be left out
 *   NNRT_MASKED        <immintrin.h> is there, and vectors of 32 and 64 bytes are read in part by masks
 *
 * A tile of C, ROWS rows of one or two vectors, is summed up in registers along k: a row of B is
 * loaded as vectors, elements of A are spread over whole vectors. So B and C lie along their rows;
 * where B does not, a stripe of it is packed first. Where A and B both lie along k and C is narrow,
 * sums run along k instead. Compilers other than gcc and clang get plain loops, and so does
 * everybody who defines NNRT_PLAIN_LOOPS (the reference), and programs under a sanitizer.
 */
#ifndef NNRT_KERNEL_H
#define NNRT_KERNEL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Sanitizers watch every element of a vector, and take minutes to compile it. */
#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(undefined_behavior_sanitizer)
#define NNRT_PLAIN_LOOPS
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) && !defined(NNRT_PLAIN_LOOPS)
#define NNRT_PLAIN_LOOPS
#endif

#if defined(__GNUC__) && !defined(NNRT_PLAIN_LOOPS)
#define NNRT_VECTORS 1
#define NNRT_INLINE                                                                               \
  static inline __attribute__((always_inline, unused, no_sanitize("undefined")))
#else
#define NNRT_VECTORS 0
#ifdef __GNUC__
#define NNRT_INLINE static inline __attribute__((unused))
#else
#define NNRT_INLINE static inline
#endif
#endif

/* f(lane, d) of each lane of a vector that has so many, as shuffles name them: NNRT_EACH of a copy's. */
#define NNRT_EACH_2(f, d) f(0, d), f(1, d)
#define NNRT_EACH_4(f, d) NNRT_EACH_2(f, d), f(2, d), f(3, d)
#define NNRT_EACH_8(f, d) NNRT_EACH_4(f, d), f(4, d), f(5, d), f(6, d), f(7, d)
#define NNRT_EACH_16(f, d)                                                                        \
  NNRT_EACH_8(f, d), f(8, d), f(9, d), f(10, d), f(11, d), f(12, d), f(13, d), f(14, d), f(15, d)
/* Of two vectors: blocks of `d` lanes that are even in each, in turn, and those that are odd. */
#define NNRT_LOW(l, d) ((l) & (d) ? NNRT_LANES + (l) - (d) : (l))
#define NNRT_HIGH(l, d) ((l) & (d) ? NNRT_LANES + (l) : (l) + (d))
/* Of two vectors: blocks of `d` lanes of either in turn, where they are, and beside those. */
#define NNRT_HERE(l, d) ((l) & (d) ? NNRT_LANES + (l) : (l))
#define NNRT_BESIDE(l, d) ((l) & (d) ? NNRT_LANES + (l) - (d) : (l) + (d))
/* One of log2(LANES) steps that add up the lanes of each of LANES vectors, row[]: halves as many. */
#define NNRT_FOLD(d)                                                                              \
  for (int i = 0; i < (d); i++)                                                                   \
    row[i] = __builtin_shufflevector(row[i], row[i + (d)], NNRT_EACH(NNRT_HERE, d)) +             \
             __builtin_shufflevector(row[i], row[i + (d)], NNRT_EACH(NNRT_BESIDE, d));
/* All of them, of so many lanes: NNRT_FOLDS of a copy's. Pairs of rows `d` apart add their halves, so
 * that each step leaves half as many rows, and no lane ever goes through memory. In lane j of row[0] is
 * left the total of what row[j] was. */
#define NNRT_FOLDS_2 NNRT_FOLD(1)
#define NNRT_FOLDS_4 NNRT_FOLD(2) NNRT_FOLDS_2
#define NNRT_FOLDS_8 NNRT_FOLD(4) NNRT_FOLDS_4
#define NNRT_FOLDS_16 NNRT_FOLD(8) NNRT_FOLDS_8

/* Rounds a product before it is added to something: compilers may fuse the two in one place and not
 * in another, and C would depend on how it is cut. */
#if NNRT_VECTORS && defined(__SSE2__)
#define NNRT_ROUND(what) __asm__("" : "+v"(what))
#elif NNRT_VECTORS && defined(__aarch64__)
#define NNRT_ROUND(what) __asm__("" : "+w"(what))
#else
#define NNRT_ROUND(what) (void)(what)
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

/* Before a loop along k: several turns at once would not leave registers for a tile's sums. */
#if defined(__clang__)
#define NNRT_IN_TURN _Pragma("clang loop unroll(disable)")
#else
#define NNRT_IN_TURN
#endif

/* Before the loops over a tile's sums: where they are not written out early, the sums lie in memory. */
#if defined(__clang__)
#define NNRT_WRITTEN_OUT _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define NNRT_WRITTEN_OUT _Pragma("GCC unroll 24")
#else
#define NNRT_WRITTEN_OUT
#endif

/* How much of k is summed up between two visits to C, rows of A that a run of B's stripes goes
 * over, and elements that a block of so much of A takes, with what is written behind the last. */
#define NNRT_RUN 256
#define NNRT_HEIGHT 256
#define NNRT_BLOCK (NNRT_HEIGHT * NNRT_RUN + 16)

/* Bytes of a cache line, and the longest row that is copied to begin with one; bytes that stay in the nearest
 * cache beside what passes through it; bytes of B from which on its stripes are fetched ahead. */
#define NNRT_LINE 64
#define NNRT_NEAR 2048
#define NNRT_NEAREST (16 * 1024)
#define NNRT_FAR (1024 * 1024)

/* Where the operands lie: element (i, p) of A is at a[i * a_row + p * a_column], so too with B and
 * C, whose columns lie side by side. b_column 0: B is packed (pack_whole, use_packed). keep: what is in C
 * is added to, else it is overwritten. finishing: what is done with parts of C that are complete
 * (product.h), or NULL. places: where B's rows and columns lie, which then have no steps (nnrt.h), or
 * NULL. Emitted programs have neither. repeated: nothing of B is fetched ahead. */
struct nnrt_finishing;
struct nnrt_places;
#define NNRT_DECLARE_OPERANDS(real)                                                               \
  typedef struct nnrt_operands_##real {                                                           \
    size_t m, n, k;                                                                               \
    real alpha;                                                                                   \
    const real *a, *b;                                                                            \
    size_t a_row, a_column, b_row, b_column;                                                      \
    int keep;                                                                                     \
    real *c;                                                                                      \
    size_t c_row;                                                                                 \
    const struct nnrt_finishing *finishing;                                                       \
    const struct nnrt_places *places;                                                             \
    int repeated; /* B is read again and again */                                                 \
  } nnrt_operands_##real;
NNRT_DECLARE_OPERANDS(float)
NNRT_DECLARE_OPERANDS(double)

#endif /* of what is said once */

#ifdef NNRT_REAL_BYTES

#ifndef NNRT_TARGET
#define NNRT_TARGET
#endif
#ifndef NNRT_VECTOR_BYTES
#define NNRT_VECTOR_BYTES NNRT_NATIVE_BYTES
#endif
#ifndef NNRT_NAME
#define NNRT_NAME(name) nnrt_kernel_##name
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

/* What follows the product, for rows of C that are complete: whole ones, as they lie. Fewer columns at
 * a time are not nearer where rows are a power of two apart, and share few sets of a cache. */
NNRT_INLINE void NNRT_NAME(finish)(const NNRT_OPERANDS *of, size_t row, size_t rows_end) {
#ifdef NNRT_EMITTED
  (void)of, (void)row, (void)rows_end;
#else
  if (of->finishing && row < rows_end && of->n > 0)
    nnrt_finish_rows(of->finishing, row, rows_end, of->n);
#endif
}

#if NNRT_VECTORS

typedef NNRT_REAL NNRT_NAME(vector)
  __attribute__((vector_size(NNRT_VECTOR_BYTES), aligned(sizeof(NNRT_REAL)), may_alias));

enum {
  NNRT_NAME(ROWS) = NNRT_VECTOR_BYTES == 64 ? 8 : 6, /* of a tile of two vectors: its sums stay in
                                                        registers                               */
  NNRT_NAME(WIDTH) = 2 * NNRT_LANES,
  NNRT_NAME(LONG) = 8 * NNRT_LANES /* of k, from which a single row takes one column after another */
};

#if defined(NNRT_MASKED) && NNRT_VECTOR_BYTES == 32
NNRT_INLINE NNRT_TARGET __m256i NNRT_NAME(mask)(size_t count) {
#if NNRT_REAL_BYTES == 4
  return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
#else
  return _mm256_cmpgt_epi64(_mm256_set1_epi64x((long long)count), _mm256_setr_epi64x(0, 1, 2, 3));
#endif
}
#endif

/* The first `count` lanes, fewer than all, zeroes behind. Compilers make a masked load of the loop where
 * they know the count, and branches where they do not. */
NNRT_INLINE NNRT_TARGET NNRT_NAME(vector) NNRT_NAME(load_part)(const NNRT_REAL *from, size_t count) {
#if defined(NNRT_MASKED) && NNRT_VECTOR_BYTES == 64 && NNRT_REAL_BYTES == 4
  return (NNRT_NAME(vector))_mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), from);
#elif defined(NNRT_MASKED) && NNRT_VECTOR_BYTES == 64
  return (NNRT_NAME(vector))_mm512_maskz_loadu_pd((__mmask8)((1u << count) - 1), from);
#elif defined(NNRT_MASKED) && NNRT_VECTOR_BYTES == 32 && NNRT_REAL_BYTES == 4
  return (NNRT_NAME(vector))_mm256_maskload_ps(from, NNRT_NAME(mask)(count));
#elif defined(NNRT_MASKED) && NNRT_VECTOR_BYTES == 32
  return (NNRT_NAME(vector))_mm256_maskload_pd(from, NNRT_NAME(mask)(count));
#else
  NNRT_NAME(vector) made = {0};
  for (size_t l = 0; l < NNRT_LANES; l++)
    made[l] = l < count ? from[l] : 0;
  return made;
#endif
}

NNRT_INLINE NNRT_TARGET void NNRT_NAME(store_part)(NNRT_REAL *to, size_t count,
                                                   NNRT_NAME(vector) what) {
#if defined(NNRT_MASKED) && NNRT_VECTOR_BYTES == 64 && NNRT_REAL_BYTES == 4
  _mm512_mask_storeu_ps(to, (__mmask16)((1u << count) - 1), (__m512)what);
#elif defined(NNRT_MASKED) && NNRT_VECTOR_BYTES == 64
  _mm512_mask_storeu_pd(to, (__mmask8)((1u << count) - 1), (__m512d)what);
#elif defined(NNRT_MASKED) && NNRT_VECTOR_BYTES == 32 && NNRT_REAL_BYTES == 4
  _mm256_maskstore_ps(to, NNRT_NAME(mask)(count), (__m256)what);
#elif defined(NNRT_MASKED) && NNRT_VECTOR_BYTES == 32
  _mm256_maskstore_pd(to, NNRT_NAME(mask)(count), (__m256d)what);
#else
  for (size_t l = 0; l < NNRT_LANES; l++)
    if (l < count)
      to[l] = what[l];
#endif
}

/* The first `count` lanes, zeroes behind. */
NNRT_INLINE NNRT_TARGET NNRT_NAME(vector) NNRT_NAME(load)(const NNRT_REAL *from, size_t count) {
  if (count >= NNRT_LANES)
    return *(const NNRT_NAME(vector) *)(const void *)from;
  return NNRT_NAME(load_part)(from, count);
}

NNRT_INLINE NNRT_TARGET void NNRT_NAME(store)(NNRT_REAL *to, size_t count, NNRT_NAME(vector) what,
                                              int keep) {
  NNRT_ROUND(what);
  if (count >= NNRT_LANES) {
    NNRT_NAME(vector) *whole = (NNRT_NAME(vector) *)(void *)to;
    if (keep)
      *whole += what;
    else
      *whole = what;
    return;
  }
  if (keep)
    what += NNRT_NAME(load)(to, count);
  NNRT_NAME(store_part)(to, count, what);
}

/* C[rows, columns] = alpha * sum[p](A[rows, p] B[p, columns]); columns may end within the last of
 * `vectors` vectors; `read` of B's can be read. Row p of B is at b + p * b_row. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(tile)(const int rows, const int vectors, size_t columns,
                                             size_t read, size_t k, const NNRT_OPERANDS *of,
                                             const NNRT_REAL *a, const NNRT_REAL *b, size_t b_row,
                                             int keep, NNRT_REAL *c) {
  NNRT_NAME(vector) sum[2 * NNRT_NAME(ROWS)][2], row[2];
  const size_t a_row = of->a_row, a_column = of->a_column;
#ifndef NNRT_EMITTED
  for (int i = 0; i < rows; i++)
    for (int v = 0; v < vectors; v++)
      __builtin_prefetch(c + (size_t)i * of->c_row + v * NNRT_LANES, 1);
#endif
  for (int i = 0; i < rows; i++)
    for (int v = 0; v < vectors; v++)
      sum[i][v] = (NNRT_NAME(vector)){0};
  NNRT_IN_TURN
  for (size_t p = 0; p < k; p++, a += a_column, b += b_row) {
    for (int v = 0; v < vectors; v++)
      row[v] = NNRT_NAME(load)(b + v * NNRT_LANES, read - (size_t)(v * NNRT_LANES));
    for (int i = 0; i < rows; i++)
      for (int v = 0; v < vectors; v++)
        sum[i][v] += a[(size_t)i * a_row] * row[v];
  }
  NNRT_WRITTEN_OUT
  for (int i = 0; i < rows; i++)
    NNRT_WRITTEN_OUT
    for (int v = 0; v < vectors; v++)
      NNRT_NAME(store)(c + (size_t)i * of->c_row + v * NNRT_LANES,
                       columns - (size_t)(v * NNRT_LANES), sum[i][v] * of->alpha, keep);
}

/* Fetches a tile's share of the next stripe of B, unless that is NULL: it does not lie where a processor
 * would look ahead by itself. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(fetch)(const NNRT_OPERANDS *of, size_t k,
                                              const NNRT_REAL *next, size_t tile, size_t tiles) {
  const int along = of->b_column == 1 || of->b_column == 0; /* B's rows, or those of a packed one */
  const size_t pieces = along ? k : NNRT_NAME(WIDTH), step = along ? of->b_row : of->b_column;
  const size_t length = along ? NNRT_NAME(WIDTH) : k, line = NNRT_LINE / sizeof *next;
  for (size_t piece = pieces * tile / tiles; next && piece < pieces * (tile + 1) / tiles; piece++)
    for (size_t l = 0; l < length; l += line)
      __builtin_prefetch(next + piece * step + l, 0, 2);
}

/* Rows `from` to `to` of C for one stripe of at most WIDTH columns and a run of k; `next` is the
 * stripe to be fetched meanwhile. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(rows)(const int vectors, size_t columns, size_t read,
                                             size_t k, size_t from, size_t to,
                                             const NNRT_OPERANDS *of, const NNRT_REAL *a,
                                             const NNRT_REAL *b, size_t b_row,
                                             const NNRT_REAL *next, int keep, NNRT_REAL *c) {
  const size_t tiles = (to - from) / NNRT_NAME(ROWS);
  size_t i = from;
#define NNRT_TILE(rows)                                                                           \
  NNRT_NAME(tile)(rows, vectors, columns, read, k, of, a + i * of->a_row, b, b_row, keep,         \
                  c + i * of->c_row)
  for (; vectors == 1 && i + 2 * NNRT_NAME(ROWS) <= to; i += 2 * NNRT_NAME(ROWS))
    NNRT_TILE(2 * NNRT_NAME(ROWS));
  for (; i + NNRT_NAME(ROWS) <= to; i += NNRT_NAME(ROWS)) {
    NNRT_NAME(fetch)(of, k, next, (i - from) / NNRT_NAME(ROWS), tiles);
    NNRT_TILE(NNRT_NAME(ROWS));
  }
  for (; i + 4 <= to; i += 4)
    NNRT_TILE(4);
  for (; i + 2 <= to; i += 2)
    NNRT_TILE(2);
  if (i < to)
    NNRT_TILE(1);
#undef NNRT_TILE
}

/* The same, with whole vectors where there are: they need no masks. Emitted programs, whose columns
 * are known, keep one of the four; where they are not, the four are functions that all share. */
#ifdef NNRT_EMITTED
#define NNRT_ROWS(name, vectors, columns, read, next)                                             \
  NNRT_NAME(rows)(vectors, columns, read, k, from, to, of, a, b, b_row, NULL, keep, c)
#else
#define NNRT_ROWS(name, vectors, columns, read, next)                                             \
  NNRT_NAME(name)(columns, read, k, from, to, of, a, b, b_row, next, keep, c)
#define NNRT_SHARED_ROWS(name, vectors, columns, read)                                            \
  static __attribute__((noinline)) NNRT_TARGET void NNRT_NAME(name)(                              \
    size_t some, size_t can_be_read, size_t k, size_t from, size_t to, const NNRT_OPERANDS *of,   \
    const NNRT_REAL *a, const NNRT_REAL *b, size_t b_row, const NNRT_REAL *next, int keep,        \
    NNRT_REAL *c) {                                                                               \
    (void)some, (void)can_be_read;                                                                \
    NNRT_NAME(rows)(vectors, columns, read, k, from, to, of, a, b, b_row, next, keep, c);         \
  }
NNRT_SHARED_ROWS(rows_of_two, 2, NNRT_NAME(WIDTH), NNRT_NAME(WIDTH))
NNRT_SHARED_ROWS(rows_within_two, 2, some, can_be_read)
NNRT_SHARED_ROWS(rows_of_one, 1, NNRT_LANES, NNRT_LANES)
NNRT_SHARED_ROWS(rows_within_one, 1, some, can_be_read)
#undef NNRT_SHARED_ROWS
#endif
NNRT_INLINE NNRT_TARGET void NNRT_NAME(whole_stripe)(size_t k, size_t from, size_t to,
                                                     const NNRT_OPERANDS *of, const NNRT_REAL *a,
                                                     const NNRT_REAL *b, size_t b_row,
                                                     const NNRT_REAL *next, int keep,
                                                     NNRT_REAL *c) {
  (void)next; /* an emitted program's operands are near */
  NNRT_ROWS(rows_of_two, 2, NNRT_NAME(WIDTH), NNRT_NAME(WIDTH), next);
}
NNRT_INLINE NNRT_TARGET void NNRT_NAME(stripe_within)(size_t columns, size_t read, size_t k,
                                                      size_t from, size_t to,
                                                      const NNRT_OPERANDS *of, const NNRT_REAL *a,
                                                      const NNRT_REAL *b, size_t b_row, int keep,
                                                      NNRT_REAL *c) {
  if (columns > NNRT_LANES)
    NNRT_ROWS(rows_within_two, 2, columns, read, NULL);
  else if (columns == NNRT_LANES)
    NNRT_ROWS(rows_of_one, 1, NNRT_LANES, NNRT_LANES, NULL);
  else
    NNRT_ROWS(rows_within_one, 1, columns, read, NULL);
}
#undef NNRT_ROWS

/* ---- packing ------------------------------------------------------------------------------ */

#if NNRT_SHUFFLES
#if NNRT_LANES == 2
#define NNRT_EACH NNRT_EACH_2
#define NNRT_FOLDS NNRT_FOLDS_2
#elif NNRT_LANES == 4
#define NNRT_EACH NNRT_EACH_4
#define NNRT_FOLDS NNRT_FOLDS_4
#elif NNRT_LANES == 8
#define NNRT_EACH NNRT_EACH_8
#define NNRT_FOLDS NNRT_FOLDS_8
#else
#define NNRT_EACH NNRT_EACH_16
#define NNRT_FOLDS NNRT_FOLDS_16
#endif

/* One of log2(LANES) steps of a transposition (Eklundh 1972): rows `d` apart exchange blocks of `d`
 * lanes. */
#define NNRT_EXCHANGE(vectors, d)                                                                 \
  for (int i = 0; i < (vectors); i++) {                                                           \
    if (i & (d))                                                                                  \
      continue;                                                                                   \
    const NNRT_NAME(vector) x = row[i], y = row[i + (d)];                                         \
    row[i] = __builtin_shufflevector(x, y, NNRT_EACH(NNRT_LOW, d));                               \
    row[i + (d)] = __builtin_shufflevector(x, y, NNRT_EACH(NNRT_HIGH, d));                        \
  }

#if NNRT_LANES >= 8
/* Of LANES / 2 vectors, the lower halves and the upper ones, each for themselves: row[p][j] becomes what
 * row[j][p] was. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(exchange_halves)(NNRT_NAME(vector) row[NNRT_LANES / 2]) {
#if NNRT_LANES >= 16
  NNRT_EXCHANGE(NNRT_LANES / 2, 4)
#endif
  NNRT_EXCHANGE(NNRT_LANES / 2, 2)
  NNRT_EXCHANGE(NNRT_LANES / 2, 1)
}
#endif

/* The same of whole vectors. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(exchange)(NNRT_NAME(vector) row[NNRT_LANES]) {
#if NNRT_LANES == 16
  NNRT_EXCHANGE(NNRT_LANES, 8)
#endif
#if NNRT_LANES >= 8
  NNRT_EXCHANGE(NNRT_LANES, 4)
#endif
#if NNRT_LANES >= 4
  NNRT_EXCHANGE(NNRT_LANES, 2)
#endif
  NNRT_EXCHANGE(NNRT_LANES, 1)
}
#undef NNRT_EXCHANGE

/* row[p][j] = from[j * step + p] for all p and j < LANES; zeroes from j = columns on. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(turn)(size_t columns, const NNRT_REAL *from, size_t step,
                                             NNRT_NAME(vector) row[NNRT_LANES]) {
  for (int j = 0; j < NNRT_LANES; j++)
    row[j] = (size_t)j < columns
               ? *(const NNRT_NAME(vector) *)(const void *)(from + (size_t)j * step)
               : (NNRT_NAME(vector)){0};
  NNRT_NAME(exchange)(row);
}

/* to[p * width + j] = from[j * step + p], likewise, by rising p. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(transpose)(size_t columns, const NNRT_REAL *from, size_t step,
                                                  size_t width, NNRT_REAL *to) {
  NNRT_NAME(vector) row[NNRT_LANES];
  NNRT_NAME(turn)(columns, from, step, row);
  for (size_t p = 0; p < NNRT_LANES; p++)
    *(NNRT_NAME(vector) *)(void *)(to + p * width) = row[p];
}
#endif

/* k rows of B, `columns` of each, side by side in rows of WIDTH; zeroes behind. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(pack)(size_t columns, size_t k, const NNRT_OPERANDS *of,
                                 const NNRT_REAL *b, NNRT_REAL *to) {
  size_t p = 0;
#if NNRT_SHUFFLES
  for (const size_t whole = of->b_row == 1 ? k - k % NNRT_LANES : 0; p < whole; p += NNRT_LANES)
    for (size_t j = 0; j < columns; j += NNRT_LANES)
      NNRT_NAME(transpose)(columns - j, b + j * of->b_column + p, of->b_column, NNRT_NAME(WIDTH),
                           to + p * NNRT_NAME(WIDTH) + j);
#endif
  for (; of->b_column == 1 && columns == NNRT_NAME(WIDTH) && p < k; p++)
    memcpy(to + p * NNRT_NAME(WIDTH), b + p * of->b_row, NNRT_NAME(WIDTH) * sizeof *to);
  for (; p < k; p++)
    for (size_t j = 0; j < NNRT_NAME(WIDTH); j++)
      to[p * NNRT_NAME(WIDTH) + j] = j < columns ? b[p * of->b_row + j * of->b_column] : 0;
}

/* All of B, stripe behind stripe. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(pack_whole)(const NNRT_OPERANDS *of, NNRT_REAL *to) {
  for (size_t j = 0; j < of->n; j += NNRT_NAME(WIDTH)) {
    const size_t columns = of->n - j < NNRT_NAME(WIDTH) ? of->n - j : NNRT_NAME(WIDTH);
    NNRT_NAME(pack)(columns, of->k, of, of->b + j * of->b_column, to + j * of->k);
  }
}

/* B is what pack_whole made. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(use_packed)(NNRT_OPERANDS *of) {
  of->b_row = NNRT_NAME(WIDTH);
  of->b_column = 0;
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

/* Adds the products of one vector of each row of A and each column of B. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(add)(const int rows, const int columns, size_t count,
                                            const NNRT_OPERANDS *of, const NNRT_REAL *a,
                                            const NNRT_REAL *b, NNRT_NAME(vector) *sum) {
  NNRT_NAME(vector) row[5];
  for (int j = 0; j < columns; j++)
    row[j] = NNRT_NAME(load)(b + (size_t)j * of->b_column, count);
  for (int i = 0; i < rows; i++) {
    const NNRT_NAME(vector) one = NNRT_NAME(load)(a + (size_t)i * of->a_row, count);
    for (int j = 0; j < columns; j++)
      sum[i * columns + j] += one * row[j];
  }
}

/* The same as a tile, by sums along k, where both operands lie along it: nothing is packed. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(dots)(const int rows, const int columns, size_t k,
                                             const NNRT_OPERANDS *of, const NNRT_REAL *a,
                                             const NNRT_REAL *b, int keep, NNRT_REAL *c) {
  NNRT_NAME(vector) sum[4 * 5];
  const size_t whole = k - k % NNRT_LANES;
  for (int s = 0; s < rows * columns; s++)
    sum[s] = (NNRT_NAME(vector)){0};
  for (size_t p = 0; p < whole; p += NNRT_LANES)
    NNRT_NAME(add)(rows, columns, NNRT_LANES, of, a + p, b + p, sum);
  if (whole < k)
    NNRT_NAME(add)(rows, columns, k - whole, of, a + whole, b + whole, sum);
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++) {
      NNRT_REAL total = of->alpha * NNRT_NAME(total)(sum[i * columns + j]);
      NNRT_REAL *to = c + (size_t)i * of->c_row + j;
      NNRT_ROUND(total);
      *to = keep ? *to + total : total;
    }
}

/* Columns `j` to `end` of C, all rows, by sums along k. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(columns)(const int columns, size_t j, size_t end, size_t k,
                                                size_t from, size_t to, const NNRT_OPERANDS *of,
                                                const NNRT_REAL *a, const NNRT_REAL *b, int keep,
                                                NNRT_REAL *c) {
  const size_t fours = to - (to - from) % 4; /* where sizes are known, gcc sees that there is no rest */
  for (; j + (size_t)columns <= end; j += (size_t)columns) {
#define NNRT_DOTS(rows)                                                                           \
  NNRT_NAME(dots)(rows, columns, k, of, a + i * of->a_row, b + j * of->b_column, keep,            \
                  c + i * of->c_row + j)
    for (size_t i = from; i < fours; i += 4)
      NNRT_DOTS(4);
    for (size_t i = fours; i < to; i++)
      NNRT_DOTS(1);
#undef NNRT_DOTS
  }
}

#if NNRT_SHUFFLES
/* Lane j of what is returned: the total of row[j]. */
NNRT_INLINE NNRT_TARGET NNRT_NAME(vector) NNRT_NAME(fold)(NNRT_NAME(vector) *row) {
  NNRT_FOLDS
  return row[0];
}
#if defined(NNRT_EMITTED) && NNRT_LANES > 2
/* LANES columns of a row of C that are a half of a vector long, a quarter or an eighth (k), and lie
 * side by side in B: a vector of B has whole columns, which are folded at once. */
#define NNRT_AGAIN(l, k) ((l) % (k))
#define NNRT_IN_ORDER(l, k) ((l) % (NNRT_LANES / (k)) * (k) + (l) / (NNRT_LANES / (k)))
#define NNRT_BY_LENGTH(what, order)                                                                   \
  NNRT_OF_LENGTH(2, what, order) NNRT_OF_LENGTH(4, what, order) NNRT_OF_LENGTH(8, what, order)
#define NNRT_OF_LENGTH(size, what, order)                                                          \
  if (k == (size) && NNRT_LANES > (size))                                                         \
    (what) = __builtin_shufflevector(what, what, NNRT_EACH(order, NNRT_LANES > (size) ? (size) : 1));
NNRT_INLINE NNRT_TARGET NNRT_NAME(vector) NNRT_NAME(fold_short)(size_t k, const NNRT_REAL *a,
                                                                const NNRT_REAL *b) {
  NNRT_NAME(vector) row[8] = {{0}}, one = NNRT_NAME(load)(a, k);
  NNRT_BY_LENGTH(one, NNRT_AGAIN)
  for (size_t i = 0; i < k; i++)
    row[i] = one * NNRT_NAME(load)(b + i * NNRT_LANES, NNRT_LANES);
  if (k == 8)
    NNRT_FOLD(4)
  if (k >= 4)
    NNRT_FOLD(2)
  NNRT_FOLD(1)
  NNRT_BY_LENGTH(row[0], NNRT_IN_ORDER)
  return row[0];
}
#undef NNRT_AGAIN
#undef NNRT_IN_ORDER
#undef NNRT_BY_LENGTH
#undef NNRT_OF_LENGTH
#endif
#undef NNRT_EACH
#undef NNRT_FOLDS

/* Products of two runs of k, added up in a vector: several sums are under way, and memory is read in
 * order, which is what a processor fetches ahead. Where the shape is not known it is a function, or its
 * loop would share registers with all that is around it. */
#ifdef NNRT_EMITTED
NNRT_INLINE
#else
static __attribute__((noinline))
#endif
NNRT_TARGET NNRT_NAME(vector) NNRT_NAME(along)(size_t k, const NNRT_REAL *a, const NNRT_REAL *b) {
  enum { SUMS = 4 };
  NNRT_NAME(vector) sum[SUMS];
  size_t p = 0;
  for (int s = 0; s < SUMS; s++)
    sum[s] = (NNRT_NAME(vector)){0};
  for (; p + SUMS * NNRT_LANES <= k; p += SUMS * NNRT_LANES)
    for (size_t s = 0; s < SUMS; s++)
      sum[s] += NNRT_NAME(load)(a + p + s * NNRT_LANES, NNRT_LANES) *
                NNRT_NAME(load)(b + p + s * NNRT_LANES, NNRT_LANES);
  for (; p + NNRT_LANES <= k; p += NNRT_LANES)
    sum[0] += NNRT_NAME(load)(a + p, NNRT_LANES) * NNRT_NAME(load)(b + p, NNRT_LANES);
  if (p < k) /* masks cost what several vectors do */
    sum[1] += NNRT_NAME(load)(a + p, k - p) * NNRT_NAME(load)(b + p, k - p);
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* A row of C, at most LANES columns of it, as one vector. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(folded)(const int columns, const NNRT_OPERANDS *of,
                                               const NNRT_REAL *a, const NNRT_REAL *b,
                                               NNRT_REAL *c) {
  NNRT_NAME(vector) sum[NNRT_LANES];
  const size_t step = of->b_column, whole = of->k - of->k % NNRT_LANES, rest = of->k - whole;
  const int is_long = of->k >= NNRT_NAME(LONG);
#if defined(NNRT_EMITTED) && NNRT_LANES > 2
  if (columns == NNRT_LANES && step == of->k && (step == 2 || step == 4 || step == 8) &&
      step < NNRT_LANES) {
    NNRT_NAME(store)(c, NNRT_LANES, of->alpha * NNRT_NAME(fold_short)(step, a, b), of->keep);
    return;
  }
#endif
  for (int j = 0; j < NNRT_LANES; j++)
    sum[j] = (NNRT_NAME(vector)){0};
  for (int j = 0; is_long && j < columns; j++)
    sum[j] = NNRT_NAME(along)(of->k, a, b + (size_t)j * step);
  for (size_t p = 0; !is_long && p < whole; p += NNRT_LANES) {
    const NNRT_NAME(vector) one = NNRT_NAME(load)(a + p, NNRT_LANES);
    for (int j = 0; j < columns; j++)
      sum[j] += one * NNRT_NAME(load)(b + (size_t)j * step + p, NNRT_LANES);
  }
  if (!is_long && rest > 0) {
    const NNRT_NAME(vector) one = NNRT_NAME(load)(a + whole, rest);
    for (int j = 0; j < columns; j++)
      sum[j] += one * NNRT_NAME(load)(b + (size_t)j * step + whole, rest);
  }
  NNRT_NAME(store)(c, (size_t)columns, of->alpha * NNRT_NAME(fold)(sum), of->keep);
}

/* A row of A; a copy of it in `near` where each vector of a long one would lie across two cache
 * lines. */
NNRT_INLINE NNRT_TARGET const NNRT_REAL *NNRT_NAME(row_of)(const NNRT_OPERANDS *of, size_t i,
                                                           NNRT_REAL *near) {
  const NNRT_REAL *a = of->a + i * of->a_row;
  if (of->k < NNRT_NAME(LONG) || of->k > NNRT_NEAR || (uintptr_t)a % NNRT_LINE == 0)
    return a;
  memcpy(near, a, of->k * sizeof *a);
  return near;
}

/* Whole vectors of each row of C; returns how many columns those are. */
NNRT_INLINE NNRT_TARGET size_t NNRT_NAME(fold_columns)(const NNRT_OPERANDS *of) {
  NNRT_REAL near[NNRT_NEAR] __attribute__((aligned(NNRT_LINE)));
  const size_t rest = of->n % NNRT_LANES, whole = of->n - rest;
  for (size_t i = 0; i < of->m; i++) {
    const NNRT_REAL *a = NNRT_NAME(row_of)(of, i, near);
    NNRT_REAL *c = of->c + i * of->c_row;
    for (size_t j = 0; j < whole; j += NNRT_LANES)
      NNRT_NAME(folded)(NNRT_LANES, of, a, of->b + j * of->b_column, c + j);
#ifdef NNRT_EMITTED /* where n is known: a loop of a known number of columns */
    if (rest > 0)
      NNRT_NAME(folded)((int)rest, of, a, of->b + whole * of->b_column, c + whole);
#endif
  }
#ifdef NNRT_EMITTED
  return of->n;
#else
  return whole;
#endif
}
#else
NNRT_INLINE NNRT_TARGET size_t NNRT_NAME(fold_columns)(const NNRT_OPERANDS *of) {
  (void)of;
  return 0;
}
#endif

/* All of C by sums along k. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(multiply_near)(const NNRT_OPERANDS *of) {
  const size_t done = NNRT_NAME(fold_columns)(of), fives = of->n - (of->n - done) % 5;
  NNRT_NAME(columns)(5, done, of->n, of->k, 0, of->m, of, of->a, of->b, of->keep, of->c);
  NNRT_NAME(columns)(1, fives, of->n, of->k, 0, of->m, of, of->a, of->b, of->keep, of->c);
}

/* A row of A that outgrows half of the nearest cache, and columns of B that come from the third-level cache, are
 * taken run by run: from nearer or farther it is no gain. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(multiply_along)(const NNRT_OPERANDS *of) {
#ifdef NNRT_EMITTED
  NNRT_NAME(multiply_near)(of);
#else
  NNRT_OPERANDS run = *of;
  const size_t bytes = of->n * of->k * sizeof(NNRT_REAL);
  const int by_runs = of->k * sizeof(NNRT_REAL) > NNRT_NEAREST && bytes > NNRT_FAR / 2 && bytes < 10 * NNRT_FAR;
  for (; by_runs && run.k > NNRT_NEAR; run.k -= NNRT_NEAR) {
    NNRT_OPERANDS one = run;
    one.k = NNRT_NEAR;
    NNRT_NAME(multiply_near)(&one);
    run.a += NNRT_NEAR;
    run.b += NNRT_NEAR;
    run.keep = 1;
  }
  NNRT_NAME(multiply_near)(&run);
#endif
}

/* ---- the product --------------------------------------------------------------------------- */

/* Where a stripe of B is read, `columns` wide from column j on, for a run of k from its row p on: in
 * place where its rows are whole, else in `packed`. */
NNRT_INLINE NNRT_TARGET const NNRT_REAL *NNRT_NAME(stripe_of)(const NNRT_OPERANDS *of, size_t p,
                                                              size_t j, size_t columns, size_t k,
                                                              NNRT_REAL *packed) {
  const NNRT_REAL *b = of->b + p * of->b_row;
  if (of->b_column == 0)
    return b + j * of->k;
  if (of->b_column == 1)
    return b + j;
  NNRT_NAME(pack)(columns, k, of, b + j * of->b_column, packed);
  return packed;
}

/* What is left of C's columns beside whole stripes, rows i to `end`, for a run of k from p on: apart,
 * as its width is known when this is compiled where n is. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(rest)(const NNRT_OPERANDS *of, size_t i, size_t end, size_t p,
                                             size_t k, int keep, NNRT_REAL *packed) {
  const size_t columns = of->n % NNRT_NAME(WIDTH), j = of->n - columns;
  const NNRT_REAL *a = of->a + p * of->a_column;
  if (columns == 0)
    return;
  if (columns <= 2 && of->b_row == 1 && of->a_column == 1) {
    NNRT_NAME(columns)(1, j, of->n, k, i, end, of, a, of->b + p, keep, of->c);
    return;
  }
  const NNRT_REAL *stripe = NNRT_NAME(stripe_of)(of, p, j, columns, k, packed);
  const int in_place = of->b_column == 1;
  NNRT_NAME(stripe_within)(columns, in_place ? columns : NNRT_NAME(WIDTH), k, i, end, of, a, stripe,
                           in_place ? of->b_row : NNRT_NAME(WIDTH), keep, of->c + j);
}

/* A run of k at row i of A: all its stripes of B, over at most HEIGHT rows of C. An emitted program
 * has a copy of this for each product, of which the sizes leave little: the fewer calls are written
 * here, the faster it compiles. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(run)(const NNRT_OPERANDS *of, size_t i, size_t p) {
  NNRT_REAL packed[NNRT_RUN * NNRT_NAME(WIDTH)];
  const int keep = of->keep || p > 0;
  const size_t k = of->k - p < NNRT_RUN ? of->k - p : NNRT_RUN;
  const size_t end = of->m - i < NNRT_HEIGHT ? of->m : i + NNRT_HEIGHT;
  const size_t whole = of->n - of->n % NNRT_NAME(WIDTH);
  const size_t step = of->b_column == 0 ? of->k : of->b_column; /* from column to column */
  const int far = !of->repeated && of->n * of->k >= NNRT_FAR / sizeof(NNRT_REAL);
  const NNRT_REAL *a = of->a + p * of->a_column, *b = of->b + p * of->b_row;
  for (size_t j = 0; j < whole; j += NNRT_NAME(WIDTH)) {
    const size_t next = j + NNRT_NAME(WIDTH);
    const NNRT_REAL *stripe = NNRT_NAME(stripe_of)(of, p, j, NNRT_NAME(WIDTH), k, packed);
    NNRT_NAME(whole_stripe)(k, i, end, of, a, stripe,
                            of->b_column == 1 ? of->b_row : NNRT_NAME(WIDTH),
                            far && next < whole ? b + next * step : NULL, keep, of->c + j);
  }
  NNRT_NAME(rest)(of, i, end, p, k, keep, packed);
  if (p + k == of->k)
    NNRT_NAME(finish)(of, i, end);
}

NNRT_INLINE NNRT_TARGET void NNRT_NAME(multiply)(const NNRT_OPERANDS *of) {
  if (of->m < 4 && of->b_row == 1 && of->a_column == 1) {
    NNRT_NAME(multiply_along)(of);
    NNRT_NAME(finish)(of, 0, of->m);
    return;
  }
  for (size_t i = 0; i < of->m; i += NNRT_HEIGHT)
    for (size_t p = 0; p == 0 || p < of->k; p += NNRT_RUN) /* once with k = 0 */
      NNRT_NAME(run)(of, i, p);
}

/* ---- blocks of A ---------------------------------------------------------------------------- */

#ifndef NNRT_EMITTED
/* ROWS rows of A, k columns of them: the elements of each column side by side. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(pack_panel)(size_t k, const NNRT_OPERANDS *of,
                                                   const NNRT_REAL *a, NNRT_REAL *to) {
  const size_t rows = NNRT_NAME(ROWS);
  size_t p = 0;
#if NNRT_SHUFFLES
  /* Lanes behind the last row lie where the next column does, and are written before it. */
  for (; of->a_column == 1 && p + NNRT_LANES <= k; p += NNRT_LANES)
    for (size_t vector = (rows + NNRT_LANES - 1) / NNRT_LANES; vector-- > 0;) {
      const size_t i = vector * NNRT_LANES;
      NNRT_NAME(transpose)(rows - i, a + i * of->a_row + p, of->a_row, rows, to + p * rows + i);
    }
#endif
  for (; of->a_row == 1 && p < k; p++)
    memcpy(to + p * rows, a + p * of->a_column, rows * sizeof *to);
  for (; p < k; p++)
    for (size_t i = 0; i < rows; i++)
      to[p * rows + i] = a[i * of->a_row + p * of->a_column];
}

/* Whole panels of a block and one whole stripe of B, both packed. */
static __attribute__((noinline)) NNRT_TARGET void NNRT_NAME(panels)(
  const NNRT_OPERANDS *of, size_t rows, size_t k, const NNRT_REAL *block, const NNRT_REAL *stripe,
  const NNRT_REAL *next, int keep, NNRT_REAL *c) {
  NNRT_OPERANDS panel = *of;
  panel.a_row = 1;
  panel.a_column = NNRT_NAME(ROWS);
  for (size_t i = 0; i < rows; i += NNRT_NAME(ROWS), c += NNRT_NAME(ROWS) * of->c_row) {
    NNRT_NAME(fetch)(of, k, next, i / NNRT_NAME(ROWS), rows / NNRT_NAME(ROWS));
    NNRT_NAME(tile)(NNRT_NAME(ROWS), 2, NNRT_NAME(WIDTH), NNRT_NAME(WIDTH), k, &panel, block + i * k,
                    stripe, NNRT_NAME(WIDTH), keep, c);
  }
}

#if NNRT_SHUFFLES && NNRT_LANES == 16
typedef NNRT_REAL NNRT_NAME(half)
  __attribute__((vector_size(NNRT_VECTOR_BYTES / 2), aligned(sizeof(NNRT_REAL)), may_alias));

/* A column of two panels, to where each has it. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(store_halves)(NNRT_NAME(vector) column, NNRT_REAL *upper,
                                                     NNRT_REAL *lower) {
  *(NNRT_NAME(half) *)(void *)upper =
    __builtin_shufflevector(column, column, 0, 1, 2, 3, 4, 5, 6, 7);
  *(NNRT_NAME(half) *)(void *)lower =
    __builtin_shufflevector(column, column, 8, 9, 10, 11, 12, 13, 14, 15);
}

/* Two panels of A, of which a vector holds a column: it lies there, or vectors of rows are turned. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(pack_two_panels)(size_t k, const NNRT_OPERANDS *of,
                                                        const NNRT_REAL *a, NNRT_REAL *to) {
  const size_t height = NNRT_NAME(ROWS), once = of->a_row == 1 ? 1 : NNRT_LANES;
  for (size_t p = 0; p < k; p += once) {
    NNRT_NAME(vector) column[NNRT_LANES];
    if (of->a_row == 1)
      column[0] = NNRT_NAME(load)(a + p * of->a_column, NNRT_LANES);
    else
      NNRT_NAME(turn)(NNRT_LANES, a + p, of->a_row, column);
    for (size_t l = 0; l < once; l++)
      NNRT_NAME(store_halves)(column[l], to + (p + l) * height, to + (k + p + l) * height);
  }
}
#endif

/* Panels of A, one behind the other. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(pack_panels)(size_t rows, size_t k, const NNRT_OPERANDS *of,
                                                    const NNRT_REAL *a, NNRT_REAL *to) {
  const size_t height = NNRT_NAME(ROWS);
  size_t r = 0;
#if NNRT_SHUFFLES && NNRT_LANES == 16
  if (of->a_row == 1 || (of->a_column == 1 && k % NNRT_LANES == 0))
    for (; r + 2 * height <= rows; r += 2 * height)
      NNRT_NAME(pack_two_panels)(k, of, a + r * of->a_row, to + r * k);
#endif
  for (; r < rows; r += height)
    NNRT_NAME(pack_panel)(k, of, a + r * of->a_row, to + r * k);
}

/* run(), with a block of A packed into `block`. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(run_packed)(const NNRT_OPERANDS *of, size_t i, size_t p,
                                                   NNRT_REAL *block) {
  NNRT_REAL packed[NNRT_RUN * NNRT_NAME(WIDTH)];
  const int keep = of->keep || p > 0;
  const size_t k = of->k - p < NNRT_RUN ? of->k - p : NNRT_RUN;
  const size_t end = of->m - i < NNRT_HEIGHT ? of->m : i + NNRT_HEIGHT;
  const size_t rows = (end - i) - (end - i) % NNRT_NAME(ROWS);
  const size_t whole = of->n - of->n % NNRT_NAME(WIDTH);
  const int is_packed = of->b_column == 0;
  const size_t step = is_packed ? of->k : of->b_column; /* from column to column */
  const NNRT_REAL *a = of->a + p * of->a_column, *b = of->b + p * of->b_row;
  NNRT_NAME(pack_panels)(rows, k, of, a + i * of->a_row, block);
  for (size_t j = 0; j < whole; j += NNRT_NAME(WIDTH)) {
    const size_t next = j + NNRT_NAME(WIDTH);
    if (!is_packed)
      NNRT_NAME(pack)(NNRT_NAME(WIDTH), k, of, b + j * step, packed);
    const NNRT_REAL *stripe = is_packed ? b + j * step : packed;
    NNRT_NAME(panels)(of, rows, k, block, stripe, next < whole ? b + next * step : NULL, keep,
                      of->c + i * of->c_row + j);
    NNRT_NAME(whole_stripe)(k, i + rows, end, of, a, stripe, NNRT_NAME(WIDTH), NULL, keep,
                            of->c + j);
  }
  NNRT_NAME(rest)(of, i, end, p, k, keep, packed);
  if (p + k == of->k)
    NNRT_NAME(finish)(of, i, end);
}

/* multiply() of operands that outgrow the near caches, by way of `block`, NNRT_BLOCK elements. Sums
 * are in the same order, so the results are the same to the bit. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(multiply_large)(const NNRT_OPERANDS *of, NNRT_REAL *block) {
  for (size_t i = 0; i < of->m; i += NNRT_HEIGHT)
    for (size_t p = 0; p == 0 || p < of->k; p += NNRT_RUN) /* once with k = 0 */
      NNRT_NAME(run_packed)(of, i, p, block);
}
#endif

#else

NNRT_INLINE void NNRT_NAME(multiply)(const NNRT_OPERANDS *of) {
  for (size_t i = 0; i < of->m; i++)
    for (size_t j = 0; j < of->n; j++) {
      NNRT_REAL sum = 0;
      for (size_t p = 0; p < of->k; p++)
        sum += of->a[i * of->a_row + p * of->a_column] * of->b[p * of->b_row + j * of->b_column];
      NNRT_REAL *to = &of->c[i * of->c_row + j];
      *to = of->keep ? *to + of->alpha * sum : of->alpha * sum;
    }
  NNRT_NAME(finish)(of, 0, of->m);
}

NNRT_INLINE void NNRT_NAME(pack_whole)(const NNRT_OPERANDS *of, NNRT_REAL *to) {
  for (size_t j = 0; j < of->n; j++)
    for (size_t p = 0; p < of->k; p++)
      to[j * of->k + p] = of->b[p * of->b_row + j * of->b_column];
}

NNRT_INLINE void NNRT_NAME(use_packed)(NNRT_OPERANDS *of) {
  of->b_row = 1;
  of->b_column = of->k;
}

NNRT_INLINE void NNRT_NAME(multiply_along)(const NNRT_OPERANDS *of) { NNRT_NAME(multiply)(of); }

#endif

#ifndef NNRT_EMITTED
#include "nnrt_kernel_places.h"
#endif

#ifdef NNRT_EMITTED
/* nnrt_product_float() or _double() of few numbers, where the call would cost more than it does;
 * sizes that the compiler knows leave nothing of the rest. */
NNRT_INLINE void nnrt_small_product(int transpose_a, int transpose_b, size_t m, size_t n, size_t k,
                                    NNRT_REAL alpha, const NNRT_REAL *a, size_t lda,
                                    const NNRT_REAL *b, size_t ldb, NNRT_REAL beta, NNRT_REAL *c,
                                    size_t ldc) {
  const NNRT_OPERANDS of = {
    m, n, k, alpha, a, b, transpose_a ? 1 : lda, transpose_a ? lda : 1, transpose_b ? 1 : ldb,
    transpose_b ? ldb : 1, beta > 0, c, ldc, NULL, NULL, 0};
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

#endif /* of a copy */
