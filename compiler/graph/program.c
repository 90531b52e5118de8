/* A program's roots, and the nodes that they reach. */
#include <string.h>

#include "construct.h"

typedef struct reach {
  const graph *g;
  bool *reached;
  const node **todo;
  size_t count, capacity;
} reach;

static void root(reach *r, const node *n) {
  if (!n || r->reached[n->id]) return;
  r->reached[n->id] = true;
  ARENA_PUSH(r->g->memory, r->todo, r->count, r->capacity, n);
}

static void roots(reach *r, int count, const definition *list) {
  for (int k = 0; k < count; k++) root(r, list[k].value);
}

bool *program_reach(const program *p, bool backward) {
  reach r = {.g = p->g};
  r.reached = arena_alloc(p->g->memory, p->g->node_count * sizeof *r.reached);
  roots(&r, p->outputs, p->output);
  roots(&r, p->metrics, p->metric);
  root(&r, p->objective);
  if (backward) root(&r, p->objective_again);
  root(&r, p->test_loss);
  if (backward) roots(&r, p->gradients, p->gradient);
  for (int k = 0; k < p->refreshes; k++) root(&r, p->refresh[k].value.value);
  if (backward) root(&r, p->held_objective);
  for (int k = 0; k < p->helds && backward; k++) root(&r, p->held[k].value.value);
  while (r.count > 0) {
    const node *n = r.todo[--r.count];
    if (n->class == NODE_TENSOR && n->tensor->body) root(&r, n->tensor->body);
    for (int k = 0; k < n->operands; k++) root(&r, n->operand[k]);
  }
  return r.reached;
}

bool *program_loss_only(const program *p) {
  program predicted = {.g = p->g, .outputs = p->outputs, .output = p->output};
  const bool *reached = program_reach(&predicted, false);
  bool *needed = arena_alloc(p->g->memory, (size_t)tensor_count(p->g) * sizeof *needed);
  bool *found = arena_alloc(p->g->memory, ((size_t)p->inputs + 1) * sizeof *found);
  for (int id = 0; id < graph_node_count(p->g); id++) {
    const node *n = graph_node(p->g, id);
    if (reached[id] && n->class == NODE_TENSOR) needed[n->tensor->number] = true;
  }
  bool any = false;
  for (int k = 0; k < p->inputs; k++) any = any || needed[p->input[k]->number];
  for (int k = 0; k < p->inputs; k++) found[k] = any && !needed[p->input[k]->number];
  return found;
}

place program_place(const program *p, name word, place where) {
  size_t best = 0;
  place found = where;
  if (!where.file || !where.file->shipped) return found;
  for (int k = 0; k < p->definitions; k++) {
    const definition *one = &p->definition[k];
    size_t length = strlen(one->word);
    bool around = strncmp(one->word, word, length) == 0 && word[length] == '.';
    if (!around || length <= best || !one->where.file || one->where.file->shipped) continue;
    best = length;
    found = one->where;
  }
  return found;
}

bool node_reads(const node *n, const tensor *t, const node *but) {
  if (n == but) return false;
  if (n->class == NODE_TENSOR) return n->tensor == t;
  for (int k = 0; k < n->operands; k++) {
    if (node_reads(n->operand[k], t, but)) return true;
  }
  return false;
}

bool rule_reads(const optimizer_rule *rule, const tensor *t) {
  for (int k = 0; k < rule->states; k++) {
    if (node_reads(rule->new_state[k], t, NULL)) return true;
  }
  return node_reads(rule->new_p, t, NULL);
}
