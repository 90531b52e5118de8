/* name: C identifiers for tensors, buffers, loops and sizes, from the model's own words. */
#include <ctype.h>
#include <string.h>

#include "schedule.h"

#define uthash_malloc(size) arena_alloc(table->memory, (size))
#define uthash_free(pointer, size) ((void)(pointer))
#include <uthash.h>

typedef struct taken_word {
  UT_hash_handle hh;
  const char *chars;
  size_t number;
} taken_word;

struct word_table {
  arena *memory;
  taken_word *taken;
  const struct word_table *outer;
};

/* C99's words, what the emitted text uses of libc, libm and the runtime, and its own words. */
static const char *const reserved[] = {
    "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else",
    "enum", "extern", "float", "for", "goto", "if", "inline", "int", "long", "register",
    "restrict", "return", "short", "signed", "sizeof", "static", "struct", "switch", "typedef",
    "union", "unsigned", "void", "volatile", "while", "_Bool", "_Complex", "_Imaginary", "asm",
    "bool", "true", "false", "class", "new", "delete", "template", "this", "NULL", "INFINITY",
    "main", "memset", "memcpy", "size_t", "int32_t", "uint64_t", "abs", "labs", "exit", "free",
    "malloc", "index", "y0", "y1", "yn", "j0", "j1", "jn", "acos", "asin", "atan", "atan2", "ceil",
    "cos", "cosh", "exp", "exp2", "expm1", "erf", "erfc", "fabs", "fdim", "floor", "fma", "fmax",
    "fmin", "fmod", "frexp", "gamma", "hypot", "ilogb", "ldexp", "lgamma", "log", "log10", "log1p",
    "log2", "logb", "lrint", "lround", "modf", "nan", "nearbyint", "nextafter", "pow", "remainder",
    "remquo", "rint", "round", "scalbn", "sin", "sinh", "sqrt", "tan", "tanh", "tgamma", "trunc",
    "signbit", "isnan", "isinf", "isfinite", "fpclassify", "div", "rand", "time", "clock",
    "signal", "read", "write", "open", "close", "real", "n", "block", "head", "watch", "values", "data",
    "inputs", "outputs", "at", "rate", "seed", "batch", "training", "aligned", "unix", "linux",
    "tensors", "settings", "metrics", "optimizers", "ALIGNMENT", "sigmoid", "relu", "sign", "min",
    "max", "softplus", "square", "first", "step", "samples", "scratch", "gradient", "loss",
    "update", "predict", "test", "init", "bytes", "locate", "stop", "environ", "stdin", "stdout",
    "stderr", "errno", "EOF", "HUGE_VAL", "NAN", "end", "parameters", "elements", "g", "p",
    "own", "part", "parts", "call", "rows", "total", "zeros"};

static taken_word *find_word(const word_table *table, const char *chars) {
  taken_word *found = NULL;
  for (; table && !found; table = table->outer) HASH_FIND_STR(table->taken, chars, found);
  return found;
}

static const char *take(word_table *table, const char *chars) {
  taken_word *word = arena_alloc(table->memory, sizeof *word);
  word->chars = chars;
  word->number = HASH_COUNT(table->taken) + 1;
  HASH_ADD_KEYPTR(hh, table->taken, word->chars, (unsigned)strlen(chars), word);
  return chars;
}

word_table *words_none(arena *memory) {
  word_table *table = arena_alloc(memory, sizeof *table);
  table->memory = memory;
  return table;
}

word_table *words_new(arena *memory, const word_table *outer) {
  word_table *table = words_none(memory);
  table->outer = outer;
  for (size_t k = 0; !outer && k < sizeof reserved / sizeof *reserved; k++) {
    take(table, reserved[k]);
  }
  return table;
}

void word_put(word_table *table, const char *chars) {
  if (!find_word(table, chars)) take(table, chars);
}

bool word_taken(const word_table *table, const char *chars) {
  return find_word(table, chars) != NULL;
}

