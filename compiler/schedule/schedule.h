/* schedule: from a program (differentiated and lowered) to a plan: for each function of the model
 * what is stored and where, and the loops and products that compute it, in order.
 *
 *   index     index expressions over loop variables; reading through views
 *   store     which nodes get storage of their own, and which are parts of their readers
 *   look_up   which tensors lie another way for what looks them up
 *   digits    which indices run as several variables
 *   pieces    sums whose terms fill places of their own: each is assigned by itself
 *   assign    the assignments that fill what is stored:  Y[C u + d] (+)= product of X_k[A_k u + b_k]
 *   cycle     their order; strongly connected components become loops over time
 *   copies    what shares the loop over the copies of a repeat; rows: what goes on between them
 *   layout    order of the axes in memory
 *   product   which contractions are calls of a matrix product; window: which are sums over windows
 *   nest      loops of neighbouring assignments, fused
 *   finish    which of them a product does with its result, part by part
 *   memory    what shares storage, and offsets in the caller's block
 *   name      C identifiers
 *   calls     what is stored so that calls are not in short loops
 *   join      loops over places that follow on each other become one
 *   work      multiply-adds
 *   apart     which loops are vector code without further questions
 *   share     which large products threads share
 *   split     which passes threads share, each a share of the samples
 *   part      whether a batch's gradient is computed in parts, on threads
 *   pack      which weights these parts' products share in the order in which they read them
 *   print     --dump=plan
 *
 * A plan is read by emit/, which only prints.
 */
#ifndef NNCC_SCHEDULE_H
#define NNCC_SCHEDULE_H

#include "base.h"
#include "graph.h"

typedef struct variable variable;
typedef struct buffer buffer;
typedef struct assignment assignment;
typedef struct loop_step step;
typedef struct digit_list digit_list;
typedef struct entry_plan entry_plan;
typedef struct plan plan;
typedef struct word_table word_table;

/* ---- index.c ------------------------------------------------------------------------------ */

enum { INDEX_TERMS = 8 };

typedef struct index_term {
  variable *of;
  int64_t coefficient;
} index_term;

/* constant + sum of coefficient * variable: a place along an axis. */
typedef struct index_form {
  int64_t constant;
  int terms;
  index_term term[INDEX_TERMS];
} index_form;

/* Which index each axis of a node stands at: innermost entry first, later ones are shadowed. */
typedef struct environment {
  axis along;
  index_form at;
  const struct environment *outer;
} environment;

typedef enum variable_kind {
  VARIABLE_LOOP,      /* runs from low to high - 1, or over the samples                          */
  VARIABLE_LABEL,     /* the value of an integer node                                            */
  VARIABLE_QUOTIENT,  /* form / divisor                                                          */
  VARIABLE_REMAINDER, /* form % divisor                                                          */
} variable_kind;

struct variable {
  variable_kind kind;
  axis along;          /* LOOP: where its name comes from                                        */
  bool batch;          /* LOOP over the samples                                                  */
  int64_t low, high;   /* values lie in low ... high - 1, of joined ones the second's; not for batch */
  index_form form;     /* QUOTIENT, REMAINDER                                                    */
  int64_t divisor;
  const node *label;   /* LABEL, read at `where`                                                 */
  const environment *where;
  int64_t unit;        /* LOOP over a digit of an index: what one step of it counts there        */
  variable *same;      /* another variable that it became one with, or NULL                      */
  const variable *joined[2]; /* LOOP: runs over these two, the second from its beginning in each turn of
                          the first, counting on (join.c); or NULL                               */
  bool stands;         /* at 0: a loop that it was joined into counts for it                     */
  bool time;           /* the loop of a recurrence                                               */
  const char *word;    /* in C, once a loop runs over it                                         */
};

/* low <= of < high, and of a multiple of divisor (where that is not 0). */
typedef struct condition {
  index_form of;
  int64_t low, high;
  int64_t divisor;
  struct condition *next;
} condition;

