/* Nodes and written terms in index notation. What a view reads elsewhere is read at other indices:
 * an axis has a place, which is an affine form of letters, and views put places in terms of others.
 * Whatever is read outside of its range is 0, so that shifts need no brackets. */
#include <math.h>
#include <string.h>

#include "notation.h"

/* sum of by[k] * letter[k], plus constant */
typedef struct spot {
  int count;
  int letter[MAX_RANK];
  int64_t by[MAX_RANK];
  int64_t constant;
} spot;

/* Where axes are read: the innermost wins. */
typedef struct seat seat;
struct seat {
  axis along;
  spot at;
  const seat *outer;
};

typedef struct index_letter {
  const char *word;
  axis preferred; /* the axis that it was given to first */
  int64_t extent; /* -1: the batch */
  bool used;      /* in the scope that is being written */
} index_letter;

enum { MOST_LETTERS = 64, MOST_PARTS = 64 };

struct index_letters {
  const notation *s;
  int count;
  index_letter letter[MOST_LETTERS];
  const seat *free;
};

index_letters *letters_new(const notation *s) {
  index_letters *l = arena_alloc(s->memory, sizeof *l);
  l->s = s;
  return l;
}

/* ---- choosing letters --------------------------------------------------------------------- */

static bool is_taken(const index_letters *l, const char *word) {
  for (int k = 0; k < l->count; k++) {
    if (strcmp(l->letter[k].word, word) == 0) return true;
  }
  return false;
}

/* The model's own index variable where it has one letter; else the next of i, j, l ... */
static const char *choose_word(const index_letters *l, axis a) {
  static const char *const pool[] = {"i", "j", "l", "p", "q", "r", "s", "u", "v", "w", "a", "b",
                                     "c", "d", "e", "f", "g", "x", "y", "z", "α", "β", "γ", "κ",
                                     "λ", "μ", "ν", "ρ", "τ"};
  const char *hint = axis_hint(l->s->g, a);
  bool lower = hint[0] >= 'a' && hint[0] <= 'z' && !hint[1] && hint[0] != 'k';
  if (lower && !is_taken(l, hint) && !is_spelt(l->s, hint)) return hint;
  for (size_t k = 0; k < sizeof pool / sizeof *pool; k++) {
    if (!is_taken(l, pool[k]) && (k < 2 || !is_spelt(l->s, pool[k]))) return pool[k];
  }
  return arena_printf(l->s->memory, "i%d", l->count);
}

static int letter_new(index_letters *l, axis a) {
  if (l->count == MOST_LETTERS) return MOST_LETTERS - 1;
  index_letter made = {.word = a == AXIS_BATCH ? "k" : choose_word(l, a), .preferred = a, .used = true};
  made.extent = a == AXIS_BATCH ? -1 : axis_extent(l->s->g, a);
  l->letter[l->count] = made;
  return l->count++;
}

/* The axis's own letter, unless something around is called so; then another. */
static int letter_take(index_letters *l, axis a) {
  for (int k = 0; k < l->count; k++) {
    if (l->letter[k].preferred != a || l->letter[k].used) continue;
    l->letter[k].used = true;
    return k;
  }
  return letter_new(l, a);
}

static const formula *letter_formula(const index_letters *l, int k) {
  return formula_symbol(l->s->memory, l->letter[k].word);
}

static const spot *spot_of(const seat *where, axis a) {
  for (; where; where = where->outer) {
    if (where->along == a) return &where->at;
  }
  return NULL;
}

static const seat *seat_new(index_letters *l, axis a, spot at, const seat *outer) {
  seat *made = arena_alloc(l->s->memory, sizeof *made);
  *made = (seat){a, at, outer};
  return made;
}

static const seat *seat_letter(index_letters *l, axis a, int k, const seat *outer) {
  return seat_new(l, a, (spot){.count = 1, .letter = {k}, .by = {1}}, outer);
}

static spot spot_at(index_letters *l, const seat *where, axis a) {
  const spot *found = spot_of(where, a);
  if (found) return *found;
  found = spot_of(l->free, a);
  if (found) return *found;
  l->free = seat_letter(l, a, letter_new(l, a), l->free);
  return l->free->at;
}

