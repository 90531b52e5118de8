/* csv_header.c: the first lines of a CSV file to its separator, its header and its columns.
 *
 * A first line is a header where a word stands in it above a number, or in a column that must hold
 * numbers. Names that are numbers are fine where they count (label, 0, 1, 2, ...); a line that
 * holds other numbers as well is data with a mistake in it, and is refused rather than skipped.
 * "150,4,setosa,versicolor,virginica" (scikit-learn: samples, features, names of the classes) is
 * known as well.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csv.h"

/* ---- lines -------------------------------------------------------------------------------- */

/* Reads until the buffer holds the first `lines` lines, or all there is. */
static bool hold_lines(nnrt_csv *in, int lines) {
  for (;;) {
    nnrt_csv ahead = *in;
    for (int k = 0; k < lines && ahead.at < ahead.end; k++) nnrt_csv_skip_line(&ahead);
    if (!nnrt_csv_cut(&ahead)) return true;
    const char *first = in->at;
    if (!nnrt_csv_more(in, &first)) return false;
  }
}

static bool is_read(const nnrt_source *source, size_t k) {
  return nnrt_is_read(&source->tensor[k], source->predicts);
}

/* Are columns chosen by their names? */
bool nnrt_csv_by_name(const nnrt_source *source) {
  for (size_t k = 0; k < source->wanted; k++)
    if (source->own[k].columns > 0 && is_read(source, k)) return true;
  return false;
}

/* The separator that gives the first line as many columns as it should have, or else most. */
void nnrt_csv_choose_separator(nnrt_csv *in) {
  static const char separators[] = {',', ';', '\t'};
  const bool by_name = nnrt_csv_by_name(in->source);
  bool whole;
  in->columns = 0;
  char best = ',';
  if (in->end - in->at >= 3 && memcmp(in->at, "\xEF\xBB\xBF", 3) == 0) in->at += 3;
  for (size_t k = 0; k < sizeof separators; k++) {
    in->separator = separators[k];
    size_t columns = nnrt_csv_count(*in);
    bool fits = !by_name && nnrt_columns_fit(in->source, columns, &whole);
    bool fitted = !by_name && nnrt_columns_fit(in->source, in->columns, &whole);
    if (!(fits > fitted || (fits == fitted && columns > in->columns))) continue;
    best = separators[k];
    in->columns = columns;
  }
  in->separator = best;
}

static bool has_word(nnrt_csv in) {
  for (size_t k = 0; k < in.columns; k++, in.at++)
    if (nnrt_csv_field(&in).kind == NNRT_FIELD_WORD) return true;
  return false;
}

static bool fail_columns(nnrt_csv *in, size_t columns) {
  const nnrt_source *source = in->source;
  nnrt_column_text expected = nnrt_show_columns(source);
  const bool spare = columns > nnrt_columns_read(source);
  return nnrt_fail(in->failure, "%s: line %zu has %zu column%s; expected: %s%s",
                   source->input.path, in->line, columns, columns == 1 ? "" : "s", expected.chars,
                   spare && has_word(*in) ? "; choose them by name with --columns" : "");
}

/* ---- columns by place --------------------------------------------------------------------- */

static bool make_columns(nnrt_csv *in) {
  nnrt_source *source = in->source;
  in->column = malloc(in->columns * sizeof *in->column);
  in->form = calloc(source->wanted, sizeof *in->form);
  in->record_bytes = 0;
  for (size_t k = 0; k < source->wanted; k++)
    in->record_bytes += nnrt_value_bytes(&source->tensor[k], source->real_bytes);
  in->record = calloc(in->record_bytes + 1, 1);
  if (!in->column || !in->form || !in->record)
    return nnrt_fail(in->failure, "%s: no memory for its columns", source->input.path);
  for (size_t k = 0; k < in->columns; k++) in->column[k].tensor = NNRT_SKIPPED;
  for (size_t k = 0; k < source->wanted; k++) {
    const nnrt_labels *labels = &source->own[k].labels;
    if (source->tensor[k].kind != NNRT_CLASS)
      in->form[k] = NNRT_FORM_NUMBERS;
    else if (labels->count > 0 && !labels->numbered)
      in->form[k] = NNRT_FORM_WORDS;
  }
  return true;
}

static void place_in_order(nnrt_csv *in, bool whole) {
  size_t column = 0, begin = 0;
  for (size_t k = 0; k < in->source->wanted; k++) {
    const bool read = is_read(in->source, k);
    for (size_t e = 0; e < in->source->tensor[k].elements && (read || whole); e++, column++)
      in->column[column] = (nnrt_csv_column){read ? (int)k : NNRT_SKIPPED, e, begin};
    begin += nnrt_value_bytes(&in->source->tensor[k], in->source->real_bytes);
  }
}

