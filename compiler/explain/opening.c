/* Values in matrix notation, and which derivatives they show in full instead of by their letter. */
#include "notation.h"

bool symbol_steps(const story *s, const symbol *of) {
  for (int k = 0; k < of->rank; k++) {
    if (s->steps[of->dims[k]]) return true;
  }
  return false;
}

const formula *whole_value(const story *s, const symbol *of, const node *value) {
  orientation own;
  bool each = symbol_steps(s, of);
  if (!natural_orientation(s, of, each, &own)) return NULL;
  return matrix_of_node(s, value, own, each);
}

int leaves_of(const formula *f) {
  if (!f) return 0;
  if (f->kind == FORMULA_SYMBOL || f->kind == FORMULA_PARTIAL) return 1;
  int count = 0;
  for (int k = 0; k < f->count; k++) count += leaves_of(f->part[k]);
  return count;
}

/* Whether the value is short, as things are open now; what it takes to see that is not kept. */
static bool is_short(const story *s, const symbol *of, const node *value) {
  story trial = *s;
  trial.memory = arena_new();
  const formula *f = whole_value(&trial, of, value);
  bool is = f && leaves_of(f) <= MOST_LEAVES;
  arena_free(trial.memory);
  return is;
}

int open_adjoints(const story *s, const symbol *of, const node *value, const node **opened,
                  int most) {
  int count = 0;
  const node *todo[64];
  int pending = 0;
  todo[pending++] = value;
  while (pending > 0 && count < most) {
    const node *n = todo[--pending];
    const symbol *named = n == value ? NULL : symbol_of(s, n);
    if (named) {
      if (named->kind != SYMBOL_ADJOINT || named->delta || named->total) continue;
      s->open[n->id] = true;
      if (!is_short(s, of, value)) {
        s->open[n->id] = false;
        for (int k = 0; k < count; k++) s->open[opened[k]->id] = false;
        return 0;
      }
      opened[count++] = n;
    }
    for (int k = 0; k < n->operands && pending < 64; k++) todo[pending++] = n->operand[k];
  }
  return count;
}
