/* parse: turns a source text into the tree of one of the grammar's three entrances. */
#include "parser.h"

#include "nn.lex.h" /* needs parser.h */
#include "nn.tab.h"

#include <limits.h>

static void no_memory(parser *state) {
  report_error(state->to, (place){.file = state->file}, "out of memory");
}

static void scan_and_parse(parser *state) {
  yyscan_t scanner = NULL;
  if (raw_lex_init_extra(state, &scanner) != 0) {
    no_memory(state);
    return;
  }
  state->scanner = scanner;
  YY_BUFFER_STATE buffer = raw__scan_bytes(state->file->chars, (int)state->file->length, scanner);
  if (buffer != NULL)
    (void)nn_parse(state);
  else
    no_memory(state);
  raw_lex_destroy(scanner);
}

/* True where nothing was wrong. */
static bool parse(parser *state, arena *memory, name_table *names, report *to, const source *file,
                  entrance entered) {
  *state = (parser){.memory = memory,
                    .names = names,
                    .to = to,
                    .file = file,
                    .entered = entered,
                    .line = 1,
                    .column = 1,
                    .line_begins = true,
                    .last = NEWLINE,
                    .before_last = NEWLINE};
  state->last_at = state->after_last = (place){.file = file, .line = 1, .column = 1};
  int before = report_errors(to);
  if (file->length < INT_MAX - 2)
    scan_and_parse(state);
  else
    report_error(to, (place){.file = file}, "the file is larger than a model can be");
  return report_errors(to) == before;
}

statement *parse_model(arena *memory, name_table *names, report *to, const source *file) {
  parser state;
  parse(&state, memory, names, to, file, ENTRANCE_MODEL);
  return state.statements;
}

expression *parse_expression(arena *memory, name_table *names, report *to, const source *file) {
  parser state;
  return parse(&state, memory, names, to, file, ENTRANCE_EXPRESSION) ? state.expression : NULL;
}

bool parse_rewrite(arena *memory, name_table *names, report *to, const source *file, rewrite *out) {
  parser state;
  bool parsed = parse(&state, memory, names, to, file, ENTRANCE_RULE);
  *out = parsed ? state.rewrite : (rewrite){NULL, NULL, NULL};
  return parsed;
}
