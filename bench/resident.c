/* Runs a command and prints the most memory that it had, in bytes: `resident command argument ...`.
 * What the parent of a process had before counts as the process's own for wait4; so the parent must
 * be small, which a Python is not. The command's own output goes to standard error. */
#define _DEFAULT_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
  struct rusage usage;
  int status;
  pid_t child = argc > 1 ? fork() : -1;
  if (child < 0) return EXIT_FAILURE;
  if (child == 0) {
    dup2(STDERR_FILENO, STDOUT_FILENO);
    execv(argv[1], argv + 1);
    _exit(127);
  }
  if (wait4(child, &status, 0, &usage) != child || status != 0) return EXIT_FAILURE;
  printf("%lld\n", (long long)usage.ru_maxrss * 1024);
  return EXIT_SUCCESS;
}
