/* text: pieces in order, and numbers in the shortest form that reads back. */
#include "base.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static arena *memory;

static void set_up(void) {
  memory = arena_new();
}

static void tear_down(void) {
  arena_free(memory);
}

TestSuite(text, .init = set_up, .fini = tear_down);

Test(text, starts_empty) {
  text out = text_new(memory);
  cr_assert_str_eq(out.chars, "");
  cr_assert_eq(out.length, 0);
}

Test(text, appends_in_order) {
  text out = text_new(memory);
  text_append(&out, "h[");
  text_printf(&out, "%d, %s", 3, "j");
  text_append_length(&out, "]xyz", 1);
  cr_assert_str_eq(out.chars, "h[3, j]");
  cr_assert_eq(out.length, 7);
}

Test(text, grows_without_losing_anything) {
  text out = text_new(memory);
  for (int i = 0; i < 10000; i++) text_printf(&out, "%c", 'a' + i % 26);
  cr_assert_eq(out.length, 10000);
  cr_assert_eq(strlen(out.chars), 10000);
  for (int i = 0; i < 10000; i++) cr_assert_eq(out.chars[i], 'a' + i % 26);
}

static const struct {
  double value;
  const char *shown;
} numbers[] = {
    {0, "0"},          {3, "3"},           {-2, "-2"},         {0.1, "0.1"},
    {1e-5, "1e-05"},   {100000, "100000"}, {0.5, "0.5"},       {1e15, "1e+15"},
    {1e300, "1e+300"}, {-0.25, "-0.25"},   {123456.789, "123456.789"},
    {1.0 / 3, "0.3333333333333333"},       {0.1 + 0.2, "0.30000000000000004"},
};

Test(text, numbers_are_short) {
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    text out = text_new(memory);
    text_number(&out, numbers[i].value);
    cr_expect_str_eq(out.chars, numbers[i].shown);
  }
}

Test(text, numbers_read_back) {
  uint64_t bits = 1;
  for (int i = 0; i < 20000; i++) {
    double value;
    bits = bits * 6364136223846793005u + 1442695040888963407u;
    memcpy(&value, &bits, sizeof value);
    if (!isfinite(value)) continue;
    text out = text_new(memory);
    text_number(&out, value);
    double again = strtod(out.chars, NULL);
    cr_assert(memcmp(&again, &value, sizeof value) == 0, "%a became %s", value, out.chars);
  }
}

Test(text, numbers_that_are_none) {
  text out = text_new(memory);
  text_number(&out, HUGE_VAL);
  cr_assert_str_eq(out.chars, "inf");
}
