/* elaborate_equation: statements into items, and each item into a value: equations and repeats. */
#include "elaborate.h"

#include <string.h>

const char *full_name(elaborator *e, const scope *s, name word) {
  if (s->path[0] == 0 && s->copy[0] == 0) return word;
  return arena_printf(e->memory, "%s%s%s", s->path, word, s->copy);
}

/* ---- declaring ---------------------------------------------------------------------------- */

static bool is_start(context *c, const statement *s) {
  double ignored;
  for (const bracket_entry *b = s->entries; b != NULL; b = b->next) {
    if (b->label != NULL) continue;
    if (try_constant(c, b->value, &ignored) == CONSTANT_YES) return true;
  }
  return false;
}

static item *add_item(elaborator *e, scope *s, const statement *st, name word) {
  item *made = arena_alloc(e->memory, sizeof *made);
  *made = (item){.scope = s, .statement = st, .word = word, .position = (int)s->item_count};
  made->value = poison();
  made->sketch = poison();
  if (word != NULL) made->path = full_name(e, s, word);
  ARENA_PUSH(e->memory, s->items, s->item_count, s->item_capacity, made);
  return made;
}

static void add_definer(elaborator *e, symbol *known, item *definer) {
  ARENA_PUSH(e->memory, known->definers, known->definer_count, known->definer_capacity, definer);
  size_t k = known->definer_count - 1;
  bool ordered = definer->scope->ordered; /* elsewhere repeats come after the equation */
  for (; ordered && k > 0 && known->definers[k - 1]->position > definer->position; k--)
    known->definers[k] = known->definers[k - 1];
  known->definers[k] = definer;
}

static void declare_equation(elaborator *e, scope *s, const statement *st) {
  symbol *known = scope_symbol(s, st->word);
  if (!s->ordered) {
    if (!scope_claim(e, s, st->word, st->word_at, &known)) return;
  } else if (known != NULL && known->base != BASE_NONE && !known->handed_over) {
    complain(e, st->word_at, "`%s` is defined twice", st->word);
    remark(e, known->where, "it is defined here already");
    return;
  } else {
    known = scope_add(e, s, st->word, st->word_at);
  }
  add_definer(e, known, add_item(e, s, st, st->word));
}

/* h[-1] = ...: belongs to the equation of that name, which may stand below. */
static void attach_start(elaborator *e, scope *s, const statement *st) {
  symbol *known = scope_symbol(s, st->word);
  item *equation = NULL;
  for (size_t k = 0; known != NULL && k < known->definer_count; k++) {
    if (known->definers[k]->word != NULL) equation = known->definers[k];
  }
  if (equation == NULL) {
    complain(e, st->word_at, "a start of `%s`, which has no equation for its steps, as in "
                             "`%s[t] = ...`", st->word, st->word);
    return;
  }
  add_start(e, equation, st);
}

/* Whether a name that a repeat's lines define exists around it. */
static bool is_visible(elaborator *e, const scope *s, name word) {
  for (; s != NULL; s = s->outer) {
    if (scope_symbol(s, word) != NULL) return true;
  }
  (void)e;
  return false;
}

static void define_anew(elaborator *e, scope *s, item *block, const statement *lines) {
  for (const statement *st = lines; st != NULL; st = st->next) {
    if (st->kind == STATEMENT_REPEAT) define_anew(e, s, block, st->body);
    if (st->kind != STATEMENT_EQUATION || !is_visible(e, s, st->word)) continue;
    symbol *known = scope_add(e, s, st->word, st->word_at);
    bool again = known->definer_count > 0 &&
                 known->definers[known->definer_count - 1] == block;
    if (!again) add_definer(e, known, block);
  }
}

static void declare_output(elaborator *e, scope *s, const statement *st) {
  if (st->word != NULL && st->value != NULL) declare_equation(e, s, st);
}

