/* comment: above each step, its formula as a document would have it, and its line in the model.
 * What has a letter in the model's derivation has it here; what only the emitted C has a name for
 * stands by that name. */
#include <string.h>

#include "notation.h"
#include "writer.h"

enum { MOST_LINES = 12, MOST_FORMULA_LINES = 3, WIDEST = 92 };

/* ---- letters of what is stored -------------------------------------------------------------- */

static bool is_objective(const writer *w, const buffer *b) {
  return b->kept == STORAGE_RESULT && b->what && b->what == w->p->p->objective;
}

static symbol *symbol_by_word(const writer *w, const buffer *b, const char *word) {
  axis dims[MAX_RANK];
  for (int k = 0; k < b->rank; k++) dims[k] = b->dims[b->order[k]];
  return symbol_stored(w->notation, b->what, word, b->rank, dims);
}

static bool has_own_word(const buffer *b) {
  return b->what && !b->partial && b->kept != STORAGE_GRADIENT && b->kept != STORAGE_STATE;
}

void name_stored(writer *w) {
  notation *s = w->notation;
  const entry_plan *e = w->e;
  for (size_t k = 0; k < e->buffers; k++) {
    const buffer *b = e->buffer[k];
    if (!has_own_word(b) || e->held[b->what->id] != b || s->symbol[b->what->id]) continue;
    const symbol *named = b->called ? symbol_of_definition(s, b->called, b->what) : NULL;
    s->symbol[b->what->id] = symbol_by_word(w, b, b->word);
    if (named) *s->symbol[b->what->id] = *named;
    s->symbol[b->what->id]->stored = true;
  }
}

void unname_stored(writer *w) {
  notation *s = w->notation;
  for (size_t k = 0; k < w->e->buffers; k++) {
    const buffer *b = w->e->buffer[k];
    if (b->what && s->symbol[b->what->id] && s->symbol[b->what->id]->stored) {
      s->symbol[b->what->id] = NULL;
    }
  }
}

static const symbol *symbol_of_buffer(const writer *w, const buffer *b) {
  const notation *s = w->notation;
  if (b->kept == STORAGE_GRADIENT) return symbol_of_gradient(s, b->index);
  const symbol *known = b->partial ? NULL : s->symbol[b->what->id];
  if (is_objective(w, b)) return symbol_by_word(w, b, "L");
  return known ? known : symbol_by_word(w, b, b->word);
}

/* ---- lines ---------------------------------------------------------------------------------- */

typedef struct comment_lines {
  int count;
  const char *item[MOST_LINES];
} comment_lines;

static const char *base_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static const char *model_line(writer *w, const buffer *b) {
  const definition *known = b->shown ? b->shown : b->called;
  if (!known || !known->where.file || known->where.line <= 0) return "";
  if (known->where.file->shipped) return "";
  return arena_printf(w->memory, "   %s:%d", base_name(known->where.file->path),
                      known->where.line);
}

/* No name that came from outside ends the comment or begins another. */
static const char *without_marks(writer *w, const char *chars) {
  char *safe = arena_copy(w->memory, chars, strlen(chars));
  for (char *c = safe; *c; c++) {
    bool mark = (c[0] == '*' && c[1] == '/') || (c[0] == '/' && c[1] == '*');
    if (mark || (unsigned char)*c < ' ') *c = ' ';
  }
  return safe;
}

static void add_line(writer *w, comment_lines *to, const char *chars) {
  if (to->count < MOST_LINES) to->item[to->count++] = without_marks(w, chars);
}

/* The formula in a few lines; what is longer than that is left out. */
static void add_formula(writer *w, comment_lines *to, const formula *f, const char *where) {
  const char **part;
  int room = WIDEST - 2 * w->indent - (int)strlen(where);
  int parts = formula_lines(w->memory, f, room, room - 2, &part);
  int shown = parts < MOST_FORMULA_LINES ? parts : MOST_FORMULA_LINES;
  for (int k = 0; k < shown; k++) {
    bool last = k == shown - 1;
    add_line(w, to, arena_printf(w->memory, "%s%s%s%s", k ? "    " : "", part[k],
                                 last && shown < parts ? " …" : "", last ? where : ""));
  }
}

