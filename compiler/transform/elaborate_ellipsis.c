/* elaborate_ellipsis: `...` among a layer's formals: the axes that it stands for become indices
 * around the call, and dimensions of the result again. */
#include "elaborate.h"

bool is_ellipsis(const elaborator *e, const bracket_entry *b) {
  return b->label == NULL && b->value->kind == EXPRESSION_NAME &&
         b->value->word == e->word.ellipsis;
}

static void keep_free_axis(scope *s, axis a) {
  for (int f = 0; f < s->free_count; f++) {
    if (s->free[f] == a) return;
  }
  if (s->free_count < MAX_RANK) s->free[s->free_count++] = a;
}

/* Indices that are bound around the call: references inside need an axis for each. */
static void keep_free_axes(scope *s, const value *v) {
  if (is_poison(v)) return;
  for (int k = 0; k < v->node->rank; k++) {
    if (is_free_axis(v, v->node->axes[k])) keep_free_axis(s, v->node->axes[k]);
  }
}

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

bool map_arguments(layer_call *call) {
  for (int k = 0; k < call->mappings; k++) {
    if (!join_mapped(call, &call->mapped[k])) return false;
  }
  free_rest(call);
  for (symbol *bound = call->scope->symbols; bound != NULL; bound = bound->hh.next) {
    if (bound->base != BASE_VALUE || is_poison(&bound->value)) continue;
    if (call->scope->rest_count > 0) map_argument(call, bound);
    keep_free_axes(call->scope, &bound->value);
  }
  const elaborator *e = call->c->e; /* the layer's parameters may differ from copy to copy */
  for (int k = 0; k < e->stacks; k++) keep_free_axis(call->scope, e->stack[k]);
  return true;
}

/* The result has the axes again, where `...` stands in the first such formal. */
value unmap_result(layer_call *call, value v) {
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
