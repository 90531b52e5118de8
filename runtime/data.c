/* data.c: the files that a command names to one data set.
 *
 * Tables say which files fill which tensors; each file's format is recognised, and the reader of
 * that format says where its samples lie. Then all are decoded, or a window on them is opened.
 */
#include "data.h"

#include <stdlib.h>
#include <string.h>

#include "load.h"
#include "window.h"

/* ---- from tables to values ---------------------------------------------------------------- */

static size_t values_bytes(const nnrt_dataset *data) {
  size_t sample = 0;
  for (size_t k = 0; k < data->loaded; k++)
    sample += nnrt_sample_bytes(&data->tensor[k], data->real_bytes);
  return sample && data->samples > SIZE_MAX / 2 / sample ? SIZE_MAX : sample * data->samples;
}

/* All samples, in memory. */
static bool hold_all(nnrt_dataset *data, nnrt_window *tables, nnrt_failure *failure) {
  data->values = calloc(data->loaded, sizeof *data->values);
  for (size_t k = 0; data->values && k < data->loaded; k++) {
    size_t bytes = nnrt_sample_bytes(&data->tensor[k], data->real_bytes) * data->samples;
    data->values[k] = calloc(bytes ? bytes : 1, 1);
    if (!data->values[k])
      return nnrt_fail(failure, "no memory for %zu samples of %s", data->samples,
                       data->tensor[k].name);
  }
  data->block = data->samples;
  data->blocks_held = 1;
  return data->values ? nnrt_tables_read(tables, 0, data->samples, data->values, failure)
                      : nnrt_fail(failure, "out of memory");
}

static bool finish(nnrt_dataset *data, nnrt_window *window, size_t memory, size_t lanes,
                   nnrt_failure *failure) {
  if (values_bytes(data) <= memory) return hold_all(data, window, failure);
  data->window = window;
  return nnrt_window_begin(window, data, memory, lanes, failure);
}

static int tensor_named(const nnrt_model *model, const char *name, size_t length) {
  for (size_t k = 0; k < model->inputs + model->targets; k++)
    if (strlen(model->tensor[k].name) == length && !strncmp(model->tensor[k].name, name, length))
      return (int)k;
  return -1;
}

/* "w=y": the compiler sees to it that w is the last target and y one class. */
static void find_weighed(const nnrt_model *model, const nnrt_request *request,
                         nnrt_dataset *data) {
  const char *equals = request->weights ? strchr(request->weights, '=') : NULL;
  data->weighed = data->weighs = -1;
  if (!equals) return;
  data->weighed = tensor_named(model, request->weights, (size_t)(equals - request->weights));
  data->weighs = tensor_named(model, equals + 1, strlen(equals + 1));
  if (data->weighs < 0) data->weighed = -1;
  if (data->weighed >= 0 && (size_t)data->weighed < data->tensors)
    data->loaded = (size_t)data->weighed;
}

bool nnrt_data_load(const nnrt_model *model, const nnrt_request *request, nnrt_encoding *encoding,
                    nnrt_dataset *data, nnrt_failure *failure) {
  const size_t memory = request->memory ? request->memory : NNRT_MEMORY;
  *data = (nnrt_dataset){.tensor = model->tensor, .real_bytes = model->real_bytes,
                         .encoding = encoding};
  data->tensors = model->inputs + (request->with_targets ? model->targets : 0);
  data->loaded = data->tensors;
  find_weighed(model, request, data);
  if (request->files == 0)
    return nnrt_fail(failure, "no data: give --data FILE, or data in the model's train { }");
  if (data->loaded == 0)
    return nnrt_fail(failure, "%s: the model has no input that data could fill",
                     request->file[0].path);
  nnrt_window *window = calloc(1, sizeof *window);
  if (!window) return nnrt_fail(failure, "out of memory");
  nnrt_spool_begin(&window->spool, memory);
  bool good = nnrt_encoding_begin(encoding, model, failure) &&
              nnrt_load_tables(model, request, data, window, failure) &&
              finish(data, window, memory, request->lanes, failure);
  if (good && request->with_targets) encoding->decided = true;
  if (data->window != window) nnrt_window_free(window);
  if (!good) nnrt_data_free(data);
  return good;
}

void nnrt_data_free(nnrt_dataset *data) {
  for (size_t k = 0; data->values && k < data->loaded; k++) free(data->values[k]);
  free(data->values);
  nnrt_window_free(data->window);
  *data = (nnrt_dataset){0};
}

/* ---- batches ------------------------------------------------------------------------------ */

static void copy_sample(const nnrt_dataset *data, void *const *from, size_t place,
                        void *const *batch, size_t i) {
  for (size_t k = 0; k < data->loaded; k++) {
    size_t bytes = nnrt_sample_bytes(&data->tensor[k], data->real_bytes);
    memcpy((char *)batch[k] + i * bytes, (const char *)from[k] + place * bytes, bytes);
  }
}

static void scale_batch(const nnrt_dataset *data, size_t n, void *const *batch) {
  for (size_t k = 0; k < data->loaded; k++) nnrt_scale_apply(data, k, n, batch[k]);
  nnrt_weights_apply(data, n, batch);
}

bool nnrt_data_gather(const nnrt_dataset *data, const size_t *index, size_t n, void *const *batch,
                      nnrt_failure *failure) {
  nnrt_window *window = data->window;
  for (size_t i = 0; i < n; i++) {
    size_t slot;
    if (!window) {
      copy_sample(data, data->values, index[i], batch, i);
      continue;
    }
    if (!nnrt_window_find(window, data, index[i], &slot, failure)) return false;
    copy_sample(data, window->values, slot * data->block + index[i] % data->block, batch, i);
  }
  scale_batch(data, n, batch);
  return true;
}

bool nnrt_data_run(const nnrt_dataset *data, size_t first, size_t n, void *const *batch,
                   nnrt_failure *failure) {
  for (size_t i = 0; i < n; i++) {
    size_t slot, place = first + i;
    if (data->window) {
      if (!nnrt_window_find(data->window, data, place, &slot, failure)) return false;
      place = slot * data->block + place % data->block;
    }
    copy_sample(data, data->window ? data->window->values : data->values, place, batch, i);
  }
  scale_batch(data, n, batch);
  return true;
}

void nnrt_data_expect(const nnrt_dataset *data, size_t first, size_t n) {
  for (size_t k = 0; data->window && k < data->window->tables; k++)
    nnrt_table_expect(&data->window->table[k], first, n);
}
