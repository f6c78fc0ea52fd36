/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "vitrail/export.h"
#include "vitrail/figure.h"
#include "vitrail/fluctuation.h"
#include "vitrail/output.h"
#include "vitrail/region.h"

static struct options {
    const char *output, *figure, *maps, *calibration, *region, *model;
    vtr_text_list compare;
} own;
static vtr_fluctuation_params params;
static vtr_fluctuation_model_params model_params;
static vtr_structure_params structure_params;
static vtr_calibrate_params calibrate_params;
static vtr_dataset_params recording;

#define MEMBER(name) offsetof(struct options, name)
static const vtr_parameter own_parameters[] = {
    {"output", NULL, VTR_PARAMETER_STRING, MEMBER(output), .metavar = "FILE.csv",
     .help = "V(k) by all definitions with errors, as CSV"},
    {"figure", NULL, VTR_PARAMETER_STRING, MEMBER(figure), .metavar = "FILE",
     .help = "draw V(k) and the maps: .png, .svg, .pdf"},
    {"maps", NULL, VTR_PARAMETER_STRING, MEMBER(maps), .metavar = "FILE",
     .help = "maps of the local variance: .tif, .npy, .csv, .hspy, .emd"},
    {"calibration", NULL, VTR_PARAMETER_STRING, MEMBER(calibration), .metavar = "FILE",
     .help = "calibration stored by vitrail calibrate, or a map file; measured anew unless given"},
    {"region", NULL, VTR_PARAMETER_STRING, MEMBER(region), .metavar = "TERM&TERM...",
     .help =
         "positions to take, as for vitrail profile; conditions on maps need a map file as --calibration"},
    {"model", NULL, VTR_PARAMETER_STRING, MEMBER(model), .metavar = "MODEL",
     .help = "V(k) of an atomic model, beside that of the recording or alone"},
    {"compare", NULL, VTR_PARAMETER_LIST, MEMBER(compare), .metavar = "FILE",
     .help =
         "measured or published V(k) in columns k, V, error: drawn, and the R factor stated; several times"},
};
static const vtr_parameter_table own_table = {"Files", own_parameters,
                                              sizeof own_parameters / sizeof *own_parameters};

static size_t groups(cli_group *out)
{
    size_t n = 0;
    memset(&structure_params, 0, sizeof structure_params);
    out[n++] = (cli_group){&own_table, &own};
    out[n++] = (cli_group){&vtr_fluctuation_parameters, &params};
    out[n++] = (cli_group){&vtr_fluctuation_model_parameters, &model_params};
    out[n++] = (cli_group){&vtr_structure_parameters, &structure_params};
    out[n++] = (cli_group){&vtr_calibrate_parameters, &calibrate_params};
    out[n++] = (cli_group){&vtr_dataset_parameters, &recording};
    for (size_t i = 0; i < n; i++)
        vtr_parameters_default(out[i].table, out[i].values);
    return n;
}

typedef struct result {
    vtr_fluctuation measured; /* n 0: no recording */
    double step_nm[2];
    size_t n;                      /* values of k of the model */
    double *k, *model, *intensity; /* [n]; NULL: no model */
    size_t n_atoms, n_patterns;
    vtr_fluctuation_table tables[VTR_TEXT_LIST_MAX];
    vtr_fluctuation_agreement agreements[VTR_TEXT_LIST_MAX];
} result;

static void release(result *s)
{
    vtr_fluctuation_release(&s->measured);
    for (size_t i = 0; i < own.compare.n; i++)
        vtr_fluctuation_table_release(&s->tables[i]);
    free(s->k);
    free(s->model);
    free(s->intensity);
}

/* --- the recording ------------------------------------------------------------------------------------------ */

