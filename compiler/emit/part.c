/* part: the gradient of a batch as the sum of its parts' gradients. The parts are the same for any
 * number of threads and are added in order, so the result is the same to the last bit. Each has
 * a place for its scratch in the block, of which one thread uses the first for all, and all but the first
 * have their own gradients. Weights that each would pack for its products are packed before, for all. */
#include <string.h>

#include "writer.h"

static const char *comma(const char *list) { return list && *list ? ", " : ""; }

void begin_part(writer *w, const char *data) {
  text_append(w->out,
              "\n/* What n of the samples, from the first on, add to the mean loss, and to every parameter's\n"
              " * gradient: that in their own copy. */\n");
  line(w, "static double gradient_of_part(void *block, void *own, void *scratch, size_t samples,");
  line(w, "                               size_t first, size_t n%s%s) {", comma(data), data ? data : "");
}

static int64_t sample_elements(const tensor *t) {
  int64_t elements = 1;
  for (int d = 0; d < t->rank; d++) elements *= t->shape[d];
  return elements;
}

static const tensor *data_tensor(const program *m, int k) {
  return k < m->inputs ? m->input[k] : m->target[k - m->inputs];
}

static void emit_call(writer *w) {
  const program *m = w->p->p;
  const char *real = real_type(w->p);
  line(w, "\n/* A batch's gradient in the making. */");
  line(w, "typedef struct gradient_call {");
  line(w, "  void *block;");
  line(w, "  size_t n, rows, parts; /* samples, of a part, parts */");
  for (int k = 0; k < m->inputs + m->targets; k++) {
    const tensor *t = data_tensor(m, k);
    line(w, "  const %s *%s;", t->kind == VALUE_REAL ? real : "int32_t", w->p->tensor_word[t->number]);
  }
  line(w, "  double loss[PARTS];");
  line(w, "} gradient_call;");
}

static void emit_places(writer *w) {
  const entry_plan *e = w->e;
  line(w, "\n/* Where the part has its scratch; its gradients, unless it is the first, lie before that. */");
  line(w, "static size_t part_offset(const void *block, size_t part) {");
  line(w, "  const nnrt_head *head = block;");
  line(w, "  const size_t rows = ((size_t)head->batch + PARTS - 1) / PARTS;");
  const char *packed = e->packings ? "PACKED_BYTES + " : "";
  line(w, "  return scratch_offset(block) + %spart * (PARAMETER_BYTES + %lld + %lld * rows);", packed,
       (long long)e->scratch_fixed, (long long)e->scratch_per_sample);
  line(w, "}");
  line(w, "\n/* The part's copy of the gradients begins GRADIENTS behind this. */");
  line(w, "static void *part_owner(void *block, size_t part) {");
  line(w, "  return part == 0 ? block");
  line(w, "                   : at(block, part_offset(block, part) - PARAMETER_BYTES - GRADIENTS);");
  line(w, "}");
}

static void emit_one(writer *w) {
  const program *m = w->p->p;
  text data = text_new(w->memory);
  for (int k = 0; k < m->inputs + m->targets; k++) {
    const tensor *t = data_tensor(m, k);
    int64_t elements = sample_elements(t);
    text_printf(&data, ", call->%s + first", w->p->tensor_word[t->number]);
    if (elements != 1) text_printf(&data, " * %lld", (long long)elements);
  }
  line(w, "\nstatic void compute_part(void *context, size_t part) {");
  line(w, "  gradient_call *call = context;");
  line(w, "  const nnrt_head *head = call->block;");
  line(w, "  const size_t first = part * call->rows, left = call->n - first;");
  line(w, "  const size_t place = head->team ? part : 0; /* one thread needs one part's scratch */");
  line(w, "  call->loss[part] = gradient_of_part(");
  line(w, "      call->block, part_owner(call->block, part),");
  line(w, "      at(call->block, part_offset(call->block, place)),");
  line(w, "      call->n, first, left < call->rows ? left : call->rows%s);",
       data.length > 0 ? data.chars : "");
  line(w, "}");
}

