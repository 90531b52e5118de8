/* Expressions: brackets only where C asks for them, numbers of the type, whole numbers compared as
 * such, a label for a loop, sums whose bounded terms outlive cancellation. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "helper_emit.h"
#include "writer.h"

/* A model's right side, and what the loop of its prediction must contain. */
typedef struct expectation {
  const char *side, *wanted;
} expectation;

static const expectation rows[] = {
    {"x - v", "= x[i] - v[i];"},
    {"v * (x + 1)", "= (x[i] + 1.0f) * v[i];"},
    {"x / (v * w)", "= x[s * X + i] / (v[s * X + i] * w[i]);"},
    {"1 - x", "= 1.0f - x[i];"},
    {"-x", "= -x[i];"},
    {"x^2", "= x[i] * x[i];"},
    {"sqrt(x)", "= sqrtf(x[i]);"},
    {"x / sqrt(v)", "= x[i] / sqrtf(v[i]);"},
    {"0.25 * x", "= x[i] / 4.0f;"},
    {"x / 3", "= 0.3333333333333333f * x[i];"},
    {"relu(x)", "= relu(x[i]);"},
    {"where(x > 0, v, w)", "> 0.0f ? "},
    {"tanh(x) + exp(v)", "tanhf(x[i])"},
};
enum { ROWS = (int)(sizeof rows / sizeof *rows) };

ParameterizedTestParameters(expression, in_c) {
  static int numbers[ROWS];
  for (int k = 0; k < ROWS; k++) numbers[k] = k;
  return cr_make_param_array(int, numbers, ROWS);
}

ParameterizedTest(int *row, expression, in_c) {
  char model[400];
  snprintf(model, sizeof model,
           "model m\ninput x[5], v[5]\ntarget y[5]\nparam w[5]\nu = %s\noutput u\n"
           "loss mse(u * w, y)\n", rows[*row].side);
  emitted one = emit_text(model, 4, true);
  const char *predict = function_text(&one, "compute_predict");
  if (strcmp(rows[*row].wanted, "> 0.0f ? ") == 0) {
    cr_expect_not_null(strstr(predict, "0.0f < x[s * X + i]"), "%s", predict);
  } else {
    cr_expect_not_null(strstr(predict, rows[*row].wanted), "%s:\n%s", rows[*row].side, predict);
  }
  forget_emitted(&one);
}

/* Where all lies as if one index ran through it, one does. */
static const struct counted {
  const char *side, *wanted;
  int loops;
} counted[] = {
    {"u = tanh(x)", "u[j] = nnrt_tanhf(x[j]);", 1},
    {"u = tanh(x * w)", "u[s * 4 * U + j] = nnrt_tanhf(x[s * 4 * U + j] * w[j]);", 2},
    {"u = abs(x + b)", "+ b[j]", 3},
    {"u[i, k] = abs(x[i, k] + c[i])", "+ c[i]", 3},
    {"u[i, k] = where(k < 3, x[i, k], 0)", "k < 3 ?", 3},
    {"u[i, k] = k * x[i, k]", "(float)k", 3},
    {"u[i, k: 6] = abs(v[i, k + 1])", "k + 1]", 3},
    {"u[i, k: 6] = abs(x[i, 5 - k])", "5 - k]", 3},
    {"u[i, k] = where(k > 0, abs(x[i, k]), x[i, 0])", "fabsf(", 3},
    /* calls in loops of 6: what they are of is stored for them, and what comes of them where need be */
    {"u = tanh(x + b)", "u[j] = nnrt_tanhf(x_sum[j]);", 4},
    {"u = x * tanh(x + b)", "u[j] = x[j] * x_tanh;", 4},
    {"u = b * tanh(x + b)", "x_tanh[j] = nnrt_tanhf(x_sum[j]);", 7},
    {"u[i, k: 6] = tanh(v[i, k + 1])", "u[k] = nnrt_tanhf(v_view[k]);", 4},
};
enum { COUNTED = (int)(sizeof counted / sizeof *counted) };

ParameterizedTestParameters(expression, one_loop_counts_on) {
  static int numbers[COUNTED];
  for (int k = 0; k < COUNTED; k++) numbers[k] = k;
  return cr_make_param_array(int, numbers, COUNTED);
}

ParameterizedTest(int *row, expression, one_loop_counts_on) {
  char model[400];
  snprintf(model, sizeof model,
           "model m\ninput x[4, 6], v[4, 8]\ntarget y\nparam w[4, 6], b[6], c[4]\n%s\noutput u\n"
           "loss (sum(u) + sum(w) + sum(b) + sum(c) - y)^2\n", counted[*row].side);
  emitted one = emit_text(model, 4, true);
  const char *predict = function_text(&one, "compute_predict");
  cr_expect_not_null(strstr(predict, counted[*row].wanted), "%s", predict);
  cr_expect_eq(count_of(predict, "for ("), counted[*row].loops, "%s", predict);
  forget_emitted(&one);
}

