/* What makes training repeatable: the holdout's draw, lanes, and evaluation over batches. */
#include "mock_model.h"
#include "session.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

static nnrt_failure failure;

/* The order of a data set that is nothing but its size. */
static bool begin(nnrt_order *order, size_t samples, size_t block, nnrt_splitting how) {
  static nnrt_dataset data;
  data = (nnrt_dataset){.samples = samples, .block = block, .blocks_held = block < samples ? 3 : 1};
  return nnrt_order_begin(order, &data, &how, &failure);
}

/* All samples of `order`: those of an epoch, then those held out. */
static void list(nnrt_order *order, uint64_t epoch, size_t *all) {
  nnrt_order_epoch(order, epoch);
  nnrt_order_take(order, 0, order->learned, all);
  nnrt_order_held(order, 0, order->held, all + order->learned);
}

static void expect_each_once(const size_t *all, size_t samples) {
  size_t *seen = calloc(samples, sizeof *seen);
  for (size_t i = 0; i < samples; i++) seen[all[i]]++;
  for (size_t i = 0; i < samples; i++) cr_assert_eq(seen[i], 1);
  free(seen);
}

Test(order, splits_all_samples_in_two_parts) {
  static const size_t blocks[] = {1000, 10, 7, 1};
  for (size_t k = 0; k < 4; k++) {
    nnrt_order order;
    size_t all[101];
    cr_assert(begin(&order, 101, blocks[k] < 101 ? blocks[k] : 101,
                    (nnrt_splitting){.holdout = 0.2, .seed = 7, .shuffles = true}));
    cr_assert_eq(order.learned, 81);
    list(&order, 3, all);
    expect_each_once(all, 101);
    for (size_t i = 82; i < 101; i++) cr_assert_lt(all[i - 1], all[i]);
    nnrt_order_free(&order);
  }
}

Test(order, same_seed_same_draw) {
  size_t a[50], b[50], c[50];
  nnrt_order order;
  nnrt_splitting how = {.holdout = 10, .seed = 7, .shuffles = true};
  for (int other = 0; other < 3; other++) {
    how.seed = other == 2 ? 8 : 7;
    cr_assert(begin(&order, 50, 50, how));
    cr_assert_eq(order.learned, 40);
    list(&order, 0, other == 0 ? a : other == 1 ? b : c);
    nnrt_order_free(&order);
  }
  cr_assert_arr_eq(a, b, sizeof a);
  cr_assert_arr_neq(a + 40, c + 40, 10 * sizeof *a);
}

Test(order, a_place_is_found_again_wherever_it_is_looked_for_first) {
  nnrt_order order;
  size_t all[500], again[20];
  cr_assert(begin(&order, 500, 16, (nnrt_splitting){.seed = 5, .shuffles = true}));
  list(&order, 4, all);
  for (size_t place = 480; place > 0; place -= 60) {
    nnrt_order_epoch(&order, 4);
    nnrt_order_take(&order, place, 20, again);
    cr_assert_arr_eq(again, all + place, sizeof again);
  }
  nnrt_order_free(&order);
}

/* Blocks of 16, three at a time: neighbours in the file are spread over the epoch, but an epoch
 * touches few blocks at a time. */
Test(order, blocks_are_shuffled_and_their_samples_too) {
  nnrt_order order;
  size_t all[960], sorted = 0;
  cr_assert(begin(&order, 960, 16, (nnrt_splitting){.seed = 5, .shuffles = true}));
  list(&order, 0, all);
  expect_each_once(all, 960);
  for (size_t window = 0; window < 20; window++) {
    size_t blocks[60] = {0}, touched = 0;
    for (size_t i = 0; i < 48; i++) touched += blocks[all[48 * window + i] / 16]++ == 0;
    cr_assert_eq(touched, 3);
  }
  for (size_t i = 1; i < 960; i++) sorted += all[i] == all[i - 1] + 1;
  cr_assert_lt(sorted, 60);
  nnrt_order_free(&order);
}

Test(order, without_shuffling_it_is_the_order_of_the_data) {
  nnrt_order order;
  size_t all[100];
  cr_assert(begin(&order, 100, 16, (nnrt_splitting){.holdout = 0.25, .seed = 5}));
  list(&order, 2, all);
  for (size_t i = 1; i < order.learned; i++) cr_assert_lt(all[i - 1], all[i]);
  nnrt_order_free(&order);
}

