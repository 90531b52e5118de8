/* The document of a derivation: what the model says, the loss, then each derivative in the order of
 * the backward pass, and what it all costs. */
#include <string.h>

#include "story.h"

/* ---- phrases ------------------------------------------------------------------------------ */

static phrase *say(const story *s, words key) {
  return phrase_words(phrase_new(s->memory), key);
}

static phrase *say_formula(const story *s, words key, const formula *f) {
  return phrase_words_formula(phrase_new(s->memory), key, f);
}

static phrase *formula_phrase(const story *s, const formula *f) {
  return phrase_formula(phrase_new(s->memory), f);
}

static void head(story *s, int level, phrase *said, const char *anchor) {
  document_heading(s->d, level, said, anchor);
}

/* ---- the model ---------------------------------------------------------------------------- */

static const formula *size_formula(const story *s, int64_t extent) {
  return formula_number(s->memory, (double)extent);
}

static const formula *shape_formula(const story *s, const symbol *of) {
  const formula *part[MAX_RANK + 1];
  int count = 0;
  if (of->per_sample) part[count++] = batch_letter(s->n);
  for (int k = 0; k < of->rank; k++) {
    int64_t extent = of->dims[k] == AXIS_UNIT ? 1 : axis_extent(s->n->g, of->dims[k]);
    part[count++] = size_formula(s, extent);
  }
  if (count == 0) return formula_number(s->memory, 1);
  return formula_list(s->memory, "×", count, part);
}

static phrase *kind_phrase(const story *s, const symbol *of) {
  if (of->kind == SYMBOL_AUXILIARY) {
    const char *argument = of->spelling;
    (void)argument;
    return say(s, WORDS_kind_equation);
  }
  if (of->kind == SYMBOL_DEFINITION) return say(s, WORDS_kind_equation);
  switch (of->node->tensor->role) {
    case TENSOR_INPUT: return say(s, WORDS_kind_input);
    case TENSOR_TARGET: return say(s, WORDS_kind_target);
    case TENSOR_PARAMETER: return say(s, WORDS_kind_parameter);
    case TENSOR_CONSTANT: return say(s, WORDS_kind_constant);
    default: return say(s, WORDS_kind_other);
  }
}

static void symbol_row(story *s, block *table, const symbol *of) {
  const phrase **cell = arena_alloc(s->memory, 4 * sizeof *cell);
  cell[0] = formula_phrase(s, of->whole);
  cell[1] = kind_phrase(s, of);
  cell[2] = formula_phrase(s, shape_formula(s, of));
  phrase *line = phrase_new(s->memory);
  if (of->where.file == s->d->model && of->where.line > 0) phrase_line(line, of->where.line);
  cell[3] = line;
  table_row(s->d, table, cell);
}

/* The first read of each tensor that the loss needs, in the order of declaration. */
static void leaf_rows(story *s, block *table, tensor *const *list, int count) {
  for (int k = 0; k < count; k++) {
    for (int id = 0; id < s->n->nodes; id++) {
      const node *n = graph_node(s->n->g, id);
      if (n->class != NODE_TENSOR || n->tensor != list[k] || !s->reached[id]) continue;
      symbol_row(s, table, s->n->symbol[id]);
      break;
    }
  }
}

static bool defines(const story *s, int id) {
  const symbol *of = s->n->symbol[id];
  return of && s->reached[id] &&
         (of->kind == SYMBOL_DEFINITION || of->kind == SYMBOL_AUXILIARY);
}

static void symbol_table(story *s) {
  static const alignment align[] = {ALIGN_LEFT, ALIGN_LEFT, ALIGN_LEFT, ALIGN_LEFT};
  const phrase **title = arena_alloc(s->memory, 4 * sizeof *title);
  title[0] = say(s, WORDS_symbol);
  title[1] = say(s, WORDS_kind);
  title[2] = say(s, WORDS_shape);
  title[3] = say(s, WORDS_place);
  block *table = document_table(s->d, 4, align, title);
  leaf_rows(s, table, s->n->p->input, s->n->p->inputs);
  leaf_rows(s, table, s->n->p->target, s->n->p->targets);
  leaf_rows(s, table, s->n->p->parameter, s->n->p->parameters);
  leaf_rows(s, table, s->n->p->constant, s->n->p->constants);
  for (int id = 0; id < s->n->nodes; id++) {
    if (defines(s, id)) symbol_row(s, table, s->n->symbol[id]);
  }
}

