/* Keys to words in the reader's language. */
#include <string.h>

#include "notation.h"

typedef struct words_row {
  const char *key;
  const char *in[LANGUAGE_COUNT];
} words_row;

static const words_row rows[WORDS_COUNT] = {
#define WORDS(key, english, chinese) {#key, {english, chinese}},
#include "words.def"
#undef WORDS
};

const char *words_in(language spoken, words key) { return rows[key].in[spoken]; }

bool words_find(const char *key, words *found) {
  for (int k = 0; k < WORDS_COUNT; k++) {
    if (strcmp(rows[k].key, key) == 0) {
      *found = (words)k;
      return true;
    }
  }
  return false;
}

bool language_find(const char *given, language *found) {
  static const char *const codes[LANGUAGE_COUNT] = {"en", "zh"};
  for (int k = 0; k < LANGUAGE_COUNT; k++) {
    if (strcmp(codes[k], given) == 0) {
      *found = (language)k;
      return true;
    }
  }
  return false;
}
