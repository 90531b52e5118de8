/* C identifiers: spelling, words that C or the runtime have taken, Greek. */
#include <criterion/criterion.h>
#include <string.h>

#include "helper_plan.h"

static void expect_spelt(const char *model, const char *wanted) {
  arena *memory = arena_new();
  const char *found = word_spelt(memory, model);
  cr_expect_str_eq(found, wanted, "%s: %s, not %s", model, found, wanted);
  arena_free(memory);
}

Test(name, spelling) {
  expect_spelt("h.1.W", "h_1_W");
  expect_spelt("α", "alpha");
  expect_spelt("Ω2", "Omega2");
  expect_spelt("σ", "sigma");
  expect_spelt("ς", "sigma");
  expect_spelt("d_λ", "d_lambda");
  expect_spelt("2x", "_2x");
  expect_spelt("café", "caf__");
  expect_spelt("", "_");
}

Test(name, taken_words_gain_an_underscore) {
  arena *memory = arena_new();
  word_table *table = words_new(memory, NULL), *inner = words_new(memory, table);
  cr_expect_str_eq(word_new(table, "int", false), "int_");
  cr_expect_str_eq(word_new(table, "tanh", false), "tanh_");
  cr_expect_str_eq(word_new(table, "h", false), "h");
  cr_expect_str_eq(word_new(inner, "h", false), "h_");
  cr_expect_str_eq(word_new(inner, "h", false), "h__");
  cr_expect_str_eq(word_new(inner, "h_sum", true), "h_sum");
  cr_expect_str_eq(word_new(inner, "h_sum", true), "h_sum_2");
  cr_expect(word_taken(inner, "h") && word_taken(inner, "h__"));
  cr_expect_not(word_taken(table, "h__"));
  arena_free(memory);
}

Test(name, every_buffer_of_a_function_has_a_word_of_its_own) {
  planned one = plan_of("input n[4]\ntarget block[4]\nparam for[4, 4], s[4], i[4], d_s[4]\n"
                        "head = tanh(for @ n + s) * i + d_s\noutput head\nloss mse(head, block)\n",
                        4);
  for (int k = 0; k < ENTRY_COUNT; k++) {
    const entry_plan *e = &one.made->entry[k];
    for (size_t i = 0; i < e->buffers; i++) {
      for (size_t j = 0; j < i; j++) {
        cr_expect_str_neq(e->buffer[i]->word, e->buffer[j]->word, "%s", e->word);
      }
    }
  }
  forget_plan(&one);
}
