/* Reading through a view, against the definition of views: for u in box, result[writes(u)] +=
 * operand[reads(u)], everything else zero. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#include "schedule.h"

enum { ROWS = 9, LARGEST = 64 };

typedef struct subject {
  arena *memory;
  graph *g;
  axis from[2], to[2];   /* the operand's axes, the result's */
  int reads, writes;
  view v;
} subject;

static void set_axes(subject *s, int reads, int64_t r0, int64_t r1, int writes, int64_t w0,
                     int64_t w1) {
  name hint = name_of(graph_names(s->g), "i");
  s->reads = reads;
  s->writes = writes;
  s->from[0] = axis_new(s->g, hint, r0);
  s->from[1] = axis_new(s->g, hint, r1);
  s->to[0] = axis_new(s->g, hint, w0);
  s->to[1] = axis_new(s->g, hint, w1);
}

static void shift(subject *s) { /* h[t-1] over 5 steps */
  set_axes(s, 1, 5, 1, 1, 5, 1);
  int u = view_box(&s->v, 4);
  view_read(&s->v, s->from[0], 0)->coefficient[u] = 1;
  view_write(&s->v, s->to[0], 1)->coefficient[u] = 1;
}

static void place_at_end(subject *s) {
  set_axes(s, 1, 3, 1, 2, 3, 4);
  int u = view_box(&s->v, 3);
  view_read(&s->v, s->from[0], 0)->coefficient[u] = 1;
  view_write(&s->v, s->to[0], 0)->coefficient[u] = 1;
  view_write(&s->v, s->to[1], 3);
}

static void slice(subject *s) {
  set_axes(s, 2, 4, 3, 1, 3, 1);
  int u = view_box(&s->v, 3);
  view_read(&s->v, s->from[0], 2);
  view_read(&s->v, s->from[1], 0)->coefficient[u] = 1;
  view_write(&s->v, s->to[0], 0)->coefficient[u] = 1;
}

static void window(subject *s) { /* x[2 i + p] */
  set_axes(s, 1, 7, 1, 2, 3, 3);
  int u = view_box(&s->v, 3), p = view_box(&s->v, 3);
  affine *read = view_read(&s->v, s->from[0], 0);
  read->coefficient[u] = 2;
  read->coefficient[p] = 1;
  view_write(&s->v, s->to[0], 0)->coefficient[u] = 1;
  view_write(&s->v, s->to[1], 0)->coefficient[p] = 1;
}

static void flatten(subject *s) {
  set_axes(s, 2, 3, 4, 1, 12, 1);
  int u = view_box(&s->v, 3), w = view_box(&s->v, 4);
  view_read(&s->v, s->from[0], 0)->coefficient[u] = 1;
  view_read(&s->v, s->from[1], 0)->coefficient[w] = 1;
  affine *write = view_write(&s->v, s->to[0], 0);
  write->coefficient[u] = 4;
  write->coefficient[w] = 1;
}

static void flatten_into_part(subject *s) { /* as in concat(y, flatten(x)) */
  set_axes(s, 2, 2, 3, 1, 10, 1);
  int u = view_box(&s->v, 2), w = view_box(&s->v, 3);
  view_read(&s->v, s->from[0], 0)->coefficient[u] = 1;
  view_read(&s->v, s->from[1], 0)->coefficient[w] = 1;
  affine *write = view_write(&s->v, s->to[0], 3);
  write->coefficient[u] = 3;
  write->coefficient[w] = 1;
}

static void unflatten(subject *s) {
  set_axes(s, 1, 6, 1, 2, 2, 3);
  int u = view_box(&s->v, 2), w = view_box(&s->v, 3);
  affine *read = view_read(&s->v, s->from[0], 0);
  read->coefficient[u] = 3;
  read->coefficient[w] = 1;
  view_write(&s->v, s->to[0], 0)->coefficient[u] = 1;
  view_write(&s->v, s->to[1], 0)->coefficient[w] = 1;
}

static void diagonal_back(subject *s) { /* the adjoint of x[i, i] */
  set_axes(s, 1, 4, 1, 2, 4, 4);
  int u = view_box(&s->v, 4);
  view_read(&s->v, s->from[0], 0)->coefficient[u] = 1;
  view_write(&s->v, s->to[0], 0)->coefficient[u] = 1;
  view_write(&s->v, s->to[1], 0)->coefficient[u] = 1;
}

static void stride_back(subject *s) { /* the adjoint of x[3 i + 1] */
  set_axes(s, 1, 3, 1, 1, 9, 1);
  int u = view_box(&s->v, 3);
  view_read(&s->v, s->from[0], 0)->coefficient[u] = 1;
  view_write(&s->v, s->to[0], 1)->coefficient[u] = 3;
}

static void (*const rows[ROWS])(subject *) = {
    shift, place_at_end, slice, window, flatten, flatten_into_part, unflatten, diagonal_back,
    stride_back};

static int64_t value_of(const affine *a, const int64_t *u, int box) {
  int64_t at = a->constant;
  for (int k = 0; k < box; k++) at += a->coefficient[k] * u[k];
  return at;
}

