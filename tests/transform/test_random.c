/* Random models: what the constructors make of an expression has the value of the expression, its
 * derivative is what central differences say, and lowering changes neither.
 *
 * An expression is a tree of its own here, evaluated by the plain definitions over two axes of
 * equal extent; the graph's constructors build the same beside it. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "helper_evaluate.h"
#include "transform.h"

enum { N = 3, LEAVES = 3 };

typedef enum kind {
  LEAF, LEAF_TRANSPOSED, LEAF_ROW, CONSTANT, LABELLED, ADD, SUBTRACT, MULTIPLY, DIVIDE, SQUARE,
  EXP, LOG_EXP, TANH, SIGMOID, LOG_SIGMOID, SOFTPLUS, WHERE, SUM_J, SWAPPED, SUM_PRODUCT, MAX_J,
  LSE_J, SOFTMAX_J, LOG_SOFTMAX_J, GUARDED_SUM, SHIFT, ROOT, KINDS
} kind;

typedef struct tree {
  kind kind;
  int leaf;
  double value;
  struct tree *a, *b;
} tree;

typedef struct bench {
  arena *memory;
  graph *g;
  name_table *names;
  axis i, j;
  tensor *leaf[LEAVES], *row, *label;
  world w;
  int64_t *at;
  uint64_t seed;
} bench;

static uint64_t draw(bench *b, uint64_t below) {
  b->seed = b->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (b->seed >> 33) % below;
}

static tree *grow(bench *b, int depth) {
  tree *t = arena_alloc(b->memory, sizeof *t);
  t->kind = depth <= 0 ? (kind)draw(b, ADD) : (kind)draw(b, KINDS);
  t->leaf = (int)draw(b, LEAVES);
  t->value = (double)draw(b, 5) - 2;
  if (t->kind >= ADD) {
    t->a = grow(b, depth - 1);
    t->b = draw(b, 4) ? grow(b, depth - 1) : t->a;
  }
  return t;
}

/* ---- by definition ------------------------------------------------------------------------ */

static double leaf_at(bench *b, const tensor *t, int64_t i, int64_t j) {
  axis dims[] = {b->i, b->j};
  if (t->rank == 1) dims[0] = b->j;
  b->at[b->i] = i;
  b->at[b->j] = j;
  return evaluate(&b->w, node_tensor(b->g, t, dims), b->at);
}

static double value(bench *b, const tree *t, int64_t i, int64_t j);

static double softplus(double x) { return fmax(x, 0) + log1p(exp(-fabs(x))); }

static double over_j(bench *b, const tree *t, int64_t i, int64_t j) {
  double sum = 0, largest = -(double)INFINITY, exponentials = 0;
  for (int64_t k = 0; k < N; k++) {
    double x = value(b, t->a, i, k);
    sum += t->kind == GUARDED_SUM ? (k <= i ? x : 0)
                                  : x * (t->kind == SUM_PRODUCT ? value(b, t->b, k, i) : 1);
    largest = fmax(largest, x);
    exponentials += exp(x);
  }
  double here = value(b, t->a, i, j);
  switch (t->kind) {
    case MAX_J: return largest;
    case LSE_J: return log(exponentials);
    case SOFTMAX_J: return exp(here) / exponentials;
    case LOG_SOFTMAX_J: return here - log(exponentials);
    default: return sum;
  }
}

