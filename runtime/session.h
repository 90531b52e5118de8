/* session: what the commands share: blocks, batches, and the evaluation of data. */
#ifndef NNRT_SESSION_H
#define NNRT_SESSION_H

#include "data.h"
#include "fail.h"
#include "nnrt.h"
#include "options.h"
#include "order.h"
#include "rows.h"
#include "weights.h"

/* ---- block.c ------------------------------------------------------------------------------ */

/* An initialised block, to be freed with nnrt_block_free(); NULL on failure. */
void *nnrt_block_new(const nnrt_model *model, int batch, int training, uint64_t seed,
                     nnrt_failure *failure);
void nnrt_block_free(const nnrt_model *model, void *block); /* NULL is fine */
/* Parameters, and the states that are not per_lane, from one block of the model to another. */
void nnrt_block_copy(const nnrt_model *model, void *from, void *to);
/* The weights of --load under the names that --map and --map-file give; NULL on failure. */
nnrt_weights *nnrt_open_loaded(const nnrt_options *options, nnrt_failure *failure);
/* The weights of --load into a block; with --partial as much as there is. need_states: running
 * averages must be there too, as prediction uses them; training makes its own. */
bool nnrt_block_load(const nnrt_model *model, void *block, const nnrt_options *options,
                     int need_states, nnrt_failure *failure);
/* A parameter's gradient in a training block. */
void *nnrt_gradient_of(const nnrt_model *model, void *block, const nnrt_tensor *parameter);

/* ---- batch.c ------------------------------------------------------------------------------ */

/* Room for some samples of every tensor of a data set, or of the inputs alone. */
typedef struct nnrt_batch {
  size_t tensors;
  void **values; /* owned */
} nnrt_batch;

bool nnrt_batch_new(const nnrt_tensor *tensor, size_t tensors, int real_bytes, size_t samples,
                    nnrt_batch *batch, nnrt_failure *failure);
void nnrt_batch_free(nnrt_batch *batch);
/* What the model's functions take. */
const void *const *nnrt_batch_data(const nnrt_batch *batch);

/* Takes the samples of data in batches of the block's size: of what `held` holds out; NULL: all.
 * Carried states begin anew, before and after. In a model that carries, the samples are cut into
 * `batch` equal runs, the rest is left out. */
typedef void nnrt_visit(void *visitor, int n, const nnrt_batch *batch);
bool nnrt_walk(const nnrt_model *model, void *block, const nnrt_dataset *data, nnrt_order *held,
               nnrt_visit *visit, void *visitor, nnrt_failure *failure);

/* values[0]: the mean loss of the samples, then each metric, as model->test gives them, over
 * the batches of a walk, or over one where the metrics reduce over the whole. The block may be of
 * either kind. */
bool nnrt_evaluate(const nnrt_model *model, void *block, const nnrt_dataset *data,
                   nnrt_order *held, double *values, nnrt_failure *failure);

/* Sample number `place` of the order in which streams are trained: lane by lane, step by step. */
size_t nnrt_lane_sample(size_t place, size_t lanes, size_t run);

/* ---- classes.c ---------------------------------------------------------------------------- */

/* Prints, for each target of classes that an output guesses, how each class is told from the
 * others, behind an empty line: see classes.c. Nothing where no output does. */
bool nnrt_test_classes(const nnrt_model *model, void *block, const nnrt_dataset *data,
                       nnrt_order *held, nnrt_failure *failure);

/* ---- samples.c ---------------------------------------------------------------------------- */

/* nnrt_data_load of files as the options say; the encoding is what came with the weights, or empty,
 * and outlives the data. */
bool nnrt_load_data(const nnrt_model *model, const nnrt_options *options, bool with_targets,
                    const nnrt_file *file, int files, nnrt_encoding *encoding,
                    nnrt_dataset *data, nnrt_failure *failure);
