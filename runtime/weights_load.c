/* weights_load.c: views of an opened file to arrays in the wanted type, and to a model's block. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "piece.h"
#include "source.h"
#include "weights_file.h"

/* ---- items -------------------------------------------------------------------------------- */

static uint64_t item_bits(const nnrt_view *view, size_t index) {
  size_t bytes = nnrt_dtype_bytes(view->dtype);
  const uint8_t *from = (const uint8_t *)view->data + index * bytes;
  uint64_t bits = 0;
  for (size_t k = 0; k < bytes; k++) bits |= (uint64_t)from[k] << (8 * k);
  return bits;
}

static double float_item(const nnrt_view *view, size_t index) {
  uint64_t bits = item_bits(view, index);
  if (view->dtype == NNRT_F16) return nnrt_half_value((uint16_t)bits);
  if (view->dtype == NNRT_F64) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
  }
  uint32_t narrow = (uint32_t)(view->dtype == NNRT_BF16 ? bits << 16 : bits);
  float value;
  memcpy(&value, &narrow, sizeof value);
  return (double)value;
}

/* Puts item `index` of the view at to[index]; false where the type cannot hold it. With to ==
 * NULL only tells whether it could. */
static bool convert_float(const nnrt_view *view, size_t index, nnrt_dtype dtype, void *to) {
  double value = float_item(view, index);
  if (dtype == NNRT_F64) {
    if (to) ((double *)to)[index] = value;
    return true;
  }
  float narrow = (float)value;
  if (to) ((float *)to)[index] = narrow;
  return isfinite(narrow) || !isfinite(value);
}

static bool convert_whole(const nnrt_view *view, size_t index, nnrt_dtype dtype, void *to) {
  uint64_t bits = item_bits(view, index);
  const unsigned width = 8 * (unsigned)nnrt_dtype_bytes(view->dtype);
  const bool negative = nnrt_dtype_is_signed(view->dtype) && bits >> (width - 1) & 1;
  if (negative && width < 64) bits |= ~UINT64_C(0) << width;
  bool fits = dtype == NNRT_I64 ? negative || !(bits >> 63)
              : dtype == NNRT_I32
                ? (negative ? bits >= ~UINT64_C(0) << 31 : bits <= INT32_MAX)
                : !negative && (dtype == NNRT_U64 || bits <= UINT8_MAX);
  if (!to || !fits) return fits;
  int64_t value;
  memcpy(&value, &bits, sizeof value);
  if (dtype == NNRT_U64)
    ((uint64_t *)to)[index] = bits;
  else if (dtype == NNRT_I64)
    ((int64_t *)to)[index] = value;
  else if (dtype == NNRT_I32)
    ((int32_t *)to)[index] = (int32_t)value;
  else
    ((uint8_t *)to)[index] = (uint8_t)bits;
  return true;
}

static size_t items_of(const nnrt_view *view) {
  return nnrt_view_bytes(view) / nnrt_dtype_bytes(view->dtype);
}

/* The first item that does not fit `dtype`, or the number of items. */
static size_t convert(const nnrt_view *view, nnrt_dtype dtype, void *to) {
  size_t items = items_of(view);
  bool same = view->dtype == dtype;
  if (same && !to) return items;
  if (same && !nnrt_host_is_big_endian()) {
    if (items) memcpy(to, view->data, nnrt_view_bytes(view));
    return items;
  }
  for (size_t k = 0; k < items; k++) {
    bool good = nnrt_dtype_is_float(dtype) ? convert_float(view, k, dtype, to)
                                : convert_whole(view, k, dtype, to);
    if (!good) return k;
  }
  return items;
}

/* ---- one tensor --------------------------------------------------------------------------- */

