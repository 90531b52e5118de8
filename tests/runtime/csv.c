/* CSV files: what is read, and the one line that each broken file gets. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "helper_data.h"

/* Loads `text` as a CSV into "x[2] -> y:class(3)" and compares with samples x0 x1 y. */
static void expect_samples(const char *text, size_t samples, const double *expected) {
  helper_model model;
  nnrt_dataset data;
  nnrt_failure failure = {""};
  helper_declare(&model, "x[2] -> y:class(3)", 8);
  cr_assert(helper_load(&model, 1, helper_text_file("a.csv", text), &data, &failure), "'%s': %s",
            text, failure.line);
  cr_assert_eq(data.samples, samples, "'%s': %zu samples", text, data.samples);
  const double *x = data.values[0];
  const int32_t *y = data.values[1];
  for (size_t k = 0; k < samples; k++) {
    cr_expect_eq(x[2 * k], expected[3 * k], "'%s': %g", text, x[2 * k]);
    cr_expect_eq(x[2 * k + 1], expected[3 * k + 1], "'%s': %g", text, x[2 * k + 1]);
    cr_expect_eq(y[k], (int)expected[3 * k + 2], "'%s': %d", text, (int)y[k]);
  }
  helper_free(&model, &data);
}

Test(csv, forms_of_the_same_table) {
  static const double expected[] = {1.5, -2, 0, 3, 4e-3, 2};
  static const char *const rows[] = {
    "1.5,-2,0\n3,4e-3,2\n",
    "1.5,-2,0\n3,4e-3,2",
    "1.5,-2,0\r\n3,4e-3,2\r\n",
    "1.5,-2,0\r3,4e-3,2\r",
    "1.5;-2;0\n3;4e-3;2\n",
    "1.5\t-2\t0\n3\t4e-3\t2\n",
    "a,b,label\n1.5,-2,0\n3,4e-3,2\n",
    "a,7,label\n1.5,-2,0\n3,4e-3,2\n",
    "\"a, first\",\"b \"\"x\"\"\",\"la\nbel\"\n1.5,-2,0\n3,4e-3,2\n",
    "\"1.5\",\"-2\",\"0\"\n\"3\",\"4e-3\",\"2\"\n",
    " 1.5 , -2,0 \n3,\" 4e-3 \" ,2\n",
    "\xEF\xBB\xBF" "1.5,-2,0\n3,4e-3,2\n",
    "\xEF\xBB\xBF" "a,b,c\n1.5,-2,0\n3,4e-3,2\n",
    "1.5,-2,0\n3,4e-3,2\n\n\n \n\r\n",
    "+1.50,-2.,0.0\n3,.004,2e0\n",
    "a;b;c\n1.5;-2;0\n3;4e-3;2\n",
  };
  for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) expect_samples(rows[k], 2, expected);
  helper_expect_no_leak();
}

Test(csv, gzip_is_recognised_by_content) {
  helper_model model;
  nnrt_dataset data;
  nnrt_failure failure = {""};
  helper_declare(&model, "x[2] -> y:class(3)", 4);
  const char *path = helper_gzip_file("table", "1,2,0\n3,4,1\n", 12);
  cr_assert(helper_load(&model, 1, path, &data, &failure), "%s", failure.line);
  cr_expect_eq(data.samples, 2);
  cr_expect_eq(((float *)data.values[0])[3], 4.0f);
  helper_free(&model, &data);
}

Test(csv, many_samples_in_float) {
  enum { SAMPLES = 20000 };
  helper_model model;
  nnrt_dataset data;
  nnrt_failure failure = {""};
  helper_declare(&model, "x[3] n:count(20000) -> y", 4);
  const char *path = helper_path("large");
  FILE *file = fopen(path, "w");
  for (int k = 0; k < SAMPLES; k++) fprintf(file, "%d.25,%d,0,%d,%de-2\n", k, -k, k, k);
  fclose(file);
  cr_assert(helper_load(&model, 1, path, &data, &failure), "%s", failure.line);
  cr_assert_eq(data.samples, SAMPLES);
  for (int k = 0; k < SAMPLES; k++) {
    const float *x = (const float *)data.values[0] + 3 * k;
    cr_assert(x[0] == (float)k + 0.25f && x[1] == (float)-k && x[2] == 0);
    cr_assert_eq(((const int32_t *)data.values[1])[k], k);
    cr_assert_eq(((const float *)data.values[2])[k], (float)(k * 0.01));
  }
  helper_free(&model, &data);
  helper_expect_no_leak();
}

