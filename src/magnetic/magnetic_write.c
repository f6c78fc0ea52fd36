/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "magnetic/magnetic_internal.h"

static const char group[] = "magnetic";

static vtr_status write_map(vtr_mapfile *file, const vtr_magnetic *m, const vtr_field_map *map,
                            vtr_error *err)
{
    const size_t shape[] = {m->n_y, m->n_x};
    vtr_status status = vtr_mapfile_write_quantity(file, group, map->name, VTR_TYPE_F32, 2, shape,
                                                   map->values, map->errors, map->unit, map->long_name, err);
    if (status == VTR_OK) status = vtr_mapfile_signal(file, group, map->name, err);
    return status;
}

static vtr_status write_settings(vtr_mapfile *file, const vtr_magnetic *m, vtr_error *err)
{
    const vtr_magnetic_params *p = &m->params;
    const vtr_mapfile_attribute numbers[] = {
        {"scan_rotation", 1, {p->scan_rotation_degrees}},
        {"flip", 1, {p->flip == VTR_FLIP_YES}},
        {"k_step_inv_angstrom", 1, {p->k_step_inv_angstrom}},
        {"beam_energy_kev", 1, {p->beam_energy_kev}},
        {"rad_per_px", 1, {m->rad_per_px}},
        {"vacuum_k_ratio", 1, {m->vacuum_k_ratio}},
        {"vacuum_noise_px", 1, {m->vacuum_noise_px}},
        {"thickness_error_nm", 1, {p->thickness_error_nm}},
        {"young_gpa", 1, {p->young_gpa}},
        {"poisson", 1, {p->poisson}},
        {"magnetostriction_ppm", 1, {p->magnetostriction_ppm}},
    };
    vtr_status status =
        vtr_mapfile_write_attributes(file, group, numbers, sizeof numbers / sizeof *numbers, err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_text(file, group, NULL, "frame",
                                        "scan: x along a row, y down the rows, z along the beam", err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_text(file, group, NULL, "definition",
                                        m->is_electric ? "deflection = -e lambda t/(h v) (Ex, Ey)"
                                                       : "deflection = (e lambda t/h) (By, -Bx)",
                                        err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_text(file, group, NULL, "vacuum", p->vacuum != NULL ? p->vacuum : "", err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_text(file, group, NULL, "thickness",
                                        p->thickness != NULL ? p->thickness : "", err);
    return status;
}

static vtr_status write_surface(vtr_mapfile *file, const vtr_magnetic_surface *s, vtr_error *err)
{
    if (s->n_coefficients == 0)
        return vtr_mapfile_write_text(file, group, NULL, "descan", "the vacuum recording alone", err);
    vtr_mapfile_attribute numbers[] = {{"descan_x", s->n_coefficients, {0}},
                                       {"descan_y", s->n_coefficients, {0}},
                                       {"descan_residual", 2, {s->rms_x_px, s->rms_y_px}},
                                       {"descan_positions", 1, {(double)s->n_used}},
                                       {"descan_is_whole_map", 1, {s->is_whole_map}}};
    memcpy(numbers[0].values, s->cx, sizeof s->cx);
    memcpy(numbers[1].values, s->cy, sizeof s->cy);
    vtr_status status =
        vtr_mapfile_write_attributes(file, group, numbers, sizeof numbers / sizeof *numbers, err);
    return status != VTR_OK
               ? status
               : vtr_mapfile_write_text(
                     file, group, NULL, "descan",
                     "c = a0 + a1 u + a2 v + a3 u^2 + a4 u v + a5 v^2 in px of the detector, u and v "
                     "from the middle of the scan in positions",
                     err);
}

static vtr_status write_notes(vtr_mapfile *file, const vtr_magnetic *m, vtr_error *err)
{
    char text[VTR_MAGNETIC_NOTES * (VTR_MAGNETIC_NOTE + 1) + 1] = "";
    for (size_t i = 0; i < m->n_notes; i++) {
        if (i > 0) strcat(text, "\n");
        strcat(text, m->notes[i]);
    }
    return vtr_mapfile_write_text(file, group, NULL, "notes", text, err);
}

/* `angle_count` and `joint_count` with the middles of their bins. */
static vtr_status write_statistics(vtr_mapfile *file, const vtr_magnetic *m, vtr_error *err)
{
    enum { N_A = VTR_MAGNETIC_ANGLES, N_S = VTR_MAGNETIC_STRAINS };
    const vtr_magnetic_statistics *s = &m->statistics;
    double angles[N_A], strains[N_S];
    const size_t n_a = N_A, n_s = N_S, both[2] = {N_S, N_A};
    for (size_t i = 0; i < N_A; i++)
        angles[i] = 90 * ((double)i + 0.5) / N_A;
    for (size_t i = 0; i < N_S; i++)
        strains[i] = s->strain_top * ((double)i + 0.5) / N_S;
    vtr_status status = vtr_mapfile_write(file, group, "angle_bins", VTR_TYPE_F64, 1, &n_a, angles, "degrees",
                                          "angle between field and e1, middle of the bin", err);
    if (status == VTR_OK)
        status = vtr_mapfile_write(file, group, "strain_bins", VTR_TYPE_F64, 1, &n_s, strains, "",
                                   "deviatoric strain, middle of the bin", err);
    if (status == VTR_OK)
        status = vtr_mapfile_write(file, group, "angle_count", VTR_TYPE_F64, 1, &n_a, s->angle_count,
                                   "positions", "positions by their angle between field and e1", err);
    if (status == VTR_OK)
        status = vtr_mapfile_write(file, group, "joint_count", VTR_TYPE_F64, 2, both, s->joint, "positions",
                                   "positions by deviatoric strain and angle between field and e1", err);
    return status;
}

vtr_status vtr_magnetic_write(vtr_mapfile *file, const vtr_magnetic *m, vtr_error *err)
{
    vtr_status status = vtr_mapfile_group(file, group, err);
    for (size_t i = 0; status == VTR_OK && i < m->n_maps; i++)
        status = write_map(file, m, &m->maps[i], err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_scan_axes(file, group, m->n_y, m->n_x, m->scan_step_nm, err);
    if (status == VTR_OK) status = write_settings(file, m, err);
    if (status == VTR_OK) status = write_surface(file, &m->surface, err);
    if (status == VTR_OK) status = write_notes(file, m, err);
    if (status == VTR_OK && m->has_strain) status = write_statistics(file, m, err);
    if (status == VTR_OK && m->has_domains) status = vtr_magnetic_write_domains(file, m, err);
    return status;
}
