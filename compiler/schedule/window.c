/* window: contractions whose operands no BLAS can read, as sums over windows: y[i] += w[p] x[i + p]
 * reads x at i + p, so its rows overlap. The compiler knows every shape, so of all ways to see one
 * as Y (m x n) += A (m x k) B (k x n), with two more sums around k and loops around it all, it takes
 * the one with the fewest vector operations: loops over what lies where it lies, or, where A has many
 * rows, a large product whose B is copied by places, stripe by stripe. Nothing here knows of
 * convolutions: what reads along windows, forwards or backwards, weights or inputs, is a product of this
 * kind. */
#include "product.h"

enum {
  VECTOR_BYTES = 32,   /* of the vectors that work is counted in                                 */
  FEWEST_SUMS = 6,     /* sums that must be under way for a processor to be busy                 */
  CALL = 8,            /* what begins and ends a product, in vector operations                   */
  ADD_LANES = 12,      /* what adds up the lanes of one vector                                   */
  NEAR_BYTES = 16384,  /* of results that are still near when they are read                      */
  SMALLEST_CALL = 256, /* multiply-adds that are worth the text of a product                     */
  MOST_RUNS = 2 * MAX_RANK,
  MOST_DIGITS = 6,     /* nnrt.h: NNRT_DIGITS                                                    */
  TILE_ROWS = 8,       /* of a tile of a placed product, or 4, 2, 1                              */
  STRIPE_BYTES = 128   /* of its columns                                                         */
};

/* What the loops over windows take, by what is counted: their vectors begin anywhere. Measured, as all
 * that follows (docs/performance.md). */
static const double windows_take = 1.2;

/* Of a placed product, in vector operations. */
enum {
  TILE_STEP = 32,      /* what a tile takes for each of k; of fewer rows half of it              */
  TILE_ENDS = 100,     /* and what begins and ends it                                            */
  COPY = 2,            /* of an element of B to its stripe                                       */
  COPY_PIECE = 12,     /* of a piece that lies in one place, at most a vector                    */
  TURN_VECTOR = 26,    /* of a vector that lies along k                                          */
  RUN = 256,           /* of k, after which a turned product visits its results                  */
  TURN_ROWS = 18,      /* of a row of A's stripe, which is packed then                           */
  TURN_ENDS = 540      /* of a vector of results, in two rows of vectors                         */
};

/* Variables of a group that run as one index, and its strides. */
typedef struct run {
  int count;
  variable *variable[MAX_RANK]; /* innermost first */
  double turns;
  int64_t stride[3]; /* in A, B, Y */
} run;

typedef struct search {
  product_match *m;
  int runs[3];
  run run[3][MOST_RUNS];
  double lanes, work, least;
  bool swapped;
  matrix_product best;
} search;

/* ---- runs ----------------------------------------------------------------------------------- */

static bool find_strides(const product_match *m, run *r) {
  for (int k = 0; k < 3; k++) {
    size_form stride = address_stride(&m->at[k], r->variable[0]);
    if (stride.batch) return false;
    r->stride[k] = stride.count;
  }
  return true;
}

/* From the group's variable `first` outwards: a run for each place where it may end. */
static void find_runs_from(search *s, int group, int first) {
  const product_match *m = s->m;
  const address *one = &m->at[group == GROUP_N ? 1 : 0];
  const address *other = &m->at[group == GROUP_K ? 1 : 2];
  run r = {.turns = 1};
  for (int at = first; at >= 0 && r.count < MAX_RANK && s->runs[group] < MOST_RUNS;
       at = next_outer(m, group, one, other, r.variable[r.count - 1])) {
    variable *v = m->group[group][at];
    if (v->batch || v->high <= v->low) return;
    r.variable[r.count++] = v;
    r.turns *= (double)(v->high - v->low);
    if (!find_strides(m, &r)) return;
    s->run[group][s->runs[group]++] = r;
  }
}

static void find_runs(search *s) {
  for (int group = 0; group < 3; group++) {
    for (int k = 0; k < s->m->groups[group]; k++) find_runs_from(s, group, k);
  }
}

static bool share_variable(const run *a, const run *b) {
  for (int k = 0; k < a->count; k++) {
    for (int j = 0; j < b->count; j++) {
      if (a->variable[k] == b->variable[j]) return true;
    }
  }
  return false;
}

