/* Every model of tests/models through elaboration, coalescing, derivation and lowering, against
 * the naive evaluation: the loss keeps its value, and each gradient is what differences say. So a
 * wrong number of an emitted program that passes here is the scheduler's or the emitter's. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "helper_evaluate.h"
#include "transform.h"

enum { ELEMENTS = 5 };

typedef struct subject {
  arena *memory;
  program *p;
  world w;
  int64_t *at;
} subject;

static bool open_model(subject *s, const char *path) {
  arena *memory = s->memory = arena_new();
  name_table *names = name_table_new(memory);
  const char *problem;
  const source *file = source_read(memory, path, &problem);
  report *to = report_new(memory, stderr);
  if (!file) return false;
  statement *first = parse_model(memory, names, to, file);
  s->p = elaborate(&(elaboration){.memory = memory, .names = names, .to = to, .file = file,
                                  .first = first});
  if (!s->p || report_errors(to) > 0) return false;
  s->at = arena_alloc(memory, 4096 * sizeof *s->at);
  s->w = (world){.g = s->p->g, .batch = 2, .low = 0.15, .high = 0.95};
  remember(&s->w);
  return true;
}

static double value_of(subject *s, const node *n) {
  double value = evaluate(&s->w, n, s->at);
  forget(&s->w);
  return value;
}

/* The loss before anything was done to it: kept as a node, and its references' bodies with it. */
static double slope(subject *s, const node *loss, double by) {
  s->w.nudged_by = by;
  double up = value_of(s, loss);
  s->w.nudged_by = -by;
  double down = value_of(s, loss);
  s->w.nudged_by = 0;
  return (up - down) / (2 * by);
}

static void index_of_element(const tensor *t, int64_t element, int64_t *index) {
  for (int k = t->rank - 1; k >= 0; k--) {
    index[k] = element % t->shape[k];
    element /= t->shape[k];
  }
}

static int64_t elements_of(const tensor *t) {
  int64_t count = 1;
  for (int k = 0; k < t->rank; k++) count *= t->shape[k];
  return count;
}

/* Differences of the loss by some elements of each parameter. */
static double *differences(subject *s, bool *smooth) {
  program *p = s->p;
  double *found = arena_alloc(s->memory, (size_t)(p->parameters + 1) * ELEMENTS * sizeof *found);
  for (int k = 0; k < p->parameters; k++) {
    const tensor *t = p->parameter[k];
    s->w.nudged = t;
    for (int e = 0; e < ELEMENTS; e++) {
      index_of_element(t, (int64_t)e * 7 % elements_of(t), s->w.nudged_at);
      const node *loss = p->held_objective ? p->held_objective : p->objective;
      double coarse = slope(s, loss, 2e-4), fine = slope(s, loss, 1e-4);
      found[k * ELEMENTS + e] = (4 * fine - coarse) / 3;
      smooth[k * ELEMENTS + e] = fabs(fine - coarse) <= 1e-5 * fmax(1, fabs(fine));
    }
    s->w.nudged = NULL;
  }
  return found;
}

static void check_gradients(subject *s, const double *wanted, const bool *smooth,
                            const char *model, const char *stage) {
  program *p = s->p;
  for (int k = 0; k < p->gradients; k++) {
    const definition *d = &p->gradient[k];
    const tensor *t = p->parameter[k];
    for (int e = 0; e < ELEMENTS; e++) {
      int64_t index[MAX_RANK] = {0};
      if (!smooth[k * ELEMENTS + e]) continue;
      index_of_element(t, (int64_t)e * 7 % elements_of(t), index);
      for (int j = 0; j < d->rank; j++) s->at[d->dims[j]] = index[j];
      double found = value_of(s, d->value), right = wanted[k * ELEMENTS + e];
      for (int j = 0; j < d->rank; j++) s->at[d->dims[j]] = 0;
      cr_expect(fabs(found - right) <= 2e-5 * fmax(1, fabs(right)), "%s, %s, %s[%d]: %.10g, not %.10g",
                model, stage, d->word, e, found, right);
    }
  }
}

static void expect_sound(subject *s, bool lowered, double value, const char *model,
                         const char *stage) {
  const char *wrong = verify_program(s->p, lowered);
  cr_expect_null(wrong, "%s after %s: %s", model, stage, wrong);
  double now = value_of(s, s->p->objective);
  cr_expect(fabs(now - value) <= 1e-9 * fmax(1, fabs(value)), "%s after %s: loss %.12g, not %.12g",
            model, stage, now, value);
}

static void check_model(const char *folder, const char *file) {
  subject s = {0};
  char path[512];
  snprintf(path, sizeof path, "%s/%s", folder, file);
  if (!open_model(&s, path)) {
    cr_expect_fail("%s does not elaborate", file);
    return;
  }
  size_t count = (size_t)(s.p->parameters + 1) * ELEMENTS;
  bool *smooth = arena_alloc(s.memory, count * sizeof *smooth);
  double value = value_of(&s, s.p->objective);
  hold_stops(s.p);
  s.w.of = s.p;
  double *wanted = differences(&s, smooth);
  coalesce_axes(s.p);
  expect_sound(&s, false, value, file, "coalescing");
  derive_program(s.p);
  expect_sound(&s, false, value, file, "derivation");
  check_gradients(&s, wanted, smooth, file, "derived");
  coalesce_axes(s.p);
  expect_sound(&s, false, value, file, "coalescing again");
  check_gradients(&s, wanted, smooth, file, "coalesced");
  lower_program(s.p);
  expect_sound(&s, true, value, file, "lowering");
  check_gradients(&s, wanted, smooth, file, "lowered");
  forget_for_good(&s.w);
  arena_free(s.memory);
}

Test(models, keep_their_loss_and_have_the_gradients_of_differences) {
  const char *root = getenv("SOURCE_DIR");
  char folder[256];
  snprintf(folder, sizeof folder, "%s/tests/models", root ? root : "..");
  if (!root) snprintf(folder, sizeof folder, "models");
  DIR *entries = opendir(folder);
  cr_assert_not_null(entries, "%s cannot be read", folder);
  for (const struct dirent *e = readdir(entries); e; e = readdir(entries)) {
    const char *end = strrchr(e->d_name, '.');
    const char *only = getenv("NNCC_MODEL");
    if (end && strcmp(end, ".nn") == 0 && !too_large_to_evaluate(e->d_name) &&
        (!only || strncmp(e->d_name, only, strlen(only)) == 0)) {
      check_model(folder, e->d_name);
    }
  }
  closedir(entries);
}
