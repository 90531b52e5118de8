/* check: turns random parameters and random data into a verdict on every gradient, by central
 * differences of the loss.
 *
 *   |g - d| <= tolerance * max(|g|, |d|, 1e-3 * the tensor's largest |g|, 1e-6)
 *
 * for all elements of a tensor of up to 10,000, for 1,000 drawn by the seed of a larger one.
 * Elements at a kink are left out, at most 1 % of all; a draw that has more is drawn anew, and so
 * is one at which the loss is not finite, with positive inputs in every other draw. */
#include "difference.h"
#include "random.h"
#include "session.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ALL_UP_TO = 10000, DRAWN = 1000, DRAWS = 5, SMALLEST_BATCH = 3, FAILED = 1, BAD = 2 };

typedef struct check {
  const nnrt_model *model;
  void *block;
  nnrt_batch batch;
  int n;
  uint64_t seed;
  double tolerance;
  void *gradient; /* the block's region of gradients, kept while losses are taken */
  size_t checked, kinks, wrong;
} check;

/* One tensor's. */
typedef struct tally {
  const nnrt_tensor *tensor;
  size_t checked, kinks, wrong;
  double largest;                /* error among those that count */
  size_t worst;                  /* element */
  double gradient, difference;   /* there */
} tally;

/* A size that no axis has, so that a mix-up of axes shows. */
static int is_a_size(const nnrt_model *model, size_t n) {
  for (size_t k = 0; k < model->tensors; k++)
    for (int axis = 0; axis < model->tensor[k].rank; axis++)
      if (model->tensor[k].shape[axis] == n)
        return 1;
  return 0;
}

static int choose_batch(const nnrt_model *model) {
  for (int n = SMALLEST_BATCH; n < SMALLEST_BATCH + 8; n++)
    if (!is_a_size(model, (size_t)n))
      return n;
  return SMALLEST_BATCH;
}

static double gradient_at(const check *of, const nnrt_tensor *tensor, size_t element) {
  const char *first = (const char *)of->gradient + (tensor->offset - of->model->parameter_offset);
  return of->model->real_bytes == (int)sizeof(float)
           ? (double)((const float *)(const void *)first)[element]
           : ((const double *)(const void *)first)[element];
}

static double largest_gradient(const check *of, const nnrt_tensor *tensor) {
  double largest = 0.0;
  for (size_t i = 0; i < tensor->elements; i++)
    largest = fmax(largest, fabs(gradient_at(of, tensor, i)));
  return largest;
}

static void check_element(check *of, size_t index, size_t element, double floor, tally *to) {
  const nnrt_tensor *tensor = &of->model->tensor[index];
  char *first = of->model->locate(of->block, index);
  const double gradient = gradient_at(of, tensor, element);
  const nnrt_probe probe = {of->model, of->block, of->n, nnrt_batch_data(&of->batch),
                            first + element * (size_t)of->model->real_bytes};
  const nnrt_comparison found = nnrt_compare(&probe, gradient, floor, of->tolerance);
  to->checked++;
  to->kinks += found.verdict == NNRT_KINK;
  to->wrong += found.verdict == NNRT_DISAGREES;
  if (found.verdict != NNRT_KINK && !(found.error <= to->largest)) {
    to->largest = found.error;
    to->worst = element;
    to->gradient = gradient;
    to->difference = found.difference;
  }
}

static tally check_tensor(check *of, size_t index) {
  const nnrt_tensor *tensor = &of->model->tensor[index];
  const double floor = fmax(1e-3 * largest_gradient(of, tensor), 1e-6);
  nnrt_random stream = nnrt_random_begin(of->seed, tensor->name, 3);
  tally found = {tensor, 0, 0, 0, 0.0, 0, 0.0, 0.0};
  if (tensor->elements <= ALL_UP_TO)
    for (size_t i = 0; i < tensor->elements; i++)
      check_element(of, index, i, floor, &found);
  else
    for (int i = 0; i < DRAWN; i++)
      check_element(of, index, nnrt_random_below(&stream, tensor->elements), floor, &found);
  return found;
}

/* "W[2, 0]" */
static void print_element(const nnrt_tensor *tensor, size_t element) {
  size_t inner = tensor->elements;
  printf("%s", tensor->name);
  for (int axis = 0; axis < tensor->rank; axis++) {
    inner /= tensor->shape[axis];
    printf("%s%zu", axis ? ", " : "[", element / inner % tensor->shape[axis]);
  }
  printf("%s", tensor->rank ? "]" : "");
}

