/* source: what the readers of data files share; private to them (and weights_load.c).
 *
 * A reader takes a source, whose file is in memory, fills `values` and `samples`, or fails.
 */
#ifndef NNRT_SOURCE_H
#define NNRT_SOURCE_H

#include "data.h"
#include "file.h"

/* One file and the tensors that it brings. In a table the columns are the elements of
 * tensor[0 ... known-1] one after another; the first `wanted` tensors are read, the others may be
 * missing and are skipped. */
typedef struct nnrt_source {
  nnrt_contents file;
  const nnrt_tensor *tensor;
  size_t wanted, known;   /* 1 <= wanted <= known                                             */
  int real_bytes;
  nnrt_alphabet alphabet; /* of text: given where count > 0, else found                       */
  void **values;          /* wanted of them, owned by the data set; NULL until allocated      */
  size_t samples, capacity;
} nnrt_source;

/* ---- source.c ----------------------------------------------------------------------------- */

size_t nnrt_columns(const nnrt_tensor *tensor, size_t tensors); /* sum of their elements */

/* Makes room for `samples` samples of every wanted tensor, keeping what is there. */
bool nnrt_source_reserve(nnrt_source *source, size_t samples, nnrt_failure *failure);

/* What a reader expected: "x has 30, y has 1: 31 columns". */
typedef struct nnrt_column_text {
  char chars[256];
} nnrt_column_text;
nnrt_column_text nnrt_show_columns(const nnrt_source *source);

/* An element of a tensor as the model writes it: "x[0, 3]", "y". */
typedef struct nnrt_element_text {
  char chars[256];
} nnrt_element_text;
nnrt_element_text nnrt_show_element(const nnrt_tensor *tensor, size_t element);

/* Puts a value at values[at] in the tensor's type; false where it does not belong there. */
bool nnrt_store(const nnrt_tensor *tensor, int real_bytes, void *values, size_t at, double value);
/* "PLACE: why nnrt_store refused this value; what to do". place names file and position. */
bool nnrt_fail_store(nnrt_failure *failure, const char *place, const nnrt_tensor *tensor,
                     size_t element, double value);

/* ---- number.c ----------------------------------------------------------------------------- */

/* Reads the decimal number that begins at `text` (in a buffer that a 0 ends), correctly rounded
 * whatever the locale; returns where it ends, NULL where there is none. Infinite where it is too
 * large. No hexadecimal, no "nan", no spaces. */
const char *nnrt_read_decimal(const char *text, double *value);

/* ---- array.c ------------------------------------------------------------------------------ */

enum { NNRT_MAX_AXES = 64 };

typedef enum nnrt_item { NNRT_ITEM_FLOAT, NNRT_ITEM_SIGNED, NNRT_ITEM_UNSIGNED } nnrt_item;

/* An array as a file holds it. */
typedef struct nnrt_array {
  nnrt_item item;
  size_t item_bytes;   /* 1, 2, 4 or 8 */
  bool big_endian;
  bool first_fastest;  /* Fortran order */
  int rank;
  size_t shape[NNRT_MAX_AXES];
  const uint8_t *items;
  size_t bytes;        /* that are there, from items to the end of the file */
} nnrt_array;

bool nnrt_array_spread(nnrt_source *source, const nnrt_array *array, nnrt_failure *failure);

/* IEEE 754 half precision, by value. */
double nnrt_half_value(uint16_t bits);

/* ---- the formats -------------------------------------------------------------------------- */

bool nnrt_is_npy(const nnrt_contents *file);
bool nnrt_read_npy(nnrt_source *source, nnrt_failure *failure);

bool nnrt_is_idx(const nnrt_contents *file);
bool nnrt_read_idx(nnrt_source *source, nnrt_failure *failure);

/* Does the file look like a table of numbers, rather than like text to learn? */
bool nnrt_is_csv(const nnrt_source *source);
bool nnrt_read_csv(nnrt_source *source, nnrt_failure *failure);

/* May the source's tensors be filled from text? */
bool nnrt_takes_text(const nnrt_source *source);
/* The distinct bytes of a file, added to those of `alphabet`. */
void nnrt_collect_alphabet(const nnrt_contents *file, nnrt_alphabet *alphabet);
bool nnrt_read_text(nnrt_source *source, nnrt_failure *failure);

#endif
