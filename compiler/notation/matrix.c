/* Nodes in matrix notation. Samples are rows: a per-sample vector x of n numbers is the m×n matrix
 * X; a parameter's rows and columns are those of its declaration. A product that binds axes is a
 * chain of matrices if each bound axis joins two of them: a way from the result's rows to its
 * columns. Functions, powers and ∘ are element by element, 𝟏 is a column of ones. With each_sample
 * a sample's vector is a column, and the samples are not spoken of.
 *
 * What recurrences step along stays an index: h_t. So does, inside of its sum, whatever a sum
 * runs over that is no row and no column. */
#include <string.h>

#include "notation.h"

enum { MOST_GROUPS = 16, MOST_CHAIN = 24 };

/* An axis whose place is an index on the symbols: along `along` they are read at letter + by. */
typedef struct ambient ambient;
struct ambient {
  axis along;
  const char *letter; /* NULL: not written (the samples, in each_sample) */
  int64_t by;
  bool fixed;         /* at the place `by` alone */
  const ambient *outer;
};

typedef struct page {
  const notation *s;
  arena *memory;
  bool each_sample;
  int depth;
} page;

static const formula *matrix(page *p, const node *n, orientation as, const ambient *at);

static const ambient *ambient_of(const ambient *at, axis a) {
  while (at && at->along != a) at = at->outer;
  return at;
}

static bool is_one(double x) { return x >= 1 && x <= 1; }
static bool is_zero(double x) { return x >= 0 && x <= 0; }

/* Axes that are rows and columns somewhere: not ambient. At most two fit. */
static int plain_axes(const node *n, const ambient *at, axis *out) {
  int count = 0;
  for (int k = 0; k < n->rank; k++) {
    if (ambient_of(at, n->axes[k])) continue;
    if (count < 3) out[count] = n->axes[k];
    count++;
  }
  return count;
}

static bool fits(const node *n, orientation as, const ambient *at) {
  axis axes[3];
  int count = plain_axes(n, at, axes);
  if (count > 2) return false;
  for (int k = 0; k < count; k++) {
    if (axes[k] != as.row && axes[k] != as.column) return false;
  }
  return true;
}

/* ---- symbols ------------------------------------------------------------------------------ */

static bool layout(const symbol *of, const ambient *at, orientation *out, int *entries) {
  axis list[MAX_RANK + 1];
  int count = 0, units = 0;
  if (of->per_sample && !ambient_of(at, AXIS_BATCH)) list[count++] = AXIS_BATCH;
  for (int k = 0; k < of->rank; k++) {
    axis a = of->dims[k];
    if (a != AXIS_UNIT && ambient_of(at, a)) continue;
    list[count++] = a == AXIS_UNIT ? AXIS_NONE : a;
    units += a == AXIS_UNIT;
  }
  while (count > 2 && units > 0) {
    int k = count - 1;
    while (k >= 0 && list[k] != AXIS_NONE) k--;
    memmove(&list[k], &list[k + 1], (size_t)(count - k - 1) * sizeof *list);
    count--;
    units--;
  }
  if (count > 2) return false;
  *entries = count;
  out->row = count > 0 ? list[0] : AXIS_NONE;
  out->column = count > 1 ? list[1] : AXIS_NONE;
  return true;
}

static const formula *place_of_index(page *p, const ambient *at) {
  const formula *number = formula_number(p->memory, (double)at->by);
  if (at->fixed) return number;
  const formula *letter = formula_symbol(p->memory, at->letter);
  if (at->by == 0) return letter;
  const formula *part[] = {letter, number};
  return formula_sum(p->memory, 2, part, NULL);
}

