/* amalgamate OUTPUT DIRECTORIES -- EMBEDDED -- SOURCES: the runtime's sources as one text, in which
 * every name that is local to a file has that file's name before it: csv_read_value, read_value in
 * csv.c.
 *
 * Headers stand where they are first included; those that nncc itself embeds (EMBEDDED, see
 * CMakeLists.txt) stay included, as the model has them too. <name> counts as "name" where one of the
 * directories has it: what takes the place of zlib.h and cjson/cJSON.h. A file's macros end with it;
 * feature macros are left out, as whoever includes the text defines them.
 *
 * It reads C as this project writes it, not all of C: directives begin in the first column, a line
 * declares one file-local name, and what a macro pastes together keeps its name. What goes wrong
 * does not compile (tests/program/test_standalone.py). */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 4000, LENGTH = 96 };
static char names[MOST][LENGTH], macros[MOST][LENGTH], seen[MOST][LENGTH];
static int name_count, macro_count, seen_count, folder_count, embedded_count;
static char **folders, **embedded;
static FILE *out;
static int writing; /* the names are all found by then */

static void give_up(const char *why, const char *at) {
  fprintf(stderr, "amalgamate: %s: %.60s\n", why, at);
  exit(1);
}

static void add(char (*list)[LENGTH], int *count, const char *word, size_t length) {
  for (int k = 0; k < *count; k++)
    if (strlen(list[k]) == length && memcmp(list[k], word, length) == 0) return;
  if (*count == MOST || length >= LENGTH) give_up("too much", word);
  memcpy(list[*count], word, length);
  list[(*count)++][length] = '\0';
}

static int has(char (*list)[LENGTH], int count, const char *word, size_t length) {
  for (int k = 0; k < count; k++)
    if (strlen(list[k]) == length && memcmp(list[k], word, length) == 0) return 1;
  return 0;
}

static char *read_path(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) return NULL;
  enum { MOST_BYTES = 1 << 20 };
  char *text = calloc(1, MOST_BYTES);
  const size_t bytes = text ? fread(text, 1, MOST_BYTES - 1, file) : 0;
  if (bytes == 0 || bytes == MOST_BYTES - 1) give_up("empty, or over a megabyte", path);
  fclose(file);
  return text;
}

static char *find_text(const char *name) {
  char path[4096];
  for (int k = 0; k < folder_count; k++) {
    snprintf(path, sizeof path, "%s/%s", folders[k], name);
    char *text = read_path(path);
    if (text) return text;
  }
  return NULL;
}

static int is_word(char c) { return isalnum((unsigned char)c) || c == '_'; }

/* The length of the token at `at`: a comment, a string, a word or number, or one character. */
static size_t token(const char *at) {
  if (strncmp(at, "/*", 2) == 0) {
    const char *end = strstr(at, "*/");
    if (!end) give_up("a comment without an end", at);
    return (size_t)(end + 2 - at);
  }
  if (strncmp(at, "//", 2) == 0) return strcspn(at, "\n");
  if (*at == '"' || *at == '\'') {
    size_t k = 1;
    while (at[k] && at[k] != *at) k += at[k] == '\\' && at[k + 1] ? 2 : 1;
    if (!at[k]) give_up("a string without an end", at);
    return k + 1;
  }
  size_t k = 0;
  while (is_word(at[k])) k++;
  return k ? k : 1;
}

static const char *skip_space(const char *at) {
  while (*at == ' ' || *at == '\n' || strncmp(at, "/*", 2) == 0) at += token(at);
  return at;
}

typedef struct place {
  char brace[64];
  int depth, parens, brackets;
  char statement; /* what a brace opens: s struct, e enum, o other */
  int is_static, is_typedef, named;
  const char *last, *before; /* the last word, and the token before the one at hand */
} place;

static int is(const char *at, const char *word) {
  size_t n = strlen(word);
  return at && strncmp(at, word, n) == 0 && !is_word(at[n]);
}

/* Notes a file-local name; nnrt_ begins what all files see. */
static void keep(const char *at) {
  size_t n = token(at);
  if (!writing && strncmp(at, "nnrt_", 5) != 0) add(names, &name_count, at, n);
}

static void see_word(place *p, const char *at) {
  if (is(at, "static") && p->depth == 0) p->is_static = 1;
  if (is(at, "typedef") && p->depth == 0) p->is_typedef = 1;
  if (is(at, "struct") || is(at, "union")) p->statement = 's';
  else if (is(at, "enum")) p->statement = 'e';
  else if (p->depth == 0 && p->before &&
           (is(p->before, "struct") || is(p->before, "union") || is(p->before, "enum")) &&
           *skip_space(at + token(at)) == '{')
    keep(at);
  if (p->depth == 1 && p->brace[0] == 'e' && p->before && strchr("{,", *p->before)) keep(at);
  p->last = at;
}

/* `(*name` or `(*const name`: the name. */
static const char *pointer_name(const char *at) {
  at = skip_space(skip_space(at + 1) + 1);
  return is(at, "const") ? skip_space(at + 5) : at;
}

