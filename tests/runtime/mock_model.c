/* What nncc makes of the model below, by hand: the reference of what the runtime expects of an
 * emitted program. It is plain C99 on top of nnrt.h, with no allocation and no globals that
 * change. The file includes itself twice, once for each real type; an emitted file has one.
 *
 *   model mock
 *   input  x[4]
 *   target y : class(3)
 *   param W1[5, 4], b1[5]
 *   param W2[3, 5], b2[3]
 *   h = tanh(W1 @ x + b1)
 *   z = W2 @ h + b2
 *   output p = softmax(z)
 *   output guess = argmax(z)
 *   loss   softmax_cross_entropy(z, y)
 *   metric accuracy = mean(argmax(z) == y)
 *   train { batch 8; epochs 3; optimizer adam(rate = 0.01) }
 */
#ifndef REAL

#include "mock_model.h"

#include <math.h>
#include <string.h>

enum { X = 4, H = 5, Y = 3 };
enum { SGD, ADAM };

static const size_t shape_x[] = {X};
static const size_t shape_W1[] = {H, X};
static const size_t shape_b1[] = {H};
static const size_t shape_W2[] = {Y, H};
static const size_t shape_b2[] = {Y};
static const size_t shape_p[] = {Y};

static const char *const sgd_hyperparameter[] = {"rate", "momentum"};
static const double sgd_default[] = {0.0, 0.0};
static const int sgd_has_default[] = {0, 1};
static const char *const sgd_state[] = {"v"};
static const char *const adam_hyperparameter[] = {"rate", "beta1", "beta2", "eps"};
static const double adam_default[] = {0.001, 0.9, 0.999, 1e-8};
static const int adam_has_default[] = {1, 1, 1, 1};
static const char *const adam_state[] = {"m", "v"};

static const nnrt_optimizer optimizers[] = {
  {"sgd", 2, sgd_hyperparameter, sgd_default, sgd_has_default, 1, sgd_state, NULL},
  {"adam", 4, adam_hyperparameter, adam_default, adam_has_default, 2, adam_state, NULL},
};

static const char *const metrics[] = {"accuracy"};

/* The next multiple of the alignment. */
static size_t aligned(size_t bytes) {
  return (bytes + (NNRT_ALIGNMENT - 1)) / NNRT_ALIGNMENT * NNRT_ALIGNMENT;
}

#define REAL float
#define NAME(name) mock_float_##name
#define PRODUCT nnrt_product_float
#define TANH tanhf
#define EXP expf
#define SQRT sqrtf
#include "mock_model.c"
#undef REAL
#undef NAME
#undef PRODUCT
#undef TANH
#undef EXP
#undef SQRT

#define REAL double
#define NAME(name) mock_double_##name
#define PRODUCT nnrt_product_double
#define TANH tanh
#define EXP exp
#define SQRT sqrt
#include "mock_model.c"

#else

/* ---- the block: head, parameters, then (training only) gradients and the optimizer's states in
 * the same layout, then what the steps compute, sample first -------------------------------- */

enum {
  NAME(offset_W1) = (sizeof(nnrt_head) + 63) / 64 * 64,
  NAME(offset_b1) = NAME(offset_W1) + (H * X * sizeof(REAL) + 63) / 64 * 64,
  NAME(offset_W2) = NAME(offset_b1) + (H * sizeof(REAL) + 63) / 64 * 64,
  NAME(offset_b2) = NAME(offset_W2) + (Y * H * sizeof(REAL) + 63) / 64 * 64,
  NAME(parameter_end) = NAME(offset_b2) + (Y * sizeof(REAL) + 63) / 64 * 64,
  NAME(parameter_bytes) = NAME(parameter_end) - NAME(offset_W1),
  NAME(gradient_offset) = NAME(parameter_end),
  NAME(optimizer_state_offset) = NAME(gradient_offset) + NAME(parameter_bytes),
  NAME(training_end) = NAME(optimizer_state_offset) + 2 * NAME(parameter_bytes)
};

