/* store: which nodes get storage of their own, and which are parts of their readers' expressions.
 * Stored are contractions, selections, scattering views, bodies of references, what is costly and
 * read twice, and what a contraction would compute again and again. */
#include "schedule.h"

enum { CALL_COST = 20, CHEAP = 2, LARGEST_EXPRESSION = 40 };

/* ---- cost ---------------------------------------------------------------------------------- */

static double map_cost(op operation) {
  switch (operation) {
    case OP_stop: return 0;
    case OP_abs:
    case OP_relu:
    case OP_sign:
    case OP_min:
    case OP_max:
    case OP_less:
    case OP_less_equal:
    case OP_equal:
    case OP_not_equal:
    case OP_not:
    case OP_floor: return 1;
    default: return CALL_COST;
  }
}

static double power_cost(double power) {
  if (power > 0 && power < 2) return power > 0.9 && power < 1.1 ? 0 : 4;
  if (power < 0 && power > -1.1) return power < -0.9 ? 1 : 6;
  return power > -5 && power < 5 ? 2 : CALL_COST;
}

static double own_cost(const node *n) {
  double cost = 0;
  switch (n->class) {
    case NODE_SUM:
      for (int k = 0; k < n->operands; k++) {
        double by = n->coefficient[k];
        cost += by < -1 || (by > -1 && by < 1) || by > 1 ? 2 : 1;
      }
      return n->value < 0 || n->value > 0 ? cost : cost - 1;
    case NODE_PRODUCT:
      for (int k = 0; k < n->operands; k++) cost += 1 + power_cost(n->power[k]);
      return cost - 1;
    case NODE_MAP: return map_cost(n->op);
    case NODE_TENSOR: return n->tensor->role == TENSOR_RANDOM ? CALL_COST : 0;
    default: return 0;
  }
}

static bool is_held(const entry_plan *e, const node *n) { return e->held[n->id] != NULL; }

double inline_cost(const entry_plan *e, const node *n) {
  return is_held(e, n) ? 0 : e->cost[n->id];
}

static double tree_cost(const entry_plan *e, const node *n) {
  double cost = own_cost(n);
  for (int k = 0; k < n->operands; k++) cost += inline_cost(e, n->operand[k]);
  return cost;
}

static int tree_size(const entry_plan *e, const node *n) {
  int size = 1;
  for (int k = 0; k < n->operands; k++) {
    if (!is_held(e, n->operand[k])) size += e->size[n->operand[k]->id];
  }
  return size;
}

/* ---- decisions ----------------------------------------------------------------------------- */

static bool is_leaf(const node *n) {
  return n->class <= NODE_EXTENT;
}

/* Read twice, a compiler may contract a product and a sum in one place and not in the other, or add
 * three terms in two orders; then x = max(x) would fail. */
static bool reads_exactly(const entry_plan *e, const node *n) {
  if (is_held(e, n) || is_leaf(n)) return true;
  if (n->class == NODE_VIEW) return reads_exactly(e, n->operand[0]);
  const bool number = n->value < 0 || n->value > 0;
  if (n->class != NODE_SUM || n->operands + number > 2) return false;
  for (int k = 0; k < n->operands; k++) {
    const node *term = n->operand[k];
    while (term->class == NODE_VIEW) term = term->operand[0];
    if (!is_held(e, term) && !is_leaf(term)) return false;
  }
  return true;
}

/* Each term stands in places of its own, and is there for others, too: readers take them one by one (h[t-1]
 * and its start). What is stored piece by piece (pieces.c) is another matter. */
static bool is_sum_of_pieces(const graph *g, const node *n) {
  if (n->class != NODE_SUM || n->value < 0 || n->value > 0) return false;
  for (int k = 0; k < n->operands; k++) {
    const node *term = n->operand[k];
    if (term->class != NODE_VIEW || view_is_read(g, term->view)) return false;
    if (!view_gathers(g, term->view) || view_fills(g, term->view)) return false;
  }
  return n->operands <= 6;
}

