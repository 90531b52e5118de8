/* weigh.c: what each class counts, in place of the last target.
 *
 *   balanced        N / (K N_c) for a class that has N_c of the N samples learned from, K classes
 *                   that occur; a class without samples weighs 0, as nothing is known of it
 *   1, 2, 0.5       a number for each class
 *   a=2, "b, c"=5   by words or numbers of classes; the others weigh 1
 *   none            1
 */
#include "scale.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "csv.h"

/* ---- as given ----------------------------------------------------------------------------- */

static bool fail_text(const char *text, size_t classes, nnrt_failure *failure) {
  return nnrt_fail(failure, "--weights: '%s': say balanced, none, numbers >= 0 for all %zu classes "
                   "('1, 2, 0.5'), or NAME=NUMBER for some", text, classes);
}

static bool fail_class(const char *name, size_t classes, const nnrt_labels *labels,
                       nnrt_failure *failure) {
  if (labels->count > 0)
    return nnrt_fail(failure, "--weights: there is no class '%s'; there are %s", name,
                     nnrt_show_labels(labels).chars);
  return nnrt_fail(failure, "--weights: there is no class '%s'; they are numbers from 0 to %zu",
                   name, classes - 1);
}

/* The class of a word, else of a number; `classes`: none. */
static size_t class_named(const char *name, size_t classes, const nnrt_labels *labels) {
  double number;
  for (int32_t class = 0; nnrt_label_of(labels, class); class++)
    if (strcmp(nnrt_label_of(labels, class), name) == 0) return (size_t)class;
  const char *end = labels->count > 0 ? NULL : nnrt_read_decimal(name, &number);
  const bool whole = end && *end == '\0' && number >= 0 && number < (double)classes &&
                     !(floor(number) < number);
  return whole ? (size_t)number : classes;
}

/* The number behind the last '=', or the whole; the name before it, or "", is cut off in place. */
static bool read_item(char *item, const char **name, double *value) {
  char *equals = strrchr(item, '='), *number = equals ? equals + 1 : item;
  *name = equals ? item : "";
  while (equals && equals > item && equals[-1] == ' ') equals--;
  if (equals) *equals = '\0';
  number += strspn(number, " ");
  const char *end = nnrt_read_decimal(number, value);
  return end && end[strspn(end, " ")] == '\0' && isfinite(*value) && *value >= 0;
}

/* weight NULL: only looks whether the text can be understood. */
static bool read_items(const char *text, char **item, size_t items, size_t classes,
                       const nnrt_labels *labels, double *weight, nnrt_failure *failure) {
  bool by_name = false;
  for (size_t k = 0; k < items; k++) {
    const char *name;
    double value;
    if (!read_item(item[k], &name, &value) || (k > 0 && by_name != (*name != '\0')))
      return fail_text(text, classes, failure);
    by_name = *name != '\0';
    const size_t class = by_name && weight ? class_named(name, classes, labels) : k;
    if (class >= classes && by_name && weight) return fail_class(name, classes, labels, failure);
    if (weight && class < classes) weight[class] = value;
  }
  return by_name || items == classes || fail_text(text, classes, failure);
}

static bool is_word(const char *text, const char *word) { return strcmp(text, word) == 0; }

static bool read_text(const char *text, size_t classes, const nnrt_labels *labels, double *weight,
                      nnrt_failure *failure) {
  char **item;
  size_t items;
  if (is_word(text, "none") || is_word(text, "balanced")) return true;
  if (!nnrt_csv_names(text, &item, &items, failure)) return fail_text(text, classes, failure);
  const bool good = read_items(text, item, items, classes, labels, weight, failure);
  nnrt_csv_names_free(item, items);
  return good;
}

static const nnrt_tensor *weighed_class(const nnrt_model *model, const char *setting) {
  const char *equals = setting ? strchr(setting, '=') : NULL;
  for (size_t k = 0; equals && k < model->inputs + model->targets; k++)
    if (is_word(equals + 1, model->tensor[k].name)) return &model->tensor[k];
  return NULL;
}

bool nnrt_weights_parse(const nnrt_model *model, const char *text, nnrt_failure *failure) {
  const nnrt_tensor *class = weighed_class(model, model->settings.weights);
  if (!class)
    return nnrt_fail(failure, "--weights: the model weighs no class: write `weights w = "
                     "balanced(y)` in its `train`, and w into its loss");
  return read_text(text, (size_t)class->limit, NULL, NULL, failure);
}

/* ---- fitting ------------------------------------------------------------------------------ */

bool nnrt_weights_counted(const char *text) { return !text || is_word(text, "balanced"); }

void nnrt_weights_balance(double *counted, size_t classes) {
  double samples = 0, there = 0;
  for (size_t k = 0; k < classes; k++) {
    samples += counted[k];
    there += counted[k] > 0;
  }
  for (size_t k = 0; k < classes; k++)
    if (counted[k] > 0) counted[k] = samples / (there * counted[k]);
}

bool nnrt_weights_take(const char *text, const nnrt_dataset *data, nnrt_failure *failure) {
  nnrt_tensor_encoding *to = &data->encoding->of[data->weighed];
  const size_t classes = (size_t)data->tensor[data->weighs].limit;
  to->weight = malloc(classes * sizeof *to->weight);
  if (!to->weight) return nnrt_fail(failure, "out of memory");
  to->weights = classes;
  to->fitted = true;
  for (size_t k = 0; k < classes; k++) to->weight[k] = 1;
  return read_text(text, classes, &data->encoding->of[data->weighs].labels, to->weight, failure);
}

/* ---- use ---------------------------------------------------------------------------------- */

void nnrt_weights_apply(const nnrt_dataset *data, size_t n, void *const *batch) {
  if (data->weighed < 0 || (size_t)data->weighed >= data->tensors) return;
  const nnrt_tensor_encoding *one = &data->encoding->of[data->weighed];
  const int32_t *class = batch[data->weighs];
  for (size_t i = 0; i < n; i++) {
    const double weight =
        one->weight && (size_t) class[i] < one->weights ? one->weight[class[i]] : 1;
    if (data->real_bytes == 8)
      ((double *)batch[data->weighed])[i] = weight;
    else
      ((float *)batch[data->weighed])[i] = (float)weight;
  }
}
