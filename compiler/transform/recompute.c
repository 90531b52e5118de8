/* Recomputation: the gradients of a program whose recurrences run along copies (segments of time, or
 * the copies of a `repeat`), from what goes on from copy to copy alone. All else that the gradients
 * need of the forward pass is computed once more, in the loop that goes back over the copies.
 *
 * Nodes are interned, so a second computation of a value must differ from the first in something:
 * it reads aliases, leaves that stand for what is stored already (checkpoints, inputs).
 *
 * Needs: a lowered program. Gives: another one, of the same values; the old one stays as it is.
 */
#include "rebuild.h"

typedef struct recomputing {
  rebuilding r;
  graph *g;
  const bool *forward; /* by id: the objective needs it */
  tensor **alias;      /* by tensor number: of what is kept or given */
} recomputing;

static bool runs_along_copies(const graph *g, const tensor *t) {
  for (int d = 0; d < t->rank; d++) {
    if (axis_counts_copies(g, t->body_dims[d])) return true;
  }
  return false;
}

/* What is stored in the forward pass and read in the backward pass. Of recurrences within a segment
 * that are no checkpoints nothing is. */
static bool is_kept(const recomputing *c, const tensor *t, bool segmented) {
  if (t->role != TENSOR_REFERENCE || !t->body || !c->forward[t->body->id]) return false;
  return t->checkpoint || (!segmented && runs_along_copies(c->g, t));
}

static tensor *alias_of(recomputing *c, const tensor *t) {
  tensor **alias = &c->alias[t->number];
  if (*alias) return *alias;
  tensor *made = tensor_new(c->g, t->role, t->word, t->where, t->rank, t->shape);
  int number = made->number;
  *made = *t;
  made->number = number;
  made->alias = t->alias ? t->alias : t;
  return *alias = made;
}

/* Every leaf but parameters, which do not depend on samples. */
static bool is_aliased(const node *n) {
  tensor_role role = n->tensor->role;
  return role == TENSOR_INPUT || role == TENSOR_TARGET || role == TENSOR_RANDOM ||
         role == TENSOR_CONSTANT || (role == TENSOR_PARAMETER && n->tensor->stacked > 0);
}

static const node *remade(recomputing *c, const node *n, bool segmented) {
  const tensor *state = c->r.state[n->id];
  if (state && is_kept(c, state, segmented)) {
    return node_tensor(c->g, alias_of(c, state), state->body_dims);
  }
  if (n->class != NODE_TENSOR) return node_with_operands(c->g, n, made_operands(&c->r, n));
  const tensor *t = n->tensor;
  if (t->role != TENSOR_REFERENCE)
    return is_aliased(n) ? node_tensor(c->g, alias_of(c, t), n->dims) : n;
  if (is_kept(c, t, segmented)) return node_tensor(c->g, alias_of(c, t), n->dims);
  return node_tensor(c->g, c->r.twin[t->number], n->dims);
}

static void make_twins(recomputing *c, bool segmented) {
  for (int k = 0; k < c->r.tensors; k++) {
    const tensor *t = tensor_at(c->g, k);
    if (t->role != TENSOR_REFERENCE || !t->body || !c->r.reached[t->body->id]) continue;
    if (!is_kept(c, t, segmented)) c->r.twin[k] = reference_like(&c->r, t, t->rank, t->shape);
  }
}

static void define_twins(recomputing *c) {
  for (int k = 0; k < c->r.tensors; k++) {
    const tensor *t = tensor_at(c->g, k);
    axis dims[MAX_RANK];
    if (!c->r.twin[k]) continue;
    for (int d = 0; d < t->rank; d++) dims[d] = t->body_dims[d];
    const node *body = node_unname(c->g, c->r.made[t->body->id], t->rank, dims);
    tensor_define(c->g, c->r.twin[k], body, dims);
  }
}

/* Both computations go by the model's names. */
static void name_both(recomputing *c, program *made) {
  const program *p = c->r.p;
  size_t count = (size_t)p->definitions;
  definition *list = arena_alloc(c->r.memory, (2 * count + 1) * sizeof *list);
  const definition *again = rebuilt_list(&c->r, p->definitions, p->definition);
  for (int k = 0; k < p->definitions; k++) {
    list[k] = p->definition[k];
    list[p->definitions + k] = again[k];
  }
  made->definition = list;
  made->definitions = 2 * p->definitions;
}

static bool is_segmented(const recomputing *c) {
  for (int k = 0; k < c->r.tensors; k++) {
    const tensor *t = tensor_at(c->g, k);
    if (t->checkpoint && t->body && c->forward[t->body->id]) return true;
  }
  return false;
}

program *recompute_program(const program *p) {
  program gradients = {.g = p->g, .objective = p->objective, .gradients = p->gradients,
                       .gradient = p->gradient};
  program forward = {.g = p->g, .objective = p->objective};
  recomputing c = {.g = p->g, .forward = program_reach(&forward, false),
                   .r = rebuilding_of(p, program_reach(&gradients, true))};
  bool segmented = is_segmented(&c);
  c.alias = arena_alloc(c.r.memory, (size_t)c.r.tensors * sizeof(tensor *));
  program *made = arena_alloc(c.r.memory, sizeof *made);
  *made = *p;
  made->first_again = c.r.count;
  make_twins(&c, segmented);
  for (int id = 0; id < c.r.count; id++) {
    if (c.r.reached[id]) c.r.made[id] = remade(&c, graph_node(p->g, id), segmented);
  }
  define_twins(&c);
  name_both(&c, made);
  made->gradient = rebuilt_list(&c.r, p->gradients, p->gradient);
  made->adjoint = rebuilt_list(&c.r, p->adjoints, p->adjoint);
  if (p->objective) made->objective_again = c.r.made[p->objective->id];
  made->declared = p->declared ? p->declared : p;
  return made;
}
