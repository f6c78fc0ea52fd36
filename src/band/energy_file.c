/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "band/band_internal.h"
#include "vitrail/bands.h"
#include "vitrail/energy.h"
#include "vitrail/output.h"
#include "vitrail/ring_map.h"

/* The energy of a map file: what it is computed from, and where it is kept. */

static const char group[] = "energy", table[] = "energy/regions";

/* --- regions ------------------------------------------------------------------------------------------------------ */

enum { MOST_REGIONS = VTR_TEXT_LIST_MAX + VTR_BANDS_MAX + 3 };

typedef struct region_list {
    size_t n;
    vtr_region region[MOST_REGIONS];
    double band_length_nm[MOST_REGIONS];
} region_list;

static void release_regions(region_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        vtr_region_release(&list->region[i]);
    vtr_free(list);
}

static bool has_region(const region_list *list, const char *text)
{
    size_t n = strcspn(text, "=");
    for (size_t i = 0; i < list->n; i++)
        if (strlen(list->region[i].name) == n && strncmp(list->region[i].name, text, n) == 0) return true;
    return false;
}

/* Reads one more; nothing where one of this name is there. */
static vtr_status add_region(region_list *list, const char *text, double band_length_nm,
                             const vtr_mapfile *file, const vtr_strain_maps *maps, vtr_error *err)
{
    if (has_region(list, text)) return VTR_OK;
    vtr_status status = vtr_region_parse(&list->region[list->n], text, file, maps->n_y, maps->n_x, err);
    if (status == VTR_OK) list->band_length_nm[list->n++] = band_length_nm;
    return status;
}

/* The same of what the file has; a region without positions is none. */
static vtr_status add_found(region_list *list, const char *text, double band_length_nm,
                            const vtr_mapfile *file, const vtr_strain_maps *maps, vtr_error *err)
{
    vtr_error why;
    vtr_status status = add_region(list, text, band_length_nm, file, maps, &why);
    if (status == VTR_OK || status == VTR_ERR_NOT_FOUND || status == VTR_ERR_NO_DATA) return VTR_OK;
    return vtr_fail(err, status, "%s", why.message);
}

static vtr_status add_bands(region_list *list, const vtr_mapfile *file, const vtr_strain_maps *maps,
                            vtr_error *err)
{
    double length[VTR_BANDS_MAX];
    size_t rank = 0, shape[8] = {0};
    vtr_status status = VTR_OK;
    if (!vtr_mapfile_has(file, "bands", "length") ||
        vtr_mapfile_shape(file, "bands", "length", &rank, shape, NULL, NULL) != VTR_OK || rank != 1 ||
        shape[0] > VTR_BANDS_MAX)
        return VTR_OK;
    status = vtr_mapfile_read(file, "bands", "length", VTR_TYPE_F64, shape[0], length, err);
    for (size_t i = 0; i < shape[0] && status == VTR_OK; i++) {
        char text[64];
        snprintf(text, sizeof text, "SB%zu=@SB%zu-zone", i + 1, i + 1);
        status = add_found(list, text, length[i], file, maps, err);
    }
    return status;
}

static vtr_status read_regions(region_list *list, const vtr_mapfile *file, const vtr_strain_maps *maps,
                               const vtr_energy_params *params, vtr_error *err)
{
    static const char *const found[] = {"inclusions=@inclusions", "between=@between", "matrix=@matrix"};
    vtr_status status = VTR_OK;
    for (size_t i = 0; i < params->regions.n && status == VTR_OK; i++) {
        if (has_region(list, params->regions.text[i]) ||
            vtr_text_starts_with(params->regions.text[i], "all="))
            return vtr_fail(err, VTR_ERR_ARGUMENT, "region '%s': there is one of this name",
                            params->regions.text[i]);
        status = add_region(list, params->regions.text[i], NAN, file, maps, err);
    }
    if (status == VTR_OK) status = add_bands(list, file, maps, err);
    for (size_t i = 0; i < sizeof found / sizeof *found && status == VTR_OK; i++)
        status = add_found(list, found[i], NAN, file, maps, err);
    return status;
}

/* --- from the file ------------------------------------------------------------------------------------------------ */

