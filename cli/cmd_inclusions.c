/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <omp.h>

#include "commands.h"
#include "vitrail/inclusions.h"

static vtr_inclusions_params params;
static struct {
    const char *csv;
} output;

static const vtr_parameter output_parameters[] = {
    {"csv", NULL, VTR_PARAMETER_STRING, 0, .metavar = "FILE", .help = "also write the catalogue as a table"},
};
static const vtr_parameter_table output_table = {"Output", output_parameters, 1};

static size_t options(cli_group *groups)
{
    params = vtr_inclusions_default_params();
    output.csv = NULL;
    groups[0] = (cli_group){&vtr_inclusions_parameters, &params};
    groups[1] = (cli_group){&output_table, &output};
    return 2;
}

/* --- as text ------------------------------------------------------------------------------------------------ */

static void print_settings(const vtr_inclusions *in)
{
    const vtr_inclusions_params *p = &in->params;
    printf("looked for    radius %.3g to %.3g nm, %s core, Poisson's ratio %g\n", p->radius_nm[0],
           p->radius_nm[1], p->core == VTR_CORE_HARD ? "hard" : "gaussian", p->poisson);
    printf("threshold     chi^2 %.1f: %g false alarms expected in %zu trials\n", in->threshold,
           p->false_alarms, in->n_trials);
    if (in->threshold_on_lines < in->threshold)
        printf("              chi^2 %.1f on the lines of bands, where as many are expected\n",
               in->threshold_on_lines);
    printf("matrix        strain of %.2g in exy over %.3g nm; scatter %.2f of the error bars\n",
           sqrt(in->matrix.variance[2]), in->matrix.length_nm, in->matrix.error_factor);
}

static void print_bands(const vtr_inclusions *in)
{
    for (size_t b = 0; b < in->n_bands; b++) {
        const vtr_inclusion_band *band = &in->bands[b];
        printf("band SB%-2zu     %.2f ± %.2f degrees, %zu inclusion%s%s\n", b + 1, band->angle_degrees,
               band->angle_error_degrees, band->n_inclusions, band->n_inclusions == 1 ? "" : "s",
               band->has_step ? ", step across it" : "");
    }
}

/* "value ± error" of a fraction in %, or of a length. */
static void print_pair(double factor, int digits, double value, double error)
{
    printf(" %8.*f ± %-6.*f", digits, factor * value, digits, factor * error);
}

static void print_catalogue(const vtr_inclusions *in)
{
    printf("\n%2s %-4s %17s %17s %17s %17s %17s %17s\n", "", "", "y (nm)", "x (nm)", "radius (nm)",
           "shear (%)", "angle (degrees)", "dilation (%)");
    for (size_t i = 0; i < in->n; i++) {
        const vtr_inclusion *q = &in->list[i];
        char band[16] = "-";
        if (q->band >= 0) snprintf(band, sizeof band, "SB%d", q->band + 1);
        printf("%2zu %-4s", i + 1, band);
        print_pair(1, 1, q->y_nm, q->y_error_nm);
        print_pair(1, 1, q->x_nm, q->x_error_nm);
        print_pair(1, 1, q->radius_nm, q->radius_error_nm);
        print_pair(100, 3, q->shear, q->shear_error);
        print_pair(1, 1, q->angle_degrees, q->angle_error_degrees);
        print_pair(100, 3, q->dilation, q->dilation_error);
        printf("\n");
        if (q->is_elliptical)
            printf("%7s an ellipse: aspect %.2f ± %.2f, long axis %.1f ± %.1f degrees\n", "", q->aspect,
                   q->aspect_error, q->long_axis_degrees, q->long_axis_error_degrees);
    }
}

