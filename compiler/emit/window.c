/* window: sums over windows. Each shape has a function of its own in the emitted file, in which all
 * that a compiler must know is a number; the model's functions call it. */
#include <string.h>

#include "writer.h"

/* Compilers spend some tenths of a second on each shape: those of a model that has more are plain
 * loops. */
enum { MOST_VECTORISED = 24 };

/* "8, 5, 1": of the three sums, outermost first. */
static const char *sum_strides(writer *w, const matrix_product *p, const factor_read *f) {
  static const int groups[] = {GROUP_OUTER, GROUP_MIDDLE, GROUP_K};
  text list = text_new(w->memory);
  for (int k = 0; k < 3; k++) {
    const char *stride = f ? group_stride(w, p, f->from, f->at, groups[k])
                           : group_size(w, p, groups[k]);
    text_printf(&list, "%s%s", k > 0 ? ", " : "", stride ? stride : "0");
  }
  return list.chars;
}

static const char *stride_or_zero(writer *w, const matrix_product *p, const buffer *b,
                                  const index_form *at, int group) {
  const char *stride = group_stride(w, p, b, at, group);
  return stride ? stride : "0";
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

static const char *shape_text(writer *w, const assignment *a) {
  const matrix_product *p = a->product;
  const factor_read *first = &a->factor[p->a], *second = &a->factor[p->b];
  text out = text_new(w->memory);
  text_printf(&out, "    .m = %s, .lines = %s, .n = %s, .turns = {%s}, .keep = %d, .alpha = alpha,\n",
              group_size(w, p, GROUP_M), group_size(w, p, GROUP_LINE), group_size(w, p, GROUP_N),
              sum_strides(w, p, NULL), a->adds);
  text_printf(&out, "    .a = a, .a_row = %s, .a_step = {%s},\n",
              stride_or_zero(w, p, first->from, first->at, GROUP_M), sum_strides(w, p, first));
  text_printf(&out, "    .b = b, .b_line = %s, .b_column = %s, .b_step = {%s},\n",
              stride_or_zero(w, p, second->from, second->at, GROUP_LINE),
              stride_or_zero(w, p, second->from, second->at, GROUP_N), sum_strides(w, p, second));
  text_printf(&out, "    .c = c, .c_row = %s, .c_line = %s, .c_column = %s});\n",
              stride_or_zero(w, p, a->target, a->at, GROUP_M),
              stride_or_zero(w, p, a->target, a->at, GROUP_LINE),
              stride_or_zero(w, p, a->target, a->at, GROUP_N));
  return out.chars;
}

static const char *window_form(writer *w, const assignment *a) {
  return arena_printf(w->memory, "%s_windows%s(&(nnrt_windows){\n%s",
                      wants_narrow(w, a) ? "narrow" : "wide",
                      a->product->along ? "_along" : "", shape_text(w, a));
}

void emit_windows(writer *w, const assignment *a) {
  const matrix_product *p = a->product;
  const factor_read *first = &a->factor[p->a], *second = &a->factor[p->b];
  const size_t number = shape_number(w, w->windows, window_form(w, a), SIZE_MAX);
  line(w, "nnrt_windows_%zu(%s, %s, %s, %s);", number, alpha_text(w, a),
       product_pointer(w, p, first->from, first->at),
       product_pointer(w, p, second->from, second->at),
       product_pointer(w, p, a->target, a->at));
}

void emit_window_shapes(writer *w) {
  const shape_list *all = w->windows;
  const char *real = real_type(w->p);
  if (all->count > 0) {
    text_append(w->out, "\n/* Sums over windows: c[i; l, j] (+)= alpha a[i; o, r, p] b[l, j; o, r, p]. */\n");
  }
  for (size_t k = 0; k < all->count; k++) {
    const char *form = all->item[k];
    if (k >= MOST_VECTORISED) form = arena_printf(w->memory, "plain_windows%s", strchr(form, '('));
    line(w, "NNRT_SHAPE void nnrt_windows_%zu(%s alpha, const %s *a, const %s *b, %s *c) {", k + 1,
         real, real, real, real);
    text_printf(w->out, "  nnrt_%s}\n", form);
  }
}
