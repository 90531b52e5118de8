/* update: each optimizer's rule as one loop over the whole parameter region, or over stretches of it
 * where gradients are added by the same stretches, each by the thread that has them in its cache.
 * Gaps between tensors hold zeros in all regions. What depends on the step and the hyperparameters
 * alone is computed in double, and calls of libm in it once, before the loop. */
#include <string.h>

#include "writer.h"

static bool is_scalar(const node *n) {
  if (n->class == NODE_TENSOR) return n->tensor->role == TENSOR_SCALAR;
  for (int k = 0; k < n->operands; k++) {
    if (!is_scalar(n->operand[k])) return false;
  }
  return true;
}

static bool calls(const node *n) {
  if (n->class == NODE_MAP && op_rows[n->op].strength == BIND_PRIMARY && n->op != OP_stop) {
    return true;
  }
  for (int k = 0; k < n->operands; k++) {
    bool root = n->class == NODE_PRODUCT && n->power[k] > 0.4 && n->power[k] < 0.6;
    if (root || calls(n->operand[k])) return true;
  }
  return false;
}

static void hoist(writer *w, rule_words *words, const node *n) {
  for (int k = 0; k < words->hoists; k++) {
    if (words->hoisted[k] == n) return;
  }
  if (!is_scalar(n)) {
    for (int k = 0; k < n->operands; k++) hoist(w, words, n->operand[k]);
    return;
  }
  if (!calls(n) || words->hoists == 16) return;
  words->hoisted_word[words->hoists] =
      words->hoists == 0 ? "scale" : arena_printf(w->memory, "scale_%d", words->hoists + 1);
  words->hoisted[words->hoists++] = n;
}

static bool reads(const node *n, const tensor *t, const node *but) {
  if (n == but) return false;
  if (n->class == NODE_TENSOR) return n->tensor == t;
  for (int k = 0; k < n->operands; k++) {
    if (reads(n->operand[k], t, but)) return true;
  }
  return false;
}

/* Something that is computed after new_state[k] still needs the old state. */
static bool old_state_needed(const optimizer_rule *rule, int k) {
  const tensor *t = rule->state[k];
  for (int j = k + 1; j < rule->states; j++) {
    if (reads(rule->new_state[j], t, rule->new_state[k])) return true;
  }
  return reads(rule->new_p, t, rule->new_state[k]);
}

static bool rule_reads(const optimizer_rule *rule, const tensor *t) {
  for (int k = 0; k < rule->states; k++) {
    if (reads(rule->new_state[k], t, NULL)) return true;
  }
  return reads(rule->new_p, t, NULL);
}

static const char *word(writer *w, const tensor *t) { return rule_word(w, t); }

static void declare_scalars(writer *w, const optimizer_rule *rule, rule_words *words) {
  for (int k = 1; k < rule->hyperparameters; k++) {
    if (!rule_reads(rule, rule->hyperparameter[k])) continue;
    line(w, "const double %s = head->hyperparameter[%d];", word(w, rule->hyperparameter[k]), k);
  }
  if (rule->step && rule_reads(rule, rule->step)) {
    line(w, "const double step = (double)head->step;");
  }
  int hoists = words->hoists;
  for (int k = 0; k < hoists; k++) {
    words->hoists = 0;
    w->type = NUMBER_DOUBLE;
    piece value = value_piece(w, words->hoisted[k], NULL, false);
    w->type = NUMBER_REAL;
    bool narrow = w->p->real_bytes == 4;
    line(w, "const %s %s = %s%s;", real_word(w), words->hoisted_word[k], narrow ? "(float)" : "",
         narrow ? within(w, value, BIND_UNARY) : value.chars);
  }
  words->hoists = hoists;
}

/* ---- states that are not used --------------------------------------------------------------- */

/* Whether n is 0 where the hyperparameter `off` is. */
static bool is_zero_without(const node *n, const tensor *off) {
  if (n->class == NODE_TENSOR) return n->tensor == off;
  if (n->class == NODE_PRODUCT) {
    for (int k = 0; k < n->operands; k++) {
      if (n->power[k] > 0 && is_zero_without(n->operand[k], off)) return true;
    }
    return false;
  }
  if (n->class != NODE_SUM || n->value < 0 || n->value > 0) return false;
  for (int k = 0; k < n->operands; k++) {
    if (!is_zero_without(n->operand[k], off)) return false;
  }
  return true;
}

static bool needs(const node *n, const tensor *state, const tensor *off) {
  if (is_zero_without(n, off)) return false;
  if (n->class == NODE_TENSOR) return n->tensor == state;
  for (int k = 0; k < n->operands; k++) {
    if (needs(n->operand[k], state, off)) return true;
  }
  return false;
}

