/* folds.c: cross-validation: as many trainings as parts of the data, each judged by the part that
 * it did not see. The data is read once; scales and class weights are fitted anew each time. */
#include "train.h"

#include <math.h>
#include <stdlib.h>

#include "scale.h"

enum { INTERRUPTED = 130, BAD = 2 };

/* Mean and sum of squares around it, of the loss and of each metric. */
typedef struct judgement {
  double mean, squares;
} judgement;

static void take_fold(judgement *all, const double *values, size_t count, double fold) {
  for (size_t k = 0; k < count; k++) {
    const double away = values[k] - all[k].mean;
    all[k].mean += away / fold;
    all[k].squares += away * (values[k] - all[k].mean);
  }
}

static const char *name_of(const nnrt_model *model, size_t value) {
  return value == 0 ? "loss" : model->metric[value - 1];
}

static void say_fold(const nnrt_trainer *trainer, const double *values) {
  const nnrt_model *model = trainer->model;
  printf("fold %zu/%d", trainer->fold + 1, trainer->options->folds);
  for (size_t k = 0; k <= model->metrics; k++)
    printf("  %s %.6g", name_of(model, k), values[k]);
  printf("\n");
}

static void say_all(const nnrt_trainer *trainer, const judgement *all) {
  const int folds = trainer->options->folds;
  printf("%d folds", folds);
  for (size_t k = 0; k <= trainer->model->metrics; k++)
    printf("  %s %.6g \xC2\xB1 %.3g", name_of(trainer->model, k), all[k].mean,
           sqrt(all[k].squares / (folds - 1)));
  printf("\n");
}

int nnrt_cross_validate(nnrt_trainer *trainer, nnrt_failure *failure) {
  const size_t folds = (size_t)trainer->options->folds, count = 1 + trainer->model->metrics;
  judgement *all = calloc(count, sizeof *all);
  int status = all ? 0 : BAD;
  if (!all)
    nnrt_fail(failure, "out of memory");
  for (size_t fold = 0; fold < folds && status == 0; fold++) {
    trainer->fold = fold;
    status = nnrt_train_run(trainer, failure);
    if (status == 0) {
      take_fold(all, trainer->test_values, count, (double)fold + 1);
      say_fold(trainer, trainer->test_values);
    } else if (status == INTERRUPTED) {
      printf("interrupted in fold %zu of %zu\n", fold + 1, folds);
    }
    nnrt_train_reset(trainer);
    nnrt_unfit(&trainer->encoding);
  }
  if (status == 0)
    say_all(trainer, all);
  free(all);
  return status;
}
