/* Recorded steps as text that other programs read: rule, before, after, in Python's notation, for
 * those that say something of single elements. What is no elementwise form of something is a
 * letter with its number: n12; b12 where it is a bracket. */
#include "construct.h"

enum { DEEPEST = 12 };

static void print_open(text *out, const node *n, int depth);

static void print_operand(text *out, const node *n, int depth) {
  bool sum = n->class == NODE_SUM || n->class == NODE_MAP;
  bool product = n->class == NODE_PRODUCT && n->bound == 0;
  if (n->class == NODE_CONSTANT) text_number(out, n->value);
  else if (n->boolean) text_printf(out, "b%d", n->id);
  else if (depth == 0 || !(sum || product)) text_printf(out, "n%d", n->id);
  else print_open(out, n, depth - 1);
}

static void print_weighted(text *out, double weight) {
  text_append(out, "(");
  text_number(out, weight);
  text_append(out, ")");
}

static void print_open(text *out, const node *n, int depth) {
  text_append(out, "(");
  if (n->class == NODE_SUM) print_weighted(out, n->value);
  if (n->class == NODE_MAP) text_printf(out, "%s(", op_identifier(n->op));
  if (n->class == NODE_PRODUCT && n->operands == 0) text_append(out, "1");
  for (int k = 0; k < n->operands; k++) {
    if (n->class == NODE_SUM) {
      text_append(out, " + ");
      print_weighted(out, n->coefficient[k]);
      text_append(out, "*");
    } else if (k) {
      text_append(out, n->class == NODE_MAP ? ", " : "*");
    }
    print_operand(out, n->operand[k], depth);
    if (n->class != NODE_PRODUCT) continue;
    text_append(out, "**");
    print_weighted(out, n->power[k]);
  }
  text_append(out, n->class == NODE_MAP ? "))" : ")");
}

static void print_term(text *out, const written_term *t) {
  print_weighted(out, t->factor);
  text_append(out, "*");
  if (t->node) print_operand(out, t->node, DEEPEST);
  else print_open(out, &t->form, DEEPEST);
}

static bool is_elementwise(const written_term *t) {
  if (t->node) return true;
  const node *n = &t->form;
  if (n->class == NODE_MAP && op_rows[n->op].boolean) return false;
  return n->class == NODE_MAP || n->class == NODE_SUM ||
         (n->class == NODE_PRODUCT && n->bound == 0);
}

void print_recorded(text *out, const graph *g) {
  for (size_t k = 0; k < graph_steps(g); k++) {
    const derivation_step *s = graph_step(g, k);
    if (!is_elementwise(&s->before) || !is_elementwise(&s->after)) continue;
    text_printf(out, "%s\t", s->rule ? s->rule : "call");
    print_term(out, &s->before);
    text_append(out, "\t");
    print_term(out, &s->after);
    text_append(out, "\n");
  }
}
