/* name: equal spellings are equal pointers; the nearest name is the one that was meant. */
#include "base.h"

#include <criterion/criterion.h>
#include <string.h>

Test(name, equal_names_are_equal_pointers) {
  arena *memory = arena_new();
  name_table *names = name_table_new(memory);
  name first[3000];
  for (int i = 0; i < 3000; i++) first[i] = name_of(names, arena_printf(memory, "h%d", i));
  for (int i = 0; i < 3000; i++) {
    cr_assert_eq(first[i], name_of(names, arena_printf(memory, "h%d", i)));
    cr_assert_str_eq(first[i], arena_printf(memory, "h%d", i));
    cr_assert_neq(first[i], first[(i + 1) % 3000]);
  }
  cr_assert_eq(name_of_length(names, "h17xyz", 3), first[17]);
  cr_assert_str_eq(name_of(names, ""), "");
  arena_free(memory);
}

Test(name, owns_its_spelling) {
  arena *memory = arena_new();
  name_table *names = name_table_new(memory);
  char spelling[] = "dense";
  name dense = name_of(names, spelling);
  spelling[0] = 'x';
  cr_assert_str_eq(dense, "dense");
  arena_free(memory);
}

static const struct {
  const char *wrong, *meant;
} misspelt[] = {
    {"tahn", "tanh"},       {"sigmod", "sigmoid"},    {"dens", "dense"}, {"softmaxx", "softmax"},
    {"cross_entopy", "cross_entropy"}, {"W", "W1"},   {"tanh", "tanh"},  {"convolution", NULL},
    {"q", NULL},            {"", NULL},               {"xyzzy", NULL},
};

Test(name, nearest) {
  static const char *const known[] = {"tanh", "sigmoid", "dense", "softmax", "cross_entropy",
                                      "W1",   "x",       "exp"};
  for (size_t i = 0; i < sizeof misspelt / sizeof *misspelt; i++) {
    const char *nearest = name_nearest(misspelt[i].wrong, known, sizeof known / sizeof *known);
    if (misspelt[i].meant == NULL) cr_expect_null(nearest, "%s", misspelt[i].wrong);
    else cr_expect_str_eq(nearest, misspelt[i].meant);
  }
}

Test(name, nearest_of_very_long_names) {
  char wrong[5001];
  memset(wrong, 'a', 5000);
  wrong[5000] = 0;
  const char *known[] = {wrong, "a"};
  cr_assert_null(name_nearest(wrong, known, 2));
  cr_assert_null(name_nearest("b", known, 1));
  cr_assert_null(name_nearest("b", known, 0));
}
