/* file.c: a path to its (gunzipped) bytes; a stream to a file that is there whole or not at all. */
#define _GNU_SOURCE /* realpath, O_TMPFILE */

#include "file.h"
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* ---- reading ------------------------------------------------------------------------------ */

int nnrt_open_to_read(const char *path, struct stat *status, nnrt_failure *failure) {
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    if (errno == ENOENT)
      nnrt_fail(failure, "%s: there is no such file; paths are relative to where the program runs",
                path);
    else
      nnrt_fail_system(failure, path, "open");
    return -1;
  }
  if (fstat(descriptor, status) != 0) {
    nnrt_fail_system(failure, path, "open");
  } else if (S_ISDIR(status->st_mode)) {
    nnrt_fail(failure, "%s: is a directory; give a file", path);
  } else {
    return descriptor;
  }
  close(descriptor);
  return -1;
}

bool nnrt_same_file(const char *a, const char *b) {
  struct stat one, other;
  if (stat(a, &one) != 0 || stat(b, &other) != 0)
    return strcmp(a, b) == 0;
  return S_ISREG(one.st_mode) && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

bool nnrt_fail_gzip(void *stream, const char *path, nnrt_failure *failure) {
  int code;
  int reason = errno;
  const char *cause = gzerror(stream, &code);
  if (code == Z_BUF_ERROR)
    return nnrt_fail(failure, "%s: the gzip file is cut short; copy or download it again", path);
  if (code == Z_ERRNO) {
    errno = reason;
    return nnrt_fail_system(failure, path, "read");
  }
  return nnrt_fail(failure, "%s: the gzip file is damaged (%s); copy or download it again", path,
                   cause);
}

bool nnrt_file_read(const char *path, nnrt_contents *contents, nnrt_failure *failure) {
  nnrt_input input;
  *contents = (nnrt_contents){.path = path};
  if (!nnrt_input_open(path, &input, failure)) return false;
  input.most = SIZE_MAX / 2;
  bool good = true;
  while (good && !input.ended) good = nnrt_input_more(&input, 0, failure);
  if (good) {
    contents->bytes = input.bytes;
    contents->length = input.length;
    input.bytes = NULL;
  }
  nnrt_input_close(&input);
  return good;
}

void nnrt_file_free(nnrt_contents *contents) {
  free(contents->bytes);
  contents->bytes = NULL;
  contents->length = 0;
}

bool nnrt_host_is_big_endian(void) {
  const uint16_t one = 1;
  uint8_t first;
  memcpy(&first, &one, 1);
  return first == 0;
}

/* ---- writing ------------------------------------------------------------------------------ */

enum { ATTEMPTS = 1000, LONGEST_BESIDE = 64 };

/* The length of path's folder, with its final '/'; 0 for a name in the current folder. */
static size_t folder_length(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? (size_t)(slash - path) + 1 : 0;
}

/* Its name does not grow with target's, so that it fits wherever target's does. */
static void name_beside(nnrt_output *out, int attempt) {
  const size_t folder = folder_length(out->target);
  memcpy(out->beside, out->target, folder);
  snprintf(out->beside + folder, LONGEST_BESIDE, ".nnrt-%ld-%d.tmp", (long)getpid(), attempt);
}

/* A file without a name, where the file system has such; -1: none. */
static int open_unnamed(nnrt_output *out) {
#ifdef O_TMPFILE
  const size_t folder = folder_length(out->target);
  memcpy(out->beside, folder ? out->target : "./", folder ? folder : 2);
  out->beside[folder ? folder : 2] = 0;
  return open(out->beside, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
#else
  (void)out;
  return -1;
#endif
}

/* Gives the complete file a name. */
static bool link_unnamed(nnrt_output *out) {
  char self[64];
  snprintf(self, sizeof self, "/proc/self/fd/%d", fileno(out->stream));
  for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
    name_beside(out, attempt);
    if (linkat(AT_FDCWD, self, AT_FDCWD, out->beside, AT_SYMLINK_FOLLOW) == 0) {
      out->unnamed = false;
      return true;
    }
    if (errno != EEXIST) return false;
  }
  return false;
}

/* A new file in target's folder, with target's permissions where it exists. */
static int open_beside(nnrt_output *out, const struct stat *existing) {
  out->beside = malloc(folder_length(out->target) + LONGEST_BESIDE);
  if (!out->beside) return -1;
  int descriptor = access("/proc/self/fd", X_OK) == 0 ? open_unnamed(out) : -1;
  out->unnamed = descriptor >= 0;
  for (int attempt = 0; attempt < ATTEMPTS && descriptor < 0; attempt++) {
    name_beside(out, attempt);
    descriptor = open(out->beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor < 0 && errno != EEXIST) return -1;
  }
  if (descriptor < 0 || !existing || fchmod(descriptor, existing->st_mode & 07777) == 0)
    return descriptor;
  int reason = errno;
  close(descriptor);
  if (!out->unnamed) unlink(out->beside);
  errno = reason;
  return -1;
}

static bool fail_to_open(nnrt_output *out, nnrt_failure *failure) {
  if (errno == ENOENT)
    nnrt_fail(failure, "%s: cannot write: its folder does not exist; make it first", out->path);
  else
    nnrt_fail_system(failure, out->path, "write");
  free(out->beside);
  free(out->target);
  return false;
}

bool nnrt_output_open(nnrt_output *out, const char *path, nnrt_failure *failure) {
  struct stat status;
  *out = (nnrt_output){.path = path};
  if (path[0] == 0) return nnrt_fail(failure, "cannot write to a file without a name");
  bool exists = stat(path, &status) == 0;
  if (exists && S_ISDIR(status.st_mode))
    return nnrt_fail(failure, "%s: is a directory; give the name of a file", path);
  out->target = exists ? realpath(path, NULL) : strdup(path);
  if (!out->target) return fail_to_open(out, failure);
  int descriptor;
  if (exists && !S_ISREG(status.st_mode))
    descriptor = open(path, O_WRONLY | O_CLOEXEC);
  else if (exists && access(path, W_OK) != 0) /* a file that is protected stays as it is */
    descriptor = -1;
  else
    descriptor = open_beside(out, exists ? &status : NULL);
  if (descriptor < 0) return fail_to_open(out, failure);
  out->stream = fdopen(descriptor, "wb");
  if (out->stream) return true;
  close(descriptor);
  if (out->beside && !out->unnamed) unlink(out->beside);
  return fail_to_open(out, failure);
}

static void release(nnrt_output *out) {
  free(out->beside);
  free(out->target);
  *out = (nnrt_output){0};
}

void nnrt_output_abandon(nnrt_output *out) {
  if (out->stream) fclose(out->stream);
  if (out->beside && !out->unnamed) unlink(out->beside);
  release(out);
}

/* Some file systems cannot sync a folder; the rename is then as durable as they make it. */
static void sync_folder(const nnrt_output *out) {
  size_t folder = folder_length(out->target);
  out->beside[folder] = 0; /* no longer the name of a file: the rename took it */
  int descriptor = open(folder ? out->beside : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  (void)fsync(descriptor);
  close(descriptor);
}

bool nnrt_output_finish(nnrt_output *out, nnrt_failure *failure) {
  errno = 0;
  bool good = fflush(out->stream) == 0 && !ferror(out->stream);
  if (good && out->beside) good = fsync(fileno(out->stream)) == 0;
  if (good && out->unnamed) good = link_unnamed(out);
  int reason = errno;
  if (fclose(out->stream) != 0 && good) {
    reason = errno;
    good = false;
  }
  out->stream = NULL;
  if (good && out->beside && rename(out->beside, out->target) != 0) {
    reason = errno;
    good = false;
  }
  if (!good) {
    const char *cause = reason ? strerror(reason) : "an earlier write failed";
    nnrt_fail(failure, "%s: cannot write: %s%s", out->path, cause,
              out->beside ? "; the file is as it was" : "");
    nnrt_output_abandon(out);
    return false;
  }
  if (out->beside) sync_folder(out);
  release(out);
  return true;
}
