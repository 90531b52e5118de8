/* The graph as text: one node a line (dumps), or one node as an expression. */
#include <math.h>
#include <string.h>

#include "construct.h"

typedef struct printer {
  text *out;
  const graph *g;
  const char **label; /* of each node that has a line of its own, by id; NULL without lines */
  const char **axis_label;
} printer;

/* ---- axes --------------------------------------------------------------------------------- */

/* Hints, told apart by a number where several axes have the same one. */
static const char **axis_labels(const graph *g) {
  const char **labels = arena_alloc(g->memory, g->axis_count * sizeof *labels);
  int *seen = arena_alloc(g->memory, g->axis_count * sizeof *seen);
  for (size_t a = 0; a < g->axis_count; a++) {
    size_t first = 0;
    while (g->axes[first].hint != g->axes[a].hint) first++;
    int number = seen[first]++;
    labels[a] = number ? arena_printf(g->memory, "%s.%d", g->axes[a].hint, number)
                       : g->axes[a].hint;
  }
  return labels;
}

static void print_axis(printer *p, axis a) {
  text_append(p->out, p->axis_label ? p->axis_label[a] : axis_hint(p->g, a));
}

static void print_axes(printer *p, int count, const axis *axes, bool extents) {
  text_append(p->out, "[");
  for (int k = 0; k < count; k++) {
    if (k) text_append(p->out, ", ");
    print_axis(p, axes[k]);
    if (extents && axes[k] != AXIS_BATCH) {
      text_printf(p->out, ":%lld", (long long)axis_extent(p->g, axes[k]));
    }
  }
  text_append(p->out, "]");
}

/* ---- expressions -------------------------------------------------------------------------- */

void print_coefficient(text *out, double value) {
  for (int d = 1; d <= 64; d++) {
    double scaled = value * d, whole = floor(scaled + 0.5);
    if (fabs(scaled - whole) > 1e-12 * (1 + fabs(scaled)) || fabs(whole) > 1e6) continue;
    if (d > 1 && fabs(value - (double)(float)value) <= 0) break; /* 0.5, 0.125: as they are */
    text_number(out, whole);
    if (d > 1) text_printf(out, "/%d", d);
    return;
  }
  text_number(out, value);
}

static void print_value(printer *p, const node *n, int depth, int strength);

enum { SUM_STRENGTH = 6, PRODUCT_STRENGTH = 7, POWER_STRENGTH = 8, CALL_STRENGTH = 9 };

static void open_bracket(printer *p, int own, int around) {
  if (own < around) text_append(p->out, "(");
}

static void close_bracket(printer *p, int own, int around) {
  if (own < around) text_append(p->out, ")");
}

static void print_sum(printer *p, const node *n, int depth) {
  bool constant = n->value < 0 || n->value > 0;
  if (constant) print_coefficient(p->out, n->value);
  for (int k = 0; k < n->operands; k++) {
    double by = n->coefficient[k];
    bool first = k == 0 && !constant;
    text_append(p->out, by < 0 ? (first ? "-" : " - ") : (first ? "" : " + "));
    if (fabs(by) < 1 || fabs(by) > 1) {
      print_coefficient(p->out, fabs(by));
      text_append(p->out, " * ");
    }
    print_value(p, n->operand[k], depth, PRODUCT_STRENGTH);
  }
}

static void print_product(printer *p, const node *n, int depth) {
  if (n->bound) {
    text_append(p->out, "sum");
    print_axes(p, n->bound, n->bound_axes, true);
    text_append(p->out, "(");
  }
  for (int k = 0; k < n->operands; k++) {
    bool one = n->power[k] >= 1 && n->power[k] <= 1;
    if (k) text_append(p->out, " * ");
    print_value(p, n->operand[k], depth, one ? PRODUCT_STRENGTH + 1 : POWER_STRENGTH + 1);
    if (one) continue;
    text_append(p->out, "^");
    print_coefficient(p->out, n->power[k]);
  }
  if (n->bound) text_append(p->out, ")");
}

static void print_affine(printer *p, const affine *a, int box) {
  bool first = true;
  print_axis(p, a->along);
  text_append(p->out, ": ");
  for (int u = 0; u < box; u++) {
    if (a->coefficient[u] == 0) continue;
    if (!first) text_append(p->out, " + ");
    if (a->coefficient[u] != 1) text_printf(p->out, "%lld ", (long long)a->coefficient[u]);
    text_printf(p->out, "%c", "uvwxyzabcdef"[u]);
    first = false;
  }
  if (first || a->constant != 0) {
    text_printf(p->out, first ? "%lld" : " + %lld", (long long)a->constant);
  }
}

static void print_view(printer *p, const node *n, int depth) {
  const view *v = n->view;
  text_append(p->out, "view(");
  print_value(p, n->operand[0], depth, 0);
  for (int u = 0; u < v->box; u++) {
    text_printf(p->out, "%s%c: %lld", u ? ", " : "; ", "uvwxyzabcdef"[u], (long long)v->extent[u]);
  }
  for (int k = 0; k < v->reads; k++) {
    text_append(p->out, k ? ", " : "; read ");
    print_affine(p, &v->read[k], v->box);
  }
  for (int k = 0; k < v->writes; k++) {
    text_append(p->out, k ? ", " : "; write ");
    print_affine(p, &v->write[k], v->box);
  }
  text_append(p->out, ")");
}

static const char *infix_sign(op operation) {
  switch (operation) {
    case OP_less: return " < ";
    case OP_less_equal: return " <= ";
    case OP_equal: return " == ";
    case OP_not_equal: return " != ";
    default: return NULL;
  }
}