/* result[w0][w1] is 100 + the operand's number that the definition puts there, 0 elsewhere. */
static void by_definition(const subject *s, int64_t result[LARGEST]) {
  const view *v = &s->v;
  int64_t u[MAX_RANK] = {0}, total = 1;
  for (int k = 0; k < v->box; k++) total *= v->extent[k];
  for (int64_t n = 0; n < total; n++) {
    int64_t rest = n, read[2] = {0, 0}, write[2] = {0, 0};
    for (int k = 0; k < v->box; k++) {
      u[k] = rest % v->extent[k];
      rest /= v->extent[k];
    }
    for (int k = 0; k < v->reads; k++) read[k] = value_of(&v->read[k], u, v->box);
    for (int k = 0; k < v->writes; k++) write[k] = value_of(&v->write[k], u, v->box);
    int64_t columns = s->writes > 1 ? axis_extent(s->g, s->to[1]) : 1;
    int64_t inner = s->reads > 1 ? axis_extent(s->g, s->from[1]) : 1;
    result[write[0] * columns + write[1]] += 100 + read[0] * inner + read[1];
  }
}

/* The value of a form once every loop variable has one. */
static int64_t at_point(const index_form *form, variable *const *loops, const int64_t *point) {
  int64_t at = form->constant;
  for (int k = 0; k < form->terms; k++) {
    const variable *v = form->term[k].of;
    int64_t value = 0;
    if (v->kind == VARIABLE_LOOP) value = point[v == loops[0] ? 0 : 1];
    else {
      int64_t inner = at_point(&v->form, loops, point);
      value = v->kind == VARIABLE_QUOTIENT ? inner / v->divisor : inner % v->divisor;
    }
    at += form->term[k].coefficient * value;
  }
  return at;
}

static bool all_hold(const condition *list, variable *const *loops, const int64_t *point) {
  for (; list; list = list->next) {
    int64_t at = at_point(&list->of, loops, point);
    if (at < list->low || at >= list->high) return false;
  }
  return true;
}

ParameterizedTestParameters(index, reading_follows_the_definition) {
  static int numbers[ROWS];
  for (int k = 0; k < ROWS; k++) numbers[k] = k;
  return cr_make_param_array(int, numbers, ROWS);
}

ParameterizedTest(int *row, index, reading_follows_the_definition) {
  subject s = {.memory = arena_new(), .v = view_empty()};
  s.g = graph_new(s.memory, name_table_new(s.memory));
  rows[*row](&s);
  int64_t wanted[LARGEST] = {0};
  by_definition(&s, wanted);
  variable *loops[2] = {NULL, NULL};
  const environment *where = NULL;
  for (int k = 0; k < s.writes; k++) {
    loops[k] = variable_loop(s.memory, s.g, s.to[k]);
    where = environment_put(s.memory, where, s.to[k], index_of(loops[k]));
  }
  condition *conditions = NULL;
  where = environment_through(s.memory, s.g, &s.v, where, &conditions);
  cr_assert_not_null(where);
  int64_t columns = s.writes > 1 ? axis_extent(s.g, s.to[1]) : 1;
  int64_t inner = s.reads > 1 ? axis_extent(s.g, s.from[1]) : 1;
  for (int64_t i = 0; i < axis_extent(s.g, s.to[0]); i++) {
    for (int64_t j = 0; j < columns; j++) {
      const int64_t point[2] = {i, j};
      int64_t found = 0;
      if (all_hold(conditions, loops, point)) {
        index_form first = environment_at(where, s.from[0]);
        found = 100 + at_point(&first, loops, point) * inner;
        index_form second = environment_at(where, s.from[1]);
        if (s.reads > 1) found += at_point(&second, loops, point);
      }
      cr_expect_eq(found, wanted[i * columns + j], "view %d at %lld, %lld: %lld, not %lld", *row,
                   (long long)i, (long long)j, (long long)found,
                   (long long)wanted[i * columns + j]);
    }
  }
  arena_free(s.memory);
}

Test(index, a_scatter_has_no_single_source) {
  subject s = {.memory = arena_new(), .v = view_empty()};
  s.g = graph_new(s.memory, name_table_new(s.memory));
  set_axes(&s, 2, 3, 3, 1, 5, 1);
  int u = view_box(&s.v, 3), p = view_box(&s.v, 3);
  view_read(&s.v, s.from[0], 0)->coefficient[u] = 1;
  view_read(&s.v, s.from[1], 0)->coefficient[p] = 1;
  affine *write = view_write(&s.v, s.to[0], 0);
  write->coefficient[u] = 1;
  write->coefficient[p] = 1;
  cr_expect_not(view_gathers(s.g, &s.v));
  arena_free(s.memory);
}

Test(index, forms_add_and_compare) {
  arena *memory = arena_new();
  graph *g = graph_new(memory, name_table_new(memory));
  axis a = axis_new(g, "i", 4), b = axis_new(g, "j", 3);
  variable *i = variable_loop(memory, g, a), *j = variable_loop(memory, g, b);
  index_form of_i = index_of(i), of_j = index_of(j);
  index_form sum = index_add(index_add(index_constant(2), 3, &of_i), -1, &of_j);
  int64_t low, high;
  cr_assert(index_bounds(&sum, &low, &high));
  cr_expect_eq(low, 0);
  cr_expect_eq(high, 11);
  index_form back = index_add(index_add(sum, 1, &of_j), -3, &of_i);
  index_form two = index_constant(2);
  cr_expect(index_equal(&back, &two));
  cr_expect_null(index_variable(&sum));
  j->same = i; /* two loops become one: 3 i - i is 2 i */
  index_form joined = index_add(index_add(index_constant(0), 3, &of_i), -1, &of_j);
  cr_expect_eq(joined.terms, 1);
  cr_expect_eq(joined.term[0].coefficient, 2);
  arena_free(memory);
}
