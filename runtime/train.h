/* train: the trainer's state and what its parts do with it; private to train.c, step.c, keep.c,
 * checkpoint.c, resume.c, progress.c, history.c and interrupt.c. */
#ifndef NNRT_TRAIN_H
#define NNRT_TRAIN_H

#include <time.h>

#include "call.h"
#include "freeze.h"
#include "session.h"

/* Sums over the batches of the epoch so far. */
enum {
  NNRT_RUNNING_LOSS,          /* of loss x samples                                            */
  NNRT_RUNNING_SAMPLES,
  NNRT_RUNNING_METRIC_SAMPLES, /* of the batches whose metrics are looked at                   */
  NNRT_RUNNING_LOOKS,         /* so often the gradients' norms were taken                     */
  NNRT_RUNNING_RATE,          /* no sum: of the last step                                     */
  NNRT_RUNNING_METRICS        /* from here on, one sum a metric, then one a parameter's norm  */
};

typedef struct nnrt_progress {
  int terminal;        /* standard output is one                                              */
  int lines;           /* something stands on the live line                                   */
  double begun;        /* seconds: when the epoch's first step of this run began              */
  double shown;        /* when the live line was last written                                 */
  uint64_t samples;    /* trained since `begun`                                               */
} nnrt_progress;

/* One epoch's figures. */
typedef struct nnrt_epoch {
  uint64_t epoch, step;        /* counted from 1; steps done                                  */
  double loss;                 /* mean over the epoch's batches, each before its update       */
  double rate;                 /* of the last step                                            */
  double samples_per_second, seconds;
  const double *metric;        /* of the training batches looked at; NULL: none               */
  const double *test;          /* loss, then metrics, of test or holdout; NULL: none          */
  const double *gradient;      /* the 2-norm of each parameter's gradient                     */
} nnrt_epoch;

typedef struct nnrt_history {
  FILE *log;
  size_t epochs, capacity, columns;
  double *row;                 /* [epochs, columns]: history.h; in checkpoints                */
  double *seconds;             /* [epochs]: of this run, from epoch number `first` on         */
  size_t first;
  double drawn;                /* when --plot was last written                                */
} nnrt_history;

typedef struct nnrt_trainer {
  const nnrt_model *model;
  nnrt_options *options;
  nnrt_product_of_forms schedule, averaging;
  uint64_t drops[FORM_FACTORS]; /* of the schedule's plateaus, so far                         */
  double *decay;               /* [tensors]: each parameter's                                 */
  void *block;
  nnrt_team *team;             /* the block's threads                                         */
  void *sum;                   /* of gradients, parameter_bytes; NULL: one batch is a step    */
  void *average;               /* a copy (keep.c), NULL: no averaging ...                     */
  uint64_t averaged;           /* ... of so many                                              */
  void *best;                  /* a copy, where there is patience ...                         */
  int has_best_weights;        /* ... made                                                    */
  nnrt_dataset data, test;
  int has_test;                /* `test` is loaded                                            */
  const char *test_name;       /* "test", "holdout", NULL: neither                            */
  int bad_data;                /* a step failed because samples could not be read             */
  size_t fold;                 /* of options->folds                                           */
  nnrt_order order;
  size_t used;                 /* of order.learned in an epoch; a stream leaves out what is over */
  size_t *chosen;              /* [batch]: samples of a batch                                 */
  nnrt_batch room;
  nnrt_frozen frozen;
  size_t batch;
  uint64_t steps;              /* of an epoch                                                 */
  uint64_t epoch, position;    /* epochs done, steps done of the one under way                */
  size_t sums;                 /* NNRT_RUNNING_METRICS + metrics + parameters                 */
  double *running;             /* [sums]                                                      */
  double *test_values;         /* [1 + metrics]                                               */
  int has_best;
  double best_loss;            /* lowest at the end of an epoch                               */
  uint64_t stale;              /* epochs since                                                */
  nnrt_encoding encoding;
  double began;                /* seconds, when the run did                                   */
  nnrt_progress progress;
  nnrt_history history;
} nnrt_trainer;

/* ---- train.c ------------------------------------------------------------------------------ */

