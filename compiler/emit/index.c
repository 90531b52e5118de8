/* index: places in memory, conditions on places and sizes as C expressions of type size_t. */
#include <ctype.h>
#include <string.h>

#include "writer.h"

/* ---- variables ------------------------------------------------------------------------------ */

static piece variable_piece(writer *w, variable *v) {
  v = variable_now(v);
  switch (v->kind) {
    case VARIABLE_LABEL: {
      piece label = integer_piece(w, v->label, v->where);
      return piece_of(w, BIND_UNARY, "(size_t)%s", within(w, label, BIND_UNARY));
    }
    case VARIABLE_QUOTIENT:
    case VARIABLE_REMAINDER: {
      const char *sign = v->kind == VARIABLE_QUOTIENT ? "/" : "%";
      const char *form = within(w, index_piece(w, &v->form), BIND_MULTIPLY);
      return piece_of(w, BIND_MULTIPLY, "%s %s %lld", form, sign, (long long)v->divisor);
    }
    case VARIABLE_LOOP: break;
  }
  return piece_of(w, BIND_PRIMARY, "%s", v->word ? v->word : "?");
}

static piece term_piece(writer *w, const index_term *term, int64_t by) {
  piece v = variable_piece(w, term->of);
  if (by == 1) return v;
  return piece_of(w, BIND_MULTIPLY, "%lld * %s", (long long)by,
                  within(w, v, BIND_MULTIPLY + 1));
}

static piece add_piece(writer *w, piece sum, piece term, bool minus) {
  if (!sum.chars) return term;
  const char *right = within(w, term, minus ? BIND_ADD + 1 : BIND_ADD);
  return piece_of(w, BIND_ADD, "%s %c %s", sum.chars, minus ? '-' : '+', right);
}

/* The terms of one sign, each made positive. */
static piece terms_piece(writer *w, const index_form *at, bool negative) {
  piece sum = {NULL, BIND_PRIMARY};
  for (int k = 0; k < at->terms; k++) {
    int64_t by = at->term[k].coefficient;
    if ((by < 0) != negative) continue;
    sum = add_piece(w, sum, term_piece(w, &at->term[k], by < 0 ? -by : by), false);
  }
  int64_t constant = at->constant;
  if (constant != 0 && (constant < 0) == negative) {
    long long size = (long long)(negative ? -constant : constant);
    piece number = piece_of(w, BIND_PRIMARY, "%lld", size);
    sum = add_piece(w, sum, number, false);
  }
  return sum;
}

/* What is added comes first, so that nothing below zero appears on the way. */
piece index_piece(writer *w, const index_form *at) {
  piece sum = {NULL, BIND_PRIMARY};
  if (at->constant > 0) sum = terms_piece(w, at, false);
  else {
    index_form without = *at;
    without.constant = 0;
    sum = terms_piece(w, &without, false);
  }
  if (!sum.chars) sum = piece_of(w, BIND_PRIMARY, "0");
  for (int k = 0; k < at->terms; k++) {
    int64_t by = at->term[k].coefficient;
    if (by < 0) sum = add_piece(w, sum, term_piece(w, &at->term[k], -by), true);
  }
  if (at->constant < 0) {
    sum = add_piece(w, sum, piece_of(w, BIND_PRIMARY, "%lld", (long long)-at->constant), true);
  }
  return sum;
}

/* ---- conditions ----------------------------------------------------------------------------- */

bool condition_holds(const condition *c) {
  int64_t low, high;
  if (c->divisor) return false;
  return index_bounds(&c->of, &low, &high) && low >= c->low && high < c->high;
}

/* form - bound, compared with 0 without leaving the unsigned numbers. */
static piece compared(writer *w, const index_form *of, int64_t bound, const char *sign,
                      int strength) {
  index_form form = *of;
  form.constant -= bound;
  piece left = terms_piece(w, &form, false), right = terms_piece(w, &form, true);
  if (!left.chars) left = piece_of(w, BIND_PRIMARY, "0");
  if (!right.chars) right = piece_of(w, BIND_PRIMARY, "0");
  return piece_of(w, strength, "%s %s %s", within(w, left, strength + 1), sign,
                  within(w, right, strength + 1));
}

static piece and_piece(writer *w, piece left, piece right) {
  if (!left.chars) return right;
  if (!right.chars) return left;
  return piece_of(w, BIND_AND, "%s && %s", within(w, left, BIND_AND),
                  within(w, right, BIND_AND));
}

