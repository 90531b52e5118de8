/* logistic, compiled by nncc from its equations.
 *
 *   input      x[30]
 *   target     y[1]
 *   parameter  W1[16, 30]
 *              b1[16]
 *              W2[1, 16]
 *              b2[1]
 *
 * Comments have the symbols of nncc --derive: m samples, each a row; d_W1 is the loss's
 * derivative by W1; a word with indices is a value of this file's own.
 *
 * All that changes lives in one block of memory that the caller brings; nothing is allocated.
 * Compile:  cc -O3 -march=native FILE.c $(pkg-config --cflags --libs nnrt) -o FILE
 */
#define NNRT_REORDER /* sums of floats: in any order */
#include "nnrt_math.h"
#include "nnrt.h"
#define NNRT_REAL_BYTES 4
#include "nnrt_kernel.h"

#include <string.h>

enum { X = 30, H = 16 };

/* Where things lie in the block, in bytes: the head, what is kept, then what the
 * functions compute with. Every tensor is aligned to 64 bytes. */
enum {
  HEAD_BYTES = (sizeof(nnrt_head) + 63) / 64 * 64,
  AT_W1 = HEAD_BYTES + 0,
  AT_b1 = HEAD_BYTES + 1920,
  AT_W2 = HEAD_BYTES + 1984,
  AT_b2 = HEAD_BYTES + 2048,
  PARAMETERS = HEAD_BYTES + 0,
  PARAMETER_BYTES = 2112,
  GRADIENTS = HEAD_BYTES + 2112,
  TO_GRADIENT = GRADIENTS - PARAMETERS,
  OPTIMIZER_STATES = HEAD_BYTES + 4224,
  INFERENCE_END = GRADIENTS, TRAINING_END = HEAD_BYTES + 8448
};

extern const nnrt_model logistic_model;

static void *at(void *block, size_t offset) { return (char *)block + offset; }

/* Where the memory begins that each function uses for itself. */
static size_t scratch_offset(const void *block) {
  const nnrt_head *head = block;
  return (size_t)(head->training ? TRAINING_END : INFERENCE_END);
}

static inline float sign(float a) {
  return (float)(((a) > 0.0f) - ((a) < 0.0f));
}
static inline float relu(float a) {
  return a > 0.0f ? a : 0.0f;
}

/* Products of few numbers, a function for each shape: whether A and B are transposed,
 * m, n, k; alpha; each matrix with what lies from row to row; beta before C's. */
static void nnrt_product_1(size_t n, const float *a, const float *b, float *c) {
  nnrt_small_product(0, 1, n, 16, 30, 1.0f, a, 30, b, 30, 0.0f, c, 16);
}
static void nnrt_product_2(size_t n, const float *a, const float *b, float *c) {
  nnrt_small_product(0, 0, n, 1, 16, 1.0f, a, 16, b, 1, 0.0f, c, 1);
}
static void nnrt_product_3(size_t n, const float *a, const float *b, float *c) {
  nnrt_small_product(0, 0, 1, 16, n, 1.0f, a, n, b, 16, 0.0f, c, 16);
}
static void nnrt_product_4(size_t n, const float *a, const float *b, float *c) {
  nnrt_small_product(1, 0, 16, 30, n, 1.0f, a, 16, b, 30, 0.0f, c, 30);
}

/* Mean loss of n samples, as in training; a watch, where there is one, sees it in the making. */
static double compute_loss(void *block, size_t n, const float *x, const float *y, nnrt_watch
    *watch) {
  void *scratch = at(block, scratch_offset(block));
  const float *W1 = at(block, AT_W1); /* H x X */
  const float *b1 = at(block, AT_b1); /* H */
  const float *W2 = at(block, AT_W2); /* 1 x H */
  const float *b2 = at(block, AT_b2); /* 1 */
  float *h_sum = at(scratch, 0); /* n x H */

  /* h_sum = X W₁ᵀ */
  nnrt_product_1(n, x, W1, h_sum);
  if (watch)
    watch->see(watch, "h_sum", h_sum, n * H);

  /* loss_sum = H W₂ᵀ
   * loss_sum_2 = Zₐ = b₂ + H W₂ᵀ
   * loss_sum_3 = Σₖ (zₖ₁⁽ᵃ⁾ yₖ₁ − log1p(exp(−|zₖ₁⁽ᵃ⁾|)) − relu(zₖ₁⁽ᵃ⁾)) */
  double loss_sum_3 = 0.0;
  for (size_t s = 0; s < n; s++) {
    float loss_sum = 0.0f;
    NNRT_SHORT
    for (size_t i = 0; i < H; i++)
      loss_sum += nnrt_tanhf(h_sum[s * H + i] + b1[i]) * W2[i];
    const float loss_sum_2 = b2[0] + loss_sum;
    loss_sum_3 += (double)(y[s] * loss_sum_2 - relu(loss_sum_2))
        - (double)nnrt_log1pf(nnrt_expf(-fabsf(loss_sum_2)));
  }

  /* mean_loss = L = −(1/m) loss_sum_3 */
  const double mean_loss = -(loss_sum_3 / (double)n);
  return mean_loss;
}

