/* nncc: a model file in, C out. Options, then the pipeline, one call a line. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "library.h"
#include "schedule.h"
#include "syntax.h"
#include "transform.h"

typedef enum stage { STAGE_NONE, STAGE_AST, STAGE_FORWARD, STAGE_BACKWARD, STAGE_PLAN } stage;

typedef struct options {
  arena *memory;
  name_table *names;
  const char *model, *output, *header;
  emit_options emit;
  stage dump;
  bool check;
  override *overrides;
  size_t override_count, override_capacity;
} options;

static const char usage_text[] =
    "usage: nncc MODEL.nn -o MODEL.c [options]\n"
    "\n"
    "  -o FILE             the emitted C: trainer, tester, predictor and gradient checker in one\n"
    "                      file; `-` is standard output\n"
    "  --header FILE       also the C API of the model\n"
    "  --lib               no main()\n"
    "  --real float|double the type of all tensors (float)\n"
    "  -D NAME=VALUE       replaces the value of a `let`\n"
    "  --check             diagnose only\n"
    "  --dump=ast|forward|backward|plan\n"
    "                      what that stage made, on standard output\n"
    "  --print-library     the layers that come with the language\n"
    "  --help, --version\n"
    "\n"
    "then:  cc -O3 -march=native MODEL.c $(pkg-config --cflags --libs nnrt) -o MODEL\n";

/* ---- options ------------------------------------------------------------------------------ */

static int refuse(const char *format, const char *what) {
  fputs("nncc: error: ", stderr);
  fprintf(stderr, format, what);
  fputs(" (nncc --help lists the options)\n", stderr);
  return 1;
}

enum { OPTION_HEADER = 256, OPTION_LIB, OPTION_REAL, OPTION_DUMP, OPTION_CHECK, OPTION_LIBRARY,
       OPTION_HELP, OPTION_VERSION, OPTION_LATER };

static const struct option long_options[] = {
    {"header", required_argument, NULL, OPTION_HEADER},
    {"lib", no_argument, NULL, OPTION_LIB},
    {"real", required_argument, NULL, OPTION_REAL},
    {"dump", required_argument, NULL, OPTION_DUMP},
    {"check", no_argument, NULL, OPTION_CHECK},
    {"print-library", no_argument, NULL, OPTION_LIBRARY},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {"standalone", no_argument, NULL, OPTION_LATER},
    {"derive", optional_argument, NULL, OPTION_LATER},
    {"graph", optional_argument, NULL, OPTION_LATER},
    {"ram", required_argument, NULL, OPTION_LATER},
    {NULL, 0, NULL, 0},
};

static int set_override(options *o, const char *given) {
  const char *equals = strchr(given, '=');
  char *end;
  if (!equals || equals == given) return refuse("-D %s: write -D NAME=VALUE", given);
  errno = 0;
  double value = strtod(equals + 1, &end);
  bool finite = value - value >= 0;
  if (end == equals + 1 || *end || errno == ERANGE || !finite) {
    return refuse("-D %s: the value is not a finite number", given);
  }
  override made = {.word = name_of_length(o->names, given, (size_t)(equals - given)),
                   .value = value};
  ARENA_PUSH(o->memory, o->overrides, o->override_count, o->override_capacity, made);
  return 0;
}

static int set_real(options *o, const char *given) {
  if (strcmp(given, "float") == 0) o->emit.real_bytes = 4;
  else if (strcmp(given, "double") == 0) o->emit.real_bytes = 8;
  else return refuse("--real %s: the types are float and double", given);
  return 0;
}

static int set_dump(options *o, const char *given) {
  static const char *const stages[] = {"ast", "forward", "backward", "plan"};
  for (int k = 0; k < 4; k++) {
    if (strcmp(given, stages[k]) == 0) {
      o->dump = (stage)(k + 1);
      return 0;
    }
  }
  return refuse("--dump=%s: the stages are ast, forward, backward and plan", given);
}

static void print_library(void) {
  for (size_t k = 0; k < library_file_count; k++) {
    printf("%s# ---- %s\n\n%s", k ? "\n" : "", library_files[k].path, library_files[k].text);
  }
}

/* Sets *status and returns false where nothing is left to do. */
static bool take_option(options *o, int option, char **argv, int *status) {
  switch (option) {
    case 'o': o->output = optarg; break;
    case 'D': *status = set_override(o, optarg); break;
    case OPTION_HEADER: o->header = optarg; break;
    case OPTION_LIB: o->emit.lib = true; break;
    case OPTION_REAL: *status = set_real(o, optarg); break;
    case OPTION_DUMP: *status = set_dump(o, optarg); break;
    case OPTION_CHECK: o->check = true; break;
    case OPTION_LIBRARY: print_library(); return false;
    case OPTION_HELP: fputs(usage_text, stdout); return false;
    case OPTION_VERSION: puts("nncc " NNCC_VERSION); return false;
    case OPTION_LATER:
      *status = refuse("%s is not there yet in this version", argv[optind - 1]);
      break;
    case ':': *status = refuse("%s needs a value", argv[optind - 1]); break;
    default: *status = refuse("unknown option %s", argv[optind - 1]); break;
  }
  return *status == 0;
}

