/* api: the block's layout, the model's public functions, and the runtime's view of them. */
#include <string.h>

#include "writer.h"

const char *real_type(const plan *p) { return p->real_bytes == 4 ? "float" : "double"; }

/* ---- sizes and offsets ------------------------------------------------------------------------- */

static void emit_sizes(writer *w) {
  const bool vast = w->p->vast;
  text list = text_new(w->memory);
  for (axis a = 1; a < graph_axis_count(w->p->g); a++) {
    if (w->p->axis_same[a] != a || !w->size_used[a] || !w->p->axis_word[a]) continue;
    text_printf(&list, vast ? "%s#define %s ((size_t)%lld)" : "%s%s = %lld",
                list.length == 0 ? "" : vast ? "\n" : ", ", w->p->axis_word[a],
                (long long)axis_extent(w->p->g, a));
  }
  if (list.length > 0) line(w, vast ? "\n%s" : "\nenum { %s };", list.chars);
}

/* A name of the block's layout: `terms`, and so many bytes. */
static void emit_place(writer *w, const char *word, const char *terms, int64_t bytes) {
  const char *plus = terms[0] ? " + " : "";
  if (w->p->vast) line(w, "#define %s (%s%s(size_t)%lld)", word, terms, plus, (long long)bytes);
  else line(w, "  %s = %s%s%lld,", word, terms, plus, (long long)bytes);
}

static void emit_offset(writer *w, const tensor *t) {
  emit_place(w, arena_printf(w->memory, "AT_%s", w->p->tensor_word[t->number]), "HEAD_BYTES",
             w->p->tensor_offset[t->number]);
}

void emit_sizes_and_offsets(writer *w) {
  const plan *p = w->p;
  const program *m = p->p;
  const bool vast = p->vast;
  emit_sizes(w);
  text_append(w->out, "\n/* Where things lie in the block, in bytes: the head, what is kept, then what the\n"
                      " * functions compute with. Every tensor is aligned to 64 bytes. */\n");
  line(w, vast ? "#define HEAD_BYTES ((sizeof(nnrt_head) + 63) / 64 * 64)"
               : "enum {\n  HEAD_BYTES = (sizeof(nnrt_head) + 63) / 64 * 64,");
  for (int k = 0; k < m->states; k++) {
    if (m->state[k]->role == TENSOR_RUNNING) emit_offset(w, m->state[k]);
  }
  for (int k = 0; k < m->parameters; k++) emit_offset(w, m->parameter[k]);
  emit_place(w, "PARAMETERS", "HEAD_BYTES", p->parameter_offset);
  emit_place(w, "PARAMETER_BYTES", "", p->parameter_bytes);
  emit_place(w, "GRADIENTS", "HEAD_BYTES", p->gradient_offset);
  line(w, vast ? "#define TO_GRADIENT (GRADIENTS - PARAMETERS)" : "  TO_GRADIENT = GRADIENTS - PARAMETERS,");
  emit_place(w, "OPTIMIZER_STATES", "HEAD_BYTES", p->optimizer_state_offset);
  line(w, vast ? "#define INFERENCE_END GRADIENTS\n#define TRAINING_END (HEAD_BYTES + (size_t)%lld)"
               : "  INFERENCE_END = GRADIENTS, TRAINING_END = HEAD_BYTES + %lld\n};",
       (long long)p->training_bytes);
}

static const char block_end[] = "(size_t)(head->training ? TRAINING_END : INFERENCE_END)";

static void emit_carried_offset(writer *w) {
  line(w, "\n/* Where carried states begin. */");
  line(w, "static size_t carried_offset(const void *block) {");
  line(w, "  const nnrt_head *head = block;");
  line(w, "  return %s;", block_end);
  line(w, "}");
}

static void emit_scratch_offset(writer *w) {
  int64_t carried = w->p->carry_per_sample;
  line(w, "\n/* Where the memory begins that each function uses for itself. */");
  line(w, "static size_t scratch_offset(const void *block) {");
  line(w, "  const nnrt_head *head = block;");
  if (carried == 0) line(w, "  return %s;", block_end);
  else line(w, "  return carried_offset(block) + %lld * (size_t)head->batch;", (long long)carried);
  line(w, "}");
}