static void print_tally(const tally *found) {
  const nnrt_shape_text shape = nnrt_show_shape(found->tensor->rank, found->tensor->shape);
  printf("%-16s %-16s %6zu checked  largest error %.1e  kinks %zu%s\n", found->tensor->name,
         shape.chars, found->checked, found->largest, found->kinks, found->wrong ? "  WRONG" : "");
  if (found->wrong) {
    printf("  %zu wrong, the worst at ", found->wrong);
    print_element(found->tensor, found->worst);
    printf(": gradient %.10g, central difference %.10g\n", found->gradient, found->difference);
  }
  fflush(stdout);
}

/* Data, and parameters unless they were loaded; returns the loss there. */
static double draw(check *of, int number, int draw_parameters) {
  const uint64_t seed = of->seed + (uint64_t)number * 1000003;
  nnrt_head *head = of->block;
  nnrt_sample_data(of->model, &of->batch, (size_t)of->n, number % 2, seed);
  if (draw_parameters)
    nnrt_sample_parameters(of->model, of->block, seed);
  head->carried = 0;
  double loss = of->model->gradient(of->block, of->n, nnrt_batch_data(&of->batch));
  memcpy(of->gradient, (const char *)of->block + of->model->gradient_offset,
         of->model->parameter_bytes);
  return loss;
}

static void check_all(check *of) {
  const nnrt_model *model = of->model;
  of->checked = of->kinks = of->wrong = 0;
  for (size_t i = 0; i < model->tensors; i++) {
    if (model->tensor[i].role != NNRT_PARAMETER)
      continue;
    const tally found = check_tensor(of, i);
    print_tally(&found);
    of->checked += found.checked;
    of->kinks += found.kinks;
    of->wrong += found.wrong;
  }
}

static int conclude(const check *of, nnrt_failure *failure) {
  const double share = of->checked ? 100.0 * (double)of->kinks / (double)of->checked : 0.0;
  if (of->wrong > 0)
    nnrt_fail(failure, "check failed: %zu of %zu gradients are wrong", of->wrong, of->checked);
  else if (share > 1.0)
    nnrt_fail(failure, "check failed: %zu of %zu elements (%.1f %%) lie at a kink, more than 1 %%: "
              "try another --seed", of->kinks, of->checked, share);
  else
    printf("check passed: %zu gradients to %.0e, %zu kinks left out\n", of->checked, of->tolerance,
           of->kinks);
  return of->wrong > 0 || share > 1.0 ? FAILED : 0;
}

static int run(check *of, int draw_parameters, nnrt_failure *failure) {
  for (int number = 0; number < DRAWS; number++) {
    if (!isfinite(draw(of, number, draw_parameters)))
      continue;
    if (of->checked > 0)
      printf("more than 1 %% kinks: another draw\n");
    check_all(of);
    if (of->wrong > 0 || of->kinks * 100 <= of->checked)
      break;
  }
  if (of->checked > 0 || of->model->parameters == 0)
    return conclude(of, failure);
  nnrt_fail(failure, "check failed: the loss is not finite on random data: try another --seed, or "
            "--load weights");
  return FAILED;
}

int nnrt_command_check(const nnrt_model *model, nnrt_options *options, nnrt_failure *failure) {
  int status = BAD;
  const uint64_t seed = options->settings.seed;
  check of = {model, NULL, {0, NULL}, 0, seed, 1e-6, NULL, 0, 0, 0};
  of.n = nnrt_given(options, NNRT_OPTION_BATCH) ? options->settings.batch : choose_batch(model);
  if (model->real_bytes == (int)sizeof(float))
    of.tolerance = 1e-2;
  of.block = nnrt_block_new(model, of.n, 1, seed, failure);
  of.gradient = malloc(model->parameter_bytes + 1);
  if (!of.gradient)
    nnrt_fail(failure, "out of memory");
  else if (of.block &&
           nnrt_batch_new(model->tensor, model->inputs + model->targets, model->real_bytes,
                          (size_t)of.n, &of.batch, failure) &&
           (!options->load || nnrt_block_load(model, of.block, options->load, 0, failure)))
    status = run(&of, !options->load, failure);
  nnrt_batch_free(&of.batch);
  free(of.gradient);
  free(of.block);
  return status;
}
