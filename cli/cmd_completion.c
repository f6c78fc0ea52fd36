/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "options.h"

/* Completion scripts written from the table of commands and their option tables, so that they cannot fall behind. */

typedef void (*parameter_printer)(const cli_command *command, const vtr_parameter *parameter);

static void for_each_parameter(const cli_command *command, parameter_printer print)
{
    cli_group groups[CLI_MAX_GROUPS];
    size_t n = command->options != NULL ? command->options(groups) : 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < groups[i].table->n; j++)
            print(command, &groups[i].table->parameters[j]);
    for (size_t j = 0; j < cli_common_options.n; j++)
        print(command, &cli_common_options.parameters[j]);
}

/* One-letter names have one dash. */
static const char *dashes(const vtr_parameter *p)
{
    return p->name[1] == '\0' ? "-" : "--";
}

/* "a|b|c" with spaces in place of the bars. */
static void print_choices(const char *choices)
{
    for (const char *c = choices; *c != '\0'; c++)
        putchar(*c == '|' ? ' ' : *c);
}

/* Text for inside single quotes, as all three shells read it; what is shunned means something there. */
static void print_quoted(const char *text, const char *shunned)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\'')
            fputs("'\\''", stdout);
        else
            putchar(strchr(shunned, *c) != NULL ? ' ' : *c);
    }
}

static void print_bash_name(const cli_command *command, const vtr_parameter *p)
{
    (void)command;
    printf(" %s%s", dashes(p), p->name);
}

static void print_bash_choices(const cli_command *command, const vtr_parameter *p)
{
    if (p->choices == NULL) return;
    printf("    %s:%s%s) words='", command->name, dashes(p), p->name);
    print_choices(p->choices);
    printf("' ;;\n");
}

static void print_bash(void)
{
    printf("# bash completion of vitrail: eval \"$(vitrail completion bash)\"\n"
           "_vitrail() {\n"
           "  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words=''\n"
           "  COMPREPLY=()\n"
           "  if [ \"$COMP_CWORD\" -eq 1 ] || [ \"${COMP_WORDS[1]}:$COMP_CWORD\" = help:2 ]; then\n"
           "    words='help --version");
    for (size_t i = 0; i < cli_n_commands; i++)
        printf(" %s", cli_commands[i]->name);
    printf("'\n"
           "    COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
           "    return\n"
           "  fi\n"
           "  case ${COMP_WORDS[1]}:$before in\n");
    for (size_t i = 0; i < cli_n_commands; i++)
        for_each_parameter(cli_commands[i], print_bash_choices);
    printf("  esac\n"
           "  if [ -z \"$words\" ] && [ \"${current:0:1}\" = - ]; then\n"
           "    case ${COMP_WORDS[1]} in\n");
    for (size_t i = 0; i < cli_n_commands; i++) {
        printf("      %s) words='", cli_commands[i]->name);
        for_each_parameter(cli_commands[i], print_bash_name);
        printf("' ;;\n");
    }
    printf("    esac\n"
           "  fi\n"
           "  [ -z \"$words\" ] || COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
           "}\n"
           "complete -o default -F _vitrail vitrail\n");
}

static void print_zsh_option(const cli_command *command, const vtr_parameter *p)
{
    (void)command;
    char left[96];
    bool has_value = p->type != VTR_PARAMETER_BOOL;
    snprintf(left, sizeof left, "%s%s%s", dashes(p), p->name, has_value && p->name[1] != '\0' ? "=" : "");
    printf(" \\\n        '%s[", left);
    print_quoted(p->help != NULL ? p->help : "", "[]:");
    putchar(']');
    if (p->choices != NULL) {
        printf(":value:(");
        print_choices(p->choices);
        putchar(')');
    } else if (has_value) {
        printf(":value:_files");
    }
    putchar('\'');
}

static void print_zsh(void)
{
    printf("#compdef vitrail\n"
           "# zsh completion of vitrail: vitrail completion zsh > \"${fpath[1]}/_vitrail\"\n"
           "_vitrail() {\n"
           "  local -a commands\n"
           "  commands=(\n"
           "    'help:options of a command'\n");
    for (size_t i = 0; i < cli_n_commands; i++) {
        printf("    '%s:", cli_commands[i]->name);
        print_quoted(cli_commands[i]->summary, ":");
        printf("'\n");
    }
    printf("  )\n"
           "  if (( CURRENT == 2 )) || [[ $words[2] == help ]]; then\n"
           "    _describe command commands\n"
           "    return\n"
           "  fi\n"
           "  local name=$words[2]\n"
           "  shift words\n"
           "  (( CURRENT-- ))\n"
           "  case $name in\n");
    for (size_t i = 0; i < cli_n_commands; i++) {
        printf("    %s)\n      _arguments", cli_commands[i]->name);
        for_each_parameter(cli_commands[i], print_zsh_option);
        printf(" \\\n        '*:file:_files' ;;\n");
    }
    printf("  esac\n"
           "}\n"
           "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _vitrail \"$@\"; else compdef _vitrail "
           "vitrail; fi\n");
}

static void print_fish_option(const cli_command *command, const vtr_parameter *p)
{
    printf("complete -c vitrail -n '__fish_seen_subcommand_from %s' -%c %s", command->name,
           p->name[1] == '\0' ? 's' : 'l', p->name);
    if (p->type != VTR_PARAMETER_BOOL) printf(" -r");
    if (p->choices != NULL) {
        printf(" -f -a '");
        print_choices(p->choices);
        putchar('\'');
    }
    printf(" -d '");
    print_quoted(p->help != NULL ? p->help : "", "");
    printf("'\n");
}

static void print_fish(void)
{
    printf("# fish completion of vitrail: vitrail completion fish > ~/.config/fish/completions/vitrail.fish\n"
           "complete -c vitrail -n __fish_use_subcommand -f -a help -d 'options of a command'\n");
    for (size_t i = 0; i < cli_n_commands; i++) {
        printf("complete -c vitrail -n __fish_use_subcommand -f -a %s -d '", cli_commands[i]->name);
        print_quoted(cli_commands[i]->summary, "");
        printf("'\n");
    }
    for (size_t i = 0; i < cli_n_commands; i++)
        for_each_parameter(cli_commands[i], print_fish_option);
}

static vtr_status run(const cli_run *run, vtr_error *err)
{
    const char *shell = run->inputs[0];
    if (strcmp(shell, "bash") == 0)
        print_bash();
    else if (strcmp(shell, "zsh") == 0)
        print_zsh();
    else if (strcmp(shell, "fish") == 0)
        print_fish();
    else
        return vtr_fail(err, VTR_ERR_ARGUMENT, "no completion for '%s'; there is bash, zsh and fish", shell);
    return VTR_OK;
}

const cli_command cli_completion = {
    .name = "completion",
    .usage = "bash|zsh|fish",
    .summary = "a script that lets the shell complete commands and options",
    .details = "For bash, put this line into ~/.bashrc: eval \"$(vitrail completion bash)\"",
    .min_inputs = 1,
    .max_inputs = 1,
    .run = run,
};
