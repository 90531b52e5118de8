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
    row->mark = arena_printf(w->memory, "%c%zu%c", ROW_BEGINS, w->rows->count - 1, ROW_ENDS);
  }
  row->uses++;
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
    line(w, "const %s%s = %s;", row->of ? arena_printf(w->memory, "%s *", buffer_type(w, row->of))
                                        : "size_t ", row->word, row->index.chars);
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
    else text_append(out, within(w, row->index, BIND_MULTIPLY)); /* a row's number is multiplied by its length */
    chars = end + 1;
  }
}

/* ---- rows under a condition ------------------------------------------------------------------ */

enum { MOST_ELEMENTS = 4096 }; /* of a row: as many zeroes become part of the program */

/* The innermost loop around `inner` that the conditions or the place depend on, or NULL. */
static open_loop *owner_of(const open_loop *inner, const buffer *b, const index_form *at,
                           const condition *conditions) {
  for (open_loop *l = inner->outer; l; l = l->outer) {
    bool depends = conditions_vary(conditions, l->over);
    for (int d = 0; d < b->rank; d++) depends = depends || has_variable(&at[d], l->over);
    if (depends) return l;
  }
  return NULL;
}

/* The place where v is 0, which must be there too; false unless v runs along elements that lie side
 * by side. */
static bool begin_of_row(writer *w, const buffer *b, const index_form *at, const variable *v,
                         index_form *first) {
  address whole = buffer_address(w->p->g, b, at);
  size_form stride = address_stride(&whole, v);
  if (stride.count != 1 || stride.batch) return false;
  for (int d = 0; d < b->rank; d++) {
    first[d] = at[d];
    for (int k = 0; k < at[d].terms; k++) {
      variable *of = variable_now(at[d].term[k].of);
      int64_t by = at[d].term[k].coefficient;
      if (of->kind != VARIABLE_LOOP) return false;
      if (has_variable(&at[d], v) && (by < 0 || at[d].constant < 0)) return false;
      if (of != v) continue;
      index_form one = index_of(of);
      first[d] = index_add(at[d], -by, &one);
    }
  }
  return true;
}

piece row_or_zeros(writer *w, const buffer *b, const index_form *at, const condition *conditions) {
  const piece none = {NULL, BIND_PRIMARY};
  const variable *v = w->loops ? w->loops->over : NULL;
  bool typed = b->type == w->type || (b->type != NUMBER_INTEGER && w->p->real_bytes == 8);
  index_form first[MAX_RANK];
  if (!v || v->batch || v->high > MOST_ELEMENTS || !w->rows || !typed ||
      buffer_is_scalar(b)) {
    return none;
  }
  piece holds = conditions_piece(w, conditions);
  if (!holds.chars || conditions_vary(conditions, v)) return none;
  open_loop *owner = owner_of(w->loops, b, at, conditions);
  if (!owner || !begin_of_row(w, b, at, v, first)) return none;
  row_list *rows = w->rows;
  w->rows = NULL; /* rows have no rows */
  piece begin = place_piece(w, b, first);
  w->rows = rows;
  piece chosen = piece_of(w, BIND_CONDITIONAL, "%s ? %s + %s : zeros()",
                          within(w, holds, BIND_CONDITIONAL + 1), b->word,
                          within(w, begin, BIND_ADD));
  row_index *row = row_for(w, chosen, owner);
  row->of = b;
  if (row->elements < v->high) row->elements = v->high;
  return piece_of(w, BIND_PRIMARY, "%s[%s]", row->mark, v->word);
}
