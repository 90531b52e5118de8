/* Recorded steps as a chain of equations. A term stands in the at_node of the node that it became,
 * and is put forward step by step, the outer call first, so that every line follows from the one
 * above by the rule beside it. Steps that do not show (factors put into order, renamed axes) add
 * no line. */
#include <string.h>

#include "story.h"

enum { MOST_LINES = 48 };

typedef struct unfolding {
  story *s;
  index_letters *l;
  block *chain;
  const formula *left;
  written_term root;
  const char *last; /* the line above, as text */
  int lines;
} unfolding;

/* ---- lines -------------------------------------------------------------------------------- */

static const char *as_text(const story *s, const formula *f) {
  text out = text_new(s->memory);
  formula_print(&out, f, FORMAT_TEXT, s->d->language);
  return out.chars ? out.chars : "";
}

static const phrase *rule_phrase(const story *s, const char *rule) {
  words key;
  if (!rule) return NULL;
  phrase *p = phrase_new(s->memory);
  return words_find(rule, &key) ? phrase_words(p, key) : phrase_code(p, rule);
}

static void show(unfolding *u, const phrase *reason) {
  const formula *f = element_of_term(u->l, &u->root);
  const char *line = as_text(u->s, f);
  if (u->last && strcmp(line, u->last) == 0) return;
  if (u->lines++ >= MOST_LINES) return;
  u->last = line;
  chain_add(u->s->d, u->chain, u->left, "=", f, reason);
  u->left = NULL;
}

/* ---- calls -------------------------------------------------------------------------------- */

/* Where the term stands that a call puts forward: the root, or in the at_node of a node. */
static void put(unfolding *u, const node *at_node, const written_term *now) {
  if (!at_node) u->root = *now;
  else u->s->n->shown[at_node->id] = now->node == at_node ? NULL : now;
}

static void play(unfolding *u, const derivation_step *call, size_t at, bool root);

/* The calls since `from` whose results are in what was just put. */
static void play_calls(unfolding *u, size_t from, size_t to, int depth) {
  const graph *g = u->s->n->g;
  for (size_t k = from; k < to; k++) {
    const derivation_step *inner = graph_step(g, k);
    if (inner->depth != depth || inner->rule || !inner->after.node) continue;
    const node *n = inner->after.node;
    if (!u->s->n->shown[n->id]) put(u, n, &inner->before);
  }
  for (size_t k = from; k < to; k++) {
    const derivation_step *inner = graph_step(g, k);
    if (inner->depth == depth && !inner->rule) play(u, inner, k, false);
  }
}

static void play(unfolding *u, const derivation_step *call, size_t at, bool root) {
  const graph *g = u->s->n->g;
  const node *at_node = root ? NULL : call->after.node;
  int depth = call->depth + 1;
  size_t from = call->first;
  if (at_node && u->s->n->shown[at_node->id] != &call->before) return;
  for (size_t k = call->first; k < at; k++) {
    const derivation_step *inner = graph_step(g, k);
    if (inner->depth != depth || !inner->rule) continue;
    put(u, at_node, &inner->before);
    put(u, at_node, &inner->after);
    show(u, rule_phrase(u->s, inner->rule));
    play_calls(u, from, k, depth);
    from = k + 1;
  }
  put(u, at_node, &call->after);
  play_calls(u, from, at, depth);
  show(u, NULL);
}

/* The last call of [first, last) that made the node, or false. */
static bool find_call(const graph *g, size_t first, size_t last, const node *made, size_t *at) {
  int depth = 0;
  for (size_t k = first; k < last; k++) {
    const derivation_step *s = graph_step(g, k);
    if (k == first || s->depth < depth) depth = s->depth;
  }
  for (size_t k = last; k > first; k--) {
    const derivation_step *s = graph_step(g, k - 1);
    if (s->rule || s->depth != depth || s->after.node != made) continue;
    *at = k - 1;
    return true;
  }
  return false;
}

/* ---- an adjoint --------------------------------------------------------------------------- */

static void play_share(unfolding *u, const derivation_share *share, bool alone) {
  size_t at;
  if (find_call(u->s->n->g, share->first, share->last, share->value, &at)) {
    const derivation_step *call = graph_step(u->s->n->g, at);
    if (!alone) put(u, share->value, &call->before);
    play(u, call, at, alone);
  }
  written_term value = term_of(share->value);
  put(u, alone ? NULL : share->value, &value);
  show(u, NULL);
}

void unfold_adjoint(story *s, index_letters *l, block *chain, const formula *left,
                    const derivation_adjoint *of, const phrase *reason) {
  unfolding u = {.s = s, .l = l, .chain = chain, .left = left};
  size_t at;
  if (of->shares == 0) return;
  const node **values = arena_alloc(s->memory, of->shares * sizeof *values);
  double *ones = arena_alloc(s->memory, of->shares * sizeof *ones);
  bool alone = of->shares == 1;
  for (size_t k = 0; k < of->shares; k++) {
    values[k] = of->share[k].value;
    ones[k] = 1;
    if (!alone) put(&u, values[k], &of->share[k].written);
  }
  u.root = alone ? of->share[0].written
                 : (written_term){.factor = 1,
                                  .form = {.class = NODE_SUM, .id = -1,
                                           .operands = (int)of->shares, .operand = values,
                                           .coefficient = ones}};
  s->n->open[of->value->id] = true;
  show(&u, reason);
  for (size_t k = 0; k < of->shares; k++) play_share(&u, &of->share[k], alone);
  if (find_call(s->n->g, of->first, of->last, of->value, &at)) {
    play(&u, graph_step(s->n->g, at), at, true);
  }
  u.root = term_of(of->value);
  show(&u, NULL);
  s->n->open[of->value->id] = false;
}

/* ---- as it was written -------------------------------------------------------------------- */

/* The last call that made each node shows the term that it was given. */
static void put_all(unfolding *u, const bool *below) {
  const story *s = u->s;
  for (size_t k = 0; k < s->n->r->elaborated; k++) {
    const derivation_step *call = graph_step(s->n->g, k);
    const node *made = call->after.node;
    if (call->rule || call->depth != 0 || !made || !below[made->id]) continue;
    s->n->shown[made->id] = &call->before;
  }
}

void unfold_written(story *s, index_letters *l, block *chain, const formula *left, const node *value) {
  unfolding u = {.s = s, .l = l, .chain = chain, .left = left, .root = term_of(value)};
  bool *all = arena_alloc(s->memory, (size_t)s->n->nodes * sizeof *all);
  for (int id = 0; id < s->n->nodes; id++) all[id] = true;
  put_all(&u, all);
  show(&u, NULL);
  for (size_t k = 0; k < s->n->r->elaborated; k++) {
    const derivation_step *call = graph_step(s->n->g, k);
    const node *made = call->after.node;
    if (call->rule || call->depth != 0 || !made || s->n->shown[made->id] != &call->before) continue;
    play(&u, call, k, false);
    s->n->shown[made->id] = NULL;
  }
  show(&u, NULL);
}
