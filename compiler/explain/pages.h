/* What the three renderers of documents share; nobody outside of explain/ includes it. */
#ifndef NNCC_PAGES_H
#define NNCC_PAGES_H

#include "explain.h"
#include "layout.h"

/* ---- document_text.c, document_latex.c, document_html.c ----------------------------------- */

void print_text(text *out, const document *d);
void print_latex(text *out, const document *d);
void print_html(text *out, const document *d);

/* Of the text that links show: "model.nn:12", and "f, model.c:210". */
const char *line_chars(const document *d, int line);
const char *emitted_chars(const document *d, const run *r);
/* Roughly, in em. */
double phrase_width(const document *d, const phrase *p);
/* As terminal text on one line; never NULL. */
void print_phrase(text *out, const document *d, const phrase *p);
extern const char *const html_style[]; /* lines, then NULL */
/* The block with that anchor, or NULL. */
const block *document_find(const document *d, const char *anchor);
/* Walks the words of `chars` and calls for what lies between the places and for each place. */
typedef void words_part(void *data, const char *chars, size_t length, const phrase *in_place);
void words_walk(const char *chars, const run *of, words_part *call, void *data);
/* 12345 with its digits in groups of three, `gap` between them. */
void append_grouped(text *out, double whole_number, const char *gap);

#endif