static void misplaced(elaborator *e, const statement *st, const char *word) {
  complain(e, st->where, "`%s` stands in a model, not in a layer or a repeat", word);
}

static bool is_model(const scope *s) { return s->outer == NULL && s->model; }

static void declare_statement(elaborator *e, scope *s, const statement *st) {
  context c = {.e = e, .scope = s};
  switch (st->kind) {
    case STATEMENT_LET:
      if (!is_model(s)) declare_lets(e, s, st);
      break;
    case STATEMENT_INPUT:
    case STATEMENT_TARGET:
      if (is_model(s)) declare_tensors(e, s, st);
      else misplaced(e, st, st->kind == STATEMENT_INPUT ? "input" : "target");
      break;
    case STATEMENT_PARAM: declare_tensors(e, s, st); break;
    case STATEMENT_EQUATION:
      if (!st->has_brackets || !is_start(&c, st)) declare_equation(e, s, st);
      break;
    case STATEMENT_OUTPUT:
      if (is_model(s)) declare_output(e, s, st);
      else misplaced(e, st, "output");
      break;
    case STATEMENT_REPEAT: add_item(e, s, st, NULL); break;
    case STATEMENT_LOSS:
      if (!is_model(s)) misplaced(e, st, "loss");
      break;
    case STATEMENT_METRIC:
      if (!is_model(s)) misplaced(e, st, "metric");
      break;
    case STATEMENT_RETURN:
      if (is_model(s) || s->ordered) complain(e, st->where, "`return` stands in a layer");
      else if (s->result != NULL) complain(e, st->where, "a layer has one `return`");
      else s->result = st;
      break;
    case STATEMENT_STATE: complain(e, st->where, "`state` stands in an optimizer"); break;
    case STATEMENT_MODEL:
    case STATEMENT_LAYER:
    case STATEMENT_OPTIMIZER:
    case STATEMENT_TRAIN:
    case STATEMENT_IMPORT:
      if (!is_model(s)) complain(e, st->where, "this statement stands at the top of a file");
      break;
  }
}

void declare_statements(elaborator *e, scope *s, const statement *first) {
  context c = {.e = e, .scope = s};
  size_t items = s->item_count;
  int errors = report_errors(e->to);
  for (const statement *st = first; st != NULL; st = st->next) {
    if (report_errors(e->to) > errors && !s->model) return; /* one error a call is enough */
    declare_statement(e, s, st);
  }
  for (const statement *st = first; st != NULL; st = st->next) {
    if (st->kind == STATEMENT_EQUATION && st->has_brackets && is_start(&c, st))
      attach_start(e, s, st);
  }
  for (size_t k = items; k < s->item_count; k++) {
    if (s->items[k]->word == NULL) define_anew(e, s, s->items[k], s->items[k]->statement->body);
  }
}

/* ---- equations ---------------------------------------------------------------------------- */

context equation_context(elaborator *e, const item *equation) {
  const statement *st = equation->statement;
  return (context){.e = e,
                   .scope = equation->scope,
                   .reader = equation,
                   .path = equation->path,
                   .calls = count_calls(e, equation->scope->from, st->value)};
}

value define_value(context *c, const item *equation, const bracket_entry *left, value right) {
  elaborator *e = c->e;
  value made = right;
  int rank = 0;
  if (is_poison(&right)) return right;
  for (const bracket_entry *b = left; b != NULL; b = b->next) {
    index_variable *v = variable_of_binder(c, b);
    if (v == NULL) continue;
    if (rank + right.rank >= MAX_RANK) return poison();
    made.dims[rank++] = v->axis;
  }
  memcpy(&made.dims[rank], right.dims, (size_t)right.rank * sizeof *right.dims);
  made.rank = rank + right.rank;
  made.word = equation->word;
  made.where = equation->statement->word_at;
  int64_t elements = 1;
  for (int k = 0; k < made.rank; k++) {
    int64_t size = value_size(e, &made, k);
    if (size > 0 && elements <= LARGEST_ELEMENTS) elements *= size;
  }
  if (elements > LARGEST_ELEMENTS || made.rank > LARGEST_RANK) {
    complain(e, made.where, "`%s` would be %s: more than 2^40 elements or %d axes", made.word,
             shape_text(e, &made), LARGEST_RANK);
    return poison();
  }
  if (e->exploring == 0) made.node = node_unname(e->g, made.node, made.rank, made.dims);
  return made;
}

