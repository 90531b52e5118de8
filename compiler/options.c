/* options.c: argv to options, by the rows of options.def; what describes them: --help, completions,
 * the manual page. */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "library.h"

enum {
#define OPTION(identifier, name, letter, argument, may_lack, help) OPTION_##identifier,
#include "options.def"
#undef OPTION
  OPTIONS
};

static const nn_cli_option rows[OPTIONS] = {
#define OPTION(identifier, name, letter, argument, may_lack, help) \
  {name, letter, argument, may_lack, 1, help},
#include "options.def"
#undef OPTION
};

static const nn_cli_command command = {"", "", "MODEL_FILE"};

static const nn_cli_section sections[] = {
    {"Description",
     "nncc reads a model, an input, parameters, equations and a loss, derives its gradients and "
     "emits one C file that trains, tests, predicts and checks itself.\n\n"
     "  nncc model.nn -o model.c\n"
     "  cc -O3 -march=native model.c $(pkg-config --cflags --libs nnrt) -o model\n"
     "  ./model --help\n\n"
     "./model manual | man -l - shows the manual of what it emitted; nnrt-program(1) is the same "
     "for any model.\n"},
    {"Exit status",
     "0 after success.\n\n"
     "1 after an error, with what is wrong on standard error; no output file is written or "
     "changed.\n"},
    {"See also", "nnrt-program(1)\n"},
};

static const nn_cli cli = {"nncc",  "nncc " NNCC_VERSION, "compile the equations of a model into C",
                           &command, 1, rows, OPTIONS, sections,
                           sizeof sections / sizeof *sections};

int refuse_option(const char *format, const char *what) {
  fputs("nncc: error: ", stderr);
  fprintf(stderr, format, what);
  fputs(" (nncc --help lists the options)\n", stderr);
  return 1;
}

/* ---- values ------------------------------------------------------------------------------- */

static int set_override(options *o, const char *given) {
  const char *equals = strchr(given, '=');
  char *end;
  if (!equals || equals == given) return refuse_option("-D %s: write -D NAME=VALUE", given);
  errno = 0;
  double value = strtod(equals + 1, &end);
  bool finite = value - value >= 0;
  if (end == equals + 1 || *end || errno == ERANGE || !finite) {
    return refuse_option("-D %s: the value is not a finite number", given);
  }
  override made = {.word = name_of_length(o->names, given, (size_t)(equals - given)),
                   .value = value};
  ARENA_PUSH(o->memory, o->overrides, o->override_count, o->override_capacity, made);
  return 0;
}

static int set_real(options *o, const char *given) {
  if (strcmp(given, "float") == 0) o->emit.real_bytes = 4;
  else if (strcmp(given, "double") == 0) o->emit.real_bytes = 8;
  else return refuse_option("--real %s: the types are float and double", given);
  return 0;
}

/* Whole bytes, or k, M, G of 1000. */
static int set_ram(options *o, const char *given) {
  static const char units[] = "kMG";
  char *end;
  errno = 0;
  long long bytes = strtoll(given, &end, 10);
  const char *unit = end > given && *end ? strchr(units, *end) : NULL;
  for (const char *u = units; unit && u <= unit; u++) {
    if (bytes > INT64_MAX / 1000) errno = ERANGE;
    else bytes *= 1000;
  }
  if (end == given || end[unit != NULL] || errno || bytes < 1) {
    return refuse_option("--ram %s: say bytes, such as 500000, 500k or 2G", given);
  }
  o->ram = bytes;
  return 0;
}

static int set_dump(options *o, const char *given) {
  static const char *const stages[] = {"ast", "forward", "backward", "plan", "steps"};
  for (int k = 0; k < 5; k++) {
    if (strcmp(given, stages[k]) == 0) {
      o->dump = (stage)(k + 1);
      return 0;
    }
  }
  return refuse_option("--dump=%s: the stages are ast, forward, backward, plan and steps", given);
}

static int set_format(options *o, const char *given) {
  o->derive = true;
  if (!given || format_find(given, &o->format)) return 0;
  return refuse_option("--derive=%s: the formats are text, latex and html", given);
}

static int set_graph(options *o, const char *given) {
  bool svg = given && strcmp(given, "svg") == 0;
  o->graph = svg ? GRAPH_SVG : GRAPH_DOT;
  if (!given || svg || strcmp(given, "dot") == 0) return 0;
  return refuse_option("--graph=%s: the formats are dot and svg", given);
}

static int set_language(options *o, const char *given) {
  if (language_find(given, &o->language)) return 0;
  return refuse_option("--lang %s: the languages are en and zh", given);
}

/* ---- what only prints --------------------------------------------------------------------- */

static void print_library(void) {
  for (size_t k = 0; k < library_file_count; k++) {
    printf("%s# ---- %s\n\n%s", k ? "\n" : "", library_files[k].path, library_files[k].text);
  }
}

