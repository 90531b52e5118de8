/* contract: contractions and scatters as assignments over more variables than the target has.
 * Factors are opened until each is an element of a buffer or an expression; labels take the
 * place of loops; a factor that is a sum of disjoint pieces (h[t-1] with its start, concat) makes
 * one assignment for each piece. */
#include <string.h>

#include "assign.h"

enum { MOST_FACTORS = 24, MOST_CHOICES = 4, MOST_PIECES = 6 };

typedef struct open_factor {
  const node *what;
  double power;
  const environment *where;
} open_factor;

/* Which piece to take of each sum of pieces, in the order in which they are met. */
typedef struct choices {
  int count, piece[MOST_CHOICES];
} choices;

typedef struct product_build {
  assignment *a;
  const row_piece *into; /* where in the target, or NULL: all of it */
  int factors;
  open_factor factor[MOST_FACTORS + 2];
} product_build;

static void add_factor(product_build *build, const node *what, double power,
                       const environment *where) {
  build->factor[build->factors++] = (open_factor){what, power, where};
}

static bool is_one(double power) { return power > 0.999 && power < 1.001; }

static bool is_read(const entry_plan *e, const node *n) {
  return e->held[n->id] || e->held_partial[n->id] || n->class == NODE_TENSOR;
}

/* ---- opening factors ------------------------------------------------------------------------ */

/* Places beside the view's box make the product 0, so they are conditions of the assignment. */
static bool open_view(entry_plan *e, product_build *build, const open_factor *f) {
  if (f->what->class != NODE_VIEW || !is_one(f->power)) return false;
  const environment *inner = environment_through(e->of->memory, e->of->g, f->what->view, f->where,
                                                 &build->a->conditions);
  if (!inner) return false;
  add_factor(build, f->what->operand[0], 1, inner);
  return true;
}

static bool used_up(const told_axes *told, int factor) {
  for (int t = 0; t < told->count; t++) {
    if (told->factor[t] == factor) return true;
  }
  return false;
}

static bool powers_multiply(const node *n, double power) {
  if (is_one(power)) return true;
  for (int k = 0; k < n->operands; k++) {
    if (!is_one(n->power[k]) && !is_one(-n->power[k])) return false;
    if (n->operand[k]->boolean) return false;
  }
  return n->bound == 0;
}

static bool open_product(entry_plan *e, product_build *build, const open_factor *f) {
  const node *n = f->what;
  if (n->class != NODE_PRODUCT || !powers_multiply(n, f->power)) return false;
  if (build->factors + n->operands > MOST_FACTORS) return false;
  told_axes told = product_told_axes(n);
  const environment *where = f->where;
  for (int k = 0; k < n->bound; k++) {
    if (!told_has(&told, n->bound_axes[k])) {
      where = assignment_bind(e, build->a, n->bound_axes[k], where);
    }
  }
  where = environment_tell(e->of->memory, e->of->g, &told, where, &build->a->conditions);
  for (int k = 0; k < n->operands; k++) {
    if (!used_up(&told, k)) {
      add_factor(build, n->operand[k], n->power[k] * f->power, where);
    }
  }
  return true;
}

/* A number, or a scaled node: the number goes to the coefficient. */
static bool open_scale(product_build *build, const open_factor *f) {
  const node *n = f->what;
  if (!is_one(f->power) || (n->class != NODE_CONSTANT && n->class != NODE_SUM)) return false;
  if (n->class == NODE_CONSTANT) {
    build->a->coefficient *= n->value;
    return true;
  }
  if (n->operands != 1 || n->value < 0 || n->value > 0) return false;
  build->a->coefficient *= n->coefficient[0];
  add_factor(build, n->operand[0], 1, f->where);
  return true;
}

/* A sum of pieces that is not stored, each of which stands in its own places only; what is read may be of
 * one of them alone, and places may be left out. */
static bool is_pieces(const entry_plan *e, const open_factor *f) {
  const node *n = f->what;
  if (n->class != NODE_SUM || !is_one(f->power) || n->operands > MOST_PIECES) return false;
  if (n->value < 0 || n->value > 0) return false;
  bool outside = false;
  for (int k = 0; k < n->operands; k++) {
    condition *added = NULL;
    const node *term = n->operand[k];
    if (term->class != NODE_VIEW || e->held[term->id]) return false;
    if (!environment_through(e->of->memory, e->of->g, term->view, f->where, &added)) return false;
    outside = outside || added;
  }
  return outside;
}

/* Opens what is not stored. Returns how many pieces there are to choose from where `chosen` does
 * not say which one to take, else 0. */