Test(csv, predict_takes_inputs_with_or_without_targets) {
  static const char *const rows[] = {"1,2\n3,4\n", "1,2,0\n3,4,1\n", "1,2,yes\n3,4,\n",
                                     "a,b\n1,2\n3,4\n", "a,b,c\n1,2,\"x\ny\"\n3,4,NA\n"};
  for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
    helper_model model;
    nnrt_dataset data;
    nnrt_failure failure = {""};
    helper_declare(&model, "x[2] -> y:class(3)", 8);
    cr_assert(helper_load(&model, 0, helper_text_file("p.csv", rows[k]), &data, &failure), "%s",
              failure.line);
    cr_expect_eq(data.tensors, 1);
    cr_expect_eq(data.samples, 2);
    cr_expect_eq(((double *)data.values[0])[3], 4);
    helper_free(&model, &data);
  }
}

Test(csv, class_sequences_may_come_as_numbers) {
  static const char *const rows[] = {"1,2,0\n2,1,1\n", "a,b,c\n1,2,0\n2,1,1\n"};
  for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
    helper_model model;
    nnrt_dataset data;
    nnrt_failure failure = {""};
    helper_declare(&model, "c[2]:class(3) -> y:class(2)", 8);
    cr_assert(helper_load(&model, 1, helper_text_file("numbers", rows[k]), &data, &failure), "%s",
              failure.line);
    cr_expect_eq(data.samples, 2);
    cr_expect_eq(model.encoding.alphabet.count, 0);
    cr_expect_eq(((int32_t *)data.values[0])[2], 2);
    helper_free(&model, &data);
  }
}

/* ---- headers and words ------------------------------------------------------------------- */

typedef struct first_line {
  const char *model, *text;
  int targets;
  size_t samples;
} first_line;

static const first_line first_lines[] = {
  {"x[2] -> y:class(3)", "a,b,kind\n1,2,ant\n3,4,bee\n", 1, 2},
  {"x[2] -> y:class(3)", "1,2,ant\n3,4,bee\n5,6,ant\n", 1, 3},
  {"x[2] -> y:class(3)", "kind,0,1\n1,2,2\n", 1, 1},
  {"x[3] -> y:class(3)", "1990,1991,1992,kind\n1,2,3,0\n", 1, 1},
  {"x[4] -> y:class(3)", "150,4,setosa,versicolor,virginica\n1,2,3,4,0\n1,2,3,4,2\n", 1, 2},
  {"x[5] -> y:class(2)", "569,5,malignant,benign\n1,2,3,4,5,1\n", 1, 1},
  {"x[5] -> y", "569,5,malignant,benign\n1,2,3,4,5,1\n", 1, 1},
  {"c:class(2) -> y:class(2)", "colour,taste\nred,good\nblue,bad\nred,bad\n", 1, 3},
  {"x[2] -> y:class(3)", "a,b\n1,2\n3,4\n", 0, 2},
  {"x -> y", "a,b\n1,2", 1, 1},
};

Test(csv, first_lines) {
  for (size_t k = 0; k < sizeof first_lines / sizeof *first_lines; k++) {
    const first_line *row = &first_lines[k];
    helper_model model;
    nnrt_dataset data;
    nnrt_failure failure = {""};
    helper_declare(&model, row->model, 8);
    cr_assert(helper_load(&model, row->targets, helper_text_file("f.csv", row->text), &data,
                          &failure), "'%s': %s", row->text, failure.line);
    cr_expect_eq(data.samples, row->samples, "'%s': %zu samples", row->text, data.samples);
    helper_free(&model, &data);
  }
  helper_expect_no_leak();
}

