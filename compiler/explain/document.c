/* Documents: blocks one after another, and the phrases in them. */
#include <string.h>

#include "pages.h"

/* ---- phrases ------------------------------------------------------------------------------ */

phrase *phrase_new(arena *memory) {
  phrase *p = arena_alloc(memory, sizeof *p);
  p->memory = memory;
  return p;
}

phrase *phrase_run(phrase *p, run added) {
  ARENA_PUSH(p->memory, p->run, p->count, p->capacity, added);
  return p;
}

phrase *phrase_words_with(phrase *p, words key, int parts, const phrase *const *part) {
  const phrase **kept = arena_alloc(p->memory, (size_t)(parts ? parts : 1) * sizeof *kept);
  for (int k = 0; k < parts; k++) kept[k] = part[k];
  return phrase_run(p, (run){.kind = RUN_WORDS, .words = key, .parts = parts, .part = kept});
}

phrase *phrase_words(phrase *p, words key) { return phrase_words_with(p, key, 0, NULL); }

phrase *phrase_words_formula(phrase *p, words key, const formula *in_its_place) {
  const phrase *inside = phrase_formula(phrase_new(p->memory), in_its_place);
  return phrase_words_with(p, key, 1, &inside);
}

phrase *phrase_plain(phrase *p, const char *chars) {
  return phrase_run(p, (run){.kind = RUN_PLAIN, .chars = chars});
}

phrase *phrase_code(phrase *p, const char *chars) {
  return phrase_run(p, (run){.kind = RUN_CODE, .chars = chars});
}

phrase *phrase_count(phrase *p, double whole_number) {
  return phrase_run(p, (run){.kind = RUN_COUNT, .value = whole_number});
}

phrase *phrase_formula(phrase *p, const formula *f) {
  return phrase_run(p, (run){.kind = RUN_FORMULA, .formula = f});
}

phrase *phrase_line(phrase *p, int line) {
  return phrase_run(p, (run){.kind = RUN_LINE, .number = line});
}

phrase *phrase_emitted(phrase *p, const char *function, int line) {
  return phrase_run(p, (run){.kind = RUN_EMITTED, .chars = function, .number = line});
}

phrase *phrase_reference(phrase *p, const char *anchor) {
  return phrase_run(p, (run){.kind = RUN_REFERENCE, .chars = anchor});
}

/* ---- blocks ------------------------------------------------------------------------------- */

document *document_new(arena *memory, language spoken, const phrase *title, const source *model,
                       const char *emitted) {
  document *d = arena_alloc(memory, sizeof *d);
  d->memory = memory;
  d->language = spoken;
  d->title = title;
  d->model = model;
  d->emitted = emitted;
  return d;
}

static block *added(document *d, block_kind kind, const phrase *said) {
  block *b = arena_alloc(d->memory, sizeof *b);
  b->kind = kind;
  b->words = said;
  if (d->last) d->last->next = b;
  else d->first = b;
  d->last = b;
  return b;
}

static const char *section_number(document *d, int level) {
  int *count = d->section;
  count[level - 1]++;
  for (int k = level; k < 3; k++) count[k] = 0;
  if (level == 1) return arena_printf(d->memory, "%d", count[0]);
  if (level == 2) return arena_printf(d->memory, "%d.%d", count[0], count[1]);
  return arena_printf(d->memory, "%d.%d.%d", count[0], count[1], count[2]);
}

void document_heading(document *d, int level, const phrase *said, const char *anchor) {
  block *b = added(d, BLOCK_HEADING, said);
  b->level = level < 1 ? 1 : level > 3 ? 3 : level;
  b->anchor = anchor;
  b->number = section_number(d, b->level);
}

void document_paragraph(document *d, const phrase *said) { added(d, BLOCK_PARAGRAPH, said); }

void document_item(document *d, const phrase *said) { added(d, BLOCK_ITEM, said); }

static const char *chain_number(document *d) {
  return arena_printf(d->memory, "(%d)", ++d->equations);
}

block *document_chain(document *d, const char *anchor, bool final) {
  block *b = added(d, BLOCK_CHAIN, NULL);
  b->anchor = anchor;
  b->final = final;
  if (anchor) b->number = chain_number(d);
  return b;
}

