/* Documents: blocks one after another, and the phrases in them. */
#include <string.h>

#include "explain.h"

/* ---- phrases ------------------------------------------------------------------------------ */

phrase *phrase_new(arena *memory) {
  phrase *p = arena_alloc(memory, sizeof *p);
  p->memory = memory;
  return p;
}

static phrase *with_run(phrase *p, run added) {
  ARENA_PUSH(p->memory, p->run, p->count, p->capacity, added);
  return p;
}

phrase *phrase_words_with(phrase *p, words key, int parts, const phrase *const *part) {
  const phrase **kept = arena_alloc(p->memory, (size_t)(parts ? parts : 1) * sizeof *kept);
  for (int k = 0; k < parts; k++) kept[k] = part[k];
  return with_run(p, (run){.kind = RUN_WORDS, .words = key, .parts = parts, .part = kept});
}

phrase *phrase_words(phrase *p, words key) { return phrase_words_with(p, key, 0, NULL); }

phrase *phrase_words_formula(phrase *p, words key, const formula *in_its_place) {
  const phrase *inside = phrase_formula(phrase_new(p->memory), in_its_place);
  return phrase_words_with(p, key, 1, &inside);
}

phrase *phrase_plain(phrase *p, const char *chars) {
  return with_run(p, (run){.kind = RUN_PLAIN, .chars = chars});
}

phrase *phrase_code(phrase *p, const char *chars) {
  return with_run(p, (run){.kind = RUN_CODE, .chars = chars});
}

phrase *phrase_count(phrase *p, double whole_number) {
  return with_run(p, (run){.kind = RUN_COUNT, .value = whole_number});
}

phrase *phrase_formula(phrase *p, const formula *f) {
  return with_run(p, (run){.kind = RUN_FORMULA, .formula = f});
}

phrase *phrase_line(phrase *p, int line) {
  return with_run(p, (run){.kind = RUN_LINE, .number = line});
}

phrase *phrase_emitted(phrase *p, const char *function, int line) {
  return with_run(p, (run){.kind = RUN_EMITTED, .chars = function, .number = line});
}

phrase *phrase_reference(phrase *p, const char *anchor) {
  return with_run(p, (run){.kind = RUN_REFERENCE, .chars = anchor});
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

void document_heading(document *d, int level, const phrase *said, const char *anchor) {
  block *b = added(d, BLOCK_HEADING, said);
  b->level = level;
  b->anchor = anchor;
}

void document_paragraph(document *d, const phrase *said) { added(d, BLOCK_PARAGRAPH, said); }

void document_item(document *d, const phrase *said) { added(d, BLOCK_ITEM, said); }

block *document_chain(document *d, const char *anchor, bool final) {
  block *b = added(d, BLOCK_CHAIN, NULL);
  b->anchor = anchor;
  b->final = final;
  return b;
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
