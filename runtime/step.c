/* One step of training: batches to a gradient, the gradient to new parameters. */
#include "finite.h"
#include "train.h"
#include "stack.h"

#include <math.h>
#include <string.h>

static size_t reals(const nnrt_model *model) {
  return model->parameter_bytes / (size_t)model->real_bytes;
}

static void *gradients(const nnrt_trainer *trainer) {
  return (char *)trainer->block + trainer->model->gradient_offset;
}

/* ---- gradients as one row of numbers, with zeros between the tensors ------------------------- */

static double norm(const void *first, size_t count, int real_bytes) {
  double sum = 0.0;
  if (real_bytes == (int)sizeof(float))
    for (size_t i = 0; i < count; i++)
      sum += (double)((const float *)first)[i] * (double)((const float *)first)[i];
  else
    for (size_t i = 0; i < count; i++)
      sum += ((const double *)first)[i] * ((const double *)first)[i];
  return sqrt(sum);
}

static void scale(void *first, size_t count, int real_bytes, double factor) {
  if (real_bytes == (int)sizeof(float))
    for (size_t i = 0; i < count; i++)
      ((float *)first)[i] *= (float)factor;
  else
    for (size_t i = 0; i < count; i++)
      ((double *)first)[i] *= factor;
}

/* sum = keep * sum + factor * value, where keep is 0 or 1 */
static void add(void *sum, const void *value, size_t count, int real_bytes, int keep,
                double factor) {
  if (!keep)
    memset(sum, 0, count * (size_t)real_bytes);
  if (real_bytes == (int)sizeof(float))
    for (size_t i = 0; i < count; i++)
      ((float *)sum)[i] += (float)factor * ((const float *)value)[i];
  else
    for (size_t i = 0; i < count; i++)
      ((double *)sum)[i] += factor * ((const double *)value)[i];
}

static void bound(void *first, size_t count, int real_bytes, double largest) {
  if (real_bytes == (int)sizeof(float))
    for (size_t i = 0; i < count; i++)
      ((float *)first)[i] = fminf(fmaxf(((float *)first)[i], -(float)largest), (float)largest);
  else
    for (size_t i = 0; i < count; i++)
      ((double *)first)[i] = fmin(fmax(((double *)first)[i], -largest), largest);
}

/* ---- the parts of a step --------------------------------------------------------------------- */

static void clip(const nnrt_trainer *trainer) {
  const nnrt_model *model = trainer->model;
  const nnrt_settings *settings = &trainer->options->settings;
  if (settings->clip_value > 0)
    bound(gradients(trainer), reals(model), model->real_bytes, settings->clip_value);
  const double length =
    settings->clip > 0 ? norm(gradients(trainer), reals(model), model->real_bytes) : 0;
  if (length > settings->clip)
    scale(gradients(trainer), reals(model), model->real_bytes, settings->clip / length);
}

/* Loshchilov & Hutter 2019: decay acts on the parameter itself, scaled by the rate, not through the
 * gradient. */
static void decay(const nnrt_trainer *trainer, double rate) {
  const nnrt_model *model = trainer->model;
  for (size_t i = 0; i < model->tensors; i++)
    if (trainer->decay[i] > 0)
      scale(nnrt_locate(model, trainer->block, i), model->tensor[i].elements, model->real_bytes,
            1 - rate * trainer->decay[i]);
}

double nnrt_rate_factor(const nnrt_trainer *trainer) {
  const nnrt_head *head = trainer->block;
  nnrt_moment now = {trainer->epoch, head->step,
                     trainer->steps * (uint64_t)trainer->options->settings.epochs, {0}};
  memcpy(now.drops, trainer->drops, sizeof now.drops);
  return nnrt_schedule_factor(&trainer->schedule, &now);
}

/* Metrics cost a pass forward of their own; in a long epoch every eighth step stands for all. */
static bool is_looked_at(const nnrt_trainer *trainer) {
  const uint64_t every = trainer->steps / 16;
  return trainer->position % (every < 1 ? 1 : every > 8 ? 8 : every) == 0;
}

