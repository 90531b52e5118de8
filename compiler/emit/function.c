/* function: each function of the model, its pointers into the block, its steps, its result. */
#include <ctype.h>
#include <string.h>

#include "writer.h"

/* ---- parameters ------------------------------------------------------------------------------ */

static void add_parameter(text *out, const char *type, const char *word, bool constant) {
  text_printf(out, "%s%s%s *%s", out->length > 0 ? ", " : "", constant ? "const " : "", type, word);
}

static const char *tensor_type(const plan *p, const tensor *t) {
  return t->kind != VALUE_REAL ? "int32_t" : p->real_bytes == 4 ? "float" : "double";
}

void data_parameters(text *out, const plan *p, bool targets, bool inputs) {
  for (int k = 0; k < p->p->inputs && inputs; k++) {
    const tensor *t = p->p->input[k];
    add_parameter(out, tensor_type(p, t), p->tensor_word[t->number], true);
  }
  for (int k = 0; k < p->p->targets && targets; k++) {
    const tensor *t = p->p->target[k];
    add_parameter(out, tensor_type(p, t), p->tensor_word[t->number], true);
  }
}

/* ---- where each buffer lies ------------------------------------------------------------------- */

static const char *shape_text(writer *w, const buffer *b) {
  text out = text_new(w->memory);
  for (int k = 0; k < b->rank; k++) {
    int d = b->order[k];
    if (b->dropped[d]) continue;
    text_printf(&out, "%s%s", out.length > 0 ? " x " : "", size_text(w, b, d));
  }
  return out.length > 0 ? out.chars : "1";
}

static const char *carried_text(writer *w, int64_t offset) {
  if (offset == 0) return "block, carried_offset(block)";
  return arena_printf(w->memory, "block, carried_offset(block) + %lld * (size_t)head->batch",
                      (long long)offset);
}

static const char *offset_text(writer *w, const buffer *b) {
  const char *word = b->kept == STORAGE_GRADIENT
                         ? w->p->tensor_word[w->p->p->parameter[b->index]->number]
                         : b->leaf ? w->p->tensor_word[b->leaf->number] : NULL;
  switch (b->kept) {
    case STORAGE_PARAMETER: return arena_printf(w->memory, "block, AT_%s", word);
    case STORAGE_GRADIENT:
      return arena_printf(w->memory, "%s, AT_%s + TO_GRADIENT", w->e->parts > 1 ? "own" : "block",
                          word);
    case STORAGE_STATE:
      if (b->leaf->role == TENSOR_RUNNING) return arena_printf(w->memory, "block, AT_%s", word);
      return carried_text(w, w->p->tensor_offset[b->leaf->number]);
    default: break;
  }
  if (!b->grows) return arena_printf(w->memory, "scratch, %lld", (long long)b->fixed);
  text at = text_new(w->memory);
  if (w->e->scratch_fixed > 0) text_printf(&at, "%lld", (long long)w->e->scratch_fixed);
  if (b->per_sample > 0) {
    text_printf(&at, "%s%lld * n", at.length > 0 ? " + " : "", (long long)b->per_sample);
  }
  return arena_printf(w->memory, "scratch, %s", at.length > 0 ? at.chars : "0");
}

static bool lies_in_block(const buffer *b) {
  return b->kept == STORAGE_PARAMETER || b->kept == STORAGE_STATE ||
         b->kept == STORAGE_GRADIENT || b->kept == STORAGE_SCRATCH;
}

/* Of a carried state there are two: the one that is read, the one that is brought up to date. */
static bool is_written(const entry_plan *e, const buffer *b) {
  for (size_t k = 0; k < e->buffers && b->kept == STORAGE_STATE; k++) {
    const buffer *other = e->buffer[k];
    if (other->kept == STORAGE_STATE && other->leaf == b->leaf && other->writer) return true;
  }
  return b->writer != NULL;
}

