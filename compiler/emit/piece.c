/* piece: small building stones of C text. */
#include <math.h>
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
 * the last one of those; 0 where there is none. Strings stay whole. */
static size_t break_at(const char *chars, size_t room) {
  size_t best = 0;
  int depth = 0, best_depth = 1 << 20;
  bool quoted = false;
  for (size_t k = 0; chars[k] && k < room; k++) {
    char c = chars[k];
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

void wrapped(text *out, size_t indent, const char *chars) {
  size_t length = strlen(chars), margin = indent, at = 0;
  while (margin + length > WIDEST) {
    at = break_at(chars, WIDEST - margin);
    if (at == 0) break;
    text_printf(out, "%*s%.*s\n", (int)margin, "", (int)at, chars);
    chars += at + 1;
    length -= at + 1;
    margin = indent + 4;
  }
  text_printf(out, "%*s%s\n", (int)margin, "", chars);
}

void line(writer *w, const char *format, ...) {
  text chars = text_new(w->memory);
  va_list arguments;
  va_start(arguments, format);
  text_vprintf(&chars, format, arguments);
  va_end(arguments);
  size_t breaks = 0;
  while (chars.chars[breaks] == '\n') breaks++;
  text_append_length(w->out, chars.chars, breaks);
  const char *rest = chars.chars + breaks;
  if (strchr(rest, '\n')) text_printf(w->out, "%*s%s\n", 2 * w->indent, "", rest);
  else wrapped(w->out, 2 * (size_t)w->indent, rest);
}
