/* partial: where a scalar is summed over nested loops, a sum for each run of the innermost one.
 *
 *   double row_sum = 0.0;
 *   for (size_t i = 0; i < A; i++)
 *     row_sum += d[i] < 1.0 ? e[i] * e[i] : 0.0;
 *   loss_sum += row_sum;
 *
 * An element of memory is added to in the same way: its loop would store each turn's sum.
 *
 * Scalars need it for terms with a condition. Without the local, gcc 12 (12.2, -O3 without -ffast-math,
 * AVX-512) vectorises both loops at once if the inner one is short, and loses terms: it masks the
 * sum by the condition of one turn only. */
#include "writer.h"

typedef struct partial_sum {
  const char *word, *into, *type;
  bool minus;
  struct partial_sum *next;
} partial_sum;

/* The loop inside of the one that is open innermost runs over a variable that is summed over too. */
static bool is_nested(const writer *w, const assignment *a) {
  const open_loop *inner = w->loops, *outer = inner ? inner->outer : NULL;
  return outer && assignment_binds(a, inner->over) && assignment_binds(a, outer->over);
}

static const char *new_sum(writer *w, const assignment *a, const char *collector, bool minus) {
  partial_sum *sum = arena_alloc(w->memory, sizeof *sum);
  *sum = (partial_sum){word_new(w->e->words, "row_sum", true), collector,
                       buffer_type(w, a->target), minus, w->loops->partial};
  w->loops->partial = sum;
  if (w->loops->outer) w->loops->outer->braces = true;
  return sum->word;
}

const char *row_sum_word(writer *w, const assignment *a, const char *element, bool minus) {
  const bool row = w->loops && w->loops->over && adds_to_one_place(a, w->loops->over);
  return row ? new_sum(w, a, element, minus) : element;
}

const char *partial_sum_word(writer *w, const assignment *a, const char *collector, bool minus) {
  return is_nested(w, a) ? new_sum(w, a, collector, minus) : collector;
}

void append_with_sums(writer *w, const char *chars, const open_loop *of) {
  number_type type = w->type;
  for (const partial_sum *sum = of->partial; sum; sum = sum->next) {
    w->type = sum->type[0] == 'd' ? NUMBER_DOUBLE : NUMBER_REAL;
    line(w, "%s %s = %s;", sum->type, sum->word, number_piece(w, 0).chars);
  }
  w->type = type;
  declare_still(w, of);
  text_append(w->out, chars);
  for (const partial_sum *sum = of->partial; sum; sum = sum->next) {
    line(w, "%s %s %s;", sum->into, sum->minus ? "-=" : "+=", sum->word);
  }
}
