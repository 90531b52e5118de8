/* What the files of emit/ share; nobody outside of emit/ includes it. */
#ifndef NNCC_WRITER_H
#define NNCC_WRITER_H

#include "emit.h"

/* ---- pieces of C ---------------------------------------------------------------------------- */

/* A C expression and how tightly its outermost operator binds, on the scale of ops.def. */
typedef struct piece {
  const char *chars;
  int strength;
} piece;

enum {
  BIND_CONDITIONAL = 1, BIND_OR, BIND_AND, BIND_EQUAL, BIND_LESS, BIND_ADD, BIND_MULTIPLY,
  BIND_UNARY, BIND_PRIMARY
};

/* The number of a row of some tensors, "t * n + s", on its way to a variable of its own; or, of one
 * tensor, where the row lies that a condition chooses. */
typedef struct row_index {
  piece index;
  const buffer *of;              /* the tensor, or NULL                           */
  int64_t elements;              /* of its row, from where it lies                */
  const char *mark;              /* what stands for it meanwhile                  */
  const struct open_loop *owner; /* the innermost loop that it depends on */
  int uses;
  const char *word;
  struct row_index *next, *later;
} row_index;

typedef struct row_list {
  size_t count, capacity;
  row_index **item;
} row_list;

/* An element that the turn at hand has stored, and holds in a scalar for the loops that read it on. */
typedef struct known_element {
  const buffer *of;
  const index_form *at;
  const char *word;
  const struct known_element *next;
} known_element;

/* The loops around the place that is being written. */
typedef struct open_loop {
  const variable *over;
  loop_scope scope;
  struct open_loop *outer;
  row_index *rows;
  const known_element *known;
  struct partial_sum *partial; /* of its own turns */
  const step *of;              /* the loop, where it is one of the plan */
  bool innermost;              /* nothing but assignments in it */
  struct still_number *still;  /* computed before it */
  bool braces;                 /* its body has more lines than it has steps */
} open_loop;

/* What a helper function of the emitted file computes. */
typedef struct helpers {
  bool op[2][OP_COUNT];  /* by number type: real, double */
  bool square[2];
  bool uniform, at, add_shares[2]; /* the last by number type */
  int64_t zeros;         /* how many in a row are read in place of what is not there */
} helpers;

/* In an optimizer's rule: what is computed before its loop. */
typedef struct hoisted_number {
  const node *of;
  bool inverse;          /* it is 1 / that, as divisions take long */
  const char *word;
} hoisted_number;

/* The names of what its leaves stand for. */
enum { MOST_HOISTS = 16 };
typedef struct rule_words {
  const optimizer_rule *rule;
  hoisted_number hoisted[MOST_HOISTS];
  int hoists;
  bool state_done[8];    /* new_state[k] is what its array holds by now */
  const char *state_new[8]; /* a local that holds it, or NULL */
} rule_words;

/* Shapes of products, as text: each has a function of its own. */
typedef struct shape_list {
  size_t count, capacity;
  const char **item;
  word_table *numbers; /* of the items, from 1 on; NULL where there are none */
} shape_list;

/* Of what follows a product: the loops that run over some rows, and over some columns, of its result;
 * and what its function calls its parameters, and the place that several indices of rows share. */
typedef struct pass_part {
  const step *rows, *columns;
} pass_part;
typedef struct part_words {
  const char *context, *of, *row, *rows_end, *column, *columns_end, *place;
  const char *share, *begin, *end; /* of a loop that threads share */
} part_words;

/* A tensor that is shown to whoever watches once a step has completed it. */
typedef struct seen_tensor {
  const buffer *of;
  const struct seen_tensor *next;
} seen_tensor;

typedef struct writer {
  text *out;
  const plan *p;
  const entry_plan *e;
  arena *memory;
  number_type type;      /* of the expression being written: NUMBER_REAL or NUMBER_DOUBLE */
  int indent;
  open_loop *loops;
  helpers *helpers;
  bool *size_used;       /* by axis: its name stands in the text */
  const rule_words *rule;
  row_list *rows;
  shape_list *products;  /* of products of few numbers that the text has                     */
  shape_list *windows;   /* of sums over windows                                             */
  shape_list *placed;    /* of products by places                                            */
  shape_list *finishes;  /* what follows products                                            */
  shape_list *splits;    /* loops that threads share                                         */
  text *functions;       /* those that the function which is being written calls             */
  const pass_part *part; /* whose loops are being written, or NULL                           */
  part_words part_words; /* of the function that is being written, once it needs them         */
  const step *split;     /* the loop that runs over some of the samples, or NULL               */
  const seen_tensor **seen;    /* by the position of the step that completes it */
  int seen_positions;
  const char *said;      /* conditions that an `if` or a `?` around the place has told */
  bool conditional;      /* what is written is computed only where conditions on places hold */
  bool bracketed;        /* or brackets */
  struct notation *notation;   /* how what is computed is written in comments */
  arena *page;                 /* for the comment that is being written */
  struct reason_list *reasons; /* lines of the model that lines of C stem from; NULL: not asked for */
  int reason;            /* number of the one that is written about, or -1 */
} writer;

