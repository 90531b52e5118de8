/* NumPy and IDX files as numpy wrote them (make_npy.py), and broken ones. */
#include <criterion/criterion.h>
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "helper_data.h"

enum { SAMPLES = 5, ELEMENTS = 6 };

static void make_files(void) { helper_python("make_npy.py", helper_path("")); }

TestSuite(npy, .init = make_files);

static void load(helper_model *model, const char *declaration, int real_bytes, const char *name,
                 nnrt_dataset *data) {
  nnrt_failure failure = {""};
  helper_declare(model, declaration, real_bytes);
  cr_assert(helper_load(model, 0, helper_path(name), data, &failure), "%s", failure.line);
}

static double value_at(const nnrt_dataset *data, size_t item) {
  if (data->tensor[0].kind != NNRT_REAL) return ((const int32_t *)data->values[0])[item];
  if (data->real_bytes == 8) return ((const double *)data->values[0])[item];
  return (double)((const float *)data->values[0])[item];
}

/* Sample n, element e of every good file is n * 6 + e, whatever its type, order and shape. */
static void expect_good(const char *path, const char *declaration, int real_bytes) {
  helper_model model;
  nnrt_dataset data;
  nnrt_failure failure = {""};
  helper_declare(&model, declaration, real_bytes);
  cr_assert(helper_load(&model, 0, path, &data, &failure), "%s", failure.line);
  cr_assert_eq(data.samples, SAMPLES);
  for (int k = 0; k < SAMPLES * ELEMENTS; k++) {
    double value = value_at(&data, (size_t)k);
    cr_assert_eq(value, k, "%s, item %d: %g", path, k, value);
  }
  helper_free(&model, &data);
}

Test(npy, every_type_order_and_version_gives_the_same_values) {
  glob_t found;
  cr_assert_eq(glob(helper_path("good_*"), 0, NULL, &found), 0);
  cr_assert_eq(found.gl_pathc, 37);
  for (size_t k = 0; k < found.gl_pathc; k++) {
    expect_good(found.gl_pathv[k], "x[2,3]", 4);
    expect_good(found.gl_pathv[k], "x[2,3]", 8);
    expect_good(found.gl_pathv[k], "x[6]", 4);
    expect_good(found.gl_pathv[k], "x[1,2,3]", 8);
    expect_good(found.gl_pathv[k], "n[2,3]:count(29)", 8);
  }
  globfree(&found);
  helper_expect_no_leak();
}

Test(npy, flat_files_fill_any_shape) {
  expect_good(helper_path("good_flat.npy"), "x[3,2]", 4);
  expect_good(helper_path("good_flat_fortran.npy"), "x[3,2]", 4);
}

Test(npy, bool_is_0_and_1) {
  helper_model model;
  nnrt_dataset data;
  load(&model, "x[2,3]:class(2)", 4, "bool.npy", &data);
  for (int k = 0; k < SAMPLES * ELEMENTS; k++) cr_expect_eq(((int32_t *)data.values[0])[k], k % 2);
  helper_free(&model, &data);
}

Test(npy, one_table_for_all_tensors) {
  helper_model model;
  nnrt_dataset data;
  nnrt_failure failure = {""};
  helper_declare(&model, "x[2,3] -> y:class(3)", 4);
  const char *path = helper_path("table.npy");
  cr_assert(helper_load(&model, 1, path, &data, &failure), "%s", failure.line);
  cr_assert_eq(data.samples, SAMPLES);
  for (int n = 0; n < SAMPLES; n++) {
    cr_expect_eq(((float *)data.values[0])[6 * n + 5], (float)(6 * n + 5));
    cr_expect_eq(((int32_t *)data.values[1])[n], n % 3);
  }
  helper_free(&model, &data);
  cr_assert(helper_load(&model, 0, path, &data, &failure), "predict: %s", failure.line);
  cr_expect_eq(data.tensors, 1);
  cr_expect_eq(((float *)data.values[0])[29], 29.0f);
  helper_free(&model, &data);
  helper_expect_no_leak();
}

