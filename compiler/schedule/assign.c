/* assign: the assignments that fill each buffer, all of the form Y[C u + d] (+)= expression(u):
 * elements, contractions and scatters (products over more variables than Y has), maxima. */
#include "assign.h"

/* ---- what a reader finds -------------------------------------------------------------------- */

static buffer *read_reference(const entry_plan *e, const node *n, const environment *where,
                              index_form *at) {
  const tensor *t = n->tensor;
  buffer *b = e->held[t->body->id];
  for (int d = 0; d < b->rank; d++) {
    at[d] = index_constant(0);
    if (b->dims[d] == AXIS_BATCH) at[d] = environment_at(where, AXIS_BATCH);
    for (int k = 0; k < t->rank && b->dims[d] != AXIS_BATCH; k++) {
      if (t->body_dims[k] == b->dims[d]) at[d] = environment_at(where, n->dims[k]);
    }
  }
  return b;
}

buffer *tensor_itself(const entry_plan *e, const node *n, const environment *where, index_form *at) {
  const tensor *t = n->tensor;
  buffer *b = e->held_tensor[t->alias ? t->alias->number : t->number];
  int d = 0;
  if (t->per_sample) at[d++] = environment_at(where, AXIS_BATCH);
  for (int k = 0; k < t->rank; k++) at[d++] = environment_at(where, n->dims[k]);
  return b;
}

static bool has_storage(const tensor *t) {
  return t->role != TENSOR_RANDOM && t->role != TENSOR_SCALAR && t->role != TENSOR_ELEMENT;
}

static buffer *read_held(buffer *b, const environment *where, index_form *at) {
  for (int d = 0; b && d < b->rank; d++) at[d] = environment_at(where, b->dims[d]);
  return b;
}

buffer *buffer_at(const entry_plan *e, const node *n, const environment *where, index_form *at) {
  if (n->class == NODE_TENSOR && has_storage(n->tensor) && !e->held[n->id]) {
    if (n->tensor->role == TENSOR_REFERENCE) return read_reference(e, n, where, at);
    return tensor_itself(e, n, where, at);
  }
  return read_held(e->held[n->id], where, at);
}

buffer *buffer_partial_at(const entry_plan *e, const node *n, const environment *where,
                          index_form *at) {
  return read_held(e->held_partial[n->id], where, at);
}

/* ---- what an assignment reads --------------------------------------------------------------- */


void note_form(entry_plan *e, assignment *a, const index_form *form) {
  for (int k = 0; k < form->terms; k++) {
    const variable *v = variable_now(form->term[k].of);
    if (v->kind == VARIABLE_LABEL) note_reads(e, a, v->label, v->where, false);
    if (v->kind == VARIABLE_QUOTIENT || v->kind == VARIABLE_REMAINDER) note_form(e, a, &v->form);
  }
}

void note_conditions(entry_plan *e, assignment *a, const condition *list) {
  for (; list; list = list->next) note_form(e, a, &list->of);
}

void note_read(entry_plan *e, assignment *a, buffer *from, const index_form *at) {
  buffer_read *r = arena_alloc(e->of->memory, sizeof *r);
  r->from = from;
  r->at = index_copy(e->of->memory, from->rank, at);
  for (int d = 0; d < from->rank; d++) note_form(e, a, &at[d]);
  r->next = a->reads;
  a->reads = r;
}

static void note_product(entry_plan *e, assignment *a, const node *n, const environment *where) {
  told_axes told = product_told_axes(n);
  condition *conditions = NULL;
  where = environment_tell(e->of->memory, e->of->g, &told, where, &conditions);
  note_conditions(e, a, conditions);
  for (int k = 0; k < n->operands; k++) {
    bool used_up = false;
    for (int t = 0; t < told.count; t++) used_up = used_up || told.factor[t] == k;
    if (!used_up) note_reads(e, a, n->operand[k], where, false);
  }
  for (int t = 0; t < told.count; t++) {
    index_form at = environment_at(where, told.along[t]);
    note_form(e, a, &at);
  }
}

