/* Turns a safetensors file that checkpoint.c wrote into a trainer that goes on. */
#include "checkpoint_names.h"
#include "finite.h"
#include "history.h"
#include "stack.h"

#include <stdlib.h>
#include <string.h>

/* ---- options -------------------------------------------------------------------------------- */

static bool fail_changed(nnrt_failure *failure, const char *path, const char *option,
                         const char *kept) {
  return nnrt_fail(failure, "--%s: %s was trained with %s: leave --%s out, or begin anew with "
                   "--load", option, path, kept, option);
}

/* What cannot change underway without changing what was already done. */
static bool same_text(const char *a, const char *b) {
  return strcmp(a ? a : "none", b ? b : "none") == 0;
}

static bool check_kept(const nnrt_weights *from, const char *path, const nnrt_options *before,
                       const nnrt_options *options, nnrt_failure *failure) {
  const nnrt_settings *asked = &before->settings, *kept = &options->settings;
  if (nnrt_given(before, NNRT_OPTION_OPTIMIZER) && asked->optimizer != kept->optimizer)
    return fail_changed(failure, path, "optimizer", nnrt_weights_note(from, "optimizer"));
  if (nnrt_given(before, NNRT_OPTION_SEED) && asked->seed != kept->seed)
    return fail_changed(failure, path, "seed", nnrt_weights_note(from, "seed"));
  if (nnrt_given(before, NNRT_OPTION_BATCH) && asked->batch != kept->batch)
    return fail_changed(failure, path, "batch", nnrt_weights_note(from, "batch"));
  if (nnrt_given(before, NNRT_OPTION_MEMORY) && before->memory != options->memory)
    return fail_changed(failure, path, "memory", nnrt_weights_note(from, "memory"));
  if (nnrt_given(before, NNRT_OPTION_ACCUMULATE) && asked->accumulate != kept->accumulate)
    return fail_changed(failure, path, "accumulate", nnrt_weights_note(from, "accumulate"));
  if (nnrt_given(before, NNRT_OPTION_AVERAGE) && !same_text(asked->average, kept->average))
    return fail_changed(failure, path, "average", nnrt_weights_note(from, "average"));
  if (nnrt_given(before, NNRT_OPTION_HOLDOUT) &&
      (asked->holdout < kept->holdout || asked->holdout > kept->holdout))
    return fail_changed(failure, path, "holdout", nnrt_weights_note(from, "holdout"));
  return true;
}

bool nnrt_resume_options(const nnrt_weights *from, const char *path, const nnrt_model *model,
                         nnrt_options *options, nnrt_failure *failure) {
  static const nnrt_option fixed[] = {NNRT_OPTION_OPTIMIZER, NNRT_OPTION_SEED, NNRT_OPTION_BATCH,
                                      NNRT_OPTION_HOLDOUT, NNRT_OPTION_ACCUMULATE,
                                      NNRT_OPTION_AVERAGE, NNRT_OPTION_MEMORY};
  static const nnrt_option open[] = {NNRT_OPTION_EPOCHS, NNRT_OPTION_CLIP, NNRT_OPTION_CLIP_VALUE,
                                     NNRT_OPTION_DECAY, NNRT_OPTION_PATIENCE, NNRT_OPTION_SCHEDULE,
                                     NNRT_OPTION_NO_SHUFFLE, NNRT_OPTION_FREEZE};
  const nnrt_options before = *options;
  const char *name = nnrt_weights_note(from, "model");
  if (name && strcmp(name, model->name) != 0)
    return nnrt_fail(failure, "%s: is a checkpoint of the model '%s', this is '%s': begin anew, or "
                     "take over what fits with --load", path, name, model->name);
  if (!nnrt_weights_find(from, "@step") || !nnrt_weights_note(from, "optimizer"))
    return nnrt_fail(failure, "%s: holds weights but no training to go on with: use --load", path);
  for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
    if (!nnrt_option_restore(from, model, fixed[i], options, failure))
      return false;
  for (size_t i = 0; i < sizeof open / sizeof open[0]; i++)
    if (!nnrt_given(&before, open[i]) &&
        !nnrt_option_restore(from, model, open[i], options, failure))
      return false;
  if (!check_kept(from, path, &before, options, failure))
    return false;
  if (nnrt_given(&before, NNRT_OPTION_OPTIMIZER))
    memcpy(options->settings.hyperparameter, before.settings.hyperparameter,
           sizeof before.settings.hyperparameter);
  if (nnrt_given(&before, NNRT_OPTION_RATE))
    options->settings.hyperparameter[0] = before.rate;
  return true;
}

