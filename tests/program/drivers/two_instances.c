/* Two instances of one model side by side in one process, their steps interleaved, against each
 * alone: every loss and every byte of the parameters must be the same. Data comes from a small
 * generator; the model is softmax_class, through its own header. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "softmax_class.h"

enum { BATCH = 4, STEPS = 20, INPUT = 6, CLASSES = 4 };

typedef struct instance {
  void *block;
  uint32_t random;
  double losses[STEPS];
} instance;

static uint32_t next(uint32_t *random) {
  *random = *random * 1664525u + 1013904223u;
  return *random >> 16;
}

static void *new_block(int batch) {
  size_t bytes = (softmax_class_bytes(batch, 1) + 63) / 64 * 64;
  void *block = aligned_alloc(64, bytes);
  if (block == NULL) exit(3);
  memset(block, 0xA5, bytes);
  return block;
}

static instance begin(uint64_t seed) {
  instance made = {new_block(BATCH), (uint32_t)seed, {0}};
  softmax_class_init(made.block, BATCH, 1, seed);
  return made;
}

static void step(instance *self, int number) {
  float x[BATCH * INPUT];
  int32_t y[BATCH];
  for (int k = 0; k < BATCH * INPUT; k++) x[k] = (float)(next(&self->random) % 1000) / 50.0f;
  for (int k = 0; k < BATCH; k++) y[k] = (int32_t)(next(&self->random) % CLASSES);
  self->losses[number] = (double)softmax_class_gradient(self->block, BATCH, x, y);
  softmax_class_update(self->block, 0.1f);
}

static int same(const instance *a, const instance *b) {
  const nnrt_model *model = &softmax_class_model;
  if (memcmp(a->losses, b->losses, sizeof a->losses) != 0) return 0;
  return memcmp((const char *)a->block + model->parameter_offset,
                (const char *)b->block + model->parameter_offset, model->parameter_bytes) == 0;
}

int main(void) {
  instance alone[2] = {begin(1), begin(2)}, beside[2] = {begin(1), begin(2)};
  for (int one = 0; one < 2; one++)
    for (int number = 0; number < STEPS; number++) step(&alone[one], number);
  for (int number = 0; number < STEPS; number++)
    for (int one = 0; one < 2; one++) step(&beside[one], number);
  int good = same(&alone[0], &beside[0]) && same(&alone[1], &beside[1]) &&
             !same(&alone[0], &alone[1]);
  printf("%s: losses %g -> %g and %g -> %g\n", good ? "same" : "different", alone[0].losses[0],
         alone[0].losses[STEPS - 1], alone[1].losses[0], alone[1].losses[STEPS - 1]);
  for (int one = 0; one < 2; one++) {
    free(alone[one].block);
    free(beside[one].block);
  }
  return good ? 0 : 1;
}