index_form index_constant(int64_t constant);
index_form index_of(variable *v);
index_form index_add(index_form a, int64_t by, const index_form *b);
bool index_equal(const index_form *a, const index_form *b);
/* Without the variables that stand at 0. */
index_form index_moving(const index_form *a);
/* The variable that the form is, plus a constant; NULL if it is anything else. */
variable *index_variable(const index_form *a);
/* Least and largest value; false where the number of samples decides. */
bool index_bounds(const index_form *a, int64_t *low, int64_t *high);
/* They have no value in common, each variable being anything in its range in either: one's are all below
 * the other's, or they leave different remainders. */
bool index_never_equal(const index_form *a, const index_form *b);
variable *variable_now(variable *v); /* what it became */
variable *variable_loop(arena *memory, const graph *g, axis a);
/* Where `a` stands; 0 for an axis that nothing tells (its extent is 1). */
index_form environment_at(const environment *where, axis a);
const environment *environment_put(arena *memory, const environment *outer, axis a,
                                   index_form at);
void condition_add(arena *memory, condition **list, index_form of, int64_t low, int64_t high);
/* One of them cannot hold, wherever in their ranges the loops are. */
bool conditions_never_hold(const condition *list);
/* The environment in which the view's operand is read where the view itself is read at `where`;
 * outside of the conditions that it adds the view is 0. NULL where no single place of the operand
 * answers (a scattering view: it must be stored). */
const environment *environment_through(arena *memory, const graph *g, const view *v,
                                       const environment *where, condition **conditions);
/* Writes and pass-through axes at their own indices: true where `environment_through` has an
 * answer whatever the indices are. */
bool view_gathers(const graph *g, const view *v);
/* The bound axes of a product that a factor [label = k] tells: such an axis needs no loop, k is
 * read at the label. */
typedef struct told_axes {
  int count;
  axis along[MAX_RANK];
  int factor[MAX_RANK];    /* the bracket */
  const node *label[MAX_RANK];
} told_axes;
told_axes product_told_axes(const node *product);
bool told_has(const told_axes *told, axis a);
/* Puts the told axes, once everything else that the labels depend on is in `where`. */
const environment *environment_tell(arena *memory, const graph *g, const told_axes *told,
                                    const environment *where, condition **conditions);
/* A whole number as a place: an index form, of a label where nothing simpler says it. */
index_form index_of_whole(arena *memory, const graph *g, const node *n,
                          const environment *where);
/* The label at which a contraction writes along its axis k: its factors have [label = k], and the label
 * depends on what is summed over; or NULL. */
const node *label_written_at(const node *product, axis k);
/* A contraction that only looks up: all its bound axes are told by labels. */
bool node_is_gather(const node *n);
/* A whole number held or computed as such: labels, indices, their sums. */
bool node_is_whole(const node *n);
/* Labels are below it. */
int64_t label_bound(const graph *g, const node *n);
/* A count of things: `count`, times the number of samples if batch. */
typedef struct size_form {
  int64_t count;
  bool batch;
} size_form;

/* ---- store.c ------------------------------------------------------------------------------ */

typedef enum storage {
  STORAGE_DATA,      /* inputs and targets: given by the caller                                  */
  STORAGE_PARAMETER,
  STORAGE_STATE,     /* running averages; carried states                                         */
  STORAGE_CONSTANT,  /* in the program's text                                                    */
  STORAGE_GRADIENT,
  STORAGE_OUTPUT,    /* given by the caller                                                      */
  STORAGE_RESULT,    /* a number that the function returns: a double on the stack                */
  STORAGE_SCRATCH,   /* in the block, for this function only                                     */
  STORAGE_LOCAL,     /* a scalar in a loop's body                                                */
} storage;

typedef enum number_type { NUMBER_REAL, NUMBER_DOUBLE, NUMBER_INTEGER } number_type;

