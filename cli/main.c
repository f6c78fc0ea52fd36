/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "options.h"
#include "terminal.h"

static void print_overview(FILE *out)
{
    fprintf(out, "usage: vitrail COMMAND [options] INPUT...\n\n"
                 "Maps of strain, packing density and structure from 4D-STEM recordings of glasses.\n\n"
                 "Commands:\n");
    for (size_t i = 0; i < cli_n_commands; i++)
        fprintf(out, "  %-12s %s\n", cli_commands[i]->name, cli_commands[i]->summary);
    fprintf(out, "\n  vitrail help COMMAND   options of a command\n"
                 "  vitrail --version      version\n");
}

static int unknown(const char *name)
{
    fprintf(stderr, "vitrail: unknown command '%s'; see vitrail help\n", name);
    return CLI_USAGE;
}

static int print_help_of(const char *name)
{
    const cli_command *command = cli_find_command(name);
    if (command == NULL) return unknown(name);
    cli_print_help(stdout, command);
    return CLI_DONE;
}

static int exit_status(vtr_status status)
{
    switch (status) {
    case VTR_OK:
        return CLI_DONE;
    case VTR_ERR_ARGUMENT:
        return CLI_USAGE;
    case VTR_ERR_INTERRUPTED:
        return CLI_INTERRUPTED;
    default:
        return CLI_FAILED;
    }
}

static vtr_status check_inputs(const cli_command *command, const cli_run *run, vtr_error *err)
{
    if (run->n_inputs >= command->min_inputs && run->n_inputs <= command->max_inputs) return VTR_OK;
    return vtr_fail(err, VTR_ERR_ARGUMENT, "%s; usage: vitrail %s %s",
                    run->n_inputs < command->min_inputs ? "missing input" : "too many inputs", command->name,
                    command->usage);
}

static int run_command(const cli_command *command, int argc, char **argv)
{
    vtr_error err = {0};
    cli_group groups[CLI_MAX_GROUPS];
    size_t n_groups = command->options != NULL ? command->options(groups) : 0;
    cli_run run = {.command = command->name, .argc = argc, .argv = argv};
    vtr_parameters_default(&cli_common_options, &run.common);
    vtr_status status = cli_parse(&run, groups, n_groups, argc, argv, &err);
    if (status == VTR_OK && run.common.help) return print_help_of(command->name);
    if (status == VTR_OK) status = check_inputs(command, &run, &err);
    if (status == VTR_OK) {
        cli_terminal_start(&run);
        status = command->run(&run, &err);
        cli_terminal_end();
    }
    if (status != VTR_OK)
        fprintf(stderr, "vitrail %s: %s\n", command->name,
                err.message[0] != '\0' ? err.message : vtr_status_text(status));
    return exit_status(status);
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2) {
        print_overview(stderr);
        return CLI_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--version") == 0) {
        printf("vitrail %s\n", vtr_version());
        return CLI_DONE;
    }
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        if (argc > 2) return print_help_of(argv[2]);
        print_overview(stdout);
        return CLI_DONE;
    }
    const cli_command *command = cli_find_command(name);
    return command == NULL ? unknown(name) : run_command(command, argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
    int status = dispatch(argc, argv);
    bool is_lost = fflush(stdout) != 0 || ferror(stdout) != 0;
    if (!is_lost || status != CLI_DONE) return status;
    fprintf(stderr, "vitrail: cannot write to standard output\n");
    return CLI_FAILED;
}
