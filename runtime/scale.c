/* scale.c: what the samples learned from teach about inputs, and its use in batches.
 *
 *   scale     each element of an input: less its mean, over its standard deviation (of the
 *             population; Welford 1962), or less its least, over its range; a constant over 1
 *
 * Where classes are weighed by how often they occur (weigh.c) they are counted on the way.
 */
#include "scale.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"

/* ---- which, and how ----------------------------------------------------------------------- */

/* Takes the next "x" or "x=minmax" off the text: the tensor's number, or -1. */
static int next_scaled(const nnrt_model *model, const char **text, bool *range) {
  const char *begin = *text + strspn(*text, ", "), *end = begin + strcspn(begin, ", =");
  const char *way = *end == '=' ? end + 1 : NULL;
  *text = way ? way + strcspn(way, ", ") : end;
  *range = way && *text - way == 6 && strncmp(way, "minmax", 6) == 0;
  const bool standard = way && *text - way == 8 && strncmp(way, "standard", 8) == 0;
  if (way && !*range && !standard) return -1;
  for (size_t k = 0; k < model->inputs; k++) {
    const nnrt_tensor *tensor = &model->tensor[k];
    if (tensor->kind == NNRT_REAL && strlen(tensor->name) == (size_t)(end - begin) &&
        strncmp(tensor->name, begin, (size_t)(end - begin)) == 0)
      return (int)k;
  }
  return -1;
}

bool nnrt_scale_parse(const nnrt_model *model, const char *text, nnrt_failure *failure) {
  const char *at = text;
  bool range;
  if (strcmp(text, "none") == 0) return true;
  while (*at) {
    if (next_scaled(model, &at, &range) < 0)
      return nnrt_fail(failure, "--scale: '%s': inputs of real numbers are scaled, as in 'x, "
                       "u=minmax', or none", text);
    at += strspn(at, ", ");
  }
  return true;
}

/* ---- fitting ------------------------------------------------------------------------------ */

/* Of each element: mean and sum of squares around it, or least and largest. */
typedef struct fitting {
  size_t tensor, elements;
  bool range;
  double *first, *second; /* [elements] */
  double samples;
} fitting;

static double value_at(const nnrt_dataset *data, const void *values, size_t at) {
  return data->real_bytes == 8 ? ((const double *)values)[at]
                               : (double)((const float *)values)[at];
}

static void take_value(fitting *of, size_t e, double value) {
  if (of->range) {
    of->first[e] = of->samples > 1 ? fmin(of->first[e], value) : value;
    of->second[e] = of->samples > 1 ? fmax(of->second[e], value) : value;
    return;
  }
  const double away = value - of->first[e];
  of->first[e] += away / of->samples;
  of->second[e] += away * (value - of->first[e]);
}

static void take_samples(fitting *of, const nnrt_dataset *data, const void *values, size_t n) {
  for (size_t i = 0; i < n; i++) {
    of->samples++;
    for (size_t e = 0; e < of->elements; e++)
      take_value(of, e, value_at(data, values, i * of->elements + e));
  }
}

/* From sums to what is divided by. */
static void finish(fitting *of) {
  for (size_t e = 0; e < of->elements; e++) {
    const double spread = of->range ? of->second[e] - of->first[e]
                                    : sqrt(of->second[e] / of->samples);
    of->second[e] = spread > 0 ? spread : 1;
  }
}

typedef struct fittings {
  fitting *one;
  size_t count;
  const double *class_weight;
  double *counted;        /* [limit]: samples of each class                                   */
  int class, weight;      /* tensors; -1: none                                                */
} fittings;

static void take_batch(fittings *all, const nnrt_dataset *data, void *const *values, size_t n) {
  for (size_t k = 0; k < all->count; k++)
    take_samples(&all->one[k], data, values[all->one[k].tensor], n);
  for (size_t i = 0; all->counted && i < n; i++)
    all->counted[((const int32_t *)values[all->class])[i]]++;
}

enum { AT_A_TIME = 256 };

static bool take_all(fittings *all, const nnrt_dataset *data, nnrt_order *order,
                     nnrt_failure *failure) {
  size_t index[AT_A_TIME];
  nnrt_batch room = {0, NULL};
  bool good = nnrt_batch_new(data->tensor, data->tensors, data->real_bytes, AT_A_TIME, &room,
                             failure);
  nnrt_order_epoch(order, 0);
  for (size_t begin = 0, n; good && begin < order->learned; begin += n) {
    n = order->learned - begin < AT_A_TIME ? order->learned - begin : AT_A_TIME;
    nnrt_order_take(order, begin, n, index);
    good = nnrt_data_gather(data, index, n, room.values, failure);
    if (good) take_batch(all, data, room.values, n);
  }
  nnrt_batch_free(&room);
  return good;
}

