/* Every reader against damaged files: bits flipped, bytes replaced, ends cut off and doubled. Each
 * file either loads, and then holds nothing that a model may not see, or gets one line that begins
 * with its name; the sanitizers watch the rest. The same damage is done in every run. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper_data.h"
#include "source.h"
#include "weights.h"

enum { MOST_BYTES = 4096, ROUNDS = 8000, FILE_ROUNDS = 1500 };

typedef struct sample_file {
  unsigned char bytes[2 * MOST_BYTES];
  size_t length;
} sample_file;

static uint64_t next_random(uint64_t *state) { /* splitmix64 */
  uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
  z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
  return z ^ (z >> 31);
}

static size_t below(uint64_t *state, size_t limit) {
  return limit ? (size_t)(next_random(state) % limit) : 0;
}

/* Most damage goes to the front, where headers are. */
static size_t place(uint64_t *state, const sample_file *file) {
  size_t front = file->length < 128 ? file->length : 128;
  return next_random(state) & 1 ? below(state, front) : below(state, file->length);
}

static void damage(sample_file *file, uint64_t *state) {
  static const unsigned char awkward[] = {0,    1,   0xFF, '"', ',', '\n',
                                          '\r', '-', '9',  '{', ']', 'e'};
  for (size_t times = 1 + below(state, 4); times-- > 0 && file->length > 0;) {
    size_t at = place(state, file);
    switch (below(state, 6)) {
      case 0: file->bytes[at] ^= (unsigned char)(1u << below(state, 8)); break;
      case 1: file->bytes[at] = awkward[below(state, sizeof awkward)]; break;
      case 2: file->bytes[at] = (unsigned char)next_random(state); break;
      case 3: file->length = place(state, file); break;
      case 4: /* a byte too few */
        memmove(file->bytes + at, file->bytes + at + 1, file->length - at - 1);
        file->length--;
        break;
      default: /* a piece twice */
        if (file->length > MOST_BYTES) break;
        memmove(file->bytes + file->length, file->bytes + at, file->length - at);
        file->length += file->length - at;
    }
  }
}

static void expect_one_line(const nnrt_failure *failure, const char *path) {
  cr_assert(strncmp(failure->line, path, strlen(path)) == 0, "%s", failure->line);
  cr_assert_null(strchr(failure->line, '\n'));
  cr_assert_gt(strlen(failure->line), strlen(path) + 5);
}

static void expect_allowed(const nnrt_table *table, void *const *values) {
  for (size_t k = 0; k < table->wanted; k++) {
    const nnrt_tensor *tensor = &table->tensor[k];
    for (size_t i = 0; i < table->samples * tensor->elements; i++) {
      int32_t number = tensor->kind == NNRT_REAL ? 0 : ((const int32_t *)values[k])[i];
      if (tensor->kind == NNRT_REAL) cr_assert(isfinite(((const float *)values[k])[i]));
      cr_assert(number >= 0 && number <= tensor->limit - (tensor->kind == NNRT_CLASS));
    }
  }
}

typedef bool reader(nnrt_source *source, nnrt_failure *failure);

/* Decodes what a reader found. */
static bool decode(nnrt_table *table, nnrt_failure *failure) {
  void *values[HELPER_TENSORS] = {NULL};
  for (size_t k = 0; k < table->wanted; k++)
    values[k] = malloc(table->samples * nnrt_sample_bytes(&table->tensor[k], 4) + 1);
  bool good = nnrt_table_read(table, 0, table->samples, values, failure);
  if (good) expect_allowed(table, values);
  for (size_t k = 0; k < table->wanted; k++) free(values[k]);
  return good;
}

