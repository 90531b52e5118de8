/* nnrt_window_sums: the loops of nnrt_window.h over vectors of one size, compiled once for each:
 *
 *   NNRT_WINDOW_BYTES       of a vector
 *   NNRT_WINDOW_NAME(name)  the names of this copy
 *
 * A tile of C is summed up in registers: along its columns, rows of B are loaded as vectors and
 * elements of A spread over whole vectors; or along p, and then the lanes are added up. */
#define NNRT_LANES (NNRT_WINDOW_BYTES / NNRT_REAL_BYTES)

typedef NNRT_REAL NNRT_WINDOW_NAME(vector)
  __attribute__((vector_size(NNRT_WINDOW_BYTES), aligned(sizeof(NNRT_REAL)), may_alias));

/* The first `count` lanes, zeroes behind. */
NNRT_INLINE NNRT_WINDOW_NAME(vector) NNRT_WINDOW_NAME(load)(const NNRT_REAL *from, size_t count) {
  NNRT_WINDOW_NAME(vector) made = {0};
  if (count >= NNRT_LANES)
    return *(const NNRT_WINDOW_NAME(vector) *)(const void *)from;
  for (size_t l = 0; l < NNRT_LANES; l++)
    made[l] = l < count ? from[l] : 0;
  return made;
}

#if NNRT_SHUFFLES
#if NNRT_LANES == 16
#define NNRT_EVEN 0, 2, 4, 6, 8, 10, 12, 14, 17, 19, 21, 23, 25, 27, 29, 31
#elif NNRT_LANES == 8
#define NNRT_EVEN 0, 2, 4, 6, 9, 11, 13, 15
#elif NNRT_LANES == 4
#define NNRT_EVEN 0, 2, 5, 7
#else
#define NNRT_EVEN 0, 3
#endif
#endif

/* The same of every second number, where step is 2: out of two vectors, of which the second begins
 * within the first, so that nothing is read behind the last. */
NNRT_INLINE NNRT_WINDOW_NAME(vector) NNRT_WINDOW_NAME(load_by)(const NNRT_REAL *from, size_t step,
                                                               size_t count) {
  if (step == 1)
    return NNRT_WINDOW_NAME(load)(from, count);
  NNRT_WINDOW_NAME(vector) made = {0};
#if NNRT_SHUFFLES
  const size_t reach = 2 * count - 1, begun = NNRT_LANES - 1;
  if (step == 2 && count > 0) {
    const NNRT_WINDOW_NAME(vector) first = NNRT_WINDOW_NAME(load)(from, reach);
    if (reach > begun)
      made = NNRT_WINDOW_NAME(load)(from + begun, reach - begun);
    return __builtin_shufflevector(first, made, NNRT_EVEN);
  }
#endif
  for (size_t l = 0; l < NNRT_LANES; l++)
    made[l] = l < count ? from[l * step] : 0;
  return made;
}
#undef NNRT_EVEN

NNRT_INLINE void NNRT_WINDOW_NAME(store)(NNRT_REAL *to, size_t count, NNRT_WINDOW_NAME(vector) what,
                                         int keep) {
  if (keep)
    what += NNRT_WINDOW_NAME(load)(to, count);
  if (count >= NNRT_LANES) {
    *(NNRT_WINDOW_NAME(vector) *)(void *)to = what;
    return;
  }
  for (size_t l = 0; l < NNRT_LANES; l++)
    if (l < count)
      to[l] = what[l];
}

#if NNRT_SHUFFLES && NNRT_LANES >= 4
#define NNRT_PAIRS 1
#if NNRT_LANES == 16
#define NNRT_LOWER 0, 1, 2, 3, 4, 5, 6, 7
#define NNRT_UPPER 8, 9, 10, 11, 12, 13, 14, 15
#elif NNRT_LANES == 8
#define NNRT_LOWER 0, 1, 2, 3
#define NNRT_UPPER 4, 5, 6, 7
#else
#define NNRT_LOWER 0, 1
#define NNRT_UPPER 2, 3
#endif
typedef NNRT_REAL NNRT_WINDOW_NAME(half)
  __attribute__((vector_size(NNRT_WINDOW_BYTES / 2), aligned(sizeof(NNRT_REAL)), may_alias));

