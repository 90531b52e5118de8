/* Turns a trainer into a safetensors file, and back.
 *
 * Tensors: the parameters, and '@' + name of each state: those to predict with; where these are the
 * best ones or an average, @live.NAME beside each, and @average.NAME. '@' + name of each per_lane
 * state, with the batch first; @optimizer.STATE.PARAMETER; the counters @step @epoch @position
 * @carried @stale @averaged @drops, the seed @seed, the sums @running, @best where there is one,
 * the epochs' figures @history (history.h), what the data taught (encoding.h). Notes (metadata):
 * `model`, `samples`, `weights`, and the options under their names as one would write them on the
 * command line. */
#include "finite.h"
#include "history.h"
#include "weights_file.h"
#include "stack.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_NAME = 512 };

/* ---- a list of views that owns its names and lane shapes ------------------------------------ */

typedef struct list {
  nnrt_view *view;
  size_t count, capacity;
  size_t **shape; /* owned, NULL where borrowed; parallel to view because views are borrowed    */
  bool failed;
} list;

static void list_free(list *all) {
  for (size_t i = 0; i < all->count; i++) {
    free((char *)(uintptr_t)all->view[i].name);
    free(all->shape[i]);
  }
  free(all->view);
  free(all->shape);
}

static bool list_grow(list *all) {
  const size_t capacity = all->capacity ? 2 * all->capacity : 32;
  nnrt_view *view = realloc(all->view, capacity * sizeof *view);
  all->view = view ? view : all->view;
  size_t **shape = realloc(all->shape, capacity * sizeof *shape);
  all->shape = shape ? shape : all->shape;
  all->capacity = view && shape ? capacity : all->capacity;
  return view && shape;
}

/* Takes over the shape where `owned`. */
static void list_add(list *all, const char *name, nnrt_dtype dtype, int rank, const size_t *shape,
                     size_t *owned, const void *data) {
  char *kept = strdup(name);
  if (!kept || (all->count == all->capacity && !list_grow(all))) {
    all->failed = true;
    free(kept);
    free(owned);
    return;
  }
  const nnrt_view view = {kept, dtype, rank, shape, data};
  all->view[all->count] = view;
  all->shape[all->count++] = owned;
}

static void list_number(list *all, const char *name, const uint64_t *value) {
  list_add(all, name, NNRT_U64, 0, NULL, NULL, value);
}

/* ---- names and shapes ----------------------------------------------------------------------- */

/* A state's type in files: its kind's. */
static nnrt_dtype dtype_of(const nnrt_model *model, const nnrt_tensor *tensor) {
  return tensor->kind == NNRT_REAL ? nnrt_real_dtype(model->real_bytes) : NNRT_I32;
}

static void name_state(const nnrt_tensor *tensor, char *to) {
  snprintf(to, LONGEST_NAME, "@%s", tensor->name);
}

/* "@live.W1": what training goes on from, where W1 is another one. */
static void name_beside(const char *which, const nnrt_tensor *tensor, char *to) {
  snprintf(to, LONGEST_NAME, "@%s.%s", which, tensor->name);
}

static void name_optimizer_state(const nnrt_optimizer *optimizer, int state,
                                 const nnrt_tensor *parameter, char *to) {
  snprintf(to, LONGEST_NAME, "@optimizer.%s.%s", optimizer->state[state], parameter->name);
}

static void *optimizer_state(const nnrt_model *model, void *block, int state,
                             const nnrt_tensor *parameter) {
  return (char *)block + model->optimizer_state_offset + (size_t)state * model->parameter_bytes +
         (parameter->offset - model->parameter_offset);
}

/* [batch, shape...], owned by the caller; NULL: out of memory */
static size_t *lane_shape(const nnrt_tensor *state, size_t batch) {
  size_t *shape = malloc(((size_t)state->rank + 1) * sizeof *shape);
  if (!shape)
    return NULL;
  shape[0] = batch;
  for (int i = 0; i < state->rank; i++)
    shape[1 + i] = state->shape[i];
  return shape;
}

/* ---- saving --------------------------------------------------------------------------------- */

/* The weights under their names: those to predict with. Where they are a copy, what training goes on
 * from stands beside them, and so does the average where the copy is another one. */
static void list_weights(const nnrt_trainer *trainer, list *all) {
  const nnrt_model *model = trainer->model;
  void *kept = nnrt_kept_weights(trainer);
  const bool averaged = trainer->averaged > 0 && kept != trainer->average;
  char name[LONGEST_NAME];
  for (size_t i = 0; i < model->tensors; i++) {
    const nnrt_tensor *tensor = &model->tensor[i];
    const nnrt_dtype dtype = dtype_of(model, tensor);
    if (tensor->role != NNRT_PARAMETER && (tensor->role != NNRT_STATE || tensor->per_lane))
      continue;
    const void *live = nnrt_locate(model, trainer->block, i);
    name_state(tensor, name);
    list_add(all, tensor->role == NNRT_PARAMETER ? tensor->name : name, dtype, tensor->rank,
             tensor->shape, NULL, kept ? nnrt_copy_at(model, kept, i) : live);
    name_beside("live", tensor, name);
    if (kept)
      list_add(all, name, dtype, tensor->rank, tensor->shape, NULL, live);
    name_beside("average", tensor, name);
    if (averaged)
      list_add(all, name, dtype, tensor->rank, tensor->shape, NULL,
               nnrt_copy_at(model, trainer->average, i));
  }
}

