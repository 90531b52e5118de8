/* Turns the epochs' figures into curves: the panels of --plot and --report. */
#include "history.h"
#include "file.h"

#include <math.h>

enum {
  WIDTH = NNRT_PANEL_WIDTH, HEIGHT = NNRT_PANEL_HEIGHT,
  LEFT = 56, RIGHT = 14, TOP = 34, BOTTOM = 30,
  MOST_POINTS = 600, /* more than a curve has pixels */
  HINTS = 120        /* curves of no more points say their values under the pointer */
};

const char *nnrt_chart_style(void) {
  return ".chart{--ink:#1f2937;--faint:#6b7280;--grid:#e5e7eb;--train:#2563eb;--test:#c2410c;"
         "font:12px system-ui,sans-serif}\n"
         "@media(prefers-color-scheme:dark){.chart{--ink:#e5e7eb;--faint:#9ca3af;--grid:#374151;"
         "--train:#7dabff;--test:#ff9d5c}}\n"
         ".chart text{fill:var(--faint)}.chart "
         ".title{fill:var(--ink);font-weight:600;font-size:13px}"
         "@media(max-width:500px){.chart text,.chart .title{font-size:14px}}"
         ".chart .grid{stroke:var(--grid);stroke-width:1}.chart .best{stroke:var(--faint);"
         "stroke-dasharray:3 3}.chart polyline{fill:none;stroke-width:2;stroke-linejoin:round}"
         ".chart circle{stroke:none}.chart polyline.train{stroke:var(--train)}"
         ".chart polyline.test{stroke:var(--test)}.chart text.train,.chart circle.train{"
         "fill:var(--train)}.chart text.test,.chart circle.test{fill:var(--test)}"
         ".chart .hint{fill-opacity:0}.chart .hint:hover{fill-opacity:1}\n";
}

/* ---- panels -------------------------------------------------------------------------------- */

size_t nnrt_panels(const nnrt_model *model) {
  return 2 + model->metrics;
}

nnrt_panel nnrt_panel_at(const nnrt_trainer *trainer, size_t index) {
  const nnrt_model *model = trainer->model;
  const char *test = trainer->test_name ? trainer->test_name : "test";
  const bool rate = index > model->metrics;
  const int needs = index > 0 ? NNRT_HAS_METRICS : 0;
  nnrt_panel panel = {"loss", 2, {{"training", "train", NNRT_ROW_LOSS + index, needs},
                                  {test, "test", nnrt_test_column(model) + index, NNRT_HAS_TEST}}};
  if (index > 0)
    panel.title = rate ? "rate" : model->metric[index - 1];
  if (rate) {
    panel.curves = 1;
    panel.curve[0].needs = 0;
    panel.curve[0].column = NNRT_ROW_RATE;
  }
  return panel;
}

/* ---- axes ---------------------------------------------------------------------------------- */

typedef struct axis {
  double low, high;
  bool logarithmic;
} axis;

static bool has(const double *row, const nnrt_curve *curve) {
  return (curve->needs == 0 || ((int)row[NNRT_ROW_FLAGS] & curve->needs) != 0) &&
         isfinite(row[curve->column]);
}

static bool stands_out(const nnrt_history *history, const nnrt_curve *curve) {
  for (size_t i = 0; i < history->epochs; i++)
    if (has(nnrt_history_row(history, i), curve))
      return true;
  return false;
}

/* Does a curve come below `bound` before its last quarter? A rate that falls to 0 at the very end
 * is shown best as it is. */
static bool shrinks(const nnrt_history *history, const nnrt_panel *panel, double bound) {
  bool found = false;
  for (int k = 0; k < panel->curves; k++)
    for (size_t i = 0; i < history->epochs - history->epochs / 4; i++) {
      const double *row = nnrt_history_row(history, i);
      found = found || (has(row, &panel->curve[k]) && i > history->epochs / 4 &&
                        row[panel->curve[k].column] < bound);
    }
  return found;
}

/* The range of all curves; logarithmic where one falls by more than a factor of 50. */
static axis fit(const nnrt_history *history, const nnrt_panel *panel) {
  axis of = {HUGE_VAL, -HUGE_VAL, false};
  for (int k = 0; k < panel->curves; k++)
    for (size_t i = 0; i < history->epochs; i++) {
      const double *row = nnrt_history_row(history, i);
      if (!has(row, &panel->curve[k]))
        continue;
      of.low = fmin(of.low, row[panel->curve[k].column]);
      of.high = fmax(of.high, row[panel->curve[k].column]);
    }
  if (of.low > of.high)
    of.low = of.high = 0;
  of.logarithmic = of.low > 0 && shrinks(history, panel, of.high / 50);
  if (of.high - of.low <= 1e-9 * fabs(of.high)) {
    of.low -= of.low > 0 ? 0.1 * of.low : 1;
    of.high += of.high > 0 ? 0.1 * of.high : 1;
  }
  return of;
}

static double down(const axis *of, double value) {
  const double share = of->logarithmic ? log(value / of->low) / log(of->high / of->low)
                                       : (value - of->low) / (of->high - of->low);
  return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share;
}

static double across(size_t epoch, size_t epochs) {
  return LEFT + (WIDTH - LEFT - RIGHT) * (epochs > 1 ? (double)epoch / (double)(epochs - 1) : 0.5);
}

