/* train: turns data into weights. The order of events is a function of the settings and the data
 * alone, so that the same seed gives the same bits, also where a run was interrupted and resumed:
 * each epoch's order is drawn anew from the seed and the epoch's number. */
#include "train.h"
#include "file.h"
#include "random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { INTERRUPTED = 130, NOT_FINITE = 1, BAD = 2 };

/* ---- preparing ------------------------------------------------------------------------------ */

static bool load_data(nnrt_trainer *trainer, nnrt_failure *failure) {
  const nnrt_settings *settings = &trainer->options->settings;
  if (settings->data_files == 0)
    return nnrt_fail(failure, "train: no data: say --data FILE, or `data` in the model's `train`");
  if (!nnrt_data_load(trainer->model, 1, settings->data, (size_t)settings->data_files,
                      &trainer->alphabet, &trainer->data, failure))
    return false;
  trainer->alphabet = trainer->data.alphabet;
  if (settings->test_files > 0) {
    if (!nnrt_data_load(trainer->model, 1, settings->test, (size_t)settings->test_files,
                        &trainer->alphabet, &trainer->test, failure))
      return false;
    trainer->has_test = 1;
  }
  trainer->test_name = trainer->has_test ? "test" : settings->holdout > 0 ? "holdout" : NULL;
  return true;
}

/* Splits the data, and makes all that has the batch's or the epoch's size. */
static bool make_room(nnrt_trainer *trainer, nnrt_failure *failure) {
  const nnrt_model *model = trainer->model;
  const nnrt_settings *settings = &trainer->options->settings;
  trainer->order = nnrt_holdout_draw(model, trainer->data.samples, settings->holdout,
                                     settings->seed, &trainer->learned, failure);
  if (!trainer->order)
    return false;
  trainer->batch = (size_t)settings->batch;
  if (trainer->batch > trainer->learned)
    trainer->batch = trainer->learned;
  trainer->steps = model->carries ? trainer->learned / trainer->batch
                                  : (trainer->learned + trainer->batch - 1) / trainer->batch;
  trainer->epoch_order = malloc(trainer->learned * sizeof *trainer->epoch_order);
  trainer->running = calloc(NNRT_RUNNING_METRICS + model->metrics, sizeof *trainer->running);
  trainer->test_values = calloc(1 + model->metrics, sizeof *trainer->test_values);
  if (!trainer->epoch_order || !trainer->running || !trainer->test_values)
    return nnrt_fail(failure, "out of memory");
  return nnrt_batch_new(trainer->data.tensor, trainer->data.tensors, model->real_bytes,
                        trainer->batch, &trainer->room, failure);
}

/* The trainer's own optimizer, which the options may have changed. */
static void set_head(nnrt_trainer *trainer) {
  nnrt_head *head = trainer->block;
  const nnrt_settings *settings = &trainer->options->settings;
  head->optimizer = settings->optimizer;
  memcpy(head->hyperparameter, settings->hyperparameter, sizeof head->hyperparameter);
}

static bool begin_block(nnrt_trainer *trainer, const nnrt_weights *resumed,
                        nnrt_failure *failure) {
  const nnrt_options *options = trainer->options;
  trainer->block = nnrt_block_new(trainer->model, (int)trainer->batch, 1, options->settings.seed,
                                  failure);
  if (!trainer->block)
    return false;
  set_head(trainer);
  if (resumed)
    return nnrt_resume_state(resumed, options->resume, trainer, failure);
  return !options->load ||
         nnrt_block_load(trainer->model, trainer->block, options->load, 0, failure);
}

/* The alphabet of earlier weights rules how the text is read, so it comes before the data. */
static bool read_alphabet(nnrt_trainer *trainer, const nnrt_weights *resumed,
                          nnrt_failure *failure) {
  const nnrt_options *options = trainer->options;
  if (resumed)
    return nnrt_weights_alphabet(resumed, &trainer->alphabet, failure);
  if (!options->load)
    return true;
  return nnrt_read_alphabet(options->load, &trainer->alphabet, failure);
}

/* Better to learn it now than after an epoch's work. */
static bool check_writable(const char *path, nnrt_failure *failure) {
  nnrt_output out;
  if (!path)
    return true;
  if (!nnrt_output_open(&out, path, failure))
    return false;
  nnrt_output_abandon(&out);
  return true;
}

