/* What the gradients cost as they are computed, after lowering and bracketing; and where in the
 * emitted C each of them is. */
#include <string.h>

#include "notation.h"

/* ---- places in the emitted C -------------------------------------------------------------- */

static bool starts_function(const char *line, size_t length) {
  bool letter = (*line >= 'a' && *line <= 'z') || (*line >= 'A' && *line <= 'Z');
  return letter && memchr(line, '(', length) && length > 0 && line[length - 1] != ';';
}

static const char *function_name(arena *memory, const char *line) {
  const char *end = strchr(line, '('), *begin = end;
  while (begin > line && begin[-1] != ' ' && begin[-1] != '*') begin--;
  return arena_copy(memory, begin, (size_t)(end - begin));
}

/* Emitted statements stand under a comment "word = formula". */
static bool says(const char *line, size_t length, const char *word) {
  size_t size = strlen(word);
  const char *at = line;
  while (at < line + length && (*at == ' ' || *at == '/' || *at == '*')) at++;
  if (at == line || (size_t)(line + length - at) < size + 3) return false;
  return strncmp(at, word, size) == 0 && strncmp(at + size, " = ", 3) == 0;
}

bool emitted_place(const story *s, const char *word, const char **function, int *line) {
  const char *at = s->code;
  *function = NULL;
  if (!at) return false;
  for (int number = 1; *at; number++) {
    const char *end = strchr(at, '\n');
    size_t length = end ? (size_t)(end - at) : strlen(at);
    if (starts_function(at, length)) *function = function_name(s->memory, at);
    if (*function && says(at, length, word)) {
      *line = number;
      return true;
    }
    at += length + (end != NULL);
  }
  return false;
}

/* ---- work --------------------------------------------------------------------------------- */

/* Multiply-adds of one node: every place of what it sums over, once for each factor but one. */
static double work_of(const graph *g, const node *n, bool *per_sample) {
  double places = 1;
  if (n->class != NODE_PRODUCT || n->bound == 0) return 0;
  for (int k = 0; k < n->rank + n->bound; k++) {
    axis a = k < n->rank ? n->axes[k] : n->bound_axes[k - n->rank];
    if (a == AXIS_BATCH) *per_sample = true;
    else places *= (double)axis_extent(g, a);
  }
  return places * (n->operands > 1 ? n->operands - 1 : 1);
}

static void cost_row(story *s, block *table, const formula *by, const definition *of) {
  const phrase **cell = arena_alloc(s->memory, 3 * sizeof *cell);
  bool per_sample = false;
  double work = work_of(s->g, of->value, &per_sample), elements = 1;
  for (int k = 0; k < of->rank; k++) elements *= (double)axis_extent(s->g, of->dims[k]);
  cell[0] = phrase_formula(phrase_new(s->memory), formula_partial(s->memory, loss_letter(s), by));
  phrase *cost = phrase_count(phrase_new(s->memory), work);
  if (per_sample) phrase_formula(phrase_plain(cost, " "), batch_letter(s));
  phrase *bytes = phrase_count(phrase_new(s->memory), elements * s->real_bytes);
  if (of->per_sample) phrase_formula(phrase_plain(bytes, " "), batch_letter(s));
  cell[1] = cost;
  cell[2] = bytes;
  table_row(s->d, table, cell);
}

void tell_cost(story *s) {
  static const alignment align[] = {ALIGN_LEFT, ALIGN_RIGHT, ALIGN_RIGHT};
  const phrase **title = arena_alloc(s->memory, 3 * sizeof *title);
  static const words heads[] = {WORDS_gradient_named, WORDS_multiply_adds, WORDS_memory_bytes};
  for (int k = 0; k < 3; k++) title[k] = phrase_words(phrase_new(s->memory), heads[k]);
  if (s->p->gradients == 0) return;
  document_heading(s->d, 1, phrase_words(phrase_new(s->memory), WORDS_the_cost), "cost");
  document_paragraph(s->d, phrase_words(phrase_new(s->memory), WORDS_cost_words));
  block *table = document_table(s->d, 3, align, title);
  for (int k = 0; k < s->p->gradients; k++) {
    const symbol *by = s->symbol[s->r->leaf[k]->id];
    if (by) cost_row(s, table, by->whole, &s->p->gradient[k]);
  }
}
