/* gzip.c: a file to its bytes, gunzipped (RFC 1952) where it begins as gzip does. Members follow each
 * other; what follows them and is none is left out, as zlib leaves it out. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inflater.h"

enum { USUAL_ROOM = 1 << 14, MAGIC = 0x8B1F, DEFLATED = 8 };
enum { HEADER_SUM = 2, HEADER_EXTRA = 4, HEADER_NAME = 8, HEADER_REMARK = 16, HEADER_FLAGS = 31 };

typedef enum gzip_stage { GZIP_BEGINS, GZIP_PLAIN, GZIP_BODY, GZIP_OVER } gzip_stage;

struct nnrt_gzip {
  int descriptor;
  uint8_t *in;         /* `room` bytes, the inflater's `in` to `in_end` among them             */
  size_t room;
  gzip_stage stage;
  bool packed;         /* it began with a member                                               */
  int code;            /* zlib's, and its cause in words                                       */
  const char *cause;
  uLong sum;           /* of this member's bytes, or of its header                             */
  nnrt_inflater inflater;
};

gzFile gzdopen(int descriptor, const char *mode) {
  struct nnrt_gzip *file = calloc(1, sizeof *file);
  (void)mode;
  if (!file) return NULL;
  file->descriptor = descriptor;
  file->room = USUAL_ROOM;
  file->cause = "";
  return file;
}

int gzbuffer(gzFile file, unsigned bytes) {
  if (file->in || bytes < 2) return -1;
  file->room = bytes;
  return 0;
}

int gzdirect(gzFile file) { return !file->packed; }

const char *gzerror(gzFile file, int *code) {
  *code = file->code;
  return file->cause;
}

int gzclose(gzFile file) {
  const int closed = close(file->descriptor);
  free(file->in);
  free(file);
  return closed == 0 ? Z_OK : Z_ERRNO;
}

static bool fail(gzFile file, int code, const char *cause) {
  file->code = code;
  file->cause = cause;
  return false;
}

/* ---- what is in the file -------------------------------------------------------------------- */

/* More bytes behind those that are left; false at the file's end and where it cannot be read. */
static bool more(gzFile file) {
  nnrt_inflater *of = &file->inflater;
  const size_t left = (size_t)(of->in_end - of->in);
  if (!file->in) file->in = malloc(file->room);
  if (!file->in) return fail(file, Z_MEM_ERROR, "out of memory");
  if (left > 0) memmove(file->in, of->in, left);
  of->in = file->in;
  of->in_end = file->in + left;
  const ssize_t got = read(file->descriptor, file->in + left, file->room - left);
  if (got < 0) return fail(file, Z_ERRNO, "cannot be read");
  of->in_end += got;
  return got > 0;
}

/* The next bits, if the file has so many. */
static bool take(gzFile file, unsigned count, uint32_t *value) {
  while (!nnrt_inflater_hold(&file->inflater, count)) {
    if (!more(file))
      return file->code == Z_OK ? fail(file, Z_BUF_ERROR, "unexpected end of file") : false;
  }
  *value = nnrt_inflater_take(&file->inflater, count);
  return true;
}

/* ---- members -------------------------------------------------------------------------------- */

/* A byte of the header, in its sum. */
static bool take_byte(gzFile file, uint32_t *value) {
  if (!take(file, 8, value)) return false;
  const Bytef byte = (Bytef)*value;
  file->sum = crc32(file->sum, &byte, 1);
  return true;
}

static bool skip_bytes(gzFile file, uint32_t count) {
  for (uint32_t byte; count > 0; count--)
    if (!take_byte(file, &byte)) return false;
  return true;
}

static bool skip_word(gzFile file) {
  uint32_t byte = 1;
  while (byte != 0)
    if (!take_byte(file, &byte)) return false;
  return true;
}

static bool skip_extra(gzFile file) {
  uint32_t low, high;
  return take_byte(file, &low) && take_byte(file, &high) && skip_bytes(file, high << 8 | low);
}

static bool check_header(gzFile file) {
  uint32_t written;
  const uint32_t sum = (uint32_t)file->sum & 0xFFFF;
  return take(file, 16, &written) &&
         (written == sum || fail(file, Z_DATA_ERROR, "header crc mismatch"));
}

