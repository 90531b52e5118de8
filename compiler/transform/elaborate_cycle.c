/* elaborate_cycle: checks that every recurrence steps: along some index, in one direction, as
 * loops will compute it (Allen and Kennedy: loops carry dependences of one sign; what a loop
 * carries is dropped, and the rest must step along another index, or be no cycle any more). */
#include "elaborate.h"

#include <string.h>

enum { MOST_MEMBERS = 64 }; /* of a cycle that is checked here; a larger one is the scheduler's */

/* A read of one member of a cycle by another. Dimension k of what is read stands at the reader's
 * own index number position[k] plus offset[k]; -1: at anything else. */
struct cycle_read {
  const item *reader, *target;
  int position[LARGEST_RANK];
  int64_t offset[LARGEST_RANK];
  place where;
};

/* ---- taking down -------------------------------------------------------------------------- */

static const item *reader_beside(const context *c, const item *target) {
  const item *reader = c->reader;
  for (const scope *s = c->scope; s != NULL && s != target->scope; s = s->outer) reader = s->block;
  return reader;
}

static int left_position(const context *c, const item *reader, const index_variable *v) {
  int k = 0;
  for (const bracket_entry *b = reader->statement->entries; b != NULL; b = b->next, k++) {
    if (variable_of_binder(c, b) == v) return k;
  }
  return -1;
}

void note_cycle_read(context *c, const item *target, int count, const affine_form *forms,
                     place where) {
  elaborator *e = c->e;
  scope *s = target->scope;
  struct cycle_read one = {reader_beside(c, target), target, {0}, {0}, where};
  for (int k = 0; k < LARGEST_RANK; k++) {
    const affine_form *f = k < count ? &forms[k] : NULL;
    bool plain = f != NULL && f->count == 1 && f->coefficient[0] == 1 && one.reader == c->reader;
    one.position[k] = plain ? left_position(c, one.reader, f->variable[0]) : -1;
    if (plain) one.offset[k] = f->constant;
  }
  ARENA_PUSH(e->memory, s->reads, s->read_count, s->read_capacity, one);
}

/* ---- one cycle ---------------------------------------------------------------------------- */

typedef struct cycle {
  elaborator *e;
  int members;
  const item *member[MOST_MEMBERS];
  int class_of[MOST_MEMBERS * LARGEST_RANK]; /* of each index of each member: indices that step
                                                together share a class (union-find) */
  const struct cycle_read *reads;
  size_t count;
} cycle;

static int member_of(cycle *c, const item *wanted) {
  for (int k = 0; k < c->members; k++) {
    if (c->member[k] == wanted) return k;
  }
  if (c->members == MOST_MEMBERS) return -1;
  c->member[c->members] = wanted;
  return c->members++;
}

static int class_root(const cycle *c, int index) {
  while (c->class_of[index] != index) index = c->class_of[index];
  return index;
}

static int index_number(cycle *c, const item *of, int position) {
  return member_of(c, of) * LARGEST_RANK + position;
}

/* False where two indices of one member would be one: too intricate to judge here. */
static bool join_indices(cycle *c) {
  for (int k = 0; k < MOST_MEMBERS * LARGEST_RANK; k++) c->class_of[k] = k;
  for (size_t r = 0; r < c->count; r++) {
    const struct cycle_read *read = &c->reads[r];
    for (int k = 0; k < LARGEST_RANK; k++) {
      if (read->position[k] < 0) continue;
      int a = class_root(c, index_number(c, read->target, k));
      int b = class_root(c, index_number(c, read->reader, read->position[k]));
      c->class_of[a] = b;
    }
  }
  for (int m = 0; m < c->members; m++) {
    for (int j = 0; j < LARGEST_RANK; j++) {
      for (int k = 0; k < j; k++) {
        int a = m * LARGEST_RANK + j, b = m * LARGEST_RANK + k;
        if (class_root(c, a) == class_root(c, b)) return false;
      }
    }
  }
  return true;
}

/* How far a read steps along a class of indices; false where that is not known. */
static bool step_of(cycle *c, const struct cycle_read *read, int class, int64_t *step) {
  for (int k = 0; k < LARGEST_RANK; k++) {
    if (class_root(c, index_number(c, read->target, k)) != class) continue;
    *step = read->offset[k];
    return read->position[k] >= 0;
  }
  return false;
}

