/* elaborate: turns the syntax tree of a model into a program: one graph, with its tensors, its
 * objective, outputs and metrics, update rules and settings.
 *
 * Needs: a parsed file. Gives: the program without gradients, or NULL after errors. */
#include "elaborate.h"

#include <string.h>

/* ---- definitions -------------------------------------------------------------------------- */

definition definition_of(const char *word, const value *v, place where) {
  definition made = {.word = word,
                     .value = v->node,
                     .per_sample = node_has_axis(v->node, AXIS_BATCH),
                     .rank = v->rank,
                     .where = where};
  memcpy(made.dims, v->dims, sizeof made.dims);
  return made;
}

/* Of a definition inside the layers that `word` calls, which `v` is: it takes the outer name. */
static bool rename_definition(elaborator *e, const char *word, const value *v, place where) {
  size_t length = strlen(word);
  for (size_t k = e->definitions.count; k-- > 0;) {
    definition *inner = &e->definitions.items[k];
    if (strncmp(inner->word, word, length) != 0 || inner->word[length] != '.') return false;
    if (inner->value != v->node) continue;
    *inner = definition_of(name_of(e->names, word), v, where);
    return true;
  }
  return false;
}

void define_named(elaborator *e, const char *word, const value *v, place where) {
  if (e->exploring > 0 || (e->predicting && v->node->id < e->first_predicting)) return;
  definition_list *list = &e->definitions;
  value whole = *v; /* with the indices that are bound around a layer's call in front */
  for (int k = v->node->rank - 1; k >= 0; k--) {
    axis a = v->node->axes[k];
    if (!is_free_axis(v, a) || whole.rank == MAX_RANK) continue;
    memmove(&whole.dims[1], &whole.dims[0], (size_t)whole.rank * sizeof *whole.dims);
    whole.dims[0] = a;
    whole.rank++;
  }
  if (rename_definition(e, word, &whole, where)) return;
  ARENA_PUSH(e->memory, list->items, list->count, list->capacity,
             definition_of(name_of(e->names, word), &whole, where));
}

/* ---- what reaches a node ------------------------------------------------------------------ */

typedef bool condition(const node *n);

/* Some node that `n` is computed from, through recurrences too, for which `holds`. */
static const node *find_reached(elaborator *e, const node *n, condition *holds) {
  bool *seen = arena_alloc(e->memory, (size_t)graph_node_count(e->g));
  const node **stack = NULL;
  size_t count = 0, capacity = 0;
  ARENA_PUSH(e->memory, stack, count, capacity, n);
  while (count > 0) {
    const node *here = stack[--count];
    if (seen[here->id]) continue;
    seen[here->id] = true;
    if (holds(here)) return here;
    for (int k = 0; k < here->operands; k++)
      ARENA_PUSH(e->memory, stack, count, capacity, here->operand[k]);
    if (here->class == NODE_TENSOR && here->tensor->body != NULL)
      ARENA_PUSH(e->memory, stack, count, capacity, here->tensor->body);
  }
  return NULL;
}

static bool is_target(const node *n) {
  return n->class == NODE_TENSOR && n->tensor->role == TENSOR_TARGET;
}

static bool reduces_batch(const node *n) { return node_binds(n, AXIS_BATCH); }

/* ---- losses, outputs, metrics ------------------------------------------------------------- */

typedef struct result {
  const node *loss;
  place loss_where; /* of the first */
  definition_list outputs, metrics;
  bool metrics_of_whole;
} result;

static const node *batch_mean(elaborator *e, const node *n) {
  if (!node_has_axis(n, AXIS_BATCH)) return n;
  const node *factors[2] = {n, node_extent(e->g)};
  const double powers[2] = {1, -1};
  const axis batch = AXIS_BATCH;
  return node_product(e->g, 2, factors, powers, 1, &batch);
}

static bool is_scalar(elaborator *e, const statement *st, const value *v, const char *what) {
  if (is_poison(v)) return false;
  if (v->rank == 0 && v->classes == 0) return true;
  complain(e, st->value->where, "%s is a scalar of one sample, but this is %s", what,
           shape_text(e, v));
  remark_shape(e, v, NULL);
  return false;
}

static void add_loss(elaborator *e, scope *s, const statement *st, result *out) {
  context c = {.e = e, .scope = s, .defines = "loss"};
  value v = expression_alone(&c, st->value);
  if (!is_scalar(e, st, &v, "a loss")) return;
  const node *mean = batch_mean(e, v.node);
  if (out->loss == NULL) out->loss_where = st->where;
  out->loss = out->loss == NULL ? mean : node_add(e->g, out->loss, mean);
}

static const definition *defined_in(const definition_list *list, const char *word) {
  for (size_t k = 0; k < list->count; k++) {
    if (strcmp(list->items[k].word, word) == 0) return &list->items[k];
  }
  return NULL;
}

