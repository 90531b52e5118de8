/* Nodes in matrix notation. Samples are rows: a per-sample vector x of n numbers is the m×n matrix
 * X; a parameter's rows and columns are those of its declaration. A product that binds axes is a
 * chain of matrices if each bound axis joins two of them: a way from the result's rows to its
 * columns. Functions, powers and ∘ are element by element, 𝟏 is a column of ones. With each_sample
 * a sample's vector is a column, and the samples are not spoken of.
 *
 * What recurrences step along stays an index: h_t. So does, inside of its sum, whatever a sum
 * runs over that is no row and no column. */
#include "matrix.h"

static bool is_zero(double x) { return x >= 0 && x <= 0; }

static bool fits(const node *n, orientation as, const ambient *at) {
  axis axes[3];
  int count = plain_axes(n, at, axes);
  if (count > 2) return false;
  for (int k = 0; k < count; k++) {
    if (axes[k] != as.row && axes[k] != as.column) return false;
  }
  return true;
}

/* ---- sums and functions ------------------------------------------------------------------- */

static const formula *sum_matrix(matrix_page *p, const node *n, orientation as, const ambient *at) {
  size_t room = (size_t)n->operands + 1;
  const formula **part = arena_alloc(p->memory, room * sizeof *part);
  double *by = arena_alloc(p->memory, room * sizeof *by);
  int count = 0;
  for (int k = 0; k < n->operands; k++) {
    part[count] = matrix_at(p, n->operand[k], as, at);
    if (!part[count]) return NULL;
    by[count++] = n->coefficient[k];
  }
  if (!is_zero(n->value)) {
    part[count] = formula_number(p->memory, n->value);
    by[count++] = 1;
  }
  return page_sum(p->memory, count, part, by);
}

/* [c = k] along the class axis: the row of a one-hot vector, the letter of c as a matrix. */
static const formula *onehot_matrix(matrix_page *p, const node *n, orientation as,
                                    const ambient *at) {
  for (int j = 0; j < 2; j++) {
    const node *label = n->operand[j], *index = n->operand[1 - j];
    const symbol *of = symbol_of(p->s, label);
    if (!of || index->class != NODE_INDEX || !label->integer || of->rank > 1) continue;
    symbol hot = *of;
    if (hot.rank == 1 && hot.dims[0] == AXIS_UNIT) hot.rank = 0;
    hot.dims[hot.rank++] = index->axes[0];
    const formula *letter = of->elements;
    if (letter->word[0] >= 'a' && letter->word[0] <= 'z' && !letter->word[1]) {
      char *upper = arena_copy(p->memory, letter->word, 1);
      upper[0] = (char)(upper[0] ^ ('a' ^ 'A'));
      formula *changed = arena_alloc(p->memory, sizeof *changed);
      *changed = *letter;
      changed->word = upper;
      letter = changed;
    }
    hot.whole = letter;
    return symbol_matrix(p, &hot, as, at);
  }
  return NULL;
}

static const formula *map_matrix(matrix_page *p, const node *n, orientation as, const ambient *at) {
  const formula *argument[OP_MAX_ARITY];
  if (n->op == OP_equal) {
    const formula *hot = onehot_matrix(p, n, as, at);
    if (hot) return hot;
  }
  for (int k = 0; k < n->operands; k++) {
    argument[k] = matrix_at(p, n->operand[k], as, at);
    if (!argument[k]) return NULL;
  }
  static const char *const signs[OP_COUNT] = {
      [OP_less] = "<", [OP_less_equal] = "≤", [OP_equal] = "=", [OP_not_equal] = "≠"};
  if (signs[n->op]) {
    const formula *relation =
        formula_relation(p->memory, argument[0], signs[n->op], argument[1]);
    return formula_fence(p->memory, FENCE_BRACKET, relation);
  }
  switch (n->op) {
    case OP_not: return NULL;
    case OP_abs: return formula_fence(p->memory, FENCE_ABSOLUTE, argument[0]);
    case OP_floor: return formula_fence(p->memory, FENCE_FLOOR, argument[0]);
    case OP_sigmoid: return formula_call1(p->memory, "σ", argument[0]);
    default: return formula_call(p->memory, op_rows[n->op].name, n->operands, argument);
  }
}

