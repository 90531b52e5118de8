/* Renderers by name. */
#include <string.h>

#include "explain.h"

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
