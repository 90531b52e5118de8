/* grad: turns weights and one batch, all of the data, into the loss and every parameter's gradient,
 * for other programs to compare with. */
#include "session.h"

#include <stdlib.h>
#include <string.h>

enum { BAD = 2 };

static bool write_gradient(const nnrt_model *model, void *block, double loss, const char *path,
                           nnrt_failure *failure) {
  const float single = (float)loss;
  const nnrt_dtype real = nnrt_real_dtype(model->real_bytes);
  nnrt_view *view = calloc(1 + model->parameters, sizeof *view);
  size_t count = 0;
  if (!view)
    return nnrt_fail(failure, "out of memory");
  const nnrt_view loss_view = {"loss", real, 0, NULL,
                               real == NNRT_F32 ? (const void *)&single : (const void *)&loss};
  view[count++] = loss_view;
  for (size_t i = 0; i < model->tensors; i++) {
    const nnrt_tensor *tensor = &model->tensor[i];
    if (tensor->role != NNRT_PARAMETER)
      continue;
    const nnrt_view one = {tensor->name, real, tensor->rank, tensor->shape,
                           nnrt_gradient_of(model, block, tensor)};
    view[count++] = one;
  }
  bool written = nnrt_weights_write(path, view, count, NULL, 0, failure);
  free(view);
  return written;
}

static bool compute(const nnrt_model *model, const nnrt_options *options, const nnrt_dataset *data,
                    nnrt_failure *failure) {
  const uint64_t seed = options->settings.seed;
  nnrt_batch batch = {0, NULL};
  if (data->samples > INT32_MAX)
    return nnrt_fail(failure, "grad: %zu samples are too many for one batch", data->samples);
  void *block = nnrt_block_new(model, (int)data->samples, 1, seed, failure);
  bool done = block != NULL;
  if (done && options->load)
    done = nnrt_block_load(model, block, options, 0, failure);
  size_t *all = malloc(data->samples * sizeof *all);
  for (size_t i = 0; all && i < data->samples; i++)
    all[i] = i;
  if (done && !all)
    done = nnrt_fail(failure, "out of memory");
  if (done && nnrt_batch_new(data->tensor, data->tensors, data->real_bytes, data->samples, &batch,
                             failure)) {
    double loss = 0;
    done = nnrt_data_gather(data, all, data->samples, batch.values, failure);
    if (done) {
      nnrt_team *team = nnrt_team_new(options->threads);
      ((nnrt_head *)block)->team = team;
      loss = model->gradient(block, (int)data->samples, nnrt_batch_data(&batch));
      nnrt_team_free(team);
      done = write_gradient(model, block, loss, options->output, failure);
    }
    if (done)
      printf("loss %.9g of %zu samples; its gradients saved to %s\n", loss, data->samples,
             options->output);
  } else {
    done = false;
  }
  nnrt_batch_free(&batch);
  free(all);
  nnrt_block_free(model, block);
  return done;
}

int nnrt_command_grad(const nnrt_model *model, nnrt_options *options, nnrt_failure *failure) {
  const nnrt_settings *settings = &options->settings;
  nnrt_encoding encoding = {.tensors = 0};
  nnrt_dataset data;
  if (!options->output) {
    nnrt_fail(failure, "grad: say -o FILE.safetensors: where the gradients go");
    return BAD;
  }
  if (settings->data_files == 0) {
    nnrt_fail(failure, "grad: no data: say --data FILE");
    return BAD;
  }
  bool done = (!options->load ||
               nnrt_load_encoding(options, model, &encoding, failure)) &&
              nnrt_load_data(model, options, true, settings->data, settings->data_files,
                             &encoding, &data, failure);
  if (done) {
    done = compute(model, options, &data, failure);
    nnrt_data_free(&data);
  }
  nnrt_encoding_free(&encoding);
  return done ? 0 : BAD;
}
