/* table: the constant tables that tell the runtime of the model's tensors and settings. */
#include <math.h>
#include <string.h>

#include "writer.h"

/* ---- strings and numbers ---------------------------------------------------------------------- */

static const char *quoted(writer *w, const char *chars) {
  text out = text_new(w->memory);
  if (!chars) return "NULL";
  text_append(&out, "\"");
  for (; *chars; chars++) {
    unsigned char c = (unsigned char)*chars;
    if (c == '"' || c == '\\' || c == '?') text_printf(&out, "\\%c", c);
    else if (c < 0x20 || c >= 0x7f) text_printf(&out, "\\%03o", c);
    else text_append_length(&out, chars, 1);
  }
  text_append(&out, "\"");
  return out.chars;
}

static const char *double_text(writer *w, double value) {
  w->type = NUMBER_DOUBLE;
  const char *chars = number_piece(w, value).chars;
  w->type = NUMBER_REAL;
  return chars;
}

/* ---- tensors ---------------------------------------------------------------------------------- */

typedef struct tensor_row {
  const char *name, *word, *role, *kind;
  int32_t limit;
  int rank;
  const char *shape[MAX_RANK];
  int64_t elements;
  const char *offset;
  bool per_lane;
  int stacked;
  bool loss_only;
  const tensor *initial; /* of a parameter */
} tensor_row;

static const char *kind_word(value_kind kind) {
  return kind == VALUE_CLASS ? "NNRT_CLASS" : kind == VALUE_COUNT ? "NNRT_COUNT" : "NNRT_REAL";
}

static const char *leaf_size(writer *w, const tensor *t, int d) {
  buffer b = {.leaf = t, .rank = t->rank + t->per_sample};
  for (int k = 0; k < b.rank; k++) b.dims[k] = -1;
  if (t->per_sample) b.dims[0] = AXIS_BATCH;
  return size_text(w, &b, d + t->per_sample);
}

static tensor_row row_of_tensor(writer *w, const tensor *t, const char *role) {
  tensor_row row = {.name = t->word, .word = w->p->tensor_word[t->number], .role = role,
                    .kind = kind_word(t->kind), .limit = t->limit, .rank = t->rank,
                    .elements = 1, .offset = "0"};
  for (int d = 0; d < t->rank; d++) {
    row.shape[d] = leaf_size(w, t, d);
    row.elements *= t->shape[d];
  }
  if (t->role == TENSOR_PARAMETER) row.initial = t;
  bool kept = t->role == TENSOR_PARAMETER || t->role == TENSOR_RUNNING;
  if (kept) row.offset = arena_printf(w->memory, "AT_%s", row.word);
  row.per_lane = t->role == TENSOR_CARRY;
  row.stacked = t->stacked;
  return row;
}

static tensor_row row_of_output(writer *w, const buffer *b) {
  bool label = b->type == NUMBER_INTEGER;
  tensor_row row = {.name = b->shown->word, .word = b->word, .role = "NNRT_OUTPUT",
                    .kind = label ? "NNRT_CLASS" : "NNRT_REAL", .elements = 1, .offset = "0"};
  if (label) row.limit = (int32_t)label_bound(w->p->g, b->what);
  for (int d = 1; d < b->rank; d++) {
    row.elements *= buffer_extent(w->p->g, b, d).count;
    row.shape[row.rank++] = size_text(w, b, d);
    if (!dimension_is_split(w->p->g, b, d)) continue;
    row.shape[row.rank - 1] = arena_printf(w->memory, "%s * %s", row.shape[row.rank - 1],
                                           size_text(w, b, d + 1));
    row.elements *= buffer_extent(w->p->g, b, ++d).count;
  }
  return row;
}

static void emit_shape(writer *w, const tensor_row *row) {
  if (row->rank == 0) return;
  text sizes = text_new(w->memory);
  for (int d = 0; d < row->rank; d++) {
    text_printf(&sizes, "%s%s", d > 0 ? ", " : "", row->shape[d]);
  }
  line(w, "static const size_t shape_%s[] = {%s};", row->word, sizes.chars);
}

