/* Renderers by format. */
#include <string.h>

#include "pages.h"

bool format_find(const char *given, document_format *found) {
  static const char *const formats[] = {"text", "latex", "html"};
  for (int k = 0; k < 3; k++) {
    if (strcmp(formats[k], given) == 0) {
      *found = (document_format)k;
      return true;
    }
  }
  return false;
}

void document_print(text *out, const document *d, document_format format) {
  switch (format) {
    case FORMAT_TEXT: print_text(out, d); break;
    case FORMAT_LATEX: print_latex(out, d); break;
    case FORMAT_HTML: print_html(out, d); break;
  }
}
