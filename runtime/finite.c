/* Finds the tensor that ceased to be finite first. */
#include "finite.h"
#include "stack.h"

#include <math.h>
#include <string.h>

bool nnrt_all_finite(const void *first, size_t count, int real_bytes) {
  uint32_t found = 0;
  if (real_bytes == (int)sizeof(float)) {
    for (size_t i = 0; i < count; i++) {
      uint32_t bits;
      memcpy(&bits, (const char *)first + 4 * i, sizeof bits);
      found |= (uint32_t)((bits & 0x7fffffffu) >= 0x7f800000u);
    }
  } else {
    for (size_t i = 0; i < count; i++) {
      uint64_t bits;
      memcpy(&bits, (const char *)first + 8 * i, sizeof bits);
      found |= (uint32_t)((bits & 0x7fffffffffffffffu) >= 0x7ff0000000000000u);
    }
  }
  return found == 0;
}

/* The first parameter or state that is not finite; NULL: none. */
static const nnrt_tensor *wrong_weight(const nnrt_trainer *trainer) {
  const nnrt_model *model = trainer->model;
  for (size_t i = 0; i < model->tensors; i++) {
    const nnrt_tensor *tensor = &model->tensor[i];
    if ((tensor->role == NNRT_PARAMETER || (tensor->role == NNRT_STATE && !tensor->per_lane)) &&
        tensor->kind == NNRT_REAL &&
        !nnrt_all_finite(nnrt_locate(model, trainer->block, i), tensor->elements,
                         model->real_bytes))
      return tensor;
  }
  return NULL;
}

/* Gradients are made from the loss towards the inputs: the last parameters' come first. */
static const nnrt_tensor *wrong_gradient(const nnrt_trainer *trainer) {
  const nnrt_model *model = trainer->model;
  for (size_t i = model->tensors; i-- > 0;) {
    const nnrt_tensor *tensor = &model->tensor[i];
    if (tensor->role == NNRT_PARAMETER &&
        !nnrt_all_finite(nnrt_gradient_of(model, trainer->block, tensor), tensor->elements,
                         model->real_bytes))
      return tensor;
  }
  return NULL;
}

static const char *what_is_kept(const nnrt_trainer *trainer) {
  return trainer->options->save ? "what was saved before is kept" : "nothing was saved";
}

/* Notes the first tensor that is shown and not finite. */
typedef struct finder {
  nnrt_watch watch; /* first, so that a pointer to it is one to the finder */
  int real_bytes;
  char name[128];   /* "": none yet */
  size_t place, of; /* its first element that is not finite, of so many that were shown */
} finder;

static void look(nnrt_watch *watch, const char *name, const void *values, size_t elements) {
  finder *of = (finder *)watch;
  if (of->name[0] != '\0' || nnrt_all_finite(values, elements, of->real_bytes))
    return;
  snprintf(of->name, sizeof of->name, "%s", name);
  of->of = elements;
  while (nnrt_all_finite((const char *)values + of->place * (size_t)of->real_bytes, 1,
                         of->real_bytes))
    of->place++;
}

/* What came first, as the end of a line. */
static void explain(nnrt_trainer *trainer, double loss, size_t n, char *to, size_t bytes) {
  const nnrt_model *model = trainer->model;
  const unsigned long long step = ((const nnrt_head *)trainer->block)->step;
  const nnrt_tensor *weight = wrong_weight(trainer), *gradient = wrong_gradient(trainer);
  finder found = {{look}, model->real_bytes, "", 0, 0};
  if (weight) {
    snprintf(to, bytes, "%s was the first, in the update of step %llu", weight->name, step);
    return;
  }
  if (!isfinite(loss) && model->watched_loss)
    model->watched_loss(trainer->block, (int)n, nnrt_batch_data(&trainer->room), &found.watch);
  if (found.name[0] != '\0')
    snprintf(to, bytes, "%s was the first, at element %zu of %zu", found.name, found.place + 1,
             found.of);
  else if (isfinite(loss) && gradient)
    snprintf(to, bytes, "that of %s was the first", gradient->name);
  else
    snprintf(to, bytes, "every tensor kept on the way to it was finite");
}

bool nnrt_fail_not_finite(nnrt_trainer *trainer, double loss, size_t n, nnrt_failure *failure) {
  const nnrt_head *head = trainer->block;
  char cause[256];
  explain(trainer, loss, n, cause, sizeof cause);
  return nnrt_fail(failure, "train: the %s is not finite (%g) at step %llu (epoch %llu): %s; try a "
                   "lower --rate, or --clip; %s", isfinite(loss) ? "gradient" : "loss",
                   isfinite(loss) ? HUGE_VAL : loss, (unsigned long long)head->step + 1,
                   (unsigned long long)trainer->epoch + 1, cause, what_is_kept(trainer));
}

bool nnrt_check_weights(const nnrt_trainer *trainer, nnrt_failure *failure) {
  const nnrt_tensor *wrong = wrong_weight(trainer);
  return !wrong || nnrt_fail(failure, "train: %s is not finite after step %llu (epoch %llu): try a "
                             "lower --rate; %s", wrong->name,
                             (unsigned long long)((const nnrt_head *)trainer->block)->step,
                             (unsigned long long)trainer->epoch + 1, what_is_kept(trainer));
}

bool nnrt_check_loaded(const nnrt_trainer *trainer, const char *path, nnrt_failure *failure) {
  const nnrt_tensor *wrong = wrong_weight(trainer);
  return !wrong || nnrt_fail(failure, "%s: %s holds a number that is not finite: begin from other "
                             "weights", path, wrong->name);
}
