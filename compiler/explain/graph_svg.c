/* Graphviz's language to SVG, by Graphviz's own program. */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "explain.h"

enum { NOT_FOUND = 127 };

static bool run_dot(FILE *in, FILE *out, int *status) {
  pid_t child = fork();
  if (child == 0) {
    if (dup2(fileno(in), 0) >= 0 && dup2(fileno(out), 1) >= 0) {
      execlp("dot", "dot", "-Tsvg", (char *)NULL);
    }
    _exit(NOT_FOUND);
  }
  if (child < 0) return false;
  while (waitpid(child, status, 0) < 0) {
    if (errno != EINTR) return false;
  }
  return true;
}

static bool read_all(text *out, FILE *from) {
  char bytes[4096];
  size_t length;
  rewind(from);
  while ((length = fread(bytes, 1, sizeof bytes, from)) > 0) text_append_length(out, bytes, length);
  return !ferror(from);
}

static const char *drawn(text *out, const text *dot, FILE *in, FILE *svg) {
  int status = 0;
  bool written = fwrite(dot->chars, 1, dot->length, in) == dot->length && !fflush(in);
  if (!written || fseek(in, 0, SEEK_SET) != 0 || lseek(fileno(in), 0, SEEK_SET) != 0) {
    return "no room for a temporary file";
  }
  if (!run_dot(in, svg, &status)) return "no process for Graphviz's dot could be started";
  if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_FOUND) {
    return "Graphviz's program dot is not there (Debian: apt-get install graphviz); --graph=dot "
           "needs none";
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return "Graphviz's program dot failed";
  return read_all(out, svg) ? NULL : "what Graphviz's program dot wrote cannot be read";
}

const char *draw_graph(text *out, const text *dot) {
  FILE *in = tmpfile(), *svg = tmpfile();
  const char *problem = in && svg ? drawn(out, dot, in, svg) : "no room for a temporary file";
  if (in) fclose(in);
  if (svg) fclose(svg);
  return problem;
}
