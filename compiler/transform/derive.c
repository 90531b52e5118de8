/* Adjoints: from a scalar to its derivatives, in reverse mode, symbolically.
 *
 * One walk from the scalar back, users before operands; each node class passes its adjoint on as
 * calculus.md's table says. Nothing here knows of a layer, a loss, or of time: the body of a
 * recurrence is an extra root whose adjoint is a new reference d_r; the body of d_r is the sum of
 * all that reaches r, through shifted reads and directly. So backpropagation through time comes
 * out as one more recurrence, which runs the other way because the adjoint of a shift does.
 *
 * A scalar at every place of some axes i at once, as in grad(f[i], x): the walk starts with the
 * bracket [i = k] instead of 1, k an axis that nothing before it has. Every adjoint then carries k,
 * the place whose derivative it is; nothing ever sums over it. So a Jacobian is derived once.
 */
#include <string.h>

#include "transform.h"

typedef struct contributions {
  size_t count, capacity;
  const node **node;
} contributions;

/* A recurrence that the scalar depends on, and its adjoint. */
typedef struct recurrence {
  tensor *state, *adjoint;
  contributions from_reads; /* of the reference, under the body's axes */
} recurrence;

typedef struct derivation {
  graph *g;
  arena *memory;
  int count;                 /* nodes there were before; ids below it have their side data here */
  const node *scalar, *inner;
  int seeds;                 /* axes of the scalar but the batch, and the k of each */
  axis place[MAX_RANK], seed[MAX_RANK];
  bool *wanted;              /* by tensor number: its leaves are targets */
  bool *reached, *depends;
  contributions *incoming;
  const node **adjoint;      /* by id, once the walk has passed the node */
  contributions *reads;      /* by tensor number, of targets: the leaves that read them */
  size_t recurrences, recurrence_capacity;
  recurrence *recurrence;
  size_t *recurrence_at;     /* by id of the body: its recurrence's number + 1 */
  expression *rule[OP_COUNT][OP_MAX_ARITY]; /* derivatives of the op table, once parsed */
  derivation_adjoint *told;  /* by id: how its adjoint came about; NULL where nobody asked */
} derivation;

/* ---- which nodes matter ------------------------------------------------------------------- */

static bool is_reference(const node *n) {
  return n->class == NODE_TENSOR && n->tensor->role == TENSOR_REFERENCE;
}

typedef struct stack {
  size_t count, capacity;
  const node **items;
} stack;

static void visit(derivation *d, stack *todo, const node *n) {
  if (d->reached[n->id]) return;
  d->reached[n->id] = true;
  ARENA_PUSH(d->memory, todo->items, todo->count, todo->capacity, n);
}

static void reach(derivation *d) {
  stack todo = {0};
  visit(d, &todo, d->scalar);
  while (todo.count > 0) {
    const node *n = todo.items[--todo.count];
    if (n->class == NODE_TENSOR && n->tensor->body) visit(d, &todo, n->tensor->body);
    for (int k = 0; k < n->operands; k++) visit(d, &todo, n->operand[k]);
  }
}

/* Stands for its body, an interior tensor that some grad() derives by. */
static bool is_barrier(const node *n) {
  return n->class == NODE_TENSOR && n->tensor->role == TENSOR_BARRIER;
}

static bool is_target(const derivation *d, const node *n) {
  return n == d->inner || (n->class == NODE_TENSOR && d->wanted[n->tensor->number]);
}

static bool passes(const derivation *d, const node *n) {
  if (n->boolean || n->integer || (n->class == NODE_MAP && n->op == OP_stop)) return false;
  if (is_reference(n) || is_barrier(n))
    return n->tensor->body && d->depends[n->tensor->body->id];
  for (int k = 0; k < n->operands; k++) {
    if (d->depends[n->operand[k]->id]) return true;
  }
  return false;
}

/* Which nodes lie on a way from a target to the scalar. References point forward, so it takes
 * as many rounds as recurrences hang one in the other. */
static void find_dependence(derivation *d) {
  bool changed = true;
  while (changed) {
    changed = false;
    for (int id = 0; id < d->count; id++) {
      const node *n = graph_node(d->g, id);
      if (!d->reached[id] || d->depends[id]) continue;
      if (is_target(d, n) || passes(d, n)) d->depends[id] = changed = true;
    }
  }
}

/* ---- contributions ------------------------------------------------------------------------ */

