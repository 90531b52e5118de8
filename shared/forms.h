/* forms: what compiler and runtime both know of the settings that look like calls, so that a model
 * and a command line are read alike: `schedule cosine(end = 0.1) * warmup(100)`, `average ema(0.999)`.
 * Arguments go by place, then by name. */
#ifndef NNRT_FORMS_H
#define NNRT_FORMS_H

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FORM_ARGUMENTS = 3, FORM_FACTORS = 4 /* most forms in a product */ };

typedef enum form_range {
  FORM_COUNT,    /* 1, 2, ...     */
  FORM_POSITIVE, /* x > 0         */
  FORM_SHARE,    /* 0 < x < 1     */
  FORM_FRACTION, /* 0 <= x <= 1   */
  FORM_DIVISOR   /* x >= 1        */
} form_range;

typedef struct form_argument {
  const char *name;
  form_range range;
  bool has_default;
  double default_value;
} form_argument;

typedef struct form {
  const char *name;
  int arguments;
  form_argument argument[FORM_ARGUMENTS];
} form;

typedef struct form_set {
  const char *setting;
  int forms, factors; /* how many there are; how many a product may have */
  const form *form;
} form_set;

/* ---- schedules: what the rate is multiplied by; docs/program.md has the formulas ------------ */

typedef enum schedule_kind {
  SCHEDULE_CONSTANT, SCHEDULE_STEP, SCHEDULE_EXPONENTIAL, SCHEDULE_LINEAR, SCHEDULE_COSINE,
  SCHEDULE_WARMUP, SCHEDULE_ONECYCLE, SCHEDULE_PLATEAU
} schedule_kind;

static const form schedule_form[] = {
  [SCHEDULE_CONSTANT] = {"constant", 0, {{0}}},
  [SCHEDULE_STEP] = {"step", 2, {{"epochs", FORM_COUNT, 0, 0}, {"factor", FORM_POSITIVE, 0, 0}}},
  [SCHEDULE_EXPONENTIAL] = {"exponential", 1, {{"factor", FORM_POSITIVE, 0, 0}}},
  [SCHEDULE_LINEAR] = {"linear", 1, {{"end", FORM_FRACTION, 1, 0}}},
  [SCHEDULE_COSINE] = {"cosine", 1, {{"end", FORM_FRACTION, 1, 0}}},
  [SCHEDULE_WARMUP] = {"warmup", 1, {{"steps", FORM_COUNT, 0, 0}}},
  [SCHEDULE_ONECYCLE] = {"onecycle", 3, {{"share", FORM_SHARE, 1, 0.3},
                                         {"start", FORM_DIVISOR, 1, 25},
                                         {"end", FORM_DIVISOR, 1, 1e4}}},
  [SCHEDULE_PLATEAU] = {"plateau", 2, {{"epochs", FORM_COUNT, 0, 0},
                                       {"factor", FORM_SHARE, 1, 0.1}}},
};
static const form_set schedule_forms = {"schedule", sizeof schedule_form / sizeof *schedule_form,
                                        FORM_FACTORS, schedule_form};

/* ---- averages of the weights ----------------------------------------------------------------- */

typedef enum average_kind { AVERAGE_NONE, AVERAGE_EMA, AVERAGE_SWA } average_kind;

static const form average_form[] = {
  [AVERAGE_NONE] = {"none", 0, {{0}}},
  [AVERAGE_EMA] = {"ema", 1, {{"decay", FORM_SHARE, 1, 0.999}}}, /* after every step            */
  [AVERAGE_SWA] = {"swa", 1, {{"epoch", FORM_COUNT, 0, 0}}},     /* at the end of each, from it on */
};
static const form_set average_forms = {"average", sizeof average_form / sizeof *average_form, 1,
                                       average_form};

/* ---- what both ask of them ------------------------------------------------------------------- */

/* As few digits as bring the same number back. */
static inline void form_number(double number, char *to, size_t bytes) {
  for (int digits = 6; digits <= 17; digits++) {
    snprintf(to, bytes, "%.*g", digits, number);
    const double back = strtod(to, NULL);
    if (back >= number && back <= number) return;
  }
}

/* The index, or -1. */
static inline int form_named(const form_set *set, const char *word) {
  for (int k = 0; k < set->forms; k++)
    if (strcmp(set->form[k].name, word) == 0) return k;
  return -1;
}

/* The index, or -1. */
static inline int form_argument_named(const form *of, const char *word) {
  for (int k = 0; k < of->arguments; k++)
    if (strcmp(of->argument[k].name, word) == 0) return k;
  return -1;
}

static inline bool form_takes(const form_argument *one, double number) {
  if (!isfinite(number)) return false;
  switch (one->range) {
  case FORM_COUNT: return number >= 1 && number <= 1e15 && floor(number) >= number;
  case FORM_POSITIVE: return number > 0;
  case FORM_SHARE: return number > 0 && number < 1;
  case FORM_FRACTION: return number >= 0 && number <= 1;
  case FORM_DIVISOR: return number >= 1;
  }
  return false;
}

static inline const char *form_range_text(const form_argument *one) {
  static const char *const texts[] = {"a whole number from 1 on", "more than 0",
                                      "more than 0 and less than 1", "from 0 to 1", "at least 1"};
  return texts[one->range];
}

/* "onecycle(share = 0.3, start = 25, end = 10000)", as one would write it. */
static inline void form_show(const form *of, char *to, size_t bytes) {
  size_t length = (size_t)snprintf(to, bytes, "%s", of->name);
  for (int k = 0; k < of->arguments && length < bytes; k++) {
    const form_argument *a = &of->argument[k];
    length += (size_t)snprintf(to + length, bytes - length, "%s%s", k > 0 ? ", " : "(", a->name);
    if (a->has_default && length < bytes)
      length += (size_t)snprintf(to + length, bytes - length, " = %g", a->default_value);
  }
  if (of->arguments > 0 && length < bytes) snprintf(to + length, bytes - length, ")");
}

/* "constant, step(epochs, factor), ...". */
static inline void form_list(const form_set *set, char *to, size_t bytes) {
  char one[96];
  size_t length = 0;
  to[0] = '\0';
  for (int k = 0; k < set->forms && length < bytes; k++) {
    form_show(&set->form[k], one, sizeof one);
    length += (size_t)snprintf(to + length, bytes - length, "%s%s", k > 0 ? ", " : "", one);
  }
}

#endif
