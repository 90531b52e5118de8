/* elaborate_forms: a setting that is a product of calls, `schedule cosine * warmup(N)`, into the
 * text that the runtime reads, with every argument a number: "cosine(0) * warmup(100)". */
#include "elaborate.h"
#include "forms.h"

typedef struct reading {
  context *c;
  const form_set *set;
  text out;
  int factors;
} reading;

static bool complain_unlisted(reading *r, const expression *x, name word) {
  const char *words[16];
  char all[512];
  size_t count = 0;
  for (int k = 0; k < r->set->forms && count < 16; k++) words[count++] = r->set->form[k].name;
  form_list(r->set, all, sizeof all);
  complain(r->c->e, x->operator_at, "there is no %s `%s`%s", r->set->setting, word,
           suggestion(r->c->e, word, words, count));
  remark(r->c->e, x->operator_at, "choose of %s", all);
  return false;
}

static bool complain_use(reading *r, const expression *x, const form *of) {
  char use[96];
  form_show(of, use, sizeof use);
  complain(r->c->e, x->where, "%s `%s` is written %s", r->set->setting, of->name, use);
  return false;
}

static bool read_argument(reading *r, const expression *x, const form *of, const argument *a,
                          int by_place, double *number, bool *given) {
  int k = a->label != NULL ? form_argument_named(of, a->label) : by_place;
  if (k < 0 || k >= of->arguments || given[k]) return complain_use(r, x, of);
  given[k] = true;
  if (want_constant(r->c, a->value, of->argument[k].name, &number[k]) != CONSTANT_YES) return false;
  if (form_takes(&of->argument[k], number[k])) return true;
  complain(r->c->e, a->value->where, "`%s` of %s `%s` is %s, not %g", of->argument[k].name,
           r->set->setting, of->name, form_range_text(&of->argument[k]), number[k]);
  return false;
}

static bool read_form(reading *r, const expression *x) {
  bool call = x->kind == EXPRESSION_CALL && x->left->kind == EXPRESSION_NAME;
  double number[FORM_ARGUMENTS];
  bool given[FORM_ARGUMENTS] = {false};
  int by_place = 0;
  char digits[32];
  if (!call && x->kind != EXPRESSION_NAME) {
    complain(r->c->e, x->where, "setting `%s` names one, as in `%s %s`", r->set->setting,
             r->set->setting, r->set->form[1].name);
    return false;
  }
  name word = call ? x->left->word : x->word;
  int known = form_named(r->set, word);
  if (known < 0) return complain_unlisted(r, x, word);
  const form *of = &r->set->form[known];
  for (const argument *a = call ? x->arguments : NULL; a != NULL; a = a->next)
    if (!read_argument(r, x, of, a, by_place++, number, given)) return false;
  text_printf(&r->out, "%s%s", r->factors++ > 0 ? " * " : "", of->name);
  for (int k = 0; k < of->arguments; k++) {
    if (!given[k] && !of->argument[k].has_default) return complain_use(r, x, of);
    form_number(given[k] ? number[k] : of->argument[k].default_value, digits, sizeof digits);
    text_printf(&r->out, "%s%s", k > 0 ? ", " : "(", digits);
  }
  if (of->arguments > 0) text_append(&r->out, ")");
  return true;
}

static bool is_product(const expression *x) {
  return x->kind == EXPRESSION_BINARY && x->operation == BINARY_MULTIPLY;
}

/* Products lean to the left: what stands deepest comes first. */
static bool read_product(reading *r, const expression *x) {
  const expression *factor[FORM_FACTORS];
  int count = 0;
  for (; is_product(x) && count + 1 < r->set->factors; x = x->left) factor[count++] = x->right;
  if (is_product(x)) {
    complain(r->c->e, x->where, "setting `%s` takes %s", r->set->setting,
             r->set->factors > 1 ? "a product of at most 4" : "one, not a product");
    return false;
  }
  factor[count++] = x;
  while (count > 0)
    if (!read_form(r, factor[--count])) return false;
  return true;
}

const char *forms_text(context *c, const setting *s, const form_set *set) {
  reading r = {c, set, text_new(c->e->memory), 0};
  if (s->value == NULL || s->member != NULL || s->pattern != NULL) {
    complain(c->e, s->where, "setting `%s` takes a call, as in `%s %s`", s->word, s->word,
             set->form[1].name);
    return NULL;
  }
  return read_product(&r, s->value) ? r.out.chars : NULL;
}
