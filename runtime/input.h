/* input: bytes on their way in, from files of any size.
 *
 *   input   a file, pipe or standard input from front to end, gunzipped where that is what it is
 *   spool   bytes that somebody makes: in memory, beyond a limit in a temporary file without a name
 *   bytes   a range of a file or spool, read at any place
 */
#ifndef NNRT_INPUT_H
#define NNRT_INPUT_H

#include <stddef.h>
#include <stdint.h>

#include "fail.h"

/* ---- input.c ------------------------------------------------------------------------------ */

typedef struct nnrt_input {
  const char *path; /* as messages name it; the caller's                                      */
  void *stream;     /* of zlib; NULL where all is in `bytes`                                  */
  int descriptor;   /* of the same file, to read it at any place; owned                       */
  uint8_t *bytes;   /* `length` of them, read and not yet dropped, and one 0 more; owned      */
  size_t length, capacity, most; /* most: capacity may grow so far                            */
  bool ended;       /* nothing follows                                                        */
  bool plain;       /* a regular file that is not compressed                                  */
  uint64_t size;    /* of the file, where it is plain                                         */
} nnrt_input;

/* Opens a path ("-": standard input) and reads its first bytes. A missing file, a directory and an
 * empty file fail, each with its own line. */
bool nnrt_input_open(const char *path, nnrt_input *input, nnrt_failure *failure);
/* An input that is there already; takes the bytes (and the 0 behind them) over. */
nnrt_input nnrt_input_of_memory(const char *path, uint8_t *bytes, size_t length);
/* Drops the first `drop` bytes and reads at least one more, unless the input has ended. Fails where
 * a gzip is cut short or damaged, and where more than `most` would have to be held. */
bool nnrt_input_more(nnrt_input *input, size_t drop, nnrt_failure *failure);
void nnrt_input_close(nnrt_input *input);

enum { NNRT_MOST_HELD = 1 << 28 };

/* ---- spool.c ------------------------------------------------------------------------------ */

typedef struct nnrt_spool {
  uint8_t *memory;  /* the last bytes that are not in the file, or all of them                */
  size_t held, capacity, limit;
  int descriptor;   /* of the temporary file; -1 as long as memory holds it all               */
  uint64_t length;  /* added so far                                                           */
} nnrt_spool;

/* limit: bytes that stay in memory. Beyond them a file in $TMPDIR, else /var/tmp, else /tmp holds
 * all; it has no name, so it is gone with the process. */
void nnrt_spool_begin(nnrt_spool *spool, size_t limit);
bool nnrt_spool_add(nnrt_spool *spool, const char *path, const void *bytes, size_t length,
                    nnrt_failure *failure);
void nnrt_spool_free(nnrt_spool *spool);

typedef struct nnrt_bytes {
  const char *path;          /* as messages name it; the caller's                             */
  const nnrt_spool *spool;   /* borrowed; NULL: a file                                        */
  int descriptor;            /* owned; -1: none                                               */
  uint64_t offset, length;   /* the range                                                     */
} nnrt_bytes;

bool nnrt_bytes_read(const nnrt_bytes *bytes, uint64_t at, size_t length, void *to,
                     nnrt_failure *failure);
/* They will be read soon. */
void nnrt_bytes_expect(const nnrt_bytes *bytes, uint64_t at, uint64_t length);
void nnrt_bytes_close(nnrt_bytes *bytes);

/* All of an input of which nothing was dropped: of the file itself where that is plain and large,
 * else of a copy in the spool. */
bool nnrt_input_bytes(nnrt_input *input, nnrt_spool *spool, nnrt_bytes *bytes,
                      nnrt_failure *failure);

#endif
