/* usage.c: a command line's description to the lines that --help prints. */
#include "cli.h"

#include <string.h>

enum { LEFT = 24, WIDTH = 96 }; /* columns before what is said of an option; of a line */

/* Beside its left side, or below where that is long; lines are broken between words. */
static void print_line(const char *left, const char *help, FILE *to) {
  size_t column = LEFT;
  if (strlen(left) > LEFT - 2)
    fprintf(to, "  %s\n%*s", left, LEFT, "");
  else
    fprintf(to, "  %-*s", LEFT - 2, left);
  while (*help) {
    const size_t word = strcspn(help, " ");
    if (column > LEFT && column + 1 + word > WIDTH) {
      fprintf(to, "\n%*s", LEFT, "");
      column = LEFT;
    }
    fprintf(to, " %.*s", (int)word, help);
    column += 1 + word;
    help += word;
    help += strspn(help, " ");
  }
  fputc('\n', to);
}

static void print_option(const nn_cli_option *option, FILE *to) {
  char left[128], letter[8] = "";
  const char *argument = option->argument ? option->argument : "";
  if (option->letter)
    snprintf(letter, sizeof letter, "-%c, ", option->letter);
  if (option->may_lack)
    snprintf(left, sizeof left, "%s--%s[=%s]", letter, option->name, argument);
  else
    snprintf(left, sizeof left, "%s--%s%s%s", letter, option->name, *argument ? " " : "",
             argument);
  print_line(left, option->help, to);
}

void nn_cli_print_options(const nn_cli *cli, int only, FILE *to) {
  for (size_t k = 0; k < cli->commands; k++) {
    const nn_cli_command *command = &cli->command[k];
    char left[128];
    if ((only >= 0 && only != (int)k) || !*command->name)
      continue;
    snprintf(left, sizeof left, "%s%s%s", command->name, command->operand ? " " : "",
             command->operand ? command->operand : "");
    print_line(left, command->help, to);
  }
  if (*cli->command[0].name)
    fputc('\n', to);
  for (size_t k = 0; k < cli->options; k++)
    if (only < 0 || (cli->option[k].commands >> only & 1))
      print_option(&cli->option[k], to);
}

int nn_cli_is_choice(const char *words, const char *text) {
  const size_t length = strlen(text);
  while (*words) {
    const size_t word = strcspn(words, "|");
    if (word == length && strncmp(words, text, length) == 0)
      return 1;
    words += word + (words[word] == '|');
  }
  return 0;
}
