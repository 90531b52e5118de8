/* elaborate: what the files of elaborate*.c share; nobody outside of them includes it.
 *
 *   report      diagnostics: told at the user's place, silent while shapes are only explored
 *   value       a node with the order of its dimensions; broadcasting
 *   constant    numbers known at compile time, sizes, `let`
 *   scope       names: symbols, files, layers; what a name means where it is read
 *   module      files: the model's, its imports, the library; layers by name
 *   order       which definitions need which: order of elaboration, cycles
 *   affine      index variables, affine indices
 *   index       reads: renamings, views, gathers
 *   range       ranges of index variables
 *   expression  the walk over an expression
 *   reduce      reductions and softmax
 *   call        which function a call means
 *   shape       concat, reshape, flatten, pad, transpose, onehot
 *   function    the other functions that are no op rows: where, dropout, grad
 *   barrier     leaves for what grad() derives by
 *   layer       calls of layers; bind: their arguments; ellipsis: `...` among formals
 *   equation    definitions by equations, repeat
 *   repeat      copies in a row; stack: copies as a recurrence along an axis
 *   state       recurrences: reads of states, references
 *   start       starts, shapes of states, carry
 *   cycle       whether recurrences step
 *   declare     declarations of tensors, initial distributions, files of constants
 *   optimizer   update rules
 *   train       settings of the trainer
 *
 * Two passes may run over one model, in one graph and with the same tensors: as in training and
 * as in prediction (elaborator.predicting), where the model tells them apart.
 */
#ifndef NNCC_ELABORATE_H
#define NNCC_ELABORATE_H

#include "transform.h"

/* Hash tables of uthash live in the arena; `e` is in scope wherever its macros add. */
#define uthash_malloc(size) arena_alloc(e->memory, (size))
#define uthash_free(pointer, size) ((void)(pointer))
#include <uthash.h>

typedef struct elaborator elaborator;
typedef struct context context;
typedef struct scope scope;
typedef struct symbol symbol;
typedef struct item item;

enum {
  LARGEST_RANK = 8,    /* of a declared tensor: leaves room for the batch and bound axes */
  DEEPEST = 3000,      /* nested expressions and layers; and what they may take of the C stack, */
  STACK_BYTES = 4 << 20 /* of which 8 MiB are usual */
};
static const int64_t LARGEST_ELEMENTS = (int64_t)1 << 40;

/* ---- elaborate_value.c -------------------------------------------------------------------- */

/* What an expression stands for. Dimension k runs along dims[k]; the node may lack axes that dims
 * has (the value is the same along them) and have others: the batch, and index variables that are
 * bound around it. A dimension of extent 1 is AXIS_UNIT; one whose extent is not known yet (only
 * while exploring) is elaborator.unknown_axis.
 * A class value has the node of its number; as a tensor it has one more, last dimension. */
typedef struct value {
  const node *node; /* NULL: an error was reported for it; whoever uses it says nothing more */
  int rank;
  axis dims[MAX_RANK];
  bool open;        /* exploring: further dimensions, not known yet, may follow */
  int32_t classes;  /* n of a value of kind class(n), else 0 */
  axis class_axis;  /* its one-hot vector's axis */
  name word;        /* of the tensor that it is, as a note names it, or NULL */
  place where;      /* of that tensor's definition */
} value;

value poison(void);
value value_of_node(const node *n);
value value_of_number(elaborator *e, double number);
value value_without_name(value v); /* a result of its own: notes do not name the operand */
bool is_poison(const value *v);
/* -1 where it is not known yet. */
int64_t value_size(const elaborator *e, const value *v, int k);
axis sized_axis(elaborator *e, name hint, int64_t extent); /* unit, unknown or a new axis */
/* An axis of the node that belongs to neither the dimensions nor the batch. */
bool is_free_axis(const value *v, axis a);
/* "[16, 30]", "a scalar", as a user writes shapes. */
const char *shape_text(elaborator *e, const value *v);
const char *sizes_text(elaborator *e, int rank, const int64_t *sizes);
/* A class value as its one-hot tensor; any other as it is. */
value as_tensor(elaborator *e, value v);
/* The same under other axes. */
value rename_dimensions(elaborator *e, value v, const axis *to);
/* Renames each dimension of `v` whose axis `other` has, except those in `keep`. */
value separate(elaborator *e, value v, const value *other, int keep_count, const axis *keep);
/* Brings both to one shape as NumPy does. False after an error. `at`: the operator. */
bool broadcast(context *c, place at, value *a, const expression *a_from, value *b,
               const expression *b_from, value *shape);