/* ---- what one step computes ----------------------------------------------------------------- */

static bool is_zero(double x) { return x >= 0 && x <= 0; }
static bool is_one(double x) { return x >= 1 && x <= 1; }

static const node *assigned_term(const assignment *a) { return a->term ? a->term : a->what; }

/* Parts of one term that are computed apart: the first tells it. */
static bool is_told(const assignment *a) {
  for (const assignment *b = a->target->writer; b && b != a; b = b->next_writer) {
    if (assigned_term(b) == assigned_term(a)) return true;
  }
  return false;
}

static const formula *scaled(const notation *s, double by, const formula *f) {
  return is_one(by) ? f : formula_sum(s->memory, 1, &f, &by);
}

/* One of the terms that are added up in the target, or stand in places of their own there. */
static const formula *term_equation(writer *w, const assignment *a) {
  const notation *s = w->notation;
  symbol of = *symbol_of_buffer(w, a->target);
  const formula *left = page_symbol(s, &of), *right = formula_ellipsis(s->memory);
  if (!is_told(a)) {
    const formula *told = page_equation(s, &of, assigned_term(a));
    left = told->part[0];
    right = scaled(s, a->coefficient, told->part[1]);
  }
  return formula_relation(s->memory, left, a->adds ? "+=" : "=", right);
}

/* x[l + 1]: a step from one copy to the next, or a row beside these. */
static const char *row_of_copies(writer *w, const assignment *a) {
  const buffer *b = a->target;
  text row = text_new(w->memory);
  text_append(&row, b->word);
  for (int d = 0; d < b->rank; d++) {
    if (b->dims[d] < 0 || !axis_counts_copies(w->p->g, b->dims[d])) continue;
    const variable *v = index_variable(&a->at[d]);
    if (!v) text_printf(&row, "[%lld]", (long long)a->at[d].constant);
    else if (a->at[d].constant == 0) text_printf(&row, "[%s]", v->word);
    else text_printf(&row, "[%s + %lld]", v->word, (long long)a->at[d].constant);
  }
  return row.chars;
}

static const formula *row_equation(writer *w, const assignment *a) {
  const notation *s = w->notation;
  const formula *left = formula_symbol(s->memory, row_of_copies(w, a));
  const formula *right = formula_number(s->memory, 0);
  if (!is_zero(a->coefficient)) {
    const node *what = a->what->class == NODE_VIEW ? a->what->operand[0] : a->what;
    const symbol *of = symbol_of(s, what);
    if (of) right = page_symbol(s, of);
    else right = page_equation(s, symbol_stored(s, what, "", what->rank, what->axes), what)->part[1];
    right = scaled(s, a->coefficient, right);
  }
  return formula_relation(s->memory, left, "=", right);
}

/* What C calls otherwise than its letter: d_b_sum = ∂L/∂Z = ... */
static const formula *with_word(writer *w, const buffer *b, const formula *f) {
  const notation *s = w->notation;
  const symbol *of = symbol_of_buffer(w, b);
  bool same = b->kept == STORAGE_GRADIENT || b->called || (b->shown && !is_objective(w, b)) ||
              strcmp(of->spelling, b->word) == 0;
  if (same) return f;
  return formula_relation(s->memory, formula_symbol(s->memory, b->word), "=", f);
}

/* A parameter that lies another way. */
static const formula *copy_equation(writer *w, const buffer *b) {
  const symbol *of = symbol_of(w->notation, b->what);
  return formula_relation(w->notation->memory, formula_symbol(w->notation->memory, b->word), "=",
                          page_symbol(w->notation, of ? of : symbol_of_buffer(w, b)));
}

