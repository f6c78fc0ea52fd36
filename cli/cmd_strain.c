/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <omp.h>
#include <stdlib.h>

#include "commands.h"
#include "vitrail/field.h"

static vtr_field_params params;

static size_t options(cli_group *groups)
{
    params = vtr_field_default_params();
    groups[0] = (cli_group){&vtr_field_parameters, &params};
    return 1;
}

static void print_reference(const vtr_field_reference *r)
{
    printf("reference     %zu:%zu,%zu:%zu (%s), %zu positions, spread %.3g\n", r->box.y0, r->box.y1,
           r->box.x0, r->box.x1, r->is_found ? "found" : "given", r->n_valid, r->spread);
    printf("ring there    radius %.3f px", r->radius_px);
    if (r->k0_inv_angstrom > 0) printf(", k0 %.5f 1/Å (k = 1/d)", r->k0_inv_angstrom);
    printf("\ndistortion    xx %.5f, yy %.5f, xy %.5f\n", r->distortion[0], r->distortion[1],
           r->distortion[2]);
}

static void print_descan(const vtr_field_descan *d)
{
    printf("descan        %s, from %zu of %zu positions; residual %.3g px in x, %.3g px in y\n",
           d->model == VTR_DESCAN_PLANE ? "plane" : "paraboloid", d->n_used, d->n_valid, d->rms_x_px,
           d->rms_y_px);
}

static void print_frame(const vtr_field_params *p)
{
    printf("frame         scan, turned by %g degrees; detector turned by %g degrees%s\n\n", p->axis_degrees,
           p->scan_rotation_degrees, p->flip == VTR_FLIP_YES ? " and mirrored" : "");
}

static vtr_status print_text(const vtr_field *field, vtr_error *err)
{
    print_reference(&field->reference);
    print_descan(&field->descan);
    print_frame(&field->params);
    printf("%-12s %12s %12s %12s %10s\n", "quantity", "median", "spread", "error", "positions");
    for (size_t i = 0; i < field->n_maps; i++) {
        vtr_field_summary s;
        vtr_status status = vtr_field_summarise(&s, field, &field->maps[i], err);
        if (status != VTR_OK) return status;
        printf("%-12s %12.4g %12.4g %12.4g %10zu  %s\n", field->maps[i].name, s.median, s.spread,
               s.median_error, s.n_valid, field->maps[i].unit);
    }
    return VTR_OK;
}

static void json_settings(const vtr_field *field)
{
    const vtr_field_reference *r = &field->reference;
    const vtr_field_descan *d = &field->descan;
    printf("  \"positions\": %zu,\n  \"valid\": %zu,\n", field->n_y * field->n_x, field->n_valid);
    printf("  \"reference\": {\"box\": [%zu, %zu, %zu, %zu], \"found\": %s, \"positions\": %zu, ", r->box.y0,
           r->box.y1, r->box.x0, r->box.x1, r->is_found ? "true" : "false", r->n_valid);
    cli_json_member("spread", r->spread, ", ");
    cli_json_member("radius_px", r->radius_px, ", ");
    cli_json_member("k0_inv_angstrom", r->k0_inv_angstrom, ", ");
    cli_json_array("distortion", r->distortion, 3, "},\n");
    printf("  \"descan\": {\"model\": \"%s\", ", d->model == VTR_DESCAN_PLANE ? "plane" : "paraboloid");
    cli_json_array("cx", d->cx, d->n_coefficients, ", ");
    cli_json_array("cy", d->cy, d->n_coefficients, ", ");
    cli_json_member("rms_x_px", d->rms_x_px, ", ");
    cli_json_member("rms_y_px", d->rms_y_px, "},\n");
    printf("  ");
    cli_json_member("axis_degrees", field->params.axis_degrees, ", ");
    cli_json_member("scan_rotation_degrees", field->params.scan_rotation_degrees, ", ");
    printf("\"flip\": %s, \"first_order\": %s, \"mean\": %s,\n",
           field->params.flip == VTR_FLIP_YES ? "true" : "false",
           field->params.is_first_order ? "true" : "false", field->params.is_mean ? "true" : "false");
}

static vtr_status print_json(const vtr_field *field, vtr_error *err)
{
    printf("{\n");
    json_settings(field);
    printf("  \"quantities\": {\n");
    for (size_t i = 0; i < field->n_maps; i++) {
        vtr_field_summary s;
        vtr_status status = vtr_field_summarise(&s, field, &field->maps[i], err);
        if (status != VTR_OK) return status;
        printf("    \"%s\": {\"unit\": \"%s\", \"valid\": %zu, ", field->maps[i].name, field->maps[i].unit,
               s.n_valid);
        cli_json_member("median", s.median, ", ");
        cli_json_member("spread", s.spread, ", ");
        cli_json_member("median_error", s.median_error, i + 1 < field->n_maps ? "},\n" : "}\n");
    }
    printf("  }\n}\n");
    return VTR_OK;
}

static vtr_status run(const cli_run *run, vtr_error *err)
{
    vtr_mapfile *file = NULL;
    vtr_ring_map map = {0};
    vtr_field field = {0};
    if (run->common.threads > 0) omp_set_num_threads(run->common.threads);
    vtr_status status = vtr_mapfile_edit(&file, run->inputs[0], err);
    if (status == VTR_OK) status = vtr_ring_map_read(&map, file, err);
    if (status == VTR_OK) status = vtr_field_compute(&field, &map, &params, err);
    if (status == VTR_OK) status = vtr_field_write(file, &field, err);
    const cli_group settings = {&vtr_field_parameters, &params};
    if (status == VTR_OK) status = cli_add_provenance(file, "strain", run, &settings, 1, NULL, err);
    if (status == VTR_OK) status = vtr_mapfile_commit(&file, err);
    if (status == VTR_OK && run->common.json)
        status = print_json(&field, err);
    else if (status == VTR_OK && !run->common.quiet)
        status = print_text(&field, err);
    vtr_mapfile_close(&file);
    vtr_ring_map_release(&map);
    vtr_field_release(&field);
    return status;
}

const cli_command cli_strain = {
    .name = "strain",
    .usage = "[options] MAP.h5",
    .summary = "strain, density and energy from the rings of a map file",
    .details =
        "Adds /entry/strain to the map file: exx, eyy, exy, e1, e2, angle, volumetric, deviatoric, density, "
        "energy and curl, each with its standard deviation. An earlier /entry/strain is replaced.",
    .min_inputs = 1,
    .max_inputs = 1,
    .options = options,
    .run = run,
};
