/* train: turns data into weights. The order of events is a function of the settings and the data
 * alone, so that the same seed gives the same bits, also where a run was interrupted and resumed:
 * each epoch's order is drawn anew from the seed and the epoch's number. */
#include "train.h"
#include "file.h"
#include "finite.h"
#include "history.h"
#include "scale.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { INTERRUPTED = 130, NOT_FINITE = 1, BAD = 2 };

/* ---- preparing ------------------------------------------------------------------------------ */

static bool load_data(nnrt_trainer *trainer, nnrt_failure *failure) {
  const nnrt_settings *settings = &trainer->options->settings;
  if (settings->data_files == 0)
    return nnrt_fail(failure, "train: no data: say --data FILE, or `data` in the model's `train`");
  if (!nnrt_load_data(trainer->model, trainer->options, true, settings->data,
                      settings->data_files, &trainer->encoding, &trainer->data, failure))
    return false;
  if (trainer->options->folds > 0) {
    trainer->test_name = "fold";
    return true;
  }
  if (settings->test_files > 0) {
    if (!nnrt_load_data(trainer->model, trainer->options, true, settings->test,
                        settings->test_files, &trainer->encoding, &trainer->test, failure))
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
  const nnrt_splitting how = nnrt_splitting_of(model, trainer->options, trainer->fold);
  if (!nnrt_order_begin(&trainer->order, &trainer->data, &how, failure))
    return false;
  if (!nnrt_fit(model, settings, &trainer->data, &trainer->order, failure))
    return false;
  const size_t learned = trainer->order.learned;
  trainer->batch = (size_t)settings->batch < learned ? (size_t)settings->batch : learned;
  const size_t most = trainer->batch * (size_t)settings->accumulate;
  trainer->used = model->carries ? learned / trainer->batch * trainer->batch : learned;
  trainer->steps = (trainer->used + most - 1) / most;
  trainer->chosen = malloc(trainer->batch * sizeof *trainer->chosen);
  trainer->sums = NNRT_RUNNING_METRICS + model->metrics + model->parameters;
  trainer->running = calloc(trainer->sums, sizeof *trainer->running);
  trainer->history.columns = nnrt_history_columns(model);
  trainer->test_values = calloc(1 + model->metrics, sizeof *trainer->test_values);
  if (settings->accumulate > 1)
    trainer->sum = calloc(model->parameter_bytes + 1, 1);
  if (trainer->averaging.factors && trainer->averaging.factor[0].form != AVERAGE_NONE)
    trainer->average = calloc(nnrt_copy_bytes(model), 1);
  if (settings->patience > 0)
    trainer->best = calloc(nnrt_copy_bytes(model), 1);
  if (!trainer->chosen || !trainer->running || !trainer->test_values ||
      (settings->accumulate > 1 && !trainer->sum) || (settings->patience > 0 && !trainer->best))
    return nnrt_fail(failure, "out of memory");
  return nnrt_batch_new(trainer->data.tensor, trainer->data.tensors, model->real_bytes,
                        trainer->batch, &trainer->room, failure);
}

/* The trainer's own optimizer, which the options may have changed; in a new block, where the model's
 * own has begun. */
static void set_head(nnrt_trainer *trainer) {
  nnrt_head *head = trainer->block;
  const nnrt_settings *settings = &trainer->options->settings;
  head->team = trainer->team;
  if (head->optimizer != settings->optimizer)
    nnrt_begin_optimizer(trainer->model, trainer->block, settings->optimizer);
  memcpy(head->hyperparameter, settings->hyperparameter, sizeof head->hyperparameter);
}

static bool begin_block(nnrt_trainer *trainer, const nnrt_weights *resumed,
                        nnrt_failure *failure) {
  const nnrt_options *options = trainer->options;
  trainer->block = nnrt_block_new(trainer->model, (int)trainer->batch, 1, options->settings.seed,
                                  failure);
  if (!trainer->block)
    return false;
  trainer->team = nnrt_team_new(options->threads);
  set_head(trainer);
  const char *from = resumed ? options->resume : options->load;
  const bool begun = resumed ? nnrt_resume_state(resumed, from, trainer, failure)
                             : !from || nnrt_block_load(trainer->model, trainer->block, options, 0,
                                                        failure);
  return begun && (!from || nnrt_check_loaded(trainer, from, failure)) &&
         nnrt_freeze(trainer->model, trainer->block, options->freeze, &trainer->frozen, failure);
}

/* As earlier weights read their data this is read, where the command line does not say how. */
static bool read_encoding(nnrt_trainer *trainer, const nnrt_weights *resumed,
                          nnrt_failure *failure) {
  const nnrt_options *options = trainer->options;
  if (resumed)
    return nnrt_encoding_read(resumed, trainer->model, &trainer->encoding, failure);
  if (options->load && !nnrt_load_encoding(options, trainer->model, &trainer->encoding, failure))
    return false;
  nnrt_encoding_forget(&trainer->encoding, nnrt_given(options, NNRT_OPTION_SCALE),
                       nnrt_given(options, NNRT_OPTION_WEIGHTS));
  return true;
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

static bool read_texts(nnrt_trainer *trainer, nnrt_failure *failure) {
  const nnrt_settings *settings = &trainer->options->settings;
  trainer->decay = calloc(trainer->model->tensors + 1, sizeof *trainer->decay);
  if (!trainer->decay)
    return nnrt_fail(failure, "out of memory");
  return nnrt_forms_parse(&schedule_forms, settings->schedule, &trainer->schedule, failure) &&
         nnrt_forms_parse(&average_forms, settings->average, &trainer->averaging, failure) &&
         nnrt_decay_parse(trainer->model, settings->decay, trainer->decay, failure);
}

static bool prepare_run(nnrt_trainer *trainer, const nnrt_weights *resumed,
                        nnrt_failure *failure) {
  return make_room(trainer, failure) && begin_block(trainer, resumed, failure) &&
         nnrt_history_begin(trainer, failure);
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
               check_writable(options->report, failure) &&
               read_texts(trainer, failure) &&
               read_encoding(trainer, resumed, failure) && load_data(trainer, failure) &&
               (options->folds > 0 || prepare_run(trainer, resumed, failure));
  nnrt_weights_close(resumed);
  return ready;
}

void nnrt_train_reset(nnrt_trainer *trainer) {
  nnrt_history_free(&trainer->history);
  nnrt_batch_free(&trainer->room);
  nnrt_frozen_free(&trainer->frozen);
  nnrt_team_free(trainer->team);
  nnrt_block_free(trainer->model, trainer->block);
  free(trainer->sum);
  free(trainer->average);
  free(trainer->best);
  nnrt_order_free(&trainer->order);
  free(trainer->chosen);
  free(trainer->running);
  free(trainer->test_values);
  const nnrt_trainer kept = {
    .model = trainer->model, .options = trainer->options, .schedule = trainer->schedule,
    .averaging = trainer->averaging, .decay = trainer->decay, .data = trainer->data,
    .test = trainer->test, .has_test = trainer->has_test, .test_name = trainer->test_name,
    .encoding = trainer->encoding, .began = trainer->began};
  *trainer = kept;
}

static void release(nnrt_trainer *trainer) {
  nnrt_train_reset(trainer);
  nnrt_data_free(&trainer->data);
  nnrt_data_free(&trainer->test);
  nnrt_encoding_free(&trainer->encoding);
  free(trainer->decay);
}

/* ---- an epoch ------------------------------------------------------------------------------- */

static int save(const nnrt_trainer *trainer, nnrt_failure *failure) {
  if (!nnrt_check_weights(trainer, failure))
    return NOT_FINITE;
  return !trainer->options->save ||
         nnrt_checkpoint_save(trainer, trainer->options->save, failure) ? 0 : BAD;
}

static int run_steps(nnrt_trainer *trainer, nnrt_failure *failure) {
  const nnrt_head *head = trainer->block;
  const uint64_t every = trainer->options->save_every;
  int status = 0;
  while (trainer->position < trainer->steps && status == 0) {
    if (nnrt_interrupted())
      return INTERRUPTED;
    if (!nnrt_step(trainer, failure))
      return trainer->bad_data ? BAD : NOT_FINITE;
    if (every > 0 && head->step % every == 0)
      status = save(trainer, failure);
  }
  return status;
}

static bool evaluate(nnrt_trainer *trainer, nnrt_failure *failure) {
  if (trainer->has_test)
    return nnrt_evaluate(trainer->model, trainer->block, &trainer->test, NULL,
                         trainer->test_values, failure);
  return !trainer->test_name ||
         nnrt_evaluate(trainer->model, trainer->block, &trainer->data, &trainer->order,
                       trainer->test_values, failure);
}

/* A plateau drops after every so many epochs without a better loss. */
static void judge(nnrt_trainer *trainer, double loss) {
  const nnrt_product_of_forms *schedule = &trainer->schedule;
  if (isfinite(loss) && (!trainer->has_best || loss < trainer->best_loss)) {
    trainer->best_loss = loss;
    trainer->stale = 0;
    trainer->has_best = 1;
    nnrt_keep_best(trainer);
  } else {
    trainer->stale++;
  }
  for (int k = 0; k < schedule->factors && trainer->stale > 0; k++)
    if (schedule->factor[k].form == SCHEDULE_PLATEAU &&
        trainer->stale % (uint64_t)schedule->factor[k].argument[0] == 0)
      trainer->drops[k]++;
}

/* Averages, where there are any, stand in for the weights while these are judged. */
static bool evaluate_and_judge(nnrt_trainer *trainer, double loss, nnrt_failure *failure) {
  const nnrt_model *model = trainer->model;
  void *average = trainer->averaged > 0 ? trainer->average : NULL;
  if (average)
    nnrt_copy(model, NNRT_COPY_SWAP, average, trainer->block, 0);
  const bool done = evaluate(trainer, failure);
  if (done)
    judge(trainer, trainer->test_name ? trainer->test_values[0] : loss);
  if (average)
    nnrt_copy(model, NNRT_COPY_SWAP, average, trainer->block, 0);
  return done;
}

/* The epoch's figures, told, logged and plotted. */
static bool report(nnrt_trainer *trainer, nnrt_failure *failure) {
  const nnrt_head *head = trainer->block;
  double *running = trainer->running, *metric = running + NNRT_RUNNING_METRICS;
  const double looked_at = running[NNRT_RUNNING_METRIC_SAMPLES];
  double *gradient = metric + trainer->model->metrics;
  nnrt_epoch epoch = {
      trainer->epoch + 1, head->step, 0, running[NNRT_RUNNING_RATE], 0, 0, NULL, NULL, gradient};
  epoch.seconds = nnrt_seconds() - trainer->progress.begun;
  epoch.samples_per_second = (double)trainer->progress.samples / (epoch.seconds + 1e-9);
  epoch.loss = running[NNRT_RUNNING_LOSS] / running[NNRT_RUNNING_SAMPLES];
  for (size_t i = 0; i < trainer->model->metrics && looked_at > 0; i++)
    metric[i] /= looked_at;
  epoch.metric = looked_at > 0 ? metric : NULL;
  for (size_t i = 0; i < trainer->model->parameters; i++)
    gradient[i] /= running[NNRT_RUNNING_LOOKS];
  nnrt_average_epoch(trainer);
  if (!evaluate_and_judge(trainer, epoch.loss, failure))
    return false;
  epoch.test = trainer->test_name ? trainer->test_values : NULL;
  nnrt_progress_epoch(trainer, &epoch);
  return nnrt_history_add(trainer, &epoch, failure);
}

static int finish_epoch(nnrt_trainer *trainer, nnrt_failure *failure) {
  nnrt_head *head = trainer->block;
  if (!nnrt_check_weights(trainer, failure))
    return NOT_FINITE;
  if (!report(trainer, failure))
    return BAD;
  memset(trainer->running, 0, trainer->sums * sizeof *trainer->running);
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
  const bool idle = trainer->epoch >= epochs || out_of_patience(trainer); /* what is to be saved is there */
  int status = idle ? save(trainer, failure) : 0;
  while (status == 0 && trainer->epoch < epochs && !out_of_patience(trainer)) {
    nnrt_order_epoch(&trainer->order, trainer->epoch);
    nnrt_progress_begin(&trainer->progress);
    status = run_steps(trainer, failure);
    nnrt_progress_clear(&trainer->progress);
    if (status == 0)
      status = finish_epoch(trainer, failure);
  }
  if (status == INTERRUPTED) {
    const int saved = save(trainer, failure);
    return saved == 0 ? INTERRUPTED : saved;
  }
  return status;
}

int nnrt_train_run(nnrt_trainer *trainer, nnrt_failure *failure) {
  if (!prepare_run(trainer, NULL, failure))
    return BAD;
  const int status = run(trainer, failure);
  if (status != 0)
    return status;
  void *kept = nnrt_kept_weights(trainer);
  if (kept)
    nnrt_copy(trainer->model, NNRT_COPY_PUT, kept, trainer->block, 0);
  return evaluate(trainer, failure) ? 0 : BAD;
}

/* ---- the command ---------------------------------------------------------------------------- */

static void say_farewell(const nnrt_trainer *trainer, int status) {
  const nnrt_options *options = trainer->options;
  const int epochs = options->settings.epochs;
  if (status == 0 && options->resume && trainer->history.epochs == trainer->history.first) {
    const bool ended = trainer->epoch >= (uint64_t)epochs;
    printf("nothing to do: %s has come to epoch %llu", options->resume, (unsigned long long)trainer->epoch);
    if (!ended)
      printf(", no better loss in %d", options->settings.patience);
    printf("; more are --%s N", ended ? "epochs" : "patience");
    if (options->save && strcmp(options->save, options->resume) != 0)
      printf("; saved to %s", options->save);
    printf("\n");
    return;
  }
  if (status == INTERRUPTED)
    printf("interrupted after step %llu; ",
           (unsigned long long)((const nnrt_head *)trainer->block)->step);
  else if (trainer->epoch < (uint64_t)epochs)
    printf("no better loss in %d epochs: stopped; ", options->settings.patience);
  if (options->save && status == INTERRUPTED)
    printf("saved to %s: go on with --resume %s\n", options->save, options->save);
  else if (options->save)
    printf("saved to %s%s\n", options->save, trainer->has_best_weights ? ": the best weights" : "");
  else
    printf("not saved: --save FILE keeps the weights\n");
}

static bool show(nnrt_trainer *trainer, nnrt_failure *failure) {
  const nnrt_options *options = trainer->options;
  return (!options->plot || nnrt_plot(trainer, failure)) &&
         (!options->report || nnrt_report(trainer, failure));
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
  trainer->began = nnrt_seconds();
  if (prepare(trainer, failure)) {
    nnrt_interrupt_watch();
    status = options->folds > 0 ? nnrt_cross_validate(trainer, failure) : run(trainer, failure);
    nnrt_interrupt_release();
    const bool done = (status == 0 || status == INTERRUPTED) && options->folds == 0;
    if (done && !show(trainer, failure))
      status = BAD;
    else if (done)
      say_farewell(trainer, status);
  }
  release(trainer);
  free(trainer);
  return status;
}
