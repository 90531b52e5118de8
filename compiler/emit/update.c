/* update: each optimizer's rule as one loop over the whole parameter region, or over stretches of it
 * where gradients are added by the same stretches, each by the thread that has them in its cache.
 * Gaps between tensors hold zeros in all regions. What depends on the step and the hyperparameters
 * alone is computed in double; calls of libm in it, and one over what is divided by, once, before the
 * loop. */
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

static void hoist_one(writer *w, rule_words *words, const node *n, bool inverse) {
  for (int k = 0; k < words->hoists; k++) {
    if (words->hoisted[k].of == n && words->hoisted[k].inverse == inverse) return;
  }
  if (words->hoists == MOST_HOISTS) return;
  const char *word = words->hoists == 0 ? "scale" : arena_printf(w->memory, "scale_%d", words->hoists + 1);
  words->hoisted[words->hoists++] = (hoisted_number){n, inverse, word};
}

/* What needs a call, and what is divided by. */
static void hoist(writer *w, rule_words *words, const node *n) {
  if (is_scalar(n)) {
    if (calls(n)) hoist_one(w, words, n, false);
    return;
  }
  for (int k = 0; k < n->operands; k++) {
    const bool divides = n->class == NODE_PRODUCT && n->power[k] > -1.001 && n->power[k] < -0.999;
    if (divides && is_scalar(n->operand[k])) hoist_one(w, words, n->operand[k], true);
    else hoist(w, words, n->operand[k]);
  }
}

/* Something that is computed after new_state[k] still needs the old state. */
static bool old_state_needed(const optimizer_rule *rule, int k) {
  const tensor *t = rule->state[k];
  for (int j = k + 1; j < rule->states; j++) {
    if (node_reads(rule->new_state[j], t, rule->new_state[k])) return true;
  }
  return node_reads(rule->new_p, t, rule->new_state[k]);
}

static const char *word(writer *w, const tensor *t) { return rule_word(w, t); }

static void declare_scalars(writer *w, const optimizer_rule *rule) {
  for (int k = 1; k < rule->hyperparameters; k++) {
    if (!rule_reads(rule, rule->hyperparameter[k])) continue;
    line(w, "const double %s = head->hyperparameter[%d];", word(w, rule->hyperparameter[k]), k);
  }
  if (rule->step && rule_reads(rule, rule->step)) {
    line(w, "const double step = (double)head->step;");
  }
}

/* Once before the loop. */
static void declare_hoisted(writer *w, rule_words *words) {
  int hoists = words->hoists;
  for (int k = 0; k < hoists; k++) {
    const hoisted_number *one = &words->hoisted[k];
    words->hoists = 0;
    w->type = NUMBER_DOUBLE;
    piece value = value_piece(w, one->of, NULL, false);
    if (one->inverse) value = piece_of(w, BIND_MULTIPLY, "1.0 / %s", within(w, value, BIND_MULTIPLY + 1));
    w->type = NUMBER_REAL;
    bool narrow = w->p->real_bytes == 4;
    line(w, "const %s %s = %s%s;", real_word(w), one->word, narrow ? "(float)" : "",
         narrow ? within(w, value, BIND_UNARY) : value.chars);
  }
  words->hoists = hoists;
}

static void emit_states(writer *w, const optimizer_rule *rule, rule_words *words) {
  for (int k = 0; k < rule->states; k++) {
    const char *state = word(w, rule->state[k]);
    if (rule->idle[k]) continue;
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
    if (words->state_new[k]) {
      line(w, "%s[i] = %s;", word(w, rule->state[k]), words->state_new[k]);
    }
  }
}

static void emit_rule_loop(writer *w, const optimizer_rule *rule) {
  rule_words words = {.rule = rule};
  for (int k = 0; k < rule->states; k++) {
    if (!rule->idle[k]) hoist(w, &words, rule->new_state[k]);
  }
  hoist(w, &words, rule->new_p);
  w->rule = &words;
  declare_hoisted(w, &words);
  line(w, "for (size_t i = 0; i < elements; i++) {");
  w->indent++;
  emit_states(w, rule, &words);
  w->indent--;
  line(w, "}");
  w->rule = NULL;
}

/* Two fifths of the memory that gradient descent goes over are its momentum's. */
static void emit_without_off(writer *w, const optimizer_rule *rule) {
  line(w, "if (%s == 0.0) {", word(w, rule->off));
  w->indent++;
  emit_rule_loop(w, rule->without_off);
  line(w, "return;");
  w->indent--;
  line(w, "}");
}

static void emit_rule(writer *w, const optimizer_rule *rule) {
  text states = text_new(w->memory);
  const char *type = real_word(w), *rate = word(w, rule->hyperparameter[0]);
  for (int k = 0; k < rule->states; k++) {
    text_printf(&states, ", %s *%s", type, word(w, rule->state[k]));
  }
  text_printf(w->out, "\n/* One step of %s on parameters p with gradients g. */\n", rule->word);
  line(w, "static void update_%s(const nnrt_head *head, double %s, size_t elements, %s *p,",
       word_spelt(w->memory, rule->word), rate, type);
  line(w, "    const %s *g%s) {", type, states.length > 0 ? states.chars : "");
  w->indent++;
  const size_t before = w->out->length;
  declare_scalars(w, rule);
  if (w->out->length == before) line(w, "(void)head;");
  if (!rule_reads(rule, rule->hyperparameter[0])) line(w, "(void)%s;", rate);
  if (!rule_reads(rule, rule->gradient)) line(w, "(void)g;");
  if (rule->off) emit_without_off(w, rule);
  emit_rule_loop(w, rule);
  w->indent--;
  line(w, "}");
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
