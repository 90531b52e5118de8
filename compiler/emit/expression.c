/* expression: nodes that are part of their reader, as C expressions. Conditions and brackets
 * select, they never multiply: what is not taken has no effect, whatever it is. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "writer.h"

static bool is_one(double x) { return x >= 1 && x <= 1; }
static bool is_zero(double x) { return x >= 0 && x <= 0; }

/* ---- reading -------------------------------------------------------------------------------- */

static piece cast(writer *w, const char *type, piece from) {
  return piece_of(w, BIND_UNARY, "(%s)%s", type, within(w, from, BIND_UNARY));
}

/* An element as a number of w->type. */
static piece read_piece(writer *w, const buffer *b, const index_form *at) {
  piece element = element_piece(w, b, at);
  bool same = b->type == w->type || (b->type != NUMBER_INTEGER && w->p->real_bytes == 8);
  return same ? element : cast(w, real_word(w), element);
}

static piece guarded(writer *w, const condition *conditions, piece inner, const char *otherwise) {
  piece holds = conditions_piece(w, conditions);
  if (!holds.chars) return inner;
  return piece_of(w, BIND_CONDITIONAL, "%s ? %s : %s", within(w, holds, BIND_CONDITIONAL + 1),
                  within(w, inner, BIND_CONDITIONAL + 1), otherwise);
}

static const environment *through(writer *w, const node *n, const environment *where,
                                  condition **conditions) {
  return environment_through(w->memory, w->p->g, n->view, where, conditions);
}

/* ---- leaves --------------------------------------------------------------------------------- */

/* What is written computes a part of the batch: n of its samples, from the first on. */
static bool in_parts(const writer *w) { return w->e && w->e->parts > 1; }

/* A number of its own for every element of every place that draws. */
static piece random_piece(writer *w, const node *n, const environment *where) {
  const tensor *t = n->tensor;
  index_form at = environment_at(where, AXIS_BATCH);
  piece element = t->per_sample ? index_piece(w, &at) : piece_of(w, BIND_PRIMARY, "0");
  if (t->per_sample && in_parts(w)) {
    element = piece_of(w, BIND_ADD, "first + %s", within(w, element, BIND_ADD + 1));
  }
  for (int k = 0; k < t->rank; k++) {
    at = environment_at(where, n->dims[k]);
    element = piece_of(w, BIND_ADD, "%s * %lld + %s", within(w, element, BIND_MULTIPLY),
                       (long long)t->shape[k], within(w, index_piece(w, &at), BIND_ADD + 1));
  }
  w->helpers->uniform = true;
  piece drawn = piece_of(w, BIND_PRIMARY, "nnrt_uniform(head->seed, head->draw, %d, %s)",
                         t->alias ? t->alias->number : t->number, element.chars);
  return is_float(w) ? drawn : cast(w, "double", drawn);
}

const char *rule_word(writer *w, const tensor *t) {
  const char *dot = strrchr(t->word, '.');
  return word_spelt(w->memory, dot ? dot + 1 : t->word);
}

static piece rule_leaf(writer *w, const tensor *t) {
  const optimizer_rule *rule = w->rule->rule;
  const char *word = NULL;
  for (int k = 0; k < rule->hyperparameters; k++) {
    if (rule->hyperparameter[k] == t) word = rule_word(w, t);
  }
  if (t == rule->step) word = "step";
  if (word) {
    piece scalar = {word, BIND_PRIMARY};
    return w->type == NUMBER_DOUBLE || w->p->real_bytes == 8 ? scalar : cast(w, "float", scalar);
  }
  if (t == rule->p) return piece_of(w, BIND_PRIMARY, "p[i]");
  if (t == rule->gradient) return piece_of(w, BIND_PRIMARY, "g[i]");
  return piece_of(w, BIND_PRIMARY, "%s[i]", rule_word(w, t));
}

