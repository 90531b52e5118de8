/* checksum.c: CRC-32 (RFC 1952), four bytes at a time: table[j][b] is the sum of the byte b and j
 * zeroes behind it. */
#include <pthread.h>

#include "zlib.h"

static uint32_t table[4][256];

static void make_table(void) {
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t sum = byte;
    for (int bit = 0; bit < 8; bit++) sum = sum >> 1 ^ (0xEDB88320u & (0u - (sum & 1)));
    table[0][byte] = sum;
  }
  for (int j = 1; j < 4; j++)
    for (uint32_t byte = 0; byte < 256; byte++)
      table[j][byte] = table[j - 1][byte] >> 8 ^ table[0][table[j - 1][byte] & 0xFF];
}

uLong crc32(uLong crc, const Bytef *bytes, size_t length) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  uint32_t sum = ~(uint32_t)crc;
  pthread_once(&once, make_table);
  for (; length >= 4; length -= 4, bytes += 4) {
    sum ^= (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
    sum = table[3][sum & 0xFF] ^ table[2][sum >> 8 & 0xFF] ^ table[1][sum >> 16 & 0xFF] ^
          table[0][sum >> 24];
  }
  for (; length > 0; length--) sum = sum >> 8 ^ table[0][(sum ^ *bytes++) & 0xFF];
  return ~sum & 0xFFFFFFFFu;
}
