/* Where the emitted C computes what a symbol of the document stands for. */
#include <string.h>

#include "story.h"

static const node *value_spelt(int count, const definition *list, const char *word) {
  for (int k = 0; k < count; k++) {
    if (strcmp(list[k].word, word) == 0) return list[k].value;
  }
  return NULL;
}

/* What the equation or the derivative has become after lowering. */
static const node *named_value(const story *s, const symbol *of) {
  const program *p = s->n->p;
  if (of->kind == SYMBOL_DEFINITION) return value_spelt(p->definitions, p->definition, of->spelling);
  if (of->kind != SYMBOL_ADJOINT) return NULL;
  return value_spelt(p->adjoints, p->adjoint, arena_printf(s->memory, "d_%s", of->spelling));
}

static const node *lowered_value(const story *s, const symbol *of) {
  const program *p = s->n->p;
  int id = of->node ? of->node->id : -1;
  return id >= 0 && id < p->lowered_nodes ? p->lowered[id] : NULL;
}

static int parameter_of(const story *s, const symbol *of) {
  const node *leaf = of->kind == SYMBOL_ADJOINT && of->by ? of->by->node : NULL;
  for (int k = 0; k < s->n->p->parameters && leaf; k++) {
    if (leaf->class == NODE_TENSOR && leaf->tensor == s->n->p->parameter[k]) return k;
  }
  return -1;
}

/* The gradient's own function before the others. */
static const emitted_place *first_place(const story *s, const node *value, int parameter) {
  const emitted_place *found = NULL;
  for (size_t k = 0; k < s->places->count; k++) {
    const emitted_place *at = &s->places->item[k];
    bool gradient = at->of->kept == STORAGE_GRADIENT;
    bool is = parameter >= 0 ? gradient && at->of->index == parameter
                             : value && at->of->what == value && !at->of->partial;
    if (is && (!found || (at->entry == ENTRY_GRADIENT && found->entry != ENTRY_GRADIENT))) {
      found = at;
    }
  }
  return found;
}

const emitted_place *place_in_code(const story *s, const symbol *of) {
  int parameter = parameter_of(s, of);
  if (!s->places) return NULL;
  if (parameter >= 0) return first_place(s, NULL, parameter);
  const emitted_place *found = first_place(s, named_value(s, of), -1);
  return found ? found : first_place(s, lowered_value(s, of), -1);
}
