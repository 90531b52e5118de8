/* Turns a training that has ended into --report: one HTML page that stands alone. */
#include "report.h"
#include "file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char style[] =
  ":root{color-scheme:light dark;--paper:#f6f7f9;--card:#fff;--ink:#1f2937;--faint:#6b7280;"
  "--line:#e5e7eb;--blue:#2563eb;--red:#c2410c}\n"
  "@media(prefers-color-scheme:dark){:root{--paper:#0f141c;--card:#1a212c;--ink:#e5e7eb;"
  "--faint:#9ca3af;--line:#374151;--blue:#7dabff;--red:#ff9d5c}}\n"
  "*{box-sizing:border-box}body{margin:0 auto;padding:1.5rem 1rem 4rem;max-width:68rem;"
  "background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}\n"
  "h1{font-size:1.7rem;margin:.2rem 0}h2{font-size:1.15rem;margin:0 0 .3rem}p{margin:.3rem 0}"
  ".note{color:var(--faint);font-size:.85rem}b{font-variant-numeric:tabular-nums}\n"
  "section,header{background:var(--card);border:1px solid var(--line);border-radius:10px;"
  "padding:1.1rem 1.2rem;margin:0 0 1rem}header{background:none;border:0;padding:0 .2rem}\n"
  ".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:.8rem;"
  "margin:.9rem 0 0}.tile{background:var(--card);border:1px solid var(--line);border-radius:10px;"
  "padding:.6rem .8rem}.tile b{display:block;font-size:1.25rem}\n"
  ".curves{display:grid;gap:.8rem;"
  "grid-template-columns:repeat(auto-fit,minmax(min(100%,22rem),1fr))}"
  "svg{display:block;width:100%;height:auto}svg.square{max-width:26rem}"
  "svg.spark{width:160px;height:40px}\n"
  ".cards{display:grid;gap:.8rem;"
  "grid-template-columns:repeat(auto-fill,minmax(min(100%,9.6rem),1fr));"
  "margin-top:.6rem}.card{border:1px solid var(--line);border-radius:8px;padding:.7rem .8rem;"
  "min-width:0;overflow-wrap:anywhere}.bar{fill:var(--blue);opacity:.75}.dot{fill-opacity:.35}"
  ".card dl{grid-template-columns:minmax(0,auto) minmax(3.6rem,1fr)}.card .note{white-space:nowrap}"
  ".layers .note{white-space:normal}.seen{margin-bottom:.4rem}"
  ".layers{grid-template-columns:repeat(auto-fill,minmax(min(100%,13rem),1fr))}"
  ".texts{grid-template-columns:repeat(auto-fill,minmax(min(100%,18rem),1fr))}"
  "code{font-size:.85rem}.texts code{line-height:2.2}ruby{color:var(--red)}rt{color:var(--faint);"
  "font-size:.7rem}"
  ".pairs{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,11rem),1fr));"
  "gap:.2rem .8rem}\n"
  ".picture{width:96px;height:auto;image-rendering:pixelated;border-radius:4px;display:block}\n"
  ".wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}"
  "th{color:var(--faint);font-weight:500;text-align:right;padding:.15rem .45rem}"
  "td{text-align:right;padding:.15rem .45rem}"
  ".matrix td{min-width:2.2rem;text-align:center;border:1px solid var(--card);border-radius:3px}"
  ".matrix .right{background:color-mix(in srgb,var(--blue) calc(var(--share)*55%),transparent)}"
  ".matrix .wrong{background:color-mix(in srgb,var(--red) calc(var(--share)*70%),transparent)}"
  ".matrix .sum{color:var(--faint);font-size:.85rem;padding-left:.8rem;white-space:nowrap}\n"
  "dl{display:grid;grid-template-columns:auto 1fr;gap:.1rem .8rem;margin:.3rem 0}"
  "dt{color:var(--faint)}dd{margin:0;overflow-wrap:anywhere}"
  "pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--paper);border-radius:6px;"
  "padding:.7rem .8rem;margin:.5rem 0;font-size:.85rem}\n";

/* ---- the head ------------------------------------------------------------------------------ */

static void tile(FILE *to, const char *name, const char *format, double value) {
  fputs("<div class=\"tile\"><b>", to);
  fprintf(to, format, value);
  fputs("</b><span class=\"note\">", to);
  nnrt_html_text(to, name);
  fputs("</span></div>\n", to);
}

