/* elaborate_stack: the lines of a repeat into a recurrence along an axis of copies, so that nothing
 * grows with their number. The lines are elaborated once, with the number l of the copy as an index
 * that is bound around them; their parameters are stacked along l. What goes on from copy to copy
 * is a reference with a row more than there are copies:
 *
 *   x[0] = what it was before        x[l + 1] = lines(x[l])        behind the repeat: x[k]
 *
 * A body whose shapes change, whose sizes depend on l, that differentiates or carries states over
 * batches is found out by trying; then all is put back as it was. */
#include "elaborate.h"

#include <string.h>

/* ---- putting back ------------------------------------------------------------------------- */

/* All that elaborating may change, beside items and scopes of the repeat's own. */
typedef struct snapshot {
  report *to;
  size_t registered, parameters, constants, running, carried, definitions, refreshes, barriers;
  int randoms, depth, stacks;
  bool modes_differ, refused;
  call_frame *calls;
  const item *active;
} snapshot;

static snapshot take(const elaborator *e) {
  return (snapshot){.to = e->to, .registered = registered_count(e),
                    .parameters = e->parameters.count, .constants = e->constants.count,
                    .running = e->running.count, .carried = e->carried.count,
                    .definitions = e->definitions.count, .refreshes = e->refreshes.count,
                    .barriers = e->barriers.count, .randoms = e->randoms, .depth = e->depth,
                    .stacks = e->stacks, .modes_differ = e->modes_differ,
                    .refused = e->stacking_refused, .calls = e->calls, .active = e->active};
}

static void put_back(elaborator *e, const snapshot *was) {
  forget_registered(e, was->registered);
  e->parameters.count = was->parameters;
  e->constants.count = was->constants;
  e->running.count = was->running;
  e->carried.count = was->carried;
  e->definitions.count = was->definitions;
  e->refreshes.count = was->refreshes;
  e->barriers.count = was->barriers;
  e->randoms = was->randoms;
  e->depth = was->depth;
  e->modes_differ = was->modes_differ;
  e->calls = was->calls;
  e->active = was->active;
}

void refuse_stacking(elaborator *e) { e->stacking_refused = e->stacking_refused || e->stacks > 0; }

/* ---- what goes on from copy to copy --------------------------------------------------------- */

typedef struct stacking {
  elaborator *e;
  item *block;
  int64_t copies;
  axis along;
  bool per_sample;
  bool wants_samples; /* the attempt failed for want of the axis of samples alone */
  handed *first;
  scope *copy;
} stacking;

static bool is_handed(const stacking *s, name word) {
  for (const handed *h = s->first; h != NULL; h = h->next) {
    if (h->word == word) return true;
  }
  return false;
}

/* Rows of the shape that the name has before the repeat, for each index that is bound around. */
static bool make_rows(stacking *s, handed *h) {
  elaborator *e = s->e;
  const scope *around = s->block->scope;
  int64_t sizes[MAX_RANK];
  int rank = 1;
  if (1 + h->before.rank + around->free_count > MAX_RANK) return false;
  h->row = axis_of_copies(e->g, axis_hint(e->g, s->along), s->copies + 1);
  h->dims[0] = h->row;
  sizes[0] = s->copies + 1;
  for (int k = 0; k < h->before.rank; k++, rank++) {
    h->dims[rank] = h->before.dims[k];
    sizes[rank] = value_size(e, &h->before, k);
  }
  for (int k = 0; k < around->free_count; k++, rank++) {
    h->dims[rank] = around->free[k];
    sizes[rank] = axis_extent(e->g, around->free[k]);
  }
  const char *word = full_name(e, around, h->word);
  if (e->predicting) word = arena_printf(e->memory, "%s.predict", word);
  h->rows = tensor_new(e->g, TENSOR_REFERENCE, name_of(e->names, word), h->where, rank, sizes);
  h->rows->per_sample = s->per_sample;
  return true;
}

/* The rows' value at l, or, where `last`, that of the last row. */
static value row_value(const stacking *s, const handed *h, bool last) {
  elaborator *e = s->e;
  view v = view_empty();
  int u = last ? 0 : view_box(&v, s->copies);
  affine *read = view_read(&v, h->row, last ? s->copies : 0);
  if (!last) {
    read->coefficient[u] = 1;
    view_write(&v, s->along, 0)->coefficient[u] = 1;
  }
  value row = h->before;
  row.node = node_view(e->g, node_tensor(e->g, h->rows, h->dims), &v);
  row.word = h->word;
  row.where = h->where;
  return row;
}

static bool add_handed(stacking *s, const statement *st) {
  elaborator *e = s->e;
  context c = {.e = e, .scope = s->block->scope, .reader = s->block};
  found before = scope_find(e, s->block->scope, st->word, s->block);
  if (before.symbol == NULL || is_handed(s, st->word)) return true;
  handed *h = arena_alloc(e->memory, sizeof *h);
  h->word = st->word;
  h->where = st->word_at;
  h->before = value_of_found(&c, &before, st->word, st->word_at);
  if (is_poison(&h->before) || h->before.classes > 0 || h->before.open) return false;
  s->per_sample = s->per_sample || node_has_axis(h->before.node, AXIS_BATCH);
  h->next = s->first;
  s->first = h;
  return true;
}

