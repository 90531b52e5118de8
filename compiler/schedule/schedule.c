/* schedule: from a program to the plan of its functions.
 * Needs: a lowered program. Gives: a plan that emit/ prints. Breaks: nothing; nodes are not made. */
#include <limits.h>

#include "schedule.h"

/* ---- roots ---------------------------------------------------------------------------------- */

typedef struct root_list {
  arena *memory;
  int count;
  entry_root *item;
} root_list;

static void add_root(root_list *list, const definition *shown, const node *what, storage kept,
                     int index) {
  list->item[list->count++] = (entry_root){shown, what, kept, index};
}

static void add_gradients(root_list *list, const program *p) {
  for (int k = p->gradients - 1; k >= 0; k--) {
    add_root(list, &p->gradient[k], p->gradient[k].value, STORAGE_GRADIENT, k);
  }
}

static void add_refreshes(root_list *list, const program *p, tensor_role role) {
  for (int k = 0; k < p->refreshes; k++) {
    const refresh *r = &p->refresh[k];
    if (r->leaf->role == role) add_root(list, &r->value, r->value.value, STORAGE_STATE, k);
  }
}

/* What stops hide: states behind the refreshed ones. */
static void add_helds(root_list *list, const program *p) {
  for (int k = 0; k < p->helds; k++) {
    const definition *of = &p->held[k].value;
    add_root(list, of, of->value, STORAGE_STATE, p->refreshes + k);
  }
}

static root_list find_roots(const plan *of, entry_kind kind) {
  const program *p = of->p;
  int most = p->gradients + p->outputs + p->metrics + 2 * p->refreshes + p->helds + 1;
  root_list list = {of->memory, 0, arena_alloc(of->memory, (size_t)most * sizeof *list.item)};
  switch (kind) {
    case ENTRY_LOSS: add_root(&list, NULL, p->objective, STORAGE_RESULT, 0); break;
    case ENTRY_GRADIENT:
      add_root(&list, NULL, p->objective_again ? p->objective_again : p->objective,
               STORAGE_RESULT, 0);
      add_gradients(&list, p);
      add_refreshes(&list, p, TENSOR_RUNNING);
      add_refreshes(&list, p, TENSOR_CARRY);
      add_helds(&list, p);
      break;
    case ENTRY_HELD: add_root(&list, NULL, p->held_objective, STORAGE_RESULT, 0); break;
    case ENTRY_TEST:
      add_root(&list, NULL, p->test_loss, STORAGE_RESULT, 0);
      for (int k = 0; k < p->metrics; k++) {
        add_root(&list, &p->metric[k], p->metric[k].value, STORAGE_RESULT, k + 1);
      }
      add_refreshes(&list, p, TENSOR_CARRY);
      break;
    case ENTRY_PREDICT:
    case ENTRY_COUNT:
      for (int k = 0; k < p->outputs; k++) {
        add_root(&list, &p->output[k], p->output[k].value, STORAGE_OUTPUT, k);
      }
      add_refreshes(&list, p, TENSOR_CARRY);
      break;
  }
  return list;
}

/* ---- one function ---------------------------------------------------------------------------- */

static const char *const entry_words[] = {"loss", "gradient", "test", "predict", "held_loss"};

static void list_results(entry_plan *e, const root_list *roots) {
  e->result = arena_alloc(e->of->memory, ((size_t)roots->count + 1) * sizeof(buffer *));
  for (int k = 0; k < roots->count; k++) {
    if (e->buffer[k]->kept == STORAGE_RESULT) e->result[e->results++] = e->buffer[k];
  }
}

static void begin_entry(plan *p, entry_kind kind) {
  entry_plan *e = &p->entry[kind];
  *e = (entry_plan){0};
  size_t nodes = (size_t)graph_node_count(p->g) + 1, tensors = (size_t)tensor_count(p->g) + 1;
  e->kind = kind;
  e->word = entry_words[kind];
  e->of = p;
  e->held = arena_alloc(p->memory, nodes * sizeof *e->held);
  e->held_partial = arena_alloc(p->memory, nodes * sizeof *e->held_partial);
  e->held_tensor = arena_alloc(p->memory, tensors * sizeof *e->held_tensor);
  e->cost = arena_alloc(p->memory, nodes * sizeof *e->cost);
  e->size = arena_alloc(p->memory, nodes * sizeof *e->size);
}

/* In the order in which they are done. Where a recurrence's steps have been split into digits, no loop
 * over them is found, and they stay whole in a second attempt. */
static void make_assignments(plan *p, entry_kind kind) {
  entry_plan *e = &p->entry[kind];
  const root_list roots = find_roots(p, kind);
  bool split = false;
  do {
    reach r = {0};
    begin_entry(p, kind);
    reach_nodes(e, roots.item, roots.count, &r);
    store_nodes(e, roots.item, roots.count, &r);
    list_results(e, &roots);
    assign_all(e);
    p->problem = order_assignments(e, &split);
  } while (p->problem && split);
}

