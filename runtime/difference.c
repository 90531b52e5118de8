/* Turns losses around a point into the slope there.
 *
 * Divided differences q(t) = (f(t) - f(-t)) / 2t are even in t: q(t) = f' + f''' t^2/6 + ... A rung
 * takes them at t = width * k/pairs, fits a polynomial in t^2 by least squares and reads it off at
 * 0. As many terms as pairs is Richardson's extrapolation (the classic stencils of high order);
 * more pairs than terms average rounding away, which is what single precision needs: there f
 * carries noise of about 1e-7, so that the widths must be wide. Each q has noise ~ 1/t, so weights
 * are t^2.
 *
 * Rungs are tried in turn until one agrees with the gradient. Narrow ones see past kinks that lie
 * near, wide ones see slopes that are small beside the noise. */
#include "difference.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { MOST_PAIRS = 256, MOST_TERMS = 4 };

typedef struct rung {
  double width;
  int pairs, terms;
} rung;

static const rung rungs_double[] = {
  {2e-3, 2, 2}, {4e-2, 4, 4}, {4e-4, 2, 2}, {8e-5, 2, 2}, {1e-2, 4, 4}, {2e-1, 8, 4},
  {1.6e-5, 4, 1}, {3e-6, 8, 1}, {4e-3, 32, 3}, {8e-7, 16, 1},
};

static const rung rungs_float[] = {
  {0.05, 2, 2}, {0.16, 4, 3}, {0.02, 4, 2}, {0.4, 8, 4}, {0.008, 8, 1}, {0.1, 24, 3},
  {0.03, 48, 2}, {0.01, 96, 1}, {0.3, 96, 4}, {0.004, 192, 1}, {0.0015, 256, 1},
  {0.0027, 256, 1}, {0.0005, 256, 1}, {0.0002, 256, 1},
};

double nnrt_probe_loss(const nnrt_probe *probe) {
  nnrt_head *head = probe->block;
  head->carried = 0;
  return probe->model->loss(probe->block, probe->n, probe->data);
}

static double get(const nnrt_probe *probe) {
  return probe->model->real_bytes == (int)sizeof(float) ? (double)*(const float *)probe->element
                                                        : *(const double *)probe->element;
}

static void set(const nnrt_probe *probe, double value) {
  if (probe->model->real_bytes == (int)sizeof(float))
    *(float *)probe->element = (float)value;
  else
    *(double *)probe->element = value;
}

/* The loss a step away; *step becomes the step that was taken, after rounding. */
static double loss_at(const nnrt_probe *probe, double *step) {
  const double here = get(probe);
  set(probe, here + *step);
  double taken = get(probe) - here, loss = nnrt_probe_loss(probe);
  set(probe, here);
  *step = taken;
  return loss;
}

/* ---- central differences -------------------------------------------------------------------- */

/* Solves m x = b for a symmetric positive m, in place; b comes and x goes in m's last column. */
static void solve(int terms, double m[MOST_TERMS][MOST_TERMS + 1]) {
  for (int i = 0; i < terms; i++)
    for (int r = 0; r < terms; r++) {
      if (r == i)
        continue;
      const double factor = m[r][i] / m[i][i];
      for (int c = i; c <= MOST_TERMS; c++)
        m[r][c] -= factor * m[i][c];
    }
  for (int i = 0; i < terms; i++)
    m[i][MOST_TERMS] /= m[i][i];
}

/* a[i] such that the fitted value at 0 is sum[k](q[k] * sum[i](a[i] * s^(2 + 2i))), s = k/pairs */
static void fit(const rung *at, double a[MOST_TERMS]) {
  double m[MOST_TERMS][MOST_TERMS + 1] = {{0}};
  for (int k = 1; k <= at->pairs; k++) {
    const double s = (double)k / at->pairs;
    for (int i = 0; i < at->terms; i++)
      for (int j = 0; j < at->terms; j++)
        m[i][j] += pow(s, 2 + 2 * (i + j));
  }
  m[0][MOST_TERMS] = 1.0;
  solve(at->terms, m);
  for (int i = 0; i < at->terms; i++)
    a[i] = m[i][MOST_TERMS];
}

/* Losses are rounded alike at neighbouring points, which no averaging takes away: what that may do
 * to a slope over a width, in losses of this size. */
static double grain(const nnrt_probe *probe, double width) {
  const double rounding = probe->model->real_bytes == (int)sizeof(float) ? FLT_EPSILON
                                                                         : DBL_EPSILON;
  return 0.25 * rounding * fabs(nnrt_probe_loss(probe)) / width;
}

/* A slope, and its standard error where the rung has one term and more pairs. */
typedef struct estimate {
  double slope, doubt;
} estimate;

static double weight(const rung *at, const double a[MOST_TERMS], double s) {
  double sum = 0.0;
  for (int i = at->terms - 1; i >= 0; i--)
    sum = sum * s * s + a[i];
  return sum * s * s;
}

static estimate central(const nnrt_probe *probe, const rung *at) {
  double a[MOST_TERMS], q[MOST_PAIRS], slope = 0.0, left_over = 0.0, gain = 0.0;
  fit(at, a);
  for (int k = 0; k < at->pairs; k++) {
    const double s = (double)(k + 1) / at->pairs;
    double right = s * at->width, left = -right;
    const double above = loss_at(probe, &right), below = loss_at(probe, &left);
    q[k] = (above - below) / (right - left);
    slope += weight(at, a, s) * q[k];
    gain += weight(at, a, s) * weight(at, a, s) / (s * s);
  }
  for (int k = 0; k < at->pairs; k++) {
    const double s = (double)(k + 1) / at->pairs;
    left_over += s * s * (q[k] - slope) * (q[k] - slope);
  }
  const estimate found = {slope, at->pairs > at->terms
                                   ? sqrt(gain * left_over / (at->pairs - at->terms)) : 0.0};
  return found;
}

