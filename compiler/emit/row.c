/* row: rows of tensors that stand before the loop over their elements: the number of one that is
 * read often, and the place of one that is read under a condition. */
#include <stdlib.h>
#include <string.h>

#include "writer.h"

enum { ROW_BEGINS = 1, ROW_ENDS = 2, FEWEST_ROW_USES = 3 };

/* What stands for the row until its owner is closed; `index` is the same for all of its uses. */
static row_index *row_for(writer *w, piece index, open_loop *owner) {
  row_index *row = owner->rows;
  while (row && strcmp(row->index.chars, index.chars) != 0) row = row->next;
  if (!row) {
    row = arena_alloc(w->memory, sizeof *row);
    *row = (row_index){.index = index, .owner = owner, .next = owner->rows};
    owner->rows = row;
    ARENA_PUSH(w->memory, w->rows->item, w->rows->count, w->rows->capacity, row);
    row->number = w->rows->count - 1;
  }
  row->uses++;
  row->mark = arena_printf(w->memory, "%c%zu%c", ROW_BEGINS, row->number, ROW_ENDS);
  return row;
}

piece row_piece(writer *w, piece index, open_loop *owner) {
  return (piece){row_for(w, index, owner)->mark, BIND_PRIMARY};
}

static bool row_word_taken(const writer *w, const open_loop *owner, const char *word) {
  if (word_taken(w->e->words, word)) return true;
  for (const open_loop *l = owner; l; l = l->outer) {
    if (strcmp(l->scope.word, word) == 0) return true;
  }
  for (const row_index *row = owner->rows; row; row = row->next) {
    if (row->word && strcmp(row->word, word) == 0) return true;
  }
  return false;
}

/* A row of the step before, of the step after, or of this one. Loops further out must not have
 * the word either: theirs are given when they close, so every depth has words of its own. */
static const char *row_word(writer *w, const row_index *row, int depth) {
  const char *chars = row->index.chars, *base = "row";
  if (row->of) base = arena_printf(w->memory, "%s_or_0", row->of->word);
  else if (strstr(chars, " - ")) base = "row_before";
  else if (strstr(chars, " + 1)")) base = "row_after";
  if (depth > 0 || (row->of && depth < 0)) base = arena_printf(w->memory, "%s_%d", base, depth + 1);
  const char *word = base;
  for (char letter = 'b'; row_word_taken(w, row->owner, word) && letter <= 'z'; letter++) {
    word = arena_printf(w->memory, "%s_%c", base, letter);
  }
  return word;
}

bool declare_rows(writer *w, const open_loop *owner, const char *body) {
  bool any = false;
  int depth = -2; /* two loops at least make a row */
  row_index *first = NULL;
  for (const open_loop *l = owner; l; l = l->outer) depth++;
  for (row_index *row = owner->rows, *next; row; row = next) { /* as they were met */
    next = row->next;
    row->later = first;
    first = row;
  }
  for (row_index *row = first; row; row = row->later) {
    if (row->of ? !strstr(body, row->mark) : row->uses < FEWEST_ROW_USES) continue;
    row->word = row_word(w, row, depth);
    const char *type = row->of ? arena_printf(w->memory, "%s *", buffer_type(w, row->of)) : "size_t ";
    line(w, "const %s%s = %s;", type, row->word, row->index.chars);
    if (w->helpers->zeros < row->elements) w->helpers->zeros = row->elements;
    any = true;
  }
  return any;
}

void append_with_rows(writer *w, text *out, const char *chars, const open_loop *owner) {
  const char begins[] = {ROW_BEGINS, 0};
  while (*chars) {
    size_t plain = strcspn(chars, begins);
    text_append_length(out, chars, plain);
    chars += plain;
    if (!*chars) break;
    char *end;
    const row_index *row = w->rows->item[strtoul(chars + 1, &end, 10)];
    if (row->owner != owner) text_append_length(out, chars, (size_t)(end + 1 - chars));
    else if (row->word) text_append(out, row->word);
    else text_printf(out, strchr(row->index.chars, ' ') ? "(%s)" : "%s", row->index.chars);
    chars = end + 1;
  }
}

