/* Patterns over nodes: what simplify.c and the tests of the rules share. */
#ifndef NNCC_REWRITE_H
#define NNCC_REWRITE_H

#include "transform.h"

enum { MOST_BINDINGS = 8 };

typedef struct match {
  graph *g;
  int count;
  binding bindings[MOST_BINDINGS];
} match;

/* Whether n has the pattern's form; adds what its names stand for. */
bool match_node(match *m, const expression *pattern, const node *n);
/* The same for a pattern of factors that may be some of n's factors: bit k of `used` says
 * whether operand k of n is one of them. */
bool match_product(match *m, const expression *pattern, const node *n, unsigned *used);

typedef struct rewrite_rule {
  const char *name;
  const char *text;
} rewrite_rule;
extern const rewrite_rule simplify_rules[];
extern const size_t simplify_rule_count;

#endif
