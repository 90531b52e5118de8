/* pieces: sums whose terms each fill places of their own along one axis: a concatenation, the derivative by
 * what is sliced (gates, queries and keys), what goes on from copy to copy. Each term is assigned by itself,
 * where it belongs, so nobody asks of a place which term it is of, nor adds up zeroes. */
#include "assign.h"

enum { MOST_PIECES = 17 };

typedef struct piece_list {
  int count;
  row_piece item[MOST_PIECES];
} piece_list;

/* ---- finding them ----------------------------------------------------------------------------- */

static const affine *write_along(const view *v, axis along) {
  for (int k = 0; k < v->writes; k++) {
    if (v->write[k].along == along) return &v->write[k];
  }
  return NULL;
}

/* What a box variable runs along in the operand; AXIS_UNIT where it does not. */
static axis axis_of_box(const view *v, int u) {
  for (int k = 0; k < v->reads; k++) {
    if (v->read[k].coefficient[u] != 0) return v->read[k].along;
  }
  return AXIS_UNIT;
}

/* The box variable that counts `by` in this write and is told by no other; or -1. */
static int digit_of(const view *v, const affine *write, int64_t by) {
  int found = -1;
  for (int u = 0; u < v->box; u++) {
    if (write->coefficient[u] == by) found = u;
  }
  for (int k = 0; k < v->writes && found >= 0; k++) {
    if (&v->write[k] != write && v->write[k].coefficient[found] != 0) return -1;
  }
  return found >= 0 && axis_of_box(v, found) != AXIS_UNIT ? found : -1;
}

/* Places first ... first + extent - 1, each once: what is written there are the digits of box variables. */
static bool read_piece(const graph *g, const node *term, axis row, row_piece *found) {
  if (term->class != NODE_VIEW || !view_gathers(g, term->view)) return false;
  const view *v = term->view;
  const affine *write = write_along(v, row);
  if (!write) return false;
  *found = (row_piece){.term = term, .coefficient = 1, .row = row, .first = write->constant, .extent = 1};
  int variables = 0;
  for (int u = 0; u < v->box; u++) variables += write->coefficient[u] != 0;
  for (; found->digits < variables; found->digits++) {
    const int u = digit_of(v, write, found->extent);
    if (u < 0 || v->extent[u] < 2) return false;
    found->digit[found->digits] = (piece_digit){axis_of_box(v, u), found->extent, v->extent[u]};
    found->extent *= v->extent[u];
  }
  return true;
}

/* Puts a piece behind what is there; places that are left out in between are 0, if they may be. */
static bool add_piece(piece_list *all, const row_piece *next, bool gaps, int64_t *filled) {
  if (next->first < *filled || all->count + 2 > MOST_PIECES) return false;
  if (next->first > *filled) {
    const int64_t extent = next->first - *filled;
    if (!gaps) return false;
    all->item[all->count] = (row_piece){.row = next->row, .first = *filled, .extent = extent};
    if (extent > 1) {
      all->item[all->count].digits = 1;
      all->item[all->count].digit[0] = (piece_digit){next->row, 1, extent};
    }
    all->count++;
  }
  *filled = next->first + next->extent;
  if (next->extent > 0) all->item[all->count++] = *next;
  return true;
}

/* The pieces of n in the order of their places along `row`, all places once; false where there is no such
 * order. */
static bool split_along(const graph *g, const node *n, axis row, bool gaps, piece_list *all) {
  row_piece found[MOST_PIECES / 2];
  const bool sum = n->class == NODE_SUM;
  const int count = sum ? n->operands : 1;
  if ((sum && (n->value < 0 || n->value > 0)) || count > MOST_PIECES / 2) return false;
  for (int k = 0; k < count; k++) {
    row_piece here;
    int at = k;
    if (!read_piece(g, sum ? n->operand[k] : n, row, &here)) return false;
    here.coefficient = sum ? n->coefficient[k] : 1;
    for (; at > 0 && found[at - 1].first > here.first; at--) found[at] = found[at - 1];
    found[at] = here;
  }
  int64_t filled = 0;
  const row_piece end = {.row = row, .first = axis_extent(g, row)};
  all->count = 0;
  for (int k = 0; k < count; k++) {
    if (!add_piece(all, &found[k], gaps, &filled)) return false;
  }
  return add_piece(all, &end, gaps, &filled);
}

/* Copies and steps in segments have loops of their own, which hold what steps and nothing else. */
static bool may_be_cut(const graph *g, axis a) {
  return a != AXIS_BATCH && axis_part_of(g, a) == AXIS_WHOLE && !axis_counts_copies(g, a);
}

static bool find_pieces(const graph *g, const node *n, piece_list *all) {
  for (int k = 0; k < n->rank && n->class == NODE_SUM && n->operands > 1; k++) {
    if (may_be_cut(g, n->axes[k]) && split_along(g, n, n->axes[k], false, all)) return true;
  }
  return false;
}

bool sum_has_pieces(const graph *g, const node *n) {
  piece_list all;
  return find_pieces(g, n, &all);
}

/* ---- assigning them --------------------------------------------------------------------------- */

void assignment_take_piece(entry_plan *e, assignment *a, const row_piece *one) {
  for (int d = 0; d < a->target->rank; d++) {
    if (a->target->dims[d] != one->row) {
      assignment_place(e, a, d);
      continue;
    }
    a->at[d] = index_constant(one->first);
    for (int k = one->digits - 1; k >= 0; k--) {
      variable *v = assignment_variable(e, a, one->digit[k].along, false);
      const index_form digit = index_of(v);
      v->high = one->digit[k].extent;
      a->at[d] = index_add(a->at[d], one->digit[k].unit, &digit);
    }
    a->where = environment_put(e->of->memory, a->where, one->row, a->at[d]);
  }
}

static void assign_piece(entry_plan *e, buffer *target, const row_piece *one) {
  assignment *a = assignment_new(e, ASSIGN_ELEMENTS, target);
  a->what = one->term ? one->term : target->what;
  a->coefficient = one->coefficient;
  a->inside = one->term == target->what;
  do {
    a->variables = a->free = 0;
    a->where = NULL;
    a->reads = NULL;
    assignment_take_piece(e, a, one);
    if (one->term) note_reads(e, a, a->what, a->where, a->inside);
  } while (find_digits(e, a));
}

bool assign_rows(entry_plan *e, buffer *target, const node *n) {
  const graph *g = e->of->g;
  piece_list all;
  for (int d = 0; d < target->rank; d++) {
    if (!axis_counts_copies(g, target->dims[d]) || !split_along(g, n, target->dims[d], true, &all)) continue;
    for (int k = 0; k < all.count; k++) assign_piece(e, target, &all.item[k]);
    return true;
  }
  return false;
}

/* A term that comes to several assignments, or to one for some places alone, adds to what was cleared. */
static void fill_alone(buffer *target, const piece_list *all) {
  int assignments = 0;
  bool alone = true;
  for (const assignment *a = target->writer; a; a = a->next_writer, assignments++) {
    alone = alone && !a->conditions;
  }
  for (assignment *a = target->writer; a; a = a->next_writer) a->piece = alone && assignments == all->count;
}

void assign_pieces(entry_plan *e, buffer *target, const node *n) {
  piece_list all = {0};
  find_pieces(e->of->g, n, &all);
  const bool contractions = sum_is_collected(e, n);
  for (int k = 0; k < all.count; k++) {
    if (contractions) assign_product_piece(e, target, &all.item[k]);
    else assign_piece(e, target, &all.item[k]);
  }
  fill_alone(target, &all);
}
