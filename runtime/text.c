/* text.c: plain text to sequences of classes, one class for each of its distinct bytes.
 *
 * An input of T elements takes T bytes in a row, and the next sample the T bytes behind them. A
 * target in the same file takes as many bytes, each the one that follows the input's; a target
 * of one element takes the byte that follows the whole input. What is left at the end and fills
 * no sample is dropped. A tensor that has its own file takes its bytes as they stand there.
 */
#include <stdio.h>
#include <stdlib.h>

#include "source.h"

/* One input sequence, and targets that follow from it. */
bool nnrt_takes_text(const nnrt_source *source) {
  size_t inputs = 0;
  for (size_t k = 0; k < source->wanted; k++) {
    const nnrt_tensor *tensor = &source->tensor[k];
    if (!nnrt_is_read(tensor, source->predicts)) continue;
    if (tensor->kind != NNRT_CLASS || tensor->elements == 0) return false;
    inputs += tensor->role == NNRT_INPUT;
  }
  return inputs <= 1;
}

/* ---- bytes -------------------------------------------------------------------------------- */

enum { LOOK_BYTES = 1 << 16 };

/* Counts how often each byte stands among the first `length`. */
static bool count_bytes(const nnrt_bytes *bytes, uint64_t length, size_t *seen,
                        nnrt_failure *failure) {
  uint8_t *some = malloc(LOOK_BYTES);
  if (!some) return nnrt_fail(failure, "%s: no memory to read it", bytes->path);
  bool good = true;
  for (uint64_t at = 0; good && at < length; at += LOOK_BYTES) {
    size_t n = length - at < LOOK_BYTES ? (size_t)(length - at) : LOOK_BYTES;
    good = nnrt_bytes_read(bytes, at, n, some, failure);
    for (size_t k = 0; good && k < n; k++) seen[some[k]]++;
  }
  free(some);
  return good;
}

/* The distinct bytes of a text, added to those of `alphabet`. */
static bool collect_alphabet(const nnrt_bytes *bytes, nnrt_alphabet *alphabet,
                             nnrt_failure *failure) {
  size_t seen[256] = {0};
  if (!count_bytes(bytes, bytes->length, seen, failure)) return false;
  for (size_t k = 0; k < alphabet->count; k++) seen[alphabet->byte[k]]++;
  alphabet->count = 0;
  for (int byte = 0; byte < 256; byte++)
    if (seen[byte]) alphabet->byte[alphabet->count++] = (uint8_t)byte;
  return true;
}

void nnrt_invert_alphabet(const nnrt_alphabet *alphabet, int32_t class_of[256]) {
  for (int byte = 0; byte < 256; byte++) class_of[byte] = -1;
  for (size_t k = 0; k < alphabet->count && k < 256; k++)
    class_of[alphabet->byte[k]] = (int32_t)k;
}

bool nnrt_fail_byte(const nnrt_bytes *bytes, uint64_t at, nnrt_failure *failure) {
  size_t seen[256] = {0};
  uint8_t byte;
  char shown[8] = "";
  if (!nnrt_bytes_read(bytes, at, 1, &byte, failure) || !count_bytes(bytes, at, seen, failure))
    return false;
  if (byte > 32 && byte < 127) snprintf(shown, sizeof shown, " '%c'", byte);
  return nnrt_fail(failure, "%s: line %zu: byte %llu (from 0) is 0x%02x%s, which the text that the "
                   "weights were trained on does not have; remove it", bytes->path,
                   seen['\n'] + 1, (unsigned long long)at, byte, shown);
}

static bool check_classes(const nnrt_source *source, nnrt_failure *failure) {
  for (size_t k = 0; k < source->wanted; k++) {
    const nnrt_tensor *tensor = &source->tensor[k];
    const size_t count = source->encoding->alphabet.count;
    if (nnrt_is_read(tensor, source->predicts) && count > (size_t)tensor->limit)
      return nnrt_fail(failure, "%s: the text has %zu distinct bytes, but %s takes class(%ld); "
                       "make it class(%zu)", source->input.path, count, tensor->name,
                       (long)tensor->limit, count);
  }
  return true;
}

/* ---- samples ------------------------------------------------------------------------------ */

/* How far behind a sample's first byte the tensor's first byte lies, for windows of `length`. */
static bool find_shift(const nnrt_source *source, const nnrt_tensor *tensor, size_t length,
                       size_t *shift, nnrt_failure *failure) {
  bool follows = tensor->role == NNRT_TARGET && tensor != nnrt_first_read(source);
  *shift = !follows ? 0 : tensor->elements == length ? 1 : length;
  if (tensor->elements == length || (follows && tensor->elements == 1)) return true;
  return nnrt_fail(failure, "%s: from a text, %s takes as many bytes as %s, %zu, or the one that "
                   "follows, but has %zu elements", source->input.path, tensor->name,
                   nnrt_first_read(source)->name, length, tensor->elements);
}

/* Where each tensor begins in a record, and how far beyond the record's own bytes one reaches. */
static bool place_tensors(nnrt_source *source, size_t *beyond, nnrt_failure *failure) {
  const size_t length = nnrt_first_read(source)->elements;
  *beyond = 0;
  for (size_t k = 0; k < source->wanted; k++) {
    if (!nnrt_is_read(&source->tensor[k], source->predicts)) continue;
    if (!find_shift(source, &source->tensor[k], length, &source->begin[k], failure)) return false;
    if (source->begin[k] > 0) *beyond = 1;
  }
  return true;
}

static bool make_part(nnrt_source *source, const nnrt_bytes *bytes, nnrt_failure *failure) {
  const size_t length = nnrt_first_read(source)->elements;
  size_t beyond;
  if (source->learns && !collect_alphabet(bytes, &source->encoding->alphabet, failure))
    return false;
  if (source->encoding->alphabet.count == 0)
    return nnrt_fail(failure, "%s: is text, but the weights hold no @text.bytes to read it by; "
                     "give weights that were trained on text", bytes->path);
  if (!check_classes(source, failure) || !place_tensors(source, &beyond, failure)) return false;
  if (bytes->length < length + beyond)
    return nnrt_fail(failure, "%s: the text has %llu bytes; one sample takes %zu", bytes->path,
                     (unsigned long long)bytes->length, length + beyond);
  source->part = (nnrt_part){.bytes = *bytes, .stride = length, .span = length + beyond,
                             .samples = (size_t)((bytes->length - beyond) / length),
                             .coding = NNRT_CODING_TEXT};
  return true;
}

bool nnrt_read_text(nnrt_source *source, nnrt_bytes bytes, nnrt_failure *failure) {
  if (make_part(source, &bytes, failure)) return true;
  nnrt_bytes_close(&bytes);
  return false;
}
