/* scale: what is fitted to the samples that are learned from, before training. */
#ifndef NNRT_SCALE_H
#define NNRT_SCALE_H

#include "order.h"

/* Is this a list of inputs to scale: "x, u=minmax", "none"? */
bool nnrt_scale_parse(const nnrt_model *model, const char *text, nnrt_failure *failure);

/* Fits scales and class weights that the encoding does not have yet to what `order` learns from;
 * they hold from the next batch on. scale: nnrt_settings.scale, checked. */
bool nnrt_fit(const nnrt_model *model, const char *scale, const nnrt_dataset *data,
              nnrt_order *order, nnrt_failure *failure);
/* Forgets what was fitted. */
void nnrt_unfit(nnrt_encoding *encoding);

#endif
