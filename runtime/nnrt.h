/* nnrt: the runtime that programs emitted by nncc link to. The only public header.
 *
 * An emitted model is one constant `nnrt_model`: its tensors, its settings and its functions. All
 * that changes lives in one block of memory that the caller brings (64-byte aligned); there are no
 * globals, so any number of instances may train side by side. nnrt_main() is a complete command
 * line (train test predict grad check bench info) on top of exactly that interface.
 *
 * Valid C99 and C++. Tensors are row-major, sample first. `real` below is float or double, as the
 * model was compiled (real_bytes).
 */
#ifndef NNRT_H
#define NNRT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  NNRT_ABI = 4,              /* raised whenever a struct below changes */
  NNRT_MAX_HYPERPARAMETERS = 8,
  NNRT_ALIGNMENT = 64        /* of a block, and of every tensor in it, in bytes */
};

/* ---- tensors ------------------------------------------------------------------------------ */

typedef enum nnrt_role {
  NNRT_INPUT,
  NNRT_TARGET,
  NNRT_PARAMETER, /* learned; lives in the block, has a gradient of the same shape there      */
  NNRT_STATE,     /* neither learned nor given, kept with the weights under '@' + name:
                     running averages; per_lane: the carried state of each sample's stream     */
  NNRT_OUTPUT
} nnrt_role;

typedef enum nnrt_kind {
  NNRT_REAL,  /* float or double                                                              */
  NNRT_CLASS, /* int32_t, 0 ... limit-1                                                       */
  NNRT_COUNT  /* int32_t, 0 ... limit                                                         */
} nnrt_kind;

typedef enum nnrt_distribution {
  NNRT_CONSTANT,       /* a                                                                   */
  NNRT_UNIFORM,        /* from a to b                                                         */
  NNRT_NORMAL,         /* mean a, standard deviation b                                        */
  NNRT_GLOROT_UNIFORM, /* +-sqrt(6 / (fan_in + fan_out))   Glorot & Bengio 2010               */
  NNRT_GLOROT_NORMAL,  /* sd sqrt(2 / (fan_in + fan_out))                                     */
  NNRT_HE_UNIFORM,     /* +-sqrt(6 / fan_in)               He et al. 2015                     */
  NNRT_HE_NORMAL,      /* sd sqrt(2 / fan_in)                                                 */
  NNRT_LECUN_NORMAL,   /* sd sqrt(1 / fan_in)                                                 */
  NNRT_ORTHOGONAL      /* rows (or columns, the fewer) orthonormal; Saxe et al. 2014          */
} nnrt_distribution;

typedef struct nnrt_tensor {
  const char *name;    /* as the model spells it: "h.W"                                       */
  nnrt_role role;
  nnrt_kind kind;
  int32_t limit;       /* n of class(n) and count(n), else 0                                  */
  int rank;
  const size_t *shape; /* rank sizes; of one sample for input, target, output, per_lane state */
  size_t elements;     /* product of the shape (1 for rank 0)                                 */
  size_t offset;       /* bytes from the block's start; PARAMETER and STATE only; for a
                          per_lane state ask locate(). The same in every block of the model   */
  int per_lane;        /* STATE: one value per sample of the batch                            */
  nnrt_distribution distribution; /* PARAMETER                                                */
  double a, b;
  size_t fan_in, fan_out;         /* counted as PyTorch counts them                           */
  int stacked;         /* PARAMETER and STATE: so many sizes, the first, count the copies of a
                          `repeat`. In the block the copies lie one behind the other, only the first
                          of them aligned; in files and reports each is a tensor of its own, which
                          has the shape without these sizes and the copy's number, from 1, for each
                          `*` of the name: "h.*.W" is h.1.W, h.2.W ... The fans are a copy's       */
  int loss_only;       /* INPUT: no output depends on it; predict() takes NULL for it         */
} nnrt_tensor;

/* ---- optimizers --------------------------------------------------------------------------- */

/* One update rule, compiled from the language's `optimizer` form. The first hyperparameter is
 * the rate. */
typedef struct nnrt_optimizer {
  const char *name;                    /* "adam"                                              */
  int hyperparameters;
  const char *const *hyperparameter;   /* names: "rate", "beta1", ...                         */
  const double *default_value;
  const int *has_default;              /* 0 where the user must give it                       */
  int states;                          /* tensors like the parameter that it keeps            */
  const char *const *state;            /* names: "m", "v"                                     */
  const double *start;                 /* what each state begins with; NULL: all with 0       */
} nnrt_optimizer;

/* ---- team.c ------------------------------------------------------------------------------- */

/* Threads that work together. One team may serve many blocks, one call at a time. */
typedef struct nnrt_team nnrt_team;
typedef void nnrt_task(void *context, size_t part);

