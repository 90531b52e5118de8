/* What comes out of whole models: the closed forms of the three classic derivations, and nothing
 * superfluous. The bounds are those of the prototype that the calculus was tried out with. */
#include <criterion/criterion.h>
#include <string.h>

#include "transform.h"

typedef struct result {
  arena *memory;
  program *p;
} result;

static result model(const char *words) {
  result r = {.memory = arena_new()};
  name_table *names = name_table_new(r.memory);
  report *to = report_new(r.memory, stderr);
  const source *file = source_of_text(r.memory, "test.nn", words, false);
  statement *first = parse_model(r.memory, names, to, file);
  r.p = elaborate(&(elaboration){.memory = r.memory, .names = names, .to = to, .file = file,
                                 .first = first});
  cr_assert(r.p && report_errors(to) == 0, "the model does not elaborate");
  coalesce_axes(r.p);
  derive_program(r.p);
  coalesce_axes(r.p);
  return r;
}

static result lowered(const char *words) {
  result r = model(words);
  lower_program(r.p);
  const char *wrong = verify_program(r.p, true);
  cr_assert_null(wrong, "%s", wrong);
  return r;
}

/* Nodes that compute, forward and backward together. */
static int count_nodes(const result *r) {
  const bool *reached = program_reach(r->p, true);
  int count = 0;
  for (int id = 0; id < graph_node_count(r->p->g); id++) {
    count += reached[id] && graph_node(r->p->g, id)->operands > 0;
  }
  return count;
}

static const definition *gradient_of(const result *r, const char *word) {
  for (int k = 0; k < r->p->gradients; k++) {
    if (strcmp(r->p->gradient[k].word, word) == 0) return &r->p->gradient[k];
  }
  cr_assert_fail("there is no %s", word);
  return NULL;
}

/* ---- recurrences -------------------------------------------------------------------------- */

#define RNN(steps)                                                                               \
  "model rnn\n"                                                                                  \
  "let T = " steps "\n"                                                                          \
  "input x[T, 3]\ntarget y[T, 4]\n"                                                              \
  "param U[4, 3], W[4, 4], b[4], h0[4]\n"                                                        \
  "h[-1] = h0\n"                                                                                 \
  "h[t] = tanh(U @ x[t] + W @ h[t-1] + b)\n"                                                     \
  "loss sum((h - y)^2)\n"

Test(superfluous, nothing_in_the_tanh_rnn) {
  result r = lowered(RNN("5")), longer = lowered(RNN("50000"));
  int count = count_nodes(&r);
  cr_assert_leq(count, 25, "%d nodes", count);
  cr_assert_eq(count_nodes(&longer), count, "the number of steps shows");
  arena_free(r.memory);
  arena_free(longer.memory);
}

Test(superfluous, nothing_in_the_lstm_by_equations) {
  result r = lowered(
      "model lstm\n"
      "input x[9, 3]\ntarget y[9, 2]\n"
      "param Wi[2, 3], Wf[2, 3], Wo[2, 3], Wg[2, 3]\n"
      "param Ui[2, 2], Uf[2, 2], Uo[2, 2], Ug[2, 2]\n"
      "param bi[2], bf[2], bo[2], bg[2]\n"
      "h[-1] = 0\nc[-1] = 0\n"
      "i[t] = sigmoid(Wi @ x[t] + Ui @ h[t-1] + bi)\n"
      "f[t] = sigmoid(Wf @ x[t] + Uf @ h[t-1] + bf)\n"
      "o[t] = sigmoid(Wo @ x[t] + Uo @ h[t-1] + bo)\n"
      "g[t] = tanh(Wg @ x[t] + Ug @ h[t-1] + bg)\n"
      "c[t] = f[t] * c[t-1] + i[t] * g[t]\n"
      "h[t] = o[t] * tanh(c[t])\n"
      "loss sum((h - y)^2)\n");
  int count = count_nodes(&r);
  cr_assert_leq(count, 79, "%d nodes", count);
  arena_free(r.memory);
}

/* ---- bracketing --------------------------------------------------------------------------- */

static double multiply_adds(const result *r, const node *n, bool *seen, const bool *forward) {
  double work = 0;
  if (seen[n->id] || forward[n->id]) return 0;
  seen[n->id] = true;
  for (int k = 0; k < n->operands; k++) work += multiply_adds(r, n->operand[k], seen, forward);
  if (n->class != NODE_PRODUCT || n->bound == 0) return work;
  double volume = 1;
  for (int k = 0; k < n->rank + n->bound; k++) {
    axis a = k < n->rank ? n->axes[k] : n->bound_axes[k - n->rank];
    volume *= a == AXIS_BATCH ? r->p->settings.batch : (double)axis_extent(r->p->g, a);
  }
  return work + volume;
}

Test(superfluous, no_multiplication_in_two_linear_layers) {
  result r = lowered(
      "model two\n"
      "input x[30]\ntarget y[1]\n"
      "param W1[16, 30], W2[1, 16]\n"
      "a = sigmoid(W2 @ (W1 @ x))\n"
      "loss -sum(y * log(a) + (1 - y) * log(1 - a))\n"
      "train { batch 32 }\n");
  bool *seen = arena_alloc(r.memory, (size_t)graph_node_count(r.p->g) * sizeof *seen);
  double work = multiply_adds(&r, gradient_of(&r, "d_W1")->value, seen,
                              program_reach(r.p, false));
  cr_assert_leq(work, 1440, "%g multiply-adds for d_W1", work);
  arena_free(r.memory);
}

