/* What is stored, what is part of its readers, and which contractions are calls of a product. */
#include <criterion/criterion.h>
#include <string.h>

#include "helper_plan.h"

static int count_assignments(const entry_plan *e, bool (*counts)(const assignment *a)) {
  int count = 0;
  for (size_t k = 0; k < e->assignments; k++) count += counts(e->assignment[k]);
  return count;
}

static bool is_product(const assignment *a) { return a->product != NULL; }

static bool is_windows(const assignment *a) { return a->product && a->product->windows; }

/* y[i + p] += x[i, p] */
static bool is_scatter(const assignment *a) {
  bool scatters = false;
  for (int d = 0; d < a->target->rank; d++) scatters = scatters || a->at[d].terms > 1;
  return scatters && !a->product;
}

static int count_products(const entry_plan *e) { return count_assignments(e, is_product); }
static int count_windows(const entry_plan *e) { return count_assignments(e, is_windows); }
static int count_scatters(const entry_plan *e) { return count_assignments(e, is_scatter); }

static const char padded_model[] =
    "input x[3, 8, 8]\ntarget y : class(10)\n"
    "h = x |> conv2d(4, 3, padding = 1) |> tanh |> conv2d(5, 3, padding = 1) |> tanh\n"
    "z = flatten(h) |> dense(10)\noutput z\nloss softmax_cross_entropy(z, y)\n";

static int count_kept(const entry_plan *e, storage kept) {
  int count = 0;
  for (size_t k = 0; k < e->buffers; k++) {
    count += e->buffer[k]->kept == kept && e->buffer[k]->access;
  }
  return count;
}

Test(store, large_layers_are_products_small_ones_loops) {
  planned large = plan_of("input x[64]\ntarget y[32]\nz = dense(x, 32)\noutput z\nloss mse(z, y)\n"
                          "train { batch 32 }\n", 4);
  planned small = plan_of("input x[4]\ntarget y[3]\nz = dense(x, 3)\noutput z\nloss mse(z, y)\n"
                          "train { batch 16 }\n", 4);
  cr_expect_eq(count_products(&large.made->entry[ENTRY_PREDICT]), 1);
  cr_expect_eq(count_products(&large.made->entry[ENTRY_GRADIENT]), 2, "z and d_W; x needs none");
  cr_expect_eq(count_products(&small.made->entry[ENTRY_GRADIENT]), 0);
  forget_plan(&large);
  forget_plan(&small);
}

/* tanh of 8 numbers, not of 8 numbers for each of 6 rows. */
Test(store, a_contraction_computes_its_factors_once) {
  planned one = plan_of("input x[8]\ntarget y[6]\nparam A[6, 8]\n"
                        "z = A @ tanh(x)\noutput z\nloss mse(z, y)\n", 4);
  const entry_plan *e = &one.made->entry[ENTRY_PREDICT];
  const buffer *stored = find_buffer(e, "x_tanh");
  cr_assert_not_null(stored);
  cr_expect_eq(stored->writer->kind, ASSIGN_ELEMENTS);
  forget_plan(&one);
}

/* By what a padded convolution reads it is a sum over windows once more; where windows stay inside, and the
 * gather had many more places than the scatter, results are scattered. */
Test(store, derivatives_by_padded_inputs_are_gathered) {
  planned same = plan_of(padded_model, 4);
  planned inside = plan_of("input x[3, 9, 9]\ntarget y : class(10)\n"
                           "h = x |> conv2d(4, 3) |> tanh |> conv2d(5, 3) |> tanh\n"
                           "z = flatten(h) |> dense(10)\noutput z\nloss softmax_cross_entropy(z, y)\n", 4);
  cr_expect_eq(count_scatters(&same.made->entry[ENTRY_GRADIENT]), 0);
  cr_expect_eq(count_windows(&same.made->entry[ENTRY_GRADIENT]), 5, "two forwards, two by weights, one by what the second reads");
  cr_expect_eq(count_scatters(&inside.made->entry[ENTRY_GRADIENT]), 1);
  forget_plan(&same);
  forget_plan(&inside);
}

