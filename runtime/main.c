/* Turns the command line of an emitted program into one command's work and an exit status. */
#include "session.h"

#include <string.h>

typedef int command_function(const nnrt_model *model, nnrt_options *options,
                             nnrt_failure *failure);

typedef struct command_row {
  nnrt_command command;
  command_function *run;
} command_row;

static const command_row commands[] = {
  {NNRT_COMMAND_TRAIN, nnrt_command_train}, {NNRT_COMMAND_TEST, nnrt_command_test},
  {NNRT_COMMAND_PREDICT, nnrt_command_predict}, {NNRT_COMMAND_GRAD, nnrt_command_grad},
  {NNRT_COMMAND_CHECK, nnrt_command_check}, {NNRT_COMMAND_BENCH, nnrt_command_bench},
  {NNRT_COMMAND_INFO, nnrt_command_info},
};

static int run(const nnrt_model *model, nnrt_options *options, const char *program,
               nnrt_failure *failure) {
  if (options->help || options->command == NNRT_COMMAND_HELP) {
    nnrt_print_usage(model, program, options->command, stdout);
    return 0;
  }
  for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
    if (commands[i].command == options->command)
      return commands[i].run(model, options, failure);
  return 2;
}

/* A full disk or a closed pipe shows when standard output is flushed. */
static int finish_output(int status, nnrt_failure *failure) {
  if ((fflush(stdout) != 0 || ferror(stdout)) && status == 0) {
    nnrt_fail_system(failure, "standard output", "write");
    return 2;
  }
  return status;
}

int nnrt_main(const nnrt_model *model, int argc, char **argv) {
  const char *path = argc > 0 ? argv[0] : model->name, *slash = strrchr(path, '/');
  const char *program = slash ? slash + 1 : path;
  nnrt_options options;
  nnrt_failure failure = {""};
  int status = 2;
  if (model->abi != NNRT_ABI)
    nnrt_fail(&failure, "was compiled for version %d of the runtime, which has version %d: run "
              "nncc anew", model->abi, NNRT_ABI);
  else {
    if (nnrt_options_parse(model, argc, argv, &options, &failure))
      status = finish_output(run(model, &options, program, &failure), &failure);
    nnrt_options_free(&options);
  }
  if (failure.line[0] && status != 0)
    fprintf(stderr, "%s: %s\n", program, failure.line);
  return status;
}
