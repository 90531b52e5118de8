/* elaborate_module: files of text into layers and constants: the model's, its imports', the
 * library's that ships. */
#include "elaborate.h"

#include <stdlib.h>
#include <string.h>

#include "library.h"

/* ---- tables of layers --------------------------------------------------------------------- */

static layer *table_layer(layer *table, name word) {
  layer *known = NULL;
  HASH_FIND_PTR(table, &word, known);
  return known;
}

const layer *find_layer(elaborator *e, const module *from, name word) {
  layer *known = from->library ? NULL : table_layer(e->own, word);
  return known != NULL ? known : table_layer(e->library, word);
}

static void add_layer(elaborator *e, module *from, const statement *s) {
  layer *known = table_layer(from->library ? e->library : e->own, s->word);
  if (known != NULL) {
    complain(e, s->word_at, "layer `%s` is defined twice", s->word);
    remark(e, known->statement->word_at, "it is defined here already");
    return;
  }
  op taken;
  bool reserved = is_reduction(e, s->word) || find_builtin(e, s->word) != NULL;
  if (reserved || op_find(s->word, 1, &taken) || op_find(s->word, 2, &taken)) {
    complain(e, s->word_at, "`%s` is a function of the language; give the layer another name",
             s->word);
    return;
  }
  known = arena_alloc(e->memory, sizeof *known);
  *known = (layer){.word = s->word, .statement = s, .from = from, .parameters = -1};
  if (from->library) HASH_ADD_PTR(e->library, word, known);
  else HASH_ADD_PTR(e->own, word, known);
}

/* ---- which calls bring parameters --------------------------------------------------------- */

static bool shares_parameters(const elaborator *e, const expression *call) {
  for (const argument *a = call->arguments; a != NULL; a = a->next) {
    if (a->label == e->word.parameters) return true;
  }
  return false;
}

int count_calls(elaborator *e, const module *from, const expression *x) {
  if (x == NULL) return 0;
  int count = count_calls(e, from, x->right) + count_calls(e, from, x->guard);
  for (const bracket_entry *b = x->entries; b != NULL; b = b->next)
    count += count_calls(e, from, b->value);
  for (const argument *a = x->arguments; a != NULL; a = a->next)
    count += count_calls(e, from, a->value);
  if (x->kind != EXPRESSION_CALL) return count + count_calls(e, from, x->left);
  if (x->left->kind != EXPRESSION_NAME) return count + count_calls(e, from, x->left);
  bool brings = !shares_parameters(e, x) && has_parameters(e, from, x->left->word);
  return count + (brings ? 1 : 0);
}

static bool body_has_parameters(elaborator *e, const module *from, const statement *first) {
  for (const statement *s = first; s != NULL; s = s->next) {
    if (s->kind == STATEMENT_PARAM) return true;
    if (count_calls(e, from, s->value) > 0) return true;
    if (s->kind == STATEMENT_REPEAT && body_has_parameters(e, from, s->body)) return true;
  }
  return false;
}

bool has_parameters(elaborator *e, const module *from, name word) {
  layer *known = from->library ? NULL : table_layer(e->own, word);
  if (known == NULL) known = table_layer(e->library, word);
  if (known == NULL) return false;
  if (known->parameters < 0) {
    known->parameters = 0; /* a layer that calls itself is refused where it is called */
    known->parameters = body_has_parameters(e, known->from, known->statement->body);
  }
  return known->parameters > 0;
}

/* ---- files -------------------------------------------------------------------------------- */

static const char *resolved_path(elaborator *e, const char *path) {
  char *real = realpath(path, NULL);
  if (real == NULL) return path;
  const char *kept = arena_copy(e->memory, real, strlen(real));
  free(real);
  return kept;
}

const char *beside(elaborator *e, const source *file, const char *path) {
  const char *slash = strrchr(file->path, '/');
  if (path[0] == '/' || slash == NULL) return path;
  return arena_printf(e->memory, "%.*s/%s", (int)(slash - file->path), file->path, path);
}

static module *module_new(elaborator *e, const source *file, const statement *first) {
  module *m = arena_alloc(e->memory, sizeof *m);
  *m = (module){.file = file, .path = resolved_path(e, file->path), .first = first,
                .library = file->shipped};
  m->lets = scope_new(e, NULL, m, "");
  return m;
}

static void append_module(elaborator *e, module *m) {
  module **end = &e->modules;
  while (*end != NULL) end = &(*end)->next;
  *end = m;
}

static void import_file(elaborator *e, const module *from, const statement *s) {
  const char *path = beside(e, from->file, s->string), *problem = NULL;
  const char *real = resolved_path(e, path);
  for (const module *m = e->modules; m != NULL; m = m->next) {
    if (!m->library && strcmp(m->path, real) == 0) return;
  }
  const source *file = source_read(e->memory, path, &problem);
  if (file == NULL) {
    complain(e, s->where, "cannot import \"%s\": %s", path, problem);
    return;
  }
  append_module(e, module_new(e, file, parse_model(e->memory, e->names, e->to, file)));
}

static bool may_stand_in_import(const statement *s) {
  return s->kind == STATEMENT_LAYER || s->kind == STATEMENT_OPTIMIZER ||
         s->kind == STATEMENT_LET || s->kind == STATEMENT_IMPORT;
}

/* The model's lets are declared with its other names, so that clashes are told. */
static void read_statements(elaborator *e, module *m, bool is_model) {
  for (const statement *s = m->first; s != NULL; s = s->next) {
    if (!is_model && !may_stand_in_import(s)) {
      complain(e, s->where, "an imported file holds `layer`, `optimizer`, `let` and `import` only");
      continue;
    }
    if (s->kind == STATEMENT_LAYER) add_layer(e, m, s);
    if (s->kind == STATEMENT_IMPORT) import_file(e, m, s);
    if (s->kind == STATEMENT_LET) declare_lets(e, m->lets, s);
  }
}

static void read_library(elaborator *e) {
  for (size_t k = 0; k < library_file_count; k++) {
    const char *path = arena_printf(e->memory, "library/%s", library_files[k].path);
    const source *file = source_of_text(e->memory, path, library_files[k].text, true);
    append_module(e, module_new(e, file, parse_model(e->memory, e->names, e->to, file)));
  }
}

void read_modules(elaborator *e) {
  read_library(e);
  module *library = e->modules;
  for (module *m = library; m != NULL; m = m->next) read_statements(e, m, false);
  e->modules = module_new(e, e->what->file, e->what->first);
  for (module *m = e->modules; m != NULL; m = m->next) read_statements(e, m, m == e->modules);
  append_module(e, library);
}
