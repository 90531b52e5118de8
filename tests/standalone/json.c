/* Own JSON beside cJSON's: both must take or refuse a text, end at the same byte and print the same. */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper_standalone.h"

enum { ROUNDS = 60000, DEPTH = 1000 };

static uint64_t state = 3;
static uint32_t draw(void) { /* splitmix64 */
  uint64_t z = state += UINT64_C(0x9E3779B97F4A7C15);
  z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
  return (uint32_t)(z >> 32);
}

static const char *const texts[] = {
  "{\"h.W\":{\"dtype\":\"F32\",\"shape\":[3,64],\"data_offsets\":[0,768]},\"__metadata__\":{}}   ",
  "{\"epoch\":3,\"step\":135,\"loss\":0.18124505403914526,\"nan\":null,\"rate\":5e-2}\n",
  "[]", "{}", "[ ]", " { } ", "[1,]", "{\"a\":1,}", "{\"a\" 1}", "{1:2}", "[1 2]", "[", "{", "\"", "",
  "  ", "nul", "null", "true", "falsehood", "\xEF\xBB\xBF[1]", "-", "-1", "01", "1.", ".5", "+1", "1e5",
  "1e400", "-0", "-0.0", "1E+2x", "123456789012345678901234567890", "0.1", "1e-320", "4294967296",
  "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u00e9\\u20AC\\uD83D\\uDE00\"", "\"\\uD83D\"", "\"\\uDE00\"",
  "\"\\x\"", "\"\\", "\"\\\"", "\"a\nb\"", "\"\x01\x1f\"", "\"\xC3\xA9\"", "[\"a\",[\"b\",{\"c\":[]}]]",
  "[1,2] behind", "{\"a\":1,\"a\":2}", "[1,,2]", "{,}", "[-]", "[1e]", "[1-2]"};

static char *by_cjson(const char *text, size_t length, size_t *end) {
  const char *at = NULL;
  cJSON *value = cJSON_ParseWithLengthOpts(text, length, &at, 0);
  char *printed = value ? cJSON_PrintUnformatted(value) : NULL;
  *end = at ? (size_t)(at - text) : 0;
  cJSON_Delete(value);
  return printed;
}

static void expect_same(const char *text, size_t length) {
  size_t own_end, end;
  char *copy = malloc(length + 1); /* so that a sanitizer sees a step too far */
  memcpy(copy, text, length);
  char *own = own_json(copy, length, &own_end), *expected = by_cjson(copy, length, &end);
  cr_assert((own == NULL) == (expected == NULL), "'%.*s': %s by own code, %s by cJSON", (int)length,
            text, own ? "taken" : "refused", expected ? "taken" : "refused");
  if (own) {
    cr_assert_str_eq(own, expected);
    cr_assert_eq(own_end, end, "'%.*s' ends at %zu, not %zu", (int)length, text, own_end, end);
  }
  cr_assert_leq(own_end, length);
  free(own);
  cJSON_free(expected);
  free(copy);
}

Test(json, texts_and_all_their_beginnings) {
  for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
    for (size_t length = 0; length <= strlen(texts[k]); length++) expect_same(texts[k], length);
}

/* Without \u: cJSON takes any four characters behind it. */
Test(json, damaged_texts, .timeout = 300) {
  static const char awkward[] = "{}[],:\"\\ \n0-9e.tfn\x00\x01\xff";
  for (int round = 0; round < ROUNDS; round++) {
    char text[256];
    snprintf(text, sizeof text, "%s", texts[draw() % 3 ? draw() % 2 : 46]);
    size_t length = strlen(text);
    for (uint32_t damage = 0; damage <= draw() % 3; damage++)
      text[draw() % length] = awkward[draw() % (sizeof awkward - 1)];
    if (!strstr(text, "\\u")) expect_same(text, length);
  }
}

Test(json, numbers_come_back) {
  for (int round = 0; round < ROUNDS; round++) {
    char text[64];
    double value = ldexp((double)draw() + (double)draw() / 4294967296.0, (int)(draw() % 200) - 100);
    if (round % 3 == 0) value = (double)(draw() % 10000) / 100;
    snprintf(text, sizeof text, "[%.*g,-%.17g]", 1 + (int)(draw() % 17), value, value);
    expect_same(text, strlen(text));
  }
}

Test(json, escapes_that_are_none_are_refused) {
  static const char *const broken[] = {"\"\\u12\"", "\"\\uZZZZ\"", "\"\\u 123\"", "\"\\u-123\""};
  for (size_t k = 0; k < sizeof broken / sizeof *broken; k++) {
    size_t end;
    cr_expect_null(own_json(broken[k], strlen(broken[k]), &end));
  }
}

Test(json, depth) {
  static char text[2 * DEPTH + 8];
  for (size_t deep = DEPTH - 1; deep <= DEPTH + 1; deep++) {
    memset(text, '[', deep);
    memset(text + deep, ']', deep);
    expect_same(text, 2 * deep);
    expect_same(text, deep);
  }
}