void emit_block_functions(writer *w) {
  bool any = false;
  for (int k = 0; k < ENTRY_COUNT; k++) {
    const entry_plan *e = &w->p->entry[k];
    any = any || e->scratch_fixed > 0 || e->scratch_per_sample > 0;
  }
  if (w->helpers->at) {
    line(w, "\nstatic void *at(void *block, size_t offset) { return (char *)block + offset; }");
  }
  if (w->p->carry_per_sample > 0) emit_carried_offset(w);
  if (any) emit_scratch_offset(w);
}

/* ---- arguments ----------------------------------------------------------------------------------- */

static void add_word(text *out, const char *word) {
  text_printf(out, ", %s", word);
}

static text typed_arguments(writer *w, bool targets) {
  text out = text_new(w->memory);
  const program *m = w->p->p;
  for (int k = 0; k < m->inputs; k++) add_word(&out, w->p->tensor_word[m->input[k]->number]);
  for (int k = 0; k < m->targets && targets; k++) {
    add_word(&out, w->p->tensor_word[m->target[k]->number]);
  }
  return out;
}

static text generic_arguments(writer *w, const char *list, int count) {
  text out = text_new(w->memory);
  for (int k = 0; k < count; k++) text_printf(&out, ", %s[%d]", list, k);
  return out;
}

static const char *or_empty(const text *chars) { return chars->length > 0 ? chars->chars : ""; }

/* ---- public functions ------------------------------------------------------------------------------ */

static void prototypes(writer *w, text *data, text *predicted) {
  const plan *p = w->p;
  *data = text_new(w->memory);
  *predicted = text_new(w->memory);
  data_parameters(data, p, true, true);
  data_parameters(predicted, p, false, true);
  for (int k = 0; k < p->p->outputs; k++) {
    const buffer *b = p->entry[ENTRY_PREDICT].buffer[k];
    text_printf(predicted, "%s%s *%s", predicted->length > 0 ? ", " : "", buffer_type(w, b),
                b->word);
  }
}

static const char *comma(const text *list) { return list->length > 0 ? ", " : ""; }

static void emit_bytes(writer *w) {
  const plan *p = w->p;
  const block_bytes needs[2] = {bytes_of_block(p, false), bytes_of_block(p, true)};
  line(w, "\nsize_t %s_bytes(int batch, int training) {", p->prefix);
  line(w, "  const size_t n = (size_t)batch;");
  if (needs[0].per_sample == 0 && needs[1].per_sample == 0) line(w, "  (void)n;");
  for (int training = 1; training >= 0; training--) {
    text sum = text_new(w->memory);
    text_append(&sum, training ? "(size_t)TRAINING_END" : "(size_t)INFERENCE_END");
    const long long scratch = needs[training].scratch, each = needs[training].per_sample;
    if (scratch > 0) text_printf(&sum, " + %lld", scratch);
    if (each > 0) text_printf(&sum, " + %lld * n", each);
    line(w, "  %sreturn %s;", training ? "if (training) " : "", sum.chars);
  }
  line(w, "}");
}

static void emit_init(writer *w) {
  const char *prefix = w->p->prefix;
  line(w, "\nvoid %s_init(void *block, int batch, int training, uint64_t seed) {", prefix);
  line(w, "  nnrt_initialize(&%s_model, block, batch, training, seed);", prefix);
  line(w, "}");
}

