/* inflate.c: a stream of RFC 1951 to its bytes. It may come in pieces of any size: a step takes at
 * most 48 bits, fewer than are held at a time, and a step whose bits are not all there is taken
 * again from its beginning when there are more. */
#include <stdlib.h>
#include <string.h>

#include "inflater.h"

enum { END_OF_BLOCK = 256, MEASURES = 19, REPEAT = 16 };

typedef enum inflater_step { STEP_DONE, STEP_WAITS, STEP_WRONG } inflater_step;

static inflater_step wrong(nnrt_inflater *of, const char *what) {
  of->wrong = what;
  return STEP_WRONG;
}

/* ---- bits ----------------------------------------------------------------------------------- */

static void refill(nnrt_inflater *of) {
  while (of->bits <= 56 && of->in < of->in_end) {
    of->held |= (uint64_t)*of->in++ << of->bits;
    of->bits += 8;
  }
}

bool nnrt_inflater_hold(nnrt_inflater *of, unsigned count) {
  refill(of);
  return of->bits >= count;
}

static void drop(nnrt_inflater *of, unsigned count) {
  of->held >>= count;
  of->bits -= count;
}

uint32_t nnrt_inflater_take(nnrt_inflater *of, unsigned count) {
  const uint32_t value = (uint32_t)(of->held & ((UINT64_C(1) << count) - 1));
  drop(of, count);
  return value;
}

/* ---- codes ---------------------------------------------------------------------------------- */

static unsigned turned(unsigned word, unsigned bits) {
  unsigned made = 0;
  for (unsigned k = 0; k < bits; k++) made |= (word >> k & 1u) << (bits - 1 - k);
  return made;
}

/* The code whose symbol k has a word of length[k] bits, 0: none. False where words would have to
 * begin alike, or where some bits begin no word; one word of one bit is let pass if `lone`. */
static bool make_code(inflater_code *code, const uint8_t *length, unsigned symbols, bool lone) {
  unsigned count[INFLATER_LONGEST + 1] = {0}, next[INFLATER_LONGEST + 2] = {0};
  for (unsigned k = 0; k < symbols; k++) count[length[k]]++;
  count[0] = 0;
  code->longest = INFLATER_LONGEST;
  while (code->longest > 1 && count[code->longest] == 0) code->longest--;
  int left = 1;
  for (unsigned bits = 1; bits <= INFLATER_LONGEST; bits++) {
    left = 2 * left - (int)count[bits];
    if (left < 0) return false;
    next[bits + 1] = (next[bits] + count[bits]) << 1;
  }
  if (left > 0 && !(lone && code->longest == 1)) return false;
  memset(code->row, 0, sizeof *code->row << code->longest);
  for (unsigned k = 0; k < symbols; k++) {
    const unsigned bits = length[k];
    if (bits == 0) continue;
    for (unsigned at = turned(next[bits]++, bits); at < 1u << code->longest; at += 1u << bits)
      code->row[at] = (uint16_t)(k << 4 | bits);
  }
  return true;
}

/* The row that the held bits behind the first `skip` begin with; 0: no word, or not there yet. */
static unsigned look_up(const nnrt_inflater *of, const inflater_code *code, unsigned skip) {
  const unsigned row = code->row[of->held >> skip & ((1u << code->longest) - 1)];
  return skip + (row & 15) <= of->bits ? row : 0;
}

/* Why there was no row: only with the longest word's bits at hand it is sure that none comes. */
static inflater_step no_word(nnrt_inflater *of, const inflater_code *code, unsigned skip,
                             const char *what) {
  return of->bits < skip + code->longest ? STEP_WAITS : wrong(of, what);
}

/* ---- what is made --------------------------------------------------------------------------- */

static void put(nnrt_inflater *of, uint8_t byte) {
  *of->out++ = byte;
  of->window[of->made++ % INFLATER_WINDOW] = byte;
}

/* Of a match, as much as there is room for. */
static void copy_match(nnrt_inflater *of) {
  for (; of->left > 0 && of->out < of->out_end; of->left--)
    put(of, of->window[(of->made - of->distance) % INFLATER_WINDOW]);
}

static inflater_step end_block(nnrt_inflater *of) {
  of->stage = of->last ? INFLATER_END : INFLATER_BLOCK;
  return STEP_DONE;
}

static inflater_step copy_stored(nnrt_inflater *of) {
  for (; of->left > 0 && of->out < of->out_end; of->left--) {
    if (!nnrt_inflater_hold(of, 8)) return STEP_WAITS;
    put(of, (uint8_t)nnrt_inflater_take(of, 8));
  }
  return of->left > 0 ? STEP_WAITS : end_block(of);
}

