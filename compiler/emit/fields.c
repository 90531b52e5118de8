/* fields: what a function that runs a part of an entry's steps reads and writes of its names, as a struct
 * that the entry fills and hands over. */
#include <string.h>

#include "writer.h"

static void add_field(fields *all, const char *type, const char *word, const char *of, const char *own) {
  const char *pointer = type[strlen(type) - 1] == '*' ? "" : " ";
  text_printf(&all->declared, "  %s%s%s;\n", type, pointer, word);
  text_printf(&all->unpacked, "  %s%s%s%s = ", *pointer ? "const " : "", type, pointer, word);
  if (own) text_printf(&all->unpacked, "at(%s->%s, %s);\n", of, word, own);
  else text_printf(&all->unpacked, "%s->%s;\n", of, word);
  text_printf(&all->given, "%s%s", all->given.length > 0 ? ", " : "", word);
}

typedef struct touched {
  size_t count, capacity;
  struct touched_buffer {
    const buffer *of;
    bool written;
  } *item; /* by number, as their pointers are declared */
} touched;

/* Two buffers of one name are a state before and after. */
static void touch(writer *w, touched *all, const buffer *b, bool writes) {
  const struct touched_buffer one = {b, writes};
  size_t at = 0;
  while (at < all->count && strcmp(all->item[at].of->word, b->word) != 0) at++;
  if (at < all->count) {
    all->item[at].written = all->item[at].written || writes;
    return;
  }
  ARENA_PUSH(w->memory, all->item, all->count, all->capacity, one);
  for (; at > 0 && all->item[at - 1].of->number > b->number; at--) all->item[at] = all->item[at - 1];
  all->item[at] = one;
}

static void find_touched(writer *w, touched *all, const step *first) {
  for (const step *s = first; s; s = s->next) {
    if (s->kind == STEP_LOOP) find_touched(w, all, s->first);
    if (s->kind != STEP_ASSIGNMENT) continue;
    touch(w, all, s->what->target, true);
    for (const buffer_read *r = s->what->reads; r; r = r->next) touch(w, all, r->from, false);
  }
}

static void add_buffer(writer *w, fields *all, const buffer *b, bool written, const char *of,
                       const char *own) {
  const bool scalar = b->kept == STORAGE_LOCAL || b->kept == STORAGE_RESULT;
  if (b->kept == STORAGE_CONSTANT || (scalar && written)) return;
  const char *type = buffer_type(w, b);
  if (!scalar) type = arena_printf(w->memory, "%s%s *", written ? "" : "const ", type);
  add_field(all, type, b->word, of, b->own ? own : NULL);
}

/* Numbers in front of what is added to memory, which loops around have declared. */
static void add_scales(writer *w, fields *all, const char *body, const step *loop, const char *of) {
  for (const step *outer = loop->parent; outer; outer = outer->parent) {
    for (int k = 0; k < outer->reductions; k++) {
      const assignment *a = outer->reduction[k];
      const bool adds = a->collector && !assignment_collects(a) && step_inside(a->where_done, loop);
      if (adds && mentions_word(body, a->collector))
        add_field(all, buffer_type(w, a->target), a->collector, of, NULL);
    }
  }
}

fields find_fields(writer *w, const char *body, const step *loop, const char *of, const char *own) {
  static const char *const numbers[] = {"n", "first", "samples"};
  touched buffers = {0};
  fields all = {text_new(w->memory), text_new(w->memory), text_new(w->memory)};
  for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) {
    const bool there = k == 0 || w->e->parts > 1;
    if (there && mentions_word(body, numbers[k])) add_field(&all, "size_t", numbers[k], of, NULL);
  }
  for (const open_loop *l = w->loops; l; l = l->outer) {
    if (mentions_word(body, l->over->word)) add_field(&all, "size_t", l->over->word, of, NULL);
  }
  if (mentions_word(body, "head")) add_field(&all, "const nnrt_head *", "head", of, NULL);
  add_scales(w, &all, body, loop, of);
  find_touched(w, &buffers, loop->first);
  for (size_t k = 0; k < buffers.count; k++) {
    const buffer *b = buffers.item[k].of;
    if (mentions_word(body, b->word)) add_buffer(w, &all, b, buffers.item[k].written, of, own);
  }
  return all;
}