/* Trains on the data that is loaded, and leaves the figures of the weights that count in
 * test_values. */
int nnrt_train_run(nnrt_trainer *trainer, nnrt_failure *failure);
/* Back to where only the data is loaded. */
void nnrt_train_reset(nnrt_trainer *trainer);

/* ---- folds.c ------------------------------------------------------------------------------ */

/* Trains once for each of options->folds, and says how the models did on what they did not see. */
int nnrt_cross_validate(nnrt_trainer *trainer, nnrt_failure *failure);

/* ---- step.c ------------------------------------------------------------------------------- */

/* False where something is not finite: then parameters are as they were. */
bool nnrt_step(nnrt_trainer *trainer, nnrt_failure *failure);
double nnrt_rate_factor(const nnrt_trainer *trainer); /* by the schedule, of the step to come */

/* ---- keep.c ------------------------------------------------------------------------------- */

typedef enum nnrt_copy_way {
  NNRT_COPY_TAKE, /* copy = block                          */
  NNRT_COPY_PUT,  /* block = copy                          */
  NNRT_COPY_SWAP,
  NNRT_COPY_MIX   /* copy += share * (block - copy)        */
} nnrt_copy_way;

size_t nnrt_copy_bytes(const nnrt_model *model);
void nnrt_copy(const nnrt_model *model, nnrt_copy_way way, void *copy, void *block, double share);
/* Where a parameter or state lies in a copy. */
void *nnrt_copy_at(const nnrt_model *model, void *copy, size_t index);

void nnrt_average_step(nnrt_trainer *trainer);  /* after an update             */
void nnrt_average_epoch(nnrt_trainer *trainer); /* at an epoch's end           */
void nnrt_keep_best(nnrt_trainer *trainer);     /* the block's, as the best    */
/* The weights that prediction is meant to use: the best, else the average; NULL: the block's. */
void *nnrt_kept_weights(const nnrt_trainer *trainer);

/* ---- checkpoint.c ------------------------------------------------------------------------- */

/* Writes weights and all that nnrt_resume_* need, whole or not at all. */
bool nnrt_checkpoint_save(const nnrt_trainer *trainer, const char *path, nnrt_failure *failure);

/* ---- resume.c ----------------------------------------------------------------------------- */

/* Options that the command line leaves open become those of the checkpoint. */
bool nnrt_resume_options(const nnrt_weights *from, const char *path, const nnrt_model *model,
                         nnrt_options *options, nnrt_failure *failure);
/* The trainer, its block made and its data loaded, becomes what it was. */
bool nnrt_resume_state(const nnrt_weights *from, const char *path, nnrt_trainer *trainer,
                       nnrt_failure *failure);

/* ---- progress.c --------------------------------------------------------------------------- */

double nnrt_seconds(void); /* of a clock that only goes forward */
void nnrt_progress_begin(nnrt_progress *progress);             /* an epoch, or the rest of one */
void nnrt_progress_step(nnrt_trainer *trainer, size_t samples);
void nnrt_progress_epoch(nnrt_trainer *trainer, const nnrt_epoch *epoch);
void nnrt_progress_clear(nnrt_progress *progress);             /* before any other output      */

/* ---- history.c ---------------------------------------------------------------------------- */

bool nnrt_history_reserve(nnrt_history *history, size_t epochs, nnrt_failure *failure);
bool nnrt_history_begin(nnrt_trainer *trainer, nnrt_failure *failure);
bool nnrt_history_add(nnrt_trainer *trainer, const nnrt_epoch *epoch, nnrt_failure *failure);
void nnrt_history_free(nnrt_history *history);

/* ---- report.c ----------------------------------------------------------------------------- */

/* Writes --report, of the weights that are saved. */
bool nnrt_report(nnrt_trainer *trainer, nnrt_failure *failure);

/* ---- interrupt.c -------------------------------------------------------------------------- */

/* From here on the first Ctrl-C (or SIGTERM) is only noted; the second one ends the process. */
void nnrt_interrupt_watch(void);
int nnrt_interrupted(void);
void nnrt_interrupt_release(void);

#endif
