/* part: whether a batch's gradient may be computed in parts, each of some samples, whose results are
 * added: on as many threads as there are, with the same bits for any number of them.
 *
 * It may where all that is not of one sample is a sum over samples, or linear in such sums, or does
 * not depend on samples and is neither a gradient nor a loss. Means over the batch inside of the
 * model, running averages and carried states forbid it. */
#include "schedule.h"

/* Multiply-adds of a step below which threads cost more than they bring, samples that a part should
 * have, multiply-adds for each parameter that outweigh adding a part's gradient to the rest. */
static const double worth_parts = 8e6, worth_adding = 200;
enum { FEWEST_SAMPLES = 32, MOST_PARTS = 8 };

typedef enum nature { NATURE_UNKNOWN, NATURE_SAMPLE, NATURE_SUM, NATURE_FIXED } nature;

typedef struct natures {
  const entry_plan *e;
  nature *of; /* by the buffer's number */
} natures;

static bool has_batch(const buffer *b) {
  for (int d = 0; d < b->rank; d++) {
    if (b->dims[d] == AXIS_BATCH) return true;
  }
  return false;
}

static bool sums_samples(const assignment *a) {
  for (int k = 0; k < a->variables; k++) {
    const variable *v = variable_now(a->variable[k]);
    if (v->batch && assignment_binds(a, v)) return true;
  }
  return false;
}

static bool reads_sums(const natures *n, const assignment *a) {
  for (const buffer_read *r = a->reads; r; r = r->next) {
    if (n->of[r->from->number] == NATURE_SUM) return true;
  }
  return false;
}

/* The node's value does not depend on samples. */
static bool is_fixed(const natures *n, const node *what) {
  const buffer *held = n->e->held[what->id];
  if (held) return n->of[held->number] == NATURE_FIXED;
  if (n->e->held_partial[what->id]) return false;
  if (what->class == NODE_TENSOR) return what->tensor->role == TENSOR_PARAMETER;
  for (int k = 0; k < what->operands; k++) {
    if (!is_fixed(n, what->operand[k])) return false;
  }
  return true;
}

/* The node's value for two parts is the sum of its values for each; `target` is what it fills. */
static bool is_linear(const natures *n, const node *what, const buffer *target) {
  const buffer *held = n->e->held[what->id];
  if (held && held != target) return n->of[held->number] == NATURE_SUM;
  if (node_is_constant(what, 0)) return true;
  if (what->class == NODE_VIEW) return is_linear(n, what->operand[0], NULL);
  if (what->class != NODE_SUM && what->class != NODE_PRODUCT) return false;
  if (what->class == NODE_SUM && (what->value < 0 || what->value > 0)) return false;
  int linear = 0;
  for (int k = 0; k < what->operands; k++) {
    bool one = is_linear(n, what->operand[k], NULL);
    if (what->class == NODE_PRODUCT) {
      if (one && (what->power[k] < 1 || what->power[k] > 1)) return false;
      if (!one && !is_fixed(n, what->operand[k])) return false;
    }
    linear += one;
  }
  return linear == (what->class == NODE_SUM ? what->operands : 1);
}

static bool factors_are_linear(const natures *n, const assignment *a) {
  int linear = 0;
  for (int k = 0; k < a->factors; k++) {
    const factor_read *f = &a->factor[k];
    bool one = is_linear(n, f->what, NULL);
    if (one && (f->power < 1 || f->power > 1)) return false;
    if (!one && !is_fixed(n, f->what)) return false;
    linear += one;
  }
  return linear == 1;
}

/* What the assignment makes of its target; NATURE_UNKNOWN where parts of it cannot be added. */
static nature nature_made(const natures *n, const assignment *a) {
  bool kept = a->target->kept == STORAGE_GRADIENT || a->target->kept == STORAGE_RESULT;
  bool sums = reads_sums(n, a);
  if (a->target->kept == STORAGE_STATE) return NATURE_UNKNOWN;
  if (has_batch(a->target)) return sums || sums_samples(a) ? NATURE_UNKNOWN : NATURE_SAMPLE;
  if (sums_samples(a)) {
    return sums || a->kind != ASSIGN_PRODUCT ? NATURE_UNKNOWN : NATURE_SUM;
  }
  bool zero = a->kind == ASSIGN_ELEMENTS && node_is_constant(a->what, 0);
  if (zero) return NATURE_SUM;
  if (!sums) return kept ? NATURE_UNKNOWN : NATURE_FIXED;
  bool linear = a->kind == ASSIGN_ELEMENTS ? is_linear(n, a->what, a->target)
                : a->kind == ASSIGN_PRODUCT && factors_are_linear(n, a);
  return linear ? NATURE_SUM : NATURE_UNKNOWN;
}

static void mark_leaves(natures *n) {
  for (size_t k = 0; k < n->e->buffers; k++) {
    const buffer *b = n->e->buffer[k];
    if (b->kept == STORAGE_DATA) n->of[b->number] = NATURE_SAMPLE;
    if (b->kept == STORAGE_PARAMETER || b->kept == STORAGE_CONSTANT) {
      n->of[b->number] = NATURE_FIXED;
    }
    if (b->kept == STORAGE_STATE) n->of[b->number] = NATURE_UNKNOWN;
  }
}

/* In the order of the text, as readers come after what they read. */
static bool steps_add_up(natures *n, const step *s) {
  for (; s; s = s->next) {
    if (s->kind == STEP_LOOP && !steps_add_up(n, s->first)) return false;
    if (s->kind != STEP_ASSIGNMENT) continue;
    nature made = nature_made(n, s->what), *before = &n->of[s->what->target->number];
    if (made == NATURE_UNKNOWN) return false;
    if (*before != NATURE_UNKNOWN && *before != made) return false;
    *before = made;
  }
  return true;
}

static bool parts_add_up(const entry_plan *e) {
  natures n = {e, arena_alloc(e->of->memory, (e->buffers + 1) * sizeof *n.of)};
  mark_leaves(&n);
  return steps_add_up(&n, e->first);
}

static bool carries(const program *p) {
  return p->refreshes > 0 || p->helds > 0;
}

int count_parts(const entry_plan *e) {
  const plan *p = e->of;
  const double batch = p->nominal_batch;
  const double work = e->work_per_sample * batch + e->work_fixed;
  const double parameters = (double)p->parameter_bytes / p->real_bytes + 1;
  if (e->kind != ENTRY_GRADIENT || work < worth_parts || batch < 2 || carries(p->p)) return 1;
  if (sharing_suffices(e) || !parts_add_up(e)) return 1;
  int parts = 2;
  while (parts < MOST_PARTS && batch >= 2 * parts * FEWEST_SAMPLES &&
         work > 2 * parts * worth_adding * parameters) {
    parts *= 2;
  }
  return parts;
}

void leave_whole(entry_plan *e) {
  e->parts = 1;
  e->packings = NULL;
  e->packed_bytes = 0;
  for (size_t k = 0; k < e->assignments; k++) {
    if (e->assignment[k]->product) e->assignment[k]->product->packed = NULL;
  }
}
