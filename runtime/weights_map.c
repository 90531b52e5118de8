/* weights_map.c: the names of a file of another program's to the model's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weights_file.h"

enum { MOST_STARS = 8 };

/* What the stars of a pattern stood for in a name. */
typedef struct stars {
  size_t count;
  const char *begin[MOST_STARS];
  size_t length[MOST_STARS];
} stars;

/* Does the pattern, up to `end`, stand for all of `name`? Each '*' takes as little as it can; one
 * that fails later takes more, so this runs through at most name's length for each star. */
static bool match(const char *pattern, const char *end, const char *name, stars *found) {
  while (pattern < end && *pattern != '*' && *pattern == *name) {
    pattern++;
    name++;
  }
  if (pattern == end) return *name == '\0';
  if (*pattern != '*' || found->count == MOST_STARS) return false;
  const size_t star = found->count;
  for (size_t length = 0;; length++) {
    found->count = star + 1;
    found->begin[star] = name;
    found->length[star] = length;
    if (match(pattern + 1, end, name + length, found)) return true;
    if (name[length] == '\0') break;
  }
  found->count = star;
  return false;
}

/* TO with its stars replaced; a new string, NULL without memory. */
static char *fill(const char *to, const stars *found) {
  size_t bytes = strlen(to) + 1, star = 0;
  for (size_t k = 0; k < found->count; k++) bytes += found->length[k];
  char *name = malloc(bytes), *at = name;
  for (; name && *to; to++) {
    if (*to != '*' || star == found->count) {
      *at++ = *to;
      continue;
    }
    memcpy(at, found->begin[star], found->length[star]);
    at += found->length[star++];
  }
  if (name) *at = '\0';
  return name;
}

static size_t count_stars(const char *text, const char *end) {
  size_t count = 0;
  for (; text < end; text++) count += *text == '*';
  return count;
}

static bool check_rule(const char *rule, nnrt_failure *failure) {
  const char *equals = strchr(rule, '=');
  if (!equals || equals == rule)
    return nnrt_fail(failure, "--map: '%s' is no rule: write FROM=TO, names of a tensor in the "
                     "file and in the model", rule);
  const size_t from = count_stars(rule, equals), to = count_stars(equals, strchr(equals, '\0'));
  if (from > MOST_STARS)
    return nnrt_fail(failure, "--map: '%s' has %zu stars; %d are the most", rule, from, MOST_STARS);
  return to <= from ||
         nnrt_fail(failure, "--map: '%s' has more stars after = than before it", rule);
}

/* The view's new name by the first rule that fits, which is counted in `used`. */
static bool rename_view(nnrt_weights *weights, nnrt_view *view, const char *const *rule,
                        size_t rules, size_t *used, nnrt_failure *failure) {
  for (size_t k = 0; k < rules; k++) {
    stars found = {0};
    const char *equals = strchr(rule[k], '=');
    if (!match(rule[k], equals, view->name, &found)) continue;
    used[k]++;
    char *name = fill(equals + 1, &found);
    if (!name) return nnrt_fail(failure, "%s: no memory", weights->path);
    weights->renamed[weights->renames++] = name;
    view->name = name;
    return true;
  }
  return true;
}

/* Takes out the views that have no name any more. */
static void drop_nameless(nnrt_weights *weights) {
  size_t kept = 0;
  for (size_t k = 0; k < weights->views; k++)
    if (*weights->view[k].name) weights->view[kept++] = weights->view[k];
  weights->views = kept;
}

/* "a, b, c, ...": names of what the file holds, those that begin with '@' left out. */
static void list_names(const nnrt_weights *weights, char *to, size_t bytes) {
  size_t length = 0;
  to[0] = '\0';
  for (size_t k = 0; k < weights->views; k++) {
    const char *name = weights->by_name[k]->name;
    if (name[0] == '@') continue;
    if (length + strlen(name) + 8 > bytes) {
      memcpy(to + length, ", ...", 6);
      return;
    }
    length += (size_t)snprintf(to + length, bytes - length, "%s%s", length ? ", " : "", name);
  }
}

static bool check_used(const nnrt_weights *weights, const char *const *rule, size_t rules,
                       const size_t *used, nnrt_failure *failure) {
  char names[400];
  list_names(weights, names, sizeof names);
  for (size_t k = 0; k < rules; k++)
    if (!used[k])
      return nnrt_fail(failure, "--map: '%s' fits no tensor of %s that earlier rules left; now it "
                       "holds %s", rule[k], weights->path, names);
  return true;
}

bool nnrt_weights_map(nnrt_weights *weights, const char *const *rule, size_t rules,
                      nnrt_failure *failure) {
  for (size_t k = 0; k < rules; k++)
    if (!check_rule(rule[k], failure)) return false;
  size_t *used = calloc(rules + 1, sizeof *used);
  weights->renamed = calloc(weights->views + 1, sizeof *weights->renamed);
  bool good = used && weights->renamed;
  if (!good) nnrt_fail(failure, "%s: no memory", weights->path);
  for (size_t k = 0; good && k < weights->views; k++)
    good = rename_view(weights, &weights->view[k], rule, rules, used, failure);
  good = good && check_used(weights, rule, rules, used, failure);
  free(used);
  if (!good) return false;
  drop_nameless(weights);
  return nnrt_weights_sort(weights, failure);
}