/* Names that the lines define, those of repeats inside too. */
static bool collect_handed(stacking *s, const statement *lines) {
  for (const statement *st = lines; st != NULL; st = st->next) {
    if (st->kind == STATEMENT_REPEAT && !collect_handed(s, st->body)) return false;
    if (st->kind != STATEMENT_EQUATION) continue;
    if (is_derived(s->e, st->word) || is_sharer(s->e, st->word)) return false;
    if (!add_handed(s, st)) return false;
  }
  return true;
}

/* ---- the body ------------------------------------------------------------------------------- */

static void bind_number(stacking *s) {
  elaborator *e = s->e;
  const statement *st = s->block->statement;
  if (st->word == NULL) return;
  index_variable *v = arena_alloc(e->memory, sizeof *v);
  *v = (index_variable){.word = st->word, .where = st->word_at, .extent = s->copies,
                        .axis = s->along};
  s->copy->number = v;
  symbol *made = scope_add(e, s->copy, st->word, st->word_at);
  made->base = BASE_VALUE;
  made->value = value_of_node(node_index(e->g, s->along));
}

static void elaborate_body(stacking *s) {
  elaborator *e = s->e;
  const statement *lines = s->block->statement->body;
  s->copy = new_copy(e, s->block, "*");
  s->copy->free[s->copy->free_count++] = s->along;
  bind_number(s);
  for (handed *h = s->first; h != NULL; h = h->next) {
    symbol *taken = scope_add(e, s->copy, h->word, h->where);
    taken->base = BASE_VALUE;
    taken->handed_over = true;
    taken->value = row_value(s, h, false);
  }
  e->stack_copies[e->stacks] = s->copies;
  e->stack[e->stacks++] = s->along;
  declare_statements(e, s->copy, lines);
  if (report_errors(e->to) == 0) elaborate_items(e, s->copy);
  e->stacks--;
}

/* x[0] = before, x[l + 1] = what the lines make of x[l]. */
static bool close_rows(stacking *s, handed *h) {
  elaborator *e = s->e;
  context c = {.e = e, .scope = s->copy};
  found last = scope_find(e, s->copy, h->word, NULL);
  value made = value_of_found(&c, &last, h->word, h->where);
  if (is_poison(&made) || made.classes > 0 || made.rank != h->before.rank) return false;
  for (int k = 0; k < made.rank; k++) {
    if (value_size(e, &made, k) != value_size(e, &h->before, k)) return false;
  }
  s->wants_samples = node_has_axis(made.node, AXIS_BATCH) && !s->per_sample;
  if (s->wants_samples) return false;
  view first = view_empty(), later = view_empty();
  view_write(&first, h->row, 0);
  int u = view_box(&later, s->copies);
  view_read(&later, s->along, 0)->coefficient[u] = 1;
  view_write(&later, h->row, 1)->coefficient[u] = 1;
  value before = rename_dimensions(e, h->before, made.dims);
  const node *body = node_add(e->g, node_view(e->g, before.node, &first),
                              node_view(e->g, made.node, &later));
  axis dims[MAX_RANK];
  memcpy(dims, h->dims, sizeof dims);
  memcpy(&dims[1], made.dims, (size_t)made.rank * sizeof *dims);
  tensor_define(e->g, h->rows, body, dims);
  h->after = row_value(s, h, true);
  return true;
}

static bool try_to_stack(stacking *s) {
  elaborator *e = s->e;
  const name word = s->block->statement->word;
  s->along = axis_of_copies(e->g, word != NULL ? word : name_of(e->names, "l"), s->copies);
  for (handed *h = s->first; h != NULL; h = h->next) {
    if (!make_rows(s, h)) return false;
  }
  elaborate_body(s);
  if (report_errors(e->to) > 0 || e->stacking_refused) return false;
  for (handed *h = s->first; h != NULL; h = h->next) {
    if (!close_rows(s, h)) return false;
  }
  return report_errors(e->to) == 0;
}

/* Rows of an attempt that is given up: nobody reads them, but whoever walks all that was made, such
 * as the record of steps, finds a value behind each reference. */
static void give_up_rows(stacking *s) {
  for (handed *h = s->first; h != NULL; h = h->next) {
    if (h->rows == NULL || h->rows->body != NULL) continue;
    tensor_define(s->e->g, h->rows, node_constant(s->e->g, 0), h->dims);
  }
}

/* One index more around each line: it must fit, and the number's name must be free. */
static bool may_stack(const elaborator *e, item *block, int64_t copies) {
  const scope *around = block->scope;
  if (copies < 2 || e->what->written_out || e->exploring > 0) return false;
  if (block->cyclic || e->stacks == MAX_RANK / 2) return false;
  if (around->free_count + around->rest_count >= MAX_RANK / 2) return false;
  const name word = block->statement->word;
  return word == NULL || scope_find((elaborator *)e, block->scope, word, block).symbol == NULL;
}

bool stack_copies(elaborator *e, item *block, int64_t copies) {
  if (!may_stack(e, block, copies)) return false;
  stacking s = {.e = e, .block = block, .copies = copies};
  if (!collect_handed(&s, block->statement->body)) return false;
  const snapshot was = take(e);
  bool done = false;
  for (int tries = 0; tries < 2 && !done; tries++) {
    e->to = report_quiet(e->memory);
    e->stacking_refused = false;
    s.wants_samples = false;
    done = try_to_stack(&s);
    e->to = was.to;
    e->stacking_refused = was.refused;
    if (!done) {
      give_up_rows(&s);
      put_back(e, &was);
    }
    if (!s.wants_samples) break;
    s.per_sample = true;
  }
  if (done) {
    block->last = s.copy;
    block->handed = s.first;
  }
  return done;
}
