/* graph: the computation as a graph of tensors whose axes carry names.
 *
 *   op       the op table (ops.def) and look-up
 *   axis     index names and their extents
 *   tensor   what has storage or a definition of its own: inputs, parameters, references, ...
 *   node     immutable, interned nodes and their constructors, which keep the normal form
 *   view     affine reads and writes
 *   record   how terms became nodes, step by step, where somebody wants to know
 *   program  all that a model says, as roots into one graph
 *   print, verify
 *
 * Conventions
 * - A node has a *set* of axes, kept sorted by number; operands broadcast to the union by name.
 *   Order of axes, and so layout in memory, belongs to definitions and to tensors, not to nodes.
 * - Axis 0 is the batch. Whatever reads an input has it; its extent is known only when the
 *   emitted program runs. Views never mention it.
 * - No node has an axis of extent 1: nothing differs along it. A dimension of extent 1 reads
 *   AXIS_UNIT in a leaf's dims (several may), and its index is 0 wherever it is laid out.
 * - Operands of a node are made before it: a smaller id. Cycles run through references only: a
 *   leaf of a tensor with role TENSOR_REFERENCE stands for tensor->body.
 * - Boolean nodes (comparisons, `not`, products of booleans) are Iverson brackets: as a factor of
 *   a product they are strong zeros: [g] * a is 0 where g is false, whatever a is, also inf, nan.
 *   The emitter must not evaluate-and-multiply: it selects.
 */
#ifndef NNCC_GRAPH_H
#define NNCC_GRAPH_H

#include "base.h"

typedef struct graph graph;
typedef struct node node;

/* ---- op.c, ops.def ------------------------------------------------------------------------ */

typedef enum op {
#define OP(identifier, ...) OP_##identifier,
#include "ops.def"
#undef OP
  OP_COUNT
} op;

enum { OP_MAX_ARITY = 2 };

/* One scalar function: a row of ops.def, where the columns are explained. */
typedef struct op_row {
  const char *name; /* as the language calls it; "" where the language has no call for it        */
  int arity;
  bool boolean;     /* its result is a bracket: true or false                                    */
  bool positive;    /* its result is > 0 everywhere                                              */
  int strength;     /* of its C text's outermost operator: higher binds tighter, 9 = a call      */
  const char *c;    /* C expression in a and b; `@` becomes `f` for float and nothing for double
                       (`exp@(a)`), and numbers get the type's suffix                            */
  const char *latex;                       /* in a and b                                         */
  const char *derivative[OP_MAX_ARITY];    /* in nn, of a, b and the result y                    */
  double low[OP_MAX_ARITY], high[OP_MAX_ARITY]; /* where tests try it                            */
} op_row;

extern const op_row op_rows[OP_COUNT];
/* The op that the language calls `word` with `arity` operands; false if there is none. */
bool op_find(const char *word, int arity, op *found);
/* Its value in double; b is ignored where the arity is 1. */
double op_evaluate(op operation, double a, double b);
/* It is a function that compilers make vector code of (runtime/nnrt_math.h). */
bool op_is_vector_code(op operation);
const char *op_identifier(op operation); /* "less_equal" */

/* ---- axis.c ------------------------------------------------------------------------------- */

typedef int axis;
enum {
  AXIS_BATCH = 0,
  AXIS_UNIT = 1, /* stands in NODE_TENSOR dims for every dimension of extent 1 */
  MAX_RANK = 12  /* of a node, batch and bound axes included */
};

/* A new axis of that extent (>= 0). `hint` is the word that printing and emission derive names
 * from: an index variable's name where the model has one ("i", "t"), else e.g. the tensor's name. */
axis axis_new(graph *g, name hint, int64_t extent);
/* An axis along which the copies of a `repeat` lie. It is one of a kind: no pass makes one axis of
 * it and another, and the scheduler takes whatever runs along it into the loop over the copies. */
axis axis_of_copies(graph *g, name hint, int64_t extent);
bool axis_counts_copies(const graph *g, axis a);
/* Two axes in the place of `time`: of segments, which count as copies, and of the steps in each. */
void axis_split(graph *g, axis time, int64_t length, axis *segments, axis *steps);
typedef enum axis_part { AXIS_WHOLE, AXIS_SEGMENTS, AXIS_STEPS } axis_part;
axis_part axis_part_of(const graph *g, axis a);
int axis_count(const graph *g);
int64_t axis_extent(const graph *g, axis a); /* not of AXIS_BATCH */
name axis_hint(const graph *g, axis a);
int graph_axis_count(const graph *g); /* axes are below it */

