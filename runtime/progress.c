/* Turns the trainer's figures into what a person watches: one line that lives on a terminal, one
 * plain line an epoch otherwise. */
#include "train.h"

#include <stdlib.h>
#include <string.h>
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

static void print_live(nnrt_trainer *trainer, double now) {
  enum { WIDTH = 24 };
  nnrt_progress *progress = &trainer->progress;
  const double *running = trainer->running;
  const double epochs = (double)trainer->options->settings.epochs;
  const double share = (double)trainer->position / (double)trainer->steps;
  const double rate = (double)progress->samples / (now - progress->begun + 1e-9);
  const double left = ((epochs - (double)trainer->epoch) * (double)trainer->steps -
                       (double)trainer->position) * (double)trainer->batch / (rate + 1e-9);
  char bar[WIDTH + 1], time_left[32];
  const int full = (int)(share * WIDTH);
  for (int i = 0; i < WIDTH; i++)
    bar[i] = i < full ? '#' : '.';
  bar[WIDTH] = '\0';
  printf("\r\033[K%s epoch %llu/%d  loss %.4g", bar, (unsigned long long)trainer->epoch + 1,
         trainer->options->settings.epochs,
         mean(running[NNRT_RUNNING_LOSS], running[NNRT_RUNNING_SAMPLES]));
  if (trainer->model->metrics > 0 && running[NNRT_RUNNING_METRIC_SAMPLES] > 0)
    printf("  %s %.4g", trainer->model->metric[0],
           running[NNRT_RUNNING_METRICS] / running[NNRT_RUNNING_METRIC_SAMPLES]);
  printf("  %.0f samples/s  %s left", rate, duration(left, time_left, sizeof time_left));
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
