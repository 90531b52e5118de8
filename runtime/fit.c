/* Turns points of a function into its slope at 0: least squares. */
#include "fit.h"

#include <math.h>

/* Solves m x = b for a symmetric positive m and two b's, which come, and whose x's go, in the last
 * two columns. */
static void solve(int terms, double m[MOST_TERMS][MOST_TERMS + 2]) {
  for (int i = 0; i < terms; i++)
    for (int r = 0; r < terms; r++) {
      if (r == i)
        continue;
      const double factor = m[r][i] / m[i][i];
      for (int c = i; c < MOST_TERMS + 2; c++)
        m[r][c] -= factor * m[i][c];
    }
  for (int i = 0; i < terms; i++)
    for (int c = MOST_TERMS; c < MOST_TERMS + 2; c++)
      m[i][c] /= m[i][i];
}

static double polynomial(const nnrt_points *of, double m[MOST_TERMS][MOST_TERMS + 2], int terms,
                         double s) {
  double sum = 0.0, power = of->odd ? s : 1.0;
  for (int i = 0; i < terms; i++) {
    sum += m[i][MOST_TERMS] * power;
    power *= of->odd ? s * s : s;
  }
  return sum;
}

nnrt_fitted nnrt_fit_points(const nnrt_points *of, int terms) {
  double m[MOST_TERMS][MOST_TERMS + 2] = {{0}}, squares = 0.0;
  const int slope = of->odd ? 0 : 1;
  for (int k = 0; k < of->count; k++) {
    const double s = of->at[k] / of->width, step = of->odd ? s * s : s;
    double row = of->odd ? s : 1.0;
    for (int i = 0; i < terms; i++, row *= step) {
      double power = row * (of->odd ? s : 1.0);
      for (int j = 0; j < terms; j++, power *= step)
        m[i][j] += power;
      m[i][MOST_TERMS] += row * of->value[k];
    }
  }
  m[slope][MOST_TERMS + 1] = 1.0;
  solve(terms, m);
  for (int k = 0; k < of->count; k++) {
    const double left = of->value[k] - polynomial(of, m, terms, of->at[k] / of->width);
    squares += left * left;
  }
  const double rest = sqrt(squares / (of->count - terms));
  const double gain = sqrt(m[slope][MOST_TERMS + 1]) / fabs(of->width);
  const nnrt_fitted found = {m[slope][MOST_TERMS] / of->width, fmax(rest, of->noise) * gain,
                          gain * sqrt((double)of->count),
                          isfinite(rest) && rest <= 2.5 * of->noise};
  return found;
}