static void list_lanes(const nnrt_trainer *trainer, list *all) {
  const nnrt_model *model = trainer->model;
  const nnrt_head *head = trainer->block;
  char name[LONGEST_NAME];
  for (size_t i = 0; i < model->tensors; i++) {
    const nnrt_tensor *tensor = &model->tensor[i];
    if (tensor->role != NNRT_STATE || !tensor->per_lane)
      continue;
    size_t *shape = lane_shape(tensor, (size_t)head->batch);
    all->failed = all->failed || !shape;
    name_state(tensor, name);
    list_add(all, name, dtype_of(model, tensor), tensor->rank + 1, shape, shape,
             nnrt_locate(model, trainer->block, i));
  }
}

static void list_optimizer(const nnrt_trainer *trainer, list *all) {
  const nnrt_model *model = trainer->model;
  const nnrt_head *head = trainer->block;
  const nnrt_optimizer *optimizer = &model->optimizer[head->optimizer];
  char name[LONGEST_NAME];
  for (int state = 0; state < optimizer->states; state++)
    for (size_t i = 0; i < model->tensors; i++) {
      const nnrt_tensor *tensor = &model->tensor[i];
      if (tensor->role != NNRT_PARAMETER)
        continue;
      name_optimizer_state(optimizer, state, tensor, name);
      list_add(all, name, nnrt_real_dtype(model->real_bytes), tensor->rank, tensor->shape, NULL,
               optimizer_state(model, trainer->block, state, tensor));
    }
}

/* The text of the notes; the arrays are as long as any value written to them. */
typedef struct notes {
  nnrt_note note[24];
  size_t count;
  char text[24][512];
} notes;

static void note(notes *all, const char *key, const char *format, ...) NNRT_PRINTF_LIKE(3, 4);
static void note(notes *all, const char *key, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(all->text[all->count], sizeof all->text[0], format, arguments);
  va_end(arguments);
  all->note[all->count].key = key;
  all->note[all->count].value = all->text[all->count];
  all->count++;
}

/* "adam(rate = 0.01, beta1 = 0.9)": what --optimizer takes */
static void note_optimizer(notes *all, const nnrt_optimizer *optimizer, const double *value) {
  char text[512];
  int length = snprintf(text, sizeof text, "%s", optimizer->name);
  for (int i = 0; i < optimizer->hyperparameters && length < (int)sizeof text; i++)
    length += snprintf(text + length, sizeof text - (size_t)length, "%s%s = %.17g",
                       i ? ", " : "(", optimizer->hyperparameter[i], value[i]);
  note(all, "optimizer", "%s%s", text, optimizer->hyperparameters ? ")" : "");
}

/* Which copy stands under the weights' own names. */
static const char *which_weights(const nnrt_trainer *trainer) {
  return trainer->has_best_weights ? "best" : trainer->averaged > 0 ? "average" : "live";
}

static void write_notes(const nnrt_trainer *trainer, notes *all) {
  const nnrt_settings *settings = &trainer->options->settings;
  note(all, "model", "%s", trainer->model->name);
  note(all, "samples", "%zu", trainer->data.samples);
  note(all, "weights", "%s", which_weights(trainer));
  note_optimizer(all, &trainer->model->optimizer[settings->optimizer], settings->hyperparameter);
  note(all, "batch", "%d", settings->batch);
  note(all, "accumulate", "%d", settings->accumulate);
  note(all, "epochs", "%d", settings->epochs);
  note(all, "holdout", "%.17g", settings->holdout);
  note(all, "clip", "%.17g", settings->clip);
  note(all, "clip-value", "%.17g", settings->clip_value);
  note(all, "decay", "%s", settings->decay ? settings->decay : "0");
  note(all, "average", "%s", settings->average ? settings->average : "none");
  note(all, "patience", "%d", settings->patience);
  note(all, "seed", "%llu", (unsigned long long)settings->seed);
  note(all, "schedule", "%s", settings->schedule ? settings->schedule : "constant");
  note(all, "memory", "%d", trainer->options->memory);
  if (trainer->options->freeze)
    note(all, "freeze", "%s", trainer->options->freeze);
  if (trainer->options->no_shuffle)
    note(all, "no-shuffle", "1");
}

