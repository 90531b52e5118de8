/* print: a plan as text, for --dump=plan: buffers, then steps, of each function. */
#include "schedule.h"

/* ---- indices -------------------------------------------------------------------------------- */

static void print_variable(text *out, const variable *v) {
  while (v->same) v = v->same;
  switch (v->kind) {
    case VARIABLE_LOOP:
      if (v->word) text_append(out, v->word);
      else text_append(out, v->batch ? "s" : ":");
      break;
    case VARIABLE_LABEL: text_append(out, "label"); break;
    case VARIABLE_QUOTIENT:
    case VARIABLE_REMAINDER:
      text_append(out, "(");
      print_index(out, &v->form);
      text_printf(out, ") %c %lld", v->kind == VARIABLE_QUOTIENT ? '/' : '%',
                  (long long)v->divisor);
      break;
  }
}

void print_index(text *out, const index_form *at) {
  for (int k = 0; k < at->terms; k++) {
    int64_t by = at->term[k].coefficient;
    if (k > 0 || by < 0) text_append(out, by < 0 ? (k > 0 ? " - " : "-") : " + ");
    if (by > 1 || by < -1) text_printf(out, "%lld ", (long long)(by < 0 ? -by : by));
    print_variable(out, at->term[k].of);
  }
  if (at->terms == 0) text_printf(out, "%lld", (long long)at->constant);
  else if (at->constant != 0) {
    text_printf(out, " %c %lld", at->constant < 0 ? '-' : '+',
                (long long)(at->constant < 0 ? -at->constant : at->constant));
  }
}

static void print_element(text *out, const buffer *b, const index_form *at) {
  text_append(out, b->word);
  for (int d = 0; d < b->rank; d++) {
    text_append(out, d == 0 ? "[" : ", ");
    print_index(out, &at[d]);
  }
  if (b->rank > 0) text_append(out, "]");
}

/* ---- buffers -------------------------------------------------------------------------------- */

static void print_buffer(text *out, const plan *p, const buffer *b) {
  static const char *const kept[] = {"data", "parameter", "state", "constant", "gradient",
                                     "output", "result", "scratch", "local"};
  if (!b->access) return;
  text_printf(out, "  %-9s %s", kept[b->kept], b->word);
  bool first = true;
  for (int k = 0; k < b->rank; k++) {
    int d = b->order[k];
    if (b->dropped[d]) continue;
    text_printf(out, "%s%s", first ? "[" : ", ", size_word(p, b, d));
    first = false;
  }
  if (!first) text_append(out, "]");
  if (b->in_place_of) text_printf(out, " in place of %s", b->in_place_of->word);
  else if (b->kept == STORAGE_SCRATCH && b->grows) {
    text_printf(out, " at %lld n, %lld bytes a sample", (long long)b->per_sample,
                (long long)b->bytes);
  } else if (b->kept == STORAGE_SCRATCH) {
    text_printf(out, " at %lld, %lld bytes", (long long)b->fixed, (long long)b->bytes);
  }
  text_append(out, "\n");
}

/* ---- steps ---------------------------------------------------------------------------------- */

static void print_conditions(text *out, const condition *list) {
  for (; list; list = list->next) {
    text_printf(out, " if %lld <= ", (long long)list->low);
    print_index(out, &list->of);
    text_printf(out, " < %lld", (long long)list->high);
  }
}

static void print_group(text *out, const plan *p, const matrix_product *product, int group) {
  for (int k = 0; k < product->count[group]; k++) {
    const variable *v = product->variable[group][k];
    text_printf(out, "%s%s", k > 0 ? "*" : "", bound_word(p, v));
    if (v->low > 0) text_printf(out, "-%lld", (long long)v->low);
  }
  if (product->count[group] == 0) text_append(out, "1");
}

static void print_assignment(text *out, const plan *p, const assignment *a) {
  static const char *const kinds[] = {"elements", "contraction", "maximum", "argmax", "average"};
  print_element(out, a->target, a->at);
  const char *kind = kinds[a->kind];
  if (a->product) {
    const matrix_product *m = a->product;
    kind = !m->windows ? "product" : m->placed ? "windows, placed" : m->along ? "windows along k" : "windows";
  }
  text_printf(out, " %s %s", a->adds ? "+=" : "=", kind);
  for (const buffer_read *r = a->reads; r; r = r->next) {
    text_append(out, " ");
    print_element(out, r->from, r->at);
  }
  if (a->product) {
    for (int group = 0; group < (a->product->windows ? GROUPS : GROUP_MIDDLE); group++) {
      text_append(out, group == 0 ? "  " : " x ");
      print_group(out, p, a->product, group);
    }
  }
  print_conditions(out, a->conditions);
  double work = a->work_fixed + a->work_per_sample;
  if (work > 0) {
    text_append(out, "  ");
    text_number(out, work);
    text_append(out, a->work_per_sample > 0 ? " n" : "");
  }
  text_append(out, "\n");
}

static void print_steps(text *out, const plan *p, const step *first, int depth) {
  for (const step *s = first; s; s = s->next) {
    text_printf(out, "%*s", 2 * depth, "");
    if (s->kind == STEP_LOOP) {
      text_printf(out, "for %s %s %lld to %s", s->over->word, s->downwards ? "down," : "from",
                  (long long)s->over->low, bound_word(p, s->over));
      if (s->finishes) text_printf(out, ", parts of %s", s->finishes->what->target->word);
      if (s->split) text_printf(out, ", in %d shares", s->split);
      text_append(out, "\n");
      print_steps(out, p, s->first, depth + 1);
    } else if (s->kind == STEP_CLEAR) {
      text_printf(out, "clear %s\n", s->what->target->word);
    } else {
      print_assignment(out, p, s->what);
    }
  }
}

void print_plan(text *out, const plan *p) {
  for (int k = 0; k < ENTRY_COUNT; k++) {
    const entry_plan *e = &p->entry[k];
    if (!has_entry(p, (entry_kind)k)) continue;
    text_printf(out, "%s%s: %lld + %lld n bytes, ", k > 0 ? "\n" : "", e->word,
                (long long)e->scratch_fixed, (long long)e->scratch_per_sample);
    text_number(out, e->work_fixed);
    text_append(out, " + ");
    text_number(out, e->work_per_sample);
    text_append(out, " n multiply-adds\n");
    for (size_t b = 0; b < e->buffers; b++) print_buffer(out, p, e->buffer[b]);
    print_steps(out, p, e->first, 1);
  }
}
