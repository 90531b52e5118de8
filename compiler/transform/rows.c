/* rows: brings what is written to the same rows of a recurrence along an axis of copies together:
 * the sum of writes is the write of a sum. So the adjoint of a `repeat` is one sum for its last row
 * and one for all the others, however often the copies read what came before. */
#include "transform.h"

/* What a view does along the rows: rows first + u = place + u of `along`, for u < extent; one row
 * that is written whole where `along` is AXIS_UNIT. */
typedef struct row_write {
  axis along;
  int64_t place, first, extent;
} row_write;

typedef struct row_group {
  row_write at;
  size_t count, capacity, coefficient_capacity;
  const node **term;
  double *coefficient;
} row_group;

enum { DEEPEST_SUM = 64 };

typedef struct row_sum {
  graph *g;
  axis row, copies; /* rows, and the axis of copies that most terms come along             */
  row_group *group;
  size_t groups, group_capacity;
} row_sum;

/* The only variable of the affine form, if its coefficient is 1; else -1. */
static int lone_variable(const affine *a, int box) {
  int found = -1;
  for (int u = 0; u < box; u++) {
    if (a->coefficient[u] == 0) continue;
    if (found >= 0 || a->coefficient[u] != 1) return -1;
    found = u;
  }
  return found;
}

static bool has_variables(const affine *a, int box) {
  for (int u = 0; u < box; u++) {
    if (a->coefficient[u] != 0) return true;
  }
  return false;
}

static int uses_of(const affine *list, int count, int u) {
  int uses = 0;
  for (int k = 0; k < count; k++) uses += list[k].coefficient[u] != 0;
  return uses;
}

/* The view without write w and, where that is not negative, read r and variable u. */
static view without(const view *v, int w, int r, int u) {
  view rest = view_empty();
  int number[MAX_RANK] = {0};
  for (int b = 0; b < v->box; b++) {
    if (b != u) number[b] = view_box(&rest, v->extent[b]);
  }
  for (int k = 0; k < v->reads; k++) {
    affine *read = k == r ? NULL : view_read(&rest, v->read[k].along, v->read[k].constant);
    for (int b = 0; b < v->box && read; b++) {
      if (b != u) read->coefficient[number[b]] = v->read[k].coefficient[b];
    }
  }
  for (int k = 0; k < v->writes; k++) {
    affine *write = k == w ? NULL : view_write(&rest, v->write[k].along, v->write[k].constant);
    for (int b = 0; b < v->box && write; b++) {
      if (b != u) write->coefficient[number[b]] = v->write[k].coefficient[b];
    }
  }
  return rest;
}

/* Splits a view that writes rows into that and the rest of what it does. */
static bool split(const row_sum *s, const node *n, row_write *at, view *rest) {
  if (n->class != NODE_VIEW) return false;
  const view *v = n->view;
  int w = 0, r = 0;
  while (w < v->writes && v->write[w].along != s->row) w++;
  if (w == v->writes) return false;
  *at = (row_write){.along = AXIS_UNIT, .first = v->write[w].constant};
  *rest = without(v, w, -1, -1);
  if (!has_variables(&v->write[w], v->box)) return true;
  int u = lone_variable(&v->write[w], v->box);
  if (u < 0 || uses_of(v->write, v->writes, u) != 1 || uses_of(v->read, v->reads, u) != 1)
    return false;
  while (v->read[r].coefficient[u] == 0) r++;
  if (lone_variable(&v->read[r], v->box) != u) return false;
  at->along = v->read[r].along;
  at->place = v->read[r].constant;
  at->extent = v->extent[u];
  *rest = without(v, w, r, u);
  return true;
}

/* A term that reads rows itself (what a copy hands on as it is) comes along the copies too. */
static void come_along(const row_sum *s, row_write *at, view *rest) {
  if (at->along != s->row || s->copies == AXIS_UNIT) return;
  if (axis_extent(s->g, s->copies) != at->extent || rest->box == MAX_RANK) return;
  if (rest->reads == MAX_RANK || rest->writes == MAX_RANK) return;
  int u = view_box(rest, at->extent);
  view_read(rest, s->row, at->place)->coefficient[u] = 1;
  view_write(rest, s->copies, 0)->coefficient[u] = 1;
  at->along = s->copies;
  at->place = 0;
}

