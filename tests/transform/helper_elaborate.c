/* Models as text, element by element: see helper_elaborate.h. */
#include "helper_elaborate.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static char *read_back(arena *memory, FILE *from) {
  long length = ftell(from);
  char *chars = arena_alloc(memory, (size_t)length + 1);
  rewind(from);
  cr_assert_eq(fread(chars, 1, (size_t)length, from), (size_t)length);
  return chars;
}

subject elaborated_anyhow(const char *model, const char *N, double value) {
  subject s = {.memory = arena_new()};
  name_table *names = name_table_new(s.memory);
  FILE *said = tmpfile();
  report *to = report_new(s.memory, said);
  const source *file = source_of_text(s.memory, "model.nn", model, false);
  override given = {.word = N ? name_of(names, N) : NULL, .value = value};
  s.p = elaborate(&(elaboration){.memory = s.memory, .names = names, .to = to, .file = file,
                                 .first = parse_model(s.memory, names, to, file),
                                 .overrides = &given, .override_count = N != NULL});
  s.errors = report_errors(to);
  s.said = read_back(s.memory, said);
  fclose(said);
  s.at = arena_alloc(s.memory, 4096 * sizeof *s.at);
  s.w = (world){.g = s.p ? s.p->g : NULL, .batch = 3, .low = -1.5, .high = 1.5};
  return s;
}

subject elaborated(const char *model) {
  subject s = elaborated_anyhow(model, NULL, 0);
  cr_assert(s.p != NULL, "%s%s", model, s.said);
  const char *wrong = verify_program(s.p, false);
  cr_assert(wrong == NULL, "%s", wrong);
  remember(&s.w);
  return s;
}

void subject_free(subject *s) {
  forget_for_good(&s->w);
  arena_free(s->memory);
}

static const tensor *find_leaf(const subject *s, const char *word) {
  for (int k = 0; k < tensor_count(s->p->g); k++) {
    const tensor *t = tensor_at(s->p->g, k);
    if (t->role <= TENSOR_CONSTANT && strcmp(t->word, word) == 0) return t;
  }
  cr_assert_fail("no tensor %s", word);
  return NULL;
}

double leaf_value(subject *s, const char *word, const int64_t *index) {
  const tensor *t = find_leaf(s, word);
  axis dims[MAX_RANK];
  for (int k = 0; k < t->rank; k++) {
    cr_assert(index[k] >= 0 && index[k] < t->shape[k], "%s, index %d", word, k);
    dims[k] = axis_new(s->p->g, t->word, t->shape[k]);
    s->at[dims[k]] = index[k];
  }
  return evaluate(&s->w, node_tensor(s->p->g, t, dims), s->at);
}

const definition *output_of(const subject *s, const char *word) {
  for (int k = 0; k < s->p->outputs; k++) {
    if (strcmp(s->p->output[k].word, word) == 0) return &s->p->output[k];
  }
  cr_assert_fail("no output %s", word);
  return NULL;
}

const definition *definition_named(const subject *s, const char *word) {
  for (int k = 0; k < s->p->definitions; k++) {
    if (strcmp(s->p->definition[k].word, word) == 0) return &s->p->definition[k];
  }
  return NULL;
}

const tensor *parameter_named(const subject *s, const char *word) {
  for (int k = 0; k < s->p->parameters; k++) {
    if (strcmp(s->p->parameter[k]->word, word) == 0) return s->p->parameter[k];
  }
  return NULL;
}

double output_value(subject *s, const char *word, const int64_t *index) {
  const definition *d = output_of(s, word);
  for (int k = 0; k < d->rank; k++) {
    int64_t size = d->dims[k] == AXIS_UNIT ? 1 : axis_extent(s->p->g, d->dims[k]);
    cr_assert(index[k] >= 0 && index[k] < size, "%s, index %d", word, k);
    s->at[d->dims[k]] = d->dims[k] == AXIS_UNIT ? 0 : index[k];
  }
  cr_assert(index[d->rank] == -1, "%s has %d axes", word, d->rank);
  double value = evaluate(&s->w, d->value, s->at);
  return value;
}

double scalar_value(subject *s, const node *n) { return evaluate(&s->w, n, s->at); }

void assert_equal(double found, double wanted, const char *what) {
  double size = fmax(1, fmax(fabs(found), fabs(wanted)));
  cr_assert(fabs(found - wanted) <= 1e-12 * size, "%s: %.17g, not %.17g", what, found, wanted);
}
