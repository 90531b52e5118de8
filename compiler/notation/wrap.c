/* Text to lines of a given width. */
#include <string.h>

#include "layout.h"

static uint32_t code_at(const char *at) { return next_code_point(&at); }

/* Marks that East Asian text does not begin a line with. */
static bool closes(uint32_t code) {
  static const char *const marks = "，。、；：）」』】！？,.;:)]}";
  for (const char *at = marks; *at;) {
    if (next_code_point(&at) == code) return true;
  }
  return false;
}

static bool may_break(uint32_t before, uint32_t behind) {
  if (before == ' ') return true;
  if (before == 0xA0 || behind == 0xA0 || behind == ' ' || closes(behind)) return false;
  return code_columns(before) == 2 || code_columns(behind) == 2;
}

/* The end of the longest beginning that fits; behind at least one letter. */
static const char *line_end(const char *chars, int columns) {
  const char *best = NULL, *at = chars;
  int used = 0;
  while (*at) {
    const char *letter = at;
    uint32_t code = next_code_point(&at);
    used += code == ' ' && !*at ? 0 : code_columns(code);
    if (used > columns && code != ' ') return best ? best : letter > chars ? letter : at;
    if (*at && may_break(code, code_at(at))) best = at;
  }
  return at;
}

static const char *line_of(arena *memory, const char *begin, const char *end) {
  text out = text_new(memory);
  while (end > begin && end[-1] == ' ') end--;
  text_append(&out, "");
  while (begin < end) {
    uint32_t code = next_code_point(&begin);
    append_code_point(&out, code == 0xA0 ? ' ' : code);
  }
  return out.chars;
}

int wrap_text(arena *memory, const char *chars, int columns, const char ***lines) {
  const char **line = NULL;
  size_t count = 0, capacity = 0;
  do {
    const char *end = line_end(chars, columns);
    ARENA_PUSH(memory, line, count, capacity, line_of(memory, chars, end));
    chars = end;
    while (*chars == ' ') chars++;
  } while (*chars);
  *lines = line;
  return (int)count;
}
