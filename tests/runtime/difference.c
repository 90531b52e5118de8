/* Central differences against derivatives known in closed form: they agree with the right ones, not
 * with wrong ones, tell a kink from either, and say where they cannot know. */
#include "difference.h"
#include "kink.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A model whose loss is a function of one number behind the head. */
typedef double function(double x);

typedef struct row {
  const char *name;
  function *f;
  double x, slope;
} row;

static double square(double x) { return x * x; }
static double waves(double x) { return 1 + sin(20 * x); }
static double steep(double x) { return tanh(50 * x) + 3; }
static double tiny_slope(double x) { return 2 + 1e-5 * sin(x); }
static double flat(double x) { (void)x; return 0.25; }
static double hinge(double x) { return x > 0 ? x : 0; }
static double bent(double x) { return exp(x) + 2 * fabs(x - 0.5); }
static double stairs(double x) { return floor(x) + 0.5 * x; }
static double bend_within(double x) { return 12 + x + 1.5 * fabs(x - 1e-4); }
static double hidden(double x) { return 1000 + 1e-4 * sin(3 * x); }

/* cos(20 x) * 20 at 0.3; 50 / cosh^2(0.5); 1e-5 cos(1) */
static const row smooth[] = {
  {"square", square, 1.5, 3.0},
  {"waves", waves, 0.3, 19.203405733007319},
  {"steep", steep, 0.01, 39.322386648296370},
  {"tiny slope", tiny_slope, 1, 5.4030230586813977e-6},
  {"flat", flat, 1, 0},
  {"far from the hinge", hinge, 0.5, 1},
  {"on the hinge's low side", hinge, -0.5, 0},
  {"near the hinge", hinge, 0.004, 1},
  {"near the bend", bent, 0.49, -0.36768378099690},
  {"between stairs", stairs, 0.3, 0.5},
};
enum { SMOOTH = sizeof smooth / sizeof smooth[0] };

static function *current;

static double loss_double(void *block, int n, const void *const *data) {
  (void)n;
  (void)data;
  return current(*(const double *)(const void *)((const char *)block + 256));
}

/* As a forward pass in float would have it: the value carries the rounding of several steps. */
static double loss_float(void *block, int n, const void *const *data) {
  (void)n;
  (void)data;
  const float x = *(const float *)(const void *)((const char *)block + 256);
  const float noisy = (float)current((double)x) * 1.2345f;
  return (double)(noisy / 1.2345f);
}

enum { AT = 256, BYTES = 512, GRADIENT = 16 /* numbers behind the parameter */ };

static nnrt_comparison compare(const row *of, int real_bytes, double gradient) {
  nnrt_model model;
  memset(&model, 0, sizeof model);
  model.real_bytes = real_bytes;
  model.loss = real_bytes == 4 ? loss_float : loss_double;
  model.parameter_offset = AT;
  model.parameter_bytes = (size_t)real_bytes;
  char *block = aligned_alloc(64, BYTES), kept[8];
  memset(block, 0, BYTES);
  current = of->f;
  if (real_bytes == 4)
    *(float *)(void *)(block + AT) = (float)of->x;
  else
    *(double *)(void *)(block + AT) = of->x;
  memcpy(kept, block + AT, sizeof kept);
  nnrt_probe probe = {&model, block, 1, NULL, kept, {1, 0}, 0.0};
  probe.noise = nnrt_probe_noise(&probe);
  const double floor = fmax(1e-3 * fabs(of->slope), 1e-6);
  const nnrt_comparison found =
    nnrt_compare(&probe, block + AT, gradient, floor, real_bytes == 4 ? 1e-2 : 1e-6);
  cr_assert_eq(memcmp(block + AT, kept, sizeof kept), 0, "left as it was");
  free(block);
  return found;
}

static struct criterion_test_params all_smooth(void) {
  static int numbers[SMOOTH];
  for (int i = 0; i < SMOOTH; i++)
    numbers[i] = i;
  return cr_make_param_array(int, numbers, SMOOTH);
}

ParameterizedTestParameters(difference, right_gradients_agree) {
  return all_smooth();
}

ParameterizedTest(int *number, difference, right_gradients_agree) {
  const row *of = &smooth[*number];
  cr_assert_eq(compare(of, 8, of->slope).verdict, NNRT_AGREES, "%s", of->name);
  if (of->f != tiny_slope) /* which is below what the float function can show */
    cr_assert_eq(compare(of, 4, of->slope).verdict, NNRT_AGREES, "%s in float", of->name);
}

ParameterizedTestParameters(difference, wrong_gradients_disagree) {
  return all_smooth();
}

ParameterizedTest(int *number, difference, wrong_gradients_disagree) {
  const row *of = &smooth[*number];
  const double unit = fmax(fabs(of->slope), 1e-3);
  static const double factors[] = {-1, 1.001, 0.999, 2, 0};
  for (size_t i = 0; i < sizeof factors / sizeof factors[0]; i++) {
    const double wrong = of->f == flat || of->slope == 0 ? factors[i] * unit + 1
                                                         : factors[i] * of->slope;
    cr_assert_eq(compare(of, 8, wrong).verdict, NNRT_DISAGREES, "%s times %g", of->name,
                 factors[i]);
    if (of->f != tiny_slope && fabs(factors[i] - 1) > 0.05)
      cr_assert_eq(compare(of, 4, wrong).verdict, NNRT_DISAGREES, "%s times %g in float",
                   of->name, factors[i]);
  }
}

