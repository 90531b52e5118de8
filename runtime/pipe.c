/* Turns lines of standard input into lines of standard output, one by one, for use in a pipe. */
#include "file.h"
#include "input.h"
#include "session.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- is it for us? -------------------------------------------------------------------------- */

static bool wants_pipe(const nnrt_model *model, const nnrt_options *options) {
  const nnrt_settings *settings = &options->settings;
  bool real = false;
  size_t read = 0;
  for (size_t k = 0; k < model->inputs; k++) {
    if (model->tensor[k].loss_only)
      continue;
    real = real || model->tensor[k].kind != NNRT_CLASS;
    read++;
  }
  return real && settings->data_files == 1 && strcmp(settings->data[0].path, "-") == 0 &&
         (!settings->data[0].tensor || read == 1) &&
         (!options->output || strcmp(options->output, "-") == 0);
}

/* Lines of text: no gzip, no archive, no array. */
static bool is_text(const char *first, size_t length) {
  return length > 0 && !memchr(first, 0, length) && strncmp(first, "\x1f\x8b", 2) != 0 &&
         strncmp(first, "PK\x03", 3) != 0;
}

/* Standard input becomes a copy that can be read from its first byte. */
static bool put_back(const char *first, size_t length, nnrt_failure *failure) {
  char bytes[1 << 14];
  FILE *copy = tmpfile();
  bool good = copy && fwrite(first, 1, length, copy) == length;
  for (size_t n; good && (n = fread(bytes, 1, sizeof bytes, stdin)) > 0;)
    good = fwrite(bytes, 1, n, copy) == n;
  good = good && !ferror(stdin) && fflush(copy) == 0 && fseek(copy, 0, SEEK_SET) == 0 &&
         dup2(fileno(copy), STDIN_FILENO) >= 0;
  if (copy)
    fclose(copy);
  return good || nnrt_fail_system(failure, "standard input", "copy");
}

bool nnrt_pipe_begins(const nnrt_model *model, const nnrt_options *options, char **first,
                      size_t *length, bool *pipes, nnrt_failure *failure) {
  size_t capacity = 0;
  *first = NULL;
  *pipes = wants_pipe(model, options);
  if (!*pipes)
    return true;
  const ssize_t got = getline(first, &capacity, stdin);
  *length = got > 0 ? (size_t)got : 0;
  *pipes = is_text(*first, *length);
  if (*pipes)
    return true;
  const bool good = put_back(*first, *length, failure);
  free(*first);
  return good;
}

/* ---- lines ---------------------------------------------------------------------------------- */

typedef struct pipe_state {
  const nnrt_model *model;
  const nnrt_options *options;
  nnrt_encoding *encoding;
  void *block;
  nnrt_batch inputs, outputs;  /* of one sample                                */
  char *header, *text;         /* header: NULL where there is none; both owned */
  size_t header_length, length, capacity;
  size_t line, blank;          /* numbers: of the text; of an empty line, 0    */
  bool begun;                  /* something was written                        */
} pipe_state;

/* Goes on with the text until a line ends outside quotes; false at the end of the input. */
static bool read_text(pipe_state *of) {
  char *more = NULL;
  size_t capacity = 0, quotes = 0;
  ssize_t got = 0;
  if (!of->text && (got = getline(&of->text, &of->capacity, stdin)) <= 0)
    return false;
  of->length = got > 0 ? (size_t)got : of->length;
  for (size_t seen = 0;;) {
    for (; seen < of->length; seen++)
      quotes += of->text[seen] == '"';
    if (quotes % 2 == 0 || of->length > NNRT_MOST_HELD ||
        (got = getline(&more, &capacity, stdin)) <= 0)
      break;
    char *longer = realloc(of->text, of->length + (size_t)got + 1);
    if (!longer)
      break;
    memcpy(longer + of->length, more, (size_t)got + 1);
    of->text = longer;
    of->length += (size_t)got;
  }
  free(more);
  return true;
}

