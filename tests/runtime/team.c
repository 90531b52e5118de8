/* Teams: every part is computed once, on all threads, round after round, whatever the numbers of
 * threads and parts. */
#include "nnrt.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum { MOST_PARTS = 64, ROUNDS = 200 };

typedef struct record {
  atomic_int taken[MOST_PARTS];
} record;

static void take(void *context, size_t part) {
  record *of = context;
  atomic_fetch_add(&of->taken[part], 1);
}

static void run_rounds(nnrt_team *team, size_t parts) {
  for (int round = 1; round <= ROUNDS; round++) {
    record of = {0};
    nnrt_team_run(team, parts, take, &of);
    for (size_t part = 0; part < MOST_PARTS; part++)
      cr_assert_eq(atomic_load(&of.taken[part]), part < parts, "round %d, part %zu of %zu", round,
                   part, parts);
  }
}

Test(team, every_part_is_taken_once) {
  static const size_t parts[] = {0, 1, 2, 3, 5, 8, MOST_PARTS};
  for (int threads = 1; threads <= 5; threads++) {
    nnrt_team *team = nnrt_team_new(threads);
    cr_assert_eq(team == NULL, threads == 1);
    for (size_t k = 0; k < sizeof parts / sizeof parts[0]; k++)
      run_rounds(team, parts[k]);
    nnrt_team_free(team);
  }
}

/* A helper that has gone to sleep is woken. */
Test(team, wakes_after_a_pause) {
  nnrt_team *team = nnrt_team_new(3);
  const struct timespec pause = {0, 20000000};
  for (int round = 0; round < 5; round++) {
    record of = {0};
    nanosleep(&pause, NULL);
    nnrt_team_run(team, 7, take, &of);
    for (size_t part = 0; part < 7; part++)
      cr_assert_eq(atomic_load(&of.taken[part]), 1);
  }
  nnrt_team_free(team);
}

typedef struct placing {
  atomic_int met; /* threads that are in their first part */
  pthread_t by[2];
} placing;

/* Leaves its part only once both have begun, so that neither can take the other's. */
static void meet(void *context, size_t part) {
  placing *of = context;
  of->by[part] = pthread_self();
  atomic_fetch_add(&of->met, 1);
  while (atomic_load(&of->met) < 2)
    ;
}

Test(team, a_thread_keeps_its_part) {
  nnrt_team *team = nnrt_team_new(2);
  for (int round = 0; round < ROUNDS; round++) {
    placing of = {0};
    nnrt_team_run(team, 2, meet, &of);
    cr_assert(pthread_equal(of.by[0], pthread_self()), "round %d: the caller has the first", round);
    cr_assert(!pthread_equal(of.by[1], pthread_self()), "round %d", round);
  }
  nnrt_team_free(team);
}
