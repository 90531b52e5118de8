/* Two different models in one program, in threads of their own, trained and asked through their
 * headers; the structs of their models say what their functions expect. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "logistic.h"
#include "softmax_class.h"

enum { BATCH = 3, STEPS = 50 };

static void *new_block(size_t bytes) {
  void *block = aligned_alloc(64, (bytes + 63) / 64 * 64);
  if (block == NULL) exit(3);
  return block;
}

static void *train_logistic(void *falls) {
  const float x[BATCH * 5] = {1, 0, 0, 0, 1, 0, 1, 0, 1, 0, 0, 0, 1, 1, 1};
  const float y[BATCH] = {0, 1, 1};
  float p[BATCH], first = 0, last = 0;
  void *block = new_block(logistic_bytes(BATCH, 1));
  logistic_init(block, BATCH, 1, 7);
  for (int step = 0; step < STEPS; step++) {
    last = logistic_gradient(block, BATCH, x, y);
    if (step == 0) first = last;
    logistic_update(block, 0.5f);
  }
  logistic_predict(block, 2, x, p);
  *(int *)falls = last < first && p[0] > 0 && p[0] < p[1] && p[1] < 1;
  free(block);
  return NULL;
}

static void *train_softmax(void *falls) {
  const float x[BATCH * 6] = {16, 0, 0, 0, 16, 0, 0, 16, 0, 16, 0, 0, 0, 0, 16, 16, 16, 0};
  const int32_t y[BATCH] = {0, 3, 1};
  float p[BATCH * 4], first = 0, last = 0;
  void *block = new_block(softmax_class_bytes(BATCH, 1));
  softmax_class_init(block, BATCH, 1, 7);
  for (int step = 0; step < STEPS; step++) {
    last = softmax_class_gradient(block, BATCH, x, y);
    if (step == 0) first = last;
    softmax_class_update(block, 0.05f);
  }
  softmax_class_predict(block, BATCH, x, p);
  float sum = p[0] + p[1] + p[2] + p[3];
  *(int *)falls = last < first && sum > 0.999f && sum < 1.001f;
  free(block);
  return NULL;
}

int main(void) {
  int good[2] = {0, 0};
  pthread_t thread;
  if (pthread_create(&thread, NULL, train_logistic, &good[0]) != 0) return 3;
  train_softmax(&good[1]);
  pthread_join(thread, NULL);
  printf("logistic %s, softmax_class %s\n", good[0] ? "learned" : "did not learn",
         good[1] ? "learned" : "did not learn");
  return good[0] && good[1] ? 0 : 1;
}
