/* nncc: a model file in, C out. Options, then the pipeline, one call a line. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "ram.h"
#include "schedule.h"
#include "syntax.h"

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
      return refuse_option("-D %s: the model has no `let` of that name", o->overrides[k].word);
    }
  }
  return 0;
}

static int show(text *out) {
  if (out->chars) fputs(out->chars, stdout);
  return fflush(stdout) ? refuse_option("standard output: %s", strerror(errno)) : 0;
}

static int write_file(const options *o, const char *path, const text *out) {
  const char *problem;
  if (file_write_whole(o->memory, path, out->chars, out->length, &problem)) return 0;
  fprintf(stderr, "nncc: error: %s: %s\n", path, problem);
  return 1;
}

/* What the C would be called beside the model: logistic.nn, logistic.c. */
static const char *emitted_path(const options *o) {
  const char *slash = strrchr(o->model, '/'), *base = slash ? slash + 1 : o->model;
  const char *dot = strrchr(base, '.');
  size_t length = dot ? (size_t)(dot - base) : strlen(base);
  return arena_printf(o->memory, "%.*s.c", (int)length, base);
}

static int emit_files(const options *o, const plan *planned) {
  text code = text_new(o->memory), header = text_new(o->memory);
  emit_options how = o->emit;
  int status = 0;
  bool named = o->output && strcmp(o->output, "-") != 0;
  if (o->line_directives) how.lines_of = named ? o->output : emitted_path(o);
  emit_model(&code, planned, &how);
  emit_header(&header, planned, &o->emit);
  if (o->output) status = write_file(o, o->output, &code);
  if (!status && o->header) status = write_file(o, o->header, &header);
  return status;
}

/* The document on standard output, or where -o says. */
static int explain(const options *o, const program *p, const plan *planned, const source *file) {
  text out = text_new(o->memory), code = text_new(o->memory);
  emitted_places places = {0};
  emit_options how = o->emit;
  how.places = &places;
  emit_model(&code, planned, &how);
  document *d = derivation_document(&(explanation){
      .memory = o->memory, .program = p, .model = file, .language = o->language,
      .emitted = emitted_path(o), .places = &places, .real_bytes = o->emit.real_bytes});
  document_print(&out, d, o->format);
  return write_file(o, o->output ? o->output : "-", &out);
}

static int draw(const options *o, const program *p) {
  text dot = text_new(o->memory), svg = text_new(o->memory);
  print_graph(&dot, p);
  const char *problem = o->graph == GRAPH_SVG ? draw_graph(&svg, &dot) : NULL;
  if (problem) {
    fprintf(stderr, "nncc: error: --graph=svg of %s: %s\n", o->model, problem);
    return 1;
  }
  return write_file(o, o->output ? o->output : "-", o->graph == GRAPH_SVG ? &svg : &dot);
}

/* The plan that fits into --ram; NULL, with a line that says what would do, where none does. */
static plan *fit(const options *o, const program *p) {
  int64_t least;
  plan *found = plan_within(p, o->emit.real_bytes, o->ram, &least);
  if (!found) {
    fprintf(stderr, "nncc: error: %s: --ram %lld: a training step at batch %d needs %lld bytes even "
                    "with all computed again that can be: say --ram %lld, or a smaller batch\n",
            o->model, (long long)o->ram, p->settings.batch > 0 ? p->settings.batch : 32,
            (long long)least, (long long)least);
  }
  return found;
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
                                        .override_count = (int)o->override_count,
                                        .record = o->derive || o->dump == STAGE_STEPS,
                                        .written_out = o->written_out});
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
  if (o->dump == STAGE_STEPS) {
    print_recorded(&out, p->g);
    return show(&out);
  }
  if (!o->written_out) diagnose(p, to); /* once: what is written out comes here a second time */
  if (o->dump == STAGE_BACKWARD) {
    print_program(&out, p, true);
    return show(&out);
  }
  if (o->graph) return draw(o, p);
  lower_program(p);
  verify(p, true, "lower");
  plan *planned = schedule_program(p, o->emit.real_bytes);
  if (planned->problem && !o->written_out) { /* copies that no loop can hold */
    o->written_out = true;
    return compile(o, to, file);
  }
  if (planned->problem) {
    fprintf(stderr, "nncc: error: %s: no order of computing %s: they depend on each other without "
                    "stepping along an axis; say which comes first\n", o->model, planned->problem);
    return 1;
  }
  if (o->ram) planned = fit(o, p);
  if (!planned) return 1;
  join_loops(planned);
  if (o->dump == STAGE_PLAN) {
    print_plan(&out, planned);
    return show(&out);
  }
  if (o->derive) return explain(o, p, planned, file);
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
