/* Recurrences against the loops that they mean: both directions, several starts, several states,
 * two axes, reads from outside, carried states; and the references that they become. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "helper_elaborate.h"

Test(recurrence, forwards_from_a_parameter) {
  subject s = elaborated("input x[4, 2]\nparam W[2, 2], a[2]\nh[-1] = a\n"
                         "h[t] = tanh(W @ h[t-1] + x[t])\noutput h\nloss sum(h)\n");
  double h[2] = {LEAF(&s, "a", 0), LEAF(&s, "a", 1)};
  for (int t = 0; t < 4; t++) {
    double next[2];
    for (int i = 0; i < 2; i++)
      next[i] = tanh(LEAF(&s, "W", i, 0) * h[0] + LEAF(&s, "W", i, 1) * h[1] +
                     LEAF(&s, "x", t, i));
    memcpy(h, next, sizeof h);
    assert_equal(OUTPUT(&s, "h", t, 1), h[1], "h");
  }
  subject_free(&s);
}

Test(recurrence, backwards_from_a_number) {
  subject s = elaborated("input x[5]\nparam w\ng[5] = 0.5\ng[t] = w * g[t+1] + x[t]\noutput g\n"
                         "output first = g[0]\nloss sum(g)\n");
  double g = 0.5;
  for (int t = 4; t >= 0; t--) {
    g = LEAF(&s, "w", -1) * g + LEAF(&s, "x", t);
    assert_equal(OUTPUT(&s, "g", t), g, "g");
  }
  assert_equal(OUTPUT(&s, "first", -1), g, "the last step");
  subject_free(&s);
}

Test(recurrence, two_steps_back) {
  subject s = elaborated("input x[5]\nf[-1] = 1\nf[-2] = 2\nf[t] = f[t-1] - f[t-2] * x[t]\n"
                         "output f\nloss sum(f)\n");
  double before = 2, last = 1;
  for (int t = 0; t < 5; t++) {
    double next = last - before * LEAF(&s, "x", t);
    before = last;
    last = next;
    assert_equal(OUTPUT(&s, "f", t), next, "f");
  }
  subject_free(&s);
}

/* Reads in every place: old and new states of one cycle, and both from outside. */
Test(recurrence, states_that_read_each_other) {
  subject s = elaborated("input x[4]\na[-1] = 1\nb[-1] = 2\nb[t] = a[t] * x[t] - b[t-1]\n"
                         "a[t] = b[t-1] + x[t] * c[t]\nc[t] = sin(a[t-1])\noutput a\noutput b\n"
                         "d[t] = a[t-1] + b[t]\noutput d\nloss sum(a)\n");
  double a = 1, b = 2;
  for (int t = 0; t < 4; t++) {
    double x = LEAF(&s, "x", t), old = a;
    a = b + x * sin(a);
    b = a * x - b;
    assert_equal(OUTPUT(&s, "a", t), a, "a");
    assert_equal(OUTPUT(&s, "b", t), b, "b");
    assert_equal(OUTPUT(&s, "d", t), old + b, "d");
  }
  subject_free(&s);
}

Test(recurrence, over_two_axes_with_a_corner) {
  subject s = elaborated("input x[3, 4]\ng[-1, j] = j\ng[i, -1] = -i\ng[-1, -1] = 7\n"
                         "g[i, j] = g[i-1, j] + 2 * g[i, j-1] - g[i-1, j-1] * x[i, j]\noutput g\n"
                         "loss sum(g)\n");
  double g[4][5];
  g[0][0] = 7;
  for (int j = 0; j < 4; j++) g[0][j + 1] = j;
  for (int i = 0; i < 3; i++) {
    g[i + 1][0] = -i;
    for (int j = 0; j < 4; j++) {
      g[i + 1][j + 1] = g[i][j + 1] + 2 * g[i + 1][j] - g[i][j] * LEAF(&s, "x", i, j);
      assert_equal(OUTPUT(&s, "g", i, j), g[i + 1][j + 1], "g");
    }
  }
  subject_free(&s);
}

