/* Boxes in MathML Core. An operator says its form, since it may begin a piece of its own. */
#include <string.h>

#include "layout.h"

void append_escaped(text *out, const char *chars) {
  for (; *chars; chars++) {
    if (*chars == '<') text_append(out, "&lt;");
    else if (*chars == '>') text_append(out, "&gt;");
    else if (*chars == '&') text_append(out, "&amp;");
    else if (*chars == '"') text_append(out, "&quot;");
    else text_append_length(out, chars, 1);
  }
}

static void append_element(text *out, const char *tag, const char *attributes,
                           const char *chars) {
  text_printf(out, "<%s%s>", tag, attributes);
  append_escaped(out, chars);
  text_printf(out, "</%s>", tag);
}

static void append_letter(text *out, const box *b) {
  static const char *const marks[] = {"", "^", "¯", "~"};
  if (b->accent) text_append(out, "<mover accent=\"true\">");
  append_element(out, "mi", b->bold ? " class=\"b\"" : "", b->chars);
  if (b->accent) {
    append_element(out, "mo", " stretchy=\"false\"", marks[b->accent]);
    text_append(out, "</mover>");
  }
}

void fence_mathml(text *out, const box *b, bool opening) {
  const char *chars = opening || b->kind == BOX_MARK ? b->chars : b->close;
  while (*chars == ' ') chars++;
  const char *end = chars;
  next_code_point(&end);
  text_printf(out, "<mo form=\"%s\" %s>%.*s</mo>", opening ? "prefix" : "postfix",
              b->tall ? "minsize=\"2.2em\"" : "stretchy=\"false\"", (int)(end - chars), chars);
}

static void append_mark(text *out, const box *b) {
  switch (b->mark) {
    case MARK_BINARY: case MARK_RELATION:
      append_element(out, "mo", " form=\"infix\"", b->chars);
      break;
    case MARK_PREFIX: append_element(out, "mo", " form=\"prefix\"", b->chars); break;
    case MARK_CLOSE: fence_mathml(out, b, false); break;
    case MARK_COMMA: append_element(out, "mo", " separator=\"true\"", b->chars); break;
    case MARK_PLAIN:
      if (strcmp(b->chars, "⊤") == 0) append_element(out, "mi", " mathvariant=\"normal\"", "T");
      else if (strcmp(b->chars, "∂") == 0) append_element(out, "mi", "", b->chars);
      else append_element(out, "mo", " lspace=\"0\" rspace=\"0\" stretchy=\"false\"", b->chars);
  }
}

static void append_row(text *out, arena *memory, const box *part) {
  text_append(out, "<mrow>");
  box_print(out, memory, part, FORMAT_HTML);
  text_append(out, "</mrow>");
}

static void append_scripts(text *out, arena *memory, const box *b) {
  static const char *const tags[2][3] = {{"msub", "msup", "msubsup"},
                                         {"munder", "mover", "munderover"}};
  const box *below = b->part[1], *above = b->part[2], *base = b->part[0];
  if (!below && !above) {
    box_print(out, memory, base, FORMAT_HTML);
    return;
  }
  const char *tag = tags[b->kind == BOX_LIMITS][below && above ? 2 : above ? 1 : 0];
  text_printf(out, "<%s>", tag);
  if (b->kind == BOX_LIMITS && strcmp(base->chars, "Σ") == 0) text_append(out, "<mo>∑</mo>");
  else if (b->kind == BOX_LIMITS && strcmp(base->chars, "Π") == 0) text_append(out, "<mo>∏</mo>");
  else append_row(out, memory, base);
  if (below) append_row(out, memory, below);
  if (above) append_row(out, memory, above);
  text_printf(out, "</%s>", tag);
}

static void append_cases(text *out, arena *memory, const box *b) {
  text_append(out, "<mrow><mo form=\"prefix\">{</mo><mtable class=\"cases\">");
  for (int k = 0; k < b->count; k += 2) {
    text_append(out, "<mtr><mtd>");
    append_row(out, memory, b->part[k]);
    text_append(out, "</mtd><mtd>");
    append_row(out, memory, b->part[k + 1]);
    text_append(out, "</mtd></mtr>");
  }
  text_append(out, "</mtable></mrow>");
}

void box_mathml(text *out, arena *memory, const box *b) {
  switch (b->kind) {
    case BOX_LETTER: append_letter(out, b); break;
    case BOX_FUNCTION: append_element(out, "mi", "", b->chars); break;
    case BOX_NUMBER: append_element(out, "mn", "", b->chars); break;
    case BOX_MARK: append_mark(out, b); break;
    case BOX_WORDS: append_element(out, "mtext", "", b->chars); break;
    case BOX_SCRIPTS: case BOX_LIMITS: append_scripts(out, memory, b); break;
    case BOX_FRACTION:
      text_append(out, "<mfrac>");
      append_row(out, memory, b->part[0]);
      append_row(out, memory, b->part[1]);
      text_append(out, "</mfrac>");
      break;
    case BOX_ROOT:
      text_append(out, "<msqrt>");
      box_print(out, memory, b->part[0], FORMAT_HTML);
      text_append(out, "</msqrt>");
      break;
    case BOX_CASES: append_cases(out, memory, b); break;
    default: break;
  }
}
