/* Views: affine reads and writes, their composition, and renaming, which is a view too. */
#include <string.h>

#include "construct.h"

view view_empty(void) { return (view){0}; }

int view_box(view *v, int64_t extent) {
  v->extent[v->box] = extent;
  return v->box++;
}

affine *view_read(view *v, axis along, int64_t constant) {
  v->read[v->reads] = (affine){.along = along, .constant = constant};
  return &v->read[v->reads++];
}

affine *view_write(view *v, axis along, int64_t constant) {
  v->write[v->writes] = (affine){.along = along, .constant = constant};
  return &v->write[v->writes++];
}

/* The variable that `a` consists of alone with coefficient 1 and constant 0, or no_variable. */
enum { no_variable = MAX_RANK };

static int single_variable(const affine *a, int box) {
  int found = no_variable;
  if (a->constant != 0) return no_variable;
  for (int u = 0; u < box; u++) {
    if (a->coefficient[u] == 0) continue;
    if (a->coefficient[u] != 1 || found != no_variable) return no_variable;
    found = u;
  }
  return found;
}

static int variable_uses(const affine *list, int count, int u) {
  int uses = 0;
  for (int k = 0; k < count; k++) uses += list[k].coefficient[u] != 0;
  return uses;
}

bool view_is_read(const graph *g, const view *v) {
  if (v->writes != v->box) return false;
  for (int k = 0; k < v->writes; k++) {
    int u = single_variable(&v->write[k], v->box);
    if (u == no_variable || variable_uses(v->write, v->writes, u) != 1) return false;
    if (v->extent[u] != axis_extent(g, v->write[k].along)) return false;
  }
  return true;
}

bool view_is_rename(const graph *g, const view *v) {
  if (!view_is_read(g, v) || v->reads != v->writes) return false;
  for (int k = 0; k < v->reads; k++) {
    int u = single_variable(&v->read[k], v->box);
    if (u == no_variable || variable_uses(v->read, v->reads, u) != 1) return false;
    if (v->extent[u] != axis_extent(g, v->read[k].along)) return false;
  }
  return true;
}

int view_renamed_axes(const view *v, axis *from, axis *to) {
  for (int k = 0; k < v->writes; k++) {
    int u = single_variable(&v->write[k], v->box), r = 0;
    while (v->read[r].coefficient[u] == 0) r++;
    from[k] = v->read[r].along;
    to[k] = v->write[k].along;
  }
  return v->writes;
}

/* The axis that a renaming shows as `outer`, or `outer` itself. */
static axis underneath(const view *v, axis outer) {
  axis from[MAX_RANK], to[MAX_RANK];
  int count = view_renamed_axes(v, from, to);
  for (int k = 0; k < count; k++) {
    if (to[k] == outer) return from[k];
  }
  return outer;
}

/* ---- normal form of one view -------------------------------------------------------------- */

static void drop_affine(affine *list, int *count, int k) {
  memmove(&list[k], &list[k + 1], (size_t)(*count - k - 1) * sizeof *list);
  (*count)--;
}

static void drop_variable(view *v, int u) {
  for (int k = 0; k < v->reads; k++) {
    memmove(&v->read[k].coefficient[u], &v->read[k].coefficient[u + 1],
            (size_t)(MAX_RANK - u - 1) * sizeof(int64_t));
    v->read[k].coefficient[MAX_RANK - 1] = 0;
  }
  for (int k = 0; k < v->writes; k++) {
    memmove(&v->write[k].coefficient[u], &v->write[k].coefficient[u + 1],
            (size_t)(MAX_RANK - u - 1) * sizeof(int64_t));
    v->write[k].coefficient[MAX_RANK - 1] = 0;
  }
  memmove(&v->extent[u], &v->extent[u + 1], (size_t)(v->box - u - 1) * sizeof *v->extent);
  v->box--;
}

/* A variable of extent 1 is the constant 0. */
static void drop_single_places(view *v) {
  for (int u = v->box - 1; u >= 0; u--) {
    if (v->extent[u] == 1) drop_variable(v, u);
  }
}

