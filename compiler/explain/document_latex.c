/* A document as a LaTeX article. pdflatex measures what is set, so no line is overfull: equations
 * are broken here by estimated widths, and \fit shrinks what is still too wide. */
#include <string.h>

#include "pages.h"

enum { LINE = 40, CELLS = 43, WIDEST_LEFT = 14 }; /* em; CELLS are a table's, in small index_letters */

typedef struct writer {
  text *out;
  const document *d;
  arena *memory;
} writer;

static const char *const preamble[] = {
    "\\documentclass[a4paper,11pt]{article}",
    "\\IfFileExists{lmodern.sty}{\\usepackage[T1]{fontenc}\\usepackage{lmodern}}{}",
    "\\usepackage{textcomp,amsmath,amssymb,array,longtable,graphicx}",
    "\\usepackage[margin=2.4cm]{geometry}",
    "\\usepackage[hidelinks,bookmarks=false]{hyperref}",
    "\\setlength\\parindent{0pt}\\setlength\\parskip{5pt plus 2pt}",
    "\\setlength\\LTleft{0pt}\\setlength\\emergencystretch{3em}\\setcounter{secnumdepth}{0}",
    "% what is wider than the line is shrunk to it",
    "\\newsavebox\\fitbox",
    "\\newcommand\\fit[1]{\\leavevmode\\sbox\\fitbox{#1}\\ifdim\\wd\\fitbox>\\linewidth",
    "  \\resizebox{\\linewidth}{!}{\\usebox\\fitbox}\\else\\usebox\\fitbox\\fi}",
    "% an equation: relations one below the other, reasons at the right where there is room",
    "\\newlength\\chainleft\\newlength\\chainroom\\newlength\\chainrule\\newlength\\chainused",
    "\\newsavebox\\chainbox\\newsavebox\\reasonbox",
    "\\newcommand\\chainset[1]{\\par\\noindent\\hbox{\\hskip-9pt"
    "\\vrule width\\chainrule height\\dimexpr\\ht\\chainbox+3pt\\relax",
    "  depth\\dimexpr\\dp\\chainbox+3pt\\relax\\hskip\\dimexpr9pt-\\chainrule\\relax"
    "\\llap{#1\\hskip12pt}\\box\\chainbox}}",
    "\\newcommand\\chainleftside[1]{\\sbox\\chainbox{\\fit{$\\displaystyle#1$}}%",
    "  \\setlength\\chainleft{\\wd\\chainbox}\\gdef\\chainshown{\\fit{$\\displaystyle#1$}}}",
    "\\newcommand\\chainalone[2]{\\sbox\\chainbox{\\fit{$\\displaystyle#2$}}\\chainset{#1}"
    "\\setlength\\chainleft{1em}}",
    "\\newcommand\\chainreason[1]{\\sbox\\chainbox{\\begin{minipage}[t]{\\linewidth}"
    "\\raggedleft\\small#1\\end{minipage}}\\chainset{}}",
    "\\newcommand\\chainline[4]{% number, relation, right side, reason",
    "  \\setlength\\chainroom{\\dimexpr\\linewidth-\\chainleft-2em\\relax}%",
    "  \\sbox\\fitbox{$\\displaystyle#3$}\\sbox\\reasonbox{\\small#4}%",
    "  \\ifdim\\wd\\fitbox>\\chainroom\\sbox\\fitbox{\\resizebox{\\chainroom}{!}"
    "{\\usebox\\fitbox}}\\fi",
    "  \\setlength\\chainused{\\dimexpr\\wd\\fitbox+\\wd\\reasonbox+1em\\relax}%",
    "  \\sbox\\chainbox{\\hbox to\\linewidth{\\makebox[\\chainleft][r]{\\chainshown}"
    "\\makebox[2em]{$#2$}\\usebox\\fitbox\\hfil",
    "    \\ifdim\\chainused>\\chainroom\\else\\usebox\\reasonbox\\fi}}%",
    "  \\chainset{#1}\\ifdim\\chainused>\\chainroom\\ifdim\\wd\\reasonbox>0pt"
    "\\chainreason{#4}\\fi\\fi",
    "  \\global\\let\\chainshown\\relax}",
    "\\newenvironment{chain}[1]{\\par\\addvspace{5pt}\\setlength\\parskip{0pt}\\raggedright",
    "  \\offinterlineskip\\setlength\\chainrule{#1}\\let\\chainshown\\relax"
    "\\setlength\\chainleft{1em}}{\\par\\addvspace{5pt}}",
    "\\newcommand\\modelline[2]{\\par\\hangindent3em\\hangafter1\\noindent"
    "\\hypertarget{L#1}{\\makebox[2em][r]{\\footnotesize#1}}\\hspace{1em}#2}",
};

