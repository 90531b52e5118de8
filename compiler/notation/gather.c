/* Sums as they stand on a page: signs drawn out of terms, positive terms first, a sum that stands
 * alone in a sum opened, plain parameters (b) after products (W x). */
#include <string.h>

#include "notation.h"

static bool is_one(double x) { return x >= 1 && x <= 1; }

typedef struct terms {
  int count;
  double value; /* of the numbers among them */
  const formula **term;
  double *by;
} terms;

/* Parts of a sum or a product, those of parts of the same kind too. */
static size_t parts_in(const formula *f, formula_kind kind) {
  size_t count = 0;
  if (f->kind != kind) return 1;
  for (int k = 0; k < f->count; k++) count += parts_in(f->part[k], kind);
  return count;
}

static size_t parts_in_all(int count, const formula *const *parts, formula_kind kind) {
  size_t all = 1;
  for (int k = 0; k < count; k++) all += parts_in(parts[k], kind);
  return all;
}

static bool is_share(const formula *f) {
  return f->kind == FORMULA_FRACTION && f->part[0]->kind == FORMULA_NUMBER;
}

/* by (1/m) ...: the number goes above the line, or below it where it is 1/2, 1/3 ... */
static const formula *scaled(arena *memory, const formula *f, double *by) {
  const formula *share = f->kind == FORMULA_PRODUCT ? f->part[0] : f;
  double size = *by < 0 ? -*by : *by, parts = size > 0 ? 1 / size : 0;
  if (is_one(size) || !is_share(share)) return f;
  double whole = parts < 1e9 ? (double)(int)(parts + 0.5) : 0, off = parts - whole;
  bool below = parts > 1.5 && off < 1e-12 * parts && off > -1e-12 * parts;
  const formula *above = formula_number(memory, share->part[0]->value * (below ? 1 : size));
  const formula *under = share->part[1];
  if (below) {
    const formula *both[] = {formula_number(memory, (double)(int)(parts + 0.5)), under};
    under = formula_product(memory, 2, both);
  }
  const formula *made = formula_fraction(memory, above, under);
  *by = *by < 0 ? -1 : 1;
  if (f->kind != FORMULA_PRODUCT) return made;
  const formula *rest = formula_product(memory, f->count - 1, f->part + 1);
  return page_product(memory, 2, (const formula *[]){made, rest});
}

static void add(arena *memory, terms *to, const formula *f, double by) {
  f = scaled(memory, f, &by);
  if (f->kind == FORMULA_NUMBER) {
    to->value += by * f->value;
  } else if (f->kind == FORMULA_SUM && (f->count == 1 || is_one(by))) {
    for (int k = 0; k < f->count; k++) add(memory, to, f->part[k], by * f->coefficient[k]);
  } else {
    to->by[to->count] = by;
    to->term[to->count++] = f;
  }
}

/* Positive and no plain letter, positive letters, negative ones. */
static int rank_of(const terms *of, int k) {
  bool plain = of->term[k]->kind == FORMULA_SYMBOL && of->term[k]->count <= 1 &&
               !of->term[k]->label;
  return of->by[k] < 0 ? 4 : plain ? 1 : 0;
}

const formula *page_sum(arena *memory, int count, const formula *const *parts,
                        const double *by) {
  size_t room = parts_in_all(count, parts, FORMULA_SUM);
  terms *all = &(terms){.term = arena_alloc(memory, room * sizeof *all->term),
                        .by = arena_alloc(memory, room * sizeof *all->by)};
  const formula **out = arena_alloc(memory, room * sizeof *out);
  double *weight = arena_alloc(memory, room * sizeof *weight);
  int made = 0;
  for (int k = 0; k < count; k++) add(memory, all, parts[k], by ? by[k] : 1);
  for (int rank = 0; rank < 5; rank++) {
    for (int k = 0; k < all->count; k++) {
      if (rank_of(all, k) != rank) continue;
      out[made] = all->term[k];
      weight[made++] = all->by[k];
    }
    bool number = rank == 2 ? all->value > 0 : rank == 4 && all->value < 0;
    if (!number) continue;
    out[made] = formula_number(memory, all->value);
    weight[made++] = 1;
  }
  if (made == 0) return formula_number(memory, all->value);
  if (made == 1 && is_one(weight[0])) return out[0];
  return formula_sum(memory, made, out, weight);
}

