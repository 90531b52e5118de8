/* nnrt_kernel_places: products whose B is read by places, of nnrt_kernel.h's real type and instruction
 * set; it includes this, but for emitted programs.
 *
 * Element (p, j) of B lies where its p-th row does plus where its j-th column does: the windows of a
 * convolution, say. A stripe of B whose vectors lie in one piece or two is read in place. Others are
 * packed; or the product is turned, so that vectors hold rows of A, and numbers of B are read one by one,
 * wherever they lie. Sums are in the same order each way, so the results are the same to the bit. */
#if NNRT_VECTORS

/* ---- packing -------------------------------------------------------------------------------- */

/* `length` numbers of a stripe's row that lie together, from its lane `lane` on. */
typedef struct NNRT_NAME(segment) {
  size_t from, lane, length;
} NNRT_NAME(segment);

/* The stripe's columns, as pieces that lie together. */
NNRT_INLINE NNRT_TARGET int NNRT_NAME(segments)(const size_t *column, size_t columns,
                                                NNRT_NAME(segment) *to) {
  int found = 0;
  for (size_t j = 0; j < columns; j++) {
    const int goes_on = j % NNRT_LANES > 0 && column[j] == column[j - 1] + 1;
    if (goes_on)
      to[found - 1].length++;
    else
      to[found++] = (NNRT_NAME(segment)){column[j], j, 1};
  }
  return found;
}

