/* order.c: a seed to the samples that are learned from, in the order of an epoch, and to those that
 * are kept from learning.
 *
 * Every block of the data set holds out its share. An epoch takes the blocks in an order drawn
 * anew, as many at a time as are held, and shuffles the samples of those together. What is one
 * block is so shuffled as a whole. All is drawn from the seed, the epoch's number and the block's
 * alone, so a place in an epoch is found again by its number.
 */
#include "order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"

/* ---- what is held out --------------------------------------------------------------------- */

/* How many of the samples; a share that is not 0 holds out at least one. */
static size_t wanted_out(size_t samples, double holdout) {
  double wanted = holdout < 1 ? floor(holdout * (double)samples + 0.5) : holdout;
  if (holdout > 0 && wanted < 1) wanted = 1;
  return wanted < (double)samples ? (size_t)wanted : samples;
}

/* floor(of * part / whole), for part <= whole, without overflow. */
static size_t share(size_t of, size_t part, size_t whole) {
  if (part == whole) return of;
  const size_t many = of / whole, rest = of % whole;
  return many * part + (size_t)floor((double)rest * (double)part / (double)whole);
}

typedef struct span {
  size_t begin, end;
} span;

static span samples_of(const nnrt_order *order, size_t block) {
  const size_t begin = block * order->block, rest = order->samples - begin;
  return (span){begin, begin + (rest < order->block ? rest : order->block)};
}

/* The places of a block's own draw that are held out: its last ones, or those of the fold. */
static span held_of(const nnrt_order *order, size_t block) {
  const span all = samples_of(order, block);
  const size_t size = all.end - all.begin;
  if (order->folds > 0)
    return (span){share(size, order->fold, order->folds),
                  share(size, order->fold + 1, order->folds)};
  const size_t out = share(order->out, all.end, order->samples) -
                     share(order->out, all.begin, order->samples);
  return (span){size - out, size};
}

static size_t held_count(const nnrt_order *order, size_t block) {
  const span held = held_of(order, block);
  return held.end - held.begin;
}

static int ascending(const void *a, const void *b) {
  const size_t x = *(const size_t *)a, y = *(const size_t *)b;
  return (x > y) - (x < y);
}

/* A block's samples: those learned from, then those held out, both ascending. In a model that
 * carries what is held out hangs together. */
static void draw_block(nnrt_order *order, size_t block, size_t *to) {
  const span all = samples_of(order, block), held = held_of(order, block);
  const size_t size = all.end - all.begin, out = held.end - held.begin;
  size_t learned = 0, kept = size - out;
  for (size_t i = 0; i < size; i++) order->drawn[i] = all.begin + i;
  if (out > 0 && !order->carries) {
    nnrt_random stream =
      nnrt_random_begin(order->seed, order->folds ? "@folds" : "@holdout", block);
    nnrt_random_shuffle(&stream, order->drawn, size);
  }
  for (size_t i = 0; i < size; i++)
    to[i >= held.begin && i < held.end ? kept++ : learned++] = order->drawn[i];
  qsort(to, learned, sizeof *to, ascending);
  qsort(to + learned, out, sizeof *to, ascending);
}

/* ---- beginning ---------------------------------------------------------------------------- */

static bool make_room(nnrt_order *order) {
  const size_t held = order->blocks_held * order->block;
  order->order = malloc(order->blocks * sizeof *order->order);
  order->window_begin = malloc((order->windows + 1) * sizeof *order->window_begin);
  order->list = malloc((held < order->samples ? held : order->samples) * sizeof *order->list);
  order->drawn = malloc(order->block * sizeof *order->drawn);
  order->block_list = malloc(order->block * sizeof *order->block_list);
  return order->order && order->window_begin && order->list && order->drawn && order->block_list;
}

static bool count(nnrt_order *order, const nnrt_splitting *how, nnrt_failure *failure) {
  order->out = order->folds ? 0 : wanted_out(order->samples, how->holdout);
  for (size_t k = 0; k < order->blocks; k++) order->held += held_count(order, k);
  order->learned = order->samples - order->held;
  if (order->learned == 0)
    return nnrt_fail(failure, "--holdout: %g of %zu samples leaves none to learn from: lower it",
                     how->holdout, order->samples);
  if (order->folds > 0 && order->held == 0)
    return nnrt_fail(failure, "--folds: %zu parts of %zu samples leave some part empty: lower it",
                     order->folds, order->samples);
  return true;
}

