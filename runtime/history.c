/* Turns the epochs' figures into --log (JSON, a line each) and --plot (an SVG of the losses). */
#include "file.h"
#include "train.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A resumed run adds to its log, another begins it anew. */
bool nnrt_history_begin(nnrt_trainer *trainer, nnrt_failure *failure) {
  const char *path = trainer->options->log;
  trainer->history.first = trainer->epoch + 1;
  if (!path)
    return true;
  trainer->history.log = fopen(path, trainer->options->resume ? "a" : "w");
  if (!trainer->history.log && errno == ENOENT)
    return nnrt_fail(failure, "%s: cannot write: its folder does not exist; make it first", path);
  return trainer->history.log || nnrt_fail_system(failure, path, "write");
}

void nnrt_history_free(nnrt_history *history) {
  if (history->log)
    fclose(history->log);
  free(history->loss);
  free(history->test);
  memset(history, 0, sizeof *history);
}

/* ---- log ---------------------------------------------------------------------------------- */

/* JSON knows no infinity: null stands for it. */
static void add_number(cJSON *to, const char *prefix, const char *name, double value) {
  char key[256];
  snprintf(key, sizeof key, "%s%s", prefix, name);
  if (isfinite(value))
    cJSON_AddNumberToObject(to, key, value);
  else
    cJSON_AddNullToObject(to, key);
}

static cJSON *describe(const nnrt_trainer *trainer, const nnrt_epoch *epoch) {
  const nnrt_model *model = trainer->model;
  char prefix[32];
  cJSON *line = cJSON_CreateObject();
  add_number(line, "", "epoch", (double)epoch->epoch);
  add_number(line, "", "step", (double)epoch->step);
  add_number(line, "", "loss", epoch->loss);
  for (size_t i = 0; epoch->metric && i < model->metrics; i++)
    add_number(line, "", model->metric[i], epoch->metric[i]);
  snprintf(prefix, sizeof prefix, "%s_", trainer->test_name ? trainer->test_name : "");
  if (epoch->test)
    add_number(line, prefix, "loss", epoch->test[0]);
  for (size_t i = 0; epoch->test && i < model->metrics; i++)
    add_number(line, prefix, model->metric[i], epoch->test[1 + i]);
  add_number(line, "", "rate", epoch->rate);
  add_number(line, "", "seconds", epoch->seconds);
  add_number(line, "", "samples_per_s", epoch->samples_per_second);
  return line;
}

static bool log_epoch(nnrt_trainer *trainer, const nnrt_epoch *epoch, nnrt_failure *failure) {
  cJSON *line = describe(trainer, epoch);
  char *text = cJSON_PrintUnformatted(line);
  bool written = text && fprintf(trainer->history.log, "%s\n", text) > 0 &&
                 fflush(trainer->history.log) == 0;
  cJSON_free(text);
  cJSON_Delete(line);
  return written || nnrt_fail_system(failure, trainer->options->log, "write");
}

/* ---- plot --------------------------------------------------------------------------------- */

enum { WIDTH = 640, HEIGHT = 400, LEFT = 64, RIGHT = 16, TOP = 24, BOTTOM = 40 };

typedef struct scale {
  double low, high;
} scale;

static void widen(scale *of, const double *value, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (isfinite(value[i])) {
      of->low = fmin(of->low, value[i]);
      of->high = fmax(of->high, value[i]);
    }
}

static double across(size_t i, size_t count) {
  return LEFT + (WIDTH - LEFT - RIGHT) * (count > 1 ? (double)i / (double)(count - 1) : 0.5);
}

static double down(const scale *of, double value) {
  const double range = of->high > of->low ? of->high - of->low : 1.0;
  return TOP + (HEIGHT - TOP - BOTTOM) * (of->high - value) / range;
}

static void draw_curve(FILE *to, const scale *of, const double *value, size_t count,
                       const char *colour, const char *name, int row) {
  fprintf(to, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" points=\"", colour);
  for (size_t i = 0; i < count; i++)
    if (isfinite(value[i]))
      fprintf(to, "%.1f,%.1f ", across(i, count), down(of, value[i]));
  fprintf(to, "\"/>\n<text x=\"%d\" y=\"%d\" fill=\"%s\">%s</text>\n", WIDTH - 120, TOP + 16 * row,
          colour, name);
}

static void draw(FILE *to, const nnrt_trainer *trainer) {
  const nnrt_history *history = &trainer->history;
  const size_t count = history->epochs;
  scale of = {HUGE_VAL, -HUGE_VAL};
  widen(&of, history->loss, count);
  if (history->has_test)
    widen(&of, history->test, count);
  if (of.low > of.high)
    of.low = of.high = 0.0;
  fprintf(to, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
          "font-family=\"sans-serif\" font-size=\"12\">\n", WIDTH, HEIGHT);
  fprintf(to, "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
          "<path d=\"M%d %dV%dH%d\" fill=\"none\" stroke=\"#444\"/>\n", LEFT, TOP, HEIGHT - BOTTOM,
          WIDTH - RIGHT);
  fprintf(to, "<text x=\"4\" y=\"%d\">%.4g</text>\n<text x=\"4\" y=\"%d\">%.4g</text>\n", TOP + 4,
          of.high, HEIGHT - BOTTOM, of.low);
  fprintf(to, "<text x=\"%d\" y=\"%d\">%llu</text>\n<text x=\"%d\" y=\"%d\" text-anchor=\"end\">"
          "epoch %llu</text>\n", LEFT, HEIGHT - BOTTOM + 20, (unsigned long long)history->first,
          WIDTH - RIGHT, HEIGHT - BOTTOM + 20, (unsigned long long)(history->first + count - 1));
  draw_curve(to, &of, history->loss, count, "#1f77b4", "loss", 0);
  if (history->has_test)
    draw_curve(to, &of, history->test, count, "#d62728",
               trainer->test_name[0] == 't' ? "test loss" : "holdout loss", 1);
  fprintf(to, "</svg>\n");
}

static bool plot(const nnrt_trainer *trainer, nnrt_failure *failure) {
  nnrt_output out;
  if (!nnrt_output_open(&out, trainer->options->plot, failure))
    return false;
  draw(out.stream, trainer);
  return nnrt_output_finish(&out, failure);
}

static bool remember(nnrt_history *history, const nnrt_epoch *epoch, nnrt_failure *failure) {
  if (history->epochs == history->capacity) {
    const size_t capacity = history->capacity ? 2 * history->capacity : 64;
    double *loss = realloc(history->loss, capacity * sizeof *loss);
    history->loss = loss ? loss : history->loss;
    double *test = realloc(history->test, capacity * sizeof *test);
    history->test = test ? test : history->test;
    if (!loss || !test)
      return nnrt_fail(failure, "out of memory");
    history->capacity = capacity;
  }
  history->has_test = epoch->test != NULL;
  history->loss[history->epochs] = epoch->loss;
  history->test[history->epochs++] = epoch->test ? epoch->test[0] : 0.0;
  return true;
}

bool nnrt_history_add(nnrt_trainer *trainer, const nnrt_epoch *epoch, nnrt_failure *failure) {
  if (trainer->history.log && !log_epoch(trainer, epoch, failure))
    return false;
  return !trainer->options->plot ||
         (remember(&trainer->history, epoch, failure) && plot(trainer, failure));
}