static void line(const writer *w, const char *chars) { text_printf(w->out, "%s\n", chars); }

/* ---- phrases ------------------------------------------------------------------------------ */

typedef struct phrase_target {
  const writer *w;
  double room;         /* em; what is set in it shrinks where it must. 0: a paragraph */
} phrase_target;

static void write_phrase(const phrase_target *to, const phrase *p);

/* In a table's cell each word can shrink; between East Asian letters lines break anyway. */
static void write_words(const phrase_target *to, const char *chars, size_t length) {
  const writer *w = to->w;
  const char *copy = arena_copy(w->memory, chars, length);
  bool wide = text_columns(copy) > (int)strlen(copy) / 2 && strlen(copy) > length / 2 * 3;
  if (to->room <= 0 || wide || w->d->language == LANGUAGE_CHINESE) {
    append_latex(w->out, copy, w->d->language);
    return;
  }
  while (*copy) {
    size_t word = strcspn(copy, " ");
    if (word) {
      text_append(w->out, "\\fit{");
      append_latex(w->out, arena_copy(w->memory, copy, word), w->d->language);
      text_append(w->out, "}");
    }
    copy += word;
    for (; *copy == ' '; copy++) text_append(w->out, " ");
  }
}

static void write_part(void *data, const char *chars, size_t length, const phrase *in_place) {
  if (in_place) write_phrase(data, in_place);
  else write_words(data, chars, length);
}

static double stretch_width(const pieces *all, size_t begin, size_t end) {
  double width = 0;
  for (size_t k = begin; k < end; k++) width += all->piece[k].width;
  return width;
}

/* Breaks where its pieces do; a stretch of them that is wider than the room is shrunk. */
static void write_formula(const phrase_target *to, const formula *f) {
  const writer *w = to->w;
  double room = to->room > 0 ? to->room : LINE;
  const box *b = typeset(w->memory, f, false, w->d->language);
  pieces all = pieces_of(w->memory, b, FORMAT_LATEX);
  for (size_t begin = 0, end; begin < all.count; begin = end) {
    for (end = begin + 1; end < all.count; end++) {
      if (all.piece[end].penalty != NO_BREAK && b->width > room / 3) break;
    }
    bool shrunk = stretch_width(&all, begin, end) > room * 0.7;
    if (begin) text_append(w->out, all.piece[begin].glue ? "\\hspace{.17em}" : "");
    if (begin) text_append(w->out, "\\allowbreak");
    text_append(w->out, shrunk ? "\\fit{$" : "$");
    print_pieces(w->out, &all, begin, end);
    text_append(w->out, shrunk ? "$}" : "$");
  }
}

static void write_reference(const writer *w, const char *anchor) {
  const block *named = document_find(w->d, anchor);
  if (named && named->number) text_printf(w->out, "\\hyperlink{%s}{%s}", named->number, named->number);
  else text_append(w->out, "?");
}

