/* Own inflate, deflate, gzip and CRC-32 beside zlib's: streams of all its levels and strategies, ends
 * cut off, bits flipped, and streams of random bits, which both must take or refuse. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "helper_standalone.h"

#ifdef __SANITIZE_ADDRESS__ /* each begins with a block of its own, 200 µs there */
enum { RANDOM_STREAMS = 20000 };
#else
enum { RANDOM_STREAMS = 60000 };
#endif
enum { MOST = 200000, KINDS = 6, FLIPS = 4000 };

static uint8_t plain[MOST], packed[2 * MOST], made_by_own[MOST], made_by_zlib[MOST];

static uint64_t state = 1;
static uint32_t draw(void) { /* splitmix64 */
  uint64_t z = state += UINT64_C(0x9E3779B97F4A7C15);
  z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
  return (uint32_t)(z >> 32);
}

/* Nothing, a byte, zeroes, noise, words, and words that come again as far back as can be. */
static size_t fill(int kind) {
  static const char *const words[] = {"loss ", "0.25,", "epoch", "\n", "7", "gradient "};
  const size_t lengths[KINDS] = {0, 1, MOST, 70000, 100000, MOST};
  size_t at = 0;
  while (at < lengths[kind]) {
    if (kind < 3) plain[at++] = 0;
    else if (kind == 3) plain[at++] = (uint8_t)draw();
    else if (kind == 5 && at >= 32768 && draw() % 8) plain[at] = plain[at - 32768], at++;
    else
      for (const char *c = words[draw() % 6]; *c && at < lengths[kind]; c++) plain[at++] = (uint8_t)*c;
  }
  return at;
}

/* window_bits: -15 a raw stream, 31 gzip. */
static size_t pack(size_t length, int level, int strategy, int window_bits, gz_header *header) {
  z_stream stream = {.next_in = plain, .avail_in = (uInt)length};
  cr_assert_eq(deflateInit2(&stream, level, Z_DEFLATED, window_bits, 8, strategy), Z_OK);
  if (header) deflateSetHeader(&stream, header);
  stream.next_out = packed;
  stream.avail_out = sizeof packed;
  cr_assert_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
  const size_t made = stream.total_out;
  deflateEnd(&stream);
  return made;
}

/* The verdict of zlib, and what it makes. */
static own_verdict unpack(size_t length, size_t *made) {
  z_stream stream = {.next_in = packed, .avail_in = (uInt)length, .next_out = made_by_zlib,
                     .avail_out = MOST};
  cr_assert_eq(inflateInit2(&stream, -MAX_WBITS), Z_OK);
  const int code = inflate(&stream, Z_SYNC_FLUSH);
  *made = stream.total_out;
  inflateEnd(&stream);
  return code == Z_STREAM_END ? OWN_WHOLE : code == Z_DATA_ERROR ? OWN_WRONG : OWN_CUT_SHORT;
}

static void expect_same_verdict(size_t length, const char *what, int round) {
  size_t own, others;
  const own_verdict found = own_inflate(packed, length, MOST, made_by_own, MOST, &own);
  const own_verdict expected = unpack(length, &others);
  /* A code without a word is refused at once, by zlib where the first word is to be read. */
  if (found == OWN_WRONG && expected == OWN_CUT_SHORT) return;
  cr_assert_eq(found, expected, "%s %d: %d, not %d", what, round, (int)found, (int)expected);
  if (found == OWN_WRONG) return; /* zlib's fast loop stops a symbol earlier or later */
  cr_assert_eq(own, others, "%s %d: %zu bytes, not %zu", what, round, own, others);
  cr_assert_arr_eq(made_by_own, made_by_zlib, own);
}

Test(flate, every_level_and_strategy, .timeout = 300) {
  static const size_t pieces[] = {1, 7, 4096, MOST};
  for (int kind = 0; kind < KINDS; kind++) {
    const size_t length = fill(kind);
    for (int level = 0; level <= 9; level++)
      for (int strategy = Z_DEFAULT_STRATEGY; strategy <= Z_FIXED; strategy++) {
        const size_t bytes = pack(length, level, strategy, -15, NULL);
        const size_t piece = pieces[(level + strategy) % 4];
        size_t made;
        memset(made_by_own, 0x55, sizeof made_by_own);
        const own_verdict verdict = own_inflate(packed, bytes, piece, made_by_own, MOST, &made);
        cr_assert_eq(made, length, "kind %d, level %d, strategy %d", kind, level, strategy);
        cr_assert_arr_eq(made_by_own, plain, length);
        cr_assert(verdict == OWN_WHOLE || (length == MOST && verdict == OWN_CUT_SHORT));
      }
  }
}

Test(flate, every_end_cut_off) {
  fill(4);
  for (int level = 0; level <= 9; level += 3) {
    const size_t bytes = pack(1500, level, level == 3 ? Z_FIXED : Z_DEFAULT_STRATEGY, -15, NULL);
    for (size_t end = 0; end < bytes; end++) {
      size_t made;
      uint8_t *copy = malloc(end + 1); /* so that a sanitizer sees a step too far */
      memcpy(copy, packed, end);
      cr_assert_eq(own_inflate(copy, end, 1 + end % 9, made_by_own, MOST, &made), OWN_CUT_SHORT);
      cr_assert_leq(made, 1500);
      cr_assert_arr_eq(made_by_own, plain, made);
      free(copy);
      expect_same_verdict(end, "end", (int)end);
    }
  }
}

