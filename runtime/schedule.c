/* Turns a schedule's text into the factor of the rate at each step. */
#include "call.h"

#include <math.h>
#include <string.h>

typedef struct form {
  const char *name;
  nnrt_schedule_kind kind;
  size_t arguments;
  const char *use;
} form;

static const form forms[] = {
  {"constant", NNRT_SCHEDULE_CONSTANT, 0, "constant"},
  {"step", NNRT_SCHEDULE_STEP, 2, "step(EPOCHS, FACTOR) with EPOCHS >= 1 and FACTOR > 0"},
  {"exponential", NNRT_SCHEDULE_EXPONENTIAL, 1, "exponential(FACTOR) with FACTOR > 0"},
  {"cosine", NNRT_SCHEDULE_COSINE, 0, "cosine"},
  {"warmup", NNRT_SCHEDULE_WARMUP, 1, "warmup(STEPS) with STEPS >= 1"},
};

static bool is_count(double value) {
  return value >= 1 && value == floor(value);
}

static bool in_range(const nnrt_schedule *schedule) {
  switch (schedule->kind) {
  case NNRT_SCHEDULE_STEP: return is_count(schedule->a) && schedule->b > 0;
  case NNRT_SCHEDULE_EXPONENTIAL: return schedule->a > 0;
  case NNRT_SCHEDULE_WARMUP: return is_count(schedule->a);
  default: return true;
  }
}

/* Arguments go by place; a name is allowed and says nothing. */
bool nnrt_schedule_parse(const char *text, nnrt_schedule *schedule, nnrt_failure *failure) {
  nnrt_call call;
  memset(schedule, 0, sizeof *schedule);
  if (!text)
    return true;
  if (!nnrt_call_parse(text, "--schedule", &call, failure))
    return false;
  for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
    if (strcmp(forms[i].name, call.name) != 0)
      continue;
    schedule->kind = forms[i].kind;
    schedule->a = call.argument[0].value;
    schedule->b = call.argument[1].value;
    if (call.arguments == forms[i].arguments && in_range(schedule))
      return true;
    return nnrt_fail(failure, "--schedule: '%s' does not fit: write %s", text, forms[i].use);
  }
  return nnrt_fail(failure, "--schedule: there is no '%s': choose of constant, step(epochs, "
                   "factor), exponential(factor), cosine, warmup(steps)", call.name);
}

double nnrt_schedule_factor(const nnrt_schedule *schedule, uint64_t epoch, uint64_t step,
                            uint64_t steps) {
  const double pi = 3.14159265358979323846;
  switch (schedule->kind) {
  case NNRT_SCHEDULE_STEP: return pow(schedule->b, floor((double)epoch / schedule->a));
  case NNRT_SCHEDULE_EXPONENTIAL: return pow(schedule->a, (double)epoch);
  case NNRT_SCHEDULE_COSINE:
    return steps > 0 && step < steps ? 0.5 * (1 + cos(pi * (double)step / (double)steps)) : 0.0;
  case NNRT_SCHEDULE_WARMUP: return fmin(1.0, ((double)step + 1) / schedule->a);
  default: return 1.0;
  }
}
