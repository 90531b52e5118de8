/* Forms of the language against plain loops: whole equations, broadcasting, matrix products,
 * indices and their ranges, gathers, reductions, moves of elements. */
#include <criterion/criterion.h>
#include <math.h>

#include "helper_elaborate.h"

/* ---- whole equations ---------------------------------------------------------------------- */

Test(elaborate, matrix_times_vector_plus_bias) {
  subject s = elaborated("input x[3]\nparam W[2, 3], b[2]\noutput h = tanh(W @ x + b)\n"
                         "loss sum(h)\n");
  for (int b = 0; b < 2; b++) {
    s.at[AXIS_BATCH] = b;
    for (int i = 0; i < 2; i++) {
      double sum = LEAF(&s, "b", i);
      for (int j = 0; j < 3; j++) sum += LEAF(&s, "W", i, j) * LEAF(&s, "x", j);
      assert_equal(OUTPUT(&s, "h", i), tanh(sum), "h");
    }
  }
  subject_free(&s);
}

Test(elaborate, matrix_times_its_transpose_and_itself) {
  subject s = elaborated("input x[3, 3]\noutput y = x @ x' + x' @ x @ x\nloss sum(y)\n");
  for (int i = 0; i < 3; i++) {
    for (int j = 0; j < 3; j++) {
      double sum = 0;
      for (int k = 0; k < 3; k++) {
        sum += LEAF(&s, "x", i, k) * LEAF(&s, "x", j, k);
        for (int l = 0; l < 3; l++)
          sum += LEAF(&s, "x", k, i) * LEAF(&s, "x", k, l) * LEAF(&s, "x", l, j);
      }
      assert_equal(OUTPUT(&s, "y", i, j), sum, "y");
    }
  }
  subject_free(&s);
}

Test(elaborate, leading_axes_of_the_left_factor_stay) {
  subject s = elaborated("input a[2, 3, 4], v[4], M[4, 2]\noutput p = a @ v\noutput q = a @ M\n"
                         "output r = v @ M\nloss sum(p)\n");
  double p = 0, q = 0, r = 0;
  for (int k = 0; k < 4; k++) {
    p += LEAF(&s, "a", 1, 2, k) * LEAF(&s, "v", k);
    q += LEAF(&s, "a", 1, 2, k) * LEAF(&s, "M", k, 1);
    r += LEAF(&s, "v", k) * LEAF(&s, "M", k, 1);
  }
  assert_equal(OUTPUT(&s, "p", 1, 2), p, "p");
  assert_equal(OUTPUT(&s, "q", 1, 2, 1), q, "q");
  assert_equal(OUTPUT(&s, "r", 1), r, "r");
  subject_free(&s);
}

Test(elaborate, shapes_broadcast_from_the_last_axis) {
  subject s = elaborated("input a[2, 3], b[3], c[2, 1], d[1, 1, 3]\n"
                         "output y = a * b + c - d\noutput z = max(c, b)\nloss sum(y)\n");
  double y = LEAF(&s, "a", 1, 2) * LEAF(&s, "b", 2) + LEAF(&s, "c", 1, 0) - LEAF(&s, "d", 0, 0, 2);
  assert_equal(OUTPUT(&s, "y", 0, 1, 2), y, "y");
  assert_equal(OUTPUT(&s, "z", 1, 2), fmax(LEAF(&s, "c", 1, 0), LEAF(&s, "b", 2)), "z");
  subject_free(&s);
}

Test(elaborate, one_tensor_in_two_roles) {
  subject s = elaborated("input x[3, 3], v[3]\noutput y = x * x' - v\n"
                         "outer[i, j] = v[i] * v[j]\noutput outer\nloss sum(y)\n");
  assert_equal(OUTPUT(&s, "y", 0, 2),
               LEAF(&s, "x", 0, 2) * LEAF(&s, "x", 2, 0) - LEAF(&s, "v", 2), "y");
  assert_equal(OUTPUT(&s, "outer", 0, 2), LEAF(&s, "v", 0) * LEAF(&s, "v", 2), "outer");
  subject_free(&s);
}

Test(elaborate, where_and_comparisons) {
  subject s = elaborated("input a[4], b[4]\noutput y = where(a < b, a, 2 * b) + (a >= b) * 3\n"
                         "loss sum(y)\n");
  for (int i = 0; i < 4; i++) {
    double a = LEAF(&s, "a", i), b = LEAF(&s, "b", i);
    assert_equal(OUTPUT(&s, "y", i), a < b ? a : 2 * b + 3, "y");
  }
  subject_free(&s);
}

/* ---- indices ------------------------------------------------------------------------------ */

Test(elaborate, windows_take_the_largest_range) {
  subject s = elaborated("input x[9], w[3]\ny[i] = sum[p](w[p] * x[2*i + p])\noutput y\n"
                         "loss sum(y)\n");
  cr_assert_eq(axis_extent(s.p->g, output_of(&s, "y")->dims[0]), 4);
  for (int i = 0; i < 4; i++) {
    double sum = 0;
    for (int p = 0; p < 3; p++) sum += LEAF(&s, "w", p) * LEAF(&s, "x", 2 * i + p);
    assert_equal(OUTPUT(&s, "y", i), sum, "y");
  }
  subject_free(&s);
}

