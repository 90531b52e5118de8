/* export: turns weights into what other programs read: .npz for NumPy, CSV for tables, a C header
 * for a device without a file system. */
#include "file.h"
#include "finite.h"
#include "npy_header.h"
#include "piece.h"
#include "session.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { BAD = 2 };

typedef struct export {
  const nnrt_model *model;
  void *block;
  nnrt_pieces pieces;
  FILE *to;
} export;

static size_t bytes_of(const nnrt_piece *piece) {
  return piece->elements * nnrt_dtype_bytes(piece->dtype);
}

/* As many digits as bring the same number back. */
static void print_value(const nnrt_piece *piece, const void *values, size_t at, FILE *to) {
  if (piece->dtype == NNRT_I32)
    fprintf(to, "%" PRId32, ((const int32_t *)values)[at]);
  else if (piece->dtype == NNRT_F32)
    fprintf(to, "%.9g", (double)((const float *)values)[at]);
  else
    fprintf(to, "%.17g", ((const double *)values)[at]);
}

/* ---- CSV ------------------------------------------------------------------------------------ */

/* A row an element: h.W,"0 3",0.25 is h.W[0, 3]. */
static void print_csv(const export *all) {
  fputs("tensor,index,value\n", all->to);
  for (size_t k = 0; k < all->pieces.count; k++) {
    const nnrt_piece *piece = &all->pieces.piece[k];
    const void *values = nnrt_piece_at(all->model, all->block, piece);
    for (size_t i = 0; i < piece->elements; i++) {
      size_t inner = piece->elements;
      fprintf(all->to, "%s,", piece->name);
      for (int axis = 0; axis < piece->rank; axis++) {
        inner /= piece->shape[axis];
        fprintf(all->to, "%s%zu", axis ? " " : "", i / inner % piece->shape[axis]);
      }
      fputc(',', all->to);
      print_value(piece, values, i, all->to);
      fputc('\n', all->to);
    }
  }
}

/* ---- .npz ----------------------------------------------------------------------------------- */

static void put_number(uint64_t value, int bytes, FILE *to) {
  for (int k = 0; k < bytes; k++)
    putc(k < 8 ? (int)(value >> (8 * k) & 0xFF) : 0, to);
}

/* The fields that a member's own header and the archive's directory share: version 2.0, stored,
 * the first of January 1980, so that the same weights give the same bytes. */
static void put_member(uint32_t crc, uint64_t bytes, const char *name, FILE *to) {
  put_number(20, 2, to);
  put_number(0x0800, 2, to); /* the name is UTF-8 */
  put_number(0, 2, to);
  put_number(0, 2, to);
  put_number(0x21, 2, to);
  put_number(crc, 4, to);
  put_number(bytes, 4, to);
  put_number(bytes, 4, to);
  put_number(strlen(name) + strlen(".npy"), 2, to);
  put_number(0, 2, to);
}

typedef struct member {
  uint32_t crc;
  uint64_t at, bytes;
} member;

/* https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, sections 4.3.7 and 4.4 */
static uint64_t put_npy(const export *all, const nnrt_piece *piece, uint64_t at, member *made) {
  char header[NNRT_NPY_HEADER];
  const void *values = nnrt_piece_at(all->model, all->block, piece);
  const size_t length = nnrt_npy_header(header, piece->dtype != NNRT_I32,
                                        (int)nnrt_dtype_bytes(piece->dtype), piece->rank,
                                        piece->shape);
  uLong crc = crc32_z(0, (const Bytef *)header, length);
  made->crc = (uint32_t)crc32_z(crc, values, bytes_of(piece));
  made->at = at;
  made->bytes = length + bytes_of(piece);
  put_number(0x04034B50, 4, all->to);
  put_member(made->crc, made->bytes, piece->name, all->to);
  fprintf(all->to, "%s.npy", piece->name);
  fwrite(header, 1, length, all->to);
  fwrite(values, 1, bytes_of(piece), all->to);
  return at + 30 + strlen(piece->name) + 4 + made->bytes;
}

static uint64_t put_directory(const export *all, const member *made) {
  uint64_t length = 0;
  for (size_t k = 0; k < all->pieces.count; k++) {
    const char *name = all->pieces.piece[k].name;
    put_number(0x02014B50, 4, all->to);
    put_number(20, 2, all->to);
    put_member(made[k].crc, made[k].bytes, name, all->to);
    put_number(0, 2 + 2 + 2 + 4, all->to); /* comment, disk, attributes */
    put_number(made[k].at, 4, all->to);
    fprintf(all->to, "%s.npy", name);
    length += 46 + strlen(name) + 4;
  }
  return length;
}

static bool print_npz(const export *all, nnrt_failure *failure) {
  uint64_t whole = 0, at = 0;
  for (size_t k = 0; k < all->pieces.count; k++)
    whole += bytes_of(&all->pieces.piece[k]) + NNRT_NPY_HEADER + 1024;
  if (whole > UINT32_MAX || all->pieces.count > UINT16_MAX)
    return nnrt_fail(failure, "export: .npz takes 4 GB and 65535 tensors at most: Python reads the "
                     "safetensors file itself");
  member *made = calloc(all->pieces.count + 1, sizeof *made);
  if (!made)
    return nnrt_fail(failure, "out of memory");
  for (size_t k = 0; k < all->pieces.count; k++)
    at = put_npy(all, &all->pieces.piece[k], at, &made[k]);
  const uint64_t length = put_directory(all, made);
  put_number(0x06054B50, 4, all->to);
  put_number(0, 4, all->to);
  put_number(all->pieces.count, 2, all->to);
  put_number(all->pieces.count, 2, all->to);
  put_number(length, 4, all->to);
  put_number(at, 4, all->to);
  put_number(0, 2, all->to);
  free(made);
  return true;
}