NNRT_INLINE NNRT_WINDOW_NAME(half) NNRT_WINDOW_NAME(load_half)(const NNRT_REAL *from, size_t count) {
  NNRT_WINDOW_NAME(half) made = {0};
  if (count >= NNRT_LANES / 2)
    return *(const NNRT_WINDOW_NAME(half) *)(const void *)from;
  for (size_t l = 0; l < NNRT_LANES / 2; l++)
    made[l] = l < count ? from[l] : 0;
  return made;
}

NNRT_INLINE void NNRT_WINDOW_NAME(store_half)(NNRT_REAL *to, size_t count,
                                              NNRT_WINDOW_NAME(half) what, int keep) {
  if (keep)
    what += NNRT_WINDOW_NAME(load_half)(to, count);
  if (count >= NNRT_LANES / 2) {
    *(NNRT_WINDOW_NAME(half) *)(void *)to = what;
    return;
  }
  for (size_t l = 0; l < NNRT_LANES / 2; l++)
    if (l < count)
      to[l] = what[l];
}

/* `count` lanes of each half, from two places. */
NNRT_INLINE NNRT_WINDOW_NAME(vector) NNRT_WINDOW_NAME(load_pair)(const NNRT_REAL *lower,
                                                                 const NNRT_REAL *upper,
                                                                 size_t count) {
  const NNRT_WINDOW_NAME(half) one = NNRT_WINDOW_NAME(load_half)(lower, count);
  const NNRT_WINDOW_NAME(half) other = NNRT_WINDOW_NAME(load_half)(upper, count);
  return __builtin_shufflevector(one, other, NNRT_LOWER, NNRT_UPPER);
}

NNRT_INLINE void NNRT_WINDOW_NAME(store_pair)(NNRT_REAL *lower, NNRT_REAL *upper, size_t count,
                                              NNRT_WINDOW_NAME(vector) what, int keep) {
  NNRT_WINDOW_NAME(store_half)(lower, count, __builtin_shufflevector(what, what, NNRT_LOWER), keep);
  NNRT_WINDOW_NAME(store_half)(upper, count, __builtin_shufflevector(what, what, NNRT_UPPER), keep);
}
#undef NNRT_LOWER
#undef NNRT_UPPER
#else
#define NNRT_PAIRS 0
#endif

/* Where the vectors of a tile lie: side by side, `columns` columns ending within the last; or one of
 * `columns` columns in each of several lines; columns of B b_column apart. Or, where `halves` are not
 * 0, of half vectors that follow each other, so many to a line, two in each vector. */
typedef struct NNRT_WINDOW_NAME(place) {
  size_t columns, step, b_column, b_step, c_step, halves;
} NNRT_WINDOW_NAME(place);

/* Where a half lies, from the first of the tile. */
NNRT_INLINE size_t NNRT_WINDOW_NAME(half_at)(const NNRT_WINDOW_NAME(place) *at, size_t half,
                                             size_t line) {
  return half / at->halves * line + half % at->halves * (NNRT_LANES / 2);
}

NNRT_INLINE NNRT_WINDOW_NAME(vector) NNRT_WINDOW_NAME(read)(const NNRT_WINDOW_NAME(place) *at,
                                                            const NNRT_REAL *b, size_t v) {
#if NNRT_PAIRS
  if (at->halves > 0)
    return NNRT_WINDOW_NAME(load_pair)(b + NNRT_WINDOW_NAME(half_at)(at, 2 * v, at->b_step),
                                       b + NNRT_WINDOW_NAME(half_at)(at, 2 * v + 1, at->b_step),
                                       at->columns);
#endif
  return NNRT_WINDOW_NAME(load_by)(b + v * at->b_step, at->b_column, at->columns - v * at->step);
}

NNRT_INLINE void NNRT_WINDOW_NAME(write)(const NNRT_WINDOW_NAME(place) *at, NNRT_REAL *c, size_t v,
                                         NNRT_WINDOW_NAME(vector) what, int keep) {
#if NNRT_PAIRS
  if (at->halves > 0) {
    NNRT_WINDOW_NAME(store_pair)(c + NNRT_WINDOW_NAME(half_at)(at, 2 * v, at->c_step),
                                 c + NNRT_WINDOW_NAME(half_at)(at, 2 * v + 1, at->c_step),
                                 at->columns, what, keep);
    return;
  }
#endif
  NNRT_WINDOW_NAME(store)(c + v * at->c_step, at->columns - v * at->step, what, keep);
}

