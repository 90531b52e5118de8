/* Each parameter: how its values are spread, and how its gradient went. */
#include "report.h"
#include "stack.h"

#include <math.h>
#include <string.h>

enum { BINS = 32, WIDTH = 240, HEIGHT = 64, MOST_POINTS = 240 };

typedef struct summary {
  double low, high, mean, deviation;
  size_t bin[BINS], largest;
} summary;

static double value_at(const void *values, size_t at, int real_bytes) {
  return real_bytes == (int)sizeof(float) ? (double)((const float *)values)[at]
                                          : ((const double *)values)[at];
}

static summary summarize(const void *values, size_t count, int real_bytes) {
  summary of = {HUGE_VAL, -HUGE_VAL, 0, 0, {0}, 1};
  double squares = 0;
  for (size_t i = 0; i < count; i++) {
    const double value = value_at(values, i, real_bytes);
    of.low = fmin(of.low, value);
    of.high = fmax(of.high, value);
    of.mean += value / (double)count;
  }
  for (size_t i = 0; i < count; i++) {
    const double value = value_at(values, i, real_bytes), off = value - of.mean;
    const double place = of.high > of.low ? (value - of.low) / (of.high - of.low) : 0.5;
    const size_t bin = (size_t)(place * BINS);
    squares += off * off / (double)count;
    of.bin[bin < BINS ? bin : BINS - 1]++;
  }
  for (int k = 0; k < BINS; k++)
    of.largest = of.bin[k] > of.largest ? of.bin[k] : of.largest;
  of.deviation = sqrt(squares);
  return of;
}

static void draw_histogram(FILE *to, const summary *of) {
  const double step = (double)WIDTH / BINS;
  fprintf(to, "<svg class=\"chart\" viewBox=\"0 0 %d %d\" role=\"img\">", WIDTH, HEIGHT + 16);
  for (int k = 0; k < BINS; k++) {
    const double height = HEIGHT * (double)of->bin[k] / (double)of->largest;
    if (of->bin[k] > 0)
      fprintf(to,
              "<rect class=\"bar\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"><title>%zu "
              "from %.3g to %.3g</title></rect>",
              k * step + 0.5, HEIGHT - height, step - 1, fmax(height, 1), of->bin[k],
              of->low + (of->high - of->low) * k / BINS,
              of->low + (of->high - of->low) * (k + 1) / BINS);
  }
  fprintf(
      to,
      "<text x=\"0\" y=\"%d\">%.3g</text><text x=\"%d\" y=\"%d\" text-anchor=\"end\">%.3g</text>"
      "</svg>\n",
      HEIGHT + 13, of->low, WIDTH, HEIGHT + 13, of->high);
}

/* On a logarithmic axis: gradients shrink by orders of magnitude. */
static void draw_gradient(FILE *to, const nnrt_history *history, size_t column) {
  const size_t stride = history->epochs / MOST_POINTS + 1;
  double low = HUGE_VAL, high = 0;
  for (size_t i = 0; i < history->epochs; i++) {
    const double norm = nnrt_history_row(history, i)[column];
    if (norm > 0 && isfinite(norm)) {
      low = fmin(low, norm);
      high = fmax(high, norm);
    }
  }
  if (!(high > 0) || history->epochs < 2)
    return;
  fprintf(
      to,
      "<svg class=\"chart\" viewBox=\"0 -2 %d 44\" role=\"img\"><polyline class=\"test\" points=\"",
      WIDTH);
  for (size_t i = 0; i < history->epochs; i += stride) {
    const double norm = nnrt_history_row(history, i)[column];
    if (norm > 0 && isfinite(norm))
      fprintf(to, "%.1f,%.1f ", WIDTH * (double)i / (double)(history->epochs - 1),
              high > low ? 40 - 40 * log(norm / low) / log(high / low) : 20);
  }
  fprintf(to, "\"/></svg><p class=\"note\">gradient %.3g … %.3g, last %.3g</p>\n", low, high,
          nnrt_history_row(history, history->epochs - 1)[column]);
}

static void show_parameter(FILE *to, const nnrt_trainer *trainer, size_t index, size_t column) {
  const nnrt_model *model = trainer->model;
  const nnrt_tensor *tensor = &model->tensor[index];
  const summary of = summarize(nnrt_locate(model, trainer->block, index), tensor->elements,
                               model->real_bytes);
  fputs("<div class=\"card\"><div><b>", to);
  nnrt_html_text(to, tensor->name);
  fprintf(to, "</b> <span class=\"note\">%s</span></div>\n",
          nnrt_show_shape(tensor->rank, tensor->shape).chars);
  draw_histogram(to, &of);
  fprintf(to, "<p class=\"note\">mean %.3g, deviation %.3g</p>\n", of.mean, of.deviation);
  draw_gradient(to, &trainer->history, column);
  fputs("</div>\n", to);
}

void nnrt_report_layers(FILE *to, const nnrt_trainer *trainer) {
  const nnrt_model *model = trainer->model;
  size_t column = nnrt_gradient_column(model);
  if (model->parameters == 0)
    return;
  fputs("<section><h2>Parameters</h2><p class=\"note\">how their values are spread, and below it "
        "the 2-norm "
        "of the gradient over the epochs (before clipping, on a logarithmic scale)</p>\n<div "
        "class=\"cards layers\">\n",
        to);
  for (size_t i = 0; i < model->tensors; i++)
    if (model->tensor[i].role == NNRT_PARAMETER)
      show_parameter(to, trainer, i, column++);
  fputs("</div></section>\n", to);
}