/* Mean loss of n samples, and the gradient of every parameter. */
static double compute_gradient(void *block, size_t n, const float *x, const float *y) {
  void *scratch = at(block, scratch_offset(block));
  float *d_b2 = at(block, AT_b2 + TO_GRADIENT); /* 1 */
  float *d_W2 = at(block, AT_W2 + TO_GRADIENT); /* 1 x H */
  float *d_b1 = at(block, AT_b1 + TO_GRADIENT); /* H */
  float *d_W1 = at(block, AT_W1 + TO_GRADIENT); /* H x X */
  const float *W1 = at(block, AT_W1); /* H x X */
  const float *b1 = at(block, AT_b1); /* H */
  const float *W2 = at(block, AT_W2); /* 1 x H */
  const float *b2 = at(block, AT_b2); /* 1 */
  float *h_sum = at(scratch, 0); /* n x H */
  float *h = at(scratch, 0); /* n x H, in place of h_sum */
  float *a_sum = at(scratch, 64 * n); /* n */
  float *d_b2_product = at(scratch, 128 * n); /* n */
  float *d_b1_product = at(scratch, 0); /* n x H, in place of h */

  /* h_sum = X W₁ᵀ */
  nnrt_product_1(n, x, W1, h_sum);

  /* H = tanh(Zₕ)   logistic.nn:10 */
  for (size_t s = 0; s < n; s++)
    NNRT_SHORT
    for (size_t i = 0; i < H; i++)
      h[s * H + i] = nnrt_tanhf(h_sum[s * H + i] + b1[i]);

  /* a_sum = H W₂ᵀ */
  nnrt_product_2(n, h, W2, a_sum);

  /* d_b2_product = ∂L/∂Zₐ = (1/m) (A − Y)
   * ∂L/∂b₂ = (1/m) (A − Y)ᵀ 𝟏   logistic.nn:8 */
  double loss_sum = 0.0;
  float sum = 0.0f;
  for (size_t s = 0; s < n; s++) {
    const float a_sum_2 = b2[0] + a_sum[s];
    loss_sum += (double)(y[s] * a_sum_2 - relu(a_sum_2))
        - (double)nnrt_log1pf(nnrt_expf(-fabsf(a_sum_2)));
    d_b2_product[s] = (nnrt_sigmoidf(a_sum_2) - y[s]) / (float)n;
    sum += d_b2_product[s];
  }
  d_b2[0] = sum;

  /* mean_loss = L = −(1/m) loss_sum */
  const double mean_loss = -(loss_sum / (double)n);

  /* ∂L/∂W₂ = (1/m) (A − Y)ᵀ H   logistic.nn:8 */
  nnrt_product_3(n, d_b2_product, h, d_W2);

  /* d_b1_product = ∂L/∂Zₕ = (1/m) ((A − Y) W₂ ∘ (1 − H²))
   * ∂L/∂b₁ = (1/m) ((A − Y) W₂ ∘ (1 − H²))ᵀ 𝟏   logistic.nn:7 */
  memset(d_b1, 0, H * sizeof *d_b1);
  for (size_t s = 0; s < n; s++)
    NNRT_SHORT
    for (size_t i = 0; i < H; i++) {
      d_b1_product[s * H + i] = W2[i] * d_b2_product[s] * (1.0f - h[s * H + i] * h[s * H + i]);
      d_b1[i] += d_b1_product[s * H + i];
    }

  /* ∂L/∂W₁ = (1/m) ((A − Y) W₂ ∘ (1 − H²))ᵀ X   logistic.nn:7 */
  nnrt_product_4(n, d_b1_product, x, d_W1);
  return mean_loss;
}

