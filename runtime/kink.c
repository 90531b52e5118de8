/* Turns losses on one side of a point into the slope on that side, and two of them into a verdict.
 *
 * Each side's polynomial has a constant of its own, so that a kink that lies between the point and
 * the first few steps, nearer than rounding lets see, counts as one at the point. */
#include "kink.h"
#include "fit.h"

#include <math.h>

enum { SIDE_POINTS = 32 };

static nnrt_points take_side(const nnrt_probe *probe, void *element, double width) {
  const double here = nnrt_probe_loss(probe);
  nnrt_points found;
  found.odd = 0;
  found.count = SIDE_POINTS;
  found.width = width;
  found.noise = probe->noise;
  for (int k = 0; k < SIDE_POINTS; k++) {
    found.at[k] = width * (k + 1) / SIDE_POINTS;
    const double loss = nnrt_probe_step(probe, element, &found.at[k]);
    found.value[k] = loss - here;
    found.noise = fmax(found.noise, nnrt_probe_grain(probe, loss));
  }
  return found;
}

/* The slope with the least doubt among the good fits, if there is one. */
static nnrt_fitted fit_side(const nnrt_probe *probe, void *element, double width) {
  const nnrt_points points = take_side(probe, element, width);
  nnrt_fitted best = {0.0, HUGE_VAL, 0.0, 0};
  for (int terms = 2; terms <= MOST_TERMS; terms++) {
    const nnrt_fitted fit = nnrt_fit_points(&points, terms);
    if (fit.good && fit.doubt < best.doubt)
      best = fit;
  }
  return best;
}

/* From the width on where two slopes show, narrower ones must not contradict the gradient, though
 * they may be too narrow to show two slopes above rounding. */
int nnrt_is_kink(const nnrt_probe *probe, void *element, double gradient, double allowed) {
  const int single = probe->model->real_bytes == (int)sizeof(float);
  int found = 0;
  for (double width = single ? 0.3 : 1e-2; width > (single ? 2e-5 : 1e-7); width /= 4) {
    const nnrt_fitted left = fit_side(probe, element, -width);
    const nnrt_fitted right = fit_side(probe, element, width);
    if (!left.good || !right.good)
      continue;
    const double slack = allowed + 4 * fmax(left.doubt, right.doubt);
    const int is_between = gradient >= fmin(left.slope, right.slope) - slack &&
                           gradient <= fmax(left.slope, right.slope) + slack;
    const int are_two =
      fabs(right.slope - left.slope) > allowed + 5 * (left.doubt + right.doubt);
    found = is_between && (found || are_two);
  }
  return found;
}
