/* Turns the command line of an emitted program into one command's work and an exit status. */
#include "session.h"
#include "stack.h"

typedef int command_function(const nnrt_model *model, nnrt_options *options,
                             nnrt_failure *failure);

static command_function *const run_command[NNRT_COMMANDS] = {
#define COMMAND(identifier, name, operand, help) nnrt_command_##name,
#include "commands.def"
#undef COMMAND
};

static int run(const nnrt_model *model, nnrt_options *options, nnrt_failure *failure) {
  const int place = options->help ? NNRT_COMMAND_INDEX_HELP : nnrt_command_place(options->command);
  return run_command[place](model, options, failure);
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
  nnrt_options options = {.program = model->name};
  nnrt_failure failure = {""};
  const nnrt_model *unstacked = NULL;
  int status = 2;
  if (model->abi != NNRT_ABI)
    nnrt_fail(&failure, "was compiled for version %d of the runtime, which has version %d: run "
              "nncc anew", model->abi, NNRT_ABI);
  else if ((unstacked = nnrt_unstacked(model, &failure)) != NULL &&
           nnrt_options_parse(unstacked, argc, argv, &options, &failure))
    status = finish_output(run(unstacked, &options, &failure), &failure);
  nnrt_options_free(&options);
  if (failure.line[0] && status != 0)
    fprintf(stderr, "%s: %s\n", options.program, failure.line);
  nnrt_unstacked_free(unstacked);
  return status;
}