/* As in prediction: values[0] the mean loss of n samples, then each metric. */
static void compute_test(void *block, size_t n, const float *x, const float *y, double *values) {
  void *scratch = at(block, scratch_offset(block));
  const float *W1 = at(block, AT_W1); /* H x X */
  const float *b1 = at(block, AT_b1); /* H */
  const float *W2 = at(block, AT_W2); /* 1 x H */
  const float *b2 = at(block, AT_b2); /* 1 */
  float *h_sum = at(scratch, 0); /* n x H */

  /* h_sum = X W₁ᵀ */
  nnrt_product_1(n, x, W1, h_sum);

  /* a_sum = H W₂ᵀ
   * a_sum_2 = Zₐ = b₂ + H W₂ᵀ
   * loss_sum = Σₖ (zₖ₁⁽ᵃ⁾ yₖ₁ − log1p(exp(−|zₖ₁⁽ᵃ⁾|)) − relu(zₖ₁⁽ᵃ⁾))
   * accuracy_sum = Σₖ [[0.5 < aₖ₁] = yₖ₁] */
  double loss_sum = 0.0;
  double accuracy_sum = 0.0;
  for (size_t s = 0; s < n; s++) {
    float a_sum = 0.0f;
    NNRT_SHORT
    for (size_t i = 0; i < H; i++)
      a_sum += nnrt_tanhf(h_sum[s * H + i] + b1[i]) * W2[i];
    const float a_sum_2 = b2[0] + a_sum;
    loss_sum += (double)(y[s] * a_sum_2 - relu(a_sum_2))
        - (double)nnrt_log1pf(nnrt_expf(-fabsf(a_sum_2)));
    if ((0.5f < nnrt_sigmoidf(a_sum_2) ? 1.0f : 0.0f) == y[s])
      accuracy_sum += 1.0;
  }

  /* mean_loss = L = −(1/m) loss_sum */
  const double mean_loss = -(loss_sum / (double)n);

  /* accuracy = (1/m) accuracy_sum   logistic.nn:15 */
  const double accuracy = accuracy_sum / (double)n;
  values[0] = mean_loss;
  values[1] = accuracy;
}

/* Every output of n samples. */
static void compute_predict(void *block, size_t n, const float *x, float *a) {
  void *scratch = at(block, scratch_offset(block));
  const float *b2 = at(block, AT_b2); /* 1 */
  const float *W1 = at(block, AT_W1); /* H x X */
  const float *b1 = at(block, AT_b1); /* H */
  const float *W2 = at(block, AT_W2); /* 1 x H */
  float *h_sum = at(scratch, 0); /* n x H */

  /* h_sum = X W₁ᵀ */
  nnrt_product_1(n, x, W1, h_sum);

  /* A = σ(Zₐ)   logistic.nn:13 */
  for (size_t s = 0; s < n; s++) {
    float a_sum = 0.0f;
    NNRT_SHORT
    for (size_t i = 0; i < H; i++)
      a_sum += nnrt_tanhf(h_sum[s * H + i] + b1[i]) * W2[i];
    a[s] = nnrt_sigmoidf(b2[0] + a_sum);
  }
}

/* One step of sgd on parameters p with gradients g. */
static void update_sgd(const nnrt_head *head, double rate, size_t elements, float *p,
    const float *g, float *v) {
  const double momentum = head->hyperparameter[1];
  if (momentum == 0.0) {
    for (size_t i = 0; i < elements; i++) {
      p[i] = p[i] - g[i] * (float)rate;
    }
    return;
  }
  for (size_t i = 0; i < elements; i++) {
    v[i] = g[i] + (float)momentum * v[i];
    p[i] = p[i] - (float)rate * v[i];
  }
}

/* One step of nesterov on parameters p with gradients g. */
static void update_nesterov(const nnrt_head *head, double rate, size_t elements, float *p,
    const float *g, float *v) {
  const double momentum = head->hyperparameter[1];
  for (size_t i = 0; i < elements; i++) {
    v[i] = g[i] + (float)momentum * v[i];
    p[i] = p[i] - (float)rate * (g[i] + (float)momentum * v[i]);
  }
}

/* One step of adagrad on parameters p with gradients g. */
static void update_adagrad(const nnrt_head *head, double rate, size_t elements, float *p,
    const float *g, float *s) {
  const double epsilon = head->hyperparameter[1];
  for (size_t i = 0; i < elements; i++) {
    s[i] = s[i] + g[i] * g[i];
    p[i] = p[i] - g[i] * (float)rate / ((float)epsilon + sqrtf(s[i]));
  }
}

