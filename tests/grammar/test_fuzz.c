/* fuzz: broken texts, made by a fixed seed, must be refused without a crash; whatever is taken must
 * print to a text that gives the same tree. Meant to run under the sanitizers. */
#include "helper_tree.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* ---- random choices (Knuth's MMIX constants; the high bits are the good ones) ------------- */

static unsigned below(uint64_t *seed, unsigned count) {
  *seed = *seed * 6364136223846793005u + 1442695040888963407u;
  return (unsigned)((*seed >> 33) % count);
}

static const char *const pieces[] = {
    "x",     "h",      "W1",    "σ",      "batch",  "2",     "0.5",   "1e3",   "2x",    "\"s\"",
    "\"",    "(",      ")",     "[",      "]",      "{",     "}",     "(",     ")",     "[",
    "]",     "+",      "-",     "*",      "/",      "@",     "^",     "'",     "<",     "<=",
    ">",     ">=",     "==",    "!=",     "=",      ",",     ":",     "|",     "|>",    "->",
    "~",     ";",      "\n",    "\n",     "\n",     "\r\n",  "# c\n", " ",     "\t",    "é",
    "µ",     "model",  "let",   "input",  "target", "param", "layer", "state", "if",    "return",
    "repeat", "output", "loss", "metric", "train",  "import", "optimizer", "f(x)", "h[t] = ",
    "layer f(x) {",    "train {", "\xff", "\x01",   "repeat 2 {", "= 1\n", "= x\n", "}\n"};

/* ---- what must hold of any text ----------------------------------------------------------- */

static void check_places(const char *path, const char *told, int lines) {
  for (const char *at = told; (at = strstr(at, path)) != NULL; at += strlen(path))
    if (at == told || at[-1] == '\n') {
      int line = atoi(at + strlen(path) + 1);
      cr_assert(line >= 1 && line <= lines + 1, "line %d of %d: %.200s", line, lines, at);
    }
}

static int count_lines(const char *chars, size_t length) {
  int lines = 1;
  for (size_t i = 0; i < length; i++) lines += chars[i] == '\n';
  return lines;
}

/* A text that parses again to the same tree, and prints alike. */
static void check_print(session *here, const statement *first) {
  text printed = text_new(here->memory), again = text_new(here->memory);
  print_statements(&printed, first);
  int errors = report_errors(here->to);
  statement *second = session_model(here, printed.chars);
  cr_assert_eq(report_errors(here->to), errors, "%s\n%s", printed.chars, session_told(here));
  cr_assert_str_eq(tree_of_statements(here, second), tree_of_statements(here, first));
  print_statements(&again, second);
  cr_assert_str_eq(again.chars, printed.chars);
}

/* Whether the text was taken. */
static bool check_text(const char *chars, size_t length) {
  session here;
  rewrite rule;
  session_open(&here);
  source file = {.path = "fuzz.nn", .chars = arena_copy(here.memory, chars, length), length, false};
  statement *first = parse_model(here.memory, here.names, here.to, &file);
  bool taken = report_errors(here.to) == 0;
  check_places("fuzz.nn", session_told(&here), count_lines(chars, length));
  if (taken) check_print(&here, first);
  expression *value = parse_expression(here.memory, here.names, here.to, &file);
  text printed = text_new(here.memory);
  if (value != NULL) print_expression(&printed, value);
  (void)parse_rewrite(here.memory, here.names, here.to, &file, &rule);
  session_close(&here);
  return taken;
}

/* ---- texts -------------------------------------------------------------------------------- */

Test(fuzz, random_bytes) {
  uint64_t seed = 1;
  for (int round = 0; round < 800; round++) {
    char chars[200];
    size_t length = below(&seed, sizeof chars);
    bool printable = round % 2 == 0;
    for (size_t i = 0; i < length; i++)
      chars[i] = (char)(printable ? 32 + below(&seed, 95) : below(&seed, 256));
    check_text(chars, length);
  }
}

Test(fuzz, random_tokens) {
  uint64_t seed = 2;
  arena *memory = arena_new();
  int taken = 0;
  for (int round = 0; round < 2000; round++) {
    text chars = text_new(memory);
    for (unsigned i = below(&seed, round % 2 == 0 ? 6 : 60); i > 0; i--) {
      text_append(&chars, pieces[below(&seed, sizeof pieces / sizeof *pieces)]);
      text_append(&chars, below(&seed, 4) == 0 ? "" : " ");
    }
    taken += check_text(chars.chars, chars.length);
  }
  cr_expect_gt(taken, 50, "hardly any text was taken: %d", taken);
  arena_free(memory);
}