/* ---- tensor.c ----------------------------------------------------------------------------- */

typedef enum tensor_role {
  TENSOR_INPUT,
  TENSOR_TARGET,
  TENSOR_PARAMETER,
  TENSOR_CONSTANT,  /* let M = load("m.npy")                                                     */
  TENSOR_REFERENCE, /* stands for `body`: a recurrence's state, or a gradient's                  */
  TENSOR_CARRY,     /* the state that the batch before left behind, one per lane; no adjoint     */
  TENSOR_RUNNING,   /* running average of a mean[batch], read in prediction                      */
  TENSOR_RANDOM,    /* uniform in [0, 1), drawn anew every training step; per sample             */
  TENSOR_SCALAR,    /* a number that the program sets while it runs: an optimizer's hyperparameter
                       or `step`; rank 0                                                         */
  TENSOR_ELEMENT,   /* in an optimizer's rule: one element of p, g or a state; rank 0            */
  TENSOR_HELD,      /* what a stop(x) was when the last gradient was computed: see hold_stops    */
  TENSOR_BARRIER,   /* stands for `body` while grad(u, h) differentiates by an interior h        */
} tensor_role;

typedef enum value_kind { VALUE_REAL, VALUE_CLASS, VALUE_COUNT } value_kind;

typedef enum distribution { /* in the order of nnrt_distribution */
  INIT_CONSTANT, INIT_UNIFORM, INIT_NORMAL, INIT_GLOROT_UNIFORM, INIT_GLOROT_NORMAL,
  INIT_HE_UNIFORM, INIT_HE_NORMAL, INIT_LECUN_NORMAL, INIT_ORTHOGONAL,
} distribution;

typedef struct tensor {
  int number; /* index in the graph's table */
  name word;  /* as files spell it: "h.W"; unique within its role */
  tensor_role role;
  value_kind kind;
  int32_t limit;   /* n of class(n), count(n) */
  bool per_sample; /* leaves of it have AXIS_BATCH besides their dims */
  int rank;
  int64_t shape[MAX_RANK];
  int stacked;     /* PARAMETER, RUNNING: the first so many dimensions count copies of a `repeat`,
                      each of which files know as a tensor of its own; a `*` in the name stands for
                      each copy's number, from 1: "h.*.W" */
  place where;     /* its declaration */
  distribution init;
  double init_a, init_b;
  int64_t fan_in, fan_out;
  const double *values; /* CONSTANT: row-major */
  /* REFERENCE, BARRIER: what it stands for, and the axis of body for each dimension.
   * Set once, after the leaf has been read (tensor_define). */
  const node *body;
  axis body_dims[MAX_RANK];
  bool checkpoint;            /* REFERENCE: what goes on from one segment of a recurrence to the
                                 next (segment.c)                                                */
  const struct tensor *alias; /* the tensor that it is once more, for nodes that are computed
                                 again (recompute.c); or NULL                                    */
} tensor;

/* A new tensor; the caller fills in what the role needs before the first leaf is made. */
tensor *tensor_new(graph *g, tensor_role role, name word, place where, int rank,
                   const int64_t *shape);
/* Gives a REFERENCE or BARRIER its body: dimension k runs along axis dims[k] of `body`. */
void tensor_define(graph *g, tensor *t, const node *body, const axis *dims);
int tensor_count(const graph *g);
tensor *tensor_at(const graph *g, int number);
const char *tensor_role_name(tensor_role role);

/* ---- view.c ------------------------------------------------------------------------------- */

/* sum of coefficient[u] * u over the box's variables, plus constant: the place along `along`. */
typedef struct affine {
  axis along;
  int64_t constant;
  int64_t coefficient[MAX_RANK]; /* of each box variable; 0 beyond the box */
} affine;

