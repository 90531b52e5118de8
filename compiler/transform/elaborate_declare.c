/* elaborate_declare: `input`, `target`, `param` and constants of files into tensors. */
#include "elaborate.h"

#include <math.h>
#include <string.h>

/* ---- the register: tensors by role and full name ------------------------------------------- */

struct registered_tensor {
  name key;
  tensor *tensor;
  value value; /* its whole, under axes of its own */
  UT_hash_handle hh;
};

static struct registered_tensor *find_registered(elaborator *e, tensor_role role,
                                                 const char *full) {
  struct registered_tensor *known = NULL;
  name key = name_of(e->names, arena_printf(e->memory, "%d %s", (int)role, full));
  HASH_FIND_PTR(e->tensors, &key, known);
  return known;
}

tensor *registered(elaborator *e, tensor_role role, const char *full) {
  struct registered_tensor *known = find_registered(e, role, full);
  return known != NULL ? known->tensor : NULL;
}

static tensor_list *list_of(elaborator *e, tensor_role role) {
  switch (role) {
    case TENSOR_INPUT: return &e->inputs;
    case TENSOR_TARGET: return &e->targets;
    case TENSOR_PARAMETER: return &e->parameters;
    case TENSOR_CONSTANT: return &e->constants;
    case TENSOR_RUNNING: return &e->running;
    case TENSOR_CARRY: return &e->carried;
    default: return NULL;
  }
}

/* Along axes of copies it is stacked like whatever is elaborated there. */
static value whole_tensor(elaborator *e, const tensor *t) {
  value v = {.rank = t->rank - t->stacked, .word = t->word, .where = t->where};
  axis dims[MAX_RANK];
  if (t->stacked > 0) memcpy(dims, e->stack, (size_t)t->stacked * sizeof *dims);
  for (int k = 0; k < v.rank; k++) {
    v.dims[k] = sized_axis(e, t->word, t->shape[t->stacked + k]);
    dims[t->stacked + k] = v.dims[k];
  }
  if (t->kind == VALUE_CLASS) {
    v.classes = t->limit;
    v.class_axis = sized_axis(e, t->word, t->limit);
  }
  v.node = node_tensor(e->g, t, dims);
  return v;
}

size_t registered_count(const elaborator *e) { return HASH_COUNT(e->tensors); }

/* The table keeps the order in which they came. */
void forget_registered(elaborator *e, size_t count) {
  struct registered_tensor *here = e->tensors, *next;
  for (size_t k = 0; here != NULL; k++, here = next) {
    next = here->hh.next;
    if (k >= count) HASH_DEL(e->tensors, here);
  }
}

void register_tensor(elaborator *e, tensor *t, const char *full) {
  struct registered_tensor *made = arena_alloc(e->memory, sizeof *made);
  tensor_list *list = list_of(e, t->role);
  made->key = name_of(e->names, arena_printf(e->memory, "%d %s", (int)t->role, full));
  made->tensor = t;
  made->value = whole_tensor(e, t);
  HASH_ADD_PTR(e->tensors, key, made);
  if (list != NULL) ARENA_PUSH(e->memory, list->items, list->count, list->capacity, t);
}

/* Along the axes of the copies that are being elaborated: they are others in the pass for prediction. */
static value registered_value(elaborator *e, const struct registered_tensor *here) {
  value v = here->value;
  const tensor *t = here->tensor;
  axis dims[MAX_RANK];
  if (t->stacked == 0) return v;
  memcpy(dims, e->stack, (size_t)t->stacked * sizeof *dims);
  memcpy(&dims[t->stacked], v.dims, (size_t)v.rank * sizeof *dims);
  v.node = node_tensor(e->g, t, dims);
  return v;
}

/* ---- shapes and kinds --------------------------------------------------------------------- */

