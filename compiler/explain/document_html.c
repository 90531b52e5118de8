/* A document as one HTML file: MathML Core, no script, nothing from the network.
 *
 * MathML does not break lines. So a formula becomes several <math> elements, one for each stretch
 * that must stay together, and the browser sets them like words. */
#include <string.h>

#include "pages.h"

enum { WIDEST_LEFT = 15 }; /* em: a longer left side has a line of its own */

typedef struct writer {
  text *out;
  const document *d;
  arena *memory;
} writer;

/* ---- formulas and phrases ----------------------------------------------------------------- */

static void write_box(const writer *w, const box *b, bool display) {
  pieces all = pieces_of(w->memory, b, FORMAT_HTML);
  const char *open = display ? "<math displaystyle=\"true\">" : "<math>";
  for (size_t begin = 0, end; begin < all.count; begin = end) {
    for (end = begin + 1; end < all.count && all.piece[end].penalty == NO_BREAK;) end++;
    if (begin) text_append(w->out, all.piece[begin].glue ? " " : "<wbr>");
    text_append(w->out, open);
    print_pieces(w->out, &all, begin, end);
    text_append(w->out, "</math>");
  }
}

static void write_formula(const writer *w, const formula *f, bool display) {
  write_box(w, typeset(w->memory, f, false, w->d->language), display);
}

static void write_phrase(const writer *w, const phrase *p);

static void write_part(void *data, const char *chars, size_t length, const phrase *in_place) {
  const writer *w = data;
  if (in_place) write_phrase(w, in_place);
  else append_escaped(w->out, arena_copy(w->memory, chars, length));
}

/* Names break behind their dots. */
static void write_code(const writer *w, const char *chars) {
  text_append(w->out, "<code>");
  while (*chars) {
    size_t length = strcspn(chars, "._/");
    length += chars[length] != 0;
    append_escaped(w->out, arena_copy(w->memory, chars, length));
    chars += length;
    if (*chars) text_append(w->out, "<wbr>");
  }
  text_append(w->out, "</code>");
}

static void write_reference(const writer *w, const char *anchor) {
  const block *named = document_find(w->d, anchor);
  if (named && named->number) {
    text_printf(w->out, "<a href=\"#%s\">%s</a>", named->number, named->number);
  } else {
    text_append(w->out, "?");
  }
}

static void write_run(const writer *w, const run *r) {
  switch (r->kind) {
    case RUN_WORDS:
      words_walk(words_in(w->d->language, r->words), r, write_part, (void *)(uintptr_t)w);
      break;
    case RUN_PLAIN: append_escaped(w->out, r->chars); break;
    case RUN_CODE: write_code(w, r->chars); break;
    case RUN_COUNT:
      text_append(w->out, "<span class=\"c\">");
      append_grouped(w->out, r->value, "&#8239;");
      text_append(w->out, "</span>");
      break;
    case RUN_FORMULA: write_formula(w, r->formula, false); break;
    case RUN_LINE:
      text_printf(w->out, "<a href=\"#L%d\">", r->number);
      write_code(w, line_chars(w->d, r->number));
      text_append(w->out, "</a>");
      break;
    case RUN_EMITTED: write_code(w, emitted_chars(w->d, r)); break;
    case RUN_REFERENCE: write_reference(w, r->chars); break;
  }
}

static void write_phrase(const writer *w, const phrase *p) {
  for (size_t k = 0; p && k < p->count; k++) write_run(w, &p->run[k]);
}

static void write_element(const writer *w, const char *open, const phrase *p, const char *close) {
  text_append(w->out, open);
  write_phrase(w, p);
  text_printf(w->out, "%s\n", close);
}

/* ---- chains ------------------------------------------------------------------------------- */

static void write_left(const writer *w, const block *b, const chain_step *s, bool first) {
  const box *left = NULL;
  if (s->left) left = typeset(w->memory, s->left, false, w->d->language);
  text_printf(w->out, "<div class=\"%s\">", left && left->width > WIDEST_LEFT ? "alone" : "left");
  if (first && b->number) text_printf(w->out, "<span class=\"no\">%s</span>", b->number);
  if (left) write_box(w, left, true);
  text_append(w->out, "</div>");
}

static void write_step(const writer *w, const block *b, const chain_step *s, bool first) {
  write_left(w, b, s, first);
  text_append(w->out, "<div class=\"rel\">");
  write_box(w, typeset_mark(w->memory, MARK_RELATION, s->relation), true);
  text_append(w->out, "</div><div class=\"right\">");
  write_formula(w, s->right, true);
  write_element(w, "</div><div class=\"why\">", s->reason, "</div>");
}

