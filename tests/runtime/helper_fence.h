/* helper_fence: memory that ends, or begins, where nothing can be read, so that a read beside it ends
 * the test. */
#ifndef HELPER_FENCE_H
#define HELPER_FENCE_H

#include <stddef.h>

typedef struct helper_fenced {
  void *from;    /* the memory, zeroes          */
  void *all;     /* with the pages around it    */
  size_t mapped; /* how many bytes those are    */
} helper_fenced;

/* `ends`: nothing can be read behind its last byte, else before its first. Fails the test where the
 * system has no memory. */
helper_fenced helper_fence(size_t bytes, int ends);
void helper_unfence(const helper_fenced *memory);

#endif
