/* Declarations, initial distributions, update rules, settings of the trainer. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <string.h>

#include "helper_elaborate.h"

/* ---- declarations ------------------------------------------------------------------------- */

Test(declarations, kinds_and_shapes) {
  subject s = elaborated("let n = 2\ninput a[n, 3], b : count(9)\ntarget c[4] : class(5), d\n"
                         "loss d * sum(a) * b + sum(c)\n");
  cr_assert(s.p->inputs == 2 && s.p->targets == 2);
  cr_assert(s.p->input[0]->rank == 2 && s.p->input[0]->shape[1] == 3);
  cr_assert(s.p->input[0]->kind == VALUE_REAL && s.p->input[0]->per_sample);
  cr_assert(s.p->input[1]->kind == VALUE_COUNT && s.p->input[1]->limit == 9);
  cr_assert(s.p->target[0]->kind == VALUE_CLASS && s.p->target[0]->limit == 5);
  cr_assert_eq(s.p->target[1]->rank, 0);
  subject_free(&s);
}

typedef struct drawing {
  const char *text;
  distribution init;
  double a, b;
  int64_t fan_in, fan_out;
} drawing;

static const drawing drawings[] = {
    {"p[6, 4]", INIT_GLOROT_UNIFORM, 0, 0, 4, 6},
    {"p[6, 4, 3, 2]", INIT_GLOROT_UNIFORM, 0, 0, 24, 36},
    {"p[6]", INIT_CONSTANT, 0, 0, 6, 6},
    {"p", INIT_CONSTANT, 0, 0, 1, 1},
    {"p[2] ~ ones", INIT_CONSTANT, 1, 0, 2, 2},
    {"p[2, 3] ~ zeros", INIT_CONSTANT, 0, 0, 3, 2},
    {"p ~ constant(-2/4)", INIT_CONSTANT, -0.5, 0, 1, 1},
    {"p[3] ~ uniform(-1, 2)", INIT_UNIFORM, -1, 2, 3, 3},
    {"p[3] ~ normal(1, 0.5)", INIT_NORMAL, 1, 0.5, 3, 3},
    {"p[2, 3] ~ glorot_normal", INIT_GLOROT_NORMAL, 0, 0, 3, 2},
    {"p[2, 3] ~ he_uniform", INIT_HE_UNIFORM, 0, 0, 3, 2},
    {"p[2, 3] ~ he_normal", INIT_HE_NORMAL, 0, 0, 3, 2},
    {"p[2, 3] ~ lecun_normal", INIT_LECUN_NORMAL, 0, 0, 3, 2},
    {"p[2, 3] ~ orthogonal", INIT_ORTHOGONAL, 0, 0, 3, 2},
};

ParameterizedTestParameters(declarations, initial_values) {
  static int rows[sizeof drawings / sizeof *drawings];
  for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) rows[k] = (int)k;
  return cr_make_param_array(int, rows, sizeof rows / sizeof *rows);
}

ParameterizedTest(int *row, declarations, initial_values) {
  const drawing *d = &drawings[*row];
  char model[128];
  snprintf(model, sizeof model, "input x\nparam %s\nloss x * sum(p)\n", d->text);
  subject s = elaborated(model);
  const tensor *p = s.p->parameter[0];
  cr_assert_eq(p->init, d->init, "%s", d->text);
  assert_equal(p->init_a, d->a, d->text);
  assert_equal(p->init_b, d->b, d->text);
  cr_assert(p->fan_in == d->fan_in && p->fan_out == d->fan_out, "%s", d->text);
  subject_free(&s);
}

/* ---- update rules ------------------------------------------------------------------------- */

static const optimizer_rule *rule_named(const subject *s, const char *word) {
  for (int k = 0; k < s->p->optimizers; k++) {
    if (strcmp(s->p->optimizer[k].word, word) == 0) return &s->p->optimizer[k];
  }
  cr_assert_fail("no optimizer %s", word);
  return NULL;
}

