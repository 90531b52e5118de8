/* elaborate_constant: expressions into numbers that are known at compile time: `let`, sizes,
 * ranges, counts. */
#include "elaborate.h"

#include <math.h>
#include <string.h>

bool is_whole(double x) { return fabs(x - nearbyint(x)) <= 1e-9 * fmax(1, fabs(x)); }

/* ---- let ---------------------------------------------------------------------------------- */

void declare_lets(elaborator *e, scope *s, const statement *lets) {
  for (const declaration *d = lets->declarations; d != NULL; d = d->next) {
    symbol *made;
    if (!scope_claim(e, s, d->word, d->where, &made)) continue;
    const expression *x = d->value;
    if (x->kind == EXPRESSION_CALL && x->left->word == e->word.load) {
      context c = {.e = e, .scope = s};
      made->base = BASE_VALUE;
      made->value = load_constant(&c, d, x);
      continue;
    }
    made->base = BASE_LET;
    made->let = x;
    for (int k = 0; k < e->what->override_count && !s->from->library; k++) {
      override *given = &e->what->overrides[k];
      if (given->word != d->word || s != s->from->lets) continue;
      given->used = true;
      made->progress = FINISHED;
      made->number = given->value;
    }
  }
}

constancy let_value(elaborator *e, scope *s, symbol *let, double *out) {
  if (let->progress == ACTIVE) {
    complain(e, let->where, "`%s` is defined by itself", let->word);
    let->wrong = true;
  }
  if (let->wrong) return CONSTANT_WRONG;
  if (let->progress == UNTOUCHED) {
    context c = {.e = e, .scope = s};
    let->progress = ACTIVE;
    constancy state = want_constant(&c, let->let, "a `let`", &let->number);
    let->progress = state == CONSTANT_UNKNOWN ? UNTOUCHED : FINISHED;
    if (state == CONSTANT_YES && !isfinite(let->number)) {
      complain(e, let->let->where, "`%s` is not finite", let->word);
      state = CONSTANT_WRONG;
    }
    let->wrong = state == CONSTANT_WRONG;
    if (state != CONSTANT_YES) return state;
  }
  *out = let->number;
  return CONSTANT_YES;
}

/* ---- evaluation --------------------------------------------------------------------------- */

static constancy constant_name(context *c, const expression *x, double *out) {
  if (visible_variable(c, x->word) != NULL) return CONSTANT_NO;
  found f = scope_find(c->e, c->scope, x->word, c->reader);
  if (f.symbol == NULL || f.item != NULL) return CONSTANT_NO;
  if (f.symbol->base == BASE_LET) return let_value(c->e, f.scope, f.symbol, out);
  if (f.symbol->base != BASE_NUMBER) return CONSTANT_NO;
  *out = f.symbol->number;
  return f.symbol->unknown ? CONSTANT_UNKNOWN : CONSTANT_YES;
}

static double constant_binary(binary_operation operation, double a, double b) {
  switch (operation) {
    case BINARY_ADD: return a + b;
    case BINARY_SUBTRACT: return a - b;
    case BINARY_MULTIPLY: return a * b;
    case BINARY_DIVIDE: return a / b;
    case BINARY_POWER: return pow(a, b);
    case BINARY_LESS: return a < b;
    case BINARY_LESS_EQUAL: return a <= b;
    case BINARY_GREATER: return a > b;
    case BINARY_GREATER_EQUAL: return a >= b;
    case BINARY_EQUAL: return a >= b && a <= b;
    case BINARY_NOT_EQUAL: return a < b || a > b;
    case BINARY_MATMUL: break;
  }
  return 0;
}

/* Of two operands: the one that says most against a constant. */
static constancy weaker(constancy a, constancy b) {
  if (a == CONSTANT_WRONG || b == CONSTANT_WRONG) return CONSTANT_WRONG;
  if (a == CONSTANT_NO || b == CONSTANT_NO) return CONSTANT_NO;
  return a == CONSTANT_YES ? b : a;
}