/* One step of rmsprop on parameters p with gradients g. */
static void update_rmsprop(const nnrt_head *head, double rate, size_t elements, float *p,
    const float *g, float *s, float *v) {
  const double decay = head->hyperparameter[1];
  const double epsilon = head->hyperparameter[2];
  const double momentum = head->hyperparameter[3];
  if (momentum == 0.0) {
    for (size_t i = 0; i < elements; i++) {
      s[i] = (float)decay * s[i] + g[i] * g[i] * (float)(1.0 - decay);
      p[i] = p[i] - (float)rate * (g[i] / ((float)epsilon + sqrtf(s[i])));
    }
    return;
  }
  for (size_t i = 0; i < elements; i++) {
    s[i] = (float)decay * s[i] + g[i] * g[i] * (float)(1.0 - decay);
    v[i] = (float)momentum * v[i] + g[i] / ((float)epsilon + sqrtf(s[i]));
    p[i] = p[i] - (float)rate * v[i];
  }
}

/* One step of adam on parameters p with gradients g. */
static void update_adam(const nnrt_head *head, double rate, size_t elements, float *p,
    const float *g, float *m, float *v) {
  const double beta1 = head->hyperparameter[1];
  const double beta2 = head->hyperparameter[2];
  const double epsilon = head->hyperparameter[3];
  const double step = (double)head->step;
  const float scale = (float)(1.0 / (1.0 - pow(beta1, step)));
  const float scale_2 = (float)(1.0 / (1.0 - pow(beta2, step)));
  for (size_t i = 0; i < elements; i++) {
    m[i] = (float)beta1 * m[i] + g[i] * (float)(1.0 - beta1);
    v[i] = (float)beta2 * v[i] + g[i] * g[i] * (float)(1.0 - beta2);
    p[i] = p[i] - (float)rate * (m[i] * scale) / ((float)epsilon + sqrtf(v[i] * scale_2));
  }
}

/* One step of adamw on parameters p with gradients g. */
static void update_adamw(const nnrt_head *head, double rate, size_t elements, float *p,
    const float *g, float *m, float *v) {
  const double beta1 = head->hyperparameter[1];
  const double beta2 = head->hyperparameter[2];
  const double epsilon = head->hyperparameter[3];
  const double decay = head->hyperparameter[4];
  const double step = (double)head->step;
  const float scale = (float)(1.0 / (1.0 - pow(beta1, step)));
  const float scale_2 = (float)(1.0 / (1.0 - pow(beta2, step)));
  for (size_t i = 0; i < elements; i++) {
    m[i] = (float)beta1 * m[i] + g[i] * (float)(1.0 - beta1);
    v[i] = (float)beta2 * v[i] + g[i] * g[i] * (float)(1.0 - beta2);
    p[i] = p[i] * (float)(1.0 - rate * decay) - (float)rate * (m[i] * scale)
        / ((float)epsilon + sqrtf(v[i] * scale_2));
  }
}

/* One step of lion on parameters p with gradients g. */
static void update_lion(const nnrt_head *head, double rate, size_t elements, float *p,
    const float *g, float *m) {
  const double beta1 = head->hyperparameter[1];
  const double beta2 = head->hyperparameter[2];
  const double decay = head->hyperparameter[3];
  for (size_t i = 0; i < elements; i++) {
    const float new_m = (float)beta2 * m[i] + g[i] * (float)(1.0 - beta2);
    p[i] = p[i] - (float)rate * (sign((float)beta1 * m[i] + g[i] * (float)(1.0 - beta1)) + p[i]
        * (float)decay);
    m[i] = new_m;
  }
}


