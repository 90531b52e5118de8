/* inflater: one stream of RFC 1951, decoded piece by piece. */
#ifndef NNRT_STANDALONE_INFLATER_H
#define NNRT_STANDALONE_INFLATER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zlib.h"

enum { INFLATER_LONGEST = 15, INFLATER_WINDOW = 1 << 15, INFLATER_LENGTHS = 286 + 30 };

/* A prefix code: what the next `longest` bits begin with, 16 * symbol + the bits of its word; 0: no
 * word of the code. */
typedef struct inflater_code {
  unsigned longest;
  uint16_t row[1 << INFLATER_LONGEST];
} inflater_code;

/* What comes next in the stream. */
typedef enum inflater_stage {
  INFLATER_BLOCK,                  /* a block's first three bits                            */
  INFLATER_STORED, INFLATER_BYTES, /* a stored block's length; its bytes                    */
  INFLATER_COUNTS,                 /* of a block with a code of its own: how many lengths   */
  INFLATER_MEASURES,               /* the code that its lengths are written in              */
  INFLATER_WORDS,                  /* the lengths of its words                              */
  INFLATER_SYMBOLS,
  INFLATER_END
} inflater_stage;

typedef struct nnrt_inflater {
  const uint8_t *in;  /* what has not been taken yet, up to in_end; the caller's              */
  const uint8_t *in_end;
  uint8_t *out;       /* where the next byte goes, up to out_end; the caller's                */
  uint8_t *out_end;
  uint64_t held;      /* bits that have been taken and not used, the next one lowest          */
  unsigned bits;      /* how many                                                             */
  inflater_stage stage;
  bool last;          /* this block is the last one                                           */
  const char *wrong;  /* what is wrong with the data; NULL: nothing                           */
  size_t left;        /* of a stored block, or of a match that did not fit into `out`         */
  size_t distance;    /* of that match                                                        */
  uint64_t made;      /* bytes of the stream so far                                           */
  unsigned literals, distances, measures, known; /* of a block's own code: how many, read     */
  uint8_t length[INFLATER_LENGTHS];
  inflater_code literal, far, measure;
  uint8_t window[INFLATER_WINDOW]; /* the last bytes made, byte k at k % INFLATER_WINDOW      */
} nnrt_inflater;

/* Ready for a new stream; bits that are held stay, as they are what follows the stream before. */
void nnrt_inflater_begin(nnrt_inflater *of);
/* Goes on until `in` is used up, `out` is full, the stream has ended (stage) or is wrong. False:
 * wrong. */
bool nnrt_inflater_run(nnrt_inflater *of);
/* The next `count` <= 32 bits, which must be `held`; false where there are too few. */
bool nnrt_inflater_hold(nnrt_inflater *of, unsigned count);
uint32_t nnrt_inflater_take(nnrt_inflater *of, unsigned count);

#endif