static bool name_is_new(elaborator *e, const definition_list *list, const char *word, place where,
                        const char *what) {
  const definition *known = defined_in(list, word);
  if (known == NULL) return true;
  complain(e, where, "two %ss are named `%s`; name one, as in `%s %s2 = ...`", what, word, what,
           word);
  remark(e, known->where, "the other one is here");
  return false;
}

static const char *callee_word(const expression *x, const char *otherwise) {
  if (x->kind == EXPRESSION_NAME) return x->word;
  if (x->kind != EXPRESSION_CALL) return otherwise;
  const expression *callee = x->left->kind == EXPRESSION_INDEX ? x->left->left : x->left;
  return callee->kind == EXPRESSION_NAME ? callee->word : otherwise;
}

static void add_metric(elaborator *e, scope *s, const statement *st, result *out) {
  const char *word = st->word != NULL ? st->word : callee_word(st->value, "metric");
  place where = st->word != NULL ? st->word_at : st->value->where;
  context c = {.e = e, .scope = s, .defines = name_of(e->names, word)};
  value v = expression_alone(&c, st->value);
  if (!name_is_new(e, &out->metrics, word, where, "metric")) return;
  if (!is_scalar(e, st, &v, "a metric")) return;
  if (find_reached(e, v.node, reduces_batch) != NULL) out->metrics_of_whole = true;
  v.node = batch_mean(e, v.node);
  ARENA_PUSH(e->memory, out->metrics.items, out->metrics.count, out->metrics.capacity,
             definition_of(name_of(e->names, word), &v, where));
}

/* Prediction has no targets, and one sample may not depend on those beside it. */
static void check_output(elaborator *e, const char *word, const value *v, place where) {
  const node *target = find_reached(e, v->node, is_target);
  if (target != NULL) {
    complain(e, where, "output `%s` depends on the target `%s`, which prediction does not have",
             word, target->tensor->word);
    remark(e, target->tensor->where, "`%s` is declared here", target->tensor->word);
  } else if (find_reached(e, v->node, reduces_batch) != NULL) {
    complain(e, where, "output `%s` depends on a reduction over the batch: only a mean[batch] that "
                       "is a whole right side, whose running average stands for it, may", word);
  }
}

static void add_output(elaborator *e, scope *s, const statement *st, result *out) {
  const char *word = st->word != NULL ? st->word : callee_word(st->value, "output");
  place where = st->word != NULL ? st->word_at : st->value->where;
  context c = {.e = e, .scope = s, .path = word, .defines = name_of(e->names, word)};
  value v;
  if (st->word != NULL) {
    expression whole = {.kind = EXPRESSION_NAME, .word = st->word, .where = where};
    v = value_of_name(&c, &whole);
  } else {
    c.calls = count_calls(e, s->from, st->value);
    v = expression_alone(&c, st->value);
  }
  if (!name_is_new(e, &out->outputs, word, where, "output") || is_poison(&v)) return;
  if (e->predicting || !e->modes_differ) check_output(e, word, &v, where);
  ARENA_PUSH(e->memory, out->outputs.items, out->outputs.count, out->outputs.capacity,
             definition_of(name_of(e->names, word), &v, where));
}

/* ---- passes ------------------------------------------------------------------------------- */

static result elaborate_pass(elaborator *e) {
  result out = {.loss = NULL};
  scope *s = scope_new(e, NULL, e->modules, "");
  s->model = true;
  declare_statements(e, s, e->what->first);
  elaborate_items(e, s);
  for (const statement *st = e->what->first; st != NULL; st = st->next) {
    if (st->kind == STATEMENT_LOSS) add_loss(e, s, st, &out);
    if (st->kind == STATEMENT_OUTPUT) add_output(e, s, st, &out);
    if (st->kind == STATEMENT_METRIC) add_metric(e, s, st, &out);
  }
  if (out.loss == NULL && out.outputs.count == 0 && out.metrics.count == 0 &&
      report_errors(e->to) == 0) {
    place top = {.file = e->what->file, .line = 1, .column = 1};
    complain(e, top, "nothing is to be computed: a model has a `loss` or an `output`");
  }
  if (out.loss == NULL) out.loss = node_constant(e->g, 0);
  return out;
}

static void elaborate_model(elaborator *e) {
  program *p = e->p;
  result out = elaborate_pass(e);
  p->objective = out.loss;
  p->objective_where = out.loss_where;
  if (e->modes_differ && report_errors(e->to) == 0) {
    e->predicting = true;
    e->first_predicting = graph_node_count(e->g);
    out = elaborate_pass(e);
  }
  p->test_loss = out.loss;
  p->outputs = (int)out.outputs.count;
  p->output = out.outputs.items;
  p->metrics = (int)out.metrics.count;
  p->metric = out.metrics.items;
  p->metrics_of_whole = out.metrics_of_whole;
}

