/* elaborate_expression: the walk over an expression: from the tree to values. */
#include "elaborate.h"

#include <string.h>

bool go_deeper(elaborator *e, place where) {
  char here;
  uintptr_t at = (uintptr_t)&here, top = (uintptr_t)e->stack_top;
  uintptr_t used = at < top ? top - at : at - top;
  if (e->depth < DEEPEST && used < STACK_BYTES) {
    e->depth++;
    return true;
  }
  complain(e, where, "expressions, layers and definitions are nested too deep here: define "
                     "parts by equations of their own, or take copies by `repeat`");
  return false;
}

/* ---- exploring ---------------------------------------------------------------------------- */

const node *blank_of(const elaborator *e, const value *a, const value *b) {
  bool sample = node_has_axis(a->node, AXIS_BATCH) ||
                (b != NULL && b->node != NULL && node_has_axis(b->node, AXIS_BATCH));
  return sample ? e->blank_sample : e->blank;
}

value explore(context *c, const expression *x) {
  elaborator *e = c->e;
  context copy = *c;
  if (e->exploring++ == 0) e->session++;
  value shape = expression_value(&copy, x);
  e->exploring--;
  return shape;
}

/* ---- names -------------------------------------------------------------------------------- */

/* "a -> b -> a": from `first`, which is being elaborated, to what is asked for now. */
static const char *cycle_text(elaborator *e, const item *first) {
  const item *chain[32];
  int count = 0;
  text out = text_new(e->memory);
  const item *here = e->active;
  for (; here != NULL && here != first && count < 31; here = here->caller) chain[count++] = here;
  text_append(&out, first->word);
  while (count > 0) {
    const item *next = chain[--count];
    text_printf(&out, " -> %s", next->word != NULL ? next->word : "repeat");
  }
  text_printf(&out, " -> %s", first->word);
  return out.chars;
}

static value complain_cycle(context *c, item *wanted, place where) {
  elaborator *e = c->e;
  if (wanted->word == NULL) {
    complain(e, where, "the lines of this `repeat` need what they define themselves");
    remark(e, wanted->statement->where, "the repeat is here");
    return poison();
  }
  complain(e, where, "a cycle that does not step along an axis: %s", cycle_text(e, wanted));
  remark(e, wanted->statement->word_at, "`%s` is defined here", wanted->word);
  return poison();
}

value value_of_item(context *c, item *wanted, place where) {
  if (c->e->exploring > 0) return sketch_of(c, wanted, where);
  if (wanted->progress == ACTIVE) return complain_cycle(c, wanted, where);
  if (wanted->progress == UNTOUCHED) {
    if (!go_deeper(c->e, where)) return poison();
    elaborate_item(c->e, wanted);
    c->e->depth--;
  }
  return wanted->value;
}

value value_of_found(context *c, const found *f, name word, place where) {
  elaborator *e = c->e;
  if (f->item != NULL && f->item->word == NULL) {
    if (f->item->progress == ACTIVE) return complain_cycle(c, f->item, where);
    return repeat_value(c, f->item, word, where);
  }
  if (f->item != NULL && e->exploring == 0 && in_cycle_with(c, f->item))
    note_cycle_read(c, f->item, 0, NULL, where);
  if (f->item != NULL) return value_of_item(c, f->item, where);
  double number = 0;
  switch (f->symbol->base) {
    case BASE_VALUE: {
      value v = f->symbol->value;
      if (e->exploring > 0 && v.node != NULL) v.node = blank_of(e, &v, NULL);
      return v;
    }
    case BASE_NUMBER:
      if (f->symbol->unknown) return value_of_node(e->blank);
      return value_of_number(e, f->symbol->number);
    case BASE_LET: {
      constancy state = let_value(e, f->scope, f->symbol, &number);
      if (state == CONSTANT_UNKNOWN) return value_of_node(e->blank);
      return state == CONSTANT_YES ? value_of_number(e, number) : poison();
    }
    case BASE_NONE: break;
  }
  return poison();
}

value value_of_name(context *c, const expression *x) {
  index_variable *v = visible_variable(c, x->word);
  if (v != NULL && c->e->exploring > 0) return value_of_node(c->e->blank);
  if (v != NULL) return value_of_node(node_index(c->e->g, v->axis));
  found f = scope_find(c->e, c->scope, x->word, c->reader);
  if (f.symbol == NULL) {
    complain_unknown(c, x->where, x->word);
    return poison();
  }
  return value_of_found(c, &f, x->word, x->where);
}

/* ---- by element --------------------------------------------------------------------------- */

value map_value(context *c, op operation, value a) {
  a = value_without_name(as_tensor(c->e, a));
  if (is_poison(&a)) return a;
  if (c->e->exploring == 0) a.node = node_map1(c->e->g, operation, a.node);
  return a;
}

static bool is_equality(binary_operation operation) {
  return operation == BINARY_EQUAL || operation == BINARY_NOT_EQUAL;
}

/* Whether a value of kind class may be compared with `other`. */
static bool compares_with_class(const elaborator *e, const value *other) {
  if (other->classes > 0 || e->exploring > 0) return true;
  if (other->node->class == NODE_CONSTANT) return is_whole(other->node->value);
  return other->node->integer;
}

static value complain_class(context *c, const expression *x, const value *a, const value *b) {
  complain(c->e, x->operator_at, "`%s` compares a value of kind class with another class value or "
                                 "a whole number only, not %s with %s",
           binary_operation_sign(x->operation), shape_text(c->e, a), shape_text(c->e, b));
  remark_shape(c->e, a, x->left);
  remark_shape(c->e, b, x->right);
  return poison();
}

