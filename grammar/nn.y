/* nn.y: turns tokens into the tree of syntax.h. Actions only call build.c.
 *
 * One grammar has three entrances, chosen by a pseudo first token. Statement ends and the pairing
 * of brackets are tokens.c's; so a statement that went wrong ends at its own line's end. */
%require "3.8"
%define api.pure full
%define api.prefix {nn_}
%define api.location.type {place}
%define parse.error custom
%define parse.lac full
%param { parser *state }
%locations
%expect 0

%code requires {
#include "parser.h"
}

%code provides {
/* nn.l: every token and every newline. */
int raw_token(NN_STYPE *value, place *where, void *scanner);
/* tokens.c: what the grammar reads. */
int nn_lex(NN_STYPE *value, place *where, parser *state);
}

%code {
#define YYMAXDEPTH 100000
#define YYLLOC_DEFAULT(whole, parts, count)                                                       \
  ((whole) = (count) > 0 ? place_span(YYRHSLOC(parts, 1), YYRHSLOC(parts, count))                 \
                         : place_span(YYRHSLOC(parts, 0), YYRHSLOC(parts, 0)))

static void nn_error(const place *where, parser *state, const char *message);
}

%union {
  double number;
  const char *string;
  named named;
  expression *expression;
  brackets brackets;
  entry_list entries;
  argument_list arguments;
  declaration declaration;
  declaration_list declarations;
  formal_list formals;
  setting setting;
  setting_list settings;
  statement *statement;
  statement_list statements;
}

%token START_MODEL START_EXPRESSION START_RULE
%token END_OF_FILE 0 "end of file"
%token NEWLINE "end of line"
%token SEMICOLON "';'"
%token <number> NUMBER "number"
%token <string> STRING "string"
%token <named> NAME "name"
/* is_reserved() in tokens.c: from MODEL to IMPORT, and OPTIMIZER. */
%token MODEL "'model'" LET "'let'" INPUT "'input'" TARGET "'target'" PARAM "'param'"
%token LAYER "'layer'" STATE "'state'" RETURN "'return'" REPEAT "'repeat'"
%token OUTPUT "'output'" LOSS "'loss'" METRIC "'metric'" TRAIN "'train'" IMPORT "'import'"
%token <named> OPTIMIZER "'optimizer'"
%token <named> ELLIPSIS "'...'"
%token IF "'if'" ARROW "'->'" PIPE "'|>'"
%token LESS_EQUAL "'<='" GREATER_EQUAL "'>='" EQUAL "'=='" NOT_EQUAL "'!='"

%type <expression> expr comparison sum product unary power postfix initializer
%type <entries> entries
%type <brackets> brackets shape
%type <arguments> arguments some_arguments
%type <declaration> let_one input_one param_one
%type <declarations> lets inputs params
%type <formals> formals some_formals
%type <setting> setting
%type <settings> settings
%type <named> setting_word
%type <statement> statement
%type <statements> statements

%%

start:
  START_MODEL statements            { state->statements = make_file(state, $2); }
| START_EXPRESSION expr NEWLINE     { state->expression = $2; }
| START_RULE rule NEWLINE
;

rule:
  expr ARROW expr                   { state->rewrite = (rewrite){$1, $3, NULL}; }
| expr ARROW expr IF expr           { state->rewrite = (rewrite){$1, $3, $5}; }
;

/* ---- statements --------------------------------------------------------------------------- */

statements:
  %empty                            { $$ = (statement_list){NULL, NULL}; }
| statements NEWLINE
| statements statement NEWLINE      { $$ = add_statement($1, $2); }
| statements error NEWLINE          { $$ = $1; yyerrok; }
;

statement:
  MODEL NAME                        { $$ = make_named(state, STATEMENT_MODEL, @$, $2, NULL); }
| LET lets                          { $$ = make_declaring(state, STATEMENT_LET, @$, $2); }
| INPUT inputs                      { $$ = make_declaring(state, STATEMENT_INPUT, @$, $2); }
| TARGET inputs                     { $$ = make_declaring(state, STATEMENT_TARGET, @$, $2); }
| PARAM params                      { $$ = make_declaring(state, STATEMENT_PARAM, @$, $2); }
| NAME shape '=' expr               { $$ = make_equation(state, @$, $1, $2, $4); }
| LAYER NAME '(' formals ')' '{' statements '}'
    { $$ = make_function(state, STATEMENT_LAYER, @$, $2, $4, $7); }
| OPTIMIZER NAME '(' formals ')' '{' statements '}'
    { $$ = make_function(state, STATEMENT_OPTIMIZER, @$, $2, $4, $7); }
