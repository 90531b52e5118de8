/* What takes the place of product.c and team.c in a model that stands alone (nncc --standalone): own
 * loops for the instruction set that the file is compiled for, and the caller's thread. */
#if NNRT_ALONE_BYTES == 4
void nnrt_product_float(int transpose_a, int transpose_b, size_t m, size_t n, size_t k, float alpha,
                        const float *a, size_t lda, const float *b, size_t ldb, float beta,
                        float *c, size_t ldc) {
  nnrt_small_product(transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

void nnrt_team_product_float(nnrt_team *team, int transpose_a, int transpose_b, size_t m, size_t n,
                             size_t k, float alpha, const float *a, size_t lda, const float *b,
                             size_t ldb, float beta, float *c, size_t ldc) {
  (void)team;
  nnrt_small_product(transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

void nnrt_finished_product_float(nnrt_team *team, int transpose_a, int transpose_b, size_t m,
                                 size_t n, size_t k, float alpha, const float *a, size_t lda,
                                 const float *b, size_t ldb, float beta, float *c, size_t ldc,
                                 nnrt_finish *finish, const void *context) {
  (void)team;
  nnrt_small_product(transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
  if (m > 0 && n > 0)
    finish(context, 0, m, 0, n);
}

/* Copied row by row only: the loops pack what they need. */
void nnrt_pack_float(size_t n, size_t k, const float *b, size_t ldb, float *packed) {
  for (size_t j = 0; j < n; j++)
    memcpy(packed + j * k, b + j * ldb, k * sizeof *packed);
}

void nnrt_packed_product_float(size_t m, size_t n, size_t k, float alpha, const float *a, size_t lda,
                               const float *packed, float beta, float *c, size_t ldc) {
  nnrt_product_float(0, 1, m, n, k, alpha, a, lda, packed, k, beta, c, ldc);
}
#else
void nnrt_product_double(int transpose_a, int transpose_b, size_t m, size_t n, size_t k,
                         double alpha, const double *a, size_t lda, const double *b, size_t ldb,
                         double beta, double *c, size_t ldc) {
  nnrt_small_product(transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

void nnrt_team_product_double(nnrt_team *team, int transpose_a, int transpose_b, size_t m, size_t n,
                              size_t k, double alpha, const double *a, size_t lda, const double *b,
                              size_t ldb, double beta, double *c, size_t ldc) {
  (void)team;
  nnrt_small_product(transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

void nnrt_finished_product_double(nnrt_team *team, int transpose_a, int transpose_b, size_t m,
                                 size_t n, size_t k, double alpha, const double *a, size_t lda,
                                 const double *b, size_t ldb, double beta, double *c, size_t ldc,
                                 nnrt_finish *finish, const void *context) {
  (void)team;
  nnrt_small_product(transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
  if (m > 0 && n > 0)
    finish(context, 0, m, 0, n);
}

void nnrt_pack_double(size_t n, size_t k, const double *b, size_t ldb, double *packed) {
  for (size_t j = 0; j < n; j++)
    memcpy(packed + j * k, b + j * ldb, k * sizeof *packed);
}

void nnrt_packed_product_double(size_t m, size_t n, size_t k, double alpha, const double *a, size_t lda,
                               const double *packed, double beta, double *c, size_t ldc) {
  nnrt_product_double(0, 1, m, n, k, alpha, a, lda, packed, k, beta, c, ldc);
}
#endif

size_t nnrt_team_members(const nnrt_team *team) {
  (void)team;
  return 1;
}

void nnrt_team_run(nnrt_team *team, size_t parts, nnrt_task *task, void *context) {
  (void)team;
  for (size_t part = 0; part < parts; part++)
    task(context, part);
}
