/* charnn, compiled by nncc from its equations.
 *
 *   input      c[64] : class(65)
 *   target     n[64] : class(65)
 *   parameter  U[256, 65]
 *              W[256, 256]
 *              b[256]
 *              z.W[65, 256]
 *              z.b[65]
 *
 * Comments have the symbols of nncc --derive: m samples, each a row; d_U is the loss's
 * derivative by U; a word with indices is a value of this file's own.
 *
 * All that changes lives in one block of memory that the caller brings; nothing is allocated.
 * Compile:  cc -O3 -march=native FILE.c $(pkg-config --cflags --libs nnrt) -o FILE
 */
#define NNRT_REORDER /* sums of floats: in any order */
#include "nnrt_math.h"
#include "nnrt.h"

#include <string.h>

enum { T = 64, H = 256, Z = 65 };

/* Where things lie in the block, in bytes: the head, what is kept, then what the
 * functions compute with. Every tensor is aligned to 64 bytes. */
enum {
  HEAD_BYTES = (sizeof(nnrt_head) + 63) / 64 * 64,
  AT_U = HEAD_BYTES + 0,
  AT_W = HEAD_BYTES + 66560,
  AT_b = HEAD_BYTES + 328704,
  AT_z_W = HEAD_BYTES + 329728,
  AT_z_b = HEAD_BYTES + 396288,
  PARAMETERS = HEAD_BYTES + 0,
  PARAMETER_BYTES = 396608,
  GRADIENTS = HEAD_BYTES + 396608,
  TO_GRADIENT = GRADIENTS - PARAMETERS,
  OPTIMIZER_STATES = HEAD_BYTES + 793216,
  INFERENCE_END = GRADIENTS, TRAINING_END = HEAD_BYTES + 1586432
};

extern const nnrt_model charnn_model;

static void *at(void *block, size_t offset) { return (char *)block + offset; }

/* Where the memory begins that each function uses for itself. */
static size_t scratch_offset(const void *block) {
  const nnrt_head *head = block;
  return (size_t)(head->training ? TRAINING_END : INFERENCE_END);
}

static inline float sign(float a) {
  return (float)(((a) > 0.0f) - ((a) < 0.0f));
}

/* Mean loss of n samples, as in training; a watch, where there is one, sees it in the making. */
static double compute_loss(void *block, size_t n, const int32_t *c, const int32_t *n_, nnrt_watch
    *watch) {
  void *scratch = at(block, scratch_offset(block));
  const float *U = at(block, AT_U); /* H x 65 */
  const float *b = at(block, AT_b); /* H */
  const float *z_W = at(block, AT_z_W); /* Z x H */
  const float *z_b = at(block, AT_z_b); /* Z */
  const float *W = at(block, AT_W); /* H x H */
  float *U_by_label = at(scratch, 0); /* 65 x H */
  float *h = at(scratch, 66560); /* T x n x H, in place of h_sum */
  float *z_sum = at(scratch, 66560 + 65536 * n); /* T x n x Z */
  float *z = at(scratch, 0); /* Z */
  float *h_sum = at(scratch, 66560); /* T x n x H */

  /* U_by_label = U */
  for (size_t i = 0; i < 65; i++)
    for (size_t j = 0; j < H; j++)
      U_by_label[i * H + j] = U[j * 65 + i];

  /* the recurrence of hₜ, forwards */
  for (size_t t = 0; t < T; t++) {
    /* h_sumₜ = U cₜ */
    for (size_t s = 0; s < n; s++)
      for (size_t i = 0; i < H; i++)
        h_sum[(t * n + s) * H + i] = U_by_label[(size_t)c[s * T + t] * H + i];
    /* h_sumₜ += W hₜ₋₁ */
    if (t >= 1)
      nnrt_repeated_product_float(0, 1, n, H, H, 1.0f, h + (t - 1) * n * H, H,
                                  W, H, 1.0f, h_sum + t * n * H, H);
    /* hₜ = tanh(zₜ⁽ʰ⁾)   charnn.nn:12 */
    for (size_t s = 0; s < n; s++)
      NNRT_APART
      for (size_t i = 0; i < H; i++)
        h[(t * n + s) * H + i] = nnrt_tanhf(h_sum[(t * n + s) * H + i] + b[i]);
  }
  if (watch) {
    watch->see(watch, "h", h, n * H * T);
    watch->see(watch, "h_sum", h_sum, n * H * T);
  }

  /* z_sumₜ = W_{z} hₜ */
  nnrt_product_float(0, 1, T * n, Z, H, 1.0f, h, H,
                     z_W, H, 0.0f, z_sum, Z);
  if (watch)
    watch->see(watch, "z_sum", z_sum, n * T * Z);

  /* zₜ = b_{z} + W_{z} hₜ   charnn.nn:13 */
  double loss_sum = 0.0;
  for (size_t t = 0; t < T; t++)
    for (size_t s = 0; s < n; s++) {
      float z_max = -INFINITY;
      for (size_t i = 0; i < Z; i++) {
        z[i] = z_b[i] + z_sum[(t * n + s) * Z + i];
        if (z[i] > z_max)
          z_max = z[i];
      }
      if (watch)
        watch->see(watch, "z", z, Z);
      float z_sum_2 = 0.0f;
      for (size_t i = 0; i < Z; i++)
        z_sum_2 += nnrt_expf(z[i] - z_max);
      const float z_sum_2_log = nnrt_logf(z_sum_2);
      loss_sum += (double)(z[(size_t)n_[s * T + t]] - z_max) - (double)z_sum_2_log;
    }

  /* mean_loss = L = −(1/(64 m)) loss_sum */
  const double mean_loss = -(loss_sum / (double)n / 64.0);
  return mean_loss;
}

