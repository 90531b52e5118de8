/* Random numbers of the runtime. Everything is drawn from streams that a seed and a name begin, so
 * that what one part draws never moves what another gets. */
#ifndef NNRT_RANDOM_H
#define NNRT_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* A stream is a key and a place in it: the n-th value is a function of both, so a stream can be
 * begun anew, or gone on with, at will. */
typedef struct nnrt_random {
  uint64_t key;
  uint64_t place;
} nnrt_random;

/* `name` tells the streams of one seed apart, `part` those of one name (an epoch's number, say). */
nnrt_random nnrt_random_begin(uint64_t seed, const char *name, uint64_t part);
/* The same of a name that is known piece by piece: hash it on from nnrt_random_hash_start. */
static const uint64_t nnrt_random_hash_start = 0xcbf29ce484222325u;
uint64_t nnrt_random_hash(uint64_t hash, const char *text, size_t length);
nnrt_random nnrt_random_begin_hashed(uint64_t seed, uint64_t hash, uint64_t part);
uint64_t nnrt_random_bits(nnrt_random *stream);
double nnrt_random_uniform(nnrt_random *stream);               /* in [0, 1), 53 random bits */
double nnrt_random_normal(nnrt_random *stream);                /* mean 0, variance 1 */
size_t nnrt_random_below(nnrt_random *stream, size_t limit); /* 0 ... limit-1; limit > 0 */
/* order becomes a permutation of itself, each with the same probability (Fisher-Yates). */
void nnrt_random_shuffle(nnrt_random *stream, size_t *order, size_t count);

#endif
