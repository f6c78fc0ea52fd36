/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/pdf/map.h"
#include "cli/pdf/run.h"
#include "commands.h"
#include "vitrail/output.h"

static cli_pdf_options own;

#define MEMBER(name) offsetof(cli_pdf_files, name)
static const vtr_parameter file_parameters[] = {
    {"output", NULL, VTR_PARAMETER_STRING, MEMBER(output), .metavar = "NAME",
     .help = "writes NAME.iq, .sq, .fq and .gr; of a series NAME-INPUT.iq and so on"},
    {"format", NULL, VTR_PARAMETER_STRING, MEMBER(format), .metavar = "iq,sq,fq,gr",
     .help = "which of them; all unless given"},
    {"background", NULL, VTR_PARAMETER_STRING, MEMBER(background), .metavar = "FILE",
     .help = "profile or pattern of the empty holder, taken off the intensity"},
    {"bgscale", NULL, VTR_PARAMETER_DOUBLE, MEMBER(bgscale), .default_value = 1, .maximum = 1e6,
     .metavar = "FACTOR", .help = "what the background is multiplied with"},
    {"calibration", NULL, VTR_PARAMETER_STRING, MEMBER(calibration), .metavar = "FILE",
     .help =
         "of patterns: centre, ellipse, mask and k scale stored by vitrail calibrate; found unless given"},
    {"lock", NULL, VTR_PARAMETER_STRING, MEMBER(lock), .metavar = "FILE",
     .help = "settings and ranges of an earlier result (.gr and the like) for what is not given here"},
    {"hold", NULL, VTR_PARAMETER_STRING, MEMBER(hold), .metavar = "LIST",
     .help = "also what that result found: any of scale,constant,polynomial,density"},
    {"compare", NULL, VTR_PARAMETER_STRING, MEMBER(compare), .metavar = "FILE",
     .help = "G(r) to compare with: the R factor; of a series the first one unless given"},
    {"densities", "atoms/Å^3", VTR_PARAMETER_STRING, MEMBER(densities), .metavar = "RHO1,RHO2,...",
     .help = "of a series: the number density of each input, in their order"},
    {"peak", "Å", VTR_PARAMETER_RANGE, MEMBER(peak), .metavar = "LO:HI",
     .help = "where the first peak is; found unless given"},
    {"shells", "Å", VTR_PARAMETER_STRING, MEMBER(shells), .metavar = "R1,R2,...",
     .help = "fit Gaussian shells near these distances to F(Q), for shells that overlap in G"},
    {"shell-range", "1/Å", VTR_PARAMETER_RANGE, MEMBER(shell_range), .metavar = "LO:HI",
     .help = "of that fit; from 4 1/Å on unless given"},
    {"figure", NULL, VTR_PARAMETER_STRING, MEMBER(figure), .metavar = "FILE",
     .help = "I, S, F and G in one figure; of a series G and the first distance against the density"},
    {"table", NULL, VTR_PARAMETER_STRING, MEMBER(table), .metavar = "FILE.csv",
     .help = "a line of numbers for each input"},
};
static const vtr_parameter_table file_table = {"Files", file_parameters,
                                               sizeof file_parameters / sizeof *file_parameters};

/* Of the calibration of recordings, what one pattern needs. */
static const char *const pattern_names[] = {"centre-x", "centre-y",     "ring",   "mask",
                                            "noise",    "no-beam-stop", "ring-k", "k-scale"};
enum { N_PATTERN = sizeof pattern_names / sizeof *pattern_names };
static vtr_parameter pattern_parameters[N_PATTERN];
static const vtr_parameter_table pattern_table = {"Patterns", pattern_parameters, N_PATTERN};
static const char *const recording_names[] = {"k-step", "dataset", "shape", "type"};
enum { N_RECORDING = sizeof recording_names / sizeof *recording_names };
static vtr_parameter recording_parameters[N_RECORDING];
static const vtr_parameter_table recording_table = {"Recording", recording_parameters, N_RECORDING};

