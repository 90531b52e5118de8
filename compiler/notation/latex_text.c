/* Words, names and the model's text as LaTeX. */
#include <string.h>

#include "layout.h"

/* Letters that LaTeX's own fonts have, by their UTF-8 alone. */
static bool is_latin(uint32_t code) {
  static const char *const without = "ÐðÞþĐđĦħĸĿŀŉŊŋŦŧ×÷«»";
  for (const char *at = without; *at;) {
    if (next_code_point(&at) == code) return false;
  }
  return (code >= 0xC0 && code <= 0x17F) || code == 0xA7 || code == 0xA9 || code == 0x2013 ||
         code == 0x2014 || (code >= 0x2018 && code <= 0x201D && code != 0x201A && code != 0x201B);
}

static bool is_chinese(uint32_t code) {
  return (code >= 0x4E00 && code <= 0x9FFF) || (code >= 0x3001 && code <= 0x30FF) ||
         (code >= 0xFF01 && code <= 0xFF5E);
}

void append_latex_letter(text *out, uint32_t code, language spoken) {
  static const char *const special[] = {
      "##", "$$", "%%", "&&", "__", "{{", "}}", "~\\textasciitilde{}", "^\\textasciicircum{}",
      "\\\\textbackslash{}", "<\\textless{}", ">\\textgreater{}", "|\\textbar{}",
      "\"\\char34{}", "'\\textquotesingle{}", "`\\textasciigrave{}"};
  for (size_t k = 0; code < 128 && k < sizeof special / sizeof *special; k++) {
    if ((uint32_t)special[k][0] != code) continue;
    text_printf(out, "%s%s", k < 7 ? "\\" : "", special[k] + 1);
    return;
  }
  const char *latex = code < 128 ? NULL : latex_of(code);
  if (code == 0xA0) text_append(out, "~");
  else if (latex) text_printf(out, "\\ensuremath{%s}", latex);
  else if ((code >= ' ' && code < 127) || is_latin(code) ||
           (spoken == LANGUAGE_CHINESE && is_chinese(code))) append_code_point(out, code);
  else text_append(out, code < ' ' ? "~" : "\\ensuremath{\\square}");
}

void append_latex(text *out, const char *chars, language spoken) {
  for (uint32_t code; (code = next_code_point(&chars)) != 0;) {
    append_latex_letter(out, code, spoken);
  }
}

/* Names and code break behind punctuation, and anywhere if nothing else offers itself. */
void append_latex_code(text *out, const char *chars, language spoken) {
  enum { LONGEST = 20 };
  int together = 0;
  text_append(out, "\\texttt{");
  for (uint32_t code; (code = next_code_point(&chars)) != 0;) {
    if (code == ' ') text_append(out, "\\ ");
    else append_latex_letter(out, code, spoken);
    bool may = code < 128 && strchr("._/,()[]*+-=@", (int)code);
    together = may || code == ' ' ? 0 : together + 1;
    if ((may || together == LONGEST) && *chars) text_append(out, "\\allowbreak{}");
    if (together == LONGEST) together = 0;
  }
  text_append(out, "}");
}
