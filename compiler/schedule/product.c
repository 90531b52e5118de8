/* product: which contractions are matrix products, with what runs as m, n and k. */
#include "product.h"

/* ---- ranges --------------------------------------------------------------------------------- */

size_form variable_turns(const variable *v) {
  if (v->joined[0]) {
    const size_form outer = variable_turns(v->joined[0]), inner = variable_turns(v->joined[1]);
    return (size_form){outer.count * inner.count, outer.batch || inner.batch};
  }
  if (v->batch) return (size_form){1, true};
  return (size_form){v->high > v->low ? v->high - v->low : 0, false};
}

size_form group_turns(const matrix_product *p, int group) {
  size_form size = {1, false};
  for (int k = 0; k < p->count[group]; k++) {
    size_form one = variable_turns(p->variable[group][k]);
    size = (size_form){size.count * one.count, size.batch || one.batch};
  }
  return size;
}

bool steps_in_recurrence(const graph *g, const variable *v) {
  return v->time && (v->along < 0 || !axis_counts_copies(g, v->along));
}

bool recurs(const entry_plan *e, const assignment *a) {
  for (int k = 0; k < a->variables; k++) {
    if (steps_in_recurrence(e->of->g, variable_now(a->variable[k]))) return true;
  }
  return false;
}

static bool owns(const assignment *a, const variable *v) {
  for (int k = 0; k < a->variables; k++) {
    if (variable_now(a->variable[k]) == v) return true;
  }
  return false;
}

/* low <= v + c < high narrows v, unless v is a loop over time, which others run along too. */
static bool narrow(const assignment *a, const condition *c) {
  variable *v = index_variable(&c->of);
  if (!v || v->time || v->batch || c->divisor || !owns(a, v)) return false;
  int64_t low = c->low - c->of.constant, high = c->high - c->of.constant;
  if (low > v->low) v->low = low;
  if (high < v->high) v->high = high;
  if (v->high < v->low) v->high = v->low; /* no turn at all */
  return true;
}

void narrow_ranges(entry_plan *e) {
  for (size_t k = 0; k < e->assignments; k++) {
    assignment *a = e->assignment[k];
    for (condition **c = &a->conditions; *c;) {
      if (narrow(a, *c)) *c = (*c)->next;
      else c = &(*c)->next;
    }
  }
}

/* ---- roles ---------------------------------------------------------------------------------- */

static bool is_one(double power) { return power > 0.999 && power < 1.001; }

static bool find_factors(product_match *m) {
  const assignment *a = m->a;
  int found = 0;
  for (int k = 0; k < a->factors; k++) {
    const factor_read *f = &a->factor[k];
    if (factor_is_scale(f)) continue;
    bool plain = f->from && f->from->type == NUMBER_REAL && is_one(f->power) && !f->what->boolean;
    if (!plain || found == 2) return false;
    *(found++ == 0 ? &m->made.a : &m->made.b) = k;
  }
  return found == 2;
}

static bool only_loops(const address *at) {
  for (int k = 0; k < at->terms; k++) {
    if (variable_now(at->term[k].of)->kind != VARIABLE_LOOP) return false;
  }
  return true;
}

static bool only_time(const condition *list) {
  for (; list; list = list->next) {
    variable *v = index_variable(&list->of);
    if (!v || !v->time) return false;
  }
  return true;
}

/* The one step of a segment that borders on another: a loop around the call. */
static bool single_step(const graph *g, const variable *v) {
  bool steps = !v->batch && v->along >= 0 && axis_part_of(g, v->along) == AXIS_STEPS;
  return steps && v->high - v->low == 1;
}

/* Something is read backwards along it, as by the way back of a bidirectional network: a loop around the call. */
static bool runs_backwards(const product_match *m, const variable *v) {
  for (int k = 0; k < 3; k++) {
    if (address_stride(&m->at[k], v).count < 0) return true;
  }
  return false;
}

/* Sorts the variables into the groups by where they appear. */
static bool find_groups(product_match *m) {
  for (int k = 0; k < m->a->variables; k++) {
    variable *v = variable_now(m->a->variable[k]);
    if (v->time || single_step(m->e->of->g, v) || runs_backwards(m, v)) continue;
    bool in_a = address_stride(&m->at[0], v).count != 0;
    bool in_b = address_stride(&m->at[1], v).count != 0;
    bool in_y = address_stride(&m->at[2], v).count != 0;
    if (in_a && in_b && in_y) continue;
    if (in_a + in_b + in_y != 2) return false;
    int group = !in_y ? GROUP_K : in_a ? GROUP_M : GROUP_N;
    m->group[group][m->groups[group]++] = v;
  }
  return m->groups[GROUP_K] > 0 && m->groups[GROUP_M] + m->groups[GROUP_N] > 0;
}

/* ---- variables that run as one --------------------------------------------------------------- */

static bool follows(size_form outer, size_form inner, size_form turns) {
  if (outer.count != inner.count * turns.count) return false;
  return outer.batch == (inner.batch || turns.batch) && !(inner.batch && turns.batch);
}

int next_outer(const product_match *m, int group, const address *p, const address *q,
                      const variable *inner) {
  size_form turns = variable_turns(inner);
  for (int k = 0; k < m->groups[group]; k++) {
    const variable *v = m->group[group][k];
    if (v != inner && follows(address_stride(p, v), address_stride(p, inner), turns) &&
        follows(address_stride(q, v), address_stride(q, inner), turns)) {
      return k;
    }
  }
  return -1;
}

static double nominal(const entry_plan *e, size_form size) {
  return (double)size.count * (size.batch ? e->of->nominal_batch : 1);
}