NNRT_INLINE void NNRT_WINDOW_NAME(tile)(const int rows, const int vectors,
                                        const NNRT_WINDOW_NAME(place) at, const nnrt_windows *of,
                                        const NNRT_REAL *a, const NNRT_REAL *b, NNRT_REAL *c) {
  NNRT_WINDOW_NAME(vector) sum[NNRT_WINDOW_SUMS] = {{0}}, row[3] = {{0}};
  for (size_t o = 0; o < of->turns[0]; o++)
    for (size_t r = 0; r < of->turns[1]; r++)
      for (size_t p = 0; p < of->turns[2]; p++) {
        const NNRT_REAL *from_a = a + o * of->a_step[0] + r * of->a_step[1] + p * of->a_step[2];
        const NNRT_REAL *from_b = b + o * of->b_step[0] + r * of->b_step[1] + p * of->b_step[2];
        NNRT_WRITTEN_OUT
        for (int v = 0; v < vectors; v++)
          row[v] = NNRT_WINDOW_NAME(read)(&at, from_b, (size_t)v);
        NNRT_WRITTEN_OUT
        for (int i = 0; i < rows; i++)
          NNRT_WRITTEN_OUT
          for (int v = 0; v < vectors; v++)
            sum[i * vectors + v] += from_a[(size_t)i * of->a_row] * row[v];
      }
  NNRT_WRITTEN_OUT
  for (int i = 0; i < rows; i++)
    NNRT_WRITTEN_OUT
    for (int v = 0; v < vectors; v++)
      NNRT_WINDOW_NAME(write)(&at, c + (size_t)i * of->c_row, (size_t)v,
                              sum[i * vectors + v] * of->alpha, of->keep);
}

/* All rows, in tiles of the same height but for the last. */
NNRT_INLINE void NNRT_WINDOW_NAME(stripe)(const int vectors, const NNRT_WINDOW_NAME(place) at,
                                          const nnrt_windows *of, const NNRT_REAL *b,
                                          NNRT_REAL *c) {
  const size_t most = vectors == 1 ? NNRT_WINDOW_SUMS * 2 / 3 : NNRT_WINDOW_SUMS / (size_t)vectors;
  const size_t tiles = (of->m + most - 1) / most, rows = (of->m + tiles - 1) / tiles;
  const size_t left = of->m % rows, whole = of->m - left;
  for (size_t i = 0; i < whole; i += rows)
    NNRT_WINDOW_NAME(tile)((int)rows, vectors, at, of, of->a + i * of->a_row, b, c + i * of->c_row);
  if (left > 0)
    NNRT_WINDOW_NAME(tile)((int)left, vectors, at, of, of->a + whole * of->a_row, b,
                           c + whole * of->c_row);
}

NNRT_INLINE void NNRT_WINDOW_NAME(line)(const nnrt_windows *of, const NNRT_REAL *b, NNRT_REAL *c) {
  const size_t all = (of->n + NNRT_LANES - 1) / NNRT_LANES;
  const size_t vectors = all <= 3 ? all : all % 3 == 0 ? 3 : 2, width = vectors * NNRT_LANES;
  const size_t whole = of->n - of->n % width, left = of->n - whole;
  const size_t by = of->b_column;
  const NNRT_WINDOW_NAME(place) at = {width, NNRT_LANES, by, NNRT_LANES * by, NNRT_LANES, 0};
  const NNRT_WINDOW_NAME(place) last = {left, NNRT_LANES, by, NNRT_LANES * by, NNRT_LANES, 0};
  for (size_t j = 0; j < whole; j += width)
    NNRT_WINDOW_NAME(stripe)((int)vectors, at, of, b + j * by, c + j);
  if (left > 0)
    NNRT_WINDOW_NAME(stripe)((int)((left + NNRT_LANES - 1) / NNRT_LANES), last, of, b + whole * by,
                             c + whole);
}

/* Lines of half a vector are taken four or two at a time, two in each vector; two of three halves fill
 * three vectors. Returns how many lines those are. */
