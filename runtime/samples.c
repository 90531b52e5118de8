/* samples.c: what a command's options say of data, to a loaded data set. */
#include "session.h"

bool nnrt_load_data(const nnrt_model *model, const nnrt_options *options, bool with_targets,
                    const nnrt_file *file, int files, nnrt_encoding *encoding,
                    nnrt_dataset *data, nnrt_failure *failure) {
  const nnrt_request request = {.file = file, .files = (size_t)files,
                                .with_targets = with_targets,
                                .memory = (size_t)options->memory << 20};
  return nnrt_data_load(model, &request, encoding, data, failure);
}

bool nnrt_load_encoding(const char *path, const nnrt_model *model, nnrt_encoding *encoding,
                        nnrt_failure *failure) {
  nnrt_weights *weights = nnrt_weights_open(path, failure);
  bool read = weights && nnrt_encoding_read(weights, model, encoding, failure);
  nnrt_weights_close(weights);
  return read;
}

nnrt_splitting nnrt_splitting_of(const nnrt_model *model, const nnrt_options *options) {
  return (nnrt_splitting){.holdout = options->settings.holdout, .seed = options->settings.seed,
                          .shuffles = !options->no_shuffle, .carries = model->carries != 0};
}