| STATE NAME '=' expr               { $$ = make_named(state, STATEMENT_STATE, @$, $2, $4); }
| RETURN expr                       { $$ = make_valued(state, STATEMENT_RETURN, @$, $2); }
| REPEAT expr '{' statements '}'    { $$ = make_repeat(state, @$, (named){0}, $2, $4); }
| REPEAT NAME ':' expr '{' statements '}'
    { $$ = make_repeat(state, @$, $2, $4, $6); }
| OUTPUT expr                       { $$ = make_output(state, @$, $2, NULL); }
| OUTPUT expr '=' expr              { $$ = make_output(state, @$, $2, $4); }
| LOSS expr                         { $$ = make_valued(state, STATEMENT_LOSS, @$, $2); }
| METRIC expr                       { $$ = make_metric(state, @$, (named){0}, $2); }
| METRIC NAME '=' expr              { $$ = make_metric(state, @$, $2, $4); }
| TRAIN '{' settings '}'
    { $$ = make_statement(state, STATEMENT_TRAIN, @$); $$->settings = $3.first; }
| IMPORT STRING
    { $$ = make_statement(state, STATEMENT_IMPORT, @$); $$->string = $2; }
;

lets:
  let_one               { $$ = add_declaration(state, (declaration_list){NULL, NULL}, $1); }
| lets ',' let_one      { $$ = add_declaration(state, $1, $3); }
;

let_one: NAME '=' expr  { $$ = make_let($1, $3); }
;

inputs:
  input_one             { $$ = add_declaration(state, (declaration_list){NULL, NULL}, $1); }
| inputs ',' input_one  { $$ = add_declaration(state, $1, $3); }
;

input_one:
  NAME shape            { $$ = make_declaration(state, $1, $2); }
| NAME shape ':' NAME '(' expr ')'
    {
      $$ = make_declaration(state, $1, $2);
      $$.kind = $4.word;
      $$.kind_at = $4.where;
      $$.kind_argument = $6;
    }
;

params:
  param_one             { $$ = add_declaration(state, (declaration_list){NULL, NULL}, $1); }
| params ',' param_one  { $$ = add_declaration(state, $1, $3); }
;

param_one:
  NAME shape            { $$ = make_declaration(state, $1, $2); }
| NAME shape '~' initializer
    { $$ = make_declaration(state, $1, $2); $$.initializer = $4; }
;

initializer:
  NAME                    { $$ = make_name(state, $1); }
| NAME '(' arguments ')'  { $$ = make_call(state, @$, make_name(state, $1), $3); }
;

formals:
  %empty                { $$ = (formal_list){NULL, NULL}; }
| some_formals
;

some_formals:
  NAME shape            { $$ = add_formal(state, (formal_list){NULL, NULL}, $1, $2, NULL); }
| NAME shape '=' expr   { $$ = add_formal(state, (formal_list){NULL, NULL}, $1, $2, $4); }
| some_formals ',' NAME shape           { $$ = add_formal(state, $1, $3, $4, NULL); }
| some_formals ',' NAME shape '=' expr  { $$ = add_formal(state, $1, $3, $4, $6); }
;

shape:
  %empty                { $$ = (brackets){0}; }
| '[' brackets ']'      { $$ = $2; $$.where = @$; }
;

/* ---- settings ----------------------------------------------------------------------------- */

settings:
  %empty                      { $$ = (setting_list){NULL, NULL}; }
| settings NEWLINE
| settings setting NEWLINE    { $$ = add_setting(state, $1, $2); }
| settings error NEWLINE      { $$ = $1; yyerrok; }
;

setting:
  setting_word expr
    { $$ = (setting){.where = $1.where, .word = $1.word, .value = $2}; }
| setting_word '=' expr
    { $$ = (setting){.where = $1.where, .word = $1.word, .value = $3}; }
| setting_word NAME '=' expr
    { $$ = (setting){.where = $1.where, .word = $1.word, .member = $2.word, .value = $4}; }
| setting_word STRING '=' expr
    { $$ = (setting){.where = $1.where, .word = $1.word, .pattern = $2, .value = $4}; }
| setting_word expr '{' settings '}'
    { $$ = (setting){.where = $1.where, .word = $1.word, .value = $2, .nested = $4.first}; }
| setting_word '{' settings '}'
    { $$ = (setting){.where = $1.where, .word = $1.word, .nested = $3.first}; }
;

setting_word: NAME | OPTIMIZER
;

/* ---- expressions -------------------------------------------------------------------------- */

expr:
  comparison
| expr PIPE NAME
    { $$ = make_piped(state, @$, $1, $3, (argument_list){NULL, NULL}); }
| expr PIPE NAME '(' arguments ')'
    { $$ = make_piped(state, @$, $1, $3, $5); }
