/* check: turns random parameters and random data into a verdict on every gradient, by central
 * differences of the loss.
 *
 *   |g - d| <= tolerance * max(|g|, |d|, 1e-3 * the tensor's largest |g|, 1e-6)
 *
 * for all elements of a tensor of up to 10,000, for 1,000 drawn by the seed of a larger one.
 * Elements at a kink are left out, at most 1 % of all; a draw that has more is drawn anew. Elements
 * that the loss's rounding hides are looked at again in other draws, until each has been told. */
#include "draw.h"
#include "stack.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ALL_UP_TO = 10000, DRAWN = 1000, PASSES = 5, MOST_BAD = 50, FAILED = 1, BAD = 2 };

typedef struct check {
  nnrt_site site;
  size_t elements;        /* to be looked at, in all tensors together                            */
  unsigned char *verdict; /* of each, in order; UNSURE: still to be told                         */
} check;

/* One tensor's, in one pass. */
typedef struct tally {
  size_t checked, kinks, unsure, wrong;
  double largest;                /* error among those that agree or do not */
  size_t worst;                  /* element */
  double gradient, difference;   /* there */
} tally;

static size_t count_of(const nnrt_tensor *tensor) {
  return tensor->role != NNRT_PARAMETER ? 0
         : tensor->elements <= ALL_UP_TO ? tensor->elements : DRAWN;
}

/* ---- one tensor ----------------------------------------------------------------------------- */

static nnrt_verdict check_element(check *of, size_t index, size_t element, double floor,
                                  tally *to) {
  nnrt_site *site = &of->site;
  const nnrt_tensor *tensor = &site->model->tensor[index];
  char *first = nnrt_locate(site->model, site->block, index);
  const double gradient = nnrt_site_gradient(site, tensor, element);
  const nnrt_comparison found =
    nnrt_compare(&site->probe, first + element * (size_t)site->model->real_bytes, gradient, floor,
                 site->tolerance);
  to->checked++;
  to->kinks += found.verdict == NNRT_KINK;
  to->unsure += found.verdict == NNRT_UNSURE;
  to->wrong += found.verdict == NNRT_DISAGREES;
  if ((found.verdict == NNRT_AGREES || found.verdict == NNRT_DISAGREES) &&
      !(found.error <= to->largest)) {
    to->largest = found.error;
    to->worst = element;
    to->gradient = gradient;
    to->difference = found.difference;
  }
  return found.verdict;
}

/* Those that are still to be told; stops where so many cannot that looking on would be idle. */
static tally check_tensor(check *of, size_t index, unsigned char *verdict) {
  const nnrt_tensor *tensor = &of->site.model->tensor[index];
  const double floor = nnrt_site_floor(&of->site, tensor);
  nnrt_random stream = nnrt_random_begin(of->site.seed, tensor->name, 3);
  tally found = {0, 0, 0, 0, 0.0, 0, 0.0, 0.0};
  for (size_t i = 0; i < count_of(tensor) && found.wrong + found.unsure < MOST_BAD; i++) {
    const size_t element =
      tensor->elements <= ALL_UP_TO ? i : nnrt_random_below(&stream, tensor->elements);
    if (verdict[i] == NNRT_UNSURE)
      verdict[i] = (unsigned char)check_element(of, index, element, floor, &found);
  }
  return found;
}

/* "W[2, 0]" */
static void print_element(const nnrt_tensor *tensor, size_t element) {
  size_t inner = tensor->elements;
  printf("%s", tensor->name);
  for (int axis = 0; axis < tensor->rank; axis++) {
    inner /= tensor->shape[axis];
    printf("%s%zu", axis ? ", " : "[", element / inner % tensor->shape[axis]);
  }
  printf("%s", tensor->rank ? "]" : "");
}

