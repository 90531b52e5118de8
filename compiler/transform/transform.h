/* transform: from the syntax tree to the graph, and from graph to graph.
 *
 *   elaborate  syntax tree -> program: names, shapes, layers, recurrences; reports errors
 *   simplify   rewrite rules (simplify.def) that the graph's constructors apply
 *   hold       the objective with what stop() hides held fixed, for the gradient check
 *   derive     adjoints of a scalar: reverse mode, symbolic; rows: of copies along an axis
 *   diagnose   warnings that the derivation gives rise to
 *   coalesce   axes that never meet become one
 *   lower      the stable forms that are emitted: softplus, log-sum-exp
 *   idle       states of optimizers that a hyperparameter of 0 leaves without effect
 *   segment    time in segments, with checkpoints between them; recompute: what the backward pass
 *              computes again instead of reading it (--ram)
 *   rewrite    expressions of the language as patterns and replacements over nodes
 */
#ifndef NNCC_TRANSFORM_H
#define NNCC_TRANSFORM_H

#include "base.h"
#include "graph.h"
#include "syntax.h"

/* ---- elaborate*.c ------------------------------------------------------------------------- */

/* `-D NAME=VALUE`. */
typedef struct override {
  name word;
  double value;
  bool used; /* set by elaborate; the caller reports names that no `let` has */
} override;

typedef struct elaboration {
  arena *memory;
  name_table *names;
  report *to;
  const source *file;
  const statement *first; /* the parsed model file */
  override *overrides;
  int override_count;
  bool record; /* the steps, for a derivation's document: graph_record */
  const struct rewrite_rule *planted; /* one more rule, which tests get wrong; NULL */
  bool written_out; /* copies of a `repeat` one by one, never along an axis */
} elaboration;

/* Needs: a parsed file (with syntax errors already reported).
 * Gives: the program without gradients, or NULL after errors have been reported to `to`.
 * Imports and the library are read and parsed here. */
program *elaborate(const elaboration *what);

/* ---- simplify.c --------------------------------------------------------------------------- */

/* Reads simplify.def once and hooks its rules into the graph's constructors. Elaborate calls it
 * on the graph that it makes. */
void simplify_install(graph *g);
/* With one more rule, tried before all others. */
struct rewrite_rule;
void simplify_install_with(graph *g, const struct rewrite_rule *planted);

/* ---- hold.c ------------------------------------------------------------------------------- */

/* program->held_objective and program->held, where the objective has stop(x); before derive. */
void hold_stops(program *p);

/* ---- derive.c ----------------------------------------------------------------------------- */

/* Derivatives of the scalar by each of `count` leaves: NODE_TENSOR nodes at whatever dims the caller
 * likes. Where the scalar's node has axes, as elaborate's grad(u, x) needs it: each place's own
 * derivative, and each sample's where the batch is among them. result[k] has at most the axes of
 * leaves[k] and the scalar's, which must differ; a constant 0 where there is no dependence. False
 * where some adjoint would have more than MAX_RANK axes. */
bool derive(graph *g, const node *scalar, int count, const node *const *leaves,
            const node **result);
/* Derivative by an interior node, such as a recurrence's body: everything that scalar computes from
 * `inner` is followed back to it, through the steps that follow too. NULL where derive is false. */
const node *derive_by(graph *g, const node *scalar, const node *inner);
/* Fills program->gradient for every parameter, and program->adjoint. */
void derive_program(program *p);

/* ---- diagnose.c --------------------------------------------------------------------------- */

/* After derive_program, before lowering: warns of parameters that the loss does not depend on, and
 * of gradients that are zero everywhere. */
void diagnose(const program *p, report *to);

/* ---- coalesce.c --------------------------------------------------------------------------- */

/* ---- rows.c ------------------------------------------------------------------------------- */

/* The sum of terms, of which those that write alike along `row` are written together. */
const node *sum_of_rows(graph *g, axis row, int count, const node *const *terms);

/* Makes one axis of those that only renamings tell apart; before derive, and once more after it. */
void coalesce_axes(program *p);
/* Puts the bodies of TENSOR_BARRIER leaves in their place. */
void expand_barriers(program *p);

/* ---- lower.c ------------------------------------------------------------------------------ */

/* Once, after differentiation: softplus, log-sum-exp and their exponentials in the form in which
 * they are computed; shares the forward's exponentials; brackets products. */
void lower_program(program *p);

/* ---- idle.c ------------------------------------------------------------------------------- */

/* Fills `off` and `without_off` of the program's optimizers. lower_program does it last. */
void find_idle_states(program *p);

/* ---- segment.c, recompute.c --------------------------------------------------------------- */

/* A lowered program with the axis cut into segments of `length` steps each, which must divide it;
 * NULL where the model looks along the axis in ways that no segment allows. */
program *segment_axis(const program *p, axis time, int64_t length);
/* A lowered program whose gradients keep of the forward pass what goes on from copy to copy (and
 * from segment to segment) and compute the rest again. */
program *recompute_program(const program *p);

/* ---- rewrite.c ---------------------------------------------------------------------------- */

/* The value of an elementwise expression (numbers, names, + - * / ^, comparisons, calls of ops,
 * where) with the given words standing for nodes. For derivatives of ops.def and rules. */
typedef struct binding {
  name word;
  const node *value;
} binding;
const node *instantiate(graph *g, const expression *value, int count, const binding *bindings);
/* Any of them but `@`, element by element. */
const node *node_of_binary(graph *g, binary_operation operation, const node *a, const node *b);

#endif
