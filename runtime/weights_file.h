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
};

const char *nnrt_dtype_name(nnrt_dtype dtype); /* as the format spells it: "F32" */
size_t nnrt_view_bytes(const nnrt_view *view);

#endif
