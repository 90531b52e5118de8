/* What segment.c and recompute.c share: a program once more over other nodes, the old one left as
 * it is. References of the new program are tensors of their own, twins of the old ones. */
#ifndef NNCC_REBUILD_H
#define NNCC_REBUILD_H

#include "transform.h"

typedef struct rebuilding {
  const program *p;
  graph *g;
  arena *memory;
  int count, tensors;   /* nodes and tensors that there were before */
  const bool *reached;
  const node **made;    /* by old id */
  tensor **twin;        /* by old tensor number: of references */
  const tensor **state; /* by old id: the reference whose body the node is, or NULL */
} rebuilding;

rebuilding rebuilding_of(const program *p, const bool *reached);
/* A reference like `t`, of other dimensions; without a body yet. */
tensor *reference_like(rebuilding *r, const tensor *t, int rank, const int64_t *shape);
/* The operands of n, made anew. */
const node *const *made_operands(const rebuilding *r, const node *n);
/* What has been made of the definition's value, where anything has. */
definition rebuilt_definition(const rebuilding *r, const definition *of);
definition *rebuilt_list(const rebuilding *r, int count, const definition *list);

#endif
