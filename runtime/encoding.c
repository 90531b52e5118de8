/* encoding.c: what the data taught to tensors of a weights file, and back. */
#include "encoding.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csv.h"
#include "weights.h"

bool nnrt_encoding_begin(nnrt_encoding *encoding, const nnrt_model *model, nnrt_failure *failure) {
  if (encoding->of) return true;
  encoding->tensors = model->inputs + model->targets;
  encoding->of = calloc(encoding->tensors + 1, sizeof *encoding->of);
  return encoding->of || nnrt_fail(failure, "out of memory");
}

void nnrt_encoding_free(nnrt_encoding *encoding) {
  for (size_t k = 0; encoding->of && k < encoding->tensors; k++) {
    nnrt_tensor_encoding *one = &encoding->of[k];
    nnrt_labels_free(&one->labels);
    nnrt_csv_names_free(one->column, one->columns);
    free(one->scale);
    free(one->weight);
  }
  free(encoding->of);
  *encoding = (nnrt_encoding){0};
}

/* ---- words in files ----------------------------------------------------------------------- */

enum { LONGEST_NAME = 512 };

static const nnrt_view *find(const nnrt_weights *from, const char *kind, const char *tensor) {
  char name[LONGEST_NAME];
  snprintf(name, sizeof name, "@%s.%s", kind, tensor);
  return nnrt_weights_find(from, name);
}

static bool fail_view(const nnrt_view *view, nnrt_failure *failure) {
  return nnrt_fail(failure, "the weights' %s is damaged; train again, or load other weights",
                   view->name);
}

/* Calls take() with every word of a view, each ended by a 0. */
static bool each_word(const nnrt_view *view, bool (*take)(void *to, const char *word), void *to,
                      nnrt_failure *failure) {
  const size_t length = view->rank == 1 ? view->shape[0] : 0;
  const char *at = view->data, *end = at + length;
  if (view->dtype != NNRT_U8 || length == 0 || end[-1] != 0) return fail_view(view, failure);
  for (; at < end; at += strlen(at) + 1)
    if (!take(to, at)) return fail_view(view, failure);
  return true;
}

static bool take_label(void *to, const char *word) {
  nnrt_labels *labels = to;
  return nnrt_label_number(labels, word, strlen(word)) == (int32_t)labels->count - 1;
}

static bool take_column(void *to, const char *word) {
  nnrt_tensor_encoding *one = to;
  char **column = realloc(one->column, (one->columns + 1) * sizeof *column);
  if (!column) return false;
  one->column = column;
  column[one->columns] = strdup(word);
  return column[one->columns] && ++one->columns;
}

static bool read_labels(const nnrt_weights *from, const nnrt_tensor *tensor, nnrt_labels *labels,
                        nnrt_failure *failure) {
  const nnrt_view *words = find(from, "labels", tensor->name);
  const nnrt_view *view = words ? words : find(from, "names", tensor->name);
  if (!view) return true;
  if (!each_word(view, take_label, labels, failure)) return false;
  if (labels->count > (size_t)tensor->limit) return fail_view(view, failure);
  labels->numbered = !words;
  return nnrt_labels_fix(labels, false, failure);
}

/* ---- numbers in files --------------------------------------------------------------------- */

static bool read_numbers(const nnrt_weights *from, const char *kind, const char *tensor,
                         size_t count, double **to, nnrt_failure *failure) {
  const nnrt_view *view = find(from, kind, tensor);
  if (!view) return true;
  size_t there = 1;
  for (int k = 0; k < view->rank; k++) there *= view->shape[k];
  if (there != count || view->dtype != NNRT_F64) return fail_view(view, failure);
  *to = malloc(count * sizeof **to + 1);
  if (!*to) return nnrt_fail(failure, "out of memory");
  return nnrt_weights_read(from, view->name, NNRT_F64, view->rank, view->shape, *to, failure);
}

static bool check_scale(const nnrt_tensor *tensor, const double *scale, nnrt_failure *failure) {
  for (size_t k = 0; scale && k < 2 * tensor->elements; k++)
    if (!isfinite(scale[k]) || (k >= tensor->elements && !(scale[k] > 0)))
      return nnrt_fail(failure, "the weights' @scale.%s is damaged: it divides by %g",
                       tensor->name, scale[k]);
  return true;
}