static void emit_row(writer *w, const tensor_row *row) {
  static const char *const distributions[] = {
      "NNRT_CONSTANT", "NNRT_UNIFORM", "NNRT_NORMAL", "NNRT_GLOROT_UNIFORM", "NNRT_GLOROT_NORMAL",
      "NNRT_HE_UNIFORM", "NNRT_HE_NORMAL", "NNRT_LECUN_NORMAL", "NNRT_ORTHOGONAL"};
  const tensor *t = row->initial;
  const char *shape = row->rank > 0 ? arena_printf(w->memory, "shape_%s", row->word) : "NULL";
  line(w, "{%s, %s, %s, %d, %d, %s, %lld, %s, %d,", quoted(w, row->name), row->role, row->kind,
       (int)row->limit, row->rank, shape, (long long)row->elements, row->offset, row->per_lane);
  line(w, " %s, %s, %s, %lld, %lld, %d, %d},", distributions[t ? t->init : INIT_CONSTANT],
       double_text(w, t ? t->init_a : 0), double_text(w, t ? t->init_b : 0),
       (long long)(t ? t->fan_in : 0), (long long)(t ? t->fan_out : 0), row->stacked,
       row->loss_only);
}

typedef struct tensor_rows {
  int count;
  tensor_row *item;
} tensor_rows;

static void add_tensors(writer *w, tensor_rows *rows, int count, tensor **list, const char *role) {
  for (int k = 0; k < count; k++) rows->item[rows->count++] = row_of_tensor(w, list[k], role);
}

static tensor_rows list_rows(writer *w) {
  const program *m = w->p->p;
  int most = m->inputs + m->targets + m->parameters + m->states + m->outputs;
  tensor_rows rows = {0, arena_alloc(w->memory, ((size_t)most + 1) * sizeof *rows.item)};
  const bool *loss_only = program_loss_only(m);
  add_tensors(w, &rows, m->inputs, m->input, "NNRT_INPUT");
  for (int k = 0; k < m->inputs; k++) rows.item[k].loss_only = loss_only[k];
  add_tensors(w, &rows, m->targets, m->target, "NNRT_TARGET");
  add_tensors(w, &rows, m->parameters, m->parameter, "NNRT_PARAMETER");
  add_tensors(w, &rows, m->states, m->state, "NNRT_STATE");
  for (int k = 0; k < m->outputs; k++) {
    rows.item[rows.count++] = row_of_output(w, w->p->entry[ENTRY_PREDICT].buffer[k]);
  }
  return rows;
}

static void emit_tensors(writer *w) {
  tensor_rows rows = list_rows(w);
  text_append(w->out, "\n/* ---- what the runtime is told of the model ---- */\n\n");
  for (int k = 0; k < rows.count; k++) emit_shape(w, &rows.item[k]);
  line(w, "static const nnrt_tensor tensors[] = {");
  w->indent++;
  for (int k = 0; k < rows.count; k++) emit_row(w, &rows.item[k]);
  w->indent--;
  line(w, "};");
}

/* ---- optimizers, metrics, settings --------------------------------------------------------------- */

static void emit_words(writer *w, const char *table, int count, const char *const *words) {
  text list = text_new(w->memory);
  for (int k = 0; k < count; k++) {
    text_printf(&list, "%s%s", k > 0 ? ", " : "", quoted(w, words[k]));
  }
  if (count > 0) line(w, "static const char *const %s[] = {%s};", table, list.chars);
}

static void emit_numbers(writer *w, const char *type, const char *table, int count,
                         const double *values) {
  text list = text_new(w->memory);
  bool whole = strcmp(type, "int") == 0;
  for (int k = 0; k < count; k++) {
    if (k > 0) text_append(&list, ", ");
    if (whole) text_printf(&list, "%d", (int)values[k]);
    else text_append(&list, double_text(w, values[k]));
  }
  line(w, "static const %s %s[] = {%s};", type, table, list.chars);
}

/* "rate" of "sgd.rate". */
static const char *last_part(const char *chars) {
  const char *dot = strrchr(chars, '.');
  return dot ? dot + 1 : chars;
}