/* for u in box: result[writes(u)] += operand[reads(u)], everything else zero. Axes that are in
 * neither list pass through; reads take axes away, writes bring axes in (the same axis may be in
 * both: a shift along t reads t at u and writes t at u + 1). Every place that u reaches lies
 * inside both tensors: the box says where the view acts, nothing is clipped silently.
 * The adjoint swaps reads and writes.
 *
 * Examples            box        reads              writes
 * slice x[3]          -          a: 3               -
 * place at 0          -          -                  t: 0
 * shift h[t-1]        u: T-1     t: u               t: u + 1
 * window x[i+p]       u: I v: P  a: u + v           i: u, p: v
 * rename a -> b       u: n       a: u               b: u
 * flatten x[i,j]      u: I v: J  i: u, j: v         k: J u + v
 * diagonal x[i,i]     u: n       a: u, b: u         i: u                                        */
typedef struct view {
  int box;                   /* number of box variables */
  int64_t extent[MAX_RANK];  /* of each: it runs from 0 to extent - 1 */
  int reads, writes;
  affine read[MAX_RANK], write[MAX_RANK];
} view;

/* A view that reads and writes nothing, for the caller to add to. */
view view_empty(void);
int view_box(view *v, int64_t extent); /* adds a box variable, returns its number */
affine *view_read(view *v, axis along, int64_t constant); /* coefficients zero */
affine *view_write(view *v, axis along, int64_t constant);
/* True if the view is a pure read: each write is one box variable alone, with coefficient 1 and
 * constant 0, covering that axis; each box variable is written once. Then result[i, p] is just
 * operand[...] with indices computed from i and p: reading through it costs nothing. */
bool view_is_read(const graph *g, const view *v);
/* True if it only renames axes: a pure read whose reads too are one variable alone each. */
bool view_is_rename(const graph *g, const view *v);
/* Of a view that only renames: which axis becomes which; returns how many. */
int view_renamed_axes(const view *v, axis *from, axis *to);

/* ---- node.c and the constructors' files --------------------------------------------------- */

typedef enum node_class {
  NODE_CONSTANT, /* value                                                                        */
  NODE_TENSOR,   /* tensor read at dims: one distinct axis for each dimension                    */
  NODE_INDEX,    /* the index along `axes[0]` as a number                                        */
  NODE_EXTENT,   /* the number of samples in the batch                                           */
  NODE_SUM,      /* value + sum of coefficient[k] * operand[k]; at least one operand, and
                    not just 1 * operand                                                         */
  NODE_PRODUCT,  /* sum over bound axes of the product of operand[k] ^ power[k]                   */
  NODE_MAP,      /* op of operands, element by element                                           */
  NODE_VIEW,     /* view of operand[0]                                                           */
  NODE_SELECT,   /* over bound axes, of operand[0] where the bracket operand[1] holds, if given  */
} node_class;

typedef enum select_kind { SELECT_MAX, SELECT_LOGSUMEXP, SELECT_ARGMAX } select_kind;

struct node {
  node_class class;
  int id;
  int rank;         /* number of axes */
  const axis *axes; /* sorted; bound axes are not among them */
  int operands;
  const node *const *operand;
  bool boolean;     /* its value is true or false */
  bool positive;    /* its value is known to be > 0 everywhere */
  bool integer;     /* its value is a whole number held as such: class leaf, index, argmax */
  double value;                /* CONSTANT, SUM */
  const double *coefficient;   /* SUM: one per operand */
  const double *power;         /* PRODUCT: one per operand */
  int bound;                   /* PRODUCT, SELECT */
  const axis *bound_axes;      /* sorted */
  op op;                       /* MAP */
  select_kind select;          /* SELECT */
  const tensor *tensor;        /* TENSOR */
  const axis *dims;            /* TENSOR: tensor->rank axes, in the order of its dimensions;
                                  AXIS_UNIT where the extent is 1 */
  const view *view;            /* VIEW */
};

graph *graph_new(arena *memory, name_table *names);
arena *graph_memory(const graph *g);
name_table *graph_names(const graph *g);
int graph_node_count(const graph *g); /* ids are below it */
const node *graph_node(const graph *g, int id);

bool node_has_axis(const node *n, axis a);
bool node_binds(const node *n, axis a);
bool node_is_constant(const node *n, double value);

/* Every constructor returns the normal form: possibly an existing node, or one of another class. */
const node *node_constant(graph *g, double value);
const node *node_tensor(graph *g, const tensor *t, const axis *dims);
const node *node_index(graph *g, axis a);
const node *node_extent(graph *g);                    /* of the batch */
const node *node_size(graph *g, axis a);              /* constant, or node_extent for the batch */
const node *node_sum(graph *g, double value, int count, const node *const *terms,
                     const double *coefficients);
