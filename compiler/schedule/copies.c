/* copies: what shares the loop over the copies of a repeat. A loop over time holds what must step,
 * and no more: what lies before and after it is computed for all steps at once. A loop over copies
 * holds all that a copy does, so that what only one copy needs lives no longer than its turn.
 *
 * Into the loop go components that run along its axis and
 * - depend on it, where all that they depend on lies in the loop or does not depend on it;
 * - or are read in the loop alone.
 * Where a program computes values again to save memory (--ram), sums over the axis are added up turn
 * by turn too, so that nothing need be kept for them; and what belongs to the second computation
 * stays out of the loops of the first. */
#include "cycle.h"

typedef struct gathering {
  entry_plan *e;
  assignment_set *found;
  int count, loop, sign;
  const variable *over;
  bool again;             /* the loop belongs to a second computation */
  bool *member, *follows, *leads; /* by component: it shares the loop; it depends on the loop; the
                                     loop depends on it */
  bool *read_inside, *read_outside; /* by component */
} gathering;

static bool saves_memory(const entry_plan *e) { return e->of->p->declared != NULL; }

static bool is_again(const gathering *g, const assignment *a) {
  const program *p = g->e->of->p;
  return p->first_again > 0 && a->target->what && a->target->what->id >= p->first_again;
}

/* The variable of a sum over the axis, which can be added up turn by turn; or NULL. */
static variable *summed_along(const assignment *a, const variable *v) {
  for (const assignment *w = a->target->writer; w; w = w->next_writer) {
    if (w->kind != ASSIGN_PRODUCT) return NULL;
  }
  for (int k = a->free; k < a->variables; k++) {
    variable *own = variable_now(a->variable[k]);
    bool same = own->along == v->along && own->low == v->low && own->high == v->high;
    if (same && own->kind == VARIABLE_LOOP && !own->batch && !own->time) return own;
  }
  return NULL;
}

variable *variable_along(const entry_plan *e, const assignment *a, const variable *v) {
  variable *own = variable_like(a, v);
  return own || !saves_memory(e) ? own : summed_along(a, v);
}

/* Each of its assignments runs along the axis of copies. */
static bool runs_along(const gathering *g, assignment_set set) {
  for (int k = 0; k < set.count; k++) {
    assignment *a = set.item[k];
    variable *v = variable_along(g->e, a, g->over);
    if (!v || a->last || a->tied || is_again(g, a) != g->again) return false;
    a->steps_along = v;
  }
  return true;
}

/* Whether what `a` reads of w is there within the turn, or was left by an earlier one. */
static bool reads_in_turn(const gathering *g, const assignment *a, const buffer_read *r,
                          const assignment *w) {
  variable *along;
  int64_t distance;
  if (!read_distance(a, r, w, &along, &distance) || along != w->steps_along) return false;
  return distance == 0 || (distance < 0) == (g->sign < 0);
}

/* A component behind the loop, all of whose operands are in the loop or do not depend on it. */
static bool may_follow(const gathering *g, int component) {
  assignment_set set = g->found[component];
  if (!g->follows[component] || !runs_along(g, set)) return false;
  for (int k = 0; k < set.count; k++) {
    for (const buffer_read *r = set.item[k]->reads; r; r = r->next) {
      for (const assignment *w = r->from->writer; w && !r->carried; w = w->next_writer) {
        if (w->group != set.item[k]->group) continue;
        bool inside = g->member[w->component] || w->component == component;
        if (inside ? !reads_in_turn(g, set.item[k], r, w) : g->follows[w->component]) return false;
      }
    }
  }
  return true;
}

/* Notes who reads what a component writes: members in their turn, or anybody else. */
static void note_readers(gathering *g, int component) {
  assignment_set set = g->found[component];
  for (int k = 0; k < set.count; k++) {
    for (const buffer_read *r = set.item[k]->reads; r; r = r->next) {
      for (const assignment *w = r->from->writer; w && !r->carried; w = w->next_writer) {
        if (w->group != set.item[k]->group || w->component == component) continue;
        bool inside = g->member[component] && variable_along(g->e, w, g->over) && w->steps_along &&
                      reads_in_turn(g, set.item[k], r, w);
        *(inside ? &g->read_inside[w->component] : &g->read_outside[w->component]) = true;
      }
    }
  }
}

static bool reads_itself_in_turn(const gathering *g, int component) {
  assignment_set set = g->found[component];
  for (int k = 0; k < set.count; k++) {
    for (const buffer_read *r = set.item[k]->reads; r; r = r->next) {
      for (const assignment *w = r->from->writer; w && !r->carried; w = w->next_writer) {
        bool own = w->group == set.item[k]->group && w->component == component;
        if (own && !reads_in_turn(g, set.item[k], r, w)) return false;
      }
    }
  }
  return true;
}

static void find_followers(gathering *g) {
  for (int c = g->loop; c < g->count; c++) {
    assignment_set set = g->found[c];
    for (int k = 0; k < set.count && c > g->loop; k++) {
      for (const buffer_read *r = set.item[k]->reads; r; r = r->next) {
        for (const assignment *w = r->from->writer; w && !r->carried; w = w->next_writer) {
          bool here = w->group == set.item[k]->group;
          if (here && (w->component == g->loop || g->follows[w->component])) g->follows[c] = true;
        }
      }
    }
  }
}

/* Every component behind this one has said by now what it reads. */
static bool may_precede(const gathering *g, int component) {
  return g->read_inside[component] && !g->read_outside[component] &&
         runs_along(g, g->found[component]) && reads_itself_in_turn(g, component);
}

/* ---- sums that the loop does not need --------------------------------------------------------- */

