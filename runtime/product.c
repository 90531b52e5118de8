/* Turns nnrt_product_*() into own loops (own_loops.c, for three instruction sets), which are as
 * fast as OpenBLAS 0.3.21 with AVX2 and mostly faster with AVX-512 (docs/performance.md). For
 * other processors, and where NNRT_BLAS asks for it, a library serves large products.
 *
 * The library is loaded here, not linked: it picks its kernels once, when it is loaded, and Debian
 * 12's 0.3.21 takes a Zen 5 for a Haswell, at half the speed. OPENBLAS_CORETYPE tells it better,
 * unless the user has set it; NNRT_BLAS chooses: openblas, the path of another library, or none. */
#include "product.h"
#include "nnrt.h"
#include "own_loops.h"
#include "places.h"
#include "work.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  ROW_MAJOR = 101,     /* CBLAS's numbers */
  AS_STORED = 111,
  TRANSPOSED = 112
};

typedef enum nnrt_processor { PROCESSOR_PLAIN, PROCESSOR_AVX2, PROCESSOR_AVX512 } nnrt_processor;

typedef void (*gemm_float)(int order, int transpose_a, int transpose_b, int m, int n, int k,
                           float alpha, const float *a, int lda, const float *b, int ldb,
                           float beta, float *c, int ldc);
typedef void (*gemm_double)(int order, int transpose_a, int transpose_b, int m, int n, int k,
                            double alpha, const double *a, int lda, const double *b, int ldb,
                            double beta, double *c, int ldc);

/* What serves products in this process; filled once, before the first. */
typedef struct service {
  nnrt_processor processor;
  gemm_float of_float; /* NULL: own loops */
  gemm_double of_double;
  char line[256];
} service;

#if NNRT_VECTORS
/* A packed block of A; of no use to a thread between two products. */
static __thread double block_of_a[NNRT_BLOCK] __attribute__((aligned(64)));
#else
#define block_of_a NULL
#endif

/* by nnrt_processor, from NNRT_LEAST_SET on */
#define LOOPS_OF_SET(real, set) nnrt_loops_##real##_##set,
#define PACKING_OF_SET(real, set) nnrt_packs_##real##_##set,
#if NNRT_ALONE_BYTES != 8
static void (*const own_float[])(const nnrt_operands_float *, void *) = {
  NNRT_SETS(float, LOOPS_OF_SET)};
static void (*const packs_float[])(const nnrt_operands_float *, float *) = {
  NNRT_SETS(float, PACKING_OF_SET)};
#endif
#if NNRT_ALONE_BYTES != 4
static void (*const own_double[])(const nnrt_operands_double *, void *) = {
  NNRT_SETS(double, LOOPS_OF_SET)};
static void (*const packs_double[])(const nnrt_operands_double *, double *) = {
  NNRT_SETS(double, PACKING_OF_SET)};
#endif

static int is_large(size_t m, size_t n, size_t k) {
  return (double)m * (double)n * (double)k >= nnrt_large_product;
}

/* ---- loading ------------------------------------------------------------------------------ */

static nnrt_processor this_processor(void) {
#if NNRT_X86
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
    return PROCESSOR_AVX512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return PROCESSOR_AVX2;
#endif
  return PROCESSOR_PLAIN;
}

/* dlsym gives an object pointer; POSIX says it holds a function's address all the same. */
static void find(void *library, const char *name, void *function, size_t bytes) {
  void *address = dlsym(library, name);
  memcpy(function, &address, bytes);
}
#define FIND(library, name, function) find(library, name, &(function), sizeof(function))

static void *open_usual(int flags) {
  static const char *const usual[] = {
    "libopenblas.so.0", "libopenblasp.so.0", "libopenblaso.so.0", "libopenblas.so",
    "/usr/lib/x86_64-linux-gnu/openblas-serial/libopenblas.so.0",
    "/usr/lib/x86_64-linux-gnu/openblas-pthread/libopenblas.so.0",
    "/usr/lib/x86_64-linux-gnu/openblas-openmp/libopenblas.so.0",
    "/usr/lib/aarch64-linux-gnu/openblas-serial/libopenblas.so.0",
    "/usr/lib/aarch64-linux-gnu/openblas-pthread/libopenblas.so.0",
    "libopenblas.0.dylib",
  };
  for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
    void *library = dlopen(usual[i], flags);
    if (library)
      return library;
  }
  return NULL;
}

