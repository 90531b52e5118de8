/* text: turns pieces (characters, formats, numbers) into one growing string. */
#include "base.h"

#include <stdlib.h>
#include <string.h>

text text_new(arena *memory) {
  return (text){.memory = memory, .chars = arena_alloc(memory, 1), .length = 0, .capacity = 1};
}

/* Room for `more` characters and the final 0. Doubling keeps appending linear overall. */
static void reserve(text *out, size_t more) {
  size_t needed = out->length + more + 1;
  if (needed <= out->capacity)
    return;
  size_t capacity = out->capacity < 32 ? 64 : out->capacity * 2;
  if (capacity < needed)
    capacity = needed;
  char *larger = arena_alloc(out->memory, capacity);
  if (out->length > 0)
    memcpy(larger, out->chars, out->length);
  out->chars = larger;
  out->capacity = capacity;
}

void text_append_length(text *out, const char *chars, size_t length) {
  reserve(out, length);
  if (length > 0)
    memcpy(out->chars + out->length, chars, length);
  out->length += length;
  out->chars[out->length] = 0;
}

void text_append(text *out, const char *chars) {
  text_append_length(out, chars, strlen(chars));
}

void text_vprintf(text *out, const char *format, va_list arguments) {
  va_list again;
  va_copy(again, arguments);
  int length = vsnprintf(NULL, 0, format, arguments);
  if (length > 0) {
    reserve(out, (size_t)length);
    vsnprintf(out->chars + out->length, (size_t)length + 1, format, again);
    out->length += (size_t)length;
  }
  va_end(again);
}

void text_printf(text *out, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  text_vprintf(out, format, arguments);
  va_end(arguments);
}

/* Whole numbers below 10^15 are written out, so that sizes never read as 1e+05. */
void text_number(text *out, double value) {
  bool small = value > -1e15 && value < 1e15;
  if (small && (double)(int64_t)value == value) {
    text_printf(out, "%.0f", value);
    return;
  }
  char digits[40];
  for (int precision = 1; precision <= 17; precision++) {
    snprintf(digits, sizeof digits, "%.*g", precision, value);
    if (!(strtod(digits, NULL) < value || strtod(digits, NULL) > value))
      break;
  }
  text_append(out, digits);
}
