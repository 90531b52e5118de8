/* elaborate_function: functions of the language that are neither op rows, reductions nor moves of
 * elements; and the table of all that are built in. */
#include "elaborate.h"

#include <string.h>

/* ---- where -------------------------------------------------------------------------------- */

static value call_where(context *c, const expression *x) {
  const expression *given[3];
  elaborator *e = c->e;
  value a, b, both, joint;
  if (!plain_arguments(c, x, 3, 3, given)) return poison();
  value condition = expression_tensor(c, given[0]);
  a = expression_tensor(c, given[1]);
  b = expression_tensor(c, given[2]);
  if (!broadcast(c, x->operator_at, &a, given[1], &b, given[2], &both)) return poison();
  if (is_poison(&condition)) return poison();
  both.node = node_has_axis(b.node, AXIS_BATCH) ? b.node : a.node;
  if (e->exploring == 0) { /* the branches' joint node, to see which names are taken */
    both.node = node_add(e->g, a.node, b.node);
  }
  value named = both;
  if (!broadcast(c, x->operator_at, &named, given[1], &condition, given[0], &joint))
    return poison();
  if (e->exploring > 0) {
    joint.node = blank_of(e, &both, &condition);
    return joint;
  }
  axis to[MAX_RANK];
  memcpy(to, named.dims, sizeof to);
  value first = both, second = both;
  first.node = a.node;
  second.node = b.node;
  first = rename_dimensions(e, first, to);
  second = rename_dimensions(e, second, to);
  joint.node = node_where(e->g, node_bracket(e->g, condition.node), first.node, second.node);
  return joint;
}

/* ---- dropout ------------------------------------------------------------------------------ */

/* A leaf of that role along the value's dimensions and the indices that are bound around it. */
const node *leaf_like(elaborator *e, tensor_role role, name word, place where, const value *like,
                      bool per_sample, tensor **made) {
  axis dims[MAX_RANK];
  int64_t shape[MAX_RANK];
  int rank = 0, stacked = role == TENSOR_RUNNING ? e->stacks : 0;
  for (int k = 0; k < stacked; k++) {
    dims[rank] = e->stack[k];
    shape[rank++] = e->stack_copies[k];
  }
  for (int k = 0; k < like->rank && rank < MAX_RANK; k++) {
    dims[rank] = like->dims[k];
    shape[rank++] = value_size(e, like, k);
  }
  for (int k = 0; k < like->node->rank; k++) {
    axis a = like->node->axes[k];
    bool known = !is_free_axis(like, a) || rank == MAX_RANK;
    for (int j = 0; j < stacked; j++) known = known || dims[j] == a;
    if (known) continue;
    dims[rank] = a;
    shape[rank++] = axis_extent(e->g, a);
  }
  tensor *t = *made;
  if (t == NULL) {
    t = tensor_new(e->g, role, word, where, rank, shape);
    t->per_sample = per_sample;
    t->stacked = stacked;
    *made = t;
  }
  return node_tensor(e->g, t, dims);
}

static value call_dropout(context *c, const expression *x) {
  const expression *given[2];
  elaborator *e = c->e;
  double rate = 0;
  if (!plain_arguments(c, x, 2, 2, given)) return poison();
  value v = value_without_name(expression_tensor(c, given[0]));
  constancy state = want_constant(c, given[1], "the rate of dropout", &rate);
  if (is_poison(&v) || state == CONSTANT_WRONG) return poison();
  if (state == CONSTANT_YES && !(rate >= 0 && rate < 1)) {
    complain(e, given[1]->where, "the rate of dropout lies between 0 and 1, 1 excluded");
    return poison();
  }
  if (e->exploring > 0 || rate <= 0) return v;
  e->modes_differ = true;
  if (e->predicting) return v;
  tensor *mask = NULL;
  const char *word = arena_printf(e->memory, "dropout.%d", ++e->randoms);
  bool per_sample = node_has_axis(v.node, AXIS_BATCH);
  const node *drawn = leaf_like(e, TENSOR_RANDOM, name_of(e->names, word), x->where, &v,
                                per_sample, &mask);
  const node *kept = node_map2(e->g, OP_less_equal, node_constant(e->g, rate), drawn);
  v.node = node_multiply(e->g, kept, node_scale(e->g, 1 / (1 - rate), v.node));
  return v;
}

/* ---- grad --------------------------------------------------------------------------------- */

/* A reference without a body yet: u is part of a recurrence that is still being elaborated. */
static bool is_unfinished(elaborator *e, const node *n, bool *seen) {
  if (seen[n->id]) return false;
  seen[n->id] = true;
  if (n->class == NODE_TENSOR && n->tensor->role == TENSOR_REFERENCE)
    return n->tensor->body == NULL || is_unfinished(e, n->tensor->body, seen);
  for (int k = 0; k < n->operands; k++) {
    if (is_unfinished(e, n->operand[k], seen)) return true;
  }
  return false;
}

