/* Every row of the op table, every rewrite rule, every node class's adjoint, against numbers. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>

#include "helper_evaluate.h"
#include "rewrite.h"

static place nowhere;

typedef struct bench {
  arena *memory;
  name_table *names;
  graph *g;
  int64_t *at;
  world w;
} bench;

static bench bench_new(bool simplify) {
  bench b = {.memory = arena_new()};
  b.names = name_table_new(b.memory);
  b.g = graph_new(b.memory, b.names);
  b.at = arena_alloc(b.memory, 4096 * sizeof *b.at);
  b.w = (world){.g = b.g, .batch = 3, .low = -1.5, .high = 1.5};
  if (simplify) simplify_install(b.g);
  return b;
}

static tensor *parameter(bench *b, const char *word, int rank, const int64_t *shape) {
  return tensor_new(b->g, TENSOR_PARAMETER, name_of(b->names, word), nowhere, rank, shape);
}

static axis index_axis(bench *b, const char *word, int64_t extent) {
  return axis_new(b->g, name_of(b->names, word), extent);
}

static double at(bench *b, const node *n) { return evaluate(&b->w, n, b->at); }

static void assert_close(double found, double wanted, double tolerance, const char *what) {
  double size = fmax(fmax(fabs(found), fabs(wanted)), 1e-3);
  cr_assert(fabs(found - wanted) <= tolerance * size, "%s: %.15g, not %.15g", what, found, wanted);
}

/* Central difference of a scalar node by one element of a parameter. */
static double difference(bench *b, const node *scalar, const tensor *t, const int64_t *element) {
  const double steps[] = {1e-3, 5e-4};
  double slope[2];
  b->w.nudged = t;
  for (int k = 0; k < t->rank; k++) b->w.nudged_at[k] = element[k];
  for (int s = 0; s < 2; s++) {
    b->w.nudged_by = steps[s];
    double up = at(b, scalar);
    b->w.nudged_by = -steps[s];
    slope[s] = (up - at(b, scalar)) / (2 * steps[s]);
  }
  b->w.nudged = NULL;
  b->w.nudged_by = 0;
  return (4 * slope[1] - slope[0]) / 3;
}

/* d scalar / d leaf against differences, for all elements. */
static void check_gradient(bench *b, const node *scalar, const node *leaf, const char *what) {
  const node *gradient;
  int64_t element[MAX_RANK] = {0};
  const tensor *t = leaf->tensor;
  derive(b->g, scalar, 1, &leaf, &gradient);
  bool more = true;
  while (more) {
    for (int k = 0; k < t->rank; k++) b->at[leaf->dims[k]] = element[k];
    double found = at(b, gradient);
    for (int k = 0; k < t->rank; k++) b->at[leaf->dims[k]] = 0;
    assert_close(found, difference(b, scalar, t, element), 1e-6, what);
    more = false;
    for (int k = 0; k < t->rank && !more; k++) {
      more = ++element[k] < t->shape[k];
      if (!more) element[k] = 0;
    }
  }
}

/* ---- the op table ------------------------------------------------------------------------- */

static bool near_kink(op operation, double a, double b) {
  const op_row *row = &op_rows[operation];
  if (row->boolean) return true;
  if (operation == OP_floor) return fabs(a - round(a)) < 0.01;
  return fabs(a) < 0.01 || (row->arity == 2 && fabs(a - b) < 0.01);
}

static const node *on_domain(bench *b, const node *leaf, double low, double high) {
  b->w.low = 0;
  b->w.high = 1;
  return node_sum(b->g, low, 1, &leaf, (double[]){high - low});
}

ParameterizedTestParameters(ops, derivatives) {
  static int rows[OP_COUNT];
  for (int k = 0; k < OP_COUNT; k++) rows[k] = k;
  return cr_make_param_array(int, rows, OP_COUNT);
}

