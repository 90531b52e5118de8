/* known: elements that a turn stores, and loops behind it in the same turn read on: those read a
 * scalar. Compilers cannot know that what such a loop stores leaves the element as it is, and make
 * no vectors of it. So do calls that read one element, what they have in common then being done once. */
#include "writer.h"

static bool is_same_place(const buffer *b, const index_form *at, const index_form *other) {
  for (int d = 0; d < b->rank; d++) {
    if (!index_equal(&at[d], &other[d])) return false;
  }
  return true;
}

static bool reads_place(const assignment *by, const buffer *b, const index_form *at) {
  for (const buffer_read *r = by->reads; r; r = r->next) {
    if (r->from == b && is_same_place(b, r->at, at)) return true;
  }
  return false;
}

static bool reads_element(const assignment *by, const assignment *a) {
  return reads_place(by, a->target, a->at);
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

static void know(writer *w, const buffer *b, const index_form *at, const char *value) {
  known_element *known = arena_alloc(w->memory, sizeof *known);
  const char *word = word_new(w->e->words, arena_printf(w->memory, "%s_here", b->word), true);
  *known = (known_element){b, at, word, w->loops->known};
  line(w, "const %s %s = %s;", buffer_type(w, b), word, value);
  w->loops->known = known;
  w->loops->braces = true;
}

const char *known_from_here(writer *w, const assignment *a, const char *value) {
  if (!is_read_on(w, a)) return value;
  know(w, a->target, a->at, value);
  return w->loops->known->word;
}

static bool is_written_beside(const assignment *a, const buffer *b) {
  for (const assignment *by = b->writer; by; by = by->next_writer) {
    if (by->where_done && by->where_done->parent == a->where_done->parent) return true;
  }
  return false;
}

void know_what_is_read_on(writer *w, const assignment *a) {
  for (const buffer_read *r = a->reads; r && a->flat && w->loops; r = r->next) {
    const buffer *b = r->from;
    bool again = false;
    for (const step *s = a->where_done->next; s; s = s->next) {
      again = again || (s->kind == STEP_ASSIGNMENT && s->what->flat && reads_place(s->what, b, r->at));
    }
    const bool can = b->type == NUMBER_REAL && !buffer_is_scalar(b) && !known_word(w, b, r->at);
    if (again && can && !is_written_beside(a, b)) know(w, b, r->at, element_piece(w, b, r->at).chars);
  }
}

const char *known_word(const writer *w, const buffer *b, const index_form *at) {
  for (const open_loop *l = w->loops; l; l = l->outer) {
    for (const known_element *k = l->known; k; k = k->next) {
      if (k->of == b && is_same_place(b, k->at, at)) return k->word;
    }
  }
  return NULL;
}
