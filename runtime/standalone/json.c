/* json.c: JSON (RFC 8259) to a tree of values and back. */
#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cJSON.h"

enum { DEEPEST = 1000, LONGEST_NUMBER = 63 };

/* ---- values --------------------------------------------------------------------------------- */

static cJSON *make(nnrt_json_kind type) {
  cJSON *item = calloc(1, sizeof *item);
  if (item) item->type = type;
  return item;
}

void cJSON_Delete(cJSON *item) {
  while (item) {
    cJSON *next = item->next;
    cJSON_Delete(item->child);
    free(item->valuestring);
    free(item->string);
    free(item);
    item = next;
  }
}

void cJSON_free(void *text) { free(text); }

static void append(cJSON *to, cJSON *item) {
  if (to->last) to->last->next = item;
  else to->child = item;
  to->last = item;
}

cJSON *cJSON_CreateObject(void) { return make(NNRT_JSON_OBJECT); }

cJSON *cJSON_CreateNumber(double value) {
  cJSON *item = make(NNRT_JSON_NUMBER);
  if (item) item->valuedouble = value;
  return item;
}

int cJSON_AddItemToArray(cJSON *to, cJSON *item) {
  if (!to || !item) return 0;
  append(to, item);
  return 1;
}

/* Takes the item, also where it fails. */
static cJSON *add(cJSON *to, const char *name, cJSON *item) {
  if (to && item) item->string = strdup(name);
  if (!to || !item || !item->string) {
    cJSON_Delete(item);
    return NULL;
  }
  append(to, item);
  return item;
}

cJSON *cJSON_AddObjectToObject(cJSON *to, const char *name) {
  return add(to, name, make(NNRT_JSON_OBJECT));
}

cJSON *cJSON_AddArrayToObject(cJSON *to, const char *name) {
  return add(to, name, make(NNRT_JSON_ARRAY));
}

cJSON *cJSON_AddStringToObject(cJSON *to, const char *name, const char *value) {
  cJSON *item = make(NNRT_JSON_STRING);
  if (item) item->valuestring = strdup(value);
  if (item && item->valuestring) return add(to, name, item);
  cJSON_Delete(item);
  return NULL;
}

cJSON *cJSON_AddNumberToObject(cJSON *to, const char *name, double value) {
  return add(to, name, cJSON_CreateNumber(value));
}

cJSON *cJSON_AddNullToObject(cJSON *to, const char *name) {
  return add(to, name, make(NNRT_JSON_NULL));
}

int cJSON_IsNumber(const cJSON *item) { return item && item->type == NNRT_JSON_NUMBER; }
int cJSON_IsString(const cJSON *item) { return item && item->type == NNRT_JSON_STRING; }
int cJSON_IsArray(const cJSON *item) { return item && item->type == NNRT_JSON_ARRAY; }
int cJSON_IsObject(const cJSON *item) { return item && item->type == NNRT_JSON_OBJECT; }

char *cJSON_GetStringValue(const cJSON *item) {
  return cJSON_IsString(item) ? item->valuestring : NULL;
}

int cJSON_GetArraySize(const cJSON *array) {
  const cJSON *item;
  int count = 0;
  cJSON_ArrayForEach(item, array) count++;
  return count;
}

cJSON *cJSON_GetArrayItem(const cJSON *array, int index) {
  cJSON *item;
  cJSON_ArrayForEach(item, array) {
    if (index-- == 0) return item;
  }
  return NULL;
}

cJSON *cJSON_GetObjectItemCaseSensitive(const cJSON *object, const char *name) {
  cJSON *item;
  cJSON_ArrayForEach(item, object) {
    if (item->string && strcmp(item->string, name) == 0) return item;
  }
  return NULL;
}

/* ---- reading -------------------------------------------------------------------------------- */

typedef struct reader {
  const char *at, *end;
  int depth;
} reader;

static cJSON *read_value(reader *r);

static void skip_spaces(reader *r) {
  while (r->at < r->end && (unsigned char)*r->at <= ' ') r->at++;
}

static bool take(reader *r, const char *word) {
  const size_t length = strlen(word);
  if ((size_t)(r->end - r->at) < length || memcmp(r->at, word, length) != 0) return false;
  r->at += length;
  return true;
}

