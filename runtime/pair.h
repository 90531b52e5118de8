/* pair: which output guesses which target, and what it guesses. */
#ifndef NNRT_PAIR_H
#define NNRT_PAIR_H

#include "encoding.h"
#include "nnrt.h"

typedef enum nnrt_pair_kind {
  NNRT_PAIR_NONE,
  NNRT_PAIR_SCORES, /* class target, one more last axis in the output: the largest is the guess */
  NNRT_PAIR_LABELS, /* class target, class output                                              */
  NNRT_PAIR_BINARY, /* targets of 0 and 1, outputs between them: guess 1 above 0.5              */
  NNRT_PAIR_REALS
} nnrt_pair_kind;

/* The output that guesses a target; both of the same elements, but for scores. */
typedef struct nnrt_pair {
  nnrt_pair_kind kind;
  size_t target, output; /* indices into model->tensor                                         */
  size_t classes;        /* 2 where binary, 0 for reals                                        */
} nnrt_pair;

/* The output that guesses target number `target` (an index into model->tensor): the first that
 * fits, scores before labels. Of several targets that the same outputs fit each takes one, in the
 * order of both; where they are not as many, none does. Never
 * NNRT_PAIR_BINARY: only values tell. */
nnrt_pair nnrt_pair_of(const nnrt_model *model, size_t target);

/* Element `at` of an array of real numbers. */
double nnrt_real_at(const void *values, size_t at, int real_bytes);
/* The class that element `at` of the target is guessed to be, by a batch of the pair's output; of
 * scores or labels. Of equal scores the first. */
size_t nnrt_pair_guess(const nnrt_model *model, const nnrt_pair *pair, const void *output,
                       size_t at);

/* A class as a reader knows it: its word, the byte of a text, else its number; in `room` or of the
 * encoding. Of the class, 0 <= class < pair->classes. */
enum { NNRT_CLASS_TEXT = 24 };
const char *nnrt_class_text(const nnrt_encoding *encoding, const nnrt_model *model,
                            const nnrt_pair *pair, size_t class, char room[NNRT_CLASS_TEXT]);

#endif
