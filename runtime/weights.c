/* weights.c: named tensors to a safetensors file.
 *
 * Larger items come first in the file, so that every tensor is aligned; within one item size the
 * caller's order stays. Notes and names go into the header through cJSON.
 */
#include "weights.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"

nnrt_dtype nnrt_real_dtype(int real_bytes) { return real_bytes == 8 ? NNRT_F64 : NNRT_F32; }

/* Every type of the format that has whole bytes. OPAQUE: only its size is known, so that a file
 * that holds such a tensor can be read for its others. */
static const struct {
  const char *name;
  size_t bytes;
  enum { FLOAT, SIGNED, UNSIGNED, OPAQUE } nature;
} dtypes[] = {
  [NNRT_F32] = {"F32", 4, FLOAT},      [NNRT_F64] = {"F64", 8, FLOAT},
  [NNRT_F16] = {"F16", 2, FLOAT},      [NNRT_BF16] = {"BF16", 2, FLOAT},
  [NNRT_U8] = {"U8", 1, UNSIGNED},     [NNRT_I32] = {"I32", 4, SIGNED},
  [NNRT_I64] = {"I64", 8, SIGNED},     [NNRT_U64] = {"U64", 8, UNSIGNED},
  [NNRT_I8] = {"I8", 1, SIGNED},       [NNRT_I16] = {"I16", 2, SIGNED},
  [NNRT_U16] = {"U16", 2, UNSIGNED},   [NNRT_U32] = {"U32", 4, UNSIGNED},
  [NNRT_BOOL] = {"BOOL", 1, UNSIGNED}, [NNRT_F8_E4M3] = {"F8_E4M3", 1, OPAQUE},
  [NNRT_F8_E5M2] = {"F8_E5M2", 1, OPAQUE}, [NNRT_C64] = {"C64", 8, OPAQUE},
};

size_t nnrt_dtype_bytes(nnrt_dtype dtype) { return dtypes[dtype].bytes; }
const char *nnrt_dtype_name(nnrt_dtype dtype) { return dtypes[dtype].name; }
bool nnrt_dtype_is_float(nnrt_dtype dtype) { return dtypes[dtype].nature == FLOAT; }
bool nnrt_dtype_is_signed(nnrt_dtype dtype) { return dtypes[dtype].nature == SIGNED; }
bool nnrt_dtype_is_opaque(nnrt_dtype dtype) { return dtypes[dtype].nature == OPAQUE; }

size_t nnrt_view_bytes(const nnrt_view *view) {
  size_t bytes = nnrt_dtype_bytes(view->dtype);
  for (int k = 0; k < view->rank; k++) bytes *= view->shape[k];
  return bytes;
}

/* ---- the header --------------------------------------------------------------------------- */

static bool add_notes(cJSON *header, const nnrt_note *note, size_t notes) {
  if (notes == 0) return true;
  cJSON *entry = cJSON_AddObjectToObject(header, "__metadata__");
  for (size_t k = 0; entry && k < notes; k++)
    if (!cJSON_AddStringToObject(entry, note[k].key, note[k].value)) return false;
  return entry != NULL;
}

static bool add_number(cJSON *list, size_t number) {
  return cJSON_AddItemToArray(list, cJSON_CreateNumber((double)number));
}

static bool add_view(cJSON *header, const nnrt_view *view, size_t *offset) {
  cJSON *entry = cJSON_AddObjectToObject(header, view->name);
  if (!entry || !cJSON_AddStringToObject(entry, "dtype", nnrt_dtype_name(view->dtype)))
    return false;
  cJSON *shape = cJSON_AddArrayToObject(entry, "shape");
  for (int k = 0; shape && k < view->rank; k++)
    if (!add_number(shape, view->shape[k])) return false;
  cJSON *offsets = cJSON_AddArrayToObject(entry, "data_offsets");
  if (!shape || !offsets || !add_number(offsets, *offset)) return false;
  *offset += nnrt_view_bytes(view);
  return add_number(offsets, *offset);
}

/* The header's JSON, to be freed with cJSON_free; NULL without memory. */
static char *make_header(const nnrt_view *const *view, size_t views, const nnrt_note *note,
                         size_t notes) {
  cJSON *header = cJSON_CreateObject();
  size_t offset = 0;
  bool good = header && add_notes(header, note, notes);
  for (size_t k = 0; good && k < views; k++) good = add_view(header, view[k], &offset);
  char *text = good ? cJSON_PrintUnformatted(header) : NULL;
  cJSON_Delete(header);
  return text;
}

/* ---- the file ----------------------------------------------------------------------------- */

/* Errors of the stream are kept by it and found by nnrt_output_finish. */
static void write_header(FILE *out, const char *text) {
  size_t length = strlen(text);
  size_t padded = (length + 7) / 8 * 8;
  for (size_t k = 0; k < 8; k++) putc((int)(padded >> (8 * k) & 0xFF), out);
  fprintf(out, "%s%*s", text, (int)(padded - length), "");
}

static void write_items(FILE *out, const nnrt_view *view) {
  size_t bytes = nnrt_view_bytes(view), item = nnrt_dtype_bytes(view->dtype);
  const uint8_t *from = view->data;
  if (bytes == 0) return;
  if (!nnrt_host_is_big_endian()) {
    fwrite(from, 1, bytes, out);
    return;
  }
  for (size_t k = 0; k < bytes; k += item)
    for (size_t byte = item; byte-- > 0;) putc(from[k + byte], out);
}

/* Views by falling item size; a new array, NULL without memory. */
static const nnrt_view **in_file_order(const nnrt_view *view, size_t views) {
  const nnrt_view **order = malloc((views + 1) * sizeof *order);
  size_t count = 0;
  for (size_t item = 8; order && item > 0; item /= 2)
    for (size_t k = 0; k < views; k++)
      if (nnrt_dtype_bytes(view[k].dtype) == item) order[count++] = &view[k];
  return order;
}

static int compare_names(const void *a, const void *b) {
  const nnrt_view *const *left = a, *const *right = b;
  return strcmp((*left)->name, (*right)->name);
}

/* A file with a name twice could not be read back. */
static bool check_names(const char *path, const nnrt_view *view, size_t views,
                        nnrt_failure *failure) {
  const nnrt_view **order = in_file_order(view, views);
  if (!order) return nnrt_fail(failure, "%s: cannot write: no memory", path);
  qsort(order, views, sizeof *order, compare_names);
  const char *twice = NULL;
  for (size_t k = 0; k < views; k++)
    if ((k > 0 && strcmp(order[k - 1]->name, order[k]->name) == 0) ||
        strcmp(order[k]->name, "__metadata__") == 0)
      twice = order[k]->name;
  free(order);
  if (!twice) return true;
  return nnrt_fail(failure, "%s: cannot write two tensors named '%s'", path, twice);
}

bool nnrt_weights_write(const char *path, const nnrt_view *view, size_t views,
                        const nnrt_note *note, size_t notes, nnrt_failure *failure) {
  if (!check_names(path, view, views, failure)) return false;
  const nnrt_view **order = in_file_order(view, views);
  char *header = order ? make_header(order, views, note, notes) : NULL;
  nnrt_output out;
  bool good = header != NULL;
  if (!good) nnrt_fail(failure, "%s: cannot write: no memory", path);
  good = good && nnrt_output_open(&out, path, failure);
  if (good) {
    write_header(out.stream, header);
    for (size_t k = 0; k < views; k++) write_items(out.stream, order[k]);
    good = nnrt_output_finish(&out, failure);
  }
  cJSON_free(header);
  free(order);
  return good;
}
