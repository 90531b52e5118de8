/* What the files that turn a recorded derivation into a document share; nobody outside of explain/
 * includes it.
 *
 *   symbol   which node has a letter of its own, and its layout
 *   element  nodes and written terms in index notation: Σ_k (a_kᵢ − y_kᵢ) h_kⱼ
 *   matrix   nodes in matrix notation, where they are chains of matrices: (A − Y)ᵀ H
 *   unfold   recorded steps as a chain of equations
 *   story    the document
 */
#ifndef NNCC_NOTATION_H
#define NNCC_NOTATION_H

#include "explain.h"

enum { AXIS_NONE = -1 }; /* where a matrix has one row or one column */

typedef enum symbol_kind {
  SYMBOL_TENSOR,     /* a leaf: input, parameter, state ...                                      */
  SYMBOL_DEFINITION, /* a named equation of the model                                            */
  SYMBOL_AUXILIARY,  /* a part of an equation that the derivation speaks of: z_h                 */
  SYMBOL_ADJOINT,    /* ∂L/∂ of another symbol                                                   */
} symbol_kind;

typedef struct symbol symbol;
struct symbol {
  symbol_kind kind;
  const formula *elements, *whole; /* its letter in index and in matrix notation                 */
  const char *spelling;
  bool per_sample, parameter;
  bool total;          /* ADJOINT of a state: through all later steps                             */
  bool delta;          /* ADJOINT: stands as δ                                                    */
  int rank;
  axis dims[MAX_RANK];
  place where;
  const symbol *by;    /* ADJOINT: what L is derived by                                           */
  const node *node;
};

typedef struct story {
  arena *memory;
  const program *p;
  const graph *g;
  const derivation_record *r;
  document *d;
  int nodes;
  const char *code;             /* the emitted C, or NULL                                         */
  int real_bytes;
  symbol **symbol;              /* by node id: NULL where it has none                             */
  const written_term **shown;   /* by node id: the term to show in its place, or NULL             */
  bool *busy;                   /* by node id: being shown (a term may hold what it became)       */
  bool *open;                   /* by node id: its symbol is not used                             */
  bool *steps;                  /* by axis: recurrences step along it                             */
  bool *reached;                /* by node id: the objective needs it                             */
  bool bracketed;               /* products in products keep their parentheses                    */
} story;

/* ---- naming.c ---- */
void name_symbols(story *s);
const symbol *symbol_of(const story *s, const node *n);
/* The letter alone, for headings: ∂L/∂W₁. */
const formula *symbol_whole(const story *s, const symbol *of);
const formula *loss_letter(const story *s);
const formula *batch_letter(const story *s);

/* The one share of a recurrence's adjoint that does not come from a later step, or NULL. */
const derivation_share *direct_share(const story *s, const derivation_adjoint *a);

/* ---- gather.c ---- */
/* Sums and products of formulas as they stand on a page: see there. */
const formula *page_sum(arena *memory, int count, const formula *const *parts, const double *by);
const formula *page_product(arena *memory, int count, const formula *const *given);
const formula *page_transpose(arena *memory, const formula *f);
int count_transposes(const formula *f);

/* ---- element.c ---- */
/* Letters of indices: one for each axis throughout a chain of equations. */
typedef struct letters letters;
letters *letters_new(const story *s);
/* Gives the axes of a symbol their letters, in the order of its layout: i, j, ... */
void letters_of_symbol(letters *l, const symbol *of);
const formula *element_of_symbol(letters *l, const symbol *of);
const formula *element_of_node(letters *l, const node *n);
const formula *element_of_term(letters *l, const written_term *t);
/* The letter that stands for a free axis. */
const formula *letter_of_axis(letters *l, axis a);

/* ---- matrix.c ---- */
typedef struct orientation {
  axis row, column;
} orientation;
/* How the symbol stands on the page by itself; false where it has more than two axes. */
bool natural_orientation(const story *s, const symbol *of, bool each_sample, orientation *out);
/* The node so; NULL where it is no chain of matrices. each_sample: one sample's value, a column.
 * Elements of recurrences keep their step as an index. */
const formula *matrix_of_node(const story *s, const node *n, orientation as, bool each_sample);
const formula *matrix_of_symbol(const story *s, const symbol *of, bool each_sample);

/* ---- opening.c ---- */
/* Whether a recurrence steps along one of its dimensions. */
bool symbol_steps(const story *s, const symbol *of);
/* The symbol's value, in matrix notation where it has one; NULL. */
const formula *whole_value(const story *s, const symbol *of, const node *value);
enum { MOST_LEAVES = 10 }; /* letters of a short formula */
/* Letters in a formula, a derivative being one; of NULL: 0. */
int leaves_of(const formula *f);
/* Opens the derivatives that the value is made of, all of them where the formula stays short,
 * otherwise none: far from the loss a derivative is told by that of the layer behind it. Returns
 * how many were opened. */
int open_adjoints(const story *s, const symbol *of, const node *value, const node **opened,
                  int most);

/* ---- stable.c ---- */
void tell_stable_forms(const story *s);

/* ---- fold.c ---- */
/* What repeats itself layer after layer, but for the numbers in names, stands once. */
void document_fold(document *d);

/* ---- cost.c ---- */
/* The function and line of the emitted C that computes what its comments call `word`. */
bool emitted_place(const story *s, const char *word, const char **function, int *line);
void tell_cost(story *s);

/* ---- unfold.c ---- */
/* Adds to the chain: left = the shares as derive wrote them [reason] = ... = the adjoint, a line
 * for each recorded step that shows. */
void unfold_adjoint(story *s, letters *l, block *chain, const formula *left,
                    const derivation_adjoint *of, const phrase *reason);
/* left = the node as the model wrote it = ... = the node. */
void unfold_written(story *s, letters *l, block *chain, const formula *left, const node *value);

#endif
