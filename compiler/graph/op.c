/* The op table: ops.def as an array, as numbers, and by name. */
#include <math.h>
#include <string.h>

#include "graph.h"

#define TEXT(...) #__VA_ARGS__
#define EXPANDED(...) TEXT(__VA_ARGS__)

/* A row without a derivative does not build: its array would have a negative size. */
#define OP(identifier, word, count, result, binding, expression, latex_text, by_a, ...)           \
  typedef char derivative_of_##identifier[sizeof(by_a) > 1 ? 1 : -1];
#include "ops.def"
#undef OP

enum { REAL, POSITIVE, BOOLEAN };

#define R(function) function@
#define V(function) nnrt_##function@
#define OP(identifier, word, count, result, binding, expression, latex_text, by_a, by_b, low_a,   \
           high_a, low_b, high_b)                                                                 \
  {.name = word, .arity = count, .boolean = result == BOOLEAN, .positive = result == POSITIVE,    \
   .strength = binding, .c = EXPANDED(expression), .latex = latex_text,                           \
   .derivative = {by_a, by_b}, .low = {low_a, low_b}, .high = {high_a, high_b}},

const op_row op_rows[OP_COUNT] = {
#include "ops.def"
};
#undef OP
#undef R
#undef V

static double sigmoid(double a) { return a >= 0 ? 1 / (1 + exp(-a)) : exp(a) / (1 + exp(a)); }

/* Each row's C expression once more, compiled for double. */
#define R(function) function
#define V(function) function
#define OP(identifier, word, count, result, binding, expression, ...)                             \
  static double evaluate_##identifier(double a, double b) {                                       \
    (void)b;                                                                                      \
    return (double)(expression);                                                                  \
  }
#include "ops.def"
#undef OP

typedef double evaluator(double a, double b);

static evaluator *const evaluators[OP_COUNT] = {
#define OP(identifier, ...) evaluate_##identifier,
#include "ops.def"
#undef OP
};

double op_evaluate(op operation, double a, double b) { return evaluators[operation](a, b); }

const char *op_identifier(op operation) {
  static const char *const identifiers[OP_COUNT] = {
#define OP(identifier, ...) #identifier,
#include "ops.def"
#undef OP
  };
  return identifiers[operation];
}

bool op_is_vector_code(op operation) { return strstr(op_rows[operation].c, "nnrt_") != NULL; }

bool op_find(const char *word, int arity, op *found) {
  for (int k = 0; k < OP_COUNT; k++) {
    if (op_rows[k].arity == arity && op_rows[k].name[0] && strcmp(op_rows[k].name, word) == 0) {
      *found = (op)k;
      return true;
    }
  }
  return false;
}
