/* Scratch memory: an independent walk over the steps finds no two values in the same bytes at a
 * time; offsets are aligned; nothing lies beyond what the function asks for. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#include "helper_plan.h"

static const char *const models[] = {
    "input x[30]\ntarget y[1]\nparam W1[16, 30], b1[16], W2[1, 16], b2[1]\n"
    "h = tanh(W1 @ x + b1)\na = sigmoid(W2 @ h + b2)\noutput a\n"
    "loss -sum(y * log(a) + (1 - y) * log(1 - a))\n",

    "input x[64]\ntarget y : class(10)\nh = x |> dense(128) |> relu |> dense(64) |> tanh\n"
    "z = dense(h, 10)\noutput p = softmax(z)\nloss cross_entropy(p, y)\n",

    "let T = 6, H = 20\ninput x[T, 40]\ntarget y[T, H]\nparam U[H, 40], W[H, H], h0[H]\n"
    "h[-1] = h0\nh[t] = tanh(U @ x[t] + W @ h[t-1])\noutput h\nloss mse(h, y)\n",

    "let T = 5, H = 24\ninput x[T, 8]\ntarget y[T, H]\nh = lstm(x, H)\noutput h\nloss mse(h, y)\n",

    "input x[6, 12]\ntarget y[6, 12]\nh = transformer_block(x, 3, causal = 1)\n"
    "output h\nloss mse(h, y)\n",

    "input x[30]\ntarget y : class(700)\nh = x |> dense(600) |> relu |> dense(520) |> gelu\n"
    "g = h + dense(h, 520) |> tanh\nz = dense(g, 700)\noutput p = softmax(z)\n"
    "loss cross_entropy(p, y)\n",
};
enum { MODELS = (int)(sizeof models / sizeof *models) };

ParameterizedTestParameters(memory, live_values_lie_apart) {
  static int numbers[MODELS];
  for (int k = 0; k < MODELS; k++) numbers[k] = k;
  return cr_make_param_array(int, numbers, MODELS);
}

/* The first and last touch of a buffer, counting loops as a whole unless it is dropped in them:
 * found anew here from the steps, not from what the planner noted. */
typedef struct span {
  int first, last;
} span;

static void touch(span *s, int first, int last) {
  if (s->first < 0 || first < s->first) s->first = first;
  if (last > s->last) s->last = last;
}

static bool reads_or_writes(const assignment *a, const buffer *b) {
  if (a->target == b) return true;
  for (const buffer_read *r = a->reads; r; r = r->next) {
    if (r->from == b) return true;
  }
  return false;
}

static bool touches(const step *s, const buffer *b) {
  if (s->kind != STEP_LOOP) return reads_or_writes(s->what, b);
  for (const step *inner = s->first; inner; inner = inner->next) {
    if (touches(inner, b)) return true;
  }
  return false;
}

static int last_number(const step *s) {
  int last = s->position;
  for (const step *inner = s->kind == STEP_LOOP ? s->first : NULL; inner; inner = inner->next) {
    last = last_number(inner);
  }
  return last;
}

static bool dropped(const buffer *b) {
  for (int d = 0; d < b->rank; d++) {
    if (b->dropped[d]) return true;
  }
  return false;
}

/* A pass that a product runs for parts of its result goes on at the same time. */
static bool touches_meanwhile(const step *s, const buffer *b) {
  return (s->finish && touches(s->finish, b)) || (s->finishes && touches(s->finishes, b));
}

/* Steps of the block that touch b; into a loop only where b lives within its turns. */
static span span_of(const step *first, const buffer *b) {
  span found = {-1, -1};
  const step *only = NULL;
  int touching = 0;
  for (const step *s = first; s; s = s->next) {
    if (!touches(s, b) && !touches_meanwhile(s, b)) continue;
    touch(&found, s->position, last_number(s));
    only = s;
    touching++;
  }
  if (touching == 1 && only->kind == STEP_LOOP && dropped(b)) return span_of(only->first, b);
  return found;
}

static const buffer *owner(const buffer *b) {
  while (b->in_place_of) b = b->in_place_of;
  return b;
}

static bool bytes_meet(const buffer *a, const buffer *b) {
  if (a->grows != b->grows) return false; /* two areas of their own */
  int64_t x = a->grows ? a->per_sample : a->fixed, y = b->grows ? b->per_sample : b->fixed;
  return x < y + b->bytes && y < x + a->bytes;
}