/* strtod, with '.' as the decimal point whatever locale the program has chosen. */
static double plain_number(const char *text, char **end) {
  const locale_t plain = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
  const locale_t before = plain != (locale_t)0 ? uselocale(plain) : plain;
  const double value = strtod(text, end);
  if (plain != (locale_t)0) {
    uselocale(before);
    freelocale(plain);
  }
  return value;
}

static cJSON *read_number(reader *r) {
  char chars[LONGEST_NUMBER + 1], *end;
  size_t length = 0;
  while (length < LONGEST_NUMBER && r->at + length < r->end && r->at[length] &&
         strchr("+-0123456789.eE", r->at[length])) {
    chars[length] = r->at[length];
    length++;
  }
  chars[length] = 0;
  const double value = plain_number(chars, &end);
  if (end == chars) return NULL;
  r->at += end - chars;
  return cJSON_CreateNumber(value);
}

/* The four digits behind a \u. */
static bool read_unit(reader *r, uint32_t *unit) {
  *unit = 0;
  for (int k = 0; k < 4; k++, r->at++) {
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *digit = r->at < r->end && *r->at ? strchr(digits, *r->at) : NULL;
    if (!digit) return false;
    *unit = *unit << 4 | (uint32_t)((digit - digits) & 15);
  }
  return true;
}

static char *put_utf8(char *to, uint32_t code) {
  const int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  static const uint8_t first[] = {0, 0xC0, 0xE0, 0xF0};
  *to++ = (char)(first[more] | code >> (6 * more));
  for (int k = more; k-- > 0;) *to++ = (char)(0x80 | (code >> (6 * k) & 0x3F));
  return to;
}

/* A code of 16 bits, or two that belong together. */
static bool read_code(reader *r, char **to) {
  uint32_t code, low;
  if (!read_unit(r, &code) || (code >= 0xDC00 && code <= 0xDFFF)) return false;
  if (code >= 0xD800 && code <= 0xDBFF) {
    if (!take(r, "\\u") || !read_unit(r, &low) || low < 0xDC00 || low > 0xDFFF) return false;
    code = 0x10000 + ((code & 0x3FF) << 10 | (low & 0x3FF));
  }
  *to = put_utf8(*to, code);
  return true;
}