/* What the operand lacks is read the same everywhere; a variable that then neither reads nor
 * writes is a factor (returned): every turn of it adds the same once more. */
static double drop_missing_reads(view *v, const node *operand) {
  double factor = 1;
  for (int k = v->reads - 1; k >= 0; k--) {
    if (!node_has_axis(operand, v->read[k].along)) drop_affine(v->read, &v->reads, k);
  }
  for (int u = v->box - 1; u >= 0; u--) {
    if (variable_uses(v->read, v->reads, u) || variable_uses(v->write, v->writes, u)) continue;
    factor *= (double)v->extent[u];
    drop_variable(v, u);
  }
  return factor;
}

/* No node has an axis of extent 1: there is nothing to tell apart along it. */
static void drop_unit_writes(const graph *g, view *v) {
  for (int k = v->writes - 1; k >= 0; k--) {
    if (axis_extent(g, v->write[k].along) == 1) drop_affine(v->write, &v->writes, k);
  }
}

static int find_along(const affine *list, int count, axis a) {
  for (int k = 0; k < count; k++) {
    if (list[k].along == a) return k;
  }
  return count;
}

/* Parts that change nothing: an axis read and written whole under its own name, and a whole write
 * along an axis that nothing read decides (the result is the same all along it: it lacks it). */
static void drop_identities(const graph *g, view *v) {
  for (int k = v->writes - 1; k >= 0; k--) {
    int u = single_variable(&v->write[k], v->box);
    axis along = v->write[k].along;
    if (u == no_variable || variable_uses(v->write, v->writes, u) != 1) continue;
    if (v->extent[u] != axis_extent(g, along)) continue;
    int reads = variable_uses(v->read, v->reads, u);
    int r = find_along(v->read, v->reads, along);
    bool same = reads == 1 && r < v->reads && single_variable(&v->read[r], v->box) == u;
    if (reads == 0 || same) {
      if (reads != 0) drop_affine(v->read, &v->reads, r);
      drop_affine(v->write, &v->writes, k);
      drop_variable(v, u);
    }
  }
}

static void sort_affine(affine *list, int count) {
  for (int k = 1; k < count; k++) {
    affine moving = list[k];
    int at = k;
    for (; at > 0 && list[at - 1].along > moving.along; at--) list[at] = list[at - 1];
    list[at] = moving;
  }
}

/* Writes and reads by axis; variables in the order in which writes, then reads, name them. */
static void order_view(view *v) {
  view ordered = *v;
  int position[MAX_RANK], named = 0;
  sort_affine(v->write, v->writes);
  sort_affine(v->read, v->reads);
  for (int pass = 0; pass < 2; pass++) {
    const affine *list = pass ? v->read : v->write;
    int count = pass ? v->reads : v->writes;
    for (int k = 0; k < count; k++) {
      for (int u = 0; u < v->box; u++) {
        bool seen = list[k].coefficient[u] == 0;
        for (int j = 0; j < named && !seen; j++) seen = position[j] == u;
        if (!seen) position[named++] = u;
      }
    }
  }
  for (int j = 0; j < named; j++) {
    ordered.extent[j] = v->extent[position[j]];
    for (int k = 0; k < v->reads; k++) {
      ordered.read[k] = j ? ordered.read[k] : v->read[k];
      ordered.read[k].coefficient[j] = v->read[k].coefficient[position[j]];
    }
    for (int k = 0; k < v->writes; k++) {
      ordered.write[k] = j ? ordered.write[k] : v->write[k];
      ordered.write[k].coefficient[j] = v->write[k].coefficient[position[j]];
    }
  }
  if (named > 0) *v = ordered;
}

/* ---- composition -------------------------------------------------------------------------- */

static void affine_bounds(const affine *a, const view *v, int64_t *low, int64_t *high) {
  *low = *high = a->constant;
  for (int u = 0; u < v->box; u++) {
    int64_t reach = a->coefficient[u] * (v->extent[u] - 1);
    *(reach < 0 ? low : high) += reach;
  }
}

