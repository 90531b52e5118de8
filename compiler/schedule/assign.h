/* What assign.c, contract.c and pieces.c share; nobody outside of schedule/ includes it. */
#ifndef NNCC_ASSIGN_H
#define NNCC_ASSIGN_H

#include "schedule.h"

assignment *assignment_new(entry_plan *e, assignment_kind kind, buffer *target);
variable *assignment_variable(entry_plan *e, assignment *a, axis along, bool bound);
/* The target's index along dimension d, one variable or several, and what it adds to the environment. */
void assignment_place(entry_plan *e, assignment *a, int d);
/* Along all of them. */
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

/* One term of a sum whose terms fill places of their own along `row`: from `first` on, by digits. */
typedef struct piece_digit {
  axis along;           /* of the term's operand */
  int64_t unit, extent; /* what a step of it counts along `row`, and how many there are */
} piece_digit;

typedef struct row_piece {
  const node *term;    /* a view; NULL: places of 0, coefficient 0 */
  double coefficient;
  axis row;
  int64_t first;
  int digits;          /* of a place, counted from `first`; the last is the largest */
  piece_digit digit[MAX_RANK];
} row_piece;

/* The target's indices where the piece is, and the environment that they make. */
void assignment_take_piece(entry_plan *e, assignment *a, const row_piece *one);
/* The contraction that the piece shows, where it belongs in the target. */
void assign_product_piece(entry_plan *e, buffer *target, const row_piece *one);
/* What goes on from copy to copy: each piece is assigned by itself, so that the loop over the copies
 * holds the one that steps, and no row is asked which piece it belongs to. False: it has no such pieces. */
bool assign_rows(entry_plan *e, buffer *target, const node *n);
/* A sum that was found to be of pieces (reach.c). */
void assign_pieces(entry_plan *e, buffer *target, const node *n);
/* target += n, a view that several places of its operand reach. */
void assign_scatter(entry_plan *e, buffer *target, const node *n);

#endif
