/* Symbols: which nodes a derivation speaks of by a letter, and how that letter is written. */
#include <string.h>

#include "notation.h"

const symbol *symbol_of(const notation *s, const node *n) {
  if (n->id < 0 || n->id >= s->nodes || s->open[n->id]) return NULL;
  return s->symbol[n->id];
}

const formula *loss_letter(const notation *s) { return formula_symbol(s->memory, "L"); }
const formula *batch_letter(const notation *s) { return formula_symbol(s->memory, "m"); }

/* ---- letters ------------------------------------------------------------------------------ */

static bool is_letter(const char *word) {
  bool ascii = (*word >= 'a' && *word <= 'z') || (*word >= 'A' && *word <= 'Z');
  return ascii && !word[1];
}

static char other_case(char c) { return (char)(c ^ ('a' ^ 'A')); }

/* "h.*.W", of all copies of a repeat: their number is an index of its own. */
static const char *without_copies(const notation *s, const char *spelling) {
  char *made = arena_copy(s->memory, spelling, strlen(spelling));
  for (char *star = strstr(made, ".*"); star; star = strstr(made, ".*")) {
    memmove(star, star + 2, strlen(star + 2) + 1);
  }
  return made;
}

/* The letter in the case that matrices (upper) or elements (lower) have, where the model has no
 * other tensor that is spelt so. */
static const formula *in_case(const notation *s, const char *spelling, bool upper) {
  spelling = without_copies(s, spelling);
  const formula *f = formula_named(s->memory, spelling);
  if (!is_letter(f->word) || (f->word[0] < 'a') == upper) return f;
  char *other = arena_copy(s->memory, spelling, strlen(spelling));
  char *dot = strrchr(other, '.');
  char *at = dot ? dot + 1 : other;
  *at = other_case(*at);
  return is_spelt(s, other) ? f : formula_named(s->memory, other);
}

/* ---- making them -------------------------------------------------------------------------- */

/* Dimensions, the batch too, along which it is laid out. */
static int layout_rank(const symbol *of) { return of->rank + of->per_sample; }

static symbol *give(notation *s, const node *n, symbol_kind kind, const char *spelling,
                    const definition *layout) {
  symbol *made = arena_alloc(s->memory, sizeof *made);
  *made = (symbol){.kind = kind, .spelling = spelling, .per_sample = layout->per_sample,
                   .rank = layout->rank, .where = layout->where, .node = n};
  memcpy(made->dims, layout->dims, sizeof made->dims);
  bool matrix = layout_rank(made) > 1;
  made->elements = in_case(s, spelling, false);
  made->whole = matrix ? in_case(s, spelling, true) : made->elements;
  if (n) s->symbol[n->id] = made;
  return made;
}

static const tensor *state_of_adjoint(const notation *s, const tensor *reference) {
  for (int k = 0; k < s->r->adjoints; k++) {
    if (s->r->adjoint[k].reference != reference) continue;
    for (int t = 0; t < s->r->tensors; t++) {
      const tensor *state = tensor_at(s->g, t);
      if (state != reference && s->r->body[t] == s->r->adjoint[k].of) return state;
    }
  }
  return NULL;
}

static void name_leaf(notation *s, const node *n) {
  const tensor *t = n->tensor;
  definition layout = {.per_sample = t->per_sample, .rank = t->rank, .where = t->where};
  if (t->rank > 0) memcpy(layout.dims, n->dims, (size_t)t->rank * sizeof *layout.dims);
  const tensor *state =
      t->role == TENSOR_REFERENCE ? state_of_adjoint(s, t) : NULL;
  symbol *made = give(s, n, SYMBOL_TENSOR, state ? state->word : t->word, &layout);
  made->parameter = t->role == TENSOR_PARAMETER;
  if (!state) return;
  symbol *by = give(s, NULL, SYMBOL_DEFINITION, state->word, &layout);
  made->kind = SYMBOL_ADJOINT;
  made->by = by;
  made->total = true;
}

static void name_definitions(notation *s) {
  for (int k = 0; k < s->r->definitions; k++) {
    const definition *of = &s->r->definition[k];
    const node *n = of->value;
    if (n->class == NODE_CONSTANT || s->symbol[n->id]) continue;
    give(s, n, SYMBOL_DEFINITION, of->word, of);
  }
}

/* How many definitions are a function of something without a name. */
static int count_hidden(const notation *s) {
  int hidden = 0;
  for (int k = 0; k < s->r->definitions; k++) {
    const node *n = s->r->definition[k].value;
    hidden += n->class == NODE_MAP && n->operands == 1 && n->op != OP_exp && n->op != OP_log &&
              !s->symbol[n->operand[0]->id];
  }
  return hidden;
}

