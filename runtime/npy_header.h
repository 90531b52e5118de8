/* npy_header: what stands before the items of an .npy file; npy.c reads such files. */
#ifndef NNRT_NPY_HEADER_H
#define NNRT_NPY_HEADER_H

#include <stddef.h>

enum { NNRT_NPY_HEADER = 2048 };

/* Version 1.0: magic, length, a Python literal padded with spaces to a multiple of 64; the length
 * of it all. is_float: else a signed whole number, of item_bytes in this machine's order.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */
size_t nnrt_npy_header(char header[NNRT_NPY_HEADER], int is_float, int item_bytes, int rank,
                       const size_t *shape);

#endif