/* The view of that name, if it can be read as this type and shape. */
static const nnrt_view *check(const nnrt_weights *weights, const char *name, nnrt_dtype dtype,
                              int rank, const size_t *shape, nnrt_failure *failure) {
  const nnrt_view *view = nnrt_weights_find(weights, name);
  nnrt_shape_text wanted = nnrt_show_shape(rank, shape);
  if (!view) {
    nnrt_fail(failure, "%s: has no tensor '%s' %s, which is needed; is it of another model?",
              weights->path, name, wanted.chars);
    return NULL;
  }
  size_t bytes = rank > 0 ? (size_t)rank * sizeof *shape : 0;
  if (view->rank != rank || (bytes && memcmp(view->shape, shape, bytes) != 0)) {
    nnrt_fail(failure, "%s: tensor '%s' is %s in the file, but %s in the model", weights->path,
              name, nnrt_show_shape(view->rank, view->shape).chars, wanted.chars);
    return NULL;
  }
  if (nnrt_dtype_is_float(view->dtype) != nnrt_dtype_is_float(dtype) ||
      nnrt_dtype_is_opaque(view->dtype)) {
    nnrt_fail(failure, "%s: tensor '%s' %s is %s in the file, but %s in the model",
              weights->path, name, wanted.chars, nnrt_dtype_name(view->dtype),
              nnrt_dtype_name(dtype));
    return NULL;
  }
  size_t refused = convert(view, dtype, NULL);
  if (refused < items_of(view)) {
    nnrt_fail(failure, "%s: tensor '%s', element %zu: a value of %s that %s cannot hold",
              weights->path, name, refused, nnrt_dtype_name(view->dtype), nnrt_dtype_name(dtype));
    return NULL;
  }
  return view;
}

bool nnrt_weights_read(const nnrt_weights *weights, const char *name, nnrt_dtype dtype, int rank,
                       const size_t *shape, void *to, nnrt_failure *failure) {
  const nnrt_view *view = check(weights, name, dtype, rank, shape, failure);
  if (view) (void)convert(view, dtype, to);
  return view != NULL;
}

bool nnrt_weights_read_u64(const nnrt_weights *weights, const char *name, uint64_t *value,
                           nnrt_failure *failure) {
  static const size_t one = 1;
  const nnrt_view *view = nnrt_weights_find(weights, name);
  int rank = view && view->rank == 1 ? 1 : 0;
  return nnrt_weights_read(weights, name, NNRT_U64, rank, &one, value, failure);
}

/* ---- the model ---------------------------------------------------------------------------- */

/* Checks one piece, and with a block copies it there. */
static bool load_piece(const nnrt_weights *weights, const nnrt_model *model,
                       const nnrt_piece *piece, void *block, int need_states,
                       nnrt_failure *failure) {
  const bool absent = !nnrt_is_parameter(model, piece) && !need_states &&
                      !nnrt_weights_find(weights, piece->name);
  const nnrt_view *view =
    absent ? NULL : check(weights, piece->name, piece->dtype, piece->rank, piece->shape, failure);
  if (view && block) (void)convert(view, piece->dtype, nnrt_piece_at(model, block, piece));
  return absent || view;
}

static bool load_all(const nnrt_weights *weights, const nnrt_model *model,
                     const nnrt_pieces *pieces, void *block, int need_states,
                     nnrt_failure *failure) {
  for (size_t k = 0; k < pieces->count; k++)
    if (!load_piece(weights, model, &pieces->piece[k], block, need_states, failure)) return false;
  return true;
}

static int compare_to_name(const void *name, const void *element) {
  return strcmp(name, *(const char *const *)element);
}

