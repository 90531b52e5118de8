/* What must be refused, beyond tests/errors: each with what its message says; and that nothing
 * crashes on damaged models. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>

#include "helper_elaborate.h"

typedef struct refusal {
  const char *lines; /* after `input x[5], c[3] : class(5)` */
  const char *says;
} refusal;

static const refusal refusals[] = {
    {"let A = B, B = A", "defined by itself"},
    {"let A = x", "unknown name `x`"},
    {"model a\nmodel b", "one model"},
    {"input z[2] : klass(3)", "did you mean `class`"},
    {"param V[3] ~ orthogonal", "needs a matrix"},
    {"param V[100000, 100000, 1000]", "2^40"},
    {"param V[1, 2, 3, 4, 5, 6, 7, 8, 9]", "8 axes"},
    {"layer f(x) { return f(x) }\na = f(x)", "calls itself"},
    {"layer f(x) { y = x }\na = f(x)", "has no `return`"},
    {"layer f(x) { return x; return x }\na = f(x)", "one `return`"},
    {"layer sum(x) { return x }", "function of the language"},
    {"layer f(a[n], b[n]) { return a @ b }\na = f(x, concat(x, x))", "n = 5"},
    {"layer f(a[n], n) { return a * n }\na = f(x, 4)", "given as 4"},
    {"layer f(a[..., n], b[..., n]) { return a @ b }\nz = f(reshape(x, 5, 1), reshape(c[0], 1, 5))",
     "n = 1"},
    {"layer f(a[..., n], b[..., n]) { return a @ b }\n"
     "z = f(reshape(pad(x, 0, 1), 2, 3), reshape(pad(x, 0, 4), 3, 3))", "2 and 3"},
    {"a = dense(x, m = 3, 4)", "by place come before"},
    {"a = dense(x, 3)\nb = dense(x, 3, parameters = x)", "no parameters to share"},
    {"a = conv2d(reshape(pad(x, 0, 4), 1, 3, 3), 2, 5)", "2 too few"},
    {"s = x\nrepeat 2 { t = u + s; u = s; s = t }", "lines run in order"},
    {"s = x\nrepeat s: 2 { s = s + 1 }", "another name"},
    {"s = x\nrepeat 2 { s = s + t }\nt = sum(s)", "need what they define"},
    {"s = x\nrepeat 9999999 { s = s + 1 }", "copies"},
    {"h[-1] = 0\nh[0] = 1\nh[t] = h[t-1] + x[t]", "lies inside"},
    {"h[-1] = 0\nh[-1] = 1\nh[t] = h[t-1] + x[t]", "defined twice"},
    {"h[-1] = 0\nh[t] = h[2*t - 8] + x[t]", "h[-8]"},
    {"h[-1] = h[2]\nh[t] = h[t-1] + x[t]", "cycle"},
    {"h[-1] = x[0]\nh[t: 4, j: 3] = h[t-1, j]", "h[-1, j: 10]"},
    {"a[-1] = 0\na[t] = sum[s](b[s]) + x[t]\nb[t] = a[t-1]", "one direction"},
    {"k[-1] = c[0]\nk[t] = c[t] + k[t-1]\nz = k[t]", "unknown name `t`"},
    {"m[t] = x[t + 9]", "has no room"},
    {"m[t] = x[t] + c[t]", "range 3"},
    {"m = x[c, c]", "2 indices"},
    {"m = reshape(x, 1, 5)[c[0], c]\nn = reshape(x, 5, 1)[c, c]", "only one index"},
    {"m = sum[](x)", "name no index"},
    {"m = sum[-3](x)", "no axis of this number"},
    {"m = sum[j | x](x[j])", "one condition"},
    {"m = argmax(3)", "not a scalar"},
    {"m = argmax[i, j](x[i] + x[j])", "one axis"},
    {"m = reshape(x, 2.5, 2)", "whole number"},
    {"m = onehot(x)", "kind class"},
    {"m = dropout(x, 2)", "between 0 and 1"},
    {"m = dropout(x, x)", "must be a constant"},
    {"m = grad(sum(x), x + 1)", "named tensor"},
    {"m = grad(x[0], c)", "whole numbers"},
    {"m[a, b, d, e, i, j] = sum(grad(x[a] * x[b] * x[d] * x[e] * x[i] * x[j], x))",
     "more than 12 together"},
    {"param w\ng[-1] = 0\ng[t] = x[t] + g[t-1] + grad(g[t-1], w)",
     "inside its own step"},
    {"m = x @ 3", "use `*`"},
    {"m = \"text\"", "load"},
    {"m = load(\"a.npy\")", "in `let`"},
    {"let M = load(\"nowhere.npy\")", "nowhere.npy"},
    {"m = x(1)", "cannot be called"},
    {"m = tanh[i](x)", "takes no indices"},
    {"m = (x + 1)(2)", "write `*`"},
    {"q[i, i] = x[i]", "bound twice"},
    {"metric x", "scalar"},
    {"metric a = sum(x)\nmetric a = sum(x)", "two metrics"},
    {"output p = x\noutput p", "two outputs"},
    {"optimizer o(rate) { v = 3 }", "last line"},
    {"optimizer o(rate) { g = 3; p = p - rate * g }", "cannot be set"},
    {"optimizer o() { p = p - g }", "at least one hyperparameter"},
    {"train { batch 3; batch 4 }", "given twice"},
    {"train { optimizer adam(1, 2, 3, 4, 5) }", "too many"},
    {"train { optimizer sgd }", "needs its hyperparameter `rate`"},
    {"train { data y = \"a.csv\" }", "neither an input nor a target"},
    {"train { data 3 }", "path in quotes"},
    {"train { epochs 1/0 }", "finite"},
};