void letters_of_symbol(index_letters *l, const symbol *of) {
  for (int k = 0; k < of->rank; k++) {
    if (of->dims[k] != AXIS_UNIT) spot_at(l, NULL, of->dims[k]);
  }
  if (of->per_sample) spot_at(l, NULL, AXIS_BATCH);
}

/* ---- places as formulas ------------------------------------------------------------------- */

static const formula *spot_formula(const index_letters *l, const spot *at) {
  arena *memory = l->s->memory;
  const formula *part[MAX_RANK + 1];
  double by[MAX_RANK + 1];
  int count = 0;
  for (int k = 0; k < at->count; k++) {
    part[count] = letter_formula(l, at->letter[k]);
    by[count++] = (double)at->by[k];
  }
  if (at->constant != 0 || count == 0) {
    part[count] = formula_number(memory, (double)at->constant);
    by[count++] = 1;
  }
  if (count == 1 && by[0] >= 1 && by[0] <= 1) return part[0];
  return formula_sum(memory, count, part, by);
}

const formula *letter_of_axis(index_letters *l, axis a) {
  spot at = spot_at(l, NULL, a);
  return spot_formula(l, &at);
}

static void spot_add(spot *to, const spot *from, int64_t by) {
  to->constant += by * from->constant;
  for (int k = 0; k < from->count; k++) {
    int at = 0;
    while (at < to->count && to->letter[at] != from->letter[k]) at++;
    if (at == MAX_RANK) continue;
    if (at == to->count) {
      to->letter[to->count] = from->letter[k];
      to->by[to->count++] = 0;
    }
    to->by[at] += by * from->by[k];
  }
}

/* ---- symbols ------------------------------------------------------------------------------ */

static const formula *indexed(index_letters *l, const symbol *of, const formula *base,
                              const seat *where) {
  const formula *index[MAX_RANK + 1];
  int count = 0;
  if (of->per_sample) {
    spot at = spot_at(l, where, AXIS_BATCH);
    index[count++] = spot_formula(l, &at);
  }
  for (int k = 0; k < of->rank && count <= MAX_RANK; k++) {
    spot at = {.constant = 1};
    if (of->dims[k] != AXIS_UNIT) at = spot_at(l, where, of->dims[k]);
    index[count++] = spot_formula(l, &at);
  }
  return count ? formula_indexed(l->s->memory, base, count, index) : base;
}

static const formula *symbol_formula(index_letters *l, const symbol *of, const seat *where) {
  arena *memory = l->s->memory;
  if (of->kind != SYMBOL_ADJOINT) return indexed(l, of, of->elements, where);
  if (of->delta) return indexed(l, of, formula_symbol(memory, "δ"), where);
  symbol at = *of; /* the primal's letter at the adjoint's places */
  const formula *by = indexed(l, &at, of->by->elements, where);
  if (!of->total) return formula_partial(memory, loss_letter(l->s), by);
  return formula_total(memory, loss_letter(l->s), by);
}

const formula *element_of_symbol(index_letters *l, const symbol *of) {
  return symbol_formula(l, of, NULL);
}

/* ---- nodes -------------------------------------------------------------------------------- */

static const formula *node_formula(index_letters *l, const node *n, const seat *where);
static const formula *term_formula(index_letters *l, const written_term *t, const seat *where);

static bool is_one(double x) { return x >= 1 && x <= 1; }
static bool is_zero(double x) { return x >= 0 && x <= 0; }

typedef struct item {
  const node *n;
  double weight;
  int64_t rank;
} item;

static void sort_items(item *list, int count) {
  for (int k = 1; k < count; k++) {
    item moving = list[k];
    int at = k;
    for (; at > 0 && list[at - 1].rank > moving.rank; at--) list[at] = list[at - 1];
    list[at] = moving;
  }
}

static const formula *sum_formula(index_letters *l, const node *n, const seat *where) {
  arena *memory = l->s->memory;
  size_t room = (size_t)n->operands + 1;
  const formula **part = arena_alloc(memory, room * sizeof *part);
  double *by = arena_alloc(memory, room * sizeof *by);
  int count = 0;
  for (int k = 0; k < n->operands; k++) {
    part[count] = node_formula(l, n->operand[k], where);
    by[count++] = n->coefficient[k];
  }
  if (!is_zero(n->value)) {
    part[count] = formula_number(memory, n->value);
    by[count++] = 1;
  }
  return page_sum(memory, count, part, by);
}

