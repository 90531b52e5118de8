/* fail: what went wrong, as one line that names the file, the place, the cause and the remedy.
 *
 * Functions that can fail take an `nnrt_failure *` last and return false (or NULL); the line then
 * stands in it, without the program's name and without a newline, for main.c to print:
 *
 *   nnrt_failure failure;
 *   if (!nnrt_data_load(..., &failure)) { fprintf(stderr, "%s\n", failure.line); return 2; }
 *
 * Nothing needs to be initialised or freed. Where a function succeeds it leaves the line alone.
 */
#ifndef NNRT_FAIL_H
#define NNRT_FAIL_H

#include <stdbool.h>
#include <stddef.h>

#if defined(__GNUC__)
#define NNRT_PRINTF_LIKE(string, first) __attribute__((format(printf, string, first)))
#else
#define NNRT_PRINTF_LIKE(string, first)
#endif

enum { NNRT_FAILURE_BYTES = 1024 };

typedef struct nnrt_failure {
  char line[NNRT_FAILURE_BYTES];
} nnrt_failure;

/* Sets the line and returns false, so that a check reads `return nnrt_fail(failure, ...)`.
 * Control characters and broken UTF-8 in it become '?', so that it stays one line whatever a
 * file's name or contents are; a line that is too long ends in "...". */
bool nnrt_fail(nnrt_failure *failure, const char *format, ...) NNRT_PRINTF_LIKE(2, 3);

/* "path: cannot DO: the system's reason (errno)". */
bool nnrt_fail_system(nnrt_failure *failure, const char *path, const char *what);

/* Sizes as a reader writes them, for messages: "[28, 28]", "[]" for rank 0. */
typedef struct nnrt_shape_text {
  char chars[128];
} nnrt_shape_text;
nnrt_shape_text nnrt_show_shape(int rank, const size_t *shape);

#endif
