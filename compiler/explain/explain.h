/* explain: what the compiler did, as mathematics for people.
 *
 *   formula     mathematics as a tree: what stands on the page, not what it computes
 *   words       the words around formulas, one table for all languages (words.def)
 *   document    headings, paragraphs, chains of equations, tables, the model's text
 *   renderers   a document as text for a terminal, as LaTeX, as HTML with MathML
 *   graph       the computation graph in Graphviz's language
 *
 * Conventions
 * - Everything lives in the arena it was made in; formulas are immutable and may be shared, a
 *   document and a phrase grow. Strings are kept, not copied.
 * - Letters and operators are UTF-8 as they stand in text ("σ", "δ", "≤"); symbol.c knows their
 *   names in LaTeX.
 * - Parentheses are never part of a tree: renderers put them where precedence asks for them.
 */
#ifndef NNCC_EXPLAIN_H
#define NNCC_EXPLAIN_H

#include "base.h"
#include "schedule.h"

/* ---- formula.c ---------------------------------------------------------------------------- */

typedef enum formula_kind {
  FORMULA_SYMBOL,    /* word: W, with accent, label and indices: part[0 ..]                      */
  FORMULA_NUMBER,    /* value, as a fraction where it is one with a small denominator            */
  FORMULA_SUM,       /* part[k] times coefficient[k], with their signs; none: 0                  */
  FORMULA_PRODUCT,   /* juxtaposed factors: matrix product, or product of numbers; none: 1       */
  FORMULA_HADAMARD,  /* factors joined by ∘                                                      */
  FORMULA_FRACTION,  /* part[0] over part[1]                                                     */
  FORMULA_PARTIAL,   /* ∂part[0] over ∂part[1]                                                   */
  FORMULA_POWER,     /* part[0] to the power part[1]                                             */
  FORMULA_ROOT,      /* square root of part[0]                                                   */
  FORMULA_TRANSPOSE, /* of part[0]                                                               */
  FORMULA_CALL,      /* word(part[0], ...): σ(z), exp(z)                                         */
  FORMULA_BIG,       /* word (Σ, max, lse) over part[1 ..] up to `over`, if given, of part[0]    */
  FORMULA_FENCE,     /* part[0] between a pair of marks: absolute value, floor, Iverson bracket  */
  FORMULA_CASES,     /* part[2k] where part[2k + 1]; a last one alone: otherwise                 */
  FORMULA_RELATION,  /* part[0] word part[1]: a = b, i < n                                       */
  FORMULA_LIST,      /* parts, with word between them: ", " or "×" or "" ...                     */
  FORMULA_ELLIPSIS,  /* …                                                                        */
} formula_kind;

typedef enum accent { ACCENT_NONE, ACCENT_HAT, ACCENT_BAR, ACCENT_TILDE } accent;
typedef enum fence { FENCE_BRACKET, FENCE_ABSOLUTE, FENCE_NORM, FENCE_FLOOR,
                     FENCE_ROUND /* where the order of work is spoken of */ } fence;

typedef struct formula formula;
struct formula {
  formula_kind kind;
  const char *word;
  const char *label;          /* SYMBOL: "1" in W₁, "h" in W_h; NULL: none                       */
  accent accent;              /* SYMBOL                                                          */
  bool bold;                  /* SYMBOL: a matrix or vector as a whole                           */
  fence fence;
  double value;               /* NUMBER                                                          */
  const formula *over;        /* BIG                                                             */
  int count;
  const formula *const *part;
  const double *coefficient;  /* SUM                                                             */
};

/* A letter, or a whole word, which is then set as one. */
const formula *formula_symbol(arena *memory, const char *word);
/* A tensor of the model by its spelling: W1 is W with label 1, h.1.W is W with label h.1, b_out is
 * b with label out, y_hat is y with a hat. */
const formula *formula_named(arena *memory, const char *spelling);
/* The symbol with these made different. A symbol with both a label and indices is set as
 * w⁽²⁾ᵢⱼ, with a label alone as W₂. Indices are juxtaposed where all are single letters or
 * digits, otherwise separated by commas. */
const formula *formula_bold(arena *memory, const formula *symbol);
const formula *formula_accented(arena *memory, const formula *symbol, accent given);
const formula *formula_indexed(arena *memory, const formula *symbol, int count,
                               const formula *const *indices);