static bool prepare(nnrt_trainer *trainer, nnrt_failure *failure) {
  nnrt_options *options = trainer->options;
  nnrt_weights *resumed = NULL;
  if (options->resume) {
    resumed = nnrt_weights_open(options->resume, failure);
    if (!resumed)
      return false;
  }
  bool ready = (!resumed || nnrt_resume_options(resumed, options->resume, trainer->model, options,
                                                failure)) &&
               check_writable(options->save, failure) && check_writable(options->plot, failure) &&
               nnrt_schedule_parse(options->settings.schedule, &trainer->schedule, failure) &&
               read_alphabet(trainer, resumed, failure) && load_data(trainer, failure) &&
               make_room(trainer, failure) && begin_block(trainer, resumed, failure) &&
               nnrt_history_begin(trainer, failure);
  nnrt_weights_close(resumed);
  return ready;
}

static void release(nnrt_trainer *trainer) {
  nnrt_history_free(&trainer->history);
  nnrt_batch_free(&trainer->room);
  nnrt_data_free(&trainer->data);
  nnrt_data_free(&trainer->test);
  free(trainer->block);
  free(trainer->order);
  free(trainer->epoch_order);
  free(trainer->running);
  free(trainer->test_values);
}

/* ---- a step --------------------------------------------------------------------------------- */

/* The gradient's region holds zeroes between the tensors, so that it can be walked as one. */
static double gradient_norm(const nnrt_model *model, void *block) {
  const void *first = (const char *)block + model->gradient_offset;
  const size_t count = model->parameter_bytes / (size_t)model->real_bytes;
  double sum = 0.0;
  if (model->real_bytes == (int)sizeof(float))
    for (size_t i = 0; i < count; i++)
      sum += (double)((const float *)first)[i] * (double)((const float *)first)[i];
  else
    for (size_t i = 0; i < count; i++)
      sum += ((const double *)first)[i] * ((const double *)first)[i];
  return sqrt(sum);
}

static void scale_reals(void *first, size_t count, int real_bytes, double factor) {
  if (real_bytes == (int)sizeof(float))
    for (size_t i = 0; i < count; i++)
      ((float *)first)[i] *= (float)factor;
  else
    for (size_t i = 0; i < count; i++)
      ((double *)first)[i] *= factor;
}

/* False where the norm is not finite. */
static bool clip(const nnrt_model *model, void *block, double bound) {
  double norm = gradient_norm(model, block);
  if (norm > bound && isfinite(norm))
    scale_reals((char *)block + model->gradient_offset,
                model->parameter_bytes / (size_t)model->real_bytes, model->real_bytes,
                bound / norm);
  return isfinite(norm);
}

/* Loshchilov & Hutter 2019: decay acts on the parameter itself, scaled by the rate, not through the
 * gradient. Vectors (biases, gains) are left alone. */
static void decay(const nnrt_model *model, void *block, double amount) {
  for (size_t i = 0; i < model->tensors; i++) {
    const nnrt_tensor *tensor = &model->tensor[i];
    if (tensor->role == NNRT_PARAMETER && tensor->rank >= 2)
      scale_reals(model->locate(block, i), tensor->elements, model->real_bytes, 1 - amount);
  }
}

static double rate_factor(const nnrt_trainer *trainer) {
  const nnrt_head *head = trainer->block;
  return nnrt_schedule_factor(&trainer->schedule, trainer->epoch, head->step,
                              trainer->steps * (uint64_t)trainer->options->settings.epochs);
}

/* Metrics cost a pass forward of their own; in a long epoch every eighth batch stands for all. */
static uint64_t metrics_every(const nnrt_trainer *trainer) {
  const uint64_t every = trainer->steps / 16;
  return every < 1 ? 1 : every > 8 ? 8 : every;
}

static void look_at_metrics(nnrt_trainer *trainer, int n) {
  const nnrt_model *model = trainer->model;
  if (model->metrics == 0 || model->metrics_of_whole || model->carries ||
      trainer->position % metrics_every(trainer) != 0)
    return;
  model->test(trainer->block, n, nnrt_batch_data(&trainer->room), trainer->test_values);
  trainer->running[NNRT_RUNNING_METRIC_SAMPLES] += n;
  for (size_t i = 0; i < model->metrics; i++)
    trainer->running[NNRT_RUNNING_METRICS + i] += trainer->test_values[1 + i] * n;
}