static void push(derivation *d, contributions *to, const node *value) {
  if (node_is_constant(value, 0)) return;
  ARENA_PUSH(d->memory, to->node, to->count, to->capacity, value);
}

static const node *total(derivation *d, const contributions *of) {
  return node_sum(d->g, 0, (int)of->count, of->node, NULL);
}

/* ---- the record --------------------------------------------------------------------------- */

/* What `reader` passes on to node `to`: it was written so and became `value` by the steps since
 * `first`. */
static void tell_share(derivation *d, const node *reader, const node *to, written_term written,
                       const node *value, size_t first) {
  if (!d->told || node_is_constant(value, 0)) return;
  derivation_adjoint *of = &d->told[to->id];
  if (reader->class == NODE_SUM) { /* the coefficient was in the factor already */
    int k = 0;
    while (reader->operand[k] != to) k++;
    written.factor = reader->coefficient[k];
    written.form.operand = &d->adjoint[reader->id];
  }
  derivation_share made = {.reader = reader, .incoming = d->adjoint[reader->id],
                           .written = term_copy(d->g, &written), .value = value, .first = first,
                           .last = graph_steps(d->g)};
  ARENA_PUSH(d->memory, of->share, of->shares, of->share_capacity, made);
}

static void tell_adjoint(derivation_adjoint *told, const derivation *d, const node *of,
                         const node *value, size_t first) {
  told->of = of;
  told->value = value;
  told->first = first;
  told->last = graph_steps(d->g);
}

/* ---- what one node gives another ---------------------------------------------------------- */

/* The product of `factors`, summed over all axes of `from` (and those that it binds) that `to`
 * does not have: what `from` spread over them comes together. A scalar's own batch stays; and so
 * do the seeds' axes, which `from` cannot have. */
static void contribute(derivation *d, const node *from, const node *to, int count,
                       const node *const *factors, const double *powers) {
  axis over[3 * MAX_RANK];
  int bound = 0;
  for (int k = 0; k < from->rank + from->bound; k++) {
    axis a = k < from->rank ? from->axes[k] : from->bound_axes[k - from->rank];
    bool stays = a == AXIS_BATCH && node_has_axis(d->scalar, a);
    if (!node_has_axis(to, a) && !stays) over[bound++] = a;
  }
  size_t first = graph_steps(d->g);
  const node *share = node_product(d->g, count, factors, powers, bound, over);
  push(d, &d->incoming[to->id], share);
  written_term written = term_of_product(1, count, factors, powers, bound, over);
  tell_share(d, from, to, written, share, first);
}

/* ---- one node class each ------------------------------------------------------------------ */

static void adjoint_of_sum(derivation *d, const node *n, const node *a) {
  for (int k = 0; k < n->operands; k++) {
    const node *share = node_scale(d->g, n->coefficient[k], a);
    if (d->depends[n->operand[k]->id]) contribute(d, n, n->operand[k], 1, &share, NULL);
  }
}

static void adjoint_of_product(derivation *d, const node *n, const node *a) {
  size_t count = (size_t)n->operands + 2;
  const node **factors = arena_alloc(d->memory, count * sizeof *factors);
  double *powers = arena_alloc(d->memory, count * sizeof *powers);
  for (int k = 0; k < n->operands; k++) {
    if (!d->depends[n->operand[k]->id]) continue;
    memcpy(factors, n->operand, (size_t)n->operands * sizeof *factors);
    memcpy(powers, n->power, (size_t)n->operands * sizeof *powers);
    powers[k] -= 1;
    factors[n->operands] = a;
    factors[n->operands + 1] = node_constant(d->g, n->power[k]);
    powers[n->operands] = powers[n->operands + 1] = 1;
    contribute(d, n, n->operand[k], n->operands + 2, factors, powers);
  }
}

static const expression *derivative_rule(derivation *d, op operation, int k) {
  expression **rule = &d->rule[operation][k];
  if (!*rule) {
    const char *written = op_rows[operation].derivative[k];
    const source *file = source_of_text(d->memory, op_identifier(operation), written, true);
    *rule = parse_expression(d->memory, graph_names(d->g), report_new(d->memory, stderr), file);
  }
  return *rule;
}

/* The op row's derivative by operand k, a text of the language in a, b and the result y. */
static const node *partial(derivation *d, const node *n, int k) {
  static const char *const words[] = {"a", "b", "y"};
  name_table *names = graph_names(d->g);
  binding bindings[3];
  int count = 0;
  for (int j = 0; j < 3; j++) {
    const node *value = j == 2 ? n : j < n->operands ? n->operand[j] : NULL;
    if (value) bindings[count++] = (binding){name_of(names, words[j]), value};
  }
  return instantiate(d->g, derivative_rule(d, n->op, k), count, bindings);
}

