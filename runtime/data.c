/* data.c: the files that a command names to one data set.
 *
 * A plan says which file fills which tensors; each file is read whole, its format recognised,
 * and the reader of that format fills the tensors.
 */
#include "data.h"

#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "source.h"

/* ---- formats ------------------------------------------------------------------------------ */

/* Files that look like something else, and what to do with them. */
static bool fail_if_foreign(const nnrt_contents *file, nnrt_failure *failure) {
  static const struct {
    const char *magic;
    size_t length;
    const char *what, *remedy;
  } rows[] = {
    {"PK\003\004", 4, "a zip archive (.npz?)", "unpack it, and give one .npy per tensor"},
    {"\xFD" "7zXZ", 5, "compressed with xz", "unpack it, or use gzip"},
    {"\x28\xB5\x2F\xFD", 4, "compressed with zstd", "unpack it, or use gzip"},
    {"BZh", 3, "compressed with bzip2", "unpack it, or use gzip"},
    {"\x89HDF", 4, "an HDF5 file", "save the arrays as .npy"},
    {"\x89PNG", 4, "a PNG picture", "save the pixels as .npy or CSV"},
    {"\xFF\xD8\xFF", 3, "a JPEG picture", "save the pixels as .npy or CSV"},
    {"\xFF\xFE", 2, "UTF-16 text", "save it as UTF-8"},
    {"\xFE\xFF", 2, "UTF-16 text", "save it as UTF-8"},
    {"PAR1", 4, "a Parquet file", "save the table as CSV or .npy"},
  };
  for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
    if (file->length >= rows[k].length &&
        memcmp(file->bytes, rows[k].magic, rows[k].length) == 0)
      return nnrt_fail(failure, "%s: is %s; %s", file->path, rows[k].what, rows[k].remedy);
  const uint8_t *zero = memchr(file->bytes, 0, file->length < 4096 ? file->length : 4096);
  if (zero)
    return nnrt_fail(failure, "%s: is neither CSV nor .npy nor IDX (byte %zu is 0)", file->path,
                     (size_t)(zero - file->bytes));
  return true;
}

static bool is_text(const nnrt_source *source) {
  return !nnrt_is_npy(&source->file) && !nnrt_is_idx(&source->file) && nnrt_takes_text(source) &&
         !nnrt_is_csv(source);
}

static bool read_source(nnrt_source *source, nnrt_failure *failure) {
  if (nnrt_is_npy(&source->file)) return nnrt_read_npy(source, failure);
  if (nnrt_is_idx(&source->file)) return nnrt_read_idx(source, failure);
  if (is_text(source)) return nnrt_read_text(source, failure);
  return fail_if_foreign(&source->file, failure) && nnrt_read_csv(source, failure);
}

/* ---- which file fills what ---------------------------------------------------------------- */

static bool fail_unknown(const nnrt_model *model, const nnrt_file *file, nnrt_failure *failure) {
  char names[256] = "";
  size_t length = 0;
  for (size_t k = 0; k < model->inputs + model->targets; k++) {
    size_t more = strlen(model->tensor[k].name) + 2;
    if (length + more >= sizeof names) break;
    if (k) memcpy(names + length, ", ", 2);
    memcpy(names + length + (k ? 2 : 0), model->tensor[k].name, more - 1);
    length += more - (k ? 0 : 2);
  }
  return nnrt_fail(failure, "%s=%s: the model has no input or target '%s'; it has %s",
                   file->tensor, file->path, file->tensor, names);
}

/* Sets path[k] to the file of tensor k alone. */
static bool match(const nnrt_model *model, const nnrt_file *file, size_t files,
                  const char **path, nnrt_failure *failure) {
  for (size_t k = 0; k < files; k++) {
    size_t tensor = 0, tensors = model->inputs + model->targets;
    if (!file[k].tensor)
      return nnrt_fail(failure, "%s: give one file for all tensors, or one for each (%s=FILE ...)",
                       file[k].path, model->tensor[0].name);
    while (tensor < tensors && strcmp(model->tensor[tensor].name, file[k].tensor) != 0) tensor++;
    if (tensor == tensors) return fail_unknown(model, &file[k], failure);
    if (path[tensor])
      return nnrt_fail(failure, "%s=%s: %s already comes from %s; give one file for each tensor",
                       file[k].tensor, file[k].path, file[k].tensor, path[tensor]);
    path[tensor] = file[k].path;
  }
  return true;
}

/* ---- one file after another --------------------------------------------------------------- */

/* Reads the file of the source, whose values are the data set's from `first` on. */
static bool load_source(nnrt_dataset *data, size_t first, nnrt_source *source,
                        nnrt_failure *failure) {
  source->values = data->values + first;
  source->real_bytes = data->real_bytes;
  source->alphabet = data->alphabet;
  if (!read_source(source, failure)) return false;
  if (source->capacity > source->samples &&
      !nnrt_source_reserve(source, source->samples, failure))
    return false;
  data->samples = source->samples;
  data->alphabet = source->alphabet;
  return true;
}

