/* calls: exp(), tanh() and the like in loops of few turns, of which compilers make vectors for a part of the
 * turns or not at all: exp(x[i] c[k]) with 6 k. Their operands are stored, and if need be their results, so
 * that one long loop goes over all of them as they lie (join.c). */
#include "schedule.h"

enum {
  MOST_SHORT = 15,    /* of more, the turns beyond the last vector are few beside the others      */
  VECTOR = 8,
  FEWEST_PLACES = 16  /* that are worth a pass of their own                                       */
};

static bool is_short(size_form turns) {
  return !turns.batch && turns.count <= MOST_SHORT && turns.count % VECTOR != 0;
}

/* The variable along which the target's elements lie this many apart, or NULL. */
static const variable *variable_at(const entry_plan *e, const assignment *a, size_form stride) {
  const address to = buffer_address(e->of->g, a->target, a->at);
  for (int k = 0; k < a->variables; k++) {
    const variable *v = variable_now(a->variable[k]);
    const size_form by = address_stride(&to, v), turns = variable_turns(v);
    if (turns.count == 1 && !turns.batch) continue;
    if (by.count == stride.count && by.batch == stride.batch) return v;
  }
  return NULL;
}

static bool is_even(const entry_plan *e, const assignment *a) {
  const variable *inner = variable_at(e, a, (size_form){1, false});
  if (!inner || a->kind != ASSIGN_ELEMENTS) return false;
  const variable *outer = variable_at(e, a, variable_turns(inner));
  return outer && indices_count_on(e->of, a, outer, inner);
}

/* Elements with calls, the loop along memory short. */
static bool is_in_short_loop(const entry_plan *e, const assignment *a) {
  if (a->kind != ASSIGN_ELEMENTS || a->product || a->last || calls_within(e, a) == 0 || recurs(e, a)) return false;
  const variable *inner = variable_at(e, a, (size_form){1, false});
  return inner && is_short(variable_turns(inner)) && nominal_turns(e, a) >= FEWEST_PLACES;
}

/* A sum with calls in its terms, the last of the indices that it goes over short. */
static bool sums_in_short_loop(const entry_plan *e, const assignment *a) {
  if (a->kind != ASSIGN_PRODUCT || a->free == a->variables || calls_within(e, a) == 0 || recurs(e, a)) return false;
  const variable *last = variable_now(a->variable[a->variables - 1]);
  return variable_turns(last).count > 1 && is_short(variable_turns(last)) && nominal_turns(e, a) >= FEWEST_PLACES;
}

static bool is_call(const node *n) { return n->class == NODE_MAP && op_is_vector_code(n->op); }

static bool mark(const entry_plan *e, const node *n) {
  const bool can = n->class > NODE_EXTENT && n->rank > 1 && !n->integer && !n->boolean && !e->held[n->id];
  if (!can || e->of->node_alone[n->id]) return false;
  e->of->node_alone[n->id] = true;
  return true;
}

/* Whether there was anything to store in what n is made of, down to what is stored: one thing at a time, as
 * with that the rest may lie evenly. */
static bool mark_calls(const entry_plan *e, const node *n, bool root) {
  bool any = false;
  if (n->class <= NODE_EXTENT || (e->held[n->id] && !root)) return false;
  if (is_call(n)) any = mark(e, n->operand[0]) || (!root && mark(e, n));
  for (int k = 0; k < n->operands && !any; k++) any = mark_calls(e, n->operand[k], false);
  return any;
}

/* Their results. */
static bool mark_terms(const entry_plan *e, const node *n) {
  bool any = false;
  if (n->class <= NODE_EXTENT || e->held[n->id]) return false;
  if (is_call(n) && mark(e, n)) return true;
  for (int k = 0; k < n->operands; k++) any = mark_terms(e, n->operand[k]) || any;
  return any;
}

bool find_short_calls(entry_plan *e) {
  bool any = false;
  for (size_t k = 0; k < e->assignments; k++) {
    assignment *a = e->assignment[k];
    const bool in_short = is_in_short_loop(e, a);
    a->even = is_even(e, a);
    a->flat = in_short && a->even;
    if (in_short && !a->even) any = mark_calls(e, a->what, true) || any;
    const int terms = sums_in_short_loop(e, a) ? a->factors : 0;
    for (int j = 0; j < terms; j++) any = mark_terms(e, a->factor[j].what) || any;
  }
  return any;
}
