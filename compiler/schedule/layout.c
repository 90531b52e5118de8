/* layout: the order of each buffer's dimensions in memory, and addresses in it. */
#include "schedule.h"

/* ---- order ---------------------------------------------------------------------------------- */

static bool is_scratch(const buffer *b) { return b->kept == STORAGE_SCRATCH; }

/* Steps of a recurrence stay steps in what is computed from them, and the other way round. */
static void spread_time(const assignment *a) {
  buffer *target = a->target;
  for (int k = 0; k < a->variables; k++) {
    const variable *v = variable_now(a->variable[k]);
    bool time = false;
    for (int pass = 0; pass < 2; pass++) {
      for (int d = 0; d < target->rank; d++) {
        if (index_variable(&a->at[d]) != v) continue;
        if (pass == 1 && time) target->time[d] = true;
        time = time || target->time[d];
      }
      for (buffer_read *r = a->reads; r; r = r->next) {
        for (int d = 0; d < r->from->rank; d++) {
          if (!is_scratch(r->from) || index_variable(&r->at[d]) != v) continue;
          if (pass == 1 && time) r->from->time[d] = true;
          time = time || r->from->time[d];
        }
      }
    }
  }
}

/* Where the model's definitions first name each axis. */
static void name_positions(const plan *p, int *position) {
  int next = 1;
  const definition *lists[3] = {p->p->definition, p->p->adjoint, p->p->gradient};
  const int counts[3] = {p->p->definitions, p->p->adjoints, p->p->gradients};
  for (int list = 0; list < 3; list++) {
    for (int k = 0; k < counts[list]; k++) {
      for (int d = 0; d < lists[list][k].rank; d++) {
        int *at = &position[lists[list][k].dims[d]];
        if (*at == 0) *at = next++;
      }
    }
  }
}

static int place_of(const buffer *b, int d, const axis *dims, const int *position) {
  for (int k = 0; b->called && k < b->called->rank; k++) {
    if (b->called->dims[k] == dims[d]) return k - MAX_RANK;
  }
  for (int k = 0; is_copy_of_tensor(b) && k < b->what->tensor->rank; k++) {
    if (b->what->dims[k] == dims[d]) return k - MAX_RANK;
  }
  return position[dims[d]] > 0 ? position[dims[d]] : (1 << 20) + dims[d];
}

/* What is at labels, then copies, then steps of recurrences, then the samples. */
static bool comes_before(const graph *g, const buffer *b, int x, int y, const int *position) {
  if ((b->dims[x] == b->outermost) != (b->dims[y] == b->outermost)) return b->dims[x] == b->outermost;
  if (b->time[x] != b->time[y]) return b->time[x];
  bool copies = axis_counts_copies(g, b->dims[x]), copies_too = axis_counts_copies(g, b->dims[y]);
  if (copies != copies_too) return copies;
  if ((b->dims[x] == AXIS_BATCH) != (b->dims[y] == AXIS_BATCH)) return b->dims[x] == AXIS_BATCH;
  return place_of(b, x, b->dims, position) < place_of(b, y, b->dims, position);
}

static void order_dims(const graph *g, buffer *b, const int *position) {
  for (int d = 0; d < b->rank; d++) {
    int k = d;
    for (; k > 0 && is_scratch(b) && comes_before(g, b, d, b->order[k - 1], position); k--) {
      b->order[k] = b->order[k - 1];
    }
    b->order[k] = d;
  }
}

/* ---- what is scattered ----------------------------------------------------------------------- */

/* y[C u + d] += x[u]: nothing but a read of a buffer, added up where views overlap. */
static const buffer_read *scattered(const assignment *a) {
  const buffer_read *r = a->reads;
  bool plain = a->kind == ASSIGN_PRODUCT && a->factors == 1 && a->variables > a->free && r;
  return plain && !r->next && is_scratch(r->from) ? r : NULL;
}

/* Where dimension d of what is scattered goes: 0: to the place that it counts itself; 1: it is the
 * window's, the shorter of several that lead to one place; then the places, as they lie there. */
static int scatter_place(const assignment *a, const buffer_read *r, int d) {
  const variable *v = index_variable(&r->at[d]);
  if (!v || v->batch) return 0;
  for (int k = 0; k < a->target->rank; k++) {
    const index_form *at = &a->at[a->target->order[k]];
    bool here = false, longest = true;
    for (int t = 0; t < at->terms; t++) {
      const variable *other = variable_now(at->term[t].of);
      here = here || other == v;
      longest = longest && (other->kind != VARIABLE_LOOP || other->high <= v->high);
    }
    if (here && at->terms > 1) return longest ? 2 + k : 1;
  }
  return 0;
}