/* Something that has a place of its own. */
struct buffer {
  int number;
  const char *word;        /* C identifier                                                       */
  storage kept;
  number_type type;
  const node *what;        /* the node that it holds; NULL for a tensor                          */
  bool partial;            /* it holds the contractions among the terms of the sum `what`        */
  const tensor *leaf;      /* input, parameter, state, constant                                  */
  const definition *shown; /* the output or gradient that it is, with its layout; or NULL         */
  const definition *called; /* what the model calls it, or NULL                                  */
  int index;               /* of input, output, parameter, result ...                            */
  int rank;
  axis dims[MAX_RANK];     /* the batch among them; -1 for a tensor's own dimensions             */
  axis outermost;          /* in memory: its places are labels (look_up.c); or AXIS_UNIT         */
  int order[MAX_RANK];     /* dimensions as they lie in memory, outermost first                  */
  bool time[MAX_RANK];     /* the dimension is a recurrence's steps                              */
  bool dropped[MAX_RANK];  /* no storage along it: what is stored lives within one turn          */
  assignment *writer, *last_writer;
  struct buffer_access *access;
  bool in_pieces;          /* its assignments each fill places of their own (pieces.c)             */
  bool begun;              /* while steps are made: an assignment has been placed                */
  /* memory: bytes from the start of scratch (or of the block, where it is kept there) */
  int64_t fixed, per_sample, bytes; /* bytes: of all, or of one sample where it grows */
  bool grows, replaced;
  bool own;                /* each share of a split loop has it for itself                       */
  buffer *in_place_of;      /* shares that one's storage, element by element                      */
  int first_use, last_use; /* positions of steps; first_use -1: none                             */
};

/* What store.c finds out about the nodes that an entry reaches, by node id. */
typedef struct reach {
  const node **list;   /* reached nodes, operands before readers                                 */
  int count;
  bool *reached;
  int *uses;           /* how often it stands in a reached reader                                */
  bool *widened;       /* a contraction or selection reads each of its elements several times    */
  bool *broadcast;     /* an elementwise reader does                                             */
  bool *selected;      /* a maximum runs over it: it must read the same wherever it is read      */
  bool *body;          /* of a reference: others read it through that                            */
  bool *collected;     /* a contraction that is added up in its reader's buffer                  */
  bool *scales;        /* that reader, where it only multiplies the contraction by numbers, or shows
                          it in another shape                                                    */
  const definition **name; /* what the model calls it                                            */
  const node **user;   /* the first reader                                                       */
  bool *pieces;        /* a sum whose terms fill places of their own (pieces.c), made for it alone */
  bool *looked_up;     /* a parameter that lies for its owner, not for looking up (look_up.c)    */
} reach;

/* A value that the entry must bring to a given place. */
typedef struct entry_root {
  const definition *shown;
  const node *what;      /* in place of shown->value, where there is no definition               */
  storage kept;
  int index;
} entry_root;

/* A view that reads places of its operand more than once: overlapping windows. */
bool view_repeats(const graph *g, const view *v);
/* It fills all places of what it writes along: it reshapes. */
bool view_fills(const graph *g, const view *v);
/* A view that reads some axis from its end to its beginning, and each place once. */
bool node_reads_backwards(const graph *g, const node *n);
void reach_nodes(entry_plan *e, const entry_root *roots, int count, reach *r);
/* Decides what is stored, and makes its buffers; a root's in its final place. */
void store_nodes(entry_plan *e, const entry_root *roots, int count, const reach *r);
buffer *buffer_new(entry_plan *e, storage kept, const node *what);
/* The buffer of an input, a parameter, a state, a constant. */
buffer *buffer_of_tensor(entry_plan *e, const tensor *t);
/* How many operations computing one element costs its reader (20 for a call of libm). */
double inline_cost(const entry_plan *e, const node *n);

/* ---- look_up.c ---------------------------------------------------------------------------- */

/* Marks parameters that are looked up along the axis that lies innermost, often enough for a copy. */
void find_looked_up(const entry_plan *e, reach *r);
/* The axis along which a gradient is written at labels if it lies innermost there, is long enough and
 * often met enough for a place of its own that lies another way; or AXIS_UNIT. */