/* Whether a node of both axes together (and `more`) keeps within MAX_RANK; reports if not. */
bool fits_together(context *c, place at, const value *a, const value *b, int more);

/* ---- elaborate_report.c ------------------------------------------------------------------- */

/* A call that is being elaborated, for the place that an error inside a library layer names. */
typedef struct call_frame {
  place where;
  name layer;
  const statement *statement;
  struct call_frame *outer;
} call_frame;

void complain(elaborator *e, place where, const char *format, ...) PRINTF_LIKE(3, 4);
void remark(elaborator *e, place where, const char *format, ...) PRINTF_LIKE(3, 4);
/* A note that names the shape of an operand and where it came from. */
void remark_shape(elaborator *e, const value *v, const expression *from);
/* ", did you mean `x`?" or "". */
const char *suggestion(elaborator *e, const char *wrong, const char *const *candidates,
                       size_t count);

/* ---- elaborate_scope.c -------------------------------------------------------------------- */

/* One file of text. */
typedef struct module {
  const source *file;
  const char *path; /* resolved, to read each file once */
  const statement *first;
  scope *lets;
  bool library;
  struct module *next;
} module;

typedef struct layer {
  name word;
  const statement *statement;
  module *from;
  int parameters; /* whether its calls have parameters: -1 not known yet, 0, 1 */
  UT_hash_handle hh;
} layer;

typedef enum progress { UNTOUCHED, ACTIVE, FINISHED } progress;

struct symbol {
  name word;
  place where;
  enum { BASE_NONE, BASE_NUMBER, BASE_LET, BASE_VALUE } base;
  double number;            /* NUMBER; LET once FINISHED */
  bool unknown;             /* NUMBER: not known while exploring */
  const expression *let;    /* LET */
  bool overridden;          /* LET: -D gave the number */
  progress progress;        /* LET */
  bool wrong;               /* LET: an error was reported */
  value value;              /* VALUE */
  bool handed_over;         /* VALUE: from the copy before; a line may define it anew */
  item **definers;          /* equations and repeats that define it, in order */
  size_t definer_count, definer_capacity;
  UT_hash_handle hh;
};

/* The names of a model, of one call of a layer, or of one copy of a repeat's lines. */
struct scope {
  scope *outer;      /* of a copy: what is around the repeat */
  item *block;       /* of a copy: the repeat */
  module *from;
  bool model;        /* the model's own names (and those of copies in it) */
  bool ordered;      /* lines run in order: a copy */
  bool shares;       /* a call with `parameters = ...`: its parameters are there already */
  const char *path;  /* in front of names of tensors: "" or "h." */
  const char *copy;  /* behind names that are defined here: "", ".3" or ".*" */
  struct index_variable *number; /* of copies along an axis: their number as an index, or NULL */
  symbol *symbols;   /* hash table by name */
  item **items;      /* what is to be elaborated, in order */
  size_t item_count, item_capacity;
  const statement *result; /* return */
  struct cycle_read *reads; /* of members of a cycle by one another */
  size_t read_count, read_capacity;
  int rest_count;    /* axes that `...` among a layer's formals stands for */
  axis rest[MAX_RANK];
  int free_count;    /* axes of indices that are bound around the layer's call */
  axis free[MAX_RANK];
};

typedef struct found {
  symbol *symbol; /* NULL: there is no such name */
  item *item;     /* what defines it, or NULL: its base */
  scope *scope;
} found;

scope *scope_new(elaborator *e, scope *outer, module *from, const char *path);
symbol *scope_symbol(const scope *s, name word);             /* NULL if not there */
symbol *scope_add(elaborator *e, scope *s, name word, place where); /* or the one there is */
/* A name that nothing has yet; false after an error. */
bool scope_claim(elaborator *e, scope *s, name word, place where, symbol **made);
/* What `word` means where `reader` (NULL: what follows all items) reads it. */
found scope_find(elaborator *e, scope *s, name word, const item *reader);
void complain_unknown(context *c, place where, name word);

/* ---- elaborate_module.c ------------------------------------------------------------------- */

