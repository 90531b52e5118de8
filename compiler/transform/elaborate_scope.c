/* elaborate_scope: names, and what each means where it is read. */
#include "elaborate.h"

scope *scope_new(elaborator *e, scope *outer, module *from, const char *path) {
  scope *s = arena_alloc(e->memory, sizeof *s);
  s->outer = outer;
  s->from = from;
  s->path = path;
  s->copy = "";
  return s;
}

symbol *scope_symbol(const scope *s, name word) {
  symbol *known = NULL;
  HASH_FIND_PTR(s->symbols, &word, known);
  return known;
}

symbol *scope_add(elaborator *e, scope *s, name word, place where) {
  symbol *known = scope_symbol(s, word);
  if (known != NULL) return known;
  known = arena_alloc(e->memory, sizeof *known);
  known->word = word;
  known->where = where;
  HASH_ADD_PTR(s->symbols, word, known);
  return known;
}

bool scope_claim(elaborator *e, scope *s, name word, place where, symbol **made) {
  if (word == e->word.batch) {
    complain(e, where, "`batch` is the axis of the samples; it names no tensor and no index");
    return false;
  }
  symbol *known = scope_symbol(s, word);
  if (known == NULL && s->outer == NULL && s->model)
    known = scope_symbol(s->from->lets, word);
  if (known != NULL) {
    complain(e, where, "`%s` is defined twice", word);
    remark(e, known->where, "it is defined here already");
    return false;
  }
  *made = scope_add(e, s, word, where);
  return true;
}

/* ---- what a name means -------------------------------------------------------------------- */

static found found_base(scope *s, symbol *known) { return (found){known, NULL, s}; }

/* Where lines run in order: the nearest definition above the reader, else a recurrence below it
 * that the reader reads one step back. */
static bool find_in_order(scope *s, symbol *known, const item *reader, found *out) {
  for (size_t k = known->definer_count; k-- > 0;) {
    item *definer = known->definers[k];
    bool above = reader == NULL || reader->scope != s || definer->position < reader->position;
    bool itself = definer == reader && has_starts(definer);
    if (above || itself) {
      *out = (found){known, definer, s};
      return true;
    }
  }
  if (known->base != BASE_NONE) {
    *out = found_base(s, known);
    return true;
  }
  for (size_t k = 0; k < known->definer_count; k++) {
    if (!has_starts(known->definers[k])) continue;
    *out = (found){known, known->definers[k], s};
    return true;
  }
  return false;
}

/* Elsewhere: the last definition; for a repeat that defines the name anew, the one before. */
static found find_last(scope *s, symbol *known, const item *reader) {
  size_t count = known->definer_count;
  for (size_t k = 0; k < count; k++) {
    bool anew = known->definers[k] == reader && reader->word == NULL;
    if (anew) count = k;
  }
  if (count == 0) return found_base(s, known);
  return (found){known, known->definers[count - 1], s};
}

found scope_find(elaborator *e, scope *s, name word, const item *reader) {
  for (; s != NULL; reader = s->block, s = s->outer) {
    symbol *known = scope_symbol(s, word);
    found here;
    if (known != NULL && s->ordered) {
      if (find_in_order(s, known, reader, &here)) return here;
    } else if (known != NULL) {
      here = find_last(s, known, reader);
      if (here.item != NULL || known->base != BASE_NONE) return here;
    }
    if (s->outer == NULL && s != s->from->lets) {
      known = scope_symbol(s->from->lets, word);
      if (known != NULL) return found_base(s->from->lets, known);
    }
  }
  (void)e;
  return (found){NULL, NULL, NULL};
}

/* ---- unknown names ------------------------------------------------------------------------ */

typedef struct word_list {
  const char **items;
  size_t count, capacity;
} word_list;

static void add_words(elaborator *e, word_list *list, const scope *s) {
  for (const symbol *known = s->symbols; known != NULL; known = known->hh.next)
    ARENA_PUSH(e->memory, list->items, list->count, list->capacity, known->word);
}

static bool is_function(context *c, name word) {
  op found_op;
  for (int arity = 1; arity <= OP_MAX_ARITY; arity++) {
    if (op_find(word, arity, &found_op)) return true;
  }
  if (is_reduction(c->e, word) || find_builtin(c->e, word) != NULL) return true;
  return find_layer(c->e, c->scope->from, word) != NULL;
}

void complain_unknown(context *c, place where, name word) {
  elaborator *e = c->e;
  word_list words = {NULL, 0, 0};
  if (e->exploring > 0) return;
  if (word == e->word.batch) {
    complain(e, where, "`batch` is no tensor: it stands in the brackets of a reduction, "
                       "as in mean[batch](...)");
    return;
  }
  if (is_function(c, word)) {
    complain(e, where, "`%s` is a function, not a tensor: call it, `%s(...)`", word, word);
    return;
  }
  for (const scope *s = c->scope; s != NULL; s = s->outer) add_words(e, &words, s);
  add_words(e, &words, c->scope->from->lets);
  for (const index_variable *v = c->visible; v != NULL; v = v->outer)
    ARENA_PUSH(e->memory, words.items, words.count, words.capacity, v->word);
  symbol *later = scope_symbol(c->scope, word);
  if (c->scope->ordered && later != NULL) {
    complain(e, where, "`%s` is read before its line: inside `repeat` lines run in order", word);
    remark(e, later->where, "it is defined here");
    return;
  }
  complain(e, where, "unknown name `%s`%s", word,
           suggestion(e, word, words.items, words.count));
}
