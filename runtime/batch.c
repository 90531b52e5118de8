/* Turns samples of a data set into batches, and batches into mean losses and metrics. */
#include "session.h"

#include <stdlib.h>

bool nnrt_batch_new(const nnrt_tensor *tensor, size_t tensors, int real_bytes, size_t samples,
                    nnrt_batch *batch, nnrt_failure *failure) {
  batch->tensors = tensors;
  batch->values = calloc(tensors + 1, sizeof *batch->values);
  for (size_t i = 0; batch->values && i < tensors; i++) {
    size_t bytes = nnrt_sample_bytes(&tensor[i], real_bytes) * samples;
    batch->values[i] = calloc(bytes ? bytes : 1, 1);
    if (!batch->values[i])
      nnrt_batch_free(batch);
  }
  return batch->values || nnrt_fail(failure, "out of memory for a batch of %zu: choose a smaller "
                                    "--batch", samples);
}

void nnrt_batch_free(nnrt_batch *batch) {
  for (size_t i = 0; batch->values && i < batch->tensors; i++)
    free(batch->values[i]);
  free(batch->values);
  batch->values = NULL;
}

const void *const *nnrt_batch_data(const nnrt_batch *batch) {
  return (const void *const *)batch->values;
}

size_t nnrt_lane_sample(size_t place, size_t lanes, size_t run) {
  return place % lanes * run + place / lanes;
}

/* ---- walks over data ------------------------------------------------------------------------ */

/* A walk in progress. */
typedef struct walk {
  const nnrt_dataset *data;
  nnrt_order *held;         /* NULL: all                                                      */
  size_t count, batch, run; /* run: samples of a lane; 0 where samples stand alone */
  nnrt_batch room;
  size_t *chosen;           /* batch of them */
} walk;

/* Chooses samples from `begin` on; returns how many. */
static size_t choose(walk *of, size_t begin) {
  size_t n = of->count - begin < of->batch ? of->count - begin : of->batch;
  for (size_t i = 0; i < n; i++) {
    size_t place = of->run ? nnrt_lane_sample(begin + i, of->batch, of->run) : begin + i;
    if (of->held)
      nnrt_order_held(of->held, place, 1, &of->chosen[i]);
    else
      of->chosen[i] = place;
  }
  return n;
}

static bool visit_all(walk *of, nnrt_visit *visit, void *visitor, nnrt_failure *failure) {
  for (size_t begin = 0, n; begin < of->count; begin += n) {
    n = choose(of, begin);
    if (!nnrt_data_gather(of->data, of->chosen, n, of->room.values, failure))
      return false;
    visit(visitor, (int)n, &of->room);
  }
  return true;
}

bool nnrt_walk(const nnrt_model *model, void *block, const nnrt_dataset *data, nnrt_order *held,
               nnrt_visit *visit, void *visitor, nnrt_failure *failure) {
  nnrt_head *head = block;
  const size_t count = held ? held->held : data->samples;
  walk of = {data, held, count, (size_t)head->batch, 0, {0, NULL}, NULL};
  bool done = false;
  if (model->carries) {
    of.batch = of.batch < count ? of.batch : count;
    of.run = count / of.batch;
    of.count = of.run * of.batch;
  }
  of.chosen = malloc(of.batch * sizeof *of.chosen);
  head->carried = 0;
  if (!of.chosen)
    nnrt_fail(failure, "out of memory");
  else if (nnrt_batch_new(data->tensor, data->tensors, data->real_bytes, of.batch, &of.room,
                          failure))
    done = visit_all(&of, visit, visitor, failure);
  head->carried = 0;
  nnrt_batch_free(&of.room);
  free(of.chosen);
  return done;
}

/* ---- evaluation ----------------------------------------------------------------------------- */

typedef struct evaluation {
  const nnrt_model *model;
  void *block;
  size_t samples;       /* so far         */
  double *sum, *values; /* 1 + metrics    */
} evaluation;

static void add_batch(void *visitor, int n, const nnrt_batch *batch) {
  evaluation *of = visitor;
  of->model->test(of->block, n, nnrt_batch_data(batch), of->values);
  of->samples += (size_t)n;
  for (size_t i = 0; i < 1 + of->model->metrics; i++)
    of->sum[i] += of->values[i] * n;
}

static bool evaluate_in(const nnrt_model *model, void *block, const nnrt_dataset *data,
                        nnrt_order *held, double *values, nnrt_failure *failure) {
  evaluation of = {model, block, 0, calloc(1 + model->metrics, sizeof *of.sum), values};
  bool done = of.sum ? nnrt_walk(model, block, data, held, add_batch, &of, failure)
                     : nnrt_fail(failure, "out of memory");
  for (size_t i = 0; done && i < 1 + model->metrics; i++)
    values[i] = of.sum[i] / (double)of.samples;
  free(of.sum);
  return done;
}

bool nnrt_evaluate(const nnrt_model *model, void *block, const nnrt_dataset *data,
                   nnrt_order *held, double *values, nnrt_failure *failure) {
  const nnrt_head *head = block;
  const size_t count = held ? held->held : data->samples;
  if (!model->metrics_of_whole || model->carries || count <= (size_t)head->batch)
    return evaluate_in(model, block, data, held, values, failure);
  if (count > INT32_MAX)
    return nnrt_fail(failure, "a metric over all %zu samples at once is too large", count);
  void *whole = nnrt_block_new(model, (int)count, 0, head->seed, failure);
  if (!whole)
    return false;
  nnrt_block_copy(model, block, whole);
  bool done = evaluate_in(model, whole, data, held, values, failure);
  nnrt_block_free(model, whole);
  return done;
}
