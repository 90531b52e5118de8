/* Segments of a recurrence: an axis t of T steps becomes two, segments s and steps l within one,
 * t = L s + l. A shift h[t-1] then reads h[s, l-1] within its segment and, at l = 0, what the
 * segment before left behind: h[s, L-1], a checkpoint, which is a reference of its own. So the
 * recurrence steps along s with nothing but checkpoints between its turns, and inside along l.
 * The same happens to its adjoint, which is one more recurrence.
 *
 * The segments are an axis of copies: the scheduler takes whatever runs along it into its loop, and
 * all that lives in one segment is stored for one. Emitted code does not grow: it is two loops.
 *
 * Needs: a lowered program. Gives: another one, of the same values; the old one stays as it is.
 * Not where something looks along t in other ways: windows with strides, steps longer than a
 * segment, argmax.
 */
#include <string.h>

#include "rebuild.h"

/* What of a value is read across the border of segments: its last `rows` steps, or the first. */
typedef struct border {
  const node *of;   /* as it was before */
  int64_t rows;
  bool last;
  tensor *kept;
  axis row;         /* where there are several */
} border;

typedef struct segmenting {
  rebuilding r;
  graph *g;
  axis time, segment, step;
  int64_t length, segments;
  size_t borders, border_capacity;
  border *border;
  bool failed;
} segmenting;

enum { NO_VARIABLE = -1 };

/* ---- views -------------------------------------------------------------------------------- */

static int find_time(const segmenting *s, int count, const affine *list) {
  for (int k = 0; k < count; k++) {
    if (list[k].along == s->time) return k;
  }
  return count;
}

/* The only variable of `a`, with coefficient 1; NO_VARIABLE, and *fixed, where there is none. */
static int lone_variable(const affine *a, const view *v, bool *fixed) {
  int found = NO_VARIABLE;
  *fixed = true;
  for (int u = 0; u < v->box; u++) {
    if (a->coefficient[u] == 0) continue;
    if (!*fixed || a->coefficient[u] != 1) found = NO_VARIABLE;
    else found = u;
    *fixed = false;
  }
  return found;
}

static int uses(const view *v, int u) {
  int count = 0;
  for (int k = 0; k < v->reads; k++) count += v->read[k].coefficient[u] != 0;
  for (int k = 0; k < v->writes; k++) count += v->write[k].coefficient[u] != 0;
  return count;
}

static bool has_room(const view *v) {
  return v->box < MAX_RANK && v->reads < MAX_RANK && v->writes < MAX_RANK;
}

static void move_affine(affine *a, axis along, int64_t constant) {
  a->along = along;
  a->constant = constant;
}

/* What follows u in other places follows L us + u. */
static void spread(affine *list, int count, int but, int u, int us, int64_t length) {
  for (int k = 0; k < count; k++) {
    if (k != but) list[k].coefficient[us] = length * list[k].coefficient[u];
  }
}

/* A view that reads (or writes) along t alone: one place, or all of them in turn. */
static const node *split_one_side(segmenting *s, const node *operand, view v, bool reads, int at) {
  affine *a = reads ? &v.read[at] : &v.write[at];
  bool fixed;
  int u = lone_variable(a, &v, &fixed), us = 0;
  int64_t at_step = a->constant;
  bool whole = u != NO_VARIABLE && at_step == 0 && v.extent[u] == s->length * s->segments;
  if ((!fixed && !whole) || !has_room(&v)) {
    s->failed = true;
    return operand;
  }
  move_affine(a, s->step, fixed ? at_step % s->length : 0);
  if (whole) {
    us = view_box(&v, s->segments);
    v.extent[u] = s->length;
    spread(v.read, v.reads, reads ? at : -1, u, us, s->length);
    spread(v.write, v.writes, reads ? -1 : at, u, us, s->length);
  }
  int64_t segment = fixed ? at_step / s->length : 0;
  affine *outer = reads ? view_read(&v, s->segment, segment) : view_write(&v, s->segment, segment);
  if (whole) outer->coefficient[us] = 1;
  return node_view(s->g, operand, &v);
}

/* ---- what crosses the border ---------------------------------------------------------------- */

/* The value under its own name where it is a recurrence's: opaque to the constructors. */
static const node *face(segmenting *s, const node *old) {
  const tensor *t = s->r.state[old->id];
  if (!t) return s->r.made[old->id];
  const tensor *twin = s->r.twin[t->number];
  axis dims[MAX_RANK];
  int count = 0;
  for (int k = 0; k < t->rank; k++) {
    if (t->body_dims[k] == s->time) {
      dims[count++] = s->segment;
      dims[count++] = s->step;
    } else {
      dims[count++] = t->body_dims[k];
    }
  }
  return node_tensor(s->g, twin, dims);
}