static void see_sign(place *p, const char *at) {
  const int top = p->depth == 0 && p->parens == 0 && p->brackets == 0;
  const int declares = p->is_static || p->is_typedef;
  if (top && declares && !p->named && *at == '(' && *skip_space(at + 1) == '*')
    keep(pointer_name(at)), p->named = 1;
  if (top && p->is_static && !p->named && p->last && strchr("(=[;", *at) && is_word(*p->before))
    keep(p->last), p->named = 1;
  if (top && p->is_typedef && !p->named && strchr(";(", *at) && p->last)
    keep(p->last), p->named = 1;
  if (*at == '(') p->parens++, p->statement = 'o';
  if (*at == ')') p->parens--, p->statement = 'o';
  if (*at == '[') p->brackets++;
  if (*at == ']') p->brackets--;
  if (*at == '{') p->brace[p->depth++] = p->statement ? p->statement : 'o', p->statement = 0;
  if (*at == '}') p->depth--;
  if (*at == ';' || *at == '=' || *at == ',') p->statement = 0;
  if (p->depth == 0 && p->parens == 0 &&
      (*at == ';' || (*at == '}' && !p->is_typedef && *skip_space(at + 1) != ';')))
    p->is_static = p->is_typedef = p->named = 0;
}

/* Whether the word that `next` follows is to be renamed there: not as a member. */
static int is_use(const place *p, const char *next) {
  const char *b = p->before;
  if (b && (*b == '.' || (*b == '>' && b[-1] == '-'))) return 0;
  if (p->depth == 0 || p->brace[p->depth - 1] != 's' || p->brackets) return 1;
  return is(b, "struct") || is(b, "enum") || is(b, "union") || is_word(*next) || *next == '*';
}

static int insert(const char *name, const char *stem, int is_foreign);

static const char *base_of(const char *path) {
  return strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
}

/* Behind the directive at `at`, where nothing of it is to be written as it stands; else NULL. */
static const char *directive(const char *at, const char *stem, int write) {
  size_t n = strcspn(at, "\n") + 1;
  while (at[n - 2] == '\\') n += strcspn(at + n, "\n") + 1;
  if (strncmp(at, "#define ", 8) == 0 && !write) add(macros, &macro_count, at + 8, token(at + 8));
  if (!write || strncmp(at, "#define _", 9) == 0) return at + n;
  if (strncmp(at, "#include ", 9) == 0) {
    char name[LENGTH];
    const int length = (int)strcspn(at + 10, "\">\n");
    if (snprintf(name, sizeof name, "%.*s", length, at + 10) >= LENGTH) give_up("a long name", at);
    return insert(name, stem, at[9] == '<') ? at + n : NULL;
  }
  return NULL;
}

/* The text once to find its names, once more to write it with them renamed by `stem`. */
static void walk(const char *at, const char *stem, int write) {
  place p = {.statement = 0};
  writing = write;
  while (*at) {
    if (*at == '#' && (p.before == NULL || at[-1] == '\n')) {
      const char *next = directive(at, stem, write);
      if (next) {
        at = next;
        continue;
      }
    }
    size_t n = token(at);
    int comment = strncmp(at, "/*", 2) == 0 || strncmp(at, "//", 2) == 0;
    if (write && is_word(*at) && has(names, name_count, at, n) &&
        is_use(&p, skip_space(at + n)))
      fprintf(out, "%s_", stem);
    if (write) fwrite(at, 1, n, out);
    if (!comment && !isspace((unsigned char)*at)) {
      if (is_word(*at) && !isdigit((unsigned char)*at)) see_word(&p, at);
      else see_sign(&p, at);
      p.before = at;
    }
    at += n;
  }
}

/* Writes a header's text, once, or its #include; 0: a foreign one, which is the system's. */
static int insert(const char *name, const char *stem, int is_foreign) {
  for (int k = 0; k < embedded_count; k++)
    if (strcmp(base_of(embedded[k]), name) == 0) {
      fprintf(out, "#include \"%s\"\n", name);
      return 1;
    }
  const char *base = is_foreign ? base_of(name) : name;
  int once = strstr(name, ".def") == NULL;
  if (once && has(seen, seen_count, base, strlen(base))) return 1;
  char *text = find_text(base);
  if (!text && is_foreign) return 0;
  if (!text) give_up("no such header", name);
  if (once) add(seen, &seen_count, base, strlen(base));
  int kept = name_count;
  if (once) name_count = 0; /* a header's names are everybody's */
  walk(text, stem, 1);
  name_count = kept;
  free(text);
  return 1;
}

static void source(const char *path) {
  char stem[LENGTH];
  const char *base = base_of(path);
  snprintf(stem, sizeof stem, "%.*s", (int)strcspn(base, "."), base);
  char *text = read_path(path);
  if (!text) give_up("cannot be read", path);
  name_count = macro_count = 0;
  walk(text, stem, 0);
  fprintf(out, "\n/* ---- nnrt: %s ---- */\n\n", base);
  walk(text, stem, 1);
  for (int k = 0; k < macro_count; k++)
    if (macros[k][0] != '_') fprintf(out, "#undef %s\n", macros[k]);
  free(text);
}

/* The words up to the next "--" or the end; `*k` goes behind it. */
static char **words(int argc, char **argv, int *k, int *count) {
  char **first = argv + *k;
  while (*k < argc && strcmp(argv[*k], "--") != 0) ++*k, ++*count;
  ++*k;
  return first;
}

int main(int argc, char **argv) {
  int k = 2, source_count = 0;
  out = argc > 2 ? fopen(argv[1], "wb") : NULL;
  if (!out) return fprintf(stderr, "amalgamate OUTPUT DIRECTORIES -- EMBEDDED -- SOURCES\n"), 1;
  folders = words(argc, argv, &k, &folder_count);
  embedded = words(argc, argv, &k, &embedded_count);
  char **sources = words(argc, argv, &k, &source_count);
  for (k = 0; k < source_count; k++) source(sources[k]);
  return fclose(out) != 0;
}
