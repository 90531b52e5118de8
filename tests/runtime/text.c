/* Plain text as sequences of classes. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "helper_data.h"

static bool load(helper_model *model, const char *declaration, int targets, const char *text,
                 const nnrt_alphabet *known, nnrt_dataset *data, nnrt_failure *failure) {
  helper_declare(model, declaration, 4);
  if (known) model->encoding.alphabet = *known;
  nnrt_file file = {NULL, helper_text_file("a.txt", text)};
  return helper_load_files(model, targets, &file, 1, data, failure);
}

static void expect_classes(const nnrt_dataset *data, size_t tensor, size_t sample,
                           const char *text) {
  const int32_t *class = (const int32_t *)data->values[tensor] +
                         sample * data->tensor[tensor].elements;
  for (size_t k = 0; text[k]; k++)
    cr_expect_eq(data->encoding->alphabet.byte[class[k]], (unsigned char)text[k], "tensor %zu, sample %zu",
                 tensor, sample);
}

Test(text, windows_and_what_follows) {
  helper_model model;
  nnrt_dataset data;
  nnrt_failure failure = {""};
  cr_assert(load(&model, "c[4]:class(8) -> n[4]:class(8)", 1, "hello to all\n", NULL, &data,
                 &failure), "%s", failure.line);
  cr_assert_eq(data.samples, 3);
  cr_assert_eq(model.encoding.alphabet.count, 8);
  cr_expect(memcmp(model.encoding.alphabet.byte, "\n aehlot", 8) == 0);
  expect_classes(&data, 0, 0, "hell");
  expect_classes(&data, 1, 0, "ello");
  expect_classes(&data, 0, 2, " all");
  expect_classes(&data, 1, 2, "all\n");
  helper_free(&model, &data);
}

Test(text, a_last_window_needs_a_byte_that_follows) {
  helper_model model;
  nnrt_dataset data;
  nnrt_failure failure = {""};
  cr_assert(load(&model, "c[4]:class(8) -> n[4]:class(8)", 1, "abcdabcd", NULL, &data, &failure));
  cr_expect_eq(data.samples, 1);
  helper_free(&model, &data);
  cr_assert(load(&model, "c[4]:class(8) -> n:class(8)", 1, "abcdabcdc", NULL, &data, &failure));
  cr_expect_eq(data.samples, 2);
  expect_classes(&data, 1, 0, "a");
  expect_classes(&data, 1, 1, "c");
  helper_free(&model, &data);
}

Test(text, the_alphabet_of_training_rules_later_texts) {
  helper_model model;
  nnrt_dataset data;
  nnrt_failure failure = {""};
  nnrt_alphabet known = {3, "abz"};
  const char *declaration = "c[2]:class(3) -> n[2]:class(3)";
  cr_assert(load(&model, declaration, 0, "zabb", &known, &data, &failure), "%s", failure.line);
  static const int32_t expected[] = {2, 0, 1, 1};
  cr_assert_eq(data.samples, 2);
  cr_expect(memcmp(data.values[0], expected, sizeof expected) == 0);
  helper_free(&model, &data);
  cr_expect_not(load(&model, declaration, 0, "zab\nbac", &known, &data, &failure));
  cr_expect(strstr(failure.line, "line 1: byte 3 (from 0) is 0x0a, which the text that the weights "
                                 "were trained on does not have"), "%s", failure.line);
  cr_expect_not(load(&model, declaration, 0, "zabb", NULL, &data, &failure));
  cr_expect(strstr(failure.line, "the weights hold no @text.bytes"), "%s", failure.line);
  helper_expect_no_leak();
}

Test(text, refused_texts) {
  static const struct {
    const char *model, *text, *line;
  } rows[] = {
    {"c[2]:class(3) -> n[2]:class(3)", "abcde",
     "the text has 5 distinct bytes, but c takes class(3); make it class(5)"},
    {"c[4]:class(9) -> n[4]:class(9)", "abcd", "the text has 4 bytes; one sample takes 5"},
    {"c[4]:class(9) -> n[3]:class(9)", "abcdefgh", "from a text, n takes as many bytes as c, 4, or "
                                                   "the one that follows, but has 3 elements"},
  };
  for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
    helper_model model;
    nnrt_dataset data;
    nnrt_failure failure = {""};
    cr_expect_not(load(&model, rows[k].model, 1, rows[k].text, NULL, &data, &failure));
    cr_expect(strstr(failure.line, rows[k].line), "%s", failure.line);
  }
  helper_expect_no_leak();
}

Test(text, any_bytes_are_text_for_class_sequences) {
  helper_model model;
  nnrt_dataset data;
  nnrt_failure failure = {""};
  helper_declare(&model, "c[2]:class(256) -> n[2]:class(256)", 4);
  static const char bytes[] = "PK\003\004\0\xFF\xFE end, 1";
  const char *path = helper_gzip_file("blob", bytes, sizeof bytes - 1);
  cr_assert(helper_load(&model, 1, path, &data, &failure), "%s", failure.line);
  cr_expect_eq(data.samples, 6);
  helper_free(&model, &data);
}

Test(text, tables_and_texts_are_told_apart) {
  static const struct {
    const char *name, *content;
    size_t classes; /* 0: a table */
    size_t samples;
  } rows[] = {
    {"a", "1,2,0\n2,1,1\n", 0, 2},      {"a.txt", "1,2,0\n2,1,1\n", 5, 5},
    {"a", "a,b,y\n1,2,0\n", 0, 1},      {"a", "a, b, c\nd, e, f\n", 9, 7},
    {"a", "1984\nby G. O.\n", 11, 6},   {"a.csv", "a,b,y\n1,2,0\n", 0, 1},
    {"a", "to be, or not\n1,2,0\n", 12, 9}, {"a.tsv", "1\t2\t0\n", 0, 1},
    {"a", "\nto be\n", 6, 3},
  };
  for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
    helper_model model;
    nnrt_dataset data;
    nnrt_failure failure = {""};
    helper_declare(&model, "c[2]:class(99) -> y:class(99)", 4);
    const char *path = helper_text_file(rows[k].name, rows[k].content);
    cr_assert(helper_load(&model, 1, path, &data, &failure), "%s: %s", rows[k].content,
              failure.line);
    cr_expect_eq(model.encoding.alphabet.count, rows[k].classes, "%s: %zu classes", rows[k].content,
                 model.encoding.alphabet.count);
    cr_expect_eq(data.samples, rows[k].samples, "%s: %zu samples", rows[k].content, data.samples);
    helper_free(&model, &data);
  }
  helper_expect_no_leak();
}

Test(text, a_table_of_another_width_is_no_text) {
  helper_model model;
  nnrt_dataset data;
  nnrt_failure failure = {""};
  helper_declare(&model, "c[2]:class(99) -> y:class(99)", 4);
  const char *path = helper_text_file("a", "1,2\n2,1\n");
  cr_expect_not(helper_load(&model, 1, path, &data, &failure));
  cr_expect(strstr(failure.line, "line 1 has 2 columns; expected: c has 2, y has 1: 3 columns"),
            "%s", failure.line);
}
