/* known: elements that a turn stores, and loops behind it in the same turn read on: those read a
 * scalar. Compilers cannot know that what such a loop stores leaves the element as it is, and make
 * no vectors of it. */
#include "writer.h"

static bool is_same_place(const buffer *b, const index_form *at, const index_form *other) {
  for (int d = 0; d < b->rank; d++) {
    if (!index_equal(&at[d], &other[d])) return false;
  }
  return true;
}

static bool reads_element(const assignment *by, const assignment *a) {
  for (const buffer_read *r = by->reads; r; r = r->next) {
    if (r->from == a->target && is_same_place(r->from, r->at, a->at)) return true;
  }
  return false;
}

static bool loop_reads(const step *loop, const assignment *a) {
  for (const step *s = loop->first; s; s = s->next) {
    if (s->kind == STEP_LOOP && loop_reads(s, a)) return true;
    if (s->kind == STEP_ASSIGNMENT && reads_element(s->what, a)) return true;
  }
  return false;
}

static bool is_read_on(const writer *w, const assignment *a) {
  const buffer *b = a->target;
  const bool stored = !buffer_is_scalar(b);
  if (!w->loops || !stored || b->type != NUMBER_REAL || a->next_writer || b->writer != a) return false;
  for (const step *s = a->where_done->next; s; s = s->next) {
    if (s->kind == STEP_LOOP && loop_reads(s, a)) return true;
  }
  return false;
}

const char *known_from_here(writer *w, const assignment *a, const char *value) {
  if (!is_read_on(w, a)) return value;
  known_element *known = arena_alloc(w->memory, sizeof *known);
  const char *base = arena_printf(w->memory, "%s_here", a->target->word);
  *known = (known_element){a->target, a->at, word_new(w->e->words, base, true), w->loops->known};
  line(w, "const %s %s = %s;", buffer_type(w, a->target), known->word, value);
  w->loops->known = known;
  w->loops->braces = true;
  return known->word;
}

const char *known_word(const writer *w, const buffer *b, const index_form *at) {
  for (const open_loop *l = w->loops; l; l = l->outer) {
    for (const known_element *k = l->known; k; k = k->next) {
      if (k->of == b && is_same_place(b, k->at, at)) return k->word;
    }
  }
  return NULL;
}
