/* Boxes in Unicode: scripts as lowered and raised letters where there are such, else _{...}. */
#include "layout.h"

static void append_script(text *out, arena *memory, const box *script, bool raised, bool plain) {
  text inside = text_new(memory);
  box_print(&inside, memory, script, FORMAT_TEXT);
  const char *chars = inside.chars ? inside.chars : "";
  if (!plain && (raised ? append_raised(out, chars) : append_lowered(out, chars))) return;
  text_append(out, raised ? "^{" : "_{");
  for (; *chars; chars++) {
    if (*chars != ' ') text_append_length(out, chars, 1);
  }
  text_append(out, "}");
}

/* Σ_{t=1}^{T}: with both, neither is lowered or raised, or the T would say transpose. */
static void append_scripts(text *out, arena *memory, const box *b) {
  bool plain = b->kind == BOX_LIMITS && b->part[1] && b->part[2];
  box_print(out, memory, b->part[0], FORMAT_TEXT);
  if (b->part[1]) append_script(out, memory, b->part[1], false, plain);
  if (b->part[2]) append_script(out, memory, b->part[2], true, plain);
}

void box_text(text *out, arena *memory, const box *b) {
  if (b->kind == BOX_LETTER) append_accented(out, b->chars, b->accent);
  else if (b->kind == BOX_SCRIPTS || b->kind == BOX_LIMITS) append_scripts(out, memory, b);
  else if (b->chars) text_append(out, b->chars);
}