static constancy constant_call(context *c, const expression *x, double *out) {
  double operand[OP_MAX_ARITY] = {0, 0};
  int count = 0;
  op called = OP_exp;
  if (x->left->kind != EXPRESSION_NAME) return CONSTANT_NO;
  bool root = strcmp(x->left->word, "sqrt") == 0;
  int arity = count_arguments(x);
  if (root ? arity != 1 : arity > OP_MAX_ARITY || !op_find(x->left->word, arity, &called))
    return CONSTANT_NO;
  constancy state = CONSTANT_YES;
  for (const argument *a = x->arguments; a != NULL && state == CONSTANT_YES; a = a->next) {
    if (a->label != NULL) return CONSTANT_NO;
    state = try_constant(c, a->value, &operand[count++]);
  }
  if (state != CONSTANT_YES) return state;
  *out = root ? sqrt(operand[0]) : op_evaluate(called, operand[0], operand[1]);
  return CONSTANT_YES;
}

constancy try_constant(context *c, const expression *x, double *out) {
  double a = 0, b = 0;
  constancy state = CONSTANT_NO;
  switch (x->kind) {
    case EXPRESSION_NUMBER: *out = x->number; return CONSTANT_YES;
    case EXPRESSION_NAME: return constant_name(c, x, out);
    case EXPRESSION_CALL: return constant_call(c, x, out);
    case EXPRESSION_NEGATE:
      state = try_constant(c, x->left, &a);
      *out = -a;
      return state;
    case EXPRESSION_BINARY:
      if (x->operation == BINARY_MATMUL) return CONSTANT_NO;
      state = try_constant(c, x->left, &a);
      if (state == CONSTANT_NO) return state;
      state = weaker(state, try_constant(c, x->right, &b));
      if (state == CONSTANT_YES) *out = constant_binary(x->operation, a, b);
      return state;
    case EXPRESSION_STRING:
    case EXPRESSION_TRANSPOSE:
    case EXPRESSION_INDEX: return CONSTANT_NO;
  }
  return CONSTANT_NO;
}

/* ---- what must be constant ---------------------------------------------------------------- */

/* The first part of `x` that keeps it from being a constant. */
static const expression *culprit(context *c, const expression *x) {
  double ignored;
  if (x->kind == EXPRESSION_BINARY) {
    bool left = try_constant(c, x->left, &ignored) != CONSTANT_YES;
    if (x->operation != BINARY_MATMUL) return culprit(c, left ? x->left : x->right);
  }
  if (x->kind == EXPRESSION_NEGATE) return culprit(c, x->left);
  if (x->kind == EXPRESSION_CALL) {
    for (const argument *a = x->arguments; a != NULL; a = a->next) {
      if (try_constant(c, a->value, &ignored) == CONSTANT_NO) return culprit(c, a->value);
    }
  }
  return x;
}

static constancy complain_not_constant(context *c, const expression *x, const char *what) {
  const expression *bad = culprit(c, x);
  found f = {NULL, NULL, NULL};
  if (bad->kind == EXPRESSION_INDEX && bad->left->kind == EXPRESSION_NAME) bad = bad->left;
  if (bad->kind == EXPRESSION_NAME && visible_variable(c, bad->word) == NULL) {
    f = scope_find(c->e, c->scope, bad->word, c->reader);
    if (f.symbol == NULL) {
      complain_unknown(c, bad->where, bad->word);
      return CONSTANT_WRONG;
    }
  }
  if (f.symbol != NULL) {
    complain(c->e, bad->where, "%s must be a constant; `%s` is a tensor", what, bad->word);
    remark(c->e, f.symbol->where, "`%s` is defined here", bad->word);
  } else {
    complain(c->e, bad->where, "%s must be a constant: numbers, `let` names and elementwise "
                               "functions of them", what);
  }
  return CONSTANT_WRONG;
}

constancy want_constant(context *c, const expression *x, const char *what, double *out) {
  constancy state = try_constant(c, x, out);
  return state == CONSTANT_NO ? complain_not_constant(c, x, what) : state;
}

constancy want_whole(context *c, const expression *x, const char *what, int64_t least,
                     int64_t *out) {
  double number = 0;
  constancy state = want_constant(c, x, what, &number);
  if (state != CONSTANT_YES) return state;
  if (!isfinite(number) || !is_whole(number)) {
    text shown = text_new(c->e->memory);
    text_number(&shown, number);
    complain(c->e, x->where, "%s must be a whole number, not %s", what, shown.chars);
    return CONSTANT_WRONG;
  }
  if (number < (double)least || number > (double)LARGEST_ELEMENTS) {
    complain(c->e, x->where, "%s must lie between %lld and %lld, not be %.0f", what,
             (long long)least, (long long)LARGEST_ELEMENTS, number);
    return CONSTANT_WRONG;
  }
  *out = (int64_t)nearbyint(number);
  return CONSTANT_YES;
}