static int open_factors(entry_plan *e, product_build *build, const choices *chosen) {
  int met = 0;
  for (int k = 0; k < build->factors; k++) {
    open_factor opened = build->factor[k];
    if (is_read(e, opened.what)) continue;
    if (is_pieces(e, &opened) && met < MOST_CHOICES) {
      if (met == chosen->count) return opened.what->operands;
      int piece = chosen->piece[met++];
      build->a->coefficient *= opened.what->coefficient[piece];
      build->factor[k--].what = opened.what->operand[piece];
      continue;
    }
    if (open_view(e, build, &opened) || open_product(e, build, &opened) ||
        open_scale(build, &opened)) {
      build->factor[k--] = build->factor[--build->factors];
    }
  }
  return 0;
}

/* ---- writing at labels ---------------------------------------------------------------------- */

static bool form_has(const index_form *form, const variable *v) {
  for (int k = 0; k < form->terms; k++) {
    const variable *of = variable_now(form->term[k].of);
    if (of == v) return true;
    bool divided = of->kind == VARIABLE_QUOTIENT || of->kind == VARIABLE_REMAINDER;
    if (divided && form_has(&of->form, v)) return true;
    for (int d = 0; of->kind == VARIABLE_LABEL && d < of->label->rank; d++) {
      index_form at = environment_at(of->where, of->label->axes[d]);
      if (form_has(&at, v)) return true;
    }
  }
  return false;
}

static bool depends(const node *n, const environment *where, const variable *v) {
  for (int d = 0; d < n->rank; d++) {
    index_form at = environment_at(where, n->axes[d]);
    if (form_has(&at, v)) return true;
  }
  return false;
}

static bool depends_on_bound(const assignment *a, const node *n, const environment *where) {
  for (int k = a->free; k < a->variables; k++) {
    if (depends(n, where, a->variable[k])) return true;
  }
  return false;
}

static void remove_variable(assignment *a, int k) {
  a->variables--;
  a->free -= k < a->free;
  for (; k < a->variables; k++) {
    a->variable[k] = a->variable[k + 1];
    a->bound[k] = a->bound[k + 1];
  }
}

/* The free variable that the factor [label = k] decides, or -1. */
static int told_variable(const product_build *build, int f, const node **label) {
  const open_factor *bracket = &build->factor[f];
  if (bracket->what->class != NODE_MAP || bracket->what->op != OP_equal) return -1;
  for (int side = 0; side < 2; side++) {
    const node *index = bracket->what->operand[side];
    *label = bracket->what->operand[1 - side];
    if (index->class != NODE_INDEX || !node_is_whole(*label)) continue;
    index_form at = environment_at(bracket->where, index->axes[0]);
    variable *v = index_variable(&at);
    if (!v || at.constant != 0 || depends(*label, bracket->where, v)) continue;
    if (!depends_on_bound(build->a, *label, bracket->where)) continue;
    for (int k = 0; k < build->factors; k++) {
      if (k != f && depends(build->factor[k].what, build->factor[k].where, v)) return -1;
    }
    for (int k = 0; k < build->a->free; k++) {
      if (build->a->variable[k] == v) return k;
    }
  }
  return -1;
}

/* Puts `at` in the place of the variable. */
static void stand_in(index_form *form, variable *gone, const index_form *at) {
  for (int k = 0; k < form->terms; k++) {
    if (variable_now(form->term[k].of) != gone) continue;
    const int64_t by = form->term[k].coefficient;
    const index_form one = index_of(gone);
    const index_form rest = index_add(*form, -by, &one);
    *form = index_add(rest, by, at);
    return;
  }
}

/* [label = k] over a free axis k: a write at the label instead of a loop over all k. */
static void write_at_labels(entry_plan *e, product_build *build) {
  assignment *a = build->a;
  for (int f = 0; f < build->factors; f++) {
    const node *label;
    int k = told_variable(build, f, &label);
    if (k < 0) continue;
    variable *gone = a->variable[k];
    index_form at = index_of_whole(e->of->memory, e->of->g, label, build->factor[f].where);
    for (condition *c = a->conditions; c; c = c->next) stand_in(&c->of, gone, &at);
    condition_add(e->of->memory, &a->conditions, at, 0, gone->high);
    for (int d = 0; d < a->target->rank; d++) stand_in(&a->at[d], gone, &at);
    remove_variable(a, k);
    build->factor[f--] = build->factor[--build->factors];
  }
}

/* ---- the finished assignment ---------------------------------------------------------------- */

static void finish(entry_plan *e, product_build *build) {
  assignment *a = build->a;
  write_at_labels(e, build);
  a->factors = build->factors;
  a->factor = arena_alloc(e->of->memory, (size_t)(a->factors + 1) * sizeof *a->factor);
  for (int k = 0; k < a->factors; k++) {
    factor_read *f = &a->factor[k];
    f->what = build->factor[k].what;
    f->power = build->factor[k].power;
    f->where = build->factor[k].where;
    note_reads(e, a, f->what, f->where, false);
    index_form at[MAX_RANK];
    f->from = buffer_at(e, f->what, f->where, at);
    if (f->from) f->at = index_copy(e->of->memory, f->from->rank, at);
  }
  for (int d = 0; d < a->target->rank; d++) note_form(e, a, &a->at[d]);
  note_conditions(e, a, a->conditions);
}

