/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "series_show.h"
#include "vitrail/output.h"

typedef struct series_options {
    vtr_text_list quantities, by, labels;
    const char *over, *line, *output, *figure, *title;
    double width_nm, step_nm;
    int direction;
    bool is_level;
} series_options;

static series_options options;
static vtr_series_params params;

#define MEMBER(name) offsetof(series_options, name)
static const vtr_parameter parameters[] = {
    {"quantity", NULL, VTR_PARAMETER_LIST, MEMBER(quantities), .metavar = "NAME",
     .help = "a map to compare, such as exx; volumetric unless given; may be repeated"},
    {"by", NULL, VTR_PARAMETER_LIST, MEMBER(by), .metavar = "NAME",
     .help = "a map to register by; the strain unless given; may be repeated"},
    {"label", NULL, VTR_PARAMETER_LIST, MEMBER(labels), .metavar = "TEXT",
     .help = "of a recording, in the order of the files, such as '300 nm'; their names unless given"},
    {"over", NULL, VTR_PARAMETER_STRING, MEMBER(over), .metavar = "TEXT",
     .help = "what the labels are: the axis of the figure, such as 'thickness (nm)'"},
    {"line", "nm", VTR_PARAMETER_STRING, MEMBER(line), .metavar = "X0,Y0,X1,Y1",
     .help = "profiles along or across it, in the first recording; (0, 0) is its first position"},
    {"width", "nm", VTR_PARAMETER_DOUBLE, MEMBER(width_nm), .maximum = 1e9, .metavar = "NM",
     .help = "across the line; 0 is the line itself"},
    {"direction", NULL, VTR_PARAMETER_CHOICE, MEMBER(direction), .choices = "along|across",
     .help = "along the line, averaged over the width; or over the width, averaged along the line"},
    {"step", "nm", VTR_PARAMETER_DOUBLE, MEMBER(step_nm), .default_value = NAN, .minimum = 1e-6,
     .maximum = 1e9, .metavar = "NM",
     .help = "between two values of a profile; the finest step unless given"},
    {"level", NULL, VTR_PARAMETER_BOOL, MEMBER(is_level),
     .help = "profiles less their mean: recordings whose zero is not the same"},
    {"output", NULL, VTR_PARAMETER_STRING, MEMBER(output), .metavar = "FILE",
     .help = "the table (.csv), or the maps on one grid with all numbers (.h5)"},
    {"figure", NULL, VTR_PARAMETER_STRING, MEMBER(figure), .metavar = "FILE",
     .help = "a figure; ends in .png, .svg or .pdf"},
    {"title", NULL, VTR_PARAMETER_STRING, MEMBER(title), .metavar = "TEXT", .help = "over the figure"},
};
static const vtr_parameter_table table = {"Series", parameters, sizeof parameters / sizeof *parameters};

static size_t groups(cli_group *out)
{
    vtr_parameters_default(&table, &options);
    params = vtr_series_default_params();
    out[0] = (cli_group){&table, &options};
    out[1] = (cli_group){&vtr_series_parameters, &params};
    return 2;
}

/* --- what is read ------------------------------------------------------------------------------------------------ */

enum { TEXT = 2 * CLI_NAME + 2 };

/* "group/name" of the words of an option, as the first file has them. */
typedef struct names_found {
    char text[VTR_TEXT_LIST_MAX][TEXT];
    const char *list[VTR_TEXT_LIST_MAX];
    size_t n;
} names_found;