Test(npy, scalars_with_and_without_their_axis) {
  static const char *const files[] = {"scalars.npy", "column.npy"};
  static const char *const models[] = {"x", "x[1]", "x[1,1]"};
  for (int k = 0; k < 6; k++) {
    helper_model model;
    nnrt_dataset data;
    load(&model, models[k % 3], 8, files[k / 3], &data);
    cr_assert_eq(data.samples, SAMPLES);
    cr_expect_eq(((double *)data.values[0])[4], 4);
    helper_free(&model, &data);
  }
}

Test(npy, awkward_values) {
  static const double halves[] = {0, -0.5, 65504, 0x1p-24, 0x1p-14, 0x1.554p-2, -0x1.a4p-17};
  static const double extremes[] = {0x1p63, 0x1p64, 0x1p53 + 2};
  static const double signed_extremes[] = {-0x1p63, 0x1p63, -1};
  helper_model model;
  nnrt_dataset data;
  load(&model, "x", 8, "halves.npy", &data);
  for (int k = 0; k < 7; k++)
    cr_expect_eq(((double *)data.values[0])[k], halves[k], "%a", ((double *)data.values[0])[k]);
  helper_free(&model, &data);
  load(&model, "x", 8, "extremes.npy", &data);
  for (int k = 0; k < 3; k++) cr_expect_eq(((double *)data.values[0])[k], extremes[k]);
  helper_free(&model, &data);
  load(&model, "x", 8, "signed_extremes.npy", &data);
  for (int k = 0; k < 3; k++) cr_expect_eq(((double *)data.values[0])[k], signed_extremes[k]);
  helper_free(&model, &data);
}

Test(npy, idx_bytes_and_labels) {
  static const float pixels[] = {0, 127, 128, 255};
  helper_model model;
  nnrt_dataset data;
  load(&model, "x[2,2]", 4, "pixels_idx", &data);
  cr_expect(memcmp(data.values[0], pixels, sizeof pixels) == 0);
  helper_free(&model, &data);
  load(&model, "y:class(3)", 4, "labels_idx", &data);
  for (int k = 0; k < SAMPLES; k++) cr_expect_eq(((int32_t *)data.values[0])[k], k % 3);
  helper_free(&model, &data);
}

/* ---- broken files ------------------------------------------------------------------------- */

typedef struct broken {
  const char *model, *file, *line;
} broken;

static const broken broken_rows[] = {
  {"x[2,3]", "bad_axes.npy", "holds [5, 3, 2], samples first, which does not fit x[2, 3]"},
  {"x[2,3]", "bad_count.npy", "holds [5, 5], samples first, which does not fit x[2, 3]"},
  {"x[2,3]", "scalars.npy", "holds [5], samples first, which does not fit x[2, 3]"},
  {"x", "good_flat.npy", "holds [5, 6], samples first, which does not fit x (a single number)"},
  {"x[2,3]", "bad_nan.npy", "sample 1 (from 0) (x[0, 2]): the value is missing (NaN); remove the "
                            "sample or replace the value"},
  {"x", "bad_strings.npy", "holds strings of type '<U1'; save numbers (.astype('float32'))"},
  {"x[6]", "bad_complex.npy",
   "holds complex numbers of type '<c8'; save numbers (.astype('float32'))"},
  {"x", "bad_records.npy", "holds records; save one array of numbers per tensor"},
  {"x", "bad_objects.npy", "holds Python objects of type '|O'; save numbers (.astype('float32'))"},
  {"x[6]", "bad_empty.npy", "holds no samples"},
  {"x", "bad_scalar.npy", "holds a single number; the first axis counts the samples"},
  {"y:class(3)", "bad_range.npy",
   "sample 2 (from 0) (y): class 3 is out of range: class(3) takes 0 to 2"},
  {"y:class(3)", "bad_sign.npy",
   "sample 1 (from 0) (y): class -1 is out of range: class(3) takes 0 to 2"},
  {"y:class(3)", "bad_half_class.npy",
   "sample 1 (from 0) (y): 0.5 is no class: whole numbers 0 to 2 belong there"},
  {"y:class(3)", "bad_onehot.npy", "holds [4, 3], samples first, which does not fit y (a single "
                                   "number); a class is one whole number, not a one-hot row"},
  {"y:class(3)", "bad_huge.npy", "sample 1 (from 0) (y): class 9.2233720368547758e+18 is out of "
                                 "range: class(3) takes 0 to 2"},
};

