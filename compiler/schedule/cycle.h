/* What cycle.c and copies.c share; nobody outside of schedule/ includes it. */
#ifndef NNCC_CYCLE_H
#define NNCC_CYCLE_H

#include "schedule.h"

/* A set of assignments to order, as a list. */
typedef struct assignment_set {
  int count;
  assignment **item;
} assignment_set;

/* Notes of each assignment which component it is in. */
void number_components(assignment_set *found, int count);

/* The distance of a read along the axis that both step along: which step of the writer it sees,
 * relative to its own. False where that is not known. */
bool read_distance(const assignment *a, const buffer_read *r, const assignment *writer,
                   variable **along, int64_t *distance);
/* The assignment's own variable along the same axis, over the same range; or NULL. */
variable *variable_like(const assignment *a, const variable *v);
/* The same; or the variable of a sum over the axis, where those may be added up turn by turn. */
variable *variable_along(const entry_plan *e, const assignment *a, const variable *v);

/* Components in an order in which each comes after what it depends on, of which number `loop` is a
 * loop over copies (sign as for its reads: -1 upwards, 1 downwards): ties to it all that runs along
 * the copies too and may lie in the loop. False if there is no such thing. */
bool tie_to_loop(entry_plan *e, assignment_set *found, int count, int loop, int sign);

/* Moves what nobody in the set reads (gradients) to where its last operand is made, so that operands
 * are free again. */
void bring_forward(entry_plan *e, assignment_set *found, int count);

#endif
