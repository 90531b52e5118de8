/* rows.c: a sample's outputs to a line of CSV or of JSON. Numbers have as many digits as bring the
 * same number back; a class is its word where the training data had words, the byte where it was
 * text. */
#include "rows.h"

#include <math.h>
#include <string.h>

static const nnrt_tensor *output_of(const nnrt_rows *rows, size_t k) {
  return &rows->model->tensor[rows->model->tensors - rows->model->outputs + k];
}

/* ---- parts of a line ------------------------------------------------------------------------ */

static double real_at(const nnrt_rows *rows, const void *values, size_t at) {
  return rows->model->real_bytes == (int)sizeof(float) ? (double)((const float *)values)[at]
                                                       : ((const double *)values)[at];
}

/* JSON has no infinities: what is not finite is null there. */
static void print_real(const nnrt_rows *rows, double value, FILE *to) {
  if (rows->json && !isfinite(value))
    fputs("null", to);
  else
    fprintf(to, rows->model->real_bytes == (int)sizeof(float) ? "%.9g" : "%.17g", value);
}

/* Quoted where CSV or JSON needs it. */
static void print_word(const nnrt_rows *rows, const char *word, FILE *to) {
  const bool quoted = rows->json || strpbrk(word, ",\"\r\n") || *word == ' ';
  if (quoted)
    fputc('"', to);
  for (; *word; word++)
    if (rows->json && (unsigned char)*word < ' ')
      fprintf(to, "\\u%04x", (unsigned)*word);
    else if (*word == '"')
      fputs(rows->json ? "\\\"" : "\"\"", to);
    else
      fprintf(to, rows->json && *word == '\\' ? "\\%c" : "%c", *word);
  if (quoted)
    fputc('"', to);
}

/* A byte that is no character of its own is told by its number, as in C. */
static void print_byte(const nnrt_rows *rows, uint8_t byte, FILE *to) {
  char word[8];
  const bool character = (byte >= ' ' && byte < 0x7f) || byte == '\n' || byte == '\t';
  snprintf(word, sizeof word, character ? "%c" : "\\x%02x", byte);
  print_word(rows, word, to);
}

static void print_class(const nnrt_rows *rows, size_t classes, int32_t class, FILE *to) {
  const nnrt_labels *words =
    rows->encoding ? nnrt_class_words(rows->encoding, rows->model, classes) : NULL;
  const char *word = words ? nnrt_label_of(words, class) : NULL;
  uint8_t byte;
  if (word)
    print_word(rows, word, to);
  else if (rows->encoding &&
           nnrt_class_byte(rows->encoding, rows->model, classes, (size_t)class, &byte))
    print_byte(rows, byte, to);
  else
    fprintf(to, "%ld", (long)class);
}

static void print_element(const nnrt_rows *rows, const nnrt_tensor *tensor, const void *values,
                          size_t at, FILE *to) {
  if (tensor->kind == NNRT_REAL)
    print_real(rows, real_at(rows, values, at), to);
  else if (tensor->kind == NNRT_CLASS)
    print_class(rows, (size_t)tensor->limit, ((const int32_t *)values)[at], to);
  else
    fprintf(to, "%ld", (long)((const int32_t *)values)[at]);
}

/* "p[0][1]" of the first `rank` axes: a column's name holds no comma. */
static void print_name(const nnrt_tensor *tensor, int rank, size_t elements, size_t at,
                       FILE *to) {
  size_t inner = elements;
  fputs(tensor->name, to);
  for (int axis = 0; axis < rank; axis++) {
    inner /= tensor->shape[axis];
    fprintf(to, "[%zu]", at / inner % tensor->shape[axis]);
  }
}

/* ---- the largest ---------------------------------------------------------------------------- */

/* Of the `count` values at `first`, the largest that is less than number `last`, or equal and
 * behind it; `last` SIZE_MAX: the largest of all. */
static size_t next_largest(const nnrt_rows *rows, const void *values, size_t first, size_t count,
                           size_t last) {
  size_t best = SIZE_MAX;
  const double bound = last == SIZE_MAX ? 0 : real_at(rows, values, first + last);
  for (size_t k = 0; k < count; k++) {
    const double value = real_at(rows, values, first + k);
    if (last != SIZE_MAX && !(value < bound || (value <= bound && k > last)))
      continue;
    if (best == SIZE_MAX || value > real_at(rows, values, first + best))
      best = k;
  }
  return best;
}

static bool shows_top(const nnrt_rows *rows, const nnrt_tensor *tensor) {
  return rows->top > 0 && tensor->kind == NNRT_REAL && tensor->rank > 0;
}

/* How many rows along the last axis a tensor has, how long they are, how many are shown of each. */
typedef struct groups {
  size_t count, length, shown;
} groups;

