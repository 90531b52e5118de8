/* helper_data.c: models and files for the tests of the runtime's readers. */
#include "helper_data.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_LEAK_CHECK
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define HAS_LEAK_CHECK
#endif
#ifdef HAS_LEAK_CHECK
#include <sanitizer/lsan_interface.h>
#endif

/* ---- models ------------------------------------------------------------------------------- */

static const char *declare_shape(nnrt_tensor *tensor, size_t *shape, const char *at) {
  tensor->shape = shape;
  tensor->elements = 1;
  if (*at != '[') return at;
  do {
    char *end;
    shape[tensor->rank] = (size_t)strtoul(at + 1, &end, 10);
    tensor->elements *= shape[tensor->rank++];
    at = end;
  } while (*at == ',');
  return at + 1;
}

static const char *declare_kind(nnrt_tensor *tensor, const char *at) {
  if (*at != ':') return at;
  tensor->kind = at[2] == 'l' ? NNRT_CLASS : NNRT_COUNT;
  char *end;
  tensor->limit = (int32_t)strtol(strchr(at, '(') + 1, &end, 10);
  return end + 1;
}

static const char *declare_tensor(helper_model *out, size_t k, nnrt_role role, const char *at) {
  nnrt_tensor *tensor = &out->tensor[k];
  size_t length = 0;
  for (; isalnum((unsigned char)*at) || *at == '.'; at++) out->name[k][length++] = *at;
  tensor->name = out->name[k];
  tensor->role = role;
  at = declare_shape(tensor, out->shape[k], at);
  return declare_kind(tensor, at);
}

static void *locate(void *block, size_t index) { return (char *)block + 256 * index; }

void helper_declare(helper_model *out, const char *text, int real_bytes) {
  *out = (helper_model){.model = {.name = "m", .real_bytes = real_bytes, .locate = locate}};
  nnrt_model *model = &out->model;
  size_t *counts[] = {&model->inputs, &model->targets, &model->parameters, &model->states};
  static const nnrt_role roles[] = {NNRT_INPUT, NNRT_TARGET, NNRT_PARAMETER, NNRT_STATE};
  size_t part = 0;
  while (*text) {
    if (isalpha((unsigned char)*text)) {
      text = declare_tensor(out, model->tensors++, roles[part], text);
      ++*counts[part];
    } else {
      part += *text == '>' || *text == '|';
      text++;
    }
  }
  model->tensor = out->tensor;
}

/* ---- files -------------------------------------------------------------------------------- */

static char folder[32];

static void remove_folder(void) {
  char command[64];
  snprintf(command, sizeof command, "rm -rf %s", folder);
  if (system(command) != 0) fprintf(stderr, "%s stays\n", folder);
}

static void make_folder(void) {
  if (folder[0]) return;
  snprintf(folder, sizeof folder, "/tmp/nnrt-test-XXXXXX");
  cr_assert(mkdtemp(folder), "no temporary folder");
  atexit(remove_folder);
}

const char *helper_path(const char *name) {
  static char paths[64][256];
  static size_t next;
  char *path = paths[next++ % 64];
  make_folder();
  snprintf(path, sizeof paths[0], "%s/%s", folder, name);
  return path;
}

const char *helper_file(const char *name, const void *bytes, size_t length) {
  const char *path = helper_path(name);
  FILE *file = fopen(path, "wb");
  cr_assert(file && fwrite(bytes, 1, length, file) == length && fclose(file) == 0);
  return path;
}

const char *helper_text_file(const char *name, const char *text) {
  return helper_file(name, text, strlen(text));
}

const char *helper_gzip_file(const char *name, const void *bytes, size_t length) {
  const char *path = helper_path(name);
  gzFile file = gzopen(path, "wb");
  cr_assert(file && gzwrite(file, bytes, (unsigned)length) == (int)length &&
            gzclose(file) == Z_OK);
  return path;
}

void helper_expect_no_leak(void) {
#ifdef HAS_LEAK_CHECK
  cr_expect_eq(__lsan_do_recoverable_leak_check(), 0, "memory is lost");
#endif
}

void helper_python(const char *script, const char *argument) {
  char command[512];
  const char *source = getenv("SOURCE_DIR");
  snprintf(command, sizeof command, "/usr/bin/python3 %s%sruntime/%s '%s'", source ? source : "",
           source ? "/tests/" : "", script, argument);
  cr_assert_eq(system(command), 0, "failed: %s", command);
}

bool helper_load(helper_model *model, int with_targets, const char *path, nnrt_dataset *data,
                 nnrt_failure *failure) {
  return helper_load_files(model, with_targets, &(nnrt_file){NULL, path}, 1, data, failure);
}

bool helper_load_files(helper_model *model, int with_targets, const nnrt_file *file, size_t files,
                       nnrt_dataset *data, nnrt_failure *failure) {
  const nnrt_request request = {.file = file, .files = files, .with_targets = with_targets != 0};
  const bool good = nnrt_data_load(&model->model, &request, &model->encoding, data, failure);
  if (!good) nnrt_encoding_free(&model->encoding);
  return good;
}

void helper_free(helper_model *model, nnrt_dataset *data) {
  nnrt_data_free(data);
  nnrt_encoding_free(&model->encoding);
}
