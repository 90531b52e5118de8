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
  a->index_matters = a->index_matters || list;
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
  a->index_matters = a->index_matters || told.count > 0;
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
    if (!partial || !term_is_collected(e, n->operand[k])) note_reads(e, a, n->operand[k], where, false);
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
    default: a->index_matters = a->index_matters || n->class == NODE_INDEX || n->class == NODE_TENSOR; break;
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

void assignment_place(entry_plan *e, assignment *a, int d) {
  const axis along = a->target->dims[d];
  const bool single = along != AXIS_BATCH && axis_extent(e->of->g, along) == 1;
  a->at[d] = single ? index_constant(0) : assignment_index(e, a, along, false);
  a->where = environment_put(e->of->memory, a->where, along, a->at[d]);
}

void assignment_free(entry_plan *e, assignment *a) {
  for (int d = 0; d < a->target->rank; d++) assignment_place(e, a, d);
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
    a->index_matters = false;
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

/* ---- buffers -------------------------------------------------------------------------------- */

/* The contraction under the term's views, which other places of the sum see shifted. */
static void assign_partial(entry_plan *e, buffer *target) {
  const node *sum = target->what;
  for (int k = 0; k < sum->operands; k++) {
    if (!term_is_collected(e, sum->operand[k])) continue;
    assign_product(e, target, sum->operand[k], sum->coefficient[k]);
  }
}

/* What nothing adds to. */
static void assign_zeroes(entry_plan *e, buffer *b) {
  assignment *a = assignment_new(e, ASSIGN_ELEMENTS, b);
  a->what = b->what;
  a->coefficient = 0;
  assignment_free(e, a);
}

static void fill_buffer(entry_plan *e, buffer *b) {
  const node *n = b->what;
  bool own = e->held[n->id] == b;
  bool collects = n->class == NODE_SUM && own && sum_is_collected(e, n);
  if (b->kept == STORAGE_STATE) assign_state(e, b);
  else if (own && e->pieces[n->id]) assign_pieces(e, b, n);
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

static void assign_buffer(entry_plan *e, buffer *b) {
  fill_buffer(e, b);
  if (!b->writer) assign_zeroes(e, b);
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