/* What n of the samples, from the first on, add to the mean loss, and to every parameter's
 * gradient: that in their own copy. */
static double gradient_of_part(void *block, void *own, void *scratch, size_t samples,
                               size_t first, size_t n, const int32_t *c, const int32_t *n_) {
  (void)first;
  float *d_z_b = at(own, AT_z_b + TO_GRADIENT); /* Z */
  float *d_z_W = at(own, AT_z_W + TO_GRADIENT); /* Z x H */
  float *d_b = at(own, AT_b + TO_GRADIENT); /* H */
  float *d_W = at(own, AT_W + TO_GRADIENT); /* H x H */
  float *d_U = at(own, AT_U + TO_GRADIENT); /* H x 65 */
  const float *U = at(block, AT_U); /* H x 65 */
  const float *b = at(block, AT_b); /* H */
  const float *z_W = at(block, AT_z_W); /* Z x H */
  const float *z_b = at(block, AT_z_b); /* Z */
  const float *W = at(block, AT_W); /* H x H */
  float *U_by_label = at(scratch, 0); /* 65 x H */
  float *h = at(scratch, 66560); /* T x n x H, in place of h_sum */
  float *z_sum = at(scratch, 66560 + 65536 * n); /* T x n x Z */
  float *z = at(scratch, 0); /* Z */
  float *z_exp = at(scratch, 66560 + 82176 * n); /* T x n x Z */
  float *d_z_b_product = at(scratch, 66560 + 82176 * n); /* T x n x Z, in place of z_exp */
  float *d_b_product = at(scratch, 66560 + 98816 * n); /* T x n x H, in place of d_h */
  float *d_U_by_label = at(scratch, 0); /* 65 x H */
  float *d_h = at(scratch, 66560 + 98816 * n); /* T x n x H */
  float *h_sum = at(scratch, 66560); /* T x n x H */
  const float *W_packed = at(block, scratch_offset(block) + 0);

  /* U_by_label = U */
  for (size_t i = 0; i < 65; i++)
    for (size_t j = 0; j < H; j++)
      U_by_label[i * H + j] = U[j * 65 + i];

  /* the recurrence of hₜ, forwards */
  for (size_t t = 0; t < T; t++) {
    /* h_sumₜ = U cₜ */
    for (size_t s = 0; s < n; s++)
      for (size_t i = 0; i < H; i++)
        h_sum[(t * n + s) * H + i] = U_by_label[(size_t)c[s * T + t] * H + i];
    /* h_sumₜ += W hₜ₋₁ */
    if (t >= 1)
      nnrt_packed_product_float(n, H, H, 1.0f, h + (t - 1) * n * H, H,
                                W_packed, 1.0f, h_sum + t * n * H, H);
    /* hₜ = tanh(zₜ⁽ʰ⁾)   charnn.nn:12 */
    for (size_t s = 0; s < n; s++)
      NNRT_APART
      for (size_t i = 0; i < H; i++)
        h[(t * n + s) * H + i] = nnrt_tanhf(h_sum[(t * n + s) * H + i] + b[i]);
  }

  /* z_sumₜ = W_{z} hₜ */
  nnrt_product_float(0, 1, T * n, Z, H, 1.0f, h, H,
                     z_W, H, 0.0f, z_sum, Z);

  /* zₜ = b_{z} + W_{z} hₜ   charnn.nn:13
   * z_expₜ = exp(zₜ − z_maxₜ)
   * d_z_b_productₜ = (1/m) (pₜ − nₜ)
   * ∂L/∂b_{z} = (1/(64 m)) Σₜ (Pₜ − Nₜ)ᵀ 𝟏 */
  double loss_sum = 0.0;
  memset(d_z_b, 0, Z * sizeof *d_z_b);
  const float scale = 0.015625f;
  for (size_t t = 0; t < T; t++)
    for (size_t s = 0; s < n; s++) {
      const size_t row = t * n + s;
      float z_max = -INFINITY;
      for (size_t i = 0; i < Z; i++) {
        z[i] = z_b[i] + z_sum[row * Z + i];
        if (z[i] > z_max)
          z_max = z[i];
      }
      float z_exp_sum = 0.0f;
      for (size_t i = 0; i < Z; i++) {
        z_exp[row * Z + i] = nnrt_expf(z[i] - z_max);
        z_exp_sum += z_exp[row * Z + i];
      }
      const float z_exp_sum_log = nnrt_logf(z_exp_sum);
      loss_sum += (double)(z[(size_t)n_[s * T + t]] - z_max) - (double)z_exp_sum_log;
      NNRT_APART
      for (size_t i = 0; i < Z; i++) {
        d_z_b_product[row * Z + i] = (z_exp[row * Z + i] / z_exp_sum
            - (n_[s * T + t] == (int32_t)i ? 1.0f : 0.0f)) / (float)samples;
        d_z_b[i] += scale * d_z_b_product[row * Z + i];
      }
    }

  /* mean_loss = L = −(1/(64 m)) loss_sum */
  const double mean_loss = -(loss_sum / (double)samples / 64.0);

  /* ∂L/∂W_{z} = (1/(64 m)) Σₜ (Pₜ − Nₜ)ᵀ Hₜ */
  nnrt_product_float(1, 0, Z, H, T * n, 0.015625f, d_z_b_product, Z,
                     h, H, 0.0f, d_z_W, H);

  /* dL/dhₜ = (1/64) (1/m) W_{z}ᵀ (pₜ − nₜ) */
  nnrt_product_float(0, 0, T * n, H, Z, 0.015625f, d_z_b_product, Z,
                     z_W, H, 0.0f, d_h, H);

  /* the recurrence of dL/dhₜ, δₜ, backwards */
  for (size_t t = T; t-- > 0;) {
    /* dL/dhₜ += Wᵀ δₜ₊₁ */
    if (t + 1 < T)
      nnrt_repeated_product_float(0, 0, n, H, H, 1.0f, d_b_product + (t + 1) * n * H, H,
                                  W, H, 1.0f, d_h + t * n * H, H);
    /* d_b_product = δₜ = dL/dhₜ ∘ (1 − hₜ²) */
    NNRT_APART
    for (size_t i = 0; i < n * H; i++)
      d_b_product[t * n * H + i] = d_h[t * n * H + i]
          * (1.0f - h[t * n * H + i] * h[t * n * H + i]);
  }

  /* ∂L/∂b = Σₜ Δₜᵀ 𝟏   charnn.nn:9
   * d_U_by_label = Σₜ Cₜᵀ Δₜ   charnn.nn:9 */
  memset(d_U_by_label, 0, 65 * H * sizeof *d_U_by_label);
  memset(d_b, 0, H * sizeof *d_b);
  for (size_t t = 0; t < T; t++)
    for (size_t s = 0; s < n; s++)
      for (size_t i = 0; i < H; i++) {
        d_b[i] += d_b_product[(t * n + s) * H + i];
        d_U_by_label[(size_t)c[s * T + t] * H + i] += d_b_product[(t * n + s) * H + i];
      }

  /* ∂L/∂W = Σₜ Δₜᵀ Hₜ₋₁   charnn.nn:9 */
  nnrt_product_float(1, 0, H, H, (T - 1) * n, 1.0f, d_b_product + n * H, H,
                     h, H, 0.0f, d_W, H);

  /* ∂L/∂U = Σₜ Δₜᵀ Cₜ   charnn.nn:9 */
  for (size_t i = 0; i < H; i++)
    for (size_t j = 0; j < 65; j++)
      d_U[i * 65 + j] = d_U_by_label[j * H + i];
  return mean_loss;
}

