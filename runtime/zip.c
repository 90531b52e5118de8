/* zip.c: an .npz file, which is a zip archive of .npy files, to one of its members.
 *
 * The directory at the archive's end says where members lie; stored ones are read in place,
 * deflated ones are inflated into the spool. With the 64-bit fields of large archives.
 * https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "source.h"

enum {
  END_BYTES = 22, LOCATOR_BYTES = 20, END64_BYTES = 56, ENTRY_BYTES = 46, LOCAL_BYTES = 30,
  MOST_COMMENT = 0xFFFF, MOST_DIRECTORY = 1 << 26, CHUNK = 1 << 16
};

bool nnrt_is_zip(const nnrt_input *input) {
  return input->length >= 4 && memcmp(input->bytes, "PK\003\004", 4) == 0;
}

static uint64_t number(const uint8_t *at, int bytes) {
  uint64_t value = 0;
  for (int k = bytes; k-- > 0;) value = value << 8 | at[k];
  return value;
}

static bool fail_damaged(const nnrt_bytes *zip, nnrt_failure *failure) {
  return nnrt_fail(failure, "%s: the archive is cut short or damaged; copy or download it again",
                   zip->path);
}

static bool read_range(const nnrt_bytes *zip, uint64_t at, size_t length, void *to,
                       nnrt_failure *failure) {
  if (at > zip->length || length > zip->length - at) return fail_damaged(zip, failure);
  return nnrt_bytes_read(zip, at, length, to, failure);
}

/* ---- the directory ------------------------------------------------------------------------ */

/* Where the directory lies: the last record of the file says it. */
static bool find_directory(const nnrt_bytes *zip, uint64_t *at, uint64_t *length,
                           nnrt_failure *failure) {
  const size_t most = END_BYTES + MOST_COMMENT;
  const size_t n = zip->length < most ? (size_t)zip->length : most;
  uint8_t *tail = malloc(n + 1), more[END64_BYTES];
  bool good = tail || nnrt_fail(failure, "%s: no memory to read it", zip->path);
  good = good && nnrt_bytes_read(zip, zip->length - n, n, tail, failure);
  size_t end = n < END_BYTES ? 0 : n - END_BYTES + 1;
  while (good && end > 0 && memcmp(tail + end - 1, "PK\005\006", 4) != 0) end--;
  if (good && end == 0) good = fail_damaged(zip, failure);
  if (good) {
    *length = number(tail + end - 1 + 12, 4);
    *at = number(tail + end - 1 + 16, 4);
  }
  if (good && (*at == 0xFFFFFFFF || *length == 0xFFFFFFFF)) {
    uint64_t locator = zip->length - n + end - 1 - LOCATOR_BYTES;
    good = read_range(zip, locator, LOCATOR_BYTES, more, failure) &&
           read_range(zip, number(more + 8, 8), END64_BYTES, more, failure);
    *length = number(more + 40, 8);
    *at = number(more + 48, 8);
  }
  free(tail);
  return good;
}

typedef struct member {
  unsigned method;
  uint64_t packed, size, at; /* at: of its local header */
  uint32_t sum;
} member;

/* Replaces fields of 32 bits that are full by those of the extra field. */
static void widen(const uint8_t *extra, size_t length, member *found) {
  for (size_t k = 0; k + 4 <= length;) {
    const size_t bytes = (size_t)number(extra + k + 2, 2), end = k + 4 + bytes;
    const bool wide = number(extra + k, 2) == 1 && end <= length;
    uint64_t *const fields[] = {&found->size, &found->packed, &found->at};
    k += 4;
    for (size_t f = 0; wide && f < 3; f++) {
      if (*fields[f] != 0xFFFFFFFF || k + 8 > end) continue;
      *fields[f] = number(extra + k, 8);
      k += 8;
    }
    k = end;
  }
}

static bool is_named(const uint8_t *entry, size_t length, const char *name) {
  const char *own = (const char *)entry + ENTRY_BYTES;
  if (length > 4 && memcmp(own + length - 4, ".npy", 4) == 0) length -= 4;
  return strlen(name) == length && memcmp(own, name, length) == 0;
}

static bool fail_missing(const nnrt_bytes *zip, const uint8_t *directory, size_t length,
                         const char *name, nnrt_failure *failure) {
  char names[256] = "";
  size_t shown = 0;
  for (size_t k = 0; k + ENTRY_BYTES <= length;) {
    size_t own = (size_t)number(directory + k + 28, 2);
    size_t next = k + ENTRY_BYTES + own + (size_t)number(directory + k + 30, 2) +
                  (size_t)number(directory + k + 32, 2);
    if (next > length || shown + own + 8 > sizeof names) break;
    int more = snprintf(names + shown, sizeof names - shown, "%s%.*s", shown ? ", " : "",
                        (int)own, (const char *)directory + k + ENTRY_BYTES);
    if (more > 0) shown += (size_t)more;
    k = next;
  }
  return nnrt_fail(failure, "%s: has no member '%s.npy'; it has %s", zip->path, name, names);
}

