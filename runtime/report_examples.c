/* The samples that the model is most wrong about, with a look at what it saw. */
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WORST = 12, MOST_INPUTS = 3, MOST_NUMBERS = 8, MOST_TEXT = 160, LEAST_PICTURE = 49,
       LARGEST_SIDE = 256 };

/* ---- what the model saw -------------------------------------------------------------------- */

/* One sample of an input. */
typedef struct view {
  const nnrt_tensor *tensor;
  const nnrt_tensor_encoding *own;
  const nnrt_alphabet *alphabet;
  const void *sample;
  int real_bytes;
} view;

/* As the file had it. */
static double number_at(const view *of, size_t at) {
  if (of->tensor->kind != NNRT_REAL)
    return ((const int32_t *)of->sample)[at];
  const double value = nnrt_real_at(of->sample, at, of->real_bytes), *scale = of->own->scale;
  return scale ? value * scale[of->tensor->elements + at] + scale[at] : value;
}

typedef struct picture {
  size_t height, width, channels; /* height 0: none */
} picture;

/* [h, w], [1 or 3, h, w], or a vector that is a square. */
static picture picture_of(const nnrt_tensor *tensor) {
  const size_t *shape = tensor->shape, side = (size_t)(sqrt((double)tensor->elements) + 0.5);
  picture found = {0, 0, 0};
  if (tensor->kind != NNRT_REAL || tensor->elements < LEAST_PICTURE)
    return found;
  if (tensor->rank == 2)
    found = (picture){shape[0], shape[1], 1};
  else if (tensor->rank == 3 && (shape[0] == 1 || shape[0] == 3))
    found = (picture){shape[1], shape[2], shape[0]};
  else if (tensor->rank == 1 && side * side == tensor->elements)
    found = (picture){side, side, 1};
  if (found.height > LARGEST_SIDE || found.width > LARGEST_SIDE || found.height < 4 ||
      found.width < 4)
    found.height = 0;
  return found;
}

static void range_of(const view *of, double *low, double *high) {
  *low = HUGE_VAL;
  *high = -HUGE_VAL;
  for (size_t i = 0; i < of->tensor->elements; i++) {
    *low = fmin(*low, number_at(of, i));
    *high = fmax(*high, number_at(of, i));
  }
}

/* From the sample's least value, black, to its largest. */
static void show_picture(FILE *to, const view *of, picture size) {
  const size_t plane = size.height * size.width;
  uint8_t *pixel = malloc(plane * size.channels);
  double low, high;
  range_of(of, &low, &high);
  for (size_t i = 0; pixel && i < plane * size.channels; i++) {
    const double value = number_at(of, i % size.channels * plane + i / size.channels);
    pixel[i] = (uint8_t)(high > low ? 255 * (value - low) / (high - low) : 0);
  }
  if (pixel)
    nnrt_html_picture(to, pixel, size.height, size.width, size.channels, "input");
  free(pixel);
}

static void show_line(FILE *to, const view *of) {
  const size_t count = of->tensor->elements, stride = count / 300 + 1;
  double low, high;
  range_of(of, &low, &high);
  fputs("<svg class=\"chart spark\" viewBox=\"0 0 160 40\" preserveAspectRatio=\"none\"><polyline "
        "class=\"train\" points=\"", to);
  for (size_t i = 0; i < count; i += stride)
    fprintf(to, "%.1f,%.1f ", 160 * (double)i / (double)(count - 1),
            high > low ? 38 - 36 * (number_at(of, i) - low) / (high - low) : 20);
  fputs("\"/></svg>", to);
}

static bool is_text(const nnrt_tensor *tensor, const nnrt_tensor_encoding *own,
                    const nnrt_alphabet *alphabet) {
  return tensor->kind == NNRT_CLASS && tensor->rank == 1 && alphabet->count > 0 &&
         own->labels.count == 0;
}

/* 0, which is shown as a dot, for a class that no byte has. */
static uint8_t byte_of(const nnrt_alphabet *alphabet, double class) {
  return class < (double)alphabet->count ? alphabet->byte[(size_t)class] : 0;
}

static void show_bytes(FILE *to, const view *of) {
  uint8_t byte[MOST_TEXT];
  size_t count = 0;
  for (; count < of->tensor->elements && count < MOST_TEXT; count++)
    byte[count] = byte_of(of->alphabet, number_at(of, count));
  nnrt_html_bytes(to, byte, count);
  fputs(of->tensor->elements > MOST_TEXT ? "…" : "", to);
}

static void show_value(FILE *to, const view *of, size_t at) {
  const char *word = of->tensor->kind == NNRT_CLASS
                       ? nnrt_label_of(&of->own->labels, (int32_t)number_at(of, at)) : NULL;
  if (word)
    nnrt_html_text(to, word);
  else
    fprintf(to, "%.4g", number_at(of, at));
}

/* Under the names of their columns, where these are known. */
static void show_numbers(FILE *to, const view *of) {
  const bool named = of->own->columns == of->tensor->elements;
  fputs(named ? "<dl>" : "", to);
  for (size_t i = 0; i < of->tensor->elements && i < MOST_NUMBERS; i++) {
    fputs(named ? "<dt>" : i > 0 ? ", " : "", to);
    if (named)
      nnrt_html_text(to, of->own->column[i]);
    fputs(named ? "</dt><dd>" : "", to);
    show_value(to, of, i);
    fputs(named ? "</dd>" : "", to);
  }
  fputs(named ? "</dl>" : "", to);
  if (of->tensor->elements > MOST_NUMBERS)
    fputs(", …", to);
}