/* So many threads, the caller's among them, and at most 256; NULL where that is one, or there are no more. */
nnrt_team *nnrt_team_new(int threads);
void nnrt_team_free(nnrt_team *team); /* NULL is fine */
/* Calls task(context, part) for each part below `parts`, and returns when all are done: at once on
 * the team's threads, in any order; or, where team is NULL, one after another. */
void nnrt_team_run(nnrt_team *team, size_t parts, nnrt_task *task, void *context);
size_t nnrt_team_members(const nnrt_team *team); /* its threads; 1 where team is NULL */

/* ---- the block ---------------------------------------------------------------------------- */

/* The head of every block. init() fills it; the runtime (and a careful user) may change the
 * optimizer and its hyperparameters between steps. */
typedef struct nnrt_head {
  uint64_t layout;   /* of the model that made the block, checked by locate() in debug builds  */
  int32_t batch;
  int32_t training;
  uint64_t seed;
  uint64_t step;     /* updates done so far. update() counts it up first, so that the rule sees
                        1, 2, ...; while it is 0 gradient() starts running averages anew       */
  uint64_t draw;     /* which random masks training draws: gradient() with the same draw and
                        seed draws the same masks; the trainer sets it to the step             */
  int32_t optimizer; /* index into model->optimizer                                            */
  int32_t carried;   /* model->carries. 0: the next batch begins its streams at their start;
                        else at the states kept. gradient(), test() and predict() keep the last
                        states of their n samples and set it to 1; loss() reads but keeps nothing */
  double hyperparameter[NNRT_MAX_HYPERPARAMETERS];
  nnrt_team *team;   /* threads that gradient() and update() may use; NULL: the caller's alone. The
                        results are the same to the last bit                                    */
} nnrt_head;

/* ---- settings of `train { }` -------------------------------------------------------------- */

typedef struct nnrt_file {
  const char *tensor; /* NULL: one file for all */
  const char *path;
} nnrt_file;

/* Columns of a table that are chosen by their names, and fill a tensor's elements in this order. */
typedef struct nnrt_columns {
  const char *tensor;
  const char *names;  /* as a line of CSV: a,b,"c, d"                                         */
} nnrt_columns;

typedef struct nnrt_settings {
  int data_files, test_files;
  const nnrt_file *data, *test;
  double holdout;       /* fraction 0 <= holdout < 1, or a whole number of samples >= 1        */
  int optimizer;        /* index into model->optimizer                                         */
  double hyperparameter[NNRT_MAX_HYPERPARAMETERS];
  int batch, epochs;
  uint64_t seed;
  double clip;          /* bound of the gradient's global 2-norm; 0: none                      */
  double clip_value;    /* bound of each of its elements, before the norm's; 0: none           */
  const char *schedule; /* a product: "cosine(0) * warmup(100)", ... NULL: constant            */
  const char *decay;    /* decoupled weight decay: "0.01" of parameters of rank >= 2,
                           "h.*=0.1" of those whose names match, the last one counts; "a, b";
                           NULL: none                                                          */
  const char *average;  /* of the weights: "ema(0.999)", "swa(10)"; NULL: none                 */
  int patience;         /* epochs without a better loss before stopping; 0: never              */
  int accumulate;       /* batches in a step, >= 1                                             */
  int columns;          /* of so many tensors; 0: columns go by their place                    */
  const nnrt_columns *column;
  const char *scale;    /* inputs that are scaled: "x, u=minmax"; NULL: none                   */
  const char *weights;  /* "w=y": the last target, w, is computed, the weight of y's class;
                           NULL: no such target                                                */
  const char *class_weights; /* "1, 2, 0.5" of all classes, "a=2" of some, "none"; NULL or
                           "balanced": by how often they occur                                 */
} nnrt_settings;

/* Who looks on while a loss is computed: see() is called with each tensor that is stored whole, as
 * it is made; values are reals. */
typedef struct nnrt_watch {
  void (*see)(struct nnrt_watch *watch, const char *name, const void *values, size_t elements);
} nnrt_watch;

/* ---- the model ---------------------------------------------------------------------------- */

typedef struct nnrt_model nnrt_model;
struct nnrt_model {
  int abi;              /* NNRT_ABI                                                            */
  const char *name;
  const char *prefix;   /* of its C names                                                      */
  int real_bytes;       /* 4 or 8                                                              */
  uint64_t layout;      /* a hash of names, kinds, shapes                                      */

  /* inputs, then targets, parameters, states, outputs, each in the order of declaration       */
  size_t tensors, inputs, targets, parameters, states, outputs;
  const nnrt_tensor *tensor;

