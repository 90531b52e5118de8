/* share: products so large that a team's threads share the work of each (runtime/team_product.c), and
 * passes between them that threads share by samples (split.c). Where nearly all work is in those, and
 * most of it in products, a batch's gradient is computed whole unless it is large beside the parameters:
 * no gradients are added, no weights packed twice, and a thread finds the rows of a parameter that it has
 * updated in its own cache. So it is where a batch cannot be cut. What one thread does alone meanwhile
 * must be little. */
#include "schedule.h"

/* Multiply-adds of a call from which threads share it; how much of all of them must be shared for a
 * batch to be left whole, and where it is whole anyway; and how much one thread may do alone beside. */
static const double worth_sharing = 2e6, nearly_all = 0.97, most = 0.8;
static const double hardly_any = 0.05, some = 0.25;
/* Bytes of scratch up to which a batch stays near as a whole; and how many times those of the
 * parameters, of which parts have gradients of their own. */
static const double near_bytes = 16e6, times_parameters = 2;

/* In a recurrence threads would meet at each step. */
static bool is_worth_sharing(const entry_plan *e, const assignment *a) {
  const matrix_product *p = a->product;
  if (!p || p->windows || p->small || p->packed || recurs(e, a)) return false;
  double work = 1;
  for (int group = 0; group < GROUPS; group++) {
    const size_form turns = group_turns(p, group);
    work *= (double)turns.count * (turns.batch ? e->of->nominal_batch : 1);
  }
  return work >= worth_sharing && !step_to_split(a->where_done);
}

/* Threads share the product that has the pass. */
static bool is_shared_pass(const entry_plan *e, const assignment *a) {
  const step *product = step_finished(a->where_done);
  return product && is_worth_sharing(e, product->what);
}

/* Multiply-adds of shared products, of passes that can be split, and of all; and what one thread does
 * alone beside them. */
typedef struct division {
  double shared, split, all, alone;
} division;

static division divide_work(const entry_plan *e) {
  const double batch = e->of->nominal_batch;
  division d = {.all = e->work_per_sample * batch + e->work_fixed};
  for (size_t k = 0; k < e->assignments; k++) {
    const assignment *a = e->assignment[k];
    const double work = a->work_per_sample * batch + a->work_fixed;
    if (step_to_split(a->where_done)) d.split += work;
    else if (is_worth_sharing(e, a)) d.shared += work;
    else if (!a->product && !is_shared_pass(e, a)) d.alone += elements_work(e, a);
  }
  return d;
}

static bool keeps_threads_busy(const division *d, double least, double alone) {
  const double together = d->shared + d->split;
  return together > 0 && together >= least * d->all && d->alone <= alone * together;
}

/* The parts of a large batch are nearer to its passes than the whole is, and pack weights rarely. */
static bool stays_near(const entry_plan *e) {
  const double bytes = (double)e->scratch_per_sample * e->of->nominal_batch;
  return bytes <= near_bytes || bytes <= times_parameters * (double)e->of->parameter_bytes;
}

bool sharing_suffices(const entry_plan *e) {
  const division d = divide_work(e);
  return keeps_threads_busy(&d, nearly_all, hardly_any) && d.shared > d.split && stays_near(e);
}

void share_products(entry_plan *e) {
  const division d = divide_work(e);
  if (e->parts > 1 || !keeps_threads_busy(&d, most, some)) return;
  for (size_t k = 0; k < e->assignments; k++) {
    const assignment *a = e->assignment[k];
    if (!is_worth_sharing(e, a)) continue;
    a->product->shared = true;
    e->shared++;
  }
  split_passes(e);
}