/* The symbol with the indices of its ambient axes. */
static const formula *letter_at(page *p, const symbol *of, bool upper, const ambient *at) {
  const formula *index[MAX_RANK + 1];
  int count = 0;
  const ambient *sample = ambient_of(at, AXIS_BATCH);
  if (of->per_sample && sample && sample->letter) index[count++] = place_of_index(p, sample);
  for (int k = 0; k < of->rank; k++) {
    const ambient *here = of->dims[k] == AXIS_UNIT ? NULL : ambient_of(at, of->dims[k]);
    if (here && here->letter) index[count++] = place_of_index(p, here);
  }
  bool delta = of->kind == SYMBOL_ADJOINT && of->delta;
  const symbol *primal = of->kind == SYMBOL_ADJOINT ? of->by : of;
  const formula *letter = upper ? primal->whole : primal->elements;
  if (delta) letter = formula_symbol(p->memory, upper ? "Δ" : "δ");
  else if (primal->parameter) letter = primal->whole;
  if (count) letter = formula_indexed(p->memory, letter, count, index);
  if (of->kind != SYMBOL_ADJOINT || delta) return letter;
  if (!of->total) return formula_partial(p->memory, loss_letter(p->s), letter);
  return formula_total(p->memory, loss_letter(p->s), letter);
}

static const formula *ones(page *p) { return formula_symbol(p->memory, "𝟏"); }

static const formula *transposed(page *p, const formula *f) {
  return page_transpose(p->memory, f);
}

/* A symbol laid out as `own`, as `wanted`: turned, or repeated along what it lacks. */
static const formula *turned(page *p, const formula *f, orientation own, orientation wanted) {
  if (own.row == wanted.row && own.column == wanted.column) return f;
  bool scalar = own.row == AXIS_NONE && own.column == AXIS_NONE;
  if (scalar) return f;
  if (own.row == wanted.column && own.column == wanted.row) return transposed(p, f);
  if (own.column == AXIS_NONE && own.row == wanted.column) {
    return formula_times(p->memory, ones(p), transposed(p, f));
  }
  if (own.row == AXIS_NONE && own.column == wanted.column) {
    return formula_times(p->memory, ones(p), f);
  }
  const formula *repeated = transposed(p, ones(p));
  if (own.column == AXIS_NONE && own.row == wanted.row) {
    return formula_times(p->memory, f, repeated);
  }
  if (own.row == AXIS_NONE && own.column == wanted.row) {
    return formula_times(p->memory, transposed(p, f), repeated);
  }
  return NULL;
}

static const formula *symbol_matrix(page *p, const symbol *of, orientation as,
                                    const ambient *at) {
  orientation own;
  int entries;
  if (!layout(of, at, &own, &entries)) return NULL;
  return turned(p, letter_at(p, of, entries > 1, at), own, as);
}

/* ---- sums and functions ------------------------------------------------------------------- */

static const formula *sum_matrix(page *p, const node *n, orientation as, const ambient *at) {
  size_t room = (size_t)n->operands + 1;
  const formula **part = arena_alloc(p->memory, room * sizeof *part);
  double *by = arena_alloc(p->memory, room * sizeof *by);
  int count = 0;
  for (int k = 0; k < n->operands; k++) {
    part[count] = matrix(p, n->operand[k], as, at);
    if (!part[count]) return NULL;
    by[count++] = n->coefficient[k];
  }
  if (!is_zero(n->value)) {
    part[count] = formula_number(p->memory, n->value);
    by[count++] = 1;
  }
  return page_sum(p->memory, count, part, by);
}

/* [c = k] along the class axis: the row of a one-hot vector, the letter of c as a matrix. */
static const formula *onehot_matrix(page *p, const node *n, orientation as, const ambient *at) {
  for (int j = 0; j < 2; j++) {
    const node *label = n->operand[j], *index = n->operand[1 - j];
    const symbol *of = symbol_of(p->s, label);
    if (!of || index->class != NODE_INDEX || !label->integer || of->rank > 1) continue;
    symbol hot = *of;
    if (hot.rank == 1 && hot.dims[0] == AXIS_UNIT) hot.rank = 0;
    hot.dims[hot.rank++] = index->axes[0];
    const formula *letter = of->elements;
    if (letter->word[0] >= 'a' && letter->word[0] <= 'z' && !letter->word[1]) {
      char *upper = arena_copy(p->memory, letter->word, 1);
      upper[0] = (char)(upper[0] ^ ('a' ^ 'A'));
      formula *changed = arena_alloc(p->memory, sizeof *changed);
      *changed = *letter;
      changed->word = upper;
      letter = changed;
    }
    hot.whole = letter;
    return symbol_matrix(p, &hot, as, at);
  }
  return NULL;
}