static void check_entry(const entry_plan *e) {
  for (size_t i = 0; i < e->buffers; i++) {
    const buffer *a = e->buffer[i];
    if (a->kept != STORAGE_SCRATCH || !a->access) continue;
    int64_t at = a->grows ? a->per_sample : a->fixed;
    cr_expect_eq(at % 64, 0, "%s: %s at %lld", e->word, a->word, (long long)at);
    cr_expect_leq(at + a->bytes, a->grows ? e->scratch_per_sample : e->scratch_fixed);
    for (size_t j = 0; j < i; j++) {
      const buffer *b = e->buffer[j];
      if (b->kept != STORAGE_SCRATCH || !b->access || owner(a) == owner(b)) continue;
      if (!bytes_meet(a, b)) continue;
      span x = span_of(e->first, a), y = span_of(e->first, b);
      cr_expect(x.last < y.first || y.last < x.first, "%s: %s and %s share bytes at a time",
                e->word, a->word, b->word);
    }
  }
}

/* Once a result has taken an operand's place, nobody reads the operand any more, nor meanwhile. */
static void check_in_place(const entry_plan *e) {
  for (size_t k = 0; k < e->buffers; k++) {
    const buffer *result = e->buffer[k], *operand = result->in_place_of;
    if (!operand) continue;
    const step *product = step_finished(result->writer->where_done);
    cr_expect(!product || product->what->target == operand || !reads_or_writes(product->what, operand),
              "%s: %s takes the place of %s, which the product reads", e->word, result->word,
              operand->word);
    for (size_t j = 0; j < e->assignments; j++) {
      const assignment *a = e->assignment[j];
      if (a == result->writer || !reads_or_writes(a, operand)) continue;
      cr_expect_lt(a->where_done->position, result->writer->where_done->position,
                   "%s: %s is touched after %s took its place", e->word, operand->word,
                   result->word);
    }
  }
}

ParameterizedTest(int *row, memory, live_values_lie_apart) {
  planned one = plan_of(models[*row], 4);
  for (int k = 0; k < ENTRY_COUNT; k++) {
    check_entry(&one.made->entry[k]);
    check_in_place(&one.made->entry[k]);
  }
  forget_plan(&one);
}

Test(memory, an_operand_that_is_read_again_keeps_its_place) {
  planned one = plan_of("input x[64]\ntarget y[64]\nparam A[64, 64], B[64, 64]\n"
                        "a = A @ x\nb = exp(a)\nc = B @ (b * b) + sin(a)\n"
                        "output c\nloss mse(c, y)\n", 4);
  for (int k = ENTRY_LOSS; k <= ENTRY_PREDICT; k++) check_in_place(&one.made->entry[k]);
  forget_plan(&one);
}

Test(memory, bytes_are_reused_along_a_chain) {
  planned shallow = plan_of("input x[16]\ntarget y[16]\nh = x\n"
                            "repeat 4 { h = h |> dense(16) |> tanh }\n"
                            "output h\nloss mse(h, y)\n", 4);
  planned deep = plan_of("input x[16]\ntarget y[16]\nh = x\n"
                         "repeat 40 { h = h |> dense(16) |> tanh }\n"
                         "output h\nloss mse(h, y)\n", 4);
  const entry_plan *few = &shallow.made->entry[ENTRY_PREDICT];
  const entry_plan *many = &deep.made->entry[ENTRY_PREDICT];
  cr_expect_eq(few->scratch_per_sample, many->scratch_per_sample,
               "prediction needs no more memory for more layers");
  forget_plan(&shallow);
  forget_plan(&deep);
}

Test(memory, gradients_and_states_have_the_parameters_layout) {
  planned one = plan_of(models[0], 4);
  const plan *p = one.made;
  /* W1 1920 bytes, b1 64, W2 64, b2 4 rounded to 64 */
  cr_expect_eq(p->parameter_bytes, 1920 + 64 + 64 + 64);
  cr_expect_eq(p->gradient_offset, p->parameter_offset + p->parameter_bytes);
  cr_expect_eq(p->optimizer_state_offset, p->gradient_offset + p->parameter_bytes);
  cr_expect_eq(p->training_bytes, p->optimizer_state_offset + 2 * p->parameter_bytes,
               "adam keeps two states");
  cr_expect_eq(p->inference_bytes, p->gradient_offset);
  forget_plan(&one);
}