static int compare_strings(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Every tensor of the file without an '@' must be a parameter. */
static bool check_unexpected(const nnrt_weights *weights, const nnrt_pieces *pieces,
                             nnrt_failure *failure) {
  const char **name = malloc((pieces->count + 1) * sizeof *name);
  if (!name) return nnrt_fail(failure, "%s: no memory", weights->path);
  for (size_t k = 0; k < pieces->count; k++) name[k] = pieces->piece[k].name;
  qsort(name, pieces->count, sizeof *name, compare_strings);
  const nnrt_view *unexpected = NULL;
  for (size_t k = 0; k < weights->views && !unexpected; k++) {
    const nnrt_view *view = &weights->view[k];
    if (view->name[0] != '@' &&
        !bsearch(view->name, name, pieces->count, sizeof *name, compare_to_name))
      unexpected = view;
  }
  free(name);
  if (!unexpected) return true;
  return nnrt_fail(failure, "%s: holds a tensor '%s' %s, which the model does not have; is it of "
                   "another model? --map FROM=TO gives it the model's name, FROM= leaves it out",
                   weights->path, unexpected->name,
                   nnrt_show_shape(unexpected->rank, unexpected->shape).chars);
}

bool nnrt_weights_load(const nnrt_weights *weights, const nnrt_model *model, void *block,
                       int need_states, nnrt_failure *failure) {
  nnrt_pieces pieces;
  if (!nnrt_pieces_new(model, &pieces, failure)) return false;
  bool good = load_all(weights, model, &pieces, NULL, need_states, failure) &&
              check_unexpected(weights, &pieces, failure) &&
              (!block || load_all(weights, model, &pieces, block, need_states, failure));
  nnrt_pieces_free(&pieces);
  return good;
}

/* ---- as much of the model as there is ----------------------------------------------------- */

static bool fits(const nnrt_weights *weights, const nnrt_piece *piece, nnrt_failure *why) {
  return nnrt_weights_find(weights, piece->name) &&
         check(weights, piece->name, piece->dtype, piece->rank, piece->shape, why);
}

/* A parameter that does not fit is told in a line on `told`. */
static void load_if_fits(const nnrt_weights *weights, const nnrt_model *model,
                         const nnrt_piece *piece, void *block, FILE *told) {
  nnrt_failure why;
  const nnrt_view *view = nnrt_weights_find(weights, piece->name);
  if (fits(weights, piece, &why)) {
    (void)convert(view, piece->dtype, nnrt_piece_at(model, block, piece));
    return;
  }
  if (!nnrt_is_parameter(model, piece)) return;
  if (view)
    fprintf(told, "%s begins anew: %s\n", piece->name, why.line);
  else
    fprintf(told, "%s begins anew: %s does not have it\n", piece->name, weights->path);
}

bool nnrt_weights_load_partly(const nnrt_weights *weights, const nnrt_model *model, void *block,
                              FILE *told, nnrt_failure *failure) {
  nnrt_pieces pieces;
  nnrt_failure why;
  bool any = false;
  if (!nnrt_pieces_new(model, &pieces, failure)) return false;
  for (size_t k = 0; k < pieces.count && !any; k++)
    any = nnrt_is_parameter(model, &pieces.piece[k]) && fits(weights, &pieces.piece[k], &why);
  for (size_t k = 0; k < pieces.count && any; k++)
    load_if_fits(weights, model, &pieces.piece[k], block, told);
  nnrt_pieces_free(&pieces);
  if (any) return true;
  return nnrt_fail(failure, "%s: --partial: holds no parameter of the model by name and shape; "
                   "--map FROM=TO gives its tensors other names", weights->path);
}

/* ---- the bytes of the text ---------------------------------------------------------------- */

bool nnrt_weights_alphabet(const nnrt_weights *weights, nnrt_alphabet *alphabet,
                           nnrt_failure *failure) {
  *alphabet = (nnrt_alphabet){0};
  const nnrt_view *view = nnrt_weights_find(weights, NNRT_ALPHABET_NAME);
  if (!view) return true;
  const uint8_t *byte = view->data;
  bool good = view->dtype == NNRT_U8 && view->rank == 1 && view->shape[0] <= 256;
  for (size_t k = 1; good && k < view->shape[0]; k++) good = byte[k - 1] < byte[k];
  if (!good)
    return nnrt_fail(failure, "%s: its table " NNRT_ALPHABET_NAME " is damaged: distinct bytes "
                     "are expected, ascending", weights->path);
  alphabet->count = view->shape[0];
  if (alphabet->count) memcpy(alphabet->byte, byte, alphabet->count);
  return true;
}
