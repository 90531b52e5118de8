/* Turns "16 4 16 3" (batch, then widths) into FANN's samples per second in training, as a number:
 * tanh, squared error (FANN has no cross-entropy), batch gradient descent. Throughput only. */
#include <fann.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { PARTS = 5, MOST_LAYERS = 8 };

static double processor_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double time_steps(struct fann *net, struct fann_train_data *data, long steps) {
  const double begun = processor_seconds();
  for (long i = 0; i < steps; i++)
    fann_train_epoch(net, data);
  return processor_seconds() - begun + 1e-9;
}

static void draw(fann_type *values, unsigned count) {
  for (unsigned i = 0; i < count; i++)
    values[i] = (fann_type)rand() / (fann_type)RAND_MAX - 0.5f;
}

int main(int arguments, char **argument) {
  unsigned widths[MOST_LAYERS];
  const unsigned layers = (unsigned)arguments - 2;
  if (arguments < 4 || layers > MOST_LAYERS)
    return 2;
  const unsigned batch = (unsigned)strtoul(argument[1], NULL, 10);
  for (unsigned i = 0; i < layers; i++)
    widths[i] = (unsigned)strtoul(argument[i + 2], NULL, 10);
  struct fann *net = fann_create_standard_array(layers, widths);
  struct fann_train_data *data = fann_create_train(batch, widths[0], widths[layers - 1]);
  fann_set_training_algorithm(net, FANN_TRAIN_BATCH);
  fann_set_activation_function_hidden(net, FANN_SIGMOID_SYMMETRIC);
  fann_set_activation_function_output(net, FANN_SIGMOID_SYMMETRIC);
  fann_set_learning_rate(net, 0.01f);
  for (unsigned s = 0; s < batch; s++) {
    draw(data->input[s], widths[0]);
    draw(data->output[s], widths[layers - 1]);
  }
  long steps = 1;
  double taken = time_steps(net, data, steps), best = 1e30;
  while (taken < 0.05) {
    steps *= 2;
    taken = time_steps(net, data, steps);
  }
  for (int part = 0; part < PARTS; part++) {
    const double seconds = time_steps(net, data, steps);
    best = seconds < best ? seconds : best;
  }
  printf("%.1f\n", (double)steps * batch / best);
  fann_destroy_train(data);
  fann_destroy(net);
  return 0;
}