size_t word_number(const word_table *table, const char *chars) {
  const taken_word *found = find_word(table, chars);
  return found ? found->number : 0;
}

/* ---- spelling -------------------------------------------------------------------------------- */

static const char *const greek[] = {
    "Alpha", "Beta", "Gamma", "Delta", "Epsilon", "Zeta", "Eta", "Theta", "Iota", "Kappa",
    "Lambda", "Mu", "Nu", "Xi", "Omicron", "Pi", "Rho", "Sigma_", "Sigma", "Tau", "Upsilon",
    "Phi", "Chi", "Psi", "Omega"};

/* Two bytes of UTF-8, U+0391 Alpha to U+03A9 Omega, U+03B1 alpha to U+03C9 omega. */
static bool append_greek(text *out, const unsigned char *bytes) {
  int code = ((bytes[0] & 0x1f) << 6) | (bytes[1] & 0x3f);
  int letter = code - (code >= 0x3b1 ? 0x3b1 : 0x391);
  if ((bytes[0] & 0xe0) != 0xc0 || letter < 0 || letter > 24) return false;
  const char *spelt = letter == 17 ? greek[18] : greek[letter];
  char first[2] = {(char)(code >= 0x3b1 ? tolower((unsigned char)spelt[0]) : spelt[0]), 0};
  text_append(out, first);
  text_append(out, spelt + 1);
  return true;
}

const char *word_spelt(arena *memory, const char *chars) {
  text out = text_new(memory);
  const unsigned char *c = (const unsigned char *)chars;
  if (isdigit(*c)) text_append(&out, "_");
  for (; *c; c++) {
    char one[2] = {(char)*c, 0};
    if (c[0] == '.' && c[1] == '*') c++; /* h.*.W, of all copies, is h_W */
    else if (isalnum(*c) || *c == '_') text_append(&out, one);
    else if (*c >= 0x80 && c[1] != 0 && append_greek(&out, c)) c++;
    else text_append(&out, "_");
  }
  return out.length > 0 ? out.chars : "_";
}

/* A name that is taken gains a `_`; a made one (with number) a number. */
const char *word_new(word_table *table, const char *chars, bool made) {
  const char *word = chars;
  for (int number = 2; find_word(table, word); number++) {
    word = made ? arena_printf(table->memory, "%s_%d", chars, number)
                : arena_printf(table->memory, "%s_", word);
  }
  return take(table, word);
}

/* ---- tensors --------------------------------------------------------------------------------- */

static void name_list(plan *p, int count, tensor **list, const char *prefix) {
  for (int k = 0; k < count; k++) {
    const char *word = arena_printf(p->memory, "%s%s", prefix, word_spelt(p->memory, list[k]->word));
    p->tensor_word[list[k]->number] = word_new(p->words, word, false);
  }
}

static void name_states(plan *p) {
  for (int k = 0; k < p->p->states; k++) {
    const tensor *t = p->p->state[k];
    p->tensor_word[t->number] = word_new(p->words, word_spelt(p->memory, t->word), true);
  }
  for (int k = 0; k < p->p->helds; k++) {
    const tensor *t = p->p->held[k].leaf;
    p->tensor_word[t->number] = word_new(p->words, word_spelt(p->memory, t->word), true);
  }
}

void name_tensors(plan *p) {
  p->words = words_new(p->memory, NULL);
  p->tensor_word = arena_alloc(p->memory, ((size_t)tensor_count(p->g) + 1) * sizeof(char *));
  name_list(p, p->p->inputs, p->p->input, "");
  name_list(p, p->p->targets, p->p->target, "");
  name_list(p, p->p->parameters, p->p->parameter, "");
  /* These stand in the file itself, where `link` is a function of POSIX. */
  name_list(p, p->p->constants, p->p->constant, "table_");
  name_states(p);
}

/* ---- buffers --------------------------------------------------------------------------------- */

static const definition *known_as(const buffer *b) { return b->shown ? b->shown : b->called; }

