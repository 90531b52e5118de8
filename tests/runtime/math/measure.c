/* Turns every float, or every STRIDE-th, into the largest error of each function of nnrt_math.h
 * beside libm's in double, for each variant that is named: a line each, "vectors exp 0.93 at
 * -0x1.8p+3", errors in units in the last place. Of fast_math only arguments whose results are finite
 * and normal count, and the limits are left out, as -ffast-math leaves them undefined. Several
 * processes may share the floats: this one takes part PART of PARTS.
 *
 *   measure STRIDE PART PARTS VARIANT ... */
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
  double (*truth)(double a);
} function;

#define ROW(name) {#name, name},
static const function functions[] = {FUNCTIONS(ROW)};
enum { COUNT = sizeof functions / sizeof functions[0] };

typedef struct variant {
  const char *name;
  apply *const *functions;
  int finite, chosen;
} variant;

#define VARIANT(name, finite) {#name, name##_functions, finite, 0},
static variant variants[] = {VARIANTS(VARIANT)};
enum { VARIANT_COUNT = sizeof variants / sizeof variants[0] };

typedef struct worst {
  double error;
  float at;
} worst;

/* The distance from one float to the next where the truth, a finite number, lies: of a double's bits
 * only the exponent is left, 23 lower. */
static double unit(double truth) {
  uint64_t bits;
  memcpy(&bits, &truth, sizeof bits);
  const uint64_t exponent = bits >> 52 & 0x7ff, least = 1023 - 149;
  bits = (exponent > least + 23 ? exponent - 23 : least) << 52;
  memcpy(&truth, &bits, sizeof truth);
  return truth;
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

/* One function of all variants: the truth is what takes long. */
static void compare(int k, const float *a, size_t n, worst *found) {
  static float y[BLOCK];
  static double truth[BLOCK];
  for (size_t i = 0; i < n; i++)
    truth[i] = functions[k].truth((double)a[i]);
  for (int v = 0; v < VARIANT_COUNT; v++) {
    if (!variants[v].chosen)
      continue;
    variants[v].functions[k](a, y, n);
    for (size_t i = 0; i < n; i++) {
      if (!is_promised(a[i], truth[i], variants[v].finite))
        continue;
      const double error = error_of(y[i], truth[i]);
      if (!(error <= found[v].error))
        found[v] = (worst){error, a[i]};
    }
  }
}

/* What a stride may miss. */
static const float special[] = {
  0.0f, -0.0f, 1.0f, -1.0f, -0x1.fffffep-1f, -0.5f, -0.25f, 1000.0f, -1000.0f, 88.7228394f, 88.7228470f, -87.3365479f, -103.972f,
  -104.1f, FLT_MIN, -FLT_MIN, FLT_MAX, -FLT_MAX, FLT_EPSILON, 1e-45f, -1e-45f, INFINITY, -INFINITY,
  NAN, 7.729179e+28f /* 16367173 * 2^72, nearest to a multiple of pi / 2 */, 2.2517997e15f, 2.2517998e15f
};

/* Blocks in turn are parts' own. */
static void measure(int k, uint64_t stride, uint64_t part, uint64_t parts, worst *found) {
  static float a[BLOCK];
  uint64_t block = 0;
  compare(k, special, sizeof special / sizeof special[0], found);
  for (uint64_t bits = 0; bits < 1ull << 32; block++) {
    size_t n = 0;
    for (; n < BLOCK && bits < 1ull << 32; bits += stride) {
      const uint32_t word = (uint32_t)bits;
      memcpy(&a[n++], &word, sizeof word);
    }
    if (block % parts == part)
      compare(k, a, n, found);
  }
}

int main(int arguments, char **argument) {
  if (arguments < 5)
    return 2;
  const uint64_t stride = strtoull(argument[1], NULL, 10), part = strtoull(argument[2], NULL, 10);
  const uint64_t parts = strtoull(argument[3], NULL, 10);
  for (int v = 0; v < VARIANT_COUNT; v++)
    for (int k = 4; k < arguments; k++)
      variants[v].chosen = variants[v].chosen || strcmp(argument[k], variants[v].name) == 0;
  for (int k = 0; k < COUNT && stride > 0 && parts > 0; k++) {
    worst found[VARIANT_COUNT] = {{0.0, 0.0f}};
    measure(k, stride, part, parts, found);
    for (int v = 0; v < VARIANT_COUNT; v++)
      if (variants[v].chosen)
        printf("%s %s %.3f at %a\n", variants[v].name, functions[k].name, found[v].error,
               (double)found[v].at);
  }
  return 0;
}