/* The kernels that a processor deserves; NULL: the library knows. A Zen 4 does 512 bits in two
 * halves, so 256-bit kernels keep it as busy, and theirs waste less (docs/performance.md). */
static const char *blas_kernels(nnrt_processor processor) {
  static const char *const widest[] = {NULL, "Haswell", "SkylakeX"};
#if NNRT_X86
  if (processor == PROCESSOR_AVX512 && __builtin_cpu_is("amdfam19h"))
    return "Haswell";
#endif
  return widest[processor];
}

/* The environment is changed for the time of loading only, so that children do not inherit it. */
static void *load(const char *path, nnrt_processor processor) {
  const char *kernels = blas_kernels(processor);
  const char *threads = getenv("OPENBLAS_NUM_THREADS");
  char *kept = threads ? strdup(threads) : NULL;
  int choose = kernels && !getenv("OPENBLAS_CORETYPE");
  if (choose)
    setenv("OPENBLAS_CORETYPE", kernels, 1);
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
  void *library = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : open_usual(RTLD_NOW | RTLD_LOCAL);
  if (choose)
    unsetenv("OPENBLAS_CORETYPE");
  if (kept)
    setenv("OPENBLAS_NUM_THREADS", kept, 1);
  else
    unsetenv("OPENBLAS_NUM_THREADS");
  free(kept);
  return library;
}

static void describe(service *to, void *library) {
  char *(*configuration)(void), *(*kernels)(void);
  FIND(library, "openblas_get_config", configuration);
  FIND(library, "openblas_get_corename", kernels);
  const char *words = configuration ? configuration() : "a BLAS";
  const char *second = strchr(words, ' ');
  size_t length = second ? strcspn(second + 1, " ") + (size_t)(second - words) + 1 : strlen(words);
  snprintf(to->line, sizeof to->line, "%.*s%s%s", (int)(length < 100 ? length : 100), words,
           kernels ? ", " : "", kernels ? kernels() : "");
}

static void begin(service *to) {
  static const char *const loops[] = {"own loops", "own loops, AVX2", "own loops, AVX-512"};
  const char *choice = getenv("NNRT_BLAS");
  void (*set_threads)(int);
  to->processor = this_processor();
  snprintf(to->line, sizeof to->line, "%s", loops[to->processor]);
  if (!choice || !*choice)
    choice = to->processor == PROCESSOR_PLAIN ? "openblas" : "none";
  if (strcmp(choice, "none") == 0)
    return;
  void *library = load(strcmp(choice, "openblas") == 0 ? NULL : choice, to->processor);
  if (!library)
    return;
  FIND(library, "openblas_set_num_threads", set_threads);
  if (set_threads)
    set_threads(1);
  FIND(library, "cblas_sgemm", to->of_float);
  FIND(library, "cblas_dgemm", to->of_double);
  if (to->of_float && to->of_double)
    describe(to, library);
  else
    to->of_float = NULL, to->of_double = NULL;
}

static service shared; /* written by begin_shared alone, once */

static void begin_shared(void) {
  begin(&shared);
}

static const service *get_service(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, begin_shared);
  return &shared;
}

const char *nnrt_product_library(void) {
  return get_service()->line;
}

/* ---- products ----------------------------------------------------------------------------- */

/* CBLAS counts in int, and refuses a leading dimension of 0. */
static int fits_the_call(size_t m, size_t n, size_t k, size_t lda, size_t ldb, size_t ldc) {
  return is_large(m, n, k) && m <= INT_MAX && n <= INT_MAX && k <= INT_MAX && lda <= INT_MAX &&
         ldb <= INT_MAX && ldc <= INT_MAX;
}

int nnrt_library_serves(size_t m, size_t n, size_t k) {
  return get_service()->of_float && is_large(m, n, k);
}

