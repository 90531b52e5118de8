/* statements: which tree each form of the language page gives. */
#include "helper_tree.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct {
  const char *chars, *tree;
} rows[] = {
    {"", ""},
    {"\n\n# nothing\n;;\n", ""},
    {"model digits", "(model digits)"},
    {"let N = 7/2", "(let (N value=(/ 7 2)))"},
    {"let T = 64, V = 65,\n  H = 256", "(let (T value=64) (V value=65) (H value=256))"},
    {"let M = load(\"m.npy\")", "(let (M value=(call load \"m.npy\")))"},
    {"input x[30]", "(input (x [ 30]))"},
    {"input x", "(input (x))"},
    {"input a, b[2, n + 1], c[]", "(input (a) (b [ 2 (+ n 1)]) (c []))"},
    {"target y : class(10)", "(target (y kind=class of=10))"},
    {"input c[T] : class(V), len : count(T)",
     "(input (c [ T] kind=class of=V) (len kind=count of=T))"},
    {"param W1[16, 30], b1[16]", "(param (W1 [ 16 30]) (b1 [ 16]))"},
    {"param W[m] ~ he_normal, b, c[1] ~ uniform(-1, 1)",
     "(param (W [ m] init=he_normal) (b) (c [ 1] init=(call uniform (neg 1) 1)))"},
    {"h = x", "(equation h value=x)"},
    {"h[] = x", "(equation h [] value=x)"},
    {"h[i, j: 10] = x", "(equation h [ i (j : 10)] value=x)"},
    {"h[-1] = 0; h[T] = carry(h0)",
     "(equation h [ (neg 1)] value=0) (equation h [ T] value=(call carry h0))"},
    {"h[-1, j: H] = 0", "(equation h [ (neg 1) (j : H)] value=0)"},
    {"h =\n  x", "(equation h value=x)"},
    {"output p", "(output p)"},
    {"output p = softmax(z)", "(output p value=(call softmax z))"},
    {"output p[t] = z[t]", "(output p [ t] value=(index z t))"},
    {"output J[i, j] = grad(u[i], x)[j]",
     "(output J [ i j] value=(index (call grad (index u i) x) j))"},
    {"output f(x)", "(output value=(call f x))"},
    {"output h[T - 1]", "(output value=(index h (- T 1)))"},
    {"loss -sum(y)", "(loss value=(neg (call sum y)))"},
    {"loss mean[t](f(p[t], n[t]))",
     "(loss value=(call (index mean t) (call f (index p t) (index n t))))"},
    {"metric accuracy(z, y)", "(metric value=(call accuracy z y))"},
    {"metric z |> accuracy(y)", "(metric value=(pipe accuracy z y))"},
    {"metric acc = mean((a > 0.5) == y)",
     "(metric acc value=(call mean (== (> a 0.5) y)))"},
    {"import \"my.nn\"", "(import \"my.nn\")"},
    {"layer f(x[n], m, k = 3) { return x }",
     "(layer f (x [ n]) (m) (k default=3) (return value=x))"},
    {"layer f() {}", "(layer f)"},
    {"layer f(x) {\n  param b[2] ~ zeros\n  y = x + b; let k = 2\n\n  return y\n}\n",
     "(layer f (x) (param (b [ 2] init=zeros)) (equation y value=(+ x b)) (let (k value=2)) "
     "(return value=y))"},
    {"repeat k { x = f(x) }", "(repeat value=k (equation x value=(call f x)))"},
    {"repeat l: k + 1 { x = f(x)\n repeat 2 { y = l } }",
     "(repeat l value=(+ k 1) (equation x value=(call f x)) "
     "(repeat value=2 (equation y value=l)))"},
    {"optimizer sgd(rate, momentum = 0) { state v = 0; v = momentum * v + g; p = p - rate * v }",
     "(optimizer sgd (rate) (momentum default=0) (state v value=0) "
     "(equation v value=(+ (* momentum v) g)) (equation p value=(- p (* rate v))))"},
    {"train {}", "(train)"},
    {"train {\n  data \"a.csv\"\n  holdout 0.2; batch 32\n}",
     "(train (data value=\"a.csv\") (holdout value=0.2) (batch value=32))"},
    {"train { optimizer sgd(rate = 0.1)\n data x = \"x.npy\"\n clip = 1 }",
     "(train (optimizer value=(call sgd (rate = 0.1))) (data member=x value=\"x.npy\") "
     "(clip value=1))"},
    {"train { data \"f.csv\" { x = columns(\"a\"); y = column }\n schedule { warm 3 } }",
     "(train (data value=\"f.csv\" (x value=(call columns \"a\")) (y value=column)) "
     "(schedule (warm value=3)))"},
    {"a = 1;b = 2", "(equation a value=1) (equation b value=2)"},
    {"a = 1\r\nb = 2\r\n", "(equation a value=1) (equation b value=2)"},
    {"a = f(\n1,\n2\n)\nb = 2", "(equation a value=(call f 1 2)) (equation b value=2)"},
};