static void look_at_gradients(nnrt_trainer *trainer) {
  const nnrt_model *model = trainer->model;
  double *sum = trainer->running + NNRT_RUNNING_METRICS + model->metrics;
  if (!is_looked_at(trainer))
    return;
  for (size_t i = 0; i < model->tensors; i++)
    if (model->tensor[i].role == NNRT_PARAMETER)
      *sum++ += norm(nnrt_gradient_of(model, trainer->block, &model->tensor[i]),
                     model->tensor[i].elements, model->real_bytes);
  trainer->running[NNRT_RUNNING_LOOKS]++;
}

/* After gradient(), which has begun running averages, and before the update: of the parameters that
 * the loss was taken of. */
static void look_at_metrics(nnrt_trainer *trainer, int n) {
  const nnrt_model *model = trainer->model;
  if (model->metrics == 0 || model->metrics_of_whole || model->carries || !is_looked_at(trainer))
    return;
  model->test(trainer->block, n, nnrt_batch_data(&trainer->room), trainer->test_values);
  trainer->running[NNRT_RUNNING_METRIC_SAMPLES] += n;
  for (size_t i = 0; i < model->metrics; i++)
    trainer->running[NNRT_RUNNING_METRICS + i] += trainer->test_values[1 + i] * n;
}

/* The samples at places begin ... begin+n-1 of the epoch: a stream's lie lane by lane. */
static void choose(nnrt_trainer *trainer, size_t begin, size_t n) {
  const size_t lanes = trainer->batch, run = trainer->used / lanes;
  if (!trainer->model->carries)
    nnrt_order_take(&trainer->order, begin, n, trainer->chosen);
  else
    for (size_t i = 0; i < n; i++)
      nnrt_order_take(&trainer->order, nnrt_lane_sample(begin + i, lanes, run), 1,
                      &trainer->chosen[i]);
}

/* Batch number `part` of a step of `whole` samples: its loss, and its share of the gradient. */
static bool take_batch(nnrt_trainer *trainer, size_t begin, size_t n, size_t whole, uint64_t part,
                       nnrt_failure *failure) {
  const nnrt_model *model = trainer->model;
  nnrt_head *head = trainer->block;
  choose(trainer, begin, n);
  trainer->bad_data = !nnrt_data_gather(&trainer->data, trainer->chosen, n, trainer->room.values,
                                        failure);
  if (trainer->bad_data)
    return false;
  head->draw = head->step * (uint64_t)trainer->options->settings.accumulate + part;
  const double loss = model->gradient(trainer->block, (int)n, nnrt_batch_data(&trainer->room));
  if (!isfinite(loss) || !nnrt_all_finite(gradients(trainer), reals(model), model->real_bytes))
    return nnrt_fail_not_finite(trainer, loss, n, failure);
  look_at_metrics(trainer, (int)n);
  if (n < whole)
    add(trainer->sum, gradients(trainer), reals(model), model->real_bytes, part > 0,
        (double)n / (double)whole);
  trainer->running[NNRT_RUNNING_LOSS] += loss * (double)n;
  trainer->running[NNRT_RUNNING_SAMPLES] += (double)n;
  return true;
}

bool nnrt_step(nnrt_trainer *trainer, nnrt_failure *failure) {
  const nnrt_model *model = trainer->model;
  const size_t most = trainer->batch * (size_t)trainer->options->settings.accumulate;
  const size_t begin = (size_t)trainer->position * most, rest = trainer->used - begin;
  const size_t whole = rest < most ? rest : most;
  const nnrt_head *head = trainer->block;
  const double rate = head->hyperparameter[0] * nnrt_rate_factor(trainer);
  for (size_t done = 0, part = 0, n; done < whole; done += n, part++) {
    n = whole - done < trainer->batch ? whole - done : trainer->batch;
    if (!take_batch(trainer, begin + done, n, whole, part, failure))
      return false;
  }
  if (whole > trainer->batch)
    memcpy(gradients(trainer), trainer->sum, model->parameter_bytes);
  nnrt_frozen_gradient(&trainer->frozen);
  look_at_gradients(trainer);
  clip(trainer);
  decay(trainer, rate);
  model->update(trainer->block, rate);
  nnrt_frozen_restore(&trainer->frozen);
  trainer->running[NNRT_RUNNING_RATE] = rate;
  nnrt_average_step(trainer);
  trainer->position++;
  nnrt_progress_step(trainer, whole);
  return true;
}
