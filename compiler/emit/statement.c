/* statement: loops and assignments as C statements. */
#include <string.h>

#include "writer.h"

static bool is_one(double x) { return x >= 1 && x <= 1; }

const char *buffer_type(const writer *w, const buffer *b) {
  if (b->type == NUMBER_INTEGER) return "int32_t";
  return b->type == NUMBER_DOUBLE || w->p->real_bytes == 8 ? "double" : "float";
}

static void set_type(writer *w, const buffer *target) {
  w->type = target->type == NUMBER_DOUBLE ? NUMBER_DOUBLE : NUMBER_REAL;
}

/* A scalar is declared where it is first written. */
static const char *declared(writer *w, const assignment *a, bool once) {
  const buffer *b = a->target;
  if (!buffer_is_scalar(b) || a->adds) return "";
  bool only = once && a == b->writer && !a->next_writer;
  return arena_printf(w->memory, "%s%s ", only ? "const " : "", buffer_type(w, b));
}

/* ---- clearing ------------------------------------------------------------------------------- */

static bool is_open(const writer *w, const variable *v) {
  for (const open_loop *l = w->loops; l; l = l->outer) {
    if (l->over == v) return true;
  }
  return false;
}

/* Dimension d stands still here: a loop that is open drives it. */
static bool stands(const writer *w, const assignment *a, int d) {
  size_form extent = buffer_extent(w->p->g, a->target, d);
  if (extent.count == 1 && !extent.batch) return true;
  const variable *v = index_variable(&a->at[d]);
  return v && is_open(w, v);
}

/* How many of the outer dimensions stand, if all the inner ones do not; else -1. */
static int standing_dims(const writer *w, const assignment *a) {
  int standing = 0;
  bool inner = false;
  for (int k = 0; k < a->target->rank; k++) {
    int d = a->target->order[k];
    if (a->target->dropped[d]) continue;
    size_form extent = buffer_extent(w->p->g, a->target, d);
    if (extent.count == 1 && !extent.batch) continue;
    if (!stands(w, a, d)) inner = true;
    else if (inner) return -1;
    else standing++;
  }
  return standing;
}

static void clear_by_loops(writer *w, const assignment *a) {
  const buffer *b = a->target;
  index_form at[MAX_RANK];
  open_loop opened[MAX_RANK];
  int indent = w->indent;
  open_loop *loops = w->loops;
  row_list *rows = w->rows;
  w->rows = NULL;
  for (int k = 0; k < b->rank; k++) {
    int d = b->order[k];
    at[d] = a->at[d];
    if (b->dropped[d] || stands(w, a, d)) continue;
    variable *v = variable_loop(w->memory, w->p->g, b->dims[d]);
    v->word = loop_word(w->e, w->loops ? &w->loops->scope : NULL, v);
    line(w, "for (size_t %s = 0; %s < %s; %s++)", v->word, v->word, size_text(w, b, d), v->word);
    opened[k] = (open_loop){.over = v, .scope.word = v->word, .outer = w->loops,
                            .scope.outer = w->loops ? &w->loops->scope : NULL};
    w->loops = &opened[k];
    w->indent++;
    at[d] = index_of(v);
  }
  set_type(w, b);
  line(w, "%s = %s;", element_piece(w, b, at).chars, number_piece(w, 0).chars);
  w->indent = indent;
  w->loops = loops;
  w->rows = rows;
}

static void clear_by_memset(writer *w, const assignment *a) {
  const buffer *b = a->target;
  index_form at[MAX_RANK];
  piece count = {NULL, BIND_PRIMARY};
  for (int d = 0; d < b->rank; d++) {
    at[d] = stands(w, a, d) ? a->at[d] : index_constant(0);
  }
  for (int k = 0; k < b->rank; k++) {
    int d = b->order[k];
    size_form extent = buffer_extent(w->p->g, b, d);
    if (b->dropped[d] || stands(w, a, d) || (extent.count == 1 && !extent.batch)) continue;
    const char *size = size_factor(w, b, d);
    count = count.chars ? piece_of(w, BIND_MULTIPLY, "%s * %s", count.chars, size)
                        : piece_of(w, BIND_MULTIPLY, "%s", size);
  }
  piece first = place_piece(w, b, at);
  bool start = strcmp(first.chars, "0") == 0;
  line(w, "memset(%s%s%s, 0, %s%ssizeof *%s);", b->word, start ? "" : " + ",
       start ? "" : first.chars, count.chars ? count.chars : "", count.chars ? " * " : "",
       b->word);
}

