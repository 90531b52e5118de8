/* Turns the text of --schedule and --average, "cosine * warmup(100)", into the forms of forms.h and
 * their numbers. */
#include "call.h"

static bool fail_use(const form_set *set, const form *of, nnrt_failure *failure) {
  char use[96];
  form_show(of, use, sizeof use);
  return nnrt_fail(failure, "--%s: %s does not fit: write %s", set->setting, of->name, use);
}

static bool take_argument(const form_set *set, const form *of, const nnrt_argument *argument,
                          int place, bool *given, double *value, nnrt_failure *failure) {
  const bool by_name = argument->name[0] != '\0';
  const int k = by_name ? form_argument_named(of, argument->name) : place;
  if (k < 0 || k >= of->arguments || given[k])
    return fail_use(set, of, failure);
  given[k] = true;
  value[k] = argument->value;
  return form_takes(&of->argument[k], value[k]) ||
         nnrt_fail(failure, "--%s: %s of %s is %s, not %g", set->setting, of->argument[k].name,
                   of->name, form_range_text(&of->argument[k]), value[k]);
}

static bool take_call(const form_set *set, const nnrt_call *call, nnrt_factor *to,
                      nnrt_failure *failure) {
  bool given[FORM_ARGUMENTS] = {false};
  char all[512];
  to->form = form_named(set, call->name);
  if (to->form < 0) {
    form_list(set, all, sizeof all);
    return nnrt_fail(failure, "--%s: there is no '%s': choose of %s", set->setting, call->name,
                     all);
  }
  const form *of = &set->form[to->form];
  for (size_t i = 0; i < call->arguments; i++)
    if (!take_argument(set, of, &call->argument[i], (int)i, given, to->argument, failure))
      return false;
  for (int k = 0; k < of->arguments; k++) {
    if (!given[k] && !of->argument[k].has_default)
      return fail_use(set, of, failure);
    if (!given[k])
      to->argument[k] = of->argument[k].default_value;
  }
  return true;
}

bool nnrt_forms_parse(const form_set *set, const char *text, nnrt_product_of_forms *to,
                      nnrt_failure *failure) {
  const char *at = text;
  memset(to, 0, sizeof *to);
  while (at) {
    nnrt_call call;
    if (!nnrt_call_read(&at, &call))
      return nnrt_fail(failure,
                       "--%s: '%s' is not understood from '%s' on: write name(number, ...) "
                       "or name(name = number, ...)%s",
                       set->setting, text, at, set->factors > 1 ? ", or a product of them" : "");
    if (!take_call(set, &call, &to->factor[to->factors], failure))
      return false;
    to->factors++;
    if (*at == '\0')
      return true;
    if (*at != '*' || to->factors == set->factors)
      return nnrt_fail(failure, "--%s: '%s' has too much from '%s' on: %s", set->setting, text, at,
                       set->factors > 1 ? "write a product of at most 4, as cosine * warmup(100)"
                                        : "write one");
    at++;
  }
  return true;
}
