/* test: turns weights and data into a loss and metrics, "name value" a line, for people and scripts
 * alike. */
#include "session.h"

#include <stdlib.h>

enum { BAD = 2 };

static void print(const nnrt_model *model, const double *values) {
  printf("loss %.9g\n", values[0]);
  for (size_t i = 0; i < model->metrics; i++)
    printf("%s %.9g\n", model->metric[i], values[1 + i]);
}

/* The text bytes that training used, and what it held out: seed and share are in the weights,
 * unless told otherwise. */
static bool take_training(const char *path, const nnrt_model *model, nnrt_options *options,
                          nnrt_alphabet *alphabet, nnrt_failure *failure) {
  nnrt_weights *weights = nnrt_weights_open(path, failure);
  bool taken = weights && nnrt_weights_alphabet(weights, alphabet, failure);
  if (taken && !nnrt_given(options, NNRT_OPTION_SEED))
    taken = nnrt_option_restore(weights, model, NNRT_OPTION_SEED, options, failure);
  if (taken && !nnrt_given(options, NNRT_OPTION_HOLDOUT))
    taken = nnrt_option_restore(weights, model, NNRT_OPTION_HOLDOUT, options, failure);
  nnrt_weights_close(weights);
  return taken;
}

static bool test_samples(const nnrt_model *model, const nnrt_options *options,
                         const nnrt_dataset *data, const size_t *index, size_t count,
                         nnrt_failure *failure) {
  double *values = calloc(1 + model->metrics, sizeof *values);
  const size_t wanted = (size_t)options->settings.batch;
  const int batch = (int)(wanted < count ? wanted : count);
  void *block = nnrt_block_new(model, batch, 0, options->settings.seed, failure);
  bool done = values && block && nnrt_block_load(model, block, options->load, 1, failure) &&
              nnrt_evaluate(model, block, data, index, count, values, failure);
  if (done)
    print(model, values);
  free(block);
  free(values);
  return done;
}

/* All of the data, or what is held out of it. */
static bool test_data(const nnrt_model *model, const nnrt_options *options,
                      const nnrt_dataset *data, bool held_out, nnrt_failure *failure) {
  size_t kept = 0;
  if (!held_out)
    return test_samples(model, options, data, NULL, data->samples, failure);
  size_t *order = nnrt_holdout_draw(model, data->samples, options->settings.holdout,
                                    options->settings.seed, &kept, failure);
  bool done = order && test_samples(model, options, data, order + kept, data->samples - kept,
                                    failure);
  free(order);
  return done;
}

int nnrt_command_test(const nnrt_model *model, nnrt_options *options, nnrt_failure *failure) {
  const nnrt_settings *settings = &options->settings;
  nnrt_alphabet alphabet = {0, {0}};
  nnrt_dataset data;
  if (!options->load) {
    nnrt_fail(failure, "test: say --load FILE: the weights that training saved");
    return BAD;
  }
  if (!take_training(options->load, model, options, &alphabet, failure))
    return BAD;
  bool given = nnrt_given(options, NNRT_OPTION_DATA), from_test = !given && settings->test_files;
  bool held_out = !from_test && settings->holdout > 0 &&
                  (!given || nnrt_given(options, NNRT_OPTION_HOLDOUT));
  if (!given && !from_test && !held_out) {
    nnrt_fail(failure, "test: no data: say --data FILE (the model's `train` has neither `test` nor "
              "`holdout`)");
    return BAD;
  }
  if (!nnrt_data_load(model, 1, from_test ? settings->test : settings->data,
                      (size_t)(from_test ? settings->test_files : settings->data_files), &alphabet,
                      &data, failure))
    return BAD;
  bool done = test_data(model, options, &data, held_out, failure);
  nnrt_data_free(&data);
  return done ? 0 : BAD;
}
