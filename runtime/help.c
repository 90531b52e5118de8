/* help: turns the rows of commands.def and options.def into what describes them: --help, shell
 * completions, the manual page. */
#include "cli.h"
#include "options_table.h"

#define EXIT_STATUS                                                                               \
  "0 after success.\n\n"                                                                          \
  "1 where check fails, or training meets a loss that is not finite.\n\n"                         \
  "2 after a bad command, option, file or value, with one line on standard error that names the " \
  "place and the remedy. Nothing that was saved before is lost.\n\n"                              \
  "130 where Ctrl-C or SIGTERM ended training early, after the step and after saving.\n"

static const nn_cli_section sections[] = {
  {"Description",
   "A program that nncc made of a model: it trains, tests and predicts, and checks its own "
   "gradients. What the command line leaves out is as the model's train { } says; info shows "
   "it.\n"},
  {"Exit status", EXIT_STATUS},
  {"Files",
   "Weights and checkpoints are safetensors files: one tensor for each parameter, named as in the "
   "model. What else they hold has a name that begins with @. A file is written beside its name "
   "and renamed, so it is there whole or not at all.\n\n"
   "Data is CSV, .npy, IDX or text, each also gzipped.\n"},
  {"Environment",
   "NNRT_BLAS chooses what computes large products: none (own loops), openblas, or the path of a "
   "library with a CBLAS interface.\n"},
  {"See also", "nncc(1)\n"},
};

/* The description that cli.h asks for; row and command arrays are the caller's. */
static nn_cli describe(const char *program, nn_cli_command *command, nn_cli_option *option) {
  const nn_cli cli = {
    program, "nncc", "train, test and use a model made by nncc", command, NNRT_COMMANDS, option,
    NNRT_OPTIONS, sections, sizeof sections / sizeof sections[0]};
  for (int k = 0; k < NNRT_COMMANDS; k++) {
    const nnrt_command_row *row = &nnrt_command_rows[k];
    command[k] = (nn_cli_command){row->name, row->help, row->operand};
  }
  for (int k = 0; k < NNRT_OPTIONS; k++) {
    const nnrt_option_row *row = &nnrt_option_rows[k];
    const char letter = k == NNRT_OPTION_OUTPUT ? 'o' : k == NNRT_OPTION_HELP ? 'h' : '\0';
    option[k] = (nn_cli_option){row->name, letter, row->argument, 0, row->commands, row->help};
  }
  return cli;
}

int nnrt_command_help(const nnrt_model *model, nnrt_options *options, nnrt_failure *failure) {
  nn_cli_command command[NNRT_COMMANDS];
  nn_cli_option option[NNRT_OPTIONS];
  const nn_cli cli = describe(options->program, command, option);
  const int only = options->command == NNRT_COMMAND_HELP ? -1
                                                         : nnrt_command_place(options->command);
  (void)failure;
  printf("usage: %s %s [options]        (model %s, %s)\n\n", options->program,
         only < 0 ? "COMMAND" : command[only].name, model->name,
         model->real_bytes == 8 ? "double" : "float");
  nn_cli_print_options(&cli, only, stdout);
  printf("\nWhat is left out is as the model's `train` says. Exit status: 0; 1 where check fails "
         "or the\nloss is not finite; 2 after a bad command, file or value; 130 after Ctrl-C.\n");
  return 0;
}

int nnrt_command_completion(const nnrt_model *model, nnrt_options *options,
                            nnrt_failure *failure) {
  nn_cli_command command[NNRT_COMMANDS];
  nn_cli_option option[NNRT_OPTIONS];
  const nn_cli cli = describe(options->program, command, option);
  (void)model;
  if (nn_cli_print_completion(&cli, options->operand, stdout))
    return 0;
  nnrt_fail(failure, "completion: '%s' is not a shell that is known: bash and zsh are",
            options->operand);
  return 2;
}

int nnrt_command_manual(const nnrt_model *model, nnrt_options *options, nnrt_failure *failure) {
  nn_cli_command command[NNRT_COMMANDS];
  nn_cli_option option[NNRT_OPTIONS];
  const nn_cli cli = describe(options->program, command, option);
  (void)model;
  (void)failure;
  nn_cli_print_manual(&cli, stdout);
  return 0;
}
