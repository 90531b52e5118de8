/* Texts of optimizers and schedules, right and wrong. */
#include "call.h"
#include "mock_model.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <string.h>

static nnrt_settings settings;
static nnrt_failure failure;

Test(optimizer, by_name_place_and_default) {
  cr_assert(nnrt_optimizer_parse(&mock_float_model, "adam(0.25, eps = 1e-3)", &settings, &failure));
  cr_assert_eq(settings.optimizer, 1);
  cr_assert_float_eq(settings.hyperparameter[0], 0.25, 0);
  cr_assert_float_eq(settings.hyperparameter[1], 0.9, 0);
  cr_assert_float_eq(settings.hyperparameter[3], 1e-3, 0);
}

Test(optimizer, without_arguments_and_with_spaces) {
  cr_assert(nnrt_optimizer_parse(&mock_float_model, "  adam ", &settings, &failure));
  cr_assert_float_eq(settings.hyperparameter[0], 0.001, 0);
  cr_assert(nnrt_optimizer_parse(&mock_float_model, "sgd ( momentum=0.5,rate=2 )", &settings,
                                 &failure));
  cr_assert_float_eq(settings.hyperparameter[0], 2, 0);
  cr_assert_float_eq(settings.hyperparameter[1], 0.5, 0);
}

/* text, and what the failure's line must hold */
static const char *const wrong[][2] = {
  {"sgdd(rate = 1)", "choose of sgd, adam"},
  {"sgd", "needs its rate"},
  {"sgd(momentum = 1)", "needs its rate"},
  {"sgd(1, 2, 3)", "at most 2 numbers: rate, momentum"},
  {"sgd(rate = 1, rate = 2)", "given twice"},
  {"sgd(speed = 1)", "has no 'speed'"},
  {"sgd(rate = x)", "from 'x)' on"},
  {"sgd(rate = nan)", "not understood"},
  {"sgd(rate = inf)", "not understood"},
  {"sgd(rate = 1", "not understood"},
  {"sgd(rate = 1) x", "not understood"},
  {"sgd(1,)", "not understood"},
  {"sgd(,)", "not understood"},
  {"sgd(1 2)", "not understood"},
  {"", "not understood"},
  {"(1)", "not understood"},
  {"sgd(1,1,1,1,1,1,1,1,1,1,1,1)", "not understood"},
  {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "choose of"},
};

ParameterizedTestParameters(optimizer, wrong_text_is_named) {
  static int numbers[sizeof wrong / sizeof wrong[0]];
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
    numbers[i] = (int)i;
  return cr_make_param_array(int, numbers, sizeof numbers / sizeof numbers[0]);
}

ParameterizedTest(int *row, optimizer, wrong_text_is_named) {
  cr_assert_not(nnrt_optimizer_parse(&mock_float_model, wrong[*row][0], &settings, &failure));
  cr_assert_not_null(strstr(failure.line, "--optimizer"), "%s", failure.line);
  cr_assert_not_null(strstr(failure.line, wrong[*row][1]), "%s", failure.line);
}

static double factor(const char *text, uint64_t epoch, uint64_t step, uint64_t steps) {
  nnrt_schedule schedule;
  cr_assert(nnrt_schedule_parse(text, &schedule, &failure), "%s", failure.line);
  return nnrt_schedule_factor(&schedule, epoch, step, steps);
}

Test(schedule, each_follows_its_formula) {
  cr_assert_float_eq(factor(NULL, 9, 99, 100), 1, 0);
  cr_assert_float_eq(factor("constant", 9, 99, 100), 1, 0);
  cr_assert_float_eq(factor("step(10, 0.5)", 9, 0, 100), 1, 0);
  cr_assert_float_eq(factor("step(10, 0.5)", 10, 0, 100), 0.5, 0);
  cr_assert_float_eq(factor("step(10, 0.5)", 25, 0, 100), 0.25, 0);
  cr_assert_float_eq(factor("exponential(0.9)", 2, 0, 100), 0.81, 1e-12);
  cr_assert_float_eq(factor("cosine", 0, 0, 100), 1, 0);
  cr_assert_float_eq(factor("cosine", 0, 50, 100), 0.5, 1e-12);
  cr_assert_float_eq(factor("cosine", 0, 100, 100), 0, 0);
  cr_assert_float_eq(factor("warmup(4)", 0, 0, 100), 0.25, 0);
  cr_assert_float_eq(factor("warmup(4)", 0, 3, 100), 1, 0);
  cr_assert_float_eq(factor("warmup(4)", 0, 50, 100), 1, 0);
}

Test(schedule, others_are_named) {
  static const char *const texts[] = {"linear", "step(10)", "step(0, 0.5)", "step(2.5, 0.5)",
                                      "exponential(-1)", "cosine(3)", "warmup", "warmup(0.5)"};
  nnrt_schedule schedule;
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    cr_assert_not(nnrt_schedule_parse(texts[i], &schedule, &failure), "%s", texts[i]);
    cr_assert_not_null(strstr(failure.line, "--schedule"));
  }
}
