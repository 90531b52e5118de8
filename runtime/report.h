/* report: --report, one HTML page that stands alone; private to the report*.c. */
#ifndef NNRT_REPORT_H
#define NNRT_REPORT_H

#include "history.h"
#include "pair.h"

/* ---- report_html.c ------------------------------------------------------------------------ */

/* Text with & < > " made harmless, and control characters left out. */
void nnrt_html_text(FILE *to, const char *text);
/* A PNG inside the page: height x width pixels of 1 (grey) or 3 (red, green, blue) bytes. */
bool nnrt_html_picture(FILE *to, const uint8_t *pixel, size_t height, size_t width,
                       size_t channels, const char *about);

/* ---- report_text.c ------------------------------------------------------------------------ */

/* Bytes as the text that they are, valid UTF-8 or not. */
void nnrt_html_bytes(FILE *to, const uint8_t *byte, size_t count);
/* The same of what should have been guessed; above each wrong place stands the guess. */
void nnrt_html_guessed(FILE *to, const uint8_t *truth, const uint8_t *guess, size_t count);

/* ---- report_pair.c ------------------------------------------------------------------------ */

/* What the page shows of data: which samples, what was guessed, how wrong. Numbers are as the model
 * sees them. */
typedef struct nnrt_guesses {
  nnrt_trainer *trainer;
  nnrt_pair pair;
  const nnrt_dataset *data;
  nnrt_batch room;       /* a batch of them                                                    */
  const char *of;        /* "test", "holdout", "training"                                      */
  size_t count;          /* samples looked at                                                  */
  size_t elements;       /* of the target                                                      */
  double *truth, *value; /* count x elements: classes or numbers; guessed                      */
  double *sure;          /* count x elements: the probability of the guess ...                 */
  bool probable;         /* ... where the scores are probabilities                             */
  double *loss;          /* [losses]: of the first samples, each alone                         */
  size_t losses;
} nnrt_guesses;

/* Predicts with the block's weights. The guesses are to be freed either way. */
bool nnrt_guess(nnrt_trainer *trainer, nnrt_guesses *of, nnrt_failure *failure);
void nnrt_guesses_free(nnrt_guesses *of);
/* The samples at places begin ... begin+n-1 to the front of the room; their numbers to `chosen`. */
bool nnrt_guess_gather(nnrt_guesses *of, size_t begin, size_t n, size_t *chosen,
                       nnrt_failure *failure);
/* A class as a reader knows it: its word, the byte of a text, else its number. */
void nnrt_show_class(FILE *to, const nnrt_guesses *of, size_t class);

/* ---- the sections, a file each ------------------------------------------------------------ */

void nnrt_report_errors(FILE *to, const nnrt_guesses *of);   /* confusion or residuals */
void nnrt_report_examples(FILE *to, nnrt_guesses *of);       /* the worst              */
void nnrt_report_layers(FILE *to, const nnrt_trainer *trainer);

#endif
