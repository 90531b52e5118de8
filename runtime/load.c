/* load.c: the files of a request to tables of parts. */
#include "load.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- formats ------------------------------------------------------------------------------ */

/* Files that look like something else, and what to do with them. */
static bool fail_if_foreign(const nnrt_input *file, nnrt_failure *failure) {
  static const struct {
    const char *magic;
    size_t length;
    const char *what, *remedy;
  } rows[] = {
    {"\xFD" "7zXZ", 5, "compressed with xz", "unpack it, or use gzip"},
    {"\x28\xB5\x2F\xFD", 4, "compressed with zstd", "unpack it, or use gzip"},
    {"BZh", 3, "compressed with bzip2", "unpack it, or use gzip"},
    {"\x1F\x8B", 2, "gzipped twice", "unpack it once"},
    {"\x89HDF", 4, "an HDF5 file", "save the arrays as .npy"},
    {"\x89PNG", 4, "a PNG picture", "save the pixels as .npy or CSV"},
    {"\xFF\xD8\xFF", 3, "a JPEG picture", "save the pixels as .npy or CSV"},
    {"\xFF\xFE", 2, "UTF-16 text", "save it as UTF-8"},
    {"\xFE\xFF", 2, "UTF-16 text", "save it as UTF-8"},
    {"PAR1", 4, "a Parquet file", "save the table as CSV or .npy"},
    {"ARROW1", 6, "an Arrow file", "save the table as CSV or .npy"},
    {"\x80\x02", 2, "a Python pickle", "save the arrays as .npy"},
    {"\x80\x04", 2, "a Python pickle", "save the arrays as .npy"},
    {"SQLite format 3", 15, "an SQLite database", "export the table as CSV"},
    {"%PDF", 4, "a PDF document", "give the table as CSV"},
  };
  for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
    if (file->length >= rows[k].length &&
        memcmp(file->bytes, rows[k].magic, rows[k].length) == 0)
      return nnrt_fail(failure, "%s: is %s; %s", file->path, rows[k].what, rows[k].remedy);
  const uint8_t *zero = memchr(file->bytes, 0, file->length < 4096 ? file->length : 4096);
  if (zero)
    return nnrt_fail(failure, "%s: is neither CSV nor .npy nor IDX (byte %zu is 0)", file->path,
                     (size_t)(zero - file->bytes));
  return true;
}

static bool ends_with(const char *path, const char *ending) {
  size_t length = strlen(path), more = strlen(ending);
  return length > more && strcmp(path + length - more, ending) == 0;
}

static bool is_raw(const char *path) {
  return ends_with(path, ".bin") || ends_with(path, ".bin.gz");
}

/* A zip archive, unless it is as good a text as any. */
static bool is_archive(const nnrt_input *input, bool takes_text) {
  return nnrt_is_zip(input) && (!takes_text || ends_with(input->path, ".npz") ||
                                ends_with(input->path, ".npz.gz"));
}

/* How many bytes a sample has can only be told by the file's length: where it leaves a choice,
 * nothing is guessed. */
static bool choose_raw_columns(const nnrt_source *source, uint64_t length, size_t *columns,
                               nnrt_failure *failure) {
  const size_t possible[] = {nnrt_columns_read(source),
                             nnrt_count_columns(source->tensor, source->wanted),
                             nnrt_count_columns(source->tensor, source->known)};
  *columns = 0;
  for (size_t k = 0; k < sizeof possible / sizeof *possible; k++) {
    if (possible[k] == 0 || length % possible[k] != 0 || possible[k] == *columns) continue;
    if (*columns > 0)
      return nnrt_fail(failure,
                       "%s: has %llu bytes: may be samples of %zu or of %zu (%s); give the "
                       "bytes of %s alone, as --data %s=FILE",
                       source->input.path, (unsigned long long)length, *columns, possible[k],
                       nnrt_show_columns(source).chars, nnrt_first_read(source)->name,
                       nnrt_first_read(source)->name);
    *columns = possible[k];
  }
  return *columns > 0 ||
         nnrt_fail(failure, "%s: has %llu bytes, which is no multiple of the %zu of a sample (%s)",
                   source->input.path, (unsigned long long)length, possible[0],
                   nnrt_show_columns(source).chars);
}

/* Bytes as numbers 0 ... 255, the elements of the tensors one after another. */
static bool read_raw(nnrt_source *source, nnrt_bytes bytes, nnrt_failure *failure) {
  size_t columns;
  if (!choose_raw_columns(source, bytes.length, &columns, failure)) {
    nnrt_bytes_close(&bytes);
    return false;
  }
  nnrt_array array = {.item = NNRT_ITEM_UNSIGNED, .item_bytes = 1, .rank = 2, .items = bytes,
                      .shape = {(size_t)(bytes.length / columns), columns}};
  return nnrt_array_part(source, &array, failure);
}