static void adjoint_of_map(derivation *d, const node *n, const node *a) {
  for (int k = 0; k < n->operands; k++) {
    if (!d->depends[n->operand[k]->id]) continue;
    const node *factors[] = {a, partial(d, n, k)};
    contribute(d, n, n->operand[k], 2, factors, NULL);
  }
}

static void adjoint_of_view(derivation *d, const node *n, const node *a) {
  view swapped = *n->view;
  swapped.reads = n->view->writes;
  swapped.writes = n->view->reads;
  memcpy(swapped.read, n->view->write, sizeof swapped.read);
  memcpy(swapped.write, n->view->read, sizeof swapped.write);
  size_t first = graph_steps(d->g);
  const node *share = node_view(d->g, a, &swapped);
  push(d, &d->incoming[n->operand[0]->id], share);
  written_term written = {.factor = 1, .form = {.class = NODE_VIEW, .operands = 1, .operand = &a,
                                                .view = &swapped}};
  tell_share(d, n, n->operand[0], written, share, first);
}

/* A maximum's adjoint goes to where it came from, in equal shares among ties; that of a
 * log-sum-exp by the softmax. */
static void adjoint_of_select(derivation *d, const node *n, const node *a) {
  graph *g = d->g;
  const node *x = n->operand[0], *guard = n->operands > 1 ? n->operand[1] : node_constant(g, 1);
  if (n->select == SELECT_LOGSUMEXP) {
    const node *share = node_map1(g, OP_exp, node_subtract(g, x, n));
    contribute(d, n, x, 3, (const node *[]){a, guard, share}, NULL);
    return;
  }
  const node *here = node_multiply(g, guard, node_map2(g, OP_equal, x, n));
  const node *ties = node_sum_over(g, here, n->bound, n->bound_axes);
  contribute(d, n, x, 3, (const node *[]){a, here, ties}, (double[]){1, 1, -1});
}

static void adjoint_of_barrier(derivation *d, const node *n, const node *a) {
  const node *body = n->tensor->body;
  axis from[MAX_RANK], to[MAX_RANK], over[MAX_RANK];
  int count = 0, bound = 0;
  for (int k = 0; k < n->tensor->rank; k++) {
    if (n->dims[k] == AXIS_UNIT) continue;
    from[count] = n->dims[k];
    to[count++] = n->tensor->body_dims[k];
    if (!node_has_axis(body, to[count - 1])) over[bound++] = to[count - 1];
  }
  size_t first = graph_steps(d->g);
  const node *here = node_rename_axes(d->g, a, count, from, to);
  const node *share = node_product(d->g, 1, &here, NULL, bound, over);
  push(d, &d->incoming[body->id], share);
  tell_share(d, n, body, term_of_product(1, 1, &here, NULL, bound, over), share, first);
}

static void pass_on(derivation *d, const node *n, const node *a) {
  switch (n->class) {
    case NODE_SUM: adjoint_of_sum(d, n, a); break;
    case NODE_PRODUCT: adjoint_of_product(d, n, a); break;
    case NODE_MAP: adjoint_of_map(d, n, a); break;
    case NODE_VIEW:
      if (d->depends[n->operand[0]->id]) adjoint_of_view(d, n, a);
      break;
    case NODE_SELECT:
      if (d->depends[n->operand[0]->id]) adjoint_of_select(d, n, a);
      break;
    case NODE_TENSOR:
      if (is_barrier(n) && d->depends[n->tensor->body->id]) adjoint_of_barrier(d, n, a);
      break;
    case NODE_CONSTANT:
    case NODE_INDEX:
    case NODE_EXTENT: break;
  }
}

/* ---- recurrences -------------------------------------------------------------------------- */

static recurrence *recurrence_of_body(derivation *d, const node *body) {
  size_t at = d->recurrence_at[body->id];
  return at ? &d->recurrence[at - 1] : NULL;
}

/* Of the adjoint: the state's dimensions, then the seeds'. */
static void adjoint_dims(const derivation *d, const tensor *state, axis *dims) {
  memcpy(dims, state->body_dims, (size_t)state->rank * sizeof *dims);
  memcpy(dims + state->rank, d->seed, (size_t)d->seeds * sizeof *dims);
}

