/* split: a loop over samples that a team's threads share, as a function of one part of the samples,
 * and the sums over them, which each part has made in a place of its own. */
#include <string.h>

#include "writer.h"

/* ---- the function ----------------------------------------------------------------------------- */

/* Loops around that are the function's own: their indices are given, rows that depend on them alone
 * are its first lines. */
static open_loop *given_loops(writer *w, const open_loop *around) {
  if (!around) return NULL;
  open_loop *given = arena_alloc(w->memory, sizeof *given);
  *given = (open_loop){.over = around->over, .scope = around->scope, .outer = given_loops(w, around->outer)};
  if (given->outer) given->scope.outer = &given->outer->scope;
  return given;
}

static const char *with_rows_of(writer *w, const char *body, open_loop *given) {
  for (; given; given = given->outer) {
    text rows = text_new(w->memory), whole = text_new(w->memory);
    w->out = &rows;
    declare_rows(w, given, body);
    text_append(&whole, rows.chars ? rows.chars : "");
    append_with_rows(w, &whole, body, given);
    body = whole.chars;
  }
  return body;
}

static const char *function_body(writer *w, const step *loop) {
  writer inner = *w;
  text body = text_new(w->memory);
  inner.out = &body;
  inner.split = loop;
  inner.loops = given_loops(w, w->loops);
  inner.said = NULL;
  inner.indent = 1;
  for (int k = 0; k < loop->sums; k++) {
    if (loop->sum[k]->product) emit_clear(&inner, loop->sum[k]);
  }
  emit_loop(&inner, loop);
  return with_rows_of(&inner, body.chars, inner.loops);
}

bool emit_split_head(writer *w, const step *s, bool single) {
  if (w->split != s || !s) return false;
  const char *word = s->over->word;
  line(w, "for (size_t %s = %s; %s < %s; %s++)%s", word, w->part_words.begin, word, w->part_words.end, word,
       single ? "" : " {");
  return true;
}

enum { MOST_LISTED = 4 };

/* What the loop fills, as far as it is kept: the first few. */
static void list_filled(const step *first, text *out, int *listed) {
  for (const step *s = first; s; s = s->next) {
    if (s->kind == STEP_LOOP) list_filled(s->first, out, listed);
    if (s->kind != STEP_ASSIGNMENT) continue;
    const buffer *b = (s->what->total ? s->what->total : s->what)->target;
    if (b->kept == STORAGE_LOCAL || mentions_word(out->chars ? out->chars : "", b->word)) continue;
    if (*listed == MOST_LISTED) text_append(out, ", …");
    if (*listed < MOST_LISTED) text_printf(out, "%s%s", *listed > 0 ? ", " : "", b->word);
    ++*listed;
  }
}

static const char *filled(writer *w, const step *loop) {
  text out = text_new(w->memory);
  int listed = 0;
  list_filled(loop->first, &out, &listed);
  return out.length > 0 ? out.chars : "sums";
}

static const char *function_for(writer *w, const step *loop, const char **given) {
  const part_words *words = &w->part_words;
  const size_t before = w->splits->count, reasons = w->reasons ? w->reasons->count : 0;
  const char *own = arena_printf(w->memory, "%s * %lld", words->share, (long long)w->e->split_bytes);
  const char *range = arena_printf(w->memory, "  const size_t %s = n * %s / %d, %s = n * (%s + 1) / %d;\n",
                                   words->begin, words->share, loop->split, words->end, words->share,
                                   loop->split);
  const char *body = arena_printf(w->memory, "%s%s", range, function_body(w, loop));
  const fields all = find_fields(w, body, loop, words->of, own);
  const char *whole = arena_printf(w->memory, "%s%s%s", all.declared.chars, all.unpacked.chars, body);
  const size_t number = shape_number(w, w->splits, without_reasons(w->memory, whole), SIZE_MAX);
  const char *called = arena_printf(w->memory, "nnrt_split_%zu", number);
  name_function(w, reasons, called);
  *given = all.given.chars;
  if (number == before + 1) {
    text_printf(w->functions,
                "\n/* %s: of the samples that one share of them has. */\n"
                "struct %s {\n%s};\n"
                "static void %s(void *%s, size_t %s) {\n"
                "  const struct %s *%s = %s;\n%s%s}\n",
                filled(w, loop), called, all.declared.chars, called, words->context, words->share, called,
                words->of, words->context, all.unpacked.chars, body);
  }
  return called;
}

/* ---- sums --------------------------------------------------------------------------------------- */

static bool is_scalar(const buffer *b) {
  return b->kept == STORAGE_LOCAL || b->kept == STORAGE_RESULT;
}

static const char *elements_text(writer *w, const buffer *part) {
  text out = text_new(w->memory);
  for (int k = 0; k < part->rank; k++) {
    const int d = part->order[k];
    if (part->dropped[d]) continue;
    text_printf(&out, "%s%s", out.length > 0 ? " * " : "", size_text(w, part, d));
  }
  return out.length > 0 ? out.chars : "1";
}

/* Where the total begins: dimensions that the parts have, too, at 0. */
static const char *total_pointer(writer *w, const assignment *part) {
  const buffer *total = part->total->target;
  index_form at[MAX_RANK];
  if (is_scalar(total)) return arena_printf(w->memory, "&%s", total->word);
  for (int d = 0; d < total->rank; d++) {
    at[d] = part->target->dropped[d] ? part->at[d] : index_constant(0);
  }
  row_list *rows = w->rows;
  w->rows = NULL;
  const piece first = place_piece(w, total, at);
  w->rows = rows;
  return strcmp(first.chars, "0") == 0 ? total->word
                                       : arena_printf(w->memory, "%s + %s", total->word, first.chars);
}

static void emit_sum(writer *w, const assignment *part, int parts) {
  const assignment *a = part->total;
  const char *type = buffer_type(w, a->target);
  const bool is_double = strcmp(type, "double") == 0;
  if (!a->adds && is_scalar(a->target)) line(w, "%s %s = 0;", type, a->target->word);
  else if (!a->adds) emit_clear(w, a);
  w->helpers->add_parts[is_double] = w->helpers->at = true;
  line(w, "add_parts_%s(%s, %s, %s, %d, %lld);", type, total_pointer(w, part), part->target->word,
       elements_text(w, part->target), parts, (long long)w->e->split_bytes);
}

void emit_split(writer *w, const step *loop) {
  const char *given;
  choose_part_words(w);
  const char *function = function_for(w, loop, &given);
  line(w, "nnrt_team_run(n < %lld ? NULL : head->team, %d, %s,",
       (long long)samples_worth_splitting(w->e, loop), loop->split, function);
  line(w, "              &(struct %s){%s});", function, given);
  for (int k = 0; k < loop->sums; k++) emit_sum(w, loop->sum[k], loop->split);
}

void emit_part_sums(writer *w) {
  for (int type = 0; type < 2; type++) {
    if (!w->helpers->add_parts[type]) continue;
    const char *real = type ? "double" : "float";
    line(w, "/* Adds what parts of the samples have summed up, `bytes` apart, in their order. */");
    line(w, "static void add_parts_%s(%s *sum, void *first, size_t elements, size_t parts, size_t bytes) {",
         real, real);
    line(w, "  for (size_t part = 0; part < parts; part++) {");
    line(w, "    const %s *more = at(first, part * bytes);", real);
    line(w, "    NNRT_APART");
    line(w, "    for (size_t i = 0; i < elements; i++)");
    line(w, "      sum[i] += more[i];");
    line(w, "  }");
    line(w, "}");
  }
}
