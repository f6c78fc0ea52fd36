/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "commands.h"
#include "vitrail/bands.h"

static vtr_bands_params params;
static struct {
    vtr_text_list lines;
    const char *csv, *points;
} options;

static const vtr_parameter option_parameters[] = {
    {"line", "nm", VTR_PARAMETER_LIST, 0, .metavar = "X0,Y0,X1,Y1",
     .help = "a band to start from, through two places; (0, 0) is the first position; may be repeated"},
    {"csv", NULL, VTR_PARAMETER_STRING, sizeof(vtr_text_list), .metavar = "FILE",
     .help = "also write the bands as a table"},
    {"points", NULL, VTR_PARAMETER_STRING, sizeof(vtr_text_list) + sizeof(char *), .metavar = "FILE",
     .help = "also write where bands cross and branch as a table"},
};
static const vtr_parameter_table option_table = {"Lines and output", option_parameters, 3};

static size_t groups(cli_group *out)
{
    params = vtr_bands_default_params();
    vtr_parameters_default(&option_table, &options);
    out[0] = (cli_group){&vtr_bands_parameters, &params};
    out[1] = (cli_group){&option_table, &options};
    return 2;
}

/* --- as text ------------------------------------------------------------------------------------------------ */

static void print_pair(const char *name, double factor, int digits, double value, double error,
                       const char *unit)
{
    printf("  %-22s", name);
    if (isfinite(value) && isfinite(error))
        printf("%.*f ± %.*f %s\n", digits, factor * value, digits, factor * error, unit);
    else
        printf("not determined\n");
}

static void print_strain(const char *form, const char *part, double value, double error)
{
    char name[32];
    snprintf(name, sizeof name, "%s, %s", form, part);
    print_pair(name, 100, 3, value, error, "%");
}

static void print_curvature(const vtr_band *b)
{
    print_pair("curvature", 1e3, 4, b->curvature_inv_nm, b->curvature_error_inv_nm,
               b->is_curved ? "1/um" : "1/um, drawn straight");
}

static void print_band(const vtr_band *b, size_t number)
{
    const char *form = b->is_ridge ? "height" : "step";
    printf("SB%zu  %s, %s, %s\n", number, b->is_drawn ? "drawn" : "found", b->is_ridge ? "ridge" : "step",
           b->is_early ? "early (periodic)" : "mature (plain)");
    printf("  %-22s%.1f, %.1f to %.1f, %.1f nm\n", "from x, y to x, y", b->end_x_nm[0], b->end_y_nm[0],
           b->end_x_nm[1], b->end_y_nm[1]);
    print_pair("angle", 1, 2, b->angle_degrees, b->angle_error_degrees, "degrees");
    printf("  %-22s%.1f, %.1f, across ± %.1f nm\n", "middle at x, y", b->x_nm, b->y_nm, b->place_error_nm);
    print_curvature(b);
    for (int k = 0; k < 2; k++)
        if (isfinite(b->end_error_nm[k]))
            printf("  %-22sin the map, ± %.1f nm\n", k == 0 ? "its first end" : "its last end",
                   b->end_error_nm[k]);
    print_pair("length", 1, 1, b->length_nm, b->length_error_nm, "nm");
    print_pair("width", 1, 1, b->width_nm, b->width_error_nm, "nm");
    print_pair("decay length, d < 0", 1, 1, b->decay_nm[0], b->decay_error_nm[0], "nm");
    print_pair("decay length, d > 0", 1, 1, b->decay_nm[1], b->decay_error_nm[1], "nm");
    print_strain(form, "volumetric", b->volumetric, b->volumetric_error);
    print_strain(form, "normal", b->normal, b->normal_error);
    print_strain(form, "shear", b->shear, b->shear_error);
    print_strain(b->is_ridge ? "step beside" : "ridge beside", "volum.", b->other_volumetric,
                 b->other_volumetric_error);
    print_pair("period along it", 1, 1, b->period_nm, b->period_error_nm, "nm");
    print_pair("amplitude, volumetric", 100, 3, b->amplitude_volumetric, b->amplitude_volumetric_error, "%");
    print_pair("amplitude, deviatoric", 100, 3, b->amplitude_deviatoric, b->amplitude_deviatoric_error, "%");
    if (isfinite(b->period_threshold))
        printf("  %-22s%.1f (periodic above %.1f)\n", "chi^2 of the period", b->period_chi2,
               b->period_threshold);
}

