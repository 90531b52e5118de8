/* window: sums over windows, and products by places. Each shape has a function of its own in the emitted
 * file, in which all that a compiler must know is a number; the model's functions call it. */
#include <string.h>

#include "writer.h"

/* Compilers spend some tenths of a second on each shape: those of a model that has more are plain
 * loops. */
enum { MOST_VECTORISED = 24 };

/* "8, 5, 1": of the three sums, outermost first; their turns where f is NULL. */
static const char *sum_numbers(writer *w, const matrix_product *p, const factor_read *f) {
  static const int groups[] = {GROUP_OUTER, GROUP_MIDDLE, GROUP_K};
  text list = text_new(w->memory);
  for (int k = 0; k < 3; k++) {
    const size_form number = f ? group_step(w, p, f->from, f->at, groups[k]) : group_turns(p, groups[k]);
    text_printf(&list, "%s%lld", k > 0 ? ", " : "", (long long)number.count);
  }
  return list.chars;
}

static long long step_of(writer *w, const matrix_product *p, const buffer *b, const index_form *at,
                         int group) {
  return (long long)group_step(w, p, b, at, group).count;
}

static long long turns_of(const matrix_product *p, int group) {
  return (long long)group_turns(p, group).count;
}

/* Vectors of 32 bytes where those of 64 would be filled less by a fifth or more; but lines of one or of
 * three halves fill those of 64, two lines together, and so do rows of terms, where numbers of B lie
 * side by side (nnrt_window_sums.h). */
static bool wants_narrow(writer *w, const assignment *a) {
  const matrix_product *p = a->product;
  const factor_read *second = &a->factor[p->b];
  const int lanes = p->along ? GROUP_K : GROUP_N, beside = p->along ? GROUP_MIDDLE : GROUP_LINE;
  int64_t count = group_turns(p, lanes).count, wide = 64 / w->p->real_bytes, narrow = wide / 2;
  bool pairs = group_turns(p, beside).count >= 2 &&
               group_step(w, p, second->from, second->at, lanes).count == 1;
  if (pairs && (count <= narrow || count == 3 * narrow)) return false;
  return (count + wide - 1) / wide * wide * 5 > (count + narrow - 1) / narrow * narrow * 6;
}

/* In numbers, so that layers of one shape share a function whatever their sizes are called. */
static const char *shape_text(writer *w, const assignment *a) {
  const matrix_product *p = a->product;
  const factor_read *first = &a->factor[p->a], *second = &a->factor[p->b];
  text out = text_new(w->memory);
  text_printf(&out, "    .m = %lld, .lines = %lld, .n = %lld, .turns = {%s}, .keep = %d, .alpha = alpha,\n",
              turns_of(p, GROUP_M), turns_of(p, GROUP_LINE), turns_of(p, GROUP_N),
              sum_numbers(w, p, NULL), a->adds);
  text_printf(&out, "    .a = a, .a_row = %lld, .a_step = {%s},\n",
              step_of(w, p, first->from, first->at, GROUP_M), sum_numbers(w, p, first));
  text_printf(&out, "    .b = b, .b_line = %lld, .b_column = %lld, .b_step = {%s},\n",
              step_of(w, p, second->from, second->at, GROUP_LINE),
              step_of(w, p, second->from, second->at, GROUP_N), sum_numbers(w, p, second));
  text_printf(&out, "    .c = c, .c_row = %lld, .c_line = %lld, .c_column = %lld});\n",
              step_of(w, p, a->target, a->at, GROUP_M), step_of(w, p, a->target, a->at, GROUP_LINE),
              step_of(w, p, a->target, a->at, GROUP_N));
  return out.chars;
}

/* "3, {64, 3, 3}, {1156, 34, 1}": what the group's variables count, outermost first, and their steps. */
static const char *digits_text(writer *w, const matrix_product *p, const factor_read *f, int group) {
  text turns = text_new(w->memory), steps = text_new(w->memory);
  const address at = buffer_address(w->p->g, f->from, f->at);
  for (int k = 0; k < p->count[group]; k++) {
    const variable *v = p->variable[group][k];
    const char *comma = k > 0 ? ", " : "";
    text_printf(&turns, "%s%lld", comma, (long long)variable_turns(v).count);
    text_printf(&steps, "%s%lld", comma, (long long)address_stride(&at, v).count);
  }
  return arena_printf(w->memory, "%d, {%s}, {%s}", p->count[group], turns.chars, steps.chars);
}

/* The call in the shape's function. */
static const char *placed_form(writer *w, const assignment *a) {
  const matrix_product *p = a->product;
  const factor_read *first = &a->factor[p->a], *second = &a->factor[p->b];
  return arena_printf(w->memory, "nnrt_placed_product_%s(%lld, alpha, a, %lld, b,\n"
                      "      &(const nnrt_places){{%s},\n"
                      "                           {%s}}, %s, c, %lld);\n",
                      real_type(w->p), turns_of(p, GROUP_M),
                      step_of(w, p, first->from, first->at, GROUP_M),
                      digits_text(w, p, second, GROUP_K), digits_text(w, p, second, GROUP_N),
                      number_piece(w, a->adds ? 1 : 0).chars, step_of(w, p, a->target, a->at, GROUP_M));
}

static const char *window_form(writer *w, const assignment *a) {
  return arena_printf(w->memory, "%s_windows%s(&(nnrt_windows){\n%s",
                      wants_narrow(w, a) ? "narrow" : "wide",
                      a->product->along ? "_along" : "", shape_text(w, a));
}

void emit_windows(writer *w, const assignment *a) {
  const matrix_product *p = a->product;
  const factor_read *first = &a->factor[p->a], *second = &a->factor[p->b];
  const size_t number = p->placed ? shape_number(w, w->placed, placed_form(w, a), SIZE_MAX)
                                  : shape_number(w, w->windows, window_form(w, a), SIZE_MAX);
  line(w, "nnrt_%s_%zu(%s, %s, %s, %s);", p->placed ? "placed" : "windows", number, alpha_text(w, a),
       product_pointer(w, p, first->from, first->at),
       product_pointer(w, p, second->from, second->at),
       product_pointer(w, p, a->target, a->at));
}

static void begin_shape(writer *w, const char *linkage, const char *word, size_t number) {
  const char *real = real_type(w->p);
  line(w, "%s void nnrt_%s_%zu(%s alpha, const %s *a, const %s *b, %s *c) {", linkage, word, number, real,
       real, real, real);
}

void emit_window_shapes(writer *w) {
  const shape_list *all = w->windows, *placed = w->placed;
  if (all->count > 0) {
    text_append(w->out, "\n/* Sums over windows: c[i; l, j] (+)= alpha a[i; o, r, p] b[l, j; o, r, p]. */\n");
  }
  for (size_t k = 0; k < all->count; k++) {
    const char *form = all->item[k];
    if (k >= MOST_VECTORISED) form = arena_printf(w->memory, "plain_windows%s", strchr(form, '('));
    begin_shape(w, "NNRT_SHAPE", "windows", k + 1);
    text_printf(w->out, "  nnrt_%s}\n", form);
  }
  if (placed->count > 0) {
    text_append(w->out, "\n/* Products whose b is read by places: what its rows count, and their steps,\n"
                        " * then its columns. */\n");
  }
  for (size_t k = 0; k < placed->count; k++) {
    begin_shape(w, "static", "placed", k + 1);
    text_printf(w->out, "  %s}\n", placed->item[k]);
  }
}
