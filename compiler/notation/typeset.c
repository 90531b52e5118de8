/* Formulas to boxes. What all formats share is decided here: where parentheses stand, which sign
 * a term shows, how numbers are written, where factors are kept apart. */
#include <math.h>
#include <string.h>

#include "graph.h"
#include "layout.h"

enum { DEEPEST = 100 };     /* beyond, a formula is an ellipsis                                  */

/* What a formula binds like; one that binds looser than its place asks for is put in parentheses. */
enum {
  LOOSE,        /* relations, lists                                                              */
  ADDED,        /* sums                                                                          */
  MULTIPLIED_O, /* Hadamard products                                                             */
  MULTIPLIED,   /* juxtaposed products; a fraction with a slash                                  */
  FACTOR,       /* fractions                                                                     */
  SCRIPTED,     /* powers, transposes                                                            */
  ATOM
};

typedef struct setter {
  arena *memory;
  bool linear;
  language language;
  int depth;
} setter;

/* ---- boxes -------------------------------------------------------------------------------- */

box *box_new(arena *memory, box_kind kind, const char *chars) {
  box *b = arena_alloc(memory, sizeof *b);
  b->kind = kind;
  b->chars = chars;
  if (chars) b->width = 0.55 * text_columns(chars);
  return b;
}

static double widest(const box *a, const box *b) {
  double first = a ? a->width : 0, second = b ? b->width : 0;
  return first > second ? first : second;
}

static double estimate(const box *b) {
  double sum = 0;
  switch (b->kind) {
    case BOX_SCRIPTS: return b->part[0]->width + 0.75 * widest(b->part[1], b->part[2]);
    case BOX_LIMITS: {
      double limits = 0.75 * widest(b->part[1], b->part[2]);
      return 0.2 + (limits > b->part[0]->width ? limits : b->part[0]->width);
    }
    case BOX_FRACTION: return 0.3 + widest(b->part[0], b->part[1]);
    case BOX_ROOT: return 0.9 + b->part[0]->width;
    case BOX_GROUP: return 0.9 + b->part[0]->width;
    case BOX_CASES:
      for (int k = 0; k + 1 < b->count; k += 2) {
        double row = 2.5 + b->part[k]->width + b->part[k + 1]->width;
        if (row > sum) sum = row;
      }
      return sum;
    default: return b->width;
  }
}

static bool is_tall(const box *b) {
  return b->kind == BOX_FRACTION || b->kind == BOX_LIMITS || b->kind == BOX_CASES;
}

box *box_of(arena *memory, box_kind kind, int count, const box *const *parts) {
  box *b = box_new(memory, kind, NULL);
  for (int k = 0; k < count; k++) {
    b->part = arena_grow(memory, b->part, (size_t)b->count, &b->capacity, sizeof *b->part);
    b->part[b->count++] = parts[k];
    b->tall = b->tall || (parts[k] && parts[k]->tall && kind != BOX_SCRIPTS);
  }
  if (kind == BOX_SCRIPTS) b->tall = parts[0]->tall;
  b->tall = b->tall || is_tall(b);
  b->width = estimate(b);
  return b;
}

void row_push(arena *memory, box *row, const box *last) {
  row->part = arena_grow(memory, row->part, (size_t)row->count, &row->capacity, sizeof *row->part);
  row->part[row->count++] = last;
  row->width += last->width;
  row->tall = row->tall || last->tall;
}

static double mark_width(mark_kind kind) {
  switch (kind) {
    case MARK_BINARY: return 1.25;
    case MARK_RELATION: return 1.35;
    case MARK_PREFIX: return 0.8;
    default: return 0.45;
  }
}

const box *typeset_mark(arena *memory, mark_kind kind, const char *chars) {
  box *b = box_new(memory, BOX_MARK, chars);
  b->mark = kind;
  b->width = mark_width(kind);
  return b;
}

static void push_mark(setter *s, box *row, mark_kind kind, const char *chars) {
  row_push(s->memory, row, typeset_mark(s->memory, kind, chars));
}

static void push_gap(setter *s, box *row) {
  box *gap = box_new(s->memory, BOX_GAP, NULL);
  gap->width = 0.2;
  row_push(s->memory, row, gap);
}

static const box *group(setter *s, const char *open, const char *close, const box *inside) {
  box *b = box_of(s->memory, BOX_GROUP, 1, &inside);
  b->chars = open;
  b->close = close;
  return b;
}

/* ---- how tightly a formula binds ---------------------------------------------------------- */

static bool is_fraction_text(const char *chars) { return strchr(chars, '/') != NULL; }

