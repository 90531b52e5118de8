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

static const char *elements_text(writer *w, const buffer *b) {
  text out = text_new(w->memory);
  for (int d = 0; d < b->rank; d++) {
    if (!b->dropped[d]) {
      text_printf(&out, "%s%s", out.length > 0 ? " * " : "", size_text(w, b, d));
    }
  }
  return out.length > 0 ? out.chars : "1";
}

bool is_watched(const writer *w) { return w->e->kind == ENTRY_LOSS; }

static bool is_completed(const buffer *b, const step *by) {
  const step *last = b->last_writer ? b->last_writer->where_done : NULL;
  if (!last || last->position < by->position || last->position > by->end) return false;
  return b->kept == STORAGE_SCRATCH && b->type == NUMBER_REAL && b->access &&
         completed_by(b->last_writer) == by;
}

void emit_seen(writer *w, const step *s) {
  const entry_plan *e = w->e;
  int count = 0;
  for (size_t k = 0; k < e->buffers && is_watched(w); k++) count += is_completed(e->buffer[k], s);
  if (count == 0) return;
  if (w->loops) w->loops->braces = true;
  line(w, count > 1 ? "if (watch) {" : "if (watch)");
  for (size_t k = 0; k < e->buffers; k++) {
    const buffer *b = e->buffer[k];
    if (!is_completed(b, s)) continue;
    line(w, "  watch->see(watch, \"%s\", %s, %s);", b->called ? b->called->word : b->word, b->word,
         elements_text(w, b));
  }
  if (count > 1) line(w, "}");
}
