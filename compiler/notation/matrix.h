/* What the files of matrix notation share (matrix.c says how it is written); nobody outside of
 * notation/ includes it. */
#ifndef NNCC_MATRIX_H
#define NNCC_MATRIX_H

#include "notation.h"

/* An axis whose place is an index on the symbols: along `along` they are read at letter + by. */
typedef struct ambient ambient;
struct ambient {
  axis along;
  const char *letter; /* NULL: not written (the samples, in each_sample) */
  int64_t by;
  bool fixed;         /* at the place `by` alone */
  const ambient *outer;
};

typedef struct matrix_page {
  const notation *s;
  arena *memory;
  bool each_sample;
  int depth;
} matrix_page;

/* ---- matrix.c ------------------------------------------------------------------------------- */

/* The node laid out as `as`, at the places of the ambient axes; NULL: there is no such matrix. */
const formula *matrix_at(matrix_page *p, const node *n, orientation as, const ambient *at);

/* ---- matrix_symbol.c ------------------------------------------------------------------------ */

/* The axis among them, or NULL. */
const ambient *ambient_of(const ambient *at, axis a);
/* Axes that are rows and columns somewhere: not ambient. At most two fit; `out` has room for
 * three. */
int plain_axes(const node *n, const ambient *at, axis *out);
/* What are rows and columns of the symbol's own matrix; false: it has more axes. */
bool matrix_layout(const symbol *of, const ambient *at, orientation *out, int *entries);
/* The symbol with the indices of its ambient axes. */
const formula *matrix_letter(matrix_page *p, const symbol *of, bool upper, const ambient *at);
const formula *symbol_matrix(matrix_page *p, const symbol *of, orientation as, const ambient *at);
const formula *matrix_ones(matrix_page *p);
const formula *matrix_transposed(matrix_page *p, const formula *f);
/* A symbol laid out as `own`, as `wanted`: turned, or repeated along what it lacks. */
const formula *matrix_turned(matrix_page *p, const formula *f, orientation own, orientation wanted);

/* ---- matrix_product.c ----------------------------------------------------------------------- */

const formula *product_matrix(matrix_page *p, const node *n, orientation as, const ambient *at);
/* A letter for an axis that is summed over outside of the chain, or that stays an index. */
const char *ambient_letter(matrix_page *p, axis a, const ambient *at);

#endif
