/* nnrt_math: elementary functions of floats, and random numbers, that compilers turn into vector code:
 * polynomials and rational functions without a branch, a table or a call. Emitted models include this file; there
 * is nothing to link.
 *
 * Largest errors in units in the last place, over all floats (tests/runtime/test_math.c measures
 * them):
 *
 *   nnrt_expf   2    nnrt_sigmoidf 4    nnrt_logf   2    nnrt_erff 7    nnrt_sinf 2
 *   nnrt_expm1f 3    nnrt_tanhf    7    nnrt_log1pf 2                   nnrt_cosf 2
 *
 * Infinite arguments give the limits, NaN gives NaN. Under -ffast-math the same errors hold for
 * finite arguments with finite, normal results: where the order of operations matters, a step
 * through the bits of a number keeps compilers from changing it.
 *
 * Polynomials are least maximum errors on the intervals named, found by weighted least squares in
 * 40 digits (Lawson's algorithm); the reductions are Cody and Waite's. Valid C99 and C++.
 */
#ifndef NNRT_MATH_H
#define NNRT_MATH_H

/* What compilers may do to all that follows, this header and the file that includes it first: a
 * comparison or a square root need not leave a trace in flags or errno (else there are no vectors),
 * and, if NNRT_REORDER is defined, sums of floats may be added in any order. */
#if defined(__clang__)
#if defined(NNRT_REORDER)
#pragma clang fp reassociate(on)
#endif
#elif defined(__GNUC__) && !defined(__cplusplus)
#if defined(NNRT_REORDER)
#pragma GCC optimize("no-math-errno", "no-trapping-math", "no-signed-zeros", "associative-math")
#else
#pragma GCC optimize("no-math-errno", "no-trapping-math")
#endif
#endif

/* Before a loop whose turns touch no memory of each other's; SHORT: which is to be vector code
 * although it could be written out, turn by turn. */
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wpass-failed" /* a short loop may stay as it is */
#define NNRT_APART _Pragma("clang loop vectorize(assume_safety)")
#define NNRT_SHORT NNRT_APART
#elif defined(__GNUC__)
#define NNRT_APART _Pragma("GCC ivdep")
#define NNRT_SHORT _Pragma("GCC ivdep") _Pragma("GCC unroll 1")
#else
#define NNRT_APART
#define NNRT_SHORT
#endif

/* What a pointer points to is unknown from here on. */
#if defined(__GNUC__)
#define NNRT_UNSEEN(pointer) __asm__("" : "+r"(pointer))
#else
#define NNRT_UNSEEN(pointer) (void)(pointer)
#endif

#if defined(__GNUC__)
#define NNRT_FUNCTION static inline __attribute__((unused))
#else
#define NNRT_FUNCTION static inline
#endif

#include <math.h>
#include <stdint.h>
#include <string.h>

/* gcc decides before any pragma that a root may write to errno. */
#if defined(__GNUC__) && !defined(__clang__) && !defined(__cplusplus)
double sqrt(double) __attribute__((const));
float sqrtf(float) __attribute__((const));
#endif

NNRT_FUNCTION uint32_t nnrt_bits(float a) {
  uint32_t bits;
  memcpy(&bits, &a, sizeof bits);
  return bits;
}

NNRT_FUNCTION float nnrt_float(uint32_t bits) {
  float a;
  memcpy(&a, &bits, sizeof a);
  return a;
}

/* a, its last bit cleared: what no compiler looks through. */
NNRT_FUNCTION float nnrt_opaque(float a) { return nnrt_float(nnrt_bits(a) & 0xfffffffeu); }

NNRT_FUNCTION double nnrt_opaque_double(double a) {
  uint64_t bits;
  memcpy(&bits, &a, sizeof bits);
  bits &= ~UINT64_C(1);
  memcpy(&a, &bits, sizeof a);
  return a;
}

