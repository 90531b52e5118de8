/* Finds the tensor that ceased to be finite first. */
#include "finite.h"

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
        !nnrt_all_finite(model->locate(trainer->block, i), tensor->elements, model->real_bytes))
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

bool nnrt_fail_not_finite(nnrt_trainer *trainer, double loss, size_t n, nnrt_failure *failure) {
  const nnrt_head *head = trainer->block;
  const unsigned long long step = head->step + 1, epoch = trainer->epoch + 1;
  const nnrt_tensor *weight = wrong_weight(trainer), *gradient = wrong_gradient(trainer);
  char cause[256] = "the loss itself came first";
  (void)n;
  if (weight)
    snprintf(cause, sizeof cause, "%s came first, in the update of step %llu", weight->name,
             step - 1);
  else if (isfinite(loss) && gradient)
    snprintf(cause, sizeof cause, "the gradient of %s came first", gradient->name);
  return nnrt_fail(failure, "train: the %s is not finite (%g) at step %llu (epoch %llu): %s; try a "
                   "lower --rate, or --clip; %s", isfinite(loss) ? "gradient" : "loss",
                   isfinite(loss) ? HUGE_VAL : loss, step, epoch, cause, what_is_kept(trainer));
}

bool nnrt_check_weights(const nnrt_trainer *trainer, nnrt_failure *failure) {
  const nnrt_tensor *wrong = wrong_weight(trainer);
  return !wrong || nnrt_fail(failure, "train: %s is not finite after step %llu (epoch %llu): try a "
                             "lower --rate; %s", wrong->name,
                             (unsigned long long)((const nnrt_head *)trainer->block)->step,
                             (unsigned long long)trainer->epoch + 1, what_is_kept(trainer));
}
