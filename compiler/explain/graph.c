/* The computation graph in Graphviz's language: one box a value, forward and backward apart,
 * values in clusters by the path of the name that they serve, shapes on the edges. */
#include <stdlib.h>
#include <string.h>

#include "explain.h"
#include "graph.h"

typedef struct vertex {
  const char *path;       /* "forward.h.1": clusters from outside in                             */
  const node *what;
} vertex;

typedef struct drawing {
  text *out;
  const program *p;
  arena *memory;
  const bool *forward, *reached;
  const char **name;      /* by node id: what the model calls it, or NULL                        */
  const char **serves;    /* by node id: the name of the value that it is computed for           */
  vertex *vertex;
  size_t vertices, capacity;
} drawing;

/* ---- names -------------------------------------------------------------------------------- */

static void name_definitions(drawing *g, int count, const definition *list) {
  for (int k = 0; k < count; k++) {
    const node *n = list[k].value;
    if (n && n->operands > 0 && !g->name[n->id]) g->name[n->id] = list[k].word;
  }
}

static void name_values(drawing *g) {
  const program *p = g->p;
  name_definitions(g, p->definitions, p->definition);
  name_definitions(g, p->outputs, p->output);
  name_definitions(g, p->gradients, p->gradient);
  name_definitions(g, p->adjoints, p->adjoint);
  name_definitions(g, p->metrics, p->metric);
  if (p->objective && p->objective->operands) g->name[p->objective->id] = "loss";
  for (int id = 0; id < graph_node_count(p->g); id++) {
    const node *n = graph_node(p->g, id);
    if (n->class == NODE_TENSOR) g->name[id] = n->tensor->word;
  }
}

/* Users come behind their operands: from the end, each hands its name to what has none. A value of
 * the forward pass serves another of it, if there is one. */
static void find_served(drawing *g) {
  for (int id = graph_node_count(g->p->g); id-- > 0;) {
    const node *n = graph_node(g->p->g, id);
    if (!g->reached[id]) continue;
    if (g->name[id]) g->serves[id] = g->name[id];
    if (!g->serves[id]) g->serves[id] = "";
    for (int k = 0; k < n->operands; k++) {
      const node *operand = n->operand[k];
      bool better = g->forward[id] && g->forward[operand->id];
      if (!g->serves[operand->id] || better) g->serves[operand->id] = g->serves[id];
    }
  }
}

/* Whether the model has names inside of that one: then it is a layer's. */
static bool has_inside(const drawing *g, const char *word) {
  size_t length = strlen(word);
  for (int k = 0; k < tensor_count(g->p->g); k++) {
    const char *other = tensor_at(g->p->g, k)->word;
    if (strncmp(other, word, length) == 0 && other[length] == '.') return true;
  }
  return false;
}

static const char *path_of(const drawing *g, const node *n) {
  const char *pass = g->forward[n->id] ? "forward" : "backward", *word = g->serves[n->id];
  if (strncmp(word, "d_", 2) == 0 && !g->forward[n->id]) word += 2;
  const char *dot = strrchr(word, '.');
  if (*word && has_inside(g, word)) return arena_printf(g->memory, "%s.%s", pass, word);
  if (dot) return arena_printf(g->memory, "%s.%.*s", pass, (int)(dot - word), word);
  return pass;
}

/* ---- vertices ----------------------------------------------------------------------------- */

static bool is_shown(const node *n) {
  return n->class != NODE_CONSTANT && n->class != NODE_INDEX && n->class != NODE_EXTENT;
}

static int compare(const void *a, const void *b) {
  const vertex *first = a, *second = b;
  int by_path = strcmp(first->path, second->path);
  return by_path ? by_path : first->what->id - second->what->id;
}

static void collect(drawing *g) {
  for (int id = 0; id < graph_node_count(g->p->g); id++) {
    const node *n = graph_node(g->p->g, id);
    if (!g->reached[id] || !is_shown(n)) continue;
    vertex one = {.path = path_of(g, n), .what = n};
    ARENA_PUSH(g->memory, g->vertex, g->vertices, g->capacity, one);
  }
  if (g->vertices) qsort(g->vertex, g->vertices, sizeof *g->vertex, compare);
}

static const char *operation(const node *n) {
  static const char *const selects[] = {"max", "logsumexp", "argmax"};
  switch (n->class) {
    case NODE_SUM: return "+";
    case NODE_PRODUCT: return n->bound ? "Σ ×" : "×";
    case NODE_MAP: return op_identifier(n->op);
    case NODE_VIEW: return "view";
    case NODE_SELECT: return selects[n->select];
    default: return "";
  }
}

