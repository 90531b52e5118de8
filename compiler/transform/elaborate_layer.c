/* elaborate_layer: a call of a layer into the value of its `return`, with names of its own. */
#include "elaborate.h"

typedef struct layer_call {
  context *c; /* of the caller */
  const expression *x;
  const layer *called;
  const statement *statement;
  scope *scope;
  const expression *shared; /* parameters = NAME */
  bool wrong;
} layer_call;

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

static bool check_labels(layer_call *call) {
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

static bool check_twice(layer_call *call) {
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

static void keep_free_axes(scope *s, const value *v) {
  for (int k = 0; k < v->node->rank; k++) {
    axis a = v->node->axes[k];
    bool known = !is_free_axis(v, a);
    for (int f = 0; f < s->free_count; f++) known = known || s->free[f] == a;
    if (!known && s->free_count < MAX_RANK) s->free[s->free_count++] = a;
  }
}

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

static void bind_value(layer_call *call, const formal *f, value v, place where) {
  symbol *made = scope_add(call->c->e, call->scope, f->word, f->where);
  if (v.word == NULL) {
    v.word = f->word;
    v.where = where;
  }
  made->base = BASE_VALUE;
  made->value = v;
  if (!is_poison(&v)) keep_free_axes(call->scope, &v);
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

/* x[c, h, w]: takes exactly that many axes. A class value may count as its one-hot tensor. */
static bool bind_shape(layer_call *call, const formal *f, value v, const expression *from) {
  elaborator *e = call->c->e;
  int wanted = 0, k = 0;
  for (const bracket_entry *b = f->entries; b != NULL; b = b->next) wanted++;
  value shape = v;
  if (v.classes > 0 && wanted == v.rank + 1) shape = as_tensor(e, v);
  bool unknown = shape.open;
  if (shape.rank != wanted && !unknown) {
    complain(e, from->where, "layer `%s` takes %s, but this is %s", call->called->word,
             formal_text(e, f), shape_text(e, &v));
    remark_shape(e, &v, from);
    remark(e, f->where, "`%s` stands here in the layer", f->word);
    return false;
  }
  if (unknown) { /* as many axes as the formal has, of unknown sizes */
    for (; v.rank < wanted && v.rank < MAX_RANK; v.rank++) v.dims[v.rank] = e->unknown_axis;
    v.open = false;
    shape = v;
  }
  for (const bracket_entry *b = f->entries; b != NULL; b = b->next, k++) {
    int64_t size = k < shape.rank ? value_size(e, &shape, k) : -1;
    if (!bind_size(call, f, b, size, from->where)) return false;
  }
  bind_value(call, f, v, from->where);
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

static bool bind_formals(layer_call *call) {
  bool fine = true;
  int k = 0;
  for (const formal *f = call->statement->formals; f != NULL; f = f->next, k++)
    fine = bind_formal(call, f, k) && fine;
  return fine;
}

/* ---- where its parameters are -------------------------------------------------------------- */

/* parameters = h: the path of the equation that h is. */
static const char *shared_path(layer_call *call) {
  elaborator *e = call->c->e;
  const expression *x = call->shared;
  if (x->kind != EXPRESSION_NAME) {
    complain(e, x->where, "`parameters = ...` names the tensor whose layer's parameters to use");
    return NULL;
  }
  found f = scope_find(e, call->c->scope, x->word, call->c->reader);
  if (f.symbol == NULL) {
    complain_unknown(call->c, x->where, x->word);
    return NULL;
  }
  if (f.item != NULL && f.item->word == NULL && f.item->last != NULL) /* a repeat's last copy */
    f = scope_find(e, f.item->last, x->word, NULL);
  if (f.item == NULL || f.item->word == NULL) {
    complain(e, x->where, "`%s` is not defined by a layer; it has no parameters to share",
             x->word);
    return NULL;
  }
  value v = value_of_item(call->c, f.item, x->where);
  return is_poison(&v) ? NULL : f.item->path;
}

static const char *call_path(layer_call *call) {
  context *c = call->c;
  elaborator *e = c->e;
  name word = call->called->word;
  if (call->shared != NULL) return shared_path(call);
  if (!has_parameters(e, c->scope->from, word)) {
    const char *around = c->path != NULL ? c->path : c->defines != NULL ? c->defines : "loss";
    int number = ++c->plain_calls;
    if (number == 1) return arena_printf(e->memory, "%s.%s", around, word);
    return arena_printf(e->memory, "%s.%s.%d", around, word, number);
  }
  if (c->path == NULL) {
    complain(e, call->x->operator_at, "a call of `%s` has parameters, which are named after the "
                                      "tensor that it defines: write an equation, h = %s(...)",
             word, word);
    return NULL;
  }
  if (c->calls <= 1) return c->path;
  return arena_printf(e->memory, "%s.%d", c->path, ++c->call);
}

/* ---- the call ----------------------------------------------------------------------------- */

static bool calls_itself(const layer_call *call) {
  for (const call_frame *f = call->c->e->calls; f != NULL; f = f->outer) {
    if (f->statement == call->statement) return true;
  }
  return false;
}

static value returned(layer_call *call, const char *path) {
  elaborator *e = call->c->e;
  const statement *result = call->scope->result;
  if (result == NULL) {
    complain(e, call->statement->word_at, "layer `%s` has no `return`", call->called->word);
    return poison();
  }
  context inside = {.e = e,
                    .scope = call->scope,
                    .path = path,
                    .calls = count_calls(e, call->called->from, result->value)};
  return value_without_name(expression_alone(&inside, result->value));
}

static value elaborate_call(layer_call *call, const char *path) {
  elaborator *e = call->c->e;
  call_frame frame = {call->x->operator_at, call->called->word, call->statement, e->calls};
  e->calls = &frame;
  declare_statements(e, call->scope, call->statement->body);
  elaborate_items(e, call->scope);
  value v = returned(call, path);
  e->calls = frame.outer;
  return v;
}

value call_layer(context *c, const expression *x, const layer *called) {
  elaborator *e = c->e;
  layer_call call = {.c = c, .x = x, .called = called, .statement = called->statement};
  if (!check_labels(&call) || !check_twice(&call)) return poison();
  if (calls_itself(&call)) {
    complain(e, x->operator_at, "layer `%s` calls itself; copies in a row are `repeat`",
             called->word);
    return poison();
  }
  if (!go_deeper(e, x->where)) return poison();
  call.scope = scope_new(e, NULL, called->from, "");
  bool bound = bind_formals(&call);
  const char *path = call_path(&call);
  value v = poison();
  if (bound && path != NULL) {
    call.scope->path = arena_printf(e->memory, "%s.", path);
    call.scope->shares = call.shared != NULL || c->scope->shares;
    v = elaborate_call(&call, path);
  }
  e->depth--;
  return v;
}