/* 1/64 is shorter than 0.015625; 0.25 is as short as 1/4. */
static void print_magnitude(text *out, double value) {
  enum { LONG_DECIMAL = 6 };
  text digits = text_new(out->memory);
  print_coefficient(&digits, value);
  double parts = value > 0 && value < 1 ? floor(1 / value + 0.5) : 0;
  bool whole = parts > 1 && parts < 1e9 && fabs(1 / value - parts) <= 1e-12 * parts;
  if (whole && digits.length > LONG_DECIMAL) text_printf(out, "1/%.0f", parts);
  else text_append(out, digits.chars);
}

static int number_strength(const setter *s, double value) {
  text digits = text_new(s->memory);
  if (value < 0) return ADDED;
  print_magnitude(&digits, value);
  if (is_fraction_text(digits.chars)) return s->linear ? MULTIPLIED : FACTOR;
  return strchr(digits.chars, 'e') ? MULTIPLIED : ATOM;
}

static int strength_of(const setter *s, const formula *f) {
  switch (f->kind) {
    case FORMULA_NUMBER: return number_strength(s, f->value);
    case FORMULA_RELATION: case FORMULA_LIST: return LOOSE;
    case FORMULA_SUM: return ADDED;
    case FORMULA_HADAMARD: return MULTIPLIED_O;
    case FORMULA_PRODUCT: case FORMULA_BIG: return MULTIPLIED;
    case FORMULA_FRACTION: case FORMULA_PARTIAL: return s->linear ? MULTIPLIED : FACTOR;
    case FORMULA_POWER: case FORMULA_TRANSPOSE: return SCRIPTED;
    case FORMULA_SYMBOL: return f->label && f->count ? SCRIPTED : ATOM;
    case FORMULA_CASES: return s->linear ? ATOM : ADDED;
    default: return ATOM;
  }
}

static const box *set(setter *s, const formula *f);

static const box *set_within(setter *s, const formula *f, int strength) {
  const box *inside = set(s, f);
  int own = inside->slashed ? MULTIPLIED : strength_of(s, f);
  return own < strength ? group(s, "(", ")", inside) : inside;
}

/* In scripts there is no room for fractions one above the other. */
static const box *set_linear(setter *s, const formula *f) {
  if (!f) return NULL;
  setter inner = *s;
  inner.linear = true;
  return set(&inner, f);
}

/* ---- numbers ------------------------------------------------------------------------------ */

static const box *number_box(setter *s, const char *chars, size_t length) {
  return box_new(s->memory, BOX_NUMBER, arena_copy(s->memory, chars, length));
}

static const box *set_fraction_of(setter *s, const box *above, const box *below) {
  if (!s->linear) return box_of(s->memory, BOX_FRACTION, 2, (const box *[]){above, below});
  box *row = box_new(s->memory, BOX_ROW, NULL);
  row_push(s->memory, row, above);
  push_mark(s, row, MARK_PLAIN, "/");
  row_push(s->memory, row, below);
  return row;
}

/* "1e-05": 10 to the power -5, with what stands in front unless that is 1. */
static const box *set_power_of_ten(setter *s, const char *digits, const char *exponent) {
  box *row = box_new(s->memory, BOX_ROW, NULL);
  if (strncmp(digits, "1e", 2) != 0) {
    row_push(s->memory, row, number_box(s, digits, (size_t)(exponent - digits)));
    push_mark(s, row, MARK_BINARY, "·");
  }
  const char *at = exponent + 1;
  box *raised = box_new(s->memory, BOX_ROW, NULL);
  if (*at == '-') push_mark(s, raised, MARK_PREFIX, "−");
  while (*at == '-' || *at == '+' || *at == '0') at++;
  row_push(s->memory, raised, number_box(s, at, strlen(at)));
  row_push(s->memory, row,
           box_of(s->memory, BOX_SCRIPTS, 3, (const box *[]){number_box(s, "10", 2), NULL,
                                                             raised}));
  return row;
}

static const box *set_magnitude(setter *s, double value) {
  text digits = text_new(s->memory);
  if (isinf(value)) return box_new(s->memory, BOX_NUMBER, "∞");
  print_magnitude(&digits, fabs(value));
  const char *slash = strchr(digits.chars, '/'), *exponent = strchr(digits.chars, 'e');
  if (slash) {
    return set_fraction_of(s, number_box(s, digits.chars, (size_t)(slash - digits.chars)),
                           number_box(s, slash + 1, strlen(slash + 1)));
  }
  if (exponent) return set_power_of_ten(s, digits.chars, exponent);
  return number_box(s, digits.chars, digits.length);
}

