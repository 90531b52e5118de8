/* What functions.c and measure.c share. */
#ifndef FUNCTIONS_H
#define FUNCTIONS_H

#include <stddef.h>

#define FUNCTIONS(DO) DO(exp) DO(expm1) DO(sigmoid) DO(tanh) DO(log) DO(log1p) DO(erf) DO(sin) DO(cos)

/* Ways to compile functions.c, each a copy of its own names; whether only finite values count. */
#define VARIANTS(DO) DO(plain, 0) DO(vectors, 0) DO(any_order, 0) DO(fast_math, 1)

typedef void apply(const float *restrict a, float *restrict y, size_t n);

/* The functions of a variant, in the order above. */
#define DECLARE(variant, finite) extern apply *const variant##_functions[];
VARIANTS(DECLARE)
#undef DECLARE

#endif
