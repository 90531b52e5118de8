/* bench: turns a model into samples per second, in training (gradient and update) and prediction,
 * on random data. Without --steps each is measured for about a second; the time of the fastest of
 * five equal parts counts, as it is the least disturbed. */
#include "session.h"
#include "train.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

enum { PARTS = 5, BAD = 2 };

typedef struct bench {
  const nnrt_model *model;
  void *block; /* of training, or of prediction */
  int batch, training, threads;
  nnrt_batch data, outputs;
} bench;

static double seconds_now(const bench *of) {
  struct timespec now;
  if (of->threads > 1)
    return nnrt_seconds();
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void take_step(const bench *of) {
  const nnrt_model *model = of->model;
  nnrt_head *head = of->block;
  if (of->training) {
    head->draw = head->step;
    model->gradient(of->block, of->batch, nnrt_batch_data(&of->data));
    model->update(of->block, head->hyperparameter[0]);
  } else {
    model->predict(of->block, of->batch, nnrt_batch_data(&of->data), of->outputs.values);
  }
}

static double time_steps(const bench *of, int steps) {
  const double begun = seconds_now(of);
  for (int i = 0; i < steps; i++)
    take_step(of);
  return seconds_now(of) - begun + 1e-9;
}

/* As many steps as take about 0.2 s; warms up on the way. */
static int choose_steps(const bench *of) {
  int steps = 1;
  double seconds = time_steps(of, steps);
  while (seconds < 0.02 && steps < 1 << 28) {
    steps *= 2;
    seconds = time_steps(of, steps);
  }
  const double wanted = 0.2 / seconds * steps;
  return wanted > 1 ? (int)(wanted < 1e9 ? wanted : 1e9) : 1;
}

static double samples_per_second(const bench *of, int steps) {
  const int part = steps > 0 ? (steps + PARTS - 1) / PARTS : choose_steps(of);
  double best = time_steps(of, part);
  for (int i = 1; i < PARTS; i++) {
    const double seconds = time_steps(of, part);
    best = seconds < best ? seconds : best;
  }
  return (double)part * of->batch / best;
}

/* Samples per second, or 0 on failure. */
static double measure(const nnrt_model *model, const nnrt_options *options, int training,
                      nnrt_failure *failure) {
  const int batch = options->settings.batch;
  const size_t n = (size_t)batch;
  bench of = {model, NULL, batch, training, options->threads, {0, NULL}, {0, NULL}};
  nnrt_team *team = nnrt_team_new(options->threads);
  double found = 0.0;
  of.block = nnrt_block_new(model, batch, training, options->settings.seed, failure);
  if (of.block &&
      nnrt_batch_new(model->tensor, model->inputs + model->targets, model->real_bytes, n, &of.data,
                     failure) &&
      nnrt_batch_new(model->tensor + model->tensors - model->outputs, model->outputs,
                     model->real_bytes, n, &of.outputs, failure) &&
      (!options->load || nnrt_block_load(model, of.block, options, 0, failure))) {
    nnrt_sample_data(model, &of.data, n, 0, options->settings.seed);
    ((nnrt_head *)of.block)->team = team;
    found = samples_per_second(&of, options->steps);
  }
  nnrt_batch_free(&of.data);
  nnrt_batch_free(&of.outputs);
  nnrt_team_free(team);
  nnrt_block_free(model, of.block);
  return found;
}

static void print_json(const nnrt_model *model, const nnrt_options *options, double train,
                       double predict) {
  const int batch = options->settings.batch;
  cJSON *all = cJSON_CreateObject();
  cJSON_AddNumberToObject(all, "train_samples_per_s", train);
  cJSON_AddNumberToObject(all, "predict_samples_per_s", predict);
  cJSON_AddNumberToObject(all, "train_gflops", train * model->step_operations * 1e-9);
  cJSON_AddNumberToObject(all, "batch", batch);
  cJSON_AddNumberToObject(all, "threads", options->threads);
  cJSON_AddNumberToObject(all, "train_bytes", (double)model->bytes(batch, 1));
  cJSON_AddNumberToObject(all, "predict_bytes", (double)model->bytes(batch, 0));
  char *text = cJSON_PrintUnformatted(all);
  if (text)
    puts(text);
  cJSON_free(text);
  cJSON_Delete(all);
}

static void print_text(const nnrt_model *model, const nnrt_options *options, double train,
                       double predict) {
  const int batch = options->settings.batch;
  printf("training    %10.0f steps/s  %12.0f samples/s  %8.2f GFLOP/s  %10zu bytes\n",
         train / batch, train, train * model->step_operations * 1e-9, model->bytes(batch, 1));
  printf("prediction  %10.0f calls/s  %12.0f samples/s  %8.2f GFLOP/s  %10zu bytes\n",
         predict / batch, predict, predict * model->predict_operations * 1e-9,
         model->bytes(batch, 0));
  printf("batch %d, %d thread%s, products by %s\n", batch, options->threads,
         options->threads > 1 ? "s" : "", nnrt_product_library());
}

int nnrt_command_bench(const nnrt_model *model, nnrt_options *options, nnrt_failure *failure) {
  const double train = measure(model, options, 1, failure);
  const double predict = train > 0 ? measure(model, options, 0, failure) : 0.0;
  if (!(train > 0) || !(predict > 0))
    return BAD;
  if (options->json)
    print_json(model, options, train, predict);
  else
    print_text(model, options, train, predict);
  return 0;
}