/* Has it a state that does not begin with 0? */
static bool begins_elsewhere(const optimizer_rule *rule) {
  bool any = false;
  for (int k = 0; k < rule->states; k++) any = any || fabs(rule->state_start[k]) > 0;
  return any;
}

static void emit_optimizer(writer *w, const optimizer_rule *rule) {
  const char *word = word_spelt(w->memory, rule->word), *names[8], *states[8];
  double defaults[8], given[8];
  for (int k = 0; k < rule->hyperparameters; k++) {
    names[k] = last_part(rule->hyperparameter[k]->word);
    defaults[k] = rule->has_default[k] ? rule->default_value[k] : 0;
    given[k] = rule->has_default[k];
  }
  for (int k = 0; k < rule->states; k++) states[k] = last_part(rule->state[k]->word);
  if (rule->states > 0 && begins_elsewhere(rule)) {
    emit_numbers(w, "double", arena_printf(w->memory, "%s_starts", word), rule->states,
                 rule->state_start);
  }
  emit_words(w, arena_printf(w->memory, "%s_hyperparameters", word), rule->hyperparameters, names);
  emit_numbers(w, "double", arena_printf(w->memory, "%s_defaults", word), rule->hyperparameters,
               defaults);
  emit_numbers(w, "int", arena_printf(w->memory, "%s_has_default", word), rule->hyperparameters,
               given);
  emit_words(w, arena_printf(w->memory, "%s_states", word), rule->states, states);
}

static void emit_optimizers(writer *w) {
  const program *m = w->p->p;
  if (m->optimizers == 0) return;
  for (int k = 0; k < m->optimizers; k++) emit_optimizer(w, &m->optimizer[k]);
  line(w, "static const nnrt_optimizer optimizers[] = {");
  for (int k = 0; k < m->optimizers; k++) {
    const optimizer_rule *rule = &m->optimizer[k];
    const char *word = word_spelt(w->memory, rule->word);
    const char *states = rule->states > 0 ? arena_printf(w->memory, "%s_states", word) : "NULL";
    const char *starts =
        begins_elsewhere(rule) ? arena_printf(w->memory, "%s_starts", word) : "NULL";
    line(w, "  {%s, %d, %s_hyperparameters, %s_defaults, %s_has_default, %d, %s, %s},",
         quoted(w, rule->word), rule->hyperparameters, word, word, word, rule->states, states,
         starts);
  }
  line(w, "};");
}

static void emit_metrics(writer *w) {
  const program *m = w->p->p;
  const char **words = arena_alloc(w->memory, ((size_t)m->metrics + 1) * sizeof *words);
  for (int k = 0; k < m->metrics; k++) words[k] = m->metric[k].word;
  emit_words(w, "metrics", m->metrics, words);
}

static void emit_files(writer *w, const char *type, const char *table, int count,
                       const file_setting *files) {
  if (count == 0) return;
  line(w, "static const %s %s[] = {", type, table);
  for (int k = 0; k < count; k++) {
    line(w, "  {%s, %s},", quoted(w, files[k].tensor), quoted(w, files[k].path));
  }
  line(w, "};");
}

/* What is left at zero is not named. */
static void emit_set_number(writer *w, const char *member, double value) {
  if (value > 0) line(w, ".%s = %s,", member, double_text(w, value));
}

static void emit_set_text(writer *w, const char *member, const char *value) {
  if (value) line(w, ".%s = %s,", member, quoted(w, value));
}

static void emit_settings(writer *w) {
  const train_settings *s = &w->p->p->settings;
  text rates = text_new(w->memory);
  for (int k = 0; k < 8; k++) {
    text_printf(&rates, "%s%s", k > 0 ? ", " : "", double_text(w, s->hyperparameter[k]));
  }
  line(w, "  {");
  w->indent += 2;
  if (s->data_files > 0) line(w, ".data_files = %d, .data = data_files,", s->data_files);
  if (s->test_files > 0) line(w, ".test_files = %d, .test = test_files,", s->test_files);
  line(w, ".optimizer = %d, .hyperparameter = {%s},", s->optimizer, rates.chars);
  line(w, ".batch = %d, .epochs = %d, .seed = %lluu,", s->batch, s->epochs,
       (unsigned long long)s->seed);
  emit_set_number(w, "holdout", s->holdout);
  emit_set_number(w, "clip", s->clip);
  emit_set_number(w, "clip_value", s->clip_value);
  emit_set_text(w, "schedule", s->schedule);
  emit_set_text(w, "decay", s->decay);
  emit_set_text(w, "average", s->average);
  if (s->columns > 0) line(w, ".columns = %d, .column = chosen_columns,", s->columns);
  emit_set_text(w, "scale", s->scale);
  emit_set_text(w, "weights", s->weights);
  emit_set_text(w, "class_weights", s->class_weights);
  if (s->patience > 0) line(w, ".patience = %d,", s->patience);
  line(w, ".accumulate = %d", s->accumulate);
  w->indent -= 2;
  line(w, "  },");
}

