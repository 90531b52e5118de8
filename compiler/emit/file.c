/* file: the whole emitted file, its parts in an order in which a reader meets them. */
#include <string.h>

#include "notation.h"
#include "writer.h"

static void describe_tensors(text *out, const plan *p, const char *title, int count,
                             tensor **list) {
  for (int k = 0; k < count; k++) {
    const tensor *t = list[k];
    text_printf(out, " *   %-10s %s", k == 0 ? title : "", t->word);
    for (int d = 0; d < t->rank; d++) {
      text_printf(out, "%s%lld", d == 0 ? "[" : ", ", (long long)t->shape[d]);
    }
    text_append(out, t->rank > 0 ? "]" : "");
    if (t->kind == VALUE_CLASS) text_printf(out, " : class(%d)", (int)t->limit);
    if (t->kind == VALUE_COUNT) text_printf(out, " : count(%d)", (int)t->limit);
    text_append(out, "\n");
  }
  (void)p;
}

static void emit_head_comment(text *out, const plan *p, const emit_options *options) {
  const program *m = p->p;
  text_printf(out, "/* %s, compiled by nncc from its equations.\n *\n", m->model);
  describe_tensors(out, p, "input", m->inputs, m->input);
  describe_tensors(out, p, "target", m->targets, m->target);
  describe_tensors(out, p, "parameter", m->parameters, m->parameter);
  if (m->parameters > 0) {
    const char *word = p->tensor_word[m->parameter[0]->number];
    text_printf(out,
                " *\n * Comments have the symbols of nncc --derive: m samples, each a row; d_%s is the loss's\n"
                " * derivative by %s; a word with indices is a value of this file's own.\n", word, word);
  }
  text_append(out, " *\n * All that changes lives in one block of memory that the caller brings; "
                   "nothing is allocated.\n");
  if (options->standalone && options->lib) {
    text_append(out, " * Compile:  cc -O3 -march=native -c FILE.c; link with -lm, nothing else\n */\n");
  } else if (options->standalone) {
    text_append(out, " * Behind the model stands the runtime that trains it (nnrt): nothing else is linked.\n"
                     " * Compile:  cc -O3 -march=native FILE.c -lm -o FILE\n */\n");
  } else if (options->lib) {
    text_append(out, " * Compile:  cc -O3 -march=native -c FILE.c $(pkg-config --cflags nnrt)\n */\n");
  } else {
    text_append(out, " * Compile:  cc -O3 -march=native FILE.c "
                     "$(pkg-config --cflags --libs nnrt) -o FILE\n */\n");
  }
}

/* The constant tensors that the model loaded. */
static void emit_constants(writer *w) {
  const program *m = w->p->p;
  for (int k = 0; k < m->constants; k++) {
    const tensor *t = m->constant[k];
    int64_t count = 1;
    for (int d = 0; d < t->rank; d++) count *= t->shape[d];
    text_printf(w->out, "\nstatic const %s %s[] = {", real_type(w->p), w->p->tensor_word[t->number]);
    for (int64_t i = 0; i < count; i++) {
      text_append(w->out, i % 8 == 0 ? "\n  " : " ");
      text_printf(w->out, "%s,", number_piece(w, t->values[i]).chars);
    }
    text_append(w->out, "\n};\n");
  }
}

/* In float, rows are summed in vectors: their order is the C compiler's to choose. What must outlive
 * that is added in double (expression.c). Models in double are the reference and stay as written. */
static void emit_includes(writer *w, const emit_options *options) {
  const int bytes = w->p->real_bytes;
  const bool alone = options->standalone && options->lib;
  if (options->standalone && !alone)
    line(w, "#ifndef _GNU_SOURCE\n#define _GNU_SOURCE /* what the runtime uses of POSIX */\n#endif");
  if (bytes == 4) line(w, "#define NNRT_REORDER /* sums of floats: in any order */");
  line(w, "#include \"nnrt_math.h\"\n#include \"nnrt.h\"");
  if (options->standalone) line(w, "#define NNRT_ALONE_BYTES %d", bytes);
  if (w->products->count > 0 || w->windows->count > 0 || alone) {
    line(w, "#define NNRT_REAL_BYTES %d", bytes);
    line(w, "#include \"nnrt_kernel.h\"");
  }
  if (w->windows->count > 0) {
    line(w, "#define NNRT_REAL_BYTES %d", bytes);
    line(w, "#include \"nnrt_window.h\"");
  }
  line(w, "\n#include <string.h>");
}

/* Comments are short: what a longer formula would need is not even made. */
static notation *comment_notation(const plan *p) {
  enum { ROOM = 160 };
  notation *made = notation_of(p->memory, p->p);
  name_lowered(made);
  made->room = ROOM;
  made->bracketed = true;
  return made;
}

static void emit_unwrapped(text *out, const plan *p, const emit_options *options,
                           reason_list *reasons) {
  helpers used = {0};
  row_list rows = {0};
  shape_list products = {0}, windows = {0}, placed = {0}, finishes = {0}, splits = {0};
  writer w = {.out = out, .rows = &rows, .products = &products, .windows = &windows, .placed = &placed,
              .finishes = &finishes, .splits = &splits, .p = p,
              .memory = p->memory, .helpers = &used, .type = NUMBER_REAL, .reasons = reasons,
              .reason = -1};
  text body = text_new(p->memory);
  w.notation = comment_notation(p);
  w.page = arena_new();
  w.notation->trials = arena_new();
  w.size_used = arena_alloc(p->memory, (size_t)graph_axis_count(p->g) * sizeof *w.size_used);
  w.out = &body;
  for (int k = 0; k < ENTRY_COUNT; k++) {
    if (has_entry(p, (entry_kind)k)) emit_entry(&w, &p->entry[k]);
  }
  arena_free(w.page);
  arena_free(w.notation->trials);
  emit_updates(&w);
  emit_api(&w);
  w.out = out;
  emit_head_comment(out, p, options);
  emit_includes(&w, options);
  emit_sizes_and_offsets(&w);
  line(&w, "\nextern const nnrt_model %s_model;", p->prefix);
  emit_constants(&w);
  emit_block_functions(&w);
  text_append(out, "\n");
  emit_helpers_of(&w);
  emit_share_sums(&w);
  emit_product_shapes(&w);
  emit_window_shapes(&w);
  text_append_length(out, body.chars, body.length);
  if (!options->lib) {
    text_printf(out, "\nint main(int argc, char **argv) { return nnrt_main(&%s_model, argc, argv); }\n",
                p->prefix);
  }
}

void emit_model(text *out, const plan *p, const emit_options *options) {
  text whole = text_new(p->memory), wrapped = text_new(p->memory), alone = text_new(p->memory);
  reason_list reasons = {.of_values = options->places != NULL};
  emit_unwrapped(&whole, p, options, options->lines_of || options->places ? &reasons : NULL);
  wrap_lines(&wrapped, whole.chars, !options->places);
  if (options->standalone)
    stand_alone(&alone, wrapped.chars, options->lib ? ALONE_LIBRARY : ALONE_PROGRAM);
  const text *made = options->standalone ? &alone : &wrapped;
  if (options->lines_of) direct_lines(out, &reasons, made->chars, options->lines_of);
  else if (options->places) note_places(out, &reasons, made->chars, options->places);
  else text_append_length(out, made->chars, made->length);
}
