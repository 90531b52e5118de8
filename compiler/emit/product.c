/* product: calls of the runtime's matrix product. */
#include <string.h>

#include "writer.h"

/* The variables of a group run as one index: what a call is given is where they all begin. */
static index_form begun(const matrix_product *p, const index_form *at) {
  index_form start = *at;
  for (int group = 0; group < GROUPS; group++) {
    for (int k = 0; k < p->count[group]; k++) {
      variable *v = p->variable[group][k];
      index_form one = index_of(v), low = index_constant(v->low);
      for (int t = 0; t < start.terms; t++) {
        if (variable_now(start.term[t].of) != v) continue;
        int64_t by = start.term[t].coefficient;
        start = index_add(start, -by, &one);
        start = index_add(start, by, &low);
        break;
      }
    }
  }
  return start;
}

/* The same for an address. */
static piece begun_address(writer *w, const matrix_product *p, const buffer *b,
                           const index_form *at) {
  address to = buffer_address(w->p->g, b, at);
  for (int group = 0; group < GROUPS; group++) {
    for (int k = 0; k < p->count[group]; k++) {
      const variable *v = p->variable[group][k];
      for (int t = to.terms - 1; t >= 0; t--) {
        if (variable_now(to.term[t].of) != v) continue;
        int64_t start = to.term[t].coefficient * v->low;
        *(to.term[t].batch ? &to.batch_constant : &to.constant) += start;
        to.term[t] = to.term[--to.terms];
      }
    }
  }
  return address_piece(w, &to);
}

static bool runs_in(const matrix_product *p, int group, variable *of) {
  for (int k = 0; k < p->count[group]; k++) {
    if (p->variable[group][k] == variable_now(of)) return true;
  }
  return false;
}

const char *product_pointer(writer *w, const matrix_product *p, const buffer *b,
                           const index_form *at) {
  index_form start[MAX_RANK];
  for (int d = 0; d < b->rank; d++) start[d] = begun(p, &at[d]);
  piece first = place_divides(at, b->rank) ? begun_address(w, p, b, at)
                                           : place_piece(w, b, start);
  if (strcmp(first.chars, "0") == 0) return b->word;
  return arena_printf(w->memory, "%s + %s", b->word, first.chars);
}

static piece turns_piece(writer *w, const variable *v) {
  const char *bound = bound_text(w, v);
  if (v->low == 0) return piece_of(w, BIND_PRIMARY, "%s", bound);
  return piece_of(w, BIND_ADD, "%s - %lld", bound, (long long)v->low);
}

const char *group_size(writer *w, const matrix_product *p, int group) {
  piece size = {NULL, BIND_PRIMARY};
  for (int k = 0; k < p->count[group]; k++) {
    piece one = turns_piece(w, p->variable[group][k]);
    size = size.chars ? piece_of(w, BIND_MULTIPLY, "%s * %s", within(w, size, BIND_MULTIPLY),
                                 within(w, one, BIND_MULTIPLY))
                      : one;
  }
  return size.chars ? size.chars : "1";
}

const char *group_stride(writer *w, const matrix_product *p, const buffer *b,
                                const index_form *at, int group) {
  if (p->count[group] == 0) return NULL;
  const variable *v = p->variable[group][p->count[group] - 1];
  int found = -1, places = 0;
  for (int d = 0; d < b->rank; d++) {
    for (int t = 0; t < at[d].terms && !b->dropped[d]; t++) {
      if (variable_now(at[d].term[t].of) != v) continue;
      places++;
      if (at[d].term[t].coefficient == 1) found = d;
    }
  }
  if (places == 1 && found >= 0) return stride_piece(w, b, found).chars;
  address whole = buffer_address(w->p->g, b, at);
  size_form stride = address_stride(&whole, v);
  return arena_printf(w->memory, "%lld%s", (long long)stride.count, stride.batch ? " * n" : "");
}

const char *leading(writer *w, const matrix_product *p, const buffer *b, const index_form *at,
                    int row, int column) {
  const char *stride = group_stride(w, p, b, at, row);
  return stride ? stride : group_size(w, p, column);
}

const char *alpha_text(writer *w, const assignment *a) {
  factor_read *scalars = arena_alloc(w->memory, ((size_t)a->factors + 1) * sizeof *scalars);
  int count = 0;
  w->type = NUMBER_REAL;
  for (int k = 0; k < a->factors; k++) {
    if (k != a->product->a && k != a->product->b) scalars[count++] = a->factor[k];
  }
  piece alpha = factors_piece(w, a->coefficient, count, scalars);
  return alpha.chars ? alpha.chars : number_piece(w, 1).chars;
}

