/* piece: small building stones of C text. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "writer.h"

piece piece_of(writer *w, int strength, const char *format, ...) {
  text chars = text_new(w->memory);
  va_list arguments;
  va_start(arguments, format);
  text_vprintf(&chars, format, arguments);
  va_end(arguments);
  return (piece){chars.chars, strength};
}

const char *within(writer *w, piece inner, int strength) {
  if (inner.strength >= strength) return inner.chars;
  return arena_printf(w->memory, "(%s)", inner.chars);
}

bool is_float(const writer *w) { return w->type == NUMBER_REAL && w->p->real_bytes == 4; }

const char *real_word(const writer *w) { return is_float(w) ? "float" : "double"; }

piece number_piece(writer *w, double value) {
  text chars = text_new(w->memory);
  if (isinf(value)) {
    text_append(&chars, value < 0 ? "-INFINITY" : "INFINITY");
    return (piece){chars.chars, value < 0 ? BIND_UNARY : BIND_PRIMARY};
  }
  text_number(&chars, value);
  if (!strpbrk(chars.chars, ".e")) text_append(&chars, ".0");
  if (is_float(w)) text_append(&chars, "f");
  return (piece){chars.chars, value < 0 ? BIND_UNARY : BIND_PRIMARY};
}

/* ---- lines ---------------------------------------------------------------------------------- */

enum { WIDEST = 98 };

/* Where to break `chars` so that what stays fits into `room`: at the space that is nested least,
 * the last one of those, or before a comment; 0 where there is none. Strings stay whole. */
static size_t break_at(const char *chars, size_t room) {
  size_t best = 0;
  int depth = 0, best_depth = 1 << 20;
  bool quoted = false;
  for (size_t k = 0; chars[k] && k < room; k++) {
    char c = chars[k];
    if (strncmp(&chars[k], " /* ", 4) == 0) return k;
    if (c == '"' && (k == 0 || chars[k - 1] != '\\')) quoted = !quoted;
    if (c == '(' || c == '[' || c == '{') depth++;
    if (c == ')' || c == ']' || c == '}') depth--;
    bool operand = k > 0 && strchr("=+-*/?:<>&|", chars[k - 1]) != NULL;
    bool usable = c == ' ' && !quoted && k > 0 && k > room / 3 && !operand;
    if (usable && (depth < best_depth || (depth == best_depth && depth <= 1))) {
      best = k;
      best_depth = depth;
    }
  }
  return best;
}

static void append_wrapped(text *out, size_t indent, const char *chars, size_t length) {
  size_t margin = indent;
  while (margin + length > WIDEST) {
    size_t at = break_at(chars, WIDEST - margin);
    if (at == 0) break;
    text_printf(out, "%*s%.*s\n", (int)margin, "", (int)at, chars);
    chars += at + 1;
    length -= at + 1;
    margin = indent + 4;
  }
  text_printf(out, "%*s%.*s\n", (int)margin, "", (int)length, chars);
}

/* Columns of so many bytes of UTF-8. */
static size_t columns_of(const char *chars, size_t length) {
  size_t columns = 0;
  for (size_t k = 0; k < length; k++) columns += ((unsigned char)chars[k] & 0xc0) != 0x80;
  return columns;
}

/* Bytes of the mark that the line begins with. */
static size_t mark_length(const char *chars) {
  return *chars == REASON_MARK ? strcspn(chars + 1, "\003") + 2 : 0;
}

void wrap_lines(text *out, const char *chars, bool marked_whole) {
  while (*chars) {
    const char *end = strchr(chars, '\n');
    size_t mark = mark_length(chars);
    bool whole = mark > 0 && marked_whole;
    if (!whole) { /* one statement of the model: one line */
      text_append_length(out, chars, mark);
      chars += mark;
    }
    size_t length = end ? (size_t)(end - chars) : strlen(chars), indent = 0;
    while (indent < length && chars[indent] == ' ') indent++;
    bool wide = !whole && columns_of(chars, length) > WIDEST;
    if (wide) append_wrapped(out, indent, chars + indent, length - indent);
    else text_printf(out, "%.*s\n", (int)length, chars);
    chars += length + (end != NULL);
  }
}

void line(writer *w, const char *format, ...) {
  va_list arguments;
  while (*format == '\n') {
    text_append(w->out, "\n");
    format++;
  }
  if (w->reasons && w->reason >= 0) {
    text_printf(w->out, "%c%d%c", REASON_MARK, w->reason, REASON_MARK);
  }
  text_printf(w->out, "%*s", 2 * w->indent, "");
  va_start(arguments, format);
  text_vprintf(w->out, format, arguments);
  va_end(arguments);
  text_append(w->out, "\n");
}