static void write_chain(const writer *w, const block *b) {
  text_append(w->out, b->final ? "<div class=\"chain final\"" : "<div class=\"chain\"");
  if (b->number) text_printf(w->out, " id=\"%s\"", b->number);
  text_append(w->out, ">\n");
  for (size_t k = 0; k < b->steps; k++) write_step(w, b, &b->step[k], k == 0);
  if (b->words) write_element(w, "<div class=\"note\">", b->words, "</div>");
  text_append(w->out, "</div>\n");
}

/* ---- tables ------------------------------------------------------------------------------- */

/* On a phone each row is a card, and each cell brings its head. */
static void write_head_words(const writer *w, const phrase *head) {
  text chars = text_new(w->memory);
  print_phrase(&chars, w->d, head);
  append_escaped(w->out, chars.chars);
}

static void write_cells(const writer *w, const block *b, const phrase *const *cells, bool head) {
  text_append(w->out, "<tr>");
  for (int k = 0; k < b->columns; k++) {
    text_append(w->out, head ? "<th" : "<td");
    if (b->align[k] == ALIGN_RIGHT) text_append(w->out, " class=\"r\"");
    if (!head) {
      text_append(w->out, " data-head=\"");
      write_head_words(w, b->head[k]);
      text_append(w->out, "\"");
    }
    text_append(w->out, ">");
    write_phrase(w, cells[k]);
    text_append(w->out, head ? "</th>" : "</td>");
  }
  text_append(w->out, "</tr>\n");
}

static void write_table(const writer *w, const block *b) {
  text_append(w->out, "<div class=\"wide\"><table><thead>\n");
  write_cells(w, b, b->head, true);
  text_append(w->out, "</thead><tbody>\n");
  for (size_t k = 0; k < b->rows; k++) write_cells(w, b, b->row[k], false);
  text_append(w->out, "</tbody></table></div>\n");
}

/* ---- all ---------------------------------------------------------------------------------- */

static void write_listing(const writer *w, const source *model) {
  int number = 1;
  text_append(w->out, "<ol class=\"model\">\n");
  for (const char *at = model->chars; *at; number++) {
    size_t length = strcspn(at, "\n"), shown = length;
    if (shown && at[shown - 1] == '\r') shown--;
    text_printf(w->out, "<li id=\"L%d\">", number);
    write_code(w, arena_copy(w->memory, at, shown));
    text_append(w->out, "</li>\n");
    at += length + (at[length] == '\n');
  }
  text_append(w->out, "</ol>\n");
}

static void write_heading(const writer *w, const block *b) {
  text_printf(w->out, "<h%d id=\"%s\"><span class=\"n\">%s</span>", b->level + 1, b->number,
              b->number);
  write_phrase(w, b->words);
  text_printf(w->out, "</h%d>\n", b->level + 1);
}

static void write_block(const writer *w, const block *b) {
  switch (b->kind) {
    case BLOCK_HEADING: write_heading(w, b); break;
    case BLOCK_PARAGRAPH: write_element(w, "<p>", b->words, "</p>"); break;
    case BLOCK_ITEM: write_element(w, "<li>", b->words, "</li>"); break;
    case BLOCK_CHAIN: write_chain(w, b); break;
    case BLOCK_TABLE: write_table(w, b); break;
    case BLOCK_LISTING: write_listing(w, b->listing); break;
  }
}

static void write_head(const writer *w) {
  text title = text_new(w->memory);
  print_phrase(&title, w->d, w->d->title);
  text_printf(w->out, "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n",
              w->d->language == LANGUAGE_CHINESE ? "zh-CN" : "en");
  text_append(w->out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
  text_append(w->out, "<title>");
  append_escaped(w->out, title.chars);
  text_append(w->out, "</title>\n<style>\n");
  for (int k = 0; html_style[k]; k++) text_printf(w->out, "%s\n", html_style[k]);
  text_append(w->out, "</style>\n</head>\n<body>\n<main>\n");
}

void print_html(text *out, const document *d) {
  writer w = {.out = out, .d = d, .memory = d->memory};
  bool listed = false;
  write_head(&w);
  write_element(&w, "<h1>", d->title, "</h1>");
  for (const block *b = d->first; b; b = b->next) {
    bool item = b->kind == BLOCK_ITEM;
    if (item != listed) text_append(out, item ? "<ul>\n" : "</ul>\n");
    listed = item;
    write_block(&w, b);
  }
  text_append(out, listed ? "</ul>\n" : "");
  text_append(out, "</main>\n</body>\n</html>\n");
}
