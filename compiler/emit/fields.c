/* fields: a loop of an entry as a function of its own, for parts of its turns, and what that reads and
 * writes of the entry's names, as a struct that the entry fills and hands over. */
#include <stdlib.h>
#include <string.h>

#include "writer.h"

/* ---- what it touches ---------------------------------------------------------------------------- */

typedef struct touched_buffer {
  const buffer *of;
  bool written;
} touched_buffer;

typedef struct touched {
  size_t count, capacity;
  touched_buffer *item;
} touched;

static void touch(writer *w, touched *all, const buffer *b, bool writes) {
  const touched_buffer one = {b, writes};
  ARENA_PUSH(w->memory, all->item, all->count, all->capacity, one);
}

static void find_touched(writer *w, touched *all, const step *first) {
  for (const step *s = first; s; s = s->next) {
    if (s->kind == STEP_LOOP) find_touched(w, all, s->first);
    if (s->kind != STEP_ASSIGNMENT) continue;
    touch(w, all, s->what->target, true);
    for (const buffer_read *r = s->what->reads; r; r = r->next) touch(w, all, r->from, false);
  }
}

static int by_number(const void *a, const void *b) {
  const touched_buffer *one = a, *other = b;
  return one->of->number - other->of->number;
}

static int by_word(const void *a, const void *b) {
  const touched_buffer *one = a, *other = b;
  const int order = strcmp(one->of->word, other->of->word);
  return order ? order : by_number(a, b);
}

static void sort(touched *all, int (*order)(const void *, const void *)) {
  if (all->count > 1) qsort(all->item, all->count, sizeof *all->item, order);
}

/* Each name once, in the order in which their pointers are declared; two buffers of one name are a state
 * before and after. */
static void list_once(touched *all) {
  size_t kept = 0;
  sort(all, by_word);
  for (size_t k = 0; k < all->count; k++) {
    const bool again = kept > 0 && strcmp(all->item[kept - 1].of->word, all->item[k].of->word) == 0;
    if (!again) all->item[kept++] = all->item[k];
    else if (all->item[k].written) all->item[kept - 1].written = true;
  }
  all->count = kept;
  sort(all, by_number);
}

/* ---- the struct --------------------------------------------------------------------------------- */

typedef struct fields {
  text declared, unpacked, given; /* in the struct; in the function; where it is called */
  const char *of;                 /* what the function calls its struct */
  const word_table *words;        /* of the function */
} fields;

static void add_field(fields *all, const char *type, const char *word, const char *own) {
  const char *pointer = type[strlen(type) - 1] == '*' ? "" : " ";
  if (!word_taken(all->words, word)) return;
  text_printf(&all->declared, "  %s%s%s;\n", type, pointer, word);
  text_printf(&all->unpacked, "  %s%s%s%s = ", *pointer ? "const " : "", type, pointer, word);
  if (own) text_printf(&all->unpacked, "at(%s->%s, %s);\n", all->of, word, own);
  else text_printf(&all->unpacked, "%s->%s;\n", all->of, word);
  text_printf(&all->given, "%s%s", all->given.length > 0 ? ", " : "", word);
}

static void add_buffer(writer *w, fields *all, const buffer *b, bool written, const char *own) {
  const bool scalar = buffer_is_scalar(b);
  if (b->kept == STORAGE_CONSTANT || (scalar && written)) return;
  const char *type = buffer_type(w, b);
  if (!scalar) type = arena_printf(w->memory, "%s%s *", written ? "" : "const ", type);
  add_field(all, type, b->word, b->own ? own : NULL);
}

/* Numbers in front of what is added to memory, which loops around have declared. */
static void add_scales(writer *w, fields *all, const step *loop) {
  for (const step *outer = loop->parent; outer; outer = outer->parent) {
    for (int k = 0; k < outer->reductions; k++) {
      const assignment *a = outer->reduction[k];
      const bool adds = a->collector && !assignment_collects(a) && step_inside(a->where_done, loop);
      if (adds) add_field(all, buffer_type(w, a->target), a->collector, NULL);
    }
  }
}

static fields find_fields(writer *w, const called_loop *of) {
  touched buffers = {0};
  fields all = {text_new(w->memory), text_new(w->memory), text_new(w->memory), w->part_words.of,
                words_of(w, of->body)};
  add_field(&all, "size_t", "n", NULL);
  if (w->e->parts > 1) {
    add_field(&all, "size_t", "first", NULL);
    add_field(&all, "size_t", "samples", NULL);
  }
  for (const open_loop *l = w->loops; l; l = l->outer) add_field(&all, "size_t", l->over->word, NULL);
  add_field(&all, "const nnrt_head *", "head", NULL);
  add_scales(w, &all, of->loop);
  find_touched(w, &buffers, of->loop->first);
  list_once(&buffers);
  for (size_t k = 0; k < buffers.count; k++) {
    add_buffer(w, &all, buffers.item[k].of, buffers.item[k].written, of->own);
  }
  return all;
}

/* ---- the function ------------------------------------------------------------------------------- */

const char *emit_called(writer *w, const called_loop *of, const char **given) {
  const part_words *words = &w->part_words;
  const size_t before = of->all->count;
  const fields all = find_fields(w, of);
  const char *whole = arena_printf(w->memory, "%s%s%s", all.declared.chars, all.unpacked.chars, of->body);
  const size_t number = shape_number(w, of->all, without_reasons(w->memory, whole), SIZE_MAX);
  const char *word = arena_printf(w->memory, "%s_%zu", of->base, number);
  name_function(w, of->reasons, word);
  *given = all.given.chars;
  if (number <= before) return word;
  text_printf(w->functions, "\n/* %s */\nstruct %s {\n%s};\nstatic void %s(%s%s, %s", of->about, word,
              all.declared.chars, word, of->context, words->context, of->parameters);
  if (of->more) text_printf(w->functions, ",\n%*s%s", (int)strlen(word) + 13, "", of->more);
  text_printf(w->functions, ") {\n  const struct %s *%s = %s;\n%s%s}\n", word, words->of, words->context,
              all.unpacked.chars, of->body);
  return word;
}
