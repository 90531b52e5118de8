/* work: multiply-adds of contractions, for `info` and for the tests that nothing is wasted; and how
 * dear an element is. */
#include "schedule.h"

#include <string.h>

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

enum { MOST_NODES = 64 /* of an element, that are looked at */ };

static int calls_of(const entry_plan *e, const node *what, const buffer *target, int *nodes) {
  const buffer *held = e->held[what->id];
  if (what->class == NODE_TENSOR || (held && held != target) || ++*nodes > MOST_NODES) return 0;
  int calls = what->class == NODE_MAP && strchr(op_rows[what->op].c, '@') != NULL;
  for (int k = 0; k < what->operands; k++) calls += calls_of(e, what->operand[k], NULL, nodes);
  return calls;
}

int calls_within(const entry_plan *e, const assignment *a) {
  int nodes = 0;
  const node *what = a->what ? a->what : a->term;
  return what ? calls_of(e, what, a->target, &nodes) : 0;
}

double nominal_turns(const entry_plan *e, const assignment *a) {
  double turns = 1;
  for (int k = 0; k < a->variables; k++) {
    const size_form one = variable_turns(variable_now(a->variable[k]));
    turns *= (double)one.count * (one.batch ? e->of->nominal_batch : 1);
  }
  return turns;
}

double elements_work(const entry_plan *e, const assignment *a) {
  static const double element = 10, call = 80;
  return nominal_turns(e, a) * (element + call * calls_within(e, a));
}
