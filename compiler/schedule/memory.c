/* memory: what of the scratch buffers must be kept, for how long, and where in the block. */
#include "schedule.h"

#include <string.h>

/* ---- accesses and positions ------------------------------------------------------------------ */

static void add_access(entry_plan *e, buffer *b, assignment *by, const index_form *at,
                       bool writes) {
  buffer_access *access = arena_alloc(e->of->memory, sizeof *access);
  *access = (buffer_access){by, at, writes, b->access};
  b->access = access;
}

static void find_accesses(entry_plan *e) {
  for (size_t k = 0; k < e->assignments; k++) {
    assignment *a = e->assignment[k];
    add_access(e, a->target, a, a->at, true);
    for (buffer_read *r = a->reads; r; r = r->next) add_access(e, r->from, a, r->at, false);
  }
}

static int number_steps(step *first, int next) {
  for (step *s = first; s; s = s->next) {
    s->position = next++;
    if (s->kind == STEP_LOOP) next = number_steps(s->first, next);
    s->end = next - 1;
  }
  return next;
}

/* ---- dropped dimensions ---------------------------------------------------------------------- */

static bool is_plain(const index_form *at, const variable *v) {
  return at->constant == 0 && index_variable(at) == v;
}

static bool mentions(const buffer *b, const index_form *at, const variable *v) {
  for (int d = 0; d < b->rank; d++) {
    for (int k = 0; k < at[d].terms; k++) {
      if (variable_now(at[d].term[k].of) == v) return true;
    }
  }
  return false;
}

static bool all_plain(const buffer *b, int d, const variable *v) {
  for (const buffer_access *access = b->access; access; access = access->next) {
    if (!is_plain(&access->at[d], v)) return false;
  }
  return true;
}

/* No turn of the loop sees what another turn has left in the buffer. */
static bool turns_are_apart(const buffer *b, const variable *over) {
  bool mentioned = false;
  for (const buffer_access *access = b->access; access; access = access->next) {
    mentioned = mentioned || mentions(b, access->at, over);
  }
  for (int d = 0; d < b->rank && mentioned; d++) {
    if (all_plain(b, d, over)) return true;
  }
  return !mentioned;
}

/* Every access lies in the loop and stands at its own turn along dimension d; so it is with the
 * loops further out. */
static bool private_to(const buffer *b, int d, const step *loop) {
  for (const buffer_access *access = b->access; access; access = access->next) {
    if (!step_inside(access->by->where_done, loop)) return false;
  }
  if (!all_plain(b, d, loop->over)) return false;
  for (const step *outer = loop->parent; outer; outer = outer->parent) {
    if (!turns_are_apart(b, outer->over)) return false;
  }
  return true;
}

static bool dimension_drops(const buffer *b, int d) {
  const step *s = b->access->by->where_done;
  for (; s; s = s->parent) {
    if (s->kind == STEP_LOOP && private_to(b, d, s)) return true;
  }
  return false;
}

/* A matrix product needs its operands as they are, but for the loops around it. */
static void drop_dimensions(const graph *g, buffer *b) {
  int left = 0;
  if (!b->access) return;
  for (int d = 0; d < b->rank; d++) {
    b->dropped[d] = dimension_drops(b, d);
    left += !b->dropped[d];
  }
  if (left == 0) b->kept = STORAGE_LOCAL;
  for (int d = 0; d < b->rank && left > 0; d++)
    b->dropped[d] = b->dropped[d] || keeps_one_row(g, b, d);
}

/* ---- lifetimes ------------------------------------------------------------------------------- */

/* The outermost step that an access occupies for as long as it lasts: loops count as a whole,
 * unless the buffer lives within one turn of theirs. */
static const step *whole_step(const buffer *b, const step *s) {
  const step *whole = s;
  for (; s; s = s->parent) {
    bool within_turn = false;
    for (int d = 0; d < b->rank && s->kind == STEP_LOOP; d++) {
      within_turn = within_turn || (b->dropped[d] && private_to(b, d, s));
    }
    if (within_turn) break;
    whole = s;
  }
  return whole;
}

/* A clearing stands before the step of its assignment. */
static int first_position(const assignment *a, const step *s) {
  int first = s->position;
  for (const step *p = s->previous; p && p->kind == STEP_CLEAR; p = p->previous) {
    if (p->what->target == a->target) first = p->position;
  }
  return first;
}

static void find_lifetime(buffer *b) {
  b->first_use = -1;
  for (const buffer_access *access = b->access; access; access = access->next) {
    const step *s = whole_step(b, access->by->where_done);
    const step *begin = s->finishes ? s->finishes : s, *done = s->finish ? s->finish : s;
    int first = access->writes ? first_position(access->by, begin) : begin->position;
    if (b->first_use < 0 || first < b->first_use) b->first_use = first;
    if (done->end > b->last_use) b->last_use = done->end;
  }
}

