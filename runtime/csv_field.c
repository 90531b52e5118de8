/* csv_field.c: bytes of a CSV file to fields and lines.
 *
 * RFC 4180: fields between `,` (or `;` or a tab, whichever the first line shows), lines that end
 * in LF, CRLF or CR, fields in double quotes with "" for a quote. Beyond it: spaces around
 * fields, a byte order mark, blank lines at the end.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "csv.h"

/* ---- fields ------------------------------------------------------------------------------- */

static bool is_blank(const nnrt_csv *in, char c) {
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

static nnrt_field_kind classify(const char *begin, const char *end, double *value) {
  if (begin < end && nnrt_read_decimal(begin, value) == end) return NNRT_FIELD_NUMBER;
  return is_missing(begin, end) ? NNRT_FIELD_MISSING : NNRT_FIELD_WORD;
}

/* Past the quoted field that begins at the quote `at`; NULL where no quote closes it. */
static const char *skip_quoted(nnrt_csv *in, const char *at) {
  for (at++; at < in->end; at++) {
    if (*at == '\n' || (*at == '\r' && at[1] != '\n')) in->line++;
    if (*at != '"') continue;
    if (at[1] != '"') return at + 1;
    at++;
  }
  return NULL;
}

nnrt_field nnrt_csv_field(nnrt_csv *in) {
  nnrt_field f = {.kind = NNRT_FIELD_BROKEN, .line = in->line};
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
    if (!nnrt_csv_field_end(in, at)) return f;
  } else {
    while (!nnrt_csv_field_end(in, at)) at++;
    f.end = in->at = at;
  }
  while (f.begin < f.end && is_blank(in, *f.begin)) f.begin++;
  while (f.end > f.begin && is_blank(in, f.end[-1])) f.end--;
  f.kind = classify(f.begin, f.end, &f.value);
  return f;
}

/* ---- lines -------------------------------------------------------------------------------- */

void nnrt_csv_next_line(nnrt_csv *in) {
  if (in->at == in->end) return;
  in->at += in->at[0] == '\r' && in->at[1] == '\n' ? 2 : 1;
  in->line++;
}

size_t nnrt_csv_count(nnrt_csv in) {
  for (size_t columns = 1;; columns++) {
    (void)nnrt_csv_field(&in);
    while (!nnrt_csv_field_end(&in, in.at)) in.at++; /* what stands behind a closing quote */
    if (nnrt_csv_line_end(&in, in.at)) return columns;
    in.at++;
  }
}

void nnrt_csv_skip_line(nnrt_csv *in) {
  for (;;) {
    (void)nnrt_csv_field(in);
    while (!nnrt_csv_field_end(in, in->at)) in->at++;
    if (nnrt_csv_line_end(in, in->at)) break;
    in->at++;
  }
  nnrt_csv_next_line(in);
}

/* ---- words -------------------------------------------------------------------------------- */

char *nnrt_csv_word(const nnrt_field *field) {
  char *word = malloc((size_t)(field->end - field->begin) + 1), *to = word;
  for (const char *at = field->begin; word && at < field->end; at++) {
    *to++ = *at;
    if (*at == '"' && at + 1 < field->end && at[1] == '"') at++;
  }
  if (word) *to = 0;
  return word;
}

void nnrt_csv_names_free(char **name, size_t names) {
  for (size_t k = 0; name && k < names; k++) free(name[k]);
  free(name);
}

bool nnrt_csv_names(const char *text, char ***name, size_t *names, nnrt_failure *failure) {
  nnrt_csv in = {.at = text, .end = text + strlen(text), .separator = ',', .line = 1};
  const size_t most = nnrt_csv_count(in);
  char **all = calloc(most, sizeof *all);
  size_t count = 0;
  bool good = true;
  for (; all && good && count < most; in.at++) {
    nnrt_field field = nnrt_csv_field(&in);
    all[count] = nnrt_csv_word(&field);
    good = field.begin < field.end && field.kind != NNRT_FIELD_BROKEN;
    if (!all[count]) break;
    count++;
  }
  *name = good && count == most ? all : NULL;
  *names = *name ? count : 0;
  if (*name) return true;
  nnrt_csv_names_free(all, count);
  return good ? nnrt_fail(failure, "out of memory")
              : nnrt_fail(failure, "'%s': names of columns are written one after another, as in "
                          "a,b,c", text);
}
