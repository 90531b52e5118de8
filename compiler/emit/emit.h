/* emit: from a plan to C99 that reads like the C that a careful numerical programmer writes.
 * Emission decides nothing of order, storage or products: it prints what the plan says. */
#ifndef NNCC_EMIT_H
#define NNCC_EMIT_H

#include "base.h"
#include "graph.h"
#include "schedule.h"

typedef struct emit_options {
  int real_bytes; /* 4: float, 8: double; as the plan was made for */
  bool lib;       /* no main() */
  const char *lines_of; /* the emitted file's name: #line directives lead to the model, and back to
                         * that; NULL: none */
  bool standalone; /* with all that it needs of the runtime: no other file but libm */
} emit_options;

/* The whole C file. The same plan gives the same bytes. */
void emit_model(text *out, const plan *p, const emit_options *options);
/* The C API of the model, documented. */
void emit_header(text *out, const plan *p, const emit_options *options);

#endif