static const box *set_number(setter *s, const formula *f) {
  const box *magnitude = set_magnitude(s, f->value);
  if (!(f->value < 0)) return magnitude;
  box *row = box_new(s->memory, BOX_ROW, NULL);
  push_mark(s, row, MARK_PREFIX, "−");
  row_push(s->memory, row, magnitude);
  return row;
}

/* ---- symbols ------------------------------------------------------------------------------ */

static bool is_short(const formula *f) {
  const char *at = f->word;
  if (f->kind == FORMULA_NUMBER) return f->value >= 0 && f->value < 10 && f->value == floor(f->value);
  return f->kind == FORMULA_SYMBOL && !f->count && !f->label && next_code_point(&at) && !*at;
}

/* i j, or i, t − 1; two numbers side by side would be one: 2, 4 */
static const box *set_indices(setter *s, int count, const formula *const *index) {
  bool close = true;
  if (count == 0) return NULL;
  for (int k = 0; k < count; k++) {
    const bool numbers = k > 0 && index[k - 1]->kind == FORMULA_NUMBER && index[k]->kind == FORMULA_NUMBER;
    close = close && is_short(index[k]) && !numbers;
  }
  box *row = box_new(s->memory, BOX_ROW, NULL);
  for (int k = 0; k < count; k++) {
    if (k && !close) push_mark(s, row, MARK_COMMA, ",");
    row_push(s->memory, row, set_linear(s, index[k]));
  }
  return row;
}

/* 1, or a word: set upright */
static const box *set_label(setter *s, const char *label) {
  if (!label) return NULL;
  bool digits = strspn(label, "0123456789") == strlen(label);
  bool letter = next_code_point(&(const char *){label}) && text_columns(label) == 1;
  return box_new(s->memory, digits ? BOX_NUMBER : letter ? BOX_LETTER : BOX_WORDS, label);
}

static const box *set_symbol(setter *s, const formula *f) {
  box *letter = box_new(s->memory, BOX_LETTER, f->word);
  const box *below = set_indices(s, f->count, f->part), *above = set_label(s, f->label);
  letter->accent = f->accent;
  letter->bold = f->bold;
  if (!below && !above) return letter;
  if (below && above) above = group(s, "(", ")", above);
  const box *const parts[] = {letter, below ? below : above, below ? above : NULL};
  return box_of(s->memory, BOX_SCRIPTS, 3, parts);
}

/* ---- sums and products -------------------------------------------------------------------- */

static bool is_one(double value) { return value >= 1 && value <= 1; }

/* The sign of a term, then what is left of it. */
static void push_term(setter *s, box *row, const formula *term, double coefficient, bool first) {
  bool number = term->kind == FORMULA_NUMBER;
  double by = number ? coefficient * term->value : coefficient;
  if (by < 0) push_mark(s, row, first ? MARK_PREFIX : MARK_BINARY, "−");
  else if (!first) push_mark(s, row, MARK_BINARY, "+");
  if (number) {
    row_push(s->memory, row, set_magnitude(s, by));
    return;
  }
  bool scaled = !is_one(fabs(by));
  if (scaled) {
    const formula *size = formula_number(s->memory, fabs(by));
    row_push(s->memory, row, set_within(s, size, FACTOR));
    push_gap(s, row);
  }
  row_push(s->memory, row, set_within(s, term, scaled ? MULTIPLIED_O : ADDED + 1));
}

static const box *set_sum(setter *s, const formula *f) {
  box *row = box_new(s->memory, BOX_ROW, NULL);
  if (f->count == 0) return number_box(s, "0", 1);
  for (int k = 0; k < f->count; k++) push_term(s, row, f->part[k], f->coefficient[k], k == 0);
  return row;
}

/* Whether it needs a dot before it, so that 2 3 is not 23. */
static bool begins_with_digit(const setter *s, const formula *f) {
  if (f->kind == FORMULA_NUMBER) return number_strength(s, f->value) == ATOM;
  if (f->kind == FORMULA_POWER) return begins_with_digit(s, f->part[0]);
  return false;
}

static const box *set_product(setter *s, const formula *f) {
  box *row = box_new(s->memory, BOX_ROW, NULL);
  for (int k = 0; k < f->count; k++) {
    const formula *factor = f->part[k];
    bool open_end = factor->kind == FORMULA_BIG && k == f->count - 1;
    if (k && begins_with_digit(s, factor)) push_mark(s, row, MARK_BINARY, "·");
    else if (k) push_gap(s, row);
    row_push(s->memory, row, set_within(s, factor, open_end ? MULTIPLIED : FACTOR));
  }
  return row;
}

