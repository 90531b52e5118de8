/* array.c: an array of a file, samples first, spread over the tensors that it fills. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source.h"

/* ---- items -------------------------------------------------------------------------------- */

double nnrt_half_value(uint16_t bits) {
  int exponent = (bits >> 10) & 0x1F;
  int fraction = bits & 0x3FF;
  double size;
  if (exponent == 0x1F)
    size = fraction ? NAN : INFINITY;
  else if (exponent == 0)
    size = ldexp(fraction, -24);
  else
    size = ldexp(fraction + 0x400, exponent - 25);
  return bits & 0x8000 ? -size : size;
}

static uint64_t item_bits(size_t bytes, bool big_endian, const uint8_t *from) {
  uint64_t bits = 0;
  for (size_t k = 0; k < bytes; k++) {
    size_t place = big_endian ? bytes - 1 - k : k;
    bits |= (uint64_t)from[k] << (8 * place);
  }
  return bits;
}

static double float_value(uint64_t bits, size_t bytes) {
  if (bytes == 2) return nnrt_half_value((uint16_t)bits);
  if (bytes == 4) {
    uint32_t narrow = (uint32_t)bits;
    float value;
    memcpy(&value, &narrow, sizeof value);
    return (double)value;
  }
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* Whole numbers beyond 2^53 round, but never into the range of a class or count. */
double nnrt_item_value(nnrt_item item, size_t bytes, bool big_endian, const uint8_t *from) {
  uint64_t bits = item_bits(bytes, big_endian, from);
  if (item == NNRT_ITEM_FLOAT) return float_value(bits, bytes);
  if (item == NNRT_ITEM_UNSIGNED) return (double)bits;
  uint64_t sign = UINT64_C(1) << (8 * bytes - 1);
  return bits & sign ? -(double)((~bits & (sign - 1)) + 1) : (double)bits;
}

/* ---- shapes ------------------------------------------------------------------------------- */

/* The product of the sizes from `from` on; false where it is beyond size_t. */
static bool multiply(const nnrt_array *array, int from, size_t *product) {
  *product = 1;
  for (int k = from; k < array->rank; k++) {
    if (array->shape[k] && *product > SIZE_MAX / array->shape[k]) return false;
    *product *= array->shape[k];
  }
  return true;
}

/* Sizes other than 1. */
static int significant(int rank, const size_t *shape, size_t *sizes) {
  int count = 0;
  for (int k = 0; k < rank && count < NNRT_MAX_AXES; k++)
    if (shape[k] != 1) sizes[count++] = shape[k];
  return count;
}

/* May an array of samples of this shape fill the tensor? Axes of size 1 do not count, and a flat
 * array fits any tensor with as many elements, a flat tensor any such array. */
static bool fits_tensor(const nnrt_array *array, const nnrt_tensor *tensor) {
  size_t have[NNRT_MAX_AXES], want[NNRT_MAX_AXES];
  int have_axes = significant(array->rank - 1, array->shape + 1, have);
  int want_axes = significant(tensor->rank, tensor->shape, want);
  if (have_axes <= 1 || want_axes <= 1) return true;
  return have_axes == want_axes &&
         memcmp(have, want, (size_t)have_axes * sizeof *have) == 0;
}

/* The one tensor that is read; NULL where there are several. */
static const nnrt_tensor *only_tensor(const nnrt_source *source) {
  const nnrt_tensor *first = nnrt_first_read(source);
  return first->elements == nnrt_columns_read(source) ? first : NULL;
}

static bool fits(const nnrt_source *source, const nnrt_array *array, size_t columns, bool *whole) {
  if (!nnrt_columns_fit(source, columns, whole)) return false;
  return !*whole && only_tensor(source) ? fits_tensor(array, only_tensor(source))
                                        : array->rank == 2;
}

static bool fail_shape(const nnrt_source *source, const nnrt_array *array,
                       nnrt_failure *failure) {
  nnrt_shape_text have = nnrt_show_shape(array->rank, array->shape);
  const char *path = source->input.path;
  const nnrt_tensor *tensor = only_tensor(source);
  if (!tensor)
    return nnrt_fail(failure, "%s: holds %s, but %s: give [samples, %zu], or one file per tensor "
                     "(--data %s=FILE ...)", path, have.chars, nnrt_show_columns(source).chars,
                     nnrt_columns_read(source), nnrt_first_read(source)->name);
  nnrt_shape_text want = nnrt_show_shape(tensor->rank, tensor->shape);
  const char *hint = "";
  if (tensor->kind == NNRT_CLASS && array->rank == tensor->rank + 2 &&
      array->shape[array->rank - 1] == (size_t)tensor->limit)
    hint = "; a class is one whole number, not a one-hot row";
  return nnrt_fail(failure, "%s: holds %s, samples first, which does not fit %s%s%s", path,
                   have.chars, tensor->name, tensor->rank ? want.chars : " (a single number)",
                   hint);
}

/* Checks the array against the file and the tensors; gives the items of one sample. */
static bool check(const nnrt_source *source, const nnrt_array *array, size_t *columns, bool *whole,
                  nnrt_failure *failure) {
  const char *path = source->input.path;
  const uint64_t there = array->items.length;
  size_t items;
  if (array->rank == 0)
    return nnrt_fail(failure, "%s: holds a single number; the first axis counts the samples", path);
  if (!multiply(array, 1, columns) || !multiply(array, 0, &items) ||
      items > SIZE_MAX / array->item_bytes || items * array->item_bytes > there)
    return nnrt_fail(failure, "%s: cut short: its header promises %s items of %zu bytes, %llu "
                     "bytes are there", path, nnrt_show_shape(array->rank, array->shape).chars,
                     array->item_bytes, (unsigned long long)there);
  if (items * array->item_bytes < there)
    return nnrt_fail(failure, "%s: %llu bytes more than the %s items of its header", path,
                     (unsigned long long)(there - items * array->item_bytes),
                     nnrt_show_shape(array->rank, array->shape).chars);
  if (!fits(source, array, *columns, whole)) return fail_shape(source, array, failure);
  if (array->shape[0] == 0) return nnrt_fail(failure, "%s: holds no samples", path);
  return true;
}

/* ---- parts -------------------------------------------------------------------------------- */

/* Items from Fortran order (`from`) to C order. */
static void transpose(const nnrt_array *array, size_t columns, const uint8_t *from, uint8_t *to) {
  const size_t samples = array->shape[0], bytes = array->item_bytes;
  size_t index[NNRT_MAX_AXES] = {0};
  for (size_t column = 0; column < columns; column++) {
    size_t stride = samples, offset = 0;
    for (int axis = 1; axis < array->rank; axis++) {
      offset += index[axis] * stride;
      stride *= array->shape[axis];
    }
    for (size_t sample = 0; sample < samples; sample++)
      memcpy(to + (sample * columns + column) * bytes, from + (offset + sample) * bytes, bytes);
    for (int axis = array->rank; axis-- > 1;) {
      if (++index[axis] < array->shape[axis]) break;
      index[axis] = 0;
    }
  }
}

/* The array's items become a copy in C order. */
static bool reorder(nnrt_source *source, nnrt_array *array, size_t columns,
                    nnrt_failure *failure) {
  const char *path = source->input.path;
  const size_t length = (size_t)array->items.length;
  if (length > source->spool->limit)
    return nnrt_fail(failure, "%s: is larger than --memory and in Fortran order, which cannot be "
                     "read sample by sample; save it with numpy.ascontiguousarray", path);
  uint8_t *from = malloc(length + 1), *to = malloc(length + 1);
  bool good = (from && to) || nnrt_fail(failure, "%s: no memory to transpose it", path);
  good = good && nnrt_bytes_read(&array->items, 0, length, from, failure);
  if (good) {
    transpose(array, columns, from, to);
    nnrt_bytes_close(&array->items);
    array->items = (nnrt_bytes){path, source->spool, -1, source->spool->length, length};
    good = nnrt_spool_add(source->spool, path, to, length, failure);
  }
  free(from);
  free(to);
  return good;
}

bool nnrt_array_part(nnrt_source *source, nnrt_array *array, nnrt_failure *failure) {
  size_t columns;
  bool whole;
  if (!check(source, array, &columns, &whole, failure) ||
      (array->first_fastest && !reorder(source, array, columns, failure))) {
    nnrt_bytes_close(&array->items);
    return false;
  }
  size_t record = columns * array->item_bytes;
  source->part = (nnrt_part){.bytes = array->items, .samples = array->shape[0], .stride = record,
                             .span = record, .coding = NNRT_CODING_ITEMS, .item = array->item,
                             .item_bytes = array->item_bytes, .big_endian = array->big_endian,
                             .whole = whole};
  return true;
}
