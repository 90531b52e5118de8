/* samples.c: what a command's options say of data, to a loaded data set. */
#include "session.h"

#include <stdlib.h>
#include <string.h>

#include "csv.h"

static bool fail_columns(const nnrt_columns *chosen, const char *why, nnrt_failure *failure) {
  return nnrt_fail(failure, "--columns %s=%s: %s", chosen->tensor, chosen->names, why);
}

/* One tensor's columns; those that came with the weights give way only to the command line's. */
static bool choose(const nnrt_model *model, const nnrt_columns *chosen, bool given,
                   nnrt_encoding *encoding, nnrt_failure *failure) {
  char why[160];
  size_t k = 0;
  while (k < encoding->tensors && strcmp(model->tensor[k].name, chosen->tensor) != 0) k++;
  if (k == encoding->tensors) return fail_columns(chosen, "no such input or target", failure);
  nnrt_tensor_encoding *one = &encoding->of[k];
  if (one->columns > 0 && !given) return true;
  nnrt_csv_names_free(one->column, one->columns);
  one->column = NULL;
  one->columns = 0;
  if (!nnrt_csv_names(chosen->names, &one->column, &one->columns, failure)) return false;
  if (one->columns == model->tensor[k].elements) return true;
  snprintf(why, sizeof why, "these are %zu columns, and %.80s has %zu elements", one->columns,
           chosen->tensor, model->tensor[k].elements);
  return fail_columns(chosen, why, failure);
}

static bool choose_columns(const nnrt_model *model, const nnrt_options *options,
                           nnrt_encoding *encoding, nnrt_failure *failure) {
  const nnrt_settings *settings = &options->settings;
  const bool given = nnrt_given(options, NNRT_OPTION_COLUMNS);
  if (!nnrt_encoding_begin(encoding, model, failure)) return false;
  for (int k = 0; k < settings->columns; k++)
    if (!choose(model, &settings->column[k], given, encoding, failure)) return false;
  return true;
}

bool nnrt_load_data(const nnrt_model *model, const nnrt_options *options, bool with_targets,
                    const nnrt_file *file, int files, nnrt_encoding *encoding,
                    nnrt_dataset *data, nnrt_failure *failure) {
  return nnrt_load_lines(model, options, with_targets, file, files, NULL, encoding, data,
                         failure);
}

bool nnrt_load_lines(const nnrt_model *model, const nnrt_options *options, bool with_targets,
                     const nnrt_file *file, int files, nnrt_lines *lines,
                     nnrt_encoding *encoding, nnrt_dataset *data, nnrt_failure *failure) {
  const nnrt_request request = {.file = file, .files = (size_t)files,
                                .with_targets = with_targets,
                                .memory = (size_t)options->memory << 20,
                                .lanes = model->carries ? (size_t)options->settings.batch : 1,
                                .weights = options->settings.weights,
                                .lines = lines};
  return choose_columns(model, options, encoding, failure) &&
         nnrt_data_load(model, &request, encoding, data, failure);
}

bool nnrt_load_encoding(const nnrt_options *options, const nnrt_model *model,
                        nnrt_encoding *encoding, nnrt_failure *failure) {
  nnrt_weights *weights = nnrt_open_loaded(options, failure);
  /* of another model's weights, say so before anything is said of the data */
  const bool fit = weights && (options->partial || nnrt_weights_load(weights, model, NULL, 0, failure));
  const bool read = fit && nnrt_encoding_read(weights, model, encoding, failure);
  nnrt_weights_close(weights);
  return read;
}

nnrt_splitting nnrt_splitting_of(const nnrt_model *model, const nnrt_options *options,
                                 size_t fold) {
  return (nnrt_splitting){.holdout = options->settings.holdout, .seed = options->settings.seed,
                          .folds = (size_t)options->folds, .fold = fold,
                          .shuffles = !options->no_shuffle, .carries = model->carries != 0};
}