axis gradient_label_axis(const entry_plan *e, const entry_root *root);
/* Whether the buffer is a copy of a tensor that lies another way. */
bool is_copy_of_tensor(const buffer *b);
/* The axis of n along which n is looked up: its last dimension's. */
axis looked_up_axis(const node *n);

/* ---- pieces.c ----------------------------------------------------------------------------- */

/* Each of its terms fills places of its own along one axis, and all of them are filled. */
bool sum_has_pieces(const graph *g, const node *n);

/* ---- assign.c ----------------------------------------------------------------------------- */

typedef enum assignment_kind {
  ASSIGN_ELEMENTS,   /* Y[u] = what                                                              */
  ASSIGN_PRODUCT,    /* Y[..] += coefficient * product of factors, over all variables            */
  ASSIGN_MAXIMUM,    /* Y[u] = max over the bound variables of what, where guard holds           */
  ASSIGN_ARGMAX,     /* the place of the first maximum                                           */
  ASSIGN_AVERAGE,    /* Y[u] = 0.9 Y[u] + 0.1 what; what at the first step                       */
} assignment_kind;

typedef struct factor_read {
  const node *what;
  double power;
  const environment *where;
  buffer *from;               /* if it reads an element of a buffer: which, and where            */
  index_form *at;
} factor_read;

typedef struct buffer_read {
  buffer *from;
  index_form *at;             /* of each of its dimensions                                       */
  bool carried;               /* by a loop around the reader: an earlier turn wrote it           */
  struct buffer_read *next;
} buffer_read;

/* Each place where a buffer is touched. */
typedef struct buffer_access {
  assignment *by;
  const index_form *at;
  bool writes;
  struct buffer_access *next;
} buffer_access;

struct assignment {
  int number;
  assignment_kind kind;
  buffer *target;
  index_form *at;             /* of each dimension of the target                                 */
  int free, variables;        /* the first `free` variables are the target's                     */
  variable *variable[2 * MAX_RANK];
  bool bound[2 * MAX_RANK];
  digit_list *digits;         /* indices that run as several variables, or NULL                  */
  const node *what;           /* ELEMENTS, MAXIMUM, ARGMAX: evaluated at `where`                 */
  const node *guard;
  const node *term;           /* PRODUCT: what it is, or is a piece of, times the coefficient    */
  const environment *where;
  double coefficient;
  int factors;
  factor_read *factor;
  condition *conditions;      /* it happens only where they hold                                 */
  bool inside;                /* `what` is computed here, although it is stored (here)            */
  bool last;                  /* after everything else of the function                            */
  bool or_clears;             /* where its conditions do not hold, the target is set to 0        */
  bool even;                  /* elements that lie as those do that they are made of: along memory one loop
                                 goes over them (calls.c) */
  bool flat;                  /* of these, calls that else are in a short loop                   */
  bool index_matters;         /* where an index stands has a say beyond what is read: conditions, numbers,
                                 random draws                                                    */
  assignment *total;          /* of a sum over a share of the samples: what it is a part of      */
  bool piece;                 /* what no other assignment to the target fills, and all of that   */
  bool adds;                  /* to what earlier assignments left in the target                  */
  buffer_read *reads;
  assignment *next_writer;    /* of the same target                                              */
  struct matrix_product *product; /* a call of the runtime's                                     */
  const char *collector;      /* the scalar in which bound variables are summed up; where they are
                                 added to memory, the number in front                            */
  int loops;                  /* variables as loops, outermost first; without time's             */
  variable *loop[2 * MAX_RANK];
  double work_fixed, work_per_sample;  /* multiply-adds, per call of the function                */
  /* order */
  step *where_done;
  int group, visit, low_link;
  bool on_stack;
  variable *steps_along;      /* while a component's axis is looked for                          */
  int component;              /* among those of the set that is being ordered                    */
  assignment *tied;           /* round a ring of those that share a loop over copies, or NULL    */
};

/* Makes the assignments of all buffers of the entry, and the buffers of the tensors they read. */
void assign_all(entry_plan *e);

/* ---- digits.c ----------------------------------------------------------------------------- */