static int fail_not_finite(const nnrt_trainer *trainer, const char *what, double value,
                           nnrt_failure *failure) {
  const nnrt_head *head = trainer->block;
  nnrt_fail(failure, "train: the %s is not finite (%g) at step %llu (epoch %llu): try a lower "
            "--rate, or --clip; %s", what, value, (unsigned long long)head->step + 1,
            (unsigned long long)trainer->epoch + 1,
            trainer->options->save ? "what was saved before is kept" : "nothing was saved");
  return NOT_FINITE;
}

static int take_step(nnrt_trainer *trainer, nnrt_failure *failure) {
  const nnrt_model *model = trainer->model;
  const nnrt_settings *settings = &trainer->options->settings;
  nnrt_head *head = trainer->block;
  const size_t begin = (size_t)trainer->position * trainer->batch;
  const size_t rest = trainer->learned - begin;
  const size_t n = rest < trainer->batch ? rest : trainer->batch;
  const double rate = head->hyperparameter[0] * rate_factor(trainer);
  nnrt_data_gather(&trainer->data, trainer->epoch_order + begin, n, trainer->room.values);
  look_at_metrics(trainer, (int)n);
  head->draw = head->step;
  double loss = model->gradient(trainer->block, (int)n, nnrt_batch_data(&trainer->room));
  if (!isfinite(loss))
    return fail_not_finite(trainer, "loss", loss, failure);
  if (settings->clip > 0 && !clip(model, trainer->block, settings->clip))
    return fail_not_finite(trainer, "gradient", HUGE_VAL, failure);
  if (settings->decay > 0)
    decay(model, trainer->block, rate * settings->decay);
  model->update(trainer->block, rate);
  trainer->running[NNRT_RUNNING_LOSS] += loss * (double)n;
  trainer->running[NNRT_RUNNING_SAMPLES] += (double)n;
  trainer->position++;
  nnrt_progress_step(trainer, n);
  return 0;
}

/* ---- an epoch ------------------------------------------------------------------------------- */

static void order_epoch(nnrt_trainer *trainer) {
  const nnrt_model *model = trainer->model;
  for (size_t i = 0; i < trainer->learned; i++) {
    size_t place = model->carries && i < trainer->steps * trainer->batch
                     ? nnrt_lane_sample(i, trainer->batch, (size_t)trainer->steps) : i;
    trainer->epoch_order[i] = trainer->order[place];
  }
  if (!trainer->options->no_shuffle && !model->carries) {
    nnrt_random stream = nnrt_random_begin(trainer->options->settings.seed, "@shuffle",
                                           trainer->epoch);
    nnrt_random_shuffle(&stream, trainer->epoch_order, trainer->learned);
  }
}

static bool save(const nnrt_trainer *trainer, nnrt_failure *failure) {
  return !trainer->options->save ||
         nnrt_checkpoint_save(trainer, trainer->options->save, failure);
}

static int run_steps(nnrt_trainer *trainer, nnrt_failure *failure) {
  const nnrt_head *head = trainer->block;
  const uint64_t every = trainer->options->save_every;
  while (trainer->position < trainer->steps) {
    if (nnrt_interrupted())
      return INTERRUPTED;
    int status = take_step(trainer, failure);
    if (status != 0)
      return status;
    if (every > 0 && head->step % every == 0 && !save(trainer, failure))
      return BAD;
  }
  return 0;
}

static bool evaluate(nnrt_trainer *trainer, nnrt_failure *failure) {
  if (trainer->has_test)
    return nnrt_evaluate(trainer->model, trainer->block, &trainer->test, NULL,
                         trainer->test.samples, trainer->test_values, failure);
  return !trainer->test_name ||
         nnrt_evaluate(trainer->model, trainer->block, &trainer->data,
                       trainer->order + trainer->learned,
                       trainer->data.samples - trainer->learned, trainer->test_values, failure);
}

