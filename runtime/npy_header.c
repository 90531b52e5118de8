/* npy_header.c: type and shape of an array to the bytes that .npy files begin with. */
#include "npy_header.h"

#include <stdio.h>
#include <string.h>

#include "file.h"

size_t nnrt_npy_header(char header[NNRT_NPY_HEADER], int is_float, int item_bytes, int rank,
                       const size_t *shape) {
  const size_t most = NNRT_NPY_HEADER - 96;
  size_t at = 10;
  at += (size_t)snprintf(header + at, most - at, "{'descr': '%c%c%d', 'fortran_order': False, "
                         "'shape': (", nnrt_host_is_big_endian() ? '>' : '<', is_float ? 'f' : 'i',
                         item_bytes);
  for (int axis = 0; axis < rank && at < most; axis++)
    at += (size_t)snprintf(header + at, most - at, "%s%zu%s", axis ? " " : "", shape[axis],
                           rank == 1 || axis < rank - 1 ? "," : "");
  at = at < most ? at : most;
  memcpy(header + at, "), }", 4);
  at += 4;
  const size_t whole = (at + 1 + 63) / 64 * 64;
  memset(header + at, ' ', whole - at);
  header[whole - 1] = '\n';
  memcpy(header, "\x93NUMPY\x01", 8);
  header[8] = (char)((whole - 10) % 256);
  header[9] = (char)((whole - 10) / 256);
  return whole;
}
