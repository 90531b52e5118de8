/* completion.c: a command line's description to functions for bash and zsh.
 *
 *   eval "$(./digits completion bash)"         source <(./digits completion zsh)
 *
 * Options are offered for the command that stands on the line, file names where a file goes, and
 * the words of a choice. */
#include "cli.h"

#include <ctype.h>
#include <string.h>

/* A shell function's name: letters, digits, '_'. */
static void print_identifier(const char *program, FILE *to) {
  fputs("_nn_", to);
  for (; *program; program++)
    fputc(isalnum((unsigned char)*program) ? *program : '_', to);
}

/* Within single quotes, whatever it holds. */
static void print_quoted(const char *text, FILE *to) {
  fputc('\'', to);
  for (; *text; text++)
    if (*text == '\'')
      fputs("'\\''", to);
    else
      fputc(*text, to);
  fputc('\'', to);
}

static int is_file(const char *argument) { return strstr(argument, "FILE") != NULL; }
static int is_choice(const char *argument) { return strchr(argument, '|') != NULL; }

static int takes(const nn_cli_option *option, size_t command) {
  return (int)(option->commands >> command & 1);
}

/* "a|b" to "a b" */
static void print_words(const char *choice, FILE *to) {
  for (; *choice; choice++)
    fputc(*choice == '|' ? ' ' : *choice, to);
}

/* ---- bash ----------------------------------------------------------------------------------- */

/* The `case` pattern and what to do after this option. A '=' at its end: the value hangs on it. */
static void print_bash_value(const nn_cli_option *option, FILE *to) {
  fputs("        ", to);
  if (option->letter)
    fprintf(to, "-%c|", option->letter);
  fprintf(to, option->may_lack ? "--%s=) " : "--%s|--%s=) ", option->name, option->name);
  if (is_file(option->argument)) {
    fputs("files=1 ;;\n", to);
  } else if (is_choice(option->argument)) {
    fputs("words='", to);
    print_words(option->argument, to);
    fputs("' ;;\n", to);
  } else {
    fputs("return ;;\n", to);
  }
}

/* What follows the command's name where no option is begun. */
static void print_bash_operand(const nn_cli_command *command, FILE *to) {
  if (!command->operand)
    return;
  if (is_choice(command->operand)) {
    fputs(" ", to);
    print_words(command->operand, to);
  }
}

static void print_bash_command(const nn_cli *cli, size_t k, FILE *to) {
  const nn_cli_command *command = &cli->command[k];
  const int files = command->operand && !is_choice(command->operand);
  fprintf(to, "    %s)\n      case $before in\n", *command->name ? command->name : "*");
  for (size_t i = 0; i < cli->options; i++)
    if (takes(&cli->option[i], k) && cli->option[i].argument)
      print_bash_value(&cli->option[i], to);
  fputs("        *) words='", to);
  for (size_t i = 0, shown = 0; i < cli->options; i++)
    if (takes(&cli->option[i], k))
      fprintf(to, "%s--%s", shown++ ? " " : "", cli->option[i].name);
  print_bash_operand(command, to);
  fprintf(to, "'%s ;;\n      esac ;;\n", files ? "; [[ $word == -* ]] || files=1" : "");
}

/* `before` is the option whose value is under the cursor: "--data ", "--data=", "--data x=". Bash
 * takes '=' for a word of its own. */
static const char bash_head[] =
  "  local word=${COMP_WORDS[COMP_CWORD]} at=$((COMP_CWORD - 1)) before equals= words= files=\n"
  "  if [[ $word == = ]]; then\n"
  "    word= equals==\n"
  "  elif [[ ${COMP_WORDS[at]} == = ]]; then\n"
  "    equals== at=$((at - 1))\n"
  "  fi\n"
  "  before=${COMP_WORDS[at]}\n"
  "  if [[ $equals && $before != -* ]]; then before=${COMP_WORDS[at-1]}; fi\n"
  "  before+=$equals\n"
  "  COMPREPLY=()\n";

static const char bash_tail[] =
  "  if [[ $files ]]; then\n"
  "    compopt -o filenames 2>/dev/null\n"
  "    mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
  "  else\n"
  "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
  "  fi\n"
  "}\n";

