/* Scatters along windows, as gathers. The derivative of a sum over windows by what it reads,
 *
 *   y[i + d p] += sum_o w[o, p] g[o, i]        as the swapped view has it,
 *   y[t] = sum_{o, p'} w[o, P - 1 - p'] z[o, t + d p'],   z: g with zeros around,
 *
 * is a sum over windows once more. So no value of each place and each part of the window is stored and
 * added up, and what computes the model forwards computes this. Not for strides (every second place of a
 * window would read a zero), and not where the gather has many more places than the scatter: without
 * padding a window of 5 x 5 that moves over 12 x 12 has 8 x 8 places. */
#include "scatter.h"

static const double most_places = 1.35; /* of the gather, of one of the scatter */

/* One axis of the result: place t stands for `from` + t of what the window moves over. */
typedef struct moved_axis {
  axis place, part;       /* of what is scattered: along g's places, along the window's parts      */
  int64_t places, parts;
  int64_t step;           /* from part to part                                                    */
  int64_t constant;       /* y[constant + place + step part]                                      */
  axis result;            /* of the scatter                                                       */
  axis cropped;           /* and of the part of it that is read, `count` places from `from` on     */
  int64_t from, count;
  axis gathered;          /* while the gather is made: the product has none of it                  */
  axis padded, turned;    /* new ones: along z, and along parts the other way round               */
} moved_axis;

typedef struct scatter {
  graph *g;
  int axes;
  moved_axis axis[MAX_RANK];
} scatter;

/* ---- what it is ----------------------------------------------------------------------------- */

/* The only one of the list that has the variable; it has it alone if `alone`. */
static const affine *only_one_with(const affine *list, int count, int u, int box, bool alone) {
  const affine *found = NULL;
  for (int k = 0; k < count; k++) {
    if (list[k].coefficient[u] == 0) continue;
    if (found) return NULL;
    found = &list[k];
    for (int v = 0; v < box && alone; v++) {
      if (v != u && found->coefficient[v] != 0) return NULL;
    }
  }
  return found;
}

/* The axis that the variable reads whole, by itself. */
static bool read_whole(const graph *g, const view *v, int u, axis *along) {
  const affine *read = only_one_with(v->read, v->reads, u, v->box, true);
  if (!read || read->constant != 0 || read->coefficient[u] != 1) return false;
  *along = read->along;
  return axis_extent(g, read->along) == v->extent[u];
}

/* The two variables of a write; the one with more turns first. */
static bool two_variables(const view *v, const affine *write, int *first, int *second) {
  int count = 0, found[2] = {0, 0};
  for (int u = 0; u < v->box; u++) {
    if (write->coefficient[u] == 0) continue;
    if (count == 2 || !only_one_with(v->write, v->writes, u, v->box, false)) return false;
    found[count++] = u;
  }
  if (count < 2) return false;
  const int longer = v->extent[found[0]] < v->extent[found[1]];
  *first = found[longer];
  *second = found[1 - longer];
  return true;
}

static bool read_moved_axis(const graph *g, const view *v, const affine *write, moved_axis *to) {
  int moved, part;
  if (!two_variables(v, write, &moved, &part)) return false;
  *to = (moved_axis){.places = v->extent[moved], .parts = v->extent[part],
                     .step = write->coefficient[part], .constant = write->constant,
                     .result = write->along, .cropped = write->along,
                     .count = axis_extent(g, write->along)};
  return write->coefficient[moved] == 1 && to->step > 0 && read_whole(g, v, moved, &to->place) &&
         read_whole(g, v, part, &to->part);
}

static bool read_scatter(const view *v, scatter *to) {
  for (int k = 0; k < v->writes; k++) {
    if (!read_moved_axis(to->g, v, &v->write[k], &to->axis[to->axes++])) return false;
  }
  return to->axes > 0 && v->reads == v->box && v->box == 2 * to->axes;
}

static moved_axis *result_along(scatter *s, axis along) {
  for (int k = 0; k < s->axes; k++) {
    if (s->axis[k].result == along) return &s->axis[k];
  }
  return NULL;
}

/* Takes in what part of the result `crop` reads: along an axis of the window a run of places, whatever it
 * does along others. */
static bool read_crop(const graph *g, const view *crop, scatter *to) {
  for (int k = 0; k < crop->reads; k++) {
    const affine *read = &crop->read[k];
    moved_axis *of = result_along(to, read->along);
    for (int u = 0; u < crop->box && of; u++) {
      if (read->coefficient[u] == 0) continue;
      const affine *write = only_one_with(crop->write, crop->writes, u, crop->box, true);
      if (!write || read->coefficient[u] != 1 || of->cropped != of->result ||
          only_one_with(crop->read, crop->reads, u, crop->box, true) != read ||
          write->constant != 0 || crop->extent[u] != axis_extent(g, write->along))
        return false;
      of->cropped = write->along;
      of->from = read->constant;
      of->count = crop->extent[u];
    }
    if (of && of->cropped == of->result) return false; /* a single place */
  }
  return true;
}

static bool pays(const scatter *s) {
  double gathered = 1, scattered = 1;
  for (int k = 0; k < s->axes; k++) {
    gathered *= (double)s->axis[k].count;
    scattered *= (double)s->axis[k].places;
  }
  return gathered <= most_places * scattered;
}

/* ---- factors -------------------------------------------------------------------------------- */

static bool has_place(const scatter *s, const node *n) {
  bool found = false;
  for (int k = 0; k < s->axes; k++) found = found || node_has_axis(n, s->axis[k].place);
  return found;
}

