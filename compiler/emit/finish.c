/* finish: what follows a product, as a function that the runtime calls for each part of the result
 * that is complete, and the names that it reads, in a struct. */
#include <string.h>

#include "writer.h"

/* ---- what it reads ---------------------------------------------------------------------------- */

typedef struct fields {
  text declared, unpacked, given; /* in the struct; in the function; where it is called */
} fields;

static void add_field(writer *w, fields *all, const char *type, const char *word) {
  const char *pointer = type[strlen(type) - 1] == '*' ? "" : " ";
  text_printf(&all->declared, "  %s%s%s;\n", type, pointer, word);
  text_printf(&all->unpacked, "  %s%s%s%s = %s->%s;\n", *pointer ? "const " : "", type, pointer, word,
              w->part_words.of, word);
  text_printf(&all->given, "%s%s", all->given.length > 0 ? ", " : "", word);
}

typedef struct touched {
  int count;
  const buffer *of[MOST_TOUCHED]; /* by number, as their pointers are declared */
  bool written[MOST_TOUCHED];
} touched;

/* Two buffers of one name are a state before and after. */
static void touch(touched *all, const buffer *b, bool writes) {
  int at = 0;
  while (at < all->count && strcmp(all->of[at]->word, b->word) != 0) at++;
  if (at < all->count) {
    all->written[at] = all->written[at] || writes;
    return;
  }
  for (at = all->count++; at > 0 && all->of[at - 1]->number > b->number; at--) {
    all->of[at] = all->of[at - 1];
    all->written[at] = all->written[at - 1];
  }
  all->of[at] = b;
  all->written[at] = writes;
}

static void find_touched(touched *all, const step *pass) {
  while (pass->kind == STEP_LOOP) pass = pass->first;
  for (const step *s = pass; s; s = s->next) {
    touch(all, s->what->target, true);
    for (const buffer_read *r = s->what->reads; r; r = r->next) touch(all, r->from, false);
  }
}

static void add_buffer(writer *w, fields *all, const buffer *b, bool written) {
  const bool scalar = b->kept == STORAGE_LOCAL || b->kept == STORAGE_RESULT;
  if (b->kept == STORAGE_CONSTANT || (scalar && written)) return;
  const char *type = buffer_type(w, b);
  if (!scalar) type = arena_printf(w->memory, "%s%s *", written ? "" : "const ", type);
  add_field(w, all, type, b->word);
}

static void find_fields(writer *w, fields *all, const char *body, const step *pass) {
  static const char *const numbers[] = {"n", "first", "samples"};
  touched buffers = {0};
  *all = (fields){text_new(w->memory), text_new(w->memory), text_new(w->memory)};
  for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) {
    const bool there = k == 0 || w->e->parts > 1;
    if (there && mentions_word(body, numbers[k])) add_field(w, all, "size_t", numbers[k]);
  }
  for (const open_loop *l = w->loops; l; l = l->outer) {
    if (mentions_word(body, l->over->word)) add_field(w, all, "size_t", l->over->word);
  }
  if (mentions_word(body, "head")) add_field(w, all, "const nnrt_head *", "head");
  find_touched(&buffers, pass);
  for (int k = 0; k < buffers.count; k++) {
    if (mentions_word(body, buffers.of[k]->word)) {
      add_buffer(w, all, buffers.of[k], buffers.written[k]);
    }
  }
}

/* ---- its loops ---------------------------------------------------------------------------------- */

bool runs_with_outer(const writer *w, const step *s) {
  return w->part && s != w->part->rows && s != w->part->columns && step_inside(s, w->part->rows);
}

