/* test: turns weights and data into a loss and metrics, "name value" a line, for people and scripts
 * alike; behind an empty line, how each class is told from the others. */
#include "session.h"

#include <stdlib.h>

enum { BAD = 2 };

static void print(const nnrt_model *model, const double *values) {
  printf("loss %.9g\n", values[0]);
  for (size_t i = 0; i < model->metrics; i++)
    printf("%s %.9g\n", model->metric[i], values[1 + i]);
}

/* How training read its data, and what it held out: that depends on seed, share and memory, which
 * are in the weights, unless told otherwise. */
static bool take_training(const nnrt_model *model, nnrt_options *options,
                          nnrt_encoding *encoding, nnrt_failure *failure) {
  static const nnrt_option kept[] = {NNRT_OPTION_SEED, NNRT_OPTION_HOLDOUT, NNRT_OPTION_MEMORY};
  nnrt_weights *weights = nnrt_open_loaded(options, failure);
  bool taken = weights && nnrt_encoding_read(weights, model, encoding, failure);
  for (size_t i = 0; i < sizeof kept / sizeof kept[0] && taken; i++)
    if (!nnrt_given(options, kept[i]))
      taken = nnrt_option_restore(weights, model, kept[i], options, failure);
  nnrt_weights_close(weights);
  return taken;
}

static bool test_samples(const nnrt_model *model, const nnrt_options *options,
                         const nnrt_dataset *data, nnrt_order *held, nnrt_failure *failure) {
  const size_t count = held ? held->held : data->samples;
  double *values = calloc(1 + model->metrics, sizeof *values);
  const size_t wanted = (size_t)options->settings.batch;
  const int batch = (int)(wanted < count ? wanted : count);
  void *block = nnrt_block_new(model, batch, 0, options->settings.seed, failure);
  nnrt_team *team = nnrt_team_new(options->threads);
  if (block)
    ((nnrt_head *)block)->team = team;
  bool done = values && block && nnrt_block_load(model, block, options, 1, failure) &&
              nnrt_evaluate(model, block, data, held, values, failure);
  if (done)
    print(model, values);
  done = done && nnrt_test_classes(model, block, data, held, failure);
  nnrt_block_free(model, block);
  nnrt_team_free(team);
  free(values);
  return done;
}

/* All of the data, or what is held out of it. */
static bool test_data(const nnrt_model *model, const nnrt_options *options,
                      const nnrt_dataset *data, bool held_out, nnrt_failure *failure) {
  const nnrt_splitting how = nnrt_splitting_of(model, options, 0);
  nnrt_order order;
  if (!held_out)
    return test_samples(model, options, data, NULL, failure);
  bool done = nnrt_order_begin(&order, data, &how, failure) &&
              test_samples(model, options, data, &order, failure);
  nnrt_order_free(&order);
  return done;
}

/* Loads what the options name and tests it. */
static bool test_files(const nnrt_model *model, const nnrt_options *options,
                       nnrt_encoding *encoding, nnrt_failure *failure) {
  const nnrt_settings *settings = &options->settings;
  nnrt_dataset data;
  bool given = nnrt_given(options, NNRT_OPTION_DATA), from_test = !given && settings->test_files;
  bool held_out = !from_test && settings->holdout > 0 &&
                  (!given || nnrt_given(options, NNRT_OPTION_HOLDOUT));
  if (!given && !from_test && !held_out)
    return nnrt_fail(failure, "test: no data: say --data FILE (the model's `train` has neither "
                     "`test` nor `holdout`)");
  if (!nnrt_load_data(model, options, true, from_test ? settings->test : settings->data,
                      from_test ? settings->test_files : settings->data_files, encoding, &data,
                      failure))
    return false;
  bool done = test_data(model, options, &data, held_out, failure);
  nnrt_data_free(&data);
  return done;
}

int nnrt_command_test(const nnrt_model *model, nnrt_options *options, nnrt_failure *failure) {
  nnrt_encoding encoding = {.tensors = 0};
  if (!options->load) {
    nnrt_fail(failure, "test: say --load FILE: the weights that training saved");
    return BAD;
  }
  const bool done = take_training(model, options, &encoding, failure) &&
                    test_files(model, options, &encoding, failure);
  nnrt_encoding_free(&encoding);
  return done ? 0 : BAD;
}
