/* label.c: words to classes and back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "encoding.h"

typedef struct nnrt_label {
  char *word;
  int32_t number;
  UT_hash_handle hh;
} nnrt_label;

int32_t nnrt_label_number(nnrt_labels *labels, const char *word, size_t length) {
  nnrt_label *found;
  HASH_FIND(hh, labels->all, word, length, found);
  if (found) return found->number;
  if (labels->fixed || labels->count >= INT32_MAX) return -1;
  found = calloc(1, sizeof *found);
  char *kept = malloc(length + 1);
  if (!found || !kept) {
    free(found);
    free(kept);
    return -1;
  }
  memcpy(kept, word, length);
  kept[length] = 0;
  found->word = kept;
  found->number = (int32_t)labels->count++;
  HASH_ADD_KEYPTR(hh, labels->all, found->word, length, found);
  return found->number;
}

static int by_word(const nnrt_label *a, const nnrt_label *b) { return strcmp(a->word, b->word); }

bool nnrt_labels_fix(nnrt_labels *labels, bool sorted, nnrt_failure *failure) {
  int32_t class = 0;
  labels->word = malloc((labels->count + 1) * sizeof *labels->word);
  labels->class_of = sorted ? malloc((labels->count + 1) * sizeof *labels->class_of) : NULL;
  if (!labels->word || (sorted && !labels->class_of)) return nnrt_fail(failure, "out of memory");
  if (sorted) HASH_SORT(labels->all, by_word);
  for (nnrt_label *one = labels->all; one; one = one->hh.next, class++) {
    if (sorted) labels->class_of[one->number] = class;
    labels->word[class] = one->word;
  }
  labels->fixed = true;
  return true;
}

void nnrt_labels_free(nnrt_labels *labels) {
  nnrt_label *one = labels->all;
  HASH_CLEAR(hh, labels->all);
  while (one) {
    nnrt_label *next = one->hh.next;
    free(one->word);
    free(one);
    one = next;
  }
  free(labels->class_of);
  free(labels->word);
  *labels = (nnrt_labels){0};
}

const char *nnrt_label_of(const nnrt_labels *labels, int32_t class) {
  const bool known = labels->word && class >= 0 && (size_t)class < labels->count;
  return known ? labels->word[class] : NULL;
}

nnrt_label_text nnrt_show_labels(const nnrt_labels *labels) {
  nnrt_label_text text = {""};
  size_t length = 0;
  for (const nnrt_label *one = labels->all; one; one = one->hh.next) {
    if (length + strlen(one->word) + 10 > sizeof text.chars) {
      snprintf(text.chars + length, sizeof text.chars - length, ", ...");
      break;
    }
    int more = snprintf(text.chars + length, sizeof text.chars - length, "%s'%s'",
                        length ? ", " : "", one->word);
    if (more > 0) length += (size_t)more;
  }
  return text;
}

static bool same_words(const nnrt_labels *a, const nnrt_labels *b) {
  for (int32_t class = 0; class < (int32_t)a->count; class++) {
    const char *other = nnrt_label_of(b, class);
    if (!other || !nnrt_label_of(a, class) || strcmp(nnrt_label_of(a, class), other) != 0)
      return false;
  }
  return a->count == b->count;
}

const nnrt_labels *nnrt_class_words(const nnrt_encoding *encoding, const nnrt_model *model,
                                    size_t classes) {
  const nnrt_labels *found = NULL;
  nnrt_role role = NNRT_INPUT;
  for (size_t k = encoding->tensors; k-- > 0;) {
    const nnrt_labels *labels = &encoding->of[k].labels;
    if (labels->count == 0 || (size_t)model->tensor[k].limit != classes) continue;
    if (found && role == model->tensor[k].role && !same_words(found, labels)) return NULL;
    if (!found) {
      found = labels;
      role = model->tensor[k].role;
    }
  }
  return found;
}

bool nnrt_class_byte(const nnrt_encoding *encoding, const nnrt_model *model, size_t classes,
                     size_t class, uint8_t *byte) {
  bool text = false;
  for (size_t k = 0; k < encoding->tensors; k++) {
    const nnrt_tensor *tensor = &model->tensor[k];
    text = text || (tensor->kind == NNRT_CLASS && tensor->rank == 1 &&
                    (size_t)tensor->limit == classes && encoding->of[k].labels.count == 0);
  }
  if (!text || class >= encoding->alphabet.count) return false;
  *byte = encoding->alphabet.byte[class];
  return true;
}