/* Whether all reads that are alive step along the class in one direction, some at all. */
static bool carries(cycle *c, int class, const bool *alive) {
  bool back = false, forth = false, any = false;
  for (size_t r = 0; r < c->count; r++) {
    int64_t step = 0;
    if (!alive[r]) continue;
    if (!step_of(c, &c->reads[r], class, &step)) return false;
    back = back || step < 0;
    forth = forth || step > 0;
    any = true;
  }
  return any && back != forth;
}

static void reach_all(cycle *c, const bool *alive, bool (*reached)[MOST_MEMBERS]) {
  memset(reached, 0, sizeof(bool) * MOST_MEMBERS * MOST_MEMBERS);
  for (size_t r = 0; r < c->count; r++) {
    int from = member_of(c, c->reads[r].reader), to = member_of(c, c->reads[r].target);
    if (alive[r]) reached[from][to] = true;
  }
  for (int via = 0; via < c->members; via++) {
    for (int from = 0; from < c->members; from++) {
      for (int to = 0; to < c->members && reached[from][via]; to++)
        reached[from][to] = reached[from][to] || reached[via][to];
    }
  }
}

static bool complain_steps(cycle *c, const bool *alive) {
  int shown = 0;
  for (size_t r = 0; r < c->count && shown < 4; r++) {
    const struct cycle_read *read = &c->reads[r];
    if (!alive[r]) continue;
    if (shown++ == 0)
      complain(c->e, read->where, "the recurrence of `%s` does not step along one index in one "
                                  "direction", read->target->word);
    else
      remark(c->e, read->where, "`%s` is read here in the same cycle", read->target->word);
  }
  return false;
}

/* Reads that are alive: takes one cycle among them after the other. */
static bool check_alive(cycle *c, const bool *alive, int depth) {
  bool reached[MOST_MEMBERS][MOST_MEMBERS];
  bool done[MOST_MEMBERS] = {false};
  reach_all(c, alive, reached);
  bool *inside = arena_alloc(c->e->memory, c->count + 1);
  for (int m = 0; m < c->members; m++) {
    if (done[m] || !reached[m][m]) continue;
    for (size_t r = 0; r < c->count; r++) {
      int from = member_of(c, c->reads[r].reader), to = member_of(c, c->reads[r].target);
      inside[r] = alive[r] && reached[m][from] && reached[from][m] && reached[m][to] &&
                  reached[to][m];
      if (reached[m][to] && reached[to][m]) done[to] = true;
    }
    int class = 0, classes = c->members * LARGEST_RANK;
    while (class < classes && (class_root(c, class) != class || !carries(c, class, inside)))
      class++;
    if (class == classes || depth == LARGEST_RANK) return complain_steps(c, inside);
    for (size_t r = 0; r < c->count; r++) {
      int64_t step = 0;
      if (inside[r] && step_of(c, &c->reads[r], class, &step)) inside[r] = step == 0;
    }
    bool *rest = arena_alloc(c->e->memory, c->count + 1);
    memcpy(rest, inside, c->count);
    if (!check_alive(c, rest, depth + 1)) return false;
  }
  return true;
}

/* ---- all cycles of a scope ---------------------------------------------------------------- */

static void check_component(elaborator *e, const scope *s, int component) {
  cycle *c = arena_alloc(e->memory, sizeof *c);
  struct cycle_read *reads = arena_alloc(e->memory, (s->read_count + 1) * sizeof *reads);
  c->e = e;
  c->reads = reads;
  for (size_t k = 0; k < s->read_count; k++) {
    if (s->reads[k].target->component != component) continue;
    if (member_of(c, s->reads[k].reader) < 0 || member_of(c, s->reads[k].target) < 0) return;
    reads[c->count++] = s->reads[k];
  }
  if (!join_indices(c)) return;
  bool *alive = arena_alloc(e->memory, c->count + 1);
  memset(alive, true, c->count);
  check_alive(c, alive, 0);
}

void check_cycles(elaborator *e, scope *s) {
  if (report_errors(e->to) > 0) return; /* reads may be missing */
  for (size_t k = 0; k < s->read_count; k++) {
    int component = s->reads[k].target->component;
    bool first = true;
    for (size_t before = 0; before < k && first; before++)
      first = s->reads[before].target->component != component;
    if (first) check_component(e, s, component);
  }
}
