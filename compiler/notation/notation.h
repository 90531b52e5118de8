/* notation: what a graph says, as mathematics on a page; for documents and for the comments of the
 * emitted C alike.
 *
 *   formula     mathematics as a tree: what stands on the page, not what it computes
 *   words       the words around formulas, one table for all languages (words.def)
 *   naming      which nodes have a letter of their own; lettering: what lowering made of them
 *   element     nodes and written terms in index notation: Σ_k (a_kᵢ − y_kᵢ) h_kⱼ
 *   matrix      nodes in matrix notation, where they are chains of matrices: (A − Y)ᵀ H
 *   opening     which letters a formula shows in full
 *   typeset     layout.h: formulas to text, LaTeX, MathML
 *
 * Conventions
 * - Everything lives in the arena it was made in; formulas are immutable and may be shared.
 *   Strings are kept, not copied.
 * - Letters and operators are UTF-8 as they stand in text ("σ", "δ", "≤"); symbol.c knows their
 *   names in LaTeX.
 * - Parentheses are never part of a tree: renderers put them where precedence asks for them.
 */
#ifndef NNCC_NOTATION_H
#define NNCC_NOTATION_H

#include "base.h"
#include "graph.h"

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

/* ---- typeset.c ---------------------------------------------------------------------------- */

typedef enum document_format { FORMAT_TEXT, FORMAT_LATEX, FORMAT_HTML } document_format;

/* A formula alone, on one line: text (also for comments in the emitted C), LaTeX's math mode, or
 * MathML without the <math> around it. */
void formula_print(text *out, const formula *f, document_format format, language spoken);
/* As text in lines of at most `first` columns, then `rest`; returns how many. */
int formula_lines(arena *memory, const formula *f, int first, int rest, const char ***lines);

/* ---- symbols ------------------------------------------------------------------------------ */

enum { AXIS_NONE = -1 }; /* where a matrix has one row or one column */

typedef enum symbol_kind {
  SYMBOL_TENSOR,     /* a leaf: input, parameter, state ...                                      */
  SYMBOL_DEFINITION, /* a named equation of the model                                            */
  SYMBOL_AUXILIARY,  /* a part of an equation that the derivation speaks of: z_h                 */
  SYMBOL_ADJOINT,    /* ∂L/∂ of another symbol                                                   */
  SYMBOL_STORED,     /* what only the emitted C has a name for                                   */
} symbol_kind;

typedef struct symbol symbol;
struct symbol {
  symbol_kind kind;
  const formula *elements, *whole; /* its letter in index and in matrix notation                 */
  const char *spelling;
  bool per_sample, parameter;
  bool total;          /* ADJOINT of a state: through all later steps                             */
  bool delta;          /* ADJOINT: stands as δ                                                    */
  bool stored;         /* made for a function of the emitted C, as long as that is written        */
  int rank;
  axis dims[MAX_RANK];
  place where;
  const symbol *by;    /* ADJOINT: what L is derived by                                           */
  const node *node;
};

/* How a derived program is written down. */
typedef struct spelling_table spelling_table;
typedef struct notation {
  arena *memory;
  const program *p;
  const graph *g;
  const derivation_record *r;
  int nodes;
  symbol **symbol;              /* by node id: NULL where it has none                             */
  const written_term **shown;   /* by node id: the term to show in its place, or NULL             */
  bool *busy;                   /* by node id: being shown (a term may hold what it became)       */
  bool *open;                   /* by node id: its symbol is not used                             */
  bool *steps;                  /* by axis: recurrences step along it                             */
  bool bracketed;               /* products in products keep their parentheses                    */
  spelling_table *spelt;        /* what the model calls tensors and equations                      */
  const derivation_adjoint **adjoint; /* by node id: the derivative by it, or NULL                 */
  arena *trials;                /* for what is tried and not kept; NULL: each trial has its own    */
  int room;                     /* parts that one formula may have; what is beyond is …           */
  int *left;                    /* of them, for the formula that is being written                 */
} notation;

