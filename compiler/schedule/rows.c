/* rows: of what goes on from copy to copy (x[l + 1] = lines(x[l])) only the row at hand is kept,
 * where nobody looks back at earlier ones: the lines have read row l to the end when they write
 * row l + 1 in its place. */
#include "schedule.h"

/* A buffer whose dimension d is a row for each copy, and the loop over the copies. */
typedef struct row_use {
  const buffer *b;
  int d;
  const step *loop;
  const assignment *writer;      /* the one in the loop                                           */
  int64_t written;               /* rows beside the loop's variable                               */
  int64_t first, last;           /* the row that the loop finds, and the one that it leaves       */
} row_use;

static bool is_constant(const index_form *at, int64_t row) {
  return at->terms == 0 && at->constant == row;
}

static const step *copies_loop(const graph *g, const assignment *a, const variable *v) {
  for (const step *s = a->where_done->parent; s; s = s->parent) {
    bool copies = s->over->along >= 0 && axis_counts_copies(g, s->over->along);
    if (s->over == v && copies && s->over->time) return s;
  }
  return NULL;
}

static bool find_writer(const graph *g, row_use *u) {
  for (const assignment *a = u->b->writer; a; a = a->next_writer) {
    const variable *v = index_variable(&a->at[u->d]);
    if (!v || !a->where_done) continue;
    const step *loop = copies_loop(g, a, v);
    if (!loop || u->writer) return false;
    u->writer = a;
    u->loop = loop;
    u->written = a->at[u->d].constant;
  }
  if (!u->writer) return false;
  const variable *over = u->loop->over;
  bool down = u->loop->downwards;
  u->first = (down ? over->high : over->low - 1) + u->written;
  u->last = (down ? over->low : over->high - 1) + u->written;
  return true;
}

/* Inner loops that the read shares with the write stand at the same place in both. */
static bool same_turns(const row_use *u, const buffer_access *read) {
  const step *s = u->writer->where_done->parent;
  for (; s != u->loop; s = s->parent) {
    if (!step_inside(read->by->where_done, s)) continue;
    bool same = false;
    for (int d = 0; d < u->b->rank; d++) {
      const index_form *at = &u->writer->at[d];
      bool driven = d != u->d && at->constant == 0 && index_variable(at) == s->over;
      same = same || (driven && index_equal(at, &read->at[d]));
    }
    if (!same) return false;
  }
  return true;
}

static bool same_place(const row_use *u, const buffer_access *read) {
  for (int d = 0; d < u->b->rank; d++) {
    if (d != u->d && !index_equal(&u->writer->at[d], &read->at[d])) return false;
  }
  return true;
}

static bool reads_in_time(const row_use *u, const buffer_access *read) {
  const index_form *at = &read->at[u->d];
  int64_t behind = u->loop->downwards ? 1 : -1;
  if (index_variable(at) != u->loop->over || at->constant != u->written + behind) return false;
  if (read->by == u->writer) return u->writer->kind == ASSIGN_ELEMENTS && same_place(u, read);
  return read->by->where_done->position < u->writer->where_done->position && same_turns(u, read);
}

static bool access_fits(const row_use *u, const buffer_access *access) {
  const step *s = access->by->where_done, *block = u->loop->parent;
  if (block && !step_inside(s, block)) return false;
  if (step_inside(s, u->loop))
    return access->writes ? access->by == u->writer : reads_in_time(u, access);
  if (s->position > u->loop->position)
    return !access->writes && is_constant(&access->at[u->d], u->last);
  return is_constant(&access->at[u->d], u->first);
}

bool keeps_one_row(const graph *g, const buffer *b, int d) {
  row_use u = {.b = b, .d = d};
  if (b->dims[d] < 0 || !axis_counts_copies(g, b->dims[d]) || !b->access) return false;
  if (!find_writer(g, &u)) return false;
  for (const buffer_access *access = b->access; access; access = access->next) {
    if (!access_fits(&u, access)) return false;
  }
  return true;
}
