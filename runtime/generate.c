/* sample: turns weights that predict the next class of a sequence, and the beginning of a text,
 * into more of it.
 *
 * The model sees T classes at a time. While fewer are known the others are filled with class 0, and
 * the output is read at the last known place; a model that looks ahead of a place is refused. Where
 * each sample stands alone the window then moves on class by class. Where the model carries its
 * state, a window that has become full stays behind in the state, and the next one begins empty. */
#include "random.h"
#include "session.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BAD = 2, USUAL_LENGTH = 200 };

typedef struct generator {
  const nnrt_model *model;
  const nnrt_options *options;
  nnrt_encoding encoding;
  void *block;
  nnrt_batch outputs;
  size_t window, classes;   /* T, V                                                           */
  size_t input;             /* which: c[T] : class(V)                                         */
  const void **inputs;      /* `seen` in its place, else NULL                                 */
  size_t output;            /* which: [T, V], or [V]: only what follows a full window         */
  bool each_place;
  int32_t *seen;            /* [T]: known ones first                                          */
  size_t known;
  char *states;             /* carried ones as they were when the window began                */
  int32_t carried;
  double *score;            /* [V] */
  nnrt_random stream;
} generator;

static const nnrt_tensor *output_of(const generator *of) {
  return &of->model->tensor[of->model->tensors - of->model->outputs + of->output];
}

/* ---- what the model must be ------------------------------------------------------------------ */

/* The one input that outputs depend on; NULL where there are several. */
static const nnrt_tensor *find_input(generator *of) {
  const nnrt_tensor *found = NULL;
  for (size_t k = 0; k < of->model->inputs; k++) {
    if (of->model->tensor[k].loss_only)
      continue;
    if (found)
      return NULL;
    found = &of->model->tensor[k];
    of->input = k;
  }
  return found;
}

static bool find_output(generator *of, nnrt_failure *failure) {
  const nnrt_model *model = of->model;
  const nnrt_tensor *input = find_input(of);
  if (input && input->kind == NNRT_CLASS && input->elements > 0)
    for (of->output = 0; of->output < model->outputs; of->output++) {
      const nnrt_tensor *output = output_of(of);
      of->window = input->elements;
      of->classes = (size_t)input->limit;
      of->each_place = output->elements == of->window * of->classes;
      if (output->kind == NNRT_REAL && output->rank > 0 &&
          output->shape[output->rank - 1] == of->classes &&
          (of->each_place || output->elements == of->classes))
        return true;
    }
  return nnrt_fail(failure, "sample: the model does not predict the next class of a sequence: it "
                   "needs an output [T, V] or [V] of one input c[T] : class(V)");
}

/* ---- states ---------------------------------------------------------------------------------- */

/* Copies the carried states to `states` (keep), or back. */
static void move_states(generator *of, bool keep) {
  char *at = of->states;
  nnrt_head *head = of->block;
  for (size_t k = 0; k < of->model->tensors; k++) {
    const nnrt_tensor *tensor = &of->model->tensor[k];
    if (tensor->role != NNRT_STATE || !tensor->per_lane)
      continue;
    void *state = of->model->locate(of->block, k);
    const size_t bytes = nnrt_sample_bytes(tensor, of->model->real_bytes);
    memcpy(keep ? (void *)at : state, keep ? state : (void *)at, bytes);
    at += bytes;
  }
  if (keep)
    of->carried = head->carried;
  else
    head->carried = of->carried;
}

static size_t state_bytes(const nnrt_model *model) {
  size_t bytes = 1;
  for (size_t k = 0; k < model->tensors; k++)
    if (model->tensor[k].role == NNRT_STATE && model->tensor[k].per_lane)
      bytes += nnrt_sample_bytes(&model->tensor[k], model->real_bytes);
  return bytes;
}

/* ---- a prediction ---------------------------------------------------------------------------- */

static void run_model(generator *of) {
  move_states(of, false);
  of->model->predict(of->block, 1, of->inputs, of->outputs.values);
}

