/* Plans of models given as text, for the tests of schedule/ and emit/. */
#ifndef HELPER_PLAN_H
#define HELPER_PLAN_H

#include "schedule.h"

typedef struct planned {
  arena *memory;
  program *p;
  plan *made;
} planned;

/* The whole pipeline up to the plan; fails the test where the model has an error. */
planned plan_of(const char *model, int real_bytes);
void forget_plan(planned *one);
/* All steps of a function that are loops over time, at any depth. */
int count_time_loops(const step *first);
/* The buffer of that name in the function, or NULL. */
const buffer *find_buffer(const entry_plan *e, const char *word);

#endif