static void write_run(const phrase_target *to, const run *r) {
  const writer *w = to->w;
  language spoken = w->d->language;
  switch (r->kind) {
    case RUN_WORDS:
      words_walk(words_in(spoken, r->words), r, write_part, (void *)(uintptr_t)to);
      break;
    case RUN_PLAIN: write_words(to, r->chars, strlen(r->chars)); break;
    case RUN_CODE: append_latex_code(w->out, r->chars, spoken); break;
    case RUN_COUNT:
      text_append(w->out, "\\fit{");
      append_grouped(w->out, r->value, "\\,");
      text_append(w->out, "}");
      break;
    case RUN_FORMULA: write_formula(to, r->formula); break;
    case RUN_LINE:
      text_printf(w->out, "\\hyperlink{L%d}{", r->number);
      append_latex_code(w->out, line_chars(w->d, r->number), spoken);
      text_append(w->out, "}");
      break;
    case RUN_EMITTED: append_latex_code(w->out, emitted_chars(w->d, r), spoken); break;
    case RUN_REFERENCE: write_reference(w, r->chars); break;
  }
}

static void write_phrase(const phrase_target *to, const phrase *p) {
  for (size_t k = 0; p && k < p->count; k++) write_run(to, &p->run[k]);
}

static void write_line(const writer *w, const char *before, const phrase *p, const char *behind) {
  text_append(w->out, before);
  write_phrase(&(phrase_target){.w = w}, p);
  line(w, behind);
}

/* ---- chains ------------------------------------------------------------------------------- */

/* The number goes where the equation begins: NULL where it stands there already. */
static void write_step(const writer *w, const char *number, const chain_step *s, double left) {
  size_t *begin;
  double room = LINE - left - 2;
  const box *right = typeset(w->memory, s->right, false, w->d->language);
  pieces all = pieces_of(w->memory, right, FORMAT_LATEX);
  int lines = break_lines(&all, room, room - 1, &begin);
  for (int k = 0; k < lines; k++) {
    text_printf(w->out, "\\chainline{%s}{", k == 0 && number ? number : "");
    if (k == 0) box_print(w->out, w->memory,
                          typeset_mark(w->memory, MARK_RELATION, s->relation), FORMAT_LATEX);
    text_append(w->out, k ? "}{\\quad " : "}{");
    print_pieces(w->out, &all, begin[k], begin[k + 1]);
    text_append(w->out, "}{");
    if (k == lines - 1) write_phrase(&(phrase_target){.w = w}, s->reason);
    line(w, "}");
  }
}

/* Writes a left side; returns how much of the line it takes, in em. */
static double write_left(const writer *w, const char **number, const formula *left) {
  const box *side = typeset(w->memory, left, false, w->d->language);
  bool alone = side->width > WIDEST_LEFT;
  if (alone) text_printf(w->out, "\\chainalone{%s}{", *number ? *number : "");
  else text_append(w->out, "\\chainleftside{");
  box_print(w->out, w->memory, side, FORMAT_LATEX);
  line(w, "}%");
  if (alone) *number = NULL;
  return alone ? 1 : side->width;
}

static void write_chain(const writer *w, const block *b) {
  double left = 1;
  const char *number = b->number;
  text_printf(w->out, "\\begin{chain}{%s}", b->final ? "1.5pt" : "0pt");
  if (b->number) text_printf(w->out, "\\hypertarget{%s}{}", b->number);
  line(w, "%");
  for (size_t k = 0; k < b->steps; k++, number = NULL) {
    const chain_step *s = &b->step[k];
    if (s->left) left = write_left(w, &number, s->left);
    write_step(w, number, s, left);
  }
  if (b->words) write_line(w, "\\chainreason{", b->words, "}");
  line(w, "\\end{chain}");
}

/* ---- tables ------------------------------------------------------------------------------- */

static double cell_gap(void) { return 1.2; }

static void widen(const writer *w, const block *b, const phrase *const *cells, double *width) {
  for (int k = 0; k < b->columns; k++) {
    double wide = 1.1 * phrase_width(w->d, cells[k]) + 0.8;
    if (wide > width[k]) width[k] = wide;
  }
}

