/* freeze.c: patterns of names to parameters that are put back after each update. */
#include "freeze.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_PATTERN = 256 };

/* The pattern that begins at *at, which moves behind it. */
static bool next_pattern(const char **at, char *pattern, nnrt_failure *failure) {
  const size_t length = strcspn(*at, ",");
  if (length == 0 || length >= LONGEST_PATTERN)
    return nnrt_fail(failure,
                     "--freeze: '%s' does not begin with a pattern: write names with * and "
                     "?, parted by commas",
                     *at);
  memcpy(pattern, *at, length);
  pattern[length] = '\0';
  *at += length + ((*at)[length] == ',');
  return true;
}

static bool add(const nnrt_model *model, void *block, const nnrt_piece *piece,
                nnrt_frozen *frozen) {
  nnrt_frozen_part *part = &frozen->part[frozen->parts];
  part->parameter = nnrt_piece_at(model, block, piece);
  part->gradient = nnrt_piece_gradient(model, block, piece);
  part->bytes = piece->elements * nnrt_dtype_bytes(piece->dtype);
  part->kept = malloc(part->bytes ? part->bytes : 1);
  if (!part->kept)
    return false;
  memcpy(part->kept, part->parameter, part->bytes);
  frozen->parts++;
  return true;
}

/* Marks what the pattern fits; one that fits nothing is a misspelt name. */
static bool mark(const nnrt_model *model, const nnrt_pieces *pieces, const char *pattern,
                 bool *marked, nnrt_failure *failure) {
  bool fits = false;
  for (size_t k = 0; k < pieces->count; k++)
    if (nnrt_is_parameter(model, &pieces->piece[k]) &&
        fnmatch(pattern, pieces->piece[k].name, 0) == 0)
      fits = marked[k] = true;
  return fits || nnrt_fail(failure, "--freeze: '%s' fits no parameter: info lists them", pattern);
}

static bool freeze_marked(const nnrt_model *model, void *block, const nnrt_pieces *pieces,
                          const bool *marked, nnrt_frozen *frozen, nnrt_failure *failure) {
  size_t left = 0;
  for (size_t k = 0; k < pieces->count; k++) {
    left += nnrt_is_parameter(model, &pieces->piece[k]) && !marked[k];
    if (marked[k] && !add(model, block, &pieces->piece[k], frozen))
      return nnrt_fail(failure, "out of memory");
  }
  return left > 0 || nnrt_fail(failure, "--freeze: all parameters are frozen: nothing is left to "
                               "learn");
}

bool nnrt_freeze(const nnrt_model *model, void *block, const char *patterns, nnrt_frozen *frozen,
                 nnrt_failure *failure) {
  nnrt_pieces pieces;
  char pattern[LONGEST_PATTERN];
  *frozen = (nnrt_frozen){0};
  if (!patterns)
    return true;
  if (!nnrt_pieces_new(model, &pieces, failure))
    return false;
  bool *marked = calloc(pieces.count + 1, sizeof *marked);
  frozen->part = calloc(pieces.count + 1, sizeof *frozen->part);
  bool good = marked && frozen->part;
  if (!good)
    nnrt_fail(failure, "out of memory");
  do
    good = good && next_pattern(&patterns, pattern, failure) &&
           mark(model, &pieces, pattern, marked, failure);
  while (good && *patterns);
  good = good && freeze_marked(model, block, &pieces, marked, frozen, failure);
  free(marked);
  nnrt_pieces_free(&pieces);
  if (!good)
    nnrt_frozen_free(frozen);
  return good;
}

void nnrt_frozen_gradient(const nnrt_frozen *frozen) {
  for (size_t k = 0; k < frozen->parts; k++)
    memset(frozen->part[k].gradient, 0, frozen->part[k].bytes);
}

void nnrt_frozen_restore(const nnrt_frozen *frozen) {
  for (size_t k = 0; k < frozen->parts; k++)
    memcpy(frozen->part[k].parameter, frozen->part[k].kept, frozen->part[k].bytes);
}

void nnrt_frozen_free(nnrt_frozen *frozen) {
  for (size_t k = 0; k < frozen->parts; k++)
    free(frozen->part[k].kept);
  free(frozen->part);
  *frozen = (nnrt_frozen){0};
}
