/* load: what nnrt_data_load has a data set's tables made by; private to data.c. */
#ifndef NNRT_LOAD_H
#define NNRT_LOAD_H

#include "window.h"

/* window->table and data->samples from the files of a request. */
bool nnrt_load_tables(const nnrt_model *model, const nnrt_request *request, nnrt_dataset *data,
                      nnrt_window *window, nnrt_failure *failure);

#endif
