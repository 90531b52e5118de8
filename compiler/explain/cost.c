/* What the gradients cost as they are computed, after lowering and bracketing. */
#include <string.h>

#include "story.h"

/* ---- work --------------------------------------------------------------------------------- */

/* Multiply-adds: so many, and so many for each sample. */
typedef struct work {
  double once, each;
} work;

typedef struct axes_met {
  int count;
  axis met[4 * MAX_RANK];
} axes_met;

static void meet(axes_met *all, int count, const axis *given) {
  for (int k = 0; k < count; k++) {
    bool known = false;
    for (int j = 0; j < all->count; j++) known = known || all->met[j] == given[k];
    if (!known && all->count < 4 * MAX_RANK) all->met[all->count++] = given[k];
  }
}

/* Every place of those axes, `times` times. */
static void add_places(const graph *g, work *to, const axes_met *all, int times) {
  double places = times;
  bool each = false;
  for (int k = 0; k < all->count; k++) {
    if (all->met[k] == AXIS_BATCH) each = true;
    else places *= (double)axis_extent(g, all->met[k]);
  }
  if (each) to->each += places;
  else to->once += places;
}

static int factors_of(const node *n) {
  int count = 0;
  for (int k = 0; k < n->operands; k++) count += n->operand[k]->rank > 0;
  return count;
}

/* What a product costs: each place of its axes, once for each factor but one; a sum alone, once
 * for each place. */
static void add_product(const graph *g, work *to, const node *n) {
  axes_met all = {0};
  int factors = factors_of(n);
  if (factors == 0 || (factors == 1 && n->bound == 0)) return;
  meet(&all, n->rank, n->axes);
  meet(&all, n->bound, n->bound_axes);
  add_places(g, to, &all, factors > 1 ? factors - 1 : 1);
}

/* All products down to what has a letter, as they are bracketed; conditions are no work. */
static void add_work(const story *s, work *to, const node *n, int depth) {
  if (symbol_of(s->n, n) || n->class == NODE_TENSOR || n->boolean || depth > 40) return;
  if (n->class == NODE_PRODUCT) add_product(s->n->g, to, n);
  for (int k = 0; k < n->operands; k++) add_work(s, to, n->operand[k], depth + 1);
}

static int meet_factors(const story *s, axes_met *all, const node *n, int depth) {
  int count = 0;
  meet(all, n->rank, n->axes);
  meet(all, n->bound, n->bound_axes);
  for (int k = 0; k < n->operands; k++) {
    const node *inner = n->operand[k];
    bool opens = inner->class == NODE_PRODUCT && !symbol_of(s->n, inner) && depth < 40;
    count += opens ? meet_factors(s, all, inner, depth + 1) : inner->rank > 0;
  }
  return count;
}

/* The same as one sum over all factors at once. */
static work flat_work(const story *s, const node *n) {
  axes_met all = {0};
  work of = {0};
  if (n->class != NODE_PRODUCT) return of;
  int factors = meet_factors(s, &all, n, 0);
  add_places(s->n->g, &of, &all, factors > 1 ? factors - 1 : 1);
  return of;
}

static const phrase *work_phrase(const story *s, const work *of) {
  phrase *p = phrase_new(s->memory);
  if (of->each > 0) phrase_formula(phrase_plain(phrase_count(p, of->each), " "), batch_letter(s->n));
  if (of->each > 0 && of->once > 0) phrase_plain(p, " + ");
  if (of->once > 0 || of->each <= 0) phrase_count(p, of->once);
  return p;
}

static bool same(double a, double b) { return a >= b && a <= b; }

static void cost_row(story *s, block *table, const symbol *by, const definition *of) {
  const phrase **cell = arena_alloc(s->memory, 5 * sizeof *cell);
  const node *value = of->value, *opened[16];
  symbol laid = *by;
  laid.kind = SYMBOL_ADJOINT;
  laid.by = by;
  memcpy(laid.dims, of->dims, sizeof laid.dims);
  symbol *own = s->n->symbol[value->id];
  s->n->symbol[value->id] = NULL; /* not its own letter */
  int count = open_adjoints(s->n, &laid, value, opened, 16);
  const formula *whole = whole_value(s->n, &laid, value);
  work bracketed = {0};
  add_work(s, &bracketed, value, 0);
  work flat = flat_work(s, value);
  for (int k = 0; k < count; k++) s->n->open[opened[k]->id] = false;
  s->n->symbol[value->id] = own;
  double elements = 1;
  for (int k = 0; k < of->rank; k++) elements *= (double)axis_extent(s->n->g, of->dims[k]);
  bool differ = flat.each + flat.once > 0 &&
                !(same(flat.each, bracketed.each) && same(flat.once, bracketed.once));
  cell[0] = phrase_formula(phrase_new(s->memory),
                           formula_partial(s->memory, loss_letter(s->n), by->whole));
  cell[1] = phrase_new(s->memory);
  if (whole && leaves_of(whole) <= 2 * MOST_LEAVES) {
    cell[1] = phrase_formula(phrase_new(s->memory), whole);
  }
  cell[2] = work_phrase(s, &bracketed);
  cell[3] = differ ? work_phrase(s, &flat) : phrase_new(s->memory);
  cell[4] = phrase_count(phrase_new(s->memory), elements * s->real_bytes);
  table_row(s->d, table, cell);
}

void tell_cost(story *s) {
  static const alignment align[] = {ALIGN_LEFT, ALIGN_LEFT, ALIGN_RIGHT, ALIGN_RIGHT, ALIGN_RIGHT};
  const phrase **title = arena_alloc(s->memory, 5 * sizeof *title);
  static const words heads[] = {WORDS_gradient_named, WORDS_bracketed, WORDS_multiply_adds,
                                WORDS_at_once, WORDS_memory_bytes};
  for (int k = 0; k < 5; k++) title[k] = phrase_words(phrase_new(s->memory), heads[k]);
  if (s->n->p->gradients == 0) return;
  document_heading(s->d, 1, phrase_words(phrase_new(s->memory), WORDS_the_cost), "cost");
  document_paragraph(s->d, phrase_words(phrase_new(s->memory), WORDS_cost_words));
  block *table = document_table(s->d, 5, align, title);
  name_lowered(s->n);
  s->n->bracketed = true;
  for (int k = 0; k < s->n->p->gradients; k++) {
    const symbol *by = s->n->symbol[s->n->r->leaf[k]->id];
    if (by) cost_row(s, table, by, &s->n->p->gradient[k]);
  }
  s->n->bracketed = false;
}