/* Numbers, then derivatives and what they open to, parameters, brackets, equations, leaves, the rest;
 * each in the order in which the graph has them. */
static int64_t factor_rank(const index_letters *l, const node *n) {
  bool known = n->id >= 0 && n->id < l->s->nodes;
  const symbol *of = known ? l->s->symbol[n->id] : NULL;
  int rank = 7;
  if (n->class == NODE_CONSTANT) rank = 0;
  else if (n->class == NODE_EXTENT) rank = 1;
  else if (of && of->kind == SYMBOL_ADJOINT) rank = 2;
  else if (!of && n->class == NODE_SUM) rank = 2;
  else if (of && of->parameter) rank = 3;
  else if (n->boolean) rank = 4;
  else if (of) rank = of->kind == SYMBOL_TENSOR ? 6 : 5;
  return ((int64_t)rank << 32) + n->id;
}

static const formula *powered(index_letters *l, const formula *f, double power) {
  arena *memory = l->s->memory;
  if (is_one(power)) return f;
  if (power >= 0.5 && power <= 0.5) return formula_root(memory, f);
  return formula_power(memory, f, formula_number(memory, power));
}

static const formula *as_bracket(index_letters *l, const node *n, const formula *f) {
  if (!n->boolean || f->kind == FORMULA_FENCE || symbol_of(l->s, n)) return f;
  return formula_fence(l->s->memory, FENCE_BRACKET, f);
}

/* The factors of a product, those of products without a name inside it too. */
typedef struct row {
  double number;
  int count;
  item list[MOST_PARTS];
} row;

static bool is_shown(const index_letters *l, const node *n) {
  bool known = n->id >= 0 && n->id < l->s->nodes;
  return known && l->s->shown[n->id] && !l->s->busy[n->id];
}

static void collect_factor(index_letters *l, const node *n, double power, row *out) {
  bool closed = !is_one(power) || symbol_of(l->s, n) || is_shown(l, n);
  if (n->class == NODE_CONSTANT && (is_one(power) || is_one(-power))) {
    out->number *= power > 0 ? n->value : 1 / n->value;
  } else if (!closed && n->class == NODE_SUM && n->operands == 1 && is_zero(n->value)) {
    out->number *= n->coefficient[0];
    collect_factor(l, n->operand[0], 1, out);
  } else if (!closed && n->class == NODE_PRODUCT && n->bound == 0) {
    for (int k = 0; k < n->operands; k++) {
      collect_factor(l, n->operand[k], n->power[k], out);
    }
  } else if (!is_zero(power) && out->count < MOST_PARTS) {
    out->list[out->count++] = (item){n, power, factor_rank(l, n)};
  }
}

static bool is_front(const item *of) { return of->n->class == NODE_EXTENT; }

/* The factors but for what stands in front; NULL where there are none. */
static const formula *body_formula(index_letters *l, const row *of, const seat *where) {
  arena *memory = l->s->memory;
  const formula *above[MOST_PARTS], *below[MOST_PARTS];
  int up = 0, down = 0;
  for (int k = 0; k < of->count; k++) {
    const item *at = &of->list[k];
    if (is_front(at)) continue;
    const formula *f = as_bracket(l, at->n, node_formula(l, at->n, where));
    if (at->weight >= 0) above[up++] = powered(l, f, at->weight);
    else below[down++] = powered(l, f, -at->weight);
  }
  if (up + down == 0) return NULL;
  const formula *body = formula_product(memory, up, above);
  return down ? formula_fraction(memory, body, formula_product(memory, down, below)) : body;
}