NNRT_INLINE size_t NNRT_WINDOW_NAME(pairs)(const nnrt_windows *of) {
  size_t l = 0;
#if NNRT_PAIRS
  const size_t half = NNRT_LANES / 2, three = of->n == 3 * half;
  const size_t halves = of->n <= half ? 1 : 3, columns = three ? half : of->n;
  const NNRT_WINDOW_NAME(place) at = {columns, 0, 1, of->b_line, of->c_line, halves};
  if (of->b_column != 1 || (of->n > half && !three))
    return 0;
  for (; !three && l + 4 <= of->lines; l += 4)
    NNRT_WINDOW_NAME(stripe)(2, at, of, of->b + l * of->b_line, of->c + l * of->c_line);
  for (; l + 2 <= of->lines; l += 2)
    NNRT_WINDOW_NAME(stripe)(three ? 3 : 1, at, of, of->b + l * of->b_line, of->c + l * of->c_line);
#endif
  (void)of;
  return l;
}

/* Lines that are no longer than a vector are taken two at a time. */
NNRT_INLINE void NNRT_WINDOW_NAME(windows)(const nnrt_windows *of) {
  const NNRT_WINDOW_NAME(place) both = {of->n, 0, of->b_column, of->b_line, of->c_line, 0};
  size_t l = NNRT_WINDOW_NAME(pairs)(of);
  for (; of->n <= NNRT_LANES && l + 2 <= of->lines; l += 2)
    NNRT_WINDOW_NAME(stripe)(2, both, of, of->b + l * of->b_line, of->c + l * of->c_line);
  for (; l < of->lines; l++)
    NNRT_WINDOW_NAME(line)(of, of->b + l * of->b_line, of->c + l * of->c_line);
}

/* Of LANES vectors, the sums of their lanes, side by side. */
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
NNRT_INLINE NNRT_WINDOW_NAME(vector) NNRT_WINDOW_NAME(totals)(NNRT_WINDOW_NAME(vector) *row) {
  NNRT_FOLDS
  return row[0];
}
#undef NNRT_EACH
#undef NNRT_FOLDS
#else
NNRT_INLINE NNRT_WINDOW_NAME(vector) NNRT_WINDOW_NAME(totals)(NNRT_WINDOW_NAME(vector) *row) {
  NNRT_WINDOW_NAME(vector) made = {0};
  for (int l = 0; l < NNRT_LANES; l++) {
    for (int half = NNRT_LANES / 2; half > 0; half /= 2)
      for (int k = 0; k < half; k++)
        row[l][k] += row[l][k + half];
    made[l] = row[l][0];
  }
  return made;
}
#endif

#if NNRT_PAIRS
/* Of two rows of terms `line` apart, each half a vector long or three halves, the v-th vector: the
 * rows fill it, or three of them, together. */
NNRT_INLINE NNRT_WINDOW_NAME(vector) NNRT_WINDOW_NAME(load_rows)(const NNRT_REAL *from, size_t line,
                                                                 size_t count, size_t v) {
  const size_t half = NNRT_LANES / 2;
  if (count <= half)
    return NNRT_WINDOW_NAME(load_pair)(from, from + line, count);
  if (v == 1)
    return NNRT_WINDOW_NAME(load_pair)(from + 2 * half, from + line, half);
  return NNRT_WINDOW_NAME(load)(v == 0 ? from : from + line + half, NNRT_LANES);
}
#endif

/* Adds the products of some terms of each row of A and each column of B. */
#define NNRT_ADD_TERMS(of_a, of_b)                                                                \
  NNRT_WRITTEN_OUT                                                                                \
  for (int j = 0; j < columns; j++)                                                               \
    row[j] = of_b;                                                                                \
  NNRT_WRITTEN_OUT                                                                                \
  for (int i = 0; i < rows; i++) {                                                                \
    const NNRT_WINDOW_NAME(vector) one = of_a;                                                    \
    NNRT_WRITTEN_OUT                                                                              \
    for (int j = 0; j < columns; j++)                                                             \
      sum[i * columns + j] += one * row[j];                                                       \
  }

#define NNRT_ADD_ROWS(v)                                                                          \
  NNRT_ADD_TERMS(                                                                                 \
    NNRT_WINDOW_NAME(load_rows)(from_a + (size_t)i * of->a_row + r * of->a_step[1], of->a_step[1], \
                                count, v),                                                        \
    NNRT_WINDOW_NAME(load_rows)(from_b + (size_t)j * of->b_column + r * of->b_step[1],            \
                                of->b_step[1], count, v))