/* Loss and metrics of the epoch whose weights are saved. */
static void show_tiles(FILE *to, const nnrt_trainer *trainer) {
  const nnrt_model *model = trainer->model;
  const nnrt_history *history = &trainer->history;
  char name[256];
  if (history->epochs == 0)
    return;
  const size_t shown = trainer->has_best_weights ? nnrt_best_epoch(trainer) : history->epochs - 1;
  const double *row = nnrt_history_row(history, shown);
  const bool test = ((int)row[NNRT_ROW_FLAGS] & NNRT_HAS_TEST) != 0;
  const bool metrics = test || ((int)row[NNRT_ROW_FLAGS] & NNRT_HAS_METRICS) != 0;
  const double *value = row + (test ? nnrt_test_column(model) : NNRT_ROW_LOSS);
  const char *of = test && trainer->test_name ? trainer->test_name : "training";
  fputs("<div class=\"tiles\">\n", to);
  for (size_t i = 0; i < (metrics ? 1 + model->metrics : 1); i++) {
    snprintf(name, sizeof name, "%s %s", of, i ? model->metric[i - 1] : "loss");
    tile(to, name, "%.4g", value[i]);
  }
  tile(to, trainer->has_best_weights ? "best epoch" : "epochs", "%.0f", (double)shown + 1);
  tile(to, "steps", "%.0f", (double)((const nnrt_head *)trainer->block)->step);
  fputs("</div>\n", to);
}

static size_t parameters_of(const nnrt_model *model) {
  size_t count = 0;
  for (size_t i = 0; i < model->tensors; i++)
    count += model->tensor[i].role == NNRT_PARAMETER ? model->tensor[i].elements : 0;
  return count;
}

static void show_head(FILE *to, const nnrt_trainer *trainer) {
  const nnrt_model *model = trainer->model;
  fputs("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
        "content=\"width=device-width,initial-scale=1\"><title>", to);
  nnrt_html_text(to, model->name);
  fprintf(to, ": training</title><style>%s%s</style></head><body>\n<header><h1>", style,
          nnrt_chart_style());
  nnrt_html_text(to, model->name);
  fprintf(to, "</h1><p class=\"note\">%zu parameters in %zu tensors, %s precision; learned from "
          "%zu samples",
          parameters_of(model), model->parameters, model->real_bytes == 4 ? "single" : "double",
          trainer->order.learned);
  if (trainer->has_test)
    fprintf(to, ", tested with %zu", trainer->test.samples);
  else if (trainer->test_name)
    fprintf(to, ", %zu held out", trainer->order.held);
  fputs("</p>\n", to);
  show_tiles(to, trainer);
  fputs("</header>\n", to);
}

static void show_curves(FILE *to, const nnrt_trainer *trainer) {
  if (trainer->history.epochs == 0)
    return;
  fputs("<section><h2>Curves</h2><p class=\"note\">over the epochs; the dashed line is the lowest "
        "loss</p>\n<div class=\"curves\">\n", to);
  for (size_t k = 0; k < nnrt_panels(trainer->model); k++) {
    const nnrt_panel panel = nnrt_panel_at(trainer, k);
    fprintf(to, "<svg class=\"chart\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"",
            NNRT_PANEL_WIDTH, NNRT_PANEL_HEIGHT);
    nnrt_html_text(to, panel.title);
    fputs("\">\n", to);
    nnrt_draw_panel(to, trainer, &panel);
    fputs("</svg>\n", to);
  }
  fputs("</div></section>\n", to);
}

/* ---- the end ------------------------------------------------------------------------------- */

static void show_time(FILE *to, const nnrt_trainer *trainer) {
  const nnrt_history *history = &trainer->history;
  const size_t epochs = history->epochs - history->first;
  const double samples = (double)epochs * (double)trainer->used;
  double seconds = 0;
  for (size_t i = history->first; i < history->epochs; i++)
    seconds += history->seconds[i];
  if (epochs == 0 || !(seconds > 0))
    return;
  fprintf(to, "<section><h2>Time</h2><dl><dt>training</dt><dd>%.3g s in %zu epoch%s%s</dd>"
          "<dt>an epoch</dt><dd>%.3g s, %llu steps</dd><dt>samples</dt><dd>%.4g a second</dd>",
          seconds, epochs, epochs == 1 ? "" : "s", history->first ? " since it was resumed" : "",
          seconds / (double)epochs, (unsigned long long)trainer->steps, samples / seconds);
  fprintf(to, "<dt>arithmetic</dt><dd>%.3g GFLOP/s, %.6g operations a sample</dd>",
          samples * trainer->model->step_operations / seconds * 1e-9,
          trainer->model->step_operations);
  fprintf(to, "<dt>evaluation and saving</dt><dd>%.3g s</dd></dl></section>\n",
          fmax(0, nnrt_seconds() - trainer->began - seconds));
}