/* All that training counts, and sums up. */
static void list_counters(const nnrt_trainer *trainer, const uint64_t *carried, const size_t *sizes,
                          list *all) {
  const nnrt_head *head = trainer->block;
  list_number(all, "@step", &head->step);
  list_number(all, "@epoch", &trainer->epoch);
  list_number(all, "@position", &trainer->position);
  list_number(all, "@carried", carried);
  list_number(all, "@stale", &trainer->stale);
  list_number(all, "@seed", &head->seed);
  list_number(all, "@averaged", &trainer->averaged);
  list_add(all, "@drops", NNRT_U64, 1, &sizes[0], NULL, trainer->drops);
  list_add(all, "@running", NNRT_F64, 1, &sizes[1], NULL, trainer->running);
  if (trainer->has_best)
    list_add(all, "@best", NNRT_F64, 0, NULL, NULL, &trainer->best_loss);
}

/* Adds a copy of a tensor: shape and data in one piece. */
static bool list_copy(void *to, const char *name, nnrt_dtype dtype, int rank, const size_t *shape,
                      const void *data) {
  list *all = to;
  const nnrt_view view = {name, dtype, rank, shape, data};
  const size_t bytes = nnrt_view_bytes(&view);
  size_t *copy = malloc(((size_t)rank + 1) * sizeof *copy + bytes);
  if (!copy)
    return false;
  for (int k = 0; k < rank; k++)
    copy[k] = shape[k];
  memcpy(copy + rank, data, bytes);
  list_add(all, name, dtype, rank, copy, copy, copy + rank);
  return !all->failed;
}

bool nnrt_checkpoint_save(const nnrt_trainer *trainer, const char *path, nnrt_failure *failure) {
  const uint64_t carried = (uint64_t)((const nnrt_head *)trainer->block)->carried;
  const size_t sizes[] = {FORM_FACTORS, trainer->sums};
  const size_t history[] = {trainer->history.epochs, trainer->history.columns};
  list all = {NULL, 0, 0, NULL, false};
  notes *said = calloc(1, sizeof *said);
  list_weights(trainer, &all);
  list_lanes(trainer, &all);
  list_optimizer(trainer, &all);
  list_counters(trainer, &carried, sizes, &all);
  if (trainer->history.epochs > 0)
    list_add(&all, "@history", NNRT_F64, 2, history, NULL, trainer->history.row);
  nnrt_encoding_sink sink = {list_copy, &all};
  if (!nnrt_encoding_write(&trainer->encoding, trainer->model, &sink))
    all.failed = true;
  if (said)
    write_notes(trainer, said);
  bool saved = said && !all.failed
                 ? nnrt_weights_write(path, all.view, all.count, said->note, said->count, failure)
                 : nnrt_fail(failure, "out of memory while saving %s", path);
  list_free(&all);
  free(said);
  return saved;
}

/* ---- going on ------------------------------------------------------------------------------- */

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

static bool read_lanes(const nnrt_weights *from, nnrt_trainer *trainer, nnrt_failure *failure) {
  const nnrt_model *model = trainer->model;
  char name[LONGEST_NAME];
  bool read = true;
  for (size_t i = 0; i < model->tensors && read; i++) {
    const nnrt_tensor *tensor = &model->tensor[i];
    if (tensor->role != NNRT_STATE || !tensor->per_lane)
      continue;
    size_t *shape = lane_shape(tensor, (size_t)((const nnrt_head *)trainer->block)->batch);
    name_state(tensor, name);
    read = shape ? nnrt_weights_read(from, name, dtype_of(model, tensor), tensor->rank + 1, shape,
                                     nnrt_locate(model, trainer->block, i), failure)
                 : nnrt_fail(failure, "out of memory");
    free(shape);
  }
  return read;
}

static bool read_optimizer(const nnrt_weights *from, nnrt_trainer *trainer,
                           nnrt_failure *failure) {
  const nnrt_model *model = trainer->model;
  const nnrt_optimizer *optimizer = &model->optimizer[trainer->options->settings.optimizer];
  char name[LONGEST_NAME];
  for (int state = 0; state < optimizer->states; state++)
    for (size_t i = 0; i < model->tensors; i++) {
      const nnrt_tensor *tensor = &model->tensor[i];
      if (tensor->role != NNRT_PARAMETER)
        continue;
      name_optimizer_state(optimizer, state, tensor, name);
      if (!nnrt_weights_read(from, name, nnrt_real_dtype(model->real_bytes), tensor->rank,
                             tensor->shape, optimizer_state(model, trainer->block, state, tensor),
                             failure))
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
  char name[LONGEST_NAME];
  for (size_t i = 0; i < model->tensors; i++) {
    const nnrt_tensor *tensor = &model->tensor[i];
    if (tensor->role != NNRT_PARAMETER && (tensor->role != NNRT_STATE || tensor->per_lane))
      continue;
    name_beside(which, tensor, name);
    void *to = copy ? nnrt_copy_at(model, copy, i) : nnrt_locate(model, trainer->block, i);
    if (!nnrt_weights_read(from, name, dtype_of(model, tensor), tensor->rank, tensor->shape, to,
                           failure))
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
         nnrt_check_loaded(trainer, path, failure) &&
         read_counters(from, path, trainer, failure) && read_history(from, path, trainer, failure) &&
         read_copies(from, trainer, failure) &&
         read_lanes(from, trainer, failure) && read_optimizer(from, trainer, failure);
}
