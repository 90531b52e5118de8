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
  const nnrt_moment at = {epoch, step, steps, {3, 1, 0, 0}};
  nnrt_product_of_forms schedule;
  cr_assert(nnrt_forms_parse(&schedule_forms, text, &schedule, &failure), "%s", failure.line);
  return nnrt_schedule_factor(&schedule, &at);
}

Test(schedule, each_follows_its_formula) {
  cr_assert_float_eq(factor(NULL, 9, 99, 100), 1, 0);
  cr_assert_float_eq(factor("constant", 9, 99, 100), 1, 0);
  cr_assert_float_eq(factor("step(10, 0.5)", 9, 0, 100), 1, 0);
  cr_assert_float_eq(factor("step(10, 0.5)", 10, 0, 100), 0.5, 0);
  cr_assert_float_eq(factor("step(factor = 0.5, epochs = 10)", 25, 0, 100), 0.25, 0);
  cr_assert_float_eq(factor("exponential(0.9)", 2, 0, 100), 0.81, 1e-12);
  cr_assert_float_eq(factor("cosine", 0, 0, 100), 1, 0);
  cr_assert_float_eq(factor("cosine", 0, 50, 100), 0.5, 1e-12);
  cr_assert_float_eq(factor("cosine", 0, 100, 100), 0, 0);
  cr_assert_float_eq(factor("cosine(0.2)", 0, 50, 100), 0.6, 1e-12);
  cr_assert_float_eq(factor("linear", 0, 25, 100), 0.75, 1e-12);
  cr_assert_float_eq(factor("linear(0.5)", 0, 50, 100), 0.75, 1e-12);
  cr_assert_float_eq(factor("warmup(4)", 0, 0, 100), 0.25, 0);
  cr_assert_float_eq(factor("warmup(4)", 0, 3, 100), 1, 0);
  cr_assert_float_eq(factor("warmup(4)", 0, 50, 100), 1, 0);
  cr_assert_float_eq(factor("onecycle", 0, 0, 100), 0.04, 1e-12);
  cr_assert_float_eq(factor("onecycle", 0, 29, 100), 1, 1e-12);
  cr_assert_float_eq(factor("onecycle", 0, 99, 100), 4e-6, 1e-12);
  cr_assert_float_eq(factor("plateau(5, 0.5)", 0, 0, 100), 0.125, 1e-12);
}

Test(schedule, factors_multiply) {
  cr_assert_float_eq(factor("cosine * warmup(100)", 0, 50, 100), 0.5 * 0.51, 1e-12);
  cr_assert_float_eq(factor(" linear*plateau(2) * constant ", 0, 50, 100), 0.05, 1e-12);
}

/* text, and what the line must hold */
static const char *const wrong_schedule[][2] = {
  {"lineal", "choose of constant, step(epochs, factor)"},
  {"step(10)", "write step(epochs, factor)"},
  {"step(0, 0.5)", "epochs of step is a whole number from 1 on, not 0"},
  {"step(2.5, 0.5)", "epochs of step is a whole number from 1 on, not 2.5"},
  {"exponential(-1)", "factor of exponential is more than 0, not -1"},
  {"cosine(3)", "end of cosine is from 0 to 1, not 3"},
  {"cosine(speed = 1)", "write cosine(end = 0)"},
  {"cosine(0, end = 0)", "write cosine(end = 0)"},
  {"warmup", "write warmup(steps)"},
  {"warmup(0.5)", "whole number"},
  {"plateau(3, 1)", "factor of plateau is more than 0 and less than 1, not 1"},
  {"onecycle(1)", "share of onecycle is more than 0 and less than 1"},
  {"cosine * ", "not understood"},
  {"cosine cosine", "too much from 'cosine' on"},
  {"linear * linear * linear * linear * linear", "too much from '* linear' on"},
};

Test(schedule, wrong_text_is_named) {
  nnrt_product_of_forms schedule;
  for (size_t i = 0; i < sizeof wrong_schedule / sizeof wrong_schedule[0]; i++) {
    const char *text = wrong_schedule[i][0];
    cr_assert_not(nnrt_forms_parse(&schedule_forms, text, &schedule, &failure), "%s", text);
    cr_assert_not_null(strstr(failure.line, "--schedule"));
    cr_assert_not_null(strstr(failure.line, wrong_schedule[i][1]), "%s", failure.line);
  }
}

/* The mock's tensors: x, y, W1, b1, W2, b2. */
Test(decay, goes_by_axes_and_by_name) {
  static const struct {
    const char *text;
    double amount[4];
  } cases[] = {
    {NULL, {0, 0, 0, 0}},
    {"0.01", {0.01, 0, 0.01, 0}},
    {"W1=0.5", {0.5, 0, 0, 0}},
    {"0.01, b*=0.2 , W2 = 0", {0.01, 0.2, 0, 0.2}},
    {"*=1,0.25", {0.25, 1, 0.25, 1}},
    {"[Wb]1=3", {3, 3, 0, 0}},
  };
  double amount[32];
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    cr_assert(nnrt_decay_parse(&mock_float_model, cases[i].text, amount, &failure));
    for (size_t k = 0; k < 4; k++)
      cr_assert_float_eq(amount[2 + k], cases[i].amount[k], 0, "%s", cases[i].text);
  }
}

static const char *const wrong_decay[][2] = {
  {"", "not understood"},          {"a lot", "not understood"},   {"-1", "'-1' is not a number >= 0"},
  {"inf", "not a number >= 0"},    {"=1", "not understood"},      {"W1=", "not understood"},
  {"V*=0.1", "no parameter's name matches 'V*'"},                 {"0.1,", "not understood"},
  {"0.1,,0.2", "not understood"},  {"x=0.1", "no parameter's name matches 'x'"},
};

Test(decay, wrong_text_is_named) {
  for (size_t i = 0; i < sizeof wrong_decay / sizeof wrong_decay[0]; i++) {
    const char *text = wrong_decay[i][0];
    cr_assert_not(nnrt_decay_parse(&mock_float_model, text, NULL, &failure), "%s", text);
    cr_assert_not_null(strstr(failure.line, "--decay"));
    cr_assert_not_null(strstr(failure.line, wrong_decay[i][1]), "%s", failure.line);
  }
}