static const nnrt_tensor NAME(tensors)[] = {
  {"x", NNRT_INPUT, NNRT_REAL, 0, 1, shape_x, X, 0, 0, NNRT_CONSTANT, 0.0, 0.0, 0, 0, 0, 0},
  {"y", NNRT_TARGET, NNRT_CLASS, Y, 0, NULL, 1, 0, 0, NNRT_CONSTANT, 0.0, 0.0, 0, 0, 0, 0},
  {"W1", NNRT_PARAMETER, NNRT_REAL, 0, 2, shape_W1, H * X, NAME(offset_W1), 0,
   NNRT_GLOROT_UNIFORM, 0.0, 0.0, X, H, 0, 0},
  {"b1", NNRT_PARAMETER, NNRT_REAL, 0, 1, shape_b1, H, NAME(offset_b1), 0,
   NNRT_CONSTANT, 0.0, 0.0, 0, 0, 0, 0},
  {"W2", NNRT_PARAMETER, NNRT_REAL, 0, 2, shape_W2, Y * H, NAME(offset_W2), 0,
   NNRT_GLOROT_UNIFORM, 0.0, 0.0, H, Y, 0, 0},
  {"b2", NNRT_PARAMETER, NNRT_REAL, 0, 1, shape_b2, Y, NAME(offset_b2), 0,
   NNRT_CONSTANT, 0.0, 0.0, 0, 0, 0, 0},
  {"p", NNRT_OUTPUT, NNRT_REAL, 0, 1, shape_p, Y, 0, 0, NNRT_CONSTANT, 0.0, 0.0, 0, 0, 0, 0},
  {"guess", NNRT_OUTPUT, NNRT_CLASS, Y, 0, NULL, 1, 0, 0, NNRT_CONSTANT, 0.0, 0.0, 0, 0, 0, 0},
};

/* Offsets that depend on the batch. */
typedef struct NAME(plan) {
  size_t h;   /* [batch, H] */
  size_t z;   /* [batch, Y]; then p, then d_z */
  size_t d_h; /* [batch, H]; training only */
  size_t end;
} NAME(plan);

static NAME(plan) NAME(plan_of)(int32_t batch, int32_t training) {
  NAME(plan) plan;
  size_t n = (size_t)batch;
  plan.h = training ? (size_t)NAME(training_end) : (size_t)NAME(parameter_end);
  plan.z = plan.h + aligned(n * H * sizeof(REAL));
  plan.d_h = plan.z + aligned(n * Y * sizeof(REAL));
  plan.end = plan.d_h + (training ? aligned(n * H * sizeof(REAL)) : 0);
  return plan;
}

static REAL *NAME(at)(void *block, size_t offset) {
  return (REAL *)(void *)((char *)block + offset);
}

static NAME(plan) NAME(plan_in)(void *block) {
  const nnrt_head *head = block;
  return NAME(plan_of)(head->batch, head->training);
}

/* ---- steps -------------------------------------------------------------------------------- */

/* h[i] = tanh(sum[j](W1[i, j] * x[j]) + b1[i]);  z[i] = sum[j](W2[i, j] * h[j]) + b2[i] */
static void NAME(forward)(void *block, size_t n, const REAL *x) {
  NAME(plan) plan = NAME(plan_in)(block);
  const REAL *W1 = NAME(at)(block, NAME(offset_W1)), *b1 = NAME(at)(block, NAME(offset_b1));
  const REAL *W2 = NAME(at)(block, NAME(offset_W2)), *b2 = NAME(at)(block, NAME(offset_b2));
  REAL *h = NAME(at)(block, plan.h), *z = NAME(at)(block, plan.z);
  PRODUCT(0, 1, n, H, X, (REAL)1, x, X, W1, X, (REAL)0, h, H);
  for (size_t s = 0; s < n; s++)
    for (size_t i = 0; i < H; i++)
      h[s * H + i] = TANH(h[s * H + i] + b1[i]);
  PRODUCT(0, 1, n, Y, H, (REAL)1, h, H, W2, H, (REAL)0, z, Y);
  for (size_t s = 0; s < n; s++)
    for (size_t i = 0; i < Y; i++)
      z[s * Y + i] += b2[i];
}

/* The first of the largest. */
static size_t NAME(argmax)(const REAL *z) {
  size_t best = 0;
  for (size_t i = 1; i < Y; i++)
    if (z[i] > z[best])
      best = i;
  return best;
}

