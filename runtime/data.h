/* data: files of examples to arrays in the model's types.
 *
 *   .csv .npy idx text (each also gzipped)  ->  N samples of every input and target
 *
 * Formats are recognised by what the file holds. Numbers are checked on the way in: what comes
 * out is finite, and every class and count lies in its range. docs of the formats are at the top
 * of csv.c, npy.c, idx.c and text.c.
 */
#ifndef NNRT_DATA_H
#define NNRT_DATA_H

#include <stddef.h>
#include <stdint.h>

#include "fail.h"
#include "nnrt.h"

/* The distinct bytes of a text, ascending; a byte's place here is its class. It belongs to the
 * data set it was made from, is saved with the weights (weights.h: "@text.bytes"), and rules how
 * later texts are read. count 0: there is none. */
typedef struct nnrt_alphabet {
  size_t count;
  uint8_t byte[256];
} nnrt_alphabet;

typedef struct nnrt_dataset {
  size_t samples;            /* N >= 1 once loaded                                            */
  size_t tensors;            /* inputs, or inputs + targets                                   */
  const nnrt_tensor *tensor; /* the model's first ones: inputs, then targets; borrowed        */
  void **values;             /* values[k]: N x tensor[k].elements, real or int32_t            */
  int real_bytes;
  nnrt_alphabet alphabet;    /* of text; otherwise the one that was given, or empty           */
} nnrt_dataset;

/* Loads `files` files: one with tensor == NULL for all tensors, or one for each tensor.
 *   with_targets   train, test, grad: inputs and targets. 0 (predict): the inputs alone; target
 *                  columns that stand in the file are skipped, a file for a target is not opened.
 *   known          the alphabet that came with the weights. NULL or count 0: made from the text,
 *                  which fails without targets: a prediction needs the alphabet of its training.
 * Uses of the model only tensor, inputs, targets and real_bytes. On failure *data is empty (and
 * may be freed), and the failure's line says why. */
bool nnrt_data_load(const nnrt_model *model, int with_targets, const nnrt_file *file, size_t files,
                    const nnrt_alphabet *known, nnrt_dataset *data, nnrt_failure *failure);
void nnrt_data_free(nnrt_dataset *data);

/* Copies samples index[0 ... n-1] to batch[k], which has room for n samples of tensor k, for
 * every tensor k of the data set. Indices are < samples. */
void nnrt_data_gather(const nnrt_dataset *data, const size_t *index, size_t n, void *const *batch);

/* Where a sample begins; the samples after it follow, so no copy is needed for unshuffled runs. */
const void *nnrt_data_at(const nnrt_dataset *data, size_t tensor, size_t sample);

/* Bytes of one sample of a tensor: elements x 4 or 8. */
size_t nnrt_sample_bytes(const nnrt_tensor *tensor, int real_bytes);

#endif