/* Rows and columns whose terms lie along p. */
NNRT_INLINE void NNRT_WINDOW_NAME(block)(const int rows, const int columns, const nnrt_windows *of,
                                         const NNRT_REAL *a, const NNRT_REAL *b, NNRT_REAL *c) {
  NNRT_WINDOW_NAME(vector) sum[NNRT_WINDOW_SUMS], row[5] = {{0}};
  const size_t count = of->turns[2];
  NNRT_WRITTEN_OUT
  for (int i = 0; i < rows * columns; i++)
    sum[i] = (NNRT_WINDOW_NAME(vector)){0};
  for (size_t o = 0; o < of->turns[0]; o++) {
    const NNRT_REAL *from_a = a + o * of->a_step[0], *from_b = b + o * of->b_step[0];
    size_t r = 0;
#if NNRT_PAIRS
    const size_t half = NNRT_LANES / 2, pairs = of->b_step[2] == 1 ? of->turns[1] / 2 : 0;
    for (; count <= half && r < 2 * pairs; r += 2) {
      NNRT_ADD_ROWS(0)
    }
    for (; count == 3 * half && r < 2 * pairs; r += 2) {
      NNRT_ADD_ROWS(0)
      NNRT_ADD_ROWS(1)
      NNRT_ADD_ROWS(2)
    }
#endif
    for (; r < of->turns[1]; r++)
      for (size_t p = 0; p < count; p += NNRT_LANES) {
        NNRT_ADD_TERMS(
          NNRT_WINDOW_NAME(load)(from_a + (size_t)i * of->a_row + r * of->a_step[1] + p, count - p),
          NNRT_WINDOW_NAME(load_by)(from_b + (size_t)j * of->b_column + r * of->b_step[1] +
                                      p * of->b_step[2], of->b_step[2], count - p))
      }
  }
  NNRT_WRITTEN_OUT
  for (int s = 0; s < rows * columns; s += NNRT_LANES) {
    NNRT_WINDOW_NAME(vector) some[NNRT_LANES];
    NNRT_WRITTEN_OUT
    for (int l = 0; l < NNRT_LANES; l++)
      some[l] = s + l < rows * columns ? sum[s + l] : (NNRT_WINDOW_NAME(vector)){0};
    const NNRT_WINDOW_NAME(vector) total = of->alpha * NNRT_WINDOW_NAME(totals)(some);
    NNRT_WRITTEN_OUT
    for (int l = 0; l < NNRT_LANES; l++) {
      const size_t i = (size_t)((s + l) / columns), j = (size_t)((s + l) % columns);
      NNRT_REAL *to = c + i * of->c_row + j * of->c_column;
      if (s + l < rows * columns)
        *to = of->keep ? *to + total[l] : total[l];
    }
  }
}
#undef NNRT_ADD_TERMS
#undef NNRT_ADD_ROWS

/* All rows of some columns, in blocks of the same height but for the last. */
NNRT_INLINE void NNRT_WINDOW_NAME(columns)(const int columns, const nnrt_windows *of,
                                           const NNRT_REAL *b, NNRT_REAL *c) {
  const size_t most = NNRT_WINDOW_SUMS / (size_t)columns, tiles = (of->m + most - 1) / most;
  const size_t rows = (of->m + tiles - 1) / tiles, left = of->m % rows, whole = of->m - left;
  for (size_t i = 0; i < whole; i += rows)
    NNRT_WINDOW_NAME(block)((int)rows, columns, of, of->a + i * of->a_row, b, c + i * of->c_row);
  if (left > 0)
    NNRT_WINDOW_NAME(block)((int)left, columns, of, of->a + whole * of->a_row, b,
                            c + whole * of->c_row);
}

NNRT_INLINE void NNRT_WINDOW_NAME(windows_along)(const nnrt_windows *of) {
  const size_t most = of->n <= 5 || of->n % 5 == 0 ? 5 : of->n % 3 == 0 ? 3 : 4;
  const size_t columns = of->n < most ? of->n : most, left = of->n % columns, whole = of->n - left;
  for (size_t j = 0; j < whole; j += columns)
    NNRT_WINDOW_NAME(columns)((int)columns, of, of->b + j * of->b_column, of->c + j * of->c_column);
  if (left > 0)
    NNRT_WINDOW_NAME(columns)((int)left, of, of->b + whole * of->b_column,
                              of->c + whole * of->c_column);
}

#undef NNRT_LANES
#undef NNRT_PAIRS
#undef NNRT_WINDOW_BYTES
#undef NNRT_WINDOW_NAME