static void declare_pointer(writer *w, const buffer *b, const char *note) {
  w->helpers->at = true;
  line(w, "%s%s *%s = at(%s); /* %s%s */", is_written(w->e, b) ? "" : "const ", buffer_type(w, b),
       b->word, offset_text(w, b), shape_text(w, b), note);
}

/* A carried state is read and brought up to date through one pointer. */
static bool declared_already(const entry_plan *e, const buffer *b) {
  for (size_t k = 0; k < e->buffers && b->kept == STORAGE_STATE; k++) {
    const buffer *other = e->buffer[k];
    if (other == b) return false;
    if (other->kept == STORAGE_STATE && other->leaf == b->leaf && other->access) return true;
  }
  return false;
}

/* All that is read of it was packed. */
static bool is_packed(const buffer *b) {
  for (const buffer_access *read = b->access; read; read = read->next) {
    const matrix_product *p = read->by->product;
    if (!p || !p->packed || p->packed->from != b) return false;
  }
  return b->access != NULL;
}

static void declare_pointers(writer *w) {
  const entry_plan *e = w->e;
  for (int pass = 0; pass < 2; pass++) {
    for (size_t k = 0; k < e->buffers; k++) {
      const buffer *b = e->buffer[k];
      if (!lies_in_block(b) || !b->access || declared_already(e, b) || is_packed(b)) continue;
      if ((b->kept == STORAGE_SCRATCH) != (pass == 1)) continue;
      const char *note = "";
      if (b->in_place_of) note = arena_printf(w->memory, ", in place of %s", b->in_place_of->word);
      declare_pointer(w, b, note);
    }
  }
}

/* What all parts share lies where their scratch begins. */
static void declare_packings(writer *w) {
  for (const packing *p = w->e->packings; p; p = p->next) {
    line(w, "const %s *%s = at(block, scratch_offset(block) + %lld);", real_type(w->p), p->word,
         (long long)p->offset);
  }
}

/* ---- what goes unused -------------------------------------------------------------------------- */

static bool has_scratch(const entry_plan *e) {
  return e->scratch_fixed > 0 || e->scratch_per_sample > 0;
}

static bool is_word_char(char c) { return isalnum((unsigned char)c) || c == '_'; }

bool mentions_word(const char *code, const char *word) {
  size_t length = strlen(word);
  bool inside = false;
  for (const char *c = code; *c; c++) {
    if (!inside && c[0] == '/' && c[1] == '*') inside = true;
    if (inside && c[0] == '*' && c[1] == '/') inside = false;
    bool begins = !inside && (c == code || !is_word_char(c[-1]));
    if (begins && strncmp(c, word, length) == 0 && !is_word_char(c[length])) return true;
  }
  return false;
}

word_table *words_of(writer *w, const char *code) {
  word_table *words = words_none(w->memory);
  for (const char *c = code; *c;) {
    const char *end = c;
    while (is_word_char(*end)) end++;
    const char *comment = c[0] == '/' && c[1] == '*' ? strstr(c + 2, "*/") : NULL;
    if (end > c) word_put(words, arena_copy(w->memory, c, (size_t)(end - c)));
    c = comment ? comment + 2 : end > c ? end : c + 1;
  }
  return words;
}

static void mark_unused(writer *w, const char *body, const char *word) {
  if (!mentions_word(body, word)) line(w, "(void)%s;", word);
}

static void mark_unused_part(writer *w, const char *body) {
  static const char *const words[] = {"own", "scratch", "samples", "first"};
  for (int k = 0; k < 4; k++) mark_unused(w, body, words[k]);
  w->helpers->at = true;
}

static void mark_unused_data(writer *w) {
  const program *m = w->p->p;
  int count = m->inputs + (w->e->kind == ENTRY_PREDICT ? 0 : m->targets);
  for (int k = 0; k < count; k++) {
    const tensor *t = k < m->inputs ? m->input[k] : m->target[k - m->inputs];
    const buffer *b = w->e->held_tensor[t->number];
    if (!b || !b->access) line(w, "(void)%s;", w->p->tensor_word[t->number]);
  }
}