/* Classes go by the order of the words, whatever stands first in the file. */
Test(csv, words_are_classes) {
  helper_model model;
  nnrt_dataset data;
  nnrt_failure failure = {""};
  helper_declare(&model, "x c:class(2) -> y:class(4)", 8);
  const char *text = "1,lo,zoo\n2,hi,\"a \"\"b\"\"\"\n3,lo,m n\n4,hi,zoo\n5,hi,7\n";
  cr_assert(helper_load(&model, 1, helper_text_file("w.csv", text), &data, &failure), "%s",
            failure.line);
  static const int32_t c[] = {1, 0, 1, 0, 0}, y[] = {3, 1, 2, 3, 0};
  cr_expect_arr_eq(data.values[1], c, sizeof c);
  cr_expect_arr_eq(data.values[2], y, sizeof y);
  const nnrt_labels *labels = &model.encoding.of[2].labels;
  cr_expect_str_eq(nnrt_label_of(labels, 1), "a \"b\"");
  cr_expect_eq(nnrt_class_words(&model.encoding, &model.model, 4), labels);
  cr_expect_null(nnrt_class_words(&model.encoding, &model.model, 3));
  nnrt_data_free(&data);
  cr_assert(helper_load(&model, 0, helper_text_file("p.csv", "1,hi\n"), &data, &failure));
  cr_expect_eq(((int32_t *)data.values[1])[0], 0);
  helper_free(&model, &data);
  helper_expect_no_leak();
}

Test(csv, a_preamble_names_the_classes) {
  helper_model model;
  nnrt_dataset data;
  nnrt_failure failure = {""};
  helper_declare(&model, "x[4] -> y:class(3)", 8);
  const char *text = "150,4,setosa,versicolor,virginica\n1,2,3,4,2\n1,2,3,4,0\n";
  cr_assert(helper_load(&model, 1, helper_text_file("i.csv", text), &data, &failure));
  cr_expect_eq(((int32_t *)data.values[1])[0], 2);
  cr_expect_str_eq(nnrt_label_of(&model.encoding.of[1].labels, 2), "virginica");
  cr_expect(model.encoding.of[1].labels.numbered);
  nnrt_data_free(&data);
  text = "1,2,3,4,virginica\n1,2,3,4,versicolor\n";
  cr_assert(helper_load(&model, 1, helper_text_file("j.csv", text), &data, &failure), "%s",
            failure.line);
  cr_expect_eq(((int32_t *)data.values[1])[0], 2);
  helper_free(&model, &data);
  helper_expect_no_leak();
}

/* ---- broken files ------------------------------------------------------------------------- */

typedef struct broken {
  const char *model, *text, *line; /* without the folder */
  int targets;
} broken;