/* Both types: multiply, packs: their tables, which nncc --standalone would not find under pasted names. */
#define DEFINE_PRODUCTS(real, multiply, packs)                                                    \
  /* repeated: B was read a moment ago. */                                                        \
  static void serve_##real(int transpose_a, int transpose_b, size_t m, size_t n, size_t k,        \
                           real alpha, const real *a, size_t lda, const real *b, size_t ldb,      \
                           real beta, real *c, size_t ldc, const nnrt_finishing *finishing,       \
                           int repeated) {                                                        \
    const service *by = get_service();                                                            \
    const nnrt_operands_##real of = {                                                             \
      m, n, k, alpha, a, b, transpose_a ? 1 : lda, transpose_a ? lda : 1,                         \
      transpose_b ? 1 : ldb, transpose_b ? ldb : 1, beta > 0, c, ldc, finishing, NULL, repeated}; \
    if (!by->of_##real || !fits_the_call(m, n, k, lda, ldb, ldc)) {                               \
      multiply[by->processor - NNRT_LEAST_SET](&of, block_of_a);                                  \
      return;                                                                                     \
    }                                                                                             \
    by->of_##real(ROW_MAJOR, transpose_a ? TRANSPOSED : AS_STORED,                                \
                  transpose_b ? TRANSPOSED : AS_STORED, (int)m, (int)n, (int)k, alpha, a,         \
                  (int)lda, b, (int)ldb, beta, c, (int)ldc);                                      \
    if (finishing && m > 0 && n > 0)                                                              \
      nnrt_finish_rows(finishing, 0, m, n);                                                       \
  }                                                                                               \
                                                                                                  \
  void nnrt_product_then_##real(int transpose_a, int transpose_b, size_t m, size_t n, size_t k,   \
                                real alpha, const real *a, size_t lda, const real *b, size_t ldb, \
                                real beta, real *c, size_t ldc,                                   \
                                const nnrt_finishing *finishing) {                                \
    serve_##real(transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc,          \
                 finishing, 0);                                                                   \
  }                                                                                               \
                                                                                                  \
  void nnrt_product_##real(int transpose_a, int transpose_b, size_t m, size_t n, size_t k,        \
                           real alpha, const real *a, size_t lda, const real *b, size_t ldb,      \
                           real beta, real *c, size_t ldc) {                                      \
    serve_##real(transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, NULL, 0); \
  }                                                                                               \
                                                                                                  \
  void nnrt_repeated_product_##real(int transpose_a, int transpose_b, size_t m, size_t n,         \
                                    size_t k, real alpha, const real *a, size_t lda,              \
                                    const real *b, size_t ldb, real beta, real *c, size_t ldc) {  \
    serve_##real(transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, NULL, 1); \
  }                                                                                               \
                                                                                                  \
  void nnrt_pack_##real(size_t n, size_t k, const real *b, size_t ldb, real *packed) {            \
    const nnrt_operands_##real of = {                                                             \
      0, n, k, 1, NULL, b, 0, 0, 1, ldb, 0, NULL, 0, NULL, NULL, 0};                              \
    packs[get_service()->processor - NNRT_LEAST_SET](&of, packed);                                \
  }                                                                                               \
                                                                                                  \
  void nnrt_packed_product_##real(size_t m, size_t n, size_t k, real alpha, const real *a,        \
                                  size_t lda, const real *packed, real beta, real *c,             \
                                  size_t ldc) {                                                   \
    const nnrt_operands_##real of = {                                                             \
      m, n, k, alpha, a, packed, lda, 1, 0, 0, beta > 0, c, ldc, NULL, NULL, 1};                  \
    multiply[get_service()->processor - NNRT_LEAST_SET](&of, block_of_a);                         \
  }                                                                                               \
                                                                                                  \
  void nnrt_placed_product_##real(size_t m, real alpha, const real *a, size_t lda, const real *b, \
                                  const nnrt_places *places, real beta, real *c, size_t ldc) {    \
    const size_t n = nnrt_count_places(&places->column), k = nnrt_count_places(&places->row);     \
    const nnrt_operands_##real of = {                                                             \
      m, n, k, alpha, a, b, lda, 1, 0, 0, beta > 0, c, ldc, NULL, places, 0};                     \
    multiply[get_service()->processor - NNRT_LEAST_SET](&of, block_of_a);                         \
  }

#if NNRT_ALONE_BYTES != 8
DEFINE_PRODUCTS(float, own_float, packs_float)
#endif
#if NNRT_ALONE_BYTES != 4
DEFINE_PRODUCTS(double, own_double, packs_double)
#endif