Test(elaborate, a_stated_range_wins_and_may_be_shorter) {
  subject s = elaborated("input x[6]\ny[i: 3] = x[i] - x[5 - i]\noutput y\nloss sum(y)\n");
  cr_assert_eq(axis_extent(s.p->g, output_of(&s, "y")->dims[0]), 3);
  assert_equal(OUTPUT(&s, "y", 2), LEAF(&s, "x", 2) - LEAF(&s, "x", 3), "y");
  subject_free(&s);
}

Test(elaborate, slices_diagonals_and_repeated_brackets) {
  subject s = elaborated("input x[3, 3, 2]\nd[i] = x[i, i]\noutput d\noutput e = x[1][2]\n"
                         "f[i: 2] = x[i, i + 1, i]\noutput f\nloss sum(d)\n");
  assert_equal(OUTPUT(&s, "d", 2, 1), LEAF(&s, "x", 2, 2, 1), "d");
  assert_equal(OUTPUT(&s, "e", 1), LEAF(&s, "x", 1, 2, 1), "e");
  assert_equal(OUTPUT(&s, "f", 1), LEAF(&s, "x", 1, 2, 1), "f");
  subject_free(&s);
}

Test(elaborate, an_index_is_a_number_outside_of_brackets) {
  subject s = elaborated("input x[4]\ny[i] = i * x[i] + (i == 2)\noutput y\nloss sum(y)\n");
  for (int i = 0; i < 4; i++)
    assert_equal(OUTPUT(&s, "y", i), i * LEAF(&s, "x", i) + (i == 2), "y");
  subject_free(&s);
}

Test(elaborate, an_index_without_brackets_runs_as_far_as_its_guard_compares) {
  subject s = elaborated("input x[4]\nc[i] = sum[j | j <= i](x[j])\noutput c\nloss sum(c)\n");
  double sum = 0;
  for (int i = 0; i < 4; i++) {
    sum += LEAF(&s, "x", i);
    assert_equal(OUTPUT(&s, "c", i), sum, "c");
  }
  subject_free(&s);
}

Test(elaborate, classes_gather_and_are_vectors) {
  subject s = elaborated("input c[3] : class(4), d : class(4), E[4, 2], v[4]\n"
                         "output e = E[c]\noutput f = v[d] + v @ d\noutput g = c @ E\n"
                         "h[t] = v[c[t]]\noutput h\noutput same = c == d\nloss sum(e)\n");
  for (int b = 0; b < 3; b++) {
    s.at[AXIS_BATCH] = b;
    int64_t d = (int64_t)LEAF(&s, "d", -1);
    assert_equal(OUTPUT(&s, "f", -1), 2 * LEAF(&s, "v", d), "f");
    for (int t = 0; t < 3; t++) {
      int64_t c = (int64_t)LEAF(&s, "c", t);
      assert_equal(OUTPUT(&s, "e", t, 1), LEAF(&s, "E", c, 1), "e");
      assert_equal(OUTPUT(&s, "g", t, 1), LEAF(&s, "E", c, 1), "g");
      assert_equal(OUTPUT(&s, "h", t), LEAF(&s, "v", c), "h");
      assert_equal(OUTPUT(&s, "same", t), c == d, "same");
    }
  }
  subject_free(&s);
}

/* ---- reductions --------------------------------------------------------------------------- */

Test(elaborate, reductions_over_everything_some_and_numbered_axes) {
  subject s = elaborated("input x[2, 3]\noutput a = mean(x)\noutput b = sum[-1](x)\n"
                         "output c = max[0](x)\nd[i] = min[j](x[i, j])\noutput d\n"
                         "output e = sum[i](x[i])\noutput f = logsumexp(x)\nloss a\n");
  double all = 0, exps = 0;
  for (int i = 0; i < 2; i++) {
    for (int j = 0; j < 3; j++) all += LEAF(&s, "x", i, j);
  }
  double row = 0, least = 9;
  for (int j = 0; j < 3; j++) {
    row += LEAF(&s, "x", 1, j);
    least = fmin(least, LEAF(&s, "x", 1, j));
    exps += exp(LEAF(&s, "x", 1, j));
  }
  assert_equal(OUTPUT(&s, "a", -1), all / 6, "mean");
  assert_equal(OUTPUT(&s, "b", 1), row, "sum of the last axis");
  assert_equal(OUTPUT(&s, "c", 2), fmax(LEAF(&s, "x", 0, 2), LEAF(&s, "x", 1, 2)), "max");
  assert_equal(OUTPUT(&s, "d", 1), least, "min");
  assert_equal(OUTPUT(&s, "e", 2), LEAF(&s, "x", 0, 2) + LEAF(&s, "x", 1, 2), "sum of slices");
  assert_equal(OUTPUT(&s, "f", 1), log(exps), "logsumexp");
  subject_free(&s);
}