/* The buffer's dimensions by rising place, those of equal ones as they are. */
static void order_by(buffer *b, const int *lies) {
  for (int k = 1; k < b->rank; k++) {
    int d = b->order[k], at = k;
    for (; at > 0 && lies[b->order[at - 1]] > lies[d]; at--) b->order[at] = b->order[at - 1];
    b->order[at] = d;
  }
}

/* Places innermost: they are added to in vectors, one part of the window after another. */
static void order_scattered(const assignment *a) {
  const buffer_read *r = scattered(a);
  int lies[MAX_RANK];
  if (!r) return;
  for (int d = 0; d < r->from->rank; d++) lies[d] = scatter_place(a, r, d);
  order_by(r->from, lies);
}

/* ---- what shows something else --------------------------------------------------------------- */

/* What drives the form, of several digits the largest; NULL where it is a constant. */
static const variable *leading_variable(const index_form *at) {
  const index_term *most = NULL;
  for (int k = 0; k < at->terms; k++) {
    if (!most || at->term[k].coefficient > most->coefficient) most = &at->term[k];
  }
  return most ? variable_now(most->of) : NULL;
}

static bool has_digits(const assignment *a) {
  for (int d = 0; d < a->target->rank; d++) {
    if (a->at[d].terms > 1) return true;
  }
  return false;
}

/* Where along what `r` reads the target's dimension d is met, by that one's order. */
static bool shown_at(const assignment *a, const buffer_read *r, int d, int *at_place) {
  const variable *v = leading_variable(&a->at[d]);
  for (int k = 0; k < r->from->rank; k++) {
    const index_form *at = &r->at[r->from->order[k]];
    *at_place = k;
    if (a->at[d].terms > 0 && index_equal(at, &a->at[d])) return true;
    for (int t = 0; t < at->terms && v; t++) {
      if (variable_now(at->term[t].of) == v) return true;
    }
  }
  return false;
}

/* Whether the target lies as what `r` reads; its dimensions' places there. */
static bool lies_as(const assignment *a, const buffer_read *r, bool alike, int *lies) {
  for (int d = 0; d < a->target->rank && alike; d++) {
    alike = !a->target->time[d] && shown_at(a, r, d, &lies[d]);
  }
  return alike;
}

/* What has no name of its own lies as what it is made of: as what a view shows (padding), or as the
 * first that is read element by element; or digit by digit, if that has a name. */
static void order_shown(const assignment *a) {
  const buffer *b = a->target;
  int lies[MAX_RANK];
  if (a->kind != ASSIGN_ELEMENTS || !is_scratch(b) || b->called) return;
  const bool shows = a->what && a->what->class == NODE_VIEW && !b->in_pieces, digits = has_digits(a);
  for (int pass = 0; pass < 1 + digits; pass++) {
    for (const buffer_read *r = a->reads; r; r = r->next) {
      const bool named = pass == 1 && r->from->rank > b->rank && r->from->called;
      const bool alike = shows ? !a->reads->next
                               : is_scratch(r->from) && (named || (pass == 0 && r->from->rank == b->rank));
      if (!lies_as(a, r, alike, lies)) continue;
      order_by(a->target, lies);
      return;
    }
  }
}

/* A contraction that is read digit by digit, as channels by groups, lies as what is made of it. */
static void order_digits(const entry_plan *e, const assignment *a) {
  if (!has_digits(a) || a->kind != ASSIGN_ELEMENTS || !is_scratch(a->target)) return;
  const address to = buffer_address(e->of->g, a->target, a->at);
  for (const buffer_read *r = a->reads; r; r = r->next) {
    buffer *b = r->from;
    int64_t stride[MAX_RANK];
    int lies[MAX_RANK];
    bool all = is_scratch(b) && !b->called && b->writer && b->writer->kind == ASSIGN_PRODUCT;
    for (int d = 0; d < b->rank && all; d++) {
      const variable *v = index_variable(&r->at[d]);
      const size_form by = v ? address_stride(&to, v) : (size_form){0, false};
      stride[d] = by.batch ? INT64_MAX : by.count;
      all = by.count > 0 && !b->time[d];
    }
    for (int d = 0; d < b->rank && all; d++) {
      lies[d] = 0;
      for (int k = 0; k < b->rank; k++) lies[d] += stride[k] > stride[d];
    }
    if (all) order_by(b, lies);
  }
}