static const formula *map_matrix(page *p, const node *n, orientation as, const ambient *at) {
  const formula *argument[OP_MAX_ARITY];
  if (n->op == OP_equal) {
    const formula *hot = onehot_matrix(p, n, as, at);
    if (hot) return hot;
  }
  for (int k = 0; k < n->operands; k++) {
    argument[k] = matrix(p, n->operand[k], as, at);
    if (!argument[k]) return NULL;
  }
  static const char *const signs[OP_COUNT] = {
      [OP_less] = "<", [OP_less_equal] = "≤", [OP_equal] = "=", [OP_not_equal] = "≠"};
  if (signs[n->op]) {
    const formula *relation =
        formula_relation(p->memory, argument[0], signs[n->op], argument[1]);
    return formula_fence(p->memory, FENCE_BRACKET, relation);
  }
  switch (n->op) {
    case OP_not: return NULL;
    case OP_abs: return formula_fence(p->memory, FENCE_ABSOLUTE, argument[0]);
    case OP_floor: return formula_fence(p->memory, FENCE_FLOOR, argument[0]);
    case OP_sigmoid: return formula_call1(p->memory, "σ", argument[0]);
    default: return formula_call(p->memory, op_rows[n->op].name, n->operands, argument);
  }
}

/* ---- products ----------------------------------------------------------------------------- */

typedef struct factor {
  const node *n;
  double power;
} factor;

/* Factors over the same axes: one edge of the chain. */
typedef struct group {
  axis a, b; /* b is AXIS_NONE for a vector */
  int count;
  factor *factor; /* room for MOST_GROUPS */
  bool used;
} group;

typedef struct factors {
  int groups, fronts, belows;
  group group[MOST_GROUPS];
  double number;
  const formula *front[MOST_GROUPS], *below[MOST_GROUPS];
} factors;

static const formula *powered(page *p, const formula *f, double power) {
  if (is_one(power)) return f;
  if (power >= 0.5 && power <= 0.5) return formula_root(p->memory, f);
  return formula_power(p->memory, f, formula_number(p->memory, power));
}

/* A factor without rows and columns: a number in front. */
static bool add_scalar(page *p, factors *f, const node *n, double power, const ambient *at) {
  if (n->class == NODE_CONSTANT && (is_one(power) || is_one(-power))) {
    f->number *= power > 0 ? n->value : 1 / n->value;
    return true;
  }
  const formula *made = n->class == NODE_EXTENT
                            ? batch_letter(p->s)
                            : matrix(p, n, (orientation){AXIS_NONE, AXIS_NONE}, at);
  if (!made || f->fronts == MOST_GROUPS || f->belows == MOST_GROUPS) return false;
  if (power > 0) f->front[f->fronts++] = powered(p, made, power);
  else f->below[f->belows++] = powered(p, made, -power);
  return true;
}

/* Whether a product is numbers times one factor, or vectors only: the chain goes through it. */
static bool opens(page *p, const node *n, const ambient *at) {
  int matrices = 0, vectors = 0;
  for (int k = 0; k < n->operands; k++) {
    axis axes[3];
    int count = plain_axes(n->operand[k], at, axes);
    const node *inner = n->operand[k];
    bool nested = inner->class == NODE_PRODUCT && inner->bound == 0 && !symbol_of(p->s, inner);
    if (nested && opens(p, inner, at)) count = count == 2 ? 3 : count;
    matrices += count == 2;
    vectors += count == 1 || count == 3;
  }
  return matrices + vectors <= 1 || matrices == 0;
}

/* Factors that are no numbers. */
static int count_vectors(const node *n) {
  int count = 0;
  for (int k = 0; k < n->operands; k++) count += n->operand[k]->rank > 0;
  return count;
}

