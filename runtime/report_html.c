/* Text and pictures as they stand in a page. */
#include "report.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

void nnrt_html_text(FILE *to, const char *text) {
  for (; *text; text++) {
    const unsigned char c = (unsigned char)*text;
    if (c == '&') fputs("&amp;", to);
    else if (c == '<') fputs("&lt;", to);
    else if (c == '>') fputs("&gt;", to);
    else if (c == '"') fputs("&quot;", to);
    else if (c >= ' ' || c == '\t' || c == '\n') fputc(c, to);
  }
}

/* ---- PNG: https://www.w3.org/TR/png/ ------------------------------------------------------- */

typedef struct bytes {
  uint8_t *at;
  size_t length;
} bytes;

static void put(bytes *to, const void *from, size_t count) {
  if (count > 0)
    memcpy(to->at + to->length, from, count);
  to->length += count;
}

static void put_number(bytes *to, uint32_t value) {
  const uint8_t big[] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                         (uint8_t)value};
  put(to, big, sizeof big);
}

static void put_chunk(bytes *to, const char *kind, const void *data, size_t count) {
  put_number(to, (uint32_t)count);
  const size_t begin = to->length;
  put(to, kind, 4);
  put(to, data, count);
  put_number(to, (uint32_t)crc32(0, to->at + begin, (uInt)(count + 4)));
}

/* Each row begins with a 0: no filter. Empty where memory is short. */
static bytes png(const uint8_t *pixel, size_t height, size_t width, size_t channels) {
  const size_t row = width * channels;
  uLongf packed = compressBound((uLong)(height * (row + 1)));
  bytes file = {malloc(packed + 128), 0}, head = {(uint8_t[16]){0}, 0};
  uint8_t *raw = malloc(height * (row + 1)), *small = malloc(packed);
  if (file.at && raw && small) {
    for (size_t i = 0; i < height; i++) {
      raw[i * (row + 1)] = 0;
      memcpy(raw + i * (row + 1) + 1, pixel + i * row, row);
    }
    compress2(small, &packed, raw, (uLong)(height * (row + 1)), 9);
    put_number(&head, (uint32_t)width);
    put_number(&head, (uint32_t)height);
    put(&head, channels == 3 ? "\10\2\0\0\0" : "\10\0\0\0\0", 5);
    put(&file, "\211PNG\r\n\032\n", 8);
    put_chunk(&file, "IHDR", head.at, head.length);
    put_chunk(&file, "IDAT", small, packed);
    put_chunk(&file, "IEND", NULL, 0);
  }
  free(raw);
  free(small);
  return file;
}

static void base64(FILE *to, bytes from) {
  static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < from.length; i += 3) {
    const size_t rest = from.length - i;
    const uint32_t group = (uint32_t)from.at[i] << 16 |
                           (uint32_t)(rest > 1 ? from.at[i + 1] : 0) << 8 |
                           (uint32_t)(rest > 2 ? from.at[i + 2] : 0);
    for (size_t k = 0; k < 4; k++)
      fputc(k <= rest ? digit[group >> (18 - 6 * k) & 63] : '=', to);
  }
}

bool nnrt_html_picture(FILE *to, const uint8_t *pixel, size_t height, size_t width,
                       size_t channels, const char *about) {
  const bytes file = png(pixel, height, width, channels);
  if (file.length > 0) {
    fprintf(to, "<img class=\"picture\" alt=\"%s\" src=\"data:image/png;base64,", about);
    base64(to, file);
    fprintf(to, "\">");
  }
  free(file.at);
  return file.length > 0;
}