/* What a \ means, behind it. */
static bool read_escape(reader *r, char **to) {
  static const char said[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
  if (r->at == r->end || *r->at == 0) return false;
  const char *found = strchr(said, *r->at);
  if (!found) return *r->at++ == 'u' && read_code(r, to);
  *(*to)++ = meant[found - said];
  r->at++;
  return true;
}

/* To a new string, which is no longer than what stands for it. */
static char *read_string(reader *r) {
  const char *quote = r->at + 1;
  if (!take(r, "\"")) return NULL;
  while (quote < r->end && *quote != '"') quote += *quote == '\\' ? 2 : 1;
  if (quote >= r->end) return NULL;
  char *made = malloc((size_t)(quote - r->at) + 1), *to = made;
  bool good = made != NULL;
  while (good && *r->at != '"') {
    if (*r->at == '\\') r->at++, good = read_escape(r, &to);
    else *to++ = *r->at++;
  }
  if (!good) {
    free(made);
    return NULL;
  }
  *to = 0;
  r->at++;
  return made;
}

static cJSON *read_text(reader *r) {
  cJSON *item = make(NNRT_JSON_STRING);
  if (item) item->valuestring = read_string(r);
  if (item && item->valuestring) return item;
  cJSON_Delete(item);
  return NULL;
}

/* One item of an array or object, with its name in an object. */
static bool read_item(reader *r, cJSON *to) {
  char *name = NULL;
  skip_spaces(r);
  if (to->type == NNRT_JSON_OBJECT) {
    name = read_string(r);
    if (!name) return false;
    skip_spaces(r);
    if (!take(r, ":")) {
      free(name);
      return false;
    }
    skip_spaces(r);
  }
  cJSON *item = read_value(r);
  if (!item) {
    free(name);
    return false;
  }
  item->string = name;
  append(to, item);
  skip_spaces(r);
  return true;
}

static cJSON *read_items(reader *r, nnrt_json_kind type, const char *close) {
  cJSON *made = ++r->depth > DEEPEST ? NULL : make(type);
  if (!made) return NULL;
  skip_spaces(r);
  bool closed = take(r, close), good = true;
  while (!closed && good) {
    good = read_item(r, made);
    closed = good && take(r, close);
    if (good && !closed) good = take(r, ",");
  }
  r->depth--;
  if (good) return made;
  cJSON_Delete(made);
  return NULL;
}

static cJSON *read_value(reader *r) {
  if (take(r, "null")) return make(NNRT_JSON_NULL);
  if (take(r, "false")) return make(NNRT_JSON_FALSE);
  if (take(r, "true")) return make(NNRT_JSON_TRUE);
  if (take(r, "[")) return read_items(r, NNRT_JSON_ARRAY, "]");
  if (take(r, "{")) return read_items(r, NNRT_JSON_OBJECT, "}");
  if (r->at < r->end && *r->at == '"') return read_text(r);
  if (r->at < r->end && (*r->at == '-' || (*r->at >= '0' && *r->at <= '9'))) return read_number(r);
  return NULL;
}

cJSON *cJSON_ParseWithLengthOpts(const char *text, size_t length, const char **end, int whole) {
  reader r = {.at = text, .end = text + length};
  (void)whole;
  (void)take(&r, "\xEF\xBB\xBF");
  skip_spaces(&r);
  cJSON *made = read_value(&r);
  if (end) *end = r.at;
  return made;
}

cJSON *cJSON_Parse(const char *text) {
  return cJSON_ParseWithLengthOpts(text, strlen(text), NULL, 0);
}

/* ---- writing -------------------------------------------------------------------------------- */

/* Of text: counted where there is no room yet. */
typedef struct writer {
  char *to;
  size_t length;
} writer;

static void put(writer *w, const char *chars, size_t length) {
  if (w->to) memcpy(w->to + w->length, chars, length);
  w->length += length;
}

static void put_text(writer *w, const char *chars) { put(w, chars, strlen(chars)); }

static void put_string(writer *w, const char *chars) {
  static const char meant[] = "\"\\\b\f\n\r\t", said[] = "\"\\bfnrt";
  put_text(w, "\"");
  for (; *chars; chars++) {
    char escape[8];
    const char *found = strchr(meant, *chars);
    if (found) snprintf(escape, sizeof escape, "\\%c", said[found - meant]);
    else if ((unsigned char)*chars < ' ') snprintf(escape, sizeof escape, "\\u%04x", *chars);
    else snprintf(escape, sizeof escape, "%c", *chars);
    put_text(w, escape);
  }
  put_text(w, "\"");
}

/* In as few digits as bring the number back, 15 or 17, with '.' in every locale. */
static void put_number(writer *w, double value) {
  char chars[40];
  if (!isfinite(value)) {
    put_text(w, "null");
    return;
  }
  snprintf(chars, sizeof chars, "%1.15g", value);
  const double back = strtod(chars, NULL), larger = fmax(fabs(back), fabs(value));
  if (fabs(back - value) > larger * 0x1p-52) snprintf(chars, sizeof chars, "%1.17g", value);
  const char *point = localeconv()->decimal_point;
  for (char *c = chars; *c; c++)
    if (*c == *point) *c = '.';
  put_text(w, chars);
}

static void put_value(writer *w, const cJSON *item);

static void put_items(writer *w, const cJSON *items) {
  const cJSON *item;
  cJSON_ArrayForEach(item, items) {
    if (item != items->child) put_text(w, ",");
    if (items->type == NNRT_JSON_OBJECT) {
      put_string(w, item->string);
      put_text(w, ":");
    }
    put_value(w, item);
  }
}

static void put_value(writer *w, const cJSON *item) {
  switch (item->type) {
    case NNRT_JSON_NULL: put_text(w, "null"); break;
    case NNRT_JSON_FALSE: put_text(w, "false"); break;
    case NNRT_JSON_TRUE: put_text(w, "true"); break;
    case NNRT_JSON_NUMBER: put_number(w, item->valuedouble); break;
    case NNRT_JSON_STRING: put_string(w, item->valuestring); break;
    case NNRT_JSON_ARRAY:
    case NNRT_JSON_OBJECT:
      put_text(w, item->type == NNRT_JSON_ARRAY ? "[" : "{");
      put_items(w, item);
      put_text(w, item->type == NNRT_JSON_ARRAY ? "]" : "}");
  }
}

char *cJSON_PrintUnformatted(const cJSON *item) {
  writer w = {NULL, 0};
  if (!item) return NULL;
  put_value(&w, item);
  w = (writer){malloc(w.length + 1), 0};
  if (!w.to) return NULL;
  put_value(&w, item);
  w.to[w.length] = 0;
  return w.to;
}