value binary_value(context *c, binary_operation operation, const expression *x, value a, value b) {
  value shape;
  if (is_poison(&a) || is_poison(&b)) return poison();
  bool classes = a.classes > 0 || b.classes > 0;
  if (is_equality(operation) && classes) {
    if (!compares_with_class(c->e, a.classes > 0 ? &b : &a)) return complain_class(c, x, &a, &b);
  } else {
    a = as_tensor(c->e, a);
    b = as_tensor(c->e, b);
  }
  if (!broadcast(c, x->operator_at, &a, x->left, &b, x->right, &shape)) return poison();
  if (c->e->exploring > 0) shape.node = blank_of(c->e, &a, &b);
  else shape.node = node_of_binary(c->e->g, operation, a.node, b.node);
  return shape;
}

/* ---- matrix products ---------------------------------------------------------------------- */

static value complain_product(context *c, const expression *x, const value *a, const value *b,
                              const char *reason) {
  complain(c->e, x->operator_at, "%s @ %s: %s", shape_text(c->e, a), shape_text(c->e, b), reason);
  remark_shape(c->e, a, x->left);
  remark_shape(c->e, b, x->right);
  return poison();
}

/* The result's dimensions: those of a but the last, those of b but the first. */
static value product_shape(const value *a, const value *b) {
  value shape = {.node = a->node, .rank = 0, .open = a->open};
  for (int k = 0; k + 1 < a->rank; k++) shape.dims[shape.rank++] = a->dims[k];
  for (int k = 1; k < b->rank; k++) shape.dims[shape.rank++] = b->dims[k];
  return shape;
}

static value open_product(context *c, const value *a, const value *b) {
  value shape = {.node = blank_of(c->e, a, b), .open = a->open};
  if (!a->open && a->rank > 0) { /* a matrix times what is not known: most likely a vector */
    shape = product_shape(a, &shape);
    shape.node = blank_of(c->e, a, b);
  }
  return shape;
}

static value matrix_product(context *c, const expression *x, value a, value b) {
  elaborator *e = c->e;
  a = as_tensor(e, a);
  b = as_tensor(e, b);
  if (is_poison(&a) || is_poison(&b)) return poison();
  if (a.open || b.open) return open_product(c, &a, &b);
  if (a.rank == 0 || b.rank == 0)
    return complain_product(c, x, &a, &b, "`@` multiplies tensors; use `*` with a scalar");
  if (b.rank > 2)
    return complain_product(c, x, &a, &b, "on the right of `@` stands a vector or a matrix; "
                                          "use indices and sum[k](...)");
  int64_t n = value_size(e, &a, a.rank - 1), m = value_size(e, &b, 0);
  if (n != m && n >= 0 && m >= 0)
    return complain_product(c, x, &a, &b,
                            arena_printf(e->memory, "the last axis, %lld, meets the first, %lld",
                                         (long long)n, (long long)m));
  a = separate(e, a, &(value){.node = b.node}, 0, NULL);
  axis over = a.dims[a.rank - 1];
  axis to[MAX_RANK];
  b = separate(e, b, &a, 0, NULL);
  memcpy(to, b.dims, sizeof to);
  to[0] = over;
  if (e->exploring == 0) b = rename_dimensions(e, b, to);
  if (!fits_together(c, x->operator_at, &a, &b, 0)) return poison();
  value shape = product_shape(&a, &b);
  if (e->exploring > 0) {
    shape.node = blank_of(e, &a, &b);
    return shape;
  }
  const node *factors[2] = {a.node, b.node};
  shape.node = node_product(e->g, 2, factors, NULL, 1, &over);
  return shape;
}

/* ---- the walk ----------------------------------------------------------------------------- */

static value evaluate_binary(context *c, const expression *x) {
  value a = expression_value(c, x->left), b = expression_value(c, x->right);
  if (x->operation == BINARY_MATMUL) return matrix_product(c, x, a, b);
  return binary_value(c, x->operation, x, a, b);
}

static value negate(context *c, const expression *x) {
  value v = value_without_name(expression_tensor(c, x->left));
  if (!is_poison(&v) && c->e->exploring == 0) v.node = node_scale(c->e->g, -1, v.node);
  return v;
}

static value evaluate_kind(context *c, const expression *x) {
  switch (x->kind) {
    case EXPRESSION_NUMBER: return value_of_number(c->e, x->number);
    case EXPRESSION_STRING:
      complain(c->e, x->where, "a text stands in load(\"...\") and in settings only");
      return poison();
    case EXPRESSION_NAME: return value_of_name(c, x);
    case EXPRESSION_NEGATE: return negate(c, x);
    case EXPRESSION_BINARY: return evaluate_binary(c, x);
    case EXPRESSION_TRANSPOSE:
      return transpose_value(c, x->operator_at, x->left, expression_tensor(c, x->left));
    case EXPRESSION_INDEX: return read_indexed(c, x);
    case EXPRESSION_CALL: return call_value(c, x);
  }
  return poison();
}

value expression_value(context *c, const expression *x) {
  if (x == NULL || !go_deeper(c->e, x->where)) return poison();
  value v = evaluate_kind(c, x);
  c->e->depth--;
  return v;
}

value expression_tensor(context *c, const expression *x) {
  return as_tensor(c->e, expression_value(c, x));
}

value expression_alone(context *c, const expression *x) {
  return infer_ranges(c, NULL, x, NULL) ? expression_value(c, x) : poison();
}