static void set_moduli(vtr_energy_params *p, const vtr_mapfile *file)
{
    double value;
    if (isnan(p->young_gpa) &&
        vtr_mapfile_read_numbers(file, "strain", NULL, "young_gpa", 1, &value, NULL) == VTR_OK)
        p->young_gpa = value;
    if (isnan(p->poisson) &&
        vtr_mapfile_read_numbers(file, "strain", NULL, "poisson", 1, &value, NULL) == VTR_OK)
        p->poisson = value;
}

/* The errors that the reference region gives all positions: those of its W over W; zeros where the file has none. */
static void read_shared(double errors[3], const vtr_mapfile *file)
{
    double w[3], w_errors[3];
    errors[0] = errors[1] = errors[2] = 0;
    if (vtr_mapfile_read_numbers(file, "strain", NULL, "reference_w", 3, w, NULL) != VTR_OK ||
        vtr_mapfile_read_numbers(file, "strain", NULL, "reference_w_errors", 3, w_errors, NULL) != VTR_OK)
        return;
    double scale = 2 / (w[0] + w[1]);
    for (int k = 0; k < 3; k++)
        errors[k] = isfinite(scale * w_errors[k]) ? fabs(scale * w_errors[k]) : 0;
}

vtr_status vtr_energy_of_file(vtr_energy *out, const vtr_mapfile *file, const vtr_energy_params *given,
                              vtr_error *err)
{
    vtr_energy_params params = given != NULL ? *given : vtr_energy_default_params();
    vtr_strain_maps maps = {0};
    double shared[3];
    region_list *list = vtr_calloc(1, sizeof *list);
    vtr_status status = list == NULL ? vtr_fail(err, VTR_ERR_MEMORY, "out of memory for regions")
                                     : vtr_strain_maps_read(&maps, file, err);
    if (status == VTR_OK) {
        set_moduli(&params, file);
        read_shared(shared, file);
        status = read_regions(list, file, &maps, &params, err);
    }
    if (status == VTR_OK)
        status =
            vtr_energy_compute(out, &maps, shared, list->region, list->band_length_nm, list->n, &params, err);
    if (list != NULL) release_regions(list);
    vtr_strain_maps_release(&maps);
    return status;
}

/* --- the table ------------------------------------------------------------------------------------------------------ */

#define GETTER(name)                                                                                         \
    static vtr_energy_value get_##name(const vtr_energy_region *r)                                           \
    {                                                                                                        \
        return r->name;                                                                                      \
    }
#define PLAIN(name)                                                                                          \
    static vtr_energy_value get_##name(const vtr_energy_region *r)                                           \
    {                                                                                                        \
        return (vtr_energy_value){(double)r->name, NAN};                                                     \
    }
PLAIN(n)
PLAIN(area_nm2)
PLAIN(noise)
PLAIN(band_length_nm)
GETTER(density)
GETTER(volumetric)
GETTER(deviatoric)
GETTER(per_area)
GETTER(total)
GETTER(of_band)
GETTER(excess_band)

const vtr_energy_column vtr_energy_columns[] = {
    {"positions", "", "with strain and its errors", get_n, false},
    {"area", "nm^2", "of all positions of the region", get_area_nm2, false},
    {"density", "J/m^3", "elastic energy, mean over the positions, less that of noise", get_density, true},
    {"volumetric", "J/m^3", "its part of exx + eyy", get_volumetric, true},
    {"deviatoric", "J/m^3", "its other part", get_deviatoric, true},
    {"noise", "J/m^3", "of noise, that was subtracted", get_noise, false},
    {"per_area", "J/m^2", "density times thickness of the foil", get_per_area, true},
    {"total", "J", "density times area times thickness", get_total, true},
    {"band_length", "nm", "of the band in the map", get_band_length_nm, false},
    {"of_band", "J/m^2", "per area of the band's plane: density times area over length", get_of_band, true},
    {"excess_of_band", "J/m^2", "the same of what is beyond the density of the matrix", get_excess_band,
     true},
};
const size_t vtr_n_energy_columns = sizeof vtr_energy_columns / sizeof *vtr_energy_columns;

