/* csv: what csv.c (lines and rows) and csv_header.c (the first line) share. */
#ifndef NNRT_CSV_H
#define NNRT_CSV_H

#include "source.h"

enum { NNRT_SKIPPED = -1 };

/* What a column of the file fills. */
typedef struct nnrt_csv_column {
  int tensor;            /* of the source; NNRT_SKIPPED                                        */
  size_t element, begin; /* of the tensor in a record                                          */
} nnrt_csv_column;

typedef enum nnrt_class_form {
  NNRT_FORM_UNKNOWN,
  NNRT_FORM_NUMBERS,
  NNRT_FORM_WORDS
} nnrt_class_form;

typedef struct nnrt_csv {
  nnrt_source *source;
  const char *at, *end;    /* in the input's bytes; *end is 0                                  */
  char separator;
  size_t line;             /* counted from 1                                                   */
  size_t columns;          /* in this file                                                     */
  nnrt_csv_column *column; /* [columns], owned                                                 */
  nnrt_class_form *form;   /* [wanted], owned: how the file writes a tensor's classes          */
  uint8_t *record;         /* of one sample, owned                                             */
  size_t record_bytes;
  nnrt_failure *failure;
} nnrt_csv;

/* ---- csv_field.c -------------------------------------------------------------------------- */

typedef enum nnrt_field_kind {
  NNRT_FIELD_NUMBER, NNRT_FIELD_MISSING, NNRT_FIELD_WORD, NNRT_FIELD_BROKEN
} nnrt_field_kind;

typedef struct nnrt_field {
  const char *begin, *end; /* without quotes and spaces around */
  size_t line;             /* where it begins */
  nnrt_field_kind kind;
  double value;
} nnrt_field;

static inline bool nnrt_csv_line_end(const nnrt_csv *in, const char *at) {
  return at == in->end || *at == '\n' || *at == '\r';
}

static inline bool nnrt_csv_field_end(const nnrt_csv *in, const char *at) {
  return *at == in->separator || nnrt_csv_line_end(in, at);
}

/* Reads the field at in->at and stops behind it, at its separator or line end. */
nnrt_field nnrt_csv_field(nnrt_csv *in);
void nnrt_csv_next_line(nnrt_csv *in);
/* From the first field of a line to the next line. */
void nnrt_csv_skip_line(nnrt_csv *in);
/* Fields in the line at in->at, wherever in it that points to its first. */
size_t nnrt_csv_count(nnrt_csv in);
/* A field's text without doubled quotes, to be freed. */
char *nnrt_csv_word(const nnrt_field *field);
/* Every field of a line of CSV by itself: name[*names], to be freed with nnrt_csv_names_free. */
bool nnrt_csv_names(const char *text, char ***name, size_t *names, nnrt_failure *failure);
void nnrt_csv_names_free(char **name, size_t names);

/* ---- csv_header.c ------------------------------------------------------------------------- */

/* What `in` looks at ends where the input's buffer does, and more follows. */
bool nnrt_csv_cut(const nnrt_csv *in);
/* Reads more; what stands before `keep` may go. in->at and keep move along. */
bool nnrt_csv_more(nnrt_csv *in, const char **keep);

bool nnrt_csv_fail_field(nnrt_csv *in, const nnrt_field *field, size_t column);
bool nnrt_csv_only_blank_follows(const nnrt_csv *in);

/* Chooses the separator, tells a header from data, and says what each column fills. in->at is at
 * the first line, and afterwards at the first row. */
bool nnrt_csv_begin(nnrt_csv *in);
void nnrt_csv_choose_separator(nnrt_csv *in);
bool nnrt_csv_by_name(const nnrt_source *source);
bool nnrt_csv_fail_ragged(nnrt_csv *in, const char *line, size_t number);

#endif
