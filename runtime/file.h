/* file: whole files, in and out.
 *
 *   read    a file (or pipe), gunzipped where it begins as gzip does, into one buffer
 *   write   a file that appears whole or not at all
 */
#ifndef NNRT_FILE_H
#define NNRT_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "fail.h"

/* ---- file.c: reading ---------------------------------------------------------------------- */

typedef struct nnrt_contents {
  const char *path;    /* as the user wrote it; the caller's                                  */
  uint8_t *bytes;      /* length of them and one 0 more; owned                                */
  size_t length;
} nnrt_contents;

/* A missing file, a directory, an empty file and a gzip that is cut short or damaged fail, each
 * with its own line. */
bool nnrt_file_read(const char *path, nnrt_contents *contents, nnrt_failure *failure);
void nnrt_file_free(nnrt_contents *contents);

/* A descriptor, or -1 and a line: missing, a directory, not to be read. */
struct stat;
int nnrt_open_to_read(const char *path, struct stat *status, nnrt_failure *failure);
/* Why a stream of zlib stopped: cut short, damaged, or the system's reason. */
bool nnrt_fail_gzip(void *stream, const char *path, nnrt_failure *failure);

/* Whether both paths name one file: as they are written, or, where it exists, whatever leads there. What is no
 * regular file, such as a terminal, is none. */
bool nnrt_same_file(const char *a, const char *b);

bool nnrt_host_is_big_endian(void);

/* ---- file.c: writing ---------------------------------------------------------------------- */

/* A file that replaces `path` whole, on finish, or leaves it as it was. It is written beside
 * it, in the same folder, synced, renamed, and the folder synced. A symbolic link keeps
 * pointing; what is no regular file (a pipe, /dev/stdout) is written directly.
 *
 *   nnrt_output out;
 *   if (!nnrt_output_open(&out, path, failure)) return false;
 *   fprintf(out.stream, ...);            (errors are kept by the stream and found at the end)
 *   return nnrt_output_finish(&out, failure);        (or nnrt_output_abandon(&out);)
 */
typedef struct nnrt_output {
  FILE *stream;
  const char *path; /* the caller's                                                           */
  char *target;     /* path with symbolic links followed                                      */
  char *beside;     /* the name of what replaces it, in the same folder; NULL: directly       */
  bool unnamed;     /* what replaces it has no name yet: a kill leaves nothing behind         */
} nnrt_output;

bool nnrt_output_open(nnrt_output *out, const char *path, nnrt_failure *failure);
bool nnrt_output_finish(nnrt_output *out, nnrt_failure *failure);
void nnrt_output_abandon(nnrt_output *out);

#endif