static void write_vertex(const drawing *g, const node *n) {
  static const char *const leaf[] = {
      [TENSOR_INPUT] = "shape=box, style=\"filled\", fillcolor=\"#dbe9ff\"",
      [TENSOR_TARGET] = "shape=box, style=\"filled\", fillcolor=\"#e7defa\"",
      [TENSOR_PARAMETER] = "shape=box, style=\"filled\", fillcolor=\"#ffe9c7\""};
  const char *word = g->name[n->id];
  bool colored = n->class == NODE_TENSOR && n->tensor->role <= TENSOR_PARAMETER;
  text_printf(g->out, "n%d [label=\"%s%s%s\"", n->id, word ? word : "",
              word && n->operands ? " = " : "", operation(n));
  if (colored) text_printf(g->out, ", %s", leaf[n->tensor->role]);
  else if (n->class == NODE_TENSOR) text_append(g->out, ", shape=box, style=\"dashed\"");
  else if (word) text_append(g->out, ", shape=box, style=\"rounded,bold\"");
  text_append(g->out, "];\n");
}

/* ---- clusters ----------------------------------------------------------------------------- */

/* How many bytes of the path, up to a dot or the end, both begin with. */
static size_t shared_path(const char *a, const char *b) {
  size_t shared = 0;
  for (size_t k = 0;; k++) {
    bool a_ends = a[k] == '.' || !a[k], b_ends = b[k] == '.' || !b[k];
    if (a_ends && b_ends) shared = k;
    if (a[k] != b[k] || !a[k]) return shared;
  }
}

static int depth_of(const char *path) {
  int depth = *path != 0;
  for (; *path; path++) depth += *path == '.';
  return depth;
}

static void close_clusters(text *out, int count) {
  for (int k = 0; k < count; k++) text_append(out, "}\n");
}

/* From the clusters of the vertex before to those of the next. */
static void change_path(const drawing *g, const char *from, const char *to) {
  size_t shared = shared_path(from, to);
  close_clusters(g->out, depth_of(from) - depth_of(arena_copy(g->memory, from, shared)));
  const char *at = to + shared;
  while (*at) {
    at += *at == '.';
    size_t length = strcspn(at, ".");
    text_printf(g->out, "subgraph \"cluster_%.*s\" {\nlabel=\"%.*s\";\n", (int)(at + length - to),
                to, (int)length, at);
    at += length;
  }
}

static void write_vertices(const drawing *g) {
  const char *path = "";
  for (size_t k = 0; k < g->vertices; k++) {
    change_path(g, path, g->vertex[k].path);
    path = g->vertex[k].path;
    write_vertex(g, g->vertex[k].what);
  }
  close_clusters(g->out, depth_of(path));
}

/* ---- edges -------------------------------------------------------------------------------- */

static void write_shape(const drawing *g, const node *n) {
  if (n->rank == 0) text_append(g->out, "1");
  for (int k = 0; k < n->rank; k++) {
    text_append(g->out, k ? "×" : "");
    if (n->axes[k] == AXIS_BATCH) text_append(g->out, "m");
    else text_printf(g->out, "%lld", (long long)axis_extent(g->p->g, n->axes[k]));
  }
}

static void write_edge(const drawing *g, const node *from, const node *to, const char *style) {
  if (!is_shown(from) || !g->reached[from->id]) return;
  text_printf(g->out, "n%d -> n%d [label=\"", from->id, to->id);
  write_shape(g, from);
  text_printf(g->out, "\"%s];\n", style);
}

static void write_edges(const drawing *g) {
  for (size_t k = 0; k < g->vertices; k++) {
    const node *n = g->vertex[k].what;
    for (int j = 0; j < n->operands; j++) write_edge(g, n->operand[j], n, "");
    bool recurs = n->class == NODE_TENSOR && n->tensor->body;
    if (recurs) write_edge(g, n->tensor->body, n, ", style=dashed, constraint=false");
  }
}

void print_graph(text *out, const program *p) {
  arena *memory = graph_memory(p->g);
  size_t count = (size_t)graph_node_count(p->g);
  drawing g = {.out = out, .p = p, .memory = memory, .forward = program_reach(p, false),
               .reached = program_reach(p, true)};
  g.name = arena_alloc(memory, count * sizeof *g.name);
  g.serves = arena_alloc(memory, count * sizeof *g.serves);
  name_values(&g);
  find_served(&g);
  collect(&g);
  text_printf(out, "digraph \"%s\" {\n", p->model);
  text_append(out, "graph [fontname=\"sans-serif\", rankdir=TB, color=\"#999999\"];\n"
                   "node [fontname=\"sans-serif\", fontsize=11, shape=ellipse];\n"
                   "edge [fontname=\"sans-serif\", fontsize=9, color=\"#555555\"];\n");
  write_vertices(&g);
  write_edges(&g);
  text_append(out, "}\n");
}