static void pick(vtr_parameter *out, const vtr_parameter_table *table, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = *vtr_parameters_find(table, names[i]);
}

static size_t options(cli_group *groups)
{
    pick(pattern_parameters, &vtr_calibrate_parameters, pattern_names, N_PATTERN);
    pick(recording_parameters, &vtr_dataset_parameters, recording_names, N_RECORDING);
    own.pdf = vtr_pdf_default_params();
    own.text = vtr_profile_text_default_params();
    own.correct = vtr_profile_correct_default_params();
    own.refine = vtr_pdf_refine_default_params();
    vtr_parameters_default(&vtr_calibrate_parameters, &own.calibrate);
    vtr_parameters_default(&vtr_dataset_parameters, &own.recording);
    vtr_parameters_default(&file_table, &own.files);
    groups[0] = (cli_group){&file_table, &own.files};
    groups[1] = (cli_group){&vtr_pdf_parameters, &own.pdf};
    groups[2] = (cli_group){&vtr_profile_text_parameters, &own.text};
    groups[3] = (cli_group){&pattern_table, &own.calibrate};
    groups[4] = (cli_group){&recording_table, &own.recording};
    groups[5] = cli_pdf_map_options();
    groups[6] = (cli_group){&vtr_profile_correct_parameters, &own.correct};
    groups[7] = (cli_group){&vtr_pdf_refine_parameters, &own.refine};
    return 8;
}

/* --- one input -------------------------------------------------------------------------------------------------- */

static void name_result(cli_pdf_result *result, const char *path)
{
    const char *slash = strrchr(path, '/');
    snprintf(result->name, sizeof result->name, "%s", slash != NULL ? slash + 1 : path);
    char *dot = strrchr(result->name, '.');
    if (dot != NULL && dot > result->name) *dot = '\0';
}

static void warn_notes(const cli_pdf_result *result, const vtr_progress *progress)
{
    for (uint32_t bit = 1; bit != 0; bit <<= 1)
        if (result->pdf.normalisation.notes & bit)
            vtr_progress_warn(progress, "%s: %s", result->name, vtr_pdf_note_text(bit));
}

static void find_peaks(cli_pdf_result *result)
{
    const vtr_pdf *p = &result->pdf;
    double ranges[CLI_PDF_SHELLS][2];
    size_t n = 0;
    if (isfinite(own.files.peak[0])) {
        memcpy(ranges[n++], own.files.peak, sizeof own.files.peak);
    } else {
        n = vtr_pdf_find_shells(p->n_r, p->r, p->G, p->normalisation.first_peak, CLI_PDF_SHELLS, ranges);
    }
    for (size_t i = 0; i < n && result->n_peaks == i; i++)
        result->n_peaks += vtr_pdf_peak_fit(&result->peaks[i], p, ranges[i][0], ranges[i][1], NULL) == VTR_OK;
    result->neighbours = result->neighbours_error = NAN;
    if (n == 0) return;
    memcpy(result->shell, ranges[0], sizeof result->shell);
    if (vtr_pdf_coordination(p, ranges[0][0], ranges[0][1], &result->neighbours, &result->neighbours_error,
                             NULL) != VTR_OK)
        result->neighbours = result->neighbours_error = NAN;
}

/* Reads "1.6,2.6": at most `most` numbers; how many there are. */
static vtr_status parse_numbers(const char *option, const char *text, size_t most, double *values, size_t *n,
                                vtr_error *err)
{
    *n = 0;
    for (const char *at = text; *at != '\0';) {
        char *end;
        double value = strtod(at, &end);
        if (end == at || (*end != ',' && *end != '\0') || *n == most)
            return vtr_fail(err, VTR_ERR_ARGUMENT, "--%s: '%s' is not a list of at most %zu numbers", option,
                            text, most);
        values[(*n)++] = value;
        at = end + (*end == ',');
    }
    return VTR_OK;
}