static void print_gaps(const vtr_inclusions *in)
{
    if (in->n_gaps > 0) printf("\n%-10s %19s %25s\n", "neighbours", "spacing (nm)", "curl half way (1/nm)");
    for (size_t g = 0; g < in->n_gaps; g++) {
        const vtr_inclusion_gap *gap = &in->gaps[g];
        printf("%3zu, %-5zu %10.1f ± %-6.1f %12.4f ± %-8.4f\n", gap->first + 1, gap->second + 1,
               gap->spacing_nm, gap->spacing_error_nm, gap->curl_inv_nm, gap->curl_error_inv_nm);
        for (int which = 0; which < 2; which++) {
            const vtr_inclusion_rotation *r = &gap->rotation[which];
            if (r->is_above_the_noise)
                printf("%11srotation centre at x, y %.1f, %.1f ± %.1f nm: curl %+.4f ± %.4f 1/nm\n", "",
                       r->x_nm, r->y_nm, r->position_error_nm, r->curl_inv_nm, r->curl_error_inv_nm);
        }
    }
}

static void print_text(const vtr_inclusions *in)
{
    print_settings(in);
    print_bands(in);
    printf("inclusions    %zu\n", in->n);
    if (in->n > 0) print_catalogue(in);
    print_gaps(in);
}

/* --- as JSON ------------------------------------------------------------------------------------------------ */

static void json_inclusion(const vtr_inclusion *q, const char *end)
{
    printf("    {\"band\": %d, ", q->band + 1);
    cli_json_member("y_nm", q->y_nm, ", ");
    cli_json_member("y_error_nm", q->y_error_nm, ", ");
    cli_json_member("x_nm", q->x_nm, ", ");
    cli_json_member("x_error_nm", q->x_error_nm, ", ");
    cli_json_member("radius_nm", q->radius_nm, ", ");
    cli_json_member("radius_error_nm", q->radius_error_nm, ", ");
    cli_json_member("shear", q->shear, ", ");
    cli_json_member("shear_error", q->shear_error, ", ");
    cli_json_member("angle_degrees", q->angle_degrees, ", ");
    cli_json_member("angle_error_degrees", q->angle_error_degrees, ", ");
    cli_json_member("dilation", q->dilation, ", ");
    cli_json_member("dilation_error", q->dilation_error, ", ");
    cli_json_member("aspect", q->aspect, ", ");
    cli_json_member("aspect_error", q->aspect_error, ", ");
    cli_json_member("long_axis_degrees", q->long_axis_degrees, ", ");
    cli_json_member("long_axis_error_degrees", q->long_axis_error_degrees, ", ");
    cli_json_member("ellipse_chi2", q->ellipse_chi2, ", ");
    cli_json_member("volumetric", q->volumetric, ", ");
    cli_json_member("volumetric_error", q->volumetric_error, ", ");
    cli_json_member("deviatoric", q->deviatoric, ", ");
    cli_json_member("deviatoric_error", q->deviatoric_error, ", ");
    cli_json_member("chi2", q->chi2, end);
}

static void json_band(const vtr_inclusion_band *band, const char *end)
{
    printf("    {\"inclusions\": %zu, \"has_step\": %s, ", band->n_inclusions,
           band->has_step ? "true" : "false");
    cli_json_member("y_nm", band->y_nm, ", ");
    cli_json_member("x_nm", band->x_nm, ", ");
    cli_json_member("angle_degrees", band->angle_degrees, ", ");
    cli_json_member("angle_error_degrees", band->angle_error_degrees, end);
}

static void json_rotation(const char *name, const vtr_inclusion_rotation *rotation, const char *end)
{
    printf("\"%s\": {\"is_above_the_noise\": %s, ", name, rotation->is_above_the_noise ? "true" : "false");
    cli_json_member("y_nm", rotation->y_nm, ", ");
    cli_json_member("x_nm", rotation->x_nm, ", ");
    cli_json_member("position_error_nm", rotation->position_error_nm, ", ");
    cli_json_member("curl_inv_nm", rotation->curl_inv_nm, ", ");
    cli_json_member("curl_error_inv_nm", rotation->curl_error_inv_nm, ", ");
    cli_json_member("significance", rotation->significance, end);
}

