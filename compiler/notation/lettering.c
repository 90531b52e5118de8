/* The letters of a derivation for what lowering made of its nodes: a lowered node is called as the
 * equation or the derivative that it computes. */
#include <string.h>

#include "notation.h"

static const symbol *symbol_spelt(const notation *s, const char *word) {
  const definition *of = definition_spelt(s, word);
  const symbol *found = of ? s->symbol[of->value->id] : NULL;
  return found && found->kind != SYMBOL_ADJOINT ? found : NULL;
}

/* The state's derivative gathers what all later steps say of it. */
static bool is_total(const notation *s, const symbol *by) {
  const derivation_adjoint *a = by->node ? s->adjoint[by->node->id] : NULL;
  return a && a->reference;
}

/* Whether all that the node depends on is an index of the symbol. */
static bool lies_along(const symbol *of, const node *n) {
  for (int k = 0; k < n->rank; k++) {
    bool found = n->axes[k] == AXIS_BATCH && of->per_sample;
    for (int d = 0; d < of->rank; d++) found = found || of->dims[d] == n->axes[k];
    if (!found) return false;
  }
  return true;
}

const symbol *symbol_of_definition(const notation *s, const definition *of, const node *n) {
  bool derivative = strncmp(of->word, "d_", 2) == 0;
  const symbol *like = symbol_spelt(s, of->word);
  const symbol *by = !like && derivative ? symbol_spelt(s, of->word + 2) : NULL;
  if (by) like = by;
  if (!like) return NULL;
  symbol *made = arena_alloc(s->memory, sizeof *made);
  *made = *like;
  made->node = n;
  if (of->rank == like->rank) memcpy(made->dims, of->dims, sizeof made->dims);
  if (!lies_along(made, n)) return NULL;
  if (!by) return made;
  made->kind = SYMBOL_ADJOINT;
  made->by = by;
  made->parameter = false;
  made->total = is_total(s, by);
  return made;
}

const symbol *symbol_of_gradient(const notation *s, int parameter) {
  const symbol *by = s->symbol[s->r->leaf[parameter]->id];
  symbol *made = arena_alloc(s->memory, sizeof *made);
  if (!by) return NULL;
  *made = *by;
  made->kind = SYMBOL_ADJOINT;
  made->by = by;
  made->node = s->p->gradient[parameter].value;
  memcpy(made->dims, s->p->gradient[parameter].dims, sizeof made->dims);
  return made;
}

symbol *symbol_stored(const notation *s, const node *n, const char *word, int count,
                      const axis *dims) {
  const formula *letter = formula_symbol(s->memory, word);
  symbol *made = arena_alloc(s->memory, sizeof *made);
  *made = (symbol){.kind = SYMBOL_STORED, .elements = letter, .whole = letter, .spelling = word,
                   .node = n};
  for (int k = 0; k < count; k++) {
    if (dims[k] == AXIS_BATCH) made->per_sample = true;
    else made->dims[made->rank++] = dims[k];
  }
  return made;
}

static symbol *give_letter(notation *s, const symbol *like, const definition *to) {
  if (!like || s->symbol[to->value->id] || to->rank != like->rank) return NULL;
  symbol *made = arena_alloc(s->memory, sizeof *made);
  *made = *like;
  made->node = to->value;
  memcpy(made->dims, to->dims, sizeof made->dims);
  s->symbol[to->value->id] = made;
  return made;
}

static bool same_axes(const node *a, const node *b) {
  return a->rank == b->rank &&
         (a->rank == 0 || memcmp(a->axes, b->axes, (size_t)a->rank * sizeof *a->axes) == 0);
}

/* What has a letter without being an equation: arguments of activations, derivatives by them. */
static void name_others(notation *s) {
  for (int id = 0; id < s->p->lowered_nodes; id++) {
    const node *made = s->p->lowered[id];
    if (!s->symbol[id] || !made || s->symbol[made->id]) continue;
    if (!same_axes(made, graph_node(s->g, id))) continue;
    symbol *like = arena_alloc(s->memory, sizeof *like);
    *like = *s->symbol[id];
    like->node = made;
    s->symbol[made->id] = like;
  }
}

/* Lowering made other nodes of the same equations and derivatives. */
void name_lowered(notation *s) {
  for (int k = 0; k < s->p->definitions; k++) {
    give_letter(s, symbol_spelt(s, s->p->definition[k].word), &s->p->definition[k]);
  }
  for (int k = 0; k < s->p->adjoints; k++) {
    const definition *of = &s->p->adjoint[k];
    const symbol *by = strncmp(of->word, "d_", 2) == 0 ? symbol_spelt(s, of->word + 2) : NULL;
    symbol *made = give_letter(s, by, of);
    if (!made) continue;
    made->total = is_total(s, by);
    made->kind = SYMBOL_ADJOINT;
    made->by = by;
    made->parameter = false;
  }
  name_others(s);
}
