/* finish: what follows a product, as a function that the runtime calls for each part of the result
 * that is complete. */
#include <string.h>

#include "writer.h"

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

void choose_part_words(writer *w) {
  word_table *table = w->e->words;
  if (w->part_words.of) return;
  w->part_words = (part_words){
      .context = word_new(table, "context", true), .of = word_new(table, "of", true),
      .row = word_new(table, "row_begin", true), .rows_end = word_new(table, "row_end", true),
      .column = word_new(table, "column_begin", true),
      .columns_end = word_new(table, "column_end", true), .place = word_new(table, "place", true),
      .share = word_new(table, "share", true), .begin = word_new(table, "s_begin", true),
      .end = word_new(table, "s_end", true)};
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
  choose_part_words(w);
  const part_words *words = &w->part_words;
  const size_t reasons = w->reasons ? w->reasons->count : 0;
  const char *given;
  const called_loop loop = {
      .all = w->finishes, .base = "nnrt_finish", .loop = product->finish, .reasons = reasons,
      .about = arena_printf(w->memory, "What follows the product %s, for some of its rows and columns.",
                            product->what->target->word),
      .context = "const void *",
      .parameters = arena_printf(w->memory, "size_t %s, size_t %s", words->row, words->rows_end),
      .more = arena_printf(w->memory, "size_t %s, size_t %s", words->column, words->columns_end),
      .body = part_body(w, product->finish)};
  const char *called = emit_called(w, &loop, &given);
  return arena_printf(w->memory, "%s, &(const struct %s){%s}", called, called, given);
}
