/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "cli/report/sections.h"
#include "commands.h"
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

/* Of the map files that were given. */
typedef struct report_page {
    const cli_run *run;
    size_t n_maps;
} report_page;

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static vtr_status write_sections(cli_report_job *r, vtr_error *err)
{
    vtr_status status = cli_report_summary(r, err);
    if (status == VTR_OK && cli_report_has_flags(r)) status = cli_report_flags(r, err);
    if (status == VTR_OK) status = cli_report_sections(r, err);
    if (status != VTR_OK) return status;
    cli_report_methods(r);
    cli_report_process(r);
    cli_report_catalogue(r);
    return VTR_OK;
}

/* One of several. */
static vtr_status write_article(cli_report_job *r, size_t number, vtr_error *err)
{
    char prefix[32];
    snprintf(prefix, sizeof prefix, "map-%zu-", number);
    r->prefix = prefix;
    fprintf(r->out, "<article id=\"map-%zu\" data-file=\"", number);
    cli_page_text(r->out, r->path);
    fputs("\">\n<h2 class=\"file\">", r->out);
    cli_page_text(r->out, r->path);
    fputs("</h2>\n", r->out);
    cli_report_links(r);
    vtr_status status = write_sections(r, err);
    fputs("</article>\n", r->out);
    return status;
}

/* The only one: its name is that of the page. */
static vtr_status write_whole(cli_report_job *r, vtr_error *err)
{
    char subtitle[160];
    snprintf(subtitle, sizeof subtitle, "Report of a map file, made with Vitrail %s", vtr_version());
    cli_page_start(r->out, base_name(r->path), subtitle);
    cli_report_links(r);
    fputs("</header>\n<main>\n", r->out);
    return write_sections(r, err);
}

static vtr_status write_map_file(FILE *out, report_page *page, size_t index, vtr_error *err)
{
    const cli_run *run = page->run;
    vtr_mapfile *file = NULL;
    cli_contents contents = {0};
    cli_names *names = calloc(1, sizeof *names);
    vtr_status status = names == NULL ? vtr_fail(err, VTR_ERR_MEMORY, "no memory for a report")
                                      : vtr_mapfile_open(&file, run->inputs[index], err);
    if (status == VTR_OK) status = cli_names_read(names, file, err);
    if (status == VTR_OK) status = cli_contents_read(&contents, file, err);
    if (status == VTR_OK) {
        cli_report_job r = {.out = out,
                            .path = run->inputs[index],
                            .file = file,
                            .names = names,
                            .contents = &contents,
                            .run = run,
                            .prefix = ""};
        page->n_maps += names->n;
        status = run->n_inputs > 1 ? write_article(&r, index + 1, err) : write_whole(&r, err);
    }
    cli_contents_release(&contents);
    vtr_mapfile_close(&file);
    free(names);
    return status;
}

/* The head of a page on several map files, with links to them. */
static void start_series(FILE *out, const cli_run *run)
{
    char title[64], subtitle[96];
    snprintf(title, sizeof title, "%zu map files", run->n_inputs);
    snprintf(subtitle, sizeof subtitle, "Report of a series, made with Vitrail %s", vtr_version());
    cli_page_start(out, title, subtitle);
    fputs("<nav aria-label=\"Map files\">", out);
    for (size_t i = 0; i < run->n_inputs; i++) {
        fprintf(out, "<a href=\"#map-%zu\">", i + 1);
        cli_page_text(out, run->inputs[i]);
        fputs("</a>", out);
    }
    fputs("</nav>\n</header>\n<main>\n", out);
}

static vtr_status write_page(FILE *out, void *user, vtr_error *err)
{
    report_page *page = user;
    page->n_maps = 0;
    if (page->run->n_inputs > 1) start_series(out, page->run);
    vtr_status status = VTR_OK;
    for (size_t i = 0; i < page->run->n_inputs && status == VTR_OK; i++)
        status = write_map_file(out, page, i, err);
    fputs("</main>\n", out);
    cli_page_end(out);
    return status;
}

static vtr_status run_report(const cli_run *run, vtr_error *err)
{
    if (options.output == NULL) return vtr_fail(err, VTR_ERR_ARGUMENT, "no output; give -o FILE.html");
    report_page page = {.run = run};
    vtr_status status = vtr_output_write(options.output, run->common.force, write_page, &page, err);
    if (status == VTR_OK && run->common.json) {
        fputs("{\"output\": ", stdout);
        cli_json_string(stdout, options.output);
        printf(", \"maps\": %zu}\n", page.n_maps);
    }
    return status;
}

const cli_command cli_report = {
    .name = "report",
    .usage = "[options] MAP.h5... -o FILE.html",
    .summary = "one page with every map, plot, number and setting of a map file",
    .details = "The page holds its pictures and needs nothing from elsewhere: it can be sent, archived and "
               "printed. Several "
               "map files come one after the other on one page.",
    .min_inputs = 1,
    .max_inputs = CLI_MAX_INPUTS,
    .options = groups,
    .run = run_report,
};