static const char *shortened(const char *chars) {
  /* The shortest form of a number is the printer's business, not this table's. */
  static const struct {
    const char *full, *brief;
  } forms[] = {{"0.20000000000000001", "0.2"}, {"0.10000000000000001", "0.1"}};
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
    char *found = strstr(chars, forms[i].full);
    if (found == NULL) continue;
    size_t brief = strlen(forms[i].brief), full = strlen(forms[i].full);
    memmove(found, forms[i].brief, brief);
    memmove(found + brief, found + full, strlen(found + full) + 1);
  }
  return chars;
}

Test(statement, trees_and_prints) {
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    session here;
    session_open(&here);
    statement *first = session_model(&here, rows[i].chars);
    cr_expect_str_eq(shortened(tree_of_statements(&here, first)), rows[i].tree);
    cr_expect_str_eq(session_told(&here), "", "%s", here.told);
    text printed = text_new(here.memory);
    print_statements(&printed, first);
    statement *again = session_model(&here, printed.chars);
    cr_expect_str_eq(shortened(tree_of_statements(&here, again)), rows[i].tree);
    session_close(&here);
  }
}

static const char *marked(session *here, const char *chars, place where) {
  return arena_copy(here->memory, chars + where.begin, where.end - where.begin);
}

Test(statement, places) {
  const char *chars = "model m\n  h[t] = W @ x # c\ninput c[T] : class(V)\ntrain { batch 3 }";
  session here;
  session_open(&here);
  statement *equation = session_model(&here, chars)->next;
  cr_assert_str_eq(marked(&here, chars, equation->where), "h[t] = W @ x");
  cr_assert_str_eq(marked(&here, chars, equation->word_at), "h");
  cr_assert_eq(equation->where.line, 2);
  cr_assert_eq(equation->where.column, 3);
  declaration *input = equation->next->declarations;
  cr_assert_str_eq(marked(&here, chars, input->where), "c");
  cr_assert_str_eq(marked(&here, chars, input->kind_at), "class");
  cr_assert_str_eq(marked(&here, chars, equation->next->next->settings->where), "batch");
  session_close(&here);
}

/* What stood before and behind a broken statement is still there. */
Test(statement, recovery_keeps_the_others) {
  session here;
  session_open(&here);
  statement *first = session_model(&here, "a = 1\nb = )\nc = 3\nd = (\nloss c\n"
                                          "layer f(x {\n y = x\n}\noutput c\n"
                                          "layer g(x) {\n y = = 2\n return x\n");
  cr_assert_str_eq(tree_of_statements(&here, first),
                   "(equation a value=1) (equation c value=3) (loss value=c) (output c) "
                   "(layer g (x) (return value=x))");
  cr_assert_eq(report_errors(here.to), 5);
  session_close(&here);
}
