/* ram: the plan of a program that fits into so much memory; see ram.c. */
#ifndef NNCC_RAM_H
#define NNCC_RAM_H

#include "schedule.h"
#include "transform.h"

/* Needs: a lowered program that can be scheduled. Gives: the plan that computes the least again of
 * those whose training step at `train`'s batch takes at most `ram` bytes; NULL where none does, with
 * *least set to the smallest number that would. */
plan *plan_within(const program *p, int real_bytes, int64_t ram, int64_t *least);

#endif
