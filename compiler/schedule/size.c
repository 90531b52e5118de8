/* size: names for extents. Axes that one dimension of a tensor is read along have the same size
 * and share its name: that of an index variable (T for t), else of what is as long (H for h). */
#include <ctype.h>
#include <string.h>

#include "schedule.h"

static axis find(axis *same, axis a) {
  while (same[a] != a) a = same[a] = same[same[a]];
  return a;
}

static void join(const plan *p, axis *same, axis a, axis b) {
  if (a == AXIS_BATCH || b == AXIS_BATCH) return;
  if (axis_extent(p->g, a) != axis_extent(p->g, b)) return;
  a = find(same, a);
  b = find(same, b);
  if (a < b) same[b] = a;
  else same[a] = b;
}

static void join_leaf(plan *p, axis *same, const axis **first, const node *n) {
  const tensor *t = n->tensor;
  if (!first[t->number]) first[t->number] = n->dims;
  for (int d = 0; d < t->rank; d++) {
    join(p, same, first[t->number][d], n->dims[d]);
    if (t->role == TENSOR_REFERENCE && t->body) join(p, same, t->body_dims[d], n->dims[d]);
  }
}

static void join_gradients(plan *p, axis *same) {
  for (int k = 0; k < p->p->gradients; k++) {
    const definition *d = &p->p->gradient[k];
    const axis *dims = p->tensor_axes[p->p->parameter[k]->number];
    for (int j = 0; dims && j < d->rank; j++) join(p, same, dims[j], d->dims[j]);
  }
}

static const char *upper(const plan *p, const char *word) {
  char *chars = arena_copy(p->memory, word, strlen(word));
  for (char *c = chars; *c; c++) *c = (char)toupper((unsigned char)*c);
  return chars;
}

static void suggest(plan *p, axis a, const char *word) {
  a = p->axis_same[a];
  if (a == AXIS_BATCH || p->axis_word[a] || axis_extent(p->g, a) == 1) return;
  const char *chars = upper(p, word_spelt(p->memory, word));
  if (strlen(chars) > 12) return;
  if (word_taken(p->words, chars)) chars = arena_printf(p->memory, "%s_SIZE", chars);
  p->axis_word[a] = word_new(p->words, chars, true);
}

static bool is_index_word(const plan *p, axis a) {
  const char *hint = axis_hint(p->g, a);
  if (!hint || strlen(hint) != 1 || !islower((unsigned char)*hint)) return false;
  for (int k = 0; k < p->p->definitions; k++) {
    if (strcmp(p->p->definition[k].word, hint) == 0) return false;
  }
  return !word_taken(p->words, hint);
}

/* Of a time in segments (--ram), among other segments that were tried. */
static void suggest_parts(plan *p) {
  const bool *reached = program_reach(p->p, true);
  for (int id = 0; id < graph_node_count(p->g); id++) {
    const node *n = graph_node(p->g, id);
    for (int k = 0; k < n->rank && reached[id]; k++) {
      axis_part part = axis_part_of(p->g, n->axes[k]);
      if (part != AXIS_WHOLE) {
        suggest(p, n->axes[k], part == AXIS_SEGMENTS ? "segments" : "steps");
      }
    }
  }
}

static void suggest_all(plan *p, int axes) {
  const program *m = p->p;
  suggest_parts(p);
  for (int k = 0; k < m->definitions; k++) {
    const definition *d = &m->definition[k];
    for (int j = 0; j + 1 < d->rank; j++) {
      if (is_index_word(p, d->dims[j])) suggest(p, d->dims[j], axis_hint(p->g, d->dims[j]));
    }
  }
  for (int k = 0; k < m->inputs; k++) {
    const axis *dims = p->tensor_axes[m->input[k]->number];
    if (dims && m->input[k]->rank == 1) suggest(p, dims[0], m->input[k]->word);
  }
  for (int k = 0; k < m->definitions; k++) {
    const definition *d = &m->definition[k];
    if (d->rank > 0) suggest(p, d->dims[d->rank - 1], d->word);
  }
  for (axis a = 1; a < axes; a++) {
    if (p->axis_same[a] == a && is_index_word(p, a)) suggest(p, a, axis_hint(p->g, a));
  }
  for (int k = 0; k < m->parameters; k++) {
    const axis *dims = p->tensor_axes[m->parameter[k]->number];
    const char *word = m->parameter[k]->word;
    size_t length = strlen(word);
    if (length > 2 && strcmp(word + length - 2, ".b") == 0) { /* a bias is as long as its layer */
      word = arena_copy(p->memory, word, length - 2);
    }
    if (dims && m->parameter[k]->rank == 1) suggest(p, dims[0], word);
  }
}

void name_sizes(plan *p) {
  int axes = graph_axis_count(p->g);
  p->axis_steps = arena_alloc(p->memory, (size_t)axes * sizeof(bool));
  p->axis_whole = arena_alloc(p->memory, (size_t)axes * sizeof(bool));
  p->axis_same = arena_alloc(p->memory, (size_t)axes * sizeof(axis));
  p->axis_word = arena_alloc(p->memory, (size_t)axes * sizeof(char *));
  p->tensor_axes = arena_alloc(p->memory, ((size_t)tensor_count(p->g) + 1) * sizeof(axis *));
  for (axis a = 0; a < axes; a++) p->axis_same[a] = a;
  for (int k = 0; k < tensor_count(p->g); k++) {
    const tensor *t = tensor_at(p->g, k);
    const bool steps = t->role == TENSOR_REFERENCE && t->body && t->rank > 0;
    if (steps && !axis_counts_copies(p->g, t->body_dims[0])) p->axis_steps[t->body_dims[0]] = true;
  }
  for (int id = 0; id < graph_node_count(p->g); id++) {
    const node *n = graph_node(p->g, id);
    if (n->class == NODE_TENSOR) join_leaf(p, p->axis_same, p->tensor_axes, n);
  }
  join_gradients(p, p->axis_same);
  for (axis a = 0; a < axes; a++) p->axis_same[a] = find(p->axis_same, a);
  suggest_all(p, axes);
}

const char *size_word(const plan *p, const buffer *b, int d) {
  if (b->dims[d] == AXIS_BATCH) return "n";
  axis a = b->dims[d];
  if (a < 0 && b->leaf) {
    const axis *dims = p->tensor_axes[b->leaf->number];
    a = dims ? dims[d - b->leaf->per_sample] : -1;
  }
  size_form extent = buffer_extent(p->g, b, d);
  if (a > 0 && p->axis_word[p->axis_same[a]] && axis_extent(p->g, a) == extent.count) {
    return p->axis_word[p->axis_same[a]];
  }
  return arena_printf(p->memory, "%lld", (long long)extent.count);
}

const char *bound_word(const plan *p, const variable *v) {
  if (v->joined[0]) {
    const char *outer = bound_word(p, v->joined[0]);
    const bool number = p->vast && isdigit((unsigned char)outer[0]);
    return arena_printf(p->memory, "%s%s * %s", number ? "(size_t)" : "", outer, bound_word(p, v->joined[1]));
  }
  if (v->batch) return "n";
  if (v->along > 0 && v->high == axis_extent(p->g, v->along) &&
      p->axis_word[p->axis_same[v->along]]) {
    return p->axis_word[p->axis_same[v->along]];
  }
  return arena_printf(p->memory, "%lld", (long long)v->high);
}
