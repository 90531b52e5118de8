/* Letters and operators: what Unicode, LaTeX and a terminal make of them. */
#include <string.h>

#include "layout.h"

/* ---- code points -------------------------------------------------------------------------- */

uint32_t next_code_point(const char **at) {
  const unsigned char *byte = (const unsigned char *)*at;
  if (!*byte) return 0;
  int more = *byte >= 0xF0 ? 3 : *byte >= 0xE0 ? 2 : *byte >= 0xC0 ? 1 : 0;
  uint32_t code = more ? *byte & (0x3FU >> more) : *byte;
  (*at)++;
  for (; more && (*++byte & 0xC0) == 0x80; more--, (*at)++) code = code << 6 | (*byte & 0x3FU);
  return code;
}

void append_code_point(text *out, uint32_t code) {
  char bytes[5] = "";
  int more = code >= 0x10000 ? 3 : code >= 0x800 ? 2 : code >= 0x80 ? 1 : 0;
  static const unsigned lead[] = {0, 0xC0, 0xE0, 0xF0};
  bytes[0] = (char)(lead[more] | code >> (6 * more));
  for (int k = 1; k <= more; k++) bytes[k] = (char)(0x80U | (code >> (6 * (more - k)) & 0x3FU));
  text_append(out, bytes);
}

static bool is_combining(uint32_t code) { return code >= 0x300 && code <= 0x36F; }

static bool is_wide(uint32_t code) {
  return (code >= 0x2E80 && code <= 0xA4CF) || (code >= 0xAC00 && code <= 0xD7A3) ||
         (code >= 0xF900 && code <= 0xFAFF) || (code >= 0xFE30 && code <= 0xFE6F) ||
         (code >= 0xFF00 && code <= 0xFF60) || (code >= 0x1F300 && code <= 0x1FAFF) ||
         (code >= 0x20000 && code <= 0x3FFFD);
}

int code_columns(uint32_t code) { return is_combining(code) ? 0 : is_wide(code) ? 2 : 1; }

int text_columns(const char *chars) {
  int columns = 0;
  for (uint32_t code; (code = next_code_point(&chars)) != 0;) columns += code_columns(code);
  return columns;
}

/* ---- one table of letters and operators --------------------------------------------------- */

typedef struct letter_row {
  uint32_t code;
  uint32_t lowered, raised; /* 0: Unicode has none */
  const char *latex;        /* NULL: as it is */
} letter_row;