/* Of an inner write u + d along an axis that the outer view reads at A v + b: the variable u, to
 * become A v + (b - d). */
static int solvable_variable(const view *inner, int k) {
  affine shifted = inner->write[k];
  shifted.constant = 0;
  int u = single_variable(&shifted, inner->box);
  return u != no_variable && variable_uses(inner->write, inner->writes, u) == 1 ? u : no_variable;
}

typedef enum composition { COMPOSE_NOT, COMPOSE_ZERO, COMPOSE_DONE } composition;

/* Puts each inner variable that the outer reads decide in terms of the outer box. */
static composition solve(const view *outer, const view *inner, bool *solved, affine *solution) {
  for (int k = 0; k < outer->reads; k++) {
    int w = find_along(inner->write, inner->writes, outer->read[k].along);
    if (w == inner->writes) continue;
    int64_t low, high;
    affine wanted = outer->read[k];
    wanted.constant -= inner->write[w].constant;
    affine_bounds(&wanted, outer, &low, &high);
    affine plain = inner->write[w];
    bool fixed = true;
    for (int u = 0; u < inner->box; u++) fixed = fixed && plain.coefficient[u] == 0;
    if (fixed) { /* a place: read there, or beside it */
      if (low == 0 && high == 0) continue;
      if (low > 0 || high < 0) return COMPOSE_ZERO;
      return COMPOSE_NOT;
    }
    int u = solvable_variable(inner, w);
    if (u == no_variable) return COMPOSE_NOT;
    if (high < 0 || low >= inner->extent[u]) return COMPOSE_ZERO;
    if (low < 0 || high >= inner->extent[u]) return COMPOSE_NOT;
    solved[u] = true;
    solution[u] = wanted;
  }
  return COMPOSE_DONE;
}

/* An inner affine over the joint box: outer variables first, then the inner ones left. */
static affine substitute(const affine *a, const view *inner, const view *outer,
                         const bool *solved, const affine *solution, const int *position) {
  affine result = {.along = a->along, .constant = a->constant};
  for (int u = 0; u < inner->box; u++) {
    if (a->coefficient[u] == 0) continue;
    if (!solved[u]) {
      result.coefficient[position[u]] += a->coefficient[u];
      continue;
    }
    result.constant += a->coefficient[u] * solution[u].constant;
    for (int v = 0; v < outer->box; v++) {
      result.coefficient[v] += a->coefficient[u] * solution[u].coefficient[v];
    }
  }
  return result;
}

/* view `outer` of view `inner` as one view. */
static composition compose(const view *outer, const view *inner, view *result) {
  bool solved[MAX_RANK] = {false};
  affine solution[MAX_RANK];
  int position[MAX_RANK] = {0};
  composition state = solve(outer, inner, solved, solution);
  if (state != COMPOSE_DONE) return state;
  *result = view_empty();
  for (int v = 0; v < outer->box; v++) view_box(result, outer->extent[v]);
  for (int u = 0; u < inner->box; u++) {
    if (solved[u]) continue;
    if (result->box == MAX_RANK) return COMPOSE_NOT;
    position[u] = view_box(result, inner->extent[u]);
  }
  for (int k = 0; k < inner->reads; k++) {
    result->read[result->reads++] =
        substitute(&inner->read[k], inner, outer, solved, solution, position);
  }
  for (int k = 0; k < outer->reads; k++) { /* what passed through the inner view */
    if (find_along(inner->write, inner->writes, outer->read[k].along) < inner->writes) continue;
    if (find_along(inner->read, inner->reads, outer->read[k].along) < inner->reads ||
        result->reads == MAX_RANK) {
      return COMPOSE_NOT;
    }
    result->read[result->reads++] = outer->read[k];
  }
  for (int k = 0; k < inner->writes; k++) { /* what passes through the outer view */
    if (find_along(outer->read, outer->reads, inner->write[k].along) < outer->reads) continue;
    if (result->writes == MAX_RANK) return COMPOSE_NOT;
    result->write[result->writes++] =
        substitute(&inner->write[k], inner, outer, solved, solution, position);
  }
  if (result->writes + outer->writes > MAX_RANK) return COMPOSE_NOT;
  for (int k = 0; k < outer->writes; k++) result->write[result->writes++] = outer->write[k];
  return COMPOSE_DONE;
}

