/* What the files that turn a recorded derivation into a document share; nobody outside of explain/
 * includes it.
 *
 *   story    the document
 *   unfold   recorded steps as a chain of equations
 */
#ifndef NNCC_STORY_H
#define NNCC_STORY_H

#include "explain.h"

typedef struct story {
  notation *n;
  arena *memory;
  document *d;
  const emitted_places *places; /* of the emitted C, or NULL                                      */
  int real_bytes;
  bool *reached;                /* by node id: the objective needs it                             */
} story;

/* ---- stable.c ---- */
void tell_stable_forms(const story *s);

/* ---- fold.c ---- */
/* What repeats itself layer after layer, but for the numbers in names, stands once. */
void document_fold(document *d);

/* ---- place.c ---- */
/* Where the emitted C computes it; NULL: nowhere by itself. */
const emitted_place *place_in_code(const story *s, const symbol *of);

/* ---- cost.c ---- */
void tell_cost(story *s);

/* ---- unfold.c ---- */
/* Adds to the chain: left = the shares as derive wrote them [reason] = ... = the adjoint, a line
 * for each recorded step that shows. */
void unfold_adjoint(story *s, index_letters *l, block *chain, const formula *left,
                    const derivation_adjoint *of, const phrase *reason);
/* left = the node as the model wrote it = ... = the node. */
void unfold_written(story *s, index_letters *l, block *chain, const formula *left, const node *value);

#endif
