/* Turns argv into nnrt_options. One row of the table below is all there is to an option: its name,
 * who takes it, the type and range of its value, where the value goes, what the help says. */
#include "options.h"
#include "call.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef enum kind {
  FLAG,      /* int, 1 where it stands                                                        */
  COUNT,     /* int, from the row's minimum on                                                */
  LONG,      /* uint64_t, from the row's minimum on                                           */
  NUMBER,    /* double, from the row's minimum on                                             */
  HOLDOUT,   /* double, 0 <= x < 1, or whole                                                  */
  TEXT,      /* const char *                                                                  */
  SCHEDULE,  /* const char *, checked                                                         */
  OPTIMIZER, /* settings.optimizer and .hyperparameter                                        */
  DATA_FILE, /* FILE or TENSOR=FILE                                                           */
  TEST_FILE
} kind;

typedef struct row {
  const char *name, *argument; /* argument NULL: none */
  unsigned commands;
  kind kind;
  size_t offset;               /* in nnrt_options */
  double minimum;
  const char *help;
} row;

enum {
  TRAIN = NNRT_COMMAND_TRAIN, TEST = NNRT_COMMAND_TEST, PREDICT = NNRT_COMMAND_PREDICT,
  GRAD = NNRT_COMMAND_GRAD, CHECK = NNRT_COMMAND_CHECK, BENCH = NNRT_COMMAND_BENCH,
  INFO = NNRT_COMMAND_INFO, ALL = NNRT_COMMAND_HELP - 1
};

#define AT(member) offsetof(nnrt_options, member)

static const row rows[NNRT_OPTIONS] = {
  {"data", "FILE", TRAIN | TEST | PREDICT | GRAD, DATA_FILE, 0, 0,
   "CSV, .npy, IDX or text; NAME=FILE for one tensor; repeatable"},
  {"test", "FILE", TRAIN | TEST, TEST_FILE, 0, 0,
   "data to report on, not to learn from; as --data"},
  {"holdout", "SHARE", TRAIN | TEST, HOLDOUT, AT(settings.holdout), 0,
   "share (0.2) or number (100) of samples kept from learning"},
  {"epochs", "N", TRAIN, COUNT, AT(settings.epochs), 0, "passes over the data"},
  {"batch", "N", TRAIN | TEST | PREDICT | CHECK | BENCH | INFO, COUNT, AT(settings.batch), 1,
   "samples in a step"},
  {"optimizer", "CALL", TRAIN, OPTIMIZER, 0, 0, "'sgd(rate = 0.1, momentum = 0.9)'"},
  {"rate", "R", TRAIN, NUMBER, AT(rate), 0, "the optimizer's first number, the learning rate"},
  {"schedule", "CALL", TRAIN, SCHEDULE, AT(settings.schedule), 0,
   "constant, step(epochs, factor), exponential(factor), cosine, warmup(steps)"},
  {"clip", "NORM", TRAIN, NUMBER, AT(settings.clip), 0,
   "bound of the whole gradient's 2-norm; 0: none"},
  {"decay", "D", TRAIN, NUMBER, AT(settings.decay), 0,
   "decoupled weight decay of parameters with two or more axes"},
  {"patience", "N", TRAIN, COUNT, AT(settings.patience), 0,
   "stop after N epochs without a better loss; 0: never"},
  {"no-shuffle", NULL, TRAIN, FLAG, AT(no_shuffle), 0, "take samples in the order of the file"},
  {"seed", "S", TRAIN | TEST | GRAD | CHECK | BENCH, LONG, AT(settings.seed), 0,
   "of initial values, shuffles, holdout and dropout"},
  {"threads", "N", TRAIN | TEST | PREDICT | GRAD | CHECK | BENCH, COUNT, AT(threads), 1,
   "at most so many (this version uses 1)"},
  {"load", "FILE", ALL & ~INFO, TEXT, AT(load), 0, "weights to start from (safetensors)"},
  {"save", "FILE", TRAIN, TEXT, AT(save), 0, "where weights go at the end of every epoch"},
  {"save-every", "STEPS", TRAIN, LONG, AT(save_every), 1, "and also after so many steps"},
  {"resume", "FILE", TRAIN, TEXT, AT(resume), 0,
   "go on from what --save wrote as if nothing had happened"},
  {"output", "FILE", PREDICT | GRAD, TEXT, AT(output), 0,
   "or -o; predict: .npy or .csv, else CSV on standard output; grad: .safetensors"},
  {"log", "FILE", TRAIN, TEXT, AT(log), 0, "one line of JSON an epoch"},
  {"plot", "FILE", TRAIN, TEXT, AT(plot), 0, "the losses as a curve (SVG)"},
  {"steps", "N", BENCH, COUNT, AT(steps), 1, "measure so many, not as many as fill a second"},
  {"json", NULL, BENCH, FLAG, AT(json), 0, "one JSON object"},
  {"help", NULL, ALL, FLAG, AT(help), 0, "this text"},
};