/* The longest run of variables that the group has: from each as the innermost, outwards. */
static double join_group(product_match *m, int group, const address *p, const address *q) {
  double most = 0;
  for (int k = 0; k < m->groups[group]; k++) {
    variable *run[MAX_RANK];
    int count = 0;
    double turns = 1;
    for (int at = k; at >= 0 && count < MAX_RANK; at = next_outer(m, group, p, q, run[count - 1])) {
      run[count++] = m->group[group][at];
      turns *= nominal(m->e, variable_turns(run[count - 1]));
    }
    if (turns <= most) continue;
    most = turns;
    m->made.count[group] = count;
    for (int j = 0; j < count; j++) m->made.variable[group][count - 1 - j] = run[j];
  }
  return m->groups[group] > 0 ? most : 1;
}

static const variable *innermost(const product_match *m, int group) {
  int count = m->made.count[group];
  return count > 0 ? m->made.variable[group][count - 1] : NULL;
}

/* A group of one turn has no stride of its own: any will do. */
static bool unit(const product_match *m, int which, int group) {
  const variable *v = innermost(m, group);
  if (!v) return true;
  size_form stride = address_stride(&m->at[which], v);
  return stride.count == 1 && !stride.batch;
}

/* Rows must not be shorter than what lies in them: windows overlap, and BLAS refuses those. */
static bool rows_hold(const product_match *m, int which, int row, int column) {
  const variable *r = innermost(m, row), *c = innermost(m, column);
  if (!r || !c) return true;
  size_form stride = address_stride(&m->at[which], r), turns = {1, false};
  for (int k = 0; k < m->made.count[column]; k++) {
    size_form more = variable_turns(m->made.variable[column][k]);
    turns = (size_form){turns.count * more.count, turns.batch || more.batch};
  }
  return stride.batch >= turns.batch && (stride.batch > turns.batch || stride.count >= turns.count);
}

static void swap_roles(product_match *m) {
  matrix_product *made = &m->made, old = m->made;
  address first = m->at[0];
  made->a = old.b;
  made->b = old.a;
  m->at[0] = m->at[1];
  m->at[1] = first;
  made->count[GROUP_M] = old.count[GROUP_N];
  made->count[GROUP_N] = old.count[GROUP_M];
  for (int k = 0; k < MAX_RANK; k++) {
    made->variable[GROUP_M][k] = old.variable[GROUP_N][k];
    made->variable[GROUP_N][k] = old.variable[GROUP_M][k];
  }
}

/* One column, as of the derivative by a row of weights: as one row, which runs along memory as A does, it is made
 * of rows of A, that are read as they lie. */
static bool is_column(const product_match *m) {
  return !innermost(m, GROUP_N) && unit(m, 2, GROUP_M) && unit(m, 0, GROUP_M) && !unit(m, 0, GROUP_K);
}

static bool find_orientation(product_match *m) {
  if (is_column(m)) swap_roles(m);
  if (!unit(m, 2, GROUP_N)) {
    if (!unit(m, 2, GROUP_M)) return false;
    swap_roles(m);
  }
  m->made.transposed[0] = !unit(m, 0, GROUP_K);
  m->made.transposed[1] = !unit(m, 1, GROUP_N);
  if (m->made.transposed[0] && !unit(m, 0, GROUP_M)) return false;
  if (m->made.transposed[1] && !unit(m, 1, GROUP_K)) return false;
  bool first = m->made.transposed[0] ? rows_hold(m, 0, GROUP_K, GROUP_M)
                                     : rows_hold(m, 0, GROUP_M, GROUP_K);
  bool second = m->made.transposed[1] ? rows_hold(m, 1, GROUP_N, GROUP_K)
                                      : rows_hold(m, 1, GROUP_K, GROUP_N);
  return first && second && rows_hold(m, 2, GROUP_M, GROUP_N);
}

static bool is_small(const product_match *m) {
  double known = 1;
  for (int group = 0; group < 3; group++) {
    for (int k = 0; k < m->made.count[group]; k++) {
      const variable *v = m->made.variable[group][k];
      if (!v->batch) known *= (double)variable_turns(v).count;
    }
  }
  return known <= LARGEST_SMALL;
}

/* ---- the match ------------------------------------------------------------------------------ */

bool find_roles(product_match *m) {
  const graph *g = m->e->of->g;
  const assignment *a = m->a;
  if (a->kind != ASSIGN_PRODUCT || a->target->type != NUMBER_REAL) return false;
  if (!only_time(a->conditions) || !find_factors(m)) return false;
  const factor_read *first = &a->factor[m->made.a], *second = &a->factor[m->made.b];
  m->at[0] = buffer_address(g, first->from, first->at);
  m->at[1] = buffer_address(g, second->from, second->at);
  m->at[2] = buffer_address(g, a->target, a->at);
  for (int k = 0; k < 3; k++) {
    if (!only_loops(&m->at[k])) return false;
  }
  return find_groups(m);
}

static bool match(product_match *m) {
  double work = join_group(m, GROUP_M, &m->at[0], &m->at[2]);
  work *= join_group(m, GROUP_N, &m->at[1], &m->at[2]);
  work *= join_group(m, GROUP_K, &m->at[0], &m->at[1]);
  m->made.small = is_small(m);
  return work >= SMALLEST_PRODUCT && find_orientation(m);
}

void match_products(entry_plan *e) {
  for (size_t k = 0; k < e->assignments; k++) {
    product_match m = {.e = e, .a = e->assignment[k]};
    if (!find_roles(&m)) continue;
    product_match windows = m;
    if (!match(&m)) {
      if (!match_windows(&windows)) continue;
      m = windows;
    }
    m.a->product = arena_alloc(e->of->memory, sizeof *m.a->product);
    *m.a->product = m.made;
  }
}