/* ---- state ---------------------------------------------------------------------------------- */

static bool read_lanes(const nnrt_weights *from, nnrt_trainer *trainer, nnrt_failure *failure) {
  const nnrt_model *model = trainer->model;
  char name[NNRT_LONGEST_NAME];
  bool read = true;
  for (size_t i = 0; i < model->tensors && read; i++) {
    const nnrt_tensor *tensor = &model->tensor[i];
    if (tensor->role != NNRT_STATE || !tensor->per_lane)
      continue;
    size_t *shape = nnrt_lane_shape(tensor, (size_t)((const nnrt_head *)trainer->block)->batch);
    nnrt_name_state(tensor, name);
    read = shape ? nnrt_weights_read(from, name, nnrt_state_dtype(model, tensor), tensor->rank + 1,
                                     shape, nnrt_locate(model, trainer->block, i), failure)
                 : nnrt_fail(failure, "out of memory");
    free(shape);
  }
  return read;
}

static bool read_optimizer(const nnrt_weights *from, nnrt_trainer *trainer,
                           nnrt_failure *failure) {
  const nnrt_model *model = trainer->model;
  const nnrt_optimizer *optimizer = &model->optimizer[trainer->options->settings.optimizer];
  char name[NNRT_LONGEST_NAME];
  for (int state = 0; state < optimizer->states; state++)
    for (size_t i = 0; i < model->tensors; i++) {
      const nnrt_tensor *tensor = &model->tensor[i];
      if (tensor->role != NNRT_PARAMETER)
        continue;
      nnrt_name_optimizer_state(optimizer, state, tensor, name);
      if (!nnrt_weights_read(from, name, nnrt_real_dtype(model->real_bytes), tensor->rank,
                             tensor->shape,
                             nnrt_optimizer_state(model, trainer->block, state, tensor), failure))
        return false;
    }
  return true;
}

/* What checkpoints of version 0.1.0 do not have. */
static bool read_later_counters(const nnrt_weights *from, nnrt_trainer *trainer,
                                nnrt_failure *failure) {
  const size_t factors = FORM_FACTORS;
  return !nnrt_weights_find(from, "@averaged") ||
         (nnrt_weights_read_u64(from, "@averaged", &trainer->averaged, failure) &&
          nnrt_weights_read(from, "@drops", NNRT_U64, 1, &factors, trainer->drops, failure));
}

/* What another model's epochs came to is of no use. */
static bool read_history(const nnrt_weights *from, const char *path, nnrt_trainer *trainer,
                         nnrt_failure *failure) {
  const nnrt_view *view = nnrt_weights_find(from, "@history");
  nnrt_history *history = &trainer->history;
  if (!view || view->rank != 2 || view->shape[1] != history->columns)
    return true;
  if (!nnrt_history_reserve(history, view->shape[0], failure) ||
      !nnrt_weights_read(from, "@history", NNRT_F64, 2, view->shape, history->row, failure))
    return false;
  for (size_t i = 0; i < view->shape[0]; i++) {
    const double flags = nnrt_history_row(history, i)[NNRT_ROW_FLAGS];
    if (!(flags >= 0 && flags <= NNRT_HAS_METRICS + NNRT_HAS_TEST))
      return nnrt_fail(failure, "%s: is damaged: @history has a row that is none", path);
    history->seconds[i] = 0;
  }
  history->epochs = view->shape[0];
  return true;
}