bool nnrt_order_begin(nnrt_order *order, const nnrt_dataset *data, const nnrt_splitting *how,
                      nnrt_failure *failure) {
  *order = (nnrt_order){.data = data, .samples = data->samples, .block = data->block,
                        .blocks_held = data->blocks_held, .seed = how->seed,
                        .shuffles = how->shuffles, .carries = how->carries, .folds = how->folds,
                        .fold = how->fold};
  if (order->carries) order->block = order->samples; /* its runs hang together */
  if (order->block == 0) order->block = 1;
  order->blocks = (order->samples + order->block - 1) / order->block;
  order->windows = (order->blocks + order->blocks_held - 1) / order->blocks_held;
  if (!make_room(order)) return nnrt_fail(failure, "out of memory for the order of samples");
  order->block_at = order->blocks;
  return count(order, how, failure);
}

void nnrt_order_free(nnrt_order *order) {
  free(order->order);
  free(order->window_begin);
  free(order->list);
  free(order->drawn);
  free(order->block_list);
  *order = (nnrt_order){0};
}

/* ---- an epoch ----------------------------------------------------------------------------- */

void nnrt_order_epoch(nnrt_order *order, uint64_t epoch) {
  order->epoch = epoch;
  order->window = order->windows;
  for (size_t k = 0; k < order->blocks; k++) order->order[k] = k;
  if (order->shuffles && !order->carries && order->blocks > 1) {
    nnrt_random stream = nnrt_random_begin(order->seed, "@blocks", epoch);
    nnrt_random_shuffle(&stream, order->order, order->blocks);
  }
  size_t place = 0;
  for (size_t k = 0; k < order->blocks; k++) {
    const span all = samples_of(order, order->order[k]);
    if (k % order->blocks_held == 0) order->window_begin[k / order->blocks_held] = place;
    place += all.end - all.begin - held_count(order, order->order[k]);
  }
  order->window_begin[order->windows] = place;
}

/* Has the blocks of a window read ahead. */
static void expect_window(const nnrt_order *order, size_t window) {
  for (size_t k = 0; k < order->blocks_held; k++) {
    const size_t place = window * order->blocks_held + k;
    if (place >= order->blocks) break;
    const span all = samples_of(order, order->order[place]);
    nnrt_data_expect(order->data, all.begin, all.end - all.begin);
  }
}

/* The samples of a window, as the epoch takes them. */
static void list_window(nnrt_order *order, size_t window) {
  size_t count = 0;
  for (size_t k = 0; k < order->blocks_held; k++) {
    const size_t place = window * order->blocks_held + k;
    if (place >= order->blocks) break;
    const size_t block = order->order[place];
    const span all = samples_of(order, block);
    const size_t learned = all.end - all.begin - held_count(order, block);
    draw_block(order, block, order->block_list);
    order->block_at = order->blocks;
    memcpy(order->list + count, order->block_list, learned * sizeof *order->list);
    count += learned;
  }
  if (order->shuffles && !order->carries) {
    nnrt_random stream =
      nnrt_random_begin(order->seed, "@shuffle", order->epoch + ((uint64_t)window << 32));
    nnrt_random_shuffle(&stream, order->list, count);
  }
  order->window = window;
  if (!order->carries) expect_window(order, window + 1);
}

void nnrt_order_take(nnrt_order *order, size_t place, size_t n, size_t *index) {
  size_t window = order->window < order->windows ? order->window : 0;
  if (place < order->window_begin[window]) window = 0;
  for (size_t i = 0; i < n; i++, place++) {
    while (place >= order->window_begin[window + 1]) window++;
    if (window != order->window) list_window(order, window);
    index[i] = order->list[place - order->window_begin[window]];
  }
}

/* ---- what is held out, in the order of the data -------------------------------------------- */

void nnrt_order_held(nnrt_order *order, size_t place, size_t n, size_t *index) {
  size_t block = order->held_block, before = order->held_before;
  if (place < before) block = before = 0;
  for (size_t i = 0; i < n; i++, place++) {
    while (place >= before + held_count(order, block)) before += held_count(order, block++);
    const span all = samples_of(order, block);
    if (order->block_at != block) draw_block(order, block, order->block_list);
    order->block_at = block;
    index[i] = order->block_list[all.end - all.begin - held_count(order, block) + place - before];
  }
  order->held_block = block;
  order->held_before = before;
}
