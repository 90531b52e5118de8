/* Turns losses around a point into the slope there, and into what can be said for it.
 *
 * Half differences h(t) = (f(t) - f(-t)) / 2 are odd in t: h(t) = f' t + f''' t^3 / 6 + ... They
 * are taken at several t up to a width, an odd polynomial is fitted to them by least squares, and
 * its first coefficient is the slope. With as many terms as points that is Richardson's
 * extrapolation; more points than terms average rounding away, which is what single precision
 * needs.
 *
 * How much a loss is rounded is measured beforehand. So a fit knows what it is worth: one that
 * leaves more than rounding does is no good (its width reaches over a kink, or has too few terms),
 * one that leaves no more gives a slope with a standard error. Widths are tried from wide to narrow
 * until a fit is good, the wide ones being the least disturbed by rounding; then points are added
 * until the slope agrees with the gradient or contradicts it.
 *
 * Rounding is alike at neighbouring points, and where a step changes the loss by less than one unit
 * in its last place the loss does not move at all. So where many points are taken, all parameters
 * are shaken a little before each pair: its difference stays what it was, its rounding becomes
 * random. */
#include "difference.h"
#include "fit.h"
#include "kink.h"

#include <float.h>
#include <math.h>
#include <string.h>

static int is_single(const nnrt_probe *probe) {
  return probe->model->real_bytes == (int)sizeof(float);
}

static double unit_of_rounding(const nnrt_probe *probe) {
  return is_single(probe) ? (double)FLT_EPSILON : DBL_EPSILON;
}

double nnrt_probe_loss(const nnrt_probe *probe) {
  nnrt_head *head = probe->block;
  head->carried = 0;
  return probe->model->held_loss ? probe->model->held_loss(probe->block, probe->n, probe->data)
                                 : probe->model->loss(probe->block, probe->n, probe->data);
}

double nnrt_probe_get(const nnrt_probe *probe, const void *element) {
  return is_single(probe) ? (double)*(const float *)element : *(const double *)element;
}

void nnrt_probe_set(const nnrt_probe *probe, void *element, double value) {
  if (is_single(probe))
    *(float *)element = (float)value;
  else
    *(double *)element = value;
}

double nnrt_probe_step(const nnrt_probe *probe, void *element, double *step) {
  const double here = nnrt_probe_get(probe, element);
  nnrt_probe_set(probe, element, here + *step);
  const double taken = nnrt_probe_get(probe, element) - here, loss = nnrt_probe_loss(probe);
  nnrt_probe_set(probe, element, here);
  *step = taken;
  return loss;
}

/* ---- shakes and noise ----------------------------------------------------------------------- */

static void *parameters_in(const nnrt_probe *probe) {
  return (char *)probe->block + probe->model->parameter_offset;
}

/* Every parameter anew, off by a share of itself of at most `amount`. */
static void shake(nnrt_probe *probe, double amount) {
  if (!probe->parameters)
    return;
  const size_t count = probe->model->parameter_bytes / (size_t)probe->model->real_bytes;
  char *to = parameters_in(probe);
  const char *from = probe->parameters;
  for (size_t i = 0; i < count; i++) {
    const size_t at = i * (size_t)probe->model->real_bytes;
    const double factor = 1.0 + amount * (2.0 * nnrt_random_uniform(&probe->shakes) - 1.0);
    nnrt_probe_set(probe, to + at, factor * nnrt_probe_get(probe, from + at));
  }
}

static void settle(const nnrt_probe *probe) {
  if (probe->parameters)
    memcpy(parameters_in(probe), probe->parameters, probe->model->parameter_bytes);
}

double nnrt_probe_grain(const nnrt_probe *probe, double loss) {
  return 0.3 * unit_of_rounding(probe) * fabs(loss) + 8.0 * DBL_EPSILON * fabs(loss);
}

/* A shake of about one unit in the last place moves the loss by no more than rounding does. */
double nnrt_probe_noise(nnrt_probe *probe) {
  enum { LOSSES = 16 };
  const double here = nnrt_probe_loss(probe);
  double sum = 0.0, squares = 0.0;
  for (int i = 0; i < LOSSES; i++) {
    shake(probe, 0.75 * unit_of_rounding(probe));
    const double away = nnrt_probe_loss(probe) - here;
    sum += away;
    squares += away * away;
  }
  settle(probe);
  const double variance = (squares - sum * sum / LOSSES) / (LOSSES - 1);
  return fmax(sqrt(fmax(variance, 0.0)), nnrt_probe_grain(probe, here));
}

/* ---- central differences -------------------------------------------------------------------- */

/* The gradient that is to be compared. */
typedef struct claim {
  double gradient, floor, tolerance;
} claim;

static double unit_of(const claim *of, double difference) {
  return fmax(fmax(fabs(of->gradient), fabs(difference)), of->floor);
}

/* Keeps the estimate that is nearest to the gradient. */
static int agrees(const claim *of, double difference, nnrt_comparison *best) {
  const double error = fabs(of->gradient - difference) / unit_of(of, difference);
  if (error < best->error) {
    best->error = error;
    best->difference = difference;
  }
  return error <= of->tolerance;
}