static bool read_bytes(nnrt_source *source, nnrt_failure *failure) {
  const bool idx = nnrt_is_idx(&source->input);
  const bool archive = is_archive(&source->input, nnrt_takes_text(source));
  const bool npy = nnrt_is_npy(&source->input), raw = is_raw(source->input.path);
  nnrt_bytes bytes;
  if (!nnrt_input_bytes(&source->input, source->spool, &bytes, failure)) return false;
  if (npy) return nnrt_read_npy(source, bytes, failure);
  if (raw) return read_raw(source, bytes, failure);
  if (idx) return nnrt_read_idx(source, bytes, failure);
  if (!archive) return nnrt_read_text(source, bytes, failure);
  return nnrt_zip_member(&bytes, source->tensor->name, source->spool, failure) &&
         nnrt_read_npy(source, bytes, failure);
}

/* Text is whatever nothing else knows, where all tensors are classes. */
static bool read_source(nnrt_source *source, nnrt_failure *failure) {
  const nnrt_input *input = &source->input;
  if (nnrt_is_npy(input) || nnrt_is_idx(input) || is_raw(input->path) ||
      (source->wanted == 1 && is_archive(input, nnrt_takes_text(source))))
    return read_bytes(source, failure);
  if (nnrt_takes_text(source) && !nnrt_is_csv(source)) return read_bytes(source, failure);
  return fail_if_foreign(input, failure) && nnrt_read_csv(source, failure);
}

/* ---- paths -------------------------------------------------------------------------------- */

static bool add_path(nnrt_table *table, const char *path, nnrt_failure *failure) {
  char **paths = realloc(table->path, (table->paths + 1) * sizeof *paths);
  if (paths) table->path = paths;
  char *kept = paths ? strdup(path) : NULL;
  if (!kept) return nnrt_fail(failure, "out of memory");
  table->path[table->paths++] = kept;
  return true;
}

/* The file, or the files that a pattern matches, in the order of their names. */
static bool expand(nnrt_table *table, const char *path, nnrt_failure *failure) {
  glob_t found;
  if (!strpbrk(path, "*?[") || access(path, F_OK) == 0) return add_path(table, path, failure);
  if (glob(path, 0, NULL, &found) != 0)
    return nnrt_fail(failure, "%s: no file matches; paths are relative to where the program runs",
                     path);
  bool good = true;
  for (size_t k = 0; good && k < found.gl_pathc; k++)
    good = add_path(table, found.gl_pathv[k], failure);
  globfree(&found);
  return good;
}

/* ---- tables ------------------------------------------------------------------------------- */

/* What is being loaded. */
typedef struct loading {
  const nnrt_model *model;
  const nnrt_request *request;
  nnrt_dataset *data;
  nnrt_window *window;
  bool learns_words, learns_bytes;
  nnrt_failure *failure;
} loading;

static bool begin_table(loading *of, nnrt_table *table, size_t first, size_t wanted) {
  nnrt_dataset *data = of->data;
  *table = (nnrt_table){.tensor = data->tensor + first, .wanted = wanted,
                        .predicts = !of->request->with_targets,
                        .real_bytes = data->real_bytes, .encoding = data->encoding,
                        .own = data->encoding->of + first};
  table->begin = calloc(wanted, sizeof *table->begin);
  table->here = calloc(wanted, sizeof *table->here);
  return (table->begin && table->here) || nnrt_fail(of->failure, "out of memory");
}

/* Adds a file, which is open already. */
static bool add_file(loading *of, nnrt_table *table, size_t known, nnrt_input input) {
  const size_t first = (size_t)(table->tensor - of->data->tensor);
  nnrt_source source = {.input = input, .spool = &of->window->spool, .tensor = table->tensor,
                        .wanted = table->wanted, .known = known, .predicts = table->predicts,
                        .real_bytes = table->real_bytes, .encoding = of->data->encoding,
                        .own = of->data->encoding->of + first, .begin = table->begin,
                        .lines = of->request->lines};
  source.learns = nnrt_takes_text(&source) && !nnrt_is_csv(&source) ? of->learns_bytes
                                                                    : of->learns_words;
  bool good = read_source(&source, of->failure);
  nnrt_input_close(&source.input);
  if (good && table->parts > 0 && table->part[0].coding == NNRT_CODING_TEXT &&
      source.part.coding != NNRT_CODING_TEXT) {
    nnrt_bytes_close(&source.part.bytes);
    return nnrt_fail(of->failure, "%s: is no text, but %s is", source.input.path, table->path[0]);
  }
  return good && nnrt_table_add(table, source.part, of->failure);
}

static bool open_lines(const nnrt_lines *lines, nnrt_input *input, nnrt_failure *failure) {
  uint8_t *bytes = calloc(lines->length + 1, 1);
  if (!bytes) return nnrt_fail(failure, "out of memory");
  memcpy(bytes, lines->text, lines->length);
  *input = nnrt_input_of_memory("standard input", bytes, lines->length);
  return true;
}

static bool open_file(loading *of, nnrt_table *table, size_t path, nnrt_input *input) {
  if (of->request->lines) return open_lines(of->request->lines, input, of->failure);
  return nnrt_input_open(table->path[path], input, of->failure);
}

static bool add_files(loading *of, nnrt_table *table, size_t known, size_t from) {
  for (size_t k = from; k < table->paths; k++) {
    nnrt_input input;
    if (!open_file(of, table, k, &input) || !add_file(of, table, known, input)) return false;
  }
  return true;
}

