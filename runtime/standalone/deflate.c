/* deflate.c: bytes to a zlib stream (RFC 1950) of one block with the fixed code of RFC 1951. Matches
 * begin where the same three bytes stood last. */
#include <string.h>

#include "zlib.h"

enum { LEAST = 3, MOST = 258, FARTHEST = 1 << 15, HEADS = 1 << 13 };

typedef struct writer {
  Bytef *to;
  size_t made;
  uint32_t held;
  unsigned bits;
} writer;

uLong compressBound(uLong length) { return length + length / 8 + 64; }

static void put_bits(writer *w, unsigned value, unsigned count) {
  w->held |= (uint32_t)value << w->bits;
  for (w->bits += count; w->bits >= 8; w->bits -= 8, w->held >>= 8)
    w->to[w->made++] = (Bytef)(w->held & 0xFF);
}

/* Words of a code stand in the stream with their first bit first. */
static void put_word(writer *w, unsigned word, unsigned count) {
  while (count-- > 0) put_bits(w, word >> count & 1u, 1);
}

static void put_symbol(writer *w, unsigned symbol) {
  if (symbol < 144) put_word(w, 0x30 + symbol, 8);
  else if (symbol < 256) put_word(w, 0x190 + symbol - 144, 9);
  else if (symbol < 280) put_word(w, symbol - 256, 7);
  else put_word(w, 0xC0 + symbol - 280, 8);
}

/* value >= 0 as the format writes lengths and distances: a code's number, of which 2^step share a
 * number of extra bits, and those bits. */
static unsigned split(unsigned value, unsigned step, unsigned *extra) {
  *extra = 0;
  while (value >> *extra >= 2u << step) ++*extra;
  return (*extra << step) + (value >> *extra);
}

static void put_match(writer *w, size_t length, size_t distance) {
  unsigned extra;
  unsigned value = (unsigned)(length - LEAST), code = split(value, 2, &extra);
  if (length == MOST) code = 28, extra = 0;
  put_symbol(w, 257 + code);
  put_bits(w, value & ((1u << extra) - 1), extra);
  value = (unsigned)(distance - 1);
  code = split(value, 1, &extra);
  put_word(w, code, 5);
  put_bits(w, value & ((1u << extra) - 1), extra);
}

static size_t match_length(const Bytef *a, const Bytef *b, size_t most) {
  size_t length = 0;
  while (length < most && a[length] == b[length]) length++;
  return length;
}

static void put_block(writer *w, const Bytef *from, size_t length) {
  size_t head[HEADS] = {0}; /* one more than where three bytes stood, by their hash; 0: nowhere */
  put_bits(w, 3, 3);
  for (size_t at = 0, run; at < length; at += run) {
    run = 1;
    size_t distance = 0;
    if (length - at >= LEAST) {
      const uint32_t three = (uint32_t)from[at] | (uint32_t)from[at + 1] << 8 |
                             (uint32_t)from[at + 2] << 16;
      size_t *place = &head[(three * 2654435761u) >> 19];
      if (*place > 0 && at - (*place - 1) <= FARTHEST) {
        const size_t rest = length - at;
        distance = at - (*place - 1);
        run = match_length(from + at, from + at - distance, rest < MOST ? rest : MOST);
      }
      *place = at + 1;
    }
    if (run >= LEAST) put_match(w, run, distance);
    else put_symbol(w, from[at]), run = 1;
  }
  put_symbol(w, 256);
  if (w->bits > 0) put_bits(w, 0, 8 - w->bits);
}

static uint32_t adler32(const Bytef *from, size_t length) {
  uint32_t a = 1, b = 0;
  for (size_t k = 0; k < length; k++) {
    a = (a + from[k]) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16 | a;
}

int compress2(Bytef *to, uLongf *made, const Bytef *from, uLong length, int level) {
  writer w = {.to = to};
  (void)level;
  if (*made < compressBound(length)) return Z_BUF_ERROR;
  put_bits(&w, 0x78, 8);
  put_bits(&w, 0x01, 8);
  put_block(&w, from, length);
  const uint32_t sum = adler32(from, length);
  for (unsigned byte = 4; byte-- > 0;) put_bits(&w, sum >> (8 * byte) & 0xFF, 8);
  *made = w.made;
  return Z_OK;
}
