/* expressions: which tree each form gives, and that its print gives the same tree again. */
#include "helper_tree.h"

#include <criterion/criterion.h>
#include <string.h>

/* Text, tree, and the text that the printer makes of it. */
static const struct {
  const char *chars, *tree, *printed;
} rows[] = {
    {"a", "a", "a"},
    {"3.5e-1", "0.34999999999999998", "0.35"},
    {".5", "0.5", "0.5"},
    {"5.", "5", "5"},
    {"1e3", "1000", "1000"},
    {"a + b - c", "(- (+ a b) c)", "a + b - c"},
    {"a - (b - c)", "(- a (- b c))", "a - (b - c)"},
    {"a - (b + c)", "(- a (+ b c))", "a - (b + c)"},
    {"(a - b) - c", "(- (- a b) c)", "a - b - c"},
    {"a + b * c", "(+ a (* b c))", "a + b * c"},
    {"(a + b) * c", "(* (+ a b) c)", "(a + b) * c"},
    {"a / b * c @ d", "(@ (* (/ a b) c) d)", "a / b * c @ d"},
    {"a / (b * c)", "(/ a (* b c))", "a / (b * c)"},
    {"a @ (b @ c)", "(@ a (@ b c))", "a @ (b @ c)"},
    {"-a * b", "(* (neg a) b)", "-a * b"},
    {"-(a * b)", "(neg (* a b))", "-(a * b)"},
    {"a * -b", "(* a (neg b))", "a * -b"},
    {"a - -b", "(- a (neg b))", "a - -b"},
    {"--a", "(neg (neg a))", "--a"},
    {"-a^2", "(neg (^ a 2))", "-a^2"},
    {"(-a)^2", "(^ (neg a) 2)", "(-a)^2"},
    {"2^-x", "(^ 2 (neg x))", "2^-x"},
    {"2^-x^3", "(^ 2 (neg (^ x 3)))", "2^-x^3"},
    {"a^b^c", "(^ a (^ b c))", "a^b^c"},
    {"(a^b)^c", "(^ (^ a b) c)", "(a^b)^c"},
    {"a^(b * c)", "(^ a (* b c))", "a^(b * c)"},
    {"a^b * c", "(* (^ a b) c)", "a^b * c"},
    {"W'", "(' W)", "W'"},
    {"W''", "(' (' W))", "W''"},
    {"x @ W' + b'", "(+ (@ x (' W)) (' b))", "x @ W' + b'"},
    {"(a + b)'", "(' (+ a b))", "(a + b)'"},
    {"W'[i]", "(index (' W) i)", "W'[i]"},
    {"a^b'", "(^ a (' b))", "a^b'"},
    {"a < b", "(< a b)", "a < b"},
    {"a <= b", "(<= a b)", "a <= b"},
    {"a > b", "(> a b)", "a > b"},
    {"a >= b", "(>= a b)", "a >= b"},
    {"a != b", "(!= a b)", "a != b"},
    {"(a > 0.5) == y", "(== (> a 0.5) y)", "(a > 0.5) == y"},
    {"a + b == c * d", "(== (+ a b) (* c d))", "a + b == c * d"},
    {"x[i]", "(index x i)", "x[i]"},
    {"x[]", "(index x)", "x[]"},
    {"x[i, 2 * j + 1]", "(index x i (+ (* 2 j) 1))", "x[i, 2 * j + 1]"},
    {"x[i][j]", "(index (index x i) j)", "x[i][j]"},
    {"grad(du[0], q)[0]", "(index (call grad (index du 0) q) 0)", "grad(du[0], q)[0]"},
    {"sum[j](x[j])", "(call (index sum j) (index x j))", "sum[j](x[j])"},
    {"sum[p: 3, q: 3](a)", "(call (index sum (p : 3) (q : 3)) a)", "sum[p: 3, q: 3](a)"},
    {"mean[t | t < n](h[t])", "(call (index mean t (| (< t n))) (index h t))",
     "mean[t | t < n](h[t])"},
    {"softmax[j: T | j<=i](s)", "(call (index softmax (j : T) (| (<= j i))) s)",
     "softmax[j: T | j <= i](s)"},
    {"sum[| c](x)", "(call (index sum (| c)) x)", "sum[| c](x)"},
    {"mean[batch](x)", "(call (index mean batch) x)", "mean[batch](x)"},
    {"f()", "(call f)", "f()"},
    {"f(x, m = 3)", "(call f x (m = 3))", "f(x, m = 3)"},
    {"f(x == y, z = a == b)", "(call f (== x y) (z = (== a b)))", "f(x == y, z = a == b)"},
    {"load(\"m.npy\")", "(call load \"m.npy\")", "load(\"m.npy\")"},
    {"load(\"\\no # escape\")", "(call load \"\\no # escape\")", "load(\"\\no # escape\")"},
    {"carry(h0)", "(call carry h0)", "carry(h0)"},
    {"stop(exp(x))", "(call stop (call exp x))", "stop(exp(x))"},
    {"x |> tanh", "(pipe tanh x)", "x |> tanh"},
    {"x |> tanh()", "(pipe tanh x)", "x |> tanh"},
    {"x |> dense(32, b = 1) |> tanh", "(pipe tanh (pipe dense x 32 (b = 1)))",
     "x |> dense(32, b = 1) |> tanh"},
    {"a + b |> f", "(pipe f (+ a b))", "a + b |> f"},
    {"a < b |> f", "(pipe f (< a b))", "a < b |> f"},
    {"a + (b |> f)", "(+ a (pipe f b))", "a + (b |> f)"},
    {"(x |> f)[i]", "(index (pipe f x) i)", "(x |> f)[i]"},
    {"-(x |> f)", "(neg (pipe f x))", "-(x |> f)"},
    {"f(x |> g, y)", "(call f (pipe g x) y)", "f(x |> g, y)"},
    {"x[i |> f | c |> g]", "(index x (pipe f i) (| (pipe g c)))", "x[i |> f | c |> g]"},
    {"2(x)", "(call 2 x)", "2(x)"},
    {"(a + b)(x)", "(call (+ a b) x)", "(a + b)(x)"},
    {"((((a))))", "a", "a"},
    {"σ + δ_1 * Ω", "(+ σ (* δ_1 Ω))", "σ + δ_1 * Ω"},
    {"ϵ - ϑ", "(- ϵ ϑ)", "ϵ - ϑ"},
    {"f(a,\n  b # comment\n  , c\n)", "(call f a b c)", "f(a, b, c)"},
    {"a +\n b *\n\n  c |>\n # comment\n f", "(pipe f (+ a (* b c)))", "a + b * c |> f"},
    {"\n\n a \n\n", "a", "a"},
    {"a\r\n", "a", "a"},
    {"\xEF\xBB\xBF" "a", "a", "a"},
};

