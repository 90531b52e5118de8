/* Coalescing of axes: renamings are to axes what moves are to registers. Two axes that one node
 * has at the same time interfere; any other two that a renaming, a shift or a reference connects
 * may become one. So equations that were written with an index each, or that took their axes from
 * different parameters, share what they have in common: four gates read one h[t - 1].
 *
 * (Chaitin et al., "Register allocation via coloring", 1981, without the colouring.)
 *
 * Needs: a program. Gives: the same program over fewer axes and fewer nodes.
 */
#include <string.h>

#include "transform.h"

typedef struct coalescing {
  program *p;
  graph *g;
  arena *memory;
  int axes;
  size_t words;       /* of a row of bits */
  uint64_t *conflict; /* rows: what the class of an axis interferes with */
  axis *parent;       /* union-find */
  const bool *reached;
  int count;
  const node **made;
} coalescing;

/* ---- classes of axes ---------------------------------------------------------------------- */

static axis class_of(coalescing *c, axis a) {
  while (c->parent[a] != a) a = c->parent[a] = c->parent[c->parent[a]];
  return a;
}

static uint64_t *row(coalescing *c, axis a) { return c->conflict + (size_t)a * c->words; }

static void set_bit(coalescing *c, axis a, axis b) {
  row(c, a)[b / 64] |= UINT64_C(1) << (b % 64);
}

static void interfere(coalescing *c, int count, const axis *axes) {
  for (int j = 0; j < count; j++) {
    for (int k = 0; k < count; k++) {
      if (axes[j] != axes[k]) set_bit(c, axes[j], axes[k]);
    }
  }
}

static bool conflicts(coalescing *c, axis a, axis b) {
  return row(c, a)[b / 64] >> (b % 64) & 1;
}

/* One class of two, if nothing stands against it; the older axis gives the name. */
static void merge(coalescing *c, axis a, axis b) {
  a = class_of(c, a);
  b = class_of(c, b);
  if (a == b || a == AXIS_BATCH || b == AXIS_BATCH || a == AXIS_UNIT || b == AXIS_UNIT) return;
  if (axis_counts_copies(c->g, a) || axis_counts_copies(c->g, b)) return;
  if (conflicts(c, a, b) || axis_extent(c->g, a) != axis_extent(c->g, b)) return;
  axis kept = a < b ? a : b, gone = a < b ? b : a;
  c->parent[gone] = kept;
  for (size_t w = 0; w < c->words; w++) row(c, kept)[w] |= row(c, gone)[w];
  for (axis other = 0; other < c->axes; other++) {
    if (conflicts(c, gone, other)) set_bit(c, other, kept);
  }
}

/* ---- interference ------------------------------------------------------------------------- */

static bool among(const affine *list, int count, axis a) {
  for (int k = 0; k < count; k++) {
    if (list[k].along == a) return true;
  }
  return false;
}

static void interfere_in_view(coalescing *c, const node *n) {
  axis before[2 * MAX_RANK], after[2 * MAX_RANK];
  int befores = 0, afters = 0;
  const node *operand = n->operand[0];
  for (int k = 0; k < operand->rank; k++) before[befores++] = operand->axes[k];
  for (int k = 0; k < n->rank; k++) after[afters++] = n->axes[k];
  interfere(c, befores, before);
  interfere(c, afters, after);
}

static void interfere_in_node(coalescing *c, const node *n) {
  axis all[2 * MAX_RANK];
  int count = 0;
  if (n->class == NODE_VIEW) {
    interfere_in_view(c, n);
    return;
  }
  for (int k = 0; k < n->rank; k++) all[count++] = n->axes[k];
  for (int k = 0; k < n->bound; k++) all[count++] = n->bound_axes[k];
  interfere(c, count, all);
}

static void interfere_in_definitions(coalescing *c, int count, const definition *list) {
  for (int k = 0; k < count; k++) interfere(c, list[k].rank, list[k].dims);
}