static bool is_blank(const pipe_state *of) {
  for (size_t k = 0; k < of->length; k++)
    if (!isspace((unsigned char)of->text[k]))
      return false;
  return true;
}

static bool write_samples(pipe_state *of, const nnrt_dataset *data, nnrt_failure *failure) {
  const nnrt_rows rows = nnrt_rows_of(of->model, of->options, of->encoding);
  for (size_t s = 0; s < data->samples; s++) {
    if (!nnrt_data_run(data, s, 1, of->inputs.values, failure))
      return false;
    of->model->predict(of->block, 1, nnrt_batch_data(&of->inputs), of->outputs.values);
    if (!of->begun)
      nnrt_rows_head(&rows, stdout);
    of->begun = true;
    nnrt_rows_print(&rows, of->outputs.values, 0, stdout);
  }
  return (fflush(stdout) == 0 && !ferror(stdout)) ||
         nnrt_fail_system(failure, "standard output", "write");
}

/* The header stands above each line, as if they were a file. */
static bool predict_text(pipe_state *of, nnrt_failure *failure) {
  const nnrt_settings *settings = &of->options->settings;
  const size_t length = of->header_length + of->length;
  char *whole = malloc(length + 1);
  nnrt_lines lines = {whole, length, of->line - (of->header ? 1 : 0), false};
  nnrt_dataset data = {0};
  if (!whole)
    return nnrt_fail(failure, "out of memory");
  if (of->header)
    memcpy(whole, of->header, of->header_length);
  memcpy(whole + of->header_length, of->text, of->length);
  bool good = nnrt_load_lines(of->model, of->options, false, settings->data, 1, &lines,
                              of->encoding, &data, failure);
  free(whole);
  if (good)
    good = write_samples(of, &data, failure);
  else if (lines.header && !of->header && !of->begun) {
    of->header = of->text;
    of->header_length = of->length;
    of->text = NULL;
    good = true;
  }
  nnrt_data_free(&data);
  return good;
}

static bool predict_line(pipe_state *of, nnrt_failure *failure) {
  if (is_blank(of)) {
    of->blank = of->blank ? of->blank : of->line;
    return true;
  }
  if (of->blank)
    return nnrt_fail(failure, "standard input: line %zu is empty; remove it", of->blank);
  return predict_text(of, failure);
}

static size_t lines_of(const pipe_state *of) {
  size_t lines = 0;
  for (size_t k = 0; k < of->length; k++)
    lines += of->text[k] == '\n';
  return lines;
}

static bool predict_lines(pipe_state *of, nnrt_failure *failure) {
  while (read_text(of)) {
    const size_t lines = lines_of(of);
    if (!predict_line(of, failure))
      return false;
    of->line += lines;
    free(of->text);
    of->text = NULL;
    of->capacity = of->length = 0;
  }
  return of->begun || nnrt_fail(failure, of->header
                                ? "standard input: holds a header line but no data"
                                : "standard input: holds nothing but blank lines");
}

bool nnrt_pipe(const nnrt_model *model, const nnrt_options *options, char *first, size_t length,
               nnrt_encoding *encoding, nnrt_failure *failure) {
  pipe_state of = {.model = model, .options = options, .encoding = encoding, .text = first,
                   .length = length, .line = 1};
  of.block = nnrt_block_new(model, 1, 0, options->settings.seed, failure);
  const bool done =
    of.block && nnrt_block_load(model, of.block, options, 1, failure) &&
    nnrt_batch_new(model->tensor, model->inputs, model->real_bytes, 1, &of.inputs, failure) &&
    nnrt_batch_new(model->tensor + model->tensors - model->outputs, model->outputs,
                   model->real_bytes, 1, &of.outputs, failure) &&
    predict_lines(&of, failure);
  nnrt_batch_free(&of.inputs);
  nnrt_batch_free(&of.outputs);
  nnrt_block_free(model, of.block);
  free(of.header);
  free(of.text);
  return done;
}
