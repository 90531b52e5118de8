/* Turns counters into random numbers: SplitMix64's output function (Steele, Lea & Flood 2014) over
 * a key and a running place. */
#include "nnrt.h"
#include "nnrt_math.h"
#include "random.h"

#include <math.h>
#include <string.h>

/* FNV-1a */
uint64_t nnrt_random_hash(uint64_t hash, const char *text, size_t length) {
  for (size_t i = 0; i < length; i++)
    hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3u;
  return hash;
}

nnrt_random nnrt_random_begin(uint64_t seed, const char *name, uint64_t part) {
  return nnrt_random_begin_hashed(
      seed, nnrt_random_hash(nnrt_random_hash_start, name, strlen(name)), part);
}

nnrt_random nnrt_random_begin_hashed(uint64_t seed, uint64_t hash, uint64_t part) {
  nnrt_random stream = {nnrt_joined(nnrt_joined(nnrt_joined(seed, 0), hash), part), 0};
  return stream;
}

uint64_t nnrt_random_bits(nnrt_random *stream) {
  return nnrt_joined(stream->key, stream->place++);
}

double nnrt_random_uniform(nnrt_random *stream) {
  return (double)(nnrt_random_bits(stream) >> 11) * 0x1p-53;
}

/* Box-Muller; 1 - u keeps the logarithm's argument off zero. */
double nnrt_random_normal(nnrt_random *stream) {
  const double turn = 6.283185307179586476925;
  double radius = sqrt(-2.0 * log(1.0 - nnrt_random_uniform(stream)));
  return radius * cos(turn * nnrt_random_uniform(stream));
}

/* Draws that fall into the incomplete last multiple of the limit are thrown away. */
size_t nnrt_random_below(nnrt_random *stream, size_t limit) {
  const uint64_t n = limit, excess = (UINT64_MAX % n + 1) % n;
  uint64_t bits;
  do
    bits = nnrt_random_bits(stream);
  while (bits > UINT64_MAX - excess);
  return (size_t)(bits % n);
}

void nnrt_random_shuffle(nnrt_random *stream, size_t *order, size_t count) {
  for (size_t i = count; i > 1; i--) {
    size_t j = nnrt_random_below(stream, i), kept = order[i - 1];
    order[i - 1] = order[j];
    order[j] = kept;
  }
}
