#include "helper_standalone.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "../../runtime/standalone/cJSON.h"
#include "../../runtime/standalone/zlib.h"

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

own_verdict own_inflate(const uint8_t *in, size_t length, size_t piece, uint8_t *out, size_t room,
                        size_t *made) {
  z_stream stream = {.next_in = in};
  int code = inflateInit2(&stream, -MAX_WBITS);
  *made = 0;
  while (code == Z_OK && *made < room) {
    const size_t left = length - (size_t)(stream.next_in - in), taken = least(piece, room - *made);
    stream.avail_in = (uInt)least(piece, left);
    stream.next_out = out + *made;
    stream.avail_out = (uInt)taken;
    code = inflate(&stream, Z_NO_FLUSH);
    *made = (size_t)(stream.next_out - out);
  }
  inflateEnd(&stream);
  return code == Z_STREAM_END ? OWN_WHOLE : code == Z_DATA_ERROR ? OWN_WRONG : OWN_CUT_SHORT;
}

uint8_t *own_compress(const uint8_t *in, size_t length, size_t *made) {
  uLongf room = compressBound(length);
  uint8_t *out = malloc(room);
  const int code = out ? compress2(out, &room, in, length, 9) : Z_MEM_ERROR;
  *made = room;
  if (code == Z_OK) return out;
  free(out);
  return NULL;
}

uint32_t own_crc32(uint32_t sum, const uint8_t *bytes, size_t length) {
  return (uint32_t)crc32(sum, bytes, length);
}

own_verdict own_gunzip(const char *path, size_t piece, uint8_t *out, size_t room, size_t *made,
                       bool *direct) {
  gzFile file = gzdopen(open(path, O_RDONLY), "rb");
  int got = 1, code;
  gzbuffer(file, 64);
  for (*made = 0; got > 0 && *made < room; *made += got > 0 ? (size_t)got : 0)
    got = gzread(file, out + *made, (unsigned)least(piece, room - *made));
  *direct = gzdirect(file);
  gzerror(file, &code);
  gzclose(file);
  return got < 0 ? OWN_WRONG : code == Z_BUF_ERROR ? OWN_CUT_SHORT : OWN_WHOLE;
}

char *own_json(const char *text, size_t length, size_t *end) {
  const char *at = NULL;
  cJSON *value = cJSON_ParseWithLengthOpts(text, length, &at, 0);
  char *printed = cJSON_PrintUnformatted(value);
  *end = at ? (size_t)(at - text) : 0;
  cJSON_Delete(value);
  return printed;
}
