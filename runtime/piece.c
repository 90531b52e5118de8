/* piece.c: a model's parameters and kept states to the named tensors of a weights file. */
#include "piece.h"
#include "stack.h"

#include <stdlib.h>
#include <string.h>

static bool is_kept(const nnrt_tensor *tensor) {
  return tensor->role == NNRT_PARAMETER || (tensor->role == NNRT_STATE && !tensor->per_lane);
}

/* Adds the tensor's piece; its name goes to *room, which moves on. */
static void add(const nnrt_model *model, size_t index, nnrt_pieces *to, char **room) {
  const nnrt_tensor *tensor = &model->tensor[index];
  nnrt_piece *piece = &to->piece[to->count++];
  const size_t length = strlen(tensor->name) + 1;
  piece->name = *room;
  if (tensor->role == NNRT_STATE)
    *(*room)++ = '@';
  memcpy(*room, tensor->name, length);
  *room += length;
  piece->tensor = index;
  piece->rank = tensor->rank;
  piece->shape = tensor->shape;
  piece->elements = tensor->elements;
  piece->dtype = tensor->kind == NNRT_REAL ? nnrt_real_dtype(model->real_bytes) : NNRT_I32;
  piece->place = 0;
}

bool nnrt_pieces_new(const nnrt_model *model, nnrt_pieces *pieces, nnrt_failure *failure) {
  size_t count = 0, bytes = 0;
  for (size_t k = 0; k < model->tensors; k++)
    if (is_kept(&model->tensor[k])) {
      count++;
      bytes += strlen(model->tensor[k].name) + 2;
    }
  pieces->count = 0;
  pieces->piece = calloc(count + 1, sizeof *pieces->piece);
  pieces->names = malloc(bytes + 1);
  if (!pieces->piece || !pieces->names) {
    nnrt_pieces_free(pieces);
    return nnrt_fail(failure, "out of memory");
  }
  char *room = pieces->names;
  for (size_t k = 0; k < model->tensors; k++)
    if (is_kept(&model->tensor[k]))
      add(model, k, pieces, &room);
  return true;
}

void nnrt_pieces_free(nnrt_pieces *pieces) {
  free(pieces->piece);
  free(pieces->names);
  *pieces = (nnrt_pieces){0};
}

bool nnrt_is_parameter(const nnrt_model *model, const nnrt_piece *piece) {
  return model->tensor[piece->tensor].role == NNRT_PARAMETER;
}

void *nnrt_piece_at(const nnrt_model *model, void *block, const nnrt_piece *piece) {
  return (char *)nnrt_locate(model, block, piece->tensor) + piece->place;
}

void *nnrt_piece_gradient(const nnrt_model *model, void *block, const nnrt_piece *piece) {
  return (char *)block + model->gradient_offset - model->parameter_offset +
         model->tensor[piece->tensor].offset + piece->place;
}
