/* window: blocks of a data set that is too large to be held, some at a time; private to data.c. */
#ifndef NNRT_DATA_WINDOW_H
#define NNRT_DATA_WINDOW_H

#include "source.h"

struct nnrt_window {
  size_t tensors, block, blocks; /* samples of a block; blocks of the data set                */
  size_t slots;                  /* blocks held                                               */
  size_t *slot_of;               /* [blocks]: where it is held; slots: nowhere                */
  size_t *block_in;              /* [slots]: which is held there; blocks: none                */
  size_t next;                   /* the slot that has been held longest                       */
  void **values;                 /* [tensors]: slots x block samples                          */
  void **here;                   /* [tensors]: of one read                                    */
  nnrt_spool spool;
  nnrt_table *table;             /* [tables], owned                                           */
  size_t tables;
};

/* Makes room for as many blocks as `memory` bytes hold, and for two of each lane; the tables
 * and the spool are there. */
bool nnrt_window_begin(nnrt_window *window, nnrt_dataset *data, size_t memory, size_t lanes,
                       nnrt_failure *failure);
/* The slot of a sample's block, which is read where it is not held. */
bool nnrt_window_find(nnrt_window *window, const nnrt_dataset *data, size_t sample, size_t *slot,
                      nnrt_failure *failure);
void nnrt_window_free(nnrt_window *window);

/* Samples first ... first+n-1 of all tensors to to[k]. */
bool nnrt_tables_read(const nnrt_window *window, size_t first, size_t n, void *const *to,
                      nnrt_failure *failure);

#endif
