/* info: turns a model into a page on its size: parameters, memory, work. */
#include "session.h"

#include "head.h"

_Static_assert((sizeof(nnrt_head) + NNRT_ALIGNMENT - 1) / NNRT_ALIGNMENT * NNRT_ALIGNMENT ==
                   NNRT_HEAD_BYTES, "nncc --ram counts the head of a block");

static void print_tensors(const nnrt_model *model, nnrt_role role, const char *title) {
  size_t total = 0, count = 0;
  for (size_t i = 0; i < model->tensors; i++)
    if (model->tensor[i].role == role) {
      total += model->tensor[i].elements;
      count++;
    }
  if (count == 0)
    return;
  printf("%s: %zu in %zu tensor%s\n", title, total, count, count == 1 ? "" : "s");
  for (size_t i = 0; i < model->tensors; i++) {
    const nnrt_tensor *tensor = &model->tensor[i];
    if (tensor->role == role)
      printf("  %-20s %-16s %10zu\n", tensor->name,
             nnrt_show_shape(tensor->rank, tensor->shape).chars, tensor->elements);
  }
}

static void print_data(const nnrt_model *model) {
  static const char *const roles[] = {"input", "target", "", "", "output"};
  for (size_t i = 0; i < model->tensors; i++) {
    const nnrt_tensor *tensor = &model->tensor[i];
    if (tensor->role == NNRT_PARAMETER || tensor->role == NNRT_STATE)
      continue;
    printf("%-7s %s%s", roles[tensor->role], tensor->name,
           tensor->rank ? nnrt_show_shape(tensor->rank, tensor->shape).chars : "");
    if (tensor->kind != NNRT_REAL)
      printf(" : %s(%ld)", tensor->kind == NNRT_CLASS ? "class" : "count", (long)tensor->limit);
    printf("\n");
  }
}

/* A block is a + b * batch bytes. Batches that are multiples of the alignment show a and b, since
 * there nothing is rounded up. */
static void print_memory(const nnrt_model *model, int training, int batch) {
  const size_t once = model->bytes(NNRT_ALIGNMENT, training);
  const size_t twice = model->bytes(2 * NNRT_ALIGNMENT, training);
  const size_t slope = (twice - once) / NNRT_ALIGNMENT, base = once - slope * NNRT_ALIGNMENT;
  printf("memory, %-11s %zu + %zu * batch bytes (%zu at batch %d)\n",
         training ? "training:" : "prediction:", base, slope, model->bytes(batch, training), batch);
}

/* "sgd(rate = 0.05, momentum = 0.9)" */
static void print_optimizer(const nnrt_optimizer *optimizer, const double *value) {
  printf("%s(", optimizer->name);
  for (int k = 0; k < optimizer->hyperparameters; k++)
    printf("%s%s = %g", k ? ", " : "", optimizer->hyperparameter[k], value[k]);
  printf(")");
}

/* What `train` does where its command line says nothing else. */
static void print_settings(const nnrt_model *model) {
  const nnrt_settings *settings = &model->settings;
  printf("train   ");
  print_optimizer(&model->optimizer[settings->optimizer], settings->hyperparameter);
  printf(", batch %d, %d epoch%s, seed %llu", settings->batch, settings->epochs,
         settings->epochs == 1 ? "" : "s", (unsigned long long)settings->seed);
  if (settings->holdout > 0)
    printf(", holdout %g", settings->holdout);
  if (settings->schedule)
    printf(", schedule %s", settings->schedule);
  if (settings->clip > 0)
    printf(", clip %g", settings->clip);
  if (settings->clip_value > 0)
    printf(", clip_value %g", settings->clip_value);
  if (settings->decay)
    printf(", decay %s", settings->decay);
  if (settings->average)
    printf(", average %s", settings->average);
  if (settings->accumulate > 1)
    printf(", accumulate %d", settings->accumulate);
  if (settings->patience > 0)
    printf(", patience %d", settings->patience);
  if (settings->scale)
    printf(", scale %s", settings->scale);
  if (settings->weights)
    printf(", weights %s %s", settings->weights,
           settings->class_weights ? settings->class_weights : "balanced");
  printf("\n");
  for (int k = 0; k < settings->columns; k++)
    printf("columns %s=%s\n", settings->column[k].tensor, settings->column[k].names);
  for (int k = 0; k < settings->data_files + settings->test_files; k++) {
    const int is_test = k >= settings->data_files;
    const nnrt_file *file = is_test ? &settings->test[k - settings->data_files]
                                    : &settings->data[k];
    printf("%-7s %s%s%s\n", is_test ? "test" : "data", file->tensor ? file->tensor : "",
           file->tensor ? "=" : "", file->path);
  }
}

int nnrt_command_info(const nnrt_model *model, nnrt_options *options, nnrt_failure *failure) {
  const int batch = options->settings.batch;
  (void)failure;
  printf("model   %s, %s\n", model->name, model->real_bytes == 8 ? "double" : "float");
  print_data(model);
  if (model->optimizers > 0)
    print_settings(model);
  print_tensors(model, NNRT_PARAMETER, "parameters");
  print_tensors(model, NNRT_STATE, "states");
  print_memory(model, 1, batch);
  print_memory(model, 0, batch);
  printf("operations, floating-point: %.0f a training step, %.0f a prediction, per sample (%.0f a "
         "step of %d)\n", model->step_operations, model->predict_operations,
         model->step_operations * batch, batch);
  printf("products by %s\n", nnrt_product_library());
  return 0;
}
