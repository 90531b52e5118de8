/* What the constructors' files share; nobody outside of graph/ includes it. */
#ifndef NNCC_CONSTRUCT_H
#define NNCC_CONSTRUCT_H

#include "graph.h"

struct graph {
  arena *memory;
  name_table *names;
  /* nodes by id, and an open hash table of ids + 1 */
  const node **nodes;
  size_t node_count, node_capacity;
  uint32_t *slots;
  size_t slot_count;
  struct axis_row {
    name hint;
    int64_t extent;
    bool copies;
  axis_part part;
  } *axes;
  size_t axis_count, axis_capacity;
  tensor **tensors;
  size_t tensor_count, tensor_capacity;
  rewrite_hook *rewrite;
  void *rewrite_data;
  bool lowered; /* graph_set_lowered */
  bool records; /* graph_record */
  int depth;
  derivation_step *steps;
  size_t step_count, step_capacity;
};

/* ---- record.c ---- */
/* Where g->records: before equals after by that rule. */
void record_step(graph *g, const char *rule, const written_term *before,
                 const written_term *after);
/* The sum or product as it was given to a constructor; coefficients and powers may be NULL. */
written_term term_of_sum(double value, int count, const node *const *terms,
                         const double *coefficients);

/* ---- sorted sets of axes ---- */
typedef struct axis_set {
  int count;
  axis axes[2 * MAX_RANK];
} axis_set;

bool set_has(const axis_set *set, axis a);
void set_add(axis_set *set, axis a);
void set_remove(axis_set *set, axis a);
void set_add_all(axis_set *set, int count, const axis *axes);

/* ---- node.c ---- */
/* Interns: an equal node if there is one, else a copy of the candidate with its arrays. The
 * rewrite hook has its say first. */
const node *node_intern(graph *g, node *candidate);
/* The node that is equal to the candidate, or NULL. */
const node *node_known(const graph *g, const node *candidate);
/* An array of `count` items that lives as long as the graph (copied there by node_intern where
 * the node is new, so scratch may be reused: it is freed with the arena only). */
void *scratch(graph *g, size_t count, size_t item_bytes);

/* ---- product.c ---- */
/* The sum over k of onehot times value, inside exponentials, logarithms and products. */
const node *node_gather(graph *g, const node *onehot, const node *value, axis k);

/* ---- float.c ---- */
/* Renamings float outwards. Given the operands of an elementwise node or a contraction, takes
 * renaming views off them where all operands can follow; bound axes among them are renamed in
 * place, free ones are noted, to be put back around the result. */
typedef struct floated {
  int count;
  axis native[MAX_RANK], outer[MAX_RANK];
} floated;
void float_operands(graph *g, int count, const node **operands, int bound, axis *bound_axes,
                    floated *out);
const node *float_wrap(graph *g, const node *n, const floated *f);

#endif
