/* Nodes: interning, leaves, and the tables of axes and tensors. */
#include <string.h>

#include "construct.h"

/* ---- graph -------------------------------------------------------------------------------- */

graph *graph_new(arena *memory, name_table *names) {
  graph *g = arena_alloc(memory, sizeof *g);
  g->memory = memory;
  g->names = names;
  axis_new(g, name_of(names, "batch"), 0);
  axis_new(g, name_of(names, "unit"), 1);
  return g;
}

arena *graph_memory(const graph *g) { return g->memory; }
name_table *graph_names(const graph *g) { return g->names; }
int graph_node_count(const graph *g) { return (int)g->node_count; }
const node *graph_node(const graph *g, int id) { return g->nodes[id]; }

void graph_set_rewrite(graph *g, rewrite_hook *hook, void *data) {
  g->rewrite = hook;
  g->rewrite_data = data;
}

void graph_set_lowered(graph *g, bool lowered) { g->lowered = lowered; }

void *scratch(graph *g, size_t count, size_t item_bytes) {
  return arena_alloc(g->memory, count * item_bytes);
}

/* ---- axes --------------------------------------------------------------------------------- */

axis axis_new(graph *g, name hint, int64_t extent) {
  struct axis_row row = {hint, extent, false, AXIS_WHOLE};
  ARENA_PUSH(g->memory, g->axes, g->axis_count, g->axis_capacity, row);
  return (axis)g->axis_count - 1;
}

axis axis_of_copies(graph *g, name hint, int64_t extent) {
  axis a = axis_new(g, hint, extent);
  g->axes[a].copies = true;
  return a;
}

bool axis_counts_copies(const graph *g, axis a) { return g->axes[a].copies; }

void axis_split(graph *g, axis time, int64_t length, axis *segments, axis *steps) {
  name hint = axis_hint(g, time);
  *segments = axis_of_copies(g, hint, axis_extent(g, time) / length);
  *steps = axis_new(g, hint, length);
  g->axes[*segments].part = AXIS_SEGMENTS;
  g->axes[*steps].part = AXIS_STEPS;
}

axis_part axis_part_of(const graph *g, axis a) { return g->axes[a].part; }

int axis_count(const graph *g) { return (int)g->axis_count; }
int64_t axis_extent(const graph *g, axis a) { return g->axes[a].extent; }
name axis_hint(const graph *g, axis a) { return g->axes[a].hint; }
int graph_axis_count(const graph *g) { return (int)g->axis_count; }

bool set_has(const axis_set *set, axis a) {
  for (int k = 0; k < set->count; k++) {
    if (set->axes[k] == a) return true;
  }
  return false;
}

void set_add(axis_set *set, axis a) {
  int k = set->count;
  if (set_has(set, a)) return;
  while (k > 0 && set->axes[k - 1] > a) {
    set->axes[k] = set->axes[k - 1];
    k--;
  }
  set->axes[k] = a;
  set->count++;
}

void set_remove(axis_set *set, axis a) {
  int kept = 0;
  for (int k = 0; k < set->count; k++) {
    if (set->axes[k] != a) set->axes[kept++] = set->axes[k];
  }
  set->count = kept;
}

void set_add_all(axis_set *set, int count, const axis *axes) {
  for (int k = 0; k < count; k++) set_add(set, axes[k]);
}

/* ---- tensors ------------------------------------------------------------------------------ */

tensor *tensor_new(graph *g, tensor_role role, name word, place where, int rank,
                   const int64_t *shape) {
  tensor *t = arena_alloc(g->memory, sizeof *t);
  t->number = (int)g->tensor_count;
  t->word = word;
  t->role = role;
  t->where = where;
  t->rank = rank;
  if (rank > 0) memcpy(t->shape, shape, (size_t)rank * sizeof *shape);
  ARENA_PUSH(g->memory, g->tensors, g->tensor_count, g->tensor_capacity, t);
  return t;
}