Test(flate, bits_flipped, .timeout = 300) {
  fill(4);
  for (int round = 0; round < FLIPS; round++) {
    const size_t bytes = pack(3000, 1 + round % 9, round % 5, -15, NULL);
    const size_t front = round % 2 ? bytes : 60;
    for (uint32_t flip = 0; flip <= draw() % 3; flip++)
      packed[draw() % front] ^= (uint8_t)(1u << draw() % 8);
    expect_same_verdict(bytes, "flip", round);
  }
}

/* Most are refused by their code's lengths. */
Test(flate, random_streams, .timeout = 300) {
  for (int round = 0; round < RANDOM_STREAMS; round++) {
    const size_t bytes = 1 + draw() % 120;
    for (size_t k = 0; k < bytes; k++) packed[k] = (uint8_t)(draw() & (round % 3 ? draw() : 255));
    packed[0] = (uint8_t)((packed[0] & ~6u) | (round % 8 ? 4 : 2 * (draw() % 4)));
    expect_same_verdict(bytes, "stream", round);
  }
}

Test(flate, deflate_to_zlib) {
  for (int kind = 0; kind < KINDS; kind++) {
    const size_t length = fill(kind);
    size_t bytes;
    uLongf made = MOST;
    uint8_t *stream = own_compress(plain, length, &bytes);
    cr_assert_not_null(stream);
    cr_assert_eq(uncompress(made_by_zlib, &made, stream, bytes), Z_OK, "kind %d", kind);
    cr_assert_eq(made, length);
    cr_assert_arr_eq(made_by_zlib, plain, length);
    cr_expect(kind < 4 || bytes < length / 2, "kind %d: %zu of %zu bytes", kind, bytes, length);
    free(stream);
  }
}

Test(flate, sums) {
  const size_t length = fill(3);
  for (size_t begin = 0; begin < 9; begin++)
    for (size_t end = begin; end < 40; end++)
      cr_assert_eq(own_crc32(77, plain + begin, end - begin),
                   (uint32_t)crc32(77, plain + begin, (uInt)(end - begin)));
  cr_assert_eq(own_crc32(0, plain, length), (uint32_t)crc32(0, plain, (uInt)length));
}

/* ---- gzip files ----------------------------------------------------------------------------- */

static char path[64];

static void write_file(const uint8_t *bytes, size_t length) {
  snprintf(path, sizeof path, "/tmp/nnrt-flate-%ld.gz", (long)getpid());
  FILE *file = fopen(path, "wb");
  cr_assert_not_null(file);
  cr_assert_eq(fwrite(bytes, 1, length, file), length);
  fclose(file);
}

static own_verdict read_by_zlib(size_t *made, bool *direct) {
  gzFile file = gzopen(path, "rb");
  int code;
  const int got = gzread(file, made_by_zlib, MOST);
  *made = got > 0 ? (size_t)got : 0;
  const int more = got > 0 ? gzread(file, made_by_zlib, MOST) : got;
  if (more != 0 && got > 0) *made = 0;
  *direct = gzdirect(file);
  gzerror(file, &code);
  gzclose(file);
  return more < 0 ? OWN_WRONG : code == Z_BUF_ERROR ? OWN_CUT_SHORT : OWN_WHOLE;
}

static void expect_same_file(const uint8_t *bytes, size_t length, size_t piece, const char *what) {
  size_t own, others;
  bool own_direct, direct;
  write_file(bytes, length);
  const own_verdict found = own_gunzip(path, piece, made_by_own, MOST, &own, &own_direct);
  const own_verdict expected = read_by_zlib(&others, &direct);
  unlink(path);
  cr_assert_eq(found, expected, "%s of %zu bytes: %d, not %d", what, length, (int)found,
               (int)expected);
  if (found == OWN_WRONG) return;
  cr_assert_eq(own_direct, direct, "%s of %zu bytes", what, length);
  cr_assert_eq(own, others, "%s of %zu bytes: %zu, not %zu", what, length, own, others);
  cr_assert_arr_eq(made_by_own, made_by_zlib, own);
}

static gz_header full_header(void) {
  static Bytef extra[300], name[] = "digits.csv", remark[] = "a remark";
  return (gz_header){.extra = extra, .extra_len = sizeof extra, .name = name, .comment = remark,
                     .hcrc = 1, .os = 3};
}

Test(flate, members_headers_and_what_follows, .timeout = 300) {
  static uint8_t file[2 * MOST];
  gz_header header = full_header();
  fill(4);
  for (size_t second = 0; second < 2; second++) {
    size_t length = pack(1000, 6, 0, 31, second ? &header : NULL);
    memcpy(file, packed, length);
    expect_same_file(file, length, MOST, "one member");
    const size_t next = pack(900, 1, 0, 31, &header);
    memcpy(file + length, packed, next);
    length += next;
    expect_same_file(file, length, 7, "two members");
    memcpy(file + length, "\x1f\x8cmore", 6);
    for (size_t more = 1; more <= 6; more++) expect_same_file(file, length + more, 64, "garbage");
  }
  expect_same_file((const uint8_t *)"x,y\n1,2\n", 8, MOST, "plain");
  for (size_t length = 0; length < 4; length++)
    expect_same_file((const uint8_t *)"\x1f\x8b\x08", length, MOST, "beginning");
}

Test(flate, files_cut_off_and_damaged, .timeout = 300) {
  gz_header header = full_header();
  fill(4);
  const size_t length = pack(1200, 6, 0, 31, &header);
  static uint8_t whole[4096], file[4096];
  memcpy(whole, packed, length);
  for (size_t end = 0; end < length; end++) {
    expect_same_file(whole, end, MOST, "end");
    memcpy(file, whole, length);
    file[end] ^= (uint8_t)(1u << draw() % 8);
    expect_same_file(file, length, MOST, "flip");
  }
}
