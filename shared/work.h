/* work: what compiler and runtime both know of a product's size. */
#ifndef NNRT_WORK_H
#define NNRT_WORK_H

/* Multiply-adds from which on a product is large: a library's call, or the packing of A, pays.
 * Measured on a Zen 5: docs/performance.md. */
static const double nnrt_large_product = 192.0 * 1024 * 1024;

/* Columns from which on threads share a product by columns, where A is as it is stored: a column's rows
 * are one thread's then, and follow each other. */
enum { NNRT_WHOLE_COLUMNS = 128 };

#endif