/* ---- the function ------------------------------------------------------------------------------ */

static const char *const purposes[] = {
    "Mean loss of n samples, as in training; a watch, where there is one, sees it in the making.",
    "Mean loss of n samples, and the gradient of every parameter.",
    "As in prediction: values[0] the mean loss of n samples, then each metric.",
    "Every output of n samples.",
    "The loss, with all that stop() hides as the last gradient left it.",
};

static void begin_function(writer *w) {
  const entry_plan *e = w->e;
  text parameters = text_new(w->memory);
  data_parameters(&parameters, w->p, e->kind != ENTRY_PREDICT, true);
  if (e->kind == ENTRY_TEST) add_parameter(&parameters, "double", "values", false);
  if (is_watched(w)) add_parameter(&parameters, "nnrt_watch", "watch", false);
  for (int k = 0; k < w->p->p->outputs && e->kind == ENTRY_PREDICT; k++) {
    const buffer *b = e->buffer[k];
    add_parameter(&parameters, buffer_type(w, b), b->word, false);
  }
  bool returns = e->kind != ENTRY_TEST && e->kind != ENTRY_PREDICT;
  if (e->parts > 1) {
    begin_part(w, parameters.chars);
    w->indent++;
    return;
  }
  text_printf(w->out, "\n/* %s */\n", purposes[e->kind]);
  line(w, "static %s compute_%s(void *block, size_t n%s%s) {", returns ? "double" : "void", e->word,
       parameters.length > 0 ? ", " : "", parameters.length > 0 ? parameters.chars : "");
  w->indent++;
}

/* Carried states are kept from here on: the next batch goes on from them. */
static void mark_carried(writer *w) {
  const program *m = w->p->p;
  entry_kind kind = w->e->kind;
  bool carries = false, keeps = kind == ENTRY_GRADIENT || kind == ENTRY_TEST || kind == ENTRY_PREDICT;
  for (int k = 0; k < m->states; k++) carries = carries || m->state[k]->role == TENSOR_CARRY;
  if (carries && keeps) line(w, "((nnrt_head *)block)->carried = 1;");
}

static void emit_results(writer *w) {
  const entry_plan *e = w->e;
  mark_carried(w);
  for (int k = 0; k < e->results; k++) {
    if (e->kind == ENTRY_TEST) line(w, "values[%d] = %s;", k, e->result[k]->word);
    else line(w, "return %s;", e->result[k]->word);
  }
}

void emit_entry(writer *w, const entry_plan *e) {
  text whole = text_new(w->memory), functions = text_new(w->memory), *outer = w->out;
  w->e = e;
  w->out = &whole;
  w->functions = &functions;
  w->part_words = (part_words){0};
  w->indent = 1;
  name_stored(w);
  declare_pointers(w);
  declare_packings(w);
  find_watched(w);
  emit_steps(w, e->first);
  unname_stored(w);
  emit_results(w);
  w->out = outer;
  w->indent = 0;
  text_append_length(w->out, functions.chars, functions.length);
  begin_function(w);
  bool head = mentions_word(whole.chars, "head");
  if (head) line(w, "const nnrt_head *head = block;");
  if (e->parts > 1) {
    mark_unused_part(w, whole.chars);
  } else if (has_scratch(e)) {
    line(w, "void *scratch = at(block, scratch_offset(block));");
    w->helpers->at = true;
  }
  mark_unused_data(w);
  if (!head && (!has_scratch(e) || e->parts > 1)) mark_unused(w, whole.chars, "block");
  mark_unused(w, whole.chars, "n");
  if (is_watched(w)) mark_unused(w, whole.chars, "watch");
  text_append_length(w->out, whole.chars, whole.length);
  w->indent = 0;
  line(w, "}");
  if (e->parts > 1) emit_parts(w);
}
