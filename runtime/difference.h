/* difference: the derivative of a model's loss by one number in its block, from losses alone. */
#ifndef NNRT_DIFFERENCE_H
#define NNRT_DIFFERENCE_H

#include <stddef.h>

#include "nnrt.h"
#include "random.h"

/* Where losses are taken: a block, and the batch. */
typedef struct nnrt_probe {
  const nnrt_model *model;
  void *block;
  int n;
  const void *const *data;
  const void *parameters; /* the block's, kept apart to come back to after a shake; NULL: never
                             shake                                                               */
  nnrt_random shakes;
  double noise;           /* standard deviation of a loss's rounding: nnrt_probe_noise()         */
} nnrt_probe;

typedef enum nnrt_verdict {
  NNRT_AGREES,
  NNRT_KINK,      /* slopes to the left and to the right differ, the gradient lies between them  */
  NNRT_UNSURE,    /* neither: rounding of the loss hides what would tell                         */
  NNRT_DISAGREES
} nnrt_verdict;

typedef struct nnrt_comparison {
  nnrt_verdict verdict;
  double difference; /* the estimate nearest to the gradient                                   */
  double error;      /* |gradient - difference| / max(|gradient|, |difference|, floor)         */
} nnrt_comparison;

/* The mean loss with dropout and stopped values held fixed and streams at their start. */
double nnrt_probe_loss(const nnrt_probe *probe);

/* The value of an element, a real in the block, and another for it. */
double nnrt_probe_get(const nnrt_probe *probe, const void *element);
void nnrt_probe_set(const nnrt_probe *probe, void *element, double value);

/* The loss a step of `element` away; *step becomes the step that was taken, after rounding. */
double nnrt_probe_step(const nnrt_probe *probe, void *element, double *step);

/* By how much one is rounded at least. */
double nnrt_probe_grain(const nnrt_probe *probe, double loss);

/* How much losses at practically the same place scatter. */
double nnrt_probe_noise(nnrt_probe *probe);

/* Compares a gradient with central differences by `element` (a real in the block), at more and
 * more points and several widths until one agrees to `tolerance` or it is clear that none will. */
nnrt_comparison nnrt_compare(nnrt_probe *probe, void *element, double gradient, double floor,
                             double tolerance);

#endif
