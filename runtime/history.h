/* history: what each epoch came to, and how it is drawn; private to the trainer. */
#ifndef NNRT_HISTORY_H
#define NNRT_HISTORY_H

#include "train.h"

/* A row of trainer->history: flags, rate, loss, M metrics; loss and M metrics of test or holdout;
 * then the 2-norm of each parameter's gradient, the mean over the steps looked at. */
enum { NNRT_ROW_FLAGS, NNRT_ROW_RATE, NNRT_ROW_LOSS, NNRT_ROW_METRICS };
enum { NNRT_HAS_METRICS = 1, NNRT_HAS_TEST = 2 };

size_t nnrt_history_columns(const nnrt_model *model);
size_t nnrt_test_column(const nnrt_model *model);      /* of test's loss; its metrics follow    */
size_t nnrt_gradient_column(const nnrt_model *model);  /* of the first parameter's norm         */
const double *nnrt_history_row(const nnrt_history *history, size_t epoch); /* from 0             */
/* The epoch with the lowest loss, of test where there is one; from 0. */
size_t nnrt_best_epoch(const nnrt_trainer *trainer);

/* ---- chart.c ------------------------------------------------------------------------------ */

/* Curves over the epochs, drawn as the inside of an SVG element. */
typedef struct nnrt_curve {
  const char *name, *style; /* style: a class of nnrt_chart_style */
  size_t column;
  int needs;                /* a flag of the row, 0: none */
} nnrt_curve;

typedef struct nnrt_panel {
  const char *title;
  int curves;
  nnrt_curve curve[2];
} nnrt_panel;

enum { NNRT_PANEL_WIDTH = 480, NNRT_PANEL_HEIGHT = 280 };

/* The loss, each metric, the rate. */
size_t nnrt_panels(const nnrt_model *model);
nnrt_panel nnrt_panel_at(const nnrt_trainer *trainer, size_t index);
void nnrt_draw_panel(FILE *to, const nnrt_trainer *trainer, const nnrt_panel *panel);
/* CSS for what the above draws: colours for light and dark. */
const char *nnrt_chart_style(void);
/* --plot: all panels as one picture. */
bool nnrt_plot(const nnrt_trainer *trainer, nnrt_failure *failure);

#endif
