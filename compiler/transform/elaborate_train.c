/* elaborate_train: `train { }` into the settings of the generated trainer. */
#include "elaborate.h"

#include "forms.h"

typedef struct training {
  elaborator *e;
  context c;
  train_settings *out;
  data_settings files;
  text decay;
} training;

/* ---- numbers ------------------------------------------------------------------------------ */

static bool number_of(training *t, const setting *s, double *out) {
  if (s->value == NULL || s->member != NULL || s->pattern != NULL) {
    complain(t->e, s->where, "setting `%s` takes a number, as in `%s 10`", s->word, s->word);
    return false;
  }
  if (want_constant(&t->c, s->value, arena_printf(t->e->memory, "setting `%s`", s->word), out) !=
      CONSTANT_YES)
    return false;
  if (isfinite(*out)) return true;
  complain(t->e, s->value->where, "setting `%s` must be finite", s->word);
  return false;
}

static bool whole_of(training *t, const setting *s, double least, double most, double *out) {
  double number;
  if (!number_of(t, s, &number)) return false;
  *out = nearbyint(number);
  if (is_whole(number) && number >= least && number <= most) return true;
  complain(t->e, s->value->where, "setting `%s` is a whole number from %.0f to %.0f, not %g",
           s->word, least, most, number);
  return false;
}

static void set_batch(training *t, const setting *s) {
  double number;
  if (whole_of(t, s, 1, INT32_MAX, &number)) t->out->batch = (int)number;
}

static void set_epochs(training *t, const setting *s) {
  double number;
  if (whole_of(t, s, 1, INT32_MAX, &number)) t->out->epochs = (int)number;
}

static void set_seed(training *t, const setting *s) {
  double number;
  if (whole_of(t, s, 0, 9007199254740992.0, &number)) t->out->seed = (uint64_t)number;
}

static void set_patience(training *t, const setting *s) {
  double number;
  if (whole_of(t, s, 0, INT32_MAX, &number)) t->out->patience = (int)number;
}

static void set_accumulate(training *t, const setting *s) {
  double number;
  if (whole_of(t, s, 1, INT32_MAX, &number)) t->out->accumulate = (int)number;
}

static void set_holdout(training *t, const setting *s) {
  double number;
  if (!number_of(t, s, &number)) return;
  if (number >= 0 && (number < 1 || is_whole(number))) {
    t->out->holdout = number;
    return;
  }
  complain(t->e, s->value->where, "setting `holdout` is a fraction from 0 to 1 (excluded), or a "
                                  "whole number of samples, not %g", number);
}

static void set_positive(training *t, const setting *s, double *out) {
  double number;
  if (!number_of(t, s, &number)) return;
  if (number >= 0) *out = number;
  else complain(t->e, s->value->where, "setting `%s` is at least 0, not %g", s->word, number);
}

static void set_clip(training *t, const setting *s) { set_positive(t, s, &t->out->clip); }

static void set_clip_value(training *t, const setting *s) {
  set_positive(t, s, &t->out->clip_value);
}

/* "0.01, h.*=0.1": `decay D` and `decay "PATTERN" = D`, in their order. */
static void set_decay(training *t, const setting *s) {
  setting plain = *s;
  double number = 0;
  char digits[32];
  plain.pattern = NULL;
  set_positive(t, &plain, &number);
  form_number(number, digits, sizeof digits);
  if (s->pattern != NULL && (s->pattern[0] == '\0' || strpbrk(s->pattern, ",=") != NULL)) {
    complain(t->e, s->where, "a pattern names parameters, as \"h.*\" does");
    return;
  }
  text_printf(&t->decay, "%s%s%s%s", t->decay.length > 0 ? ", " : "",
              s->pattern != NULL ? s->pattern : "", s->pattern != NULL ? "=" : "", digits);
  t->out->decay = t->decay.chars;
}

/* ---- texts -------------------------------------------------------------------------------- */

static void set_schedule(training *t, const setting *s) {
  t->out->schedule = forms_text(&t->c, s, &schedule_forms);
}

