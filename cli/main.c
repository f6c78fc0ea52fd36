/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "options.h"

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

static int run_command(const cli_command *command, int argc, char **argv)
{
    vtr_error err = {0};
    vtr_status status = cli_execute(command, NULL, argc, argv, &err);
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
