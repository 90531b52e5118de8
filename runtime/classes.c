/* Turns guesses at classes into a table: precision, recall, F1 and support of each.
 *
 *   p against s: accuracy 0.95 of 60
 *   class         precision     recall         f1    support
 *   setosa                1          1          1         20
 *   ...
 *   mean            0.95013       0.95    0.94997         60
 *   weighted        0.95013       0.95    0.94997         60
 *
 * precision = right / guessed, recall = right / support, F1 = 2 right / (guessed + support).
 * What has nothing to be a share of is "-", and counts as 0 in the means (as in scikit-learn).
 * `mean` is over the classes listed, `weighted` counts each by its support.
 */
#include "pair.h"
#include "session.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct tally {
  size_t support, guessed, right;
} tally;

typedef struct counting {
  const nnrt_model *model;
  void *block;
  nnrt_pair pair;
  nnrt_batch outputs;
  tally *of; /* [classes] */
  int width; /* of the names */
} counting;

static void count_batch(void *visitor, int n, const nnrt_batch *batch) {
  counting *in = visitor;
  const nnrt_model *model = in->model;
  const int32_t *truth = batch->values[in->pair.target];
  model->predict(in->block, n, nnrt_batch_data(batch), in->outputs.values);
  const void *output = in->outputs.values[in->pair.output - (model->tensors - model->outputs)];
  for (size_t i = 0; i < (size_t)n * model->tensor[in->pair.target].elements; i++) {
    const size_t guess = nnrt_pair_guess(model, &in->pair, output, i);
    in->of[truth[i]].support++;
    if (guess < in->pair.classes) {
      in->of[guess].guessed++;
      in->of[guess].right += guess == (size_t)truth[i];
    }
  }
}

/* ---- the table ------------------------------------------------------------------------------ */

enum { COLUMNS = 3, LEAST_WIDTH = 8, MOST_WIDTH = 40 };

static double ratio(size_t part, size_t whole) {
  return whole ? (double)part / (double)whole : 0;
}

/* In characters of UTF-8: bytes but those that go on with one. */
static int width_of(const char *name) {
  int width = 0;
  for (const char *c = name; *c; c++)
    width += (*c & 0xC0) != 0x80;
  return width;
}

/* A word's line breaks and the like would break the table's lines. */
static void print_name(const counting *in, const char *name) {
  const int width = width_of(name);
  for (const char *c = name; *c; c++)
    putchar(iscntrl((unsigned char)*c) ? '?' : *c);
  printf("%*s", width < in->width ? in->width - width : 0, "");
}

static bool is_listed(const tally *one) {
  return one->support + one->guessed > 0;
}

static void find_width(counting *in, const nnrt_encoding *encoding) {
  char room[NNRT_CLASS_TEXT];
  in->width = LEAST_WIDTH;
  for (size_t class = 0; class < in->pair.classes; class++) {
    const int width = is_listed(&in->of[class])
                        ? width_of(nnrt_class_text(encoding, in->model, &in->pair, class, room))
                        : 0;
    if (width > in->width)
      in->width = width < MOST_WIDTH ? width : MOST_WIDTH;
  }
}

static void print_share(size_t part, size_t whole) {
  if (whole)
    printf(" %10.5g", ratio(part, whole));
  else
    printf(" %10s", "-");
}

static void print_mean(const counting *in, const char *name, const double *sum, double of,
                       size_t support) {
  print_name(in, name);
  for (int k = 0; k < COLUMNS; k++)
    printf(" %10.5g", sum[k] / of);
  printf(" %10zu\n", support);
}

static void print_classes(const counting *in, const nnrt_encoding *encoding) {
  double mean[COLUMNS] = {0}, weighted[COLUMNS] = {0};
  size_t listed = 0, all = 0;
  for (size_t class = 0; class < in->pair.classes; class++) {
    const tally *one = &in->of[class];
    const size_t part[] = {one->right, one->right, 2 * one->right};
    const size_t whole[] = {one->guessed, one->support, one->guessed + one->support};
    char room[NNRT_CLASS_TEXT];
    if (!is_listed(one))
      continue;
    print_name(in, nnrt_class_text(encoding, in->model, &in->pair, class, room));
    for (int k = 0; k < COLUMNS; k++) {
      print_share(part[k], whole[k]);
      mean[k] += ratio(part[k], whole[k]);
      weighted[k] += ratio(part[k], whole[k]) * (double)one->support;
    }
    printf(" %10zu\n", one->support);
    listed++;
    all += one->support;
  }
  print_mean(in, "mean", mean, (double)listed, all);
  print_mean(in, "weighted", weighted, (double)all, all);
}

static void print_table(counting *in, const nnrt_encoding *encoding) {
  size_t all = 0, right = 0;
  for (size_t class = 0; class < in->pair.classes; class++) {
    all += in->of[class].support;
    right += in->of[class].right;
  }
  if (all == 0)
    return;
  find_width(in, encoding);
  printf("\n%s against %s: accuracy %.9g of %zu\n", in->model->tensor[in->pair.output].name,
         in->model->tensor[in->pair.target].name, ratio(right, all), all);
  print_name(in, "class");
  printf(" %10s %10s %10s %10s\n", "precision", "recall", "f1", "support");
  print_classes(in, encoding);
}

/* ---- the targets ---------------------------------------------------------------------------- */

static bool test_pair(counting *in, const nnrt_dataset *data, nnrt_order *held,
                      nnrt_failure *failure) {
  in->of = calloc(in->pair.classes, sizeof *in->of);
  if (!in->of)
    return nnrt_fail(failure, "out of memory");
  const bool done = nnrt_walk(in->model, in->block, data, held, count_batch, in, failure);
  if (done)
    print_table(in, data->encoding);
  free(in->of);
  return done;
}

bool nnrt_test_classes(const nnrt_model *model, void *block, const nnrt_dataset *data,
                       nnrt_order *held, nnrt_failure *failure) {
  const nnrt_head *head = block;
  counting in = {.model = model, .block = block};
  bool done = nnrt_batch_new(model->tensor + model->tensors - model->outputs, model->outputs,
                             model->real_bytes, (size_t)head->batch, &in.outputs, failure);
  for (size_t t = model->inputs; t < model->inputs + model->targets && done; t++) {
    in.pair = nnrt_pair_of(model, t);
    if (in.pair.kind == NNRT_PAIR_SCORES || in.pair.kind == NNRT_PAIR_LABELS)
      done = test_pair(&in, data, held, failure);
  }
  nnrt_batch_free(&in.outputs);
  return done;
}
