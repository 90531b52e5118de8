/* A model's text through the parser and elaboration, and its values at single elements. Tests
 * compare these with plain loops over the same leaves. */
#ifndef NNCC_HELPER_ELABORATE_H
#define NNCC_HELPER_ELABORATE_H

#include "helper_evaluate.h"
#include "transform.h"

typedef struct subject {
  arena *memory;
  program *p;    /* NULL after errors */
  int errors;
  char *said;    /* the diagnostics */
  world w;
  int64_t *at;   /* position along every axis; [AXIS_BATCH] is the sample */
} subject;

/* Elaborates; fails the test on errors. */
subject elaborated(const char *model);
/* Elaborates whatever it is; -D N=value where N is not NULL. */
subject elaborated_anyhow(const char *model, const char *N, double value);
void subject_free(subject *s);

/* Elements by the model's names; up to four indices, -1 behind the last. */
#define LEAF(s, word, ...) leaf_value((s), (word), (const int64_t[]){__VA_ARGS__, -1, -1, -1, -1})
#define OUTPUT(s, word, ...)                                                                      \
  output_value((s), (word), (const int64_t[]){__VA_ARGS__, -1, -1, -1, -1})
double leaf_value(subject *s, const char *word, const int64_t *index);
double output_value(subject *s, const char *word, const int64_t *index);
double scalar_value(subject *s, const node *n);
const definition *output_of(const subject *s, const char *word);
const definition *definition_named(const subject *s, const char *word);
const tensor *parameter_named(const subject *s, const char *word);

/* |found - wanted| <= 1e-12, relative to the larger of them where that is above 1. */
void assert_equal(double found, double wanted, const char *what);

#endif