static void set_average(training *t, const setting *s) {
  t->out->average = forms_text(&t->c, s, &average_forms);
}

/* ---- data --------------------------------------------------------------------------------- */

static void set_data(training *t, const setting *s) { elaborate_data(t->e, s, &t->files); }
static void set_test(training *t, const setting *s) { elaborate_test(t->e, s, &t->files); }
static void set_scale(training *t, const setting *s) { elaborate_scale(t->e, s, &t->files); }
static void set_weights(training *t, const setting *s) { elaborate_weights(&t->c, s, &t->files); }

/* ---- optimizer ---------------------------------------------------------------------------- */

/* An optimizer of one's own hides the library's of the same name: the last one counts. */
static int optimizer_named(const elaborator *e, name word) {
  for (int k = e->p->optimizers; k-- > 0;) {
    if (e->p->optimizer[k].word == word) return k;
  }
  return -1;
}

static name hyperparameter_word(elaborator *e, const optimizer_rule *rule, int k) {
  if (rule->hyperparameter[k] == NULL) return name_of(e->names, "?");
  const char *full = rule->hyperparameter[k]->word;
  return name_of(e->names, strrchr(full, '.') + 1);
}

static int hyperparameter_named(training *t, const optimizer_rule *rule, const argument *a) {
  const char *words[8];
  for (int k = 0; k < rule->hyperparameters; k++) {
    words[k] = hyperparameter_word(t->e, rule, k);
    if (words[k] == a->label) return k;
  }
  complain(t->e, a->where, "optimizer `%s` has no hyperparameter `%s`%s", rule->word, a->label,
           suggestion(t->e, a->label, words, (size_t)rule->hyperparameters));
  return -1;
}

static void set_hyperparameters(training *t, const setting *s, const optimizer_rule *rule) {
  bool given[8] = {false};
  int place_of = 0;
  const argument *a = s->value->kind == EXPRESSION_CALL ? s->value->arguments : NULL;
  for (; a != NULL; a = a->next) {
    int k = a->label != NULL ? hyperparameter_named(t, rule, a) : place_of++;
    if (k < 0) return;
    if (k >= rule->hyperparameters || given[k]) {
      complain(t->e, a->where, "optimizer `%s` has %d hyperparameters; this one is %s", rule->word,
               rule->hyperparameters, k < rule->hyperparameters ? "given twice" : "too many");
      return;
    }
    given[k] = true;
    want_constant(&t->c, a->value, "a hyperparameter", &t->out->hyperparameter[k]);
  }
  for (int k = 0; k < rule->hyperparameters; k++) {
    if (given[k]) continue;
    t->out->hyperparameter[k] = rule->default_value[k];
    if (!rule->has_default[k])
      complain(t->e, s->value->where, "optimizer `%s` needs its hyperparameter `%s`, as in %s(%s = "
                                      "0.01)", rule->word, hyperparameter_word(t->e, rule, k),
               rule->word, hyperparameter_word(t->e, rule, k));
  }
}

static void set_optimizer(training *t, const setting *s) {
  elaborator *e = t->e;
  const char *words[64];
  size_t count = 0;
  const expression *x = s->value;
  bool call = x != NULL && x->kind == EXPRESSION_CALL && x->left->kind == EXPRESSION_NAME;
  if (s->member != NULL || x == NULL || (!call && x->kind != EXPRESSION_NAME)) {
    complain(e, s->where, "setting `optimizer` names one, as in `optimizer adam(rate = 0.001)`");
    return;
  }
  name word = call ? x->left->word : x->word;
  int known = optimizer_named(e, word);
  if (known < 0) {
    for (int k = 0; k < e->p->optimizers && count < 64; k++)
      words[count++] = e->p->optimizer[k].word;
    complain(e, x->operator_at, "unknown optimizer `%s`%s", word,
             suggestion(e, word, words, count));
    return;
  }
  t->out->optimizer = known;
  set_hyperparameters(t, s, &e->p->optimizer[known]);
}