/* ---- the constructor ---------------------------------------------------------------------- */

/* A leaf follows a part that only renames: it is read under the new name at once. */
static const node *rename_leaf(graph *g, const node *leaf, view *v) {
  axis dims[MAX_RANK];
  bool changed = false;
  if (leaf->tensor->rank == 0) return leaf;
  memcpy(dims, leaf->dims, (size_t)leaf->tensor->rank * sizeof *dims);
  for (int k = v->writes - 1; k >= 0; k--) {
    int u = single_variable(&v->write[k], v->box);
    axis to = v->write[k].along;
    if (u == no_variable || v->extent[u] != axis_extent(g, to)) continue;
    if (variable_uses(v->write, v->writes, u) != 1 || variable_uses(v->read, v->reads, u) != 1) {
      continue;
    }
    int r = 0;
    while (v->read[r].coefficient[u] == 0) r++;
    if (single_variable(&v->read[r], v->box) != u) continue;
    if (v->extent[u] != axis_extent(g, v->read[r].along)) continue;
    bool clash = false;
    for (int d = 0; d < leaf->tensor->rank; d++) clash = clash || dims[d] == to;
    if (clash) continue;
    for (int d = 0; d < leaf->tensor->rank; d++) {
      if (dims[d] == v->read[r].along) dims[d] = to;
    }
    drop_affine(v->read, &v->reads, r);
    drop_affine(v->write, &v->writes, k);
    drop_variable(v, u);
    changed = true;
  }
  return changed ? node_tensor(g, leaf->tensor, dims) : leaf;
}

static const node *make_view(graph *g, const node *a, const view *v) {
  axis_set axes = {0};
  set_add_all(&axes, a->rank, a->axes);
  for (int k = 0; k < v->reads; k++) set_remove(&axes, v->read[k].along);
  for (int k = 0; k < v->writes; k++) set_add(&axes, v->write[k].along);
  return node_intern(g, &(node){.class = NODE_VIEW,
                                .rank = axes.count,
                                .axes = axes.axes,
                                .operands = 1,
                                .operand = &a,
                                .boolean = a->boolean && view_is_read(g, v),
                                .integer = a->integer && view_is_read(g, v),
                                .view = v});
}

/* A slice of a sum of pieces (starts and shifts, concatenations) is the sum of their slices. */
static bool slices_of_sum(const node *a, const view *v) {
  if (a->class != NODE_SUM || v->box > 0 || v->writes > 0) return false;
  for (int k = 0; k < a->operands; k++) {
    const node *term = a->operand[k];
    bool reads = false;
    for (int r = 0; r < v->reads; r++) reads = reads || node_has_axis(term, v->read[r].along);
    if (reads && term->class != NODE_VIEW && term->class != NODE_TENSOR) return false;
  }
  return true;
}

static const node *slice_sum(graph *g, const node *a, const view *v) {
  const node **terms = scratch(g, (size_t)a->operands, sizeof *terms);
  for (int k = 0; k < a->operands; k++) terms[k] = node_view(g, a->operand[k], v);
  return node_sum(g, a->value, a->operands, terms, a->coefficient);
}

/* The index as a number, read at 2 i + p: the number 2 i + p. */
static const node *index_of_read(graph *g, const view *v) {
  const node *terms[MAX_RANK];
  double coefficients[MAX_RANK];
  for (int k = 0; k < v->writes; k++) {
    int u = single_variable(&v->write[k], v->box);
    terms[k] = node_index(g, v->write[k].along);
    coefficients[k] = (double)v->read[0].coefficient[u];
  }
  return node_sum(g, (double)v->read[0].constant, v->writes, terms, coefficients);
}