/* Marks the axes whose indices run as several variables in `a`, so that they do not when it is made anew;
 * whether there are any. */
bool keep_axes_whole(const plan *p, const assignment *a);

/* ---- cycle.c ------------------------------------------------------------------------------ */

/* Puts the entry's assignments in order, as steps; cycles become loops over time. Returns NULL,
 * or names the values of a cycle that does not step along an axis. split: it might if an axis, since
 * marked, stayed whole. */
const char *order_assignments(entry_plan *e, bool *split);
void step_append(entry_plan *e, step *parent, step *s);

/* ---- layout.c ----------------------------------------------------------------------------- */

/* The order of each buffer's dimensions in memory: steps of recurrences, batch, the rest as the
 * model's definitions have them. */
void lay_out(entry_plan *e);

/* Where an element lies, in elements from the value's start: constants and coefficients are
 * multiplied by the number of samples where `batch` is true. */
typedef struct address_term {
  variable *of;
  int64_t coefficient;
  bool batch;
} address_term;
typedef struct address {
  int64_t constant, batch_constant;
  int terms;
  address_term term[2 * INDEX_TERMS];
} address;

size_form buffer_extent(const graph *g, const buffer *b, int d);
/* Elements between neighbours along dimension d of the buffer. */
size_form buffer_stride(const graph *g, const buffer *b, int d);
size_form buffer_elements(const graph *g, const buffer *b);
/* The dimension and the next are one to whoever looks from outside: time in segments. */
bool dimension_is_split(const graph *g, const buffer *b, int d);
address buffer_address(const graph *g, const buffer *b, const index_form *at);
/* The stride of an address along a variable; 0 where it is not in it. */
size_form address_stride(const address *a, const variable *v);

/* ---- product.c ---------------------------------------------------------------------------- */

/* Of a product over windows: MIDDLE and OUTER, what it sums over beside k; LINE, what runs in B and
 * Y beside n. */
enum { GROUP_M, GROUP_N, GROUP_K, GROUP_MIDDLE, GROUP_OUTER, GROUP_LINE, GROUPS };

/* Y (m x n) (+)= coefficient * A (m x k) * B (k x n), by one call of the runtime's product. Each
 * group's variables run as one index; variables in no group are loops around the call. */
typedef struct matrix_product {
  int a, b;                        /* numbers of the factors                                     */
  int count[GROUPS];               /* of variables in m, n, k ...                                */
  variable *variable[GROUPS][MAX_RANK]; /* outermost first                                       */
  bool transposed[2];              /* A lies k x m, B n x k                                      */
  bool windows;                    /* operands at any strides, which may overlap: no BLAS        */
  bool along;                      /* of windows: vectors lie along k in A and B, not along n    */
  bool placed;                     /* of windows: one large product whose B is read by places    */
  bool small;                      /* few numbers: computed where it stands, without a call      */
  bool shared;                     /* a team's threads share its work                            */
  const struct packing *packed;    /* where B is to be found, or NULL: as it stands              */
} matrix_product;

enum {
  SMALLEST_PRODUCT = 400,/* multiply-adds; below that plain loops do as well                     */
  LARGEST_SMALL = 4096   /* multiply-adds of a small product, for each sample                    */
};

/* Restricts variables to where their assignments' conditions hold. */
void narrow_ranges(entry_plan *e);
/* Finds the contractions that are matrix products. */
void match_products(entry_plan *e);
/* How many turns a variable takes. */
size_form variable_turns(const variable *v);
/* Those of all variables of the group: a product's m, n or k. */
size_form group_turns(const matrix_product *p, int group);
/* A loop over the copies of a `repeat` is not one over time: each copy has its own weights. */
bool steps_in_recurrence(const graph *g, const variable *v);
/* Whether it is done anew for each step of a recurrence. */
bool recurs(const entry_plan *e, const assignment *a);

/* ---- nest.c ------------------------------------------------------------------------------- */

typedef enum step_kind { STEP_LOOP, STEP_ASSIGNMENT, STEP_CLEAR } step_kind;

