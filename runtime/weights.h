/* weights: named tensors to safetensors files and back.
 *
 * The format: 8 bytes, little-endian, the length of a JSON header; the header, name ->
 * {dtype, shape, data_offsets}; the tensors' bytes, little-endian, row-major, without holes.
 * https://huggingface.co/docs/safetensors
 *
 * Names are the model's ("h.1.W"). What a file holds beyond parameters has a name that begins
 * with '@' ("@step", "@mean.h", "@optimizer.m.h.W", "@text.bytes"), which readers may ignore.
 */
#ifndef NNRT_WEIGHTS_H
#define NNRT_WEIGHTS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "data.h"
#include "fail.h"
#include "nnrt.h"

typedef enum nnrt_dtype {
  NNRT_F32, NNRT_F64, NNRT_F16, NNRT_BF16, NNRT_U8, NNRT_I32, NNRT_I64, NNRT_U64,
  NNRT_I8, NNRT_I16, NNRT_U16, NNRT_U32, NNRT_BOOL,
  NNRT_F8_E4M3, NNRT_F8_E5M2, NNRT_C64, /* can stand in a file, and no more */
  NNRT_DTYPES
} nnrt_dtype;

/* A tensor in somebody's memory. The pointers are borrowed. data may be unaligned in views of an
 * opened file: copy from it with nnrt_weights_read or memcpy. */
typedef struct nnrt_view {
  const char *name;
  nnrt_dtype dtype;
  int rank;
  const size_t *shape;
  const void *data;
} nnrt_view;

/* An entry of the header's __metadata__. */
typedef struct nnrt_note {
  const char *key, *value;
} nnrt_note;

nnrt_dtype nnrt_real_dtype(int real_bytes); /* NNRT_F32 or NNRT_F64 */
size_t nnrt_dtype_bytes(nnrt_dtype dtype);

/* ---- writing ------------------------------------------------------------------------------ */

/* Writes the file whole or not at all (file.h). Bytes depend on the arguments alone. Names must
 * differ from each other and from "__metadata__". */
bool nnrt_weights_write(const char *path, const nnrt_view *view, size_t views,
                        const nnrt_note *note, size_t notes, nnrt_failure *failure);

/* ---- reading ------------------------------------------------------------------------------ */

typedef struct nnrt_weights nnrt_weights; /* an opened file, all of it checked and in memory */

/* NULL on failure: missing, cut short, no safetensors file, offsets that overlap or leave the
 * file, a shape that does not fit its bytes, a dtype that is not one of the above, a name twice. */
nnrt_weights *nnrt_weights_open(const char *path, nnrt_failure *failure);
void nnrt_weights_close(nnrt_weights *weights); /* NULL is fine */

size_t nnrt_weights_count(const nnrt_weights *weights);
const nnrt_view *nnrt_weights_at(const nnrt_weights *weights, size_t index); /* file order   */
const nnrt_view *nnrt_weights_find(const nnrt_weights *weights, const char *name); /* or NULL */
const char *nnrt_weights_note(const nnrt_weights *weights, const char *key);       /* or NULL */

/* Copies one tensor, which must have this shape, to `to`. Float types convert into each other
 * (a value too large for float fails), whole-number types into wider ones as far as the values
 * fit; a float for a whole number or the other way round fails, as do a missing tensor and
 * another shape. On failure `to` is unchanged. */
bool nnrt_weights_read(const nnrt_weights *weights, const char *name, nnrt_dtype dtype, int rank,
                       const size_t *shape, void *to, nnrt_failure *failure);

/* One number, of shape [] or [1]: "@step", "@draw". */
bool nnrt_weights_read_u64(const nnrt_weights *weights, const char *name, uint64_t *value,
                           nnrt_failure *failure);

/* Copies every parameter, and every state that is not per_lane from '@' + its name, to where
 * model->locate() says; a tensor that the model does not have fails, unless its name begins with
 * '@'. need_states 0: states that the file lacks keep their values (weights from another tool,
 * to train on). All is checked before anything is copied; with a block of NULL it is only checked. */
bool nnrt_weights_load(const nnrt_weights *weights, const nnrt_model *model, void *block,
                       int need_states, nnrt_failure *failure);

/* Copies what the file has by name and in the same shape, and leaves the rest of the block as it
 * is; tells a line on `told` for each parameter that it leaves. Fails where nothing fits. */
bool nnrt_weights_load_partly(const nnrt_weights *weights, const nnrt_model *model, void *block,
                              FILE *told, nnrt_failure *failure);

/* ---- weights_map.c ------------------------------------------------------------------------ */

/* Gives tensors other names. A rule is FROM=TO; a '*' in FROM stands for any characters, which take
 * the place of the '*' of the same number in TO; an empty TO drops the tensor. The first rule that
 * fits a name counts. A rule that fits none fails, as do two tensors of one name. */
bool nnrt_weights_map(nnrt_weights *weights, const char *const *rule, size_t rules,
                      nnrt_failure *failure);

/* The bytes table of the text that the weights were trained on; count 0 where there is none. */
bool nnrt_weights_alphabet(const nnrt_weights *weights, nnrt_alphabet *alphabet,
                           nnrt_failure *failure);

#define NNRT_ALPHABET_NAME "@text.bytes" /* U8 [count], ascending */

/* ---- encoding.c --------------------------------------------------------------------------- */

/* How the training data was read, from weights; columns that are chosen already stay. */
bool nnrt_encoding_read(const nnrt_weights *from, const nnrt_model *model,
                        nnrt_encoding *encoding, nnrt_failure *failure);

/* Takes copies of name, shape and data; false where it has no memory. */
typedef struct nnrt_encoding_sink {
  bool (*take)(void *to, const char *name, nnrt_dtype dtype, int rank, const size_t *shape,
               const void *data);
  void *to;
} nnrt_encoding_sink;

/* All that an encoding puts into a weights file. */
bool nnrt_encoding_write(const nnrt_encoding *encoding, const nnrt_model *model,
                         nnrt_encoding_sink *sink);

#endif
