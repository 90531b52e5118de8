/* What makes training repeatable: the holdout's draw, lanes, and evaluation over batches. */
#include "mock_model.h"
#include "session.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

static nnrt_failure failure;

Test(holdout, splits_all_samples_in_two_ascending_parts) {
  size_t kept, seen[101] = {0};
  size_t *order = nnrt_holdout_draw(&mock_float_model, 101, 0.2, 7, &kept, &failure);
  cr_assert_eq(kept, 81);
  for (size_t i = 0; i < 101; i++) {
    seen[order[i]]++;
    cr_assert(i == 0 || i == kept || order[i - 1] < order[i]);
  }
  for (size_t i = 0; i < 101; i++)
    cr_assert_eq(seen[i], 1);
  free(order);
}

Test(holdout, same_seed_same_draw) {
  size_t kept;
  size_t *a = nnrt_holdout_draw(&mock_float_model, 50, 10, 7, &kept, &failure);
  size_t *b = nnrt_holdout_draw(&mock_float_model, 50, 10, 7, &kept, &failure);
  size_t *c = nnrt_holdout_draw(&mock_float_model, 50, 10, 8, &kept, &failure);
  cr_assert_eq(kept, 40);
  cr_assert_arr_eq(a, b, 50 * sizeof *a);
  cr_assert_arr_neq(a, c, 50 * sizeof *a);
  free(a);
  free(b);
  free(c);
}

Test(holdout, streams_keep_their_end) {
  size_t kept;
  size_t *order = nnrt_holdout_draw(&mock_stream_model, 10, 0.3, 1, &kept, &failure);
  cr_assert_eq(kept, 7);
  for (size_t i = 0; i < 10; i++)
    cr_assert_eq(order[i], i);
  free(order);
}

Test(holdout, of_everything_is_refused) {
  size_t kept;
  cr_assert_null(nnrt_holdout_draw(&mock_float_model, 10, 10, 1, &kept, &failure));
  cr_assert_null(nnrt_holdout_draw(&mock_float_model, 1, 0.5, 1, &kept, &failure));
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
  const nnrt_dataset data = {10, 2, mock_double_model.tensor, values, 8, {0, {0}}};
  for (int i = 0; i < 40; i++)
    x[i] = sin(i);
  for (int i = 0; i < 10; i++)
    y[i] = i % 3;
  void *small = nnrt_block_new(&mock_double_model, 4, 0, 3, &failure);
  void *large = nnrt_block_new(&mock_double_model, 10, 1, 3, &failure);
  cr_assert(nnrt_evaluate(&mock_double_model, small, &data, NULL, 10, apart, &failure));
  cr_assert(nnrt_evaluate(&mock_double_model, large, &data, NULL, 10, whole, &failure));
  cr_assert_float_eq(apart[0], whole[0], 1e-12);
  cr_assert_float_eq(apart[1], whole[1], 1e-12);
  cr_assert_float_eq(whole[0], mock_double_model.loss(large, 10, (const void *const *)values),
                     1e-12);
  free(small);
  free(large);
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
  const nnrt_dataset data = {10, 2, mock_double_model.tensor, values, 8, {0, {0}}};
  nnrt_model model = mock_double_model;
  model.metrics_of_whole = 1;
  model.test = note_call;
  for (int i = 0; i < 40; i++)
    x[i] = cos(i);
  for (int i = 0; i < 10; i++)
    y[i] = i % 3;
  void *block = nnrt_block_new(&model, 4, 1, 3, &failure);
  cr_assert(nnrt_evaluate(&model, block, &data, NULL, 10, found, &failure));
  cr_assert_eq(largest_call, 10);
  cr_assert(nnrt_evaluate(&mock_double_model, block, &data, NULL, 10, expected, &failure));
  cr_assert_float_eq(found[0], expected[0], 1e-12);
  free(block);
}