/* Needs: a program that derive_program has been over. Every node and tensor that is spoken of has
 * its symbol then. */
notation *notation_of(arena *memory, const program *p);

/* ---- spelling.c ---- */
/* The words of all tensors and equations as they were when the program was derived. */
spelling_table *spelling_table_new(arena *memory, const program *p);
bool is_spelt(const notation *s, const char *word);
/* The equation of that name, or NULL. */
const definition *definition_spelt(const notation *s, const char *word);

/* ---- naming.c ---- */
const symbol *symbol_of(const notation *s, const node *n);
/* The letter alone, for headings: ∂L/∂W₁. */
const formula *symbol_whole(const notation *s, const symbol *of);
const formula *loss_letter(const notation *s);
const formula *batch_letter(const notation *s);

/* The one share of a recurrence's adjoint that does not come from a later step, or NULL. */
const derivation_share *direct_share(const notation *s, const derivation_adjoint *a);

/* ---- lettering.c ---- */
/* Gives what lowering made of the nodes with letters these letters, where it has none. */
void name_lowered(notation *s);
/* What a named equation, or a derivative by one, is called as the value of node n; or NULL. */
const symbol *symbol_of_definition(const notation *s, const definition *of, const node *n);
/* ∂L/∂ of the parameter. */
const symbol *symbol_of_gradient(const notation *s, int parameter);
/* A symbol of its own for what has none: the word as it is, laid out along dims. */
symbol *symbol_stored(const notation *s, const node *n, const char *word, int count,
                      const axis *dims);

/* ---- gather.c ---- */
/* Sums and products of formulas as they stand on a page: see there. */
const formula *page_sum(arena *memory, int count, const formula *const *parts, const double *by);
const formula *page_product(arena *memory, int count, const formula *const *given);
const formula *page_transpose(arena *memory, const formula *f);
int count_transposes(const formula *f);

/* ---- element.c ---- */
/* Letters of indices: one for each axis throughout a chain of equations. */
typedef struct index_letters index_letters;
index_letters *letters_new(const notation *s);
/* Gives the axes of a symbol their letters, in the order of its layout: i, j, ... */
void letters_of_symbol(index_letters *l, const symbol *of);
const formula *element_of_symbol(index_letters *l, const symbol *of);
const formula *element_of_node(index_letters *l, const node *n);
const formula *element_of_term(index_letters *l, const written_term *t);
/* The letter that stands for a free axis. */
const formula *letter_of_axis(index_letters *l, axis a);

/* ---- matrix.c ---- */
typedef struct orientation {
  axis row, column;
} orientation;
/* How the symbol stands on the page by itself; false where it has more than two axes. */
bool natural_orientation(const notation *s, const symbol *of, bool each_sample, orientation *out);
/* The node so; NULL where it is no chain of matrices. each_sample: one sample's value, a column.
 * Elements of recurrences keep their step as an index. */
const formula *matrix_of_node(const notation *s, const node *n, orientation as, bool each_sample);
const formula *matrix_of_symbol(const notation *s, const symbol *of, bool each_sample);

/* ---- opening.c ---- */
/* Whether a recurrence steps along one of its dimensions. */
bool symbol_steps(const notation *s, const symbol *of);
/* The symbol's value, in matrix notation where it has one; NULL. */
const formula *whole_value(const notation *s, const symbol *of, const node *value);
enum { MOST_LEAVES = 10 }; /* letters of a short formula */
/* Letters in a formula, a derivative being one; of NULL: 0. */
int leaves_of(const formula *f);
/* Opens the derivatives that the value is made of, all of them where the formula stays short,
 * otherwise none: far from the loss a derivative is told by that of the layer behind it. Returns
 * how many were opened. */
int open_adjoints(const notation *s, const symbol *of, const node *value, const node **opened,
                  int most);
/* symbol = value, by matrices where it has them, otherwise by elements. */
const formula *page_equation(const notation *s, const symbol *of, const node *value);
/* The symbol alone, likewise. */
const formula *page_symbol(const notation *s, const symbol *of);

#endif
