/* The whole of loading: which file fills what, what is no data file, and batches. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "helper_data.h"

static nnrt_failure failure;

Test(data, one_file_for_each_tensor) {
  helper_model model;
  nnrt_dataset data;
  helper_declare(&model, "x[2] c:class(3) -> y", 8);
  nnrt_file files[] = {{"y", helper_text_file("y.csv", "7\n8\n9\n")},
                       {"x", helper_text_file("x.csv", "a,b\n1,2\n3,4\n5,6\n")},
                       {"c", helper_text_file("c.csv", "0\n1\n2\n")}};
  cr_assert(helper_load_files(&model, 1, files, 3, &data, &failure), "%s", failure.line);
  cr_expect_eq(data.samples, 3);
  cr_expect_eq(((double *)data.values[0])[5], 6);
  cr_expect_eq(((int32_t *)data.values[1])[2], 2);
  cr_expect_eq(((double *)data.values[2])[0], 7);

  size_t index[] = {2, 0, 2, 1};
  double x[8], y[4];
  int32_t c[4];
  void *batch[] = {x, c, y};
  cr_assert(nnrt_data_gather(&data, index, 4, batch, &failure));
  static const double expected_x[] = {5, 6, 1, 2, 5, 6, 3, 4}, expected_y[] = {9, 7, 9, 8};
  static const int32_t expected_c[] = {2, 0, 2, 1};
  cr_expect(memcmp(x, expected_x, sizeof x) == 0);
  cr_expect(memcmp(c, expected_c, sizeof c) == 0);
  cr_expect(memcmp(y, expected_y, sizeof y) == 0);
  helper_free(&model, &data);
  helper_expect_no_leak();
}

Test(data, predict_does_not_open_a_targets_file) {
  helper_model model;
  nnrt_dataset data;
  helper_declare(&model, "x[2] -> y", 8);
  nnrt_file files[] = {{"x", helper_text_file("x.csv", "1,2\n")}, {"y", "/nonexistent"}};
  cr_assert(helper_load_files(&model, 0, files, 2, &data, &failure), "%s", failure.line);
  cr_expect_eq(data.tensors, 1);
  helper_free(&model, &data);
  helper_expect_no_leak();
}

Test(data, texts_of_several_tensors_share_an_alphabet) {
  helper_model model;
  nnrt_dataset data;
  helper_declare(&model, "c[2]:class(4) -> n[2]:class(4)", 8);
  nnrt_file files[] = {{"c", helper_text_file("c.txt", "dada")},
                       {"n", helper_text_file("n.txt", "bcab")}};
  cr_assert(helper_load_files(&model, 1, files, 2, &data, &failure), "%s", failure.line);
  static const int32_t c[] = {3, 0, 3, 0}, n[] = {1, 2, 0, 1};
  cr_expect_eq(model.encoding.alphabet.count, 4);
  cr_expect(memcmp(data.values[0], c, sizeof c) == 0);
  cr_expect(memcmp(data.values[1], n, sizeof n) == 0);
  helper_free(&model, &data);
  helper_expect_no_leak();
}

static void expect_refused(const nnrt_file *file, size_t files, const char *line) {
  helper_model model;
  nnrt_dataset data;
  helper_declare(&model, "x[2] -> y", 8);
  cr_expect_not(helper_load_files(&model, 1, file, files, &data, &failure));
  cr_expect(strstr(failure.line, line), "'%s' instead of '%s'", failure.line, line);
  helper_free(&model, &data);
}

Test(data, files_that_do_not_fit_the_model) {
  const char *two = helper_text_file("two.csv", "1\n2\n");
  const char *three = helper_text_file("three.csv", "1,2\n3,4\n5,6\n");
  expect_refused(NULL, 0, "no data: give --data FILE");
  expect_refused((nnrt_file[]){{"x", three}}, 1, "y has no file: give --data y=FILE");
  expect_refused((nnrt_file[]){{"x", three}, {"z", two}}, 2,
                 "the model has no input or target 'z'; it has x, y");
  expect_refused((nnrt_file[]){{"x", three}, {"x", three}}, 2, "y has no file: give --data y=FILE");
  expect_refused((nnrt_file[]){{"x", three}, {"x", two}}, 2,
                 "two.csv: line 1 has 1 column; expected: x has 2");
  expect_refused((nnrt_file[]){{NULL, three}, {"y", two}}, 2,
                 "give files for all tensors, or for each (x=FILE ...)");
  expect_refused((nnrt_file[]){{"x", three}, {"y", two}}, 2,
                 "two.csv: has 2 samples, but ");
  helper_expect_no_leak();
}

static void expect_line(const char *path, const char *line) {
  expect_refused(&(nnrt_file){NULL, path}, 1, line);
}

Test(data, what_is_no_data_file) {
  expect_line("/nonexistent/a.csv", "/nonexistent/a.csv: there is no such file");
  expect_line("/tmp", "/tmp: is a directory; give a file");
  expect_line(helper_text_file("empty.csv", ""), "empty.csv: the file is empty");
  expect_line(helper_gzip_file("empty.gz", "", 0), "empty.gz: the file is empty");
  expect_line(helper_file("a", "PK\003\004", 4), "a: the archive is cut short or damaged");
  expect_line(helper_file("a", "\x89PNG\r\n", 6), "is a PNG picture");
  expect_line(helper_file("a", "\xFF\xFE" "1\0,\0", 6), "is UTF-16 text; save it as UTF-8");
  expect_line(helper_file("a", "1,2,3\n1,\0,3\n", 12),
              "is neither CSV nor .npy nor IDX (byte 8 is 0)");
  expect_line("/tmp/a\nb\x80", "/tmp/a?b?: there is no such file");
  helper_expect_no_leak();
}

static const char *gzip_with_damage(size_t at, size_t cut) {
  static const char table[] = "1,2,3\n4,5,6\n7,8,9\n1,2,3\n4,5,6\n7,8,9\n";
  static char bytes[256];
  FILE *file = fopen(helper_gzip_file("whole.gz", table, sizeof table - 1), "rb");
  size_t length = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  if (at) bytes[length - at] ^= 0x55;
  return helper_file("broken.gz", bytes, length - cut);
}

Test(data, damaged_gzip) {
  expect_line(gzip_with_damage(0, 1), "broken.gz: the gzip file is cut short");
  expect_line(gzip_with_damage(0, 12), "broken.gz: the gzip file is cut short");
  expect_line(gzip_with_damage(8, 0), "broken.gz: the gzip file is damaged (");
  expect_line(gzip_with_damage(1, 0), "broken.gz: the gzip file is damaged (");
  helper_expect_no_leak();
}