static double leaf_of(subject *s, const tensor *t) {
  return scalar_value(s, node_tensor(s->p->g, t, NULL));
}

static const char model_with_rule[] =
    "input x\nparam w\nloss w * x\n"
    "optimizer own(rate, a = 0.5) {\n  state u = 2\n  k = a * g + u\n  u = k * step\n"
    "  p = p - rate * u\n}\ntrain { optimizer own(0.1) }\n";

Test(optimizers, lines_run_in_order) {
  subject s = elaborated(model_with_rule);
  const optimizer_rule *r = rule_named(&s, "own");
  cr_assert(r->hyperparameters == 2 && r->states == 1);
  cr_assert(!r->has_default[0] && r->has_default[1]);
  assert_equal(r->default_value[1], 0.5, "a");
  assert_equal(r->state_start[0], 2, "u's start");
  double a = leaf_of(&s, r->hyperparameter[1]), g = leaf_of(&s, r->gradient);
  double u = (a * g + leaf_of(&s, r->state[0])) * leaf_of(&s, r->step);
  assert_equal(scalar_value(&s, r->new_state[0]), u, "u");
  double p = leaf_of(&s, r->p) - leaf_of(&s, r->hyperparameter[0]) * u;
  assert_equal(scalar_value(&s, r->new_p), p, "p");
  cr_assert_eq(&s.p->optimizer[s.p->settings.optimizer], r);
  assert_equal(s.p->settings.hyperparameter[0], 0.1, "rate");
  assert_equal(s.p->settings.hyperparameter[1], 0.5, "a");
  subject_free(&s);
}

/* PyTorch's documentation of torch.optim.AdamW, spelt out. */
Test(optimizers, adamw) {
  subject s = elaborated("input x\nparam w\nloss w * x\n");
  s.w.low = 0.1;
  s.w.high = 0.9;
  const optimizer_rule *r = rule_named(&s, "adamw");
  double h[5];
  for (int k = 0; k < 5; k++) h[k] = leaf_of(&s, r->hyperparameter[k]);
  double g = leaf_of(&s, r->gradient), step = leaf_of(&s, r->step), p = leaf_of(&s, r->p);
  double m = h[1] * leaf_of(&s, r->state[0]) + (1 - h[1]) * g;
  double v = h[2] * leaf_of(&s, r->state[1]) + (1 - h[2]) * g * g;
  double m_hat = m / (1 - pow(h[1], step)), v_hat = v / (1 - pow(h[2], step));
  p -= h[0] * h[4] * p;
  p -= h[0] * m_hat / (sqrt(v_hat) + h[3]);
  assert_equal(scalar_value(&s, r->new_p), p, "p");
  assert_equal(r->default_value[0], 0.001, "rate");
  assert_equal(r->default_value[4], 0.01, "decay");
  subject_free(&s);
}

/* ---- train -------------------------------------------------------------------------------- */

Test(train, defaults) {
  subject s = elaborated("input x\nparam w\nloss w * x\n");
  const train_settings *t = &s.p->settings;
  cr_assert(t->batch == 32 && t->epochs == 10 && t->seed == 1 && t->patience == 0);
  cr_assert(t->data_files == 0 && t->test_files == 0 && t->schedule == NULL);
  assert_equal(t->holdout + t->clip + t->clip_value, 0, "holdout, clip, clip_value");
  cr_assert(t->decay == NULL && t->average == NULL && t->accumulate == 1);
  cr_assert_str_eq(s.p->optimizer[t->optimizer].word, "adam");
  assert_equal(t->hyperparameter[0], 0.001, "rate");
  assert_equal(t->hyperparameter[2], 0.999, "beta2");
  cr_assert_str_eq(s.p->model, "model");
  subject_free(&s);
}