static bool check_scalar(context *c, const expression *x, const expression *from, const value *u) {
  elaborator *e = c->e;
  if (u->rank > 0 || u->classes > 0) {
    complain(e, from->where, "grad(u, x) is the derivative of a scalar u, not of %s",
             shape_text(e, u));
    remark_shape(e, u, from);
    return false;
  }
  bool *seen = arena_alloc(e->memory, (size_t)graph_node_count(e->g));
  if (is_unfinished(e, u->node, seen)) {
    complain(e, x->where, "grad() of a recurrence inside its own step is not possible");
    return false;
  }
  return true;
}

/* A recurrence's body, which its own later steps read through a reference: u depends on a state by
 * way of these too. */
static const node *state_behind(elaborator *e, const node *by) {
  if (by->class != NODE_TENSOR || by->tensor->role != TENSOR_BARRIER) return NULL;
  for (int k = 0; k < tensor_count(e->g); k++) {
    const tensor *t = tensor_at(e->g, k);
    if (t->role == TENSOR_REFERENCE && t->body == by->tensor->body) return t->body;
  }
  return NULL;
}

/* Of u at every place of the indices that are bound around it; NULL where it has too many axes. */
static const node *derivative(elaborator *e, const node *u, const node *by) {
  const node *result = NULL, *state = state_behind(e, by);
  if (state != NULL || by->class != NODE_TENSOR)
    return derive_by(e->g, u, state != NULL ? state : by);
  return derive(e->g, u, 1, &by, &result) ? result : NULL;
}

static value call_grad(context *c, const expression *x) {
  const expression *given[2];
  elaborator *e = c->e;
  if (!plain_arguments(c, x, 2, 2, given)) return poison();
  refuse_stacking(e); /* u of one copy depends on x of that copy only */
  value u = expression_value(c, given[0]), by = expression_value(c, given[1]);
  if (is_poison(&u) || is_poison(&by)) return poison();
  if (given[1]->kind != EXPRESSION_NAME) {
    complain(e, given[1]->where, "grad(u, x) derives by a named tensor x; define this by an "
                                 "equation first");
    return poison();
  }
  if (by.classes > 0 || (by.node->integer && e->exploring == 0)) {
    complain(e, given[1]->where, "`%s` holds whole numbers: there is no derivative by it",
             given[1]->word);
    return poison();
  }
  value result = value_without_name(by);
  if (e->exploring > 0) {
    result.node = blank_of(e, &u, &by);
    return result;
  }
  if (!check_scalar(c, x, given[0], &u)) return poison();
  const node *made = by.rank + u.node->rank < MAX_RANK ? derivative(e, u.node, by.node) : NULL;
  if (made == NULL) {
    complain(e, x->where, "grad(u, x): the indices of u and the axes of what lies between u "
                          "and x are more than %d together; bind fewer around it", MAX_RANK);
    return poison();
  }
  result.node = made;
  return result;
}

/* ---- words that stand elsewhere ----------------------------------------------------------- */

static value call_carry(context *c, const expression *x) {
  complain(c->e, x->where, "carry(...) stands only as a whole start, as in `h[-1] = carry(0)`");
  return poison();
}

static value call_load(context *c, const expression *x) {
  complain(c->e, x->where, "load(...) stands only in `let`, as in `let M = load(\"m.npy\")`");
  return poison();
}

static value call_root(context *c, const expression *x) {
  const expression *operand;
  if (!plain_arguments(c, x, 1, 1, &operand)) return poison();
  value v = value_without_name(expression_tensor(c, operand));
  if (!is_poison(&v) && c->e->exploring == 0) v.node = node_power(c->e->g, v.node, 0.5);
  return v;
}

/* ---- the table ---------------------------------------------------------------------------- */

typedef struct builtin_row {
  const char *word;
  builtin *call;
} builtin_row;

static const builtin_row builtins[] = {
    {"carry", call_carry},         {"concat", call_concat},   {"dropout", call_dropout},
    {"flatten", call_flatten},     {"grad", call_grad},       {"load", call_load},
    {"onehot", call_onehot},       {"pad", call_pad},         {"reshape", call_reshape},
    {"sqrt", call_root},           {"transpose", call_transpose}, {"where", call_where},
};
enum { BUILTINS = sizeof builtins / sizeof *builtins };

builtin *find_builtin(elaborator *e, name word) {
  (void)e;
  for (int k = 0; k < BUILTINS; k++) {
    if (strcmp(builtins[k].word, word) == 0) return builtins[k].call;
  }
  return NULL;
}

size_t builtin_names(elaborator *e, const char **out, size_t room) {
  const char *reductions[] = {e->word.sum, e->word.mean, e->word.max, e->word.min,
                              e->word.logsumexp, e->word.argmax, e->word.softmax};
  size_t count = 0;
  for (int k = 0; k < BUILTINS && count < room; k++) out[count++] = builtins[k].word;
  for (size_t k = 0; k < sizeof reductions / sizeof *reductions && count < room; k++)
    out[count++] = reductions[k];
  return count;
}