/* 2^n for -126 <= n <= 127 */
NNRT_FUNCTION float nnrt_power_of_two(int32_t n) {
  return nnrt_float((uint32_t)(n + 127) << 23);
}

/* a between low and high; NaN where a is. */
NNRT_FUNCTION float nnrt_clamp(float a, float low, float high) {
  const float above = a < low ? low : a;
  return above > high ? high : above;
}

/* a = n log 2 + r, |r| <= log 2 / 2 and a bit, for -110 < a < 100: n; r in *rest. NaN: n = 0. */
NNRT_FUNCTION int32_t nnrt_reduce(float a, float *rest) {
  const float finite = a > -110.0f ? a : 0.0f; /* NaN has no whole number */
  const int32_t n = (int32_t)(finite * 1.44269504f + 160.5f) - 160;
  const float whole = (float)n;
  *rest = nnrt_opaque(a - whole * 0.693145752f) - whole * 1.42860677e-6f;
  return n;
}

/* e^r - 1 for |r| <= 0.35 */
NNRT_FUNCTION float nnrt_expm1_near_0(float r) {
  float p = 0.00138823911f;
  p = p * r + 0.00836717359f;
  p = p * r + 0.0416672211f;
  p = p * r + 0.166665387f;
  p = p * r + 0.49999998f;
  return r + nnrt_opaque(r * r) * p;
}

NNRT_FUNCTION float nnrt_expf(float a) {
  float r;
  const int32_t n = nnrt_reduce(nnrt_clamp(a, -104.0f, 89.0f), &r), half = n >> 1;
  const float p = 1.0f + nnrt_expm1_near_0(r);
  return nnrt_float(nnrt_bits(p) + ((uint32_t)half << 23)) * nnrt_power_of_two(n - half);
}

NNRT_FUNCTION float nnrt_expm1f(float a) {
  float r;
  const int32_t n = nnrt_reduce(nnrt_clamp(a, -20.0f, 89.0f), &r), half = n >> 1;
  const float low = nnrt_power_of_two(half), high = nnrt_power_of_two(n - half);
  const float q = nnrt_expm1_near_0(r);
  /* 2^n q + (2^n - 1), in two steps of scaling so that 2^128 does not arise */
  return (low * q + nnrt_opaque(low - nnrt_power_of_two(half - n))) * high;
}

NNRT_FUNCTION float nnrt_sigmoidf(float a) {
  const float e = nnrt_expf(a < 0.0f ? a : -a);
  return (a < 0.0f ? e : 1.0f) / (1.0f + e);
}

NNRT_FUNCTION float nnrt_tanhf(float a) {
  const float x = nnrt_clamp(a, -9.1f, 9.1f), s = x * x;
  float p = -1.20324840e-11f, q = 1.28065001e-6f;
  p = p * s + 3.03539786e-8f;
  p = p * s + 2.79113126e-5f;
  p = p * s + 3.86356210e-3f;
  p = p * s + 0.136761123f;
  p = p * s + 1.0f;
  q = q * s + 3.93022839e-4f;
  q = q * s + 2.72284026e-2f;
  q = q * s + 0.470094442f;
  q = q * s + 1.0f;
  return nnrt_clamp(x * p / q, -1.0f, 1.0f);
}

/* log(1 + f) for sqrt(1/2) <= 1 + f <= sqrt(2) */
NNRT_FUNCTION float nnrt_log1p_near_0(float f) {
  float p = -0.0763442984f;
  p = p * f + 0.127615503f;
  p = p * f - 0.131601951f;
  p = p * f + 0.142017625f;
  p = p * f - 0.166233565f;
  p = p * f + 0.200012267f;
  p = p * f - 0.250008211f;
  p = p * f + 0.333333317f;
  return f + f * f * (p * f - 0.5f);
}

/* a = 2^e m with sqrt(1/2) <= m < sqrt(2), for normal a > 0: e; the bits of m in *rest. */
NNRT_FUNCTION int32_t nnrt_split(uint32_t bits, uint32_t *rest) {
  const uint32_t moved = bits - 0x3f3504f3u; /* sqrt(1/2) */
  *rest = (moved & 0x007fffffu) + 0x3f3504f3u;
  return (int32_t)moved >> 23;
}