static tensor *adjoint_tensor(derivation *d, const tensor *state) {
  const char *word = arena_printf(d->memory, "d_%s", state->word);
  int64_t shape[MAX_RANK];
  memcpy(shape, state->shape, sizeof shape);
  for (int k = 0; k < d->seeds; k++) shape[state->rank + k] = axis_extent(d->g, d->seed[k]);
  tensor *made = tensor_new(d->g, TENSOR_REFERENCE, name_of(graph_names(d->g), word), state->where,
                            state->rank + d->seeds, shape);
  made->per_sample = state->per_sample;
  return made;
}

/* A reference d_r for each recurrence on the way. */
static void find_recurrences(derivation *d) {
  for (int id = 0; id < d->count; id++) {
    const node *n = graph_node(d->g, id);
    if (!d->reached[id] || !d->depends[id] || !is_reference(n)) continue;
    if (recurrence_of_body(d, n->tensor->body)) continue;
    tensor *state = tensor_at(d->g, n->tensor->number);
    recurrence made = {.state = state, .adjoint = adjoint_tensor(d, state)};
    ARENA_PUSH(d->memory, d->recurrence, d->recurrences, d->recurrence_capacity, made);
    d->recurrence_at[state->body->id] = d->recurrences;
  }
}

/* What reached a read of r belongs to its body, under the body's axes. */
static void note_read(derivation *d, const node *n, const node *a) {
  recurrence *r = recurrence_of_body(d, n->tensor->body);
  const tensor *t = n->tensor;
  axis from[MAX_RANK], to[MAX_RANK];
  int count = 0;
  for (int k = 0; k < t->rank; k++) {
    if (n->dims[k] == AXIS_UNIT) continue;
    from[count] = n->dims[k];
    to[count++] = t->body_dims[k];
  }
  const node *share = node_rename_axes(d->g, a, count, from, to);
  push(d, &r->from_reads, share);
  tell_share(d, n, t->body, term_of(share), share, graph_steps(d->g));
}

static void define_recurrences(derivation *d) {
  for (size_t k = 0; k < d->recurrences; k++) {
    recurrence *r = &d->recurrence[k];
    contributions all = r->from_reads;
    const contributions *direct = &d->incoming[r->state->body->id];
    for (size_t j = 0; j < direct->count; j++) push(d, &all, direct->node[j]);
    size_t first = graph_steps(d->g);
    axis row = r->state->rank > 0 ? r->state->body_dims[0] : AXIS_UNIT;
    const node *sum = axis_counts_copies(d->g, row)
                          ? sum_of_rows(d->g, row, (int)all.count, all.node)
                          : total(d, &all);
    axis dims[MAX_RANK];
    adjoint_dims(d, r->state, dims);
    tensor_define(d->g, r->adjoint, sum, dims);
    if (!d->told) continue;
    derivation_adjoint *told = &d->told[r->state->body->id];
    tell_adjoint(told, d, r->state->body, sum, first);
    told->reference = r->adjoint;
  }
}

/* ---- the walk ----------------------------------------------------------------------------- */

static const node *adjoint_leaf(derivation *d, const recurrence *r) {
  axis dims[MAX_RANK];
  adjoint_dims(d, r->state, dims);
  return node_tensor(d->g, r->adjoint, dims);
}

/* 1; or [i = k] for every axis i of the scalar. */
static const node *first_adjoint(derivation *d) {
  const node *made = node_constant(d->g, 1);
  for (int k = 0; k < d->seeds; k++) {
    const node *here = node_onehot(d->g, node_index(d->g, d->place[k]), d->seed[k]);
    made = node_multiply(d->g, made, here);
  }
  return made;
}

static void walk(derivation *d) {
  push(d, &d->incoming[d->scalar->id], first_adjoint(d));
  for (int id = d->count - 1; id >= 0; id--) {
    const node *n = graph_node(d->g, id);
    if (!d->reached[id] || !d->depends[id]) continue;
    const recurrence *r = recurrence_of_body(d, n);
    size_t first = graph_steps(d->g);
    if (!r && d->incoming[id].count == 0) continue;
    const node *a = r ? adjoint_leaf(d, r) : total(d, &d->incoming[id]);
    d->adjoint[id] = a;
    if (d->told && !r) tell_adjoint(&d->told[id], d, n, a, first);
    if (n->class == NODE_TENSOR && d->wanted[n->tensor->number]) {
      push(d, &d->reads[n->tensor->number], n);
    }
    if (is_reference(n)) note_read(d, n, a);
    else pass_on(d, n, a);
  }
  define_recurrences(d);
}