static vtr_status write_column(vtr_mapfile *file, const vtr_energy *energy, const vtr_energy_column *c,
                               double *room, vtr_error *err)
{
    size_t n = energy->n_regions;
    for (size_t i = 0; i < n; i++) {
        vtr_energy_value v = c->value(&energy->regions[i]);
        room[i] = v.value;
        room[n + i] = v.error;
    }
    return c->has_error ? vtr_mapfile_write_quantity(file, table, c->name, VTR_TYPE_F64, 1, &n, room,
                                                     room + n, c->unit, c->long_name, err)
                        : vtr_mapfile_write(file, table, c->name, VTR_TYPE_F64, 1, &n, room, c->unit,
                                            c->long_name, err);
}

static vtr_status write_table(vtr_mapfile *file, const vtr_energy *energy, vtr_error *err)
{
    char names[MOST_REGIONS * (VTR_REGION_NAME + 1)] = "";
    size_t used = 0;
    double *room = vtr_malloc(2 * energy->n_regions, sizeof *room);
    if (room == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory writing the energy of regions");
    for (size_t i = 0; i < energy->n_regions && used < sizeof names; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i > 0 ? ";" : "",
                                 energy->regions[i].name);
    vtr_status status = vtr_mapfile_group(file, table, err);
    for (size_t c = 0; c < vtr_n_energy_columns && status == VTR_OK; c++)
        status = write_column(file, energy, &vtr_energy_columns[c], room, err);
    if (status == VTR_OK) status = vtr_mapfile_write_text(file, table, NULL, "names", names, err);
    vtr_free(room);
    return status;
}

vtr_status vtr_energy_write(vtr_mapfile *file, const vtr_energy *energy, vtr_error *err)
{
    const vtr_energy_params *p = &energy->params;
    const size_t shape[] = {energy->n_y, energy->n_x};
    const vtr_mapfile_attribute numbers[] = {
        {"young_gpa", 1, {p->young_gpa}},
        {"poisson", 1, {p->poisson}},
        {"thickness_nm", 1, {p->thickness_nm}},
        {"error_factor", 1, {p->error_factor}},
    };
    vtr_status status = vtr_mapfile_group(file, group, err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_quantity(file, group, "density", VTR_TYPE_F32, 2, shape, energy->density,
                                            energy->density_errors, "J/m^3",
                                            "elastic energy density, plane stress, less that of noise", err);
    if (status == VTR_OK) status = vtr_mapfile_signal(file, group, "density", err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_scan_axes(file, group, energy->n_y, energy->n_x, energy->step_nm, err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_attributes(file, group, numbers, sizeof numbers / sizeof *numbers, err);
    return status == VTR_OK ? write_table(file, energy, err) : status;
}

/* --- as text --------------------------------------------------------------------------------------------------------- */

static void put_number(FILE *out, double value)
{
    if (isfinite(value))
        fprintf(out, ",%.9g", value);
    else
        fputc(',', out);
}

static vtr_status write_csv(FILE *out, void *user, vtr_error *err)
{
    const vtr_energy *energy = user;
    (void)err;
    fputs("region", out);
    for (size_t c = 0; c < vtr_n_energy_columns; c++) {
        const vtr_energy_column *column = &vtr_energy_columns[c];
        const char *mark = column->unit[0] != '\0' ? "_" : "";
        fprintf(out, ",%s%s%s", column->name, mark, column->unit);
        if (column->has_error) fprintf(out, ",%s_error%s%s", column->name, mark, column->unit);
    }
    fputc('\n', out);
    for (size_t i = 0; i < energy->n_regions; i++) {
        fputs(energy->regions[i].name, out);
        for (size_t c = 0; c < vtr_n_energy_columns; c++) {
            vtr_energy_value v = vtr_energy_columns[c].value(&energy->regions[i]);
            put_number(out, v.value);
            if (vtr_energy_columns[c].has_error) put_number(out, v.error);
        }
        fputc('\n', out);
    }
    return VTR_OK;
}

vtr_status vtr_energy_write_csv(const char *path, const vtr_energy *energy, bool force, vtr_error *err)
{
    return vtr_output_write(path, force, write_csv, (void *)energy, err);
}
