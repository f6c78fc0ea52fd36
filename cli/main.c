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

/* A failure that all ranks know is told by rank 0, and the ranks end together. One that only this rank knows is told
 * here, and ends the others, which wait for something else. */
static int run_command(const cli_command *command, vtr_ranks *ranks, int argc, char **argv)
{
    vtr_error err = {0};
    cli_call call = {.ranks = ranks};
    vtr_parameters_default(&cli_common_options, &call.common);
    vtr_status status = cli_execute(command, &call, argc, argv, &err);
    bool is_known = vtr_ranks_size(ranks) == 1 || vtr_ranks_know_failure(ranks);
    if (status != VTR_OK && (!is_known || vtr_ranks_rank(ranks) == 0))
        fprintf(stderr, "vitrail %s: %s\n", command->name,
                err.message[0] != '\0' ? err.message : vtr_status_text(status));
    if (status != VTR_OK && !is_known) vtr_ranks_abort(ranks, exit_status(status));
    return exit_status(status);
}

static int dispatch(vtr_ranks *ranks, int argc, char **argv)
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
    return command == NULL ? unknown(name) : run_command(command, ranks, argc - 1, argv + 1);
}

/* What needs no command is answered by one of the processes. */
static int dispatch_launched(int argc, char **argv)
{
    vtr_error err;
    vtr_ranks *ranks = NULL;
    if (argc < 2 || cli_find_command(argv[1]) == NULL)
        return vtr_ranks_launched_rank() == 0 ? dispatch(NULL, argc, argv) : CLI_DONE;
    if (vtr_ranks_start(&ranks, &err) != VTR_OK) {
        if (vtr_ranks_launched_rank() == 0) fprintf(stderr, "vitrail: %s\n", err.message);
        return CLI_FAILED;
    }
    int status = dispatch(ranks, argc, argv);
    vtr_ranks_finish(&ranks);
    return status;
}

int main(int argc, char **argv)
{
    int status = vtr_ranks_are_launched() ? dispatch_launched(argc, argv) : dispatch(NULL, argc, argv);
    bool is_lost = fflush(stdout) != 0 || ferror(stdout) != 0;
    if (!is_lost || status != CLI_DONE) return status;
    fprintf(stderr, "vitrail: cannot write to standard output\n");
    return CLI_FAILED;
}