/* Numbers and the batch's size, in front of the body, which may be NULL. */
static const formula *with_front(index_letters *l, const row *of, const formula *body) {
  arena *memory = l->s->memory;
  const formula *above[MOST_PARTS + 1], *below[MOST_PARTS + 1];
  int up = 0, down = 0;
  double size = of->number < 0 ? -of->number : of->number;
  for (int k = 0; k < of->count; k++) {
    const item *at = &of->list[k];
    if (!is_front(at)) continue;
    const formula *f = node_formula(l, at->n, NULL);
    if (at->weight > 0) above[up++] = powered(l, f, at->weight);
    else below[down++] = powered(l, f, -at->weight);
  }
  const formula *front = NULL;
  if (!is_one(size) || (up == 0 && (down > 0 || !body))) front = formula_number(memory, size);
  if (front && up) front = formula_times(memory, front, formula_product(memory, up, above));
  else if (up) front = formula_product(memory, up, above);
  if (down) front = formula_fraction(memory, front, formula_product(memory, down, below));
  const formula *both[] = {front, body};
  const formula *whole = !front ? body : !body ? front : page_product(memory, 2, both);
  return of->number < 0 ? formula_negative(memory, whole) : whole;
}

/* Letters for bound axes; returns the seats inside. */
static const seat *bind(index_letters *l, int count, const axis *axes, const seat *where,
                        const formula **under, int *taken) {
  for (int k = 0; k < count; k++) {
    taken[k] = letter_take(l, axes[k]);
    where = seat_letter(l, axes[k], taken[k], where);
    under[k] = letter_formula(l, taken[k]);
  }
  return where;
}

static void unbind(index_letters *l, int count, const int *taken) {
  for (int k = 0; k < count; k++) l->letter[taken[k]].used = false;
}

static const formula *product_formula(index_letters *l, double factor, const node *n,
                                      const seat *where) {
  const formula *under[MAX_RANK];
  int taken[MAX_RANK];
  row *of = arena_alloc(l->s->memory, sizeof *of);
  of->number = factor;
  for (int k = 0; k < n->operands; k++) collect_factor(l, n->operand[k], n->power[k], of);
  sort_items(of->list, of->count);
  const seat *inside = bind(l, n->bound, n->bound_axes, where, under, taken);
  const formula *body = body_formula(l, of, inside);
  unbind(l, n->bound, taken);
  if (n->bound > 0) {
    if (!body) body = formula_number(l->s->memory, 1);
    body = formula_big(l->s->memory, "Σ", n->bound, under, NULL, body);
  }
  return with_front(l, of, body);
}

static const formula *relation_formula(index_letters *l, const node *n, const char *sign,
                                       const seat *where) {
  const formula *a = node_formula(l, n->operand[0], where);
  const formula *b = node_formula(l, n->operand[1], where);
  if (n->operand[0]->class == NODE_INDEX && n->operand[1]->class != NODE_INDEX) {
    const formula *swap = a;
    if (n->op == OP_equal || n->op == OP_not_equal) {
      a = b;
      b = swap;
    }
  }
  const formula *relation = formula_relation(l->s->memory, a, sign, b);
  return formula_fence(l->s->memory, FENCE_BRACKET, relation);
}

static const formula *map_formula(index_letters *l, const node *n, const seat *where) {
  arena *memory = l->s->memory;
  const formula *argument[OP_MAX_ARITY];
  switch (n->op) {
    case OP_less: return relation_formula(l, n, "<", where);
    case OP_less_equal: return relation_formula(l, n, "≤", where);
    case OP_equal: return relation_formula(l, n, "=", where);
    case OP_not_equal: return relation_formula(l, n, "≠", where);
    default: break;
  }
  for (int k = 0; k < n->operands; k++) argument[k] = node_formula(l, n->operand[k], where);
  switch (n->op) {
    case OP_abs: return formula_fence(memory, FENCE_ABSOLUTE, argument[0]);
    case OP_floor: return formula_fence(memory, FENCE_FLOOR, argument[0]);
    case OP_pow: return formula_power(memory, argument[0], argument[1]);
    case OP_sigmoid: return formula_call1(memory, "σ", argument[0]);
    case OP_not: {
      const formula *zero = formula_number(memory, 0);
      const formula *relation = formula_relation(memory, argument[0], "=", zero);
      return formula_fence(memory, FENCE_BRACKET, relation);
    }
    default: return formula_call(memory, op_rows[n->op].name, n->operands, argument);
  }
}

