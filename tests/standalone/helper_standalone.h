/* helper_standalone: runtime/standalone's own code by names that zlib and cJSON do not have, so that a
 * test can ask both. */
#ifndef HELPER_STANDALONE_H
#define HELPER_STANDALONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum own_verdict { OWN_WHOLE, OWN_CUT_SHORT, OWN_WRONG } own_verdict;

/* A raw stream, given and taken in pieces of `piece` bytes; *made bytes of at most `room`. */
own_verdict own_inflate(const uint8_t *in, size_t length, size_t piece, uint8_t *out, size_t room,
                        size_t *made);
/* A zlib stream of a new array, to be freed. */
uint8_t *own_compress(const uint8_t *in, size_t length, size_t *made);
uint32_t own_crc32(uint32_t sum, const uint8_t *bytes, size_t length);
/* A file's bytes as gzread gives them in pieces of `piece`. */
own_verdict own_gunzip(const char *path, size_t piece, uint8_t *out, size_t room, size_t *made,
                       bool *direct);
/* The value that the bytes begin with, printed again, to be freed; NULL: broken. */
char *own_json(const char *text, size_t length, size_t *end);

#endif
