/* rows: predictions as lines of text, a sample a line: CSV, or JSON objects. */
#ifndef NNRT_ROWS_H
#define NNRT_ROWS_H

#include <stdio.h>

#include "encoding.h"
#include "nnrt.h"

typedef struct nnrt_rows {
  const nnrt_model *model;
  const nnrt_encoding *encoding; /* whose words stand for classes; NULL: numbers              */
  int json;
  size_t top;                    /* 0: all; else the largest along the last axis of real
                                    outputs, best first, with their classes                   */
} nnrt_rows;

void nnrt_rows_head(const nnrt_rows *rows, FILE *to); /* the names of CSV's columns */
/* values[k]: of output k, from which sample number `sample` is taken. */
void nnrt_rows_print(const nnrt_rows *rows, void *const *values, size_t sample, FILE *to);

#endif
