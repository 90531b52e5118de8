/* npy.c: NumPy's array file, versions 1.0, 2.0 and 3.0, to tensors.
 *
 * "\x93NUMPY", two bytes of version, the header's length (2 bytes in 1.0, else 4, little-endian),
 * the header, a Python dictionary {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), },
 * the items. https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source.h"

enum { MAGIC_BYTES = 6 };
static const char magic[] = "\x93NUMPY";

bool nnrt_is_npy(const nnrt_input *input) {
  return input->length >= MAGIC_BYTES && memcmp(input->bytes, magic, MAGIC_BYTES) == 0;
}

/* ---- the header's dictionary -------------------------------------------------------------- */

typedef struct header {
  const char *at, *end;
  char descr[16]; /* "" until seen */
  int fortran;    /* -1 until seen */
  bool has_shape;
  nnrt_array *array;
} header;

static void skip_spaces(header *in) {
  while (in->at < in->end && (*in->at == ' ' || *in->at == '\n' || *in->at == '\t')) in->at++;
}

static bool take(header *in, const char *word) {
  skip_spaces(in);
  size_t length = strlen(word);
  if ((size_t)(in->end - in->at) < length || memcmp(in->at, word, length) != 0) return false;
  in->at += length;
  return true;
}

/* A quoted string, cut to the room there is for it. */
static bool take_string(header *in, char *string, size_t room) {
  skip_spaces(in);
  if (in->at == in->end || (*in->at != '\'' && *in->at != '"')) return false;
  char quote = *in->at++;
  size_t length = 0;
  for (; in->at < in->end && *in->at != quote; in->at++)
    if (length + 1 < room) string[length++] = *in->at;
  string[length] = 0;
  if (in->at == in->end) return false;
  in->at++;
  return true;
}

static bool take_size(header *in, size_t *size) {
  skip_spaces(in);
  const char *first = in->at;
  *size = 0;
  for (; in->at < in->end && *in->at >= '0' && *in->at <= '9'; in->at++) {
    size_t digit = (size_t)(*in->at - '0');
    if (*size > (SIZE_MAX - digit) / 10) return false;
    *size = *size * 10 + digit;
  }
  bool any = in->at > first;
  (void)take(in, "L"); /* Python 2 */
  return any;
}

static bool take_shape(header *in) {
  in->array->rank = 0;
  if (!take(in, "(")) return false;
  while (!take(in, ")")) {
    if (in->array->rank == NNRT_MAX_AXES) return false;
    if (!take_size(in, &in->array->shape[in->array->rank++])) return false;
    if (take(in, ",")) continue;
    if (take(in, ")")) break;
    return false;
  }
  return in->has_shape = true;
}

/* 1 well-formed, 0 not; -1 a descr that is a list: records instead of numbers. */
static int take_entry(header *in) {
  char key[32];
  if (!take_string(in, key, sizeof key) || !take(in, ":")) return 0;
  if (strcmp(key, "shape") == 0) return take_shape(in);
  if (strcmp(key, "fortran_order") == 0) {
    in->fortran = take(in, "True") ? 1 : take(in, "False") ? 0 : -1;
    return in->fortran >= 0;
  }
  if (strcmp(key, "descr") != 0) return 0;
  if (take(in, "[")) return -1;
  return take_string(in, in->descr, sizeof in->descr);
}

static int take_dictionary(header *in) {
  if (!take(in, "{")) return 0;
  while (!take(in, "}")) {
    int entry = take_entry(in);
    if (entry != 1) return entry;
    if (take(in, ",")) continue;
    if (take(in, "}")) break;
    return 0;
  }
  return in->descr[0] && in->fortran >= 0 && in->has_shape;
}

/* ---- types -------------------------------------------------------------------------------- */

