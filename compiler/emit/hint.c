/* hint: what a loop says to compilers that look for vectors. */
#include "writer.h"

/* A loop of a scatter or over digits: too short for asking at run time how pointers lie, and for
 * being written out. */
static bool is_short(const step *s) {
  const step *first = s->first;
  if (!first || first->next) return false;
  if (first->kind == STEP_LOOP) return turns_stand_apart(s);
  const assignment *a = first->what;
  bool scatters = a->kind == ASSIGN_PRODUCT && a->factors == 1 && !a->product;
  return scatters && assignment_binds(a, s->over) && !assignment_collects(a) &&
         !adds_to_one_place(a, s->over) && turns_stand_apart(s);
}

/* The arrays that a loop touches, up to MOST_MET of them. */
enum { MOST_MET = 16 };
typedef struct met_arrays {
  const buffer *item[MOST_MET + 1];
  int count;
} met_arrays;

static void meet(met_arrays *met, const buffer *b) {
  for (int k = 0; k < met->count; k++) {
    if (met->item[k] == b) return;
  }
  if (!buffer_is_scalar(b) && met->count <= MOST_MET) met->item[met->count++] = b;
}

/* Whether a compiler would ask in vain how the arrays lie of which one is written: about more pairs than
 * gcc asks, which is ten, or where a result lies in the place of an operand. */
static bool asks_in_vain(const step *loop) {
  enum { MOST_ASKED = 8 };
  met_arrays met = {.count = 0};
  for (const step *s = loop->first; s; s = s->next) {
    const bool meets = s->kind == STEP_ASSIGNMENT && !adds_to_one_place(s->what, loop->over);
    if (meets) meet(&met, s->what->target);
  }
  const int written = met.count;
  for (const step *s = loop->first; s && met.count <= MOST_MET; s = s->next) {
    if (s->kind != STEP_ASSIGNMENT) continue;
    for (const buffer_read *r = s->what->reads; r; r = r->next) meet(&met, r->from);
  }
  for (int k = 0; k < written; k++) {
    for (int j = k + 1; j < met.count; j++) {
      if (buffer_storage(met.item[k]) == buffer_storage(met.item[j])) return true;
    }
  }
  return written * (met.count - written) + written * (written - 1) / 2 > MOST_ASKED;
}

enum { FEWEST_TURNS = 4 }; /* that make a vector */

static bool is_dense(const writer *w, const buffer *b, const index_form *at, const variable *v) {
  const address whole = buffer_address(w->p->g, b, at);
  const size_form by = address_stride(&whole, v);
  return !by.batch && by.count <= 1;
}

/* The loop that has become part of it, or itself. */
static const variable *innermost_of(const variable *v) {
  while (v->joined[1]) v = v->joined[1];
  return v;
}

/* A loop of 8 to 16 turns that reads and writes what lies side by side. gcc writes it out before it thinks of
 * vectors, and then finds none, as it cannot know how the arrays lie. */
static bool would_be_written_out(const writer *w, const step *loop) {
  const size_form turns = variable_turns(innermost_of(loop->over));
  if (turns.batch || turns.count < 2 * FEWEST_TURNS || turns.count > 16) return false;
  for (const step *s = loop->first; s; s = s->next) {
    if (s->kind != STEP_ASSIGNMENT || !is_dense(w, s->what->target, s->what->at, loop->over)) return false;
    for (const buffer_read *r = s->what->reads; r; r = r->next) {
      if (!is_dense(w, r->from, r->at, loop->over)) return false;
    }
  }
  return true;
}

/* A bracket in what is not stored of n. */
static bool has_bracket(const writer *w, const node *n) {
  bool any = false;
  for (int k = 0; k < n->operands && !any; k++) {
    const node *operand = n->operand[k];
    any = (n->class == NODE_PRODUCT && operand->boolean) || (!w->e->held[operand->id] && has_bracket(w, operand));
  }
  return any;
}

/* Of a loop that became one with others: whether it reads under a bracket, of which gcc makes vectors where it need
 * not ask; any other is as fast, or faster, where gcc asks. */
static bool reads_under_brackets(const writer *w, const step *loop) {
  bool any = false;
  for (const step *s = loop->first; s; s = s->next) {
    const node *what = s->kind != STEP_ASSIGNMENT ? NULL : s->what->what ? s->what->what : s->what->term;
    any = any || (what && has_bracket(w, what));
  }
  return any;
}

const char *loop_hint(const writer *w, const step *s) {
  if (is_short(s)) return "NNRT_SHORT";
  const bool joined = s->over->joined[0] != NULL;
  const bool few = would_be_written_out(w, s) && (!joined || reads_under_brackets(w, s));
  const size_form turns = variable_turns(s->over);
  if (!turns.batch && turns.count < FEWEST_TURNS) return NULL;
  if (!(few || asks_in_vain(s)) || !turns_stand_apart(s)) return NULL;
  return few && !joined ? "NNRT_SHORT" : "NNRT_APART";
}