/* Each step of a recurrence reads the same of the operand, as it does of weights. */
static bool is_repeated(const writer *w, const assignment *a, const factor_read *f) {
  const address at = buffer_address(w->p->g, f->from, f->at);
  for (int t = 0; t < at.terms; t++) {
    if (steps_in_recurrence(w->p->g, variable_now(at.term[t].of))) return false;
  }
  return recurs(w->e, a);
}

/* Where the packed matrix begins: that of the copy at hand. */
static const char *packed_pointer(writer *w, const matrix_product *p, const factor_read *f) {
  address to = buffer_address(w->p->g, f->from, f->at);
  for (int t = to.terms - 1; t >= 0; t--) {
    bool inside = false;
    for (int group = 0; group < GROUPS; group++) inside = inside || runs_in(p, group, to.term[t].of);
    if (inside) to.term[t] = to.term[--to.terms];
    else to.term[t].coefficient = p->packed->elements;
  }
  to.constant = 0;
  if (to.terms == 0) return p->packed->word;
  return arena_printf(w->memory, "%s + %s", p->packed->word, address_piece(w, &to).chars);
}

static void emit_packed(writer *w, const assignment *a) {
  const matrix_product *p = a->product;
  const factor_read *first = &a->factor[p->a];
  const char *word = w->p->real_bytes == 4 ? "packed_product_float" : "packed_product_double";
  line(w, "nnrt_%s(%s, %s, %s, %s, %s, %s,", word, group_size(w, p, GROUP_M),
       group_size(w, p, GROUP_N), group_size(w, p, GROUP_K), alpha_text(w, a),
       product_pointer(w, p, first->from, first->at),
       leading(w, p, first->from, first->at, GROUP_M, GROUP_K));
  line(w, "%*s%s, %s, %s, %s);", (int)strlen(word) + 6, "",
       packed_pointer(w, p, &a->factor[p->b]), number_piece(w, a->adds ? 1 : 0).chars,
       product_pointer(w, p, a->target, a->at), leading(w, p, a->target, a->at, GROUP_M, GROUP_N));
}

/* ---- shapes --------------------------------------------------------------------------------- */

size_t shape_number(writer *w, shape_list *all, const char *form, size_t most) {
  if (!all->numbers) all->numbers = words_none(w->memory);
  const size_t known = word_number(all->numbers, form);
  if (known > 0 || all->count == most) return known;
  word_put(all->numbers, form);
  ARENA_PUSH(w->memory, all->item, all->count, all->capacity, form);
  return all->count;
}

/* Compilers spend a tenth or two of a second on each shape of products of few numbers. */
enum { MOST_SMALL = 24 };

static const char *form_text(writer *w, size_form size) {
  if (!size.batch) return arena_printf(w->memory, "%lld", (long long)size.count);
  if (size.count == 1) return "n";
  return arena_printf(w->memory, "%lld * n", (long long)size.count);
}

size_form group_step(writer *w, const matrix_product *p, const buffer *b, const index_form *at,
                     int group) {
  if (p->count[group] == 0) return (size_form){0, false};
  address whole = buffer_address(w->p->g, b, at);
  return address_stride(&whole, p->variable[group][p->count[group] - 1]);
}

/* leading(), in numbers. */
static const char *leading_form(writer *w, const matrix_product *p, const buffer *b,
                                const index_form *at, int row, int column) {
  return form_text(w, p->count[row] > 0 ? group_step(w, p, b, at, row) : group_turns(p, column));
}

/* The call in the shape's function, all numbers but the samples' written out; `alpha` "alpha" where
 * it is not known here. */
static const char *small_form(writer *w, const assignment *a, const char *alpha) {
  const matrix_product *p = a->product;
  const factor_read *first = &a->factor[p->a], *second = &a->factor[p->b];
  const bool *turned = p->transposed;
  return arena_printf(
      w->memory, "nnrt_small_product(%d, %d, %s, %s, %s, %s, a, %s, b, %s, %s, c, %s)", turned[0],
      turned[1], form_text(w, group_turns(p, GROUP_M)), form_text(w, group_turns(p, GROUP_N)),
      form_text(w, group_turns(p, GROUP_K)), alpha,
      leading_form(w, p, first->from, first->at, turned[0] ? GROUP_K : GROUP_M,
                   turned[0] ? GROUP_M : GROUP_K),
      leading_form(w, p, second->from, second->at, turned[1] ? GROUP_N : GROUP_K,
                   turned[1] ? GROUP_K : GROUP_N),
      number_piece(w, a->adds ? 1 : 0).chars, leading_form(w, p, a->target, a->at, GROUP_M, GROUP_N));
}

