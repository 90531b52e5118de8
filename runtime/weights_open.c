/* weights_open.c: a safetensors file to views, all of it checked.
 *
 * The rules are the format's: offsets begin at 0, ascend without holes or overlaps and end at the
 * end of the file; each pair spans exactly its shape and dtype; no name stands twice.
 */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "weights_file.h"

enum { LENGTH_BYTES = 8, MOST_HEADER_BYTES = 100000000 };

static const double largest_whole = 9007199254740992.0; /* 2^53 */

/* ---- one entry ---------------------------------------------------------------------------- */

static bool is_size(const cJSON *item, size_t *size) {
  if (!cJSON_IsNumber(item)) return false;
  double value = item->valuedouble;
  if (!(value >= 0 && value <= largest_whole) || value != floor(value)) return false;
  *size = (size_t)value;
  return true;
}

static bool find_dtype(const cJSON *item, nnrt_dtype *dtype) {
  const char *name = cJSON_GetStringValue(item);
  for (int k = 0; name && k < NNRT_DTYPES; k++) {
    if (strcmp(nnrt_dtype_name((nnrt_dtype)k), name) != 0) continue;
    *dtype = (nnrt_dtype)k;
    return true;
  }
  return false;
}

/* Reads the shape into `sizes`; the bytes that it takes, false where they pass size_t. */
static bool read_shape(const cJSON *list, size_t *sizes, nnrt_view *view, size_t *bytes) {
  view->shape = sizes;
  view->rank = 0;
  *bytes = nnrt_dtype_bytes(view->dtype);
  if (!cJSON_IsArray(list)) return false;
  const cJSON *item;
  cJSON_ArrayForEach(item, list) {
    size_t size;
    if (!is_size(item, &size) || (size && *bytes > SIZE_MAX / size)) return false;
    *bytes *= size;
    sizes[view->rank++] = size;
  }
  return true;
}

static bool read_offsets(const cJSON *list, size_t *begin, size_t *end) {
  return cJSON_IsArray(list) && cJSON_GetArraySize(list) == 2 &&
         is_size(cJSON_GetArrayItem(list, 0), begin) && is_size(cJSON_GetArrayItem(list, 1), end);
}

/* Fills one view; *room points to where its sizes go and moves on. */
static bool read_entry(nnrt_weights *weights, const cJSON *entry, nnrt_view *view, size_t **room,
                       nnrt_failure *failure) {
  const char *path = weights->path, *name = entry->string;
  const cJSON *dtype = cJSON_GetObjectItemCaseSensitive(entry, "dtype");
  size_t bytes, begin, end, data = weights->length - weights->data;
  view->name = name;
  if (!cJSON_IsObject(entry) || !cJSON_IsString(dtype))
    return nnrt_fail(failure, "%s: tensor '%s' has no dtype; the file is damaged", path, name);
  if (!find_dtype(dtype, &view->dtype))
    return nnrt_fail(failure, "%s: tensor '%s' has dtype '%s', which is not known; save it as F32",
                     path, name, cJSON_GetStringValue(dtype));
  if (!read_shape(cJSON_GetObjectItemCaseSensitive(entry, "shape"), *room, view, &bytes))
    return nnrt_fail(failure, "%s: tensor '%s' has a damaged shape", path, name);
  if (!read_offsets(cJSON_GetObjectItemCaseSensitive(entry, "data_offsets"), &begin, &end) ||
      begin > end)
    return nnrt_fail(failure, "%s: tensor '%s' has damaged offsets", path, name);
  if (end - begin != bytes)
    return nnrt_fail(failure, "%s: tensor '%s' %s of %s takes %zu bytes, but its offsets span %zu",
                     path, name, nnrt_show_shape(view->rank, view->shape).chars,
                     cJSON_GetStringValue(dtype), bytes, end - begin);
  if (end > data)
    return nnrt_fail(failure, "%s: cut short: tensor '%s' ends at byte %zu, the file at %zu; copy "
                     "it again", path, name, weights->data + end, weights->length);
  view->data = weights->bytes + weights->data + begin;
  *room += view->rank;
  return true;
}

