/* Weights files against a Python reader and writer of the same format (safetensors.py). */
#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "file.h"
#include "helper_data.h"
#include "weights.h"

static nnrt_failure failure;

static void python(const char *verb, const char *path) {
  char argument[300];
  snprintf(argument, sizeof argument, "safetensors.py %s", verb);
  helper_python(argument, path);
}

/* ---- writing ------------------------------------------------------------------------------ */

static bool write_mixed(const char *path) {
  static const float W[] = {0.5f, -1.25f, 3e-8f, 1e30f, 0, 7};
  static const double lambda[] = {0.1, -1e300};
  static const uint64_t step = (UINT64_C(1) << 63) + 1;
  static const int64_t lag = -5;
  static const uint8_t bytes[] = {10, 97, 255};
  static const size_t shape[] = {2, 3}, three = 3, two = 2, one = 1, none[] = {0, 4};
  const nnrt_view views[] = {
    {"@text.bytes", NNRT_U8, 1, &three, bytes}, {"h.1.W", NNRT_F32, 2, shape, W},
    {"\xCE\xBB", NNRT_F64, 1, &two, lambda},    {"@step", NNRT_U64, 0, NULL, &step},
    {"@lag", NNRT_I64, 1, &one, &lag},          {"@none", NNRT_F32, 2, none, NULL},
  };
  const nnrt_note notes[] = {{"model", "a \"quoted\" name"}, {"format", "nnrt"}};
  return nnrt_weights_write(path, views, 6, notes, 2, &failure);
}

Test(weights, python_reads_what_was_written) {
  const char *path = helper_path("mixed.safetensors");
  cr_assert(write_mixed(path), "%s", failure.line);
  python("check", path);
  helper_expect_no_leak();
}

Test(weights, written_files_read_back) {
  const char *path = helper_path("mixed.safetensors");
  cr_assert(write_mixed(path), "%s", failure.line);
  nnrt_weights *weights = nnrt_weights_open(path, &failure);
  cr_assert(weights, "%s", failure.line);
  cr_expect_eq(nnrt_weights_count(weights), 6);
  cr_expect_str_eq(nnrt_weights_note(weights, "model"), "a \"quoted\" name");
  cr_expect_null(nnrt_weights_note(weights, "other"));
  cr_expect_null(nnrt_weights_find(weights, "h"));
  cr_expect_str_eq(nnrt_weights_find(weights, "h.1.W")->name, "h.1.W");
  uint64_t step;
  cr_expect(nnrt_weights_read_u64(weights, "@step", &step, &failure));
  cr_expect_eq(step, (UINT64_C(1) << 63) + 1);
  cr_expect_not(nnrt_weights_read_u64(weights, "@lag", &step, &failure));
  cr_expect(strstr(failure.line, "tensor '@lag', element 0: a value of I64 that U64 cannot hold"),
            "%s", failure.line);
  nnrt_alphabet alphabet;
  cr_expect(nnrt_weights_alphabet(weights, &alphabet, &failure));
  cr_expect_eq(alphabet.count, 3);
  cr_expect_eq(alphabet.byte[2], 255);
  nnrt_weights_close(weights);
  helper_expect_no_leak();
}

Test(weights, the_same_arguments_give_the_same_bytes) {
  nnrt_contents one, two;
  cr_assert(write_mixed(helper_path("one")) && write_mixed(helper_path("two")));
  cr_assert(nnrt_file_read(helper_path("one"), &one, &failure));
  cr_assert(nnrt_file_read(helper_path("two"), &two, &failure));
  cr_expect(one.length == two.length && memcmp(one.bytes, two.bytes, one.length) == 0);
  nnrt_file_free(&one);
  nnrt_file_free(&two);
}

Test(weights, a_name_twice_is_not_written) {
  static const float value = 1;
  const nnrt_view views[] = {{"a", NNRT_F32, 0, NULL, &value}, {"a", NNRT_F32, 0, NULL, &value}};
  const char *path = helper_text_file("old", "old");
  cr_expect_not(nnrt_weights_write(path, views, 2, NULL, 0, &failure));
  cr_expect(strstr(failure.line, "cannot write two tensors named 'a'"), "%s", failure.line);
  helper_expect_no_leak();
}

Test(weights, a_full_disk_leaves_the_old_weights) {
  static float many[4096];
  static const size_t shape = 4096;
  const nnrt_view view = {"W", NNRT_F32, 1, &shape, many};
  const char *path = helper_path("old.safetensors");
  cr_assert(write_mixed(path));
  struct rlimit limit = {8192, 8192};
  signal(SIGXFSZ, SIG_IGN);
  cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
  cr_expect_not(nnrt_weights_write(path, &view, 1, NULL, 0, &failure));
  python("check", path);
}

