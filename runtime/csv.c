/* csv.c: a table as text to records of the tensors of its columns.
 *
 * The input is read through a buffer: where a row is not whole in it, more is read and the row is
 * begun anew. Records go to the spool, so a file of any size takes constant memory.
 */
#include "csv.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- messages ----------------------------------------------------------------------------- */

/* The tensor and element that a column fills; NULL for a skipped one. */
static const nnrt_tensor *column_tensor(const nnrt_csv *in, size_t column, size_t *element) {
  if (!in->column || column >= in->columns || in->column[column].tensor < 0) return NULL;
  *element = in->column[column].element;
  return &in->source->tensor[in->column[column].tensor];
}

typedef struct place_text {
  char chars[96];
} place_text;

/* "line 3, column 2", and the column's name where it was chosen by that. */
static place_text show_place(const nnrt_csv *in, size_t line, size_t column) {
  place_text place;
  size_t element = 0;
  const bool known = column_tensor(in, column, &element) != NULL;
  const nnrt_tensor_encoding *own = known ? &in->source->own[in->column[column].tensor] : NULL;
  const int length = snprintf(place.chars, sizeof place.chars, "line %zu, column %zu", line, column + 1);
  if (own && element < own->columns)
    snprintf(place.chars + length, sizeof place.chars - (size_t)length, " '%.30s'", own->column[element]);
  return place;
}

bool nnrt_csv_fail_field(nnrt_csv *in, const nnrt_field *f, size_t column) {
  const char *path = in->source->input.path;
  const place_text where = show_place(in, f->line, column);
  const char *place = where.chars;
  size_t element = 0;
  const nnrt_tensor *tensor = column_tensor(in, column, &element);
  nnrt_element_text name = {""};
  if (tensor) name = nnrt_show_element(tensor, element);
  int length = f->end - f->begin > 40 ? 40 : (int)(f->end - f->begin);
  if (f->kind == NNRT_FIELD_BROKEN && in->at == in->end)
    return nnrt_fail(in->failure, "%s: %s: no quote closes the field that begins here", path,
                     place);
  if (f->kind == NNRT_FIELD_BROKEN)
    return nnrt_fail(in->failure, "%s: %s: text behind a closing quote; write \"\" for a quote",
                     path, place);
  if (f->kind == NNRT_FIELD_MISSING && length == 0)
    return nnrt_fail(in->failure, "%s: %s (%s): the value is missing; put a number there or remove "
                     "the line", path, place, name.chars);
  if (f->kind == NNRT_FIELD_MISSING)
    return nnrt_fail(in->failure, "%s: %s (%s): '%.*s' is missing or not finite; "
                     "put a number there or remove the line",
                     path, place, name.chars, length, f->begin);
  bool comma = in->separator != ',' && memchr(f->begin, ',', (size_t)length);
  bool label = tensor && tensor->kind == NNRT_CLASS;
  return nnrt_fail(in->failure, "%s: %s (%s): '%.*s' is not a number%s", path, place, name.chars,
                   length, f->begin,
                   comma   ? "; write the decimal point as '.'"
                   : label ? "; classes are written as whole numbers from 0, or all as words"
                           : "");
}

static bool fail_value(nnrt_csv *in, size_t line, size_t column, double value) {
  char place[256];
  size_t element = 0;
  const nnrt_tensor *tensor = column_tensor(in, column, &element);
  snprintf(place, sizeof place, "%.155s: %s", in->source->input.path, show_place(in, line, column).chars);
  return nnrt_fail_store(in->failure, place, tensor, element, value);
}

static bool fail_word(nnrt_csv *in, const nnrt_field *f, size_t column, const char *word) {
  const nnrt_csv_column *to = &in->column[column];
  const nnrt_tensor *tensor = &in->source->tensor[to->tensor];
  const nnrt_labels *labels = &in->source->own[to->tensor].labels;
  const char *path = in->source->input.path;
  const nnrt_element_text name = nnrt_show_element(tensor, to->element);
  const place_text place = show_place(in, f->line, column);
  if (labels->fixed)
    return nnrt_fail(in->failure, "%s: %s (%s): the label '%.40s' was not seen in training, which had %s", path,
                     place.chars, name.chars, word, nnrt_show_labels(labels).chars);
  return nnrt_fail(in->failure, "%s: %s (%s): '%.40s' is one label more than class(%ld) has room for: %s; "
                   "correct it, or make it class(%ld)", path, place.chars, name.chars, word,
                   (long)tensor->limit, nnrt_show_labels(labels).chars, (long)tensor->limit + 1);
}

bool nnrt_csv_fail_ragged(nnrt_csv *in, const char *line, size_t number) {
  nnrt_csv whole = *in;
  whole.at = line;
  const char *path = in->source->input.path;
  if (line == in->end || nnrt_csv_line_end(in, line))
    return nnrt_fail(in->failure, "%s: line %zu is empty; remove it", path, number);
  return nnrt_fail(in->failure, "%s: line %zu has %zu columns where the lines before have %zu",
                   path, number, nnrt_csv_count(whole), in->columns);
}

