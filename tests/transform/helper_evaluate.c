/* The naive reference: see helper_evaluate.h. */
#include "helper_evaluate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Their vectors need such sizes, of the last under sanitizers; library_windows.nn has the same forms,
 * smaller. */
bool too_large_to_evaluate(const char *file) {
#ifdef __SANITIZE_ADDRESS__
  static const char *const large[] = {"strided.nn", "wide_windows.nn", "convolutions.nn"};
#else
  static const char *const large[] = {"strided.nn", "wide_windows.nn"};
#endif
  for (size_t k = 0; k < sizeof large / sizeof *large; k++) {
    if (strcmp(file, large[k]) == 0) return true;
  }
  return false;
}

static double hashed(uint64_t x) {
  x = (x ^ (x >> 31)) * UINT64_C(0x9E3779B97F4A7C15);
  x = (x ^ (x >> 29)) * UINT64_C(0xBF58476D1CE4E5B9);
  return (double)((x ^ (x >> 32)) >> 11) / 9007199254740992.0;
}

/* What a stop was before the nudge. */
static double held_value(const world *w, const node *n, int64_t *position) {
  const definition *of = NULL;
  for (int k = 0; k < w->of->helds; k++) {
    if (w->of->held[k].leaf == n->tensor) of = &w->of->held[k].value;
  }
  world still = *w;
  still.nudged = NULL;
  still.memo = NULL;
  int64_t *inner = calloc(4096, sizeof *inner);
  inner[AXIS_BATCH] = position[AXIS_BATCH];
  for (int k = 0; k < of->rank; k++) inner[of->dims[k]] = position[n->dims[k]];
  double value = evaluate(&still, of->value, inner);
  free(inner);
  return value;
}

static double tensor_value(const world *w, const node *n, int64_t *position) {
  const tensor *t = n->tensor;
  uint64_t key = (uint64_t)t->number * 7919 + 13;
  bool nudged = t == w->nudged;
  if (t->role == TENSOR_HELD) return held_value(w, n, position);
  if (t->role == TENSOR_REFERENCE) {
    int64_t *inner = calloc(4096, sizeof *inner);
    inner[AXIS_BATCH] = position[AXIS_BATCH];
    for (int k = 0; k < t->rank; k++) inner[t->body_dims[k]] = position[n->dims[k]];
    double value = evaluate(w, t->body, inner);
    free(inner);
    return value;
  }
  for (int k = 0; k < t->rank; k++) {
    int64_t at = n->dims[k] == AXIS_UNIT ? 0 : position[n->dims[k]];
    key = key * 31 + (uint64_t)at + 1;
    nudged = nudged && w->nudged_at[k] == at;
  }
  if (t->per_sample) {
    key = key * 31 + (uint64_t)position[AXIS_BATCH] + 1;
    nudged = nudged && w->nudged_at[t->rank] == position[AXIS_BATCH];
  }
  double random = hashed(key * 2654435761U);
  if (t->kind != VALUE_REAL) return floor(random * t->limit);
  return w->low + (w->high - w->low) * random + (nudged ? w->nudged_by : 0);
}

static int64_t extent(const world *w, axis a) {
  return a == AXIS_BATCH ? w->batch : axis_extent(w->g, a);
}

/* Runs position through all indices of `axes`; false after the last. */
static bool next_place(const world *w, int count, const axis *axes, int64_t *position) {
  for (int k = 0; k < count; k++) {
    if (++position[axes[k]] < extent(w, axes[k])) return true;
    position[axes[k]] = 0;
  }
  return false;
}

static double product_at(const world *w, const node *n, int64_t *position) {
  double product = 1;
  for (int k = 0; k < n->operands; k++) {
    bool selects = n->operand[k]->boolean && n->power[k] != 0; /* terms: written powers of 0 */
    if (selects && evaluate(w, n->operand[k], position) == 0) return 0;
  }
  for (int k = 0; k < n->operands; k++) {
    if (n->operand[k]->boolean) continue;
    product *= pow(evaluate(w, n->operand[k], position), n->power[k]);
  }
  return product;
}

static double product_value(const world *w, const node *n, int64_t *position) {
  int64_t kept[MAX_RANK];
  double sum = 0;
  for (int b = 0; b < n->bound; b++) {
    kept[b] = position[n->bound_axes[b]];
    position[n->bound_axes[b]] = 0;
  }
  do sum += product_at(w, n, position);
  while (next_place(w, n->bound, n->bound_axes, position));
  for (int b = 0; b < n->bound; b++) position[n->bound_axes[b]] = kept[b];
  return sum;
}

static double select_value(const world *w, const node *n, int64_t *position) {
  int64_t kept[MAX_RANK], number = 0, best = 0;
  double largest = -(double)INFINITY, sum = 0; /* of exp(x - largest) */
  for (int b = 0; b < n->bound; b++) {
    kept[b] = position[n->bound_axes[b]];
    position[n->bound_axes[b]] = 0;
  }
  do {
    bool holds = n->operands < 2 || evaluate(w, n->operand[1], position) != 0;
    double x = holds ? evaluate(w, n->operand[0], position) : 0;
    if (holds && x > largest) {
      sum = sum * exp(largest - x) + 1;
      largest = x;
      best = number;
    } else if (holds) {
      sum += exp(x - largest);
    }
    number++;
  } while (next_place(w, n->bound, n->bound_axes, position));
  for (int b = 0; b < n->bound; b++) position[n->bound_axes[b]] = kept[b];
  if (n->select == SELECT_ARGMAX) return (double)best;
  return n->select == SELECT_MAX ? largest : largest + log(sum);
}