static void print_bash(const nn_cli *cli, FILE *to) {
  const int named = *cli->command[0].name != '\0';
  print_identifier(cli->program, to);
  fputs("() {\n", to);
  fputs(bash_head, to);
  if (named) {
    fputs("  if [[ $COMP_CWORD -eq 1 ]]; then\n    words='", to);
    for (size_t k = 0; k < cli->commands; k++)
      fprintf(to, "%s%s", k ? " " : "", cli->command[k].name);
    fputs(" --help'\n  else\n", to);
  }
  fprintf(to, "  case %s in\n", named ? "${COMP_WORDS[1]}" : "''");
  for (size_t k = 0; k < cli->commands; k++)
    print_bash_command(cli, k, to);
  fprintf(to, "  esac\n%s", named ? "  fi\n" : "");
  fputs(bash_tail, to);
  fputs("complete -F ", to);
  print_identifier(cli->program, to);
  fputc(' ', to);
  print_quoted(cli->program, to);
  fputc('\n', to);
}

/* ---- zsh ------------------------------------------------------------------------------------ */

/* Inside _arguments a colon and brackets have a meaning. */
static void print_zsh_text(const char *text, FILE *to) {
  for (; *text; text++) {
    if (*text == '\'')
      fputs("'\\''", to);
    else if (strchr("[]:\\", *text))
      fprintf(to, "\\%c", *text);
    else
      fputc(*text, to);
  }
}

static void print_zsh_argument(const char *argument, int may_lack, FILE *to) {
  fputs(may_lack ? "::" : ":", to);
  print_zsh_text(argument, to);
  fputc(':', to);
  if (is_file(argument)) {
    fputs("_files", to);
  } else if (is_choice(argument)) {
    fputc('(', to);
    print_words(argument, to);
    fputc(')', to);
  } else {
    fputc(' ', to);
  }
}

static void print_zsh_option(const nn_cli_option *option, FILE *to) {
  for (int letter = 0; letter <= (option->letter != 0); letter++) {
    fputs(" \\\n        '*", to);
    if (letter)
      fprintf(to, "-%c", option->letter);
    else
      fprintf(to, "--%s%s", option->name, !option->argument ? "" : option->may_lack ? "=-" : "=");
    fputc('[', to);
    print_zsh_text(option->help, to);
    fputc(']', to);
    if (option->argument)
      print_zsh_argument(option->argument, option->may_lack, to);
    fputc('\'', to);
  }
}

static void print_zsh_command(const nn_cli *cli, size_t k, FILE *to) {
  const nn_cli_command *command = &cli->command[k];
  fprintf(to, "    (%s)\n      _arguments -s", *command->name ? command->name : "*");
  for (size_t i = 0; i < cli->options; i++)
    if (takes(&cli->option[i], k))
      print_zsh_option(&cli->option[i], to);
  if (command->operand) {
    fputs(" \\\n        '1", to);
    print_zsh_argument(command->operand, 0, to);
    fputs("'", to);
  }
  fputs(" ;;\n", to);
}

static void print_zsh_commands(const nn_cli *cli, FILE *to) {
  fputs("  local -a commands\n  commands=(\n", to);
  for (size_t k = 0; k < cli->commands; k++) {
    fprintf(to, "    '%s:", cli->command[k].name);
    print_zsh_text(cli->command[k].help, to);
    fputs("'\n", to);
  }
  fputs("  )\n"
        "  if (( CURRENT == 2 )); then\n"
        "    _describe command commands\n"
        "    return\n"
        "  fi\n"
        "  local command=${words[2]}\n"
        "  shift words\n"
        "  (( CURRENT-- ))\n", to);
}

/* Works both as a file in fpath (first line, last line) and when sourced. */
static void print_zsh(const nn_cli *cli, FILE *to) {
  const int named = *cli->command[0].name != '\0';
  fprintf(to, "#compdef %s\n", cli->program);
  print_identifier(cli->program, to);
  fputs("() {\n", to);
  if (named)
    print_zsh_commands(cli, to);
  fprintf(to, "  case %s in\n", named ? "$command" : "''");
  for (size_t k = 0; k < cli->commands; k++)
    print_zsh_command(cli, k, to);
  fputs("  esac\n}\nif [[ $funcstack[1] == _", to);
  fputs(cli->program, to);
  fputs(" ]]; then\n  ", to);
  print_identifier(cli->program, to);
  fputs(" \"$@\"\nelse\n  compdef ", to);
  print_identifier(cli->program, to);
  fputc(' ', to);
  print_quoted(cli->program, to);
  fputs("\nfi\n", to);
}

int nn_cli_print_completion(const nn_cli *cli, const char *shell, FILE *to) {
  if (strcmp(shell, "bash") == 0)
    print_bash(cli, to);
  else if (strcmp(shell, "zsh") == 0)
    print_zsh(cli, to);
  else
    return 0;
  return 1;
}