/* ---- blocks --------------------------------------------------------------------------------- */

static void use_fixed_code(nnrt_inflater *of) {
  uint8_t length[288];
  for (unsigned k = 0; k < 288; k++)
    length[k] = (uint8_t)(k < 144 ? 8 : k < 256 ? 9 : k < 280 ? 7 : 8);
  make_code(&of->literal, length, 288, false);
  memset(length, 5, 32);
  make_code(&of->far, length, 32, false);
  of->stage = INFLATER_SYMBOLS;
}

static inflater_step begin_block(nnrt_inflater *of) {
  if (!nnrt_inflater_hold(of, 3)) return STEP_WAITS;
  of->last = nnrt_inflater_take(of, 1);
  switch (nnrt_inflater_take(of, 2)) {
    case 0: of->stage = INFLATER_STORED; return STEP_DONE;
    case 1: use_fixed_code(of); return STEP_DONE;
    case 2: of->stage = INFLATER_COUNTS; return STEP_DONE;
    default: return wrong(of, "invalid block type");
  }
}

/* Its length and that length's complement, behind the byte that the block begins in. */
static inflater_step begin_stored(nnrt_inflater *of) {
  if (!nnrt_inflater_hold(of, of->bits % 8 + 32)) return STEP_WAITS;
  drop(of, of->bits % 8);
  const uint32_t length = nnrt_inflater_take(of, 16), complement = nnrt_inflater_take(of, 16);
  if (length != (complement ^ 0xFFFF)) return wrong(of, "invalid stored block lengths");
  of->left = length;
  of->stage = INFLATER_BYTES;
  return STEP_DONE;
}

/* ---- a block's own code --------------------------------------------------------------------- */

static inflater_step read_counts(nnrt_inflater *of) {
  if (!nnrt_inflater_hold(of, 14)) return STEP_WAITS;
  of->literals = nnrt_inflater_take(of, 5) + 257;
  of->distances = nnrt_inflater_take(of, 5) + 1;
  of->measures = nnrt_inflater_take(of, 4) + 4;
  of->known = 0;
  memset(of->length, 0, MEASURES);
  of->stage = INFLATER_MEASURES;
  if (of->literals > 286 || of->distances > 30)
    return wrong(of, "too many length or distance symbols");
  return STEP_DONE;
}

static inflater_step read_measure(nnrt_inflater *of) {
  static const uint8_t order[MEASURES] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                          11, 4,  12, 3, 13, 2, 14, 1, 15};
  if (!nnrt_inflater_hold(of, 3)) return STEP_WAITS;
  of->length[order[of->known++]] = (uint8_t)nnrt_inflater_take(of, 3);
  if (of->known < of->measures) return STEP_DONE;
  if (!make_code(&of->measure, of->length, MEASURES, false))
    return wrong(of, "invalid code lengths set");
  of->known = 0;
  of->stage = INFLATER_WORDS;
  return STEP_DONE;
}

static inflater_step end_lengths(nnrt_inflater *of) {
  if (of->length[END_OF_BLOCK] == 0) return wrong(of, "invalid code -- missing end-of-block");
  if (!make_code(&of->literal, of->length, of->literals, true))
    return wrong(of, "invalid literal/lengths set");
  if (!make_code(&of->far, of->length + of->literals, of->distances, true))
    return wrong(of, "invalid distances set");
  of->stage = INFLATER_SYMBOLS;
  return STEP_DONE;
}

/* One length, or one that is repeated: 16 the last one, 17 and 18 zero. */
static inflater_step read_length(nnrt_inflater *of) {
  static const uint8_t extra[] = {2, 3, 7}, least[] = {3, 3, 11};
  refill(of);
  const unsigned row = look_up(of, &of->measure, 0), symbol = row >> 4, bits = row & 15;
  if (row == 0) return no_word(of, &of->measure, 0, "invalid code lengths set");
  const unsigned more = symbol < REPEAT ? 0 : extra[symbol - REPEAT];
  if (of->bits < bits + more) return STEP_WAITS;
  drop(of, bits);
  const unsigned times = symbol < REPEAT ? 1 : least[symbol - REPEAT] + nnrt_inflater_take(of, more);
  if (of->known + times > of->literals + of->distances || (symbol == REPEAT && of->known == 0))
    return wrong(of, "invalid bit length repeat");
  const unsigned length = symbol < REPEAT    ? symbol
                          : symbol == REPEAT ? of->length[of->known - 1]
                                             : 0;
  memset(of->length + of->known, (int)length, times);
  of->known += times;
  return of->known == of->literals + of->distances ? end_lengths(of) : STEP_DONE;
}

/* ---- symbols -------------------------------------------------------------------------------- */

