/* The emitted file: how long it is, what it holds and what it never holds. What it computes is
 * tested by tests/compare and tests/program, which compile and run it. */
#include <criterion/criterion.h>
#include <string.h>

#include "helper_emit.h"

static const char rnn[] =
    "let T = 8\n"
    "input c[T] : class(20)\ntarget n[T] : class(20)\n"
    "param U[48, 20], W[48, 48], b[48]\n"
    "h[-1] = 0\n"
    "h[t] = tanh(U @ c[t] + W @ h[t-1] + b)\n"
    "z[t] = dense(h[t], 20)\n"
    "output p[t] = softmax(z[t])\n"
    "loss mean[t](cross_entropy(p[t], n[t]))\n";

static const char net[] =
    "model net\ninput x[30]\ntarget y[1]\nparam W1[16, 30], b1[16], W2[1, 16], b2[1]\n"
    "h = tanh(W1 @ x + b1)\na = sigmoid(W2 @ h + b2)\noutput a\n"
    "loss -sum(y * log(a) + (1 - y) * log(1 - a))\n";

static size_t lines_for(const char *steps) {
  char chars[sizeof rnn + 8];
  snprintf(chars, sizeof chars, "let T = %s\n%s", steps, strchr(rnn, '\n') + 1);
  emitted one = emit_text(chars, 4, false);
  const size_t lines = (size_t)count_lines(one.code);
  forget_emitted(&one);
  return lines;
}

/* From 64 steps on this model's batches are cut into parts (schedule/part.c), which takes lines. */
Test(file, as_long_for_8192_steps_as_for_64) {
  cr_expect_eq(lines_for("64"), lines_for("8192"));
  cr_expect_eq(lines_for("8"), lines_for("9"));
}

Test(file, the_same_model_gives_the_same_bytes) {
  emitted one = emit_text(rnn, 4, false), other = emit_text(rnn, 4, false);
  cr_expect_str_eq(one.code, other.code);
  cr_expect_str_eq(one.header, other.header);
  forget_emitted(&one);
  forget_emitted(&other);
}

Test(file, one_loop_over_time_each_way_with_one_product_each) {
  emitted one = emit_text(rnn, 4, false);
  const char *gradient = function_text(&one, "compute_gradient");
  const char *forward = strstr(gradient, "the recurrence of hₜ, forwards");
  const char *backward = strstr(gradient, "backwards */");
  cr_assert(forward && backward && forward < backward);
  cr_expect_eq(count_of(gradient, "the recurrence of"), 2);
  cr_expect_eq(count_of(gradient, "for (size_t t = T; t-- > 0;)"), 1);
  forget_emitted(&one);
}

Test(file, no_allocation_no_path_no_date) {
  emitted one = emit_text(net, 4, false);
  cr_expect_null(strstr(one.code, "alloc("));
  cr_expect_null(strstr(one.code, "folder"), "paths are left out of comments");
  cr_expect_null(strstr(one.code, "__DATE__"));
  cr_expect_not_null(strstr(one.code, "test.nn:5"), "the line of h's equation");
  forget_emitted(&one);
}

Test(file, lines_fit_and_have_no_trailing_space) {
  emitted one = emit_text(rnn, 8, false);
  size_t width = 0;
  for (const char *c = one.code; *c; c++) {
    if (*c != '\n') width++;
    else {
      cr_expect_leq(width, 100, "%.*s", (int)width, c - width);
      cr_expect(width == 0 || c[-1] != ' ');
      width = 0;
    }
  }
  forget_emitted(&one);
}

Test(file, a_library_has_no_main) {
  emitted program_ = emit_text(net, 4, false), library = emit_text(net, 4, true);
  cr_expect_eq(count_of(program_.code, "int main("), 1);
  cr_expect_eq(count_of(library.code, "main("), 0);
  forget_emitted(&program_);
  forget_emitted(&library);
}

Test(file, doubles_have_no_float_in_them) {
  emitted one = emit_text(net, 8, false);
  cr_expect_eq(count_of(one.code, "float"), 0);
  cr_expect_eq(count_of(one.code, "expf("), 0);
  cr_expect_eq(count_of(one.code, "tanhf("), 0);
  cr_expect_eq(count_of(one.code, "0f"), 0);
  forget_emitted(&one);
}

Test(file, the_sigmoid_cross_entropy_has_its_closed_gradient) {
  emitted one = emit_text(net, 8, false);
  const char *gradient = function_text(&one, "compute_gradient");
  cr_expect_not_null(strstr(gradient, "(nnrt_sigmoid("));
  cr_expect_not_null(strstr(gradient, ") - y[s]) / (double)n"));
  cr_expect_null(strstr(gradient, "log("), "only log1p of what is bounded");
  forget_emitted(&one);
}

Test(file, the_header_declares_the_api) {
  emitted one = emit_text(net, 4, true);
  static const char *const wanted[] = {
      "size_t net_bytes(int batch, int training);",
      "void net_init(void *block, int batch, int training, uint64_t seed);",
      "float net_loss(void *block, int n, const float *x, const float *y);",
      "float net_gradient(void *block, int n, const float *x, const float *y);",
      "void net_update(void *block, float rate);",
      "void net_predict(void *block, int n, const float *x, float *a);",
      "extern const nnrt_model net_model;",
  };
  for (size_t k = 0; k < sizeof wanted / sizeof *wanted; k++) {
    cr_expect_not_null(strstr(one.header, wanted[k]), "%s", wanted[k]);
  }
  forget_emitted(&one);
}

Test(file, hyperparameters_are_told_by_their_own_names) {
  emitted one = emit_text("model m\ninput x\ntarget y\nparam w\n"
                          "optimizer mine(rate, push = 0.5) {\n  state v = 0\n"
                          "  v = push * v + g\n  p = p - rate * v * (1 - push^step)\n}\n"
                          "loss (w * x - y)^2\ntrain { optimizer mine(rate = 0.1) }\n", 4, true);
  cr_expect_not_null(strstr(one.code, "mine_hyperparameters[] = {\"rate\", \"push\"}"));
  cr_expect_not_null(strstr(one.code, "static void update_mine(const nnrt_head *head, double rate"));
  const char *rule = strstr(one.code, "static void update_mine");
  const char *loop = strstr(rule, "for (size_t i"), *call = strstr(rule, "pow(push, step)");
  cr_assert(loop && call);
  cr_expect_lt(call, loop, "what depends on the step alone is computed once");
  forget_emitted(&one);
}