static vtr_status find_names(names_found *out, const vtr_text_list *given, const cli_names *names,
                             const char *path, vtr_error *err)
{
    vtr_status status = VTR_OK;
    for (out->n = 0; out->n < given->n && status == VTR_OK; out->n++) {
        size_t at = 0;
        status = cli_names_find(&at, names, given->text[out->n], path, err);
        if (status != VTR_OK) break;
        snprintf(out->text[out->n], TEXT, "%s/%s", names->group[at], names->name[at]);
        out->list[out->n] = out->text[out->n];
    }
    return status;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* Labels that all begin with a number are places on the axis. */
static void set_labels(cli_series_job *job)
{
    job->has_places = options.labels.n > 0;
    for (size_t i = 0; i < job->run->n_inputs; i++) {
        char *end = NULL;
        job->labels[i] = options.labels.n > 0 ? options.labels.text[i] : base_name(job->run->inputs[i]);
        job->places[i] = strtod(job->labels[i], &end);
        job->has_places = job->has_places && end != job->labels[i] && isfinite(job->places[i]);
    }
    for (size_t i = 0; i < job->run->n_inputs && !job->has_places; i++)
        job->places[i] = (double)(i + 1);
}

static vtr_status compare(cli_series_job *job, vtr_mapfile *const *files, vtr_error *err)
{
    const vtr_text_list volumetric = {1, {"strain/volumetric"}};
    const char *path = job->run->inputs[0];
    cli_names *names = calloc(1, sizeof *names);
    names_found *by = calloc(2, sizeof *by), *quantities = by + 1;
    vtr_status status = names == NULL || by == NULL
                            ? vtr_fail(err, VTR_ERR_MEMORY, "no memory for the names of '%s'", path)
                            : cli_names_read(names, files[0], err);
    if (status == VTR_OK) status = find_names(by, &options.by, names, path, err);
    if (status == VTR_OK)
        status = find_names(quantities, options.quantities.n > 0 ? &options.quantities : &volumetric, names,
                            path, err);
    if (status == VTR_OK) {
        const vtr_series_request request = {by->list, by->n, quantities->list, quantities->n, params};
        status = vtr_series_compare(&job->series, (const vtr_mapfile *const *)files, job->run->n_inputs,
                                    &request, err);
    }
    for (size_t q = 0; status == VTR_OK && q < job->series->n_quantities; q++) {
        const vtr_line_map *map = &job->series->recording[0].reading[q].map;
        status = cli_quantity_read(&job->words[q], files[0], map->group, map->name, err);
    }
    free(names);
    free(by);
    return status;
}

/* --- profiles ---------------------------------------------------------------------------------------------------- */

static void take_mean_off(vtr_line_profile *p)
{
    double sum = 0, n = 0;
    for (size_t k = 0; k < p->n; k++)
        if (isfinite(p->mean[k])) {
            sum += p->mean[k];
            n++;
        }
    for (size_t k = 0; k < p->n; k++)
        p->mean[k] -= sum / n;
}

static void choose_step(cli_series_job *job)
{
    job->line.step_nm = options.step_nm;
    for (size_t i = 0; i < job->series->n && isnan(options.step_nm); i++)
        for (int k = 0; k < 2; k++) {
            double step = job->series->recording[i].reading[0].map.step_nm[k];
            if (!(job->line.step_nm <= step)) job->line.step_nm = step;
        }
}

static vtr_status make_profiles(cli_series_job *job, vtr_error *err)
{
    choose_step(job);
    for (size_t i = 0; i < job->series->n; i++) {
        const vtr_series_recording *r = &job->series->recording[i];
        vtr_line line = vtr_series_line(&r->registration.transform, &job->line);
        for (size_t q = 0; q < job->series->n_quantities; q++) {
            vtr_status status = vtr_line_profile_compute(&job->profile[i][q], &r->reading[q].map, &line, err);
            if (status != VTR_OK)
                return vtr_fail_context(err, status, "'%s' of '%s'", r->reading[q].map.name,
                                        job->run->inputs[i]);
            if (options.is_level) take_mean_off(&job->profile[i][q]);
        }
    }
    return VTR_OK;
}

/* --- all ------------------------------------------------------------------------------------------------------ */

static bool ends_in(const char *text, const char *ending)
{
    size_t n = strlen(text), m = strlen(ending);
    return n >= m && strcmp(text + n - m, ending) == 0;
}

static vtr_status check(const cli_run *run, vtr_error *err)
{
    vtr_figure_format format;
    if (options.labels.n > 0 && options.labels.n != run->n_inputs)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "%zu labels for %zu recordings; give each its --label",
                        options.labels.n, run->n_inputs);
    if (run->n_inputs > VTR_SERIES_RECORDINGS)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "a series is of 2 to %d recordings", VTR_SERIES_RECORDINGS);
    if (options.output != NULL && !ends_in(options.output, ".csv") && !ends_in(options.output, ".h5"))
        return vtr_fail(err, VTR_ERR_ARGUMENT, "'%s' is neither a table (.csv) nor a map file (.h5)",
                        options.output);
    return options.figure != NULL ? vtr_figure_format_of(&format, options.figure, err) : VTR_OK;
}