Test(fuzz, truncated_models) {
  session here;
  session_open(&here);
  for (const char *const *files = files_of(&here, "golden", ".nn"); *files != NULL; files++) {
    const source *whole = must_read(&here, *files);
    for (size_t length = 0; length < whole->length; length++)
      if (length % 7 == 0 || whole->length < 200) check_text(whole->chars, length);
  }
  session_close(&here);
}

/* One change: a byte lost, doubled, or replaced by a piece of the language. */
static void change(text *out, const source *whole, uint64_t *seed) {
  size_t at = below(seed, (unsigned)whole->length);
  unsigned kind = below(seed, 3);
  text_append_length(out, whole->chars, at);
  if (kind == 0) text_append(out, pieces[below(seed, sizeof pieces / sizeof *pieces)]);
  if (kind == 1) text_append_length(out, whole->chars + at, 1);
  size_t from = kind == 1 ? at : at + 1;
  text_append_length(out, whole->chars + from, whole->length - from);
}

Test(fuzz, changed_models) {
  session here;
  uint64_t seed = 3;
  int taken = 0;
  session_open(&here);
  for (const char *const *files = files_of(&here, "golden", ".nn"); *files != NULL; files++) {
    const source *whole = must_read(&here, *files);
    for (int round = 0; round < 80; round++) {
      text changed = text_new(here.memory);
      change(&changed, whole, &seed);
      taken += check_text(changed.chars, changed.length);
    }
  }
  cr_expect_gt(taken, 50, "hardly any text was taken: %d", taken);
  session_close(&here);
}

/* ---- random trees ------------------------------------------------------------------------- */

static expression *random_tree(session *here, uint64_t *seed, int depth);

static argument *random_arguments(session *here, uint64_t *seed, int depth, unsigned count) {
  argument *first = NULL;
  while (count-- > 0) {
    argument *made = arena_alloc(here->memory, sizeof *made);
    made->label = below(seed, 4) == 0 ? name_of(here->names, "m") : NULL;
    made->value = random_tree(here, seed, depth - 1);
    made->next = first;
    first = made;
  }
  return first;
}

static bracket_entry *random_entries(session *here, uint64_t *seed, int depth) {
  bracket_entry *first = NULL;
  for (unsigned count = below(seed, 3); count > 0; count--) {
    bracket_entry *made = arena_alloc(here->memory, sizeof *made);
    made->label = below(seed, 3) == 0 ? name_of(here->names, "j") : NULL;
    made->value = random_tree(here, seed, depth - 1);
    made->next = first;
    first = made;
  }
  return first;
}

static void fill_call(session *here, uint64_t *seed, int depth, expression *made) {
  made->piped = below(seed, 2) == 0;
  made->arguments = random_arguments(here, seed, depth, below(seed, 3) + made->piped);
  made->left = random_tree(here, seed, made->piped ? 0 : depth - 1);
  if (!made->piped) return;
  made->arguments->label = NULL;
  made->left->kind = EXPRESSION_NAME;
  made->left->word = name_of(here->names, "f");
}

static expression *random_tree(session *here, uint64_t *seed, int depth) {
  static const char *const words[] = {"x", "W", "batch", "σ"};
  expression *made = arena_alloc(here->memory, sizeof *made);
  made->kind = (expression_kind)below(seed, depth <= 0 ? 3 : EXPRESSION_CALL + 1);
  made->number = below(seed, 1000) / 8.0;
  made->string = "s";
  made->word = name_of(here->names, words[below(seed, 4)]);
  made->operation = (binary_operation)below(seed, BINARY_NOT_EQUAL + 1);
  if (made->kind == EXPRESSION_CALL) fill_call(here, seed, depth, made);
  else if (made->kind > EXPRESSION_NAME) made->left = random_tree(here, seed, depth - 1);
  if (made->kind == EXPRESSION_BINARY) made->right = random_tree(here, seed, depth - 1);
  if (made->kind != EXPRESSION_INDEX) return made;
  made->entries = random_entries(here, seed, depth);
  if (below(seed, 3) == 0) made->guard = random_tree(here, seed, depth - 1);
  return made;
}

/* The parentheses that the printer leaves out were not needed. */
Test(fuzz, random_trees_print_and_parse) {
  uint64_t seed = 4;
  for (int round = 0; round < 1500; round++) {
    session here;
    session_open(&here);
    expression *tree = random_tree(&here, &seed, round % 6);
    text printed = text_new(here.memory);
    print_expression(&printed, tree);
    expression *again = session_expression(&here, printed.chars);
    cr_assert_str_eq(tree_of_expression(&here, again), tree_of_expression(&here, tree), "%s\n%s",
                     printed.chars, session_told(&here));
    session_close(&here);
  }
}