static void emit_typed(writer *w) {
  const plan *p = w->p;
  const char *prefix = p->prefix, *real = real_type(p), *cast = p->real_bytes == 4 ? "(float)" : "";
  text data, predicted, all = typed_arguments(w, true), inputs = typed_arguments(w, false);
  prototypes(w, &data, &predicted);
  for (int k = ENTRY_LOSS; k <= ENTRY_GRADIENT; k++) {
    const char *word = p->entry[k].word;
    line(w, "\n%s %s_%s(void *block, int n%s%s) {", real, prefix, word, comma(&data),
         or_empty(&data));
    line(w, "  return %scompute_%s(block, (size_t)n%s%s);", cast, word, or_empty(&all),
         k == ENTRY_LOSS ? ", NULL" : "");
    line(w, "}");
  }
  line(w, "\nvoid %s_update(void *block, %s rate) { compute_update(block, rate); }", prefix, real);
  line(w, "\nvoid %s_test(void *block, int n%s%s, double *values) {", prefix, comma(&data),
       or_empty(&data));
  line(w, "  compute_test(block, (size_t)n%s, values);", or_empty(&all));
  line(w, "}");
  line(w, "\nvoid %s_predict(void *block, int n%s%s) {", prefix, comma(&predicted),
       or_empty(&predicted));
  text outputs = text_new(w->memory);
  for (int k = 0; k < p->p->outputs; k++) {
    add_word(&outputs, p->entry[ENTRY_PREDICT].buffer[k]->word);
  }
  line(w, "  compute_predict(block, (size_t)n%s%s);", or_empty(&inputs), or_empty(&outputs));
  line(w, "}");
}

static void emit_generic(writer *w) {
  const plan *p = w->p;
  const program *m = p->p;
  int total = m->inputs + m->targets;
  text data = generic_arguments(w, "data", total), inputs = generic_arguments(w, "inputs", m->inputs);
  text outputs = generic_arguments(w, "outputs", m->outputs);
  text_append(w->out, "\n/* The same for the runtime, which knows of tensors by their number. */\n");
  static const entry_kind losses[] = {ENTRY_LOSS, ENTRY_GRADIENT, ENTRY_HELD};
  for (int k = 0; k < 3; k++) {
    if (!has_entry(p, losses[k])) continue;
    const char *word = p->entry[losses[k]].word;
    line(w, "static double model_%s(void *block, int n, const void *const *data) {", word);
    if (total == 0) line(w, "  (void)data;");
    line(w, "  return compute_%s(block, (size_t)n%s%s);", word, or_empty(&data),
         losses[k] == ENTRY_LOSS ? ", NULL" : "");
    line(w, "}\n");
  }
  line(w, "static double model_watched_loss(void *block, int n, const void *const *data,");
  line(w, "                                 nnrt_watch *watch) {");
  if (total == 0) line(w, "  (void)data;");
  line(w, "  return compute_loss(block, (size_t)n%s, watch);", or_empty(&data));
  line(w, "}\n");
  line(w, "static void model_test(void *block, int n, const void *const *data, double *values) {");
  if (total == 0) line(w, "  (void)data;");
  line(w, "  compute_test(block, (size_t)n%s, values);", or_empty(&data));
  line(w, "}\n");
  line(w, "static void model_predict(void *block, int n, const void *const *inputs,");
  line(w, "                          void *const *outputs) {");
  if (m->inputs == 0) line(w, "  (void)inputs;");
  if (m->outputs == 0) line(w, "  (void)outputs;");
  line(w, "  compute_predict(block, (size_t)n%s%s);", or_empty(&inputs), or_empty(&outputs));
  line(w, "}\n");
  line(w, "static void *locate(void *block, size_t index) {");
  int before = m->inputs + m->targets + m->parameters;
  for (int k = 0; k < m->states; k++) {
    const tensor *t = m->state[k];
    if (t->role != TENSOR_CARRY) continue;
    line(w, "  if (index == %d) {", before + k);
    line(w, "    const nnrt_head *head = block;");
    line(w, "    return (char *)block + carried_offset(block) + %lld * (size_t)head->batch;",
         (long long)p->tensor_offset[t->number]);
    line(w, "  }");
  }
  line(w, "  return (char *)block + tensors[index].offset;\n}");
}

void emit_api(writer *w) {
  emit_bytes(w);
  emit_init(w);
  emit_typed(w);
  emit_tables(w);
  emit_generic(w);
  text_append(w->out, "\n");
  emit_struct(w);
}

/* ---- the header ------------------------------------------------------------------------------------- */

static const char *guard_word(writer *w) {
  return arena_printf(w->memory, "%s_H", w->p->prefix);
}

