/* pieces: sums whose terms each fill places of their own along one axis: a concatenation, the derivative by
 * what is sliced (gates, queries and keys), what goes on from copy to copy. Each term is assigned by itself,
 * where it belongs, so nobody asks of a place which term it is of, nor adds up zeroes. */
#include "assign.h"

enum { MOST_ROW_PIECES = 17 }; /* places that are left out among them */

typedef struct piece_list {
  int count;
  row_piece item[MOST_ROW_PIECES];
} piece_list;

/* ---- reading a view --------------------------------------------------------------------------- */

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

/* Whether another write of the view tells the box variable, too. */
static bool is_told_elsewhere(const view *v, const affine *write, int u) {
  for (int k = 0; k < v->writes; k++) {
    if (&v->write[k] != write && v->write[k].coefficient[u] != 0) return true;
  }
  return false;
}

/* The box variable with the least coefficient above `below`, or -1. */
static int next_digit(const view *v, const affine *write, int64_t below) {
  int found = -1;
  for (int u = 0; u < v->box; u++) {
    const int64_t by = write->coefficient[u];
    if (by > below && (found < 0 || by < write->coefficient[found])) found = u;
  }
  return found;
}

/* Places that are written each once: what a place is beyond the first are the digits of box variables. */
static bool read_piece(const graph *g, const node *term, axis row, row_piece *found) {
  if (term->class != NODE_VIEW || !view_gathers(g, term->view)) return false;
  const view *v = term->view;
  const affine *write = write_along(v, row);
  if (!write) return false;
  *found = (row_piece){.term = term, .coefficient = 1, .row = row, .first = write->constant};
  int variables = 0;
  int64_t reached = 1; /* what a digit must count at least */
  for (int u = 0; u < v->box; u++) variables += write->coefficient[u] != 0;
  if (variables > INDEX_TERMS) return false;
  for (int64_t unit = 0; found->digits < variables; found->digits++) {
    const int u = next_digit(v, write, unit);
    if (u < 0 || is_told_elsewhere(v, write, u) || axis_of_box(v, u) == AXIS_UNIT) return false;
    unit = write->coefficient[u];
    if (unit < reached || v->extent[u] < 2) return false;
    found->digit[found->digits] = (piece_digit){axis_of_box(v, u), unit, v->extent[u]};
    reached = unit * v->extent[u];
  }
  return true;
}

/* How many places there are, if they lie side by side; else 0. */
static int64_t places_side_by_side(const row_piece *one) {
  int64_t places = 1;
  for (int k = 0; k < one->digits; k++) {
    if (one->digit[k].unit != places) return 0;
    places *= one->digit[k].extent;
  }
  return places;
}

/* The terms' pieces by rising first places; their number, or 0. */
static int read_pieces(const graph *g, const node *n, axis row, row_piece *found) {
  const bool sum = n->class == NODE_SUM;
  const int count = sum ? n->operands : 1;
  if ((sum && (n->value < 0 || n->value > 0)) || count > MOST_ROW_PIECES / 2) return 0;
  for (int k = 0; k < count; k++) {
    row_piece here;
    int at = k;
    if (!read_piece(g, sum ? n->operand[k] : n, row, &here)) return 0;
    here.coefficient = sum ? n->coefficient[k] : 1;
    for (; at > 0 && found[at - 1].first > here.first; at--) found[at] = found[at - 1];
    found[at] = here;
  }
  return count;
}

/* ---- one behind the other --------------------------------------------------------------------- */

/* Puts a piece behind what is there; places that are left out in between are 0. */
static bool add_piece(piece_list *all, const row_piece *next, int64_t places, int64_t *filled) {
  if (next->first < *filled || all->count + 2 > MOST_ROW_PIECES) return false;
  if (next->first > *filled) {
    const int64_t left_out = next->first - *filled;
    all->item[all->count] = (row_piece){.row = next->row, .first = *filled, .digits = left_out > 1};
    all->item[all->count++].digit[0] = (piece_digit){next->row, 1, left_out};
  }
  *filled = next->first + places;
  if (places > 0) all->item[all->count++] = *next;
  return true;
}

