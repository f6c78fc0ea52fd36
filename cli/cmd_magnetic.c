/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "vitrail/magnetic.h"
#include "vitrail/region.h"

static vtr_magnetic_params params;

static size_t options(cli_group *groups)
{
    params = vtr_magnetic_default_params();
    groups[0] = (cli_group){&vtr_magnetic_parameters, &params};
    return 1;
}

/* --- input -------------------------------------------------------------------------------------------------- */

/* What the computation needs, as read from files and options. */
typedef struct inputs {
    vtr_beam_map beam, vacuum;
    unsigned char *region; /* NULL: the whole map */
    double *thickness;     /* NULL: none */
} inputs;

static void release_inputs(inputs *in)
{
    vtr_beam_map_release(&in->beam);
    vtr_beam_map_release(&in->vacuum);
    free(in->region);
    vtr_thickness_free(in->thickness);
}

static vtr_status read_vacuum(inputs *in, vtr_error *err)
{
    vtr_mapfile *file = NULL;
    if (params.vacuum == NULL) return VTR_OK;
    vtr_status status = vtr_mapfile_open(&file, params.vacuum, err);
    if (status == VTR_OK) status = vtr_beam_map_read(&in->vacuum, file, err);
    vtr_mapfile_close(&file);
    return status == VTR_OK ? VTR_OK : vtr_fail_context(err, status, "vacuum '%s'", params.vacuum);
}

/* "NAME=DEFINITION" as it stands, anything else with a name of our own; freed with free(). */
static char *name_region(const char *text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+.";
    static const char own[] = "descan=";
    size_t letters = strspn(text, allowed);
    char *named = malloc(sizeof own + strlen(text));
    if (named == NULL) return NULL;
    strcpy(named, letters > 0 && text[letters] == '=' ? "" : own);
    return strcat(named, text);
}