static const formula *select_formula(index_letters *l, const node *n, const seat *where) {
  static const char *const spelled[] = {"max", "lse", "argmax"};
  const formula *under[MAX_RANK + 1];
  int taken[MAX_RANK], count = n->bound;
  const seat *inside = bind(l, n->bound, n->bound_axes, where, under, taken);
  const formula *body = node_formula(l, n->operand[0], inside);
  if (n->operands > 1) {
    const formula *guard = node_formula(l, n->operand[1], inside);
    if (guard->kind == FORMULA_FENCE) guard = guard->part[0];
    under[count - 1] = formula_relation(l->s->memory, under[count - 1], "|", guard);
  }
  unbind(l, n->bound, taken);
  return formula_big(l->s->memory, spelled[n->select], count, under, NULL, body);
}

/* ---- views -------------------------------------------------------------------------------- */

/* The box variable that an affine form consists of alone with coefficient 1, or -1. */
static int lone_variable(const affine *a, int box) {
  int found = -1;
  for (int u = 0; u < box; u++) {
    if (a->coefficient[u] == 0) continue;
    if (found >= 0 || a->coefficient[u] != 1) return -1;
    found = u;
  }
  return found;
}

static bool spot_is(const index_letters *l, const spot *at, int64_t *low, int64_t *high) {
  *low = *high = at->constant;
  for (int k = 0; k < at->count; k++) {
    if (l->letter[at->letter[k]].extent < 0) return false;
    int64_t span = at->by[k] * (l->letter[at->letter[k]].extent - 1);
    *(span < 0 ? low : high) += span;
  }
  return true;
}

typedef struct reading {
  spot variable[MAX_RANK]; /* each box variable in terms of index_letters */
  bool known[MAX_RANK];
  int bounds, conditions;
  const formula *under[2 * MAX_RANK];
  int taken[MAX_RANK];
  const formula *condition[2 * MAX_RANK];
} reading;

/* Box variables that writes name alone follow from where the result is read. */
static void solve_writes(index_letters *l, const view *v, const seat *where, reading *r) {
  for (int k = 0; k < v->writes; k++) {
    int u = lone_variable(&v->write[k], v->box);
    if (u < 0 || r->known[u]) continue;
    r->variable[u] = spot_at(l, where, v->write[k].along);
    r->variable[u].constant -= v->write[k].constant;
    r->known[u] = true;
  }
}

/* The others are summed over. */
static void bind_rest(index_letters *l, const view *v, reading *r) {
  for (int u = 0; u < v->box; u++) {
    if (r->known[u]) continue;
    axis like = AXIS_UNIT;
    for (int k = 0; k < v->reads; k++) {
      if (v->read[k].coefficient[u] != 0) like = v->read[k].along;
    }
    int k = letter_new(l, like);
    l->letter[k].extent = v->extent[u];
    l->letter[k].preferred = AXIS_NONE;
    r->variable[u] = (spot){.count = 1, .letter = {k}, .by = {1}};
    r->taken[r->bounds] = k;
    r->under[r->bounds++] = letter_formula(l, k);
    r->known[u] = true;
  }
}

static spot place_of(const affine *a, const view *v, const reading *r) {
  spot at = {.constant = a->constant};
  for (int u = 0; u < v->box; u++) {
    if (a->coefficient[u] != 0) spot_add(&at, &r->variable[u], a->coefficient[u]);
  }
  return at;
}

/* Writes that do not follow by themselves are conditions. */
static void find_conditions(index_letters *l, const view *v, const seat *where, reading *r) {
  arena *memory = l->s->memory;
  for (int k = 0; k < v->writes; k++) {
    spot wanted = spot_at(l, where, v->write[k].along), has = place_of(&v->write[k], v, r);
    spot difference = has;
    spot_add(&difference, &wanted, -1);
    bool same = difference.constant == 0;
    for (int j = 0; j < difference.count; j++) same = same && difference.by[j] == 0;
    if (same) continue;
    r->condition[r->conditions++] =
        formula_relation(memory, spot_formula(l, &wanted), "=", spot_formula(l, &has));
  }
}