static vtr_status fit_shells(cli_pdf_result *result, vtr_error *err)
{
    const double usual_begin = 4;
    double distances[VTR_PDF_MAX_SHELLS], range[2] = {usual_begin, INFINITY};
    size_t n;
    if (own.files.shells == NULL) return VTR_OK;
    vtr_status status = parse_numbers("shells", own.files.shells, VTR_PDF_MAX_SHELLS, distances, &n, err);
    if (status != VTR_OK) return status;
    if (isfinite(own.files.shell_range[0])) memcpy(range, own.files.shell_range, sizeof range);
    return vtr_pdf_shell_fit_compute(&result->fit, result->pdf.n_q, result->pdf.q, result->pdf.F, n,
                                     distances, range, err);
}

static vtr_status compute(cli_pdf_result *result, cli_pdf_input *input, vtr_error *err)
{
    vtr_profile_text *p = &input->profile;
    double *variance = p->error != NULL ? malloc(p->n * sizeof *variance) : NULL;
    if (p->error != NULL && variance == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "no memory for the errors");
    for (size_t i = 0; variance != NULL && i < p->n; i++)
        variance[i] = p->error[i] * p->error[i];
    vtr_pdf_profile profile = {p->n, p->x, p->y, variance, VTR_PDF_AXIS_Q_INV_ANGSTROM};
    result->params = own.pdf;
    if (isnan(result->params.qmin) && isfinite(input->qmin)) result->params.qmin = input->qmin;
    const vtr_pdf_refine_params *refine = &own.refine;
    vtr_status status = refine->sum_rule || refine->iterations > 0 || refine->find_density
                            ? vtr_pdf_refine(&result->pdf, NULL, &profile, &result->params, refine, err)
                            : vtr_pdf_compute(&result->pdf, &profile, &result->params, err);
    free(variance);
    if (status != VTR_OK) return status;
    find_peaks(result);
    return fit_shells(result, err);
}

static vtr_status process(cli_pdf_result *result, const char *path, const cli_run *run, vtr_error *err)
{
    cli_pdf_input input;
    name_result(result, path);
    vtr_status status = cli_pdf_input_read(&input, &own, path, run, err);
    if (status != VTR_OK) return status;
    memcpy(result->description, input.description, sizeof result->description);
    status = compute(result, &input, err);
    cli_pdf_input_release(&input);
    if (status != VTR_OK) return vtr_fail_context(err, status, "'%s'", path);
    warn_notes(result, &run->progress);
    vtr_pdf_params_lock(&own.pdf, &result->pdf.normalisation);
    return VTR_OK;
}

/* --- comparing -------------------------------------------------------------------------------------------------- */

static void compare_with(cli_pdf_result *results, size_t n, size_t n_reference, const double *r,
                         const double *G)
{
    for (size_t i = 0; i < n; i++) {
        const vtr_pdf *p = &results[i].pdf;
        results[i].r_factor =
            vtr_pdf_r_factor(p->n_r, p->r, p->G, n_reference, r, G, p->normalisation.rcut, INFINITY);
    }
}

static vtr_status compare(cli_pdf_result *results, size_t n, vtr_error *err)
{
    for (size_t i = 0; i < n; i++)
        results[i].r_factor = NAN;
    if (own.files.compare == NULL) {
        if (n > 1) compare_with(results, n, results[0].pdf.n_r, results[0].pdf.r, results[0].pdf.G);
        return VTR_OK;
    }
    vtr_profile_text reference;
    vtr_status status = vtr_profile_text_read(&reference, own.files.compare, NULL, err);
    if (status != VTR_OK) return status;
    compare_with(results, n, reference.n, reference.x, reference.y);
    vtr_profile_text_release(&reference);
    return VTR_OK;
}

/* --- writing ---------------------------------------------------------------------------------------------------- */

static vtr_status parse_formats(bool wanted[4], vtr_error *err)
{
    const char *at = own.files.format;
    for (int kind = 0; kind < 4; kind++)
        wanted[kind] = at == NULL;
    while (at != NULL && *at != '\0') {
        int kind = 0;
        while (kind < 4 && strncmp(at, vtr_pdf_text_ending((vtr_pdf_text_kind)kind), 2) != 0)
            kind++;
        if (kind == 4 || (at[2] != ',' && at[2] != '\0'))
            return vtr_fail(err, VTR_ERR_ARGUMENT, "--format: '%s' is not a list of iq, sq, fq, gr",
                            own.files.format);
        wanted[kind] = true;
        at += at[2] == ',' ? 3 : 2;
    }
    return VTR_OK;
}