/* A view that takes less than it is offered (a step of many) of a plain sum: only what is taken
 * need be added up. */
static bool takes_part_of_sum(const graph *g, const node *a, const view *v) {
  double offered = 1, taken = 1;
  if (a->class != NODE_PRODUCT || a->bound == 0 || a->operands != 1) return false;
  for (int k = 0; k < v->reads; k++) offered *= (double)axis_extent(g, v->read[k].along);
  for (int u = 0; u < v->box; u++) taken *= (double)v->extent[u];
  for (int k = 0; k < v->writes; k++) {
    if (node_binds(a, v->write[k].along) || node_has_axis(a->operand[0], v->write[k].along)) {
      return false;
    }
  }
  return taken < offered;
}

static const node *view_of(graph *g, const node *a, const view *wanted) {
  view v = *wanted;
  for (int u = 0; u < v.box; u++) {
    if (v.extent[u] <= 0) return node_constant(g, 0);
  }
  if (node_is_constant(a, 0)) return a;
  drop_single_places(&v);
  drop_unit_writes(g, &v);
  double factor = drop_missing_reads(&v, a);
  drop_identities(g, &v);
  if (a->class == NODE_TENSOR) a = rename_leaf(g, a, &v);
  order_view(&v);
  if (a->class == NODE_INDEX && (view_is_read(g, &v))) return index_of_read(g, &v);
  if (v.reads == 0 && v.writes == 0) return node_scale(g, factor, a);
  bool scaled = a->class == NODE_SUM && a->operands == 1 && a->value >= 0 && a->value <= 0;
  if (scaled && !view_is_rename(g, &v)) { /* names stay outermost, then coefficients */
    return node_scale(g, factor * a->coefficient[0], node_view(g, a->operand[0], &v));
  }
  if (slices_of_sum(a, &v)) return node_scale(g, factor, slice_sum(g, a, &v));
  if (takes_part_of_sum(g, a, &v)) {
    const node *part = node_view(g, a->operand[0], &v);
    return node_scale(g, factor, node_product(g, 1, &part, a->power, a->bound, a->bound_axes));
  }
  if (a->class == NODE_VIEW) {
    view joint;
    switch (compose(&v, a->view, &joint)) {
      case COMPOSE_ZERO: return node_constant(g, 0);
      case COMPOSE_DONE: return node_scale(g, factor, node_view(g, a->operand[0], &joint));
      case COMPOSE_NOT: break;
    }
  }
  return node_scale(g, factor, make_view(g, a, &v));
}

const node *node_view(graph *g, const node *a, const view *wanted) {
  if (!g->records) return view_of(g, a, wanted);
  written_term from = {.factor = 1,
               .form = {.class = NODE_VIEW, .operands = 1, .operand = &a, .view = wanted}};
  size_t begin = graph_call_begin(g);
  const node *made = view_of(g, a, wanted);
  graph_call_end(g, begin, &from, made);
  return made;
}

/* ---- renaming ----------------------------------------------------------------------------- */

/* A small elementwise node over leaves (1 - y, [c = k]) is cheaper made anew under another name
 * than looked at through a view, and then meets its equals. */
static bool follows(const node *n, int count, const axis *from, int *budget) {
  bool concerned = false;
  for (int k = 0; k < count; k++) concerned = concerned || node_has_axis(n, from[k]);
  if (!concerned) return true;
  if (--*budget < 0) return false;
  switch (n->class) {
    case NODE_INDEX: return true;
    case NODE_TENSOR: return true;
    case NODE_MAP:
    case NODE_SUM:
    case NODE_PRODUCT: break;
    default: return false;
  }
  if (n->bound > 0) return false;
  for (int k = 0; k < n->operands; k++) {
    if (!follows(n->operand[k], count, from, budget)) return false;
  }
  return true;
}

bool node_follows(const node *n, int count, const axis *from) {
  int budget = 12;
  return follows(n, count, from, &budget);
}

static axis renamed_axis(axis a, int count, const axis *from, const axis *to) {
  for (int k = 0; k < count; k++) {
    if (a == from[k]) return to[k];
  }
  return a;
}

