/* Bytes that a text model reads and writes to text in the page. */
#include "report.h"

#include <string.h>

/* Bytes of the character that begins here: of one in UTF-8, else 1. */
static size_t character_bytes(const uint8_t *byte, size_t left) {
  const size_t length = byte[0] < 0xc2 ? 1 : byte[0] < 0xe0 ? 2 : byte[0] < 0xf0 ? 3 : 4;
  if (byte[0] > 0xf4 || length > left)
    return 1;
  for (size_t k = 1; k < length; k++)
    if ((byte[k] & 0xc0) != 0x80)
      return 1;
  return length;
}

/* visible: a space too is to be seen. */
static void show_character(FILE *to, const uint8_t *byte, size_t length, bool visible) {
  char text[5] = "";
  memcpy(text, byte, length);
  if (length == 1 && *byte == '\n')
    fputs("⏎<wbr>", to);
  else if (length == 1 && *byte == ' ' && visible)
    fputs("␣", to);
  else
    nnrt_html_text(to, length == 1 && (*byte < ' ' || *byte > '~') ? "·" : text);
}

void nnrt_html_bytes(FILE *to, const uint8_t *byte, size_t count) {
  fputs("<code>", to);
  for (size_t at = 0, length; at < count; at += length) {
    length = character_bytes(byte + at, count - at);
    show_character(to, byte + at, length, false);
  }
  fputs("</code>", to);
}

void nnrt_html_guessed(FILE *to, const uint8_t *truth, const uint8_t *guess, size_t count) {
  fputs("<code>", to);
  for (size_t at = 0, length; at < count; at += length) {
    length = character_bytes(truth + at, count - at);
    const bool right = memcmp(truth + at, guess + at, length) == 0;
    fputs(right ? "" : "<ruby>", to);
    show_character(to, truth + at, length, !right);
    if (right)
      continue;
    fputs("<rt>", to);
    for (size_t k = 0, more; k < length; k += more) {
      more = character_bytes(guess + at + k, length - k);
      show_character(to, guess + at + k, more, true);
    }
    fputs("</rt></ruby>", to);
  }
  fputs("</code>", to);
}
