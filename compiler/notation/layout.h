/* layout: between formulas and what renders them as text, LaTeX and MathML.
 *
 *   typeset   formula to boxes: parentheses, signs, numbers, spaces are decided here, once
 *   pieces    boxes to pieces between which a line may break, and the choice of breaks
 *   box_*     one box in the letters of a format
 *   symbol    Unicode letters and operators, by their names in LaTeX, as sub- and superscripts
 *
 * For this folder, and for the renderers of documents in explain/.
 */
#ifndef NNCC_LAYOUT_H
#define NNCC_LAYOUT_H

#include "notation.h"

/* ---- symbol.c ----------------------------------------------------------------------------- */

/* The code point that *at stands on, which then stands behind it; 0 at the end. */
uint32_t next_code_point(const char **at);
void append_code_point(text *out, uint32_t code_point);
/* Terminal columns: 0 for combining marks, 2 for East Asian wide letters. */
int code_columns(uint32_t code_point);
int text_columns(const char *chars);
/* In LaTeX's math mode, or NULL where it is set as it is. */
const char *latex_of(uint32_t code_point);
/* `chars` with every letter lowered or raised; false, with nothing written, where Unicode lacks
 * one of them. */
bool append_lowered(text *out, const char *chars);
bool append_raised(text *out, const char *chars);
/* The letters with the accent on the first of them. */
void append_accented(text *out, const char *chars, accent given);

/* ---- typeset.c ---------------------------------------------------------------------------- */

typedef enum box_kind {
  BOX_ROW,        /* parts one behind the other                                                  */
  BOX_LETTER,     /* a variable's name                                                           */
  BOX_FUNCTION,   /* a function's                                                                */
  BOX_NUMBER,
  BOX_MARK,       /* an operator, relation, comma, ...                                           */
  BOX_GAP,        /* between juxtaposed factors                                                  */
  BOX_WORDS,      /* chars in upright letters                                                    */
  BOX_GROUP,      /* part[0] between the fences chars and `close`                                */
  BOX_SCRIPTS,    /* part[0] with part[1] below and part[2] above, either may be NULL            */
  BOX_LIMITS,     /* the same under and over a big operator                                      */
  BOX_FRACTION,   /* part[0] over part[1]                                                        */
  BOX_ROOT,
  BOX_CASES,      /* rows of two: value, condition                                               */
} box_kind;

typedef enum mark_kind {
  MARK_BINARY, MARK_PREFIX, MARK_RELATION, MARK_COMMA, MARK_CLOSE, MARK_PLAIN
} mark_kind;

typedef struct box box;
struct box {
  box_kind kind;
  mark_kind mark;
  const char *chars, *close;
  accent accent;
  bool bold;
  bool tall;      /* higher than a letter with scripts: holds a fraction or limits               */
  bool slashed;   /* a fraction or root that was too wide to be set as one                       */
  double width;   /* roughly, in em; in text it means nothing                                    */
  int count;
  const box **part;
  size_t capacity;
};

/* linear: fractions with a slash, roots and cases in one line, as text has them. */
const box *typeset(arena *memory, const formula *f, bool linear, language spoken);
/* A relation as a box, for chains. */
const box *typeset_mark(arena *memory, mark_kind kind, const char *chars);
box *box_new(arena *memory, box_kind kind, const char *chars);
box *box_of(arena *memory, box_kind kind, int count, const box *const *parts);
void row_push(arena *memory, box *row, const box *last);

/* ---- piece.c ------------------------------------------------------------------------------ */

typedef struct piece {
  const char *chars;  /* in the format's letters                                                 */
  bool glue;          /* a space before it, unless it begins a line                              */
  int penalty;        /* of a break before it; NO_BREAK: none may be there                       */
  double width;       /* columns in text, em elsewhere                                           */
} piece;

enum { NO_BREAK = -1 };

typedef struct pieces {
  arena *memory;
  document_format format;
  piece *piece;
  size_t count, capacity;
} pieces;

pieces pieces_of(arena *memory, const box *whole, document_format format);
/* Breaks into lines of at most `first`, then `rest`: begin[k] is where line k begins; returns how
 * many there are. A piece that no line can hold has one to itself. */
int break_lines(const pieces *all, double first, double rest, size_t **begin);
/* Pieces from begin to end as one string. */
void print_pieces(text *out, const pieces *all, size_t begin, size_t end);
/* A box that is not to be broken. */
void box_print(text *out, arena *memory, const box *b, document_format format);

/* ---- box_text.c, box_latex.c, box_mathml.c ------------------------------------------------ */

/* A box that is not a row, group or gap. */
void box_text(text *out, arena *memory, const box *b);
void box_latex(text *out, arena *memory, const box *b);
void box_mathml(text *out, arena *memory, const box *b);
/* The fence of a group. */
void fence_latex(text *out, const box *group, bool opening);
void fence_mathml(text *out, const box *group, bool opening);

/* ---- wrap.c ------------------------------------------------------------------------------- */

/* Text in lines of at most `columns`, broken at spaces and beside East Asian letters; what is too
 * long for any line is cut. A no-break space becomes a space. At least one line. */
int wrap_text(arena *memory, const char *chars, int columns, const char ***lines);

/* ---- latex_text.c ------------------------------------------------------------------------- */

/* What the fonts lack becomes a square. */
void append_latex_letter(text *out, uint32_t code_point, language spoken);
void append_latex(text *out, const char *chars, language spoken);
void append_latex_code(text *out, const char *chars, language spoken);

/* Characters as HTML's text or attribute. */
void append_escaped(text *out, const char *chars);

#endif
