/* A second model by hand, in double, for what the first one lacks: a stream whose state is carried
 * from batch to batch, dropout, a running average, and data that may be text.
 *
 *   model stream
 *   let T = 4, V = 6, H = 2
 *   input  c[T] : class(V)
 *   target n[T] : class(V)
 *   param E[V, H], w[H], O[V, H]
 *   s[-1, i] = carry(0)
 *   s[t, i] = tanh(E[c[t], i] + w[i] * s[t-1, i])
 *   mean.s = mean[batch](mean[t](s[t]))
 *   z[t, k] = sum[i](O[k, i] * dropout(s[t, i], 0.25))
 *   output p[t] = softmax(z[t])
 *   loss   mean[t](softmax_cross_entropy(z[t], n[t]))
 */
#include "nnrt_math.h"
#include "mock_model.h"

#include <math.h>
#include <string.h>

enum { T = 4, V = 6, H = 2 };
enum { INPUT, TARGET, PARAM_E, PARAM_w, PARAM_O, STATE_mean, STATE_s, OUTPUT_p, TENSORS };

enum {
  OFFSET_E = (sizeof(nnrt_head) + 63) / 64 * 64,
  OFFSET_w = OFFSET_E + (V * H * sizeof(double) + 63) / 64 * 64,
  OFFSET_O = OFFSET_w + (H * sizeof(double) + 63) / 64 * 64,
  PARAMETER_END = OFFSET_O + (V * H * sizeof(double) + 63) / 64 * 64,
  PARAMETER_BYTES = PARAMETER_END - OFFSET_E,
  OFFSET_mean = PARAMETER_END,
  GRADIENT_OFFSET = OFFSET_mean + 64,
  OPTIMIZER_OFFSET = GRADIENT_OFFSET + PARAMETER_BYTES,
  TRAINING_END = OPTIMIZER_OFFSET + PARAMETER_BYTES
};

static const size_t shape_T[] = {T}, shape_VH[] = {V, H}, shape_H[] = {H}, shape_TV[] = {T, V};

static const nnrt_tensor tensors[TENSORS] = {
    {"c", NNRT_INPUT, NNRT_CLASS, V, 1, shape_T, T, 0, 0, NNRT_CONSTANT, 0.0, 0.0, 0, 0, 0, 0},
    {"n", NNRT_TARGET, NNRT_CLASS, V, 1, shape_T, T, 0, 0, NNRT_CONSTANT, 0.0, 0.0, 0, 0, 0, 0},
    {"E", NNRT_PARAMETER, NNRT_REAL, 0, 2, shape_VH, V *H, OFFSET_E, 0, NNRT_GLOROT_NORMAL, 0.0,
     0.0, H, V, 0, 0},
    {"w", NNRT_PARAMETER, NNRT_REAL, 0, 1, shape_H, H, OFFSET_w, 0, NNRT_UNIFORM, 0.2, 0.8, 0, 0, 0,
     0},
    {"O", NNRT_PARAMETER, NNRT_REAL, 0, 2, shape_VH, V *H, OFFSET_O, 0, NNRT_GLOROT_UNIFORM, 0.0,
     0.0, H, V, 0, 0},
    {"mean.s", NNRT_STATE, NNRT_REAL, 0, 1, shape_H, H, OFFSET_mean, 0, NNRT_CONSTANT, 0.0, 0.0, 0,
     0, 0, 0},
    {"s", NNRT_STATE, NNRT_REAL, 0, 1, shape_H, H, 0, 1, NNRT_CONSTANT, 0.0, 0.0, 0, 0, 0, 0},
    {"p", NNRT_OUTPUT, NNRT_REAL, 0, 2, shape_TV, T *V, 0, 0, NNRT_CONSTANT, 0.0, 0.0, 0, 0, 0, 0},
};

static const char *const hyperparameter[] = {"rate", "momentum"};
static const double default_value[] = {0.0, 0.0};
static const int has_default[] = {0, 1};
static const char *const optimizer_state[] = {"v"};
static const nnrt_optimizer optimizers[] = {
  {"sgd", 2, hyperparameter, default_value, has_default, 1, optimizer_state, NULL},
};