/* One step of the head's optimizer. */
static void compute_update(void *block, double rate) {
  nnrt_head *head = block;
  head->step++;
  const size_t elements = PARAMETER_BYTES / sizeof(float);
  if (head->optimizer == 0)
    update_sgd(head, rate, elements, at(block, PARAMETERS), at(block, GRADIENTS),
        at(block, OPTIMIZER_STATES));
  else if (head->optimizer == 1)
    update_nesterov(head, rate, elements, at(block, PARAMETERS), at(block, GRADIENTS),
        at(block, OPTIMIZER_STATES));
  else if (head->optimizer == 2)
    update_adagrad(head, rate, elements, at(block, PARAMETERS), at(block, GRADIENTS),
        at(block, OPTIMIZER_STATES));
  else if (head->optimizer == 3)
    update_rmsprop(head, rate, elements, at(block, PARAMETERS), at(block, GRADIENTS),
        at(block, OPTIMIZER_STATES), at(block, OPTIMIZER_STATES + PARAMETER_BYTES));
  else if (head->optimizer == 4)
    update_adam(head, rate, elements, at(block, PARAMETERS), at(block, GRADIENTS),
        at(block, OPTIMIZER_STATES), at(block, OPTIMIZER_STATES + PARAMETER_BYTES));
  else if (head->optimizer == 5)
    update_adamw(head, rate, elements, at(block, PARAMETERS), at(block, GRADIENTS),
        at(block, OPTIMIZER_STATES), at(block, OPTIMIZER_STATES + PARAMETER_BYTES));
  else
    update_lion(head, rate, elements, at(block, PARAMETERS), at(block, GRADIENTS),
        at(block, OPTIMIZER_STATES));
}

size_t logistic_bytes(int batch, int training) {
  const size_t n = (size_t)batch;
  if (training) return (size_t)TRAINING_END + 192 * n;
  return (size_t)INFERENCE_END + 64 * n;
}

void logistic_init(void *block, int batch, int training, uint64_t seed) {
  nnrt_initialize(&logistic_model, block, batch, training, seed);
}

float logistic_loss(void *block, int n, const float *x, const float *y) {
  return (float)compute_loss(block, (size_t)n, x, y, NULL);
}

float logistic_gradient(void *block, int n, const float *x, const float *y) {
  return (float)compute_gradient(block, (size_t)n, x, y);
}

void logistic_update(void *block, float rate) { compute_update(block, rate); }

void logistic_test(void *block, int n, const float *x, const float *y, double *values) {
  compute_test(block, (size_t)n, x, y, values);
}

void logistic_predict(void *block, int n, const float *x, float *a) {
  compute_predict(block, (size_t)n, x, a);
}

/* ---- what the runtime is told of the model ---- */

