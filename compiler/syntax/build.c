/* build: turns what a rule of the grammar has matched into a node of the tree. */
#include "parser.h"

#include <string.h>

place place_span(place from, place to) {
  if (to.end > from.end)
    from.end = to.end;
  return from;
}

/* Lists grow at their end: `list` is a struct of first and last. */
#define APPEND(list, item)                                                                         \
  do {                                                                                             \
    if ((list).last == NULL)                                                                       \
      (list).first = (item);                                                                       \
    else                                                                                           \
      (list).last->next = (item);                                                                  \
    (list).last = (item);                                                                          \
  } while (0)

/* ---- expressions -------------------------------------------------------------------------- */

static expression *make(parser *state, expression_kind kind, place where, place operator_at) {
  expression *made = arena_alloc(state->memory, sizeof *made);
  made->kind = kind;
  made->where = where;
  made->operator_at = operator_at;
  return made;
}

static int deeper(int depth, const expression *part) {
  return part != NULL && part->depth >= depth ? part->depth + 1 : depth;
}

/* The node itself, or a leaf in its place where the tree grows too deep. */
static expression *with_depth(parser *state, expression *made) {
  int depth = deeper(deeper(deeper(0, made->left), made->right), made->guard);
  for (bracket_entry *entry = made->entries; entry != NULL; entry = entry->next)
    depth = deeper(depth, entry->value);
  for (argument *given = made->arguments; given != NULL; given = given->next)
    depth = deeper(depth, given->value);
  made->depth = depth;
  if (depth < DEPTH_LIMIT)
    return made;
  if (!state->depth_told)
    report_error(state->to, made->where,
                 "the expression is nested deeper than %d levels: name "
                 "its parts in equations of their own",
                 DEPTH_LIMIT);
  state->depth_told = true;
  return make_number(state, made->where, 0);
}

expression *make_number(parser *state, place where, double number) {
  expression *made = make(state, EXPRESSION_NUMBER, where, where);
  made->number = number;
  return made;
}

expression *make_string(parser *state, place where, const char *string) {
  expression *made = make(state, EXPRESSION_STRING, where, where);
  made->string = string;
  return made;
}

expression *make_name(parser *state, named word) {
  expression *made = make(state, EXPRESSION_NAME, word.where, word.where);
  made->word = word.word;
  return made;
}

expression *make_negate(parser *state, place where, place sign, expression *operand) {
  expression *made = make(state, EXPRESSION_NEGATE, where, sign);
  made->left = operand;
  return with_depth(state, made);
}

expression *make_binary(parser *state, place where, place sign, binary_operation operation,
                        expression *left, expression *right) {
  expression *made = make(state, EXPRESSION_BINARY, where, sign);
  made->operation = operation;
  made->left = left;
  made->right = right;
  return with_depth(state, made);
}

expression *make_transpose(parser *state, place where, place sign, expression *operand) {
  expression *made = make(state, EXPRESSION_TRANSPOSE, where, sign);
  made->left = operand;
  return with_depth(state, made);
}

expression *make_index(parser *state, place where, expression *base, brackets inside) {
  expression *made = make(state, EXPRESSION_INDEX, where, inside.where);
  made->left = base;
  made->entries = inside.entries;
  made->guard = inside.guard;
  return with_depth(state, made);
}

/* Where the callee's name stands: under `sum[j](…)` it is the base of the index. */
static place callee_at(const expression *callee) {
  return callee->kind == EXPRESSION_INDEX ? callee->left->where : callee->where;
}

expression *make_call(parser *state, place where, expression *callee, argument_list arguments) {
  expression *made = make(state, EXPRESSION_CALL, where, callee_at(callee));
  made->left = callee;
  made->arguments = arguments.first;
  return with_depth(state, made);
}

expression *make_piped(parser *state, place where, expression *piped, named callee,
                       argument_list arguments) {
  argument_list all = add_argument(state, (argument_list){NULL, NULL}, piped->where, NULL, piped);
  all.first->next = arguments.first;
  expression *made = make(state, EXPRESSION_CALL, where, callee.where);
  made->left = make_name(state, callee);
  made->arguments = all.first;
  made->piped = true;
  return with_depth(state, made);
}

expression *in_parentheses(expression *inner, place where) {
  inner->where = where;
  return inner;
}

entry_list add_entry(parser *state, entry_list list, place where, name label, expression *value) {
  bracket_entry *made = arena_alloc(state->memory, sizeof *made);
  *made = (bracket_entry){.where = where, .label = label, .value = value};
  APPEND(list, made);
  return list;
}