static derivation derivation_of(graph *g, const node *scalar) {
  size_t count = (size_t)graph_node_count(g);
  arena *memory = graph_memory(g);
  derivation made = {
      .g = g,
      .memory = memory,
      .count = (int)count,
      .scalar = scalar,
      .reached = arena_alloc(memory, count * sizeof(bool)),
      .depends = arena_alloc(memory, count * sizeof(bool)),
      .incoming = arena_alloc(memory, count * sizeof(contributions)),
      .adjoint = arena_alloc(memory, count * sizeof(const node *)),
      .recurrence_at = arena_alloc(memory, count * sizeof(size_t)),
      .wanted = arena_alloc(memory, (size_t)tensor_count(g) * sizeof(bool)),
      .reads = arena_alloc(memory, (size_t)tensor_count(g) * sizeof(contributions)),
  };
  for (int k = 0; k < scalar->rank; k++) {
    axis a = scalar->axes[k];
    if (a == AXIS_BATCH) continue;
    made.place[made.seeds] = a;
    made.seed[made.seeds++] = axis_new(g, axis_hint(g, a), axis_extent(g, a));
  }
  return made;
}

/* Under the scalar's own axes. */
static const node *placed(const derivation *d, const node *value) {
  return node_rename_axes(d->g, value, d->seeds, d->seed, d->place);
}

/* Whether every adjoint has room for the seeds. */
static bool has_room(const derivation *d) {
  for (int id = 0; id < d->count && d->seeds > 0; id++) {
    const node *n = graph_node(d->g, id);
    if (!d->reached[id] || !d->depends[id]) continue;
    int dimensions = n->class == NODE_TENSOR ? n->tensor->rank + 1 : n->rank + n->bound;
    if (dimensions + d->seeds > MAX_RANK) return false;
  }
  return true;
}

static bool run(derivation *d, int leaves, const node *const *leaf) {
  for (int k = 0; k < leaves; k++) d->wanted[leaf[k]->tensor->number] = true;
  reach(d);
  find_dependence(d);
  if (!has_room(d)) return false;
  find_recurrences(d);
  walk(d);
  return true;
}

/* The sum of what reached all reads of the leaf's tensor, under the leaf's axes. */
static const node *collect_leaf(derivation *d, const node *leaf) {
  contributions all = {0};
  const contributions *reads = &d->reads[leaf->tensor->number];
  for (size_t r = 0; r < reads->count; r++) {
    const node *n = reads->node[r];
    int count = 0;
    axis from[MAX_RANK], to[MAX_RANK];
    for (int k = 0; k < n->tensor->rank; k++) {
      if (n->dims[k] == AXIS_UNIT) continue;
      from[count] = n->dims[k];
      to[count++] = leaf->dims[k];
    }
    push(d, &all, node_rename_axes(d->g, d->adjoint[n->id], count, from, to));
  }
  return total(d, &all);
}

bool derive(graph *g, const node *scalar, int count, const node *const *leaves,
            const node **result) {
  derivation d = derivation_of(g, scalar);
  if (!run(&d, count, leaves)) return false;
  for (int k = 0; k < count; k++) result[k] = placed(&d, collect_leaf(&d, leaves[k]));
  return true;
}

const node *derive_by(graph *g, const node *scalar, const node *inner) {
  derivation d = derivation_of(g, scalar);
  d.inner = inner;
  if (!run(&d, 0, NULL)) return NULL;
  const node *adjoint = inner->id < d.count ? d.adjoint[inner->id] : NULL;
  return adjoint ? placed(&d, adjoint) : node_constant(g, 0);
}

/* ---- a program's gradients ---------------------------------------------------------------- */

/* Each parameter as it is first read, so that its gradient comes under the axes met there. */
static const node **first_reads(const program *p) {
  graph *g = p->g;
  size_t tensors = (size_t)tensor_count(g), count = (size_t)p->parameters;
  const node **read = arena_alloc(graph_memory(g), tensors * sizeof *read);
  const node **leaves = arena_alloc(graph_memory(g), (count + 1) * sizeof *leaves);
  for (int id = graph_node_count(g) - 1; id >= 0; id--) {
    const node *n = graph_node(g, id);
    if (n->class == NODE_TENSOR) read[n->tensor->number] = n;
  }
  for (size_t k = 0; k < count; k++) {
    const tensor *t = p->parameter[k];
    axis dims[MAX_RANK];
    leaves[k] = read[t->number];
    if (leaves[k]) continue;
    for (int j = 0; j < t->rank; j++) dims[j] = axis_new(g, t->word, t->shape[j]);
    leaves[k] = node_tensor(g, t, dims);
  }
  return leaves;
}