/* Parameters of a shape's function beside its operands: what its form reads. */
static bool reads_samples(const char *form) { return strstr(form, "n, ") || strstr(form, "n)"); }
static bool reads_alpha(const char *form) { return strstr(form, "alpha") != NULL; }

/* Calls the shape's function; false where there are too many of them. */
static bool emit_small(writer *w, const assignment *a) {
  const matrix_product *p = a->product;
  const factor_read *first = &a->factor[p->a], *second = &a->factor[p->b];
  const char *alpha = alpha_text(w, a);
  const char *form = small_form(w, a, a->factors == 2 ? alpha : "alpha");
  const size_t number = shape_number(w, w->products, form, MOST_SMALL);
  if (number == 0) return false;
  line(w, "nnrt_product_%zu(%s%s%s%s, %s, %s);", number, reads_samples(form) ? "n, " : "",
       reads_alpha(form) ? alpha : "", reads_alpha(form) ? ", " : "",
       product_pointer(w, p, first->from, first->at),
       product_pointer(w, p, second->from, second->at),
       product_pointer(w, p, a->target, a->at));
  return true;
}

void emit_product_shapes(writer *w) {
  const char *real = real_type(w->p);
  if (w->products->count > 0)
    text_append(w->out,
                "\n/* Products of few numbers, a function for each shape: whether A and B are transposed,\n"
                " * m, n, k; alpha; each matrix with what lies from row to row; beta before C's. */\n");
  for (size_t k = 0; k < w->products->count; k++) {
    const char *form = w->products->item[k];
    line(w, "static void nnrt_product_%zu(%s%s%s%sconst %s *a, const %s *b, %s *c) {", k + 1,
         reads_samples(form) ? "size_t n, " : "", reads_alpha(form) ? real : "",
         reads_alpha(form) ? " alpha" : "", reads_alpha(form) ? ", " : "", real, real, real);
    text_printf(w->out, "  %s;\n}\n", form);
  }
}

void emit_product(writer *w, const assignment *a) {
  const matrix_product *p = a->product;
  if (p->windows) {
    emit_windows(w, a);
    return;
  }
  if (p->packed) {
    emit_packed(w, a);
    return;
  }
  if (p->small && emit_small(w, a)) return;
  const factor_read *first = &a->factor[p->a], *second = &a->factor[p->b];
  const bool *turned = p->transposed;
  const char *lda = leading(w, p, first->from, first->at, turned[0] ? GROUP_K : GROUP_M,
                            turned[0] ? GROUP_M : GROUP_K);
  const char *ldb = leading(w, p, second->from, second->at, turned[1] ? GROUP_N : GROUP_K,
                            turned[1] ? GROUP_K : GROUP_N);
  const char *ldc = leading(w, p, a->target, a->at, GROUP_M, GROUP_N);
  const char *alpha = alpha_text(w, a);
  const step *s = a->where_done;
  const char *word = arena_printf(w->memory, "%sproduct_%s", s->finish ? "finished_"
                                  : p->shared ? "team_" : is_repeated(w, a, second) ? "repeated_" : "",
                                  real_type(w->p));
  const char *team = p->shared ? "head->team, " : s->finish ? "NULL, " : "";
  const int column = 2 * w->indent + (int)strlen(word) + 6;
  const char *finish = s->finish ? arena_printf(w->memory, ",\n%*s%s", column, "", emit_finish(w, s)) : "";
  line(w, "nnrt_%s(%s%d, %d, %s, %s, %s, %s, %s, %s,", word, team,
       turned[0], turned[1], group_size(w, p, GROUP_M), group_size(w, p, GROUP_N),
       group_size(w, p, GROUP_K), alpha, product_pointer(w, p, first->from, first->at), lda);
  line(w, "%*s%s, %s, %s, %s, %s%s);", (int)strlen(word) + 6, "",
       product_pointer(w, p, second->from, second->at), ldb, number_piece(w, a->adds ? 1 : 0).chars,
       product_pointer(w, p, a->target, a->at), ldc, finish);
}