/* Where gradients differ by side, one of them or what lies between is a kink's; others are wrong. */
Test(difference, kinks_are_told_from_wrong_gradients) {
  const row at_hinge = {"hinge", hinge, 0, 1}, at_bend = {"bend", bent, 0.5, 3};
  static const int sizes[] = {4, 8};
  for (int i = 0; i < 2; i++) {
    cr_assert_eq(compare(&at_hinge, sizes[i], 0).verdict, NNRT_KINK);
    cr_assert_eq(compare(&at_hinge, sizes[i], 1).verdict, NNRT_KINK);
    cr_assert_eq(compare(&at_hinge, sizes[i], 0.25).verdict, NNRT_KINK);
    cr_assert_eq(compare(&at_hinge, sizes[i], -1).verdict, NNRT_DISAGREES);
    cr_assert_eq(compare(&at_hinge, sizes[i], 1.5).verdict, NNRT_DISAGREES);
    cr_assert_eq(compare(&at_bend, sizes[i], exp(0.5) + 2).verdict, NNRT_KINK);
    cr_assert_eq(compare(&at_bend, sizes[i], exp(0.5) - 2).verdict, NNRT_KINK);
    cr_assert_eq(compare(&at_bend, sizes[i], -exp(0.5) - 2).verdict, NNRT_DISAGREES);
  }
}

/* A kink that is nearer than rounding lets see is one, though it is not at the point itself. */
Test(difference, kinks_that_rounding_hides) {
  const row near = {"bend within", bend_within, 0, -0.5};
  cr_assert_eq(compare(&near, 8, -0.5).verdict, NNRT_AGREES);
  cr_assert_eq(compare(&near, 8, 2.5).verdict, NNRT_DISAGREES);
  const nnrt_verdict found = compare(&near, 4, -0.5).verdict;
  cr_assert(found == NNRT_KINK || found == NNRT_AGREES);
  cr_assert_eq(compare(&near, 4, -1.5).verdict, NNRT_DISAGREES);
  cr_assert_eq(compare(&near, 4, 3.5).verdict, NNRT_DISAGREES);
}

/* Kinks all around, every 0.05: slopes of 1.3 and -0.7 in turn. */
static double teeth(double x) {
  const double part = x / 0.1 - floor(x / 0.1);
  return 3 + 0.3 * x + 0.1 * (part < 0.5 ? part : 1 - part);
}
static double slope_of_teeth(double x) {
  return 0.3 + (x / 0.1 - floor(x / 0.1) < 0.5 ? 1.0 : -1.0);
}

static double told; /* by how much the model's gradients are off */

static double gradient_of_teeth(void *block, int n, const void *const *data) {
  (void)n;
  (void)data;
  float *at = (float *)(void *)((char *)block + AT);
  at[GRADIENT] = (float)(told * slope_of_teeth((double)at[0]));
  return teeth((double)at[0]);
}

/* Where central differences meet kinks, the gradient's average along the way tells. */
Test(difference, kinks_along_the_way_are_told_from_wrong_gradients) {
  nnrt_model model;
  memset(&model, 0, sizeof model);
  model.real_bytes = sizeof(float);
  model.loss = loss_float;
  model.gradient = gradient_of_teeth;
  model.parameter_offset = AT;
  model.gradient_offset = AT + GRADIENT * sizeof(float);
  model.parameter_bytes = sizeof(float);
  char *block = aligned_alloc(64, BYTES);
  memset(block, 0, BYTES);
  float *x = (float *)(void *)(block + AT);
  *x = 0.11f;
  current = teeth;
  const nnrt_probe probe = {&model, block, 1, NULL, NULL, {1, 0}, 1e-7};
  static const double factors[] = {1.0, 1.3, -1.0, 0.0};
  for (int k = 0; k < 4; k++) {
    told = factors[k];
    const nnrt_verdict found = nnrt_along_the_way(&probe, x, told * 1.3, 0.013);
    cr_expect_eq(found, k == 0 ? NNRT_KINK : NNRT_DISAGREES, "%g times the gradient: %d", told, (int)found);
  }
  told = 1.0;
  cr_expect_eq(nnrt_along_the_way(&probe, x, 2.0, 0.013), NNRT_DISAGREES, "none of those on the way");
  cr_expect_eq(nnrt_along_the_way(&probe, x, 1.3, 1e-9), NNRT_UNSURE, "hidden by rounding");
  cr_expect_float_eq(*x, 0.11f, 0, "left as it was");
  free(block);
}

/* The loss in float moves by less than its rounding: nothing is said, neither for nor against. */
Test(difference, what_rounding_hides_is_left_open) {
  const row far = {"hidden", hidden, 1, 3e-4 * cos(3)};
  cr_assert_eq(compare(&far, 8, far.slope).verdict, NNRT_AGREES);
  cr_assert_eq(compare(&far, 8, -far.slope).verdict, NNRT_DISAGREES);
  const nnrt_verdict found = compare(&far, 4, far.slope).verdict;
  cr_assert(found == NNRT_UNSURE || found == NNRT_AGREES);
  cr_assert_eq(compare(&far, 4, 0.1).verdict, NNRT_DISAGREES);
}

Test(difference, what_is_not_finite_disagrees) {
  cr_assert_eq(compare(&smooth[0], 8, (double)NAN).verdict, NNRT_DISAGREES);
  cr_assert_eq(compare(&smooth[0], 8, HUGE_VAL).verdict, NNRT_DISAGREES);
}