Test(train, everything_said) {
  subject s = elaborated("model m\nlet B = 16\ninput x\ntarget y\nparam w\nloss (w * x - y)^2\n"
                         "train {\n  data x = \"a.npy\"\n  data y = \"b.npy\"\n  test \"t.csv\"\n"
                         "  holdout 1/4\n  optimizer sgd(momentum = 0.9, rate = 0.1)\n"
                         "  batch 2 * B\n  epochs 7\n  seed 12345678901\n  clip 5\n"
                         "  schedule step(B - 6, factor = 1/2) * onecycle(end = 100) * cosine\n"
                         "  decay 0.01\n  decay \"w\" = 1/4\n  decay \"*.b\" = 0\n"
                         "  clip_value 0.5\n  average ema(decay = 0.99)\n  accumulate B / 4\n"
                         "  patience 3\n}\n");
  const train_settings *t = &s.p->settings;
  cr_assert_str_eq(s.p->model, "m");
  cr_assert(t->data_files == 2 && t->test_files == 1);
  cr_assert_str_eq(t->data[1].tensor, "y");
  cr_assert_str_eq(t->data[1].path, "b.npy");
  cr_assert_null(t->test[0].tensor);
  cr_assert(t->batch == 32 && t->epochs == 7 && t->patience == 3);
  cr_assert_eq(t->seed, UINT64_C(12345678901));
  cr_assert_str_eq(s.p->optimizer[t->optimizer].word, "sgd");
  assert_equal(t->hyperparameter[0], 0.1, "rate");
  assert_equal(t->hyperparameter[1], 0.9, "momentum");
  assert_equal(t->holdout, 0.25, "holdout");
  assert_equal(t->clip, 5, "clip");
  cr_assert_str_eq(t->decay, "0.01, w=0.25, *.b=0");
  assert_equal(t->clip_value, 0.5, "clip_value");
  cr_assert_str_eq(t->average, "ema(0.99)");
  cr_assert_eq(t->accumulate, 4);
  cr_assert_str_eq(t->schedule, "step(10, 0.5) * onecycle(0.3, 25, 100) * cosine(0)");
  subject_free(&s);
}

/* ---- data --------------------------------------------------------------------------------- */

Test(settings, data_columns_scales_weights) {
  subject s = elaborated("input x[2], u[3]\ntarget y : class(4), w\nloss w * sum(x) * sum(u)\n"
                         "train {\n  data \"a.csv\" { x = columns(\"a\", \"b, c\"); y = column(\"d\")\n"
                         "    u = columns(\"e\", \"f \", \"g\") }\n  data \"b.csv\"\n"
                         "  scale u\n  scale x = minmax\n  weights w = balanced(y)\n}\n");
  const train_settings *t = &s.p->settings;
  cr_assert_eq(t->data_files, 2);
  cr_assert_null(t->data[1].tensor);
  cr_assert_str_eq(t->data[1].path, "b.csv");
  cr_assert_eq(t->columns, 3);
  cr_assert_str_eq(t->column[0].tensor, "x");
  cr_assert_str_eq(t->column[0].path, "a,\"b, c\"");
  cr_assert_str_eq(t->column[1].path, "d");
  cr_assert_str_eq(t->column[2].path, "e,\"f \",g");
  cr_assert_str_eq(t->scale, "u, x=minmax");
  cr_assert_str_eq(t->weights, "w=y");
  cr_assert_null(t->class_weights);
  subject_free(&s);
}

Test(settings, weights_that_are_given) {
  static const struct {
    const char *said, *text;
  } rows[] = {{"1, 1/4, 0", "1, 0.25, 0"}, {"b = 2, a = 1/2", "b=2, a=0.5"}};
  for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
    char model[256];
    snprintf(model, sizeof model, "input x\ntarget y : class(3), w\nloss w * x * y[0]\n"
             "train { weights w = given(y, %s) }\n", rows[k].said);
    subject s = elaborated(model);
    cr_assert_str_eq(s.p->settings.weights, "w=y");
    cr_assert_str_eq(s.p->settings.class_weights, rows[k].text);
    subject_free(&s);
  }
}