void read_modules(elaborator *e);
/* The layer that a call from this file means: the user's own hide the library's from the user. */
const layer *find_layer(elaborator *e, const module *from, name word);
/* A path that stands in `file`, seen from where the compiler runs. */
const char *beside(elaborator *e, const source *file, const char *path);
/* Whether a call of `word` from a file brings parameters of its own. */
bool has_parameters(elaborator *e, const module *from, name word);
/* How many calls with parameters of their own stand in an expression. */
int count_calls(elaborator *e, const module *from, const expression *x);

/* ---- elaborate_constant.c ----------------------------------------------------------------- */

typedef enum constancy {
  CONSTANT_NO,      /* it depends on a tensor or an index */
  CONSTANT_YES,
  CONSTANT_UNKNOWN, /* a size that exploring has not found yet */
  CONSTANT_WRONG,   /* an error was reported */
} constancy;

/* Quiet unless a name or function in it is wrong by itself. */
constancy try_constant(context *c, const expression *x, double *out);
/* Must be a constant: reports what stands in the way. */
constancy want_constant(context *c, const expression *x, const char *what, double *out);
/* Must be a whole number of at least `least`. */
constancy want_whole(context *c, const expression *x, const char *what, int64_t least,
                     int64_t *out);
bool is_whole(double x);
constancy let_value(elaborator *e, scope *s, symbol *let, double *out);
void declare_lets(elaborator *e, scope *s, const statement *lets);

/* ---- elaborate_order.c -------------------------------------------------------------------- */

/* An equation, or a repeat. */
struct item {
  scope *scope;
  const statement *statement;
  name word;           /* NULL: a repeat */
  int position;        /* among its scope's items */
  progress progress;
  /* by order_items: */
  item **needs;
  size_t need_count, need_capacity;
  int component;       /* items of one cycle share it */
  bool cyclic;
  int visit, low;      /* of the search; 0: not visited */
  bool stacked;
  /* equations: */
  const char *path;    /* in front of its calls' parameters: "h", "h.3" */
  value value;
  struct start *starts;
  struct equation_state *state;
  const item *caller;  /* what made it ACTIVE, for the path of a cycle */
  int explored;        /* session in which `sketch` was made */
  progress exploring;
  value sketch;        /* shape and kind alone */
  /* repeats: */
  scope *last;         /* the last copy's names */
  bool no_copies;      /* names keep what they were */
  struct handed *handed; /* of copies along an axis: what goes on from copy to copy */
};

/* Sets component and cyclic, and gives the items in an order in which needs come first. */
item **order_items(elaborator *e, scope *s);

/* ---- elaborate_affine.c, elaborate_index.c ------------------------------------------------ */

typedef struct index_variable {
  name word;
  place where;
  const void *binder;      /* its bracket entry */
  int64_t extent;          /* -1: not known (yet) */
  axis axis;
  bool batch;
  struct index_variable *outer; /* next one that is visible */
  struct index_variable *next;  /* next one of the equation */
} index_variable;

/* constant + sum of coefficient * variable */
typedef struct affine_form {
  int64_t constant;
  int count;
  index_variable *variable[LARGEST_RANK];
  int64_t coefficient[LARGEST_RANK];
} affine_form;

typedef enum index_kind { INDEX_AFFINE, INDEX_VALUE, INDEX_WRONG, INDEX_UNKNOWN } index_kind;

/* An expression between brackets as an affine form, if it is one. */
index_kind read_affine(context *c, const expression *x, affine_form *out);
index_variable *visible_variable(const context *c, name word);
index_variable *variable_of_binder(const context *c, const void *binder);
/* base[entries]. */
value read_indexed(context *c, const expression *x);
/* Where a piece of a read acts: only for low <= variable < high. */
typedef struct interval {
  index_variable *variable;
  int64_t low, high;
} interval;
/* Reads dimension k of v at forms[k], for k < count (a form of count -1 leaves the dimension be),
 * inside the intervals, and zero outside of them. Every place must lie inside v. */
value read_piece(context *c, value v, int count, const affine_form *forms, int interval_count,
                 const interval *intervals);
/* Least and greatest value; false where a range is not known. */
bool form_bounds(const affine_form *f, int64_t *low, int64_t *high);
bool check_inside(context *c, const expression *x, int k, const affine_form *f, int64_t size);
const char *affine_text(elaborator *e, const affine_form *f);

/* ---- elaborate_range.c -------------------------------------------------------------------- */

/* Finds the ranges of all index variables of `left = right` (left may be NULL): makes them, with
 * their axes, in c->variables, and lets those of the left be seen. `fallback`: sizes for entries
 * of the left that nothing else decides (-1: none), or NULL. False after an error. */
