/* A document as Unicode text for a terminal, at most COLUMNS wide. */
#include <string.h>

#include "pages.h"

enum {
  COLUMNS = 100, PARAGRAPH = 88,
  INDENT = 6,              /* of equations: their number stands there                            */
  WIDEST_LEFT = 36,        /* a longer left side stands alone                                    */
  REASON = 58,             /* where the names of rules begin, if there is room                   */
  SHORT_FORMULA = 36       /* in a paragraph, one that is not broken                             */
};

typedef struct writer {
  text *out;
  const document *d;
  arena *memory;
} writer;

static void repeat(text *out, const char *chars, int count) {
  for (int k = 0; k < count; k++) text_append(out, chars);
}

/* ---- phrases ------------------------------------------------------------------------------ */

static void write_phrase(const writer *w, text *out, const phrase *p);

typedef struct phrase_target {
  const writer *w;
  text *out;
} phrase_target;

static void write_part(void *data, const char *chars, size_t length, const phrase *in_place) {
  phrase_target *to = data;
  if (in_place) write_phrase(to->w, to->out, in_place);
  else text_append_length(to->out, chars, length);
}

/* A short formula stays together: its spaces are not where lines break. */
static void write_formula(const writer *w, text *out, const formula *f) {
  text inside = text_new(w->memory);
  formula_print(&inside, f, FORMAT_TEXT, w->d->language);
  bool together = text_columns(inside.chars) <= SHORT_FORMULA;
  for (const char *at = inside.chars; *at; at++) {
    if (*at == ' ' && together) text_append(out, "\u00A0");
    else text_append_length(out, at, 1);
  }
}

static void write_run(const writer *w, text *out, const run *r) {
  const block *named;
  switch (r->kind) {
    case RUN_WORDS:
      words_walk(words_in(w->d->language, r->words), r, write_part, &(phrase_target){w, out});
      break;
    case RUN_PLAIN: case RUN_CODE: text_append(out, r->chars); break;
    case RUN_COUNT: append_grouped(out, r->value, ","); break;
    case RUN_FORMULA: write_formula(w, out, r->formula); break;
    case RUN_LINE: text_append(out, line_chars(w->d, r->number)); break;
    case RUN_EMITTED: text_append(out, emitted_chars(w->d, r)); break;
    case RUN_REFERENCE:
      named = document_find(w->d, r->chars);
      text_append(out, named && named->number ? named->number : "?");
      break;
  }
}

static void write_phrase(const writer *w, text *out, const phrase *p) {
  for (size_t k = 0; p && k < p->count; k++) write_run(w, out, &p->run[k]);
}

static const char *phrase_chars(const writer *w, const phrase *p) {
  text out = text_new(w->memory);
  text_append(&out, "");
  write_phrase(w, &out, p);
  return out.chars;
}

void print_phrase(text *out, const document *d, const phrase *p) {
  text_append(out, phrase_chars(&(writer){.d = d, .memory = d->memory}, p));
}

/* The first line begins with `first`, further ones with as many spaces. */
static void write_wrapped(const writer *w, const char *first, const phrase *p, int columns) {
  const char **line;
  int indent = text_columns(first);
  int lines = wrap_text(w->memory, phrase_chars(w, p), columns - indent, &line);
  for (int k = 0; k < lines; k++) {
    if (k) repeat(w->out, " ", indent);
    text_printf(w->out, "%s%s\n", k ? "" : first, line[k]);
  }
}

static void write_heading(const writer *w, const char *chars, const char *mark) {
  const char **line;
  int lines = wrap_text(w->memory, chars, COLUMNS, &line), widest = 0;
  for (int k = 0; k < lines; k++) {
    int columns = text_columns(line[k]);
    widest = columns > widest ? columns : widest;
    text_printf(w->out, "%s\n", line[k]);
  }
  if (*mark) {
    repeat(w->out, mark, widest);
    text_append(w->out, "\n");
  }
}

/* ---- chains ------------------------------------------------------------------------------- */

typedef struct chain_line {
  const writer *w;
  const block *chain;
  int indent;              /* where relations stand                                              */
} chain_line;