/* ---- views -------------------------------------------------------------------------------- */

static int lone_variable(const affine *a, int box) {
  int found = -1;
  for (int u = 0; u < box; u++) {
    if (a->coefficient[u] == 0) continue;
    if (found >= 0 || a->coefficient[u] != 1) return -1;
    found = u;
  }
  return found;
}

static const affine *write_of(const view *v, int u) {
  for (int k = 0; k < v->writes; k++) {
    if (lone_variable(&v->write[k], v->box) == u) return &v->write[k];
  }
  return NULL;
}

/* Renamings, and shifts along axes that are indices; nothing else. */
static const formula *view_matrix(matrix_page *p, const node *n, orientation as,
                                  const ambient *at) {
  const view *v = n->view;
  orientation inside = as;
  ambient made[MAX_RANK];
  const ambient *inner = at;
  int count = 0;
  for (int k = 0; k < v->reads; k++) {
    const affine *read = &v->read[k];
    int u = lone_variable(read, v->box);
    const affine *write = u >= 0 ? write_of(v, u) : NULL;
    if (!write) return NULL;
    const ambient *here = ambient_of(at, write->along);
    int64_t by = read->constant - write->constant;
    if (here) {
      made[count] = *here;
      made[count].along = read->along;
      made[count].by = here->by + by;
      made[count].outer = inner;
      inner = &made[count++];
    } else if (by != 0 || v->extent[u] != axis_extent(p->s->g, read->along) ||
               v->extent[u] != axis_extent(p->s->g, write->along)) {
      return NULL;
    } else {
      if (as.row == write->along) inside.row = read->along;
      if (as.column == write->along) inside.column = read->along;
    }
  }
  return v->reads == v->writes ? matrix_at(p, n->operand[0], inside, inner) : NULL;
}

/* ---- any of them -------------------------------------------------------------------------- */

static const formula *select_matrix(matrix_page *p, const node *n, orientation as,
                                    const ambient *at) {
  static const char *const spelled[] = {"max", "lse", "argmax"};
  if (n->bound != 1 || n->operands > 1) return NULL;
  axis own = AXIS_NONE;
  axis axes[3];
  int count = plain_axes(n, at, axes);
  if (count > 1) return NULL;
  if (count == 1) own = axes[0];
  const formula *body =
      matrix_at(p, n->operand[0],
             (orientation){own != AXIS_NONE ? own : n->bound_axes[0],
                           own != AXIS_NONE ? n->bound_axes[0] : AXIS_NONE}, at);
  if (!body) return NULL;
  return matrix_turned(p, formula_call1(p->memory, spelled[n->select], body),
                (orientation){own, AXIS_NONE}, as);
}

/* A state whose letter is not wanted: what it stands for, its axes renamed. */
static const formula *body_matrix(matrix_page *p, const node *n, orientation as,
                                  const ambient *at) {
  const tensor *t = n->tensor;
  ambient made[MAX_RANK];
  orientation inside = as;
  int count = 0;
  if (t->number >= p->s->r->tensors || !p->s->r->body[t->number]) return NULL;
  const axis *dims = p->s->r->body_dims[t->number];
  for (int k = 0; k < t->rank; k++) {
    if (n->dims[k] == AXIS_UNIT) continue;
    const ambient *here = ambient_of(at, n->dims[k]);
    if (as.row == n->dims[k]) inside.row = dims[k];
    if (as.column == n->dims[k]) inside.column = dims[k];
    if (!here || dims[k] == n->dims[k]) continue;
    made[count] = *here;
    made[count].along = dims[k];
    made[count].outer = at;
    at = &made[count++];
  }
  return matrix_at(p, p->s->r->body[t->number], inside, at);
}