static double value(bench *b, const tree *t, int64_t i, int64_t j) {
  if (t->kind >= SUM_J && t->kind <= GUARDED_SUM && t->kind != SWAPPED) return over_j(b, t, i, j);
  double x = t->a && t->kind != SHIFT && t->kind != SWAPPED ? value(b, t->a, i, j) : 0;
  double y = t->b && t->kind != SHIFT && t->kind != SWAPPED ? value(b, t->b, i, j) : 0;
  switch (t->kind) {
    case LEAF: return leaf_at(b, b->leaf[t->leaf], i, j);
    case LEAF_TRANSPOSED: return leaf_at(b, b->leaf[t->leaf], j, i);
    case LEAF_ROW: return leaf_at(b, b->row, i, j);
    case CONSTANT: return t->value;
    case LABELLED: return leaf_at(b, b->leaf[t->leaf], i, (int64_t)leaf_at(b, b->label, 0, i));
    case ADD: return x + y;
    case SUBTRACT: return x - y;
    case MULTIPLY: return x * y;
    case DIVIDE: return x / (2 + y * y);
    case SQUARE: return x * x;
    case EXP: return exp(tanh(x));
    case LOG_EXP: return log(exp(x) * (1 + exp(y)));
    case TANH: return tanh(x);
    case SIGMOID: return 1 / (1 + exp(-x));
    case LOG_SIGMOID: return -softplus(-x);
    case SOFTPLUS: return softplus(x);
    case WHERE: return x < y ? x : t->value * y;
    case SWAPPED: return value(b, t->a, j, i);
    case SHIFT: return i > 0 ? value(b, t->a, i - 1, j) : t->value;
    case ROOT: return sqrt(1 + x * x);
    default: return 0;
  }
}

/* ---- by constructors ---------------------------------------------------------------------- */

static const node *build(bench *b, const tree *t);

static const node *swapped(bench *b, const node *n) {
  return node_rename_axes(b->g, n, 2, (axis[]){b->i, b->j}, (axis[]){b->j, b->i});
}

static const node *shifted(bench *b, const node *n, double start) {
  view shift = view_empty(), first = view_empty();
  int u = view_box(&shift, N - 1);
  view_read(&shift, b->i, 0)->coefficient[u] = 1;
  view_write(&shift, b->i, 1)->coefficient[u] = 1;
  view_write(&first, b->i, 0);
  if (!node_has_axis(n, b->i)) { /* the same at every step: moved, it fills all but the first */
    shift.reads = 0;
  }
  return node_add(b->g, node_view(b->g, n, &shift),
                  node_view(b->g, node_constant(b->g, start), &first));
}

static const node *looked_up(bench *b, const tensor *t) {
  axis k = axis_new(b->g, name_of(b->names, "k"), N);
  const node *label = node_tensor(b->g, b->label, &b->i);
  const node *factors[] = {node_onehot(b->g, label, k),
                           node_tensor(b->g, t, (axis[]){b->i, k})};
  return node_product(b->g, 2, factors, NULL, 1, &k);
}

static const node *build_over_j(bench *b, const tree *t, const node *x) {
  graph *g = b->g;
  const node *guard = node_map2(g, OP_less_equal, node_index(g, b->j), node_index(g, b->i));
  const node *e = node_map1(g, OP_exp, x);
  const node *p = node_divide(g, e, node_sum_over(g, e, 1, &b->j));
  switch (t->kind) {
    case SUM_J: return node_sum_over(g, x, 1, &b->j);
    case SUM_PRODUCT: {
      const node *factors[] = {x, swapped(b, build(b, t->b))};
      return node_product(g, 2, factors, NULL, 1, &b->j);
    }
    case GUARDED_SUM: return node_sum_over(g, node_multiply(g, guard, x), 1, &b->j);
    case MAX_J: return node_select(g, SELECT_MAX, x, NULL, 1, &b->j);
    case LSE_J: return node_select(g, SELECT_LOGSUMEXP, x, NULL, 1, &b->j);
    case SOFTMAX_J: return p;
    default: return node_map1(g, OP_log, p);
  }
}

static const node *build_map(bench *b, const tree *t, const node *x, const node *y) {
  graph *g = b->g;
  const node *one = node_constant(g, 1);
  switch (t->kind) {
    case DIVIDE: return node_divide(g, x, node_sum(g, 2, 1, (const node *[]){node_power(g, y, 2)}, NULL));
    case SQUARE: return node_multiply(g, x, x);
    case EXP: return node_map1(g, OP_exp, node_map1(g, OP_tanh, x));
    case LOG_EXP:
      return node_map1(g, OP_log,
                       node_multiply(g, node_map1(g, OP_exp, x),
                                     node_add(g, one, node_map1(g, OP_exp, y))));
    case SIGMOID:
      return node_divide(g, one, node_add(g, one, node_map1(g, OP_exp, node_scale(g, -1, x))));
    case LOG_SIGMOID: return node_map1(g, OP_log, node_map1(g, OP_sigmoid, x));
    case WHERE:
      return node_where(g, node_map2(g, OP_less, x, y), x, node_scale(g, t->value, y));
    default: return node_power(g, node_add(g, one, node_power(g, x, 2)), 0.5);
  }
}

