/* Documents as a whole: nothing is lost, nothing is wider than it may be. With NNCC_SAMPLE set to
 * a folder, the sample is written there for the tests that open it in a browser or set it. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "helper_formula.h"
#include "layout.h"

static void begin(void) { m = arena_new(); }
static void end(void) { arena_free(m); }

TestSuite(document, .init = begin, .fini = end);

static const char *printed(document_format format, language spoken) {
  text out = text_new(m);
  document_print(&out, sample_document(spoken), format);
  return out.chars;
}

Test(document, no_line_of_text_is_wider_than_100_columns) {
  const char *line = printed(FORMAT_TEXT, LANGUAGE_ENGLISH);
  while (*line) {
    size_t length = strcspn(line, "\n");
    const char *copy = arena_copy(m, line, length);
    cr_assert_leq(text_columns(copy), 100, "%s", copy);
    cr_assert(length == 0 || copy[length - 1] != ' ', "a space ends: %s", copy);
    line += length + (line[length] == '\n');
  }
}

Test(document, the_same_document_gives_the_same_bytes) {
  for (int k = 0; k < 3; k++) {
    cr_assert_str_eq(printed((document_format)k, LANGUAGE_ENGLISH),
                     printed((document_format)k, LANGUAGE_ENGLISH));
  }
}

Test(document, sample_files) {
  static const char *const endings[] = {"txt", "tex", "html"};
  const char *folder = getenv("NNCC_SAMPLE"), *problem;
  if (!folder) return;
  for (int k = 0; k < 6; k++) {
    const char *out = printed((document_format)(k % 3), k < 3 ? LANGUAGE_ENGLISH : LANGUAGE_CHINESE);
    const char *path = arena_printf(m, "%s/%s.%s", folder, k < 3 ? "en" : "zh", endings[k % 3]);
    cr_assert(file_write_whole(m, path, out, strlen(out), &problem), "%s: %s", path, problem);
  }
}
