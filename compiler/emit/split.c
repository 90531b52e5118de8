/* split: a loop over samples that a team's threads share, as a function of one share of the samples,
 * and the sums over them, which each share has made in a place of its own. */
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
    const buffer *b = assignment_whole(s->what)->target;
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
  const size_t reasons = w->reasons ? w->reasons->count : 0;
  const char *range = arena_printf(w->memory, "  const size_t %s = n * %s / %d, %s = n * (%s + 1) / %d;\n",
                                   words->begin, words->share, loop->split, words->end, words->share,
                                   loop->split);
  const called_loop function = {
      .all = w->splits, .base = "nnrt_split", .loop = loop, .reasons = reasons,
      .about = arena_printf(w->memory, "%s: for one share of the samples.", filled(w, loop)),
      .context = "void *",
      .parameters = arena_printf(w->memory, "size_t %s", words->share),
      .own = arena_printf(w->memory, "%s * %lld", words->share, (long long)w->e->split_bytes),
      .body = arena_printf(w->memory, "%s%s", range, function_body(w, loop))};
  return emit_called(w, &function, given);
}

/* ---- sums --------------------------------------------------------------------------------------- */

/* Where the total begins: dimensions that the shares have, too, at 0. */
static const char *total_pointer(writer *w, const assignment *share) {
  const buffer *total = share->total->target;
  index_form at[MAX_RANK];
  if (buffer_is_scalar(total)) return arena_printf(w->memory, "&%s", total->word);
  for (int d = 0; d < total->rank; d++) {
    at[d] = share->target->dropped[d] ? share->at[d] : index_constant(0);
  }
  row_list *rows = w->rows;
  w->rows = NULL;
  const piece first = place_piece(w, total, at);
  w->rows = rows;
  return strcmp(first.chars, "0") == 0 ? total->word
                                       : arena_printf(w->memory, "%s + %s", total->word, first.chars);
}

static void emit_sum(writer *w, const assignment *share, int shares) {
  const assignment *a = share->total;
  const char *type = buffer_type(w, a->target);
  const bool is_double = strcmp(type, "double") == 0;
  if (!a->adds) emit_clear(w, a);
  w->helpers->add_shares[is_double] = w->helpers->at = true;
  line(w, "add_shares_%s(%s, %s, %s, %d, %lld);", type, total_pointer(w, share), share->target->word,
       elements_text(w, share->target), shares, (long long)w->e->split_bytes);
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

void emit_share_sums(writer *w) {
  for (int type = 0; type < 2; type++) {
    if (!w->helpers->add_shares[type]) continue;
    const char *real = type ? "double" : "float";
    line(w, "/* Adds what shares of the samples have summed up, `bytes` apart, in their order. */");
    line(w, "static void add_shares_%s(%s *sum, void *first, size_t elements, size_t shares,", real, real);
    line(w, "                        %*ssize_t bytes) {", (int)strlen(real), "");
    line(w, "  for (size_t share = 0; share < shares; share++) {");
    line(w, "    const %s *more = at(first, share * bytes);", real);
    line(w, "    NNRT_APART");
    line(w, "    for (size_t i = 0; i < elements; i++)");
    line(w, "      sum[i] += more[i];");
    line(w, "  }");
    line(w, "}");
  }
}
