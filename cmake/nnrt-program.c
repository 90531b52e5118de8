/* Turns the runtime's tables into the manual page of emitted programs in general: a program whose
 * model is empty prints its own. */
#include "nnrt.h"

int main(void) {
  static char name[] = "nnrt-program", command[] = "manual";
  static const nnrt_model model = {.abi = NNRT_ABI, .name = name};
  char *arguments[] = {name, command, NULL};
  return nnrt_main(&model, 2, arguments);
}