/* What the model calls the value that the node is part of, and how far up that is. */
static const char *user_word(const entry_plan *e, const node *n) {
  for (int steps = 0; n && steps < 24; steps++, n = e->user[n->id]) {
    const definition *d = e->name[n->id];
    if (d) return word_spelt(e->of->memory, d->word);
    if (n == e->of->p->objective || n == e->of->p->test_loss) return "loss";
  }
  return NULL;
}

/* The first thing with a word of its own that b is computed from. */
static const char *operand_word(const plan *p, const buffer *b) {
  for (const buffer_read *r = b->writer ? b->writer->reads : NULL; r; r = r->next) {
    if (r->from == b) continue;
    if (known_as(r->from)) return word_spelt(p->memory, known_as(r->from)->word);
    const node *what = r->from->what; /* a call's operand that is stored for it: what that is made of gives the word */
    const bool between = what && p->node_alone[what->id] && what->class != NODE_MAP;
    const char *word = between ? operand_word(p, r->from) : r->from->word;
    if (word) return word;
  }
  return NULL;
}

static bool is_total(const node *n) {
  return n->class == NODE_PRODUCT && n->bound > 0 && n->operands == 1;
}

static const char *node_suffix(const node *n) {
  switch (n->class) {
    case NODE_MAP: return op_rows[n->op].name[0] ? op_rows[n->op].name : "test";
    case NODE_SELECT: return n->select == SELECT_ARGMAX ? "argmax" : "max";
    case NODE_PRODUCT: return n->bound == 0 ? "product" : "sum";
    case NODE_VIEW: return "view";
    default: return "sum";
  }
}

/* Made words tell where a value comes from (z_max, z_exp_sum) or what it is for (h_sum). */
static const char *made_word(const entry_plan *e, const buffer *b) {
  const node *n = b->what;
  bool total = is_total(n) && !b->partial && n->rank > 0;
  bool follows = n->class == NODE_MAP || n->class == NODE_SELECT || total || e->of->node_alone[n->id];
  const char *base = follows ? operand_word(e->of, b) : user_word(e, n);
  if (!base) base = follows ? user_word(e, n) : operand_word(e->of, b);
  return arena_printf(e->of->memory, "%s_%s", base ? base : "value", node_suffix(n));
}

/* What lies another way than what goes by that name. */
static const char *word_by_label(const entry_plan *e, const buffer *b) {
  const char *of = b->called ? word_spelt(e->of->memory, b->called->word)
                             : e->of->tensor_word[b->what->tensor->number];
  const bool steps = b->rank > 2 && e->of->axis_steps[b->outermost];
  return arena_printf(e->of->memory, "%s_by_%s", of, steps ? "step" : "label");
}

static void name_buffer(entry_plan *e, buffer *b) {
  if (b->word) return;
  if (b->outermost != AXIS_UNIT) {
    b->word = word_new(e->words, word_by_label(e, b), true);
  } else if (b->leaf && !b->what) {
    b->word = e->of->tensor_word[b->leaf->number];
  } else if (b->kept == STORAGE_STATE) {
    b->word = e->of->tensor_word[b->leaf->number];
  } else if (known_as(b)) {
    b->word = word_new(e->words, word_spelt(e->of->memory, known_as(b)->word), false);
  } else if (b->kept == STORAGE_RESULT) {
    b->word = word_new(e->words, "mean_loss", true);
  } else {
    b->word = word_new(e->words, made_word(e, b), true);
  }
}

/* Operands get their words before what is computed from them. */
static void name_in_order(entry_plan *e, const step *first) {
  for (const step *s = first; s; s = s->next) {
    if (s->kind == STEP_LOOP) name_in_order(e, s->first);
    if (s->kind == STEP_ASSIGNMENT) name_buffer(e, s->what->target);
  }
}

