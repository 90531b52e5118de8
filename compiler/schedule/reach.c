/* reach: the nodes that one function of the model needs, and how they are read. */
#include "schedule.h"

typedef struct node_stack {
  const node **items;
  size_t count, capacity;
} node_stack;

static void push(entry_plan *e, node_stack *stack, reach *r, const node *n) {
  if (r->reached[n->id]) return;
  r->reached[n->id] = true;
  r->count++;
  ARENA_PUSH(e->of->memory, stack->items, stack->count, stack->capacity, n);
}

static bool is_reference(const node *n) {
  return n->class == NODE_TENSOR && n->tensor->role == TENSOR_REFERENCE;
}

static void mark_reached(entry_plan *e, const entry_root *roots, int count, reach *r) {
  node_stack stack = {NULL, 0, 0};
  for (int k = 0; k < count; k++) push(e, &stack, r, roots[k].what);
  while (stack.count > 0) {
    const node *n = stack.items[--stack.count];
    for (int k = 0; k < n->operands; k++) push(e, &stack, r, n->operand[k]);
    if (is_reference(n)) {
      push(e, &stack, r, n->tensor->body);
      r->body[n->tensor->body->id] = true;
    }
  }
}

/* Operands have smaller ids than their readers. */
static void list_reached(entry_plan *e, reach *r) {
  int total = graph_node_count(e->of->g), filled = 0;
  r->list = arena_alloc(e->of->memory, (size_t)r->count * sizeof *r->list);
  for (int id = 0; id < total; id++) {
    if (r->reached[id]) r->list[filled++] = graph_node(e->of->g, id);
  }
}

/* ---- readers ------------------------------------------------------------------------------ */

/* Whether the reader runs over an axis that the operand lacks. */
static bool reader_is_wider(const node *reader, const node *operand, const told_axes *told) {
  for (int k = 0; k < reader->rank; k++) {
    if (!node_has_axis(operand, reader->axes[k])) return true;
  }
  for (int k = 0; k < reader->bound; k++) {
    axis a = reader->bound_axes[k];
    if (!told_has(told, a) && !node_has_axis(operand, a)) return true;
  }
  return false;
}

bool view_repeats(const graph *g, const view *v) {
  double box = 1, places = 1;
  for (int u = 0; u < v->box; u++) box *= (double)v->extent[u];
  for (int k = 0; k < v->reads; k++) places *= (double)axis_extent(g, v->read[k].along);
  return box > places;
}

bool view_fills(const graph *g, const view *v) {
  double filled = 1, places = 1;
  for (int u = 0; u < v->box; u++) filled *= (double)v->extent[u];
  for (int k = 0; k < v->writes; k++) places *= (double)axis_extent(g, v->write[k].along);
  return filled >= places;
}

static void read_by_product(const entry_plan *e, const node *n, reach *r) {
  told_axes told = product_told_axes(n);
  bool contracts = n->bound > told.count;
  for (int k = 0; k < n->operands; k++) {
    const node *operand = n->operand[k];
    double power = n->power[k];
    r->uses[operand->id] += power > 1.5 || power < -1.5 ? 2 : 1;
    if (!reader_is_wider(n, operand, &told)) continue;
    *(contracts ? &r->widened[operand->id] : &r->broadcast[operand->id]) = true;
  }
  (void)e;
}

static void read_by(const entry_plan *e, const node *n, reach *r) {
  told_axes none = {.count = 0};
  for (int k = 0; k < n->operands; k++) {
    if (!r->user[n->operand[k]->id]) r->user[n->operand[k]->id] = n;
  }
  if (is_reference(n) && !r->user[n->tensor->body->id]) r->user[n->tensor->body->id] = n;
  if (n->class == NODE_PRODUCT) {
    read_by_product(e, n, r);
    return;
  }
  for (int k = 0; k < n->operands; k++) {
    const node *operand = n->operand[k];
    r->uses[operand->id]++;
    bool wider = reader_is_wider(n, operand, &none);
    if (n->class == NODE_VIEW) {
      if (view_repeats(e->of->g, n->view)) r->widened[operand->id] = true;
    } else if (wider) {
      *(n->class == NODE_SELECT ? &r->widened[operand->id] : &r->broadcast[operand->id]) = true;
    }
    if (n->class == NODE_SELECT && k == 0) r->selected[operand->id] = true;
  }
}

/* ---- contractions that are added up in a sum's buffer --------------------------------------- */

/* What the node shows under another index (a view) or multiplied by single numbers; or NULL. */
static const node *shown_by(const node *n) {
  if (n->class == NODE_VIEW) return n->operand[0];
  if (n->class != NODE_PRODUCT || n->bound > 0) return NULL;
  const node *shown = NULL;
  for (int k = 0; k < n->operands; k++) {
    const node *operand = n->operand[k];
    if (operand->rank == 0 && !operand->boolean) continue;
    if (shown || n->power[k] < 1 || n->power[k] > 1) return NULL;
    shown = operand;
  }
  return shown;
}

