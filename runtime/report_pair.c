/* Lets the output that guesses a target guess, for the page. */
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_LOSSES = 50, MOST_LOSSES = 5000, LEAST_GUESSES = 1000 };
static const double most_operations = 2e10; /* a few seconds' work */

/* ---- pairs --------------------------------------------------------------------------------- */

static nnrt_pair find_pair(const nnrt_model *model) {
  nnrt_pair pair = {NNRT_PAIR_NONE, 0, 0, 0};
  for (size_t t = model->inputs;
       t < model->inputs + model->targets && pair.kind == NNRT_PAIR_NONE; t++)
    pair = nnrt_pair_of(model, t);
  return pair;
}

/* ---- samples -------------------------------------------------------------------------------- */

static size_t sample_at(nnrt_guesses *of, size_t place) {
  nnrt_trainer *trainer = of->trainer;
  const size_t lanes = trainer->batch < of->count ? trainer->batch : of->count;
  size_t sample = place;
  if (trainer->model->carries)
    sample = place = nnrt_lane_sample(place, lanes, of->count / lanes);
  if (!trainer->has_test && trainer->test_name)
    nnrt_order_held(&trainer->order, place, 1, &sample);
  else if (!trainer->has_test)
    nnrt_order_take(&trainer->order, place, 1, &sample);
  return sample;
}

bool nnrt_guess_gather(nnrt_guesses *of, size_t begin, size_t n, size_t *chosen,
                       nnrt_failure *failure) {
  for (size_t i = 0; i < n; i++)
    chosen[i] = sample_at(of, begin + i);
  return nnrt_data_gather(of->data, chosen, n, of->room.values, failure);
}

void nnrt_show_class(FILE *to, const nnrt_guesses *of, size_t class) {
  char room[NNRT_CLASS_TEXT];
  nnrt_html_text(to, nnrt_class_text(&of->trainer->encoding, of->trainer->model, &of->pair, class,
                                     room));
}

/* ---- guessing ------------------------------------------------------------------------------ */

static void read_scores(nnrt_guesses *of, const void *output, size_t at, size_t from) {
  const int real_bytes = of->trainer->model->real_bytes;
  const size_t classes = of->pair.classes;
  const size_t best = nnrt_pair_guess(of->trainer->model, &of->pair, output, from);
  const double top = nnrt_real_at(output, from * classes + best, real_bytes);
  double sum = 0;
  for (size_t k = 0; k < classes; k++)
    sum += nnrt_real_at(output, from * classes + k, real_bytes);
  of->value[at] = (double)best;
  of->sure[at] = top;
  of->probable = of->probable && top > 0 && top <= 1.001 && fabs(sum - 1) < 1e-3;
}

static void read_output(nnrt_guesses *of, const void *output, size_t begin, size_t n) {
  for (size_t i = 0; i < n * of->elements; i++) {
    const size_t at = begin * of->elements + i;
    if (of->pair.kind == NNRT_PAIR_SCORES)
      read_scores(of, output, at, i);
    else if (of->pair.kind == NNRT_PAIR_LABELS)
      of->value[at] = (double)((const int32_t *)output)[i];
    else
      of->value[at] = nnrt_real_at(output, i, of->trainer->model->real_bytes);
  }
}

static void read_truth(nnrt_guesses *of, size_t begin, size_t n) {
  const nnrt_model *model = of->trainer->model;
  const void *target = of->room.values[of->pair.target];
  for (size_t i = 0; i < n * of->elements; i++)
    of->truth[begin * of->elements + i] = model->tensor[of->pair.target].kind == NNRT_REAL
                                            ? nnrt_real_at(target, i, model->real_bytes)
                                            : (double)((const int32_t *)target)[i];
}

static bool predict(nnrt_guesses *of, const nnrt_batch *outputs, nnrt_failure *failure) {
  const nnrt_model *model = of->trainer->model;
  const void *output = outputs->values[of->pair.output - (model->tensors - model->outputs)];
  nnrt_head *head = of->trainer->block;
  bool done = true;
  head->carried = 0;
  of->probable = of->pair.kind == NNRT_PAIR_SCORES;
  for (size_t begin = 0, n; done && begin < of->count; begin += n) {
    n = of->count - begin < of->trainer->batch ? of->count - begin : of->trainer->batch;
    done = nnrt_guess_gather(of, begin, n, of->trainer->chosen, failure);
    if (!done)
      break;
    model->predict(of->trainer->block, (int)n, nnrt_batch_data(&of->room), outputs->values);
    read_truth(of, begin, n);
    read_output(of, output, begin, n);
  }
  head->carried = 0;
  return done;
}