static bool is_idle(const optimizer_rule *rule, int k, const tensor *off) {
  for (int j = 0; j < rule->states; j++) {
    if (needs(rule->new_state[j], rule->state[k], off)) return false;
  }
  return !needs(rule->new_p, rule->state[k], off);
}

/* A hyperparameter that is 0 unless somebody asks for more, and without which a state has no effect, as
 * that of momentum; or NULL. */
static const tensor *find_idle(const optimizer_rule *rule, bool *idle) {
  for (int h = 1; h < rule->hyperparameters; h++) {
    const bool is_off = rule->has_default[h] && !(rule->default_value[h] < 0) &&
                        !(rule->default_value[h] > 0);
    bool any = false;
    for (int k = 0; is_off && k < rule->states; k++) {
      idle[k] = is_idle(rule, k, rule->hyperparameter[h]);
      any = any || idle[k];
    }
    if (any) return rule->hyperparameter[h];
  }
  return NULL;
}

static bool contains(const node *n, const node *part) {
  if (n == part) return true;
  for (int k = 0; k < n->operands; k++) {
    if (contains(n->operand[k], part)) return true;
  }
  return false;
}

/* What would be its new value, if anything asks for it. */
static void emit_idle(writer *w, rule_words *words, int k) {
  const optimizer_rule *rule = words->rule;
  const node *value = rule->new_state[k];
  bool asked = contains(rule->new_p, value);
  for (int j = k + 1; j < rule->states; j++) asked = asked || contains(rule->new_state[j], value);
  if (!asked || value->operands == 0) return;
  words->state_new[k] = arena_printf(w->memory, "new_%s", word(w, rule->state[k]));
  line(w, "const %s %s = %s;", real_word(w), words->state_new[k],
       value_piece(w, value, NULL, false).chars);
  words->state_done[k] = true;
}

/* ---- the loop -------------------------------------------------------------------------------- */

static void emit_states(writer *w, const optimizer_rule *rule, rule_words *words) {
  for (int k = 0; k < rule->states; k++) {
    const char *state = word(w, rule->state[k]);
    if (words->idle[k]) {
      emit_idle(w, words, k);
      continue;
    }
    piece value = value_piece(w, rule->new_state[k], NULL, false);
    if (rule->new_state[k]->class == NODE_TENSOR && rule->new_state[k]->tensor == rule->state[k]) {
      continue;
    }
    if (old_state_needed(rule, k)) {
      words->state_new[k] = arena_printf(w->memory, "new_%s", state);
      line(w, "const %s new_%s = %s;", real_word(w), state, value.chars);
    } else {
      line(w, "%s[i] = %s;", state, value.chars);
    }
    words->state_done[k] = rule->new_state[k]->class != NODE_TENSOR &&
                           rule->new_state[k]->class != NODE_CONSTANT;
  }
  line(w, "p[i] = %s;", value_piece(w, rule->new_p, NULL, false).chars);
  for (int k = 0; k < rule->states; k++) {
    if (words->state_new[k] && !words->idle[k]) {
      line(w, "%s[i] = %s;", word(w, rule->state[k]), words->state_new[k]);
    }
  }
}

static void emit_loop(writer *w, const optimizer_rule *rule, rule_words *words) {
  line(w, "for (size_t i = 0; i < elements; i++) {");
  w->indent++;
  emit_states(w, rule, words);
  w->indent--;
  line(w, "}");
}

/* The loop without what is idle while a hyperparameter is 0: half of the memory that plain gradient
 * descent goes over is its momentum's. */
static void emit_without_idle(writer *w, const optimizer_rule *rule, rule_words *words) {
  bool idle[8] = {false};
  const tensor *off = find_idle(rule, idle);
  if (!off) return;
  rule_words few = *words;
  memcpy(few.idle, idle, sizeof few.idle);
  w->rule = &few;
  line(w, "if (%s == 0.0) {", word(w, off));
  w->indent++;
  emit_loop(w, rule, &few);
  line(w, "return;");
  w->indent--;
  line(w, "}");
  w->rule = words;
}

static void emit_rule(writer *w, const optimizer_rule *rule) {
  rule_words words = {.rule = rule};
  text states = text_new(w->memory);
  const char *type = real_word(w), *rate = word(w, rule->hyperparameter[0]);
  for (int k = 0; k < rule->states; k++) {
    text_printf(&states, ", %s *%s", type, word(w, rule->state[k]));
    hoist(w, &words, rule->new_state[k]);
  }
  hoist(w, &words, rule->new_p);
  w->rule = &words;
  text_printf(w->out, "\n/* One step of %s on parameters p with gradients g. */\n", rule->word);
  line(w, "static void update_%s(const nnrt_head *head, double %s, size_t elements, %s *p,",
       word_spelt(w->memory, rule->word), rate, type);
  line(w, "    const %s *g%s) {", type, states.length > 0 ? states.chars : "");
  w->indent++;
  text body = text_new(w->memory), *outer = w->out;
  w->out = &body;
  declare_scalars(w, rule, &words);
  w->out = outer;
  if (!body.length || !strstr(body.chars, "head->")) line(w, "(void)head;");
  if (!rule_reads(rule, rule->hyperparameter[0])) line(w, "(void)%s;", rate);
  if (!rule_reads(rule, rule->gradient)) line(w, "(void)g;");
  text_append_length(w->out, body.chars, body.length);
  emit_without_idle(w, rule, &words);
  emit_loop(w, rule, &words);
  w->indent--;
  line(w, "}");
  w->rule = NULL;
}