/* Whether a component with a larger number that depends on this one is in the loop. */
static bool loop_needs(const gathering *g, int component) {
  bool *depends = arena_alloc(g->e->of->memory, (size_t)g->count * sizeof *depends);
  depends[component] = true;
  for (int c = component + 1; c < g->count; c++) {
    assignment_set set = g->found[c];
    for (int k = 0; k < set.count; k++) {
      for (const buffer_read *r = set.item[k]->reads; r; r = r->next) {
        for (const assignment *w = r->from->writer; w && !r->carried; w = w->next_writer) {
          if (w->group == set.item[k]->group && depends[w->component]) depends[c] = true;
        }
      }
    }
    if (depends[c] && g->member[c]) return true;
  }
  return false;
}

/* Marks what the loop depends on. */
static void find_leaders(gathering *g) {
  g->leads[g->loop] = true;
  for (int c = g->loop; c >= 0; c--) {
    assignment_set set = g->found[c];
    for (int k = 0; k < set.count && g->leads[c]; k++) {
      for (const buffer_read *r = set.item[k]->reads; r; r = r->next) {
        for (const assignment *w = r->from->writer; w && !r->carried; w = w->next_writer) {
          if (w->group == set.item[k]->group) g->leads[w->component] = true;
        }
      }
    }
  }
}

/* Whether it reads, within the turn, what the loop needs too. */
static bool shares_reads(const gathering *g, int component) {
  assignment_set set = g->found[component];
  for (int k = 0; k < set.count; k++) {
    for (const buffer_read *r = set.item[k]->reads; r; r = r->next) {
      for (const assignment *w = r->from->writer; w && !r->carried; w = w->next_writer) {
        if (w->group != set.item[k]->group || w->component == component) continue;
        if (!w->steps_along || !reads_in_turn(g, set.item[k], r, w)) continue;
        if (g->leads[w->component] || g->member[w->component]) return true;
      }
    }
  }
  return false;
}

/* A sum over the axis of what the loop computes, or reads, anyway: a loss. */
static bool may_be_summed(const gathering *g, int component) {
  assignment_set set = g->found[component];
  if (set.count != 1 || g->leads[component] || !summed_along(set.item[0], g->over)) return false;
  return runs_along(g, set) && shares_reads(g, component) && !loop_needs(g, component);
}

static void prepare(gathering *g) {
  for (int c = 0; c < g->count; c++) {
    assignment_set set = g->found[c];
    for (int k = 0; k < set.count && c != g->loop; k++) {
      set.item[k]->steps_along = variable_along(g->e, set.item[k], g->over);
    }
  }
}

static bool tie(gathering *g) {
  assignment *first = NULL, *last = NULL;
  int members = 0;
  for (int c = 0; c < g->count; c++) members += g->member[c];
  for (int c = 0; c < g->count && members > 1; c++) {
    for (int k = 0; k < g->found[c].count && g->member[c]; k++) {
      assignment *a = g->found[c].item[k];
      if (!first) first = a;
      else last->tied = a;
      last = a;
    }
  }
  if (last) last->tied = first;
  return members > 1;
}

bool tie_to_loop(entry_plan *e, assignment_set *found, int count, int loop, int sign) {
  size_t bytes = (size_t)count * sizeof(bool);
  arena *memory = e->of->memory;
  gathering g = {.e = e, .found = found, .count = count, .loop = loop, .sign = sign,
                 .over = found[loop].item[0]->steps_along,
                 .member = arena_alloc(memory, bytes), .follows = arena_alloc(memory, bytes),
                 .read_inside = arena_alloc(memory, bytes),
                 .read_outside = arena_alloc(memory, bytes), .leads = arena_alloc(memory, bytes),
                 .again = false};
  g.again = is_again(&g, found[loop].item[0]);
  prepare(&g);
  find_followers(&g);
  find_leaders(&g);
  g.member[loop] = true;
  for (int c = loop + 1; c < count; c++) g.member[c] = may_follow(&g, c);
  for (int c = count - 1; c >= 0; c--) {
    bool free = c != loop && !g.member[c] && !g.follows[c];
    if (free && saves_memory(e)) g.member[c] = may_be_summed(&g, c) || may_precede(&g, c);
    else if (c < loop) g.member[c] = may_precede(&g, c);
    note_readers(&g, c);
  }
  return tie(&g);
}

/* ---- order inside the loop ------------------------------------------------------------------ */

/* The last component that this one depends on, or -1; those that it reads, in this turn or in the
 * next, are marked. */
static int last_operand(assignment_set set, int component, bool *read) {
  int last = -1;
  for (int k = 0; k < set.count; k++) {
    for (const buffer_read *r = set.item[k]->reads; r; r = r->next) {
      for (const assignment *w = r->from->writer; w; w = w->next_writer) {
        if (w->group != set.item[k]->group) continue;
        if (w->component != component || r->carried) read[w->component] = true;
        if (w->component != component && !r->carried && w->component > last) last = w->component;
      }
    }
  }
  return last;
}

void bring_forward(entry_plan *e, assignment_set *found, int count) {
  arena *memory = e->of->memory;
  assignment_set *order = arena_alloc(memory, ((size_t)count + 1) * sizeof *order);
  bool *read = arena_alloc(memory, ((size_t)count + 1) * sizeof *read);
  int *after = arena_alloc(memory, ((size_t)count + 1) * sizeof *after), ordered = 0;
  number_components(found, count);
  for (int c = 0; c < count; c++) after[c] = last_operand(found[c], c, read);
  for (int c = -1; c < count; c++) {
    if (c >= 0 && read[c]) order[ordered++] = found[c];
    for (int sink = 0; sink < count; sink++) {
      if (!read[sink] && after[sink] == c) order[ordered++] = found[sink];
    }
  }
  for (int c = 0; c < count; c++) found[c] = order[c];
}