static void default_optimizer(training *t) {
  elaborator *e = t->e;
  int known = optimizer_named(e, name_of(e->names, "adam"));
  if (known < 0) known = 0;
  t->out->optimizer = known;
  if (known >= e->p->optimizers) return;
  const optimizer_rule *rule = &e->p->optimizer[known];
  for (int k = 0; k < rule->hyperparameters; k++)
    t->out->hyperparameter[k] = rule->default_value[k];
  if (!rule->has_default[0]) t->out->hyperparameter[0] = 0.001;
}

/* ---- the table ---------------------------------------------------------------------------- */

typedef struct setting_row {
  const char *word;
  void (*set)(training *t, const setting *s);
} setting_row;

static const setting_row setting_rows[] = {
    {"accumulate", set_accumulate}, {"average", set_average},   {"batch", set_batch},
    {"clip", set_clip},             {"clip_value", set_clip_value}, {"data", set_data},
    {"decay", set_decay},           {"epochs", set_epochs},     {"holdout", set_holdout},
    {"optimizer", set_optimizer},   {"patience", set_patience}, {"schedule", set_schedule},
    {"scale", set_scale},           {"seed", set_seed},         {"test", set_test},
    {"weights", set_weights},
};
enum { SETTINGS = sizeof setting_rows / sizeof *setting_rows };

static bool may_repeat(const setting *s) {
  return strcmp(s->word, "data") == 0 || strcmp(s->word, "test") == 0 ||
         strcmp(s->word, "scale") == 0 || s->pattern != NULL;
}

static void apply_setting(training *t, const setting *s) {
  const char *words[SETTINGS];
  for (int k = 0; k < SETTINGS; k++) {
    words[k] = setting_rows[k].word;
    if (strcmp(s->word, setting_rows[k].word) != 0) continue;
    bool takes_block = strcmp(s->word, "data") == 0 || strcmp(s->word, "test") == 0;
    bool block = s->nested != NULL && !takes_block;
    if (s->pattern != NULL && strcmp(s->word, "decay") != 0)
      complain(t->e, s->where, "`%s` takes no pattern of names", s->word);
    else if (block) complain(t->e, s->where, "`%s` takes no block", s->word);
    else setting_rows[k].set(t, s);
    return;
  }
  const char *near = suggestion(t->e, s->word, words, SETTINGS);
  text all = text_new(t->e->memory);
  for (int k = 0; k < SETTINGS && near[0] == '\0'; k++) {
    text_printf(&all, "%s%s", k == 0 ? "; there are " : k + 1 < SETTINGS ? ", " : " and ", words[k]);
  }
  complain(t->e, s->where, "unknown setting `%s`%s%s", s->word, near, all.length > 0 ? all.chars : "");
}

static void apply_settings(training *t, const setting *first) {
  for (const setting *s = first; s != NULL; s = s->next) {
    const setting *before = first;
    for (; before != s && (before->word != s->word || may_repeat(s)); before = before->next)
      continue;
    if (before == s) apply_setting(t, s);
    else complain(t->e, s->where, "setting `%s` is given twice", s->word);
  }
}

void elaborate_settings(elaborator *e) {
  training t = {.e = e, .c = {.e = e, .scope = e->modules->lets}, .out = &e->p->settings,
                .decay = text_new(e->memory)};
  t.files.scale = text_new(e->memory);
  *t.out = (train_settings){.batch = 32, .epochs = 10, .seed = 1, .accumulate = 1};
  const statement *given = NULL;
  default_optimizer(&t);
  for (const statement *st = e->what->first; st != NULL; st = st->next) {
    if (st->kind != STATEMENT_TRAIN) continue;
    if (given != NULL) {
      complain(e, st->where, "a model has one `train { }`");
      remark(e, given->where, "it stands here already");
      continue;
    }
    given = st;
    apply_settings(&t, st->settings);
  }
  finish_data(e, &t.files, t.out);
}
