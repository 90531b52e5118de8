/* Turns a seed into data and parameters at which central differences can tell whether gradients are
 * right: where the loss is finite and not wild, and no tensor's gradients are so small that the
 * rounding of the loss hides them, as happens in deep models where signals fade. Gains make up for
 * that: a draw in which every tensor's gradients show is taken as soon as it is found. */
#include "draw.h"
#include "random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DRAWS = 16, COSTLY = 10000000 };

/* ---- the site ------------------------------------------------------------------------------- */

/* A size that no axis has, so that a mix-up of axes shows. */
static int is_a_size(const nnrt_model *model, size_t n) {
  for (size_t k = 0; k < model->tensors; k++)
    for (int axis = 0; axis < model->tensor[k].rank; axis++)
      if (model->tensor[k].shape[axis] == n)
        return 1;
  return 0;
}

/* Running averages are of means over the batch, which two samples are too few for. */
static int averages_batch(const nnrt_model *model) {
  for (size_t k = 0; k < model->tensors; k++)
    if (model->tensor[k].role == NNRT_STATE && !model->tensor[k].per_lane)
      return 1;
  return 0;
}

static int choose_batch(const nnrt_model *model) {
  const int least = model->step_operations > COSTLY && !averages_batch(model) ? 2 : 3;
  for (int n = least; n < least + 8; n++)
    if (!is_a_size(model, (size_t)n))
      return n;
  return least;
}

bool nnrt_site_new(const nnrt_model *model, const nnrt_options *options, nnrt_site *site,
                   nnrt_failure *failure) {
  memset(site, 0, sizeof *site);
  site->model = model;
  site->seed = options->settings.seed;
  site->n = nnrt_given(options, NNRT_OPTION_BATCH) ? options->settings.batch : choose_batch(model);
  site->tolerance = model->real_bytes == (int)sizeof(float) ? 1e-2 : 1e-6;
  site->keeps_parameters = options->load != NULL;
  site->block = nnrt_block_new(model, site->n, 1, site->seed, failure);
  site->gradient = malloc(model->parameter_bytes + 1);
  site->parameters = malloc(model->parameter_bytes + 1);
  if (!site->gradient || !site->parameters)
    return nnrt_fail(failure, "out of memory");
  return site->block &&
         nnrt_batch_new(model->tensor, model->inputs + model->targets, model->real_bytes,
                        (size_t)site->n, &site->batch, failure) &&
         (!options->load || nnrt_block_load(model, site->block, options, 0, failure));
}

void nnrt_site_free(nnrt_site *site) {
  nnrt_batch_free(&site->batch);
  free(site->parameters);
  free(site->gradient);
  nnrt_block_free(site->model, site->block);
}

double nnrt_site_gradient(const nnrt_site *site, const nnrt_tensor *tensor, size_t element) {
  const char *first =
    (const char *)site->gradient + (tensor->offset - site->model->parameter_offset);
  return site->model->real_bytes == (int)sizeof(float)
           ? (double)((const float *)(const void *)first)[element]
           : ((const double *)(const void *)first)[element];
}

static double largest_gradient(const nnrt_site *site, const nnrt_tensor *tensor) {
  double largest = 0.0;
  for (size_t i = 0; i < tensor->elements; i++)
    largest = fmax(largest, fabs(nnrt_site_gradient(site, tensor, i)));
  return largest;
}

double nnrt_site_floor(const nnrt_site *site, const nnrt_tensor *tensor) {
  return fmax(1e-3 * largest_gradient(site, tensor), 1e-6);
}

/* ---- draws ---------------------------------------------------------------------------------- */

/* Data, and parameters unless they were loaded; returns the loss there. */
static double draw(nnrt_site *site, int number) {
  static const double gains[] = {1.0, 1.0, 1.5, 1.5, 2.0, 2.0, 3.0, 0.7};
  const nnrt_model *model = site->model;
  const uint64_t seed = site->seed + (uint64_t)number * 1000003;
  nnrt_head *head = site->block;
  nnrt_sample_data(model, &site->batch, (size_t)site->n, number % 2, seed);
  if (!site->keeps_parameters)
    nnrt_sample_parameters(model, site->block, gains[number % 8], seed);
  head->carried = 0;
  const double loss = model->gradient(site->block, site->n, nnrt_batch_data(&site->batch));
  const char *block = site->block;
  memcpy(site->gradient, block + model->gradient_offset, model->parameter_bytes);
  memcpy(site->parameters, block + model->parameter_offset, model->parameter_bytes);
  const nnrt_probe probe = {model, site->block, site->n, nnrt_batch_data(&site->batch),
                            site->parameters, nnrt_random_begin(seed, "shakes", 0), 0.0};
  site->probe = probe;
  site->probe.noise = nnrt_probe_noise(&site->probe);
  return loss;
}

/* By how many orders of magnitude rounding hides what must be told, in all tensors together: 0 is
 * perfect. A hundred points at steps that a loss usually takes without bending are the measure. */
static double hidden(const nnrt_site *site) {
  const double step = site->model->real_bytes == (int)sizeof(float) ? 0.2 : 0.01;
  double sum = 0.0;
  for (size_t i = 0; i < site->model->tensors; i++) {
    const nnrt_tensor *tensor = &site->model->tensor[i];
    if (tensor->role != NNRT_PARAMETER)
      continue;
    const double shows = site->tolerance * nnrt_site_floor(site, tensor);
    const double noise = 3.0 * site->probe.noise / (step * sqrt(100.0));
    const int is_dead = !(largest_gradient(site, tensor) > 0.0);
    sum += is_dead ? 4.0 : fmax(0.0, log10(noise / shows));
  }
  return sum;
}

bool nnrt_site_draw(nnrt_site *site) {
  double least = HUGE_VAL;
  int best = -1;
  for (int i = 0; i < DRAWS && least > 0.0; i++, site->draws++) {
    if (!isfinite(draw(site, site->draws)))
      continue;
    const double found = hidden(site);
    if (found < least) {
      least = found;
      best = site->draws;
    }
  }
  return best >= 0 && isfinite(draw(site, best));
}
