/* Layers, their parameters' names, sharing, repeat, what prediction does otherwise. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <string.h>

#include "helper_elaborate.h"

/* ---- names of parameters ------------------------------------------------------------------ */

/* `names`: those of all parameters, in order, each followed by a space; a `*` stands for the number
 * of each copy. */
typedef struct naming {
  const char *model, *names;
} naming;

static const naming namings[] = {
    {"h = dense(x, 2)\n", "h.W h.b "},
    {"h = x |> dense(4) |> tanh |> dense(2)\n", "h.1.W h.1.b h.2.W h.2.b "},
    {"h = dense(x, 2) + dense(dense(x, 3), 2)\n", "h.1.W h.1.b h.2.W h.2.b h.3.W h.3.b "},
    {"h = x\nrepeat 2 { h = dense(h, 3) }\n", "h.*.W h.*.b "},
    {"h = x\nrepeat 2 { h = h |> dense(4) |> dense(3) }\n",
     "h.*.1.W h.*.1.b h.*.2.W h.*.2.b "},
    {"layer two(x, m) { a = dense(x, 5); return dense(a, m) }\nh = two(x, 2)\n",
     "h.a.W h.a.b h.W h.b "},
    {"layer chain(x) { repeat 2 { x = dense(x, 3) }; return x }\nh = chain(x)\n",
     "h.x.*.W h.x.*.b "},
    {"layer scaled(x) { param g ~ ones; return g * x }\nh = silu(scaled(gelu(x)))\n", "h.g "},
    {"h[i] = dense(M[i], 4)\n", "h.W h.b "},
    {"h = dense(x, 2)\ng = dense(2 * x, 2, parameters = h)\n", "h.W h.b "},
    {"h = x\nrepeat 2 { param w[3]\n h = w * h }\n", "w.* "},
    {"output h = dense(x, 2)\n", "h.W h.b "},
    {"z[-1] = dense(x, 2)\nz[t: 4] = tanh(z[t-1])\nh = z[3]\n", "z.W z.b "},
};

ParameterizedTestParameters(layers, names_of_parameters) {
  static int rows[sizeof namings / sizeof *namings];
  for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) rows[k] = (int)k;
  return cr_make_param_array(int, rows, sizeof rows / sizeof *rows);
}

ParameterizedTest(int *row, layers, names_of_parameters) {
  char model[512], names[512] = "";
  snprintf(model, sizeof model, "input x[3], M[2, 3]\n%sloss sum(h)\n", namings[*row].model);
  subject s = elaborated(model);
  for (int k = 0; k < s.p->parameters; k++) {
    strcat(names, s.p->parameter[k]->word);
    strcat(names, " ");
  }
  cr_assert_str_eq(names, namings[*row].names, "%s", model);
  subject_free(&s);
}

/* ---- values ------------------------------------------------------------------------------- */

Test(layers, shared_parameters_are_the_same_tensors) {
  subject s = elaborated("input x[3], y[3]\nh = dense(x, 2)\ng = dense(y, 2, parameters = h)\n"
                         "output g\nloss sum(h)\n");
  double sum = LEAF(&s, "h.b", 1);
  for (int j = 0; j < 3; j++) sum += LEAF(&s, "h.W", 1, j) * LEAF(&s, "y", j);
  assert_equal(OUTPUT(&s, "g", 1), sum, "g");
  subject_free(&s);
}

Test(layers, sizes_bind_defaults_use_them_and_lets_are_the_files) {
  subject s = elaborated("let k = 10\nlayer f(x[n, m], y[m], a = n * m, b = a + k) {\n"
                         "  let c = b / 2\n  return a * (x @ y) + b + c\n}\n"
                         "input p[2, 3], q[3]\noutput h = f(p, q)\n"
                         "output g = f(y = q, x = p, b = 1)\nloss sum(h)\n");
  double sum = 0;
  for (int j = 0; j < 3; j++) sum += LEAF(&s, "p", 1, j) * LEAF(&s, "q", j);
  assert_equal(OUTPUT(&s, "h", 1), 6 * sum + 16 + 8, "h");
  assert_equal(OUTPUT(&s, "g", 1), 6 * sum + 1 + 0.5, "g");
  subject_free(&s);
}

Test(layers, an_ellipsis_takes_any_axes) {
  subject s = elaborated("layer unit(x[..., n]) { return x / sqrt(sum(x^2)) }\n"
                         "layer centre(x[c, ...]) { m = mean[...](x)\n return x - m }\n"
                         "input x[2, 3]\noutput u = unit(x)\noutput v = unit(x[1])\n"
                         "output w = centre(x)\noutput t = unit(x' * 2)\nloss sum(u)\n");
  double square = 0, mean = 0, column = 0;
  for (int j = 0; j < 3; j++) {
    square += LEAF(&s, "x", 1, j) * LEAF(&s, "x", 1, j);
    mean += LEAF(&s, "x", 1, j) / 3;
  }
  for (int i = 0; i < 2; i++) column += 4 * LEAF(&s, "x", i, 2) * LEAF(&s, "x", i, 2);
  assert_equal(OUTPUT(&s, "u", 1, 2), LEAF(&s, "x", 1, 2) / sqrt(square), "a matrix");
  assert_equal(OUTPUT(&s, "v", 2), LEAF(&s, "x", 1, 2) / sqrt(square), "a vector");
  assert_equal(OUTPUT(&s, "w", 1, 2), LEAF(&s, "x", 1, 2) - mean, "behind the named axis");
  assert_equal(OUTPUT(&s, "t", 2, 1), 2 * LEAF(&s, "x", 1, 2) / sqrt(column), "a transpose");
  subject_free(&s);
}