static int64_t affine_at(const affine *a, int box, const int64_t *u) {
  int64_t at = a->constant;
  for (int k = 0; k < box; k++) at += a->coefficient[k] * u[k];
  return at;
}

/* Where one index of the box alone decides what is written, it has one value here; false: none. */
static bool fix_indices(const view *v, const int64_t *position, int64_t *u, bool *fixed) {
  for (int k = 0; k < v->writes; k++) {
    const affine *a = &v->write[k];
    int of = -1, count = 0;
    for (int j = 0; j < v->box; j++) {
      if (a->coefficient[j] == 0) continue;
      of = j;
      count++;
    }
    if (count != 1 || fixed[of]) continue;
    int64_t rest = position[a->along] - a->constant;
    if (rest % a->coefficient[of] != 0) return false;
    u[of] = rest / a->coefficient[of];
    if (u[of] < 0 || u[of] >= v->extent[of]) return false;
    fixed[of] = true;
  }
  return true;
}

/* The operand at what the box reads with these indices. */
static double read_value(const world *w, const node *n, const int64_t *u, int64_t *position) {
  const view *v = n->view;
  int64_t kept[MAX_RANK];
  for (int k = 0; k < v->reads; k++) {
    kept[k] = position[v->read[k].along];
    position[v->read[k].along] = affine_at(&v->read[k], v->box, u);
  }
  double value = evaluate(w, n->operand[0], position);
  for (int k = v->reads; k-- > 0;) position[v->read[k].along] = kept[k];
  return value;
}

static double view_value(const world *w, const node *n, int64_t *position) {
  const view *v = n->view;
  int64_t u[MAX_RANK] = {0};
  bool fixed[MAX_RANK] = {false}, more = true;
  double sum = 0;
  if (!fix_indices(v, position, u, fixed)) return 0;
  while (more) {
    bool here = true;
    for (int k = 0; k < v->writes; k++) {
      here = here && affine_at(&v->write[k], v->box, u) == position[v->write[k].along];
    }
    if (here) sum += read_value(w, n, u, position);
    more = false;
    for (int k = 0; k < v->box && !more; k++) {
      if (fixed[k]) continue;
      more = ++u[k] < v->extent[k];
      if (!more) u[k] = 0;
    }
  }
  return sum;
}

/* ---- memory ------------------------------------------------------------------------------- */

enum { SLOTS = 1 << 18, KEY = MAX_RANK + 2 };

typedef struct slot {
  uint64_t turn; /* in which it was filled */
  int64_t key[KEY];
  double value;
} slot;

struct memo {
  uint64_t turn;
  size_t count;
  slot slots[SLOTS];
};

void remember(world *w) {
  w->memo = calloc(1, sizeof *w->memo);
  w->memo->turn = 1;
}

void forget(world *w) {
  w->memo->turn++;
  w->memo->count = 0;
}

void forget_for_good(world *w) {
  free(w->memo);
  w->memo = NULL;
}

static slot *find_slot(struct memo *memo, const node *n, const int64_t *position) {
  int64_t key[KEY] = {n->id, n->rank};
  uint64_t hash = (uint64_t)n->id * 77777;
  for (int k = 0; k < n->rank; k++) {
    key[k + 2] = position[n->axes[k]];
    hash = hash * 1000003 + (uint64_t)key[k + 2] + 1;
  }
  size_t at = (size_t)(hash ^ (hash >> 17)) % SLOTS;
  while (memo->slots[at].turn == memo->turn && memcmp(memo->slots[at].key, key, sizeof key) != 0) {
    at = (at + 1) % SLOTS;
  }
  if (memo->slots[at].turn != memo->turn) memcpy(memo->slots[at].key, key, sizeof key);
  return &memo->slots[at];
}

static double evaluate_now(const world *w, const node *n, int64_t *position);

double evaluate(const world *w, const node *n, int64_t *position) {
  if (!w->memo || n->operands == 0 || w->memo->count > SLOTS / 2) {
    return evaluate_now(w, n, position);
  }
  slot *found = find_slot(w->memo, n, position);
  if (found->turn == w->memo->turn) return found->value;
  double value = evaluate_now(w, n, position);
  found = find_slot(w->memo, n, position); /* others may have moved in */
  w->memo->count += found->turn != w->memo->turn;
  found->turn = w->memo->turn;
  found->value = value;
  return value;
}

static double evaluate_now(const world *w, const node *n, int64_t *position) {
  double value = n->value;
  switch (n->class) {
    case NODE_CONSTANT: return value;
    case NODE_TENSOR: return tensor_value(w, n, position);
    case NODE_INDEX: return (double)position[n->axes[0]];
    case NODE_EXTENT: return (double)w->batch;
    case NODE_SUM:
      for (int k = 0; k < n->operands; k++) {
        value += n->coefficient[k] * evaluate(w, n->operand[k], position);
      }
      return value;
    case NODE_PRODUCT: return product_value(w, n, position);
    case NODE_MAP:
      return op_evaluate(n->op, evaluate(w, n->operand[0], position),
                         n->operands > 1 ? evaluate(w, n->operand[1], position) : 0);
    case NODE_VIEW: return view_value(w, n, position);
    case NODE_SELECT: return select_value(w, n, position);
  }
  return value;
}
