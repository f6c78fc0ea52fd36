/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "pdf/strain_internal.h"
#include "vitrail/ring_map.h"

static const char group[] = "pdf/strain";

static vtr_status write_distances(pdf_strain *s, vtr_error *err)
{
    const size_t n = s->directions.n, shape[3] = {s->source.n_y, s->source.n_x, n};
    vtr_status status = vtr_mapfile_write(s->file, group, "r1", VTR_TYPE_F32, 3, shape, s->distance,
                                          "angstrom", "first maximum of G along the direction", err);
    if (status == VTR_OK)
        status = vtr_mapfile_write(s->file, group, "r1_errors", VTR_TYPE_F32, 3, shape, s->distance_error,
                                   "angstrom", "standard deviation of r1, without error_factor", err);
    if (status == VTR_OK)
        status = vtr_mapfile_write(
            s->file, group, "angle", VTR_TYPE_F64, 1, &n, s->directions.angle_degrees, "degrees",
            "direction in the scan's frame, from +x towards +y; opposite sectors joined", err);
    return status;
}

static vtr_status write_maps(pdf_strain *s, vtr_error *err)
{
    static const char *const names[4] = {"exx", "eyy", "exy", "volumetric"};
    static const char *const texts[4] = {
        "strain of the first shell along x", "strain of the first shell along y",
        "shear of the first shell (tensor component)", "exx + eyy of the first shell"};
    const size_t shape[2] = {s->source.n_y, s->source.n_x};
    vtr_status status = VTR_OK;
    for (int q = 0; status == VTR_OK && q < 4; q++) {
        status = vtr_mapfile_write_quantity(s->file, group, names[q], VTR_TYPE_F32, 2, shape, s->maps[q],
                                            s->errors[q], "1", texts[q], err);
        if (status == VTR_OK) status = vtr_mapfile_signal(s->file, group, names[q], err);
    }
    if (status == VTR_OK)
        status = vtr_mapfile_write(s->file, group, "chi2", VTR_TYPE_F32, 2, shape, s->chi2, NULL,
                                   "reduced chi-squared of r1 about the tensor", err);
    if (status == VTR_OK)
        status = vtr_mapfile_write(s->file, group, "flags", VTR_TYPE_U32, 2, shape, s->flags, NULL,
                                   "why a position has no strain", err);
    return status == VTR_OK
               ? vtr_mapfile_write_scan_axes(s->file, group, shape[0], shape[1], s->source.scan_step_nm, err)
               : status;
}

/* One dataset a number, the regions in their order; the first is the reference. */
static vtr_status write_regions(pdf_strain *s, const vtr_pdf_strain_result *result, vtr_error *err)
{
    vtr_status status = VTR_OK;
    for (size_t i = 0; status == VTR_OK && i < result->n_regions; i++) {
        const vtr_pdf_strain_region *r = &result->regions[i];
        const double *e = r->strain.e, *error = r->strain.e_error, n = (double)r->n;
        const double values[6] = {e[0], error[0], e[1], error[1], e[2], error[2]};
        char to[128];
        snprintf(to, sizeof to, "%s/regions/%s", group, r->name);
        status = vtr_mapfile_group(s->file, to, err);
        if (status == VTR_OK)
            status = vtr_mapfile_write_quantity(s->file, to, "r1", VTR_TYPE_F64, 1, &s->directions.n,
                                                r->distance, r->distance_error, "angstrom",
                                                "first maximum of G of the mean profile", err);
        if (status == VTR_OK)
            status = vtr_mapfile_write(s->file, to, "angle", VTR_TYPE_F64, 1, &s->directions.n,
                                       s->directions.angle_degrees, "degrees",
                                       "direction in the scan's frame", err);
        static const char *const axes[] = {"angle"};
        if (status == VTR_OK) status = vtr_mapfile_signal(s->file, to, "r1", err);
        if (status == VTR_OK) status = vtr_mapfile_axes(s->file, to, 1, axes, err);
        if (status == VTR_OK) status = vtr_mapfile_write_numbers(s->file, to, NULL, "strain", 6, values, err);
        if (status == VTR_OK)
            status =
                vtr_mapfile_write_text(s->file, to, NULL, "strain_values",
                                       "exx, its error, eyy, its error, exy, its error; scan frame", err);
        if (status == VTR_OK) status = vtr_mapfile_write_numbers(s->file, to, NULL, "positions", 1, &n, err);
        if (status == VTR_OK)
            status =
                vtr_mapfile_write_text(s->file, to, NULL, "definition", s->sums[i].region.definition, err);
    }
    return status;
}

static vtr_status write_attributes(pdf_strain *s, const vtr_pdf_strain_result *result, vtr_error *err)
{
    static const char *const names[3] = {"ring_exx", "ring_eyy", "ring_exy"};
    vtr_status status =
        vtr_mapfile_write_numbers(s->file, group, NULL, "distance", 1, &result->distance, err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_numbers(s->file, group, NULL, "error_factor", 1, &s->factor, err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_numbers(s->file, group, NULL, "first_shell", 2, s->shell_range, err);
    for (int i = 0; status == VTR_OK && result->has_ring && i < 3; i++) {
        const vtr_pdf_strain_comparison *c = &result->comparison[i];
        const double values[4] = {(double)c->n, c->correlation, c->ratio, c->ratio_error};
        status = vtr_mapfile_write_numbers(s->file, group, NULL, names[i], 4, values, err);
    }
    if (status == VTR_OK && result->has_ring)
        status = vtr_mapfile_write_text(
            s->file, group, NULL, "ring_values",
            "compared with the ring's: positions, correlation, ratio shell/ring, its error", err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_text(s->file, group, NULL, "frame",
                                        "scan: x along a row, y down the rows; tension positive", err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_text(s->file, group, NULL, "reference", s->sums[0].region.definition, err);
    return status;
}

vtr_status pdf_strain_write(pdf_strain *s, const vtr_pdf_strain_result *result, vtr_error *err)
{
    vtr_status status = vtr_mapfile_group(s->file, group, err);
    if (status == VTR_OK) status = write_distances(s, err);
    if (status == VTR_OK) status = write_maps(s, err);
    if (status == VTR_OK) status = write_regions(s, result, err);
    return status == VTR_OK ? write_attributes(s, result, err) : status;
}
