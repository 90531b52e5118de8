/* Turns the text of --optimizer into an optimizer of the model and its hyperparameters. */
#include "call.h"

#include <stdio.h>
#include <string.h>

/* "a, b, c" */
static const char *listed(const char *const *names, size_t count, char *to, size_t bytes) {
  size_t length = 0;
  to[0] = '\0';
  for (size_t i = 0; i < count && length < bytes; i++)
    length += (size_t)snprintf(to + length, bytes - length, "%s%s", i ? ", " : "", names[i]);
  return to;
}

static bool find_optimizer(const nnrt_model *model, const char *name, size_t *index,
                           nnrt_failure *failure) {
  char names[256] = "";
  size_t length = 0;
  for (size_t i = 0; i < model->optimizers; i++) {
    if (strcmp(model->optimizer[i].name, name) == 0) {
      *index = i;
      return true;
    }
    if (length < sizeof names)
      length += (size_t)snprintf(names + length, sizeof names - length, "%s%s", i ? ", " : "",
                                 model->optimizer[i].name);
  }
  return nnrt_fail(failure, "--optimizer: this model has no '%s': choose of %s", name, names);
}

/* The place of an argument among the hyperparameters. */
static bool find_place(const nnrt_optimizer *optimizer, const nnrt_argument *argument,
                       size_t by_place, size_t *place, nnrt_failure *failure) {
  char names[256];
  size_t count = (size_t)optimizer->hyperparameters;
  listed(optimizer->hyperparameter, count, names, sizeof names);
  if (argument->name[0] == '\0') {
    *place = by_place;
    return by_place < count ||
           nnrt_fail(failure, "--optimizer: %s takes at most %zu numbers: %s", optimizer->name,
                     count, names);
  }
  for (size_t i = 0; i < count; i++)
    if (strcmp(optimizer->hyperparameter[i], argument->name) == 0) {
      *place = i;
      return true;
    }
  return nnrt_fail(failure, "--optimizer: %s has no '%s': it takes %s", optimizer->name,
                   argument->name, names);
}

static bool fill(const nnrt_optimizer *optimizer, const nnrt_call *call, double *value,
                 nnrt_failure *failure) {
  int given[NNRT_MAX_HYPERPARAMETERS] = {0};
  for (int i = 0; i < optimizer->hyperparameters; i++)
    value[i] = optimizer->default_value[i];
  for (size_t i = 0; i < call->arguments; i++) {
    const nnrt_argument *argument = &call->argument[i];
    size_t place = 0;
    if (!find_place(optimizer, argument, i, &place, failure))
      return false;
    if (given[place]++)
      return nnrt_fail(failure, "--optimizer: %s is given twice: leave one out",
                       optimizer->hyperparameter[place]);
    value[place] = argument->value;
  }
  for (int i = 0; i < optimizer->hyperparameters; i++)
    if (!given[i] && !optimizer->has_default[i])
      return nnrt_fail(failure, "--optimizer: %s needs its %s: write %s(%s = ...)", optimizer->name,
                       optimizer->hyperparameter[i], optimizer->name, optimizer->hyperparameter[i]);
  return true;
}

bool nnrt_optimizer_parse(const nnrt_model *model, const char *text, nnrt_settings *settings,
                          nnrt_failure *failure) {
  double value[NNRT_MAX_HYPERPARAMETERS] = {0};
  nnrt_call call;
  size_t index = 0;
  if (!nnrt_call_parse(text, "--optimizer", &call, failure) ||
      !find_optimizer(model, call.name, &index, failure) ||
      !fill(&model->optimizer[index], &call, value, failure))
    return false;
  settings->optimizer = (int)index;
  memcpy(settings->hyperparameter, value, sizeof value);
  return true;
}