/* The same of the one file "-", of which `lines` are what there is; NULL: of files. */
bool nnrt_load_lines(const nnrt_model *model, const nnrt_options *options, bool with_targets,
                     const nnrt_file *file, int files, nnrt_lines *lines,
                     nnrt_encoding *encoding, nnrt_dataset *data, nnrt_failure *failure);
/* How the data of the weights of --load was read. */
bool nnrt_load_encoding(const nnrt_options *options, const nnrt_model *model,
                        nnrt_encoding *encoding, nnrt_failure *failure);
/* What the options hold out (with folds, this one), and how they order. */
nnrt_splitting nnrt_splitting_of(const nnrt_model *model, const nnrt_options *options,
                                 size_t fold);

/* ---- sample.c ----------------------------------------------------------------------------- */

/* n samples of made-up data for each tensor of a batch, the model's first ones: classes and counts
 * in their ranges, reals of inputs normal (or, where `positive`, as of targets), reals of targets
 * uniform in (0, 1), where a squared error, a probability and a binary label all make sense. */
void nnrt_sample_data(const nnrt_model *model, nnrt_batch *batch, size_t n, int positive,
                      uint64_t seed);
/* Every parameter drawn uniformly: none is zero as biases are after init(), so that no gradient
 * vanishes by accident. With gain 1 matrices keep the size of what passes through them; a larger
 * gain makes up for functions that shrink it. Where the model says where a parameter begins (ones,
 * constant, uniform, normal) it is drawn around there, since elsewhere a logarithm or a root of it
 * may not be defined. */
void nnrt_sample_parameters(const nnrt_model *model, void *block, double gain, uint64_t seed);

/* ---- write.c ------------------------------------------------------------------------------ */

/* May --output, --format and --top stand together? Says so before the work is done. */
bool nnrt_check_output(const nnrt_options *options, nnrt_failure *failure);
/* How rows of text are written; the options were checked. */
nnrt_rows nnrt_rows_of(const nnrt_model *model, const nnrt_options *options,
                       const nnrt_encoding *encoding);
/* Predictions of `samples` samples, values[k] of output k, to where the options say, or to standard
 * output. Several outputs in .npy go to a file each, OUT.NAME.npy. */
bool nnrt_write_outputs(const nnrt_model *model, const nnrt_options *options,
                        const nnrt_encoding *encoding, void *const *values, size_t samples,
                        nnrt_failure *failure);

/* ---- pipe.c ------------------------------------------------------------------------------- */

/* Are inputs to be read from standard input as CSV, a line at a time, and predictions written to
 * standard output as they are made? Looks at the first bytes; where not, standard input is as if
 * nobody had looked. *first: what was read, to be freed. */
bool nnrt_pipe_begins(const nnrt_model *model, const nnrt_options *options, char **first,
                      size_t *length, bool *pipes, nnrt_failure *failure);
/* Takes over `first`. */
bool nnrt_pipe(const nnrt_model *model, const nnrt_options *options, char *first, size_t length,
               nnrt_encoding *encoding, nnrt_failure *failure);

/* ---- the commands, a file each ------------------------------------------------------------ */

/* Each returns its exit status; a status other than 0 may come with a line in the failure. */
int nnrt_command_train(const nnrt_model *model, nnrt_options *options, nnrt_failure *failure);
int nnrt_command_test(const nnrt_model *model, nnrt_options *options, nnrt_failure *failure);
int nnrt_command_predict(const nnrt_model *model, nnrt_options *options, nnrt_failure *failure);
int nnrt_command_sample(const nnrt_model *model, nnrt_options *options, nnrt_failure *failure);
int nnrt_command_export(const nnrt_model *model, nnrt_options *options, nnrt_failure *failure);
int nnrt_command_grad(const nnrt_model *model, nnrt_options *options, nnrt_failure *failure);
int nnrt_command_check(const nnrt_model *model, nnrt_options *options, nnrt_failure *failure);
int nnrt_command_bench(const nnrt_model *model, nnrt_options *options, nnrt_failure *failure);
int nnrt_command_info(const nnrt_model *model, nnrt_options *options, nnrt_failure *failure);

#endif