static const formula *whole_symbol(story *s, const symbol *of) {
  return matrix_of_symbol(s->n, of, symbol_steps(s->n, of));
}

static const formula *element_value(story *s, index_letters *l, const node *value) {
  bool before = s->n->open[value->id];
  s->n->open[value->id] = true;
  const formula *f = element_of_node(l, value);
  s->n->open[value->id] = before;
  return f;
}

static void tell_cases(story *s, index_letters *l, block *chain, const node *value);

/* Where it is in the model and in the emitted C. */
static const phrase *places(story *s, const symbol *of) {
  phrase *small = phrase_new(s->memory);
  const emitted_place *at = place_in_code(s, of);
  if (of->where.file == s->d->model && of->where.line > 0) phrase_line(small, of->where.line);
  if (at && small->count > 0) phrase_plain(small, "; ");
  if (at) phrase_emitted(small, at->function, at->line);
  return small->count > 0 ? small : NULL;
}

/* symbol = value, whole and by elements. */
static void equation(story *s, const symbol *of, const node *value, bool final,
                     const char *anchor) {
  index_letters *l = letters_new(s->n);
  letters_of_symbol(l, of);
  block *chain = document_chain(s->d, anchor, final);
  const formula *left = whole_symbol(s, of), *whole = left ? whole_value(s->n, of, value) : NULL;
  if (whole) chain_add(s->d, chain, left, "=", whole, NULL);
  chain_add(s->d, chain, element_of_symbol(l, of), "=", element_value(s, l, value), NULL);
  if (of->kind == SYMBOL_ADJOINT) tell_cases(s, l, chain, value);
  chain->words = places(s, of);
}

/* How the emitted C spells what has a letter here, by the first parameter. */
static void tell_spelling(story *s) {
  if (!s->places || s->n->p->parameters == 0) return;
  const symbol *of = s->n->symbol[s->n->r->leaf[0]->id];
  if (!of) return;
  const formula *by = formula_partial(s->memory, loss_letter(s->n), of->whole);
  const char *in_c = word_spelt(s->memory, of->spelling);
  const phrase *part[] = {
      phrase_code(phrase_new(s->memory), in_c), formula_phrase(s, of->whole),
      phrase_code(phrase_new(s->memory), arena_printf(s->memory, "d_%s", in_c)),
      formula_phrase(s, by)};
  phrase *said = phrase_new(s->memory);
  document_paragraph(s->d, phrase_words_with(said, WORDS_spelled_in_c, 4, part));
}

static void tell_model(story *s) {
  bool recurrent = false;
  for (axis a = 0; a < axis_count(s->n->g); a++) recurrent = recurrent || s->n->steps[a];
  head(s, 1, say(s, WORDS_the_model), "model");
  document_paragraph(s->d, say_formula(s, WORDS_notation_samples, batch_letter(s->n)));
  if (recurrent) document_paragraph(s->d, say(s, WORDS_notation_each));
  tell_spelling(s);
  symbol_table(s);
  for (int id = 0; id < s->n->nodes; id++) {
    if (defines(s, id)) equation(s, s->n->symbol[id], graph_node(s->n->g, id), false, NULL);
  }
}

/* ---- the loss ----------------------------------------------------------------------------- */

static void tell_loss(story *s) {
  head(s, 1, say(s, WORDS_the_loss), "loss");
  document_paragraph(s->d, say(s, WORDS_written_loss));
  index_letters *l = letters_new(s->n);
  block *chain = document_chain(s->d, "L", true);
  unfold_written(s, l, chain, loss_letter(s->n), s->n->r->objective);
  tell_stable_forms(s);
}

/* ---- one derivative ----------------------------------------------------------------------- */

/* The chain rule with its function's derivative, in letters where the argument is a letter. */
static phrase *reason_of_map(story *s, const derivation_share *share, index_letters *l) {
  const node *n = share->reader;
  const char *spelled = op_rows[n->op].name;
  if (symbol_of(s->n, n->operand[0]) && share->written.form.operands == 2) {
    bool before = s->n->open[n->id];
    s->n->open[n->id] = true;
    const formula *by = element_of_node(l, n->operand[0]), *of = element_of_node(l, n);
    s->n->open[n->id] = before;
    const formula *is = element_of_node(l, share->written.form.operand[1]);
    return say_formula(s, WORDS_rule_chain,
                       formula_relation(s->memory, formula_partial(s->memory, of, by), "=", is));
  }
  const formula *a = formula_symbol(s->memory, "a");
  const formula *f = formula_call1(s->memory, n->op == OP_sigmoid ? "σ" : spelled, a);
  if (n->op == OP_exp || !*spelled) return say(s, WORDS_rule_product);
  return say_formula(s, WORDS_rule_chain, formula_partial(s->memory, f, a));
}