static bool must_store(const entry_plan *e, const reach *r, const node *n) {
  if (r->collected[n->id]) return false;
  if (r->looked_up[n->id] || r->pieces[n->id]) return true;
  if (r->body[n->id] || r->scales[n->id] || n->class == NODE_SELECT) return true;
  if (n->class == NODE_SUM && sum_is_collected(e, n)) return true;
  if (n->class == NODE_PRODUCT && n->bound > 0) return !node_is_gather(n);
  return n->class == NODE_VIEW && !view_gathers(e->of->g, n->view);
}

/* Padding: what contracts it would have to ask at each term whether it stands inside, and neither
 * a product nor a sum over windows can. A copy with zeros around costs one pass. */
static bool is_padding(const entry_plan *e, const reach *r, const node *n) {
  const graph *g = e->of->g;
  if (n->class != NODE_VIEW || n->integer || !r->widened[n->id]) return false;
  if (!view_gathers(g, n->view) || view_is_read(g, n->view)) return false;
  const node *user = r->user[n->id];
  return user && user->class == NODE_VIEW && view_is_read(g, user->view) &&
         view_repeats(g, user->view);
}

/* Weights that a product reads backwards (scatter.c): it reads a copy that lies as it goes, made once
 * for all samples. */
static bool is_turned(const entry_plan *e, const reach *r, const node *n) {
  return r->widened[n->id] && node_reads_backwards(e->of->g, n) && !node_has_axis(n, AXIS_BATCH) &&
         n->operand[0]->class == NODE_TENSOR && n->operand[0]->tensor->role == TENSOR_PARAMETER;
}

bool node_reads_backwards(const graph *g, const node *n) {
  if (n->class != NODE_VIEW || !view_is_read(g, n->view) || view_repeats(g, n->view)) return false;
  for (int k = 0; k < n->view->reads; k++) {
    for (int u = 0; u < n->view->box; u++) {
      if (n->view->read[k].coefficient[u] < 0) return true;
    }
  }
  return false;
}

static bool should_store(const entry_plan *e, const reach *r, const node *n) {
  double cost = e->cost[n->id];
  if (is_padding(e, r, n) || is_turned(e, r, n) || e->of->node_alone[n->id]) return true;
  if (is_leaf(n) || n->boolean || n->class == NODE_VIEW || cost < 1) return false;
  if (r->widened[n->id]) return !is_sum_of_pieces(e->of->g, n);
  if (r->broadcast[n->id] && cost >= CALL_COST / 2) return true;
  if (r->selected[n->id] && r->uses[n->id] > 1 && !reads_exactly(e, n)) return true;
  if (r->uses[n->id] > 1 && (cost > CHEAP || r->name[n->id])) return true;
  if (r->uses[n->id] > 2) return true;
  return e->size[n->id] > LARGEST_EXPRESSION;
}

/* ---- buffers ------------------------------------------------------------------------------- */

static number_type type_of(const node *n) {
  return n->integer ? NUMBER_INTEGER : n->rank == 0 ? NUMBER_DOUBLE : NUMBER_REAL;
}

buffer *buffer_new(entry_plan *e, storage kept, const node *what) {
  buffer *b = arena_alloc(e->of->memory, sizeof *b);
  b->number = (int)e->buffers;
  b->kept = kept;
  b->what = what;
  b->type = what ? type_of(what) : NUMBER_REAL;
  b->outermost = AXIS_UNIT;
  ARENA_PUSH(e->of->memory, e->buffer, e->buffers, e->buffer_capacity, b);
  return b;
}

static void give_axes(buffer *b, const node *n) {
  b->rank = n->rank;
  for (int k = 0; k < n->rank; k++) b->dims[k] = n->axes[k];
}

