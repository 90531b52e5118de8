/* See helper_formula.h. */
#include "helper_formula.h"

#include <string.h>

arena *m;

const formula *sy(const char *word) { return formula_symbol(m, word); }
const formula *na(const char *spelling) { return formula_named(m, spelling); }

const formula *at(const formula *of, const char *letters) {
  const formula *index[8];
  int count = 0;
  for (; *letters; letters++) index[count++] = sy(arena_copy(m, letters, 1));
  return formula_indexed(m, of, count, index);
}

const formula *nu(double value) { return formula_number(m, value); }
const formula *add(const formula *a, const formula *b) { return formula_add(m, a, b); }
const formula *sub(const formula *a, const formula *b) { return formula_subtract(m, a, b); }
const formula *mul(const formula *a, const formula *b) { return formula_times(m, a, b); }
const formula *over(const formula *a, const formula *b) { return formula_fraction(m, a, b); }
const formula *tr(const formula *a) { return formula_transpose(m, a); }
const formula *call(const char *word, const formula *a) { return formula_call1(m, word, a); }

const formula *had(const formula *a, const formula *b) {
  return formula_hadamard(m, 2, (const formula *[]){a, b});
}

const formula *big(const char *word, const char *under, const formula *a) {
  const formula *index[8];
  int count = 0;
  for (; *under; under++) index[count++] = sy(arena_copy(m, under, 1));
  return formula_big(m, word, count, index, NULL, a);
}

/* ---- the document ------------------------------------------------------------------------- */

static phrase *plain(const char *chars) { return phrase_plain(phrase_new(m), chars); }

static const char model_text[] =
    "model sample   # Beispiel: für √2 und 中文\n"
    "input x[30]\n"
    "\n"
    "h = tanh(W1 @ x + b1)   # a line that is much longer than the page of a phone, so that it has "
    "to be broken, and broken again: "
    "averyveryverylongnamethatcannotbebrokenanywhereatallbutmustbebrokensomewherebecauseitiswide\n";

static const formula *long_sum(int terms) {
  const formula **term = arena_alloc(m, (size_t)terms * sizeof *term);
  for (int k = 0; k < terms; k++) {
    const formula *label = na(arena_printf(m, "W%d", k + 1));
    term[k] = mul(tr(label), had(at(sy("δ"), "t"), sub(nu(1), formula_power(m, sy("h"), nu(2)))));
  }
  return formula_sum(m, terms, term, NULL);
}

static const formula *softmax_cases(void) {
  const formula *equal = formula_relation(m, sy("j"), "=", sy("t"));
  return formula_cases(m, 3, (const formula *[]){sub(at(sy("p"), "j"), nu(1)), equal,
                                                 at(sy("p"), "j")});
}

static void add_equations(document *d) {
  const formula *gradient = formula_partial(m, sy("L"), na("W2"));
  const formula *difference = sub(formula_bold(m, sy("A")), formula_bold(m, sy("Y")));
  const formula *mean = over(nu(1), sy("m"));
  block *b = document_chain(d, "w2", true);
  chain_add(d, b, gradient, "=", mul(tr(formula_partial(m, sy("L"), sy("A"))), sy("H")),
            plain("product rule"));
  chain_add(d, b, NULL, "=",
            formula_product(m, 3, (const formula *[]){mean, tr(difference), sy("H")}),
            plain("a reason that is so long that it finds no room beside its formula on any line "
                  "and has to go below it"));
  b->words = phrase_emitted(phrase_plain(phrase_line(plain("from "), 4), ", computed in "),
                            "sample_gradient", 117);
  b = document_chain(d, "cases", false);
  chain_add(d, b, formula_partial(m, sy("L"), at(sy("z"), "j")), "=", softmax_cases(), NULL);
  b = document_chain(d, NULL, false);
  chain_add(d, b, call("lse", sy("z")), "=",
            add(big("max", "j", at(sy("z"), "j")),
                call("log", big("Σ", "k", formula_power(m, sy("e"), sub(at(sy("z"), "k"),
                                                                        sy("M")))))),
            plain("log-sum-exp"));
  b = document_chain(d, "long", false);
  chain_add(d, b, at(sy("δ"), "t"), "=", long_sum(9), plain("sum rule"));
  chain_add(d, b, NULL, "=", over(long_sum(8), long_sum(2)), plain("wide fraction"));
  chain_add(d, b, formula_partial(m, sy("L"), na("encoder.block.12.attention.weights.W")), "=",
            formula_root(m, call("σ", mul(mean, long_sum(5)))), NULL);
}

static void add_table(document *d, int columns, int rows) {
  static const alignment align[] = {ALIGN_LEFT, ALIGN_LEFT, ALIGN_RIGHT, ALIGN_LEFT, ALIGN_LEFT};
  const phrase **head = arena_alloc(m, (size_t)columns * sizeof *head);
  for (int k = 0; k < columns; k++) head[k] = plain(k == 2 ? "multiply-adds" : "a column");
  block *b = document_table(d, columns, align, head);
  for (int k = 0; k < rows; k++) {
    const phrase **cell = arena_alloc(m, (size_t)columns * sizeof *cell);
    cell[0] = phrase_code(phrase_new(m), "encoder.block.12.attention.W");
    cell[1] = phrase_formula(phrase_new(m), k % 2 ? long_sum(3) : mul(sy("W"), sy("x")));
    for (int j = 2; j < columns; j++) cell[j] = phrase_count(phrase_new(m), 1234567 * (k + j));
    table_row(d, b, cell);
  }
}

document *sample_document(language spoken) {
  const source *model = source_of_text(m, "folder/sample.nn", model_text, false);
  const phrase *title = phrase_formula(plain("Derivation of 100 % of <sample> & more: "),
                                       formula_partial(m, sy("L"), sy("W")));
  document *d = document_new(m, spoken, title, model, "sample.c");
  document_heading(d, 1, plain("Model_with #special characters"), "model");
  document_listing(d, model);
  document_heading(d, 1, plain("Equations"), NULL);
  document_heading(d, 2, phrase_formula(plain("Of "), na("W2")), "second");
  document_paragraph(
      d, phrase_reference(phrase_plain(phrase_formula(plain("A paragraph with a long formula, "),
                                                      long_sum(6)),
                                       ", in the middle of words that go on, see "), "long"));
  add_equations(d);
  document_heading(d, 3, plain("Items"), NULL);
  document_item(d, phrase_line(plain("first "), 2));
  document_item(d, phrase_words_formula(phrase_new(m), WORDS_line, nu(1.0 / 3)));
  document_paragraph(d, phrase_code(plain("code "), "nncc --derive=html model.nn"));
  add_table(d, 3, 4);
  add_table(d, 5, 40);
  return d;
}
