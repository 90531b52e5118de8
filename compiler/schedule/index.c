/* index: affine index expressions over loop variables, and what environments tell of axes. */
#include "schedule.h"

/* ---- forms -------------------------------------------------------------------------------- */

variable *variable_now(variable *v) {
  while (v->same) v = v->same;
  return v;
}

index_form index_constant(int64_t constant) {
  return (index_form){.constant = constant};
}

index_form index_of(variable *v) { return (index_form){0, 1, {{v, 1}}}; }

static void drop_term(index_form *form, int k) {
  form->terms--;
  for (; k < form->terms; k++) form->term[k] = form->term[k + 1];
}

static void add_term(index_form *to, variable *v, int64_t coefficient) {
  for (int k = 0; k < to->terms; k++) {
    if (variable_now(to->term[k].of) != variable_now(v)) continue;
    to->term[k].coefficient += coefficient;
    if (to->term[k].coefficient == 0) drop_term(to, k);
    return;
  }
  if (to->terms < INDEX_TERMS) to->term[to->terms++] = (index_term){v, coefficient};
}

index_form index_add(index_form a, int64_t by, const index_form *b) {
  if (by == 0) return a;
  a.constant += by * b->constant;
  for (int k = 0; k < b->terms; k++) add_term(&a, b->term[k].of, by * b->term[k].coefficient);
  return a;
}

index_form index_moving(const index_form *a) {
  index_form moving = *a;
  for (int k = moving.terms; k-- > 0;) {
    if (variable_now(moving.term[k].of)->stands) drop_term(&moving, k);
  }
  return moving;
}

bool index_equal(const index_form *a, const index_form *b) {
  index_form difference = index_add(*a, -1, b);
  return difference.terms == 0 && difference.constant == 0;
}

index_form *index_copy(arena *memory, int count, const index_form *at) {
  index_form *copy = arena_alloc(memory, ((size_t)count + 1) * sizeof *copy);
  for (int k = 0; k < count; k++) copy[k] = at[k];
  return copy;
}

variable *index_variable(const index_form *a) {
  if (a->terms != 1 || a->term[0].coefficient != 1) return NULL;
  variable *v = variable_now(a->term[0].of);
  return v->kind == VARIABLE_LOOP ? v : NULL;
}

bool index_bounds(const index_form *a, int64_t *low, int64_t *high) {
  *low = *high = a->constant;
  for (int k = 0; k < a->terms; k++) {
    const variable *v = variable_now(a->term[k].of);
    int64_t by = a->term[k].coefficient;
    if (v->batch) return false;
    *low += by * (by > 0 ? v->low : v->high - 1);
    *high += by * (by > 0 ? v->high - 1 : v->low);
  }
  return true;
}

