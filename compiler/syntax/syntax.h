/* syntax: the abstract syntax tree of a model file, as grammar/nn.y builds it, and its printer.
 * Nothing here is checked beyond the grammar: names may be unknown, shapes may clash. */
#ifndef NNCC_SYNTAX_H
#define NNCC_SYNTAX_H

#include "base.h"

/* ---- expressions -------------------------------------------------------------------------- */

typedef enum expression_kind {
  EXPRESSION_NUMBER,    /* number                                                    */
  EXPRESSION_STRING,    /* string (without its quotes), only as an argument of load()
                           or in settings                                            */
  EXPRESSION_NAME,      /* word                                                      */
  EXPRESSION_NEGATE,    /* left                                                      */
  EXPRESSION_BINARY,    /* left, operation, right                                    */
  EXPRESSION_TRANSPOSE, /* left'                                                     */
  EXPRESSION_INDEX,     /* left[entries]                                             */
  EXPRESSION_CALL,      /* left(arguments): left is a NAME `f`, or an INDEX whose base is a NAME:
                           `sum[j: 3, k | guard](e)`; anything else is refused by elaboration.
                           `x |> f(a)` and `x |> f` parse to the call f(x, a) with piped = true */
} expression_kind;

typedef enum binary_operation {
  BINARY_ADD, BINARY_SUBTRACT, BINARY_MULTIPLY, BINARY_DIVIDE, BINARY_MATMUL, BINARY_POWER,
  BINARY_LESS, BINARY_LESS_EQUAL, BINARY_GREATER, BINARY_GREATER_EQUAL, BINARY_EQUAL,
  BINARY_NOT_EQUAL,
} binary_operation;

typedef struct expression expression;

/* One entry between brackets: `e`, or `NAME: e` (label set), or `...`: a NAME with that word. */
typedef struct bracket_entry {
  place where;
  name label;
  expression *value;
  struct bracket_entry *next;
} bracket_entry;

/* `e` or `NAME = e` (label set). */
typedef struct argument {
  place where;
  name label;
  expression *value;
  struct argument *next;
} argument;

struct expression {
  expression_kind kind;
  place where;        /* the whole expression                                        */
  place operator_at;  /* the operator sign, the callee's name, or the whole          */
  double number;
  const char *string;
  name word;
  binary_operation operation;
  expression *left, *right;
  bracket_entry *entries; /* INDEX                                                   */
  expression *guard;      /* INDEX: what stands behind `|`, or NULL                  */
  argument *arguments;    /* CALL                                                    */
  bool piped;
  int depth; /* steps to the farthest leaf; the parser keeps it below 2,000, so recursion is safe */
};

/* ---- statements --------------------------------------------------------------------------- */

typedef enum statement_kind {
  STATEMENT_MODEL,     /* word                                                         */
  STATEMENT_LET,       /* declarations: word, value; one per name                      */
  STATEMENT_INPUT,     /* declarations: word, entries (shape), kind_name, kind_argument */
  STATEMENT_TARGET,    /* as INPUT                                                     */
  STATEMENT_PARAM,     /* declarations: word, entries, initializer                     */
  STATEMENT_EQUATION,  /* word[entries] = value; has_brackets tells `h[] ` from `h`    */
  STATEMENT_LAYER,     /* word, formals, body                                          */
  STATEMENT_OPTIMIZER, /* word, formals, body (STATE and EQUATION)                     */
  STATEMENT_STATE,     /* word, value: `state v = 0`                                   */
  STATEMENT_RETURN,    /* value                                                        */
  STATEMENT_REPEAT,    /* word = the copy's number or NULL, value = how many, body     */
  STATEMENT_OUTPUT,    /* word[entries] (optional) = value; `output p` has word p and no value;
                          `output f(x)` has a value and no word                        */
  STATEMENT_LOSS,      /* value                                                        */
  STATEMENT_METRIC,    /* word (or NULL), value                                        */
  STATEMENT_TRAIN,     /* settings                                                     */
  STATEMENT_IMPORT,    /* string                                                       */
} statement_kind;

/* One name of `let a = 1, b = 2`, `input x[3], y : class(4)`, `param W[2, 3] ~ zeros, b[3]`. */
typedef struct declaration {
  place where; /* the name */
  name word;
  bracket_entry *entries; /* NULL for a scalar */
  bool has_brackets;
  expression *value;       /* let */
  name kind;               /* after `:`, as written (`class`, `count`), or NULL */
  place kind_at;
  expression *kind_argument;
  expression *initializer; /* after `~`: a NAME or a CALL, or NULL */
  struct declaration *next;
} declaration;

/* One formal of a layer or optimizer: `x[c, h, w]`, `m`, `k = 3`. Sizes are plain names
 * (or expressions, which elaboration compares with what the argument brings). */
typedef struct formal {
  place where;
  name word;
  bracket_entry *entries;
  bool has_brackets;
  expression *default_value;
  struct formal *next;
} formal;

/* One line of `train { }`: `batch 32` (value), `data "f.csv"`, `data x = "a.npy"` (member = x),
 * `decay "h.*" = 0.01` (pattern),
 * `optimizer sgd(rate = 0.1)`, `data "f.csv" { x = columns("a"); … }` (nested). */
typedef struct setting {
  place where;
  name word;
  name member;
  const char *pattern;
  expression *value;
  struct setting *nested;
  struct setting *next;
} setting;

typedef struct statement {
  statement_kind kind;
  place where;    /* the whole statement                    */
  place word_at;  /* the name that it defines, if any       */
  name word;
  const char *string;
  bracket_entry *entries;
  bool has_brackets;
  expression *value;
  declaration *declarations;
  formal *formals;
  setting *settings;
  struct statement *body;
  struct statement *next;
} statement;

/* ---- grammar/nn.l, grammar/nn.y ----------------------------------------------------------- */

/* What text is to be read as. A pseudo first token chooses the entrance, so one grammar serves
 * model files, the derivative column of graph/ops.def and the rules of transform/simplify.def. */
typedef enum entrance { ENTRANCE_MODEL, ENTRANCE_EXPRESSION, ENTRANCE_RULE } entrance;

/* A rewrite rule `pattern -> replacement` or `pattern -> replacement if condition`, the condition
 * being calls such as `positive(a)`. */
typedef struct rewrite {
  expression *pattern, *replacement, *condition;
} rewrite;

/* Parses, reporting every syntax error to `to`. Statements that did not parse are left out.
 * Never crashes on any input; nesting deeper than 1,000 is an error of its own. */
statement *parse_model(arena *memory, name_table *names, report *to, const source *file);
expression *parse_expression(arena *memory, name_table *names, report *to, const source *file);
bool parse_rewrite(arena *memory, name_table *names, report *to, const source *file, rewrite *out);

/* ---- print.c ------------------------------------------------------------------------------ */

/* Text that parses back to the same tree: fewest brackets, one statement a line. --dump=ast. */
void print_statements(text *out, const statement *first);
void print_expression(text *out, const expression *value);
const char *binary_operation_sign(binary_operation operation);

#endif