static const formula *unnamed(matrix_page *p, const node *n, orientation as, const ambient *at) {
  switch (n->class) {
    case NODE_TENSOR: return body_matrix(p, n, as, at);
    case NODE_CONSTANT: return formula_number(p->memory, n->value);
    case NODE_EXTENT: return batch_letter(p->s);
    case NODE_SUM: return sum_matrix(p, n, as, at);
    case NODE_PRODUCT: return product_matrix(p, n, as, at);
    case NODE_MAP: return map_matrix(p, n, as, at);
    case NODE_VIEW: return view_matrix(p, n, as, at);
    case NODE_SELECT: return select_matrix(p, n, as, at);
    case NODE_INDEX: break;
  }
  return NULL;
}

const formula *matrix_at(matrix_page *p, const node *n, orientation as, const ambient *at) {
  if (!fits(n, as, at) || p->depth > 60) return NULL;
  if (--*p->s->left < 0) return formula_ellipsis(p->memory);
  const symbol *of = symbol_of(p->s, n);
  if (of) return symbol_matrix(p, of, as, at);
  axis axes[3];
  int count = plain_axes(n, at, axes);
  bool fewer = count < (as.row != AXIS_NONE) + (as.column != AXIS_NONE);
  bool repeats = fewer && count == 1 && (n->class == NODE_PRODUCT || n->class == NODE_MAP);
  orientation own = repeats ? (orientation){axes[0], AXIS_NONE} : as;
  p->depth++;
  const formula *made = unnamed(p, n, own, at);
  p->depth--;
  return made && repeats ? matrix_turned(p, made, own, as) : made;
}

/* ---- from outside ------------------------------------------------------------------------- */

/* Steps stay indices on what has them, and so do the samples, silently, in each_sample. */
static const ambient *ambient_of_page(matrix_page *p, const node *n, ambient *room) {
  const ambient *at = NULL;
  int count = 0;
  if (p->each_sample) {
    room[count] = (ambient){.along = AXIS_BATCH};
    at = &room[count++];
  }
  for (int k = 0; k < n->rank; k++) {
    axis a = n->axes[k];
    if (!p->s->steps[a] || a == AXIS_BATCH) continue;
    room[count] = (ambient){.along = a, .letter = ambient_letter(p, a, at), .outer = at};
    at = &room[count++];
  }
  return at;
}

const formula *matrix_of_node(const notation *s, const node *n, orientation as, bool each_sample) {
  ambient room[MAX_RANK + 1];
  matrix_page p = {.s = s, .memory = s->memory, .each_sample = each_sample};
  const ambient *at = ambient_of_page(&p, n, room);
  *s->left = s->room;
  if (!fits(n, as, at)) return NULL;
  axis axes[3];
  int count = plain_axes(n, at, axes);
  bool fewer = count < (as.row != AXIS_NONE) + (as.column != AXIS_NONE);
  if (n->class == NODE_TENSOR || fewer) return matrix_at(&p, n, as, at);
  return unnamed(&p, n, as, at);
}

static const ambient *ambient_of_symbol(matrix_page *p, const symbol *of, ambient *room) {
  axis axes[MAX_RANK];
  int count = 0;
  for (int k = 0; k < of->rank; k++) axes[count++] = of->dims[k];
  return ambient_of_page(p, &(node){.rank = count, .axes = axes}, room);
}

bool natural_orientation(const notation *s, const symbol *of, bool each_sample, orientation *out) {
  ambient room[MAX_RANK + 1];
  matrix_page p = {.s = s, .memory = s->memory, .each_sample = each_sample};
  int entries;
  return matrix_layout(of, ambient_of_symbol(&p, of, room), out, &entries);
}

const formula *matrix_of_symbol(const notation *s, const symbol *of, bool each_sample) {
  ambient room[MAX_RANK + 1];
  matrix_page p = {.s = s, .memory = s->memory, .each_sample = each_sample};
  const ambient *at = ambient_of_symbol(&p, of, room);
  orientation own;
  int entries;
  if (!matrix_layout(of, at, &own, &entries)) return NULL;
  return matrix_letter(&p, of, entries > 1, at);
}