Test(npy, broken_files_get_one_line_each) {
  for (size_t k = 0; k < sizeof broken_rows / sizeof *broken_rows; k++) {
    const broken *row = &broken_rows[k];
    helper_model model;
    nnrt_dataset data;
    nnrt_failure failure = {""};
    char expected[NNRT_FAILURE_BYTES];
    helper_declare(&model, row->model, 8);
    const char *path = helper_path(row->file);
    cr_expect_not(helper_load(&model, 0, path, &data, &failure), "%s", row->file);
    snprintf(expected, sizeof expected, "%s: %s", path, row->line);
    cr_expect_str_eq(failure.line, expected);
  }
  helper_expect_no_leak();
}

/* The file's first `length` bytes and then `more` zeros: what the loader says. */
static const char *line_of_changed(const char *name, long length, int more) {
  static nnrt_failure failure;
  static char bytes[4096];
  helper_model model;
  nnrt_dataset data;
  FILE *file = fopen(helper_path(name), "rb");
  size_t read = fread(bytes, 1, length > 0 ? (size_t)length : sizeof bytes, file);
  fclose(file);
  for (int k = 0; k < more; k++) bytes[read++] = 0;
  const char *path = helper_file("changed", bytes, read);
  helper_declare(&model, "x[6]", 4);
  cr_expect_not(helper_load(&model, 0, path, &data, &failure));
  return failure.line + strlen(path);
}

Test(npy, cut_and_long_files) {
  cr_expect_str_eq(line_of_changed("good_f4_little.npy", 200, 0),
                   ": cut short: its header promises [5, 2, 3] items of 4 bytes, 72 bytes are "
                   "there");
  cr_expect_str_eq(line_of_changed("good_f4_little.npy", 0, 3),
                   ": 3 bytes more than the [5, 2, 3] items of its header");
  cr_expect_str_eq(line_of_changed("good_f4_little.npy", 40, 0),
                   ": the NumPy file is cut short in its header");
  cr_expect_str_eq(line_of_changed("good_idx_8", 20, 0),
                   ": cut short: its header promises [5, 2, 3] items of 1 bytes, 4 bytes are "
                   "there");
  cr_expect_str_eq(line_of_changed("good_idx_8", 0, 2),
                   ": 2 bytes more than the [5, 2, 3] items of its header");
  cr_expect_str_eq(line_of_changed("good_idx_8", 10, 0),
                   ": the IDX file is cut short in its header");
  cr_expect_str_eq(line_of_changed("good_gzip.npy", 100, 0),
                   ": the gzip file is cut short; copy or download it again");
  cr_expect_str_eq(line_of_changed("good_gzip.npy", 2, 0),
                   ": the gzip file is cut short; copy or download it again");
  helper_expect_no_leak();
}

Test(npy, damaged_headers) {
  static const char *const headers[] = {
    "{'descr': '<f4', 'fortran_order': False}", "{'descr': '<f4', 'shape': (1, 6)}",
    "{'fortran_order': False, 'shape': (1, 6)}", "{", "",
    "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (1, 6)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 99999999999999999999999)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1 6)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 6)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': [1, 6]}",
    "{'descr': '<f4, 'fortran_order': False, 'shape': (1, 6)}",
    "{'other': '<f4', 'fortran_order': False, 'shape': (1, 6)}"};
  for (size_t k = 0; k < sizeof headers / sizeof *headers; k++) {
    char bytes[256];
    size_t length = strlen(headers[k]);
    memcpy(bytes, "\x93NUMPY\x01\x00", 8);
    bytes[8] = (char)length;
    bytes[9] = 0;
    memcpy(bytes + 10, headers[k], length);
    memset(bytes + 10 + length, 0, 24);
    helper_model model;
    nnrt_dataset data;
    nnrt_failure failure = {""};
    helper_declare(&model, "x[6]", 4);
    const char *path = helper_file("a.npy", bytes, 10 + length + 24);
    cr_expect_not(helper_load(&model, 0, path, &data, &failure), "%s", headers[k]);
    cr_expect(strstr(failure.line, "header is damaged at its byte"), "%s", failure.line);
  }
  helper_expect_no_leak();
}