/* ---- all entries -------------------------------------------------------------------------- */

static const uint8_t *begin_of(const nnrt_view *view) { return view->data; }

static int compare_places(const void *a, const void *b) {
  const nnrt_view *left = a, *right = b;
  size_t left_bytes = nnrt_view_bytes(left), right_bytes = nnrt_view_bytes(right);
  if (begin_of(left) != begin_of(right)) return begin_of(left) < begin_of(right) ? -1 : 1;
  if (left_bytes != right_bytes) return left_bytes < right_bytes ? -1 : 1;
  return strcmp(left->name, right->name);
}

static int compare_names(const void *a, const void *b) {
  const nnrt_view *const *left = a, *const *right = b;
  return strcmp((*left)->name, (*right)->name);
}

static bool check_places(const nnrt_weights *weights, nnrt_failure *failure) {
  const uint8_t *at = weights->bytes + weights->data;
  const uint8_t *file_end = weights->bytes + weights->length;
  for (size_t k = 0; k < weights->views; k++) {
    const nnrt_view *view = &weights->view[k];
    if (begin_of(view) < at)
      return nnrt_fail(failure, "%s: tensors '%s' and '%s' overlap; the file is damaged",
                       weights->path, weights->view[k - 1].name, view->name);
    if (begin_of(view) > at)
      return nnrt_fail(failure, "%s: %zu bytes before tensor '%s' belong to none; the file is "
                       "damaged", weights->path, (size_t)(begin_of(view) - at), view->name);
    at += nnrt_view_bytes(view);
  }
  if (at == file_end) return true;
  return nnrt_fail(failure, "%s: %zu bytes at the end belong to no tensor; the file is damaged",
                   weights->path, (size_t)(file_end - at));
}

bool nnrt_weights_sort(nnrt_weights *weights, nnrt_failure *failure) {
  for (size_t k = 0; k < weights->views; k++) weights->by_name[k] = &weights->view[k];
  qsort(weights->by_name, weights->views, sizeof *weights->by_name, compare_names);
  for (size_t k = 1; k < weights->views; k++)
    if (strcmp(weights->by_name[k - 1]->name, weights->by_name[k]->name) == 0)
      return nnrt_fail(failure, "%s: holds two tensors named '%s'; %s", weights->path,
                       weights->by_name[k]->name,
                       weights->renames ? "mend --map" : "the file is damaged");
  return true;
}

static bool is_notes(const cJSON *entry) { return strcmp(entry->string, "__metadata__") == 0; }

/* The notes must be strings; more than one such entry would hide a name that stands twice. */
static bool check_notes(nnrt_weights *weights, const cJSON *entry, nnrt_failure *failure) {
  bool good = cJSON_IsObject(entry) && !weights->notes;
  const cJSON *note;
  if (good) {
    cJSON_ArrayForEach(note, entry) good = good && cJSON_IsString(note);
  }
  weights->notes = entry;
  return good || nnrt_fail(failure, "%s: its __metadata__ is damaged", weights->path);
}

static void count(const cJSON *header, size_t *entries, size_t *sizes) {
  const cJSON *entry;
  *entries = *sizes = 0;
  cJSON_ArrayForEach(entry, header) {
    ++*entries;
    *sizes += (size_t)cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(entry, "shape"));
  }
}

static bool read_entries(nnrt_weights *weights, nnrt_failure *failure) {
  size_t entries, sizes;
  count(weights->header, &entries, &sizes);
  weights->view = calloc(entries + 1, sizeof *weights->view);
  weights->by_name = calloc(entries + 1, sizeof *weights->by_name);
  weights->sizes = calloc(sizes + 1, sizeof *weights->sizes);
  if (!weights->view || !weights->by_name || !weights->sizes)
    return nnrt_fail(failure, "%s: no memory for its header", weights->path);
  size_t *room = weights->sizes;
  const cJSON *entry;
  cJSON_ArrayForEach(entry, weights->header) {
    bool good = is_notes(entry)
                  ? check_notes(weights, entry, failure)
                  : read_entry(weights, entry, &weights->view[weights->views++], &room, failure);
    if (!good) return false;
  }
  qsort(weights->view, weights->views, sizeof *weights->view, compare_places);
  return nnrt_weights_sort(weights, failure) && check_places(weights, failure);
}

