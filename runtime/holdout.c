/* Turns a seed and a share into the samples that are kept from learning. */
#include "session.h"
#include "random.h"

#include <math.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b) {
  const size_t x = *(const size_t *)a, y = *(const size_t *)b;
  return (x > y) - (x < y);
}

/* How many of the samples are held out; a share that is not 0 holds out at least one. */
static size_t held_out(size_t samples, double holdout) {
  double wanted = holdout < 1 ? floor(holdout * (double)samples + 0.5) : holdout;
  if (holdout > 0 && wanted < 1)
    wanted = 1;
  return wanted < (double)samples ? (size_t)wanted : samples;
}

size_t *nnrt_holdout_draw(const nnrt_model *model, size_t samples, double holdout, uint64_t seed,
                          size_t *kept, nnrt_failure *failure) {
  const size_t out = held_out(samples, holdout);
  size_t *order = malloc(samples * sizeof *order);
  if (!order || out >= samples) {
    nnrt_fail(failure, order ? "--holdout: %g of %zu samples leaves none to learn from: lower it"
                             : "out of memory", holdout, samples);
    free(order);
    return NULL;
  }
  for (size_t i = 0; i < samples; i++)
    order[i] = i;
  *kept = samples - out;
  if (out > 0 && !model->carries) {
    nnrt_random stream = nnrt_random_begin(seed, "@holdout", 0);
    nnrt_random_shuffle(&stream, order, samples);
    qsort(order, *kept, sizeof *order, ascending);
    qsort(order + *kept, out, sizeof *order, ascending);
  }
  return order;
}