ParameterizedTestParameters(errors, refused) {
  static int rows[sizeof refusals / sizeof *refusals];
  for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) rows[k] = (int)k;
  return cr_make_param_array(int, rows, sizeof rows / sizeof *rows);
}

ParameterizedTest(int *row, errors, refused) {
  char model[1024];
  snprintf(model, sizeof model, "input x[5], c[3] : class(5)\n%s\nloss sum(x)\n",
           refusals[*row].lines);
  subject s = elaborated_anyhow(model, NULL, 0);
  cr_assert_null(s.p, "accepted:\n%s", model);
  cr_assert_geq(s.errors, 1);
  cr_assert_not_null(strstr(s.said, refusals[*row].says), "%s\nsays:\n%s\nand not: %s", model,
                     s.said, refusals[*row].says);
  subject_free(&s);
}

/* ---- what one error does not do ----------------------------------------------------------- */

Test(errors, one_mistake_is_told_once) {
  subject s = elaborated_anyhow("input x[3]\na = x + nothing\nb = a * 2\nc[i] = b[i]\n"
                                "d = dense(c, 4) |> tanh\nh[-1] = d\nh[t: 3] = h[t-1] + a[t]\n"
                                "output d\nloss sum(d) + sum(h)\nmetric m = mean(a)\n", NULL, 0);
  cr_assert_eq(s.errors, 1, "%s", s.said);
  subject_free(&s);
}

Test(errors, one_mistake_in_a_repeat_is_told_once) {
  subject s = elaborated_anyhow("input x[3]\ns = x\nrepeat 100 { s = dense(s, 0) }\nloss sum(s)\n",
                                NULL, 0);
  cr_assert_eq(s.errors, 1, "%s", s.said);
  subject_free(&s);
}

/* ---- damage ------------------------------------------------------------------------------- */

static const char *const healthy[] = {
    "input c[5] : class(4)\ntarget n[5] : class(4)\nparam U[3, 4], W[3, 3], b[3]\nh[-1] = 0\n"
    "h[t] = tanh(U @ c[t] + W @ h[t-1] + b)\nz[t] = dense(h[t], 4)\noutput p[t] = softmax(z[t])\n"
    "loss mean[t](cross_entropy(p[t], n[t]))\nmetric accuracy(z, n)\n",
    "layer f(x[c, h, w], m, k = 3) {\n  param W[m, c, k, k]\n"
    "  y[o, i, j] = sum[s, p, q](W[o, s, p, q] * x[s, i + p, j + q])\n  return y\n}\n"
    "input x[2, 6, 6]\na = f(x, 4) |> relu |> batchnorm\nb = maxpool2d(a, 2)\n"
    "output z = dense(flatten(b), 3)\nloss sum(z^2)\n",
    "let N = 4\ninput x[N, 3]\nh = x\nrepeat l: 3 {\n  a = dense(h, 5) |> dropout(0.5)\n"
    "  h = h + dense(a, 3) * (l + 1)\n}\ng[N] = carry(0)\ng[t] = h[t] + g[t+1] / 2\n"
    "du = grad(sum(g), x)\nloss sum(du^2) + logsumexp[i | i < 2](g[i, 0])\n",
};
enum { MODELS = sizeof healthy / sizeof *healthy, RUNS = 400 };

static const char *const pieces[] = {"[t-1]", "[t+1]", "(", ")", "[", "]", "x", "h", "-1", "0", "2",
                                     "sum[j](", "softmax[", "repeat 2 {", "}", "\n", "=", "@", "'",
                                     ", ", " = h", "[...]", "[i, i]", "class(3)", "mean[batch]("};

static uint32_t next_random(uint32_t *state) {
  *state = *state * 1664525u + 1013904223u;
  return *state >> 8;
}

/* Cuts, doubles or replaces a stretch of the text. */
static void damage(char *model, size_t room, uint32_t *random) {
  size_t length = strlen(model), at = next_random(random) % (length + 1);
  size_t stretch = next_random(random) % 8;
  if (stretch > length - at) stretch = length - at;
  const char *piece = pieces[next_random(random) % (sizeof pieces / sizeof *pieces)];
  char rest[2048];
  snprintf(rest, sizeof rest, "%s", model + at + (next_random(random) % 2 ? stretch : 0));
  snprintf(model + at, room - at, "%s%s", next_random(random) % 4 ? piece : "", rest);
}

Test(errors, damaged_models_are_refused_or_taken_but_never_crash) {
  uint32_t random = 7;
  for (int run = 0; run < RUNS; run++) {
    char model[2048];
    snprintf(model, sizeof model, "%s", healthy[run % MODELS]);
    for (uint32_t k = next_random(&random) % 4 + 1; k > 0; k--)
      damage(model, sizeof model, &random);
    subject s = elaborated_anyhow(model, NULL, 0);
    cr_assert((s.p == NULL) == (s.errors > 0), "%s", model);
    if (s.p != NULL) {
      const char *wrong = verify_program(s.p, false);
      cr_assert(wrong == NULL, "%s: %s", wrong, model);
    }
    arena_free(s.memory);
  }
}
