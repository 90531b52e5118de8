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

void line(writer *w, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  for (int k = 0; k < w->indent; k++) text_append(w->out, "  ");
  text_vprintf(w->out, format, arguments);
  text_append(w->out, "\n");
  va_end(arguments);
}