static const node *build(bench *b, const tree *t) {
  graph *g = b->g;
  axis ij[] = {b->i, b->j}, ji[] = {b->j, b->i};
  const node *x = t->a ? build(b, t->a) : NULL;
  const node *y = t->b && t->kind <= WHERE ? build(b, t->b) : NULL;
  switch (t->kind) {
    case LEAF: return node_tensor(g, b->leaf[t->leaf], ij);
    case LEAF_TRANSPOSED: return node_tensor(g, b->leaf[t->leaf], ji);
    case LEAF_ROW: return node_tensor(g, b->row, &b->j);
    case CONSTANT: return node_constant(g, t->value);
    case LABELLED: return looked_up(b, b->leaf[t->leaf]);
    case ADD: return node_add(g, x, y);
    case SUBTRACT: return node_subtract(g, x, y);
    case MULTIPLY: return node_multiply(g, x, y);
    case TANH: return node_map1(g, OP_tanh, x);
    case SOFTPLUS: return node_map1(g, OP_softplus, x);
    case SWAPPED: return swapped(b, x);
    case SHIFT: return shifted(b, x, t->value);
    default: break;
  }
  return t->kind >= SUM_J && t->kind <= GUARDED_SUM ? build_over_j(b, t, x)
                                                     : build_map(b, t, x, y);
}

/* ---- the test ----------------------------------------------------------------------------- */

static bench bench_new(uint64_t seed) {
  static const int64_t shape[] = {N, N};
  bench b = {.memory = arena_new(), .seed = seed};
  place nowhere = {0};
  b.names = name_table_new(b.memory);
  b.g = graph_new(b.memory, b.names);
  simplify_install(b.g);
  b.i = axis_new(b.g, name_of(b.names, "i"), N);
  b.j = axis_new(b.g, name_of(b.names, "j"), N);
  for (int k = 0; k < LEAVES; k++) {
    b.leaf[k] = tensor_new(b.g, TENSOR_PARAMETER, name_of(b.names, "x"), nowhere, 2, shape);
  }
  b.row = tensor_new(b.g, TENSOR_PARAMETER, name_of(b.names, "row"), nowhere, 1, shape);
  b.label = tensor_new(b.g, TENSOR_INPUT, name_of(b.names, "label"), nowhere, 1, shape);
  b.label->kind = VALUE_CLASS;
  b.label->limit = N;
  b.w = (world){.g = b.g, .batch = 1, .low = -1.2, .high = 1.2};
  b.at = arena_alloc(b.memory, 4096 * sizeof *b.at);
  return b;
}

static double total(bench *b, const tree *t) {
  double sum = 0;
  for (int64_t i = 0; i < N; i++) {
    for (int64_t j = 0; j < N; j++) sum += value(b, t, i, j) * (1 + 0.3 * (double)i - 0.2 * (double)j);
  }
  return sum;
}

static const node *total_node(bench *b, const node *n) {
  graph *g = b->g;
  const node *weight = node_sum(g, 1, 2, (const node *[]){node_index(g, b->i), node_index(g, b->j)},
                                (double[]){0.3, -0.2});
  axis both[] = {b->i, b->j};
  return node_sum_over(g, node_multiply(g, n, weight), 2, both);
}

static bool close_to(double found, double wanted, double tolerance) {
  return fabs(found - wanted) <= tolerance * fmax(1, fmax(fabs(found), fabs(wanted)));
}

static double nudged_total(bench *b, const tree *t, const tensor *leaf, int64_t i, int64_t j,
                           double by) {
  b->w.nudged = leaf;
  b->w.nudged_at[0] = i;
  b->w.nudged_at[1] = j;
  b->w.nudged_by = by;
  double sum = total(b, t);
  b->w.nudged = NULL;
  return sum;
}

