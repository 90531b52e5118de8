/* A program's roots, and the nodes that they reach. */
#include <string.h>

#include "construct.h"

/* uthash keeps its buckets in the arena too; `table` is in scope wherever its macros stand. */
#define uthash_malloc(size) arena_alloc(table->memory, (size))
#define uthash_free(pointer, size) ((void)(pointer))
#include <uthash.h>

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

/* ---- places ---------------------------------------------------------------------------------- */

typedef struct known_place {
  UT_hash_handle hh;
  place where;
} known_place;

struct place_table {
  arena *memory;
  known_place *places;
};

void program_find_places(program *p) {
  place_table *table = arena_alloc(p->g->memory, sizeof *table);
  table->memory = p->g->memory;
  p->places = table;
  for (int k = 0; k < p->definitions; k++) {
    const definition *one = &p->definition[k];
    const unsigned length = (unsigned)strlen(one->word);
    known_place *known = NULL;
    HASH_FIND(hh, table->places, one->word, length, known);
    if (known || !one->where.file || one->where.file->shipped) continue;
    known = arena_alloc(table->memory, sizeof *known);
    known->where = one->where;
    HASH_ADD_KEYPTR(hh, table->places, one->word, length, known);
  }
}

place program_place(const program *p, name word, place where) {
  if (!where.file || !where.file->shipped || !p->places) return where;
  for (size_t length = strlen(word); length > 0; length--) {
    known_place *known = NULL;
    if (word[length] != '.') continue;
    HASH_FIND(hh, p->places->places, word, (unsigned)length, known);
    if (known) return known->where;
  }
  return where;
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
