/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>

#include "commands.h"
#include "vitrail/dataset.h"
#include "vitrail/export.h"
#include "vitrail/figure.h"
#include "vitrail/thickness.h"

static vtr_thickness_params params;
static struct options {
    const char *output, *figure;
    double step_nm;
    bool errors;
} options;

#define MEMBER(name) offsetof(struct options, name)
static const vtr_parameter option_parameters[] = {
    {"output", NULL, VTR_PARAMETER_STRING, MEMBER(output), .metavar = "FILE",
     .help = "the map in nm: .tif for vitrail magnetic --thickness; .npy, .csv, .gsf, .hspy, .emd"},
    {"errors", NULL, VTR_PARAMETER_BOOL, MEMBER(errors),
     .help = "standard deviations after the map, in .tif and .npy; .csv, .hspy and .emd always have them"},
    {"figure", NULL, VTR_PARAMETER_STRING, MEMBER(figure), .metavar = "FILE",
     .help = "draw thickness and its error: .png, .svg, .pdf"},
    {"step", "nm", VTR_PARAMETER_DOUBLE, MEMBER(step_nm), NAN, 1e-6, 1e9, .metavar = "NM",
     .help = "size of a pixel on the specimen"},
};
static const vtr_parameter_table option_table = {"Output", option_parameters,
                                                 sizeof option_parameters / sizeof *option_parameters};

static size_t groups(cli_group *out)
{
    params = vtr_thickness_default_params();
    vtr_parameters_default(&option_table, &options);
    out[0] = (cli_group){&vtr_thickness_parameters, &params};
    out[1] = (cli_group){&option_table, &options};
    return 2;
}

/* --- what it shows ------------------------------------------------------------------------------------------ */

