/* Single formulas in the three renderings, as a hand wrote them. */
#include <criterion/criterion.h>
#include <string.h>

#include "helper_formula.h"
#include "layout.h"

static void begin(void) { m = arena_new(); }
static void end(void) { arena_free(m); }

TestSuite(formula, .init = begin, .fini = end);

/* What shows: without LaTeX's blanks, thin spaces and empty groups, MathML's attributes and spaces. */
static const char *shown(document_format format, const formula *f) {
  text out = text_new(m), tight = text_new(m);
  bool linear = format == FORMAT_TEXT, attributes = false;
  box_print(&out, m, typeset(m, f, linear, LANGUAGE_ENGLISH), format);
  for (const char *c = out.chars; *c; c++) {
    if (!linear && strncmp(c, "<mspace", 7) == 0) c += strcspn(c, ">") + 1;
    if (!linear && (strncmp(c, "{}", 2) == 0 || strncmp(c, "\\,", 2) == 0)) c += 2;
    if (format == FORMAT_HTML && *c == ' ') attributes = true;
    if (*c == '>') attributes = false;
    if (linear || (*c != ' ' && !attributes)) text_append_length(&tight, c, 1);
  }
  return tight.chars;
}

static void expect(const formula *f, const char *plain, const char *latex, const char *mathml) {
  cr_expect_str_eq(shown(FORMAT_TEXT, f), plain, "%s", shown(FORMAT_TEXT, f));
  cr_expect_str_eq(shown(FORMAT_LATEX, f), latex, "%s", shown(FORMAT_LATEX, f));
  cr_expect_str_eq(shown(FORMAT_HTML, f), mathml, "%s", shown(FORMAT_HTML, f));
}

Test(formula, a_difference_is_put_in_parentheses_where_it_is_transposed) {
  expect(mul(tr(sub(sy("A"), sy("Y"))), sy("H")), "(A − Y)ᵀ H", "(A-Y)^{\\top}H",
         "<mo>(</mo><mi>A</mi><mo>−</mo><mi>Y</mi>"
         "<msup><mrow><mo>)</mo></mrow><mrow><mi>T</mi></mrow></msup><mi>H</mi>");
}

Test(formula, a_power_of_an_indexed_letter) {
  expect(sub(nu(1), formula_power(m, at(sy("h"), "t"), nu(2))), "1 − hₜ²", "1-h_{t}^{2}",
         "<mn>1</mn><mo>−</mo><msubsup><mrow><mi>h</mi></mrow><mrow><mi>t</mi></mrow>"
         "<mrow><mn>2</mn></mrow></msubsup>");
}

Test(formula, two_numbers_side_by_side_are_two_indices) {
  const formula *two[] = {sy("k"), nu(2), nu(4)}, *apart[] = {nu(2), sy("k"), nu(4)};
  expect(formula_indexed(m, sy("x"), 3, two), "x_{k,2,4}", "x_{k,2,4}",
         "<msub><mrow><mi>x</mi></mrow><mrow><mi>k</mi><mo>,</mo><mn>2</mn><mo>,</mo><mn>4</mn></mrow></msub>");
  expect(formula_indexed(m, sy("x"), 3, apart), "x₂ₖ₄", "x_{2k4}",
         "<msub><mrow><mi>x</mi></mrow><mrow><mn>2</mn><mi>k</mi><mn>4</mn></mrow></msub>");
}

Test(formula, a_fraction_has_a_slash_in_text_alone) {
  expect(over(sub(sy("a"), sy("y")), sy("m")), "(a − y)/m", "\\frac{a-y}{m}",
         "<mfrac><mrow><mi>a</mi><mo>−</mo><mi>y</mi></mrow><mrow><mi>m</mi></mrow></mfrac>");
}
