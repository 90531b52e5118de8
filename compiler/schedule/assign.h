/* What assign.c and contract.c share; nobody outside of schedule/ includes it. */
#ifndef NNCC_ASSIGN_H
#define NNCC_ASSIGN_H

#include "schedule.h"

assignment *assignment_new(entry_plan *e, assignment_kind kind, buffer *target);
variable *assignment_variable(entry_plan *e, assignment *a, axis along, bool bound);
/* The target's indices, and the environment that they make. */
void assignment_free(entry_plan *e, assignment *a);
const environment *assignment_bind(entry_plan *e, assignment *a, axis along,
                                   const environment *where);
/* The index along an axis: one variable of the assignment, or one for each of its digits. */
index_form assignment_index(entry_plan *e, assignment *a, axis along, bool bound);
/* Of a variable that what is read divides, two: v is J u + w. Without divisions loops over it are vector
 * code, or a product: so a pool's gradient is read, channels by groups, and whatever is reshaped. Adds to
 * the assignment's digits; whether there is anything to add, so that it must be made anew. */
bool find_digits(entry_plan *e, assignment *a);

/* Notes what computing `n` at `where` reads. `inside`: n is what the assignment computes, not a
 * reading of it. */
void note_reads(entry_plan *e, assignment *a, const node *n, const environment *where, bool inside);
void note_form(entry_plan *e, assignment *a, const index_form *form);
void note_conditions(entry_plan *e, assignment *a, const condition *list);
void note_read(entry_plan *e, assignment *a, buffer *from, const index_form *at);

/* target += coefficient * n, where n is a contraction, perhaps behind views. */
void assign_product(entry_plan *e, buffer *target, const node *n, double coefficient);
/* target += n, a view that several places of its operand reach. */
void assign_scatter(entry_plan *e, buffer *target, const node *n);

#endif
