/* errors: each line of tests/errors/syntax_*.nn that says `# expect: part | part` has one error
 * with all the parts in its message or notes, and no other line has any. */
#include "helper_tree.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* ---- files with expectations -------------------------------------------------------------- */

static const char *trimmed(session *here, const char *from, const char *until) {
  while (from < until && *from == ' ') from++;
  while (until > from && until[-1] == ' ') until--;
  return arena_copy(here->memory, from, (size_t)(until - from));
}

/* What was told of `line`: its error and the notes up to the next error. Empty where nothing. */
static const char *told_of(session *here, const char *path, int line) {
  text out = text_new(here->memory);
  bool collecting = false;
  for (const char *at = session_told(here); *at != 0;) {
    const char *end = strchr(at, '\n');
    size_t length = strlen(path);
    if (strncmp(at, path, length) == 0) {
      const char *row = trimmed(here, at, end);
      bool error = strstr(row, ": error: ") != NULL;
      if (error) collecting = atoi(row + length + 1) == line;
      if (error && collecting && out.length > 0) text_append(&out, "TWO ERRORS ");
      if (collecting) text_printf(&out, "%s\n", row);
    }
    at = end + 1;
  }
  return out.chars;
}

static void check_parts(session *here, const char *path, int line, const char *from,
                        const char *until) {
  const char *told = told_of(here, path, line);
  while (from < until) {
    const char *bar = memchr(from, '|', (size_t)(until - from));
    const char *part = trimmed(here, from, bar == NULL ? until : bar);
    cr_expect_not_null(strstr(told, part), "%s:%d: expected: %s\ntold: %s", path, line, part, told);
    from = bar == NULL ? until : bar + 1;
  }
  cr_expect_null(strstr(told, "TWO ERRORS"), "%s", told);
}

static void check_file(session *here, const char *path) {
  static const char mark[] = "# expect:";
  const source *file = must_read(here, path);
  parse_model(here->memory, here->names, here->to, file);
  int line = 1;
  for (const char *at = file->chars; *at != 0; line++) {
    const char *end = strchr(at, '\n');
    const char *row = arena_copy(here->memory, at, (size_t)(end - at));
    const char *found = strstr(row, mark);
    if (found != NULL) check_parts(here, path, line, found + strlen(mark), row + strlen(row));
    else cr_expect_str_eq(told_of(here, path, line), "");
    at = end + 1;
  }
}

Test(errors, files) {
  session here;
  session_open(&here);
  const char *const *files = files_of(&here, "errors", ".nn");
  int count = 0;
  for (; *files != NULL; files++) {
    if (strncmp(*files, "errors/syntax_", 14) != 0) continue;
    session inner;
    session_open(&inner);
    check_file(&inner, *files);
    session_close(&inner);
    count++;
  }
  cr_expect_geq(count, 6);
  session_close(&here);
}

/* ---- bytes that no file of ours should hold ----------------------------------------------- */

static const struct {
  const char *chars;
  size_t length;
  const char *told;
} bytes[] = {
    {"a = \xff 2\nb = 2x\n", 15, "m.nn:1:5: error: byte 0xFF is not UTF-8"},
    {"a = b\xc3\n", 7, "m.nn:1:6: error: byte 0xC3 is not UTF-8"},
    {"a = \x07", 5, "m.nn:1:5: error: control character U+0007"},
    {"a = 1\0 2", 8, "m.nn:1:6: error: control character U+0000"},
    {"a = \"b\x01\"", 8, "m.nn:1:5: error: the string holds the control character U+0001"},
    {"\n\xEF\xBB\xBFx = 1", 9, "m.nn:2:1: error: control character U+FEFF"},
    {"a = \xC2\x85", 6, "m.nn:1:5: error: control character U+0085"},
    {"a = (", 5, "m.nn:1:5: error: '(' is never closed"},
    {"a = \"", 5, "m.nn:1:5: error: the string is not closed"},
    {"a", 1, "m.nn:1:2: error: expected '=' before the end of the file"},
    {"a = b\r = 2", 10, "m.nn:1:6: error: control character U+000D"},
};

Test(errors, bytes) {
  for (size_t i = 0; i < sizeof bytes / sizeof *bytes; i++) {
    session here;
    session_open(&here);
    source file = {.path = "m.nn", .chars = bytes[i].chars, .length = bytes[i].length};
    parse_model(here.memory, here.names, here.to, &file);
    cr_expect_not_null(strstr(session_told(&here), bytes[i].told), "wanted: %s\ntold: %s",
                       bytes[i].told, here.told);
    cr_expect_eq(report_errors(here.to), i == 0 ? 2 : 1, "%s", here.told);
    session_close(&here);
  }
}

/* ---- depth -------------------------------------------------------------------------------- */

static char *repeated(session *here, const char *before, const char *piece, int count,
                      const char *between, const char *closing, const char *after) {
  text out = text_new(here->memory);
  text_append(&out, before);
  for (int i = 0; i < count; i++) text_append(&out, piece);
  text_append(&out, between);
  for (int i = 0; i < count; i++) text_append(&out, closing);
  text_append(&out, after);
  return out.chars;
}

static const struct {
  const char *before, *piece, *between, *closing, *after;
  int count;
  const char *told; /* NULL: this deep is allowed */
} towers[] = {
    {"x = ", "(", "1", ")", "\n", 1000, NULL},
    {"x = ", "f(", "1", ")", "\n", 1000, NULL},
    {"x = ", "f[", "1", "]", "\n", 1000, NULL},
    {"x = ", "-", "1", "", "\n", 1900, NULL},
    {"x = a", " |> dense(32)", "", "", "\n", 1900, NULL},
    {"", "repeat 2 {\n", "x = 1\n", "}", "\n", 1000, NULL},
    {"x = ", "(", "1", ")", "\n", 1001, "nested deeper than 1000"},
    {"x = ", "([", "", "", "\n", 50000, "before '['"},
    {"x = ", "f[", "1", "]", "\n", 50000, "nested deeper than 1000"},
    {"x = ", "-", "1", "", "\n", 2100, "nested deeper than 2000"},
    {"x = ", "-", "1", "", "\n", 200000, "nested too deeply"},
    {"x = ", "2^", "1", "", "\n", 200000, "nested too deeply"},
    {"x = a", " |> dense(32)", "", "", "\n", 20000, "nested deeper than 2000"},
    {"x = a", "+a", "", "", "\n", 20000, "nested deeper than 2000"},
    {"x = a", "'", "", "", "\n", 20000, "nested deeper than 2000"},
    {"", "repeat 2 {\n", "x = 1\n", "}", "\n", 5000, "nested deeper than 1000"},
    {"", "layer f(x) {\n", "", "", "", 5000, "nested deeper than 1000"},
    {"train ", "{ a ", "", "}", "\n", 5000, "nested deeper than 1000"},
    {"", ")", "", "", "\n", 50000, "closes nothing"},
};

Test(errors, depth) {
  for (size_t i = 0; i < sizeof towers / sizeof *towers; i++) {
    session here;
    session_open(&here);
    char *chars = repeated(&here, towers[i].before, towers[i].piece, towers[i].count,
                           towers[i].between, towers[i].closing, towers[i].after);
    statement *first = session_model(&here, chars);
    text printed = text_new(here.memory);
    print_statements(&printed, first);
    if (towers[i].told == NULL) cr_expect_str_eq(session_told(&here), "", "%.300s", here.told);
    else cr_expect_not_null(strstr(session_told(&here), towers[i].told), "%.300s", here.told);
    session_close(&here);
  }
}