static const letter_row letter_rows[] = {
    {'(', 0x208D, 0x207D, NULL}, {')', 0x208E, 0x207E, NULL}, {'+', 0x208A, 0x207A, NULL},
    {'-', 0x208B, 0x207B, NULL}, {'0', 0x2080, 0x2070, NULL}, {'1', 0x2081, 0xB9, NULL},
    {'2', 0x2082, 0xB2, NULL}, {'3', 0x2083, 0xB3, NULL}, {'4', 0x2084, 0x2074, NULL},
    {'5', 0x2085, 0x2075, NULL}, {'6', 0x2086, 0x2076, NULL}, {'7', 0x2087, 0x2077, NULL},
    {'8', 0x2088, 0x2078, NULL}, {'9', 0x2089, 0x2079, NULL}, {'=', 0x208C, 0x207C, NULL},
    {'T', 0, 0x1D40, NULL}, {0x22A4, 0, 0x1D40, "\\top"},
    {'a', 0x2090, 0x1D43, NULL}, {'b', 0, 0x1D47, NULL}, {'c', 0, 0x1D9C, NULL},
    {'d', 0, 0x1D48, NULL}, {'e', 0x2091, 0x1D49, NULL}, {'f', 0, 0x1DA0, NULL},
    {'g', 0, 0x1D4D, NULL}, {'h', 0x2095, 0x2B0, NULL}, {'i', 0x1D62, 0x2071, NULL},
    {'j', 0x2C7C, 0x2B2, NULL}, {'k', 0x2096, 0x1D4F, NULL}, {'l', 0x2097, 0x2E1, NULL},
    {'m', 0x2098, 0x1D50, NULL}, {'n', 0x2099, 0x207F, NULL}, {'o', 0x2092, 0x1D52, NULL},
    {'p', 0x209A, 0x1D56, NULL}, {'r', 0x1D63, 0x2B3, NULL}, {'s', 0x209B, 0x2E2, NULL},
    {'t', 0x209C, 0x1D57, NULL}, {'u', 0x1D64, 0x1D58, NULL}, {'v', 0x1D65, 0x1D5B, NULL},
    {'w', 0, 0x2B7, NULL}, {'x', 0x2093, 0x2E3, NULL}, {'y', 0, 0x2B8, NULL},
    {'z', 0, 0x1DBB, NULL}, {0xB1, 0, 0, "\\pm"}, {0xB7, 0, 0, "\\cdot"}, {0xD7, 0, 0, "\\times"},
    {0x391, 0, 0, "\\mathrm{A}"}, {0x392, 0, 0, "\\mathrm{B}"}, {0x393, 0, 0, "\\Gamma"},
    {0x394, 0, 0, "\\Delta"}, {0x395, 0, 0, "\\mathrm{E}"}, {0x396, 0, 0, "\\mathrm{Z}"},
    {0x397, 0, 0, "\\mathrm{H}"}, {0x398, 0, 0, "\\Theta"}, {0x399, 0, 0, "\\mathrm{I}"},
    {0x39A, 0, 0, "\\mathrm{K}"}, {0x39B, 0, 0, "\\Lambda"}, {0x39C, 0, 0, "\\mathrm{M}"},
    {0x39D, 0, 0, "\\mathrm{N}"}, {0x39E, 0, 0, "\\Xi"}, {0x39F, 0, 0, "\\mathrm{O}"},
    {0x3A0, 0, 0, "\\Pi"}, {0x3A1, 0, 0, "\\mathrm{P}"}, {0x3A3, 0, 0, "\\Sigma"},
    {0x3A4, 0, 0, "\\mathrm{T}"}, {0x3A5, 0, 0, "\\Upsilon"}, {0x3A6, 0, 0, "\\Phi"},
    {0x3A7, 0, 0, "\\mathrm{X}"}, {0x3A8, 0, 0, "\\Psi"}, {0x3A9, 0, 0, "\\Omega"},
    {0x3B1, 0, 0, "\\alpha"}, {0x3B2, 0x1D66, 0, "\\beta"}, {0x3B3, 0x1D67, 0, "\\gamma"},
    {0x3B4, 0, 0, "\\delta"}, {0x3B5, 0, 0, "\\varepsilon"}, {0x3B6, 0, 0, "\\zeta"},
    {0x3B7, 0, 0, "\\eta"}, {0x3B8, 0, 0, "\\theta"}, {0x3B9, 0, 0, "\\iota"},
    {0x3BA, 0, 0, "\\kappa"}, {0x3BB, 0, 0, "\\lambda"}, {0x3BC, 0, 0, "\\mu"},
    {0x3BD, 0, 0, "\\nu"}, {0x3BE, 0, 0, "\\xi"}, {0x3BF, 0, 0, "o"}, {0x3C0, 0, 0, "\\pi"},
    {0x3C1, 0x1D68, 0, "\\rho"}, {0x3C2, 0, 0, "\\varsigma"}, {0x3C3, 0, 0, "\\sigma"},
    {0x3C4, 0, 0, "\\tau"}, {0x3C5, 0, 0, "\\upsilon"}, {0x3C6, 0x1D69, 0, "\\varphi"},
    {0x3C7, 0x1D6A, 0, "\\chi"}, {0x3C8, 0, 0, "\\psi"}, {0x3C9, 0, 0, "\\omega"},
    {0x3D1, 0, 0, "\\vartheta"}, {0x3D5, 0, 0, "\\phi"}, {0x3D6, 0, 0, "\\varpi"},
    {0x3F0, 0, 0, "\\kappa"}, {0x3F1, 0, 0, "\\varrho"}, {0x3F5, 0, 0, "\\epsilon"},
    {0x2016, 0, 0, "\\|"}, {0x2026, 0, 0, "\\dots"}, {0x2113, 0, 0, "\\ell"},
    {0x211D, 0, 0, "\\mathbb{R}"}, {0x2190, 0, 0, "\\leftarrow"}, {0x2192, 0, 0, "\\to"},
    {0x21A6, 0, 0, "\\mapsto"}, {0x21D2, 0, 0, "\\Rightarrow"}, {0x2200, 0, 0, "\\forall"},
    {0x2202, 0, 0, "\\partial"}, {0x2208, 0, 0, "\\in"}, {0x2212, 0x208B, 0x207B, "-"},
    {0x2218, 0, 0, "\\circ"}, {0x221A, 0, 0, "\\surd"}, {0x2219, 0, 0, "\\cdot"}, {0x221E, 0, 0, "\\infty"},
    {0x2227, 0, 0, "\\wedge"}, {0x2228, 0, 0, "\\vee"}, {0x223C, 0, 0, "\\sim"},
    {0x2248, 0, 0, "\\approx"}, {0x2260, 0, 0, "\\ne"}, {0x2264, 0, 0, "\\le"},
    {0x2265, 0, 0, "\\ge"}, {0x2254, 0, 0, ":="}, {0x22C5, 0, 0, "\\cdot"},
    {0x230A, 0, 0, "\\lfloor"}, {0x230B, 0, 0, "\\rfloor"}, {0x22EF, 0, 0, "\\cdots"},
    {0xAC, 0, 0, "\\lnot"}, {0x2261, 0, 0, "\\equiv"}, {0x2211, 0, 0, "\\sum"},
    {0x1D7CF, 0, 0, "\\mathbf{1}"},
};