static void print_tally(const nnrt_tensor *tensor, const tally *found) {
  const nnrt_shape_text shape = nnrt_show_shape(tensor->rank, tensor->shape);
  printf("%-16s %-16s %6zu checked  largest error %.1e  kinks %zu%s\n", tensor->name, shape.chars,
         found->checked, found->largest, found->kinks, found->wrong ? "  WRONG" : "");
  if (found->unsure)
    printf("  %zu hidden by the rounding of the loss\n", found->unsure);
  if (found->wrong) {
    printf("  %zu wrong, the worst at ", found->wrong);
    print_element(tensor, found->worst);
    printf(": gradient %.10g, central difference %.10g\n", found->gradient, found->difference);
  }
  fflush(stdout);
}

/* ---- all of them ---------------------------------------------------------------------------- */

static void check_all(check *of) {
  const nnrt_model *model = of->site.model;
  unsigned char *verdict = of->verdict;
  for (size_t i = 0; i < model->tensors; i++) {
    const size_t count = count_of(&model->tensor[i]);
    if (count > 0 && memchr(verdict, NNRT_UNSURE, count)) {
      const tally found = check_tensor(of, i, verdict);
      print_tally(&model->tensor[i], &found);
    }
    verdict += count;
  }
}

static size_t count_verdicts(const check *of, nnrt_verdict verdict) {
  size_t count = 0;
  for (size_t i = 0; i < of->elements; i++)
    count += of->verdict[i] == verdict;
  return count;
}

static int conclude(const check *of, nnrt_failure *failure) {
  const size_t wrong = count_verdicts(of, NNRT_DISAGREES), kinks = count_verdicts(of, NNRT_KINK);
  const size_t unsure = count_verdicts(of, NNRT_UNSURE);
  if (wrong > 0)
    nnrt_fail(failure, "check failed: %zu of %zu gradients are wrong", wrong, of->elements);
  else if (kinks * 100 > of->elements)
    nnrt_fail(failure, "check failed: %zu of %zu elements (%.1f %%) lie at a kink, more than 1 %%: "
              "try another --seed", kinks, of->elements,
              100.0 * (double)kinks / (double)of->elements);
  else if (unsure > 0)
    nnrt_fail(failure, "check failed: %zu of %zu gradients are smaller than the loss's rounding "
              "lets tell: %s", unsure, of->elements, of->site.model->real_bytes == 8
              ? "try another --seed" : "try nncc --real double, or another --seed");
  else
    printf("check passed: %zu gradients to %.0e, %zu kinks left out\n", of->elements,
           of->site.tolerance, kinks);
  return wrong > 0 || unsure > 0 || kinks * 100 > of->elements ? FAILED : 0;
}

static int run(check *of, nnrt_failure *failure) {
  for (int pass = 0; pass < PASSES; pass++) {
    if (!nnrt_site_draw(&of->site)) {
      nnrt_fail(failure, "check failed: the loss is not finite on random data: try another --seed, "
                "or --load weights");
      return FAILED;
    }
    check_all(of);
    const size_t kinks = count_verdicts(of, NNRT_KINK);
    const int is_last = pass == PASSES - 1 || count_verdicts(of, NNRT_DISAGREES) > 0;
    if (is_last || (kinks * 100 <= of->elements && count_verdicts(of, NNRT_UNSURE) == 0))
      break;
    if (kinks * 100 > of->elements) {
      printf("more than 1 %% kinks: another draw\n");
      memset(of->verdict, NNRT_UNSURE, of->elements);
    } else {
      printf("another draw for those that rounding hides\n");
    }
  }
  return conclude(of, failure);
}

int nnrt_command_check(const nnrt_model *model, nnrt_options *options, nnrt_failure *failure) {
  check of;
  int status = BAD;
  of.elements = 0;
  for (size_t i = 0; i < model->tensors; i++)
    of.elements += count_of(&model->tensor[i]);
  of.verdict = malloc(of.elements + 1);
  if (nnrt_site_new(model, options, &of.site, failure)) {
    if (of.verdict) {
      memset(of.verdict, NNRT_UNSURE, of.elements);
      status = run(&of, failure);
    } else {
      nnrt_fail(failure, "out of memory");
    }
  }
  nnrt_site_free(&of.site);
  free(of.verdict);
  return status;
}