void tensor_define(graph *g, tensor *t, const node *body, const axis *dims) {
  (void)g;
  t->body = body;
  if (t->rank > 0) memcpy(t->body_dims, dims, (size_t)t->rank * sizeof *dims);
}

int tensor_count(const graph *g) { return (int)g->tensor_count; }
tensor *tensor_at(const graph *g, int number) { return g->tensors[number]; }

const char *tensor_role_name(tensor_role role) {
  static const char *const names[] = {
      "input",  "target", "parameter", "constant", "reference", "carried state",
      "running average", "random numbers", "scalar", "element",
      "held value", "barrier",
  };
  return names[role];
}

/* ---- interning ---------------------------------------------------------------------------- */

static uint64_t mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * UINT64_C(0x9E3779B97F4A7C15);
  return hash ^ (hash >> 29);
}

static uint64_t mix_double(uint64_t hash, double value) {
  uint64_t bits = 0;
  if (value != 0) memcpy(&bits, &value, sizeof bits); /* -0 is 0 */
  return mix(hash, bits);
}

static uint64_t mix_affine(uint64_t hash, const affine *a, int box) {
  hash = mix(mix(hash, (uint64_t)a->along), (uint64_t)a->constant);
  for (int u = 0; u < box; u++) hash = mix(hash, (uint64_t)a->coefficient[u]);
  return hash;
}

static uint64_t mix_view(uint64_t hash, const view *v) {
  hash = mix(mix(mix(hash, (uint64_t)v->box), (uint64_t)v->reads), (uint64_t)v->writes);
  for (int u = 0; u < v->box; u++) hash = mix(hash, (uint64_t)v->extent[u]);
  for (int k = 0; k < v->reads; k++) hash = mix_affine(hash, &v->read[k], v->box);
  for (int k = 0; k < v->writes; k++) hash = mix_affine(hash, &v->write[k], v->box);
  return hash;
}

static uint64_t node_hash(const node *n) {
  uint64_t hash = mix(mix(17, (uint64_t)n->class), (uint64_t)n->operands);
  hash = mix_double(hash, n->value);
  for (int k = 0; k < n->operands; k++) {
    hash = mix(hash, (uint64_t)n->operand[k]->id);
    if (n->coefficient) hash = mix_double(hash, n->coefficient[k]);
    if (n->power) hash = mix_double(hash, n->power[k]);
  }
  for (int k = 0; k < n->bound; k++) hash = mix(hash, (uint64_t)n->bound_axes[k]);
  hash = mix(mix(hash, (uint64_t)n->op), (uint64_t)n->select);
  if (n->tensor) {
    hash = mix(hash, (uint64_t)n->tensor->number + 1);
    for (int k = 0; k < n->tensor->rank; k++) hash = mix(hash, (uint64_t)n->dims[k]);
  }
  if (n->class == NODE_INDEX) hash = mix(hash, (uint64_t)n->axes[0]);
  return n->view ? mix_view(hash, n->view) : hash;
}

static bool affine_equal(const affine *a, const affine *b, int box) {
  if (a->along != b->along || a->constant != b->constant) return false;
  return memcmp(a->coefficient, b->coefficient, (size_t)box * sizeof *a->coefficient) == 0;
}

static bool view_equal(const view *a, const view *b) {
  if (!a || !b) return a == b;
  if (a->box != b->box || a->reads != b->reads || a->writes != b->writes) return false;
  for (int u = 0; u < a->box; u++) {
    if (a->extent[u] != b->extent[u]) return false;
  }
  for (int k = 0; k < a->reads; k++) {
    if (!affine_equal(&a->read[k], &b->read[k], a->box)) return false;
  }
  for (int k = 0; k < a->writes; k++) {
    if (!affine_equal(&a->write[k], &b->write[k], a->box)) return false;
  }
  return true;
}