/* Whether the C for n, as far as it is not stored, has a `?:`. */
static bool chooses(const writer *w, const node *n) {
  bool any = n->class == NODE_MAP && op_rows[n->op].strength == BIND_CONDITIONAL;
  for (int k = 0; k < n->operands && !any; k++) {
    const node *operand = n->operand[k];
    const bool mask = n->class == NODE_PRODUCT && operand->boolean;
    any = mask || (!w->e->held[operand->id] && chooses(w, operand));
  }
  return any;
}

/* gcc, which knows that it adds to zeroes first, makes no vectors of sums in memory of what chooses: they are
 * not told by memset(). */
static bool hides_zeroes(const writer *w, const assignment *a) {
  return a->kind == ASSIGN_PRODUCT && a->term && standing_dims(w, a) > 0 && chooses(w, a->term);
}

void emit_clear(writer *w, const assignment *a) {
  const buffer *b = a->target;
  if (buffer_is_scalar(b)) {
    set_type(w, b);
    line(w, "%s %s = %s;", buffer_type(w, b), b->word, number_piece(w, 0).chars);
  } else if (standing_dims(w, a) >= 0 && !hides_zeroes(w, a)) {
    clear_by_memset(w, a);
  } else {
    clear_by_loops(w, a);
  }
}

/* ---- reductions ----------------------------------------------------------------------------- */

static const char *collector(const assignment *a) {
  return buffer_is_scalar(a->target) ? a->target->word : a->collector;
}

/* The factors of a contraction that are single numbers, or those that are not. */
static int choose_factors(writer *w, const assignment *a, bool scales, factor_read **chosen) {
  int count = 0;
  factor_read *list = arena_alloc(w->memory, ((size_t)a->factors + 1) * sizeof *list);
  for (int k = 0; k < a->factors; k++) {
    if (factor_is_scale(&a->factor[k]) == scales) list[count++] = a->factor[k];
  }
  *chosen = list;
  return count;
}

/* The number in front of a contraction, without its sign; NULL chars where that is 1. */
static piece scale_piece(writer *w, const assignment *a) {
  factor_read *scales;
  int count = choose_factors(w, a, true, &scales);
  double by = a->coefficient < 0 ? -a->coefficient : a->coefficient;
  return factors_piece(w, by, count, scales);
}

/* Terms of floats are added up in a double: each has the number in front. */
static bool is_wide(const writer *w, const assignment *a) {
  return assignment_collects(a) && a->target->type == NUMBER_DOUBLE && w->p->real_bytes == 4;
}

static void begin_in_memory(writer *w, const assignment *a) {
  set_type(w, a->target);
  if (!a->adds) emit_clear(w, a);
  piece scale = scale_piece(w, a);
  if (scale.chars) line(w, "const %s %s = %s;", real_word(w), a->collector, scale.chars);
}

static void begin_collected(writer *w, const assignment *a) {
  const char *type = buffer_type(w, a->target);
  set_type(w, a->target);
  if (a->kind == ASSIGN_MAXIMUM) {
    line(w, "%s %s = -INFINITY;", type, collector(a));
  } else if (a->kind == ASSIGN_ARGMAX) {
    line(w, "int32_t %s = 0;", collector(a));
    line(w, "%s %s_value = -INFINITY;", real_word(w), collector(a));
  } else if (!buffer_is_scalar(a->target) || !a->adds) {
    line(w, "%s %s = %s;", type, collector(a), number_piece(w, 0).chars);
  }
}

static void begin_reduction(writer *w, const assignment *a) {
  int before = give_reason_of(w, a);
  if (assignment_collects(a)) begin_collected(w, a);
  else begin_in_memory(w, a);
  w->reason = before;
}

static void end_reduction(writer *w, const assignment *a) {
  if (!assignment_collects(a) || buffer_is_scalar(a->target)) return;
  int before = give_reason_of(w, a);
  set_type(w, a->target);
  piece to = element_piece(w, a->target, a->at), sum = {collector(a), BIND_PRIMARY};
  bool minus = a->coefficient < 0;
  piece scale = {NULL, BIND_PRIMARY};
  if (a->kind == ASSIGN_PRODUCT && !is_wide(w, a)) scale = scale_piece(w, a);
  if (scale.chars) {
    sum = piece_of(w, BIND_MULTIPLY, "%s * %s", within(w, scale, BIND_MULTIPLY), sum.chars);
  }
  if (a->adds) line(w, "%s %s %s;", to.chars, minus ? "-=" : "+=", sum.chars);
  else line(w, "%s = %s%s;", to.chars, minus ? "-" : "", sum.chars);
  w->reason = before;
}

