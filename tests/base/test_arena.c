/* arena: blocks are zeroed, aligned, apart from each other, of any size. */
#include "base.h"

#include <criterion/criterion.h>
#include <string.h>

static bool is_zero(const unsigned char *bytes, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (bytes[i] != 0) return false;
  return true;
}

Test(arena, blocks_are_zeroed_and_aligned) {
  arena *memory = arena_new();
  for (size_t bytes = 0; bytes < 300000; bytes = bytes * 2 + 1) {
    unsigned char *block = arena_alloc(memory, bytes);
    cr_assert_eq((uintptr_t)block % _Alignof(max_align_t), 0);
    cr_assert(is_zero(block, bytes));
    memset(block, 0xAB, bytes);
  }
  arena_free(memory);
}

Test(arena, blocks_do_not_overlap) {
  enum { COUNT = 2000 };
  arena *memory = arena_new();
  unsigned char *blocks[COUNT];
  for (size_t i = 0; i < COUNT; i++) {
    size_t bytes = i % 97 == 0 ? 40000 : i % 61 + 1;
    blocks[i] = arena_alloc(memory, bytes);
    memset(blocks[i], (int)(i % 251), bytes);
  }
  for (size_t i = 0; i < COUNT; i++) cr_assert_eq(blocks[i][0], i % 251);
  arena_free(memory);
}

Test(arena, copy_ends_with_zero) {
  arena *memory = arena_new();
  cr_assert_str_eq(arena_copy(memory, "tensor", 3), "ten");
  cr_assert_str_eq(arena_copy(memory, "", 0), "");
  arena_free(memory);
}

Test(arena, printf_of_any_length) {
  arena *memory = arena_new();
  char *wide = arena_printf(memory, "%s=%*d", "n", 5000, 7);
  cr_assert_eq(strlen(wide), 5002);
  cr_assert_eq(wide[5001], '7');
  arena_free(memory);
}

Test(arena, push_keeps_what_was_there) {
  arena *memory = arena_new();
  int *items = NULL;
  size_t count = 0, capacity = 0;
  for (int i = 0; i < 1000; i++) ARENA_PUSH(memory, items, count, capacity, i * i);
  cr_assert_eq(count, 1000);
  for (int i = 0; i < 1000; i++) cr_assert_eq(items[i], i * i);
  arena_free(memory);
}

Test(arena, free_of_nothing) {
  arena_free(NULL);
}