static bool load_one_file(nnrt_dataset *data, const nnrt_model *model, const char *path,
                          nnrt_failure *failure) {
  nnrt_source source = {.tensor = data->tensor, .wanted = data->tensors,
                        .known = model->inputs + model->targets};
  if (!nnrt_file_read(path, &source.file, failure)) return false;
  bool good = load_source(data, 0, &source, failure);
  nnrt_file_free(&source.file);
  return good;
}

/* Files of text share one alphabet, so all are looked at before the first is encoded. */
static void share_alphabet(nnrt_dataset *data, const nnrt_source *source) {
  if (data->alphabet.count > 0) return;
  nnrt_alphabet all = {0};
  for (size_t k = 0; k < data->tensors; k++)
    if (is_text(&source[k])) nnrt_collect_alphabet(&source[k].file, &all);
  data->alphabet = all;
}

static bool load_each(nnrt_dataset *data, const char *const *path, nnrt_source *source,
                      nnrt_failure *failure) {
  for (size_t k = 0; k < data->tensors; k++) {
    if (!path[k])
      return nnrt_fail(failure, "%s has no file: give --data %s=FILE", data->tensor[k].name,
                       data->tensor[k].name);
    source[k] = (nnrt_source){.tensor = &data->tensor[k], .wanted = 1, .known = 1};
    if (!nnrt_file_read(path[k], &source[k].file, failure)) return false;
  }
  share_alphabet(data, source);
  size_t samples = 0;
  for (size_t k = 0; k < data->tensors; k++) {
    if (!load_source(data, k, &source[k], failure)) return false;
    nnrt_file_free(&source[k].file);
    if (k == 0) samples = data->samples;
    if (data->samples != samples)
      return nnrt_fail(failure, "%s: has %zu samples, but %s has %zu; both must have as many",
                       path[k], data->samples, path[0], samples);
  }
  return true;
}

static bool load_files(nnrt_dataset *data, const nnrt_model *model, const nnrt_file *file,
                       size_t files, nnrt_failure *failure) {
  size_t tensors = model->inputs + model->targets;
  const char **path = calloc(tensors, sizeof *path);
  nnrt_source *source = calloc(tensors, sizeof *source);
  bool good = path && source;
  if (!good) nnrt_fail(failure, "no memory for the list of data files");
  good = good && match(model, file, files, path, failure) &&
         load_each(data, path, source, failure);
  for (size_t k = 0; source && k < tensors; k++) nnrt_file_free(&source[k].file);
  free(source);
  free(path);
  return good;
}

/* ---- the data set ------------------------------------------------------------------------- */

bool nnrt_data_load(const nnrt_model *model, int with_targets, const nnrt_file *file, size_t files,
                    const nnrt_alphabet *known, nnrt_dataset *data, nnrt_failure *failure) {
  *data = (nnrt_dataset){.tensor = model->tensor, .real_bytes = model->real_bytes};
  data->tensors = model->inputs + (with_targets ? model->targets : 0);
  if (files == 0)
    return nnrt_fail(failure, "no data: give --data FILE, or data in the model's train { }");
  if (data->tensors == 0)
    return nnrt_fail(failure, "%s: the model has no input that data could fill", file[0].path);
  if (known) data->alphabet = *known;
  data->values = calloc(data->tensors, sizeof *data->values);
  bool good = data->values != NULL;
  if (!good)
    nnrt_fail(failure, "%s: no memory", file[0].path);
  else if (files == 1 && !file[0].tensor)
    good = load_one_file(data, model, file[0].path, failure);
  else
    good = load_files(data, model, file, files, failure);
  bool learned = data->alphabet.count == 0 || (known && known->count > 0) || with_targets;
  if (good && !learned)
    good = nnrt_fail(failure, "%s: is text, but the weights hold no @text.bytes to read it by; "
                     "give weights that were trained on text", file[0].path);
  if (!good) nnrt_data_free(data);
  return good;
}

void nnrt_data_free(nnrt_dataset *data) {
  for (size_t k = 0; data->values && k < data->tensors; k++) free(data->values[k]);
  free(data->values);
  *data = (nnrt_dataset){0};
}

const void *nnrt_data_at(const nnrt_dataset *data, size_t tensor, size_t sample) {
  size_t bytes = nnrt_sample_bytes(&data->tensor[tensor], data->real_bytes);
  return (const char *)data->values[tensor] + sample * bytes;
}

void nnrt_data_gather(const nnrt_dataset *data, const size_t *index, size_t n,
                      void *const *batch) {
  for (size_t k = 0; k < data->tensors; k++) {
    size_t bytes = nnrt_sample_bytes(&data->tensor[k], data->real_bytes);
    for (size_t i = 0; i < n; i++)
      memcpy((char *)batch[k] + i * bytes, nnrt_data_at(data, k, index[i]), bytes);
  }
}