/* ---- assignments ---------------------------------------------------------------------------- */

static void emit_elements(writer *w, const assignment *a) {
  const buffer *b = a->target;
  set_type(w, b);
  know_what_is_read_on(w, a);
  bool zero = a->coefficient >= 0 && a->coefficient <= 0;
  piece what = zero ? number_piece(w, 0)
               : b->type == NUMBER_INTEGER ? integer_piece(w, a->what, a->where)
                                           : value_piece(w, a->what, a->where, a->inside);
  if (!zero && !is_one(a->coefficient)) {
    what = piece_of(w, BIND_MULTIPLY, "%s * %s", number_piece(w, a->coefficient).chars,
                    within(w, what, BIND_MULTIPLY + 1));
  }
  const char *to = element_piece(w, b, a->at).chars;
  line(w, "%s%s = %s;", declared(w, a, true), to, known_from_here(w, a, what.chars));
}

static void emit_average(writer *w, const assignment *a) {
  set_type(w, a->target);
  piece what = value_piece(w, a->what, a->where, false);
  piece to = element_piece(w, a->target, a->at);
  line(w, "%s = head->step == 0 ? %s : %s * %s + %s * %s;", to.chars,
       within(w, what, BIND_CONDITIONAL + 1), number_piece(w, 0.9).chars, to.chars,
       number_piece(w, 0.1).chars, within(w, what, BIND_MULTIPLY + 1));
}

/* Opens an `if` for what must hold; returns whether it did. */
static bool open_condition(writer *w, piece holds) {
  if (!holds.chars) return false;
  line(w, "if (%s)", holds.chars);
  w->indent++;
  return true;
}

static piece all_of(writer *w, piece one, piece other) {
  if (!one.chars) return other;
  if (!other.chars) return one;
  return piece_of(w, BIND_AND, "%s && %s", within(w, one, BIND_AND), within(w, other, BIND_AND));
}

/* The factor that is a sum of which a double keeps more than a float, or -1. */
static int wide_factor(const writer *w, const assignment *a) {
  for (int k = 0; k < a->factors; k++) {
    const factor_read *f = &a->factor[k];
    bool sum = !f->from && f->what->class == NODE_SUM && is_one(f->power);
    if (sum && sum_cancels(w, f->what)) return k;
  }
  return -1;
}

/* A term of floats as a double; a sum among the factors is not rounded on the way. */
static piece wide_term(writer *w, const assignment *a, double by) {
  int wide = wide_factor(w, a), others = 0;
  factor_read *list = arena_alloc(w->memory, ((size_t)a->factors + 1) * sizeof *list);
  for (int k = 0; k < a->factors; k++) {
    if (k != wide) list[others++] = a->factor[k];
  }
  piece rest = factors_piece(w, by, others, list);
  if (wide < 0 && !rest.chars) {
    w->type = NUMBER_DOUBLE;
    return number_piece(w, by);
  }
  if (rest.chars) {
    rest = piece_of(w, BIND_UNARY, "(double)%s", within(w, rest, BIND_UNARY));
  }
  if (wide < 0) return rest;
  piece sum = double_sum_piece(w, a->factor[wide].what, a->factor[wide].where);
  if (!rest.chars) return sum;
  return piece_of(w, BIND_MULTIPLY, "%s * %s", rest.chars, within(w, sum, BIND_MULTIPLY));
}

/* The term of a contraction, with its number in front where that is not said elsewhere. */
static piece term_piece(writer *w, const assignment *a, bool wide) {
  bool collects = assignment_collects(a), bound = a->free < a->variables;
  double by = a->coefficient < 0 ? -a->coefficient : a->coefficient;
  if (wide) return wide_term(w, a, by);
  if (!bound || (collects && buffer_is_scalar(a->target))) {
    return factors_piece(w, by, a->factors, a->factor);
  }
  factor_read *chosen;
  int count = choose_factors(w, a, false, &chosen);
  piece term = factors_piece(w, 1, count, chosen);
  if (collects || !assignment_is_scaled(a)) return term;
  if (!term.chars) return piece_of(w, BIND_PRIMARY, "%s", a->collector);
  return piece_of(w, BIND_MULTIPLY, "%s * %s", a->collector, within(w, term, BIND_MULTIPLY));
}

/* What must hold, but for what an `if` around has said. */
static piece term_conditions(writer *w, const assignment *a) {
  piece conditions = conditions_piece(w, a->conditions);
  if (w->said && conditions.chars && strcmp(w->said, conditions.chars) == 0) {
    conditions.chars = NULL;
  }
  return all_of(w, conditions, brackets_piece(w, a->factors, a->factor));
}

