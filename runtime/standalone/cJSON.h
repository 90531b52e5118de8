/* cJSON: what the runtime uses of cJSON, by the same names, so that an emitted program that stands
 * alone (nncc --standalone) has the runtime's sources as they are. Own code: json.c. */
#ifndef NNRT_STANDALONE_CJSON_H
#define NNRT_STANDALONE_CJSON_H

#include <stdbool.h>
#include <stddef.h>

/* The linker sees names of the runtime's own: a program may link cJSON beside it. */
#define cJSON_ParseWithLengthOpts nnrt_json_parse
#define cJSON_Parse nnrt_json_parse_line
#define cJSON_PrintUnformatted nnrt_json_print
#define cJSON_Delete nnrt_json_delete
#define cJSON_free nnrt_json_free
#define cJSON_CreateObject nnrt_json_object
#define cJSON_CreateNumber nnrt_json_number
#define cJSON_AddItemToArray nnrt_json_append
#define cJSON_AddObjectToObject nnrt_json_add_object
#define cJSON_AddArrayToObject nnrt_json_add_array
#define cJSON_AddStringToObject nnrt_json_add_string
#define cJSON_AddNumberToObject nnrt_json_add_number
#define cJSON_AddNullToObject nnrt_json_add_null
#define cJSON_IsNumber nnrt_json_is_number
#define cJSON_IsString nnrt_json_is_string
#define cJSON_IsArray nnrt_json_is_array
#define cJSON_IsObject nnrt_json_is_object
#define cJSON_GetStringValue nnrt_json_string
#define cJSON_GetArraySize nnrt_json_size
#define cJSON_GetArrayItem nnrt_json_item
#define cJSON_GetObjectItemCaseSensitive nnrt_json_member

typedef enum nnrt_json_kind {
  NNRT_JSON_NULL, NNRT_JSON_FALSE, NNRT_JSON_TRUE, NNRT_JSON_NUMBER, NNRT_JSON_STRING,
  NNRT_JSON_ARRAY, NNRT_JSON_OBJECT
} nnrt_json_kind;

typedef struct cJSON {
  struct cJSON *next;   /* in the array or object that it is in                                */
  struct cJSON *child;  /* of an array or object: the first, and the last                      */
  struct cJSON *last;
  nnrt_json_kind type;
  char *valuestring;    /* of a string; owned                                                  */
  double valuedouble;   /* of a number                                                         */
  char *string;         /* its name in the object that it is in, or NULL; owned                */
} cJSON;

#define cJSON_ArrayForEach(element, array)                                                         \
  for ((element) = (array) ? (array)->child : NULL; (element); (element) = (element)->next)

/* A value at the beginning of `length` bytes. *end (if not NULL) is where it ends or, where NULL is
 * given back, close to where it is wrong; behind the value anything may follow: `whole` is 0.
 * Numbers are read as strtod reads them, names may stand twice, values nest 1000 deep. */
cJSON *cJSON_ParseWithLengthOpts(const char *text, size_t length, const char **end, int whole);
cJSON *cJSON_Parse(const char *text);
/* Without spaces; to be freed with cJSON_free. Numbers that are not finite are null. */
char *cJSON_PrintUnformatted(const cJSON *item);
void cJSON_Delete(cJSON *item);
void cJSON_free(void *text);

/* NULL, or false, without memory; the new item belongs to `to`. */
cJSON *cJSON_CreateObject(void);
cJSON *cJSON_CreateNumber(double value);
int cJSON_AddItemToArray(cJSON *to, cJSON *item);
cJSON *cJSON_AddObjectToObject(cJSON *to, const char *name);
cJSON *cJSON_AddArrayToObject(cJSON *to, const char *name);
cJSON *cJSON_AddStringToObject(cJSON *to, const char *name, const char *value);
cJSON *cJSON_AddNumberToObject(cJSON *to, const char *name, double value);
cJSON *cJSON_AddNullToObject(cJSON *to, const char *name);

/* Of NULL: false, NULL, 0. */
int cJSON_IsNumber(const cJSON *item);
int cJSON_IsString(const cJSON *item);
int cJSON_IsArray(const cJSON *item);
int cJSON_IsObject(const cJSON *item);
char *cJSON_GetStringValue(const cJSON *item);
int cJSON_GetArraySize(const cJSON *array);
cJSON *cJSON_GetArrayItem(const cJSON *array, int index);
cJSON *cJSON_GetObjectItemCaseSensitive(const cJSON *object, const char *name);

#endif
