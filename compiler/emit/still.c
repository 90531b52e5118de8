/* still: numbers that stand still while an innermost loop turns are computed before it.
 *
 *   const float factor = g[o] / sqrtf(v[o]);
 *   for (size_t i = 0; i < N; i++)
 *     y[o * N + i] = 0.0f < z[o * N + i] ? factor * d[o * N + i] : 0.0f;
 *
 * gcc does not see that g[o] stands still where y may lie over it, makes no vectors of what it reads
 * under a condition, and divides in every turn. They stand before the outermost loop that does not change
 * them: a place is filled once, in the turns of the loops that its index depends on, and read when it is, so
 * no other loop writes it. Never from under a condition on places: those may not be there. */
#include <string.h>

#include "writer.h"

static bool is_one(double x) { return x >= 1 && x <= 1; }

enum { COSTLY = 4 }; /* operations: a call of libm is 20 */

typedef struct still_number {
  const char *word, *type, *value;
  struct still_number *next;
} still_number;

/* ---- what stands still ---------------------------------------------------------------------- */

static bool form_stands(const index_form *at, const variable *v) {
  for (int k = 0; k < at->terms; k++) {
    const variable *of = variable_now(at->term[k].of);
    if (of->kind != VARIABLE_LOOP || of == v) return false;
  }
  return true;
}

/* What `stands` is asked about: a loop, and what it has found. */
typedef struct question {
  writer *w;
  const step *loop;
  bool reads; /* some number in memory */
} question;

static bool stands(question *of, const node *n, const environment *where);

static bool operands_stand(question *of, const node *n, const environment *where) {
  for (int k = 0; k < n->operands; k++) {
    if (!stands(of, n->operand[k], where)) return false;
  }
  return true;
}

static bool view_stands(question *of, const node *n, const environment *where) {
  condition *conditions = NULL;
  const environment *inner =
      environment_through(of->w->memory, of->w->p->g, n->view, where, &conditions);
  return inner && !conditions && stands(of, n->operand[0], inner);
}

static bool stands(question *of, const node *n, const environment *where) {
  index_form at[MAX_RANK];
  const writer *w = of->w;
  const buffer *from = buffer_at(w->e, n, where, at);
  if (from) {
    for (int d = 0; d < from->rank; d++) {
      if (!form_stands(&at[d], of->loop->over)) return false;
    }
    of->reads = of->reads || !buffer_is_scalar(from);
    return from->type == NUMBER_REAL;
  }
  switch (n->class) {
    case NODE_CONSTANT:
    case NODE_EXTENT: return true;
    case NODE_SUM: return !buffer_partial_at(w->e, n, where, at) && operands_stand(of, n, where);
    case NODE_PRODUCT: return n->bound == 0 && operands_stand(of, n, where);
    case NODE_MAP: return operands_stand(of, n, where);
    case NODE_VIEW: return view_stands(of, n, where);
    case NODE_TENSOR:
    case NODE_INDEX:
    case NODE_SELECT: break;
  }
  return false;
}

/* ---- where it is computed -------------------------------------------------------------------- */

/* The innermost loop, if numbers may stand before it. */
static open_loop *loop_at_hand(const writer *w) {
  open_loop *inner = w->rule || !w->e || w->said || w->conditional ? NULL : w->loops;
  if (!inner || !inner->of || w->type != NUMBER_REAL || !inner->innermost) return NULL;
  return inner;
}

static bool factor_stands(writer *w, const step *loop, const factor_read *f) {
  question of = {w, loop, false};
  return !f->what->boolean && stands(&of, f->what, f->where);
}

/* Whether the factors stand still in that loop, and read something. */
static bool factors_stand(writer *w, const step *loop, int count, const factor_read *factors) {
  question of = {w, loop, false};
  for (int k = 0; k < count; k++) {
    if (!stands(&of, factors[k].what, factors[k].where)) return false;
  }
  return of.reads;
}

/* The outermost loop before which they can be computed; functions begin with the loops of a part. */
static open_loop *loop_before(writer *w, int count, const factor_read *factors) {
  open_loop *found = NULL;
  for (open_loop *l = w->loops; l && l->of; l = l->outer) {
    if (!factors_stand(w, l->of, count, factors)) break;
    found = l;
    if (l->of == w->split || w->part) break;
  }
  return found;
}

static const char *declare(writer *w, open_loop *before, const char *base, const char *value) {
  for (const still_number *s = before->still; s; s = s->next) {
    if (strcmp(s->value, value) == 0) return s->word;
  }
  still_number *made = arena_alloc(w->memory, sizeof *made), **last = &before->still;
  *made = (still_number){word_new(w->e->words, base, true), real_word(w), value, NULL};
  while (*last) last = &(*last)->next;
  *last = made;
  if (before->outer) before->outer->braces = true;
  return made->word;
}

bool is_innermost(const step *loop) {
  for (const step *s = loop->first; s; s = s->next) {
    if (s->kind != STEP_ASSIGNMENT || s->what->product) return false;
  }
  return loop->first != NULL;
}

void declare_still(writer *w, const open_loop *loop) {
  for (const still_number *s = loop->still; s; s = s->next) {
    line(w, "const %s %s = %s;", s->type, s->word, s->value);
  }
}

/* ---- factors and values ---------------------------------------------------------------------- */

/* The number in memory that the factor is, or NULL. */
static const buffer *stored_factor(const writer *w, const factor_read *f) {
  index_form at[MAX_RANK];
  return buffer_at(w->e, f->what, f->where, at);
}

/* What is worth a line: a division, a root, a call; under a bracket any number that no scalar has. */
static bool is_costly(const writer *w, const factor_read *f) {
  index_form at[MAX_RANK];
  const buffer *stored = buffer_at(w->e, f->what, f->where, at);
  if (f->power < 1) return true;
  if (!stored) return w->bracketed || inline_cost(w->e, f->what) >= COSTLY;
  return w->bracketed && !known_word(w, stored, at);
}

/* Those that stand still before the others; how many they are. */
static int sort_still(writer *w, const step *loop, int count, const factor_read *factors, factor_read *sorted) {
  int still = 0, done = 0;
  for (int moving = 0; moving < 2; moving++) {
    for (int k = 0; k < count; k++) {
      if (factor_stands(w, loop, &factors[k]) == !moving) sorted[done++] = factors[k];
    }
    if (!moving) still = done;
  }
  return still;
}

int split_still(writer *w, int count, factor_read *factors, const char **word) {
  const open_loop *inner = loop_at_hand(w);
  bool costly = false;
  if (!inner || !is_float(w)) return 0;
  factor_read *sorted = arena_alloc(w->memory, ((size_t)count + 1) * sizeof *sorted);
  const int still = sort_still(w, inner->of, count, factors, sorted);
  for (int k = 0; k < still; k++) costly = costly || is_costly(w, &sorted[k]);
  open_loop *before = costly ? loop_before(w, still, sorted) : NULL;
  open_loop *loops = w->loops;
  if (!before) return 0;
  w->loops = before->outer;
  const piece value = factors_piece(w, 1, still, sorted);
  w->loops = loops;
  memcpy(factors, sorted, (size_t)count * sizeof *factors);
  const bool first = is_one(sorted[0].power);
  const buffer *plain = still == 1 && first ? stored_factor(w, &sorted[0]) : NULL;
  const char *base = plain ? arena_printf(w->memory, "%s_here", plain->word) : "factor";
  *word = declare(w, before, base, value.chars);
  return still;
}
