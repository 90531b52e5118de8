/* comment: above each step, its formula in the model's notation and its line in the model. */
#include <string.h>

#include "writer.h"

enum { DEEPEST = 12, LONGEST = 72 };

/* ---- formulas ------------------------------------------------------------------------------- */

typedef struct formula {
  writer *w;
  int depth;
} formula;

static piece formula_of(formula f, const node *n, bool inside);

static bool is_one(double x) { return x >= 1 && x <= 1; }

static const char *number_text(writer *w, double value) {
  text out = text_new(w->memory);
  print_coefficient(&out, value);
  return out.chars;
}

/* What the node is called where it is stored. */
static const char *stored_word(const writer *w, const node *n) {
  const entry_plan *e = w->e;
  if (n->class == NODE_TENSOR) {
    const tensor *t = n->tensor;
    if (t->role == TENSOR_REFERENCE) return e->held[t->body->id]->word;
    if (e->held_tensor[t->number]) return e->held_tensor[t->number]->word;
    return t->word;
  }
  return e->held[n->id] ? e->held[n->id]->word : NULL;
}

static piece joined(writer *w, piece left, const char *sign, piece right, int strength) {
  if (!left.chars) return right;
  return piece_of(w, strength, "%s%s%s", within(w, left, strength), sign,
                  within(w, right, strength + 1));
}

static piece formula_term(formula f, piece sum, double by, piece term) {
  writer *w = f.w;
  bool minus = by < 0;
  if (minus) by = -by;
  if (!is_one(by)) {
    term = piece_of(w, BIND_MULTIPLY, "%s * %s", number_text(w, by),
                    within(w, term, BIND_MULTIPLY));
  }
  if (!sum.chars && minus) return piece_of(w, BIND_UNARY, "-%s", within(w, term, BIND_UNARY));
  return joined(w, sum, minus ? " - " : " + ", term, BIND_ADD);
}

static piece formula_sum(formula f, const node *n) {
  writer *w = f.w;
  piece sum = {NULL, BIND_PRIMARY};
  const buffer *partial = w->e->held_partial[n->id];
  if (partial) sum = (piece){partial->word, BIND_PRIMARY};
  for (int sign = 0; sign < 2; sign++) {
    for (int k = 0; k < n->operands; k++) {
      if ((n->coefficient[k] < 0) != (sign == 1)) continue;
      if (partial && sum_term_collected(w->e, n, k)) continue;
      sum = formula_term(f, sum, n->coefficient[k], formula_of(f, n->operand[k], false));
    }
    double size = n->value < 0 ? -n->value : n->value;
    if ((n->value > 0 && sign == 0) || (n->value < 0 && sign == 1)) {
      sum = formula_term(f, sum, sign ? -1 : 1, (piece){number_text(w, size), BIND_PRIMARY});
    }
  }
  return sum.chars ? sum : (piece){"0", BIND_PRIMARY};
}

static piece formula_power(formula f, piece value, double power) {
  if (is_one(power)) return value;
  if (power >= 0.5 && power <= 0.5) return piece_of(f.w, BIND_PRIMARY, "sqrt(%s)", value.chars);
  return piece_of(f.w, BIND_UNARY, "%s^%s", within(f.w, value, BIND_PRIMARY),
                  number_text(f.w, power));
}

static const char *axis_text(formula f, axis a) {
  const char *hint = axis_hint(f.w->p->g, a);
  return strchr(hint, '.') ? "k" : hint;
}

static const char *bound_names(formula f, const node *n) {
  text out = text_new(f.w->memory);
  for (int k = 0; k < n->bound; k++) {
    if (out.length > 0) text_append(&out, ", ");
    text_append(&out, axis_text(f, n->bound_axes[k]));
  }
  return out.chars;
}

/* x[c] for a look-up of x at a label c. */
static piece formula_looked_up(formula f, const node *n, const told_axes *told, int k,
                               piece value) {
  for (int t = 0; t < told->count; t++) {
    if (!node_has_axis(n->operand[k], told->along[t])) continue;
    value = piece_of(f.w, BIND_PRIMARY, "%s[%s]", within(f.w, value, BIND_PRIMARY),
                     formula_of(f, told->label[t], false).chars);
  }
  return value;
}

static bool is_told_factor(const told_axes *told, int k) {
  for (int t = 0; t < told->count; t++) {
    if (told->factor[t] == k) return true;
  }
  return false;
}