/* First derivatives, and second ones where the op has them, by differences on the row's domain. */
ParameterizedTest(int *row, ops, derivatives) {
  op operation = (op)*row;
  const op_row *r = &op_rows[operation];
  for (int trial = 0; trial < 12 && operation != OP_stop; trial++) {
    bench b = bench_new(trial % 2 == 1);
    const node *leaf[2], *operand[2], *gradient[2];
    for (int k = 0; k < 2; k++) {
      for (int skip = 0; skip < trial; skip++) parameter(&b, "skip", 0, NULL);
      leaf[k] = node_tensor(b.g, parameter(&b, k ? "b" : "a", 0, NULL), NULL);
      operand[k] = on_domain(&b, leaf[k], r->low[k], r->high[k]);
    }
    double x = at(&b, operand[0]), z = r->arity > 1 ? at(&b, operand[1]) : 0;
    if (near_kink(operation, x, z)) continue;
    const node *value = node_map(b.g, operation, operand);
    assert_close(at(&b, value), op_evaluate(operation, x, z), 1e-12, r->c);
    derive(b.g, value, r->arity, leaf, gradient);
    for (int k = 0; k < r->arity; k++) {
      check_gradient(&b, value, leaf[k], r->c);
      for (int j = 0; j < r->arity; j++) check_gradient(&b, gradient[k], leaf[j], r->c);
    }
    arena_free(b.memory);
  }
}

Test(ops, stop_has_no_derivative) {
  bench b = bench_new(true);
  const node *x = node_tensor(b.g, parameter(&b, "x", 0, NULL), NULL), *gradient;
  derive(b.g, node_multiply(b.g, x, node_map1(b.g, OP_stop, x)), 1, &x, &gradient);
  assert_close(at(&b, gradient), at(&b, x), 1e-12, "d(x stop(x))/dx = x");
  arena_free(b.memory);
}

/* ---- rewrite rules ------------------------------------------------------------------------ */

ParameterizedTestParameters(rules, both_sides) {
  static int rows[256];
  for (size_t k = 0; k < simplify_rule_count; k++) rows[k] = (int)k;
  return cr_make_param_array(int, rows, simplify_rule_count);
}

/* Both sides on random operands, of either sign and positive. */
ParameterizedTest(int *row, rules, both_sides) {
  const rewrite_rule *rule = &simplify_rules[*row];
  for (int trial = 0; trial < 8; trial++) {
    bench b = bench_new(false);
    rewrite parsed;
    binding bindings[3];
    report *to = report_new(b.memory, stderr);
    const source *file = source_of_text(b.memory, rule->name, rule->text, true);
    cr_assert(parse_rewrite(b.memory, b.names, to, file, &parsed));
    for (int k = 0; k < 3; k++) {
      for (int skip = 0; skip < trial; skip++) parameter(&b, "skip", 0, NULL);
      const char *word = (const char *[]){"a", "b", "c"}[k];
      bindings[k] = (binding){name_of(b.names, word),
                              node_tensor(b.g, parameter(&b, word, 0, NULL), NULL)};
    }
    bool positive = trial % 2 || strcmp(rule->name, "exp_log") == 0;
    b.w.low = positive ? 0.2 : -1.5;
    double left = at(&b, instantiate(b.g, parsed.pattern, 3, bindings));
    double right = at(&b, instantiate(b.g, parsed.replacement, 3, bindings));
    assert_close(left, right, 1e-12, rule->text);
    arena_free(b.memory);
  }
}

/* ---- node classes ------------------------------------------------------------------------- */

static const int64_t shape_4[] = {4}, shape_34[] = {3, 4}, shape_54[] = {5, 4};

/* sum_j w[j] * f(x[j]) over random weights, so that no adjoint is constant. */
static const node *weighted(bench *b, const node *n) {
  static int number;
  int64_t shape[MAX_RANK];
  char word[32];
  snprintf(word, sizeof word, "weight%d", number++);
  for (int k = 0; k < n->rank; k++) shape[k] = axis_extent(b->g, n->axes[k]);
  const tensor *t = parameter(b, word, n->rank, shape);
  return node_product(b->g, 2, (const node *[]){n, node_tensor(b->g, t, n->axes)}, NULL, n->rank,
                      n->axes);
}

