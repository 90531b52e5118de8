/* order: which samples are learned from, in which order, and which are held out. */
#ifndef NNRT_ORDER_H
#define NNRT_ORDER_H

#include "data.h"

typedef struct nnrt_splitting {
  double holdout;      /* a share below 1, or a number of samples                             */
  size_t folds, fold;  /* folds > 0: the fold-th part of so many is held out instead          */
  uint64_t seed;
  bool shuffles, carries;
} nnrt_splitting;

typedef struct nnrt_order {
  size_t samples, learned, held;   /* held: held out                                          */
  /* private */
  const nnrt_dataset *data;        /* borrowed: as long as the order is                        */
  size_t block, blocks, blocks_held, windows, out, folds, fold;
  uint64_t seed, epoch;
  bool shuffles, carries;
  size_t *order;                   /* [blocks]: as the epoch takes them                       */
  size_t *window_begin;            /* [windows + 1]: places of the epoch                      */
  size_t window, *list;            /* the window that is listed                               */
  size_t *drawn, *block_list;      /* [block]: of one block                                   */
  size_t block_at;                 /* the block that block_list holds; blocks: none           */
  size_t held_block, held_before;  /* a block, and the samples held out before it             */
} nnrt_order;

/* Draws by the seed which samples are held out (the last ones in a model that carries, whose runs
 * hang together). On failure *order may be freed. */
bool nnrt_order_begin(nnrt_order *order, const nnrt_dataset *data, const nnrt_splitting *how,
                      nnrt_failure *failure);
void nnrt_order_free(nnrt_order *order);

/* Draws the order of an epoch, of which nnrt_order_take gives the samples at places
 * place ... place+n-1, all below `learned`. Without shuffling they are in the order of the data. */
void nnrt_order_epoch(nnrt_order *order, uint64_t epoch);
void nnrt_order_take(nnrt_order *order, size_t place, size_t n, size_t *index);

/* The samples held out at places place ... place+n-1, all below `held`, in the data's order. */
void nnrt_order_held(nnrt_order *order, size_t place, size_t n, size_t *index);

#endif
