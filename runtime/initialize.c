/* Turns a seed into the values that a model's parameters begin with, and raw memory into a block
 * that its functions can work on. */
#include "nnrt.h"
#include "random.h"
#include "stack.h"

#include <math.h>
#include <string.h>

/* A parameter's elements, whichever real type they are in. */
typedef struct elements {
  void *first;
  int real_bytes;
} elements;

static double get(elements of, size_t i) {
  return of.real_bytes == (int)sizeof(float) ? (double)((const float *)of.first)[i]
                                             : ((const double *)of.first)[i];
}

static void set(elements of, size_t i, double value) {
  if (of.real_bytes == (int)sizeof(float))
    ((float *)of.first)[i] = (float)value;
  else
    ((double *)of.first)[i] = value;
}

/* `count` vectors of `length` elements; element i of vector v is at v * vector_step + i * step. */
typedef struct vectors {
  elements of;
  size_t count, length, vector_step, step;
} vectors;

static double dot(const vectors *all, size_t v, size_t w) {
  double sum = 0.0;
  for (size_t i = 0; i < all->length; i++)
    sum += get(all->of, v * all->vector_step + i * all->step) *
           get(all->of, w * all->vector_step + i * all->step);
  return sum;
}

/* vector v += factor * vector w */
static void add(const vectors *all, size_t v, double factor, size_t w) {
  for (size_t i = 0; i < all->length; i++) {
    size_t place = v * all->vector_step + i * all->step;
    double other = get(all->of, w * all->vector_step + i * all->step);
    set(all->of, place, get(all->of, place) + factor * other);
  }
}

/* Gram-Schmidt on normal draws gives the uniform distribution over orthonormal sets (it is the Q of
 * a QR whose R has a positive diagonal). Each vector is cleaned of the earlier ones twice, which
 * keeps orthogonality to rounding also where a draw lies close to their span. */
static void orthonormalize(const vectors *all) {
  for (size_t v = 0; v < all->count; v++) {
    for (int pass = 0; pass < 2; pass++)
      for (size_t w = 0; w < v; w++)
        add(all, v, -dot(all, v, w), w);
    double length = sqrt(dot(all, v, v));
    if (length > 0.0)
      add(all, v, 1.0 / length - 1.0, v);
  }
}

/* A tensor of rank > 2 counts as a matrix of its first axis by all the others, as in PyTorch. */
static void fill_orthogonal(const nnrt_tensor *tensor, elements of, nnrt_random *stream) {
  size_t rows = tensor->rank > 0 ? tensor->shape[0] : 1;
  size_t columns = rows > 0 ? tensor->elements / rows : 0;
  vectors wide = {of, rows, columns, columns, 1}, tall = {of, columns, rows, 1, columns};
  for (size_t i = 0; i < tensor->elements; i++)
    set(of, i, nnrt_random_normal(stream));
  orthonormalize(rows <= columns ? &wide : &tall);
}

static void fill_uniform(elements of, size_t count, nnrt_random *stream, double from, double to) {
  for (size_t i = 0; i < count; i++)
    set(of, i, from + (to - from) * nnrt_random_uniform(stream));
}

static void fill_normal(elements of, size_t count, nnrt_random *stream, double mean, double sd) {
  for (size_t i = 0; i < count; i++)
    set(of, i, mean + sd * nnrt_random_normal(stream));
}

/* sqrt(numerator / fan); a fan of nothing counts as one */
static double scale(double numerator, size_t fan) {
  return sqrt(numerator / (fan > 0 ? (double)fan : 1.0));
}

static void fill(const nnrt_tensor *tensor, elements of, nnrt_random *stream) {
  const size_t count = tensor->elements, both = tensor->fan_in + tensor->fan_out;
  double bound;
  switch (tensor->distribution) {
  case NNRT_CONSTANT:
    for (size_t i = 0; i < count; i++)
      set(of, i, tensor->a);
    break;
  case NNRT_UNIFORM: fill_uniform(of, count, stream, tensor->a, tensor->b); break;
  case NNRT_NORMAL: fill_normal(of, count, stream, tensor->a, tensor->b); break;
  case NNRT_GLOROT_UNIFORM:
    bound = scale(6.0, both);
    fill_uniform(of, count, stream, -bound, bound);
    break;
  case NNRT_GLOROT_NORMAL: fill_normal(of, count, stream, 0.0, scale(2.0, both)); break;
  case NNRT_HE_UNIFORM:
    bound = scale(6.0, tensor->fan_in);
    fill_uniform(of, count, stream, -bound, bound);
    break;
  case NNRT_HE_NORMAL: fill_normal(of, count, stream, 0.0, scale(2.0, tensor->fan_in)); break;
  case NNRT_LECUN_NORMAL: fill_normal(of, count, stream, 0.0, scale(1.0, tensor->fan_in)); break;
  case NNRT_ORTHOGONAL: fill_orthogonal(tensor, of, stream); break;
  }
}

static void set_head(const nnrt_model *model, nnrt_head *head, int batch, int training,
                     uint64_t seed) {
  head->layout = model->layout;
  head->batch = batch;
  head->training = training;
  head->seed = seed;
  memcpy(head->hyperparameter, model->settings.hyperparameter, sizeof head->hyperparameter);
}

/* What begins with 0 is left as it is where that is known to be there. */
static void begin_optimizer(const nnrt_model *model, void *block, int optimizer, int cleared) {
  const nnrt_optimizer *rule = model->optimizers > 0 ? &model->optimizer[optimizer] : NULL;
  nnrt_head *head = block;
  head->optimizer = optimizer;
  for (int k = 0; rule && head->training && k < rule->states; k++) {
    const size_t offset = model->optimizer_state_offset + (size_t)k * model->parameter_bytes;
    elements of = {(char *)block + offset, model->real_bytes};
    const double start = rule->start ? rule->start[k] : 0.0;
    if (!rule->start && cleared)
      continue;
    for (size_t i = 0; i < model->parameter_bytes / (size_t)model->real_bytes; i++)
      set(of, i, start);
  }
}

void nnrt_begin_optimizer(const nnrt_model *model, void *block, int optimizer) {
  begin_optimizer(model, block, optimizer, 0);
}

void nnrt_initialize_zeros(const nnrt_model *model, void *block, int batch, int training,
                           uint64_t seed) {
  set_head(model, block, batch, training, seed);
  begin_optimizer(model, block, model->settings.optimizer, 1);
  for (size_t i = 0; i < model->tensors; i++) {
    const nnrt_tensor *tensor = &model->tensor[i];
    if (tensor->role != NNRT_PARAMETER)
      continue;
    for (size_t k = 0; k < nnrt_stack_copies(tensor); k++) {
      nnrt_tensor copy;
      uint64_t hash;
      nnrt_stack_copy(tensor, k, model->real_bytes, &copy, NULL, 0, &hash);
      elements of = {(char *)block + copy.offset, model->real_bytes};
      nnrt_random stream = nnrt_random_begin_hashed(seed, hash, 0);
      fill(&copy, of, &stream);
    }
  }
}

void nnrt_initialize(const nnrt_model *model, void *block, int batch, int training, uint64_t seed) {
  memset(block, 0, model->bytes(batch, training));
  nnrt_initialize_zeros(model, block, batch, training, seed);
}