static piece leaf_piece(writer *w, const node *n, const environment *where) {
  index_form at[MAX_RANK];
  if (n->tensor->role == TENSOR_PARAMETER && !w->rule) return read_piece(w, tensor_itself(w->e, n, where, at), at);
  if (n->tensor->role == TENSOR_RANDOM) return random_piece(w, n, where);
  if (w->rule) return rule_leaf(w, n->tensor);
  return cast(w, real_word(w), piece_of(w, BIND_PRIMARY, "head->carried"));
}

/* A rule's number that was computed before its loop: n, or one over it; or NULL. */
static const char *hoisted_word(const writer *w, const node *n, bool inverse) {
  const rule_words *r = w->rule;
  for (int k = 0; r && k < r->hoists && w->type == NUMBER_REAL; k++) {
    if (r->hoisted[k].of == n && r->hoisted[k].inverse == inverse) return r->hoisted[k].word;
  }
  return NULL;
}

/* What a rule has at hand by now: hoisted numbers, states that are up to date. */
static piece rule_known(writer *w, const node *n) {
  const rule_words *r = w->rule;
  const char *hoisted = hoisted_word(w, n, false);
  if (hoisted) return (piece){hoisted, BIND_PRIMARY};
  for (int k = 0; k < r->rule->states; k++) {
    if (!r->state_done[k] || r->rule->new_state[k] != n) continue;
    if (r->state_new[k]) return piece_of(w, BIND_PRIMARY, "%s", r->state_new[k]);
    return piece_of(w, BIND_PRIMARY, "%s[i]", rule_word(w, r->rule->state[k]));
  }
  return (piece){NULL, BIND_PRIMARY};
}

/* Of hyperparameters and the step alone: computed in double. */
static bool is_scalar_rule(const node *n) {
  if (n->class == NODE_TENSOR) return n->tensor->role == TENSOR_SCALAR;
  for (int k = 0; k < n->operands; k++) {
    if (!is_scalar_rule(n->operand[k])) return false;
  }
  return n->class != NODE_INDEX && n->class != NODE_EXTENT;
}

/* ---- sums ----------------------------------------------------------------------------------- */

/* What stays bounded while its neighbours may be large and cancel is added last. */
static bool comes_last(const node *n) {
  return n->class == NODE_MAP && (n->op == OP_log1p || n->op == OP_log);
}

static bool is_power_of_two(double x) {
  int exponent;
  double part = frexp(x, &exponent);
  return part >= 0.5 && part <= 0.5;
}

static piece scaled_piece(writer *w, double by, piece value) {
  if (is_one(by)) return value;
  if (by < 1 && is_power_of_two(by)) {
    return piece_of(w, BIND_MULTIPLY, "%s / %s", within(w, value, BIND_MULTIPLY),
                    number_piece(w, 1 / by).chars);
  }
  return piece_of(w, BIND_MULTIPLY, "%s * %s", number_piece(w, by).chars,
                  within(w, value, BIND_MULTIPLY));
}

static piece plus(writer *w, piece sum, double by, piece value) {
  bool minus = by < 0;
  piece term = scaled_piece(w, minus ? -by : by, value);
  if (!sum.chars && !minus) return term;
  if (!sum.chars) return piece_of(w, BIND_UNARY, "-%s", within(w, term, BIND_UNARY + (term.chars[0] == '-')));
  return piece_of(w, BIND_ADD, "%s %c %s", within(w, sum, BIND_ADD), minus ? '-' : '+',
                  within(w, term, BIND_ADD + 1));
}

/* The order in which the terms are printed: a positive one first, bounded ones last. */
static int term_rank(const node *sum, int k) {
  if (comes_last(sum->operand[k])) return sum->coefficient[k] > 0 ? 2 : 3;
  return sum->coefficient[k] > 0 ? 0 : 1;
}

static piece as_double(writer *w, piece value) {
  return value.chars ? cast(w, "double", value) : value;
}

bool sum_cancels(const writer *w, const node *n) {
  bool kinds[2] = {n->value < 0 || n->value > 0, false};
  for (int k = 0; k < n->operands; k++) kinds[comes_last(n->operand[k])] = true;
  return is_float(w) && kinds[0] && kinds[1];
}

