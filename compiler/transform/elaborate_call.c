/* elaborate_call: which function a call means: a reduction, a builtin, a row of the op table, a
 * layer. */
#include "elaborate.h"

#include <string.h>

int count_arguments(const expression *x) {
  int count = 0;
  for (const argument *a = x->arguments; a != NULL; a = a->next) count++;
  return count;
}

bool plain_arguments(context *c, const expression *x, int least, int most,
                     const expression **out) {
  const char *word = x->left->kind == EXPRESSION_INDEX ? x->left->left->word : x->left->word;
  int count = count_arguments(x), k = 0;
  if (count < least || count > most) {
    const char *wanted = least == most ? arena_printf(c->e->memory, "%d", least)
                         : most > 64   ? arena_printf(c->e->memory, "at least %d", least)
                                       : arena_printf(c->e->memory, "%d to %d", least, most);
    complain(c->e, x->operator_at, "`%s` takes %s argument%s, not %d", word, wanted,
             most == 1 ? "" : "s", count);
    return false;
  }
  for (const argument *a = x->arguments; a != NULL; a = a->next) {
    if (a->label != NULL) {
      complain(c->e, a->where, "`%s` takes its arguments by place, not as `%s = ...`", word,
               a->label);
      return false;
    }
    out[k++] = a->value;
  }
  return true;
}

/* ---- unknown functions -------------------------------------------------------------------- */

typedef struct word_list {
  const char **items;
  size_t count, capacity;
} word_list;

static void add_word(elaborator *e, word_list *list, const char *word) {
  ARENA_PUSH(e->memory, list->items, list->count, list->capacity, word);
}

static void add_layers(elaborator *e, word_list *list, const layer *table) {
  for (; table != NULL; table = table->hh.next) add_word(e, list, table->word);
}

static value complain_function(context *c, const expression *x) {
  elaborator *e = c->e;
  name word = x->left->word;
  found f = scope_find(e, c->scope, word, c->reader);
  if (f.symbol != NULL || visible_variable(c, word) != NULL) {
    complain(e, x->operator_at, "`%s` is no function; it cannot be called", word);
    if (f.symbol != NULL) remark(e, f.symbol->where, "`%s` is defined here", word);
    return poison();
  }
  word_list words = {NULL, 0, 0};
  const char *builtins[64];
  size_t count = builtin_names(e, builtins, sizeof builtins / sizeof *builtins);
  for (size_t k = 0; k < count; k++) add_word(e, &words, builtins[k]);
  for (int k = 0; k < OP_COUNT; k++) {
    if (op_rows[k].name[0] != 0) add_word(e, &words, op_rows[k].name);
  }
  add_layers(e, &words, e->own);
  add_layers(e, &words, e->library);
  complain(e, x->operator_at, "unknown function `%s`%s", word,
           suggestion(e, word, words.items, words.count));
  return poison();
}

/* ---- the op table ------------------------------------------------------------------------- */

static int arity_of(name word) {
  op ignored;
  for (int arity = 1; arity <= OP_MAX_ARITY; arity++) {
    if (op_find(word, arity, &ignored)) return arity;
  }
  return 0;
}

static value call_op(context *c, const expression *x, op called) {
  const expression *given[OP_MAX_ARITY];
  int arity = op_rows[called].arity;
  if (!plain_arguments(c, x, arity, arity, given)) return poison();
  value a = expression_tensor(c, given[0]);
  if (arity == 1) return map_value(c, called, a);
  value b = expression_tensor(c, given[1]), shape;
  if (!broadcast(c, x->operator_at, &a, given[0], &b, given[1], &shape)) return poison();
  if (c->e->exploring > 0) shape.node = blank_of(c->e, &a, &b);
  else if (called == OP_pow) shape.node = node_pow(c->e->g, a.node, b.node);
  else shape.node = node_map2(c->e->g, called, a.node, b.node);
  return shape;
}

/* ---- calls -------------------------------------------------------------------------------- */

static value call_with_brackets(context *c, const expression *x) {
  const expression *base = x->left->left;
  if (base->kind == EXPRESSION_NAME && is_reduction(c->e, base->word))
    return call_reduction(c, x);
  if (base->kind == EXPRESSION_NAME && arity_of(base->word) > 0) {
    complain(c->e, x->where, "`%s` takes no indices: it acts by element", base->word);
    return poison();
  }
  complain(c->e, x->where, "only a reduction such as sum[j](...) is called with brackets; "
                           "to multiply, write `*`");
  return poison();
}

value call_value(context *c, const expression *x) {
  const expression *callee = x->left;
  op called;
  if (callee->kind == EXPRESSION_INDEX) return call_with_brackets(c, x);
  if (callee->kind == EXPRESSION_NUMBER) {
    text number = text_new(c->e->memory);
    text_number(&number, callee->number);
    complain(c->e, x->where, "%s is a number, not a function; to multiply, write %s * (...)",
             number.chars, number.chars);
    return poison();
  }
  if (callee->kind != EXPRESSION_NAME) {
    complain(c->e, x->where, "only functions and layers can be called; to multiply, write `*`");
    return poison();
  }
  name word = callee->word;
  if (op_find(word, count_arguments(x), &called)) return call_op(c, x, called);
  if (is_reduction(c->e, word)) return call_reduction(c, x);
  builtin *function = find_builtin(c->e, word);
  if (function != NULL) return function(c, x);
  const layer *known = find_layer(c->e, c->scope->from, word);
  if (known != NULL) return call_layer(c, x, known);
  if (arity_of(word) > 0) {
    op_find(word, arity_of(word), &called);
    return call_op(c, x, called);
  }
  return complain_function(c, x);
}