/* The pieces of n in the order of their places along `row`, all places once; false where there is no such
 * order. */
static bool split_along(const graph *g, const node *n, axis row, piece_list *all) {
  row_piece found[MOST_ROW_PIECES / 2];
  const int count = read_pieces(g, n, row, found);
  int64_t filled = 0;
  const row_piece end = {.row = row, .first = axis_extent(g, row)};
  all->count = 0;
  for (int k = 0; k < count; k++) {
    const int64_t places = places_side_by_side(&found[k]);
    if (places == 0 || !add_piece(all, &found[k], places, &filled)) return false;
  }
  return count > 0 && add_piece(all, &end, 0, &filled);
}

/* ---- one between the other -------------------------------------------------------------------- */

/* The piece's places, over variables of its own. */
static index_form places_of(const row_piece *one, variable *digits) {
  index_form at = index_constant(one->first);
  for (int k = 0; k < one->digits; k++) {
    digits[k] = (variable){.kind = VARIABLE_LOOP, .high = one->digit[k].extent};
    const index_form digit = index_of(&digits[k]);
    at = index_add(at, one->digit[k].unit, &digit);
  }
  return at;
}

static bool never_meet(const row_piece *a, const row_piece *b) {
  variable digits[2][INDEX_TERMS];
  const index_form one = places_of(a, digits[0]), other = places_of(b, digits[1]);
  return index_never_equal(&one, &other);
}

/* No two pieces have a place in common, and there are as many places as the row has: halves, every second
 * place, halves of which one is cut into every second place. */
static bool fill_row(const row_piece *one, int count, int64_t row_extent) {
  int64_t places = 0;
  for (int k = 0; k < count; k++) {
    int64_t own = 1;
    for (int j = 0; j < one[k].digits; j++) own *= one[k].digit[j].extent;
    for (int j = 0; j < k; j++) {
      if (!never_meet(&one[k], &one[j])) return false;
    }
    places += own;
  }
  return places == row_extent;
}

/* ---- finding them ----------------------------------------------------------------------------- */

/* Copies and steps in segments have loops of their own, which hold what steps and nothing else. */
static bool may_be_cut(const graph *g, axis a) {
  return a != AXIS_BATCH && axis_part_of(g, a) == AXIS_WHOLE && !axis_counts_copies(g, a);
}

static bool find_pieces(const graph *g, const node *n, piece_list *all) {
  for (int k = 0; k < n->rank && n->class == NODE_SUM && n->operands > 1; k++) {
    if (!may_be_cut(g, n->axes[k])) continue;
    all->count = read_pieces(g, n, n->axes[k], all->item);
    if (all->count > 1 && fill_row(all->item, all->count, axis_extent(g, n->axes[k]))) return true;
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
    if (!axis_counts_copies(g, target->dims[d]) || !split_along(g, n, target->dims[d], &all)) continue;
    for (int k = 0; k < all.count; k++) assign_piece(e, target, &all.item[k]);
    return true;
  }
  return false;
}

/* A term that comes to several assignments, or to one for some places alone, adds to zeroes (nest.c). */
static void tell_pieces(buffer *target, int pieces) {
  int assignments = 0;
  bool whole = true;
  for (const assignment *a = target->writer; a; a = a->next_writer, assignments++) whole = whole && !a->conditions;
  target->in_pieces = true;
  for (assignment *a = target->writer; a; a = a->next_writer) a->piece = whole && assignments == pieces;
}

void assign_pieces(entry_plan *e, buffer *target, const node *n) {
  piece_list all = {0};
  find_pieces(e->of->g, n, &all);
  for (int k = 0; k < all.count; k++) {
    if (term_is_collected(e, all.item[k].term)) assign_product_piece(e, target, &all.item[k]);
    else assign_piece(e, target, &all.item[k]);
  }
  tell_pieces(target, all.count);
}