static piece formula_product(formula f, const node *n) {
  writer *w = f.w;
  piece above = {NULL, BIND_PRIMARY}, below = {NULL, BIND_PRIMARY};
  told_axes told = product_told_axes(n);
  for (int k = 0; k < n->operands; k++) {
    double power = n->power[k];
    if (is_told_factor(&told, k)) continue;
    piece value = formula_looked_up(f, n, &told, k, formula_of(f, n->operand[k], false));
    if (n->operand[k]->boolean) value = piece_of(w, BIND_PRIMARY, "[%s]", value.chars);
    value = formula_power(f, value, power < 0 ? -power : power);
    if (power < 0) below = joined(w, below, " * ", value, BIND_MULTIPLY);
    else above = joined(w, above, n->bound ? " " : " * ", value, BIND_MULTIPLY);
  }
  if (below.chars) {
    if (!above.chars) above = (piece){"1", BIND_PRIMARY};
    above = joined(w, above, " / ", below, BIND_MULTIPLY);
  }
  if (!above.chars) above = (piece){"1", BIND_PRIMARY};
  bool plain = (n->operands > 1 && !node_binds(n, AXIS_BATCH)) || told.count == n->bound;
  if (n->bound == 0 || plain) return above;
  return piece_of(w, BIND_PRIMARY, "sum[%s](%s)", bound_names(f, n), above.chars);
}

static piece formula_map(formula f, const node *n) {
  writer *w = f.w;
  const op_row *row = &op_rows[n->op];
  piece a = formula_of(f, n->operand[0], false);
  if (n->op == OP_not) return piece_of(w, BIND_UNARY, "not %s", within(w, a, BIND_UNARY));
  if (row->arity == 1) return piece_of(w, BIND_PRIMARY, "%s(%s)", row->name, a.chars);
  piece b = formula_of(f, n->operand[1], false);
  if (row->name[0]) return piece_of(w, BIND_PRIMARY, "%s(%s, %s)", row->name, a.chars, b.chars);
  const char *sign = n->op == OP_less ? "<" : n->op == OP_less_equal ? "<="
                   : n->op == OP_equal ? "==" : "!=";
  return piece_of(w, BIND_EQUAL, "%s %s %s", within(w, a, BIND_EQUAL + 1), sign,
                  within(w, b, BIND_EQUAL + 1));
}

static piece formula_view(formula f, const node *n) {
  writer *w = f.w;
  const view *v = n->view;
  piece inner = formula_of(f, n->operand[0], false);
  for (int k = 0; k < v->reads && v->reads == 1; k++) {
    const affine *read = &v->read[k], *write = v->writes == 1 ? &v->write[0] : NULL;
    const char *hint = axis_hint(w->p->g, read->along);
    int64_t shift = read->constant - (write ? write->constant : 0);
    if (v->box == 0 && !write) {
      return piece_of(w, BIND_PRIMARY, "%s[%lld]", within(w, inner, BIND_PRIMARY),
                      (long long)read->constant);
    }
    if (v->box == 1 && write && shift != 0 && read->coefficient[0] == 1 &&
        write->coefficient[0] == 1 && strlen(hint) == 1) {
      return piece_of(w, BIND_PRIMARY, "%s[%s %c %lld]", within(w, inner, BIND_PRIMARY), hint,
                      shift < 0 ? '-' : '+', (long long)(shift < 0 ? -shift : shift));
    }
  }
  return inner;
}

static piece formula_leaf(formula f, const node *n) {
  switch (n->class) {
    case NODE_CONSTANT: return (piece){number_text(f.w, n->value),
                                       n->value < 0 ? BIND_UNARY : BIND_PRIMARY};
    case NODE_INDEX: return (piece){axis_text(f, n->axes[0]), BIND_PRIMARY};
    case NODE_EXTENT: return (piece){"n", BIND_PRIMARY};
    default: return (piece){"?", BIND_PRIMARY};
  }
}

static piece formula_of(formula f, const node *n, bool inside) {
  const char *word = inside ? NULL : stored_word(f.w, n);
  if (word) return (piece){word, BIND_PRIMARY};
  if (f.depth-- == 0) return (piece){"...", BIND_PRIMARY};
  switch (n->class) {
    case NODE_SUM: return formula_sum(f, n);
    case NODE_PRODUCT: return formula_product(f, n);
    case NODE_MAP: return formula_map(f, n);
    case NODE_VIEW: return formula_view(f, n);
    case NODE_SELECT: {
      const char *what = n->select == SELECT_ARGMAX ? "argmax" : "max";
      return piece_of(f.w, BIND_PRIMARY, "%s[%s](%s)", what, bound_names(f, n),
                      formula_of(f, n->operand[0], false).chars);
    }
    default: return formula_leaf(f, n);
  }
}

/* ---- comments ------------------------------------------------------------------------------- */

/* The collected term of a sum that the assignment adds. */
static piece term_formula(formula f, const assignment *a) {
  piece product = {NULL, BIND_PRIMARY};
  for (int k = 0; k < a->factors; k++) {
    piece value = formula_power(f, formula_of(f, a->factor[k].what, false), a->factor[k].power);
    product = joined(f.w, product, " ", value, BIND_MULTIPLY);
  }
  if (!product.chars) product = (piece){"1", BIND_PRIMARY};
  return formula_term(f, (piece){NULL, BIND_PRIMARY}, a->coefficient, product);
}

