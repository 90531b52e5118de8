/* message: turns what the parser met and what it would have taken into one readable error. */
#include "nn.tab.h"
#include "parser.h"

#include <string.h>

/* ---- a token that does not fit ------------------------------------------------------------ */

/* What the parser would have taken, by kind; `others` are signs worth naming one by one. */
typedef struct expectation {
  bool statement, setting, operand, word, string, end, end_of_file, operation;
  const char *others[8];
  int other_count;
} expectation;

static bool is_any(const char *symbol, const char *const *symbols) {
  for (; *symbols != NULL; symbols++)
    if (strcmp(symbol, *symbols) == 0)
      return true;
  return false;
}

static bool is_comparison(const char *symbol) {
  static const char *const signs[] = {"'<'", "'<='", "'>'", "'>='", "'=='", "'!='", NULL};
  return is_any(symbol, signs);
}

static bool is_operation(const char *symbol) {
  static const char *const signs[] = {"'+'", "'*'", "'/'", "'@'", "'^'", "'\\''", "'|>'", NULL};
  return is_any(symbol, signs) || is_comparison(symbol);
}

static bool is_reserved_word(const char *symbol) {
  return symbol[0] == '\'' && symbol[1] >= 'a' && symbol[1] <= 'z';
}

static void add_expected(expectation *wanted, const char *symbol) {
  static const char *const closing[] = {"'('", "')'", "']'", "','",  "'='",
                                        "'{'", "'}'", "':'", "'->'", NULL};
  int most = (int)(sizeof wanted->others / sizeof *wanted->others);
  if (strcmp(symbol, "'model'") == 0)
    wanted->statement = true;
  else if (strcmp(symbol, "'optimizer'") == 0)
    wanted->setting = true;
  else if (strcmp(symbol, "number") == 0)
    wanted->operand = true;
  else if (strcmp(symbol, "name") == 0)
    wanted->word = true;
  else if (strcmp(symbol, "string") == 0)
    wanted->string = true;
  else if (strcmp(symbol, "end of line") == 0)
    wanted->end = true;
  else if (strcmp(symbol, "end of file") == 0)
    wanted->end_of_file = true;
  else if (is_operation(symbol))
    wanted->operation = true;
  else if (is_any(symbol, closing) && wanted->other_count < most)
    wanted->others[wanted->other_count++] = symbol;
}

static bool wants(const expectation *wanted, const char *symbol) {
  for (int i = 0; i < wanted->other_count; i++)
    if (strcmp(wanted->others[i], symbol) == 0)
      return true;
  return false;
}

/* Inside brackets `=`, `:` and `(` are rarely what is missing; the closing sign is. */
static bool worth_naming(const expectation *wanted, const char *symbol) {
  static const char *const rare[] = {"'='", "':'", "'('", NULL};
  static const char *const call[] = {"'('", NULL};
  if (wants(wanted, "')'") || wants(wanted, "']'"))
    return !is_any(symbol, rare);
  if (wanted->operand || wanted->operation || wanted->end)
    return !is_any(symbol, call);
  return true;
}

static void append_choice(text *out, const char *choice, int *choices) {
  if ((*choices)++ > 0)
    text_append(out, " or ");
  text_append(out, choice);
}

static void append_expected(text *out, const expectation *wanted) {
  int choices = 0;
  if (wanted->statement) {
    text_append(out, "a statement");
    if (wants(wanted, "'}'"))
      text_append(out, " or '}'");
    return;
  }
  if (wanted->operand)
    append_choice(out, "an expression", &choices);
  else if (wanted->setting)
    append_choice(out, "a setting", &choices);
  else if (wanted->word)
    append_choice(out, "a name", &choices);
  else if (wanted->string)
    append_choice(out, "a string", &choices);
  if (wanted->end && !wanted->operand && !wanted->setting)
    append_choice(out, "the end of the line", &choices);
  if (wanted->end_of_file)
    append_choice(out, "the end of the text", &choices);
  for (int i = 0; i < wanted->other_count; i++)
    if (worth_naming(wanted, wanted->others[i]))
      append_choice(out, wanted->others[i], &choices);
  if (choices == 0)
    text_append(out, "an operator");
}

