/* Values in matrix notation, and which derivatives they show in full instead of by their letter. */
#include "notation.h"

bool symbol_steps(const notation *s, const symbol *of) {
  for (int k = 0; k < of->rank; k++) {
    if (s->steps[of->dims[k]]) return true;
  }
  return false;
}

const formula *whole_value(const notation *s, const symbol *of, const node *value) {
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
static bool is_short(const notation *s, const symbol *of, const node *value, arena *trials) {
  notation trial = *s;
  trial.memory = trials;
  arena_clear(trials);
  const formula *f = whole_value(&trial, of, value);
  return f && leaves_of(f) <= MOST_LEAVES;
}

/* Sums, and products of several factors; functions, maxima and totals are told by their word. */
static bool is_plain(const node *n) {
  return n->class == NODE_SUM || (n->class == NODE_PRODUCT && n->operands > 1);
}

static bool may_open(const symbol *named) {
  if (named->kind == SYMBOL_STORED) return is_plain(named->node);
  return named->kind == SYMBOL_ADJOINT && !named->delta && !named->total;
}

static int open_within(const notation *s, const symbol *of, const node *value,
                       const node **opened, int most, arena *trials) {
  int count = 0;
  const node *todo[64];
  int pending = 0;
  todo[pending++] = value;
  while (pending > 0 && count < most) {
    const node *n = todo[--pending];
    const symbol *named = n == value ? NULL : symbol_of(s, n);
    if (named) {
      if (!may_open(named)) continue;
      s->open[n->id] = true;
      if (!is_short(s, of, value, trials)) {
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

int open_adjoints(const notation *s, const symbol *of, const node *value, const node **opened,
                  int most) {
  arena *trials = s->trials ? s->trials : arena_new();
  int count = open_within(s, of, value, opened, most, trials);
  if (!s->trials) arena_free(trials);
  return count;
}

const formula *page_symbol(const notation *s, const symbol *of) {
  const formula *whole = matrix_of_symbol(s, of, symbol_steps(s, of));
  if (whole) return whole;
  index_letters *l = letters_new(s);
  letters_of_symbol(l, of);
  return element_of_symbol(l, of);
}

/* Told as the sum that it is. */
static bool is_number(const symbol *of) { return of->rank == 0 && !of->per_sample; }

static const formula *equation(const notation *s, const symbol *of, const node *value) {
  const formula *right = is_number(of) ? NULL : whole_value(s, of, value);
  if (right) return formula_relation(s->memory, page_symbol(s, of), "=", right);
  index_letters *l = letters_new(s);
  letters_of_symbol(l, of);
  const formula *left = element_of_symbol(l, of);
  return formula_relation(s->memory, left, "=", element_of_node(l, value));
}

const formula *page_equation(const notation *s, const symbol *of, const node *value) {
  const node *opened[16];
  bool before = s->open[value->id];
  int count = is_number(of) ? 0 : open_adjoints(s, of, value, opened, 16);
  s->open[value->id] = true;
  const formula *f = equation(s, of, value);
  s->open[value->id] = before;
  for (int k = 0; k < count; k++) s->open[opened[k]->id] = false;
  return f;
}
