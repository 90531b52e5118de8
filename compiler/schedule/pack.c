/* pack: which weights are brought into the order in which products read them once for all parts of
 * a batch and all steps in time, and not by every product anew: those that a recurrence multiplies
 * with transposed, as own loops read rows (runtime/nnrt_kernel.h). Outside of time a product reads
 * its weights once or twice, and packs them stripe by stripe while they are in a near cache: packed
 * beforehand it was slower by 3 % (docs/performance.md). What lies in a stack of copies is packed
 * as a whole. */
#include "schedule.h"
#include "work.h"

/* Rows above which packing costs nothing beside the product. */
static const double rows_that_hide_it = 400;
enum { PACKED_ROW_BYTES = 128 /* of the widest stripe */ };

/* Without what runs in m, n and k. */
static address begun(const matrix_product *p, const address *at) {
  address to = *at;
  for (int group = 0; group < GROUPS; group++) {
    for (int k = 0; k < p->count[group]; k++) {
      const variable *v = p->variable[group][k];
      for (int t = to.terms - 1; t >= 0; t--) {
        if (variable_now(to.term[t].of) != v) continue;
        to.constant += to.term[t].coefficient * v->low;
        to.term[t] = to.term[--to.terms];
      }
    }
  }
  return to;
}

static const variable *innermost(const matrix_product *p, int group) {
  return p->count[group] > 0 ? p->variable[group][p->count[group] - 1] : NULL;
}

/* The weights that the product reads, as they are to be packed; false if they are not worth it. */
static bool find_packing(const entry_plan *e, const assignment *a, packing *to) {
  const matrix_product *p = a->product;
  if (!p || p->small || p->windows || !recurs(e, a) || !innermost(p, GROUP_N)) return false;
  if (p->transposed[0] || !p->transposed[1]) return false;
  const factor_read *f = &a->factor[p->b];
  if (f->from->kept != STORAGE_PARAMETER) return false;
  size_form m = group_turns(p, GROUP_M), n = group_turns(p, GROUP_N), k = group_turns(p, GROUP_K);
  double rows = (double)m.count * (m.batch ? (double)e->of->nominal_batch / e->parts : 1);
  if (n.batch || k.batch || rows > rows_that_hide_it) return false;
  if (rows * (double)n.count * (double)k.count >= nnrt_large_product) return false;
  address at = buffer_address(e->of->g, f->from, f->at), first = begun(p, &at);
  *to = (packing){.from = f->from, .first = first.constant, .n = n.count, .k = k.count,
                  .row = address_stride(&at, innermost(p, GROUP_N)).count, .copies = 1};
  int64_t widest = PACKED_ROW_BYTES / e->of->real_bytes;
  to->elements = (n.count + widest - 1) / widest * widest * k.count;
  if (first.terms == 0) return true;
  const variable *copy = variable_now(first.term[0].of);
  to->stride = first.term[0].coefficient;
  to->copies = copy->high;
  return first.terms == 1 && copy->kind == VARIABLE_LOOP && !copy->batch && !first.term[0].batch &&
         first.constant == 0 && copy->low >= 0;
}

static bool same(const packing *p, const packing *q) {
  return p->from == q->from && p->first == q->first && p->n == q->n && p->k == q->k &&
         p->row == q->row && p->stride == q->stride && p->copies == q->copies;
}

/* The list's equal, or a new end of it. */
static packing *listed(entry_plan *e, const packing *found) {
  packing **end = &e->packings;
  for (; *end; end = &(*end)->next) {
    if (same(*end, found)) return *end;
  }
  *end = arena_alloc(e->of->memory, sizeof **end);
  **end = *found;
  (*end)->offset = e->packed_bytes;
  const char *word = arena_printf(e->of->memory, "%s_packed", found->from->word);
  (*end)->word = word_new(e->words, word, true);
  e->packed_bytes += rounded_bytes(found->elements * found->copies * e->of->real_bytes);
  return *end;
}

void choose_packings(entry_plan *e) {
  for (size_t k = 0; k < e->assignments && e->parts > 1; k++) {
    packing found;
    if (find_packing(e, e->assignment[k], &found)) {
      e->assignment[k]->product->packed = listed(e, &found);
    }
  }
}
