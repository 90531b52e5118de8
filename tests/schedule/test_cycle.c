/* Recurrences become loops over time, one each way, with nothing in them that can stand outside. */
#include <criterion/criterion.h>
#include <string.h>

#include "helper_plan.h"

static const char rnn[] =
    "let T = 8\n"
    "input x[T, 16]\n"
    "target y[T, 24]\n"
    "param U[24, 16], W[24, 24], b[24]\n"
    "h[-1] = 0\n"
    "h[t] = tanh(U @ x[t] + W @ h[t-1] + b)\n"
    "output h\n"
    "loss mse(h, y)\n";

static const step *time_loop(const entry_plan *e, int number) {
  for (const step *s = e->first; s; s = s->next) {
    if (s->kind == STEP_LOOP && s->over->time && number-- == 0) return s;
  }
  return NULL;
}

/* Multiply-adds of the contractions in the step, over all of its turns. */
static double work_inside(const step *first) {
  double work = 0;
  for (const step *s = first; s; s = s->next) {
    if (s->kind == STEP_LOOP) work += work_inside(s->first);
    if (s->kind == STEP_ASSIGNMENT) work += s->what->work_per_sample;
  }
  return work;
}

Test(cycle, one_loop_forward_and_one_backward) {
  planned one = plan_of(rnn, 4);
  const entry_plan *e = &one.made->entry[ENTRY_GRADIENT];
  cr_expect_eq(count_time_loops(e->first), 2);
  cr_assert_not_null(time_loop(e, 1));
  cr_expect_not(time_loop(e, 0)->downwards);
  cr_expect(time_loop(e, 1)->downwards);
  forget_plan(&one);
}

Test(cycle, only_the_product_with_the_state_is_in_the_loops) {
  planned one = plan_of(rnn, 4);
  const entry_plan *e = &one.made->entry[ENTRY_GRADIENT];
  cr_expect_float_eq(work_inside(time_loop(e, 0)->first), 8 * 24 * 24, 0.5);
  cr_expect_float_eq(work_inside(time_loop(e, 1)->first), 8 * 24 * 24, 0.5);
  /* and outside: U x, dU, dW over the 7 steps that read a state, db, the loss */
  double outside = 8 * 24 * 16 * 2 + 7 * 24 * 24 + 2 * 8 * 24;
  cr_expect_float_eq(e->work_per_sample, 2 * 8 * 24 * 24 + outside, 0.5);
  forget_plan(&one);
}

static int count_steps(const step *first) {
  int count = 0;
  for (const step *s = first; s; s = s->next) {
    count += 1 + (s->kind == STEP_LOOP ? count_steps(s->first) : 0);
  }
  return count;
}

Test(cycle, the_plan_does_not_grow_with_time) {
  planned few = plan_of(rnn, 4);
  char many_text[sizeof rnn + 8];
  snprintf(many_text, sizeof many_text, "let T = 8192\n%s", strchr(rnn, '\n') + 1);
  planned many = plan_of(many_text, 4);
  for (int k = 0; k < ENTRY_COUNT; k++) {
    cr_expect_eq(count_steps(few.made->entry[k].first), count_steps(many.made->entry[k].first));
    cr_expect_eq(few.made->entry[k].buffers, many.made->entry[k].buffers);
  }
  forget_plan(&few);
  forget_plan(&many);
}

Test(cycle, backwards_in_time_runs_downwards) {
  planned one = plan_of("input x[5, 3]\ntarget y[5, 3]\nparam W[3, 3]\n"
                        "g[5] = 0\ng[t] = tanh(W @ g[t+1] + x[t])\noutput g\nloss mse(g, y)\n", 8);
  const entry_plan *e = &one.made->entry[ENTRY_GRADIENT];
  cr_expect_eq(count_time_loops(e->first), 2);
  cr_expect(time_loop(e, 0)->downwards);
  cr_expect_not(time_loop(e, 1)->downwards);
  forget_plan(&one);
}

Test(cycle, two_axes_are_two_loops_one_in_the_other) {
  planned one = plan_of("input x[4, 3]\ntarget y\nparam a ~ ones\n"
                        "g[-1, j] = 0\ng[i, -1] = 0\n"
                        "g[i, j] = tanh(a * g[i-1, j] + g[i, j-1] + x[i, j])\n"
                        "output g\nloss (g[3, 2] - y)^2\n", 8);
  const step *outer = time_loop(&one.made->entry[ENTRY_PREDICT], 0);
  cr_assert_not_null(outer);
  cr_expect(outer->first->kind == STEP_LOOP && outer->first->over->time);
  cr_expect_eq(count_time_loops(one.made->entry[ENTRY_GRADIENT].first), 4);
  forget_plan(&one);
}

Test(cycle, independent_recurrences_are_not_merged) {
  planned one = plan_of("input x[4, 2]\ntarget y[4, 2]\nparam V[2, 2], W[2, 2]\n"
                        "f[-1] = 0\nf[t] = tanh(V @ f[t-1] + x[t])\n"
                        "g[-1] = 0\ng[t] = tanh(W @ g[t-1] + x[t])\n"
                        "output f\nloss mse(f + g, y)\n", 8);
  cr_expect_eq(count_time_loops(one.made->entry[ENTRY_GRADIENT].first), 4);
  cr_expect_eq(count_time_loops(one.made->entry[ENTRY_PREDICT].first), 1, "g is for the loss only");
  forget_plan(&one);
}

Test(cycle, states_that_read_each_other_share_a_loop) {
  planned one = plan_of("input x[4, 2]\ntarget y[4, 2]\nparam V[2, 2], W[2, 2]\n"
                        "f[-1] = 0\ng[-1] = 0\n"
                        "f[t] = tanh(V @ g[t-1] + x[t])\n"
                        "g[t] = tanh(W @ f[t]) * f[t-1]\n"
                        "output g\nloss mse(g, y)\n", 8);
  cr_expect_eq(count_time_loops(one.made->entry[ENTRY_PREDICT].first), 1);
  cr_expect_eq(count_time_loops(one.made->entry[ENTRY_GRADIENT].first), 2);
  forget_plan(&one);
}
