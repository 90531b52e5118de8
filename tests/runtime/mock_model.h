/* Models as nncc would emit them, written by hand, so that the runtime is tested without the
 * compiler; see mock_model.c. */
#ifndef MOCK_MODEL_H
#define MOCK_MODEL_H

#include "nnrt.h"

extern const nnrt_model mock_float_model;
extern const nnrt_model mock_double_model;

#endif
