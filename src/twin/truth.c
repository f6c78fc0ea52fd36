/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "twin/twin_internal.h"
#include "vitrail/constants.h"
#include "vitrail/mapfile.h"

/* The maps of the truth, in this order. */
static const struct {
    const char *name, *unit, *long_name;
} maps[] = {
    {"exx", "", "strain exx, scan frame"},
    {"eyy", "", "strain eyy, scan frame"},
    {"exy", "", "strain exy (tensor component), scan frame"},
    {"e1", "", "larger principal strain"},
    {"e2", "", "smaller principal strain"},
    {"angle", "degrees", "direction of e1 from +x towards +y"},
    {"volumetric", "", "e1 + e2"},
    {"deviatoric", "", "(e1 - e2)/2"},
    {"density", "", "relative packing density, 1 - k0^2/(kmax kmin) = 1 - det(I + e)"},
    {"centre_x", "px", "column of the pattern's centre"},
    {"centre_y", "px", "row of the pattern's centre"},
    {"electrons", "electrons", "expected electrons in rings and background"},
    {"background", "", "thickness factor of the background"},
};
enum { N_MAPS = sizeof maps / sizeof *maps };

static void truth_of(const vtr_twin *twin, size_t i, double values[N_MAPS])
{
    vtr_twin_position p;
    vtr_twin_get_position(twin, i, &p);
    double mean = 0.5 * (p.exx + p.eyy), half = 0.5 * (p.exx - p.eyy), radius = hypot(half, p.exy);
    double angle = 0.5 * atan2(p.exy, half) / VTR_RADIANS_PER_DEGREE;
    double determinant = (1 + p.exx) * (1 + p.eyy) - p.exy * p.exy;
    const double all[N_MAPS] = {
        p.exx,           p.eyy,      p.exy,      mean + radius, mean - radius,      angle, 2 * mean, radius,
        1 - determinant, p.centre_x, p.centre_y, p.electrons,   p.background_factor};
    memcpy(values, all, sizeof all);
}

static vtr_status write_maps(vtr_mapfile *file, const vtr_twin *twin, vtr_error *err)
{
    float *data = vtr_malloc(twin->n_positions * N_MAPS, sizeof *data);
    if (data == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the truth of %zu positions",
                        twin->n_positions);
    for (size_t i = 0; i < twin->n_positions; i++) {
        double values[N_MAPS];
        truth_of(twin, i, values);
        for (size_t m = 0; m < N_MAPS; m++)
            data[m * twin->n_positions + i] = (float)values[m];
    }
    vtr_status status = VTR_OK;
    for (size_t m = 0; m < N_MAPS && status == VTR_OK; m++) {
        status = vtr_mapfile_write(file, "truth", maps[m].name, VTR_TYPE_F32, 2, twin->info.shape,
                                   data + m * twin->n_positions, maps[m].unit, maps[m].long_name, err);
        if (status == VTR_OK) status = vtr_mapfile_signal(file, "truth", maps[m].name, err);
    }
    vtr_free(data);
    return status;
}

