/* elaborate_layer: a call of a layer into the value of its `return`, with names of its own. */
#include "elaborate.h"

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