static void print_map(printer *p, const node *n, int depth) {
  const char *sign = infix_sign(n->op);
  if (!sign) text_append(p->out, op_identifier(n->op));
  text_append(p->out, "(");
  for (int k = 0; k < n->operands; k++) {
    if (k) text_append(p->out, sign ? sign : ", ");
    print_value(p, n->operand[k], depth, sign ? SUM_STRENGTH : 0);
  }
  text_append(p->out, ")");
}

static void print_select(printer *p, const node *n, int depth) {
  static const char *const names[] = {"max", "logsumexp", "argmax"};
  text_append(p->out, names[n->select]);
  print_axes(p, n->bound, n->bound_axes, true);
  text_append(p->out, "(");
  print_value(p, n->operand[0], depth, 0);
  if (n->operands > 1) {
    text_append(p->out, " | ");
    print_value(p, n->operand[1], depth, 0);
  }
  text_append(p->out, ")");
}

static int strength_of(const node *n) {
  if (n->class == NODE_SUM) return SUM_STRENGTH;
  if (n->class == NODE_PRODUCT && n->bound == 0) {
    return n->operands == 1 ? POWER_STRENGTH : PRODUCT_STRENGTH;
  }
  if (n->class == NODE_CONSTANT && n->value < 0) return SUM_STRENGTH;
  return CALL_STRENGTH;
}

static void print_open(printer *p, const node *n, int depth) {
  switch (n->class) {
    case NODE_CONSTANT: print_coefficient(p->out, n->value); break;
    case NODE_TENSOR:
      text_append(p->out, n->tensor->word);
      if (n->tensor->rank > 0) print_axes(p, n->tensor->rank, n->dims, false);
      break;
    case NODE_INDEX: print_axis(p, n->axes[0]); break;
    case NODE_EXTENT: text_append(p->out, "batch"); break;
    case NODE_SUM: print_sum(p, n, depth); break;
    case NODE_PRODUCT: print_product(p, n, depth); break;
    case NODE_MAP: print_map(p, n, depth); break;
    case NODE_VIEW: print_view(p, n, depth); break;
    case NODE_SELECT: print_select(p, n, depth); break;
  }
}

static void print_value(printer *p, const node *n, int depth, int strength) {
  if (p->label && p->label[n->id]) {
    text_append(p->out, p->label[n->id]);
    return;
  }
  if (depth <= 0 && n->operands > 0) {
    text_append(p->out, "...");
    return;
  }
  open_bracket(p, strength_of(n), strength);
  print_open(p, n, depth - 1);
  close_bracket(p, strength_of(n), strength);
}

void print_node(text *out, const graph *g, const node *n, int depth) {
  printer p = {.out = out, .g = g};
  print_value(&p, n, depth, 0);
}

/* ---- dumps -------------------------------------------------------------------------------- */

static void label_definitions(const char **names, int count, const definition *list) {
  for (int k = 0; k < count; k++) {
    const node *n = list[k].value;
    if (n && n->operands > 0 && !names[n->id]) names[n->id] = list[k].word;
  }
}

static void print_root(printer *p, const char *kind, const char *word, const node *n) {
  text_printf(p->out, "%s%s%s = ", kind, *word ? " " : "", word);
  print_value(p, n, 2, 0);
  text_append(p->out, "\n");
}

static void print_roots(printer *p, const char *kind, int count, const definition *list) {
  for (int k = 0; k < count; k++) print_root(p, kind, list[k].word, list[k].value);
}

static void print_lines(printer *p, const bool *reached, const bool *skip, const char **names) {
  graph *g = (graph *)(uintptr_t)p->g;
  int number = 0;
  for (int id = 0; id < graph_node_count(g); id++) {
    const node *n = graph_node(g, id);
    if (!reached[id] || n->operands == 0) continue;
    const char *label = names[id] ? arena_printf(g->memory, "%%%d:%s", ++number, names[id])
                                  : arena_printf(g->memory, "%%%d", ++number);
    if (!skip || !skip[id]) {
      text_printf(p->out, "%s ", label);
      print_axes(p, n->rank, n->axes, true);
      text_append(p->out, " = ");
      print_open(p, n, 1);
      text_append(p->out, "\n");
    }
    p->label[id] = label;
  }
}

static void print_bodies(printer *p, const bool *reached) {
  for (int k = 0; k < tensor_count(p->g); k++) {
    const tensor *t = tensor_at(p->g, k);
    if (t->role != TENSOR_REFERENCE || !t->body || !reached[t->body->id]) continue;
    text_printf(p->out, "recurrence %s", t->word);
    print_axes(p, t->rank, t->body_dims, true);
    text_append(p->out, " = ");
    print_value(p, t->body, 2, 0);
    text_append(p->out, "\n");
  }
}

void print_program(text *out, const program *of, bool backward) {
  const graph *g = of->g;
  size_t count = g->node_count;
  printer p = {.out = out, .g = g, .axis_label = axis_labels(g)};
  const char **names = arena_alloc(g->memory, count * sizeof *names);
  p.label = arena_alloc(g->memory, count * sizeof *p.label);
  label_definitions(names, of->definitions, of->definition);
  label_definitions(names, of->outputs, of->output);
  if (backward) {
    label_definitions(names, of->gradients, of->gradient);
    label_definitions(names, of->adjoints, of->adjoint);
  }
  const bool *reached = program_reach(of, backward);
  print_lines(&p, reached, backward ? program_reach(of, false) : NULL, names);
  print_bodies(&p, reached);
  if (backward) {
    print_roots(&p, "gradient", of->gradients, of->gradient);
    return;
  }
  print_roots(&p, "output", of->outputs, of->output);
  print_roots(&p, "metric", of->metrics, of->metric);
  if (of->objective) print_root(&p, "objective", "", of->objective);
}