static const letter_row *letter_find(uint32_t code) {
  for (size_t k = 0; k < sizeof letter_rows / sizeof *letter_rows; k++) {
    if (letter_rows[k].code == code) return &letter_rows[k];
  }
  return NULL;
}

const char *latex_of(uint32_t code_point) {
  const letter_row *row = letter_find(code_point);
  return row ? row->latex : NULL;
}

static bool append_shifted(text *out, const char *chars, bool raised) {
  text shifted = text_new(out->memory);
  for (uint32_t code; (code = next_code_point(&chars)) != 0;) {
    if (code == ' ') continue;
    const letter_row *row = letter_find(code);
    uint32_t found = !row ? 0 : raised ? row->raised : row->lowered;
    if (!found) return false;
    append_code_point(&shifted, found);
  }
  if (shifted.chars) text_append(out, shifted.chars);
  return true;
}

bool append_lowered(text *out, const char *chars) { return append_shifted(out, chars, false); }

bool append_raised(text *out, const char *chars) { return append_shifted(out, chars, true); }

/* ---- accents ------------------------------------------------------------------------------ */

/* Letters that Unicode has with the accent on; others get it as a combining mark. */
static uint32_t accented_letter(uint32_t code, accent given) {
  static const struct { uint32_t code, hat; } rows[] = {
      {'A', 0xC2}, {'C', 0x108}, {'E', 0xCA}, {'G', 0x11C}, {'H', 0x124}, {'I', 0xCE},
      {'J', 0x134}, {'O', 0xD4}, {'S', 0x15C}, {'U', 0xDB}, {'W', 0x174}, {'Y', 0x176},
      {'a', 0xE2}, {'c', 0x109}, {'e', 0xEA}, {'g', 0x11D}, {'h', 0x125}, {'i', 0xEE},
      {'j', 0x135}, {'o', 0xF4}, {'s', 0x15D}, {'u', 0xFB}, {'w', 0x175}, {'y', 0x177}};
  if (given != ACCENT_HAT) return 0;
  for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
    if (rows[k].code == code) return rows[k].hat;
  }
  return 0;
}

void append_accented(text *out, const char *chars, accent given) {
  static const uint32_t mark[] = {0, 0x302, 0x304, 0x303};
  uint32_t code = given == ACCENT_NONE ? 0 : next_code_point(&chars);
  uint32_t whole = code ? accented_letter(code, given) : 0;
  if (whole) append_code_point(out, whole);
  else if (code) {
    append_code_point(out, code);
    append_code_point(out, mark[given]);
  }
  text_append(out, chars);
}
