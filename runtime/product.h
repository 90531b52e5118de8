/* product: what those who cut a product into pieces must know. */
#ifndef NNRT_PRODUCT_H
#define NNRT_PRODUCT_H

#include <stddef.h>

/* Whether a library computes a product of that size. Then its bits may depend on how it is cut; those
 * of own loops do not, as long as pieces have four rows or all of them, and whole stripes of 128
 * bytes of columns. */
int nnrt_library_serves(size_t m, size_t n, size_t k);

#endif
