/* Plans of models given as text: see helper_plan.h. */
#include "helper_plan.h"

#include <criterion/criterion.h>
#include <string.h>

#include "transform.h"

planned plan_of(const char *model, int real_bytes) {
  planned one = {.memory = arena_new()};
  name_table *names = name_table_new(one.memory);
  const source *file = source_of_text(one.memory, "test.nn", model, false);
  report *to = report_new(one.memory, stderr);
  statement *first = parse_model(one.memory, names, to, file);
  one.p = elaborate(&(elaboration){.memory = one.memory, .names = names, .to = to, .file = file,
                                   .first = first});
  cr_assert(one.p && report_errors(to) == 0, "the model of the test has errors");
  coalesce_axes(one.p);
  hold_stops(one.p);
  derive_program(one.p);
  coalesce_axes(one.p);
  lower_program(one.p);
  one.made = schedule_program(one.p, real_bytes);
  cr_assert_null(one.made->problem);
  return one;
}

void forget_plan(planned *one) { arena_free(one->memory); }

int count_time_loops(const step *first) {
  int count = 0;
  for (const step *s = first; s; s = s->next) {
    if (s->kind != STEP_LOOP) continue;
    count += s->over->time;
    count += count_time_loops(s->first);
  }
  return count;
}

void expect_listed(const char *model, entry_kind kind, list_steps *list, const char *expected) {
  planned one = plan_of(model, 4);
  text found = text_new(one.memory);
  list(one.made->entry[kind].first, &found);
  cr_expect_str_eq(found.length > 0 ? found.chars : "", expected, "function %d of\n%s", (int)kind, model);
  forget_plan(&one);
}

const buffer *find_buffer(const entry_plan *e, const char *word) {
  for (size_t k = 0; k < e->buffers; k++) {
    if (e->buffer[k]->access && strcmp(e->buffer[k]->word, word) == 0) return e->buffer[k];
  }
  return NULL;
}