/* The token as the user sees it. A statement's end shows what made it. */
static const char *shown(parser *state, place where, const char *symbol) {
  const char *chars = state->file->chars, *end = chars + state->file->length;
  if (strcmp(symbol, "end of line") != 0) {
    if (where.begin == where.end)
      return symbol;
    int length = where.end - where.begin > 40 ? 40 : (int)(where.end - where.begin);
    const char *quote = chars[where.begin] == '"' ? "" : "'";
    return arena_printf(state->memory, "%s%.*s%s", quote, length, chars + where.begin, quote);
  }
  const char *next = chars + where.begin;
  while (next < end && (*next == ' ' || *next == '\t'))
    next++;
  if (next == end)
    return "the end of the file";
  return *next == ';' ? "';'" : *next == '}' ? "'}'" : "the end of the line";
}

/* ---- mistakes that deserve a sentence of their own ---------------------------------------- */

static const char *operator_mistake(const parser *state, const char *unexpected) {
  if (state->before_last == '*' && strcmp(unexpected, "'*'") == 0)
    return "'**' is no operator: the power is written x^2";
  if (state->before_last == '/' && strcmp(unexpected, "'/'") == 0)
    return "'//' is no operator: a comment begins with '#'";
  if (strcmp(unexpected, "'\\''") == 0)
    return "nothing stands before \"'\": transpose is written A', and strings stand in double "
           "quotes";
  return NULL;
}

static const char *known_mistake(parser *state, const expectation *wanted, place where,
                                 const char *unexpected) {
  bool reserved_before = state->before_last == OPTIMIZER ||
                         (state->before_last >= MODEL && state->before_last <= IMPORT);
  bool begins = wanted->statement || wanted->setting;
  const char *sign = shown(state, where, unexpected);
  const char *before = shown(state, state->before_last_at, "");
  if (reserved_before && strcmp(unexpected, "'='") == 0)
    return arena_printf(state->memory,
                        "%s is a reserved word and cannot be defined: leave out "
                        "'=', or choose another name",
                        before);
  if (is_reserved_word(unexpected) && !begins && (wanted->operand || wanted->word))
    return arena_printf(state->memory,
                        "%s is a reserved word and names nothing else: choose "
                        "another name",
                        sign);
  if (begins && (is_operation(unexpected) || strcmp(unexpected, "'-'") == 0))
    return arena_printf(state->memory,
                        "a line cannot begin with %s: leave it at the end of the "
                        "line before",
                        sign);
  if (state->before_last == PIPE)
    return arena_printf(state->memory, "right of '|>' stands a name or a call, not %s", sign);
  if (wanted->operation && is_comparison(unexpected))
    return "comparisons are not chained: write (a < b) * (b < c)";
  return wanted->operand ? operator_mistake(state, unexpected) : NULL;
}

/* ---- where the statement goes on ---------------------------------------------------------- */

static void note_open_bracket(parser *state, const expectation *wanted) {
  const open_bracket *top = innermost(state);
  bool parenthesis = top != NULL && top->sign == '(' && wants(wanted, "')'");
  bool bracket = top != NULL && top->sign == '[' && wants(wanted, "']'");
  if (parenthesis || bracket)
    report_note(state->to, top->where, "to close this '%c'", top->sign);
}

/* A new line inside a bracket that its line does not close: the bracket was left open before. */
static bool left_open(const parser *state, place where) {
  const open_bracket *top = innermost(state);
  return top != NULL && top->sign != '{' && top->where.line < where.line && state->token_first &&
         !line_closes_bracket(state, where);
}

static void tell_left_open(parser *state) {
  open_bracket top = *innermost(state);
  report_error(state->to, top.where, "'%c' is never closed: '%c' is missing", top.sign,
               top.sign == '(' ? ')' : ']');
}

/* Makes the token source skip what belongs to the statement that went wrong. */
static void prepare_recovery(parser *state, place where, const char *unexpected) {
  if (strcmp(unexpected, "end of line") != 0)
    state->recovering = true;
  if (strcmp(unexpected, "'{'") == 0)
    skip_block(state);
  else if (state->token_first || strcmp(unexpected, "';'") == 0)
    if (!line_closes_bracket(state, where))
      forget_open_brackets(state);
}