/* ---- columns by name ---------------------------------------------------------------------- */

static bool fail_name(nnrt_csv *in, char *const *name, const char *wanted, bool twice) {
  char all[320] = "";
  size_t length = 0;
  for (size_t k = 0; k < in->columns && length + 4 < sizeof all; k++) {
    int more = snprintf(all + length, sizeof all - length, "%s'%s'", k ? ", " : "", name[k]);
    if (more > 0) length += (size_t)more;
  }
  if (twice)
    return nnrt_fail(in->failure, "%s: line %zu names the column '%s' twice; rename one",
                     in->source->input.path, in->line, wanted);
  return nnrt_fail(in->failure, "%s: line %zu names no column '%s'; it has %s%s",
                   in->source->input.path, in->line, wanted, all,
                   length + 4 < sizeof all ? "" : "...");
}

static bool place_name(nnrt_csv *in, char *const *name, int k, size_t element, size_t begin) {
  const char *wanted = in->source->own[k].column[element];
  size_t found = in->columns;
  for (size_t column = 0; column < in->columns; column++) {
    if (strcmp(name[column], wanted) != 0) continue;
    if (found < in->columns) return fail_name(in, name, wanted, true);
    found = column;
  }
  if (found == in->columns) return fail_name(in, name, wanted, false);
  if (in->column[found].tensor >= 0)
    return nnrt_fail(in->failure, "%s: the column '%s' is chosen for %s and for %s; choose it once",
                     in->source->input.path, wanted,
                     in->source->tensor[in->column[found].tensor].name,
                     in->source->tensor[k].name);
  in->column[found] = (nnrt_csv_column){k, element, begin};
  return true;
}

static bool place_by_name(nnrt_csv *in) {
  nnrt_csv line = *in;
  char **name = calloc(in->columns, sizeof *name);
  bool good = name != NULL, any_word = false;
  for (size_t k = 0; good && k < in->columns; k++, line.at++) {
    nnrt_field field = nnrt_csv_field(&line);
    any_word = any_word || field.kind == NNRT_FIELD_WORD;
    name[k] = nnrt_csv_word(&field);
    good = name[k] != NULL;
  }
  if (!good) nnrt_fail(in->failure, "out of memory");
  if (good && !any_word)
    good = nnrt_fail(in->failure, "%s: line %zu holds no names, but columns are chosen by name; "
                     "give the file a header", in->source->input.path, in->line);
  size_t begin = 0;
  for (size_t k = 0; good && k < in->source->wanted; k++) {
    const bool read = is_read(in->source, k);
    if (read && in->source->own[k].columns != in->source->tensor[k].elements)
      good =
          nnrt_fail(in->failure,
                    "%s: no columns are chosen for %s; where one is chosen by name, "
                    "all are (--columns %s=NAME,...)",
                    in->source->input.path, in->source->tensor[k].name, in->source->tensor[k].name);
    for (size_t e = 0; good && read && e < in->source->own[k].columns; e++)
      good = place_name(in, name, (int)k, e, begin);
    begin += nnrt_value_bytes(&in->source->tensor[k], in->source->real_bytes);
  }
  nnrt_csv_names_free(name, in->columns);
  return good;
}

/* ---- is the first line a header? ---------------------------------------------------------- */

/* "150,4,setosa,versicolor,virginica": and the next line has 4 + 1 columns. */
static bool is_preamble(nnrt_csv in, size_t *classes) {
  nnrt_csv next = in;
  double features = 0;
  bool whole;
  nnrt_csv_skip_line(&next);
  const size_t columns = next.at < next.end ? nnrt_csv_count(next) : 0;
  *classes = 0;
  for (size_t k = 0; k < in.columns; k++, in.at++) {
    nnrt_field f = nnrt_csv_field(&in);
    if (f.kind != (k < 2 ? NNRT_FIELD_NUMBER : NNRT_FIELD_WORD)) return false;
    if (k == 1) features = f.value;
    if (k >= 2) ++*classes;
  }
  return *classes > 1 && fabs(features + 1 - (double)columns) < 0.5 &&
         nnrt_columns_fit(in.source, columns, &whole);
}

