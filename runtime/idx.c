/* idx.c: MNIST's IDX file to tensors.
 *
 * Two bytes 0, the type, the number of axes, each axis's size (4 bytes), the items; all
 * big-endian. http://yann.lecun.com/exdb/mnist. A byte is the number 0 ... 255.
 */
#include <string.h>

#include "source.h"

typedef struct idx_type {
  uint8_t code;
  nnrt_item item;
  size_t bytes;
} idx_type;

static const idx_type types[] = {
  {0x08, NNRT_ITEM_UNSIGNED, 1}, {0x09, NNRT_ITEM_SIGNED, 1}, {0x0B, NNRT_ITEM_SIGNED, 2},
  {0x0C, NNRT_ITEM_SIGNED, 4},   {0x0D, NNRT_ITEM_FLOAT, 4},  {0x0E, NNRT_ITEM_FLOAT, 8},
};

static const idx_type *find_type(uint8_t code) {
  for (size_t k = 0; k < sizeof types / sizeof *types; k++)
    if (types[k].code == code) return &types[k];
  return NULL;
}

bool nnrt_is_idx(const nnrt_input *input) {
  const uint8_t *bytes = input->bytes;
  return input->length >= 4 && bytes[0] == 0 && bytes[1] == 0 && find_type(bytes[2]) &&
         bytes[3] >= 1 && bytes[3] <= NNRT_MAX_AXES;
}

bool nnrt_read_idx(nnrt_source *source, nnrt_bytes bytes, nnrt_failure *failure) {
  uint8_t head[4 + 4 * NNRT_MAX_AXES];
  size_t there = bytes.length < sizeof head ? (size_t)bytes.length : sizeof head;
  bool good = nnrt_bytes_read(&bytes, 0, there, head, failure);
  const size_t header = 4 + 4 * (good ? (size_t)head[3] : 0);
  if (good && there < header)
    good = nnrt_fail(failure, "%s: the IDX file is cut short in its header", bytes.path);
  if (!good) {
    nnrt_bytes_close(&bytes);
    return false;
  }
  const idx_type *type = find_type(head[2]);
  nnrt_array array = {.item = type->item, .item_bytes = type->bytes, .big_endian = true,
                      .rank = head[3], .items = bytes};
  for (int axis = 0; axis < array.rank; axis++)
    for (size_t k = 0; k < 4; k++)
      array.shape[axis] = array.shape[axis] << 8 | head[4 + 4 * (size_t)axis + k];
  array.items.offset += header;
  array.items.length -= header;
  return nnrt_array_part(source, &array, failure);
}
