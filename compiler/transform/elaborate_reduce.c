/* elaborate_reduce: reductions over bound indices, numbered axes, whole tensors and the batch. */
#include "elaborate.h"

typedef struct reduction {
  context *c;
  const expression *x;
  name word;
  int count;
  axis over[MAX_RANK + 1];
  bool batch;
  value operand;
  value guard; /* node NULL: none */
} reduction;

bool is_reduction(const elaborator *e, name word) {
  const struct keywords *k = &e->word;
  return word == k->sum || word == k->mean || word == k->max || word == k->min ||
         word == k->logsumexp || word == k->argmax || word == k->softmax;
}

/* ---- what to reduce over ------------------------------------------------------------------ */

static bool add_axis(reduction *r, axis a) {
  if (a == AXIS_UNIT || a == r->c->e->unknown_axis) return true;
  if (r->count == MAX_RANK) {
    complain(r->c->e, r->x->where, "a reduction over more than %d axes", MAX_RANK);
    return false;
  }
  r->over[r->count++] = a;
  return true;
}

static void drop_dimension(value *v, int k) {
  for (; k + 1 < v->rank; k++) v->dims[k] = v->dims[k + 1];
  v->rank--;
}

/* sum[-1](x): an axis of the operand by its number, from the end where negative. */
static bool add_numbered(reduction *r, const bracket_entry *b, bool *taken) {
  int64_t k = 0;
  elaborator *e = r->c->e;
  constancy state = want_whole(r->c, b->value, "the number of an axis", -MAX_RANK, &k);
  if (state != CONSTANT_YES) return state == CONSTANT_UNKNOWN;
  if (r->operand.open) return true;
  if (k < 0) k += r->operand.rank;
  if (k < 0 || k >= r->operand.rank || taken[k]) {
    complain(e, b->where, "there is no axis of this number%s to reduce over",
             k >= 0 && k < r->operand.rank ? " left" : "");
    remark_shape(e, &r->operand, r->x->arguments->value);
    return false;
  }
  taken[k] = true;
  return add_axis(r, r->operand.dims[k]);
}

/* sum[...](x) in a layer: over the axes that `...` among its formals stands for. */
static bool add_rest(reduction *r) {
  const scope *s = r->c->scope;
  for (int k = 0; k < s->rest_count; k++) {
    if (!add_axis(r, s->rest[k])) return false;
  }
  return true;
}

static bool add_entries(reduction *r) {
  bool taken[MAX_RANK] = {false};
  for (const bracket_entry *b = r->x->left->entries; b != NULL; b = b->next) {
    index_variable *v = variable_of_binder(r->c, b);
    bool batch = b->label == NULL && b->value->kind == EXPRESSION_NAME &&
                 b->value->word == r->c->e->word.batch;
    if (v != NULL && !add_axis(r, v->axis)) return false;
    if (v != NULL) continue;
    bool rest = b->label == NULL && b->value->kind == EXPRESSION_NAME &&
                b->value->word == r->c->e->word.ellipsis;
    if (rest) {
      if (!add_rest(r)) return false;
    } else if (batch) {
      r->batch = true;
      if (!add_axis(r, AXIS_BATCH)) return false;
    } else if (!add_numbered(r, b, taken)) {
      return false;
    }
  }
  for (int k = r->operand.rank - 1; k >= 0; k--) {
    if (taken[k]) drop_dimension(&r->operand, k);
  }
  return true;
}

/* Without brackets: over everything, or the last axis for those that have a vector in mind. */
static bool add_dimensions(reduction *r) {
  const struct keywords *k = &r->c->e->word;
  bool last = r->word == k->logsumexp || r->word == k->softmax || r->word == k->argmax;
  if (last && r->operand.rank == 0 && !r->operand.open) {
    complain(r->c->e, r->x->where, "`%s` needs a tensor with an axis, not a scalar", r->word);
    remark_shape(r->c->e, &r->operand, r->x->arguments->value);
    return false;
  }
  int first = last && r->operand.rank > 0 ? r->operand.rank - 1 : 0;
  for (int d = first; d < r->operand.rank; d++) {
    if (!add_axis(r, r->operand.dims[d])) return false;
  }
  if (r->word != k->softmax) {
    r->operand.rank = first;
    r->operand.open = r->operand.open && last;
  }
  return true;
}

/* ---- the kinds ---------------------------------------------------------------------------- */

static const node *reduced_sum(reduction *r) {
  graph *g = r->c->e->g;
  const node *a = r->operand.node;
  if (r->guard.node != NULL) a = node_multiply(g, node_bracket(g, r->guard.node), a);
  return node_sum_over(g, a, r->count, r->over);
}

static const node *reduced_mean(reduction *r) {
  graph *g = r->c->e->g;
  const node *number = node_constant(g, 1);
  if (r->guard.node != NULL) {
    number = node_sum_over(g, node_bracket(g, r->guard.node), r->count, r->over);
    number = node_map2(g, OP_max, number, node_constant(g, 1));
  } else {
    for (int k = 0; k < r->count; k++) number = node_multiply(g, number, node_size(g, r->over[k]));
  }
  return node_divide(g, reduced_sum(r), number);
}

static const node *selected(reduction *r, select_kind kind, double sign) {
  graph *g = r->c->e->g;
  const node *guard = r->guard.node != NULL ? node_bracket(g, r->guard.node) : NULL;
  const node *a = node_scale(g, sign, r->operand.node);
  return node_scale(g, sign, node_select(g, kind, a, guard, r->count, r->over));
}