static vtr_status write_result(const cli_pdf_result *result, const char *path, bool is_series,
                               const bool wanted[4], const cli_run *run, vtr_error *err)
{
    char scale[40];
    snprintf(scale, sizeof scale, "%.15g", own.files.bgscale);
    cli_pdf_setting settings[CLI_PDF_SETTINGS];
    vtr_text_entry source[3 + CLI_PDF_SETTINGS] = {
        {"inputfile", path}, {"backgroundfile", own.files.background}, {"bgscale", scale}};
    size_t n_source = own.files.background != NULL ? 3 : 1,
           n_settings = cli_pdf_settings_list(&own, settings);
    for (size_t i = 0; i < n_settings; i++)
        source[n_source++] = (vtr_text_entry){settings[i].name, settings[i].value};
    vtr_status status = VTR_OK;
    for (int kind = 0; kind < 4 && status == VTR_OK; kind++) {
        char name[4096];
        int length = snprintf(name, sizeof name, "%s%s%s.%s", own.files.output, is_series ? "-" : "",
                              is_series ? result->name : "", vtr_pdf_text_ending((vtr_pdf_text_kind)kind));
        if (length >= (int)sizeof name) return vtr_fail(err, VTR_ERR_IO, "the output's name is too long");
        if (wanted[kind])
            status = vtr_pdf_result_write(name, (vtr_pdf_text_kind)kind, &result->pdf, &result->params,
                                          source, n_source, run->common.force, err);
    }
    return status;
}

typedef struct table_rows {
    const cli_pdf_result *results;
    size_t n;
} table_rows;

static vtr_status write_table(FILE *out, void *user, vtr_error *err)
{
    const table_rows *rows = user;
    (void)err;
    cli_pdf_print_table(out, rows->results, rows->n);
    return VTR_OK;
}

static vtr_status write_files(const cli_pdf_result *results, const cli_run *run, vtr_error *err)
{
    bool wanted[4], force = run->common.force;
    size_t n = run->n_inputs;
    vtr_status status = parse_formats(wanted, err);
    for (size_t i = 0; i < n && status == VTR_OK && own.files.output != NULL; i++)
        status = write_result(&results[i], run->inputs[i], n > 1, wanted, run, err);
    table_rows rows = {results, n};
    if (status == VTR_OK && own.files.table != NULL)
        status = vtr_output_write(own.files.table, force, write_table, &rows, err);
    if (status == VTR_OK && own.files.figure != NULL)
        status = cli_pdf_figure(own.files.figure, results, n, force, err);
    return status;
}

/* --- all -------------------------------------------------------------------------------------------------------- */

/* A map file takes the options of files, of the PDF and its own. */
static vtr_status process_map(const cli_run *run, vtr_error *err)
{
    const cli_group groups[2] = {{&file_table, &own.files}, {&vtr_pdf_parameters, &own.pdf}};
    return cli_pdf_map(run, groups, &own.pdf, &own.files, err);
}

static vtr_status read_densities(double densities[CLI_MAX_INPUTS], const cli_run *run, vtr_error *err)
{
    size_t n;
    if (own.files.densities == NULL) return VTR_OK;
    vtr_status status = parse_numbers("densities", own.files.densities, CLI_MAX_INPUTS, densities, &n, err);
    if (status == VTR_OK && n != run->n_inputs)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "--densities: %zu of them for %zu inputs", n, run->n_inputs);
    for (size_t i = 0; i < n && status == VTR_OK; i++)
        if (!(densities[i] > 0))
            status = vtr_fail(err, VTR_ERR_ARGUMENT, "--densities: %g is not positive", densities[i]);
    return status;
}