/* The steps at the border, as a value without l: for each segment. */
static const node *cut(segmenting *s, const node *value, const border *b) {
  view v = view_empty();
  affine *read = view_read(&v, s->step, b->last ? s->length - b->rows : 0);
  if (b->rows > 1) {
    int u = view_box(&v, b->rows);
    read->coefficient[u] = 1;
    view_write(&v, b->row, 0)->coefficient[u] = 1;
  }
  return node_view(s->g, value, &v);
}

static void keep_border(segmenting *s, border *b, const node *value) {
  int64_t shape[MAX_RANK];
  axis dims[MAX_RANK];
  int rank = 0;
  bool per_sample = false;
  dims[rank++] = s->segment;
  for (int k = 0; k < value->rank; k++) {
    axis a = value->axes[k];
    if (a == AXIS_BATCH) per_sample = true;
    else if (a != s->segment && rank < MAX_RANK) dims[rank++] = a;
  }
  for (int k = 0; k < rank; k++) shape[k] = axis_extent(s->g, dims[k]);
  const tensor *state = s->r.state[b->of->id];
  const char *base = state ? state->word
                     : b->of->class == NODE_TENSOR ? b->of->tensor->word : "step";
  name word = name_of(graph_names(s->g),
                      arena_printf(s->r.memory, "%s.%s", base, b->last ? "last" : "first"));
  b->kept = tensor_new(s->g, TENSOR_REFERENCE, word, s->r.p->objective_where, rank, shape);
  b->kept->per_sample = per_sample;
  b->kept->checkpoint = true;
  tensor_define(s->g, b->kept, value, dims);
}

/* A reference that is read as it is computed is its body. */
static const node *computed_by(const segmenting *s, const node *old) {
  const tensor *t = old->class == NODE_TENSOR ? old->tensor : NULL;
  if (!t || t->role != TENSOR_REFERENCE || s->r.state[t->body->id] != t) return old;
  return memcmp(old->dims, t->body_dims, (size_t)t->rank * sizeof(axis)) == 0 ? t->body : old;
}

/* A leaf of the reference to those steps of `old` that border on the next or the previous segment;
 * NULL where nothing need be kept, as it is given from outside. */
static const border *border_of(segmenting *s, const node *old, int64_t rows, bool last) {
  old = computed_by(s, old);
  for (size_t k = 0; k < s->borders; k++) {
    const border *b = &s->border[k];
    if (b->of == old && b->rows == rows && b->last == last) return b;
  }
  border made = {.of = old, .rows = rows, .last = last};
  if (rows > 1) made.row = axis_new(s->g, axis_hint(s->g, s->time), rows);
  const node *value = cut(s, face(s, old), &made);
  if (value->rank >= MAX_RANK) {
    s->failed = true;
    return NULL;
  }
  keep_border(s, &made, value);
  ARENA_PUSH(s->r.memory, s->border, s->borders, s->border_capacity, made);
  return &s->border[s->borders - 1];
}

static const node *read_border(segmenting *s, const border *b) {
  return node_tensor(s->g, b->kept, b->kept->body_dims);
}

static bool is_given(const node *n) {
  return n->class == NODE_TENSOR && n->tensor->role != TENSOR_REFERENCE;
}

/* ---- shifts ------------------------------------------------------------------------------- */

/* The part of a shift by `by` that stays within its segment. */
static const node *shift_within(segmenting *s, const node *operand, view v, int r, int w, int u,
                                int64_t by) {
  int64_t steps = by < 0 ? -by : by;
  int us = view_box(&v, s->segments);
  v.extent[u] = s->length - steps;
  move_affine(&v.read[r], s->step, by < 0 ? steps : 0);
  move_affine(&v.write[w], s->step, by > 0 ? steps : 0);
  view_read(&v, s->segment, 0)->coefficient[us] = 1;
  view_write(&v, s->segment, 0)->coefficient[us] = 1;
  return node_view(s->g, operand, &v);
}

static void drop_read(view *v, int r) {
  for (int k = r; k + 1 < v->reads; k++) v->read[k] = v->read[k + 1];
  v->reads--;
}

