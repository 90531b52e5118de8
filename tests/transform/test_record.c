/* Every step that is recorded while the models of tests/models are elaborated and derived: before
 * and after are the same numbers, by naive evaluation; a wrong rule that is planted is found. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "helper_evaluate.h"
#include "rewrite.h"
#include "transform.h"

enum { POSITIONS = 4 };

typedef struct recorded {
  arena *memory;
  program *p;
  world w;
  int64_t *at;
  int next_id; /* terms are no nodes: each evaluation of one gets a number of its own */
} recorded;

static bool record_model(recorded *r, const char *path, const rewrite_rule *planted) {
  arena *memory = r->memory = arena_new();
  name_table *names = name_table_new(memory);
  const char *problem;
  const source *file = source_read(memory, path, &problem);
  report *to = report_new(memory, stderr);
  if (!file) return false;
  statement *first = parse_model(memory, names, to, file);
  r->p = elaborate(&(elaboration){.memory = memory, .names = names, .to = to, .file = file,
                                  .first = first, .record = true, .planted = planted});
  if (!r->p || report_errors(to) > 0) return false;
  coalesce_axes(r->p);
  hold_stops(r->p);
  derive_program(r->p);
  r->at = arena_alloc(memory, 4096 * sizeof *r->at);
  r->w = (world){.g = r->p->g, .batch = 2, .low = 0.15, .high = 0.95, .of = r->p};
  r->next_id = 1 << 28;
  remember(&r->w);
  return true;
}

static double value_of(recorded *r, const written_term *t) {
  if (t->node) return t->factor * evaluate(&r->w, t->node, r->at);
  node form = t->form;
  form.id = r->next_id++;
  return t->factor * evaluate(&r->w, &form, r->at);
}

/* Some place along every axis, another for each turn; every other turn among operands of both
 * signs. */
static void go_to(recorded *r, int turn) {
  r->w.low = turn % 2 ? -0.95 : 0.15;
  r->at[AXIS_BATCH] = turn % 2;
  for (axis a = 1; a < axis_count(r->p->g); a++) {
    int64_t extent = axis_extent(r->p->g, a);
    r->at[a] = extent > 0 ? (turn * 7 + a * 3 + 1) % extent : 0;
  }
}

/* To 1e-12 of the value; what is left of larger terms that cancel, to 1e-14. */
static bool is_same(double before, double after) {
  double apart = fabs(before - after), size = fmax(fabs(before), fabs(after));
  return (!isfinite(before) && !isfinite(after)) || apart <= fmax(1e-12 * size, 1e-14);
}

/* How many steps are wrong, of all; the first of them is named. */
static int wrong_steps(recorded *r, const char *model, bool tell, size_t *looked_at) {
  const graph *g = r->p->g;
  size_t steps = graph_steps(g);
  int wrong = 0;
  for (int turn = 0; turn < POSITIONS; turn++) {
    go_to(r, turn);
    forget(&r->w);
    for (size_t k = 0; k < steps; k++) {
      const derivation_step *s = graph_step(g, k);
      double before = value_of(r, &s->before), after = value_of(r, &s->after);
      (*looked_at)++;
      if (is_same(before, after)) continue;
      if (tell && wrong < 3) {
        cr_expect_fail("%s, step %zu, %s: %.17g became %.17g", model, k,
                       s->rule ? s->rule : "call", before, after);
      }
      wrong++;
    }
  }
  return wrong;
}

static const char *folder_of(char *room, size_t size) {
  const char *root = getenv("SOURCE_DIR");
  if (root) snprintf(room, size, "%s/tests/models", root);
  else snprintf(room, size, "models");
  return room;
}

Test(record, steps_keep_their_value, .timeout = 900) {
  char folder[400], path[700];
  DIR *entries = opendir(folder_of(folder, sizeof folder));
  size_t looked_at = 0;
  cr_assert_not_null(entries, "%s cannot be read", folder);
  for (const struct dirent *e = readdir(entries); e; e = readdir(entries)) {
    recorded r = {0};
    const char *end = strrchr(e->d_name, '.');
    const char *only = getenv("NNCC_MODEL");
    if (!end || strcmp(end, ".nn") != 0 || too_large_to_evaluate(e->d_name)) continue;
    if (only && strncmp(e->d_name, only, strlen(only)) != 0) continue;
    snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
    if (!record_model(&r, path, NULL)) {
      cr_expect_fail("%s does not elaborate", e->d_name);
      continue;
    }
    cr_expect_eq(wrong_steps(&r, e->d_name, true, &looked_at), 0);
    forget_for_good(&r.w);
    arena_free(r.memory);
  }
  closedir(entries);
  cr_expect_gt(looked_at, (size_t)(getenv("NNCC_MODEL") ? 1 : 50000));
}

Test(record, planted_rule_is_found) {
  static const rewrite_rule wrong = {"planted", "tanh(a) -> sigmoid(a)"};
  char folder[400], path[700];
  recorded r = {0};
  size_t looked_at = 0;
  snprintf(path, sizeof path, "%s/logistic.nn", folder_of(folder, sizeof folder));
  cr_assert(record_model(&r, path, &wrong));
  cr_expect_gt(wrong_steps(&r, "logistic.nn", false, &looked_at), 0);
}
