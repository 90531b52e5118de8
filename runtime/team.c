/* Turns tasks that are cut into parts into work for several threads. Which thread takes which part
 * is left to chance; what a part computes must not depend on it.
 *
 * A thread that waits spins for a short while, as the steps of training come close to each other,
 * then sleeps. */
#include "nnrt.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { SPINS = 2000 };

struct nnrt_team {
  pthread_mutex_t lock;
  pthread_cond_t begun, ended;
  atomic_ulong round;      /* of work given out; changed under the lock */
  atomic_size_t next;      /* part to be taken */
  atomic_size_t busy;      /* helpers that have not finished the round */
  size_t parts;
  nnrt_task *task;
  void *context;
  int closing;
  int helpers;
  pthread_t helper[];
};

static void take_parts(nnrt_team *team) {
  for (;;) {
    const size_t part = atomic_fetch_add(&team->next, 1);
    if (part >= team->parts)
      return;
    team->task(team->context, part);
  }
}

/* Waits until the round is no longer `seen`. */
static void await_round(nnrt_team *team, unsigned long seen) {
  for (int i = 0; i < SPINS; i++) {
    if (atomic_load_explicit(&team->round, memory_order_acquire) != seen)
      return;
    if (i % 64 == 63)
      sched_yield();
  }
  pthread_mutex_lock(&team->lock);
  while (atomic_load(&team->round) == seen)
    pthread_cond_wait(&team->begun, &team->lock);
  pthread_mutex_unlock(&team->lock);
}

static void *help(void *given) {
  nnrt_team *team = given;
  for (unsigned long seen = 0;; seen++) {
    await_round(team, seen);
    if (team->closing)
      return NULL;
    take_parts(team);
    if (atomic_fetch_sub(&team->busy, 1) == 1) {
      pthread_mutex_lock(&team->lock);
      pthread_cond_signal(&team->ended);
      pthread_mutex_unlock(&team->lock);
    }
  }
}

static void begin_round(nnrt_team *team) {
  atomic_store(&team->next, 0);
  atomic_store(&team->busy, (size_t)team->helpers);
  pthread_mutex_lock(&team->lock);
  atomic_fetch_add(&team->round, 1);
  pthread_cond_broadcast(&team->begun);
  pthread_mutex_unlock(&team->lock);
}

static void await_helpers(nnrt_team *team) {
  for (int i = 0; i < SPINS; i++) {
    if (atomic_load_explicit(&team->busy, memory_order_acquire) == 0)
      return;
    if (i % 64 == 63)
      sched_yield();
  }
  pthread_mutex_lock(&team->lock);
  while (atomic_load(&team->busy) > 0)
    pthread_cond_wait(&team->ended, &team->lock);
  pthread_mutex_unlock(&team->lock);
}

void nnrt_team_run(nnrt_team *team, size_t parts, nnrt_task *task, void *context) {
  if (!team || parts < 2) {
    for (size_t part = 0; part < parts; part++)
      task(context, part);
    return;
  }
  team->parts = parts;
  team->task = task;
  team->context = context;
  begin_round(team);
  take_parts(team);
  await_helpers(team);
}

nnrt_team *nnrt_team_new(int threads) {
  const int helpers = threads - 1;
  if (helpers < 1)
    return NULL;
  nnrt_team *team = calloc(1, sizeof *team + (size_t)helpers * sizeof team->helper[0]);
  if (!team)
    return NULL;
  pthread_mutex_init(&team->lock, NULL);
  pthread_cond_init(&team->begun, NULL);
  pthread_cond_init(&team->ended, NULL);
  while (team->helpers < helpers &&
         pthread_create(&team->helper[team->helpers], NULL, help, team) == 0)
    team->helpers++;
  if (team->helpers > 0)
    return team;
  nnrt_team_free(team);
  return NULL;
}

void nnrt_team_free(nnrt_team *team) {
  if (!team)
    return;
  team->closing = 1;
  begin_round(team);
  for (int i = 0; i < team->helpers; i++)
    pthread_join(team->helper[i], NULL);
  pthread_cond_destroy(&team->ended);
  pthread_cond_destroy(&team->begun);
  pthread_mutex_destroy(&team->lock);
  free(team);
}