/* (f(t) - f(-t)) / 2t; *step becomes t as it was after rounding, *size max(|f(t)|, |f(-t)|). */
static double quotient(const nnrt_probe *probe, void *element, double *step, double *size) {
  double right = *step, left = -right;
  const double above = nnrt_probe_step(probe, element, &right);
  const double below = nnrt_probe_step(probe, element, &left);
  *step = (right - left) / 2;
  *size = fmax(fabs(above), fabs(below));
  return (above - below) / (right - left);
}

/* Two losses are enough for most elements, four for most of the others. */
static int agrees_at_once(const nnrt_probe *probe, void *element, const claim *of,
                          nnrt_comparison *best) {
  double near = is_single(probe) ? 0.08 : 5e-4, far = is_single(probe) ? 0.2 : 2e-3;
  double size;
  const double first = quotient(probe, element, &near, &size);
  if (agrees(of, first, best))
    return 1;
  const double second = quotient(probe, element, &far, &size), a = far * far, b = near * near;
  return agrees(of, (first * a - second * b) / (a - b), best);
}

static void take_points(nnrt_probe *probe, void *element, double width, int shaken,
                        nnrt_points *to) {
  to->odd = 1;
  to->width = width;
  to->noise = probe->noise / sqrt(2.0);
  for (int k = 0; k < to->count; k++) {
    double step = width * (k + 1) / to->count, size;
    if (shaken)
      shake(probe, 64 * unit_of_rounding(probe));
    const double slope = quotient(probe, element, &step, &size);
    to->noise = fmax(to->noise, nnrt_probe_grain(probe, size));
    to->at[k] = step;
    to->value[k] = slope * step;
  }
  if (shaken)
    settle(probe);
}

typedef enum judgement { ROUGH, OPEN, AGREES, CONTRADICTS } judgement;

/* All numbers of terms with a good fit must contradict, one is enough to agree. A fit that is not
 * good, but leaves so little that the slope can hardly suffer, may only agree. A contradiction must
 * be more than rounding could make that is alike at all points. */
static judgement judge(const nnrt_points *points, const claim *of, nnrt_comparison *best) {
  int open = 0, against = 0;
  for (int terms = 1; terms <= MOST_TERMS; terms++) {
    const nnrt_fitted found = nnrt_fit_points(points, terms);
    const double allowed = of->tolerance * unit_of(of, found.slope);
    if ((found.good || found.doubt <= allowed / 10) && agrees(of, found.slope, best))
      return AGREES;
    if (!found.good)
      continue;
    const double doubt = 6 * found.doubt + 2 * found.gain * points->noise;
    if (fabs(of->gradient - found.slope) > allowed + doubt)
      against++;
    else
      open++;
  }
  return open ? OPEN : against ? CONTRADICTS : ROUGH;
}

/* More and more points at one width. Where the first ones contradict more must confirm it: without
 * shakes, as those move a kink that lies at the point. */
static judgement look(nnrt_probe *probe, void *element, double width, const claim *of,
                      nnrt_comparison *best) {
  static const int counts[] = {8, 48, MOST_POINTS};
  judgement found = OPEN;
  for (int i = 0; i < 3 && (found == OPEN || (found == CONTRADICTS && i == 1)); i++) {
    nnrt_points points;
    points.count = counts[i];
    take_points(probe, element, width, i > 0 && found == OPEN, &points);
    found = judge(&points, of, best);
  }
  return found;
}

/* From wide to narrow until a width tells. One contradiction is not enough: what a fit leaves may
 * be less than noise and still bend its slope, but not alike at the next width. Nor is one width
 * that leaves it open the last: there may be a kink just inside it. */
static judgement look_closer(nnrt_probe *probe, void *element, const claim *of,
                             nnrt_comparison *best) {
  enum { MOST_OPEN = 4 };
  const double unit = fmax(1.0, fabs(nnrt_probe_get(probe, element)));
  const double widest = is_single(probe) ? 0.64 : 0.3, narrowest = is_single(probe) ? 2e-5 : 1e-6;
  judgement found = ROUGH;
  int open = 0;
  for (double width = widest; width >= narrowest && open < MOST_OPEN; width /= 2.5) {
    const judgement before = found;
    found = look(probe, element, width * unit, of, best);
    open += found == OPEN;
    if (found == AGREES || (found == CONTRADICTS && before == CONTRADICTS))
      return found;
  }
  return open ? OPEN : found;
}

nnrt_comparison nnrt_compare(nnrt_probe *probe, void *element, double gradient, double floor,
                             double tolerance) {
  const claim of = {gradient, floor, tolerance};
  nnrt_comparison best = {NNRT_DISAGREES, 0.0, HUGE_VAL};
  if (!isfinite(gradient))
    return best;
  const judgement found = agrees_at_once(probe, element, &of, &best)
                            ? AGREES : look_closer(probe, element, &of, &best);
  if (found == AGREES)
    best.verdict = NNRT_AGREES;
  else if (nnrt_is_kink(probe, element, gradient, tolerance * unit_of(&of, best.difference)))
    best.verdict = NNRT_KINK;
  else if (found == CONTRADICTS)
    best.verdict = nnrt_along_the_way(probe, element, gradient, tolerance * unit_of(&of, gradient));
  else
    best.verdict = NNRT_UNSURE;
  return best;
}
