/* scale: what is fitted to the samples that are learned from, before training. */
#ifndef NNRT_SCALE_H
#define NNRT_SCALE_H

#include "order.h"

/* Is this a list of inputs to scale: "x, u=minmax", "none"? */
bool nnrt_scale_parse(const nnrt_model *model, const char *text, nnrt_failure *failure);

/* Fits scales and class weights that the encoding does not have yet to what `order` learns from;
 * they hold from the next batch on. Of the settings scale and class_weights, checked. */
bool nnrt_fit(const nnrt_model *model, const nnrt_settings *settings, const nnrt_dataset *data,
              nnrt_order *order, nnrt_failure *failure);
/* Forgets what came with weights, to be fitted anew. */
void nnrt_encoding_forget(nnrt_encoding *encoding, bool scales, bool weights);
/* Forgets what was fitted. */
void nnrt_unfit(nnrt_encoding *encoding);

/* ---- weigh.c ------------------------------------------------------------------------------ */

/* Can these be nnrt_settings.class_weights? Whether words are classes only data tells. */
bool nnrt_weights_parse(const nnrt_model *model, const char *text, nnrt_failure *failure);
/* Do they depend on how often each class occurs? */
bool nnrt_weights_counted(const char *text);
/* From how often each class occurs to its weight. */
void nnrt_weights_balance(double *counted, size_t classes);
/* Those of the text to the encoding of what is weighed. */
bool nnrt_weights_take(const char *text, const nnrt_dataset *data, nnrt_failure *failure);

#endif