static double total_work(const product_match *m) {
  double work = 1;
  for (int k = 0; k < m->a->variables; k++) {
    const variable *v = variable_now(m->a->variable[k]);
    size_form turns = variable_turns(v);
    if (!v->time) work *= (double)turns.count * (turns.batch ? m->e->of->nominal_batch : 1);
  }
  return work;
}

/* ---- candidates ------------------------------------------------------------------------------ */

/* The runs that a product would have; those of the sum outermost first, NULL where there is none. */
typedef struct candidate {
  const run *row, *line, *column, *sum[3];
  bool along; /* vectors lie along the innermost sum, not along the columns */
  int64_t by; /* from one lane of B's to the next */
} candidate;

static double turns(const run *r) { return r ? r->turns : 1; }

static bool is_free(const candidate *c, const run *r) {
  for (int k = 0; k < 3; k++) {
    if (c->sum[k] && share_variable(c->sum[k], r)) return false;
  }
  return true;
}

/* The places in front of the innermost sum, or of all: the longest runs, large strides outside. */
static void choose_sums(const search *s, candidate *c, int places) {
  int which = 1 - s->swapped; /* B */
  for (int k = places; k > 0; k--) {
    const run *most = NULL;
    for (int j = 0; j < s->runs[GROUP_K]; j++) {
      const run *r = &s->run[GROUP_K][j];
      if (is_free(c, r) && (!most || r->turns > most->turns)) most = r;
    }
    c->sum[k - 1] = most;
  }
  for (int k = 1; k < places; k++) {
    for (int j = k; j > 0; j--) {
      const run *outer = c->sum[j - 1], *inner = c->sum[j];
      bool ordered = !outer || (inner && outer->stride[which] >= inner->stride[which]);
      if (ordered) break;
      c->sum[j - 1] = inner;
      c->sum[j] = outer;
    }
  }
}

static double whole_vectors(const search *s, double count) {
  double vectors = (double)(int64_t)(count / s->lanes);
  return vectors * s->lanes < count ? vectors + 1 : vectors;
}

static double at_least(double x, double least) { return x > least ? x : least; }

/* In vector operations. */
static double cost_of(const search *s, const candidate *c) {
  double m = turns(c->row), n = turns(c->column), inner = turns(c->sum[2]);
  double sums = turns(c->sum[0]) * turns(c->sum[1]) * inner, lines = turns(c->line);
  double around = s->work / (m * n * lines * sums);
  if (m * n * lines * sums < SMALLEST_CALL) return s->work;
  if (c->along) {
    double steps = sums / inner * whole_vectors(s, inner);
    double reads = c->by > 1 ? n : 0;
    return around * (steps * (at_least(m * n, FEWEST_SUMS) + reads) + m * n * ADD_LANES + CALL);
  }
  double vectors = m * whole_vectors(s, n), loads = lines > 1 && n <= s->lanes ? m / 2 : m;
  double reads = c->by > 1 ? whole_vectors(s, n) : 0;
  double stores = vectors * (vectors * lines * VECTOR_BYTES > NEAR_BYTES ? 4 : 2);
  double tile = at_least(vectors, FEWEST_SUMS) + loads / 8 + reads;
  return around * (lines * (sums * tile + stores) + CALL);
}

/* A loop around has shorter steps in Y than the rows have: Y fills up strip by strip, and what reads
 * it must wait for all of them. */
static bool fills_strips(const search *s, const candidate *c) {
  for (int group = GROUP_M; group <= GROUP_N && c->row; group++) {
    for (int k = 0; k < s->runs[group]; k++) {
      const run *r = &s->run[group][k];
      bool inside = share_variable(r, c->row) || (c->column && share_variable(r, c->column)) ||
                    (c->line && share_variable(r, c->line));
      if (!inside && r->stride[2] < c->row->stride[2]) return true;
    }
  }
  return false;
}

static void put_group(matrix_product *to, int group, const run *r) {
  to->count[group] = r ? r->count : 0;
  for (int k = 0; k < to->count[group]; k++) {
    to->variable[group][k] = r->variable[r->count - 1 - k];
  }
}

/* What costs the least so far, to be filled. */
static matrix_product *begin_best(search *s, double cost) {
  s->least = cost;
  s->best = s->m->made;
  s->best.windows = true;
  if (s->swapped) {
    s->best.a = s->m->made.b;
    s->best.b = s->m->made.a;
  }
  return &s->best;
}

