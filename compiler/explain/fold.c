/* A document without its repetitions: blocks, sections or rows of tables that say the same of layer
 * after layer (each number in the names one more, or one less) stand once, and a line says how far
 * they go on. Compared is what would be printed, so what is left out is known to be the same. */
#include <string.h>

#include "story.h"

enum { MOST_PERIOD = 12, FEWEST_COPIES = 4 };

/* ---- the same with other numbers ---------------------------------------------------------- */

typedef struct comparison {
  int by;       /* numbers in names of the second are so much larger */
  int shifted;  /* names that had a number so far */
} comparison;

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static long number_at(const char **at) {
  long number = 0;
  while (is_digit(**at)) {
    if (number < 100000000) number = number * 10 + (**at - '0');
    (*at)++;
  }
  return number;
}

/* A name with numbers differs in at least one of them. */
static bool same_name(comparison *c, const char *a, const char *b) {
  bool numbers = false, shifted = false;
  if (!a || !b) return !a && !b;
  while (*a && *b) {
    if (is_digit(*a) && is_digit(*b)) {
      long one = number_at(&a), other = number_at(&b);
      numbers = true;
      if (other == one + c->by) shifted = true;
      else if (other != one) return false;
    } else if (*a++ != *b++) return false;
  }
  c->shifted += shifted;
  return !*a && !*b && (shifted || !numbers);
}

static bool same_text(const char *a, const char *b) { return a && b ? strcmp(a, b) == 0 : a == b; }

static bool same_number(double a, double b) { return a >= b && a <= b; }

static bool same_formula(comparison *c, const formula *a, const formula *b) {
  if (!a || !b) return a == b;
  if (a->kind != b->kind || a->count != b->count || !same_number(a->value, b->value)) return false;
  if (a->accent != b->accent || a->bold != b->bold || a->fence != b->fence) return false;
  bool named = a->kind == FORMULA_SYMBOL;
  if (named ? !same_name(c, a->word, b->word) : !same_text(a->word, b->word)) return false;
  if (!same_name(c, a->label, b->label) || !same_formula(c, a->over, b->over)) return false;
  for (int k = 0; k < a->count; k++) {
    bool weighed = a->kind == FORMULA_SUM && a->coefficient;
    if (weighed && !same_number(a->coefficient[k], b->coefficient[k])) return false;
    if (!same_formula(c, a->part[k], b->part[k])) return false;
  }
  return true;
}

static bool same_phrase(comparison *c, const phrase *a, const phrase *b);

static bool same_run(comparison *c, const run *a, const run *b) {
  if (a->kind != b->kind) return false;
  switch (a->kind) {
    case RUN_LINE:
    case RUN_EMITTED:
    case RUN_REFERENCE: return true; /* places: each has its own */
    case RUN_FORMULA: return same_formula(c, a->formula, b->formula);
    case RUN_COUNT: return same_number(a->value, b->value);
    case RUN_PLAIN:
    case RUN_CODE: return same_text(a->chars, b->chars);
    case RUN_WORDS: break;
  }
  if (a->words != b->words || a->parts != b->parts) return false;
  for (int k = 0; k < a->parts; k++) {
    if (!same_phrase(c, a->part[k], b->part[k])) return false;
  }
  return true;
}

static bool same_phrase(comparison *c, const phrase *a, const phrase *b) {
  if (!a || !b) return a == b;
  if (a->count != b->count) return false;
  for (size_t k = 0; k < a->count; k++) {
    if (!same_run(c, &a->run[k], &b->run[k])) return false;
  }
  return true;
}

/* Small print tells places alone. */
static bool same_block(comparison *c, const block *a, const block *b) {
  if (a->kind != b->kind || a->level != b->level || a->final != b->final) return false;
  if (a->kind == BLOCK_TABLE || a->kind == BLOCK_LISTING || a->steps != b->steps) return false;
  if (a->kind != BLOCK_CHAIN && !same_phrase(c, a->words, b->words)) return false;
  for (size_t k = 0; k < a->steps; k++) {
    const chain_step *one = &a->step[k], *other = &b->step[k];
    if (!same_formula(c, one->left, other->left)) return false;
    if (!same_formula(c, one->right, other->right)) return false;
    if (!same_phrase(c, one->reason, other->reason)) return false;
  }
  return true;
}

/* ---- copies ------------------------------------------------------------------------------- */

/* Blocks of a section that ends before `end`; or a row of a table. */
typedef struct item {
  block *first, *end;
  const phrase *const *row;
  int columns;
} item;