/* Sums of one number for each feature: over samples, places or both. */
static int count_sums(const result *r, bool backward) {
  const bool *forward = program_reach(r->p, false), *all = program_reach(r->p, true);
  int count = 0;
  for (int id = 0; id < graph_node_count(r->p->g); id++) {
    const node *n = graph_node(r->p->g, id);
    bool counts = backward ? all[id] && !forward[id] : forward[id];
    count += counts && n->class == NODE_PRODUCT && n->rank == 1 && node_binds(n, AXIS_BATCH);
  }
  return count;
}

/* Behind the sums of d and of d x that the parameters' derivatives are, the derivative of a batch norm
 * sums nothing; what stands before it and is taken away with the mean has no derivative. */
Test(superfluous, no_sum_in_front_of_a_batch_norm) {
  result r = lowered(
      "model norm\n"
      "input x[3, 8, 8]\ntarget y : class(5)\n"
      "u = x |> conv2d(4, 3) |> batchnorm |> relu |> conv2d(4, 3)\n"
      "z = flatten(u) |> dense(5)\n"
      "loss softmax_cross_entropy(z, y)\n");
  cr_expect_eq(count_sums(&r, true), 4, "%d: for g, b, and the biases of two layers", count_sums(&r, true));
  const definition *lost = NULL;
  for (int k = 0; k < r.p->gradients; k++) {
    if (node_is_constant(r.p->gradient[k].value, 0)) lost = &r.p->gradient[k];
  }
  cr_assert_not_null(lost);
  cr_expect_str_eq(lost->word, "d_u.1.b");
  arena_free(r.memory);
}

/* A sum of differences is not told from two sums that are there: it would be less precise. */
Test(superfluous, differences_are_summed_as_they_are) {
  result r = lowered(
      "model bias\n"
      "input x[6]\ntarget y[6]\nparam w[6]\n"
      "p = w * x\n"
      "a[i] = mean[batch](p[i])\nb[i] = mean[batch](y[i])\nc[i] = mean[batch](p[i] - y[i])\n"
      "loss sum((c + a * b)^2)\n");
  cr_expect_eq(count_sums(&r, false), 3);
  arena_free(r.memory);
}

/* ---- closed forms ------------------------------------------------------------------------- */

static const node *leaf_of(const result *r, const char *word, const axis *dims) {
  for (int k = 0; k < tensor_count(r->p->g); k++) {
    const tensor *t = tensor_at(r->p->g, k);
    if (strcmp(t->word, word) == 0) return node_tensor(r->p->g, t, dims);
  }
  cr_assert_fail("there is no %s", word);
  return NULL;
}

static const definition *named(const result *r, const char *word) {
  for (int k = 0; k < r->p->definitions; k++) {
    if (strcmp(r->p->definition[k].word, word) == 0) return &r->p->definition[k];
  }
  cr_assert_fail("there is no %s", word);
  return NULL;
}

static const char *shown(const result *r, const node *n) {
  text out = text_new(r->memory);
  print_node(&out, r->p->g, n, 9);
  return out.chars;
}

/* d_b2 = sum over the batch of (a - y) / m, and nothing else. */
Test(closed_forms, of_two_layer_logistic_regression) {
  result r = model(
      "model logistic\n"
      "input x[5]\ntarget y[1]\n"
      "param W1[4, 5], b1[4], W2[1, 4], b2[1]\n"
      "h = tanh(W1 @ x + b1)\n"
      "a = sigmoid(W2 @ h + b2)\n"
      "loss -sum(y * log(a) + (1 - y) * log(1 - a))\n");
  graph *g = r.p->g;
  axis batch = AXIS_BATCH, unit[] = {AXIS_UNIT};
  const node *error = node_subtract(g, named(&r, "a")->value, leaf_of(&r, "y", unit));
  const node *delta = node_divide(g, error, node_extent(g));
  const node *found = gradient_of(&r, "d_b2")->value;
  cr_assert_eq(found, node_sum_over(g, delta, 1, &batch), "d_b2 = %s", shown(&r, found));
  const node *factors[] = {named(&r, "h")->value, delta};
  found = gradient_of(&r, "d_W2")->value;
  cr_assert_eq(found, node_product(g, 2, factors, NULL, 1, &batch), "d_W2 = %s",
               shown(&r, found));
  arena_free(r.memory);
}

/* d_b = sum over the batch of (p - y) / m for a class and for a naive one-hot loss. */
static void check_softmax(const char *words, bool onehot) {
  result r = model(words);
  graph *g = r.p->g;
  axis batch = AXIS_BATCH;
  const definition *d = gradient_of(&r, "d_b");
  const definition *p = named(&r, "p");
  const node *y = onehot ? leaf_of(&r, "y", p->dims)
                         : node_onehot(g, leaf_of(&r, "y", NULL), p->dims[0]);
  const node *delta = node_divide(g, node_subtract(g, p->value, y), node_extent(g));
  const node *wanted = node_rename(g, node_sum_over(g, delta, 1, &batch), p->dims[0], d->dims[0]);
  cr_assert_eq(d->value, wanted, "d_b = %s", shown(&r, d->value));
  arena_free(r.memory);
}

Test(closed_forms, of_softmax_cross_entropy_by_classes) {
  check_softmax(
      "model classes\n"
      "input x[3]\ntarget y : class(4)\n"
      "param W[4, 3], b[4]\n"
      "p = softmax(W @ x + b)\n"
      "loss cross_entropy(p, y)\n",
      false);
}

Test(closed_forms, of_softmax_cross_entropy_naively_by_classes) {
  check_softmax(
      "model naive\n"
      "input x[3]\ntarget y : class(4)\n"
      "param W[4, 3], b[4]\n"
      "p = softmax(W @ x + b)\n"
      "loss -sum(y * log(p))\n",
      false);
}
