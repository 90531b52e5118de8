/* elaborate_bind: the arguments of a layer's call to its formals: numbers, sizes, tensors. */
#include "elaborate.h"

/* ---- formals ------------------------------------------------------------------------------ */

static const formal *formal_named(const statement *st, name word) {
  for (const formal *f = st->formals; f != NULL; f = f->next) {
    if (f->word == word) return f;
  }
  return NULL;
}

static const char *suggest_formal(elaborator *e, const statement *st, name word) {
  const char *words[64];
  size_t count = 0;
  for (const formal *f = st->formals; f != NULL && count < 64; f = f->next)
    words[count++] = f->word;
  return suggestion(e, word, words, count);
}

/* The argument for a formal: by its place among the unlabelled ones, or by name. */
static const argument *argument_for(const layer_call *call, const formal *wanted, int place_of) {
  int k = 0;
  for (const argument *a = call->x->arguments; a != NULL; a = a->next) {
    if (a->label == NULL && k++ == place_of) return a;
    if (a->label == wanted->word) return a;
  }
  return NULL;
}

bool check_labels(layer_call *call) {
  elaborator *e = call->c->e;
  name word = call->called->word;
  int formals = 0, plain = 0;
  bool labelled = false;
  for (const formal *f = call->statement->formals; f != NULL; f = f->next) formals++;
  for (const argument *a = call->x->arguments; a != NULL; a = a->next) {
    if (a->label == e->word.parameters) {
      call->shared = a->value;
      continue;
    }
    if (a->label == NULL && labelled) {
      complain(e, a->where, "in a call of `%s`, arguments by place come before those by name",
               word);
      return false;
    }
    if (a->label == NULL && ++plain > formals) {
      complain(e, a->where, "layer `%s` takes %d argument%s; this is one too many", word, formals,
               formals == 1 ? "" : "s");
      remark(e, call->statement->word_at, "`%s` is defined here", word);
      return false;
    }
    labelled = labelled || a->label != NULL;
    if (a->label != NULL && formal_named(call->statement, a->label) == NULL) {
      complain(e, a->where, "layer `%s` has no argument `%s`%s", word, a->label,
               suggest_formal(e, call->statement, a->label));
      return false;
    }
  }
  return true;
}

bool check_twice(layer_call *call) {
  int k = 0;
  for (const formal *f = call->statement->formals; f != NULL; f = f->next, k++) {
    int plain = 0, given = 0;
    const argument *last = NULL;
    for (const argument *a = call->x->arguments; a != NULL; a = a->next) {
      bool here = a->label == NULL ? plain++ == k : a->label == f->word;
      if (here) last = a;
      given += here;
    }
    if (given <= 1) continue;
    complain(call->c->e, last->where, "argument `%s` of `%s` is given twice", f->word,
             call->called->word);
    return false;
  }
  return true;
}

/* ---- binding ------------------------------------------------------------------------------ */

static bool bind_number(layer_call *call, const formal *f, double number, bool unknown,
                        place where) {
  elaborator *e = call->c->e;
  symbol *known = scope_symbol(call->scope, f->word);
  bool clash = known != NULL && known->base == BASE_NUMBER && !known->unknown && !unknown &&
               (known->number < number || known->number > number);
  if (clash) {
    complain(e, where, "`%s` of layer `%s` is given as %g, but a shape makes it %g", f->word,
             call->called->word, number, known->number);
    return false;
  }
  known = scope_add(e, call->scope, f->word, f->where);
  known->base = BASE_NUMBER;
  known->number = number;
  known->unknown = unknown;
  return true;
}

static symbol *bind_value(layer_call *call, const formal *f, value v, place where) {
  symbol *made = scope_add(call->c->e, call->scope, f->word, f->where);
  if (v.word == NULL) {
    v.word = f->word;
    v.where = where;
  }
  made->base = BASE_VALUE;
  made->value = behind_barrier(call->c->e, f->word, v);
  return made;
}

static const char *formal_text(elaborator *e, const formal *f) {
  text out = text_new(e->memory);
  text_printf(&out, "%s[", f->word);
  for (const bracket_entry *b = f->entries; b != NULL; b = b->next) {
    print_expression(&out, b->value);
    if (b->next != NULL) text_append(&out, ", ");
  }
  text_append(&out, "]");
  return out.chars;
}

static bool bind_size(layer_call *call, const formal *f, const bracket_entry *b, int64_t size,
                      place where) {
  elaborator *e = call->c->e;
  int64_t wanted = 0;
  context inside = {.e = e, .scope = call->scope};
  bool fresh = b->value->kind == EXPRESSION_NAME &&
               scope_symbol(call->scope, b->value->word) == NULL;
  if (fresh) {
    symbol *made = scope_add(e, call->scope, b->value->word, b->where);
    made->base = BASE_NUMBER;
    made->number = (double)size;
    made->unknown = size < 0;
    return true;
  }
  constancy state = want_whole(&inside, b->value, "a size", 0, &wanted);
  if (state == CONSTANT_UNKNOWN || size < 0) return true;
  if (state != CONSTANT_YES) return false;
  if (wanted == size) return true;
  text shown = text_new(e->memory);
  print_expression(&shown, b->value);
  complain(e, where, "layer `%s` takes %s with %s = %lld, but this argument has %lld there",
           call->called->word, formal_text(e, f), shown.chars, (long long)wanted,
           (long long)size);
  remark(e, f->where, "`%s` stands here in the layer", f->word);
  return false;
}

