/* text.c: plain text to sequences of classes, one class for each of its distinct bytes.
 *
 * An input of T elements takes T bytes in a row, and the next sample the T bytes behind them. A
 * target in the same file takes as many bytes, each the one that follows the input's; a target
 * of one element takes the byte that follows the whole input. What is left at the end and fills
 * no sample is dropped. A tensor that has its own file takes its bytes as they stand there.
 */
#include <stdio.h>

#include "source.h"

/* One input sequence, and targets that follow from it. */
bool nnrt_takes_text(const nnrt_source *source) {
  size_t inputs = 0;
  for (size_t k = 0; k < source->wanted; k++) {
    const nnrt_tensor *tensor = &source->tensor[k];
    if (tensor->kind != NNRT_CLASS || tensor->elements == 0) return false;
    inputs += tensor->role == NNRT_INPUT;
  }
  return inputs <= 1;
}

void nnrt_collect_alphabet(const nnrt_contents *file, nnrt_alphabet *alphabet) {
  bool seen[256] = {false};
  for (size_t k = 0; k < alphabet->count; k++) seen[alphabet->byte[k]] = true;
  for (size_t k = 0; k < file->length; k++) seen[file->bytes[k]] = true;
  alphabet->count = 0;
  for (int byte = 0; byte < 256; byte++)
    if (seen[byte]) alphabet->byte[alphabet->count++] = (uint8_t)byte;
}

/* The class of every byte, -1 for those that have none. */
static void invert(const nnrt_alphabet *alphabet, int32_t class_of[256]) {
  for (int byte = 0; byte < 256; byte++) class_of[byte] = -1;
  for (size_t k = 0; k < alphabet->count && k < 256; k++)
    class_of[alphabet->byte[k]] = (int32_t)k;
}

static bool fail_byte(const nnrt_contents *file, size_t at, size_t line, nnrt_failure *failure) {
  uint8_t byte = file->bytes[at];
  char shown[8] = "";
  if (byte > 32 && byte < 127) snprintf(shown, sizeof shown, " '%c'", byte);
  return nnrt_fail(failure, "%s: line %zu: byte %zu (from 0) is 0x%02x%s, which the text that the "
                   "weights were trained on does not have; remove it", file->path, line, at, byte,
                   shown);
}

static bool check_bytes(const nnrt_source *source, const int32_t class_of[256],
                        nnrt_failure *failure) {
  const nnrt_contents *file = &source->file;
  for (size_t k = 0; k < source->wanted; k++) {
    const nnrt_tensor *tensor = &source->tensor[k];
    if (source->alphabet.count > (size_t)tensor->limit)
      return nnrt_fail(failure, "%s: the text has %zu distinct bytes, but %s takes class(%ld); "
                       "make it class(%zu)", file->path, source->alphabet.count, tensor->name,
                       (long)tensor->limit, source->alphabet.count);
  }
  size_t line = 1;
  for (size_t k = 0; k < file->length; k++) {
    uint8_t byte = file->bytes[k];
    if (class_of[byte] < 0) return fail_byte(file, k, line, failure);
    line += byte == '\n';
  }
  return true;
}

/* How far behind a sample's first byte the tensor's first byte lies, for windows of `length`. */
static bool find_shift(const nnrt_source *source, const nnrt_tensor *tensor, size_t length,
                       size_t *shift, nnrt_failure *failure) {
  bool follows = tensor->role == NNRT_TARGET && tensor != &source->tensor[0];
  *shift = !follows ? 0 : tensor->elements == length ? 1 : length;
  if (tensor->elements == length || (follows && tensor->elements == 1)) return true;
  return nnrt_fail(failure, "%s: from a text, %s takes as many bytes as %s, %zu, or the one that "
                   "follows, but has %zu elements", source->file.path, tensor->name,
                   source->tensor[0].name, length, tensor->elements);
}

static void encode(nnrt_source *source, size_t tensor, size_t length, size_t shift,
                   const int32_t class_of[256]) {
  int32_t *to = source->values[tensor];
  size_t elements = source->tensor[tensor].elements;
  for (size_t sample = 0; sample < source->samples; sample++) {
    const uint8_t *from = source->file.bytes + sample * length + shift;
    for (size_t k = 0; k < elements; k++) *to++ = class_of[from[k]];
  }
}

bool nnrt_read_text(nnrt_source *source, nnrt_failure *failure) {
  int32_t class_of[256];
  size_t length = source->tensor[0].elements, shift = 0, beyond = 0;
  if (source->alphabet.count == 0) nnrt_collect_alphabet(&source->file, &source->alphabet);
  invert(&source->alphabet, class_of);
  if (!check_bytes(source, class_of, failure)) return false;
  for (size_t k = 0; k < source->wanted; k++) {
    if (!find_shift(source, &source->tensor[k], length, &shift, failure)) return false;
    if (shift > 0) beyond = 1;
  }
  if (source->file.length < length + beyond)
    return nnrt_fail(failure, "%s: the text has %zu bytes; one sample takes %zu",
                     source->file.path, source->file.length, length + beyond);
  source->samples = (source->file.length - beyond) / length;
  if (!nnrt_source_reserve(source, source->samples, failure)) return false;
  for (size_t k = 0; k < source->wanted; k++) {
    (void)find_shift(source, &source->tensor[k], length, &shift, failure);
    encode(source, k, length, shift, class_of);
  }
  return true;
}
