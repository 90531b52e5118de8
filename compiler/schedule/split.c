/* split: loops over the samples that a team's threads share, each some of them. The shares are the same
 * for any number of threads. What lives within a sample's turn each share has for itself, and so it
 * has sums over samples: those are added to their totals in the order of the shares, behind the loop.
 *
 * Turns must be apart: each writes and reads, of what the loop writes, its own sample's alone. */
#include "schedule.h"

/* Multiply-adds of a pass from which threads share it. */
static const double worth_splitting = 4e5;
enum { MOST_SHARES = 8, MOST_SUMS = 32 };

static int count_shares(const entry_plan *e) {
  int shares = MOST_SHARES;
  while (shares > e->of->nominal_batch) shares /= 2;
  return shares;
}

/* ---- whether it may be ------------------------------------------------------------------------ */

static int batch_dimension(const buffer *b) {
  for (int d = 0; d < b->rank; d++) {
    if (b->dims[d] == AXIS_BATCH) return d;
  }
  return -1;
}

/* It lives within a turn: no storage along the samples. */
static bool is_own(const buffer *b) {
  const int d = batch_dimension(b);
  return b->kept == STORAGE_SCRATCH && d >= 0 && b->dropped[d];
}

static bool is_reduction(const step *loop, const assignment *a) {
  for (int k = 0; k < loop->reductions; k++) {
    if (loop->reduction[k] == a) return true;
  }
  return false;
}

static bool is_of_product(const matrix_product *p, const variable *v) {
  for (int group = 0; p && group < GROUPS; group++) {
    for (int k = 0; k < p->count[group]; k++) {
      if (variable_now(p->variable[group][k]) == v) return true;
    }
  }
  return false;
}

/* v runs within the loop, or as the loop, or is no loop's. */
static bool runs_within(const assignment *a, const variable *v, const step *loop) {
  if (v->kind != VARIABLE_LOOP || v == loop->over || is_of_product(a->product, v)) return true;
  for (const step *s = a->where_done; s != loop; s = s->parent) {
    if (s->kind == STEP_LOOP && s->over == v) return true;
  }
  return false;
}

/* Dimension d of the target stands still while the loop runs. */
static bool stands(const entry_plan *e, const assignment *a, int d, const step *loop) {
  const size_form extent = buffer_extent(e->of->g, a->target, d);
  if (a->target->dropped[d] || (extent.count == 1 && !extent.batch)) return true;
  for (int k = 0; k < a->at[d].terms; k++) {
    if (runs_within(a, variable_now(a->at[d].term[k].of), loop)) return false;
  }
  return true;
}

/* What a share adds up lies side by side in the total, and is little beside what it is the sum of. */
static bool can_add(const entry_plan *e, const assignment *a, const step *loop) {
  const buffer *b = a->target;
  double elements = 1;
  bool inner = false;
  if (a->kind != ASSIGN_PRODUCT || a->last || b->kept == STORAGE_STATE) return false;
  if (b->type == NUMBER_INTEGER) return false;
  if (a->product ? buffer_is_scalar(b) || a->conditions : !is_reduction(loop, a)) return false;
  for (int k = 0; k < b->rank; k++) {
    const int d = b->order[k];
    if (stands(e, a, d, loop)) {
      if (inner && !b->dropped[d] && buffer_extent(e->of->g, b, d).count != 1) return false;
      continue;
    }
    inner = true;
    elements *= (double)buffer_extent(e->of->g, b, d).count;
  }
  return elements * MOST_SHARES <= nominal_turns(e, a);
}

/* Of what it writes, each turn has its own sample's. */
static bool writes_apart(const assignment *a, const step *loop) {
  const buffer *b = a->target;
  const int d = batch_dimension(b);
  if (a->last || b->kept == STORAGE_STATE || a->kind == ASSIGN_AVERAGE) return false;
  if (b->kept == STORAGE_LOCAL) return true; /* declared within the turn */
  if (b->kept == STORAGE_RESULT || d < 0) return false;
  if (is_own(b)) return is_own(buffer_storage(b));
  return a->at[d].constant == 0 && index_variable(&a->at[d]) == loop->over;
}

static bool is_written_in(const buffer *b, const step *loop) {
  for (const assignment *w = b->writer; w; w = w->next_writer) {
    if (w->where_done && step_inside(w->where_done, loop)) return true;
  }
  return false;
}

static bool reads_apart(const assignment *a, const step *loop) {
  for (const buffer_read *r = a->reads; r; r = r->next) {
    const int d = batch_dimension(r->from);
    if (is_own(r->from) || r->from->kept == STORAGE_LOCAL || !is_written_in(r->from, loop)) continue;
    if (d < 0 || r->at[d].constant != 0 || index_variable(&r->at[d]) != loop->over) return false;
  }
  return true;
}

static bool turns_are_apart(const entry_plan *e, const step *first, const step *loop, int *sums) {
  for (const step *s = first; s; s = s->next) {
    if (s->kind == STEP_LOOP) {
      if (s->over->batch || !turns_are_apart(e, s->first, loop, sums)) return false;
    } else if (s->kind == STEP_ASSIGNMENT) {
      const assignment *a = s->what;
      const bool adds = assignment_binds(a, loop->over);
      *sums += adds;
      if (a->product && a->product->packed) return false;
      if (adds ? !can_add(e, a, loop) : !writes_apart(a, loop)) return false;
      if (!reads_apart(a, loop)) return false;
    } else if (assignment_binds(s->what, loop->over)) {
      return false;
    }
  }
  return true;
}