/* An output has a row for each sample, even if all rows are the same. */
static void give_dims(buffer *b, const definition *shown) {
  b->rank = 0;
  if (shown->per_sample || b->kept == STORAGE_OUTPUT) b->dims[b->rank++] = AXIS_BATCH;
  for (int k = 0; k < shown->rank; k++) b->dims[b->rank++] = shown->dims[k];
  b->shown = shown;
}

static storage tensor_storage(const tensor *t) {
  switch (t->role) {
    case TENSOR_PARAMETER: return STORAGE_PARAMETER;
    case TENSOR_CONSTANT: return STORAGE_CONSTANT;
    case TENSOR_RUNNING:
    case TENSOR_CARRY:
    case TENSOR_HELD: return STORAGE_STATE;
    default: return STORAGE_DATA;
  }
}

/* A tensor's own dimensions have no axes of their own: -1 marks them, but for the batch. */
buffer *buffer_of_tensor(entry_plan *e, const tensor *t) {
  if (t->alias) t = t->alias;
  if (e->held_tensor[t->number]) return e->held_tensor[t->number];
  buffer *b = buffer_new(e, tensor_storage(t), NULL);
  b->leaf = t;
  b->type = t->kind == VALUE_REAL ? NUMBER_REAL : NUMBER_INTEGER;
  if (t->per_sample) b->dims[b->rank++] = AXIS_BATCH;
  for (int k = 0; k < t->rank; k++) b->dims[b->rank++] = -1;
  e->held_tensor[t->number] = b;
  return b;
}

/* ---- roots --------------------------------------------------------------------------------- */

/* Whether the node has all of the buffer's axes, but for those of extent 1, and no others. */
static bool dims_are_its_axes(const graph *g, const buffer *b, const node *n) {
  int found = 0;
  for (int k = 0; k < b->rank; k++) {
    bool has = node_has_axis(n, b->dims[k]);
    if (!has && (b->dims[k] == AXIS_BATCH || axis_extent(g, b->dims[k]) != 1)) return false;
    found += has;
  }
  return found == n->rank;
}

static const tensor *state_of(const program *p, int index) {
  return index < p->refreshes ? p->refresh[index].leaf : p->held[index - p->refreshes].leaf;
}

/* A root is computed in its final place where nothing else claims the node, else copied. */
static void store_root(entry_plan *e, const entry_root *wanted) {
  const node *n = wanted->what;
  buffer *b = buffer_new(e, wanted->kept, n);
  b->index = wanted->index;
  b->type = wanted->kept == STORAGE_RESULT ? NUMBER_DOUBLE
            : n->integer ? NUMBER_INTEGER : NUMBER_REAL;
  bool fits = true;
  if (wanted->shown) {
    give_dims(b, wanted->shown);
    fits = dims_are_its_axes(e->of->g, b, n);
  }
  if (wanted->kept == STORAGE_STATE) b->leaf = state_of(e->of->p, wanted->index);
  bool free = !is_leaf(n) && !n->boolean && !e->held[n->id] && !e->collected[n->id];
  if (gradient_label_axis(e, wanted) != AXIS_UNIT) return; /* a copy of what lies another way */
  if (wanted->kept != STORAGE_STATE && free && fits) e->held[n->id] = b;
}

/* ---- masks ---------------------------------------------------------------------------------- */

static bool has_operand(const node *n, const node *operand) {
  for (int k = 0; k < n->operands; k++) {
    if (n->operand[k] == operand) return true;
  }
  return false;
}

/* The mask that `both` is n with, as lower.c makes it of n's own factors; NULL where it is not. */
static const node *mask_beside(const node *n, const node *both) {
  const node *mask = NULL;
  if (both->class != NODE_PRODUCT || both->bound > 0 || both->operands != n->operands + 1) return NULL;
  for (int k = 0; k < both->operands; k++) {
    if (has_operand(n, both->operand[k])) continue;
    if (mask || !both->operand[k]->boolean) return NULL;
    mask = both->operand[k];
  }
  for (int k = 0, j = 0; k < both->operands && mask; k++) { /* both lists are sorted */
    if (both->operand[k] == mask) continue;
    if (n->operand[j] != both->operand[k] || n->power[j] < both->power[k] || n->power[j] > both->power[k])
      return NULL;
    j++;
  }
  return mask;
}

