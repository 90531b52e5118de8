/* file: turns a path into a source text, and a finished text into a file, whole or not at all. */
#define _XOPEN_SOURCE 700
#include "base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A model of more than this is a mistake; the limit keeps positions inside an int. */
static const size_t LARGEST_SOURCE = (size_t)1 << 28;

/* ---- reading ------------------------------------------------------------------------------ */

/* Length of the UTF-8 sequence at `bytes`, 0 where there is none (overlong forms, surrogates and
 * anything above U+10FFFF included; Unicode standard, table 3-7). */
static size_t utf8_length(const unsigned char *bytes, size_t left) {
  unsigned char lead = bytes[0];
  if (lead < 0x80)
    return 1;
  size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || length > left)
    return 0;
  unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (bytes[1] < low || bytes[1] > high)
    return 0;
  for (size_t i = 2; i < length; i++)
    if ((bytes[i] & 0xC0) != 0x80)
      return 0;
  return length;
}

/* NULL, or what is wrong with the first byte that is not UTF-8. */
static const char *utf8_problem(arena *memory, const char *chars, size_t length) {
  const unsigned char *bytes = (const unsigned char *)chars;
  size_t line = 1;
  for (size_t i = 0; i < length;) {
    size_t step = utf8_length(bytes + i, length - i);
    if (step == 0)
      return arena_printf(memory, "is not UTF-8 text: byte %zu (0x%02x), in line %zu", i,
                          (unsigned)bytes[i], line);
    if (bytes[i] == '\n')
      line++;
    i += step;
  }
  return NULL;
}

static bool read_all(FILE *in, text *out, const char **problem) {
  char part[4096];
  size_t got;
  errno = 0;
  while ((got = fread(part, 1, sizeof part, in)) > 0) {
    text_append_length(out, part, got);
    if (out->length > LARGEST_SOURCE) {
      *problem = "is larger than 256 MiB";
      return false;
    }
  }
  if (ferror(in))
    *problem = strerror(errno != 0 ? errno : EIO);
  return !ferror(in);
}

static const source *make_source(arena *memory, const char *path, const char *chars, size_t length,
                                 bool shipped) {
  source *made = arena_alloc(memory, sizeof *made);
  made->path = arena_copy(memory, path, strlen(path));
  made->chars = chars;
  made->length = length;
  made->shipped = shipped;
  return made;
}

const source *source_read(arena *memory, const char *path, const char **problem) {
  bool standard_input = strcmp(path, "-") == 0;
  FILE *in = standard_input ? stdin : fopen(path, "rb");
  if (in == NULL) {
    *problem = strerror(errno);
    return NULL;
  }
  text content = text_new(memory);
  bool complete = read_all(in, &content, problem);
  if (!standard_input)
    fclose(in);
  if (!complete)
    return NULL;
  const char *wrong = utf8_problem(memory, content.chars, content.length);
  if (wrong != NULL) {
    *problem = wrong;
    return NULL;
  }
  const char *shown = standard_input ? "<stdin>" : path;
  return make_source(memory, shown, content.chars, content.length, false);
}

const source *source_of_text(arena *memory, const char *path, const char *chars, bool shipped) {
  size_t length = strlen(chars);
  return make_source(memory, path, arena_copy(memory, chars, length), length, shipped);
}

/* ---- writing ------------------------------------------------------------------------------ */

bool same_file(const char *a, const char *b) {
  struct stat one, other;
  if (strcmp(a, "-") == 0)
    return false;
  if (stat(a, &one) != 0 || stat(b, &other) != 0)
    return strcmp(a, b) == 0;
  return S_ISREG(one.st_mode) && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

static bool fail(const char **problem) {
  *problem = strerror(errno != 0 ? errno : EIO);
  return false;
}

static bool write_bytes(int descriptor, const char *chars, size_t length) {
  while (length > 0) {
    ssize_t written = write(descriptor, chars, length);
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return false;
    chars += written;
    length -= (size_t)written;
  }
  return true;
}

static bool write_standard_output(const char *chars, size_t length, const char **problem) {
  errno = 0;
  bool written = fwrite(chars, 1, length, stdout) == length && fflush(stdout) == 0;
  return written || fail(problem);
}

/* What is no regular file (a pipe, /dev/null) is written to in place: it must not be replaced. */
static bool write_in_place(const char *path, const char *chars, size_t length,
                           const char **problem) {
  int descriptor = open(path, O_WRONLY);
  if (descriptor < 0)
    return fail(problem);
  bool written = write_bytes(descriptor, chars, length);
  if (!written)
    fail(problem);
  if (close(descriptor) != 0 && written)
    return fail(problem);
  return written;
}

/* A new file beside `path`, with a name that nothing has. */
static int open_temporary(arena *memory, const char *path, const char **temporary) {
  for (int number = 0; number < 100; number++) {
    *temporary = arena_printf(memory, "%s.%ld-%d.tmp", path, (long)getpid(), number);
    int descriptor = open(*temporary, O_WRONLY | O_CREAT | O_EXCL, 0666);
    if (descriptor >= 0 || errno != EEXIST)
      return descriptor;
  }
  return -1;
}

/* After a rename only a synced directory is sure to survive a crash. Some file systems refuse to
 * sync directories; the file is whole all the same. */
static void sync_directory_of(arena *memory, const char *path) {
  const char *slash = strrchr(path, '/');
  size_t length = slash == NULL ? 1 : slash == path ? 1 : (size_t)(slash - path);
  const char *directory = arena_copy(memory, slash == NULL ? "." : path, length);
  int descriptor = open(directory, O_RDONLY);
  if (descriptor < 0)
    return;
  (void)fsync(descriptor);
  (void)close(descriptor);
}

static bool replace_file(arena *memory, const char *path, const struct stat *old, const char *chars,
                         size_t length, const char **problem) {
  const char *temporary = NULL;
  int descriptor = open_temporary(memory, path, &temporary);
  if (descriptor < 0)
    return fail(problem);
  bool done = write_bytes(descriptor, chars, length);
  if (done && old != NULL)
    done = fchmod(descriptor, old->st_mode & 07777) == 0;
  done = done && fsync(descriptor) == 0;
  if (!done)
    fail(problem);
  if (close(descriptor) != 0 && done)
    done = fail(problem);
  if (done && rename(temporary, path) != 0)
    done = fail(problem);
  if (!done)
    (void)unlink(temporary);
  else
    sync_directory_of(memory, path);
  return done;
}

bool file_write_whole(arena *memory, const char *path, const char *chars, size_t length,
                      const char **problem) {
  if (strcmp(path, "-") == 0)
    return write_standard_output(chars, length, problem);
  struct stat old;
  if (stat(path, &old) != 0)
    return replace_file(memory, path, NULL, chars, length, problem);
  if (S_ISDIR(old.st_mode)) {
    *problem = strerror(EISDIR);
    return false;
  }
  if (!S_ISREG(old.st_mode))
    return write_in_place(path, chars, length, problem);
  char *real = realpath(path, NULL); /* a symbolic link stays one */
  if (real == NULL)
    return fail(problem);
  bool done = replace_file(memory, real, &old, chars, length, problem);
  free(real);
  return done;
}
