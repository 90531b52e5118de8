/* What the gradients cost as they are computed, after lowering and bracketing; and where in the
 * emitted C each of them is. */
#include <string.h>

#include "notation.h"

/* ---- places in the emitted C -------------------------------------------------------------- */

static bool starts_function(const char *line, size_t length) {
  bool letter = (*line >= 'a' && *line <= 'z') || (*line >= 'A' && *line <= 'Z');
  return letter && memchr(line, '(', length) && length > 0 && line[length - 1] != ';';
}

static const char *function_name(arena *memory, const char *line) {
  const char *end = strchr(line, '('), *begin = end;
  while (begin > line && begin[-1] != ' ' && begin[-1] != '*') begin--;
  return arena_copy(memory, begin, (size_t)(end - begin));
}

/* Emitted statements stand under a comment "word = formula". */
static bool says(const char *line, size_t length, const char *word) {
  size_t size = strlen(word);
  const char *at = line;
  while (at < line + length && (*at == ' ' || *at == '/' || *at == '*')) at++;
  if (at == line || (size_t)(line + length - at) < size + 3) return false;
  return strncmp(at, word, size) == 0 && strncmp(at + size, " = ", 3) == 0;
}

bool emitted_place(const story *s, const char *word, const char **function, int *line) {
  const char *at = s->code;
  *function = NULL;
  if (!at) return false;
  for (int number = 1; *at; number++) {
    const char *end = strchr(at, '\n');
    size_t length = end ? (size_t)(end - at) : strlen(at);
    if (starts_function(at, length)) *function = function_name(s->memory, at);
    if (*function && says(at, length, word)) {
      *line = number;
      return true;
    }
    at += length + (end != NULL);
  }
  return false;
}

/* ---- letters of what is computed ---------------------------------------------------------- */

static const symbol *symbol_spelt(const story *s, const char *word) {
  for (int k = 0; k < s->r->definitions; k++) {
    const definition *of = &s->r->definition[k];
    const symbol *found = s->symbol[of->value->id];
    if (strcmp(of->word, word) == 0) return found && found->kind != SYMBOL_ADJOINT ? found : NULL;
  }
  return NULL;
}

static symbol *give_letter(story *s, const symbol *like, const definition *to) {
  if (!like || s->symbol[to->value->id] || to->rank != like->rank) return NULL;
  symbol *made = arena_alloc(s->memory, sizeof *made);
  *made = *like;
  made->node = to->value;
  memcpy(made->dims, to->dims, sizeof made->dims);
  s->symbol[to->value->id] = made;
  return made;
}

static bool same_axes(const node *a, const node *b) {
  return a->rank == b->rank &&
         (a->rank == 0 || memcmp(a->axes, b->axes, (size_t)a->rank * sizeof *a->axes) == 0);
}

/* What has a letter without being an equation: arguments of activations, derivatives by them. */
static void name_others(story *s) {
  for (int id = 0; id < s->p->lowered_nodes; id++) {
    const node *made = s->p->lowered[id];
    if (!s->symbol[id] || !made || s->symbol[made->id]) continue;
    if (!same_axes(made, graph_node(s->g, id))) continue;
    symbol *like = arena_alloc(s->memory, sizeof *like);
    *like = *s->symbol[id];
    like->node = made;
    s->symbol[made->id] = like;
  }
}

/* Lowering made other nodes of the same equations and derivatives. */
static void name_lowered(story *s) {
  for (int k = 0; k < s->p->definitions; k++) {
    give_letter(s, symbol_spelt(s, s->p->definition[k].word), &s->p->definition[k]);
  }
  for (int k = 0; k < s->p->adjoints; k++) {
    const definition *of = &s->p->adjoint[k];
    const symbol *by = strncmp(of->word, "d_", 2) == 0 ? symbol_spelt(s, of->word + 2) : NULL;
    symbol *made = give_letter(s, by, of);
    if (!made) continue;
    made->kind = SYMBOL_ADJOINT;
    made->by = by;
    made->parameter = false;
  }
  name_others(s);
}

/* ---- work --------------------------------------------------------------------------------- */

/* Multiply-adds: so many, and so many for each sample. */
typedef struct work {
  double once, each;
} work;

typedef struct axes_met {
  int count;
  axis met[4 * MAX_RANK];
} axes_met;

static void meet(axes_met *all, int count, const axis *given) {
  for (int k = 0; k < count; k++) {
    bool known = false;
    for (int j = 0; j < all->count; j++) known = known || all->met[j] == given[k];
    if (!known && all->count < 4 * MAX_RANK) all->met[all->count++] = given[k];
  }
}

/* Every place of those axes, `times` times. */
static void add_places(const graph *g, work *to, const axes_met *all, int times) {
  double places = times;
  bool each = false;
  for (int k = 0; k < all->count; k++) {
    if (all->met[k] == AXIS_BATCH) each = true;
    else places *= (double)axis_extent(g, all->met[k]);
  }
  if (each) to->each += places;
  else to->once += places;
}

static int factors_of(const node *n) {
  int count = 0;
  for (int k = 0; k < n->operands; k++) count += n->operand[k]->rank > 0;
  return count;
}

