/* Models as nncc would emit them, written by hand, so that the runtime is tested without the
 * compiler; see mock_model.c and mock_stream.c. */
#ifndef MOCK_MODEL_H
#define MOCK_MODEL_H

#include "nnrt.h"

extern const nnrt_model mock_float_model;
extern const nnrt_model mock_double_model;
extern const nnrt_model mock_stream_model;

/* ---- mock_faults.c ---- */

typedef enum mock_fault {
  MOCK_SIGN,    /* b1's gradient negated                                   */
  MOCK_MISSING, /* W2[1, 2]'s gradient 0                                   */
  MOCK_FACTOR,  /* W1's gradient times 1.001, in float 1.05                */
  MOCK_SUM,     /* double only: summed over the batch, not averaged        */
  MOCK_NO_FAULT
} mock_fault;

nnrt_model mock_with_fault(mock_fault fault, int real_bytes);

#endif
