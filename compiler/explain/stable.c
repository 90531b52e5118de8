/* Why the loss is computed in another form than it is written in: a sentence for each stable form
 * that a recorded rule has put there. */
#include <string.h>

#include "story.h"

static const formula *letter(const story *s, const char *word) {
  return formula_symbol(s->memory, word);
}

/* softplus(a) = max(a, 0) + log(1 + exp(−|a|)), as lowering computes it. */
static const formula *softplus_form(const story *s) {
  arena *memory = s->memory;
  const formula *a = letter(s, "a");
  const formula *zero = formula_number(memory, 0), *one = formula_number(memory, 1);
  const formula *size = formula_fence(memory, FENCE_ABSOLUTE, a);
  const formula *decay = formula_call1(memory, "exp", formula_negative(memory, size));
  const formula *rest = formula_call1(memory, "log", formula_add(memory, one, decay));
  const formula *above = formula_call(memory, "max", 2, (const formula *[]){a, zero});
  return formula_relation(memory, formula_call1(memory, "softplus", a), "=",
                          formula_add(memory, above, rest));
}

/* lse(z) = M + log Σ_j exp(z_j − M), M = max_j z_j. */
static const formula *logsumexp_form(const story *s) {
  arena *memory = s->memory;
  const formula *z = letter(s, "z"), *j = letter(s, "j"), *top = letter(s, "M");
  const formula *zj = formula_indexed(memory, z, 1, &j);
  const formula *each = formula_call1(memory, "exp", formula_subtract(memory, zj, top));
  const formula *sum = formula_big(memory, "Σ", 1, &j, NULL, each);
  return formula_relation(memory, formula_call1(memory, "lse", z), "=",
                          formula_add(memory, top, formula_call1(memory, "log", sum)));
}

static const formula *largest_form(const story *s) {
  const formula *z = letter(s, "z"), *j = letter(s, "j");
  const formula *zj = formula_indexed(s->memory, z, 1, &j);
  return formula_relation(s->memory, letter(s, "M"), "=",
                          formula_big(s->memory, "max", 1, &j, NULL, zj));
}

static bool was_applied(const story *s, int count, const char *const *rules) {
  for (size_t k = 0; k < s->n->r->elaborated; k++) {
    const char *cited = graph_step(s->n->g, k)->rule;
    for (int j = 0; cited && j < count; j++) {
      if (strcmp(cited, rules[j]) == 0) return true;
    }
  }
  return false;
}

static void sentence(const story *s, words key, int count, const formula *const *forms) {
  const phrase *part[2];
  for (int k = 0; k < count; k++) part[k] = phrase_formula(phrase_new(s->memory), forms[k]);
  document_paragraph(s->d, phrase_words_with(phrase_new(s->memory), key, count, part));
}

void tell_stable_forms(const story *s) {
  static const char *const softplus_rules[] = {
      "log_sigmoid", "log_one_minus_sigmoid", "log_one_plus_exp", "log1p_exp"};
  static const char *const logsumexp_rules[] = {"log_exp", "sum_of_exponentials"};
  bool softplus = false, logsumexp = false;
  for (int id = 0; id < s->n->nodes; id++) {
    const node *n = graph_node(s->n->g, id);
    if (!s->reached[id]) continue;
    softplus = softplus || (n->class == NODE_MAP && n->op == OP_softplus);
    logsumexp = logsumexp || (n->class == NODE_SELECT && n->select == SELECT_LOGSUMEXP);
  }
  if (softplus && was_applied(s, 4, softplus_rules)) {
    sentence(s, WORDS_stable_softplus, 1, (const formula *[]){softplus_form(s)});
  }
  if (logsumexp && was_applied(s, 2, logsumexp_rules)) {
    sentence(s, WORDS_stable_logsumexp, 2,
             (const formula *[]){logsumexp_form(s), largest_form(s)});
  }
}