static vtr_status write_axis(vtr_mapfile *file, const char *name, size_t n, double step, vtr_error *err)
{
    double *axis = vtr_malloc(n, sizeof *axis);
    if (axis == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for an axis");
    for (size_t i = 0; i < n; i++)
        axis[i] = step * (double)i;
    vtr_status status = vtr_mapfile_write(file, "truth", name, VTR_TYPE_F64, 1, &n, axis, "nm", NULL, err);
    vtr_free(axis);
    return status;
}

static vtr_status write_axes(vtr_mapfile *file, const vtr_twin *twin, vtr_error *err)
{
    static const char *const names[] = {"scan_y", "scan_x"};
    vtr_status status = VTR_OK;
    for (int i = 0; i < 2 && status == VTR_OK; i++)
        status = write_axis(file, names[i], twin->info.shape[i], twin->info.scan_step_nm, err);
    if (status == VTR_OK) status = vtr_mapfile_axes(file, "truth", 2, names, err);
    return status;
}

/* One attribute of the group with a member of every entry of a list of structs. */
static vtr_status write_member(vtr_mapfile *file, const char *name, const void *list, size_t n, size_t size,
                               size_t offset, vtr_error *err)
{
    double values[512];
    for (size_t i = 0; i < n && i < 512; i++)
        memcpy(&values[i], (const char *)list + i * size + offset, sizeof(double));
    return n == 0 ? VTR_OK : vtr_mapfile_write_numbers(file, "truth", NULL, name, n, values, err);
}

static vtr_status write_catalogue(vtr_mapfile *file, const vtr_twin *twin, vtr_error *err)
{
#define INCLUSION(name, member)                                                                              \
    {                                                                                                        \
        "inclusion_" name, twin->inclusions, twin->n_inclusions, sizeof *twin->inclusions,                   \
            offsetof(vtr_twin_inclusion, member)                                                             \
    }
#define BAND(name, member)                                                                                   \
    {                                                                                                        \
        "band_" name, twin->bands, twin->n_bands, sizeof *twin->bands, offsetof(vtr_twin_band, member)       \
    }
    const struct {
        const char *name;
        const void *list;
        size_t n, size, offset;
    } members[] = {
        INCLUSION("centre_y_nm", centre_y_nm),
        INCLUSION("centre_x_nm", centre_x_nm),
        INCLUSION("radius_nm", radius_nm),
        INCLUSION("eigenstrain_shear", shear),
        INCLUSION("angle_degrees", angle_degrees),
        INCLUSION("eigenstrain_dilation", dilation),
        INCLUSION("poisson", poisson),
        BAND("point_y_nm", point_y_nm),
        BAND("point_x_nm", point_x_nm),
        BAND("angle_degrees", angle_degrees),
        BAND("curvature_inv_nm", curvature_inv_nm),
        BAND("first_nm", first_nm),
        BAND("last_nm", last_nm),
        BAND("decay_nm", decay_nm),
        BAND("width_nm", width_nm),
        BAND("deviatoric", deviatoric),
        BAND("volumetric", volumetric),
    };
#undef INCLUSION
#undef BAND
    vtr_status status = VTR_OK;
    for (size_t i = 0; i < sizeof members / sizeof *members && status == VTR_OK; i++)
        status = write_member(file, members[i].name, members[i].list, members[i].n, members[i].size,
                              members[i].offset, err);
    return status;
}

/* Where bands cross and branch, their density, and the strain of the matrix around them. */
static vtr_status write_network(vtr_mapfile *file, const vtr_twin *twin, vtr_error *err)
{
    enum { MOST = 256, COLUMNS = 5 };
    static const char *const names[COLUMNS] = {"point_y_nm", "point_x_nm", "point_is_branch",
                                               "point_first_band", "point_second_band"};
    vtr_twin_point points[MOST];
    size_t n = vtr_twin_points(twin, points, MOST);
    vtr_status status = VTR_OK;
    for (int c = 0; c < COLUMNS && n > 0 && status == VTR_OK; c++) {
        double values[MOST];
        for (size_t i = 0; i < n; i++) {
            const vtr_twin_point *p = &points[i];
            const double all[COLUMNS] = {p->y_nm, p->x_nm, p->is_branch, (double)p->first + 1,
                                         (double)p->second + 1};
            values[i] = all[c];
        }
        status = vtr_mapfile_write_numbers(file, "truth", NULL, names[c], n, values, err);
    }
    const vtr_mapfile_attribute numbers[] = {
        {"band_density_inv_nm", 1, {vtr_twin_band_density(twin)}},
        {"matrix_strain", 1, {twin->params.matrix_strain}},
        {"matrix_length_nm", 1, {twin->params.matrix_length_nm}},
    };
    return status == VTR_OK
               ? vtr_mapfile_write_attributes(file, "truth", numbers, sizeof numbers / sizeof *numbers, err)
               : status;
}

/* What the thickness did, and where the scan lies in the field of view. */
static vtr_status write_foil(vtr_mapfile *file, const vtr_twin *twin, vtr_error *err)
{
    const vtr_twin_foil *f = &twin->info.foil;
    const vtr_mapfile_attribute numbers[] = {
        {"thickness_nm", 1, {f->thickness_nm}},
        {"relaxation", 1, {f->relaxation}},
        {"plural_background", 1, {f->plural}},
        {"scattered", 1, {f->scattered}},
        {"field_shift_nm", 2, {f->shift_y_nm, f->shift_x_nm}},
        {"field_turn_degrees", 1, {f->turn_degrees}},
    };
    return vtr_mapfile_write_attributes(file, "truth", numbers, sizeof numbers / sizeof *numbers, err);
}

/* "name = value" lines of a table, after `length` characters; false where they do not fit. */
static bool format_table(const vtr_parameter_table *table, const void *values, char *text, size_t size,
                         size_t *length)
{
    for (size_t i = 0; i < table->n; i++) {
        char value[1024];
        const vtr_parameter *p = &table->parameters[i];
        vtr_parameters_format(p, values, value, sizeof value);
        int n = snprintf(text + *length, size - *length, "%s = %s\n", p->name, value);
        if (n < 0 || (size_t)n >= size - *length) return false;
        *length += (size_t)n;
    }
    return true;
}

static bool format_parameters(const vtr_twin *twin, char *text, size_t size)
{
    size_t length = 0;
    return format_table(&vtr_twin_parameters, &twin->params, text, size, &length) &&
           (twin->params.model == NULL ||
            format_table(&vtr_structure_parameters, &twin->params.structure, text, size, &length));
}

static vtr_status write_attributes(vtr_mapfile *file, const vtr_twin *twin,
                                   const vtr_twin_write_params *params, vtr_error *err)
{
    char text[8192];
    if (!format_parameters(twin, text, sizeof text))
        return vtr_fail(err, VTR_ERR_NUMERIC, "the parameters are too long to write down");
    const vtr_twin_info *info = &twin->info;
    const struct {
        const char *name;
        size_t n;
        double values[4];
    } numbers[] = {
        {"ring_k", 1, {info->ring_k}},
        {"k_step", 1, {info->k_step}},
        {"ring_radius_px", 1, {info->ring_radius_px}},
        {"nominal_centre", 2, {info->centre_y, info->centre_x}},
        {"inverse_distortion", 3, {info->w[0], info->w[1], info->w[2]}},
        {"scan_to_detector",
         4,
         {info->scan_to_detector[0], info->scan_to_detector[1], info->scan_to_detector[2],
          info->scan_to_detector[3]}},
        {"beam_energy_kev", 1, {info->beam_energy_kev}},
    };
    vtr_status status = VTR_OK;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers && status == VTR_OK; i++)
        status = vtr_mapfile_write_numbers(file, "truth", NULL, numbers[i].name, numbers[i].n,
                                           numbers[i].values, err);
    if (status == VTR_OK) status = vtr_mapfile_write_text(file, "truth", NULL, "preset", info->preset, err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_text(file, "truth", NULL, "composition", info->composition, err);
    if (status == VTR_OK) status = vtr_mapfile_write_text(file, "truth", NULL, "parameters", text, err);
    if (status == VTR_OK)
        status = vtr_mapfile_provenance(file, "simulate", params->command != NULL ? params->command : "",
                                        text, NULL, err);
    return status;
}

vtr_status vtr_twin_write_truth(const vtr_twin *twin, const char *path, const vtr_twin_write_params *params,
                                vtr_error *err)
{
    vtr_mapfile *file = NULL;
    vtr_status status = vtr_mapfile_create(&file, path, params->force, err);
    if (status == VTR_OK) status = vtr_mapfile_group(file, "truth", err);
    if (status == VTR_OK) status = write_maps(file, twin, err);
    if (status == VTR_OK) status = write_axes(file, twin, err);
    if (status == VTR_OK) status = write_catalogue(file, twin, err);
    if (status == VTR_OK && twin->n_bands > 0) status = write_network(file, twin, err);
    if (status == VTR_OK && twin->info.foil.thickness_nm > 0) status = write_foil(file, twin, err);
    if (status == VTR_OK) status = vtr_twin_write_phases(twin, file, err);
    if (status == VTR_OK && twin->induction_angle != NULL) status = vtr_twin_write_induction(twin, file, err);
    if (status == VTR_OK) status = write_attributes(file, twin, params, err);
    if (status == VTR_OK) status = vtr_mapfile_commit(&file, err);
    vtr_mapfile_close(&file);
    return status;
}
