/* Turns "name(1, x = 2)" into a name and its arguments. */
#include "call.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *after_spaces(const char *at) {
  while (isspace((unsigned char)*at))
    at++;
  return at;
}

/* Copies the name that begins at *at, which moves behind it; false where there is none. */
static bool read_name(const char **at, char *to) {
  size_t length = 0;
  if (!isalpha((unsigned char)**at) && **at != '_')
    return false;
  for (; isalnum((unsigned char)**at) || **at == '_'; (*at)++)
    if (length + 1 < NNRT_CALL_NAME_BYTES)
      to[length++] = **at;
  to[length] = '\0';
  *at = after_spaces(*at);
  return true;
}

static bool read_number(const char **at, double *to) {
  char *end;
  *to = strtod(*at, &end);
  if (end == *at || !isfinite(*to))
    return false;
  *at = after_spaces(end);
  return true;
}

/* number, or name = number */
static bool read_argument(const char **at, nnrt_argument *to) {
  to->name[0] = '\0';
  if (read_name(at, to->name)) {
    if (**at != '=')
      return false;
    *at = after_spaces(*at + 1);
  }
  return read_number(at, &to->value);
}

static bool read_arguments(const char **at, nnrt_call *call) {
  if (**at == ')')
    return true;
  while (call->arguments < NNRT_MAX_HYPERPARAMETERS) {
    if (!read_argument(at, &call->argument[call->arguments++]))
      return false;
    if (**at != ',')
      return **at == ')';
    *at = after_spaces(*at + 1);
  }
  return false;
}

bool nnrt_call_read(const char **text, nnrt_call *call) {
  const char *at = after_spaces(*text);
  memset(call, 0, sizeof *call);
  bool right = read_name(&at, call->name);
  if (right && *at == '(') {
    at = after_spaces(at + 1);
    right = read_arguments(&at, call);
    at = right ? after_spaces(at + 1) : at;
  }
  *text = at;
  return right;
}

bool nnrt_call_parse(const char *text, const char *what, nnrt_call *call, nnrt_failure *failure) {
  const char *at = text;
  if (nnrt_call_read(&at, call) && *at == '\0')
    return true;
  return nnrt_fail(failure, "%s: '%s' is not understood from '%s' on: write name(number, ...) or "
                   "name(name = number, ...)", what, text, at);
}
