/* Turns the text of --decay, "0.01, h.*=0.1", into the weight decay of each parameter. */
#include "call.h"

#include <ctype.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 256 };

static bool fail_item(const char *item, nnrt_failure *failure) {
  return nnrt_fail(failure, "--decay: '%s' is not understood: write 0.01 for all parameters with "
                   "two or more axes, or 'PATTERN=0.01' for those whose names match, or several "
                   "with commas", item);
}

/* pattern NULL: parameters with two or more axes. False where none matches. */
static bool set_matching(const nnrt_model *model, const char *pattern, double value,
                         double *amount) {
  bool any = false;
  for (size_t i = 0; i < model->tensors; i++) {
    const nnrt_tensor *tensor = &model->tensor[i];
    if (tensor->role != NNRT_PARAMETER ||
        (pattern ? fnmatch(pattern, tensor->name, 0) != 0 : tensor->rank < 2))
      continue;
    any = true;
    if (amount)
      amount[i] = value;
  }
  return any || !pattern;
}

static const char *first_parameter(const nnrt_model *model) {
  for (size_t i = 0; i < model->tensors; i++)
    if (model->tensor[i].role == NNRT_PARAMETER)
      return model->tensor[i].name;
  return "none";
}

static bool take_item(const nnrt_model *model, char *item, double *amount,
                      nnrt_failure *failure) {
  char *equals = strrchr(item, '='), *end;
  const char *digits = equals ? equals + 1 : item;
  while (isspace((unsigned char)*digits))
    digits++;
  const double value = strtod(digits, &end);
  if (end == digits || *end != '\0' || equals == item)
    return fail_item(item, failure);
  if (!isfinite(value) || value < 0)
    return nnrt_fail(failure, "--decay: '%s' is not a number >= 0", digits);
  for (char *space = equals; space && space >= item && (*space == '=' || *space == ' '); space--)
    *space = '\0';
  return set_matching(model, equals ? item : NULL, value, amount) ||
         nnrt_fail(failure, "--decay: no parameter's name matches '%s': info lists them (%s, ...)",
                   item, first_parameter(model));
}

/* The next item between commas, without spaces around it; *text becomes NULL after the last. */
static void next_item(const char **text, char *item) {
  const char *at = *text + strspn(*text, " "), *comma = at + strcspn(at, ",");
  size_t length = (size_t)(comma - at);
  while (length > 0 && at[length - 1] == ' ')
    length--;
  snprintf(item, LONGEST, "%.*s", length < LONGEST ? (int)length : 0, at);
  *text = *comma ? comma + 1 : NULL;
}

bool nnrt_decay_parse(const nnrt_model *model, const char *text, double *amount,
                      nnrt_failure *failure) {
  char item[LONGEST];
  for (size_t i = 0; amount && i < model->tensors; i++)
    amount[i] = 0;
  while (text) {
    next_item(&text, item);
    if (!take_item(model, item, amount, failure))
      return false;
  }
  return true;
}