/* A batch's parts: computed one after another, or on as many threads as there are. */
enum { PARTS = 2 };

/* Weights in the order in which all parts' products read them, where scratch begins. */
enum { MATRICES = 1, PACKED_BYTES = 262144 };
static const struct packing {
  size_t from, to, copies, n, k, row, stride, elements;
} packings[] = {
  {AT_W + 0, 0, 1, 256, 256, 256, 0, 65536},
};

static void pack_matrix(void *block, size_t matrix) {
  const struct packing *by = packings;
  for (; matrix >= by->copies; by++)
    matrix -= by->copies;
  const float *from = at(block, by->from);
  float *to = at(block, scratch_offset(block) + by->to);
  nnrt_pack_float(by->n, by->k, from + matrix * by->stride, by->row,
                  to + matrix * by->elements);
}

/* A batch's gradient in the making. */
typedef struct gradient_call {
  void *block;
  size_t n, rows, parts; /* samples, of a part, parts */
  const int32_t *c;
  const int32_t *n_;
  double loss[PARTS];
} gradient_call;

/* Where the part has its scratch; its gradients, unless it is the first, lie before that. */
static size_t part_offset(const void *block, size_t part) {
  const nnrt_head *head = block;
  const size_t rows = ((size_t)head->batch + PARTS - 1) / PARTS;
  return scratch_offset(block) + PACKED_BYTES + part * (PARAMETER_BYTES + 66560 + 164352 * rows);
}