/* Behind the two bytes by which a member is known. */
static bool begin_member(gzFile file) {
  static const Bytef magic[] = {MAGIC & 0xFF, MAGIC >> 8};
  uint32_t method, flags;
  file->sum = crc32(0, magic, sizeof magic);
  if (!take_byte(file, &method)) return false;
  if (method != DEFLATED) return fail(file, Z_DATA_ERROR, "unknown compression method");
  if (!take_byte(file, &flags)) return false;
  if (flags & ~(uint32_t)HEADER_FLAGS) return fail(file, Z_DATA_ERROR, "unknown header flags set");
  if (!skip_bytes(file, 6) || ((flags & HEADER_EXTRA) && !skip_extra(file)) ||
      ((flags & HEADER_NAME) && !skip_word(file)) || ((flags & HEADER_REMARK) && !skip_word(file)) ||
      ((flags & HEADER_SUM) && !check_header(file)))
    return false;
  file->sum = 0;
  file->stage = GZIP_BODY;
  nnrt_inflater_begin(&file->inflater);
  return true;
}

/* Of the whole file, or of what follows a member: a member, bytes as they are, or the end. */
static bool begin(gzFile file) {
  nnrt_inflater *of = &file->inflater;
  const bool first = file->stage == GZIP_BEGINS;
  uint32_t magic;
  while (of->in_end - of->in + of->bits / 8 < 2 && more(file)) continue;
  if (file->code != Z_OK) return false;
  if (first && (of->in_end - of->in < 2 || of->in[0] != (MAGIC & 0xFF) || of->in[1] != MAGIC >> 8)) {
    file->stage = GZIP_PLAIN;
    return true;
  }
  file->stage = GZIP_OVER;
  if (!nnrt_inflater_hold(of, 16)) return true;
  magic = nnrt_inflater_take(of, 16);
  file->packed = file->packed || magic == MAGIC;
  return magic != MAGIC || begin_member(file);
}

/* The sum and the length of what was made, modulo 2^32. */
static bool end_member(gzFile file) {
  uint32_t sum, length, gap;
  if (!take(file, file->inflater.bits % 8, &gap) || !take(file, 32, &sum)) return false;
  if (sum != file->sum) return fail(file, Z_DATA_ERROR, "incorrect data check");
  if (!take(file, 32, &length)) return false;
  if (length != (uint32_t)file->inflater.made)
    return fail(file, Z_DATA_ERROR, "incorrect length check");
  return begin(file);
}

/* ---- reading -------------------------------------------------------------------------------- */

static bool copy_plain(gzFile file, uint8_t **to, size_t count) {
  nnrt_inflater *of = &file->inflater;
  const size_t left = (size_t)(of->in_end - of->in);
  if (left == 0) {
    const ssize_t got = read(file->descriptor, *to, count);
    if (got < 0) return fail(file, Z_ERRNO, "cannot be read");
    if (got == 0) file->stage = GZIP_OVER;
    *to += got;
    return true;
  }
  if (count > left) count = left;
  memcpy(*to, of->in, count);
  of->in += count;
  *to += count;
  return true;
}

static bool inflate_body(gzFile file, uint8_t **to, size_t count) {
  nnrt_inflater *of = &file->inflater;
  of->out = *to;
  of->out_end = *to + count;
  const bool good = nnrt_inflater_run(of);
  file->sum = crc32(file->sum, *to, (size_t)(of->out - *to));
  *to = of->out;
  if (!good) return fail(file, Z_DATA_ERROR, of->wrong);
  if (of->stage == INFLATER_END) return end_member(file);
  if (of->out == of->out_end || more(file)) return true;
  return file->code == Z_OK ? fail(file, Z_BUF_ERROR, "unexpected end of file") : false;
}

int gzread(gzFile file, void *to, unsigned bytes) {
  uint8_t *at = to, *const end = at + bytes;
  bool good = file->code == Z_OK && (file->stage != GZIP_BEGINS || begin(file));
  while (good && at < end && file->stage != GZIP_OVER)
    good = file->stage == GZIP_PLAIN ? copy_plain(file, &at, (size_t)(end - at))
                                     : inflate_body(file, &at, (size_t)(end - at));
  return good || file->code == Z_BUF_ERROR ? (int)(at - (uint8_t *)to) : -1;
}