const node *node_add(graph *g, const node *a, const node *b);
const node *node_subtract(graph *g, const node *a, const node *b);
const node *node_scale(graph *g, double factor, const node *a);
/* powers may be NULL (all 1). A bound axis that no factor has multiplies by its size. */
const node *node_product(graph *g, int count, const node *const *factors, const double *powers,
                         int bound, const axis *bound_axes);
const node *node_multiply(graph *g, const node *a, const node *b);
const node *node_divide(graph *g, const node *a, const node *b);
const node *node_power(graph *g, const node *a, double power);
const node *node_sum_over(graph *g, const node *a, int bound, const axis *bound_axes);
/* A constant exponent gives a power, any other the op pow. */
const node *node_pow(graph *g, const node *a, const node *b);
const node *node_map(graph *g, op operation, const node *const *operands);
const node *node_map1(graph *g, op operation, const node *a);
const node *node_map2(graph *g, op operation, const node *a, const node *b);
const node *node_view(graph *g, const node *a, const view *v);
/* The same values under another axis: what `a` had along `from` it has along `to`, which `a` must
 * not have yet. Leaves are read anew; views absorb it; elsewhere a renaming view remains, which
 * later constructors float outwards where they can. No-op where `a` has no axis `from`. */
const node *node_rename(graph *g, const node *a, axis from, axis to);
/* The same for several axes at once (so two may be exchanged). */
const node *node_rename_axes(graph *g, const node *a, int count, const axis *from,
                             const axis *to);
/* Whether renaming these axes makes `a` anew (it is a leaf, or small and made of leaves) instead of
 * looking at it through a view. */
bool node_follows(const node *a, int count, const axis *from);
/* For a definition: takes renamings off the outside of `a` and writes the axes that it has
 * underneath into dims instead ("an index variable takes over the axis that it reads"). A renaming
 * of other axes stays: they are those of indices around the definition. */
const node *node_unname(graph *g, const node *a, int rank, axis *dims);
/* The node that n would be with these operands in place of its own. */
const node *node_with_operands(graph *g, const node *n, const node *const *operands);
/* guard: boolean, or NULL. */
const node *node_select(graph *g, select_kind select, const node *a, const node *guard, int bound,
                        const axis *bound_axes);
const node *node_not(graph *g, const node *a);
/* `a` as a bracket: itself where boolean, a != 0 otherwise. */
const node *node_bracket(graph *g, const node *a);
/* [c] a + [not c] b: the branch not taken has no effect at all. */
const node *node_where(graph *g, const node *condition, const node *a, const node *b);
/* The bracket [class_value = k] along axis k. */
const node *node_onehot(graph *g, const node *class_value, axis k);
/* Whether n is [c = k] along k for a c that k does not tell: of its places there one counts. */
bool node_is_onehot(const graph *g, const node *n, axis k);

/* Where transform/ hooks its rewrite rules in: called with the pieces of every node that is about
 * to be interned, wrapped as a candidate that is not in the graph (its id means nothing); returns
 * its replacement or NULL. */
typedef const node *rewrite_hook(graph *g, const node *candidate, void *data);
void graph_set_rewrite(graph *g, rewrite_hook *hook, void *data);
/* From lowering on, constructors no longer make exponentials of log-sum-exp. */
void graph_set_lowered(graph *g, bool lowered);

/* ---- record.c: what was done, as it was done ---------------------------------------------- */

/* A term as it was written down before the normal form had its say: `factor` times something like
 * a node that is no part of the graph (its id and axes mean nothing, its operands are nodes); or
 * times that node, where there is one. */
typedef struct written_term {
  double factor;
  const node *node;
  node form; /* where node is NULL */
} written_term;

/* `before` equals `after` by a rule; or, where the rule is NULL, a call: a constructor was given
 * `before` and made `after`, by what was recorded at depth + 1 since `first`. */
typedef struct derivation_step {
  const char *rule;
  written_term before, after;
  int depth;
  size_t first;
} derivation_step;

