/* Turns the first Ctrl-C into a flag that the trainer looks at between steps. */
#include "train.h"

#include <signal.h>
#include <string.h>

/* The one global that changes: a signal handler has no other way to tell. */
static volatile sig_atomic_t interrupted;

static struct sigaction before_interrupt, before_terminate;

static void note(int signal_number) {
  (void)signal_number;
  interrupted = 1;
}

/* SA_RESETHAND: the second one finds the default action. */
void nnrt_interrupt_watch(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = note;
  action.sa_flags = (int)SA_RESETHAND;
  sigemptyset(&action.sa_mask);
  interrupted = 0;
  sigaction(SIGINT, &action, &before_interrupt);
  sigaction(SIGTERM, &action, &before_terminate);
}

int nnrt_interrupted(void) {
  return interrupted;
}

void nnrt_interrupt_release(void) {
  sigaction(SIGINT, &before_interrupt, NULL);
  sigaction(SIGTERM, &before_terminate, NULL);
}