/* Each parameter and state that the file has beside the weights under this name. */
static bool read_beside(const nnrt_weights *from, const char *which, nnrt_trainer *trainer,
                        void *copy, nnrt_failure *failure) {
  const nnrt_model *model = trainer->model;
  char name[NNRT_LONGEST_NAME];
  for (size_t i = 0; i < model->tensors; i++) {
    const nnrt_tensor *tensor = &model->tensor[i];
    if (tensor->role != NNRT_PARAMETER && (tensor->role != NNRT_STATE || tensor->per_lane))
      continue;
    nnrt_name_beside(which, tensor, name);
    void *to = copy ? nnrt_copy_at(model, copy, i) : nnrt_locate(model, trainer->block, i);
    if (!nnrt_weights_read(from, name, nnrt_state_dtype(model, tensor), tensor->rank, tensor->shape,
                           to, failure))
      return false;
  }
  return true;
}

/* The block holds what the file has under the weights' own names. */
static bool read_copies(const nnrt_weights *from, nnrt_trainer *trainer, nnrt_failure *failure) {
  const char *which = nnrt_weights_note(from, "weights");
  if (!trainer->average)
    trainer->averaged = 0;
  const bool best = which && strcmp(which, "best") == 0;
  const bool average = which && strcmp(which, "average") == 0;
  if (best)
    nnrt_keep_best(trainer);
  if (average && trainer->average)
    nnrt_copy(trainer->model, NNRT_COPY_TAKE, trainer->average, trainer->block, 0);
  if (best && trainer->averaged > 0 && trainer->average &&
      !read_beside(from, "average", trainer, trainer->average, failure))
    return false;
  return (!best && !average) || read_beside(from, "live", trainer, NULL, failure);
}

static bool read_counters(const nnrt_weights *from, const char *path, nnrt_trainer *trainer,
                          nnrt_failure *failure) {
  nnrt_head *head = trainer->block;
  uint64_t carried;
  if (!nnrt_weights_read_u64(from, "@step", &head->step, failure) ||
      !nnrt_weights_read_u64(from, "@epoch", &trainer->epoch, failure) ||
      !nnrt_weights_read_u64(from, "@position", &trainer->position, failure) ||
      !nnrt_weights_read_u64(from, "@carried", &carried, failure) ||
      !nnrt_weights_read_u64(from, "@stale", &trainer->stale, failure) ||
      !nnrt_weights_read(from, "@running", NNRT_F64, 1, &trainer->sums, trainer->running, failure))
    return false;
  if (!read_later_counters(from, trainer, failure))
    return false;
  head->carried = carried != 0;
  trainer->has_best = nnrt_weights_find(from, "@best") != NULL;
  if (trainer->has_best &&
      !nnrt_weights_read(from, "@best", NNRT_F64, 0, NULL, &trainer->best_loss, failure))
    return false;
  return trainer->position <= trainer->steps ||
         nnrt_fail(failure, "%s: was saved after %llu steps of an epoch, which here has %llu: "
                   "resume with the same data", path, (unsigned long long)trainer->position,
                   (unsigned long long)trainer->steps);
}

bool nnrt_resume_state(const nnrt_weights *from, const char *path, nnrt_trainer *trainer,
                       nnrt_failure *failure) {
  const char *samples = nnrt_weights_note(from, "samples");
  if (samples && strtoull(samples, NULL, 10) != trainer->data.samples)
    return nnrt_fail(failure, "%s: was trained on %s samples, the data has %zu: resume with the "
                     "same data", path, samples, trainer->data.samples);
  return nnrt_weights_load(from, trainer->model, trainer->block, 1, failure) &&
         nnrt_check_loaded(trainer, path, failure) && read_counters(from, path, trainer, failure) &&
         read_history(from, path, trainer, failure) && read_copies(from, trainer, failure) &&
         read_lanes(from, trainer, failure) && read_optimizer(from, trainer, failure);
}
