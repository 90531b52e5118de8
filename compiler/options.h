/* options: nncc's command line, read once into plain values. */
#ifndef NNCC_OPTIONS_H
#define NNCC_OPTIONS_H

#include "emit.h"
#include "explain.h"
#include "transform.h"

typedef enum stage { STAGE_NONE, STAGE_AST, STAGE_FORWARD, STAGE_BACKWARD, STAGE_PLAN,
                     STAGE_STEPS } stage;
typedef enum graph_format { GRAPH_NONE, GRAPH_DOT, GRAPH_SVG } graph_format;

typedef struct options {
  arena *memory;
  name_table *names;
  const char *model, *output, *header;
  emit_options emit;
  stage dump;
  bool check;
  int64_t ram;             /* bytes that a training step must fit in; 0: any                   */
  bool line_directives;
  bool derive;             /* the derivation as a document, in place of C */
  bool written_out;        /* repeats copy by copy, as no loop could hold them */
  document_format format;
  graph_format graph;      /* the graph, in place of C */
  language language;
  override *overrides;
  size_t override_count, override_capacity;
} options;

/* Reads the command line; false with the exit status set where nothing is left to do. */
bool read_options(options *o, int argc, char **argv, int *status);

/* One line on standard error about `what`, which the format shows; the exit status. */
int refuse_option(const char *format, const char *what);

#endif