struct loop_step {
  step_kind kind;
  variable *over;             /* LOOP                                                            */
  bool downwards;
  step *first, *last;         /* its body                                                        */
  /* LOOP: contractions whose outermost bound variable it is: they begin before it and, where
   * they are collected in a scalar, are stored behind it (see assignment_collects) */
  int reductions;
  size_t reduction_capacity;
  assignment **reduction;
  assignment *what;           /* ASSIGNMENT: its innermost body, or its call. CLEAR: the one whose
                                 target is set to 0 */
  int position;               /* in the order of the text                                        */
  int end;                    /* LOOP: last position inside                                      */
  bool flat, uneven;          /* LOOP: assignments within that are flat; that are not even       */
  step *next, *previous, *parent;
  step *finish;               /* of a product: the loop behind it, run for each part of its result */
  step *finishes;             /* of that loop: the product                                       */
  /* LOOP over the samples: whether it can be split; into how many shares of them it is, or 0; sums over
   * them, which each share has in a place of its own; and the bytes of that and of what lives within
   * a turn */
  bool can_split;
  int split, sums;
  assignment **sum;
  int64_t own_bytes;
};

/* Puts loops around the assignments, and one loop around neighbours where that is legal. */
void nest_loops(entry_plan *e);
/* The contraction or selection runs over bound variables inside of all its free ones: it is
 * collected in a scalar. Otherwise it adds to memory. */
bool assignment_collects(const assignment *a);
bool assignment_binds(const assignment *a, const variable *v);
/* A contraction has a number in front: its coefficient, or factors without axes. */
bool assignment_is_scaled(const assignment *a);
bool factor_is_scale(const factor_read *f);
/* Whether the step lies in the loop, at any depth. */
bool step_inside(const step *s, const step *loop);

/* ---- finish.c ------------------------------------------------------------------------------ */

/* Finds them, and brings what they clear in front of the product. */
void finish_products(entry_plan *e);
/* The product whose pass the step is in, or NULL. */
const step *step_finished(const step *s);

/* ---- rows.c ------------------------------------------------------------------------------- */

/* Dimension d counts the rows of what goes on from copy to copy, and only the row at hand is ever
 * needed: storage along it can be dropped. Steps must have their positions. */
bool keeps_one_row(const graph *g, const buffer *b, int d);

/* ---- join.c ------------------------------------------------------------------------------- */

/* Makes one loop of two where all that both touch lies as if one index ran through it: once, when all else
 * is decided. */
void join_loops(plan *p);

/* All that the assignment touches lies as if one index ran through v, the outer one, and w. */
bool indices_count_on(const plan *p, const assignment *a, const variable *v, const variable *w);

/* ---- calls.c ------------------------------------------------------------------------------ */

/* Marks what is to be stored for the sake of calls in short loops; whether there is anything new, so that
 * assignments must be made anew. Says of each whether it is `even` and `flat`. */
bool find_short_calls(entry_plan *e);

/* ---- memory.c ----------------------------------------------------------------------------- */

/* Drops dimensions along which nothing need be kept, makes scalars of what is left without any,
 * lets results take the place of operands, and gives the rest offsets by first fit. */
void plan_memory(entry_plan *e);
/* The buffer whose storage it has: itself, or what it is in place of. */
const buffer *buffer_storage(const buffer *b);
/* A number on the stack, or one that the function returns. */
bool buffer_is_scalar(const buffer *b);
/* Its bytes, without dropped dimensions, and whether they are those of one sample. */
void measure_buffer(const entry_plan *e, buffer *b);

/* ---- name.c, size.c ----------------------------------------------------------------------- */