typedef struct command_row {
  const char *name;
  nnrt_command command;
  const char *help;
} command_row;

static const command_row commands[] = {
  {"train", NNRT_COMMAND_TRAIN, "learn the parameters from data"},
  {"test", NNRT_COMMAND_TEST, "loss and metrics on data"},
  {"predict", NNRT_COMMAND_PREDICT, "outputs for data"},
  {"grad", NNRT_COMMAND_GRAD, "loss and gradients of one batch"},
  {"check", NNRT_COMMAND_CHECK, "compare the gradients with central differences"},
  {"bench", NNRT_COMMAND_BENCH, "speed of training and prediction on random data"},
  {"info", NNRT_COMMAND_INFO, "parameters, memory, operations"},
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

bool nnrt_given(const nnrt_options *options, nnrt_option option) {
  return (options->given >> option & 1) != 0;
}

/* ---- values ------------------------------------------------------------------------------- */

/* Decimal digits alone: strtoull by itself takes " -1". */
static bool read_whole(const char *text, double minimum, uint64_t largest, uint64_t *value) {
  char *end;
  if (!isdigit((unsigned char)*text))
    return false;
  errno = 0;
  *value = strtoull(text, &end, 10);
  return *end == '\0' && errno == 0 && (double)*value >= minimum && *value <= largest;
}

static bool read_number(const char *text, double *value) {
  char *end;
  if (isspace((unsigned char)*text))
    return false;
  *value = strtod(text, &end);
  return end != text && *end == '\0' && isfinite(*value);
}

static bool set_whole(const row *option, const char *text, void *to, nnrt_failure *failure) {
  uint64_t value;
  if (!read_whole(text, option->minimum, option->kind == COUNT ? INT_MAX : UINT64_MAX, &value))
    return nnrt_fail(failure, "--%s: '%s' is not a whole number >= %g%s", option->name, text,
                     option->minimum, option->kind == COUNT ? " (and < 2^31)" : "");
  if (option->kind == COUNT)
    *(int *)to = (int)value;
  else
    *(uint64_t *)to = value;
  return true;
}

static bool set_number(const row *option, const char *text, double *to, nnrt_failure *failure) {
  double value;
  if (!read_number(text, &value) || value < option->minimum)
    return nnrt_fail(failure, "--%s: '%s' is not a number >= %g", option->name, text,
                     option->minimum);
  *to = value;
  return true;
}

static bool set_holdout(const char *text, double *to, nnrt_failure *failure) {
  double value;
  if (!read_number(text, &value) || value < 0 || (value >= 1 && value != floor(value)))
    return nnrt_fail(failure, "--holdout: '%s' is neither a share 0 <= x < 1 nor a whole number",
                     text);
  *to = value;
  return true;
}

static const nnrt_tensor *find_tensor(const nnrt_model *model, const char *name, size_t length) {
  for (size_t i = 0; i < model->inputs + model->targets; i++)
    if (strlen(model->tensor[i].name) == length && !strncmp(model->tensor[i].name, name, length))
      return &model->tensor[i];
  return NULL;
}

/* The names of what a data file may bring, for a message. */
static void list_tensors(const nnrt_model *model, char *to, size_t bytes) {
  size_t length = 0;
  to[0] = '\0';
  for (size_t i = 0; i < model->inputs + model->targets && length < bytes; i++)
    length += (size_t)snprintf(to + length, bytes - length, "%s%s", i ? ", " : "",
                               model->tensor[i].name);
}

/* "x=F" belongs to tensor x; a path that merely holds a '=' stays a path. */
static bool set_file(const row *option, const nnrt_model *model, const char *text, nnrt_file *to,
                     nnrt_failure *failure) {
  char names[256];
  const char *equals = strchr(text, '=');
  const size_t length = equals ? (size_t)(equals - text) : 0;
  const nnrt_tensor *tensor = equals ? find_tensor(model, text, length) : NULL;
  to->tensor = tensor ? tensor->name : NULL;
  to->path = tensor ? equals + 1 : text;
  if (*to->path == '\0')
    return nnrt_fail(failure, "--%s: '%s' names no file: write --%s FILE", option->name, text,
                     option->name);
  if (equals && !tensor && !memchr(text, '/', length) && access(text, F_OK) != 0) {
    list_tensors(model, names, sizeof names);
    return nnrt_fail(failure, "--%s: '%.*s' is neither an input nor a target: the model has %s",
                     option->name, (int)length, text, names);
  }
  return true;
}

static bool set_schedule(const char *text, const char **to, nnrt_failure *failure) {
  nnrt_schedule schedule;
  *to = text;
  return nnrt_schedule_parse(text, &schedule, failure);
}

/* Data files fill options->files from the front, test files from the back. */
static bool set(const row *option, const nnrt_model *model, const char *text, int files,
                nnrt_options *options, nnrt_failure *failure) {
  void *to = (char *)options + option->offset;
  switch (option->kind) {
  case FLAG: *(int *)to = 1; return true;
  case COUNT:
  case LONG: return set_whole(option, text, to, failure);
  case NUMBER: return set_number(option, text, to, failure);
  case HOLDOUT: return set_holdout(text, to, failure);
  case TEXT: *(const char **)to = text; return true;
  case SCHEDULE: return set_schedule(text, to, failure);
  case OPTIMIZER: return nnrt_optimizer_parse(model, text, &options->settings, failure);
  case DATA_FILE:
    if (!nnrt_given(options, NNRT_OPTION_DATA))
      options->settings.data_files = 0;
    options->settings.data = options->files;
    return set_file(option, model, text, &options->files[options->settings.data_files++], failure);
  case TEST_FILE:
    if (!nnrt_given(options, NNRT_OPTION_TEST))
      options->settings.test_files = 0;
    options->settings.test_files++;
    options->settings.test = options->files + files - options->settings.test_files;
    return set_file(option, model, text, options->files + files - options->settings.test_files,
                    failure);
  }
  return true;
}

/* ---- the whole line ----------------------------------------------------------------------- */

static bool find_command(const char *name, nnrt_command *command, nnrt_failure *failure) {
  if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help")) {
    *command = NNRT_COMMAND_HELP;
    return true;
  }
  for (size_t i = 0; i < COMMANDS; i++)
    if (strcmp(commands[i].name, name) == 0) {
      *command = commands[i].command;
      return true;
    }
  return nnrt_fail(failure, "'%s' is not a command: say train, test, predict, grad, check, bench "
                   "or info first, or --help", name);
}

