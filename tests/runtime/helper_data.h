/* helper_data: models and files for the tests of the runtime's readers. */
#ifndef HELPER_DATA_H
#define HELPER_DATA_H

#include <stddef.h>

#include "data.h"

enum { HELPER_TENSORS = 8, HELPER_AXES = 4 };

/* A model that has tensors and nothing else. Its parameters and states lie in a block of
 * helper_block_bytes, one after another; locate() finds them by their offsets. */
typedef struct helper_model {
  nnrt_model model;
  nnrt_tensor tensor[HELPER_TENSORS];
  size_t shape[HELPER_TENSORS][HELPER_AXES];
  char name[HELPER_TENSORS][16];
  nnrt_encoding encoding; /* of what helper_load loads */
} helper_model;

enum { helper_block_bytes = 4096 };

/* Inputs -> targets | parameters | states: "x[2,3] c[5]:class(7) -> y n:count(4) | W[2] | m".
 * The model points into itself: do not copy it. */
void helper_declare(helper_model *out, const char *text, int real_bytes);

/* The path of a file of this name in a folder of the test's own, which is removed when its
 * process ends. The last 64 paths stay valid. */
const char *helper_path(const char *name);
const char *helper_file(const char *name, const void *bytes, size_t length);
const char *helper_text_file(const char *name, const char *text);
const char *helper_gzip_file(const char *name, const void *bytes, size_t length);

/* Fails where the test has lost memory; under AddressSanitizer only. To stand in the test itself:
 * what fails behind it, in .fini or at exit, does not count for Criterion. */
void helper_expect_no_leak(void);

/* Runs /usr/bin/python3 tests/runtime/SCRIPT 'ARGUMENT'; the test fails where the script does. */
void helper_python(const char *script, const char *argument);

/* Loads files; `model` keeps the encoding. To be freed with helper_free; on
 * failure nothing stays. */
bool helper_load_files(helper_model *model, int with_targets, const nnrt_file *file, size_t files,
                       nnrt_dataset *data, nnrt_failure *failure);
void helper_free(helper_model *model, nnrt_dataset *data);
/* Loads one file for all tensors. */
bool helper_load(helper_model *model, int with_targets, const char *path, nnrt_dataset *data,
                 nnrt_failure *failure);

#endif