const formula *formula_number(arena *memory, double value);
/* coefficients may be NULL: all 1. A number among the parts shows its sign. */
const formula *formula_sum(arena *memory, int count, const formula *const *terms,
                           const double *coefficients);
const formula *formula_add(arena *memory, const formula *a, const formula *b);
const formula *formula_subtract(arena *memory, const formula *a, const formula *b);
const formula *formula_negative(arena *memory, const formula *a);
/* Of one factor: that factor. */
const formula *formula_product(arena *memory, int count, const formula *const *factors);
const formula *formula_times(arena *memory, const formula *a, const formula *b);
const formula *formula_hadamard(arena *memory, int count, const formula *const *factors);
const formula *formula_fraction(arena *memory, const formula *a, const formula *b);
const formula *formula_partial(arena *memory, const formula *of, const formula *by);
/* The total derivative: d instead of ∂. */
const formula *formula_total(arena *memory, const formula *of, const formula *by);
const formula *formula_power(arena *memory, const formula *base, const formula *exponent);
const formula *formula_root(arena *memory, const formula *of);
const formula *formula_transpose(arena *memory, const formula *of);
const formula *formula_call(arena *memory, const char *word, int count,
                            const formula *const *arguments);
const formula *formula_call1(arena *memory, const char *word, const formula *argument);
/* word: "Σ", "max", "lse", ...; under: what is bound ("k", "t = 1", "j | j < n"); over: NULL or the
 * upper end. */
const formula *formula_big(arena *memory, const char *word, int count,
                           const formula *const *under, const formula *over,
                           const formula *body);
const formula *formula_fence(arena *memory, fence marks, const formula *of);
/* count values with their conditions in turn; an odd one at the end is for all other cases. */
const formula *formula_cases(arena *memory, int count, const formula *const *parts);
/* word: = ≈ < ≤ > ≥ ≠ ∈ ∼ := → | */
const formula *formula_relation(arena *memory, const formula *a, const char *word,
                                const formula *b);
/* Parts with word between them: "," "×" "" */
const formula *formula_list(arena *memory, const char *word, int count,
                            const formula *const *parts);
const formula *formula_ellipsis(arena *memory);

/* ---- words.c, words.def ------------------------------------------------------------------- */

typedef enum language { LANGUAGE_ENGLISH, LANGUAGE_CHINESE, LANGUAGE_COUNT } language;

typedef enum words {
#define WORDS(key, english, chinese) WORDS_##key,
#include "words.def"
#undef WORDS
  WORDS_COUNT
} words;

/* The words in that language; `{0}`, `{1}` ... in them are places for a phrase each. */
const char *words_in(language spoken, words key);
/* The row of that key, as rules cite it: "log_exp". False if there is none. */
bool words_find(const char *key, words *found);
/* "en" or "zh". */
bool language_find(const char *given, language *found);

/* ---- document.c --------------------------------------------------------------------------- */

typedef enum run_kind {
  RUN_WORDS,      /* `words` with `part`s in its places                                          */
  RUN_PLAIN,      /* chars as they are                                                           */
  RUN_CODE,       /* chars in the typewriter's letters                                           */
  RUN_COUNT,      /* value, a whole number, with its digits grouped                              */
  RUN_FORMULA,
  RUN_LINE,       /* link to line `number` of the model                                          */
  RUN_EMITTED,    /* function chars and line `number` of the emitted C                           */
  RUN_REFERENCE,  /* link to the block with the anchor chars, as its number                      */
} run_kind;

typedef struct phrase phrase;
typedef struct run {
  run_kind kind;
  words words;
  const char *chars;
  double value;
  int number;
  const formula *formula;
  int parts;
  const phrase *const *part;
} run;

/* A line of words and formulas. */
struct phrase {
  arena *memory;
  run *run;
  size_t count, capacity;
};

phrase *phrase_new(arena *memory);
/* These add to p and return it. */
phrase *phrase_words(phrase *p, words key);
phrase *phrase_words_with(phrase *p, words key, int parts, const phrase *const *part);
phrase *phrase_words_formula(phrase *p, words key, const formula *in_its_place);
phrase *phrase_plain(phrase *p, const char *chars);
phrase *phrase_code(phrase *p, const char *chars);
phrase *phrase_count(phrase *p, double whole_number);
phrase *phrase_formula(phrase *p, const formula *f);
phrase *phrase_line(phrase *p, int line);
phrase *phrase_emitted(phrase *p, const char *function, int line);
phrase *phrase_reference(phrase *p, const char *anchor);
phrase *phrase_run(phrase *p, run given);

