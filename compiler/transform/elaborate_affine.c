/* elaborate_affine: what stands between brackets into affine forms of index variables: a constant
 * plus whole coefficients times variables. */
#include "elaborate.h"

#include <math.h>
#include <stdlib.h>

/* Larger coefficients are a mistake; with them products of coefficient and range stay in range. */
static const int64_t LARGEST_COEFFICIENT = (int64_t)1 << 19;

index_variable *visible_variable(const context *c, name word) {
  for (index_variable *v = c->visible; v != NULL; v = v->outer) {
    if (v->word == word) return v;
  }
  for (const scope *s = c->scope; s != NULL; s = s->outer) {
    if (s->number != NULL && s->number->word == word) return s->number;
  }
  return NULL;
}

index_variable *variable_of_binder(const context *c, const void *binder) {
  for (index_variable *v = c->variables; v != NULL; v = v->next) {
    if (v->binder == binder) return v;
  }
  return NULL;
}

/* ---- affine forms ------------------------------------------------------------------------- */

static bool add_term(affine_form *f, index_variable *v, int64_t coefficient) {
  for (int k = 0; k < f->count; k++) {
    if (f->variable[k] != v) continue;
    f->coefficient[k] += coefficient;
    return llabs(f->coefficient[k]) <= LARGEST_COEFFICIENT;
  }
  if (f->count == LARGEST_RANK) return false;
  f->variable[f->count] = v;
  f->coefficient[f->count++] = coefficient;
  return true;
}

static void drop_zero_terms(affine_form *f) {
  int kept = 0;
  for (int k = 0; k < f->count; k++) {
    if (f->coefficient[k] == 0) continue;
    f->variable[kept] = f->variable[k];
    f->coefficient[kept++] = f->coefficient[k];
  }
  f->count = kept;
}

static bool add_form(affine_form *f, const affine_form *g, int64_t factor) {
  f->constant += factor * g->constant;
  for (int k = 0; k < g->count; k++) {
    if (!add_term(f, g->variable[k], factor * g->coefficient[k])) return false;
  }
  drop_zero_terms(f);
  return llabs(f->constant) <= LARGEST_ELEMENTS;
}

static index_kind too_large(context *c, const expression *x) {
  complain(c->e, x->where, "this index has too many variables or too large numbers");
  return INDEX_WRONG;
}

static index_kind not_whole(context *c, const expression *x) {
  complain(c->e, x->where, "an index must be whole: its coefficients and its constant are whole "
                           "numbers");
  return INDEX_WRONG;
}

static index_kind affine_constant(context *c, const expression *x, double number,
                                  affine_form *out) {
  if (!isfinite(number) || !is_whole(number)) return not_whole(c, x);
  if (fabs(number) > (double)LARGEST_ELEMENTS) return too_large(c, x);
  out->constant = (int64_t)nearbyint(number);
  return INDEX_AFFINE;
}

/* a * b or a / b, where b (for a product, either) is a constant. */
static index_kind affine_scaled(context *c, const expression *x, affine_form *out) {
  bool divide = x->operation == BINARY_DIVIDE;
  affine_form part = {0};
  double by = 0;
  const expression *form = x->left;
  constancy state = try_constant(c, x->right, &by);
  if (state == CONSTANT_NO && !divide) {
    form = x->right;
    state = try_constant(c, x->left, &by);
  }
  if (state == CONSTANT_WRONG) return INDEX_WRONG;
  if (state == CONSTANT_UNKNOWN) return INDEX_UNKNOWN;
  if (state == CONSTANT_NO) return INDEX_VALUE;
  index_kind kind = read_affine(c, form, &part);
  if (kind != INDEX_AFFINE) return kind;
  double factor = divide ? 1 / by : by;
  if (!isfinite(factor) || fabs(factor) > (double)LARGEST_COEFFICIENT) return too_large(c, x);
  *out = (affine_form){0};
  for (int k = 0; k <= part.count; k++) {
    double from = (double)(k < part.count ? part.coefficient[k] : part.constant);
    double scaled = divide ? from / by : from * by;
    if (!is_whole(scaled)) return not_whole(c, x);
    if (fabs(scaled) > (double)LARGEST_ELEMENTS) return too_large(c, x);
    if (k == part.count) out->constant = (int64_t)nearbyint(scaled);
    else if (!add_term(out, part.variable[k], (int64_t)nearbyint(scaled))) return too_large(c, x);
  }
  drop_zero_terms(out);
  return INDEX_AFFINE;
}

