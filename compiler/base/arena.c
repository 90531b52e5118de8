/* arena: turns many small requests for memory into few large blocks that are freed together.
 *
 * An arena that outgrows its first block goes on in huge pages where there are any: on a virtual
 * machine the first touch of each small page can cost 12 us, which was half of nncc's time. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS, madvise() */
#include "base.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Small requests share blocks of this size, the first, or that of a huge page; a larger request gets
 * a block of its own. */
enum { BLOCK_BYTES = 64 * 1024, HUGE_BYTES = 2 * 1024 * 1024 };

typedef struct block {
  struct block *older;
  size_t used, size;
  bool huge; /* HUGE_BYTES by mmap(), header included; else by calloc() */
  max_align_t bytes[];
} block;

struct arena {
  block *newest;
};

static void *allocate_or_exit(size_t header, size_t bytes) {
  void *memory = bytes <= SIZE_MAX - header ? calloc(1, header + bytes) : NULL;
  if (memory == NULL) {
    fprintf(stderr, "nncc: error: out of memory (%zu bytes wanted)\n", bytes);
    exit(1);
  }
  return memory;
}

/* Zeroed, at a multiple of its size as the system wants it; NULL where it cannot be had. */
static block *map_huge_block(void) {
#if defined(MAP_ANONYMOUS) && defined(MADV_HUGEPAGE)
  char *mapped = mmap(NULL, 2 * (size_t)HUGE_BYTES, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED)
    return NULL;
  const size_t before = (HUGE_BYTES - (uintptr_t)mapped % HUGE_BYTES) % HUGE_BYTES;
  if (before > 0)
    munmap(mapped, before);
  munmap(mapped + before + HUGE_BYTES, HUGE_BYTES - before);
  block *fresh = (block *)(void *)(mapped + before);
  madvise(fresh, HUGE_BYTES, MADV_HUGEPAGE); /* small pages will do */
  fresh->huge = true;
  return fresh;
#else
  return NULL;
#endif
}

static void free_block(block *here) {
  if (here->huge)
    munmap(here, HUGE_BYTES);
  else
    free(here);
}

arena *arena_new(void) {
  return allocate_or_exit(sizeof(arena), 0);
}

void arena_free(arena *memory) {
  if (memory == NULL)
    return;
  for (block *here = memory->newest; here != NULL;) {
    block *older = here->older;
    free_block(here);
    here = older;
  }
  free(memory);
}

void arena_clear(arena *memory) {
  block *kept = memory->newest;
  if (kept == NULL)
    return;
  for (block *here = kept->older; here != NULL;) {
    block *older = here->older;
    free_block(here);
    here = older;
  }
  memset(kept->bytes, 0, kept->used);
  kept->older = NULL;
  kept->used = 0;
}

/* A block for a large request goes behind the newest one, which may still have room. */
static block *add_block(arena *memory, size_t bytes) {
  bool large = bytes > BLOCK_BYTES / 4;
  size_t size = large ? bytes : BLOCK_BYTES;
  block *fresh = large || memory->newest == NULL ? NULL : map_huge_block();
  if (fresh != NULL)
    size = HUGE_BYTES - sizeof *fresh;
  else
    fresh = allocate_or_exit(sizeof *fresh, size);
  fresh->size = size;
  if (large && memory->newest != NULL) {
    fresh->older = memory->newest->older;
    memory->newest->older = fresh;
  } else {
    fresh->older = memory->newest;
    memory->newest = fresh;
  }
  return fresh;
}

void *arena_alloc(arena *memory, size_t bytes) {
  size_t unit = _Alignof(max_align_t);
  size_t rounded = bytes <= SIZE_MAX - unit ? (bytes + unit - 1) / unit * unit : bytes;
  if (rounded == 0)
    rounded = unit;
  block *here = memory->newest;
  if (here == NULL || here->size - here->used < rounded)
    here = add_block(memory, rounded);
  void *result = (char *)here->bytes + here->used;
  here->used += rounded;
  return result;
}

char *arena_copy(arena *memory, const char *chars, size_t length) {
  char *copy = arena_alloc(memory, length + 1);
  if (length > 0)
    memcpy(copy, chars, length);
  return copy;
}

char *arena_printf(arena *memory, const char *format, ...) {
  text out = text_new(memory);
  va_list arguments;
  va_start(arguments, format);
  text_vprintf(&out, format, arguments);
  va_end(arguments);
  return out.chars;
}

void *arena_grow(arena *memory, void *items, size_t count, size_t *capacity, size_t item_bytes) {
  if (count < *capacity)
    return items;
  size_t wanted = *capacity == 0 ? 8 : *capacity * 2;
  size_t most = SIZE_MAX / (item_bytes == 0 ? 1 : item_bytes);
  void *larger = arena_alloc(memory, wanted <= most ? wanted * item_bytes : SIZE_MAX);
  if (count > 0)
    memcpy(larger, items, count * item_bytes);
  *capacity = wanted;
  return larger;
}