static bool same_item(const item *a, const item *b, comparison *c) {
  for (int k = 0; a->row && k < a->columns; k++) {
    if (!same_phrase(c, a->row[k], b->row[k])) return false;
  }
  if (a->row) return true;
  const block *one = a->first, *other = b->first;
  while (one != a->end && other != b->end) {
    if (!same_block(c, one, other)) return false;
    one = one->next;
    other = other->next;
  }
  return one == a->end && other == b->end;
}

static int count_copies(const item *all, int count, int at, int period, int by) {
  int copies = 1;
  for (; at + (copies + 1) * period <= count; copies++) {
    comparison c = {.by = by};
    const item *last = &all[at + (copies - 1) * period];
    for (int k = 0; k < period; k++) {
      if (!same_item(&last[k], &last[k + period], &c)) return copies;
    }
    if (c.shifted == 0) return copies;
  }
  return copies;
}

typedef struct copies {
  int period, count, by;
} copies;

/* The shortest period from here on that goes on for long, or none (count 0). */
static copies find_copies(const item *all, int count, int at) {
  for (int period = 1; period <= MOST_PERIOD; period++) {
    for (int by = -1; by <= 1; by += 2) {
      int found = count_copies(all, count, at, period, by);
      if (found >= FEWEST_COPIES) return (copies){period, found, by};
    }
  }
  return (copies){0};
}

/* ---- rows of a table ---------------------------------------------------------------------- */

/* The first copy, "…", and the last one. */
static void fold_rows(document *d, block *table) {
  int count = (int)table->rows, kept = 0;
  item *all = arena_alloc(d->memory, (table->rows + 1) * sizeof *all);
  for (int k = 0; k < count; k++) {
    all[k] = (item){.row = table->row[k], .columns = table->columns};
  }
  for (int k = 0; k < count;) {
    copies found = find_copies(all, count, k);
    int period = found.count ? found.period : 1;
    for (int j = 0; j < period; j++) table->row[kept++] = all[k + j].row;
    k += period;
    if (!found.count) continue;
    const phrase **gap = arena_alloc(d->memory, (size_t)table->columns * sizeof *gap);
    for (int j = 0; j < table->columns; j++) gap[j] = phrase_new(d->memory);
    gap[0] = phrase_formula(phrase_new(d->memory), formula_ellipsis(d->memory));
    table->row[kept++] = gap;
    k += (found.count - 2) * period;
  }
  table->rows = (size_t)kept;
}

/* ---- blocks ------------------------------------------------------------------------------- */

static block *end_of_section(block *b) {
  if (b->kind != BLOCK_HEADING || b->level < 2) return b->next;
  for (b = b->next; b && b->kind != BLOCK_HEADING;) b = b->next;
  return b;
}

static const formula *formula_in(const phrase *p) {
  for (size_t k = 0; p && k < p->count; k++) {
    const run *r = &p->run[k];
    if (r->kind == RUN_FORMULA) return r->formula;
    for (int j = 0; j < r->parts; j++) {
      const formula *found = formula_in(r->part[j]);
      if (found) return found;
    }
  }
  return NULL;
}

/* What the item is about: the symbol of its heading, or the left side of its equation. */
static const phrase *subject(const document *d, const item *of) {
  const block *b = of->first;
  const formula *f = b->kind == BLOCK_CHAIN && b->steps > 0 ? b->step[0].left
                                                            : formula_in(b->words);
  phrase *p = phrase_new(d->memory);
  return f ? phrase_formula(p, f) : p;
}

static block *note(const document *d, const item *from, const item *to, int by) {
  const phrase **part = arena_alloc(d->memory, 2 * sizeof *part);
  block *made = arena_alloc(d->memory, sizeof *made);
  part[0] = subject(d, from);
  part[1] = subject(d, to);
  made->kind = BLOCK_PARAGRAPH;
  made->words = phrase_words_with(phrase_new(d->memory),
                                  by > 0 ? WORDS_so_on_upwards : WORDS_so_on_downwards, 2, part);
  return made;
}

void document_fold(document *d) {
  int count = 0;
  for (block *b = d->first; b; b = end_of_section(b)) count++;
  item *all = arena_alloc(d->memory, ((size_t)count + 1) * sizeof *all);
  count = 0;
  for (block *b = d->first; b; b = all[count++].end) {
    all[count] = (item){.first = b, .end = end_of_section(b)};
    if (b->kind == BLOCK_TABLE) fold_rows(d, b);
  }
  for (int k = 0; k < count;) {
    copies found = find_copies(all, count, k);
    if (!found.count) {
      k++;
      continue;
    }
    const item *kept = &all[k + found.period - 1];
    k += found.period * found.count;
    block *last = kept->first;
    while (last->next != kept->end) last = last->next;
    last->next = note(d, kept + 1, &all[k - 1], found.by);
    last->next->next = all[k - 1].end;
  }
  document_renumber(d);
}