/* ---- the model ----------------------------------------------------------------------------------- */

/* FNV-1a over what a block's layout depends on. */
static uint64_t mixed(uint64_t hash, const void *bytes, size_t length) {
  const unsigned char *c = bytes;
  for (size_t k = 0; k < length; k++) hash = (hash ^ c[k]) * 0x100000001b3u;
  return hash;
}

static uint64_t layout_hash(writer *w) {
  tensor_rows rows = list_rows(w);
  uint64_t hash = 0xcbf29ce484222325u;
  for (int k = 0; k < rows.count; k++) {
    const tensor_row *row = &rows.item[k];
    hash = mixed(hash, row->name, strlen(row->name) + 1);
    hash = mixed(hash, row->kind, strlen(row->kind) + 1);
    for (int d = 0; d < row->rank; d++) {
      hash = mixed(hash, row->shape[d], strlen(row->shape[d]) + 1);
    }
    hash = mixed(hash, &row->elements, sizeof row->elements);
  }
  return mixed(hash, &w->p->real_bytes, sizeof w->p->real_bytes);
}

static double operations(const plan *p, entry_kind kind) {
  const entry_plan *e = &p->entry[kind];
  return 2 * (e->work_per_sample + e->work_fixed / p->nominal_batch);
}

void emit_struct(writer *w) {
  const program *m = w->p->p;
  const char *prefix = w->p->prefix;
  int total = m->inputs + m->targets + m->parameters + m->states + m->outputs;
  bool carries = false;
  for (int k = 0; k < m->states; k++) carries = carries || m->state[k]->role == TENSOR_CARRY;
  line(w, "const nnrt_model %s_model = {", prefix);
  line(w, "  NNRT_ABI, %s, %s, %d, 0x%016llx,", quoted(w, m->model), quoted(w, prefix),
       w->p->real_bytes, (unsigned long long)layout_hash(w));
  line(w, "  %d, %d, %d, %d, %d, %d, tensors,", total, m->inputs, m->targets, m->parameters,
       m->states, m->outputs);
  line(w, "  PARAMETERS, PARAMETER_BYTES, GRADIENTS, OPTIMIZER_STATES,");
  line(w, "  %d, %s, %d, %d,", m->metrics, m->metrics > 0 ? "metrics" : "NULL",
       m->metrics_of_whole, carries);
  line(w, "  %d, %s,", m->optimizers, m->optimizers > 0 ? "optimizers" : "NULL");
  emit_settings(w);
  line(w, "  %s, %s,", double_text(w, operations(w->p, ENTRY_GRADIENT)),
       double_text(w, operations(w->p, ENTRY_PREDICT)));
  line(w, "  %s_bytes, %s_init, model_loss, model_gradient, compute_update, model_test,", prefix,
       prefix);
  line(w, "  model_predict, locate, %s, model_watched_loss, NULL",
       has_entry(w->p, ENTRY_HELD) ? "model_held_loss" : "NULL");
  line(w, "};");
}

void emit_tables(writer *w) {
  const train_settings *s = &w->p->p->settings;
  emit_tensors(w);
  emit_optimizers(w);
  emit_metrics(w);
  emit_files(w, "nnrt_file", "data_files", s->data_files, s->data);
  emit_files(w, "nnrt_file", "test_files", s->test_files, s->test);
  emit_files(w, "nnrt_columns", "chosen_columns", s->columns, s->column);
}
