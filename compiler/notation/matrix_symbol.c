/* Symbols in matrix notation: the letter, its indices, and how its matrix is turned. */
#include <string.h>

#include "matrix.h"

const ambient *ambient_of(const ambient *at, axis a) {
  while (at && at->along != a) at = at->outer;
  return at;
}

int plain_axes(const node *n, const ambient *at, axis *out) {
  int count = 0;
  for (int k = 0; k < n->rank; k++) {
    if (ambient_of(at, n->axes[k])) continue;
    if (count < 3) out[count] = n->axes[k];
    count++;
  }
  return count;
}

bool matrix_layout(const symbol *of, const ambient *at, orientation *out, int *entries) {
  axis list[MAX_RANK + 1];
  int count = 0, units = 0;
  if (of->per_sample && !ambient_of(at, AXIS_BATCH)) list[count++] = AXIS_BATCH;
  for (int k = 0; k < of->rank; k++) {
    axis a = of->dims[k];
    if (a != AXIS_UNIT && ambient_of(at, a)) continue;
    list[count++] = a == AXIS_UNIT ? AXIS_NONE : a;
    units += a == AXIS_UNIT;
  }
  while (count > 2 && units > 0) {
    int k = count - 1;
    while (k >= 0 && list[k] != AXIS_NONE) k--;
    memmove(&list[k], &list[k + 1], (size_t)(count - k - 1) * sizeof *list);
    count--;
    units--;
  }
  if (count > 2) return false;
  *entries = count;
  out->row = count > 0 ? list[0] : AXIS_NONE;
  out->column = count > 1 ? list[1] : AXIS_NONE;
  return true;
}

static const formula *place_of_index(matrix_page *p, const ambient *at) {
  const formula *number = formula_number(p->memory, (double)at->by);
  if (at->fixed) return number;
  const formula *letter = formula_symbol(p->memory, at->letter);
  if (at->by == 0) return letter;
  const formula *part[] = {letter, number};
  return formula_sum(p->memory, 2, part, NULL);
}

const formula *matrix_letter(matrix_page *p, const symbol *of, bool upper, const ambient *at) {
  const formula *index[MAX_RANK + 1];
  int count = 0;
  const ambient *sample = ambient_of(at, AXIS_BATCH);
  if (of->per_sample && sample && sample->letter) index[count++] = place_of_index(p, sample);
  for (int k = 0; k < of->rank; k++) {
    const ambient *here = of->dims[k] == AXIS_UNIT ? NULL : ambient_of(at, of->dims[k]);
    if (here && here->letter) index[count++] = place_of_index(p, here);
  }
  bool delta = of->kind == SYMBOL_ADJOINT && of->delta;
  const symbol *primal = of->kind == SYMBOL_ADJOINT ? of->by : of;
  const formula *letter = upper ? primal->whole : primal->elements;
  if (delta) letter = formula_symbol(p->memory, upper ? "Δ" : "δ");
  else if (primal->parameter) letter = primal->whole;
  if (count) letter = formula_indexed(p->memory, letter, count, index);
  if (of->kind != SYMBOL_ADJOINT || delta) return letter;
  if (!of->total) return formula_partial(p->memory, loss_letter(p->s), letter);
  return formula_total(p->memory, loss_letter(p->s), letter);
}

const formula *matrix_ones(matrix_page *p) { return formula_symbol(p->memory, "𝟏"); }

const formula *matrix_transposed(matrix_page *p, const formula *f) {
  return page_transpose(p->memory, f);
}

const formula *matrix_turned(matrix_page *p, const formula *f, orientation own,
                             orientation wanted) {
  if (own.row == wanted.row && own.column == wanted.column) return f;
  bool scalar = own.row == AXIS_NONE && own.column == AXIS_NONE;
  if (scalar) return f;
  if (own.row == wanted.column && own.column == wanted.row) return matrix_transposed(p, f);
  if (own.column == AXIS_NONE && own.row == wanted.column) {
    return formula_times(p->memory, matrix_ones(p), matrix_transposed(p, f));
  }
  if (own.row == AXIS_NONE && own.column == wanted.column) {
    return formula_times(p->memory, matrix_ones(p), f);
  }
  const formula *repeated = matrix_transposed(p, matrix_ones(p));
  if (own.column == AXIS_NONE && own.row == wanted.row) {
    return formula_times(p->memory, f, repeated);
  }
  if (own.row == AXIS_NONE && own.column == wanted.row) {
    return formula_times(p->memory, matrix_transposed(p, f), repeated);
  }
  return NULL;
}

const formula *symbol_matrix(matrix_page *p, const symbol *of, orientation as, const ambient *at) {
  orientation own;
  int entries;
  if (!matrix_layout(of, at, &own, &entries)) return NULL;
  return matrix_turned(p, matrix_letter(p, of, entries > 1, at), own, as);
}
