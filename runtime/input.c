/* input.c: a path to a stream of its (gunzipped) bytes. */
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "file.h"

enum { FIRST_CAPACITY = 1 << 20, LEAST_CAPACITY = 1 << 13 };

/* ---- opening ------------------------------------------------------------------------------ */

static int open_standard_input(struct stat *status, nnrt_failure *failure) {
  int descriptor = dup(STDIN_FILENO);
  if (descriptor >= 0 && fstat(descriptor, status) == 0) return descriptor;
  nnrt_fail_system(failure, "standard input", "read");
  if (descriptor >= 0) close(descriptor);
  return -1;
}

static bool fail_to_begin(nnrt_input *input, nnrt_failure *failure) {
  nnrt_fail(failure, "%s: cannot read: no memory", input->path);
  nnrt_input_close(input);
  return false;
}

/* Few pages of memory for a small file: twice what it holds and more, so that nothing grows at its end. */
static size_t first_capacity(const struct stat *status) {
  if (!S_ISREG(status->st_mode) || status->st_size >= FIRST_CAPACITY / 2) return FIRST_CAPACITY;
  const size_t enough = 2 * (size_t)status->st_size + 2;
  return enough > LEAST_CAPACITY ? enough : LEAST_CAPACITY;
}

bool nnrt_input_open(const char *path, nnrt_input *input, nnrt_failure *failure) {
  struct stat status;
  bool standard = strcmp(path, "-") == 0;
  *input = (nnrt_input){.path = standard ? "standard input" : path, .descriptor = -1};
  int descriptor = standard ? open_standard_input(&status, failure)
                            : nnrt_open_to_read(path, &status, failure);
  if (descriptor < 0) return false;
  input->descriptor = dup(descriptor);
  input->stream = gzdopen(descriptor, "rb");
  if (!input->stream) close(descriptor);
  input->capacity = first_capacity(&status) + 1;
  input->most = NNRT_MOST_HELD;
  input->bytes = malloc(input->capacity);
  if (!input->stream || !input->bytes || input->descriptor < 0)
    return fail_to_begin(input, failure);
  gzbuffer(input->stream, (unsigned)(input->capacity / 4));
  bool good = nnrt_input_more(input, 0, failure);
  if (good && input->length == 0)
    good = nnrt_fail(failure, "%s: %s empty", input->path, standard ? "is" : "the file is");
  if (!good) {
    nnrt_input_close(input);
    return false;
  }
  input->plain = S_ISREG(status.st_mode) && gzdirect(input->stream) &&
                 lseek(input->descriptor, 0, SEEK_CUR) >= 0 && !standard;
  input->size = input->plain ? (uint64_t)status.st_size : 0;
  return true;
}

nnrt_input nnrt_input_of_memory(const char *path, uint8_t *bytes, size_t length) {
  return (nnrt_input){.path = path, .descriptor = -1, .bytes = bytes, .length = length,
                      .capacity = length + 1, .most = length + 1, .ended = true};
}

void nnrt_input_close(nnrt_input *input) {
  if (input->stream) gzclose(input->stream);
  if (input->descriptor >= 0) close(input->descriptor);
  free(input->bytes);
  *input = (nnrt_input){.path = input->path, .descriptor = -1, .ended = true};
}

/* ---- reading ------------------------------------------------------------------------------ */

static bool grow(nnrt_input *input, nnrt_failure *failure) {
  if (input->length < input->capacity / 2) return true;
  size_t larger = 2 * input->capacity;
  uint8_t *bytes = larger <= input->most ? realloc(input->bytes, larger) : NULL;
  if (!bytes && larger > input->most)
    return nnrt_fail(failure, "%s: no line ends within %zu MB; is it the right file?", input->path,
                     input->length >> 20);
  if (!bytes)
    return nnrt_fail(failure, "%s: too large: no memory for more than %zu bytes of it",
                     input->path, input->length);
  input->bytes = bytes;
  input->capacity = larger;
  return true;
}

bool nnrt_input_more(nnrt_input *input, size_t drop, nnrt_failure *failure) {
  input->length -= drop;
  memmove(input->bytes, input->bytes + drop, input->length);
  input->bytes[input->length] = 0;
  if (input->ended) return true;
  if (!grow(input, failure)) return false;
  int got = gzread(input->stream, input->bytes + input->length,
                   (unsigned)(input->capacity - 1 - input->length));
  if (got < 0) return nnrt_fail_gzip(input->stream, input->path, failure);
  input->length += (size_t)got;
  input->bytes[input->length] = 0;
  if (got > 0) return true;
  input->ended = true;
  int code;
  gzerror(input->stream, &code);
  return code == Z_OK || code == Z_STREAM_END ||
         nnrt_fail_gzip(input->stream, input->path, failure);
}
