/* Scratch memory, walked through: the plan's loops are run for two samples, without numbers. Each
 * slot holds the tag of what was last written there, a buffer and the place in it, dropped dimensions
 * too; whoever reads must find the tag of what it means to read. So whatever shares bytes, by
 * lifetime, in place, or turn by turn, is proved not to be in each other's way. A loop that threads
 * share runs step by step, each step for all samples before the next: no sample is far ahead. An index
 * that counts on beyond its dimension means a place of the dimensions around. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>

#include "helper_plan.h"
#include "transform.h"

enum { SAMPLES = 2, MOST_OPEN = 4 * MAX_RANK };

static const char recurrent[] =
    "let T = 6, H = 5\ninput x[T, 4]\ntarget y[T, H]\nparam U[H, 4], W[H, H], h0[H]\n"
    "h[-1] = h0\nh[t] = tanh(U @ x[t] + W @ h[t-1])\ng = gru(h, H)\noutput g\n"
    "loss mse(g, y)\nloss sum(h[T-1]^2)\n";
static const char deep[] =
    "input x[4, 6]\ntarget y[4, 6]\nh = x\nrepeat 3 { h = transformer_block(h, 2, causal = 1) }\n"
    "output h\nloss mse(h, y)\n";
static const char labelled[] =
    "let T = 6\ninput c[T] : class(7)\ntarget n[T] : class(7)\nparam E[7, 5]\n"
    "h = lstm(E[c], 5)\nz = dense(dropout(h, 0.5), 7)\noutput p = softmax(z)\n"
    "loss mean[t](softmax_cross_entropy(z[t], n[t]))\n";
static const char windows[] =
    "input x[2, 8, 8]\ntarget y : class(3)\n"
    "h = x |> conv2d(3, 3) |> relu |> maxpool2d(2) |> flatten |> dense(3)\n"
    "output h\nloss softmax_cross_entropy(h, y)\n";
static const char physics[] =
    "input q[2]\nu = q |> dense(6) |> tanh |> dense(6) |> tanh |> dense(1)\n"
    "du = grad(u[0], q)\noutput u\nloss (du[1] - du[0])^2\n";

static const char normed[] =
    "input x[5]\ntarget y : class(3)\n"
    "h = x |> dense(6) |> batchnorm |> relu |> dense(3)\noutput h\n"
    "loss softmax_cross_entropy(h, y)\n";

static const char tables[] =
    "input x[3, 2, 5], v[3, 5]\ntarget y[3, 2, 5]\nparam w[3, 5], b[2, 5]\n"
    "a = x * tanh(x)\nu[i, k] = tanh(v[i, k] * w[i, k])\n"
    "z[i, j, k] = tanh(a[i, j, k] + b[j, k]) * u[i, k] + (k < 3) * a[i, j, k]\n"
    "m[i, j, k] = tanh(where(j < 1, a[i, j, k], u[i, k]))\noutput z\n"
    "loss mse(z, y)\nloss mean(m^2)\n";

/* A model, and what is done to it first. */
typedef struct model_row {
  const char *text;
  int segment; /* steps of a segment, of any axis that allows it; 0: none */
  bool again;
  bool split; /* whatever threads can share, however little it is */
  bool joined; /* loops over places that follow on each other are one */
} model_row;
static const model_row models[] = {
    {.text = recurrent}, {.text = recurrent, .segment = 2},
    {.text = recurrent, .segment = 3, .again = true},
    {.text = recurrent, .segment = 2, .again = true}, {.text = deep},
    {.text = deep, .again = true}, {.text = labelled},
    {.text = labelled, .segment = 3, .again = true},
    {.text = labelled, .segment = 2, .again = true}, {.text = windows}, {.text = physics},
    {.text = recurrent, .segment = 3, .again = true, .split = true},
    {.text = deep, .split = true}, {.text = deep, .again = true, .split = true},
    {.text = labelled, .split = true}, {.text = windows, .split = true},
    {.text = normed, .split = true}, {.text = physics, .split = true},
    {.text = recurrent, .joined = true},
    {.text = recurrent, .segment = 3, .again = true, .joined = true},
    {.text = deep, .joined = true}, {.text = deep, .again = true, .split = true, .joined = true},
    {.text = windows, .joined = true}, {.text = tables, .joined = true},
    {.text = tables, .split = true, .joined = true},
};
enum { MODELS = (int)(sizeof models / sizeof *models) };