static void print_matrix(const vtr_bands_matrix *m)
{
    if (!isfinite(m->strain)) {
        printf("matrix        too little of the map lies away from the bands\n");
        return;
    }
    printf("matrix        %.4f ± %.4f %% random strain, correlated over %.1f ± %.1f nm; %.0f %% of the map\n",
           100 * m->strain, 100 * m->strain_error, m->length_nm, m->length_error_nm, 100 * m->part);
}

static void print_text(const vtr_bands *bands)
{
    printf("bands         %zu, %.4g ± %.2g um of them per um^2\n", bands->n, 1e3 * bands->density_inv_nm,
           1e3 * bands->density_error_inv_nm);
    printf("errors        %.2f (volumetric), %.2f, %.2f (deviatoric) times the error bars\n",
           bands->error_factor[0], bands->error_factor[1], bands->error_factor[2]);
    print_matrix(&bands->matrix);
    if (bands->n > 0)
        printf("directions    %.1f degrees, scatter %.1f\n", bands->direction_degrees,
               bands->direction_spread_degrees);
    if (isfinite(bands->spacing_error_nm))
        printf("spacing       %.0f ± %.0f nm across that direction, scatter %.0f nm\n", bands->spacing_nm,
               bands->spacing_error_nm, bands->spacing_scatter_nm);
    for (size_t b = 0; b < bands->n; b++)
        print_band(&bands->list[b], b + 1);
    for (size_t k = 0; k < bands->n_points; k++) {
        const vtr_band_point *p = &bands->points[k];
        printf("SB%zu %s SB%zu at x, y = %.1f ± %.1f, %.1f ± %.1f nm\n", p->first + 1,
               p->is_branch ? "branches from" : "crosses", p->second + 1, p->x_nm, p->x_error_nm, p->y_nm,
               p->y_error_nm);
    }
}

/* --- as JSON ------------------------------------------------------------------------------------------------ */

static void print_json(const vtr_bands *bands)
{
    enum { ROOM = 32 };
    vtr_mapfile_attribute numbers[ROOM];
    size_t n = vtr_bands_numbers(bands, numbers, ROOM);
    printf("{\n  ");
    for (size_t k = 0; k < n; k++)
        if (numbers[k].n == 1)
            cli_json_member(numbers[k].name, numbers[k].values[0], ",\n  ");
        else
            cli_json_array(numbers[k].name, numbers[k].values, numbers[k].n, ",\n  ");
    cli_json_array("direction_length_nm", bands->direction_length_nm, VTR_BAND_DIRECTIONS,
                   ",\n  \"bands\": [\n");
    for (size_t b = 0; b < bands->n; b++) {
        printf("    {\"band\": \"SB%zu\"", b + 1);
        for (size_t k = 0; k < vtr_n_band_quantities; k++) {
            const vtr_band_quantity *q = &vtr_band_quantities[k];
            char name[64];
            printf(", ");
            cli_json_member(q->name, q->value(&bands->list[b]), "");
            if (q->error == NULL) continue;
            snprintf(name, sizeof name, "%s_error", q->name);
            printf(", ");
            cli_json_member(name, q->error(&bands->list[b]), "");
        }
        printf(b + 1 < bands->n ? "},\n" : "}\n");
    }
    printf("  ],\n  \"points\": [\n");
    for (size_t k = 0; k < bands->n_points; k++) {
        const vtr_band_point *p = &bands->points[k];
        printf("    {\"kind\": \"%s\", \"bands\": [\"SB%zu\", \"SB%zu\"], ",
               p->is_branch ? "branch" : "crossing", p->first + 1, p->second + 1);
        cli_json_member("x_nm", p->x_nm, ", ");
        cli_json_member("x_error_nm", p->x_error_nm, ", ");
        cli_json_member("y_nm", p->y_nm, ", ");
        cli_json_member("y_error_nm", p->y_error_nm, k + 1 < bands->n_points ? "},\n" : "}\n");
    }
    printf("  ],\n  \"spacings\": [\n");
    for (size_t k = 0; k < bands->n_spacings; k++) {
        const vtr_band_spacing *p = &bands->spacings[k];
        printf("    {\"bands\": [\"SB%zu\", \"SB%zu\"], ", p->first + 1, p->second + 1);
        cli_json_member("spacing_nm", p->spacing_nm, ", ");
        cli_json_member("extent_nm", p->extent_nm, k + 1 < bands->n_spacings ? "},\n" : "}\n");
    }
    printf("  ]\n}\n");
}