static constancy read_shape(context *c, const declaration *d, int *rank, int64_t *shape) {
  elaborator *e = c->e;
  int64_t elements = 1;
  constancy all = CONSTANT_YES;
  *rank = 0;
  for (const bracket_entry *b = d->entries; b != NULL; b = b->next) {
    if (b->label != NULL) {
      complain(e, b->where, "a shape holds sizes only: write [%s]", "10, 20");
      return CONSTANT_WRONG;
    }
    if (*rank == LARGEST_RANK) {
      complain(e, b->where, "`%s` has more than %d axes", d->word, LARGEST_RANK);
      return CONSTANT_WRONG;
    }
    int64_t size = -1;
    constancy state = want_whole(c, b->value, "a size", 1, &size);
    if (state == CONSTANT_WRONG) return state;
    if (state == CONSTANT_UNKNOWN) all = state;
    shape[(*rank)++] = size;
    if (size > 0 && elements <= LARGEST_ELEMENTS) elements *= size;
  }
  if (elements <= LARGEST_ELEMENTS) return all;
  complain(e, d->where, "`%s` is %s: more than 2^40 elements", d->word,
           sizes_text(e, *rank, shape));
  return CONSTANT_WRONG;
}

static bool read_kind(context *c, const declaration *d, tensor *t) {
  elaborator *e = c->e;
  int64_t limit = 0;
  if (d->kind == NULL) return true;
  bool class = strcmp(d->kind, "class") == 0;
  if (!class && strcmp(d->kind, "count") != 0) {
    const char *kinds[] = {"class", "count"};
    complain(e, d->kind_at, "unknown kind `%s`: there are class(n) and count(n)%s", d->kind,
             suggestion(e, d->kind, kinds, 2));
    return false;
  }
  constancy state = want_whole(c, d->kind_argument, "the n of a kind", 1, &limit);
  if (state != CONSTANT_YES) return false;
  if (limit > INT32_MAX) {
    complain(e, d->kind_argument->where, "the n of a kind is at most 2147483647");
    return false;
  }
  t->kind = class ? VALUE_CLASS : VALUE_COUNT;
  t->limit = (int32_t)limit;
  return true;
}

/* ---- initial values ----------------------------------------------------------------------- */

typedef struct initializer {
  const char *word;
  distribution init;
  int arguments;
  double a, b; /* where it takes no argument */
} initializer;

static const initializer initializers[] = {
    {"zeros", INIT_CONSTANT, 0, 0, 0},
    {"ones", INIT_CONSTANT, 0, 1, 0},
    {"constant", INIT_CONSTANT, 1, 0, 0},
    {"uniform", INIT_UNIFORM, 2, 0, 0},
    {"normal", INIT_NORMAL, 2, 0, 0},
    {"glorot_uniform", INIT_GLOROT_UNIFORM, 0, 0, 0},
    {"glorot_normal", INIT_GLOROT_NORMAL, 0, 0, 0},
    {"he_uniform", INIT_HE_UNIFORM, 0, 0, 0},
    {"he_normal", INIT_HE_NORMAL, 0, 0, 0},
    {"lecun_normal", INIT_LECUN_NORMAL, 0, 0, 0},
    {"orthogonal", INIT_ORTHOGONAL, 0, 0, 0},
};
enum { INITIALIZERS = sizeof initializers / sizeof *initializers };

static const initializer *find_initializer(context *c, const expression *x) {
  const char *words[INITIALIZERS];
  name word = x->kind == EXPRESSION_CALL ? x->left->word : x->word;
  for (int k = 0; k < INITIALIZERS; k++) {
    words[k] = initializers[k].word;
    if (word != NULL && strcmp(initializers[k].word, word) == 0) return &initializers[k];
  }
  complain(c->e, x->operator_at, "unknown initializer `%s`%s", word != NULL ? word : "?",
           word != NULL ? suggestion(c->e, word, words, INITIALIZERS) : "");
  return NULL;
}

