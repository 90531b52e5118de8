/* reason: from which line of the model each line of a function stems, and #line directives that
 * say so, for debuggers and profilers; or which line computes what, for documents. A statement is
 * marked as it is written, as lines still move then; the marks become directives, or numbers of
 * lines, once the file is whole. */
#include <stdlib.h>
#include <string.h>

#include "writer.h"

/* ---- the reason of a step ------------------------------------------------------------------- */

static bool is_own(place where) { return where.file && where.line > 0 && !where.file->shipped; }

static bool lists(int count, const definition *list, const definition *d) {
  for (int k = 0; k < count; k++) {
    if (&list[k] == d) return true;
  }
  return false;
}

/* d_h.W stems from what h.W stems from. */
static place place_of_definition(const program *p, const definition *d) {
  bool derivative = lists(p->gradients, p->gradient, d) || lists(p->adjoints, p->adjoint, d);
  return program_place(p, d->word + (derivative ? strlen("d_") : 0), d->where);
}

/* The equation of the value, or that of the first reader that has one: what only helps another
 * value is part of its equation. Readers of recurrences read each other: so many turns at most. */
static place place_of_value(const writer *w, const buffer *b) {
  const program *p = w->p->p;
  const definition *known = b->called ? b->called : b->shown;
  place found = {0};
  const node *n = b->what;
  if (known) found = place_of_definition(p, known);
  for (int k = graph_node_count(w->p->g); n && !is_own(found) && k > 0; k--) {
    const definition *named = w->e->name[n->id];
    if (named) found = place_of_definition(p, named);
    if (n == p->objective || n == p->test_loss || n == p->held_objective) {
      found = p->objective_where;
    }
    n = w->e->user[n->id];
  }
  return found;
}

static int reason_number(writer *w, reason made) {
  reason_list *list = w->reasons;
  ARENA_PUSH(w->memory, list->item, list->count, list->capacity, made);
  return (int)list->count - 1;
}

static const char *function_of(const writer *w) {
  if (w->e->parts > 1) return "gradient_of_part";
  return arena_printf(w->memory, "compute_%s", w->e->word);
}

/* Statements that fill a value are marked with it; what only prepares them is not. */
static int place_of_step(writer *w, const step *s) {
  if (s->kind != STEP_ASSIGNMENT) return -1;
  return reason_number(w, (reason){.of = assignment_whole(s->what)->target, .entry = w->e->kind,
                                   .function = function_of(w)});
}

int give_reason_of(writer *w, const assignment *a) {
  int before = w->reason;
  if (!w->reasons || w->reasons->of_values) return before;
  place where = place_of_value(w, assignment_whole(a)->target);
  if (is_own(where)) w->reason = reason_number(w, (reason){.where = where});
  return before;
}

/* A loop's head stems from the first line that anything in it stems from. */
int give_reason(writer *w, const step *s) {
  int before = w->reason;
  if (!w->reasons) return before;
  if (w->reasons->of_values) {
    w->reason = place_of_step(w, s);
    return before;
  }
  const step *one = s;
  while (one->kind == STEP_LOOP && one->first) one = one->first;
  if (one->what) give_reason_of(w, one->what);
  return before;
}

void name_function(writer *w, size_t from, const char *function) {
  for (size_t k = from; w->reasons && k < w->reasons->count; k++) w->reasons->item[k].function = function;
}

/* ---- directives ----------------------------------------------------------------------------- */

static void append_directive(text *out, int line, const char *path) {
  text_printf(out, "#line %d \"", line);
  for (; *path; path++) {
    if (*path == '"' || *path == '\\') text_append(out, "\\");
    text_append_length(out, path, 1);
  }
  text_append(out, "\"\n");
}

void direct_lines(text *out, const reason_list *reasons, const char *chars, const char *emitted) {
  int number = 1; /* of the line that comes next in the emitted file */
  bool away = false;
  while (*chars) {
    bool marked = *chars == REASON_MARK;
    if (marked) {
      char *end;
      const place *where = &reasons->item[strtoul(chars + 1, &end, 10)].where;
      append_directive(out, where->line, where->file->path);
      chars = end + 1;
    } else if (away) {
      append_directive(out, number + 1, emitted);
    }
    number += marked || away;
    away = marked;
    size_t length = strcspn(chars, "\n");
    length += chars[length] == '\n';
    text_append_length(out, chars, length);
    chars += length;
    number++;
  }
}

const char *without_reasons(arena *memory, const char *chars) {
  text out = text_new(memory);
  const char marks[] = {REASON_MARK, 0};
  while (*chars) {
    size_t plain = strcspn(chars, marks);
    text_append_length(&out, chars, plain);
    chars += plain;
    if (!*chars) break;
    char *end;
    strtoul(chars + 1, &end, 10);
    chars = end + 1;
  }
  return out.chars ? out.chars : "";
}

/* ---- places of values ----------------------------------------------------------------------- */

void note_places(text *out, const reason_list *reasons, const char *chars,
                 emitted_places *places) {
  bool *noted = arena_alloc(out->memory, (reasons->count + 1) * sizeof *noted); /* its first line is */
  for (int number = 1; *chars; number++) {
    if (*chars == REASON_MARK) {
      char *end;
      size_t at = strtoul(chars + 1, &end, 10);
      const reason *r = &reasons->item[at];
      emitted_place made = {.of = r->of, .entry = r->entry, .function = r->function,
                            .line = number};
      if (!noted[at]) ARENA_PUSH(out->memory, places->item, places->count, places->capacity, made);
      noted[at] = true;
      chars = end + 1;
    }
    size_t length = strcspn(chars, "\n");
    length += chars[length] == '\n';
    text_append_length(out, chars, length);
    chars += length;
  }
}