/* The contraction that a term of a sum is, perhaps behind views and scales of its own; or NULL. */
static const node *collectable(const entry_plan *e, const reach *r, const node *term, int rank) {
  if (term->rank != rank) return NULL;
  while (r->uses[term->id] == 1 && !r->body[term->id]) {
    if (term->class == NODE_PRODUCT && term->bound > 0) return term;
    bool is_view = term->class == NODE_VIEW;
    if (is_view && !view_gathers(e->of->g, term->view)) return NULL;
    if (is_view && view_repeats(e->of->g, term->view)) return NULL;
    term = shown_by(term);
    if (!term) return NULL;
  }
  return NULL;
}

/* ---- sums of pieces ---------------------------------------------------------------------------- */

/* Made for the sum alone, so it may as well be made where it belongs there. */
static bool is_made_for_it(const reach *r, const node *term) {
  const node *shown = term->operand[0];
  return r->uses[term->id] == 1 && r->uses[shown->id] == 1 && shown->class > NODE_EXTENT &&
         !r->body[shown->id] && !r->body[term->id];
}

/* A contraction that its sum collects, and more than a look-up. */
static bool is_summed_there(const entry_plan *e, const reach *r, const node *sum, int term) {
  const node *contraction = collectable(e, r, sum->operand[term], sum->rank);
  return contraction && !node_is_gather(contraction);
}

/* A sum of pieces that is stored, as contractions read it or it collects nothing but contractions. */
static bool is_stored_in_pieces(const entry_plan *e, const reach *r, const node *sum) {
  int contractions = 0;
  if (sum->class != NODE_SUM || r->body[sum->id] || sum->integer || !sum_has_pieces(e->of->g, sum)) return false;
  for (int k = 0; k < sum->operands; k++) {
    if (is_summed_there(e, r, sum, k)) contractions++;
    else if (!is_made_for_it(r, sum->operand[k])) return false;
  }
  return r->widened[sum->id] || contractions == sum->operands;
}

/* What looks at a view looks at its operand, as often. */
static void pass_through_views(const entry_plan *e, reach *r) {
  for (int k = r->count - 1; k >= 0; k--) {
    const node *n = r->list[k];
    r->pieces[n->id] = is_stored_in_pieces(e, r, n);
    bool pieces = n->class == NODE_SUM && r->widened[n->id] && !r->pieces[n->id];
    if (n->class != NODE_VIEW && !pieces) continue;
    for (int j = 0; j < n->operands; j++) {
      int id = n->operand[j]->id;
      if (pieces && n->operand[j]->class != NODE_VIEW) continue;
      r->widened[id] = r->widened[id] || r->widened[n->id];
      r->broadcast[id] = r->broadcast[id] || r->broadcast[n->id];
    }
  }
}

/* What goes on from copy to copy, each term in rows of its own: assign.c takes it row by row, and
 * only so the loop over the copies is found. */
static bool is_of_rows(const entry_plan *e, const reach *r, const node *sum) {
  axis row = AXIS_UNIT;
  for (int k = 0; k < sum->rank; k++) {
    if (axis_counts_copies(e->of->g, sum->axes[k])) row = sum->axes[k];
  }
  bool rows = r->body[sum->id] && row != AXIS_UNIT && sum->operands > 1;
  for (int k = 0; k < sum->operands && rows; k++) {
    const node *term = sum->operand[k];
    bool writes = false;
    for (int w = 0; term->class == NODE_VIEW && w < term->view->writes; w++) {
      writes = writes || term->view->write[w].along == row;
    }
    rows = writes;
  }
  return rows;
}

/* Sums of pieces all that they find. Others: at least two, or all that there is; and not look-ups alone,
 * which cost their reader nothing. But beside a product they fill the buffer that it adds to, as U c[t]
 * does in a step of a recurrence. */
static void collect_terms(const entry_plan *e, const node *sum, reach *r) {
  int found = 0;
  bool constant = sum->value < 0 || sum->value > 0, products = false;
  for (int k = 0; k < sum->operands; k++) {
    const node *contraction = collectable(e, r, sum->operand[k], sum->rank);
    found += contraction != NULL;
    products = products || (contraction && !node_is_gather(contraction));
  }
  const bool few = found < 2 && (sum->operands > 1 || constant) && !r->pieces[sum->id];
  if (!products || is_of_rows(e, r, sum) || few) return;
  for (int k = 0; k < sum->operands; k++) {
    const node *contraction = collectable(e, r, sum->operand[k], sum->rank);
    if (contraction && r->pieces[sum->id] && node_is_gather(contraction)) continue;
    if (contraction) r->collected[contraction->id] = true;
  }
}

