/* Own loops for products, included by product.c once for each real type and instruction set (REAL,
 * OPERANDS, NAME, VECTOR_BYTES, TARGET). One tile of C is up to ROWS x WIDTH sums, held in
 * registers over a run of k; a row of it is one vector. */

typedef REAL NAME(vector) __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(REAL)),
                                         may_alias));

enum { NAME(WIDTH) = VECTOR_BYTES / sizeof(REAL) };

/* C[rows, columns] = alpha * sum[k](A[rows, k] B[k, WIDTH]) + (keep ? C : 0); columns <= WIDTH.
 * Element (i, p) of A is at i * a_row + p * a_column, row p of B at p * b_row. */
ALWAYS_INLINE void NAME(tile)(const int rows, size_t columns, size_t k, REAL alpha, const REAL *a,
                              size_t a_row, size_t a_column, const REAL *b, size_t b_row, int keep,
                              REAL *c, size_t ldc) {
  NAME(vector) sum[ROWS] = {{0}};
  for (size_t p = 0; p < k; p++) {
    const NAME(vector) row = *(const NAME(vector) *)(const void *)(b + p * b_row);
    for (int i = 0; i < rows; i++)
      sum[i] += a[(size_t)i * a_row + p * a_column] * row;
  }
  for (int i = 0; i < rows; i++, c += ldc) {
    const NAME(vector) scaled = sum[i] * alpha;
    if (columns == NAME(WIDTH)) {
      NAME(vector) *to = (NAME(vector) *)(void *)c;
      if (keep)
        *to += scaled;
      else
        *to = scaled;
    } else {
      for (size_t j = 0; j < columns; j++)
        c[j] = keep ? c[j] + scaled[j] : scaled[j];
    }
  }
}

/* All rows of C for one stripe of at most WIDTH columns and a run of k. */
ALWAYS_INLINE void NAME(stripe)(const OPERANDS *of, size_t p, size_t k, size_t j,
                                const REAL *b, size_t b_row, int keep) {
  const size_t columns = of->n - j < NAME(WIDTH) ? of->n - j : NAME(WIDTH);
  for (size_t i = 0; i < of->m; i += ROWS) {
    const REAL *a = of->a + i * of->a_row + p * of->a_column;
    REAL *c = of->c + i * of->ldc + j;
#define TILE(rows)                                                                                \
  NAME(tile)(rows, columns, k, of->alpha, a, of->a_row, of->a_column, b, b_row, keep, c, of->ldc)
    switch (of->m - i) {
    case 1: TILE(1); break;
    case 2: TILE(2); break;
    case 3: TILE(3); break;
    case 4: TILE(4); break;
    case 5: TILE(5); break;
    default: TILE(ROWS); break;
    }
#undef TILE
  }
}

/* B[p ... p+k-1, j ... j+WIDTH-1] side by side, zeroes beyond its last column. */
ALWAYS_INLINE void NAME(pack)(const OPERANDS *of, size_t p, size_t k, size_t j, REAL *to) {
  const size_t columns = of->n - j < NAME(WIDTH) ? of->n - j : NAME(WIDTH);
  for (size_t q = 0; q < k; q++)
    for (size_t i = 0; i < NAME(WIDTH); i++)
      to[q * NAME(WIDTH) + i] =
        i < columns ? of->b[(p + q) * of->b_row + (j + i) * of->b_column] : 0;
}

/* B is read where it lies if its rows are whole vectors, else through a packed stripe. */
TARGET static void NAME(loops)(const OPERANDS *of) {
  REAL packed[RUN * NAME(WIDTH)];
  for (size_t j = 0; j < of->n; j += NAME(WIDTH)) {
    const int in_place = of->b_column == 1 && of->n - j >= NAME(WIDTH);
    for (size_t p = 0; p == 0 || p < of->k; p += RUN) { /* once with k = 0: C is still written */
      const size_t k = of->k - p < RUN ? of->k - p : RUN;
      const int keep = of->keep || p > 0;
      if (in_place) {
        NAME(stripe)(of, p, k, j, of->b + p * of->b_row + j, of->b_row, keep);
      } else {
        NAME(pack)(of, p, k, j, packed);
        NAME(stripe)(of, p, k, j, packed, NAME(WIDTH), keep);
      }
    }
  }
}
