/* Turns a model's stacks, one tensor for all copies of a `repeat`, into a tensor for each copy. */
#include "stack.h"
#include "random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t nnrt_stack_copies(const nnrt_tensor *stack) {
  size_t copies = 1;
  for (int axis = 0; axis < stack->stacked; axis++)
    copies *= stack->shape[axis];
  return copies;
}

/* A name on its way out. */
typedef struct sink {
  char *out;
  size_t room, length;
  uint64_t hash;
} sink;

static void put(sink *to, const char *text, size_t length) {
  for (size_t i = 0; i < length; i++, to->length++)
    if (to->length + 1 < to->room)
      to->out[to->length] = text[i];
  to->hash = nnrt_random_hash(to->hash, text, length);
}

/* Along repeat `axis` of the stack, counted from 1 as names do. */
static size_t number_along(const nnrt_tensor *stack, size_t number, int axis) {
  for (int inner = stack->stacked - 1; inner > axis; inner--)
    number /= stack->shape[inner];
  return number % stack->shape[axis] + 1;
}

static void put_name(sink *to, const nnrt_tensor *stack, size_t number) {
  int axis = 0;
  char digits[32];
  for (const char *c = stack->name; *c; c++) {
    if (*c != '*' || axis == stack->stacked) {
      put(to, c, 1);
      continue;
    }
    int length = snprintf(digits, sizeof digits, "%zu", number_along(stack, number, axis++));
    put(to, digits, (size_t)length);
  }
}

size_t nnrt_stack_copy(const nnrt_tensor *stack, size_t number, int real_bytes, nnrt_tensor *copy,
                       char *name, size_t room, uint64_t *hash) {
  sink to = {name, room, 0, nnrt_random_hash_start};
  *copy = *stack;
  copy->stacked = 0;
  copy->rank -= stack->stacked;
  if (stack->stacked > 0)
    copy->shape += stack->stacked;
  copy->elements /= nnrt_stack_copies(stack);
  copy->offset += number * copy->elements * (size_t)real_bytes;
  put_name(&to, stack, number);
  if (room > 0)
    name[to.length < room ? to.length : room - 1] = '\0';
  *hash = to.hash;
  return to.length;
}

/* ---- the model without stacks ---------------------------------------------------------------- */

/* One allocation holds the model, its tensors and their names. */
typedef struct unstacked {
  nnrt_model model;
  nnrt_tensor tensor[];
} unstacked;

/* Counts tensors and bytes of names; with a place to put them, fills them in as well. */
static size_t unstack(const nnrt_model *model, nnrt_tensor *tensor, char *names, size_t *bytes) {
  size_t count = 0, used = 0;
  for (size_t i = 0; i < model->tensors; i++) {
    const nnrt_tensor *stack = &model->tensor[i];
    const size_t copies = stack->stacked > 0 ? nnrt_stack_copies(stack) : 1;
    for (size_t k = 0; k < copies; k++, count++) {
      nnrt_tensor copy;
      uint64_t hash;
      char *name = names ? names + used : NULL;
      size_t length = nnrt_stack_copy(stack, k, model->real_bytes, &copy, name,
                                      names ? *bytes - used : 0, &hash);
      if (tensor) {
        copy.name = name;
        tensor[count] = copy;
      }
      used += length + 1;
    }
  }
  *bytes = used;
  return count;
}

static size_t extra_of(const nnrt_model *model, nnrt_role role) {
  size_t extra = 0;
  for (size_t i = 0; i < model->tensors; i++)
    if (model->tensor[i].role == role && model->tensor[i].stacked > 0)
      extra += nnrt_stack_copies(&model->tensor[i]) - 1;
  return extra;
}

const nnrt_model *nnrt_unstacked(const nnrt_model *model, nnrt_failure *failure) {
  const size_t parameters = extra_of(model, NNRT_PARAMETER), states = extra_of(model, NNRT_STATE);
  size_t bytes = 0;
  if (parameters + states == 0)
    return model;
  const size_t count = unstack(model, NULL, NULL, &bytes);
  unstacked *made = malloc(sizeof *made + count * sizeof made->tensor[0] + bytes);
  if (!made) {
    nnrt_fail(failure, "no memory for the names of %zu tensors", count);
    return NULL;
  }
  unstack(model, made->tensor, (char *)&made->tensor[count], &bytes);
  made->model = *model;
  made->model.compiled = model;
  made->model.tensor = made->tensor;
  made->model.tensors = count;
  made->model.parameters += parameters;
  made->model.states += states;
  return &made->model;
}

void nnrt_unstacked_free(const nnrt_model *model) {
  if (model && model->compiled)
    free((void *)model);
}

void *nnrt_locate(const nnrt_model *model, void *block, size_t index) {
  const nnrt_tensor *tensor = &model->tensor[index];
  if (!model->compiled)
    return model->locate(block, index);
  if (!tensor->per_lane)
    return (char *)block + tensor->offset;
  return model->compiled->locate(block, index - (model->tensors - model->compiled->tensors));
}