/* Bits [at, at + count) of what is held. */
static size_t peek(const nnrt_inflater *of, unsigned at, unsigned count) {
  return (size_t)(of->held >> at & ((1u << count) - 1));
}

/* What follows a length's word: its extra bits, the distance's word and extra bits. Nothing is
 * taken before all of it is there. */
static inflater_step read_match(nnrt_inflater *of, unsigned symbol, unsigned at) {
  static const uint16_t least[] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                   31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
  static const uint8_t extra[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                  2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
  static const uint16_t nearest[] = {1,   2,   3,   4,   5,   7,    9,    13,   17,   25,
                                     33,  49,  65,  97,  129, 193,  257,  385,  513,  769,
                                     1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
  if (symbol > 28) return wrong(of, "invalid literal/length code");
  const size_t length = least[symbol] + peek(of, at, extra[symbol]);
  at += extra[symbol];
  if (of->bits < at) return STEP_WAITS;
  const unsigned row = look_up(of, &of->far, at), far = row >> 4;
  if (row == 0) return no_word(of, &of->far, at, "invalid distance code");
  if (far > 29) return wrong(of, "invalid distance code");
  at += row & 15;
  const unsigned more = far < 4 ? 0 : far / 2 - 1;
  const size_t distance = nearest[far] + peek(of, at, more);
  if (of->bits < at + more) return STEP_WAITS;
  if (distance > of->made) return wrong(of, "invalid distance too far back");
  drop(of, at + more);
  of->left = length;
  of->distance = distance;
  return STEP_DONE;
}

static inflater_step read_symbol(nnrt_inflater *of) {
  refill(of);
  const unsigned row = look_up(of, &of->literal, 0), symbol = row >> 4;
  if (row == 0) return no_word(of, &of->literal, 0, "invalid literal/length code");
  if (symbol > END_OF_BLOCK) return read_match(of, symbol - END_OF_BLOCK - 1, row & 15);
  drop(of, row & 15);
  if (symbol == END_OF_BLOCK) return end_block(of);
  put(of, (uint8_t)symbol);
  return STEP_DONE;
}

static inflater_step read_symbols(nnrt_inflater *of) {
  inflater_step done = STEP_DONE;
  while (done == STEP_DONE && of->stage == INFLATER_SYMBOLS) {
    copy_match(of);
    done = of->out == of->out_end ? STEP_WAITS : read_symbol(of);
  }
  return done;
}

/* ---- the stream ----------------------------------------------------------------------------- */

void nnrt_inflater_begin(nnrt_inflater *of) {
  of->stage = INFLATER_BLOCK;
  of->wrong = NULL;
  of->left = 0;
  of->made = 0;
}

static inflater_step take_step(nnrt_inflater *of) {
  switch (of->stage) {
    case INFLATER_BLOCK: return begin_block(of);
    case INFLATER_STORED: return begin_stored(of);
    case INFLATER_BYTES: return copy_stored(of);
    case INFLATER_COUNTS: return read_counts(of);
    case INFLATER_MEASURES: return read_measure(of);
    case INFLATER_WORDS: return read_length(of);
    case INFLATER_SYMBOLS: return read_symbols(of);
    case INFLATER_END: break;
  }
  return STEP_WAITS;
}

bool nnrt_inflater_run(nnrt_inflater *of) {
  while (!of->wrong && take_step(of) == STEP_DONE) continue;
  return !of->wrong;
}

int inflateInit2(z_stream *stream, int window_bits) {
  stream->msg = NULL;
  stream->state = window_bits == -MAX_WBITS ? calloc(1, sizeof *stream->state) : NULL;
  if (stream->state) nnrt_inflater_begin(stream->state);
  return stream->state ? Z_OK : Z_MEM_ERROR;
}

int inflate(z_stream *stream, int flush) {
  nnrt_inflater *of = stream->state;
  const uInt in = stream->avail_in, out = stream->avail_out;
  (void)flush;
  of->in = stream->next_in;
  of->in_end = of->in + in;
  of->out = stream->next_out;
  of->out_end = of->out + out;
  const bool good = nnrt_inflater_run(of);
  stream->next_in = of->in;
  stream->avail_in = (uInt)(of->in_end - of->in);
  stream->next_out = of->out;
  stream->avail_out = (uInt)(of->out_end - of->out);
  stream->msg = of->wrong;
  if (!good) return Z_DATA_ERROR;
  if (of->stage == INFLATER_END) return Z_STREAM_END;
  return stream->avail_in == in && stream->avail_out == out ? Z_BUF_ERROR : Z_OK;
}

int inflateEnd(z_stream *stream) {
  free(stream->state);
  stream->state = NULL;
  return Z_OK;
}
