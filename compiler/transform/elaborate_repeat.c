/* elaborate_repeat: the lines of a repeat into copies in a row, each with names of its own, where
 * they cannot lie along an axis (elaborate_stack.c). A name that exists around the repeat goes from
 * copy to copy: on the right it means its old self. */
#include "elaborate.h"

/* What the names that go on from copy to copy are at the end of a copy. */
static void hand_over(elaborator *e, const scope *from, scope *to, const statement *lines) {
  for (const statement *st = lines; st != NULL; st = st->next) {
    if (st->kind == STATEMENT_REPEAT) hand_over(e, from, to, st->body);
    if (st->kind != STATEMENT_EQUATION) continue;
    bool goes_on = scope_find(e, from->outer, st->word, from->block).symbol != NULL;
    symbol *given = scope_symbol(from, st->word);
    if (!goes_on || given == NULL) continue;
    context c = {.e = e, .scope = (scope *)from};
    found last = scope_find(e, (scope *)from, st->word, NULL);
    symbol *taken = scope_add(e, to, st->word, given->where);
    taken->base = BASE_VALUE;
    taken->handed_over = true;
    taken->value = value_of_found(&c, &last, st->word, st->word_at);
  }
}

scope *new_copy(elaborator *e, item *block, const char *number) {
  const scope *around = block->scope;
  scope *copy = scope_new(e, block->scope, around->from, around->path);
  copy->block = block;
  copy->ordered = true;
  copy->model = around->model;
  copy->copy = arena_printf(e->memory, "%s.%s", around->copy, number);
  copy->rest_count = around->rest_count;
  for (int k = 0; k < around->rest_count; k++) copy->rest[k] = around->rest[k];
  copy->free_count = around->free_count;
  for (int k = 0; k < around->free_count; k++) copy->free[k] = around->free[k];
  return copy;
}

static bool name_number(elaborator *e, scope *copy, const statement *st, int64_t number) {
  if (st->word == NULL) return true;
  if (scope_find(e, copy->outer, st->word, copy->block).symbol != NULL) {
    complain(e, st->word_at, "`%s` has a meaning already; give the copy's number another name",
             st->word);
    return false;
  }
  symbol *made = scope_add(e, copy, st->word, st->word_at);
  made->base = BASE_NUMBER;
  made->number = (double)number;
  return true;
}

static void make_copies(elaborator *e, item *block, int64_t copies) {
  const statement *st = block->statement;
  int errors = report_errors(e->to);
  for (int64_t k = 0; k < copies && report_errors(e->to) == errors; k++) {
    scope *copy = new_copy(e, block, arena_printf(e->memory, "%lld", (long long)k + 1));
    if (block->last != NULL) hand_over(e, block->last, copy, st->body);
    if (!name_number(e, copy, st, k)) break;
    declare_statements(e, copy, st->body);
    elaborate_items(e, copy);
    block->last = copy;
  }
}

enum { MOST_COPIES = 1000000 };

void elaborate_repeat(elaborator *e, item *block) {
  const statement *st = block->statement;
  context c = {.e = e, .scope = block->scope, .reader = block};
  int64_t copies = 0;
  block->last = NULL;
  block->handed = NULL;
  constancy state = want_whole(&c, st->value, "the number of copies", 0, &copies);
  if (state != CONSTANT_YES) return;
  if (copies > MOST_COPIES) {
    complain(e, st->value->where, "more than %d copies", MOST_COPIES);
    return;
  }
  if (!go_deeper(e, st->where)) return;
  if (!stack_copies(e, block, copies)) make_copies(e, block, copies);
  block->no_copies = copies == 0;
  e->depth--;
}

static const handed *handed_of(const item *block, name word) {
  for (const handed *h = block->handed; h != NULL; h = h->next) {
    if (h->word == word) return h;
  }
  return NULL;
}

value repeat_value(context *c, item *block, name word, place where) {
  elaborator *e = c->e;
  if (e->exploring > 0 && block->progress != FINISHED) {
    if (block->exploring == ACTIVE) return (value){.node = e->blank, .open = true};
    if (block->explored != e->session) {
      block->explored = e->session;
      block->exploring = ACTIVE;
      elaborate_repeat(e, block);
      block->exploring = FINISHED;
    }
  } else if (block->progress == UNTOUCHED) {
    elaborate_item(e, block);
  }
  if (block->no_copies) {
    found before = scope_find(e, block->scope, word, block);
    if (before.symbol != NULL) return value_of_found(c, &before, word, where);
  }
  const handed *h = handed_of(block, word);
  if (h != NULL) {
    value v = h->after;
    if (e->exploring > 0) v.node = blank_of(e, &v, NULL);
    return v;
  }
  if (block->last == NULL) return poison();
  context inside = {.e = e, .scope = block->last};
  found last = scope_find(e, block->last, word, NULL);
  return last.symbol != NULL ? value_of_found(&inside, &last, word, where) : poison();
}