/* ---- reading ------------------------------------------------------------------------------ */

static nnrt_weights *open_made(const char *name) {
  python("make", helper_path(""));
  nnrt_weights *weights = nnrt_weights_open(helper_path(name), &failure);
  cr_assert(weights, "%s", failure.line);
  return weights;
}

Test(weights, float_types_convert) {
  static const char *const names[] = {"F16", "F32", "F64", "BF16"};
  static const double expected[] = {0, -0.5, 1.25, 65504, -0x1p-24, 0x1p-14};
  static const size_t shape[] = {2, 3};
  nnrt_weights *weights = open_made("types.safetensors");
  for (int k = 0; k < 4; k++) {
    float single[6];
    double wide[6];
    cr_assert(nnrt_weights_read(weights, names[k], NNRT_F32, 2, shape, single, &failure));
    cr_assert(nnrt_weights_read(weights, names[k], NNRT_F64, 2, shape, wide, &failure));
    for (int i = 0; i < 6; i++) {
      double value = k == 3 && i == 3 ? 65536 : expected[i]; /* bfloat16 has 8 bits */
      cr_expect_eq(single[i], (float)value, "%s[%d]: %a", names[k], i, (double)single[i]);
      cr_expect_eq(wide[i], value, "%s[%d]: %a", names[k], i, wide[i]);
    }
  }
  float single[2];
  static const size_t two = 2;
  cr_expect(nnrt_weights_read(weights, "infinite", NNRT_F32, 1, &two, single, &failure));
  cr_expect(isinf(single[0]) && isnan(single[1]));
  single[0] = 5;
  cr_expect_not(nnrt_weights_read(weights, "huge", NNRT_F32, 1, &two, single, &failure));
  cr_expect(strstr(failure.line, "tensor 'huge', element 1: a value of F64 that F32 cannot hold"),
            "%s", failure.line);
  cr_expect_eq(single[0], 5.0f);
  nnrt_weights_close(weights);
}

Test(weights, whole_types_convert_as_far_as_they_fit) {
  static const char *const names[] = {"U8", "I32", "I64", "U64"};
  static const size_t three = 3;
  nnrt_weights *weights = open_made("types.safetensors");
  for (int k = 0; k < 4; k++) {
    uint8_t u8[3];
    int32_t i32[3];
    int64_t i64[3];
    uint64_t u64[3];
    cr_expect(nnrt_weights_read(weights, names[k], NNRT_U8, 1, &three, u8, &failure));
    cr_expect(nnrt_weights_read(weights, names[k], NNRT_I32, 1, &three, i32, &failure));
    cr_expect(nnrt_weights_read(weights, names[k], NNRT_I64, 1, &three, i64, &failure));
    cr_expect(nnrt_weights_read(weights, names[k], NNRT_U64, 1, &three, u64, &failure));
    cr_expect(u8[2] == 200 && i32[2] == 200 && i64[2] == 200 && u64[2] == 200, "%s", names[k]);
  }
  int64_t i64[3];
  int32_t i32[3];
  uint64_t u64[3];
  cr_expect(nnrt_weights_read(weights, "negative", NNRT_I64, 1, &three, i64, &failure));
  cr_expect(i64[0] == -1 && i64[1] == INT32_MIN && i64[2] == 5);
  cr_expect(nnrt_weights_read(weights, "negative", NNRT_I32, 1, &three, i32, &failure));
  cr_expect(i32[0] == -1 && i32[1] == INT32_MIN && i32[2] == 5);
  cr_expect_not(nnrt_weights_read(weights, "negative", NNRT_U64, 1, &three, u64, &failure));
  cr_expect(nnrt_weights_read(weights, "large", NNRT_U64, 0, NULL, u64, &failure));
  cr_expect_eq(u64[0], UINT64_MAX);
  cr_expect_not(nnrt_weights_read(weights, "large", NNRT_I64, 0, NULL, i64, &failure));
  cr_expect(nnrt_weights_read(weights, "lowest", NNRT_I32, 0, NULL, i32, &failure));
  cr_expect_eq(i32[0], INT32_MIN);
  cr_expect_not(nnrt_weights_read(weights, "low", NNRT_I32, 0, NULL, i32, &failure));
  cr_expect_not(nnrt_weights_read(weights, "high", NNRT_I32, 0, NULL, i32, &failure));
  nnrt_weights_close(weights);
}