static void fail(bench *b, uint64_t seed, const char *what, const node *n, double found,
                 double wanted) {
  text shown = text_new(b->memory);
  print_node(&shown, b->g, n, 12);
  cr_assert_fail("seed %llu, %s: %.12g, not %.12g: %s", (unsigned long long)seed, what, found,
                 wanted, shown.chars);
}

static void check_gradient(bench *b, uint64_t seed, const tree *t, const node *gradient) {
  const tensor *leaf = b->leaf[0];
  for (int64_t i = 0; i < N; i++) {
    for (int64_t j = 0; j < N; j++) {
      double coarse = (nudged_total(b, t, leaf, i, j, 1e-3) -
                       nudged_total(b, t, leaf, i, j, -1e-3)) / 2e-3;
      double fine = (nudged_total(b, t, leaf, i, j, 2.5e-4) -
                     nudged_total(b, t, leaf, i, j, -2.5e-4)) / 5e-4;
      if (!close_to(coarse, fine, 1e-4)) continue; /* a kink lies between */
      b->at[b->i] = i;
      b->at[b->j] = j;
      double found = evaluate(&b->w, gradient, b->at);
      if (!close_to(found, fine, 2e-5)) fail(b, seed, "gradient", gradient, found, fine);
    }
  }
}

static void check(uint64_t seed, int depth) {
  bench b = bench_new(seed);
  const tree *t = grow(&b, depth);
  const node *loss = total_node(&b, build(&b, t)), *gradient;
  double wanted = total(&b, t), found = evaluate(&b.w, loss, b.at);
  if (!isfinite(wanted) || fabs(wanted) > 1e4) return;
  if (!close_to(found, wanted, 1e-9)) fail(&b, seed, "value", loss, found, wanted);
  program p = {.g = b.g, .objective = loss, .settings.batch = 4};
  coalesce_axes(&p);
  loss = p.objective;
  found = evaluate(&b.w, loss, b.at);
  if (!close_to(found, wanted, 1e-9)) fail(&b, seed, "coalesced value", loss, found, wanted);
  const node *leaf = node_tensor(b.g, b.leaf[0], (axis[]){b.i, b.j});
  derive(b.g, loss, 1, &leaf, &gradient);
  check_gradient(&b, seed, t, gradient);
  definition made = {.word = "g", .value = gradient, .rank = 2, .dims = {b.i, b.j}};
  p.gradients = 1;
  p.gradient = &made;
  const char *wrong = verify_program(&p, false);
  cr_assert_null(wrong, "seed %llu: %s", (unsigned long long)seed, wrong);
  coalesce_axes(&p);
  lower_program(&p);
  wrong = verify_program(&p, true);
  cr_assert_null(wrong, "seed %llu, lowered: %s", (unsigned long long)seed, wrong);
  found = evaluate(&b.w, p.objective, b.at);
  if (!close_to(found, wanted, 1e-9)) fail(&b, seed, "lowered value", p.objective, found, wanted);
  for (int64_t i = 0; i < N * N; i++) {
    b.at[b.i] = i / N;
    b.at[b.j] = i % N;
    double before = evaluate(&b.w, gradient, b.at);
    b.at[made.dims[0]] = i / N;
    b.at[made.dims[1]] = i % N;
    double after = evaluate(&b.w, made.value, b.at);
    if (!close_to(after, before, 1e-9)) fail(&b, seed, "lowered gradient", made.value, after, before);
  }
  arena_free(b.memory);
}

/* NNCC_SEEDS=100000 looks for longer. */
static uint64_t seeds(uint64_t usual) {
  const char *wanted = getenv("NNCC_SEEDS");
  return wanted ? strtoull(wanted, NULL, 10) : usual;
}

Test(random_models, shallow) {
  for (uint64_t seed = 1; seed <= seeds(2000); seed++) check(seed, 2);
}

Test(random_models, middle) {
  for (uint64_t seed = 1; seed <= seeds(1000); seed++) check(seed + 1000000, 3);
}

Test(random_models, deep) {
  for (uint64_t seed = 1; seed <= seeds(300); seed++) check(seed + 2000000, 4);
}