/* ---- the buffer --------------------------------------------------------------------------- */

bool nnrt_csv_cut(const nnrt_csv *in) { return in->at == in->end && !in->source->input.ended; }

bool nnrt_csv_more(nnrt_csv *in, const char **keep) {
  nnrt_input *input = &in->source->input;
  size_t drop = (size_t)(*keep - (const char *)input->bytes), ahead = (size_t)(in->at - *keep);
  bool good = nnrt_input_more(input, drop, in->failure);
  *keep = (const char *)input->bytes;
  in->at = *keep + ahead;
  in->end = *keep + input->length;
  return good;
}

/* ---- rows --------------------------------------------------------------------------------- */

/* The class that a word stands for, once the field is known to be whole. */
static bool store_word(nnrt_csv *in, const nnrt_field *f, size_t column, int32_t *to) {
  const int k = in->column[column].tensor;
  const nnrt_tensor *tensor = &in->source->tensor[k];
  nnrt_labels *labels = &in->source->own[k].labels;
  char *word = nnrt_csv_word(f);
  if (!word) return nnrt_fail(in->failure, "out of memory");
  const size_t before = labels->count;
  const bool full = before >= (size_t)tensor->limit && !labels->fixed;
  if (full) labels->fixed = true;
  *to = nnrt_label_number(labels, word, strlen(word));
  if (full) labels->fixed = false;
  const bool good = *to >= 0 || fail_word(in, f, column, word);
  free(word);
  return good;
}

/* Are the tensor's classes words in this file? The first one says it. */
static bool takes_word(nnrt_csv *in, int tensor, const nnrt_field *f) {
  nnrt_class_form *stands = &in->form[tensor];
  const bool words = in->source->learns || in->source->own[tensor].labels.count > 0;
  if (*stands == NNRT_FORM_UNKNOWN)
    *stands = f->kind == NNRT_FIELD_WORD && words ? NNRT_FORM_WORDS : NNRT_FORM_NUMBERS;
  return *stands == NNRT_FORM_WORDS &&
         (f->kind == NNRT_FIELD_WORD || f->kind == NNRT_FIELD_NUMBER);
}

/* Reads the field at in->at, which a column puts into the record. */
static bool read_value(nnrt_csv *in, size_t column) {
  const nnrt_csv_column *to = &in->column[column];
  const size_t line = in->line;
  double value;
  const nnrt_tensor *tensor = &in->source->tensor[to->tensor];
  const char *after = in->form[to->tensor] == NNRT_FORM_NUMBERS
                        ? nnrt_read_decimal(in->at, &value) : NULL;
  if (after && nnrt_csv_field_end(in, after)) {
    in->at = after;
  } else {
    nnrt_field f = nnrt_csv_field(in);
    if (nnrt_csv_cut(in)) return false;
    if (tensor->kind == NNRT_CLASS && takes_word(in, to->tensor, &f))
      return store_word(in, &f, column, (int32_t *)(void *)(in->record + to->begin) + to->element);
    if (f.kind != NNRT_FIELD_NUMBER) return nnrt_csv_fail_field(in, &f, column);
    value = f.value;
  }
  return nnrt_csv_cut(in) ||
         nnrt_store(tensor, in->source->real_bytes, in->record + to->begin, to->element, value) ||
         fail_value(in, line, column, value);
}

static bool skip_value(nnrt_csv *in, size_t column) {
  nnrt_field skipped = nnrt_csv_field(in);
  return skipped.kind != NNRT_FIELD_BROKEN || nnrt_csv_fail_field(in, &skipped, column);
}

/* From behind a field to the next one; false where the line has ended too early or too late. */
static bool step(nnrt_csv *in, size_t column) {
  bool last = column + 1 == in->columns;
  if (last) return nnrt_csv_line_end(in, in->at);
  if (nnrt_csv_line_end(in, in->at)) return false;
  in->at++;
  return true;
}

/* False also where the row is cut off by the buffer's end, which in->at is at then. */
static bool read_row(nnrt_csv *in) {
  const char *line = in->at;
  const size_t number = in->line;
  if (nnrt_csv_line_end(in, line) && in->columns > 1)
    return nnrt_csv_fail_ragged(in, line, number);
  for (size_t column = 0; column < in->columns; column++) {
    bool skipped = in->column[column].tensor < 0;
    if (!(skipped ? skip_value(in, column) : read_value(in, column))) return false;
    if (!step(in, column)) return nnrt_csv_fail_ragged(in, line, number);
  }
  nnrt_csv_next_line(in);
  return !nnrt_csv_cut(in);
}