static void note_view(entry_plan *e, assignment *a, const node *n, const environment *where) {
  condition *conditions = NULL;
  where = environment_through(e->of->memory, e->of->g, n->view, where, &conditions);
  note_conditions(e, a, conditions);
  if (where) note_reads(e, a, n->operand[0], where, false);
}

static void note_sum(entry_plan *e, assignment *a, const node *n, const environment *where) {
  index_form at[MAX_RANK];
  buffer *partial = buffer_partial_at(e, n, where, at);
  if (partial) note_read(e, a, partial, at);
  for (int k = 0; k < n->operands; k++) {
    if (!partial || !sum_term_collected(e, n, k)) note_reads(e, a, n->operand[k], where, false);
  }
}

/* `inside`: n is what the assignment computes, not a reading of it. */
void note_reads(entry_plan *e, assignment *a, const node *n, const environment *where,
                 bool inside) {
  index_form at[MAX_RANK];
  if (n->class == NODE_TENSOR && has_storage(n->tensor)) {
    if (n->tensor->role != TENSOR_REFERENCE) buffer_of_tensor(e, n->tensor);
  }
  const bool copied = inside && n->class == NODE_TENSOR; /* look_up.c */
  buffer *from = copied ? tensor_itself(e, n, where, at) : inside ? NULL : buffer_at(e, n, where, at);
  if (from) {
    note_read(e, a, from, at);
    return;
  }
  switch (n->class) {
    case NODE_PRODUCT: note_product(e, a, n, where); break;
    case NODE_VIEW: note_view(e, a, n, where); break;
    case NODE_SUM: note_sum(e, a, n, where); break;
    case NODE_MAP:
      for (int k = 0; k < n->operands; k++) note_reads(e, a, n->operand[k], where, false);
      break;
    default: break;
  }
}

/* ---- making assignments --------------------------------------------------------------------- */

assignment *assignment_new(entry_plan *e, assignment_kind kind, buffer *target) {
  assignment *a = arena_alloc(e->of->memory, sizeof *a);
  a->kind = kind;
  a->number = (int)e->assignments;
  a->target = target;
  a->coefficient = 1;
  a->at = arena_alloc(e->of->memory, ((size_t)target->rank + 1) * sizeof *a->at);
  if (target->writer) target->last_writer->next_writer = a;
  else target->writer = a;
  target->last_writer = a;
  ARENA_PUSH(e->of->memory, e->assignment, e->assignments, e->assignment_capacity, a);
  return a;
}

variable *assignment_variable(entry_plan *e, assignment *a, axis along, bool bound) {
  variable *v = variable_loop(e->of->memory, e->of->g, along);
  a->bound[a->variables] = bound;
  a->variable[a->variables++] = v;
  if (!bound) a->free = a->variables;
  return v;
}

/* One variable for each dimension of the target, or several, and the environment that they make. */
void assignment_free(entry_plan *e, assignment *a) {
  for (int d = 0; d < a->target->rank; d++) {
    axis along = a->target->dims[d];
    bool single = along != AXIS_BATCH && axis_extent(e->of->g, along) == 1;
    a->at[d] = single ? index_constant(0) : assignment_index(e, a, along, false);
    a->where = environment_put(e->of->memory, a->where, a->target->dims[d], a->at[d]);
  }
}

const environment *assignment_bind(entry_plan *e, assignment *a, axis along,
                                   const environment *where) {
  return environment_put(e->of->memory, where, along, assignment_index(e, a, along, true));
}

static void assign_elements(entry_plan *e, buffer *target, const node *what, bool inside) {
  assignment *a = assignment_new(e, ASSIGN_ELEMENTS, target);
  a->what = what;
  a->inside = inside;
  do {
    a->variables = a->free = 0;
    a->where = NULL;
    a->reads = NULL;
    assignment_free(e, a);
    note_reads(e, a, what, a->where, inside);
  } while (find_digits(e, a));
}