static void schedule_entry(plan *p, entry_kind kind) {
  entry_plan *e = &p->entry[kind];
  do {
    make_assignments(p, kind);
    if (p->problem) return;
    lay_out(e);
  } while (find_short_calls(e));
  narrow_ranges(e);
  match_products(e);
  nest_loops(e);
  finish_products(e);
  plan_memory(e);
  count_work(e);
  find_splits(e);
  e->parts = count_parts(e);
  name_buffers(e);
  choose_packings(e);
  share_products(e);
  name_loops(e);
}

/* ---- the block -------------------------------------------------------------------------------- */

int64_t rounded_bytes(int64_t bytes) { return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; }

static int64_t tensor_bytes(const plan *p, const tensor *t) {
  int64_t elements = 1;
  for (int k = 0; k < t->rank; k++) elements *= t->shape[k];
  return rounded_bytes(elements * p->real_bytes);
}

static int64_t place_tensor(plan *p, const tensor *t, int64_t at) {
  p->tensor_offset[t->number] = at;
  return at + tensor_bytes(p, t);
}

/* Running averages, parameters, in training gradients and optimizer states, carried states, then
 * each function's scratch. Offsets count from the end of the head. */
static void place_kept(plan *p) {
  const program *m = p->p;
  int64_t at = 0, states = 0;
  p->tensor_offset = arena_alloc(p->memory, ((size_t)tensor_count(p->g) + 1) * sizeof at);
  for (int k = 0; k < m->states; k++) {
    if (m->state[k]->role == TENSOR_RUNNING) at = place_tensor(p, m->state[k], at);
  }
  p->parameter_offset = at;
  for (int k = 0; k < m->parameters; k++) at = place_tensor(p, m->parameter[k], at);
  p->parameter_bytes = at - p->parameter_offset;
  p->inference_bytes = p->gradient_offset = at;
  for (int k = 0; k < m->optimizers; k++) {
    if (m->optimizer[k].states > states) states = m->optimizer[k].states;
  }
  p->optimizer_state_offset = at + p->parameter_bytes;
  p->training_bytes = p->optimizer_state_offset + states * p->parameter_bytes;
  for (int k = 0; k < m->states; k++) {
    const tensor *t = m->state[k];
    if (t->role != TENSOR_CARRY) continue;
    p->carry_per_sample = place_tensor(p, t, p->carry_per_sample);
  }
  for (int k = 0; k < m->helds; k++) {
    p->carry_per_sample = place_tensor(p, m->held[k].leaf, p->carry_per_sample);
  }
}

static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

static int64_t scratch_fixed_bytes(const entry_plan *e) {
  if (e->parts <= 1) return e->scratch_fixed;
  int64_t others = e->parts - 1; /* parts are rounded up: less than a sample more for each */
  return e->packed_bytes + e->parts * e->scratch_fixed +
         others * (e->scratch_per_sample + e->of->parameter_bytes);
}

block_bytes bytes_of_block(const plan *p, bool training) {
  block_bytes needs = {0, 0, 0};
  for (int k = training ? ENTRY_LOSS : ENTRY_TEST; k < ENTRY_COUNT; k++) {
    const entry_plan *e = &p->entry[k];
    needs.scratch = larger(needs.scratch, scratch_fixed_bytes(e));
    needs.per_sample = larger(needs.per_sample, e->scratch_per_sample);
  }
  needs.per_sample += p->carry_per_sample;
  needs.kept = training ? p->training_bytes : p->inference_bytes;
  return needs;
}

bool has_entry(const plan *p, entry_kind kind) {
  return kind != ENTRY_HELD || p->p->held_objective;
}

enum { MOST_OF_AN_INT = INT_MAX / 2 }; /* the head and a second offset may come on top */

static bool is_large(const plan *p, const tensor *t) { return tensor_bytes(p, t) > MOST_OF_AN_INT; }

static bool is_vast(const plan *p) {
  bool vast = p->training_bytes > MOST_OF_AN_INT || p->carry_per_sample > MOST_OF_AN_INT;
  for (int k = 0; k < p->p->inputs; k++) vast = vast || is_large(p, p->p->input[k]);
  for (int k = 0; k < p->p->targets; k++) vast = vast || is_large(p, p->p->target[k]);
  for (int k = 0; k < ENTRY_COUNT; k++) {
    vast = vast || p->entry[k].scratch_per_sample > MOST_OF_AN_INT || p->entry[k].scratch_fixed > MOST_OF_AN_INT;
  }
  return vast;
}

plan *schedule_program(const program *p, int real_bytes) {
  plan *made = arena_alloc(graph_memory(p->g), sizeof *made);
  made->p = p;
  made->g = p->g;
  made->memory = graph_memory(p->g);
  made->real_bytes = real_bytes;
  made->nominal_batch = p->settings.batch > 0 ? p->settings.batch : 32;
  made->node_alone = arena_alloc(made->memory, ((size_t)graph_node_count(p->g) + 1) * sizeof(bool));
  made->prefix = word_spelt(made->memory, p->model);
  name_tensors(made);
  name_sizes(made);
  place_kept(made);
  for (int kind = 0; kind < ENTRY_COUNT && !made->problem; kind++) {
    if (!has_entry(made, (entry_kind)kind)) continue;
    schedule_entry(made, (entry_kind)kind);
  }
  made->vast = is_vast(made);
  return made;
}
