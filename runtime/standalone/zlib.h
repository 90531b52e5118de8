/* zlib: what the runtime uses of zlib, by the same names, so that an emitted program that stands
 * alone (nncc --standalone) has the runtime's sources as they are. Own code: inflate.c, gzip.c,
 * deflate.c, checksum.c. What a function does not do as zlib does it stands here. */
#ifndef NNRT_STANDALONE_ZLIB_H
#define NNRT_STANDALONE_ZLIB_H

#include <stddef.h>
#include <stdint.h>

typedef unsigned char Bytef;
typedef unsigned int uInt;
typedef unsigned long uLong;
typedef unsigned long uLongf;

#define Z_OK 0
#define Z_STREAM_END 1
#define Z_ERRNO (-1)
#define Z_DATA_ERROR (-3)
#define Z_MEM_ERROR (-4)
#define Z_BUF_ERROR (-5)
#define Z_NO_FLUSH 0
#define MAX_WBITS 15

/* The linker sees names of the runtime's own: a program may link zlib beside it. */
#define crc32 nnrt_zlib_crc32
#define crc32_z nnrt_zlib_crc32
#define compressBound nnrt_zlib_bound
#define compress2 nnrt_zlib_compress
#define inflateInit2 nnrt_zlib_inflate_init
#define inflate nnrt_zlib_inflate
#define inflateEnd nnrt_zlib_inflate_end
#define gzdopen nnrt_zlib_open
#define gzbuffer nnrt_zlib_buffer
#define gzdirect nnrt_zlib_direct
#define gzread nnrt_zlib_read
#define gzerror nnrt_zlib_error
#define gzclose nnrt_zlib_close

/* ---- checksum.c ----------------------------------------------------------------------------- */

/* The sum of what `crc` is the sum of (0: nothing) and `length` bytes behind it. */
uLong crc32(uLong crc, const Bytef *bytes, size_t length);

/* ---- deflate.c ------------------------------------------------------------------------------ */

/* The most bytes that compress2 writes of `length`. */
uLong compressBound(uLong length);
/* Into one block with the fixed code; the level is always the same. Z_BUF_ERROR: *made < bound. */
int compress2(Bytef *to, uLongf *made, const Bytef *from, uLong length, int level);

/* ---- inflate.c ------------------------------------------------------------------------------ */

typedef struct z_stream_s {
  const Bytef *next_in;
  uInt avail_in;
  Bytef *next_out;
  uInt avail_out;
  const char *msg; /* what is wrong with the data, or NULL                                     */
  struct nnrt_inflater *state;
} z_stream;

/* Raw streams (RFC 1951) alone: window_bits is -MAX_WBITS. */
int inflateInit2(z_stream *stream, int window_bits);
/* Up to 8 bytes behind the stream's end may have been taken. */
int inflate(z_stream *stream, int flush);
int inflateEnd(z_stream *stream);

/* ---- gzip.c --------------------------------------------------------------------------------- */

typedef struct nnrt_gzip *gzFile;

/* For reading, mode "rb"; the descriptor is the stream's from then on. NULL: no memory. */
gzFile gzdopen(int descriptor, const char *mode);
/* How many bytes are read at once; before the first gzread. */
int gzbuffer(gzFile file, unsigned bytes);
/* Whether the bytes stand in the file as they are; after the first gzread. */
int gzdirect(gzFile file);
/* Of the (gunzipped) bytes; 0 at the end, also where that comes too early (gzerror tells), -1 where
 * they cannot be read. */
int gzread(gzFile file, void *to, unsigned bytes);
/* The cause alone, without the file's name. */
const char *gzerror(gzFile file, int *code);
int gzclose(gzFile file);

#endif