/* A product with its parentheses; its numbers stay in front of them. */
static const formula *fenced(page *p, const formula *f) {
  int numbers = 0;
  if (!f || f->kind != FORMULA_PRODUCT) return f;
  while (numbers < f->count && (f->part[numbers]->kind == FORMULA_NUMBER ||
                                f->part[numbers]->kind == FORMULA_FRACTION)) numbers++;
  if (f->count - numbers < 2) return f;
  const formula *rest = formula_product(p->memory, f->count - numbers, f->part + numbers);
  const formula *inside = formula_fence(p->memory, FENCE_ROUND, rest);
  if (numbers == 0) return inside;
  return formula_times(p->memory, formula_product(p->memory, numbers, f->part), inside);
}

/* Coefficients come out of scaled factors, and unnamed products open. */
static bool add_factor(page *p, factors *f, const node *n, double power, const ambient *at) {
  axis axes[3] = {AXIS_NONE, AXIS_NONE, AXIS_NONE};
  bool named = symbol_of(p->s, n) != NULL;
  int count = plain_axes(n, at, axes);
  if (count > 2) return false;
  if (count == 0) return add_scalar(p, f, n, power, at);
  bool scaled = n->class == NODE_SUM && n->operands == 1 && is_zero(n->value);
  if (!named && scaled && is_one(power)) {
    f->number *= n->coefficient[0];
    return add_factor(p, f, n->operand[0], 1, at);
  }
  bool kept = p->s->bracketed && count_vectors(n) > 1;
  if (!named && n->class == NODE_PRODUCT && n->bound == 0 && is_one(power) && !kept &&
      opens(p, n, at)) {
    for (int k = 0; k < n->operands; k++) {
      if (!add_factor(p, f, n->operand[k], n->power[k], at)) return false;
    }
    return true;
  }
  group *to = NULL;
  for (int k = 0; k < f->groups; k++) {
    if (f->group[k].a == axes[0] && f->group[k].b == axes[1]) to = &f->group[k];
  }
  if (!to) {
    if (f->groups == MOST_GROUPS) return false;
    to = &f->group[f->groups++];
    *to = (group){.a = axes[0], .b = axes[1],
                  .factor = arena_alloc(p->memory, MOST_GROUPS * sizeof *to->factor)};
  }
  if (to->count == MOST_GROUPS) return false;
  to->factor[to->count++] = (factor){n, power};
  return true;
}

/* 1/m and numbers in front of the body, which may be NULL. */
static const formula *with_front(page *p, const factors *f, const formula *body) {
  const formula *part[MOST_GROUPS + 2];
  bool negative = f->number < 0;
  double size = negative ? -f->number : f->number;
  const formula *number = formula_number(p->memory, size);
  int count = 0;
  if (f->belows) {
    const formula *below = formula_product(p->memory, f->belows, f->below);
    part[count++] = formula_fraction(p->memory, number, below);
  } else if (!is_one(size) || (!body && f->fronts == 0)) part[count++] = number;
  for (int k = 0; k < f->fronts; k++) part[count++] = f->front[k];
  if (body) {
    part[count++] = body;
  }
  const formula *whole = page_product(p->memory, count, part);
  return negative ? formula_negative(p->memory, whole) : whole;
}

/* The factors of a group joined by ∘, derivatives first; those below the line as a quotient. */
static const formula *group_as(page *p, const group *of, orientation as, const ambient *at) {
  const formula *part[MOST_GROUPS], *below[MOST_GROUPS];
  int count = 0, belows = 0;
  for (int k = 0; k < of->count; k++) {
    const formula *made = matrix(p, of->factor[k].n, as, at);
    if (!made) return NULL;
    if (p->s->bracketed && of->count == 1) made = fenced(p, made);
    double power = of->factor[k].power;
    if (power < 0) {
      below[belows++] = powered(p, made, -power);
      continue;
    }
    const symbol *named = symbol_of(p->s, of->factor[k].n);
    made = powered(p, made, power);
    part[count++] = made;
    bool first = named && named->kind == SYMBOL_ADJOINT;
    for (int j = count - 1; j > 0 && first; j--) {
      part[j] = part[j - 1];
      part[j - 1] = made;
    }
  }
  const formula *body = count ? formula_hadamard(p->memory, count, part)
                              : formula_number(p->memory, 1);
  if (belows == 0) return body;
  return formula_fraction(p->memory, body, formula_hadamard(p->memory, belows, below));
}