/* Identifiers in use; `outer`'s are too. A table without `outer` starts with C's own words. */
word_table *words_new(arena *memory, const word_table *outer);
/* One that has none yet, and what it has from then on. */
word_table *words_none(arena *memory);
void word_put(word_table *table, const char *chars);
bool word_taken(const word_table *table, const char *chars);
/* As how many-th it was taken, from 1 on; 0 where it is not. */
size_t word_number(const word_table *table, const char *chars);
/* `chars` made unique: with a `_` behind it, or with a number if it is made up (not the model's). */
const char *word_new(word_table *table, const char *chars, bool made);
/* The model's spelling in C's characters: h.1.W is h_1_W, Greek letters are spelt out. */
const char *word_spelt(arena *memory, const char *chars);
void name_tensors(plan *p);
void name_buffers(entry_plan *e);

/* The loops around a place in the text. */
typedef struct loop_scope {
  const char *word;
  const struct loop_scope *outer;
  int collectors[6];         /* how many scalars of each kind are declared here and further out   */
} loop_scope;
const char *loop_word(const entry_plan *e, const loop_scope *open, const variable *v);
void name_loops(entry_plan *e);

void name_sizes(plan *p);
/* The extent of dimension d: the name of its size, `n` for the batch, or a number. */
const char *size_word(const plan *p, const buffer *b, int d);
/* What a loop over v ends before. */
const char *bound_word(const plan *p, const variable *v);

/* ---- work.c ------------------------------------------------------------------------------- */

void count_work(entry_plan *e);
/* exp(), tanh() and the like in what an element is made of, down to what lies in memory. */
int calls_within(const entry_plan *e, const assignment *a);
/* Turns of all its loops at `train`'s batch. */
double nominal_turns(const entry_plan *e, const assignment *a);
/* What its elements count in multiply-adds at that batch, calls included. */
double elements_work(const entry_plan *e, const assignment *a);

/* ---- apart.c ------------------------------------------------------------------------------ */

/* An innermost loop whose turns touch no memory of each other's. */
bool turns_stand_apart(const step *loop);
/* The assignment sums over the loop's variable, and its place does not depend on that: all turns add to one
 * element, to which the emitted text adds their sum behind the loop. */
bool adds_to_one_place(const assignment *a, const variable *v);

/* ---- share.c ------------------------------------------------------------------------------ */

/* Whether a gradient is better computed whole than in parts: what threads share is nearly all of its
 * work, products are most of that, and its tensors stay near. */
bool sharing_suffices(const entry_plan *e);
/* Marks products and splits passes where they are nearly all, unless the batch is cut into parts. */
void share_products(entry_plan *e);

/* ---- split.c ------------------------------------------------------------------------------ */

/* Finds the loops that may be split and are worth it. */
void find_splits(entry_plan *e);
/* Of those the one around the step or itself, or NULL. */
step *step_to_split(step *s);
/* Splits them. */
void split_passes(entry_plan *e);
/* What a sum over a share of the samples is a part of; any other assignment itself. */
const assignment *assignment_whole(const assignment *a);
/* How few samples one thread goes over alone. */
int64_t samples_worth_splitting(const entry_plan *e, const step *loop);

/* ---- part.c ------------------------------------------------------------------------------- */

/* Into how many parts a batch is cut whose gradients are added; 1: it is not. */
int count_parts(const entry_plan *e);
/* One part after all, and nothing packed for several. */
void leave_whole(entry_plan *e);

/* ---- pack.c ------------------------------------------------------------------------------- */

/* Matrices of n x k, `row` elements from row to row, copies of them `stride` elements apart, that
 * begin at element `first` of a parameter; packed: at so many bytes of what all parts share, with
 * so many elements each. */
typedef struct packing {
  const buffer *from;
  const char *word;            /* C identifier of the packed ones */
  int64_t first, n, k, row, stride, copies, elements, offset;
  struct packing *next;
} packing;

/* Finds them, once the number of parts is known. */
void choose_packings(entry_plan *e);

/* ---- schedule.c --------------------------------------------------------------------------- */

typedef enum entry_kind {
  ENTRY_LOSS, ENTRY_GRADIENT, ENTRY_TEST, ENTRY_PREDICT,
  ENTRY_HELD, /* the loss with what stop() hides held fixed; only where the model has stops       */
  ENTRY_COUNT
} entry_kind;

