/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
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
    if (status == VTR_ERR_NOT_FOUND) {
        vtr_magnetic_add_note(
            m,
            "the file has no strain (vitrail strain makes it): the field alone, no angle, stress or energy");
        return VTR_OK;
    }
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

enum { MOST_ROWS = 12 };

static void print_walls(const vtr_magnetic_domains *d)
{
    printf(
        "\nwalls         %zu, %.4g nm in all, %.4g nm per µm^2; kernel %.3g nm, noise alone shows one with a "
        "chance of %g\n",
        d->n_walls, d->wall_length_nm, d->area_nm2 > 0 ? 1e6 * d->wall_length_nm / d->area_nm2 : 0.0,
        d->scale_nm, params.wall_significance);
    if (d->n_walls == 0) return;
    printf("%4s %10s %18s %20s %10s %9s\n", "wall", "length", "angle", "width", "direction", "domains");
    for (size_t i = 0; i < d->n_walls && i < MOST_ROWS; i++) {
        const vtr_magnetic_wall *w = &d->walls[i];
        char width[64] = "below the kernel's";
        if (isfinite(w->width_nm)) snprintf(width, sizeof width, "%.1f +- %.1f", w->width_nm, w->width_error);
        printf("%4zu %10.1f %10.1f +- %4.1f %20s %10.0f %5u %3u\n", i + 1, w->length_nm, w->angle_degrees,
               w->angle_error, width, w->direction_degrees, w->domain[0], w->domain[1]);
    }
    if (d->n_walls > MOST_ROWS) printf("%4s and %zu shorter ones\n", "", d->n_walls - MOST_ROWS);
}

static void print_domains(const vtr_magnetic *m)
{
    const vtr_magnetic_domains *d = &m->domains;
    printf("\ndomains       %zu\n", d->n_domains);
    if (d->n_domains == 0) return;
    printf("%6s %12s %8s %18s %8s %20s\n", "domain", "area nm^2", "size", "direction", "spread",
           m->has_thickness ? "B, T" : "B t, T nm");
    for (size_t i = 0; i < d->n_domains && i < MOST_ROWS; i++) {
        const vtr_magnetic_domain *one = &d->domains[i];
        printf("%6zu %12.4g %8.1f %10.1f +- %4.1f %8.1f %12.4g +- %.2g%s\n", i + 1, one->area_nm2,
               one->size_nm, one->direction_degrees, one->direction_error, one->spread_degrees, one->field,
               one->field_error, one->is_cut ? "  cut" : "");
    }
    if (d->n_domains > MOST_ROWS) printf("%6s and %zu smaller ones\n", "", d->n_domains - MOST_ROWS);
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
    if (m->has_domains) print_walls(&m->domains);
    if (m->has_domains) print_domains(m);
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

static void json_domains(const vtr_magnetic_domains *d)
{
    printf("  ");
    cli_json_member("wall_scale_nm", d->scale_nm, ", ");
    cli_json_member("wall_length_nm", d->wall_length_nm, ", ");
    cli_json_member("area_nm2", d->area_nm2, ",\n  \"walls\": [");
    for (size_t i = 0; i < d->n_walls; i++) {
        const vtr_magnetic_wall *w = &d->walls[i];
        printf("%s\n    {\"domains\": [%u, %u], ", i > 0 ? "," : "", w->domain[0], w->domain[1]);
        cli_json_member("length_nm", w->length_nm, ", ");
        cli_json_member("angle", w->angle_degrees, ", ");
        cli_json_member("angle_error", w->angle_error, ", ");
        cli_json_member("width_nm", w->width_nm, ", ");
        cli_json_member("width_error", w->width_error, ", ");
        cli_json_member("direction", w->direction_degrees, ", ");
        cli_json_member("y_nm", w->y_nm, ", ");
        cli_json_member("x_nm", w->x_nm, "}");
    }
    printf("],\n  \"domains\": [");
    for (size_t i = 0; i < d->n_domains; i++) {
        const vtr_magnetic_domain *one = &d->domains[i];
        printf("%s\n    {\"positions\": %zu, \"cut\": %s, ", i > 0 ? "," : "", one->n,
               one->is_cut ? "true" : "false");
        cli_json_member("area_nm2", one->area_nm2, ", ");
        cli_json_member("size_nm", one->size_nm, ", ");
        cli_json_member("direction", one->direction_degrees, ", ");
        cli_json_member("direction_error", one->direction_error, ", ");
        cli_json_member("spread", one->spread_degrees, ", ");
        cli_json_member("field", one->field, ", ");
        cli_json_member("field_error", one->field_error, ", ");
        cli_json_member("y_nm", one->y_nm, ", ");
        cli_json_member("x_nm", one->x_nm, "}");
    }
    printf("],\n  ");
    cli_json_array("direction_count", d->direction_count, VTR_MAGNETIC_DIRECTIONS, ",\n  ");
    cli_json_member("magnitude_top", d->size_top, ", ");
    cli_json_array("magnitude_count", d->size_count, VTR_MAGNETIC_SIZES, ",\n");
}

static vtr_status print_json(const vtr_magnetic *m, vtr_error *err)
{
    printf("{\n");
    json_settings(m);
    if (m->has_domains) json_domains(&m->domains);
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
    if (status == VTR_OK && !m.is_electric) status = vtr_magnetic_add_domains(&m, err);
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