Test(order, folds_are_held_out_once_each) {
  static const size_t blocks[] = {103, 20};
  for (size_t k = 0; k < 2; k++) {
    size_t seen[103] = {0};
    for (size_t fold = 0; fold < 5; fold++) {
      nnrt_order order;
      size_t all[103];
      cr_assert(begin(&order, 103, blocks[k],
                      (nnrt_splitting){.folds = 5, .fold = fold, .seed = 1, .shuffles = true}));
      list(&order, 0, all);
      expect_each_once(all, 103);
      for (size_t i = order.learned; i < 103; i++) seen[all[i]]++;
      nnrt_order_free(&order);
    }
    for (size_t i = 0; i < 103; i++) cr_assert_eq(seen[i], 1);
  }
}

Test(order, streams_keep_their_end) {
  nnrt_order order;
  size_t all[10];
  cr_assert(begin(&order, 10, 10, (nnrt_splitting){.holdout = 0.3, .seed = 1, .carries = true}));
  cr_assert_eq(order.learned, 7);
  list(&order, 0, all);
  for (size_t i = 0; i < 10; i++) cr_assert_eq(all[i], i);
  nnrt_order_free(&order);
}

Test(order, holding_out_everything_is_refused) {
  nnrt_order order;
  cr_assert_not(begin(&order, 10, 10, (nnrt_splitting){.holdout = 10, .seed = 1}));
  nnrt_order_free(&order);
  cr_assert_not(begin(&order, 1, 1, (nnrt_splitting){.holdout = 0.5, .seed = 1}));
  nnrt_order_free(&order);
}

Test(batch, lanes_are_equal_runs) {
  static const size_t expected[] = {0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11};
  for (size_t i = 0; i < 12; i++)
    cr_assert_eq(nnrt_lane_sample(i, 3, 4), expected[i]);
}

/* The mean over batches of 4, 4 and 2 is the mean over all ten at once. */
Test(evaluate, batches_of_any_size_give_one_mean) {
  double x[40], apart[2], whole[2];
  int32_t y[10];
  void *values[] = {x, y};
  nnrt_encoding none = {.tensors = 0};
  const nnrt_dataset data = {.samples = 10, .tensors = 2, .tensor = mock_double_model.tensor,
                             .values = values, .real_bytes = 8, .encoding = &none, .loaded = 2,
                             .weighed = -1};
  for (int i = 0; i < 40; i++)
    x[i] = sin(i);
  for (int i = 0; i < 10; i++)
    y[i] = i % 3;
  void *small = nnrt_block_new(&mock_double_model, 4, 0, 3, &failure);
  void *large = nnrt_block_new(&mock_double_model, 10, 1, 3, &failure);
  cr_assert(nnrt_evaluate(&mock_double_model, small, &data, NULL, apart, &failure));
  cr_assert(nnrt_evaluate(&mock_double_model, large, &data, NULL, whole, &failure));
  cr_assert_float_eq(apart[0], whole[0], 1e-12);
  cr_assert_float_eq(apart[1], whole[1], 1e-12);
  cr_assert_float_eq(whole[0], mock_double_model.loss(large, 10, (const void *const *)values),
                     1e-12);
  nnrt_block_free(&mock_double_model, small);
  nnrt_block_free(&mock_double_model, large);
}

/* A metric over all samples at once sees them in one call, whatever the block's batch. */
static int largest_call;

static void note_call(void *block, int n, const void *const *data, double *values) {
  largest_call = n > largest_call ? n : largest_call;
  mock_double_model.test(block, n, data, values);
}

Test(evaluate, metrics_of_the_whole_get_the_whole) {
  double x[40], found[2], expected[2];
  int32_t y[10];
  void *values[] = {x, y};
  nnrt_encoding none = {.tensors = 0};
  const nnrt_dataset data = {.samples = 10, .tensors = 2, .tensor = mock_double_model.tensor,
                             .values = values, .real_bytes = 8, .encoding = &none, .loaded = 2,
                             .weighed = -1};
  nnrt_model model = mock_double_model;
  model.metrics_of_whole = 1;
  model.test = note_call;
  for (int i = 0; i < 40; i++)
    x[i] = cos(i);
  for (int i = 0; i < 10; i++)
    y[i] = i % 3;
  void *block = nnrt_block_new(&model, 4, 1, 3, &failure);
  cr_assert(nnrt_evaluate(&model, block, &data, NULL, found, &failure));
  cr_assert_eq(largest_call, 10);
  cr_assert(nnrt_evaluate(&mock_double_model, block, &data, NULL, expected, &failure));
  cr_assert_float_eq(found[0], expected[0], 1e-12);
  nnrt_block_free(&model, block);
}