piece piece_of(writer *w, int strength, const char *format, ...) PRINTF_LIKE(3, 4);
/* The piece's text, in brackets where an operator of that strength around it asks for them. */
const char *within(writer *w, piece inner, int strength);
const char *real_word(const writer *w); /* "float" or "double", for w->type */
bool is_float(const writer *w);
piece number_piece(writer *w, double value);
/* Indented, with its end. */
void line(writer *w, const char *format, ...) PRINTF_LIKE(2, 3);
/* The lines of `chars`, those that are too wide broken; but marked ones stay whole where asked. */
void wrap_lines(text *out, const char *chars, bool marked_whole);

/* ---- row.c ---------------------------------------------------------------------------------- */

/* Stands for a row's number, until the loop that gives it its last index is closed; then it is a
 * variable if it is used often, else the index itself. */
piece row_piece(writer *w, piece index, open_loop *owner);
/* For what stands in `body`, the text of the loop; whether there is any. */
bool declare_rows(writer *w, const open_loop *owner, const char *body);
void append_with_rows(writer *w, text *out, const char *chars, const open_loop *owner);
/* b's element at `at` where the conditions hold, else 0, as one of a row that is chosen before the
 * innermost loop begins: gcc makes no vectors of a loop that chooses twice in each turn. NULL chars
 * where the conditions or all but the last index depend on that loop. */
piece row_or_zeros(writer *w, const buffer *b, const index_form *at, const condition *conditions);

/* ---- reason.c ------------------------------------------------------------------------------- */

typedef struct reason {
  place where;          /* the model's line                                                  */
  const buffer *of;     /* or the value that is filled, in which function                    */
  entry_kind entry;
  const char *function;
} reason;

typedef struct reason_list {
  bool of_values;       /* values are asked for, not lines of the model                      */
  size_t count, capacity;
  reason *item;
} reason_list;

/* Lines are marked with the model's line that `s` stems from, until the number that is returned,
 * the reason before, is put back. No reason of its own: it keeps the one around it. */
int give_reason(writer *w, const step *s);
int give_reason_of(writer *w, const assignment *a);
/* All reasons from that number on stand in the function. */
void name_function(writer *w, size_t from, const char *function);
/* Marks become #line directives; behind them those of the file itself, `emitted`. */
void direct_lines(text *out, const reason_list *reasons, const char *chars, const char *emitted);
/* Marks become places. */
void note_places(text *out, const reason_list *reasons, const char *chars,
                 emitted_places *places);
/* The text as it is where no reasons are asked for. */
const char *without_reasons(arena *memory, const char *chars);
enum { REASON_MARK = 3 }; /* before and behind the number of a reason, in front of a line */

/* ---- index.c -------------------------------------------------------------------------------- */

/* Places and sizes, all of type size_t. */
piece index_piece(writer *w, const index_form *at);
/* The element's number in the buffer's storage. */
piece place_piece(writer *w, const buffer *b, const index_form *at);
piece address_piece(writer *w, const address *to);
bool place_divides(const index_form *at, int rank);
bool has_variable(const index_form *at, const variable *v);
/* "h[s * H + i]", or just the name of a scalar. */
piece element_piece(writer *w, const buffer *b, const index_form *at);
piece condition_piece(writer *w, const condition *c);
/* Whether the loops that are open leave the condition undecided. */
bool condition_holds(const condition *c);
piece conditions_piece(writer *w, const condition *list);
/* What they leave undecided depends on v, or on something that is no loop's. */
bool conditions_vary(const condition *list, const variable *v);
const char *size_text(writer *w, const buffer *b, int d);
const char *size_factor(writer *w, const buffer *b, int d);
const char *bound_text(writer *w, const variable *v);
/* Elements from one index to the next along dimension d, as a product of sizes. */
piece stride_piece(writer *w, const buffer *b, int d);
/* How many are stored, as a product of sizes. */
const char *elements_text(writer *w, const buffer *b);