/* What it needs of weights is made before the samples' loop, which goes on with their gradients. */
Test(store, turned_weights_do_not_part_the_loop_over_samples) {
  planned one = plan_of(padded_model, 4);
  const entry_plan *e = &one.made->entry[ENTRY_GRADIENT];
  int padded = 0;
  for (size_t k = 0; k < e->buffers; k++) {
    const buffer *b = e->buffer[k];
    const bool shows = b->what && b->what->class == NODE_VIEW && strstr(b->word, "d_") == b->word;
    if (!shows || b->kept != STORAGE_SCRATCH) continue;
    padded++;
    cr_expect_not(b->grows, "%s is of one sample, or of none", b->word);
  }
  cr_expect_eq(padded, 2, "the derivative with zeros around it, and the weights");
  forget_plan(&one);
}

/* Zeros around a hidden layer are stored with it: no term asks whether it stands inside. */
Test(store, a_padded_convolution_is_a_sum_over_windows) {
  planned one = plan_of("input x[3, 8, 8]\ntarget y : class(10)\n"
                        "h = x |> conv2d(4, 3) |> relu |> conv2d(5, 3, padding = 1) |> relu\n"
                        "z = flatten(h) |> dense(10)\noutput z\nloss softmax_cross_entropy(z, y)\n",
                        4);
  const entry_plan *e = &one.made->entry[ENTRY_PREDICT];
  for (size_t k = 0; k < e->assignments; k++) {
    const assignment *a = e->assignment[k];
    if (a->kind == ASSIGN_PRODUCT) cr_expect_null(a->conditions, "%s", a->target->word);
  }
  cr_expect_eq(count_windows(e), 2);
  forget_plan(&one);
}

static int count_placed(const char *model, entry_kind entry) {
  planned one = plan_of(model, 4);
  const entry_plan *e = &one.made->entry[entry];
  int placed = 0;
  for (size_t k = 0; k < e->assignments; k++) {
    placed += e->assignment[k]->product && e->assignment[k]->product->placed;
  }
  forget_plan(&one);
  return placed;
}

/* One product, forwards and by weights: towards the input a plain one does, whose results are scattered.
 * Few channels would not make good for copying the windows. */
Test(store, wide_convolutions_are_products_by_places) {
  static const char wide[] = "input x[64, 16, 16]\ntarget y : class(10)\n"
                             "h = x |> conv2d(64, 3) |> relu |> conv2d(96, 3, stride = 2) |> relu\n"
                             "z = flatten(h) |> dense(10)\noutput z\nloss softmax_cross_entropy(z, y)\n";
  static const char narrow[] = "input x[4, 16, 16]\ntarget y : class(10)\n"
                               "h = x |> conv2d(6, 3) |> relu\n"
                               "z = flatten(h) |> dense(10)\noutput z\nloss softmax_cross_entropy(z, y)\n";
  cr_expect_geq(count_placed(wide, ENTRY_PREDICT), 1);
  cr_expect_geq(count_placed(wide, ENTRY_GRADIENT), 3);
  cr_expect_eq(count_placed(narrow, ENTRY_GRADIENT), 0);
}

/* The channels of what a convolution of single places makes are met behind its rows and columns. */
Test(store, what_has_no_name_lies_as_what_it_is_made_of) {
  planned one = plan_of("input x[3, 12, 12]\ntarget y : class(10)\n"
                        "h = x |> conv2d(32, 3, padding = 1) |> relu |> conv2d(32, 3, groups = 32) |> relu\n"
                        "k = h |> conv2d(64, 1) |> relu |> conv2d(64, 3, groups = 64)\n"
                        "z = flatten(k) |> dense(10)\noutput z\nloss softmax_cross_entropy(z, y)\n", 4);
  const entry_plan *e = &one.made->entry[ENTRY_PREDICT];
  int met = 0;
  for (size_t k = 0; k < e->assignments; k++) {
    const assignment *a = e->assignment[k];
    const buffer_read *r = a->reads;
    if (a->kind != ASSIGN_ELEMENTS || a->target->called || a->target->rank != 4) continue;
    while (r && r->from->rank != 4) r = r->next;
    if (!r) continue;
    met++;
    for (int d = 0; d < 4; d++) {
      cr_expect_eq(index_variable(&a->at[a->target->order[d]]),
                   index_variable(&r->at[r->from->order[d]]), "%s", a->target->word);
    }
  }
  cr_expect_geq(met, 1);
  forget_plan(&one);
}