/* From here on steps are recorded; no node, axis or emitted character differs for it. */
void graph_record(graph *g);
bool graph_records(const graph *g);
size_t graph_steps(const graph *g);
const derivation_step *graph_step(const graph *g, size_t number);
/* For whoever applies rules from outside of graph/: candidate, of a rewrite hook, equals node. */
void graph_cite(graph *g, const char *rule, const node *candidate, const node *result);
/* Around what makes a term into a node: begin; then end, which forgets what was recorded between
 * the two where the term came out as it was written. */
size_t graph_call_begin(graph *g);
void graph_call_end(graph *g, size_t begin, const written_term *given, const node *made);
written_term term_of(const node *n);
/* A line for each step of single elements: rule, before, after in Python's notation. */
void print_recorded(text *out, const graph *g);
written_term term_of_product(double factor, int count, const node *const *factors,
                             const double *powers, int bound, const axis *bound_axes);
/* The term with arrays of its own, which live as long as the graph. */
written_term term_copy(graph *g, const written_term *given);

/* One operand's share of its reader's adjoint, as derive took it. */
typedef struct derivation_share {
  const node *reader;   /* the node that passes its adjoint on */
  int operand;
  const node *incoming; /* the reader's adjoint */
  written_term written;         /* the product rule, the chain rule ... applied, nothing simplified */
  const node *value;    /* what it is as a node; under the axes of the operand */
  size_t first, last;   /* the steps in between */
} derivation_share;

/* The derivative of the objective by one node: the sum of the shares. */
typedef struct derivation_adjoint {
  const node *of;
  const node *value;
  size_t shares, share_capacity;
  derivation_share *share;
  size_t first, last;      /* steps of adding up */
  const tensor *reference; /* of a recurrence's body: d_r, whose body the sum is; or NULL */
} derivation_adjoint;

/* What derive_program did, over the nodes that there were then: later passes replace nodes. The
 * numbers of steps mean something where steps are recorded. */
typedef struct derivation_record {
  const node *objective;
  size_t elaborated;       /* steps before this one made the program */
  int adjoints;            /* in the order of the backward pass */
  derivation_adjoint *adjoint;
  int definitions, parameters, tensors;
  struct definition *definition; /* as of then */
  const node **leaf;             /* of each parameter: the read under whose axes its gradient is */
  derivation_adjoint *gradient;             /* of each parameter, over all its reads */
  const node **body;             /* by tensor number: of references */
  axis (*body_dims)[MAX_RANK];
} derivation_record;

/* ---- program.c ---------------------------------------------------------------------------- */

/* A named value with its layout: dimension k runs along dims[k]. The node may lack axes that
 * dims has (the value is the same along them). per_sample: has the batch in front. */
typedef struct definition {
  name word;          /* the model's spelling: "h", "h.W", "d_W1" for made ones              */
  const node *value;
  bool per_sample;
  int rank;
  axis dims[MAX_RANK];
  place where;        /* its equation */
} definition;

/* A leaf that is brought up to date from `value` after a training step (CARRY: after every
 * forward pass; value lacks the recurrence's axis: the last state). */
typedef struct refresh {
  const tensor *leaf;
  definition value;
} refresh;

/* One rule of the `optimizer` form, for one element. */
typedef struct optimizer_rule {
  name word;
  place where;
  int hyperparameters;
  tensor *hyperparameter[8];    /* SCALAR; the first is the rate */
  double default_value[8];
  bool has_default[8];
  tensor *step;                 /* SCALAR: counts from 1 */
  tensor *p, *gradient;         /* ELEMENT */
  int states;
  tensor *state[8];             /* ELEMENT */
  double state_start[8];
  const node *new_state[8];
  const node *new_p;
  /* By find_idle_states: a hyperparameter without which some states are idle, and what the rule is
   * while that one is 0; or NULL, both. */
  const tensor *off;
  const struct optimizer_rule *without_off;
  bool idle[8];                 /* of such a rule: states that it neither reads nor needs */
} optimizer_rule;

/* Whether n is made of the tensor, by another way than through `but`, which may be NULL. */
bool node_reads(const node *n, const tensor *t, const node *but);
/* Whether its equations read the tensor: a hyperparameter, a state, the gradient. */
bool rule_reads(const optimizer_rule *rule, const tensor *t);

typedef struct file_setting { const char *tensor, *path; } file_setting; /* tensor NULL: all */

