/* explain: what the compiler did, as mathematics for people.
 *
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
#include "emit.h"
#include "notation.h"

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
  const emitted_places *places; /* of what it computes, or NULL */
  int real_bytes;
} explanation;
document *derivation_document(const explanation *what);

/* ---- graph.c, graph_svg.c ------------------------------------------------------------------ */

/* The derived, not yet lowered program in Graphviz's language. */
void print_graph(text *out, const program *p);
/* Has Graphviz's `dot` draw that as SVG; NULL, or why it cannot. */
const char *draw_graph(text *out, const text *dot);

#endif