Test(expression, a_label_is_read_not_looped_over) {
  emitted one = emit_text("model m\ninput c : class(9)\ntarget y[4]\nparam E[9, 4]\n"
                          "e = E[c]\noutput e\nloss mse(e, y)\n", 4, true);
  cr_expect_not_null(strstr(function_text(&one, "compute_predict"), "(size_t)c[s] * "));
  const char *gradient = function_text(&one, "compute_gradient");
  cr_expect_not_null(strstr(gradient, "d_E[(size_t)c[s] * "), "%s", gradient);
  cr_expect_null(strstr(gradient, "< 9"), "no loop over the classes");
  forget_emitted(&one);
}

Test(expression, lengths_are_compared_as_whole_numbers) {
  emitted one = emit_text("model m\ninput x[6], len : count(6)\ntarget y\n"
                          "u = sum[t | t < len](x[t])\noutput u\nloss (u - y)^2\n", 4, true);
  const char *predict = function_text(&one, "compute_predict");
  cr_expect_not_null(strstr(predict, "if ((int32_t)t < len[s])"), "%s", predict);
  forget_emitted(&one);
}

Test(expression, bounded_terms_are_added_in_double) {
  emitted one = emit_text("model m\ninput x\ntarget y\nparam w\nz = w * x\n"
                          "loss sigmoid_cross_entropy(z, y)\n", 4, true);
  const char *loss = function_text(&one, "compute_loss");
  cr_expect_not_null(strstr(loss, "(double)nnrt_log1pf(nnrt_expf(-fabsf("), "%s", loss);
  forget_emitted(&one);
}

static writer plain_writer(arena *memory, plan *p, int real_bytes) {
  p->real_bytes = real_bytes;
  return (writer){.p = p, .memory = memory, .type = NUMBER_REAL};
}

Test(expression, numbers_read_back_as_they_were) {
  static const double values[] = {0, 1, -2.5, 0.1, 1e-30, 123456789, 1.0 / 3, 6.02e23};
  arena *memory = arena_new();
  plan p = {.memory = memory};
  writer floats = plain_writer(memory, &p, 4);
  for (size_t k = 0; k < sizeof values / sizeof *values; k++) {
    p.real_bytes = 4;
    const char *single = number_piece(&floats, values[k]).chars;
    cr_expect_eq(single[strlen(single) - 1], 'f');
    cr_expect_not_null(strpbrk(single, ".e"), "%s is a whole number in C", single);
    p.real_bytes = 8;
    cr_expect_float_eq(strtod(number_piece(&floats, values[k]).chars, NULL), values[k], 0);
  }
  cr_expect_str_eq(number_piece(&floats, (double)INFINITY).chars, "INFINITY");
  cr_expect_eq(number_piece(&floats, -1).strength, BIND_UNARY);
  arena_free(memory);
}

Test(expression, only_wide_lines_are_broken) {
  arena *memory = arena_new();
  text out = text_new(memory);
  wrap_lines(&out, "  short line\n"
                   "  y = f(aaaaaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbbb) + "
                   "g(cccccccccccccccccccccccccc, dddddddddddddddd);\n", false);
  cr_expect_str_eq(out.chars, "  short line\n"
                              "  y = f(aaaaaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbbb)\n"
                              "      + g(cccccccccccccccccccccccccc, dddddddddddddddd);\n");
  arena_free(memory);
}

/* What stands still while a loop turns is computed before it; in double nothing is put another way. */
Test(expression, what_stands_still_is_computed_before_the_loop) {
  static const char model[] =
      "input x[3, 8, 8]\ntarget y[4, 8, 8]\nz = x |> conv2d(4, 3, padding = 1) |> batchnorm |> relu\n"
      "output z\nloss mse(z, y)\n";
  emitted single = emit_text(model, 4, false), precise = emit_text(model, 8, false);
  cr_expect_geq(count_of(single.code, "const float factor"), 2);
  cr_expect_geq(count_of(single.code, " / ((float)n * z_sum[o]);"), 1, "what is not in memory, beside it");
  cr_expect_eq(count_of(precise.code, "const double factor"), 0);
  forget_emitted(&single);
  forget_emitted(&precise);
  emitted scaled = emit_text("input x[3, 8, 8]\ntarget y[4, 8, 8]\nparam g[4]\n"
                             "u = x |> conv2d(4, 3, padding = 1)\nz[o, i, j] = relu(g[o] * u[o, i, j])\n"
                             "output z\nloss mse(z, y)\n", 4, false);
  cr_expect_geq(count_of(scaled.code, "g__here = g_[o];"), 1, "what is read under a condition");
  forget_emitted(&scaled);
}

/* It is computed before the loop of what it depends on, never further out: the root of each channel. */
Test(expression, what_stands_still_stays_within_the_loops_that_change_it) {
  emitted one = emit_text("input x[6, 16]\ntarget y[6, 16]\nparam v[6]\n"
                          "h[t, i] = tanh(x[t, i] / sqrt(v[t] + x[t, 0]^2))\noutput h\nloss mse(h, y)\n", 4, false);
  const char *found = strstr(one.code, "const float factor = 1.0f / sqrtf(");
  cr_assert_not_null(found);
  const char *before = found;
  while (before > one.code && strncmp(before, "for (size_t", 11) != 0) before--;
  cr_expect(strncmp(before, "for (size_t t = 0", 17) == 0, "%.40s", before);
  forget_emitted(&one);
}
