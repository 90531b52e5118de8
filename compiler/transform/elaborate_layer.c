/* elaborate_layer: a call of a layer into the value of its `return`, with names of its own. */
#include "elaborate.h"

typedef struct layer_call {
  context *c; /* of the caller */
  const expression *x;
  const layer *called;
  const statement *statement;
  scope *scope;
  const expression *shared; /* parameters = NAME */
  struct mapping {          /* of a formal with `...`: where these axes are in its argument */
    symbol *formal;
    int before, count;
  } mapped[LARGEST_RANK];
  int mappings;
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

/* Indices that are bound around the call: references inside need an axis for each. */
static void keep_free_axes(scope *s, const value *v) {
  if (is_poison(v)) return;
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

static symbol *bind_value(layer_call *call, const formal *f, value v, place where) {
  symbol *made = scope_add(call->c->e, call->scope, f->word, f->where);
  if (v.word == NULL) {
    v.word = f->word;
    v.where = where;
  }
  made->base = BASE_VALUE;
  made->value = v;
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

static bool is_ellipsis(const elaborator *e, const bracket_entry *b) {
  return b->label == NULL && b->value->kind == EXPRESSION_NAME &&
         b->value->word == e->word.ellipsis;
}

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

static bool bind_formals(layer_call *call) {
  bool fine = true;
  int k = 0;
  for (const formal *f = call->statement->formals; f != NULL; f = f->next, k++)
    fine = bind_formal(call, f, k) && fine;
  return fine;
}

/* ---- axes that `...` stands for ------------------------------------------------------------ */

/* The axes that all arguments with `...` share, met from the last to the first. */
static bool join_mapped(layer_call *call, const struct mapping *m) {
  scope *s = call->scope;
  elaborator *e = call->c->e;
  const value *v = &m->formal->value;
  for (int k = 1; k <= m->count; k++) {
    axis a = v->dims[m->before + m->count - k];
    if (k > s->rest_count) {
      for (int d = s->rest_count++; d > 0; d--) s->rest[d] = s->rest[d - 1];
      s->rest[0] = a;
    }
    axis *joint = &s->rest[s->rest_count - k];
    if (*joint == AXIS_UNIT || *joint == e->unknown_axis) *joint = a;
    bool any = a == AXIS_UNIT || a == e->unknown_axis;
    if (any || axis_extent(e->g, a) == axis_extent(e->g, *joint)) continue;
    complain(e, call->x->operator_at, "the axes for which `...` of layer `%s` stands differ: %lld "
                                      "and %lld", call->called->word,
             (long long)axis_extent(e->g, *joint), (long long)axis_extent(e->g, a));
    remark_shape(e, v, NULL);
    return false;
  }
  return true;
}

static bool is_rest(const scope *s, axis a) {
  for (int k = 0; k < s->rest_count; k++) {
    if (s->rest[k] == a && a != AXIS_UNIT) return true;
  }
  return false;
}

/* New names where an argument has one of the axes in another role. */
static void free_rest(layer_call *call) {
  scope *s = call->scope;
  elaborator *e = call->c->e;
  for (const symbol *bound = s->symbols; bound != NULL; bound = bound->hh.next) {
    const value *v = &bound->value;
    if (bound->base != BASE_VALUE || is_poison(v)) continue;
    for (int k = 0; k < s->rest_count; k++) {
      axis a = s->rest[k];
      if (a == e->unknown_axis || a == AXIS_UNIT) continue;
      if (node_has_axis(v->node, a) && is_free_axis(v, a))
        s->rest[k] = axis_new(e->g, axis_hint(e->g, a), axis_extent(e->g, a));
    }
  }
}

static const struct mapping *mapping_of(const layer_call *call, const symbol *bound) {
  for (int k = 0; k < call->mappings; k++) {
    if (call->mapped[k].formal == bound) return &call->mapped[k];
  }
  return NULL;
}

/* Inside the layer the value has its named axes only; the others are indices around it. */
static void map_argument(layer_call *call, symbol *bound) {
  elaborator *e = call->c->e;
  const scope *s = call->scope;
  const struct mapping *m = mapping_of(call, bound);
  value v = bound->value;
  axis to[MAX_RANK];
  for (int k = 0; k < v.rank; k++) {
    bool inside = m != NULL && k >= m->before && k < m->before + m->count;
    to[k] = v.dims[k];
    if (inside) to[k] = s->rest[s->rest_count - m->count + k - m->before];
    else if (is_rest(s, to[k]) && to[k] != e->unknown_axis)
      to[k] = axis_new(e->g, axis_hint(e->g, to[k]), axis_extent(e->g, to[k]));
    if (v.dims[k] == AXIS_UNIT) to[k] = AXIS_UNIT;
  }
  v = rename_dimensions(e, v, to);
  int kept = 0;
  for (int k = 0; k < v.rank; k++) {
    bool inside = m != NULL && k >= m->before && k < m->before + m->count;
    if (!inside) v.dims[kept++] = v.dims[k];
  }
  v.rank = kept;
  bound->value = v;
}

static bool map_arguments(layer_call *call) {
  for (int k = 0; k < call->mappings; k++) {
    if (!join_mapped(call, &call->mapped[k])) return false;
  }
  free_rest(call);
  for (symbol *bound = call->scope->symbols; bound != NULL; bound = bound->hh.next) {
    if (bound->base != BASE_VALUE || is_poison(&bound->value)) continue;
    if (call->scope->rest_count > 0) map_argument(call, bound);
    keep_free_axes(call->scope, &bound->value);
  }
  return true;
}

/* The result has the axes again, where `...` stands in the first such formal. */
static value unmap_result(layer_call *call, value v) {
  const scope *s = call->scope;
  if (is_poison(&v) || s->rest_count == 0) return v;
  if (s->rest_count + v.rank > LARGEST_RANK) {
    complain(call->c->e, call->x->operator_at, "the result of `%s` has more than %d axes",
             call->called->word, LARGEST_RANK);
    return poison();
  }
  int before = call->mapped[0].before < v.rank ? call->mapped[0].before : v.rank;
  for (int k = v.rank - 1; k >= before; k--) v.dims[k + s->rest_count] = v.dims[k];
  for (int k = 0; k < s->rest_count; k++) v.dims[before + k] = s->rest[k];
  v.rank += s->rest_count;
  return v;
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
  int errors = report_errors(e->to);
  value v = poison();
  declare_statements(e, call->scope, call->statement->body);
  if (report_errors(e->to) == errors) elaborate_items(e, call->scope);
  if (report_errors(e->to) == errors) v = returned(call, path);
  e->calls = frame.outer;
  return unmap_result(call, v);
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
  bool bound = bind_formals(&call) && map_arguments(&call);
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