/* The part's copy of the gradients begins GRADIENTS behind this. */
static void *part_owner(void *block, size_t part) {
  return part == 0 ? block
                   : at(block, part_offset(block, part) - PARAMETER_BYTES - GRADIENTS);
}

static void compute_part(void *context, size_t part) {
  gradient_call *call = context;
  const nnrt_head *head = call->block;
  const size_t first = part * call->rows, left = call->n - first;
  const size_t place = head->team ? part : 0; /* one thread needs one part's scratch */
  call->loss[part] = gradient_of_part(
      call->block, part_owner(call->block, part),
      at(call->block, part_offset(call->block, place)),
      call->n, first, left < call->rows ? left : call->rows, call->c + first * 64, call->n_
          + first * 64);
}

/* Adds a stretch of all parts' gradients to the first's, in order. */
static void add_stretch(void *context, size_t stretch) {
  const gradient_call *call = context;
  const size_t elements = PARAMETER_BYTES / sizeof(float);
  const size_t from = elements * stretch / PARTS, to = elements * (stretch + 1) / PARTS;
  float *sum = at(call->block, GRADIENTS);
  for (size_t part = 1; part < call->parts; part++) {
    const float *more = at(part_owner(call->block, part), GRADIENTS);
    NNRT_APART
    for (size_t i = from; i < to; i++)
      sum[i] += more[i];
  }
}

/* Mean loss of n samples, and the gradient of every parameter. */
static double compute_gradient(void *block, size_t n, const int32_t *c, const int32_t *n_) {
  const nnrt_head *head = block;
  const size_t rows = (n + PARTS - 1) / PARTS, parts = (n + rows - 1) / rows;
  gradient_call call = {block, n, rows, parts, c, n_, {0}};
  nnrt_team_run(head->team, MATRICES, pack_matrix, block);
  nnrt_team_run(head->team, parts, compute_part, &call);
  if (parts > 1)
    nnrt_team_run(head->team, PARTS, add_stretch, &call);
  double total = call.loss[0];
  for (size_t part = 1; part < parts; part++)
    total += call.loss[part];
  return total;
}

