/* The runtime's texts that --standalone puts into the emitted file, embedded by the build
 * (cmake/embed.cmake), each under its file's name. */
#ifndef NNCC_ALONE_H
#define NNCC_ALONE_H

#include <stddef.h>

typedef struct runtime_file {
  const char *path;
  const char *text;
} runtime_file;

extern const runtime_file runtime_files[];
extern const size_t runtime_file_count;

#endif
