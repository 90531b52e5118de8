/* part.c: records of files to samples in the model's types, any number from any place on. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source.h"

bool nnrt_table_add(nnrt_table *table, nnrt_part part, nnrt_failure *failure) {
  if (table->parts == table->capacity) {
    size_t larger = table->capacity ? 2 * table->capacity : 4;
    nnrt_part *moved = realloc(table->part, larger * sizeof *moved);
    if (!moved) {
      nnrt_bytes_close(&part.bytes);
      return nnrt_fail(failure, "out of memory");
    }
    table->part = moved;
    table->capacity = larger;
  }
  table->part[table->parts++] = part;
  table->samples += part.samples;
  return true;
}

void nnrt_table_free(nnrt_table *table) {
  for (size_t k = 0; k < table->parts; k++) nnrt_bytes_close(&table->part[k].bytes);
  free(table->part);
  for (size_t k = 0; k < table->paths; k++) free(table->path[k]);
  free(table->path);
  free(table->begin);
  free(table->here);
  free(table->scratch);
  *table = (nnrt_table){0};
}

/* ---- decoding ----------------------------------------------------------------------------- */

/* n records of a part in memory, to be spread over the tensors. */
typedef struct records {
  const nnrt_table *table;
  const nnrt_part *part;
  const uint8_t *at;
  size_t first, n; /* samples of the part */
  nnrt_failure *failure;
} records;

static bool fail_item(const records *in, const nnrt_tensor *tensor, size_t sample, size_t element,
                      double value) {
  char place[256];
  snprintf(place, sizeof place, "%.180s: sample %zu (from 0)", in->part->bytes.path,
           in->first + sample);
  return nnrt_fail_store(in->failure, place, tensor, element, value);
}

/* Does the file hold the tensor's own type, as this machine does? */
static bool is_own_type(const records *in, const nnrt_tensor *tensor) {
  const nnrt_part *part = in->part;
  return tensor->kind == NNRT_REAL && part->item == NNRT_ITEM_FLOAT &&
         part->item_bytes == (size_t)in->table->real_bytes &&
         part->big_endian == nnrt_host_is_big_endian();
}

/* Whether all are finite: x - x is 0 then, and NaN otherwise. */
static bool all_finite(const void *values, size_t count, int real_bytes) {
  double rest = 0;
  float rest_single = 0;
  if (real_bytes == 8)
    for (size_t k = 0; k < count; k++)
      rest += ((const double *)values)[k] - ((const double *)values)[k];
  else
    for (size_t k = 0; k < count; k++)
      rest_single += ((const float *)values)[k] - ((const float *)values)[k];
  return !isnan(rest) && !isnan(rest_single);
}

static bool spread_items(const records *in, size_t k, size_t begin, void *to) {
  const nnrt_tensor *tensor = &in->table->tensor[k];
  const nnrt_part *part = in->part;
  const size_t elements = tensor->elements;
  if (is_own_type(in, tensor)) {
    size_t bytes = elements * part->item_bytes;
    for (size_t i = 0; i < in->n; i++)
      memcpy((char *)to + i * bytes, in->at + i * part->stride + begin, bytes);
    if (all_finite(to, in->n * elements, in->table->real_bytes)) return true;
  }
  for (size_t i = 0; i < in->n; i++) {
    const uint8_t *from = in->at + i * part->stride + begin;
    for (size_t e = 0; e < elements; e++, from += part->item_bytes) {
      double value = nnrt_item_value(part->item, part->item_bytes, part->big_endian, from);
      if (!nnrt_store(tensor, in->table->real_bytes, to, i * elements + e, value))
        return fail_item(in, tensor, i, e, value);
    }
  }
  return true;
}

/* What the reader has checked; words' numbers become their classes. */
static void spread_values(const records *in, size_t k, size_t begin, void *to) {
  const nnrt_tensor *tensor = &in->table->tensor[k];
  const size_t bytes = nnrt_sample_bytes(tensor, in->table->real_bytes);
  const nnrt_labels *labels = &in->table->own[k].labels;
  for (size_t i = 0; i < in->n; i++)
    memcpy((char *)to + i * bytes, in->at + i * in->part->stride + begin, bytes);
  if (tensor->kind != NNRT_CLASS || !labels->class_of) return;
  int32_t *class = to;
  for (size_t i = 0; i < in->n * tensor->elements; i++) class[i] = labels->class_of[class[i]];
}