Test(store, a_class_is_looked_up_not_multiplied) {
  planned one = plan_of("input c : class(500)\ntarget y[40]\nparam E[40, 500]\n"
                        "z = E @ c\noutput z\nloss mse(z, y)\n", 4);
  for (int k = 0; k < ENTRY_COUNT; k++) {
    const entry_plan *e = &one.made->entry[k];
    if (!has_entry(one.made, (entry_kind)k)) continue;
    cr_expect_eq(count_products(e), 0);
    cr_expect_leq(e->work_per_sample + e->work_fixed, 2 * 40, "%s: no loop over the classes",
                  e->word);
  }
  forget_plan(&one);
}

Test(store, layers_have_the_least_work_for_their_gradient) {
  planned one = plan_of("input x[30]\ntarget y[1]\nparam W1[16, 30], W2[1, 16]\n"
                        "z = W2 @ (W1 @ x)\noutput z\nloss sum((z - y)^2)\n", 8);
  const entry_plan *e = &one.made->entry[ENTRY_GRADIENT];
  /* calculus.md: 1,440 multiply-adds for dW1 at two linear layers; per sample: 30 + 16 each way */
  cr_expect_leq(e->work_per_sample, 16 * 30 + 16 + 1 + 16 * 30 + 16 + 16);
  forget_plan(&one);
}

Test(store, per_sample_values_of_a_small_net_are_locals) {
  planned one = plan_of("input x[4]\ntarget y[1]\nh = x |> dense(3) |> relu\n"
                        "z = dense(h, 1)\noutput z\nloss sum((z - y)^2)\n", 4);
  const entry_plan *e = &one.made->entry[ENTRY_GRADIENT];
  cr_expect_eq(e->scratch_per_sample, 0, "one loop over the samples holds all of it");
  cr_expect_gt(count_kept(e, STORAGE_LOCAL), 2);
  forget_plan(&one);
}

static bool has_loop(const step *loop) {
  for (const step *s = loop->first; s; s = s->next) {
    if (s->kind == STEP_LOOP) return true;
  }
  return false;
}

/* The loop with the exponentials of the loss is vector code only where nothing else loops in it. */
Test(store, a_loss_of_one_number_a_sample_is_a_loop_of_its_own) {
  planned one = plan_of("input x[30]\ntarget y[1]\nh = x |> dense(16) |> tanh\nz = dense(h, 1)\n"
                        "output z\nloss sigmoid_cross_entropy(z, y)\ntrain { batch 32 }\n", 4);
  const entry_plan *e = &one.made->entry[ENTRY_GRADIENT];
  int flat = 0;
  for (const step *s = e->first; s; s = s->next) {
    if (s->kind != STEP_LOOP || has_loop(s)) continue;
    for (const step *in = s->first; in; in = in->next) {
      flat += in->kind == STEP_ASSIGNMENT && calls_within(e, in->what) > 0;
    }
  }
  cr_expect_geq(flat, 2, "the loss and its derivative");
  forget_plan(&one);
}

Test(store, prediction_leaves_out_what_only_the_loss_needs) {
  planned one = plan_of("input x[8]\ntarget y[8]\nparam A[8, 8], B[8, 8]\n"
                        "p = A @ x\nq = B @ x\noutput p\nloss mse(p, y) + mse(q, y)\n", 4);
  const entry_plan *e = &one.made->entry[ENTRY_PREDICT];
  cr_expect_not_null(find_buffer(e, "A"));
  cr_expect_null(find_buffer(e, "B"));
  cr_expect_null(find_buffer(e, "y"));
  forget_plan(&one);
}

Test(store, what_the_model_names_keeps_its_name) {
  planned one = plan_of("input x[64]\ntarget y : class(10)\nh = x |> dense(48) |> tanh\n"
                        "z = dense(h, 10)\noutput p = softmax(z)\nloss cross_entropy(p, y)\n", 4);
  const entry_plan *e = &one.made->entry[ENTRY_GRADIENT];
  cr_expect_not_null(find_buffer(e, "h"));
  cr_expect_not_null(find_buffer(e, "h_W"));
  cr_expect_not_null(find_buffer(e, "d_h_W"));
  cr_expect_not_null(find_buffer(e, "z"));
  forget_plan(&one);
}

/* ---- masks, digits, early sums -------------------------------------------------------------- */