/* ---- C -------------------------------------------------------------------------------------- */

static void print_array(const export *all, size_t k) {
  static const char *const types[] = {"float", "double", "int32_t"};
  const nnrt_piece *piece = &all->pieces.piece[k];
  const int type = piece->dtype == NNRT_I32 ? 2 : piece->dtype == NNRT_F64;
  const void *values = nnrt_piece_at(all->model, all->block, piece);
  fprintf(all->to, "\n/* %s %s */\nstatic const %s %s_weights_%zu[%zu] = {", piece->name,
          nnrt_show_shape(piece->rank, piece->shape).chars, types[type], all->model->prefix, k,
          piece->elements);
  for (size_t i = 0; i < piece->elements; i++) {
    char text[64] = "";
    fputs(i % 6 ? " " : "\n  ", all->to);
    if (piece->dtype == NNRT_I32)
      snprintf(text, sizeof text, "%" PRId32, ((const int32_t *)values)[i]);
    else if (piece->dtype == NNRT_F32)
      snprintf(text, sizeof text, "%.9g", (double)((const float *)values)[i]);
    else
      snprintf(text, sizeof text, "%.17g", ((const double *)values)[i]);
    const bool whole = !strpbrk(text, ".en");
    fprintf(all->to, "%s%s%s,", text, whole && type != 2 ? ".0" : "", type == 0 ? "f" : "");
  }
  fputs("\n};\n", all->to);
}

/* C has no constant for what is not finite. */
static bool check_finite(const export *all, nnrt_failure *failure) {
  for (size_t k = 0; k < all->pieces.count; k++) {
    const nnrt_piece *piece = &all->pieces.piece[k];
    if (piece->dtype != NNRT_I32 &&
        !nnrt_all_finite(nnrt_piece_at(all->model, all->block, piece), piece->elements,
                         (int)nnrt_dtype_bytes(piece->dtype)))
      return nnrt_fail(failure, "export: %s holds a number that is not finite, which a C header "
                       "cannot hold: train anew, or choose .npz or .csv", piece->name);
  }
  return true;
}

static void print_c(const export *all) {
  const char *prefix = all->model->prefix;
  fprintf(all->to,
          "/* Weights of the model %s, for a program that reads no files:\n"
          " *\n"
          " *   %s_init(block, batch, 0, 1);\n"
          " *   if (%s_set_weights(block) != 0) ...   the block belongs to another model\n"
          " *   %s_predict(block, n, inputs ..., outputs ...);\n"
          " */\n"
          "#ifndef %s_WEIGHTS_H\n#define %s_WEIGHTS_H\n\n"
          "#include <stdint.h>\n#include <string.h>\n", all->model->name, prefix, prefix, prefix,
          prefix, prefix);
  for (size_t k = 0; k < all->pieces.count; k++)
    print_array(all, k);
  fprintf(all->to, "\nstatic inline int %s_set_weights(void *block) {\n"
          "  uint64_t layout;\n"
          "  memcpy(&layout, block, sizeof layout);\n"
          "  if (layout != UINT64_C(0x%" PRIx64 ")) return -1;\n", prefix, all->model->layout);
  for (size_t k = 0; k < all->pieces.count; k++) {
    const char *at = nnrt_piece_at(all->model, all->block, &all->pieces.piece[k]);
    fprintf(all->to, "  memcpy((char *)block + %td, %s_weights_%zu, sizeof %s_weights_%zu);\n",
            at - (const char *)all->block, prefix, k, prefix, k);
  }
  fprintf(all->to, "  return 0;\n}\n\n#endif\n");
}

/* ---- the command ---------------------------------------------------------------------------- */

/* --format, or what -o ends in. */
static const char *form_of(const nnrt_options *options) {
  static const struct {
    const char *ending, *form;
  } rows[] = {{".npz", "npz"}, {".csv", "csv"}, {".h", "c"}};
  const char *dot = options->output ? strrchr(options->output, '.') : NULL;
  for (size_t k = 0; k < sizeof rows / sizeof rows[0] && dot && !options->format; k++)
    if (strcmp(rows[k].ending, dot) == 0)
      return rows[k].form;
  return options->format;
}

static bool write_form(export *all, const char *format, const char *path, nnrt_failure *failure) {
  nnrt_output out;
  if (!nnrt_output_open(&out, path, failure))
    return false;
  bool good = true;
  all->to = out.stream;
  if (strcmp(format, "npz") == 0)
    good = print_npz(all, failure);
  else if (strcmp(format, "csv") == 0)
    print_csv(all);
  else
    print_c(all);
  if (good)
    return nnrt_output_finish(&out, failure);
  nnrt_output_abandon(&out);
  return false;
}

int nnrt_command_export(const nnrt_model *model, nnrt_options *options, nnrt_failure *failure) {
  export all = {.model = model};
  const char *format = form_of(options);
  bool done = false;
  if (!options->load)
    nnrt_fail(failure, "export: say --load FILE: the weights to export");
  else if (!options->output)
    nnrt_fail(failure, "export: say -o FILE: where the weights go");
  else if (!format)
    nnrt_fail(failure, "export: '%s' ends in none of .npz, .csv and .h: say --format npz, csv or c",
              options->output);
  else {
    all.block = nnrt_block_new(model, 1, 0, options->settings.seed, failure);
    done = all.block && nnrt_block_load(model, all.block, options, 1, failure) &&
           nnrt_pieces_new(model, &all.pieces, failure) &&
           (strcmp(format, "c") != 0 || check_finite(&all, failure)) &&
           write_form(&all, format, options->output, failure);
  }
  nnrt_pieces_free(&all.pieces);
  nnrt_block_free(model, all.block);
  return done ? 0 : BAD;
}
