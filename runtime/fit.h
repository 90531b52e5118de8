/* fit: polynomials through points of a function around 0, by least squares. */
#ifndef NNRT_FIT_H
#define NNRT_FIT_H

enum { MOST_POINTS = 256, MOST_TERMS = 4 };

/* A function at steps of one sign, all within `width` (negative to the left). */
typedef struct nnrt_points {
  int odd;      /* the function is odd: fit t, t^3, ...; else 1, t, t^2, ... */
  int count;
  double width;
  double noise; /* standard deviation of a value                             */
  double at[MOST_POINTS], value[MOST_POINTS];
} nnrt_points;

typedef struct nnrt_fitted {
  double slope, doubt; /* at 0, and its standard error                               */
  double gain;         /* what an error of 1, alike in all values, may do to it       */
  int good;            /* what is left over is no more than noise                     */
} nnrt_fitted;

/* terms <= MOST_TERMS, fewer than points; 2 or more where not odd. */
nnrt_fitted nnrt_fit_points(const nnrt_points *of, int terms);

#endif
