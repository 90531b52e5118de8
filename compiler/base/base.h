/* base: what every folder of the compiler stands on. Knows nothing of tensors.
 *
 *   arena   memory of one compilation, freed as a whole
 *   text    a string that grows
 *   name    interned strings: equal names are equal pointers
 *   report  diagnostics: file:line:column, the line, a caret, notes
 */
#ifndef NNCC_BASE_H
#define NNCC_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#if defined(__GNUC__)
#define PRINTF_LIKE(string, first) __attribute__((format(printf, string, first)))
#else
#define PRINTF_LIKE(string, first)
#endif

/* ---- arena.c ------------------------------------------------------------------------------ */

/* Memory of one compilation. Blocks are zeroed, aligned for any type, and live until
 * arena_free. Out of memory ends the process with one line on standard error and status 1. */
typedef struct arena arena;

arena *arena_new(void);
void arena_free(arena *memory);
/* Frees all that was asked for, for the arena to be used anew. */
void arena_clear(arena *memory);
void *arena_alloc(arena *memory, size_t bytes);
char *arena_copy(arena *memory, const char *chars, size_t length); /* adds the final 0 */
char *arena_printf(arena *memory, const char *format, ...) PRINTF_LIKE(2, 3);

/* A growing array in an arena: `T *items; size_t count, capacity;` are the caller's three
 * variables; the macro returns room for one more at items[count], without counting it. */
void *arena_grow(arena *memory, void *items, size_t count, size_t *capacity, size_t item_bytes);
#define ARENA_PUSH(memory, items, count, capacity, value)                                         \
  ((items) = arena_grow((memory), (items), (count), &(capacity), sizeof *(items)),                \
   (void)((items)[(count)++] = (value)))

/* ---- text.c ------------------------------------------------------------------------------- */

/* A string that grows. `chars` is always 0-terminated once anything was written. */
typedef struct text {
  arena *memory;
  char *chars;
  size_t length, capacity;
} text;

text text_new(arena *memory);
void text_append(text *out, const char *chars);
void text_append_length(text *out, const char *chars, size_t length);
void text_printf(text *out, const char *format, ...) PRINTF_LIKE(2, 3);
void text_vprintf(text *out, const char *format, va_list arguments);
/* The shortest decimal form that reads back as the same double ("0.1", "1e-05", "3"). */
void text_number(text *out, double value);

/* ---- name.c ------------------------------------------------------------------------------- */

/* Interned strings: two names are equal if and only if their pointers are. Owned by the table. */
typedef const char *name;
typedef struct name_table name_table;

name_table *name_table_new(arena *memory);
name name_of(name_table *names, const char *chars);
name name_of_length(name_table *names, const char *chars, size_t length);
/* Of `count` candidates, the one nearest to `wrong` by edit distance, or NULL if none is near
 * enough to be a likely misspelling (distance <= 1 + length/4). For "did you mean". */
const char *name_nearest(const char *wrong, const char *const *candidates, size_t count);

/* ---- report.c ----------------------------------------------------------------------------- */

/* A source text: a file of the user's, or one that ships inside the compiler. */
typedef struct source {
  const char *path;  /* as diagnostics name it */
  const char *chars; /* 0-terminated */
  size_t length;
  bool shipped; /* part of the library: errors are told at the user's call, see report_error */
} source;

/* A stretch of a source: bytes begin (included) to end (excluded). line and column count from 1,
 * columns in code points. file == NULL: a place outside any file (command line). */
typedef struct place {
  const source *file;
  int line, column;
  size_t begin, end;
} place;

typedef struct report report;

/* Diagnostics go to `out` (usually stderr) as they come; colour only where `out` is a terminal. */
report *report_new(arena *memory, FILE *out);
/* Counts errors and prints nothing. */
report *report_quiet(arena *memory);
/* Form: "path:line:column: error: MESSAGE", the source line, a caret and tildes under the place. */
void report_error(report *to, place where, const char *format, ...) PRINTF_LIKE(3, 4);
void report_warning(report *to, place where, const char *format, ...) PRINTF_LIKE(3, 4);
void report_note(report *to, place where, const char *format, ...) PRINTF_LIKE(3, 4);
/* Errors so far. After REPORT_LIMIT errors further ones are counted, not printed. */
int report_errors(const report *to);
enum { REPORT_LIMIT = 20 };

/* The whole file, 0-terminated, in the arena; NULL with *problem set (strerror text or a reason
 * such as "is not UTF-8 text: byte 17") where it cannot be read. path "-" is standard input. */
const source *source_read(arena *memory, const char *path, const char **problem);
const source *source_of_text(arena *memory, const char *path, const char *chars, bool shipped);

/* Whether both paths name one file: as they are written, or, where it exists, whatever leads there. Neither
 * standard input nor what is no regular file is a file. */
bool same_file(const char *a, const char *b);

/* Writes beside the file, fsyncs, renames: `path` holds the old text or the new one, never a part.
 * path "-" writes to standard output. False with *problem set where that fails. */
bool file_write_whole(arena *memory, const char *path, const char *chars, size_t length,
                      const char **problem);

#endif