/* ---- results in the place of operands --------------------------------------------------------- */

static bool same_shape(const graph *g, const buffer *a, const buffer *b) {
  if (a->type != b->type || a->rank != b->rank) return false;
  for (int k = 0; k < a->rank; k++) {
    size_form one = buffer_extent(g, a, a->order[k]), other = buffer_extent(g, b, b->order[k]);
    if (one.count != other.count || one.batch != other.batch) return false;
    bool drops = a->dropped[a->order[k]], drops_too = b->dropped[b->order[k]];
    bool copies = axis_counts_copies(g, a->dims[a->order[k]]);
    if (drops && !(copies && drops_too)) return false; /* both live in a turn: little to gain */
    if (drops_too && !drops && b->in_place_of) return false;
  }
  return true;
}

/* Both stand at the loop's turn along the dimension that it drives. */
static bool same_turn(const buffer *result, const index_form *at, const buffer *operand,
                      const index_form *other, const variable *over) {
  for (int k = 0; k < result->rank; k++) {
    if (is_plain(&at[result->order[k]], over)) {
      return is_plain(&other[operand->order[k]], over);
    }
  }
  return false;
}

static bool same_place(const buffer *a, const index_form *at, const buffer *b,
                       const index_form *other) {
  for (int k = 0; k < a->rank; k++) {
    if (!index_equal(&at[a->order[k]], &other[b->order[k]])) return false;
  }
  return true;
}

/* The result may take over the operand's elements as it reads them: everybody else is done with
 * them by then, in earlier steps, or earlier in the same turn of the loops that are shared. */
static bool can_replace(const graph *g, const buffer *result, const buffer *operand) {
  const assignment *a = result->writer;
  if (operand->kept != STORAGE_SCRATCH || !operand->access || operand == result) return false;
  if (!same_shape(g, result, operand)) return false;
  for (const buffer_access *access = operand->access; access; access = access->next) {
    if (access->by == a) {
      if (access->writes || !same_place(result, a->at, operand, access->at)) return false;
      continue;
    }
    const step *s = access->by->where_done;
    if (s->position > a->where_done->position) return false;
    if (s->finish && !access->writes && step_inside(a->where_done, s->finish)) return false;
    for (const step *loop = a->where_done->parent; loop; loop = loop->parent) {
      if (!step_inside(s, loop)) continue;
      if (!same_turn(result, a->at, operand, access->at, loop->over)) return false;
    }
  }
  return true;
}

static void replace_operand(entry_plan *e, buffer *result) {
  const assignment *a = result->writer;
  if (!a || a->next_writer || a->kind != ASSIGN_ELEMENTS) return;
  if (result->kept != STORAGE_SCRATCH) return;
  for (buffer_read *r = a->reads; r; r = r->next) {
    buffer *operand = r->from;
    if (operand->replaced || !can_replace(e->of->g, result, operand)) continue;
    result->in_place_of = operand;
    operand->replaced = true;
    for (int k = 0; k < operand->rank; k++)
      operand->dropped[operand->order[k]] = result->dropped[result->order[k]];
    return;
  }
}

/* ---- offsets --------------------------------------------------------------------------------- */

static buffer *storage_of(buffer *b) {
  while (b->in_place_of) b = b->in_place_of;
  return b;
}

const buffer *buffer_storage(const buffer *b) {
  while (b->in_place_of) b = b->in_place_of;
  return b;
}

/* Buffers that are in use at once are kept sorted by offset, one list for what has a fixed size
 * and one for what grows with the batch. The first ones stand without a gap: that is where nothing
 * fits, and what deep models keep for the way back need not be looked at for each buffer anew. */
typedef struct live_list {
  int count, packed;
  buffer **item;
} live_list;

static int64_t *offset_of(buffer *b, bool batch) { return batch ? &b->per_sample : &b->fixed; }

static int64_t end_of(buffer *b, bool batch) { return *offset_of(b, batch) + b->bytes; }

/* Where it stands in its list: found by halves, as the list is sorted. */
static int index_in(const live_list *live, buffer *b, bool batch) {
  int low = 0, high = live->count - 1;
  while (low < high) {
    const int middle = low + (high - low) / 2;
    if (*offset_of(live->item[middle], batch) < *offset_of(b, batch)) low = middle + 1;
    else high = middle;
  }
  while (live->item[low] != b) low++; /* what has no size shares its offset */
  return low;
}