static void find_interference(coalescing *c) {
  const program *p = c->p;
  for (int id = 0; id < c->count; id++) {
    if (c->reached[id]) interfere_in_node(c, graph_node(c->g, id));
  }
  for (int k = 0; k < tensor_count(c->g); k++) {
    const tensor *t = tensor_at(c->g, k);
    if (t->body) interfere(c, t->rank, t->body_dims);
  }
  interfere_in_definitions(c, p->definitions, p->definition);
  interfere_in_definitions(c, p->outputs, p->output);
  interfere_in_definitions(c, p->gradients, p->gradient);
  interfere_in_definitions(c, p->adjoints, p->adjoint);
  for (int k = 0; k < p->refreshes; k++) interfere_in_definitions(c, 1, &p->refresh[k].value);
  for (int k = 0; k < p->helds; k++) interfere_in_definitions(c, 1, &p->held[k].value);
}

/* ---- who would like to be one ------------------------------------------------------------- */

/* The variable of `a` if it is the only one, with coefficient 1; else box. */
static int lone_variable(const affine *a, int box) {
  int found = box;
  for (int u = 0; u < box; u++) {
    if (a->coefficient[u] == 0) continue;
    if (found < box || a->coefficient[u] != 1) return box;
    found = u;
  }
  return found;
}

/* A view that reads along a at u + d and writes along b at u + e. */
static void merge_in_view(coalescing *c, const node *n) {
  const view *v = n->view;
  for (int w = 0; w < v->writes; w++) {
    int u = lone_variable(&v->write[w], v->box);
    for (int r = 0; r < v->reads && u < v->box; r++) {
      if (lone_variable(&v->read[r], v->box) != u) continue;
      if (among(v->write, v->writes, v->read[r].along)) continue;
      merge(c, v->read[r].along, v->write[w].along);
    }
  }
}

/* Axes along which something is read a step away. */
static void find_steps(coalescing *c, bool *stepped) {
  for (int id = 0; id < c->count; id++) {
    const node *n = graph_node(c->g, id);
    if (!c->reached[id] || n->class != NODE_VIEW || view_is_rename(c->g, n->view)) continue;
    for (int r = 0; r < n->view->reads; r++) {
      const affine *read = &n->view->read[r];
      int u = lone_variable(read, n->view->box);
      bool part = u < n->view->box && n->view->extent[u] < axis_extent(c->g, read->along);
      if (part) stepped[read->along] = true;
    }
  }
}

/* The axes under which references are read, and those of their bodies. */
static void merge_references(coalescing *c, const bool *only) {
  for (int id = 0; id < c->count; id++) {
    const node *n = graph_node(c->g, id);
    if (!c->reached[id] || n->class != NODE_TENSOR || !n->tensor->body) continue;
    for (int k = 0; k < n->tensor->rank; k++) {
      if (!only || only[n->dims[k]]) merge(c, n->dims[k], n->tensor->body_dims[k]);
    }
  }
}

/* Time first, so that a recurrence keeps to one axis; then what is written side by side (gates);
 * what is left of the references last. */
static void merge_all(coalescing *c) {
  bool *stepped = arena_alloc(c->memory, (size_t)c->axes * sizeof *stepped);
  find_steps(c, stepped);
  merge_references(c, stepped);
  for (int id = 0; id < c->count; id++) {
    if (c->reached[id] && graph_node(c->g, id)->class == NODE_VIEW) {
      merge_in_view(c, graph_node(c->g, id));
    }
  }
  merge_references(c, NULL);
}

/* ---- the same over the classes ------------------------------------------------------------ */

static const axis *renamed(coalescing *c, int count, const axis *axes, axis *out) {
  for (int k = 0; k < count; k++) out[k] = class_of(c, axes[k]);
  return out;
}

static const node *remake_view(coalescing *c, const node *n) {
  view v = *n->view;
  for (int k = 0; k < v.reads; k++) v.read[k].along = class_of(c, v.read[k].along);
  for (int k = 0; k < v.writes; k++) v.write[k].along = class_of(c, v.write[k].along);
  return node_view(c->g, c->made[n->operand[0]->id], &v);
}

/* A barrier's body, under the axes of the leaf that stands for it. */
static const node *remake_barrier(coalescing *c, const node *n) {
  const tensor *t = n->tensor;
  axis from[MAX_RANK], to[MAX_RANK];
  int count = 0;
  for (int k = 0; k < t->rank; k++) {
    if (n->dims[k] == AXIS_UNIT) continue;
    from[count] = class_of(c, t->body_dims[k]);
    to[count++] = class_of(c, n->dims[k]);
  }
  return node_rename_axes(c->g, c->made[t->body->id], count, from, to);
}