argument_list add_argument(parser *state, argument_list list, place where, name label,
                           expression *value) {
  argument *made = arena_alloc(state->memory, sizeof *made);
  *made = (argument){.where = where, .label = label, .value = value};
  APPEND(list, made);
  return list;
}

/* ---- declarations, formals, settings ------------------------------------------------------ */

static void check_definable(parser *state, named word) {
  if (word.word != NULL && strcmp(word.word, "batch") == 0)
    report_error(state->to, word.where,
                 "'batch' is the axis of the samples and names nothing "
                 "else: choose another name");
}

/* Brackets have one form everywhere; a shape uses less of it than a reduction. */
static void check_shape(parser *state, brackets shape) {
  if (shape.guard != NULL)
    report_error(state->to, shape.guard->where,
                 "a condition behind '|' stands only in the "
                 "brackets of a reduction, as in sum[i | i < n](...)");
  for (bracket_entry *entry = shape.entries; entry != NULL; entry = entry->next)
    if (entry->label != NULL)
      report_error(state->to, entry->where,
                   "a declaration's brackets hold sizes only: write the "
                   "size without '%s:'",
                   entry->label);
}

declaration make_let(named word, expression *value) {
  return (declaration){.where = word.where, .word = word.word, .value = value};
}

declaration make_declaration(parser *state, named word, brackets shape) {
  check_shape(state, shape);
  return (declaration){.where = word.where,
                       .word = word.word,
                       .entries = shape.entries,
                       .has_brackets = shape.present};
}

declaration_list add_declaration(parser *state, declaration_list list, declaration made) {
  check_definable(state, (named){made.where, made.word});
  declaration *kept = arena_alloc(state->memory, sizeof *kept);
  *kept = made;
  APPEND(list, kept);
  return list;
}

formal_list add_formal(parser *state, formal_list list, named word, brackets shape,
                       expression *default_value) {
  check_definable(state, word);
  check_shape(state, shape);
  formal *made = arena_alloc(state->memory, sizeof *made);
  *made = (formal){.where = word.where,
                   .word = word.word,
                   .entries = shape.entries,
                   .has_brackets = shape.present,
                   .default_value = default_value};
  APPEND(list, made);
  return list;
}

setting_list add_setting(parser *state, setting_list list, setting made) {
  setting *kept = arena_alloc(state->memory, sizeof *kept);
  *kept = made;
  APPEND(list, kept);
  return list;
}

/* ---- statements --------------------------------------------------------------------------- */

statement_list add_statement(statement_list list, statement *added) {
  APPEND(list, added);
  return list;
}

statement *make_statement(parser *state, statement_kind kind, place where) {
  statement *made = arena_alloc(state->memory, sizeof *made);
  made->kind = kind;
  made->where = where;
  made->word_at = where;
  return made;
}

statement *make_valued(parser *state, statement_kind kind, place where, expression *value) {
  statement *made = make_statement(state, kind, where);
  made->value = value;
  return made;
}

statement *make_declaring(parser *state, statement_kind kind, place where, declaration_list list) {
  statement *made = make_statement(state, kind, where);
  made->declarations = list.first;
  return made;
}

statement *make_named(parser *state, statement_kind kind, place where, named word,
                      expression *value) {
  check_definable(state, word);
  statement *made = make_valued(state, kind, where, value);
  made->word = word.word;
  if (word.word != NULL)
    made->word_at = word.where;
  return made;
}

static void check_left_side(parser *state, brackets left) {
  if (left.guard != NULL)
    report_error(state->to, left.guard->where,
                 "a condition behind '|' stands only in the "
                 "brackets of a reduction; left of '=' write where(...) on the right instead");
  for (bracket_entry *entry = left.entries; entry != NULL; entry = entry->next) {
    bool bare = entry->label == NULL && entry->value->kind == EXPRESSION_NAME;
    check_definable(state, (named){entry->where, bare ? entry->value->word : entry->label});
  }
}

statement *make_equation(parser *state, place where, named word, brackets left, expression *value) {
  check_left_side(state, left);
  statement *made = make_named(state, STATEMENT_EQUATION, where, word, value);
  made->entries = left.entries;
  made->has_brackets = left.present;
  return made;
}