/* ---- the file ----------------------------------------------------------------------------- */

static bool fail_foreign(const nnrt_weights *weights, nnrt_failure *failure) {
  return nnrt_fail(failure, "%s: is no safetensors file; give one that --save wrote",
                   weights->path);
}

/* The header's length, checked against the file's. */
static bool find_header(nnrt_weights *weights, nnrt_failure *failure) {
  uint64_t length = 0;
  if (weights->length <= LENGTH_BYTES) return fail_foreign(weights, failure);
  for (size_t k = 0; k < LENGTH_BYTES; k++) length |= (uint64_t)weights->bytes[k] << (8 * k);
  if (weights->bytes[LENGTH_BYTES] != '{') return fail_foreign(weights, failure);
  if (length > MOST_HEADER_BYTES)
    return nnrt_fail(failure, "%s: its header would have %llu bytes; %d are the most",
                     weights->path, (unsigned long long)length, MOST_HEADER_BYTES);
  if (length > weights->length - LENGTH_BYTES)
    return nnrt_fail(failure, "%s: cut short in its header; copy it again", weights->path);
  weights->data = LENGTH_BYTES + (size_t)length;
  return true;
}

static bool parse_header(nnrt_weights *weights, nnrt_failure *failure) {
  const char *text = (const char *)weights->bytes + LENGTH_BYTES, *end = NULL;
  const char *data = (const char *)weights->bytes + weights->data;
  weights->header = cJSON_ParseWithLengthOpts(text, (size_t)(data - text), &end, 0);
  if (weights->header)
    while (end < data && (*end == ' ' || *end == 0)) end++;
  if (weights->header && end == data && cJSON_IsObject(weights->header)) return true;
  size_t byte = end && end <= data ? (size_t)(end - text) + LENGTH_BYTES : LENGTH_BYTES;
  return nnrt_fail(failure, "%s: its header is damaged at byte %zu", weights->path, byte);
}

nnrt_weights *nnrt_weights_open(const char *path, nnrt_failure *failure) {
  nnrt_contents file;
  if (!nnrt_file_read(path, &file, failure)) return NULL;
  nnrt_weights *weights = calloc(1, sizeof *weights);
  if (!weights) {
    nnrt_file_free(&file);
    nnrt_fail(failure, "%s: no memory", path);
    return NULL;
  }
  weights->bytes = file.bytes;
  weights->length = file.length;
  weights->path = strdup(path);
  bool good = weights->path != NULL;
  if (!good) nnrt_fail(failure, "%s: no memory", path);
  if (good && find_header(weights, failure) && parse_header(weights, failure) &&
      read_entries(weights, failure))
    return weights;
  nnrt_weights_close(weights);
  return NULL;
}

void nnrt_weights_close(nnrt_weights *weights) {
  if (!weights) return;
  for (size_t k = 0; k < weights->renames; k++) free(weights->renamed[k]);
  free(weights->renamed);
  cJSON_Delete(weights->header);
  free(weights->by_name);
  free(weights->view);
  free(weights->sizes);
  free(weights->bytes);
  free(weights->path);
  free(weights);
}

/* ---- looking up --------------------------------------------------------------------------- */

size_t nnrt_weights_count(const nnrt_weights *weights) { return weights->views; }

const nnrt_view *nnrt_weights_at(const nnrt_weights *weights, size_t index) {
  return &weights->view[index];
}

const nnrt_view *nnrt_weights_find(const nnrt_weights *weights, const char *name) {
  size_t low = 0, high = weights->views;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = strcmp(weights->by_name[middle]->name, name);
    if (order == 0) return weights->by_name[middle];
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return NULL;
}

const char *nnrt_weights_note(const nnrt_weights *weights, const char *key) {
  return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(weights->notes, key));
}
