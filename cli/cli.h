/* cli: one description of a command line, turned into its help, its shell completions and its
 * manual page. nncc and the emitted programs both describe themselves by it, so that the three
 * cannot disagree with what is parsed. Knows nothing of compilers and models. */
#ifndef NN_CLI_H
#define NN_CLI_H

#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* argument: NULL, none; "FILE" (also within, as in "TENSOR=FILE"), a path; "bash|zsh", one of
 * these words; anything else is shown as it stands. */
typedef struct nn_cli_option {
  const char *name;     /* "epochs", said as --epochs                                          */
  char letter;          /* 'o': -o says the same; 0: none                                      */
  const char *argument;
  int may_lack;         /* the argument: --derive, or --derive=html                            */
  uint32_t commands;    /* bit k: command k takes it                                           */
  const char *help;     /* a line                                                              */
} nn_cli_option;

typedef struct nn_cli_command {
  const char *name, *help;
  const char *operand;  /* what follows the name, as an option's argument; NULL: nothing       */
} nn_cli_command;

typedef struct nn_cli_section {
  const char *title, *text; /* paragraphs are parted by an empty line; a line that begins with
                               two spaces is shown as it stands                                */
} nn_cli_section;

typedef struct nn_cli {
  const char *program, *version;
  const char *summary;      /* "compile model equations into C"                                */
  const nn_cli_command *command; /* a single one with the name "": a program without commands  */
  size_t commands;
  const nn_cli_option *option;
  size_t options;
  const nn_cli_section *section; /* of the manual page, after the options                      */
  size_t sections;
} nn_cli;

/* ---- usage.c ------------------------------------------------------------------------------ */

/* Commands, a line each (where `only` is negative), and the options of all or one command. */
void nn_cli_print_options(const nn_cli *cli, int only, FILE *to);
/* Is `text` one of the words of "bash|zsh"? */
int nn_cli_is_choice(const char *words, const char *text);

/* ---- completion.c ------------------------------------------------------------------------- */

/* What a shell evaluates, "bash" or "zsh"; 0 for any other. */
int nn_cli_print_completion(const nn_cli *cli, const char *shell, FILE *to);

/* ---- manual.c ----------------------------------------------------------------------------- */

/* A manual page in man(7) macros, section 1. */
void nn_cli_print_manual(const nn_cli *cli, FILE *to);

#ifdef __cplusplus
}
#endif
#endif
