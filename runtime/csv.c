/* csv.c: a table of numbers as text to the tensors of its columns.
 *
 * RFC 4180: fields between `,` (or `;` or a tab, whichever the first line shows), lines that end
 * in LF, CRLF or CR, fields in double quotes with "" for a quote. Beyond it: spaces around
 * fields, a byte order mark, blank lines at the end. The first line is a header if one of its
 * fields is a word; a field that is empty or says NaN is no word but a missing value.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "source.h"

typedef struct csv {
  nnrt_source *source;
  const char *at, *end; /* *end is 0 */
  char separator;
  size_t line;          /* counted from 1 */
  size_t columns;       /* in this file */
  nnrt_failure *failure;
} csv;

typedef enum field_kind { FIELD_NUMBER, FIELD_MISSING, FIELD_WORD, FIELD_BROKEN } field_kind;

typedef struct field {
  const char *begin, *end; /* without quotes and spaces around */
  size_t line;             /* where it begins */
  field_kind kind;
  double value;
} field;

/* ---- fields ------------------------------------------------------------------------------- */

static bool is_line_end(const csv *in, const char *at) {
  return at == in->end || *at == '\n' || *at == '\r';
}

static bool is_field_end(const csv *in, const char *at) {
  return *at == in->separator || is_line_end(in, at);
}

static bool is_blank(const csv *in, char c) {
  return c == ' ' || (c == '\t' && in->separator != '\t');
}

static bool is_missing(const char *begin, const char *end) {
  static const char *const words[] = {"",     "nan",  "na",  "n/a",  "null",     "none",
                                      "?",    "-nan", "inf", "-inf", "infinity", "-infinity",
                                      "+inf", "-",    "nil", "<na>", "missing"};
  for (size_t k = 0; k < sizeof words / sizeof *words; k++)
    if (strlen(words[k]) == (size_t)(end - begin) &&
        strncasecmp(words[k], begin, (size_t)(end - begin)) == 0)
      return true;
  return false;
}

static field_kind classify(const char *begin, const char *end, double *value) {
  if (begin < end && nnrt_read_decimal(begin, value) == end) return FIELD_NUMBER;
  return is_missing(begin, end) ? FIELD_MISSING : FIELD_WORD;
}

/* Past the quoted field that begins at the quote `at`; NULL where no quote closes it. */
static const char *skip_quoted(csv *in, const char *at) {
  for (at++; at < in->end; at++) {
    if (*at == '\n' || (*at == '\r' && at[1] != '\n')) in->line++;
    if (*at != '"') continue;
    if (at[1] != '"') return at + 1;
    at++;
  }
  return NULL;
}

/* Reads the field at in->at and stops behind it, at its separator or line end. */
static field read_field(csv *in) {
  field f = {.kind = FIELD_BROKEN, .line = in->line};
  const char *at = in->at;
  while (is_blank(in, *at)) at++;
  f.begin = at;
  if (*at == '"') {
    at = skip_quoted(in, at);
    if (!at) {
      f.end = in->at = in->end;
      return f;
    }
    f.begin++;
    f.end = at - 1;
    while (is_blank(in, *at)) at++;
    in->at = at;
    if (!is_field_end(in, at)) return f;
  } else {
    while (!is_field_end(in, at)) at++;
    f.end = in->at = at;
  }
  while (f.begin < f.end && is_blank(in, *f.begin)) f.begin++;
  while (f.end > f.begin && is_blank(in, f.end[-1])) f.end--;
  f.kind = classify(f.begin, f.end, &f.value);
  return f;
}

/* ---- lines -------------------------------------------------------------------------------- */

static void next_line(csv *in) {
  if (in->at == in->end) return;
  in->at += in->at[0] == '\r' && in->at[1] == '\n' ? 2 : 1;
  in->line++;
}

/* Fields in the line at in->at, wherever in it that points to its first. */
static size_t count_columns(csv in) {
  for (size_t columns = 1;; columns++) {
    (void)read_field(&in);
    while (!is_field_end(&in, in.at)) in.at++; /* what stands behind a closing quote */
    if (is_line_end(&in, in.at)) return columns;
    in.at++;
  }
}

static bool only_blank_lines_follow(const csv *in) {
  for (const char *at = in->at; at < in->end; at++)
    if (!isspace((unsigned char)*at)) return false;
  return true;
}

/* ---- messages ----------------------------------------------------------------------------- */

/* The tensor and element that a column fills; NULL for a skipped target. */
static const nnrt_tensor *column_tensor(const nnrt_source *source, size_t column,
                                        size_t *element) {
  for (size_t k = 0; k < source->wanted; k++) {
    if (column < source->tensor[k].elements) {
      *element = column;
      return &source->tensor[k];
    }
    column -= source->tensor[k].elements;
  }
  return NULL;
}