Test(adjoints, of_sums_and_broadcasting) {
  bench b = bench_new(true);
  axis i = index_axis(&b, "i", 3), j = index_axis(&b, "j", 4);
  const node *x = node_tensor(b.g, parameter(&b, "x", 2, shape_34), (axis[]){i, j});
  const node *y = node_tensor(b.g, parameter(&b, "y", 1, shape_4), (axis[]){j});
  const node *sum = node_sum(b.g, 2, 2, (const node *[]){x, y}, (double[]){3, -2});
  const node *loss = weighted(&b, node_map1(b.g, OP_tanh, sum));
  check_gradient(&b, loss, x, "x");
  check_gradient(&b, loss, y, "y, broadcast over i");
  arena_free(b.memory);
}

Test(adjoints, of_a_constant_along_an_axis) {
  bench b = bench_new(true);
  axis i = index_axis(&b, "i", 3), j = index_axis(&b, "j", 4);
  const node *x = node_tensor(b.g, parameter(&b, "x", 0, NULL), NULL);
  const node *both = node_add(b.g, x, node_add(b.g, node_index(b.g, i), node_index(b.g, j)));
  axis all[] = {i, j};
  check_gradient(&b, node_sum_over(b.g, both, 2, all), x, "a scalar spread over 12 places");
  arena_free(b.memory);
}

Test(adjoints, of_products_and_powers) {
  bench b = bench_new(true);
  axis i = index_axis(&b, "i", 3), j = index_axis(&b, "j", 4), k = index_axis(&b, "k", 5);
  const node *x = node_tensor(b.g, parameter(&b, "x", 2, shape_34), (axis[]){i, j});
  const node *y = node_tensor(b.g, parameter(&b, "y", 2, shape_54), (axis[]){k, j});
  const node *z = node_tensor(b.g, parameter(&b, "z", 1, shape_4), (axis[]){j});
  b.w.low = 0.3;
  const node *factors[] = {x, y, z};
  const node *n = node_product(b.g, 3, factors, (double[]){2, -1, 0.5}, 1, &j);
  const node *loss = weighted(&b, n);
  for (int f = 0; f < 3; f++) check_gradient(&b, loss, factors[f], "a factor");
  arena_free(b.memory);
}

Test(adjoints, of_selections) {
  for (int kind = 0; kind < 2; kind++) {
    for (int guarded = 0; guarded < 2; guarded++) {
      bench b = bench_new(true);
      axis i = index_axis(&b, "i", 3), j = index_axis(&b, "j", 4);
      const node *x = node_tensor(b.g, parameter(&b, "x", 2, shape_34), (axis[]){i, j});
      const node *guard = node_map2(b.g, OP_less_equal, node_index(b.g, j), node_index(b.g, i));
      const node *n = node_select(b.g, (select_kind)kind, node_map1(b.g, OP_sin, x),
                                  guarded ? guard : NULL, 1, &j);
      check_gradient(&b, weighted(&b, n), x, kind ? "logsumexp" : "max");
      arena_free(b.memory);
    }
  }
}

/* <A x, w> differentiated by x is <x, A' w>: every kind of view. */
typedef struct view_case {
  int box, reads, writes;
  int64_t extent[2];
  int64_t read[2][3], write[2][3]; /* constant, then coefficients */
  int64_t from[2], to[2];          /* extents of the axes */
} view_case;

