/* Opens the weights that --load names, under the names that --map and --map-file give. */
#include "file.h"
#include "session.h"

#include <stdlib.h>
#include <string.h>

/* Cuts a file into its lines, without what follows a '#' and spaces at the ends; empty ones are
 * left out. rule has room for all. */
static size_t cut_lines(char *text, const char **rule) {
  size_t rules = 0;
  for (char *line = text, *next; line; line = next) {
    next = strchr(line, '\n');
    if (next)
      *next++ = '\0';
    line[strcspn(line, "#\r")] = '\0';
    line += strspn(line, " \t");
    size_t length = strlen(line);
    while (length > 0 && strchr(" \t", line[length - 1]))
      line[--length] = '\0';
    if (length > 0)
      rule[rules++] = line;
  }
  return rules;
}

static size_t count_lines(const nnrt_contents *file) {
  size_t lines = 1;
  for (size_t k = 0; k < file->length; k++)
    lines += file->bytes[k] == '\n';
  return lines;
}

/* The rules of the command line, then those of the file. */
static bool map(nnrt_weights *weights, const nnrt_options *options, nnrt_failure *failure) {
  nnrt_contents file = {0};
  if (options->map_file && !nnrt_file_read(options->map_file, &file, failure))
    return false;
  size_t rules = (size_t)options->maps;
  const char **rule = malloc((rules + count_lines(&file)) * sizeof *rule);
  bool good = rule != NULL || nnrt_fail(failure, "out of memory");
  for (size_t k = 0; good && k < rules; k++)
    rule[k] = options->map[k];
  if (good && file.bytes)
    rules += cut_lines((char *)file.bytes, rule + rules);
  good = good && nnrt_weights_map(weights, rule, rules, failure);
  free(rule);
  nnrt_file_free(&file);
  return good;
}

nnrt_weights *nnrt_open_loaded(const nnrt_options *options, nnrt_failure *failure) {
  nnrt_weights *weights = nnrt_weights_open(options->load, failure);
  if (!weights || (options->maps == 0 && !options->map_file) || map(weights, options, failure))
    return weights;
  nnrt_weights_close(weights);
  return NULL;
}