/* ---- values of variables ---------------------------------------------------------------------- */

typedef struct walk {
  const entry_plan *e;
  uint64_t *slot[2]; /* tags: of what is fixed, of what grows with the batch */
  int64_t slots[2];
  int open;
  const variable *variable[MOST_OPEN];
  int64_t value[MOST_OPEN];
  int faults, reads;
  int64_t share; /* of the split loop that is being run */
} walk;

static int64_t form_value(const walk *w, const index_form *form);

static int64_t variable_value(const walk *w, variable *of) {
  const variable *v = variable_now(of);
  for (int k = w->open - 1; k >= 0; k--) {
    if (w->variable[k] == v) return w->value[k];
  }
  if (v->kind == VARIABLE_QUOTIENT) return form_value(w, &v->form) / v->divisor;
  if (v->kind == VARIABLE_REMAINDER) return form_value(w, &v->form) % v->divisor;
  return 0; /* a label */
}

static int64_t form_value(const walk *w, const index_form *form) {
  int64_t value = form->constant;
  for (int k = 0; k < form->terms; k++) {
    value += form->term[k].coefficient * variable_value(w, form->term[k].of);
  }
  return value;
}

static bool conditions_hold(const walk *w, const condition *list) {
  for (; list; list = list->next) {
    int64_t value = form_value(w, &list->of);
    if (value < list->low || value >= list->high) return false;
    if (list->divisor && value % list->divisor != 0) return false;
  }
  return true;
}

/* ---- slots ------------------------------------------------------------------------------------ */

typedef struct element {
  bool inside; /* of the buffer */
  int64_t first, count; /* slots of 4 bytes */
  uint64_t tag;
} element;

static int64_t times(size_form size) { return size.count * (size.batch ? SAMPLES : 1); }

static element element_at(const walk *w, const buffer *b, const int64_t *at) {
  const graph *g = w->e->of->g;
  int64_t bytes = b->type == NUMBER_DOUBLE ? 8 : 4, index = 0;
  element found = {.inside = true, .count = bytes / 4, .tag = (uint64_t)b->number + 1};
  for (int d = 0; d < b->rank; d++) {
    if (at[d] < 0 || at[d] >= times(buffer_extent(g, b, d))) found.inside = false;
    if (!b->dropped[d]) index += at[d] * times(buffer_stride(g, b, d));
    found.tag = found.tag * UINT64_C(1000003) + (uint64_t)at[d];
  }
  index += b->own ? w->share * w->e->split_bytes / bytes : 0;
  found.first = ((b->grows ? b->per_sample * SAMPLES : b->fixed) + index * bytes) / 4;
  return found;
}

static bool counts_on(const index_form *at) {
  for (int k = 0; k < at->terms; k++) {
    if (variable_now(at->term[k].of)->joined[0]) return true;
  }
  return false;
}

/* What is beyond the dimension goes to the next further out in memory. */
static void carry(const walk *w, const buffer *b, int d, int64_t *places) {
  int k = 0;
  while (b->order[k] != d) k++;
  for (; k > 0; k--) {
    const int64_t extent = times(buffer_extent(w->e->of->g, b, b->order[k]));
    int outer = k - 1;
    while (outer > 0 && b->dropped[b->order[outer]]) outer--;
    places[b->order[outer]] += places[b->order[k]] / extent;
    places[b->order[k]] %= extent;
    k = outer + 1;
  }
}