NNRT_FUNCTION float nnrt_logf(float a) {
  uint32_t rest;
  const int tiny = a < 1.17549435e-38f;
  const int32_t e = nnrt_split(nnrt_bits(tiny ? a * 16777216.0f : a), &rest);
  const float whole = (float)(tiny ? e - 24 : e);
  const float log = nnrt_log1p_near_0(nnrt_float(rest) - 1.0f) + whole * 0.693147181f;
  const float finite = a < INFINITY ? log : a; /* infinite, or NaN */
  return a > 0.0f ? finite : a < 0.0f ? NAN : a != a ? a : -INFINITY;
}

NNRT_FUNCTION float nnrt_log1pf(float a) {
  uint32_t rest;
  const float u = 1.0f + a;
  const int32_t e = nnrt_split(nnrt_bits(u), &rest);
  const int near = e >= -1 && e < 24;
  const float scale = nnrt_power_of_two(near ? -e : 0);
  /* (1 + a) 2^-e - 1 without rounding 1 + a; below that is exact, above it does not matter */
  const float f = near ? a * scale + nnrt_opaque(scale - 1.0f) : nnrt_float(rest) - 1.0f;
  const float log = nnrt_log1p_near_0(f) + (float)e * 0.693147181f;
  const float finite = a < INFINITY ? log : a;
  return a > -1.0f ? finite : a < -1.0f ? NAN : a != a ? a : -INFINITY;
}

NNRT_FUNCTION float nnrt_erff(float a) {
  const float x = nnrt_clamp(a, -4.0f, 4.0f), s = x * x;
  float p = -1.32020208e-8f, q = 6.31101644e-5f;
  p = p * s + 4.68473311e-6f;
  p = p * s + 3.79607538e-4f;
  p = p * s + 3.84962068e-3f;
  p = p * s + 0.0543169201f;
  p = p * s + 0.185203552f;
  p = p * s + 1.12837917f;
  q = q * s + 1.30756998e-3f;
  q = q * s + 0.0154621033f;
  q = q * s + 0.113958522f;
  q = q * s + 0.497465788f;
  q = q * s + 1.0f;
  return nnrt_clamp(x * p / q, -1.0f, 1.0f);
}

/* a = n pi / 2 + *rest, |*rest| <= pi / 4 and a bit: n, of which the last two bits are right. Infinite, NaN: n = 0.
 *
 * After Payne and Hanek: a is y 2^k, y a whole number where k > 0, so that what 2 / pi 2^k has beyond a multiple of 4
 * does not count. 28 bits of it, 29 and 53 take part, and 24-bit y, so that the products of the first two are exact. */
NNRT_FUNCTION int32_t nnrt_quarter_turns(float a, float *rest) {
  const float size = fabsf(a);
  float scale = 1.0f;
  double high = 0.6366197727620602, middle = -3.9447882460574846e-10, low = 2.276010073078396e-18;
  if (size >= 2.2517998e15f) { /* 2^51 */
    scale = 3.7252903e-09f;    /* 2^-28 */
    high = -1.1058920994400978, middle = -3.1143285034174184e-09, low = 6.782896990944351e-18;
  }
  if (size >= 6.0446291e23f) { /* 2^79 */
    scale = 1.3877788e-17f;    /* 2^-56 */
    high = 1.164003811776638, middle = -1.9045202498402247e-09, low = -1.8565147492839996e-18;
  }
  if (size >= 1.6225928e32f) { /* 2^107 */
    scale = 5.1698788e-26f;    /* 2^-84 */
    high = 1.488759234547615, middle = 3.226935912925555e-09, low = 2.2415831662515386e-18;
  }
  const double y = (double)((size < INFINITY ? a : 0.0f) * scale);
  const double most = y * high, some = y * middle;
  /* to multiples of 4, the last place of 2^54 */
  const double turns = nnrt_opaque_double(nnrt_opaque_double(most + 27021597764222976.0) - 27021597764222976.0);
  const double left = most - turns;
  const int32_t n = (int32_t)(left + some + 16777216.5) - 16777216;
  const double near = nnrt_opaque_double(nnrt_opaque_double(left - (double)n) + some);
  *rest = (float)((near + y * low) * 1.5707963267948966);
  return n;
}