  /* Parameters lie together, each aligned, gaps zero; gradients and the optimizer's states are
   * regions of the same layout: the gradient of p is at gradient_offset + (p.offset -
   * parameter_offset). Gradients and optimizer states exist in training blocks only.          */
  size_t parameter_offset, parameter_bytes, gradient_offset;
  size_t optimizer_state_offset; /* state k of the optimizer: + k * parameter_bytes            */

  size_t metrics;
  const char *const *metric;   /* names                                                       */
  int metrics_of_whole;        /* a metric reduces over [batch]: test all samples in one batch */
  int carries;                 /* the model has carried state: streams, unshuffled            */

  size_t optimizers;
  const nnrt_optimizer *optimizer;
  nnrt_settings settings;

  double step_operations;      /* floating-point operations of a training step, per sample    */
  double predict_operations;   /* and of a prediction                                         */

  size_t (*bytes)(int batch, int training);
  void (*init)(void *block, int batch, int training, uint64_t seed);
  /* data: pointers to the n samples of each input, then each target (real or int32_t).
   * loss: mean loss of n <= batch samples, computed as in training (dropout by seed and draw;
   * running averages neither used nor changed). In double, so that differences of losses mean
   * something also where tensors are float: sum over the batch in double.
   * loss(), gradient() and update() need a training block; test() and predict() take either,
   * and leave parameters, gradients and optimizer states as they are. 1 <= n <= batch.        */
  double (*loss)(void *block, int n, const void *const *data);
  double (*gradient)(void *block, int n, const void *const *data);
  /* One step of the head's optimizer on the gradients in the block. `rate` stands for
   * hyperparameter 0 (the trainer passes it scheduled); the others come from the head.        */
  void (*update)(void *block, double rate);
  /* As in prediction: values[0] the mean loss, then each metric.                             */
  void (*test)(void *block, int n, const void *const *data, double *values);
  /* inputs: the inputs alone, NULL for those that are loss_only; outputs: room for n samples of
   * each output.                                                                              */
  void (*predict)(void *block, int n, const void *const *inputs, void *const *outputs);
  /* Where parameter or state `index` (into tensor[]) lives in this block.                    */
  void *(*locate)(void *block, size_t index);
  /* The loss with all that the model's stop() hides from derivatives held as the last gradient()
   * left it: what differences must be taken of. NULL where the model stops nothing.          */
  double (*held_loss)(void *block, int n, const void *const *data);
  /* loss(), watched. NULL in models that cannot be.                                          */
  double (*watched_loss)(void *block, int n, const void *const *data, nnrt_watch *watch);
  /* NULL in what nncc emits. In the runtime's own view of a model with stacks, which lists their
   * copies as tensors: the model as it was emitted.                                           */
  const nnrt_model *compiled;
};

/* ---- main.c ------------------------------------------------------------------------------- */

/* The command line of an emitted program. Returns its exit status: 0, 1 where `check` fails (or
 * training met a non-finite loss), 2 after a bad command, file or value, 130 where Ctrl-C ended
 * training early (after the step, and after saving). */
int nnrt_main(const nnrt_model *model, int argc, char **argv);

/* ---- initialize.c, random.c --------------------------------------------------------------- */

/* Makes a block of raw memory ready: zeroes all bytes(batch, training) of it, sets the head to the
 * model's settings (step, draw and carried 0), fills every parameter from the seed, each tensor by
 * its own stream that depends on the seed and the tensor's name alone, and begins the optimizer of
 * the settings. Emitted init() functions call it. Allocates nothing. */
void nnrt_initialize(const nnrt_model *model, void *block, int batch, int training, uint64_t seed);
/* The same of memory that is all zeros, as calloc() and the system bring it: what stays zero is not
 * touched, so that pages which nobody uses never come to be. */
void nnrt_initialize_zeros(const nnrt_model *model, void *block, int batch, int training,
                           uint64_t seed);
/* From here on the block's optimizer is model->optimizer[optimizer]; its states begin anew. The
 * hyperparameters in the head are the caller's to set. */
void nnrt_begin_optimizer(const nnrt_model *model, void *block, int optimizer);

/* ---- product.c ---------------------------------------------------------------------------- */

/* C = alpha * op(A) op(B) + beta * C, row-major, op(A) is m x k, op(B) k x n; beta is 0 or 1, and
 * with 0 C need not be initialised. transpose: A is stored k x m, B n x k. lda, ldb, ldc: elements
 * from row to row. Own loops serve it, or a library (nnrt_product_library); results are the same
 * bits for the same call in one process. */
void nnrt_product_float(int transpose_a, int transpose_b, size_t m, size_t n, size_t k, float alpha,
                        const float *a, size_t lda, const float *b, size_t ldb, float beta,
                        float *c, size_t ldc);
void nnrt_product_double(int transpose_a, int transpose_b, size_t m, size_t n, size_t k,
                         double alpha, const double *a, size_t lda, const double *b, size_t ldb,
                         double beta, double *c, size_t ldc);
