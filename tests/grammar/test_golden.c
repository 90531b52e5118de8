/* golden: the printed tree of each tests/golden/x.nn is tests/golden/x.ast, and every model in the
 * tests prints to a text that gives the same tree. NNCC_GOLDEN=write rewrites the .ast files. */
#include "helper_tree.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static bool rewriting(void) {
  const char *wanted = getenv("NNCC_GOLDEN");
  return wanted != NULL && strcmp(wanted, "write") == 0;
}

static const char *print_of(session *here, const source *file, const char **tree) {
  statement *first = parse_model(here->memory, here->names, here->to, file);
  *tree = tree_of_statements(here, first);
  text printed = text_new(here->memory);
  print_statements(&printed, first);
  return printed.chars;
}

/* Compares where there is an .ast to compare with; gives whether there was. */
static bool compare(session *here, const char *path, const char *printed) {
  const char *problem = NULL;
  const char *stem = arena_copy(here->memory, path, strlen(path) - strlen(".nn"));
  const char *golden = arena_printf(here->memory, "%s.ast", stem);
  if (rewriting())
    cr_assert(file_write_whole(here->memory, golden, printed, strlen(printed), &problem), "%s: %s",
              golden, problem);
  const source *expected = source_read(here->memory, golden, &problem);
  if (expected != NULL) cr_expect_str_eq(expected->chars, printed);
  return expected != NULL;
}

Test(golden, trees) {
  session here;
  session_open(&here);
  const char *const *files = files_of(&here, "golden", ".nn");
  int compared = 0;
  for (; *files != NULL; files++) {
    const char *tree;
    const char *printed = print_of(&here, must_read(&here, *files), &tree);
    cr_expect_str_eq(session_told(&here), "", "%s", here.told);
    compared += compare(&here, *files, printed);
  }
  cr_expect_geq(compared, 6);
  session_close(&here);
}

static void check_round_trip(const char *folder, int least) {
  session here;
  session_open(&here);
  const char *const *files = files_of(&here, folder, ".nn");
  int count = 0;
  for (; files[count] != NULL; count++) {
    const char *tree, *tree_again;
    const char *printed = print_of(&here, must_read(&here, files[count]), &tree);
    const source *text_again = source_of_text(here.memory, "printed", printed, false);
    const char *printed_again = print_of(&here, text_again, &tree_again);
    cr_expect_str_eq(tree_again, tree, "%s", files[count]);
    cr_expect_str_eq(printed_again, printed);
  }
  cr_expect_str_eq(session_told(&here), "", "%s", here.told);
  cr_expect_geq(count, least);
  session_close(&here);
}

Test(golden, round_trip_of_golden) {
  check_round_trip("golden", 6);
}

Test(golden, round_trip_of_models) {
  check_round_trip("models", 20);
}