static const box *set_hadamard(setter *s, const formula *f) {
  box *row = box_new(s->memory, BOX_ROW, NULL);
  for (int k = 0; k < f->count; k++) {
    const formula *factor = f->part[k];
    bool open_end = factor->kind == FORMULA_BIG && k < f->count - 1;
    if (k) push_mark(s, row, MARK_BINARY, "∘");
    row_push(s->memory, row, set_within(s, factor, open_end ? ATOM : MULTIPLIED));
  }
  return row;
}

static const box *set_fraction(setter *s, const formula *f) {
  const box *above, *below;
  above = s->linear ? set_within(s, f->part[0], FACTOR) : set(s, f->part[0]);
  below = s->linear ? set_within(s, f->part[1], SCRIPTED) : set(s, f->part[1]);
  return set_fraction_of(s, above, below);
}

static const box *set_differential(setter *s, const char *mark, const formula *f) {
  box *row = box_new(s->memory, BOX_ROW, NULL);
  push_mark(s, row, MARK_PLAIN, mark);
  row_push(s->memory, row, set_within(s, f, SCRIPTED));
  return row;
}

static const box *set_partial(setter *s, const formula *f) {
  const char *mark = f->word ? f->word : "∂";
  return set_fraction_of(s, set_differential(s, mark, f->part[0]),
                         set_differential(s, mark, f->part[1]));
}

/* ---- scripts, functions, operators -------------------------------------------------------- */

static const box *scripts(setter *s, const box *base, const box *below, const box *above) {
  return box_of(s->memory, BOX_SCRIPTS, 3, (const box *[]){base, below, above});
}

static const box *set_raised(setter *s, const formula *f, const box *above) {
  const box *base = set_within(s, f, ATOM);
  if (base->kind == BOX_SCRIPTS && !base->part[2]) {
    return scripts(s, base->part[0], base->part[1], above);
  }
  return scripts(s, base, NULL, above);
}

static const box *set_transpose(setter *s, const formula *f) {
  return set_raised(s, f->part[0], typeset_mark(s->memory, MARK_PLAIN, "⊤"));
}

static const box *set_root(setter *s, const formula *f) {
  if (!s->linear) return box_of(s->memory, BOX_ROOT, 1, (const box *[]){set(s, f->part[0])});
  box *row = box_new(s->memory, BOX_ROW, NULL);
  push_mark(s, row, MARK_PLAIN, "√");
  row_push(s->memory, row, set_within(s, f->part[0], ATOM));
  return row;
}

static const box *set_list(setter *s, const formula *f, const char *between) {
  box *row = box_new(s->memory, BOX_ROW, NULL);
  bool comma = strcmp(between, ",") == 0;
  for (int k = 0; k < f->count; k++) {
    if (k && *between) push_mark(s, row, comma ? MARK_COMMA : MARK_PLAIN, between);
    row_push(s->memory, row, set(s, f->part[k]));
  }
  return row;
}

static const box *set_call(setter *s, const formula *f) {
  box *row = box_new(s->memory, BOX_ROW, NULL);
  row_push(s->memory, row, box_new(s->memory, BOX_FUNCTION, f->word));
  row_push(s->memory, row, group(s, "(", ")", set_list(s, f, ",")));
  return row;
}

static const box *set_big(setter *s, const formula *f) {
  box *row = box_new(s->memory, BOX_ROW, NULL);
  const box *const parts[] = {box_new(s->memory, BOX_FUNCTION, f->word),
                              set_indices(s, f->count - 1, f->part + 1), set_linear(s, f->over)};
  row_push(s->memory, row, box_of(s->memory, BOX_LIMITS, 3, parts));
  push_gap(s, row);
  row_push(s->memory, row, set_within(s, f->part[0], MULTIPLIED_O));
  return row;
}

static const box *set_fence(setter *s, const formula *f) {
  static const char *const marks[][2] = {{"[", "]"}, {"|", "|"}, {"‖", "‖"}, {"⌊", "⌋"},
                                         {"(", ")"}};
  return group(s, marks[f->fence][0], marks[f->fence][1], set(s, f->part[0]));
}

static const box *condition_box(setter *s, const formula *holds) {
  box *row = box_new(s->memory, BOX_ROW, NULL);
  const char *chars = words_in(s->language, holds ? WORDS_where : WORDS_otherwise);
  if (holds && !s->linear) chars = arena_printf(s->memory, "%s\u00A0", chars);
  row_push(s->memory, row, box_new(s->memory, BOX_WORDS, chars));
  if (!holds) return row;
  if (s->linear) push_gap(s, row);
  row_push(s->memory, row, set(s, holds));
  return row;
}