static void json_gap(const vtr_inclusion_gap *gap, const char *end)
{
    printf("    {\"first\": %zu, \"second\": %zu, ", gap->first + 1, gap->second + 1);
    cli_json_member("spacing_nm", gap->spacing_nm, ", ");
    cli_json_member("spacing_error_nm", gap->spacing_error_nm, ", ");
    cli_json_member("curl_inv_nm", gap->curl_inv_nm, ", ");
    cli_json_member("curl_error_inv_nm", gap->curl_error_inv_nm, ",\n     ");
    json_rotation("rotation_largest", &gap->rotation[0], "},\n     ");
    json_rotation("rotation_least", &gap->rotation[1], "}");
    printf("%s", end);
}

static void print_json(const vtr_inclusions *in)
{
    printf("{\n  ");
    cli_json_member("threshold_chi2", in->threshold, ",\n  ");
    cli_json_member("threshold_chi2_on_bands", in->threshold_on_lines, ",\n  ");
    cli_json_member("matrix_length_nm", in->matrix.length_nm, ",\n  ");
    cli_json_member("error_factor", in->matrix.error_factor, ",\n  \"inclusions\": [\n");
    for (size_t i = 0; i < in->n; i++)
        json_inclusion(&in->list[i], i + 1 < in->n ? "},\n" : "}\n");
    printf("  ],\n  \"bands\": [\n");
    for (size_t b = 0; b < in->n_bands; b++)
        json_band(&in->bands[b], b + 1 < in->n_bands ? "},\n" : "}\n");
    printf("  ],\n  \"gaps\": [\n");
    for (size_t g = 0; g < in->n_gaps; g++)
        json_gap(&in->gaps[g], g + 1 < in->n_gaps ? "},\n" : "}\n");
    printf("  ]\n}\n");
}

/* --- the work ----------------------------------------------------------------------------------------------- */

static vtr_status save(vtr_mapfile **file, const vtr_inclusions *in, const vtr_strain_maps *maps,
                       const cli_run *run, vtr_error *err)
{
    const cli_group settings[] = {{&vtr_inclusions_parameters, &params}, {&output_table, &output}};
    vtr_status status = vtr_inclusions_write(*file, in, maps, err);
    if (status == VTR_OK) status = cli_add_provenance(*file, "inclusions", run, settings, 2, NULL, err);
    if (status == VTR_OK && output.csv != NULL)
        status = vtr_inclusions_write_csv(output.csv, in, run->common.force, err);
    return status == VTR_OK ? vtr_mapfile_commit(file, err) : status;
}

static vtr_status run(const cli_run *run, vtr_error *err)
{
    vtr_mapfile *file = NULL;
    vtr_strain_maps maps = {0};
    vtr_inclusions in = {0};
    if (run->common.threads > 0) omp_set_num_threads(run->common.threads);
    vtr_status status = vtr_mapfile_edit(&file, run->inputs[0], err);
    if (status == VTR_OK) {
        status = vtr_strain_maps_read(&maps, file, err);
        if (status != VTR_OK) vtr_fail_context(err, status, "'%s'", run->inputs[0]);
    }
    if (status == VTR_OK) status = vtr_inclusions_find(&in, &maps, &params, &run->progress, err);
    if (status == VTR_OK) status = save(&file, &in, &maps, run, err);
    if (status == VTR_OK && run->common.json)
        print_json(&in);
    else if (status == VTR_OK && !run->common.quiet)
        print_text(&in);
    vtr_mapfile_close(&file);
    vtr_strain_maps_release(&maps);
    vtr_inclusions_release(&in);
    return status;
}

const cli_command cli_inclusions = {
    .name = "inclusions",
    .usage = "[options] MAP.h5",
    .summary = "Eshelby inclusions in the strain of a map file, and how they lie along shear bands",
    .details =
        "Finds quadrupoles in all components of /entry/strain at once, fits each as an inclusion with core "
        "radius, "
        "shear, direction and dilation of its eigenstrain, puts them in order along straight bands, and adds "
        "/entry/inclusions to the map file: the residual maps, the catalogue, bands, and spacings. An "
        "earlier "
        "/entry/inclusions is replaced.",
    .min_inputs = 1,
    .max_inputs = 1,
    .options = options,
    .run = run,
};