/* The positions of all regions together. */
static vtr_status read_regions(inputs *in, const vtr_mapfile *file, vtr_error *err)
{
    size_t n = in->beam.n_y * in->beam.n_x;
    vtr_status status = VTR_OK;
    if (params.regions.n == 0) return VTR_OK;
    in->region = calloc(n, 1);
    if (in->region == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the regions");
    for (size_t r = 0; r < params.regions.n && status == VTR_OK; r++) {
        vtr_region region = {0};
        char *named = name_region(params.regions.text[r]);
        if (named == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the regions");
        status = vtr_region_parse(&region, named, file, in->beam.n_y, in->beam.n_x, err);
        for (size_t i = 0; i < n && status == VTR_OK; i++)
            in->region[i] |= region.member[i];
        vtr_region_release(&region);
        free(named);
    }
    return status;
}

static vtr_status read_inputs(inputs *in, const vtr_mapfile *file, vtr_error *err)
{
    vtr_status status = vtr_beam_map_read(&in->beam, file, err);
    if (status == VTR_OK) status = read_vacuum(in, err);
    if (status == VTR_OK) status = read_regions(in, file, err);
    if (status == VTR_OK && params.thickness != NULL)
        status = vtr_thickness_read(&in->thickness, params.thickness, in->beam.n_y, in->beam.n_x, err);
    return status;
}

/* Strain where the file has it; a file without is a field only. */
static vtr_status add_strain(vtr_magnetic *m, const vtr_mapfile *file, vtr_error *err)
{
    vtr_field_params strain;
    vtr_ring_map rings = {0};
    vtr_status status = vtr_magnetic_strain_settings(&strain, file, err);
    if (status == VTR_ERR_NOT_FOUND) return VTR_OK;
    if (status == VTR_OK) status = vtr_ring_map_read(&rings, file, err);
    if (status == VTR_OK) status = vtr_magnetic_add_strain(m, &rings, &strain, err);
    vtr_ring_map_release(&rings);
    return status;
}

/* --- output ------------------------------------------------------------------------------------------------- */

static void print_descan(const vtr_magnetic *m)
{
    static const char *const names[] = {"", "constant", "plane", "paraboloid"};
    const vtr_magnetic_surface *s = &m->surface;
    if (m->has_vacuum)
        printf("vacuum        %s, noise as subtracted %.3g px\n", params.vacuum, m->vacuum_noise_px);
    if (s->n_coefficients > 0)
        printf("descan        %s, from %zu positions%s; residual %.3g px in x, %.3g px in y\n",
               names[s->n_coefficients == 1   ? 1
                     : s->n_coefficients == 3 ? 2
                                              : 3],
               s->n_used, s->is_whole_map ? " (the whole map)" : "", s->rms_x_px, s->rms_y_px);
}

static void print_statistics(const vtr_magnetic_statistics *s)
{
    printf("\nangle between field and e1, %% of positions\n");
    for (size_t i = 0; i < VTR_MAGNETIC_ANGLES; i += 2)
        printf("%2zu-%2zu: %.1f%s", 5 * i, 5 * i + 10,
               s->n > 0 ? 100 * (s->angle_count[i] + s->angle_count[i + 1]) / (double)s->n : 0.0,
               i + 2 < VTR_MAGNETIC_ANGLES ? "  " : "\n");
}

static vtr_status print_text(const vtr_magnetic *m, vtr_error *err)
{
    print_descan(m);
    printf("frame         scan; detector turned by %g degrees%s\n", m->params.scan_rotation_degrees,
           m->params.flip == VTR_FLIP_YES ? " and mirrored" : "");
    printf("scale         %.4g microrad per px\n", 1e6 * m->rad_per_px);
    for (size_t i = 0; i < m->n_notes; i++)
        printf("note          %s\n", m->notes[i]);
    printf("\n%-15s %12s %12s %12s %10s\n", "quantity", "median", "spread", "error", "positions");
    for (size_t i = 0; i < m->n_maps; i++) {
        vtr_field_summary s;
        vtr_status status = vtr_magnetic_summarise(&s, m, &m->maps[i], err);
        if (status != VTR_OK) return status;
        printf("%-15s %12.4g %12.4g %12.4g %10zu  %s\n", m->maps[i].name, s.median, s.spread, s.median_error,
               s.n_valid, m->maps[i].unit);
    }
    if (m->has_strain) print_statistics(&m->statistics);
    return VTR_OK;
}

static void json_settings(const vtr_magnetic *m)
{
    const vtr_magnetic_surface *s = &m->surface;
    printf("  \"positions\": %zu,\n  \"valid\": %zu,\n  \"vacuum\": ", m->n_y * m->n_x, m->n_valid);
    cli_json_string(stdout, params.vacuum != NULL ? params.vacuum : "");
    printf(",\n  ");
    cli_json_member("vacuum_noise_px", m->vacuum_noise_px, ",\n  \"descan\": {");
    printf("\"positions\": %zu, \"whole_map\": %s, ", s->n_used,
           s->n_coefficients > 0 && s->is_whole_map ? "true" : "false");
    cli_json_array("cx", s->cx, s->n_coefficients, ", ");
    cli_json_array("cy", s->cy, s->n_coefficients, ", ");
    cli_json_member("rms_x_px", s->rms_x_px, ", ");
    cli_json_member("rms_y_px", s->rms_y_px, "},\n  ");
    cli_json_member("rad_per_px", m->rad_per_px, ",\n  ");
    cli_json_member("scan_rotation_degrees", m->params.scan_rotation_degrees, ", ");
    printf("\"flip\": %s,\n", m->params.flip == VTR_FLIP_YES ? "true" : "false");
    if (m->has_strain) {
        printf("  ");
        cli_json_array("angle_count", m->statistics.angle_count, VTR_MAGNETIC_ANGLES, ",\n");
    }
    printf("  \"notes\": [");
    for (size_t i = 0; i < m->n_notes; i++) {
        printf("%s", i > 0 ? ", " : "");
        cli_json_string(stdout, m->notes[i]);
    }
    printf("],\n");
}

static vtr_status print_json(const vtr_magnetic *m, vtr_error *err)
{
    printf("{\n");
    json_settings(m);
    printf("  \"quantities\": {\n");
    for (size_t i = 0; i < m->n_maps; i++) {
        vtr_field_summary s;
        vtr_status status = vtr_magnetic_summarise(&s, m, &m->maps[i], err);
        if (status != VTR_OK) return status;
        printf("    \"%s\": {\"unit\": \"%s\", \"valid\": %zu, ", m->maps[i].name, m->maps[i].unit,
               s.n_valid);
        cli_json_member("median", s.median, ", ");
        cli_json_member("spread", s.spread, ", ");
        cli_json_member("median_error", s.median_error, i + 1 < m->n_maps ? "},\n" : "}\n");
    }
    printf("  }\n}\n");
    return VTR_OK;
}

static vtr_status run(const cli_run *run, vtr_error *err)
{
    vtr_mapfile *file = NULL;
    inputs in = {0};
    vtr_magnetic m = {0};
    if (run->common.threads > 0) omp_set_num_threads(run->common.threads);
    vtr_status status = vtr_mapfile_edit(&file, run->inputs[0], err);
    if (status == VTR_OK) status = read_inputs(&in, file, err);
    if (status == VTR_OK) {
        const vtr_magnetic_input input = {&in.beam, params.vacuum != NULL ? &in.vacuum : NULL, in.region,
                                          in.thickness};
        status = vtr_magnetic_compute(&m, &input, &params, err);
    }
    if (status == VTR_OK) status = add_strain(&m, file, err);
    if (status == VTR_OK) status = vtr_magnetic_write(file, &m, err);
    const cli_group settings = {&vtr_magnetic_parameters, &params};
    if (status == VTR_OK)
        status = cli_add_provenance(file, "magnetic", run, &settings, 1, params.vacuum, err);
    if (status == VTR_OK) status = vtr_mapfile_commit(&file, err);
    if (status == VTR_OK && run->common.json)
        status = print_json(&m, err);
    else if (status == VTR_OK && !run->common.quiet)
        status = print_text(&m, err);
    vtr_mapfile_close(&file);
    release_inputs(&in);
    vtr_magnetic_release(&m);
    return status;
}

const cli_command cli_magnetic = {
    .name = "magnetic",
    .usage = "[options] MAP.h5",
    .summary = "magnetic induction or electric field from the direct beam of a map file",
    .details =
        "Adds /entry/magnetic to the map file: deflection, induction (with --thickness; else times "
        "thickness), its "
        "magnitude and direction, divergence and curl, each with its standard deviation; where the file has "
        "/entry/strain also the angle between B and e1, principal stresses and the magnetoelastic energy. "
        "Descan is "
        "taken out with --vacuum, or with a surface through --region. An earlier /entry/magnetic is "
        "replaced.",
    .min_inputs = 1,
    .max_inputs = 1,
    .options = options,
    .run = run,
};
