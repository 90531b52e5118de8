/* Turns argv into nnrt_options, by the rows of commands.def and options.def. */
#include "file.h"
#include "options_table.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum {
  TRAIN = NNRT_COMMAND_TRAIN, TEST = NNRT_COMMAND_TEST, PREDICT = NNRT_COMMAND_PREDICT,
  GRAD = NNRT_COMMAND_GRAD, CHECK = NNRT_COMMAND_CHECK, BENCH = NNRT_COMMAND_BENCH,
  INFO = NNRT_COMMAND_INFO, EXPORT = NNRT_COMMAND_EXPORT,
  SAMPLE = NNRT_COMMAND_SAMPLE,
  USES_WEIGHTS = TRAIN | TEST | PREDICT | GRAD | CHECK | BENCH | EXPORT | SAMPLE,
  EVERY = (1 << NNRT_COMMANDS) - 1
};

#define AT(member) offsetof(nnrt_options, member)

const nnrt_option_row nnrt_option_rows[NNRT_OPTIONS] = {
#define OPTION(identifier, name, argument, commands, kind, member, minimum, help) \
  {name, argument, commands, kind, member, minimum, help},
#include "options.def"
#undef OPTION
};
_Static_assert(NNRT_OPTIONS <= 64, "nnrt_options.given has a bit for each option");

const nnrt_command_row nnrt_command_rows[NNRT_COMMANDS] = {
#define COMMAND(identifier, name, operand, help) {#name, operand, help},
#include "commands.def"
#undef COMMAND
};

bool nnrt_given(const nnrt_options *options, nnrt_option option) {
  return (options->given >> option & 1) != 0;
}

int nnrt_command_place(nnrt_command command) {
  int place = 0;
  while (place < NNRT_COMMANDS - 1 && !((unsigned)command >> place & 1))
    place++;
  return place;
}

static const char *name_of(nnrt_command command) {
  return nnrt_command_rows[nnrt_command_place(command)].name;
}

static bool find_command(const char *name, nnrt_command *command, nnrt_failure *failure) {
  *command = NNRT_COMMAND_HELP;
  if (!strcmp(name, "--help") || !strcmp(name, "-h"))
    return true;
  for (int k = 0; k < NNRT_COMMANDS; k++)
    if (strcmp(nnrt_command_rows[k].name, name) == 0) {
      *command = (nnrt_command)(1 << k);
      return true;
    }
  return nnrt_fail(failure, "'%s' is not a command: say train, test, predict or another of those "
                   "that --help lists", name);
}

static bool takes(nnrt_command command, int option) {
  return (nnrt_option_rows[option].commands & (unsigned)command) != 0;
}

/* Another command's option of the same name would hide this command's. */
static bool is_hidden(nnrt_command command, int option) {
  for (int k = 0; k < NNRT_OPTIONS; k++)
    if (k != option && takes(command, k) &&
        strcmp(nnrt_option_rows[k].name, nnrt_option_rows[option].name) == 0)
      return true;
  return false;
}