/* read_row() with a whole row in the buffer. */
static bool read_whole_row(nnrt_csv *in) {
  nnrt_failure *failure = in->failure, tried;
  for (;;) {
    const char *line = in->at;
    const size_t number = in->line;
    in->failure = &tried;
    bool good = read_row(in);
    bool cut = !good && nnrt_csv_cut(in);
    in->failure = failure;
    if (good) return true;
    if (!cut) {
      *failure = tried;
      return false;
    }
    in->at = line;
    in->line = number;
    if (!nnrt_csv_more(in, &line)) return false;
  }
}

bool nnrt_csv_only_blank_follows(const nnrt_csv *in) {
  for (const char *at = in->at; at < in->end; at++)
    if (!isspace((unsigned char)*at)) return false;
  return in->source->input.ended;
}

/* At an empty line: does nothing but such lines follow? */
static bool is_end(nnrt_csv *in, bool *end) {
  *end = true;
  const char *line = in->at;
  while (*end) {
    for (const char *at = line; at < in->end && *end; at++) *end = isspace((unsigned char)*at);
    if (in->source->input.ended || !*end) break;
    if (!nnrt_csv_more(in, &line)) return false;
  }
  return true;
}

static bool read_rows(nnrt_csv *in) {
  nnrt_source *source = in->source;
  const char *path = source->input.path;
  size_t samples = 0;
  for (;;) {
    const char *line = in->at;
    bool end = false;
    if (nnrt_csv_cut(in) && !nnrt_csv_more(in, &line)) return false;
    if (nnrt_csv_line_end(in, in->at) && !is_end(in, &end)) return false;
    if (end) break;
    if (!read_whole_row(in) ||
        !nnrt_spool_add(source->spool, path, in->record, in->record_bytes, in->failure))
      return false;
    samples++;
  }
  source->part.samples = samples;
  source->part.bytes.length = (uint64_t)samples * in->record_bytes;
  return samples > 0 ||
         nnrt_fail(in->failure, "%s: holds a header line but no data", source->input.path);
}

bool nnrt_read_csv(nnrt_source *source, nnrt_failure *failure) {
  nnrt_csv in = {.source = source, .line = source->lines ? source->lines->number : 1,
                 .failure = failure};
  bool good = nnrt_csv_begin(&in);
  source->part = (nnrt_part){.stride = in.record_bytes, .span = in.record_bytes,
                             .coding = NNRT_CODING_VALUES};
  source->part.bytes = (nnrt_bytes){source->input.path, source->spool, -1, source->spool->length,
                                    0};
  good = good && read_rows(&in);
  free(in.column);
  free(in.form);
  free(in.record);
  return good;
}

/* ---- is it a table? ----------------------------------------------------------------------- */

static bool ends_with(const char *path, size_t length, const char *ending) {
  size_t ending_length = strlen(ending);
  return length > ending_length &&
         strncasecmp(path + length - ending_length, ending, ending_length) == 0;
}

/* The strongest kind of field in the line: a number only where all are. */
static nnrt_field_kind classify_line(nnrt_csv in) {
  nnrt_field_kind strongest = NNRT_FIELD_NUMBER;
  for (;;) {
    nnrt_field f = nnrt_csv_field(&in);
    if (f.kind > strongest) strongest = f.kind;
    if (nnrt_csv_line_end(&in, in.at) || f.kind == NNRT_FIELD_BROKEN) return strongest;
    in.at++;
  }
}

/* Asked only where the tensors could be filled from text as well. Names of columns and the file's
 * own name decide where they can; otherwise a first or second line of numbers, as many as the
 * model has columns, does. */
bool nnrt_is_csv(nnrt_source *source) {
  const char *path = source->input.path;
  size_t length = strlen(path);
  if (nnrt_csv_by_name(source)) return true;
  if (ends_with(path, length, ".gz")) length -= 3;
  if (ends_with(path, length, ".csv") || ends_with(path, length, ".tsv")) return true;
  if (ends_with(path, length, ".txt")) return false;

  nnrt_csv in = {.source = source, .line = 1};
  bool whole;
  in.at = (const char *)source->input.bytes;
  in.end = in.at + source->input.length;
  nnrt_csv_choose_separator(&in);
  if (nnrt_csv_line_end(&in, in.at)) return false;
  nnrt_field_kind first = classify_line(in);
  if (first == NNRT_FIELD_NUMBER && in.columns > 1) return true;
  if (!nnrt_columns_fit(source, in.columns, &whole) || first == NNRT_FIELD_BROKEN) return false;
  if (first == NNRT_FIELD_WORD) {
    size_t columns = in.columns;
    nnrt_csv_skip_line(&in);
    return nnrt_csv_count(in) == columns && classify_line(in) == NNRT_FIELD_NUMBER;
  }
  return first == NNRT_FIELD_NUMBER;
}