Test(expression, trees_and_prints) {
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    session here;
    session_open(&here);
    expression *value = session_expression(&here, rows[i].chars);
    cr_expect_str_eq(tree_of_expression(&here, value), rows[i].tree);
    cr_expect_str_eq(session_told(&here), "", "%s", here.told);
    text printed = text_new(here.memory);
    if (value != NULL) print_expression(&printed, value);
    cr_expect_str_eq(printed.chars, rows[i].printed);
    expression *again = session_expression(&here, printed.chars);
    cr_expect_str_eq(tree_of_expression(&here, again), rows[i].tree);
    session_close(&here);
  }
}

/* The micro sign and the ohm sign are the letters that they look like. */
Test(expression, signs_are_letters) {
  session here;
  session_open(&here);
  expression *sign = session_expression(&here, "\xC2\xB5_0");
  expression *letter = session_expression(&here, "\xCE\xBC_0");
  cr_assert_eq(sign->word, letter->word);
  expression *ohm = session_expression(&here, "\xE2\x84\xA6");
  cr_assert_str_eq(ohm->word, "\xCE\xA9");
  session_close(&here);
}

static const char *marked(session *here, const char *chars, place where) {
  return arena_copy(here->memory, chars + where.begin, where.end - where.begin);
}

Test(expression, places) {
  const char *chars = "α + sum[j](W[j]) *\n  (x |> f(3))'";
  session here;
  session_open(&here);
  expression *whole = session_expression(&here, chars);
  expression *product = whole->right, *call = product->left, *transposed = product->right;
  cr_assert_str_eq(marked(&here, chars, whole->where), chars);
  cr_assert_str_eq(marked(&here, chars, whole->operator_at), "+");
  cr_assert_str_eq(marked(&here, chars, call->where), "sum[j](W[j])");
  cr_assert_str_eq(marked(&here, chars, call->operator_at), "sum");
  cr_assert_str_eq(marked(&here, chars, transposed->where), "(x |> f(3))'");
  cr_assert_str_eq(marked(&here, chars, transposed->left->where), "(x |> f(3))");
  cr_assert_str_eq(marked(&here, chars, transposed->left->operator_at), "f");
  cr_assert_eq(call->where.line, 1);
  cr_assert_eq(call->where.column, 5);
  cr_assert_eq(transposed->where.line, 2);
  cr_assert_eq(transposed->where.column, 3);
  session_close(&here);
}

/* ---- rewrite rules ------------------------------------------------------------------------ */

static bool parse_rule(session *here, const char *chars, rewrite *rule) {
  const source *file = source_of_text(here->memory, "r.nn", chars, true);
  return parse_rewrite(here->memory, here->names, here->to, file, rule);
}

Test(rewrite, with_and_without_condition) {
  session here;
  rewrite rule;
  session_open(&here);
  cr_assert(parse_rule(&here, "log(exp(a)) -> a", &rule));
  cr_assert_str_eq(tree_of_expression(&here, rule.pattern), "(call log (call exp a))");
  cr_assert_str_eq(tree_of_expression(&here, rule.replacement), "a");
  cr_assert_null(rule.condition);
  const char *chars = "log(a * b) -> log(a) + log(b) if positive(a) * positive(b)\n";
  cr_assert(parse_rule(&here, chars, &rule));
  cr_assert_str_eq(tree_of_expression(&here, rule.replacement), "(+ (call log a) (call log b))");
  cr_assert_str_eq(tree_of_expression(&here, rule.condition),
                   "(* (call positive a) (call positive b))");
  session_close(&here);
}

Test(rewrite, broken_rules_are_refused) {
  static const char *const broken[] = {"", "a", "a ->", "-> a", "a -> b if", "a -> b -> c", "a = b",
                                       "a -> b\nc -> d"};
  for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
    session here;
    rewrite rule;
    session_open(&here);
    cr_expect_not(parse_rule(&here, broken[i], &rule), "%s", broken[i]);
    cr_expect_null(rule.pattern);
    cr_expect_not_null(strstr(session_told(&here), "r.nn:"), "%s", here.told);
    session_close(&here);
  }
}

/* `if` is a name everywhere but in a rule. */
Test(rewrite, if_is_no_reserved_word) {
  session here;
  session_open(&here);
  cr_assert_str_eq(tree_of_expression(&here, session_expression(&here, "if + 1")), "(+ if 1)");
  session_close(&here);
}