/* So, or the transpose of what it is the other way round, where that has fewer transposes. */
static const formula *group_matrix(page *p, const group *of, orientation as, const ambient *at) {
  const formula *made = group_as(p, of, as, at);
  if (!made || of->b == AXIS_NONE || count_transposes(made) < 2) return made;
  const formula *other = group_as(p, of, (orientation){as.column, as.row}, at);
  if (!other || count_transposes(other) + 1 >= count_transposes(made)) return made;
  return transposed(p, other);
}

typedef struct chain_of_matrices {
  int count;
  const formula *part[MOST_CHAIN];
} chain_of_matrices;

static bool chain_push(chain_of_matrices *c, const formula *f) {
  if (!f || c->count == MOST_CHAIN) return false;
  if (f->kind == FORMULA_PRODUCT && c->count + f->count <= MOST_CHAIN) {
    for (int k = 0; k < f->count; k++) c->part[c->count++] = f->part[k];
    return true;
  }
  c->part[c->count++] = f;
  return true;
}

static group *edge_at(factors *f, axis a, bool vector) {
  for (int k = 0; k < f->groups; k++) {
    group *g = &f->group[k];
    if (g->used || (g->b == AXIS_NONE) != vector) continue;
    if (g->a == a || g->b == a) return g;
  }
  return NULL;
}

/* From `from` (rows) along matrices; *to is where it ends: `goal`, or AXIS_NONE where the chain
 * closes with a vector or with ones. */
static bool walk(page *p, factors *f, axis from, axis goal, chain_of_matrices *c, axis *to,
                 const ambient *at) {
  axis here = from;
  for (;;) {
    group *edge = edge_at(f, here, false);
    group *vector = edge_at(f, here, true);
    if (vector && (edge || here == goal)) { /* scales rows or columns */
      vector->used = true;
      const formula *v = group_matrix(p, vector, (orientation){here, AXIS_NONE}, at);
      if (!v || !chain_push(c, formula_call1(p->memory, "diag", v))) return false;
      continue;
    }
    if (here == goal && here != from) break;
    if (!edge) {
      if (here == goal) break;
      const formula *end = NULL;
      if (vector) {
        vector->used = true;
        end = group_matrix(p, vector, (orientation){here, AXIS_NONE}, at);
      } else if (here != from) end = ones(p);
      if (!chain_push(c, end)) return false;
      *to = AXIS_NONE;
      return true;
    }
    axis next = edge->a == here ? edge->b : edge->a;
    edge->used = true;
    const formula *m = group_matrix(p, edge, (orientation){here, next}, at);
    if (!chain_push(c, m)) return false;
    here = next;
  }
  *to = here;
  return true;
}

static bool push_transposed(page *p, chain_of_matrices *to, const chain_of_matrices *from) {
  for (int k = from->count - 1; k >= 0; k--) {
    const formula *f = from->part[k];
    bool symmetric = f->kind == FORMULA_CALL && strcmp(f->word, "diag") == 0;
    if (!chain_push(to, symmetric ? f : transposed(p, f))) return false;
  }
  return true;
}

static group *unused_vector(factors *f) {
  for (int k = 0; k < f->groups; k++) {
    if (!f->group[k].used && f->group[k].b == AXIS_NONE) return &f->group[k];
  }
  return NULL;
}

/* vᵀ ... 1: a number. */
static bool scalar_chain(page *p, factors *f, group *start, chain_of_matrices *c,
                         const ambient *at) {
  axis end;
  start->used = true;
  const formula *v = group_matrix(p, start, (orientation){start->a, AXIS_NONE}, at);
  if (!v || !chain_push(c, transposed(p, v))) return false;
  if (!edge_at(f, start->a, true) && !edge_at(f, start->a, false)) {
    return chain_push(c, ones(p));
  }
  return walk(p, f, start->a, AXIS_NONE, c, &end, at);
}