static phrase *reason_of(story *s, const derivation_share *share, index_letters *l) {
  const node *reader = share->reader;
  switch (reader->class) {
    case NODE_SUM: return say(s, WORDS_rule_sum);
    case NODE_PRODUCT:
      return say(s, reader->operands == 1 && reader->bound == 0 ? WORDS_rule_power
                                                                : WORDS_rule_product);
    case NODE_MAP: return reason_of_map(s, share, l);
    case NODE_VIEW: return say(s, WORDS_rule_view);
    case NODE_SELECT:
      if (reader->select != SELECT_LOGSUMEXP) return say(s, WORDS_rule_max);
      break;
    default: return say(s, WORDS_rule_reads);
  }
  return say(s, WORDS_rule_lse);
}

/* The rules of all shares, each once. */
static phrase *reasons(story *s, const derivation_adjoint *of, index_letters *l) {
  phrase *all = phrase_new(s->memory);
  const char *said[8];
  int count = 0;
  for (size_t k = 0; k < of->shares; k++) {
    phrase *one = reason_of(s, &of->share[k], l);
    const char *key = words_in(LANGUAGE_ENGLISH, one->run[0].words);
    bool known = false;
    for (int j = 0; j < count; j++) known = known || said[j] == key;
    if (known || count == 8) continue;
    if (count > 0) phrase_plain(all, ", ");
    said[count++] = key;
    for (size_t r = 0; r < one->count; r++) phrase_run(all, one->run[r]);
  }
  return all;
}

/* The bracket [t = j] that stands as a term in the value, or NULL. */
static const node *bracket_term(const node *value) {
  for (int k = 0; k < value->operands; k++) {
    const node *n = value->operand[k];
    if (value->class == NODE_SUM && n->boolean && n->class == NODE_MAP && n->op == OP_equal) {
      return n;
    }
    if (value->class == NODE_PRODUCT && value->bound == 0 && n->class == NODE_SUM) {
      const node *found = bracket_term(n);
      if (found) return found;
    }
  }
  return NULL;
}

/* p_j - [t = j] read out: p_j - 1 where t = j, otherwise p_j. */
static void tell_cases(story *s, index_letters *l, block *chain, const node *value) {
  const node *bracket = bracket_term(value);
  if (!bracket || bracket->id >= s->n->nodes) return;
  const formula *holds = element_of_node(l, bracket), *part[3];
  if (holds->kind == FORMULA_FENCE) holds = holds->part[0];
  written_term is[2];
  for (int k = 0; k < 2; k++) {
    is[k] = (written_term){.factor = 1, .form = {.class = NODE_CONSTANT, .id = -1,
                                                 .value = 1 - k}};
    s->n->shown[bracket->id] = &is[k];
    part[2 * k] = element_value(s, l, value);
  }
  s->n->shown[bracket->id] = NULL;
  part[1] = holds;
  chain_add(s->d, chain, NULL, "=", formula_cases(s->memory, 3, part), say(s, WORDS_read_out));
}

static void final_form(story *s, const symbol *of, const node *value, const char *anchor) {
  const node *opened[16];
  int count = open_adjoints(s->n, of, value, opened, 16);
  equation(s, of, value, true, anchor);
  for (int k = 0; k < count; k++) s->n->open[opened[k]->id] = false;
}

/* The state's adjoint among what the node is made of: dL/dh_t, a leaf. */
static const node *total_in(const story *s, const node *n) {
  for (int k = 0; k < n->operands; k++) {
    const symbol *of = symbol_of(s->n, n->operand[k]);
    if (of && of->total) return n->operand[k];
  }
  return NULL;
}