static void show_input(FILE *to, const view *of) {
  const picture size = picture_of(of->tensor);
  if (size.height > 0)
    show_picture(to, of, size);
  else if (is_text(of->tensor, of->own, of->alphabet))
    show_bytes(to, of);
  else if (of->tensor->kind == NNRT_REAL && of->tensor->elements > MOST_NUMBERS)
    show_line(to, of);
  else
    show_numbers(to, of);
}

/* ---- the worst ----------------------------------------------------------------------------- */

/* The places of the largest losses, largest first; how many. */
static size_t find_worst(const nnrt_guesses *of, size_t *worst) {
  size_t found = 0;
  for (size_t i = 0; i < of->losses; i++) {
    size_t at = found;
    while (at > 0 && of->loss[i] > of->loss[worst[at - 1]])
      at--;
    if (at == WORST)
      continue;
    found += found < WORST;
    memmove(worst + at + 1, worst + at, (found - at - 1) * sizeof *worst);
    worst[at] = i;
  }
  return found;
}

static void show_row(FILE *to, const nnrt_guesses *of, const double *value) {
  for (size_t i = 0; i < of->elements && i < MOST_NUMBERS; i++) {
    fputs(i > 0 ? ", " : "", to);
    if (of->pair.kind == NNRT_PAIR_REALS)
      fprintf(to, "%.4g", value[i]);
    else
      nnrt_show_class(to, of, (size_t)value[i]);
  }
  fputs(of->elements > MOST_NUMBERS ? ", …" : "", to);
}

static void show_values(FILE *to, const nnrt_guesses *of, size_t place) {
  fputs("<dl><dt>truth</dt><dd>", to);
  show_row(to, of, of->truth + place * of->elements);
  fputs("</dd><dt>guess</dt><dd>", to);
  show_row(to, of, of->value + place * of->elements);
  if (of->elements == 1 && of->probable)
    fprintf(to, " <span class=\"note\">(%.1f %%)</span>", 100 * of->sure[place]);
  fputs("</dd></dl>", to);
}

/* Of a text model: all of its guesses in the text that they are about. */
static void show_guessed_text(FILE *to, const nnrt_guesses *of, size_t place) {
  const nnrt_alphabet *alphabet = &of->trainer->encoding.alphabet;
  uint8_t truth[MOST_TEXT], guess[MOST_TEXT];
  size_t count = 0;
  for (; count < of->elements && count < MOST_TEXT; count++) {
    truth[count] = byte_of(alphabet, of->truth[place * of->elements + count]);
    guess[count] = byte_of(alphabet, of->value[place * of->elements + count]);
  }
  nnrt_html_guessed(to, truth, guess, count);
  fputs(of->elements > MOST_TEXT ? "…" : "", to);
}

static bool guesses_text(const nnrt_guesses *of) {
  const nnrt_encoding *encoding = &of->trainer->encoding;
  return (of->pair.kind == NNRT_PAIR_SCORES || of->pair.kind == NNRT_PAIR_LABELS) &&
         is_text(&of->trainer->model->tensor[of->pair.target], &encoding->of[of->pair.target],
                 &encoding->alphabet);
}

/* Is the truth what this input goes on to say? Then it is not shown twice. */
static bool is_said_again(const nnrt_guesses *of, const view *input, size_t place) {
  const double *truth = of->truth + place * of->elements;
  bool same = place < of->count && guesses_text(of) && input->tensor->kind == NNRT_CLASS &&
              input->tensor->elements == of->elements;
  for (size_t i = 0; same && i + 1 < of->elements; i++)
    same = fabs(number_at(input, i + 1) - truth[i]) < 0.5;
  return same;
}

static void show_inputs(FILE *to, const nnrt_guesses *of, size_t place) {
  const nnrt_model *model = of->trainer->model;
  const nnrt_encoding *encoding = &of->trainer->encoding;
  for (size_t i = 0; i < model->inputs && i < MOST_INPUTS; i++) {
    const view shown = {&model->tensor[i], &encoding->of[i], &encoding->alphabet,
                        of->room.values[i], model->real_bytes};
    if (is_said_again(of, &shown, place))
      continue;
    fputs("<div class=\"seen\">", to);
    show_input(to, &shown);
    fputs("</div>", to);
  }
}

static void show_example(FILE *to, nnrt_guesses *of, size_t place) {
  nnrt_failure failure;
  size_t sample;
  if (!nnrt_guess_gather(of, place, 1, &sample, &failure))
    return;
  fputs("<div class=\"card\">", to);
  show_inputs(to, of, place);
  const bool guessed = of->pair.kind != NNRT_PAIR_NONE && place < of->count;
  if (guessed && guesses_text(of))
    show_guessed_text(to, of, place);
  fprintf(to, "<div><b>loss %.4g</b> <span class=\"note\">sample %zu</span></div>",
          of->loss[place], sample + 1);
  if (guessed && !guesses_text(of))
    show_values(to, of, place);
  fputs("</div>\n", to);
}

void nnrt_report_examples(FILE *to, nnrt_guesses *of) {
  size_t worst[WORST + 1];
  const size_t found = find_worst(of, worst);
  if (found == 0)
    return;
  const bool text = guesses_text(of);
  fprintf(to, "<section><h2>Worst examples</h2><p class=\"note\">the largest losses of %zu samples "
          "of the %s data%s</p>\n<div class=\"cards%s\">\n", of->losses, of->of,
          text ? "; above each wrong place stands the guess" : "", text ? " texts" : "");
  for (size_t i = 0; i < found; i++)
    show_example(to, of, worst[i]);
  fputs("</div></section>\n", to);
}