bool nnrt_encoding_read(const nnrt_weights *from, const nnrt_model *model,
                        nnrt_encoding *encoding, nnrt_failure *failure) {
  if (!nnrt_encoding_begin(encoding, model, failure) ||
      !nnrt_weights_alphabet(from, &encoding->alphabet, failure))
    return false;
  encoding->decided = nnrt_weights_find(from, "@step") != NULL;
  for (size_t k = 0; k < encoding->tensors; k++) {
    const nnrt_tensor *tensor = &model->tensor[k];
    nnrt_tensor_encoding *one = &encoding->of[k];
    const nnrt_view *columns = one->columns ? NULL : find(from, "columns", tensor->name);
    const nnrt_view *weights = find(from, "weights", tensor->name);
    one->weights = weights && weights->rank == 1 ? weights->shape[0] : 0;
    if (!read_labels(from, tensor, &one->labels, failure) ||
        (columns && !each_word(columns, take_column, one, failure)) ||
        !read_numbers(from, "scale", tensor->name, 2 * tensor->elements, &one->scale, failure) ||
        !check_scale(tensor, one->scale, failure) ||
        !read_numbers(from, "weights", tensor->name, one->weights, &one->weight, failure))
      return false;
  }
  return true;
}

/* ---- to files ----------------------------------------------------------------------------- */

/* Words one after another, each ended by a 0. */
typedef struct words {
  char *chars;
  size_t length;
} words;

static bool add_word(words *to, const char *word) {
  const size_t more = strlen(word) + 1;
  char *chars = realloc(to->chars, to->length + more);
  if (!chars) return false;
  memcpy(chars + to->length, word, more);
  to->chars = chars;
  to->length += more;
  return true;
}

static bool put(nnrt_encoding_sink *sink, const char *kind, const char *tensor, nnrt_dtype dtype,
                int rank, const size_t *shape, const void *data) {
  char name[LONGEST_NAME];
  snprintf(name, sizeof name, "@%s.%s", kind, tensor);
  return sink->take(sink->to, name, dtype, rank, shape, data);
}

static bool put_words(nnrt_encoding_sink *sink, const char *kind, const char *tensor,
                      const words *all) {
  return put(sink, kind, tensor, NNRT_U8, 1, &all->length, all->chars);
}

static bool write_labels(const nnrt_labels *labels, const char *tensor, nnrt_encoding_sink *sink) {
  words all = {NULL, 0};
  bool good = true;
  for (int32_t class = 0; good && class < (int32_t)labels->count; class++)
    good = add_word(&all, nnrt_label_of(labels, class));
  if (good && labels->count)
    good = put_words(sink, labels->numbered ? "names" : "labels", tensor, &all);
  free(all.chars);
  return good;
}

static bool write_columns(const nnrt_tensor_encoding *one, const char *tensor,
                          nnrt_encoding_sink *sink) {
  words all = {NULL, 0};
  bool good = true;
  for (size_t k = 0; good && k < one->columns; k++) good = add_word(&all, one->column[k]);
  if (good && one->columns) good = put_words(sink, "columns", tensor, &all);
  free(all.chars);
  return good;
}

static bool write_scale(const nnrt_tensor_encoding *one, const nnrt_tensor *tensor,
                        nnrt_encoding_sink *sink) {
  size_t shape[65] = {2};
  if (!one->scale || tensor->rank > 64) return true;
  for (int k = 0; k < tensor->rank; k++) shape[1 + k] = tensor->shape[k];
  return put(sink, "scale", tensor->name, NNRT_F64, 1 + tensor->rank, shape, one->scale);
}

bool nnrt_encoding_write(const nnrt_encoding *encoding, const nnrt_model *model,
                         nnrt_encoding_sink *sink) {
  bool good = true;
  if (encoding->alphabet.count)
    good = sink->take(sink->to, NNRT_ALPHABET_NAME, NNRT_U8, 1, &encoding->alphabet.count,
                      encoding->alphabet.byte);
  for (size_t k = 0; good && k < encoding->tensors; k++) {
    const nnrt_tensor_encoding *one = &encoding->of[k];
    const nnrt_tensor *tensor = &model->tensor[k];
    good = write_labels(&one->labels, tensor->name, sink) &&
           write_columns(one, tensor->name, sink) && write_scale(one, tensor, sink) &&
           (!one->weight ||
            put(sink, "weights", tensor->name, NNRT_F64, 1, &one->weights, one->weight));
  }
  return good;
}