static void emit_term(writer *w, const assignment *a) {
  bool collects = assignment_collects(a), adds = collects || a->adds || a->free < a->variables;
  bool minus = a->coefficient < 0 && !(collects && !buffer_is_scalar(a->target));
  set_type(w, a->target);
  bool wide = is_wide(w, a);
  if (wide) w->type = NUMBER_REAL;
  piece holds = term_conditions(w, a);
  w->conditional = a->conditions != NULL;
  w->bracketed = holds.chars != NULL;
  piece term = term_piece(w, a, wide);
  w->conditional = w->bracketed = false;
  if (!term.chars) term = number_piece(w, 1);
  piece to = collects ? piece_of(w, BIND_PRIMARY, "%s", collector(a))
                      : element_piece(w, a->target, a->at);
  if (!collects || holds.chars || strstr(term.chars, " ? ")) {
    const char *sum = collects ? partial_sum_word(w, a, to.chars, minus)
                      : adds   ? row_sum_word(w, a, to.chars, minus) : to.chars;
    if (sum != to.chars) {
      to.chars = sum;
      minus = false;
    }
  }
  if (adds) {
    bool opened = open_condition(w, holds);
    line(w, "%s %s %s;", to.chars, minus ? "-=" : "+=", term.chars);
    w->indent -= opened;
    return;
  }
  if (minus) term = piece_of(w, BIND_UNARY, "-%s", within(w, term, BIND_UNARY));
  if (holds.chars) {
    term = piece_of(w, BIND_CONDITIONAL, "%s ? %s : %s", within(w, holds, BIND_CONDITIONAL + 1),
                    within(w, term, BIND_CONDITIONAL + 1), number_piece(w, 0).chars);
  }
  line(w, "%s%s = %s;", declared(w, a, true), to.chars, term.chars);
}

/* The value is compared, then kept: a local of its own unless it is a single name. */
static void emit_selection(writer *w, const assignment *a) {
  bool places = a->kind == ASSIGN_ARGMAX;
  w->type = a->target->type == NUMBER_DOUBLE ? NUMBER_DOUBLE : NUMBER_REAL;
  const char *best = collector(a);
  const char *value = places ? arena_printf(w->memory, "%s_value", best) : best;
  piece what = value_piece(w, a->what, a->where, false);
  piece holds = {NULL, BIND_PRIMARY};
  if (a->guard) holds = boolean_piece(w, a->guard, a->where);
  piece larger = piece_of(w, BIND_LESS, "%s > %s", within(w, what, BIND_LESS + 1), value);
  line(w, "if (%s)%s", all_of(w, holds, larger).chars, places ? " {" : "");
  w->indent++;
  line(w, "%s = %s;", value, what.chars);
  if (places) {
    piece number = {NULL, BIND_PRIMARY};
    for (int k = a->free; k < a->variables; k++) {
      variable *v = variable_now(a->variable[k]);
      number = number.chars ? piece_of(w, BIND_ADD, "%s * %s + %s",
                                       within(w, number, BIND_MULTIPLY), bound_text(w, v), v->word)
                            : piece_of(w, BIND_PRIMARY, "%s", v->word);
    }
    line(w, "%s = (int32_t)%s;", best, within(w, number, BIND_UNARY));
  }
  w->indent--;
  if (places) line(w, "}");
}

static void emit_product_call(writer *w, const assignment *a) {
  bool opened = open_condition(w, conditions_piece(w, a->conditions));
  emit_product(w, a);
  w->indent -= opened;
  if (!opened || !a->or_clears) return;
  line(w, "else");
  w->indent++;
  emit_clear(w, a);
  w->indent--;
}

static void emit_assignment(writer *w, const assignment *a) {
  if (a->product) {
    emit_product_call(w, a);
    return;
  }
  switch (a->kind) {
    case ASSIGN_ELEMENTS: emit_elements(w, a); break;
    case ASSIGN_PRODUCT: emit_term(w, a); break;
    case ASSIGN_MAXIMUM:
    case ASSIGN_ARGMAX: emit_selection(w, a); break;
    case ASSIGN_AVERAGE: emit_average(w, a); break;
  }
}

/* ---- loops ---------------------------------------------------------------------------------- */

/* One statement needs no braces. */
static bool is_single(const step *loop) {
  const step *s = loop->first;
  if (!s || s->next) return false;
  if (s->kind == STEP_CLEAR) return false;
  return s->kind == STEP_ASSIGNMENT || s->reductions == 0;
}

/* What all assignments in the step ask for before anything happens, if no loop of the step has a
 * say in it: told once, around the step. NULL if there is no such thing. */
