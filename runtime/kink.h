/* kink: places where a loss has a slope to the left and another to the right. */
#ifndef NNRT_KINK_H
#define NNRT_KINK_H

#include "difference.h"

/* Whether the loss has a kink at `element`'s value or too near for central differences, and the
 * gradient is one of the slopes or between them, as where ties are shared. */
int nnrt_is_kink(const nnrt_probe *probe, void *element, double gradient, double allowed);

/* What is to be said of a gradient that central differences contradict. Along the way from one side of the element
 * to the other its average is the difference across it, whatever kinks lie between: KINK where that holds, and the
 * gradient is one of those on the way or between them; a wrong gradient has another average, and DISAGREES. UNSURE
 * where there are kinks, but rounding or their number hides the average. Takes the model's gradients, so those in
 * the block are others afterwards. */
nnrt_verdict nnrt_along_the_way(const nnrt_probe *probe, void *element, double gradient, double allowed);

#endif