/* A stored calibration has its own mask; what --mask leaves out goes too. */
static vtr_status add_mask(vtr_calibration *c, vtr_error *err)
{
    float *image = NULL;
    size_t height, width;
    vtr_status status = vtr_image_read(&image, &height, &width, calibrate_params.mask, err);
    if (status == VTR_OK && (height != c->det_y || width != c->det_x))
        status = vtr_fail(err, VTR_ERR_SHAPE, "'%s' has %zu x %zu pixels, the patterns %zu x %zu",
                          calibrate_params.mask, height, width, c->det_y, c->det_x);
    for (size_t i = 0; status == VTR_OK && i < height * width; i++)
        if (!(image[i] != 0)) c->mask[i] |= VTR_MASK_USER;
    vtr_image_free(image);
    return status;
}

static vtr_status get_calibration(vtr_calibration **out, vtr_mapfile **file, vtr_dataset *dataset,
                                  const cli_run *run, vtr_error *err)
{
    if (own.calibration == NULL)
        return vtr_calibrate(out, dataset, &calibrate_params, run->common.threads, &run->progress, err);
    vtr_status status = vtr_mapfile_open(file, own.calibration, err);
    if (status == VTR_OK) status = vtr_calibration_read(out, *file, err);
    if (status == VTR_OK && calibrate_params.noise != NULL)
        status = vtr_noise_parse(&(*out)->noise, calibrate_params.noise, err);
    return status == VTR_OK && calibrate_params.mask != NULL ? add_mask(*out, err) : status;
}