static const node *renamed_anew(graph *g, const node *a, int count, const axis *from,
                                const axis *to) {
  axis dims[MAX_RANK];
  bool concerned = false;
  for (int k = 0; k < count; k++) concerned = concerned || node_has_axis(a, from[k]);
  if (!concerned) return a;
  if (a->class == NODE_INDEX) return node_index(g, renamed_axis(a->axes[0], count, from, to));
  if (a->class == NODE_TENSOR) {
    for (int d = 0; d < a->tensor->rank; d++) dims[d] = renamed_axis(a->dims[d], count, from, to);
    return node_tensor(g, a->tensor, dims);
  }
  const node **operands = scratch(g, (size_t)a->operands, sizeof *operands);
  for (int k = 0; k < a->operands; k++) {
    operands[k] = renamed_anew(g, a->operand[k], count, from, to);
  }
  return node_with_operands(g, a, operands);
}

/* A view takes new names on: in its writes, or as one more part for what passes through. */
static const node *renamed_view(graph *g, const node *a, int count, const axis *from,
                                const axis *to) {
  view v = *a->view;
  for (int k = 0; k < v.writes; k++) {
    v.write[k].along = renamed_axis(v.write[k].along, count, from, to);
  }
  for (int k = 0; k < count; k++) {
    bool written = find_along(a->view->write, a->view->writes, from[k]) < a->view->writes;
    if (written || from[k] == to[k] || !node_has_axis(a, from[k])) continue;
    if (v.box == MAX_RANK || v.reads == MAX_RANK || v.writes == MAX_RANK) return NULL;
    int u = view_box(&v, axis_extent(g, from[k]));
    view_read(&v, from[k], 0)->coefficient[u] = 1;
    view_write(&v, to[k], 0)->coefficient[u] = 1;
  }
  return node_view(g, a->operand[0], &v);
}

const node *node_rename_axes(graph *g, const node *a, int count, const axis *from,
                             const axis *to) {
  view v = view_empty();
  if (node_follows(a, count, from)) return renamed_anew(g, a, count, from, to);
  if (a->class == NODE_VIEW) {
    const node *renamed = renamed_view(g, a, count, from, to);
    if (renamed) return renamed;
  }
  for (int k = 0; k < count; k++) {
    if (from[k] == to[k] || !node_has_axis(a, from[k])) continue;
    int u = view_box(&v, axis_extent(g, from[k]));
    view_read(&v, from[k], 0)->coefficient[u] = 1;
    view_write(&v, to[k], 0)->coefficient[u] = 1;
  }
  return v.box ? node_view(g, a, &v) : a;
}

const node *node_rename(graph *g, const node *a, axis from, axis to) {
  return node_rename_axes(g, a, 1, &from, &to);
}

/* Whether all that the view gives a name is among dims: other names are those of indices around. */
static bool names_only(const view *v, int rank, const axis *dims) {
  for (int k = 0; k < v->writes; k++) {
    bool found = false;
    for (int d = 0; d < rank && !found; d++) found = dims[d] == v->write[k].along;
    if (!found) return false;
  }
  return true;
}

const node *node_unname(graph *g, const node *a, int rank, axis *dims) {
  while (a->class == NODE_VIEW && view_is_rename(g, a->view) && names_only(a->view, rank, dims)) {
    axis shown[MAX_RANK] = {0};
    if (rank > 0) memcpy(shown, dims, (size_t)rank * sizeof *shown);
    for (int d = 0; d < rank; d++) {
      dims[d] = underneath(a->view, shown[d]);
      /* A dimension that the value does not know gives way to one that it does. */
      for (int e = 0; e < rank && dims[d] == shown[d]; e++) {
        if (e == d || underneath(a->view, shown[e]) != shown[d]) continue;
        dims[d] = axis_new(g, axis_hint(g, shown[d]), axis_extent(g, shown[d]));
      }
    }
    a = a->operand[0];
  }
  return a;
}