Test(elaborate, guarded_reductions_over_nothing) {
  subject s = elaborated("input x[3]\nm[i: 4] = mean[j | j < i](x[j])\noutput m\n"
                         "p[j] = softmax[j | j < 2](x[j])\noutput p\n"
                         "q[j] = softmax[j | j < 0](x[j])\noutput q\nloss sum(m)\n");
  double x0 = LEAF(&s, "x", 0), x1 = LEAF(&s, "x", 1);
  assert_equal(OUTPUT(&s, "m", 0), 0, "the mean of nothing");
  assert_equal(OUTPUT(&s, "m", 2), (x0 + x1) / 2, "the mean of two");
  assert_equal(OUTPUT(&s, "p", 1), exp(x1) / (exp(x0) + exp(x1)), "softmax");
  assert_equal(OUTPUT(&s, "p", 2), 0, "softmax where its guard fails");
  assert_equal(OUTPUT(&s, "q", 1), 0, "softmax over nothing");
  subject_free(&s);
}

Test(elaborate, the_loss_is_the_mean_over_the_batch_and_losses_add) {
  subject s = elaborated("input x\nparam w\nloss x^2\nloss 3 * w^2\nloss w * x\n");
  double sum = 0, w = LEAF(&s, "w", -1);
  for (int b = 0; b < 3; b++) {
    s.at[AXIS_BATCH] = b;
    double x = LEAF(&s, "x", -1);
    sum += x * x + w * x;
  }
  s.at[AXIS_BATCH] = 0;
  assert_equal(scalar_value(&s, s.p->objective), sum / 3 + 3 * w * w, "objective");
  cr_assert_eq(s.p->objective, s.p->test_loss);
  subject_free(&s);
}

/* ---- moves of elements -------------------------------------------------------------------- */

Test(elaborate, concat_reshape_flatten_pad) {
  subject s = elaborated("input a[2, 3], b[3, 3], c\noutput j = concat(a, b)\n"
                         "output k = concat(c, a[0], c)\noutput f = flatten(a)\n"
                         "output r = reshape(a, 3, 1, 2)\noutput p = pad(a, 0, 1, 2, 0)\n"
                         "loss c\n");
  assert_equal(OUTPUT(&s, "j", 1, 2), LEAF(&s, "a", 1, 2), "concat, first part");
  assert_equal(OUTPUT(&s, "j", 4, 0), LEAF(&s, "b", 2, 0), "concat, second part");
  assert_equal(OUTPUT(&s, "k", 0), LEAF(&s, "c", -1), "concat of a scalar");
  assert_equal(OUTPUT(&s, "k", 3), LEAF(&s, "a", 0, 2), "concat of a row");
  assert_equal(OUTPUT(&s, "f", 4), LEAF(&s, "a", 1, 1), "flatten");
  assert_equal(OUTPUT(&s, "r", 1, 0, 1), LEAF(&s, "a", 1, 0), "reshape");
  assert_equal(OUTPUT(&s, "p", 1, 4), LEAF(&s, "a", 1, 2), "pad, inside");
  assert_equal(OUTPUT(&s, "p", 1, 1), 0, "pad, before");
  assert_equal(OUTPUT(&s, "p", 2, 3), 0, "pad, after");
  subject_free(&s);
}

/* ---- numbers ------------------------------------------------------------------------------ */

Test(elaborate, lets_fold_and_follow_an_override) {
  const char *model = "let N = 3, M = 2 * N - 1\nlet r = sqrt(N + 1) / 4\n"
                      "input x[N]\nparam W[M, N]\noutput y = r * (W @ x)\nloss sum(y)\n";
  subject s = elaborated(model);
  cr_assert_eq(parameter_named(&s, "W")->shape[0], 5);
  subject_free(&s);
  subject t = elaborated_anyhow(model, "N", 8);
  cr_assert_eq(parameter_named(&t, "W")->shape[0], 15);
  double sum = 0;
  for (int j = 0; j < 8; j++) sum += LEAF(&t, "W", 14, j) * LEAF(&t, "x", j);
  assert_equal(OUTPUT(&t, "y", 14), 0.75 * sum, "y");
  subject_free(&t);
}

Test(elaborate, derivatives_inside_a_model) {
  subject s = elaborated("input x[2]\nparam W[3, 2]\nf = sin(W @ x)\n"
                         "output J[i, j] = grad(f[i], x)[j]\noutput g = grad(sum(f^2), f)\n"
                         "output h = grad(grad(f[1], x)[0], x)\nloss sum(f)\n");
  double a[3] = {0, 0, 0};
  for (int i = 0; i < 3; i++) {
    for (int j = 0; j < 2; j++) a[i] += LEAF(&s, "W", i, j) * LEAF(&s, "x", j);
  }
  assert_equal(OUTPUT(&s, "J", 2, 1), cos(a[2]) * LEAF(&s, "W", 2, 1), "Jacobian");
  assert_equal(OUTPUT(&s, "g", 2), 2 * sin(a[2]), "by an interior tensor");
  assert_equal(OUTPUT(&s, "h", 1), -sin(a[1]) * LEAF(&s, "W", 1, 0) * LEAF(&s, "W", 1, 1),
               "second derivative");
  subject_free(&s);
}
