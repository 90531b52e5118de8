/* Turns every float, or every STRIDE-th, into the largest error of each function of nnrt_math.h
 * beside libm's in double: one line a function, "exp 0.93 at -0x1.8p+3", errors in units in the
 * last place. With FINITE only arguments whose results are finite and normal count, and the limits
 * are left out, as -ffast-math leaves them undefined.
 *
 *   measure STRIDE [FINITE] */
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "functions.h"

enum { BLOCK = 4096 };

static double sigmoid(double a) { return 1 / (1 + exp(-a)); }

typedef struct function {
  const char *name;
  void (*apply)(const float *restrict a, float *restrict y, size_t n);
  double (*truth)(double a);
} function;

#define ROW(name) {#name, apply_##name, name},
static const function functions[] = {FUNCTIONS(ROW)};
enum { COUNT = sizeof functions / sizeof functions[0] };

typedef struct worst {
  double error;
  float at;
} worst;

/* The distance from one float to the next where the truth lies. */
static double unit(double truth) {
  int exponent;
  frexp(truth, &exponent);
  return ldexp(1.0, exponent - 24 > -149 ? exponent - 24 : -149);
}

static double error_of(float found, double truth) {
  const float rounded = (float)truth;
  if (isnan(truth) || isnan(found))
    return isnan(truth) && isnan(found) ? 0.0 : INFINITY;
  if (isinf(rounded) || isinf(found)) /* one float beyond the largest is an error of one unit */
    return isinf(rounded) && isinf(found) && (found > 0) == (rounded > 0) ? 0.0
           : isinf(found) && fabs(truth) > 0.999999 * FLT_MAX || (isinf(rounded) && fabsf(found) >=
           0.999999f * FLT_MAX) ? 1.0 : INFINITY;
  return fabs((double)found - truth) / unit(truth);
}

/* NaN that no arithmetic makes; on its way in it may lose its only bit. */
static int is_signalling(float a) {
  uint32_t bits;
  memcpy(&bits, &a, sizeof bits);
  return isnan(a) && !(bits & 0x00400000u);
}

static int is_promised(float a, double truth, int finite) {
  if (!finite)
    return !is_signalling(a);
  return isfinite(a) && fabs(truth) < 0.9999 * FLT_MAX && fabsf(a) >= FLT_MIN &&
         fabs(truth) >= 2 * (double)FLT_MIN;
}

static void compare(const function *f, const float *a, size_t n, int finite, worst *found) {
  static float y[BLOCK];
  f->apply(a, y, n);
  for (size_t i = 0; i < n; i++) {
    const double truth = f->truth((double)a[i]);
    if (!is_promised(a[i], truth, finite))
      continue;
    const double error = error_of(y[i], truth);
    if (!(error <= found->error))
      *found = (worst){error, a[i]};
  }
}

/* What a stride may miss. */
static const float special[] = {
  0.0f, -0.0f, 1.0f, -1.0f, -0x1.fffffep-1f, -0.5f, -0.25f, 1000.0f, -1000.0f, 88.7228394f, 88.7228470f, -87.3365479f, -103.972f,
  -104.1f, FLT_MIN, -FLT_MIN, FLT_MAX, -FLT_MAX, FLT_EPSILON, 1e-45f, -1e-45f, INFINITY, -INFINITY,
  NAN
};

static void measure(const function *f, uint64_t stride, int finite, worst *found) {
  static float a[BLOCK];
  compare(f, special, sizeof special / sizeof special[0], finite, found);
  for (uint64_t bits = 0; bits < 1ull << 32;) {
    size_t n = 0;
    for (; n < BLOCK && bits < 1ull << 32; bits += stride) {
      const uint32_t word = (uint32_t)bits;
      memcpy(&a[n++], &word, sizeof word);
    }
    compare(f, a, n, finite, found);
  }
}

int main(int arguments, char **argument) {
  const uint64_t stride = arguments > 1 ? strtoull(argument[1], NULL, 10) : 1;
  for (int k = 0; k < COUNT && stride > 0; k++) {
    worst found = {0.0, 0.0f};
    measure(&functions[k], stride, arguments > 2, &found);
    printf("%s %.3f at %a\n", functions[k].name, found.error, (double)found.at);
  }
  return 0;
}