Test(recurrence, only_the_start_tells_the_shape_of_a_step) {
  subject s = elaborated("input x[3]\nh[-1, j: 2] = j\nh[t] = h[t-1] / 2 + x[t]\noutput h\n"
                         "loss sum(h)\n");
  cr_assert_eq(output_of(&s, "h")->rank, 2);
  assert_equal(OUTPUT(&s, "h", 0, 1), 0.5 + LEAF(&s, "x", 0), "h");
  subject_free(&s);
}

Test(recurrence, no_input_drives_the_steps) {
  subject s = elaborated("param w[2]\nh[-1] = w\nh[t: 6] = h[t-1] * 0.5\noutput h\n"
                         "loss sum(h)\n");
  cr_assert_not(output_of(&s, "h")->per_sample);
  assert_equal(OUTPUT(&s, "h", 5, 1), LEAF(&s, "w", 1) / 64, "h");
  subject_free(&s);
}

Test(recurrence, inside_a_layer_that_is_called_under_an_index) {
  subject s = elaborated("layer decay(x[n], a) {\n  s[-1] = 0\n  s[t] = a * s[t-1] + x[t]\n"
                         "  return s\n}\ninput x[3, 4]\nh[i] = decay(x[i], 0.5)\noutput h\n"
                         "loss sum(h)\n");
  for (int i = 0; i < 3; i++) {
    double state = 0;
    for (int t = 0; t < 4; t++) {
      state = 0.5 * state + LEAF(&s, "x", i, t);
      assert_equal(OUTPUT(&s, "h", i, t), state, "h");
    }
  }
  subject_free(&s);
}

static int references(const subject *s) {
  int count = 0;
  for (int k = 0; k < tensor_count(s->p->g); k++)
    count += tensor_at(s->p->g, k)->role == TENSOR_REFERENCE;
  return count;
}

Test(recurrence, only_shifted_reads_of_a_cycle_need_a_reference) {
  subject s = elaborated("input x[4]\nh[-1] = 0\nh[t] = z[t] * h[t-1] + x[t]\n"
                         "z[t] = sigmoid(h[t-1])\nlast[-1] = 1\nlast[t] = x[t]\n"
                         "u[t] = last[t-1] + h[t-1]\nloss sum(u)\n");
  cr_assert_eq(references(&s), 1);
  for (int k = 0; k < tensor_count(s.p->g); k++) {
    const tensor *t = tensor_at(s.p->g, k);
    if (t->role == TENSOR_REFERENCE) cr_assert_eq(t->body, definition_named(&s, "h")->value);
  }
  subject_free(&s);
}

Test(recurrence, a_carried_start_reads_the_state_that_the_batch_before_left) {
  subject s = elaborated("input x[4, 2]\nh[-1] = carry(1)\nh[t] = h[t-1] * x[t]\noutput h\n"
                         "g[4] = carry(0)\ng[t] = g[t+1] + x[t]\nloss sum(h) + sum(g)\n");
  cr_assert_eq(s.p->states, 2);
  cr_assert_eq(s.p->refreshes, 2);
  cr_assert_not_null(s.p->carried);
  const tensor *h = s.p->state[0];
  cr_assert_str_eq(h->word, "carry.h");
  cr_assert(h->role == TENSOR_CARRY && h->per_sample && h->rank == 1 && h->shape[0] == 2);
  cr_assert_eq(s.p->refresh[0].leaf, h);
  const definition *last = &s.p->refresh[0].value;
  cr_assert_eq(last->rank, 1);
  s.at[last->dims[0]] = 1;
  double found = scalar_value(&s, last->value);
  assert_equal(found, OUTPUT(&s, "h", 3, 1), "the last state");
  cr_assert_eq(s.p->test_loss, s.p->objective);
  subject_free(&s);
}
