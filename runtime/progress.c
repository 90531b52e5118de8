/* Turns the trainer's figures into what a person watches: one line that lives on a terminal, one
 * plain line an epoch otherwise. */
#include "train.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

double nnrt_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void nnrt_progress_begin(nnrt_progress *progress) {
  const char *terminal = getenv("TERM");
  progress->terminal = isatty(STDOUT_FILENO) && terminal && strcmp(terminal, "dumb") != 0;
  progress->begun = nnrt_seconds();
  progress->samples = 0;
}

void nnrt_progress_clear(nnrt_progress *progress) {
  if (progress->lines)
    fputs("\r\033[K", stdout);
  progress->lines = 0;
}

/* "12 s", "3:05 min", "2:10 h" */
static const char *duration(double seconds, char *to, size_t bytes) {
  const double whole = seconds < 1e7 ? seconds + 0.5 : 1e7;
  const unsigned long s = (unsigned long)whole;
  if (s < 100)
    snprintf(to, bytes, "%lu s", s);
  else if (s < 6000)
    snprintf(to, bytes, "%lu:%02lu min", s / 60, s % 60);
  else
    snprintf(to, bytes, "%lu:%02lu h", s / 3600, s / 60 % 60);
  return to;
}

static double mean(double sum, double weight) {
  return weight > 0 ? sum / weight : 0.0;
}

enum { LONGEST_LINE = 512, WIDEST_BAR = 24 };

/* Columns of the terminal; 0: not known. */
static size_t terminal_columns(void) {
  struct winsize size;
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

static void add(char *line, const char *format, ...) NNRT_PRINTF_LIKE(2, 3);
static void add(char *line, const char *format, ...) {
  const size_t length = strlen(line);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line + length, LONGEST_LINE - length, format, arguments);
  va_end(arguments);
}

static void describe(const nnrt_trainer *trainer, double now, char *line) {
  const nnrt_progress *progress = &trainer->progress;
  const nnrt_model *model = trainer->model;
  const double *running = trainer->running;
  const int epochs = trainer->options->settings.epochs;
  const double rate = (double)progress->samples / (now - progress->begun + 1e-9);
  const double left = (epochs - (double)trainer->epoch) * (double)trainer->used -
                      running[NNRT_RUNNING_SAMPLES];
  char time_left[32];
  line[0] = '\0';
  add(line, " epoch %llu/%d  loss %.4g", (unsigned long long)trainer->epoch + 1, epochs,
      mean(running[NNRT_RUNNING_LOSS], running[NNRT_RUNNING_SAMPLES]));
  for (size_t i = 0; i < model->metrics && running[NNRT_RUNNING_METRIC_SAMPLES] > 0; i++)
    add(line, "  %s %.4g", model->metric[i],
        running[NNRT_RUNNING_METRICS + i] / running[NNRT_RUNNING_METRIC_SAMPLES]);
  add(line, "  %.0f samples/s  %s left", rate,
      duration(left / (rate + 1e-9), time_left, sizeof time_left));
}

/* Cuts the line so that it does not wrap, between characters; says how long the bar may be. */
static size_t fit(char *line, size_t columns) {
  size_t length = strlen(line);
  if (columns == 0)
    return WIDEST_BAR;
  if (length >= columns) {
    for (length = columns - 1; length > 0 && ((unsigned char)line[length] & 0xc0) == 0x80;)
      length--;
    line[length] = '\0';
  }
  const size_t room = columns - 1 - length;
  return room < WIDEST_BAR ? room : WIDEST_BAR;
}

static void print_live(nnrt_trainer *trainer, double now) {
  nnrt_progress *progress = &trainer->progress;
  const double share = (double)trainer->position / (double)trainer->steps;
  char bar[WIDEST_BAR + 1], line[LONGEST_LINE];
  describe(trainer, now, line);
  const size_t width = fit(line, terminal_columns());
  const size_t full = (size_t)(share * (double)width);
  for (size_t i = 0; i < width; i++)
    bar[i] = i < full ? '#' : '.';
  bar[width] = '\0';
  printf("\r\033[K%s%s", bar, line);
  fflush(stdout);
  progress->lines = 1;
  progress->shown = now;
}

void nnrt_progress_step(nnrt_trainer *trainer, size_t samples) {
  nnrt_progress *progress = &trainer->progress;
  progress->samples += samples;
  if (!progress->terminal)
    return;
  double now = nnrt_seconds();
  if (now - progress->shown > 0.1)
    print_live(trainer, now);
}

void nnrt_progress_epoch(nnrt_trainer *trainer, const nnrt_epoch *epoch) {
  const nnrt_model *model = trainer->model;
  nnrt_progress_clear(&trainer->progress);
  printf("epoch %llu/%d  loss %.6g", (unsigned long long)epoch->epoch,
         trainer->options->settings.epochs, epoch->loss);
  for (size_t i = 0; epoch->metric && i < model->metrics; i++)
    printf("  %s %.6g", model->metric[i], epoch->metric[i]);
  if (epoch->test)
    printf("  %s loss %.6g", trainer->test_name, epoch->test[0]);
  for (size_t i = 0; epoch->test && i < model->metrics; i++)
    printf("  %s %s %.6g", trainer->test_name, model->metric[i], epoch->test[1 + i]);
  printf("  %.0f samples/s\n", epoch->samples_per_second);
  fflush(stdout);
}
