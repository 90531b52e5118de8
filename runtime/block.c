/* Makes blocks, the memory that all of a model's functions work in. */
#include "session.h"
#include "stack.h"

#include <stdlib.h>
#include <string.h>

void *nnrt_block_new(const nnrt_model *model, int batch, int training, uint64_t seed,
                     nnrt_failure *failure) {
  const size_t bytes = model->bytes(batch, training);
  const size_t whole = (bytes + NNRT_ALIGNMENT - 1) / NNRT_ALIGNMENT * NNRT_ALIGNMENT;
  void *block = whole < bytes ? NULL : aligned_alloc(NNRT_ALIGNMENT, whole);
  if (!block) {
    nnrt_fail(failure, "a batch of %d needs %.1f MB, more than there is: choose a smaller --batch",
              batch, (double)bytes / 1e6);
    return NULL;
  }
  model->init(block, batch, training, seed);
  return block;
}

void nnrt_block_copy(const nnrt_model *model, void *from, void *to) {
  for (size_t i = 0; i < model->tensors; i++) {
    const nnrt_tensor *tensor = &model->tensor[i];
    if (tensor->role == NNRT_PARAMETER || (tensor->role == NNRT_STATE && !tensor->per_lane))
      memcpy(nnrt_locate(model, to, i), nnrt_locate(model, from, i),
             nnrt_sample_bytes(tensor, model->real_bytes));
  }
}

bool nnrt_block_load(const nnrt_model *model, void *block, const nnrt_options *options,
                     int need_states, nnrt_failure *failure) {
  nnrt_weights *weights = nnrt_open_loaded(options, failure);
  bool loaded = weights && (options->partial
                              ? nnrt_weights_load_partly(weights, model, block, stderr, failure)
                              : nnrt_weights_load(weights, model, block, need_states, failure));
  nnrt_weights_close(weights);
  return loaded;
}

void *nnrt_gradient_of(const nnrt_model *model, void *block, const nnrt_tensor *parameter) {
  return (char *)block + model->gradient_offset + (parameter->offset - model->parameter_offset);
}