/* Reads the command line; false with the exit status set where nothing is left to do. */
static bool read_options(options *o, int argc, char **argv, int *status) {
  int option;
  opterr = 0;
  while ((option = getopt_long(argc, argv, ":o:D:", long_options, NULL)) != -1) {
    if (!take_option(o, option, argv, status)) return false;
  }
  if (optind < argc) o->model = argv[optind++];
  if (optind < argc) *status = refuse("one model at a time: %s is a second one", argv[optind]);
  else if (!o->model) *status = refuse("no model file: nncc MODEL.nn -o MODEL.c%s", "");
  else if (!o->output && !o->header && !o->check && o->dump == STAGE_NONE) {
    *status = refuse("nothing to do with %s: say -o FILE", o->model);
  }
  return *status == 0;
}

/* ---- the pipeline ------------------------------------------------------------------------- */

/* Between two passes of a debug build: a pass that broke the graph is named at once. */
static void verify(const program *p, bool lowered, const char *pass) {
#ifndef NDEBUG
  const char *wrong = verify_program(p, lowered);
  if (!wrong) return;
  fprintf(stderr, "nncc: internal error after %s: %s\n", pass, wrong);
  abort();
#else
  (void)p, (void)lowered, (void)pass;
#endif
}

static int unused_overrides(const options *o) {
  for (size_t k = 0; k < o->override_count; k++) {
    if (!o->overrides[k].used) {
      return refuse("-D %s: the model has no `let` of that name", o->overrides[k].word);
    }
  }
  return 0;
}

static int show(text *out) {
  if (out->chars) fputs(out->chars, stdout);
  return fflush(stdout) ? refuse("standard output: %s", strerror(errno)) : 0;
}

static int write_file(const options *o, const char *path, const text *out) {
  const char *problem;
  if (file_write_whole(o->memory, path, out->chars, out->length, &problem)) return 0;
  fprintf(stderr, "nncc: error: %s: %s\n", path, problem);
  return 1;
}

static int emit_files(const options *o, const plan *planned) {
  text code = text_new(o->memory), header = text_new(o->memory);
  int status = 0;
  emit_model(&code, planned, &o->emit);
  emit_header(&header, planned, &o->emit);
  if (o->output) status = write_file(o, o->output, &code);
  if (!status && o->header) status = write_file(o, o->header, &header);
  return status;
}

static int compile(options *o, report *to, const source *file) {
  text out = text_new(o->memory);
  statement *parsed = parse_model(o->memory, o->names, to, file);
  if (o->dump == STAGE_AST && report_errors(to) == 0) {
    print_statements(&out, parsed);
    return show(&out);
  }
  program *p = elaborate(&(elaboration){.memory = o->memory, .names = o->names, .to = to,
                                        .file = file, .first = parsed,
                                        .overrides = o->overrides,
                                        .override_count = (int)o->override_count});
  if (!p || report_errors(to) > 0) return 1;
  if (unused_overrides(o)) return 1;
  verify(p, false, "elaborate");
  coalesce_axes(p);
  hold_stops(p);
  verify(p, false, "hold_stops");
  if (o->dump == STAGE_FORWARD) {
    print_program(&out, p, false);
    return show(&out);
  }
  derive_program(p);
  coalesce_axes(p);
  verify(p, false, "derive");
  if (o->dump == STAGE_BACKWARD) {
    print_program(&out, p, true);
    return show(&out);
  }
  lower_program(p);
  verify(p, true, "lower");
  plan *planned = schedule_program(p, o->emit.real_bytes);
  if (planned->problem) {
    fprintf(stderr, "nncc: error: %s: no order of computing %s: they depend on each other without "
                    "stepping along an axis; say which comes first\n", o->model, planned->problem);
    return 1;
  }
  if (o->dump == STAGE_PLAN) {
    print_plan(&out, planned);
    return show(&out);
  }
  return o->check ? 0 : emit_files(o, planned);
}

int main(int argc, char **argv) {
  int status = 0;
  arena *memory = arena_new();
  options o = {.memory = memory, .names = name_table_new(memory), .emit.real_bytes = 4};
  if (read_options(&o, argc, argv, &status)) {
    const char *problem;
    const source *file = source_read(memory, o.model, &problem);
    if (!file) {
      fprintf(stderr, "nncc: error: %s: %s\n", o.model, problem);
      status = 1;
    } else {
      report *to = report_new(memory, stderr);
      status = compile(&o, to, file);
    }
  }
  arena_free(memory);
  return status;
}