/* What stands in front of the first line of an equation, and of the others. */
static const char *margin(const chain_line *c, bool first) {
  const char *number = first && c->chain->number ? c->chain->number : "";
  text out = text_new(c->w->memory);
  bool tight = text_columns(number) + 3 > INDENT;
  text_append(&out, !c->chain->final ? "" : tight ? "│" : "│ ");
  text_append(&out, number);
  if (tight) text_append(&out, " ");
  repeat(&out, " ", INDENT - text_columns(out.chars));
  return out.chars;
}

static void end_line(const chain_line *c, int columns, const phrase *reason) {
  const char **line;
  text *out = c->w->out;
  if (!reason) {
    text_append(out, "\n");
    return;
  }
  const char *chars = arena_printf(c->w->memory, "[%s]", phrase_chars(c->w, reason));
  int wide = text_columns(chars), gap = REASON - columns > 2 ? REASON - columns : 2;
  bool fits = columns + gap + wide <= COLUMNS;
  int at = fits ? columns + gap : REASON;
  int lines = wrap_text(c->w->memory, chars, COLUMNS - at, &line);
  for (int k = 0; k < lines; k++) {
    if (k || !fits) text_printf(out, "\n%s", margin(c, false));
    repeat(out, " ", fits && !k ? gap : at - INDENT);
    text_append(out, line[k]);
  }
  text_append(out, "\n");
}

static void write_step(const chain_line *c, const chain_step *s, int used) {
  const writer *w = c->w;
  size_t *begin;
  int relation = text_columns(s->relation) + 2, room = COLUMNS - c->indent - relation;
  const box *right = typeset(w->memory, s->right, true, w->d->language);
  repeat(w->out, " ", c->indent - used);
  text_printf(w->out, " %s ", s->relation);
  pieces all = pieces_of(w->memory, right, FORMAT_TEXT);
  int lines = break_lines(&all, room, room - 2, &begin);
  for (int k = 0; k < lines; k++) {
    text line = text_new(w->memory);
    if (k) {
      text_append(w->out, margin(c, false));
      repeat(w->out, " ", c->indent - INDENT + relation + 2);
    }
    print_pieces(&line, &all, begin[k], begin[k + 1]);
    text_append(w->out, line.chars);
    int columns = c->indent + relation + (k ? 2 : 0) + text_columns(line.chars);
    end_line(c, columns, k == lines - 1 ? s->reason : NULL);
  }
}

/* Writes a left side; returns the column behind it. */
static int write_left(chain_line *c, const chain_step *s, const char *in_front) {
  const writer *w = c->w;
  text left = text_new(w->memory);
  formula_print(&left, s->left, FORMAT_TEXT, w->d->language);
  int columns = text_columns(left.chars);
  text_printf(w->out, "%s%s", in_front, left.chars);
  c->indent = INDENT + columns;
  if (columns <= WIDEST_LEFT) return c->indent;
  text_printf(w->out, "\n%s", margin(c, false));
  c->indent = INDENT + 3;
  return INDENT;
}

static void write_chain(const writer *w, const block *b) {
  chain_line c = {.w = w, .chain = b, .indent = INDENT};
  for (size_t k = 0; k < b->steps; k++) {
    const chain_step *s = &b->step[k];
    const char *in_front = margin(&c, k == 0);
    int used = INDENT;
    if (s->left) used = write_left(&c, s, in_front);
    else text_append(w->out, in_front);
    write_step(&c, s, used);
  }
  if (b->words) write_wrapped(w, margin(&c, false), b->words, COLUMNS);
}

/* ---- tables ------------------------------------------------------------------------------- */

enum { GAP = 3, NARROWEST = 8 };

typedef struct table_cells {
  const writer *w;
  const block *b;
  int *width;
} table_cells;

static void widen(const table_cells *t, const phrase *const *cells) {
  for (int k = 0; k < t->b->columns; k++) {
    int columns = text_columns(phrase_chars(t->w, cells[k]));
    if (columns > t->width[k]) t->width[k] = columns;
  }
}

/* Takes columns from the widest until the table fits. */
static void narrow(const table_cells *t) {
  for (;;) {
    int sum = -GAP, widest = 0;
    for (int k = 0; k < t->b->columns; k++) {
      sum += t->width[k] + GAP;
      if (t->width[k] > t->width[widest]) widest = k;
    }
    if (sum <= COLUMNS || t->width[widest] <= NARROWEST) return;
    t->width[widest]--;
  }
}

