/* parser: what grammar/ and the files of this folder share. Others see syntax.h only.
 *
 *   grammar/nn.l   characters to raw tokens
 *   scan.c         what nn.l needs beyond matching
 *   tokens.c       raw tokens to tokens: statement ends and brackets
 *   grammar/nn.y   tokens to the tree; its actions only call build.c
 *   build.c        the nodes
 *   message.c      what a syntax error says
 *   parse.c        the entrances
 */
#ifndef NNCC_PARSER_H
#define NNCC_PARSER_H

#include "syntax.h"

/* Brackets within brackets; and steps from a tree's root to its leaves, which a chain of |> or +
 * also adds to. Whoever walks a tree may recurse: 2,000 frames of 4 KiB fit any stack. */
enum { NESTING_LIMIT = 1000, DEPTH_LIMIT = 2000 };

typedef struct argument_list { argument *first, *last; } argument_list;
typedef struct entry_list { bracket_entry *first, *last; } entry_list;
typedef struct declaration_list { declaration *first, *last; } declaration_list;
typedef struct formal_list { formal *first, *last; } formal_list;
typedef struct setting_list { setting *first, *last; } setting_list;
typedef struct statement_list { statement *first, *last; } statement_list;

/* `[entries | guard]`; present tells `x[]` from `x`. */
typedef struct brackets {
  place where;
  bool present;
  bracket_entry *entries;
  expression *guard;
} brackets;

typedef struct named {
  place where;
  name word;
} named;

typedef struct open_bracket {
  place where;
  char sign;
} open_bracket;

typedef struct parser {
  arena *memory;
  name_table *names;
  report *to;
  const source *file;
  entrance entered;

  /* nn.l: the place of the next character */
  void *scanner;
  int line, column;
  size_t offset;

  /* tokens.c */
  bool begun;         /* the pseudo first token was given                           */
  bool line_begins;   /* only blanks since the last newline                         */
  bool token_first;   /* the last raw token was the first on its line               */
  bool has_held;      /* `held` is to be read again before the scanner is asked     */
  int held;
  bool held_first;
  place held_at;
  int last, before_last;                     /* tokens given last; the places: but newlines */
  place last_at, before_last_at, after_last;
  open_bracket *open;
  size_t open_count, open_capacity;
  size_t beyond_limit; /* brackets open beyond NESTING_LIMIT                        */
  bool block_told;     /* an unclosed `{` was told of                               */
  bool brace_wanted;   /* the last error: the line ended where a `{` should stand   */
  bool depth_told;
  bool recovering;     /* this statement's error was told; say nothing more of it   */

  /* what was parsed */
  statement *statements;
  expression *expression;
  rewrite rewrite;
} parser;

/* ---- scan.c ------------------------------------------------------------------------------- */

/* The place of the next `length` bytes, and the parser's position moved behind them. */
place advance(parser *state, const char *chars, size_t length);
/* The name as the compiler knows it: the micro sign is mu, the ohm sign is omega. */
name spelling(parser *state, const char *chars, size_t length);
/* The scanner's tokens that need more than a match. Each gives the token, or refuses. */
bool read_number(parser *state, place where, const char *chars, double *number);
const char *read_string(parser *state, place where, const char *chars, size_t length);

/* ---- tokens.c ----------------------------------------------------------------------------- */

/* Tells an error of the statement at hand unless one was told already. Gives the token that makes
 * the parser drop the statement. */
int refuse(parser *state, place where, const char *format, ...) PRINTF_LIKE(3, 4);
/* The innermost open bracket, or NULL. */
const open_bracket *innermost(const parser *state);
/* Forgets round and square brackets up to the nearest `{`. */
void forget_open_brackets(parser *state);
/* Skips to the `}` of the `{` that was given last. */
void skip_block(parser *state);
/* Whether the line from `where` on closes more brackets than it opens. */
bool line_closes_bracket(const parser *state, place where);

/* ---- message.c ---------------------------------------------------------------------------- */

/* Symbols are named as nn.y names them. */
void tell_syntax_error(parser *state, place where, const char *unexpected,
                       const char *const *expected, int count);
void tell_exhausted(parser *state, place where);
/* What is wrong with a character that begins no token, and what to write instead. */
int refuse_character(parser *state, place where, const char *chars, size_t length);

/* ---- build.c ------------------------------------------------------------------------------ */

place place_span(place from, place to);

expression *make_number(parser *state, place where, double number);
expression *make_string(parser *state, place where, const char *string);
expression *make_name(parser *state, named word);
expression *make_negate(parser *state, place where, place sign, expression *operand);
expression *make_binary(parser *state, place where, place sign, binary_operation operation,
                        expression *left, expression *right);
expression *make_transpose(parser *state, place where, place sign, expression *operand);
expression *make_index(parser *state, place where, expression *base, brackets inside);
expression *make_call(parser *state, place where, expression *callee, argument_list arguments);
expression *make_piped(parser *state, place where, expression *piped, named callee,
                       argument_list arguments);
expression *in_parentheses(expression *inner, place where);

entry_list add_entry(parser *state, entry_list list, place where, name label, expression *value);
argument_list add_argument(parser *state, argument_list list, place where, name label,
                           expression *value);

declaration make_let(named word, expression *value);
declaration make_declaration(parser *state, named word, brackets shape);
declaration_list add_declaration(parser *state, declaration_list list, declaration made);
formal_list add_formal(parser *state, formal_list list, named word, brackets shape,
                       expression *default_value);
setting_list add_setting(parser *state, setting_list list, setting made);
statement_list add_statement(statement_list list, statement *added);

statement *make_statement(parser *state, statement_kind kind, place where);
statement *make_valued(parser *state, statement_kind kind, place where, expression *value);
statement *make_declaring(parser *state, statement_kind kind, place where, declaration_list list);
statement *make_equation(parser *state, place where, named word, brackets left,
                         expression *value);
statement *make_named(parser *state, statement_kind kind, place where, named word,
                      expression *value);
statement *make_function(parser *state, statement_kind kind, place where, named word,
                         formal_list formals, statement_list body);
statement *make_repeat(parser *state, place where, named copy, expression *count,
                       statement_list body);
/* `output left = value`, or `output left` where value is NULL. */
statement *make_output(parser *state, place where, expression *left, expression *value);
statement *make_metric(parser *state, place where, named word, expression *value);
/* Refuses what cannot stand at the top of a file. */
statement *make_file(parser *state, statement_list body);

#endif