static void print_help(void) {
  fputs("usage: nncc MODEL.nn -o MODEL.c [options]\n\n", stdout);
  nn_cli_print_options(&cli, -1, stdout);
  fputs("\nthen:  cc -O3 -march=native MODEL.c $(pkg-config --cflags --libs nnrt) -o MODEL\n"
        "\nExit status: 0; 1 after an error, and then no file is written.\n", stdout);
}

static int print_completion(const char *shell) {
  if (nn_cli_print_completion(&cli, shell, stdout)) return 0;
  return refuse_option("--completion %s: the shells are bash and zsh", shell);
}

static int flush_output(void) {
  return fflush(stdout) ? refuse_option("standard output: %s", strerror(errno)) : 0;
}

/* ---- the line ----------------------------------------------------------------------------- */

/* False where nothing is left to do; *status is set after an error. */
static bool take_option(options *o, int option, const char *given, int *status) {
  switch (option) {
    case OPTION_OUTPUT: o->output = given; break;
    case OPTION_HEADER: o->header = given; break;
    case OPTION_LIB: o->emit.lib = true; break;
    case OPTION_LINES: o->line_directives = true; break;
    case OPTION_REAL: *status = set_real(o, given); break;
    case OPTION_DEFINE: *status = set_override(o, given); break;
    case OPTION_CHECK: o->check = true; break;
    case OPTION_DERIVE: *status = set_format(o, given); break;
    case OPTION_LANG: *status = set_language(o, given); break;
    case OPTION_DUMP: *status = set_dump(o, given); break;
    case OPTION_LIBRARY: print_library(); return false;
    case OPTION_COMPLETION: *status = print_completion(given); return false;
    case OPTION_MANUAL: nn_cli_print_manual(&cli, stdout); return false;
    case OPTION_HELP: print_help(); return false;
    case OPTION_STANDALONE: o->emit.standalone = true; break;
    case OPTION_GRAPH: *status = set_graph(o, given); break;
    case OPTION_RAM:
      *status = set_ram(o, given);
      break;
    case OPTION_VERSION: puts("nncc " NNCC_VERSION); return false;
    default: break;
  }
  return *status == 0;
}

enum { LONG_BASE = 256 }; /* above any character */

/* What getopt takes: rows as long options, letters behind ":". */
static void describe(struct option *to, char *letters) {
  *letters++ = ':';
  for (int k = 0; k < OPTIONS; k++) {
    int has = !rows[k].argument ? no_argument : rows[k].may_lack ? optional_argument
                                                                 : required_argument;
    to[k] = (struct option){rows[k].name, has, NULL, LONG_BASE + k};
    if (!rows[k].letter) continue;
    *letters++ = rows[k].letter;
    if (rows[k].argument) *letters++ = ':';
  }
  to[OPTIONS] = (struct option){NULL, 0, NULL, 0};
  *letters = '\0';
}

static int row_of(int found) {
  for (int k = 0; k < OPTIONS; k++) {
    if (found == LONG_BASE + k || (rows[k].letter && found == rows[k].letter)) return k;
  }
  return -1;
}

static int refuse_unknown(int found, char **argv) {
  return refuse_option(found == ':' ? "%s needs a value" : "unknown option %s", argv[optind - 1]);
}

/* What is written must not replace what is read, nor what has just been written. */
static int refuse_lost_file(const options *o) {
  if (o->output && same_file(o->output, o->model))
    return refuse_option("-o %s would replace the model: name another file", o->output);
  if (o->header && same_file(o->header, o->model))
    return refuse_option("--header %s would replace the model: name another file", o->header);
  if (o->header && o->output && same_file(o->header, o->output))
    return refuse_option("-o and --header both write %s: name another file", o->header);
  return 0;
}

bool read_options(options *o, int argc, char **argv, int *status) {
  struct option long_options[OPTIONS + 1];
  char letters[2 * OPTIONS + 2];
  int found;
  describe(long_options, letters);
  opterr = 0;
  while ((found = getopt_long(argc, argv, letters, long_options, NULL)) != -1) {
    int row = row_of(found);
    if (row < 0) *status = refuse_unknown(found, argv);
    if (*status) return false;
    if (!take_option(o, row, optarg, status)) {
      if (!*status) *status = flush_output();
      return false;
    }
  }
  if (optind < argc) o->model = argv[optind++];
  if (optind < argc) {
    *status = refuse_option("one model at a time: %s is a second one", argv[optind]);
  } else if (!o->model) {
    *status = refuse_option("no model file: nncc MODEL.nn -o MODEL.c%s", "");
  } else if (!o->output && !o->header && !o->check && !o->derive && !o->graph &&
             o->dump == STAGE_NONE) {
    *status = refuse_option("nothing to do with %s: say -o FILE", o->model);
  } else {
    *status = refuse_lost_file(o);
  }
  return *status == 0;
}
