/* Boxes to pieces, between which lines may break, and pieces to lines.
 *
 * A formula breaks at its outermost relations first, then at its outermost signs, then further
 * inside; a product of factors only where it is long itself, and a short group in parentheses
 * never. Breaks are chosen so that their penalties add up to the least, as TeX does it for
 * paragraphs. */
#include <math.h>
#include <string.h>

#include "layout.h"

enum {
  RELATION_BREAK = 1, SIGN_BREAK = 4, COMMA_BREAK = 6, FACTOR_BREAK = 8, DEEPER = 4,
  NEW_LINE = 25            /* so that there are few                                              */
};

/* em: narrower groups and products never break; a phone has little room. */
static double unbroken(document_format format) { return format == FORMAT_HTML ? 9 : 14; }

typedef struct cutter {
  pieces *all;
  int depth;               /* of groups that are open                                            */
  bool whole;              /* no break may come                                                  */
  bool glue;               /* what comes next is kept apart                                      */
  int penalty;             /* of a break before it                                               */
} cutter;

static void print_leaf(text *out, arena *memory, const box *b, document_format format) {
  switch (format) {
    case FORMAT_TEXT: box_text(out, memory, b); break;
    case FORMAT_LATEX: box_latex(out, memory, b); break;
    case FORMAT_HTML: box_mathml(out, memory, b); break;
  }
}

static void push(cutter *c, const char *chars, double width) {
  pieces *all = c->all;
  bool columns = all->format == FORMAT_TEXT;
  piece last = {.chars = chars, .glue = c->glue, .penalty = c->whole ? NO_BREAK : c->penalty,
                .width = columns ? text_columns(chars) : width};
  ARENA_PUSH(all->memory, all->piece, all->count, all->capacity, last);
  c->glue = false;
  c->penalty = NO_BREAK;
}

static void push_leaf(cutter *c, const box *b) {
  text out = text_new(c->all->memory);
  print_leaf(&out, c->all->memory, b, c->all->format);
  push(c, out.chars ? out.chars : "", b->width);
}

static int deeper(const cutter *c, int penalty) { return penalty + DEEPER * c->depth; }

static void cut(cutter *c, const box *b, const box *scripts);

/* An operator begins the next line, a comma ends its own. */
static void cut_mark(cutter *c, const box *mark) {
  bool between = mark->mark == MARK_BINARY || mark->mark == MARK_RELATION;
  bool spaced = c->all->format == FORMAT_TEXT; /* other formats space marks by themselves */
  if (between) {
    c->glue = spaced;
    c->penalty = deeper(c, mark->mark == MARK_BINARY ? SIGN_BREAK : RELATION_BREAK);
  }
  push_leaf(c, mark);
  c->glue = spaced && (between || mark->mark == MARK_COMMA);
  if (mark->mark == MARK_COMMA) c->penalty = deeper(c, COMMA_BREAK);
}

static bool is_slash(const box *b) {
  return b->kind == BOX_MARK && b->mark == MARK_PLAIN && strcmp(b->chars, "/") == 0;
}

/* Between factors and before a slash a line breaks only where the product is long, and never
 * behind a Σ. */
static void cut_row(cutter *c, const box *row, const box *scripts) {
  for (int k = 0; k < row->count; k++) {
    const box *part = row->part[k];
    bool gap = part->kind == BOX_GAP;
    bool together = row->width < unbroken(c->all->format) ||
                    (k && row->part[k - 1]->kind == BOX_LIMITS);
    if (gap) c->glue = true;
    if (gap || is_slash(part)) c->penalty = together ? NO_BREAK : deeper(c, FACTOR_BREAK);
    if (!gap) cut(c, part, k == row->count - 1 ? scripts : NULL);
  }
}

/* The fence with scripts is a leaf: a mark that has them. */
static void cut_close(cutter *c, const box *group, const box *scripts) {
  text out = text_new(c->all->memory);
  box *mark = box_new(c->all->memory, BOX_MARK, group->close);
  mark->mark = MARK_CLOSE;
  mark->tall = group->tall;
  if (scripts) {
    const box *const parts[] = {mark, scripts->part[1], scripts->part[2]};
    print_leaf(&out, c->all->memory, box_of(c->all->memory, BOX_SCRIPTS, 3, parts),
               c->all->format);
  } else {
    print_leaf(&out, c->all->memory, mark, c->all->format);
  }
  push(c, out.chars, 0.45 + (scripts ? scripts->width - scripts->part[0]->width : 0));
}

