/* options: the command line, read once into a struct of plain values. */
#ifndef NNRT_OPTIONS_H
#define NNRT_OPTIONS_H

#include <stdio.h>

#include "fail.h"
#include "nnrt.h"
#include "weights.h"

/* commands.def, as numbers and as bits, so that an option's row can say which commands take it. */
enum {
#define COMMAND(identifier, name, operand, help) NNRT_COMMAND_INDEX_##identifier,
#include "commands.def"
#undef COMMAND
  NNRT_COMMANDS
};
typedef enum nnrt_command {
#define COMMAND(identifier, name, operand, help) \
  NNRT_COMMAND_##identifier = 1 << NNRT_COMMAND_INDEX_##identifier,
#include "commands.def"
#undef COMMAND
  NNRT_COMMAND_NONE = 0
} nnrt_command;

/* options.def; NNRT_OPTION_x is a bit of nnrt_options.given. */
typedef enum nnrt_option {
#define OPTION(identifier, name, argument, commands, kind, member, minimum, help) \
  NNRT_OPTION_##identifier,
#include "options.def"
#undef OPTION
  NNRT_OPTIONS
} nnrt_option;

/* Text is borrowed from argv and from the model. */
typedef struct nnrt_options {
  nnrt_command command;
  int words;              /* of the command line, ...                                         */
  char *const *word;      /* ... as it was given                                              */
  const char *program;    /* the name it was started by, without folders                      */
  const char *operand;    /* what follows the command's name, where the command takes it      */
  uint64_t given;         /* 1 << NNRT_OPTION_x for each option on the command line           */
  nnrt_settings settings; /* the model's, with what the command line says in their place      */
  const char *load, *save, *resume, *output, *log, *plot, *report;
  const char *map_file, *freeze, *format, *prompt;
  double temperature;
  int length, top_k;
  const char **map;       /* rules of --map, in order; the array is owned                     */
  int maps, partial;
  double rate;
  uint64_t save_every;    /* steps; 0: at the end of epochs only                              */
  int memory;             /* megabytes of samples that are held                               */
  int folds;              /* 0: no cross-validation                                           */
  int top;                /* 0: all                                                           */
  int threads, steps, no_shuffle, json, help;
  nnrt_columns *columns;  /* what settings.column points into; owned                         */
  nnrt_file *files;       /* what settings.data and .test point into; owned                   */
  char *restored[NNRT_OPTIONS]; /* texts that came from a checkpoint; owned                   */
} nnrt_options;

bool nnrt_options_parse(const nnrt_model *model, int argc, char **argv, nnrt_options *options,
                        nnrt_failure *failure);
int nnrt_command_place(nnrt_command command); /* its row of commands.def, from 0 */
void nnrt_options_free(nnrt_options *options);
bool nnrt_given(const nnrt_options *options, nnrt_option option);

/* Sets an option to the text that a checkpoint's note of its name holds; no note, no change. */
bool nnrt_option_restore(const nnrt_weights *from, const nnrt_model *model, nnrt_option option,
                         nnrt_options *options, nnrt_failure *failure);

/* ---- help.c ------------------------------------------------------------------------------- */

/* The status of all commands that only describe the command line: help, completion, manual; and
 * what `COMMAND --help` prints. */
int nnrt_command_help(const nnrt_model *model, nnrt_options *options, nnrt_failure *failure);
int nnrt_command_completion(const nnrt_model *model, nnrt_options *options,
                            nnrt_failure *failure);
int nnrt_command_manual(const nnrt_model *model, nnrt_options *options, nnrt_failure *failure);

#endif