/* The scores of what follows the known ones. */
static void read_scores(generator *of, double *score) {
  const void *values = of->outputs.values[of->output];
  const size_t from = of->each_place ? (of->known - 1) * of->classes : 0;
  for (size_t k = 0; k < of->classes; k++)
    score[k] = of->model->real_bytes == (int)sizeof(float)
                 ? (double)((const float *)values)[from + k] : ((const double *)values)[from + k];
}

/* Whatever fills the unknown places must not matter. */
static bool check_causal(generator *of, nnrt_failure *failure) {
  bool same = true;
  double *other = calloc(of->classes, sizeof *other);
  if (!other)
    return nnrt_fail(failure, "out of memory");
  for (size_t k = of->known; k < of->window; k++)
    of->seen[k] = (int32_t)(of->classes - 1);
  run_model(of);
  read_scores(of, other);
  for (size_t k = of->known; k < of->window; k++)
    of->seen[k] = 0;
  run_model(of);
  read_scores(of, of->score);
  for (size_t k = 0; k < of->classes; k++)
    same = same && !(fabs(other[k] - of->score[k]) > 1e-5 * (1 + fabs(other[k])));
  free(other);
  return same || nnrt_fail(failure, "sample: the model looks ahead, so a prompt must fill its %zu "
                           "places", of->window);
}

/* Adds a class to what is known. */
static void see(generator *of, int32_t class) {
  if (of->known == of->window && of->model->carries) {
    run_model(of);
    move_states(of, true);
    memset(of->seen, 0, of->window * sizeof *of->seen);
    of->known = 0;
  } else if (of->known == of->window) {
    memmove(of->seen, of->seen + 1, (of->window - 1) * sizeof *of->seen);
    of->known--;
  }
  of->seen[of->known++] = class;
}

/* ---- a draw ---------------------------------------------------------------------------------- */

/* Probabilities become their logarithms; anything else is taken for logits. */
static void make_logits(double *score, size_t n) {
  double sum = 0;
  bool within = true;
  for (size_t k = 0; k < n; k++) {
    within = within && score[k] >= 0 && score[k] <= 1.001;
    sum += score[k];
  }
  for (size_t k = 0; k < n && within && fabs(sum - 1) < 1e-3; k++)
    score[k] = log(score[k]);
}

static size_t largest(const double *score, size_t n) {
  size_t best = 0;
  for (size_t k = 1; k < n; k++)
    if (score[k] > score[best])
      best = k;
  return best;
}

static int descending(const void *a, const void *b) {
  const double left = *(const double *)a, right = *(const double *)b;
  return (left < right) - (left > right);
}

/* The score from which on a class may be drawn: of all, or of the k best. */
static double least_score(const double *score, size_t n, size_t k, double *room) {
  if (k == 0 || k >= n)
    return -HUGE_VAL;
  memcpy(room, score, n * sizeof *room);
  qsort(room, n, sizeof *room, descending);
  return room[k - 1];
}

/* exp(score / temperature), normalised; the class that a uniform draw falls on. */
static size_t draw(generator *of, double *room) {
  const double temperature = of->options->temperature;
  const size_t n = of->classes, best = largest(of->score, n);
  const double least = least_score(of->score, n, (size_t)of->options->top_k, room);
  double sum = 0, at;
  if (!(temperature > 0))
    return best;
  for (size_t k = 0; k < n; k++) {
    const bool taken = of->score[k] >= least;
    room[k] = taken ? exp((of->score[k] - of->score[best]) / temperature) : 0;
    sum += room[k];
  }
  at = nnrt_random_uniform(&of->stream) * sum;
  for (size_t k = 0; k < n; k++) {
    if (at < room[k])
      return k;
    at -= room[k];
  }
  return best;
}

/* ---- the text -------------------------------------------------------------------------------- */

static bool see_prompt(generator *of, const char *prompt, nnrt_failure *failure) {
  const nnrt_alphabet *alphabet = &of->encoding.alphabet;
  const size_t length = strlen(prompt);
  for (size_t k = 0; k < length; k++) {
    const uint8_t *found = memchr(alphabet->byte, prompt[k], alphabet->count);
    if (!found)
      return nnrt_fail(failure,
                       "--prompt: byte %zu (from 0), 0x%02x, does not occur in the text that "
                       "the weights were trained on",
                       k, (unsigned char)prompt[k]);
    see(of, (int32_t)(found - alphabet->byte));
  }
  if (of->each_place || of->known == of->window)
    return of->known == of->window || check_causal(of, failure);
  return nnrt_fail(failure,
                   "--prompt: has %zu bytes; the model predicts what follows %zu: write as "
                   "many",
                   length, of->window);
}

