/* predict: turns weights and inputs into outputs. */
#include "session.h"

#include <stdlib.h>

enum { BAD = 2 };

/* One stream in a model that carries: samples follow each other as they stand in the file. */
static size_t batch_of(const nnrt_model *model, const nnrt_options *options, size_t samples) {
  const size_t wanted = model->carries ? 1 : (size_t)options->settings.batch;
  return wanted < samples ? wanted : samples;
}

/* Outputs go straight to their place among all. */
static bool predict_all(const nnrt_model *model, void *block, const nnrt_dataset *data,
                        size_t batch, const nnrt_tensor *output, void *const *values,
                        const nnrt_batch *inputs, void **outputs, nnrt_failure *failure) {
  for (size_t begin = 0; begin < data->samples; begin += batch) {
    const size_t rest = data->samples - begin, n = rest < batch ? rest : batch;
    if (!nnrt_data_run(data, begin, n, inputs->values, failure))
      return false;
    for (size_t k = 0; k < model->outputs; k++)
      outputs[k] = (char *)values[k] + begin * nnrt_sample_bytes(&output[k], model->real_bytes);
    model->predict(block, (int)n, nnrt_batch_data(inputs), outputs);
  }
  return true;
}

static const nnrt_tensor *first_output(const nnrt_model *model) {
  return &model->tensor[model->tensors - model->outputs];
}

static bool predict(const nnrt_model *model, const nnrt_options *options, const nnrt_dataset *data,
                    nnrt_failure *failure) {
  const nnrt_tensor *output = first_output(model);
  const size_t batch = batch_of(model, options, data->samples);
  nnrt_batch room = {0, NULL}, inputs = {0, NULL};
  void **outputs = calloc(model->outputs + 1, sizeof *outputs);
  void *block = nnrt_block_new(model, (int)batch, 0, options->settings.seed, failure);
  nnrt_team *team = nnrt_team_new(options->threads);
  if (block)
    ((nnrt_head *)block)->team = team;
  bool done = outputs && block &&
              nnrt_batch_new(data->tensor, model->inputs, model->real_bytes, batch, &inputs,
                             failure) &&
              nnrt_block_load(model, block, options, 1, failure) &&
              nnrt_batch_new(output, model->outputs, model->real_bytes, data->samples, &room,
                             failure) &&
              predict_all(model, block, data, batch, output, room.values, &inputs, outputs,
                          failure) &&
              nnrt_write_outputs(model, options, data->encoding, room.values, data->samples,
                                 failure);
  nnrt_batch_free(&room);
  nnrt_block_free(model, block);
  nnrt_team_free(team);
  nnrt_batch_free(&inputs);
  free(outputs);
  return done;
}

static bool predict_files(const nnrt_model *model, const nnrt_options *options,
                          nnrt_encoding *encoding, nnrt_failure *failure) {
  const nnrt_settings *settings = &options->settings;
  nnrt_dataset data;
  char *first = NULL;
  size_t length = 0;
  bool pipes = false;
  if (!nnrt_pipe_begins(model, options, &first, &length, &pipes, failure))
    return false;
  if (pipes)
    return nnrt_pipe(model, options, first, length, encoding, failure);
  if (!nnrt_load_data(model, options, false, settings->data, settings->data_files, encoding, &data,
                      failure))
    return false;
  const bool done = predict(model, options, &data, failure);
  nnrt_data_free(&data);
  return done;
}

int nnrt_command_predict(const nnrt_model *model, nnrt_options *options, nnrt_failure *failure) {
  nnrt_encoding encoding = {.tensors = 0};
  bool done = false;
  if (model->outputs == 0)
    nnrt_fail(failure, "predict: the model has no output: add `output NAME` to it");
  else if (!options->load)
    nnrt_fail(failure, "predict: say --load FILE: the weights that training saved");
  else if (!nnrt_given(options, NNRT_OPTION_DATA))
    nnrt_fail(failure, "predict: say --data FILE: the inputs to predict from");
  else
    done = nnrt_check_output(options, failure) &&
           nnrt_load_encoding(options, model, &encoding, failure) &&
           predict_files(model, options, &encoding, failure);
  nnrt_encoding_free(&encoding);
  return done ? 0 : BAD;
}
