/* work: multiply-adds of contractions, for `info` and for the tests that nothing is wasted. */
#include "schedule.h"

static void count_assignment(entry_plan *e, assignment *a) {
  double turns = 1;
  bool batch = false;
  if (a->kind != ASSIGN_PRODUCT || a->free == a->variables) return;
  for (int k = 0; k < a->variables; k++) {
    size_form one = variable_turns(variable_now(a->variable[k]));
    turns *= (double)one.count;
    batch = batch || one.batch;
  }
  *(batch ? &a->work_per_sample : &a->work_fixed) = turns;
  *(batch ? &e->work_per_sample : &e->work_fixed) += turns;
}

void count_work(entry_plan *e) {
  for (size_t k = 0; k < e->assignments; k++) count_assignment(e, e->assignment[k]);
}
