/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "commands.h"

#include <stdio.h>
#include <string.h>

#include "options.h"
#include "terminal.h"
#include "vitrail/input.h"
#include "vitrail/memory.h"

/* One line a command here and one in the table below. */

/* One line each, so that two additions do not touch the same line. */
/* clang-format off */
const cli_command *const cli_commands[] = {
    &cli_bands,
    &cli_calibrate,
    &cli_compare,
    &cli_completion,
    &cli_convert,
    &cli_energy,
    &cli_export,
    &cli_figure,
    &cli_fluctuation,
    &cli_inclusions,
    &cli_info,
    &cli_magnetic,
    &cli_map,
    &cli_pdf,
    &cli_phases,
    &cli_plan_recording,
    &cli_profile,
    &cli_report,
    &cli_run_recipe,
    &cli_scratch,
    &cli_series,
    &cli_simulate,
    &cli_strain,
    &cli_structure,
    &cli_thickness,
    &cli_view,
    &cli_vortices,
    NULL,
};
/* clang-format on */
const size_t cli_n_commands = sizeof cli_commands / sizeof *cli_commands - 1;

const cli_command *cli_find_command(const char *name)
{
    for (size_t i = 0; i < cli_n_commands; i++)
        if (strcmp(cli_commands[i]->name, name) == 0) return cli_commands[i];
    return NULL;
}

static vtr_status check_inputs(const cli_command *command, const cli_run *run, vtr_error *err)
{
    if (run->n_inputs >= command->min_inputs && run->n_inputs <= command->max_inputs) return VTR_OK;
    return vtr_fail(err, VTR_ERR_ARGUMENT, "%s; usage: vitrail %s %s",
                    run->n_inputs < command->min_inputs ? "missing input" : "too many inputs", command->name,
                    command->usage);
}

static vtr_status check_ranks(const cli_command *command, const cli_run *run, vtr_error *err)
{
    if (vtr_ranks_size(run->ranks) == 1 || command->takes_ranks) return VTR_OK;
    return vtr_fail(err, VTR_ERR_ARGUMENT,
                    "works as one process, and %d were started; start it without mpirun or srun",
                    vtr_ranks_size(run->ranks));
}

static bool can_resume(const cli_group *groups, size_t n_groups)
{
    for (size_t i = 0; i < n_groups; i++)
        if (vtr_parameters_find(groups[i].table, "resume") != NULL) return true;
    return false;
}

/* Each rank has a ceiling of its own; by default those of one machine share what is free there. */
static vtr_status set_memory(const char *text, const vtr_ranks *ranks, vtr_error *err)
{
    size_t bytes = vtr_memory_default_ceiling() / (size_t)vtr_ranks_on_machine(ranks);
    vtr_status status = text != NULL ? vtr_memory_parse(&bytes, text, err) : VTR_OK;
    if (status == VTR_OK)
        vtr_memory_set_ceiling(bytes);
    else
        vtr_fail_context(err, status, "--memory");
    return status;
}

/* What was too much, and what would do. */
static void explain_memory(vtr_error *err)
{
    const double mib = 1 << 20;
    size_t used = strlen(err->message), refused = vtr_memory_refused();
    if (refused > 0)
        snprintf(err->message + used, sizeof err->message - used,
                 "; %.1f MiB would be held so far, and %.1f MiB may be: see --memory", (double)refused / mib,
                 (double)vtr_memory_ceiling() / mib);
}

vtr_status cli_execute(const cli_command *command, const cli_call *call, int argc, char **argv,
                       vtr_error *err)
{
    cli_group groups[CLI_MAX_GROUPS];
    size_t n_groups = command->options != NULL ? command->options(groups) : 0;
    cli_run run = {.command = command->name, .argc = argc, .argv = argv};
    vtr_parameters_default(&cli_common_options, &run.common);
    if (call != NULL) {
        run.common = call->common;
        run.recipe = call->recipe;
        run.ranks = call->ranks;
    }
    vtr_status status = cli_parse(&run, groups, n_groups, argc, argv, err);
    char *resume[] = {argv[0], "--resume"};
    if (status == VTR_OK && call != NULL && call->resumes && can_resume(groups, n_groups))
        status = cli_parse(&run, groups, n_groups, 2, resume, err);
    if (status == VTR_OK && run.common.help) {
        if (vtr_ranks_rank(run.ranks) == 0) cli_print_help(stdout, command);
        return VTR_OK;
    }
    if (status == VTR_OK) status = check_inputs(command, &run, err);
    if (status == VTR_OK) status = check_ranks(command, &run, err);
    if (status == VTR_OK) status = set_memory(run.common.memory, run.ranks, err);
    /* whatever is wrong so far is wrong at every rank */
    status = vtr_ranks_agree(run.ranks, status, err);
    if (status != VTR_OK) return status;
    run.common.threads =
        vtr_ranks_size(run.ranks) > 1 ? vtr_ranks_threads(run.ranks, run.common.threads) : run.common.threads;
    if (vtr_ranks_rank(run.ranks) != 0) run.common.quiet = true;
    cli_terminal_start(&run);
    status = command->run(&run, err);
    if (status == VTR_OK) status = vtr_input_check(err);
    cli_terminal_end();
    if (status == VTR_ERR_MEMORY)
        explain_memory(err);
    else if (status != VTR_OK && status != VTR_ERR_INTERRUPTED)
        status = vtr_input_explain(status, err);
    return status;
}