static bool find_member(const nnrt_bytes *zip, const char *name, member *found,
                        nnrt_failure *failure) {
  uint64_t at, length;
  if (!find_directory(zip, &at, &length, failure)) return false;
  if (length > MOST_DIRECTORY) return fail_damaged(zip, failure);
  uint8_t *directory = malloc((size_t)length + 1);
  bool good = directory || nnrt_fail(failure, "%s: no memory for its directory", zip->path);
  good = good && read_range(zip, at, (size_t)length, directory, failure);
  bool there = false;
  for (size_t k = 0, next; good && !there && k + ENTRY_BYTES <= length; k = next) {
    const uint8_t *entry = directory + k;
    const size_t own = (size_t)number(entry + 28, 2), extra = (size_t)number(entry + 30, 2);
    next = k + ENTRY_BYTES + own + extra + (size_t)number(entry + 32, 2);
    if (memcmp(entry, "PK\001\002", 4) != 0 || next > length)
      good = fail_damaged(zip, failure);
    else if ((there = is_named(entry, own, name))) {
      *found = (member){(unsigned)number(entry + 10, 2), number(entry + 20, 4),
                        number(entry + 24, 4), number(entry + 42, 4),
                        (uint32_t)number(entry + 16, 4)};
      widen(entry + ENTRY_BYTES + own, extra, found);
    }
  }
  if (good && !there) good = fail_missing(zip, directory, (size_t)length, name, failure);
  free(directory);
  return good;
}

/* ---- members ------------------------------------------------------------------------------ */

typedef struct inflating {
  const nnrt_bytes *packed;
  nnrt_spool *spool;
  z_stream stream;
  uint8_t in[CHUNK], out[CHUNK];
  uLong sum;
  nnrt_failure *failure;
} inflating;

static bool inflate_all(inflating *of) {
  uint64_t at = 0;
  int code = Z_OK;
  while (code != Z_STREAM_END) {
    if (of->stream.avail_in == 0) {
      uint64_t rest = of->packed->length - at;
      size_t n = rest < CHUNK ? (size_t)rest : CHUNK;
      if (n == 0) return fail_damaged(of->packed, of->failure);
      if (!nnrt_bytes_read(of->packed, at, n, of->in, of->failure)) return false;
      of->stream.next_in = of->in;
      of->stream.avail_in = (uInt)n;
      at += n;
    }
    of->stream.next_out = of->out;
    of->stream.avail_out = CHUNK;
    code = inflate(&of->stream, Z_NO_FLUSH);
    if (code != Z_OK && code != Z_STREAM_END) return fail_damaged(of->packed, of->failure);
    const uInt made = CHUNK - of->stream.avail_out;
    of->sum = crc32(of->sum, of->out, made);
    if (!nnrt_spool_add(of->spool, of->packed->path, of->out, made, of->failure)) return false;
  }
  return true;
}

/* The packed bytes become those of a copy in the spool. */
static bool unpack(nnrt_bytes *bytes, const member *of, nnrt_spool *spool,
                   nnrt_failure *failure) {
  const uint64_t begin = spool->length;
  inflating *work = calloc(1, sizeof *work);
  if (!work || inflateInit2(&work->stream, -MAX_WBITS) != Z_OK) {
    free(work);
    return nnrt_fail(failure, "%s: no memory to unpack it", bytes->path);
  }
  work->packed = bytes;
  work->spool = spool;
  work->failure = failure;
  bool good = inflate_all(work);
  if (good && (work->sum != of->sum || spool->length - begin != of->size))
    good = fail_damaged(bytes, failure);
  inflateEnd(&work->stream);
  free(work);
  nnrt_bytes_close(bytes);
  *bytes = (nnrt_bytes){bytes->path, spool, -1, begin, spool->length - begin};
  return good;
}

static bool take_member(nnrt_bytes *bytes, const char *name, nnrt_spool *spool,
                        nnrt_failure *failure) {
  member found = {0};
  uint8_t local[LOCAL_BYTES];
  if (!find_member(bytes, name, &found, failure) ||
      !read_range(bytes, found.at, LOCAL_BYTES, local, failure))
    return false;
  const uint64_t skipped = LOCAL_BYTES + number(local + 26, 2) + number(local + 28, 2);
  if (memcmp(local, "PK\003\004", 4) != 0 || found.at + skipped > bytes->length ||
      found.packed > bytes->length - found.at - skipped)
    return fail_damaged(bytes, failure);
  if (found.method != 0 && found.method != 8)
    return nnrt_fail(failure, "%s: '%s.npy' is packed in a way (%u) that only zip tools know; save "
                     "it with numpy.savez or savez_compressed", bytes->path, name, found.method);
  bytes->offset += found.at + skipped;
  bytes->length = found.packed;
  if (found.method != 0 && !unpack(bytes, &found, spool, failure)) return false;
  uint8_t magic[6] = {0};
  const size_t there = bytes->length < sizeof magic ? (size_t)bytes->length : sizeof magic;
  if (!nnrt_bytes_read(bytes, 0, there, magic, failure)) return false;
  return memcmp(magic, "\x93NUMPY", sizeof magic) == 0 ||
         nnrt_fail(failure, "%s: '%s.npy' in it is no NumPy array; save it with numpy.savez",
                   bytes->path, name);
}

bool nnrt_zip_member(nnrt_bytes *bytes, const char *name, nnrt_spool *spool,
                     nnrt_failure *failure) {
  if (take_member(bytes, name, spool, failure)) return true;
  nnrt_bytes_close(bytes);
  return false;
}
