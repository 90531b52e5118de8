/* weights_file: an opened safetensors file from the inside; private to weights*.c. */
#ifndef NNRT_WEIGHTS_FILE_H
#define NNRT_WEIGHTS_FILE_H

#include "weights.h"

struct cJSON;

struct nnrt_weights {
  char *path;
  uint8_t *bytes;               /* the whole file                                             */
  size_t length, data;          /* of the file; where the tensors begin in it                 */
  struct cJSON *header;         /* owns the names                                             */
  const struct cJSON *notes;    /* __metadata__ in the header, or NULL                        */
  nnrt_view *view;              /* in the order of their places in the file                   */
  const nnrt_view **by_name;    /* the same, sorted                                           */
  size_t views;
  size_t *sizes;                /* all shapes, one after another                              */
  char **renamed;               /* names that --map gave; owned                               */
  size_t renames;
};

/* Sorts by_name anew; false where two tensors have one name. */
bool nnrt_weights_sort(nnrt_weights *weights, nnrt_failure *failure);

const char *nnrt_dtype_name(nnrt_dtype dtype); /* as the format spells it: "F32" */
bool nnrt_dtype_is_float(nnrt_dtype dtype);
bool nnrt_dtype_is_signed(nnrt_dtype dtype); /* a whole number that may be negative */
bool nnrt_dtype_is_opaque(nnrt_dtype dtype); /* nothing here can read its values */
size_t nnrt_view_bytes(const nnrt_view *view);

#endif