/* The bytes in a block of exactly their size, so that reading past them is seen. */
static bool read_bytes(reader *read, helper_model *model, const sample_file *file) {
  nnrt_failure failure = {""};
  nnrt_spool spool;
  size_t tensors = model->model.inputs + model->model.targets, begin[HELPER_TENSORS] = {0};
  nnrt_encoding *encoding = &model->encoding;
  uint8_t *bytes = malloc(file->length + 1);
  nnrt_spool_begin(&spool, 1 << 20);
  cr_assert(nnrt_encoding_begin(encoding, &model->model, &failure));
  memcpy(bytes, file->bytes, file->length);
  bytes[file->length] = 0;
  nnrt_source source = {.input = nnrt_input_of_memory("F", bytes, file->length),
                        .spool = &spool, .tensor = model->model.tensor, .wanted = tensors,
                        .known = tensors, .real_bytes = 4, .encoding = encoding,
                        .own = encoding->of, .learns = true, .begin = begin};
  nnrt_table table = {.tensor = source.tensor, .wanted = tensors, .real_bytes = 4,
                      .encoding = encoding, .own = encoding->of,
                      .begin = calloc(tensors, sizeof *table.begin),
                      .here = calloc(tensors, sizeof *table.here)};
  bool good = read(&source, &failure) && nnrt_table_add(&table, source.part, &failure);
  for (size_t k = 0; good && k < tensors; k++) {
    table.begin[k] = begin[k];
    if (encoding->of[k].labels.count && !encoding->of[k].labels.fixed)
      cr_assert(nnrt_labels_fix(&encoding->of[k].labels, true, &failure));
  }
  good = good && decode(&table, &failure);
  if (!good) expect_one_line(&failure, "F: ");
  nnrt_table_free(&table);
  nnrt_input_close(&source.input);
  nnrt_spool_free(&spool);
  nnrt_encoding_free(encoding);
  return good;
}

/* The whole file must load, some damaged ones as well, and most must not. */
static void expect_survives(reader *read, const char *declaration, const char *name,
                            size_t least_refused) {
  helper_model model;
  sample_file whole = {.length = 0};
  size_t loaded = 0;
  uint64_t state = 7;
  helper_declare(&model, declaration, 4);
  FILE *file = fopen(helper_path(name), "rb");
  whole.length = fread(whole.bytes, 1, MOST_BYTES, file);
  fclose(file);
  cr_assert(read_bytes(read, &model, &whole), "%s itself", name);
  for (int round = 0; round < ROUNDS; round++) {
    sample_file broken = whole;
    damage(&broken, &state);
    loaded += read_bytes(read, &model, &broken);
  }
  cr_expect_gt(loaded, 0);
  cr_expect_gt(ROUNDS - loaded, least_refused, "%s: %zu loaded", name, loaded);
}

static bool read_npy_or_not(nnrt_source *source, nnrt_failure *failure) {
  nnrt_bytes bytes;
  if (!nnrt_is_npy(&source->input))
    return nnrt_fail(failure, "%s: is no npy", source->input.path);
  return nnrt_input_bytes(&source->input, source->spool, &bytes, failure) &&
         nnrt_read_npy(source, bytes, failure);
}

static bool read_idx_or_not(nnrt_source *source, nnrt_failure *failure) {
  nnrt_bytes bytes;
  if (!nnrt_is_idx(&source->input))
    return nnrt_fail(failure, "%s: is no idx", source->input.path);
  return nnrt_input_bytes(&source->input, source->spool, &bytes, failure) &&
         nnrt_read_idx(source, bytes, failure);
}

static bool read_npz_or_not(nnrt_source *source, nnrt_failure *failure) {
  nnrt_bytes bytes;
  if (!nnrt_is_zip(&source->input))
    return nnrt_fail(failure, "%s: is no zip", source->input.path);
  return nnrt_input_bytes(&source->input, source->spool, &bytes, failure) &&
         nnrt_zip_member(&bytes, "x", source->spool, failure) &&
         nnrt_read_npy(source, bytes, failure);
}

static bool read_csv_or_text(nnrt_source *source, nnrt_failure *failure) {
  nnrt_bytes bytes;
  if (nnrt_is_csv(source)) return nnrt_read_csv(source, failure);
  return nnrt_input_bytes(&source->input, source->spool, &bytes, failure) &&
         nnrt_read_text(source, bytes, failure);
}

Test(damage, csv) {
  helper_text_file("a.csv", "a,\"b \"\"q\"\"\",c,label\n1.5,-2e3,17,0\r\n\"3\",4.25,0.1,2\n"
                            " 5 ,6,1e-7,1\n123456789012345678,8,9,2\n\n");
  expect_survives(nnrt_read_csv, "x[3] -> y:class(3)", "a.csv", ROUNDS / 4);
  helper_expect_no_leak();
}