/* Prepares what is to be fitted and is not known from earlier weights. */
static bool begin(fittings *all, const nnrt_model *model, const nnrt_settings *settings,
                  nnrt_encoding *encoding) {
  const char *scale = settings->scale;
  const char *at = scale && strcmp(scale, "none") != 0 ? scale : "";
  all->one = calloc(model->inputs + 1, sizeof *all->one);
  if (!all->one) return false;
  while (*at && all->count < model->inputs) {
    bool range;
    const int k = next_scaled(model, &at, &range);
    at += strspn(at, ", ");
    if (k < 0 || encoding->of[k].scale) continue;
    fitting *one = &all->one[all->count++];
    *one = (fitting){.tensor = (size_t)k, .elements = model->tensor[k].elements, .range = range};
    one->first = calloc(2 * one->elements + 1, sizeof *one->first);
    if (!one->first) return false;
    one->second = one->first + one->elements;
  }
  if (all->weight < 0 || encoding->of[all->weight].weight ||
      !nnrt_weights_counted(settings->class_weights))
    return true;
  all->counted = calloc((size_t)model->tensor[all->class].limit, sizeof *all->counted);
  return all->counted != NULL;
}

bool nnrt_fit(const nnrt_model *model, const nnrt_settings *settings, const nnrt_dataset *data,
              nnrt_order *order, nnrt_failure *failure) {
  nnrt_encoding *encoding = data->encoding;
  fittings all = {.class = data->weighs, .weight = data->weighed};
  bool good = begin(&all, model, settings, encoding) || nnrt_fail(failure, "out of memory");
  if (good && (all.count > 0 || all.counted)) good = take_all(&all, data, order, failure);
  for (size_t k = 0; all.one && k < all.count; k++) {
    finish(&all.one[k]);
    nnrt_tensor_encoding *to = &encoding->of[all.one[k].tensor];
    if (good) to->scale = all.one[k].first;
    else free(all.one[k].first);
    to->fitted = good;
  }
  if (good && all.counted) {
    nnrt_tensor_encoding *to = &encoding->of[all.weight];
    to->weights = (size_t)model->tensor[all.class].limit;
    nnrt_weights_balance(all.counted, to->weights);
    to->weight = all.counted;
    to->fitted = true;
  } else {
    free(all.counted);
  }
  free(all.one);
  if (good && all.weight >= 0 && !encoding->of[all.weight].weight)
    good = nnrt_weights_take(settings->class_weights, data, failure);
  return good;
}

static void forget(nnrt_tensor_encoding *one, bool scale, bool weight) {
  if (scale) {
    free(one->scale);
    one->scale = NULL;
  }
  if (weight) {
    free(one->weight);
    one->weight = NULL;
    one->weights = 0;
  }
}

void nnrt_encoding_forget(nnrt_encoding *encoding, bool scales, bool weights) {
  for (size_t k = 0; encoding->of && k < encoding->tensors; k++)
    forget(&encoding->of[k], scales, weights);
}

void nnrt_unfit(nnrt_encoding *encoding) {
  for (size_t k = 0; k < encoding->tensors; k++) {
    if (!encoding->of[k].fitted) continue;
    forget(&encoding->of[k], true, true);
    encoding->of[k].fitted = false;
  }
}

/* ---- use ---------------------------------------------------------------------------------- */

static void put(const nnrt_dataset *data, void *values, size_t at, double value) {
  if (data->real_bytes == 8)
    ((double *)values)[at] = value;
  else
    ((float *)values)[at] = (float)value;
}

void nnrt_scale_apply(const nnrt_dataset *data, size_t k, size_t n, void *values) {
  const size_t elements = data->tensor[k].elements;
  const double *shift = data->encoding->of ? data->encoding->of[k].scale : NULL;
  if (!shift) return;
  const double *divisor = shift + elements;
  for (size_t i = 0; i < n; i++)
    for (size_t e = 0; e < elements; e++) {
      const size_t at = i * elements + e;
      put(data, values, at, (value_at(data, values, at) - shift[e]) / divisor[e]);
    }
}