/* The words of a preamble become names of the one target's classes. */
static bool take_preamble(nnrt_csv *in, size_t classes) {
  nnrt_source *source = in->source;
  const nnrt_tensor *last = &source->tensor[source->wanted - 1];
  nnrt_labels *labels = &source->own[source->wanted - 1].labels;
  const bool named = source->learns && last->role == NNRT_TARGET && last->kind == NNRT_CLASS &&
                     (size_t)last->limit == classes && labels->count == 0;
  for (size_t k = 0; k < in->columns; k++, in->at++) {
    nnrt_field f = nnrt_csv_field(in);
    char *word = named && k >= 2 ? nnrt_csv_word(&f) : NULL;
    if (word) (void)nnrt_label_number(labels, word, strlen(word));
    free(word);
  }
  in->at--;
  nnrt_csv_next_line(in);
  labels->numbered = labels->numbered || named;
  in->columns = nnrt_csv_count(*in);
  return !named || nnrt_labels_fix(labels, false, in->failure);
}

typedef struct evidence {
  size_t first;   /* column of the first word that makes the line a header; columns: none      */
  bool numbers;   /* ... that do not count columns stand there too                             */
  bool all_words; /* nothing but words in both lines                                           */
} evidence;

static evidence look_for_header(nnrt_csv in) {
  nnrt_csv next = in;
  evidence found = {in.columns, false, true};
  double offset = 0;
  bool counted = false;
  nnrt_csv_skip_line(&next);
  const bool two = next.at < next.end;
  for (size_t k = 0; k < in.columns; k++) {
    nnrt_field above = nnrt_csv_field(&in), below = {.kind = NNRT_FIELD_MISSING};
    if (two && !nnrt_csv_line_end(&next, next.at)) below = nnrt_csv_field(&next);
    const int tensor = in.column[k].tensor;
    const bool number = tensor >= 0 && in.form[tensor] == NNRT_FORM_NUMBERS;
    const bool word = above.kind == NNRT_FIELD_WORD;
    if (word && (number || below.kind == NNRT_FIELD_NUMBER) && found.first == in.columns)
      found.first = k;
    found.all_words = found.all_words && word && (!two || below.kind == NNRT_FIELD_WORD);
    if (above.kind == NNRT_FIELD_NUMBER) {
      found.numbers = found.numbers || (counted && fabs(above.value - (double)k - offset) > 0);
      offset = above.value - (double)k;
      counted = true;
    }
    if (!nnrt_csv_line_end(&in, in.at)) in.at++;
    if (two && !nnrt_csv_line_end(&next, next.at)) next.at++;
  }
  return found;
}

static bool skip_header(nnrt_csv *in) {
  nnrt_csv_skip_line(in);
  const bool alone = nnrt_csv_only_blank_follows(in);
  if (in->source->lines) in->source->lines->header = alone;
  if (alone)
    return nnrt_fail(in->failure, "%s: holds a header line but no data", in->source->input.path);
  size_t columns = nnrt_csv_count(*in);
  if (columns == in->columns) return true;
  return nnrt_fail(in->failure, "%s: line %zu has %zu columns where the header line has %zu",
                   in->source->input.path, in->line, columns, in->columns);
}

/* The first line's field in a column is not a number, and makes it no header either. */
static bool fail_mixed(nnrt_csv *in, size_t column) {
  nnrt_csv line = *in;
  nnrt_field field = nnrt_csv_field(&line);
  for (size_t k = 0; k < column; k++) {
    line.at++;
    field = nnrt_csv_field(&line);
  }
  return nnrt_csv_fail_field(in, &field, column);
}

static bool begin_by_place(nnrt_csv *in) {
  size_t classes;
  bool whole;
  const bool preamble = is_preamble(*in, &classes);
  if (preamble && !take_preamble(in, classes)) return false;
  if (!nnrt_columns_fit(in->source, in->columns, &whole)) return fail_columns(in, in->columns);
  if (!make_columns(in)) return false;
  place_in_order(in, whole);
  if (preamble) return true;
  const evidence found = look_for_header(*in);
  if (found.first == in->columns) return !found.all_words || skip_header(in);
  return found.numbers ? fail_mixed(in, found.first) : skip_header(in);
}

bool nnrt_csv_begin(nnrt_csv *in) {
  const nnrt_source *source = in->source;
  in->at = (const char *)source->input.bytes;
  in->end = in->at + source->input.length;
  in->separator = ',';
  if (!hold_lines(in, 3)) return false;
  nnrt_csv_choose_separator(in);
  if (nnrt_csv_only_blank_follows(in))
    return nnrt_fail(in->failure, "%s: holds nothing but blank lines", source->input.path);
  if (nnrt_csv_line_end(in, in->at)) return nnrt_csv_fail_ragged(in, in->at, in->line);
  if (!nnrt_csv_by_name(source)) return begin_by_place(in);
  return make_columns(in) && place_by_name(in) && skip_header(in);
}
