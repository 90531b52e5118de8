/* The decimal reader against strtod, bit for bit. */
#include <criterion/criterion.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source.h"

static uint64_t random_bits(uint64_t *state) { /* splitmix64 */
  uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
  z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
  return z ^ (z >> 31);
}

static void expect_as_strtod(const char *text) {
  double value = -7, expected = strtod(text, NULL);
  const char *end = nnrt_read_decimal(text, &value);
  cr_assert(end == text + strlen(text), "'%s' ends elsewhere", text);
  cr_assert(memcmp(&value, &expected, sizeof value) == 0, "%s: %a instead of %a", text, value,
            expected);
}

Test(number, awkward_numbers_round_as_strtod_does) {
  static const char *const rows[] = {
    "0", "-0", "+1", "1.", ".5", "-.5e-3", "1e22", "1e23", "1e-22", "1e-23", "9007199254740992",
    "9007199254740993", "9007199254740991e22", "0.1", "0.30000000000000004", "123456789012345678",
    "18446744073709551616", "99999999999999999999999", "5e-324", "2.4703282292062327e-324",
    "2.4703282292062328e-324", "1.7976931348623157e308", "1.7976931348623159e308", "1e400",
    "-1e400", "1e-400", "0e999999999", "0.000000000000000000000000000001", "1E5", "1e+5",
    "00000000000000000000000001.5", "1.000000000000000000000000000000000001",
    "2.2250738585072011e-308", "1e99999999999999999999", "179769313486231570000000000000e279"};
  for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) expect_as_strtod(rows[k]);
}

Test(number, random_decimals_round_as_strtod_does) {
  uint64_t state = 1;
  char text[64];
  for (int k = 0; k < 200000; k++) {
    unsigned long long digits = random_bits(&state) >> (random_bits(&state) % 60);
    int exponent = (int)(random_bits(&state) % 60) - 30;
    snprintf(text, sizeof text, "%s%llu.%llue%d", k & 1 ? "-" : "", digits,
             (unsigned long long)(random_bits(&state) % 1000), exponent);
    expect_as_strtod(text);
  }
}

Test(number, every_double_comes_back_from_17_digits) {
  uint64_t state = 2;
  char text[64];
  for (int k = 0; k < 100000; k++) {
    uint64_t bits = random_bits(&state);
    double value, back;
    memcpy(&value, &bits, sizeof value);
    if (!isfinite(value)) continue;
    snprintf(text, sizeof text, "%.17g", value);
    cr_assert(nnrt_read_decimal(text, &back) && memcmp(&value, &back, sizeof back) == 0, "%s",
              text);
  }
}

Test(number, stops_where_the_number_ends) {
  static const struct {
    const char *text;
    int length; /* -1: no number there */
  } rows[] = {{"", -1},    {"-", -1},     {".", -1},   {"+.", -1},  {"e5", -1},   {"nan", -1},
              {"inf", -1}, {" 1", -1},    {"1 ", 1},   {"0x10", 1}, {"1e", 1},    {"1e+", 1},
              {"1,5", 1},  {"1.2.3", 3},  {"1e5.5", 3}, {"--1", -1}, {"1_000", 1}, {"1f", 1}};
  for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
    double value;
    const char *end = nnrt_read_decimal(rows[k].text, &value);
    int length = end ? (int)(end - rows[k].text) : -1;
    cr_expect_eq(length, rows[k].length, "'%s': %d", rows[k].text, length);
  }
}

Test(number, does_not_follow_the_locale) {
  static const char *const names[] = {"de_DE.UTF-8", "de_DE", "fr_FR.UTF-8", "C.UTF-8"};
  for (size_t k = 0; k < sizeof names / sizeof *names; k++)
    if (setlocale(LC_ALL, names[k])) break;
  double value = 0;
  cr_expect(nnrt_read_decimal("0.30000000000000004", &value));
  cr_expect_eq(value, 0.30000000000000004);
}
