/* finish: passes over a product's result that become part of it: a bias, an activation, a derivative's
 * first factor, and sums over rows. The runtime's product calls them for the parts of its result that
 * are complete (nnrt_finish), so that they are read while they are near, and by the thread that has
 * computed them.
 *
 * Such a pass follows the product, runs over the places of its result in their order in memory, reads
 * of it nothing but the place at hand, and writes nothing that the product still reads. */
#include "schedule.h"
#include "work.h"

enum { WORTH_FINISHING = 16384 }; /* elements of a result: of fewer all stays near anyway */

/* A product and the pass behind it. */
typedef struct candidate {
  const entry_plan *e;
  const assignment *product;
  step *pass;
  int loops;
  const variable *row[MAX_RANK]; /* of the pass's loops, outermost first; the last is along columns */
  const step *innermost;
} candidate;

static double elements_of(const candidate *c) {
  const matrix_product *p = c->product->product;
  const size_form m = group_turns(p, GROUP_M), n = group_turns(p, GROUP_N);
  return (double)m.count * (double)n.count * (m.batch || n.batch ? c->e->of->nominal_batch : 1);
}

static bool is_call(const candidate *c) {
  const matrix_product *p = c->product->product;
  return p && !p->windows && !p->small && !c->product->conditions && c->product->loops == 0 &&
         p->count[GROUP_M] > 0 && p->count[GROUP_N] == 1 && !recurs(c->e, c->product) &&
         elements_of(c) >= WORTH_FINISHING;
}

/* The loops run as the product's rows and columns do. */
static bool find_loops(candidate *c) {
  const matrix_product *p = c->product->product;
  const int rows = p->count[GROUP_M];
  const step *s = c->pass;
  for (; s && s->kind == STEP_LOOP && c->loops <= rows; s = s->first) {
    const variable *v = s->over;
    const variable *along = c->loops < rows ? p->variable[GROUP_M][c->loops] : p->variable[GROUP_N][0];
    if (s != c->pass && s->next) return false;
    if (s->downwards || v->time || v->low != 0 || along->low != 0) return false;
    if (v->batch != along->batch || (!v->batch && v->high != along->high)) return false;
    c->row[c->loops++] = v;
    c->innermost = s;
  }
  return c->loops == rows + 1;
}

/* What the product's variable is in the pass. */
static const variable *counterpart(const candidate *c, const variable *v) {
  const matrix_product *p = c->product->product;
  for (int k = 0; k < p->count[GROUP_M]; k++) {
    if (p->variable[GROUP_M][k] == v) return c->row[k];
  }
  return v == p->variable[GROUP_N][0] ? c->row[c->loops - 1] : v;
}

/* `at` is the place of the result that stands at the pass's indices. */
static bool is_at_hand(const candidate *c, const index_form *at) {
  const assignment *a = c->product;
  for (int d = 0; d < a->target->rank; d++) {
    const variable *made = index_variable(&a->at[d]), *found = index_variable(&at[d]);
    if (!made) {
      if (!index_equal(&a->at[d], &at[d])) return false;
    } else if (!found || counterpart(c, made) != found || a->at[d].constant != at[d].constant) {
      return false;
    }
  }
  return true;
}

static bool drives(const assignment *a, const variable *v) {
  for (int d = 0; d < a->target->rank; d++) {
    if (a->at[d].constant == 0 && index_variable(&a->at[d]) == v) return true;
  }
  return false;
}

/* Each place has its own element of the target, or each column, to which rows are added. */
static bool writes_in_turn(const candidate *c, const assignment *a) {
  const matrix_product *p = c->product->product;
  const size_form n = group_turns(p, GROUP_N);
  for (int k = 0; k < c->loops; k++) {
    if (drives(a, c->row[k])) continue;
    const bool in_order = !p->transposed[0] && !n.batch && n.count >= NNRT_WHOLE_COLUMNS;
    if (k == c->loops - 1 || !in_order || !assignment_binds(a, c->row[k])) return false;
  }
  return true;
}

static bool is_read_by(const assignment *product, const buffer *b) {
  for (const buffer_read *r = product->reads; r; r = r->next) {
    if (r->from == b) return true;
  }
  return false;
}

static bool can_follow(const candidate *c, const assignment *a, bool *reads_result) {
  const buffer *result = c->product->target;
  const bool known = a->kind == ASSIGN_ELEMENTS || (a->kind == ASSIGN_PRODUCT && !assignment_collects(a));
  if (!known || a->product || a->last || is_read_by(c->product, a->target)) return false;
  if (!writes_in_turn(c, a)) return false;
  if (a->target == result && !is_at_hand(c, a->at)) return false;
  for (const buffer_read *r = a->reads; r; r = r->next) {
    if (r->from != result) continue;
    if (!is_at_hand(c, r->at)) return false;
    *reads_result = true;
  }
  return true;
}

static bool can_finish(candidate *c) {
  bool reads_result = false;
  if (!is_call(c) || !find_loops(c)) return false;
  for (const step *s = c->innermost->first; s; s = s->next) {
    if (s->kind != STEP_ASSIGNMENT || !can_follow(c, s->what, &reads_result)) return false;
  }
  return reads_result;
}

/* ---- clearing --------------------------------------------------------------------------------- */

static void put_before(entry_plan *e, step *s, step *clear) {
  step **first = s->parent ? &s->parent->first : &e->first;
  clear->parent = s->parent;
  clear->previous = s->previous;
  clear->next = s;
  *(s->previous ? &s->previous->next : first) = clear;
  s->previous = clear;
}

/* What stands between the product and its pass goes in front of both. */
static void move_before(entry_plan *e, step *s, step *clear) {
  clear->previous->next = clear->next;
  clear->next->previous = clear->previous;
  put_before(e, s, clear);
}

/* Sums over rows, which a loop begins where it stands, are begun in front of the product. */
static void begin_before(entry_plan *e, step *s, const step *pass) {
  for (int k = 0; k < pass->reductions; k++) {
    assignment *a = pass->reduction[k];
    if (a->adds) continue;
    step *clear = arena_alloc(e->of->memory, sizeof *clear);
    clear->kind = STEP_CLEAR;
    clear->what = a;
    a->adds = true;
    put_before(e, s, clear);
  }
  if (pass->first->kind == STEP_LOOP) begin_before(e, s, pass->first);
}

static void finish_block(entry_plan *e, step *first) {
  for (step *s = first; s; s = s->next) {
    if (s->kind == STEP_LOOP) finish_block(e, s->first);
    if (s->kind != STEP_ASSIGNMENT) continue;
    step *pass = s->next;
    while (pass && pass->kind == STEP_CLEAR) pass = pass->next;
    candidate c = {.e = e, .product = s->what, .pass = pass};
    if (!pass || pass->kind != STEP_LOOP || !can_finish(&c)) continue;
    while (s->next != pass) move_before(e, s, s->next);
    begin_before(e, s, pass);
    s->finish = pass;
    pass->finishes = s;
  }
}

void finish_products(entry_plan *e) {
  if (e->kind == ENTRY_GRADIENT || e->kind == ENTRY_TEST || e->kind == ENTRY_PREDICT)
    finish_block(e, e->first);
}

const step *step_finished(const step *s) {
  while (s && !s->finishes) s = s->parent;
  return s ? s->finishes : NULL;
}
