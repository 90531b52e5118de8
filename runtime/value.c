/* Turns the text of an option's value into a checked value at its place in nnrt_options. */
#include "call.h"
#include "cli.h"
#include "options_table.h"
#include "scale.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Decimal digits alone: strtoull by itself takes " -1". */
static bool read_whole(const char *text, double minimum, uint64_t largest, uint64_t *value) {
  char *end;
  if (!isdigit((unsigned char)*text))
    return false;
  errno = 0;
  *value = strtoull(text, &end, 10);
  return *end == '\0' && errno == 0 && (double)*value >= minimum && *value <= largest;
}

static bool read_number(const char *text, double *value) {
  char *end;
  if (isspace((unsigned char)*text))
    return false;
  *value = strtod(text, &end);
  return end != text && *end == '\0' && isfinite(*value);
}

static bool set_whole(const nnrt_option_row *option, const char *text, void *to,
                      nnrt_failure *failure) {
  uint64_t value;
  if (!read_whole(text, option->minimum, option->kind == COUNT ? INT_MAX : UINT64_MAX, &value))
    return nnrt_fail(failure, "--%s: '%s' is not a whole number >= %g%s", option->name, text,
                     option->minimum, option->kind == COUNT ? " (and < 2^31)" : "");
  if (option->kind == COUNT)
    *(int *)to = (int)value;
  else
    *(uint64_t *)to = value;
  return true;
}

static bool set_number(const nnrt_option_row *option, const char *text, double *to,
                       nnrt_failure *failure) {
  double value;
  if (!read_number(text, &value) || value < option->minimum)
    return nnrt_fail(failure, "--%s: '%s' is not a number >= %g", option->name, text,
                     option->minimum);
  *to = value;
  return true;
}

static bool set_holdout(const char *text, double *to, nnrt_failure *failure) {
  double value;
  const bool number = read_number(text, &value);
  if (!number || value < 0 || (value >= 1 && (value != floor(value) || strchr(text, '.'))))
    return nnrt_fail(failure, "--holdout: '%s' is neither a share 0 <= x < 1 nor a whole number of samples "
                     "(without a point)", text);
  *to = value;
  return true;
}

static bool set_choice(const nnrt_option_row *option, const char *text, const char **to,
                       nnrt_failure *failure) {
  *to = text;
  return nn_cli_is_choice(option->argument, text) ||
         nnrt_fail(failure, "--%s: '%s' is none of %s", option->name, text, option->argument);
}

static const nnrt_tensor *find_tensor(const nnrt_model *model, const char *name, size_t length) {
  for (size_t i = 0; i < model->inputs + model->targets; i++)
    if (strlen(model->tensor[i].name) == length && !strncmp(model->tensor[i].name, name, length))
      return &model->tensor[i];
  return NULL;
}

/* The names of what a data file may bring, for a message. */
static void list_tensors(const nnrt_model *model, char *to, size_t bytes) {
  size_t length = 0;
  to[0] = '\0';
  for (size_t i = 0; i < model->inputs + model->targets && length < bytes; i++)
    length += (size_t)snprintf(to + length, bytes - length, "%s%s", i ? ", " : "",
                               model->tensor[i].name);
}

/* "x=F" belongs to tensor x; a path that merely holds a '=' stays a path. */
static bool set_file(const nnrt_option_row *option, const nnrt_model *model, const char *text,
                     nnrt_file *to, nnrt_failure *failure) {
  char names[256];
  const char *equals = strchr(text, '=');
  const size_t length = equals ? (size_t)(equals - text) : 0;
  const nnrt_tensor *tensor = equals ? find_tensor(model, text, length) : NULL;
  to->tensor = tensor ? tensor->name : NULL;
  to->path = tensor ? equals + 1 : text;
  if (*to->path == '\0')
    return nnrt_fail(failure, "--%s: '%s' names no file: write --%s FILE", option->name, text,
                     option->name);
  if (equals && !tensor && !memchr(text, '/', length) && access(text, F_OK) != 0) {
    list_tensors(model, names, sizeof names);
    return nnrt_fail(failure, "--%s: '%.*s' is neither an input nor a target: the model has %s",
                     option->name, (int)length, text, names);
  }
  return true;
}

/* "x=a,b": the columns for tensor x. */
static bool set_columns(const nnrt_model *model, const char *text, nnrt_columns *to,
                        nnrt_failure *failure) {
  char names[256];
  const char *equals = strchr(text, '=');
  const nnrt_tensor *tensor = equals ? find_tensor(model, text, (size_t)(equals - text)) : NULL;
  list_tensors(model, names, sizeof names);
  if (!tensor || equals[1] == '\0')
    return nnrt_fail(failure, "--columns: '%s' is not written TENSOR=NAME,NAME with one of %s",
                     text, names);
  to->tensor = tensor->name;
  to->names = equals + 1;
  return true;
}

static bool set_scale(const nnrt_model *model, const char *text, const char **to,
                      nnrt_failure *failure) {
  *to = text;
  return nnrt_scale_parse(model, text, failure);
}

static bool set_weights(const nnrt_model *model, const char *text, const char **to,
                        nnrt_failure *failure) {
  *to = text;
  return nnrt_weights_parse(model, text, failure);
}

static bool set_forms(const form_set *set, const char *text, const char **to,
                      nnrt_failure *failure) {
  nnrt_product_of_forms product;
  *to = text;
  return nnrt_forms_parse(set, text, &product, failure);
}

static bool set_decay(const nnrt_model *model, const char *text, const char **to,
                      nnrt_failure *failure) {
  *to = text;
  return nnrt_decay_parse(model, text, NULL, failure);
}

bool nnrt_option_set(nnrt_option index, const nnrt_model *model, const char *text, int files,
                     nnrt_options *options, nnrt_failure *failure) {
  const nnrt_option_row *option = &nnrt_option_rows[index];
  nnrt_settings *settings = &options->settings;
  void *to = (char *)options + option->offset;
  switch (option->kind) {
  case FLAG: *(int *)to = 1; return true;
  case COUNT:
  case LONG: return set_whole(option, text, to, failure);
  case NUMBER: return set_number(option, text, to, failure);
  case HOLDOUT: return set_holdout(text, to, failure);
  case TEXT: *(const char **)to = text; return true;
  case CHOICE: return set_choice(option, text, to, failure);
  case SCHEDULE: return set_forms(&schedule_forms, text, to, failure);
  case AVERAGE: return set_forms(&average_forms, text, to, failure);
  case DECAY: return set_decay(model, text, to, failure);
  case OPTIMIZER: return nnrt_optimizer_parse(model, text, settings, failure);
  case SCALE_OF: return set_scale(model, text, to, failure);
  case WEIGHTS_OF: return set_weights(model, text, to, failure);
  case COLUMNS_OF:
    if (!nnrt_given(options, NNRT_OPTION_COLUMNS))
      settings->columns = 0;
    settings->column = options->columns;
    return set_columns(model, text, &options->columns[settings->columns++], failure);
  case MAP: options->map[options->maps++] = text; return true;
  case DATA_FILE:
    if (!nnrt_given(options, NNRT_OPTION_DATA))
      settings->data_files = 0;
    settings->data = options->files;
    return set_file(option, model, text, &options->files[settings->data_files++], failure);
  case TEST_FILE:
    if (!nnrt_given(options, NNRT_OPTION_TEST))
      settings->test_files = 0;
    settings->test_files++;
    settings->test = options->files + files - settings->test_files;
    return set_file(option, model, text, options->files + files - settings->test_files, failure);
  }
  return true;
}