/* The same with a B that is multiplied with again and again, as weights are in each step of a recurrence:
 * it is near, and nothing of it need be fetched ahead. */
void nnrt_repeated_product_float(int transpose_a, int transpose_b, size_t m, size_t n, size_t k,
                                 float alpha, const float *a, size_t lda, const float *b, size_t ldb,
                                 float beta, float *c, size_t ldc);
void nnrt_repeated_product_double(int transpose_a, int transpose_b, size_t m, size_t n, size_t k,
                                  double alpha, const double *a, size_t lda, const double *b,
                                  size_t ldb, double beta, double *c, size_t ldc);
/* nnrt_product_*() by all threads of a team, where it is large enough: the same bits for any number of
 * them. Not to be called by one of a team's tasks. */
void nnrt_team_product_float(nnrt_team *team, int transpose_a, int transpose_b, size_t m, size_t n,
                             size_t k, float alpha, const float *a, size_t lda, const float *b,
                             size_t ldb, float beta, float *c, size_t ldc);
void nnrt_team_product_double(nnrt_team *team, int transpose_a, int transpose_b, size_t m, size_t n,
                              size_t k, double alpha, const double *a, size_t lda, const double *b,
                              size_t ldb, double beta, double *c, size_t ldc);
/* What follows a product: called for parts of C, rows row ... rows_end - 1 of columns column ...
 * columns_end - 1, each soon after it is complete, by the thread that computed it. Parts do not
 * overlap, and cover C. Where A is as it is stored and n is 128 or more, a column's rows are
 * finished from the first to the last by one thread: sums over them may be added up. */
typedef void nnrt_finish(const void *context, size_t row, size_t rows_end, size_t column,
                         size_t columns_end);
/* nnrt_team_product_*(), followed by that. team may be NULL. */
void nnrt_finished_product_float(nnrt_team *team, int transpose_a, int transpose_b, size_t m,
                                 size_t n, size_t k, float alpha, const float *a, size_t lda,
                                 const float *b, size_t ldb, float beta, float *c, size_t ldc,
                                 nnrt_finish *finish, const void *context);
void nnrt_finished_product_double(nnrt_team *team, int transpose_a, int transpose_b, size_t m,
                                  size_t n, size_t k, double alpha, const double *a, size_t lda,
                                  const double *b, size_t ldb, double beta, double *c, size_t ldc,
                                  nnrt_finish *finish, const void *context);
/* nnrt_repeated_product_*() with A as it is stored and B, stored n x k, packed beforehand: worth it where
 * several products share it. packed: k times n elements, n rounded up to whole stripes of 128 bytes.
 * Own loops serve it. */
void nnrt_pack_float(size_t n, size_t k, const float *b, size_t ldb, float *packed);
void nnrt_pack_double(size_t n, size_t k, const double *b, size_t ldb, double *packed);
void nnrt_packed_product_float(size_t m, size_t n, size_t k, float alpha, const float *a,
                               size_t lda, const float *packed, float beta, float *c, size_t ldc);
void nnrt_packed_product_double(size_t m, size_t n, size_t k, double alpha, const double *a,
                                size_t lda, const double *packed, double beta, double *c,
                                size_t ldc);
/* Places in memory, counted by digits, the last of which runs fastest: number i lies at the sum of each
 * digit times its stride. So the places of a convolution's windows are counted by channel, row and
 * column; they may overlap. */
enum { NNRT_DIGITS = 6 };
typedef struct nnrt_digits {
  int count; /* of digits, at most NNRT_DIGITS; 0: one place, at 0 */
  size_t turns[NNRT_DIGITS], stride[NNRT_DIGITS];
} nnrt_digits;
typedef struct nnrt_places {
  nnrt_digits row, column;
} nnrt_places;
/* nnrt_product_*() with A as it is stored and B read by places: its element (p, j) lies where the p-th
 * row does plus where the j-th column does. m, beside the counts of B's rows (k) and columns (n). Own
 * loops serve it. */
void nnrt_placed_product_float(size_t m, float alpha, const float *a, size_t lda, const float *b,
                               const nnrt_places *places, float beta, float *c, size_t ldc);
void nnrt_placed_product_double(size_t m, double alpha, const double *a, size_t lda,
                                const double *b, const nnrt_places *places, double beta, double *c,
                                size_t ldc);
/* One line for `info`: what serves products ("own loops, AVX-512", "OpenBLAS 0.3.21, SkylakeX"): a
 * library only large ones, and where the processor has neither AVX2 nor AVX-512. The environment's
 * NNRT_BLAS chooses: `openblas`, the path of a library with a CBLAS interface, or `none`. */
const char *nnrt_product_library(void);

#ifdef __cplusplus
}
#endif
#endif
