/* What is taken for what: a matrix of classes, or guesses against truths. */
#include "report.h"

#include <math.h>
#include <stdlib.h>

enum { MOST_CLASSES = 32, MOST_CONFUSIONS = 20, MOST_DOTS = 1500, SIDE = 340, MARGIN = 52 };

typedef struct table {
  size_t classes, *count;      /* [truth, guess] */
  size_t *truths, right, all;  /* truths: [classes] */
} table;

static bool count_up(const nnrt_guesses *of, table *in) {
  in->classes = of->pair.classes;
  in->right = 0;
  in->all = of->count * of->elements;
  in->count = calloc(in->classes * in->classes, sizeof *in->count);
  in->truths = calloc(in->classes, sizeof *in->truths);
  if (!in->count || !in->truths)
    return false;
  for (size_t i = 0; i < in->all; i++) {
    const size_t truth = (size_t)of->truth[i];
    const size_t guess = (size_t)of->value[i];
    in->count[truth * in->classes + guess]++;
    in->truths[truth]++;
    in->right += truth == guess;
  }
  return true;
}

static void draw_matrix(FILE *to, const nnrt_guesses *of, const table *in) {
  fputs("<div class=\"wide\"><table class=\"matrix\"><tr><th></th>", to);
  for (size_t k = 0; k < in->classes; k++) {
    fputs("<th>", to);
    nnrt_show_class(to, of, k);
    fputs("</th>", to);
  }
  fputs("<th class=\"sum\">recall</th></tr>\n", to);
  for (size_t truth = 0; truth < in->classes; truth++) {
    fputs("<tr><th>", to);
    nnrt_show_class(to, of, truth);
    fputs("</th>", to);
    for (size_t guess = 0; guess < in->classes; guess++) {
      const size_t count = in->count[truth * in->classes + guess];
      const double share = in->truths[truth] ? (double)count / (double)in->truths[truth] : 0;
      fprintf(to, "<td class=\"%s\" style=\"--share:%.3f\">", truth == guess ? "right" : "wrong",
              sqrt(share));
      if (count)
        fprintf(to, "%zu", count);
      fputs("</td>", to);
    }
    fprintf(to, in->truths[truth] ? "<td class=\"sum\">%.1f %%</td></tr>\n"
                                  : "<td class=\"sum\"></td></tr>\n",
            100 * (double)in->count[truth * in->classes + truth] /
              fmax(1, (double)in->truths[truth]));
  }
  fputs("</table></div><p class=\"note\">rows: the truth; columns: the guess</p>\n", to);
}

static size_t next_confusion(const table *in, size_t below, size_t before) {
  size_t best = 0, found = SIZE_MAX;
  for (size_t i = 0; i < in->classes * in->classes; i++) {
    const bool later = in->count[i] < below || (in->count[i] == below && i > before);
    if (i / in->classes != i % in->classes && later && in->count[i] > best) {
      best = in->count[i];
      found = i;
    }
  }
  return found;
}

static void list_confusions(FILE *to, const nnrt_guesses *of, const table *in) {
  size_t below = SIZE_MAX, at = 0;
  fputs("<p class=\"note\">the most frequent confusions, truth → guess</p><div class=\"pairs\">\n",
        to);
  for (int k = 0; k < MOST_CONFUSIONS; k++) {
    at = next_confusion(in, below, at);
    if (at == SIZE_MAX)
      break;
    below = in->count[at];
    fputs("<div><b>", to);
    nnrt_show_class(to, of, at / in->classes);
    fputs("</b> → ", to);
    nnrt_show_class(to, of, at % in->classes);
    fprintf(to, " <span class=\"note\">%zu of %zu</span></div>\n", below,
            in->truths[at / in->classes]);
  }
  fputs("</div>\n", to);
}

static void report_classes(FILE *to, const nnrt_guesses *of) {
  table in;
  if (count_up(of, &in)) {
    fprintf(to, "<p><b>%.2f %%</b> of %zu right</p>\n", 100 * (double)in.right / (double)in.all,
            in.all);
    if (in.classes <= MOST_CLASSES)
      draw_matrix(to, of, &in);
    else
      list_confusions(to, of, &in);
  }
  free(in.count);
  free(in.truths);
}

