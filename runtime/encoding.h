/* encoding: how what stands in files becomes numbers, as far as the training data decided it.
 *
 * Kept with the weights, so that test, predict and a resumed run read their files the same way:
 *
 *   @text.bytes       the distinct bytes of a text           U8 [count]
 *   @labels.TENSOR    words of a column, in class order      U8, each ended by a 0
 *   @names.TENSOR     names of classes that files number     the same
 *   @columns.TENSOR   names of the columns that fill it      the same
 *   @scale.TENSOR     what is subtracted, then divided by    F64 [2, shape...]
 *   @weights.TENSOR   a class's weight                       F64 [classes]
 */
#ifndef NNRT_ENCODING_H
#define NNRT_ENCODING_H

#include <stddef.h>
#include <stdint.h>

#include "fail.h"
#include "nnrt.h"

/* The distinct bytes of a text, ascending; a byte's place here is its class. count 0: none. */
typedef struct nnrt_alphabet {
  size_t count;
  uint8_t byte[256];
} nnrt_alphabet;

struct nnrt_label;

/* The words that stand for classes. While they are being learned a word's number is the order in
 * which it appeared; class_of says its class, which is its place among the sorted words. */
typedef struct nnrt_labels {
  size_t count;
  bool fixed;             /* came with the weights: no word may be added                      */
  bool numbered;          /* files hold the classes' numbers; the words are for people        */
  struct nnrt_label *all; /* a hash table, owned                                              */
  int32_t *class_of;      /* [count], owned; NULL: as numbered                                */
  const char **word;      /* [count], by class, once fixed; owned, the words are of `all`     */
} nnrt_labels;

typedef struct nnrt_tensor_encoding {
  nnrt_labels labels;
  size_t columns;         /* 0: by place                                                      */
  char **column;          /* names, one an element; owned                                     */
  double *scale;          /* [2, elements]: subtract the first, divide by the second; owned   */
  double *weight;         /* [weights]; owned                                                 */
  size_t weights;
  bool fitted;            /* scale or weight was fitted here, and did not come with weights   */
} nnrt_tensor_encoding;

/* All zero: nothing is known. */
typedef struct nnrt_encoding {
  nnrt_alphabet alphabet;
  bool decided;              /* data was read by it: later files teach nothing                */
  size_t tensors;            /* inputs + targets                                              */
  nnrt_tensor_encoding *of;  /* owned                                                         */
} nnrt_encoding;

/* Room for the model's inputs and targets; keeps what is there. */
bool nnrt_encoding_begin(nnrt_encoding *encoding, const nnrt_model *model, nnrt_failure *failure);
void nnrt_encoding_free(nnrt_encoding *encoding);

/* ---- labels ------------------------------------------------------------------------------- */

/* The number of a word, which is added where it is new and the labels are not fixed; -1: it may
 * not be added. */
int32_t nnrt_label_number(nnrt_labels *labels, const char *word, size_t length);
/* No word may be added from here on. Their classes are their numbers, or (sorted) their places
 * among the sorted words, as class_of says then. */
bool nnrt_labels_fix(nnrt_labels *labels, bool sorted, nnrt_failure *failure);
void nnrt_labels_free(nnrt_labels *labels);
/* The word of a class, once fixed; NULL where it has none. */
const char *nnrt_label_of(const nnrt_labels *labels, int32_t class);
/* "'a', 'b', 'c'", as many as fit */
typedef struct nnrt_label_text {
  char chars[160];
} nnrt_label_text;
nnrt_label_text nnrt_show_labels(const nnrt_labels *labels);

/* The words of the classes of an output with `classes` of them: those of the target, else input,
 * that has as many; NULL where there are none, or where tensors of as many classes disagree. */
const nnrt_labels *nnrt_class_words(const nnrt_encoding *encoding, const nnrt_model *model,
                                    size_t classes);
/* Whether such a class is a byte of the text that was learned from: where a sequence of as many
 * classes is read, and not from words. */
bool nnrt_class_byte(const nnrt_encoding *encoding, const nnrt_model *model, size_t classes,
                     size_t class, uint8_t *byte);

#endif