/* All factors as one chain, or NULL. */
static const formula *chain(page *p, factors *f, orientation as, const ambient *at) {
  chain_of_matrices c = {.count = 0};
  axis end = AXIS_NONE;
  if (as.row != AXIS_NONE) {
    if (!walk(p, f, as.row, as.column, &c, &end, at)) return NULL;
  }
  if (as.column != AXIS_NONE && end != as.column) {
    chain_of_matrices rest = {.count = 0};
    if (!walk(p, f, as.column, as.row, &rest, &end, at) || end != AXIS_NONE) return NULL;
    if (!push_transposed(p, &c, &rest)) return NULL;
  }
  for (group *start = unused_vector(f); start; start = unused_vector(f)) {
    if (!scalar_chain(p, f, start, &c, at)) return NULL;
  }
  for (int k = 0; k < f->groups; k++) {
    if (!f->group[k].used) return NULL;
  }
  return page_product(p->memory, c.count, c.part);
}

static group *group_over(factors *f, axis a, axis b) {
  for (int k = 0; k < f->groups; k++) {
    const group *g = &f->group[k];
    if ((g->a == a && g->b == b) || (g->a == b && g->b == a)) return &f->group[k];
  }
  return NULL;
}

/* (u vᵀ) ∘ F, where there are rows, columns and something that has both; else NULL. */
static const formula *joined(page *p, factors *f, orientation as, const ambient *at) {
  group *u = group_over(f, as.row, AXIS_NONE), *v = group_over(f, as.column, AXIS_NONE);
  group *both = group_over(f, as.row, as.column);
  if (f->groups != 3 || !u || !v || !both) return NULL;
  const formula *left = group_matrix(p, u, (orientation){as.row, AXIS_NONE}, at);
  const formula *right = group_matrix(p, v, (orientation){AXIS_NONE, as.column}, at);
  const formula *rest = group_matrix(p, both, as, at);
  if (!left || !right || !rest) return NULL;
  const formula *part[] = {page_product(p->memory, 2, (const formula *[]){left, right}), rest};
  return formula_hadamard(p->memory, 2, part);
}

/* Elementwise: factors that have all of the result's axes are joined by ∘. */
static const formula *elementwise(page *p, factors *f, orientation as, const ambient *at) {
  int plain = (as.row != AXIS_NONE) + (as.column != AXIS_NONE);
  bool full = true;
  for (int k = 0; k < f->groups; k++) {
    int here = 1 + (f->group[k].b != AXIS_NONE);
    full = full && here == plain;
  }
  if (f->groups == 0) return with_front(p, f, NULL);
  if (full && f->groups == 1) {
    const formula *body = group_matrix(p, &f->group[0], as, at);
    return body ? with_front(p, f, body) : NULL;
  }
  const formula *body = joined(p, f, as, at);
  if (!body) body = chain(p, f, as, at);
  return body ? with_front(p, f, body) : NULL;
}

static const char *const step_letters[] = {"t", "s", "u", "v"};

/* A letter for an axis that is summed over outside of the chain. */
static const char *ambient_letter(page *p, axis a, const ambient *at) {
  const char *hint = axis_hint(p->s->g, a);
  if (a == AXIS_BATCH) return "k";
  if (hint[0] >= 'a' && hint[0] <= 'z' && !hint[1]) return hint;
  int around = 0;
  for (; at; at = at->outer) around += at->letter != NULL;
  return step_letters[around % 4];
}

static bool add_all(page *p, factors *f, const node *n, const ambient *at) {
  for (int k = 0; k < n->operands; k++) {
    if (!add_factor(p, f, n->operand[k], n->power[k], at)) return false;
  }
  return true;
}