/* How the brackets of a formal meet the axes of an argument. */
typedef struct fitting {
  int wanted;   /* axes that are named */
  bool maps;    /* `...` stands among them */
  int before;   /* axes in front of it */
  value shape;  /* the argument, with as many dimensions as are looked at */
} fitting;

/* A class value may count as its one-hot tensor. */
static fitting fit_formal(layer_call *call, const formal *f, const value *v) {
  elaborator *e = call->c->e;
  fitting fit = {.shape = *v};
  for (const bracket_entry *b = f->entries; b != NULL; b = b->next) {
    if (is_ellipsis(e, b)) {
      fit.maps = true;
      fit.before = fit.wanted;
    } else {
      fit.wanted++;
    }
  }
  bool named_last = fit.maps ? fit.wanted > fit.before : fit.wanted == v->rank + 1;
  if (v->classes > 0 && named_last) fit.shape = as_tensor(e, *v);
  return fit;
}

static bool complain_rank(layer_call *call, const formal *f, const value *v,
                          const expression *from) {
  elaborator *e = call->c->e;
  complain(e, from->where, "layer `%s` takes %s, but this is %s", call->called->word,
           formal_text(e, f), shape_text(e, v));
  remark_shape(e, v, from);
  remark(e, f->where, "`%s` stands here in the layer", f->word);
  return false;
}

/* While exploring: as many axes as the formal has, of unknown sizes. */
static void close_shape(elaborator *e, fitting *fit, value *v) {
  for (; v->rank < fit->wanted && v->rank < MAX_RANK; v->rank++) v->dims[v->rank] = e->unknown_axis;
  v->open = false;
  fit->shape = *v;
}

/* x[c, h, w] takes exactly that many axes; x[..., n] takes more, and `...` stands for the others:
 * the layer acts for each index along them, as if it were called under these indices. */
static bool bind_shape(layer_call *call, const formal *f, value v, const expression *from) {
  elaborator *e = call->c->e;
  fitting fit = fit_formal(call, f, &v);
  if (fit.shape.open) close_shape(e, &fit, &v);
  int rest = fit.shape.rank - fit.wanted, k = 0;
  if (rest < 0 || (rest > 0 && !fit.maps)) return complain_rank(call, f, &v, from);
  for (const bracket_entry *b = f->entries; b != NULL; b = b->next) {
    if (is_ellipsis(e, b)) k += rest;
    else if (!bind_size(call, f, b, value_size(e, &fit.shape, k++), from->where)) return false;
  }
  symbol *bound = bind_value(call, f, v, from->where);
  if (!fit.maps || rest == 0) return true;
  if (call->mappings == LARGEST_RANK) {
    complain(e, f->where, "more than %d arguments with `...`", LARGEST_RANK);
    return false;
  }
  call->mapped[call->mappings++] = (struct mapping){bound, fit.before, rest};
  return true;
}

static bool bind_default(layer_call *call, const formal *f) {
  elaborator *e = call->c->e;
  context inside = {.e = e, .scope = call->scope};
  double number = 0;
  if (f->default_value == NULL) {
    complain(e, call->x->operator_at, "layer `%s` needs its argument `%s`", call->called->word,
             f->word);
    remark(e, f->where, "`%s` stands here in the layer", f->word);
    return false;
  }
  constancy state = try_constant(&inside, f->default_value, &number);
  if (state == CONSTANT_WRONG) return false;
  if (state != CONSTANT_NO && !f->has_brackets)
    return bind_number(call, f, number, state == CONSTANT_UNKNOWN, f->where);
  value v = expression_alone(&inside, f->default_value);
  if (is_poison(&v)) return false;
  if (f->has_brackets) return bind_shape(call, f, v, f->default_value);
  bind_value(call, f, v, f->where);
  return true;
}

static bool bind_formal(layer_call *call, const formal *f, int k) {
  const argument *given = argument_for(call, f, k);
  double number = 0;
  if (given == NULL) return bind_default(call, f);
  constancy state = f->has_brackets ? CONSTANT_NO : try_constant(call->c, given->value, &number);
  if (state == CONSTANT_WRONG) return false;
  if (state != CONSTANT_NO)
    return bind_number(call, f, number, state == CONSTANT_UNKNOWN, given->where);
  value v = expression_value(call->c, given->value);
  if (is_poison(&v)) return false;
  if (f->has_brackets) return bind_shape(call, f, v, given->value);
  bind_value(call, f, v, given->value->where);
  return true;
}

bool bind_formals(layer_call *call) {
  bool fine = true;
  int k = 0;
  for (const formal *f = call->statement->formals; f != NULL; f = f->next, k++)
    fine = bind_formal(call, f, k) && fine;
  return fine;
}