static int64_t *known_sizes(elaborator *e, const item *equation) {
  const equation_state *state = equation->state;
  if (state == NULL || state->rank < 0) return NULL;
  int64_t *sizes = arena_alloc(e->memory, (MAX_RANK + 1) * sizeof *sizes);
  for (int k = 0; k <= MAX_RANK; k++) sizes[k] = k < state->rank ? state->sizes[k] : -1;
  return sizes;
}

/* mean[batch](...) as a whole right side. */
static bool is_batch_mean(const elaborator *e, const expression *x) {
  if (x->kind != EXPRESSION_CALL || x->left->kind != EXPRESSION_INDEX) return false;
  if (x->left->left->kind != EXPRESSION_NAME || x->left->left->word != e->word.mean) return false;
  for (const bracket_entry *b = x->left->entries; b != NULL; b = b->next) {
    bool named = b->label == NULL && b->value->kind == EXPRESSION_NAME;
    if (named && b->value->word == e->word.batch) return true;
  }
  return false;
}

/* In prediction the mean over the batch is a running average, a state of the model. */
static value running_mean(elaborator *e, const item *equation, value mean) {
  const char *full = arena_printf(e->memory, "mean.%s", equation->path);
  tensor *state = registered(e, TENSOR_RUNNING, full);
  bool fresh = state == NULL;
  e->modes_differ = true;
  const node *leaf = leaf_like(e, TENSOR_RUNNING, name_of(e->names, full), mean.where, &mean, false,
                               &state);
  if (fresh) {
    register_tensor(e, state, full);
    refresh one = {state, definition_of(full, &mean, mean.where)};
    one.value.rank = state->rank;
    memcpy(one.value.dims, leaf->dims, (size_t)state->rank * sizeof *leaf->dims);
    ARENA_PUSH(e->memory, e->refreshes.items, e->refreshes.count, e->refreshes.capacity, one);
  }
  if (e->predicting) mean.node = leaf;
  return mean;
}

static void elaborate_equation(elaborator *e, item *equation) {
  const statement *st = equation->statement;
  context c = equation_context(e, equation);
  if (!infer_ranges(&c, st->entries, st->value, known_sizes(e, equation))) return;
  value right = expression_value(&c, st->value);
  if (has_starts(equation) && equation->state != NULL) right = fill_step(&c, equation, right);
  value made = define_value(&c, equation, st->entries, right);
  if (!is_poison(&made) && is_batch_mean(e, st->value)) made = running_mean(e, equation, made);
  equation->value = made;
}

void elaborate_item(elaborator *e, item *wanted) {
  if (wanted->progress != UNTOUCHED) return;
  wanted->progress = ACTIVE;
  wanted->caller = e->active;
  e->active = wanted;
  if (wanted->word != NULL) elaborate_equation(e, wanted);
  else elaborate_repeat(e, wanted);
  e->active = wanted->caller;
  wanted->progress = FINISHED;
  if (wanted->word == NULL) return;
  finish_state(e, wanted);
  if (is_poison(&wanted->value)) return;
  define_named(e, wanted->path, &wanted->value, wanted->statement->word_at);
  wanted->value = behind_barrier(e, wanted->word, wanted->value);
}

void elaborate_items(elaborator *e, scope *s) {
  if (e->exploring > 0) return; /* sketched where they are read */
  item **order = order_items(e, s);
  for (size_t k = 0; k < s->item_count; k++) elaborate_item(e, order[k]);
  check_cycles(e, s);
}