/* 1, 2 or 5 times a power of ten, so that there are about `ticks` in the range. */
static double tick_step(double range, double ticks) {
  const double rough = range / ticks, power = pow(10, floor(log10(rough))), lead = rough / power;
  return power * (lead < 1.5 ? 1 : lead < 3.5 ? 2 : lead < 7.5 ? 5 : 10);
}

static void draw_tick(FILE *to, const axis *of, double value) {
  const double y = down(of, value);
  fprintf(to, "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" "
          "text-anchor=\"end\">%.4g</text>\n", LEFT, y, WIDTH - RIGHT, LEFT - 6, y + 4,
          fabs(value) < 1e-12 * (of->high - of->low) ? 0 : value);
}

static void draw_scale(FILE *to, const axis *of) {
  if (of->logarithmic) {
    const double step = fmax(1, ceil(log10(of->high / of->low) / 5));
    for (double e = ceil(log10(of->low)); e <= log10(of->high); e += step)
      draw_tick(to, of, pow(10, e));
    return;
  }
  const double step = tick_step(of->high - of->low, 5);
  for (double value = ceil(of->low / step) * step; value <= of->high; value += step)
    draw_tick(to, of, value);
}

static void draw_epochs(FILE *to, size_t epochs) {
  const double step = fmax(1, tick_step((double)epochs, 6));
  for (double epoch = epochs > 1 ? step : 1; epoch <= (double)epochs; epoch += step)
    fprintf(to, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.0f</text>\n",
            across((size_t)epoch - 1, epochs), HEIGHT - 10, epoch);
}

/* ---- curves -------------------------------------------------------------------------------- */

static void draw_hints(FILE *to, const nnrt_history *history, const axis *of,
                       const nnrt_curve *curve) {
  const bool alone = history->epochs == 1;
  for (size_t i = 0; i < history->epochs && history->epochs <= HINTS; i++) {
    const double *row = nnrt_history_row(history, i);
    if (has(row, curve))
      fprintf(to, "<circle class=\"%s%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"><title>epoch %zu: %s %.6g"
              "</title></circle>\n", curve->style, alone ? "" : " hint",
              across(i, history->epochs), down(of, row[curve->column]), i + 1, curve->name,
              row[curve->column]);
  }
}

static void draw_curve(FILE *to, const nnrt_history *history, const axis *of,
                       const nnrt_curve *curve) {
  const size_t stride = history->epochs / MOST_POINTS + 1;
  fprintf(to, "<polyline class=\"%s\" points=\"", curve->style);
  for (size_t i = (history->epochs - 1) % stride; i < history->epochs; i += stride) {
    const double *row = nnrt_history_row(history, i);
    if (has(row, curve))
      fprintf(to, "%.1f,%.1f ", across(i, history->epochs), down(of, row[curve->column]));
  }
  fprintf(to, "\"/>\n");
  draw_hints(to, history, of, curve);
}

void nnrt_draw_panel(FILE *to, const nnrt_trainer *trainer, const nnrt_panel *panel) {
  const nnrt_history *history = &trainer->history;
  const axis of = fit(history, panel);
  const double best = across(nnrt_best_epoch(trainer), history->epochs);
  int legend = WIDTH - RIGHT;
  fprintf(to, "<text class=\"title\" x=\"%d\" y=\"18\">%s</text>\n", LEFT, panel->title);
  draw_scale(to, &of);
  draw_epochs(to, history->epochs);
  if (history->epochs > 1)
    fprintf(to, "<path class=\"best\" d=\"M%.1f %dV%d\"><title>the lowest loss</title></path>\n",
            best, TOP, HEIGHT - BOTTOM);
  for (int k = panel->curves; k-- > 0;) {
    const nnrt_curve *curve = &panel->curve[k];
    if (!stands_out(history, curve))
      continue;
    draw_curve(to, history, &of, curve);
    fprintf(to, "<text class=\"%s\" x=\"%d\" y=\"18\" text-anchor=\"end\">%s</text>\n",
            curve->style, legend, panel->curves > 1 ? curve->name : "");
    legend -= 70;
  }
}

/* ---- --plot -------------------------------------------------------------------------------- */

static void draw_all(FILE *to, const nnrt_trainer *trainer) {
  const size_t panels = nnrt_panels(trainer->model), columns = panels > 2 ? 2 : 1;
  const size_t rows = (panels + columns - 1) / columns;
  const int width = (int)columns * WIDTH, height = (int)rows * HEIGHT;
  fprintf(
      to,
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" width=\"%d\" height=\"%d\" "
      "viewBox=\"0 0 %d %d\">\n<style>%s.paper{fill:#fff}@media(prefers-color-scheme:dark)"
      "{.paper{fill:#111827}}</style>\n<rect class=\"paper\" width=\"100%%\" height=\"100%%\"/>\n",
      width, height, width, height, nnrt_chart_style());
  for (size_t k = 0; k < panels; k++) {
    const nnrt_panel panel = nnrt_panel_at(trainer, k);
    fprintf(to, "<g transform=\"translate(%d %d)\">\n", (int)(k % columns) * WIDTH,
            (int)(k / columns) * HEIGHT);
    nnrt_draw_panel(to, trainer, &panel);
    fprintf(to, "</g>\n");
  }
  fprintf(to, "</svg>\n");
}

bool nnrt_plot(const nnrt_trainer *trainer, nnrt_failure *failure) {
  nnrt_output out;
  if (trainer->history.epochs == 0)
    return true;
  if (!nnrt_output_open(&out, trainer->options->plot, failure))
    return false;
  draw_all(out.stream, trainer);
  return nnrt_output_finish(&out, failure);
}