static int ascending(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

typedef struct quantiles {
    double low, median, high; /* 5, 50, 95 % of the positions with a value */
} quantiles;

static vtr_status quantiles_of(quantiles *out, const float *values, size_t n, vtr_error *err)
{
    float *sorted = malloc(n * sizeof *sorted);
    if (sorted == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "no memory for the table");
    size_t n_valid = 0;
    for (size_t i = 0; i < n; i++)
        if (isfinite(values[i])) sorted[n_valid++] = values[i];
    qsort(sorted, n_valid, sizeof *sorted, ascending);
    *out = (quantiles){(double)sorted[n_valid / 20], (double)sorted[n_valid / 2],
                       (double)sorted[n_valid - 1 - n_valid / 20]};
    free(sorted);
    return VTR_OK;
}

static void print_text(const vtr_thickness_map *map, const quantiles *ratio, const quantiles *thickness,
                       const quantiles *error)
{
    static const char *const models[] = {"Iakoubovskii et al. 2008", "Malis et al. 1988"};
    double relative = map->mean_free_path_error_nm / map->mean_free_path_nm;
    printf("mean free path  %.4g ± %.2g nm (%s)\n", map->mean_free_path_nm, map->mean_free_path_error_nm,
           isnan(params.mean_free_path_nm) ? models[params.model] : "given");
    printf("electrons       %.4g counts each unfiltered, %.4g zero-loss (%s)\n", map->counts_per_electron[0],
           map->counts_per_electron[1],
           isnan(params.counts_per_electron) ? "from what neighbours differ by" : "given");
    printf("exposures       ratio %.5g%s\n", map->exposure_ratio,
           params.vacuum != NULL ? ", so that t is 0 in the vacuum" : "");
    printf("positions       %zu of %zu\n", map->n_valid, map->n_y * map->n_x);
    printf("t/lambda        5 %% %.4g, median %.4g, 95 %% %.4g\n", ratio->low, ratio->median, ratio->high);
    printf("thickness (nm)  5 %% %.4g, median %.4g, 95 %% %.4g\n", thickness->low, thickness->median,
           thickness->high);
    printf("errors          of a position %.3g nm (median), of all together %.2g %% and %.2g nm\n",
           error->median, 100 * relative, map->ratio_error * map->mean_free_path_nm);
    if (map->n_regions > 0)
        printf("\n%-16s %9s %22s %12s\n", "region", "positions", "thickness (nm)", "spread (nm)");
    for (size_t i = 0; i < map->n_regions; i++) {
        const vtr_thickness_region *r = &map->regions[i];
        printf("%-16s %9zu %10.4g ± %9.3g %12.4g\n", r->name, r->n, r->mean_nm, r->error_nm, r->spread_nm);
    }
}

static void print_quantiles(const char *name, const quantiles *q)
{
    cli_json_array(name, (const double[]){q->low, q->median, q->high}, 3, ", ");
}

static void print_json(const vtr_thickness_map *map, const quantiles *ratio, const quantiles *thickness,
                       const quantiles *error)
{
    printf("{");
    cli_json_member("mean_free_path_nm", map->mean_free_path_nm, ", ");
    cli_json_member("mean_free_path_error_nm", map->mean_free_path_error_nm, ", ");
    cli_json_array("counts_per_electron", map->counts_per_electron, 2, ", ");
    cli_json_member("exposure_ratio", map->exposure_ratio, ", ");
    cli_json_member("positions", (double)map->n_valid, ", ");
    print_quantiles("t_over_lambda", ratio);
    print_quantiles("thickness_nm", thickness);
    cli_json_member("position_error_nm", error->median, ", ");
    cli_json_member("vacuum_error_nm", map->ratio_error * map->mean_free_path_nm, ", \"regions\": [");
    for (size_t i = 0; i < map->n_regions; i++) {
        const vtr_thickness_region *r = &map->regions[i];
        printf("%s{", i > 0 ? ", " : "");
        cli_json_text("region", r->name, ", ");
        cli_json_member("positions", (double)r->n, ", ");
        cli_json_member("thickness_nm", r->mean_nm, ", ");
        cli_json_member("thickness_error_nm", r->error_nm, ", ");
        cli_json_member("spread_nm", r->spread_nm, "}");
    }
    printf("]}\n");
}

static vtr_status print(const vtr_thickness_map *map, const cli_run *run, vtr_error *err)
{
    quantiles ratio, thickness, error;
    size_t n = map->n_y * map->n_x;
    vtr_status status = quantiles_of(&ratio, map->ratio, n, err);
    if (status == VTR_OK) status = quantiles_of(&thickness, map->thickness_nm, n, err);
    if (status == VTR_OK) status = quantiles_of(&error, map->thickness_errors, n, err);
    if (status == VTR_OK && run->common.json)
        print_json(map, &ratio, &thickness, &error);
    else if (status == VTR_OK && !run->common.quiet)
        print_text(map, &ratio, &thickness, &error);
    return status;
}

/* --- what it writes ----------------------------------------------------------------------------------------- */

static vtr_status write_map(const vtr_thickness_map *map, const cli_run *run, vtr_error *err)
{
    const vtr_export_item item = {.group = "specimen",
                                  .name = "thickness",
                                  .unit = "nm",
                                  .n_y = map->n_y,
                                  .n_x = map->n_x,
                                  .n_z = 1,
                                  .step_nm = {options.step_nm, options.step_nm},
                                  .values = map->thickness_nm,
                                  .errors = map->thickness_errors};
    const vtr_export_params how = {options.errors, run->common.force};
    return vtr_export_write(options.output, &item, 1, &how, err);
}

static vtr_figure_panel panel_of(const vtr_thickness_map *map, const float *values, const char *label)
{
    vtr_figure_panel panel = vtr_figure_map_panel(values, map->n_y, map->n_x);
    panel.map.step_y_nm = panel.map.step_x_nm = options.step_nm;
    panel.map.colours.label = label;
    panel.map.colours.from_zero = true;
    return panel;
}

static vtr_status draw(const vtr_thickness_map *map, const cli_run *run, vtr_error *err)
{
    const vtr_figure_panel panels[] = {
        panel_of(map, map->thickness_nm, "thickness (nm)"),
        panel_of(map, map->thickness_errors, "error of the thickness (nm)"),
    };
    vtr_figure_page page = vtr_figure_default_page(2);
    page.force = run->common.force;
    return vtr_figure_write(options.figure, panels, 2, &page, err);
}

/* --- the work ----------------------------------------------------------------------------------------------- */

/* Of images that a microscope wrote with its energy, where none is given. */
static void take_energy(const char *path)
{
    vtr_dataset *dataset = NULL;
    vtr_error unused;
    if (!isnan(params.beam_energy_kev)) return;
    if (vtr_dataset_open(&dataset, path, NULL, &unused) == VTR_OK)
        params.beam_energy_kev = vtr_dataset_get_info(dataset)->beam_energy_kev;
    vtr_dataset_close(&dataset);
}

static vtr_status read_images(vtr_thickness_images *images, float **memory, const cli_run *run,
                              vtr_error *err)
{
    size_t height[2] = {0}, width[2] = {0};
    for (int i = 0; i < 2; i++) {
        vtr_status status = vtr_image_read(&memory[i], &height[i], &width[i], run->inputs[i], err);
        if (status != VTR_OK) return status;
    }
    if (height[0] != height[1] || width[0] != width[1])
        return vtr_fail(err, VTR_ERR_SHAPE,
                        "'%s' has %zu x %zu pixels, '%s' %zu x %zu; they are to show one field",
                        run->inputs[0], height[0], width[0], run->inputs[1], height[1], width[1]);
    *images = (vtr_thickness_images){height[0], width[0], memory[0], memory[1]};
    return VTR_OK;
}

static vtr_status run(const cli_run *run, vtr_error *err)
{
    float *memory[2] = {NULL, NULL};
    vtr_thickness_images images = {0};
    vtr_thickness_map map = {0};
    vtr_status status = read_images(&images, memory, run, err);
    if (status == VTR_OK) {
        take_energy(run->inputs[0]);
        status = vtr_thickness_compute(&map, &images, &params, err);
    }
    if (status == VTR_OK && options.output != NULL) status = write_map(&map, run, err);
    if (status == VTR_OK && options.figure != NULL) status = draw(&map, run, err);
    if (status == VTR_OK) status = print(&map, run, err);
    vtr_thickness_map_release(&map);
    for (int i = 0; i < 2; i++)
        vtr_image_free(memory[i]);
    return status;
}

const cli_command cli_thickness = {
    .name = "thickness",
    .usage = "[options] UNFILTERED ZERO-LOSS [-o FILE]",
    .summary = "thickness of a foil from an unfiltered and a zero-loss image",
    .details =
        "Takes the logarithm of the two images' ratio, t/lambda, and multiplies it by the mean free path "
        "of energy losses, from the specimen's density (iakoubovskii) or composition (malis), or given. Each "
        "position has the error of its counts; the error of the mean free path is common to all. The map can "
        "be "
        "given to vitrail magnetic --thickness.",
    .min_inputs = 2,
    .max_inputs = 2,
    .options = groups,
    .run = run,
};