static const formula *product_matrix(page *p, const node *n, orientation as, const ambient *at) {
  const formula *under[MAX_RANK];
  int outside = 0;
  ambient made[MAX_RANK];
  for (int k = 0; k < n->bound; k++) {
    axis a = n->bound_axes[k];
    bool summed = p->s->steps[a] || (p->each_sample && a == AXIS_BATCH);
    if (!summed) continue;
    made[outside] = (ambient){.along = a, .letter = ambient_letter(p, a, at), .outer = at};
    at = &made[outside];
    under[outside++] = formula_symbol(p->memory, at->letter);
  }
  factors *f = arena_alloc(p->memory, sizeof *f);
  f->number = 1;
  if (!add_all(p, f, n, at)) return NULL;
  const formula *body = NULL;
  bool inside = n->bound > outside;
  if (!inside && !outside) return elementwise(p, f, as, at);
  if (!inside) {
    body = elementwise(p, f, as, at);
    return body ? formula_big(p->memory, "Σ", outside, under, NULL, body) : NULL;
  }
  body = chain(p, f, as, at);
  if (!body) return NULL;
  if (outside) body = formula_big(p->memory, "Σ", outside, under, NULL, body);
  return with_front(p, f, body);
}

/* ---- views -------------------------------------------------------------------------------- */

static int lone_variable(const affine *a, int box) {
  int found = -1;
  for (int u = 0; u < box; u++) {
    if (a->coefficient[u] == 0) continue;
    if (found >= 0 || a->coefficient[u] != 1) return -1;
    found = u;
  }
  return found;
}

static const affine *write_of(const view *v, int u) {
  for (int k = 0; k < v->writes; k++) {
    if (lone_variable(&v->write[k], v->box) == u) return &v->write[k];
  }
  return NULL;
}

/* Renamings, and shifts along axes that are indices; nothing else. */
static const formula *view_matrix(page *p, const node *n, orientation as, const ambient *at) {
  const view *v = n->view;
  orientation inside = as;
  ambient made[MAX_RANK];
  const ambient *inner = at;
  int count = 0;
  for (int k = 0; k < v->reads; k++) {
    const affine *read = &v->read[k];
    int u = lone_variable(read, v->box);
    const affine *write = u >= 0 ? write_of(v, u) : NULL;
    if (!write) return NULL;
    const ambient *here = ambient_of(at, write->along);
    int64_t by = read->constant - write->constant;
    if (here) {
      made[count] = *here;
      made[count].along = read->along;
      made[count].by = here->by + by;
      made[count].outer = inner;
      inner = &made[count++];
    } else if (by != 0 || v->extent[u] != axis_extent(p->s->g, read->along)) {
      return NULL;
    } else {
      if (as.row == write->along) inside.row = read->along;
      if (as.column == write->along) inside.column = read->along;
    }
  }
  return v->reads == v->writes ? matrix(p, n->operand[0], inside, inner) : NULL;
}

/* ---- any of them -------------------------------------------------------------------------- */

static const formula *select_matrix(page *p, const node *n, orientation as, const ambient *at) {
  static const char *const spelled[] = {"max", "lse", "argmax"};
  if (n->bound != 1 || n->operands > 1) return NULL;
  axis own = AXIS_NONE;
  axis axes[3];
  int count = plain_axes(n, at, axes);
  if (count > 1) return NULL;
  if (count == 1) own = axes[0];
  const formula *body =
      matrix(p, n->operand[0],
             (orientation){own != AXIS_NONE ? own : n->bound_axes[0],
                           own != AXIS_NONE ? n->bound_axes[0] : AXIS_NONE}, at);
  if (!body) return NULL;
  return turned(p, formula_call1(p->memory, spelled[n->select], body),
                (orientation){own, AXIS_NONE}, as);
}

/* A state whose letter is not wanted: what it stands for, its axes renamed. */
static const formula *body_matrix(page *p, const node *n, orientation as, const ambient *at) {
  const tensor *t = n->tensor;
  ambient made[MAX_RANK];
  orientation inside = as;
  int count = 0;
  if (t->number >= p->s->r->tensors || !p->s->r->body[t->number]) return NULL;
  const axis *dims = p->s->r->body_dims[t->number];
  for (int k = 0; k < t->rank; k++) {
    if (n->dims[k] == AXIS_UNIT) continue;
    const ambient *here = ambient_of(at, n->dims[k]);
    if (as.row == n->dims[k]) inside.row = dims[k];
    if (as.column == n->dims[k]) inside.column = dims[k];
    if (!here || dims[k] == n->dims[k]) continue;
    made[count] = *here;
    made[count].along = dims[k];
    made[count].outer = at;
    at = &made[count++];
  }
  return matrix(p, p->s->r->body[t->number], inside, at);
}

