/* spool.c: bytes of any number, kept so that they can be read at any place. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "input.h"

enum {
  WRITE_BYTES = 1 << 20,  /* that a spool with a file gathers before it writes them           */
  SMALL_FILE = 1 << 20    /* is copied, so that a thousand of them need no descriptor each    */
};

void nnrt_spool_begin(nnrt_spool *spool, size_t limit) {
  *spool = (nnrt_spool){.descriptor = -1, .limit = limit < WRITE_BYTES ? WRITE_BYTES : limit};
}

void nnrt_spool_free(nnrt_spool *spool) {
  free(spool->memory);
  if (spool->descriptor >= 0) close(spool->descriptor);
  nnrt_spool_begin(spool, 0);
}

/* ---- the temporary file ------------------------------------------------------------------- */

static const char *temporary_folder(void) {
  const char *chosen = getenv("TMPDIR");
  if (chosen && *chosen) return chosen;
  return access("/var/tmp", W_OK) == 0 ? "/var/tmp" : "/tmp";
}

static bool open_file(nnrt_spool *spool, const char *path, nnrt_failure *failure) {
  char name[4096];
  const char *folder = temporary_folder();
  int length = snprintf(name, sizeof name, "%s/nnrt-XXXXXX", folder);
  spool->descriptor = length < (int)sizeof name ? mkstemp(name) : -1;
  if (spool->descriptor < 0)
    return nnrt_fail(failure, "%s: is larger than --memory, and cannot be copied to %s: %s; set "
                     "TMPDIR to a folder with room", path, folder, strerror(errno));
  unlink(name);
  return true;
}

static bool write_all(int descriptor, const uint8_t *bytes, size_t length) {
  while (length > 0) {
    ssize_t wrote = write(descriptor, bytes, length);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    bytes += wrote;
    length -= (size_t)wrote;
  }
  return true;
}

/* What memory holds goes to the file. */
static bool spill(nnrt_spool *spool, const char *path, nnrt_failure *failure) {
  if (spool->descriptor < 0 && !open_file(spool, path, failure)) return false;
  if (!write_all(spool->descriptor, spool->memory, spool->held))
    return nnrt_fail(failure, "%s: is larger than --memory, and its copy in %s cannot be written: "
                     "%s; set TMPDIR to a folder with room", path, temporary_folder(),
                     strerror(errno));
  spool->held = 0;
  if (spool->capacity > WRITE_BYTES) {
    uint8_t *memory = realloc(spool->memory, WRITE_BYTES);
    spool->memory = memory ? memory : spool->memory;
    spool->capacity = WRITE_BYTES;
  }
  return true;
}

/* ---- adding ------------------------------------------------------------------------------- */

static bool make_room(nnrt_spool *spool, const char *path, nnrt_failure *failure) {
  size_t most = spool->descriptor < 0 ? spool->limit : WRITE_BYTES;
  if (spool->held < spool->capacity) return true;
  if (spool->capacity >= most) return spill(spool, path, failure);
  size_t larger = spool->capacity ? 2 * spool->capacity : 1 << 16;
  if (larger > most) larger = most;
  uint8_t *memory = realloc(spool->memory, larger);
  if (!memory) return nnrt_fail(failure, "%s: no memory for %zu bytes of it", path, larger);
  spool->memory = memory;
  spool->capacity = larger;
  return true;
}

bool nnrt_spool_add(nnrt_spool *spool, const char *path, const void *bytes, size_t length,
                    nnrt_failure *failure) {
  const uint8_t *from = bytes;
  while (length > 0) {
    if (!make_room(spool, path, failure)) return false;
    size_t room = spool->capacity - spool->held, n = length < room ? length : room;
    memcpy(spool->memory + spool->held, from, n);
    spool->held += n;
    spool->length += n;
    from += n;
    length -= n;
  }
  return true;
}

/* ---- ranges ------------------------------------------------------------------------------- */

static bool read_at(const nnrt_bytes *bytes, int descriptor, uint64_t at, size_t length,
                    uint8_t *to, nnrt_failure *failure) {
  while (length > 0) {
    ssize_t got = pread(descriptor, to, length, (off_t)at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return nnrt_fail_system(failure, bytes->path, "read");
    if (got == 0)
      return nnrt_fail(failure, "%s: has become shorter while it was read; begin anew with the "
                       "whole file", bytes->path);
    at += (uint64_t)got;
    to += got;
    length -= (size_t)got;
  }
  return true;
}

bool nnrt_bytes_read(const nnrt_bytes *bytes, uint64_t at, size_t length, void *to,
                     nnrt_failure *failure) {
  const nnrt_spool *spool = bytes->spool;
  uint8_t *next = to;
  at += bytes->offset;
  if (!spool) return read_at(bytes, bytes->descriptor, at, length, next, failure);
  uint64_t in_file = spool->length - spool->held;
  if (at < in_file) {
    size_t n = length < in_file - at ? length : (size_t)(in_file - at);
    if (!read_at(bytes, spool->descriptor, at, n, next, failure)) return false;
    at += n;
    next += n;
    length -= n;
  }
  if (length > 0) memcpy(next, spool->memory + (at - in_file), length);
  return true;
}

void nnrt_bytes_expect(const nnrt_bytes *bytes, uint64_t at, uint64_t length) {
  const int descriptor = bytes->spool ? bytes->spool->descriptor : bytes->descriptor;
  if (descriptor >= 0)
    (void)posix_fadvise(descriptor, (off_t)(bytes->offset + at), (off_t)length,
                        POSIX_FADV_WILLNEED);
}

void nnrt_bytes_close(nnrt_bytes *bytes) {
  if (bytes->descriptor >= 0) close(bytes->descriptor);
  bytes->descriptor = -1;
}

bool nnrt_input_bytes(nnrt_input *input, nnrt_spool *spool, nnrt_bytes *bytes,
                      nnrt_failure *failure) {
  *bytes = (nnrt_bytes){.path = input->path, .descriptor = -1, .length = input->size};
  if (input->plain && input->size > SMALL_FILE) {
    bytes->descriptor = input->descriptor;
    input->descriptor = -1;
    return true;
  }
  bytes->spool = spool;
  bytes->offset = spool->length;
  for (;;) {
    if (!nnrt_spool_add(spool, input->path, input->bytes, input->length, failure)) return false;
    if (input->ended) break;
    if (!nnrt_input_more(input, input->length, failure)) return false;
  }
  bytes->length = spool->length - bytes->offset;
  return true;
}
