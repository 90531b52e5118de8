/* name: turns spellings into unique pointers, and a misspelling into the name that was meant. */
#include "base.h"

#include <string.h>

/* uthash keeps its buckets in the arena too; `names` is in scope wherever its macros stand. */
#define uthash_malloc(size) arena_alloc(names->memory, (size))
#define uthash_free(pointer, size) ((void)(pointer))
#include <uthash.h>

typedef struct name_entry {
  UT_hash_handle hh;
  char *chars;
} name_entry;

struct name_table {
  arena *memory;
  name_entry *entries;
};

name_table *name_table_new(arena *memory) {
  name_table *names = arena_alloc(memory, sizeof *names);
  names->memory = memory;
  return names;
}

name name_of_length(name_table *names, const char *chars, size_t length) {
  name_entry *entry = NULL;
  HASH_FIND(hh, names->entries, chars, (unsigned)length, entry);
  if (entry != NULL)
    return entry->chars;
  entry = arena_alloc(names->memory, sizeof *entry);
  entry->chars = arena_copy(names->memory, chars, length);
  HASH_ADD_KEYPTR(hh, names->entries, entry->chars, (unsigned)length, entry);
  return entry->chars;
}

name name_of(name_table *names, const char *chars) {
  return name_of_length(names, chars, strlen(chars));
}

/* Longer names are not compared: nobody misspells those by one letter and asks. */
enum { LONGEST_COMPARED = 64 };

static size_t smaller(size_t a, size_t b) {
  return a < b ? a : b;
}

/* Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours. */
static size_t edit_distance(const char *a, size_t a_length, const char *b, size_t b_length) {
  size_t rows[3][LONGEST_COMPARED + 1];
  size_t *before = rows[0], *above = rows[1], *here = rows[2];
  for (size_t j = 0; j <= b_length; j++)
    before[j] = above[j] = j;
  for (size_t i = 1; i <= a_length; i++) {
    here[0] = i;
    for (size_t j = 1; j <= b_length; j++) {
      bool same = a[i - 1] == b[j - 1];
      here[j] = smaller(above[j - 1] + !same, 1 + smaller(above[j], here[j - 1]));
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped)
        here[j] = smaller(here[j], before[j - 2] + 1);
    }
    size_t *oldest = before;
    before = above;
    above = here;
    here = oldest;
  }
  return above[b_length];
}

const char *name_nearest(const char *wrong, const char *const *candidates, size_t count) {
  size_t length = strlen(wrong);
  const char *nearest = NULL;
  size_t least = 1 + length / 4 + 1;
  if (length > LONGEST_COMPARED)
    return NULL;
  for (size_t i = 0; i < count; i++) {
    size_t other = strlen(candidates[i]);
    if (other > LONGEST_COMPARED)
      continue;
    size_t distance = edit_distance(wrong, length, candidates[i], other);
    bool nothing_shared = distance >= (length > other ? length : other);
    if (distance < least && !nothing_shared) {
      least = distance;
      nearest = candidates[i];
    }
  }
  return nearest;
}