;

comparison:
  sum
| sum '<' sum           { $$ = make_binary(state, @$, @2, BINARY_LESS, $1, $3); }
| sum LESS_EQUAL sum    { $$ = make_binary(state, @$, @2, BINARY_LESS_EQUAL, $1, $3); }
| sum '>' sum           { $$ = make_binary(state, @$, @2, BINARY_GREATER, $1, $3); }
| sum GREATER_EQUAL sum { $$ = make_binary(state, @$, @2, BINARY_GREATER_EQUAL, $1, $3); }
| sum EQUAL sum         { $$ = make_binary(state, @$, @2, BINARY_EQUAL, $1, $3); }
| sum NOT_EQUAL sum     { $$ = make_binary(state, @$, @2, BINARY_NOT_EQUAL, $1, $3); }
;

sum:
  product
| sum '+' product       { $$ = make_binary(state, @$, @2, BINARY_ADD, $1, $3); }
| sum '-' product       { $$ = make_binary(state, @$, @2, BINARY_SUBTRACT, $1, $3); }
;

product:
  unary
| product '*' unary     { $$ = make_binary(state, @$, @2, BINARY_MULTIPLY, $1, $3); }
| product '/' unary     { $$ = make_binary(state, @$, @2, BINARY_DIVIDE, $1, $3); }
| product '@' unary     { $$ = make_binary(state, @$, @2, BINARY_MATMUL, $1, $3); }
;

unary:
  power
| '-' unary             { $$ = make_negate(state, @$, @1, $2); }
;

power:
  postfix
| postfix '^' unary     { $$ = make_binary(state, @$, @2, BINARY_POWER, $1, $3); }
;

postfix:
  NUMBER                      { $$ = make_number(state, @$, $1); }
| STRING                      { $$ = make_string(state, @$, $1); }
| NAME                        { $$ = make_name(state, $1); }
| '(' expr ')'                { $$ = in_parentheses($2, @$); }
| postfix '\''                { $$ = make_transpose(state, @$, @2, $1); }
| postfix '[' brackets ']'    { $3.where = place_span(@2, @4);
                                $$ = make_index(state, @$, $1, $3); }
| postfix '(' arguments ')'   { $$ = make_call(state, @$, $1, $3); }
;

brackets:
  %empty            { $$ = (brackets){.present = true}; }
| '|' expr          { $$ = (brackets){.present = true, .guard = $2}; }
| entries           { $$ = (brackets){.present = true, .entries = $1.first}; }
| entries '|' expr  { $$ = (brackets){.present = true, .entries = $1.first, .guard = $3}; }
;

entries:
  expr                        { $$ = add_entry(state, (entry_list){0}, @1, NULL, $1); }
| ELLIPSIS     { $$ = add_entry(state, (entry_list){0}, @1, NULL, make_name(state, $1)); }
| NAME ':' expr               { $$ = add_entry(state, (entry_list){0}, @$, $1.word, $3); }
| entries ',' expr            { $$ = add_entry(state, $1, @3, NULL, $3); }
| entries ',' ELLIPSIS        { $$ = add_entry(state, $1, @3, NULL, make_name(state, $3)); }
| entries ',' NAME ':' expr   { $$ = add_entry(state, $1, place_span(@3, @5), $3.word, $5); }
;

arguments:
  %empty                      { $$ = (argument_list){NULL, NULL}; }
| some_arguments
;

some_arguments:
  expr                        { $$ = add_argument(state, (argument_list){0}, @1, NULL, $1); }
| NAME '=' expr               { $$ = add_argument(state, (argument_list){0}, @$, $1.word, $3); }
| some_arguments ',' expr     { $$ = add_argument(state, $1, @3, NULL, $3); }
| some_arguments ',' NAME '=' expr
    { $$ = add_argument(state, $1, place_span(@3, @5), $3.word, $5); }
;

%%

enum { MOST_EXPECTED = 64 };

static int yyreport_syntax_error(const yypcontext_t *context, parser *state) {
  yysymbol_kind_t kinds[MOST_EXPECTED];
  const char *names[MOST_EXPECTED];
  int count = yypcontext_expected_tokens(context, kinds, MOST_EXPECTED);
  if (count < 0) return count;
  for (int i = 0; i < count; i++) names[i] = yysymbol_name(kinds[i]);
  const char *unexpected = yysymbol_name(yypcontext_token(context));
  tell_syntax_error(state, *yypcontext_location(context), unexpected, names, count);
  return 0;
}

/* With messages of our own, bison calls this only where its stack is exhausted. */
static void nn_error(const place *where, parser *state, const char *message) {
  (void)message;
  tell_exhausted(state, *where);
}
