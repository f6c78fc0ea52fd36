/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "report_sections.h"
#include "vitrail/output.h"

static struct report_options {
    const char *output;
} options;

static const vtr_parameter parameters[] = {
    {"output", NULL, VTR_PARAMETER_STRING, offsetof(struct report_options, output), .metavar = "FILE.html",
     .help = "the page"},
};
static const vtr_parameter_table table = {"Report", parameters, sizeof parameters / sizeof *parameters};

static size_t groups(cli_group *out)
{
    vtr_parameters_default(&table, &options);
    out[0] = (cli_group){&table, &options};
    return 1;
}

/* --- the page ------------------------------------------------------------------------------------------------ */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static vtr_status write_page(FILE *out, void *user, vtr_error *err)
{
    cli_report_job *r = user;
    r->out = out;
    char subtitle[160];
    snprintf(subtitle, sizeof subtitle, "Report of a map file, made with Vitrail %s", vtr_version());
    cli_page_start(r->out, base_name(r->path), subtitle);
    cli_report_links(r);
    fputs("</header>\n<main>\n", r->out);
    vtr_status status = cli_report_summary(r, err);
    if (status == VTR_OK && cli_report_has_flags(r)) status = cli_report_flags(r, err);
    if (status == VTR_OK) status = cli_report_sections(r, err);
    if (status == VTR_OK) {
        cli_report_methods(r);
        cli_report_process(r);
        cli_report_catalogue(r);
        fputs("</main>\n", r->out);
    }
    cli_page_end(r->out);
    return status;
}

static vtr_status run_report(const cli_run *run, vtr_error *err)
{
    if (options.output == NULL) return vtr_fail(err, VTR_ERR_ARGUMENT, "no output; give -o FILE.html");
    vtr_mapfile *file = NULL;
    cli_contents contents = {0};
    cli_names *names = calloc(1, sizeof *names);
    vtr_status status = names == NULL ? vtr_fail(err, VTR_ERR_MEMORY, "no memory for a report")
                                      : vtr_mapfile_open(&file, run->inputs[0], err);
    if (status == VTR_OK) status = cli_names_read(names, file, err);
    if (status == VTR_OK) status = cli_contents_read(&contents, file, err);
    if (status == VTR_OK) {
        cli_report_job r = {
            .path = run->inputs[0], .file = file, .names = names, .contents = &contents, .run = run};
        status = vtr_output_write(options.output, run->common.force, write_page, &r, err);
    }
    if (status == VTR_OK && run->common.json) {
        fputs("{\"output\": ", stdout);
        cli_json_string(stdout, options.output);
        printf(", \"maps\": %zu}\n", names->n);
    }
    cli_contents_release(&contents);
    vtr_mapfile_close(&file);
    free(names);
    return status;
}

const cli_command cli_report = {
    .name = "report",
    .usage = "[options] MAP.h5 -o FILE.html",
    .summary = "one page with every map, plot, number and setting of a map file",
    .details =
        "The page holds its pictures and needs nothing from elsewhere: it can be sent, archived and printed.",
    .min_inputs = 1,
    .max_inputs = 1,
    .options = groups,
    .run = run_report,
};
