/* The model's words: which there are, and which equation each of them names. */
#include <string.h>

#include "notation.h"

#define uthash_malloc(size) arena_alloc(table->memory, (size))
#define uthash_free(pointer, size) ((void)(pointer))
#include <uthash.h>

typedef struct spelling {
  UT_hash_handle hh;
  const definition *of; /* NULL: a tensor's alone */
} spelling;

struct spelling_table {
  arena *memory;
  spelling *first;
};

static spelling *find(const spelling_table *table, const char *word) {
  spelling *found = NULL;
  HASH_FIND_STR(table->first, word, found);
  return found;
}

/* The first of that name stays. */
static void add(spelling_table *table, const char *word, const definition *of) {
  spelling *known = find(table, word);
  if (known) {
    if (!known->of) known->of = of;
    return;
  }
  spelling *made = arena_alloc(table->memory, sizeof *made);
  made->of = of;
  HASH_ADD_KEYPTR(hh, table->first, word, (unsigned)strlen(word), made);
}

spelling_table *spelling_table_new(arena *memory, const program *p) {
  spelling_table *table = arena_alloc(memory, sizeof *table);
  table->memory = memory;
  for (int k = 0; k < tensor_count(p->g); k++) add(table, tensor_at(p->g, k)->word, NULL);
  for (int k = 0; k < p->derived->definitions; k++) {
    add(table, p->derived->definition[k].word, &p->derived->definition[k]);
  }
  return table;
}

bool is_spelt(const notation *s, const char *word) { return find(s->spelt, word) != NULL; }

const definition *definition_spelt(const notation *s, const char *word) {
  const spelling *found = find(s->spelt, word);
  return found ? found->of : NULL;
}