/* logsumexp(z) - z[y], and z becomes softmax(z) */
static double NAME(cross_entropy)(REAL *z, int32_t y) {
  REAL largest = z[NAME(argmax)(z)], sum = 0, chosen = z[y] - largest;
  for (size_t i = 0; i < Y; i++)
    sum += z[i] = EXP(z[i] - largest);
  for (size_t i = 0; i < Y; i++)
    z[i] /= sum;
  return log((double)sum) - (double)chosen;
}

/* ---- the model's functions ---------------------------------------------------------------- */

static size_t NAME(bytes)(int batch, int training) {
  return NAME(plan_of)(batch, training).end;
}

static double NAME(loss)(void *block, int n, const void *const *data) {
  const int32_t *y = data[1];
  REAL *z = NAME(at)(block, NAME(plan_in)(block).z);
  double sum = 0.0;
  NAME(forward)(block, (size_t)n, data[0]);
  for (size_t s = 0; s < (size_t)n; s++)
    sum += NAME(cross_entropy)(z + s * Y, y[s]);
  return sum / n;
}

static double NAME(gradient)(void *block, int n, const void *const *data) {
  NAME(plan) plan = NAME(plan_in)(block);
  const REAL *x = data[0], *W2 = NAME(at)(block, NAME(offset_W2));
  const int32_t *y = data[1];
  const size_t to_gradient = NAME(gradient_offset) - NAME(offset_W1);
  REAL *d_W1 = NAME(at)(block, NAME(offset_W1) + to_gradient);
  REAL *d_b1 = NAME(at)(block, NAME(offset_b1) + to_gradient);
  REAL *d_W2 = NAME(at)(block, NAME(offset_W2) + to_gradient);
  REAL *d_b2 = NAME(at)(block, NAME(offset_b2) + to_gradient);
  REAL *h = NAME(at)(block, plan.h), *d_z = NAME(at)(block, plan.z);
  REAL *d_h = NAME(at)(block, plan.d_h);
  const size_t count = (size_t)n;
  double loss = NAME(loss)(block, n, data);

  /* d_z = (p - y) / n */
  for (size_t s = 0; s < count; s++) {
    d_z[s * Y + (size_t)y[s]] -= (REAL)1;
    for (size_t i = 0; i < Y; i++)
      d_z[s * Y + i] /= (REAL)n;
  }
  /* d_W2 = sum[batch](d_z h'), d_b2 = sum[batch](d_z) */
  PRODUCT(1, 0, Y, H, count, (REAL)1, d_z, Y, h, H, (REAL)0, d_W2, H);
  memset(d_b2, 0, Y * sizeof(REAL));
  for (size_t s = 0; s < count; s++)
    for (size_t i = 0; i < Y; i++)
      d_b2[i] += d_z[s * Y + i];
  /* d_h = W2' d_z * (1 - h^2) */
  PRODUCT(0, 0, count, H, Y, (REAL)1, d_z, Y, W2, H, (REAL)0, d_h, H);
  memset(d_b1, 0, H * sizeof(REAL));
  for (size_t s = 0; s < count; s++)
    for (size_t i = 0; i < H; i++) {
      d_h[s * H + i] *= 1 - h[s * H + i] * h[s * H + i];
      d_b1[i] += d_h[s * H + i];
    }
  PRODUCT(1, 0, H, X, count, (REAL)1, d_h, H, x, X, (REAL)0, d_W1, X);
  return loss;
}

/* v = momentum * v + g;  p = p - rate * v */
static void NAME(update_sgd)(nnrt_head *head, REAL rate, REAL *p, const REAL *g, REAL *v,
                             size_t elements) {
  const REAL momentum = (REAL)head->hyperparameter[1];
  for (size_t i = 0; i < elements; i++) {
    v[i] = momentum * v[i] + g[i];
    p[i] -= rate * v[i];
  }
}

/* m = beta1 * m + (1 - beta1) * g;  v = beta2 * v + (1 - beta2) * g^2
 * p = p - rate * (m / (1 - beta1^step)) / (sqrt(v / (1 - beta2^step)) + eps) */
