/* Turns a trainer into a safetensors file; resume.c turns it back.
 *
 * Tensors: the parameters, and '@' + name of each state: those to predict with; where these are the
 * best ones or an average, @live.NAME beside each, and @average.NAME. '@' + name of each per_lane
 * state, with the batch first; @optimizer.STATE.PARAMETER; the counters @step @epoch @position
 * @carried @stale @averaged @drops, the seed @seed, the sums @running, @best where there is one,
 * the epochs' figures @history (history.h), what the data taught (encoding.h). Notes (metadata):
 * `model`, `samples`, `weights`, and the options under their names as one would write them on the
 * command line. */
#include "checkpoint_names.h"
#include "history.h"
#include "weights_file.h"
#include "stack.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

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

/* ---- saving --------------------------------------------------------------------------------- */

/* The weights under their names: those to predict with. Where they are a copy, what training goes
 * on from stands beside them, and so does the average where the copy is another one. */
static void list_weights(const nnrt_trainer *trainer, list *all) {
  const nnrt_model *model = trainer->model;
  void *kept = nnrt_kept_weights(trainer);
  const bool averaged = trainer->averaged > 0 && kept != trainer->average;
  char name[NNRT_LONGEST_NAME];
  for (size_t i = 0; i < model->tensors; i++) {
    const nnrt_tensor *tensor = &model->tensor[i];
    const nnrt_dtype dtype = nnrt_state_dtype(model, tensor);
    if (tensor->role != NNRT_PARAMETER && (tensor->role != NNRT_STATE || tensor->per_lane))
      continue;
    const void *live = nnrt_locate(model, trainer->block, i);
    nnrt_name_state(tensor, name);
    list_add(all, tensor->role == NNRT_PARAMETER ? tensor->name : name, dtype, tensor->rank,
             tensor->shape, NULL, kept ? nnrt_copy_at(model, kept, i) : live);
    nnrt_name_beside("live", tensor, name);
    if (kept)
      list_add(all, name, dtype, tensor->rank, tensor->shape, NULL, live);
    nnrt_name_beside("average", tensor, name);
    if (averaged)
      list_add(all, name, dtype, tensor->rank, tensor->shape, NULL,
               nnrt_copy_at(model, trainer->average, i));
  }
}

static void list_lanes(const nnrt_trainer *trainer, list *all) {
  const nnrt_model *model = trainer->model;
  const nnrt_head *head = trainer->block;
  char name[NNRT_LONGEST_NAME];
  for (size_t i = 0; i < model->tensors; i++) {
    const nnrt_tensor *tensor = &model->tensor[i];
    if (tensor->role != NNRT_STATE || !tensor->per_lane)
      continue;
    size_t *shape = nnrt_lane_shape(tensor, (size_t)head->batch);
    all->failed = all->failed || !shape;
    nnrt_name_state(tensor, name);
    list_add(all, name, nnrt_state_dtype(model, tensor), tensor->rank + 1, shape, shape,
             nnrt_locate(model, trainer->block, i));
  }
}

static void list_optimizer(const nnrt_trainer *trainer, list *all) {
  const nnrt_model *model = trainer->model;
  const nnrt_head *head = trainer->block;
  const nnrt_optimizer *optimizer = &model->optimizer[head->optimizer];
  char name[NNRT_LONGEST_NAME];
  for (int state = 0; state < optimizer->states; state++)
    for (size_t i = 0; i < model->tensors; i++) {
      const nnrt_tensor *tensor = &model->tensor[i];
      if (tensor->role != NNRT_PARAMETER)
        continue;
      nnrt_name_optimizer_state(optimizer, state, tensor, name);
      list_add(all, name, nnrt_real_dtype(model->real_bytes), tensor->rank, tensor->shape, NULL,
               nnrt_optimizer_state(model, trainer->block, state, tensor));
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

/* As few digits as give back the same number: 0.003, not 0.0030000000000000001; and of a whole one all, as
 * --holdout takes a number of samples. */
static const char *shown_number(char chars[32], double value) {
  if (value >= 1 && value < 1e15 && value <= floor(value)) {
    snprintf(chars, 32, "%.0f", value);
    return chars;
  }
  for (int digits = 6; digits <= 17; digits++) {
    snprintf(chars, 32, "%.*g", digits, value);
    const double back = strtod(chars, NULL);
    if (back <= value && back >= value)
      break;
  }
  return chars;
}

/* "adam(rate = 0.01, beta1 = 0.9)": what --optimizer takes */
static void note_optimizer(notes *all, const nnrt_optimizer *optimizer, const double *value) {
  char text[512], number[32];
  int length = snprintf(text, sizeof text, "%s", optimizer->name);
  for (int i = 0; i < optimizer->hyperparameters && length < (int)sizeof text; i++)
    length += snprintf(text + length, sizeof text - (size_t)length, "%s%s = %s",
                       i ? ", " : "(", optimizer->hyperparameter[i], shown_number(number, value[i]));
  note(all, "optimizer", "%s%s", text, optimizer->hyperparameters ? ")" : "");
}

/* Which copy stands under the weights' own names. */
static const char *which_weights(const nnrt_trainer *trainer) {
  return trainer->has_best_weights ? "best" : trainer->averaged > 0 ? "average" : "live";
}

static void write_notes(const nnrt_trainer *trainer, notes *all) {
  char number[32];
  const nnrt_settings *settings = &trainer->options->settings;
  note(all, "model", "%s", trainer->model->name);
  note(all, "samples", "%zu", trainer->data.samples);
  note(all, "weights", "%s", which_weights(trainer));
  note_optimizer(all, &trainer->model->optimizer[settings->optimizer], settings->hyperparameter);
  note(all, "batch", "%d", settings->batch);
  note(all, "accumulate", "%d", settings->accumulate);
  note(all, "epochs", "%d", settings->epochs);
  note(all, "holdout", "%s", shown_number(number, settings->holdout));
  note(all, "clip", "%s", shown_number(number, settings->clip));
  note(all, "clip-value", "%s", shown_number(number, settings->clip_value));
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
