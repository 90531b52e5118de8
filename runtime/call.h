/* call: the text of a setting that looks like a call, "adam(rate = 0.01)", taken apart. */
#ifndef NNRT_CALL_H
#define NNRT_CALL_H

#include "fail.h"
#include "nnrt.h"

enum { NNRT_CALL_NAME_BYTES = 32 };

typedef struct nnrt_argument {
  char name[NNRT_CALL_NAME_BYTES]; /* "" where it goes by its place */
  double value;
} nnrt_argument;

typedef struct nnrt_call {
  char name[NNRT_CALL_NAME_BYTES];
  size_t arguments;
  nnrt_argument argument[NNRT_MAX_HYPERPARAMETERS];
} nnrt_call;

/* name, or name(number, ..., name = number, ...). On failure the line begins with `what`. */
bool nnrt_call_parse(const char *text, const char *what, nnrt_call *call, nnrt_failure *failure);

/* ---- optimizer.c -------------------------------------------------------------------------- */

/* Sets optimizer and hyperparameters to what "sgd(0.1, momentum = 0.9)" says of a model's
 * optimizers; arguments left out get their defaults. */
bool nnrt_optimizer_parse(const nnrt_model *model, const char *text, nnrt_settings *settings,
                          nnrt_failure *failure);

/* ---- schedule.c --------------------------------------------------------------------------- */

typedef enum nnrt_schedule_kind {
  NNRT_SCHEDULE_CONSTANT,
  NNRT_SCHEDULE_STEP,        /* a, b: times b after every a epochs                             */
  NNRT_SCHEDULE_EXPONENTIAL, /* a: times a after every epoch                                   */
  NNRT_SCHEDULE_COSINE,      /* from 1 to 0 along half a cosine, over all steps of the training */
  NNRT_SCHEDULE_WARMUP       /* a: from 1/a to 1 in equal steps over the first a steps         */
} nnrt_schedule_kind;

typedef struct nnrt_schedule {
  nnrt_schedule_kind kind;
  double a, b;
} nnrt_schedule;

/* NULL is constant. */
bool nnrt_schedule_parse(const char *text, nnrt_schedule *schedule, nnrt_failure *failure);
/* What the rate is multiplied by in the step after `step` others, of `steps` in all. */
double nnrt_schedule_factor(const nnrt_schedule *schedule, uint64_t epoch, uint64_t step,
                            uint64_t steps);

#endif
