/* report: what a diagnostic looks like, character by character. */
#include "base.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static arena *memory;
static report *to;
static FILE *out;
static char *told;
static size_t told_length;

static void set_up(void) {
  memory = arena_new();
  out = open_memstream(&told, &told_length);
  to = report_new(memory, out);
}

static void tear_down(void) {
  fclose(out);
  free(told);
  arena_free(memory);
}

TestSuite(report, .init = set_up, .fini = tear_down);

static const char *all_told(void) {
  fflush(out);
  return told;
}

static const source *text_of(const char *chars) {
  return source_of_text(memory, "m.nn", chars, false);
}

Test(report, error_shows_line_and_caret) {
  place where = {.file = text_of("x = 1\nh = tahn(x)\n"), 2, 5, 10, 14};
  report_error(to, where, "unknown function '%s'", "tahn");
  cr_assert_str_eq(all_told(), "m.nn:2:5: error: unknown function 'tahn'\n"
                               "  h = tahn(x)\n"
                               "      ^~~~\n");
  cr_assert_eq(report_errors(to), 1);
}

Test(report, carets_count_code_points_and_keep_tabs) {
  place where = {.file = text_of("\tα = β + γ"), 1, 10, 11, 13};
  report_note(to, where, "here");
  cr_assert_str_eq(all_told(), "m.nn:1:10: note: here\n"
                               "  \tα = β + γ\n"
                               "  \t        ^\n");
  cr_assert_eq(report_errors(to), 0);
}

Test(report, mark_ends_with_its_line) {
  place where = {.file = text_of("ab\r\ncd"), 1, 2, 1, 6};
  report_warning(to, where, "wide");
  cr_assert_str_eq(all_told(), "m.nn:1:2: warning: wide\n  ab\n   ^\n");
}

Test(report, place_behind_the_end) {
  place where = {.file = text_of("ab"), 1, 99, 99, 120};
  report_error(to, where, "far");
  cr_assert_str_eq(all_told(), "m.nn:1:99: error: far\n  ab\n    ^\n");
}

Test(report, without_file_or_line) {
  report_error(to, (place){.file = NULL}, "no model");
  report_error(to, (place){.file = text_of("")}, "too large");
  cr_assert_str_eq(all_told(), "nncc: error: no model\nm.nn: error: too large\n");
}

Test(report, hides_what_garbles_a_terminal) {
  place where = {.file = text_of("a\x1b[31m\xff\x80z"), 1, 1, 0, 1};
  report_error(to, where, "odd");
  cr_assert_str_eq(all_told(), "m.nn:1:1: error: odd\n  a?[31m??z\n  ^\n");
}

Test(report, shows_a_stretch_of_a_long_line) {
  char *line = arena_copy(memory, "", 0);
  for (int i = 0; i < 100; i++) line = arena_printf(memory, "%s%03d_______", line, i);
  place where = {.file = text_of(line), 1, 501, 500, 503};
  report_error(to, where, "long");
  const char *shown = strstr(all_told(), "050");
  cr_assert_not_null(shown);
  cr_assert_lt(strlen(told), 500);
  const char *caret = strstr(told, "^~~");
  const char *shown_line = strchr(told, '\n') + 1, *caret_line = strchr(shown_line, '\n') + 1;
  cr_assert_eq(caret - caret_line, shown - shown_line);
}

Test(report, stops_after_the_limit_with_its_notes) {
  for (int i = 0; i < REPORT_LIMIT + 5; i++) {
    report_error(to, (place){.file = NULL}, "error %d", i);
    report_note(to, (place){.file = NULL}, "note %d", i);
  }
  cr_assert_eq(report_errors(to), REPORT_LIMIT + 5);
  cr_assert_not_null(strstr(all_told(), "error 19\n"));
  cr_assert_not_null(strstr(told, "note 19\n"));
  cr_assert_null(strstr(told, "error 20\n"));
  cr_assert_null(strstr(told, "note 20\n"));
  cr_assert_not_null(strstr(told, "more than 20 errors"));
}

Test(report, no_colour_off_a_terminal) {
  report_error(to, (place){.file = text_of("x"), 1, 1, 0, 1}, "plain");
  cr_assert_null(strchr(all_told(), '\033'));
}