static const char *shortened(writer *w, const char *chars) {
  if (strlen(chars) <= LONGEST) return chars;
  return arena_printf(w->memory, "%.*s ...", LONGEST - 4, chars);
}

static const char *base_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static const char *model_line(writer *w, const buffer *b) {
  const definition *known = b->shown ? b->shown : b->called;
  if (!known || !known->where.file || known->where.line <= 0) return "";
  if (known->where.file->shipped) return "";
  return arena_printf(w->memory, "   %s:%d", base_name(known->where.file->path),
                      known->where.line);
}

/* x[l + 1] = ...: a step from one copy to the next, or a row beside these. */
static const char *rows_line(writer *w, const assignment *a) {
  formula f = {w, DEEPEST};
  const buffer *b = a->target;
  text row = text_new(w->memory);
  for (int d = 0; d < b->rank; d++) {
    if (b->dims[d] < 0 || !axis_counts_copies(w->p->g, b->dims[d])) continue;
    const variable *v = index_variable(&a->at[d]);
    if (!v) text_printf(&row, "[%lld]", (long long)a->at[d].constant);
    else if (a->at[d].constant == 0) text_printf(&row, "[%s]", v->word);
    else text_printf(&row, "[%s + %lld]", v->word, (long long)a->at[d].constant);
  }
  bool zero = a->coefficient >= 0 && a->coefficient <= 0;
  piece right = {"0", BIND_PRIMARY};
  if (!zero) right = formula_term(f, (piece){NULL, BIND_PRIMARY}, a->coefficient,
                                  formula_of(f, a->what, false));
  return arena_printf(w->memory, "%s%s = %s%s", b->word, row.length > 0 ? row.chars : "",
                      shortened(w, right.chars), model_line(w, b));
}

static const char *comment_line(writer *w, const assignment *a) {
  formula f = {w, DEEPEST};
  const buffer *b = a->target;
  bool several = b->partial || b->writer->next_writer;
  if (several && a->kind == ASSIGN_ELEMENTS) return rows_line(w, a);
  piece right = several ? term_formula(f, a) : formula_of(f, b->what, a->inside || a->kind != ASSIGN_ELEMENTS);
  const char *sign = several && a->adds ? "+=" : "=";
  return arena_printf(w->memory, "%s %s %s%s", b->word, sign, shortened(w, right.chars),
                      model_line(w, b));
}

/* Scalars that only help another step are seen there. */
static bool is_worth_a_line(const assignment *a) {
  return a->target->kept != STORAGE_LOCAL || a->target->called;
}

typedef struct comment_lines {
  int count;
  const char *item[12];
} comment_lines;

static void collect_lines(writer *w, const step *s, bool all, comment_lines *lines) {
  if (s->kind == STEP_LOOP) {
    for (const step *inner = s->first; inner; inner = inner->next) {
      collect_lines(w, inner, all, lines);
    }
    return;
  }
  if (s->kind != STEP_ASSIGNMENT || (!all && !is_worth_a_line(s->what))) return;
  if (lines->count < 12) lines->item[lines->count++] = comment_line(w, s->what);
}

static void add_targets(const step *s, text *out) {
  for (const step *inner = s->first; inner; inner = inner->next) {
    if (inner->kind == STEP_LOOP) add_targets(inner, out);
    if (inner->kind != STEP_ASSIGNMENT) continue;
    const buffer *b = inner->what->target;
    if (!b->called && !b->shown) continue;
    text_printf(out, "%s%s", out->length > 0 ? ", " : "", b->word);
  }
}

static void emit_time_comment(writer *w, const step *s) {
  text targets = text_new(w->memory);
  add_targets(s, &targets);
  bool copies = s->over->along >= 0 && axis_counts_copies(w->p->g, s->over->along);
  line(w, "/* the %s of %s, %s */", copies ? "copies" : "recurrence",
       targets.length > 0 ? shortened(w, targets.chars) : "its parts",
       s->downwards ? "backwards" : "forwards");
}

void emit_comment(writer *w, const step *s) {
  comment_lines lines = {0};
  if (s->previous || !s->parent) text_append(w->out, s->parent ? "" : "\n");
  if (s->kind == STEP_LOOP && s->over->time) {
    emit_time_comment(w, s);
    return;
  }
  collect_lines(w, s, false, &lines);
  if (lines.count == 0) collect_lines(w, s, true, &lines);
  for (int k = 0; k < lines.count; k++) {
    line(w, "%s %s%s", k == 0 ? "/*" : " *", lines.item[k], k + 1 == lines.count ? " */" : "");
  }
}