/* v < high - k, said as v + k < HIGH where the size has a name. */
static piece below_piece(writer *w, const condition *c) {
  variable *v = index_variable(&c->of);
  int64_t room = v && !v->batch ? v->high - (c->high - c->of.constant) : 0;
  if (room < 1 || room > 4) return compared(w, &c->of, c->high, "<", BIND_LESS);
  index_form moved = index_of(v);
  moved.constant = room;
  return piece_of(w, BIND_LESS, "%s < %s", index_piece(w, &moved).chars, bound_text(w, v));
}

piece condition_piece(writer *w, const condition *c) {
  int64_t low, high;
  piece result = {NULL, BIND_PRIMARY};
  bool known = index_bounds(&c->of, &low, &high);
  if (c->high == c->low + 1) {
    /* one place: at either end of the range a comparison says the same, and reads as well */
    return compared(w, &c->of, c->low, "==", BIND_EQUAL);
  }
  if (!known || low < c->low) result = compared(w, &c->of, c->low, ">=", BIND_LESS);
  if (!known || high >= c->high) {
    result = and_piece(w, result, below_piece(w, c));
  }
  return result;
}

piece conditions_piece(writer *w, const condition *list) {
  piece all = {NULL, BIND_PRIMARY};
  for (; list; list = list->next) {
    if (!condition_holds(list)) all = and_piece(w, condition_piece(w, list), all);
  }
  return all;
}

bool conditions_vary(const condition *list, const variable *v) {
  for (; list; list = list->next) {
    for (int k = 0; k < list->of.terms && !condition_holds(list); k++) {
      const variable *of = variable_now(list->of.term[k].of);
      if (of == v || of->kind != VARIABLE_LOOP) return true;
    }
  }
  return false;
}

/* ---- places --------------------------------------------------------------------------------- */

static void use_size(writer *w, axis a) {
  if (w->size_used && a > 0) w->size_used[w->p->axis_same[a]] = true;
}

const char *size_text(writer *w, const buffer *b, int d) {
  axis a = b->dims[d];
  if (a < 0 && b->leaf) {
    const axis *dims = w->p->tensor_axes[b->leaf->number];
    a = dims ? dims[d - b->leaf->per_sample] : -1;
  }
  use_size(w, a);
  return size_word(w->p, b, d);
}

/* As a factor: of type size_t where ints might not hold the product. */
const char *size_factor(writer *w, const buffer *b, int d) {
  const char *size = size_text(w, b, d);
  return w->p->vast && isdigit((unsigned char)size[0]) ? arena_printf(w->memory, "(size_t)%s", size) : size;
}

const char *bound_text(writer *w, const variable *v) {
  if (v->along > 0) use_size(w, v->along);
  for (int k = 0; k < 2 && v->joined[k]; k++) bound_text(w, v->joined[k]);
  return bound_word(w->p, v);
}

bool place_divides(const index_form *at, int rank) {
  for (int d = 0; d < rank; d++) {
    for (int k = 0; k < at[d].terms; k++) {
      if (variable_now(at[d].term[k].of)->kind >= VARIABLE_QUOTIENT) return true;
    }
  }
  return false;
}

/* The terms of one sign, each made positive. */
static piece address_terms(writer *w, const address *to, piece sum, bool negative) {
  for (int k = 0; k < to->terms; k++) {
    const int64_t by = to->term[k].coefficient;
    if ((by < 0) != negative) continue;
    const index_term term = {to->term[k].of, by};
    piece one = term_piece(w, &term, negative ? -by : by);
    if (to->term[k].batch) one = piece_of(w, BIND_MULTIPLY, "%s * n", within(w, one, BIND_MULTIPLY));
    sum = add_piece(w, sum, one, negative);
  }
  const int64_t batch = to->batch_constant, constant = to->constant;
  if (batch != 0 && (batch < 0) == negative) {
    sum = add_piece(w, sum, piece_of(w, BIND_MULTIPLY, "%lld * n", (long long)(negative ? -batch : batch)), negative);
  }
  if (constant != 0 && (constant < 0) == negative) {
    sum = add_piece(w, sum, piece_of(w, BIND_PRIMARY, "%lld", (long long)(negative ? -constant : constant)),
                    negative);
  }
  return sum;
}

