/* digits: indices that run as several variables, because what is read divides them. */
#include "assign.h"

enum { MOST_SPLIT = 6, MOST_DIGITS = 4, MOST_VARIABLES = 2 * MAX_RANK - 4 };

/* An axis, and what one step of each of its digits but the last counts, falling. */
typedef struct split_axis {
  axis along;
  int units;
  int64_t unit[MOST_DIGITS];
} split_axis;

struct digit_list {
  int count;
  split_axis item[MOST_SPLIT];
};

static split_axis *split_of(digit_list *list, axis along) {
  for (int k = 0; list && k < list->count; k++) {
    if (list->item[k].along == along) return &list->item[k];
  }
  return NULL;
}

index_form assignment_index(entry_plan *e, assignment *a, axis along, bool bound) {
  const split_axis *split = split_of(a->digits, along);
  index_form whole = index_constant(0);
  int64_t places = along == AXIS_BATCH ? 0 : axis_extent(e->of->g, along);
  for (int k = 0; split && k < split->units; k++) {
    variable *v = assignment_variable(e, a, along, bound);
    const index_form digit = index_of(v);
    v->unit = split->unit[k];
    v->high = places / v->unit;
    places = v->unit;
    whole = index_add(whole, v->unit, &digit);
  }
  variable *last = assignment_variable(e, a, along, bound);
  const index_form digit = index_of(last);
  last->unit = 1;
  if (split) last->high = places;
  return index_add(digit, 1, &whole);
}

/* Of c v + rest, divided by J c, where the rest is less than c: J. 0 where it is anything else. */
static int64_t divisor_of(const variable *of, variable *v) {
  if (of->kind != VARIABLE_QUOTIENT && of->kind != VARIABLE_REMAINDER) return 0;
  index_form rest = of->form;
  const index_form one = index_of(v);
  int64_t by = 0, low, high;
  for (int k = 0; k < rest.terms; k++) {
    if (variable_now(rest.term[k].of) == v) by = rest.term[k].coefficient;
  }
  if (by <= 0 || of->divisor % by != 0) return 0;
  rest = index_add(rest, -by, &one);
  return index_bounds(&rest, &low, &high) && low >= 0 && high < by ? of->divisor / by : 0;
}

/* The number by which everything that is read divides v, if that is one number; else 0. */
static int64_t common_divisor(const assignment *a, variable *v) {
  int64_t common = 0;
  for (const buffer_read *r = a->reads; r; r = r->next) {
    for (int d = 0; d < r->from->rank; d++) {
      for (int k = 0; k < r->at[d].terms; k++) {
        int64_t one = divisor_of(variable_now(r->at[d].term[k].of), v);
        if (one && common && one != common) return 0;
        if (one) common = one;
      }
    }
  }
  return common;
}

static void add_unit(split_axis *to, int64_t unit) {
  int at = to->units++;
  for (; at > 0 && to->unit[at - 1] < unit; at--) to->unit[at] = to->unit[at - 1];
  to->unit[at] = unit;
}

static bool add_split(digit_list *list, axis along, int64_t unit) {
  split_axis *to = split_of(list, along);
  if (!to && list->count == MOST_SPLIT) return false;
  if (!to) {
    to = &list->item[list->count++];
    *to = (split_axis){.along = along};
  }
  if (to->units == MOST_DIGITS) return false;
  add_unit(to, unit);
  return true;
}

/* Whether v may run as several variables. */
static bool may_split(const plan *p, const variable *v) {
  if (v->batch || v->along < 0 || v->unit == 0) return false;
  return !axis_counts_copies(p->g, v->along) && !p->axis_whole[v->along];
}

bool find_digits(entry_plan *e, assignment *a) {
  digit_list list = {0};
  int variables = a->variables;
  bool any = false;
  if (a->digits) list = *a->digits;
  for (int k = 0; k < a->variables && variables < MOST_VARIABLES; k++) {
    variable *v = a->variable[k];
    if (!may_split(e->of, v)) continue;
    const int64_t by = common_divisor(a, v);
    if (by <= 1 || v->high % by != 0 || v->high <= by) continue;
    if (!add_split(&list, v->along, v->unit * by)) continue;
    any = true;
    variables++;
  }
  if (!any) return false;
  a->digits = arena_alloc(e->of->memory, sizeof list);
  *a->digits = list;
  return true;
}

bool keep_axes_whole(const plan *p, const assignment *a) {
  for (int k = 0; a->digits && k < a->digits->count; k++) p->axis_whole[a->digits->item[k].along] = true;
  return a->digits != NULL;
}