/* In a recurrence threads would meet at each step. */
static bool is_in_time(const entry_plan *e, const step *loop) {
  for (const step *s = loop->parent; s; s = s->parent) {
    const variable *v = s->over;
    if (v->batch || s->finishes) return true;
    if (steps_in_recurrence(e->of->g, v)) return true;
  }
  return false;
}

static double work_within(const entry_plan *e, const step *first) {
  double work = 0;
  for (const step *s = first; s; s = s->next) {
    if (s->kind == STEP_LOOP) work += work_within(e, s->first);
    if (s->kind != STEP_ASSIGNMENT) continue;
    work += s->what->product ? nominal_turns(e, s->what) : elements_work(e, s->what);
  }
  return work;
}

int64_t samples_worth_splitting(const entry_plan *e, const step *loop) {
  const double of_one = work_within(e, loop->first) / e->of->nominal_batch;
  const int64_t samples = (int64_t)(worth_splitting / of_one);
  return samples < 2 ? 2 : samples;
}

static bool can_split(const entry_plan *e, const step *loop) {
  int sums = 0;
  if (!loop->over->batch || loop->downwards || loop->finishes || is_in_time(e, loop)) return false;
  if (work_within(e, loop->first) < worth_splitting) return false;
  return turns_are_apart(e, loop->first, loop, &sums) && sums <= MOST_SUMS;
}

static void find_in_block(const entry_plan *e, step *first) {
  for (step *s = first; s; s = s->next) {
    if (s->kind != STEP_LOOP) continue;
    s->can_split = can_split(e, s);
    if (!s->can_split) find_in_block(e, s->first);
  }
}

/* Not in the loss: it can be watched. */
void find_splits(entry_plan *e) {
  const bool watched = e->kind == ENTRY_LOSS || e->kind == ENTRY_HELD;
  if (!watched && count_shares(e) > 1) find_in_block(e, e->first);
}

step *step_to_split(step *s) {
  while (s && !s->can_split) s = s->parent;
  return s;
}

const assignment *assignment_whole(const assignment *a) { return a->total ? a->total : a; }

/* ---- splitting ---------------------------------------------------------------------------------- */

/* Gives it the next bytes of what each share has for itself. */
static void place_own(const entry_plan *e, step *loop, buffer *b) {
  b->fixed = e->scratch_fixed + loop->own_bytes;
  loop->own_bytes += rounded_bytes(b->bytes);
  b->own = true;
}

/* Where the share's sum is made: the total without the dimensions that stand. */
static buffer *sum_buffer(entry_plan *e, step *loop, const assignment *a) {
  const buffer *total = a->target;
  buffer *b = buffer_new(e, STORAGE_SCRATCH, total->what);
  const int number = b->number;
  *b = *total;
  b->number = number;
  b->kept = STORAGE_SCRATCH;
  b->in_place_of = NULL;
  b->replaced = false;
  b->word = word_new(e->words, arena_printf(e->of->memory, "%s_share", total->word), true);
  for (int d = 0; d < b->rank; d++) b->dropped[d] = stands(e, a, d, loop);
  measure_buffer(e, b);
  place_own(e, loop, b);
  return b;
}

static void split_sum(entry_plan *e, step *loop, step *s) {
  assignment *total = s->what, *share = arena_alloc(e->of->memory, sizeof *share);
  *share = *total;
  share->target = sum_buffer(e, loop, total);
  share->total = total;
  share->adds = total->product != NULL; /* which is begun with 0 */
  s->what = share;
  for (int k = 0; k < loop->reductions; k++) {
    if (loop->reduction[k] == total) loop->reduction[k] = share;
  }
  loop->sum[loop->sums++] = share;
}

static void split_sums(entry_plan *e, step *loop, step *first) {
  for (step *s = first; s; s = s->next) {
    if (s->kind == STEP_LOOP) split_sums(e, loop, s->first);
    if (s->kind == STEP_ASSIGNMENT && assignment_binds(s->what, loop->over)) split_sum(e, loop, s);
  }
}

static void split_block(entry_plan *e, step *first) {
  for (step *s = first; s; s = s->next) {
    if (s->can_split) {
      s->split = count_shares(e);
      s->sum = arena_alloc(e->of->memory, MOST_SUMS * sizeof *s->sum);
      split_sums(e, s, s->first);
      e->shared++;
    } else if (s->kind == STEP_LOOP) {
      split_block(e, s->first);
    }
  }
}

/* What lives within a turn, behind all else that is not for each sample. */
static void place_owned(entry_plan *e, bool in_place) {
  for (size_t k = 0; k < e->buffers; k++) {
    buffer *b = e->buffer[k];
    if (!b->access || b->grows || !is_own(b) || (b->in_place_of != NULL) != in_place) continue;
    step *loop = step_to_split(b->access->by->where_done);
    if (!loop || !loop->split) continue;
    if (in_place) b->fixed = buffer_storage(b)->fixed, b->own = true;
    else place_own(e, loop, b);
  }
}

static int64_t most_bytes(const step *first) {
  int64_t most = 0;
  for (const step *s = first; s; s = s->next) {
    const int64_t within = s->kind == STEP_LOOP && !s->split ? most_bytes(s->first) : 0;
    if (s->own_bytes > most) most = s->own_bytes;
    if (within > most) most = within;
  }
  return most;
}

void split_passes(entry_plan *e) {
  split_block(e, e->first);
  place_owned(e, false);
  place_owned(e, true);
  e->split_bytes = most_bytes(e->first);
  e->scratch_fixed += count_shares(e) * e->split_bytes;
}
