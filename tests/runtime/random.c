/* Random numbers: the same for the same seed, and of the right distribution. */
#include "nnrt.h"
#include "nnrt_math.h"
#include "random.h"

#include <criterion/criterion.h>
#include <math.h>

enum { DRAWS = 200000 };

Test(random, a_stream_begun_again_repeats_itself) {
  nnrt_random a = nnrt_random_begin(7, "h.W", 3), b = nnrt_random_begin(7, "h.W", 3);
  for (int i = 0; i < 1000; i++)
    cr_assert_eq(nnrt_random_bits(&a), nnrt_random_bits(&b));
}

Test(random, seed_name_and_part_each_make_another_stream) {
  nnrt_random of = nnrt_random_begin(7, "h.W", 3), seed = nnrt_random_begin(8, "h.W", 3);
  nnrt_random name = nnrt_random_begin(7, "h.b", 3), part = nnrt_random_begin(7, "h.W", 4);
  const uint64_t bits = nnrt_random_bits(&of);
  cr_assert_neq(bits, nnrt_random_bits(&seed));
  cr_assert_neq(bits, nnrt_random_bits(&name));
  cr_assert_neq(bits, nnrt_random_bits(&part));
}

/* Moments of the uniform: 1/2, 1/12; fourth central moment 1/80. Bounds are five standard errors. */
Test(random, uniform_has_its_moments) {
  nnrt_random stream = nnrt_random_begin(1, "x", 0);
  double sum = 0, squares = 0;
  for (int i = 0; i < DRAWS; i++) {
    const double u = nnrt_random_uniform(&stream);
    cr_assert(u >= 0 && u < 1);
    sum += u - 0.5;
    squares += (u - 0.5) * (u - 0.5);
  }
  cr_assert_float_eq(sum / DRAWS, 0, 5 * sqrt(1.0 / 12 / DRAWS));
  cr_assert_float_eq(squares / DRAWS, 1.0 / 12, 5 * sqrt((1.0 / 80 - 1.0 / 144) / DRAWS));
}

Test(random, normal_has_its_moments) {
  nnrt_random stream = nnrt_random_begin(1, "x", 0);
  double sum = 0, squares = 0, fourth = 0;
  for (int i = 0; i < DRAWS; i++) {
    const double z = nnrt_random_normal(&stream);
    sum += z;
    squares += z * z;
    fourth += z * z * z * z;
  }
  cr_assert_float_eq(sum / DRAWS, 0, 5 / sqrt(DRAWS));
  cr_assert_float_eq(squares / DRAWS, 1, 5 * sqrt(2.0 / DRAWS));
  cr_assert_float_eq(fourth / DRAWS, 3, 5 * sqrt(96.0 / DRAWS));
}

Test(random, successive_draws_do_not_follow_each_other) {
  nnrt_random stream = nnrt_random_begin(1, "x", 0);
  double before = nnrt_random_normal(&stream), sum = 0;
  for (int i = 0; i < DRAWS; i++) {
    const double z = nnrt_random_normal(&stream);
    sum += before * z;
    before = z;
  }
  cr_assert_float_eq(sum / DRAWS, 0, 5 / sqrt(DRAWS));
}

Test(random, below_is_even_and_in_range) {
  size_t counts[7] = {0};
  nnrt_random stream = nnrt_random_begin(1, "x", 0);
  for (int i = 0; i < 70000; i++)
    counts[nnrt_random_below(&stream, 7)]++;
  for (int i = 0; i < 7; i++)
    cr_assert_float_eq((double)counts[i], 10000, 5 * sqrt(10000));
  cr_assert_eq(nnrt_random_below(&stream, 1), 0);
}

Test(random, shuffle_permutes_and_puts_each_anywhere) {
  size_t first[5] = {0};
  for (uint64_t part = 0; part < 5000; part++) {
    size_t order[5] = {0, 1, 2, 3, 4}, seen = 0;
    nnrt_random stream = nnrt_random_begin(1, "@shuffle", part);
    nnrt_random_shuffle(&stream, order, 5);
    for (int i = 0; i < 5; i++)
      seen |= (size_t)1 << order[i];
    cr_assert_eq(seen, 31);
    first[order[0]]++;
  }
  for (int i = 0; i < 5; i++)
    cr_assert_float_eq((double)first[i], 1000, 5 * sqrt(1000));
}

Test(random, dropout_draws_depend_on_each_of_their_numbers) {
  cr_assert_eq(nnrt_uniform(1, 2, 3, 4), nnrt_uniform(1, 2, 3, 4));
  cr_assert_neq(nnrt_uniform(1, 2, 3, 4), nnrt_uniform(9, 2, 3, 4));
  cr_assert_neq(nnrt_uniform(1, 2, 3, 4), nnrt_uniform(1, 9, 3, 4));
  cr_assert_neq(nnrt_uniform(1, 2, 3, 4), nnrt_uniform(1, 2, 9, 4));
  cr_assert_neq(nnrt_uniform(1, 2, 3, 4), nnrt_uniform(1, 2, 3, 9));
}

Test(random, dropout_draws_are_uniform) {
  double sum = 0;
  int low = 0;
  for (uint64_t i = 0; i < DRAWS; i++) {
    const float u = nnrt_uniform(1, 0, 0, i);
    cr_assert(u >= 0 && u < 1);
    sum += (double)u - 0.5;
    low += u < 0.25f;
  }
  cr_assert_float_eq(sum / DRAWS, 0, 5 * sqrt(1.0 / 12 / DRAWS));
  cr_assert_float_eq((double)low / DRAWS, 0.25, 5 * sqrt(0.1875 / DRAWS));
}
