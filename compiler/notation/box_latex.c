/* Boxes in LaTeX's math mode. */
#include <string.h>

#include "layout.h"

static bool is_letter(uint32_t code) {
  return (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z');
}

/* A command is kept apart from a letter behind it. */
static void append_symbol(text *out, uint32_t code) {
  const char *latex = latex_of(code);
  if (latex) {
    text_append(out, latex);
    if (is_letter((unsigned char)latex[strlen(latex) - 1])) text_append(out, " ");
  } else if (strchr("_%&#${}", (int)code) && code < 128) {
    text_append(out, "\\");
    append_code_point(out, code);
  } else if (code < 128) {
    append_code_point(out, code);
  } else {
    append_latex_letter(out, code, LANGUAGE_ENGLISH);
  }
}

static void append_symbols(text *out, const char *chars) {
  for (uint32_t code; (code = next_code_point(&chars)) != 0;) append_symbol(out, code);
}

static bool is_single(const char *chars) {
  return next_code_point(&chars) && !*chars;
}

static void append_letter(text *out, const box *b) {
  static const char *const accents[][2] = {
      {"", ""}, {"\\hat{", "\\widehat{"}, {"\\bar{", "\\overline{"}, {"\\tilde{", "\\widetilde{"}};
  bool single = is_single(b->chars);
  text_append(out, accents[b->accent][single ? 0 : 1]);
  if (b->bold) text_append(out, "\\boldsymbol{");
  if (!single) text_append(out, "\\mathit{");
  append_symbols(out, b->chars);
  if (!single) text_append(out, "}");
  if (b->bold) text_append(out, "}");
  if (b->accent) text_append(out, "}");
}

/* Functions and big operators that LaTeX has itself. */
static bool append_known(text *out, const char *chars) {
  static const char *const known[][2] = {
      {"Σ", "\\sum"}, {"Π", "\\prod"}, {"max", "\\max"}, {"min", "\\min"}, {"exp", "\\exp"},
      {"log", "\\log"}, {"sin", "\\sin"}, {"cos", "\\cos"}, {"tanh", "\\tanh"}};
  for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
    if (strcmp(known[k][0], chars) != 0) continue;
    text_append(out, known[k][1]);
    return true;
  }
  return false;
}

static void append_function(text *out, const char *chars, bool limits) {
  if (append_known(out, chars)) return;
  bool single = is_single(chars);
  if (!single) text_append(out, limits ? "\\operatorname*{" : "\\operatorname{");
  append_symbols(out, chars);
  if (!single) text_append(out, "}");
}

static void append_words(text *out, const char *chars) {
  text_append(out, "\\text{");
  for (uint32_t code; (code = next_code_point(&chars)) != 0;) {
    append_latex_letter(out, code, LANGUAGE_CHINESE);
  }
  text_append(out, "}");
}

/* An operator keeps its spaces also where it begins a line; a sign has none. */
static void append_mark(text *out, const box *b) {
  switch (b->mark) {
    case MARK_PREFIX:
      text_append(out, "{");
      append_symbols(out, b->chars);
      text_append(out, "}");
      break;
    case MARK_CLOSE: fence_latex(out, b, false); break;
    case MARK_BINARY: text_append(out, "{}"); append_symbols(out, b->chars); break;
    case MARK_RELATION:
      text_append(out, strcmp(b->chars, "|") == 0 ? "\\mid " : "");
      if (strcmp(b->chars, "|") != 0) append_symbols(out, b->chars);
      break;
    default: append_symbols(out, b->chars);
  }
}

void fence_latex(text *out, const box *b, bool opening) {
  const char *chars = opening || b->kind == BOX_MARK ? b->chars : b->close;
  if (b->tall) text_append(out, opening ? "\\Bigl" : "\\Bigr");
  if (strcmp(chars, "|") == 0) text_append(out, opening ? "\\lvert " : "\\rvert ");
  else if (strcmp(chars, "‖") == 0) text_append(out, opening ? "\\lVert " : "\\rVert ");
  else {
    while (*chars == ' ') chars++;
    const char *at = chars;
    append_symbol(out, next_code_point(&at));
  }
}

static void append_part(text *out, arena *memory, const char *open, const box *part) {
  if (!part) return;
  text_append(out, open);
  box_print(out, memory, part, FORMAT_LATEX);
  text_append(out, "}");
}

static void append_scripts(text *out, arena *memory, const box *b) {
  bool big = b->kind == BOX_LIMITS;
  if (big) append_function(out, b->part[0]->chars, true);
  else box_print(out, memory, b->part[0], FORMAT_LATEX);
  append_part(out, memory, "_{", b->part[1]);
  append_part(out, memory, "^{", b->part[2]);
}

static void append_cases(text *out, arena *memory, const box *b) {
  text_append(out, "\\begin{cases}");
  for (int k = 0; k < b->count; k += 2) {
    if (k) text_append(out, "\\\\");
    append_part(out, memory, "{", b->part[k]);
    append_part(out, memory, "&{", b->part[k + 1]);
  }
  text_append(out, "\\end{cases}");
}

void box_latex(text *out, arena *memory, const box *b) {
  switch (b->kind) {
    case BOX_LETTER: append_letter(out, b); break;
    case BOX_FUNCTION: append_function(out, b->chars, false); break;
    case BOX_NUMBER: append_symbols(out, b->chars); break;
    case BOX_MARK: append_mark(out, b); break;
    case BOX_WORDS: append_words(out, b->chars); break;
    case BOX_SCRIPTS: case BOX_LIMITS: append_scripts(out, memory, b); break;
    case BOX_FRACTION:
      append_part(out, memory, "\\frac{", b->part[0]);
      append_part(out, memory, "{", b->part[1]);
      break;
    case BOX_ROOT: append_part(out, memory, "\\sqrt{", b->part[0]); break;
    case BOX_CASES: append_cases(out, memory, b); break;
    default: break;
  }
}