/* What a reader of PyTorch expects to be refused. */
static bool can_be_drawn(context *c, const expression *x, distribution init, const double given[2]) {
  if (init == INIT_UNIFORM && given[0] > given[1]) {
    complain(c->e, x->where, "`uniform` goes up from its first argument to its second, not from %g to %g", given[0],
             given[1]);
    return false;
  }
  if (init == INIT_NORMAL && given[1] < 0) {
    complain(c->e, x->where, "the second argument of `normal` is a standard deviation, 0 or more, not %g", given[1]);
    return false;
  }
  return true;
}

static bool read_initializer(context *c, const expression *x, tensor *t) {
  elaborator *e = c->e;
  double given[2] = {0, 0};
  const initializer *row = find_initializer(c, x);
  if (row == NULL) return false;
  int count = x->kind == EXPRESSION_CALL ? count_arguments(x) : 0;
  if (count != row->arguments) {
    complain(e, x->where, "`%s` takes %d argument%s, not %d", row->word, row->arguments,
             row->arguments == 1 ? "" : "s", count);
    return false;
  }
  int k = 0;
  for (const argument *a = count > 0 ? x->arguments : NULL; a != NULL; a = a->next, k++) {
    if (want_constant(c, a->value, "an argument of an initializer", &given[k]) != CONSTANT_YES)
      return false;
    if (isfinite(given[k])) continue;
    complain(e, a->where, "an argument of an initializer must be finite");
    return false;
  }
  if (!can_be_drawn(c, x, row->init, given)) return false;
  t->init = row->init;
  t->init_a = row->arguments > 0 ? given[0] : row->a;
  t->init_b = row->arguments > 1 ? given[1] : row->b;
  if (row->init != INIT_ORTHOGONAL || t->rank >= 2) return true;
  complain(e, x->where, "`orthogonal` needs a matrix; `%s` is %s", t->word,
           sizes_text(e, t->rank, t->shape));
  return false;
}

/* As PyTorch counts: [out, in, k...]. A vector counts its length for both. */
static void count_fans(tensor *t) {
  int64_t field = 1;
  for (int k = 2; k < t->rank; k++) field *= t->shape[k];
  t->fan_out = t->rank > 0 ? t->shape[0] * field : 1;
  t->fan_in = t->rank > 1 ? t->shape[1] * field : t->fan_out;
}

/* ---- declarations ------------------------------------------------------------------------- */

static tensor_role role_of(const statement *st) {
  if (st->kind == STATEMENT_INPUT) return TENSOR_INPUT;
  return st->kind == STATEMENT_TARGET ? TENSOR_TARGET : TENSOR_PARAMETER;
}

/* One for all copies of the repeats around: a dimension in front for each of them. */
static void stack_tensor(const elaborator *e, tensor *t) {
  memmove(&t->shape[e->stacks], &t->shape[0], (size_t)t->rank * sizeof *t->shape);
  for (int k = 0; k < e->stacks; k++) t->shape[k] = e->stack_copies[k];
  t->rank += e->stacks;
  t->stacked = e->stacks;
}

static bool make_tensor(context *c, const declaration *d, tensor_role role, const char *full,
                        int rank, const int64_t *shape) {
  elaborator *e = c->e;
  tensor *t = tensor_new(e->g, role, name_of(e->names, full), d->where, rank, shape);
  t->per_sample = role != TENSOR_PARAMETER;
  t->init = rank >= 2 ? INIT_GLOROT_UNIFORM : INIT_CONSTANT;
  if (role == TENSOR_PARAMETER) count_fans(t);
  bool fine = read_kind(c, d, t);
  if (d->initializer != NULL) fine = read_initializer(c, d->initializer, t) && fine;
  if (role == TENSOR_PARAMETER && rank + e->stacks <= MAX_RANK) stack_tensor(e, t);
  register_tensor(e, t, full);
  return fine;
}