/* ---- the block: head, parameters, mean.s, (training: gradients, momentum), carried state [batch,
 * H], s [batch, T, H], p [batch, T, V]
 * ------------------------------------------------------------- */

static size_t offset_carried(int32_t training) {
  return training ? (size_t)TRAINING_END : (size_t)GRADIENT_OFFSET;
}

static size_t aligned(size_t bytes) {
  return (bytes + (NNRT_ALIGNMENT - 1)) / NNRT_ALIGNMENT * NNRT_ALIGNMENT;
}

static size_t offset_s(int32_t batch, int32_t training) {
  return offset_carried(training) + aligned((size_t)batch * H * sizeof(double));
}

static size_t offset_p(int32_t batch, int32_t training) {
  return offset_s(batch, training) + aligned((size_t)batch * T * H * sizeof(double));
}

static size_t bytes(int batch, int training) {
  return offset_p(batch, training) + aligned((size_t)batch * T * V * sizeof(double));
}

static double *at(void *block, size_t offset) {
  return (double *)(void *)((char *)block + offset);
}

static double *carried_in(void *block) {
  return at(block, offset_carried(((const nnrt_head *)block)->training));
}

static double *s_in(void *block) {
  const nnrt_head *head = block;
  return at(block, offset_s(head->batch, head->training));
}

static double *p_in(void *block) {
  const nnrt_head *head = block;
  return at(block, offset_p(head->batch, head->training));
}

/* ---- steps -------------------------------------------------------------------------------- */

/* dropout's factor for s[t, i] of one sample: 0, or 1 / (1 - 0.25) */
static double mask(const nnrt_head *head, int drop, size_t sample, size_t t, size_t i) {
  if (!drop)
    return 1.0;
  return nnrt_uniform(head->seed, head->draw, 1, (sample * T + t) * H + i) < 0.25f ? 0.0
                                                                                   : 4.0 / 3.0;
}

/* s[t-1, i] of one sample */
static double before(void *block, size_t sample, size_t t, size_t i) {
  if (t > 0)
    return s_in(block)[(sample * T + t - 1) * H + i];
  return ((const nnrt_head *)block)->carried ? carried_in(block)[sample * H + i] : 0.0;
}

static void softmax(double *z) {
  double largest = z[0], sum = 0.0;
  for (size_t k = 1; k < V; k++)
    largest = fmax(largest, z[k]);
  for (size_t k = 0; k < V; k++)
    sum += z[k] = exp(z[k] - largest);
  for (size_t k = 0; k < V; k++)
    z[k] /= sum;
}

static void forward(void *block, size_t n, const int32_t *c, int drop) {
  const nnrt_head *head = block;
  const double *E = at(block, OFFSET_E), *w = at(block, OFFSET_w), *O = at(block, OFFSET_O);
  for (size_t b = 0; b < n; b++)
    for (size_t t = 0; t < T; t++) {
      double *s = s_in(block) + (b * T + t) * H, *p = p_in(block) + (b * T + t) * V;
      for (size_t i = 0; i < H; i++)
        s[i] = tanh(E[(size_t)c[b * T + t] * H + i] + w[i] * before(block, b, t, i));
      for (size_t k = 0; k < V; k++) {
        p[k] = 0.0;
        for (size_t i = 0; i < H; i++)
          p[k] += O[k * H + i] * mask(head, drop, b, t, i) * s[i];
      }
      softmax(p);
    }
}

static double mean_loss(void *block, size_t n, const int32_t *target) {
  double sum = 0.0;
  for (size_t place = 0; place < n * T; place++)
    sum -= log(p_in(block)[place * V + (size_t)target[place]]);
  return sum / (double)(n * T);
}

static void carry(void *block, size_t n) {
  for (size_t b = 0; b < n; b++)
    memcpy(carried_in(block) + b * H, s_in(block) + (b * T + T - 1) * H, H * sizeof(double));
  ((nnrt_head *)block)->carried = 1;
}

/* 0.9 old + 0.1 new; before the first update the batch's own */
static void average(void *block, size_t n) {
  const nnrt_head *head = block;
  double *mean = at(block, OFFSET_mean);
  for (size_t i = 0; i < H; i++) {
    double sum = 0.0;
    for (size_t place = 0; place < n * T; place++)
      sum += s_in(block)[place * H + i];
    sum /= (double)(n * T);
    mean[i] = head->step == 0 ? sum : 0.9 * mean[i] + 0.1 * sum;
  }
}

