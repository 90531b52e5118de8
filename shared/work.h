/* work: what compiler and runtime both know of a product's size. */
#ifndef NNRT_WORK_H
#define NNRT_WORK_H

/* Multiply-adds from which on a product is large: a library's call, or the packing of A, pays.
 * Measured on a Zen 5: docs/performance.md. */
static const double nnrt_large_product = 192.0 * 1024 * 1024;

#endif