static const formula *unnamed(page *p, const node *n, orientation as, const ambient *at) {
  switch (n->class) {
    case NODE_TENSOR: return body_matrix(p, n, as, at);
    case NODE_CONSTANT: return formula_number(p->memory, n->value);
    case NODE_EXTENT: return batch_letter(p->s);
    case NODE_SUM: return sum_matrix(p, n, as, at);
    case NODE_PRODUCT: return product_matrix(p, n, as, at);
    case NODE_MAP: return map_matrix(p, n, as, at);
    case NODE_VIEW: return view_matrix(p, n, as, at);
    case NODE_SELECT: return select_matrix(p, n, as, at);
    case NODE_INDEX: break;
  }
  return NULL;
}

static const formula *matrix(page *p, const node *n, orientation as, const ambient *at) {
  if (!fits(n, as, at) || p->depth > 60) return NULL;
  if (--*p->s->left < 0) return formula_ellipsis(p->memory);
  const symbol *of = symbol_of(p->s, n);
  if (of) return symbol_matrix(p, of, as, at);
  axis axes[3];
  int count = plain_axes(n, at, axes);
  bool fewer = count < (as.row != AXIS_NONE) + (as.column != AXIS_NONE);
  bool repeats = fewer && count == 1 && (n->class == NODE_PRODUCT || n->class == NODE_MAP);
  orientation own = repeats ? (orientation){axes[0], AXIS_NONE} : as;
  p->depth++;
  const formula *made = unnamed(p, n, own, at);
  p->depth--;
  return made && repeats ? turned(p, made, own, as) : made;
}

/* ---- from outside ------------------------------------------------------------------------- */

/* Steps stay indices on what has them, and so do the samples, silently, in each_sample. */
static const ambient *ambient_of_page(page *p, const node *n, ambient *room) {
  const ambient *at = NULL;
  int count = 0;
  if (p->each_sample) {
    room[count] = (ambient){.along = AXIS_BATCH};
    at = &room[count++];
  }
  for (int k = 0; k < n->rank; k++) {
    axis a = n->axes[k];
    if (!p->s->steps[a] || a == AXIS_BATCH) continue;
    room[count] = (ambient){.along = a, .letter = ambient_letter(p, a, at), .outer = at};
    at = &room[count++];
  }
  return at;
}

const formula *matrix_of_node(const notation *s, const node *n, orientation as, bool each_sample) {
  ambient room[MAX_RANK + 1];
  page p = {.s = s, .memory = s->memory, .each_sample = each_sample};
  const ambient *at = ambient_of_page(&p, n, room);
  *s->left = s->room;
  if (!fits(n, as, at)) return NULL;
  axis axes[3];
  int count = plain_axes(n, at, axes);
  bool fewer = count < (as.row != AXIS_NONE) + (as.column != AXIS_NONE);
  if (n->class == NODE_TENSOR || fewer) return matrix(&p, n, as, at);
  return unnamed(&p, n, as, at);
}

static const ambient *ambient_of_symbol(page *p, const symbol *of, ambient *room) {
  axis axes[MAX_RANK];
  int count = 0;
  for (int k = 0; k < of->rank; k++) axes[count++] = of->dims[k];
  return ambient_of_page(p, &(node){.rank = count, .axes = axes}, room);
}

bool natural_orientation(const notation *s, const symbol *of, bool each_sample, orientation *out) {
  ambient room[MAX_RANK + 1];
  page p = {.s = s, .memory = s->memory, .each_sample = each_sample};
  int entries;
  return layout(of, ambient_of_symbol(&p, of, room), out, &entries);
}

const formula *matrix_of_symbol(const notation *s, const symbol *of, bool each_sample) {
  ambient room[MAX_RANK + 1];
  page p = {.s = s, .memory = s->memory, .each_sample = each_sample};
  const ambient *at = ambient_of_symbol(&p, of, room);
  orientation own;
  int entries;
  if (!layout(of, at, &own, &entries)) return NULL;
  return letter_at(&p, of, entries > 1, at);
}
