/* Formulas: trees of what stands on the page, made from parts. */
#include <stdlib.h>
#include <string.h>

#include "notation.h"

static formula *made(arena *memory, formula_kind kind, int count, const formula *const *parts) {
  formula *f = arena_alloc(memory, sizeof *f);
  const formula **part = arena_alloc(memory, (size_t)(count ? count : 1) * sizeof *part);
  for (int k = 0; k < count; k++) part[k] = parts[k];
  f->kind = kind;
  f->count = count;
  f->part = part;
  return f;
}

static const formula *pair(arena *memory, formula_kind kind, const formula *a, const formula *b) {
  return made(memory, kind, 2, (const formula *[]){a, b});
}

/* ---- symbols ------------------------------------------------------------------------------ */

static formula *letter(arena *memory, const char *word) {
  formula *f = made(memory, FORMULA_SYMBOL, 0, NULL);
  f->word = word;
  return f;
}

const formula *formula_symbol(arena *memory, const char *word) { return letter(memory, word); }

/* Where the digits at the end of a word begin; its end where there are none or nothing else. */
static size_t digits_begin(const char *word, size_t length) {
  size_t begin = length;
  while (begin > 0 && word[begin - 1] >= '0' && word[begin - 1] <= '9') begin--;
  return begin > 0 ? begin : length;
}

static const char *joined_label(arena *memory, const char *path, size_t path_length,
                                const char *rest) {
  if (path_length == 0) return *rest ? rest : NULL;
  if (!*rest) return arena_copy(memory, path, path_length);
  return arena_printf(memory, "%.*s.%s", (int)path_length, path, rest);
}

const formula *formula_named(arena *memory, const char *spelling) {
  const char *dot = strrchr(spelling, '.');
  const char *word = dot ? dot + 1 : spelling;
  const char *bar = strchr(word, '_');
  size_t length = strlen(word);
  size_t end = bar && bar > word && bar[1] ? (size_t)(bar - word) : digits_begin(word, length);
  const char *rest = word[end] == '_' ? word + end + 1 : word + end;
  bool hat = strcmp(rest, "hat") == 0;
  formula *f = letter(memory, arena_copy(memory, word, end));
  f->accent = hat ? ACCENT_HAT : ACCENT_NONE;
  f->label = joined_label(memory, spelling, dot ? (size_t)(dot - spelling) : 0, hat ? "" : rest);
  return f;
}

static formula *changed(arena *memory, const formula *f) {
  formula *copy = arena_alloc(memory, sizeof *copy);
  *copy = *f;
  return copy;
}

const formula *formula_bold(arena *memory, const formula *of) {
  formula *f = changed(memory, of);
  f->bold = true;
  return f;
}

const formula *formula_accented(arena *memory, const formula *of, accent given) {
  formula *f = changed(memory, of);
  f->accent = given;
  return f;
}

const formula *formula_indexed(arena *memory, const formula *of, int count,
                               const formula *const *indices) {
  formula *f = made(memory, FORMULA_SYMBOL, count, indices);
  f->word = of->word;
  f->label = of->label;
  f->accent = of->accent;
  f->bold = of->bold;
  return f;
}

/* ---- numbers, sums, products -------------------------------------------------------------- */

const formula *formula_number(arena *memory, double value) {
  formula *f = made(memory, FORMULA_NUMBER, 0, NULL);
  f->value = value;
  return f;
}

const formula *formula_sum(arena *memory, int count, const formula *const *terms,
                           const double *coefficients) {
  formula *f = made(memory, FORMULA_SUM, count, terms);
  double *coefficient = arena_alloc(memory, (size_t)(count ? count : 1) * sizeof *coefficient);
  for (int k = 0; k < count; k++) coefficient[k] = coefficients ? coefficients[k] : 1;
  f->coefficient = coefficient;
  return f;
}

const formula *formula_add(arena *memory, const formula *a, const formula *b) {
  return formula_sum(memory, 2, (const formula *[]){a, b}, NULL);
}

const formula *formula_subtract(arena *memory, const formula *a, const formula *b) {
  return formula_sum(memory, 2, (const formula *[]){a, b}, (const double[]){1, -1});
}

const formula *formula_negative(arena *memory, const formula *a) {
  return formula_sum(memory, 1, &a, (const double[]){-1});
}

const formula *formula_product(arena *memory, int count, const formula *const *factors) {
  if (count == 1) return factors[0];
  if (count == 0) return formula_number(memory, 1);
  return made(memory, FORMULA_PRODUCT, count, factors);
}

const formula *formula_times(arena *memory, const formula *a, const formula *b) {
  return pair(memory, FORMULA_PRODUCT, a, b);
}

const formula *formula_hadamard(arena *memory, int count, const formula *const *factors) {
  return count == 1 ? factors[0] : made(memory, FORMULA_HADAMARD, count, factors);
}

const formula *formula_fraction(arena *memory, const formula *a, const formula *b) {
  return pair(memory, FORMULA_FRACTION, a, b);
}

const formula *formula_partial(arena *memory, const formula *of, const formula *by) {
  return pair(memory, FORMULA_PARTIAL, of, by);
}

const formula *formula_total(arena *memory, const formula *of, const formula *by) {
  formula *f = made(memory, FORMULA_PARTIAL, 2, (const formula *[]){of, by});
  f->word = "d";
  return f;
}

const formula *formula_power(arena *memory, const formula *base, const formula *exponent) {
  return pair(memory, FORMULA_POWER, base, exponent);
}

const formula *formula_root(arena *memory, const formula *of) {
  return made(memory, FORMULA_ROOT, 1, &of);
}

const formula *formula_transpose(arena *memory, const formula *of) {
  return made(memory, FORMULA_TRANSPOSE, 1, &of);
}

/* ---- functions, operators, relations ------------------------------------------------------ */

static const formula *worded(arena *memory, formula_kind kind, const char *word, int count,
                             const formula *const *parts) {
  formula *f = made(memory, kind, count, parts);
  f->word = word;
  return f;
}

const formula *formula_call(arena *memory, const char *word, int count,
                            const formula *const *arguments) {
  return worded(memory, FORMULA_CALL, word, count, arguments);
}

const formula *formula_call1(arena *memory, const char *word, const formula *argument) {
  return formula_call(memory, word, 1, &argument);
}

const formula *formula_big(arena *memory, const char *word, int count,
                           const formula *const *under, const formula *over,
                           const formula *body) {
  const formula **part = arena_alloc(memory, (size_t)(count + 1) * sizeof *part);
  part[0] = body;
  for (int k = 0; k < count; k++) part[k + 1] = under[k];
  formula *f = made(memory, FORMULA_BIG, count + 1, part);
  f->word = word;
  f->over = over;
  return f;
}

const formula *formula_fence(arena *memory, fence marks, const formula *of) {
  formula *f = made(memory, FORMULA_FENCE, 1, &of);
  f->fence = marks;
  return f;
}

const formula *formula_cases(arena *memory, int count, const formula *const *parts) {
  return made(memory, FORMULA_CASES, count, parts);
}

const formula *formula_relation(arena *memory, const formula *a, const char *word,
                                const formula *b) {
  return worded(memory, FORMULA_RELATION, word, 2, (const formula *[]){a, b});
}

const formula *formula_list(arena *memory, const char *word, int count,
                            const formula *const *parts) {
  return worded(memory, FORMULA_LIST, word, count, parts);
}

const formula *formula_ellipsis(arena *memory) {
  return made(memory, FORMULA_ELLIPSIS, 0, NULL);
}