void tell_syntax_error(parser *state, place where, const char *unexpected,
                       const char *const *expected, int count) {
  expectation wanted = {0};
  for (int i = 0; i < count; i++)
    add_expected(&wanted, expected[i]);
  bool brace = strcmp(unexpected, "'{'") == 0;
  bool told = state->recovering || (brace && state->brace_wanted);
  state->brace_wanted = strcmp(unexpected, "end of line") == 0 && wants(&wanted, "'{'");
  const char *mistake = known_mistake(state, &wanted, where, unexpected);
  if (!told && mistake == NULL && left_open(state, where)) {
    tell_left_open(state);
  } else if (!told && mistake != NULL) {
    report_error(state->to, where, "%s", mistake);
  } else if (!told) {
    text choices = text_new(state->memory);
    append_expected(&choices, &wanted);
    report_error(state->to, where, "expected %s before %s", choices.chars,
                 shown(state, where, unexpected));
    note_open_bracket(state, &wanted);
  }
  prepare_recovery(state, where, unexpected);
}

void tell_exhausted(parser *state, place where) {
  report_error(state->to, where,
               "the file is nested too deeply to be read from here on: name the "
               "inner parts in equations of their own");
}

/* ---- a character that begins no token ----------------------------------------------------- */

typedef struct lookalike {
  const char *sign, *remedy;
} lookalike;

static const lookalike lookalikes[] = {
    {"\xC2\xA0", "write a plain space"},
    {"\xC3\x97", "write '*'"},
    {"\xC2\xB7", "write '*'"},
    {"\xE2\x8B\x85", "write '*'"},
    {"\xC3\xB7", "write '/'"},
    {"\xE2\x88\x92", "write '-'"},
    {"\xE2\x80\x93", "write '-'"},
    {"\xE2\x80\x94", "write '-'"},
    {"\xE2\x89\xA4", "write '<='"},
    {"\xE2\x89\xA5", "write '>='"},
    {"\xE2\x89\xA0", "write '!='"},
    {"\xE2\x86\x92", "write '->' or '|>'"},
    {"\xE2\x86\x90", "write '='"},
    {"\xE2\x80\x9C", "write '\"'"},
    {"\xE2\x80\x9D", "write '\"'"},
    {"\xE2\x80\x98", "write \"'\""},
    {"\xE2\x80\x99", "write \"'\""},
    {"\xE2\x80\xB2", "write \"'\""},
    {"\xC2\xB2", "write '^2'"},
    {"\xC2\xB3", "write '^3'"},
    {"\xE2\x88\x91", "write sum[i](...)"},
    {"\xE2\x88\x9A", "write sqrt(...)"},
    {"\xE2\x88\x82", "write grad(u, x)"},
    {"\xE2\x88\x87", "write grad(u, x)"},
    {"%", "there is no remainder operator"},
    {"&", "conditions are joined with '*'"},
    {"!", "'not c' is written 1 - c"},
    {"\\", "a line goes on behind an operator"},
    {"$", "remove it"},
    {".", "names hold letters, digits and '_'"},
};

static unsigned code_point(const char *chars, size_t length) {
  unsigned char lead = (unsigned char)chars[0];
  if (length <= 1)
    return lead;
  unsigned value = lead & (0xFFu >> (length + 1));
  for (size_t i = 1; i < length; i++)
    value = value << 6 | ((unsigned char)chars[i] & 0x3Fu);
  return value;
}

static const char *remedy_for(const char *chars, size_t length) {
  for (size_t i = 0; i < sizeof lookalikes / sizeof *lookalikes; i++)
    if (strlen(lookalikes[i].sign) == length && memcmp(lookalikes[i].sign, chars, length) == 0)
      return lookalikes[i].remedy;
  return NULL;
}

int refuse_character(parser *state, place where, const char *chars, size_t length) {
  unsigned point = code_point(chars, length);
  if (length == 1 && point >= 0x80)
    return refuse(state, where, "byte 0x%02X is not UTF-8: save the file as UTF-8", point);
  if (point < 0x20 || (point >= 0x7F && point < 0xA0) || point == 0xFEFF)
    return refuse(state, where, "control character U+%04X: remove it", point);
  const char *remedy = remedy_for(chars, length);
  if (length > 1 && remedy == NULL)
    remedy = "names hold a-z, A-Z, 0-9, '_' and Greek letters";
  return refuse(state, where, "the character '%.*s' (U+%04X) has no meaning here: %s", (int)length,
                chars, point, remedy == NULL ? "remove it" : remedy);
}
