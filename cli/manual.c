/* manual.c: a command line's description to a manual page, in the macros of man(7). */
#include "cli.h"

#include <ctype.h>
#include <string.h>

/* A '-' that is one in the terminal, a backslash that is none of troff's; a '.' or ''' that begins
 * a line would be a request. */
static void print_character(char c, int begins_line, FILE *to) {
  if (begins_line && (c == '.' || c == '\''))
    fputs("\\&", to);
  if (c == '-')
    fputs("\\-", to);
  else if (c == '\\')
    fputs("\\e", to);
  else if (c == '\'')
    fputs("\\(aq", to);
  else if (c == '~')
    fputs("\\(ti", to);
  else if (c == '^')
    fputs("\\(ha", to);
  else if (c == '`')
    fputs("\\(ga", to);
  else
    fputc(c, to);
}

static void print_text(const char *text, FILE *to) {
  for (size_t k = 0; text[k]; k++)
    print_character(text[k], k == 0 || text[k - 1] == '\n', to);
}

/* Lines from *text on, up to an empty line: running text, or as they stand. */
static const char *print_paragraph(const char *text, FILE *to) {
  const int as_it_stands = strncmp(text, "  ", 2) == 0;
  fputs(as_it_stands ? ".PP\n.nf\n.RS\n" : ".PP\n", to);
  while (*text && *text != '\n') {
    size_t length = strcspn(text, "\n"), skip = as_it_stands ? 2 : 0;
    for (size_t k = skip < length ? skip : length; k < length; k++)
      print_character(text[k], k == skip, to);
    fputc('\n', to);
    text += length + (text[length] == '\n');
  }
  if (as_it_stands)
    fputs(".RE\n.fi\n", to);
  return text + (*text == '\n');
}

static void print_upper(const char *text, FILE *to) {
  for (; *text; text++)
    fputc(toupper((unsigned char)*text), to);
}

static void print_option(const nn_cli_option *option, FILE *to) {
  fputs(".TP\n", to);
  if (option->letter)
    fprintf(to, "\\fB\\-%c\\fR, ", option->letter);
  fputs("\\fB\\-\\-", to);
  print_text(option->name, to);
  fputs("\\fR", to);
  if (option->argument) {
    fputs(option->may_lack ? "[=\\fI" : " \\fI", to);
    print_text(option->argument, to);
    fputs(option->may_lack ? "\\fR]" : "\\fR", to);
  }
  fputc('\n', to);
  print_text(option->help, to);
  fputs(".\n", to);
}

/* The commands that take an option, where not all of them do. */
static void print_takers(const nn_cli *cli, const nn_cli_option *option, FILE *to) {
  size_t takers = 0, shown = 0;
  for (size_t k = 0; k < cli->commands; k++)
    takers += option->commands >> k & 1;
  if (takers == cli->commands || takers == 0)
    return;
  fputs("(", to);
  for (size_t k = 0; k < cli->commands; k++)
    if (option->commands >> k & 1) {
      fputs(shown++ ? ", " : "", to);
      print_text(cli->command[k].name, to);
    }
  fputs(")\n", to);
}

static void print_synopsis(const nn_cli *cli, FILE *to) {
  const nn_cli_command *first = &cli->command[0];
  fputs(".SH SYNOPSIS\n.B ", to);
  print_text(cli->program, to);
  fputc('\n', to);
  if (*first->name)
    fputs(".I command\n", to);
  else if (first->operand) {
    fputs(".I ", to);
    print_text(first->operand, to);
    fputc('\n', to);
  }
  fputs("[\\fIoptions\\fR]\n", to);
}

static void print_commands(const nn_cli *cli, FILE *to) {
  fputs(".SH COMMANDS\n", to);
  for (size_t k = 0; k < cli->commands; k++) {
    const nn_cli_command *command = &cli->command[k];
    fputs(".TP\n\\fB", to);
    print_text(command->name, to);
    fputs("\\fR", to);
    if (command->operand) {
      fputs(" \\fI", to);
      print_text(command->operand, to);
      fputs("\\fR", to);
    }
    fputc('\n', to);
    print_text(command->help, to);
    fputs(".\n", to);
  }
}

void nn_cli_print_manual(const nn_cli *cli, FILE *to) {
  fputs(".TH ", to);
  print_upper(cli->program, to);
  fprintf(to, " 1 \"\" \"%s\"\n.SH NAME\n", cli->version);
  print_text(cli->program, to);
  fputs(" \\- ", to);
  print_text(cli->summary, to);
  fputc('\n', to);
  print_synopsis(cli, to);
  if (*cli->command[0].name)
    print_commands(cli, to);
  fputs(".SH OPTIONS\n", to);
  for (size_t k = 0; k < cli->options; k++) {
    print_option(&cli->option[k], to);
    print_takers(cli, &cli->option[k], to);
  }
  for (size_t k = 0; k < cli->sections; k++) {
    fputs(".SH ", to);
    print_upper(cli->section[k].title, to);
    fputc('\n', to);
    for (const char *at = cli->section[k].text; *at;)
      at = print_paragraph(at, to);
  }
}