/* --- the work ----------------------------------------------------------------------------------------------- */

static vtr_status save(vtr_mapfile **file, const vtr_bands *bands, const cli_run *run, vtr_error *err)
{
    const cli_group settings[] = {{&vtr_bands_parameters, &params}, {&option_table, &options}};
    vtr_status status = vtr_bands_write(*file, bands, err);
    if (status == VTR_OK) status = cli_add_provenance(*file, "bands", run, settings, 2, NULL, err);
    if (status == VTR_OK && options.csv != NULL)
        status = vtr_bands_write_csv(options.csv, bands, run->common.force, err);
    if (status == VTR_OK && options.points != NULL)
        status = vtr_bands_write_points_csv(options.points, bands, run->common.force, err);
    return status == VTR_OK ? vtr_mapfile_commit(file, err) : status;
}

static vtr_status find(vtr_bands *bands, const vtr_strain_maps *maps, vtr_error *err)
{
    static vtr_line lines[VTR_TEXT_LIST_MAX];
    vtr_status status = VTR_OK;
    for (size_t k = 0; k < options.lines.n && status == VTR_OK; k++)
        status = vtr_line_parse(&lines[k], options.lines.text[k], err);
    return status == VTR_OK ? vtr_bands_find(bands, maps, lines, options.lines.n, &params, err) : status;
}

static vtr_status run(const cli_run *run, vtr_error *err)
{
    vtr_mapfile *file = NULL;
    vtr_strain_maps maps = {0};
    static vtr_bands bands; /* some 20 kB */
    vtr_status status = vtr_mapfile_edit(&file, run->inputs[0], err);
    if (status == VTR_OK) {
        status = vtr_strain_maps_read(&maps, file, err);
        if (status != VTR_OK) vtr_fail_context(err, status, "'%s'", run->inputs[0]);
    }
    if (status == VTR_OK) status = find(&bands, &maps, err);
    if (status == VTR_OK) status = save(&file, &bands, run, err);
    if (status == VTR_OK && run->common.json)
        print_json(&bands);
    else if (status == VTR_OK && !run->common.quiet)
        print_text(&bands);
    vtr_mapfile_close(&file);
    vtr_strain_maps_release(&maps);
    return status;
}

const cli_command cli_bands = {
    .name = "bands",
    .usage = "[options] MAP.h5",
    .summary =
        "shear bands in the strain of a map file: lines, steps across them, network, matrix between them",
    .details =
        "Finds straight and gently curved shear bands of any direction by the antisymmetric step of the "
        "strain across them or a symmetric ridge along them, or starts from lines that are given, fits "
        "line, ends, width, step and the decay length on either side, tells periodic (early) bands from "
        "plain (mature) ones, and measures the network: where bands cross and branch, their length per "
        "area, spacing and directions, and the random strain of the matrix between them. Adds "
        "/entry/bands to the map file. An earlier /entry/bands is replaced.",
    .min_inputs = 1,
    .max_inputs = 1,
    .options = groups,
    .run = run,
};