/* Which way a body reads its own next step: 1, -1, or 0 where it has none. */
static int64_t step_of(const story *s, const node *n, int depth) {
  if (depth > 12) return 0;
  for (int k = 0; n->class == NODE_VIEW && k < n->view->reads; k++) {
    const affine *read = &n->view->read[k];
    for (int w = 0; w < n->view->writes; w++) {
      const affine *write = &n->view->write[w];
      if (s->n->steps[write->along] && read->constant != write->constant) {
        return read->constant > write->constant ? 1 : -1;
      }
    }
  }
  for (int k = 0; k < n->operands; k++) {
    if (symbol_of(s->n, n->operand[k])) continue;
    int64_t found = step_of(s, n->operand[k], depth + 1);
    if (found) return found;
  }
  return 0;
}

/* δ_t = (∂L/∂h_t + Wᵀ δ_{t+1}) ∘ (1 − h_t²), and what δ is beyond the last step. */
static void through_time(story *s, const symbol *of, const node *value) {
  const node *total = total_in(s, value);
  if (!total) return;
  const node *body = s->n->r->body[total->tensor->number];
  int64_t onward = body ? step_of(s, body, 0) : 0;
  s->n->open[total->id] = true;
  const formula *f = whole_value(s->n, of, value);
  s->n->open[total->id] = false;
  if (!f || !onward) return;
  block *chain = document_chain(s->d, "time", true);
  chain_add(s->d, chain, whole_symbol(s, of), "=", f, NULL);
  const formula *end = onward > 0 ? formula_symbol(s->memory, "T") : formula_number(s->memory, -1);
  const formula *delta = formula_symbol(s->memory, "δ");
  chain_add(s->d, chain, formula_indexed(s->memory, delta, 1, &end), "=",
            formula_number(s->memory, 0),
            say(s, onward > 0 ? WORDS_boundary : WORDS_boundary_first));
}

/* ∂lse/∂z = exp(z − lse) = p, for the log-sum-exps that pass on to it. */
static void tell_softmax(story *s, const derivation_adjoint *how, index_letters *l) {
  for (size_t k = 0; k < how->shares; k++) {
    const node *lse = how->share[k].reader;
    const written_term *written = &how->share[k].written;
    bool known = lse->class == NODE_SELECT && lse->select == SELECT_LOGSUMEXP &&
                 !written->node && written->form.operands == 3;
    if (!known) continue;
    const node *p = written->form.operand[2];
    const formula *left = formula_partial(s->memory, element_of_node(l, lse),
                                          element_of_node(l, lse->operand[0]));
    block *chain = document_chain(s->d, NULL, false);
    chain_add(s->d, chain, left, "=", element_value(s, l, p), say(s, WORDS_rule_lse));
    if (!symbol_of(s->n, p)) continue;
    chain_add(s->d, chain, NULL, "=", element_of_node(l, p), say(s, WORDS_definition));
  }
}

static const char *anchor_of(const story *s, const symbol *by) {
  return arena_printf(s->memory, "d.%s", by->spelling);
}

static void tell_derivative(story *s, const symbol *of, const derivation_adjoint *how,
                            const node *value) {
  index_letters *l = letters_new(s->n);
  letters_of_symbol(l, of);
  head(s, 2, say_formula(s, WORDS_derivative_by, of->by->whole), NULL);
  tell_softmax(s, how, l);
  block *chain = document_chain(s->d, NULL, false);
  unfold_adjoint(s, l, chain, element_of_symbol(l, of), how, reasons(s, how, l));
  final_form(s, of, value, anchor_of(s, of->by));
  if (of->delta) through_time(s, of, value);
}

/* ---- in the order of the backward pass ---------------------------------------------------- */

static symbol adjoint_symbol(const symbol *by, const node *value) {
  symbol made = *by;
  made.kind = SYMBOL_ADJOINT;
  made.by = by;
  made.node = value;
  made.parameter = by->parameter;
  return made;
}

static void tell_tensor(story *s, const derivation_adjoint *a) {
  const symbol *by = s->n->symbol[a->of->id];
  if (!by || (by->kind != SYMBOL_DEFINITION && by->kind != SYMBOL_AUXILIARY)) return;
  if (a->value->class == NODE_CONSTANT) return;
  symbol *of = arena_alloc(s->memory, sizeof *of);
  const symbol *named = s->n->symbol[a->value->id];
  *of = adjoint_symbol(by, a->value);
  of->delta = named && named->by == by && named->delta;
  of->total = a->reference != NULL;
  tell_derivative(s, of, a, a->value);
}

