/* What is looked up lies by labels, and what a recurrence's steps are multiplied by lies by steps, where that is
 * worth a copy, and nowhere else. */
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

/* W[o, i, k] t[k, i], t made step by step: as memory has them, matrices lie between each other. */
Test(look_up, matrices_of_steps_lie_by_steps) {
  planned one = plan_of("input x[12]\ntarget y[8]\nparam W[8, 12, 5]\nt[-1] = 1\nt[k: 5, i: 12] = x[i] * t[k-1, i]\n"
                        "z[o: 8] = sum[i: 12, k: 5](W[o, i, k] * t[k, i])\noutput z\nloss mse(z, y)\n", 4);
  for (int d = 0; d < 2; d++) {
    const buffer *b = copy_in(&one, ENTRY_GRADIENT, d == 0 ? "W_by_step" : "d_W_by_step");
    cr_assert_not_null(b);
    cr_expect_eq(buffer_extent(one.made->g, b, b->order[0]).count, 5, "steps outermost");
  }
  forget_plan(&one);
}

/* Of a tensor that is no recurrence k is an index as any other: its rows are as long as W's. */
Test(look_up, matrices_of_places_stay_as_they_are) {
  planned one = plan_of("input x[12]\ntarget y[8]\nparam W[8, 12, 5]\nt[i: 12, k: 5] = tanh(x[i] * (k + 1))\n"
                        "z[o: 8] = sum[i: 12, k: 5](W[o, i, k] * t[i, k])\noutput z\nloss mse(z, y)\n", 4);
  cr_expect_null(copy_in(&one, ENTRY_GRADIENT, "W_by_step"));
  cr_expect_null(copy_in(&one, ENTRY_GRADIENT, "d_W_by_step"));
  forget_plan(&one);
}

/* Whether a prediction counts how often each class stands in c. */
static bool counts_classes(int steps, int classes) {
  char model[400];
  snprintf(model, sizeof model, "input c[%d] : class(%d)\ntarget y[4]\nparam E[%d, 24]\ne[t] = E[c[t]]\n"
                                "z = dense(mean[t](e[t]), 4)\noutput z\nloss mse(z, y)\n", steps, classes, classes);
  planned one = plan_of(model, 4);
  const entry_plan *e = &one.made->entry[ENTRY_PREDICT];
  bool found = false;
  for (size_t k = 0; k < e->buffers; k++) {
    const buffer *b = e->buffer[k];
    for (int d = 0; d < b->rank; d++) {
      found = found || (b->kept == STORAGE_SCRATCH && buffer_extent(one.made->g, b, d).count == classes);
    }
  }
  forget_plan(&one);
  return found;
}

/* The sum of E[c[t]] over t: 8 rows of 5,000, or how often each of 5 stands there, times all 5. */
Test(look_up, a_sum_of_rows_is_what_is_less_work) {
  cr_expect_not(counts_classes(8, 5000));
  cr_expect(counts_classes(500, 5));
}