static const char *name_of(nnrt_command command) {
  for (size_t i = 0; i < COMMANDS; i++)
    if (commands[i].command == command)
      return commands[i].name;
  return "help";
}

static void fill_long_options(struct option *to) {
  for (int i = 0; i < NNRT_OPTIONS; i++) {
    to[i].name = rows[i].name;
    to[i].has_arg = rows[i].argument ? required_argument : no_argument;
    to[i].flag = NULL;
    to[i].val = i + 256; /* above any character */
  }
  memset(&to[NNRT_OPTIONS], 0, sizeof to[0]);
}

/* What getopt_long could not read; it has just passed the word. */
static bool fail_option(int found, int argc, char **argv, nnrt_command command,
                        nnrt_failure *failure) {
  const char *word = optind - 1 < argc ? argv[optind - 1] : "";
  if (found == ':')
    return nnrt_fail(failure, "%s: needs a value: see --help", word);
  return nnrt_fail(failure, "%s: unknown option '%s': %s --help lists those there are",
                   name_of(command), word, name_of(command));
}

static bool read_options(const nnrt_model *model, int argc, char **argv, nnrt_options *options,
                         nnrt_failure *failure) {
  struct option long_options[NNRT_OPTIONS + 1];
  int found;
  fill_long_options(long_options);
  optind = 1;
  while ((found = getopt_long(argc, argv, "+:o:h", long_options, NULL)) != -1) {
    int index = found == 'o' ? NNRT_OPTION_OUTPUT : found == 'h' ? NNRT_OPTION_HELP : found - 256;
    if (index < 0)
      return fail_option(found, argc, argv, options->command, failure);
    const row *option = &rows[index];
    if (!(option->commands & (unsigned)options->command))
      return nnrt_fail(failure, "%s takes no --%s: leave it out", name_of(options->command),
                       option->name);
    if (!set(option, model, optarg, argc, options, failure))
      return false;
    options->given |= (uint32_t)1 << index;
  }
  if (optind < argc)
    return nnrt_fail(failure, "%s: '%s' is not an option: files go with --data FILE",
                     name_of(options->command), argv[optind]);
  return true;
}

