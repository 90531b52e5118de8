/* Turns tasks that are cut into parts into work for several threads. Of N threads the k-th takes
 * the k-th of N runs of parts from round to round, so that it finds in its cache what it left there,
 * and then what others have not begun; what a part computes must not depend on who takes it.
 *
 * A thread that waits spins for half a millisecond or so, as the steps of training come close to
 * each other, then sleeps: to be woken takes longer than a small step on a virtual machine. Whoever
 * else wants the processor meanwhile is given it. */
#include "nnrt.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { SPINS = 1 << 15, SPINS_A_YIELD = 256 };

/* A moment in which a processor rests. */
static void rest(int turn) {
#if (defined(__x86_64__) || defined(__i386__)) && defined(__GNUC__)
  __builtin_ia32_pause();
#endif
  if (turn % SPINS_A_YIELD == SPINS_A_YIELD - 1)
    sched_yield();
}

struct nnrt_team {
  pthread_mutex_t lock;
  pthread_cond_t begun, ended;
  atomic_ulong round;      /* of work given out; changed under the lock */
  atomic_size_t busy;      /* helpers that have not finished the round */
  size_t parts;
  nnrt_task *task;
  void *context;
  int closing;
  size_t members;          /* helpers and the caller, who is the first */
  struct member {
    nnrt_team *team;
    pthread_t thread;      /* of a helper */
    atomic_size_t next;    /* how many of its parts have been taken */
    char apart[64];        /* no cache line is shared */
  } member[];
};

/* Takes what is left of one member's parts, the who-th run of them. */
static void take_parts_of(nnrt_team *team, struct member *whose) {
  const size_t who = (size_t)(whose - team->member);
  const size_t end = team->parts * (who + 1) / team->members;
  for (;;) {
    const size_t part = team->parts * who / team->members + atomic_fetch_add(&whose->next, 1);
    if (part >= end)
      return;
    team->task(team->context, part);
  }
}

static void take_parts(nnrt_team *team, size_t who) {
  for (size_t k = 0; k < team->members; k++)
    take_parts_of(team, &team->member[(who + k) % team->members]);
}

/* Waits until the round is no longer `seen`. */
static void await_round(nnrt_team *team, unsigned long seen) {
  for (int i = 0; i < SPINS; i++) {
    if (atomic_load_explicit(&team->round, memory_order_acquire) != seen)
      return;
    rest(i);
  }
  pthread_mutex_lock(&team->lock);
  while (atomic_load(&team->round) == seen)
    pthread_cond_wait(&team->begun, &team->lock);
  pthread_mutex_unlock(&team->lock);
}

static void *help(void *given) {
  struct member *self = given;
  nnrt_team *team = self->team;
  for (unsigned long seen = 0;; seen++) {
    await_round(team, seen);
    if (team->closing)
      return NULL;
    take_parts(team, (size_t)(self - team->member));
    if (atomic_fetch_sub(&team->busy, 1) == 1) {
      pthread_mutex_lock(&team->lock);
      pthread_cond_signal(&team->ended);
      pthread_mutex_unlock(&team->lock);
    }
  }
}

static void begin_round(nnrt_team *team) {
  for (size_t k = 0; k < team->members; k++)
    atomic_store(&team->member[k].next, 0);
  atomic_store(&team->busy, team->members - 1);
  pthread_mutex_lock(&team->lock);
  atomic_fetch_add(&team->round, 1);
  pthread_cond_broadcast(&team->begun);
  pthread_mutex_unlock(&team->lock);
}

static void await_helpers(nnrt_team *team) {
  for (int i = 0; i < SPINS; i++) {
    if (atomic_load_explicit(&team->busy, memory_order_acquire) == 0)
      return;
    rest(i);
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
  take_parts(team, 0);
  await_helpers(team);
}

size_t nnrt_team_members(const nnrt_team *team) {
  return team ? team->members : 1;
}

nnrt_team *nnrt_team_new(int wanted) {
  enum { MOST = 256 }; /* more would only be started and ended */
  const int threads = wanted < MOST ? wanted : MOST;
  if (threads < 2)
    return NULL;
  nnrt_team *team = calloc(1, sizeof *team + (size_t)threads * sizeof team->member[0]);
  if (!team)
    return NULL;
  pthread_mutex_init(&team->lock, NULL);
  pthread_cond_init(&team->begun, NULL);
  pthread_cond_init(&team->ended, NULL);
  for (team->members = 1; team->members < (size_t)threads; team->members++) {
    struct member *helper = &team->member[team->members];
    helper->team = team;
    if (pthread_create(&helper->thread, NULL, help, helper) != 0)
      break;
  }
  if (team->members > 1)
    return team;
  nnrt_team_free(team);
  return NULL;
}

void nnrt_team_free(nnrt_team *team) {
  if (!team)
    return;
  team->closing = 1;
  begin_round(team);
  for (size_t k = 1; k < team->members; k++)
    pthread_join(team->member[k].thread, NULL);
  pthread_cond_destroy(&team->ended);
  pthread_cond_destroy(&team->begun);
  pthread_mutex_destroy(&team->lock);
  free(team);
}
