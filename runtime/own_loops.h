/* own_loops: nnrt_kernel.h compiled for each type and instruction set, of which product.c takes one. */
#ifndef NNRT_OWN_LOOPS_H
#define NNRT_OWN_LOOPS_H

#include "nnrt_kernel.h" /* the operands */

#if (defined(__x86_64__) || defined(__i386__)) && defined(__GNUC__)
#define NNRT_X86 1
#else
#define NNRT_X86 0
#endif

/* The instruction sets that need no copy, as the file itself is compiled for a larger one
 * (-march=native), and the types that need none: a program that stands alone has one. */
#if NNRT_X86 && defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512BW__) &&         \
  defined(__AVX512VL__) && defined(__FMA__)
#define NNRT_LEAST_SET 2
#elif NNRT_X86 && defined(__AVX2__) && defined(__FMA__)
#define NNRT_LEAST_SET 1
#else
#define NNRT_LEAST_SET 0
#endif
#ifndef NNRT_ALONE_BYTES
#define NNRT_ALONE_BYTES 0 /* both */
#endif

/* `with` for each instruction set that there is, from NNRT_LEAST_SET on. */
#if NNRT_LEAST_SET == 2
#define NNRT_SETS(real, with) with(real, avx512)
#elif NNRT_LEAST_SET == 1
#define NNRT_SETS(real, with) with(real, avx2) with(real, avx512)
#elif NNRT_X86
#define NNRT_SETS(real, with) with(real, plain) with(real, avx2) with(real, avx512)
#else
#define NNRT_SETS(real, with) with(real, plain)
#endif

/* loops: the product. block: room for a packed block of A, NNRT_BLOCK reals. packs: B, for
 * nnrt_pack_*(). */
#define NNRT_DECLARE_LOOPS(real, set)                                                             \
  void nnrt_loops_##real##_##set(const nnrt_operands_##real *of, void *block);                    \
  void nnrt_packs_##real##_##set(const nnrt_operands_##real *of, real *to);
NNRT_SETS(float, NNRT_DECLARE_LOOPS)
NNRT_SETS(double, NNRT_DECLARE_LOOPS)
#undef NNRT_DECLARE_LOOPS

#endif
