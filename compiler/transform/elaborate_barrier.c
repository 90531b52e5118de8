/* elaborate_barrier: keeps together what grad(u, x) derives by. The constructors may dissolve an
 * interior x in its readers (W @ (a * x) is one product of three factors), and then nothing would be
 * left to derive by. So readers of a name that some grad() derives by read a leaf that stands for it,
 * a BARRIER; expand_barriers puts its body in its place once all derivatives are taken. */
#include "elaborate.h"

/* ---- which names -------------------------------------------------------------------------- */

static bool is_noted(const struct name_list *list, name word) {
  for (size_t k = 0; k < list->count; k++) {
    if (list->items[k] == word) return true;
  }
  return false;
}

static void note_word(elaborator *e, struct name_list *list, name word) {
  if (!is_noted(list, word)) ARENA_PUSH(e->memory, list->items, list->count, list->capacity, word);
}

static void note_expression(elaborator *e, const expression *x) {
  if (x == NULL) return;
  const argument *a = x->arguments;
  if (x->kind == EXPRESSION_CALL && x->left->kind == EXPRESSION_NAME &&
      x->left->word == e->word.grad && a != NULL && a->next != NULL &&
      a->next->value->kind == EXPRESSION_NAME)
    note_word(e, &e->derived, a->next->value->word);
  note_expression(e, x->left);
  note_expression(e, x->right);
  for (; a != NULL; a = a->next) {
    bool shares = a->label == e->word.parameters && a->value->kind == EXPRESSION_NAME;
    if (shares) note_word(e, &e->sharers, a->value->word);
    note_expression(e, a->value);
  }
}

static void note_statements(elaborator *e, const statement *st) {
  for (; st != NULL; st = st->next) {
    note_expression(e, st->value);
    note_statements(e, st->body);
  }
}

void find_derived(elaborator *e) {
  for (const module *m = e->modules; m != NULL; m = m->next) note_statements(e, m->first);
}

bool is_derived(const elaborator *e, name word) { return is_noted(&e->derived, word); }
bool is_sharer(const elaborator *e, name word) { return is_noted(&e->sharers, word); }

/* ---- leaves ------------------------------------------------------------------------------- */

/* The second pass reads what the first one made, so that both share their nodes. */
static const node *known_barrier(const elaborator *e, const value *v) {
  for (size_t k = 0; k < e->barriers.count; k++) {
    const node *leaf = e->barriers.items[k];
    if (leaf->tensor->body != v->node) continue;
    bool same = leaf->tensor->rank >= v->rank;
    for (int j = 0; j < v->rank && same; j++) same = leaf->dims[j] == v->dims[j];
    if (same) return leaf;
  }
  return NULL;
}

value behind_barrier(elaborator *e, name word, value v) {
  if (e->exploring > 0 || is_poison(&v) || !is_derived(e, word)) return v;
  const node *n = v.node;
  bool stays = n->class == NODE_TENSOR || n->class == NODE_CONSTANT || n->integer;
  if (stays || v.classes > 0) return v;
  const node *leaf = known_barrier(e, &v);
  if (leaf == NULL) {
    tensor *made = NULL;
    leaf = leaf_like(e, TENSOR_BARRIER, word, v.where, &v, node_has_axis(n, AXIS_BATCH), &made);
    tensor_define(e->g, made, n, leaf->dims);
    ARENA_PUSH(e->memory, e->barriers.items, e->barriers.count, e->barriers.capacity, leaf);
  }
  v.node = leaf;
  return v;
}
