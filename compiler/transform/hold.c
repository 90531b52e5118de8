/* Holding what stop() hides: the objective once more, with every stop(x) as a leaf that keeps the
 * value that the last gradient left there. Differences of this objective are what the gradient
 * says; differences of the objective itself also see what stop() hides from derivatives. The
 * emitted `check` takes its differences from it.
 *
 * Needs: a program before lowering. Gives: program->held_objective and program->held, where the
 * objective stops anything. Recurrences on the way get a second reference.
 */
#include <string.h>

#include "transform.h"

typedef struct holding {
  program *p;
  graph *g;
  arena *memory;
  int count;
  bool *reached, *concerned; /* by id: computed from a stop */
  const node **made;
  tensor **twin; /* by tensor number: of a reference whose body is concerned */
} holding;

static bool is_stop(const node *n) { return n->class == NODE_MAP && n->op == OP_stop; }

static bool is_reference(const node *n) {
  return n->class == NODE_TENSOR && n->tensor->role == TENSOR_REFERENCE;
}

static void reach(holding *h) {
  program only = {.g = h->g, .objective = h->p->objective};
  h->reached = program_reach(&only, false);
}

static bool is_concerned(const holding *h, const node *n) {
  if (is_stop(n)) return true;
  if (is_reference(n)) return h->concerned[n->tensor->body->id];
  for (int k = 0; k < n->operands; k++) {
    if (h->concerned[n->operand[k]->id]) return true;
  }
  return false;
}

static bool find_concerned(holding *h) {
  bool changed = true, any = false;
  while (changed) {
    changed = false;
    for (int id = 0; id < h->count; id++) {
      if (!h->reached[id] || h->concerned[id]) continue;
      if (is_concerned(h, graph_node(h->g, id))) h->concerned[id] = changed = any = true;
    }
  }
  return any;
}

/* The leaf that keeps the value of stop(x). */
static const node *held_leaf(holding *h, const node *stop) {
  program *p = h->p;
  definition of = {.value = stop->operand[0]};
  int64_t shape[MAX_RANK];
  for (int k = 0; k < stop->rank; k++) {
    if (stop->axes[k] == AXIS_BATCH) {
      of.per_sample = true;
      continue;
    }
    shape[of.rank] = axis_extent(h->g, stop->axes[k]);
    of.dims[of.rank++] = stop->axes[k];
  }
  of.word = name_of(graph_names(h->g), arena_printf(h->memory, "held.%d", p->helds + 1));
  tensor *leaf = tensor_new(h->g, TENSOR_HELD, of.word, of.where, of.rank, shape);
  leaf->per_sample = of.per_sample;
  p->held[p->helds++] = (refresh){.leaf = leaf, .value = of};
  return node_tensor(h->g, leaf, of.dims);
}

static const node *remade(holding *h, const node *n) {
  if (!h->concerned[n->id]) return n;
  if (is_stop(n)) return held_leaf(h, n);
  if (is_reference(n)) return node_tensor(h->g, h->twin[n->tensor->number], n->dims);
  const node **operand = arena_alloc(h->memory, (size_t)n->operands * sizeof *operand);
  for (int k = 0; k < n->operands; k++) operand[k] = h->made[n->operand[k]->id];
  return node_with_operands(h->g, n, operand);
}

static void make_twins(holding *h, int tensors) {
  for (int k = 0; k < tensors; k++) {
    tensor *t = tensor_at(h->g, k);
    if (t->role != TENSOR_REFERENCE || !t->body || !h->concerned[t->body->id]) continue;
    const char *word = arena_printf(h->memory, "%s.held", t->word);
    tensor *twin = tensor_new(h->g, TENSOR_REFERENCE, name_of(graph_names(h->g), word), t->where,
                              t->rank, t->shape);
    twin->per_sample = t->per_sample;
    h->twin[k] = twin;
  }
}

static void define_twins(holding *h, int tensors) {
  for (int k = 0; k < tensors; k++) {
    if (!h->twin[k]) continue;
    const tensor *t = tensor_at(h->g, k);
    axis dims[MAX_RANK];
    memcpy(dims, t->body_dims, sizeof dims);
    const node *body = node_unname(h->g, h->made[t->body->id], t->rank, dims);
    tensor_define(h->g, h->twin[k], body, dims);
  }
}

void hold_stops(program *p) {
  graph *g = p->g;
  arena *memory = graph_memory(g);
  holding h = {.p = p, .g = g, .memory = memory, .count = graph_node_count(g)};
  size_t count = (size_t)h.count;
  int tensors = tensor_count(g);
  h.concerned = arena_alloc(memory, count * sizeof *h.concerned);
  reach(&h);
  if (!find_concerned(&h)) return;
  h.made = arena_alloc(memory, count * sizeof *h.made);
  h.twin = arena_alloc(memory, (size_t)tensors * sizeof *h.twin);
  p->held = arena_alloc(memory, count * sizeof *p->held);
  make_twins(&h, tensors);
  for (int id = 0; id < h.count; id++) {
    if (h.reached[id]) h.made[id] = remade(&h, graph_node(g, id));
  }
  define_twins(&h, tensors);
  p->held_objective = h.made[p->objective->id];
}
