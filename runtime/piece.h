/* piece: the named tensors that a model's weights consist of, as files know them. */
#ifndef NNRT_PIECE_H
#define NNRT_PIECE_H

#include "fail.h"
#include "nnrt.h"
#include "weights.h"

/* A parameter by its name, or a state that is not per_lane with '@' before it. Whatever reads or
 * writes weights walks pieces, not model->tensor: here is the one place that knows how the two
 * belong together. */
typedef struct nnrt_piece {
  const char *name;    /* "h.1.W", "@mean.h"                                                  */
  size_t tensor;       /* index into model->tensor                                            */
  int rank;
  const size_t *shape;
  size_t elements;
  nnrt_dtype dtype;    /* in the block                                                        */
  size_t place;        /* bytes from where model->locate() says the tensor is                 */
} nnrt_piece;

typedef struct nnrt_pieces {
  size_t count;
  nnrt_piece *piece;   /* parameters, then states; owned, with the names                      */
  char *names;
} nnrt_pieces;

bool nnrt_pieces_new(const nnrt_model *model, nnrt_pieces *pieces, nnrt_failure *failure);
void nnrt_pieces_free(nnrt_pieces *pieces);

bool nnrt_is_parameter(const nnrt_model *model, const nnrt_piece *piece);
void *nnrt_piece_at(const nnrt_model *model, void *block, const nnrt_piece *piece);
/* Of a parameter, in a training block. */
void *nnrt_piece_gradient(const nnrt_model *model, void *block, const nnrt_piece *piece);

#endif
