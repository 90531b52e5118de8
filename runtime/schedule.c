/* Turns a schedule and a moment of training into the factor of the rate. */
#include "call.h"

#include <math.h>

/* From a to b along half a cosine, as x goes from 0 to 1. */
static double bend(double a, double b, double x) {
  const double pi = 3.14159265358979323846;
  return b + (a - b) * 0.5 * (1 + cos(pi * x));
}

/* Smith and Topin 2018, with the steps counted as PyTorch's OneCycleLR counts them: up from 1/start
 * to 1, which step number share * steps - 1 has, and down to 1/(start * end) at the last step. */
static double one_cycle(const double *argument, double step, double steps) {
  const double low = 1 / argument[1], top = argument[0] * steps - 1, last = steps - 1;
  if (step <= top)
    return top > 0 ? bend(low, 1, step / top) : 1;
  return last > top ? bend(1, low / argument[2], fmin(1, (step - top) / (last - top))) : 1;
}

static double factor_of(const nnrt_factor *factor, const nnrt_moment *at, uint64_t drops) {
  const double *argument = factor->argument;
  const double epoch = (double)at->epoch, step = (double)at->step, steps = (double)at->steps;
  const double share = at->steps > 0 ? fmin(1, step / steps) : 1;
  switch ((schedule_kind)factor->form) {
  case SCHEDULE_CONSTANT: return 1;
  case SCHEDULE_STEP: return pow(argument[1], floor(epoch / argument[0]));
  case SCHEDULE_EXPONENTIAL: return pow(argument[0], epoch);
  case SCHEDULE_LINEAR: return 1 + (argument[0] - 1) * share;
  case SCHEDULE_COSINE: return bend(1, argument[0], share);
  case SCHEDULE_WARMUP: return fmin(1, (step + 1) / argument[0]);
  case SCHEDULE_ONECYCLE: return one_cycle(argument, step, steps);
  case SCHEDULE_PLATEAU: return pow(argument[1], (double)drops);
  }
  return 1;
}

double nnrt_schedule_factor(const nnrt_product_of_forms *schedule, const nnrt_moment *at) {
  double product = 1;
  for (int k = 0; k < schedule->factors; k++)
    product *= factor_of(&schedule->factor[k], at, at->drops[k]);
  return product;
}
