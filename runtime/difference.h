/* difference: the derivative of a model's loss by one number in its block, from losses alone. */
#ifndef NNRT_DIFFERENCE_H
#define NNRT_DIFFERENCE_H

#include <stddef.h>

#include "nnrt.h"

/* One element of a parameter, and the batch that the loss is taken of. */
typedef struct nnrt_probe {
  const nnrt_model *model;
  void *block;
  int n;
  const void *const *data;
  void *element; /* real, in the block */
} nnrt_probe;

typedef enum nnrt_verdict { NNRT_AGREES, NNRT_KINK, NNRT_DISAGREES } nnrt_verdict;

typedef struct nnrt_comparison {
  nnrt_verdict verdict;
  double difference; /* the estimate nearest to the gradient                                   */
  double error;      /* |gradient - difference| / max(|gradient|, |difference|, floor)         */
} nnrt_comparison;

/* The mean loss with dropout held fixed and streams at their start. */
double nnrt_probe_loss(const nnrt_probe *probe);

/* Compares a gradient with central differences, at more and more points and several widths until
 * one agrees to `tolerance`. Where none does, the place is a kink if the slopes to its left and to
 * its right differ and the gradient lies between them. */
nnrt_comparison nnrt_compare(const nnrt_probe *probe, double gradient, double floor,
                             double tolerance);

#endif
