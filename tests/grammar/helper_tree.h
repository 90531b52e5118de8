/* helper_tree: parses texts for the tests of the grammar, and shows trees in a notation of its own,
 * so that nothing is tested by the printer that is itself under test. */
#ifndef HELPER_TREE_H
#define HELPER_TREE_H

#include "syntax.h"

typedef struct session {
  arena *memory;
  name_table *names;
  FILE *out;
  char *told; /* what was reported, after session_told() */
  size_t told_length;
  report *to;
} session;

void session_open(session *here);
void session_close(session *here);
const char *session_told(session *here);

statement *session_model(session *here, const char *chars);
expression *session_expression(session *here, const char *chars);

/* (+ a (* b c)), (call f x (m = 3)), (index x i (j : 3) (| g)); piped calls begin with `pipe`. */
const char *tree_of_expression(session *here, const expression *value);
/* One statement a line, every field that is set. */
const char *tree_of_statements(session *here, const statement *first);

/* The names of all files of `folder` (below tests/) that end with `ending`, sorted; NULL ends. */
const char *const *files_of(session *here, const char *folder, const char *ending);
const source *must_read(session *here, const char *path);

#endif
