/* elaborate_order: the definitions of a scope into an order in which each comes after what it
 * needs, and the cycles among them: strongly connected components (Tarjan 1972), without
 * recursion, for models may be long chains. */
#include "elaborate.h"

#include <stdlib.h>

/* ---- needs -------------------------------------------------------------------------------- */

static void need_name(elaborator *e, item *reader, name word) {
  found f = scope_find(e, reader->scope, word, reader);
  if (f.item == NULL || f.item->scope != reader->scope) return;
  if (reader->need_count > 0 && reader->needs[reader->need_count - 1] == f.item) return;
  ARENA_PUSH(e->memory, reader->needs, reader->need_count, reader->need_capacity, f.item);
}

static void need_expression(elaborator *e, item *reader, const expression *x) {
  if (x == NULL) return;
  if (x->kind == EXPRESSION_NAME) need_name(e, reader, x->word);
  bool function = x->kind == EXPRESSION_CALL && x->left->kind == EXPRESSION_NAME;
  bool reduction = x->kind == EXPRESSION_CALL && x->left->kind == EXPRESSION_INDEX &&
                   x->left->left->kind == EXPRESSION_NAME;
  if (reduction) {
    for (const bracket_entry *b = x->left->entries; b != NULL; b = b->next)
      need_expression(e, reader, b->value);
    need_expression(e, reader, x->left->guard);
  } else if (!function) {
    need_expression(e, reader, x->left);
  }
  need_expression(e, reader, x->right);
  for (const bracket_entry *b = x->entries; b != NULL; b = b->next)
    need_expression(e, reader, b->value);
  need_expression(e, reader, x->guard);
  for (const argument *a = x->arguments; a != NULL; a = a->next)
    need_expression(e, reader, a->value);
}

static void need_statement(elaborator *e, item *reader, const statement *s) {
  for (const bracket_entry *b = s->entries; b != NULL; b = b->next)
    need_expression(e, reader, b->value);
  need_expression(e, reader, s->value);
  for (const declaration *d = s->declarations; d != NULL; d = d->next)
    need_expression(e, reader, d->value);
  for (const statement *inner = s->body; inner != NULL; inner = inner->next)
    need_statement(e, reader, inner);
}

static void collect_needs(elaborator *e, scope *s) {
  for (size_t k = 0; k < s->item_count; k++) {
    item *here = s->items[k];
    need_statement(e, here, here->statement);
    for (const start *begin = here->starts; begin != NULL; begin = begin->next)
      need_statement(e, here, begin->statement);
  }
}

/* ---- components --------------------------------------------------------------------------- */

typedef struct frame {
  item *here;
  size_t next;
} frame;

typedef struct search {
  elaborator *e;
  int visits, components;
  frame *frames;
  size_t frame_count, frame_capacity;
  item **stack;
  size_t stack_count, stack_capacity;
  item **order;
  size_t ordered;
} search;

static void enter(search *s, item *here) {
  here->visit = here->low = ++s->visits;
  here->stacked = true;
  ARENA_PUSH(s->e->memory, s->stack, s->stack_count, s->stack_capacity, here);
  frame f = {here, 0};
  ARENA_PUSH(s->e->memory, s->frames, s->frame_count, s->frame_capacity, f);
}

static int by_position(const void *a, const void *b) {
  const item *const *first = a, *const *second = b;
  return ((*first)->position > (*second)->position) - ((*first)->position < (*second)->position);
}

static bool needs_itself(const item *here) {
  for (size_t k = 0; k < here->need_count; k++) {
    if (here->needs[k] == here) return true;
  }
  return false;
}

/* `here` is the first that was met of its component: all above it on the stack belong to it. */
static void take_component(search *s, item *here) {
  size_t first = s->stack_count;
  do first--;
  while (s->stack[first] != here);
  size_t size = s->stack_count - first;
  s->components++;
  for (size_t k = first; k < s->stack_count; k++) {
    item *member = s->stack[k];
    member->stacked = false;
    member->component = s->components;
    member->cyclic = size > 1 || needs_itself(member);
    s->order[s->ordered + k - first] = member;
  }
  qsort(&s->order[s->ordered], size, sizeof *s->order, by_position);
  s->ordered += size;
  s->stack_count = first;
}

static void leave(search *s) {
  item *here = s->frames[--s->frame_count].here;
  if (here->low == here->visit) take_component(s, here);
  if (s->frame_count == 0) return;
  item *above = s->frames[s->frame_count - 1].here;
  if (here->low < above->low) above->low = here->low;
}

static void search_from(search *s, item *root) {
  enter(s, root);
  while (s->frame_count > 0) {
    frame *top = &s->frames[s->frame_count - 1];
    if (top->next == top->here->need_count) {
      leave(s);
      continue;
    }
    item *need = top->here->needs[top->next++];
    if (need->visit == 0) enter(s, need);
    else if (need->stacked && need->visit < top->here->low) top->here->low = need->visit;
  }
}

item **order_items(elaborator *e, scope *s) {
  search run = {.e = e};
  run.order = arena_alloc(e->memory, (s->item_count + 1) * sizeof *run.order);
  collect_needs(e, s);
  for (size_t k = 0; k < s->item_count; k++) {
    if (s->items[k]->visit == 0) search_from(&run, s->items[k]);
  }
  return run.order;
}