static bool numbers_equal(const double *a, const double *b, int count) {
  if (!a || !b) return a == b;
  for (int k = 0; k < count; k++) {
    if (!(a[k] >= b[k] && a[k] <= b[k])) return false;
  }
  return true;
}

static bool axes_equal(const axis *a, const axis *b, int count) {
  return count == 0 || memcmp(a, b, (size_t)count * sizeof *a) == 0;
}

static bool node_equal(const node *a, const node *b) {
  if (a->class != b->class || a->operands != b->operands || a->bound != b->bound) return false;
  if (a->rank != b->rank || a->op != b->op || a->select != b->select) return false;
  if (a->tensor != b->tensor || !numbers_equal(&a->value, &b->value, 1)) return false;
  for (int k = 0; k < a->operands; k++) {
    if (a->operand[k] != b->operand[k]) return false;
  }
  return axes_equal(a->axes, b->axes, a->rank) &&
         axes_equal(a->bound_axes, b->bound_axes, a->bound) &&
         numbers_equal(a->coefficient, b->coefficient, a->operands) &&
         numbers_equal(a->power, b->power, a->operands) &&
         (!a->tensor || axes_equal(a->dims, b->dims, a->tensor->rank)) &&
         view_equal(a->view, b->view);
}

static void *copied(graph *g, const void *items, size_t bytes) {
  if (!items || bytes == 0) return NULL;
  void *copy = arena_alloc(g->memory, bytes);
  memcpy(copy, items, bytes);
  return copy;
}

/* Whether the value is known to be > 0 everywhere. */
static bool is_positive(const graph *g, const node *n) {
  bool all = true;
  for (int k = 0; k < n->operands; k++) {
    all = all && n->operand[k]->positive && (!n->coefficient || n->coefficient[k] > 0);
  }
  switch (n->class) {
    case NODE_CONSTANT: return n->value > 0;
    case NODE_EXTENT: return true;
    case NODE_MAP: return op_rows[n->op].positive;
    case NODE_SUM: return all && n->value >= 0;
    case NODE_PRODUCT: return all;
    case NODE_VIEW: return all && view_is_read(g, n->view);
    case NODE_TENSOR:
    case NODE_INDEX:
    case NODE_SELECT: return false;
  }
  return false;
}

static const node *node_keep(graph *g, const node *candidate) {
  node *n = copied(g, candidate, sizeof *candidate);
  size_t operands = (size_t)n->operands;
  n->id = (int)g->node_count;
  n->positive = is_positive(g, n);
  n->axes = copied(g, n->axes, (size_t)n->rank * sizeof *n->axes);
  n->operand = copied(g, n->operand, operands * sizeof *n->operand);
  n->coefficient = copied(g, n->coefficient, operands * sizeof *n->coefficient);
  n->power = copied(g, n->power, operands * sizeof *n->power);
  n->bound_axes = copied(g, n->bound_axes, (size_t)n->bound * sizeof *n->bound_axes);
  n->view = copied(g, n->view, sizeof *n->view);
  if (n->tensor) n->dims = copied(g, n->dims, (size_t)n->tensor->rank * sizeof *n->dims);
  ARENA_PUSH(g->memory, g->nodes, g->node_count, g->node_capacity, n);
  return n;
}

static void slots_grow(graph *g) {
  size_t count = g->slot_count ? 2 * g->slot_count : 1024;
  g->slots = scratch(g, count, sizeof *g->slots);
  g->slot_count = count;
  for (size_t k = 0; k < g->node_count; k++) {
    size_t slot = (size_t)node_hash(g->nodes[k]) & (count - 1);
    while (g->slots[slot]) slot = (slot + 1) & (count - 1);
    g->slots[slot] = (uint32_t)k + 1;
  }
}