/* What kinds of start a build has: the target's own places, or a scatter's box. */
typedef void begin_build(entry_plan *e, product_build *build, const node *n);

static void begin_product(entry_plan *e, product_build *build, const node *n) {
  if (build->into) assignment_take_piece(e, build->a, build->into);
  else assignment_free(e, build->a);
  add_factor(build, n, 1, build->a->where);
}

/* A box variable runs where the view acts: what it reads and writes follows from it. */
static void begin_scatter(entry_plan *e, product_build *build, const node *n) {
  assignment *a = build->a;
  const view *v = n->view;
  variable *box[MAX_RANK];
  assignment_free(e, a);
  for (int u = 0; u < v->box; u++) {
    box[u] = assignment_variable(e, a, AXIS_BATCH, true);
    box[u]->batch = false;
    box[u]->high = v->extent[u];
    box[u]->along = -1;
  }
  const environment *where = a->where;
  for (int k = 0; k < v->reads; k++) {
    index_form at = index_constant(v->read[k].constant);
    for (int u = 0; u < v->box; u++) {
      index_form one = index_of(box[u]);
      at = index_add(at, v->read[k].coefficient[u], &one);
      if (v->read[k].coefficient[u] != 0) box[u]->along = v->read[k].along;
    }
    where = environment_put(e->of->memory, where, v->read[k].along, at);
  }
  for (int k = 0; k < v->writes; k++) {
    for (int d = 0; d < a->target->rank; d++) {
      if (a->target->dims[d] != v->write[k].along) continue;
      a->at[d] = index_constant(v->write[k].constant);
      for (int u = 0; u < v->box; u++) {
        index_form one = index_of(box[u]);
        a->at[d] = index_add(a->at[d], v->write[k].coefficient[u], &one);
      }
    }
  }
  for (int k = a->free - 1; k >= 0; k--) {
    bool kept = false;
    for (int d = 0; d < a->target->rank; d++) {
      kept = kept || form_has(&a->at[d], a->variable[k]);
    }
    if (!kept) remove_variable(a, k);
  }
  add_factor(build, n->operand[0], 1, where);
}

/* Takes the assignment back that was made last. */
static void discard(entry_plan *e, buffer *target, size_t before, assignment *last) {
  e->assignments = before;
  target->last_writer = last;
  if (last) last->next_writer = NULL;
  else target->writer = NULL;
}

/* What is to be assigned: `coefficient` times n to the target, or to a piece's places there. */
typedef struct product_order {
  buffer *target;
  const node *n;
  double coefficient;
  begin_build *begin;
  const row_piece *into;
} product_order;

static void build_product(entry_plan *e, const product_order *order, const choices *chosen, digit_list *digits) {
  size_t before = e->assignments;
  buffer *target = order->target;
  assignment *last = target->last_writer;
  product_build *build = arena_alloc(e->of->memory, sizeof *build);
  build->a = assignment_new(e, ASSIGN_PRODUCT, target);
  build->a->coefficient = order->coefficient;
  build->a->term = order->n;
  build->a->digits = digits;
  build->into = order->into;
  order->begin(e, build, order->n);
  /* a held node is opened here all the same: this is where it is computed */
  open_factor top = build->factor[0];
  if (order->begin == begin_product && is_read(e, top.what)) {
    build->factors = 0;
    if (!open_product(e, build, &top)) open_view(e, build, &top);
  }
  int pieces = open_factors(e, build, chosen);
  if (pieces == 0) {
    finish(e, build);
    if (conditions_never_hold(build->a->conditions)) { /* nothing that is read lies in the chosen piece */
      discard(e, target, before, last);
      return;
    }
    if (order->begin != begin_product || build->a->conditions || !find_digits(e, build->a)) return;
    discard(e, target, before, last);
    build_product(e, order, chosen, build->a->digits);
    return;
  }
  discard(e, target, before, last);
  for (int k = 0; k < pieces; k++) {
    choices next = *chosen;
    next.piece[next.count++] = k;
    build_product(e, order, &next, NULL);
  }
}

void assign_product(entry_plan *e, buffer *target, const node *n, double coefficient) {
  const product_order order = {target, n, coefficient, begin_product, NULL};
  build_product(e, &order, &(choices){0}, NULL);
}

void assign_product_piece(entry_plan *e, buffer *target, const row_piece *one) {
  const product_order order = {target, one->term, one->coefficient, begin_product, one};
  build_product(e, &order, &(choices){0}, NULL);
}

void assign_scatter(entry_plan *e, buffer *target, const node *n) {
  const product_order order = {target, n, 1, begin_scatter, NULL};
  build_product(e, &order, &(choices){0}, NULL);
}