static void write_cell(const table_cells *t, int k, const char *chars) {
  int space = t->width[k] - text_columns(chars);
  bool right = t->b->align[k] == ALIGN_RIGHT, last = k == t->b->columns - 1;
  if (right) repeat(t->w->out, " ", space);
  text_append(t->w->out, chars);
  if (!right && !last) repeat(t->w->out, " ", space);
  if (!last) repeat(t->w->out, " ", GAP);
}

static void write_cells(const table_cells *t, const phrase *const *cells) {
  arena *memory = t->w->memory;
  int columns = t->b->columns, height = 1;
  const char ***line = arena_alloc(memory, (size_t)columns * sizeof *line);
  int *lines = arena_alloc(memory, (size_t)columns * sizeof *lines);
  for (int k = 0; k < columns; k++) {
    lines[k] = wrap_text(memory, phrase_chars(t->w, cells[k]), t->width[k], &line[k]);
    if (lines[k] > height) height = lines[k];
  }
  for (int row = 0; row < height; row++) {
    for (int k = 0; k < columns; k++) write_cell(t, k, row < lines[k] ? line[k][row] : "");
    text_append(t->w->out, "\n");
  }
}

static void write_table(const writer *w, const block *b) {
  table_cells t = {.w = w, .b = b};
  t.width = arena_alloc(w->memory, (size_t)b->columns * sizeof *t.width);
  widen(&t, b->head);
  for (size_t k = 0; k < b->rows; k++) widen(&t, b->row[k]);
  narrow(&t);
  write_cells(&t, b->head);
  for (int k = 0; k < b->columns; k++) {
    repeat(w->out, "─", t.width[k] + (k < b->columns - 1 ? GAP : 0));
  }
  text_append(w->out, "\n");
  for (size_t k = 0; k < b->rows; k++) write_cells(&t, b->row[k]);
}

/* ---- all ---------------------------------------------------------------------------------- */

static void write_listing(const writer *w, const source *model) {
  const char **part;
  int number = 1;
  for (const char *line = model->chars; *line; number++) {
    size_t length = strcspn(line, "\n");
    const char *chars = arena_copy(w->memory, line, length);
    int parts = wrap_text(w->memory, chars, COLUMNS - INDENT, &part);
    for (int k = 0; k < parts; k++) {
      text_printf(w->out, k ? "      " : "%4d  ", number);
      text_printf(w->out, "%s\n", part[k]);
    }
    line += length + (line[length] == '\n');
  }
}

static void write_block(const writer *w, const block *b) {
  static const char *const marks[] = {"═", "─", ""};
  switch (b->kind) {
    case BLOCK_HEADING:
      write_heading(w, arena_printf(w->memory, "%s  %s", b->number, phrase_chars(w, b->words)),
                    marks[b->level - 1]);
      break;
    case BLOCK_PARAGRAPH: write_wrapped(w, "", b->words, PARAGRAPH); break;
    case BLOCK_ITEM: write_wrapped(w, "  • ", b->words, PARAGRAPH); break;
    case BLOCK_CHAIN: write_chain(w, b); break;
    case BLOCK_TABLE: write_table(w, b); break;
    case BLOCK_LISTING: write_listing(w, b->listing); break;
  }
}

static void append_trimmed(text *out, const char *chars) {
  while (*chars) {
    size_t length = strcspn(chars, "\n"), shown = length;
    while (shown && chars[shown - 1] == ' ') shown--;
    text_append_length(out, chars, shown);
    text_append(out, "\n");
    chars += length + (chars[length] == '\n');
  }
}

void print_text(text *out, const document *d) {
  text lines = text_new(d->memory);
  writer w = {.out = &lines, .d = d, .memory = d->memory};
  write_heading(&w, phrase_chars(&w, d->title), "═");
  for (const block *b = d->first; b; b = b->next) {
    bool list = b->kind == BLOCK_ITEM && b != d->first;
    if (!list) text_append(&lines, "\n");
    write_block(&w, b);
  }
  append_trimmed(out, lines.chars);
}
