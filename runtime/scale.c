/* scale.c: the encoding's scales applied to batches. */
#include "data.h"

void nnrt_scale_apply(const nnrt_dataset *data, size_t k, size_t n, void *values) {
  const nnrt_tensor *tensor = &data->tensor[k];
  const double *shift = data->encoding->of ? data->encoding->of[k].scale : NULL;
  if (!shift || tensor->kind != NNRT_REAL) return;
  const double *divisor = shift + tensor->elements;
  for (size_t i = 0; i < n; i++)
    for (size_t e = 0; e < tensor->elements; e++) {
      const size_t at = i * tensor->elements + e;
      if (data->real_bytes == 8)
        ((double *)values)[at] = (((double *)values)[at] - shift[e]) / divisor[e];
      else
        ((float *)values)[at] = (float)(((double)((float *)values)[at] - shift[e]) / divisor[e]);
    }
}
