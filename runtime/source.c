/* source.c: a value to its place in a tensor; the words for what was expected and what came. */
#include "source.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

size_t nnrt_count_columns(const nnrt_tensor *tensor, size_t tensors) {
  size_t columns = 0;
  for (size_t k = 0; k < tensors; k++) columns += tensor[k].elements;
  return columns;
}

const nnrt_tensor *nnrt_first_read(const nnrt_source *source) {
  size_t k = 0;
  while (k + 1 < source->wanted && !nnrt_is_read(&source->tensor[k], source->predicts)) k++;
  return &source->tensor[k];
}

size_t nnrt_columns_read(const nnrt_source *source) {
  size_t columns = 0;
  for (size_t k = 0; k < source->wanted; k++)
    if (nnrt_is_read(&source->tensor[k], source->predicts)) columns += source->tensor[k].elements;
  return columns;
}

bool nnrt_columns_fit(const nnrt_source *source, size_t columns, bool *whole) {
  *whole = columns != nnrt_columns_read(source);
  return !*whole || columns == nnrt_count_columns(source->tensor, source->wanted) ||
         columns == nnrt_count_columns(source->tensor, source->known);
}

size_t nnrt_sample_bytes(const nnrt_tensor *tensor, int real_bytes) {
  return tensor->elements * (tensor->kind == NNRT_REAL ? (size_t)real_bytes : sizeof(int32_t));
}

size_t nnrt_value_bytes(const nnrt_tensor *tensor, int real_bytes) {
  return (nnrt_sample_bytes(tensor, real_bytes) + 7) / 8 * 8;
}

/* ---- words -------------------------------------------------------------------------------- */

nnrt_column_text nnrt_show_columns(const nnrt_source *source) {
  nnrt_column_text text = {""};
  size_t length = 0, most = sizeof text.chars - 140;
  for (size_t k = 0; k < source->wanted && length < most; k++) {
    if (!nnrt_is_read(&source->tensor[k], source->predicts)) continue;
    int more = snprintf(text.chars + length, most - length, "%s%s has %zu", length ? ", " : "",
                        source->tensor[k].name, source->tensor[k].elements);
    if (more > 0) length += (size_t)more;
  }
  if (length >= most) {
    memcpy(text.chars + most - 4, "...", 4);
    length = most - 1;
  }
  const size_t columns = nnrt_columns_read(source);
  const size_t asked = nnrt_count_columns(source->tensor, source->wanted);
  const size_t known = nnrt_count_columns(source->tensor, source->known);
  char inputs[56] = "", targets[56] = "";
  if (asked > columns) snprintf(inputs, sizeof inputs, ", or %zu with the other inputs", asked);
  if (known > asked) snprintf(targets, sizeof targets, ", or %zu with the targets", known);
  snprintf(text.chars + length, sizeof text.chars - length, ": %zu column%s%s%s", columns,
           columns == 1 ? "" : "s", inputs, targets);
  return text;
}

nnrt_element_text nnrt_show_element(const nnrt_tensor *tensor, size_t element) {
  nnrt_element_text text = {""};
  size_t index[8];
  if (tensor->rank < 0 || tensor->rank > 8) {
    snprintf(text.chars, sizeof text.chars, "%.80s, element %zu", tensor->name, element);
    return text;
  }
  for (int k = tensor->rank; k-- > 0;) {
    size_t size = tensor->shape[k] ? tensor->shape[k] : 1;
    index[k] = element % size;
    element /= size;
  }
  if (tensor->rank == 0)
    snprintf(text.chars, sizeof text.chars, "%.80s", tensor->name);
  else
    snprintf(text.chars, sizeof text.chars, "%.40s%s", tensor->name,
             nnrt_show_shape(tensor->rank, index).chars);
  return text;
}

/* ---- values ------------------------------------------------------------------------------- */

bool nnrt_store(const nnrt_tensor *tensor, int real_bytes, void *values, size_t at,
                double value) {
  if (tensor->kind == NNRT_REAL) {
    if (!isfinite(value)) return false;
    if (real_bytes == 8) {
      ((double *)values)[at] = value;
      return true;
    }
    float nearest = fabs(value) <= (double)FLT_MAX ? (float)value : INFINITY;
    ((float *)values)[at] = nearest;
    return isfinite(nearest);
  }
  double largest = tensor->kind == NNRT_CLASS ? tensor->limit - 1.0 : tensor->limit;
  if (!(value >= 0 && value <= largest) || value != floor(value)) return false;
  ((int32_t *)values)[at] = (int32_t)value;
  return true;
}

bool nnrt_fail_store(nnrt_failure *failure, const char *place, const nnrt_tensor *tensor,
                     size_t element, double value) {
  nnrt_element_text name = nnrt_show_element(tensor, element);
  const char *where = name.chars;
  if (!isfinite(value))
    return nnrt_fail(failure, "%s (%s): %s; remove the sample or replace the value", place, where,
                     isnan(value) ? "the value is missing (NaN)"
                                  : "the value is infinite or too large for a double");
  if (tensor->kind == NNRT_REAL)
    return nnrt_fail(failure, "%s (%s): %g is too large for float; compile with --real double",
                     place, where, value);
  const char *noun = tensor->kind == NNRT_CLASS ? "class" : "count";
  int32_t largest = tensor->kind == NNRT_CLASS ? tensor->limit - 1 : tensor->limit;
  if (value != floor(value))
    return nnrt_fail(failure, "%s (%s): %.17g is no %s: whole numbers 0 to %ld belong there",
                     place, where, value, noun, (long)largest);
  return nnrt_fail(failure, "%s (%s): %s %.17g is out of range: %s(%ld) takes 0 to %ld", place,
                   where, noun, value, noun, (long)tensor->limit, (long)largest);
}
