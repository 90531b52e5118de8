/* alone: from an emitted file that includes the runtime's headers and links to the runtime to one
 * that needs only libc and libm: the headers stand where they were included, what is linked at the
 * end. */
#include "alone.h"

#include <string.h>

#include "writer.h"

/* Behind the model, as its own names are local to its functions, the runtime's to its files. program.c
 * is the whole runtime (cmake/amalgamate.c). */
static const char *const library[] = {"random.c", "initialize.c", "fail.c", "stack.c", "alone.c"};
static const char *const whole_program[] = {"program.c"};

enum { MOST_FILES = 24 };

typedef struct insertion {
  text *out;
  bool done[MOST_FILES]; /* by runtime_files' order */
} insertion;

static int find_file(const char *word, size_t length) {
  for (size_t k = 0; k < runtime_file_count && k < MOST_FILES; k++) {
    const char *path = runtime_files[k].path;
    if (strlen(path) == length && strncmp(path, word, length) == 0) return (int)k;
  }
  return -1;
}

static void insert_text(insertion *into, const char *chars);

/* A text that no guard encloses is meant to stand wherever it is included. */
static bool is_guarded(const char *chars) {
  static const char end[] = "#endif\n";
  const size_t length = strlen(chars), tail = sizeof end - 1;
  return length > tail && strcmp(chars + length - tail, end) == 0;
}

static void insert_file(insertion *into, int file) {
  if (into->done[file] && is_guarded(runtime_files[file].text)) return;
  into->done[file] = true;
  text_printf(into->out, "\n/* ---- nnrt: %s ---- */\n\n", runtime_files[file].path);
  insert_text(into, runtime_files[file].text);
}

/* `#include "name"` of a file that is embedded: that file; no deeper than their own includes go. */
static void insert_text(insertion *into, const char *chars) {
  static const char include[] = "#include \"";
  while (*chars) {
    const char *end = strchr(chars, '\n');
    size_t length = end ? (size_t)(end - chars) + 1 : strlen(chars);
    int file = -1;
    if (strncmp(chars, include, sizeof include - 1) == 0) {
      const char *word = chars + sizeof include - 1;
      file = find_file(word, strcspn(word, "\"\n"));
    }
    if (file >= 0) insert_file(into, file);
    else text_append_length(into->out, chars, length);
    chars += length;
  }
}

static void insert_files(insertion *into, size_t count, const char *const *names) {
  for (size_t k = 0; k < count; k++) {
    int file = find_file(names[k], strlen(names[k]));
    if (file >= 0) insert_file(into, file);
  }
}

void stand_alone(text *out, const char *chars, alone_part part) {
  insertion into = {.out = out};
  insert_text(&into, chars);
  if (part == ALONE_LIBRARY) insert_files(&into, sizeof library / sizeof *library, library);
  if (part == ALONE_PROGRAM) insert_files(&into, 1, whole_program);
}
