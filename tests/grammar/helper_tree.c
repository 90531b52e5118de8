/* helper_tree: turns texts into trees, and trees into a notation without precedence. */
#include "helper_tree.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

/* ---- sessions ----------------------------------------------------------------------------- */

void session_open(session *here) {
  here->memory = arena_new();
  here->names = name_table_new(here->memory);
  here->told = NULL;
  here->out = open_memstream(&here->told, &here->told_length);
  here->to = report_new(here->memory, here->out);
}

void session_close(session *here) {
  fclose(here->out);
  free(here->told);
  arena_free(here->memory);
}

const char *session_told(session *here) {
  fflush(here->out);
  return here->told;
}

statement *session_model(session *here, const char *chars) {
  const source *file = source_of_text(here->memory, "m.nn", chars, false);
  return parse_model(here->memory, here->names, here->to, file);
}

expression *session_expression(session *here, const char *chars) {
  const source *file = source_of_text(here->memory, "e.nn", chars, false);
  return parse_expression(here->memory, here->names, here->to, file);
}

/* ---- expressions -------------------------------------------------------------------------- */

static void show(text *out, const expression *value);

static void show_labelled(text *out, name label, const char *sign, const expression *value) {
  text_append(out, " ");
  if (label != NULL) text_printf(out, "(%s %s ", label, sign);
  show(out, value);
  if (label != NULL) text_append(out, ")");
}

static void show_entries(text *out, const bracket_entry *entry) {
  for (; entry != NULL; entry = entry->next) show_labelled(out, entry->label, ":", entry->value);
}

static void show_index(text *out, const expression *value) {
  text_append(out, "(index ");
  show(out, value->left);
  show_entries(out, value->entries);
  if (value->guard != NULL) {
    text_append(out, " (| ");
    show(out, value->guard);
    text_append(out, ")");
  }
  text_append(out, ")");
}

static void show_call(text *out, const expression *value) {
  text_append(out, value->piped ? "(pipe " : "(call ");
  show(out, value->left);
  for (const argument *given = value->arguments; given != NULL; given = given->next)
    show_labelled(out, given->label, "=", given->value);
  text_append(out, ")");
}

static void show(text *out, const expression *value) {
  static const char *const signs[] = {"+", "-", "*", "/", "@", "^", "<", "<=", ">", ">=", "==",
                                      "!="};
  switch (value->kind) {
  case EXPRESSION_NUMBER:
    text_printf(out, "%.17g", value->number);
    break;
  case EXPRESSION_STRING:
    text_printf(out, "\"%s\"", value->string);
    break;
  case EXPRESSION_NAME:
    text_append(out, value->word);
    break;
  case EXPRESSION_NEGATE:
  case EXPRESSION_TRANSPOSE:
    text_append(out, value->kind == EXPRESSION_NEGATE ? "(neg " : "(' ");
    show(out, value->left);
    text_append(out, ")");
    break;
  case EXPRESSION_BINARY:
    text_printf(out, "(%s ", signs[value->operation]);
    show(out, value->left);
    text_append(out, " ");
    show(out, value->right);
    text_append(out, ")");
    break;
  case EXPRESSION_INDEX:
    show_index(out, value);
    break;
  case EXPRESSION_CALL:
    show_call(out, value);
    break;
  }
}

const char *tree_of_expression(session *here, const expression *value) {
  text out = text_new(here->memory);
  if (value == NULL) text_append(&out, "none");
  else show(&out, value);
  return out.chars;
}

/* ---- statements --------------------------------------------------------------------------- */

static void show_field(text *out, const char *field, const expression *value) {
  if (value == NULL) return;
  text_printf(out, " %s=", field);
  show(out, value);
}

static void show_shape(text *out, const bracket_entry *entries, bool has_brackets) {
  if (!has_brackets) return;
  text_append(out, " [");
  show_entries(out, entries);
  text_append(out, "]");
}

static void show_declarations(text *out, const declaration *here) {
  for (; here != NULL; here = here->next) {
    text_printf(out, " (%s", here->word);
    show_shape(out, here->entries, here->has_brackets);
    show_field(out, "value", here->value);
    if (here->kind != NULL) text_printf(out, " kind=%s", here->kind);
    show_field(out, "of", here->kind_argument);
    show_field(out, "init", here->initializer);
    text_append(out, ")");
  }
}

static void show_formals(text *out, const formal *here) {
  for (; here != NULL; here = here->next) {
    text_printf(out, " (%s", here->word);
    show_shape(out, here->entries, here->has_brackets);
    show_field(out, "default", here->default_value);
    text_append(out, ")");
  }
}

static void show_settings(text *out, const setting *here) {
  for (; here != NULL; here = here->next) {
    text_printf(out, " (%s", here->word);
    if (here->member != NULL) text_printf(out, " member=%s", here->member);
    show_field(out, "value", here->value);
    show_settings(out, here->nested);
    text_append(out, ")");
  }
}

static void show_statements(text *out, const statement *here) {
  static const char *const kinds[] = {
      "model",  "let",    "input",  "target", "param", "equation", "layer", "optimizer",
      "state",  "return", "repeat", "output", "loss",  "metric",   "train", "import"};
  for (; here != NULL; here = here->next) {
    text_printf(out, "(%s", kinds[here->kind]);
    if (here->word != NULL) text_printf(out, " %s", here->word);
    if (here->string != NULL) text_printf(out, " \"%s\"", here->string);
    show_shape(out, here->entries, here->has_brackets);
    show_declarations(out, here->declarations);
    show_formals(out, here->formals);
    show_field(out, "value", here->value);
    show_settings(out, here->settings);
    if (here->body != NULL) text_append(out, " ");
    show_statements(out, here->body);
    text_append(out, here->next == NULL ? ")" : ") ");
  }
}

const char *tree_of_statements(session *here, const statement *first) {
  text out = text_new(here->memory);
  show_statements(&out, first);
  return out.chars;
}

/* ---- files -------------------------------------------------------------------------------- */

static bool ends_with(const char *chars, const char *ending) {
  size_t length = strlen(chars), tail = strlen(ending);
  return length >= tail && strcmp(chars + length - tail, ending) == 0;
}

static int compare_names(const void *left, const void *right) {
  return strcmp(*(const char *const *)left, *(const char *const *)right);
}

const char *const *files_of(session *here, const char *folder, const char *ending) {
  const char **files = NULL;
  size_t count = 0, capacity = 0;
  DIR *listing = opendir(folder);
  cr_assert_not_null(listing, "no folder '%s' here: run in tests/", folder);
  for (struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing))
    if (ends_with(entry->d_name, ending))
      ARENA_PUSH(here->memory, files, count, capacity,
                 arena_printf(here->memory, "%s/%s", folder, entry->d_name));
  closedir(listing);
  if (count > 0) qsort(files, count, sizeof *files, compare_names);
  ARENA_PUSH(here->memory, files, count, capacity, NULL);
  return files;
}

const source *must_read(session *here, const char *path) {
  const char *problem = NULL;
  const source *file = source_read(here->memory, path, &problem);
  cr_assert_not_null(file, "%s: %s", path, problem);
  return file;
}
