/* What is looked up lies by labels where that is worth a copy, and nowhere else. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "helper_plan.h"

/* A recurrence of T steps that looks a column of U[H, V] up in each; `more` is said of U besides. */
static planned plan_of_steps(int steps, int labels, int numbers, int batch, const char *more) {
  char model[600];
  snprintf(model, sizeof model,
           "let T = %d, V = %d, H = %d\ninput c[T] : class(V)\ntarget y[H]\nparam U[H, V], W[H, H]\n"
           "h[-1] = 0\nh[t] = tanh(U @ c[t] + W @ h[t-1])\nz = h[T-1] %s\noutput z\n"
           "loss mse(z, y)\ntrain { batch %d }\n", steps, labels, numbers, more, batch);
  return plan_of(model, 4);
}

static const buffer *copy_in(const planned *one, entry_kind kind, const char *word) {
  return find_buffer(&one->made->entry[kind], word);
}

Test(look_up, weights_and_their_gradient_lie_by_labels_where_that_is_often_asked) {
  planned one = plan_of_steps(20, 30, 16, 32, "");
  const buffer *copy = copy_in(&one, ENTRY_GRADIENT, "U_by_label");
  const buffer *sum = copy_in(&one, ENTRY_GRADIENT, "d_U_by_label");
  cr_assert_not_null(copy);
  cr_assert_not_null(sum);
  for (int d = 0; d < 2; d++) {
    const buffer *b = d == 0 ? copy : sum;
    cr_expect_eq(buffer_extent(one.made->g, b, b->order[0]).count, 30, "labels outermost");
    cr_expect_eq(buffer_extent(one.made->g, b, b->order[1]).count, 16);
  }
  cr_expect_not_null(copy_in(&one, ENTRY_LOSS, "U_by_label"));
  forget_plan(&one);
}

/* 20 of a single sample, of 30 labels. */
Test(look_up, a_prediction_may_be_of_one_sample) {
  planned few = plan_of_steps(20, 30, 16, 32, ""), many = plan_of_steps(60, 30, 16, 32, "");
  cr_expect_null(copy_in(&few, ENTRY_PREDICT, "U_by_label"));
  cr_expect_not_null(copy_in(&many, ENTRY_PREDICT, "U_by_label"));
  forget_plan(&few);
  forget_plan(&many);
}

static void expect_none(planned one, const char *why) {
  for (entry_kind kind = ENTRY_LOSS; kind <= ENTRY_PREDICT; kind++) {
    cr_expect_null(copy_in(&one, kind, "U_by_label"), "%s", why);
    cr_expect_null(copy_in(&one, kind, "d_U_by_label"), "%s", why);
  }
  forget_plan(&one);
}

Test(look_up, nothing_is_copied_where_it_does_not_pay) {
  expect_none(plan_of_steps(20, 30, 15, 32, ""), "few numbers at a label");
  expect_none(plan_of_steps(20, 860, 16, 32, ""), "640 look-ups of 860 labels");
}

Test(look_up, what_is_read_otherwise_too_stays_as_it_lies) {
  planned one = plan_of_steps(20, 30, 16, 32, "+ tanh(U @ (U' @ h[T-1]))");
  cr_expect_null(copy_in(&one, ENTRY_GRADIENT, "U_by_label"));
  forget_plan(&one);
}

/* The rows of an embedding lie by labels as they are. */
Test(look_up, an_embedding_needs_no_copy) {
  planned one = plan_of("let T = 20, V = 30, H = 16\ninput c[T] : class(V)\ntarget y[H]\nparam U[V, H]\n"
                        "z[i] = mean[t](U[c[t], i])\noutput z\nloss mse(z, y)\ntrain { batch 32 }\n", 4);
  expect_none(one, "rows");
}

/* Beside the recurrence there would be a row for each step. */
Test(look_up, a_recurrence_looks_up_as_it_goes) {
  planned one = plan_of("let T = 20, V = 30, H = 16\ninput c[T] : class(V)\ntarget y[H]\n"
                        "h = lstm(c, H)\nz = h[T-1]\noutput z\nloss mse(z, y)\ntrain { batch 32 }\n", 4);
  const buffer *sum = find_buffer(&one.made->entry[ENTRY_GRADIENT], "h_a_sum");
  int rows = 0, loops = 0;
  cr_assert_not_null(sum);
  for (int d = 0; d < sum->rank; d++) rows += sum->time[d] && !sum->dropped[d];
  for (const step *s = sum->writer->where_done; s; s = s->parent) loops += s->kind == STEP_LOOP && s->over->time;
  cr_expect_eq(loops, 1);
  cr_expect_eq(rows, 0);
  forget_plan(&one);
}

/* Each of several fills a part of the step's row. */
Test(look_up, all_look_ups_of_a_recurrence_go_with_it) {
  planned one = plan_of("let T = 20, V = 30, H = 16\ninput c[T] : class(V), d[T] : class(V)\ntarget y[H]\n"
                        "param U[H, V], P[H, V], W[H, H]\nh[-1] = 0\n"
                        "h[t] = tanh(U @ c[t] + P @ d[t] + W @ h[t-1])\nz = h[T-1]\noutput z\nloss mse(z, y)\n"
                        "train { batch 32 }\n", 4);
  const buffer *sum = find_buffer(&one.made->entry[ENTRY_GRADIENT], "h_sum");
  int look_ups = 0;
  cr_assert_not_null(sum);
  for (const assignment *a = sum->writer; a; a = a->next_writer) {
    bool within = false;
    for (const step *s = a->where_done; s; s = s->parent) within = within || (s->kind == STEP_LOOP && s->over->time);
    cr_expect(within);
    look_ups += !a->product;
  }
  cr_expect_eq(look_ups, 2);
  forget_plan(&one);
}