void name_buffers(entry_plan *e) {
  e->words = words_new(e->of->memory, e->of->words);
  for (size_t k = 0; k < e->buffers; k++) {
    if (e->buffer[k]->shown || e->buffer[k]->leaf) name_buffer(e, e->buffer[k]);
  }
  for (size_t k = 0; k < e->buffers; k++) {
    if (e->buffer[k]->called && !e->buffer[k]->shown) name_buffer(e, e->buffer[k]);
  }
  name_in_order(e, e->first);
  for (size_t k = 0; k < e->buffers; k++) name_buffer(e, e->buffer[k]);
}

/* ---- loops ----------------------------------------------------------------------------------- */

static const char *const loop_words[] = {"i", "j", "k", "l", "r", "q", "u", "v", "w"};
enum { LOOP_WORDS = (int)(sizeof loop_words / sizeof *loop_words) };

static bool is_open(const loop_scope *open, const char *word) {
  for (; open; open = open->outer) {
    if (open->word[0] == word[0] && open->word[1] == word[1] && strcmp(open->word, word) == 0) {
      return true;
    }
  }
  return false;
}

static bool usable(const entry_plan *e, const loop_scope *open, const char *word) {
  return !is_open(open, word) && !word_taken(e->words, word);
}

const char *loop_word(const entry_plan *e, const loop_scope *open, const variable *v) {
  if (v->batch) return usable(e, open, "s") ? "s" : "sample";
  const char *hint = v->along >= 0 ? axis_hint(e->of->g, v->along) : NULL;
  bool segments = v->along >= 0 && axis_part_of(e->of->g, v->along) == AXIS_SEGMENTS;
  if (segments && usable(e, open, "segment")) return "segment";
  if (hint && strlen(hint) <= 2) {
    const char *spelt = word_spelt(e->of->memory, hint);
    if (usable(e, open, spelt)) return spelt;
  }
  for (int round = 1;; round++) {
    for (int k = 0; k < LOOP_WORDS; k++) {
      const char *word = round == 1 ? loop_words[k]
                                    : arena_printf(e->of->memory, "%s%d", loop_words[k], round);
      if (usable(e, open, word)) return word;
    }
  }
}

static loop_scope *opened(entry_plan *e, const char *word, const loop_scope *open) {
  loop_scope *inner = arena_alloc(e->of->memory, sizeof *inner);
  *inner = (loop_scope){.word = word, .outer = open};
  if (open) memcpy(inner->collectors, open->collectors, sizeof inner->collectors);
  return inner;
}

/* The scalars in which a loop's contractions are collected are declared before the loop, in the
 * block around it. */
static const loop_scope *name_collectors(entry_plan *e, const step *loop, const loop_scope *open) {
  static const char *const words[] = {"value", "sum", "largest", "best", "average"};
  for (int k = 0; k < loop->reductions; k++) {
    assignment *a = loop->reduction[k];
    bool collects = assignment_collects(a);
    if (buffer_is_scalar(a->target) || (!collects && !assignment_is_scaled(a))) continue;
    const char *base = collects ? words[a->kind] : "scale", *word = base;
    int kind = collects ? (int)a->kind : 5, before = open ? open->collectors[kind] : 0;
    if (before > 0) word = arena_printf(e->of->memory, "%s_%d", base, before + 1);
    for (int number = before + 2; !usable(e, open, word); number++) {
      word = arena_printf(e->of->memory, "%s_%d", base, number);
    }
    a->collector = word;
    loop_scope *inner = opened(e, word, open);
    inner->collectors[kind]++;
    open = inner;
  }
  return open;
}

static void name_block(entry_plan *e, step *first, const loop_scope *open) {
  for (step *s = first; s; s = s->next) {
    if (s->kind != STEP_LOOP) continue;
    open = name_collectors(e, s, open);
    if (!s->over->word) s->over->word = loop_word(e, open, s->over);
    name_block(e, s->first, opened(e, s->over->word, open));
  }
}

void name_loops(entry_plan *e) { name_block(e, e->first, NULL); }