/* The indices of all loops over rows, the last of which runs fastest, as digits of the place. */
static void declare_digits(writer *w, const step *rows) {
  const char *shared = w->part_words.place;
  const step *inner = rows;
  piece turns = {NULL, BIND_PRIMARY};
  text digits = text_new(w->memory);
  while (inner->first != w->part->columns) inner = inner->first;
  for (; inner != rows->parent; inner = inner->parent) {
    const char *bound = bound_text(w, inner->over);
    text_printf(&digits, "%s%s = %s", digits.length > 0 ? ", " : "", inner->over->word, shared);
    if (turns.chars) text_printf(&digits, " / %s", within(w, turns, BIND_PRIMARY));
    if (inner != rows) text_printf(&digits, " %% %s", bound);
    turns = turns.chars ? piece_of(w, BIND_MULTIPLY, "%s * %s", turns.chars, bound)
                        : (piece){bound, BIND_PRIMARY};
  }
  w->indent++;
  line(w, "const size_t %s;", digits.chars);
  w->indent--;
}

static void emit_head(writer *w, const char *word, const char *begin, const char *end, bool single) {
  line(w, "for (size_t %s = %s; %s < %s; %s++)%s", word, begin, word, end, word, single ? "" : " {");
}

bool emit_part_head(writer *w, const step *s, bool single) {
  const part_words *words = &w->part_words;
  if (!w->part) return false;
  if (s == w->part->columns) {
    if (turns_stand_apart(s)) line(w, "NNRT_APART");
    emit_head(w, s->over->word, words->column, words->columns_end, single);
    return true;
  }
  if (s != w->part->rows) return false;
  const bool only = s->first == w->part->columns;
  emit_head(w, only ? s->over->word : words->place, words->row, words->rows_end, false);
  if (!only) declare_digits(w, s);
  return true;
}

/* ---- the function ------------------------------------------------------------------------------- */

/* Names that are free in the entry. */
static void choose_words(writer *w) {
  word_table *table = w->e->words;
  w->part_words = (part_words){
      .context = word_new(table, "context", true), .of = word_new(table, "of", true),
      .row = word_new(table, "row_begin", true), .rows_end = word_new(table, "row_end", true),
      .column = word_new(table, "column_begin", true),
      .columns_end = word_new(table, "column_end", true), .place = word_new(table, "place", true)};
}

/* The loops alone, as if nothing were around them: the loops that are have their indices given. */
static const char *part_body(writer *w, const step *pass) {
  writer inner = *w;
  pass_part part = {pass, pass};
  text body = text_new(w->memory);
  while (part.columns->first->kind == STEP_LOOP) part.columns = part.columns->first;
  inner.out = &body;
  inner.part = &part;
  inner.loops = NULL;
  inner.said = NULL;
  inner.indent = 1;
  if (pass->parent) text_append(&body, "\n");
  emit_comment(&inner, pass);
  give_reason(&inner, pass);
  emit_loop(&inner, pass);
  return body.chars;
}

const char *emit_finish(writer *w, const step *product) {
  if (!w->part_words.of) choose_words(w);
  const part_words *words = &w->part_words;
  const size_t before = w->finishes->count, reasons = w->reasons ? w->reasons->count : 0;
  fields all;
  const char *body = part_body(w, product->finish);
  find_fields(w, &all, body, product->finish);
  const char *whole = arena_printf(w->memory, "%s%s%s", all.declared.chars, all.unpacked.chars, body);
  const size_t number = shape_number(w, w->finishes, without_reasons(w->memory, whole), SIZE_MAX);
  const char *called = arena_printf(w->memory, "nnrt_finish_%zu", number);
  for (size_t k = reasons; w->reasons && k < w->reasons->count; k++)
    w->reasons->item[k].function = called;
  if (number > before) {
    text_printf(w->functions,
                "\n/* What follows the product %s, for some of its rows and columns. */\n"
                "struct %s {\n%s};\n"
                "static void %s(const void *%s, size_t %s, size_t %s,\n"
                "            %*ssize_t %s, size_t %s) {\n"
                "  const struct %s *%s = %s;\n%s%s}\n",
                product->what->target->word, called, all.declared.chars, called, words->context,
                words->row, words->rows_end, (int)strlen(called) + 1, "", words->column,
                words->columns_end, called, words->of, words->context, all.unpacked.chars, body);
  }
  return arena_printf(w->memory, "%s, &(const struct %s){%s}", called, called, all.given.chars);
}