/* As a shell takes it: in single quotes where it has to be. */
static void show_word(FILE *to, const char *word) {
  static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                              "_-+./:=,@%";
  if (*word && word[strspn(word, plain)] == '\0') {
    nnrt_html_text(to, word);
    return;
  }
  fputc('\'', to);
  for (; *word; word++) {
    if (*word == '\'')
      fputs("'\\''", to);
    else
      nnrt_html_text(to, (char[]){*word, '\0'});
  }
  fputc('\'', to);
}

static void show_setting(FILE *to, const char *name, const char *value) {
  if (!value)
    return;
  fprintf(to, "<dt>%s</dt><dd>", name);
  nnrt_html_text(to, value);
  fputs("</dd>\n", to);
}

static void show_number(FILE *to, const char *name, double value, double usual) {
  if (value > usual)
    fprintf(to, "<dt>%s</dt><dd>%.9g</dd>\n", name, value);
}

static void show_settings(FILE *to, const nnrt_trainer *trainer) {
  const nnrt_settings *settings = &trainer->options->settings;
  const nnrt_optimizer *optimizer = &trainer->model->optimizer[settings->optimizer];
  fprintf(to, "<dl><dt>seed</dt><dd>%llu</dd><dt>optimizer</dt><dd>",
          (unsigned long long)((const nnrt_head *)trainer->block)->seed);
  nnrt_html_text(to, optimizer->name);
  for (int k = 0; k < optimizer->hyperparameters; k++)
    fprintf(to, "%s%s = %.6g", k ? ", " : "(", optimizer->hyperparameter[k],
            settings->hyperparameter[k]);
  fprintf(to, ")</dd><dt>batch</dt><dd>%d</dd>\n", settings->batch);
  show_number(to, "accumulate", settings->accumulate, 1);
  show_setting(to, "schedule", settings->schedule);
  show_setting(to, "decay", settings->decay);
  show_setting(to, "average", settings->average);
  show_number(to, "clip", settings->clip, 0);
  show_number(to, "clip_value", settings->clip_value, 0);
  show_number(to, "patience", settings->patience, 0);
  show_number(to, "holdout", settings->holdout, 0);
  for (int k = 0; k < settings->data_files; k++)
    show_setting(to, "data", settings->data[k].path);
  for (int k = 0; k < settings->test_files; k++)
    show_setting(to, "test", settings->test[k].path);
  show_setting(to, "saved to", trainer->options->save);
  show_setting(to, "resumed from", trainer->options->resume);
  fputs("</dl>", to);
}

static void show_command(FILE *to, const nnrt_trainer *trainer) {
  fputs("<section><h2>The same again</h2><pre>", to);
  for (int k = 0; k < trainer->options->words; k++) {
    if (k > 0)
      fputc(' ', to);
    show_word(to, trainer->options->word[k]);
  }
  fputs("</pre>\n", to);
  show_settings(to, trainer);
  fputs("</section>\n</body></html>\n", to);
}

/* ---- the page ------------------------------------------------------------------------------ */

static void write_page(FILE *to, const nnrt_trainer *trainer, nnrt_guesses *guesses) {
  show_head(to, trainer);
  show_curves(to, trainer);
  nnrt_report_errors(to, guesses);
  nnrt_report_examples(to, guesses);
  nnrt_report_layers(to, trainer);
  show_time(to, trainer);
  show_command(to, trainer);
}

/* Shows the weights that are saved: where these are a copy, it changes places with the block's. */
bool nnrt_report(nnrt_trainer *trainer, nnrt_failure *failure) {
  void *kept = nnrt_kept_weights(trainer);
  nnrt_guesses guesses;
  nnrt_output out;
  if (kept)
    nnrt_copy(trainer->model, NNRT_COPY_SWAP, kept, trainer->block, 0);
  bool done = nnrt_guess(trainer, &guesses, failure);
  if (done && nnrt_output_open(&out, trainer->options->report, failure)) {
    write_page(out.stream, trainer, &guesses);
    done = nnrt_output_finish(&out, failure);
  } else {
    done = false;
  }
  nnrt_guesses_free(&guesses);
  if (kept)
    nnrt_copy(trainer->model, NNRT_COPY_SWAP, kept, trainer->block, 0);
  return done;
}