/* ---- a model ------------------------------------------------------------------------------ */

/* Loads a file that safetensors.py made into W[2, 3], b[3] and the state mean. */
static bool load_made(const char *name, int need_states, unsigned char *block) {
  static helper_model model;
  helper_declare(&model, "x[3] -> y | W[2,3] b[3] | mean", 4);
  memset(block, 0x55, helper_block_bytes);
  nnrt_weights *weights = open_made(name);
  bool good = nnrt_weights_load(weights, &model.model, block, need_states, &failure);
  nnrt_weights_close(weights);
  return good;
}

Test(weights, load_into_a_model) {
  static const char *const names[] = {"good.safetensors", "extra.safetensors"};
  static const float W[] = {0, 1, 2, 3, 4, 5}, b[] = {0, 1, 2}, mean = 1;
  for (int k = 0; k < 2; k++) {
    unsigned char block[helper_block_bytes];
    cr_assert(load_made(names[k], 1, block), "%s", failure.line);
    cr_expect(memcmp(block + 2 * 256, W, sizeof W) == 0);
    cr_expect(memcmp(block + 3 * 256, b, sizeof b) == 0);
    cr_expect(memcmp(block + 4 * 256, &mean, sizeof mean) == 0);
    cr_expect_eq(block[2 * 256 + sizeof W], 0x55);
  }
  helper_expect_no_leak();
}

Test(weights, states_may_be_left_out_where_training_makes_them) {
  unsigned char block[helper_block_bytes];
  cr_expect(load_made("no_state.safetensors", 0, block), "%s", failure.line);
  cr_expect_eq(block[4 * 256], 0x55);
}

Test(weights, mismatches_get_one_line_each_and_change_nothing) {
  static const struct {
    const char *name, *line;
  } rows[] = {
    {"missing.safetensors", "has no tensor 'b' [3], which is needed; is it of another model?"},
    {"no_state.safetensors", "has no tensor '@mean' [], which is needed; is it of another model?"},
    {"unexpected.safetensors",
     "holds a tensor 'V' [6], which the model does not have; is it of another model? --map FROM=TO "
     "gives it the model's name, FROM= leaves it out"},
    {"shape.safetensors", "tensor 'W' is [3, 2] in the file, but [2, 3] in the model"},
    {"rank.safetensors", "tensor 'W' is [6] in the file, but [2, 3] in the model"},
    {"whole.safetensors", "tensor 'b' [3] is I64 in the file, but F32 in the model"},
  };
  for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
    unsigned char block[helper_block_bytes];
    char expected[NNRT_FAILURE_BYTES];
    cr_expect_not(load_made(rows[k].name, 1, block));
    snprintf(expected, sizeof expected, "%s: %s", helper_path(rows[k].name), rows[k].line);
    cr_expect_str_eq(failure.line, expected);
    for (size_t i = 0; i < helper_block_bytes; i++) cr_assert_eq(block[i], 0x55);
  }
  helper_expect_no_leak();
}

/* ---- broken files ------------------------------------------------------------------------- */

#define W2 "\"W\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}"

static const struct {
  const char *header;
  size_t data;
  const char *line;
} broken_rows[] = {
  {"{" W2 "}", 8, NULL},
  {"{" W2 "}  ", 8, NULL},
  {"{}", 0, NULL},
  {"{\"W\":{\"dtype\":\"F32\",\"shape\":[0,99],\"data_offsets\":[0,0]}}", 0, NULL},
  {"{" W2 "}", 7, "cut short: tensor 'W' ends at byte 70, the file at 69; copy it again"},
  {"{" W2 "}", 9, "1 bytes at the end belong to no tensor; the file is damaged"},
  {"{" W2 ",\"V\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[6,10]}}", 10,
   "tensors 'W' and 'V' overlap; the file is damaged"},
  {"{" W2 ",\"V\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[10,14]}}", 14,
   "2 bytes before tensor 'V' belong to none; the file is damaged"},
  {"{" W2 "," W2 "}", 8, "holds two tensors named 'W'; the file is damaged"},
  {"{\"W\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8,
   "tensor 'W' [3] of F32 takes 12 bytes, but its offsets span 8"},
  {"{\"W\":{\"dtype\":\"X64\",\"shape\":[1],\"data_offsets\":[0,8]}}", 8,
   "tensor 'W' has dtype 'X64', which is not known; save it as F32"},
  {"{\"W\":{\"shape\":[2],\"data_offsets\":[0,8]}}", 8,
   "tensor 'W' has no dtype; the file is damaged"},
  {"{\"W\":[1,2]}", 8, "tensor 'W' has no dtype; the file is damaged"},
  {"{\"W\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8,
   "tensor 'W' has a damaged shape"},
  {"{\"W\":{\"dtype\":\"F32\",\"shape\":2,\"data_offsets\":[0,8]}}", 8,
   "tensor 'W' has a damaged shape"},
  {"{\"W\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,8]}}", 8,
   "tensor 'W' has a damaged shape"},
  {"{\"W\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296,16],\"data_offsets\":[0,0]}}", 0,
   "tensor 'W' has a damaged shape"},
  {"{\"W\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8,
   "tensor 'W' has damaged offsets"},
  {"{\"W\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,16]}}", 8,
   "tensor 'W' has damaged offsets"},
  {"{\"__metadata__\":{\"a\":1}}", 0, "its __metadata__ is damaged"},
  {"{" W2, 8, "its header is damaged at byte 60"},
  {"{" W2 "}x", 8, "its header is damaged at byte 62"},
  {"[" W2 "]", 8, "is no safetensors file; give one that --save wrote"},
};

