/* Makes own loops of nnrt_kernel.h, for each type and instruction set. Compilers take long for each, so
 * NNRT_ONLY_BYTES (4 or 8) and NNRT_ONLY_SET (0: plain, 1: AVX2, 2: AVX-512) choose one, and
 * CMakeLists.txt has them compiled side by side. */
#include "own_loops.h"
#include "places.h"
#include "product.h"

#if NNRT_X86 && NNRT_VECTORS
#include <immintrin.h>
#define NNRT_MASKED 1
#endif

#ifdef NNRT_ONLY_SET
#define WANTED(bytes, set) (NNRT_ONLY_BYTES == (bytes) && NNRT_ONLY_SET == (set))
#else
#define WANTED(bytes, set) 1
#endif

#define AVX2 "avx2,fma"
#define AVX512 "avx512f,avx512dq,avx512bw,avx512vl,fma"

/* Multiply-adds from which packing A pays; and where its columns lie side by side, as those of weights'
 * gradients do: of each a tile would read half a cache line, and all of those out of a few sets of
 * the nearest cache. */
static const double worth_packing = 60e6, worth_turning = 24e6;

/* Few rows or columns would not make good for packing. */
static inline int packs_a(size_t m, size_t n, size_t k, int turned) {
  const double least = turned ? worth_turning : worth_packing;
  return m >= 32 && n >= 128 && (double)m * (double)n * (double)k >= least;
}

#if NNRT_VECTORS
#define MULTIPLY_LARGE(real, set, of, block) multiply_large_##real##_##set(of, (real *)block)
#else
#define MULTIPLY_LARGE(real, set, of, block) multiply_##real##_##set(of)
#endif

/* Each as a function of its own. With A turned its rows lie side by side, and the kernel that knows
 * it addresses them as such. */
#define TARGET_plain
#define TARGET_avx2 __attribute__((target(AVX2)))
#define TARGET_avx512 __attribute__((target(AVX512)))
#define OWN_LOOPS(real, set)                                                                      \
  TARGET_##set void nnrt_loops_##real##_##set(const nnrt_operands_##real *of, void *block) {      \
    nnrt_operands_##real turned = *of;                                                            \
    const int packs = packs_a(of->m, of->n, of->k, of->a_row == 1);                               \
    (void)block;                                                                                  \
    if (of->places) {                                                                             \
      multiply_by_places_##real##_##set(of, packs ? (real *)block : NULL);                        \
      return;                                                                                     \
    }                                                                                             \
    if (of->b_column == 0)                                                                        \
      use_packed_##real##_##set(&turned);                                                         \
    if (packs) {                                                                                  \
      MULTIPLY_LARGE(real, set, &turned, block);                                                  \
      return;                                                                                     \
    }                                                                                             \
    turned.a_row = 1;                                                                             \
    if (of->a_row == 1) {                                                                         \
      multiply_##real##_##set(&turned);                                                           \
    } else {                                                                                      \
      turned.a_row = of->a_row;                                                                   \
      multiply_##real##_##set(&turned);                                                           \
    }                                                                                             \
  }                                                                                               \
  TARGET_##set void nnrt_packs_##real##_##set(const nnrt_operands_##real *of, real *to) {        \
    pack_whole_##real##_##set(of, to);                                                            \
  }

#if NNRT_ALONE_BYTES != 8 && NNRT_LEAST_SET == 0 && WANTED(4, 0)
#define NNRT_REAL_BYTES 4
#define NNRT_NAME(name) name##_float_plain
#define NNRT_VECTOR_BYTES 16
#include "nnrt_kernel.h"
OWN_LOOPS(float, plain)
#endif
#if NNRT_ALONE_BYTES != 8 && NNRT_X86 && NNRT_LEAST_SET < 2 && WANTED(4, 1)
#define NNRT_REAL_BYTES 4
#define NNRT_NAME(name) name##_float_avx2
#define NNRT_VECTOR_BYTES 32
#define NNRT_TARGET __attribute__((target(AVX2)))
#include "nnrt_kernel.h"
OWN_LOOPS(float, avx2)
#endif
#if NNRT_ALONE_BYTES != 8 && NNRT_X86 && WANTED(4, 2)
#define NNRT_REAL_BYTES 4
#define NNRT_NAME(name) name##_float_avx512
#define NNRT_VECTOR_BYTES 64
#define NNRT_TARGET __attribute__((target(AVX512)))
#include "nnrt_kernel.h"
OWN_LOOPS(float, avx512)
#endif
#if NNRT_ALONE_BYTES != 4 && NNRT_LEAST_SET == 0 && WANTED(8, 0)
#define NNRT_REAL_BYTES 8
#define NNRT_NAME(name) name##_double_plain
#define NNRT_VECTOR_BYTES 16
#include "nnrt_kernel.h"
OWN_LOOPS(double, plain)
#endif
#if NNRT_ALONE_BYTES != 4 && NNRT_X86 && NNRT_LEAST_SET < 2 && WANTED(8, 1)
#define NNRT_REAL_BYTES 8
#define NNRT_NAME(name) name##_double_avx2
#define NNRT_VECTOR_BYTES 32
#define NNRT_TARGET __attribute__((target(AVX2)))
#include "nnrt_kernel.h"
OWN_LOOPS(double, avx2)
#endif
#if NNRT_ALONE_BYTES != 4 && NNRT_X86 && WANTED(8, 2)
#define NNRT_REAL_BYTES 8
#define NNRT_NAME(name) name##_double_avx512
#define NNRT_VECTOR_BYTES 64
#define NNRT_TARGET __attribute__((target(AVX512)))
#include "nnrt_kernel.h"
OWN_LOOPS(double, avx512)
#endif
