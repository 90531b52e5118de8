/* look_up: W[i, label] for all i, of a W whose labels lie innermost: weights that an optimizer, a file and
 * a product know as rows, read and written along columns when a one-hot vector is multiplied with them.
 * Each number lies in a cache line of its own, and no vectors are to be had. Where it happens about as
 * often as there are labels, a copy that lies by labels is made first; and a gradient that is added up at
 * labels is added up in such an array, and then brought to where it belongs.
 *
 * So it is with W[o, i, k] of a sum over i and k of what a recurrence makes step by step, k: there is a matrix
 * for each step, of which memory has every K-th number.
 */
#include "schedule.h"

enum { FEWEST_NUMBERS = 16 /* at a label */, DEEPEST = 3 };

/* ---- how often ------------------------------------------------------------------------------- */

/* A prediction may be of a single sample. */
static double extent_of(const entry_plan *e, axis a) {
  if (a != AXIS_BATCH) return (double)axis_extent(e->of->g, a);
  return e->kind == ENTRY_PREDICT ? 1 : e->of->nominal_batch;
}

/* With half as many look-ups as labels a copy makes no difference, with as many a prediction of one sample
 * is 3 % faster (docs/performance.md). */
static bool pays(const entry_plan *e, axis labels, double numbers, double look_ups) {
  return numbers >= FEWEST_NUMBERS && 4 * look_ups >= 3 * extent_of(e, labels);
}

/* ---- reading ---------------------------------------------------------------------------------- */

bool is_copy_of_tensor(const buffer *b) { return b->what && b->what->class == NODE_TENSOR; }

axis looked_up_axis(const node *n) { return n->dims[n->tensor->rank - 1]; }

static bool is_candidate(const node *n) {
  return n->class == NODE_TENSOR && n->tensor->role == TENSOR_PARAMETER && n->tensor->rank > 1;
}

/* Matrices that lie between each other, one for each step of a recurrence. */
static bool has_steps(const entry_plan *e, int rank, axis last) { return rank > 2 && e->of->axis_steps[last]; }

static bool goes_along(const node *product, int self, axis steps) {
  for (int f = 0; f < product->operands; f++) {
    if (f != self && node_has_axis(product->operand[f], steps)) return true;
  }
  return false;
}

/* How often the product reads all that a label has. */
static double look_ups(const entry_plan *e, const node *product, const told_axes *told, const node *what) {
  double times = 1;
  for (int k = 0; k < product->rank; k++) {
    if (!node_has_axis(what, product->axes[k])) times *= extent_of(e, product->axes[k]);
  }
  for (int b = 0; b < product->bound; b++) {
    const axis bound = product->bound_axes[b];
    if (!node_has_axis(what, bound) && !told_has(told, bound)) times *= extent_of(e, bound);
  }
  return times;
}

void find_looked_up(const entry_plan *e, reach *r) {
  const size_t nodes = (size_t)graph_node_count(e->of->g) + 1;
  double *times = arena_alloc(e->of->memory, nodes * sizeof *times);
  int *readers = arena_alloc(e->of->memory, nodes * sizeof *readers);
  for (int k = 0; k < r->count; k++) {
    const node *n = r->list[k];
    if (n->class != NODE_PRODUCT || n->bound == 0) continue;
    const told_axes told = product_told_axes(n);
    for (int f = 0; f < n->operands; f++) {
      const node *what = n->operand[f];
      if (!is_candidate(what)) continue;
      const axis last = looked_up_axis(what);
      const bool steps = has_steps(e, what->tensor->rank, last) && (node_has_axis(n, last) || goes_along(n, f, last));
      if (!told_has(&told, last) && !steps) continue;
      times[what->id] += steps ? extent_of(e, last) : look_ups(e, n, &told, what);
      readers[what->id]++;
    }
  }
  for (int k = 0; k < r->count; k++) {
    const node *n = r->list[k];
    double numbers = 1;
    if (readers[n->id] == 0 || readers[n->id] < r->uses[n->id]) continue;
    for (int d = 0; d + 1 < n->tensor->rank; d++) numbers *= extent_of(e, n->dims[d]);
    r->looked_up[n->id] = pays(e, looked_up_axis(n), numbers, times[n->id]);
  }
}

/* ---- writing ---------------------------------------------------------------------------------- */

/* How often the value is added to at labels along k: a contraction, or terms and pieces that are. */
static double written_times(const entry_plan *e, const node *n, axis k, int depth) {
  double times = 1;
  if (n->class == NODE_SUM || n->class == NODE_VIEW) {
    times = 0;
    for (int t = 0; t < n->operands && depth < DEEPEST; t++) times += written_times(e, n->operand[t], k, depth + 1);
    return times;
  }
  if (n->class != NODE_PRODUCT) return 0;
  if (n->bound > 0 && has_steps(e, n->rank, k) && node_has_axis(n, k)) return extent_of(e, k);
  if (!label_written_at(n, k)) return 0;
  for (int b = 0; b < n->bound; b++) times *= extent_of(e, n->bound_axes[b]);
  return times;
}

axis gradient_label_axis(const entry_plan *e, const entry_root *root) {
  const definition *shown = root->shown;
  double numbers = 1;
  if (root->kept != STORAGE_GRADIENT || !shown || shown->rank < 2) return AXIS_UNIT;
  for (int d = 0; d + 1 < shown->rank; d++) numbers *= extent_of(e, shown->dims[d]);
  const axis last = shown->dims[shown->rank - 1];
  return pays(e, last, numbers, written_times(e, root->what, last, 0)) ? last : AXIS_UNIT;
}
