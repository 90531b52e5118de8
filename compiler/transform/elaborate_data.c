/* elaborate_data: settings of `train { }` that say what is read, and how: data, test, scale, weights. */
#include "elaborate.h"

#include <math.h>
#include <string.h>

#include "forms.h"

static tensor *find_in(const tensor_list *list, name word) {
  for (size_t k = 0; k < list->count; k++) {
    if (list->items[k]->word == word) return list->items[k];
  }
  return NULL;
}

static tensor *data_named(const elaborator *e, name word) {
  tensor *known = find_in(&e->inputs, word);
  return known != NULL ? known : find_in(&e->targets, word);
}

/* The input or target of this name; NULL and a complaint where there is none. */
static tensor *want_data(elaborator *e, place where, name word) {
  const char *words[64];
  size_t count = 0;
  tensor *known = data_named(e, word);
  if (known != NULL) return known;
  for (size_t k = 0; k < e->inputs.count && count < 64; k++)
    words[count++] = e->inputs.items[k]->word;
  for (size_t k = 0; k < e->targets.count && count < 64; k++)
    words[count++] = e->targets.items[k]->word;
  complain(e, where, "`%s` is neither an input nor a target%s", word,
           suggestion(e, word, words, count));
  return NULL;
}

static int64_t elements_of(const tensor *t) {
  int64_t elements = 1;
  for (int k = 0; k < t->rank; k++) elements *= t->shape[k];
  return elements;
}

/* ---- columns ------------------------------------------------------------------------------ */

/* A name as a field of CSV. */
static void append_field(text *out, const char *chars) {
  bool quotes = strpbrk(chars, ",\"\t ;\r\n") != NULL;
  if (out->length > 0) text_append(out, ",");
  if (quotes) text_append(out, "\"");
  for (; *chars != '\0'; chars++) {
    if (*chars == '"') text_append(out, "\"");
    text_append_length(out, chars, 1);
  }
  if (quotes) text_append(out, "\"");
}

static bool is_call_of_columns(const expression *x) {
  return x != NULL && x->kind == EXPRESSION_CALL && x->left->kind == EXPRESSION_NAME &&
         (strcmp(x->left->word, "columns") == 0 || strcmp(x->left->word, "column") == 0);
}

/* `x = columns("a", "b")` */
static void choose_columns(elaborator *e, const setting *s, data_settings *to) {
  tensor *t = want_data(e, s->where, s->word);
  text names = text_new(e->memory);
  int64_t count = 0;
  if (t == NULL) return;
  if (!is_call_of_columns(s->value) || s->member != NULL || s->nested != NULL) {
    complain(e, s->where, "the columns for `%s` are named in quotes, as in `%s = columns(\"a\", "
                          "\"b\")`", s->word, s->word);
    return;
  }
  for (const argument *a = s->value->arguments; a != NULL; a = a->next, count++) {
    if (a->label != NULL || a->value->kind != EXPRESSION_STRING || a->value->string[0] == '\0') {
      complain(e, a->where, "a column's name stands in quotes");
      return;
    }
    append_field(&names, a->value->string);
  }
  for (size_t k = 0; k < to->columns.count; k++) {
    if (to->columns.items[k].tensor != s->word) continue;
    complain(e, s->where, "the columns for `%s` are chosen twice", s->word);
    return;
  }
  if (count != elements_of(t)) {
    complain(e, s->where, "%lld column%s chosen for `%s`, which has %lld element%s",
             (long long)count, count == 1 ? " is" : "s are", s->word, (long long)elements_of(t),
             elements_of(t) == 1 ? "" : "s");
    return;
  }
  file_setting one = {s->word, names.chars};
  ARENA_PUSH(e->memory, to->columns.items, to->columns.count, to->columns.capacity, one);
}

static bool is_chosen(const data_settings *of, name word) {
  for (size_t k = 0; k < of->columns.count; k++) {
    if (of->columns.items[k].tensor == word) return true;
  }
  return of->weighed == word;
}

static void check_all_chosen(elaborator *e, const tensor_list *list, const data_settings *of) {
  for (size_t k = 0; k < list->count; k++) {
    name word = list->items[k]->word;
    if (is_chosen(of, word)) continue;
    complain(e, of->chosen_at, "no columns are chosen for `%s`; where one is chosen by name, all "
                               "are", word);
    remark(e, list->items[k]->where, "it is declared here");
  }
}

/* ---- files -------------------------------------------------------------------------------- */

static void add_file(elaborator *e, const setting *s, file_list *list) {
  if (s->value == NULL || s->value->kind != EXPRESSION_STRING) {
    complain(e, s->value != NULL ? s->value->where : s->where,
             "setting `%s` takes a path in quotes, as in `%s \"train.csv\"`", s->word, s->word);
    return;
  }
  if (s->member != NULL && want_data(e, s->where, s->member) == NULL) return;
  if (list->count > 0 && (list->items[0].tensor == NULL) != (s->member == NULL)) {
    complain(e, s->where, "setting `%s` gives files for all tensors, or for each: `%s \"a.csv\"` "
                          "or `%s x = \"x.npy\"`", s->word, s->word, s->word);
    return;
  }
  file_setting one = {s->member, s->value->string};
  ARENA_PUSH(e->memory, list->items, list->count, list->capacity, one);
}

void elaborate_data(elaborator *e, const setting *s, data_settings *to) {
  add_file(e, s, &to->data);
  if (s->nested != NULL) to->chosen_at = s->where;
  for (const setting *one = s->nested; one != NULL; one = one->next) choose_columns(e, one, to);
}