static const size_t shape_x[] = {X};
static const size_t shape_y[] = {1};
static const size_t shape_W1[] = {H, X};
static const size_t shape_b1[] = {H};
static const size_t shape_W2[] = {1, H};
static const size_t shape_b2[] = {1};
static const size_t shape_a[] = {1};
static const nnrt_tensor tensors[] = {
  {"x", NNRT_INPUT, NNRT_REAL, 0, 1, shape_x, 30, 0, 0,
   NNRT_CONSTANT, 0.0, 0.0, 0, 0, 0, 0},
  {"y", NNRT_TARGET, NNRT_REAL, 0, 1, shape_y, 1, 0, 0,
   NNRT_CONSTANT, 0.0, 0.0, 0, 0, 0, 0},
  {"W1", NNRT_PARAMETER, NNRT_REAL, 0, 2, shape_W1, 480, AT_W1, 0,
   NNRT_GLOROT_UNIFORM, 0.0, 0.0, 30, 16, 0, 0},
  {"b1", NNRT_PARAMETER, NNRT_REAL, 0, 1, shape_b1, 16, AT_b1, 0,
   NNRT_CONSTANT, 0.0, 0.0, 16, 16, 0, 0},
  {"W2", NNRT_PARAMETER, NNRT_REAL, 0, 2, shape_W2, 16, AT_W2, 0,
   NNRT_GLOROT_UNIFORM, 0.0, 0.0, 16, 1, 0, 0},
  {"b2", NNRT_PARAMETER, NNRT_REAL, 0, 1, shape_b2, 1, AT_b2, 0,
   NNRT_CONSTANT, 0.0, 0.0, 1, 1, 0, 0},
  {"a", NNRT_OUTPUT, NNRT_REAL, 0, 1, shape_a, 1, 0, 0,
   NNRT_CONSTANT, 0.0, 0.0, 0, 0, 0, 0},
};
static const char *const sgd_hyperparameters[] = {"rate", "momentum"};
static const double sgd_defaults[] = {0.0, 0.0};
static const int sgd_has_default[] = {0, 1};
static const char *const sgd_states[] = {"v"};
static const char *const nesterov_hyperparameters[] = {"rate", "momentum"};
static const double nesterov_defaults[] = {0.0, 0.9};
static const int nesterov_has_default[] = {0, 1};
static const char *const nesterov_states[] = {"v"};
static const char *const adagrad_hyperparameters[] = {"rate", "epsilon"};
static const double adagrad_defaults[] = {0.01, 1e-10};
static const int adagrad_has_default[] = {1, 1};
static const char *const adagrad_states[] = {"s"};
static const char *const rmsprop_hyperparameters[] = {"rate", "decay", "epsilon", "momentum"};
static const double rmsprop_defaults[] = {0.01, 0.99, 1e-08, 0.0};
static const int rmsprop_has_default[] = {1, 1, 1, 1};
static const char *const rmsprop_states[] = {"s", "v"};
static const char *const adam_hyperparameters[] = {"rate", "beta1", "beta2", "epsilon"};
static const double adam_defaults[] = {0.001, 0.9, 0.999, 1e-08};
static const int adam_has_default[] = {1, 1, 1, 1};
static const char *const adam_states[] = {"m", "v"};
static const char *const adamw_hyperparameters[] = {"rate", "beta1", "beta2", "epsilon", "decay"};
static const double adamw_defaults[] = {0.001, 0.9, 0.999, 1e-08, 0.01};
static const int adamw_has_default[] = {1, 1, 1, 1, 1};
static const char *const adamw_states[] = {"m", "v"};
static const char *const lion_hyperparameters[] = {"rate", "beta1", "beta2", "decay"};
static const double lion_defaults[] = {0.0001, 0.9, 0.99, 0.0};
static const int lion_has_default[] = {1, 1, 1, 1};
static const char *const lion_states[] = {"m"};
static const nnrt_optimizer optimizers[] = {
  {"sgd", 2, sgd_hyperparameters, sgd_defaults, sgd_has_default, 1, sgd_states, NULL},
  {"nesterov", 2, nesterov_hyperparameters, nesterov_defaults, nesterov_has_default, 1,
      nesterov_states, NULL},
  {"adagrad", 2, adagrad_hyperparameters, adagrad_defaults, adagrad_has_default, 1,
      adagrad_states, NULL},
  {"rmsprop", 4, rmsprop_hyperparameters, rmsprop_defaults, rmsprop_has_default, 2,
      rmsprop_states, NULL},
  {"adam", 4, adam_hyperparameters, adam_defaults, adam_has_default, 2, adam_states, NULL},
  {"adamw", 5, adamw_hyperparameters, adamw_defaults, adamw_has_default, 2, adamw_states, NULL},
  {"lion", 4, lion_hyperparameters, lion_defaults, lion_has_default, 1, lion_states, NULL},
};
static const char *const metrics[] = {"accuracy"};
static const nnrt_file data_files[] = {
  {NULL, "wdbc.csv"},
};

/* The same for the runtime, which knows of tensors by their number. */
static double model_loss(void *block, int n, const void *const *data) {
  return compute_loss(block, (size_t)n, data[0], data[1], NULL);
}

static double model_gradient(void *block, int n, const void *const *data) {
  return compute_gradient(block, (size_t)n, data[0], data[1]);
}

static double model_watched_loss(void *block, int n, const void *const *data,
                                 nnrt_watch *watch) {
  return compute_loss(block, (size_t)n, data[0], data[1], watch);
}

static void model_test(void *block, int n, const void *const *data, double *values) {
  compute_test(block, (size_t)n, data[0], data[1], values);
}

static void model_predict(void *block, int n, const void *const *inputs,
                          void *const *outputs) {
  compute_predict(block, (size_t)n, inputs[0], outputs[0]);
}

static void *locate(void *block, size_t index) {
  return (char *)block + tensors[index].offset;
}

const nnrt_model logistic_model = {
  NNRT_ABI, "logistic", "logistic", 4, 0x8eba0ddb84b2ff1e,
  7, 1, 1, 4, 0, 1, tensors,
  PARAMETERS, PARAMETER_BYTES, GRADIENTS, OPTIMIZER_STATES,
  1, metrics, 0, 0,
  7, optimizers,
  {
    .data_files = 1, .data = data_files,
    .optimizer = 0, .hyperparameter = {0.1, 0.9, 0.999, 1e-08, 0.0, 0.0, 0.0, 0.0},
    .batch = 32, .epochs = 50, .seed = 1u,
    .holdout = 0.2,
    .accumulate = 1
  },
  2020.0, 992.0,
  logistic_bytes, logistic_init, model_loss, model_gradient, compute_update, model_test,
  model_predict, locate, NULL, model_watched_loss, NULL
};

int main(int argc, char **argv) { return nnrt_main(&logistic_model, argc, argv); }
