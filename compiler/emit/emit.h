/* emit: from a plan to C99 that reads like the C that a careful numerical programmer writes.
 * Emission decides nothing of order, storage or products: it prints what the plan says. */
#ifndef NNCC_EMIT_H
#define NNCC_EMIT_H

#include "base.h"
#include "graph.h"
#include "schedule.h"

/* The first line that fills a value, in which function. */
typedef struct emitted_place {
  const buffer *of;
  entry_kind entry;
  const char *function;
  int line;
} emitted_place;

typedef struct emitted_places {
  size_t count, capacity;
  emitted_place *item;
} emitted_places;

typedef struct emit_options {
  int real_bytes; /* 4: float, 8: double; as the plan was made for */
  bool lib;       /* no main() */
  const char *lines_of; /* the emitted file's name: #line directives lead to the model, and back to
                         * that; NULL: none */
  emitted_places *places; /* to be filled, in the order of the text; NULL: not asked for. The text is
                           * the same either way; not together with lines_of */
  bool standalone; /* with all that it needs of the runtime: no other file but libm */
} emit_options;

/* The whole C file. The same plan gives the same bytes. */
void emit_model(text *out, const plan *p, const emit_options *options);
/* The C API of the model, documented. */
void emit_header(text *out, const plan *p, const emit_options *options);

#endif