/* left = right [reason]
 *      = right [reason] ...   one right side a line; in a step with `left`, a new equation begins. */
typedef struct chain_step {
  const formula *left;        /* NULL: the one before goes on                                    */
  const char *relation;       /* "=", "≈", ...                                                   */
  const formula *right;
  const phrase *reason;       /* the rule that gives it, or NULL                                 */
} chain_step;

typedef enum block_kind {
  BLOCK_HEADING, BLOCK_PARAGRAPH, BLOCK_ITEM, BLOCK_CHAIN, BLOCK_TABLE, BLOCK_LISTING
} block_kind;

typedef enum alignment { ALIGN_LEFT, ALIGN_RIGHT } alignment;

typedef struct block block;
struct block {
  block_kind kind;
  const char *anchor;         /* what references name, or NULL; HEADING and CHAIN are numbered   */
  int level;                  /* HEADING: 1, 2, 3                                                */
  const phrase *words;        /* HEADING, PARAGRAPH, ITEM; CHAIN: small print beneath, or NULL   */
  bool final;                 /* CHAIN: a result, which stands out                               */
  chain_step *step;
  size_t steps, step_capacity;
  int columns;                /* TABLE                                                           */
  const alignment *align;
  const phrase *const *head;
  const phrase *const **row;
  size_t rows, row_capacity;
  const source *listing;      /* LISTING: with line numbers, which line links lead to            */
  const char *number;         /* "2.1" of a heading, "(3)" of a chain with an anchor             */
  block *next;
};

typedef struct document {
  arena *memory;
  language language;
  const phrase *title;
  const source *model;        /* what line links name                                            */
  const char *emitted;        /* path of the emitted C, as shown, or NULL                        */
  block *first, *last;
  int section[3], equations;  /* counted so far                                                  */
} document;

document *document_new(arena *memory, language spoken, const phrase *title, const source *model,
                       const char *emitted);
void document_heading(document *d, int level, const phrase *said, const char *anchor);
void document_paragraph(document *d, const phrase *said);
void document_item(document *d, const phrase *said); /* of a list with dots */
/* An empty chain, for the caller to fill by chain_step_add. An anchor gives it a number. */
block *document_chain(document *d, const char *anchor, bool final);
void chain_add(document *d, block *chain, const formula *left, const char *relation,
               const formula *right, const phrase *reason);
/* Arrays of `columns`; kept, not copied. */
block *document_table(document *d, int columns, const alignment *align,
                      const phrase *const *head);
void table_row(document *d, block *table, const phrase *const *cells);
/* Where blocks were taken out: numbers of headings and chains in turn, and the last block. */
void document_renumber(document *d);
void document_listing(document *d, const source *model);

/* ---- renderers ---------------------------------------------------------------------------- */

typedef enum document_format { FORMAT_TEXT, FORMAT_LATEX, FORMAT_HTML } document_format;
bool format_find(const char *given, document_format *found); /* "text", "latex", "html" */

/* The whole document: text of at most 100 columns, an article that pdflatex sets, or one HTML file. The
 * same document gives the same bytes. */
void document_print(text *out, const document *d, document_format format);

/* ---- story.c ------------------------------------------------------------------------------ */

/* How a program's gradients came about, as a document. */
typedef struct explanation {
  arena *memory;
  const program *program; /* derived, its steps recorded (graph_record) */
  const source *model;
  language language;
  const char *emitted;    /* path of the emitted C, or NULL */
  const char *code;       /* its text, or NULL: for the places of what it computes */
  int real_bytes;
} explanation;
document *derivation_document(const explanation *what);

/* A formula alone, on one line: text (also for comments in the emitted C), LaTeX's math mode, or
 * MathML without the <math> around it. */
void formula_print(text *out, const formula *f, document_format format, language spoken);

/* ---- graph.c, graph_svg.c ------------------------------------------------------------------ */

/* The derived, not yet lowered program in Graphviz's language. */
void print_graph(text *out, const program *p);
/* Has Graphviz's `dot` draw that as SVG; NULL, or why it cannot. */
const char *draw_graph(text *out, const text *dot);

#endif
