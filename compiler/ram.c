/* ram: what to compute again instead of storing it, so that a training step at the batch of `train`
 * fits (--ram). Each way is planned whole, and the first whose bytes fit is taken; they are tried in
 * the order of what they cost:
 *
 *   - as it is;
 *   - the copies of a `repeat` once more in the backward pass, from what goes on between them;
 *   - recurrences in segments, long ones first, each computed again from the state before it;
 *   - the same, the batch's gradient not in parts, whose copies of it cost memory.
 */
#include "ram.h"

#include <math.h>

#include "head.h"

enum { MOST_AXES = 16 };

typedef struct search {
  const program *p;
  int real_bytes;
  int64_t ram, least; /* bytes: what there is, what is needed at least */
  int times;
  axis time[MOST_AXES];
} search;

/* ---- along what recurrences step ------------------------------------------------------------ */

static bool shifts_along(const view *v, axis a) {
  for (int r = 0; r < v->reads; r++) {
    for (int w = 0; w < v->writes && v->read[r].along == a; w++) {
      if (v->write[w].along == a && v->write[w].constant != v->read[r].constant) return true;
    }
  }
  return false;
}

static bool has_shift(const graph *g, const bool *reached, axis a) {
  for (int id = 0; id < graph_node_count(g); id++) {
    const node *n = graph_node(g, id);
    if (reached[id] && n->class == NODE_VIEW && shifts_along(n->view, a)) return true;
  }
  return false;
}

static void add_time(search *s, const bool *reached, axis a) {
  for (int k = 0; k < s->times; k++) {
    if (s->time[k] == a) return;
  }
  bool steps = a != AXIS_BATCH && a != AXIS_UNIT && !axis_counts_copies(s->p->g, a);
  if (steps && s->times < MOST_AXES && has_shift(s->p->g, reached, a)) s->time[s->times++] = a;
}

static void find_times(search *s) {
  const bool *reached = program_reach(s->p, true);
  for (int k = 0; k < tensor_count(s->p->g); k++) {
    const tensor *t = tensor_at(s->p->g, k);
    if (t->role != TENSOR_REFERENCE || !t->body || !reached[t->body->id]) continue;
    for (int d = 0; d < t->rank; d++) add_time(s, reached, t->body_dims[d]);
  }
}

/* ---- one way -------------------------------------------------------------------------------- */

static int64_t bytes_needed(const plan *p) {
  block_bytes needs = bytes_of_block(p, true);
  return NNRT_HEAD_BYTES + needs.kept + needs.scratch + needs.per_sample * p->nominal_batch;
}

/* The plan, if it fits; whole: in no parts. */
static plan *fitting(search *s, const program *p, bool whole) {
  plan *made = p ? schedule_program(p, s->real_bytes) : NULL;
  if (!made || made->problem) return NULL;
  if (whole) leave_whole(&made->entry[ENTRY_GRADIENT]);
  int64_t bytes = bytes_needed(made);
  if (s->least == 0 || bytes < s->least) s->least = bytes;
  return bytes <= s->ram ? made : NULL;
}

static bool runs_along_copies(const program *p) {
  const bool *reached = program_reach(p, false);
  for (int k = 0; k < tensor_count(p->g); k++) {
    const tensor *t = tensor_at(p->g, k);
    if (t->role != TENSOR_REFERENCE || !t->body || !reached[t->body->id]) continue;
    for (int d = 0; d < t->rank; d++) {
      if (axis_counts_copies(p->g, t->body_dims[d])) return true;
    }
  }
  return false;
}

/* The divisor of `extent` that lies nearest to extent ^ share. */
static int64_t divisor_near(int64_t extent, double share) {
  int64_t best = 1;
  double wanted = share * log((double)extent), least = wanted;
  for (int64_t length = 2; length <= extent / 2; length++) {
    double off = fabs(log((double)length) - wanted);
    if (extent % length || off >= least) continue;
    least = off;
    best = length;
  }
  return best;
}

/* All recurrences in segments, the first axis in such of `length` steps. */
static const program *in_segments(const search *s, int64_t length) {
  const program *p = s->p;
  double share = log((double)length) / log((double)axis_extent(p->g, s->time[0]));
  for (int k = 0; k < s->times; k++) {
    int64_t own = k == 0 ? length : divisor_near(axis_extent(p->g, s->time[k]), share);
    const program *made = segment_axis(p, s->time[k], own);
    if (made) p = made;
  }
  return p == s->p ? NULL : recompute_program(p);
}

static plan *search_segments(search *s, bool whole) {
  if (s->times == 0) return NULL;
  int64_t steps = axis_extent(s->p->g, s->time[0]);
  for (int64_t length = steps / 2; length >= 2; length--) {
    plan *found = steps % length ? NULL : fitting(s, in_segments(s, length), whole);
    if (found) return found;
  }
  return NULL;
}

plan *plan_within(const program *p, int real_bytes, int64_t ram, int64_t *least) {
  search s = {.p = p, .real_bytes = real_bytes, .ram = ram};
  plan *found = NULL;
  find_times(&s);
  for (int whole = 0; whole < 2 && !found; whole++) {
    found = fitting(&s, p, whole);
    if (!found && runs_along_copies(p)) found = fitting(&s, recompute_program(p), whole);
    if (!found) found = search_segments(&s, whole);
  }
  *least = s.least;
  return found;
}