static vtr_status save_table(FILE *out, void *user, vtr_error *err)
{
    (void)err;
    cli_series_print_table(out, user);
    return VTR_OK;
}

static vtr_status save(cli_series_job *job, vtr_error *err)
{
    const cli_group settings[] = {{&table, &options}, {&vtr_series_parameters, &params}};
    vtr_mapfile *file = NULL;
    if (ends_in(options.output, ".csv"))
        return vtr_output_write(options.output, job->run->common.force, save_table, job, err);
    vtr_status status = vtr_mapfile_create(&file, options.output, job->run->common.force, err);
    if (status == VTR_OK) status = vtr_series_write(file, job->series, job->labels, err);
    if (status == VTR_OK) status = cli_add_provenance(file, "series", job->run, settings, 2, NULL, err);
    if (status == VTR_OK) status = vtr_mapfile_commit(&file, err);
    vtr_mapfile_close(&file);
    return status;
}

static vtr_status open_all(vtr_mapfile **files, const cli_run *run, vtr_error *err)
{
    vtr_status status = VTR_OK;
    for (size_t i = 0; i < run->n_inputs && status == VTR_OK; i++)
        status = vtr_mapfile_open(&files[i], run->inputs[i], err);
    return status;
}

static void release(cli_series_job *job)
{
    for (size_t i = 0; i < VTR_SERIES_RECORDINGS; i++)
        for (size_t q = 0; q < VTR_SERIES_QUANTITIES; q++)
            vtr_line_profile_release(&job->profile[i][q]);
    for (size_t q = 0; q < VTR_SERIES_QUANTITIES; q++)
        cli_quantity_release(&job->words[q]);
    vtr_series_free(job->series);
    free(job);
}

static vtr_status show(cli_series_job *job, vtr_error *err)
{
    vtr_status status = options.figure != NULL ? cli_series_draw(job, options.figure, err) : VTR_OK;
    if (status == VTR_OK && options.output != NULL) status = save(job, err);
    if (status == VTR_OK && job->run->common.json)
        cli_series_print_json(job);
    else if (status == VTR_OK && (options.output == NULL || !job->run->common.quiet))
        cli_series_print(job);
    return status;
}

static vtr_status run_series(const cli_run *run, vtr_error *err)
{
    vtr_mapfile *files[VTR_SERIES_RECORDINGS] = {NULL};
    vtr_status status = check(run, err);
    if (status != VTR_OK) return status;
    cli_series_job *job = calloc(1, sizeof *job);
    if (job == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "no memory for a series");
    job->run = run;
    job->over = options.over;
    job->title = options.title;
    job->has_line = options.line != NULL;
    set_labels(job);
    if (job->has_line) status = vtr_line_parse(&job->line, options.line, err);
    job->line.width_nm = options.width_nm;
    job->line.is_across = options.direction == 1;
    if (status == VTR_OK) status = open_all(files, run, err);
    if (status == VTR_OK) status = compare(job, files, err);
    if (status == VTR_OK && job->has_line) status = make_profiles(job, err);
    if (status == VTR_OK) status = show(job, err);
    for (size_t i = 0; i < VTR_SERIES_RECORDINGS; i++)
        vtr_mapfile_close(&files[i]);
    release(job);
    return status;
}

const cli_command cli_series = {
    .name = "series",
    .usage = "[options] MAP.h5 MAP.h5...",
    .summary = "one field at several thicknesses or annealing states: registered, compared",
    .details =
        "Finds from the maps themselves where each recording lies in the first (shift and rotation, with "
        "errors), and compares contrast, noise, signal to noise, spread and correlation length, in one table "
        "and "
        "one figure, with profiles laid over one another. Recordings with nothing in common, or one file "
        "twice, are "
        "refused.",
    .min_inputs = 2,
    .max_inputs = CLI_MAX_INPUTS,
    .options = groups,
    .run = run_series,
};
