/* Turns predictions into CSV, JSON lines or .npy, each file whole or not at all. */
#include "file.h"
#include "npy_header.h"
#include "session.h"

#include <stdlib.h>
#include <string.h>

static void print_table(FILE *to, const nnrt_rows *rows, void *const *values, size_t samples) {
  nnrt_rows_head(rows, to);
  for (size_t s = 0; s < samples; s++)
    nnrt_rows_print(rows, values, s, to);
}

/* ---- .npy ----------------------------------------------------------------------------------- */

static bool print_npy(FILE *to, const nnrt_tensor *tensor, int real_bytes, const void *values,
                      size_t samples, nnrt_failure *failure) {
  char header[NNRT_NPY_HEADER];
  const bool is_real = tensor->kind == NNRT_REAL;
  size_t *shape = malloc(((size_t)tensor->rank + 1) * sizeof *shape);
  if (!shape)
    return nnrt_fail(failure, "out of memory");
  shape[0] = samples;
  for (int axis = 0; axis < tensor->rank; axis++)
    shape[axis + 1] = tensor->shape[axis];
  fwrite(header, 1, nnrt_npy_header(header, is_real, is_real ? real_bytes : 4, tensor->rank + 1,
                                    shape), to);
  fwrite(values, nnrt_sample_bytes(tensor, real_bytes), samples, to);
  free(shape);
  return true;
}

/* "OUT.NAME.npy" for "OUT.npy"; owned by the caller. */
static char *path_with_name(const char *path, const char *name) {
  const size_t stem = strlen(path) - strlen(".npy"), bytes = strlen(path) + strlen(name) + 2;
  char *whole = malloc(bytes);
  if (whole)
    snprintf(whole, bytes, "%.*s.%s.npy", (int)stem, path, name);
  return whole;
}

static bool write_npy(const nnrt_model *model, const nnrt_tensor *tensor, const void *values,
                      size_t samples, const char *path, nnrt_failure *failure) {
  nnrt_output out;
  if (!nnrt_output_open(&out, path, failure))
    return false;
  if (print_npy(out.stream, tensor, model->real_bytes, values, samples, failure))
    return nnrt_output_finish(&out, failure);
  nnrt_output_abandon(&out);
  return false;
}

static bool write_npys(const nnrt_model *model, const nnrt_tensor *output, size_t outputs,
                       void *const *values, size_t samples, const char *path,
                       nnrt_failure *failure) {
  bool written = true;
  if (outputs == 1)
    return write_npy(model, output, values[0], samples, path, failure);
  for (size_t k = 0; k < outputs && written; k++) {
    char *own = path_with_name(path, output[k].name);
    written = own ? write_npy(model, &output[k], values[k], samples, own, failure)
                  : nnrt_fail(failure, "out of memory");
    free(own);
  }
  return written;
}

/* ---- any of them ---------------------------------------------------------------------------- */

/* --format, or what the path ends in; NULL where neither says it. */
static const char *form_of(const nnrt_options *options) {
  static const char *const forms[] = {"csv", "npy", "jsonl"};
  const char *path = options->output, *dot = path ? strrchr(path, '.') : NULL;
  if (options->format)
    return options->format;
  if (!path || strcmp(path, "-") == 0)
    return "csv";
  for (size_t k = 0; k < sizeof forms / sizeof forms[0]; k++)
    if (dot && strcmp(dot + 1, forms[k]) == 0)
      return forms[k];
  return NULL;
}

bool nnrt_check_output(const nnrt_options *options, nnrt_failure *failure) {
  const char *chosen = form_of(options), *path = options->output;
  const bool to_file = path && strcmp(path, "-") != 0;
  if (!chosen)
    return nnrt_fail(failure, "-o: '%s' ends in none of .csv, .npy and .jsonl: choose one, or say "
                     "--format", path);
  if (strcmp(chosen, "npy") != 0)
    return true;
  if (options->top)
    return nnrt_fail(failure, "--top: .npy holds no classes beside numbers: choose .csv or .jsonl");
  return (to_file && strlen(path) > 4 && strcmp(strrchr(path, '.') ? strrchr(path, '.') : "",
                                                ".npy") == 0) ||
         nnrt_fail(failure, "--format npy: say -o FILE.npy: where the arrays go");
}

nnrt_rows nnrt_rows_of(const nnrt_model *model, const nnrt_options *options,
                       const nnrt_encoding *encoding) {
  return (nnrt_rows){model, encoding, strcmp(form_of(options), "jsonl") == 0,
                     (size_t)options->top};
}

bool nnrt_write_outputs(const nnrt_model *model, const nnrt_options *options,
                        const nnrt_encoding *encoding, void *const *values, size_t samples,
                        nnrt_failure *failure) {
  const nnrt_tensor *output = &model->tensor[model->tensors - model->outputs];
  const nnrt_rows rows = nnrt_rows_of(model, options, encoding);
  nnrt_output out;
  if (!options->output || strcmp(options->output, "-") == 0) {
    print_table(stdout, &rows, values, samples);
    return true;
  }
  if (strcmp(form_of(options), "npy") == 0)
    return write_npys(model, output, model->outputs, values, samples, options->output, failure);
  if (!nnrt_output_open(&out, options->output, failure))
    return false;
  print_table(out.stream, &rows, values, samples);
  return nnrt_output_finish(&out, failure);
}
