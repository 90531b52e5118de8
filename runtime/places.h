/* places: where the rows and columns of a matrix that is read by places lie. */
#ifndef NNRT_PLACES_H
#define NNRT_PLACES_H

#include "nnrt.h"

#include <stddef.h>

/* How many there are. */
static inline size_t nnrt_count_places(const nnrt_digits *of) {
  size_t count = 1;
  for (int d = 0; d < of->count; d++)
    count *= of->turns[d];
  return count;
}

/* Where numbers first ... first + count - 1 lie. */
static inline void nnrt_find_places(const nnrt_digits *of, size_t first, size_t count, size_t *to) {
  size_t digit[NNRT_DIGITS], place = 0;
  for (int d = of->count - 1; d >= 0; d--) {
    digit[d] = first % of->turns[d];
    first /= of->turns[d];
    place += digit[d] * of->stride[d];
  }
  for (size_t i = 0; i < count; i++) {
    to[i] = place;
    for (int d = of->count - 1; d >= 0; d--) {
      place += of->stride[d];
      if (++digit[d] < of->turns[d])
        break;
      place -= digit[d] * of->stride[d];
      digit[d] = 0;
    }
  }
}

#endif