static element element_of(const walk *w, const buffer *b, const index_form *at) {
  int64_t places[MAX_RANK];
  for (int d = 0; d < b->rank; d++) places[d] = form_value(w, &at[d]);
  for (int d = 0; d < b->rank; d++) {
    if (counts_on(&at[d])) carry(w, b, d, places);
  }
  return element_at(w, b, places);
}

static bool holds(const walk *w, const buffer *b, const element *x) {
  for (int64_t k = 0; k < x->count; k++) {
    if (w->slot[b->grows][x->first + k] != x->tag) return false;
  }
  return true;
}

static void put(walk *w, const buffer *b, const element *x) {
  if (!x->inside || x->first < 0 || x->first + x->count > w->slots[b->grows]) {
    w->faults++;
    return;
  }
  for (int64_t k = 0; k < x->count; k++) w->slot[b->grows][x->first + k] = x->tag;
}

/* Places beside the buffer are not read: a condition in the expression says so. */
static void check_reads(walk *w, const assignment *a) {
  for (const buffer_read *r = a->reads; r; r = r->next) {
    if (r->from->kept != STORAGE_SCRATCH) continue;
    element x = element_of(w, r->from, r->at);
    if (!x.inside) continue;
    w->reads++;
    w->faults += !holds(w, r->from, &x);
  }
}

/* ---- steps ------------------------------------------------------------------------------------ */

static void open_variable(walk *w, const variable *v, int64_t value) {
  w->variable[w->open] = v;
  w->value[w->open++] = value;
}

static bool is_open(const walk *w, const variable *v) {
  for (int k = 0; k < w->open; k++) {
    if (w->variable[k] == v) return true;
  }
  return false;
}

static int64_t end_of(const variable *v) {
  return v->joined[0] ? times(variable_turns(v)) : v->batch ? SAMPLES : v->high;
}

/* Everything of the target that stands under the open loops. */
static void clear(walk *w, const assignment *a, int64_t *at, int d) {
  const buffer *b = a->target;
  if (d == b->rank) {
    element x = element_at(w, b, at);
    put(w, b, &x);
    return;
  }
  const variable *v = index_variable(&a->at[d]);
  if (b->dropped[d] || (v && is_open(w, v))) {
    at[d] = form_value(w, &a->at[d]);
    clear(w, a, at, d + 1);
    return;
  }
  int64_t extent = times(buffer_extent(w->e->of->g, b, d));
  for (at[d] = 0; at[d] < extent; at[d]++) clear(w, a, at, d + 1);
}

/* One pass reads, for all turns of the variables that no step runs over (a call's); one writes. */
static void touch(walk *w, const assignment *a, int k, bool writes) {
  if (k < a->variables) {
    const variable *v = variable_now(a->variable[k]);
    if (is_open(w, v) || v->stands) {
      touch(w, a, k + 1, writes);
      return;
    }
    for (int64_t at = v->batch ? 0 : v->low; at < end_of(v); at++) {
      open_variable(w, v, at);
      touch(w, a, k + 1, writes);
      w->open--;
    }
    return;
  }
  if (!conditions_hold(w, a->conditions)) return;
  if (!writes) check_reads(w, a);
  if (a->target->kept != STORAGE_SCRATCH) return;
  element x = element_of(w, a->target, a->at);
  if (writes) put(w, a->target, &x);
  else if (a->adds && x.inside) w->faults += !holds(w, a->target, &x);
}

static void assign(walk *w, const assignment *a) {
  bool clears = a->or_clears && !conditions_hold(w, a->conditions);
  int64_t at[MAX_RANK] = {0};
  touch(w, a, 0, false);
  touch(w, a, 0, true);
  if (clears && a->target->kept == STORAGE_SCRATCH) clear(w, a, at, 0);
}

/* Which share of the loop the sample is in. */
static int64_t share_of(const step *loop, int64_t sample) {
  int64_t share = 0;
  while (SAMPLES * (share + 1) / loop->split <= sample) share++;
  return share;
}

static void walk_steps(walk *w, const step *first);

