/* Turns nothing into the most multiply-adds that a core does: GFLOP/s of fused multiply-adds on
 * registers of 512 and of 256 bits, as JSON. Prints 0 for a width that the processor lacks. */
#include <stdio.h>
#include <time.h>

enum { CHAINS = 12, TURNS = 4000000, PARTS = 7 };

#define EACH(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11)
#define BEGIN(c) sum_##c = a * (float)c,
#define STEP(c) sum_##c = sum_##c * b + a;
#define KEEP(c) __asm__ volatile("" : "+v"(sum_##c));
#define TAKE(c) +sum_##c[0]

#define MEASURE(name, vector, bytes, isa)                                                          \
  typedef float vector __attribute__((vector_size(bytes)));                                        \
  __attribute__((target(isa), noinline)) static float name(void) {                                 \
    vector a = {1.0f}, b = {0.5f}, EACH(BEGIN) none = a;                                           \
    (void)none;                                                                                    \
    for (int i = 0; i < TURNS; i++) {                                                              \
      EACH(STEP)                                                                                   \
      EACH(KEEP)                                                                                   \
    }                                                                                              \
    return EACH(TAKE);                                                                             \
  }

MEASURE(run_512, vector_512, 64, "avx512f,fma")
MEASURE(run_256, vector_256, 32, "avx2,fma")

static double processor_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double gflops(float (*run)(void), int lanes) {
  double best = 1e30;
  volatile float kept;
  for (int part = 0; part < PARTS; part++) {
    const double begun = processor_seconds();
    kept = run();
    const double seconds = processor_seconds() - begun;
    best = seconds < best ? seconds : best;
  }
  (void)kept;
  return 2.0 * lanes * CHAINS * (double)TURNS / best * 1e-9;
}

int main(void) {
  double wide = 0.0, narrow = 0.0;
  if (__builtin_cpu_supports("avx512f"))
    wide = gflops(run_512, 16);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    narrow = gflops(run_256, 8);
  printf("{\"bits_512\": %.1f, \"bits_256\": %.1f}\n", wide, narrow);
  return 0;
}