/* ---- rows under a condition ------------------------------------------------------------------ */

enum { MOST_ELEMENTS = 4096 }; /* of a row: as many zeroes become part of the program */

static bool only_loops(const index_form *at) {
  for (int k = 0; k < at->terms; k++) {
    if (variable_now(at->term[k].of)->kind != VARIABLE_LOOP) return false;
  }
  return true;
}

/* Whether the conditions, those apart that hold anyway, or the place depend on v. */
static bool depends(const buffer *b, const index_form *at, const condition *conditions,
                    const variable *v) {
  for (const condition *c = conditions; c; c = c->next) {
    if (!condition_holds(c) && has_variable(&c->of, v)) return true;
  }
  for (int d = 0; d < b->rank; d++) {
    if (has_variable(&at[d], v)) return true;
  }
  return false;
}

static open_loop *owner_of(writer *w, const buffer *b, const index_form *at,
                           const condition *conditions) {
  for (open_loop *l = w->loops->outer; l; l = l->outer) {
    if (depends(b, at, conditions, l->over)) return l;
  }
  return NULL;
}

/* The dimension that v runs along, whose elements lie side by side, one a turn from one on that is
 * there; -1: v runs along none, or along others too. */
static int dimension_of(writer *w, const buffer *b, const index_form *at, const variable *v) {
  int found = -1, times = 0;
  for (int d = 0; d < b->rank; d++) {
    if (!only_loops(&at[d])) return -1;
    for (int k = 0; k < at[d].terms; k++) {
      if (variable_now(at[d].term[k].of) != v) continue;
      if (at[d].term[k].coefficient != 1 || ++times > 1) return -1;
      found = d;
    }
  }
  if (found < 0 || at[found].constant < 0) return -1;
  if (strcmp(stride_piece(w, b, found).chars, "1") != 0) return -1;
  for (int k = 0; k < at[found].terms; k++) {
    if (at[found].term[k].coefficient < 0) return -1;
  }
  return found;
}

piece row_or_zeros(writer *w, const buffer *b, const index_form *at, const condition *conditions) {
  const piece none = {NULL, BIND_PRIMARY};
  const variable *v = w->loops ? w->loops->over : NULL;
  bool typed = b->type == w->type || (b->type != NUMBER_INTEGER && w->p->real_bytes == 8);
  if (!v || v->batch || v->high > MOST_ELEMENTS || !w->rows || !typed ||
      b->kept == STORAGE_LOCAL || b->kept == STORAGE_RESULT) {
    return none;
  }
  for (const condition *c = conditions; c; c = c->next) {
    if (!condition_holds(c) && (has_variable(&c->of, v) || !only_loops(&c->of))) return none;
  }
  const int along = dimension_of(w, b, at, v);
  open_loop *owner = along < 0 ? NULL : owner_of(w, b, at, conditions);
  if (!owner) return none;
  index_form first[MAX_RANK];
  memcpy(first, at, (size_t)b->rank * sizeof *at);
  for (int k = 0; k < first[along].terms; k++) {
    if (variable_now(first[along].term[k].of) != v) continue;
    first[along].term[k] = first[along].term[--first[along].terms];
    break;
  }
  row_list *rows = w->rows;
  w->rows = NULL; /* rows have no rows */
  piece begin = place_piece(w, b, first);
  w->rows = rows;
  const char *holds = within(w, conditions_piece(w, conditions), BIND_CONDITIONAL + 1);
  piece chosen = piece_of(w, BIND_CONDITIONAL, "%s ? %s + %s : zeros", holds, b->word,
                          within(w, begin, BIND_ADD));
  row_index *row = row_for(w, chosen, owner);
  row->of = b;
  if (row->elements < v->high) row->elements = v->high;
  return piece_of(w, BIND_PRIMARY, "%s[%s]", row->mark, v->word);
}