static bool set_item(const char *descr, nnrt_array *array) {
  static const struct {
    char name[4];
    nnrt_item item;
    size_t bytes;
  } rows[] = {
    {"f2", NNRT_ITEM_FLOAT, 2},    {"f4", NNRT_ITEM_FLOAT, 4},    {"f8", NNRT_ITEM_FLOAT, 8},
    {"i1", NNRT_ITEM_SIGNED, 1},   {"i2", NNRT_ITEM_SIGNED, 2},   {"i4", NNRT_ITEM_SIGNED, 4},
    {"i8", NNRT_ITEM_SIGNED, 8},   {"u1", NNRT_ITEM_UNSIGNED, 1}, {"u2", NNRT_ITEM_UNSIGNED, 2},
    {"u4", NNRT_ITEM_UNSIGNED, 4}, {"u8", NNRT_ITEM_UNSIGNED, 8}, {"b1", NNRT_ITEM_UNSIGNED, 1},
  };
  const char *name = strchr("<>=|", descr[0]) ? descr + 1 : descr;
  for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
    if (strcmp(rows[k].name, name) != 0) continue;
    array->item = rows[k].item;
    array->item_bytes = rows[k].bytes;
    array->big_endian = descr[0] == '>' || (descr[0] != '<' && nnrt_host_is_big_endian());
    return true;
  }
  return false;
}

static bool fail_descr(const char *path, const char *descr, nnrt_failure *failure) {
  const char *name = strchr("<>=|", descr[0]) ? descr + 1 : descr;
  const char *what = name[0] == 'O'                    ? "Python objects"
                     : name[0] == 'U' || name[0] == 'S' ? "strings"
                     : name[0] == 'c'                  ? "complex numbers"
                     : name[0] == 'M' || name[0] == 'm' ? "dates"
                                                        : "items";
  return nnrt_fail(failure, "%s: holds %s of type '%s'; save numbers (.astype('float32'))", path,
                   what, descr);
}

/* ---- the file ----------------------------------------------------------------------------- */

enum { MOST_HEADER = 1 << 20 };

/* Reads the header's text (to be freed), which begins at byte *begin, and drops it. */
static char *take_header(nnrt_bytes *file, size_t *begin, size_t *length,
                         nnrt_failure *failure) {
  uint8_t head[MAGIC_BYTES + 6] = {0};
  size_t there = file->length < sizeof head ? (size_t)file->length : sizeof head;
  if (!nnrt_bytes_read(file, 0, there, head, failure)) return NULL;
  const uint8_t version = head[MAGIC_BYTES];
  if (there > MAGIC_BYTES && (version < 1 || version > 3)) {
    nnrt_fail(failure, "%s: a NumPy file of version %d; 1, 2 and 3 are known", file->path, version);
    return NULL;
  }
  const size_t length_bytes = version == 1 ? 2 : 4;
  *begin = MAGIC_BYTES + 2 + length_bytes;
  *length = 0;
  for (size_t k = 0; k < length_bytes; k++)
    *length |= (size_t)head[MAGIC_BYTES + 2 + k] << (8 * k);
  if (file->length < *begin || *length > file->length - *begin || *length > MOST_HEADER) {
    nnrt_fail(failure, "%s: the NumPy file is cut short in its header", file->path);
    return NULL;
  }
  char *text = malloc(*length + 1);
  if (!text) nnrt_fail(failure, "%s: no memory for its header", file->path);
  if (text && !nnrt_bytes_read(file, *begin, *length, text, failure)) {
    free(text);
    return NULL;
  }
  file->offset += *begin + *length;
  file->length -= *begin + *length;
  return text;
}

/* The text begins at byte `begin` of its file. */
static bool parse_header(const char *path, const char *text, size_t begin, size_t length,
                         nnrt_array *array, nnrt_failure *failure) {
  header in = {.at = text, .end = text + length, .fortran = -1, .array = array};
  int good = take_dictionary(&in);
  if (good < 0)
    return nnrt_fail(failure, "%s: holds records; save one array of numbers per tensor", path);
  if (!good)
    return nnrt_fail(failure, "%s: the NumPy file's header is damaged at its byte %zu", path,
                     begin + (size_t)(in.at - text));
  array->first_fastest = in.fortran == 1;
  return set_item(in.descr, array) || fail_descr(path, in.descr, failure);
}

bool nnrt_read_npy(nnrt_source *source, nnrt_bytes bytes, nnrt_failure *failure) {
  size_t begin, length;
  nnrt_array array = {0};
  char *text = take_header(&bytes, &begin, &length, failure);
  bool good = text && parse_header(bytes.path, text, begin, length, &array, failure);
  free(text);
  array.items = bytes;
  if (good) return nnrt_array_part(source, &array, failure);
  nnrt_bytes_close(&bytes);
  return false;
}
