/* Short names for writing formulas down in tests, and a document that holds everything. */
#ifndef HELPER_FORMULA_H
#define HELPER_FORMULA_H

#include "explain.h"

extern arena *m; /* of the test that runs */

const formula *sy(const char *word);                     /* a symbol as it is                  */
const formula *na(const char *spelling);                 /* a tensor by its spelling           */
const formula *at(const formula *of, const char *letters); /* indices, a letter each           */
const formula *nu(double value);
const formula *add(const formula *a, const formula *b);
const formula *sub(const formula *a, const formula *b);
const formula *mul(const formula *a, const formula *b);
const formula *had(const formula *a, const formula *b);
const formula *over(const formula *a, const formula *b);
const formula *tr(const formula *a);
const formula *call(const char *word, const formula *a);
const formula *big(const char *word, const char *under, const formula *a);

/* Every block, run and formula, with equations, names, tables that are wide and narrow. */
document *sample_document(language spoken);

#endif