static bool fail_field(csv *in, const field *f, size_t column) {
  const char *path = in->source->file.path;
  char place[64];
  size_t element = 0;
  const nnrt_tensor *tensor = column_tensor(in->source, column, &element);
  nnrt_element_text name = {""};
  if (tensor) name = nnrt_show_element(tensor, element);
  snprintf(place, sizeof place, "line %zu, column %zu", f->line, column + 1);
  int length = f->end - f->begin > 40 ? 40 : (int)(f->end - f->begin);
  if (f->kind == FIELD_BROKEN && in->at == in->end)
    return nnrt_fail(in->failure, "%s: %s: no quote closes the field that begins here", path,
                     place);
  if (f->kind == FIELD_BROKEN)
    return nnrt_fail(in->failure, "%s: %s: text behind a closing quote; write \"\" for a quote",
                     path, place);
  if (f->kind == FIELD_MISSING && length == 0)
    return nnrt_fail(in->failure, "%s: %s (%s): the value is missing; put a number there or remove "
                     "the line", path, place, name.chars);
  if (f->kind == FIELD_MISSING)
    return nnrt_fail(in->failure, "%s: %s (%s): '%.*s' is missing or not finite; "
                     "put a number there or remove the line",
                     path, place, name.chars, length, f->begin);
  bool comma = in->separator != ',' && memchr(f->begin, ',', (size_t)length);
  bool label = tensor && tensor->kind == NNRT_CLASS;
  return nnrt_fail(in->failure, "%s: %s (%s): '%.*s' is not a number%s", path, place, name.chars,
                   length, f->begin,
                   comma   ? "; write the decimal point as '.'"
                   : label ? "; classes are written as whole numbers from 0"
                           : "");
}

static bool fail_value(csv *in, size_t column, double value) {
  char place[256];
  size_t element = 0;
  const nnrt_tensor *tensor = column_tensor(in->source, column, &element);
  snprintf(place, sizeof place, "%.180s: line %zu, column %zu", in->source->file.path, in->line,
           column + 1);
  return nnrt_fail_store(in->failure, place, tensor, element, value);
}

static bool fail_columns(csv *in, size_t columns) {
  nnrt_column_text expected = nnrt_show_columns(in->source);
  return nnrt_fail(in->failure, "%s: line %zu has %zu column%s; expected: %s",
                   in->source->file.path, in->line, columns, columns == 1 ? "" : "s",
                   expected.chars);
}

static bool fail_ragged(csv *in, const char *line, size_t number) {
  csv whole = *in;
  whole.at = line;
  const char *path = in->source->file.path;
  if (line == in->end || is_line_end(in, line))
    return nnrt_fail(in->failure, "%s: line %zu is empty; remove it", path, number);
  return nnrt_fail(in->failure, "%s: line %zu has %zu columns where the lines before have %zu",
                   path, number, count_columns(whole), in->columns);
}

/* ---- rows --------------------------------------------------------------------------------- */

/* The number at in->at, which ends up behind it. */
static bool read_value(csv *in, size_t column, double *value) {
  const char *after = nnrt_read_decimal(in->at, value);
  if (after && is_field_end(in, after)) {
    in->at = after;
    return true;
  }
  field f = read_field(in);
  if (f.kind != FIELD_NUMBER) return fail_field(in, &f, column);
  *value = f.value;
  return true;
}

/* From behind a field to the next one; false where the line has ended too early or too late. */
static bool step(csv *in, size_t column) {
  bool last = column + 1 == in->columns;
  if (last) return is_line_end(in, in->at);
  if (is_line_end(in, in->at)) return false;
  in->at++;
  return true;
}

static bool read_row(csv *in, size_t row) {
  nnrt_source *source = in->source;
  const char *line = in->at;
  size_t column = 0, number = in->line;
  if (is_line_end(in, line) && in->columns > 1) return fail_ragged(in, line, number);
  for (size_t k = 0; k < source->wanted; k++) {
    const nnrt_tensor *tensor = &source->tensor[k];
    for (size_t element = 0; element < tensor->elements; element++, column++) {
      double value;
      if (!read_value(in, column, &value)) return false;
      if (!nnrt_store(tensor, source->real_bytes, source->values[k],
                      row * tensor->elements + element, value))
        return fail_value(in, column, value);
      if (!step(in, column)) return fail_ragged(in, line, number);
    }
  }
  for (; column < in->columns; column++) {
    field skipped = read_field(in);
    if (skipped.kind == FIELD_BROKEN) return fail_field(in, &skipped, column);
    if (!step(in, column)) return fail_ragged(in, line, number);
  }
  next_line(in);
  return true;
}