bool infer_ranges(context *c, const bracket_entry *left, const expression *right,
                  const int64_t *fallback);
/* The variable that an entry on a left side or of a reduction names; NULL: a constant, batch. */
name entry_variable(context *c, const bracket_entry *b, bool on_left);
bool is_reduction(const elaborator *e, name word);

/* ---- elaborate_expression.c --------------------------------------------------------------- */

/* Where an expression is elaborated. */
struct context {
  elaborator *e;
  scope *scope;
  const item *reader;        /* the item whose expression it is, or NULL */
  index_variable *variables; /* all of the equation */
  index_variable *visible;   /* those bound around this place, innermost first */
  const char *path;          /* of parameters of calls here; NULL: none may stand here */
  int calls, call;           /* calls with parameters in the equation, and how many came already */
  int plain_calls;           /* calls of layers without parameters so far */
  name defines;              /* where path is NULL: what the names of such calls begin with */
};

value expression_value(context *c, const expression *x);
/* The expression with its index variables' ranges inferred: a loss, a metric, an argument. */
value expression_alone(context *c, const expression *x);
value expression_tensor(context *c, const expression *x);
/* What the name means here as a value; complains where it has none. */
value value_of_name(context *c, const expression *x);
value value_of_item(context *c, item *wanted, place where);
value value_of_found(context *c, const found *f, name word, place where);
value map_value(context *c, op operation, value a);
/* a (op) b, by element, with broadcasting. */
value binary_value(context *c, binary_operation operation, const expression *x, value a, value b);
/* Elaborates to shape and kind alone, silently. */
value explore(context *c, const expression *x);
/* What stands for the node of a result while exploring: it tells whether samples differ. */
const node *blank_of(const elaborator *e, const value *a, const value *b);

/* ---- elaborate_call.c --------------------------------------------------------------------- */

value call_value(context *c, const expression *x);
int count_arguments(const expression *x);
/* Puts the arguments in out[]; reports a count outside of least ... most, and labels. */
bool plain_arguments(context *c, const expression *x, int least, int most,
                     const expression **out);

/* ---- elaborate_reduce.c ------------------------------------------------------------------- */

value call_reduction(context *c, const expression *x);
/* A leaf of that role along the value's dimensions and the indices that are bound around it; of
 * *made, or of a new tensor where that is NULL. */
const node *leaf_like(elaborator *e, tensor_role role, name word, place where, const value *like,
                      bool per_sample, tensor **made);

/* ---- elaborate_shape.c, elaborate_function.c ---------------------------------------------- */

/* The functions of the language that are neither op rows nor reductions. */
typedef value builtin(context *c, const expression *x);
builtin *find_builtin(elaborator *e, name word);
size_t builtin_names(elaborator *e, const char **out, size_t room);
enum { MOST_ARGUMENTS = 64 };
builtin call_concat, call_reshape, call_flatten, call_transpose, call_pad, call_onehot;
/* Rows and columns exchanged; complains where it is no matrix. */
value transpose_value(context *c, place at, const expression *from, value v);

/* ---- elaborate_barrier.c ------------------------------------------------------------------ */

/* Finds the names that some grad(u, x) derives by, and those that `parameters = ...` says. */
void find_derived(elaborator *e);
bool is_derived(const elaborator *e, name word);
bool is_sharer(const elaborator *e, name word);
/* The value as its readers see it: a leaf that stands for it if some grad() derives by `word`. */
value behind_barrier(elaborator *e, name word, value v);

/* ---- elaborate_layer.c -------------------------------------------------------------------- */

value call_layer(context *c, const expression *x, const layer *called);

typedef struct layer_call {
  context *c; /* of the caller */
  const expression *x;
  const layer *called;
  const statement *statement;
  scope *scope;
  const expression *shared; /* parameters = NAME */
  struct mapping {          /* of a formal with `...`: where these axes are in its argument */
    symbol *formal;
    int before, count;
  } mapped[LARGEST_RANK];
  int mappings;
} layer_call;

/* ---- elaborate_bind.c --------------------------------------------------------------------- */

/* Labels and their number fit the formals; finds `parameters = ...`. False after an error. */
bool check_labels(layer_call *call);
bool check_twice(layer_call *call);
bool bind_formals(layer_call *call);

/* ---- elaborate_ellipsis.c ----------------------------------------------------------------- */

