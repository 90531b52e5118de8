/* Turns losses on one side of a point into the slope on that side, and two of them into a verdict.
 *
 * Each side's polynomial has a constant of its own, so that a kink that lies between the point and
 * the first few steps, nearer than rounding lets see, counts as one at the point.
 *
 * Where there are kinks all around, no polynomial fits: then the model's gradients between two points, averaged,
 * are compared with the difference of their losses. */
#include "kink.h"
#include "fit.h"

#include <math.h>

enum { SIDE_POINTS = 32, WAY_POINTS = 32, MOST_GRADIENTS = 2000, WIDTHS = 4 };

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

/* ---- kinks on the way ------------------------------------------------------------------------ */

/* The gradient by the element a step away, as the model gives it. */
static double gradient_at(const nnrt_probe *probe, void *element, double step) {
  const nnrt_model *model = probe->model;
  nnrt_head *head = probe->block;
  char *block = probe->block;
  const size_t offset = (size_t)((char *)element - block) - model->parameter_offset;
  const double here = nnrt_probe_get(probe, element);
  head->carried = 0;
  nnrt_probe_set(probe, element, here + step);
  model->gradient(block, probe->n, probe->data);
  nnrt_probe_set(probe, element, here);
  return nnrt_probe_get(probe, block + model->gradient_offset + offset);
}

/* The gradient along the way from one place to another. */
typedef struct way {
  const nnrt_probe *probe;
  void *element;
  double integral, doubt, least, most;
  double share;  /* of doubt that is let pass, of a unit of length */
  int left;      /* gradients that may yet be taken */
  double shortest, jump; /* the most by which it changes over less than that */
} way;

static double look(way *of, double step) {
  const double g = gradient_at(of->probe, of->element, step);
  of->least = fmin(of->least, g);
  of->most = fmax(of->most, g);
  of->left--;
  return g;
}

/* Trapezoids, halved where the gradient in the middle is not what it is between the ends. */
static void go(way *of, double from, double g_from, double to, double g_to) {
  const double middle = (from + to) / 2, length = to - from, g = look(of, middle);
  const double doubt = fabs((g_from + g_to) / 2 - g) * length / 2;
  if (of->left > 0 && doubt > of->share * length && middle > from && middle < to) {
    go(of, from, g_from, middle, g);
    go(of, middle, g, to, g_to);
    return;
  }
  of->integral += (g_from + 2 * g + g_to) / 4 * length;
  of->doubt += doubt;
  if (length < of->shortest)
    of->jump = fmax(of->jump, fabs(g_to - g_from));
}

static way go_along(const nnrt_probe *probe, void *element, double left, double right, double allowed) {
  const double shortest = (right - left) / (64 * WAY_POINTS);
  way of = {probe, element, 0.0, 0.0, HUGE_VAL, -HUGE_VAL, allowed / 8, MOST_GRADIENTS, shortest, 0.0};
  double from = left, g_from = look(&of, from);
  for (int k = 1; k <= WAY_POINTS; k++) {
    const double to = left + (right - left) * k / WAY_POINTS, g_to = look(&of, to);
    go(&of, from, g_from, to, g_to);
    from = to;
    g_from = g_to;
  }
  return of;
}

nnrt_verdict nnrt_along_the_way(const nnrt_probe *probe, void *element, double gradient, double allowed) {
  /* one that rounding leaves, and in which there are not too many kinks */
  static const double widths[2][WIDTHS] = {{1e-2, 1e-1, 1e-3, 1.0}, {0.3, 1.2, 0.1, 4.8}};
  const int single = probe->model->real_bytes == (int)sizeof(float);
  double jump = 0.0;
  if (!probe->model->gradient || probe->model->held_loss) /* what is held would move along */
    return NNRT_DISAGREES;
  for (int k = 0; k < WIDTHS; k++) {
    double right = widths[single][k], left = -right;
    const double above = nnrt_probe_step(probe, element, &right), below = nnrt_probe_step(probe, element, &left);
    const double length = right - left, rounding = 3 * fmax(probe->noise, nnrt_probe_grain(probe, above)) / length;
    const int hidden = rounding > allowed / 2;
    if (!isfinite(above - below) || (hidden && k > 0)) /* the first is looked at for its kinks */
      continue;
    const way along = go_along(probe, element, left, right, allowed);
    jump = fmax(jump, along.jump);
    if (hidden || !(along.doubt <= allowed / 2 * length))
      continue;
    const int agrees = fabs(along.integral - (above - below)) <= allowed * length;
    return agrees && along.most - along.least > allowed && gradient >= along.least - allowed &&
           gradient <= along.most + allowed ? NNRT_KINK : NNRT_DISAGREES;
  }
  return jump > allowed ? NNRT_UNSURE : NNRT_DISAGREES;
}
