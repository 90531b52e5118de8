/* Finds the output that guesses a target, and reads its guesses. */
#include "pair.h"

#include <stdio.h>

/* ---- pairs --------------------------------------------------------------------------------- */

static bool same_shape(const nnrt_tensor *a, const nnrt_tensor *b, int rank) {
  for (int i = 0; i < rank; i++)
    if (a->shape[i] != b->shape[i])
      return false;
  return true;
}

static nnrt_pair_kind kind_of(const nnrt_tensor *target, const nnrt_tensor *output) {
  const bool same = target->rank == output->rank && same_shape(target, output, target->rank);
  if (target->kind == NNRT_CLASS && output->kind == NNRT_CLASS)
    return same && target->limit == output->limit ? NNRT_PAIR_LABELS : NNRT_PAIR_NONE;
  if (target->kind == NNRT_CLASS)
    return output->kind == NNRT_REAL && output->rank == target->rank + 1 &&
           output->shape[target->rank] == (size_t)target->limit &&
           same_shape(target, output, target->rank) ? NNRT_PAIR_SCORES : NNRT_PAIR_NONE;
  return same && output->kind == NNRT_REAL ? NNRT_PAIR_REALS : NNRT_PAIR_NONE;
}

/* Output number `place` of those that fit as `kind`; *fitting: how many there are. */
static size_t output_at(const nnrt_model *model, size_t target, nnrt_pair_kind kind, size_t place,
                        size_t *fitting) {
  size_t found = 0;
  *fitting = 0;
  for (size_t o = model->tensors - model->outputs; o < model->tensors; o++)
    if (kind_of(&model->tensor[target], &model->tensor[o]) == kind && (*fitting)++ == place)
      found = o;
  return found;
}

static bool is_alike(const nnrt_tensor *a, const nnrt_tensor *b) {
  return a->kind == b->kind && a->rank == b->rank && same_shape(a, b, a->rank) &&
         (a->kind != NNRT_CLASS || a->limit == b->limit);
}

nnrt_pair nnrt_pair_of(const nnrt_model *model, size_t target) {
  static const nnrt_pair_kind kinds[] = {NNRT_PAIR_SCORES, NNRT_PAIR_LABELS, NNRT_PAIR_REALS};
  const nnrt_tensor *guessed = &model->tensor[target];
  size_t alike = 0, place = 0;
  for (size_t t = model->inputs; t < model->inputs + model->targets; t++) {
    place += t < target && is_alike(&model->tensor[t], guessed);
    alike += is_alike(&model->tensor[t], guessed);
  }
  for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
    size_t fitting;
    const size_t output = output_at(model, target, kinds[k], place, &fitting);
    if (fitting > 0 && (alike == 1 || alike == fitting))
      return (nnrt_pair){kinds[k], target, output,
                         kinds[k] == NNRT_PAIR_REALS ? 0 : (size_t)guessed->limit};
  }
  return (nnrt_pair){NNRT_PAIR_NONE, 0, 0, 0};
}

/* ---- guesses ------------------------------------------------------------------------------- */

double nnrt_real_at(const void *values, size_t at, int real_bytes) {
  return real_bytes == (int)sizeof(float) ? (double)((const float *)values)[at]
                                          : ((const double *)values)[at];
}

size_t nnrt_pair_guess(const nnrt_model *model, const nnrt_pair *pair, const void *output,
                       size_t at) {
  const size_t classes = pair->classes, first = at * classes;
  size_t best = 0;
  if (pair->kind == NNRT_PAIR_LABELS)
    return (size_t)((const int32_t *)output)[at];
  for (size_t k = 1; k < classes; k++)
    if (nnrt_real_at(output, first + k, model->real_bytes) >
        nnrt_real_at(output, first + best, model->real_bytes))
      best = k;
  return best;
}

/* ---- names --------------------------------------------------------------------------------- */

/* The words of the target itself, else those that are known for as many classes. */
static const char *word_of(const nnrt_encoding *encoding, const nnrt_model *model,
                           const nnrt_pair *pair, size_t class) {
  const nnrt_labels *words = pair->target < encoding->tensors
                               ? &encoding->of[pair->target].labels : NULL;
  if (!words || words->count == 0)
    words = nnrt_class_words(encoding, model, pair->classes);
  return words ? nnrt_label_of(words, (int32_t)class) : NULL;
}

const char *nnrt_class_text(const nnrt_encoding *encoding, const nnrt_model *model,
                            const nnrt_pair *pair, size_t class, char room[NNRT_CLASS_TEXT]) {
  const bool numbered = pair->kind == NNRT_PAIR_BINARY;
  const char *word = numbered ? NULL : word_of(encoding, model, pair, class);
  if (word)
    return word;
  uint8_t byte;
  if (numbered || !nnrt_class_byte(encoding, model, pair->classes, class, &byte)) {
    snprintf(room, NNRT_CLASS_TEXT, "%zu", class);
    return room;
  }
  if (byte > ' ' && byte < 0x7f)
    snprintf(room, NNRT_CLASS_TEXT, "%c", byte);
  else
    snprintf(room, NNRT_CLASS_TEXT, byte == '\n' ? "⏎" : byte == ' ' ? "␣" : "\\x%02x", byte);
  return room;
}
