/* Products in matrix notation. One that binds axes is a chain of matrices, if each bound axis joins
 * two of them: a way from the result's rows to its columns. */
#include <string.h>

#include "matrix.h"

enum { MOST_GROUPS = 16, MOST_CHAIN = 24 };

static bool is_one(double x) { return x >= 1 && x <= 1; }
static bool is_zero(double x) { return x >= 0 && x <= 0; }

/* ---- factors ------------------------------------------------------------------------------ */


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

static const formula *powered(matrix_page *p, const formula *f, double power) {
  if (is_one(power)) return f;
  if (power >= 0.5 && power <= 0.5) return formula_root(p->memory, f);
  return formula_power(p->memory, f, formula_number(p->memory, power));
}

/* A factor without rows and columns: a number in front. */
static bool add_scalar(matrix_page *p, factors *f, const node *n, double power, const ambient *at) {
  if (n->class == NODE_CONSTANT && (is_one(power) || is_one(-power))) {
    f->number *= power > 0 ? n->value : 1 / n->value;
    return true;
  }
  const formula *made = n->class == NODE_EXTENT
                            ? batch_letter(p->s)
                            : matrix_at(p, n, (orientation){AXIS_NONE, AXIS_NONE}, at);
  if (!made || f->fronts == MOST_GROUPS || f->belows == MOST_GROUPS) return false;
  if (power > 0) f->front[f->fronts++] = powered(p, made, power);
  else f->below[f->belows++] = powered(p, made, -power);
  return true;
}

/* Whether a product is numbers times one factor, or vectors only: the chain goes through it. */
static bool opens(matrix_page *p, const node *n, const ambient *at) {
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
static const formula *fenced(matrix_page *p, const formula *f) {
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
static bool add_factor(matrix_page *p, factors *f, const node *n, double power, const ambient *at) {
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
static const formula *with_front(matrix_page *p, const factors *f, const formula *body) {
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
static const formula *group_as(matrix_page *p, const group *of, orientation as, const ambient *at) {
  const formula *part[MOST_GROUPS], *below[MOST_GROUPS];
  int count = 0, belows = 0;
  for (int k = 0; k < of->count; k++) {
    const formula *made = matrix_at(p, of->factor[k].n, as, at);
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
static const formula *group_matrix(matrix_page *p, const group *of, orientation as,
                                   const ambient *at) {
  const formula *made = group_as(p, of, as, at);
  if (!made || of->b == AXIS_NONE || count_transposes(made) < 2) return made;
  const formula *other = group_as(p, of, (orientation){as.column, as.row}, at);
  if (!other || count_transposes(other) + 1 >= count_transposes(made)) return made;
  return matrix_transposed(p, other);
}

/* ---- chains ------------------------------------------------------------------------------- */

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
static bool walk(matrix_page *p, factors *f, axis from, axis goal, chain_of_matrices *c, axis *to,
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
      } else if (here != from) end = matrix_ones(p);
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

static bool push_transposed(matrix_page *p, chain_of_matrices *to, const chain_of_matrices *from) {
  for (int k = from->count - 1; k >= 0; k--) {
    const formula *f = from->part[k];
    bool symmetric = f->kind == FORMULA_CALL && strcmp(f->word, "diag") == 0;
    if (!chain_push(to, symmetric ? f : matrix_transposed(p, f))) return false;
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
static bool scalar_chain(matrix_page *p, factors *f, group *start, chain_of_matrices *c,
                         const ambient *at) {
  axis end;
  start->used = true;
  const formula *v = group_matrix(p, start, (orientation){start->a, AXIS_NONE}, at);
  if (!v || !chain_push(c, matrix_transposed(p, v))) return false;
  if (!edge_at(f, start->a, true) && !edge_at(f, start->a, false)) {
    return chain_push(c, matrix_ones(p));
  }
  return walk(p, f, start->a, AXIS_NONE, c, &end, at);
}

/* All factors as one chain, or NULL. */
static const formula *chain(matrix_page *p, factors *f, orientation as, const ambient *at) {
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
static const formula *joined(matrix_page *p, factors *f, orientation as, const ambient *at) {
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

/* ---- the product -------------------------------------------------------------------------- */

/* Elementwise: factors that have all of the result's axes are joined by ∘. */
static const formula *elementwise(matrix_page *p, factors *f, orientation as, const ambient *at) {
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

const char *ambient_letter(matrix_page *p, axis a, const ambient *at) {
  const char *hint = axis_hint(p->s->g, a);
  if (a == AXIS_BATCH) return "k";
  if (hint[0] >= 'a' && hint[0] <= 'z' && !hint[1]) return hint;
  int around = 0;
  for (; at; at = at->outer) around += at->letter != NULL;
  return step_letters[around % 4];
}

static bool add_all(matrix_page *p, factors *f, const node *n, const ambient *at) {
  for (int k = 0; k < n->operands; k++) {
    if (!add_factor(p, f, n->operand[k], n->power[k], at)) return false;
  }
  return true;
}

const formula *product_matrix(matrix_page *p, const node *n, orientation as, const ambient *at) {
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