/* Terms that cancel are added among themselves, and what is bounded to their sum in double: so
 * no compiler's reordering (-ffast-math) loses it among large neighbours. */
static piece terms_of(writer *w, const node *n, const environment *where, bool *widened) {
  index_form at[MAX_RANK];
  piece sum = {NULL, BIND_PRIMARY};
  const buffer *partial = w->e ? buffer_partial_at(w->e, n, where, at) : NULL;
  bool wide = sum_cancels(w, n);
  if (partial) sum = read_piece(w, partial, at);
  for (int rank = 0; rank < 4; rank++) {
    if (rank == 1 && n->value > 0) sum = plus(w, sum, 1, number_piece(w, n->value));
    if (rank == 2 && n->value < 0) sum = plus(w, sum, -1, number_piece(w, -n->value));
    if (rank == 2 && wide) sum = as_double(w, sum);
    for (int k = 0; k < n->operands; k++) {
      if (term_rank(n, k) != rank || (partial && term_is_collected(w->e, n->operand[k]))) continue;
      piece term = value_piece(w, n->operand[k], where, false);
      double by = n->coefficient[k];
      if (rank >= 2 && wide) {
        term = as_double(w, scaled_piece(w, by < 0 ? -by : by, term));
        by = by < 0 ? -1 : 1;
      }
      sum = plus(w, sum, by, term);
    }
  }
  *widened = wide;
  return sum.chars ? sum : number_piece(w, 0);
}

static piece sum_piece(writer *w, const node *n, const environment *where) {
  bool widened;
  piece sum = terms_of(w, n, where, &widened);
  return widened ? cast(w, "float", sum) : sum;
}

piece double_sum_piece(writer *w, const node *n, const environment *where) {
  bool widened;
  piece sum = terms_of(w, n, where, &widened);
  return widened ? sum : cast(w, "double", sum);
}

/* ---- products ------------------------------------------------------------------------------- */

/* Written twice without a second thought: a name or an element, no call. */
static bool is_simple(piece value) {
  return value.strength == BIND_PRIMARY && !strchr(value.chars, '(');
}

static piece times(writer *w, piece product, piece value) {
  if (!product.chars) return value;
  return piece_of(w, BIND_MULTIPLY, "%s * %s", within(w, product, BIND_MULTIPLY),
                  within(w, value, BIND_MULTIPLY + 1));
}

static int helper_type(const writer *w) { return w->type == NUMBER_DOUBLE; }

static const char *helper_suffix(const writer *w) {
  return w->type == NUMBER_DOUBLE && w->p->real_bytes == 4 ? "_double" : "";
}

/* value^power for a positive power. */
static piece power_piece(writer *w, piece value, double power) {
  if (is_one(power)) return value;
  const char *suffix = is_float(w) ? "f" : "";
  if (is_zero(power - 0.5)) return piece_of(w, BIND_PRIMARY, "sqrt%s(%s)", suffix, value.chars);
  bool whole = floor(power) >= power && power <= 4;
  if (whole && is_simple(value)) {
    piece product = value;
    for (int k = 1; k < (int)power; k++) product = times(w, product, value);
    return product;
  }
  if (is_zero(power - 2)) {
    w->helpers->square[helper_type(w)] = true;
    return piece_of(w, BIND_PRIMARY, "square%s(%s)", helper_suffix(w), value.chars);
  }
  return piece_of(w, BIND_PRIMARY, "pow%s(%s, %s)", suffix, value.chars,
                  number_piece(w, power).chars);
}

static piece quotient_piece(writer *w, piece above, piece below, int below_count) {
  if (!below.chars) return above;
  if (!above.chars) above = number_piece(w, 1);
  const char *divisor = within(w, below, below_count > 1 ? BIND_PRIMARY : BIND_MULTIPLY + 1);
  return piece_of(w, BIND_MULTIPLY, "%s / %s", within(w, above, BIND_MULTIPLY), divisor);
}