bool is_ellipsis(const elaborator *e, const bracket_entry *b);
/* Takes the axes that `...` stands for off the arguments; notes all indices around the call. */
bool map_arguments(layer_call *call);
value unmap_result(layer_call *call, value v);

/* ---- elaborate_equation.c ----------------------------------------------------------------- */

/* Declares the statements of a model, of a layer's body or of a repeat's lines. */
void declare_statements(elaborator *e, scope *s, const statement *first);
/* Elaborates every item, needs first. */
void elaborate_items(elaborator *e, scope *s);
void elaborate_item(elaborator *e, item *wanted);
context equation_context(elaborator *e, const item *equation);
/* Dimensions of the left side, then those of `right`; renames off the outside. */
value define_value(context *c, const item *equation, const bracket_entry *left, value right);
/* With the path in front and the copy's number behind: "h.W", "s.3". */
const char *full_name(elaborator *e, const scope *s, name word);

/* ---- elaborate_repeat.c ------------------------------------------------------------------- */

void elaborate_repeat(elaborator *e, item *block);
scope *new_copy(elaborator *e, item *block, const char *number);
/* What a name that the repeat defines anew is behind it. */
value repeat_value(context *c, item *block, name word, place where);

/* ---- elaborate_stack.c -------------------------------------------------------------------- */

/* A name that goes on from copy to copy, of copies that lie along an axis. */
typedef struct handed {
  name word;
  place where;
  value before;    /* what the first copy reads                                              */
  tensor *rows;    /* REFERENCE: row 0 is `before`, row l + 1 what copy l makes of row l       */
  axis row;        /* along them                                                             */
  axis dims[MAX_RANK]; /* row, then those of `before`, then the indices bound around          */
  value after;     /* what the name is behind the repeat                                     */
  struct handed *next;
} handed;

/* The repeat as a recurrence along an axis of copies, with their parameters stacked. False, with
 * nothing changed, where its body does not allow that. */
bool stack_copies(elaborator *e, item *block, int64_t copies);
/* Notes that what is being elaborated cannot lie along an axis of copies. */
void refuse_stacking(elaborator *e);

/* ---- elaborate_state.c -------------------------------------------------------------------- */

/* h[-1, j: H] = expr */
typedef struct start {
  const statement *statement;
  int entries;
  bool constant[LARGEST_RANK];
  int64_t at[LARGEST_RANK]; /* where constant */
  progress progress;
  value value; /* a dimension for every place that is not constant */
  tensor *carry;
  struct start *next;
} start;

typedef struct equation_state {
  int rank;                     /* shape of the whole; -1: not known */
  int64_t sizes[MAX_RANK];
  bool open;                    /* further dimensions may follow */
  bool per_sample;
  int32_t classes;
  bool shape_known, shape_lost; /* lost: it cannot be told */
  tensor *reference;
  int reference_rank;           /* with the free axes of the scope behind */
  axis axes[MAX_RANK];          /* of the reference, where it is read by no shift */
} equation_state;

void add_start(elaborator *e, item *equation, const statement *st);
bool has_starts(const item *equation);
bool steps_along(const item *equation, int dimension);
/* Shape of an equation inside a cycle; false where it cannot be told. */
bool state_shape(context *c, item *equation, value *out);
/* Whether the reader of this context belongs to a cycle with the equation. */
bool in_cycle_with(const context *c, const item *equation);
/* A read of an equation with starts; forms as for read_piece. */
value read_state(context *c, const expression *x, item *equation, int count,
                 const affine_form *forms);
equation_state *state_of(elaborator *e, item *equation);
void define_reference(elaborator *e, const item *equation);

/* ---- elaborate_start.c -------------------------------------------------------------------- */

/* A dimension for each place that is not constant, of the sizes of the state. */
value start_value(context *c, item *equation, start *s);
/* Shape and kind of what is not elaborated yet. */
value sketch_of(context *c, item *equation, place where);
/* A step's right side, widened to the shape that the start tells. */
value fill_step(context *c, item *equation, value right);
/* After a step's elaboration: checks shapes, gives the reference its body. */
void finish_state(elaborator *e, item *equation);

/* ---- elaborate_cycle.c -------------------------------------------------------------------- */

/* A read inside a cycle: forms as for read_piece; count 0 for the whole. */
void note_cycle_read(context *c, const item *target, int count, const affine_form *forms,
                     place where);
void check_cycles(elaborator *e, scope *s);

/* ---- elaborate_declare.c ------------------------------------------------------------------ */