/* ---- numbers ------------------------------------------------------------------------------- */

typedef struct span {
  double low, high;
} span;

static void widen(span *of, double value) {
  of->low = fmin(of->low, value);
  of->high = fmax(of->high, value);
}

static double place(const span *of, double value) {
  return (value - of->low) / (of->high - of->low);
}

static void draw_dots(FILE *to, const nnrt_guesses *of, span in) {
  const size_t all = of->count * of->elements, stride = all / MOST_DOTS + 1;
  const double room = SIDE - MARGIN - 12;
  fprintf(to,
          "<svg class=\"chart square\" viewBox=\"0 0 %d %d\" role=\"img\"><path class=\"grid\" "
          "d=\"M%d 12V%dH%dM%d %dL%d 12\" fill=\"none\"/>\n",
          SIDE, SIDE, MARGIN, SIDE - 40, SIDE - 12, MARGIN, SIDE - 40, SIDE - 12);
  fprintf(
      to,
      "<text x=\"%d\" y=\"16\" text-anchor=\"end\">%.3g</text><text x=\"%d\" y=\"%d\" "
      "text-anchor=\"end\">%.3g</text><text x=\"%d\" y=\"%d\">%.3g</text><text x=\"%d\" y=\"%d\" "
      "text-anchor=\"end\">%.3g</text>\n",
      MARGIN - 6, in.high, MARGIN - 6, SIDE - 40, in.low, MARGIN, SIDE - 24, in.low, SIDE - 12,
      SIDE - 24, in.high);
  fprintf(to,
          "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">truth</text><text x=\"14\" y=\"%d\" "
          "transform=\"rotate(-90 14 %d)\" text-anchor=\"middle\">guess</text>\n",
          (SIDE + MARGIN) / 2, SIDE - 8, SIDE / 2, SIDE / 2);
  for (size_t i = 0; i < all; i += stride) {
    const double truth = of->truth[i];
    if (isfinite(of->value[i]))
      fprintf(to, "<circle class=\"train dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\"/>",
              MARGIN + room * place(&in, truth),
              SIDE - 40 - (SIDE - 52) * place(&in, of->value[i]));
  }
  fputs("</svg>\n", to);
}

static void report_reals(FILE *to, const nnrt_guesses *of) {
  const size_t all = of->count * of->elements;
  double sum = 0, squares = 0, errors = 0, error_squares = 0;
  span in = {HUGE_VAL, -HUGE_VAL};
  for (size_t i = 0; i < all; i++) {
    const double truth = of->truth[i];
    const double error = of->value[i] - truth;
    widen(&in, truth);
    widen(&in, of->value[i]);
    sum += truth;
    squares += truth * truth;
    errors += error;
    error_squares += error * error;
  }
  const double n = (double)all, variance = squares / n - sum / n * (sum / n);
  if (!(in.high > in.low))
    widen(&in, in.low + 1);
  fprintf(to, "<p>root mean square error <b>%.4g</b>, mean error %.4g", sqrt(error_squares / n),
          errors / n);
  if (variance > 0)
    fprintf(to, ", R² %.4g", 1 - error_squares / n / variance);
  fprintf(to, ", of %zu</p>\n", all);
  draw_dots(to, of, in);
}

void nnrt_report_errors(FILE *to, const nnrt_guesses *of) {
  const nnrt_model *model = of->trainer->model;
  if (of->pair.kind == NNRT_PAIR_NONE || of->count == 0)
    return;
  fprintf(to, "<section><h2>%s</h2><p class=\"note\">",
          of->pair.kind == NNRT_PAIR_REALS ? "Guess against truth" : "What is taken for what");
  nnrt_html_text(to, model->tensor[of->pair.output].name);
  fputs(" against ", to);
  nnrt_html_text(to, model->tensor[of->pair.target].name);
  fprintf(to, ", %s data</p>\n", of->of);
  if (of->pair.kind == NNRT_PAIR_REALS)
    report_reals(to, of);
  else
    report_classes(to, of);
  fputs("</section>\n", to);
}