piece factors_piece(writer *w, double coefficient, int count, const factor_read *factors) {
  piece above = {NULL, BIND_PRIMARY}, below = {NULL, BIND_PRIMARY};
  int below_count = 0;
  const char *still = NULL;
  factor_read *list = arena_alloc(w->memory, ((size_t)count + 1) * sizeof *list);
  if (count > 0) memcpy(list, factors, (size_t)count * sizeof *list);
  int first = split_still(w, count, list, &still);
  if (!is_one(coefficient)) above = number_piece(w, coefficient);
  if (still) above = times(w, above, (piece){still, BIND_PRIMARY});
  for (int k = first; k < count; k++) {
    const factor_read *f = &list[k];
    if (f->what->boolean) continue;
    const char *inverse = is_one(-f->power) ? hoisted_word(w, f->what, true) : NULL;
    if (inverse) {
      above = times(w, above, (piece){inverse, BIND_PRIMARY});
      continue;
    }
    piece value = value_piece(w, f->what, f->where, false);
    if (f->power > 0) {
      above = times(w, above, power_piece(w, value, f->power));
    } else {
      below = times(w, below, power_piece(w, value, -f->power));
      below_count++;
    }
  }
  return quotient_piece(w, above, below, below_count);
}

piece brackets_piece(writer *w, int count, const factor_read *factors) {
  piece all = {NULL, BIND_PRIMARY};
  for (int k = 0; k < count; k++) {
    if (!factors[k].what->boolean) continue;
    piece one = boolean_piece(w, factors[k].what, factors[k].where);
    all = all.chars ? piece_of(w, BIND_AND, "%s && %s", within(w, all, BIND_AND),
                               within(w, one, BIND_AND))
                    : one;
  }
  return all;
}

/* The factors of an elementwise product or a gather, read where the labels say. */
static int list_factors(writer *w, const node *n, const environment *where, factor_read *list,
                        condition **conditions) {
  told_axes told = product_told_axes(n);
  const environment *inner = environment_tell(w->memory, w->p->g, &told, where, conditions);
  int count = 0;
  for (int k = 0; k < n->operands; k++) {
    bool used_up = false;
    for (int t = 0; t < told.count; t++) used_up = used_up || told.factor[t] == k;
    if (used_up) continue;
    list[count].what = n->operand[k];
    list[count].power = n->power[k];
    list[count++].where = inner;
  }
  return count;
}

static piece product_piece(writer *w, const node *n, const environment *where) {
  condition *conditions = NULL;
  factor_read *list = arena_alloc(w->memory, ((size_t)n->operands + 1) * sizeof *list);
  int count = list_factors(w, n, where, list, &conditions);
  piece brackets = brackets_piece(w, count, list);
  const bool bracketed = w->bracketed;
  w->bracketed = bracketed || brackets.chars;
  piece value = factors_piece(w, 1, count, list);
  w->bracketed = bracketed;
  if (!value.chars) value = number_piece(w, 1);
  const char *zero = number_piece(w, 0).chars;
  if (brackets.chars) {
    value = piece_of(w, BIND_CONDITIONAL, "%s ? %s : %s",
                     within(w, brackets, BIND_CONDITIONAL + 1),
                     within(w, value, BIND_CONDITIONAL + 1), zero);
  }
  return guarded(w, conditions, value, zero);
}

/* ---- maps ----------------------------------------------------------------------------------- */

static int operand_uses(const char *chars, char operand) {
  int uses = 0;
  for (const char *c = chars; *c; c++) {
    bool alone = (c == chars || !isalnum((unsigned char)c[-1])) && !isalnum((unsigned char)c[1]);
    uses += *c == operand && alone;
  }
  return uses;
}

/* The row's C text with its operands, its suffixes and its numbers of the type. */
static const char *filled_text(writer *w, const char *chars, const piece *operands,
                               int strength) {
  text out = text_new(w->memory);
  for (const char *c = chars; *c; c++) {
    bool starts = c == chars || (!isalnum((unsigned char)c[-1]) && c[-1] != '_');
    if (*c == '@') {
      if (is_float(w)) text_append(&out, "f");
    } else if (starts && isdigit((unsigned char)*c)) {
      text_append(&out, number_piece(w, strtod(c, NULL)).chars);
      while (isdigit((unsigned char)c[1]) || c[1] == '.') c++;
    } else if (starts && (*c == 'a' || *c == 'b') && !isalnum((unsigned char)c[1])) {
      bool closed = c > chars && (c[-1] == '(' || c[-1] == ' ') && (c[1] == ')' || c[1] == ',') &&
                    strength == BIND_PRIMARY;
      const piece *operand = &operands[*c - 'a'];
      text_append(&out, closed ? operand->chars : within(w, *operand, strength + 1));
    } else {
      text_append_length(&out, c, 1);
    }
  }
  return out.chars;
}