/* Where in the walk a parameter's gradient is complete: at its last reader. */
static int last_reader(const story *s, const tensor *parameter) {
  int last = s->n->nodes;
  for (int k = 0; k < s->n->r->adjoints; k++) {
    const derivation_adjoint *a = &s->n->r->adjoint[k];
    if (a->of->class != NODE_TENSOR || a->of->tensor != parameter) continue;
    for (size_t j = 0; j < a->shares; j++) {
      if (a->share[j].reader->id < last) last = a->share[j].reader->id;
    }
  }
  return last;
}

static const derivation_adjoint *single_read(const story *s, int parameter) {
  const derivation_adjoint *found = NULL;
  for (int k = 0; k < s->n->r->adjoints; k++) {
    const derivation_adjoint *a = &s->n->r->adjoint[k];
    if (a->of->class != NODE_TENSOR || a->of->tensor != s->n->p->parameter[parameter]) continue;
    if (found) return NULL;
    found = a;
  }
  return found;
}

static void tell_parameter(story *s, int k) {
  const node *leaf = s->n->r->leaf[k], *value = s->n->r->gradient[k].value;
  const symbol *by = s->n->symbol[leaf->id];
  const derivation_adjoint *how = single_read(s, k);
  symbol *of = arena_alloc(s->memory, sizeof *of);
  if (value->class == NODE_CONSTANT || !by) {
    if (!by) return;
    document_paragraph(s->d, say_formula(s, WORDS_no_gradient, by->whole));
    return;
  }
  if (how) { /* under the axes of the read itself */
    by = s->n->symbol[how->of->id];
    value = how->value;
  }
  *of = adjoint_symbol(by, value);
  if (how) tell_derivative(s, of, how, value);
  else {
    head(s, 2, say_formula(s, WORDS_derivative_by, by->whole), NULL);
    final_form(s, of, value, anchor_of(s, by));
  }
}

static void tell_backward(story *s) {
  int parameters = s->n->p->parameters;
  int *at = arena_alloc(s->memory, ((size_t)parameters + 1) * sizeof *at);
  head(s, 1, say(s, WORDS_the_backward_pass), "backward");
  for (int k = 0; k < parameters; k++) at[k] = last_reader(s, s->n->p->parameter[k]);
  for (int a = 0; a <= s->n->r->adjoints; a++) {
    int id = a < s->n->r->adjoints ? s->n->r->adjoint[a].of->id : -1;
    for (int k = 0; k < parameters; k++) {
      if (at[k] <= id) continue;
      tell_parameter(s, k);
      at[k] = -2;
    }
    if (a < s->n->r->adjoints) tell_tensor(s, &s->n->r->adjoint[a]);
  }
}

/* ---- all of it ---------------------------------------------------------------------------- */

static void find_reached(story *s) {
  program only = {.g = s->n->p->g, .objective = s->n->r->objective};
  for (int k = 0; k < s->n->r->definitions; k++) {
    for (int j = 0; j < s->n->p->outputs; j++) {
      if (s->n->p->output[j].word == s->n->r->definition[k].word) only.outputs++;
    }
  }
  only.output = arena_alloc(s->memory, ((size_t)only.outputs + 1) * sizeof *only.output);
  only.outputs = 0;
  for (int k = 0; k < s->n->r->definitions; k++) {
    for (int j = 0; j < s->n->p->outputs; j++) {
      if (s->n->p->output[j].word != s->n->r->definition[k].word) continue;
      only.output[only.outputs++] = s->n->r->definition[k];
    }
  }
  bool *found = program_reach(&only, false);
  s->reached = arena_alloc(s->memory, (size_t)s->n->nodes * sizeof *s->reached);
  memcpy(s->reached, found, (size_t)s->n->nodes * sizeof *found);
}

document *derivation_document(const explanation *what) {
  const program *p = what->program;
  arena *memory = what->memory;
  story s = {.memory = memory, .n = notation_of(memory, p)};
  const phrase *model[] = {phrase_plain(phrase_new(memory), p->model)};
  phrase *title = phrase_words_with(phrase_new(memory), WORDS_title, 1, model);
  s.d = document_new(memory, what->language, title, what->model, what->emitted);
  s.places = what->places;
  s.real_bytes = what->real_bytes;
  find_reached(&s);
  tell_model(&s);
  tell_loss(&s);
  tell_backward(&s);
  tell_cost(&s);
  document_fold(s.d);
  return s.d;
}
