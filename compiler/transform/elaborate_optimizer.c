/* elaborate_optimizer: `optimizer f(rate, m = 0) { state v = 0 ... }` into a rule for one element:
 * p is the parameter, g its gradient, step counts from 1; lines run in order. */
#include "elaborate.h"

enum { MOST = 8 }; /* of hyperparameters, and of states: sizes in optimizer_rule */

typedef struct rule_list {
  optimizer_rule *items;
  size_t count, capacity;
} rule_list;

static tensor *bind_leaf(elaborator *e, scope *s, const statement *st, name word, place where,
                         tensor_role role) {
  symbol *made;
  if (!scope_claim(e, s, word, where, &made)) return NULL;
  const char *full = arena_printf(e->memory, "%s.%s", st->word, word);
  tensor *t = tensor_new(e->g, role, name_of(e->names, full), where, 0, NULL);
  made->base = BASE_VALUE;
  made->value = value_of_node(node_tensor(e->g, t, NULL));
  return t;
}

static void bind_hyperparameters(elaborator *e, scope *s, const statement *st,
                                 optimizer_rule *rule) {
  context c = {.e = e, .scope = s};
  for (const formal *f = st->formals; f != NULL; f = f->next) {
    int k = rule->hyperparameters;
    if (k == MOST) {
      complain(e, f->where, "an optimizer has at most %d hyperparameters", MOST);
      return;
    }
    if (f->has_brackets) complain(e, f->where, "a hyperparameter is a number, not a tensor");
    rule->hyperparameter[k] = bind_leaf(e, s, st, f->word, f->where, TENSOR_SCALAR);
    rule->has_default[k] = f->default_value != NULL;
    if (f->default_value != NULL)
      want_constant(&c, f->default_value, "a default", &rule->default_value[k]);
    rule->hyperparameters++;
  }
}

static void bind_state(elaborator *e, scope *s, const statement *st, const statement *line,
                       optimizer_rule *rule) {
  context c = {.e = e, .scope = s};
  int k = rule->states;
  if (k == MOST) {
    complain(e, line->where, "an optimizer has at most %d states", MOST);
    return;
  }
  tensor *state = bind_leaf(e, s, st, line->word, line->word_at, TENSOR_ELEMENT);
  if (state == NULL) return;
  want_constant(&c, line->value, "the start of a state", &rule->state_start[k]);
  rule->state[k] = state;
  rule->new_state[k] = node_tensor(e->g, state, NULL);
  rule->states++;
}

static void run_line(elaborator *e, scope *s, const statement *line, optimizer_rule *rule) {
  context c = {.e = e, .scope = s};
  if (line->has_brackets) {
    complain(e, line->where, "the lines of an optimizer hold for each element: no indices");
    return;
  }
  value v = expression_alone(&c, line->value);
  if (is_poison(&v)) return;
  if (line->word == e->word.g || line->word == e->word.step) {
    complain(e, line->word_at, "`%s` is given to an optimizer; it cannot be set", line->word);
    return;
  }
  symbol *known = scope_add(e, s, line->word, line->word_at);
  known->base = BASE_VALUE;
  known->value = v;
  if (line->word == e->word.p) rule->new_p = v.node;
}

static void run_lines(elaborator *e, scope *s, const statement *st, optimizer_rule *rule) {
  name words[MOST] = {NULL};
  for (const statement *line = st->body; line != NULL; line = line->next) {
    if (line->kind != STATEMENT_STATE) continue;
    int before = rule->states;
    bind_state(e, s, st, line, rule);
    if (rule->states > before) words[before] = line->word;
  }
  const statement *last = NULL;
  for (const statement *line = st->body; line != NULL; line = line->next) {
    if (line->kind == STATEMENT_STATE) continue;
    if (line->kind != STATEMENT_EQUATION) {
      complain(e, line->where, "an optimizer holds `state` lines and equations");
      continue;
    }
    run_line(e, s, line, rule);
    last = line;
  }
  for (int k = 0; k < rule->states; k++) {
    const symbol *state = scope_symbol(s, words[k]);
    rule->new_state[k] = state->value.node;
  }
  if (last == NULL || last->word != e->word.p)
    complain(e, last != NULL ? last->word_at : st->word_at,
             "the last line of an optimizer defines `p` anew, as in p = p - rate * g");
}

static void add_rule(elaborator *e, module *from, const statement *st, rule_list *list) {
  optimizer_rule rule = {.word = st->word, .where = st->word_at};
  scope *s = scope_new(e, NULL, from, "");
  s->ordered = true;
  rule.p = bind_leaf(e, s, st, e->word.p, st->word_at, TENSOR_ELEMENT);
  rule.gradient = bind_leaf(e, s, st, e->word.g, st->word_at, TENSOR_ELEMENT);
  rule.step = bind_leaf(e, s, st, e->word.step, st->word_at, TENSOR_SCALAR);
  bind_hyperparameters(e, s, st, &rule);
  run_lines(e, s, st, &rule);
  if (rule.hyperparameters == 0)
    complain(e, st->word_at, "an optimizer has at least one hyperparameter, its rate");
  for (size_t k = 0; k < list->count && !from->library; k++) {
    if (list->items[k].word != st->word || list->items[k].where.file->shipped) continue;
    complain(e, st->word_at, "optimizer `%s` is defined twice", st->word);
    remark(e, list->items[k].where, "it is defined here already");
  }
  ARENA_PUSH(e->memory, list->items, list->count, list->capacity, rule);
}

void elaborate_optimizers(elaborator *e) {
  rule_list rules = {NULL, 0, 0};
  for (int own = 0; own < 2; own++) {
    for (module *m = e->modules; m != NULL; m = m->next) {
      if (m->library == (own == 1)) continue;
      for (const statement *st = m->first; st != NULL; st = st->next) {
        if (st->kind == STATEMENT_OPTIMIZER) add_rule(e, m, st, &rules);
      }
    }
  }
  e->p->optimizers = (int)rules.count;
  e->p->optimizer = rules.items;
}