static bool needs_helper(op operation) {
  const op_row *row = &op_rows[operation];
  return operand_uses(row->c, 'a') > 1 || operand_uses(row->c, 'b') > 1;
}

piece map_piece(writer *w, op operation, const piece *operands) {
  const op_row *row = &op_rows[operation];
  if (strcmp(row->c, "a") == 0) return operands[0];
  if (!needs_helper(operation)) {
    return (piece){filled_text(w, row->c, operands, row->strength), row->strength};
  }
  w->helpers->op[helper_type(w)][operation] = true;
  if (row->arity == 1) {
    return piece_of(w, BIND_PRIMARY, "%s%s(%s)", row->name, helper_suffix(w), operands[0].chars);
  }
  return piece_of(w, BIND_PRIMARY, "%s%s(%s, %s)", row->name, helper_suffix(w),
                  operands[0].chars, operands[1].chars);
}

static void emit_helper(writer *w, op operation) {
  const op_row *row = &op_rows[operation];
  const piece names[2] = {{"a", BIND_PRIMARY}, {"b", BIND_PRIMARY}};
  const char *type = real_word(w), *body = filled_text(w, row->c, names, row->strength);
  bool counts = strchr(row->c, '?') == NULL && strpbrk(row->c, "<>") != NULL;
  const char *open = counts ? arena_printf(w->memory, "(%s)(", type) : "";
  const char *parameters = row->arity == 1 ? arena_printf(w->memory, "%s a", type)
                                           : arena_printf(w->memory, "%s a, %s b", type, type);
  line(w, "static inline %s %s%s(%s) {", type, row->name, helper_suffix(w), parameters);
  line(w, "  return %s%s%s;", open, body, counts ? ")" : "");
  line(w, "}");
}

void emit_helpers_of(writer *w) {
  if (w->helpers->zeros > 0) {
    const char *real = real_word(w);
    line(w, "/* What is read where a row of a tensor is not there. A compiler that knew what it is would");
    line(w, " * read ahead in that case and not in the other, and make no vectors of the loop. */");
    line(w, "static inline const %s *zeros(void) {", real);
    line(w, "  static const %s row[%lld] = {0};", real, (long long)w->helpers->zeros);
    line(w, "  const %s *begin = row;", real);
    line(w, "  NNRT_UNSEEN(begin);");
    line(w, "  return begin;");
    line(w, "}\n");
  }
  for (int type = 0; type < 2; type++) {
    w->type = type ? NUMBER_DOUBLE : NUMBER_REAL;
    for (int k = 0; k < OP_COUNT; k++) {
      bool repeated = type && w->p->real_bytes == 8 && w->helpers->op[0][k];
      if (w->helpers->op[type][k] && !repeated) emit_helper(w, (op)k);
    }
    if (w->helpers->square[type] &&
        !(type && w->p->real_bytes == 8 && w->helpers->square[0])) {
      line(w, "static inline %s square%s(%s a) { return a * a; }", real_word(w), helper_suffix(w),
           real_word(w));
    }
  }
  w->type = NUMBER_REAL;
}

/* ---- whole numbers and brackets -------------------------------------------------------------- */

/* A whole number as it stands in C. */
static piece whole_piece(writer *w, int64_t value) {
  return piece_of(w, value < 0 ? BIND_UNARY : BIND_PRIMARY, "%lld", (long long)value);
}

static piece int_of_form(writer *w, const index_form *at) {
  if (at->terms == 0) return whole_piece(w, at->constant);
  return cast(w, "int32_t", index_piece(w, at));
}