/* Brings a running average up to date, or keeps the last state. */
static void assign_state(entry_plan *e, buffer *target) {
  assign_elements(e, target, target->what, false);
  assignment *a = target->writer;
  a->last = true;
  if (target->leaf->role == TENSOR_RUNNING) a->kind = ASSIGN_AVERAGE;
}

static void assign_select(entry_plan *e, buffer *target, const node *n) {
  bool maximum = n->select != SELECT_ARGMAX;
  assignment *a = assignment_new(e, maximum ? ASSIGN_MAXIMUM : ASSIGN_ARGMAX, target);
  assignment_free(e, a);
  for (int k = 0; k < n->bound; k++) a->where = assignment_bind(e, a, n->bound_axes[k], a->where);
  a->what = n->operand[0];
  a->guard = n->operands > 1 ? n->operand[1] : NULL;
  note_reads(e, a, a->what, a->where, false);
  if (a->guard) note_reads(e, a, a->guard, a->where, false);
}

/* ---- rows ----------------------------------------------------------------------------------- */

/* One term of a sum whose terms each fill rows of their own along an axis of copies. */
typedef struct row_piece {
  const node *term;        /* NULL: rows of 0, coefficient 0                                      */
  double coefficient;
  axis along;              /* of the operand, from its place 0; AXIS_UNIT: it is one row         */
  int64_t first, extent;
} row_piece;

/* Rows first ... of axis `row` from what the term's view reads along one axis. */
static bool read_piece(const graph *g, const node *term, axis row, row_piece *piece) {
  if (term->class != NODE_VIEW || !view_gathers(g, term->view)) return false;
  const view *v = term->view;
  int w = 0, used = 0;
  while (w < v->writes && v->write[w].along != row) w++;
  if (w == v->writes) return false;
  *piece = (row_piece){term, 1, AXIS_UNIT, v->write[w].constant, 1};
  for (int u = 0; u < v->box; u++) {
    if (v->write[w].coefficient[u] == 0) continue;
    if (v->write[w].coefficient[u] != 1 || used++ > 0) return false;
    piece->extent = v->extent[u];
    for (int r = 0; r < v->reads; r++) {
      if (v->read[r].coefficient[u] != 0) piece->along = v->read[r].along;
    }
  }
  return used == 0 || piece->along != AXIS_UNIT;
}

enum { MOST_ROW_PIECES = 17 };

typedef struct row_pieces {
  int count;
  row_piece item[MOST_ROW_PIECES];
} row_pieces;

/* A piece behind what is there already; rows that are left out in between are 0. */
static bool add_piece(row_pieces *all, axis row, int64_t *filled, const row_piece *piece) {
  if (piece->first < *filled || all->count + 2 > MOST_ROW_PIECES) return false;
  if (piece->first > *filled) {
    all->item[all->count++] = (row_piece){NULL, 0, row, *filled, piece->first - *filled};
  }
  *filled = piece->first + piece->extent;
  if (piece->extent > 0) all->item[all->count++] = *piece;
  return true;
}

/* The pieces in the order of their rows, all rows once; false where there is no such order. */
static bool split_rows(const graph *g, const node *n, axis row, row_pieces *all) {
  row_piece piece[MOST_ROW_PIECES / 2];
  bool sum = n->class == NODE_SUM;
  int count = sum ? n->operands : 1;
  if (sum && (n->value < 0 || n->value > 0)) return false;
  if (count > MOST_ROW_PIECES / 2) return false;
  for (int k = 0; k < count; k++) {
    row_piece here;
    int at = k;
    if (!read_piece(g, sum ? n->operand[k] : n, row, &here)) return false;
    here.coefficient = sum ? n->coefficient[k] : 1;
    for (; at > 0 && piece[at - 1].first > here.first; at--) piece[at] = piece[at - 1];
    piece[at] = here;
  }
  int64_t filled = 0;
  all->count = 0;
  for (int k = 0; k < count; k++) {
    if (!add_piece(all, row, &filled, &piece[k])) return false;
  }
  row_piece end = {.first = axis_extent(g, row)};
  return add_piece(all, row, &filled, &end);
}