void elaborate_test(elaborator *e, const setting *s, data_settings *to) {
  if (s->nested != NULL)
    complain(e, s->where, "the columns that `data` chooses hold for `test` as well: leave these "
                          "out");
  add_file(e, s, &to->test);
}

/* ---- scale, weights ----------------------------------------------------------------------- */

/* `scale x`, `scale x = minmax`: "x, u=minmax" */
void elaborate_scale(elaborator *e, const setting *s, data_settings *to) {
  const expression *named = s->member == NULL ? s->value : NULL;
  const expression *way = s->member != NULL ? s->value : NULL;
  name word = named != NULL && named->kind == EXPRESSION_NAME ? named->word : s->member;
  if (word == NULL || (way != NULL && way->kind != EXPRESSION_NAME)) {
    complain(e, s->where, "setting `scale` names an input, as in `scale x` or `scale x = minmax`");
    return;
  }
  const tensor *t = want_data(e, s->where, word);
  if (t == NULL) return;
  if (way != NULL && strcmp(way->word, "standard") != 0 && strcmp(way->word, "minmax") != 0) {
    complain(e, way->where, "an input is scaled by `standard` (mean 0, standard deviation 1) or "
                            "`minmax` (0 to 1), not `%s`", way->word);
    return;
  }
  if (t->role != TENSOR_INPUT || t->kind != VALUE_REAL) {
    complain(e, s->where, "`%s` cannot be scaled: only inputs of real numbers are, as predictions "
                          "would not know of it", word);
    return;
  }
  text_printf(&to->scale, "%s%s%s%s", to->scale.length > 0 ? ", " : "", word,
              way != NULL ? "=" : "", way != NULL ? way->word : "");
}

/* `given(y, 1, 2, 0.5)`: "1, 2, 0.5", a number for each class; `given(y, a = 2)`: "a=2", for some. */
static const char *given_weights(context *c, const expression *x, const tensor *class) {
  elaborator *e = c->e;
  text out = text_new(e->memory);
  const argument *first = x->arguments->next;
  int64_t count = 0;
  for (const argument *a = first; a != NULL; a = a->next, count++) {
    double number;
    char digits[32];
    if (want_constant(c, a->value, "a class's weight", &number) != CONSTANT_YES) return NULL;
    if (!isfinite(number) || number < 0 || (a->label == NULL) != (first->label == NULL)) {
      complain(e, a->where, "the weights of classes are numbers from 0 on, in their order or all "
                            "by name: `given(y, 1, 2)`, `given(y, a = 2)`");
      return NULL;
    }
    form_number(number, digits, sizeof digits);
    text_printf(&out, "%s%s%s%s", count > 0 ? ", " : "", a->label != NULL ? a->label : "",
                a->label != NULL ? "=" : "", digits);
  }
  if (count == 0 || (first->label == NULL && count != class->limit)) {
    complain(e, x->where, "%lld weight%s given for the %lld classes of `%s`", (long long)count,
             count == 1 ? " is" : "s are", (long long)class->limit, class->word);
    return NULL;
  }
  return out.chars;
}

static bool calls(const expression *x, const char *word) {
  return x != NULL && x->kind == EXPRESSION_CALL && x->left->kind == EXPRESSION_NAME &&
         strcmp(x->left->word, word) == 0 && x->arguments != NULL;
}

/* `weights w = balanced(y)`, `weights w = given(y, 1, 2, 0.5)`: "w=y", and the numbers. */
void elaborate_weights(context *c, const setting *s, data_settings *to) {
  elaborator *e = c->e;
  const expression *x = s->value;
  const bool given = calls(x, "given"), known = given || calls(x, "balanced");
  const argument *a = known ? x->arguments : NULL;
  if (s->member == NULL || a == NULL || a->value->kind != EXPRESSION_NAME ||
      (a->next != NULL && !given)) {
    complain(e, s->where, "setting `weights` is written `weights w = balanced(y)` or `weights w = "
                          "given(y, 1, 2)`: the target w becomes the weight of the class y");
    return;
  }
  const tensor *weight = want_data(e, s->where, s->member);
  const tensor *class = want_data(e, a->where, a->value->word);
  if (weight == NULL || class == NULL) return;
  const size_t targets = e->targets.count;
  if (targets == 0 || e->targets.items[targets - 1] != weight || weight->kind != VALUE_REAL ||
      weight->rank > 0) {
    complain(e, s->where, "`%s` must be the last target and a single number, as in `target %s`",
             s->member, s->member);
    remark(e, weight->where, "it is declared here");
    return;
  }
  if (class->kind != VALUE_CLASS || elements_of(class) != 1) {
    complain(e, a->where, "`%s` is not one class, as in `target %s : class(3)`", a->value->word,
             a->value->word);
    return;
  }
  to->weighed = s->member;
  to->weights = arena_printf(e->memory, "%s=%s", s->member, a->value->word);
  to->class_weights = given ? given_weights(c, x, class) : NULL;
}

void finish_data(elaborator *e, const data_settings *of, train_settings *to) {
  to->data = of->data.items;
  to->data_files = (int)of->data.count;
  to->test = of->test.items;
  to->test_files = (int)of->test.count;
  to->column = of->columns.items;
  to->columns = (int)of->columns.count;
  to->scale = of->scale.length > 0 ? of->scale.chars : NULL;
  to->weights = of->weights;
  to->class_weights = of->class_weights;
  if (of->columns.count == 0) return;
  check_all_chosen(e, &e->inputs, of);
  check_all_chosen(e, &e->targets, of);
}