static void run_turn(walk *w, const step *loop, const step *body, int64_t sample) {
  w->share = share_of(loop, sample);
  open_variable(w, loop->over, sample);
  walk_steps(w, body);
  w->open--;
  w->share = 0;
}

/* An element of each share's sum is read, all of the total's are written. */
static void add_shares(walk *w, const step *loop, const assignment *sum) {
  int64_t at[MAX_RANK] = {0};
  element x = {0};
  for (w->share = 0; w->share < loop->split; w->share++) {
    for (int d = 0; d < sum->target->rank; d++) at[d] = form_value(w, &sum->at[d]);
    x = element_at(w, sum->target, at);
    const bool has_samples = SAMPLES * w->share / loop->split < SAMPLES * (w->share + 1) / loop->split;
    w->reads += has_samples;
    w->faults += has_samples && !assignment_collects(sum) && !holds(w, sum->target, &x);
  }
  w->share = 0;
  if (sum->total->target->kept == STORAGE_SCRATCH) clear(w, sum->total, (int64_t[MAX_RANK]){0}, 0);
}

static void clear_sums(walk *w, const step *loop) {
  for (int k = 0; k < loop->sums; k++) {
    int64_t at[MAX_RANK] = {0};
    for (w->share = 0; w->share < loop->split; w->share++) clear(w, loop->sum[k], at, 0);
  }
  w->share = 0;
}

static void walk_split(walk *w, const step *loop) {
  clear_sums(w, loop);
  for (step *s = loop->first; s; s = s->next) {
    step *next = s->next;
    s->next = NULL;
    for (int64_t sample = SAMPLES; sample-- > 0;) run_turn(w, loop, s, sample);
    s->next = next;
  }
  for (int k = 0; k < loop->sums; k++) add_shares(w, loop, loop->sum[k]);
}

static void walk_steps(walk *w, const step *first) {
  for (const step *s = first; s; s = s->next) {
    int64_t at[MAX_RANK] = {0};
    if (s->split) {
      walk_split(w, s);
      continue;
    }
    if (s->kind == STEP_ASSIGNMENT) assign(w, s->what);
    if (s->kind == STEP_CLEAR && s->what->target->kept == STORAGE_SCRATCH) {
      clear(w, s->what, at, 0);
    }
    if (s->kind != STEP_LOOP) continue;
    for (int k = 0; k < s->reductions; k++) { /* sums in memory begin at 0 before their loop */
      const assignment *a = s->reduction[k];
      bool begins = a->kind == ASSIGN_PRODUCT && !a->adds && !assignment_collects(a);
      if (begins && a->target->kept == STORAGE_SCRATCH) clear(w, a, at, 0);
    }
    int64_t low = s->over->batch ? 0 : s->over->low, turns = end_of(s->over) - low;
    for (int64_t turn = 0; turn < turns; turn++) {
      open_variable(w, s->over, s->downwards ? low + turns - 1 - turn : low + turn);
      walk_steps(w, s->first);
      w->open--;
    }
  }
}

/* How many reads find something else than what they mean. */
static int count_faults(const entry_plan *e, int *reads) {
  walk *w = calloc(1, sizeof *w);
  w->e = e;
  w->slots[0] = e->scratch_fixed / 4;
  w->slots[1] = e->scratch_per_sample * SAMPLES / 4;
  for (int k = 0; k < 2; k++) {
    w->slot[k] = calloc((size_t)w->slots[k] + 1, sizeof **w->slot);
  }
  walk_steps(w, e->first);
  int faults = w->faults;
  *reads = w->reads;
  free(w->slot[0]);
  free(w->slot[1]);
  free(w);
  return faults;
}

/* ---- the tests -------------------------------------------------------------------------------- */

/* The first axis of a reference that splits. */
static const program *segmented(const program *p, int64_t steps) {
  for (axis a = AXIS_UNIT + 1; a < graph_axis_count(p->g); a++) {
    bool time = axis_hint(p->g, a) && axis_hint(p->g, a)[0] == 't' && axis_extent(p->g, a) == 6;
    const program *made = time ? segment_axis(p, a, steps) : NULL;
    if (made) return made;
  }
  cr_assert_fail("no axis splits");
  return NULL;
}