/* A box smaller than what the letters range over, where reading on would still find something. */
static void find_limits(index_letters *l, const view *v, reading *r) {
  arena *memory = l->s->memory;
  for (int u = 0; u < v->box; u++) {
    int64_t low, high;
    if (!spot_is(l, &r->variable[u], &low, &high)) continue;
    if (low >= 0 && high < v->extent[u]) continue;
    bool falls_out = false;
    for (int k = 0; k < v->reads; k++) {
      const affine *a = &v->read[k];
      if (lone_variable(a, v->box) != u) continue;
      bool below = low >= 0 || a->constant == 0;
      bool above = high < v->extent[u] ||
                   a->constant + v->extent[u] >= axis_extent(l->s->g, a->along);
      falls_out = falls_out || (below && above);
    }
    if (falls_out || r->conditions >= MAX_RANK) continue;
    const formula *at = spot_formula(l, &r->variable[u]);
    const formula *zero = formula_number(memory, 0);
    const formula *end = formula_number(memory, (double)v->extent[u]);
    const formula *inside = low < 0 ? formula_relation(memory, zero, "≤", at) : at;
    if (high >= v->extent[u]) inside = formula_relation(memory, inside, "<", end);
    r->condition[r->conditions++] = inside;
  }
}

static const formula *view_formula(index_letters *l, const node *n, const seat *where) {
  arena *memory = l->s->memory;
  const view *v = n->view;
  reading r = {.bounds = 0};
  solve_writes(l, v, where, &r);
  bind_rest(l, v, &r);
  find_conditions(l, v, where, &r);
  find_limits(l, v, &r);
  const seat *inside = where;
  for (int k = 0; k < v->reads; k++) {
    inside = seat_new(l, v->read[k].along, place_of(&v->read[k], v, &r), inside);
  }
  const formula *body = node_formula(l, n->operand[0], inside);
  if (r.conditions > 0 && r.bounds > 0) {
    const formula *all = formula_list(memory, ", ", r.conditions, r.condition);
    r.under[r.bounds - 1] = formula_relation(memory, r.under[r.bounds - 1], "|", all);
  } else if (r.conditions > 0) {
    const formula *all = formula_list(memory, ", ", r.conditions, r.condition);
    body = formula_times(memory, formula_fence(memory, FENCE_BRACKET, all), body);
  }
  for (int k = 0; k < r.bounds; k++) l->letter[r.taken[k]].used = false;
  return r.bounds ? formula_big(memory, "Σ", r.bounds, r.under, NULL, body) : body;
}

/* ---- any of them -------------------------------------------------------------------------- */

static const formula *form_formula(index_letters *l, double factor, const node *n, const seat *where) {
  arena *memory = l->s->memory;
  const formula *f = NULL;
  spot at;
  switch (n->class) {
    case NODE_CONSTANT: f = formula_number(memory, n->value); break;
    case NODE_TENSOR: f = formula_symbol(memory, n->tensor->word); break;
    case NODE_INDEX:
      at = spot_at(l, where, n->axes[0]);
      f = spot_formula(l, &at);
      break;
    case NODE_EXTENT: f = batch_letter(l->s); break;
    case NODE_SUM: f = sum_formula(l, n, where); break;
    case NODE_PRODUCT: return product_formula(l, factor, n, where);
    case NODE_MAP: f = map_formula(l, n, where); break;
    case NODE_VIEW: f = view_formula(l, n, where); break;
    case NODE_SELECT: f = select_formula(l, n, where); break;
  }
  if (is_one(factor)) return f;
  return page_sum(memory, 1, &f, &factor);
}

static const formula *node_formula(index_letters *l, const node *n, const seat *where) {
  const notation *s = l->s;
  if (--*s->left < 0) return formula_ellipsis(s->memory);
  bool inside = n->id >= 0 && n->id < s->nodes;
  if (inside && s->shown[n->id] && !s->busy[n->id]) {
    s->busy[n->id] = true;
    const formula *f = term_formula(l, s->shown[n->id], where);
    s->busy[n->id] = false;
    return f;
  }
  const symbol *of = symbol_of(s, n);
  return of ? symbol_formula(l, of, where) : form_formula(l, 1, n, where);
}

static const formula *term_formula(index_letters *l, const written_term *t, const seat *where) {
  if (!t->node) return form_formula(l, t->factor, &t->form, where);
  const formula *f = node_formula(l, t->node, where);
  return is_one(t->factor) ? f : page_sum(l->s->memory, 1, &f, &t->factor);
}

const formula *element_of_node(index_letters *l, const node *n) {
  *l->s->left = l->s->room;
  return node_formula(l, n, NULL);
}

const formula *element_of_term(index_letters *l, const written_term *t) {
  *l->s->left = l->s->room;
  return term_formula(l, t, NULL);
}