/* Room for one more row. The first guess takes every line to be as long as the next one. */
static bool reserve_row(csv *in) {
  nnrt_source *source = in->source;
  if (source->samples < source->capacity) return true;
  size_t left = (size_t)(in->end - in->at);
  size_t most = left / (2 * in->columns) + 1; /* a digit and a separator for each column */
  const char *next = memchr(in->at, '\n', left);
  size_t line = next ? (size_t)(next - in->at) + 1 : left + 1;
  size_t guess = left / line + left / line / 8 + 16;
  if (guess < source->samples / 4) guess = source->samples / 4;
  return nnrt_source_reserve(source, source->samples + (guess < most ? guess : most),
                             in->failure);
}

/* ---- the first line ----------------------------------------------------------------------- */

static bool fits(const nnrt_source *source, size_t columns) {
  return columns == nnrt_columns(source->tensor, source->wanted) ||
         columns == nnrt_columns(source->tensor, source->known);
}

/* The separator that gives the first line as many columns as it should have, or else most. */
static void choose_separator(csv *in) {
  static const char separators[] = {',', ';', '\t'};
  in->columns = 0;
  char best = ',';
  for (size_t k = 0; k < sizeof separators; k++) {
    in->separator = separators[k];
    size_t columns = count_columns(*in);
    bool better = fits(in->source, columns) > fits(in->source, in->columns) ||
                  (fits(in->source, columns) == fits(in->source, in->columns) &&
                   columns > in->columns);
    if (!better) continue;
    best = separators[k];
    in->columns = columns;
  }
  in->separator = best;
}

static csv begin_csv(nnrt_source *source, nnrt_failure *failure) {
  const char *text = (const char *)source->file.bytes;
  csv in = {.source = source, .at = text, .end = text + source->file.length, .line = 1,
            .failure = failure};
  if (source->file.length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) in.at += 3;
  choose_separator(&in);
  return in;
}

/* The strongest kind of field in the line: a number only where all are. */
static field_kind classify_line(csv in) {
  field_kind strongest = FIELD_NUMBER;
  for (;;) {
    field f = read_field(&in);
    if (f.kind > strongest) strongest = f.kind;
    if (is_line_end(&in, in.at) || f.kind == FIELD_BROKEN) return strongest;
    in.at++;
  }
}

static bool skip_header(csv *in) {
  if (classify_line(*in) != FIELD_WORD) return true;
  for (;;) {
    (void)read_field(in);
    if (is_line_end(in, in->at)) break;
    in->at++;
  }
  next_line(in);
  if (only_blank_lines_follow(in))
    return nnrt_fail(in->failure, "%s: holds a header line but no data", in->source->file.path);
  size_t columns = count_columns(*in);
  if (columns == in->columns) return true;
  return nnrt_fail(in->failure, "%s: line %zu has %zu columns where the header line has %zu",
                   in->source->file.path, in->line, columns, in->columns);
}

bool nnrt_read_csv(nnrt_source *source, nnrt_failure *failure) {
  csv in = begin_csv(source, failure);
  if (only_blank_lines_follow(&in))
    return nnrt_fail(failure, "%s: holds nothing but blank lines", source->file.path);
  if (is_line_end(&in, in.at)) return fail_ragged(&in, in.at, in.line);
  if (!fits(source, in.columns)) return fail_columns(&in, in.columns);
  if (!skip_header(&in)) return false;
  while (in.at < in.end) {
    if (is_line_end(&in, in.at) && only_blank_lines_follow(&in)) break;
    if (!reserve_row(&in) || !read_row(&in, source->samples)) return false;
    source->samples++;
  }
  return true;
}

/* ---- is it a table? ----------------------------------------------------------------------- */

static bool ends_with(const char *path, size_t length, const char *ending) {
  size_t ending_length = strlen(ending);
  return length > ending_length &&
         strncasecmp(path + length - ending_length, ending, ending_length) == 0;
}

/* Asked only where the tensors could be filled from text as well. The name decides where it can;
 * otherwise a first or second line of numbers, as many as the model has columns, does. */
bool nnrt_is_csv(const nnrt_source *source) {
  const char *path = source->file.path;
  size_t length = strlen(path);
  if (ends_with(path, length, ".gz")) length -= 3;
  if (ends_with(path, length, ".csv") || ends_with(path, length, ".tsv")) return true;
  if (ends_with(path, length, ".txt")) return false;

  nnrt_source copy = *source;
  nnrt_failure ignored;
  csv in = begin_csv(&copy, &ignored);
  if (is_line_end(&in, in.at)) return false;
  field_kind first = classify_line(in);
  if (first == FIELD_NUMBER && in.columns > 1) return true;
  if (!fits(source, in.columns) || first == FIELD_BROKEN) return false;
  return first == FIELD_NUMBER || (skip_header(&in) && classify_line(in) == FIELD_NUMBER);
}
