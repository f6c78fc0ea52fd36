/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "field/field_internal.h"

static const char group[] = "strain";

static vtr_status write_map(vtr_mapfile *file, const vtr_field *field, const vtr_field_map *map,
                            vtr_error *err)
{
    const size_t shape[] = {field->n_y, field->n_x};
    vtr_status status = vtr_mapfile_write_quantity(file, group, map->name, VTR_TYPE_F32, 2, shape,
                                                   map->values, map->errors, map->unit, map->long_name, err);
    if (status == VTR_OK) status = vtr_mapfile_signal(file, group, map->name, err);
    return status;
}

static vtr_status write_settings(vtr_mapfile *file, const vtr_field *field, vtr_error *err)
{
    const vtr_field_params *p = &field->params;
    const vtr_mapfile_attribute numbers[] = {
        {"axis", 1, {p->axis_degrees}},
        {"scan_rotation", 1, {p->scan_rotation_degrees}},
        {"flip", 1, {p->flip == VTR_FLIP_YES}},
        {"first_order", 1, {p->is_first_order}},
        {"mean", 1, {p->is_mean}},
        {"young_gpa", 1, {p->young_gpa}},
        {"poisson", 1, {p->poisson}},
    };
    vtr_status status =
        vtr_mapfile_write_attributes(file, group, numbers, sizeof numbers / sizeof *numbers, err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_text(
            file, group, NULL, "frame",
            "scan, turned by the attribute axis (degrees from +x towards +y): x is along "
            "the axis",
            err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_text(file, group, NULL, "definition",
                                        p->is_first_order ? "(k0 - k_i)/k0 along each principal direction"
                                                          : "k0/k_i - 1 along each principal direction",
                                        err);
    return status;
}

static vtr_status write_reference(vtr_mapfile *file, const vtr_field_reference *r, vtr_error *err)
{
    const vtr_mapfile_attribute numbers[] = {
        {"reference", 4, {(double)r->box.y0, (double)r->box.y1, (double)r->box.x0, (double)r->box.x1}},
        {"reference_found", 1, {r->is_found}},
        {"reference_positions", 1, {(double)r->n_valid}},
        {"reference_w", 3, {r->w[0], r->w[1], r->w[2]}},
        {"reference_w_errors",
         3,
         {sqrt(r->covariance[0][0]), sqrt(r->covariance[1][1]), sqrt(r->covariance[2][2])}},
        {"reference_spread", 1, {r->spread}},
        {"distortion", 3, {r->distortion[0], r->distortion[1], r->distortion[2]}},
        {"reference_radius", 1, {r->radius_px}},
        {"k0", 1, {r->k0_inv_angstrom}},
    };
    return vtr_mapfile_write_attributes(file, group, numbers, sizeof numbers / sizeof *numbers, err);
}

static vtr_status write_descan(vtr_mapfile *file, const vtr_field_descan *d, vtr_error *err)
{
    vtr_mapfile_attribute cx = {"descan_x", d->n_coefficients, {0}},
                          cy = {"descan_y", d->n_coefficients, {0}};
    for (size_t i = 0; i < d->n_coefficients; i++) {
        cx.values[i] = d->cx[i];
        cy.values[i] = d->cy[i];
    }
    const vtr_mapfile_attribute numbers[] = {cx, cy, {"descan_residual", 2, {d->rms_x_px, d->rms_y_px}}};
    vtr_status status = vtr_mapfile_write_attributes(file, group, numbers, 3, err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_text(
            file, group, NULL, "descan",
            d->model == VTR_DESCAN_PLANE
                ? "plane: c = a0 + a1 u + a2 v in px, u and v from the middle of the scan "
                  "in positions"
                : "paraboloid: c = a0 + a1 u + a2 v + a3 u^2 + a4 u v + a5 v^2 in px, u and "
                  "v from the middle of the scan in positions",
            err);
    return status;
}

vtr_status vtr_field_write(vtr_mapfile *file, const vtr_field *field, vtr_error *err)
{
    vtr_status status = vtr_mapfile_group(file, group, err);
    for (size_t i = 0; status == VTR_OK && i < field->n_maps; i++)
        status = write_map(file, field, &field->maps[i], err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_scan_axes(file, group, field->n_y, field->n_x, field->scan_step_nm, err);
    if (status == VTR_OK) status = write_settings(file, field, err);
    if (status == VTR_OK) status = write_reference(file, &field->reference, err);
    if (status == VTR_OK) status = write_descan(file, &field->descan, err);
    return status;
}
