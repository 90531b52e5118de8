/* call: the text of a setting that looks like a call, "adam(rate = 0.01)", taken apart. */
#ifndef NNRT_CALL_H
#define NNRT_CALL_H

#include "fail.h"
#include "forms.h"
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
/* The same at the front of *text, which moves behind it and the spaces that follow. */
bool nnrt_call_read(const char **text, nnrt_call *call);

/* ---- optimizer.c -------------------------------------------------------------------------- */

/* Sets optimizer and hyperparameters to what "sgd(0.1, momentum = 0.9)" says of a model's
 * optimizers; arguments left out get their defaults. */
bool nnrt_optimizer_parse(const nnrt_model *model, const char *text, nnrt_settings *settings,
                          nnrt_failure *failure);

/* ---- forms.c ------------------------------------------------------------------------------ */

/* One factor of a setting such as `cosine * warmup(100)`: a form of forms.h with its numbers. */
typedef struct nnrt_factor {
  int form;
  double argument[FORM_ARGUMENTS];
} nnrt_factor;

typedef struct nnrt_product_of_forms {
  int factors;
  nnrt_factor factor[FORM_FACTORS];
} nnrt_product_of_forms;

/* NULL has no factors. */
bool nnrt_forms_parse(const form_set *set, const char *text, nnrt_product_of_forms *to,
                      nnrt_failure *failure);

/* ---- schedule.c --------------------------------------------------------------------------- */

/* Where training stands when a step begins. */
typedef struct nnrt_moment {
  uint64_t epoch, step, steps;  /* done; steps of the whole training                           */
  uint64_t drops[FORM_FACTORS]; /* how often factor k, a plateau, has dropped                  */
} nnrt_moment;

/* What the rate is multiplied by in the step to come. */
double nnrt_schedule_factor(const nnrt_product_of_forms *schedule, const nnrt_moment *at);

/* ---- groups.c ----------------------------------------------------------------------------- */

/* amount[k] becomes the weight decay of the model's tensor k, by "0.01, h.*=0.1": of parameters
 * with two or more axes, of those whose names match; the last one that fits counts. NULL: none.
 * amount may be NULL: the text is only checked. */
bool nnrt_decay_parse(const nnrt_model *model, const char *text, double *amount,
                      nnrt_failure *failure);

#endif