static void print_results(const cli_pdf_result *results, const cli_run *run)
{
    bool is_in_file = own.files.output != NULL || own.files.table != NULL;
    if (run->common.json)
        cli_pdf_print_json(results, run->n_inputs);
    else if (run->common.quiet && is_in_file)
        return;
    else if (run->n_inputs > 1)
        cli_pdf_print_table(stdout, results, run->n_inputs);
    else
        cli_pdf_print(results);
}

static vtr_status process_all(cli_pdf_result *results, const cli_run *run, vtr_error *err)
{
    char *settings = NULL;
    unsigned hold = 0;
    double densities[CLI_MAX_INPUTS];
    vtr_status status = own.files.hold != NULL ? vtr_pdf_hold_parse(&hold, own.files.hold, err) : VTR_OK;
    if (status == VTR_OK && hold != 0 && own.files.lock == NULL)
        status = vtr_fail(err, VTR_ERR_ARGUMENT, "--hold needs the result that found it: --lock FILE");
    if (status == VTR_OK && own.files.lock != NULL)
        status = vtr_pdf_settings_read(&own.pdf, &settings, own.files.lock, hold, err);
    if (status == VTR_OK && own.files.lock != NULL) status = cli_pdf_settings_lock(&own, own.files.lock, err);
    if (status == VTR_OK && own.pdf.composition == NULL)
        status = vtr_fail(err, VTR_ERR_ARGUMENT,
                          "no composition; give --composition, such as Zr50Cu45Al5 or SiO2");
    cli_pdf_kind kind = CLI_PDF_TEXT;
    if (status == VTR_OK) status = cli_pdf_kind_of(&kind, run->inputs[0], err);
    bool is_map = status == VTR_OK && kind == CLI_PDF_MAP;
    if (status == VTR_OK && !is_map && vtr_ranks_size(run->ranks) > 1)
        status = vtr_fail(err, VTR_ERR_ARGUMENT,
                          "'%s' is no map file, whose positions %d processes could share; start one",
                          run->inputs[0], vtr_ranks_size(run->ranks));
    status = vtr_ranks_agree(run->ranks, status, err);
    if (status == VTR_OK && is_map) {
        status = process_map(run, err);
        vtr_pdf_settings_free(settings);
        return status;
    }
    if (status == VTR_OK) status = read_densities(densities, run, err);
    for (size_t i = 0; i < run->n_inputs && status == VTR_OK; i++) {
        if (own.files.densities != NULL) own.pdf.density = densities[i];
        status = process(&results[i], run->inputs[i], run, err);
    }
    if (status == VTR_OK) status = compare(results, run->n_inputs, err);
    if (status == VTR_OK) status = write_files(results, run, err);
    if (status == VTR_OK) print_results(results, run);
    vtr_pdf_settings_free(settings);
    return status;
}

static vtr_status run(const cli_run *run, vtr_error *err)
{
    cli_pdf_result *results = calloc(run->n_inputs, sizeof *results);
    if (results == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "no memory for %zu results", run->n_inputs);
    vtr_status status = process_all(results, run, err);
    for (size_t i = 0; i < run->n_inputs; i++)
        vtr_pdf_release(&results[i].pdf);
    free(results);
    return status;
}

const cli_command cli_pdf = {
    .name = "pdf",
    .usage = "[options] MAP.h5|PATTERN|PROFILE...",
    .summary = "pair distribution functions of every position, of patterns and profiles",
    .details =
        "From a diffraction pattern (its centre, ellipse and beam stop found unless given) or a profile in "
        "text "
        "(electrons, X-rays, neutrons) to S(Q), F(Q) and G(r) on an absolute scale with error bars, written "
        "with -o as programs for PDF refinement read them. Several inputs are a series: all are treated as "
        "the "
        "first one was, and a table compares them. Of a map file, every position has its PDF: /entry/pdf is "
        "added "
        "with maps of the first two shells, images of ranges and means of regions.",
    .min_inputs = 1,
    .max_inputs = CLI_MAX_INPUTS,
    .takes_ranks = true,
    .options = options,
    .run = run,
};