static vtr_status get_region(vtr_region *region, const vtr_mapfile *file, const vtr_dataset_info *info,
                             vtr_error *err)
{
    if (own.region == NULL) return VTR_OK;
    size_t size = strlen(own.region) + sizeof "region=";
    char *named = malloc(size);
    if (named == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the region");
    snprintf(named, size, "region=%s", own.region);
    vtr_status status = vtr_region_parse(region, named, file, info->shape[0], info->shape[1], err);
    free(named);
    return status;
}

static vtr_status measure(result *s, const cli_run *run, vtr_error *err)
{
    vtr_dataset *dataset = NULL;
    vtr_calibration *calibration = NULL;
    vtr_mapfile *file = NULL;
    vtr_region region = {0};
    vtr_status status = vtr_dataset_open(&dataset, run->inputs[0], &recording, err);
    if (status == VTR_OK) status = get_calibration(&calibration, &file, dataset, run, err);
    if (status == VTR_OK) status = get_region(&region, file, vtr_dataset_get_info(dataset), err);
    if (status == VTR_OK) {
        memcpy(s->step_nm, calibration->scan_step_nm, sizeof s->step_nm);
        status = vtr_fluctuation_measure(&s->measured, dataset, calibration, region.member, &params,
                                         run->common.threads, &run->progress, err);
        if (status != VTR_OK) vtr_fail_context(err, status, "'%s'", run->inputs[0]);
    }
    vtr_region_release(&region);
    vtr_mapfile_close(&file);
    vtr_calibration_free(calibration);
    vtr_dataset_close(&dataset);
    return status;
}

/* --- the model ---------------------------------------------------------------------------------------------- */

/* Where the model is looked at: as the recording was, else as the first table was, else along --k-range. */
static vtr_status choose_k(result *s, vtr_error *err)
{
    const vtr_fluctuation_table *table = own.compare.n > 0 ? &s->tables[0] : NULL;
    double low = isnan(params.k_range[0]) ? 0.2 : params.k_range[0],
           high = isnan(params.k_range[0]) ? 1 : params.k_range[1],
           width = isnan(params.k_width) ? 0.005 : params.k_width;
    bool along_rings = s->measured.n > 0 && isfinite(s->measured.k_inv_angstrom[0]);
    bool along_table = !along_rings && table != NULL && isnan(params.k_range[0]);
    double most = floor((high - low) / width + 1.5);
    if (!along_rings && !along_table && (!(most >= 1) || most > 100000 || !(low >= 0)))
        return vtr_fail(err, VTR_ERR_ARGUMENT, "steps of %g 1/Å do not fit between %g and %g 1/Å", width, low,
                        high);
    s->n = along_rings ? s->measured.n : along_table ? table->n : (size_t)most;
    s->k = malloc(s->n * sizeof *s->k);
    s->model = malloc(s->n * sizeof *s->model);
    s->intensity = malloc(s->n * sizeof *s->intensity);
    if (s->k == NULL || s->model == NULL || s->intensity == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "no memory for V(k) of the model");
    for (size_t i = 0; i < s->n; i++)
        s->k[i] = along_rings   ? s->measured.k_inv_angstrom[i]
                  : along_table ? table->k_inv_angstrom[i]
                                : low + (double)i * width;
    return VTR_OK;
}

static vtr_status calculate(result *s, const cli_run *run, vtr_error *err)
{
    vtr_structure model = {0};
    vtr_status status = vtr_structure_read(&model, own.model, &structure_params, err);
    if (status != VTR_OK) return status;
    status = choose_k(s, err);
    if (status == VTR_OK) {
        status = vtr_fluctuation_of_model(s->model, s->intensity, &s->n_patterns, &model, s->n, s->k,
                                          &model_params, run->common.threads, err);
        if (status != VTR_OK) vtr_fail_context(err, status, "'%s'", own.model);
    }
    s->n_atoms = model.n;
    vtr_structure_release(&model);
    return status;
}

/* --- what it shows ------------------------------------------------------------------------------------------ */

static void print_agreements(const result *s)
{
    for (size_t i = 0; i < own.compare.n; i++) {
        const vtr_fluctuation_agreement *a = &s->agreements[i];
        printf("compared       with '%s' at %zu k: R %.2f %%; scaled by %.4g, %.2f %%\n", own.compare.text[i],
               a->n, 100 * a->r_factor, a->scale, 100 * a->r_scaled);
    }
}

static void json_agreements(const result *s)
{
    printf("\"compared\": [");
    for (size_t i = 0; i < own.compare.n; i++) {
        const vtr_fluctuation_agreement *a = &s->agreements[i];
        printf("%s{", i > 0 ? ", " : "");
        cli_json_text("file", own.compare.text[i], ", ");
        cli_json_member("n", (double)a->n, ", ");
        cli_json_member("r_factor", a->r_factor, ", ");
        cli_json_member("scale", a->scale, ", ");
        cli_json_member("r_factor_scaled", a->r_scaled, "}");
    }
    printf("]}\n");
}

static void print_line(const char *name, const vtr_fluctuation_curves *c, size_t ring)
{
    printf("%-14s", name);
    for (int d = 0; d < VTR_FLUCTUATION_DEFINITIONS; d++)
        printf(" %10.4g ± %-8.2g", c->value[d][ring], c->error[d][ring]);
    printf("\n");
}

static void print_recording(const vtr_fluctuation *m)
{
    size_t peak = 0;
    const double *v = m->all.value[VTR_FLUCTUATION_V_OMEGA];
    for (size_t r = 1; r < m->n; r++)
        if (v[r] > v[peak] || !isfinite(v[peak])) peak = r;
    printf("positions      %zu in %zu regions, %zu rings from %.1f to %.1f px\n", m->n_positions, m->n_blocks,
           m->n, m->radius_px[0], m->radius_px[m->n - 1]);
    printf("noise          gain %.4g counts per electron, read-out noise %.3g counts: taken out\n", m->gain,
           m->read_noise);
    printf("largest        V_Omega of %.4g ± %.2g at %.1f px", v[peak],
           m->all.error[VTR_FLUCTUATION_V_OMEGA][peak], m->radius_px[peak]);
    if (isfinite(m->k_inv_angstrom[peak])) printf(", k = %.4g 1/Å", m->k_inv_angstrom[peak]);
    printf("\nband           %.1f to %.1f px\n\n%-14s", m->band_px[0], m->band_px[1], "in the band");
    for (int d = 0; d < VTR_FLUCTUATION_DEFINITIONS; d++)
        printf(" %-21s", vtr_fluctuation_name((vtr_fluctuation_definition)d));
    printf("\n");
    print_line("all", &m->all, m->n);
    for (size_t b = 0; m->n_bins > 1 && b < m->n_bins; b++) {
        char name[32];
        snprintf(name, sizeof name, "bin %zu", b + 1);
        print_line(name, &m->bins[b], m->n);
    }
}

static void json_curves(const vtr_fluctuation_curves *c, size_t n)
{
    cli_json_array("mean", c->mean, n, ", ");
    cli_json_array("positions", c->n_used, n, ", ");
    cli_json_array("left_out", c->n_left, n, ", ");
    for (int d = 0; d < VTR_FLUCTUATION_DEFINITIONS; d++) {
        char error[32];
        snprintf(error, sizeof error, "%s_error", vtr_fluctuation_name((vtr_fluctuation_definition)d));
        cli_json_array(vtr_fluctuation_name((vtr_fluctuation_definition)d), c->value[d], n, ", ");
        cli_json_array(error, c->error[d], n, d + 1 < VTR_FLUCTUATION_DEFINITIONS ? ", " : "}");
    }
}

/* The last ring of each curve is the band. */
static void json_recording(const vtr_fluctuation *m)
{
    printf("\"recording\": {");
    cli_json_member("positions", (double)m->n_positions, ", ");
    cli_json_member("regions", (double)m->n_blocks, ", ");
    cli_json_member("gain", m->gain, ", ");
    cli_json_member("read_noise", m->read_noise, ", ");
    cli_json_array("band_px", m->band_px, 2, ", ");
    cli_json_array("radius_px", m->radius_px, m->n + 1, ", ");
    cli_json_array("k", m->k_inv_angstrom, m->n + 1, ", ");
    printf("\"all\": {");
    json_curves(&m->all, m->n + 1);
    printf(", \"bins\": [");
    for (size_t b = 0; m->n_bins > 1 && b < m->n_bins; b++) {
        printf("%s{", b > 0 ? ", " : "");
        cli_json_array("signal", m->bin_edges + b, 2, ", ");
        json_curves(&m->bins[b], m->n + 1);
    }
    printf("]}, ");
}

static void print_json(const result *s)
{
    printf("{");
    if (s->measured.n > 0) json_recording(&s->measured);
    if (s->model != NULL) {
        printf("\"model\": {");
        cli_json_member("atoms", (double)s->n_atoms, ", ");
        cli_json_member("patterns", (double)s->n_patterns, ", ");
        cli_json_array("k", s->k, s->n, ", ");
        cli_json_array("V_Omega", s->model, s->n, ", ");
        cli_json_array("intensity", s->intensity, s->n, "}, ");
    }
    json_agreements(s);
}

static void print_text(const result *s)
{
    if (s->measured.n > 0) print_recording(&s->measured);
    if (s->model != NULL)
        printf("model          %zu atoms, %zu patterns of a probe with Q = %.4g 1/Å\n", s->n_atoms,
               s->n_patterns, model_params.resolution_inv_angstrom);
    print_agreements(s);
}

/* --- what it writes ----------------------------------------------------------------------------------------- */

static void csv_number(FILE *out, double value)
{
    if (isfinite(value))
        fprintf(out, ",%.7g", value);
    else
        fputc(',', out);
}

static void write_rings(FILE *out, const result *s, const vtr_fluctuation_curves *c, size_t bin)
{
    const vtr_fluctuation *m = &s->measured;
    for (size_t r = 0; r < m->n; r++) {
        fprintf(out, "%zu", bin);
        csv_number(out, m->k_inv_angstrom[r]);
        csv_number(out, m->radius_px[r]);
        csv_number(out, c->mean[r]);
        csv_number(out, c->n_used[r]);
        csv_number(out, c->n_left[r]);
        for (int d = 0; d < VTR_FLUCTUATION_DEFINITIONS; d++) {
            csv_number(out, c->value[d][r]);
            csv_number(out, c->error[d][r]);
        }
        if (s->model != NULL) csv_number(out, s->n == m->n && bin == 0 ? s->model[r] : NAN);
        fputc('\n', out);
    }
}

static vtr_status write_curves(FILE *out, void *user, vtr_error *err)
{
    const result *s = user;
    const vtr_fluctuation *m = &s->measured;
    (void)err;
    if (m->n == 0) {
        fprintf(out, "k_inv_angstrom,V_Omega_model,intensity_model_angstrom2\n");
        for (size_t i = 0; i < s->n; i++)
            fprintf(out, "%.7g,%.7g,%.7g\n", s->k[i], s->model[i], s->intensity[i]);
        return VTR_OK;
    }
    fprintf(out, "bin,k_inv_angstrom,radius_px,mean_counts,positions,left_out");
    for (int d = 0; d < VTR_FLUCTUATION_DEFINITIONS; d++) {
        const char *name = vtr_fluctuation_name((vtr_fluctuation_definition)d);
        fprintf(out, ",%s,%s_error", name, name);
    }
    fprintf(out, "%s\n", s->model != NULL ? ",V_Omega_model" : "");
    write_rings(out, s, &m->all, 0);
    for (size_t b = 0; m->n_bins > 1 && b < m->n_bins; b++)
        write_rings(out, s, &m->bins[b], b + 1);
    return VTR_OK;
}

static vtr_export_item item_of(const result *s, const char *name, float *values, float *errors)
{
    vtr_export_item item = {.group = "fluctuation",
                            .n_y = s->measured.n_y,
                            .n_x = s->measured.n_x,
                            .n_z = 1,
                            .step_nm = {s->step_nm[0], s->step_nm[1]},
                            .values = values,
                            .errors = errors};
    snprintf(item.name, sizeof item.name, "%s", name);
    return item;
}

static vtr_status write_maps(const result *s, const cli_run *run, vtr_error *err)
{
    const vtr_fluctuation *m = &s->measured;
    vtr_export_item items[4];
    size_t n = 0;
    items[n++] = item_of(s, "local_variance", m->local, m->local_error);
    items[n++] = item_of(s, "ring_variance", m->ring, NULL);
    items[n++] = item_of(s, "mean_counts", m->mean, NULL);
    if (m->signal != NULL) items[n++] = item_of(s, "signal", m->signal, NULL);
    const vtr_export_params how = {true, run->common.force};
    return vtr_export_write(own.maps, items, n, &how, err);
}

static vtr_figure_panel map_panel(const result *s, const float *values, const char *label)
{
    vtr_figure_panel panel = vtr_figure_map_panel(values, s->measured.n_y, s->measured.n_x);
    panel.map.step_y_nm = s->step_nm[0];
    panel.map.step_x_nm = s->step_nm[1];
    panel.map.colours.label = label;
    return panel;
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static vtr_status draw(const result *s, const cli_run *run, vtr_error *err)
{
    static const char *const labels[] = {"V<sub>Ω</sub>", "V<sub>r</sub>", "V<sub>re</sub>", "Ω<sub>V</sub>"};
    const vtr_fluctuation *m = &s->measured;
    vtr_figure_series curves[VTR_FLUCTUATION_DEFINITIONS + 1 + VTR_TEXT_LIST_MAX];
    vtr_figure_panel panels[4];
    size_t n = 0, n_panels = 0;
    bool has_k = m->n == 0 || isfinite(m->k_inv_angstrom[0]);
    if (s->model != NULL && has_k)
        curves[n++] = (vtr_figure_series){.n = s->n, .x = s->k, .y = s->model, .label = "model"};
    for (size_t i = 0; has_k && i < own.compare.n; i++)
        curves[n++] =
            (vtr_figure_series){.n = s->tables[i].n,
                                .x = s->tables[i].k_inv_angstrom,
                                .y = s->tables[i].value,
                                .error = isfinite(s->tables[i].error[0]) ? s->tables[i].error : NULL,
                                .label = file_name(own.compare.text[i]),
                                .style = VTR_LINE_POINTS};
    for (int d = 0; m->n > 0 && d < VTR_FLUCTUATION_DEFINITIONS; d++)
        curves[n++] = (vtr_figure_series){.n = m->n,
                                          .x = has_k ? m->k_inv_angstrom : m->radius_px,
                                          .y = m->all.value[d],
                                          .error = m->all.error[d],
                                          .label = labels[d]};
    panels[n_panels] = vtr_figure_plot_panel(curves, n);
    panels[n_panels].plot.x_label = has_k ? "k = 1/d (1/Å)" : "radius (px)";
    panels[n_panels++].plot.y_label = "normalised variance V";
    if (m->n > 0) {
        panels[n_panels++] = map_panel(s, m->local, "local V<sub>Ω</sub>");
        panels[n_panels++] = map_panel(s, m->ring, "variance around the ring");
        panels[n_panels++] = map_panel(s, m->mean, "mean counts");
    }
    vtr_figure_page page = vtr_figure_default_page(n_panels);
    page.force = run->common.force;
    return vtr_figure_write(own.figure, panels, n_panels, &page, err);
}

static vtr_status save(const result *s, const cli_run *run, vtr_error *err)
{
    vtr_status status = VTR_OK;
    if (own.output != NULL)
        status = vtr_output_write(own.output, run->common.force, write_curves, (void *)s, err);
    if (status == VTR_OK && own.maps != NULL) status = write_maps(s, run, err);
    return status == VTR_OK && own.figure != NULL ? draw(s, run, err) : status;
}

/* What a table is compared with: the model, or else V_Omega of the recording. */
static vtr_status compare(result *s, vtr_error *err)
{
    const vtr_fluctuation *m = &s->measured;
    vtr_status status = VTR_OK;
    for (size_t i = 0; status == VTR_OK && i < own.compare.n; i++) {
        status = s->model != NULL
                     ? vtr_fluctuation_compare(&s->agreements[i], &s->tables[i], s->n, s->k, s->model, err)
                     : vtr_fluctuation_compare(&s->agreements[i], &s->tables[i], m->n, m->k_inv_angstrom,
                                               m->all.value[VTR_FLUCTUATION_V_OMEGA], err);
        if (status != VTR_OK) vtr_fail_context(err, status, "'%s'", own.compare.text[i]);
    }
    return status;
}

/* Before the work: what is wrong with the options, and a name that is taken. */
static vtr_status check(const cli_run *run, vtr_error *err)
{
    const char *outputs[] = {own.output, own.maps, own.figure};
    if (run->n_inputs == 0 && own.model == NULL)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "nothing to do: give a recording, a --model or both");
    if (run->n_inputs == 0 && own.maps != NULL)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "--maps are of a recording, and none is given");
    for (size_t i = 0; !run->common.force && i < sizeof outputs / sizeof *outputs; i++) {
        FILE *file = outputs[i] != NULL ? fopen(outputs[i], "rb") : NULL;
        if (file == NULL) continue;
        fclose(file);
        return vtr_fail(err, VTR_ERR_EXISTS, "'%s' exists already; use --force to replace it", outputs[i]);
    }
    return VTR_OK;
}