static bool same_shape(const tensor *t, int rank, const int64_t *shape) {
  return t->rank - t->stacked == rank &&
         memcmp(&t->shape[t->stacked], shape, (size_t)rank * sizeof *shape) == 0;
}

/* Parameters of another call: they must be there already, and fit. */
static bool check_shared(elaborator *e, const declaration *d, const char *full, int rank,
                         const int64_t *shape) {
  const tensor *t = registered(e, TENSOR_PARAMETER, full);
  place at = e->calls != NULL ? e->calls->where : d->where;
  if (t == NULL) {
    complain(e, at, "there is no parameter `%s` to share", full);
    return false;
  }
  if (same_shape(t, rank, shape)) return true;
  complain(e, at, "the parameter wanted is %s, but `%s`, which it shares, is %s",
           sizes_text(e, rank, shape), full,
           sizes_text(e, t->rank - t->stacked, &t->shape[t->stacked]));
  return false;
}

static value sketch_tensor(elaborator *e, const declaration *d, tensor_role role, int rank,
                           const int64_t *shape) {
  value v = {.rank = rank, .word = d->word, .where = d->where};
  v.node = role == TENSOR_PARAMETER ? e->blank : e->blank_sample;
  for (int k = 0; k < rank; k++) v.dims[k] = sized_axis(e, d->word, shape[k]);
  return v;
}

static value declare_one(context *c, const declaration *d, tensor_role role) {
  elaborator *e = c->e;
  scope *s = c->scope;
  int rank;
  int64_t shape[LARGEST_RANK];
  constancy state = read_shape(c, d, &rank, shape);
  if (state == CONSTANT_WRONG) return poison();
  if (e->exploring > 0) return sketch_tensor(e, d, role, rank, shape);
  const char *full = full_name(e, s, d->word);
  const tensor *known = registered(e, role, full);
  if (s->shares && role == TENSOR_PARAMETER) {
    if (!check_shared(e, d, full, rank, shape)) return poison();
  } else if (known != NULL && !e->predicting) {
    complain(e, d->where, "two parameters are named `%s`", full);
    remark(e, known->where, "the other one is declared here");
    return poison();
  } else if (known == NULL && !make_tensor(c, d, role, full, rank, shape)) {
    return poison();
  }
  struct registered_tensor *here = find_registered(e, role, full);
  value v = registered_value(e, here);
  v.word = d->word;
  return v;
}

void declare_tensors(elaborator *e, scope *s, const statement *declaring) {
  context c = {.e = e, .scope = s};
  for (const declaration *d = declaring->declarations; d != NULL; d = d->next) {
    symbol *made;
    if (!scope_claim(e, s, d->word, d->where, &made)) continue;
    made->base = BASE_VALUE;
    made->value = declare_one(&c, d, role_of(declaring));
  }
}

/* ---- constants of files ------------------------------------------------------------------- */

value load_constant(context *c, const declaration *d, const expression *call) {
  elaborator *e = c->e;
  const expression *path = call->arguments != NULL ? call->arguments->value : NULL;
  const char *problem = NULL;
  if (path == NULL || path->kind != EXPRESSION_STRING || call->arguments->next != NULL) {
    complain(e, call->where, "load takes one path in quotes, as in load(\"m.npy\")");
    return poison();
  }
  const char *full = full_name(e, c->scope, d->word);
  if (registered(e, TENSOR_CONSTANT, full) == NULL) {
    int rank = 0;
    int64_t shape[LARGEST_RANK];
    const char *file = beside(e, c->scope->from->file, path->string);
    const double *values = npy_read(e->memory, file, &rank, shape, &problem);
    if (values == NULL) {
      complain(e, path->where, "cannot load \"%s\": %s", file, problem);
      return poison();
    }
    tensor *t = tensor_new(e->g, TENSOR_CONSTANT, name_of(e->names, full), d->where, rank, shape);
    t->values = values;
    register_tensor(e, t, full);
  }
  return find_registered(e, TENSOR_CONSTANT, full)->value;
}