typedef struct train_settings {
  int data_files, test_files;
  const file_setting *data, *test;
  double holdout;
  int optimizer;            /* index into program.optimizer */
  double hyperparameter[8];
  int batch, epochs;
  uint64_t seed;
  double clip, clip_value;  /* bounds of the gradient's norm, and of its elements; 0: none */
  const char *schedule;     /* "cosine(0) * warmup(100)", or NULL */
  const char *decay;        /* "0.01, h.*=0.1", or NULL */
  const char *average;      /* "ema(0.999)", or NULL */
  int patience, accumulate;
  int columns;                 /* chosen by name, of so many tensors ...                     */
  const file_setting *column;  /* ... path: the names as a line of CSV                       */
  const char *scale;           /* "x, u=minmax", or NULL                                     */
  const char *weights;         /* "w=y": target w is the weight of class y; or NULL          */
  const char *class_weights;   /* "1, 2, 0.5", "a=2": as given; NULL: balanced               */
} train_settings;

/* All that a model says. Arrays are in the order of declaration. */
/* Where the user's own equations are, by their words. */
typedef struct place_table place_table;

typedef struct program {
  graph *g;
  name model;
  int inputs, targets, parameters, constants, states; /* states: RUNNING, then CARRY */
  tensor **input, **target, **parameter, **constant, **state;
  /* SCALAR, or NULL where nothing is carried: nnrt_head.carried. The start of a carried state is
   * node_where(node_bracket(carried), the CARRY leaf, the start's expression). */
  const tensor *carried;
  int definitions;              /* the model's named equations, for names and comments         */
  definition *definition;
  const place_table *places;    /* of those, as program_find_places found them; NULL: not yet   */
  int outputs;                  /* in prediction's form (no dropout, running averages)         */
  definition *output;
  const node *objective;        /* scalar: mean over the batch of all losses, as in training   */
  const node *objective_again;  /* the same beside the gradients, where those compute the forward
                                   pass again (recompute.c); NULL: the objective                 */
  int first_again;              /* then: nodes from this id on are the second pass             */
  const struct program *declared; /* then: the program whose shapes the user knows; or NULL     */
  place objective_where;        /* the first of the losses                                      */
  const node *test_loss;        /* the same, as in prediction                                  */
  int metrics;
  definition *metric;           /* scalars: means over the batch, as in prediction             */
  bool metrics_of_whole;
  int gradients;                /* one per parameter, made by derive: d_NAME                   */
  definition *gradient;
  int adjoints;                 /* named adjoints of named tensors: d_h, for names and comments */
  definition *adjoint;
  int refreshes;
  refresh *refresh;
  const node *held_objective;   /* where the objective has stops: the same with each stop held  */
  int helds;                    /* at what `held` says; NULL otherwise. The values are brought  */
  refresh *held;                /* up to date with every gradient                                */
  int optimizers;
  optimizer_rule *optimizer;
  train_settings settings;
  const derivation_record *derived; /* once it is derived: how the gradients came about,       */
  const node *const *lowered;       /* and by the id of each of the lowered_nodes that there    */
  int lowered_nodes;                /* were before lowering, what it became, or NULL            */
} program;

void program_find_places(program *p);
/* Where the user's model says what `word` is: `where` itself, or, if that lies in the library, the
 * line that calls the layer which `word` is part of. */
place program_place(const program *p, name word, place where);
/* By node id: whether the outputs, metrics and loss need it (backward: or the gradients). */
bool *program_reach(const program *p, bool backward);
/* By input: whether no output depends on it, but one does on another input. Where outputs depend on
 * none, all inputs tell how many samples there are. */
bool *program_loss_only(const program *p);

/* ---- print.c, verify.c -------------------------------------------------------------------- */

/* One node a line in order of need, operands by number, axes with extents, names where the
 * program has them: --dump=forward and --dump=backward. */
void print_program(text *out, const program *p, bool backward);
/* One node as an expression in the notation of the language, opened to `depth` levels. */
void print_node(text *out, const graph *g, const node *n, int depth);
/* A double as a fraction where it is one with a small denominator ("1/3"), else as a number. */
void print_coefficient(text *out, double value);

/* Checks every reachable node (axes, bounds of views, operands before users, bound axes not free,
 * no logsumexp after lowering if `lowered`). Returns NULL or what is wrong, and where. */
const char *verify_program(const program *p, bool lowered);

#endif