/* Stored products with one bracket: what others may be found in. */
typedef struct masked_list {
  size_t count, capacity;
  const node **item;
} masked_list;

static masked_list list_masked(const entry_plan *e, const reach *r) {
  masked_list all = {0};
  for (int k = 0; k < r->count; k++) {
    const node *n = r->list[k];
    int brackets = 0;
    if (n->class != NODE_PRODUCT || n->bound > 0 || !r->widened[n->id] || n->boolean) continue;
    for (int j = 0; j < n->operands; j++) brackets += n->operand[j]->boolean;
    if (brackets == 1) ARENA_PUSH(e->of->memory, all.item, all.count, all.capacity, n);
  }
  return all;
}

/* [mask] n, where that is stored and n is only ever read together with the mask: the zeroes beside it are
 * never seen, and one array serves both. */
static const node *masked_instead(const entry_plan *e, const reach *r, const masked_list *all, const node *n) {
  const node *both = NULL, *mask = NULL;
  if (n->class != NODE_PRODUCT || n->bound > 0 || r->name[n->id] || r->body[n->id]) return NULL;
  for (size_t k = 0; k < all->count && !mask; k++) {
    both = all->item[k];
    if (!is_held(e, both)) mask = mask_beside(n, both);
  }
  for (int k = 0; k < r->count && mask; k++) {
    const node *reader = r->list[k];
    if (has_operand(reader, n) && (reader->class != NODE_PRODUCT || !has_operand(reader, mask))) mask = NULL;
  }
  return mask ? both : NULL;
}

/* Says of what is looked up, and of what is added up at labels, along which axis. */
static void lie_by_labels(const entry_plan *e, const entry_root *roots, int count, const reach *r) {
  for (int k = 0; k < r->count; k++) {
    const node *n = r->list[k];
    if (r->looked_up[n->id]) e->held[n->id]->outermost = looked_up_axis(n);
  }
  for (int k = 0; k < count; k++) {
    buffer *b = e->held[roots[k].what->id];
    const axis labels = gradient_label_axis(e, &roots[k]);
    if (labels != AXIS_UNIT && b && b->kept == STORAGE_SCRATCH) b->outermost = labels;
  }
}

void store_nodes(entry_plan *e, const entry_root *roots, int count, const reach *r) {
  const masked_list with_masks = list_masked(e, r);
  for (int k = 0; k < count; k++) store_root(e, &roots[k]);
  for (int k = 0; k < r->count; k++) {
    const node *n = r->list[k];
    e->cost[n->id] = tree_cost(e, n);
    e->size[n->id] = tree_size(e, n);
    if (is_held(e, n)) continue;
    const node *masked = masked_instead(e, r, &with_masks, n);
    if (!masked && !must_store(e, r, n) && !should_store(e, r, n)) continue;
    e->held[n->id] = buffer_new(e, STORAGE_SCRATCH, masked ? masked : n);
    if (masked) e->held[masked->id] = e->held[n->id];
    give_axes(e->held[n->id], n);
    e->held[n->id]->shown = NULL;
    if (r->name[n->id]) e->held[n->id]->called = r->name[n->id];
  }
  lie_by_labels(e, roots, count, r);
  for (int k = 0; k < r->count; k++) {
    const node *n = r->list[k];
    bool any = false;
    for (int t = 0; t < n->operands && n->class == NODE_SUM; t++) {
      any = any || term_is_collected(e, n->operand[t]);
    }
    bool whole = any && is_held(e, n) && (sum_is_collected(e, n) || r->pieces[n->id]);
    if (!any || whole) continue;
    buffer *b = buffer_new(e, STORAGE_SCRATCH, n);
    b->partial = true;
    give_axes(b, n);
    e->held_partial[n->id] = b;
  }
}