static const node *normalized(reduction *r) {
  graph *g = r->c->e->g;
  const node *all = selected(r, SELECT_LOGSUMEXP, 1);
  const node *p = node_map1(g, OP_exp, node_subtract(g, r->operand.node, all));
  if (r->guard.node == NULL) return p;
  return node_multiply(g, node_bracket(g, r->guard.node), p);
}

/* Class values: the place of the largest along one axis. */
static value largest_place(reduction *r) {
  elaborator *e = r->c->e;
  value v = r->operand;
  int64_t places = r->count == 1 ? axis_extent(e->g, r->over[0]) : 1;
  if (r->count > 1 || r->batch) {
    complain(e, r->x->where, "argmax goes over one axis; its value is the place along it");
    return poison();
  }
  if (places > INT32_MAX) {
    complain(e, r->x->where, "an axis of %lld places is too long for argmax", (long long)places);
    return poison();
  }
  v.classes = (int32_t)places;
  v.class_axis = sized_axis(e, r->word, places);
  v.node = r->count == 0 ? node_constant(e->g, 0) : selected(r, SELECT_ARGMAX, 1);
  return v;
}

static value explored(reduction *r) {
  elaborator *e = r->c->e;
  value v = r->operand;
  v.node = blank_of(e, &v, &r->guard);
  if (r->batch) v.node = e->blank;
  if (r->word == e->word.argmax) {
    v.classes = 1;
    v.class_axis = r->count == 1 ? r->over[0] : AXIS_UNIT;
  }
  return v;
}

static value reduced(reduction *r) {
  const struct keywords *k = &r->c->e->word;
  value v = value_without_name(r->operand);
  if (r->c->e->exploring > 0) return explored(r);
  if (r->word == k->argmax) return largest_place(r);
  if (r->word == k->sum) v.node = reduced_sum(r);
  else if (r->word == k->mean) v.node = reduced_mean(r);
  else if (r->word == k->max) v.node = selected(r, SELECT_MAX, 1);
  else if (r->word == k->min) v.node = selected(r, SELECT_MAX, -1);
  else if (r->word == k->logsumexp) v.node = selected(r, SELECT_LOGSUMEXP, 1);
  else v.node = normalized(r);
  return v;
}

/* ---- calls -------------------------------------------------------------------------------- */

/* softmax[j] binds nothing: j is bound around it. */
static bool add_bound_around(reduction *r) {
  for (const bracket_entry *b = r->x->left->entries; b != NULL; b = b->next) {
    bool named = b->label == NULL && b->value->kind == EXPRESSION_NAME;
    index_variable *v = named ? visible_variable(r->c, b->value->word) : NULL;
    if (v == NULL) {
      complain(r->c->e, b->where, "softmax[...] names indices that are bound around it%s%s%s",
               named ? "; `" : "", named ? b->value->word : "", named ? "` is not" : "");
      return false;
    }
    if (!add_axis(r, v->axis)) return false;
  }
  return true;
}

static bool evaluate_guard(reduction *r) {
  const expression *guard = r->x->left->kind == EXPRESSION_INDEX ? r->x->left->guard : NULL;
  r->guard = poison();
  if (guard == NULL) return true;
  r->guard = expression_tensor(r->c, guard);
  if (is_poison(&r->guard)) return false;
  if (r->guard.rank == 0) return true;
  complain(r->c->e, guard->where, "a guard is one condition, a scalar, not %s",
           shape_text(r->c->e, &r->guard));
  return false;
}

static bool enough_room(reduction *r) {
  value over = {.node = r->guard.node != NULL ? r->guard.node : r->operand.node, .rank = 0};
  for (int k = 0; k < r->count && over.rank < MAX_RANK; k++) over.dims[over.rank++] = r->over[k];
  int rank = over.rank;
  over.rank = rank > LARGEST_RANK ? LARGEST_RANK : rank;
  return fits_together(r->c, r->x->where, &r->operand, &over, rank - over.rank);
}

static value reduce(reduction *r, bool brackets) {
  const expression *operand;
  if (!plain_arguments(r->c, r->x, 1, 1, &operand)) return poison();
  r->operand = expression_tensor(r->c, operand);
  if (!evaluate_guard(r) || is_poison(&r->operand)) return poison();
  bool around = brackets && r->word == r->c->e->word.softmax;
  bool fine = around ? add_bound_around(r) : brackets ? add_entries(r) : add_dimensions(r);
  if (!fine || !enough_room(r)) return poison();
  return reduced(r);
}

value call_reduction(context *c, const expression *x) {
  bool brackets = x->left->kind == EXPRESSION_INDEX;
  reduction r = {.c = c, .x = x, .word = brackets ? x->left->left->word : x->left->word};
  index_variable *before = c->visible;
  if (brackets && x->left->entries == NULL) {
    complain(c->e, x->where, "the brackets of `%s` name no index", r.word);
    return poison();
  }
  if (brackets && r.word != c->e->word.softmax) {
    for (const bracket_entry *b = x->left->entries; b != NULL; b = b->next) {
      index_variable *v = variable_of_binder(c, b);
      if (v == NULL) continue;
      v->outer = c->visible;
      c->visible = v;
    }
  }
  value v = reduce(&r, brackets);
  c->visible = before;
  return v;
}
