/* tokens: turns raw tokens into what the grammar reads: newlines that end no statement go, the end
 * of a statement before `}` and at the end of the file comes, and brackets are paired.
 *
 * An error that is seen here is told here; the parser then gets the error token, drops the
 * statement without a message of its own, and goes on behind its end. */
#include "nn.tab.h"
#include "parser.h"

#include <string.h>

int refuse(parser *state, place where, const char *format, ...) {
  if (!state->recovering) {
    va_list arguments;
    text message = text_new(state->memory);
    va_start(arguments, format);
    text_vprintf(&message, format, arguments);
    va_end(arguments);
    report_error(state->to, where, "%s", message.chars);
  }
  state->recovering = true;
  return NN_error;
}

/* What next_token gives where a raw token ends nothing and is no token: look at the next one. */
enum { AGAIN = -1 };

/* ---- the stack of open brackets ----------------------------------------------------------- */

const open_bracket *innermost(const parser *state) {
  return state->open_count == 0 ? NULL : &state->open[state->open_count - 1];
}

static bool in_parentheses_or_brackets(const parser *state) {
  const open_bracket *top = innermost(state);
  return top != NULL && top->sign != '{';
}

static bool in_block(const parser *state) {
  for (size_t i = 0; i < state->open_count; i++)
    if (state->open[i].sign == '{')
      return true;
  return false;
}

void forget_open_brackets(parser *state) {
  while (in_parentheses_or_brackets(state))
    state->open_count--;
  state->beyond_limit = 0;
}

static int closing_of(int opening) {
  return opening == '(' ? ')' : opening == '[' ? ']' : '}';
}

static int open_one(parser *state, int sign, place where) {
  if (state->open_count >= NESTING_LIMIT) {
    if (state->beyond_limit++ > 0)
      return sign;
    return refuse(state, where,
                  "brackets are nested deeper than %d levels: name the inner parts in "
                  "equations of their own",
                  NESTING_LIMIT);
  }
  open_bracket opened = {where, (char)sign};
  ARENA_PUSH(state->memory, state->open, state->open_count, state->open_capacity, opened);
  return sign;
}

/* Tells of the innermost bracket, which is round or square, that nothing closes it. */
static int refuse_unclosed(parser *state) {
  open_bracket top = *innermost(state);
  forget_open_brackets(state);
  return refuse(state, top.where, "'%c' is never closed: '%c' is missing", top.sign,
                closing_of(top.sign));
}

/* A `)` or `]`. One that pairs with nothing closes the bracket that it most likely stands for. */
static int close_one(parser *state, int sign, place where) {
  if (state->beyond_limit > 0) {
    state->beyond_limit--;
    return sign;
  }
  if (!in_parentheses_or_brackets(state))
    return refuse(state, where,
                  "'%c' closes nothing: '%c' is missing before it, or it is one too "
                  "many",
                  sign, sign == ')' ? '(' : '[');
  open_bracket top = state->open[--state->open_count];
  if (closing_of(top.sign) == sign)
    return sign;
  if (!state->recovering) {
    refuse(state, where, "expected '%c' before '%c'", closing_of(top.sign), sign);
    report_note(state->to, top.where, "to close this '%c'", top.sign);
  }
  const open_bracket *below = innermost(state);
  if (below != NULL && closing_of(below->sign) == sign)
    state->open_count--;
  return NN_error;
}

bool line_closes_bracket(const parser *state, place where) {
  int depth = 0;
  for (size_t i = where.begin; i < state->file->length; i++) {
    char here = state->file->chars[i];
    if (here == '\n' || here == '#')
      break;
    depth += (here == '(' || here == '[') - (here == ')' || here == ']');
    if (depth < 0)
      return true;
  }
  return false;
}

/* ---- tokens as they come ------------------------------------------------------------------ */

static bool is_reserved(int token) {
  return token == OPTIMIZER || (token >= MODEL && token <= IMPORT);
}

/* A statement goes on behind these, so a newline there is none. */
static bool continues(int token) {
  switch (token) {
  case NEWLINE:
  case PIPE:
  case ARROW:
  case LESS_EQUAL:
  case GREATER_EQUAL:
  case EQUAL:
  case NOT_EQUAL:
    return true;
  default:
    return token > 0 && token < 128 && strchr("+-*/@^<>=,{", token) != NULL;
  }
}

static int hold(parser *state, int token, place where, int instead) {
  state->has_held = true;
  state->held = token;
  state->held_at = where;
  state->held_first = state->token_first;
  return instead;
}

static int take(parser *state, NN_STYPE *value, place *where) {
  if (state->has_held) {
    state->has_held = false;
    *where = state->held_at;
    state->token_first = state->held_first;
    const char *chars = state->file->chars + where->begin;
    value->named = (named){*where, name_of_length(state->names, chars, where->end - where->begin)};
    return state->held;
  }
  int token = raw_token(value, where, state->scanner);
  state->token_first = state->line_begins;
  state->line_begins = token == NEWLINE;
  if (token == END_OF_FILE)
    *where = advance(state, "", 0);
  return token;
}

