#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "helper_fence.h"

#include <criterion/criterion.h>
#include <sys/mman.h>
#include <unistd.h>

helper_fenced helper_fence(size_t bytes, int ends) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = (bytes + page - 1) / page * page;
  helper_fenced made = {NULL, NULL, pages + 2 * page};
  made.all = mmap(NULL, made.mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  cr_assert_neq(made.all, MAP_FAILED);
  made.from = (char *)made.all + page + (ends ? pages - bytes : 0);
  cr_assert_eq(mprotect((char *)made.all + page, pages, PROT_READ | PROT_WRITE), 0);
  return made;
}

void helper_unfence(const helper_fenced *memory) { munmap(memory->all, memory->mapped); }
