/* Turns predictions into CSV or .npy, each file whole or not at all. */
#include "file.h"
#include "session.h"

#include <stdlib.h>
#include <string.h>

/* ---- CSV ------------------------------------------------------------------------------------ */

/* "p[0][1]": a column's name holds no comma. */
static void print_column_name(FILE *to, const nnrt_tensor *tensor, size_t element) {
  size_t inner = tensor->elements;
  fputs(tensor->name, to);
  for (int axis = 0; axis < tensor->rank; axis++) {
    inner /= tensor->shape[axis];
    fprintf(to, "[%zu]", element / inner % tensor->shape[axis]);
  }
}

/* As many digits as bring the same number back. */
static void print_value(FILE *to, const nnrt_tensor *tensor, int real_bytes, const void *values,
                        size_t at) {
  if (tensor->kind != NNRT_REAL)
    fprintf(to, "%ld", (long)((const int32_t *)values)[at]);
  else if (real_bytes == (int)sizeof(float))
    fprintf(to, "%.9g", (double)((const float *)values)[at]);
  else
    fprintf(to, "%.17g", ((const double *)values)[at]);
}

static void print_table(FILE *to, const nnrt_model *model, const nnrt_tensor *output,
                        size_t outputs, void *const *values, size_t samples) {
  for (size_t k = 0; k < outputs; k++)
    for (size_t i = 0; i < output[k].elements; i++) {
      fputs(k + i ? "," : "", to);
      print_column_name(to, &output[k], i);
    }
  fputc('\n', to);
  for (size_t s = 0; s < samples; s++) {
    for (size_t k = 0; k < outputs; k++)
      for (size_t i = 0; i < output[k].elements; i++) {
        fputs(k + i ? "," : "", to);
        print_value(to, &output[k], model->real_bytes, values[k], s * output[k].elements + i);
      }
    fputc('\n', to);
  }
}

/* ---- .npy ----------------------------------------------------------------------------------- */

static bool is_little_endian(void) {
  const uint16_t one = 1;
  unsigned char first;
  memcpy(&first, &one, 1);
  return first == 1;
}

/* Version 1.0: magic, length, a Python literal padded with spaces to a multiple of 64.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */
static void print_npy(FILE *to, const nnrt_tensor *tensor, int real_bytes, const void *values,
                      size_t samples) {
  char header[512];
  const char order = is_little_endian() ? '<' : '>';
  int length = snprintf(header, sizeof header, "{'descr': '%c%c%d', 'fortran_order': False, "
                        "'shape': (%zu,", order, tensor->kind == NNRT_REAL ? 'f' : 'i',
                        tensor->kind == NNRT_REAL ? real_bytes : 4, samples);
  for (int axis = 0; axis < tensor->rank && length < (int)sizeof header; axis++)
    length += snprintf(header + length, sizeof header - (size_t)length, "%s%zu",
                       axis ? ", " : " ", tensor->shape[axis]);
  if (length < (int)sizeof header)
    length += snprintf(header + length, sizeof header - (size_t)length, "), }");
  const int whole = (10 + length + 1 + 63) / 64 * 64 - 10;
  const unsigned char begin[] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (unsigned char)(whole % 256),
                                 (unsigned char)(whole / 256)};
  fwrite(begin, 1, sizeof begin, to);
  fprintf(to, "%s%*s", header, whole - length, "\n");
  fwrite(values, nnrt_sample_bytes(tensor, real_bytes), samples, to);
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
  print_npy(out.stream, tensor, model->real_bytes, values, samples);
  return nnrt_output_finish(&out, failure);
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

/* ---- either --------------------------------------------------------------------------------- */

static bool ends_in(const char *path, const char *ending) {
  const size_t length = strlen(path), wanted = strlen(ending);
  return length > wanted && strcmp(path + length - wanted, ending) == 0;
}

bool nnrt_check_output_path(const char *path, nnrt_failure *failure) {
  return !path || strcmp(path, "-") == 0 || ends_in(path, ".npy") || ends_in(path, ".csv") ||
         nnrt_fail(failure, "-o: '%s' ends in neither .npy nor .csv: choose one", path);
}

bool nnrt_write_outputs(const nnrt_model *model, const nnrt_tensor *output, size_t outputs,
                        void *const *values, size_t samples, const char *path,
                        nnrt_failure *failure) {
  nnrt_output out;
  if (!path || strcmp(path, "-") == 0) {
    print_table(stdout, model, output, outputs, values, samples);
    return true;
  }
  if (ends_in(path, ".npy"))
    return write_npys(model, output, outputs, values, samples, path, failure);
  if (!nnrt_output_open(&out, path, failure))
    return false;
  print_table(out.stream, model, output, outputs, values, samples);
  return nnrt_output_finish(&out, failure);
}