static void weigh(search *s, const candidate *c) {
  double cost = windows_take * cost_of(s, c) * (fills_strips(s, c) ? 1.1 : 1);
  if (cost >= s->least) return;
  matrix_product *best = begin_best(s, cost);
  best->along = c->along;
  put_group(best, GROUP_M, c->row);
  put_group(best, GROUP_LINE, c->line);
  put_group(best, GROUP_N, c->column);
  put_group(best, GROUP_OUTER, c->sum[0]);
  put_group(best, GROUP_MIDDLE, c->sum[1]);
  put_group(best, GROUP_K, c->sum[2]);
}

/* With every run of rows, and with none. */
static void weigh_rows(search *s, candidate *c) {
  int rows = s->swapped ? GROUP_N : GROUP_M;
  for (int k = -1; k < s->runs[rows]; k++) {
    c->row = k < 0 ? NULL : &s->run[rows][k];
    weigh(s, c);
  }
}

/* Numbers of B of which a vector is made: side by side, or every second one. */
static bool fills_vectors(int64_t stride) { return stride == 1 || stride == 2; }

/* Vectors along the columns: they lie side by side in Y. */
static void weigh_columns(search *s) {
  int columns = s->swapped ? GROUP_M : GROUP_N, second = 1 - s->swapped;
  for (int k = 0; k < s->runs[columns]; k++) {
    const run *r = &s->run[columns][k];
    if (!fills_vectors(r->stride[second]) || r->stride[2] != 1) continue;
    candidate c = {.column = r, .by = r->stride[second]};
    choose_sums(s, &c, 3);
    for (int j = -1; j < s->runs[columns]; j++) {
      c.line = j < 0 ? NULL : &s->run[columns][j];
      if (!c.line || !share_variable(c.line, r)) weigh_rows(s, &c);
    }
  }
}

/* Vectors along a sum: its terms lie side by side in A. */
static void weigh_sums(search *s) {
  int columns = s->swapped ? GROUP_M : GROUP_N, second = 1 - s->swapped;
  for (int k = 0; k < s->runs[GROUP_K]; k++) {
    const run *r = &s->run[GROUP_K][k];
    if (r->stride[1 - second] != 1 || !fills_vectors(r->stride[second])) continue;
    candidate c = {.sum = {NULL, NULL, r}, .along = true, .by = r->stride[second]};
    choose_sums(s, &c, 2);
    for (int j = -1; j < s->runs[columns]; j++) {
      c.column = j < 0 ? NULL : &s->run[columns][j];
      weigh_rows(s, &c);
    }
  }
}

/* ---- placed products --------------------------------------------------------------------------- */

/* The most variables of the group that run as one index in both addresses; the innermost steps by one
 * in `dense`, unless that is NULL. */
static bool find_longest(const product_match *m, int group, const address *one, const address *other,
                         const address *dense, run *to) {
  *to = (run){.turns = 0};
  for (int k = 0; k < m->groups[group]; k++) {
    run r = {.turns = 1};
    const size_form by = address_stride(dense ? dense : one, m->group[group][k]);
    if (dense && (by.batch || by.count != 1)) continue;
    for (int at = k; at >= 0 && r.count < MOST_DIGITS && !m->group[group][at]->batch;
         at = next_outer(m, group, one, other, r.variable[r.count - 1])) {
      r.variable[r.count++] = m->group[group][at];
      r.turns *= (double)variable_turns(m->group[group][at]).count;
    }
    if (r.count > 0 && r.turns > to->turns) *to = r;
  }
  return to->turns > 0;
}

/* Each of its variables takes a step that is known. */
static bool has_places(const address *b, const run *r) {
  for (int k = 0; k < r->count; k++) {
    if (address_stride(b, r->variable[k]).batch) return false;
  }
  return true;
}

/* How many numbers lie together along a run, at most a vector of 64 bytes. */
static double together(const search *s, const address *b, const run *r) {
  const double lanes = 2 * s->lanes, turns = (double)variable_turns(r->variable[0]).count;
  if (address_stride(b, r->variable[0]).count != 1) return 1;
  return turns < lanes ? turns : lanes;
}

/* Of one element of B to its stripe: where whole vectors lie together no masks are asked for, and a third
 * of what a piece takes will do. */
static double copy_cost(const search *s, const address *b, const run *column, const run *sum) {
  const double beside = together(s, b, column), along = together(s, b, sum);
  const double pieces = beside > 1 ? COPY_PIECE / beside / (beside < 2 * s->lanes ? 1 : 3) : COPY;
  const double turned = along * 4 >= 2 * s->lanes ? TURN_VECTOR / along : COPY;
  return pieces < turned ? pieces : turned;
}

