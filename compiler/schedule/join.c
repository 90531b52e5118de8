/* join: two loops, one in the other and nothing else in that, become one where all that they touch lies as if
 * one index ran through it: x[(s * I + i) * K + k] is x[k] with k below n * I * K. Compilers make vectors
 * along the innermost loop, which may be short.
 *
 * The outer variable stands at 0 from then on, and the inner one counts on beyond its dimension; so where an
 * index stands must have no say but in what is read and written. */
#include "schedule.h"

static bool is_plain_loop(const step *s) {
  return s->kind == STEP_LOOP && !s->downwards && !s->finish && !s->finishes && !s->split && !s->over->time &&
         s->over->low == 0;
}

static size_form times(size_form a, size_form b) {
  return (size_form){a.count * b.count, a.batch || b.batch};
}

/* A place along w begins anew where the next turn of v is. */
static bool counts_on(const plan *p, const buffer *b, const index_form *at, const variable *v, const variable *w) {
  for (int d = 0; d < b->rank; d++) {
    for (int k = 0; k < at[d].terms; k++) {
      const variable *of = variable_now(at[d].term[k].of);
      if (of->kind != VARIABLE_LOOP) return false;
      if ((of == v || of == w) && at[d].term[k].coefficient < 0) return false;
    }
  }
  const address whole = buffer_address(p->g, b, at);
  const size_form outer = address_stride(&whole, v), inner = address_stride(&whole, w);
  const size_form row = times(inner, variable_turns(w));
  if (inner.batch && variable_turns(w).batch) return false;
  return outer.count == row.count && (outer.count == 0 || outer.batch == row.batch);
}

bool indices_count_on(const plan *p, const assignment *a, const variable *v, const variable *w) {
  const bool simple = a->kind == ASSIGN_ELEMENTS || a->kind == ASSIGN_PRODUCT;
  if (!simple || a->product || a->last || a->conditions || a->index_matters || a->piece) return false;
  if (!counts_on(p, a->target, a->at, v, w)) return false;
  for (const buffer_read *r = a->reads; r; r = r->next) {
    if (!counts_on(p, r->from, r->at, v, w)) return false;
  }
  return true;
}

static bool can_join(const plan *p, const step *outer) {
  const step *inner = outer->first;
  if (!inner || inner->next || !is_plain_loop(outer) || !is_plain_loop(inner)) return false;
  if (inner->reductions != 0) return false; /* of each turn of the outer one */
  for (const step *s = inner->first; s; s = s->next) {
    if (s->kind != STEP_ASSIGNMENT || !indices_count_on(p, s->what, outer->over, inner->over)) return false;
  }
  for (int k = 0; k < outer->reductions; k++) {
    if (!assignment_binds(outer->reduction[k], inner->over)) return false;
  }
  return inner->first != NULL;
}

static void drop_standing(index_form *at, int rank) {
  for (int d = 0; d < rank; d++) at[d] = index_moving(&at[d]);
}

static void count_on(assignment *a) {
  int loops = 0;
  drop_standing(a->at, a->target->rank);
  for (buffer_read *r = a->reads; r; r = r->next) drop_standing(r->at, r->from->rank);
  for (int k = 0; k < a->factors; k++) {
    if (a->factor[k].from) drop_standing(a->factor[k].at, a->factor[k].from->rank);
  }
  for (int k = 0; k < a->loops; k++) {
    a->loop[k] = variable_now(a->loop[k]);
    if (!a->loop[k]->stands) a->loop[loops++] = a->loop[k];
  }
  a->loops = loops;
}

static void join(entry_plan *e, step *outer) {
  step *inner = outer->first;
  variable *v = outer->over, *w = inner->over, *both = arena_alloc(e->of->memory, sizeof *both);
  *both = *w;
  both->joined[0] = v;
  both->joined[1] = w;
  w->same = both;
  v->stands = true;
  outer->over = both;
  outer->first = inner->first;
  outer->last = inner->last;
  for (step *s = outer->first; s; s = s->next) {
    s->parent = outer;
    count_on(s->what);
  }
}

static void join_block(entry_plan *e, step *first) {
  for (step *s = first; s; s = s->next) {
    if (s->kind != STEP_LOOP || s->finishes) continue;
    join_block(e, s->first);
    if (can_join(e->of, s)) join(e, s);
  }
}

void join_loops(plan *p) {
  for (int k = 0; k < ENTRY_COUNT; k++) {
    if (has_entry(p, (entry_kind)k)) join_block(&p->entry[k], p->entry[k].first);
  }
}