/* The epoch's figures, told, logged and plotted. */
static bool report(nnrt_trainer *trainer, nnrt_failure *failure) {
  const nnrt_head *head = trainer->block;
  double *running = trainer->running, *metric = running + NNRT_RUNNING_METRICS;
  const double looked_at = running[NNRT_RUNNING_METRIC_SAMPLES];
  nnrt_epoch epoch = {trainer->epoch + 1, head->step, 0, rate_factor(trainer), 0, 0, NULL, NULL};
  epoch.seconds = nnrt_seconds() - trainer->progress.begun;
  epoch.samples_per_second = (double)trainer->progress.samples / (epoch.seconds + 1e-9);
  epoch.loss = running[NNRT_RUNNING_LOSS] / running[NNRT_RUNNING_SAMPLES];
  for (size_t i = 0; i < trainer->model->metrics && looked_at > 0; i++)
    metric[i] /= looked_at;
  epoch.metric = looked_at > 0 ? metric : NULL;
  if (!evaluate(trainer, failure))
    return false;
  epoch.test = trainer->test_name ? trainer->test_values : NULL;
  nnrt_progress_epoch(trainer, &epoch);
  double judged = epoch.test ? epoch.test[0] : epoch.loss;
  if (!trainer->has_best || judged < trainer->best) {
    trainer->best = judged;
    trainer->stale = 0;
  } else {
    trainer->stale++;
  }
  trainer->has_best = 1;
  return nnrt_history_add(trainer, &epoch, failure);
}

static bool finish_epoch(nnrt_trainer *trainer, nnrt_failure *failure) {
  nnrt_head *head = trainer->block;
  if (!report(trainer, failure))
    return false;
  memset(trainer->running, 0,
         (NNRT_RUNNING_METRICS + trainer->model->metrics) * sizeof *trainer->running);
  trainer->epoch++;
  trainer->position = 0;
  head->carried = 0;
  return save(trainer, failure);
}

static bool out_of_patience(const nnrt_trainer *trainer) {
  const int patience = trainer->options->settings.patience;
  return patience > 0 && trainer->stale >= (uint64_t)patience;
}

static int run(nnrt_trainer *trainer, nnrt_failure *failure) {
  const uint64_t epochs = (uint64_t)trainer->options->settings.epochs;
  if (epochs == 0 && !save(trainer, failure))
    return BAD;
  while (trainer->epoch < epochs && !out_of_patience(trainer)) {
    order_epoch(trainer);
    nnrt_progress_begin(&trainer->progress);
    int status = run_steps(trainer, failure);
    nnrt_progress_clear(&trainer->progress);
    if (status == INTERRUPTED && !save(trainer, failure))
      return BAD;
    if (status != 0)
      return status;
    if (!finish_epoch(trainer, failure))
      return BAD;
  }
  return 0;
}

/* ---- the command ---------------------------------------------------------------------------- */

static void say_farewell(const nnrt_trainer *trainer, int status) {
  const nnrt_options *options = trainer->options;
  const int epochs = options->settings.epochs;
  if (status == INTERRUPTED)
    printf("interrupted after step %llu; ",
           (unsigned long long)((const nnrt_head *)trainer->block)->step);
  else if (trainer->epoch < (uint64_t)epochs)
    printf("no better loss in %d epochs: stopped; ", options->settings.patience);
  if (options->save && status == INTERRUPTED)
    printf("saved to %s: go on with --resume %s\n", options->save, options->save);
  else if (options->save)
    printf("saved to %s\n", options->save);
  else
    printf("not saved: --save FILE keeps the weights\n");
}

int nnrt_command_train(const nnrt_model *model, nnrt_options *options, nnrt_failure *failure) {
  int status = BAD;
  nnrt_trainer *trainer = calloc(1, sizeof *trainer);
  if (!trainer) {
    nnrt_fail(failure, "out of memory");
    return BAD;
  }
  trainer->model = model;
  trainer->options = options;
  if (prepare(trainer, failure)) {
    nnrt_interrupt_watch();
    status = run(trainer, failure);
    nnrt_interrupt_release();
    if (status == 0 || status == INTERRUPTED)
      say_farewell(trainer, status);
  }
  release(trainer);
  free(trainer);
  return status;
}