static bool fail_unknown(const nnrt_model *model, const nnrt_file *file, nnrt_failure *failure) {
  char names[256] = "";
  size_t length = 0;
  for (size_t k = 0; k < model->inputs + model->targets; k++) {
    size_t more = strlen(model->tensor[k].name) + 2;
    if (length + more >= sizeof names) break;
    if (k) memcpy(names + length, ", ", 2);
    memcpy(names + length + (k ? 2 : 0), model->tensor[k].name, more - 1);
    length += more - (k ? 0 : 2);
  }
  return nnrt_fail(failure, "%s=%s: the model has no input or target '%s'; it has %s",
                   file->tensor, file->path, file->tensor, names);
}

static bool check_request(const loading *of) {
  const nnrt_request *request = of->request;
  const size_t tensors = of->model->inputs + of->model->targets;
  for (size_t k = 0; k < request->files; k++) {
    size_t tensor = 0;
    if (!request->file[k].tensor != !request->file[0].tensor)
      return nnrt_fail(of->failure, "%s: give files for all tensors, or for each (%s=FILE ...)",
                       request->file[k].tensor ? request->file[0].path : request->file[k].path,
                       of->model->tensor[0].name);
    if (!request->file[k].tensor) continue;
    while (tensor < tensors && strcmp(of->model->tensor[tensor].name, request->file[k].tensor))
      tensor++;
    if (tensor == tensors) return fail_unknown(of->model, &request->file[k], of->failure);
  }
  return true;
}

/* The files for tensor `name`; NULL: those for all. */
static bool expand_all(const loading *of, nnrt_table *table, const char *name) {
  for (size_t k = 0; k < of->request->files; k++) {
    const nnrt_file *file = &of->request->file[k];
    if (!file->tensor != !name || (name && strcmp(file->tensor, name) != 0)) continue;
    if (!expand(table, file->path, of->failure)) return false;
  }
  return true;
}

/* One table for each tensor; where the files are archives, all find their member in them. */
static bool load_each(loading *of, bool archives) {
  nnrt_window *window = of->window;
  const nnrt_table *first = NULL;
  for (size_t k = 0; k < of->data->loaded; k++) {
    nnrt_table *table = &window->table[window->tables];
    const char *name = of->data->tensor[k].name;
    if (!begin_table(of, table, k, 1)) return false;
    window->tables++;
    if (!nnrt_is_read(table->tensor, table->predicts)) continue;
    if (!expand_all(of, table, archives ? NULL : name)) return false;
    if (table->paths == 0)
      return nnrt_fail(of->failure, "%s has no file: give --data %s=FILE", name, name);
    if (!add_files(of, table, 1, 0)) return false;
    first = first ? first : table;
    of->data->samples = first->samples;
    if (table->samples != first->samples)
      return nnrt_fail(of->failure, "%s: has %zu samples%s, but %s has %zu; both must have as many",
                       table->path[0], table->samples, archives ? name : "", first->path[0],
                       first->samples);
  }
  return true;
}

/* One table for all; an archive is one for each in one file. */
static bool load_all(loading *of) {
  nnrt_table *table = &of->window->table[0];
  const size_t known = of->model->inputs + of->model->targets - (of->data->weighed >= 0);
  nnrt_input input;
  if (!begin_table(of, table, 0, of->data->loaded)) return false;
  of->window->tables = 1;
  if (!expand_all(of, table, NULL) || !open_file(of, table, 0, &input)) return false;
  const nnrt_source all = {.tensor = table->tensor, .wanted = table->wanted,
                           .predicts = table->predicts};
  if (!is_archive(&input, nnrt_takes_text(&all))) {
    const bool good = add_file(of, table, known, input) && add_files(of, table, known, 1);
    of->data->samples = table->samples;
    return good;
  }
  const bool standard = strcmp(table->path[0], "-") == 0;
  nnrt_input_close(&input);
  nnrt_table_free(table);
  of->window->tables = 0;
  if (standard)
    return nnrt_fail(of->failure, "standard input: an .npz cannot be read from a pipe; give the "
                     "file");
  return load_each(of, true);
}

/* The words that were learned get their classes. */
static bool sort_labels(loading *of) {
  for (size_t k = 0; k < of->data->loaded; k++) {
    nnrt_labels *labels = &of->data->encoding->of[k].labels;
    if (labels->count > 0 && !labels->fixed && !nnrt_labels_fix(labels, true, of->failure))
      return false;
  }
  return true;
}

bool nnrt_load_tables(const nnrt_model *model, const nnrt_request *request, nnrt_dataset *data,
                      nnrt_window *window, nnrt_failure *failure) {
  const bool learns = request->with_targets && !data->encoding->decided;
  loading of = {model, request, data, window, learns,
                learns && data->encoding->alphabet.count == 0, failure};
  window->table = calloc(data->loaded, sizeof *window->table);
  if (!window->table) return nnrt_fail(failure, "out of memory");
  if (!check_request(&of)) return false;
  return (request->file[0].tensor ? load_each(&of, false) : load_all(&of)) && sort_labels(&of);
}
