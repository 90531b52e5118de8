/* draw: made-up data and parameters at which `check` can tell gradients. */
#ifndef NNRT_DRAW_H
#define NNRT_DRAW_H

#include "difference.h"
#include "session.h"

/* A training block with its batch. */
typedef struct nnrt_site {
  const nnrt_model *model;
  void *block;
  nnrt_batch batch;
  int n;
  uint64_t seed;
  double tolerance;
  int keeps_parameters; /* they were loaded: draw data alone                                     */
  int draws;            /* made so far                                                           */
  void *gradient;       /* the block's region of gradients, kept while losses are taken          */
  void *parameters;     /* and that of parameters                                                */
  nnrt_probe probe;
} nnrt_site;

bool nnrt_site_new(const nnrt_model *model, const nnrt_options *options, nnrt_site *site,
                   nnrt_failure *failure);
void nnrt_site_free(nnrt_site *site);

/* Draws data and parameters until rounding hides no gradient, or else takes the best of some draws.
 * Each call goes on from the one before. False where no loss was finite. */
bool nnrt_site_draw(nnrt_site *site);

/* An element of a parameter's gradient, as the model gave it. */
double nnrt_site_gradient(const nnrt_site *site, const nnrt_tensor *tensor, size_t element);
/* What an element's error may be relative to, whatever its own size: 1e-3 of its tensor's largest
 * gradient, and 1e-6. */
double nnrt_site_floor(const nnrt_site *site, const nnrt_tensor *tensor);

#endif
