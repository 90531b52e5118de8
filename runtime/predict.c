/* predict: turns weights and inputs into outputs. */
#include "session.h"

#include <stdlib.h>

enum { BAD = 2 };

/* One stream in a model that carries: samples follow each other as they stand in the file. */
static size_t batch_of(const nnrt_model *model, const nnrt_options *options, size_t samples) {
  const size_t wanted = model->carries ? 1 : (size_t)options->settings.batch;
  return wanted < samples ? wanted : samples;
}

/* Outputs go straight to their place among all; inputs are read where they lie. */
static void predict_all(const nnrt_model *model, void *block, const nnrt_dataset *data,
                        size_t batch, const nnrt_tensor *output, void *const *values,
                        const void **inputs, void **outputs) {
  for (size_t begin = 0; begin < data->samples; begin += batch) {
    const size_t rest = data->samples - begin;
    for (size_t k = 0; k < model->inputs; k++)
      inputs[k] = nnrt_data_at(data, k, begin);
    for (size_t k = 0; k < model->outputs; k++)
      outputs[k] = (char *)values[k] + begin * nnrt_sample_bytes(&output[k], model->real_bytes);
    model->predict(block, (int)(rest < batch ? rest : batch), inputs, outputs);
  }
}

static const nnrt_tensor *first_output(const nnrt_model *model) {
  return &model->tensor[model->tensors - model->outputs];
}

static bool predict(const nnrt_model *model, const nnrt_options *options, const nnrt_dataset *data,
                    nnrt_failure *failure) {
  const nnrt_tensor *output = first_output(model);
  const size_t batch = batch_of(model, options, data->samples);
  nnrt_batch room = {0, NULL};
  const void **inputs = calloc(model->inputs + 1, sizeof *inputs);
  void **outputs = calloc(model->outputs + 1, sizeof *outputs);
  void *block = nnrt_block_new(model, (int)batch, 0, options->settings.seed, failure);
  bool done = inputs && outputs && block &&
              nnrt_block_load(model, block, options->load, 1, failure) &&
              nnrt_batch_new(output, model->outputs, model->real_bytes, data->samples, &room,
                             failure);
  if (done) {
    predict_all(model, block, data, batch, output, room.values, inputs, outputs);
    done = nnrt_write_outputs(model, output, model->outputs, room.values, data->samples,
                              options->output, failure);
  }
  nnrt_batch_free(&room);
  free(block);
  free(inputs);
  free(outputs);
  return done;
}

int nnrt_command_predict(const nnrt_model *model, nnrt_options *options, nnrt_failure *failure) {
  const nnrt_settings *settings = &options->settings;
  nnrt_alphabet alphabet = {0, {0}};
  nnrt_dataset data;
  if (model->outputs == 0)
    nnrt_fail(failure, "predict: the model has no output: add `output NAME` to it");
  else if (!options->load)
    nnrt_fail(failure, "predict: say --load FILE: the weights that training saved");
  else if (!nnrt_given(options, NNRT_OPTION_DATA))
    nnrt_fail(failure, "predict: say --data FILE: the inputs to predict from");
  else if (nnrt_check_output_path(options->output, failure) &&
           nnrt_read_alphabet(options->load, &alphabet, failure) &&
           nnrt_data_load(model, 0, settings->data, (size_t)settings->data_files, &alphabet, &data,
                          failure)) {
    bool done = predict(model, options, &data, failure);
    nnrt_data_free(&data);
    return done ? 0 : BAD;
  }
  return BAD;
}