static const node *remake(coalescing *c, const node *n) {
  axis axes[2 * MAX_RANK];
  const node **operand = arena_alloc(c->memory, ((size_t)n->operands + 1) * sizeof *operand);
  for (int k = 0; k < n->operands; k++) operand[k] = c->made[n->operand[k]->id];
  renamed(c, n->bound, n->bound_axes, axes);
  switch (n->class) {
    case NODE_TENSOR:
      if (n->tensor->role == TENSOR_BARRIER) return remake_barrier(c, n);
      return node_tensor(c->g, n->tensor, renamed(c, n->tensor->rank, n->dims, axes));
    case NODE_INDEX: return node_index(c->g, class_of(c, n->axes[0]));
    case NODE_PRODUCT:
      return node_product(c->g, n->operands, operand, n->power, n->bound, axes);
    case NODE_VIEW: return remake_view(c, n);
    case NODE_SELECT:
      return node_select(c->g, n->select, operand[0], n->operands > 1 ? operand[1] : NULL,
                         n->bound, axes);
    case NODE_SUM:
    case NODE_MAP:
    case NODE_CONSTANT:
    case NODE_EXTENT: break;
  }
  return node_with_operands(c->g, n, operand);
}

static const node *replaced(coalescing *c, const node *n) {
  return n && n->id < c->count && c->made[n->id] ? c->made[n->id] : n;
}

static void replace_definitions(coalescing *c, int count, definition *list) {
  for (int k = 0; k < count; k++) {
    definition *of = &list[k];
    if (!of->value || of->value->id >= c->count || !c->made[of->value->id]) continue;
    renamed(c, of->rank, of->dims, of->dims);
    of->value = node_unname(c->g, c->made[of->value->id], of->rank, of->dims);
  }
}

static void replace_program(coalescing *c) {
  program *p = c->p;
  for (int k = 0; k < tensor_count(c->g); k++) {
    tensor *t = tensor_at(c->g, k);
    axis dims[MAX_RANK];
    if (!t->body || t->body->id >= c->count || !c->made[t->body->id]) continue;
    renamed(c, t->rank, t->body_dims, dims);
    const node *body = node_unname(c->g, c->made[t->body->id], t->rank, dims);
    tensor_define(c->g, t, body, dims);
  }
  replace_definitions(c, p->definitions, p->definition);
  replace_definitions(c, p->outputs, p->output);
  replace_definitions(c, p->metrics, p->metric);
  replace_definitions(c, p->gradients, p->gradient);
  replace_definitions(c, p->adjoints, p->adjoint);
  for (int k = 0; k < p->refreshes; k++) replace_definitions(c, 1, &p->refresh[k].value);
  for (int k = 0; k < p->helds; k++) replace_definitions(c, 1, &p->held[k].value);
  p->held_objective = replaced(c, p->held_objective);
  p->objective = replaced(c, p->objective);
  p->test_loss = replaced(c, p->test_loss);
}

static coalescing coalescing_of(program *p) {
  graph *g = p->g;
  coalescing c = {.p = p, .g = g, .memory = graph_memory(g), .axes = axis_count(g),
                  .count = graph_node_count(g)};
  size_t axes = (size_t)c.axes;
  c.words = axes / 64 + 1;
  c.reached = program_reach(p, true);
  c.parent = arena_alloc(c.memory, axes * sizeof *c.parent);
  c.made = arena_alloc(c.memory, (size_t)c.count * sizeof *c.made);
  for (axis a = 0; a < c.axes; a++) c.parent[a] = a;
  return c;
}

static void remake_program(coalescing *c) {
  for (int id = 0; id < c->count; id++) {
    if (c->reached[id]) c->made[id] = remake(c, graph_node(c->g, id));
  }
  replace_program(c);
}

void expand_barriers(program *p) {
  coalescing c = coalescing_of(p);
  remake_program(&c);
}

void coalesce_axes(program *p) {
  coalescing c = coalescing_of(p);
  c.conflict = arena_alloc(c.memory, (size_t)c.axes * c.words * sizeof *c.conflict);
  find_interference(&c);
  merge_all(&c);
  remake_program(&c);
}