/* Zeroes stand where the mask of the indices is false: the rest is a product without a condition. */
Test(store, what_a_mask_of_indices_leaves_is_a_product) {
  planned one = plan_of("input x[32, 8]\ntarget y[32, 8]\nparam P[32, 32]\n"
                        "a[t, j] = sum[u | u <= t](P[t, u] * x[u, j])\noutput a\nloss mse(a, y)\n", 4);
  planned data = plan_of("input x[32, 8], m[32]\ntarget y[32, 8]\nparam P[32, 32]\n"
                         "a[t, j] = sum[u | 0 < m[u]](P[t, u] * x[u, j])\noutput a\nloss mse(a, y)\n", 4);
  cr_expect_eq(count_products(&one.made->entry[ENTRY_PREDICT]), 1);
  cr_expect_eq(count_products(&data.made->entry[ENTRY_PREDICT]), 0, "what data hide is never multiplied with");
  forget_plan(&one);
  forget_plan(&data);
}

/* Attention's weights are read with the mask and, under it, without: once is enough. */
Test(store, what_is_read_under_a_mask_alone_is_stored_with_it) {
  planned one = plan_of("input x[32, 16]\ntarget y[32, 16]\nh = attention(x, 2, causal = 1)\n"
                        "output h\nloss mse(h, y)\n", 4);
  const entry_plan *e = &one.made->entry[ENTRY_GRADIENT];
  cr_expect_not_null(find_buffer(e, "h_y_product"));
  cr_expect_null(find_buffer(e, "h_y_product_2"));
  forget_plan(&one);
}

static int count_divided(const entry_plan *e) {
  int count = 0;
  for (size_t k = 0; k < e->assignments; k++) {
    for (const buffer_read *r = e->assignment[k]->reads; r; r = r->next) {
      for (int d = 0; d < r->from->rank; d++) {
        for (int t = 0; t < r->at[d].terms; t++) {
          count += variable_now(r->at[d].term[t].of)->kind >= VARIABLE_QUOTIENT;
        }
      }
    }
  }
  return count;
}

/* Groups of channels and reshapes are read by digits, without a division, so that they are products. */
Test(store, indices_that_are_divided_run_as_digits) {
  planned groups = plan_of("input x[16, 8, 8]\ntarget y : class(10)\n"
                           "h = x |> conv2d(32, 3, padding = 1, groups = 2) |> relu\n"
                           "k = h |> conv2d(32, 3, padding = 1, groups = 4) |> relu\n"
                           "z = flatten(k) |> dense(10)\noutput z\nloss softmax_cross_entropy(z, y)\n", 4);
  planned shaped = plan_of("input x[8, 6, 4]\ntarget y[8, 6, 4]\nparam g[8, 6, 4]\n"
                           "v = reshape(g * x, 2, 96)\nd[i, j] = v[i, j] - mean[k](v[i, k])\n"
                           "s[i] = mean[k](d[i, k]^2)\nn[i, j] = d[i, j] / sqrt(s[i] + 1)\n"
                           "z = reshape(n, 8, 6, 4)\noutput z\nloss mse(z, y)\n", 4);
  const entry_plan *e = &groups.made->entry[ENTRY_GRADIENT];
  cr_expect_eq(count_divided(&shaped.made->entry[ENTRY_GRADIENT]), 0);
  cr_expect_eq(count_windows(e), 5, "two forwards, two by weights, one by what the second reads");
  for (size_t k = 0; k < e->assignments; k++) {
    const assignment *a = e->assignment[k];
    cr_expect(a->work_per_sample < 20000 || a->product, "%s is no product", a->target->word);
  }
  forget_plan(&groups);
  forget_plan(&shaped);
}

/* Over time there is nothing but u: it is summed over that before it meets the derivative. */
Test(store, what_one_factor_alone_has_is_summed_first) {
  planned one = plan_of("input x[50, 24]\ntarget y[16]\nparam g[24], W[16, 24]\n"
                        "u[t, i] = tanh(g[i] * x[t, i])\nz[t, j] = sum[i](W[j, i] * u[t, i])\n"
                        "m[j] = mean[t](z[t, j])\noutput m\nloss mse(m, y)\ntrain { batch 8 }\n", 4);
  const entry_plan *e = &one.made->entry[ENTRY_GRADIENT];
  double work = 0;
  for (size_t k = 0; k < e->assignments; k++) work += e->assignment[k]->work_per_sample;
  cr_expect_lt(work, 5 * 50 * 24 + 6 * 16 * 24, "16 times as much for each step would be 19,200");
  forget_plan(&one);
}