/* The part that crosses into the next segment (by > 0) or into the one before. */
static const node *shift_across(segmenting *s, const node *old, view v, int r, int w, int u,
                                int64_t by) {
  int64_t steps = by < 0 ? -by : by;
  bool forward = by > 0;
  const node *from = s->r.made[old->id];
  int us = view_box(&v, s->segments - 1);
  v.extent[u] = steps;
  move_affine(&v.write[w], s->step, forward ? 0 : s->length - steps);
  view_write(&v, s->segment, forward ? 1 : 0)->coefficient[us] = 1;
  view_read(&v, s->segment, forward ? 0 : 1)->coefficient[us] = 1;
  if (is_given(old)) {
    move_affine(&v.read[r], s->step, forward ? s->length - steps : 0);
    return node_view(s->g, from, &v);
  }
  const border *b = border_of(s, old, steps, forward);
  if (!b) return from;
  if (steps > 1) move_affine(&v.read[r], b->row, 0);
  else drop_read(&v, r);
  return node_view(s->g, read_border(s, b), &v);
}

static const node *split_shift(segmenting *s, const node *n, int r, int w) {
  const view *v = n->view;
  bool fixed, fixed_too;
  int u = lone_variable(&v->read[r], v, &fixed);
  int64_t from = v->read[r].constant, by = v->write[w].constant - from;
  int64_t steps = by < 0 ? -by : by;
  bool same = u != NO_VARIABLE && lone_variable(&v->write[w], v, &fixed_too) == u;
  bool whole = same && steps > 0 && steps < s->length && uses(v, u) == 2 &&
               v->extent[u] == s->length * s->segments - steps && from == (by < 0 ? steps : 0);
  if (!whole || !has_room(v)) {
    s->failed = true;
    return n;
  }
  const node *parts[] = {shift_within(s, s->r.made[n->operand[0]->id], *v, r, w, u, by),
                         shift_across(s, n->operand[0], *v, r, w, u, by)};
  return node_sum(s->g, 0, 2, parts, NULL);
}

/* A look at one step of a computed value: at a checkpoint where it is one. */
static const node *split_look(segmenting *s, const node *n, int r) {
  const view *v = n->view;
  const node *old = n->operand[0];
  bool fixed;
  lone_variable(&v->read[r], v, &fixed);
  int64_t at_step = v->read[r].constant, step = at_step % s->length;
  bool last = step == s->length - 1, computed = fixed && !is_given(old);
  const border *b = computed && (last || step == 0) ? border_of(s, old, 1, last) : NULL;
  if (!b) return split_one_side(s, s->r.made[old->id], *v, true, r);
  view made = *v;
  move_affine(&made.read[r], s->segment, at_step / s->length);
  return node_view(s->g, read_border(s, b), &made);
}

static const node *split_view(segmenting *s, const node *n) {
  const view *v = n->view;
  const node *operand = s->r.made[n->operand[0]->id];
  int r = find_time(s, v->reads, v->read), w = find_time(s, v->writes, v->write);
  if (r < v->reads && w < v->writes) return split_shift(s, n, r, w);
  if (r < v->reads) return split_look(s, n, r);
  if (w < v->writes) return split_one_side(s, operand, *v, false, w);
  return node_view(s->g, operand, v);
}

/* ---- other nodes ---------------------------------------------------------------------------- */

static int split_axes(const segmenting *s, int count, const axis *axes, axis *out) {
  int made = 0;
  for (int k = 0; k < count; k++) {
    if (axes[k] == s->time) {
      out[made++] = s->segment;
      out[made++] = s->step;
    } else {
      out[made++] = axes[k];
    }
  }
  return made;
}

static const node *split_leaf(segmenting *s, const node *n) {
  axis dims[MAX_RANK + 1];
  const tensor *t = n->tensor;
  if (t->role == TENSOR_REFERENCE) {
    int rank = split_axes(s, t->rank, n->dims, dims);
    if (rank == s->r.twin[t->number]->rank) return node_tensor(s->g, s->r.twin[t->number], dims);
    s->failed = true; /* read along another axis than it is computed along */
    return n;
  }
  if (!node_has_axis(n, s->time)) return n;
  view v = view_empty();
  int u = view_box(&v, s->segments), l = view_box(&v, s->length);
  affine *read = view_read(&v, s->time, 0);
  read->coefficient[u] = s->length;
  read->coefficient[l] = 1;
  view_write(&v, s->segment, 0)->coefficient[u] = 1;
  view_write(&v, s->step, 0)->coefficient[l] = 1;
  return node_view(s->g, n, &v);
}

static const node *split_index(segmenting *s, const node *n) {
  if (n->axes[0] != s->time) return n;
  const node *parts[] = {node_index(s->g, s->segment), node_index(s->g, s->step)};
  return node_sum(s->g, 0, 2, parts, (double[]){(double)s->length, 1});
}

