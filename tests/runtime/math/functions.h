/* What functions.c and measure.c share. */
#ifndef FUNCTIONS_H
#define FUNCTIONS_H

#include <stddef.h>

#define FUNCTIONS(DO) DO(exp) DO(expm1) DO(sigmoid) DO(tanh) DO(log) DO(log1p) DO(erf)

#define DECLARE(name) void apply_##name(const float *restrict a, float *restrict y, size_t n);
FUNCTIONS(DECLARE)
#undef DECLARE

#endif