static const char *file_with_header(const char *header, uint64_t length, size_t data) {
  unsigned char bytes[512] = {0};
  for (int k = 0; k < 8; k++) bytes[k] = (unsigned char)(length >> (8 * k));
  memcpy(bytes + 8, header, strlen(header));
  return helper_file("w.safetensors", bytes, 8 + strlen(header) + data);
}

static void expect_line(const char *path, const char *line) {
  char expected[NNRT_FAILURE_BYTES];
  nnrt_weights *weights = nnrt_weights_open(path, &failure);
  snprintf(expected, sizeof expected, "%s: %s", path, line ? line : "opens");
  cr_expect_eq(weights != NULL, line == NULL, "expected %s", expected);
  if (line) cr_expect_str_eq(failure.line, expected);
  nnrt_weights_close(weights);
}

Test(weights, broken_files_get_one_line_each) {
  for (size_t k = 0; k < sizeof broken_rows / sizeof *broken_rows; k++) {
    const char *header = broken_rows[k].header;
    expect_line(file_with_header(header, strlen(header), broken_rows[k].data),
                broken_rows[k].line);
  }
  helper_expect_no_leak();
}

Test(weights, what_is_no_safetensors_file) {
  static const char *const foreign = "is no safetensors file; give one that --save wrote";
  expect_line(helper_text_file("a", "1,2,3\n4,5,6\n7,8,9\n"), foreign);
  expect_line(helper_text_file("a", "{}"), foreign);
  expect_line(helper_file("a", "PK\003\004 and more than that", 20), foreign);
  expect_line(helper_text_file("a", ""), "the file is empty");
  expect_line(file_with_header("{}", 50, 0), "cut short in its header; copy it again");
  expect_line(file_with_header("{}", 3, 0), "cut short in its header; copy it again");
  expect_line(file_with_header("{}", UINT64_MAX, 0),
              "its header would have 18446744073709551615 bytes; 100000000 are the most");
  expect_line("/nonexistent/w", "there is no such file; paths are relative to where the program "
                                "runs");
  helper_expect_no_leak();
}

Test(weights, a_header_nested_without_end) {
  enum { DEPTH = 200000 };
  char *bytes = malloc(8 + DEPTH);
  for (int k = 0; k < 8; k++) bytes[k] = (char)((uint64_t)DEPTH >> (8 * k));
  bytes[8] = '{';
  memcpy(bytes + 9, "\"a\":", 4);
  memset(bytes + 13, '[', DEPTH - 5);
  cr_expect_null(nnrt_weights_open(helper_file("deep", bytes, 8 + DEPTH), &failure));
  cr_expect(strstr(failure.line, "its header is damaged at byte "), "%s", failure.line);
  free(bytes);
  helper_expect_no_leak();
}

Test(weights, damaged_alphabets) {
  static const uint8_t bytes[] = {97, 10};
  static const size_t two = 2;
  const nnrt_view view = {"@text.bytes", NNRT_U8, 1, &two, bytes};
  nnrt_alphabet alphabet;
  const char *path = helper_path("a.safetensors");
  cr_assert(nnrt_weights_write(path, &view, 1, NULL, 0, &failure));
  nnrt_weights *weights = nnrt_weights_open(path, &failure);
  cr_expect_not(nnrt_weights_alphabet(weights, &alphabet, &failure));
  cr_expect(strstr(failure.line, "its table @text.bytes is damaged"), "%s", failure.line);
  nnrt_weights_close(weights);
}
