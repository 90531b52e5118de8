/* Makes blocks, the memory that all of a model's functions work in.
 *
 * A large one is laid in huge pages where there are any: products of 2048 x 2048 are 5 to 10 %
 * faster in them, and their first touch is hundreds of times cheaper on a virtual machine. It comes
 * from the system, which brings zeros as they are asked for, so that states of an optimizer that
 * does without them take no memory. */
#define _DEFAULT_SOURCE /* madvise(), MAP_ANONYMOUS */
#include "session.h"
#include "stack.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Of a huge page; and of a block for which they are worth what the last one wastes. */
enum { HUGE_BYTES = 2 * 1024 * 1024, LARGE_BLOCK = 8 * HUGE_BYTES };

/* So many bytes that begin with a huge page. */
static void *map(size_t bytes) {
  const size_t whole = bytes + HUGE_BYTES;
  char *from = whole < bytes ? MAP_FAILED
                             : mmap(NULL, whole, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (from == MAP_FAILED)
    return NULL;
  const size_t before = (HUGE_BYTES - (uintptr_t)from % HUGE_BYTES) % HUGE_BYTES;
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  const size_t taken = (before + bytes + page - 1) / page * page;
  if (before > 0)
    munmap(from, before);
  if (taken < whole)
    munmap(from + taken, whole - taken);
#ifdef MADV_HUGEPAGE
  madvise(from + before, bytes / HUGE_BYTES * HUGE_BYTES, MADV_HUGEPAGE); /* small ones will do */
#endif
  return from + before;
}

/* Zeros; NULL where there is not as much. */
static void *allocate(size_t bytes) {
  const size_t whole = (bytes + NNRT_ALIGNMENT - 1) / NNRT_ALIGNMENT * NNRT_ALIGNMENT;
  void *block = NULL;
  if (bytes >= LARGE_BLOCK)
    return map(bytes);
  return posix_memalign(&block, NNRT_ALIGNMENT, whole) == 0 ? memset(block, 0, whole) : NULL;
}

void *nnrt_block_new(const nnrt_model *model, int batch, int training, uint64_t seed,
                     nnrt_failure *failure) {
  const size_t bytes = model->bytes(batch, training);
  void *block = allocate(bytes);
  if (!block) {
    nnrt_fail(failure, "a batch of %d needs %.1f MB, more than there is: choose a smaller --batch",
              batch, (double)bytes / 1e6);
    return NULL;
  }
  nnrt_initialize_zeros(model, block, batch, training, seed);
  return block;
}

void nnrt_block_free(const nnrt_model *model, void *block) {
  const nnrt_head *head = block;
  const size_t bytes = block ? model->bytes(head->batch, head->training) : 0;
  if (bytes >= LARGE_BLOCK)
    munmap(block, bytes);
  else
    free(block);
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
