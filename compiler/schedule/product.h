/* product: what product.c and window.c share. */
#ifndef NNCC_PRODUCT_H
#define NNCC_PRODUCT_H

#include "schedule.h"

/* What is known of a contraction that may be a product. */
typedef struct product_match {
  entry_plan *e;
  assignment *a;
  matrix_product made;
  address at[3]; /* of A, B, Y */
  int groups[3]; /* variables found for m, n, k */
  variable *group[3][2 * MAX_RANK];
} product_match;

/* Two factors that are elements of buffers, and each variable in two of A, B and Y, or in all. */
bool find_roles(product_match *m);
/* The variable of the group whose steps go on where the inner one's turns end, in both addresses;
 * -1 where there is none. */
int next_outer(const product_match *m, int group, const address *p, const address *q,
               const variable *inner);
/* A product over windows, with the least work of all ways to see one; needs the roles. */
bool match_windows(product_match *m);

#endif
