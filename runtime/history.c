/* Keeps the epochs' figures, and turns them into --log (JSON, a line each). */
#include "history.h"
#include "file.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- rows --------------------------------------------------------------------------------- */

size_t nnrt_test_column(const nnrt_model *model) {
  return NNRT_ROW_METRICS + model->metrics;
}

size_t nnrt_gradient_column(const nnrt_model *model) {
  return nnrt_test_column(model) + 1 + model->metrics;
}

size_t nnrt_history_columns(const nnrt_model *model) {
  return nnrt_gradient_column(model) + model->parameters;
}

const double *nnrt_history_row(const nnrt_history *history, size_t epoch) {
  return history->row + epoch * history->columns;
}

bool nnrt_history_reserve(nnrt_history *history, size_t epochs, nnrt_failure *failure) {
  if (epochs <= history->capacity)
    return true;
  const size_t capacity = 2 * epochs + 64;
  double *row = realloc(history->row, capacity * history->columns * sizeof *row);
  history->row = row ? row : history->row;
  double *seconds = realloc(history->seconds, capacity * sizeof *seconds);
  history->seconds = seconds ? seconds : history->seconds;
  history->capacity = row && seconds ? capacity : history->capacity;
  return (row && seconds) || nnrt_fail(failure, "out of memory for %zu epochs", epochs);
}

size_t nnrt_best_epoch(const nnrt_trainer *trainer) {
  const nnrt_history *history = &trainer->history;
  size_t best = 0;
  double least = HUGE_VAL;
  for (size_t i = 0; i < history->epochs; i++) {
    const double *row = nnrt_history_row(history, i);
    const bool test = ((int)row[NNRT_ROW_FLAGS] & NNRT_HAS_TEST) != 0;
    const double loss = row[test ? nnrt_test_column(trainer->model) : NNRT_ROW_LOSS];
    if (loss < least) {
      least = loss;
      best = i;
    }
  }
  return best;
}

static bool remember(nnrt_trainer *trainer, const nnrt_epoch *epoch, nnrt_failure *failure) {
  const nnrt_model *model = trainer->model;
  nnrt_history *history = &trainer->history;
  if (!nnrt_history_reserve(history, history->epochs + 1, failure))
    return false;
  double *row = history->row + history->epochs * history->columns;
  memset(row, 0, history->columns * sizeof *row);
  row[NNRT_ROW_FLAGS] = (epoch->metric ? NNRT_HAS_METRICS : 0) + (epoch->test ? NNRT_HAS_TEST : 0);
  row[NNRT_ROW_RATE] = epoch->rate;
  row[NNRT_ROW_LOSS] = epoch->loss;
  if (epoch->metric)
    memcpy(row + NNRT_ROW_METRICS, epoch->metric, model->metrics * sizeof *row);
  if (epoch->test)
    memcpy(row + nnrt_test_column(model), epoch->test, (1 + model->metrics) * sizeof *row);
  memcpy(row + nnrt_gradient_column(model), epoch->gradient, model->parameters * sizeof *row);
  history->seconds[history->epochs++] = epoch->seconds;
  return true;
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

static bool log_epoch(const nnrt_trainer *trainer, const nnrt_epoch *epoch,
                      nnrt_failure *failure) {
  cJSON *line = describe(trainer, epoch);
  char *text = cJSON_PrintUnformatted(line);
  errno = 0;
  bool written = text && fprintf(trainer->history.log, "%s\n", text) > 0 &&
                 fflush(trainer->history.log) == 0;
  cJSON_free(text);
  cJSON_Delete(line);
  return written || nnrt_fail_system(failure, trainer->options->log, "write");
}

/* The epoch of a line of the log; 0 where it is none. */
static double logged_epoch(const char *line) {
  cJSON *parsed = cJSON_Parse(line);
  const cJSON *epoch = cJSON_GetObjectItemCaseSensitive(parsed, "epoch");
  const double number = cJSON_IsNumber(epoch) && epoch->valuedouble >= 1 ? epoch->valuedouble : 0;
  cJSON_Delete(parsed);
  return number;
}

/* The log of a run that goes on ends where its checkpoint was saved: later lines, and one that was
 * cut short, are taken off. */
static bool keep_until(FILE *log, const char *path, uint64_t epoch, nnrt_failure *failure) {
  char *line = NULL;
  size_t room = 0;
  ssize_t length;
  off_t end = 0;
  bool known = true;
  for (size_t number = 1; known && (length = getline(&line, &room, log)) > 0; number++) {
    const double found = logged_epoch(line);
    if (line[length - 1] != '\n' || found > (double)epoch)
      break;
    known = found > 0 || nnrt_fail(failure, "%s: line %zu is not of a training log: choose another "
                                   "--log", path, number);
    end += length;
  }
  free(line);
  if (!known)
    return false;
  return (fseeko(log, end, SEEK_SET) == 0 && ftruncate(fileno(log), end) == 0) ||
         errno == EINVAL || errno == ESPIPE || nnrt_fail_system(failure, path, "write");
}

static bool begin_log(nnrt_trainer *trainer, nnrt_failure *failure) {
  const char *path = trainer->options->log;
  const bool goes_on = trainer->options->resume && access(path, F_OK) == 0;
  trainer->history.log = fopen(path, goes_on ? "r+" : "w");
  if (!trainer->history.log && errno == ENOENT)
    return nnrt_fail(failure, "%s: cannot write: its folder does not exist; make it first", path);
  if (!trainer->history.log)
    return nnrt_fail_system(failure, path, "write");
  return !goes_on || keep_until(trainer->history.log, path, trainer->epoch, failure);
}

/* ---- the whole ----------------------------------------------------------------------------- */

bool nnrt_history_begin(nnrt_trainer *trainer, nnrt_failure *failure) {
  trainer->history.first = trainer->history.epochs;
  return !trainer->options->log || begin_log(trainer, failure);
}

void nnrt_history_free(nnrt_history *history) {
  if (history->log)
    fclose(history->log);
  free(history->row);
  free(history->seconds);
  memset(history, 0, sizeof *history);
}

/* A plot a second is enough to look at, and does not slow short epochs. */
bool nnrt_history_add(nnrt_trainer *trainer, const nnrt_epoch *epoch, nnrt_failure *failure) {
  nnrt_history *history = &trainer->history;
  if (!remember(trainer, epoch, failure) ||
      (history->log && !log_epoch(trainer, epoch, failure)))
    return false;
  if (!trainer->options->plot || nnrt_seconds() - history->drawn < 1)
    return true;
  history->drawn = nnrt_seconds();
  return nnrt_plot(trainer, failure);
}
