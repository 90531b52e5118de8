/* Which passes become part of the product before them, and which may not. */
#include <criterion/criterion.h>
#include <string.h>

#include "helper_plan.h"

/* "z_sum: h, d_b; ..." of all passes of the function, in order. */
static void list_passes(const step *first, text *out) {
  for (const step *s = first; s; s = s->next) {
    if (s->kind == STEP_LOOP && !s->finishes) list_passes(s->first, out);
    if (!s->finish) continue;
    cr_expect_eq(s->finish->finishes, s);
    text_printf(out, "%s:", s->what->target->word);
    const step *inner = s->finish;
    while (inner->kind == STEP_LOOP) inner = inner->first;
    for (; inner; inner = inner->next) text_printf(out, " %s", inner->what->target->word);
    text_append(out, ";");
  }
}

static void expect_passes(const char *model, entry_kind kind, const char *expected) {
  expect_listed(model, kind, list_passes, expected);
}

#define HEAD "input x[30]\ntarget y : class(10)\n"
#define TAIL "z = dense(h, 10)\noutput z\nloss softmax_cross_entropy(z, y)\ntrain {\n  batch 64\n}\n"

Test(finish, a_bias_an_activation_and_their_derivatives) {
  const char *model = HEAD "h = x |> dense(600) |> relu |> dense(600) |> tanh\n" TAIL;
  expect_passes(model, ENTRY_PREDICT, "h_sum: h_sum_relu;h_sum_2: h;");
  expect_passes(model, ENTRY_GRADIENT,
                "h_sum: h_sum_relu;h_sum_2: h;"
                "d_h: d_h_2_b_product d_h_2_b;d_h_1_b_sum: d_h_1_b_product d_h_1_b;");
}

/* Who watches the loss sees each tensor once it is whole. */
Test(finish, not_in_a_loss_that_is_watched) {
  expect_passes(HEAD "h = x |> dense(600) |> relu\n" TAIL, ENTRY_LOSS, "");
}

Test(finish, sums_are_cleared_in_front_of_the_product) {
  planned one = plan_of(HEAD "h = x |> dense(600) |> relu\n" TAIL, 4);
  int found = 0;
  for (const step *s = one.made->entry[ENTRY_GRADIENT].first; s; s = s->next) {
    if (!s->finish || strcmp(s->what->target->word, "d_h") != 0) continue;
    cr_assert(s->previous && s->previous->kind == STEP_CLEAR);
    cr_assert_str_eq(s->previous->what->target->word, "d_h_b");
    cr_assert_eq(s->next, s->finish);
    found++;
  }
  cr_assert_eq(found, 1);
  forget_plan(&one);
}

/* The runtime may cut 120 columns between rows: sums over them would not be in order. */
Test(finish, no_sums_over_rows_of_a_narrow_result) {
  const char *model = "input x[50]\ntarget y : class(10)\nh = x |> dense(120) |> relu\n"
                      "z = dense(h, 10)\noutput z\nloss softmax_cross_entropy(z, y)\ntrain {\n  batch 200\n}\n";
  expect_passes(model, ENTRY_PREDICT, "h_sum: h;");
  expect_passes(model, ENTRY_GRADIENT, "h_sum: h;");
}

Test(finish, results_that_stay_near_are_left) {
  expect_passes(HEAD "h = x |> dense(64) |> relu\n" TAIL, ENTRY_GRADIENT, "");
}

Test(finish, what_looks_at_other_places_waits_for_all) {
  expect_passes(HEAD "param W[600, 30]\ng = W @ x\nh[i] = tanh(g[i] + g[599 - i])\n" TAIL,
                ENTRY_PREDICT, "");
  expect_passes(HEAD "h = x |> dense(600) |> softmax\n" TAIL, ENTRY_PREDICT, "");
  expect_passes(HEAD "h = x |> dense(600) |> layernorm\n" TAIL, ENTRY_PREDICT, "");
}

Test(finish, a_recurrence_has_its_own_loops) {
  expect_passes("input x[6, 30]\ntarget y : class(10)\nr = rnn(x, 600)\nh = r[5]\n" TAIL,
                ENTRY_PREDICT, "");
}

/* Rows of several indices; layers of a repeat. */
Test(finish, places_of_a_sequence_and_copies_of_a_block) {
  expect_passes("input x[8, 96]\ntarget y[8, 96]\nh = x\n"
                "repeat 3 {\n  h = h + (h |> dense(300) |> gelu |> dense(96))\n}\n"
                "output h\nloss mse(h, y)\ntrain {\n  batch 64\n}\n",
                ENTRY_PREDICT, "h_sum: h_product;h_sum_2: h_;");
}

/* The next copy's row takes the place of the one that the product reads. */
Test(finish, what_the_product_reads_stays) {
  expect_passes("input x[300]\ntarget y[300]\nh = x\n"
                "repeat 3 {\n  h = h + (h |> dense(300) |> tanh)\n}\n"
                "output h\nloss mse(h, y)\ntrain {\n  batch 64\n}\n", ENTRY_PREDICT, "");
}