/* Elements below which a second thread brings nothing. */
enum { WORTH_STRETCHES = 1 << 15 };

static bool in_stretches(const plan *p) {
  const entry_plan *e = &p->entry[ENTRY_GRADIENT];
  return (e->parts > 1 || e->shared > 0) && p->parameter_bytes / p->real_bytes >= WORTH_STRETCHES;
}

static void emit_call(writer *w, const optimizer_rule *rule) {
  text states = text_new(w->memory);
  const char *from = in_stretches(w->p) ? " + from" : "";
  for (int k = 0; k < rule->states; k++) {
    text_append(&states, ", at(block, OPTIMIZER_STATES");
    if (k == 1) text_append(&states, " + PARAMETER_BYTES");
    if (k > 1) text_printf(&states, " + %d * PARAMETER_BYTES", k);
    text_printf(&states, "%s)", from);
  }
  line(w, "update_%s(head, rate, elements, at(block, PARAMETERS%s), at(block, GRADIENTS%s)%s);",
       word_spelt(w->memory, rule->word), from, from, states.length > 0 ? states.chars : "");
}

static void emit_switch(writer *w) {
  const program *m = w->p->p;
  if (m->optimizers == 1) emit_call(w, &m->optimizer[0]);
  for (int k = 0; k < m->optimizers && m->optimizers > 1; k++) {
    bool last = k + 1 == m->optimizers;
    if (last) line(w, "else");
    else line(w, "%sif (head->optimizer == %d)", k > 0 ? "else " : "", k);
    w->indent++;
    emit_call(w, &m->optimizer[k]);
    w->indent--;
  }
}

/* The stretches are add_stretch's, but for whole vectors; where products are shared, there are as
 * many as threads. */
static void emit_stretches(writer *w) {
  line(w, "typedef struct update_call {");
  line(w, "  void *block;");
  line(w, "  double rate;");
  line(w, "  size_t stretches;");
  line(w, "} update_call;");
  line(w, "\n/* One step of the head's optimizer on a stretch of all parameters. */");
  line(w, "static void update_stretch(void *context, size_t stretch) {");
  w->indent++;
  line(w, "const update_call *call = context;");
  line(w, "void *block = call->block;");
  line(w, "const nnrt_head *head = block;");
  line(w, "const double rate = call->rate;");
  line(w, "const size_t lines = PARAMETER_BYTES / %d;", ALIGNMENT);
  line(w, "const size_t from = lines * stretch / call->stretches * %d;", ALIGNMENT);
  line(w, "const size_t to = lines * (stretch + 1) / call->stretches * %d;", ALIGNMENT);
  line(w, "const size_t elements = (to - from) / sizeof(%s);", real_word(w));
  emit_switch(w);
  w->indent--;
  line(w, "}");
}

static void emit_update(writer *w) {
  const bool any = w->p->p->optimizers > 0, stretches = any && in_stretches(w->p);
  if (stretches) emit_stretches(w);
  line(w, "\n/* One step of the head's optimizer. */");
  line(w, "static void compute_update(void *block, double rate) {");
  w->indent++;
  line(w, "nnrt_head *head = block;");
  line(w, "head->step++;");
  if (!any) {
    line(w, "(void)rate;");
  } else if (stretches) {
    line(w, "update_call call = {block, rate, %s};", w->p->entry[ENTRY_GRADIENT].parts > 1
                                                         ? "PARTS" : "nnrt_team_members(head->team)");
    line(w, "nnrt_team_run(head->team, call.stretches, update_stretch, &call);");
  } else {
    line(w, "const size_t elements = PARAMETER_BYTES / sizeof(%s);", real_word(w));
    emit_switch(w);
  }
  w->indent--;
  line(w, "}");
}

void emit_updates(writer *w) {
  const program *m = w->p->p;
  w->e = NULL;
  w->type = NUMBER_REAL;
  w->helpers->at = w->helpers->at || m->optimizers > 0;
  for (int k = 0; k < m->optimizers; k++) emit_rule(w, &m->optimizer[k]);
  text_append(w->out, "\n");
  emit_update(w);
}