static groups groups_of(const nnrt_rows *rows, const nnrt_tensor *tensor) {
  const size_t length = tensor->shape[tensor->rank - 1];
  const groups of = {length ? tensor->elements / length : 0, length,
                     rows->top < length ? rows->top : length};
  return of;
}

static void print_top(const nnrt_rows *rows, const nnrt_tensor *tensor, const void *values,
                      size_t first, FILE *to) {
  const groups of = groups_of(rows, tensor);
  size_t last = SIZE_MAX;
  for (size_t k = 0; k < of.shown; k++) {
    const size_t next = next_largest(rows, values, first, of.length, last);
    if (next == SIZE_MAX) /* what is left is no number */
      break;
    last = next;
    fputs(rows->json ? k ? ",{\"class\":" : "{\"class\":" : k ? "," : "", to);
    print_class(rows, of.length, (int32_t)next, to);
    fputs(rows->json ? ",\"value\":" : ",", to);
    print_real(rows, real_at(rows, values, first + next), to);
    fputs(rows->json ? "}" : "", to);
  }
}

/* ---- CSV ------------------------------------------------------------------------------------ */

static void print_top_names(const nnrt_rows *rows, const nnrt_tensor *tensor, FILE *to) {
  const groups of = groups_of(rows, tensor);
  for (size_t g = 0; g < of.count; g++)
    for (size_t k = 1; k <= of.shown; k++)
      for (int value = 0; value < 2; value++) {
        fputs(g + k + (size_t)value > 1 ? "," : "", to);
        print_name(tensor, tensor->rank - 1, of.count, g, to);
        fprintf(to, value ? ".top%zu.value" : ".top%zu", k);
      }
}

void nnrt_rows_head(const nnrt_rows *rows, FILE *to) {
  for (size_t k = 0; k < rows->model->outputs && !rows->json; k++) {
    const nnrt_tensor *tensor = output_of(rows, k);
    fputs(k ? "," : "", to);
    if (shows_top(rows, tensor))
      print_top_names(rows, tensor, to);
    else
      for (size_t i = 0; i < tensor->elements; i++) {
        fputs(i ? "," : "", to);
        print_name(tensor, tensor->rank, tensor->elements, i, to);
      }
  }
  fputs(rows->json ? "" : "\n", to);
}

static void print_csv(const nnrt_rows *rows, const nnrt_tensor *tensor, const void *values,
                      size_t first, FILE *to) {
  const bool top = shows_top(rows, tensor);
  const groups of = top ? groups_of(rows, tensor) : (groups){tensor->elements, 1, 1};
  for (size_t g = 0; g < of.count; g++) {
    fputs(g ? "," : "", to);
    if (top)
      print_top(rows, tensor, values, first + g * of.length, to);
    else
      print_element(rows, tensor, values, first + g, to);
  }
}

/* ---- JSON ----------------------------------------------------------------------------------- */

/* The brackets of all axes that begin, or end, at an element. */
static void print_brackets(const nnrt_tensor *tensor, int rank, size_t at, char bracket,
                           FILE *to) {
  size_t inner = 1;
  for (int axis = rank; axis-- > 0;) {
    inner *= tensor->shape[axis];
    if (at % inner == 0)
      fputc(bracket, to);
  }
}

static void print_json(const nnrt_rows *rows, const nnrt_tensor *tensor, const void *values,
                       size_t first, FILE *to) {
  const bool top = shows_top(rows, tensor);
  const int rank = top ? tensor->rank - 1 : tensor->rank;
  const groups of = top ? groups_of(rows, tensor) : (groups){tensor->elements, 1, 1};
  print_word(rows, tensor->name, to);
  fputc(':', to);
  for (size_t g = 0; g < of.count; g++) {
    fputs(g ? "," : "", to);
    print_brackets(tensor, rank, g, '[', to);
    fputs(top ? "[" : "", to);
    if (top)
      print_top(rows, tensor, values, first + g * of.length, to);
    else
      print_element(rows, tensor, values, first + g, to);
    fputs(top ? "]" : "", to);
    print_brackets(tensor, rank, g + 1, ']', to);
  }
}

void nnrt_rows_print(const nnrt_rows *rows, void *const *values, size_t sample, FILE *to) {
  fputs(rows->json ? "{" : "", to);
  for (size_t k = 0; k < rows->model->outputs; k++) {
    const nnrt_tensor *tensor = output_of(rows, k);
    fputs(k ? "," : "", to);
    if (rows->json)
      print_json(rows, tensor, values[k], sample * tensor->elements, to);
    else
      print_csv(rows, tensor, values[k], sample * tensor->elements, to);
  }
  fputs(rows->json ? "}\n" : "\n", to);
}