static void fill_long_options(nnrt_command command, struct option *to) {
  for (int k = 0; k < NNRT_OPTIONS; k++) {
    if (!takes(command, k) && is_hidden(command, k))
      continue;
    to->name = nnrt_option_rows[k].name;
    to->has_arg = nnrt_option_rows[k].argument ? required_argument : no_argument;
    to->flag = NULL;
    to->val = k + 256; /* above any character */
    to++;
  }
  memset(to, 0, sizeof *to);
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

/* What is left after the options. */
static bool take_operand(int argc, char **argv, nnrt_options *options, nnrt_failure *failure) {
  const nnrt_command_row *row = &nnrt_command_rows[nnrt_command_place(options->command)];
  const char *name = row->name, *wanted = row->operand;
  if (wanted && optind < argc)
    options->operand = argv[optind++];
  if (wanted && !options->operand && !options->help)
    return nnrt_fail(failure, "%s: say %s %s", name, name, wanted);
  return optind >= argc || nnrt_fail(failure, "%s: '%s' is not an option: files go with --data "
                                     "FILE", name, argv[optind]);
}

static bool read_options(const nnrt_model *model, int argc, char **argv, nnrt_options *options,
                         nnrt_failure *failure) {
  struct option long_options[NNRT_OPTIONS + 1];
  int found;
  fill_long_options(options->command, long_options);
  optind = 1;
  while ((found = getopt_long(argc, argv, "+:o:h", long_options, NULL)) != -1) {
    int index = found == 'o' ? NNRT_OPTION_OUTPUT : found == 'h' ? NNRT_OPTION_HELP : found - 256;
    if (index < 0)
      return fail_option(found, argc, argv, options->command, failure);
    if (!takes(options->command, index))
      return nnrt_fail(failure, "%s takes no --%s: leave it out", name_of(options->command),
                       nnrt_option_rows[index].name);
    if (!nnrt_option_set((nnrt_option)index, model, optarg, argc, options, failure))
      return false;
    options->given |= (uint64_t)1 << index;
  }
  return take_operand(argc, argv, options, failure);
}

/* What is written must not replace what is read, nor what else is written; but --save may go on in the file
 * that --load or --resume began with. */
static bool loses_nothing(const nnrt_options *options, nnrt_failure *failure) {
  const nnrt_settings *settings = &options->settings;
  const struct {
    const char *option, *path;
  } written[] = {{"save", options->save}, {"output", options->output}, {"log", options->log},
                 {"plot", options->plot}, {"report", options->report}};
  const char *weights = options->load ? options->load : options->resume;
  for (int k = 0; k < (int)(sizeof written / sizeof *written); k++) {
    const char *path = written[k].path;
    if (!path)
      continue;
    for (int f = 0; f < settings->data_files + settings->test_files; f++) {
      const nnrt_file *file = f < settings->data_files ? &settings->data[f]
                                                       : &settings->test[f - settings->data_files];
      if (nnrt_same_file(path, file->path))
        return nnrt_fail(failure, "--%s: %s holds data: name another file",
                         written[k].option, path);
    }
    if (weights && path != options->save && nnrt_same_file(path, weights))
      return nnrt_fail(failure, "--%s: %s holds the weights to begin with: name another file",
                       written[k].option, path);
    for (int j = 0; j < k; j++) {
      if (written[j].path && nnrt_same_file(path, written[j].path))
        return nnrt_fail(failure, "--%s: %s is what --%s writes: name another file",
                         written[k].option, path, written[j].option);
    }
  }
  return true;
}

/* What depends on several options, in whatever order they stood. */
static bool finish(nnrt_options *options, nnrt_failure *failure) {
  if (nnrt_given(options, NNRT_OPTION_RATE))
    options->settings.hyperparameter[0] = options->rate;
  if (options->load && options->resume)
    return nnrt_fail(failure, "--load and --resume exclude each other: --load starts anew from "
                     "weights, --resume goes on");
  if (options->resume && (nnrt_given(options, NNRT_OPTION_SCALE) ||
                          nnrt_given(options, NNRT_OPTION_WEIGHTS) ||
                          nnrt_given(options, NNRT_OPTION_COLUMNS)))
    return nnrt_fail(failure, "--scale, --weights and --columns: with --resume data is read as it "
                     "was before: leave them out, or begin anew with --load");
  if (options->folds && (options->save || options->resume || options->log || options->plot ||
                         options->report || nnrt_given(options, NNRT_OPTION_HOLDOUT) ||
                         nnrt_given(options, NNRT_OPTION_TEST)))
    return nnrt_fail(failure, "--folds: trains to be judged, not to be kept: it goes with none of "
                     "--save --resume --log --plot --report --holdout --test");
  if (!options->load && (options->maps || options->map_file || options->partial))
    return nnrt_fail(failure, "--%s: needs --load FILE, whose tensors it is about",
                     options->partial ? "partial" : options->maps ? "map" : "map-file");
  if (options->save_every && !options->save)
    return nnrt_fail(failure, "--save-every: needs --save FILE");
  return loses_nothing(options, failure);
}

static const char *program_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

bool nnrt_options_parse(const nnrt_model *model, int argc, char **argv, nnrt_options *options,
                        nnrt_failure *failure) {
  memset(options, 0, sizeof *options);
  options->settings = model->settings;
  options->threads = 1;
  options->memory = NNRT_MEMORY >> 20;
  options->words = argc;
  options->word = argv;
  options->program = program_name(argc > 0 ? argv[0] : model->name);
  if (argc < 2)
    return nnrt_fail(failure, "no command: say train, test, predict or another of those that "
                     "--help lists");
  if (!find_command(argv[1], &options->command, failure))
    return false;
  options->files = calloc((size_t)argc, sizeof *options->files);
  options->columns = calloc((size_t)argc, sizeof *options->columns);
  options->map = calloc((size_t)argc, sizeof *options->map);
  if (!options->files || !options->columns || !options->map)
    return nnrt_fail(failure, "out of memory");
  return read_options(model, argc - 1, argv + 1, options, failure) &&
         (options->help || finish(options, failure));
}

bool nnrt_option_restore(const nnrt_weights *from, const nnrt_model *model, nnrt_option option,
                         nnrt_options *options, nnrt_failure *failure) {
  const char *text = nnrt_weights_note(from, nnrt_option_rows[option].name);
  if (!text)
    return true;
  free(options->restored[option]);
  text = options->restored[option] = strdup(text);
  if (!text)
    return nnrt_fail(failure, "out of memory");
  return nnrt_option_set(option, model, text, 0, options, failure);
}

void nnrt_options_free(nnrt_options *options) {
  for (int k = 0; k < NNRT_OPTIONS; k++)
    free(options->restored[k]);
  free(options->files);
  free(options->columns);
  free(options->map);
  options->map = NULL;
  options->files = NULL;
  options->columns = NULL;
}