/* What depends on several options, in whatever order they stood. */
static bool finish(nnrt_options *options, nnrt_failure *failure) {
  if (nnrt_given(options, NNRT_OPTION_RATE))
    options->settings.hyperparameter[0] = options->rate;
  if (options->load && options->resume)
    return nnrt_fail(failure, "--load and --resume exclude each other: --load starts anew from "
                     "weights, --resume goes on");
  if (options->save_every && !options->save)
    return nnrt_fail(failure, "--save-every: needs --save FILE");
  return true;
}

bool nnrt_options_parse(const nnrt_model *model, int argc, char **argv, nnrt_options *options,
                        nnrt_failure *failure) {
  memset(options, 0, sizeof *options);
  options->settings = model->settings;
  options->threads = 1;
  if (argc < 2)
    return nnrt_fail(failure, "no command: say train, test, predict, grad, check, bench or info, "
                     "or --help");
  if (!find_command(argv[1], &options->command, failure))
    return false;
  if (options->command == NNRT_COMMAND_HELP)
    return true;
  options->files = calloc((size_t)argc, sizeof *options->files);
  if (!options->files)
    return nnrt_fail(failure, "out of memory");
  return read_options(model, argc - 1, argv + 1, options, failure) &&
         (options->help || finish(options, failure));
}

bool nnrt_option_restore(const nnrt_weights *from, const nnrt_model *model, nnrt_option option,
                         nnrt_options *options, nnrt_failure *failure) {
  const char *text = nnrt_weights_note(from, rows[option].name);
  if (!text)
    return true;
  if (rows[option].kind == SCHEDULE) {
    free(options->restored);
    text = options->restored = strdup(text);
    if (!text)
      return nnrt_fail(failure, "out of memory");
  }
  return set(&rows[option], model, text, 0, options, failure);
}

void nnrt_options_free(nnrt_options *options) {
  free(options->restored);
  free(options->files);
  options->files = NULL;
}

/* ---- help --------------------------------------------------------------------------------- */

void nnrt_print_usage(const nnrt_model *model, const char *program, nnrt_command command,
                      FILE *stream) {
  const int one = command != 0 && command != NNRT_COMMAND_HELP;
  fprintf(stream, "usage: %s %s [options]        (model %s, %s)\n\n", program,
          one ? name_of(command) : "COMMAND", model->name,
          model->real_bytes == 8 ? "double" : "float");
  for (size_t i = 0; i < COMMANDS; i++)
    if (!one || commands[i].command == command)
      fprintf(stream, "  %-22s %s\n", commands[i].name, commands[i].help);
  fprintf(stream, "\n");
  for (int i = 0; i < NNRT_OPTIONS; i++) {
    char left[64];
    if (one && !(rows[i].commands & (unsigned)command))
      continue;
    snprintf(left, sizeof left, "--%s %s", rows[i].name, rows[i].argument ? rows[i].argument : "");
    fprintf(stream, "  %-22s %s\n", left, rows[i].help);
  }
  fprintf(stream, "\nWhat is left out is as the model's `train` says. Exit status: 0; 1 where "
                  "check fails or the\nloss is not finite; 2 after a bad command, file or value; "
                  "130 after Ctrl-C.\n");
}
