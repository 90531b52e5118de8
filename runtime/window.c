/* window.c: numbers of samples to the memory that holds them, block by block.
 *
 * Slots are taken in turn: what was read first goes first. The trainer's order (order.c) touches
 * the blocks of one window after those of another, so each block is read once an epoch; the lanes
 * of a stream each read on, and have left a block when twice as many have been read.
 */
#include "window.h"

#include <stdlib.h>

enum { BLOCK_BYTES = 1 << 20, LEAST_SLOTS = 4 };

/* What a sample costs: its values, and its place in the order that training takes. */
static size_t sample_cost(const nnrt_dataset *data) {
  size_t bytes = sizeof(size_t);
  for (size_t k = 0; k < data->loaded; k++)
    bytes += nnrt_sample_bytes(&data->tensor[k], data->real_bytes);
  return bytes;
}

static bool make_room(nnrt_window *window, const nnrt_dataset *data) {
  window->slot_of = malloc(window->blocks * sizeof *window->slot_of);
  window->block_in = malloc(window->slots * sizeof *window->block_in);
  window->values = calloc(window->tensors, sizeof *window->values);
  window->here = calloc(window->tensors, sizeof *window->here);
  if (!window->slot_of || !window->block_in || !window->values || !window->here) return false;
  for (size_t k = 0; k < window->tensors; k++) {
    size_t bytes = nnrt_sample_bytes(&data->tensor[k], data->real_bytes);
    window->values[k] = calloc(window->slots * window->block * bytes + 1, 1);
    if (!window->values[k]) return false;
  }
  for (size_t k = 0; k < window->blocks; k++) window->slot_of[k] = window->slots;
  for (size_t k = 0; k < window->slots; k++) window->block_in[k] = window->blocks;
  return true;
}

bool nnrt_window_begin(nnrt_window *window, nnrt_dataset *data, size_t memory, size_t lanes,
                       nnrt_failure *failure) {
  const size_t cost = sample_cost(data), least = lanes > 2 ? 2 * lanes : LEAST_SLOTS;
  const size_t bytes = memory / least < BLOCK_BYTES ? memory / least : BLOCK_BYTES;
  window->tensors = data->loaded;
  window->block = cost < bytes ? bytes / cost : 1;
  window->blocks = (data->samples + window->block - 1) / window->block;
  window->slots = memory / (window->block * cost);
  if (window->slots < least) window->slots = least;
  if (window->slots > window->blocks) window->slots = window->blocks;
  data->block = window->block;
  data->blocks_held = window->slots;
  return make_room(window, data) ||
         nnrt_fail(failure, "no memory for %zu MB of samples; lower --memory",
                   window->slots * window->block * cost >> 20);
}

void nnrt_window_free(nnrt_window *window) {
  if (!window) return;
  for (size_t k = 0; window->values && k < window->tensors; k++) free(window->values[k]);
  for (size_t k = 0; k < window->tables; k++) nnrt_table_free(&window->table[k]);
  free(window->table);
  free(window->values);
  free(window->here);
  free(window->slot_of);
  free(window->block_in);
  nnrt_spool_free(&window->spool);
  free(window);
}

bool nnrt_tables_read(const nnrt_window *window, size_t first, size_t n, void *const *to,
                      nnrt_failure *failure) {
  for (size_t k = 0; k < window->tables; k++) {
    if (!nnrt_table_read(&window->table[k], first, n, to, failure)) return false;
    to += window->table[k].wanted;
  }
  return true;
}

static bool read_block(nnrt_window *window, const nnrt_dataset *data, size_t block, size_t slot,
                       nnrt_failure *failure) {
  const size_t first = block * window->block, rest = data->samples - first;
  for (size_t k = 0; k < window->tensors; k++)
    window->here[k] = (char *)window->values[k] +
                      slot * window->block *
                        nnrt_sample_bytes(&data->tensor[k], data->real_bytes);
  return nnrt_tables_read(window, first, rest < window->block ? rest : window->block,
                          window->here, failure);
}

bool nnrt_window_find(nnrt_window *window, const nnrt_dataset *data, size_t sample, size_t *slot,
                      nnrt_failure *failure) {
  const size_t block = sample / window->block;
  *slot = window->slot_of[block];
  if (*slot < window->slots) return true;
  *slot = window->next;
  window->next = (window->next + 1) % window->slots;
  if (window->block_in[*slot] < window->blocks)
    window->slot_of[window->block_in[*slot]] = window->slots;
  window->block_in[*slot] = window->blocks;
  if (!read_block(window, data, block, *slot, failure)) return false;
  window->block_in[*slot] = block;
  window->slot_of[block] = *slot;
  return true;
}
