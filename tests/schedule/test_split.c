/* Which loops over samples threads share, which sums their shares make, and which loops stay whole. */
#include <criterion/criterion.h>
#include <string.h>

#include "helper_plan.h"

/* "u v (sum) ; ..." of all split loops of the function, in order: what they fill, sums by their totals. */
static void list_filled(const step *first, text *out) {
  for (const step *s = first; s; s = s->next) {
    if (s->kind == STEP_LOOP) list_filled(s->first, out);
    if (s->kind != STEP_ASSIGNMENT) continue;
    const assignment *a = s->what;
    if (a->total) text_printf(out, "(%s) ", a->total->target->word);
    else if (a->target->kept != STORAGE_LOCAL) text_printf(out, "%s ", a->target->word);
  }
}

static void list_split(const step *first, text *out) {
  for (const step *s = first; s; s = s->next) {
    if (s->kind != STEP_LOOP) continue;
    if (!s->split) {
      list_split(s->first, out);
      continue;
    }
    list_filled(s->first, out);
    text_append(out, "; ");
  }
}

static void expect_split(const char *model, entry_kind kind, const char *expected) {
  expect_listed(model, kind, list_split, expected);
}

#define HEAD "input x[1024]\ntarget y : class(10)\n"
#define TAIL "output z\nloss softmax_cross_entropy(z, y)\ntrain {\n  batch 512\n}\n"

Test(split, a_layer_norm_between_products) {
  const char *model = HEAD "h = x |> dense(256) |> layernorm\nz = dense(h, 10)\n" TAIL;
  expect_split(model, ENTRY_PREDICT, "h_2_d h ; ");
}

/* Gains and biases of a layer norm: each share sums up its own, and their totals are made of those. */
Test(split, sums_over_samples_are_each_shares_own) {
  const char *model = HEAD "z = x |> dense(256) |> layernorm |> dense(256) |> layernorm |> dense(256)\n"
                           "output z\nloss mean(z^2)\ntrain {\n  batch 512\n}\n";
  planned one = plan_of(model, 4);
  const entry_plan *e = &one.made->entry[ENTRY_GRADIENT];
  int sums = 0;
  cr_assert_eq(e->parts, 1);
  for (const step *s = e->first; s; s = s->next) {
    if (s->kind != STEP_LOOP || !s->split) continue;
    for (int k = 0; k < s->sums; k++, sums++) {
      const buffer *share = s->sum[k]->target, *total = s->sum[k]->total->target;
      cr_expect(share->own && share->kept == STORAGE_SCRATCH && !share->grows);
      cr_expect_neq(share, total);
      cr_expect(share->fixed + share->bytes <= e->scratch_fixed - (s->split - 1) * e->split_bytes);
    }
  }
  cr_expect_geq(sums, 4);
  forget_plan(&one);
}

/* A mean over the batch forbids to cut it; what is between its sums is shared all the same. */
Test(split, what_cannot_be_cut) {
  const char *model = "input x[1, 16, 16]\ntarget y : class(10)\n"
                      "z = x |> conv2d(8, 3) |> batchnorm |> relu |> flatten |> dense(10)\n" TAIL;
  planned one = plan_of(model, 4);
  cr_expect_eq(one.made->entry[ENTRY_GRADIENT].parts, 1);
  cr_expect_gt(one.made->entry[ENTRY_GRADIENT].shared, 3);
  forget_plan(&one);
}

Test(split, little_work_is_one_threads) {
  const char *model = "input x[8]\ntarget y : class(3)\nz = x |> dense(8) |> layernorm |> dense(3)\n"
                      "output z\nloss softmax_cross_entropy(z, y)\ntrain {\n  batch 32\n}\n";
  for (int kind = 0; kind < ENTRY_COUNT; kind++) {
    if (kind != ENTRY_HELD) expect_split(model, (entry_kind)kind, "");
  }
}

Test(split, neither_recurrences_nor_what_is_watched) {
  const char *model = "input x[8, 256]\ntarget y : class(10)\nr = rnn(x, 512)\nz = dense(r[7], 10)\n" TAIL;
  expect_split(model, ENTRY_PREDICT, "");
  expect_split(model, ENTRY_GRADIENT, "");
  expect_split(HEAD "h = x |> dense(256) |> layernorm\nz = dense(h, 10)\n" TAIL, ENTRY_LOSS, "");
}