static piece integer_sum(writer *w, const node *n, const environment *where) {
  piece sum = {NULL, BIND_PRIMARY};
  if (!is_zero(n->value)) sum = whole_piece(w, (int64_t)n->value);
  for (int k = 0; k < n->operands; k++) {
    piece term = integer_piece(w, n->operand[k], where);
    double by = n->coefficient[k];
    if (!is_one(by) && !is_one(-by)) {
      term = piece_of(w, BIND_MULTIPLY, "%lld * %s", (long long)(by < 0 ? -by : by),
                      within(w, term, BIND_UNARY));
    }
    if (!sum.chars) {
      sum = by < 0 ? piece_of(w, BIND_UNARY, "-%s", within(w, term, BIND_UNARY)) : term;
    } else {
      sum = piece_of(w, BIND_ADD, "%s %c %s", sum.chars, by < 0 ? '-' : '+',
                     within(w, term, BIND_ADD + 1));
    }
  }
  return sum;
}

piece integer_piece(writer *w, const node *n, const environment *where) {
  index_form at[MAX_RANK];
  const buffer *from = buffer_at(w->e, n, where, at);
  if (from) return element_piece(w, from, at);
  if (n->class == NODE_INDEX) {
    at[0] = environment_at(where, n->axes[0]);
    return int_of_form(w, &at[0]);
  }
  if (n->class == NODE_CONSTANT) return whole_piece(w, (int64_t)n->value);
  if (n->class == NODE_SUM) return integer_sum(w, n, where);
  if (n->class == NODE_VIEW) {
    condition *conditions = NULL;
    const environment *inner = through(w, n, where, &conditions);
    return guarded(w, conditions, integer_piece(w, n->operand[0], inner), "0");
  }
  return cast(w, "int32_t", value_piece(w, n, where, false));
}

static piece compare_piece(writer *w, const node *n, const environment *where) {
  const op_row *row = &op_rows[n->op];
  piece operands[2];
  bool whole = node_is_whole(n->operand[0]) && node_is_whole(n->operand[1]) && !w->rule;
  for (int k = 0; k < 2; k++) {
    operands[k] = whole ? integer_piece(w, n->operand[k], where)
                        : value_piece(w, n->operand[k], where, false);
  }
  return (piece){filled_text(w, row->c, operands, row->strength), row->strength};
}

static piece boolean_product(writer *w, const node *n, const environment *where) {
  condition *conditions = NULL;
  factor_read *list = arena_alloc(w->memory, ((size_t)n->operands + 1) * sizeof *list);
  int count = list_factors(w, n, where, list, &conditions);
  piece brackets = brackets_piece(w, count, list), inside = conditions_piece(w, conditions);
  if (!inside.chars) return brackets;
  return piece_of(w, BIND_AND, "%s && %s", within(w, inside, BIND_AND),
                  within(w, brackets, BIND_AND));
}

static piece boolean_view(writer *w, const node *n, const environment *where) {
  condition *conditions = NULL;
  const environment *inner = through(w, n, where, &conditions);
  piece value = boolean_piece(w, n->operand[0], inner);
  piece inside = conditions_piece(w, conditions);
  if (!inside.chars) return value;
  return piece_of(w, BIND_AND, "%s && %s", within(w, inside, BIND_AND),
                  within(w, value, BIND_AND));
}

piece boolean_piece(writer *w, const node *n, const environment *where) {
  index_form at[MAX_RANK];
  bool held = w->e && buffer_at(w->e, n, where, at);
  if (n->boolean && !held) {
    switch (n->class) {
      case NODE_MAP:
        if (n->op != OP_not) return compare_piece(w, n, where);
        return piece_of(w, BIND_UNARY, "!%s",
                        within(w, boolean_piece(w, n->operand[0], where), BIND_UNARY));
      case NODE_PRODUCT: return boolean_product(w, n, where);
      case NODE_VIEW: return boolean_view(w, n, where);
      default: break;
    }
  }
  piece value = value_piece(w, n, where, false);
  return piece_of(w, BIND_EQUAL, "%s != %s", within(w, value, BIND_EQUAL + 1),
                  number_piece(w, 0).chars);
}