/* ---- between products ------------------------------------------------------------------------- */

/* Who reads a buffer first, and how. */
typedef struct first_reader {
  const assignment *by;
  const buffer_read *read;
  bool others;
} first_reader;

static void note_readers(const assignment *a, first_reader *of) {
  for (const buffer_read *r = a->reads; r; r = r->next) {
    first_reader *here = &of[r->from->number];
    here->others = here->by != NULL;
    if (!here->by) *here = (first_reader){a, r, false};
  }
}

static bool is_read_along(const buffer_read *r, const variable *v) {
  for (int d = 0; d < r->from->rank; d++) {
    if (index_variable(&r->at[d]) == v) return true;
  }
  return false;
}

/* What is read is multiplied by a matrix as it stands: the result has an index that it lacks. */
static bool multiplies(const assignment *a, const buffer_read *r) {
  bool more = false, two = a->kind == ASSIGN_PRODUCT && a->factors == 2;
  for (int k = 0; k < a->factors && two; k++) two = a->factor[k].from != NULL;
  for (int k = 0; k < a->free; k++) more = more || !is_read_along(r, variable_now(a->variable[k]));
  return two && more;
}

/* A contraction of samples without a name that one product alone reads lies as that goes over it: what it
 * sums over is innermost, or outermost where it sums over samples, too. So (A X) W is a product of rows, and
 * one for all samples; so is a weight's derivative. */
static void order_between(const graph *g, buffer *b, const first_reader *of) {
  int lies[MAX_RANK];
  bool summed[MAX_RANK], per_sample = false, samples = false;
  const bool product = b->writer && b->writer->kind == ASSIGN_PRODUCT && !b->writer->next_writer;
  if (!is_scratch(b) || b->called || b->partial || !product) return;
  if (!of->by || of->others || !multiplies(of->by, of->read)) return;
  for (int d = 0; d < b->rank; d++) {
    const variable *v = index_variable(&of->read->at[d]);
    if (!v) return;
    summed[d] = assignment_binds(of->by, v);
    per_sample = per_sample || b->dims[d] == AXIS_BATCH;
    samples = samples || (summed[d] && b->dims[d] == AXIS_BATCH);
  }
  if (!per_sample) return;
  for (int d = 0; d < b->rank; d++) {
    const bool outer = b->time[d] || b->dims[d] == AXIS_BATCH || axis_counts_copies(g, b->dims[d]);
    lies[d] = outer ? 0 : summed[d] == samples ? 1 : 2;
  }
  order_by(b, lies);
}

static void order_between_products(entry_plan *e) {
  first_reader *of = arena_alloc(e->of->memory, ((size_t)e->buffers + 1) * sizeof *of);
  for (size_t k = 0; k < e->assignments; k++) note_readers(e->assignment[k], of);
  for (size_t k = 0; k < e->buffers; k++) order_between(e->of->g, e->buffer[k], &of[e->buffer[k]->number]);
}

/* What a product reads backwards is copied for it: what it sums over lies innermost there. */
static void order_turned(const entry_plan *e, const assignment *a) {
  int lies[MAX_RANK];
  if (a->kind != ASSIGN_PRODUCT) return;
  for (const buffer_read *r = a->reads; r; r = r->next) {
    buffer *b = r->from;
    if (!is_scratch(b) || !b->what || !node_reads_backwards(e->of->g, b->what)) continue;
    for (int d = 0; d < b->rank; d++) {
      const variable *v = index_variable(&r->at[d]);
      lies[d] = 1;
      for (int k = 0; k < a->free; k++) {
        if (v == variable_now(a->variable[k])) lies[d] = 0;
      }
    }
    order_by(b, lies);
  }
}

void lay_out(entry_plan *e) {
  int *position = arena_alloc(e->of->memory, (size_t)graph_axis_count(e->of->g) * sizeof *position);
  name_positions(e->of, position);
  for (size_t k = 0; k < e->assignments; k++) spread_time(e->assignment[k]);
  for (size_t k = e->assignments; k > 0; k--) spread_time(e->assignment[k - 1]);
  for (size_t k = 0; k < e->buffers; k++) order_dims(e->of->g, e->buffer[k], position);
  order_between_products(e);
  for (size_t k = 0; k < e->assignments; k++) order_shown(e->assignment[k]);
  for (size_t k = 0; k < e->assignments; k++) order_digits(e, e->assignment[k]);
  for (size_t k = 0; k < e->assignments; k++) order_scattered(e->assignment[k]);
  for (size_t k = 0; k < e->assignments; k++) order_turned(e, e->assignment[k]);
}