static definition gradient_definition(graph *g, const node *leaf, const node *value) {
  const tensor *t = leaf->tensor;
  const char *word = arena_printf(graph_memory(g), "d_%s", t->word);
  definition made = {.word = name_of(graph_names(g), word), .rank = t->rank, .where = t->where};
  if (t->rank > 0) memcpy(made.dims, leaf->dims, (size_t)t->rank * sizeof *made.dims);
  made.value = node_unname(g, value, made.rank, made.dims);
  return made;
}

static void name_adjoints(program *p, const derivation *d) {
  arena *memory = graph_memory(p->g);
  p->adjoint = arena_alloc(memory, (size_t)p->definitions * sizeof *p->adjoint);
  for (int k = 0; k < p->definitions; k++) {
    const definition *of = &p->definition[k];
    const node *adjoint = of->value->id < d->count ? d->adjoint[of->value->id] : NULL;
    if (!adjoint || adjoint->class == NODE_CONSTANT) continue;
    definition made = *of;
    made.word = name_of(graph_names(p->g), arena_printf(memory, "d_%s", of->word));
    made.value = node_unname(p->g, adjoint, made.rank, made.dims);
    p->adjoint[p->adjoints++] = made;
  }
}

/* What there is to tell before the walk: the program as it is now. */
static derivation_record *record_of(const program *p, const node **leaves) {
  graph *g = p->g;
  arena *memory = graph_memory(g);
  size_t definitions = (size_t)p->definitions;
  derivation_record *made = arena_alloc(memory, sizeof *made);
  *made = (derivation_record){.objective = p->objective, .elaborated = graph_steps(g),
                              .definitions = p->definitions, .parameters = p->parameters,
                              .leaf = leaves};
  made->definition = arena_alloc(memory, (definitions + 1) * sizeof *made->definition);
  if (definitions > 0) {
    memcpy(made->definition, p->definition, definitions * sizeof *made->definition);
  }
  made->gradient = arena_alloc(memory, ((size_t)p->parameters + 1) * sizeof *made->gradient);
  return made;
}

/* The bodies as they are now, of adjoints too: later passes put others in their place. */
static void record_bodies(const graph *g, derivation_record *to) {
  size_t tensors = (size_t)tensor_count(g);
  to->body = arena_alloc(graph_memory(g), (tensors + 1) * sizeof *to->body);
  to->body_dims = arena_alloc(graph_memory(g), (tensors + 1) * sizeof *to->body_dims);
  for (size_t k = 0; k < tensors; k++) {
    const tensor *t = tensor_at(g, (int)k);
    to->body[k] = t->body;
    memcpy(to->body_dims[k], t->body_dims, sizeof to->body_dims[k]);
  }
}

static void record_adjoints(const derivation *d, derivation_record *to) {
  to->adjoint = arena_alloc(d->memory, (size_t)d->count * sizeof *to->adjoint);
  for (int id = d->count - 1; id >= 0; id--) {
    if (d->told[id].value) to->adjoint[to->adjoints++] = d->told[id];
  }
}

static const node *recorded_gradient(derivation *d, const node *leaf, derivation_adjoint *told) {
  size_t first = graph_steps(d->g);
  const node *value = collect_leaf(d, leaf);
  tell_adjoint(told, d, leaf, value, first);
  return value;
}

void derive_program(program *p) {
  graph *g = p->g;
  size_t count = (size_t)p->parameters;
  const node **leaves = first_reads(p);
  derivation_record *record = record_of(p, leaves);
  derivation d = derivation_of(g, p->objective);
  d.told = arena_alloc(d.memory, (size_t)d.count * sizeof *d.told);
  run(&d, p->parameters, leaves);
  p->gradient = arena_alloc(graph_memory(g), (count + 1) * sizeof *p->gradient);
  p->gradients = p->parameters;
  for (int k = 0; k < p->parameters; k++) {
    const node *value = recorded_gradient(&d, leaves[k], &record->gradient[k]);
    p->gradient[k] = gradient_definition(g, leaves[k], value);
  }
  name_adjoints(p, &d);
  record_adjoints(&d, record);
  record->tensors = tensor_count(g);
  record_bodies(g, record);
  p->derived = record;
}