static const view_case view_cases[] = {
    {0, 1, 0, {0}, {{3}}, {{0}}, {5}, {0}},                                /* slice        */
    {0, 0, 1, {0}, {{0}}, {{2}}, {0}, {5}},                                /* place        */
    {1, 1, 1, {4}, {{0, 1}}, {{1, 1}}, {5}, {5}},                          /* shift        */
    {2, 1, 2, {4, 3}, {{0, 1, 1}}, {{0, 1, 0}, {0, 0, 1}}, {6}, {4, 3}},   /* window       */
    {2, 1, 2, {2, 3}, {{1, 2, 1}}, {{0, 1, 0}, {0, 0, 1}}, {7}, {2, 3}},   /* stride       */
    {1, 1, 1, {5}, {{0, 1}}, {{0, 1}}, {5}, {5}},                          /* rename       */
    {2, 2, 1, {2, 3}, {{0, 1, 0}, {0, 0, 1}}, {{0, 3, 1}}, {2, 3}, {6}},   /* flatten      */
    {2, 1, 2, {2, 3}, {{0, 3, 1}}, {{0, 1, 0}, {0, 0, 1}}, {6}, {2, 3}},   /* unflatten    */
    {1, 2, 1, {4}, {{0, 1}, {0, 1}}, {{0, 1}}, {4, 4}, {4}},               /* diagonal     */
    {1, 1, 1, {5}, {{4, -1}}, {{0, 1}}, {5}, {5}},                         /* reversal     */
    {1, 1, 1, {3}, {{0, 1}}, {{2, 1}}, {3}, {8}},                          /* pad          */
};

static view view_of_case(const view_case *c, const axis *from, const axis *to) {
  view v = view_empty();
  for (int u = 0; u < c->box; u++) view_box(&v, c->extent[u]);
  for (int k = 0; k < c->reads; k++) {
    affine *a = view_read(&v, from[k], c->read[k][0]);
    for (int u = 0; u < c->box; u++) a->coefficient[u] = c->read[k][u + 1];
  }
  for (int k = 0; k < c->writes; k++) {
    affine *a = view_write(&v, to[k], c->write[k][0]);
    for (int u = 0; u < c->box; u++) a->coefficient[u] = c->write[k][u + 1];
  }
  return v;
}

static void check_views(bool composed) {
  const int cases = (int)(sizeof view_cases / sizeof *view_cases);
  for (int c = 0; c < cases; c++) {
    for (int d = 0; d < (composed ? cases : 1); d++) {
      const view_case *first = &view_cases[c], *second = &view_cases[d];
      if (composed && (first->writes != 1 || second->reads != 1)) continue;
      if (composed && first->to[0] != second->from[0]) continue;
      bench b = bench_new(true);
      axis from[2], to[2], last[2];
      for (int k = 0; k < 2; k++) {
        if (first->from[k]) from[k] = index_axis(&b, "a", first->from[k]);
        if (first->to[k]) to[k] = index_axis(&b, "b", first->to[k]);
        if (second->to[k]) last[k] = index_axis(&b, "c", second->to[k]);
      }
      const tensor *t = parameter(&b, "x", first->reads, first->from);
      const node *x = node_tensor(b.g, t, from);
      view v = view_of_case(first, from, to);
      const node *n = node_view(b.g, node_map1(b.g, OP_sin, x), &v);
      if (composed) {
        view w = view_of_case(second, to, last);
        n = node_view(b.g, n, &w);
      }
      char what[64];
      snprintf(what, sizeof what, "view %d of view %d", d, c);
      check_gradient(&b, weighted(&b, n), x, what);
      arena_free(b.memory);
    }
  }
}

Test(adjoints, of_views) { check_views(false); }
Test(adjoints, of_views_of_views) { check_views(true); }

/* ---- recurrences -------------------------------------------------------------------------- */