void declare_tensors(elaborator *e, scope *s, const statement *declaring);
/* The tensor of that full name, made or (second pass, shared parameters) found. */
tensor *registered(elaborator *e, tensor_role role, const char *full);
void register_tensor(elaborator *e, tensor *t, const char *full);
value load_constant(context *c, const declaration *d, const expression *call);
/* For an attempt that may fail: how many are registered, and forgetting those that came since. */
size_t registered_count(const elaborator *e);
void forget_registered(elaborator *e, size_t count);

/* ---- elaborate_npy.c ---------------------------------------------------------------------- */

/* Reads a NumPy file of float32 or float64; NULL with *problem set where that fails. */
const double *npy_read(arena *memory, const char *path, int *rank, int64_t *shape,
                       const char **problem);

/* ---- elaborate_optimizer.c, elaborate_train.c --------------------------------------------- */

void elaborate_optimizers(elaborator *e);
void elaborate_settings(elaborator *e);

/* ---- elaborate_data.c --------------------------------------------------------------------- */

typedef struct file_list {
  file_setting *items;
  size_t count, capacity;
} file_list;

/* What `data`, `test`, `scale` and `weights` say. */
typedef struct data_settings {
  file_list data, test;
  file_list columns;   /* a tensor, and its columns' names as a line of CSV */
  place chosen_at;
  text scale;          /* "x, u=minmax" */
  name weighed;        /* the target that is computed, or NULL */
  const char *weights; /* "w=y", or NULL */
  const char *class_weights; /* "1, 2", "a=2"; NULL: balanced */
} data_settings;

void elaborate_data(elaborator *e, const setting *s, data_settings *to);
void elaborate_test(elaborator *e, const setting *s, data_settings *to);
void elaborate_scale(elaborator *e, const setting *s, data_settings *to);
void elaborate_weights(context *c, const setting *s, data_settings *to);
/* Checks all of them together and passes them on. */
void finish_data(elaborator *e, const data_settings *of, train_settings *to);

/* ---- elaborate_forms.c -------------------------------------------------------------------- */

struct form_set;
/* NULL after an error. */
const char *forms_text(context *c, const setting *s, const struct form_set *set);

/* ---- elaborate.c -------------------------------------------------------------------------- */

typedef struct definition_list {
  definition *items;
  size_t count, capacity;
} definition_list;

typedef struct tensor_list {
  tensor **items;
  size_t count, capacity;
} tensor_list;

struct elaborator {
  const elaboration *what;
  arena *memory;
  name_table *names;
  report *to;
  graph *g;
  program *p;
  module *modules;          /* the model's file first, then imports, then the library */
  layer *own, *library;     /* hash tables by name: of the model and its imports; of the library */
  struct registered_tensor *tensors; /* hash table by role and full name */
  tensor_list inputs, targets, parameters, constants, running, carried;
  definition_list definitions;
  struct refresh_list {
    refresh *items;
    size_t count, capacity;
  } refreshes;
  call_frame *calls;        /* layers that are being elaborated, innermost first */
  const item *active;       /* equation that is being elaborated */
  bool predicting;          /* second pass: as in prediction */
  int first_predicting;     /* nodes below it belong to the first pass */
  bool modes_differ;        /* the first pass met what prediction does otherwise */
  int exploring;            /* > 0: shapes only, silently */
  int session;              /* counts explorations */
  int depth;
  const char *stack_top;    /* an address in the frame of elaborate() */
  int randoms;              /* masks of dropout so far */
  axis unknown_axis;
  struct name_list {
    name *items;
    size_t count, capacity;
  } derived, sharers;       /* names that some grad() derives by; that `parameters = ...` says */
  int stacks;               /* axes of copies around what is being elaborated, outermost first */
  axis stack[MAX_RANK];
  int64_t stack_copies[MAX_RANK];
  bool stacking_refused;
  struct {
    const node **items;
    size_t count, capacity;
  } barriers;
  const node *blank, *blank_sample; /* stand for nodes while exploring */
  struct keywords {
    name batch, parameters, mean, sum, max, min, logsumexp, argmax, softmax, carry, load, p, g,
        step, ellipsis, grad;
  } word;
};

void define_named(elaborator *e, const char *word, const value *v, place where);
definition definition_of(const char *word, const value *v, place where);
/* Guards against running out of stack. False after an error. */
bool go_deeper(elaborator *e, place where);

#endif