/* Takes from the widest until the table fits. */
static void narrow(const block *b, double *width) {
  for (;;) {
    double sum = 0;
    int widest = 0;
    for (int k = 0; k < b->columns; k++) {
      sum += width[k] + cell_gap();
      if (width[k] > width[widest]) widest = k;
    }
    if (sum <= CELLS || width[widest] <= 2) return;
    width[widest] -= 0.5;
  }
}

static void write_cells(const writer *w, const block *b, const phrase *const *cells,
                        const double *width) {
  for (int k = 0; k < b->columns; k++) {
    if (k) text_append(w->out, " & ");
    write_phrase(&(phrase_target){.w = w, .room = width[k]}, cells[k]);
  }
  line(w, " \\\\");
}

static void write_table(const writer *w, const block *b) {
  double *width = arena_alloc(w->memory, (size_t)b->columns * sizeof *width);
  widen(w, b, b->head, width);
  for (size_t k = 0; k < b->rows; k++) widen(w, b, b->row[k], width);
  narrow(b, width);
  text_append(w->out, "{\\small\\begin{longtable}{@{}");
  for (int k = 0; k < b->columns; k++) {
    text_printf(w->out, ">{\\%s\\arraybackslash}p{%.1fem}",
                b->align[k] == ALIGN_RIGHT ? "raggedleft" : "raggedright", width[k]);
  }
  line(w, "@{}}");
  write_cells(w, b, b->head, width);
  line(w, "\\hline\\endhead");
  for (size_t k = 0; k < b->rows; k++) write_cells(w, b, b->row[k], width);
  line(w, "\\end{longtable}}");
}

/* ---- all ---------------------------------------------------------------------------------- */

static void write_listing(const writer *w, const source *model) {
  int number = 1;
  line(w, "{\\raggedright\\small\\setlength\\parskip{0pt}");
  for (const char *at = model->chars; *at; number++) {
    size_t length = strcspn(at, "\n"), shown = length;
    if (shown && at[shown - 1] == '\r') shown--;
    text_printf(w->out, "\\modelline{%d}{", number);
    append_latex_code(w->out, arena_copy(w->memory, at, shown), w->d->language);
    line(w, "}");
    at += length + (at[length] == '\n');
  }
  line(w, "\\par}");
}

static void write_heading(const writer *w, const block *b) {
  static const char *const command[] = {"section", "subsection", "subsubsection"};
  text_printf(w->out, "\\%s*{\\hypertarget{%s}{}\\raggedright %s\\quad ", command[b->level - 1],
              b->number, b->number);
  write_line(w, "", b->words, "}");
}

static void write_block(const writer *w, const block *b) {
  switch (b->kind) {
    case BLOCK_HEADING: write_heading(w, b); break;
    case BLOCK_PARAGRAPH: write_line(w, "{\\raggedright ", b->words, "\\par}"); break;
    case BLOCK_ITEM:
      write_line(w, "{\\raggedright\\hangindent1.5em\\hangafter1 $\\bullet$\\enspace ", b->words,
                 "\\par}");
      break;
    case BLOCK_CHAIN: write_chain(w, b); break;
    case BLOCK_TABLE: write_table(w, b); break;
    case BLOCK_LISTING: write_listing(w, b->listing); break;
  }
}

void print_latex(text *out, const document *d) {
  writer w = {.out = out, .d = d, .memory = d->memory};
  bool chinese = d->language == LANGUAGE_CHINESE;
  for (size_t k = 0; k < sizeof preamble / sizeof *preamble; k++) line(&w, preamble[k]);
  if (chinese) line(&w, "\\usepackage{CJKutf8}");
  line(&w, "\\begin{document}");
  if (chinese) line(&w, "\\begin{CJK*}{UTF8}{gbsn}");
  write_line(&w, "{\\LARGE\\raggedright ", d->title, "\\par}\\bigskip");
  for (const block *b = d->first; b; b = b->next) write_block(&w, b);
  if (chinese) line(&w, "\\clearpage\\end{CJK*}");
  line(&w, "\\end{document}");
}
