/* kink: places where a loss has a slope to the left and another to the right. */
#ifndef NNRT_KINK_H
#define NNRT_KINK_H

#include "difference.h"

/* Whether the loss has a kink at `element`'s value or too near for central differences, and the
 * gradient is one of the slopes or between them, as where ties are shared. */
int nnrt_is_kink(const nnrt_probe *probe, void *element, double gradient, double allowed);

#endif