static void NAME(update_adam)(nnrt_head *head, REAL rate, REAL *p, const REAL *g, REAL *m, REAL *v,
                              size_t elements) {
  const REAL beta1 = (REAL)head->hyperparameter[1], beta2 = (REAL)head->hyperparameter[2];
  const REAL eps = (REAL)head->hyperparameter[3];
  const REAL correction1 = (REAL)(1 - pow(head->hyperparameter[1], (double)head->step));
  const REAL correction2 = (REAL)(1 - pow(head->hyperparameter[2], (double)head->step));
  for (size_t i = 0; i < elements; i++) {
    m[i] = beta1 * m[i] + (1 - beta1) * g[i];
    v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
    p[i] -= rate * (m[i] / correction1) / (SQRT(v[i] / correction2) + eps);
  }
}

/* The gaps between parameters hold zeroes in all regions, so one sweep over all is safe. */
static void NAME(update)(void *block, double rate) {
  nnrt_head *head = block;
  const size_t elements = NAME(parameter_bytes) / sizeof(REAL);
  REAL *p = NAME(at)(block, NAME(offset_W1));
  const REAL *g = NAME(at)(block, NAME(gradient_offset));
  REAL *state0 = NAME(at)(block, NAME(optimizer_state_offset));
  REAL *state1 = NAME(at)(block, NAME(optimizer_state_offset) + NAME(parameter_bytes));
  head->step++;
  if (head->optimizer == SGD)
    NAME(update_sgd)(head, (REAL)rate, p, g, state0, elements);
  else
    NAME(update_adam)(head, (REAL)rate, p, g, state0, state1, elements);
}

static void NAME(test)(void *block, int n, const void *const *data, double *values) {
  const int32_t *y = data[1];
  REAL *z = NAME(at)(block, NAME(plan_in)(block).z);
  double loss = 0.0, accuracy = 0.0;
  NAME(forward)(block, (size_t)n, data[0]);
  for (size_t s = 0; s < (size_t)n; s++) {
    accuracy += NAME(argmax)(z + s * Y) == (size_t)y[s] ? 1.0 : 0.0;
    loss += NAME(cross_entropy)(z + s * Y, y[s]);
  }
  values[0] = loss / n;
  values[1] = accuracy / n;
}

static void NAME(predict)(void *block, int n, const void *const *inputs, void *const *outputs) {
  REAL *z = NAME(at)(block, NAME(plan_in)(block).z);
  REAL *p = outputs[0];
  int32_t *guess = outputs[1];
  NAME(forward)(block, (size_t)n, inputs[0]);
  for (size_t s = 0; s < (size_t)n; s++) {
    guess[s] = (int32_t)NAME(argmax)(z + s * Y);
    (void)NAME(cross_entropy)(z + s * Y, 0);
    memcpy(p + s * Y, z + s * Y, Y * sizeof(REAL));
  }
}

static void *NAME(locate)(void *block, size_t index) {
  return (char *)block + NAME(tensors)[index].offset;
}

static void NAME(init)(void *block, int batch, int training, uint64_t seed) {
  nnrt_initialize(&NAME(model), block, batch, training, seed);
}

const nnrt_model NAME(model) = {
    NNRT_ABI,
    "mock",
    "mock",
    sizeof(REAL),
    0x6d6f636b01,
    8,
    1,
    1,
    4,
    0,
    2,
    NAME(tensors),
    NAME(offset_W1),
    NAME(parameter_bytes),
    NAME(gradient_offset),
    NAME(optimizer_state_offset),
    1,
    metrics,
    0,
    0,
    2,
    optimizers,
    {.optimizer = ADAM,
     .hyperparameter = {0.01, 0.9, 0.999, 1e-8},
     .batch = 8,
     .epochs = 3,
     .seed = 1,
     .accumulate = 1},
    6 * (H * X + Y * H),
    2 * (H * X + Y * H),
    NAME(bytes),
    NAME(init),
    NAME(loss),
    NAME(gradient),
    NAME(update),
    NAME(test),
    NAME(predict),
    NAME(locate),
    NULL,
    NULL,
    NULL,
};

#endif