Test(damage, csv_or_text) {
  helper_text_file("a", "1;2;0\n0;1;1\n2;2;1\n");
  expect_survives(read_csv_or_text, "c[2]:class(40) -> y:class(40)", "a", 0);
  helper_expect_no_leak();
}

Test(damage, csv_of_words) {
  helper_text_file("w.csv", "1,2,ant\n3,4,\"b \"\"c\"\"\"\n5,6,ant\n7,8,dog\n");
  expect_survives(nnrt_read_csv, "x[2] -> y:class(9)", "w.csv", ROUNDS / 8);
  helper_expect_no_leak();
}

Test(damage, npz) {
  helper_python("make_npy.py", helper_path(""));
  expect_survives(read_npz_or_not, "x[2,3]", "stored.npz", ROUNDS / 4);
  expect_survives(read_npz_or_not, "x[2,3]", "packed.npz", ROUNDS / 4);
  helper_expect_no_leak();
}

Test(damage, npy) {
  helper_python("make_npy.py", helper_path(""));
  expect_survives(read_npy_or_not, "x[2,3]", "good_f4_little.npy", ROUNDS / 4);
  expect_survives(read_npy_or_not, "n[2,3]:count(29)", "good_fortran_big.npy", ROUNDS / 4);
  helper_expect_no_leak();
}

Test(damage, idx) {
  helper_python("make_npy.py", helper_path(""));
  expect_survives(read_idx_or_not, "x[2,3]", "good_idx_13", ROUNDS / 4);
  helper_expect_no_leak();
}

/* ---- whole files -------------------------------------------------------------------------- */

Test(damage, gzip) {
  static const char table[] = "1,2,3\n4,5,6\n7,8,9\n1,2,3\n4,5,6\n7,8,9\n";
  sample_file whole = {.length = 0};
  uint64_t state = 7;
  FILE *file = fopen(helper_gzip_file("a.gz", table, sizeof table - 1), "rb");
  whole.length = fread(whole.bytes, 1, MOST_BYTES, file);
  fclose(file);
  for (int round = 0; round < FILE_ROUNDS; round++) {
    sample_file broken = whole;
    helper_model model;
    nnrt_dataset data;
    nnrt_failure failure = {""};
    damage(&broken, &state);
    const char *path = helper_file("broken.gz", broken.bytes, broken.length);
    helper_declare(&model, "x[2] -> y", 4);
    if (!helper_load(&model, 1, path, &data, &failure)) expect_one_line(&failure, path);
    helper_free(&model, &data);
  }
  helper_expect_no_leak();
}

static bool open_weights(const sample_file *broken) {
  helper_model model;
  unsigned char block[helper_block_bytes];
  nnrt_failure failure = {""};
  const char *path = helper_file("broken", broken->bytes, broken->length);
  nnrt_weights *weights = nnrt_weights_open(path, &failure);
  helper_declare(&model, "x[3] -> y | W[2,3] b[3] | mean", 4);
  bool good = weights && nnrt_weights_load(weights, &model.model, block, 1, &failure);
  if (!good) expect_one_line(&failure, path);
  nnrt_alphabet alphabet;
  if (weights) (void)nnrt_weights_alphabet(weights, &alphabet, &failure);
  nnrt_weights_close(weights);
  return good;
}

Test(damage, safetensors) {
  sample_file whole = {.length = 0};
  size_t loaded = 0;
  uint64_t state = 7;
  helper_python("safetensors.py make", helper_path(""));
  FILE *file = fopen(helper_path("extra.safetensors"), "rb");
  whole.length = fread(whole.bytes, 1, MOST_BYTES, file);
  fclose(file);
  cr_assert(open_weights(&whole));
  for (int round = 0; round < FILE_ROUNDS; round++) {
    sample_file broken = whole;
    damage(&broken, &state);
    loaded += open_weights(&broken);
  }
  cr_expect_gt(loaded, 0);
  cr_expect_gt(FILE_ROUNDS - loaded, FILE_ROUNDS / 2);
  helper_expect_no_leak();
}