/* Back through the steps of one sample. */
static void backward(void *block, size_t n, size_t b, const int32_t *c, const int32_t *target) {
  const nnrt_head *head = block;
  const double *w = at(block, OFFSET_w), *O = at(block, OFFSET_O);
  const size_t to_gradient = GRADIENT_OFFSET - OFFSET_E;
  double *d_E = at(block, OFFSET_E + to_gradient), *d_w = at(block, OFFSET_w + to_gradient);
  double *d_O = at(block, OFFSET_O + to_gradient), d_next[H] = {0.0};
  for (size_t t = T; t-- > 0;) {
    const double *s = s_in(block) + (b * T + t) * H, *p = p_in(block) + (b * T + t) * V;
    for (size_t i = 0; i < H; i++) {
      double d_s = d_next[i];
      for (size_t k = 0; k < V; k++) {
        const double d_z = (p[k] - ((size_t)target[b * T + t] == k)) / (double)(n * T);
        d_O[k * H + i] += d_z * mask(head, 1, b, t, i) * s[i];
        d_s += d_z * mask(head, 1, b, t, i) * O[k * H + i];
      }
      const double d_a = d_s * (1 - s[i] * s[i]);
      d_E[(size_t)c[b * T + t] * H + i] += d_a;
      d_w[i] += d_a * before(block, b, t, i);
      d_next[i] = d_a * w[i];
    }
  }
}

/* ---- the model's functions ---------------------------------------------------------------- */

static double loss(void *block, int n, const void *const *data) {
  forward(block, (size_t)n, data[0], 1);
  return mean_loss(block, (size_t)n, data[1]);
}

static double gradient(void *block, int n, const void *const *data) {
  const double found = loss(block, n, data);
  memset(at(block, GRADIENT_OFFSET), 0, PARAMETER_BYTES);
  for (size_t b = 0; b < (size_t)n; b++)
    backward(block, (size_t)n, b, data[0], data[1]);
  average(block, (size_t)n);
  carry(block, (size_t)n);
  return found;
}

static void update(void *block, double rate) {
  nnrt_head *head = block;
  double *p = at(block, OFFSET_E), *v = at(block, OPTIMIZER_OFFSET);
  const double *g = at(block, GRADIENT_OFFSET);
  head->step++;
  for (size_t i = 0; i < PARAMETER_BYTES / sizeof(double); i++) {
    v[i] = head->hyperparameter[1] * v[i] + g[i];
    p[i] -= rate * v[i];
  }
}

static void test(void *block, int n, const void *const *data, double *values) {
  forward(block, (size_t)n, data[0], 0);
  values[0] = mean_loss(block, (size_t)n, data[1]);
  carry(block, (size_t)n);
}

static void predict(void *block, int n, const void *const *inputs, void *const *outputs) {
  forward(block, (size_t)n, inputs[0], 0);
  memcpy(outputs[0], p_in(block), (size_t)n * T * V * sizeof(double));
  carry(block, (size_t)n);
}

static void *locate(void *block, size_t index) {
  return index == STATE_s ? (void *)carried_in(block)
                          : (void *)((char *)block + tensors[index].offset);
}

static void init(void *block, int batch, int training, uint64_t seed) {
  nnrt_initialize(&mock_stream_model, block, batch, training, seed);
}

const nnrt_model mock_stream_model = {
  NNRT_ABI, "stream", "stream", sizeof(double), 0x73747265616d01,
  TENSORS, 1, 1, 3, 2, 1, tensors,
  OFFSET_E, PARAMETER_BYTES, GRADIENT_OFFSET, OPTIMIZER_OFFSET,
  0, NULL, 0, 1,
  1, optimizers,
  {.hyperparameter = {0.5, 0.9}, .batch = 3, .epochs = 2, .seed = 1, .accumulate = 1},
  T * (6 * V * H + 8 * H), T * (2 * V * H + 4 * H),
  bytes, init, loss, gradient, update, test, predict, locate, NULL, NULL, NULL,
};