/* As for so many samples that every loop over them is worth it; returns how many there are. */
static int split_all(plan *made) {
  int before = 0, after = 0;
  made->nominal_batch = 1000000;
  for (int k = 0; k < ENTRY_COUNT; k++) {
    entry_plan *e = &made->entry[k];
    if (!has_entry(made, (entry_kind)k) || e->parts > 1) continue;
    before += e->shared;
    find_splits(e);
    split_passes(e);
    after += e->shared;
  }
  return after - before;
}

static int loops_within(const step *first) {
  int loops = 0;
  for (const step *s = first; s; s = s->next) {
    if (s->kind == STEP_LOOP) loops += 1 + loops_within(s->first);
  }
  return loops;
}

static int count_loops(const plan *made) {
  int loops = 0;
  for (int k = 0; k < ENTRY_COUNT; k++) loops += loops_within(made->entry[k].first);
  return loops;
}

static planned planned_row(const model_row *row) {
  planned one = plan_of(row->text, 4);
  const program *p = one.p;
  if (row->segment) p = segmented(p, row->segment);
  if (row->again) p = recompute_program(p);
  if (p != one.p) one.made = schedule_program(p, 4);
  cr_assert_null(one.made->problem, "%s", one.made->problem);
  if (row->split) cr_assert_gt(split_all(one.made), 1, "%s", row->text);
  if (row->joined) {
    const int before = count_loops(one.made);
    join_loops(one.made);
    cr_assert_lt(count_loops(one.made), before, "%s", row->text);
  }
  return one;
}

ParameterizedTestParameters(alias, every_read_finds_what_it_means) {
  static int numbers[MODELS];
  for (int k = 0; k < MODELS; k++) numbers[k] = k;
  return cr_make_param_array(int, numbers, MODELS);
}

ParameterizedTest(int *row, alias, every_read_finds_what_it_means) {
  planned one = planned_row(&models[*row]);
  for (int k = 0; k < ENTRY_COUNT; k++) {
    int reads;
    if (!has_entry(one.made, (entry_kind)k)) continue;
    int faults = count_faults(&one.made->entry[k], &reads);
    cr_expect_eq(faults, 0, "%s: %d of %d reads", one.made->entry[k].word, faults, reads);
    cr_expect(k != ENTRY_GRADIENT || reads > 0);
  }
  forget_plan(&one);
}

static bool overlap(const buffer *a, const buffer *b) {
  return a->first_use <= b->last_use && b->first_use <= a->last_use;
}

/* A buffer that is put where another lives is found out; but for some that meet in one loop, which
 * counts as a whole, and not in one turn. */
Test(alias, what_is_misplaced_is_found) {
  planned one = planned_row(&models[3]);
  const entry_plan *e = &one.made->entry[ENTRY_GRADIENT];
  int moved = 0, found = 0, reads;
  for (size_t i = 0; i < e->buffers; i++) {
    for (size_t j = 0; j < i; j++) {
      buffer *a = e->buffer[i], *b = e->buffer[j];
      if (a->kept != STORAGE_SCRATCH || b->kept != STORAGE_SCRATCH) continue;
      if (!a->access || !b->access) continue;
      if (a->in_place_of || b->in_place_of || a->replaced || !a->grows || !b->grows) continue;
      if (a->per_sample == b->per_sample || !overlap(a, b) || a->bytes > b->bytes) continue;
      int64_t before = a->per_sample;
      a->per_sample = b->per_sample;
      found += count_faults(e, &reads) > 0;
      a->per_sample = before;
      moved++;
    }
  }
  cr_expect(found > 5 && 3 * found > 2 * moved, "%d of %d", found, moved);
  cr_expect_eq(count_faults(e, &reads), 0);
  forget_plan(&one);
}