static index_kind affine_sum(context *c, const expression *x, const expression *left,
                             const expression *right, int64_t sign, affine_form *out) {
  affine_form a = {0}, b = {0};
  index_kind first = left == NULL ? INDEX_AFFINE : read_affine(c, left, &a);
  if (first != INDEX_AFFINE) return first;
  index_kind second = read_affine(c, right, &b);
  if (second != INDEX_AFFINE) return second;
  if (!add_form(&a, &b, sign)) return too_large(c, x);
  *out = a;
  return INDEX_AFFINE;
}

index_kind read_affine(context *c, const expression *x, affine_form *out) {
  *out = (affine_form){0};
  if (x->kind == EXPRESSION_NUMBER) return affine_constant(c, x, x->number, out);
  if (x->kind == EXPRESSION_NAME) {
    index_variable *v = visible_variable(c, x->word);
    double number = 0;
    if (v != NULL) return add_term(out, v, 1) ? INDEX_AFFINE : too_large(c, x);
    constancy state = try_constant(c, x, &number);
    if (state == CONSTANT_YES) return affine_constant(c, x, number, out);
    if (state == CONSTANT_NO) return INDEX_VALUE;
    return state == CONSTANT_WRONG ? INDEX_WRONG : INDEX_UNKNOWN;
  }
  if (x->kind == EXPRESSION_NEGATE) return affine_sum(c, x, NULL, x->left, -1, out);
  double number = 0;
  if (x->kind == EXPRESSION_CALL || x->kind == EXPRESSION_BINARY) {
    constancy state = try_constant(c, x, &number);
    if (state == CONSTANT_YES) return affine_constant(c, x, number, out);
    if (state == CONSTANT_WRONG) return INDEX_WRONG;
  }
  if (x->kind != EXPRESSION_BINARY) return INDEX_VALUE;
  switch (x->operation) {
    case BINARY_ADD: return affine_sum(c, x, x->left, x->right, 1, out);
    case BINARY_SUBTRACT: return affine_sum(c, x, x->left, x->right, -1, out);
    case BINARY_MULTIPLY:
    case BINARY_DIVIDE: return affine_scaled(c, x, out);
    default: return INDEX_VALUE;
  }
}

bool form_bounds(const affine_form *f, int64_t *low, int64_t *high) {
  *low = *high = f->constant;
  for (int k = 0; k < f->count; k++) {
    if (f->variable[k]->extent < 0) return false;
    int64_t reach = f->coefficient[k] * (f->variable[k]->extent - 1);
    *(reach < 0 ? low : high) += reach;
  }
  return true;
}

const char *affine_text(elaborator *e, const affine_form *f) {
  text out = text_new(e->memory);
  for (int k = 0; k < f->count; k++) {
    int64_t by = f->coefficient[k];
    if (k > 0) text_append(&out, by < 0 ? " - " : " + ");
    else if (by < 0) text_append(&out, "-");
    if (llabs(by) != 1) text_printf(&out, "%lld*", llabs(by));
    text_append(&out, f->variable[k]->word);
  }
  if (f->count == 0) text_printf(&out, "%lld", (long long)f->constant);
  else if (f->constant != 0)
    text_printf(&out, " %c %lld", f->constant < 0 ? '-' : '+', llabs(f->constant));
  return out.chars;
}
