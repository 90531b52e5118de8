/* Emitted C of models given as text. */
#ifndef HELPER_EMIT_H
#define HELPER_EMIT_H

#include "emit.h"

typedef struct emitted {
  arena *memory;
  const char *code, *header;
} emitted;

emitted emit_text(const char *model, int real_bytes, bool lib);
void forget_emitted(emitted *one);
/* The text of `static double compute_gradient(...)` and its like, up to the closing brace. */
const char *function_text(const emitted *one, const char *function);
int count_lines(const char *chars);
int count_of(const char *chars, const char *part);

#endif