/* What a product costs: each place of its axes, once for each factor but one; a sum alone, once
 * for each place. */
static void add_product(const graph *g, work *to, const node *n) {
  axes_met all = {0};
  int factors = factors_of(n);
  if (factors == 0 || (factors == 1 && n->bound == 0)) return;
  meet(&all, n->rank, n->axes);
  meet(&all, n->bound, n->bound_axes);
  add_places(g, to, &all, factors > 1 ? factors - 1 : 1);
}

/* All products down to what has a letter, as they are bracketed; conditions are no work. */
static void add_work(const story *s, work *to, const node *n, int depth) {
  if (symbol_of(s, n) || n->class == NODE_TENSOR || n->boolean || depth > 40) return;
  if (n->class == NODE_PRODUCT) add_product(s->g, to, n);
  for (int k = 0; k < n->operands; k++) add_work(s, to, n->operand[k], depth + 1);
}

static int meet_factors(const story *s, axes_met *all, const node *n, int depth) {
  int count = 0;
  meet(all, n->rank, n->axes);
  meet(all, n->bound, n->bound_axes);
  for (int k = 0; k < n->operands; k++) {
    const node *inner = n->operand[k];
    bool opens = inner->class == NODE_PRODUCT && !symbol_of(s, inner) && depth < 40;
    count += opens ? meet_factors(s, all, inner, depth + 1) : inner->rank > 0;
  }
  return count;
}

/* The same as one sum over all factors at once. */
static work flat_work(const story *s, const node *n) {
  axes_met all = {0};
  work of = {0};
  if (n->class != NODE_PRODUCT) return of;
  int factors = meet_factors(s, &all, n, 0);
  add_places(s->g, &of, &all, factors > 1 ? factors - 1 : 1);
  return of;
}

static const phrase *work_phrase(const story *s, const work *of) {
  phrase *p = phrase_new(s->memory);
  if (of->each > 0) phrase_formula(phrase_plain(phrase_count(p, of->each), " "), batch_letter(s));
  if (of->each > 0 && of->once > 0) phrase_plain(p, " + ");
  if (of->once > 0 || of->each <= 0) phrase_count(p, of->once);
  return p;
}

static bool same(double a, double b) { return a >= b && a <= b; }

static void cost_row(story *s, block *table, const symbol *by, const definition *of) {
  const phrase **cell = arena_alloc(s->memory, 5 * sizeof *cell);
  const node *value = of->value, *opened[16];
  symbol laid = *by;
  laid.kind = SYMBOL_ADJOINT;
  laid.by = by;
  memcpy(laid.dims, of->dims, sizeof laid.dims);
  symbol *own = s->symbol[value->id];
  s->symbol[value->id] = NULL; /* not its own letter */
  int count = open_adjoints(s, &laid, value, opened, 16);
  const formula *whole = whole_value(s, &laid, value);
  work bracketed = {0};
  add_work(s, &bracketed, value, 0);
  work flat = flat_work(s, value);
  for (int k = 0; k < count; k++) s->open[opened[k]->id] = false;
  s->symbol[value->id] = own;
  double elements = 1;
  for (int k = 0; k < of->rank; k++) elements *= (double)axis_extent(s->g, of->dims[k]);
  bool differ = flat.each + flat.once > 0 &&
                !(same(flat.each, bracketed.each) && same(flat.once, bracketed.once));
  cell[0] = phrase_formula(phrase_new(s->memory),
                           formula_partial(s->memory, loss_letter(s), by->whole));
  cell[1] = phrase_new(s->memory);
  if (whole && leaves_of(whole) <= 2 * MOST_LEAVES) {
    cell[1] = phrase_formula(phrase_new(s->memory), whole);
  }
  cell[2] = work_phrase(s, &bracketed);
  cell[3] = differ ? work_phrase(s, &flat) : phrase_new(s->memory);
  cell[4] = phrase_count(phrase_new(s->memory), elements * s->real_bytes);
  table_row(s->d, table, cell);
}

void tell_cost(story *s) {
  static const alignment align[] = {ALIGN_LEFT, ALIGN_LEFT, ALIGN_RIGHT, ALIGN_RIGHT, ALIGN_RIGHT};
  const phrase **title = arena_alloc(s->memory, 5 * sizeof *title);
  static const words heads[] = {WORDS_gradient_named, WORDS_bracketed, WORDS_multiply_adds,
                                WORDS_at_once, WORDS_memory_bytes};
  for (int k = 0; k < 5; k++) title[k] = phrase_words(phrase_new(s->memory), heads[k]);
  if (s->p->gradients == 0) return;
  document_heading(s->d, 1, phrase_words(phrase_new(s->memory), WORDS_the_cost), "cost");
  document_paragraph(s->d, phrase_words(phrase_new(s->memory), WORDS_cost_words));
  block *table = document_table(s->d, 5, align, title);
  name_lowered(s);
  s->bracketed = true;
  for (int k = 0; k < s->p->gradients; k++) {
    const symbol *by = s->symbol[s->r->leaf[k]->id];
    if (by) cost_row(s, table, by, &s->p->gradient[k]);
  }
  s->bracketed = false;
}