/* h[t] = tanh(u[t] + w h[t - 1]), h[-1] = s; every state in the loss. */
Test(adjoints, of_a_recurrence_and_its_second_derivative) {
  bench b = bench_new(true);
  enum { T = 4 };
  axis t = index_axis(&b, "t", T);
  const int64_t shape[] = {T};
  const node *u = node_tensor(b.g, parameter(&b, "u", 1, shape), &t);
  const node *w = node_tensor(b.g, parameter(&b, "w", 0, NULL), NULL);
  const node *s = node_tensor(b.g, parameter(&b, "s", 0, NULL), NULL);
  tensor *h = tensor_new(b.g, TENSOR_REFERENCE, name_of(b.names, "h"), nowhere, 1, shape);
  view shift = view_empty(), start = view_empty();
  int k = view_box(&shift, T - 1);
  view_read(&shift, t, 0)->coefficient[k] = 1;
  view_write(&shift, t, 1)->coefficient[k] = 1;
  view_write(&start, t, 0);
  const node *before = node_add(b.g, node_view(b.g, node_tensor(b.g, h, &t), &shift),
                                node_view(b.g, s, &start));
  const node *body =
      node_map1(b.g, OP_tanh, node_add(b.g, u, node_multiply(b.g, w, before)));
  tensor_define(b.g, h, body, &t);
  const node *loss = weighted(&b, body), *gradient;
  check_gradient(&b, loss, u, "u");
  check_gradient(&b, loss, w, "w");
  check_gradient(&b, loss, s, "s");
  derive(b.g, loss, 1, &w, &gradient);
  check_gradient(&b, gradient, u, "second derivative by w, u");
  check_gradient(&b, gradient, w, "second derivative by w, w");
  arena_free(b.memory);
}

/* ---- closed forms ------------------------------------------------------------------------- */

static const char *shown(bench *b, const node *n) {
  text out = text_new(b->memory);
  print_node(&out, b->g, n, 8);
  return out.chars;
}

Test(closed_forms, of_sigmoid_cross_entropy) {
  bench b = bench_new(true);
  const node *z = node_tensor(b.g, parameter(&b, "z", 0, NULL), NULL);
  const node *y = node_tensor(b.g, parameter(&b, "y", 0, NULL), NULL), *gradient;
  const node *one = node_constant(b.g, 1), *a = node_map1(b.g, OP_sigmoid, z);
  const node *yes = node_multiply(b.g, y, node_map1(b.g, OP_log, a));
  const node *no = node_multiply(b.g, node_subtract(b.g, one, y),
                                 node_map1(b.g, OP_log, node_subtract(b.g, one, a)));
  const node *loss = node_scale(b.g, -1, node_add(b.g, yes, no));
  derive(b.g, loss, 1, &z, &gradient);
  cr_assert_eq(gradient, node_subtract(b.g, a, y), "sigma(z) - y, not %s", shown(&b, gradient));
  const node *stable = node_subtract(b.g, node_map1(b.g, OP_softplus, z), node_multiply(b.g, z, y));
  cr_assert_eq(loss, stable, "softplus(z) - z y, not %s", shown(&b, loss));
  arena_free(b.memory);
}

Test(closed_forms, of_softmax_cross_entropy) {
  bench b = bench_new(true);
  axis j = index_axis(&b, "j", 4);
  const node *z = node_tensor(b.g, parameter(&b, "z", 1, shape_4), &j), *gradient;
  tensor *c = parameter(&b, "c", 0, NULL);
  c->kind = VALUE_CLASS;
  c->limit = 4;
  const node *hot = node_onehot(b.g, node_tensor(b.g, c, NULL), j);
  const node *e = node_map1(b.g, OP_exp, z);
  const node *p = node_divide(b.g, e, node_sum_over(b.g, e, 1, &j));
  const node *loss = node_scale(
      b.g, -1,
      node_product(b.g, 2, (const node *[]){hot, node_map1(b.g, OP_log, p)}, NULL, 1, &j));
  derive(b.g, loss, 1, &z, &gradient);
  cr_assert_eq(gradient, node_subtract(b.g, p, hot), "p - onehot, not %s", shown(&b, gradient));
  arena_free(b.memory);
}