void document_renumber(document *d) {
  memset(d->section, 0, sizeof d->section);
  d->equations = 0;
  for (block *b = d->first; b; b = b->next) {
    d->last = b;
    if (b->kind == BLOCK_HEADING) b->number = section_number(d, b->level);
    if (b->kind == BLOCK_CHAIN && b->anchor) b->number = chain_number(d);
  }
}

void chain_add(document *d, block *chain, const formula *left, const char *relation,
               const formula *right, const phrase *reason) {
  chain_step last = {.left = left, .relation = relation, .right = right, .reason = reason};
  ARENA_PUSH(d->memory, chain->step, chain->steps, chain->step_capacity, last);
}

block *document_table(document *d, int columns, const alignment *align,
                      const phrase *const *head) {
  block *b = added(d, BLOCK_TABLE, NULL);
  b->columns = columns;
  b->align = align;
  b->head = head;
  return b;
}

void table_row(document *d, block *table, const phrase *const *cells) {
  ARENA_PUSH(d->memory, table->row, table->rows, table->row_capacity, cells);
}

void document_listing(document *d, const source *model) {
  added(d, BLOCK_LISTING, NULL)->listing = model;
}

/* ---- for the renderers -------------------------------------------------------------------- */

const block *document_find(const document *d, const char *anchor) {
  for (const block *b = d->first; b; b = b->next) {
    if (b->anchor && strcmp(b->anchor, anchor) == 0) return b;
  }
  return NULL;
}

const char *line_chars(const document *d, int line) {
  const char *path = d->model ? d->model->path : "", *slash = strrchr(path, '/');
  return arena_printf(d->memory, "%s:%d", slash ? slash + 1 : path, line);
}

const char *emitted_chars(const document *d, const run *r) {
  const char *path = d->emitted ? d->emitted : "", *slash = strrchr(path, '/');
  return arena_printf(d->memory, "%s, %s:%d", r->chars, slash ? slash + 1 : path, r->number);
}

static double run_width(const document *d, const run *r) {
  double width = 0;
  switch (r->kind) {
    case RUN_WORDS:
      width = 0.5 * text_columns(words_in(d->language, r->words));
      for (int k = 0; k < r->parts; k++) width += phrase_width(d, r->part[k]);
      return width;
    case RUN_PLAIN: return 0.5 * text_columns(r->chars);
    case RUN_CODE: return 0.6 * text_columns(r->chars);
    case RUN_FORMULA: return typeset(d->memory, r->formula, false, d->language)->width;
    case RUN_LINE: return 0.6 * text_columns(line_chars(d, r->number));
    case RUN_EMITTED: return 0.6 * text_columns(emitted_chars(d, r));
    case RUN_COUNT: {
      text digits = text_new(d->memory);
      append_grouped(&digits, r->value, "");
      return 0.6 * text_columns(digits.chars);
    }
    case RUN_REFERENCE: break;
  }
  return 1.5;
}

double phrase_width(const document *d, const phrase *p) {
  double width = 0;
  for (size_t k = 0; p && k < p->count; k++) width += run_width(d, &p->run[k]);
  return width;
}

/* The number of the place that begins at `at`, or -1. */
static int place_in_words(const char *at) {
  bool is = at[0] == '{' && at[1] >= '0' && at[1] <= '9' && at[2] == '}';
  return is ? at[1] - '0' : -1;
}

void words_walk(const char *template, const run *of, words_part *call, void *data) {
  const char *begin = template;
  for (const char *at = template;; at++) {
    int number = *at ? place_in_words(at) : -1;
    if (*at && number < 0) continue;
    if (at > begin) call(data, begin, (size_t)(at - begin), NULL);
    if (!*at) return;
    if (number < of->parts) call(data, NULL, 0, of->part[number]);
    begin = at + 3;
    at += 2;
  }
}

void append_grouped(text *out, double whole_number, const char *gap) {
  char digits[64];
  int length = snprintf(digits, sizeof digits, "%.0f", whole_number);
  if (length >= (int)sizeof digits) {
    text_number(out, whole_number);
    return;
  }
  for (int k = 0; k < length; k++) {
    bool group = k && (length - k) % 3 == 0 && length > 4 && digits[k - 1] != '-';
    if (group) text_append(out, gap);
    text_append_length(out, digits + k, 1);
  }
}