void skip_block(parser *state) {
  NN_STYPE value;
  place where;
  for (int depth = 1; depth > 0;) {
    int token = take(state, &value, &where);
    depth += (token == '{') - (token == '}');
    if (token != END_OF_FILE)
      continue;
    hold(state, token, where, AGAIN);
    depth = 0;
  }
  forget_open_brackets(state);
  if (state->open_count > 0)
    state->open_count--;
  forget_open_brackets(state);
  state->last = NN_error; /* a newline behind the block ends the statement */
}

static place place_behind(place where) {
  for (size_t i = where.begin; i < where.end; i++)
    where.column += ((unsigned char)where.file->chars[i] & 0xC0) != 0x80;
  where.begin = where.end;
  return where;
}

/* What ends a statement stands right behind its last token. */
static int end_statement(parser *state, place *where) {
  *where = state->after_last;
  state->recovering = false;
  return NEWLINE;
}

static bool statement_is_open(const parser *state) {
  return state->last != NEWLINE && state->last != '{';
}

/* ---- one function for each kind of token that needs care ---------------------------------- */

static int newline_or_semicolon(parser *state, int token, place *where) {
  if (in_parentheses_or_brackets(state))
    return token == SEMICOLON ? SEMICOLON : AGAIN;
  bool dropped = token == NEWLINE ? continues(state->last) : !statement_is_open(state);
  return dropped ? AGAIN : end_statement(state, where);
}

/* A word that begins statements, first on its line: whatever is still open before it ends here. */
static int reserved_word(parser *state, int token, place *where) {
  if (!state->token_first)
    return token;
  if (in_parentheses_or_brackets(state)) {
    bool told = state->recovering;
    int refused = refuse_unclosed(state);
    return hold(state, token, *where, told ? AGAIN : refused);
  }
  if (!statement_is_open(state))
    return token;
  hold(state, token, *where, AGAIN);
  return end_statement(state, where);
}

static int closing_brace(parser *state, place *where) {
  if (!in_block(state))
    return refuse(state, *where, "'}' closes nothing: '{' is missing before it");
  if (in_parentheses_or_brackets(state)) {
    bool told = state->recovering;
    int refused = refuse_unclosed(state);
    return hold(state, '}', *where, told ? AGAIN : refused);
  }
  if (statement_is_open(state)) {
    hold(state, '}', *where, AGAIN);
    return end_statement(state, where);
  }
  state->open_count--;
  return '}';
}

/* Closes what the file left open, so that what was read so far is a tree all the same. */
static int end_of_file(parser *state, place *where) {
  if (in_parentheses_or_brackets(state)) {
    bool told = state->recovering;
    int refused = refuse_unclosed(state);
    return hold(state, END_OF_FILE, *where, told ? AGAIN : refused);
  }
  const open_bracket *top = innermost(state);
  if (state->last != NEWLINE && (top == NULL || state->last != '{')) {
    hold(state, END_OF_FILE, *where, AGAIN);
    return end_statement(state, where);
  }
  if (top == NULL)
    return END_OF_FILE;
  if (!state->block_told)
    report_error(state->to, top->where, "'{' is never closed: '}' is missing");
  state->block_told = true;
  state->open_count--;
  return hold(state, END_OF_FILE, *where, '}');
}

static int opening(parser *state, int token, place where) {
  int opened = open_one(state, token, where);
  if (token != '{' || !state->recovering || state->beyond_limit > 0)
    return opened;
  skip_block(state); /* the block of a statement that went wrong in its head */
  return AGAIN;
}

/* ---- what the parser calls ---------------------------------------------------------------- */

static int entrance_token(parser *state, place *where) {
  static const int tokens[] = {[ENTRANCE_MODEL] = START_MODEL,
                               [ENTRANCE_EXPRESSION] = START_EXPRESSION,
                               [ENTRANCE_RULE] = START_RULE};
  state->begun = true;
  *where = (place){.file = state->file, .line = 1, .column = 1};
  return tokens[state->entered];
}

static int next_token(parser *state, NN_STYPE *value, place *where) {
  int token = take(state, value, where);
  switch (token) {
  case NEWLINE:
  case SEMICOLON:
    return newline_or_semicolon(state, token, where);
  case '(':
  case '[':
  case '{':
    return opening(state, token, *where);
  case ')':
  case ']':
    return close_one(state, token, *where);
  case '}':
    return closing_brace(state, where);
  case END_OF_FILE:
    return end_of_file(state, where);
  default:
    return is_reserved(token) ? reserved_word(state, token, where) : token;
  }
}

int nn_lex(NN_STYPE *value, place *where, parser *state) {
  if (!state->begun)
    return entrance_token(state, where);
  int token = AGAIN;
  while (token == AGAIN)
    token = next_token(state, value, where);
  state->before_last = state->last;
  state->last = token;
  if (token != NEWLINE) {
    state->before_last_at = state->last_at;
    state->last_at = *where;
    state->after_last = place_behind(*where);
  }
  return token;
}