static void emit_kept_tensors(text *out, const plan *p) {
  const program *m = p->p;
  const bool *loss_only = program_loss_only(m);
  for (int k = 0; k < m->inputs + m->targets; k++) {
    const tensor *t = k < m->inputs ? m->input[k] : m->target[k - m->inputs];
    text_printf(out, " *   %s  n", p->tensor_word[t->number]);
    for (int d = 0; d < t->rank; d++) text_printf(out, " x %lld", (long long)t->shape[d]);
    if (t->kind == VALUE_CLASS) text_printf(out, ", each 0 ... %d", (int)t->limit - 1);
    if (t->kind == VALUE_COUNT) text_printf(out, ", each 0 ... %d", (int)t->limit);
    if (k < m->inputs && loss_only[k]) text_append(out, "; predict does not read it: NULL is fine");
    text_append(out, "\n");
  }
  for (int k = 0; k < m->outputs; k++) {
    const buffer *b = p->entry[ENTRY_PREDICT].buffer[k];
    text_printf(out, " *   %s  n", b->word);
    for (int d = 1; d < b->rank; d++) {
      int64_t extent = buffer_extent(p->g, b, d).count;
      if (dimension_is_split(p->g, b, d)) extent *= buffer_extent(p->g, b, ++d).count;
      text_printf(out, " x %lld", (long long)extent);
    }
    text_append(out, b->type == NUMBER_INTEGER ? ", the number of a class\n" : "\n");
  }
}

void emit_header(text *whole, const plan *p, const emit_options *options) {
  text unwrapped = text_new(p->memory), *out = &unwrapped;
  writer w = {.out = out, .p = p, .memory = p->memory, .type = NUMBER_REAL};
  const char *prefix = p->prefix, *real = real_type(p), *guard = guard_word(&w);
  text data, predicted;
  prototypes(&w, &data, &predicted);
  text_printf(out, "/* %s: the C API of the model. All that changes lives in one block of memory that the\n"
                   " * caller brings, aligned to 64 bytes; any number of blocks may be in use at once.\n"
                   " * Tensors are row-major, sample first:\n", p->p->model);
  emit_kept_tensors(out, p);
  text_printf(out, " */\n#ifndef %s\n#define %s\n\n#include \"nnrt.h\"\n\n"
                   "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n", guard, guard);
  line(&w, "/* Bytes of a block for up to `batch` samples; training = 0: for predict and test alone. */");
  line(&w, "size_t %s_bytes(int batch, int training);", prefix);
  line(&w, "/* Makes the block ready and fills every parameter from the seed. */");
  line(&w, "void %s_init(void *block, int batch, int training, uint64_t seed);", prefix);
  line(&w, "/* The mean loss of n <= batch samples, as in training. */");
  line(&w, "%s %s_loss(void *block, int n%s%s);", real, prefix, comma(&data), or_empty(&data));
  line(&w, "/* The same, and the gradient of every parameter, in the block. */");
  line(&w, "%s %s_gradient(void *block, int n%s%s);", real, prefix, comma(&data), or_empty(&data));
  line(&w, "/* One step of the optimizer on the gradients in the block. */");
  line(&w, "void %s_update(void *block, %s rate);", prefix, real);
  line(&w, "/* values[0]: the mean loss of n samples as in prediction; then each metric. */");
  line(&w, "void %s_test(void *block, int n%s%s, double *values);", prefix, comma(&data),
       or_empty(&data));
  line(&w, "/* Every output of n samples. */");
  line(&w, "void %s_predict(void *block, int n%s%s);", prefix, comma(&predicted),
       or_empty(&predicted));
  text_printf(out, "\n/* Names, kinds, shapes and offsets of every tensor, and the functions above. */\n"
                   "extern const nnrt_model %s_model;\n\n"
                   "#ifdef __cplusplus\n}\n#endif\n#endif\n", prefix);
  text wrapped = text_new(p->memory);
  wrap_lines(&wrapped, unwrapped.chars, false);
  if (options->standalone) stand_alone(whole, wrapped.chars, ALONE_HEADERS);
  else text_append_length(whole, wrapped.chars, wrapped.length);
}