Test(layers, an_own_layer_hides_the_librarys_from_the_model_only) {
  subject s = elaborated("layer mse(a, b) { return 7 + sum(a) * 0 }\n"
                         "layer sigmoid_like(x) { return dense(x, 1) }\n"
                         "layer dense(x, m) { return x }\n"
                         "input x[3], y[3, 4]\noutput h = dense(x, 5)\noutput r = rnn(y, 2)\n"
                         "output b = transformer_block(y, 2)\nloss mse(x, x)\n");
  cr_assert_eq(output_of(&s, "h")->rank, 1);
  cr_assert_not_null(parameter_named(&s, "b.u.W")); /* the library's own dense */
  assert_equal(scalar_value(&s, s.p->objective), 7, "the model's mse");
  subject_free(&s);
}

Test(layers, repeat_counts_and_hands_over) {
  subject s = elaborated("input x[3]\nh = x\nrepeat l: 3 {\n  a = h + l\n  h = 2 * a\n  h = h - x\n"
                         "}\noutput h\nrepeat 0 { h = 5 * h }\nloss sum(h)\n");
  double x = LEAF(&s, "x", 1), h = x;
  for (int l = 0; l < 3; l++) h = 2 * (h + l) - x;
  assert_equal(OUTPUT(&s, "h", 1), h, "h");
  subject_free(&s);
}

Test(layers, repeats_in_repeats_and_recurrences_in_them) {
  subject s = elaborated("input x[3]\nh = x\nrepeat 2 {\n  repeat 2 { h = h + 1 }\n"
                         "  g[-1] = 0\n  g[t] = g[t-1] + h[t]\n  h = g\n}\noutput h\n"
                         "loss sum(h)\n");
  double h[3];
  for (int t = 0; t < 3; t++) h[t] = LEAF(&s, "x", t);
  for (int copy = 0; copy < 2; copy++) {
    double sum = 0;
    for (int t = 0; t < 3; t++) h[t] = sum += h[t] + 2;
  }
  for (int t = 0; t < 3; t++) assert_equal(OUTPUT(&s, "h", t), h[t], "h");
  subject_free(&s);
}

/* ---- training and prediction -------------------------------------------------------------- */

Test(modes, without_dropout_and_the_like_there_is_one_graph) {
  subject s = elaborated("input x[3]\ntarget y[3]\nh = dense(x, 3)\noutput h\nloss mse(h, y)\n");
  cr_assert_eq(s.p->objective, s.p->test_loss);
  cr_assert_eq(s.p->definitions, 1);
  subject_free(&s);
}

static bool reaches(const node *n, tensor_role role) {
  if (n->class == NODE_TENSOR && n->tensor->role == role) return true;
  for (int k = 0; k < n->operands; k++) {
    if (reaches(n->operand[k], role)) return true;
  }
  return false;
}

Test(modes, dropout_acts_in_training_only_and_draws_where_it_is_written) {
  subject s = elaborated("input x[4]\nh = dropout(dense(x, 4), 0.25) + dropout(x, 0.25)\noutput h\n"
                         "loss sum(h)\n");
  cr_assert(reaches(s.p->objective, TENSOR_RANDOM));
  cr_assert_not(reaches(s.p->test_loss, TENSOR_RANDOM));
  cr_assert_not(reaches(output_of(&s, "h")->value, TENSOR_RANDOM));
  int masks = 0;
  for (int k = 0; k < tensor_count(s.p->g); k++)
    masks += tensor_at(s.p->g, k)->role == TENSOR_RANDOM;
  cr_assert_eq(masks, 2);
  cr_assert_eq(s.p->parameters, 2);
  subject_free(&s);
}

Test(modes, the_mean_over_the_batch_is_a_running_average_in_prediction) {
  subject s = elaborated("input x[4]\nm = mean[batch](x)\nh = x - m\noutput h\nloss sum(h^2)\n"
                         "metric spread = max[batch](sum(x))\n");
  cr_assert_eq(s.p->states, 1);
  cr_assert_str_eq(s.p->state[0]->word, "mean.m");
  cr_assert(s.p->state[0]->role == TENSOR_RUNNING && s.p->state[0]->shape[0] == 4);
  cr_assert_eq(s.p->refreshes, 1);
  cr_assert(reaches(output_of(&s, "h")->value, TENSOR_RUNNING));
  cr_assert_not(reaches(s.p->objective, TENSOR_RUNNING));
  cr_assert(reaches(s.p->test_loss, TENSOR_RUNNING));
  cr_assert(s.p->metrics_of_whole);
  subject_free(&s);
}