static bool spread_text(const records *in, size_t k, void *to) {
  const nnrt_tensor *tensor = &in->table->tensor[k];
  int32_t class_of[256], *class = to;
  nnrt_invert_alphabet(&in->table->encoding->alphabet, class_of);
  for (size_t i = 0; i < in->n; i++) {
    const uint8_t *from = in->at + i * in->part->stride + in->table->begin[k];
    for (size_t e = 0; e < tensor->elements; e++) {
      *class = class_of[from[e]];
      if (*class++ < 0)
        return nnrt_fail_byte(&in->part->bytes, (in->first + i) * in->part->stride +
                              in->table->begin[k] + e, in->failure);
    }
  }
  return true;
}

static bool spread(const records *in, void *const *to) {
  size_t begin = 0;
  for (size_t k = 0; k < in->table->wanted; k++) {
    const nnrt_tensor *tensor = &in->table->tensor[k];
    const bool read = nnrt_is_read(tensor, in->table->predicts);
    switch (in->part->coding) {
      case NNRT_CODING_ITEMS:
        if (read && !spread_items(in, k, begin, to[k])) return false;
        if (read || in->part->whole) begin += tensor->elements * in->part->item_bytes;
        break;
      case NNRT_CODING_VALUES:
        if (read) spread_values(in, k, begin, to[k]);
        begin += nnrt_value_bytes(tensor, in->table->real_bytes);
        break;
      case NNRT_CODING_TEXT:
        if (read && !spread_text(in, k, to[k])) return false;
    }
  }
  return true;
}

/* ---- reading ------------------------------------------------------------------------------ */

enum { READ_BYTES = 1 << 20 }; /* of a file at a time, or one record */

/* Room for n of the part's records, but for no more than are read at a time. */
static bool reserve_scratch(nnrt_table *table, const nnrt_part *part, size_t n,
                            nnrt_failure *failure) {
  const size_t more = n - 1 < READ_BYTES / part->stride ? n - 1 : READ_BYTES / part->stride;
  const size_t wanted = part->span + more * part->stride;
  if (table->scratch_bytes >= wanted) return true;
  free(table->scratch);
  table->scratch = malloc(wanted);
  table->scratch_bytes = table->scratch ? wanted : 0;
  return table->scratch || nnrt_fail(failure, "%s: no memory to read it", part->bytes.path);
}

static bool read_part(nnrt_table *table, const nnrt_part *part, size_t first, size_t n,
                      size_t done, void *const *to, nnrt_failure *failure) {
  void **here = table->here;
  if (!reserve_scratch(table, part, n, failure)) return false;
  size_t most = (table->scratch_bytes - part->span) / part->stride + 1;
  for (size_t more; n > 0; first += more, done += more, n -= more) {
    more = n < most ? n : most;
    for (size_t k = 0; k < table->wanted; k++)
      here[k] = (char *)to[k] + done * nnrt_sample_bytes(&table->tensor[k], table->real_bytes);
    records in = {table, part, table->scratch, first, more, failure};
    if (!nnrt_bytes_read(&part->bytes, (uint64_t)first * part->stride,
                         (more - 1) * part->stride + part->span, table->scratch, failure) ||
        !spread(&in, here))
      return false;
  }
  return true;
}

bool nnrt_table_read(nnrt_table *table, size_t first, size_t n, void *const *to,
                     nnrt_failure *failure) {
  size_t done = 0;
  for (size_t k = 0; k < table->parts && n > 0; k++) {
    const nnrt_part *part = &table->part[k];
    if (first >= part->samples) {
      first -= part->samples;
      continue;
    }
    size_t here = part->samples - first < n ? part->samples - first : n;
    if (!read_part(table, part, first, here, done, to, failure)) return false;
    first = 0;
    done += here;
    n -= here;
  }
  return true;
}

void nnrt_table_expect(const nnrt_table *table, size_t first, size_t n) {
  for (size_t k = 0; k < table->parts && n > 0; k++) {
    const nnrt_part *part = &table->part[k];
    if (first >= part->samples) {
      first -= part->samples;
      continue;
    }
    size_t here = part->samples - first < n ? part->samples - first : n;
    nnrt_bytes_expect(&part->bytes, (uint64_t)first * part->stride, (uint64_t)here * part->stride);
    first = 0;
    n -= here;
  }
}
