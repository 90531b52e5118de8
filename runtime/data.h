/* data: files of examples to batches in the model's types.
 *
 *   .csv .npy .npz idx text bytes (each also gzipped)  ->  N samples of every input and target
 *
 * Formats are recognised by what the file holds. Numbers are checked on the way in: what comes
 * out is finite, and every class and count lies in its range. docs of the formats are at the top
 * of csv.c, npy.c, zip.c, idx.c and text.c.
 *
 * Data that is small is held in memory. Larger data stays where it is, or in a temporary copy
 * (input.h), and is read in blocks of samples that follow each other, a window of which is held.
 */
#ifndef NNRT_DATA_H
#define NNRT_DATA_H

#include <stddef.h>
#include <stdint.h>

#include "encoding.h"
#include "fail.h"
#include "nnrt.h"

enum { NNRT_MEMORY = 64 << 20 }; /* bytes of samples that are held, unless told otherwise */

/* Some lines of a CSV in place of the rest of standard input. */
typedef struct nnrt_lines {
  const char *text;
  size_t length;
  size_t number;         /* of the first line, as messages count                              */
  bool header;           /* out: they are a header and nothing else; loading failed           */
} nnrt_lines;

typedef struct nnrt_request {
  const nnrt_file *file; /* with tensor NULL for all tensors, or one or more for each         */
  size_t files;
  bool with_targets;     /* train, test, grad: inputs and targets. Else (predict) the inputs
                            that outputs depend on; other columns that stand in the file are
                            skipped, a file for another tensor is not opened, and inputs that
                            are loss_only are all zero                                        */
  size_t memory;         /* bytes of samples to hold; 0: NNRT_MEMORY                          */
  size_t lanes;          /* places in the data that are read in turn, > 1 for streams         */
  const char *weights;   /* nnrt_settings.weights                                             */
  nnrt_lines *lines;     /* what "-" is; NULL: standard input                                 */
} nnrt_request;

typedef struct nnrt_window nnrt_window;

typedef struct nnrt_dataset {
  size_t samples;            /* N >= 1 once loaded                                            */
  size_t tensors;            /* inputs, or inputs + targets                                   */
  const nnrt_tensor *tensor; /* the model's first ones: inputs, then targets; borrowed        */
  void **values;             /* values[k]: N x tensor[k].elements, real or int32_t, as read,
                                neither scaled nor weighed; NULL where data is read in blocks */
  int real_bytes;
  size_t block;              /* samples that are read together: all N where they are held     */
  size_t blocks_held;        /* of which so many are held at a time                           */
  nnrt_encoding *encoding;   /* borrowed                                                      */
  size_t loaded;             /* tensors that files bring: all but `weighed`                   */
  int weighed, weighs;       /* the last tensor is the weight of that class; -1: none         */
  nnrt_window *window;       /* where data is read in blocks; owned                           */
} nnrt_dataset;

/* Several files of a tensor follow each other; a path with * ? [ that names no file is a pattern,
 * whose files come in the order of their names; "-" is standard input.
 *   encoding  on entry what came with the weights, on exit also what the data taught. It stays
 *             in use as long as the data set.
 * Uses of the model only tensor, inputs, targets and real_bytes. On failure *data is empty (and
 * may be freed), and the failure's line says why. */
bool nnrt_data_load(const nnrt_model *model, const nnrt_request *request, nnrt_encoding *encoding,
                    nnrt_dataset *data, nnrt_failure *failure);
void nnrt_data_free(nnrt_dataset *data);

/* Copies samples index[0 ... n-1] to batch[k], which has room for n samples of tensor k, for
 * every tensor k of the data set, scaled as the encoding says. Indices are < samples. Fails where
 * data that is read in blocks holds what does not belong there. */
bool nnrt_data_gather(const nnrt_dataset *data, const size_t *index, size_t n, void *const *batch,
                      nnrt_failure *failure);
/* The same for n samples from `first` on. */
bool nnrt_data_run(const nnrt_dataset *data, size_t first, size_t n, void *const *batch,
                   nnrt_failure *failure);

/* Samples first ... first+n-1 will be wanted soon: where they are in a file, it is read ahead. */
void nnrt_data_expect(const nnrt_dataset *data, size_t first, size_t n);

/* Bytes of one sample of a tensor: elements x 4 or 8. */
size_t nnrt_sample_bytes(const nnrt_tensor *tensor, int real_bytes);

/* ---- scale.c, weigh.c --------------------------------------------------------------------- */

/* Applies the encoding's scales to n samples of tensor k. */
void nnrt_scale_apply(const nnrt_dataset *data, size_t k, size_t n, void *values);
/* Fills in the weights of n samples' classes: 1 until they are fitted. */
void nnrt_weights_apply(const nnrt_dataset *data, size_t n, void *const *batch);

#endif
