/* print: turns a tree into text that parses back to the same tree. */
#include "syntax.h"

#include <math.h>

/* How tightly the grammar binds; an operand that binds less than its place asks for stands in
 * parentheses. */
typedef enum binding {
  BINDS_PIPE,
  BINDS_COMPARISON,
  BINDS_SUM,
  BINDS_PRODUCT,
  BINDS_UNARY,
  BINDS_POWER,
  BINDS_POSTFIX,
} binding;

typedef struct operator_row {
  const char *sign;
  binding own, left, right;
} operator_row;

/* Sums and products group to the left; a power's exponent may begin with a sign. */
static const operator_row operators[] = {
    [BINARY_ADD] = {"+", BINDS_SUM, BINDS_SUM, BINDS_PRODUCT},
    [BINARY_SUBTRACT] = {"-", BINDS_SUM, BINDS_SUM, BINDS_PRODUCT},
    [BINARY_MULTIPLY] = {"*", BINDS_PRODUCT, BINDS_PRODUCT, BINDS_UNARY},
    [BINARY_DIVIDE] = {"/", BINDS_PRODUCT, BINDS_PRODUCT, BINDS_UNARY},
    [BINARY_MATMUL] = {"@", BINDS_PRODUCT, BINDS_PRODUCT, BINDS_UNARY},
    [BINARY_POWER] = {"^", BINDS_POWER, BINDS_POSTFIX, BINDS_UNARY},
    [BINARY_LESS] = {"<", BINDS_COMPARISON, BINDS_SUM, BINDS_SUM},
    [BINARY_LESS_EQUAL] = {"<=", BINDS_COMPARISON, BINDS_SUM, BINDS_SUM},
    [BINARY_GREATER] = {">", BINDS_COMPARISON, BINDS_SUM, BINDS_SUM},
    [BINARY_GREATER_EQUAL] = {">=", BINDS_COMPARISON, BINDS_SUM, BINDS_SUM},
    [BINARY_EQUAL] = {"==", BINDS_COMPARISON, BINDS_SUM, BINDS_SUM},
    [BINARY_NOT_EQUAL] = {"!=", BINDS_COMPARISON, BINDS_SUM, BINDS_SUM},
};

const char *binary_operation_sign(binary_operation operation) {
  return operators[operation].sign;
}

/* ---- expressions -------------------------------------------------------------------------- */

static void print_bound(text *out, const expression *value, binding least);

static binding binding_of(const expression *value) {
  switch (value->kind) {
  case EXPRESSION_NUMBER:
    return signbit(value->number) ? BINDS_UNARY : BINDS_POSTFIX;
  case EXPRESSION_NEGATE:
    return BINDS_UNARY;
  case EXPRESSION_BINARY:
    return operators[value->operation].own;
  case EXPRESSION_CALL:
    return value->piped ? BINDS_PIPE : BINDS_POSTFIX;
  default:
    return BINDS_POSTFIX;
  }
}

static void print_entries(text *out, const bracket_entry *entries, const expression *guard) {
  text_append(out, "[");
  for (const bracket_entry *entry = entries; entry != NULL; entry = entry->next) {
    if (entry != entries)
      text_append(out, ", ");
    if (entry->label != NULL)
      text_printf(out, "%s: ", entry->label);
    print_expression(out, entry->value);
  }
  if (guard != NULL) {
    text_append(out, entries == NULL ? "| " : " | ");
    print_expression(out, guard);
  }
  text_append(out, "]");
}

static void print_arguments(text *out, const argument *first) {
  text_append(out, "(");
  for (const argument *given = first; given != NULL; given = given->next) {
    if (given != first)
      text_append(out, ", ");
    if (given->label != NULL)
      text_printf(out, "%s = ", given->label);
    print_expression(out, given->value);
  }
  text_append(out, ")");
}

static void print_call(text *out, const expression *call) {
  if (!call->piped) {
    print_bound(out, call->left, BINDS_POSTFIX);
    print_arguments(out, call->arguments);
    return;
  }
  print_bound(out, call->arguments->value, BINDS_PIPE);
  text_append(out, " |> ");
  print_bound(out, call->left, BINDS_POSTFIX);
  if (call->arguments->next != NULL)
    print_arguments(out, call->arguments->next);
}

static void print_binary(text *out, const expression *value) {
  const operator_row *row = &operators[value->operation];
  bool tight = value->operation == BINARY_POWER;
  print_bound(out, value->left, row->left);
  text_printf(out, tight ? "%s" : " %s ", row->sign);
  print_bound(out, value->right, row->right);
}

static void print_unbound(text *out, const expression *value) {
  switch (value->kind) {
  case EXPRESSION_NUMBER:
    text_number(out, value->number);
    break;
  case EXPRESSION_STRING:
    text_printf(out, "\"%s\"", value->string);
    break;
  case EXPRESSION_NAME:
    text_append(out, value->word);
    break;
  case EXPRESSION_NEGATE:
    text_append(out, "-");
    print_bound(out, value->left, BINDS_UNARY);
    break;
  case EXPRESSION_BINARY:
    print_binary(out, value);
    break;
  case EXPRESSION_TRANSPOSE:
    print_bound(out, value->left, BINDS_POSTFIX);
    text_append(out, "'");
    break;
  case EXPRESSION_INDEX:
    print_bound(out, value->left, BINDS_POSTFIX);
    print_entries(out, value->entries, value->guard);
    break;
  case EXPRESSION_CALL:
    print_call(out, value);
    break;
  }
}