/* Each sample's own loss; a stream has none. */
static bool weigh(nnrt_guesses *of, double *values, nnrt_failure *failure) {
  const nnrt_model *model = of->trainer->model;
  for (size_t i = 0; i < of->losses; i++) {
    if (!nnrt_guess_gather(of, i, 1, of->trainer->chosen, failure))
      return false;
    model->test(of->trainer->block, 1, nnrt_batch_data(&of->room), values);
    of->loss[i] = values[0];
  }
  return true;
}

static bool is_binary(const nnrt_guesses *of) {
  for (size_t i = 0; i < of->count * of->elements; i++) {
    const double truth = of->truth[i];
    if (((truth < 0 || truth > 0) && (truth < 1 || truth > 1)) || of->value[i] < 0 ||
        of->value[i] > 1)
      return false;
  }
  return true;
}

/* From probabilities to the classes 0 and 1. */
static void decide(nnrt_guesses *of) {
  of->pair.kind = NNRT_PAIR_BINARY;
  of->pair.classes = 2;
  of->probable = true;
  for (size_t i = 0; i < of->count * of->elements; i++) {
    of->sure[i] = of->value[i] > 0.5 ? of->value[i] : 1 - of->value[i];
    of->value[i] = of->value[i] > 0.5;
  }
}

static size_t at_most(size_t count, double most, size_t least) {
  const size_t bound = most < (double)least ? least : (size_t)fmin(most, 1e9);
  return count < bound ? count : bound;
}

static void choose_samples(nnrt_guesses *of) {
  nnrt_trainer *trainer = of->trainer;
  const nnrt_model *model = trainer->model;
  const double affordable = most_operations / (model->predict_operations + 1);
  of->data = trainer->has_test ? &trainer->test : &trainer->data;
  of->of = trainer->test_name ? trainer->test_name : "training";
  of->count = trainer->has_test ? trainer->test.samples
              : trainer->test_name ? trainer->order.held : trainer->order.learned;
  if (!trainer->test_name)
    nnrt_order_epoch(&trainer->order, 0);
  of->losses = model->carries ? 0 : at_most(of->count, fmin(affordable, MOST_LOSSES), LEAST_LOSSES);
  of->count = at_most(of->count, affordable, LEAST_GUESSES);
}

static bool make_room(nnrt_guesses *of, nnrt_batch *outputs, nnrt_failure *failure) {
  const nnrt_trainer *trainer = of->trainer;
  const nnrt_model *model = trainer->model;
  const size_t values = of->count * of->elements + 1;
  of->truth = malloc(values * sizeof *of->truth);
  of->value = malloc(values * sizeof *of->value);
  of->sure = malloc(values * sizeof *of->sure);
  of->loss = malloc((of->losses + 1) * sizeof *of->loss);
  if (!of->truth || !of->value || !of->sure || !of->loss)
    return nnrt_fail(failure, "out of memory for the report");
  return nnrt_batch_new(of->data->tensor, of->data->tensors, model->real_bytes, trainer->batch,
                        &of->room, failure) &&
         nnrt_batch_new(model->tensor + model->tensors - model->outputs, model->outputs,
                        model->real_bytes, trainer->batch, outputs, failure);
}

bool nnrt_guess(nnrt_trainer *trainer, nnrt_guesses *of, nnrt_failure *failure) {
  const nnrt_model *model = trainer->model;
  nnrt_batch outputs = {0, NULL};
  memset(of, 0, sizeof *of);
  of->trainer = trainer;
  of->pair = find_pair(model);
  const bool guesses = of->pair.kind != NNRT_PAIR_NONE;
  of->elements = guesses ? model->tensor[of->pair.target].elements : 0;
  choose_samples(of);
  const bool done = make_room(of, &outputs, failure) &&
                    (!guesses || predict(of, &outputs, failure)) &&
                    weigh(of, trainer->test_values, failure);
  if (done && of->pair.kind == NNRT_PAIR_REALS && is_binary(of))
    decide(of);
  nnrt_batch_free(&outputs);
  return done;
}

void nnrt_guesses_free(nnrt_guesses *of) {
  nnrt_batch_free(&of->room);
  free(of->truth);
  free(of->value);
  free(of->sure);
  free(of->loss);
}