/* sin(n pi / 2 + r), |r| <= pi / 4 and a bit */
NNRT_FUNCTION float nnrt_sin_near(int32_t n, float r) {
  const float s = r * r;
  float p = -1.95152170e-4f, q = 2.44330808e-5f;
  p = p * s + 8.33216028e-3f;
  p = p * s - 0.166666546f;
  q = q * s - 1.38873156e-3f;
  q = q * s + 0.0416666457f;
  const float sine = r + r * s * p, cosine = 1.0f + s * (q * s - 0.5f);
  const float either = n & 1 ? cosine : sine;
  return nnrt_float(nnrt_bits(either) ^ ((uint32_t)n & 2u) << 30);
}

/* Half of this is in double: without vectors of four doubles, libm's are as fast. */
NNRT_FUNCTION float nnrt_sinf(float a) {
#ifdef __AVX2__
  float r;
  const int32_t n = nnrt_quarter_turns(a, &r);
  const float sine = nnrt_sin_near(n, r);
  return fabsf(a) < INFINITY ? sine : NAN;
#else
  return sinf(a);
#endif
}

NNRT_FUNCTION float nnrt_cosf(float a) {
#ifdef __AVX2__
  float r;
  const int32_t n = nnrt_quarter_turns(a, &r);
  const float cosine = nnrt_sin_near(n + 1, r);
  return fabsf(a) < INFINITY ? cosine : NAN;
#else
  return cosf(a);
#endif
}

/* ---- double: libm's ------------------------------------------------------------------------ */

NNRT_FUNCTION double nnrt_exp(double a) { return exp(a); }
NNRT_FUNCTION double nnrt_expm1(double a) { return expm1(a); }
NNRT_FUNCTION double nnrt_tanh(double a) { return tanh(a); }
NNRT_FUNCTION double nnrt_log(double a) { return log(a); }
NNRT_FUNCTION double nnrt_log1p(double a) { return log1p(a); }
NNRT_FUNCTION double nnrt_erf(double a) { return erf(a); }
NNRT_FUNCTION double nnrt_sin(double a) { return sin(a); }
NNRT_FUNCTION double nnrt_cos(double a) { return cos(a); }

NNRT_FUNCTION double nnrt_sigmoid(double a) {
  const double e = exp(-fabs(a));
  return (a < 0.0 ? e : 1.0) / (1.0 + e);
}

/* ---- random numbers ------------------------------------------------------------------------- */

/* SplitMix64's output function (Steele, Lea & Flood 2014). */
NNRT_FUNCTION uint64_t nnrt_mixed(uint64_t z) {
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

/* A key and a number as one key; the factor is 2^64 / golden ratio, odd. */
NNRT_FUNCTION uint64_t nnrt_joined(uint64_t key, uint64_t number) {
  return nnrt_mixed(key + UINT64_C(0x9e3779b97f4a7c15) * (number + 1));
}

/* Counter-based: the same four numbers give the same value on every machine. Uniform in [0, 1),
 * 24 random bits. For dropout: site tells the places apart. */
NNRT_FUNCTION float nnrt_uniform(uint64_t seed, uint64_t draw, uint64_t site, uint64_t element) {
  const uint64_t key = nnrt_joined(nnrt_joined(nnrt_joined(seed, 0), draw), site);
  return (float)(int32_t)(nnrt_joined(key, element) >> 40) * (1.0f / 16777216.0f);
}

#endif