/* ---- rows of factors ---------------------------------------------------------------------- */

static bool is_scalar(const formula *f) {
  if (f->kind == FORMULA_NUMBER) return true;
  return f->kind == FORMULA_FRACTION && f->part[0]->kind == FORMULA_NUMBER &&
         f->part[1]->kind != FORMULA_HADAMARD && f->part[1]->kind != FORMULA_SUM;
}

static void flatten(const formula *f, bool scalars, const formula **out, int *count) {
  if (f->kind == FORMULA_PRODUCT) {
    for (int k = 0; k < f->count; k++) flatten(f->part[k], scalars, out, count);
  } else if (is_scalar(f) == scalars) {
    out[(*count)++] = f;
  }
}

/* Numbers and fractions of numbers first, products in products opened; a sign comes out. */
const formula *page_product(arena *memory, int count, const formula *const *given) {
  const formula **part = arena_alloc(memory, ((size_t)count + 1) * sizeof *part);
  bool negative = false;
  int made = 0;
  for (int k = 0; k < count; k++) {
    part[k] = given[k];
    bool minus = part[k]->kind == FORMULA_SUM && part[k]->count == 1 &&
                 is_one(-part[k]->coefficient[0]);
    if (!minus) continue;
    negative = !negative;
    part[k] = part[k]->part[0];
  }
  size_t room = parts_in_all(count, part, FORMULA_PRODUCT);
  const formula **out = arena_alloc(memory, room * sizeof *out);
  for (int pass = 0; pass < 2; pass++) {
    for (int k = 0; k < count; k++) flatten(part[k], pass == 0, out, &made);
  }
  const formula *whole = formula_product(memory, made, out);
  return negative ? formula_negative(memory, whole) : whole;
}

/* (A B)ᵀ as (Bᵀ Aᵀ) where that has fewer transposes; else NULL. */
static const formula *turned_inside(arena *memory, const formula *f) {
  if (f->kind != FORMULA_FENCE || f->fence != FENCE_ROUND) return NULL;
  const formula *inside = f->part[0], *turned[16];
  if (inside->kind != FORMULA_PRODUCT || inside->count > 16) return NULL;
  for (int k = 0; k < inside->count; k++) {
    turned[inside->count - 1 - k] = page_transpose(memory, inside->part[k]);
  }
  const formula *made = formula_product(memory, inside->count, turned);
  if (count_transposes(made) > count_transposes(inside)) return NULL;
  return formula_fence(memory, FENCE_ROUND, made);
}

/* The transpose, with numbers in front of it: ((1/m) A)ᵀ is (1/m) Aᵀ. */
const formula *page_transpose(arena *memory, const formula *f) {
  if (f->kind == FORMULA_TRANSPOSE) return f->part[0];
  if (is_scalar(f)) return f;
  const formula *inside = turned_inside(memory, f);
  if (inside) return inside;
  if (f->kind == FORMULA_SUM && f->count == 1) {
    const formula *turned = page_transpose(memory, f->part[0]);
    return formula_sum(memory, 1, &turned, f->coefficient);
  }
  if (f->kind != FORMULA_PRODUCT || !is_scalar(f->part[0])) return formula_transpose(memory, f);
  const formula *rest = formula_product(memory, f->count - 1, f->part + 1);
  return formula_times(memory, f->part[0], page_transpose(memory, rest));
}

int count_transposes(const formula *f) {
  int count = f->kind == FORMULA_TRANSPOSE;
  for (int k = 0; k < f->count; k++) count += count_transposes(f->part[k]);
  return count;
}
