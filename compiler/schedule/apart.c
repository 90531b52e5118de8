/* apart: whether the turns of an innermost loop touch no memory of each other's, so that a compiler
 * may take several at once without asking, at run time, how every pair of pointers lies. */
#include "schedule.h"

/* The only dimension, counted in memory's order, of which v drives the index; -1 where there are none
 * or several, or where labels and quotients have a say. */
static int driven_place(const buffer *b, const index_form *at, const variable *v) {
  int found = -1;
  for (int k = 0; k < b->rank; k++) {
    int d = b->order[k];
    for (int t = 0; t < at[d].terms; t++) {
      const variable *of = variable_now(at[d].term[t].of);
      if (of->kind != VARIABLE_LOOP) return -1;
      if (of != v) continue;
      if (found >= 0 || b->dropped[d]) return -1;
      found = k;
    }
  }
  return found;
}

bool adds_to_one_place(const assignment *a, const variable *v) {
  if (!assignment_binds(a, v)) return false;
  for (int d = 0; d < a->target->rank; d++) {
    for (int k = 0; k < a->at[d].terms; k++) {
      const variable *of = variable_now(a->at[d].term[k].of);
      if (of == v || of->kind != VARIABLE_LOOP) return false;
    }
  }
  return true;
}

/* It adds to a scalar, which is stored, or added to memory, behind the loop. */
static bool is_collected(const assignment *a, const variable *v) {
  return (assignment_collects(a) && assignment_binds(a, v)) || adds_to_one_place(a, v);
}

/* Two places of one buffer that are never the same. */
static bool never_meet(const buffer *b, const index_form *at, const index_form *other) {
  for (int d = 0; d < b->rank; d++) {
    if (!b->dropped[d] && index_never_equal(&at[d], &other[d])) return true;
  }
  return false;
}

/* One writes and the other touches the same storage: only ever the same turn's element of it. */
static bool meets_in_turn(const assignment *w, const buffer *b, const index_form *at,
                          const variable *v) {
  if (buffer_storage(w->target) != buffer_storage(b)) return true;
  if (w->target == b && never_meet(b, w->at, at)) return true;
  int mine = driven_place(w->target, w->at, v), other = driven_place(b, at, v);
  if (mine < 0 || mine != other) return false;
  return index_equal(&w->at[w->target->order[mine]], &at[b->order[other]]);
}

static bool stands_apart(const step *loop, const assignment *w) {
  const variable *v = loop->over;
  if (w->product || w->last) return false;
  if (buffer_is_scalar(w->target) || is_collected(w, v)) return true;
  if (driven_place(w->target, w->at, v) < 0) return false;
  for (const step *s = loop->first; s; s = s->next) {
    const assignment *a = s->what;
    if (!buffer_is_scalar(a->target) && !is_collected(a, v) &&
        !meets_in_turn(w, a->target, a->at, v)) {
      return false;
    }
    for (const buffer_read *r = a->reads; r; r = r->next) {
      if (!meets_in_turn(w, r->from, r->at, v)) return false;
    }
  }
  return true;
}

/* What is read of the result's storage is the element that is written. */
static bool reads_its_place(const assignment *a, const buffer_read *r) {
  bool same = r->from->rank == a->target->rank;
  for (int k = 0; k < a->target->rank && same; k++) {
    same = index_equal(&a->at[a->target->order[k]], &r->at[r->from->order[k]]);
  }
  return same;
}

/* The loop fills places J u + w, a loop over w < J in each of its turns, and reads no other place of that
 * storage. */
static bool fills_digits(const step *loop) {
  const step *inner = loop->first;
  if (!inner || inner->next || inner->kind != STEP_LOOP) return false;
  const step *only = inner->first;
  if (!only || only->next || only->kind != STEP_ASSIGNMENT) return false;
  const assignment *a = only->what;
  const variable *u = loop->over, *w = inner->over;
  int driven = driven_place(a->target, a->at, u);
  if (a->kind != ASSIGN_ELEMENTS || driven < 0 || buffer_is_scalar(a->target)) return false;
  const index_form *at = &a->at[a->target->order[driven]];
  int64_t by[2] = {0, 0};
  for (int t = 0; t < at->terms; t++) {
    by[0] += variable_now(at->term[t].of) == u ? at->term[t].coefficient : 0;
    by[1] += variable_now(at->term[t].of) == w ? at->term[t].coefficient : 0;
  }
  if (by[1] != 1 || w->low != 0 || by[0] < w->high) return false;
  for (const buffer_read *r = a->reads; r; r = r->next) {
    const bool meets = buffer_storage(r->from) == buffer_storage(a->target);
    if (meets && !reads_its_place(a, r)) return false;
  }
  return true;
}

bool turns_stand_apart(const step *loop) {
  if (loop->over->time || loop->downwards) return false;
  if (fills_digits(loop)) return true;
  for (const step *s = loop->first; s; s = s->next) {
    if (s->kind != STEP_ASSIGNMENT) return false;
  }
  for (const step *s = loop->first; s; s = s->next) {
    if (!stands_apart(loop, s->what)) return false;
  }
  return true;
}