/* ---- any node ------------------------------------------------------------------------------- */

/* A stored element, or a product of some, of rows that the conditions choose; NULL chars where they are
 * not that. */
static piece chosen_piece(writer *w, const node *what, const environment *where,
                          const condition *conditions) {
  index_form at[MAX_RANK];
  piece product = {NULL, BIND_PRIMARY};
  const buffer *held = buffer_at(w->e, what, where, at);
  if (held) return row_or_zeros(w, held, at, conditions);
  if (what->class != NODE_PRODUCT || product_told_axes(what).count > 0) return product;
  for (int k = 0; k < what->operands; k++) {
    bool plain = is_one(what->power[k]) && !what->operand[k]->boolean;
    held = plain ? buffer_at(w->e, what->operand[k], where, at) : NULL;
    piece one = held ? row_or_zeros(w, held, at, conditions) : (piece){NULL, BIND_PRIMARY};
    if (!one.chars) return one;
    product = times(w, product, one);
  }
  return product;
}

static piece view_piece(writer *w, const node *n, const environment *where) {
  condition *conditions = NULL;
  const environment *inner = through(w, n, where, &conditions);
  if (conditions_never_hold(conditions)) return number_piece(w, 0);
  piece holds = conditions_piece(w, conditions);
  const char *before = w->said;
  if (!holds.chars || (before && strcmp(before, holds.chars) == 0)) {
    return value_piece(w, n->operand[0], inner, false);
  }
  piece chosen = chosen_piece(w, n->operand[0], inner, conditions);
  if (chosen.chars) return chosen;
  w->said = holds.chars;
  piece value = value_piece(w, n->operand[0], inner, false);
  w->said = before;
  return guarded(w, conditions, value, number_piece(w, 0).chars);
}

static piece map_of_nodes(writer *w, const node *n, const environment *where) {
  piece operands[OP_MAX_ARITY];
  for (int k = 0; k < n->operands; k++) {
    operands[k] = value_piece(w, n->operand[k], where, false);
  }
  return map_piece(w, n->op, operands);
}

static piece scalar_in_double(writer *w, const node *n) {
  w->type = NUMBER_DOUBLE;
  piece value = value_piece(w, n, NULL, false);
  w->type = NUMBER_REAL;
  return cast(w, "float", value);
}

piece value_piece(writer *w, const node *n, const environment *where, bool inside) {
  index_form at[MAX_RANK];
  if (w->rule) {
    piece known = rule_known(w, n);
    if (known.chars) return known;
    bool computed = n->class != NODE_CONSTANT && n->class != NODE_TENSOR;
    if (is_float(w) && computed && is_scalar_rule(n)) return scalar_in_double(w, n);
  } else if (!inside) {
    const buffer *from = buffer_at(w->e, n, where, at);
    if (from) return read_piece(w, from, at);
  }
  if (n->boolean) {
    return piece_of(w, BIND_CONDITIONAL, "%s ? %s : %s",
                    within(w, boolean_piece(w, n, where), BIND_CONDITIONAL + 1),
                    number_piece(w, 1).chars, number_piece(w, 0).chars);
  }
  switch (n->class) {
    case NODE_CONSTANT: return number_piece(w, n->value);
    case NODE_TENSOR: return leaf_piece(w, n, where);
    case NODE_INDEX:
      at[0] = environment_at(where, n->axes[0]);
      return cast(w, real_word(w), index_piece(w, &at[0]));
    case NODE_EXTENT:
      return cast(w, real_word(w), piece_of(w, BIND_PRIMARY, in_parts(w) ? "samples" : "n"));
    case NODE_SUM: return sum_piece(w, n, where);
    case NODE_PRODUCT: return product_piece(w, n, where);
    case NODE_MAP: return map_of_nodes(w, n, where);
    case NODE_VIEW: return view_piece(w, n, where);
    case NODE_SELECT: break;
  }
  return number_piece(w, 0);
}