#if NNRT_SHUFFLES
/* Some rows of a stripe, at most LANES, which lie together in each column. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(turn_columns)(const NNRT_REAL *b, const size_t *column,
                                                     size_t columns, size_t count, NNRT_REAL *to) {
  for (size_t j = 0; j < columns; j += NNRT_LANES) {
    NNRT_NAME(vector) row[NNRT_LANES];
    for (size_t l = 0; l < NNRT_LANES; l++)
      row[l] = j + l < columns ? NNRT_NAME(load)(b + column[j + l], count)
                               : (NNRT_NAME(vector)){0};
    NNRT_NAME(exchange)(row);
    for (size_t p = 0; p < count; p++)
      *(NNRT_NAME(vector) *)(void *)(to + p * NNRT_NAME(WIDTH) + j) = row[p];
  }
}

#if NNRT_LANES >= 8
/* `count` numbers of two places, at most half a vector of each. */
NNRT_INLINE NNRT_TARGET NNRT_NAME(vector) NNRT_NAME(load_halves)(const NNRT_REAL *lower,
                                                                 const NNRT_REAL *upper,
                                                                 size_t count) {
  const NNRT_NAME(vector) one = NNRT_NAME(load)(lower, count), other = NNRT_NAME(load)(upper, count);
#if NNRT_LANES == 16
  return __builtin_shufflevector(one, other, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
#else
  return __builtin_shufflevector(one, other, 0, 1, 2, 3, 8, 9, 10, 11);
#endif
}

/* The same of half as many rows at most: a vector has those of two columns. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(turn_halves)(const NNRT_REAL *b, const size_t *column,
                                                    size_t columns, size_t count, NNRT_REAL *to) {
  enum { HALF = NNRT_LANES / 2 };
  for (size_t j = 0; j < columns; j += NNRT_LANES) {
    NNRT_NAME(vector) row[HALF];
    for (size_t l = 0; l < HALF; l++)
      row[l] = NNRT_NAME(load_halves)(b + column[j + l < columns ? j + l : 0],
                                      b + column[j + l + HALF < columns ? j + l + HALF : 0], count);
    NNRT_NAME(exchange_halves)(row);
    for (size_t p = 0; p < count; p++)
      *(NNRT_NAME(vector) *)(void *)(to + p * NNRT_NAME(WIDTH) + j) = row[p];
  }
}
#endif
#endif

/* How many of the places follow each other in memory from the first on, LANES at most. */
NNRT_INLINE NNRT_TARGET size_t NNRT_NAME(together)(const size_t *place, size_t count) {
  size_t found = 1;
  while (found < count && found < NNRT_LANES && place[found] == place[0] + found)
    found++;
  return found;
}

/* pack(), of a stripe that is read by places: of k rows and some columns. */
static __attribute__((noinline)) NNRT_TARGET void NNRT_NAME(pack_places)(
  const NNRT_REAL *b, size_t k, const size_t *row, size_t columns, const size_t *column, int segments,
  const NNRT_NAME(segment) *segment, NNRT_REAL *to) {
  if (columns < NNRT_NAME(WIDTH))
    memset(to, 0, k * NNRT_NAME(WIDTH) * sizeof *to);
  for (size_t i = 0, next; i < k; i = next) {
    next = i + 1;
#if NNRT_SHUFFLES
    const size_t count = NNRT_NAME(together)(row + i, k - i);
    NNRT_REAL *rows = to + i * NNRT_NAME(WIDTH);
#if NNRT_LANES >= 8
    if (count <= NNRT_LANES / 2 && (size_t)segments * count >= 3 * NNRT_LANES / 2) {
      NNRT_NAME(turn_halves)(b + row[i], column, columns, count, rows);
      next = i + count;
      continue;
    }
#endif
    if (count > NNRT_LANES / 2 && (size_t)segments * count >= 4 * NNRT_LANES) {
      NNRT_NAME(turn_columns)(b + row[i], column, columns, count, rows);
      next = i + count;
      continue;
    }
#endif
    for (int s = 0; s < segments; s++)
      NNRT_NAME(store)(to + i * NNRT_NAME(WIDTH) + segment[s].lane, segment[s].length,
                       NNRT_NAME(load)(b + row[i] + segment[s].from, segment[s].length), 0);
  }
}

/* ---- in place -------------------------------------------------------------------------------- */

/* Where the two vectors of a stripe's row are read, from where the row lies on: each in one piece or in
 * two, the second from where its lanes would begin at 0; which lanes of each. */
typedef struct NNRT_NAME(source) {
  const NNRT_REAL *from[2][2];
  unsigned lanes[2][2];
} NNRT_NAME(source);

/* In how many pieces vectors of the stripe can be read where they lie; 0: it must be packed. */
NNRT_INLINE NNRT_TARGET int NNRT_NAME(find_source)(const NNRT_REAL *b, size_t columns, int segments,
                                                   const NNRT_NAME(segment) *segment,
                                                   NNRT_NAME(source) *to) {
  int pieces[2] = {0, 0};
  *to = (NNRT_NAME(source)){{{b, b}, {b, b}}, {{0, 0}, {0, 0}}};
  if (columns < NNRT_NAME(WIDTH))
    return 0;
  for (int s = 0; s < segments; s++) {
    const size_t v = segment[s].lane / NNRT_LANES, lane = segment[s].lane % NNRT_LANES;
    if (pieces[v] == 2)
      return 0;
    to->from[v][pieces[v]] = b + segment[s].from - lane;
    to->lanes[v][pieces[v]++] = ((1u << segment[s].length) - 1) << lane;
  }
  if (segments == 2)
    return 1;
#if defined(NNRT_MASKED) && NNRT_VECTOR_BYTES == 64
  return 2;
#else
  return 0;
#endif
}

NNRT_INLINE NNRT_TARGET NNRT_NAME(vector) NNRT_NAME(load_pieces)(
  const int pieces, const NNRT_NAME(source) *of, int v, size_t place) {
#if defined(NNRT_MASKED) && NNRT_VECTOR_BYTES == 64 && NNRT_REAL_BYTES == 4
  if (pieces == 2)
    return (NNRT_NAME(vector))_mm512_mask_loadu_ps(
      _mm512_maskz_loadu_ps((__mmask16)of->lanes[v][0], of->from[v][0] + place),
      (__mmask16)of->lanes[v][1], of->from[v][1] + place);
#elif defined(NNRT_MASKED) && NNRT_VECTOR_BYTES == 64
  if (pieces == 2)
    return (NNRT_NAME(vector))_mm512_mask_loadu_pd(
      _mm512_maskz_loadu_pd((__mmask8)of->lanes[v][0], of->from[v][0] + place),
      (__mmask8)of->lanes[v][1], of->from[v][1] + place);
#endif
  (void)pieces;
  return NNRT_NAME(load)(of->from[v][0] + place, NNRT_LANES);
}

/* tile() of two vectors, whose rows of B are read where they lie. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(tile_in_place)(
  const int rows, const int pieces, size_t k, const NNRT_OPERANDS *of, size_t a_row, size_t a_column,
  const NNRT_REAL *a, const size_t *row, const NNRT_NAME(source) *source, int keep, NNRT_REAL *c) {
  NNRT_NAME(vector) sum[NNRT_NAME(ROWS)][2], read[2];
  const NNRT_NAME(source) from = *source;
  for (int i = 0; i < rows; i++)
    for (int v = 0; v < 2; v++)
      __builtin_prefetch(c + (size_t)i * of->c_row + v * NNRT_LANES, 1);
  for (int i = 0; i < rows; i++)
    for (int v = 0; v < 2; v++)
      sum[i][v] = (NNRT_NAME(vector)){0};
  NNRT_IN_TURN
  for (size_t p = 0; p < k; p++, a += a_column) {
    for (int v = 0; v < 2; v++)
      read[v] = NNRT_NAME(load_pieces)(pieces, &from, v, row[p]);
    for (int i = 0; i < rows; i++)
      for (int v = 0; v < 2; v++)
        sum[i][v] += a[(size_t)i * a_row] * read[v];
  }
  for (int i = 0; i < rows; i++)
    for (int v = 0; v < 2; v++)
      NNRT_NAME(store)(c + (size_t)i * of->c_row + v * NNRT_LANES, NNRT_LANES,
                       sum[i][v] * of->alpha, keep);
}

/* Rows `from` to `to` of C; those before `panels_end` by panels of A in `block`. */
#define NNRT_TILE(rows, row_step, column_step, from_a)                                            \
  NNRT_NAME(tile_in_place)(rows, pieces, k, of, row_step, column_step, from_a, row, source, keep, \
                           c + i * of->c_row)
NNRT_INLINE NNRT_TARGET void NNRT_NAME(rows_in_place)(
  const int pieces, size_t k, size_t from, size_t panels_end, size_t to, const NNRT_OPERANDS *of,
  const NNRT_REAL *block, const NNRT_REAL *a, const size_t *row, const NNRT_NAME(source) *source,
  int keep, NNRT_REAL *c) {
  const size_t height = NNRT_NAME(ROWS), a_row = of->a_row, a_column = of->a_column;
  size_t i = from;
  for (; i < panels_end; i += height)
    NNRT_TILE(NNRT_NAME(ROWS), 1, height, block + (i - from) * k);
  for (; i + height <= to; i += height)
    NNRT_TILE(NNRT_NAME(ROWS), a_row, a_column, a + i * a_row);
  for (; i + 4 <= to; i += 4)
    NNRT_TILE(4, a_row, a_column, a + i * a_row);
  for (; i + 2 <= to; i += 2)
    NNRT_TILE(2, a_row, a_column, a + i * a_row);
  if (i < to)
    NNRT_TILE(1, a_row, a_column, a + i * a_row);
}
#undef NNRT_TILE

#define NNRT_SHARED_ROWS(name, pieces)                                                            \
  static __attribute__((noinline)) NNRT_TARGET void NNRT_NAME(name)(                              \
    size_t k, size_t from, size_t panels_end, size_t to, const NNRT_OPERANDS *of,                 \
    const NNRT_REAL *block, const NNRT_REAL *a, const size_t *row,                                \
    const NNRT_NAME(source) *source, int keep, NNRT_REAL *c) {                                    \
    NNRT_NAME(rows_in_place)(pieces, k, from, panels_end, to, of, block, a, row, source, keep, c); \
  }
NNRT_SHARED_ROWS(rows_of_pieces, 1)
NNRT_SHARED_ROWS(rows_of_pairs, 2)
#undef NNRT_SHARED_ROWS

/* run(), of a B that is read by places; with panels of A in `block`, unless that is NULL. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(run_by_places)(const NNRT_OPERANDS *of, size_t i, size_t p,
                                                      NNRT_REAL *block) {
  NNRT_REAL packed[NNRT_RUN * NNRT_NAME(WIDTH)];
  size_t row[NNRT_RUN], column[NNRT_NAME(WIDTH)];
  NNRT_NAME(segment) segment[NNRT_NAME(WIDTH)];
  NNRT_NAME(source) source;
  const int keep = of->keep || p > 0;
  const size_t k = of->k - p < NNRT_RUN ? of->k - p : NNRT_RUN;
  const size_t end = of->m - i < NNRT_HEIGHT ? of->m : i + NNRT_HEIGHT;
  const size_t panels = block ? (end - i) - (end - i) % NNRT_NAME(ROWS) : 0;
  const NNRT_REAL *a = of->a + p * of->a_column;
  if (block)
    NNRT_NAME(pack_panels)(panels, k, of, a + i * of->a_row, block);
  nnrt_find_places(&of->places->row, p, k, row);
  for (size_t j = 0; j < of->n; j += NNRT_NAME(WIDTH)) {
    const size_t columns = of->n - j < NNRT_NAME(WIDTH) ? of->n - j : NNRT_NAME(WIDTH);
    nnrt_find_places(&of->places->column, j, columns, column);
    const int segments = NNRT_NAME(segments)(column, columns, segment);
    const int pieces = NNRT_NAME(find_source)(of->b, columns, segments, segment, &source);
    if (pieces > 0) {
      if (pieces == 1)
        NNRT_NAME(rows_of_pieces)(k, i, i + panels, end, of, block, a, row, &source, keep, of->c + j);
      else
        NNRT_NAME(rows_of_pairs)(k, i, i + panels, end, of, block, a, row, &source, keep, of->c + j);
      continue;
    }
    NNRT_NAME(pack_places)(of->b, k, row, columns, column, segments, segment, packed);
    if (columns < NNRT_NAME(WIDTH)) {
      NNRT_NAME(stripe_within)(columns, NNRT_NAME(WIDTH), k, i, end, of, a, packed,
                               NNRT_NAME(WIDTH), keep, of->c + j);
      continue;
    }
    if (panels > 0)
      NNRT_NAME(panels)(of, panels, k, block, packed, NULL, keep, of->c + i * of->c_row + j);
    NNRT_NAME(whole_stripe)(k, i + panels, end, of, a, packed, NNRT_NAME(WIDTH), NULL, keep,
                            of->c + j);
  }
}

#if NNRT_SHUFFLES
/* ---- turned ---------------------------------------------------------------------------------- */

/* to[i * WIDTH + ...] = the sums of one to ROWS columns of C, of which a vector has some rows: A's columns
 * lie side by side in `packed`, numbers of B are spread over whole vectors. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(tile_turned)(const int columns, const int vectors, size_t k,
                                                    const NNRT_REAL *b, const size_t *row,
                                                    const size_t *column, const NNRT_REAL *packed,
                                                    NNRT_REAL *to) {
  NNRT_NAME(vector) sum[NNRT_NAME(ROWS)][2], read[2];
  const NNRT_REAL *from[NNRT_NAME(ROWS)];
  for (int j = 0; j < columns; j++) {
    from[j] = b + column[j];
    for (int v = 0; v < vectors; v++)
      sum[j][v] = (NNRT_NAME(vector)){0};
  }
  NNRT_IN_TURN
  for (size_t p = 0; p < k; p++, packed += NNRT_NAME(WIDTH)) {
    for (int v = 0; v < vectors; v++)
      read[v] = NNRT_NAME(load)(packed + v * NNRT_LANES, NNRT_LANES);
    for (int j = 0; j < columns; j++)
      for (int v = 0; v < vectors; v++)
        sum[j][v] += from[j][row[p]] * read[v];
  }
  for (int j = 0; j < columns; j++)
    for (int v = 0; v < vectors; v++)
      NNRT_NAME(store)(to + (size_t)j * NNRT_NAME(WIDTH) + v * NNRT_LANES, NNRT_LANES, sum[j][v], 0);
}

/* Columns of C, at most LANES, that lie in rows of `from`, to where they belong. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(store_turned)(const NNRT_OPERANDS *of, size_t rows,
                                                     size_t columns, const NNRT_REAL *from, int keep,
                                                     NNRT_REAL *c) {
  for (size_t i = 0; i < rows; i += NNRT_LANES) {
    NNRT_NAME(vector) line[NNRT_LANES];
    NNRT_NAME(turn)(columns, from + i, NNRT_NAME(WIDTH), line);
    for (size_t l = 0; l < NNRT_LANES && i + l < rows; l++)
      NNRT_NAME(store)(c + (i + l) * of->c_row, columns, line[l] * of->alpha, keep);
  }
}

/* A stripe's columns of C, in tiles as wide as they may be. */
#define NNRT_TILE(columns)                                                                        \
  for (; j + (columns) <= count; j += (columns))                                                  \
    NNRT_NAME(tile_turned)(columns, vectors, k, b, row, column + j, packed,                       \
                           to + j * NNRT_NAME(WIDTH));
NNRT_INLINE NNRT_TARGET void NNRT_NAME(turned_columns)(const int vectors, size_t count, size_t k,
                                                       const NNRT_REAL *b, const size_t *row,
                                                       const size_t *column,
                                                       const NNRT_REAL *packed, NNRT_REAL *to) {
  size_t j = 0;
  NNRT_TILE(NNRT_NAME(ROWS))
  NNRT_TILE(4)
  NNRT_TILE(2)
  NNRT_TILE(1)
}
#undef NNRT_TILE

#define NNRT_SHARED_COLUMNS(name, vectors)                                                        \
  static __attribute__((noinline)) NNRT_TARGET void NNRT_NAME(name)(                              \
    size_t count, size_t k, const NNRT_REAL *b, const size_t *row, const size_t *column,          \
    const NNRT_REAL *packed, NNRT_REAL *to) {                                                     \
    NNRT_NAME(turned_columns)(vectors, count, k, b, row, column, packed, to);                     \
  }
NNRT_SHARED_COLUMNS(turned_columns_of_one, 1)
NNRT_SHARED_COLUMNS(turned_columns_of_two, 2)
#undef NNRT_SHARED_COLUMNS

/* A run of k of at most WIDTH rows of C. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(run_turned)(const NNRT_OPERANDS *of, size_t i, size_t p) {
  NNRT_REAL packed[NNRT_RUN * NNRT_NAME(WIDTH)], to[NNRT_LANES * NNRT_NAME(WIDTH)];
  size_t row[NNRT_RUN], column[NNRT_LANES];
  NNRT_OPERANDS turned = *of;
  const size_t k = of->k - p < NNRT_RUN ? of->k - p : NNRT_RUN;
  const size_t rows = of->m - i < NNRT_NAME(WIDTH) ? of->m - i : NNRT_NAME(WIDTH);
  turned.b_row = of->a_column;
  turned.b_column = of->a_row;
  NNRT_NAME(pack)(rows, k, &turned, of->a + i * of->a_row + p * of->a_column, packed);
  nnrt_find_places(&of->places->row, p, k, row);
  for (size_t j = 0; j < of->n; j += NNRT_LANES) {
    const size_t columns = of->n - j < NNRT_LANES ? of->n - j : NNRT_LANES;
    nnrt_find_places(&of->places->column, j, columns, column);
    if (rows > NNRT_LANES)
      NNRT_NAME(turned_columns_of_two)(columns, k, of->b, row, column, packed, to);
    else
      NNRT_NAME(turned_columns_of_one)(columns, k, of->b, row, column, packed, to);
    NNRT_NAME(store_turned)(of, rows, columns, to, of->keep || p > 0, of->c + i * of->c_row + j);
  }
}

/* What takes how long, in multiply-adds of vectors, as measured (docs/performance.md): an end of a tile,
 * and of LANES columns of a turned one; of a stripe, for each of k, to turn what lies along k, to fetch
 * what does not. */
enum { NNRT_NAME(END) = 50, NNRT_NAME(TURNED_END) = 270, NNRT_NAME(TURN) = 9, NNRT_NAME(FETCH) = 30 };

/* In tiles of rows, each as high as it may be. */
NNRT_INLINE NNRT_TARGET size_t NNRT_NAME(count_tiles)(size_t rows) {
  const size_t rest = rows % NNRT_NAME(ROWS);
  return rows / NNRT_NAME(ROWS) + rest / 4 + rest % 4 / 2 + rest % 2;
}

/* One run of k of all stripes, packed: tiles of less than ROWS rows take half of a whole one. */
NNRT_INLINE NNRT_TARGET size_t NNRT_NAME(packed_cost)(const NNRT_OPERANDS *of, size_t k, int together) {
  const size_t whole = of->m / NNRT_NAME(ROWS), tiles = NNRT_NAME(count_tiles)(of->m);
  const size_t vectors = (of->n + NNRT_LANES - 1) / NNRT_LANES, stripes = (vectors + 1) / 2;
  const size_t turned = together ? of->n / NNRT_NAME(WIDTH) : 0;
  return vectors * k * (whole + tiles) * NNRT_NAME(ROWS) / 2 + stripes * tiles * NNRT_NAME(END) +
         k * (turned * NNRT_NAME(TURN) + (stripes - turned) * NNRT_NAME(FETCH));
}

/* The same, turned. */
NNRT_INLINE NNRT_TARGET size_t NNRT_NAME(turned_cost)(const NNRT_OPERANDS *of, size_t k) {
  const size_t vectors = (of->m + NNRT_LANES - 1) / NNRT_LANES, blocks = (vectors + 1) / 2;
  const size_t ends = (of->n + NNRT_LANES - 1) / NNRT_LANES;
  return vectors * k * of->n + blocks * (k * NNRT_NAME(TURN) + ends * NNRT_NAME(TURNED_END));
}

/* Whether to let A take B's place: where stripes of B cannot be read as they lie, and it is less work. */
NNRT_INLINE NNRT_TARGET int NNRT_NAME(is_turned)(const NNRT_OPERANDS *of) {
  size_t row[NNRT_LANES], column[NNRT_NAME(WIDTH)];
  NNRT_NAME(segment) segment[NNRT_NAME(WIDTH)];
  NNRT_NAME(source) source;
  const size_t columns = of->n < NNRT_NAME(WIDTH) ? of->n : NNRT_NAME(WIDTH);
  const size_t k = of->k < NNRT_RUN ? of->k : NNRT_RUN, rows = k < NNRT_LANES ? k : NNRT_LANES;
  if (rows == 0 || columns == 0)
    return 0;
  nnrt_find_places(&of->places->row, 0, rows, row);
  nnrt_find_places(&of->places->column, 0, columns, column);
  const int segments = NNRT_NAME(segments)(column, columns, segment);
  if (NNRT_NAME(find_source)(of->b, columns, segments, segment, &source) > 0)
    return 0;
  const int together = 2 * NNRT_NAME(together)(row, rows) >= NNRT_LANES;
  return NNRT_NAME(turned_cost)(of, k) < NNRT_NAME(packed_cost)(of, k, together);
}
#endif

/* ---- the product ------------------------------------------------------------------------------ */

/* All of C, by way of `block`, panels of A, unless that is NULL. */
NNRT_INLINE NNRT_TARGET void NNRT_NAME(multiply_by_places)(const NNRT_OPERANDS *of,
                                                           NNRT_REAL *block) {
#if NNRT_SHUFFLES
  if (NNRT_NAME(is_turned)(of)) {
    for (size_t i = 0; i < of->m; i += NNRT_NAME(WIDTH))
      for (size_t p = 0; p == 0 || p < of->k; p += NNRT_RUN) /* once with k = 0 */
        NNRT_NAME(run_turned)(of, i, p);
    return;
  }
#endif
  for (size_t i = 0; i < of->m; i += NNRT_HEIGHT)
    for (size_t p = 0; p == 0 || p < of->k; p += NNRT_RUN)
      NNRT_NAME(run_by_places)(of, i, p, block);
}

#else

/* One column of C. */
static void NNRT_NAME(column_by_places)(const NNRT_OPERANDS *of, size_t j) {
  size_t row[NNRT_RUN], column;
  nnrt_find_places(&of->places->column, j, 1, &column);
  for (size_t i = 0; i < of->m; i++) {
    NNRT_REAL sum = 0;
    for (size_t p = 0; p < of->k; p += NNRT_RUN) {
      const size_t k = of->k - p < NNRT_RUN ? of->k - p : NNRT_RUN;
      nnrt_find_places(&of->places->row, p, k, row);
      for (size_t q = 0; q < k; q++)
        sum += of->a[i * of->a_row + (p + q) * of->a_column] * of->b[row[q] + column];
    }
    NNRT_REAL *to = &of->c[i * of->c_row + j];
    *to = of->keep ? *to + of->alpha * sum : of->alpha * sum;
  }
}

static void NNRT_NAME(multiply_by_places)(const NNRT_OPERANDS *of, NNRT_REAL *block) {
  (void)block;
  for (size_t j = 0; j < of->n; j++)
    NNRT_NAME(column_by_places)(of, j);
}
#endif /* NNRT_VECTORS */