/* The argument of a named activation: h = tanh(z_h). */
static void name_arguments(notation *s) {
  bool alone = count_hidden(s) == 1 && !is_spelt(s, "z");
  for (int k = 0; k < s->r->definitions; k++) {
    definition of = s->r->definition[k];
    if (of.value->class != NODE_MAP || of.value->operands != 1) continue;
    const node *z = of.value->operand[0];
    if (of.value->op == OP_exp || of.value->op == OP_log) continue;
    if (s->symbol[z->id] || z->operands == 0 || z->boolean) continue;
    give(s, z, SYMBOL_AUXILIARY, alone ? "z" : arena_printf(s->memory, "z_%s", of.word), &of);
  }
}

static void name_adjoint(notation *s, const symbol *by, const node *value) {
  if (value->class == NODE_CONSTANT || s->symbol[value->id]) return;
  symbol *made = arena_alloc(s->memory, sizeof *made);
  *made = *by;
  made->kind = SYMBOL_ADJOINT;
  made->by = by;
  made->node = value;
  made->parameter = false;
  s->symbol[value->id] = made;
}

static bool is_recurrent(const notation *s, const symbol *of) {
  for (int k = 0; k < of->rank; k++) {
    if (s->steps[of->dims[k]]) return true;
  }
  return false;
}

const derivation_share *direct_share(const notation *s, const derivation_adjoint *a) {
  const derivation_share *direct = NULL;
  if (!a->reference) return NULL;
  for (size_t k = 0; k < a->shares; k++) {
    const node *reader = a->share[k].reader;
    if (reader->class == NODE_TENSOR && reader->tensor->role == TENSOR_REFERENCE) continue;
    if (direct) return NULL;
    direct = &a->share[k];
  }
  (void)s;
  return direct;
}

/* What the loss says of a state's step alone: ∂L/∂h_t beside dL/dh_t. */
static void name_direct(notation *s, const derivation_adjoint *a) {
  const derivation_share *direct = direct_share(s, a);
  if (direct && s->symbol[a->of->id]) name_adjoint(s, s->symbol[a->of->id], direct->value);
}

/* δ is the derivative by the argument of a state's activation, where there is one such argument. */
static void name_adjoints(notation *s) {
  int states = 0, arguments = 0;
  symbol *argument = NULL;
  for (int k = 0; k < s->r->adjoints; k++) states += s->r->adjoint[k].reference != NULL;
  for (int k = 0; k < s->r->adjoints; k++) name_direct(s, &s->r->adjoint[k]);
  for (int k = 0; k < s->r->adjoints; k++) {
    const derivation_adjoint *a = &s->r->adjoint[k];
    const symbol *by = s->symbol[a->of->id];
    if (!by || by->kind == SYMBOL_ADJOINT || by->kind == SYMBOL_TENSOR || a->reference) continue;
    name_adjoint(s, by, a->value);
    symbol *made = s->symbol[a->value->id];
    if (!made || made->by != by || by->kind != SYMBOL_AUXILIARY || !is_recurrent(s, by)) continue;
    argument = made;
    arguments++;
  }
  if (states == 1 && arguments == 1) argument->delta = true;
}

static void find_steps(notation *s) {
  for (int k = 0; k < s->r->tensors; k++) {
    const tensor *t = tensor_at(s->g, k);
    if (t->role != TENSOR_REFERENCE || !s->r->body[k]) continue;
    if (t->rank > 0) s->steps[s->r->body_dims[k][0]] = true;
  }
}

static void name_symbols(notation *s) {
  find_steps(s);
  for (int id = 0; id < s->nodes; id++) {
    if (graph_node(s->g, id)->class == NODE_TENSOR) name_leaf(s, graph_node(s->g, id));
  }
  name_definitions(s);
  name_arguments(s);
  name_adjoints(s);
}

enum { MOST_ROOM = 4000 };

notation *notation_of(arena *memory, const program *p) {
  size_t nodes = (size_t)graph_node_count(p->g);
  notation *s = arena_alloc(memory, sizeof *s);
  *s = (notation){.memory = memory, .p = p, .g = p->g, .r = p->derived, .nodes = (int)nodes,
                  .room = MOST_ROOM};
  s->symbol = arena_alloc(memory, nodes * sizeof *s->symbol);
  s->shown = arena_alloc(memory, nodes * sizeof *s->shown);
  s->busy = arena_alloc(memory, nodes * sizeof *s->busy);
  s->open = arena_alloc(memory, nodes * sizeof *s->open);
  s->steps = arena_alloc(memory, (size_t)axis_count(p->g) * sizeof *s->steps);
  s->left = arena_alloc(memory, sizeof *s->left);
  s->spelt = spelling_table_new(memory, p);
  s->adjoint = arena_alloc(memory, nodes * sizeof *s->adjoint);
  for (int k = 0; k < s->r->adjoints; k++) {
    s->adjoint[s->r->adjoint[k].of->id] = &s->r->adjoint[k];
  }
  name_symbols(s);
  return s;
}

/* ---- as a whole --------------------------------------------------------------------------- */

const formula *symbol_whole(const notation *s, const symbol *of) {
  if (of->kind != SYMBOL_ADJOINT) return of->whole;
  return formula_partial(s->memory, loss_letter(s), of->by->whole);
}