/* The sum that `n` is, perhaps under other names; or NULL. */
static const node *plain_sum(const row_sum *s, const node *n) {
  const node *sum = n;
  if (n->class == NODE_VIEW && view_is_rename(s->g, n->view)) sum = n->operand[0];
  if (sum->class != NODE_SUM || sum->value > 0 || sum->value < 0) return NULL;
  return node_has_axis(n, s->row) ? sum : NULL;
}

/* Term k of plain_sum(n), under the names that n has. */
static const node *shown_term(const row_sum *s, const node *n, const node *sum, int k) {
  axis from[MAX_RANK], to[MAX_RANK];
  if (n == sum) return sum->operand[k];
  int count = view_renamed_axes(n->view, from, to);
  return node_rename_axes(s->g, sum->operand[k], count, from, to);
}

static void find_copies(row_sum *s, const node *n, int depth) {
  row_write at;
  view rest;
  const node *sum = plain_sum(s, n);
  if (split(s, n, &at, &rest) && at.along != AXIS_UNIT && at.along != s->row) s->copies = at.along;
  for (int k = 0; sum && k < sum->operands && depth > 0; k++)
    find_copies(s, sum->operand[k], depth - 1);
}

static row_group *group_of(row_sum *s, const row_write *at) {
  for (size_t k = 0; k < s->groups; k++) {
    const row_write *known = &s->group[k].at;
    if (known->along == at->along && known->place == at->place && known->first == at->first &&
        known->extent == at->extent)
      return &s->group[k];
  }
  row_group fresh = {.at = *at};
  ARENA_PUSH(graph_memory(s->g), s->group, s->groups, s->group_capacity, fresh);
  return &s->group[s->groups - 1];
}

static void add_to(row_sum *s, row_group *group, const node *term, double coefficient) {
  size_t count = group->count;
  ARENA_PUSH(graph_memory(s->g), group->coefficient, count, group->coefficient_capacity,
             coefficient);
  ARENA_PUSH(graph_memory(s->g), group->term, group->count, group->capacity, term);
}

/* Terms of sums in sums count, each; what writes no rows stays as it is. */
static void add_term(row_sum *s, const node *n, double coefficient, int depth,
                     row_group *others) {
  row_write at;
  view rest;
  const node *sum = depth < DEEPEST_SUM ? plain_sum(s, n) : NULL;
  if (sum) {
    for (int k = 0; k < sum->operands; k++)
      add_term(s, shown_term(s, n, sum, k), coefficient * sum->coefficient[k], depth + 1, others);
  } else if (split(s, n, &at, &rest)) {
    come_along(s, &at, &rest);
    add_to(s, group_of(s, &at), node_view(s->g, n->operand[0], &rest), coefficient);
  } else {
    add_to(s, others, n, coefficient);
  }
}

static const node *written(row_sum *s, const row_group *group) {
  view v = view_empty();
  affine *write = view_write(&v, s->row, group->at.first);
  if (group->at.along != AXIS_UNIT) {
    int u = view_box(&v, group->at.extent);
    write->coefficient[u] = 1;
    view_read(&v, group->at.along, group->at.place)->coefficient[u] = 1;
  }
  const node *sum = node_sum(s->g, 0, (int)group->count, group->term, group->coefficient);
  return node_view(s->g, sum, &v);
}

const node *sum_of_rows(graph *g, axis row, int count, const node *const *terms) {
  row_sum s = {.g = g, .row = row, .copies = AXIS_UNIT};
  row_group all = {.count = 0};
  for (int k = 0; k < count; k++) find_copies(&s, terms[k], DEEPEST_SUM);
  for (int k = 0; k < count; k++) add_term(&s, terms[k], 1, 0, &all);
  for (size_t k = 0; k < s.groups; k++) add_to(&s, &all, written(&s, &s.group[k]), 1);
  return node_sum(g, 0, (int)all.count, all.term, all.coefficient);
}
