/* rebuild: a program once more over other nodes. */
#include "rebuild.h"

#include <string.h>

rebuilding rebuilding_of(const program *p, const bool *reached) {
  graph *g = p->g;
  arena *memory = graph_memory(g);
  rebuilding r = {.p = p, .g = g, .memory = memory, .count = graph_node_count(g),
                  .tensors = tensor_count(g), .reached = reached};
  r.made = arena_alloc(memory, (size_t)r.count * sizeof *r.made);
  r.twin = arena_alloc(memory, (size_t)r.tensors * sizeof *r.twin);
  r.state = arena_alloc(memory, (size_t)r.count * sizeof *r.state);
  for (int k = 0; k < r.tensors; k++) {
    const tensor *t = tensor_at(g, k);
    if (t->role == TENSOR_REFERENCE && t->body && reached[t->body->id]) r.state[t->body->id] = t;
  }
  return r;
}

tensor *reference_like(rebuilding *r, const tensor *t, int rank, const int64_t *shape) {
  tensor *made = tensor_new(r->g, TENSOR_REFERENCE, t->word, t->where, rank, shape);
  made->per_sample = t->per_sample;
  made->checkpoint = t->checkpoint;
  return made;
}

const node *const *made_operands(const rebuilding *r, const node *n) {
  const node **operand = arena_alloc(r->memory, ((size_t)n->operands + 1) * sizeof *operand);
  for (int k = 0; k < n->operands; k++) operand[k] = r->made[n->operand[k]->id];
  return operand;
}

definition rebuilt_definition(const rebuilding *r, const definition *of) {
  definition made = *of;
  if (of->value && of->value->id < r->count && r->made[of->value->id]) {
    made.value = r->made[of->value->id];
  }
  return made;
}

definition *rebuilt_list(const rebuilding *r, int count, const definition *list) {
  definition *made = arena_alloc(r->memory, ((size_t)count + 1) * sizeof *made);
  for (int k = 0; k < count; k++) made[k] = rebuilt_definition(r, &list[k]);
  return made;
}