static const node *split_node(segmenting *s, const node *n) {
  axis bound[MAX_RANK + 1];
  const node *const *operand = made_operands(&s->r, n);
  if (n->rank + n->bound + 1 > MAX_RANK) s->failed = true;
  if (s->failed) return n;
  int count = split_axes(s, n->bound, n->bound_axes, bound);
  switch (n->class) {
    case NODE_TENSOR: return split_leaf(s, n);
    case NODE_INDEX: return split_index(s, n);
    case NODE_VIEW: return split_view(s, n);
    case NODE_PRODUCT: return node_product(s->g, n->operands, operand, n->power, count, bound);
    case NODE_SELECT:
      s->failed = n->select == SELECT_ARGMAX && count > n->bound;
      return node_select(s->g, n->select, operand[0], n->operands > 1 ? operand[1] : NULL, count,
                         bound);
    default: return node_with_operands(s->g, n, operand);
  }
}

/* ---- the program ---------------------------------------------------------------------------- */

static void make_twins(segmenting *s) {
  for (int k = 0; k < s->r.tensors; k++) {
    const tensor *t = tensor_at(s->g, k);
    int64_t shape[MAX_RANK + 1];
    int rank = 0;
    if (t->role != TENSOR_REFERENCE || !t->body || !s->r.reached[t->body->id]) continue;
    for (int d = 0; d < t->rank; d++) {
      bool splits = t->body_dims[d] == s->time;
      if (splits) shape[rank++] = s->segments;
      shape[rank++] = splits ? s->length : t->shape[d];
    }
    if (rank > MAX_RANK) s->failed = true;
    else s->r.twin[k] = reference_like(&s->r, t, rank, shape);
  }
}

static void define_twins(segmenting *s) {
  for (int k = 0; k < s->r.tensors; k++) {
    if (!s->r.twin[k]) continue;
    const tensor *t = tensor_at(s->g, k);
    axis dims[MAX_RANK + 1];
    int rank = split_axes(s, t->rank, t->body_dims, dims);
    tensor_define(s->g, s->r.twin[k], node_unname(s->g, s->r.made[t->body->id], rank, dims), dims);
  }
}

static void split_dims(const segmenting *s, int count, definition *list) {
  for (int k = 0; k < count; k++) {
    axis dims[MAX_RANK + 1];
    int rank = split_axes(s, list[k].rank, list[k].dims, dims);
    if (rank > MAX_RANK) continue;
    memcpy(list[k].dims, dims, (size_t)rank * sizeof *dims);
    list[k].rank = rank;
  }
}

static definition *split_list(segmenting *s, int count, const definition *list) {
  definition *made = rebuilt_list(&s->r, count, list);
  split_dims(s, count, made);
  return made;
}

static refresh *split_refreshes(segmenting *s, int count, const refresh *list) {
  refresh *made = arena_alloc(s->r.memory, ((size_t)count + 1) * sizeof *made);
  for (int k = 0; k < count; k++) {
    made[k] = list[k];
    made[k].value = rebuilt_definition(&s->r, &list[k].value);
    split_dims(s, 1, &made[k].value);
  }
  return made;
}

static program *split_program(segmenting *s) {
  const program *p = s->r.p;
  program *made = arena_alloc(s->r.memory, sizeof *made);
  *made = *p;
  made->definition = split_list(s, p->definitions, p->definition);
  made->output = split_list(s, p->outputs, p->output);
  made->metric = split_list(s, p->metrics, p->metric);
  made->gradient = split_list(s, p->gradients, p->gradient);
  made->adjoint = split_list(s, p->adjoints, p->adjoint);
  made->refresh = split_refreshes(s, p->refreshes, p->refresh);
  made->held = split_refreshes(s, p->helds, p->held);
  if (p->objective) made->objective = s->r.made[p->objective->id];
  if (p->test_loss) made->test_loss = s->r.made[p->test_loss->id];
  if (p->held_objective) made->held_objective = s->r.made[p->held_objective->id];
  made->declared = p->declared ? p->declared : p;
  return made;
}

program *segment_axis(const program *p, axis time, int64_t length) {
  graph *g = p->g;
  segmenting s = {.r = rebuilding_of(p, program_reach(p, true)), .g = g, .time = time,
                  .length = length, .segments = axis_extent(g, time) / length};
  if (length < 2 || s.segments < 2 || s.segments * length != axis_extent(g, time)) return NULL;
  axis_split(g, time, length, &s.segment, &s.step);
  make_twins(&s);
  for (int id = 0; id < s.r.count && !s.failed; id++) {
    if (s.r.reached[id]) s.r.made[id] = split_node(&s, graph_node(g, id));
  }
  if (s.failed) return NULL;
  define_twins(&s);
  return split_program(&s);
}