/* ---- kinks ---------------------------------------------------------------------------------- */

enum { SIDE_POINTS = 48, SIDE_TERMS = 3 };

/* The slope on one side, and what noise the losses have there. */
typedef struct side {
  double slope, noise;
} side;

/* A parabola through SIDE_POINTS losses on one side, by least squares; its slope at the point, and
 * the root mean square of what it leaves. */
static side fit_side(const nnrt_probe *probe, double width) {
  double m[MOST_TERMS][MOST_TERMS + 1] = {{0}}, loss[SIDE_POINTS], at[SIDE_POINTS], sum = 0.0;
  const double here = nnrt_probe_loss(probe);
  for (int k = 0; k < SIDE_POINTS; k++) {
    double step = width * (k + 1) / SIDE_POINTS;
    loss[k] = loss_at(probe, &step) - here;
    at[k] = step / width;
    for (int i = 0; i < SIDE_TERMS; i++) {
      for (int j = 0; j < SIDE_TERMS; j++)
        m[i][j] += pow(at[k], i + j);
      m[i][MOST_TERMS] += pow(at[k], i) * loss[k];
    }
  }
  solve(SIDE_TERMS, m);
  for (int k = 0; k < SIDE_POINTS; k++) {
    double left = loss[k];
    for (int i = 0; i < SIDE_TERMS; i++)
      left -= m[i][MOST_TERMS] * pow(at[k], i);
    sum += left * left;
  }
  const side found = {m[1][MOST_TERMS] / width, sqrt(sum / (SIDE_POINTS - SIDE_TERMS))};
  return found;
}

/* Both sides at one width. */
typedef struct sides {
  double left, right, gap;
  double doubt; /* of a slope: a parabola's standard error at its end, 14 noise / (width
                   sqrt(points)), with the noise of the quieter side, where no kink adds to it,
                   and the grain */
} sides;

static sides look(const nnrt_probe *probe, double width) {
  const side left = fit_side(probe, -width), right = fit_side(probe, width);
  const sides found = {left.slope, right.slope, fabs(right.slope - left.slope),
                       14.0 * fmin(left.noise, right.noise) / (width * sqrt(SIDE_POINTS)) +
                         grain(probe, width)};
  return found;
}

/* Is the gradient one of the slopes, or between them, as where ties are shared? */
static int belongs(const sides *of, double gradient, double allowed) {
  const double slack = allowed + 3 * of->doubt;
  return gradient >= fmin(of->left, of->right) - slack &&
         gradient <= fmax(of->left, of->right) + slack;
}

/* Slopes to the left and to the right that differ by more than noise, and do not approach each
 * other as the width shrinks, as they would where the function is smooth. From there on down to the
 * narrowest width the gradient must not be contradicted. */
static int is_kink(const nnrt_probe *probe, double gradient, double allowed) {
  double width = probe->model->real_bytes == (int)sizeof(float) ? 0.06 : 1.6e-4;
  int found = 0;
  sides wide = look(probe, width);
  for (int i = 0; i < 5; i++) {
    width /= 4;
    const sides narrow = look(probe, width);
    if (wide.gap > allowed + 6 * wide.doubt && narrow.gap > wide.gap / 3 - 6 * narrow.doubt)
      found = 1;
    if (found && (!belongs(&wide, gradient, allowed) || !belongs(&narrow, gradient, allowed)))
      return 0;
    wide = narrow;
  }
  return found;
}

/* ---- both ----------------------------------------------------------------------------------- */

static double scale(double gradient, double difference, double floor) {
  return fmax(fmax(fabs(gradient), fabs(difference)), floor);
}

/* A rung that agrees where others did not may do so by chance: a kink within its width can bend the
 * estimate to any value. A narrower one, of less precision, must not contradict. */
static int is_confirmed(const nnrt_probe *probe, const rung *at, double gradient, double allowed) {
  const rung narrow = {at->width / 10, 32, 1};
  const estimate found = central(probe, &narrow);
  return fabs(gradient - found.slope) <=
         allowed + 4 * (found.doubt + grain(probe, narrow.width));
}

nnrt_comparison nnrt_compare(const nnrt_probe *probe, double gradient, double floor,
                             double tolerance) {
  const int single = probe->model->real_bytes == (int)sizeof(float);
  const rung *rungs = single ? rungs_float : rungs_double;
  const size_t count = single ? sizeof rungs_float / sizeof rungs_float[0]
                              : sizeof rungs_double / sizeof rungs_double[0];
  nnrt_comparison best = {NNRT_DISAGREES, 0.0, HUGE_VAL};
  for (size_t i = 0; i < count && isfinite(gradient); i++) {
    const double difference = central(probe, &rungs[i]).slope;
    const double unit = scale(gradient, difference, floor);
    const double error = fabs(gradient - difference) / unit;
    const int agrees = error <= tolerance;
    if (agrees && i > 0 && !is_confirmed(probe, &rungs[i], gradient, tolerance * unit))
      continue;
    if (error < best.error) {
      best.difference = difference;
      best.error = error;
    }
    if (agrees) {
      best.verdict = NNRT_AGREES;
      return best;
    }
  }
  if (isfinite(gradient) &&
      is_kink(probe, gradient, tolerance * scale(gradient, best.difference, floor)))
    best.verdict = NNRT_KINK;
  return best;
}