static bool has_part(const scatter *s, const node *n) {
  bool found = false;
  for (int k = 0; k < s->axes; k++) found = found || node_has_axis(n, s->axis[k].part);
  return found;
}

static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

/* The first place that the window reads at result 0, part P - 1: negative in the padding. */
static int64_t first_place(const moved_axis *of) {
  return of->from - of->constant - of->step * (of->parts - 1);
}

/* Places from the first that is read to the last. */
static int64_t padded_places(const moved_axis *of) {
  return of->count + of->step * (of->parts - 1);
}

static const node *pad(scatter *s, const node *n) {
  view v = view_empty();
  for (int k = 0; k < s->axes; k++) {
    moved_axis *of = &s->axis[k];
    const int64_t first = first_place(of), last = first + padded_places(of);
    const int64_t begin = larger(first, 0), end = smaller(last, of->places);
    const int u = view_box(&v, end - begin);
    of->padded = axis_new(s->g, axis_hint(s->g, of->place), padded_places(of));
    view_read(&v, of->place, begin)->coefficient[u] = 1;
    view_write(&v, of->padded, begin - first)->coefficient[u] = 1;
  }
  return node_view(s->g, n, &v);
}

static const node *window_over(const scatter *s, const node *padded) {
  view v = view_empty();
  for (int k = 0; k < s->axes; k++) {
    const moved_axis *of = &s->axis[k];
    const int t = view_box(&v, of->count), p = view_box(&v, of->parts);
    affine *read = view_read(&v, of->padded, 0);
    read->coefficient[t] = 1;
    read->coefficient[p] = of->step;
    view_write(&v, of->gathered, 0)->coefficient[t] = 1;
    view_write(&v, of->turned, 0)->coefficient[p] = 1;
  }
  return node_view(s->g, padded, &v);
}

static const node *turn(const scatter *s, const node *n) {
  view v = view_empty();
  for (int k = 0; k < s->axes; k++) {
    const moved_axis *of = &s->axis[k];
    if (!node_has_axis(n, of->part)) continue;
    const int u = view_box(&v, of->parts);
    view_read(&v, of->part, of->parts - 1)->coefficient[u] = -1;
    view_write(&v, of->turned, 0)->coefficient[u] = 1;
  }
  return node_view(s->g, n, &v);
}

/* One factor has all places, to the first power, and none of the window's parts. */
static bool find_moved_factor(const scatter *s, const node *product, int *found) {
  int count = 0;
  bool parts = false;
  for (int k = 0; k < product->operands; k++) {
    const node *factor = product->operand[k];
    parts = parts || has_part(s, factor);
    if (!has_place(s, factor)) continue;
    *found = k;
    count++;
  }
  if (count != 1 || !parts) return false;
  const node *moved = product->operand[*found];
  const double power = product->power[*found];
  for (int k = 0; k < s->axes; k++) {
    if (!node_has_axis(moved, s->axis[k].place)) return false;
  }
  return !has_part(s, moved) && !moved->boolean && power >= 1 && power <= 1;
}

static bool fits(const scatter *s, const node *product) {
  /* The product's axes, the result's for the places, and bound ones for the parts. */
  return product->rank + product->bound <= MAX_RANK && 4 * s->axes <= MAX_RANK;
}

static const node *gather_from(scatter *s, const node *product) {
  int moved = 0;
  axis bound[MAX_RANK];
  const node *factor[MAX_RANK];
  if (product->operands > MAX_RANK || !fits(s, product) || !find_moved_factor(s, product, &moved))
    return NULL;
  for (int k = 0; k < s->axes; k++) {
    moved_axis *of = &s->axis[k];
    const bool taken = node_has_axis(product, of->cropped) || node_binds(product, of->cropped);
    of->gathered = taken ? axis_new(s->g, axis_hint(s->g, of->cropped), of->count) : of->cropped;
    of->turned = axis_new(s->g, axis_hint(s->g, of->part), of->parts);
    bound[k] = of->turned;
  }
  for (int k = 0; k < product->operands; k++) {
    factor[k] = k == moved ? window_over(s, pad(s, product->operand[k]))
                           : turn(s, product->operand[k]);
  }
  for (int k = 0; k < product->bound; k++) bound[s->axes + k] = product->bound_axes[k];
  return node_product(s->g, product->operands, factor, product->power, s->axes + product->bound,
                      bound);
}

/* `made` under the axes of the result: as `crop` reads it from its first place on, or renamed. */
static const node *shown(scatter *s, const node *made, const view *crop) {
  view rest = crop ? *crop : view_empty();
  for (int k = 0; k < rest.reads; k++) {
    const moved_axis *of = result_along(s, rest.read[k].along);
    if (!of) continue;
    rest.read[k].along = of->gathered;
    rest.read[k].constant = 0;
  }
  for (int k = 0; k < s->axes; k++) {
    const moved_axis *of = &s->axis[k];
    if (of->cropped == of->result) made = node_rename(s->g, made, of->gathered, of->result);
  }
  return crop ? node_view(s->g, made, &rest) : made;
}

const node *gather_windows(graph *g, const node *product, const view *scattering,
                           const view *crop) {
  scatter s = {.g = g};
  if (product->class != NODE_PRODUCT || !read_scatter(scattering, &s)) return NULL;
  if (crop && !read_crop(g, crop, &s)) return NULL;
  const node *made = pays(&s) ? gather_from(&s, product) : NULL;
  return made ? shown(&s, made, crop) : NULL;
}