static const char *common_condition(writer *w, const step *s, const step *outermost) {
  const char *common = NULL;
  if (s->kind == STEP_ASSIGNMENT) {
    const assignment *a = s->what;
    bool sums = a->kind == ASSIGN_PRODUCT && !a->product && (a->adds || a->free < a->variables);
    if (!sums || !a->conditions) return NULL;
    for (const step *loop = s->parent; loop; loop = loop->parent) {
      if (conditions_vary(a->conditions, loop->over)) return NULL;
      if (loop == outermost) break;
    }
    return conditions_piece(w, a->conditions).chars;
  }
  if (s->kind == STEP_CLEAR || (s != outermost && s->reductions > 0)) return NULL;
  for (const step *inner = s->first; inner; inner = inner->next) {
    const char *one = common_condition(w, inner, outermost);
    if (!one || (common && strcmp(one, common) != 0)) return NULL;
    common = one;
  }
  return common;
}

static void emit_loop_head(writer *w, const step *s, bool single) {
  if (emit_part_head(w, s, single) || emit_split_head(w, s, single)) return;
  const variable *v = s->over;
  const char *word = v->word, *bound = bound_text(w, v), *open = single ? "" : " {";
  const char *hint = loop_hint(w, s);
  if (hint) line(w, "%s", hint);
  if (s->downwards) {
    line(w, "for (size_t %s = %s; %s-- > %lld;)%s", word, bound, word, (long long)v->low, open);
  } else {
    line(w, "for (size_t %s = %lld; %s < %s; %s++)%s", word, (long long)v->low, word, bound, word,
         open);
  }
}

/* The body is written first: what it shares among its places is declared at its beginning. */
static void emit_loop_body(writer *w, const step *s, open_loop *opened) {
  text body = text_new(w->memory), rows = text_new(w->memory), *outer = w->out;
  bool joins = runs_with_outer(w, s);
  w->loops = opened;
  w->indent += !joins;
  w->out = &body;
  emit_steps(w, s->first);
  w->out = &rows;
  bool any = declare_rows(w, opened, body.chars), single = is_single(s) && !any && !opened->braces;
  w->out = outer;
  w->indent -= !joins;
  w->loops = opened->outer;
  single = joins || (single && !(w->part && s == w->part->rows));
  if (!joins) emit_loop_head(w, s, single);
  if (any) text_append_length(w->out, rows.chars, rows.length);
  append_with_rows(w, w->out, body.chars, opened);
  if (!single) line(w, "}");
}

void emit_loop(writer *w, const step *s) {
  if (s->split && w->split != s) {
    emit_split(w, s);
    return;
  }
  const char *before = w->said, *asks = common_condition(w, s, s);
  open_loop *opened = arena_alloc(w->memory, sizeof *opened);
  *opened = (open_loop){.over = s->over, .of = s, .innermost = is_innermost(s),
                        .scope.word = s->over->word, .outer = w->loops,
                        .scope.outer = w->loops ? &w->loops->scope : NULL};
  text loop = text_new(w->memory), *outer = w->out;
  for (int k = 0; k < s->reductions; k++) begin_reduction(w, s->reduction[k]);
  w->out = &loop;
  bool tells = asks && !w->said;
  if (tells) {
    line(w, "if (%s)", asks);
    w->said = asks;
    w->indent++;
  }
  emit_loop_body(w, s, opened);
  w->indent -= tells;
  w->said = before;
  w->out = outer;
  append_with_sums(w, loop.chars, opened);
  for (int k = 0; k < s->reductions; k++) end_reduction(w, s->reduction[k]);
}

/* Steps of the function itself and of its loops over time stand under a comment each. */
static bool is_commented(const step *s) {
  if (s->previous && s->previous->kind == STEP_CLEAR) return false;
  return !s->parent || (s->parent->over->time && !is_single(s->parent));
}

void emit_steps(writer *w, const step *first) {
  for (const step *s = first; s; s = s->next) {
    if (s->finishes) continue; /* the product has it */
    if (is_commented(s)) {
      const step *main_step = s;
      while (main_step->kind == STEP_CLEAR && main_step->next) main_step = main_step->next;
      emit_comment(w, main_step);
    }
    int before = give_reason(w, s);
    switch (s->kind) {
      case STEP_LOOP: emit_loop(w, s); break;
      case STEP_ASSIGNMENT: emit_assignment(w, s->what); break;
      case STEP_CLEAR: emit_clear(w, s->what); break;
    }
    w->reason = before;
    emit_seen(w, s);
  }
}