/* { a if c; b otherwise } */
static const box *cases_in_line(setter *s, const box *cases) {
  box *row = box_new(s->memory, BOX_ROW, NULL);
  for (int k = 0; k < cases->count; k += 2) {
    if (k) push_mark(s, row, MARK_COMMA, ";");
    row_push(s->memory, row, cases->part[k]);
    push_gap(s, row);
    row_push(s->memory, row, cases->part[k + 1]);
  }
  return group(s, "{ ", " }", row);
}

static const box *set_cases(setter *s, const formula *f) {
  box *all = box_new(s->memory, BOX_ROW, NULL);
  for (int k = 0; k < f->count; k += 2) {
    row_push(s->memory, all, set(s, f->part[k]));
    row_push(s->memory, all, condition_box(s, k + 1 < f->count ? f->part[k + 1] : NULL));
  }
  if (s->linear) return cases_in_line(s, all);
  return box_of(s->memory, BOX_CASES, all->count, all->part);
}

static const box *set_relation(setter *s, const formula *f) {
  box *row = box_new(s->memory, BOX_ROW, NULL);
  row_push(s->memory, row, set(s, f->part[0]));
  push_mark(s, row, MARK_RELATION, f->word);
  row_push(s->memory, row, set(s, f->part[1]));
  return row;
}

/* ---- all ---------------------------------------------------------------------------------- */

/* A fraction that is too wide to stand above a line is written with a slash, where it can break. */
static bool too_wide(const formula *f, const box *b) {
  enum { WIDEST_FRACTION = 17 };
  return (f->kind == FORMULA_FRACTION || f->kind == FORMULA_ROOT) && b->width > WIDEST_FRACTION;
}

static const box *slashed(setter *s, const formula *f) {
  box *row = box_new(s->memory, BOX_ROW, NULL);
  row_push(s->memory, row, set_linear(s, f));
  row->slashed = true;
  return row;
}

static const box *set_kind(setter *s, const formula *f) {
  switch (f->kind) {
    case FORMULA_SYMBOL: return set_symbol(s, f);
    case FORMULA_NUMBER: return set_number(s, f);
    case FORMULA_SUM: return set_sum(s, f);
    case FORMULA_PRODUCT: return set_product(s, f);
    case FORMULA_HADAMARD: return set_hadamard(s, f);
    case FORMULA_FRACTION: return set_fraction(s, f);
    case FORMULA_PARTIAL: return set_partial(s, f);
    case FORMULA_POWER: return set_raised(s, f->part[0], set_linear(s, f->part[1]));
    case FORMULA_ROOT: return set_root(s, f);
    case FORMULA_TRANSPOSE: return set_transpose(s, f);
    case FORMULA_CALL: return set_call(s, f);
    case FORMULA_BIG: return set_big(s, f);
    case FORMULA_FENCE: return set_fence(s, f);
    case FORMULA_CASES: return set_cases(s, f);
    case FORMULA_RELATION: return set_relation(s, f);
    case FORMULA_LIST: return set_list(s, f, f->word);
    case FORMULA_ELLIPSIS: break;
  }
  return typeset_mark(s->memory, MARK_PLAIN, "…");
}

static const box *set(setter *s, const formula *f) {
  if (s->depth >= DEEPEST) return typeset_mark(s->memory, MARK_PLAIN, "…");
  s->depth++;
  const box *b = set_kind(s, f);
  if (!s->linear && too_wide(f, b)) b = slashed(s, f);
  s->depth--;
  return b;
}

const box *typeset(arena *memory, const formula *f, bool linear, language spoken) {
  return set(&(setter){.memory = memory, .linear = linear, .language = spoken}, f);
}

void formula_print(text *out, const formula *f, document_format format, language spoken) {
  const box *b = typeset(out->memory, f, format == FORMAT_TEXT, spoken);
  box_print(out, out->memory, b, format);
}

int formula_lines(arena *memory, const formula *f, int first, int rest, const char ***lines) {
  size_t *begin;
  pieces all = pieces_of(memory, typeset(memory, f, true, LANGUAGE_ENGLISH), FORMAT_TEXT);
  int count = break_lines(&all, first, rest, &begin);
  *lines = arena_alloc(memory, (size_t)count * sizeof **lines);
  for (int k = 0; k < count; k++) {
    text line = text_new(memory);
    print_pieces(&line, &all, begin[k], begin[k + 1]);
    (*lines)[k] = line.chars ? line.chars : "";
  }
  return count;
}
