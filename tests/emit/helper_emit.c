/* Emitted C of models given as text: see helper_emit.h. */
#include "helper_emit.h"

#include <criterion/criterion.h>
#include <string.h>

#include "transform.h"

static plan *plan_in(arena *memory, const char *model, int real_bytes) {
  name_table *names = name_table_new(memory);
  const source *file = source_of_text(memory, "folder/test.nn", model, false);
  report *to = report_new(memory, stderr);
  statement *first = parse_model(memory, names, to, file);
  program *p = elaborate(&(elaboration){.memory = memory, .names = names, .to = to, .file = file,
                                        .first = first});
  cr_assert(p && report_errors(to) == 0, "the model of the test has errors");
  coalesce_axes(p);
  hold_stops(p);
  derive_program(p);
  coalesce_axes(p);
  lower_program(p);
  plan *made = schedule_program(p, real_bytes);
  join_loops(made);
  return made;
}

emitted emit_text(const char *model, int real_bytes, bool lib) {
  emitted one = {.memory = arena_new()};
  const emit_options options = {.real_bytes = real_bytes, .lib = lib};
  const plan *p = plan_in(one.memory, model, real_bytes);
  text code = text_new(one.memory), header = text_new(one.memory);
  emit_model(&code, p, &options);
  emit_header(&header, p, &options);
  one.code = code.chars;
  one.header = header.chars;
  return one;
}

void forget_emitted(emitted *one) { arena_free(one->memory); }

const char *function_text(const emitted *one, const char *function) {
  const char *begin = strstr(one->code, arena_printf(one->memory, " %s(void *block", function));
  cr_assert_not_null(begin, "%s is not there", function);
  const char *end = strstr(begin, "\n}\n");
  return arena_copy(one->memory, begin, (size_t)(end + 3 - begin));
}

int count_lines(const char *chars) { return count_of(chars, "\n"); }

int count_of(const char *chars, const char *part) {
  int count = 0;
  for (const char *at = strstr(chars, part); at; at = strstr(at + 1, part)) count++;
  return count;
}