static const broken broken_rows[] = {
  {"x[2] -> y", "1,2,3\n4,5\n", "line 2 has 2 columns where the lines before have 3", 1},
  {"x[2] -> y", "1,2,3\n4,5,6,7\n", "line 2 has 4 columns where the lines before have 3", 1},
  {"x[2] -> y", "1,2,3\n\n4,5,6\n", "line 2 is empty; remove it", 1},
  {"x[2] -> y", "\n1,2,3\n", "line 1 is empty; remove it", 1},
  {"x[2] -> y", "a,b,c\n1,2\n", "line 2 has 2 columns where the header line has 3", 1},
  {"x[2] -> y", "1,2\n3,4\n", "line 1 has 2 columns; expected: x has 2, y has 1: 3 columns", 1},
  {"x[2] -> y", ",a,b,c\n0,1,2,3\n", "line 1 has 4 columns; expected: x has 2, y has 1: 3 columns; "
   "choose them by name with --columns", 1},
  {"x[2] -> y", "1\n3\n",
   "line 1 has 1 column; expected: x has 2: 2 columns, or 3 with the targets", 0},
  {"x[30] -> y", "569,30,malignant,benign\n1,2,3\n",
   "line 1 has 4 columns; expected: x has 30, y has 1: 31 columns", 1},
  {"x[2] -> y", "1,2,3\n4,abc,6\n", "line 2, column 2 (x[1]): 'abc' is not a number", 1},
  {"x[2] -> y", "1,2,3\n4,0x10,6\n", "line 2, column 2 (x[1]): '0x10' is not a number", 1},
  {"x[2] -> y", "1;2;3\n4;1,5;6\n",
   "line 2, column 2 (x[1]): '1,5' is not a number; write the decimal point as '.'", 1},
  {"x[2] -> y:class(3)", "1,2,0\n4,5,cat\n", "line 2, column 3 (y): 'cat' is not a number; classes "
   "are written as whole numbers from 0, or all as words", 1},
  {"x[2] -> y", "1,,3\n",
   "line 1, column 2 (x[1]): the value is missing; put a number there or remove the line", 1},
  {"x[2] -> y", "1,2,3\n4,5,\n",
   "line 2, column 3 (y): the value is missing; put a number there or remove the line", 1},
  {"x[2] -> y", "1,2,3\n4,NaN,6\n", "line 2, column 2 (x[1]): 'NaN' is missing or not finite; "
   "put a number there or remove the line", 1},
  {"x[2] -> y", "1,-inf,3\n", "line 1, column 2 (x[1]): '-inf' is missing or not finite; put a "
   "number there or remove the line", 1},
  {"x[2] -> y", "1,1e999,3\n", "line 1, column 2 (x[1]): the value is infinite or too large for a "
   "double; remove the sample or replace the value", 1},
  {"x[2] -> y:class(3)", "1,2,0\n4,5,3\n",
   "line 2, column 3 (y): class 3 is out of range: class(3) takes 0 to 2", 1},
  {"x[2] -> y:class(3)", "1,2,-1\n",
   "line 1, column 3 (y): class -1 is out of range: class(3) takes 0 to 2", 1},
  {"x[2] -> y:class(3)", "1,2,1.5\n",
   "line 1, column 3 (y): 1.5 is no class: whole numbers 0 to 2 belong there", 1},
  {"n:count(3) -> y", "4,1\n",
   "line 1, column 1 (n): count 4 is out of range: count(3) takes 0 to 3", 1},
  {"x[2] -> y", "1,2,3\n4,\"5,6\n7,8,9\n",
   "line 2, column 2: no quote closes the field that begins here", 1},
  {"x[2] -> y", "1,2,3\n4,\"5\"x,6\n",
   "line 2, column 2: text behind a closing quote; write \"\" for a quote", 1},
  {"x[2] -> y", "a,b,c\n", "holds a header line but no data", 1},
  {"x[2] -> y", "\n\n \n", "holds nothing but blank lines", 1},
  {"x[2,2] -> y", "1,2,3,a,5\n6,7,8,9,10\n6,7,8,b,10\n",
   "line 3, column 4 (x[1, 1]): 'b' is not a number", 1},
  {"x[3] -> y:class(3)", "5.1,a,3,0\n4,5,6,1\n", "line 1, column 2 (x[1]): 'a' is not a number", 1},
  {"x -> y", "1,2\n\x1b[31m,3\n", "line 2, column 1 (x): '?[31m' is not a number", 1},
};

Test(csv, broken_files_get_one_line_each) {
  for (size_t k = 0; k < sizeof broken_rows / sizeof *broken_rows; k++) {
    const broken *row = &broken_rows[k];
    helper_model model;
    nnrt_dataset data;
    nnrt_failure failure = {""};
    helper_declare(&model, row->model, 8);
    const char *path = helper_text_file("a.csv", row->text);
    cr_expect_not(helper_load(&model, row->targets, path, &data, &failure), "'%s'", row->text);
    char expected[NNRT_FAILURE_BYTES];
    snprintf(expected, sizeof expected, "%s: %s", path, row->line);
    cr_expect_str_eq(failure.line, expected);
    cr_expect_eq(data.samples, 0);
    helper_free(&model, &data);
  }
  helper_expect_no_leak();
}

Test(csv, a_value_too_large_for_float) {
  helper_model model;
  nnrt_dataset data;
  nnrt_failure failure = {""};
  helper_declare(&model, "x -> y", 4);
  const char *path = helper_text_file("a.csv", "1e39,1\n");
  cr_expect_not(helper_load(&model, 1, path, &data, &failure));
  cr_expect(strstr(failure.line, "line 1, column 1 (x): 1e+39 is too large for float; compile with "
                                 "--real double"), "%s", failure.line);
}