/* Puts the piece's row in place of all rows: a number, or first + the place along its axis. */
static const environment *stand_in_rows(entry_plan *e, assignment *a, int row,
                                        const row_piece *piece) {
  index_form at = index_constant(piece->first);
  variable *v = index_variable(&a->at[row]);
  if (piece->extent > 1) {
    v->along = piece->along;
    v->high = piece->extent;
    at = index_add(at, 1, &a->at[row]);
  } else {
    int k = 0;
    while (a->variable[k] != v) k++;
    for (a->free = --a->variables; k < a->variables; k++) a->variable[k] = a->variable[k + 1];
  }
  a->at[row] = at;
  return environment_put(e->of->memory, a->where, a->target->dims[row], at);
}

static void assign_piece(entry_plan *e, buffer *target, int row, const row_piece *piece) {
  assignment *a = assignment_new(e, ASSIGN_ELEMENTS, target);
  assignment_free(e, a);
  a->where = stand_in_rows(e, a, row, piece);
  a->what = piece->term ? piece->term : target->what;
  a->coefficient = piece->coefficient;
  a->inside = piece->term == target->what;
  if (piece->term) note_reads(e, a, a->what, a->where, a->inside);
}

/* What goes on from copy to copy: each piece is assigned by itself, so that the loop over the copies
 * holds the one that steps, and no row is asked which piece it belongs to. */
static bool assign_rows(entry_plan *e, buffer *target, const node *n) {
  row_pieces all;
  for (int row = 0; row < target->rank; row++) {
    if (!axis_counts_copies(e->of->g, target->dims[row])) continue;
    if (!split_rows(e->of->g, n, target->dims[row], &all)) continue;
    for (int k = 0; k < all.count; k++) assign_piece(e, target, row, &all.item[k]);
    return true;
  }
  return false;
}

/* ---- buffers -------------------------------------------------------------------------------- */

/* The contraction under the term's views, which other places of the sum see shifted. */
static void assign_partial(entry_plan *e, buffer *target) {
  const node *sum = target->what;
  for (int k = 0; k < sum->operands; k++) {
    if (!sum_term_collected(e, sum, k)) continue;
    assign_product(e, target, sum->operand[k], sum->coefficient[k]);
  }
}

static void assign_buffer(entry_plan *e, buffer *b) {
  const node *n = b->what;
  bool own = e->held[n->id] == b;
  bool collects = n->class == NODE_SUM && own && sum_is_collected(e, n);
  if (b->kept == STORAGE_STATE) assign_state(e, b);
  else if (b->partial || collects) assign_partial(e, b);
  else if (!own) assign_elements(e, b, n, false);
  else if (assign_rows(e, b, n)) return;
  else if (n->class == NODE_SELECT) assign_select(e, b, n);
  else if (e->scales[n->id] || (n->class == NODE_PRODUCT && n->bound > 0)) {
    assign_product(e, b, n, 1);
  }
  else if (n->class == NODE_VIEW && !view_gathers(e->of->g, n->view)) assign_scatter(e, b, n);
  else assign_elements(e, b, n, true);
}

static void reverse_reads(assignment *a) {
  buffer_read *reversed = NULL;
  while (a->reads) {
    buffer_read *next = a->reads->next;
    a->reads->next = reversed;
    reversed = a->reads;
    a->reads = next;
  }
  a->reads = reversed;
}

void assign_all(entry_plan *e) {
  size_t count = e->buffers; /* leaves are added on the way */
  for (size_t k = 0; k < count; k++) {
    if (e->buffer[k]->what) assign_buffer(e, e->buffer[k]);
  }
  for (size_t k = 0; k < e->assignments; k++) reverse_reads(e->assignment[k]);
}