/* ---- the program -------------------------------------------------------------------------- */

static name model_name(elaborator *e) {
  const statement *given = NULL;
  for (const statement *st = e->what->first; st != NULL; st = st->next) {
    if (st->kind != STATEMENT_MODEL) continue;
    if (given == NULL) {
      given = st;
      continue;
    }
    complain(e, st->where, "a file holds one model");
    remark(e, given->where, "it is named here already");
  }
  if (given != NULL) return given->word;
  const char *slash = strrchr(e->what->file->path, '/');
  const char *base = slash != NULL ? slash + 1 : e->what->file->path;
  const char *dot = strrchr(base, '.');
  size_t length = dot != NULL && dot != base ? (size_t)(dot - base) : strlen(base);
  if (length == 0 || strcmp(base, "-") == 0) return name_of(e->names, "model");
  return name_of_length(e->names, base, length);
}

static void fill_program(elaborator *e) {
  program *p = e->p;
  tensor_list states = {NULL, 0, 0};
  for (size_t k = 0; k < e->running.count; k++)
    ARENA_PUSH(e->memory, states.items, states.count, states.capacity, e->running.items[k]);
  for (size_t k = 0; k < e->carried.count; k++)
    ARENA_PUSH(e->memory, states.items, states.count, states.capacity, e->carried.items[k]);
  p->inputs = (int)e->inputs.count;
  p->input = e->inputs.items;
  p->targets = (int)e->targets.count;
  p->target = e->targets.items;
  p->parameters = (int)e->parameters.count;
  p->parameter = e->parameters.items;
  p->constants = (int)e->constants.count;
  p->constant = e->constants.items;
  p->states = (int)states.count;
  p->state = states.items;
  p->definitions = (int)e->definitions.count;
  p->definition = e->definitions.items;
  program_find_places(p);
  p->refreshes = (int)e->refreshes.count;
  p->refresh = e->refreshes.items;
}

static void find_words(elaborator *e) {
  name_table *names = e->names;
  e->word = (struct keywords){
      .batch = name_of(names, "batch"),         .parameters = name_of(names, "parameters"),
      .mean = name_of(names, "mean"),           .sum = name_of(names, "sum"),
      .max = name_of(names, "max"),             .min = name_of(names, "min"),
      .logsumexp = name_of(names, "logsumexp"), .argmax = name_of(names, "argmax"),
      .softmax = name_of(names, "softmax"),     .carry = name_of(names, "carry"),
      .load = name_of(names, "load"),           .p = name_of(names, "p"),
      .g = name_of(names, "g"),                 .step = name_of(names, "step"),
      .ellipsis = name_of(names, "..."),        .grad = name_of(names, "grad"),
  };
}

/* What stands for nodes while only shapes are explored. */
static void make_blanks(elaborator *e) {
  place nowhere = {0};
  tensor *blank = tensor_new(e->g, TENSOR_SCALAR, name_of(e->names, "blank"), nowhere, 0, NULL);
  tensor *sample = tensor_new(e->g, TENSOR_SCALAR, name_of(e->names, "blank.sample"), nowhere, 0,
                              NULL);
  sample->per_sample = true;
  e->blank = node_tensor(e->g, blank, NULL);
  e->blank_sample = node_tensor(e->g, sample, NULL);
  e->unknown_axis = axis_new(e->g, name_of(e->names, "unknown"), 2);
}

/* Also those that nothing uses. */
static void check_lets(elaborator *e) {
  for (module *m = e->modules; m != NULL; m = m->next) {
    for (symbol *let = m->lets->symbols; let != NULL && !m->library; let = let->hh.next) {
      double ignored;
      if (let->base == BASE_LET) let_value(e, m->lets, let, &ignored);
    }
  }
}

program *elaborate(const elaboration *what) {
  if (report_errors(what->to) > 0) return NULL; /* what did not parse would be missed everywhere */
  elaborator e = {.what = what, .memory = what->memory, .names = what->names, .to = what->to};
  char here = 0;
  e.stack_top = &here;
  e.p = arena_alloc(e.memory, sizeof *e.p);
  e.g = e.p->g = graph_new(e.memory, e.names);
  if (what->record) graph_record(e.g);
  simplify_install_with(e.g, what->planted);
  find_words(&e);
  make_blanks(&e);
  read_modules(&e);
  find_derived(&e);
  check_lets(&e);
  e.p->model = model_name(&e);
  elaborate_model(&e);
  elaborate_optimizers(&e);
  elaborate_settings(&e);
  fill_program(&e);
  if (report_errors(e.to) > 0) return NULL;
  if (e.barriers.count > 0) expand_barriers(e.p);
  return e.p;
}