/* A row for each weight, or stack of copies of it; tasks are counted through all of them. */
static void emit_packings(writer *w) {
  const char *real = real_type(w->p);
  int64_t matrices = 0;
  for (const packing *p = w->e->packings; p; p = p->next) matrices += p->copies;
  line(w, "\n/* Weights in the order in which all parts' products read them, where scratch begins. */");
  line(w, "enum { MATRICES = %lld, PACKED_BYTES = %lld };", (long long)matrices,
       (long long)w->e->packed_bytes);
  line(w, "static const struct packing {");
  line(w, "  size_t from, to, copies, n, k, row, stride, elements;");
  line(w, "} packings[] = {");
  for (const packing *p = w->e->packings; p; p = p->next) {
    line(w, "  {AT_%s + %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld},",
         w->p->tensor_word[p->from->leaf->number], (long long)(p->first * w->p->real_bytes),
         (long long)p->offset, (long long)p->copies, (long long)p->n, (long long)p->k,
         (long long)p->row, (long long)p->stride, (long long)p->elements);
  }
  line(w, "};");
  line(w, "\nstatic void pack_matrix(void *block, size_t matrix) {");
  line(w, "  const struct packing *by = packings;");
  line(w, "  for (; matrix >= by->copies; by++)");
  line(w, "    matrix -= by->copies;");
  line(w, "  const %s *from = at(block, by->from);", real);
  line(w, "  %s *to = at(block, scratch_offset(block) + by->to);", real);
  line(w, "  nnrt_pack_%s(by->n, by->k, from + matrix * by->stride, by->row,", real);
  line(w, "            %*sto + matrix * by->elements);", (int)strlen(real) + 1, "");
  line(w, "}");
}

static void emit_sum(writer *w) {
  const char *real = real_type(w->p);
  line(w, "\n/* Adds a stretch of all parts' gradients to the first's, in order. */");
  line(w, "static void add_stretch(void *context, size_t stretch) {");
  line(w, "  const gradient_call *call = context;");
  line(w, "  const size_t elements = PARAMETER_BYTES / sizeof(%s);", real);
  line(w, "  const size_t from = elements * stretch / PARTS, to = elements * (stretch + 1) / PARTS;");
  line(w, "  %s *sum = at(call->block, GRADIENTS);", real);
  line(w, "  for (size_t part = 1; part < call->parts; part++) {");
  line(w, "    const %s *more = at(part_owner(call->block, part), GRADIENTS);", real);
  line(w, "    NNRT_APART");
  line(w, "    for (size_t i = from; i < to; i++)");
  line(w, "      sum[i] += more[i];");
  line(w, "  }");
  line(w, "}");
}

static void emit_whole(writer *w) {
  const program *m = w->p->p;
  text data = text_new(w->memory), words = text_new(w->memory);
  data_parameters(&data, w->p, true, true);
  for (int k = 0; k < m->inputs + m->targets; k++) {
    text_printf(&words, "%s, ", w->p->tensor_word[data_tensor(m, k)->number]);
  }
  line(w, "\n/* Mean loss of n samples, and the gradient of every parameter. */");
  line(w, "static double compute_gradient(void *block, size_t n%s%s) {", comma(data.chars),
       data.length > 0 ? data.chars : "");
  line(w, "  const nnrt_head *head = block;");
  line(w, "  const size_t rows = (n + PARTS - 1) / PARTS, parts = (n + rows - 1) / rows;");
  line(w, "  gradient_call call = {block, n, rows, parts, %s{0}};", words.length > 0 ? words.chars : "");
  if (w->e->packings) line(w, "  nnrt_team_run(head->team, MATRICES, pack_matrix, block);");
  line(w, "  nnrt_team_run(head->team, parts, compute_part, &call);");
  line(w, "  if (parts > 1)");
  line(w, "    nnrt_team_run(head->team, PARTS, add_stretch, &call);");
  line(w, "  double total = call.loss[0];");
  line(w, "  for (size_t part = 1; part < parts; part++)");
  line(w, "    total += call.loss[part];");
  line(w, "  return total;");
  line(w, "}");
}

void emit_parts(writer *w) {
  line(w, "\n/* A batch's parts: computed one after another, or on as many threads as there are. */");
  line(w, "enum { PARTS = %d };", w->e->parts);
  if (w->e->packings) emit_packings(w);
  emit_call(w);
  emit_places(w);
  emit_one(w);
  emit_sum(w);
  emit_whole(w);
}
