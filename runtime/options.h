/* options: the command line, read once into a struct of plain values. */
#ifndef NNRT_OPTIONS_H
#define NNRT_OPTIONS_H

#include <stdio.h>

#include "fail.h"
#include "nnrt.h"
#include "weights.h"

/* Bits, so that an option's row can say which commands take it. */
typedef enum nnrt_command {
  NNRT_COMMAND_TRAIN = 1,
  NNRT_COMMAND_TEST = 2,
  NNRT_COMMAND_PREDICT = 4,
  NNRT_COMMAND_GRAD = 8,
  NNRT_COMMAND_CHECK = 16,
  NNRT_COMMAND_BENCH = 32,
  NNRT_COMMAND_INFO = 64,
  NNRT_COMMAND_HELP = 128
} nnrt_command;

/* In the order of the rows of options.c; NNRT_OPTION_x is a bit of nnrt_options.given. */
typedef enum nnrt_option {
  NNRT_OPTION_DATA, NNRT_OPTION_TEST, NNRT_OPTION_HOLDOUT, NNRT_OPTION_EPOCHS, NNRT_OPTION_BATCH,
  NNRT_OPTION_OPTIMIZER, NNRT_OPTION_RATE, NNRT_OPTION_SCHEDULE, NNRT_OPTION_CLIP,
  NNRT_OPTION_DECAY, NNRT_OPTION_PATIENCE, NNRT_OPTION_NO_SHUFFLE, NNRT_OPTION_SEED,
  NNRT_OPTION_THREADS, NNRT_OPTION_LOAD, NNRT_OPTION_SAVE, NNRT_OPTION_SAVE_EVERY,
  NNRT_OPTION_RESUME, NNRT_OPTION_OUTPUT, NNRT_OPTION_LOG, NNRT_OPTION_PLOT, NNRT_OPTION_STEPS,
  NNRT_OPTION_JSON, NNRT_OPTION_HELP,
  NNRT_OPTIONS
} nnrt_option;

/* Text is borrowed from argv and from the model. */
typedef struct nnrt_options {
  nnrt_command command;
  uint32_t given;         /* 1 << NNRT_OPTION_x for each option on the command line           */
  nnrt_settings settings; /* the model's, with what the command line says in their place      */
  const char *load, *save, *resume, *output, *log, *plot;
  double rate;
  uint64_t save_every;    /* steps; 0: at the end of epochs only                              */
  int threads, steps, no_shuffle, json, help;
  nnrt_file *files;       /* what settings.data and .test point into; owned                   */
  char *restored;         /* a text that came from a checkpoint; owned                        */
} nnrt_options;

bool nnrt_options_parse(const nnrt_model *model, int argc, char **argv, nnrt_options *options,
                        nnrt_failure *failure);
void nnrt_options_free(nnrt_options *options);
bool nnrt_given(const nnrt_options *options, nnrt_option option);

/* Sets an option to the text that a checkpoint's note of its name holds; no note, no change. */
bool nnrt_option_restore(const nnrt_weights *from, const nnrt_model *model, nnrt_option option,
                         nnrt_options *options, nnrt_failure *failure);

/* Commands and options, one a line; command 0: all of them. */
void nnrt_print_usage(const nnrt_model *model, const char *program, nnrt_command command,
                      FILE *stream);

#endif