static void drop_dead(live_list *live, buffer *b, bool batch) {
  const int k = index_in(live, b, batch);
  live->count--;
  memmove(&live->item[k], &live->item[k + 1], (size_t)(live->count - k) * sizeof *live->item);
  if (live->packed > k) live->packed = k;
}

/* First fit; returns the end of what is taken. */
static int64_t fit(live_list *live, buffer *b, bool batch) {
  int k = live->packed;
  int64_t at = k > 0 ? end_of(live->item[k - 1], batch) : 0;
  for (; k < live->count && at + b->bytes > *offset_of(live->item[k], batch); k++) {
    at = end_of(live->item[k], batch);
  }
  memmove(&live->item[k + 1], &live->item[k], (size_t)(live->count - k) * sizeof *live->item);
  live->item[k] = b;
  live->count++;
  *offset_of(b, batch) = at;
  while (k <= live->packed && live->packed < live->count) {
    if (*offset_of(live->item[live->packed], batch) != at) break;
    at = end_of(live->item[live->packed++], batch);
  }
  return end_of(b, batch);
}

bool buffer_is_scalar(const buffer *b) {
  return b->kept == STORAGE_LOCAL || b->kept == STORAGE_RESULT;
}

void measure_buffer(const entry_plan *e, buffer *b) {
  size_form elements = buffer_elements(e->of->g, b);
  int64_t each = b->type == NUMBER_INTEGER ? 4 : b->type == NUMBER_DOUBLE ? 8 : e->of->real_bytes;
  b->bytes = rounded_bytes(elements.count * each);
  b->grows = elements.batch;
}

static void take_over_lifetime(buffer *b) {
  buffer *owner = storage_of(b);
  if (owner == b) return;
  if (b->first_use < owner->first_use) owner->first_use = b->first_use;
  if (b->last_use > owner->last_use) owner->last_use = b->last_use;
}

static int first_use(const buffer *b) { return b->first_use; }
static int last_use(const buffer *b) { return b->last_use; }

/* What needs a place, by first or by last use: counting sort over positions keeps this linear. */
static buffer **sorted_by(entry_plan *e, int use(const buffer *), int positions, int *count) {
  int *start = arena_alloc(e->of->memory, ((size_t)positions + 2) * sizeof *start);
  buffer **sorted = arena_alloc(e->of->memory, (e->buffers + 1) * sizeof *sorted);
  for (int pass = 0; pass < 2; pass++) {
    for (size_t k = 0; k < e->buffers; k++) {
      buffer *b = e->buffer[k];
      if (b->kept != STORAGE_SCRATCH || b->in_place_of || b->first_use < 0) continue;
      if (pass == 0) start[use(b) + 1]++;
      else sorted[start[use(b)]++] = b;
    }
    for (int p = 1; pass == 0 && p <= positions; p++) start[p] += start[p - 1];
    if (pass == 0) *count = start[positions];
  }
  return sorted;
}

static void give_offsets(entry_plan *e, int positions) {
  int count;
  buffer **placed = sorted_by(e, first_use, positions, &count);
  buffer **dying = sorted_by(e, last_use, positions, &count);
  live_list live[2] = {{0, 0, NULL}, {0, 0, NULL}};
  for (int batch = 0; batch < 2; batch++) {
    live[batch].item = arena_alloc(e->of->memory, ((size_t)count + 1) * sizeof(buffer *));
  }
  for (int k = 0; k < count; k++) {
    buffer *b = placed[k];
    for (; (*dying)->last_use < b->first_use; dying++) {
      drop_dead(&live[(*dying)->grows], *dying, (*dying)->grows);
    }
    int64_t end = fit(&live[b->grows], b, b->grows);
    int64_t *most = b->grows ? &e->scratch_per_sample : &e->scratch_fixed;
    if (end > *most) *most = end;
  }
  for (size_t k = 0; k < e->buffers; k++) {
    buffer *b = e->buffer[k];
    b->fixed = storage_of(b)->fixed;
    b->per_sample = storage_of(b)->per_sample;
  }
}

void plan_memory(entry_plan *e) {
  int positions = number_steps(e->first, 0);
  find_accesses(e);
  for (size_t k = 0; k < e->buffers; k++) {
    if (e->buffer[k]->kept == STORAGE_SCRATCH) drop_dimensions(e->of->g, e->buffer[k]);
  }
  for (size_t k = 0; k < e->buffers; k++) replace_operand(e, e->buffer[k]);
  for (size_t k = 0; k < e->buffers; k++) {
    find_lifetime(e->buffer[k]);
    measure_buffer(e, e->buffer[k]);
  }
  for (size_t k = 0; k < e->buffers; k++) take_over_lifetime(e->buffer[k]);
  give_offsets(e, positions);
}