const node *node_known(const graph *g, const node *candidate) {
  if (g->slot_count == 0) return NULL;
  size_t slot = (size_t)node_hash(candidate) & (g->slot_count - 1);
  for (; g->slots[slot]; slot = (slot + 1) & (g->slot_count - 1)) {
    const node *known = g->nodes[g->slots[slot] - 1];
    if (node_equal(known, candidate)) return known;
  }
  return NULL;
}

const node *node_intern(graph *g, node *candidate) {
  if (2 * (g->node_count + 1) > g->slot_count) slots_grow(g);
  const node *known = node_known(g, candidate);
  if (known) return known;
  if (g->rewrite) {
    const node *better = g->rewrite(g, candidate, g->rewrite_data);
    if (better) return better;
    if (2 * (g->node_count + 1) > g->slot_count) slots_grow(g); /* the hook may have made nodes */
  }
  size_t slot = (size_t)node_hash(candidate) & (g->slot_count - 1);
  while (g->slots[slot]) slot = (slot + 1) & (g->slot_count - 1);
  const node *kept = node_keep(g, candidate);
  g->slots[slot] = (uint32_t)g->node_count;
  return kept;
}

/* ---- leaves ------------------------------------------------------------------------------- */

const node *node_constant(graph *g, double value) {
  return node_intern(g, &(node){.class = NODE_CONSTANT, .value = value});
}

const node *node_tensor(graph *g, const tensor *t, const axis *wanted) {
  axis_set axes = {0};
  axis dims[MAX_RANK];
  for (int k = 0; k < t->rank; k++) {
    dims[k] = t->shape[k] == 1 ? AXIS_UNIT : wanted[k];
    if (dims[k] != AXIS_UNIT) set_add(&axes, dims[k]);
  }
  if (t->per_sample) set_add(&axes, AXIS_BATCH);
  return node_intern(g, &(node){.class = NODE_TENSOR,
                                .rank = axes.count,
                                .axes = axes.axes,
                                .tensor = t,
                                .dims = dims,
                                .integer = t->kind != VALUE_REAL});
}

const node *node_index(graph *g, axis a) {
  if (a != AXIS_BATCH && axis_extent(g, a) == 1) return node_constant(g, 0);
  return node_intern(
      g, &(node){.class = NODE_INDEX, .rank = 1, .axes = (axis[]){a}, .integer = true});
}

const node *node_extent(graph *g) { return node_intern(g, &(node){.class = NODE_EXTENT}); }

const node *node_size(graph *g, axis a) {
  return a == AXIS_BATCH ? node_extent(g) : node_constant(g, (double)axis_extent(g, a));
}

/* ---- the same with other operands --------------------------------------------------------- */

const node *node_with_operands(graph *g, const node *n, const node *const *operands) {
  switch (n->class) {
    case NODE_SUM: return node_sum(g, n->value, n->operands, operands, n->coefficient);
    case NODE_PRODUCT:
      return node_product(g, n->operands, operands, n->power, n->bound, n->bound_axes);
    case NODE_MAP: return node_map(g, n->op, operands);
    case NODE_VIEW: return node_view(g, operands[0], n->view);
    case NODE_SELECT:
      return node_select(g, n->select, operands[0], n->operands > 1 ? operands[1] : NULL, n->bound,
                         n->bound_axes);
    case NODE_CONSTANT:
    case NODE_TENSOR:
    case NODE_INDEX:
    case NODE_EXTENT: break;
  }
  return n;
}

/* ---- questions ---------------------------------------------------------------------------- */

static bool among(const axis *axes, int count, axis a) {
  for (int k = 0; k < count; k++) {
    if (axes[k] == a) return true;
  }
  return false;
}

bool node_has_axis(const node *n, axis a) { return among(n->axes, n->rank, a); }
bool node_binds(const node *n, axis a) { return among(n->bound_axes, n->bound, a); }

bool node_is_constant(const node *n, double value) {
  return n->class == NODE_CONSTANT && n->value >= value && n->value <= value;
}