static void cut_group(cutter *c, const box *group, const box *scripts) {
  text open = text_new(c->all->memory);
  if (c->all->format == FORMAT_TEXT) text_append(&open, group->chars);
  if (c->all->format == FORMAT_LATEX) fence_latex(&open, group, true);
  if (c->all->format == FORMAT_HTML) fence_mathml(&open, group, true);
  push(c, open.chars, 0.45);
  bool whole = c->whole;
  c->whole = whole || group->width < unbroken(c->all->format);
  c->depth++;
  cut(c, group->part[0], NULL);
  c->depth--;
  c->whole = whole;
  c->glue = false;
  c->penalty = NO_BREAK;
  cut_close(c, group, scripts);
}

static void cut_scripted(cutter *c, const box *b) {
  const box *base = b->part[0];
  if (base->kind == BOX_ROW || base->kind == BOX_GROUP) cut(c, base, b);
  else push_leaf(c, b);
}

static void cut(cutter *c, const box *b, const box *scripts) {
  arena *memory = c->all->memory;
  switch (b->kind) {
    case BOX_ROW: cut_row(c, b, scripts); return;
    case BOX_GROUP: cut_group(c, b, scripts); return;
    case BOX_SCRIPTS: cut_scripted(c, b); return;
    case BOX_MARK: cut_mark(c, b); return;
    default: break;
  }
  if (!scripts) {
    push_leaf(c, b);
    return;
  }
  const box *const parts[] = {b, scripts->part[1], scripts->part[2]};
  push_leaf(c, box_of(memory, BOX_SCRIPTS, 3, parts));
}

pieces pieces_of(arena *memory, const box *whole, document_format format) {
  pieces all = {.memory = memory, .format = format};
  cut(&(cutter){.all = &all, .penalty = NO_BREAK}, whole, NULL);
  return all;
}

void print_pieces(text *out, const pieces *all, size_t begin, size_t end) {
  static const char *const space[] = {" ", "\\,", "<mspace width=\"0.17em\"/>"};
  for (size_t k = begin; k < end; k++) {
    if (k > begin && all->piece[k].glue) text_append(out, space[all->format]);
    text_append(out, all->piece[k].chars);
  }
}

void box_print(text *out, arena *memory, const box *b, document_format format) {
  pieces all = pieces_of(memory, b, format);
  print_pieces(out, &all, 0, all.count);
}

/* ---- lines -------------------------------------------------------------------------------- */

static double piece_width(const pieces *all, size_t k, bool begins) {
  double space = all->format == FORMAT_TEXT ? 1 : 0.2;
  return all->piece[k].width + (all->piece[k].glue && !begins ? space : 0);
}

typedef struct best_line {
  double cost;
  size_t begin;           /* of the line that ends here                                          */
} best_line;

/* The least cost of pieces 0 .. end as lines, the last of which begins at the best place. The
 * line's own width only asks how it begins: at 0, or after a break. */
static void find_best(const pieces *all, best_line *best, size_t end, double first, double rest) {
  double width = 0;
  best[end] = (best_line){.cost = INFINITY};
  for (size_t begin = end; begin-- > 0;) {
    if (begin + 1 < end) width += piece_width(all, begin + 1, false);
    double line = width + piece_width(all, begin, true);
    bool may_begin = begin == 0 || all->piece[begin].penalty != NO_BREAK;
    if (!may_begin) continue;
    double over = line - (begin == 0 ? first : rest);
    double cost = best[begin].cost + (begin ? all->piece[begin].penalty + NEW_LINE : 0) +
                  (over > 0 ? 1000 * over : 0);
    if (cost < best[end].cost) best[end] = (best_line){.cost = cost, .begin = begin};
    if (over > 0 && begin + 1 < end && isfinite(best[end].cost)) break;
  }
}

int break_lines(const pieces *all, double first, double rest, size_t **begin) {
  best_line *best = arena_alloc(all->memory, (all->count + 1) * sizeof *best);
  for (size_t end = 1; end <= all->count; end++) find_best(all, best, end, first, rest);
  int lines = 0;
  for (size_t at = all->count; at > 0; at = best[at].begin) lines++;
  *begin = arena_alloc(all->memory, (size_t)(lines + 1) * sizeof **begin);
  (*begin)[lines] = all->count;
  size_t at = all->count;
  for (int k = lines; k-- > 0; at = best[at].begin) (*begin)[k] = best[at].begin;
  return lines;
}
