/* options_table: the rows of commands.def and options.def; private to options.c, value.c and
 * help.c. */
#ifndef NNRT_OPTIONS_TABLE_H
#define NNRT_OPTIONS_TABLE_H

#include "options.h"

typedef enum nnrt_option_kind {
  FLAG,      /* int, 1 where it stands                                                        */
  COUNT,     /* int, from the row's minimum on                                                */
  LONG,      /* uint64_t, from the row's minimum on                                           */
  NUMBER,    /* double, from the row's minimum on                                             */
  HOLDOUT,   /* double, 0 <= x < 1, or whole                                                  */
  TEXT,      /* const char *                                                                  */
  CHOICE,    /* const char *, one of the words of the argument                                */
  SCHEDULE,  /* const char *, checked                                                         */
  AVERAGE,   /* the same                                                                      */
  DECAY,     /* the same                                                                      */
  OPTIMIZER, /* settings.optimizer and .hyperparameter                                        */
  MAP,       /* one more of options->map                                                      */
  DATA_FILE, /* FILE or TENSOR=FILE                                                           */
  TEST_FILE,
  COLUMNS_OF, /* TENSOR=NAMES                                                                 */
  SCALE_OF,   /* const char *, checked                                                        */
  WEIGHTS_OF  /* the same                                                                     */
} nnrt_option_kind;

typedef struct nnrt_option_row {
  const char *name, *argument; /* argument NULL: none                                         */
  unsigned commands;
  nnrt_option_kind kind;
  size_t offset;               /* of where the value goes, in nnrt_options                    */
  double minimum;
  const char *help;
} nnrt_option_row;

typedef struct nnrt_command_row {
  const char *name, *operand, *help;
} nnrt_command_row;

extern const nnrt_option_row nnrt_option_rows[NNRT_OPTIONS];
extern const nnrt_command_row nnrt_command_rows[NNRT_COMMANDS]; /* row k: command 1 << k */

/* ---- value.c ------------------------------------------------------------------------------ */

/* Puts the text of an option's value where it belongs. Data files fill options->files from the
 * front, test files from the back; it has room for `files`. */
bool nnrt_option_set(nnrt_option option, const nnrt_model *model, const char *text, int files,
                     nnrt_options *options, nnrt_failure *failure);

#endif