static bool generate(generator *of, const char *prompt, nnrt_failure *failure) {
  const nnrt_alphabet *alphabet = &of->encoding.alphabet;
  double *room = calloc(of->classes, sizeof *room);
  bool good = room || nnrt_fail(failure, "out of memory");
  good = good && see_prompt(of, prompt, failure);
  if (good)
    fputs(of->options->prompt ? prompt : "", stdout);
  for (int k = 0; good && k < of->options->length; k++) {
    run_model(of);
    read_scores(of, of->score);
    make_logits(of->score, of->classes);
    const size_t n = of->classes;
    of->classes = alphabet->count; /* classes beyond those of the text are never drawn */
    const size_t class = draw(of, room);
    of->classes = n;
    putchar(alphabet->byte[class]);
    fflush(stdout);
    see(of, (int32_t)class);
  }
  if (good)
    putchar('\n');
  free(room);
  return good;
}

/* Where no prompt is given a line begins, or else the text's first class. */
static const char *prompt_of(const generator *of, char usual[2]) {
  const nnrt_alphabet *alphabet = &of->encoding.alphabet;
  usual[0] = memchr(alphabet->byte, '\n', alphabet->count) ? '\n' : (char)alphabet->byte[0];
  usual[1] = '\0';
  return of->options->prompt ? of->options->prompt : usual;
}

/* ---- the command ----------------------------------------------------------------------------- */

static bool prepare(generator *of, nnrt_failure *failure) {
  const nnrt_model *model = of->model;
  if (!nnrt_load_encoding(of->options, model, &of->encoding, failure))
    return false;
  if (of->encoding.alphabet.count == 0 || of->encoding.alphabet.count > of->classes)
    return nnrt_fail(failure, "%s: was not trained on a text: sample has no bytes to write",
                     of->options->load);
  of->block = nnrt_block_new(model, 1, 0, of->options->settings.seed, failure);
  of->seen = calloc(of->window, sizeof *of->seen);
  of->score = calloc(of->classes, sizeof *of->score);
  of->states = calloc(state_bytes(model), 1);
  of->inputs = calloc(model->inputs, sizeof *of->inputs);
  if (!of->seen || !of->score || !of->states || !of->inputs)
    return nnrt_fail(failure, "out of memory");
  of->inputs[of->input] = of->seen;
  return of->block && nnrt_block_load(model, of->block, of->options, 1, failure) &&
         nnrt_batch_new(model->tensor + model->tensors - model->outputs, model->outputs,
                        model->real_bytes, 1, &of->outputs, failure);
}

int nnrt_command_sample(const nnrt_model *model, nnrt_options *options, nnrt_failure *failure) {
  generator of = {.model = model, .options = options};
  char usual[2];
  bool done = false;
  if (!nnrt_given(options, NNRT_OPTION_LENGTH))
    options->length = USUAL_LENGTH;
  if (!nnrt_given(options, NNRT_OPTION_TEMPERATURE))
    options->temperature = 1;
  of.stream = nnrt_random_begin(options->settings.seed, "@sample", 0);
  if (!options->load)
    nnrt_fail(failure, "sample: say --load FILE: the weights that training saved");
  else if (options->prompt && !*options->prompt)
    nnrt_fail(failure, "--prompt: is empty: leave it out to begin with a line");
  else
    done = find_output(&of, failure) && prepare(&of, failure) &&
           generate(&of, prompt_of(&of, usual), failure);
  nnrt_batch_free(&of.outputs);
  nnrt_encoding_free(&of.encoding);
  free(of.inputs);
  free(of.states);
  free(of.score);
  free(of.seen);
  nnrt_block_free(model, of.block);
  return done ? 0 : BAD;
}
