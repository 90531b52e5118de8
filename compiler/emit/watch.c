/* watch: the loss shows every tensor that it keeps to whoever watches, as it is made: as much of it as
 * is kept at a time. That is how the runtime finds the one that ceased to be finite first. */
#include "writer.h"

static const variable *merged(const variable *v) {
  while (v->same) v = v->same;
  return v;
}

/* The dimension of the target that the loop runs over; -1: none, it adds up. */
static int dimension_of(const assignment *a, const variable *over) {
  for (int d = 0; d < a->target->rank; d++) {
    for (int k = 0; k < a->at[d].terms; k++) {
      if (merged(a->at[d].term[k].of) == merged(over)) return d;
    }
  }
  return -1;
}

static bool is_turn(const assignment *a, const step *loop) {
  int d = dimension_of(a, loop->over);
  return d >= 0 && a->target->dropped[d];
}

/* The step after which the tensor is complete, as far as it is kept; NULL where loops over what is not
 * kept stand inside loops over what is. */
static const step *completed_by(const assignment *last) {
  const step *whole = last->where_done;
  while (whole && whole->parent && !is_turn(last, whole->parent)) whole = whole->parent;
  for (const step *s = whole ? whole->parent : NULL; s; s = s->parent) {
    if (dimension_of(last, s->over) >= 0 && !is_turn(last, s)) return NULL;
  }
  return whole;
}

bool is_watched(const writer *w) { return w->e->kind == ENTRY_LOSS; }

/* The step that completes a tensor to be watched. */
static const step *watched_after(const buffer *b) {
  const assignment *last = b->writer;
  if (b->kept != STORAGE_SCRATCH || b->type != NUMBER_REAL || !b->access || !last) return NULL;
  if (is_copy_of_tensor(b)) return NULL;
  for (const assignment *a = last->next_writer; a; a = a->next_writer) {
    if (a->where_done->position > last->where_done->position) last = a;
  }
  return completed_by(last);
}

/* Lists by the steps' positions, so that a step need not look at all tensors. */
void find_watched(writer *w) {
  const entry_plan *e = w->e;
  int positions = 0;
  w->seen = NULL;
  if (!is_watched(w)) return;
  for (size_t k = 0; k < e->buffers; k++) {
    const step *by = watched_after(e->buffer[k]);
    if (by && by->position >= positions) positions = by->position + 1;
  }
  w->seen = arena_alloc(w->memory, ((size_t)positions + 1) * sizeof *w->seen);
  w->seen_positions = positions;
  for (size_t k = e->buffers; k-- > 0;) {
    const step *by = watched_after(e->buffer[k]);
    if (!by) continue;
    seen_tensor *one = arena_alloc(w->memory, sizeof *one);
    *one = (seen_tensor){e->buffer[k], w->seen[by->position]};
    w->seen[by->position] = one;
  }
}

void emit_seen(writer *w, const step *s) {
  if (!w->seen || s->position >= w->seen_positions || !w->seen[s->position]) return;
  const seen_tensor *first = w->seen[s->position];
  if (w->loops) w->loops->braces = true;
  line(w, first->next ? "if (watch) {" : "if (watch)");
  for (const seen_tensor *t = first; t; t = t->next) {
    const buffer *b = t->of;
    line(w, "  watch->see(watch, \"%s\", %s, %s);", b->called ? b->called->word : b->word, b->word,
         elements_text(w, b));
  }
  if (first->next) line(w, "}");
}
