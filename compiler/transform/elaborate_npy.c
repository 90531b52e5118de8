/* elaborate_npy: a NumPy file (format 1.0 to 3.0; float32, float64 or integers, either order of
 * bytes, C order) into numbers. NumPy Enhancement Proposal 1 describes the format. */
#include <stdlib.h>
#include <string.h>

#include "elaborate.h"

enum { LARGEST_HEADER = 1 << 16 };

typedef struct npy_header {
  char kind; /* f, i, u */
  int width;
  bool big_endian;
  int rank;
  int64_t shape[LARGEST_RANK];
  int64_t elements;
} npy_header;

static bool read_length(FILE *in, size_t *length) {
  unsigned char head[12];
  if (fread(head, 1, 8, in) != 8 || memcmp(head, "\x93NUMPY", 6) != 0) return false;
  size_t bytes = head[6] == 1 ? 2 : 4;
  if (head[6] < 1 || head[6] > 3 || fread(head + 8, 1, bytes, in) != bytes) return false;
  *length = 0;
  for (size_t k = bytes; k-- > 0;) *length = *length * 256 + head[8 + k];
  return *length <= LARGEST_HEADER;
}

static const char *after_key(const char *header, const char *key) {
  const char *at = strstr(header, key);
  if (at == NULL) return NULL;
  at = strchr(at, ':');
  if (at == NULL) return NULL;
  do at++;
  while (*at == ' ');
  return at;
}

static const char *read_type(const char *header, npy_header *out) {
  const char *type = after_key(header, "'descr'");
  if (type == NULL || *type != '\'' || strlen(type) < 4) return "its header is broken";
  out->big_endian = type[1] == '>';
  out->kind = type[2];
  out->width = (int)strtol(type + 3, NULL, 10);
  bool real = out->kind == 'f' && (out->width == 4 || out->width == 8);
  bool whole = (out->kind == 'i' || out->kind == 'u') &&
               (out->width == 1 || out->width == 2 || out->width == 4 || out->width == 8);
  return real || whole ? NULL : "it holds neither float32, float64 nor whole numbers";
}

static const char *read_npy_shape(const char *header, npy_header *out) {
  const char *order = after_key(header, "'fortran_order'");
  const char *at = after_key(header, "'shape'");
  if (order == NULL || at == NULL || *at != '(') return "its header is broken";
  out->elements = 1;
  at++;
  while (*at != ')') {
    char *end;
    long long size = strtoll(at, &end, 10);
    if (end == at || size < 1) return "its shape has no elements";
    if (out->rank == LARGEST_RANK) return "it has too many axes";
    if (size > LARGEST_ELEMENTS / out->elements) return "it has too many elements";
    out->shape[out->rank++] = size;
    out->elements *= size;
    for (at = end; *at == ' ' || *at == ','; at++) continue;
  }
  if (strncmp(order, "True", 4) == 0 && out->rank > 1)
    return "it is in Fortran order; save np.ascontiguousarray(...) of it";
  return NULL;
}

static double element(const unsigned char *bytes, const npy_header *header) {
  uint64_t bits = 0;
  for (int k = 0; k < header->width; k++) {
    int at = header->big_endian ? k : header->width - 1 - k;
    bits = bits << 8 | bytes[at];
  }
  if (header->kind == 'u') return (double)bits;
  if (header->kind == 'i') {
    int unused = 64 - 8 * header->width;
    uint64_t sign = UINT64_C(1) << (63 - unused);
    return (bits & sign) != 0 ? -(double)((~bits + 1) << unused >> unused) : (double)bits;
  }
  if (header->width == 4) {
    uint32_t half = (uint32_t)bits;
    float single;
    memcpy(&single, &half, sizeof single);
    return (double)single;
  }
  double whole;
  memcpy(&whole, &bits, sizeof whole);
  return whole;
}

static const double *read_elements(arena *memory, FILE *in, const npy_header *header,
                                   const char **problem) {
  unsigned char bytes[8];
  double *values = NULL;
  size_t count = 0, capacity = 0;
  size_t width = (size_t)header->width;
  for (int64_t k = 0; k < header->elements; k++) { /* grows: the header may promise too much */
    if (fread(bytes, 1, width, in) != width) {
      *problem = "it is cut short";
      return NULL;
    }
    ARENA_PUSH(memory, values, count, capacity, element(bytes, header));
  }
  return values;
}

static const double *read_file(arena *memory, FILE *in, npy_header *header,
                               const char **problem) {
  size_t length = 0;
  *problem = "it is no NumPy file";
  if (!read_length(in, &length)) return NULL;
  char *text_of_header = arena_alloc(memory, length + 1);
  *problem = "it is cut short";
  if (fread(text_of_header, 1, length, in) != length) return NULL;
  *problem = read_type(text_of_header, header);
  if (*problem == NULL) *problem = read_npy_shape(text_of_header, header);
  return *problem == NULL ? read_elements(memory, in, header, problem) : NULL;
}

const double *npy_read(arena *memory, const char *path, int *rank, int64_t *shape,
                       const char **problem) {
  npy_header header = {.rank = 0};
  FILE *in = fopen(path, "rb");
  if (in == NULL) {
    *problem = "there is no such file, or it cannot be read";
    return NULL;
  }
  const double *values = read_file(memory, in, &header, problem);
  fclose(in);
  *rank = header.rank;
  memcpy(shape, header.shape, sizeof header.shape);
  return values;
}
