/* Each function of nnrt_math.h in a loop that must become vector code, whatever the flags: compiled
 * once with each variant's, and LIST=<variant>_functions. */
#include "nnrt_math.h"
#include "functions.h"

#define APPLY(name)                                                                               \
  static void apply_##name(const float *restrict a, float *restrict y, size_t n) {                \
    for (size_t i = 0; i < n; i++)                                                                \
      y[i] = nnrt_##name##f(a[i]);                                                                \
  }
FUNCTIONS(APPLY)

#define NAME(name) apply_##name,
apply *const LIST[] = {FUNCTIONS(NAME)};