static vtr_status run(const cli_run *run, vtr_error *err)
{
    static result s;
    s = (result){.step_nm = {NAN, NAN}};
    vtr_status status = check(run, err);
    for (size_t i = 0; status == VTR_OK && i < own.compare.n; i++)
        status = vtr_fluctuation_table_read(&s.tables[i], own.compare.text[i], err);
    if (status == VTR_OK && run->n_inputs > 0) status = measure(&s, run, err);
    if (status == VTR_OK && own.model != NULL) status = calculate(&s, run, err);
    if (status == VTR_OK) status = compare(&s, err);
    if (status == VTR_OK) status = save(&s, run, err);
    if (status == VTR_OK && run->common.json)
        print_json(&s);
    else if (status == VTR_OK && !run->common.quiet)
        print_text(&s);
    release(&s);
    return status;
}

const cli_command cli_fluctuation = {
    .name = "fluctuation",
    .usage = "[options] [RECORDING]",
    .summary = "fluctuation microscopy: the normalised variance V(k) of a recording or a model",
    .details = "Measures how much the diffracted intensity varies from position to position and around each "
               "ring, by the four "
               "definitions of Daulton et al. (2010), with the noise of counting and of the camera taken "
               "out, and errors "
               "from regions of the scan; and maps of the local variance. With --model, V(k) of an atomic "
               "model as a "
               "probe sees it.",
    .min_inputs = 0,
    .max_inputs = 1,
    .options = groups,
    .run = run,
};