static int64_t whole_parts(double of, int64_t part) { return ((int64_t)of + part - 1) / part; }

/* Whether vectors of 64 bytes of the first stripe lie in two pieces at most (runtime/nnrt_kernel_places.h). */
static bool is_read_in_place(const search *s, const address *b, const run *column) {
  const int64_t lanes = 2 * (int64_t)s->lanes, turns = variable_turns(column->variable[0]).count;
  if (address_stride(b, column->variable[0]).count != 1 || column->turns < 2 * (double)lanes) return false;
  return lanes <= 2 * turns && lanes % turns + lanes <= 2 * turns;
}

/* With vectors along the rows of A, and numbers of B read one by one. */
static double turned_cost(const search *s, const run *row, const run *column, const run *sum) {
  const int64_t lanes = 2 * (int64_t)s->lanes, vectors = whole_parts(row->turns, lanes);
  const double blocks = (double)whole_parts((double)vectors, 2), runs = (double)whole_parts(sum->turns, RUN);
  const double ends = (double)whole_parts(column->turns, lanes) * runs * TURN_ENDS;
  return 2 * (double)vectors * column->turns * sum->turns + blocks * (sum->turns * TURN_ROWS + ends);
}

/* As the runtime chooses. */
static double placed_cost(const search *s, const address *b, const run *row, const run *column,
                          const run *sum) {
  const int64_t width = STRIPE_BYTES / s->m->e->of->real_bytes, height = (int64_t)row->turns;
  const double stripes = (double)whole_parts(column->turns, width);
  const int64_t rest = height % TILE_ROWS;
  const double tiles = (double)(height / TILE_ROWS), parts = (double)(rest / 4 + rest % 4 / 2 + rest % 2);
  const double steps = sum->turns * (tiles + parts / 2) * TILE_STEP + (tiles + parts) * TILE_ENDS;
  if (is_read_in_place(s, b, column)) return stripes * steps + TILE_ENDS;
  const double packed = stripes * steps + column->turns * sum->turns * copy_cost(s, b, column, sum);
  const double turned = turned_cost(s, row, column, sum);
  return (packed < turned ? packed : turned) + TILE_ENDS;
}

/* One large product, whose A and Y lie as they must and whose B is copied by places, stripe by stripe. */
static void weigh_placed(search *s) {
  const product_match *m = s->m;
  const address *a = &m->at[s->swapped], *b = &m->at[1 - s->swapped], *y = &m->at[2];
  const int rows = s->swapped ? GROUP_N : GROUP_M, columns = s->swapped ? GROUP_M : GROUP_N;
  run row, column, sum;
  if (!find_longest(m, rows, a, y, NULL, &row) || !find_longest(m, columns, y, y, y, &column) ||
      !find_longest(m, GROUP_K, a, a, a, &sum) || !has_places(b, &column) || !has_places(b, &sum) ||
      !has_places(a, &row) || !has_places(y, &row))
    return;
  const double around = s->work / (row.turns * column.turns * sum.turns);
  const double cost = around * placed_cost(s, b, &row, &column, &sum);
  if (cost >= s->least) return;
  matrix_product *best = begin_best(s, cost);
  best->placed = true;
  put_group(best, GROUP_M, &row);
  put_group(best, GROUP_N, &column);
  put_group(best, GROUP_K, &sum);
}

/* What plain loops take: half of the multiply-adds, where a vector lies along some index of the result, and all
 * of them otherwise. */
static double plain_cost(const search *s) {
  for (int group = GROUP_M; group <= GROUP_N; group++) {
    for (int k = 0; k < s->runs[group]; k++) {
      const run *r = &s->run[group][k];
      if (r->stride[2] == 1 && r->turns >= s->lanes && r->stride[0] <= 1 && r->stride[1] <= 1)
        return s->work / 2;
    }
  }
  return s->work;
}

bool match_windows(product_match *m) {
  search *s = arena_alloc(m->e->of->memory, sizeof *s);
  *s = (search){.m = m, .lanes = (double)VECTOR_BYTES / m->e->of->real_bytes};
  s->work = total_work(m);
  if (s->work < SMALLEST_PRODUCT) return false;
  find_runs(s);
  s->least = plain_cost(s);
  for (int k = 0; k < 2; k++) {
    s->swapped = k == 1;
    weigh_columns(s);
    weigh_sums(s);
    weigh_placed(s);
  }
  if (!s->best.windows) return false;
  m->made = s->best;
  return true;
}