/* One function of the model. */
struct entry_plan {
  entry_kind kind;
  const char *word;
  size_t buffers, assignments, buffer_capacity, assignment_capacity;
  buffer **buffer;
  assignment **assignment;    /* in order */
  step *first, *last;
  int64_t scratch_fixed, scratch_per_sample; /* bytes                                            */
  double work_fixed, work_per_sample;        /* multiply-adds                                    */
  int parts;                                 /* of the batch, computed apart and added           */
  int shared;                                /* products and passes whose work threads share     */
  int64_t split_bytes;                       /* what each share of a split pass has for itself   */
  struct packing *packings;                  /* of weights, for all parts                        */
  int64_t packed_bytes;
  int results;
  buffer **result;
  const plan *of;
  word_table *words;
  /* by node id, and by tensor number */
  buffer **held, **held_partial, **held_tensor;
  const bool *collected, *scales, *pieces;
  const definition **name;
  const node **user;
  double *cost;
  int *size;
};

struct plan {
  const char *problem;        /* the words of a cycle that does not step along an axis, or NULL  */
  const program *p;
  graph *g;
  arena *memory;
  int real_bytes;
  int nominal_batch;
  entry_plan entry[ENTRY_COUNT];
  /* the block: bytes */
  int64_t state_offset, parameter_offset, parameter_bytes, gradient_offset;
  int64_t optimizer_state_offset, training_bytes, inference_bytes;
  int64_t carry_per_sample;   /* carried and held states, behind those, before scratch           */
  int64_t *tensor_offset;     /* by tensor number: parameters and states                         */
  const char **tensor_word;   /* by tensor number: C names                                       */
  const axis **tensor_axes;   /* by tensor number: axes that its dimensions are read along       */
  bool *axis_steps;           /* by axis: a recurrence goes along it                             */
  bool *axis_whole;           /* by axis: its index stays one variable                           */
  bool *node_alone;           /* by node id: it is stored whatever its reader is (calls.c)       */
  axis *axis_same;            /* by axis: the one that stands for all of its size                */
  const char **axis_word;     /* by that: the name of the size, or NULL                          */
  bool vast;                  /* sizes and offsets are of type size_t: no int, such as the constants of an
                                 enum are, would hold their products and sums                       */
  const char *prefix;
  word_table *words;
};

enum { ALIGNMENT = 64 };


/* Bytes of the block behind its head: what is kept, then scratch for one function at a time, of
 * which some is for each sample of the batch. */
typedef struct block_bytes {
  int64_t kept, scratch, per_sample;
} block_bytes;
block_bytes bytes_of_block(const plan *p, bool training);
bool has_entry(const plan *p, entry_kind kind);
/* Needs: a lowered program. Gives: its plan, for tensors of real_bytes (4 or 8) a number. A plan
 * with a problem is not complete. */
int64_t rounded_bytes(int64_t bytes); /* to the alignment of tensors */
plan *schedule_program(const program *p, int real_bytes);

/* What a reader at `where` finds of `n`: the value that it reads, and where; NULL where n is
 * part of the reader's own expression. */
buffer *buffer_at(const entry_plan *e, const node *n, const environment *where, index_form *at);
/* The tensor itself, where buffer_at() may know a copy of it (look_up.c). */
buffer *tensor_itself(const entry_plan *e, const node *n, const environment *where, index_form *at);
/* The value that holds the contractions among the terms of the sum n, or NULL. */
index_form *index_copy(arena *memory, int count, const index_form *at);
buffer *buffer_partial_at(const entry_plan *e, const node *n, const environment *where, index_form *at);
/* The term of a sum is, perhaps behind views and numbers, a contraction that is added up where the sum is. */
bool term_is_collected(const entry_plan *e, const node *term);
/* All of its terms are: the sum's own buffer is where they are added up. */
bool sum_is_collected(const entry_plan *e, const node *sum);

/* ---- print.c ------------------------------------------------------------------------------ */

void print_plan(text *out, const plan *what);
/* An index form in C: "t - 1", "2 * i + p". */
void print_index(text *out, const index_form *at);

#endif