/* ---- sizes and addresses -------------------------------------------------------------------- */

size_form buffer_extent(const graph *g, const buffer *b, int d) {
  if (b->dims[d] == AXIS_BATCH) return (size_form){1, true};
  if (b->leaf && b->dims[d] < 0) return (size_form){b->leaf->shape[d - b->leaf->per_sample], false};
  return (size_form){axis_extent(g, b->dims[d]), false};
}

bool dimension_is_split(const graph *g, const buffer *b, int d) {
  return b->dims[d] >= 0 && axis_part_of(g, b->dims[d]) == AXIS_SEGMENTS;
}

static size_form size_multiply(size_form a, size_form b) {
  return (size_form){a.count * b.count, a.batch || b.batch};
}

size_form buffer_stride(const graph *g, const buffer *b, int d) {
  size_form stride = {1, false};
  for (int k = b->rank - 1; k >= 0 && b->order[k] != d; k--) {
    int inner = b->order[k];
    if (!b->dropped[inner]) stride = size_multiply(stride, buffer_extent(g, b, inner));
  }
  return stride;
}

size_form buffer_elements(const graph *g, const buffer *b) {
  size_form elements = {1, false};
  for (int d = 0; d < b->rank; d++) {
    if (!b->dropped[d]) elements = size_multiply(elements, buffer_extent(g, b, d));
  }
  return elements;
}

static bool variables_equal(const variable *a, const variable *b) {
  while (a->same) a = a->same;
  while (b->same) b = b->same;
  if (a == b) return true;
  if (a->kind != b->kind || a->kind < VARIABLE_QUOTIENT) return false;
  return a->divisor == b->divisor && index_equal(&a->form, &b->form);
}

static void add_address_term(address *to, variable *v, int64_t coefficient, bool batch) {
  for (int k = 0; k < to->terms; k++) {
    if (to->term[k].batch != batch || !variables_equal(to->term[k].of, v)) continue;
    to->term[k].coefficient += coefficient;
    return;
  }
  if (to->terms < 2 * INDEX_TERMS) {
    to->term[to->terms++] = (address_term){v, coefficient, batch};
  }
}

/* J * (f / J) + f % J is f. */
static bool join_division(address *to) {
  for (int q = 0; q < to->terms; q++) {
    const variable *quotient = variable_now(to->term[q].of);
    if (quotient->kind != VARIABLE_QUOTIENT) continue;
    for (int r = 0; r < to->terms; r++) {
      const variable *rest = variable_now(to->term[r].of);
      if (rest->kind != VARIABLE_REMAINDER || rest->divisor != quotient->divisor) continue;
      if (!index_equal(&rest->form, &quotient->form)) continue;
      int64_t by = to->term[r].coefficient;
      bool batch = to->term[r].batch;
      if (batch != to->term[q].batch) continue;
      if (to->term[q].coefficient != by * quotient->divisor) continue;
      index_form whole = rest->form;
      *(batch ? &to->batch_constant : &to->constant) += by * whole.constant;
      to->term[q > r ? q : r] = to->term[--to->terms];
      to->term[q > r ? r : q] = to->term[--to->terms];
      for (int k = 0; k < whole.terms; k++) {
        add_address_term(to, whole.term[k].of, by * whole.term[k].coefficient, batch);
      }
      return true;
    }
  }
  return false;
}

address buffer_address(const graph *g, const buffer *b, const index_form *at) {
  address to = {0};
  for (int d = 0; d < b->rank; d++) {
    if (b->dropped[d]) continue;
    size_form stride = buffer_stride(g, b, d);
    *(stride.batch ? &to.batch_constant : &to.constant) += stride.count * at[d].constant;
    for (int k = 0; k < at[d].terms; k++) {
      const index_term *term = &at[d].term[k];
      add_address_term(&to, term->of, stride.count * term->coefficient, stride.batch);
    }
  }
  while (join_division(&to)) continue;
  return to;
}

size_form address_stride(const address *a, const variable *v) {
  for (int k = 0; k < a->terms; k++) {
    if (variables_equal(a->term[k].of, v) && a->term[k].coefficient != 0) {
      return (size_form){a->term[k].coefficient, a->term[k].batch};
    }
  }
  return (size_form){0, false};
}