static int64_t greatest_divisor(int64_t a, int64_t b) {
  while (b != 0) {
    const int64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a < 0 ? -a : a;
}

/* Of a quotient by the number of samples, say, no bounds are known, nor of an index that runs on beyond
 * the dimension. */
static bool has_loops_alone(const index_form *a) {
  for (int k = 0; k < a->terms; k++) {
    const variable *v = variable_now(a->term[k].of);
    if (v->kind != VARIABLE_LOOP || v->joined[0]) return false;
  }
  return true;
}

bool index_never_equal(const index_form *a, const index_form *b) {
  int64_t low[2], high[2], divisor = 0;
  if (has_loops_alone(a) && has_loops_alone(b) && index_bounds(a, &low[0], &high[0]) &&
      index_bounds(b, &low[1], &high[1]) && (high[0] < low[1] || high[1] < low[0])) return true;
  for (int k = 0; k < a->terms; k++) divisor = greatest_divisor(divisor, a->term[k].coefficient);
  for (int k = 0; k < b->terms; k++) divisor = greatest_divisor(divisor, b->term[k].coefficient);
  return divisor > 1 && (a->constant - b->constant) % divisor != 0;
}

variable *variable_loop(arena *memory, const graph *g, axis a) {
  variable *v = arena_alloc(memory, sizeof *v);
  v->kind = VARIABLE_LOOP;
  v->along = a;
  v->batch = a == AXIS_BATCH;
  v->high = v->batch ? 0 : axis_extent(g, a);
  return v;
}

/* ---- division ----------------------------------------------------------------------------- */

static index_form index_divided(arena *memory, index_form of, int64_t divisor,
                                variable_kind kind) {
  variable *v = arena_alloc(memory, sizeof *v);
  int64_t low, high;
  bool known = index_bounds(&of, &low, &high);
  v->kind = kind;
  v->form = of;
  v->divisor = divisor;
  v->high = kind == VARIABLE_REMAINDER ? divisor : known && high >= 0 ? high / divisor + 1 : 1;
  return index_of(v);
}

/* Splits `of` into divisor * quotient + remainder, without a division where its terms tell. */
static void index_divide(arena *memory, index_form of, int64_t divisor, index_form *quotient,
                         index_form *remainder) {
  *quotient = index_constant(of.constant >= 0 ? of.constant / divisor : 0);
  *remainder = index_constant(of.constant - quotient->constant * divisor);
  for (int k = 0; k < of.terms; k++) {
    int64_t by = of.term[k].coefficient;
    bool whole = by % divisor == 0;
    add_term(whole ? quotient : remainder, of.term[k].of, whole ? by / divisor : by);
  }
  int64_t low, high;
  const bool known = index_bounds(remainder, &low, &high) && low >= 0;
  if (known && high < divisor) return;
  if (!known) {
    *quotient = index_constant(0);
    *remainder = of;
  }
  const index_form rest = *remainder, more = index_divided(memory, rest, divisor, VARIABLE_QUOTIENT);
  *quotient = index_add(*quotient, 1, &more);
  *remainder = index_divided(memory, rest, divisor, VARIABLE_REMAINDER);
}

/* ---- environments ------------------------------------------------------------------------- */

index_form environment_at(const environment *where, axis a) {
  for (; where; where = where->outer) {
    if (where->along == a) return index_moving(&where->at);
  }
  return index_constant(0);
}

const environment *environment_put(arena *memory, const environment *outer, axis a,
                                   index_form at) {
  environment *inner = arena_alloc(memory, sizeof *inner);
  *inner = (environment){a, at, outer};
  return inner;
}

static void push_condition(arena *memory, condition **list, condition wanted) {
  for (const condition *c = *list; c; c = c->next) {
    if (c->low == wanted.low && c->high == wanted.high && c->divisor == wanted.divisor &&
        index_equal(&c->of, &wanted.of)) {
      return;
    }
  }
  condition *fresh = arena_alloc(memory, sizeof *fresh);
  *fresh = wanted;
  fresh->next = *list;
  *list = fresh;
}

void condition_add(arena *memory, condition **list, index_form of, int64_t low, int64_t high) {
  int64_t least, largest;
  if (index_bounds(&of, &least, &largest) && least >= low && largest < high) return;
  push_condition(memory, list, (condition){of, low, high, 0, NULL});
}

bool conditions_never_hold(const condition *list) {
  for (; list; list = list->next) {
    int64_t low, high;
    const bool known = has_loops_alone(&list->of) && index_bounds(&list->of, &low, &high);
    if (known && (high < list->low || low >= list->high)) return true;
  }
  return false;
}

/* ---- reading through views ---------------------------------------------------------------- */

/* The box variables of a view, as far as they are known. */
typedef struct box_places {
  bool known[MAX_RANK];
  index_form at[MAX_RANK];
} box_places;

static void place_known(arena *memory, const view *v, box_places *box, int u, index_form at,
                        condition **conditions) {
  if (box->known[u]) {
    condition_add(memory, conditions, index_add(at, -1, &box->at[u]), 0, 1);
    return;
  }
  box->known[u] = true;
  box->at[u] = at;
  condition_add(memory, conditions, at, 0, v->extent[u]);
}

/* The variable with the largest coefficient below `below` that the affine form has, or -1. */
static int largest_variable(const view *v, const affine *a, int64_t below) {
  int found = -1;
  for (int u = 0; u < v->box; u++) {
    int64_t by = a->coefficient[u];
    if (by <= 0 || by >= below) continue;
    if (found < 0 || by > a->coefficient[found]) found = u;
  }
  return found;
}

static int affine_terms(const view *v, const affine *a, int *only) {
  int terms = 0;
  for (int u = 0; u < v->box; u++) {
    if (a->coefficient[u] == 0) continue;
    terms++;
    *only = u;
  }
  return terms;
}

/* Of a write J u + v with v < J: the digits of the place. False if places do not tell them. */
static bool solve_digits(arena *memory, const view *v, const affine *a, index_form rest,
                         box_places *box, condition **conditions) {
  int u = largest_variable(v, a, INT64_MAX), seen = 0, only = 0;
  if (u >= 0) condition_add(memory, conditions, rest, 0, a->coefficient[u] * v->extent[u]);
  while (u >= 0) {
    int64_t by = a->coefficient[u];
    int below = largest_variable(v, a, by);
    if (below >= 0 && by < a->coefficient[below] * v->extent[below]) return false;
    index_form quotient = rest, remainder = index_constant(0);
    if (by > 1) index_divide(memory, rest, by, &quotient, &remainder);
    condition *told = NULL; /* by the first condition */
    place_known(memory, v, box, u, quotient, seen == 0 ? &told : conditions);
    rest = remainder;
    seen++;
    if (below < 0 && by > 1) condition_add(memory, conditions, rest, 0, 1);
    u = below;
  }
  return seen == affine_terms(v, a, &only);
}

static bool solve_write(arena *memory, const view *v, const affine *a, const environment *where,
                        box_places *box, condition **conditions) {
  index_form rest = environment_at(where, a->along);
  rest.constant -= a->constant;
  int u = 0, terms = affine_terms(v, a, &u);
  if (terms == 0) {
    condition_add(memory, conditions, rest, 0, 1);
    return true;
  }
  if (terms == 1 && a->coefficient[u] == -1) {
    index_form zero = index_constant(0);
    place_known(memory, v, box, u, index_add(zero, -1, &rest), conditions);
    return true;
  }
  if (terms == 1 && a->coefficient[u] == 1) {
    place_known(memory, v, box, u, rest, conditions);
    return true;
  }
  for (int w = 0; w < v->box; w++) {
    if (a->coefficient[w] < 0 || (a->coefficient[w] > 0 && box->known[w])) return false;
  }
  return solve_digits(memory, v, a, rest, box, conditions);
}

/* Writes along one variable come first: they may tell it to the ones that need digits. */
static bool solve_box(arena *memory, const view *v, const environment *where, box_places *box,
                      condition **conditions) {
  for (int pass = 0; pass < 2; pass++) {
    for (int k = 0; k < v->writes; k++) {
      int u = 0;
      bool plain = affine_terms(v, &v->write[k], &u) <= 1;
      if (plain != (pass == 0)) continue;
      if (!solve_write(memory, v, &v->write[k], where, box, conditions)) return false;
    }
  }
  for (int u = 0; u < v->box; u++) {
    if (!box->known[u]) return false;
  }
  return true;
}

/* The constant part of a read. One place read along an axis and written along the same one is a step
 * too, h[t - 1] where t is 1: said so, a recurrence over two steps keeps its distance. */
static index_form step_of_one(const view *v, const affine *read, const environment *where) {
  int u = 0;
  for (int k = 0; k < v->writes && affine_terms(v, read, &u) == 0; k++) {
    if (v->write[k].along != read->along || affine_terms(v, &v->write[k], &u) > 0) continue;
    index_form at = environment_at(where, read->along);
    at.constant += read->constant - v->write[k].constant;
    return at;
  }
  return index_constant(read->constant);
}

const environment *environment_through(arena *memory, const graph *g, const view *v,
                                       const environment *where, condition **conditions) {
  box_places box = {{false}, {{0}}};
  condition *added = *conditions;
  (void)g;
  if (!solve_box(memory, v, where, &box, &added)) return NULL;
  *conditions = added;
  const environment *inner = where;
  for (int k = 0; k < v->reads; k++) {
    index_form at = step_of_one(v, &v->read[k], where);
    for (int u = 0; u < v->box; u++) {
      at = index_add(at, v->read[k].coefficient[u], &box.at[u]);
    }
    inner = environment_put(memory, inner, v->read[k].along, at);
  }
  if (inner == where) inner = environment_put(memory, where, -1, index_constant(0));
  return inner;
}

bool view_gathers(const graph *g, const view *v) {
  arena *memory = graph_memory(g);
  const environment *where = NULL;
  condition *conditions = NULL;
  for (int k = 0; k < v->writes; k++) {
    variable *at = variable_loop(memory, g, v->write[k].along);
    where = environment_put(memory, where, v->write[k].along, index_of(at));
  }
  return environment_through(memory, g, v, where, &conditions) != NULL;
}
