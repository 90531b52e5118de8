/* fail.c: a format and its arguments to one printable line. */
#include "fail.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The length of the well-formed UTF-8 sequence that begins at `text` (which a 0 ends), or 0. */
static size_t utf8_length(const unsigned char *text) {
  unsigned char lead = text[0];
  size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  for (size_t k = 1; k < length; k++)
    if ((text[k] & 0xC0) != 0x80) return 0;
  if (lead == 0xC2 && text[1] < 0xA0) return 0; /* the C1 control characters */
  if ((lead == 0xE0 && text[1] < 0xA0) || (lead == 0xED && text[1] > 0x9F)) return 0;
  if ((lead == 0xF0 && text[1] < 0x90) || (lead == 0xF4 && text[1] > 0x8F)) return 0;
  return length;
}

static void make_printable(char *line) {
  unsigned char *at = (unsigned char *)line;
  while (*at) {
    size_t length = *at < 0x80 ? 1 : utf8_length(at);
    if (length == 0 || *at < 0x20 || *at == 0x7F) {
      *at = '?';
      length = 1;
    }
    at += length;
  }
}

bool nnrt_fail(nnrt_failure *failure, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(failure->line, sizeof failure->line, format, arguments);
  va_end(arguments);
  if (length < 0) failure->line[0] = 0;
  if (length >= NNRT_FAILURE_BYTES) memcpy(failure->line + NNRT_FAILURE_BYTES - 4, "...", 4);
  make_printable(failure->line);
  return false;
}

bool nnrt_fail_system(nnrt_failure *failure, const char *path, const char *what) {
  int reason = errno;
  return nnrt_fail(failure, "%s: cannot %s: %s", path, what, strerror(reason));
}

nnrt_shape_text nnrt_show_shape(int rank, const size_t *shape) {
  nnrt_shape_text text = {"["};
  size_t length = 1;
  for (int k = 0; k < rank; k++) {
    char size[24];
    int digits = snprintf(size, sizeof size, k ? ", %zu" : "%zu", shape[k]);
    if (length + (size_t)digits + 6 > sizeof text.chars) { /* room for ", ...]" */
      memcpy(text.chars + length, ", ...", 5);
      length += 5;
      break;
    }
    memcpy(text.chars + length, size, (size_t)digits);
    length += (size_t)digits;
  }
  memcpy(text.chars + length, "]", 2);
  return text;
}
