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
/* Says of a function's steps what the test is about. */
typedef void list_steps(const step *first, text *out);
/* The model's function of that kind is listed as `expected`. */
void expect_listed(const char *model, entry_kind kind, list_steps *list, const char *expected);
/* The buffer of that name in the function, or NULL. */
const buffer *find_buffer(const entry_plan *e, const char *word);

#endif
