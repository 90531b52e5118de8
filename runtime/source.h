/* source: what the readers of data files share; private to them (and weights_load.c).
 *
 * A reader takes a source, looks at its input and says as a part where the samples lie, or fails.
 * A part is decoded when its samples are wanted: all at once where they fit in memory, else block
 * by block.
 */
#ifndef NNRT_SOURCE_H
#define NNRT_SOURCE_H

#include "data.h"
#include "encoding.h"
#include "file.h"
#include "input.h"

/* ---- part.c ------------------------------------------------------------------------------- */

typedef enum nnrt_item { NNRT_ITEM_FLOAT, NNRT_ITEM_SIGNED, NNRT_ITEM_UNSIGNED } nnrt_item;

typedef enum nnrt_coding {
  NNRT_CODING_ITEMS,  /* numbers of one type, the elements of the tensors one after another    */
  NNRT_CODING_VALUES, /* the tensors' own types; words by their number                         */
  NNRT_CODING_TEXT    /* bytes                                                                 */
} nnrt_coding;

/* The samples of one file: records of the same length that lie at equal distances. */
typedef struct nnrt_part {
  nnrt_bytes bytes;
  size_t samples;
  size_t stride, span;   /* bytes from record to record, bytes of a record (they may overlap)  */
  nnrt_coding coding;
  nnrt_item item;        /* ITEMS                                                              */
  size_t item_bytes;
  bool big_endian;
  bool whole;            /* ITEMS: tensors that are not read have their place in a record too  */
} nnrt_part;

/* Tensors that come from the same files, which follow each other. */
typedef struct nnrt_table {
  const nnrt_tensor *tensor;
  size_t wanted;             /* of them are asked for                                          */
  bool predicts;             /* but those that are loss_only are not read, and left as they are */
  int real_bytes;
  const nnrt_encoding *encoding;
  const nnrt_tensor_encoding *own; /* of tensor[0]                                             */
  size_t *begin;             /* [wanted]: TEXT: where in a record the tensor begins; owned     */
  void **here;               /* [wanted]: of one read; owned                                   */
  size_t parts, capacity;
  nnrt_part *part;           /* owned                                                          */
  size_t samples;            /* of all parts                                                   */
  size_t paths;
  char **path;               /* of the parts; owned                                            */
  uint8_t *scratch;          /* of one read; owned                                             */
  size_t scratch_bytes;
} nnrt_table;

/* Takes over the part, even on failure. */
bool nnrt_table_add(nnrt_table *table, nnrt_part part, nnrt_failure *failure);
/* Samples first ... first+n-1 of each wanted tensor to to[k]; false, with file and place, where a
 * value does not belong there. */
bool nnrt_table_read(nnrt_table *table, size_t first, size_t n, void *const *to,
                     nnrt_failure *failure);
/* They will be read soon. */
void nnrt_table_expect(const nnrt_table *table, size_t first, size_t n);
void nnrt_table_free(nnrt_table *table);

/* ---- sources ------------------------------------------------------------------------------ */

/* One file and the tensors that it brings. Of the first `wanted` tensors all are read, or where it
 * is for prediction all that are not loss_only. In a table the columns are the elements of the
 * tensors that are read, one after another, or those of the first `wanted` or of all `known`
 * tensors, of which the others are skipped. A reader makes `part` of `input`, or fails. */
typedef struct nnrt_source {
  nnrt_input input;
  nnrt_spool *spool;             /* borrowed */
  const nnrt_tensor *tensor;
  size_t wanted, known;          /* 1 <= wanted <= known                                      */
  bool predicts;
  int real_bytes;
  nnrt_encoding *encoding;       /* borrowed */
  nnrt_tensor_encoding *own;     /* of tensor[0], borrowed                                    */
  bool learns;                   /* words and bytes that are new become classes               */
  size_t *begin;                 /* the table's, borrowed                                     */
  nnrt_lines *lines;             /* that the input is; NULL: a file                           */
  nnrt_part part;
} nnrt_source;

/* ---- source.c ----------------------------------------------------------------------------- */

size_t nnrt_count_columns(const nnrt_tensor *tensor, size_t tensors); /* sum of their elements */
static inline bool nnrt_is_read(const nnrt_tensor *tensor, bool predicts) {
  return !(predicts && tensor->loss_only);
}
/* The first tensor that is read, and the elements of all that are. */
const nnrt_tensor *nnrt_first_read(const nnrt_source *source);
size_t nnrt_columns_read(const nnrt_source *source);
/* May a table have so many columns? whole: tensors that are not read are among them. */
bool nnrt_columns_fit(const nnrt_source *source, size_t columns, bool *whole);

/* What a reader expected: "x has 30, y has 1: 31 columns". */
typedef struct nnrt_column_text {
  char chars[320];
} nnrt_column_text;
nnrt_column_text nnrt_show_columns(const nnrt_source *source);

/* An element of a tensor as the model writes it: "x[0, 3]", "y". */
typedef struct nnrt_element_text {
  char chars[256];
} nnrt_element_text;
nnrt_element_text nnrt_show_element(const nnrt_tensor *tensor, size_t element);

/* Bytes of a tensor in a record of VALUES: of a sample, rounded up so that all lie aligned. */
size_t nnrt_value_bytes(const nnrt_tensor *tensor, int real_bytes);

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

/* An array as a file holds it. */
typedef struct nnrt_array {
  nnrt_item item;
  size_t item_bytes;   /* 1, 2, 4 or 8 */
  bool big_endian;
  bool first_fastest;  /* Fortran order */
  int rank;
  size_t shape[NNRT_MAX_AXES];
  nnrt_bytes items;    /* from the first one to the end of the file */
} nnrt_array;

/* The source's part becomes the array, its samples first; takes array->items over. */
bool nnrt_array_part(nnrt_source *source, nnrt_array *array, nnrt_failure *failure);
/* An item's value. */
double nnrt_item_value(nnrt_item item, size_t bytes, bool big_endian, const uint8_t *from);

/* IEEE 754 half precision, by value. */
double nnrt_half_value(uint16_t bits);

/* ---- the formats -------------------------------------------------------------------------- */

/* By the input's first bytes. */
bool nnrt_is_npy(const nnrt_input *input);
/* The .npy file that a range of bytes is; takes the bytes over. */
bool nnrt_read_npy(nnrt_source *source, nnrt_bytes bytes, nnrt_failure *failure);

bool nnrt_is_idx(const nnrt_input *input);
bool nnrt_read_idx(nnrt_source *source, nnrt_bytes bytes, nnrt_failure *failure);

bool nnrt_is_zip(const nnrt_input *input);
/* The member NAME.npy of an archive; takes the bytes over, which become the member's. */
bool nnrt_zip_member(nnrt_bytes *bytes, const char *name, nnrt_spool *spool,
                     nnrt_failure *failure);

/* Does the input look like a table of numbers, rather than like text to learn? */
bool nnrt_is_csv(nnrt_source *source);
bool nnrt_read_csv(nnrt_source *source, nnrt_failure *failure);

/* May the source's tensors be filled from text? */
bool nnrt_takes_text(const nnrt_source *source);
bool nnrt_read_text(nnrt_source *source, nnrt_bytes bytes, nnrt_failure *failure);
/* The class of every byte, -1 for those that have none. */
void nnrt_invert_alphabet(const nnrt_alphabet *alphabet, int32_t class_of[256]);
/* "FILE: line ...: byte ... is ..., which the text that the weights were trained on ..." */
bool nnrt_fail_byte(const nnrt_bytes *bytes, uint64_t at, nnrt_failure *failure);

#endif
