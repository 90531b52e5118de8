/* report: turns a place and a message into a diagnostic with the source line and a caret. */
#define _POSIX_C_SOURCE 200809L
#include "base.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of a longer line only a stretch around the caret is shown. */
enum { SHOWN_COLUMNS = 160, COLUMNS_BEFORE_CARET = 80 };

struct report {
  arena *memory;
  FILE *out;
  bool colour;
  bool silent; /* the last error was not printed, so its notes are not either */
  int errors;
};

typedef struct severity {
  const char *word, *colour;
} severity;

static const severity ERROR = {"error", "\033[1;31m"};
static const severity WARNING = {"warning", "\033[1;35m"};
static const severity NOTE = {"note", "\033[1;36m"};
static const char BOLD[] = "\033[1m", CARET_COLOUR[] = "\033[1;32m", PLAIN[] = "\033[0m";

report *report_new(arena *memory, FILE *out) {
  report *fresh = arena_alloc(memory, sizeof *fresh);
  fresh->memory = memory;
  fresh->out = out;
  int descriptor = fileno(out);
  const char *terminal = getenv("TERM");
  bool dumb = terminal == NULL || strcmp(terminal, "dumb") == 0;
  fresh->colour = descriptor >= 0 && isatty(descriptor) && !dumb;
  return fresh;
}

report *report_quiet(arena *memory) {
  report *fresh = arena_alloc(memory, sizeof *fresh);
  fresh->memory = memory;
  fresh->silent = true;
  return fresh;
}

int report_errors(const report *to) {
  return to->errors;
}

/* Bytes of the code point at `chars`; 1 for a byte that begins none. */
static size_t code_point_bytes(const char *chars, const char *end) {
  unsigned char lead = (unsigned char)*chars;
  size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 1;
  if (lead > 0xF4 || length > (size_t)(end - chars))
    return 1;
  for (size_t i = 1; i < length; i++)
    if (((unsigned char)chars[i] & 0xC0) != 0x80)
      return 1;
  return length;
}

static const char *skip_columns(const char *chars, const char *end, size_t columns) {
  while (columns-- > 0 && chars < end)
    chars += code_point_bytes(chars, end);
  return chars;
}

/* Control characters and stray bytes would garble a terminal: each shows as `?`. */
static void append_visible(text *out, const char *chars, const char *end) {
  while (chars < end) {
    size_t length = code_point_bytes(chars, end);
    unsigned char byte = (unsigned char)*chars;
    bool unprintable = length == 1 && byte != '\t' && (byte < 0x20 || byte >= 0x7F);
    if (unprintable)
      text_append(out, "?");
    else
      text_append_length(out, chars, length);
    chars += length;
  }
}

/* Spaces as wide as the text from `chars` to `end`; tabs stay tabs. */
static void append_blank(text *out, const char *chars, const char *end) {
  for (; chars < end; chars += code_point_bytes(chars, end))
    text_append(out, *chars == '\t' ? "\t" : " ");
}

static size_t count_columns(const char *chars, const char *end) {
  size_t columns = 0;
  for (; chars < end; chars += code_point_bytes(chars, end))
    columns++;
  return columns;
}

static void append_caret(text *out, const char *begin, const char *end, bool colour) {
  if (colour)
    text_append(out, CARET_COLOUR);
  text_append(out, "^");
  for (size_t i = count_columns(begin, end); i > 1; i--)
    text_append(out, "~");
  if (colour)
    text_append(out, PLAIN);
}

static void append_source_line(text *out, place where, bool colour) {
  const char *chars = where.file->chars, *end = chars + where.file->length;
  const char *begin = chars + (where.begin < where.file->length ? where.begin : where.file->length);
  const char *first = begin, *last = begin;
  while (first > chars && first[-1] != '\n')
    first--;
  while (last < end && *last != '\n')
    last++;
  if (last > first && last[-1] == '\r' && last - 1 >= begin)
    last--;
  const char *mark_end = chars + (where.end < where.file->length ? where.end : where.file->length);
  if (mark_end > last)
    mark_end = last;
  if (mark_end < begin)
    mark_end = begin;

  size_t before = count_columns(first, begin);
  bool cut = before > COLUMNS_BEFORE_CARET && count_columns(first, last) > SHOWN_COLUMNS;
  const char *from = cut ? skip_columns(first, end, before - COLUMNS_BEFORE_CARET) : first;
  const char *until = skip_columns(from, last, SHOWN_COLUMNS);
  if (mark_end > until)
    mark_end = until;
  text_append(out, cut ? "  ..." : "  ");
  append_visible(out, from, until);
  text_append(out, until < last ? "...\n" : "\n");
  text_append(out, cut ? "     " : "  ");
  append_blank(out, from, begin);
  append_caret(out, begin, mark_end, colour);
  text_append(out, "\n");
}

static void append_heading(text *out, place where, const severity *kind, bool colour) {
  if (colour)
    text_append(out, BOLD);
  if (where.file == NULL)
    text_append(out, "nncc: ");
  else if (where.line <= 0)
    text_printf(out, "%s: ", where.file->path);
  else
    text_printf(out, "%s:%d:%d: ", where.file->path, where.line, where.column);
  if (colour)
    text_append(out, kind->colour);
  text_printf(out, "%s: ", kind->word);
  if (colour)
    text_append(out, PLAIN);
}

static void tell(report *to, place where, const severity *kind, const char *format,
                 va_list arguments) PRINTF_LIKE(4, 0);

static void tell(report *to, place where, const severity *kind, const char *format,
                 va_list arguments) {
  text out = text_new(to->memory);
  append_heading(&out, where, kind, to->colour);
  text_vprintf(&out, format, arguments);
  text_append(&out, "\n");
  if (where.file != NULL && where.line > 0)
    append_source_line(&out, where, to->colour);
  fputs(out.chars, to->out);
}

void report_error(report *to, place where, const char *format, ...) {
  to->errors++;
  if (to->out == NULL)
    return;
  to->silent = to->errors > REPORT_LIMIT;
  if (to->errors == REPORT_LIMIT + 1)
    fprintf(to->out, "nncc: note: more than %d errors; further ones are not shown\n", REPORT_LIMIT);
  if (to->silent)
    return;
  va_list arguments;
  va_start(arguments, format);
  tell(to, where, &ERROR, format, arguments);
  va_end(arguments);
}

void report_warning(report *to, place where, const char *format, ...) {
  if (to->out == NULL)
    return;
  to->silent = to->errors > REPORT_LIMIT;
  if (to->silent)
    return;
  va_list arguments;
  va_start(arguments, format);
  tell(to, where, &WARNING, format, arguments);
  va_end(arguments);
}

void report_note(report *to, place where, const char *format, ...) {
  if (to->silent)
    return;
  va_list arguments;
  va_start(arguments, format);
  tell(to, where, &NOTE, format, arguments);
  va_end(arguments);
}
