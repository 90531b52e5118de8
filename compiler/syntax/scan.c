/* scan: what the rules of grammar/nn.l need beyond matching: places, names, numbers, strings. */
#include "parser.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

place advance(parser *state, const char *chars, size_t length) {
  place where = {.file = state->file,
                 .line = state->line,
                 .column = state->column,
                 .begin = state->offset,
                 .end = state->offset + length};
  for (size_t i = 0; i < length; i++)
    state->column += ((unsigned char)chars[i] & 0xC0) != 0x80;
  state->offset += length;
  return where;
}

/* Keyboards have the micro sign (U+00B5) where mu is meant; Unicode's own normal form NFKC folds
 * it and the ohm sign (U+2126) likewise. */
name spelling(parser *state, const char *chars, size_t length) {
  static const struct {
    const char *sign, *letter;
  } folded[] = {{"\xC2\xB5", "\xCE\xBC"}, {"\xE2\x84\xA6", "\xCE\xA9"}};
  text out = text_new(state->memory);
  for (size_t i = 0; i < length;) {
    const char *piece = chars + i;
    size_t taken = 1, known = sizeof folded / sizeof *folded;
    for (size_t k = 0; k < known; k++) {
      size_t sign_length = strlen(folded[k].sign);
      if (length - i < sign_length || memcmp(chars + i, folded[k].sign, sign_length) != 0)
        continue;
      piece = folded[k].letter;
      taken = sign_length;
    }
    text_append_length(&out, piece, taken == 1 ? 1 : strlen(piece));
    i += taken;
  }
  return name_of_length(state->names, out.chars, out.length);
}

bool read_number(parser *state, place where, const char *chars, double *number) {
  *number = strtod(chars, NULL);
  if (!isinf(*number))
    return true;
  refuse(state, where, "the number '%s' is too large: write one below 1.8e308", chars);
  return false;
}

const char *read_string(parser *state, place where, const char *chars, size_t length) {
  for (size_t i = 1; i + 1 < length; i++) {
    unsigned char byte = (unsigned char)chars[i];
    if (byte >= 0x20 && byte != 0x7F)
      continue;
    refuse(state, where, "the string holds the control character U+%04X: remove it", byte);
    return NULL;
  }
  return arena_copy(state->memory, chars + 1, length - 2);
}