/* As in prediction: values[0] the mean loss of n samples, then each metric. */
static void compute_test(void *block, size_t n, const int32_t *c, const int32_t *n_, double
    *values) {
  void *scratch = at(block, scratch_offset(block));
  const float *U = at(block, AT_U); /* H x 65 */
  const float *b = at(block, AT_b); /* H */
  const float *z_W = at(block, AT_z_W); /* Z x H */
  const float *z_b = at(block, AT_z_b); /* Z */
  const float *W = at(block, AT_W); /* H x H */
  float *U_by_label = at(scratch, 0); /* 65 x H */
  float *h = at(scratch, 66560); /* T x n x H, in place of h_sum */
  float *z_sum = at(scratch, 66560 + 65536 * n); /* T x n x Z */
  float *z = at(scratch, 0); /* Z */
  float *h_sum = at(scratch, 66560); /* T x n x H */

  /* U_by_label = U */
  for (size_t i = 0; i < 65; i++)
    for (size_t j = 0; j < H; j++)
      U_by_label[i * H + j] = U[j * 65 + i];

  /* the recurrence of hₜ, forwards */
  for (size_t t = 0; t < T; t++) {
    /* h_sumₜ = U cₜ */
    for (size_t s = 0; s < n; s++)
      for (size_t i = 0; i < H; i++)
        h_sum[(t * n + s) * H + i] = U_by_label[(size_t)c[s * T + t] * H + i];
    /* h_sumₜ += W hₜ₋₁ */
    if (t >= 1)
      nnrt_repeated_product_float(0, 1, n, H, H, 1.0f, h + (t - 1) * n * H, H,
                                  W, H, 1.0f, h_sum + t * n * H, H);
    /* hₜ = tanh(zₜ⁽ʰ⁾)   charnn.nn:12 */
    for (size_t s = 0; s < n; s++)
      NNRT_APART
      for (size_t i = 0; i < H; i++)
        h[(t * n + s) * H + i] = nnrt_tanhf(h_sum[(t * n + s) * H + i] + b[i]);
  }

  /* z_sumₜ = W_{z} hₜ */
  nnrt_product_float(0, 1, T * n, Z, H, 1.0f, h, H,
                     z_W, H, 0.0f, z_sum, Z);

  /* zₜ = b_{z} + W_{z} hₜ   charnn.nn:13 */
  double loss_sum = 0.0;
  for (size_t t = 0; t < T; t++)
    for (size_t s = 0; s < n; s++) {
      float z_max = -INFINITY;
      for (size_t i = 0; i < Z; i++) {
        z[i] = z_b[i] + z_sum[(t * n + s) * Z + i];
        if (z[i] > z_max)
          z_max = z[i];
      }
      float z_sum_2 = 0.0f;
      for (size_t i = 0; i < Z; i++)
        z_sum_2 += nnrt_expf(z[i] - z_max);
      const float z_sum_2_log = nnrt_logf(z_sum_2);
      loss_sum += (double)(z[(size_t)n_[s * T + t]] - z_max) - (double)z_sum_2_log;
    }

  /* mean_loss = L = −(1/(64 m)) loss_sum */
  const double mean_loss = -(loss_sum / (double)n / 64.0);
  values[0] = mean_loss;
}