static void print_bound(text *out, const expression *value, binding least) {
  bool parentheses = binding_of(value) < least;
  if (parentheses)
    text_append(out, "(");
  print_unbound(out, value);
  if (parentheses)
    text_append(out, ")");
}

void print_expression(text *out, const expression *value) {
  print_bound(out, value, BINDS_PIPE);
}

/* ---- statements --------------------------------------------------------------------------- */

static void print_body(text *out, const statement *first, int level);

static void indent(text *out, int level) {
  for (int i = 0; i < level; i++)
    text_append(out, "  ");
}

static void print_shape(text *out, const bracket_entry *entries, bool has_brackets) {
  if (has_brackets)
    print_entries(out, entries, NULL);
}

static void print_value(text *out, const char *before, const expression *value) {
  if (value == NULL)
    return;
  text_append(out, before);
  print_expression(out, value);
}

static void print_declarations(text *out, const declaration *first) {
  for (const declaration *here = first; here != NULL; here = here->next) {
    text_append(out, here == first ? " " : ", ");
    text_append(out, here->word);
    print_shape(out, here->entries, here->has_brackets);
    print_value(out, " = ", here->value);
    if (here->kind != NULL) {
      text_printf(out, " : %s(", here->kind);
      print_expression(out, here->kind_argument);
      text_append(out, ")");
    }
    print_value(out, " ~ ", here->initializer);
  }
}

static void print_formals(text *out, const formal *first) {
  text_append(out, "(");
  for (const formal *here = first; here != NULL; here = here->next) {
    if (here != first)
      text_append(out, ", ");
    text_append(out, here->word);
    print_shape(out, here->entries, here->has_brackets);
    print_value(out, " = ", here->default_value);
  }
  text_append(out, ")");
}

/* Settings of a nested block define names, and look like it. */
static void print_settings(text *out, const setting *first, int level) {
  text_append(out, " {\n");
  for (const setting *here = first; here != NULL; here = here->next) {
    indent(out, level + 1);
    text_append(out, here->word);
    if (here->member != NULL)
      text_printf(out, " %s", here->member);
    if (here->pattern != NULL)
      text_printf(out, " \"%s\"", here->pattern);
    bool block = here->nested != NULL || here->value == NULL;
    bool equals = here->member != NULL || here->pattern != NULL || (level > 0 && !block);
    print_value(out, equals ? " = " : " ", here->value);
    if (block)
      print_settings(out, here->nested, level + 1);
    text_append(out, "\n");
  }
  indent(out, level);
  text_append(out, "}");
}

static void print_block(text *out, const statement *body, int level) {
  text_append(out, " {\n");
  print_body(out, body, level + 1);
  indent(out, level);
  text_append(out, "}");
}

static void print_function(text *out, const char *keyword, const statement *here, int level) {
  text_printf(out, "%s %s", keyword, here->word);
  print_formals(out, here->formals);
  print_block(out, here->body, level);
}

static void print_repeat(text *out, const statement *here, int level) {
  text_append(out, "repeat ");
  if (here->word != NULL)
    text_printf(out, "%s: ", here->word);
  print_expression(out, here->value);
  print_block(out, here->body, level);
}

/* `keyword word[entries] = value`, each part only where it is there. */
static void print_definition(text *out, const char *keyword, const statement *here) {
  text_append(out, keyword);
  if (here->word == NULL) {
    print_value(out, " ", here->value);
    return;
  }
  text_printf(out, *keyword == 0 ? "%s" : " %s", here->word);
  print_shape(out, here->entries, here->has_brackets);
  print_value(out, " = ", here->value);
}

static void print_declaring(text *out, const char *keyword, const statement *here) {
  text_append(out, keyword);
  print_declarations(out, here->declarations);
}

static void print_statement(text *out, const statement *here, int level) {
  switch (here->kind) {
  case STATEMENT_LET:
    print_declaring(out, "let", here);
    break;
  case STATEMENT_INPUT:
    print_declaring(out, "input", here);
    break;
  case STATEMENT_TARGET:
    print_declaring(out, "target", here);
    break;
  case STATEMENT_PARAM:
    print_declaring(out, "param", here);
    break;
  case STATEMENT_LAYER:
    print_function(out, "layer", here, level);
    break;
  case STATEMENT_OPTIMIZER:
    print_function(out, "optimizer", here, level);
    break;
  case STATEMENT_REPEAT:
    print_repeat(out, here, level);
    break;
  case STATEMENT_TRAIN:
    text_append(out, "train");
    print_settings(out, here->settings, 0);
    break;
  case STATEMENT_IMPORT:
    text_printf(out, "import \"%s\"", here->string);
    break;
  default: {
    static const char *const keywords[] = {
        [STATEMENT_MODEL] = "model",   [STATEMENT_EQUATION] = "",     [STATEMENT_STATE] = "state",
        [STATEMENT_RETURN] = "return", [STATEMENT_OUTPUT] = "output", [STATEMENT_LOSS] = "loss",
        [STATEMENT_METRIC] = "metric"};
    print_definition(out, keywords[here->kind], here);
  }
  }
}

static void print_body(text *out, const statement *first, int level) {
  for (const statement *here = first; here != NULL; here = here->next) {
    indent(out, level);
    print_statement(out, here, level);
    text_append(out, "\n");
  }
}

void print_statements(text *out, const statement *first) {
  print_body(out, first, 0);
}