piece address_piece(writer *w, const address *to) {
  const piece positive = address_terms(w, to, (piece){NULL, BIND_PRIMARY}, false);
  return address_terms(w, to, positive.chars ? positive : piece_of(w, BIND_PRIMARY, "0"), true);
}

static bool is_zero(const index_form *at) { return at->terms == 0 && at->constant == 0; }

/* A dimension of one place takes no part in addresses. */
static bool is_single(const writer *w, const buffer *b, int d) {
  size_form extent = buffer_extent(w->p->g, b, d);
  return extent.count == 1 && !extent.batch;
}

bool has_variable(const index_form *at, const variable *v) {
  for (int k = 0; k < at->terms; k++) {
    if (variable_now(at->term[k].of) == v) return true;
  }
  return false;
}

/* The innermost open loop that the first `count` dimensions depend on, if they depend on two. */
static open_loop *row_owner(const writer *w, const buffer *b, const index_form *at,
                            int count) {
  open_loop *owner = NULL;
  int found = 0, terms = 0;
  for (int k = 0; k < count; k++) terms += at[b->order[k]].terms;
  for (open_loop *l = w->loops; l; l = l->outer) {
    bool has = false;
    for (int k = 0; k < count; k++) has = has || has_variable(&at[b->order[k]], l->over);
    if (has && !owner) owner = l;
    found += has;
  }
  return found >= 2 && found == terms ? owner : NULL;
}

static int last_dimension(const writer *w, const buffer *b) {
  for (int k = b->rank - 1; k > 0; k--) {
    if (!b->dropped[b->order[k]] && !is_single(w, b, b->order[k])) return k;
  }
  return 0;
}

/* Horner's scheme over the sizes: (t * n + s) * H + k. */
piece place_piece(writer *w, const buffer *b, const index_form *at) {
  piece where = {NULL, BIND_PRIMARY};
  int last = last_dimension(w, b);
  if (place_divides(at, b->rank)) { /* digits of a place often join to the place itself */
    address whole = buffer_address(w->p->g, b, at);
    return address_piece(w, &whole);
  }
  for (int k = 0; k < b->rank; k++) {
    int d = b->order[k];
    if (b->dropped[d] || is_single(w, b, d)) continue;
    if (where.chars && k == last && w->rows) {
      open_loop *owner = row_owner(w, b, at, last);
      if (owner) where = row_piece(w, where, owner);
    }
    if (where.chars) {
      bool one = strcmp(where.chars, "1") == 0;
      where = piece_of(w, BIND_MULTIPLY, "%s%s%s", one ? "" : within(w, where, BIND_MULTIPLY),
                       one ? "" : " * ", size_factor(w, b, d));
    }
    if (is_zero(&at[d])) continue;
    bool minus = at[d].terms == 0 && at[d].constant < 0;
    where = add_piece(w, where, index_piece(w, &at[d]), minus);
  }
  return where.chars ? where : piece_of(w, BIND_PRIMARY, "0");
}

piece element_piece(writer *w, const buffer *b, const index_form *at) {
  const char *known = known_word(w, b, at);
  if (known) return (piece){known, BIND_PRIMARY};
  if (buffer_is_scalar(b)) return piece_of(w, BIND_PRIMARY, "%s", b->word);
  return piece_of(w, BIND_PRIMARY, "%s[%s]", b->word, place_piece(w, b, at).chars);
}

piece stride_piece(writer *w, const buffer *b, int d) {
  piece stride = {NULL, BIND_PRIMARY};
  for (int k = b->rank - 1; k >= 0 && b->order[k] != d; k--) {
    int inner = b->order[k];
    if (b->dropped[inner] || is_single(w, b, inner)) continue;
    const char *size = size_factor(w, b, inner);
    stride = stride.chars ? piece_of(w, BIND_MULTIPLY, "%s * %s", size, stride.chars)
                          : piece_of(w, BIND_PRIMARY, "%s", size);
  }
  return stride.chars ? stride : piece_of(w, BIND_PRIMARY, "1");
}

const char *elements_text(writer *w, const buffer *b) {
  text out = text_new(w->memory);
  for (int d = 0; d < b->rank; d++) {
    if (!b->dropped[d]) text_printf(&out, "%s%s", out.length > 0 ? " * " : "", size_factor(w, b, d));
  }
  return out.length > 0 ? out.chars : "1";
}