statement *make_output(parser *state, place where, expression *left, expression *value) {
  if (left->kind == EXPRESSION_NAME)
    return make_named(state, STATEMENT_OUTPUT, where, (named){left->where, left->word}, value);
  if (value == NULL)
    return make_valued(state, STATEMENT_OUTPUT, where, left);
  bool indexed = left->kind == EXPRESSION_INDEX && left->left->kind == EXPRESSION_NAME;
  if (!indexed) {
    report_error(state->to, left->where,
                 "left of '=' stands a name, or a name with indices, as in "
                 "'output p[t] = ...'");
    return make_valued(state, STATEMENT_OUTPUT, where, value);
  }
  check_left_side(state, (brackets){.entries = left->entries, .guard = left->guard});
  named word = {left->left->where, left->left->word};
  statement *made = make_named(state, STATEMENT_OUTPUT, where, word, value);
  made->entries = left->entries;
  made->has_brackets = true;
  return made;
}

statement *make_metric(parser *state, place where, named word, expression *value) {
  bool names_itself = value->kind == EXPRESSION_CALL || value->kind == EXPRESSION_NAME;
  if (word.word == NULL && !names_itself)
    report_error(state->to, value->where,
                 "a metric that is no call needs a name: write "
                 "'metric name = ...'");
  return make_named(state, STATEMENT_METRIC, where, word, value);
}

/* ---- what may stand where ----------------------------------------------------------------- */

#define ONE(kind) (1u << (kind))

static const unsigned IN_LAYER = ONE(STATEMENT_LET) | ONE(STATEMENT_PARAM) |
                                 ONE(STATEMENT_EQUATION) | ONE(STATEMENT_REPEAT) |
                                 ONE(STATEMENT_RETURN);
static const unsigned IN_REPEAT =
    ONE(STATEMENT_LET) | ONE(STATEMENT_PARAM) | ONE(STATEMENT_EQUATION) | ONE(STATEMENT_REPEAT);
static const unsigned IN_OPTIMIZER =
    ONE(STATEMENT_LET) | ONE(STATEMENT_STATE) | ONE(STATEMENT_EQUATION);
static const unsigned IN_FILE = ~(ONE(STATEMENT_RETURN) | ONE(STATEMENT_STATE));

static const char *const statement_words[] = {
    [STATEMENT_MODEL] = "'model'",   [STATEMENT_LET] = "'let'",
    [STATEMENT_INPUT] = "'input'",   [STATEMENT_TARGET] = "'target'",
    [STATEMENT_PARAM] = "'param'",   [STATEMENT_EQUATION] = "an equation",
    [STATEMENT_LAYER] = "'layer'",   [STATEMENT_OPTIMIZER] = "'optimizer'",
    [STATEMENT_STATE] = "'state'",   [STATEMENT_RETURN] = "'return'",
    [STATEMENT_REPEAT] = "'repeat'", [STATEMENT_OUTPUT] = "'output'",
    [STATEMENT_LOSS] = "'loss'",     [STATEMENT_METRIC] = "'metric'",
    [STATEMENT_TRAIN] = "'train'",   [STATEMENT_IMPORT] = "'import'"};

static void check_body(parser *state, const statement *body, unsigned allowed, const char *where,
                       const char *remedy) {
  for (; body != NULL; body = body->next)
    if ((allowed & ONE(body->kind)) == 0)
      report_error(state->to, body->where, "%s cannot stand %s: %s", statement_words[body->kind],
                   where, remedy);
}

statement *make_function(parser *state, statement_kind kind, place where, named word,
                         formal_list formals, statement_list body) {
  if (kind == STATEMENT_LAYER)
    check_body(state, body.first, IN_LAYER, "inside a layer",
               "a layer holds 'param', equations, 'repeat' and 'return'");
  else
    check_body(state, body.first, IN_OPTIMIZER, "inside an optimizer",
               "an optimizer holds 'state' and equations");
  statement *made = make_named(state, kind, where, word, NULL);
  made->formals = formals.first;
  made->body = body.first;
  return made;
}

statement *make_repeat(parser *state, place where, named copy, expression *count,
                       statement_list body) {
  check_body(state, body.first, IN_REPEAT, "inside 'repeat'",
             "'repeat' holds equations, 'param' and further 'repeat'");
  statement *made = make_named(state, STATEMENT_REPEAT, where, copy, count);
  made->body = body.first;
  return made;
}

statement *make_file(parser *state, statement_list body) {
  check_body(state, body.first, IN_FILE, "here",
             "'return' belongs inside a layer, 'state' inside an optimizer");
  return body.first;
}