static void add_assignment(writer *w, const assignment *a, comment_lines *lines) {
  const buffer *b = a->target;
  bool several = b->partial || b->writer->next_writer;
  const formula *f = several && a->kind == ASSIGN_ELEMENTS && !b->in_pieces ? row_equation(w, a)
                     : several && (a->term || b->in_pieces) ? term_equation(w, a)
                     : page_equation(w->notation, symbol_of_buffer(w, b), b->what);
  f = is_copy_of_tensor(b) ? copy_equation(w, b) : with_word(w, b, f);
  add_formula(w, lines, f, model_line(w, b));
}

/* Scalars that only help another step are seen there. */
static bool is_worth_a_line(const assignment *a) {
  return a->target->kept != STORAGE_LOCAL || a->target->called;
}

static void collect_lines(writer *w, const step *s, bool all, comment_lines *lines) {
  if (s->kind == STEP_LOOP) {
    for (const step *inner = s->first; inner; inner = inner->next) {
      collect_lines(w, inner, all, lines);
    }
    return;
  }
  const assignment *a = s->kind == STEP_ASSIGNMENT ? assignment_whole(s->what) : NULL;
  if (!a || (!all && !is_worth_a_line(a))) return;
  if (lines->count < MOST_LINES) add_assignment(w, a, lines);
}

/* ---- comments ------------------------------------------------------------------------------- */

typedef struct targets {
  int count;
  const buffer *of[MOST_LINES];
  const formula *symbol[MOST_LINES];
} targets;

static bool is_listed(const targets *all, const buffer *b) {
  for (int k = 0; k < all->count; k++) {
    if (all->of[k] == b) return true;
  }
  return false;
}

/* What has a letter among what the loop's steps fill. */
static void add_targets(const writer *w, const step *s, targets *all) {
  for (const step *inner = s->first; inner; inner = inner->next) {
    if (inner->kind == STEP_LOOP) add_targets(w, inner, all);
    if (inner->kind != STEP_ASSIGNMENT || all->count == MOST_LINES) continue;
    const buffer *b = assignment_whole(inner->what)->target;
    const symbol *of = symbol_of_buffer(w, b);
    if (is_listed(all, b) || (of->kind == SYMBOL_STORED && !b->called && !b->shown)) continue;
    all->of[all->count] = b;
    all->symbol[all->count++] = page_symbol(w->notation, of);
  }
}

static void emit_time_comment(writer *w, const step *s) {
  targets all = {0};
  const char **part = &(const char *){"its parts"};
  int count = 0, room = WIDEST - 2 * w->indent - 36;
  add_targets(w, s, &all);
  if (all.count > 0) {
    const formula *list = formula_list(w->memory, ",", all.count, all.symbol);
    count = formula_lines(w->memory, list, room, room, &part);
  }
  bool copies = s->over->along >= 0 && axis_counts_copies(w->p->g, s->over->along);
  bool segments = copies && axis_part_of(w->p->g, s->over->along) == AXIS_SEGMENTS;
  line(w, "/* the %s of %s%s %s */", segments ? "segments" : copies ? "copies" : "recurrence",
       without_marks(w, part[0]), count > 1 ? " …," : ",", s->downwards ? "backwards" : "forwards");
}

static void emit_lines(writer *w, const step *s) {
  comment_lines lines = {0};
  collect_lines(w, s, false, &lines);
  if (lines.count == 0) collect_lines(w, s, true, &lines);
  for (int k = 0; k < lines.count; k++) {
    line(w, "%s %s%s", k == 0 ? "/*" : " *", lines.item[k], k + 1 == lines.count ? " */" : "");
  }
}

/* What it takes to write a comment is not kept. */
void emit_comment(writer *w, const step *s) {
  arena *kept = w->memory, *page = w->page;
  if (s->previous || !s->parent) text_append(w->out, s->parent ? "" : "\n");
  arena_clear(page);
  w->memory = w->notation->memory = page;
  if (s->kind == STEP_LOOP && s->over->time) emit_time_comment(w, s);
  else emit_lines(w, s);
  w->memory = w->notation->memory = kept;
}