/* ---- expression.c --------------------------------------------------------------------------- */

/* The node's value at `where`, as a number of w->type. `inside`: it is computed here, even though
 * it is stored. */
piece value_piece(writer *w, const node *n, const environment *where, bool inside);
piece boolean_piece(writer *w, const node *n, const environment *where);
piece integer_piece(writer *w, const node *n, const environment *where); /* int32_t */
/* coefficient * product of factors, brackets left out; NULL chars where nothing is left. */
piece factors_piece(writer *w, double coefficient, int count, const factor_read *factors);
/* All the brackets among the factors, joined by &&; NULL chars where there are none. */
piece brackets_piece(writer *w, int count, const factor_read *factors);
/* The function of ops.def, of operands that are numbers of w->type. */
piece map_piece(writer *w, op operation, const piece *operands);
/* Whether a sum holds terms that may cancel beside bounded ones, which must outlive that. */
bool sum_cancels(const writer *w, const node *n);
/* The sum as a double, although its terms are floats. */
piece double_sum_piece(writer *w, const node *n, const environment *where);
/* What a rule calls its hyperparameter or state. */
const char *rule_word(writer *w, const tensor *t);
/* The small inline functions that the text has used. */
void emit_helpers_of(writer *w);

/* ---- statement.c ---------------------------------------------------------------------------- */

void emit_steps(writer *w, const step *first);
void emit_loop(writer *w, const step *s);
/* Sets the target to 0, but for dimensions that open loops drive. */
void emit_clear(writer *w, const assignment *a);

/* ---- hint.c --------------------------------------------------------------------------------- */

/* What stands before a loop that turns into vectors only where a compiler is told that its turns do not
 * depend on each other: NNRT_APART, NNRT_SHORT (few turns, besides), or NULL where a compiler finds out by
 * itself, or no vectors are to be had. */
const char *loop_hint(const writer *w, const step *s);

/* ---- fields.c ------------------------------------------------------------------------------- */

/* A function that runs a loop, and what it calls itself: base_1 and so on, one for each text. */
typedef struct called_loop {
  shape_list *all;
  const char *base, *about;       /* what the comment says           */
  const char *context;            /* type of the pointer to the struct */
  const char *parameters, *more;  /* behind that; on a line of their own, or NULL */
  const char *own;                /* how far on, in bytes, lies what each share of a split loop has */
  const step *loop;
  const char *body;
  size_t reasons;                 /* how many there were before the body was written */
} called_loop;

/* Writes the function before the one that is being written; returns its name, and what the struct is
 * filled with. */
const char *emit_called(writer *w, const called_loop *of, const char **given);

/* ---- split.c -------------------------------------------------------------------------------- */

/* The call for a loop that threads share, and its function. */
void emit_split(writer *w, const step *loop);
/* In it, the loop's head; false for other loops. */
bool emit_split_head(writer *w, const step *s, bool single);
/* The functions that add its shares' sums. */
void emit_share_sums(writer *w);

/* ---- finish.c ------------------------------------------------------------------------------- */

/* The function for the pass that follows the product; what the call says of it. */
const char *emit_finish(writer *w, const step *product);
/* Chooses w->part_words, names that are free in the entry. */
void choose_part_words(writer *w);
/* In it, the head of a loop over rows or columns; false for other loops. */
bool emit_part_head(writer *w, const step *s, bool single);
/* A loop over rows that has no head, as its index is a digit of the outer one's. */
bool runs_with_outer(const writer *w, const step *s);

/* ---- known.c -------------------------------------------------------------------------------- */

/* What the assignment stores: `value`, or the scalar that has it, where loops behind read it on. */
const char *known_from_here(writer *w, const assignment *a, const char *value);
/* Declares scalars for elements that the assignment and others behind it, calls all of them, read in one turn. */
void know_what_is_read_on(writer *w, const assignment *a);
/* The scalar that has the element, or NULL. */
const char *known_word(const writer *w, const buffer *b, const index_form *at);

/* ---- partial.c ------------------------------------------------------------------------------ */

/* What a conditional term of `a` is added to: the sum of the innermost open loop, where one further
 * out collects. */