/* A contraction times single numbers: they become its coefficient. */
static void collect_scaled(const entry_plan *e, const node *n, reach *r) {
  const node *shown = n->bound == 0 && n->rank > 0 ? shown_by(n) : NULL;
  const node *contraction = shown ? collectable(e, r, shown, n->rank) : NULL;
  if (!contraction || r->collected[contraction->id] || node_is_gather(contraction)) return;
  r->collected[contraction->id] = true;
  r->scales[n->id] = true;
}

/* A gradient that shows a contraction in another shape is where it is added up. */
static void collect_shown(const entry_plan *e, const entry_root *root, reach *r) {
  const node *n = root->what;
  if (root->kept != STORAGE_GRADIENT || n->class != NODE_VIEW || !view_fills(e->of->g, n->view)) return;
  if (view_is_read(e->of->g, n->view) || r->uses[n->operand[0]->id] > 1) return;
  const node *contraction = collectable(e, r, n, n->rank);
  if (!contraction || r->collected[contraction->id] || node_is_gather(contraction)) return;
  r->collected[contraction->id] = true;
  r->scales[n->id] = true;
}

/* Readers first: the outermost one collects. */
static void collect(const entry_plan *e, const entry_root *roots, int count, reach *r) {
  for (int k = 0; k < count; k++) collect_shown(e, &roots[k], r);
  for (int k = r->count - 1; k >= 0; k--) {
    if (r->list[k]->class == NODE_SUM) collect_terms(e, r->list[k], r);
    if (r->list[k]->class == NODE_PRODUCT) collect_scaled(e, r->list[k], r);
  }
}

bool term_is_collected(const entry_plan *e, const node *term) {
  const node *n = term;
  while (n && !e->collected[n->id]) {
    if (e->held[n->id] || e->scales[n->id]) return false;
    n = shown_by(n);
  }
  return n != NULL;
}

bool sum_is_collected(const entry_plan *e, const node *sum) {
  for (int k = 0; k < sum->operands; k++) {
    if (!term_is_collected(e, sum->operand[k])) return false;
  }
  return !(sum->value < 0 || sum->value > 0);
}

/* ---- names --------------------------------------------------------------------------------- */

static void name_nodes(reach *r, int count, const definition *list) {
  for (int k = 0; k < count; k++) {
    int id = list[k].value->id;
    if (r->reached[id] && !r->name[id]) r->name[id] = &list[k];
  }
}

/* A recurrence's body goes by the name of what stands for it. */
static void name_bodies(const entry_plan *e, reach *r) {
  for (int k = 0; k < r->count; k++) {
    const node *n = r->list[k];
    if (!is_reference(n) || r->name[n->tensor->body->id]) continue;
    definition *made = arena_alloc(e->of->memory, sizeof *made);
    made->word = n->tensor->word;
    made->value = n->tensor->body;
    r->name[n->tensor->body->id] = made;
  }
}

static void *by_node(const entry_plan *e, size_t bytes) {
  return arena_alloc(e->of->memory, (size_t)graph_node_count(e->of->g) * bytes);
}

void reach_nodes(entry_plan *e, const entry_root *roots, int count, reach *r) {
  const program *p = e->of->p;
  r->reached = by_node(e, sizeof *r->reached);
  r->uses = by_node(e, sizeof *r->uses);
  r->widened = by_node(e, sizeof *r->widened);
  r->broadcast = by_node(e, sizeof *r->broadcast);
  r->selected = by_node(e, sizeof *r->selected);
  r->body = by_node(e, sizeof *r->body);
  r->collected = by_node(e, sizeof *r->collected);
  r->scales = by_node(e, sizeof *r->scales);
  r->name = by_node(e, sizeof *r->name);
  r->user = by_node(e, sizeof *r->user);
  r->pieces = by_node(e, sizeof *r->pieces);
  r->looked_up = by_node(e, sizeof *r->looked_up);
  mark_reached(e, roots, count, r);
  list_reached(e, r);
  for (int k = 0; k < r->count; k++) read_by(e, r->list[k], r);
  for (int k = 0; k < count; k++) r->uses[roots[k].what->id]++;
  pass_through_views(e, r);
  collect(e, roots, count, r);
  find_looked_up(e, r);
  name_nodes(r, p->definitions, p->definition);
  name_nodes(r, p->adjoints, p->adjoint);
  name_bodies(e, r);
  name_nodes(r, p->gradients, p->gradient);
  name_nodes(r, p->outputs, p->output);
  name_nodes(r, p->metrics, p->metric);
  e->collected = r->collected;
  e->scales = r->scales;
  e->pieces = r->pieces;
  e->name = r->name;
  e->user = r->user;
}