/* Every output of n samples. */
static void compute_predict(void *block, size_t n, const int32_t *c, float *p_) {
  void *scratch = at(block, scratch_offset(block));
  const float *U = at(block, AT_U); /* H x 65 */
  const float *b = at(block, AT_b); /* H */
  const float *z_W = at(block, AT_z_W); /* Z x H */
  const float *z_b = at(block, AT_z_b); /* Z */
  const float *W = at(block, AT_W); /* H x H */
  float *U_by_label = at(scratch, 0); /* 65 x H */
  float *h = at(scratch, 66560); /* T x n x H, in place of h_sum */
  float *z_sum = at(scratch, 66560 + 65536 * n); /* T x n x Z */
  float *z = at(scratch, 0); /* Z */
  float *z_exp = at(scratch, 320); /* Z */
  float *h_sum = at(scratch, 66560); /* T x n x H */

  /* U_by_label = U */
  for (size_t i = 0; i < 65; i++)
    for (size_t j = 0; j < H; j++)
      U_by_label[i * H + j] = U[j * 65 + i];

  /* the recurrence of hₜ, forwards */
  for (size_t t = 0; t < T; t++) {
    /* h_sumₜ = U cₜ */
    for (size_t s = 0; s < n; s++)
      for (size_t i = 0; i < H; i++)
        h_sum[(t * n + s) * H + i] = U_by_label[(size_t)c[s * T + t] * H + i];
    /* h_sumₜ += W hₜ₋₁ */
    if (t >= 1)
      nnrt_repeated_product_float(0, 1, n, H, H, 1.0f, h + (t - 1) * n * H, H,
                                  W, H, 1.0f, h_sum + t * n * H, H);
    /* hₜ = tanh(zₜ⁽ʰ⁾)   charnn.nn:12 */
    for (size_t s = 0; s < n; s++)
      NNRT_APART
      for (size_t i = 0; i < H; i++)
        h[(t * n + s) * H + i] = nnrt_tanhf(h_sum[(t * n + s) * H + i] + b[i]);
  }

  /* z_sumₜ = W_{z} hₜ */
  nnrt_product_float(0, 1, T * n, Z, H, 1.0f, h, H,
                     z_W, H, 0.0f, z_sum, Z);

  /* zₜ = b_{z} + W_{z} hₜ   charnn.nn:13
   * z_expₜ = exp(zₜ − z_maxₜ)
   * pₜ = (1/z_exp_sumₜ) z_expₜ   charnn.nn:15 */
  for (size_t t = 0; t < T; t++)
    for (size_t s = 0; s < n; s++) {
      float z_max = -INFINITY;
      for (size_t i = 0; i < Z; i++) {
        z[i] = z_b[i] + z_sum[(t * n + s) * Z + i];
        if (z[i] > z_max)
          z_max = z[i];
      }
      float z_exp_sum = 0.0f;
      for (size_t i = 0; i < Z; i++) {
        z_exp[i] = nnrt_expf(z[i] - z_max);
        z_exp_sum += z_exp[i];
      }
      for (size_t i = 0; i < Z; i++)
        p_[(s * T + t) * Z + i] = z_exp[i] / z_exp_sum;
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

typedef struct update_call {
  void *block;
  double rate;
  size_t stretches;
} update_call;

/* One step of the head's optimizer on a stretch of all parameters. */
static void update_stretch(void *context, size_t stretch) {
  const update_call *call = context;
  void *block = call->block;
  const nnrt_head *head = block;
  const double rate = call->rate;
  const size_t lines = PARAMETER_BYTES / 64;
  const size_t from = lines * stretch / call->stretches * 64;
  const size_t to = lines * (stretch + 1) / call->stretches * 64;
  const size_t elements = (to - from) / sizeof(float);
  if (head->optimizer == 0)
    update_sgd(head, rate, elements, at(block, PARAMETERS + from), at(block, GRADIENTS + from),
        at(block, OPTIMIZER_STATES + from));
  else if (head->optimizer == 1)
    update_nesterov(head, rate, elements, at(block, PARAMETERS + from),
        at(block, GRADIENTS + from), at(block, OPTIMIZER_STATES + from));
  else if (head->optimizer == 2)
    update_adagrad(head, rate, elements, at(block, PARAMETERS + from),
        at(block, GRADIENTS + from), at(block, OPTIMIZER_STATES + from));
  else if (head->optimizer == 3)
    update_rmsprop(head, rate, elements, at(block, PARAMETERS + from),
        at(block, GRADIENTS + from), at(block, OPTIMIZER_STATES + from),
        at(block, OPTIMIZER_STATES + PARAMETER_BYTES + from));
  else if (head->optimizer == 4)
    update_adam(head, rate, elements, at(block, PARAMETERS + from), at(block, GRADIENTS + from),
        at(block, OPTIMIZER_STATES + from), at(block, OPTIMIZER_STATES + PARAMETER_BYTES + from));
  else if (head->optimizer == 5)
    update_adamw(head, rate, elements, at(block, PARAMETERS + from), at(block, GRADIENTS + from),
        at(block, OPTIMIZER_STATES + from), at(block, OPTIMIZER_STATES + PARAMETER_BYTES + from));
  else
    update_lion(head, rate, elements, at(block, PARAMETERS + from), at(block, GRADIENTS + from),
        at(block, OPTIMIZER_STATES + from));
}

/* One step of the head's optimizer. */
static void compute_update(void *block, double rate) {
  nnrt_head *head = block;
  head->step++;
  update_call call = {block, rate, PARTS};
  nnrt_team_run(head->team, call.stretches, update_stretch, &call);
}

size_t charnn_bytes(int batch, int training) {
  const size_t n = (size_t)batch;
  if (training) return (size_t)TRAINING_END + 956224 + 164352 * n;
  return (size_t)INFERENCE_END + 66560 + 82176 * n;
}

void charnn_init(void *block, int batch, int training, uint64_t seed) {
  nnrt_initialize(&charnn_model, block, batch, training, seed);
}

float charnn_loss(void *block, int n, const int32_t *c, const int32_t *n_) {
  return (float)compute_loss(block, (size_t)n, c, n_, NULL);
}

float charnn_gradient(void *block, int n, const int32_t *c, const int32_t *n_) {
  return (float)compute_gradient(block, (size_t)n, c, n_);
}

void charnn_update(void *block, float rate) { compute_update(block, rate); }

void charnn_test(void *block, int n, const int32_t *c, const int32_t *n_, double *values) {
  compute_test(block, (size_t)n, c, n_, values);
}

void charnn_predict(void *block, int n, const int32_t *c, float *p_) {
  compute_predict(block, (size_t)n, c, p_);
}

/* ---- what the runtime is told of the model ---- */

static const size_t shape_c[] = {T};
static const size_t shape_n_[] = {T};
static const size_t shape_U[] = {H, 65};
static const size_t shape_W[] = {H, H};
static const size_t shape_b[] = {H};
static const size_t shape_z_W[] = {Z, H};
static const size_t shape_z_b[] = {Z};
static const size_t shape_p_[] = {T, Z};
static const nnrt_tensor tensors[] = {
  {"c", NNRT_INPUT, NNRT_CLASS, 65, 1, shape_c, 64, 0, 0,
   NNRT_CONSTANT, 0.0, 0.0, 0, 0, 0, 0},
  {"n", NNRT_TARGET, NNRT_CLASS, 65, 1, shape_n_, 64, 0, 0,
   NNRT_CONSTANT, 0.0, 0.0, 0, 0, 0, 0},
  {"U", NNRT_PARAMETER, NNRT_REAL, 0, 2, shape_U, 16640, AT_U, 0,
   NNRT_GLOROT_UNIFORM, 0.0, 0.0, 65, 256, 0, 0},
  {"W", NNRT_PARAMETER, NNRT_REAL, 0, 2, shape_W, 65536, AT_W, 0,
   NNRT_GLOROT_UNIFORM, 0.0, 0.0, 256, 256, 0, 0},
  {"b", NNRT_PARAMETER, NNRT_REAL, 0, 1, shape_b, 256, AT_b, 0,
   NNRT_CONSTANT, 0.0, 0.0, 256, 256, 0, 0},
  {"z.W", NNRT_PARAMETER, NNRT_REAL, 0, 2, shape_z_W, 16640, AT_z_W, 0,
   NNRT_GLOROT_UNIFORM, 0.0, 0.0, 256, 65, 0, 0},
  {"z.b", NNRT_PARAMETER, NNRT_REAL, 0, 1, shape_z_b, 65, AT_z_b, 0,
   NNRT_CONSTANT, 0.0, 0.0, 65, 65, 0, 0},
  {"p", NNRT_OUTPUT, NNRT_REAL, 0, 2, shape_p_, 4160, 0, 0,
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

const nnrt_model charnn_model = {
  NNRT_ABI, "charnn", "charnn", 4, 0xe6a85919b1e0d4fd,
  8, 1, 1, 5, 0, 1, tensors,
  PARAMETERS, PARAMETER_BYTES, GRADIENTS, OPTIMIZER_STATES,
  0, NULL, 0, 0,
  7, optimizers,
  {
    .optimizer = 4, .hyperparameter = {0.001, 0.9, 0.999, 1e-08, 0.0, 0.0, 0.0, 0.0},
    .batch = 32, .epochs = 10, .seed = 1u,
    .accumulate = 1
  },
  31506816.0, 10526848.0,
  charnn_bytes, charnn_init, model_loss, model_gradient, compute_update, model_test,
  model_predict, locate, NULL, model_watched_loss, NULL
};

int main(int argc, char **argv) { return nnrt_main(&charnn_model, argc, argv); }
