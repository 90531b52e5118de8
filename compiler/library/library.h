/* library: the .nn files of this folder (activations, layers, losses, metrics, optimizers), which
 * the build embeds into the compiler in the order of their names (cmake/embed.cmake). */
#ifndef NNCC_LIBRARY_H
#define NNCC_LIBRARY_H

#include <stddef.h>

typedef struct library_file {
  const char *path; /* the file's name, "layers.nn" */
  const char *text; /* 0-terminated UTF-8 */
} library_file;

extern const library_file library_files[];
extern const size_t library_file_count;

#endif