const char *partial_sum_word(writer *w, const assignment *a, const char *collector, bool minus);
/* The same for an element of memory, if the innermost open loop adds to one and no other. */
const char *row_sum_word(writer *w, const assignment *a, const char *element, bool minus);
/* `chars`, the text of the loop, between the declarations of its sums and their additions. */
void append_with_sums(writer *w, const char *chars, const open_loop *of);

/* ---- still.c ---------------------------------------------------------------------------------- */

/* Of the factors, those that stand still in the innermost open loop, if that saves it something, put in
 * front of the others: how many, and the name of their product, which is computed before the loop. */
int split_still(writer *w, int count, factor_read *factors, const char **word);
/* The loop holds assignments and nothing else. */
bool is_innermost(const step *loop);
/* The lines of what is computed before that loop. */
void declare_still(writer *w, const open_loop *loop);

/* ---- watch.c ---------------------------------------------------------------------------------- */

bool is_watched(const writer *w);                /* the function that is being written takes a watch */
void find_watched(writer *w);                          /* begins an entry, for emit_seen       */
void emit_seen(writer *w, const step *s);        /* what a step has completed */
const char *buffer_type(const writer *w, const buffer *b);

/* ---- product.c ------------------------------------------------------------------------------ */

void emit_product(writer *w, const assignment *a);
/* How many turns the group's variables take; elements from one index of it to the next, NULL if it
 * has only one; where its operand begins; the number in front. */
const char *group_size(writer *w, const matrix_product *p, int group);
const char *group_stride(writer *w, const matrix_product *p, const buffer *b,
                         const index_form *at, int group);
const char *product_pointer(writer *w, const matrix_product *p, const buffer *b,
                            const index_form *at);
const char *alpha_text(writer *w, const assignment *a);
/* From row to row of an operand, `row` and `column` being the groups that they are; where there is one
 * row alone, what it has of columns. */
const char *leading(writer *w, const matrix_product *p, const buffer *b, const index_form *at, int row,
                    int column);
/* Elements from one index of the group to the next; 0 if it has only one. */
size_form group_step(writer *w, const matrix_product *p, const buffer *b, const index_form *at,
                     int group);
/* The number of the shape's function, from 1 on: a new one where no other has this form, unless there
 * are `most` already, then 0. */
size_t shape_number(writer *w, shape_list *all, const char *form, size_t most);
/* The functions of products of few numbers that have been called for. */
void emit_product_shapes(writer *w);

/* ---- window.c ------------------------------------------------------------------------------- */

void emit_windows(writer *w, const assignment *a);
/* The functions that it has called for. */
void emit_window_shapes(writer *w);

/* ---- comment.c ------------------------------------------------------------------------------ */

/* Gives what the entry stores without a letter its C word as one; taken back by the second. */
void name_stored(writer *w);
void unname_stored(writer *w);
/* What the steps compute, as formulas, and where the model says so. */
void emit_comment(writer *w, const step *s);

/* ---- function.c, update.c, table.c ------------------------------------------------------------ */

void emit_entry(writer *w, const entry_plan *e);
/* Whether the code, comments aside, has the word. */
bool mentions_word(const char *code, const char *word);
/* All words of the code, comments aside. */
word_table *words_of(writer *w, const char *code);
/* "const float *x, const int32_t *y": typed parameters of the inputs, and of the targets. */
void data_parameters(text *out, const plan *p, bool targets, bool inputs);
void emit_updates(writer *w);

/* ---- part.c --------------------------------------------------------------------------------- */

/* The head of the function that computes one part of a batch's gradient, and, once that is
 * written, the function of the whole batch. */
void begin_part(writer *w, const char *data);
void emit_parts(writer *w);

void emit_tables(writer *w);
void emit_struct(writer *w); /* the nnrt_model */
const char *real_type(const plan *p); /* "float" or "double" */

/* ---- alone.c -------------------------------------------------------------------------------- */

/* What stands in a file beside the runtime's headers: the functions that the model itself needs, or
 * the whole runtime for a main(). */
typedef enum alone_part { ALONE_HEADERS, ALONE_LIBRARY, ALONE_PROGRAM } alone_part;

/* The emitted file, with that of the runtime in it. */
void stand_alone(text *out, const char *chars, alone_part part);

/* ---- api.c ------------------------------------------------------------------------------------ */

/* The functions of the C API, and what wraps them for the runtime's generic pointers. */
void emit_api(writer *w);
void emit_sizes_and_offsets(writer *w);
void emit_block_functions(writer *w);

#endif
