/* Constants from NumPy files: written here byte by byte, as NumPy's format document says. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "elaborate.h"

/* Writes a file of that header and those bytes; the caller unlinks it. */
static void write_npy(char *path, const char *descr, const char *shape, const void *bytes,
                      size_t count) {
  char header[128];
  strcpy(path, "/tmp/nncc-npy-XXXXXX");
  int file = mkstemp(path);
  FILE *out = fdopen(file, "wb");
  snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", descr,
           shape);
  unsigned char head[10] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (unsigned char)strlen(header), 0};
  fwrite(head, 1, sizeof head, out);
  fwrite(header, 1, strlen(header), out);
  fwrite(bytes, 1, count, out);
  fclose(out);
}

typedef struct loaded {
  arena *memory;
  const double *values;
  int rank;
  int64_t shape[LARGEST_RANK];
  const char *problem;
} loaded;

static loaded load(const char *descr, const char *shape, const void *bytes, size_t count) {
  loaded l = {.memory = arena_new()};
  char path[64];
  write_npy(path, descr, shape, bytes, count);
  l.values = npy_read(l.memory, path, &l.rank, l.shape, &l.problem);
  unlink(path);
  return l;
}

Test(npy, floats_of_both_widths) {
  const unsigned char single[] = {0, 0, 0xc0, 0x3f, 0, 0, 0x20, 0xc1}; /* 1.5, -10 */
  loaded l = load("<f4", "(2, 1)", single, sizeof single);
  cr_assert(l.rank == 2 && l.shape[0] == 2 && l.shape[1] == 1);
  cr_assert(l.values[0] == 1.5 && l.values[1] == -10);
  arena_free(l.memory);
  const unsigned char twice[] = {0x3f, 0xf8, 0, 0, 0, 0, 0, 0}; /* 1.5, the other order */
  l = load(">f8", "()", twice, sizeof twice);
  cr_assert(l.rank == 0 && l.values[0] == 1.5);
  arena_free(l.memory);
}

Test(npy, whole_numbers_keep_their_sign) {
  const unsigned char bytes[] = {0xff, 0x00, 0x80};
  loaded l = load("|i1", "(3,)", bytes, sizeof bytes);
  cr_assert(l.values[0] == -1 && l.values[1] == 0 && l.values[2] == -128);
  arena_free(l.memory);
  l = load("|u1", "(3,)", bytes, sizeof bytes);
  cr_assert(l.values[0] == 255 && l.values[2] == 128);
  arena_free(l.memory);
}

static void refuse(const char *descr, const char *shape, size_t count, const char *says) {
  const unsigned char bytes[64] = {0};
  loaded l = load(descr, shape, bytes, count);
  cr_assert_null(l.values, "%s %s", descr, shape);
  cr_assert_not_null(strstr(l.problem, says), "%s %s: %s", descr, shape, l.problem);
  arena_free(l.memory);
}

Test(npy, what_is_refused) {
  refuse("<c8", "(2,)", 16, "neither float32");
  refuse("<f4", "(3,)", 8, "cut short");
  refuse("<f4", "(0, 3)", 0, "no elements");
  refuse("<f4", "(1099511627776, 2)", 8, "too many elements");
  refuse("<f4", "(1099511627776,)", 8, "cut short"); /* and takes no memory for it */
  refuse("<f4", "(1, 1, 1, 1, 1, 1, 1, 1, 1)", 4, "too many axes");
  refuse("<f4", "2", 8, "broken");
  refuse("x", "(2,)", 8, "neither float32");
}

Test(npy, damaged_headers) {
  const char *path = "/tmp/nncc-npy-damaged";
  arena *memory = arena_new();
  const char *problem;
  int rank;
  int64_t shape[LARGEST_RANK];
  for (size_t length = 0; length < 80; length++) {
    char whole[96] = "\x93NUMPY\1\0\x46\0{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }";
    FILE *out = fopen(path, "wb");
    fwrite("\x93NUMPY\1\0\x46\0", 1, length < 10 ? length : 10, out);
    if (length > 10) fwrite(whole + 10, 1, length - 10, out);
    fclose(out);
    cr_assert_null(npy_read(memory, path, &rank, shape, &problem));
    cr_assert_not_null(problem);
  }
  unlink(path);
  arena_free(memory);
}
